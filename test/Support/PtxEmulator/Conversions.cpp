//===- Conversions.cpp - cvt ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"
#include "Numbers.h"

using namespace ptx;

namespace {
enum Flag : uint8_t {
  Ftz = 1,
  Saturate = 2,
  Relu = 4,
  ToIntegral = 8,
  Finite = 16
};

//===----------------------------------------------------------------------===//
// What is common
//===----------------------------------------------------------------------===//

template <typename R, typename T> R castTo(T value) { return R(value); }
Half halfOf(float value) { return {floatToHalf(value)}; }
Brain brainOf(float value) { return {floatToBrain(value)}; }
float ofHalf(Half value) { return halfToFloat(value.bits); }
float ofBrain(Brain value) { return brainToFloat(value.bits); }
Half2 halvesOf(float high, float low) { return {halfOf(low), halfOf(high)}; }
Brain2 brainsOf(float high, float low) { return {brainOf(low), brainOf(high)}; }

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

const FloatFormat *smallFormat(Type type) {
  switch (type) {
  case Type::F16:
  case Type::F16x2:
    return &halfFormat;
  case Type::BF16:
  case Type::BF16x2:
    return &brainFormat;
  case Type::F32:
    return &singleFormat;
  case Type::TF32:
    return &tf32Format;
  case Type::E4M3x2:
    return &e4m3Format;
  case Type::E5M2x2:
    return &e5m2Format;
  default:
    return nullptr;
  }
}

double roundToIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

uint32_t encodeFor(const Instruction &in, double value,
                   const FloatFormat &format) {
  if (in.flags & Saturate)
    value = value > 1 ? 1 : value > 0 ? value : 0;
  if ((in.flags & Relu) && value <= 0) // of the zeros, too
    value = 0;
  uint32_t code = encode(value, format, static_cast<Rounding>(in.immediate),
                         in.flags & Finite);
  // A tf32 number stands in the upper bits of an f32.
  return &format == &tf32Format ? code << 13 : code;
}

/// The low `bytes` bytes, extended as the type says.
uint64_t extend(uint64_t value, Type type) {
  unsigned unused = 64 - 8 * bytesOf(type);
  return isSigned(type) ? uint64_t(int64_t(value << unused) >> unused)
                        : value << unused >> unused;
}

uint64_t clampTo(Type type, double value) {
  unsigned bits = 8 * bytesOf(type);
  double low = isSigned(type) ? -std::ldexp(1, bits - 1) : 0;
  double end = std::ldexp(1, isSigned(type) ? bits - 1 : bits);
  if (value != value)
    return 0;
  if (value <= low)
    return isSigned(type) ? uint64_t(INT64_MIN >> (64 - bits)) : 0;
  if (value >= end)
    return isSigned(type) ? UINT64_MAX >> (65 - bits)
                          : UINT64_MAX >> (64 - bits);
  return value < 0 ? uint64_t(int64_t(value)) : uint64_t(value);
}

uint64_t clampInteger(Type to, Type from, uint64_t value) {
  unsigned bits = 8 * bytesOf(to);
  bool negative = isSigned(from) && int64_t(value) < 0;
  if (isSigned(to)) {
    int64_t most = INT64_MAX >> (64 - bits), least = INT64_MIN >> (64 - bits);
    if (negative)
      return int64_t(value) < least ? least : value;
    return value > uint64_t(most) ? most : value;
  }
  uint64_t most = UINT64_MAX >> (64 - bits);
  return negative ? 0 : value > most ? most : value;
}

double readFloat(Type type, uint64_t bits, bool flushes) {
  if (type == Type::F64)
    return fromLane<double>(bits);
  double value = decode(bits, *smallFormat(type));
  return flushes && type == Type::F32 ? flushed(value) : value;
}

/// 64-bit integers, rounded to odd.
double integerToDouble(uint64_t bits, Type type) {
  if (isSigned(type)) {
    int64_t value = int64_t(bits);
    return addToOdd(double(value >> 32) * 0x1p32, double(value & 0xffffffff));
  }
  return addToOdd(double(bits >> 32) * 0x1p32, double(bits & 0xffffffff));
}

void convert(Warp &w, const Instruction &in) {
  Rounding rounding = static_cast<Rounding>(in.immediate);
  bool fromFloat = isFloat(in.source),
       toFloat = isFloat(in.type) || in.type == Type::TF32;
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t bits = extend(w.value(in.operands[1], lane), in.source), result;
    if (!fromFloat && !toFloat) {
      result =
          in.flags & Saturate ? clampInteger(in.type, in.source, bits) : bits;
    } else if (!fromFloat) {
      double value = integerToDouble(bits, in.source);
      // An integer to f64 is the one case where the double itself is rounded.
      result = in.type != Type::F64
                   ? encodeFor(in, value, *smallFormat(in.type))
               : isSigned(in.source) ? toLane(double(int64_t(bits)))
                                     : toLane(double(bits));
    } else {
      double value = readFloat(in.source, bits, in.flags & Ftz);
      if (in.flags & ToIntegral)
        value = roundToIntegral(value, rounding);
      if (!toFloat)
        result = clampTo(in.type, value);
      else if (in.type == Type::F64)
        result = toLane(in.flags & Saturate ? value > 1   ? 1
                                              : value > 0 ? value
                                                          : 0
                                            : value);
      else
        result = encodeFor(in, value, *smallFormat(in.type));
      if ((in.flags & Ftz) && in.type == Type::F32)
        result = toLane(flushed(fromLane<float>(result)));
    }
    w.set(in.operands[0], lane, toFloat ? result : extend(result, in.type));
  });
}

