//===- Rounding.h - where 16-bit floats are rounded ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_ROUNDING_H
#define SQUINT_DIALECT_ONNX_ROUNDING_H

#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace squint::onnx {

/// Whether a softmax of rows of `size` elements rounds as its function body in
/// the standard stores: exponentials, their sum and the quotient, and a sum of
/// bf16 after each term, as the reference evaluator does. Longer rows are
/// computed in f32, for a bf16 sum of many terms stands still.
inline bool isRoundedByStep(mlir::Type element, std::optional<int64_t> size) {
  constexpr int64_t kMostRounded = 32;
  return (element.isF16() || element.isBF16()) && size && *size <= kMostRounded;
}

} // namespace squint::onnx

#endif
