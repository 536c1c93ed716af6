//===- Fragments.cpp - weights as tensor cores read them --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Fragments.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace squint;
using namespace squint::kernel;

/// What scales are stored as for kernels, nothing for what they cannot be.
static std::optional<ScaleType> widenScale(ScaleType scale) {
  switch (scale) {
  case ScaleType::F32:
  case ScaleType::F16:
  case ScaleType::BF16:
    return scale;
  case ScaleType::E8M0:
    return ScaleType::BF16;
  case ScaleType::F8E4M3:
    return ScaleType::F16;
  case ScaleType::Dynamic8:
    return ScaleType::F32;
  case ScaleType::Bilevel3:
    return std::nullopt;
  }
  llvm_unreachable("a type of scales");
}

bool FragmentLayout::isKnown(const Format &format, int64_t columns,
                             bool areBytes) {
  if (!format.hasScale() || format.sparse || format.outliers ||
      format.isCodebook() || format.isAdditive() || !widenScale(format.scale))
    return false;
  // Integers of fewer bits fit into more; floats and tables do not. Of bytes,
  // floats of 8 bits are products of their own.
  if (!format.isInteger() &&
      (format.blocks() ||
       !(format.bits() == 8 || (format.bits() == 4 && !areBytes))))
    return false;
  if (areBytes && format.element->kind == ElementKind::Table)
    return false;
  // A fragment is within a group.
  bool hasGroups = format.granularity == Granularity::Group;
  int64_t size = format.blocks() ? format.blocks()->group : format.groupSize;
  return !hasGroups || size >= columns || size % (areBytes ? 32 : 16) == 0;
}

FragmentLayout FragmentLayout::get(const Format &format, int64_t rows,
                                   int64_t columns, bool areBytes) {
  FragmentLayout layout;
  layout.format = format;
  layout.rows = rows;
  layout.columns = columns;
  layout.areBytes = areBytes;
  layout.tiles = divideCeil(rows, rowsPerTile);
  layout.chunks = divideCeil(columns, layout.chunk());
  layout.groupSize = columns;
  if (format.granularity == Granularity::Group) {
    layout.groupSize = std::min(
        format.blocks() ? format.blocks()->group : format.groupSize, columns);
    layout.groups = divideCeil(columns, layout.groupSize);
  }
  layout.scale = widenScale(format.scale).value_or(ScaleType::F32);
  layout.minimum = ScaleType::F16;
  if (format.blocks())
    layout.scale = layout.minimum =
        format.blocks()->hasScaleCodes() ? ScaleType::F32 : ScaleType::F16;
  auto up = [](int64_t size) { return int64_t(alignTo(size, 128)); };
  layout.scalesOffset = layout.tiles * layout.chunks * layout.chunkBytes();
  int64_t scales = layout.tiles * layout.groups * rowsPerTile;
  layout.zeroPointsOffset =
      up(layout.scalesOffset + scales * layout.scaleBytes());
  layout.tensorScaleOffset =
      up(layout.zeroPointsOffset + (format.hasMins()
                                        ? scales * getScaleBytes(layout.minimum)
                                    : format.zeroPoint ? scales
                                                       : 0));
  layout.totalBytes =
      layout.tensorScaleOffset + (layout.hasTensorScale() ? 128 : 0);
  return layout;
}

bool FragmentLayout::hasTensorScale() const {
  return squint::hasTensorScale(format);
}

float FragmentLayout::factor() const {
  // See GpuCodes.cpp: exponents are moved without changing their bias; codes of
  // fewer than 8 bits are the high ones of bytes.
  if (areBytes)
    return std::ldexp(1.0f, static_cast<int>(codeBits()) - 8);
  if (!format.element->mini || format.element->kind != ElementKind::Float)
    return 1.0f;
  int bias = (1 << (format.element->mini->exponentBits - 1)) - 1;
  return std::ldexp(1.0f, 15 - bias);
}