/// Two numbers a lane: d, a, b with a in the upper half, or d, a of pairs.
void convertPair(Warp &w, const Instruction &in) {
  const FloatFormat &to = *smallFormat(in.type),
                    &from = *smallFormat(in.source);
  unsigned toBits = 4 * bytesOf(in.type), fromBits = 4 * bytesOf(in.source);
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t a = w.value(in.operands[1], lane);
    uint64_t high = a, low = 0;
    if (in.count == 3) {
      low = w.value(in.operands[2], lane);
    } else {
      uint64_t field = (1ull << fromBits) - 1;
      high = a >> fromBits & field, low = a & field;
    }
    auto one = [&](uint64_t bits) {
      double value = decode(bits, from);
      if ((in.flags & Ftz) && in.source == Type::F32)
        value = flushed(value);
      return encodeFor(in, value, to);
    };
    w.set(in.operands[0], lane, uint64_t(one(high)) << toBits | one(low));
  });
}

bool isPairType(Type type) {
  return type == Type::F16x2 || type == Type::BF16x2 || type == Type::E4M3x2 ||
         type == Type::E5M2x2;
}

Handler plainHandler(Type to, Type from) {
  auto is = [&](Type a, Type b) { return to == a && from == b; };
  if (is(Type::F16, Type::F32))
    return Lanewise<&halfOf>::run;
  if (is(Type::BF16, Type::F32))
    return Lanewise<&brainOf>::run;
  if (is(Type::F32, Type::F16))
    return Lanewise<&ofHalf>::run;
  if (is(Type::F32, Type::BF16))
    return Lanewise<&ofBrain>::run;
  if (is(Type::F16x2, Type::F32))
    return Lanewise<&halvesOf>::run;
  if (is(Type::BF16x2, Type::F32))
    return Lanewise<&brainsOf>::run;
  if (is(Type::U64, Type::U32))
    return Lanewise<&castTo<uint64_t, uint32_t>>::run;
  if (is(Type::S64, Type::S32))
    return Lanewise<&castTo<int64_t, int32_t>>::run;
  if (is(Type::U32, Type::U64))
    return Lanewise<&castTo<uint32_t, uint64_t>>::run;
  if (is(Type::U32, Type::U16))
    return Lanewise<&castTo<uint32_t, uint16_t>>::run;
  if (is(Type::U16, Type::U32))
    return Lanewise<&castTo<uint16_t, uint32_t>>::run;
  if (is(Type::F32, Type::S32))
    return Lanewise<&castTo<float, int32_t>>::run;
  if (is(Type::F32, Type::U32))
    return Lanewise<&castTo<float, uint32_t>>::run;
  if (is(Type::F64, Type::F32))
    return Lanewise<&castTo<double, float>>::run;
  if (is(Type::F32, Type::F64))
    return Lanewise<&castTo<float, double>>::run;
  return nullptr;
}

bool decodeCvt(Decoder &d) {
  Instruction &in = d.in;
  int integral = d.takeOne({"rni", "rzi", "rmi", "rpi"});
  int rounding = d.takeOne({"rn", "rz", "rm", "rp", "rna"});
  in.immediate = integral >= 0 ? integral : rounding >= 0 ? rounding : 0;
  in.flags = (integral >= 0 ? ToIntegral : 0) | (d.take("ftz") ? Ftz : 0) |
             (d.take("sat") ? Saturate : 0) | (d.take("relu") ? Relu : 0) |
             (d.take("satfinite") ? Finite : 0);
  in.source = d.takeType();
  in.type = d.takeType();
  if (in.source == Type::None || in.type == Type::None)
    return false;
  bool isPair = isPairType(in.type);
  if (isPair ? !smallFormat(in.source)
             : isPairType(in.source) || in.type == Type::E4M3 ||
                   in.source == Type::E4M3 || in.source == Type::TF32)
    return d.fail("this conversion is not supported");
  bool toFloat = isFloat(in.type), fromFloat = isFloat(in.source);
  if (fromFloat && !toFloat && integral < 0 && in.type != Type::TF32 && !isPair)
    return d.fail("expected .rni, .rzi, .rmi or .rpi");
  if (rounding == 4 && in.type != Type::TF32)
    return d.fail("only tf32 is rounded with .rna");
  unsigned sources = isPair && !isPairType(in.source) ? 2 : 1;
  if (!d.expectArguments(1 + sources, 1 + sources) ||
      !d.destination(size_t(0), in.type, true))
    return false;
  for (unsigned i = 1; i <= sources; ++i)
    if (!d.source(i, in.source, true))
      return false;
  Handler plain = !in.flags && in.immediate == 0
                      ? plainHandler(in.type, in.source)
                      : nullptr;
  // Those take registers of exactly the types' sizes.
  for (const Operand &operand : d.operands)
    if (&operand == &d.operands[0]
            ? bytesOf(in.type) <= 4 && operand.bytes == 8
            : bytesOf(in.source) <= 4 && operand.bytes == 8)
      plain = nullptr;
  return d.finish(plain ? plain : isPair ? convertPair : convert);
}
} // namespace

void ptx::addConversions(DecodeTable &table) { table["cvt"] = decodeCvt; }
