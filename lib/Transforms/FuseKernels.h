//===- FuseKernels.h - what makes kernels of products ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_FUSEKERNELS_H
#define SQUINT_LIB_TRANSFORMS_FUSEKERNELS_H

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "squint/Dialect/Squint/Squint.h"

namespace squint {

/// squint.linear and squint.conv as loops over their definition: what no kernel
/// takes, and the reference for what one does.
void populateLowerProductsPatterns(mlir::RewritePatternSet &patterns);

/// Sizes of a tensor as its type and the expressions of its symbolic dimensions
/// give them.
using Sizes = mlir::SmallVector<mlir::OpFoldResult>;

/// Builds tensors at the location of the operator that they replace.
struct TensorBuilder {
  mlir::PatternRewriter &rewriter;
  mlir::Location loc;

  mlir::Value empty(mlir::ArrayRef<mlir::OpFoldResult> sizes,
                    mlir::Type element) {
    return mlir::tensor::EmptyOp::create(rewriter, loc, sizes, element);
  }
  mlir::Value constant(float value) {
    return mlir::arith::ConstantOp::create(rewriter, loc,
                                           rewriter.getF32FloatAttr(value));
  }

  mlir::OpFoldResult multiply(mlir::OpFoldResult a, mlir::OpFoldResult b) {
    std::optional<int64_t> x = mlir::getConstantIntValue(a),
                           y = mlir::getConstantIntValue(b);
    if (x && y)
      return rewriter.getIndexAttr(*x * *y);
    if (x && *x == 1)
      return b;
    if (y && *y == 1)
      return a;
    return mlir::arith::MulIOp::create(
               rewriter, loc,
               mlir::getValueOrCreateConstantIndexOp(rewriter, loc, a),
               mlir::getValueOrCreateConstantIndexOp(rewriter, loc, b))
        .getResult();
  }
  mlir::OpFoldResult product(mlir::ArrayRef<mlir::OpFoldResult> sizes) {
    mlir::OpFoldResult result = rewriter.getIndexAttr(1);
    for (mlir::OpFoldResult size : sizes)
      result = multiply(result, size);
    return result;
  }

  /// [leading..., columns] as a matrix [rows, columns].
  mlir::Value asMatrix(mlir::Value value) {
    return collapse(
        value,
        mlir::cast<mlir::RankedTensorType>(value.getType()).getRank() - 1);
  }

  /// A matrix of the first `leading` dimensions by the others.
  mlir::Value collapse(mlir::Value value, int64_t leading) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    if (type.getRank() == 2 && leading == 1)
      return value;
    if (leading == 0) {
      auto matrix = mlir::RankedTensorType::get({1, type.getShape().back()},
                                                type.getElementType());
      return mlir::tensor::ExpandShapeOp::create(
          rewriter, loc, matrix, value,
          mlir::ArrayRef<mlir::ReassociationIndices>{{0, 1}});
    }
    mlir::SmallVector<mlir::ReassociationIndices> groups(2);
    for (int64_t i = 0; i < type.getRank(); ++i)
      groups[i >= leading].push_back(i);
    return mlir::tensor::CollapseShapeOp::create(rewriter, loc, value, groups);
  }

  /// The matrix [rows, columns] as a tensor of `type`, whose rows are all
  /// `sizes` but the last.
  mlir::Value expand(mlir::Value matrix, mlir::RankedTensorType type,
                     mlir::ArrayRef<mlir::OpFoldResult> sizes) {
    return expand(matrix, type, sizes, type.getRank() - 1);
  }

  /// The reverse of `collapse`.
  mlir::Value expand(mlir::Value matrix, mlir::RankedTensorType type,
                     mlir::ArrayRef<mlir::OpFoldResult> sizes,
                     int64_t leading) {
    if (type.getRank() == 2 && leading == 1)
      return matrix;
    if (type.getRank() == 1)
      return mlir::tensor::CollapseShapeOp::create(
          rewriter, loc, matrix,
          mlir::ArrayRef<mlir::ReassociationIndices>{{0, 1}});
    mlir::SmallVector<mlir::ReassociationIndices> groups(2);
    for (int64_t i = 0; i < type.getRank(); ++i)
      groups[i >= leading].push_back(i);
    return mlir::tensor::ExpandShapeOp::create(rewriter, loc, type, matrix,
                                               groups, sizes);
  }

  /// One elementwise operator; `inputs` are read through `maps`, the result is
  /// `sizes` of `element`.
  mlir::Value
  map(mlir::ValueRange inputs, mlir::ArrayRef<mlir::AffineMap> maps,
      mlir::ArrayRef<mlir::OpFoldResult> sizes, mlir::Type element,
      mlir::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)>
          body) {
    mlir::Value init = empty(sizes, element);
    mlir::SmallVector<mlir::AffineMap> all(maps);
    all.push_back(rewriter.getMultiDimIdentityMap(sizes.size()));
    mlir::SmallVector<mlir::utils::IteratorType> iterators(
        sizes.size(), mlir::utils::IteratorType::parallel);
    return mlir::linalg::GenericOp::create(
               rewriter, loc, mlir::TypeRange(init.getType()), inputs, init,
               all, iterators,
               [&](mlir::OpBuilder &builder, mlir::Location,
                   mlir::ValueRange arguments) {
                 mlir::Value value = body(builder, arguments);
                 mlir::linalg::YieldOp::create(builder, loc, value);
               })
        .getResult(0);
  }

  mlir::Value toF32(mlir::Value value) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    if (type.getElementType().isF32())
      return value;
    return mlir::arith::ExtFOp::create(
        rewriter, loc, type.clone(rewriter.getF32Type()), value);
  }
};

} // namespace squint

#endif
