//===- AwqTest.cpp - scales and ranges by what inputs are like --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Awq.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"
#include <Eigen/Dense>
#include <cmath>
#include <random>

using namespace squint;
using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Any));
}

static Matrix randomMatrix(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 random(seed);
  Matrix matrix(rows, columns);
  for (double &value : matrix.reshaped())
    value = double(random()) / 2147483648.0 - 1.0;
  return matrix;
}

static std::vector<float> toFloats(const Matrix &matrix) {
  return std::vector<float>(matrix.data(), matrix.data() + matrix.size());
}

static llvm::ArrayRef<double> ref(const Matrix &matrix) {
  return {matrix.data(), size_t(matrix.size())};
}

// A few columns of the inputs are much larger than the others.
static Matrix makeInputs(int64_t tokens, int64_t columns, unsigned seed) {
  Matrix x = randomMatrix(tokens, columns, seed);
  for (int64_t j = 0; j < columns; ++j)
    x.col(j) *= j % 13 == 5 ? 30.0 : 1.0;
  return x;
}

static std::vector<double> getAbsmean(const Matrix &x) {
  std::vector<double> absmean;
  for (int64_t j = 0; j < x.cols(); ++j)
    absmean.push_back(x.col(j).cwiseAbs().mean());
  return absmean;
}

static Matrix decode(llvm::ArrayRef<char> payload, const Format &format,
                     int64_t rows, int64_t columns) {
  PackedView packed(payload.data(), format, rows, columns);
  Matrix values(rows, columns);
  for (int64_t i = 0; i < rows * columns; ++i)
    values(i / columns, i % columns) = packed.value(i / columns, i % columns);
  return values;
}

static Matrix quantizeNearest(const Matrix &matrix, const Format &format) {
  std::vector<float> values = toFloats(matrix);
  std::vector<char> payload(
      PlainLayout::get(format, matrix.rows(), matrix.cols()).totalBytes);
  llvm::cantFail(
      quantizeRtn(TensorView(reinterpret_cast<char *>(values.data()),
                             FloatType::F32, {matrix.rows(), matrix.cols()}),
                  format, payload));
  return decode(payload, format, matrix.rows(), matrix.cols());
}

// Each exponent by hand, the errors as those of outputs.
TEST(Awq, FindsTheScalesOfLeastError) {
  constexpr int64_t tokens = 400, columns = 75;
  Matrix x = makeInputs(tokens, columns, 1), gram = x.transpose() * x;
  std::vector<double> absmean = getAbsmean(x);
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), columns, {1e-9}));
  Matrix weights[] = {randomMatrix(24, columns, 2),
                      randomMatrix(9, columns, 3)};
  std::vector<float> floats[] = {toFloats(weights[0]), toFloats(weights[1])};
  Format formats[] = {parse("int4:group=32"), parse("int3:channel")};
  AwqScales found = llvm::cantFail(searchAwqScales(
      {{floats[0], formats[0]}, {floats[1], formats[1]}}, hessian, absmean));

  double least = INFINITY, plain = 0.0;
  Eigen::VectorXd best;
  for (int i = 0; i < 20; ++i) {
    Eigen::VectorXd s = Eigen::Map<Eigen::VectorXd>(absmean.data(), columns)
                            .array()
                            .pow(i / 20.0);
    s /= std::sqrt(s.maxCoeff() * s.minCoeff());
    s = s.cast<float>().cast<double>();
    double error = 0.0;
    for (int k : {0, 1}) {
      Matrix q = quantizeNearest(weights[k] * s.asDiagonal(), formats[k]) *
                 s.cwiseInverse().asDiagonal();
      error += (x * (weights[k] - q).transpose()).squaredNorm();
    }
    plain = i == 0 ? error : plain;
    if (error < least) {
      least = error;
      best = s;
    }
  }
  EXPECT_NEAR(found.plainError, plain, 1e-3 * plain);
  EXPECT_NEAR(found.error, least, 1e-3 * least);
  EXPECT_LT(found.error, 0.6 * found.plainError);
  EXPECT_GT(found.exponent, 0.0);
  for (int64_t j = 0; j < columns; ++j)
    EXPECT_NEAR(found.scales[j], best[j], 1e-6 * best[j]);
}

