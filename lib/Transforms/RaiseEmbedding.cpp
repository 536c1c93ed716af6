//===- RaiseEmbedding.cpp - Gather from a table of weights --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace squint;

namespace {
struct RaiseGather : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    ConstantOp table = getConstant(op.getData());
    if (!table || op.getAxis() != 0 ||
        !isRaisedFloat(getElementTypeOrSelf(table.getType())) ||
        cast<RankedTensorType>(table.getType()).getRank() != 2)
      return rewriter.notifyMatchFailure(
          op, "expected rows of a constant float table of rank 2");
    auto embedding = EmbeddingOp::create(rewriter, op.getLoc(), op.getType(),
                                         op.getData(), op.getIndices());
    copyDims(op, embedding);
    rewriter.replaceOp(op, embedding);
    return success();
  }
};
} // namespace

void squint::populateRaiseEmbeddingPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseGather>(patterns.getContext());
}
