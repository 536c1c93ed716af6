//===- Divergence.h - how far two models' results are apart -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_DIVERGENCE_H
#define SQUINT_CALIBRATION_DIVERGENCE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Runtime/Array.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace squint {

class Samples;

/// From a row p of one model's result to the row q of another's.
enum class Divergence {
  /// sum p log(p / q) of their softmax.
  Kl,
  /// sum (p - q)^2 / sum p^2, for results that are no logits.
  SquaredError,
};
double diverge(Divergence kind, llvm::ArrayRef<float> p,
               llvm::ArrayRef<float> q);

/// The rows of a result's last dimension that are compared: 64, evenly spaced,
/// or all where there are fewer.
std::vector<std::vector<float>> takeRows(const Array &result);

struct ModelComparison {
  int64_t samples = 0;
  /// The mean over rows.
  double divergence = 0.0;
  /// The share of rows whose largest entry is the same.
  double agreement = 0.0;
};

/// Runs both functions on the first `limit` samples (0 for all) and compares
/// their first results, which are tensors of floats. Errors are diagnostics.
mlir::FailureOr<ModelComparison>
compareModels(mlir::func::FuncOp model, mlir::func::FuncOp other,
              Samples &samples, Divergence kind, int64_t limit, int threads);

} // namespace squint

#endif // SQUINT_CALIBRATION_DIVERGENCE_H
