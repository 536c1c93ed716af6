//===- Sparse.h - which weights are kept ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_SPARSE_H
#define SQUINT_NUMERICS_SPARSE_H

#include "squint/Numerics/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <vector>

namespace squint {

/// Calls `fn` with the columns [begin, end) of each block of a row of which a
/// sparse format keeps `count`: fours, the last one perhaps shorter, or the
/// whole row.
void forEachKeptBlock(
    const Format &format, int64_t columns,
    llvm::function_ref<void(int64_t begin, int64_t end, int64_t count)> fn);

/// The indices of all but the `count` largest scores, ascending; of equals the
/// first ones are kept.
std::vector<int64_t> findPruned(llvm::ArrayRef<double> scores, int64_t count);

/// Makes zero what a sparse format leaves out of a row: the values that are
/// least in w^2 times the importance of their column, 1 where there is none.
/// NaN stays for whoever refuses it.
void prune(const Format &format, llvm::MutableArrayRef<float> row,
           llvm::ArrayRef<float> importance = {});

} // namespace squint

#endif // SQUINT_NUMERICS_SPARSE_H
