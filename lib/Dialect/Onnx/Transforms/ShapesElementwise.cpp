//===- ShapesElementwise.cpp - element by element -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {

LogicalResult inferSameAsFirst(Operation *op, ShapeContext &s) {
  for (Value result : op->getResults())
    if (failed(s.set(result, Dims(s.shape(op->getOperand(0))))))
      return failure();
  return success();
}

LogicalResult inferBroadcast(Operation *op, ShapeContext &s) {
  Dims dims;
  for (Value operand : op->getOperands()) {
    FailureOr<Dims> both = s.broadcast(dims, s.shape(operand));
    if (failed(both))
      return failure();
    dims = std::move(*both);
  }
  return s.set(op->getResult(0), std::move(dims));
}

namespace {

using Scalar = std::optional<DimExpr>;

/// Where element `index` of a tensor of shape `to` comes from in one of shape
/// `from` that broadcasts to it.
int64_t broadcastIndex(int64_t index, ArrayRef<int64_t> to,
                       ArrayRef<int64_t> from) {
  int64_t result = 0, stride = 1;
  for (int64_t i = static_cast<int64_t>(to.size()) - 1; i >= 0; --i) {
    int64_t position = index % to[i],
            j = i - static_cast<int64_t>(to.size() - from.size());
    index /= to[i];
    if (j < 0)
      continue;
    result += from[j] == 1 ? 0 : position * stride;
    stride *= from[j];
  }
  return result;
}

/// Evaluates an elementwise operator whose operands are known. `f` takes one
/// element of each.
LogicalResult evaluate(Operation *op, ShapeContext &s,
                       llvm::function_ref<Scalar(ArrayRef<DimExpr>)> f) {
  std::optional<SmallVector<int64_t>> shape = s.staticShape(op->getResult(0));
  int64_t count = 1;
  for (int64_t size : shape ? *shape : SmallVector<int64_t>())
    if (llvm::MulOverflow(count, size, count) ||
        count > ShapeContext::kMostElements)
      return success();
  SmallVector<std::pair<ArrayRef<DimExpr>, SmallVector<int64_t>>> operands;
  for (Value operand : op->getOperands()) {
    std::optional<ArrayRef<DimExpr>> known = s.values(operand);
    std::optional<SmallVector<int64_t>> own = s.staticShape(operand);
    if (!shape || !known || !own)
      return success();
    operands.emplace_back(*known, *own);
  }
  Dims results;
  for (int64_t i = 0; i < count; ++i) {
    Dims arguments;
    for (auto &[known, own] : operands)
      arguments.push_back(known[broadcastIndex(i, *shape, own)]);
    Scalar result = f(arguments);
    if (!result)
      return success();
    results.push_back(*result);
  }
  s.setValues(op->getResult(0), std::move(results));
  return success();
}

/// Comparison of two sizes, where the difference decides it.
enum class Order { Less, Equal, Greater };
std::optional<Order> compare(const DimExpr &a, const DimExpr &b) {
  DimExpr difference = a - b;
  if (std::optional<int64_t> number = difference.getConstant())
    return *number < 0   ? Order::Less
           : *number > 0 ? Order::Greater
                         : Order::Equal;
  if (difference.isPositive())
    return Order::Greater;
  if ((-difference).isPositive())
    return Order::Less;
  return std::nullopt;
}

Scalar divide(const DimExpr &a, const DimExpr &b) {
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (x && y)
    return *y == 0 || (*x == INT64_MIN && *y == -1) ? Scalar()
                                                    : Scalar(*x / *y);
  // Integer division truncates; rounding down is the same where both sides are
  // not negative.
  if (a.isNonNegative() && b.isPositive())
    return DimExpr::floordiv(a, b);
  if (!y || *y == 0)
    return std::nullopt;
  if (std::optional<DimExpr> exact = a.divideExactly(b))
    return exact;
  if (*y < 0)
    return std::nullopt;
  return DimExpr::floordiv(DimExpr::max(a, 0), b) -
         DimExpr::floordiv(DimExpr::max(-a, 0), b);
}

Scalar power(const DimExpr &a, const DimExpr &b) {
  std::optional<int64_t> exponent = b.getConstant();
  if (!exponent || *exponent < 0 || *exponent > 8)
    return std::nullopt;
  DimExpr result = 1;
  for (int64_t i = 0; i < *exponent; ++i)
    result = result * a;
  return result;
}

/// One element of a binary operator's result.
Scalar apply(StringRef name, const DimExpr &a, const DimExpr &b) {
  std::optional<Order> order = compare(a, b);
  // What shapes do not prove is 1 or 0 by arithmetic.
  auto isPositive = [](const DimExpr &x) {
    return DimExpr::max(DimExpr::min(x, 1), 0);
  };
  auto truth = [&](const DimExpr &otherwise, auto... orders) -> Scalar {
    return order ? DimExpr(((*order == orders) || ...) ? 1 : 0) : otherwise;
  };
  if (name == "Add")
    return a + b;
  if (name == "Sub")
    return a - b;
  if (name == "Mul")
    return a * b;
  if (name == "Div")
    return divide(a, b);
  if (name == "Mod")
    return b.isPositive() ? Scalar(DimExpr::mod(a, b)) : Scalar();
  if (name == "Pow")
    return power(a, b);
  if (name == "Min")
    return DimExpr::min(a, b);
  if (name == "Max")
    return DimExpr::max(a, b);
  if (name == "Equal")
    return truth(DimExpr::isEqual(a, b), Order::Equal);
  if (name == "Less")
    return truth(isPositive(b - a), Order::Less);
  if (name == "LessOrEqual")
    return truth(isPositive(b - a + DimExpr(1)), Order::Less, Order::Equal);
  if (name == "Greater")
    return truth(isPositive(a - b), Order::Greater);
  if (name == "GreaterOrEqual")
    return truth(isPositive(a - b + DimExpr(1)), Order::Greater, Order::Equal);
  // Of booleans.
  if (name == "And")
    return DimExpr::min(a, b);
  if (name == "Or")
    return DimExpr::max(a, b);
  if (name == "Xor")
    return DimExpr::max(a - b, b - a);
  std::optional<int64_t> x = a.getConstant(), y = b.getConstant();
  if (!x || !y)
    return std::nullopt;
  if (name == "BitwiseAnd")
    return DimExpr(*x & *y);
  if (name == "BitwiseOr")
    return DimExpr(*x | *y);
  if (name == "BitwiseXor")
    return DimExpr(*x ^ *y);
  return std::nullopt;
}

LogicalResult inferArithmetic(Operation *op, ShapeContext &s) {
  if (failed(inferBroadcast(op, s)))
    return failure();
  // C's remainder has the sign of the dividend.
  if (auto mod = dyn_cast<ModOp>(op); mod && mod.getFmod())
    return success();
  StringRef name = op->getName().stripDialect();
  return evaluate(op, s, [&](ArrayRef<DimExpr> arguments) -> Scalar {
    Scalar result = arguments.front();
    for (const DimExpr &argument : arguments.drop_front())
      if (result)
        result = apply(name, *result, argument);
    return result;
  });
}

LogicalResult inferUnary(Operation *op, ShapeContext &s) {
  if (failed(inferSameAsFirst(op, s)))
    return failure();
  StringRef name = op->getName().stripDialect();
  return evaluate(op, s, [&](ArrayRef<DimExpr> arguments) -> Scalar {
    const DimExpr &x = arguments[0];
    if (name == "Identity")
      return x;
    if (name == "Neg")
      return -x;
    if (name == "Not")
      return DimExpr(1) - x;
    if (name == "Abs")
      return x.isNonNegative()      ? Scalar(x)
             : (-x).isNonNegative() ? Scalar(-x)
                                    : Scalar();
    if (name == "Sign")
      return x.isPositive()      ? Scalar(1)
             : (-x).isPositive() ? Scalar(-1)
             : x.isConstant(0)   ? Scalar(0)
                                 : Scalar();
    return std::nullopt;
  });
}

LogicalResult inferCast(Operation *op, ShapeContext &s) {
  if (failed(inferSameAsFirst(op, s)))
    return failure();
  auto to = dyn_cast<IntegerType>(
      cast<ShapedType>(op->getResult(0).getType()).getElementType());
  if (!to)
    return success();
  // The second operand of CastLike only lends its type.
  Value operand = op->getOperand(0);
  std::optional<ArrayRef<DimExpr>> known = s.values(operand);
  std::optional<ShapeContext::Whole> whole;
  if (isa<FloatType>(cast<ShapedType>(operand.getType()).getElementType())) {
    whole = s.whole(operand);
    if (!whole || !whole->isExact)
      return success();
    for (const DimExpr &number : whole->limited) {
      s.assumeAtMost(number, 1 << 24);
      s.assumeAtMost(-(1 << 24), number);
    }
    known = whole->numbers;
  }
  if (!known)
    return success();
  Dims results;
  for (const DimExpr &x : *known) {
    std::optional<int64_t> number = x.getConstant();
    if (to.getWidth() == 1) {
      DimExpr size = x.isNonNegative() ? x : DimExpr::max(x, -x);
      results.push_back(x.isPositive() ? DimExpr(1) : DimExpr::min(size, 1));
      continue;
    }
    if (number && to.getWidth() < 64)
      number =
          to.isUnsigned()
              ? int64_t(APInt(64, *number).trunc(to.getWidth()).getZExtValue())
              : APInt(64, *number).trunc(to.getWidth()).getSExtValue();
    results.push_back(number ? DimExpr(*number) : x);
  }
  s.setValues(op->getResult(0), std::move(results));
  return success();
}

LogicalResult inferWhere(Operation *op, ShapeContext &s) {
  if (failed(inferBroadcast(op, s)))
    return failure();
  return evaluate(op, s, [](ArrayRef<DimExpr> a) -> Scalar {
    std::optional<int64_t> condition = a[0].getConstant();
    if (condition)
      return *condition ? a[1] : a[2];
    return a[1] == a[2] ? a[1] : choose(a[0], a[1], a[2]);
  });
}

/// As the first operand, over which the second one broadcasts.
LogicalResult inferPRelu(Operation *op, ShapeContext &s) {
  if (failed(s.expectBroadcast(op->getOperand(1), s.shape(op->getOperand(0)),
                               "the slope")))
    return failure();
  return inferSameAsFirst(op, s);
}

/// As the first operand; the bounds are scalars.
LogicalResult inferClip(Operation *op, ShapeContext &s) {
  for (Value bound : op->getOperands().drop_front())
    if (failed(s.expectBroadcast(bound, {DimExpr(1)}, "a bound")))
      return failure();
  return inferSameAsFirst(op, s);
}

/// As the first operand, which has the axis.
LogicalResult inferAlongAxis(Operation *op, ShapeContext &s) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  if (axis && failed(s.axis(axis.getInt(), s.rank(op->getOperand(0)))))
    return failure();
  return inferSameAsFirst(op, s);
}

