//===- HessianMatrices.h - a Hessian as algorithms read it ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_HESSIANMATRICES_H
#define SQUINT_LIB_NUMERICS_HESSIANMATRICES_H

#include "Panels.h"
#include "squint/Numerics/Hessian.h"
#include <Eigen/Dense>

namespace squint {

/// All by position, which is the order in which columns are quantized.
struct Hessian::Matrices {
  /// H, all of it, and its diagonal.
  Panels full;
  std::vector<double> diagonal;
  /// R_ij / R_jj for i < j, 0 on the diagonal, and R_jj.
  Panels factor;
  std::vector<double> pivots;
  /// L of H = L L^T with positions in reverse, in the lower triangle.
  Eigen::MatrixXd lower;

  /// Replaces the rows x of rows[columns][count], by position, by x H^-1.
  void solve(Eigen::MatrixXd &rows) const;

  /// tr(rows H rows^T) of rows[position][8], with room for whole panels.
  double getError(const std::vector<double> &rows) const;
};

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_HESSIANMATRICES_H
