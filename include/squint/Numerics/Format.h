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

/// Whose defaults and limits a format string is read with. `Any` is for the
/// canonical strings in IR, where weights and activations both occur.
enum class FormatRole { Weight, Activation, Any };

/// A storage format: value = (code - zero point) * scale, or, with minima,
/// value = code * scale - minimum.
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

  /// Reads `NAME[:tensor|channel|token|group=N][,zero-point|,min]
  /// [,scale=TYPE]`, TYPE one of f16, bf16, f32 and, for tables in groups,
  /// dynamic8. Left out, the granularity is `channel` for weights and `token`
  /// for activations. The scale is f16 for groups and f32 otherwise. Errors are
  /// fragments to append to "expected a format, got ...".
  static llvm::Expected<Format> parse(llvm::StringRef text, FormatRole role);

  /// The canonical spelling, with nothing left to defaults:
  /// `int4:group=32,zero-point,scale=f16`; `f32` for what has no scale.
  std::string str() const;

  unsigned bits() const { return element->bits; }
  bool hasScale() const { return element->hasScale(); }
  bool isInteger() const { return element->isInteger(); }

  /// Where codes, scales and minima lie in blocks of bytes; null elsewhere.
  const BlockCodec *blocks() const { return element->blocks; }
  bool hasMins() const;
  /// Whether each group's scale may be chosen without regard to the others'.
  bool hasFreeScales() const {
    return hasScale() && !blocks() && scale != ScaleType::Dynamic8;
  }
  /// Integers whose codes are signed.
  bool isSymmetric() const { return isInteger() && !zeroPoint && !hasMins(); }
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
///   codes       [rows][rowBytes]       rowBytes = ceil(columns * bits / 8)
///   scales      [scaleRows][groups]    in the scale type
///   zero points [scaleRows][groups]    one byte each, or f16 minima
///   numbers     [...]                  of scales of type dynamic8, as f32
///
/// Segments start at multiples of 64 bytes, the gaps are zero. A row's codes
/// are one stream of bits, the lowest bit of a byte first. scaleRows is 1 for
/// `tensor` and rows otherwise; groups is 1 unless the format has groups. Of
/// elements in blocks, rows of blocks are all there is.
struct PlainLayout {
  int64_t rows, columns;
  /// Columns of a full group: the group size, or all of them.
  int64_t groupSize;
  int64_t groups;
  int64_t scaleRows;
  int64_t rowBytes;
  int64_t codesBytes, scalesBytes, zeroPointsBytes, numbersBytes;
  /// Offsets from the start of the payload; the codes are at 0.
  int64_t scalesOffset, zeroPointsOffset, numbersOffset;
  int64_t totalBytes;

  static PlainLayout get(const Format &format, int64_t rows, int64_t columns);

  /// Index of the scale (and zero point) of an element.
  int64_t scaleIndex(int64_t row, int64_t column) const {
    return (scaleRows == 1 ? 0 : row * groups) + column / groupSize;
  }
  int64_t scaleCount() const { return scaleRows * groups; }
  static constexpr int64_t alignment = 64;
};

} // namespace squint

#endif // SQUINT_NUMERICS_FORMAT_H
