//===- GgmlFit.cpp - the searches of GGML's quantizers ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GgmlFit.h"
#include "squint/Numerics/Blocks.h"
#include <cmath>

using namespace squint;
using namespace squint::ggml;

float ggml::findExtreme(const float *x, int64_t count) {
  float extreme = 0.0f, largest = 0.0f;
  for (int64_t i = 0; i < count; ++i)
    if (std::fabs(x[i]) > largest) {
      largest = std::fabs(x[i]);
      extreme = x[i];
    }
  return extreme;
}

namespace {
/// Weighted sums of products of values and levels.
struct Sums {
  float xl = 0.0f, ll = 0.0f;

  void add(float weight, float x, float level) {
    xl += weight * x * level;
    ll += weight * level * level;
  }
  /// The best scale of the levels.
  float scale() const { return xl / ll; }
  /// What the best scale takes off the squared error, compared without a
  /// division.
  bool isBetterThan(const Sums &other) const {
    return xl * xl * other.ll > other.xl * other.xl * ll;
  }
};
} // namespace

float ggml::fitSigned(const float *x, const float *weights, int64_t count,
                      int32_t half, uint8_t *codes) {
  float extreme = findExtreme(x, count);
  if (std::fabs(extreme) < kNothing) {
    std::fill_n(codes, count, 0);
    return 0.0f;
  }
  auto level = [&](float inverse, int64_t i) {
    return nearest(inverse * x[i], -half, half - 1);
  };
  auto measure = [&](float inverse) {
    Sums sums;
    for (int64_t i = 0; i < count; ++i)
      sums.add(weights ? weights[i] : x[i] * x[i], x[i],
               static_cast<float>(level(inverse, i)));
    return sums;
  };
  float chosen = static_cast<float>(-half) / extreme;
  Sums sums = measure(chosen);
  float scale = sums.ll != 0.0f ? sums.scale() : 0.0f;
  float best = scale * sums.xl;
  for (int32_t trial = -9; trial <= 9; ++trial) {
    if (trial == 0)
      continue;
    float inverse =
        -(static_cast<float>(half) + 0.1f * static_cast<float>(trial)) /
        extreme;
    sums = measure(inverse);
    if (sums.ll > 0.0f && sums.xl * sums.xl > best * sums.ll) {
      chosen = inverse;
      scale = sums.scale();
      best = scale * sums.xl;
    }
  }
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<uint8_t>(level(chosen, i) + half);
  return scale;
}

/// Up to five times, every level in turn becomes the best one for the scale
/// that all others have; `weight(i)` and `level(i)` are the value's.
template <typename Weight>
static float improveLevels(const float *x, Weight weight, int64_t count,
                           int32_t low, int32_t high, int32_t *levels,
                           Sums sums) {
  for (int pass = 0; pass < 5; ++pass) {
    bool changed = false;
    for (int64_t i = 0; i < count; ++i) {
      float w = weight(i), current = static_cast<float>(levels[i]);
      Sums others = sums;
      others.xl -= w * x[i] * current;
      others.ll -= w * current * current;
      if (!(others.xl > 0.0f && others.ll > 0.0f))
        continue;
      int32_t level = nearest(x[i] * others.ll / others.xl, low, high);
      if (level == levels[i])
        continue;
      others.add(w, x[i], static_cast<float>(level));
      if (!others.isBetterThan(sums))
        continue;
      levels[i] = level;
      sums = others;
      changed = true;
    }
    if (!changed)
      break;
  }
  return sums.ll > 0.0f ? sums.scale() : 0.0f;
}

float ggml::fitSignedByCodes(const float *x, int64_t count, int32_t half,
                             uint8_t *codes) {
  float extreme = findExtreme(x, count);
  if (std::fabs(extreme) < kNothing) {
    std::fill_n(codes, count, 0);
    return 0.0f;
  }
  float inverse = static_cast<float>(-half) / extreme;
  int32_t levels[BlockParts::maxSize];
  auto weight = [&](int64_t i) { return x[i] * x[i]; };
  Sums sums;
  for (int64_t i = 0; i < count; ++i) {
    levels[i] = nearest(inverse * x[i], -half, half - 1);
    sums.add(weight(i), x[i], static_cast<float>(levels[i]));
  }
  float scale = improveLevels(x, weight, count, -half, half - 1, levels, sums);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<uint8_t>(levels[i] + half);
  return scale;
}

