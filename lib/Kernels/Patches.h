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
/// reads. Either the rows are written out, or, where a vector holds elements of
/// one pixel only, the lines of the image with their padding: then the rows of
/// a line of the output are views of these, which overlap.
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
  void writeRow(Value row, Value to);
  void writeTaps(Value line, Value left, Value to);
  void writeLines(Value row, Value count);
  void writeLine(Value line, Value left, Value span, Value to);
  void sumRow(Value number);
  void sumLines(Value count);
  Value sumBytes(Value total, Value at, int64_t count);
  void fill(Value to, Value count);
  void copy(Value from, Value to, int64_t count);
  void copy(Value from, Value to, Value count);
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
  /// Pixels of a line in scratch memory, 0 where rows are written out.
  int64_t linePixels = 0;
  /// Codes of a sum.
  int64_t part = 0;
  mlir::Type element;
  PatchCodes kind = PatchCodes::Summed;
  Value input, imageSize, scratch, sums, quads, padding, first;
};

} // namespace squint::kernel

#endif
