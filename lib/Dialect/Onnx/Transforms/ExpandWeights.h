//===- ExpandWeights.h - packed constants of codes ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_ONNX_EXPANDWEIGHTS_H
#define SQUINT_LIB_ONNX_EXPANDWEIGHTS_H

#include "Expand.h"
#include "squint/Numerics/Packed.h"

namespace squint::onnx {

/// The elements of a constant: codes of a width as their bits, floats by value.
class Elements {
public:
  /// Of a constant operand; null when the operand is left out.
  static mlir::FailureOr<Elements> get(Body &body, unsigned position,
                                       llvm::StringRef name);

  explicit operator bool() const { return bool(type); }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(type); }

  /// Code `index` of a stream of `bits` wide codes in bytes, the lowest first.
  uint32_t code(int64_t index, unsigned bits) const {
    if (isUnpacked && type.getIntOrFloatBitWidth() < 8)
      return uint8_t(bytes[index]) & ((1u << bits) - 1);
    return unpackCode(bytes.data(), index, bits);
  }
  float number(int64_t index) const {
    return loadScale(bytes.data(), index, scaleType());
  }
  ScaleType scaleType() const {
    return type.isF16()    ? ScaleType::F16
           : type.isBF16() ? ScaleType::BF16
                           : ScaleType::F32;
  }

private:
  mlir::Type type;
  llvm::ArrayRef<char> bytes;
  bool isUnpacked = false;
  std::shared_ptr<std::vector<char>> scratch;
};

/// One row of a packed matrix.
struct Row {
  llvm::MutableArrayRef<uint32_t> codes;
  llvm::MutableArrayRef<float> scales;
  llvm::MutableArrayRef<char> zeroPoints;
};

/// The matrix whose rows `fill` writes, as floats of type `element`.
mlir::Value makeMatrix(Body &body, const Format &format, int64_t rows,
                       int64_t columns, mlir::Type element,
                       llvm::function_ref<void(int64_t, Row)> fill);

mlir::RankedTensorType typeOf(llvm::ArrayRef<DimExpr> dims, mlir::Type element);

/// x times the transpose of a matrix [outputs, K]; x has the sizes `dims`.
/// A bias is added.
mlir::Value makeLinear(Body &body, mlir::Value x,
                       llvm::SmallVector<DimExpr> dims, mlir::Value weight,
                       int64_t outputs, mlir::Value bias,
                       llvm::StringRef activations = "");

/// A format with groups along the contraction.
Format makeFormat(llvm::StringRef element, int64_t group, ScaleType scale,
                  bool zeroPoint);

} // namespace squint::onnx

#endif
