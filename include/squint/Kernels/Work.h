//===- Work.h - how much there is to do ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_WORK_H
#define SQUINT_KERNELS_WORK_H

#include "mlir/IR/Builders.h"

namespace squint::kernel {

/// Units of a kernel that threads share out, and the units of a chunk that is
/// worth a thread (about 20 microseconds).
struct Work {
  mlir::Value units, grain;
};

/// Rows and panels of a unit of `kernel.gemm`. They do not depend on the
/// target, so that its caller does not either; each target's tiles lie within a
/// unit.
inline constexpr int64_t kUnitRows = 64, kUnitPanels = 4;
/// Rows of a unit of `linalg.batch_matmul`.
inline constexpr int64_t kUnitMatmulRows = 16;

/// Whether `lowerKernel` takes the operator: `kernel.*` and
/// `linalg.batch_matmul`.
bool isKernel(mlir::Operation *op);

/// The work of a kernel whose operands are memrefs (or still tensors), as index
/// values.
Work materializeWork(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Operation *op);

} // namespace squint::kernel

#endif
