//===- Awq.h - scales and ranges by what inputs are like --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// AWQ (Lin et al., arXiv:2306.00978). Columns of a weight whose inputs are
// large are made larger before they are quantized, and their inputs smaller by
// as much; then ranges are clipped where that lowers the error of a block's
// outputs. All codes are the nearest ones.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_AWQ_H
#define SQUINT_NUMERICS_AWQ_H

#include "squint/Numerics/Hessian.h"
#include "squint/Numerics/Rtn.h"

namespace squint {

/// A weight [rows][columns] and what it is to become.
struct AwqWeight {
  llvm::ArrayRef<float> weight;
  Format format;
};

struct AwqScales {
  /// By column; the weight is multiplied and the input divided.
  std::vector<float> scales;
  /// The exponent that gave them; with 0 all scales are 1.
  double exponent = 0.0;
  /// tr(dW H dW^T) of all weights together, without scales and with them.
  double plainError = 0.0, error = 0.0;
};

/// Searches scales for the weights that read one input. With a_j the mean |x|
/// of column j, those tried are
///
///   s_j = max(a_j^(i / 20), 1e-4) / sqrt(max s * min s),  i = 0 .. 19
///
/// over the columns that are not dead (these keep 1), and the first of least
/// error is taken. Columns of the same `classes` (one a column, or none) get
/// the same scale, from the mean of their a_j, as where several query heads
/// share a value head.
llvm::Expected<AwqScales>
searchAwqScales(llvm::ArrayRef<AwqWeight> weights, const Hessian &hessian,
                llvm::ArrayRef<double> absmean,
                llvm::ArrayRef<int64_t> classes = {},
                llvm::ThreadPoolInterface *pool = nullptr);

/// Quantizes to the nearest codes on ranges of 1, 0.95, ... 0.55 times the
/// whole: in each block that whose error d has the least d G d^T, with G
/// [columns][columns] = X^T X the Gram matrix of the inputs, of the block's
/// columns. Integers narrower than 8 bits are tried with both signs of the
/// scale. The rest is as for quantizeRtn. Fails on formats of one block for the
/// whole tensor or whose scales are not free.
llvm::Error quantizeClipped(llvm::ArrayRef<float> weight, int64_t columns,
                            llvm::ArrayRef<double> gram, const Format &format,
                            llvm::MutableArrayRef<char> payload,
                            llvm::ThreadPoolInterface *pool = nullptr);

} // namespace squint

#endif // SQUINT_NUMERICS_AWQ_H
