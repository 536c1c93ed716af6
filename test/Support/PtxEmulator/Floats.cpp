//===- Floats.cpp - floating-point instructions ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums, products and quotients are rounded once, as PTX says. What PTX leaves
// approximate (.approx, .full) is computed in double and rounded once as well.
//===----------------------------------------------------------------------===//
#include "Floats.h"

#include "Numbers.h"

#include <cfenv>

using namespace ptx;

namespace {
enum Operation : uint8_t { Add, Sub, Mul, Fma, Div, Minimum, Maximum, Unary };
enum Flag : uint8_t { Ftz = 1, Saturate = 2, Relu = 4, NanWins = 8 };

float canonical(float value) {
  if (value == value)
    return value;
  uint32_t bits = 0x7fffffff;
  memcpy(&value, &bits, 4);
  return value;
}

//===----------------------------------------------------------------------===//
// What is common: to nearest, nothing flushed
//===----------------------------------------------------------------------===//

float addSingle(float a, float b) { return canonical(a + b); }
float subSingle(float a, float b) { return canonical(a - b); }
float mulSingle(float a, float b) { return canonical(a * b); }
float fmaSingle(float a, float b, float c) {
  return canonical(std::fma(a, b, c));
}
double addDouble(double a, double b) { return a + b; }
double subDouble(double a, double b) { return a - b; }
double mulDouble(double a, double b) { return a * b; }
double fmaDouble(double a, double b, double c) { return std::fma(a, b, c); }

float toFloat(Half value) { return halfToFloat(value.bits); }
float toFloat(Brain value) { return brainToFloat(value.bits); }
// A float has more than twice a half's bits: a sum or product of halves that is
// rounded to it and then to half is rounded right.
Half addHalf(Half a, Half b) { return {floatToHalf(toFloat(a) + toFloat(b))}; }
Half subHalf(Half a, Half b) { return {floatToHalf(toFloat(a) - toFloat(b))}; }
Half mulHalf(Half a, Half b) { return {floatToHalf(toFloat(a) * toFloat(b))}; }
Half fmaHalf(Half a, Half b, Half c) {
  double product = double(toFloat(a)) * toFloat(b);
  return {floatToHalf(toFloatOdd(addToOdd(product, toFloat(c))))};
}
Brain addBrain(Brain a, Brain b) {
  return {floatToBrain(toFloatOdd(addToOdd(toFloat(a), toFloat(b))))};
}
Brain subBrain(Brain a, Brain b) {
  return {floatToBrain(toFloatOdd(addToOdd(toFloat(a), -toFloat(b))))};
}
Brain mulBrain(Brain a, Brain b) {
  return {floatToBrain(toFloatOdd(double(toFloat(a)) * toFloat(b)))};
}
Brain fmaBrain(Brain a, Brain b, Brain c) {
  double product = double(toFloat(a)) * toFloat(b);
  return {floatToBrain(toFloatOdd(addToOdd(product, toFloat(c))))};
}
template <auto F> Half2 both(Half2 a, Half2 b) {
  return {F(a.low, b.low), F(a.high, b.high)};
}
template <auto F> Half2 both3(Half2 a, Half2 b, Half2 c) {
  return {F(a.low, b.low, c.low), F(a.high, b.high, c.high)};
}
template <auto F> Brain2 both(Brain2 a, Brain2 b) {
  return {F(a.low, b.low), F(a.high, b.high)};
}
template <auto F> Brain2 both3(Brain2 a, Brain2 b, Brain2 c) {
  return {F(a.low, b.low, c.low), F(a.high, b.high, c.high)};
}

template <auto H, auto B, auto S, auto D> Handler binaryOf(Type type) {
  switch (type) {
  case Type::F16:
    return Lanewise<H>::run;
  case Type::F16x2:
    return Lanewise<static_cast<Half2 (*)(Half2, Half2)>(&both<H>)>::run;
  case Type::BF16:
    return Lanewise<B>::run;
  case Type::BF16x2:
    return Lanewise<static_cast<Brain2 (*)(Brain2, Brain2)>(&both<B>)>::run;
  case Type::F32:
    return Lanewise<S>::run;
  default:
    return Lanewise<D>::run;
  }
}
Handler fmaOf(Type type) {
  switch (type) {
  case Type::F16:
    return Lanewise<&fmaHalf>::run;
  case Type::F16x2:
    return Lanewise<static_cast<Half2 (*)(Half2, Half2, Half2)>(
        &both3<fmaHalf>)>::run;
  case Type::BF16:
    return Lanewise<&fmaBrain>::run;
  case Type::BF16x2:
    return Lanewise<static_cast<Brain2 (*)(Brain2, Brain2, Brain2)>(
        &both3<fmaBrain>)>::run;
  case Type::F32:
    return Lanewise<&fmaSingle>::run;
  default:
    return Lanewise<&fmaDouble>::run;
  }
}

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

/// a / b rounded to odd; roots likewise: the remainder's sign says where the
/// exact result lies.
double toOdd(double value, double remainder) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  if (remainder == 0 || !std::isfinite(value) || value == 0 || (bits & 1))
    return value;
  return std::nextafter(value, remainder > 0 ? INFINITY : -INFINITY);
}
double divToOdd(double a, double b) {
  double quotient = a / b;
  if (!std::isfinite(quotient) || std::isinf(b) || b == 0)
    return quotient;
  double remainder = std::fma(-quotient, b, a);
  return toOdd(quotient, b > 0 ? remainder : -remainder);
}
double sqrtToOdd(double a) {
  double root = std::sqrt(a);
  return std::isfinite(root) ? toOdd(root, std::fma(-root, root, a)) : root;
}

