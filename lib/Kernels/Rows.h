//===- Rows.h - what kernels of rows share ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_ROWS_H
#define SQUINT_LIB_KERNELS_ROWS_H

#include "squint/Kernels/Builder.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Format.h"
#include <optional>

namespace squint::kernel {

/// Floats of a row of those that a kernel keeps on the stack.
inline constexpr int64_t kMaxScratchRow = 1 << 13;

/// A matrix of f32 whose rows are contiguous.
mlir::LogicalResult checkFloatRows(mlir::Operation *op, mlir::Value value);

/// Tensors [B, S, heads, size] of f32, or with the middle two exchanged, of a
/// static size, whose last dimension is contiguous.
mlir::LogicalResult checkFloatHeads(mlir::Operation *op,
                                    mlir::ValueRange values);

/// `a` where it is the larger one, `c` elsewhere.
mlir::Value selectLarger(KernelBuilder &b, mlir::Value a, mlir::Value c);
/// Magnitudes as the bits of floats: NaN is larger than any number.
mlir::Value maxMagnitude(KernelBuilder &b, mlir::Value largest,
                         mlir::Value values);
/// The largest lane of such as a float.
mlir::Value reduceMagnitude(KernelBuilder &b, mlir::Value largest);
/// 1 / scale, 0 where the scale is.
mlir::Value invertScale(KernelBuilder &b, mlir::Value scale);
/// Rounds to a narrow float and back: MiniFloat::encode and decode.
mlir::Value roundToFloat(KernelBuilder &b, mlir::Value values,
                         const MiniFloat &format);

/// 16 values times `inverse` to codes as i32: clamped, then rounded by
/// adding 1.5 * 2^23, whose last bit is worth 1. Bounds are integers, so
/// clamping first gives the same codes. NaN gives 0 for dynamic codes and the
/// lowest for static ones.
struct Rounder {
  KernelBuilder &b;
  int32_t low, high, zero;
  bool isStatic;

  mlir::Value operator()(mlir::Value values, mlir::Value inverse) const;
};

/// Codes, scales and sums of rows of floats.
class RowQuantizer {
public:
  /// `columns` may be symbolic; a scale makes the quantization static. Outputs
  /// are codes, scales (unless static) and sums.
  RowQuantizer(KernelBuilder &b, mlir::Operation *op, const Format &format,
               int64_t sumGroup, std::optional<llvm::APFloat> scale,
               int32_t zero, int64_t columns, mlir::ValueRange outputs);

  mlir::LogicalResult check();
  /// Rows `from` of `x`, whose largest magnitudes are `largest` where they are
  /// known, to rows `rows` of the outputs.
  void build(mlir::Value x, llvm::ArrayRef<mlir::Value> from,
             llvm::ArrayRef<mlir::Value> rows,
             llvm::ArrayRef<mlir::Value> largest = {});
  /// Whether a row has one scale that depends on its largest magnitude.
  bool isByRow() const { return !isStatic && block == columns; }

private:
  mlir::Value width(mlir::Value x, int64_t length) {
    return mlir::ShapedType::isDynamic(columns) ? b.dim(x, 1) : b.index(length);
  }
  void buildBlock(mlir::Value number, int64_t length,
                  llvm::ArrayRef<mlir::Value> largest);
  void buildParts(mlir::Value start, int64_t length,
                  llvm::ArrayRef<mlir::Value> inverses);
  void buildPart(mlir::Value start, int64_t length,
                 llvm::ArrayRef<mlir::Value> inverses, mlir::Value sumIndex);

  KernelBuilder &b;
  mlir::Operation *op;
  const Format &format;
  int64_t sumGroup, columns, block, part;
  bool isStatic;
  float scale;
  int32_t zero;
  mlir::Value codes, scales, sums;
  /// The rows at hand.
  mlir::Value x;
  llvm::ArrayRef<mlir::Value> from, rows;
};

} // namespace squint::kernel

#endif // SQUINT_LIB_KERNELS_ROWS_H
