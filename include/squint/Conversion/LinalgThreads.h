//===- LinalgThreads.h - linalg with a thread an element ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_LINALGTHREADS_H
#define SQUINT_CONVERSION_LINALGTHREADS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "squint/Kernels/Work.h"

namespace squint {

/// The units of a linalg operator (on memrefs) for a GPU: points of its
/// parallel loops.
kernel::Work materializeThreadWork(mlir::OpBuilder &builder, mlir::Location loc,
                                   mlir::linalg::LinalgOp op);

/// Writes, before the operator, the loop over units [begin, end), in which the
/// loops that reduce run in order.
void buildThreads(mlir::linalg::LinalgOp op, mlir::Value begin,
                  mlir::Value end);

} // namespace squint

#endif
