//===- Format.h - element x block x scale x zero point ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_FORMAT_H
#define SQUINT_NUMERICS_FORMAT_H

#include "squint/Numerics/Element.h"
#include "llvm/Support/Error.h"
#include <string>

namespace squint {

/// Which values share a scale. `None` is for elements stored without one.
enum class Granularity { None, Tensor, Channel, Token, Group };

/// Which power of two a block's scale of type E8M0 is, e the exponent of the
/// element's largest value: `Floor` 2^(floor(log2 amax) - e), which may clip
/// (OCP MX 1.0); `Even` the same of amax rounded half up to the element's
/// mantissa; `Ceil` 2^(ceil(log2 amax) - e); `RCeil` the least that clips
/// nothing, 2^ceil(log2(amax / largest)).
enum class ScaleRounding { Floor, Even, Ceil, RCeil };

/// The spelling in a format string.
llvm::StringRef stringifyScaleRounding(ScaleRounding rounding);

/// Whose defaults and limits a format string is read with. `Any` is for the
/// canonical strings in IR, where weights and activations both occur.
enum class FormatRole { Weight, Activation, Any };

/// A storage format: value = (code - zero point) * scale, or, with minima,
/// value = code * scale - minimum, or for a codebook the entry of the block's
/// table that the code says, or for additive elements a number of the sum of
/// vectors that the codes say, times the scale.
struct Format {
  const Element *element = nullptr;
  Granularity granularity = Granularity::None;
  /// Values along the contraction that share a scale; the last group of a row
  /// may be shorter. Only for `Granularity::Group`.
  int64_t groupSize = 0;
  ScaleType scale = ScaleType::F32;
  bool zeroPoint = false;
  /// Whether groups of integers have a minimum of type f16. Elements that come
  /// in blocks have their own.
  bool minimum = false;
  /// Only some values are stored, with a mask of their columns; the others are
  /// zero. Two of every four along the contraction, or all of a row but
  /// `prunedPercent` of it where that is not 0.
  bool sparse = false;
  int64_t prunedPercent = 0;
  /// Values of every 16 rows for which there is room as f16, in place of their
  /// codes.
  int64_t outliers = 0;

  /// Of a dynamic activation of integers: the part of the largest magnitude
  /// that the codes reach; what lies beyond is clamped.
  float clip = 1.0f;

  /// How microscaling elements choose their scales.
  ScaleRounding rounding = ScaleRounding::Floor;

  /// Reads `NAME[:tensor|channel|token|group=N][,zero-point|,min]
  /// [,clip=R][,scale=TYPE][,sparse=2:4|P%][,outliers=N][,round=RULE]`, TYPE
  /// one of f16, bf16, f32 and, for tables in groups, dynamic8, for integers in
  /// groups bilevel3; RULE, for microscaling elements, even, ceil or rceil.
  /// Left out, the granularity is `channel` for weights and `token` for
  /// activations. The scale is f16 for groups and f32 otherwise. Errors are
  /// fragments to append to "expected a format, got ...".
  static llvm::Expected<Format> parse(llvm::StringRef text, FormatRole role);

  /// The canonical spelling, with nothing left to defaults:
  /// `int4:group=32,zero-point,scale=f16`; `f32` for what has no scale.
  std::string str() const;

  unsigned bits() const { return element->bits; }
  bool hasScale() const { return element->hasScale(); }
  bool isInteger() const { return element->isInteger(); }
  bool isCodebook() const { return element->isCodebook(); }
  bool isAdditive() const { return element->kind == ElementKind::Additive; }
  /// Of an additive element: one table for each bit of a weight, of this many
  /// vectors of so many weights along the contraction.
  static constexpr int64_t tableEntries = 16, vectorSize = 4;
  int64_t tableNumbers() const {
    return isAdditive() ? bits() * tableEntries * vectorSize : 0;
  }
  /// Numbers of the scale's type that a block has: its scale, or the entries of
  /// its table.
  int64_t scalesPerBlock() const { return isCodebook() ? 1 << bits() : 1; }

  bool isTwoOfFour() const { return sparse && !prunedPercent; }

