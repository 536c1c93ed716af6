//===- Sparse.h - two of every four weights ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_SPARSE_H
#define SQUINT_NUMERICS_SPARSE_H

#include "llvm/ADT/ArrayRef.h"

namespace squint {

/// Of every four values of a row from a multiple of four on keeps the two of
/// largest magnitude, the first ones of equals, and makes the others zero.
void keepTwoOfFour(llvm::MutableArrayRef<float> row);

} // namespace squint

#endif // SQUINT_NUMERICS_SPARSE_H
