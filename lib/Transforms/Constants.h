//===- Constants.h - reading and making constants -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the rewriting passes share. A constant that cannot be read (its file is
// missing) is left alone here: whoever needs its bytes reports it.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_CONSTANTS_H
#define SQUINT_LIB_TRANSFORMS_CONSTANTS_H

#include "mlir/IR/Builders.h"
#include "squint/Dialect/Squint/Squint.h"
#include <optional>

namespace squint {

/// Folding reads and makes constants up to this size; larger ones move only by
/// reference.
inline constexpr int64_t kMaxFoldedBytes = 64 << 10;

/// Bytes of one element as constants hold it (i1 is a byte), or 0 when elements
/// are not whole bytes.
int64_t getElementBytes(mlir::Type elementType);

/// The constant behind a value when it is a ranked tensor, else null.
ConstantOp getConstant(mlir::Value value);

/// Size in bytes of a static tensor of whole-byte elements, or nothing.
std::optional<int64_t> getByteSize(mlir::Type type);

/// All elements in row-major order, as double or as sign- or zero-extended
/// 64-bit integers. Fails for values that are not constant, have more than
/// `maxBytes`, or other element types.
mlir::FailureOr<mlir::SmallVector<double>>
readNumbers(mlir::Value value, int64_t maxBytes = kMaxFoldedBytes);
mlir::FailureOr<mlir::SmallVector<int64_t>>
readIntegers(mlir::Value value, int64_t maxBytes = kMaxFoldedBytes);

/// The only element of a constant.
std::optional<double> readScalar(mlir::Value value);

/// Numbers as bytes of an element type, rounded half to even; integers wrap.
/// The type must be one that `readNumbers` takes.
std::vector<char> encodeNumbers(mlir::Type elementType,
                                mlir::ArrayRef<double> values);
std::vector<char> encodeIntegers(mlir::Type elementType,
                                 mlir::ArrayRef<int64_t> values);

/// A constant's value for bytes in row-major order: inline up to 1 KB or when
/// all elements are equal, else in a new store.
mlir::TypedAttr makeConstant(mlir::RankedTensorType type,
                             mlir::ArrayRef<char> bytes);

/// `result.shape[i] = value.shape[permutation[i]]`; moves no bytes of
/// `#squint.data`. Null when it cannot be done so cheaply.
mlir::TypedAttr transposeConstant(mlir::TypedAttr value,
                                  mlir::ArrayRef<int64_t> permutation);

/// The same elements in the same order under another shape; moves no bytes.
/// Null when a permutation is in the way.
mlir::TypedAttr reshapeConstant(mlir::TypedAttr value,
                                mlir::ArrayRef<int64_t> shape);

/// Row `i` of a float constant, in double, times `factors[i]`; new bytes,
/// rounded once. Null when they cannot be read.
mlir::TypedAttr scaleRows(mlir::TypedAttr value,
                          mlir::ArrayRef<double> factors);

/// 64-bit integers as a constant of rank 1, as shapes and axes are given.
mlir::Value createIntegers(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::ArrayRef<int64_t> values);

/// The strides, in elements, with which a tensor of shape `own` is read along
/// the dimensions of `shape`; nothing when it does not broadcast to it.
std::optional<mlir::SmallVector<int64_t>>
getBroadcastStrides(mlir::ArrayRef<int64_t> own, mlir::ArrayRef<int64_t> shape);

/// The value of an elementwise operator whose operands are small constants,
/// Cast included; null when it does not fold.
mlir::TypedAttr foldElementwise(mlir::Operation *op);

} // namespace squint

#endif
