//===- Kernel.h - the kernel dialect ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_KERNEL_KERNEL_H
#define SQUINT_DIALECT_KERNEL_KERNEL_H

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "squint/Dialect/Squint/Squint.h"

#include "squint/Dialect/Kernel/KernelDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "squint/Dialect/Kernel/KernelAttributes.h.inc"

#define GET_OP_CLASSES
#include "squint/Dialect/Kernel/KernelOps.h.inc"

namespace squint::kernel {

/// Marks a function that `outline` made of one op: its last two arguments are
/// the range [begin, end) of the op's units.
inline constexpr llvm::StringLiteral kBodyAttr = "kernel.body";

/// Makes one-shot bufferization work on the dialect's destination-style
/// operators and on squint.constant.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace squint::kernel

#endif
