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

float halfToFloat(uint16_t bits);
uint16_t floatToHalf(float value); // to nearest
inline float brainToFloat(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}
uint16_t floatToBrain(float value); // to nearest

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
