//===- Sensitivity.h - how much a change of a weight matters ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_SENSITIVITY_H
#define SQUINT_CALIBRATION_SENSITIVITY_H

#include "squint/Calibration/Divergence.h"
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

/// The mean divergence of `main`'s first result that each probe causes, over
/// the rows that `takeRows` takes. Runs `main` once for each probe and once
/// without on the first `limit` samples (0 for all). The changed models pass
/// through one slice after the other side by side, each from where it differs,
/// so that memory holds one slice. `cuts` are values to cut at. `main` is as it
/// was afterwards. Errors are diagnostics.
mlir::FailureOr<std::vector<double>>
measureProbes(mlir::func::FuncOp main, Samples &samples,
              llvm::ArrayRef<Probe> probes, llvm::ArrayRef<mlir::Value> cuts,
              Divergence divergence, int64_t limit, int threads);

} // namespace squint

#endif // SQUINT_CALIBRATION_SENSITIVITY_H
