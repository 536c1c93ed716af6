//===- Spqr.h - small groups, coarse scales, few outliers -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// SpQR (Dettmers et al., arXiv:2306.03078). Codes come in groups so small that
// scales and zero points must be codes themselves: of 3 bits, on grids that 16
// rows share. With c the code of a weight, cs and cz those of its group,
//
//   scale = (cs - zs) * ds   zero = (cz - zz) * dz   value = (c - zero) * scale
//
// ds, zs, dz, zz being the f16 numbers of 16 rows and one group, and every
// operation rounded to f32; the range of a group need not hold 0. GPTQ's loop
// (Gptq.h) rounds the weights. Where that would cost more than
//
//   T = tau * mean over columns j of var(W_j) * R_jj^2
//
// in the squared error ((w'_j - value) R_jj)^2, the weight is stored as f16 in
// place of its code: an outlier. A group's range leaves out each weight whose
// absence makes the error of the others smaller by more than T.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_SPQR_H
#define SQUINT_NUMERICS_SPQR_H

#include "squint/Numerics/Format.h"
#include "squint/Numerics/Hessian.h"

namespace squint {

struct SpqrOptions {
  /// tau; infinite for no outliers.
  double threshold = 0.2;
};

struct SpqrWeight {
  /// The format asked for, with room for the outliers that there are.
  Format format;
  /// In the plain layout.
  std::vector<char> payload;
  int64_t outliers = 0;
};

/// Quantizes weight[rows][columns] to `format`, integers of up to 8 bits in
/// groups with bilevel scales. Grids are chosen before the first column is
/// rounded, so columns may have any order. Rows are split over `pool`; the
/// bytes do not depend on its size. Fails on another format, on values that are
/// not finite, and on scales and outliers beyond f16 or too many.
llvm::Expected<SpqrWeight>
quantizeSpqr(llvm::ArrayRef<float> weight, const Hessian &hessian,
             const Format &format, const SpqrOptions &options,
             llvm::ThreadPoolInterface *pool = nullptr);

} // namespace squint

#endif // SQUINT_NUMERICS_SPQR_H
