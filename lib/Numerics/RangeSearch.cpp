//===- RangeSearch.cpp - what range a grid should cover ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/RangeSearch.h"
#include "Clones.h"
#include "Levels.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace squint;

namespace {
/// Sums are kept in lanes that do not wait for one another and are added up in
/// one order.
constexpr int64_t kLanes = 16;

/// Values of a block and their weights, filled up to whole lanes with zeros
/// that weigh nothing.
struct Block {
  Block(llvm::ArrayRef<float> values, llvm::ArrayRef<float> importance)
      : size((int64_t(values.size()) + kLanes - 1) / kLanes * kLanes),
        values(size), weights(size), weighted(size) {
    for (size_t i = 0; i < values.size(); ++i) {
      this->values[i] = values[i];
      weights[i] = importance.empty() ? 1.0f : importance[i];
      weighted[i] = values[i] * weights[i];
    }
  }
  int64_t size;
  std::vector<float> values, weights, weighted;
};

/// Sums over a block: weight * step * value and weight * step^2, where the step
/// of a value is the integer it becomes. The least-squares scale is their
/// quotient, and it lowers the error from weight * value^2 by
/// product^2 / square.
struct Sums {
  float product, square;
};
} // namespace

static float addUp(const float (&lanes)[kLanes]) {
  return std::accumulate(lanes, lanes + kLanes, 0.0f);
}

SQUINT_CLONES
static void sumSteps(const float *values, const float *weights,
                     const float *weighted, int64_t size, float inverse,
                     float low, float high, float *products, float *squares) {
  constexpr float magic = 12582912.0f; // an ulp of 1
  float product[kLanes] = {}, square[kLanes] = {};
  for (int64_t i = 0; i < size; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      float step = values[i + lane] * inverse;
      step = std::min(std::max(step, low), high);
      step = (step + magic) - magic;
      product[lane] += step * weighted[i + lane];
      square[lane] += step * step * weights[i + lane];
    }
  std::copy_n(product, kLanes, products);
  std::copy_n(square, kLanes, squares);
}

static Sums sumSteps(const Block &block, float scale, float low, float high) {
  float product[kLanes], square[kLanes];
  sumSteps(block.values.data(), block.weights.data(), block.weighted.data(),
           block.size, 1.0f / scale, low, high, product, square);
  return {addUp(product), addUp(square)};
}

// The error of the nearest codes.
static float getError(const Format &format, const Grid &grid,
                      const Block &block) {
  std::vector<uint32_t> codes(block.size);
  encodeValues(format, grid, block.values.data(), block.size, codes.data());
  float sums[kLanes] = {};
  for (int64_t i = 0; i < block.size; ++i) {
    float decoded =
        decodeLevel(format, codes[i], grid.zeroPoint) * grid.scale - grid.min;
    float missing = block.values[i] - decoded;
    sums[i % kLanes] += missing * missing * block.weights[i];
  }
  return addUp(sums);
}

// Tried in this order; the first of the best wins.
static constexpr int kRatios = 31;
static float getRatio(int i) { return 1.15f - 0.025f * float(i); }

// With a zero point either end may give way alone.
static void forEachShrunk(float min, float max, float ratio,
                          llvm::function_ref<void(float, float)> fn) {
  fn(min * ratio, max * ratio);
  fn(min, max * ratio);
  fn(min * ratio, max);
}

static Grid searchIntegers(const Format &format, const Block &block, float min,
                           float max) {
  Grid best;
  float mostGained = 0.0f;
  auto tryGrid = [&](float scale, int32_t zeroPoint) {
    if (scale == 0.0f || !std::isfinite(1.0f / scale))
      return;
    Sums sums = sumSteps(block, scale, float(format.minCode() - zeroPoint),
                         float(format.maxCode() - zeroPoint));
    float gained = sums.product / sums.square * sums.product;
    // False if nothing but zeros is left.
    if (!(gained > mostGained))
      return;
    mostGained = gained;
    best.zeroPoint = zeroPoint;
    best.scale = best.stored =
        roundScale(sums.product / sums.square, format.scale);
  };
  for (int i = 0; i < kRatios; ++i) {
    float ratio = getRatio(i);
    if (format.zeroPoint) {
      forEachShrunk(min, max, ratio, [&](float min, float max) {
        Grid grid = chooseGrid(format, min, max);
        tryGrid(grid.scale, grid.zeroPoint);
      });
      continue;
    }
    float scale = std::max(-min, max) * ratio / format.element->largest;
    tryGrid(scale, 0);
    if (format.bits() < 8)
      tryGrid(-scale, 0);
  }
  return best;
}

