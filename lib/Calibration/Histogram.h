//===- Histogram.h - counts of values by size -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Bins are a power of two wide. Whenever a value lies beyond the last one, the
// width doubles and pairs of bins become one; it starts at what the first
// values need. So after any order of the same values the histogram is the same:
// theirs at the width that the largest needs.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CALIBRATION_HISTOGRAM_H
#define SQUINT_LIB_CALIBRATION_HISTOGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace squint {

class Histogram {
public:
  /// Of each sign; the largest value lies in the upper half of them.
  static constexpr int64_t numBins = 8192;

  /// `absmax` is the largest magnitude of the values, which are finite.
  void add(llvm::ArrayRef<float> values, float absmax);

  struct Bin {
    double low, high; // of 0 itself: both 0
    uint64_t count;
  };
  /// Those that are not empty, ascending.
  std::vector<Bin> bins() const;

  /// The value that the fraction `q` of the others does not exceed, as
  /// numpy.quantile has it but for the width of a bin.
  float quantile(double q) const;

private:
  void fit(float absmax);

  int exponent = 0;                         // bins are 2^exponent wide
  std::vector<uint64_t> negative, positive; // by magnitude, without 0
  uint64_t zeros = 0, total = 0;
};

} // namespace squint

#endif // SQUINT_LIB_CALIBRATION_HISTOGRAM_H
