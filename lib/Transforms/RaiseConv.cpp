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

/// More groups, or narrower ones, cost more in copies than they gain.
static constexpr int64_t kMaxSplitGroups = 64, kMinSplitChannels = 4;

/// Rows [begin, begin + count).
static TypedAttr takeRows(TypedAttr value, int64_t begin, int64_t count) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  if (count == shape[0])
    return value;
  shape[0] = count;
  type = type.clone(shape);
  int64_t size = type.getNumElements() * getElementBytes(type.getElementType());
  int64_t offset = size / count * begin;
  auto data = dyn_cast<DataAttr>(value);
  if (data && data.getPermutation().empty())
    return DataAttr::get(value.getContext(), type, data.getStore(),
                         data.getOffset() + offset, size, {});
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  return makeConstant(type, bytes->slice(offset, size));
}

/// Channels [part * count, (part + 1) * count) of [N, spatial..., C].
static Value takeChannels(PatternRewriter &rewriter, Location loc, Value x,
                          int64_t part, int64_t count) {
  auto type = cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = count;
  auto integer = [&](int64_t value) {
    return createIntegers(rewriter, loc, value);
  };
  auto slice = onnx::SliceOp::create(
      rewriter, loc, type.clone(shape), x, integer(part * count),
      integer((part + 1) * count), integer(type.getRank() - 1), Value());
  SmallVector<DimExpr> dims(*getDims(x));
  dims.back() = DimExpr(count);
  setDims(slice, {dims});
  return slice;
}

static Value joinChannels(PatternRewriter &rewriter, onnx::ConvOp op,
                          ValueRange parts, int64_t rank) {
  auto type = cast<RankedTensorType>(op.getType());
  auto join = onnx::ConcatOp::create(
      rewriter, op.getLoc(),
      type.clone(applyPermutation(type.getShape(), getChannelsLast(rank))),
      parts, rank - 1);
  setDims(join, {applyPermutation(ArrayRef<DimExpr>(*getDims(op.getY())),
                                  getChannelsLast(rank))});
  return join;
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
    ConstantOp constant = getConstant(op.getW());
    int64_t rank = cast<RankedTensorType>(op.getX().getType()).getRank();
    if (!constant || !isRaisedFloat(getTensorElement(op.getX())))
      return rewriter.notifyMatchFailure(op,
                                         "expected a constant float weight");
    if (!transposeConstant(constant.getValue(), getChannelsLast(rank)) ||
        getConstant(op.getX()))
      return rewriter.notifyMatchFailure(
          op, "the weight cannot be transposed in place");
    ConvParts parts;
    parts.input = op.getX();
    parts.wrapInput = [](Value input) { return input; };
    parts.weightShape =
        llvm::to_vector(cast<RankedTensorType>(constant.getType()).getShape());
    parts.createWeight = [&](int64_t begin, int64_t count) -> Value {
      TypedAttr rows = takeRows(constant.getValue(), begin, count);
      return ConstantOp::create(rewriter, constant.getLoc(),
                                transposeConstant(rows, getChannelsLast(rank)));
    };
    parts.bias = op.getB();
    FailureOr<Value> image = createConv(rewriter, op, parts);
    if (failed(image))
      return failure();
    rewriter.replaceOp(op, createTranspose(rewriter, op.getLoc(), *image,
                                           getChannelsFirst(rank)));
    return success();
  }
};
} // namespace

FailureOr<Value> squint::createConv(PatternRewriter &rewriter, onnx::ConvOp op,
                                    const ConvParts &parts) {
  auto input = cast<RankedTensorType>(op.getX().getType()),
       type = cast<RankedTensorType>(op.getType());
  int64_t rank = input.getRank();
  ArrayRef<int64_t> weightShape = parts.weightShape;
  if (rank < 3 || static_cast<int64_t>(weightShape.size()) != rank ||
      type.getRank() != rank)
    return rewriter.notifyMatchFailure(
        op, "expected a weight and a result of the input's rank");
  if (!hasDims(op.getX()) || !hasDims(op.getY()))
    return rewriter.notifyMatchFailure(op, "expected known sizes");
  if (op.getKernelShape() && *op.getKernelShape() != weightShape.drop_front(2))
    return rewriter.notifyMatchFailure(
        op, "expected kernel_shape to be the weight's");
  std::optional<Window> window = Window::get(
      input.getShape().drop_front(2), weightShape.drop_front(2),
      op.getStrides(), op.getDilations(), op.getPads(), op.getAutoPad());
  if (!window)
    return rewriter.notifyMatchFailure(
        op, "expected padding that does not depend on unknown sizes");

  // Groups of several channels are convolutions of their own, whose products
  // have kernels; others are one operator.
  int64_t groups = op.getGroup(), count = 1;
  ConstantOp constantBias = parts.bias ? getConstant(parts.bias) : ConstantOp();
  bool isSplit = groups > 1 && groups <= kMaxSplitGroups &&
                 weightShape[1] >= kMinSplitChannels &&
                 weightShape[0] % groups == 0 && (!parts.bias || constantBias);
  if (isSplit)
    std::swap(groups, count);
  Value x = createTranspose(rewriter, op.getLoc(), parts.input,
                            getChannelsLast(rank));
  int64_t outputs = weightShape[0] / count;
  SmallVector<Value> results;
  for (int64_t part = 0; part < count; ++part) {
    Value w = parts.createWeight(part * outputs, outputs);
    Value bias = parts.bias, image = x;
    if (isSplit) {
      image = takeChannels(rewriter, op.getLoc(), x, part, weightShape[1]);
      if (bias)
        bias = ConstantOp::create(
            rewriter, bias.getLoc(),
            takeRows(constantBias.getValue(), part * outputs, outputs));
    }
    auto dims = applyPermutation(ArrayRef<DimExpr>(*getDims(op.getY())),
                                 getChannelsLast(rank));
    SmallVector<int64_t> shape =
        applyPermutation(type.getShape(), getChannelsLast(rank));
    if (isSplit) {
      shape.back() = outputs;
      dims.back() = DimExpr(outputs);
    }
    auto conv = ConvOp::create(rewriter, op.getLoc(), type.clone(shape),
                               parts.wrapInput(image), w, bias, window->strides,
                               window->dilations, window->pads, groups);
    setDims(conv, {dims});
    results.push_back(conv);
  }
  return isSplit ? joinChannels(rewriter, op, results, rank) : results[0];
}

void squint::populateMergeConvPatterns(RewritePatternSet &patterns) {
  patterns.add<MergePad, MergeChannelBias>(patterns.getContext());
}

void squint::populateRaiseConvPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseConv>(patterns.getContext());
}
