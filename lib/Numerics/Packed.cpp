//===- Packed.cpp - reading and writing the plain layout --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Packed.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/FloatBits.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

using namespace squint;

// Eight codes are as many bytes as a code has bits.
template <unsigned Bits>
static void packStream(const uint32_t *codes, int64_t count, char *row) {
  auto pack = [&](int64_t count, int64_t bytes) __attribute__((always_inline)) {
    uint64_t stream = 0;
    for (int64_t i = 0; i < count; ++i)
      stream |= uint64_t(codes[i]) << (i * Bits);
    for (int64_t i = 0; i < bytes; ++i)
      row[i] = char(stream >> (8 * i));
  };
  for (; count >= 8; count -= 8, codes += 8, row += Bits)
    pack(8, Bits);
  pack(count, (count * Bits + 7) / 8);
}

void squint::packCodes(const uint32_t *codes, int64_t count, unsigned bits,
                       char *row) {
  switch (bits) {
  case 2:
    return packStream<2>(codes, count, row);
  case 3:
    return packStream<3>(codes, count, row);
  case 4:
    return packStream<4>(codes, count, row);
  case 5:
    return packStream<5>(codes, count, row);
  case 6:
    return packStream<6>(codes, count, row);
  case 7:
    return packStream<7>(codes, count, row);
  case 8:
    return packStream<8>(codes, count, row);
  default: // Whole bytes, and more than 64 bits in eight of them.
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(row + i * (bits / 8), &codes[i], bits / 8);
  }
}

void squint::packRow(const Format &format, const uint32_t *codes,
                     int64_t columns, char *row) {
  if (!format.sparse)
    return packCodes(codes, columns, format.bits(), row);
  PlainLayout layout = PlainLayout::get(format, 1, columns);
  char *mask = row + layout.rowBytes - layout.maskBytes;
  std::fill_n(mask, layout.maskBytes, 0);
  std::vector<uint32_t> kept;
  // Zeros make up the number, the last ones of a block.
  auto keep = [&](int64_t begin, int64_t end, int64_t count) {
    int64_t skipped = (end - begin) - count;
    for (int64_t column = begin; column < end; ++column) {
      uint32_t code = column < columns ? codes[column] : 0;
      if (!code && skipped > 0) {
        --skipped;
        continue;
      }
      kept.push_back(code);
      mask[column / 8] = char(mask[column / 8] | 1 << column % 8);
    }
  };
  if (!format.isTwoOfFour())
    keep(0, columns, layout.stored);
  for (int64_t quad = 0; quad < columns && format.isTwoOfFour(); quad += 4)
    keep(quad, quad + 4, 2);
  packCodes(kept.data(), layout.stored, format.bits(), row);
}

// 2^(code - 127); code 255 is NaN.
static float decodeE8M0(uint8_t code) {
  return code == 255 ? std::nanf("") : std::ldexp(1.0f, int(code) - 127);
}

// The power of two at or below a scale, which is how a shared exponent is
// taken (OCP MX 1.0, section 6.3).
static uint8_t encodeE8M0(float scale) {
  if (std::isnan(scale))
    return 255;
  if (!(scale > 0.0f))
    return 0;
  int exponent = std::isinf(scale) ? 127 : std::ilogb(scale);
  return uint8_t(std::min(std::max(exponent, -127), 127) + 127);
}

static uint32_t encodeScale(float scale, ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return llvm::bit_cast<uint32_t>(scale);
  case ScaleType::F16:
    return floatToHalf(scale);
  case ScaleType::BF16:
    return floatToBfloat(scale);
  case ScaleType::E8M0:
    return encodeE8M0(scale);
  case ScaleType::F8E4M3:
    return kFloat8E4M3.encode(scale);
  case ScaleType::Dynamic8:
  case ScaleType::Bilevel3:
    break;
  }
  llvm_unreachable("unknown scale type");
}

