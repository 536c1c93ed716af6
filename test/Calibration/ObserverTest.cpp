//===- ObserverTest.cpp - from values seen to a range -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The numbers expected are numpy's for the same values.
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Observer.h"
#include "squint/Numerics/Activations.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Activation));
}

static std::unique_ptr<Observer> make(llvm::StringRef text,
                                      llvm::StringRef format = "int8:tensor") {
  return llvm::cantFail(Observer::create(text, parse(format)));
}

/// 20,000 numbers between -2 and 2, most of them small.
static std::vector<float> makeValues() {
  std::vector<float> values;
  uint32_t state = 1;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525 + 1013904223;
    double u = state / 4294967296.0 - 0.5;
    values.push_back(float(u * u * u * 16));
  }
  return values;
}

static std::vector<float> withOutliers() {
  std::vector<float> values = makeValues();
  for (size_t i = 0; i < values.size(); i += 2000)
    values[i] *= 10;
  return values;
}

static std::vector<float> relu(std::vector<float> values) {
  for (float &value : values)
    value = std::max(value, 0.0f);
  return values;
}

static ObservedRange observe(Observer &observer, llvm::ArrayRef<float> values,
                             size_t batch = 1000) {
  while (!values.empty()) {
    batch = std::min(batch, values.size());
    EXPECT_TRUE(observer.observe(values.take_front(batch)));
    values = values.drop_front(batch);
  }
  return observer.getRange();
}

/// The squared error of values quantized to a range.
static double errorOf(llvm::ArrayRef<float> values, llvm::StringRef format,
                      ObservedRange range) {
  StaticGrid grid = chooseStaticGrid(parse(format), range.min, range.max);
  std::vector<int8_t> codes(values.size());
  quantizeStatic(values, grid, codes.data());
  double sum = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    double error = double(values[i]) -
                   double(codes[i] - grid.zeroPoint) * double(grid.scale);
    sum += error * error;
  }
  return sum;
}

TEST(Observer, MinMaxIsTheFullRange) {
  auto observer = make("min-max");
  ObservedRange range = observe(*observer, makeValues());
  EXPECT_EQ(range.min, -1.9998374f);
  EXPECT_EQ(range.max, 1.9999484f);
  EXPECT_EQ(range.absmax(), 1.9999484f);
  EXPECT_FALSE(range.isOneSided());
  EXPECT_EQ(observer->getSamples(), 20);
  EXPECT_TRUE(observe(*make("min-max"), relu(makeValues())).isOneSided());
  range = observe(*make("min-max"), {-3.0f, -1.0f});
  EXPECT_EQ(range.max, -1.0f);
  EXPECT_EQ(range.absmax(), 3.0f);
}

TEST(Observer, MovingAverageFollowsTheSamples) {
  ObservedRange range = observe(*make("moving-average=0.1"), makeValues());
  EXPECT_EQ(range.min, float(-1.986022503591895));
  EXPECT_EQ(range.max, float(1.9890307287593505));
}

TEST(Observer, PercentileIsWithinABinOfTheExactOne) {
  float bin = 2.0f / 8192;
  auto expectRange = [&](llvm::StringRef text, std::vector<float> values,
                         float min, float max) {
    ObservedRange range = observe(*make(text), values);
    EXPECT_NEAR(range.min, min, bin) << text.str();
    EXPECT_NEAR(range.max, max, bin) << text.str();
  };
  expectRange("percentile", makeValues(), -1.99973405f, 1.99882457f);
  expectRange("percentile=99", makeValues(), -1.88291611f, 1.87118484f);
  expectRange("percentile=90", makeValues(), -1.0364029f, 1.01085546f);
  expectRange("percentile=100", makeValues(), -1.9998374f, 1.9999484f);
  expectRange("percentile=99", relu(makeValues()), 0.0f, 1.87118484f);
}

