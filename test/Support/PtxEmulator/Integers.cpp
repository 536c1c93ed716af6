//===- Integers.cpp - integer and bit instructions ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Floats.h"

using namespace ptx;

namespace {
template <typename T> using Unsigned = std::make_unsigned_t<T>;

template <typename T> struct Add {
  static T of(T a, T b) { return T(Unsigned<T>(a) + Unsigned<T>(b)); }
};
template <typename T> struct Sub {
  static T of(T a, T b) { return T(Unsigned<T>(a) - Unsigned<T>(b)); }
};
template <typename T> struct MulLow {
  static T of(T a, T b) { return T(uint64_t(a) * uint64_t(b)); }
};
template <typename T> struct MulHigh {
  static T of(T a, T b) {
    using Wide =
        std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return T(Wide(a) * Wide(b) >> 8 * sizeof(T));
  }
};
template <typename T> struct MadLow {
  static T of(T a, T b, T c) { return Add<T>::of(MulLow<T>::of(a, b), c); }
};
template <typename T> struct MadHigh {
  static T of(T a, T b, T c) { return Add<T>::of(MulHigh<T>::of(a, b), c); }
};
template <typename R, typename T> R mulWide(T a, T b) { return R(a) * R(b); }
template <typename R, typename T> R madWide(T a, T b, R c) {
  return R(uint64_t(R(a) * R(b)) + uint64_t(c));
}
template <typename T> struct Div {
  // Division by zero gives all ones, as the hardware does; PTX leaves it open.
  static T of(T a, T b) {
    if (!b)
      return T(~T(0));
    return std::is_signed_v<T> && b == T(-1) ? Sub<T>::of(0, a) : a / b;
  }
};
template <typename T> struct Rem {
  static T of(T a, T b) {
    if (!b)
      return a;
    return std::is_signed_v<T> && b == T(-1) ? 0 : a % b;
  }
};
template <typename T> struct Min {
  static T of(T a, T b) { return a < b ? a : b; }
};
template <typename T> struct Max {
  static T of(T a, T b) { return a > b ? a : b; }
};
template <typename T> struct Neg {
  static T of(T a) { return Sub<T>::of(0, a); }
};
template <typename T> struct Abs {
  static T of(T a) { return a < 0 ? Neg<T>::of(a) : a; }
};
template <typename T> struct And {
  static T of(T a, T b) { return a & b; }
};
template <typename T> struct Or {
  static T of(T a, T b) { return a | b; }
};
template <typename T> struct Xor {
  static T of(T a, T b) { return a ^ b; }
};
template <typename T> struct Not {
  static T of(T a) { return ~a; }
};
template <typename T> struct CNot {
  static T of(T a) { return !a; }
};
// Shift counts beyond the width give what shifting bit by bit does.
template <typename T> struct Shl {
  static T of(T a, uint32_t n) {
    return n < 8 * sizeof(T) ? T(uint64_t(a) << n) : 0;
  }
};
template <typename T> struct Shr {
  static T of(T a, uint32_t n) {
    unsigned most = 8 * sizeof(T) - 1;
    return n <= most ? a >> n : std::is_signed_v<T> ? a >> most : 0;
  }
};
template <typename T> struct BitExtract {
  static T of(T a, uint32_t position, uint32_t length) {
    unsigned width = 8 * sizeof(T), at = position & 255, count = length & 255;
    uint64_t from = uint64_t(Unsigned<T>(a));
    // What is beyond the field or the number is the sign.
    unsigned have = at < width ? std::min(count, width - at) : 0;
    uint64_t bits = have ? from >> at & (UINT64_MAX >> (64 - have)) : 0;
    bool sign = std::is_signed_v<T> && count &&
                (from >> std::min(at + count - 1, width - 1) & 1);
    return T(bits | (sign && have < 64 ? UINT64_MAX << have : 0));
  }
};
template <typename T>
T bitInsert(T from, T into, uint32_t position, uint32_t length) {
  unsigned width = 8 * sizeof(T), at = position & 255, count = length & 255;
  uint64_t field = count < 64 ? (1ull << count) - 1 : ~0ull;
  if (at >= width)
    return into;
  return T((into & ~(field << at)) | ((uint64_t(from) & field) << at));
}
template <typename T> uint32_t popc(T a) { return __builtin_popcountll(a); }
template <typename T> uint32_t clz(T a) {
  return a ? __builtin_clzll(a) - (64 - 8 * sizeof(T)) : 8 * sizeof(T);
}
template <typename T> T brev(T a) {
  T result = 0;
  for (unsigned i = 0; i < 8 * sizeof(T); ++i)
    result |= (a >> i & 1) << (8 * sizeof(T) - 1 - i);
  return result;
}
template <typename T> struct FindBit {
  static uint32_t of(T a) {
    using U = Unsigned<T>;
    U bits = a < 0 ? ~U(a) : U(a);
    return bits ? 63 - __builtin_clzll(uint64_t(bits)) : UINT32_MAX;
  }
};
int32_t addSaturated(int32_t a, int32_t b) {
  int64_t sum = int64_t(a) + b;
  return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
}
int32_t subSaturated(int32_t a, int32_t b) {
  int64_t sum = int64_t(a) - b;
  return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
}
uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t nibble = selector >> 4 * i & 15;
    uint8_t byte = bytes >> 8 * (nibble & 7);
    if (nibble & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= uint32_t(byte) << 8 * i;
  }
  return result;
}
enum PermuteMode { F4E, B4E, Rc8, Ecl, Ecr, Rc16 };
template <PermuteMode M>
uint32_t permuteBy(uint32_t a, uint32_t b, uint32_t selector) {
  uint32_t n = selector & 3, nibbles = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t pick = M == F4E   ? n + i
                    : M == B4E ? (n - i) & 7
                    : M == Rc8 ? n
                    : M == Ecl ? std::max(i, n)
                    : M == Ecr ? std::min(i, n)
                               : 2 * (n & 1) + (i & 1);
    nibbles |= pick << 4 * i;
  }
  return permute(a, b, nibbles);
}
uint32_t funnelLeft(uint32_t a, uint32_t b, uint32_t n) {
  uint64_t both = uint64_t(b) << 32 | a;
  return both << n >> 32;
}
uint32_t funnelRight(uint32_t a, uint32_t b, uint32_t n) {
  return (uint64_t(b) << 32 | a) >> n;
}
template <bool Left, bool Wrap>
uint32_t funnel(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t n = Wrap ? c & 31 : std::min(c, 32u);
  return Left ? funnelLeft(a, b, n) : funnelRight(a, b, n);
}
template <typename A, typename B, typename R>
R dot4(uint32_t a, uint32_t b, R c) {
  for (unsigned i = 0; i < 4; ++i)
    c = R(uint32_t(c) +
          uint32_t(int32_t(A(a >> 8 * i)) * int32_t(B(b >> 8 * i))));
  return c;
}
template <typename A, typename B, typename R, bool High>
R dot2(uint32_t a, uint32_t b, R c) {
  using A16 = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  for (unsigned i = 0; i < 2; ++i)
    c = R(uint32_t(c) + uint32_t(int64_t(A16(a >> 16 * i)) *
                                 int64_t(B(b >> 8 * (i + 2 * High)))));
  return c;
}
template <typename T> struct SumOfDifferences {
  static Unsigned<T> of(T a, T b, Unsigned<T> c) {
    return c + (a < b ? Unsigned<T>(b) - Unsigned<T>(a)
                      : Unsigned<T>(a) - Unsigned<T>(b));
  }
};
template <typename T> struct Mul24 {
  static T of(T a, T b) {
    int64_t x =
        std::is_signed_v<T> ? int32_t(uint32_t(a) << 8) >> 8 : a & 0xffffff;
    int64_t y =
        std::is_signed_v<T> ? int32_t(uint32_t(b) << 8) >> 8 : b & 0xffffff;
    return T(x * y);
  }
};

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

