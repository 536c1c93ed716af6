//===- VectorSearch.cpp - tables of vectors and sums of them ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "VectorSearch.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace squint;

VectorSearch::VectorSearch(llvm::ArrayRef<double> numbers,
                           const VectorImage &image)
    : tables(int64_t(numbers.size()) / (kTableEntries * kVectorSize)) {
  for (int64_t table = 0; table < tables; ++table)
    for (int64_t code = 0; code < kTableEntries; ++code) {
      const double *entry =
          &numbers[(table * kTableEntries + code) * kVectorSize];
      for (int64_t i = 0; i < kVectorSize; ++i) {
        double sum = 0.0;
        for (int64_t j = 0; j < kVectorSize; ++j)
          sum += image[i][j] * entry[j];
        entries[table][i][code] = float(sum);
      }
    }
}

VectorCodes VectorSearch::find(const Vector &wanted, double scale) const {
  State first = {};
  if (scale == 0.0)
    return first.codes;
  for (int64_t i = 0; i < kVectorSize; ++i)
    first.left[i] = float(wanted[i] / scale);
  std::array<State, beam * kTableEntries> next;
  std::array<State, beam> states = {first};
  size_t count = 1;
  for (int64_t table = 0; table < tables; ++table) {
    float errors[beam * kTableEntries];
    for (size_t s = 0; s < count; ++s) {
      float *out = errors + s * kTableEntries;
      std::fill_n(out, kTableEntries, 0.0f);
      for (int64_t i = 0; i < kVectorSize; ++i)
        for (int64_t code = 0; code < kTableEntries; ++code) {
          float left = states[s].left[i] - entries[table][i][code];
          out[code] += left * left;
        }
    }
    std::array<uint16_t, beam * kTableEntries> order;
    size_t all = count * kTableEntries,
           kept = table + 1 == tables ? 1 : std::min(beam, all);
    std::iota(order.begin(), order.begin() + all, uint16_t(0));
    auto isBetter = [&](uint16_t a, uint16_t b) {
      return errors[a] != errors[b] ? errors[a] < errors[b] : a < b;
    };
    if (kept == 1)
      std::iter_swap(
          order.begin(),
          std::min_element(order.begin(), order.begin() + all, isBetter));
    else if (kept < all)
      std::nth_element(order.begin(), order.begin() + kept, order.begin() + all,
                       isBetter);
    for (size_t s = 0; s < kept; ++s) {
      State &state = next[s];
      state = states[order[s] / kTableEntries];
      int64_t code = order[s] % kTableEntries;
      state.codes[table] = uint8_t(code);
      for (int64_t i = 0; i < kVectorSize; ++i)
        state.left[i] -= entries[table][i][code];
    }
    count = kept;
    std::copy_n(next.begin(), count, states.begin());
  }
  return states[0].codes;
}

std::vector<int64_t> squint::assign(llvm::ArrayRef<VectorPoint> points,
                                    llvm::ArrayRef<double> centers) {
  std::vector<int64_t> nearest(points.size());
  for (auto [point, chosen] : llvm::zip_equal(points, nearest)) {
    double least = INFINITY;
    for (int64_t k = 0; k < kTableEntries; ++k)
      if (double distance = point.distance(&centers[k * kVectorSize]);
          distance < least) {
        least = distance;
        chosen = k;
      }
  }
  return nearest;
}

std::vector<double> squint::cluster(llvm::ArrayRef<VectorPoint> points) {
  constexpr int iterations = 20;
  std::mt19937_64 random(1);
  std::vector<double> centers, least(points.size(), INFINITY);
  size_t chosen = random() % points.size();
  for (int64_t k = 0; k < kTableEntries; ++k) {
    llvm::append_range(centers, points[chosen].value);
    double total = 0.0;
    for (auto [point, distance] : llvm::zip_equal(points, least)) {
      distance = std::min(distance, point.distance(&centers[k * kVectorSize]));
      total += distance;
    }
    double left = double(random() >> 11) * 0x1p-53 * total;
    for (chosen = 0; chosen + 1 < points.size(); ++chosen)
      if ((left -= least[chosen]) < 0.0)
        break;
  }
  for (int i = 0; i < iterations; ++i) {
    std::vector<double> moments(centers.size()), masses(centers.size());
    for (auto [point, k] : llvm::zip_equal(points, assign(points, centers)))
      for (int64_t j = 0; j < kVectorSize; ++j) {
        moments[k * kVectorSize + j] += point.mass[j] * point.value[j];
        masses[k * kVectorSize + j] += point.mass[j];
      }
    for (size_t j = 0; j < centers.size(); ++j)
      if (masses[j] > 0.0)
        centers[j] = moments[j] / masses[j];
  }
  return centers;
}
