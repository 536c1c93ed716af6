//===- GpuKernels.h - kernel operators to blocks of threads -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_GPUKERNELS_H
#define SQUINT_KERNELS_GPUKERNELS_H

#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Work.h"
#include "llvm/ADT/StringRef.h"

namespace squint::kernel {

/// On a function for a GPU: the threads of a block, all of which compute the
/// one unit that is the function's range.
inline constexpr llvm::StringLiteral kBlockAttr = "kernel.block";

/// On a function whose blocks have `kGroupsOfUnits` units: how many of them a
/// block computes at once, each with `kLanes` threads; 0 where each has one
/// thread.
inline constexpr llvm::StringLiteral kGroupsAttr = "kernel.groups";

/// On a function for a GPU: the bytes of shared memory that its blocks are
/// launched with, where they are more than code may name.
inline constexpr llvm::StringLiteral kSharedAttr = "kernel.shared";

/// Bytes of shared memory of a block: what code may name, and what every GPU
/// that kernels are built for gives where a launch asks for it.
inline constexpr int64_t kNamedShared = 48 << 10, kMaxShared = 99 << 10;

/// Units of a block: of a function whose attributes say nothing, where each
/// thread has one, and of a function with `kernel.groups`.
inline constexpr int64_t kThreadsOfUnits = 128, kGroupsOfUnits = 8;

/// The rows of activations that a product for a GPU is built for at once, of
/// which two are chosen between at run time.
inline constexpr int64_t kGpuFewRows = 8, kGpuManyRows = 64;

/// Whether the operator's weight is in fragments, so that `buildGpuGemm` takes
/// it.
bool isFragmentGemm(mlir::Operation *op);

/// The rows that such a product is for, its `tile`; 0 where it does not say.
int64_t getGpuTileRows(GemmOp op);

/// Whether a product's weight can be laid out in fragments.
bool canHaveFragments(GemmOp op);

/// Whether all of a module's targets multiply 8-bit floats as they are.
bool haveFloat8Products(mlir::ModuleOp module);

/// Whether GPUs that multiply 8-bit floats as they are do so for this weight
/// and these activations.
bool hasFloat8Products(PackedType weight, const Format &activation);

/// The units of such a product with tiles of `rows` rows.
Work materializeGpuGemmWork(mlir::OpBuilder &builder, mlir::Location loc,
                            GemmOp op, int64_t rows);

/// Threads of a block.
int64_t getGpuGemmThreads(int64_t rows);

/// The code of a block that computes `unit`; `rows` is `kGpuFewRows`, all rows
/// there are, or `kGpuManyRows`.
mlir::LogicalResult buildGpuGemm(KernelBuilder &builder, GemmOp op,
                                 mlir::Value unit, int64_t rows);

} // namespace squint::kernel

#endif
