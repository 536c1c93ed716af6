//===- MapWeights.h - float constants computed anew -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Rewrites that leave the float function equal change float constants. They
// compute in double and round once, one weight at a time, rows or columns side
// by side. A constant is looked at as a matrix [first dimension, all others];
// one of rank 1 is a column. The new bytes lie in a store in memory.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_MAPWEIGHTS_H
#define SQUINT_LIB_TRANSFORMS_MAPWEIGHTS_H

#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace squint {

/// Gets the number of a row (or column) and its elements, which it changes.
using MapFunction =
    llvm::function_ref<void(int64_t, llvm::MutableArrayRef<double>)>;

/// The values with every row (or column) mapped, f32, f16 or bf16 as they
/// were. Errors are reported at `op`.
mlir::FailureOr<mlir::TypedAttr>
mapRows(mlir::Operation *op, mlir::TypedAttr values, MapFunction map);
mlir::FailureOr<mlir::TypedAttr>
mapColumns(mlir::Operation *op, mlir::TypedAttr values, MapFunction map);

/// All values as f32, row by row.
mlir::FailureOr<std::vector<float>> readMatrix(mlir::Operation *op,
                                               mlir::TypedAttr values);

/// Whether a value is a float constant that these can read.
bool isFloatConstant(mlir::Value value);

/// Multiplies the last dimension with factors when the model runs.
mlir::Value scaleColumns(mlir::OpBuilder &builder, mlir::Value input,
                         llvm::ArrayRef<double> factors);

/// Gives one operand another constant, beside the one that it has, which is
/// erased when nothing else reads it.
void replaceConstant(mlir::OpOperand &operand, mlir::TypedAttr values);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_MAPWEIGHTS_H
