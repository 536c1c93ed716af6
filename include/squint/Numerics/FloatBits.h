//===- FloatBits.h - half, bfloat and 8-bit floats as bits ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Conversions between f32 and narrow floats, exact in the bits: rounding is
// half to even, subnormals are kept, NaN stays NaN.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_FLOATBITS_H
#define SQUINT_NUMERICS_FLOATBITS_H

#include "squint/Numerics/Element.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <cstdint>

namespace squint {

/// Infinity for what rounds beyond 65504.
uint16_t floatToHalf(float value);
float halfToFloat(uint16_t bits);

/// Infinity for what rounds beyond the largest bfloat.
uint16_t floatToBfloat(float value);
inline float bfloatToFloat(uint16_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits) << 16);
}

/// A float of one sign bit, `exponentBits` and `mantissaBits` with the usual
/// bias, read as if every exponent were finite.
struct MiniFloat {
  unsigned exponentBits, mantissaBits;
  /// The largest finite magnitude; encoding saturates to it.
  float largest;

  /// Rounds half to even and saturates, infinities included. NaN has no
  /// meaning here and gives the largest code.
  uint32_t encode(float value) const;
  float decode(uint32_t code) const;
};

inline uint32_t MiniFloat::encode(float value) const {
  int bias = (1 << (exponentBits - 1)) - 1;
  uint32_t sign = uint32_t(std::signbit(value))
                  << (exponentBits + mantissaBits);
  float magnitude = std::fabs(value);
  if (!(magnitude < largest))
    magnitude = largest;
  // The spacing at its exponent, but no less than that of subnormals: adding
  // 1.5 * 2^23 spacings leaves the multiple, half to even, in the low bits.
  uint32_t exponent =
      std::max(llvm::bit_cast<uint32_t>(magnitude) >> 23, uint32_t(128 - bias));
  uint32_t spacing = (exponent - mantissaBits) << 23;
  uint32_t magic = spacing + (23u << 23) + 0x00400000;
  float shifted = magnitude + llvm::bit_cast<float>(magic);
  uint32_t steps = llvm::bit_cast<uint32_t>(shifted) - magic;
  // A carry into the next exponent is a carry into the exponent field.
  uint32_t field = (exponent - uint32_t(128 - bias)) << mantissaBits;
  return sign | (field + steps);
}

inline constexpr MiniFloat kFloat8E4M3 = {4, 3, 448.0f};
inline constexpr MiniFloat kFloat8E5M2 = {5, 2, 57344.0f};
inline constexpr MiniFloat kFloat6E2M3 = {2, 3, 7.5f};
inline constexpr MiniFloat kFloat6E3M2 = {3, 2, 28.0f};
inline constexpr MiniFloat kFloat4E2M1 = {2, 1, 6.0f};

/// The element of such floats, with the block and scale that come with them.
template <const MiniFloat &mini>
Element makeMiniFloat(const llvm::StringLiteral &name, unsigned group = 0,
                      std::optional<ScaleType> scale = std::nullopt) {
  return {name,
          ElementKind::Float,
          1 + mini.exponentBits + mini.mantissaBits,
          mini.largest,
          [](float value) { return mini.encode(value); },
          [](uint32_t code) { return mini.decode(code); },
          group,
          scale,
          /*blocks=*/nullptr,
          &mini};
}

} // namespace squint

#endif // SQUINT_NUMERICS_FLOATBITS_H
