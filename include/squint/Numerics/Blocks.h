//===- Blocks.h - elements that come in blocks of bytes ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// GGML's types store so many values of a row as one run of bytes: codes, one or
// two f16 numbers and, in the K-quants, small codes of the groups' scales and
// minima. Taken apart, all of them are the same sum:
//
//   value[i] = (scale * (step * scales[g] - bias)) * level(codes[i]) -
//              min * mins[g]
//
// with g = i / group, every operation rounded to f32, and the level of a
// symmetric integer's code the code less half of their count. Where each bit
// lies is data, which the codec reads and kernels that decode rows are built
// from.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_BLOCKS_H
#define SQUINT_NUMERICS_BLOCKS_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace squint {

/// A block taken apart.
struct BlockParts {
  static constexpr int64_t maxSize = 256, maxGroups = 16;
  /// f16 bits. Without minima `min` is 0.
  uint16_t scale = 0, min = 0;
  /// Unsigned: a symmetric integer's are its level plus half of their count.
  uint8_t codes[maxSize] = {};
  /// Not used where `scale` and `min` are those of the only group.
  uint8_t scales[maxGroups] = {}, mins[maxGroups] = {};
};

/// Bits of the codes. With so many codes to a byte, byte `j` of a part of
/// `run` bytes holds those at j, j + run, j + 2 run ... of the part's codes,
/// lowest bits first.
struct CodePlane {
  int16_t offset;
  uint8_t bits, run;

  int64_t byteOf(int64_t i) const {
    int64_t part = 8 / bits * run;
    return offset + i / part * run + i % run;
  }
  unsigned shiftOf(int64_t i) const {
    return static_cast<unsigned>(i % (8 / bits * run) / run * bits);
  }
};

/// Bits of one number.
struct BitField {
  int16_t byte;
  uint8_t shift, bits;
};

struct BlockCodec {
  /// Values and bytes of a block, and values that share a scale.
  int64_t size, bytes, group;
  /// Bits of the codes of a group's scale and minimum; 0 where `scale` and
  /// `min` are the scale and minimum themselves.
  unsigned scaleBits, minBits;
  /// What the codes of scales are stored plus.
  int32_t scaleBias;
  bool hasMins;
  /// Where the f16 numbers are. Of types without codes for them the minimum is
  /// stored negated.
  int16_t scaleAt, minAt;
  /// The codes, lowest bits first, as bits xor `codeFlip`, plus `codeAdd`.
  CodePlane planes[2];
  uint8_t codeFlip, codeAdd;
  /// The codes of a group's scale or minimum, lowest bits first, and what they
  /// are stored xor.
  void (*getFields)(int64_t group, bool isMin, BitField fields[2]);
  uint8_t scaleFlip;
  /// The codes are digits of base 3 (see Ggml.cpp).
  bool isTernary;
  /// Quantizes a row of finite values as the reference code does, byte for
  /// byte. `importance` weighs the columns' squared errors and may be null.
  /// Scales beyond f16 become infinite. Null for types that are only read.
  void (*quantize)(const float *values, const float *importance,
                   int64_t columns, char *row);
  /// What codes of scales are multiplied with before the bias.
  int32_t scaleStep = 1;
  /// Takes a block apart whose codes are not stored one by one; what says where
  /// the bits are is not used then, and kernels read panels only.
  void (*unpackWhole)(const char *block, BlockParts &parts) = nullptr;

  int64_t groups() const { return size / group; }
  bool hasScaleCodes() const { return scaleBits != 0; }
  int64_t rowBytes(int64_t columns) const {
    return (columns + size - 1) / size * bytes;
  }
  void unpack(const char *block, BlockParts &parts) const;
  void pack(const BlockParts &parts, char *block) const;
};

} // namespace squint

#endif // SQUINT_NUMERICS_BLOCKS_H
