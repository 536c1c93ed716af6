//===- RaiseBatchNorm.cpp - normalization with constants ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace {
/// In inference form, `y = x * scale + shift` for each channel.
struct Affine {
  SmallVector<double> scale, shift;
};
} // namespace

static std::optional<Affine> getAffine(onnx::BatchNormalizationOp op) {
  if (op.getTrainingMode() || op.getRunningMean() || op.getRunningVar() ||
      !isRaisedFloat(getElementTypeOrSelf(op.getX().getType())))
    return std::nullopt;
  FailureOr<SmallVector<double>> scale = readNumbers(op.getScale()),
                                 shift = readNumbers(op.getB()),
                                 mean = readNumbers(op.getInputMean()),
                                 variance = readNumbers(op.getInputVar());
  auto type = cast<RankedTensorType>(op.getX().getType());
  if (failed(scale) || failed(shift) || failed(mean) || failed(variance) ||
      type.getRank() < 2)
    return std::nullopt;
  Affine affine;
  for (const auto *list : {&scale, &shift, &mean, &variance})
    if (static_cast<int64_t>((*list)->size()) != type.getShape()[1])
      return std::nullopt;
  for (auto [s, b, m, v] : llvm::zip_equal(*scale, *shift, *mean, *variance)) {
    affine.scale.push_back(s / std::sqrt(v + op.getEpsilon()));
    affine.shift.push_back(b - m * affine.scale.back());
  }
  return affine;
}

/// Channels of numbers as a constant that broadcasts along dimension 1 of a
/// tensor of rank `rank`.
static Value createChannels(OpBuilder &builder, Location loc, Type element,
                            ArrayRef<double> numbers, int64_t rank) {
  SmallVector<int64_t> shape(rank - 1, 1);
  shape[0] = numbers.size();
  auto type = RankedTensorType::get(shape, element);
  return ConstantOp::create(
      builder, loc, makeConstant(type, encodeNumbers(element, numbers)));
}

/// Weight and bias after the normalization: `w' = w * scale`, `b' = b * scale +
/// shift`. Null when they are not constant.
static std::pair<Value, Value> fold(PatternRewriter &rewriter,
                                    const Affine &affine, Value weight,
                                    Value bias) {
  ConstantOp constant = getConstant(weight);
  if (!constant ||
      getElementBytes(getElementTypeOrSelf(constant.getType())) == 0)
    return {};
  Type element = getElementTypeOrSelf(constant.getType());
  SmallVector<double> shift = affine.shift;
  if (bias) {
    FailureOr<SmallVector<double>> own = readNumbers(bias);
    if (failed(own) || own->size() != shift.size())
      return {};
    for (auto [b, s, o] : llvm::zip_equal(shift, affine.scale, *own))
      b += o * s;
  }
  auto type = cast<RankedTensorType>(constant.getType());
  if (type.getShape().front() != static_cast<int64_t>(affine.scale.size()) ||
      type.getNumElements() == 0)
    return {};
  TypedAttr scaled = scaleRows(constant.getValue(), affine.scale);
  if (!scaled)
    return {};
  Location loc = bias ? bias.getLoc() : constant.getLoc();
  return {ConstantOp::create(rewriter, constant.getLoc(), scaled),
          createChannels(rewriter, loc, element, shift, /*rank=*/2)};
}

namespace {
struct MergeIntoConv : OpRewritePattern<onnx::BatchNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::BatchNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    auto conv = op.getX().getDefiningOp<onnx::ConvOp>();
    std::optional<Affine> affine = getAffine(op);
    if (!affine || !conv || !isOnlyForUser(conv, op) ||
        conv.getType() != op.getY().getType())
      return rewriter.notifyMatchFailure(
          op, "expected a conv that nothing else uses and constant statistics");
    auto [weight, bias] = fold(rewriter, *affine, conv.getW(), conv.getB());
    if (!weight)
      return rewriter.notifyMatchFailure(op,
                                         "expected a constant weight and bias");
    auto merged = onnx::ConvOp::create(
        rewriter, rewriter.getFusedLoc({conv.getLoc(), op.getLoc()}),
        conv.getType(), conv.getX(), weight, bias, conv.getAutoPadAttr(),
        conv.getDilationsAttr(), conv.getGroupAttr(), conv.getKernelShapeAttr(),
        conv.getPadsAttr(), conv.getStridesAttr());
    copyDims(op, merged);
    rewriter.replaceOp(op, merged);
    return success();
  }
};

struct MergeIntoLinear : OpRewritePattern<onnx::BatchNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::BatchNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    auto linear = op.getX().getDefiningOp<LinearOp>();
    std::optional<Affine> affine = getAffine(op);
    if (!affine || !linear || !isOnlyForUser(linear, op) ||
        linear.getType() != op.getY().getType() ||
        cast<ShapedType>(linear.getType()).getRank() != 2)
      return rewriter.notifyMatchFailure(
          op,
          "expected a linear that nothing else uses and constant statistics");
    auto [weight, bias] =
        fold(rewriter, *affine, linear.getWeight(), linear.getBias());
    if (!weight)
      return rewriter.notifyMatchFailure(op,
                                         "expected a constant weight and bias");
    auto merged = LinearOp::create(
        rewriter, rewriter.getFusedLoc({linear.getLoc(), op.getLoc()}),
        linear.getType(), linear.getInput(), weight, bias);
    copyDims(op, merged);
    merged->setAttr(kMergedNormAttr, rewriter.getUnitAttr());
    rewriter.replaceOp(op, merged);
    return success();
  }
};

/// A normalization of something else: a Mul and an Add.
struct SplitBatchNorm : OpRewritePattern<onnx::BatchNormalizationOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::BatchNormalizationOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Affine> affine = getAffine(op);
    if (!affine)
      return rewriter.notifyMatchFailure(op, "expected constant statistics");
    auto type = cast<RankedTensorType>(op.getY().getType());
    Value scale =
        createChannels(rewriter, op.getScale().getLoc(), type.getElementType(),
                       affine->scale, type.getRank());
    Value shift =
        createChannels(rewriter, op.getB().getLoc(), type.getElementType(),
                       affine->shift, type.getRank());
    auto mul =
        onnx::MulOp::create(rewriter, op.getLoc(), type, op.getX(), scale);
    auto add = onnx::AddOp::create(rewriter, op.getLoc(), type, mul, shift);
    copyDims(op, mul);
    copyDims(op, add);
    rewriter.replaceOp(op, add);
    return success();
  }
};
} // namespace

void squint::populateMergeBatchNormPatterns(RewritePatternSet &patterns) {
  patterns.add<MergeIntoConv, MergeIntoLinear>(patterns.getContext());
}

void squint::populateSplitBatchNormPatterns(RewritePatternSet &patterns) {
  patterns.add<SplitBatchNorm>(patterns.getContext());
}
