//===- RotaryScaling.cpp - angles of contexts beyond training ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LanguageModel.h"
#include <algorithm>
#include <cmath>

using namespace squint;

static constexpr double kTurn = 6.283185307179586;

/// How far pair `i` turns from one token to the next.
static double getFrequency(const LanguageModel &model, int64_t i) {
  return std::pow(model.base, -2.0 * double(i) / double(model.rotated));
}

double squint::getYarnMagnitude(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

void squint::scaleByYarn(LanguageModel &model, const YarnScaling &scaling) {
  auto context = double(scaling.originalContext), dims = double(model.rotated);
  // The pair that turns so often in the context, as if pairs were not counted.
  auto findPair = [&](double turns) {
    return dims * std::log(context / (turns * kTurn)) /
           (2 * std::log(model.base));
  };
  double low = findPair(scaling.fastTurns), high = findPair(scaling.slowTurns);
  if (scaling.isTruncated) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dims - 1);
  double width = high == low ? 0.001 : high - low;
  model.factors.clear();
  for (int64_t i = 0; i < model.rotated / 2; ++i) {
    double divided = std::clamp((double(i) - low) / width, 0.0, 1.0);
    model.factors.push_back(
        static_cast<float>(1 / (divided / scaling.factor + (1 - divided))));
  }
  model.yarn = scaling;
}

std::vector<float> squint::getLlama3Factors(const LanguageModel &model,
                                            double factor, double lowTurns,
                                            double highTurns,
                                            double originalContext) {
  std::vector<float> factors;
  for (int64_t i = 0; i < model.rotated / 2; ++i) {
    double turns = originalContext * getFrequency(model, i) / kTurn;
    double smooth =
        std::clamp((turns - lowTurns) / (highTurns - lowTurns), 0.0, 1.0);
    factors.push_back(float(1 / ((1 - smooth) / factor + smooth)));
  }
  return factors;
}