static float decodeScale(uint32_t bits, ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return llvm::bit_cast<float>(bits);
  case ScaleType::F16:
    return halfToFloat(uint16_t(bits));
  case ScaleType::BF16:
    return bfloatToFloat(uint16_t(bits));
  case ScaleType::E8M0:
    return decodeE8M0(uint8_t(bits));
  case ScaleType::F8E4M3:
    return kFloat8E4M3.decode(bits);
  case ScaleType::Dynamic8:
  case ScaleType::Bilevel3:
    break;
  }
  llvm_unreachable("unknown scale type");
}

float squint::roundScale(float scale, ScaleType type) {
  if (type == ScaleType::Dynamic8 || type == ScaleType::Bilevel3)
    return scale;
  return decodeScale(encodeScale(scale, type), type);
}

void squint::storeScale(float scale, ScaleType type, char *scales,
                        int64_t index) {
  uint32_t bits = encodeScale(scale, type);
  unsigned bytes = getScaleBytes(type);
  std::memcpy(scales + index * bytes, &bits, bytes);
}

float squint::loadScale(const char *scales, int64_t index, ScaleType type) {
  uint32_t bits = 0;
  unsigned bytes = getScaleBytes(type);
  std::memcpy(&bits, scales + index * bytes, bytes);
  return decodeScale(bits, type);
}

static int32_t signExtend(uint32_t bits, unsigned width) {
  return int32_t(bits << (32 - width)) >> (32 - width);
}

uint32_t PackedView::codeBits(int64_t row, int64_t column) const {
  const char *codes = payload + row * plain.rowBytes;
  if (!fmt.sparse)
    return unpackCode(codes, column, fmt.bits());
  uint32_t code = 0;
  forKept(row, [&](int64_t at, uint32_t bits) {
    if (at == column)
      code = bits;
  });
  return code;
}

void PackedView::forKept(int64_t row,
                         llvm::function_ref<void(int64_t, uint32_t)> fn) const {
  const char *codes = payload + row * plain.rowBytes,
             *mask = codes + plain.rowBytes - plain.maskBytes;
  int64_t stored = 0;
  for (int64_t byte = 0; byte < plain.maskBytes; ++byte)
    for (unsigned bits = uint8_t(mask[byte]); bits; bits &= bits - 1) {
      int64_t column = 8 * byte + llvm::countr_zero(bits);
      if (stored < plain.stored && column < plain.columns)
        fn(column, unpackCode(codes, stored, fmt.bits()));
      ++stored;
    }
}

BlockParts PackedView::unpack(int64_t row, int64_t block) const {
  BlockParts parts;
  const BlockCodec &codec = *fmt.blocks();
  codec.unpack(payload + row * plain.rowBytes + block * codec.bytes, parts);
  return parts;
}

/// The scale of a group of a block.
static float blockScale(const BlockCodec &blocks, const BlockParts &parts,
                        int64_t group) {
  float scale = halfToFloat(parts.scale);
  return blocks.hasScaleCodes()
             ? scale *
                   static_cast<float>(blocks.scaleStep * parts.scales[group] -
                                      blocks.scaleBias)
             : scale;
}
static float blockMin(const BlockCodec &blocks, const BlockParts &parts,
                      int64_t group) {
  float min = halfToFloat(parts.min);
  return blocks.minBits ? min * static_cast<float>(parts.mins[group]) : min;
}

int32_t PackedView::code(int64_t row, int64_t column) const {
  if (const BlockCodec *blocks = fmt.blocks()) {
    BlockParts parts = unpack(row, column / blocks->size);
    int32_t code = parts.codes[column % blocks->size];
    return fmt.isSymmetric() ? code - (1 << (fmt.bits() - 1)) : code;
  }
  uint32_t bits = codeBits(row, column);
  return fmt.isSymmetric() ? signExtend(bits, fmt.bits()) : int32_t(bits);
}

