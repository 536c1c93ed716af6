//===- RaiseQuantized.cpp - products of a model's own codes -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A product of dequantized codes is one of integers, whose sum is exact, times
// all scales at once. Scales are multiplied and divided in f32 in the order in
// which ONNX Runtime does so; with an exact sum the codes are then the same.
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "QuantizedConstant.h"
#include "Raise.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

namespace {
/// An activation that was codes: onnx.DequantizeLinear of 8-bit integers with
/// one scale, and what has moved its elements since.
struct Integers {
  Value codes, zeroPoint;
  float scale = 1;
  /// The last one first.
  SmallVector<Operation *> moves;

  static std::optional<Integers> match(Value value);
  /// The codes, moved as the floats are.
  Value getMoved(OpBuilder &builder) const;
  /// `float(code - zero point)`
  Value create(OpBuilder &builder, Location loc, Value codes) const;
};

/// A product's result on its way to codes again.
struct Finish {
  /// What the product is multiplied with, one for all outputs or one for each.
  SmallVector<float> factors;
  /// A constant that is added then, or null.
  TypedAttr bias;
};
} // namespace

static bool isOne(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getNumElements() == 1;
}

/// A positive f32 scale of the whole tensor.
static std::optional<float> readScale(Value value) {
  if (!isOne(value) ||
      !cast<RankedTensorType>(value.getType()).getElementType().isF32())
    return std::nullopt;
  std::optional<double> scale = readScalar(value);
  if (!scale || !(*scale > 0) || !std::isfinite(*scale))
    return std::nullopt;
  return static_cast<float>(*scale);
}

std::optional<Integers> Integers::match(Value value) {
  SmallVector<Operation *> moves;
  while (isa_and_present<onnx::TransposeOp, onnx::ReshapeOp, onnx::FlattenOp,
                         onnx::SqueezeOp, onnx::UnsqueezeOp>(
             value.getDefiningOp()) &&
         hasDims(value)) {
    moves.push_back(value.getDefiningOp());
    value = moves.back()->getOperand(0);
  }
  auto op = value.getDefiningOp<onnx::DequantizeLinearOp>();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || !type || !type.getElementType().isF32() ||
      !getTensorElement(op.getX()).isInteger(8) || getConstant(op.getX()) ||
      !hasDims(op.getX()))
    return std::nullopt;
  std::optional<float> scale = readScale(op.getXScale());
  Value zero = op.getXZeroPoint();
  if (!scale || (zero && !isOne(zero)))
    return std::nullopt;
  return Integers{op.getX(), zero, *scale, moves};
}

Value Integers::getMoved(OpBuilder &builder) const {
  Value moved = codes;
  for (Operation *move : llvm::reverse(moves)) {
    Operation *made = builder.clone(*move);
    made->setOperand(0, moved);
    auto type = cast<RankedTensorType>(made->getResult(0).getType());
    made->getResult(0).setType(type.clone(getTensorElement(codes)));
    moved = made->getResult(0);
  }
  return moved;
}

Value Integers::create(OpBuilder &builder, Location loc, Value codes) const {
  auto type = cast<RankedTensorType>(codes.getType());
  auto packed = PackedType::get(
      type.getShape(),
      FormatAttr::get(builder.getContext(), "int8:tensor,scale=f32"));
  auto made = CodesOp::create(builder, loc, packed, codes, zeroPoint);
  auto floats = squint::DequantizeOp::create(
      builder, loc, type.clone(builder.getF32Type()), made);
  SmallVector<DimExpr> dims = *getDims(codes);
  setDims(made, {dims});
  setDims(floats, {dims});
  return floats;
}

/// A constant of f32 with one number for each output, or one for all.
static Value createFactors(OpBuilder &builder, Location loc,
                           ArrayRef<float> factors) {
  SmallVector<double> numbers(factors.begin(), factors.end());
  SmallVector<int64_t> shape;
  if (factors.size() > 1)
    shape.push_back(factors.size());
  Type f32 = builder.getF32Type();
  return ConstantOp::create(builder, loc,
                            makeConstant(RankedTensorType::get(shape, f32),
                                         encodeNumbers(f32, numbers)));
}

template <typename OpTy>
static Value createBinary(OpBuilder &builder, Location loc, Value a, Value b) {
  auto op = OpTy::create(builder, loc, a.getType(), a, b);
  setDims(op, {*getDims(a)});
  return op;
}

