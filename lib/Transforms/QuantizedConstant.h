//===- QuantizedConstant.h - a model's own codes ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A weight that a model brings as codes, scales and zero points, and the packed
// constant that it becomes.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_QUANTIZEDCONSTANT_H
#define SQUINT_LIB_TRANSFORMS_QUANTIZEDCONSTANT_H

#include "mlir/IR/Builders.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Squint.h"
#include <optional>

namespace squint {

/// `(code - zero point) * scale` of a constant. Dimension `d` of an index moves
/// by `strides[d]` codes, and by `scaleStrides[d]` scales every `blocks[d]`.
struct QuantizedConstant {
  mlir::Location loc;
  /// Of the codes: integers of 2, 4 and 8 bits or 8-bit floats.
  mlir::Type element;
  mlir::SmallVector<int64_t> shape, strides, scaleStrides, blocks;
  /// A byte each, zero-extended.
  std::vector<uint8_t> codes, zeroPoints;
  std::vector<float> scales;
  /// What the scales were stored as.
  ScaleType scaleType = ScaleType::F32;

  /// onnx.DequantizeLinear of constants, or of an onnx.QuantizeLinear of some,
  /// seen through transposes.
  static std::optional<QuantizedConstant> match(mlir::Value value);

  /// Rows [begin, begin + count) of dimension `d`.
  QuantizedConstant take(unsigned d, int64_t begin, int64_t count) const;
  void transpose(mlir::ArrayRef<int64_t> permutation);

  bool isInteger() const;
  /// One scale and zero point, or one for each index of dimension `d`.
  bool isAlong(unsigned d) const;
  /// The scale of each index of dimension 0, of which there may be one for all.
  mlir::SmallVector<float> getScales() const;
  /// squint.dequantize of a packed constant, a row an index of dimension 0 and
  /// the others the contraction; integers with the scale 1 where `isUnscaled`.
  /// Null where no format says it.
  mlir::Value pack(mlir::OpBuilder &builder, mlir::Type floats,
                   bool isUnscaled) const;

  /// The same as a constant of f32, f16 or bf16.
  mlir::Value decode(mlir::OpBuilder &builder, mlir::Type floats,
                     bool isUnscaled) const;

private:
  int64_t codeAt(mlir::ArrayRef<int64_t> index) const;
  int64_t scaleAt(mlir::ArrayRef<int64_t> index) const;
  /// A code less its zero point.
  int32_t getInteger(mlir::ArrayRef<int64_t> index) const;
  std::optional<Format> chooseFormat(bool isUnscaled) const;
};

} // namespace squint

#endif
