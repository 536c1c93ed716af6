//===- Table.cpp - nf4 and fp4 of bitsandbytes ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// NF4: 16 levels, quantiles of a normal distribution (Dettmers et al., QLoRA,
// arXiv:2305.14314), as the f32 literals of bitsandbytes. A value on the middle
// of two levels takes the lower one.
//
// bnb-fp4: a sign and seven magnitudes, which bitsandbytes numbers by the bits
// of a small float, its subnormal moved down to 1/192.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Element.h"
#include <cmath>

using namespace squint;

static constexpr float kNf4Levels[16] = {-1.0f,
                                         -0.6961928009986877f,
                                         -0.5250730514526367f,
                                         -0.39491748809814453f,
                                         -0.28444138169288635f,
                                         -0.18477343022823334f,
                                         -0.09105003625154495f,
                                         0.0f,
                                         0.07958029955625534f,
                                         0.16093020141124725f,
                                         0.24611230194568634f,
                                         0.33791524171829224f,
                                         0.44070982933044434f,
                                         0.5626170039176941f,
                                         0.7229568362236023f,
                                         1.0f};

// The pivots are literals too: the middles of the levels in f32 differ from
// them in the last bit.
static constexpr float kNf4Pivots[15] = {
    -0.8480964004993439f,   -0.6106329262256622f,  -0.4599952697753906f,
    -0.33967943489551544f,  -0.23460740596055984f, -0.13791173323988914f,
    -0.045525018125772475f, 0.03979014977812767f,  0.1202552504837513f,
    0.2035212516784668f,    0.2920137718319893f,   0.3893125355243683f,
    0.5016634166240692f,    0.6427869200706482f,   0.8614784181118011f};

// Pivots ascend: the count of those below is found bit by bit. None is below
// NaN.
static uint32_t encodeNf4(float value) {
  uint32_t code = 0;
  for (uint32_t step = 8; step != 0; step /= 2)
    code += value > kNf4Pivots[code + step - 1] ? step : 0;
  return code;
}

static float decodeNf4(uint32_t code) { return kNf4Levels[code & 15]; }

static constexpr float kFp4Magnitudes[8] = {
    0.0f, 5.208333333e-03f, 0.66666667f, 1.0f, 0.33333333f,
    0.5f, 0.16666667f,      0.25f};

static uint32_t encodeFp4(float value) {
  float magnitude = std::fabs(value);
  // The nearest, the smaller one on the middle of two.
  uint32_t nearest = 0;
  for (uint32_t code : {1, 6, 7, 4, 5, 2, 3})
    if (std::fabs(magnitude - kFp4Magnitudes[code]) <
        std::fabs(magnitude - kFp4Magnitudes[nearest]))
      nearest = code;
  return nearest | (std::signbit(value) ? 8 : 0);
}

static float decodeFp4(uint32_t code) {
  float magnitude = kFp4Magnitudes[code & 7];
  return code & 8 ? -magnitude : magnitude;
}

llvm::ArrayRef<Element> squint::getTableElements() {
  static const Element elements[] = {
      {"nf4", ElementKind::Table, 4, 1.0f, encodeNf4, decodeNf4},
      {"bnb-fp4", ElementKind::Table, 4, 1.0f, encodeFp4, decodeFp4},
  };
  return elements;
}
