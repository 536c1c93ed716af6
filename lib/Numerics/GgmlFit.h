//===- GgmlFit.h - the searches of GGML's quantizers ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Each finds codes and a scale of some values under weights. Sums are f32 and
// run in the order of the values: the bytes of a file depend on both.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_GGMLFIT_H
#define SQUINT_LIB_NUMERICS_GGMLFIT_H

#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cstdint>

namespace squint::ggml {

/// Values whose largest magnitude is below this count as zeros.
constexpr float kNothing = 1e-15f;

/// The nearest integer, half to even, of a magnitude below 2^22; some integer
/// for all others.
inline int32_t nearest(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value + 12582912.0f);
  return static_cast<int32_t>(bits & 0x007fffff) - 0x00400000;
}
inline int32_t nearest(float value, int32_t low, int32_t high) {
  return std::max(low, std::min(high, nearest(value)));
}

/// The value of largest magnitude, the first of equals.
float findExtreme(const float *x, int64_t count);

/// codes = level + half, level in [-half, half), value = scale * level: 19
/// scales are tried for the least squared error. Weights of null are x^2.
float fitSigned(const float *x, const float *weights, int64_t count,
                int32_t half, uint8_t *codes);
/// The same from one scale on, code by code, with weights x^2.
float fitSignedByCodes(const float *x, int64_t count, int32_t half,
                       uint8_t *codes);
/// value = scale * code, code in [0, highest], of values that are not negative.
float fitUnsigned(const float *x, const float *weights, int64_t count,
                  int32_t highest, uint8_t *codes);

/// The scales tried by `fitAffine`: highest + first + i * step over the range,
/// for i up to `last`.
struct Trials {
  float first, step;
  int32_t last;
  /// The error is a sum of magnitudes, not of squares.
  bool magnitudes;
};

/// Those under an importance matrix.
inline constexpr Trials kWeightedTrials = {-0.9f, 0.05f, 36, false};

/// value = scale * code - min, code in [0, highest], min >= 0.
float fitAffine(const float *x, const float *weights, int64_t count,
                int32_t highest, const Trials &trials, uint8_t *codes,
                float &min);

} // namespace squint::ggml

#endif // SQUINT_LIB_NUMERICS_GGMLFIT_H