bool operandsOf(Decoder &d, Type result, std::initializer_list<Type> sources) {
  if (!d.expectArguments(sources.size() + 1, sources.size() + 1) ||
      !d.destination(size_t(0), result))
    return false;
  size_t i = 1;
  for (Type type : sources)
    if (!d.source(i++, type))
      return false;
  return true;
}

template <template <typename> class Op> bool decodeUnary(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type}) && d.finish(forInteger<Op>(type));
}
template <template <typename> class Op> bool decodeBinary(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type, type}) && d.finish(forInteger<Op>(type));
}

template <template <typename> class Op, bool Sub> bool decodeSum(Decoder &d) {
  if (isFloatStatement(d))
    return decodeFloatSum(d, Sub);
  if (d.take("sat")) {
    Type type = d.takeType();
    if (type != Type::S32)
      return d.fail("expected .s32 with .sat");
    return operandsOf(d, type, {type, type}) &&
           d.finish(Sub ? Lanewise<&subSaturated>::run
                        : Lanewise<&addSaturated>::run);
  }
  return decodeBinary<Op>(d);
}

bool decodeMul(Decoder &d) {
  if (isFloatStatement(d))
    return decodeFloatMul(d);
  int half = d.takeOne({"lo", "hi", "wide"});
  Type type = d.takeType();
  if (half < 0)
    return d.fail("expected .lo, .hi or .wide");
  if (half < 2)
    return operandsOf(d, type, {type, type}) &&
           d.finish(half ? forInteger<MulHigh>(type)
                         : forInteger<MulLow>(type));
  Type wide = wideOf(type);
  if (wide == Type::None || !operandsOf(d, wide, {type, type}))
    return d.fail("this type is not supported");
  return d.finish(
      type == Type::U16   ? Lanewise<&mulWide<uint32_t, uint16_t>>::run
      : type == Type::S16 ? Lanewise<&mulWide<int32_t, int16_t>>::run
      : type == Type::U32 ? Lanewise<&mulWide<uint64_t, uint32_t>>::run
                          : Lanewise<&mulWide<int64_t, int32_t>>::run);
}

