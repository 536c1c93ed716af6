//===- GgmlGrids.cpp - iq1, iq2 and iq3 -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Several values together are a point of a grid, of which a block has the
// number; signs come apart. Taken apart, a value's code is its digit of the
// point and, above it, its sign. A group's scale is d * (2 * scale + 1).
// Layouts in bytes, for groups of 32 values unless it says otherwise:
//
//   iq2_xxs  d, groups[8]: low numbers[4], then u32: signs 4 x 7, scale 4
//   iq2_xs   d, u16 number 9, signs 7[32], scales 4 of groups of 16[8]
//   iq2_s    d, low numbers[32], signs[32], high 2 bits of numbers[8],
//            scales 4 of groups of 16[8]
//   iq3_xxs  d, numbers[64], u32: signs 4 x 7, scale 4[8]
//   iq3_s    d, low numbers[64], ninth bits[8], signs[32], scales 4[4]
//   iq1_s    d, low numbers[32], u16: high 3 bits 4 x 3, scale 3, shift 1[8]
//   iq1_m    low numbers[32], 4 bits of each: high 3, shift 1[16],
//            u16: scales 3 of groups of 16 x 4, 4 bits of d[4]
//
// Seven signs leave out the eighth value's, which makes the count of negative
// ones even. A shift moves a group's -1, 0 and 1 down by 1/8 or, if it is 0,
// up.
//
//===----------------------------------------------------------------------===//

#include "Ggml.h"
#include <vector>

using namespace squint;
using namespace squint::ggml;

static constexpr int64_t kSize = BlockParts::maxSize, kGroup = 32;
/// Values that have a byte of signs.
static constexpr int64_t kEight = 8;

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

namespace {
/// The digits of `points` points, `size` of each.
class Grid {
public:
  Grid(int64_t points, int64_t size, unsigned radix, const char *gaps)
      : size(size) {
    digits.reserve(points * size);
    unsigned number = 0;
    for (; *gaps; ++gaps) {
      number += static_cast<unsigned>(*gaps - ']');
      if (*gaps == '~')
        continue;
      unsigned rest = number;
      for (int64_t i = 0; i < size; ++i, rest /= radix)
        digits.push_back(static_cast<uint8_t>(rest % radix));
    }
  }

  /// The codes of a point; bit i of `signs` is that of value i.
  void place(unsigned point, unsigned signs, unsigned signBit,
             uint8_t *codes) const {
    for (int64_t i = 0; i < size; ++i)
      codes[i] = static_cast<uint8_t>(digits[point * size + i] |
                                      (signs >> i & 1) << signBit);
  }

private:
  int64_t size;
  std::vector<uint8_t> digits;
};
} // namespace

#define GGML_GRID(NAME, POINTS, SIZE, RADIX, GAPS)                             \
  static const Grid &get_##NAME() {                                            \
    static const Grid grid(POINTS, SIZE, RADIX, GAPS);                         \
    return grid;                                                               \
  }
#include "GgmlGrids.def"
#undef GGML_GRID

static unsigned completeSigns(unsigned seven) {
  unsigned parity = seven ^ seven >> 4;
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return seven | (parity & 1) << 7;
}

static uint32_t loadWord(const char *at) {
  uint32_t word;
  std::memcpy(&word, at, 4);
  return word;
}