TEST(Awq, SharesScalesInClasses) {
  constexpr int64_t columns = 64;
  Matrix x = makeInputs(200, columns, 4);
  x.col(7).setZero();
  x.col(39).setZero();
  Matrix gram = x.transpose() * x;
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), columns));
  std::vector<float> weight = toFloats(randomMatrix(16, columns, 5));
  std::vector<int64_t> classes;
  for (int64_t j = 0; j < columns; ++j)
    classes.push_back(j % 32);
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(3));
  AwqWeight weights[] = {{weight, parse("int3:group=16")}};
  AwqScales found = llvm::cantFail(
      searchAwqScales(weights, hessian, getAbsmean(x), classes, &pool));
  EXPECT_GT(found.exponent, 0.0);
  for (int64_t j = 0; j < 32; ++j)
    EXPECT_EQ(found.scales[j], found.scales[j + 32]);
  // No input ever had a value there.
  EXPECT_EQ(found.scales[7], 1.0f);
  AwqScales alone =
      llvm::cantFail(searchAwqScales(weights, hessian, getAbsmean(x), classes));
  EXPECT_EQ(found.error, alone.error);
  EXPECT_EQ(found.scales, alone.scales);
}

TEST(Awq, NamesWhatCannotBeScaled) {
  Matrix gram = Matrix::Identity(4, 4);
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), 4));
  std::vector<float> weight(8, 1.0f);
  weight[5] = NAN;
  EXPECT_EQ(llvm::toString(searchAwqScales({{weight, parse("int4:channel")}},
                                           hessian, {1.0, 1.0, 1.0, 1.0})
                               .takeError()),
            "expected finite values, got NaN at element 5");
}

// The error of a block's outputs by brute force.
TEST(Awq, ClipsWhereOutputsGain) {
  constexpr int64_t rows = 21, columns = 70, tokens = 300;
  Matrix x = makeInputs(tokens, columns, 6) +
             randomMatrix(tokens, 4, 7) * randomMatrix(4, columns, 8);
  Matrix gram = x.transpose() * x;
  Matrix weight = randomMatrix(rows, columns, 9).array().cube();
  weight = weight.cast<float>().cast<double>();
  std::vector<float> floats = toFloats(weight);
  for (const char *text : {"int3:group=32", "int4:group=32,zero-point",
                           "int4:channel", "nf4:group=16", "nvfp4"}) {
    Format format = parse(text);
    PlainLayout layout = PlainLayout::get(format, rows, columns);
    std::vector<char> payload(layout.totalBytes), again(layout.totalBytes);
    llvm::cantFail(
        quantizeClipped(floats, columns, ref(gram), format, payload));
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(2));
    llvm::cantFail(
        quantizeClipped(floats, columns, ref(gram), format, again, &pool));
    EXPECT_EQ(payload, again);

    Matrix clipped = weight - decode(payload, format, rows, columns);
    Matrix whole = weight - quantizeNearest(weight, format);
    double clippedSum = 0.0, wholeSum = 0.0;
    for (int64_t begin = 0; begin < columns; begin += layout.groupSize) {
      int64_t size = std::min(layout.groupSize, columns - begin);
      auto getErrors = [&](const Matrix &missing) -> Eigen::VectorXd {
        return (x.middleCols(begin, size) *
                missing.middleCols(begin, size).transpose())
            .colwise()
            .squaredNorm();
      };
      Eigen::VectorXd with = getErrors(clipped), without = getErrors(whole);
      for (int64_t row = 0; row < rows; ++row)
        EXPECT_LE(with[row], without[row] * (1.0 + 1e-6)) << text;
      clippedSum += with.sum();
      wholeSum += without.sum();
    }
    EXPECT_LT(clippedSum, 0.95 * wholeSum) << text;
  }
}

TEST(Awq, RefusesWhatItCannotClip) {
  std::vector<float> weight(8, 1.0f);
  Matrix gram = Matrix::Identity(4, 4);
  auto getError = [&](llvm::StringRef text) {
    std::vector<char> payload(PlainLayout::get(parse(text), 2, 4).totalBytes);
    return llvm::toString(
        quantizeClipped(weight, 4, ref(gram), parse(text), payload));
  };
  EXPECT_EQ(getError("int4:tensor"),
            "expected a format with free scales by channel or group, got "
            "int4:tensor,scale=f32");
  EXPECT_EQ(getError("bf16"),
            "expected a format with free scales by channel or group, got "
            "bf16");
  EXPECT_EQ(getError("codebook4:group=2"),
            "expected a format with free scales by channel or group, got "
            "codebook4:group=2,scale=f16");
  weight[6] = 1e30f;
  EXPECT_EQ(getError("int4:group=2"),
            "expected a scale within f16, got values from 1 to 1e+30 in the "
            "block at element 6");
  weight[3] = INFINITY;
  EXPECT_EQ(getError("int4:group=2"),
            "expected finite values, got inf at element 3");
}
