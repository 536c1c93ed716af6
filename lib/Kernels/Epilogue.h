//===- Epilogue.h - scalar regions on vectors ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_EPILOGUE_H
#define SQUINT_LIB_KERNELS_EPILOGUE_H

#include "squint/Kernels/Kernels.h"

namespace squint::kernel {

/// What the epilogue yields for arguments that are vectors of 16.
KernelBuilder::Values
buildEpilogueRegion(KernelBuilder &b, mlir::Region &epilogue,
                    llvm::ArrayRef<mlir::Value> arguments);

} // namespace squint::kernel

#endif
