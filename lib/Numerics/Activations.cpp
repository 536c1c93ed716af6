//===- Activations.cpp - quantized activations ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Activations.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cmath>

using namespace squint;

float squint::quantizeDynamic(llvm::ArrayRef<float> values,
                              const Format &format, int8_t *codes) {
  uint32_t largest = 0;
  for (float value : values)
    largest = std::max(largest, llvm::bit_cast<uint32_t>(value) & 0x7fffffff);
  float low = format.minCode(), high = format.maxCode();
  float scale = roundScale(llvm::bit_cast<float>(largest) * format.clip / high,
                           format.scale);
  float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
  for (size_t i = 0; i < values.size(); ++i) {
    float rounded = std::nearbyint(values[i] * inverse);
    codes[i] = std::isnan(rounded)
                   ? 0
                   : int8_t(std::min(std::max(rounded, low), high));
  }
  return scale;
}

StaticGrid squint::chooseStaticGrid(const Format &format, float min,
                                    float max) {
  StaticGrid grid;
  if (format.zeroPoint || min >= 0.0f) {
    min = std::min(min, 0.0f);
    max = std::max(max, 0.0f);
    grid.zeroPoint = -128;
    // Halved, as the difference of two finite values may not be.
    float range = (max / 2 - min / 2) / 127.5f;
    if (range > 0.0f) {
      grid.scale = roundScale(range, format.scale);
      grid.zeroPoint +=
          int32_t(std::min(std::nearbyint(-min / grid.scale), 255.0f));
    }
    return grid;
  }
  if (float scale = std::max(-min, max) / 127.0f)
    grid.scale = roundScale(scale, format.scale);
  return grid;
}

void squint::quantizeStatic(llvm::ArrayRef<float> values,
                            const StaticGrid &grid, int8_t *codes) {
  float inverse = 1.0f / grid.scale;
  for (size_t i = 0; i < values.size(); ++i) {
    float shifted = std::nearbyint(values[i] * inverse) + float(grid.zeroPoint);
    codes[i] = int8_t(std::fmin(std::fmax(shifted, -128.0f), 127.0f));
  }
}