static Grid searchLevels(const Format &format, const Block &block, float min,
                         float max, float tensorScale) {
  Grid best = chooseGrid(format, min, max, tensorScale);
  float leastError = getError(format, best, block);
  auto tryRatio = [&](float ratio) {
    Grid grid = chooseGrid(format, min * ratio, max * ratio, tensorScale);
    if (!std::isfinite(grid.scale) || grid.scale == 0.0f)
      return;
    float error = getError(format, grid, block);
    if (error < leastError) {
      leastError = error;
      best = grid;
    }
  };
  if (format.scale == ScaleType::E8M0) {
    tryRatio(2.0f);
    tryRatio(0.5f);
    return best;
  }
  for (int i = 0; i < kRatios; ++i)
    tryRatio(getRatio(i));
  return best;
}

static Grid makeGrid(const Format &format, double scale, double min) {
  Grid grid;
  grid.scale = grid.stored = roundScale(float(scale), format.scale);
  grid.min = roundScale(float(min), ScaleType::F16);
  return grid;
}

// Ranges that are narrower or wider at each end, each then with the scale and
// the minimum of least squares for its codes.
static Grid searchMins(const Format &format, const Block &block, int64_t count,
                       float min, float max) {
  Grid best = chooseGrid(format, min, max);
  float leastError = getError(format, best, block);
  std::vector<uint32_t> codes(count);
  auto tryGrid = [&](const Grid &grid) {
    if (grid.scale == 0.0f || !std::isfinite(grid.scale) ||
        !std::isfinite(grid.min))
      return;
    float error = getError(format, grid, block);
    if (error < leastError) {
      leastError = error;
      best = grid;
    }
  };
  float step = (max / 2 - min / 2) / 10;
  for (int low = -1; low <= 5; ++low)
    for (int high = -1; high <= 5; ++high) {
      Grid grid =
          chooseGrid(format, min + float(low) * step, max - float(high) * step);
      if (grid.scale == 0.0f || !std::isfinite(grid.scale))
        continue;
      encodeValues(format, grid, block.values.data(), count, codes.data());
      double weights = 0.0, q = 0.0, w = 0.0, qq = 0.0, qw = 0.0;
      for (int64_t i = 0; i < count; ++i) {
        double weight = block.weights[i], code = codes[i];
        weights += weight;
        q += weight * code;
        w += block.weighted[i];
        qq += weight * code * code;
        qw += block.weighted[i] * code;
      }
      double spread = qq * weights - q * q;
      if (!(spread > 0.0))
        continue;
      double scale = (qw * weights - q * w) / spread;
      tryGrid(makeGrid(format, scale, (scale * q - w) / weights));
    }
  return best;
}

static Grid searchHalfQuadratic(const Format &format,
                                llvm::ArrayRef<float> values, float min,
                                float max) {
  constexpr double p = 0.7, beta = 10.0;
  constexpr int iterations = 20;
  Grid grid = chooseGrid(format, min, max);
  double scale = grid.scale, zero = -double(min) / scale, best = zero;
  double leastError = INFINITY, highest = format.maxCode();
  for (int i = 0; i < iterations; ++i) {
    double sum = 0.0, error = 0.0;
    for (float value : values) {
      double code = std::nearbyint(double(value) / scale + zero);
      code = std::min(std::max(code, 0.0), highest);
      double missing = double(value) - (code - zero) * scale;
      double size = std::fabs(missing);
      // The power is infinite where nothing is missing.
      double kept = std::max(size - std::pow(size, p - 1.0) / beta, 0.0);
      sum += code - (double(value) - std::copysign(kept, missing)) / scale;
      error += size;
    }
    if (!(error < leastError))
      break;
    leastError = error;
    best = zero;
    zero = sum / double(values.size());
  }
  return makeGrid(format, scale, best * scale);
}

// As numpy.percentile: between the two neighbours.
static float getPercentile(llvm::ArrayRef<float> sorted, double percent) {
  double place = percent / 100.0 * double(sorted.size() - 1);
  size_t below = size_t(place), above = std::min(below + 1, sorted.size() - 1);
  double part = place - double(below);
  return float(double(sorted[below]) * (1.0 - part) +
               double(sorted[above]) * part);
}

static Grid searchPercentile(const Format &format, llvm::ArrayRef<float> values,
                             double percent, float tensorScale) {
  std::vector<float> sorted(values);
  llvm::sort(sorted);
  return chooseGrid(format, getPercentile(sorted, 100.0 - percent),
                    getPercentile(sorted, percent), tensorScale);
}

