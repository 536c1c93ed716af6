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

/// Where the largest entry is, the first of equals.
int64_t getTop(llvm::ArrayRef<float> row);

/// The rows of a result's last dimension that are compared: 64, evenly spaced,
/// or all where there are fewer.
std::vector<std::vector<float>> takeRows(const Array &result);

/// How well rows of a result say what they should, by the labels of a sample's
/// rows; one below 0 is none. Sums over rows that have one.
struct LabelScore {
  /// Of minus the logarithm of the label's part of the softmax.
  double loss = 0.0;
  /// How often the largest entry is the label's.
  int64_t hits = 0;
  int64_t rows = 0;
};

struct ModelComparison {
  int64_t samples = 0;
  /// The mean over rows.
  double divergence = 0.0;
  /// The share of rows whose largest entry is the same.
  double agreement = 0.0;
  /// Of the model and of the other.
  LabelScore score, otherScore;
};

/// Runs both functions on the first `limit` samples (0 for all) and compares
/// their first results, which are tensors of floats. `labels` has those of each
/// sample, one for each row, or nothing. Errors are diagnostics.
mlir::FailureOr<ModelComparison>
compareModels(mlir::func::FuncOp model, mlir::func::FuncOp other,
              Samples &samples, Divergence kind, int64_t limit, int threads,
              llvm::ArrayRef<std::vector<int64_t>> labels = {});

} // namespace squint

#endif // SQUINT_CALIBRATION_DIVERGENCE_H
