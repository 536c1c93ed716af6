//===- ExpandMath.cpp - functions as polynomials of our own -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// exp, log, tanh and erf, the hot ones, compute in f32 (after N. Juffa's
// published approximations). The rest computes in f64, where short formulas are
// good enough for a correctly rounded f32 but for rare ties.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Conversion/Passes.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Target/TargetInfo.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>
#include <limits>

namespace squint {
#define GEN_PASS_DEF_EXPANDMATH
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;

namespace {

/// A float value, or a vector of them, with the operators that formulas are
/// written in.
struct Num {
  ImplicitLocOpBuilder *b = nullptr;
  Value value;

  Type type() const { return value.getType(); }
  Type like(Type element) const {
    auto vector = dyn_cast<VectorType>(type());
    return vector ? vector.clone(element) : element;
  }
  bool isDouble() const { return getElementTypeOrSelf(type()).isF64(); }
  Value constantInt(int64_t number, unsigned bits) const {
    Type integer = b->getIntegerType(bits);
    Attribute attr = b->getIntegerAttr(integer, number);
    if (auto vector = dyn_cast<VectorType>(type()))
      attr = DenseElementsAttr::get(vector.clone(integer), attr);
    return arith::ConstantOp::create(*b, cast<TypedAttr>(attr));
  }
  Num constant(double number) const {
    Attribute attr = b->getFloatAttr(getElementTypeOrSelf(type()), number);
    if (auto vector = dyn_cast<VectorType>(type()))
      attr = DenseElementsAttr::get(vector, attr);
    return {b, arith::ConstantOp::create(*b, cast<TypedAttr>(attr))};
  }
  Value bits() const {
    return arith::BitcastOp::create(
        *b, like(b->getIntegerType(isDouble() ? 64 : 32)), value);
  }
  Num fromBits(Value integer) const {
    return {b, arith::BitcastOp::create(*b, type(), integer)};
  }
  Num abs() const { return {b, math::AbsFOp::create(*b, value)}; }
  Num roundEven() const { return {b, math::RoundEvenOp::create(*b, value)}; }
  Num floor() const { return {b, math::FloorOp::create(*b, value)}; }
  Num sqrt() const { return {b, math::SqrtOp::create(*b, value)}; }
  Num withSign(Num sign) const {
    return {b, math::CopySignOp::create(*b, value, sign.value)};
  }
  Num toDouble() const {
    return {b, arith::ExtFOp::create(*b, like(b->getF64Type()), value)};
  }
  Num toFloat() const {
    return {b, arith::TruncFOp::create(*b, like(b->getF32Type()), value)};
  }
  Value compare(arith::CmpFPredicate predicate, Num other) const {
    return arith::CmpFOp::create(*b, predicate, value, other.value);
  }
  Value compare(arith::CmpFPredicate predicate, double other) const {
    return compare(predicate, constant(other));
  }
  Value less(double other) const {
    return compare(arith::CmpFPredicate::OLT, other);
  }
  Value greater(double other) const {
    return compare(arith::CmpFPredicate::OGT, other);
  }
  Value equals(double other) const {
    return compare(arith::CmpFPredicate::OEQ, other);
  }
};

Num operator+(Num x, Num y) {
  return {x.b, arith::AddFOp::create(*x.b, x.value, y.value)};
}
Num operator-(Num x, Num y) {
  return {x.b, arith::SubFOp::create(*x.b, x.value, y.value)};
}
Num operator*(Num x, Num y) {
  return {x.b, arith::MulFOp::create(*x.b, x.value, y.value)};
}
Num operator/(Num x, Num y) {
  return {x.b, arith::DivFOp::create(*x.b, x.value, y.value)};
}
Num operator+(Num x, double y) { return x + x.constant(y); }
Num operator-(Num x, double y) { return x - x.constant(y); }
Num operator*(Num x, double y) { return x * x.constant(y); }
Num operator-(double x, Num y) { return y.constant(x) - y; }
Num operator/(double x, Num y) { return y.constant(x) / y; }
Num operator-(Num x) { return {x.b, arith::NegFOp::create(*x.b, x.value)}; }
Num fma(Num x, Num y, Num z) {
  return {x.b, math::FmaOp::create(*x.b, x.value, y.value, z.value)};
}
Num fma(Num x, Num y, double z) { return fma(x, y, x.constant(z)); }
Num fma(Num x, double y, Num z) { return fma(x, x.constant(y), z); }
Num select(Value condition, Num x, Num y) {
  return {x.b, arith::SelectOp::create(*x.b, condition, x.value, y.value)};
}
Num select(Value condition, double x, Num y) {
  return select(condition, y.constant(x), y);
}
Value both(Num x, Value a, Value c) {
  return arith::AndIOp::create(*x.b, a, c);
}
Value either(Num x, Value a, Value c) {
  return arith::OrIOp::create(*x.b, a, c);
}

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Coefficients from the highest power down.
Num polynomial(Num x, ArrayRef<double> coefficients) {
  Num r = x.constant(coefficients.front());
  for (double c : coefficients.drop_front())
    r = fma(r, x, c);
  return r;
}

//===----------------------------------------------------------------------===//
// f32
//===----------------------------------------------------------------------===//

/// e^x is p * 2^n with n = round(x / ln 2), which is read from the bits of the
/// rounding sum, so that a NaN is never converted. They are n plus a multiple
/// of 2^22, which shifts to the exponent drop.
struct Exponential {
  Num p;
  Value n;
};

Exponential reduceExp32(Num x) {
  constexpr double magic = 12582912.0; // 1.5 * 2^23
  Num sum = fma(x, x.constant(0x1.715476p0), magic);
  Num i = sum - magic;
  Num f = fma(i, -0x1.62e400p-1, x);
  f = fma(i, -0x1.7f7d1cp-20, f);
  Num p = polynomial(f, {0x1.694000p-10, 0x1.125edcp-7, 0x1.555b5ap-5,
                         0x1.555450p-3, 0x1.fffff6p-2, 1.0, 1.0});
  return {p, sum.bits()};
}

/// 2^n for -127 < n < 128, and for n plus multiples of 2^9.
Num power32(Num like, Value n) {
  ImplicitLocOpBuilder &b = *like.b;
  Value biased = arith::AddIOp::create(b, n, like.constantInt(127, 32));
  return like.fromBits(
      arith::ShLIOp::create(b, biased, like.constantInt(23, 32)));
}

/// Two factors of half the exponent reach denormals and infinity.
Num exp32(Num x) {
  ImplicitLocOpBuilder &b = *x.b;
  x = select(x.greater(89.0), 89.0, x);
  x = select(x.less(-104.0), -104.0, x);
  auto [p, n] = reduceExp32(x);
  Value half = arith::ShRSIOp::create(b, n, x.constantInt(1, 32));
  Value rest = arith::SubIOp::create(b, n, half);
  return p * power32(x, half) * power32(x, rest);
}

Num log32(Num x) {
  ImplicitLocOpBuilder &b = *x.b;
  Value tiny = x.less(1.175494351e-38);
  Num a = select(tiny, x * 8388608.0, x);
  Num i = select(tiny, -23.0, x.constant(0.0));
  Value e = arith::SubIOp::create(b, a.bits(), x.constantInt(0x3f2aaaab, 32));
  e = arith::AndIOp::create(b, e, x.constantInt(0xff800000, 32));
  Num m = x.fromBits(arith::SubIOp::create(b, a.bits(), e)) - 1.0;
  Num exponent = {&b, arith::SIToFPOp::create(b, x.type(), e)};
  i = fma(exponent, 0x1.0p-23, i);
  Num s = m * m;
  Num r = polynomial(
      s, {-0x1.0ae000p-3, -0x1.f198b2p-4, -0x1.55b36cp-3, -0x1.fffe02p-3});
  Num t = polynomial(s, {0x1.208000p-3, 0x1.1e5740p-3, 0x1.99d8b2p-3});
  r = fma(t, m, r);
  r = fma(r, m, 0x1.5554fap-2);
  r = fma(r, m, -0.5);
  r = fma(r, s, m);
  r = fma(i, 0x1.62e430p-1, r);
  r = select(x.equals(kInf), kInf, r);
  r = select(x.equals(0.0), -kInf, r);
  return select(x.compare(arith::CmpFPredicate::ULT, 0.0), kNan, r);
}

Num tanh32(Num x) {
  Num a = x.abs(), s = x * x;
  Num e = exp32(a * 2.0);
  Num large = 1.0 - x.constant(2.0) / (e + 1.0);
  Num r = polynomial(s, {-0.005666977260261774, 0.020606176927685738,
                         -0.05373000726103783, 0.13331331312656403,
                         -0.33333277702331543});
  Num small = fma(r * s, a, a);
  return select(a.less(0.63), small, large).withSign(x);
}

Num erf32(Num x) {
  Num t = x.abs(), s = x * x;
  Num r = fma(t, -0x1.220000p-16, x.constant(0x1.91cfb2p-12));
  Num u = fma(t, -0x1.fd1438p-9, x.constant(0x1.8d6342p-6));
  r = fma(r, s, u);
  r = fma(r, t, -0x1.b55cb8p-4);
  r = fma(r, t, -0x1.450aa0p-1);
  r = fma(r, t, -0x1.079d0cp-3);
  r = fma(r, t, -t);
  // Past 4 the result is 1, but the polynomial turns around.
  r = select(t.greater(4.0), -17.5, r);
  auto [exp, n] = reduceExp32(r);
  Num large = (1.0 - exp * power32(x, n)).withSign(x);
  Num p = polynomial(s, {-0x1.38e000p-11, 0x1.471a58p-8, -0x1.b691b2p-6,
                         0x1.ce1c44p-4, -0x1.812700p-2, 0x1.06eba8p-3});
  Num small = fma(p, x, x);
  // A NaN is not greater.
  return select(t.greater(0x1.dbp-1), large, small);
}

//===----------------------------------------------------------------------===//
// f64 cores: relative errors near 1e-15, arguments and results of f32's range
//===----------------------------------------------------------------------===//

constexpr double kMagic64 = 6755399441055744.0; // 1.5 * 2^52

/// 2^n for an integer held by `sum = n + kMagic64`.
Num power2(Num sum) {
  ImplicitLocOpBuilder &b = *sum.b;
  // The sum's low bits are n + 2^51 (in the mantissa); the shift drops all but
  // the low 12.
  Value biased =
      arith::AddIOp::create(b, sum.bits(), sum.constantInt(1023, 64));
  return sum.fromBits(
      arith::ShLIOp::create(b, biased, sum.constantInt(52, 64)));
}

/// e^x for any x; |x| is cut at 200, beyond f32's range on both sides.
Num exp64(Num x) {
  x = select(x.greater(200.0), 200.0, x);
  x = select(x.less(-200.0), -200.0, x);
  Num sum = fma(x, x.constant(1.4426950408889634), kMagic64);
  Num n = sum - kMagic64;
  Num f = fma(n, -0x1.62e42fefa39efp-1, x);
  f = fma(n, -0x1.abc9e3b39803fp-56, f);
  SmallVector<double> taylor;
  double factorial = 1;
  for (int i = 0; i <= 13; ++i) {
    taylor.push_back(1 / factorial);
    factorial *= i + 1;
  }
  std::reverse(taylor.begin(), taylor.end());
  return polynomial(f, taylor) * power2(sum);
}

/// ln x for a normal x > 0; -inf for 0, inf for inf, NaN below 0.
Num log64(Num x) {
  ImplicitLocOpBuilder &b = *x.b;
  Value e = arith::SubIOp::create(
      b, x.bits(), x.constantInt(0x3fe6a09e667f3bcd, 64)); // sqrt(1/2)
  e = arith::AndIOp::create(b, e,
                            x.constantInt(int64_t(0xfff0000000000000), 64));
  Num m = x.fromBits(arith::SubIOp::create(b, x.bits(), e));
  Num n = {&b, arith::SIToFPOp::create(
                   b, x.type(),
                   arith::ShRSIOp::create(b, e, x.constantInt(52, 64)))};
  Num f = (m - 1.0) / (m + 1.0), s = f * f;
  SmallVector<double> series;
  for (int i = 19; i >= 3; i -= 2)
    series.push_back(2.0 / i);
  Num r = fma(polynomial(s, series) * s, f, f * 2.0);
  r = fma(n, 0x1.62e42fefa39efp-1, r);
  r = select(x.equals(kInf), kInf, r);
  r = select(x.equals(0.0), -kInf, r);
  return select(x.compare(arith::CmpFPredicate::ULT, 0.0), kNan, r);
}

Num atan64(Num x) {
  Num a = x.abs();
  Value big = a.greater(2.414213562373095),
        middle = a.greater(0.4142135623730951);
  Num t = select(big, -1.0 / a, select(middle, (a - 1.0) / (a + 1.0), a));
  Num base = select(big, 1.5707963267948966,
                    select(middle, 0.7853981633974483, a.constant(0.0)));
  Num s = t * t;
  Num r = polynomial(
      s, {-0.025495632966386943, 0.050390676440079024, -0.0651077574031576,
          0.0767440960586049, -0.09089624153347582, 0.11111054939216984,
          -0.14285712889975366, 0.19999999982949698, -0.333333333332615});
  return (base + fma(r * s, t, t)).withSign(x);
}

/// x * 2 / pi = 4 k + n + f with n in 0..3 and |f| <= 1/2: 2 / pi in pieces of
/// 28 bits, whose products with the 24 bits of x are exact, each reduced modulo
/// 4 (exact as well) before they are summed.
std::pair<Num, Num> reduceQuadrant(Num x) {
  static constexpr double pieces[] = {
      0x1.45f306cp-1,   0x1.c9c882ap-29, 0x1.4fe13a8p-59,  0x1.f47d4dp-86,
      0x1.bb81b6cp-113, 0x1.4acc9ep-143, 0x1.0e4107cp-170, 0x1.ca2c756p-197};
  Num sum = x.constant(0.0), low = sum;
  for (double piece : pieces) {
    Num product = x * piece;
    Num reduced = fma((product * 0.25).roundEven(), -4.0, product);
    // Keep what the sum rounds off.
    Num next = sum + reduced;
    low = low + (reduced - (next - sum));
    sum = next;
  }
  Num n = (sum + kMagic64) - kMagic64;
  return {n, (sum - n) + low};
}

/// sin(x + quarters * pi / 2)
Num sine64(Num x, double quarters) {
  ImplicitLocOpBuilder &b = *x.b;
  auto [n, f] = reduceQuadrant(x);
  Value quadrant = (n + (kMagic64 + quarters)).bits();
  Num r = f * 1.5707963267948966, s = r * r;
  Num sine = fma(polynomial(s, {1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880,
                                -1.0 / 5040, 1.0 / 120, -1.0 / 6}) *
                     s,
                 r, r);
  Num cosine =
      polynomial(s, {-1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800,
                     1.0 / 40320, -1.0 / 720, 1.0 / 24, -0.5, 1.0});
  auto bit = [&](int64_t mask) {
    Value masked = arith::AndIOp::create(b, quadrant, x.constantInt(mask, 64));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, masked,
                                 x.constantInt(0, 64));
  };
  Num result = select(bit(1), cosine, sine);
  result = select(bit(2), -result, result);
  if (quarters == 0)
    result = select(x.abs().less(1e-5), x, result); // -0 too
  return select(x.abs().compare(arith::CmpFPredicate::UGE, kInf), kNan, result);
}

Num pow64(Num x, Num y) {
  Num a = x.abs();
  Num magnitude = exp64(y * log64(a));
  Num half = y * 0.5;
  Value isInteger = y.compare(arith::CmpFPredicate::OEQ, y.floor());
  Value isEven = half.compare(arith::CmpFPredicate::OEQ, half.floor());
  Num odd = select(isEven, magnitude, magnitude.withSign(x));
  // A negative base has a power only for integers, an infinite or zero base
  // always.
  Value finite =
      both(x, x.compare(arith::CmpFPredicate::OLT, 0.0), a.less(kInf));
  Num signedPower = select(isInteger, odd, select(finite, kNan, magnitude));
  Num r = select(either(x, x.compare(arith::CmpFPredicate::UNO, x),
                        y.compare(arith::CmpFPredicate::UNO, y)),
                 kNan, signedPower);
  // pow(1, y) = pow(x, 0) = pow(-1, inf) = 1
  Value one = either(x, x.equals(1.0), y.equals(0.0));
  one = either(x, one, both(x, a.equals(1.0), y.abs().equals(kInf)));
  return select(one, 1.0, r);
}

/// (e^x + sign e^-x) / 2. Near 0 the difference loses digits, and the series
/// has them.
Num sinh64(Num x) {
  Num s = x * x;
  Num series = fma(polynomial(s, {1.0 / 5040, 1.0 / 120, 1.0 / 6}) * s, x, x);
  return select(x.abs().less(0.01), series, (exp64(x) - exp64(-x)) * 0.5);
}
Num expm164(Num x) {
  Num series =
      fma(polynomial(x, {1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5}) * x, x, x);
  return select(x.abs().less(0.001), series, exp64(x) - 1.0).withSign(x);
}
Num log1p64(Num x) {
  Num series = fma(polynomial(x, {0.2, -0.25, 1.0 / 3, -0.5}) * x, x, x);
  return select(x.abs().less(0.001), series, log64(x + 1.0));
}
Num asin64(Num x) {
  Num root = ((1.0 - x) * (x + 1.0)).sqrt();
  return atan64(x / root); // x / 0 is infinite at 1
}
Num asinh64(Num x) {
  Num a = x.abs(), s = x * x;
  Num series = fma(polynomial(s, {-15.0 / 336, 3.0 / 40, -1.0 / 6}) * s, x, x);
  return select(a.less(0.01), series, log64(a + (s + 1.0).sqrt())).withSign(x);
}
Num acosh64(Num x) {
  Num r = log64(x + ((x - 1.0) * (x + 1.0)).sqrt());
  return select(x.compare(arith::CmpFPredicate::ULT, 1.0), kNan, r);
}
Num atanh64(Num x) {
  Num s = x * x;
  Num series = fma(polynomial(s, {1.0 / 7, 0.2, 1.0 / 3}) * s, x, x);
  return select(x.abs().less(0.01), series, log64((x + 1.0) / (1.0 - x)) * 0.5);
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

using Function = Num (*)(ArrayRef<Num>);
struct Expansion {
  Function function;
  bool inDouble;
};

const llvm::StringMap<Expansion> &expansions() {
  using Args = ArrayRef<Num>;
  static const llvm::StringMap<Expansion> table = {
      {"math.exp", {[](Args a) { return exp32(a[0]); }, false}},
      {"math.log", {[](Args a) { return log32(a[0]); }, false}},
      {"math.tanh", {[](Args a) { return tanh32(a[0]); }, false}},
      {"math.erf", {[](Args a) { return erf32(a[0]); }, false}},
      {"math.rsqrt", {[](Args a) { return 1.0 / a[0].sqrt(); }, false}},
      {"math.exp2",
       {[](Args a) { return exp64(a[0] * 0.6931471805599453); }, true}},
      {"math.expm1", {[](Args a) { return expm164(a[0]); }, true}},
      {"math.log2",
       {[](Args a) { return log64(a[0]) * 1.4426950408889634; }, true}},
      {"math.log10",
       {[](Args a) { return log64(a[0]) * 0.4342944819032518; }, true}},
      {"math.log1p", {[](Args a) { return log1p64(a[0]); }, true}},
      {"math.sin", {[](Args a) { return sine64(a[0], 0); }, true}},
      {"math.cos", {[](Args a) { return sine64(a[0], 1); }, true}},
      {"math.tan",
       {[](Args a) { return sine64(a[0], 0) / sine64(a[0], 1); }, true}},
      {"math.sinh", {[](Args a) { return sinh64(a[0]); }, true}},
      {"math.cosh",
       {[](Args a) { return (exp64(a[0]) + exp64(-a[0])) * 0.5; }, true}},
      {"math.asin", {[](Args a) { return asin64(a[0]); }, true}},
      {"math.acos",
       {[](Args a) { return 1.5707963267948966 - asin64(a[0]); }, true}},
      {"math.atan", {[](Args a) { return atan64(a[0]); }, true}},
      {"math.asinh", {[](Args a) { return asinh64(a[0]); }, true}},
      {"math.acosh", {[](Args a) { return acosh64(a[0]); }, true}},
      {"math.atanh", {[](Args a) { return atanh64(a[0]); }, true}},
      {"math.powf", {[](Args a) { return pow64(a[0], a[1]); }, true}},
      {"math.cbrt",
       {[](Args a) {
          Num x = a[0], root = exp64(log64(x.abs()) * (1.0 / 3)).withSign(x);
          return select(
              either(x, x.equals(0.0),
                     x.abs().compare(arith::CmpFPredicate::UGE, kInf)),
              x, root);
        },
        true}},
  };
  return table;
}

//===----------------------------------------------------------------------===//
// What targets lack
//===----------------------------------------------------------------------===//

/// Rounds by adding and taking away 2^23 or 2^52, above which every number is
/// an integer.
Num roundByAdding(Num x, StringRef name) {
  double large = x.isDouble() ? 0x1.0p52 : 0x1.0p23;
  Num a = x.abs();
  Num even = (a + large) - large; // half to even, as the processor adds
  Num r = even;
  if (name != "math.roundeven") {
    Num value = even.withSign(x);
    Num down =
        select(value.compare(arith::CmpFPredicate::OGT, x), value - 1.0, value);
    Num up =
        select(value.compare(arith::CmpFPredicate::OLT, x), value + 1.0, value);
    r = name == "math.floor"  ? down
        : name == "math.ceil" ? up
                              : select(x.less(0.0), up, down);
    r = r.withSign(x); // ceil(-0.5) = -0
  } else {
    r = even.withSign(x);
  }
  return select(a.less(large), r, x); // a NaN stays
}

Num floatFromHalf(ImplicitLocOpBuilder &b, Value half, Type floatType) {
  Num like{&b, arith::ConstantOp::create(
                   b, cast<TypedAttr>(b.getZeroAttr(floatType)))};
  Type narrow = like.like(b.getI16Type()), wide = like.like(b.getI32Type());
  Value bits = arith::ExtUIOp::create(
      b, wide, arith::BitcastOp::create(b, narrow, half));
  auto constant = [&](int64_t value) { return like.constantInt(value, 32); };
  Value sign = arith::ShLIOp::create(
      b, arith::AndIOp::create(b, bits, constant(0x8000)), constant(16));
  Value rest = arith::ShLIOp::create(
      b, arith::AndIOp::create(b, bits, constant(0x7fff)), constant(13));
  // The exponent moves by 112 through a product, which makes denormals normal;
  // infinities and NaN by hand.
  Num scaled = like.fromBits(rest) * 0x1.0p112;
  Value special = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rest,
                                        constant(0x7c00 << 13));
  Num infinite =
      like.fromBits(arith::OrIOp::create(b, rest, constant(0x7f800000)));
  Num magnitude = select(special, infinite, scaled);
  return like.fromBits(arith::OrIOp::create(b, magnitude.bits(), sign));
}

Value halfFromFloat(Num x, Type halfType) {
  ImplicitLocOpBuilder &b = *x.b;
  auto constant = [&](int64_t value) { return x.constantInt(value, 32); };
  Value bits = x.bits();
  Value sign = arith::ShRUIOp::create(
      b, arith::AndIOp::create(b, bits, constant(0x80000000)), constant(16));
  Value magnitude = arith::AndIOp::create(b, bits, constant(0x7fffffff));
  // Normal: round the 13 bits that go half to even; the carry may reach the
  // exponent, which is right.
  Value odd = arith::AndIOp::create(
      b, arith::ShRUIOp::create(b, magnitude, constant(13)), constant(1));
  Value biased =
      arith::AddIOp::create(b, magnitude, constant(0xfff - (112 << 23)));
  Value normal = arith::ShRUIOp::create(
      b, arith::AddIOp::create(b, biased, odd), constant(13));
  // Denormal: adding 0.5 aligns the mantissa so that its last bit is 2^-24, the
  // processor rounds.
  Num aligned = x.fromBits(magnitude) + 0.5;
  Value denormal =
      arith::SubIOp::create(b, aligned.bits(), constant(0x3f000000));
  auto above = [&](int64_t value) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::uge, magnitude,
                                 constant(value));
  };
  Value result = arith::SelectOp::create(b, above(113 << 23), normal, denormal);
  result = arith::SelectOp::create(b, above(0x477ff000), constant(0x7c00),
                                   result); // 65520 rounds to infinity
  Value isNan = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, magnitude,
                                      constant(0x7f800000));
  result = arith::SelectOp::create(b, isNan, constant(0x7e00), result);
  result = arith::OrIOp::create(b, result, sign);
  return arith::BitcastOp::create(
      b, halfType, arith::TruncIOp::create(b, x.like(b.getI16Type()), result));
}

