//===- Hadamard.h - rotations by Hadamard matrices --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A Hadamard matrix of order n has entries 1 and -1 and H H^T = n I, so that
// H / sqrt(n) is a rotation. The size of a rotation is K * 2^m: Sylvester's
// construction doubles, and for K there are Paley's two: with Q[i, j] = chi(i -
// j) over the field of q elements, chi being 1 for squares, -1 for others, 0
// for 0,
//   I:  q = 3 (mod 4), K = q + 1:      H = I + [0, 1; -1, Q]
//   II: q = 1 (mod 4), K = 2 (q + 1):  C = [0, 1; 1, Q],
//       H = C x [1, 1; 1, -1] + I x [1, -1; -1, -1]
// (R. Paley, On orthogonal matrices, 1933). Orders that need other
// constructions, 92 and 172 among them, are not known here.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_HADAMARD_H
#define SQUINT_NUMERICS_HADAMARD_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace squint {

/// The least K for which a rotation of `size` = K * 2^m is known, 1 where the
/// size is a power of two; 0 where there is none of at most 1024.
int64_t getHadamardOrder(int64_t size);

/// The largest size of a rotation that divides `columns`: of columns that have
/// none of their own the blocks of a block-diagonal one. At least 1.
int64_t getHadamardBlock(int64_t columns);

/// The matrix of such an order, [order, order], entries 1 and -1; a row of its
/// own for order 1.
std::vector<float> getHadamardSigns(int64_t order);

/// One block, in place, in the order of `squint.hadamard`; `signs` are [K, K].
/// In f32 these are the bits of every kernel.
void rotate(llvm::MutableArrayRef<float> block, llvm::ArrayRef<float> signs);
void rotate(llvm::MutableArrayRef<double> block, llvm::ArrayRef<float> signs);

} // namespace squint

#endif // SQUINT_NUMERICS_HADAMARD_H
