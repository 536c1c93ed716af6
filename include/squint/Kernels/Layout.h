//===- Layout.h - weights as the kernels read them ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Panels of 16 outputs, one layout for every SIMD target. A matrix [N, K] is
// ceil(N / 16) panels, one after the other, each a multiple of 64 bytes;
// outputs beyond N are zero.
//
//   floats       element[K][16]
//   one block    f32 scales[16], i32 sums[16], (i32 zero points[16] if the
//   format has them), codes(K)
//                (granularity tensor or channel; sums[n] = sum over k of code -
//                zero point, for integers, and of levels that are integers
//                times a factor)
//   groups       (f32 tensor scale[16] if the format has one), then superblocks
//   of S groups: header[S], then codes(group) of each;
//   header = scales[16] in the scale's type, then
//                u8 zero points[16] or f16 minima[16] if there are; S is the
//                least that makes S headers a multiple of 64 bytes. One
//                ascending stream whose loads are aligned. A codebook has
//                entries[2^bits][16] in place of scales, and is laid out so
//                without groups too.
//                Bilevel scales: f16 numbers[4] of the panel's rows, u8
//                codes[16] of scales and zero points.
//   blocks       whose scales are codes (q4_k and the like): superblocks of one
//   block: f16 scale[16], (f16 min[16]), codes of the groups' scales and
//                minima, padding to 64 bytes, then codes(256). The former are
//                one number a group, the scale lowest, in planes of 8, 4 and 2
//                bits; of a plane of p bits, bytes [16 v, 16 v + 16) hold those
//                of groups 8 v / p and on, bits [p i, p i + p) the i-th one's.
//   dynamic8     groups whose scales are codes of their own: a panel starts
//                with f32 mean, i32 phase, f32 scales[n], n the blocks of 256
//                scales that its groups can be of, padding to 64 bytes; the
//                scale of output i and group g is of block (phase + i groups +
//                g) / 256. The levels, f32[256], follow the last panel.
//   outliers     behind all codes, at a multiple of 64: i32 starts[17] (128
//                bytes), u16 columns[N], f32 values[N] less what their codes
//                stand for; those of output i are starts[i] to starts[i + 1]
//   codes(len)   pieces of 32 k, the last one may be shorter. A piece is q =
//   ceil(k / 4) quads of 64 bytes: [16][4], a lane of 32 bits holds four
//   consecutive k of one output.
//                A code's bits lie in planes of 8, 4, 2 or 1 bits, widest and
//                lowest first: 7 = 4 + 2 + 1, 6 = 4 + 2, 5 = 4 + 1, 3 = 2 + 1.
//                A plane of p bits is v = ceil(q p / 8) vectors of 64 bytes;
//                bits [p i, p i + p) of the bytes of vector j are those of quad
//                j + i v: unpacking is a shift and a mask.
//
//                Of two of four a piece is the codes that are stored, two
//                for each quad, as if they were the k of half a piece, and then
//                positions[16], a lane of 32 bits: bits [4 q, 4 q + 4) are
//                those of quad q. These codes are two's complement.
//
//                Of other sparse formats a piece is u64 masks[8], 64 bytes: bit
//                4 n + i of mask q says whether the i-th k of quad q is kept
//                for output n. Behind all of them, at a multiple of 64, are i32
//                starts, one for each 64 bytes before: where in the panel, for
//                a piece there, its codes begin; and then, at a multiple of 64,
//                those codes of each piece from a byte on, two's complement, as
//                a stream in the order of the masks' bits.
//
//                Of an additive element a piece is, for each of its tables, a
//                lane of 32 bits for each output: bits [4 q, 4 q + 4) are the
//                code of quad q. The tables, f32[bits][16][4], follow the last
//                panel.
//
// Other codes are unsigned: a symmetric integer's are stored plus 2^(bits - 1),
// which is then their zero point; those of other elements are stored as they
// are. A last quad that is not full is filled with zero bytes; kernels read
// zeros as activations there, or nothing.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_LAYOUT_H
#define SQUINT_KERNELS_LAYOUT_H

#include "squint/Numerics/Format.h"
#include "llvm/Support/MathExtras.h"

namespace squint::kernel {

/// The widths of the bit planes that a code is split into, the one of the
/// lowest bits first.
llvm::ArrayRef<unsigned> getPlanes(unsigned bits);

/// The same for codes of scales (and minima) of 4, 6, 8 or 12 bits.
llvm::ArrayRef<unsigned> getScalePlanes(unsigned bits);

/// Numbers that are integers times a factor: factor * value + zero is from 0 to
/// `highest`. The factor is 0 where there is none.
struct IntegerLevels {
  int32_t factor = 0, zero = 0, highest = 0;
};

/// Those of a float or table of up to 4 bits, if they are less than 256.
IntegerLevels getIntegerLevels(const Element &element);

struct PanelLayout {
  /// Outputs of a panel: the 32-bit lanes of a 512-bit register.
  static constexpr int64_t width = 16;
  /// Codes are laid out in pieces of this many k.
  static constexpr int64_t piece = 32;