/// The onnx.QuantizeLinear, seen through an onnx.Relu, that alone reads a
/// value: with a scale for all of it.
static onnx::QuantizeLinearOp findQuantize(Operation *op, onnx::ReluOp &relu) {
  if (!op->getResult(0).hasOneUse())
    return {};
  Operation *user = *op->getResult(0).getUsers().begin();
  if (auto found = dyn_cast<onnx::ReluOp>(user);
      found && found->hasOneUse() && found->getBlock() == op->getBlock()) {
    relu = found;
    user = *found->getUsers().begin();
  }
  auto quantize = dyn_cast<onnx::QuantizeLinearOp>(user);
  if (!quantize || quantize->getBlock() != op->getBlock() ||
      !getTensorElement(quantize.getY()).isInteger(8) ||
      !readScale(quantize.getYScale()))
    return {};
  return quantize;
}

/// Replaces `op`, and what quantizes it, by `product`, whose last dimension are
/// the outputs, scaled; `order` permutes what is stored instead of it.
static void finish(PatternRewriter &rewriter, Operation *op, Value product,
                   Finish with, ArrayRef<int64_t> order) {
  Location loc = op->getLoc();
  onnx::ReluOp relu;
  onnx::QuantizeLinearOp quantize =
      with.bias ? onnx::QuantizeLinearOp() : findQuantize(op, relu);
  if (quantize) {
    SmallVector<float> all = with.factors;
    for (float &factor : all)
      factor /= *readScale(quantize.getYScale());
    if (llvm::all_of(all, [](float factor) { return std::isfinite(factor); }))
      with.factors = all;
    else
      quantize = {}, relu = {};
  }
  Operation *last = quantize ? quantize.getOperation() : op;
  rewriter.setInsertionPoint(last);
  Value result = product;
  if (llvm::any_of(with.factors, [](float factor) { return factor != 1; }))
    result = createBinary<onnx::MulOp>(
        rewriter, loc, result, createFactors(rewriter, loc, with.factors));
  if (with.bias)
    result = createBinary<onnx::AddOp>(
        rewriter, loc, result, ConstantOp::create(rewriter, loc, with.bias));
  if (quantize) {
    SmallVector<DimExpr> dims = *getDims(result);
    auto type = cast<RankedTensorType>(result.getType());
    if (relu) {
      auto made = onnx::ReluOp::create(rewriter, relu.getLoc(), type, result);
      setDims(made, {dims});
      result = made;
    }
    Value one = createFactors(rewriter, quantize.getLoc(), {1.0f});
    Operation *made = rewriter.clone(*quantize);
    made->setOperand(0, result);
    made->setOperand(1, one);
    made->getResult(0).setType(type.clone(getTensorElement(quantize.getY())));
    setDims(made, {dims});
    result = made->getResult(0);
  }
  if (!order.empty())
    result = createTranspose(rewriter, loc, result, order);
  rewriter.replaceOp(last, result);
  if (relu)
    rewriter.eraseOp(relu);
  if (last != op)
    rewriter.eraseOp(op);
}

/// A bias [outputs]: integers that are added to the exact sum where their scale
/// is that of the products, floats that are added at the end otherwise.
static bool matchBias(Value value, int64_t outputs, ArrayRef<float> factors,
                      TypedAttr &integers, TypedAttr &floats) {
  Builder builder(value.getContext());
  auto flat = RankedTensorType::get({outputs}, builder.getF32Type());
  if (auto op = value.getDefiningOp<onnx::DequantizeLinearOp>()) {
    auto type = dyn_cast<RankedTensorType>(op.getX().getType());
    FailureOr<SmallVector<int64_t>> codes = readIntegers(op.getX());
    FailureOr<SmallVector<double>> scales = readNumbers(op.getXScale());
    if (!type || !type.getElementType().isInteger(32) || failed(codes) ||
        failed(scales) || static_cast<int64_t>(codes->size()) != outputs ||
        (scales->size() != 1 && scales->size() != codes->size()))
      return false;
    if (op.getXZeroPoint()) {
      FailureOr<SmallVector<int64_t>> zeros = readIntegers(op.getXZeroPoint());
      if (failed(zeros) ||
          llvm::any_of(*zeros, [](int64_t zero) { return zero != 0; }))
        return false;
    }
    SmallVector<double> sums, values;
    bool isSame = true;
    for (auto [i, code] : llvm::enumerate(*codes)) {
      float scale = (*scales)[scales->size() == 1 ? 0 : i],
            factor = factors[factors.size() == 1 ? 0 : i];
      isSame &= std::abs(scale - factor) <= 1e-6f * factor;
      sums.push_back(static_cast<float>(code));
      values.push_back(static_cast<float>(code) * scale);
    }
    (isSame ? integers : floats) = makeConstant(
        flat, encodeNumbers(flat.getElementType(), isSame ? sums : values));
    return true;
  }
  auto type = cast<RankedTensorType>(value.getType());
  floats = matchPerChannel(value, std::max<int64_t>(type.getRank(), 1),
                           std::max<int64_t>(type.getRank(), 1) - 1, outputs);
  return floats && type.getElementType().isF32();
}

