//===- LinalgWork.h - units of work of a linalg operator ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_LINALGWORK_H
#define SQUINT_CONVERSION_LINALGWORK_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "squint/Kernels/Work.h"
#include <optional>

namespace squint {

/// Counts the units that `convert-linalg-to-vector` divides `op` (on memrefs)
/// into. The answer depends on types, maps and run-time sizes only, so that
/// caller and body agree. Nothing for operators that the pass does not lower.
std::optional<kernel::Work> materializeLinalgWork(mlir::OpBuilder &builder,
                                                  mlir::Location loc,
                                                  mlir::linalg::LinalgOp op);

} // namespace squint

#endif
