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

/// On a function for a GPU: how many of its blocks a multiprocessor should have
/// room for at least.
inline constexpr llvm::StringLiteral kResidentBlocksAttr =
    "kernel.resident_blocks";

/// What a block computes of a product.
struct GpuTile {
  /// The rows of activations and the outputs of a block.
  int64_t rows, outputs;
  /// How many warps share k, each with all outputs; 1: a warp has 16 outputs
  /// and all of k.
  int64_t split;
  /// Where warps share k: chunks of weights that a warp loads at once.
  /// Otherwise: buffers of activations in shared memory.
  int64_t stages;

  bool operator==(const GpuTile &other) const {
    return rows == other.rows && outputs == other.outputs &&
           split == other.split && stages == other.stages;
  }
  bool sharesK() const { return split > 1; }
  int64_t threads() const { return sharesK() ? 32 * split : 2 * outputs; }
  /// Whether there is a kernel for it.
  bool isKnown() const;
  /// "64x128", "8x16k8" where warps share k.
  std::string getName() const;
};

/// The tile for up to a number of rows; 0: for any number.
struct GpuTileChoice {
  int64_t mostRows;
  GpuTile tile;
};

/// Tiles by ascending numbers of rows, "8:8x16k8/4,0:64x64/2": up to 8 rows a
/// tile of 8 rows and 16 outputs whose k 8 warps share, in 4 stages, and so on.
llvm::Expected<llvm::SmallVector<GpuTileChoice>>
parseGpuTiles(llvm::StringRef text);

/// Whether the operator's weight is in fragments, so that `buildGpuGemm` takes
/// it.
bool isFragmentGemm(mlir::Operation *op);

/// The tiles that lib/Kernels/Gpu/Tiles.def has for a product, of which one is
/// chosen at run time. An error where it has none.
mlir::FailureOr<llvm::SmallVector<GpuTileChoice>>
getGpuTiles(GemmOp op, const TargetInfo &target);

/// A tile that is as large as `tile` or as the format of the weight allows.
GpuTile fitGpuTile(GemmOp op, GpuTile tile);

/// What the operator's `tile` says; nothing where it says none.
std::optional<GpuTile> getGpuTile(GemmOp op);
void setGpuTile(GemmOp op, const GpuTile &tile);

/// Whether a product's weight can be laid out in fragments.
bool canHaveFragments(GemmOp op);

/// The least capability of GPUs that multiply 8-bit floats as they are, and
/// whether they do so for this weight and these activations.
inline constexpr unsigned kFloat8Capability = 89;
bool hasFloat8Products(PackedType weight, const Format &activation);

/// The units of such a product, each a tile.
Work materializeGpuGemmWork(mlir::OpBuilder &builder, mlir::Location loc,
                            GemmOp op, const GpuTile &tile);

/// The code of a block that computes `unit`.
mlir::LogicalResult buildGpuGemm(KernelBuilder &builder, GemmOp op,
                                 mlir::Value unit, const GpuTile &tile);

} // namespace squint::kernel

#endif
