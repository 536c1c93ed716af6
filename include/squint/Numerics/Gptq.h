//===- Gptq.h - rounding that compensates its own errors --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// GPTQ (Frantar et al., arXiv:2210.17323). With G = X^T X = the second moments
// of the inputs and H = G + damping = R R^T (Hessian.h), columns are taken in
// order, and column j rounds
//
//   w'_j = w_j + sum over i < j of (w_i - q_i) * R_ij / R_jj
//
// so that dW R, whose squares add up to the error tr(dW H dW^T), has nothing in
// column j but what that rounding leaves: (w'_j - q_j) * R_jj. This is GPTQ's
// update W[:, i:] -= e * U[i, i:], U = R^-1, with the sums in a fixed order.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_GPTQ_H
#define SQUINT_NUMERICS_GPTQ_H

#include "squint/Numerics/Hessian.h"
#include "squint/Numerics/RangeSearch.h"

namespace squint {

struct GptqOptions {
  /// All grids are chosen before the first column is rounded. Otherwise that of
  /// a group is, when its first column is reached, from what the group's
  /// weights are by then; that needs columns in their own order.
  bool staticGroups = true;
  /// Columns whose updates from all before them are made at once: for speed, it
  /// does not change the result.
  int64_t blockSize = 128;
  /// How grids are chosen; an error in column j counts R_jj^2, which is what
  /// rounding there costs in the end. (Weighted with H_jj the layers' errors
  /// come out 3 to 5 percent larger.)
  RangeRule range = RangeRule::Mse;
  double percentile = 99.99;
  /// Passes of coordinate descent over codes and of least squares over scales,
  /// afterwards. Scales are left alone where they are by tensor or narrower
  /// than 16 bits.
  int descentPasses = 0;
};

/// A weight, and what it should give instead of its own outputs. With Xf, rf
/// the inputs and the residual stream of the float model and X, r those of the
/// quantized one, all [tokens, ...]:
///
///   W* = W + inputShare * W (Xf - X)^T X H^-1
///          + residualShare * (rf - r)^T X H^-1
///
/// (QEP, arXiv:2504.09629.)
struct GptqLayer {
  /// [rows][columns]
  llvm::ArrayRef<float> weight;
  /// (Xf - X)^T X: [columns][columns], or empty.
  llvm::ArrayRef<double> inputShift;
  double inputShare = 0.5;
  /// (rf - r)^T X: [rows][columns], or empty.
  llvm::ArrayRef<double> residualShift;
  double residualShare = 0.5;
};

/// W* of all rows, [rows][columns], zero in dead columns unless all are dead.
std::vector<float> getTargets(const GptqLayer &layer, const Hessian &hessian,
                              llvm::ThreadPoolInterface *pool = nullptr);

/// Sums of squares over all rows, in H.
struct GptqReport {
  /// Of what the layer should give: tr(W* H W*^T).
  double energy = 0.0;
  /// Of the error: codes nearest to W*, after GPTQ, after the descent.
  double nearest = 0.0, compensated = 0.0, descended = 0.0;
};

/// Writes `payload` (of PlainLayout::get(format, rows, columns).totalBytes
/// bytes) in the plain layout. Weights of dead columns are taken as zero,
/// unless all are dead: then nothing is known, and the nearest codes are
/// written. With `tensor` granularity the grid is that of W and not of W*.
///
/// A codebook's tables take the place of grids (Codebook.h). Of a sparse format
/// the columns that are least in (w'_j R_jj)^2 stay zero (SparseGPT,
/// arXiv:2301.00774): two of each four when the first one is reached, or of
/// each 128 as many as are among the least of the row's (w_j R_jj)^2. That
/// needs columns in their own order.
///
/// Rows are split over `pool`; the bytes do not depend on its size. Fails on a
/// format without scales, and like quantizeRtn.
llvm::Error quantizeGptq(const GptqLayer &layer, const Hessian &hessian,
                         const Format &format, const GptqOptions &options,
                         llvm::MutableArrayRef<char> payload,
                         GptqReport *report = nullptr,
                         llvm::ThreadPoolInterface *pool = nullptr);

} // namespace squint

#endif // SQUINT_NUMERICS_GPTQ_H
