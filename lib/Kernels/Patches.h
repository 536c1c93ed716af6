//===- Patches.h - patches of images as rows of a matrix ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_PATCHES_H
#define SQUINT_LIB_KERNELS_PATCHES_H

#include "squint/Kernels/Kernels.h"

namespace squint::kernel {

/// Codes as a product wants them.
enum class PatchCodes {
  Summed,  ///< signed, with the sums of rows
  Signed,  ///< without sums
  Unsigned ///< 128 more, without sums
};

/// Some rows at a time of the matrix that a `#kernel.window` stands for, in
/// scratch memory, and the sums of their codes: what a convolution's product
/// reads. The lines of the image that a line of the output reads are copied
/// with their padding. Where a vector holds elements of one pixel only, the
/// rows are views of these, which overlap; else they are written out from
/// there.
class PatchBuilder {
public:
  using Value = mlir::Value;

  PatchBuilder(KernelBuilder &b, GemmOp op) : b(b), op(op) {}

  /// Takes scratch memory for up to `maxRows` rows, fewer where they are long;
  /// `sumGroup` as `getSumGroup` gives it. Views of lines serve products that
  /// read `step` elements at a time; 0 for others.
  mlir::LogicalResult prepare(int64_t maxRows, int64_t sumGroup, int64_t step,
                              PatchCodes kind);
  /// Sums of a row.
  int64_t getNumSums() const { return llvm::divideCeil(columns, part); }

  /// Calls with the first and the number of rows that are in scratch memory, in
  /// ascending order.
  void forRows(Value row, Value count,
               llvm::function_ref<void(Value, Value)> body);
  /// `columns` elements from `k` on of `rows` rows, which are there. Codes past
  /// the end of a row, up to a multiple of four, are zero.
  Value view(Value row, int64_t rows, Value k, int64_t columns);
  Value loadSum(Value row, Value number);

private:
  bool hasLines(int64_t step) const;
  /// Pixels of a line of the image that `count` pixels of one of the output
  /// read, and elements of all such lines.
  int64_t getLinePixels(int64_t count) const;
  int64_t getLinesSize(int64_t count) const;
  void forLines(Value row, Value count,
                llvm::function_ref<void(Value, Value, Value)> body);
  void writeLines(Value line, Value place, Value count);
  void writeLine(Value line, Value left, Value span, Value to);
  void fill(Value to, Value count);
  void copyToLine(Value from, Value to, Value count);
  void writeRow(Value number, Value to);
  void copyToRow(Value from, Value to, int64_t count);
  void sumRow(Value number);
  void sumLines(Value place, Value count);
  Value sumBytes(Value total, Value at, int64_t count);
  Value inside(Value position, int64_t size);
  /// Codes as they are kept.
  Value keep(Value codes);

  KernelBuilder &b;
  GemmOp op;
  WindowAttr window;
  int64_t height = 0, width = 0, channels = 0, columns = 0, rows = 0;
  /// Elements from one row that is written out to the next: of codes a multiple
  /// of four, the last ones zero.
  int64_t rowStride = 0;
  /// Taps that lie side by side, and how many such pieces a patch has; each has
  /// lines of its own.
  int64_t pieceTaps = 1, pieces = 1;
  /// Pixels of a line in scratch memory.
  int64_t linePixels = 0;
  /// Whether rows are views of the lines.
  bool viewsLines = false;
  /// Codes of a sum.
  int64_t part = 0;
  mlir::Type element;
  PatchCodes kind = PatchCodes::Summed;
  /// Memory: of the lines, of the rows (or the lines again), of their sums.
  Value input, lines, scratch, sums, quads, padding, first;
};

} // namespace squint::kernel

#endif
