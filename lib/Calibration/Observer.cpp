//===- Observer.cpp - from values seen to a range ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Observer.h"
#include "Histogram.h"
#include "squint/Numerics/Activations.h"
#include "squint/Numerics/RangeSearch.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace squint;
using llvm::ArrayRef;

Observer::~Observer() = default;

bool Observer::observe(ArrayRef<float> values) {
  if (values.empty())
    return true;
  ObservedRange range{values[0], values[0]};
  uint32_t largest = 0; // orders magnitudes; NaN and infinity come last
  for (float value : values) {
    largest = std::max(largest, llvm::bit_cast<uint32_t>(value) & 0x7fffffff);
    range.min = value < range.min ? value : range.min;
    range.max = value > range.max ? value : range.max;
  }
  if (largest >= 0x7f800000)
    return false;
  full = samples ? ObservedRange{std::min(full.min, range.min),
                                 std::max(full.max, range.max)}
                 : range;
  ++samples;
  update(values, range);
  return true;
}

namespace {

class MinMaxObserver : public Observer {
  void update(ArrayRef<float>, ObservedRange) override {}
  ObservedRange getRange() const override { return getFullRange(); }
};

class MovingAverageObserver : public Observer {
public:
  explicit MovingAverageObserver(double weight) : weight(weight) {}

private:
  void update(ArrayRef<float>, ObservedRange range) override {
    if (getSamples() == 1) {
      min = range.min;
      max = range.max;
      return;
    }
    min += weight * (range.min - min);
    max += weight * (range.max - max);
  }
  ObservedRange getRange() const override { return {float(min), float(max)}; }

  double weight, min = 0.0, max = 0.0;
};

class HistogramObserver : public Observer {
protected:
  void update(ArrayRef<float> values, ObservedRange range) override {
    histogram.add(values, range.absmax());
  }
  Histogram histogram;
};

class PercentileObserver : public HistogramObserver {
public:
  explicit PercentileObserver(double percentile) : percentile(percentile) {}

private:
  ObservedRange getRange() const override {
    // A bin may reach beyond the values in it.
    ObservedRange full = getFullRange();
    auto quantile = [&](double percent) {
      return std::clamp(histogram.quantile(percent / 100.0), full.min,
                        full.max);
    };
    return {quantile(100.0 - percentile), quantile(percentile)};
  }

  double percentile;
};

/// Tries fractions of the full range and takes the one of least cost; of equal
/// ones the widest.
class SearchObserver : public HistogramObserver {
public:
  SearchObserver(const Format &format, int firstFraction)
      : format(format), firstFraction(firstFraction) {}

protected:
  /// Values stand for bins: value[i] occurs count[i] times. `codes` are theirs.
  struct Candidate {
    ArrayRef<float> values;
    ArrayRef<uint64_t> counts;
    ArrayRef<int8_t> codes;
    StaticGrid grid;
    ObservedRange range;
  };
  virtual double cost(const Candidate &candidate) const = 0;

private:
  ObservedRange getRange() const override;

  static constexpr int fractions = 128;
  Format format;
  int firstFraction;
};

class MseObserver : public SearchObserver {
public:
  explicit MseObserver(const Format &format) : SearchObserver(format, 1) {}

private:
  double cost(const Candidate &candidate) const override {
    double sum = 0.0;
    for (size_t i = 0; i < candidate.values.size(); ++i) {
      float decoded = float(candidate.codes[i] - candidate.grid.zeroPoint) *
                      candidate.grid.scale;
      double error = double(candidate.values[i]) - decoded;
      sum += double(candidate.counts[i]) * error * error;
    }
    return sum;
  }
};

/// Compares the clipped distribution, its outer bins holding what was clipped,
/// with the one in which all bins of a code are alike. Small fractions of the
/// range, with hardly more bins than codes, would all look good.
class EntropyObserver : public SearchObserver {
public:
  explicit EntropyObserver(const Format &format) : SearchObserver(format, 16) {}

private:
  double cost(const Candidate &candidate) const override;
};

} // namespace

ObservedRange SearchObserver::getRange() const {
  ObservedRange full = getFullRange();
  std::vector<float> values;
  std::vector<uint64_t> counts;
  for (const Histogram::Bin &bin : histogram.bins()) {
    values.push_back(
        std::clamp(float(bin.low / 2 + bin.high / 2), full.min, full.max));
    counts.push_back(bin.count);
  }
  std::vector<int8_t> codes(values.size());
  ObservedRange best = full;
  double least = INFINITY;
  auto consider = [&](ObservedRange range) {
    StaticGrid grid = chooseStaticGrid(format, range.min, range.max);
    quantizeStatic(values, grid, codes.data());
    double found = cost({values, counts, codes, grid, range});
    if (found < least) {
      least = found;
      best = range;
    }
  };
  for (int i = fractions; i >= firstFraction; --i) {
    float fraction = float(i) / fractions;
    consider({full.min * fraction, full.max * fraction});
    // All codes for the positive values may be worth losing a few others.
    if (!format.zeroPoint && full.min < 0.0f && full.max > 0.0f)
      consider({0.0f, full.max * fraction});
  }
  return best;
}

double EntropyObserver::cost(const Candidate &candidate) const {
  float scale = candidate.grid.scale;
  float low = float(-128 - candidate.grid.zeroPoint) * scale;
  float high = float(127 - candidate.grid.zeroPoint) * scale;
  std::vector<int32_t> codes(candidate.codes.begin(), candidate.codes.end());
  return getDivergence(candidate.values, candidate.counts, codes, low, high);
}

llvm::Expected<std::unique_ptr<Observer>>
Observer::create(llvm::StringRef text, const Format &format) {
  auto [name, number] = text.split('=');
  bool hasNumber = text.contains('=');
  double value = name == "percentile" ? 99.99 : 0.01;
  if (name == "percentile" || name == "moving-average") {
    double most = name == "percentile" ? 100.0 : 1.0;
    double least = name == "percentile" ? 50.0 : 0.0;
    if (hasNumber &&
        (number.getAsDouble(value) || !(value > least && value <= most)))
      return llvm::createStringError("expected a number above %g and at most "
                                     "%g for observer %s, got '%s'",
                                     least, most, name.str().c_str(),
                                     number.str().c_str());
    if (name == "percentile")
      return std::make_unique<PercentileObserver>(value);
    return std::make_unique<MovingAverageObserver>(value);
  }
  if (text == "min-max")
    return std::make_unique<MinMaxObserver>();
  if (text == "mse")
    return std::make_unique<MseObserver>(format);
  if (text == "entropy")
    return std::make_unique<EntropyObserver>(format);
  return llvm::createStringError(
      "expected an observer (min-max, moving-average[=C], percentile[=P], mse "
      "or entropy), got '%s'",
      text.str().c_str());
}
