//===- VectorSearch.h - tables of vectors and sums of them ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_VECTORSEARCH_H
#define SQUINT_LIB_NUMERICS_VECTORSEARCH_H

#include "squint/Numerics/Format.h"
#include <array>
#include <vector>

namespace squint {

constexpr int64_t kVectorSize = Format::vectorSize;
constexpr int64_t kTableEntries = Format::tableEntries;
constexpr int64_t kMostTables = 4;

using Vector = std::array<double, kVectorSize>;
/// One of each table.
using VectorCodes = std::array<uint8_t, kMostTables>;

/// A vector's error is the square of its image under a matrix of 4 x 4.
using VectorImage = std::array<Vector, kVectorSize>;

/// The tables' entries under such a matrix: entries[table][i][code].
class VectorSearch {
public:
  VectorSearch(llvm::ArrayRef<double> tables, const VectorImage &image);
  /// The codes whose sum, times `scale`, is nearest to `wanted`, both images.
  VectorCodes find(const Vector &wanted, double scale) const;

private:
  struct State {
    std::array<float, kVectorSize> left;
    VectorCodes codes;
  };
  static constexpr size_t beam = 16;

  int64_t tables;
  float entries[kMostTables][kVectorSize][kTableEntries];
};

/// A vector to be approximated, and what a squared error of each number counts.
struct VectorPoint {
  Vector value, mass;
  double distance(const double *center) const {
    double sum = 0.0;
    for (int64_t i = 0; i < kVectorSize; ++i) {
      double apart = value[i] - center[i];
      sum += mass[i] * apart * apart;
    }
    return sum;
  }
};

/// The center nearest to each point, of centers[code][4].
std::vector<int64_t> assign(llvm::ArrayRef<VectorPoint> points,
                            llvm::ArrayRef<double> centers);
/// Centers by k-means, from a start by k-means++ on numbers that are the same
/// everywhere.
std::vector<double> cluster(llvm::ArrayRef<VectorPoint> points);

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_VECTORSEARCH_H