double unary(FloatUnary function, double a) {
  switch (function) {
  case FloatUnary::Neg:
    return -a;
  case FloatUnary::Abs:
    return std::fabs(a);
  case FloatUnary::Rcp:
    return divToOdd(1, a);
  case FloatUnary::Sqrt:
    return sqrtToOdd(a);
  case FloatUnary::Rsqrt:
    return 1 / std::sqrt(a);
  case FloatUnary::Ex2:
    return std::exp2(a);
  case FloatUnary::Lg2:
    return std::log2(a);
  case FloatUnary::Sin:
    return std::sin(a);
  case FloatUnary::Cos:
    return std::cos(a);
  case FloatUnary::Tanh:
    return std::tanh(a);
  }
  return a;
}

double extreme(double a, double b, bool isMax, bool nanWins) {
  if (a != a || b != b)
    return nanWins || (a != a && b != b) ? NAN : a != a ? b : a;
  if (a == 0 && b == 0) // the zeros are ordered
    return std::signbit(a) == isMax ? b : a;
  return (a < b) == isMax ? b : a;
}

double compute(const Instruction &in, double a, double b, double c) {
  switch (in.mode) {
  case Add:
    return addToOdd(a, b);
  case Sub:
    return addToOdd(a, -b);
  case Mul:
    return a * b; // exact
  case Fma:
    return addToOdd(a * b, c);
  case Div:
    return divToOdd(a, b);
  case Minimum:
  case Maximum:
    return extreme(a, b, in.mode == Maximum, in.flags & NanWins);
  default:
    return unary(static_cast<FloatUnary>(in.target), a);
  }
}

const FloatFormat &formatOf(Type type) {
  return type == Type::F32                          ? singleFormat
         : type == Type::F16 || type == Type::F16x2 ? halfFormat
                                                    : brainFormat;
}

/// One number of a format that double holds twice over.
uint32_t computeSmall(const Instruction &in, const FloatFormat &format,
                      const uint32_t (&bits)[3]) {
  uint32_t sign = 1u << (format.exponentBits + format.mantissaBits);
  if (in.mode == Unary && in.target <= unsigned(FloatUnary::Abs) &&
      !(in.flags & Ftz))
    return in.target == unsigned(FloatUnary::Neg) ? bits[0] ^ sign
                                                  : bits[0] & ~sign;
  double x[3];
  double least = std::ldexp(1, 1 - format.bias);
  auto flush = [&](double value) {
    return (in.flags & Ftz) && std::fabs(value) < least
               ? std::copysign(0.0, value)
               : value;
  };
  for (unsigned i = 0; i < 3; ++i)
    x[i] = flush(decode(bits[i], format));
  double result = compute(in, x[0], x[1], x[2]);
  if (in.flags & Saturate)
    result = result > 1 ? 1 : result > 0 ? result : 0; // NaN becomes 0
  if ((in.flags & Relu) && result <= 0)                // of the zeros, too
    result = 0;
  uint32_t code = encode(result, format, static_cast<Rounding>(in.immediate));
  if ((in.flags & Ftz) &&
      !(code & ((1u << format.exponentBits) - 1) << format.mantissaBits))
    code &= sign;
  return code;
}

