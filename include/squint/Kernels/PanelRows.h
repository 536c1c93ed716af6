//===- PanelRows.h - rows of weights in panels --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_PANELROWS_H
#define SQUINT_KERNELS_PANELROWS_H

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Builder.h"

namespace squint::kernel {

/// Whether single rows are read out of panels, too. A table of another format
/// is plain for those who read rows.
bool hasPanelRows(const Format &format);
/// Whether rows are read out of the plain layout. A table of another format is
/// in panels.
bool hasPlainRows(const Format &format);

/// `buildDequantizeRow` for a payload in panels.
mlir::LogicalResult buildPanelRow(
    KernelBuilder &b, mlir::Operation *op, PackedType type, mlir::Value payload,
    mlir::Value row,
    llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> store);

/// One number of `type` at a byte offset of a payload.
mlir::Value loadScalar(KernelBuilder &b, mlir::Type type, mlir::Value payload,
                       mlir::Value offset);

} // namespace squint::kernel

#endif
