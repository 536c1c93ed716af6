//===- Smoothing.h - share out ranges between two operands ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// X W^T = (X / s) (W s)^T for any factor s of each column, so that what is hard
// to quantize in X can be moved to W (SmoothQuant, arXiv:2211.10438):
//   s_j = max|X_j|^alpha / max|W_j|^(1 - alpha)
// over all weights that read X, divided by the geometric mean of all s. Columns
// may share a factor, which then takes the largest of their maxima.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_SMOOTHING_H
#define SQUINT_NUMERICS_SMOOTHING_H

#include "squint/Numerics/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include <optional>
#include <vector>

namespace squint {

/// A weight that reads the columns: rows [outputs, columns] of it, and what it
/// and its activations are quantized to, if they are.
struct SmoothingReader {
  std::vector<float> weight;
  std::optional<Format> weightFormat, activationFormat;
};

struct Smoothing {
  int64_t columns = 0;
  /// By column, the factor that it takes, of `factors`.
  std::vector<int64_t> factorOf;
  int64_t factors = 0;
  /// By column, the largest |x|.
  std::vector<float> absmax;
  /// Some rows of X, [tokens, columns].
  std::vector<float> rows;
  std::vector<SmoothingReader> readers;

  /// One factor each; 1 where a column is 0 throughout.
  std::vector<double> getFactors(double alpha) const;

  /// How much the readers' results on `rows` change when smoothed operands are
  /// quantized: by reader and row |Y' - Y|^2 / |Y|^2, summed.
  double getError(llvm::ArrayRef<double> factors) const;
};

} // namespace squint

#endif // SQUINT_NUMERICS_SMOOTHING_H
