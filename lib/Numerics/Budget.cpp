//===- Budget.cpp - one option for each of many, within a budget ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Budget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace squint;

/// What a library holds besides its weights: code, tables, names.
static constexpr int64_t kCodeBytes = 1 << 20;

llvm::Expected<Budget> Budget::parse(llvm::StringRef text) {
  auto [kind, number] = text.split(':');
  Budget budget;
  bool isNumber = !number.getAsDouble(budget.value) &&
                  std::isfinite(budget.value) && budget.value > 0.0;
  if (isNumber && kind == "size") {
    budget.kind = budget.value <= 1.0 ? Kind::Fraction : Kind::Bytes;
    return budget;
  }
  if (isNumber && (kind == "bits" || kind == "error")) {
    budget.kind = kind == "bits" ? Kind::Bits : Kind::Error;
    return budget;
  }
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "expected a budget size:BYTES, size:FRACTION, "
                                 "bits:NUMBER or error:NUMBER, "
                                 "got '" +
                                     text + "'");
}

namespace {
/// From one option of an item to the next one on its lower hull.
struct Step {
  size_t item, to;
  int64_t bytes;
  double gain;
};
} // namespace

/// The options on the lower convex hull of loss over bytes, by bytes.
static std::vector<size_t> findHull(llvm::ArrayRef<PlanOption> options) {
  std::vector<size_t> order(options.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(options[a].bytes, options[a].loss) <
           std::pair(options[b].bytes, options[b].loss);
  });
  std::vector<size_t> hull;
  for (size_t next : order) {
    const PlanOption &c = options[next];
    if (!hull.empty() && c.loss >= options[hull.back()].loss)
      continue;
    while (hull.size() > 1) {
      const PlanOption &a = options[hull[hull.size() - 2]],
                       &b = options[hull.back()];
      // b lies above the line from a to c.
      if ((a.loss - b.loss) * double(c.bytes - a.bytes) >
          (a.loss - c.loss) * double(b.bytes - a.bytes))
        break;
      hull.pop_back();
    }
    hull.push_back(next);
  }
  return hull;
}

int64_t squint::getLibraryBytes(int64_t weights, int64_t otherBytes) {
  return weights + otherBytes + kCodeBytes;
}

/// The smallest choice, and the steps from it in the order of what a byte
/// gains.
static std::vector<Step> findSteps(const Plan &plan, PlanResult &smallest) {
  std::vector<Step> steps;
  for (auto [i, options] : llvm::enumerate(plan.items)) {
    std::vector<size_t> hull = findHull(options);
    smallest.choice.push_back(hull.front());
    smallest.bytes += options[hull.front()].bytes;
    smallest.loss += options[hull.front()].loss;
    for (size_t k = 1; k < hull.size(); ++k)
      steps.push_back({i, hull[k],
                       options[hull[k]].bytes - options[hull[k - 1]].bytes,
                       options[hull[k - 1]].loss - options[hull[k]].loss});
  }
  // Along a hull gains fall, so that an item's steps stay in order.
  llvm::sort(steps, [](const Step &a, const Step &b) {
    double left = a.gain * double(b.bytes), right = b.gain * double(a.bytes);
    return left != right
               ? left > right
               : std::pair(a.item, a.bytes) < std::pair(b.item, b.bytes);
  });
  return steps;
}

std::vector<PlanPoint> Plan::getFrontier() const {
  PlanResult result;
  std::vector<Step> steps = findSteps(*this, result);
  std::vector<PlanPoint> points = {{result.bytes, result.loss}};
  for (const Step &step : steps)
    points.push_back(
        {points.back().bytes + step.bytes, points.back().loss - step.gain});
  return points;
}

llvm::Expected<PlanResult> Plan::solve(const Budget &budget, int64_t weights,
                                       int64_t floatBytes,
                                       int64_t otherBytes) const {
  double limit = HUGE_VAL;
  switch (budget.kind) {
  case Budget::Kind::Bytes:
    limit = budget.value - double(getLibraryBytes(0, otherBytes));
    break;
  case Budget::Kind::Fraction:
    limit = budget.value * double(floatBytes);
    break;
  case Budget::Kind::Bits:
    limit = budget.value * double(weights) / 8.0;
    break;
  case Budget::Kind::Error:
    break;
  }
  PlanResult result;
  std::vector<Step> steps = findSteps(*this, result);
  if (double(result.bytes) > limit && budget.kind == Budget::Kind::Bytes)
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        llvm::formatv("expected at least {0} bytes: {1} for weights, {2} for "
                      "other constants, and an allowance of {3} for code",
                      getLibraryBytes(result.bytes, otherBytes), result.bytes,
                      otherBytes, kCodeBytes));
  if (double(result.bytes) > limit)
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        llvm::formatv("expected at least {0} bytes for the weights, got {1}",
                      result.bytes, int64_t(std::max(limit, 0.0))));
  std::vector<bool> isStopped(items.size());
  bool isBounded = false;
  result.bound = result.loss;
  result.byteBound = result.bytes;
  for (const Step &step : steps) {
    if (budget.kind == Budget::Kind::Error && result.loss <= budget.value)
      break;
    if (isStopped[step.item])
      continue;
    if (double(result.bytes + step.bytes) > limit) {
      if (!isBounded)
        result.bound = result.loss - step.gain *
                                         (limit - double(result.bytes)) /
                                         double(step.bytes);
      isBounded = isStopped[step.item] = true;
      continue;
    }
    if (budget.kind == Budget::Kind::Error && step.gain > 0.0)
      result.byteBound =
          result.bytes +
          int64_t(double(step.bytes) *
                  std::min((result.loss - budget.value) / step.gain, 1.0));
    result.choice[step.item] = step.to;
    result.bytes += step.bytes;
    result.loss -= step.gain;
    if (!isBounded)
      result.bound = result.loss;
  }
  if (budget.kind == Budget::Kind::Error && result.loss > budget.value)
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        llvm::formatv("expected a divergence of {0} or more, got {1}",
                      llvm::format("%.4g", result.loss),
                      llvm::format("%.4g", budget.value)));
  return result;
}