Num floatFromBfloat(ImplicitLocOpBuilder &b, Value narrow, Type floatType) {
  Num like{&b, arith::ConstantOp::create(
                   b, cast<TypedAttr>(b.getZeroAttr(floatType)))};
  Value bits = arith::BitcastOp::create(b, like.like(b.getI16Type()), narrow);
  Value wide = arith::ExtUIOp::create(b, like.like(b.getI32Type()), bits);
  return like.fromBits(
      arith::ShLIOp::create(b, wide, like.constantInt(16, 32)));
}

Value bfloatFromFloat(Num x, Type narrowType) {
  ImplicitLocOpBuilder &b = *x.b;
  Value bits = x.bits();
  Value odd = arith::AndIOp::create(
      b, arith::ShRUIOp::create(b, bits, x.constantInt(16, 32)),
      x.constantInt(1, 32));
  Value rounded = arith::AddIOp::create(
      b, arith::AddIOp::create(b, bits, x.constantInt(0x7fff, 32)), odd);
  Value isNan = x.compare(arith::CmpFPredicate::UNO, x);
  rounded =
      arith::SelectOp::create(b, isNan, x.constantInt(0x7fc00000, 32), rounded);
  Value high = arith::ShRUIOp::create(b, rounded, x.constantInt(16, 32));
  return arith::BitcastOp::create(
      b, narrowType, arith::TruncIOp::create(b, x.like(b.getI16Type()), high));
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

struct ExpandMath : squint::impl::ExpandMathBase<ExpandMath> {
  bool roundings = false, halves = false;

  void runOnOperation() override {
    if (failed(readTargets()))
      return signalPassFailure();
    // Expansions contain what may have to be expanded in turn.
    for (bool changed = true; changed;) {
      changed = false;
      SmallVector<Operation *> ops;
      getOperation().walk([&](Operation *op) {
        if (isa<math::MathDialect>(op->getDialect()) ||
            isa<arith::ExtFOp, arith::TruncFOp>(op))
          ops.push_back(op);
      });
      for (Operation *op : ops)
        changed |= expand(op);
    }
  }

  /// What some target of the module has no instruction for.
  LogicalResult readTargets() {
    roundings = halves = false;
    auto targets =
        getOperation()->getAttrOfType<ArrayAttr>(squint::kTargetsAttr);
    for (Attribute attr :
         targets ? targets.getValue() : ArrayRef<Attribute>()) {
      auto target = cast<squint::TargetAttr>(attr);
      auto info = squint::TargetInfo::get(target.getTriple(), target.getCpu(),
                                          target.getFeatures());
      if (!info)
        return getOperation()->emitError() << llvm::toString(info.takeError());
      if (info->arch != squint::TargetInfo::Arch::X86_64)
        continue;
      roundings |= !info->hasFeature("sse4.1");
      halves |= !info->f16c;
    }
    return success();
  }

  bool expand(Operation *op) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    if (isa<arith::ExtFOp, arith::TruncFOp>(op))
      return expandConversion(b, op);
    Type type = op->getResult(0).getType(),
         element = getElementTypeOrSelf(type);
    StringRef name = op->getName().getStringRef();
    if (isa<math::RoundEvenOp, math::FloorOp, math::CeilOp, math::TruncOp>(
            op) &&
        roundings && (element.isF32() || element.isF64())) {
      op->replaceAllUsesWith(
          ValueRange(roundByAdding({&b, op->getOperand(0)}, name).value));
      op->erase();
      return true;
    }
    auto found = expansions().find(name);
    if (found == expansions().end() ||
        !(element.isF32() || element.isF16() || element.isBF16()))
      return false;
    SmallVector<Num> arguments;
    for (Value operand : op->getOperands()) {
      Num number{&b, operand};
      if (!element.isF32())
        number.value =
            arith::ExtFOp::create(b, number.like(b.getF32Type()), operand);
      arguments.push_back(found->second.inDouble ? number.toDouble() : number);
    }
    Num result = found->second.function(arguments);
    if (found->second.inDouble)
      result = result.toFloat();
    if (!element.isF32())
      result.value = arith::TruncFOp::create(b, type, result.value);
    op->replaceAllUsesWith(ValueRange(result.value));
    op->erase();
    return true;
  }

  bool expandConversion(ImplicitLocOpBuilder &b, Operation *op) {
    Type from = op->getOperand(0).getType(), to = op->getResult(0).getType();
    bool widens = isa<arith::ExtFOp>(op);
    Type narrow = getElementTypeOrSelf(widens ? from : to),
         wide = getElementTypeOrSelf(widens ? to : from);
    if (!wide.isF32() || !(narrow.isBF16() || (narrow.isF16() && halves)))
      return false;
    Value result;
    if (widens)
      result = (narrow.isF16() ? floatFromHalf
                               : floatFromBfloat)(b, op->getOperand(0), to)
                   .value;
    else
      result = (narrow.isF16() ? halfFromFloat : bfloatFromFloat)(
          Num{&b, op->getOperand(0)}, to);
    op->replaceAllUsesWith(ValueRange(result));
    op->erase();
    return true;
  }
};

} // namespace