bool decodeMad(Decoder &d) {
  if (isFloatStatement(d))
    return decodeFloatFma(d);
  int half = d.takeOne({"lo", "hi", "wide"});
  Type type = d.takeType();
  if (half < 0)
    return d.fail("expected .lo, .hi or .wide");
  if (half < 2)
    return operandsOf(d, type, {type, type, type}) &&
           d.finish(half ? forInteger<MadHigh>(type)
                         : forInteger<MadLow>(type));
  Type wide = wideOf(type);
  if (wide == Type::None || !operandsOf(d, wide, {type, type, wide}))
    return d.fail("this type is not supported");
  return d.finish(
      type == Type::U16   ? Lanewise<&madWide<uint32_t, uint16_t>>::run
      : type == Type::S16 ? Lanewise<&madWide<int32_t, int16_t>>::run
      : type == Type::U32 ? Lanewise<&madWide<uint64_t, uint32_t>>::run
                          : Lanewise<&madWide<int64_t, int32_t>>::run);
}

template <template <typename> class Op, FloatUnary F>
bool decodeUnaryOrFloat(Decoder &d) {
  return isFloatStatement(d) ? decodeFloatUnary(d, F) : decodeUnary<Op>(d);
}
template <template <typename> class Op> bool decodeDivision(Decoder &d) {
  return isFloatStatement(d) ? decodeFloatDiv(d) : decodeBinary<Op>(d);
}
template <template <typename> class Op, bool Max>
bool decodeExtreme(Decoder &d) {
  return isFloatStatement(d) ? decodeFloatExtreme(d, Max) : decodeBinary<Op>(d);
}

void andPredicates(Warp &w, const Instruction &in) {
  uint32_t &to = w.predicate(in.operands[0]);
  auto read = [&](unsigned i) {
    return w.predicate(in.operands[i]) ^ (in.operands[i].negated ? ~0u : 0);
  };
  uint32_t a = read(1), b = in.count > 2 ? read(2) : 0, result = 0;
  switch (in.mode) {
  case 0:
    result = a & b;
    break;
  case 1:
    result = a | b;
    break;
  case 2:
    result = a ^ b;
    break;
  default:
    result = ~a;
  }
  to = (to & ~w.mask) | (result & w.mask);
}

template <template <typename> class Op, uint8_t Mode>
bool decodeLogic(Decoder &d) {
  Type type = d.takeType();
  bool isNot = Mode == 3;
  if (!(isNot ? operandsOf(d, type, {type})
              : operandsOf(d, type, {type, type})))
    return false;
  d.in.mode = Mode;
  return d.finish(type == Type::Pred ? andPredicates : forInteger<Op>(type));
}

template <template <typename> class Op> bool decodeShift(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type, Type::U32}) &&
         d.finish(forInteger<Op>(type));
}

