//===- Elementwise.cpp - operators of one element each ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

namespace {

/// A body under construction: the operator's attributes, and arithmetic that is
/// right for the element type.
struct Scalars {
  ImplicitLocOpBuilder &b;
  Node &node;
  Type element; // ONNX's, of the first operand that is not a condition

  Type type() const { return computeElement(element); }
  bool isFloat() const { return isa<FloatType>(type()); }
  bool isUnsigned() const {
    return element.isUnsignedInteger() || element.isInteger(1);
  }
  Value constant(double value) const {
    return scalarConstant(b, type(), value);
  }

  template <typename FloatOp, typename IntOp>
  Value either(Value x, Value y) const {
    if (isFloat())
      return FloatOp::create(b, x, y);
    return IntOp::create(b, x, y);
  }
  Value add(Value x, Value y) const {
    return either<arith::AddFOp, arith::AddIOp>(x, y);
  }
  Value sub(Value x, Value y) const {
    return either<arith::SubFOp, arith::SubIOp>(x, y);
  }
  Value mul(Value x, Value y) const {
    return either<arith::MulFOp, arith::MulIOp>(x, y);
  }
  Value div(Value x, Value y) const {
    return isFloat() ? arith::DivFOp::create(b, x, y).getResult()
                     : quotient(x, y, false);
  }
  Value neg(Value x) const {
    return isFloat() ? arith::NegFOp::create(b, x).getResult()
                     : arith::SubIOp::create(b, constant(0), x).getResult();
  }
  Value select(Value condition, Value x, Value y) const {
    return arith::SelectOp::create(b, condition, x, y);
  }
  template <typename Op> Value call(Value x) const { return Op::create(b, x); }

  enum Comparison { Eq, Lt, Le, Gt, Ge };
  Value compare(Comparison c, Value x, Value y) const {
    using F = arith::CmpFPredicate;
    using I = arith::CmpIPredicate;
    static constexpr F floats[] = {F::OEQ, F::OLT, F::OLE, F::OGT, F::OGE};
    static constexpr I ints[] = {I::eq, I::slt, I::sle, I::sgt, I::sge},
                       uints[] = {I::eq, I::ult, I::ule, I::ugt, I::uge};
    if (isFloat())
      return arith::CmpFOp::create(b, floats[c], x, y);
    return arith::CmpIOp::create(b, isUnsigned() ? uints[c] : ints[c], x, y);
  }
  Value max(Value x, Value y) const {
    if (isFloat())
      return arith::MaximumFOp::create(b, x, y);
    return isUnsigned() ? arith::MaxUIOp::create(b, x, y).getResult()
                        : arith::MaxSIOp::create(b, x, y).getResult();
  }
  Value min(Value x, Value y) const {
    if (isFloat())
      return arith::MinimumFOp::create(b, x, y);
    return isUnsigned() ? arith::MinUIOp::create(b, x, y).getResult()
                        : arith::MinSIOp::create(b, x, y).getResult();
  }
  /// A NaN is not below and stays.
  Value atLeast(Value x, Value low) const {
    return select(compare(Lt, x, low), low, x);
  }
  Value atMost(Value x, Value high) const {
    return select(compare(Gt, x, high), high, x);
  }