void general(Warp &w, const Instruction &in) {
  bool isPair = in.type == Type::F16x2 || in.type == Type::BF16x2;
  const FloatFormat &format = formatOf(in.type);
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t bits[3] = {};
    for (unsigned i = 0; i + 1 < in.count; ++i)
      bits[i] = w.value(in.operands[i + 1], lane);
    uint32_t result;
    if (isPair) {
      uint32_t low[3], high[3];
      for (unsigned i = 0; i < 3; ++i)
        low[i] = bits[i] & 0xffff, high[i] = bits[i] >> 16;
      result = computeSmall(in, format, low) | computeSmall(in, format, high)
                                                   << 16;
    } else {
      result = computeSmall(in, format, bits);
    }
    w.set(in.operands[0], lane, result);
  });
}

void generalDouble(Warp &w, const Instruction &in) {
  constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  int before = fegetround();
  fesetround(modes[in.immediate]);
  forLanes(w.mask, [&](unsigned lane) {
    volatile double x[3] = {};
    for (unsigned i = 0; i + 1 < in.count; ++i)
      x[i] = fromLane<double>(w.value(in.operands[i + 1], lane));
    volatile double result = 0;
    switch (in.mode) {
    case Add:
      result = x[0] + x[1];
      break;
    case Sub:
      result = x[0] - x[1];
      break;
    case Mul:
      result = x[0] * x[1];
      break;
    case Fma:
      result = std::fma(x[0], x[1], x[2]);
      break;
    case Div:
      result = x[0] / x[1];
      break;
    case Minimum:
    case Maximum:
      result = extreme(x[0], x[1], in.mode == Maximum, false);
      break;
    default:
      switch (static_cast<FloatUnary>(in.target)) {
      case FloatUnary::Rcp:
        result = 1 / x[0];
        break;
      case FloatUnary::Sqrt:
        result = std::sqrt(x[0]);
        break;
      default:
        result = unary(static_cast<FloatUnary>(in.target), x[0]);
      }
    }
    w.set(in.operands[0], lane, toLane<double>(result));
  });
  fesetround(before);
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

/// Rounding and flags, and the type, which every one of them has.
Type takeFloat(Decoder &d, bool &isPlain) {
  int rounding = d.takeOne({"rn", "rz", "rm", "rp"});
  d.in.immediate = rounding < 0 ? 0 : rounding;
  d.in.flags |= d.take("ftz") ? Ftz : 0;
  d.in.flags |= d.take("sat") ? Saturate : 0;
  d.in.flags |= d.take("relu") ? Relu : 0;
  d.in.type = d.takeType();
  isPlain = rounding <= 0 && !d.in.flags;
  return d.in.type;
}

bool takeOperands(Decoder &d, Type type, unsigned count) {
  if (!d.expectArguments(count + 1, count + 1) ||
      !d.destination(size_t(0), type))
    return false;
  for (unsigned i = 1; i <= count; ++i)
    if (!d.source(i, type))
      return false;
  return true;
}

bool finish(Decoder &d, Operation operation, unsigned count, bool isPlain,
            Handler plain) {
  Type type = d.in.type;
  if (!isFloat(type))
    return d.fail("this type is not supported");
  d.in.mode = operation;
  if (!takeOperands(d, type, count))
    return false;
  return d.finish(isPlain && plain    ? plain
                  : type == Type::F64 ? generalDouble
                                      : general);
}
} // namespace

bool ptx::isFloatStatement(const Decoder &d) {
  return !d.statement.modifiers.empty() &&
         isFloat(typeNamed(d.statement.modifiers.back()));
}

