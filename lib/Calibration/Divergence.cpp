//===- Divergence.cpp - how far two models' results are apart -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Divergence.h"
#include "Floats.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/Slices.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace squint;

static double logSum(ArrayRef<float> x) {
  double top = *std::max_element(x.begin(), x.end()), sum = 0.0;
  for (float value : x)
    sum += std::exp(double(value) - top);
  return top + std::log(sum);
}

static double divergeKl(ArrayRef<float> p, ArrayRef<float> q) {
  double logP = logSum(p), logQ = logSum(q), sum = 0.0;
  for (auto [a, b] : llvm::zip_equal(p, q))
    sum += std::exp(a - logP) * ((a - logP) - (b - logQ));
  return sum;
}

static double divergeSquared(ArrayRef<float> p, ArrayRef<float> q) {
  double error = 0.0, signal = 0.0;
  for (auto [a, b] : llvm::zip_equal(p, q)) {
    error += (double(a) - b) * (double(a) - b);
    signal += double(a) * a;
  }
  return signal > 0.0 ? error / signal : 0.0;
}

double squint::diverge(Divergence kind, ArrayRef<float> p, ArrayRef<float> q) {
  return kind == Divergence::Kl ? divergeKl(p, q) : divergeSquared(p, q);
}

std::vector<std::vector<float>> squint::takeRows(const Array &result) {
  std::vector<float> scratch;
  ArrayRef<float> values = getFloats(result, scratch);
  int64_t columns = result.shape().empty() ? 1 : result.shape().back();
  int64_t rows = columns ? int64_t(values.size()) / columns : 0;
  int64_t step = std::max<int64_t>(rows / 64, 1);
  std::vector<std::vector<float>> taken;
  for (int64_t row = step - 1; row < rows; row += step) {
    ArrayRef<float> own = values.slice(row * columns, columns);
    taken.emplace_back(own.begin(), own.end());
  }
  return taken;
}

int64_t squint::getTop(ArrayRef<float> row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

static llvm::Error addScore(const Array &result, ArrayRef<int64_t> labels,
                            LabelScore &score) {
  std::vector<float> scratch;
  ArrayRef<float> values = getFloats(result, scratch);
  int64_t columns = result.shape().empty() ? 1 : result.shape().back();
  if (int64_t(labels.size()) * columns != int64_t(values.size()))
    return llvm::createStringError(
        "expected a label for each of " +
        llvm::Twine(columns ? int64_t(values.size()) / columns : 0) +
        " rows of the result, got " + llvm::Twine(labels.size()));
  for (auto [i, label] : llvm::enumerate(labels)) {
    if (label < 0)
      continue;
    if (label >= columns)
      return llvm::createStringError("expected labels below " +
                                     llvm::Twine(columns) + ", got " +
                                     llvm::Twine(label));
    ArrayRef<float> row = values.slice(int64_t(i) * columns, columns);
    score.loss += logSum(row) - row[label];
    score.hits += getTop(row) == label;
    ++score.rows;
  }
  return llvm::Error::success();
}

FailureOr<ModelComparison>
squint::compareModels(func::FuncOp model, func::FuncOp other, Samples &samples,
                      Divergence kind, int64_t limit, int threads,
                      ArrayRef<std::vector<int64_t>> labels) {
  auto run = [&](func::FuncOp function,
                 llvm::function_ref<LogicalResult(const Array &)> take) {
    Value result = function.front().getTerminator()->getOperand(0);
    return runSlices(
        function, samples, result, limit, threads,
        [&](Value, int64_t, const Array &array) { return take(array); });
  };
  ModelComparison sums;
  int64_t rows = 0;
  auto scoreIt = [&](const Array &array, size_t sample,
                     LabelScore &score) -> LogicalResult {
    if (sample >= labels.size())
      return success();
    if (llvm::Error error = addScore(array, labels[sample], score))
      return emitError(other.getLoc())
             << "sample " << sample << ": " << llvm::toString(std::move(error));
    return success();
  };
  // Of the one model, sample by sample; the other's are compared as they come.
  std::vector<std::vector<std::vector<float>>> wanted;
  if (failed(run(model, [&](const Array &array) {
        wanted.push_back(takeRows(array));
        return scoreIt(array, wanted.size() - 1, sums.score);
      })))
    return failure();
  auto compare = [&](const Array &array) -> LogicalResult {
    if (failed(scoreIt(array, sums.samples, sums.otherScore)))
      return failure();
    for (auto [p, q] :
         llvm::zip_equal(wanted[sums.samples++], takeRows(array))) {
      double value = p.empty() ? 0.0 : diverge(kind, p, q);
      if (!std::isfinite(value))
        return emitError(other.getLoc())
               << "expected finite results, got NaN or infinity for sample "
               << sums.samples - 1;
      sums.divergence += value;
      sums.agreement += getTop(p) == getTop(q);
      ++rows;
    }
    return success();
  };
  if (failed(run(other, compare)))
    return failure();
  sums.divergence /= std::max<int64_t>(rows, 1);
  sums.agreement /= std::max<int64_t>(rows, 1);
  return sums;
}