bool decodeBfe(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type, Type::U32, Type::U32}) &&
         d.finish(forInteger<BitExtract>(type));
}
bool decodeBfi(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type, type, Type::U32, Type::U32}) &&
         d.finish(bytesOf(type) == 8 ? Lanewise<&bitInsert<uint64_t>>::run
                                     : Lanewise<&bitInsert<uint32_t>>::run);
}
bool decodePopc(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, Type::U32, {type}) &&
         d.finish(bytesOf(type) == 8 ? Lanewise<&popc<uint64_t>>::run
                                     : Lanewise<&popc<uint32_t>>::run);
}
bool decodeClz(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, Type::U32, {type}) &&
         d.finish(bytesOf(type) == 8 ? Lanewise<&clz<uint64_t>>::run
                                     : Lanewise<&clz<uint32_t>>::run);
}
bool decodeBrev(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type}) &&
         d.finish(bytesOf(type) == 8 ? Lanewise<&brev<uint64_t>>::run
                                     : Lanewise<&brev<uint32_t>>::run);
}
template <typename T> uint32_t shiftAmount(T a) {
  uint32_t bit = FindBit<T>::of(a);
  return bit == UINT32_MAX ? bit : 8 * sizeof(T) - 1 - bit;
}
bool decodeBfind(Decoder &d) {
  bool isShift = d.take("shiftamt");
  Type type = d.takeType();
  if (!operandsOf(d, Type::U32, {type}))
    return false;
  switch (type) {
  case Type::U32:
    return d.finish(isShift ? Lanewise<&shiftAmount<uint32_t>>::run
                            : Lanewise<&FindBit<uint32_t>::of>::run);
  case Type::S32:
    return d.finish(isShift ? Lanewise<&shiftAmount<int32_t>>::run
                            : Lanewise<&FindBit<int32_t>::of>::run);
  case Type::U64:
    return d.finish(isShift ? Lanewise<&shiftAmount<uint64_t>>::run
                            : Lanewise<&FindBit<uint64_t>::of>::run);
  case Type::S64:
    return d.finish(isShift ? Lanewise<&shiftAmount<int64_t>>::run
                            : Lanewise<&FindBit<int64_t>::of>::run);
  default:
    return d.finish(nullptr);
  }
}
bool decodePrmt(Decoder &d) {
  int mode = d.takeOne({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  constexpr Type b32 = Type::B32;
  constexpr Handler handlers[] = {
      Lanewise<&permute>::run,         Lanewise<&permuteBy<F4E>>::run,
      Lanewise<&permuteBy<B4E>>::run,  Lanewise<&permuteBy<Rc8>>::run,
      Lanewise<&permuteBy<Ecl>>::run,  Lanewise<&permuteBy<Ecr>>::run,
      Lanewise<&permuteBy<Rc16>>::run,
  };
  if (int at = d.takeOne({"b32"}); at < 0)
    return d.fail("expected .b32");
  return operandsOf(d, b32, {b32, b32, b32}) && d.finish(handlers[mode + 1]);
}
bool decodeShf(Decoder &d) {
  bool left = d.take("l"), right = d.take("r");
  bool wrap = d.take("wrap"), clamp = d.take("clamp");
  constexpr Type b32 = Type::B32;
  if (left == right || wrap == clamp || !d.take("b32"))
    return d.fail("expected .l or .r, .wrap or .clamp and .b32");
  return operandsOf(d, b32, {b32, b32, b32}) &&
         d.finish(left   ? wrap ? Lanewise<&funnel<true, true>>::run
                                : Lanewise<&funnel<true, false>>::run
                  : wrap ? Lanewise<&funnel<false, true>>::run
                         : Lanewise<&funnel<false, false>>::run);
}

void lop3(Warp &w, const Instruction &in) {
  uint32_t *to = w.lanes<uint32_t>(in.operands[0]);
  const uint32_t *a = w.lanes<uint32_t>(in.operands[1]);
  const uint32_t *b = w.lanes<uint32_t>(in.operands[2]);
  const uint32_t *c = w.lanes<uint32_t>(in.operands[3]);
  // Each bit of the table is a minterm of a, b and c.
  uint32_t terms[8];
  for (unsigned i = 0; i < 8; ++i)
    terms[i] = in.immediate >> i & 1 ? UINT32_MAX : 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t x = a[lane], y = b[lane], z = c[lane], result = 0;
    for (unsigned i = 0; i < 8; ++i)
      result |=
          terms[i] & (i & 4 ? x : ~x) & (i & 2 ? y : ~y) & (i & 1 ? z : ~z);
    to[lane] = result;
  });
}
bool decodeLop3(Decoder &d) {
  constexpr Type b32 = Type::B32;
  if (!d.take("b32") || !d.expectArguments(5, 5))
    return d.fail("expected lop3.b32 with five operands");
  return d.destination(size_t(0), b32) && d.source(1, b32) &&
         d.source(2, b32) && d.source(3, b32) &&
         d.immediate(4, d.in.immediate) && d.finish(lop3);
}

