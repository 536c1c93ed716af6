//===- LowerDevice.h - kernels of a GPU -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_LOWER_LOWERDEVICE_H
#define SQUINT_LIB_CONVERSION_LOWER_LOWERDEVICE_H

#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace squint {

/// On what is left of a kernel's function in the module of the host: the
/// kernel's number.
inline constexpr llvm::StringLiteral kDeviceKernelAttr = "kernel.device";

/// What the parameters of a kernel end with: the count of units, the number of
/// the launch, and the address of the run's status, which the runtime fills in.
inline llvm::SmallVector<mlir::Type, 3>
getLaunchFields(mlir::MLIRContext *context) {
  return {mlir::IntegerType::get(context, 64),
          mlir::IntegerType::get(context, 32),
          mlir::LLVM::LLVMPointerType::get(context)};
}

} // namespace squint

#endif
