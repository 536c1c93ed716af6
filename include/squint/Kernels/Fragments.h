//===- Fragments.h - weights as tensor cores read them ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The layout of weights for GPUs. A matrix [N, K] is ceil(N / 16) tiles of 16
// outputs, and a tile is ceil(K / chunk) chunks of 512 bytes: 16 for each of a
// warp's 32 lanes, which one load brings. Of codes of 3 bits these are the low
// two, and 8 bytes for each lane follow, of the high ones. A lane's bytes are
// its part of so many fragments (the first operand of `mma`, rows being
// outputs), k ascending:
//
//   halves  products of f16: a fragment is 16 outputs by 16 k. Lane l has, in
//           this order, the elements (row, k) with g = l / 4, t = l % 4:
//             (g, 2t) (g, 2t+1) (g+8, 2t) (g+8, 2t+1)
//             (g, 2t+8) (g, 2t+9) (g+8, 2t+8) (g+8, 2t+9)
//           4 bits: one word, in which nibble i is element 2 i and nibble i + 4
//           element 2 i + 1, so that a shift and a mask give a pair in the low
//           bits of two halves. 8 bits: two words of four elements. 2 bits: a
//           word of two fragments, in which bits 2 j and 2 j + 1 are element
//           2 i, j being i, plus 4 in the second fragment, and those 16 on
//           element 2 i + 1. High bits: a word of four fragments, bit j for
//           element 2 i, j being i plus 4 times the fragment.
//   bytes   products of i8 or of 8-bit floats: a fragment is 16 outputs by 32
//   k: the words
//             (g, 4t..4t+3) (g+8, 4t..4t+3) (g, 4t+16..) (g+8, 4t+16..)
//           8 bits: these. 4 bits: two words, of which word w has word 2 w in
//           its high nibbles and 2 w + 1 in its low ones; a code times 16 is
//           then a mask, or a shift and a mask. 2 bits: one word, of whose byte
//           b bits 2 i and 2 i + 1 are byte b of word i. High bits: a word of
//           two fragments, bit i of a byte, or i + 4.
//
// Codes of 1 bit are stored in 2, of 5 to 7 bits in 8. Codes beyond N
// and K are those of 0. Behind the codes, from a multiple of 128 bytes on,
// scales[tile][group][16], then zero points (u8) or minima of the same shape.
// Scales keep their type where that is f32, f16 or bf16; those that are powers
// of two become bf16, and those in 8-bit floats f16; those that are codes
// themselves, under a scale of their block, become f32, as do their minima: all
// exactly. A scale of the whole tensor is an f32 behind all.
//
// Integers, h being half of what the stored bits can count: those of `halves`
// are stored unsigned, symmetric ones plus h; those of `bytes` signed, unsigned
// ones less h.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_FRAGMENTS_H
#define SQUINT_KERNELS_FRAGMENTS_H

#include "squint/Numerics/Format.h"
#include "llvm/Support/MathExtras.h"

namespace squint::kernel {

struct FragmentLayout {
  static constexpr int64_t rowsPerTile = 16, laneBytes = 16, lanes = 32;

  Format format;
  int64_t rows = 0, columns = 0;
  /// Products of i8, or of 8-bit floats as they are, instead of f16.
  bool areBytes = false;
  int64_t tiles = 0, chunks = 0;
  /// k of a group and the number of groups; all of K and 1 without groups.
  int64_t groupSize = 0, groups = 1;
  /// The types of scales and minima.
  ScaleType scale = ScaleType::F32, minimum = ScaleType::F32;
  int64_t scalesOffset = 0, zeroPointsOffset = 0, tensorScaleOffset = 0,
          totalBytes = 0;

  /// Whether weights of a format, [rows, columns], can be laid out so.
  static bool isKnown(const Format &format, int64_t columns, bool areBytes);
  static FragmentLayout get(const Format &format, int64_t rows, int64_t columns,
                            bool areBytes);

  /// What a code is stored in.
  unsigned codeBits() const {
    return format.bits() > 4 ? 8 : std::max(format.bits(), 2u);
  }
  /// Of them, those in a lane's first 16 bytes, and whether the rest follows.
  unsigned lowBits() const { return hasHighBits() ? 2 : codeBits(); }
  bool hasHighBits() const { return codeBits() == 3; }
  int32_t half() const { return 1 << (codeBits() - 1); }

  /// k of a fragment and of a chunk.
  int64_t step() const { return areBytes ? 32 : 16; }
  int64_t stepsPerChunk() const {
    return laneBytes * 8 / (step() * rowsPerTile / lanes * lowBits());
  }
  int64_t chunk() const { return step() * stepsPerChunk(); }
  /// Words of a chunk that a lane has.
  static constexpr int64_t laneWords = laneBytes / 4,
                           laneHighBytes = laneBytes / 2;
  int64_t words() const { return laneWords + (hasHighBits() ? 2 : 0); }
  int64_t chunkBytes() const { return words() * 4 * lanes; }
  bool isGrouped() const { return groups > 1; }
  unsigned scaleBytes() const { return scale == ScaleType::F32 ? 4 : 2; }
  bool hasTensorScale() const;

  /// What the values that kernels decode codes to are multiplied with, apart
  /// from the scale: powers of two that formats of few bits are off by.
  float factor() const;
  /// What integers are stored plus.
  int32_t bias() const {
    if (!format.isInteger())
      return 0;
    return areBytes ? (format.isSymmetric() ? 0 : -half())
                    : (format.isSymmetric() ? half() : 0);
  }

  /// Re-lays the tiles [begin, end) of a plain payload; `out` is the start of
  /// the whole. The scale of the tensor is written with tile 0.
  void pack(const char *plain, char *out, int64_t begin, int64_t end) const;
};

} // namespace squint::kernel

#endif
