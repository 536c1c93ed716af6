//===- Packed.h - reading and writing the plain layout ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_PACKED_H
#define SQUINT_NUMERICS_PACKED_H

#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/Format.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace squint {

/// Writes `count` codes of `bits` bits as one stream of bits from `row` on,
/// lowest bit of a byte first; what is left of the last byte is zero.
void packCodes(const uint32_t *codes, int64_t count, unsigned bits, char *row);
/// The code at `column` of a row written by `packCodes`, zero-extended.
inline uint32_t unpackCode(const char *row, int64_t column, unsigned bits) {
  if (bits == 8)
    return uint8_t(row[column]);
  int64_t bit = column * int64_t(bits);
  const char *byte = row + bit / 8;
  unsigned shift = bit % 8;
  uint64_t window = 0;
  for (unsigned i = 0; i * 8 < shift + bits; ++i)
    window |= uint64_t(uint8_t(byte[i])) << (8 * i);
  return uint32_t(window >> shift) & (bits == 32 ? ~0u : (1u << bits) - 1);
}

/// Writes a row of PlainLayout::rowBytes bytes from a code for each column. Of
/// a sparse format no more are not 0 than are stored.
void packRow(const Format &format, const uint32_t *codes, int64_t columns,
             char *row);

/// Whether the scale of nvfp4's groups is multiplied with one of the whole
/// tensor. It is the last part of the payload, an f32 from a multiple of 64
/// bytes on.
inline bool hasTensorScale(const Format &format) {
  return format.element->fixedScale == ScaleType::F8E4M3;
}
inline int64_t getTensorScaleOffset(const PlainLayout &layout) {
  return layout.totalBytes - 4;
}

/// Rounds a scale to its type, half to even; infinity if it is beyond it. One
/// of type dynamic8 stays as it is: they are rounded and stored together.
float roundScale(float scale, ScaleType type);
void storeScale(float scale, ScaleType type, char *scales, int64_t index);
float loadScale(const char *scales, int64_t index, ScaleType type);

/// A packed matrix in its plain layout, read in place.
class PackedView {
public:
  /// `payload` holds PlainLayout::get(format, rows, columns).totalBytes bytes.
  PackedView(const char *payload, const Format &format, int64_t rows,
             int64_t columns)
      : payload(payload), fmt(format),
        plain(PlainLayout::get(format, rows, columns)) {}

  const Format &format() const { return fmt; }
  const PlainLayout &layout() const { return plain; }

  /// The code as an integer: signed for symmetric integers, the bits of
  /// anything else.
  int32_t code(int64_t row, int64_t column) const;
  /// 1 for elements without a scale, codebooks among them.
  float scale(int64_t row, int64_t column) const {
    return storedScale(row, column) * tensorScale();
  }
  /// The scale of the group and that of the tensor, 1 where there is none.
  float storedScale(int64_t row, int64_t column) const;
  float tensorScale() const;
  /// 0 for formats without zero points.
  int32_t zeroPoint(int64_t row, int64_t column) const;
  /// The zero point of bilevel scales, which is no integer; 0 for others.
  float offset(int64_t row, int64_t column) const;
  /// What is stored in place of the code, if anything is.
  std::optional<float> outlier(int64_t row, int64_t column) const;
  /// 0 for formats without minima.
  float min(int64_t row, int64_t column) const;
  /// (code - zero point) * scale - minimum, each operation rounded to f32.
  float value(int64_t row, int64_t column) const;

  /// A number of the sum of vectors of an additive element, not yet scaled.
  float addVectors(int64_t row, int64_t column) const;

  /// Takes block `block` of a row apart, of formats with blocks.
  BlockParts unpack(int64_t row, int64_t block) const;

  /// Writes rows [begin, end) as f32 to out[end - begin][columns].
  void dequantizeRows(int64_t begin, int64_t end, float *out) const;

  /// The outliers of a row, columns ascending; what lies outside of the row is
  /// left out.
  void
  forOutliers(int64_t row,
              llvm::function_ref<void(int64_t column, float value)> fn) const;

  /// Of a sparse format: calls `fn` with the columns of a row that are kept and
  /// the bits of their codes, ascending; bits beyond the row are left out.
  void
  forKept(int64_t row,
          llvm::function_ref<void(int64_t column, uint32_t bits)> fn) const;

private:
  float decode(uint32_t bits, float scale, int32_t zeroPoint) const;
  void dequantizeBlocks(int64_t row, float *out) const;
  /// A scale or zero point of bilevel scales.
  float bilevel(int64_t row, int64_t column, bool isZero) const;
  /// The bits of a code.
  uint32_t codeBits(int64_t row, int64_t column) const;
  /// What a code of a codebook stands for.
  float entry(int64_t row, int64_t column, uint32_t code) const {
    int64_t index = plain.scaleIndex(row, column) * fmt.scalesPerBlock() + code;
    return loadScale(payload + plain.scalesOffset, index, fmt.scale);
  }

  const char *payload;
  Format fmt;
  PlainLayout plain;
};

} // namespace squint

#endif // SQUINT_NUMERICS_PACKED_H
