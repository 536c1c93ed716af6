//===- DynamicScale.cpp - scales of 8 bits ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/DynamicScale.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

using namespace squint;

static std::array<float, 256> makeLevels() {
  constexpr int decades = 7;
  constexpr float factors[decades] = {1e-6f, 1e-5f, 1e-4f, 1e-3f,
                                      1e-2f, 1e-1f, 1.0f};
  std::array<float, 256> levels{};
  size_t count = 0;
  for (int decade = 0; decade < decades; ++decade) {
    int parts = 1 << decade;
    float step = (1.0f - 0.1f) / static_cast<float>(parts);
    // From the nearer end.
    auto boundary = [&](int i) {
      return i < (parts + 1) / 2 ? 0.1f + step * static_cast<float>(i)
                                 : 1.0f - step * static_cast<float>(parts - i);
    };
    for (int i = 0; i < parts; ++i) {
      float level = factors[decade] * ((boundary(i) + boundary(i + 1)) / 2.0f);
      levels[count++] = level;
      levels[count++] = -level;
    }
  }
  levels[count++] = 0.0f;
  levels[count++] = 1.0f;
  std::sort(levels.begin(), levels.end());
  return levels;
}

llvm::ArrayRef<float> DynamicScale::levels() {
  static const std::array<float, 256> levels = makeLevels();
  return levels;
}

uint8_t DynamicScale::encode(float value) {
  llvm::ArrayRef<float> all = levels();
  const float *upper = std::lower_bound(all.begin(), all.end(), value);
  if (upper == all.begin())
    return 0;
  if (upper == all.end())
    return 255;
  const float *lower = upper - 1;
  bool isUpper = value > (*lower + *upper) * 0.5f;
  return static_cast<uint8_t>((isUpper ? upper : lower) - all.begin());
}

void DynamicScale::store(llvm::ArrayRef<float> scales, char *codes,
                         char *numbers) {
  double sum = 0.0;
  for (float scale : scales)
    sum += scale;
  float mean =
      scales.empty()
          ? 0.0f
          : static_cast<float>(sum / static_cast<double>(scales.size()));
  for (int64_t begin = 0, count = scales.size(); begin < count;
       begin += block) {
    int64_t end = std::min(begin + block, count);
    float largest = 0.0f;
    for (int64_t i = begin; i < end; ++i)
      largest = std::max(largest, std::fabs(scales[i] - mean));
    float inverse = largest == 0.0f ? 0.0f : 1.0f / largest;
    for (int64_t i = begin; i < end; ++i)
      codes[i] = static_cast<char>(encode((scales[i] - mean) * inverse));
    std::memcpy(numbers, &largest, 4);
    numbers += 4;
  }
  std::memcpy(numbers, &mean, 4);
}

float DynamicScale::load(const char *codes, const char *numbers, int64_t count,
                         int64_t index) {
  float scale, mean;
  std::memcpy(&scale, numbers + index / block * 4, 4);
  std::memcpy(&mean, numbers + (DynamicScale::numbers(count) - 1) * 4, 4);
  return levels()[static_cast<uint8_t>(codes[index])] * scale + mean;
}
