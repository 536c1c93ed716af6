//===- RangeSearch.h - what range a grid should cover -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_RANGESEARCH_H
#define SQUINT_NUMERICS_RANGESEARCH_H

#include "squint/Numerics/Rtn.h"

namespace squint {

/// The grid for finite `values`, whose importance (one a value, or none) is
/// that of `options`. The scale is infinite where that of the whole range is
/// beyond its type.
Grid searchGrid(const Format &format, llvm::ArrayRef<float> values,
                const RangeOptions &options, float tensorScale = 1.0f);

/// The Kullback-Leibler divergence of a histogram, value[i] occuring count[i]
/// times in ascending order, from the one in which all bins of a code are
/// alike. What lies below `low` and above `high` counts as the outermost bins
/// inside. Infinite if nothing lies inside.
double getDivergence(llvm::ArrayRef<float> values,
                     llvm::ArrayRef<uint64_t> counts,
                     llvm::ArrayRef<int32_t> codes, float low, float high);

} // namespace squint

#endif // SQUINT_NUMERICS_RANGESEARCH_H