/// The scales of the products of one activation with a weight.
static SmallVector<float> multiplyScales(float scale,
                                         const QuantizedConstant &weight) {
  SmallVector<float> factors = weight.getScales();
  for (float &factor : factors)
    factor *= scale;
  return factors;
}

namespace {
/// onnx.MatMul and onnx.Gemm with codes as weight.
template <typename OpTy> struct RaiseCodedProduct : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Value input = op.getA(), addend;
    auto type = cast<RankedTensorType>(op.getType());
    bool isTransposed = false;
    if constexpr (std::is_same_v<OpTy, onnx::GemmOp>) {
      addend = op.getC();
      isTransposed = op.getTransB();
      if (op.getTransA() || op.getAlpha() != 1.0f ||
          (addend && op.getBeta() != 1.0f) || type.getRank() != 2)
        return rewriter.notifyMatchFailure(op, "expected no factors");
    }
    auto inputType = cast<RankedTensorType>(input.getType());
    if (!isRaisedFloat(type.getElementType()) || inputType.getRank() < 1 ||
        getConstant(input) || !hasDims(input) || !hasDims(op.getResult()))
      return rewriter.notifyMatchFailure(op, "expected a float activation");
    std::optional<QuantizedConstant> weight =
        QuantizedConstant::match(op.getB());
    if (!weight || weight->shape.size() != 2)
      return rewriter.notifyMatchFailure(op, "expected a matrix of codes");
    if (!isTransposed)
      weight->transpose({1, 0});
    int64_t outputs = weight->shape[0];
    std::optional<Integers> integers = Integers::match(input);
    bool isUnscaled = integers && weight->isAlong(0) && weight->isInteger();
    TypedAttr sumBias, floatBias;
    Finish with;
    with.factors = isUnscaled ? multiplyScales(integers->scale, *weight)
                   : integers ? SmallVector<float>{integers->scale}
                              : SmallVector<float>{1.0f};
    if (addend && !matchBias(addend, outputs, with.factors, sumBias, floatBias))
      return rewriter.notifyMatchFailure(op, "expected a constant bias");
    if (integers && !isUnscaled && sumBias)
      return rewriter.notifyMatchFailure(op, "expected a float bias");
    Value packed = weight->pack(rewriter, type.getElementType(), isUnscaled);
    if (!packed)
      return rewriter.notifyMatchFailure(op, "expected scales that a format "
                                             "has");
    if (!integers)
      std::swap(sumBias, floatBias);
    Value bias;
    if (sumBias)
      bias = ConstantOp::create(rewriter, op.getLoc(), sumBias);
    if (integers)
      input =
          integers->create(rewriter, op.getLoc(), integers->getMoved(rewriter));
    auto linear =
        LinearOp::create(rewriter, op.getLoc(), type, input, packed, bias);
    copyDims(op, linear);
    if (!integers) {
      rewriter.replaceOp(op, linear);
      return success();
    }
    with.bias = floatBias;
    finish(rewriter, op, linear, with, {});
    return success();
  }
};

/// A product of two activations that were codes: of their integers, which
/// floats hold, and the scales after it.
struct RaiseCodedMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Integers> a = Integers::match(op.getA()),
                            b = Integers::match(op.getB());
    if (!a || !b || !a->moves.empty() || !b->moves.empty() ||
        (a->scale == 1 && b->scale == 1) || !hasDims(op.getResult()))
      return rewriter.notifyMatchFailure(op, "expected two activations that "
                                             "were codes");
    Finish with;
    with.factors = {a->scale * b->scale};
    Value one = createFactors(rewriter, op.getLoc(), {1.0f});
    auto unscaled = [&](Value value) -> Value {
      Operation *made = rewriter.clone(*value.getDefiningOp());
      made->setOperand(1, one);
      return made->getResult(0);
    };
    auto product =
        onnx::MatMulOp::create(rewriter, op.getLoc(), op.getType(),
                               unscaled(op.getA()), unscaled(op.getB()));
    copyDims(op, product);
    finish(rewriter, op, product, with, {});
    return success();
  }
};

