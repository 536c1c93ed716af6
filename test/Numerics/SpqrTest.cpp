//===- SpqrTest.cpp - small groups, coarse scales, few outliers -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Spqr.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"
#include <Eigen/Dense>
#include <cmath>
#include <random>

using namespace squint;
using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Weight));
}

namespace {
/// Weights with a few large ones, and inputs that depend on one another.
struct Layer {
  Layer(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), gram(columns, columns) {
    std::mt19937 random(4);
    std::normal_distribution<double> normal;
    for (int64_t i = 0; i < rows * columns; ++i)
      weight.push_back(
          float(normal(random) * (random() % 60 == 0 ? 8.0 : 1.0)));
    Matrix x(400, columns), mix(6, columns);
    for (double &value : mix.reshaped())
      value = normal(random);
    for (int64_t token = 0; token < 400; ++token) {
      x.row(token).setZero();
      for (int64_t i = 0; i < 6; ++i)
        x.row(token) += normal(random) * mix.row(i);
      for (int64_t column = 0; column < columns; ++column)
        x(token, column) += normal(random);
    }
    gram = x.transpose() * x;
  }
  Hessian hessian(bool actOrder, double damping = 1.0) const {
    return llvm::cantFail(Hessian::get({gram.data(), size_t(gram.size())},
                                       columns, {damping, actOrder}));
  }
  SpqrWeight quantize(double tau, bool actOrder = false,
                      llvm::StringRef format = "int3:group=16,scale=bilevel3",
                      llvm::ThreadPoolInterface *pool = nullptr) const {
    return llvm::cantFail(
        quantizeSpqr(weight, hessian(actOrder), parse(format), {tau}, pool));
  }
  double getError(const SpqrWeight &result) const {
    PackedView view(result.payload.data(), result.format, rows, columns);
    Matrix missing(rows, columns);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        missing(row, column) =
            weight[row * columns + column] - view.value(row, column);
    return (missing * gram * missing.transpose()).trace();
  }

  int64_t rows, columns;
  std::vector<float> weight;
  Matrix gram;
};
} // namespace

// GPTQ as published, with the inverse and its Cholesky factor in f64, on the
// grids that were stored; outliers take the f16 nearest to what a weight is by
// then. Columns in the order given.
static Matrix getPublished(const Layer &layer, const SpqrWeight &result,
                           llvm::ArrayRef<int64_t> order, double damping) {
  int64_t columns = layer.columns;
  Matrix h(columns, columns), w(layer.rows, columns), q = w;
  for (int64_t i = 0; i < columns; ++i) {
    for (int64_t j = 0; j < columns; ++j)
      h(i, j) = layer.gram(order[i], order[j]);
    for (int64_t row = 0; row < layer.rows; ++row)
      w(row, i) = layer.weight[row * columns + order[i]];
  }
  h.diagonal().array() += damping * layer.gram.diagonal().mean();
  Matrix u = Matrix(h.inverse()).llt().matrixU();
  PackedView view(result.payload.data(), result.format, layer.rows, columns);
  float top = float(result.format.maxCode());
  for (int64_t j = 0; j < columns; ++j)
    for (int64_t row = 0; row < layer.rows; ++row) {
      float scale = view.scale(row, order[j]),
            zero = view.offset(row, order[j]), value = float(w(row, j));
      float code =
          scale == 0.0f
              ? 0.0f
              : std::min(std::max(std::nearbyint(value / scale + zero), 0.0f),
                         top);
      q(row, order[j]) = view.outlier(row, order[j])
                             ? halfToFloat(floatToHalf(value))
                             : (code - zero) * scale;
      double error = (w(row, j) - q(row, order[j])) / u(j, j);
      for (int64_t k = j; k < columns; ++k)
        w(row, k) -= error * u(j, k);
    }
  return q;
}

TEST(Spqr, GivesTheCodesOfThePublishedAlgorithm) {
  Layer layer(37, 90);
  for (const char *text :
       {"int3:group=16,scale=bilevel3", "int4:group=24,scale=bilevel3"})
    for (bool actOrder : {false, true})
      for (double tau : {kInfinity, 0.2}) {
        SpqrWeight result = layer.quantize(tau, actOrder, text);
        EXPECT_EQ(result.outliers == 0, std::isinf(tau));
        Hessian hessian = layer.hessian(actOrder);
        Matrix expected = getPublished(layer, result, hessian.getOrder(), 1.0);
        PackedView view(result.payload.data(), result.format, layer.rows,
                        layer.columns);
        std::vector<float> decoded(layer.rows * layer.columns);
        view.dequantizeRows(0, layer.rows, decoded.data());
        int64_t differing = 0;
        for (int64_t row = 0; row < layer.rows; ++row) {
          bool same = true;
          for (int64_t column = 0; column < layer.columns; ++column) {
            float value = decoded[row * layer.columns + column];
            EXPECT_EQ(value, view.value(row, column));
            same &= std::fabs(value - expected(row, column)) <=
                    1e-3 * std::fabs(value) + 1e-6;
          }
          differing += !same;
        }
        // A value in the middle of two codes may take either.
        EXPECT_LE(differing, 1) << text << " tau " << tau;
      }
}

