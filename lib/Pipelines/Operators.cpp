//===- Operators.cpp - the operators that can be compiled -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Pipelines/Operators.h"
#include "squint/Conversion/Passes.h"
#include "squint/Dialect/Onnx/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;

namespace squint {

OperatorFate getOperatorFate(StringRef dialect, StringRef name) {
  // The importer writes these in others, and shape inference resolves what
  // lists and branches are known.
  static const StringSet<> resolved = {
      "onnx.Compress", "onnx.Constant",          "onnx.If",
      "onnx.Loop",     "onnx.NonMaxSuppression", "onnx.NonZero",
      "onnx.Scan",     "onnx.Scatter",           "onnx.Unique",
      "onnx.Upsample"};
  std::string operation = (dialect + "." + name).str();
  if (onnx::isExpanded(operation))
    return OperatorFate::Expanded;
  if (hasLowering(operation))
    return OperatorFate::Lowered;
  return resolved.contains(operation) ? OperatorFate::Resolved
                                      : OperatorFate::Refused;
}

bool isSupportedOperator(StringRef dialect, StringRef name) {
  return getOperatorFate(dialect, name) != OperatorFate::Refused;
}

} // namespace squint
