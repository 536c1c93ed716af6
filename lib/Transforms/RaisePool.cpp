//===- RaisePool.cpp - pooling, channels last ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

/// A reduction over all spatial dimensions, which stay as 1.
template <typename ReduceOp>
static void replaceByReduction(PatternRewriter &rewriter, Operation *op) {
  int64_t rank = cast<ShapedType>(op->getResult(0).getType()).getRank();
  Value axes = createIntegers(rewriter, op->getLoc(),
                              llvm::to_vector(llvm::seq<int64_t>(2, rank)));
  auto reduce =
      ReduceOp::create(rewriter, op->getLoc(), op->getResult(0).getType(),
                       op->getOperand(0), axes,
                       /*keepdims=*/1, /*noop_with_empty_axes=*/0);
  copyDims(op, reduce);
  rewriter.replaceAllUsesWith(op->getResult(0), reduce->getResult(0));
  rewriter.eraseOp(op);
}

static bool countsPads(onnx::MaxPoolOp) { return false; }
static bool countsPads(onnx::AveragePoolOp op) {
  return op.getCountIncludePad() != 0;
}
static bool hasIndices(onnx::MaxPoolOp op) {
  return op.getIndices() && !op.getIndices().use_empty();
}
static bool hasIndices(onnx::AveragePoolOp) { return false; }

namespace {
template <typename OpTy, typename ReduceOp>
struct RaiseGlobalPool : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (cast<ShapedType>(op.getType()).getRank() < 3)
      return rewriter.notifyMatchFailure(op, "expected spatial dimensions");
    replaceByReduction<ReduceOp>(rewriter, op);
    return success();
  }
};

template <typename OpTy, typename ReduceOp>
struct RaisePool : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto input = cast<RankedTensorType>(op.getX().getType());
    auto type = cast<RankedTensorType>(op.getY().getType());
    int64_t rank = input.getRank();
    if (rank < 3 || type.getRank() != rank || hasIndices(op) ||
        getConstant(op.getX()) || !hasDims(op.getX()) || !hasDims(op.getY()))
      return rewriter.notifyMatchFailure(
          op, "expected an input of known sizes with spatial dimensions, and "
              "no indices");
    std::optional<Window> window = Window::get(
        input.getShape().drop_front(2), op.getKernelShape(), op.getStrides(),
        op.getDilations(), op.getPads(), op.getAutoPad());
    if (!window)
      return rewriter.notifyMatchFailure(
          op, "expected padding that does not depend on unknown sizes");
    auto isOne = [](int64_t value) { return value == 1; };
    if (ArrayRef<int64_t>(window->kernel) == input.getShape().drop_front(2) &&
        llvm::all_of(type.getShape().drop_front(2), isOne) &&
        llvm::all_of(window->dilations, isOne) &&
        llvm::all_of(window->pads, [](int64_t pad) { return pad == 0; })) {
      replaceByReduction<ReduceOp>(rewriter, op);
      return success();
    }
    SmallVector<int64_t> last = getChannelsLast(rank);
    Value x = createTranspose(rewriter, op.getLoc(), op.getX(), last);
    auto pool = PoolOp::create(
        rewriter, op.getLoc(),
        type.clone(applyPermutation(type.getShape(), last)),
        std::is_same_v<OpTy, onnx::MaxPoolOp> ? PoolKind::Max
                                              : PoolKind::Average,
        x, window->kernel, window->strides, window->dilations, window->pads,
        countsPads(op));
    setDims(pool,
            {applyPermutation(ArrayRef<DimExpr>(*getDims(op.getY())), last)});
    rewriter.replaceAllUsesWith(
        op.getY(),
        createTranspose(rewriter, op.getLoc(), pool, getChannelsFirst(rank)));
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void squint::populateRaisePoolPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseGlobalPool<onnx::GlobalAveragePoolOp, onnx::ReduceMeanOp>,
               RaiseGlobalPool<onnx::GlobalMaxPoolOp, onnx::ReduceMaxOp>,
               RaisePool<onnx::AveragePoolOp, onnx::ReduceMeanOp>,
               RaisePool<onnx::MaxPoolOp, onnx::ReduceMaxOp>>(
      patterns.getContext());
}
