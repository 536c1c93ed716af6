//===- LowerTiles.h - AMX as LLVM has it --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_KERNELTOX86_LOWERTILES_H
#define SQUINT_LIB_CONVERSION_KERNELTOX86_LOWERTILES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace squint {

/// Turns the `amx` and `x86vector` operators of a function, and the tiles that
/// its loops carry, into intrinsics and values of LLVM. Functions without any
/// stay as they are.
mlir::LogicalResult lowerTiles(mlir::func::FuncOp function);

} // namespace squint

#endif