/// As the first operand, which has a scale for each index of the axis where
/// there is a row of them.
LogicalResult inferScaled(Operation *op, ShapeContext &s) {
  Dims dims(s.shape(op->getOperand(0)));
  auto axis = op->getAttrOfType<IntegerAttr>("axis"),
       block = op->getAttrOfType<IntegerAttr>("block_size");
  int64_t at = axis ? axis.getInt() : 1, rank = dims.size();
  at += at < 0 ? rank : 0;
  for (Value row : op->getOperands().drop_front()) {
    Dims own(s.shape(row));
    if (own.size() == 1 && rank > 0 && !own[0].isConstant(1) && at >= 0 &&
        at < rank && (!block || block.getInt() == 0) &&
        failed(s.unify(dims[at], own[0], "the axis and its scales")))
      return failure();
  }
  return inferSameAsFirst(op, s);
}

/// Scalars beside the first result.
LogicalResult inferDynamicQuantize(Operation *op, ShapeContext &s) {
  if (failed(s.set(op->getResult(0), Dims(s.shape(op->getOperand(0))))))
    return failure();
  for (Value result : op->getResults().drop_front())
    if (failed(s.set(result, {})))
      return failure();
  return success();
}
} // namespace

void addElementwiseRules(ShapeRules &rules) {
  rules.add<AcosOp, AcoshOp, AsinOp, AsinhOp, AtanOp, AtanhOp, BernoulliOp,
            BitCastOp, BitwiseNotOp, CeilOp, CeluOp, CosOp, CoshOp, DropoutOp,
            EluOp, ErfOp, ExpOp, EyeLikeOp, FloorOp, GeluOp, HardSigmoidOp,
            HardSwishOp, IsInfOp, IsNaNOp, LRNOp, LeakyReluOp, LogOp,
            MeanVarianceNormalizationOp, MishOp, RandomNormalLikeOp,
            RandomUniformLikeOp, ReciprocalOp, ReluOp, ReverseSequenceOp,
            RotaryEmbeddingOp, RoundOp, ScatterNDOp, SeluOp, ShrinkOp,
            SigmoidOp, SinOp, SinhOp, SoftplusOp, SoftsignOp, SqrtOp, SwishOp,
            TanOp, TanhOp, TensorScatterOp, ThresholdedReluOp, TriluOp>(
      inferSameAsFirst);
  rules.add<HardmaxOp, LogSoftmaxOp, LpNormalizationOp, ScatterElementsOp,
            SoftmaxOp>(inferAlongAxis);
  rules.add<AbsOp, IdentityOp, NegOp, NotOp, SignOp>(inferUnary);
  rules.add<CastOp, CastLikeOp>(inferCast);
  rules.add<AddOp, AndOp, BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, DivOp,
            EqualOp, GreaterOp, GreaterOrEqualOp, LessOp, LessOrEqualOp, MaxOp,
            MinOp, ModOp, MulOp, OrOp, PowOp, SubOp, XorOp>(inferArithmetic);
  rules.add<BitShiftOp, MeanOp, SumOp>(inferBroadcast);
  rules.add<WhereOp>(inferWhere);
  rules.add<PReluOp>(inferPRelu);
  rules.add<ClipOp>(inferClip);
  rules.add<DequantizeLinearOp, QuantizeLinearOp>(inferScaled);
  rules.add<DynamicQuantizeLinearOp>(inferDynamicQuantize);
}

} // namespace squint::onnx