// Without outliers, each group's grid is as near to its range as 3 bits are.
TEST(Spqr, CoversTheRangeOfEachGroup) {
  Layer layer(40, 64);
  SpqrWeight result = layer.quantize(kInfinity);
  PackedView view(result.payload.data(), result.format, 40, 64);
  for (int64_t row = 0; row < 40; ++row)
    for (int64_t begin = 0; begin < 64; begin += 16) {
      auto [min, max] =
          std::minmax_element(&layer.weight[row * 64 + begin],
                              &layer.weight[row * 64 + begin] + 16);
      float scale = view.scale(row, begin);
      float wanted = (*max - *min) / 7;
      float least = std::numeric_limits<float>::infinity(), most = 0;
      for (int64_t other = row / 16 * 16;
           other < std::min<int64_t>(row / 16 * 16 + 16, 40); ++other) {
        auto [low, high] =
            std::minmax_element(&layer.weight[other * 64 + begin],
                                &layer.weight[other * 64 + begin] + 16);
        least = std::min(least, (*high - *low) / 7);
        most = std::max(most, (*high - *low) / 7);
      }
      EXPECT_NEAR(scale, wanted, (most - least) / 14 * 1.01 + 2e-3);
    }
}

TEST(Spqr, OutliersMakeTheErrorSmaller) {
  Layer layer(64, 96);
  double previous = kInfinity;
  int64_t count = -1;
  for (double tau : {kInfinity, 1.0, 0.2, 0.05}) {
    SpqrWeight result = layer.quantize(tau, true);
    double error = layer.getError(result);
    EXPECT_LT(error, previous) << tau;
    EXPECT_GT(result.outliers, count) << tau;
    previous = error;
    count = result.outliers;
  }
  // All of them: nothing but f16's rounding is left.
  SpqrWeight all = layer.quantize(1e-12);
  EXPECT_GT(all.outliers, 64 * 96 * 9 / 10);
  EXPECT_LT(layer.getError(all), previous * 1e-3);
}

TEST(Spqr, DoesNotDependOnThreads) {
  Layer layer(100, 48);
  SpqrWeight one = layer.quantize(0.2);
  for (unsigned threads : {1, 3}) {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
    SpqrWeight other =
        layer.quantize(0.2, false, "int3:group=16,scale=bilevel3", &pool);
    EXPECT_TRUE(one.payload == other.payload);
    EXPECT_TRUE(one.format == other.format);
  }
}

TEST(Spqr, TakesConstantGroupsAndSmallValues) {
  Layer layer(18, 33);
  for (int64_t i = 0; i < 18 * 33; ++i)
    layer.weight[i] = i / 33 % 4 == 0   ? 0.0f
                      : i / 33 % 4 == 1 ? -2.5f
                      : i / 33 % 4 == 2 ? 0.75f
                                        : 1e-12f;
  SpqrWeight result = layer.quantize(0.2);
  PackedView view(result.payload.data(), result.format, 18, 33);
  for (int64_t row = 0; row < 18; ++row)
    for (int64_t column = 0; column < 33; ++column)
      EXPECT_NEAR(view.value(row, column), layer.weight[row * 33 + column],
                  0.2);
}

TEST(Spqr, NamesWhatIsWrong) {
  Layer layer(4, 32);
  auto getMessage = [&](llvm::StringRef format, double tau) {
    auto result =
        quantizeSpqr(layer.weight, layer.hessian(false), parse(format), {tau});
    return result ? "" : llvm::toString(result.takeError());
  };
  EXPECT_EQ(getMessage("int3:group=16", 0.2),
            "expected a format with scale=bilevel3 and no outliers yet, got "
            "int3:group=16,scale=f16");
  EXPECT_EQ(getMessage("int3:group=16,scale=bilevel3", -1),
            "expected a threshold above 0, got -1");
  layer.weight[5] = std::nanf("");
  EXPECT_EQ(getMessage("int3:group=16,scale=bilevel3", 0.2),
            "expected finite values, got NaN at element 5");
  layer.weight[5] = 1e30f;
  EXPECT_NE(getMessage("int3:group=16,scale=bilevel3", 0.2), "");
}
