//===- WeightedOps.h - decisions read, weights replaced ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the passes share that carry out formats of operators with a weight.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H
#define SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H

#include "mlir/IR/Builders.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Numerics/Format.h"
#include "squint/Transforms/QuantizationAttributes.h"

namespace squint {

/// "node 'NAME'", or "a linear" where it has none.
std::string describe(WeightedOpInterface op);

/// Reads `squint.weight_format` or `squint.activation_format` and removes it.
mlir::FailureOr<Format> takeFormat(WeightedOpInterface op,
                                   llvm::StringRef attribute);

/// The float weight that packed codes stand for, beside the constant that they
/// replace, which it keeps as `squint.original`.
mlir::Value createQuantizedWeight(mlir::OpBuilder &builder, ConstantOp original,
                                  DataAttr codes);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H
