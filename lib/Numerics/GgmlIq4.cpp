//===- GgmlIq4.cpp - iq4_nl and iq4_xs --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Codes of 16 levels that are not evenly spaced, in groups of 32. Layouts in
// bytes:
//
//   iq4_nl  d, codes[16]
//   iq4_xs  d, high 2 bits of 8 scales[2], low 4 bits[4], codes[128]
//
//===----------------------------------------------------------------------===//

#include "Ggml.h"
#include "GgmlFit.h"

using namespace squint;
using namespace squint::ggml;

static constexpr int64_t kGroup = 32;

/// The nearest level, the upper one in the middle of two.
static uint8_t nearestLevel(float x) {
  if (x <= kIq4Levels[0])
    return 0;
  uint8_t upper = 1;
  while (upper < 15 && !(x < kIq4Levels[upper]))
    ++upper;
  return x - kIq4Levels[upper - 1] < kIq4Levels[upper] - x ? upper - 1 : upper;
}

static void roundGroup(const float *x, float scale, uint8_t *codes) {
  float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
  for (int64_t i = 0; i < kGroup; ++i)
    codes[i] = nearestLevel(inverse * x[i]);
}

/// The best of 16 scales for a group; `mean` is of the squares of its block.
static float fitGroup(const float *x, const float *importance, float mean) {
  float extreme = findExtreme(x, kGroup);
  if (std::fabs(extreme) < kNothing)
    return 0.0f;
  auto measure = [&](float inverse, float &sumX, float &sumQ) {
    sumX = sumQ = 0.0f;
    for (int64_t i = 0; i < kGroup; ++i) {
      float weight =
          importance ? weigh(importance[i], mean, x[i]) : x[i] * x[i];
      float level = kIq4Levels[nearestLevel(inverse * x[i])];
      sumX += weight * level * x[i];
      sumQ += weight * level * level;
    }
  };
  constexpr float lowest = kIq4Levels[0];
  float sumX, sumQ;
  measure(1.0f / (-extreme / lowest), sumX, sumQ);
  float scale = sumQ > 0.0f ? sumX / sumQ : 0.0f, best = scale * sumX;
  for (int trial = -7; trial <= 7; ++trial) {
    measure((static_cast<float>(trial) + lowest) / extreme, sumX, sumQ);
    if (sumQ > 0.0f && sumX * sumX > best * sumQ) {
      scale = sumX / sumQ;
      best = scale * sumX;
    }
  }
  return scale;
}

static float findMean(const float *x, int64_t count) {
  return sumSquares(x, count) * (2.0f / static_cast<float>(count));
}

static void quantizeNl(const float *x, const float *importance, int64_t columns,
                       char *row) {
  BlockParts parts;
  for (int64_t at = 0; at < columns; at += kGroup, row += kIq4Nl.bytes) {
    float scale = fitGroup(x + at, importance ? importance + at : nullptr,
                           findMean(x + at, kGroup));
    roundGroup(x + at, scale, parts.codes);
    parts.scale = floatToHalf(scale);
    kIq4Nl.pack(parts, row);
  }
}

static void quantizeXs(const float *x, const float *importance, int64_t columns,
                       char *row) {
  constexpr int64_t size = BlockParts::maxSize, groups = size / kGroup;
  BlockParts parts;
  for (int64_t at = 0; at < columns; at += size, row += kIq4Xs.bytes) {
    float mean = findMean(x + at, size), scales[groups];
    for (int64_t g = 0; g < groups; ++g) {
      int64_t from = at + g * kGroup;
      scales[g] =
          fitGroup(x + from, importance ? importance + from : nullptr, mean);
    }
    float above = -findExtreme(scales, groups) / 32.0f;
    float inverse = above != 0.0f ? 1.0f / above : 0.0f;
    parts.scale = floatToHalf(above);
    for (int64_t g = 0; g < groups; ++g) {
      int32_t level = nearest(inverse * scales[g], -32, 31);
      parts.scales[g] = static_cast<uint8_t>(level + 32);
      roundGroup(x + at + g * kGroup, above * static_cast<float>(level),
                 parts.codes + g * kGroup);
    }
    kIq4Xs.pack(parts, row);
  }
}

static void getXsFields(int64_t g, bool, BitField *fields) {
  fields[0] = {static_cast<int16_t>(4 + g / 2), static_cast<uint8_t>(g % 2 * 4),
               4};
  fields[1] = {static_cast<int16_t>(2 + g / 4), static_cast<uint8_t>(g % 4 * 2),
               2};
}

const BlockCodec ggml::kIq4Nl = {
    kGroup,
    18,
    kGroup,
    /*scaleBits=*/0,
    /*minBits=*/0,
    /*scaleBias=*/0,
    /*hasMins=*/false,
    /*scaleAt=*/0,
    /*minAt=*/0,
    {{2, 4, 16}, {}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    nullptr,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeNl,
};
const BlockCodec ggml::kIq4Xs = {
    BlockParts::maxSize,
    136,
    kGroup,
    /*scaleBits=*/6,
    /*minBits=*/0,
    /*scaleBias=*/32,
    /*hasMins=*/false,
    /*scaleAt=*/0,
    /*minAt=*/0,
    {{8, 4, 16}, {}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getXsFields,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeXs,
};