struct RaiseCodedConv : OpRewritePattern<onnx::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConvOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<QuantizedConstant> weight =
        QuantizedConstant::match(op.getW());
    auto type = cast<RankedTensorType>(op.getType());
    int64_t rank = type.getRank();
    if (!weight || static_cast<int64_t>(weight->shape.size()) != rank ||
        rank < 3 || !weight->isAlong(0) || !weight->isInteger() ||
        !isRaisedFloat(type.getElementType()))
      return rewriter.notifyMatchFailure(
          op, "expected codes with a scale for each output");
    std::optional<Integers> integers = Integers::match(op.getX());
    bool isUnscaled = integers.has_value();
    Finish with;
    with.factors = isUnscaled ? multiplyScales(integers->scale, *weight)
                              : SmallVector<float>{1.0f};
    TypedAttr sumBias, floatBias;
    if (op.getB() && !matchBias(op.getB(), weight->shape[0], with.factors,
                                sumBias, floatBias))
      return rewriter.notifyMatchFailure(op, "expected a constant bias");
    if (!isUnscaled)
      std::swap(sumBias, floatBias);
    ConvParts parts;
    parts.input = integers ? integers->getMoved(rewriter) : op.getX();
    parts.weightShape = weight->shape;
    if (sumBias)
      parts.bias = ConstantOp::create(rewriter, op.getLoc(), sumBias);
    parts.wrapInput = [&](Value input) {
      return integers ? integers->create(rewriter, op.getLoc(), input) : input;
    };
    parts.createWeight = [&](int64_t begin, int64_t count) {
      QuantizedConstant part = weight->take(0, begin, count);
      part.transpose(getChannelsLast(rank));
      // What is no product reads floats.
      if (op.getGroup() != 1 && count == weight->shape[0])
        return part.decode(rewriter, type.getElementType(), isUnscaled);
      return part.pack(rewriter, type.getElementType(), isUnscaled);
    };
    FailureOr<Value> image = createConv(rewriter, op, parts);
    if (failed(image)) {
      // Nothing stays of what was made.
      for (Value made = parts.input; integers && made != integers->codes;) {
        Operation *move = made.getDefiningOp();
        made = move->getOperand(0);
        rewriter.eraseOp(move);
      }
      return failure();
    }
    if (integers) {
      with.bias = floatBias;
      finish(rewriter, op, *image, with, getChannelsFirst(rank));
    } else {
      rewriter.replaceOp(op, createTranspose(rewriter, op.getLoc(), *image,
                                             getChannelsFirst(rank)));
    }
    return success();
  }
};

/// A weight of one of our operators that was rounded in floats.
struct PackRoundedWeight : OpInterfaceRewritePattern<WeightedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(WeightedOpInterface op,
                                PatternRewriter &rewriter) const override {
    OpOperand &weight = op.getWeightOperand();
    Value packed;
    if (weight.get().getDefiningOp<onnx::DequantizeLinearOp>())
      if (auto codes = QuantizedConstant::match(weight.get()))
        packed = codes->pack(rewriter, getTensorElement(weight.get()),
                             /*isUnscaled=*/false);
    if (!packed)
      return rewriter.notifyMatchFailure(op, "expected a weight of codes");
    rewriter.modifyOpInPlace(op, [&] { weight.set(packed); });
    return success();
  }
};

/// Rows of a table of codes.
struct RaiseCodedGather : OpRewritePattern<onnx::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GatherOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (op.getAxis() != 0 || !type || !isRaisedFloat(type.getElementType()))
      return rewriter.notifyMatchFailure(op, "expected rows of floats");
    std::optional<QuantizedConstant> table =
        QuantizedConstant::match(op.getData());
    Value packed;
    if (table && table->shape.size() == 2)
      packed = table->pack(rewriter, type.getElementType(), false);
    if (!packed)
      return rewriter.notifyMatchFailure(op, "expected a matrix of codes");
    auto embedding = EmbeddingOp::create(rewriter, op.getLoc(), type, packed,
                                         op.getIndices());
    copyDims(op, embedding);
    rewriter.replaceOp(op, embedding);
    return success();
  }
};
} // namespace

void squint::populateRaiseQuantizedPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseCodedProduct<onnx::MatMulOp>,
               RaiseCodedProduct<onnx::GemmOp>, RaiseCodedMatMul,
               RaiseCodedConv, PackRoundedWeight, RaiseCodedGather>(
      patterns.getContext());
}
