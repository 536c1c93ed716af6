//===- Targets.h - what a function is compiled for ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_TARGETS_H
#define SQUINT_KERNELS_TARGETS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Target/TargetInfo.h"
#include "llvm/ADT/DenseMap.h"

namespace squint {

/// On a function that was cloned for one of several targets: the one it is for.
inline constexpr llvm::StringLiteral kTargetAttr = "squint.target";

/// On a module: the user allows products of bfloat16, which are less exact.
inline constexpr llvm::StringLiteral kAllowBf16Attr = "squint.allow_bf16";

/// On a kernel's function that has clones: the functions for each of the
/// module's targets, itself first.
inline constexpr llvm::StringLiteral kVariantsAttr = "kernel.variants";

/// On a module whose kernels are for a GPU: what its other code is for.
inline constexpr llvm::StringLiteral kHostAttr = "squint.host";

/// On such a module, lowered: the kernels' names and the threads of a block.
inline constexpr llvm::StringLiteral kDeviceKernelsAttr =
    "squint.device_kernels";

/// Whether a module's kernels are for GPUs.
bool isForDevice(mlir::ModuleOp module);

/// The least of the capabilities that a module's GPUs have (80 for sm_80); 0
/// where its kernels are for processors.
unsigned getLeastCapability(mlir::ModuleOp module);

/// Targets of functions, looked up once each.
class FunctionTargets {
public:
  /// The target of the function's attribute, else the first of the module's;
  /// the processor that LLVM calls x86-64 when there is neither. Null, with an
  /// error on the function, for a target that does not exist.
  const TargetInfo *get(mlir::func::FuncOp function);

private:
  llvm::DenseMap<mlir::Attribute, std::unique_ptr<TargetInfo>> targets;
};

} // namespace squint

#endif