/// Two scales a byte, the first one low.
static void unpackScales(const char *from, int64_t count, BlockParts &parts) {
  for (int64_t g = 0; g < count; ++g)
    parts.scales[g] = byteAt(from, g / 2) >> g % 2 * 4 & 15;
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static constexpr unsigned kSign2 = 2, kSign3 = 3;

static void unpackIq2Xxs(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  for (int64_t g = 0; g < kSize / kGroup; ++g) {
    const char *numbers = block + 2 + 8 * g;
    uint32_t word = loadWord(numbers + 4);
    for (int64_t i = 0; i < 4; ++i)
      get_iq2_xxs().place(byteAt(numbers, i),
                          completeSigns(word >> (7 * i) & 127), kSign2,
                          parts.codes + g * kGroup + i * kEight);
    parts.scales[g] = static_cast<uint8_t>(word >> 28);
  }
}

static void unpackIq2Xs(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  for (int64_t i = 0; i < kSize / kEight; ++i) {
    unsigned both = loadHalf(block + 2 + 2 * i);
    get_iq2_xs().place(both & 511, completeSigns(both >> 9), kSign2,
                       parts.codes + i * kEight);
  }
  unpackScales(block + 66, 16, parts);
}

static void unpackIq2S(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  for (int64_t i = 0; i < kSize / kEight; ++i) {
    unsigned high = byteAt(block, 66 + i / 4) >> i % 4 * 2 & 3;
    get_iq2_s().place(byteAt(block, 2 + i) | high << 8, byteAt(block, 34 + i),
                      kSign2, parts.codes + i * kEight);
  }
  unpackScales(block + 74, 16, parts);
}

/// Points of four values, two for a byte of signs.
static void placeBoth(const Grid &grid, unsigned first, unsigned second,
                      unsigned signs, uint8_t *codes) {
  grid.place(first, signs & 15, kSign3, codes);
  grid.place(second, signs >> 4, kSign3, codes + 4);
}

static void unpackIq3Xxs(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  for (int64_t g = 0; g < kSize / kGroup; ++g) {
    const char *numbers = block + 2 + 8 * g;
    uint32_t word = loadWord(block + 66 + 4 * g);
    for (int64_t i = 0; i < 4; ++i)
      placeBoth(get_iq3_xxs(), byteAt(numbers, 2 * i),
                byteAt(numbers, 2 * i + 1),
                completeSigns(word >> (7 * i) & 127),
                parts.codes + g * kGroup + i * kEight);
    parts.scales[g] = static_cast<uint8_t>(word >> 28);
  }
}

static void unpackIq3S(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  auto number = [&](int64_t i) -> unsigned {
    unsigned ninth = byteAt(block, 66 + i / 8) >> i % 8 & 1;
    return byteAt(block, 2 + i) | ninth << 8;
  };
  for (int64_t i = 0; i < kSize / kEight; ++i)
    placeBoth(get_iq3_s(), number(2 * i), number(2 * i + 1),
              byteAt(block, 74 + i), parts.codes + i * kEight);
  unpackScales(block + 106, 8, parts);
}

static void placeShifted(unsigned number, unsigned shift, uint8_t *codes) {
  get_iq1().place(number, shift ? 255 : 0, kSign2, codes);
}

static void unpackIq1S(const char *block, BlockParts &parts) {
  parts.scale = loadHalf(block);
  for (int64_t g = 0; g < kSize / kGroup; ++g) {
    unsigned high = loadHalf(block + 34 + 2 * g);
    for (int64_t i = 0; i < 4; ++i)
      placeShifted(byteAt(block, 2 + 4 * g + i) | (high >> (3 * i) & 7) << 8,
                   high >> 15, parts.codes + g * kGroup + i * kEight);
    parts.scales[g] = high >> 12 & 7;
  }
}

static void unpackIq1M(const char *block, BlockParts &parts) {
  constexpr int64_t highAt = 32, scalesAt = 48;
  for (int64_t i = 0; i < kSize / kEight; ++i) {
    unsigned high = byteAt(block, highAt + i / 2) >> i % 2 * 4 & 15;
    placeShifted(byteAt(block, i) | (high & 7) << 8, high >> 3,
                 parts.codes + i * kEight);
  }
  unsigned scale = 0;
  for (int64_t i = 0; i < 4; ++i) {
    unsigned word = loadHalf(block + scalesAt + 2 * i);
    for (int64_t j = 0; j < 4; ++j)
      parts.scales[4 * i + j] = word >> (3 * j) & 7;
    scale |= word >> 12 << (4 * i);
  }
  parts.scale = static_cast<uint16_t>(scale);
}

/// A codec that only reads.
static constexpr BlockCodec makeCodec(int64_t bytes, int64_t group,
                                      void (*unpack)(const char *,
                                                     BlockParts &)) {
  return {kSize,
          bytes,
          group,
          /*scaleBits=*/4,
          /*minBits=*/0,
          /*scaleBias=*/-1,
          /*hasMins=*/false,
          /*scaleAt=*/0,
          /*minAt=*/0,
          {},
          /*codeFlip=*/0,
          /*codeAdd=*/0,
          /*getFields=*/nullptr,
          /*scaleFlip=*/0,
          /*isTernary=*/false,
          /*quantize=*/nullptr,
          /*scaleStep=*/2,
          unpack};
}

static constexpr BlockCodec kIq2Xxs = makeCodec(66, 32, unpackIq2Xxs),
                            kIq2Xs = makeCodec(74, 16, unpackIq2Xs),
                            kIq2S = makeCodec(82, 16, unpackIq2S),
                            kIq3Xxs = makeCodec(98, 32, unpackIq3Xxs),
                            kIq3S = makeCodec(110, 32, unpackIq3S),
                            kIq1S = makeCodec(50, 32, unpackIq1S),
                            kIq1M = makeCodec(56, 16, unpackIq1M);

//===----------------------------------------------------------------------===//
// Levels
//===----------------------------------------------------------------------===//

// Quarters and eighths of the numbers that the reference code has, whose scales
// are that much smaller: nothing of it is rounded.

static float decodeIq1(uint32_t code) {
  static constexpr float digits[] = {-1.0f, 0.0f, 1.0f, 0.0f};
  return digits[code & 3] + (code & 1 << kSign2 ? -0.125f : 0.125f);
}
static float decodeIq2(uint32_t code) {
  static constexpr float digits[] = {1.0f, 3.125f, 5.375f, 0.0f};
  float magnitude = digits[code & 3];
  return code & 1 << kSign2 ? -magnitude : magnitude;
}
static float decodeIq3Xxs(uint32_t code) {
  static constexpr float digits[] = {1.0f, 3.0f,  5.0f,  7.0f,
                                     9.0f, 11.0f, 13.0f, 15.5f};
  float magnitude = digits[code & 7];
  return code & 1 << kSign3 ? -magnitude : magnitude;
}
static float decodeIq3S(uint32_t code) {
  auto magnitude = static_cast<float>(2 * (code & 7) + 1);
  return code & 1 << kSign3 ? -magnitude : magnitude;
}

/// The code of the nearest level.
template <float (*decode)(uint32_t), unsigned bits>
static uint32_t encodeLevel(float value) {
  uint32_t nearest = 0;
  for (uint32_t code = 1; code < 1u << bits; ++code)
    if (std::fabs(value - decode(code)) < std::fabs(value - decode(nearest)))
      nearest = code;
  return nearest;
}

template <float (*decode)(uint32_t), unsigned bits>
static Element makeGrid(const llvm::StringLiteral &name, float largest,
                        const BlockCodec &codec) {
  return {name,
          ElementKind::Table,
          bits,
          largest,
          encodeLevel<decode, bits>,
          decode,
          static_cast<unsigned>(codec.group),
          ScaleType::F16,
          &codec};
}

llvm::ArrayRef<Element> ggml::getGridElements() {
  static const Element elements[] = {
      makeGrid<decodeIq1, 3>("iq1_s", 1.125f, kIq1S),
      makeGrid<decodeIq1, 3>("iq1_m", 1.125f, kIq1M),
      makeGrid<decodeIq2, 3>("iq2_xxs", 5.375f, kIq2Xxs),
      makeGrid<decodeIq2, 3>("iq2_xs", 5.375f, kIq2Xs),
      makeGrid<decodeIq2, 3>("iq2_s", 5.375f, kIq2S),
      makeGrid<decodeIq3Xxs, 4>("iq3_xxs", 15.5f, kIq3Xxs),
      makeGrid<decodeIq3S, 4>("iq3_s", 15.0f, kIq3S),
  };
  return elements;
}
