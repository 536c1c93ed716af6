//===- Reference.h - matrix products to compare with ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_REFERENCE_H
#define SQUINT_NUMERICS_REFERENCE_H

#include "squint/Numerics/Packed.h"
#include <vector>

namespace squint {

/// int8 activations [tokens][columns]: value = (code - zeroPoint) * scale,
/// scales [tokens][ceil(columns / groupSize)] or, if `perTensor`, just one.
struct QuantizedActivations {
  int64_t tokens = 0, columns = 0, groupSize = 0;
  bool perTensor = false;
  int32_t zeroPoint = 0;
  std::vector<int8_t> codes;
  std::vector<float> scales;

  /// Quantizes x[tokens][columns] dynamically; `format` is int8 by token or by
  /// group.
  static QuantizedActivations get(const float *x, int64_t tokens,
                                  int64_t columns, const Format &format);
  double value(int64_t token, int64_t column) const;
};

/// y[tokens][rows] = x * w^T over the decoded values, in f64.
std::vector<double> multiplyReference(const QuantizedActivations &x,
                                      const PackedView &w);
/// The same with float activations x[tokens][columns].
std::vector<double> multiplyReference(const float *x, int64_t tokens,
                                      const PackedView &w);

} // namespace squint

#endif // SQUINT_NUMERICS_REFERENCE_H