namespace {

/// A tile's codes as they are stored, a byte each, with the scales and minima
/// of its groups.
struct Tile {
  Tile(const FragmentLayout &layout, const char *plain)
      : layout(layout), view(plain, layout.format, layout.rows, layout.columns),
        plain(plain), width(layout.chunks * layout.chunk()),
        codes(FragmentLayout::rowsPerTile * width) {
    size_t groups = FragmentLayout::rowsPerTile * layout.groups;
    scales.resize(groups);
    minima.resize(groups);
    zeroPoints.resize(groups);
  }

  void read(int64_t tile);
  uint32_t code(int64_t row, int64_t k) const { return codes[row * width + k]; }

  const FragmentLayout &layout;
  PackedView view;
  const char *plain;
  int64_t width;
  std::vector<uint8_t> codes;
  /// By group, then by row.
  std::vector<float> scales, minima;
  std::vector<uint8_t> zeroPoints;

private:
  void readBlocks(int64_t row, int64_t i);
  void readCodes(const char *row, int64_t i);
};

} // namespace

/// A row of blocks taken apart: see Blocks.h.
void Tile::readBlocks(int64_t row, int64_t i) {
  const BlockCodec &codec = *layout.format.blocks();
  // Symmetric ones are stored plus half of their count.
  int32_t offset = layout.format.isSymmetric()
                       ? layout.bias() - (1 << (layout.format.bits() - 1))
                       : layout.bias();
  for (int64_t block = 0; block < layout.columns / codec.size; ++block) {
    BlockParts parts = view.unpack(row, block);
    for (int64_t j = 0; j < codec.size; ++j)
      codes[i * width + block * codec.size + j] =
          static_cast<uint8_t>(parts.codes[j] + offset);
  }
}

void Tile::readCodes(const char *row, int64_t i) {
  const Format &format = layout.format;
  for (int64_t k = 0; k < layout.columns; ++k) {
    uint32_t code = unpackCode(row, k, format.bits());
    int32_t value = format.isSymmetric() ? SignExtend32(code, format.bits())
                                         : static_cast<int32_t>(code);
    codes[i * width + k] = static_cast<uint8_t>(value + layout.bias());
  }
}

void Tile::read(int64_t tile) {
  const Format &format = layout.format;
  int64_t rowBytes =
      PlainLayout::get(format, layout.rows, layout.columns).rowBytes;
  uint8_t none = static_cast<uint8_t>(format.isSymmetric() ? layout.bias() : 0);
  std::fill(codes.begin(), codes.end(), none);
  std::fill(scales.begin(), scales.end(), 0.0f);
  std::fill(minima.begin(), minima.end(), 0.0f);
  std::fill(zeroPoints.begin(), zeroPoints.end(), 0);
  int64_t first = tile * FragmentLayout::rowsPerTile;
  for (int64_t i = 0;
       i < FragmentLayout::rowsPerTile && first + i < layout.rows; ++i) {
    int64_t row = first + i;
    if (format.blocks())
      readBlocks(row, i);
    else
      readCodes(plain + row * rowBytes, i);
    for (int64_t g = 0; g < layout.groups; ++g) {
      int64_t at = g * FragmentLayout::rowsPerTile + i,
              k = g * layout.groupSize;
      scales[at] = view.storedScale(row, k);
      if (format.hasMins())
        minima[at] = view.min(row, k);
      else if (format.zeroPoint)
        zeroPoints[at] = static_cast<uint8_t>(view.zeroPoint(row, k));
    }
  }
}

