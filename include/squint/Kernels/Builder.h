//===- Builder.h - what kernels are written with ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An OpBuilder that folds index arithmetic, and the vector idioms that all
// kernels share: 16 lanes, explicit multiply-adds, one reduction tree. The
// order of every float operation is fixed here and in the kernels, whatever the
// target.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_BUILDER_H
#define SQUINT_KERNELS_BUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "squint/Numerics/Element.h"
#include "squint/Target/TargetInfo.h"

namespace squint::kernel {

/// The virtual lanes that rows are reduced over, and the outputs of a panel.
inline constexpr int64_t kLanes = 16;

class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = llvm::SmallVector<Value>;

  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc,
                const TargetInfo &target)
      : ImplicitLocOpBuilder(loc, builder), target(target) {}

  const TargetInfo &target;
  /// Activations may be rounded to bfloat16 for products of that type.
  bool allowBf16 = false;

  // Index arithmetic; constants fold.
  Value index(int64_t value);
  Value add(Value a, Value b);
  Value add(Value a, int64_t b) { return add(a, index(b)); }
  Value sub(Value a, Value b);
  Value mul(Value a, Value b);
  Value mul(Value a, int64_t b) { return mul(a, index(b)); }
  Value div(Value a, Value b);
  Value div(Value a, int64_t b) { return div(a, index(b)); }
  Value rem(Value a, Value b);
  Value rem(Value a, int64_t b) { return rem(a, index(b)); }
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value min(Value a, Value b);
  Value max(Value a, Value b);
  Value less(Value a, Value b);
  Value dim(Value memref, int64_t i);

  // Types and constants.
  mlir::VectorType vec(mlir::Type element, int64_t lanes = kLanes);
  mlir::VectorType f32s() { return vec(getF32Type()); }
  mlir::VectorType i32s() { return vec(getI32Type()); }
  /// What a scale of f32, f16 or bf16 is stored as.
  mlir::Type scaleType(ScaleType type);
  Value f32(float value);
  Value i32(int32_t value);
  /// A constant of a scalar or vector type.
  Value constant(mlir::Type type, double value);
  Value intConstant(mlir::Type type, int64_t value);

  // Vectors.
  Value splat(Value scalar, int64_t lanes = kLanes);
  Value load(mlir::VectorType type, Value memref, ValueRange indices,
             int64_t alignment = 0);
  void store(Value vector, Value memref, ValueRange indices);
  /// Lanes where the mask is off are `fill` (0 when null) and are not read.
  Value load(mlir::VectorType type, Value memref, ValueRange indices,
             Value mask, Value fill = {});
  void store(Value vector, Value memref, ValueRange indices, Value mask);
  /// The part of a matrix that a tile reads: `rows` x `columns` from (row,
  /// column) on. Indices into it are constants, so that one address register
  /// serves all rows.
  Value view(Value matrix, Value row, Value column, int64_t rows,
             int64_t columns);
  /// A mask of the first `count` lanes.
  Value mask(Value count, int64_t lanes = kLanes);
  Value mask(int64_t count, int64_t lanes = kLanes);
  /// a * b + c in one rounding; in two where the target has no such
  /// instruction.
  Value fma(Value a, Value b, Value c);
  /// f16 and bf16 to f32; f32 as it is.
  Value toF32(Value value);
  /// The element type of a vector or the type itself, with `element` in its
  /// place.
  mlir::Type like(mlir::Type shape, mlir::Type element);
  Value bitcast(mlir::VectorType type, Value value);

  /// 16 lanes to one: x[i] op x[i + 8], + 4, + 2, + 1.
  Value reduce(Value vector, llvm::function_ref<Value(Value, Value)> combine);
  Value reduceAdd(Value vector);

  // Control flow. A body returns what the loop carries on.
  using Body = llvm::function_ref<Values(Value, ValueRange)>;
  Values loop(Value lower, Value upper, int64_t step, ValueRange init,
              Body body);
  void loop(Value lower, Value upper, int64_t step,
            llvm::function_ref<void(Value)> body);
  /// [0, count) 16 elements at a time; the body's mask is null but for what
  /// remains at the end.
  using LaneBody = llvm::function_ref<Values(Value, Value, ValueRange)>;
  Values lanes(Value count, ValueRange init, LaneBody body);
  void ifElse(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);
  /// One case for every value of `cases`; nothing happens for others.
  void switchOn(Value value, llvm::ArrayRef<int64_t> cases,
                llvm::function_ref<void(int64_t)> body);

  /// Scratch memory of the function, 64-byte aligned, alive until it returns.
  Value scratch(int64_t elements, mlir::Type element);
};

/// Transposes 8 vectors of 8 by exchanging elements, pairs and halves: unpack
/// instructions within 16 bytes of f32 and a permutation of halves.
llvm::SmallVector<mlir::Value> transpose8(mlir::ImplicitLocOpBuilder &b,
                                          llvm::ArrayRef<mlir::Value> rows);

/// The memref as one dimension; null, with an error, when it is not contiguous.
mlir::Value flatten(KernelBuilder &b, mlir::Operation *op, mlir::Value memref);

/// Whether the last dimension is contiguous; emits an error that names the
/// memref's type if not.
mlir::LogicalResult checkRows(mlir::Operation *op, mlir::ValueRange memrefs);

} // namespace squint::kernel

#endif
