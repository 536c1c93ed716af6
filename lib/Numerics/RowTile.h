//===- RowTile.h - eight rows on their way to codes -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_ROWTILE_H
#define SQUINT_LIB_NUMERICS_ROWTILE_H

#include "HessianMatrices.h"
#include "squint/Numerics/Rtn.h"

namespace squint {

/// Eight rows of a weight side by side, by position: array[position][8]. There
/// is room for whole panels. A row that is not there is zero throughout.
struct RowTile {
  RowTile(const Format &format, const Hessian &hessian, int64_t groupSize,
          int64_t groups);

  Grid &grid(int64_t group, int64_t lane) {
    return grids[group * kRowLanes + lane];
  }
  /// Of a codebook, whose levels are entries and scales 1.
  llvm::MutableArrayRef<float> table(int64_t group, int64_t lane) {
    int64_t size = format.scalesPerBlock();
    return {&tables[(group * kRowLanes + lane) * size], size_t(size)};
  }

  /// Takes the levels of a position that are nearest to `values`, and leaves
  /// what they miss of the target in `missing`.
  void round(int64_t position, const double (&values)[kRowLanes]);
  /// The values nearest to `values` that the position can hold.
  void getNearest(int64_t position, const double (&values)[kRowLanes],
                  float (&nearest)[kRowLanes]) const;

  const Format &format;
  const Hessian::Matrices &h;
  int64_t columns;
  std::vector<int64_t> groupAt;
  std::vector<double> target, missing;
  std::vector<float> levels;
  std::vector<Grid> grids;
  std::vector<float> tables;
  /// Of a sparse format: what stays zero, [position][8].
  std::vector<char> pruned;
};

/// Makes the error of a tile smaller: in turn the code of each position, the
/// others as they are, then the scales of a row by least squares; `passes`
/// times (QuantEase, arXiv:2309.01885). The error in H never rises.
void descend(RowTile &tile, int passes);

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_ROWTILE_H
