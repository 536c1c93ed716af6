//===- Slices.h - a function cut between named values -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_SLICES_H
#define SQUINT_CALIBRATION_SLICES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Runtime/Array.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include <optional>
#include <string>
#include <vector>

namespace squint {

class Samples;

/// What a slice computes, in terms of the function that it is cut from.
struct Slice {
  /// Inputs of the function or results of earlier slices.
  llvm::SetVector<mlir::Value> inputs;
  /// In the function's order. Constants and what is computed from nothing but
  /// them and sizes are copied into each slice that needs them.
  std::vector<mlir::Operation *> operations;
  /// What was asked for, and what later slices read.
  llvm::SetVector<mlir::Value> results;
};

/// Cuts a function of one block after each of `cuts`, which are asked for, and
/// so are those of `kept`, each made before the last cut; what none of them
/// needs is left out. All are tensors made in that block.
std::vector<Slice> cutIntoSlices(mlir::func::FuncOp function,
                                 llvm::ArrayRef<mlir::Value> cuts,
                                 llvm::ArrayRef<mlir::Value> kept = {});

/// A module with the slice as `main`, every symbolic dimension replaced by its
/// size and the formats that operators are to take left out. Weights are
/// references into the same stores.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
buildSlice(const Slice &slice,
           llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> sizes);

/// Takes a value of a sample.
using SliceSink = llvm::function_ref<mlir::LogicalResult(
    mlir::Value value, int64_t sample, const Array &array)>;

/// Computes `wanted` for the first `limit` samples (all for 0), on as many
/// threads as given or, for 0, as passes may use. Slice after slice is
/// compiled, and all samples go through it in order. What later slices read
/// waits in temporary files, so that memory holds one slice and one sample.
/// Errors are diagnostics.
mlir::LogicalResult runSlices(mlir::func::FuncOp function, Samples &samples,
                              llvm::ArrayRef<mlir::Value> wanted, int64_t limit,
                              int threads, SliceSink sink);

} // namespace squint

#endif // SQUINT_CALIBRATION_SLICES_H
