//===- Ggml.cpp - GGML's types, and its older blocks ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Layouts in bytes; codes are nibbles, those of the first half of a block low:
//
//   q4_0   d, codes[16]                       q4_1   d, min, codes[16]
//   q5_0   d, high bits[4], codes[16]         q5_1   d, min, high bits[4], ...
//   q8_0   d, codes[32]
//   tq1_0  five codes of base 3 a byte[48], four[4], d
//   tq2_0  2-bit codes[64], d
//
//===----------------------------------------------------------------------===//

#include "Ggml.h"
#include "GgmlFit.h"
#include "llvm/ADT/STLExtras.h"
#include <cfloat>
#include <vector>

using namespace squint;
using namespace squint::ggml;

static constexpr int64_t kGroup = 32;

//===----------------------------------------------------------------------===//
// q4_0 to q5_1
//===----------------------------------------------------------------------===//

namespace {
/// 4 or 5 bits, with a minimum or without.
template <int Bits, bool HasMin> struct Legacy {
  static constexpr int32_t half = 1 << (Bits - 1), highest = 2 * half - 1;
  static constexpr int16_t minAt = 2, highAt = HasMin ? 4 : 2,
                           codesAt = highAt + (Bits == 5 ? 4 : 0);
  static const BlockCodec codec;

  static void pack(float scale, float min, BlockParts &parts, char *block) {
    parts.scale = floatToHalf(scale);
    parts.min = floatToHalf(min);
    codec.pack(parts, block);
  }

  /// Truncates, which rounds half up as `steps` is not negative.
  static uint8_t round(float steps) {
    return static_cast<uint8_t>(steps < static_cast<float>(highest) ? steps
                                                                    : highest);
  }

  static void quantizePlain(const float *x, char *block) {
    BlockParts parts;
    float origin, scale, offset;
    if constexpr (HasMin) {
      float min = FLT_MAX, max = -FLT_MAX;
      for (int64_t i = 0; i < kGroup; ++i) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
      }
      origin = min;
      scale = (max - min) / static_cast<float>(highest);
      offset = 0.5f;
    } else {
      origin = 0.0f;
      scale = findExtreme(x, kGroup) / static_cast<float>(-half);
      offset = static_cast<float>(half) + 0.5f;
    }
    float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    for (int64_t i = 0; i < kGroup; ++i) {
      float steps = (x[i] - origin) * inverse + offset;
      parts.codes[i] = round(steps > 0.0f ? steps : 0.0f);
    }
    pack(scale, -origin, parts, block);
  }

  static void quantize(const float *x, const float *importance, int64_t columns,
                       char *row) {
    float mean = 0.0f;
    if (importance)
      mean = sumSquares(x, columns) / static_cast<float>(columns);
    for (int64_t at = 0; at < columns; at += kGroup, row += codec.bytes) {
      if (!importance) {
        quantizePlain(x + at, row);
        continue;
      }
      float weights[kGroup], min = 0.0f, scale;
      for (int64_t i = 0; i < kGroup; ++i)
        weights[i] = weigh(importance[at + i], mean, x[at + i]);
      BlockParts parts;
      if constexpr (HasMin)
        scale = fitAffine(x + at, weights, kGroup, highest, kWeightedTrials,
                          parts.codes, min);
      else
        scale = fitSigned(x + at, weights, kGroup, half, parts.codes);
      pack(scale, min, parts, row);
    }
  }
};

template <int Bits, bool HasMin>
const BlockCodec Legacy<Bits, HasMin>::codec = {
    kGroup,
    codesAt + 16,
    kGroup,
    /*scaleBits=*/0,
    /*minBits=*/0,
    /*scaleBias=*/0,
    HasMin,
    /*scaleAt=*/0,
    minAt,
    {{codesAt, 4, 16},
     Bits == 5 ? CodePlane{highAt, 1, 1} : CodePlane{0, 0, 1}},
    /*codeFlip=*/0,
    /*codeAdd=*/0,
    nullptr,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantize,
};
} // namespace

//===----------------------------------------------------------------------===//
// q8_0, tq1_0, tq2_0
//===----------------------------------------------------------------------===//

/// The largest magnitude.
static float findLargest(const float *x, int64_t count) {
  return std::fabs(findExtreme(x, count));
}

// Importance has no say: the largest value decides.
static void quantizeQ80(const float *x, const float *, int64_t columns,
                        char *row) {
  for (int64_t at = 0; at < columns; at += kGroup, row += 2 + kGroup) {
    float scale = findLargest(x + at, kGroup) / 127.0f;
    float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    storeHalf(floatToHalf(scale), row);
    for (int64_t i = 0; i < kGroup; ++i) {
      float code = std::round(x[at + i] * inverse);
      row[2 + i] = static_cast<char>(code >= 127.0f    ? 127
                                     : code <= -127.0f ? -127
                                                       : int(code));
    }
  }
}

namespace {
/// Bytes of five codes: runs of codes that are `run` apart.
struct TernaryRun {
  int64_t byte, run, first, count;
};
} // namespace

static constexpr TernaryRun kTernaryRuns[] = {
    {0, 32, 0, 5}, {32, 16, 160, 5}, {48, 4, 240, 4}};

void ggml::unpackTernary(const char *block, uint8_t *codes) {
  for (const TernaryRun &run : kTernaryRuns)
    for (int64_t i = 0; i < run.run; ++i) {
      // The byte is a fraction of 256; its digits come out from the top.
      uint8_t fraction = byteAt(block, run.byte + i);
      for (int64_t digit = 0; digit < run.count; ++digit) {
        unsigned next = fraction * 3u;
        codes[run.first + digit * run.run + i] =
            static_cast<uint8_t>(next >> 8);
        fraction = static_cast<uint8_t>(next);
      }
    }
}

