//===- StoredRows.h - the rows of a tensor as safetensors -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// compressed-tensors has the codes of a matrix in tensors beside one another:
//
//   weight_packed      i32[rows][ceil(columns / n)], n codes a word, the first
//                      lowest; signed codes plus half of their count
//   weight_scale       [rows][groups], or one number
//   weight_zero_point  i32[ceil(rows / n)][groups], packed along the rows; one
//                      i8 for one scale
//   weight_shape       i64 rows, columns
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_STOREDROWS_H
#define SQUINT_LIB_EXPORT_STOREDROWS_H

#include "LanguageWeights.h"
#include "squint/Numerics/Packed.h"

namespace squint {

/// Of codes, or of the floats of a tensor; nothing for others.
std::optional<Format> getStoredFormat(ConstantOp constant);
/// What the numbers of a format are written as, as safetensors spells it.
llvm::StringRef getFloatType(const Format &format);

/// The rows of all parts of a tensor.
class StoredRows {
public:
  /// If `turnedHead` is not 0, heads of so many rows have the pairs that turn
  /// beside each other, and are written with these in halves.
  static llvm::Expected<StoredRows> read(const LanguageWeights::Parts &parts,
                                         int64_t turnedHead = 0);

  const Format &format() const { return views.front().format(); }
  int64_t rows() const { return allRows; }
  int64_t columns() const { return views.front().layout().columns; }
  int64_t groups() const { return views.front().layout().groups; }

  void writeWords(llvm::raw_ostream &os) const;
  void writeBytes(llvm::raw_ostream &os) const;
  void writeScales(llvm::raw_ostream &os) const;
  void writeZeroPoints(llvm::raw_ostream &os) const;
  /// What is stored less a number, as `type` if some are of it, or as f32.
  void writeFloats(llvm::raw_ostream &os, llvm::StringRef type,
                   float less) const;

private:
  /// Where the row of a part that is written at `row` is.
  int64_t turn(int64_t row) const;
  /// Equal pieces of a part, one a row.
  void writePieces(llvm::raw_ostream &os, llvm::ArrayRef<char> pieces,
                   int64_t rows) const;
  /// A part and its row.
  std::pair<const PackedView *, int64_t> find(int64_t row) const;

  std::vector<std::vector<char>> scratch;
  std::vector<llvm::ArrayRef<char>> bytes;
  std::vector<PackedView> views;
  int64_t allRows = 0, turnedHead = 0;
};

} // namespace squint

#endif