/// One lane's words of a chunk at `k` whose codes have 2 or 3 bits.
static void packPlanes(const FragmentLayout &layout, const Tile &tile,
                       int64_t k, int64_t lane, uint32_t *words) {
  int64_t g = lane / 4, t = lane % 4;
  auto put = [&](uint32_t code, int64_t word, int64_t pair, int64_t highWord,
                 int64_t highBit, int64_t shift) {
    words[word] |= (code & 3) << (2 * pair + shift);
    if (layout.hasHighBits())
      words[FragmentLayout::laneWords + highWord] |= (code >> 2 & 1)
                                                     << (highBit + shift);
  };
  for (int64_t s = 0; s < layout.stepsPerChunk(); ++s, k += layout.step())
    for (int64_t i = 0; i < 4; ++i) {
      int64_t row = g + i % 2 * 8;
      if (layout.areBytes)
        for (int64_t j = 0; j < 4; ++j)
          put(tile.code(row, k + 4 * t + i / 2 * 16 + j), s, i, s / 2,
              s % 2 * 4 + i, 8 * j);
      else
        for (int64_t j = 0; j < 2; ++j)
          put(tile.code(row, k + 2 * t + i / 2 * 8 + j), s / 2, s % 2 * 4 + i,
              s / 4, s % 4 * 4 + i, 16 * j);
    }
}

/// One lane's words of the fragment at `k`.
static unsigned packFragment(const FragmentLayout &layout, const Tile &tile,
                             int64_t k, int64_t lane, uint32_t *words) {
  int64_t g = lane / 4, t = lane % 4;
  if (layout.areBytes) {
    auto word = [&](int64_t i) {
      uint32_t bytes = 0;
      for (int64_t j = 0; j < 4; ++j)
        bytes |= tile.code(g + i % 2 * 8, k + 4 * t + i / 2 * 16 + j)
                 << (8 * j);
      return bytes;
    };
    if (layout.codeBits() == 8) {
      for (int64_t i = 0; i < 4; ++i)
        words[i] = word(i);
      return 4;
    }
    for (int64_t w = 0; w < 2; ++w)
      words[w] =
          (word(2 * w) & 0x0f0f0f0f) << 4 | (word(2 * w + 1) & 0x0f0f0f0f);
    return 2;
  }
  auto element = [&](int64_t e) {
    return tile.code(g + e / 2 % 2 * 8, k + 2 * t + e / 4 * 8 + e % 2);
  };
  if (layout.codeBits() == 8) {
    for (int64_t w = 0; w < 2; ++w) {
      words[w] = 0;
      for (int64_t j = 0; j < 4; ++j)
        words[w] |= element(4 * w + j) << (8 * j);
    }
    return 2;
  }
  words[0] = 0;
  for (int64_t e = 0; e < 8; ++e)
    words[0] |= element(e) << (4 * (e / 2 + e % 2 * 4));
  return 1;
}

void FragmentLayout::pack(const char *plain, char *out, int64_t begin,
                          int64_t end) const {
  Tile tile(*this, plain);
  for (int64_t number = begin; number < end; ++number) {
    tile.read(number);
    for (int64_t c = 0; c < chunks; ++c)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        uint32_t words[laneWords + laneHighBytes / 4] = {};
        unsigned count = 0;
        if (lowBits() == 2)
          packPlanes(*this, tile, c * chunk(), lane, words);
        else
          for (int64_t s = 0; s < stepsPerChunk(); ++s)
            count += packFragment(*this, tile, c * chunk() + s * step(), lane,
                                  words + count);
        char *to = out + (number * chunks + c) * chunkBytes();
        std::memcpy(to + lane * laneBytes, words, laneBytes);
        if (hasHighBits())
          std::memcpy(to + lanes * laneBytes + lane * laneHighBytes,
                      words + laneWords, laneHighBytes);
      }
    int64_t first = number * groups * rowsPerTile;
    for (int64_t i = 0; i < groups * rowsPerTile; ++i) {
      storeScale(tile.scales[i], scale, out + scalesOffset, first + i);
      if (format.hasMins())
        storeScale(tile.minima[i], minimum, out + zeroPointsOffset, first + i);
      else if (format.zeroPoint)
        out[zeroPointsOffset + first + i] =
            static_cast<char>(tile.zeroPoints[i]);
    }
  }
  if (begin == 0 && hasTensorScale()) {
    float value = tile.view.tensorScale();
    std::memcpy(out + tensorScaleOffset, &value, sizeof(value));
  }
}