TEST(Observer, MseFindsTheRangeOfLeastError) {
  struct {
    std::vector<float> values;
    const char *format;
    double least;
  } cases[] = {{makeValues(), "int8:tensor", 0.37827245},
               {makeValues(), "int8:tensor,zero-point", 0.37847339},
               {withOutliers(), "int8:tensor", 3.7112834},
               {withOutliers(), "int8:tensor,zero-point", 3.0764823},
               {relu(withOutliers()), "int8:tensor", 0.50509254},
               {relu(withOutliers()), "int8:tensor,zero-point", 0.50509254}};
  for (const auto &one : cases) {
    ObservedRange range = observe(*make("mse", one.format), one.values);
    double error = errorOf(one.values, one.format, range);
    EXPECT_LE(error, one.least * 1.002) << one.format;
    EXPECT_GE(error, one.least * 0.999) << one.format;
  }
}

TEST(Observer, MseSpendsAllCodesOnTheSideThatNeedsThem) {
  // As GELU's: much above 0, next to nothing below.
  std::vector<float> values = relu(makeValues());
  values[0] = -0.001f;
  EXPECT_TRUE(observe(*make("mse"), values).isOneSided());
  EXPECT_FALSE(observe(*make("mse"), makeValues()).isOneSided());
}

TEST(Observer, EntropyClipsAFewOutliersAndNoUniformValues) {
  std::vector<float> values = makeValues();
  for (float &value : values)
    value = value * value * value * (value < 0 ? -1 : 1);
  values[17] = 80.0f;
  ObservedRange range = observe(*make("entropy"), values);
  EXPECT_LT(range.max, 20.0f);
  EXPECT_GE(range.max, 80.0f * 16 / 128);
  std::vector<float> uniform;
  for (int i = -5000; i < 5000; ++i)
    uniform.push_back(float(i) / 4096.0f);
  EXPECT_GT(observe(*make("entropy"), uniform).absmax(), 1.1f);
}

TEST(Observer, OrderAndBatchesDoNotMatter) {
  std::vector<float> values = withOutliers();
  std::vector<float> reversed(values.rbegin(), values.rend());
  for (const char *text : {"min-max", "percentile=99.9", "mse", "entropy"}) {
    ObservedRange a = observe(*make(text), values);
    // The first sample is small, so that the histogram has to widen.
    auto other = make(text);
    ASSERT_TRUE(other->observe(llvm::ArrayRef(reversed).take_back(1)));
    ObservedRange b = observe(*other, llvm::ArrayRef(reversed).drop_back(1), 7);
    EXPECT_EQ(a.min, b.min) << text;
    EXPECT_EQ(a.max, b.max) << text;
  }
}

TEST(Observer, HistogramsSpanAllMagnitudes) {
  for (const char *text : {"percentile=100", "mse"}) {
    auto observer = make(text);
    ObservedRange range =
        observe(*observer, {0.0f, 1e-45f, -1e-40f, 1.0f, 3e38f, -3e38f}, 1);
    EXPECT_EQ(range.absmax(), 3e38f) << text;
    ObservedRange tiny = observe(*make(text), {1e-45f, -1e-45f}, 1);
    EXPECT_EQ(tiny.absmax(), 1e-45f) << text;
    ObservedRange zero = observe(*make(text), {0.0f, -0.0f}, 1);
    EXPECT_EQ(zero.absmax(), 0.0f) << text;
  }
}

TEST(Observer, RefusesWhatIsNotFinite) {
  for (float value : {NAN, -NAN, INFINITY, -INFINITY}) {
    auto observer = make("mse");
    EXPECT_FALSE(observer->observe({1.0f, value, 2.0f}));
    EXPECT_EQ(observer->getSamples(), 0);
  }
  auto observer = make("min-max");
  EXPECT_TRUE(observer->observe({}));
  EXPECT_EQ(observer->getSamples(), 0);
}

TEST(Observer, RefusesWhatItDoesNotKnow) {
  for (const char *text : {"", "minmax", "min-max=1", "percentile=",
                           "percentile=50", "percentile=101", "percentile=x",
                           "moving-average=0", "moving-average=nan", "mse=3"}) {
    auto observer = Observer::create(text, parse("int8:tensor"));
    EXPECT_FALSE(bool(observer)) << text;
    llvm::consumeError(observer.takeError());
  }
}