  /// Quotient or remainder without the processor's traps: x / 0 = x, and the
  /// lowest number over -1 wraps.
  Value quotient(Value x, Value y, bool remainder) const {
    Value zero = constant(0), one = constant(1), minusOne = constant(-1);
    Value isZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, zero);
    if (isUnsigned()) {
      Value safe = select(isZero, one, y);
      return remainder ? arith::RemUIOp::create(b, x, safe).getResult()
                       : arith::DivUIOp::create(b, x, safe).getResult();
    }
    Value isMinusOne =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, y, minusOne);
    Value safe = select(arith::OrIOp::create(b, isZero, isMinusOne), one, y);
    if (remainder)
      return arith::RemSIOp::create(b, x, safe);
    return select(isMinusOne, neg(x), arith::DivSIOp::create(b, x, safe));
  }

  Value sigmoid(Value x) const {
    return div(constant(1), add(constant(1), call<math::ExpOp>(neg(x))));
  }
  /// log(1 + e^x) = max(x, 0) + log1p(e^-|x|)
  Value softplus(Value x) const {
    Value small =
        call<math::Log1pOp>(call<math::ExpOp>(neg(call<math::AbsFOp>(x))));
    return add(atLeast(x, constant(0)), small);
  }
  Value erfGelu(Value x) const {
    Value erf = call<math::ErfOp>(mul(x, constant(M_SQRT1_2)));
    return mul(mul(constant(0.5), x), add(constant(1), erf));
  }
  Value tanhGelu(Value x) const {
    Value cubic = add(x, mul(constant(0.044715), mul(x, mul(x, x))));
    Value tanh = call<math::TanhOp>(mul(constant(0.7978845608028654), cubic));
    return mul(mul(constant(0.5), x), add(constant(1), tanh));
  }
  Value hardSigmoid(Value x, double alpha, double beta) const {
    return atMost(
        atLeast(add(mul(constant(alpha), x), constant(beta)), constant(0)),
        constant(1));
  }
  /// alpha * (e^x - 1) below 0
  Value elu(Value x, double alpha, double inner) const {
    Value argument = inner == 1 ? x : div(x, constant(inner));
    Value below = mul(constant(alpha), call<math::ExpM1Op>(argument));
    return select(compare(Lt, x, constant(0)), below, x);
  }
};

Value power(const Scalars &s, Value x, Value y) {
  APFloat exponent(0.0);
  if (matchPattern(y, m_ConstantFloat(&exponent))) {
    bool loses;
    exponent.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &loses);
    double value = exponent.convertToDouble();
    if (value == 1)
      return x;
    if (value == 2)
      return s.mul(x, x);
    if (value == 3)
      return s.mul(x, s.mul(x, x));
    if (value == 0.5)
      return s.call<math::SqrtOp>(x);
    if (value == -1)
      return s.div(s.constant(1), x);
  }
  return math::PowFOp::create(s.b, x, y);
}

/// x^y for elements of different types; integers compute in f64.
Value lowerPow(const Scalars &s, ValueRange v) {
  Type exponent = s.node.in(1).element;
  if (s.isFloat())
    return power(s, v[0], castScalar(s.b, v[1], exponent, s.type()));
  Type f64 = s.b.getF64Type();
  Value result =
      math::PowFOp::create(s.b, castScalar(s.b, v[0], s.element, f64),
                           castScalar(s.b, v[1], exponent, f64));
  return castScalar(s.b, result, f64, s.element);
}

/// The remainder with the divisor's sign, or with `fmod` the dividend's.
Value lowerMod(const Scalars &s, ValueRange v) {
  Value remainder = s.isFloat()
                        ? arith::RemFOp::create(s.b, v[0], v[1]).getResult()
                        : s.quotient(v[0], v[1], true);
  if (s.node.integer("fmod", 0) || s.isUnsigned())
    return remainder;
  Value differs = s.compare(Scalars::Lt, s.mul(remainder, v[1]), s.constant(0));
  if (!s.isFloat()) { // a product may wrap
    Value signs = arith::XOrIOp::create(s.b, remainder, v[1]);
    Value nonZero = arith::CmpIOp::create(s.b, arith::CmpIPredicate::ne,
                                          remainder, s.constant(0));
    differs = arith::AndIOp::create(
        s.b, s.compare(Scalars::Lt, signs, s.constant(0)), nonZero);
  }
  return s.select(differs, s.add(remainder, v[1]), remainder);
}

Value lowerClip(const Scalars &s, ValueRange v) {
  Value x = v[0];
  unsigned next = 1;
  if (s.node.has(1))
    x = s.atLeast(x, v[next++]);
  if (s.node.has(2))
    x = s.atMost(x, v[next]);
  return x;
}