template <typename A, typename B> Handler dotHandler(bool isPair, bool high) {
  using R = std::conditional_t<std::is_signed_v<A> || std::is_signed_v<B>,
                               int32_t, uint32_t>;
  return !isPair ? Lanewise<&dot4<A, B, R>>::run
         : high  ? Lanewise<&dot2<A, B, R, true>>::run
                 : Lanewise<&dot2<A, B, R, false>>::run;
}
template <bool IsPair> bool decodeDot(Decoder &d) {
  bool high = IsPair && d.take("hi");
  if (IsPair && !high && !d.take("lo"))
    return d.fail("expected .lo or .hi");
  Type b = d.takeType(), a = d.takeType();
  Type result = isSigned(a) || isSigned(b) ? Type::S32 : Type::U32;
  if (!operandsOf(d, result, {Type::B32, Type::B32, result}))
    return false;
  return d.finish(isSigned(a) ? isSigned(b)
                                    ? dotHandler<int8_t, int8_t>(IsPair, high)
                                    : dotHandler<int8_t, uint8_t>(IsPair, high)
                  : isSigned(b) ? dotHandler<uint8_t, int8_t>(IsPair, high)
                                : dotHandler<uint8_t, uint8_t>(IsPair, high));
}
bool decodeSad(Decoder &d) {
  Type type = d.takeType();
  return operandsOf(d, type, {type, type, type}) &&
         d.finish(forInteger<SumOfDifferences>(type));
}
bool decodeMul24(Decoder &d) {
  if (!d.take("lo"))
    return d.fail("only .lo is supported");
  Type type = d.takeType();
  return operandsOf(d, type, {type, type}) &&
         d.finish(type == Type::S32 ? Lanewise<&Mul24<int32_t>::of>::run
                                    : Lanewise<&Mul24<uint32_t>::of>::run);
}
} // namespace

Type ptx::wideOf(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return Type::None;
  }
}

void ptx::addIntegers(DecodeTable &table) {
  table["add"] = decodeSum<Add, false>;
  table["sub"] = decodeSum<Sub, true>;
  table["mul"] = decodeMul;
  table["mad"] = decodeMad;
  table["mul24"] = decodeMul24;
  table["sad"] = decodeSad;
  table["div"] = decodeDivision<Div>;
  table["rem"] = decodeBinary<Rem>;
  table["min"] = decodeExtreme<Min, false>;
  table["max"] = decodeExtreme<Max, true>;
  table["neg"] = decodeUnaryOrFloat<Neg, FloatUnary::Neg>;
  table["abs"] = decodeUnaryOrFloat<Abs, FloatUnary::Abs>;
  table["and"] = decodeLogic<And, 0>;
  table["or"] = decodeLogic<Or, 1>;
  table["xor"] = decodeLogic<Xor, 2>;
  table["not"] = decodeLogic<Not, 3>;
  table["cnot"] = decodeUnary<CNot>;
  table["shl"] = decodeShift<Shl>;
  table["shr"] = decodeShift<Shr>;
  table["bfe"] = decodeBfe;
  table["bfi"] = decodeBfi;
  table["popc"] = decodePopc;
  table["clz"] = decodeClz;
  table["brev"] = decodeBrev;
  table["bfind"] = decodeBfind;
  table["prmt"] = decodePrmt;
  table["shf"] = decodeShf;
  table["lop3"] = decodeLop3;
  table["dp4a"] = decodeDot<false>;
  table["dp2a"] = decodeDot<true>;
}