// Values stand for the bins of a histogram that are not empty.
static Grid searchEntropy(const Format &format, llvm::ArrayRef<float> values,
                          float min, float max, float tensorScale) {
  constexpr int bins = 2048, fractions = 128, firstFraction = 16;
  // Halved, as the difference of two finite values may not be.
  float half = max / 2 - min / 2;
  std::vector<uint64_t> all(bins), counts;
  for (float value : values) {
    int bin = int((value / 2 - min / 2) / half * bins);
    ++all[std::min(std::max(bin, 0), bins - 1)];
  }
  std::vector<float> centers;
  for (int i = 0; i < bins; ++i)
    if (all[i] != 0) {
      centers.push_back(min + 2 * half * ((float(i) + 0.5f) / bins));
      counts.push_back(all[i]);
    }
  float largest = format.element->largest;
  float lowest = format.isInteger() ? float(format.minCode()) : -largest;
  float highest = format.isInteger() ? float(format.maxCode()) : largest;

  Grid best = chooseGrid(format, min, max, tensorScale);
  double least = INFINITY;
  std::vector<uint32_t> codes(centers.size());
  auto tryRange = [&](float min, float max) {
    Grid grid = chooseGrid(format, min, max, tensorScale);
    if (grid.scale == 0.0f || !std::isfinite(grid.scale))
      return;
    encodeValues(format, grid, centers.data(), codes.size(), codes.data());
    float low = (lowest - float(grid.zeroPoint)) * grid.scale - grid.min;
    float high = (highest - float(grid.zeroPoint)) * grid.scale - grid.min;
    std::vector<int32_t> steps(codes.begin(), codes.end());
    double found = getDivergence(centers, counts, steps, std::min(low, high),
                                 std::max(low, high));
    if (found < least) {
      least = found;
      best = grid;
    }
  };
  for (int i = fractions; i >= firstFraction; --i) {
    float fraction = float(i) / fractions;
    if (format.zeroPoint)
      forEachShrunk(min, max, fraction, tryRange);
    else
      tryRange(min * fraction, max * fraction);
  }
  return best;
}

Grid squint::searchGrid(const Format &format, llvm::ArrayRef<float> values,
                        const RangeOptions &options, float tensorScale) {
  if (values.empty())
    return chooseGrid(format, 0.0f, 0.0f, tensorScale);
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  Grid whole = chooseGrid(format, *min, *max, tensorScale);
  if (options.rule == RangeRule::MinMax || !std::isfinite(whole.scale) ||
      whole.scale == 0.0f)
    return whole;
  if (options.rule == RangeRule::Percentile)
    return searchPercentile(format, values, options.percentile, tensorScale);
  if (options.rule == RangeRule::Entropy)
    return *min == *max
               ? whole
               : searchEntropy(format, values, *min, *max, tensorScale);

  if (options.rule == RangeRule::HalfQuadratic)
    return format.hasMins() ? searchHalfQuadratic(format, values, *min, *max)
                            : whole;
  Block block(values, options.importance);
  if (format.hasMins())
    return searchMins(format, block, int64_t(values.size()), *min, *max);
  if (!format.isInteger())
    return searchLevels(format, block, *min, *max, tensorScale);
  Grid best = searchIntegers(format, block, *min, *max);
  bool isBetter =
      best.scale != 0.0f && std::isfinite(best.scale) &&
      getError(format, best, block) < getError(format, whole, block);
  return isBetter ? best : whole;
}

double squint::getDivergence(llvm::ArrayRef<float> values,
                             llvm::ArrayRef<uint64_t> counts,
                             llvm::ArrayRef<int32_t> codes, float low,
                             float high) {
  size_t begin = 0, end = values.size();
  uint64_t clippedLow = 0, clippedHigh = 0, inside = 0, total = 0;
  while (begin < end && values[begin] < low)
    clippedLow += counts[begin++];
  while (end > begin && values[end - 1] > high)
    clippedHigh += counts[--end];
  if (begin == end)
    return INFINITY;
  for (size_t i = begin; i < end; ++i)
    inside += counts[i];
  total = inside + clippedLow + clippedHigh;

  double divergence = 0.0;
  for (size_t first = begin, last; first < end; first = last) {
    uint64_t mass = 0;
    for (last = first; last < end && codes[last] == codes[first]; ++last)
      mass += counts[last];
    double q = double(mass) / double(last - first) / double(inside);
    for (size_t i = first; i < last; ++i) {
      uint64_t count = counts[i] + (i == begin ? clippedLow : 0) +
                       (i == end - 1 ? clippedHigh : 0);
      double p = double(count) / double(total);
      divergence += p * std::log(p / q);
    }
  }
  return divergence;
}
