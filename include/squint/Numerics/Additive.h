//===- Additive.h - sums of vectors -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Four weights that follow one another in a row are a scale times a sum of
// vectors, one of each table; all rows share the tables (additive quantization,
// as AQLM has it: Egiazarian et al., arXiv:2401.06118). With H of Hessian.h
// what is made small is tr((W - Q) H (W - Q)^T):
//
//   * tables come from k-means, the first one of the weights over their scales,
//     each other one of what those before it leave, R_jj^2 the importance of
//     column j;
//   * codes are chosen four columns after four columns, what they miss being
//     made up for by those that follow (Gptq.h, a vector in place of a column);
//   * rounds then fit the tables to the codes by least squares, the scale of
//     each block in turn, and choose each vector's codes again with all others
//     as they are. None of the three makes the error larger, but for rounding
//     to the types in which tables and scales are stored, and is undone if that
//     does.
//
// The codes of a vector are found by a search of the residual: table after
// table, with the 16 best sums so far kept. Of two tables that is all sums.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_ADDITIVE_H
#define SQUINT_NUMERICS_ADDITIVE_H

#include "squint/Numerics/Gptq.h"

namespace squint {

/// Writes `payload` (of PlainLayout::get(format, rows, columns).totalBytes
/// bytes) in the plain layout, from `weight` [rows][columns] or what the layer
/// should give instead (`getTargets`). Needs columns in their own order. The
/// bytes do not depend on the size of `pool`. Of the report `nearest` is the
/// error of the first codes without rounds, `compensated` too.
llvm::Error quantizeAdditive(llvm::ArrayRef<float> weight,
                             const Hessian &hessian, const Format &format,
                             int rounds, llvm::MutableArrayRef<char> payload,
                             GptqReport *report = nullptr,
                             llvm::ThreadPoolInterface *pool = nullptr);

} // namespace squint

#endif // SQUINT_NUMERICS_ADDITIVE_H
