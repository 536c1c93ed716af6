//===- GgmlK.cpp - q2_k to q6_k ---------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Blocks of 256 whose groups' scales, and minima where there are any, are codes
// of 4 to 8 bits under one or two f16 numbers. Layouts in bytes:
//
//   q2_k  scales[16] (low: scale, high: minimum), codes[64], d, dmin
//   q3_k  high bits[32], codes[64], scales[12], d
//   q4_k  d, dmin, scales[12], codes[128]
//   q5_k  d, dmin, scales[12], high bits[32], codes[128]
//   q6_k  low 4 bits[128], high 2 bits[64], scales[16], d
//
//===----------------------------------------------------------------------===//

#include "Ggml.h"
#include "GgmlFit.h"

using namespace squint;
using namespace squint::ggml;

static constexpr int64_t kSize = BlockParts::maxSize;

//===----------------------------------------------------------------------===//
// Scales and minima
//===----------------------------------------------------------------------===//

namespace {
/// How a type with minima is searched.
struct AffineKind {
  int64_t group;
  int32_t highest, highestScale;
  Trials plain;
};
} // namespace

/// Codes of scales (or minima) up to `highest`, and the f16 number above them.
static uint16_t quantizeScales(const float *scales, const float *weights,
                               int64_t count, int32_t highest, uint8_t *codes) {
  if (weights)
    return floatToHalf(fitUnsigned(scales, weights, count, highest, codes));
  float max = 0.0f, most = static_cast<float>(highest);
  for (int64_t i = 0; i < count; ++i)
    max = std::max(max, scales[i]);
  float inverse = max > 0.0f ? most / max : 0.0f;
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<uint8_t>(nearest(inverse * scales[i], 0, highest));
  return floatToHalf(max / most);
}

static void fitAffineBlock(const AffineKind &kind, const float *x,
                           const float *importance, BlockParts &parts) {
  int64_t groups = kSize / kind.group;
  bool ofPairs = kind.highest == 3;
  float mean = sumSquares(x, kSize);
  mean = (ofPairs ? mean : 2.0f * mean) / float(kSize);
  float scales[BlockParts::maxGroups], mins[BlockParts::maxGroups],
      sums[BlockParts::maxGroups];
  for (int64_t g = 0; g < groups; ++g) {
    const float *values = x + g * kind.group;
    float weights[32], level = 0.0f;
    if (!importance && !ofPairs)
      level = std::sqrt(sumSquares(values, kind.group) / float(kind.group));
    sums[g] = 0.0f;
    for (int64_t i = 0; i < kind.group; ++i) {
      weights[i] = importance
                       ? weigh(importance[g * kind.group + i], mean, values[i])
                       : level + std::fabs(values[i]);
      sums[g] += weights[i];
    }
    scales[g] = fitAffine(values, weights, kind.group, kind.highest,
                          importance ? kWeightedTrials : kind.plain,
                          parts.codes + g * kind.group, mins[g]);
  }
  const float *weights = importance ? sums : nullptr;
  parts.scale =
      quantizeScales(scales, weights, groups, kind.highestScale, parts.scales);
  parts.min =
      quantizeScales(mins, weights, groups, kind.highestScale, parts.mins);
  for (int64_t g = 0; g < groups; ++g) {
    float scale = halfToFloat(parts.scale) * float(parts.scales[g]);
    if (scale == 0.0f)
      continue;
    float min = halfToFloat(parts.min) * float(parts.mins[g]);
    for (int64_t i = g * kind.group; i < (g + 1) * kind.group; ++i)
      parts.codes[i] =
          static_cast<uint8_t>(nearest((x[i] + min) / scale, 0, kind.highest));
  }
}

//===----------------------------------------------------------------------===//
// Scales alone
//===----------------------------------------------------------------------===//

/// Codes less `half` are the nearest ones to the values over the scales.
static void roundSigned(const float *x, int32_t half, int32_t bias,
                        BlockParts &parts) {
  for (int64_t i = 0; i < kSize; ++i) {
    float scale = halfToFloat(parts.scale) *
                  static_cast<float>(parts.scales[i / 16] - bias);
    if (scale != 0.0f)
      parts.codes[i] =
          static_cast<uint8_t>(nearest(x[i] / scale, -half, half - 1) + half);
  }
}

static void fitQ3(const float *x, const float *importance, BlockParts &parts) {
  constexpr int64_t group = 16, groups = kSize / group;
  float mean = 2.0f * sumSquares(x, kSize) / float(kSize);
  float scales[groups], sums[groups];
  for (int64_t g = 0; g < groups; ++g) {
    const float *values = x + g * group;
    uint8_t *codes = parts.codes + g * group;
    if (!importance) {
      scales[g] = fitSignedByCodes(values, group, 4, codes);
      continue;
    }
    float weights[group];
    sums[g] = 0.0f;
    for (int64_t i = 0; i < group; ++i) {
      weights[i] = weigh(importance[g * group + i], mean, values[i]);
      sums[g] += weights[i];
    }
    scales[g] = fitSigned(values, weights, group, 4, codes);
  }
  if (importance) {
    parts.scale =
        floatToHalf(fitSigned(scales, sums, groups, 32, parts.scales));
  } else {
    float extreme = findExtreme(scales, groups);
    std::memset(parts.scales, 0, groups);
    parts.scale = 0;
    if (extreme != 0.0f) {
      float inverse = -32.0f / extreme;
      for (int64_t g = 0; g < groups; ++g)
        parts.scales[g] =
            static_cast<uint8_t>(nearest(inverse * scales[g], -32, 31) + 32);
      parts.scale = floatToHalf(1.0f / inverse);
    }
  }
  roundSigned(x, 4, 32, parts);
}