void ggml::packTernary(const uint8_t *codes, char *block) {
  for (const TernaryRun &run : kTernaryRuns)
    for (int64_t i = 0; i < run.run; ++i) {
      unsigned number = 0;
      for (int64_t digit = 0; digit < 5; ++digit)
        number =
            number * 3 +
            (digit < run.count ? codes[run.first + digit * run.run + i] : 0);
      block[run.byte + i] = static_cast<char>((number * 256 + 242) / 243);
    }
}

/// -1, 0 or 1, stored as 2 bits of a symmetric integer plus 2.
template <const BlockCodec &codec>
static void quantizeTernary(const float *x, const float *, int64_t columns,
                            char *row) {
  constexpr int64_t size = BlockParts::maxSize;
  BlockParts parts;
  for (int64_t at = 0; at < columns; at += size, row += codec.bytes) {
    float scale = findLargest(x + at, size);
    float inverse = scale != 0.0f ? 1.0f / scale : 0.0f;
    for (int64_t i = 0; i < size; ++i) {
      float code = std::round(x[at + i] * inverse);
      parts.codes[i] = code >= 1.0f ? 3 : code <= -1.0f ? 1 : 2;
    }
    parts.scale = floatToHalf(scale);
    codec.pack(parts, row);
  }
}

const BlockCodec ggml::kQ80 = {
    kGroup,
    34,
    kGroup,
    /*scaleBits=*/0,
    /*minBits=*/0,
    /*scaleBias=*/0,
    /*hasMins=*/false,
    /*scaleAt=*/0,
    /*minAt=*/0,
    {{2, 8, 32}, {}},
    /*codeFlip=*/128,
    /*codeAdd=*/0,
    nullptr,
    /*scaleFlip=*/0,
    /*isTernary=*/false,
    quantizeQ80,
};
const BlockCodec ggml::kTq10 = {
    BlockParts::maxSize, 54,
    BlockParts::maxSize,
    /*scaleBits=*/0,
    /*minBits=*/0,
    /*scaleBias=*/0,
    /*hasMins=*/false,
    /*scaleAt=*/52,
    /*minAt=*/0,         {},
    /*codeFlip=*/0,
    /*codeAdd=*/1,       nullptr,
    /*scaleFlip=*/0,
    /*isTernary=*/true,  quantizeTernary<kTq10>,
};
const BlockCodec ggml::kTq20 = {
    BlockParts::maxSize, 66,
    BlockParts::maxSize,
    /*scaleBits=*/0,
    /*minBits=*/0,
    /*scaleBias=*/0,
    /*hasMins=*/false,
    /*scaleAt=*/64,
    /*minAt=*/0,         {{0, 2, 32}, {}},
    /*codeFlip=*/0,
    /*codeAdd=*/1,       nullptr,
    /*scaleFlip=*/0,
    /*isTernary=*/false, quantizeTernary<kTq20>,
};

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Symmetric codes are two's complement.
template <int Bits, bool HasMin> static float decodeCode(uint32_t code) {
  int32_t all = 1 << Bits;
  int32_t level = static_cast<int32_t>(code) & (all - 1);
  return static_cast<float>(!HasMin && level >= all / 2 ? level - all : level);
}
template <int Bits, bool HasMin> static uint32_t encodeCode(float value) {
  int32_t all = 1 << Bits, low = HasMin ? 0 : -all / 2;
  return static_cast<uint32_t>(nearest(value, low, low + all - 1)) &
         static_cast<uint32_t>(all - 1);
}

template <int Bits, bool HasMin>
static Element makeInteger(const llvm::StringLiteral &name,
                           const BlockCodec &codec) {
  return {name,
          ElementKind::Integer,
          Bits,
          static_cast<float>(1 << (Bits - 1)),
          encodeCode<Bits, HasMin>,
          decodeCode<Bits, HasMin>,
          static_cast<unsigned>(codec.group),
          ScaleType::F16,
          &codec};
}

static uint32_t encodeIq4(float value) {
  uint32_t code = 0;
  for (uint32_t i = 1; i < 16; ++i)
    if (std::fabs(value - kIq4Levels[i]) <= std::fabs(value - kIq4Levels[code]))
      code = i;
  return code;
}
static float decodeIq4(uint32_t code) { return kIq4Levels[code & 15]; }

static Element makeIq4(const llvm::StringLiteral &name,
                       const BlockCodec &codec) {
  return {name,   ElementKind::Table, 4,     127.0f, encodeIq4, decodeIq4,
          kGroup, ScaleType::F16,     &codec};
}

llvm::ArrayRef<Element> squint::getGgmlElements() {
  static const std::vector<Element> elements = [] {
    std::vector<Element> all = {
        makeInteger<4, false>("q4_0", Legacy<4, false>::codec),
        makeInteger<4, true>("q4_1", Legacy<4, true>::codec),
        makeInteger<5, false>("q5_0", Legacy<5, false>::codec),
        makeInteger<5, true>("q5_1", Legacy<5, true>::codec),
        makeInteger<8, false>("q8_0", kQ80),
        makeInteger<2, true>("q2_k", kQ2K),
        makeInteger<3, false>("q3_k", kQ3K),
        makeInteger<4, true>("q4_k", kQ4K),
        makeInteger<5, true>("q5_k", kQ5K),
        makeInteger<6, false>("q6_k", kQ6K),
        makeIq4("iq4_nl", kIq4Nl),
        makeIq4("iq4_xs", kIq4Xs),
        makeInteger<2, false>("tq1_0", kTq10),
        makeInteger<2, false>("tq2_0", kTq20),
    };
    llvm::append_range(all, getGridElements());
    return all;
  }();
  return elements;
}
