//===- RaiseNorm.cpp - layer and RMS normalization ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

/// A scale or bias of the last dimension as a value of rank 1; null for
/// anything else.
static Value createVector(OpBuilder &builder, Value value,
                          RankedTensorType input) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t size = input.getShape().back();
  if (type.getElementType() != input.getElementType() ||
      ShapedType::isDynamic(size))
    return {};
  if (type.getShape() == ArrayRef<int64_t>(size))
    return value;
  TypedAttr constant =
      matchPerChannel(value, input.getRank(), input.getRank() - 1, size);
  return constant ? ConstantOp::create(builder, value.getLoc(), constant)
                  : Value();
}

static bool isLastAxis(int64_t axis, int64_t rank) {
  return axis == -1 || axis == rank - 1;
}

/// Whether a norm only normalizes so far: its scale is 1 and it has no bias.
static bool isBare(NormOp norm) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(
      getConstant(norm.getScale()) ? getConstant(norm.getScale()).getValue()
                                   : TypedAttr());
  return !norm.getBias() && dense && dense.isSplat() &&
         dense.getSplatValue<APFloat>().isExactlyValue(1.0);
}

//===----------------------------------------------------------------------===//
// The standard's operators
//===----------------------------------------------------------------------===//

namespace {
/// One operator, by its operands: X, Scale and, for a centered one, B.
template <typename OpTy> struct RaiseNormOp : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    constexpr bool centered = std::is_same_v<OpTy, onnx::LayerNormalizationOp>;
    auto input = cast<RankedTensorType>(op.getX().getType());
    if (!isRaisedFloat(input.getElementType()) || input.getRank() < 1 ||
        !isLastAxis(op.getAxis(), input.getRank()))
      return rewriter.notifyMatchFailure(
          op, "expected floats, normalized along the last dimension");
    if (!llvm::all_of(op->getResults().drop_front(),
                      [](Value result) { return result.use_empty(); }))
      return rewriter.notifyMatchFailure(op, "the statistics are used");
    if (op->getResult(0).getType() != input)
      return rewriter.notifyMatchFailure(
          op, "expected a result of the input's type");
    Value bias, scale = createVector(rewriter, op->getOperand(1), input);
    if (scale && op->getNumOperands() > 2)
      bias = createVector(rewriter, op->getOperand(2), input);
    if (!scale || (op->getNumOperands() > 2 && !bias))
      return rewriter.notifyMatchFailure(
          op, "expected a scale and a bias of the last dimension");
    auto norm = NormOp::create(rewriter, op.getLoc(), input, op.getX(), scale,
                               bias, centered, getEpsilon(op));
    copyDims(op, norm);
    rewriter.replaceAllUsesWith(op->getResult(0), norm.getResult());
    rewriter.eraseOp(op);
    return success();
  }

  static llvm::APFloat getEpsilon(OpTy op) {
    return llvm::APFloat(static_cast<double>(op.getEpsilon()));
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// What exporters make of them
//===----------------------------------------------------------------------===//

/// x of `ReduceMean(x)` over the last dimension, which stays.
static Value matchMean(Value value) {
  auto mean = value.getDefiningOp<onnx::ReduceMeanOp>();
  if (!mean || !mean.getAxes() || !mean.getKeepdims())
    return {};
  FailureOr<SmallVector<int64_t>> axes = readIntegers(mean.getAxes());
  int64_t rank = cast<ShapedType>(mean.getData().getType()).getRank();
  return succeeded(axes) && axes->size() == 1 && isLastAxis(axes->front(), rank)
             ? mean.getData()
             : Value();
}

/// x of `x - mean(x)`.
static Value matchCentered(Value value) {
  auto sub = value.getDefiningOp<onnx::SubOp>();
  return sub && matchMean(sub.getB()) == sub.getA() ? sub.getA() : Value();
}

/// x of `x * x` or `x ^ 2`.
static Value matchSquare(Value value) {
  if (auto mul = value.getDefiningOp<onnx::MulOp>())
    return mul.getA() == mul.getB() ? mul.getA() : Value();
  auto pow = value.getDefiningOp<onnx::PowOp>();
  return pow && readScalar(pow.getY()) == 2.0 ? pow.getX() : Value();
}

namespace {
/// `sqrt(mean(input^2) + epsilon)`
struct RootMeanSquare {
  Value input;
  double epsilon;
};
} // namespace

static std::optional<RootMeanSquare> matchMeanSquare(Value value) {
  auto add = value.getDefiningOp<onnx::AddOp>();
  if (!add)
    return std::nullopt;
  for (auto [mean, epsilon] : {std::make_pair(add.getA(), add.getB()),
                               std::make_pair(add.getB(), add.getA())})
    if (Value squares = matchMean(mean))
      if (Value input = matchSquare(squares))
        if (std::optional<double> number = readScalar(epsilon);
            number && *number >= 0)
          return RootMeanSquare{input, *number};
  return std::nullopt;
}

static std::optional<RootMeanSquare> matchRoot(Value value) {
  if (auto sqrt = value.getDefiningOp<onnx::SqrtOp>())
    return matchMeanSquare(sqrt.getX());
  auto pow = value.getDefiningOp<onnx::PowOp>();
  return pow && readScalar(pow.getY()) == 0.5 ? matchMeanSquare(pow.getX())
                                              : std::nullopt;
}

static std::optional<RootMeanSquare> matchReciprocalRoot(Value value) {
  if (auto reciprocal = value.getDefiningOp<onnx::ReciprocalOp>())
    return matchRoot(reciprocal.getX());
  if (auto div = value.getDefiningOp<onnx::DivOp>())
    return readScalar(div.getA()) == 1.0 ? matchRoot(div.getB()) : std::nullopt;
  auto pow = value.getDefiningOp<onnx::PowOp>();
  return pow && readScalar(pow.getY()) == -0.5 ? matchMeanSquare(pow.getX())
                                               : std::nullopt;
}

/// The norm, with a scale of 1, that `value / root` or `value * (1 / root)` is.
static LogicalResult replaceByNorm(PatternRewriter &rewriter, Operation *op,
                                   Value value, RootMeanSquare root) {
  // Exporters may write the centered value twice.
  Value centered = matchCentered(root.input);
  if (value != root.input && (!centered || matchCentered(value) != centered))
    return failure();
  Value input = centered ? centered : value;
  auto type = cast<RankedTensorType>(input.getType());
  if (op->getResult(0).getType() != type ||
      !isRaisedFloat(type.getElementType()) || type.getRank() < 1 ||
      ShapedType::isDynamic(type.getShape().back()))
    return failure();
  auto scaleType = RankedTensorType::get(type.getShape().take_back(1),
                                         type.getElementType());
  Value scale = ConstantOp::create(
      rewriter, op->getLoc(),
      DenseElementsAttr::get(
          scaleType, rewriter.getFloatAttr(type.getElementType(), 1.0)));
  auto norm =
      NormOp::create(rewriter, op->getLoc(), type, input, scale, Value(),
                     static_cast<bool>(centered), llvm::APFloat(root.epsilon));
  copyDims(op, norm);
  rewriter.replaceOp(op, norm);
  return success();
}

namespace {
struct RaiseDivision : OpRewritePattern<onnx::DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::DivOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<RootMeanSquare> root = matchRoot(op.getB());
    if (!root || failed(replaceByNorm(rewriter, op, op.getA(), *root)))
      return rewriter.notifyMatchFailure(
          op, "expected x / sqrt(mean(x^2) + epsilon)");
    return success();
  }
};

