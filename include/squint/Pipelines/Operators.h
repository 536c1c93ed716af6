//===- Operators.h - the operators that can be compiled ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PIPELINES_OPERATORS_H
#define SQUINT_PIPELINES_OPERATORS_H

#include "llvm/ADT/StringRef.h"

namespace squint {

/// What becomes of an operator on the way through the pipelines.
enum class OperatorFate {
  /// Nothing knows it: a model that has it is refused.
  Refused,
  /// It is gone once shapes are known, or another operator takes its place.
  Resolved,
  /// Others of the dialect compute it.
  Expanded,
  /// It has a lowering of its own.
  Lowered
};

/// `dialect` is "onnx" or "msft", `name` that of the standard.
OperatorFate getOperatorFate(llvm::StringRef dialect, llvm::StringRef name);

/// For `ImportOptions::isSupported`.
bool isSupportedOperator(llvm::StringRef dialect, llvm::StringRef name);

} // namespace squint

#endif // SQUINT_PIPELINES_OPERATORS_H