Value lowerSign(const Scalars &s, ValueRange v) {
  Value zero = s.constant(0), one = s.constant(1);
  Value negative = s.isUnsigned() ? v[0]
                                  : s.select(s.compare(Scalars::Lt, v[0], zero),
                                             s.constant(-1), v[0]);
  return s.select(s.compare(Scalars::Gt, v[0], zero), one, negative);
}

/// Bits beyond the width of a type shift everything out.
Value lowerBitShift(const Scalars &s, ValueRange v) {
  Value width = s.constant(s.type().getIntOrFloatBitWidth());
  Value inside =
      arith::CmpIOp::create(s.b, arith::CmpIPredicate::ult, v[1], width);
  Value amount = s.select(inside, v[1], s.constant(0));
  Value shifted = s.node.string("direction", "LEFT") == "LEFT"
                      ? arith::ShLIOp::create(s.b, v[0], amount).getResult()
                      : arith::ShRUIOp::create(s.b, v[0], amount).getResult();
  return s.select(inside, shifted, s.constant(0));
}

Value lowerIsInf(const Scalars &s, ValueRange v) {
  Value negative = s.compare(Scalars::Eq, v[0], s.constant(-INFINITY));
  Value positive = s.compare(Scalars::Eq, v[0], s.constant(INFINITY));
  if (!s.node.integer("detect_positive", 1))
    return s.node.integer("detect_negative", 1)
               ? negative
               : arith::ConstantIntOp::create(s.b, 0, 1).getResult();
  return s.node.integer("detect_negative", 1)
             ? arith::OrIOp::create(s.b, negative, positive).getResult()
             : positive;
}

/// Numbers that a float of 8 bits is too small for become the largest, or what
/// their storage makes of them. A 4-bit one is cut in any case.
Value lowerCast(const Scalars &s, ValueRange v) {
  Type to = s.node.resultElement();
  Value value = castScalar(s.b, v[0], s.element, to);
  if (!isSmallFloat(to) || s.element == to || !s.node.integer("saturate", 1))
    return value;
  Scalars wide{s.b, s.node, s.b.getF32Type()};
  double largest = getLargest(to);
  return wide.atMost(wide.atLeast(value, wide.constant(-largest)),
                     wide.constant(largest));
}

/// Left to right over any count of operands.
template <typename F> Value fold(ValueRange v, F combine) {
  Value result = v[0];
  for (Value next : v.drop_front())
    result = combine(result, next);
  return result;
}

using Function = Value (*)(const Scalars &, ValueRange);

#define UNARY(OP)                                                              \
  [](const Scalars &s, ValueRange v) -> Value { return s.call<OP>(v[0]); }
#define INTEGER(OP)                                                            \
  [](const Scalars &s, ValueRange v) -> Value {                                \
    return OP::create(s.b, v[0], v[1]);                                        \
  }
#define COMPARE(C)                                                             \
  [](const Scalars &s, ValueRange v) -> Value {                                \
    return s.compare(Scalars::C, v[0], v[1]);                                  \
  }