  /// Where codes, scales and minima lie in blocks of bytes; null elsewhere.
  const BlockCodec *blocks() const { return element->blocks; }
  bool hasMins() const;
  /// Whether each group's scale may be chosen without regard to the others'.
  bool hasFreeScales() const {
    return hasScale() && !blocks() && scale != ScaleType::Dynamic8 &&
           !isBilevel() && !isAdditive();
  }
  bool isBilevel() const { return scale == ScaleType::Bilevel3; }
  /// Integers whose codes are signed.
  bool isSymmetric() const {
    return isInteger() && !zeroPoint && !hasMins() && !isBilevel();
  }
  /// Whether rows of that many values can be stored: whole blocks only. The
  /// error is a fragment, "expected ..., got ...".
  llvm::Error checkColumns(int64_t columns) const;

  /// Bounds of an integer code. With a zero point or a minimum codes are
  /// unsigned; without one int8 leaves out -128 and narrower integers use every
  /// code.
  int32_t minCode() const;
  int32_t maxCode() const;

  bool operator==(const Format &other) const;
  bool operator!=(const Format &other) const { return !(*this == other); }
};

/// Where the parts of a packed matrix [rows, columns] lie in its plain layout:
///
///   codes       [rows][rowBytes]       rowBytes = ceil(stored * bits / 8) +
///                                      maskBytes
///   scales      [scaleRows][groups]    in the scale type; of a codebook
///               [scaleRows][groups][2^bits], the entries in ascending order
///   zero points [scaleRows][groups]    one byte each, or f16 minima
///   numbers     [...]                  of additive elements, as f16: tables
///               [bits][16][4]; of scales of type dynamic8, as f32; of
///               bilevel3 [ceil(rows / 16)][groups][4] as f16: the steps and
///               zero points of scales and of zero points
///   outliers    [ceil(rows / 16)] of starts u16[17] (and 2 bytes of padding),
///               columns u16[N], values f16[N]: those of row i of the 16 are
///               starts[i] to starts[i + 1], columns ascending
///
/// Segments start at multiples of 64 bytes, the gaps are zero. A row's codes
/// are one stream of bits, the lowest bit of a byte first. scaleRows is 1 for
/// `tensor` and rows otherwise; groups is 1 unless the format has groups. Of
/// elements in blocks, rows of blocks are all there is.
///
/// The codes of an additive element are, for every four columns, 4 bits for
/// each table; there are `stored` columns, a multiple of four. Otherwise
/// `stored` is the columns; of a sparse format those that are kept, two for
/// every four columns or what the percentage leaves, and the row's mask follows
/// its codes: a bit for each column, set for those that are kept. Where the
/// last four of two of four are fewer columns, bits beyond them make up for it.
struct PlainLayout {
  int64_t rows, columns;
  /// Columns of a full group: the group size, or all of them.
  int64_t groupSize;
  int64_t groups;
  int64_t scaleRows;
  int64_t rowBytes;
  /// Codes of a row, and what the mask of their columns takes.
  int64_t stored, maskBytes;
  int64_t codesBytes, scalesBytes, zeroPointsBytes, numbersBytes;
  /// Of 16 rows.
  int64_t outlierBytes;
  /// Offsets from the start of the payload; the codes are at 0.
  int64_t scalesOffset, zeroPointsOffset, numbersOffset, outliersOffset;
  int64_t totalBytes;

  static PlainLayout get(const Format &format, int64_t rows, int64_t columns);

  /// Index of the scale (and zero point) of an element.
  int64_t scaleIndex(int64_t row, int64_t column) const {
    return (scaleRows == 1 ? 0 : row * groups) + column / groupSize;
  }
  int64_t scaleCount() const { return scaleRows * groups; }
  static constexpr int64_t alignment = 64;
  /// Rows that share the grid of bilevel scales, or a list of outliers.
  static constexpr int64_t rowBlock = 16;
  /// Of a list of outliers of 16 rows.
  static constexpr int64_t outlierColumnsOffset = 36;
};

} // namespace squint

#endif // SQUINT_NUMERICS_FORMAT_H
