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
  // The importer writes these in others, or resolves lists.
  static const StringSet<> resolved = {"onnx.ConcatFromSequence",
                                       "onnx.Constant",
                                       "onnx.Optional",
                                       "onnx.OptionalGetElement",
                                       "onnx.OptionalHasElement",
                                       "onnx.Scatter",
                                       "onnx.SequenceAt",
                                       "onnx.SequenceConstruct",
                                       "onnx.SequenceEmpty",
                                       "onnx.SequenceErase",
                                       "onnx.SequenceInsert",
                                       "onnx.SequenceLength",
                                       "onnx.SequenceMap",
                                       "onnx.SplitToSequence",
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
