//===- FloatBits.cpp - half, bfloat and 8-bit floats as bits ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/FloatBits.h"
#include <cmath>

using namespace squint;

uint16_t squint::floatToHalf(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) // NaN: keep it quiet and keep its payload's top
    return sign | 0x7e00 | ((magnitude >> 13) & 0x1ff);
  if (magnitude >= 0x477ff000) // rounds to 65536 or more
    return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 leaves the rounded multiple of 2^-24 in the low
    // mantissa bits, as ulp(0.5) = 2^-24.
    float shifted = llvm::bit_cast<float>(magnitude) + 0.5f;
    return sign | (llvm::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  uint32_t odd = (magnitude >> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13);
}

float squint::halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0x1f)
    return llvm::bit_cast<float>(sign | 0x7f800000 | mantissa << 13);
  if (exponent == 0) {
    float magnitude = float(mantissa) * 0x1p-24f;
    return llvm::bit_cast<float>(sign | llvm::bit_cast<uint32_t>(magnitude));
  }
  return llvm::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

uint16_t squint::floatToBfloat(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

float MiniFloat::decode(uint32_t code) const {
  int bias = (1 << (exponentBits - 1)) - 1;
  uint32_t mantissa = code & ((1u << mantissaBits) - 1);
  uint32_t exponent = (code >> mantissaBits) & ((1u << exponentBits) - 1);
  float magnitude =
      exponent == 0 ? std::ldexp(float(mantissa), 1 - bias - int(mantissaBits))
                    : std::ldexp(float(mantissa + (1u << mantissaBits)),
                                 int(exponent) - bias - int(mantissaBits));
  bool negative = (code >> (exponentBits + mantissaBits)) & 1;
  return negative ? -magnitude : magnitude;
}