struct RaiseProduct : OpRewritePattern<onnx::MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MulOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [value, factor] : {std::make_pair(op.getA(), op.getB()),
                                 std::make_pair(op.getB(), op.getA())}) {
      std::optional<RootMeanSquare> root = matchReciprocalRoot(factor);
      if (root && succeeded(replaceByNorm(rewriter, op, value, *root)))
        return success();
    }
    return rewriter.notifyMatchFailure(
        op, "expected x * (1 / sqrt(mean(x^2) + epsilon))");
  }
};

/// `norm(x) * scale` and `norm(x) + bias`, where nothing else uses the norm.
template <typename OpTy> struct MergeVector : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    constexpr bool isScale = std::is_same_v<OpTy, onnx::MulOp>;
    for (auto [value, other] : {std::make_pair(op.getA(), op.getB()),
                                std::make_pair(op.getB(), op.getA())}) {
      auto norm = value.template getDefiningOp<NormOp>();
      if (!norm || !isOnlyForUser(norm, op) || norm.getType() != op.getType() ||
          norm.getBias() || (isScale && !isBare(norm)) || !getConstant(other))
        continue;
      Value vector =
          createVector(rewriter, other, cast<RankedTensorType>(norm.getType()));
      if (!vector)
        continue;
      auto merged = NormOp::create(
          rewriter, rewriter.getFusedLoc({norm.getLoc(), op.getLoc()}),
          norm.getType(), norm.getInput(), isScale ? vector : norm.getScale(),
          isScale ? Value() : vector, norm.getCentered(), norm.getEpsilon());
      copyDims(op, merged);
      rewriter.replaceOp(op, merged);
      return success();
    }
    return rewriter.notifyMatchFailure(
        op, "expected a norm that nothing else uses and a constant vector");
  }
};
} // namespace

void squint::populateRaiseNormPatterns(RewritePatternSet &patterns) {
  patterns
      .add<RaiseNormOp<onnx::LayerNormalizationOp>,
           RaiseNormOp<onnx::RMSNormalizationOp>, RaiseDivision, RaiseProduct,
           MergeVector<onnx::MulOp>, MergeVector<onnx::AddOp>>(
          patterns.getContext());
}
