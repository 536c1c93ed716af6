//===- Numbers.cpp - small floats -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Numbers.h"

using namespace ptx;

const FloatFormat ptx::halfFormat = {5, 10, 15, true, 0x7fff};
const FloatFormat ptx::brainFormat = {8, 7, 127, true, 0x7fff};
const FloatFormat ptx::e4m3Format = {4, 3, 7, false, 0x7f};
const FloatFormat ptx::e5m2Format = {5, 2, 15, true, 0x7f};
const FloatFormat ptx::tf32Format = {8, 10, 127, true, 0x3ffff};
const FloatFormat ptx::singleFormat = {8, 23, 127, true, 0x7fffffff};

uint32_t ptx::encode(double value, const FloatFormat &format, Rounding rounding,
                     bool saturates) {
  unsigned width = format.exponentBits + format.mantissaBits;
  uint32_t sign = std::signbit(value) ? 1u << width : 0;
  if (std::isnan(value))
    return format.canonicalNan;
  uint32_t infinity = ((1u << format.exponentBits) - 1) << format.mantissaBits;
  // Without infinities, the code of all ones is NaN.
  uint32_t largest = format.hasInfinity ? infinity - 1 : (1u << width) - 2;
  uint32_t beyond = format.hasInfinity ? infinity : (1u << width) - 1;
  double magnitude = std::fabs(value);
  if (std::isinf(value))
    return sign | (saturates ? largest : beyond);
  int exponent = 0;
  std::frexp(magnitude, &exponent); // magnitude < 2^exponent
  int least = 1 - format.bias;      // of normal numbers
  int scale = (exponent - 1 > least ? exponent - 1 : least) -
              static_cast<int>(format.mantissaBits);
  double units = std::ldexp(magnitude, -scale);
  double down = std::floor(units), rest = units - down;
  bool up = false;
  switch (rounding) {
  case Rounding::Nearest:
    up = rest > 0.5 || (rest == 0.5 && std::fmod(down, 2) != 0);
    break;
  case Rounding::NearestAway:
    up = rest >= 0.5;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = rest > 0 && sign;
    break;
  case Rounding::Up:
    up = rest > 0 && !sign;
    break;
  }
  // Codes of one sign are in the order of their values, so that a carry out of
  // the mantissa is right by itself.
  uint64_t mantissa = static_cast<uint64_t>(down) + up;
  uint64_t biased = scale + static_cast<int>(format.mantissaBits) - least;
  uint64_t code = mantissa + (biased << format.mantissaBits);
  if (magnitude == 0)
    code = 0;
  if (code <= largest)
    return sign | static_cast<uint32_t>(code);
  bool toLargest = saturates || rounding == Rounding::Zero ||
                   (rounding == Rounding::Down && !sign) ||
                   (rounding == Rounding::Up && sign);
  return sign | (toLargest ? largest : beyond);
}

double ptx::decode(uint32_t bits, const FloatFormat &format) {
  unsigned width = format.exponentBits + format.mantissaBits;
  uint32_t magnitude = bits & ((1u << width) - 1);
  double sign = bits >> width & 1 ? -1 : 1;
  uint32_t exponent = magnitude >> format.mantissaBits;
  uint32_t mantissa = magnitude & ((1u << format.mantissaBits) - 1);
  if (format.hasInfinity && exponent == (1u << format.exponentBits) - 1)
    return mantissa ? NAN : sign * INFINITY;
  if (!format.hasInfinity && magnitude == (1u << width) - 1)
    return NAN;
  if (exponent)
    mantissa |= 1u << format.mantissaBits;
  else
    exponent = 1;
  return sign * std::ldexp(mantissa, static_cast<int>(exponent) - format.bias -
                                         static_cast<int>(format.mantissaBits));
}