bool ptx::decodeFloatSum(Decoder &d, bool subtracts) {
  bool isPlain;
  Type type = takeFloat(d, isPlain);
  return finish(
      d, subtracts ? Sub : Add, 2, isPlain,
      subtracts ? binaryOf<&subHalf, &subBrain, &subSingle, &subDouble>(type)
                : binaryOf<&addHalf, &addBrain, &addSingle, &addDouble>(type));
}

bool ptx::decodeFloatMul(Decoder &d) {
  bool isPlain;
  Type type = takeFloat(d, isPlain);
  return finish(d, Mul, 2, isPlain,
                binaryOf<&mulHalf, &mulBrain, &mulSingle, &mulDouble>(type));
}

bool ptx::decodeFloatFma(Decoder &d) {
  bool isPlain;
  Type type = takeFloat(d, isPlain);
  return finish(d, Fma, 3, isPlain, fmaOf(type));
}

bool ptx::decodeFloatDiv(Decoder &d) {
  d.takeAny({"approx", "full"});
  bool isPlain;
  takeFloat(d, isPlain);
  return finish(d, Div, 2, isPlain, nullptr);
}

bool ptx::decodeFloatExtreme(Decoder &d, bool isMax) {
  if (d.take("NaN"))
    d.in.flags |= NanWins;
  bool isPlain;
  takeFloat(d, isPlain);
  return finish(d, isMax ? Maximum : Minimum, 2, isPlain, nullptr);
}

bool ptx::decodeFloatUnary(Decoder &d, FloatUnary function) {
  d.take("approx");
  bool isPlain;
  takeFloat(d, isPlain);
  if (!finish(d, Unary, 1, isPlain, nullptr))
    return false;
  d.in.target = unsigned(function);
  return true;
}

namespace {
template <FloatUnary F> bool decodeFunction(Decoder &d) {
  return decodeFloatUnary(d, F);
}
bool decodeFma(Decoder &d) { return decodeFloatFma(d); }

float copySingle(float a, float b) { return std::copysign(b, a); }
double copyDouble(double a, double b) { return std::copysign(b, a); }
bool decodeCopysign(Decoder &d) {
  Type type = d.takeType();
  return takeOperands(d, type, 2) &&
         d.finish(type == Type::F32   ? Lanewise<&copySingle>::run
                  : type == Type::F64 ? Lanewise<&copyDouble>::run
                                      : Handler());
}

void testp(Warp &w, const Instruction &in) {
  uint32_t result = 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t bits = w.value(in.operands[1], lane);
    double value =
        in.type == Type::F64 ? fromLane<double>(bits) : fromLane<float>(bits);
    bool isNormal = in.type == Type::F64 ? std::isnormal(value)
                                         : std::isnormal(fromLane<float>(bits));
    bool tests[] = {std::isfinite(value),
                    std::isinf(value),
                    !std::isnan(value),
                    std::isnan(value),
                    isNormal,
                    std::isfinite(value) && value != 0 && !isNormal};
    result |= uint32_t(tests[in.mode]) << lane;
  });
  uint32_t &to = w.predicate(in.operands[0]);
  to = (to & ~w.mask) | result;
}
bool decodeTestp(Decoder &d) {
  int mode = d.takeOne(
      {"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Type type = d.in.type = d.takeType();
  if (mode < 0 || (type != Type::F32 && type != Type::F64))
    return d.fail("this test is not supported");
  d.in.mode = mode;
  return d.expectArguments(2, 2) && d.destination(size_t(0), Type::Pred) &&
         d.source(1, type) && d.finish(testp);
}
} // namespace

void ptx::addFloats(DecodeTable &table) {
  table["fma"] = decodeFma;
  table["rcp"] = decodeFunction<FloatUnary::Rcp>;
  table["sqrt"] = decodeFunction<FloatUnary::Sqrt>;
  table["rsqrt"] = decodeFunction<FloatUnary::Rsqrt>;
  table["ex2"] = decodeFunction<FloatUnary::Ex2>;
  table["lg2"] = decodeFunction<FloatUnary::Lg2>;
  table["sin"] = decodeFunction<FloatUnary::Sin>;
  table["cos"] = decodeFunction<FloatUnary::Cos>;
  table["tanh"] = decodeFunction<FloatUnary::Tanh>;
  table["copysign"] = decodeCopysign;
  table["testp"] = decodeTestp;
}
