//===- Codebook.h - tables that fit their blocks ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A block's table has the 2^b values that leave the least weighted error,
//
//   sum over i of importance_i * (w_i - nearest entry)^2,
//
// over all tables: along a line, clusters are intervals, and dynamic
// programming finds the best ones (Wang and Song, Ckmeans.1d.dp, 2011). No
// start is guessed, and nothing depends on chance. With the diagonal of a
// layer's Hessian as importance this is the k-means of SqueezeLLM (Kim et al.,
// arXiv:2306.07629).
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_CODEBOOK_H
#define SQUINT_NUMERICS_CODEBOOK_H

#include "squint/Numerics/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace squint {

/// The best table of `format` for finite values, ascending, each entry rounded
/// to the format's scale type, in which it may be infinite. `importance` is
/// positive, or empty where all values count the same. What a table has more
/// entries than there are values repeats the last one.
std::vector<float> fitTable(const Format &format, llvm::ArrayRef<float> values,
                            llvm::ArrayRef<float> importance = {});

/// The entry nearest to a value, the lower one in the middle of two.
uint32_t findNearest(llvm::ArrayRef<float> table, float value);

/// Writes a table as that of block `index` of a payload in the plain layout.
void storeTable(const Format &format, const PlainLayout &layout,
                llvm::ArrayRef<float> table, int64_t index, char *payload);

} // namespace squint

#endif // SQUINT_NUMERICS_CODEBOOK_H
