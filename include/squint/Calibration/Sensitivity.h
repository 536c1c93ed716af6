//===- Sensitivity.h - how much a change of a weight matters ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_SENSITIVITY_H
#define SQUINT_CALIBRATION_SENSITIVITY_H

#include "squint/Calibration/Samples.h"
#include "squint/Dialect/Squint/Squint.h"
#include <vector>

namespace squint {

/// Operators of `main` that share a weight, and what it is replaced with: a
/// value of the same type, made from constants before all of them.
struct Probe {
  llvm::SmallVector<WeightedOpInterface> operators;
  mlir::Value weight;
};

/// What a probe does to the last dimension of `main`'s first result, from the
/// unchanged model p to the changed one q, the mean over 64 evenly spaced rows
/// of each sample.
enum class Divergence {
  /// sum p log(p / q) of their softmax.
  Kl,
  /// sum (p - q)^2 / sum p^2, for results that are no logits.
  SquaredError,
};

/// Runs `main` once for each probe and once without on the first `limit`
/// samples (0 for all). The changed models pass through one slice after the
/// other side by side, each from where it differs, so that memory holds one
/// slice. `cuts` are values to cut at. `main` is as it was afterwards. Errors
/// are diagnostics.
mlir::FailureOr<std::vector<double>>
measureProbes(mlir::func::FuncOp main, Samples &samples,
              llvm::ArrayRef<Probe> probes, llvm::ArrayRef<mlir::Value> cuts,
              Divergence divergence, int64_t limit, int threads);

} // namespace squint

#endif // SQUINT_CALIBRATION_SENSITIVITY_H