float ggml::fitUnsigned(const float *x, const float *weights, int64_t count,
                        int32_t highest, uint8_t *codes) {
  float max = 0.0f;
  for (int64_t i = 0; i < count; ++i)
    max = std::max(max, x[i]);
  if (max < kNothing) {
    std::fill_n(codes, count, 0);
    return 0.0f;
  }
  auto level = [&](float inverse, int64_t i) {
    return std::min(highest, nearest(inverse * x[i]));
  };
  auto measure = [&](float inverse) {
    float scale = 1.0f / inverse, error = 0.0f;
    for (int64_t i = 0; i < count; ++i) {
      float off = x[i] - scale * static_cast<float>(level(inverse, i));
      error += weights[i] * off * off;
    }
    return error;
  };
  float inverse = static_cast<float>(highest) / max, best = measure(inverse);
  for (int32_t trial = -4; trial <= 4; ++trial) {
    if (trial == 0)
      continue;
    float tried =
        (0.1f * static_cast<float>(trial) + static_cast<float>(highest)) / max;
    float error = measure(tried);
    if (error < best) {
      best = error;
      inverse = tried;
    }
  }
  int32_t levels[BlockParts::maxGroups];
  Sums sums;
  for (int64_t i = 0; i < count; ++i) {
    levels[i] = level(inverse, i);
    sums.add(weights[i], x[i], static_cast<float>(levels[i]));
  }
  // No lower bound: the values are not negative, nor are their levels.
  float scale = improveLevels(
      x, [&](int64_t i) { return weights[i]; }, count, 0, highest, levels,
      sums);
  for (int64_t i = 0; i < count; ++i)
    codes[i] = static_cast<uint8_t>(levels[i]);
  return scale;
}

float ggml::fitAffine(const float *x, const float *weights, int64_t count,
                      int32_t highest, const Trials &trials, uint8_t *codes,
                      float &negated) {
  float min = x[0], max = x[0];
  float sumW = weights[0], sumX = sumW * x[0];
  for (int64_t i = 1; i < count; ++i) {
    min = std::min(min, x[i]);
    max = std::max(max, x[i]);
    sumW += weights[i];
    sumX += weights[i] * x[i];
  }
  min = std::min(min, 0.0f);
  if (max <= min) {
    std::fill_n(codes, count, 0);
    negated = -min;
    return 0.0f;
  }
  float levels[BlockParts::maxSize];
  // Levels of a range that starts at the best minimum so far.
  auto setLevels = [&](float inverse) {
    for (int64_t i = 0; i < count; ++i)
      levels[i] =
          static_cast<float>(nearest(inverse * (x[i] - min), 0, highest));
  };
  auto measure = [&](float scale, float min) {
    float error = 0.0f;
    for (int64_t i = 0; i < count; ++i) {
      float off = scale * levels[i] + min - x[i];
      off = trials.magnitudes ? std::fabs(off) : off * off;
      error += weights[i] * off;
    }
    return error;
  };
  auto keepLevels = [&] {
    for (int64_t i = 0; i < count; ++i)
      codes[i] = static_cast<uint8_t>(levels[i]);
  };
  float inverse = static_cast<float>(highest) / (max - min);
  float scale = 1.0f / inverse;
  setLevels(inverse);
  keepLevels();
  float best = measure(scale, min);
  for (int32_t trial = 0; trial <= trials.last; ++trial) {
    setLevels((trials.first + trials.step * static_cast<float>(trial) +
               static_cast<float>(highest)) /
              (max - min));
    float sumL = 0.0f, sumLL = 0.0f, sumXL = 0.0f;
    for (int64_t i = 0; i < count; ++i) {
      float weighted = weights[i] * levels[i];
      sumL += weighted;
      sumLL += weighted * levels[i];
      sumXL += weighted * x[i];
    }
    float determinant = sumW * sumLL - sumL * sumL;
    if (!(determinant > 0.0f))
      continue;
    float triedScale = (sumW * sumXL - sumX * sumL) / determinant,
          triedMin = (sumLL * sumX - sumL * sumXL) / determinant;
    if (triedMin > 0.0f) {
      triedMin = 0.0f;
      triedScale = sumXL / sumLL;
    }
    float error = measure(triedScale, triedMin);
    if (error < best) {
      keepLevels();
      best = error;
      scale = triedScale;
      min = triedMin;
    }
  }
  negated = -min;
  return scale;
}