  Format format;
  IntegerLevels levels;
  int64_t rows = 0, columns = 0, panels = 0;
  bool grouped = false;
  /// k of a full group and the number of groups; all of K and 1 without groups.
  int64_t groupSize = 0, groups = 1;
  /// Bytes before the first header: the tensor scale, or the scales of scales.
  int64_t prefixBytes = 0;
  /// Bytes before the codes: of a panel, or of one group; 0 for blocks whose
  /// scales are codes.
  int64_t headerBytes = 0;
  /// Groups of a superblock, and the bytes before its codes.
  int64_t superGroups = 1, superHeaderBytes = 0;
  int64_t groupCodesBytes = 0, superBytes = 0, panelBytes = 0;
  /// Within a panel, of codes that are streams behind their masks.
  int64_t startsOffset = 0, streamOffset = 0;
  /// Within a panel; 0 without outliers.
  int64_t outliersOffset = 0;
  /// Within the outliers of a panel.
  static constexpr int64_t outlierColumnsOffset = 128;
  int64_t outlierValuesOffset() const {
    return outlierColumnsOffset + llvm::alignTo(2 * format.outliers, 4);
  }

  static PanelLayout get(const Format &format, int64_t rows, int64_t columns);

  int64_t totalBytes() const { return levelsOffset() + levelsBytes(); }
  /// The levels of dynamic8 scales, or the tables of an additive element.
  int64_t levelsOffset() const { return panels * panelBytes; }
  int64_t levelsBytes() const {
    return 4 * (hasDynamicScales() ? 256 : format.tableNumbers());
  }
  /// f32, f16 or bf16.
  bool isFloat() const { return !format.hasScale(); }

  /// Whether products with integers are made with a table of levels.
  bool hasIntegerLevels() const { return levels.factor != 0; }

  /// Blocks whose groups' scales are codes under one of the block.
  bool hasScaleCodes() const;
  /// Bits of the number that codes of a group's scale and minimum are.
  unsigned scaleCodeBits() const;
  bool hasDynamicScales() const {
    return grouped && format.scale == ScaleType::Dynamic8;
  }
  /// Two groups share a piece of 32 k. The offset of the odd one's codes is
  /// that of the piece plus 1.
  bool sharesPieces() const { return hasScaleCodes() && groupSize < piece; }

  /// Whether a piece is masks, and its codes are a stream.
  bool hasStreams() const { return format.sparse && !format.isTwoOfFour(); }

  /// Whether codes are bytes in the order of k, so that a read may start at any
  /// quad.
  bool hasByteCodes() const { return format.bits() == 8 && !format.sparse; }
  /// Codes that are stored for `length` k from the start of a piece.
  int64_t storedCodes(int64_t length) const {
    return format.isTwoOfFour() ? 2 * llvm::divideCeil(length, 4) : length;
  }
  /// Bytes of the codes of `length` consecutive k.
  int64_t codesBytes(int64_t length) const;
  /// Length of group `g`; the last one may be shorter.
  int64_t groupLength(int64_t g) const {
    return g + 1 < groups ? groupSize : columns - g * groupSize;
  }
  /// Within a panel: the header and the codes of group `g`.
  int64_t headerOffset(int64_t g) const {
    return prefixBytes + g / superGroups * superBytes +
           g % superGroups * headerBytes;
  }
  int64_t codesOffset(int64_t g) const {
    return prefixBytes + g / superGroups * superBytes + superHeaderBytes +
           (sharesPieces() ? g % superGroups / 2 * groupCodesBytes + g % 2
                           : g % superGroups * groupCodesBytes);
  }
  /// Of plane `p` of the codes of scales, within a superblock.
  int64_t scalePlaneOffset(unsigned p) const;
  /// Within the header of a panel without groups.
  static constexpr int64_t scalesOffset = 0, sumsOffset = 64,
                           zeroPointsOffset = 128;

  /// What symmetric integers are stored plus.
  int32_t storedZero() const {
    return format.isSymmetric() ? 1 << (format.bits() - 1) : 0;
  }

  /// Re-lays the panels [begin, end) of a plain payload; `out` is the start of
  /// the whole, `totalBytes()` long.
  void pack(const char *plain, char *out, int64_t begin, int64_t end) const;
};

/// Whether products with int8 activations are products of integers: the weight
/// is made of integers, or of numbers that are times a factor. Others are
/// products of floats with what the activations' codes stand for.
bool hasIntegerProducts(const Format &weight, const Format &activation);

/// Activations: the number of k whose codes' sums `kernel.gemm` takes, 0 for
/// the sum of the whole row. An error when the two group sizes do not divide
/// one another.
llvm::Expected<int64_t> getSumGroup(const Format &weight,
                                    const Format &activation);

} // namespace squint::kernel

#endif