const llvm::StringMap<Function> &functions() {
  using S = const Scalars &;
  using V = ValueRange;
  static const llvm::StringMap<Function> table = {
      // Arithmetic
      {"Add", [](S s, V v) { return s.add(v[0], v[1]); }},
      {"Sub", [](S s, V v) { return s.sub(v[0], v[1]); }},
      {"Mul", [](S s, V v) { return s.mul(v[0], v[1]); }},
      {"Div", [](S s, V v) { return s.div(v[0], v[1]); }},
      {"Mod", lowerMod},
      {"Pow", lowerPow},
      {"Neg", [](S s, V v) { return s.neg(v[0]); }},
      {"Abs",
       [](S s, V v) {
         if (s.isFloat())
           return s.call<math::AbsFOp>(v[0]);
         return s.isUnsigned() ? v[0] : s.call<math::AbsIOp>(v[0]);
       }},
      {"Sign", lowerSign},
      {"Reciprocal", [](S s, V v) { return s.div(s.constant(1), v[0]); }},
      {"Sqrt", UNARY(math::SqrtOp)},
      {"Exp", UNARY(math::ExpOp)},
      {"Log", UNARY(math::LogOp)},
      {"Erf", UNARY(math::ErfOp)},
      {"Ceil", UNARY(math::CeilOp)},
      {"Floor", UNARY(math::FloorOp)},
      {"Round", UNARY(math::RoundEvenOp)},
      {"Sin", UNARY(math::SinOp)},
      {"Cos", UNARY(math::CosOp)},
      {"Tan", UNARY(math::TanOp)},
      {"Asin", UNARY(math::AsinOp)},
      {"Acos", UNARY(math::AcosOp)},
      {"Atan", UNARY(math::AtanOp)},
      {"Sinh", UNARY(math::SinhOp)},
      {"Cosh", UNARY(math::CoshOp)},
      {"Tanh", UNARY(math::TanhOp)},
      {"Asinh", UNARY(math::AsinhOp)},
      {"Acosh", UNARY(math::AcoshOp)},
      {"Atanh", UNARY(math::AtanhOp)},
      {"Max",
       [](S s, V v) {
         return fold(v, [&](Value x, Value y) { return s.max(x, y); });
       }},
      {"Min",
       [](S s, V v) {
         return fold(v, [&](Value x, Value y) { return s.min(x, y); });
       }},
      {"Sum",
       [](S s, V v) {
         return fold(v, [&](Value x, Value y) { return s.add(x, y); });
       }},
      {"Mean",
       [](S s, V v) {
         Value sum = fold(v, [&](Value x, Value y) { return s.add(x, y); });
         return s.div(sum, s.constant(v.size()));
       }},
      {"Clip", lowerClip},
      // Activations
      {"Relu", [](S s, V v) { return s.atLeast(v[0], s.constant(0)); }},
      {"LeakyRelu",
       [](S s, V v) {
         Value below = s.mul(s.constant(s.node.number("alpha", 0.01)), v[0]);
         return s.select(s.compare(Scalars::Lt, v[0], s.constant(0)), below,
                         v[0]);
       }},
      {"PRelu",
       [](S s, V v) {
         return s.select(s.compare(Scalars::Lt, v[0], s.constant(0)),
                         s.mul(v[1], v[0]), v[0]);
       }},
      {"ThresholdedRelu",
       [](S s, V v) {
         Value above = s.compare(Scalars::Gt, v[0],
                                 s.constant(s.node.number("alpha", 1)));
         return s.select(above, v[0], s.constant(0));
       }},
      {"Elu",
       [](S s, V v) { return s.elu(v[0], s.node.number("alpha", 1), 1); }},
      {"Celu",
       [](S s, V v) {
         double alpha = s.node.number("alpha", 1);
         return s.elu(v[0], alpha, alpha);
       }},
      {"Selu",
       [](S s, V v) {
         Value scaled =
             s.elu(v[0], s.node.number("alpha", 1.67326319217681884765625), 1);
         return s.mul(
             s.constant(s.node.number("gamma", 1.05070102214813232421875)),
             scaled);
       }},
      {"Sigmoid", [](S s, V v) { return s.sigmoid(v[0]); }},
      {"HardSigmoid",
       [](S s, V v) {
         return s.hardSigmoid(v[0], s.node.number("alpha", 0.2),
                              s.node.number("beta", 0.5));
       }},
      {"HardSwish",
       [](S s, V v) { return s.mul(v[0], s.hardSigmoid(v[0], 1.0 / 6, 0.5)); }},
      {"Swish",
       [](S s, V v) {
         return s.mul(v[0], s.sigmoid(s.mul(
                                s.constant(s.node.number("alpha", 1)), v[0])));
       }},
      {"Softplus", [](S s, V v) { return s.softplus(v[0]); }},
      {"Softsign",
       [](S s, V v) {
         return s.div(v[0], s.add(s.constant(1), s.call<math::AbsFOp>(v[0])));
       }},
      {"Mish",
       [](S s, V v) {
         return s.mul(v[0], s.call<math::TanhOp>(s.softplus(v[0])));
       }},
      {"Gelu",
       [](S s, V v) {
         return s.node.string("approximate", "none") == "tanh"
                    ? s.tanhGelu(v[0])
                    : s.erfGelu(v[0]);
       }},
      {"Shrink",
       [](S s, V v) {
         // The bias of integers has a fraction too.
         Scalars real{s.b, s.node, s.isFloat() ? s.element : s.b.getF64Type()};
         Value x = castScalar(s.b, v[0], s.element, real.element);
         Value bias = real.constant(s.node.number("bias", 0));
         double lambd = s.node.number("lambd", 0.5);
         Value low = real.compare(Scalars::Lt, x, real.constant(-lambd)),
               high = real.compare(Scalars::Gt, x, real.constant(lambd));
         Value y =
             s.select(low, real.add(x, bias),
                      s.select(high, real.sub(x, bias), real.constant(0)));
         return castScalar(s.b, y, real.element, s.element);
       }},
      // Comparison, logic, bits
      {"Equal", COMPARE(Eq)},
      {"Less", COMPARE(Lt)},
      {"LessOrEqual", COMPARE(Le)},
      {"Greater", COMPARE(Gt)},
      {"GreaterOrEqual", COMPARE(Ge)},
      {"And", INTEGER(arith::AndIOp)},
      {"Or", INTEGER(arith::OrIOp)},
      {"Xor", INTEGER(arith::XOrIOp)},
      {"BitwiseAnd", INTEGER(arith::AndIOp)},
      {"BitwiseOr", INTEGER(arith::OrIOp)},
      {"BitwiseXor", INTEGER(arith::XOrIOp)},
      {"Not",
       [](S s, V v) -> Value {
         return arith::XOrIOp::create(s.b, v[0],
                                      arith::ConstantIntOp::create(s.b, 1, 1));
       }},
      {"BitwiseNot",
       [](S s, V v) -> Value {
         return arith::XOrIOp::create(s.b, v[0], s.constant(-1));
       }},
      {"BitShift", lowerBitShift},
      {"IsNaN",
       [](S s, V v) -> Value {
         return arith::CmpFOp::create(s.b, arith::CmpFPredicate::UNO, v[0],
                                      v[0]);
       }},
      {"IsInf", lowerIsInf},
      {"Where", [](S s, V v) { return s.select(v[0], v[1], v[2]); }},
      // Copies and conversions
      {"Identity", [](S s, V v) { return v[0]; }},
      {"Expand", [](S s, V v) { return v[0]; }},
      {"Cast", lowerCast},
      {"CastLike", lowerCast},
  };
  return table;
}

} // namespace

bool lowering::isElementwise(StringRef operation) {
  return operation.consume_front("onnx.") && functions().contains(operation);
}

LogicalResult lowering::lowerElementwise(Node &node) {
  StringRef name = node.name();
  SmallVector<Tensor> inputs = node.inputs();
  Dims dims = node.resultDims();
  if (name == "Expand" || name == "CastLike" || name == "Cast" ||
      name == "Identity")
    inputs.truncate(1); // the shape, or a type to be like
  if ((name == "Identity" || (name == "Expand" && inputs[0].dims == dims) ||
       (name == "Cast" && inputs[0].element == node.resultElement())))
    return node.replace(inputs[0].value);
  Scalars prototype{node.b, node, inputs[name == "Where" ? 1 : 0].element};
  Function function = functions().lookup(name);
  Tensor result =
      map(node.b, inputs, dims, node.resultElement(),
          [&](ImplicitLocOpBuilder &b, ValueRange scalars) {
            return function(Scalars{b, node, prototype.element}, scalars);
          });
  return node.replace(result.value);
}