float PackedView::storedScale(int64_t row, int64_t column) const {
  if (!fmt.hasScale() || fmt.isCodebook())
    return 1.0f;
  if (const BlockCodec *blocks = fmt.blocks())
    return blockScale(*blocks, unpack(row, column / blocks->size),
                      column % blocks->size / blocks->group);
  int64_t index = plain.scaleIndex(row, column);
  if (fmt.isBilevel())
    return bilevel(row, column, /*isZero=*/false);
  if (fmt.scale == ScaleType::Dynamic8)
    return DynamicScale::load(payload + plain.scalesOffset,
                              payload + plain.numbersOffset, plain.scaleCount(),
                              index);
  return loadScale(payload + plain.scalesOffset, index, fmt.scale);
}

float PackedView::bilevel(int64_t row, int64_t column, bool isZero) const {
  int64_t group = column / plain.groupSize;
  uint8_t both = payload[plain.scalesOffset + row * plain.groups + group];
  int32_t code = isZero ? both >> 3 & 7 : both & 7;
  int64_t index = row / PlainLayout::rowBlock * plain.groups + group;
  const char *numbers = payload + plain.numbersOffset + index * 8;
  float step = loadScale(numbers, isZero ? 2 : 0, ScaleType::F16),
        zero = loadScale(numbers, isZero ? 3 : 1, ScaleType::F16);
  return (static_cast<float>(code) - zero) * step;
}

float PackedView::offset(int64_t row, int64_t column) const {
  return fmt.isBilevel() ? bilevel(row, column, /*isZero=*/true) : 0.0f;
}

void PackedView::forOutliers(
    int64_t row, llvm::function_ref<void(int64_t, float)> fn) const {
  if (!fmt.outliers)
    return;
  const char *list = payload + plain.outliersOffset +
                     row / PlainLayout::rowBlock * plain.outlierBytes;
  auto load = [&](int64_t offset, int64_t index) {
    uint16_t value;
    std::memcpy(&value, list + offset + 2 * index, 2);
    return value;
  };
  int64_t lane = row % PlainLayout::rowBlock;
  int64_t end = std::min<int64_t>(load(0, lane + 1), fmt.outliers);
  constexpr int64_t columns = PlainLayout::outlierColumnsOffset;
  for (int64_t i = load(0, lane); i < end; ++i)
    if (int64_t column = load(columns, i); column < plain.columns)
      fn(column, halfToFloat(load(columns + 2 * fmt.outliers, i)));
}

std::optional<float> PackedView::outlier(int64_t row, int64_t column) const {
  std::optional<float> found;
  forOutliers(row, [&](int64_t at, float value) {
    if (at == column)
      found = value;
  });
  return found;
}

float PackedView::min(int64_t row, int64_t column) const {
  if (!fmt.hasMins())
    return 0.0f;
  if (fmt.minimum)
    return loadScale(payload + plain.zeroPointsOffset,
                     plain.scaleIndex(row, column), ScaleType::F16);
  const BlockCodec &blocks = *fmt.blocks();
  return blockMin(blocks, unpack(row, column / blocks.size),
                  column % blocks.size / blocks.group);
}

float PackedView::tensorScale() const {
  if (!hasTensorScale(fmt))
    return 1.0f;
  return loadScale(payload + getTensorScaleOffset(plain), 0, ScaleType::F32);
}

int32_t PackedView::zeroPoint(int64_t row, int64_t column) const {
  if (!fmt.zeroPoint)
    return 0;
  return uint8_t(
      payload[plain.zeroPointsOffset + plain.scaleIndex(row, column)]);
}

float PackedView::decode(uint32_t bits, float scale, int32_t zeroPoint) const {
  if (!fmt.hasScale())
    return fmt.element->decode(bits);
  if (!fmt.isInteger())
    return fmt.element->decode(bits) * scale;
  int32_t code =
      fmt.isSymmetric() ? signExtend(bits, fmt.bits()) : int32_t(bits);
  return float(code - zeroPoint) * scale;
}

