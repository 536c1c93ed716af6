//===- Kernels.h - kernel operators to loops over vectors ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_KERNELS_H
#define SQUINT_KERNELS_KERNELS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/Builder.h"

namespace squint::kernel {

/// Units [begin, end) of a kernel.
struct Units {
  mlir::Value begin, end;
};

// One builder for each operator: emits the loops that compute `units` before
// the operator (which stays). An error is emitted for what no kernel computes.
mlir::LogicalResult buildGemm(KernelBuilder &b, GemmOp op, Units units);
mlir::LogicalResult buildQuantizeRows(KernelBuilder &b, QuantizeRowsOp op,
                                      Units units);
mlir::LogicalResult buildDepthwise(KernelBuilder &b, DepthwiseOp op,
                                   Units units);
mlir::LogicalResult buildNorm(KernelBuilder &b, NormOp op, Units units);
mlir::LogicalResult buildHadamard(KernelBuilder &b, HadamardOp op, Units units);
mlir::LogicalResult buildSoftmax(KernelBuilder &b, SoftmaxOp op, Units units);
mlir::LogicalResult buildRotary(KernelBuilder &b, RotaryOp op, Units units);
mlir::LogicalResult buildAttention(KernelBuilder &b, AttentionOp op,
                                   Units units);
mlir::LogicalResult buildAppendCache(KernelBuilder &b, AppendCacheOp op,
                                     Units units);
mlir::LogicalResult buildCachedAttention(KernelBuilder &b, CachedAttentionOp op,
                                         Units units);
mlir::LogicalResult buildDequantize(KernelBuilder &b, DequantizeOp op,
                                    Units units);
mlir::LogicalResult
buildBatchMatmul(KernelBuilder &b, mlir::linalg::BatchMatmulOp op, Units units);
/// The result is the status that the function returns: an index may be out of
/// range.
mlir::FailureOr<mlir::Value> buildGatherRows(KernelBuilder &b, GatherRowsOp op,
                                             Units units);

/// The function that decodes row `row` of a packed payload, plain or in panels
/// whose rows can be read (PanelRows.h), into `store(k, values)`, 16 k at a
/// time with a mask (null for all lanes).
mlir::LogicalResult buildDequantizeRow(
    KernelBuilder &b, mlir::Operation *op, PackedType type, mlir::Value payload,
    mlir::Value row,
    llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> store);

} // namespace squint::kernel

#endif
