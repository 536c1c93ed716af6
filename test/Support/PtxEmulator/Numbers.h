//===- Numbers.h - small floats and directed rounding -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_NUMBERS_H
#define PTX_EMULATOR_NUMBERS_H

#include <cmath>
#include <cstdint>
#include <cstring>

namespace ptx {

enum class Rounding : uint8_t { Nearest, Zero, Down, Up, NearestAway };

/// A binary float of 1 + exponentBits + mantissaBits bits.
struct FloatFormat {
  unsigned exponentBits, mantissaBits;
  int bias;
  bool hasInfinity; // otherwise the largest exponent holds numbers, too
  uint32_t canonicalNan;
};
extern const FloatFormat halfFormat, brainFormat, e4m3Format, e5m2Format,
    tf32Format, singleFormat;

/// `value` rounded once. A saturating conversion gives the largest number
/// instead of what is larger, and instead of infinity.
uint32_t encode(double value, const FloatFormat &format,
                Rounding rounding = Rounding::Nearest, bool saturates = false);
double decode(uint32_t bits, const FloatFormat &format);

inline float brainToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}
inline float halfToFloat(uint16_t bits) {
  // The exponent's range is moved by a product, which also makes subnormal
  // numbers right.
  uint32_t wide = uint32_t(bits & 0x7fff) << 13;
  float value;
  memcpy(&value, &wide, 4);
  value *= 0x1p112f;
  memcpy(&wide, &value, 4);
  if ((bits & 0x7c00) == 0x7c00)
    wide |= 0x7f800000;
  wide |= uint32_t(bits & 0x8000) << 16;
  memcpy(&value, &wide, 4);
  return value;
}

/// To nearest.
inline uint16_t floatToHalf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return 0x7fff; // the canonical NaN
  if (magnitude >= 0x477ff000)
    return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: the sum's unit in the last place is a half's.
    float shifted;
    memcpy(&shifted, &magnitude, 4);
    shifted += 0.5f;
    memcpy(&magnitude, &shifted, 4);
    return sign | (magnitude - 0x3f000000);
  }
  magnitude += 0xfff + (magnitude >> 13 & 1);
  return sign | (magnitude - 0x38000000) >> 13;
}

inline uint16_t floatToBrain(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/// a + b in double, rounded to odd, so that one more rounding to a format of at
/// most 51 bits gives what one rounding of the sum gives.
inline double addToOdd(double a, double b) {
  double sum = a + b, other = sum - a;
  double error = (a - (sum - other)) + (b - other);
  uint64_t bits;
  memcpy(&bits, &sum, 8);
  if (error == 0 || !std::isfinite(sum) || (bits & 1))
    return sum;
  return std::nextafter(sum, error > 0 ? INFINITY : -INFINITY);
}

/// To float, rounded to odd likewise: for formats of at most 22 bits.
inline float toFloatOdd(double value) {
  float nearest = static_cast<float>(value);
  if (nearest == value || value != value)
    return nearest;
  uint32_t bits;
  memcpy(&bits, &nearest, 4);
  if (std::fabs(static_cast<double>(nearest)) > std::fabs(value))
    --bits;
  bits |= 1;
  memcpy(&nearest, &bits, 4);
  return nearest;
}

inline float flushed(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value)
                                                : value;
}

} // namespace ptx
#endif