float PackedView::addVectors(int64_t row, int64_t column) const {
  int64_t vector = column / Format::vectorSize;
  float sum = 0.0f;
  for (int64_t table = 0; table < int64_t(fmt.bits()); ++table) {
    uint32_t code = unpackCode(payload + row * plain.rowBytes,
                               vector * fmt.bits() + table, 4);
    float entry =
        loadScale(payload + plain.numbersOffset,
                  (table * Format::tableEntries + code) * Format::vectorSize +
                      column % Format::vectorSize,
                  ScaleType::F16);
    sum = table == 0 ? entry : sum + entry;
  }
  return sum;
}

float PackedView::value(int64_t row, int64_t column) const {
  if (fmt.blocks()) {
    int32_t code = this->code(row, column);
    float level = fmt.isInteger() ? static_cast<float>(code)
                                  : fmt.element->decode(uint32_t(code));
    return level * scale(row, column) - min(row, column);
  }
  uint32_t bits = codeBits(row, column);
  if (fmt.isCodebook())
    return entry(row, column, bits);
  if (fmt.isAdditive())
    return addVectors(row, column) * scale(row, column);
  if (fmt.isBilevel()) {
    if (std::optional<float> value = outlier(row, column))
      return *value;
    return (static_cast<float>(bits) - offset(row, column)) *
           scale(row, column);
  }
  return decode(bits, scale(row, column), zeroPoint(row, column)) -
         min(row, column);
}

void PackedView::dequantizeBlocks(int64_t row, float *out) const {
  const BlockCodec &blocks = *fmt.blocks();
  int32_t zero = fmt.isSymmetric() ? 1 << (fmt.bits() - 1) : 0;
  std::vector<float> levels(size_t(1) << fmt.bits());
  for (size_t code = 0; code < levels.size(); ++code)
    levels[code] = fmt.isInteger()
                       ? static_cast<float>(static_cast<int32_t>(code) - zero)
                       : fmt.element->decode(uint32_t(code));
  for (int64_t at = 0; at < plain.columns; at += blocks.size) {
    BlockParts parts = unpack(row, at / blocks.size);
    for (int64_t i = 0; i < blocks.size; ++i) {
      float scale = blockScale(blocks, parts, i / blocks.group),
            min = blockMin(blocks, parts, i / blocks.group);
      *out++ = levels[parts.codes[i]] * scale - min;
    }
  }
}

void PackedView::dequantizeRows(int64_t begin, int64_t end, float *out) const {
  for (int64_t row = begin; row < end && fmt.blocks(); ++row)
    dequantizeBlocks(row, out + (row - begin) * plain.columns);
  for (int64_t row = begin; row < end && !fmt.blocks(); ++row) {
    float groupScale = 1.0f, groupMin = 0.0f, groupOffset = 0.0f;
    int32_t groupZero = 0;
    float *start = out;
    std::vector<uint32_t> kept;
    if (fmt.sparse) {
      kept.resize(plain.columns);
      forKept(row, [&](int64_t column, uint32_t bits) { kept[column] = bits; });
    }
    for (int64_t column = 0; column < plain.columns; ++column) {
      if (column % plain.groupSize == 0) {
        groupScale = scale(row, column);
        groupZero = zeroPoint(row, column);
        groupMin = min(row, column);
        groupOffset = offset(row, column);
      }
      uint32_t bits = fmt.sparse ? kept[column] : codeBits(row, column);
      *out++ = fmt.isCodebook()   ? entry(row, column, bits)
               : fmt.isAdditive() ? addVectors(row, column) * groupScale
               : fmt.isBilevel()
                   ? (static_cast<float>(bits) - groupOffset) * groupScale
                   : decode(bits, groupScale, groupZero) - groupMin;
    }
    forOutliers(row,
                [&](int64_t column, float value) { start[column] = value; });
  }
}
