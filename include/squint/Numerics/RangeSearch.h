//===- RangeSearch.h - what range a grid should cover -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_RANGESEARCH_H
#define SQUINT_NUMERICS_RANGESEARCH_H

#include "squint/Numerics/Rtn.h"

namespace squint {

/// How the range of a block of values is chosen.
///
///   MinMax  from the smallest to the largest
///   Mse     of ranges of 0.4 to 1.15 times that, the one with the least sum of
///           importance * (value - decoded)^2, its scale then the least-squares
///           one; integers narrower than 8 bits are tried with both signs of
///           the scale. Never worse than MinMax
enum class RangeRule { MinMax, Mse };

/// The grid for finite `values`. `importance` has a weight of at least 0 for
/// each value, or is empty for equal weights. The scale is infinite where that
/// of the whole range is beyond its type.
Grid searchGrid(const Format &format, llvm::ArrayRef<float> values,
                llvm::ArrayRef<float> importance, RangeRule rule,
                float tensorScale = 1.0f);

} // namespace squint

#endif // SQUINT_NUMERICS_RANGESEARCH_H
