//===- BlockRows.h - rows of elements in blocks ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_BLOCKROWS_H
#define SQUINT_LIB_KERNELS_BLOCKROWS_H

#include "squint/Kernels/Builder.h"
#include "squint/Numerics/Format.h"

namespace squint::kernel {

/// Decodes the row at byte offset `row` of a plain payload of blocks; `store`
/// gets 16 values and the number of the first.
void buildBlockRow(KernelBuilder &b, const Format &format, mlir::Value payload,
                   mlir::Value row, int64_t columns,
                   llvm::function_ref<void(mlir::Value, mlir::Value)> store);

} // namespace squint::kernel

#endif
