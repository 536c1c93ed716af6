//===- RangeSearch.cpp - what range a grid should cover ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/RangeSearch.h"
#include "Clones.h"
#include "Levels.h"
#include "squint/Numerics/Packed.h"
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
    float decoded = decodeLevel(format, codes[i], grid.zeroPoint) * grid.scale;
    float missing = block.values[i] - decoded;
    sums[i % kLanes] += missing * missing * block.weights[i];
  }
  return addUp(sums);
}

// Tried in this order; the first of the best wins.
static constexpr int kRatios = 31;
static float getRatio(int i) { return 1.15f - 0.025f * float(i); }

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
      Grid grid = chooseGrid(format, min * ratio, max * ratio);
      tryGrid(grid.scale, grid.zeroPoint);
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

Grid squint::searchGrid(const Format &format, llvm::ArrayRef<float> values,
                        llvm::ArrayRef<float> importance, RangeRule rule,
                        float tensorScale) {
  if (values.empty())
    return chooseGrid(format, 0.0f, 0.0f, tensorScale);
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  Grid whole = chooseGrid(format, *min, *max, tensorScale);
  if (rule == RangeRule::MinMax || !std::isfinite(whole.scale) ||
      whole.scale == 0.0f)
    return whole;
  Block block(values, importance);
  if (!format.isInteger())
    return searchLevels(format, block, *min, *max, tensorScale);
  Grid best = searchIntegers(format, block, *min, *max);
  bool isBetter =
      best.scale != 0.0f && std::isfinite(best.scale) &&
      getError(format, best, block) < getError(format, whole, block);
  return isBetter ? best : whole;
}