static void fitQ6(const float *x, const float *importance, BlockParts &parts) {
  constexpr int64_t group = 16, groups = kSize / group;
  float scales[groups];
  for (int64_t g = 0; g < groups; ++g)
    scales[g] =
        fitSigned(x + g * group, importance ? importance + g * group : nullptr,
                  group, 32, parts.codes + g * group);
  float extreme = findExtreme(scales, groups);
  if (std::fabs(extreme) < kNothing) {
    std::memset(parts.scales, 128, groups);
    std::memset(parts.codes, 0, kSize);
    parts.scale = 0;
    return;
  }
  float inverse = -128.0f / extreme;
  parts.scale = floatToHalf(1.0f / inverse);
  for (int64_t g = 0; g < groups; ++g)
    parts.scales[g] =
        static_cast<uint8_t>(nearest(inverse * scales[g], -128, 127) + 128);
  roundSigned(x, 32, 128, parts);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// A row block by block.
template <const BlockCodec &codec, typename Fit>
static void quantizeBlocks(const float *x, const float *importance,
                           int64_t columns, char *row, Fit fit) {
  BlockParts parts;
  for (int64_t at = 0; at < columns; at += kSize, row += codec.bytes) {
    fit(x + at, importance ? importance + at : nullptr, parts);
    codec.pack(parts, row);
  }
}

template <const BlockCodec &codec, int32_t highest, int32_t highestScale,
          const Trials &plain>
static void quantizeAffine(const float *x, const float *importance,
                           int64_t columns, char *row) {
  quantizeBlocks<codec>(
      x, importance, columns, row,
      [](const float *x, const float *importance, BlockParts &parts) {
        fitAffineBlock({codec.group, highest, highestScale, plain}, x,
                       importance, parts);
      });
}

static constexpr Trials kQ2Trials = {-0.5f, 0.1f, 15, true},
                        kQ4Trials = {-1.0f, 0.1f, 20, false},
                        kQ5Trials = {-0.5f, 0.1f, 15, false};

static void quantizeQ3(const float *x, const float *importance, int64_t columns,
                       char *row) {
  quantizeBlocks<kQ3K>(x, importance, columns, row, fitQ3);
}
static void quantizeQ6(const float *x, const float *importance, int64_t columns,
                       char *row) {
  quantizeBlocks<kQ6K>(x, importance, columns, row, fitQ6);
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

static BitField fieldAt(int64_t byte, int64_t shift, uint8_t bits) {
  return {static_cast<int16_t>(byte), static_cast<uint8_t>(shift), bits};
}

static void getQ2Fields(int64_t g, bool isMin, BitField *fields) {
  fields[0] = fieldAt(g, isMin ? 4 : 0, 4);
}

static void getQ3Fields(int64_t g, bool, BitField *fields) {
  fields[0] = fieldAt(96 + g % 8, g / 8 * 4, 4);
  fields[1] = fieldAt(104 + g % 4, g / 4 * 2, 2);
}

/// Of q4_k and q5_k: the first four scales and minima lie in the low 6 bits of
/// 8 bytes, the others in the 4 bytes that follow and the 2 bits left above.
static void getQ4Fields(int64_t g, bool isMin, BitField *fields) {
  int64_t low = isMin ? 8 : 4;
  if (g < 4) {
    fields[0] = fieldAt(low + g, 0, 6);
    return;
  }
  fields[0] = fieldAt(8 + g, isMin ? 4 : 0, 4);
  fields[1] = fieldAt(low + g - 4, 6, 2);
}

static void getQ6Fields(int64_t g, bool, BitField *fields) {
  fields[0] = fieldAt(192 + g, 0, 8);
}

const BlockCodec ggml::kQ2K = {
    kSize,
    84,
    16,
    /*scaleBits=*/4,
    /*minBits=*/4,
    /*scaleBias=*/0,
    /*hasMins=*/true,
    /*scaleAt=*/80,
    /*minAt=*/82,
    {{16, 2, 32}, {}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getQ2Fields,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeAffine<kQ2K, 3, 15, kQ2Trials>,
};
const BlockCodec ggml::kQ3K = {
    kSize,
    110,
    16,
    /*scaleBits=*/6,
    /*minBits=*/0,
    /*scaleBias=*/32,
    /*hasMins=*/false,
    /*scaleAt=*/108,
    /*minAt=*/0,
    {{32, 2, 32}, {0, 1, 32}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getQ3Fields,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeQ3,
};
const BlockCodec ggml::kQ4K = {
    kSize,
    144,
    32,
    /*scaleBits=*/6,
    /*minBits=*/6,
    /*scaleBias=*/0,
    /*hasMins=*/true,
    /*scaleAt=*/0,
    /*minAt=*/2,
    {{16, 4, 32}, {}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getQ4Fields,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeAffine<kQ4K, 15, 63, kQ4Trials>,
};
const BlockCodec ggml::kQ5K = {
    kSize,
    176,
    32,
    /*scaleBits=*/6,
    /*minBits=*/6,
    /*scaleBias=*/0,
    /*hasMins=*/true,
    /*scaleAt=*/0,
    /*minAt=*/2,
    {{48, 4, 32}, {16, 1, 32}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getQ4Fields,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeAffine<kQ5K, 31, 63, kQ5Trials>,
};
const BlockCodec ggml::kQ6K = {
    kSize,
    210,
    16,
    /*scaleBits=*/8,
    /*minBits=*/0,
    /*scaleBias=*/128,
    /*hasMins=*/false,
    /*scaleAt=*/208,
    /*minAt=*/0,
    {{0, 4, 64}, {128, 2, 32}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    getQ6Fields,
    /*scaleFlip=*/128,
    /*isTernary=*/false,
    quantizeQ6,
};
