//===- Histogram.cpp - counts of values by size -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Histogram.h"
#include <cmath>

using namespace squint;

static_assert(Histogram::numBins == 1 << 13);
static constexpr int log2Bins = 13;

void Histogram::fit(float absmax) {
  int needed; // absmax < 2^needed
  std::frexp(absmax, &needed);
  needed -= log2Bins;
  if (positive.empty()) {
    positive.resize(numBins);
    negative.resize(numBins);
    exponent = needed;
    return;
  }
  if (needed <= exponent)
    return;
  int shift = std::min(needed - exponent, log2Bins + 1);
  for (std::vector<uint64_t> *side : {&negative, &positive}) {
    std::vector<uint64_t> wider(numBins);
    for (int64_t i = 0; i < numBins; ++i)
      wider[i >> shift] += (*side)[i];
    side->swap(wider);
  }
  exponent = needed;
}

void Histogram::add(llvm::ArrayRef<float> values, float absmax) {
  total += values.size();
  if (absmax == 0.0f) {
    zeros += values.size();
    return;
  }
  fit(absmax);
  // Exact: a power of two, and doubles hold every float's multiple by it.
  double perBin = std::ldexp(1.0, -exponent);
  for (float value : values) {
    if (value == 0.0f)
      ++zeros;
    else
      ++(value < 0.0f ? negative
                      : positive)[int64_t(std::abs(double(value)) * perBin)];
  }
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> result;
  auto edge = [&](int64_t i) { return std::ldexp(double(i), exponent); };
  for (int64_t i = int64_t(negative.size()); i-- > 0;)
    if (negative[i])
      result.push_back({-edge(i + 1), -edge(i), negative[i]});
  if (zeros)
    result.push_back({0.0, 0.0, zeros});
  for (int64_t i = 0; i < int64_t(positive.size()); ++i)
    if (positive[i])
      result.push_back({edge(i), edge(i + 1), positive[i]});
  return result;
}

float Histogram::quantile(double q) const {
  std::vector<Bin> all = bins();
  // The value that `rank` others precede; those of a bin spread evenly over it.
  auto find = [&](double rank) {
    uint64_t below = 0;
    for (const Bin &bin : all) {
      if (rank < double(below + bin.count))
        return bin.low + (bin.high - bin.low) * (rank - double(below) + 0.5) /
                             double(bin.count);
      below += bin.count;
    }
    return all.back().high;
  };
  double rank = q * double(total - 1), before = std::floor(rank);
  double value = find(before);
  if (rank > before)
    value += (rank - before) * (find(before + 1) - value);
  return float(value);
}
