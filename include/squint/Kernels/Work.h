//===- Work.h - how much there is to do ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_WORK_H
#define SQUINT_KERNELS_WORK_H

#include "squint/Kernels/Builder.h"

namespace squint::kernel {

/// Units of a kernel that threads share out, and the units of a chunk that is
/// worth a thread (about 5 microseconds).
struct Work {
  mlir::Value units, grain;
};

/// Rows and panels of a unit of `kernel.gemm`. They do not depend on the
/// target, so that its caller does not either; each target's tiles lie within a
/// unit.
inline constexpr int64_t kUnitRows = 64, kUnitPanels = 4;
/// A product of fewer units than this has units of fewer rows.
inline constexpr int64_t kFewUnits = 8, kFewUnitRows = 16;
/// Rows of a unit of `linalg.batch_matmul`.
inline constexpr int64_t kUnitMatmulRows = 16;
/// Query rows of a unit of `kernel.attention`.
inline constexpr int64_t kUnitAttentionRows = 64;

/// The number of blocks that the rows of `kernel.gemm` are cut into, for
/// `groups` groups of panels.
mlir::Value getGemmRowBlocks(KernelBuilder &b, mlir::Value rows,
                             int64_t groups);
int64_t getGemmRowBlocks(int64_t rows, int64_t groups);

/// Whether `lowerKernel` takes the operator: `kernel.*` and
/// `linalg.batch_matmul`.
bool isKernel(mlir::Operation *op);

/// The work of a kernel whose operands are memrefs (or still tensors), as index
/// values.
Work materializeWork(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Operation *op);

} // namespace squint::kernel

#endif
