//===- RaiseConv.cpp - convolutions, channels last ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

/// A copy of `op` with other operands and pads, at its own place.
static onnx::ConvOp rebuild(OpBuilder &builder, Location loc, onnx::ConvOp op,
                            Value input, Value weight, Value bias,
                            DenseI64ArrayAttr pads, StringAttr autoPad) {
  auto conv =
      onnx::ConvOp::create(builder, loc, op.getType(), input, weight, bias,
                           autoPad, op.getDilationsAttr(), op.getGroupAttr(),
                           op.getKernelShapeAttr(), pads, op.getStridesAttr());
  copyDims(op, conv);
  return conv;
}

namespace {
/// A Pad with zeros of the spatial dimensions is padding of the convolution.
struct MergePad : OpRewritePattern<onnx::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto pad = op.getX().getDefiningOp<onnx::PadOp>();
    if (!pad || pad.getMode() != "constant" ||
        op.getAutoPad().starts_with("SAME"))
      return rewriter.notifyMatchFailure(
          op, "expected a constant Pad and explicit padding");
    if (pad.getConstantValue() && readScalar(pad.getConstantValue()) != 0)
      return rewriter.notifyMatchFailure(op, "expected padding with 0");
    int64_t rank = cast<ShapedType>(op.getX().getType()).getRank(),
            spatial = rank - 2;
    FailureOr<SmallVector<int64_t>> amounts = readIntegers(pad.getPads()),
                                    axes = failure();
    if (pad.getAxes())
      axes = readIntegers(pad.getAxes());
    else
      axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    if (failed(amounts) || failed(axes) || amounts->size() != 2 * axes->size())
      return rewriter.notifyMatchFailure(op, "expected constant pads");
    SmallVector<int64_t> pads(2 * spatial, 0);
    if (op.getPads() && op.getAutoPad() == "NOTSET")
      pads.assign(op.getPads()->begin(), op.getPads()->end());
    if (static_cast<int64_t>(pads.size()) != 2 * spatial)
      return rewriter.notifyMatchFailure(
          op, "expected two pads for each spatial dimension");
    for (auto [i, axis] : llvm::enumerate(*axes)) {
      int64_t begin = (*amounts)[i], end = (*amounts)[i + axes->size()];
      int64_t at = axis + (axis < 0 ? rank : 0) - 2;
      if (begin == 0 && end == 0)
        continue;
      if (at < 0 || at >= spatial || begin < 0 || end < 0)
        return rewriter.notifyMatchFailure(
            op,
            "expected pads of the spatial dimensions that are not negative");
      pads[at] += begin;
      pads[at + spatial] += end;
    }
    onnx::ConvOp conv = rebuild(
        rewriter, rewriter.getFusedLoc({op.getLoc(), pad.getLoc()}), op,
        pad.getData(), op.getW(), op.getB(),
        rewriter.getDenseI64ArrayAttr(pads), rewriter.getStringAttr("NOTSET"));
    rewriter.replaceOp(op, conv);
    return success();
  }
};

/// `conv(x) + c` with c of shape [C, 1, ...].
struct MergeChannelBias : OpRewritePattern<onnx::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AddOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [value, other] : {std::make_pair(op.getA(), op.getB()),
                                std::make_pair(op.getB(), op.getA())}) {
      auto conv = value.getDefiningOp<onnx::ConvOp>();
      if (!conv || conv.getB() || !isOnlyForUser(conv, op) ||
          conv.getType() != op.getType())
        continue;
      auto type = cast<RankedTensorType>(op.getType());
      TypedAttr bias =
          matchPerChannel(other, type.getRank(), 1, type.getShape()[1]);
      if (!bias)
        continue;
      Value b = ConstantOp::create(rewriter, other.getLoc(), bias);
      rewriter.replaceOp(
          op,
          rebuild(rewriter, rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}),
                  conv, conv.getX(), conv.getW(), b, conv.getPadsAttr(),
                  conv.getAutoPadAttr()));
      return success();
    }
    return rewriter.notifyMatchFailure(op,
                                       "expected a conv that nothing else uses "
                                       "and a constant of its channels");
  }
};

struct RaiseConv : OpRewritePattern<onnx::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto input = cast<RankedTensorType>(op.getX().getType());
    ConstantOp constant = getConstant(op.getW());
    int64_t rank = input.getRank();
    if (!constant || !isRaisedFloat(input.getElementType()) || rank < 3 ||
        cast<RankedTensorType>(constant.getType()).getRank() != rank ||
        cast<RankedTensorType>(op.getType()).getRank() != rank)
      return rewriter.notifyMatchFailure(
          op, "expected a constant float weight of the input's rank");
    if (!hasDims(op.getX()) || !hasDims(op.getY()))
      return rewriter.notifyMatchFailure(op, "expected known sizes");
    ArrayRef<int64_t> weightShape =
        cast<RankedTensorType>(constant.getType()).getShape();
    if (op.getKernelShape() &&
        *op.getKernelShape() != weightShape.drop_front(2))
      return rewriter.notifyMatchFailure(
          op, "expected kernel_shape to be the weight's");
    std::optional<Window> window = Window::get(
        input.getShape().drop_front(2), weightShape.drop_front(2),
        op.getStrides(), op.getDilations(), op.getPads(), op.getAutoPad());
    if (!window)
      return rewriter.notifyMatchFailure(
          op, "expected padding that does not depend on unknown sizes");
    TypedAttr weight =
        transposeConstant(constant.getValue(), getChannelsLast(rank));
    if (!weight || getConstant(op.getX()))
      return rewriter.notifyMatchFailure(
          op, "the weight cannot be transposed in place");

    Value x = createTranspose(rewriter, op.getLoc(), op.getX(),
                              getChannelsLast(rank));
    Value w = ConstantOp::create(rewriter, constant.getLoc(), weight);
    auto type = cast<RankedTensorType>(op.getType());
    auto conv = ConvOp::create(
        rewriter, op.getLoc(),
        type.clone(applyPermutation(type.getShape(), getChannelsLast(rank))), x,
        w, op.getB(), window->strides, window->dilations, window->pads,
        op.getGroup());
    setDims(conv, {applyPermutation(ArrayRef<DimExpr>(*getDims(op.getY())),
                                    getChannelsLast(rank))});
    rewriter.replaceOp(op, createTranspose(rewriter, op.getLoc(), conv,
                                           getChannelsFirst(rank)));
    return success();
  }
};
} // namespace

void squint::populateMergeConvPatterns(RewritePatternSet &patterns) {
  patterns.add<MergePad, MergeChannelBias>(patterns.getContext());
}

void squint::populateRaiseConvPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseConv>(patterns.getContext());
}
