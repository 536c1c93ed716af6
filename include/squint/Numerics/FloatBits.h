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

#include "llvm/ADT/bit.h"
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

inline constexpr MiniFloat kFloat8E4M3 = {4, 3, 448.0f};
inline constexpr MiniFloat kFloat8E5M2 = {5, 2, 57344.0f};
inline constexpr MiniFloat kFloat4E2M1 = {2, 1, 6.0f};

} // namespace squint

#endif // SQUINT_NUMERICS_FLOATBITS_H
