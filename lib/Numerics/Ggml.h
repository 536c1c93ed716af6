//===- Ggml.h - what the files of GGML's types share ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_GGML_H
#define SQUINT_LIB_NUMERICS_GGML_H

#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/Element.h"
#include "squint/Numerics/FloatBits.h"
#include <cmath>
#include <cstring>

namespace squint::ggml {

inline uint8_t byteAt(const char *block, int64_t i) {
  return static_cast<uint8_t>(block[i]);
}
inline uint16_t loadHalf(const char *at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return bits;
}
inline void storeHalf(uint16_t bits, char *at) { std::memcpy(at, &bits, 2); }

/// The error of column i weighs importance * sqrt(mean + x^2).
inline float weigh(float importance, float mean, float x) {
  return importance * std::sqrt(mean + x * x);
}
inline float sumSquares(const float *x, int64_t count) {
  float sum = 0.0f;
  for (int64_t i = 0; i < count; ++i)
    sum += x[i] * x[i];
  return sum;
}

/// The levels of iq4_nl and iq4_xs.
inline constexpr int8_t kIq4Levels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// The 256 digits of tq1_0.
void unpackTernary(const char *block, uint8_t *codes);
void packTernary(const uint8_t *codes, char *block);

/// iq1, iq2 and iq3.
llvm::ArrayRef<Element> getGridElements();

extern const BlockCodec kQ2K, kQ3K, kQ4K, kQ5K, kQ6K;
extern const BlockCodec kIq4Nl, kIq4Xs, kQ80, kTq10, kTq20;

} // namespace squint::ggml

#endif // SQUINT_LIB_NUMERICS_GGML_H
