//===- GptqTest.cpp - rounding that compensates its own errors --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Gptq.h"
#include "squint/Numerics/Codebook.h"
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

namespace {
/// A layer whose inputs depend on one another and differ in size.
struct Layer {
  Layer(int64_t rows, int64_t columns, unsigned seed = 1, int64_t tokens = 300)
      : rows(rows), columns(columns),
        x(randomMatrix(tokens, columns, seed) +
          randomMatrix(tokens, 5, seed + 1) *
              randomMatrix(5, columns, seed + 2)) {
    for (int64_t j = 0; j < columns; ++j)
      x.col(j) *= std::exp2(double(j * 7 % 5) - 2.0);
    Matrix cubes = randomMatrix(rows, columns, seed + 3).array().cube();
    weight.resize(rows * columns);
    std::copy_n(cubes.data(), cubes.size(), weight.begin());
  }
  Matrix gram() const { return x.transpose() * x; }
  Matrix matrix() const {
    return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic,
                                          Eigen::RowMajor>>(weight.data(), rows,
                                                            columns)
        .cast<double>();
  }

  int64_t rows, columns;
  Matrix x;
  std::vector<float> weight;
};
} // namespace

static llvm::ArrayRef<double> ref(const Matrix &matrix) {
  return {matrix.data(), size_t(matrix.size())};
}

static std::vector<char> quantize(const GptqLayer &layer,
                                  const Hessian &hessian, const Format &format,
                                  const GptqOptions &options = {},
                                  GptqReport *report = nullptr,
                                  llvm::ThreadPoolInterface *pool = nullptr) {
  int64_t columns = hessian.columns();
  std::vector<char> payload(
      PlainLayout::get(format, layer.weight.size() / columns, columns)
          .totalBytes,
      char(0xcc));
  llvm::cantFail(
      quantizeGptq(layer, hessian, format, options, payload, report, pool));
  return payload;
}

static std::vector<char> quantize(const Layer &layer, llvm::StringRef format,
                                  const GptqOptions &options = {},
                                  GptqReport *report = nullptr,
                                  const HessianOptions &damping = {}) {
  Matrix gram = layer.gram();
  Hessian hessian =
      llvm::cantFail(Hessian::get(ref(gram), layer.columns, damping));
  GptqLayer input;
  input.weight = layer.weight;
  return quantize(input, hessian, parse(format), options, report);
}

static Matrix decode(const std::vector<char> &payload, llvm::StringRef format,
                     int64_t rows, int64_t columns) {
  PackedView packed(payload.data(), parse(format), rows, columns);
  Matrix values(rows, columns);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      values(row, column) = packed.value(row, column);
  return values;
}

static const char *const kFormats[] = {"int2:group=32",
                                       "int3:group=32",
                                       "int4:channel",
                                       "int4:group=5,zero-point",
                                       "int4:tensor",
                                       "int3:group=20,min",
                                       "int5:group=16,scale=bf16",
                                       "int6:channel,zero-point",
                                       "int8:channel",
                                       "int8:group=32",
                                       "nf4:group=32",
                                       "f8e4m3",
                                       "mxfp4",
                                       "mxfp8",
                                       "nvfp4",
                                       "bnb-fp4:group=32"};
// Tables in place of grids, and weights that stay zero.
static const char *const kOthers[] = {
    "codebook2:group=32",       "codebook3:channel",
    "codebook2:tensor",         "int8:channel,sparse=2:4",
    "int4:group=32,sparse=2:4", "int8:channel,sparse=60%",
    "int4:group=32,sparse=30%"};

// Inputs that have nothing to do with one another leave nothing to compensate.
TEST(Gptq, RoundsToNearestWhereInputsAreIndependent) {
  constexpr int64_t rows = 21, columns = 75;
  Layer layer(rows, columns);
  Matrix gram = 0.37 * Matrix::Identity(columns, columns);
  TensorView view(reinterpret_cast<const char *>(layer.weight.data()),
                  FloatType::F32, {rows, columns});
  GptqLayer input;
  input.weight = layer.weight;
  std::vector<const char *> formats(std::begin(kFormats), std::end(kFormats));
  formats.insert(formats.end(), std::begin(kOthers), std::end(kOthers));
  for (const char *text : formats)
    for (bool staticGroups : {true, false}) {
      Format format = parse(text);
      Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), columns));
      GptqOptions options;
      options.range = RangeRule::MinMax;
      options.staticGroups = staticGroups;
      std::vector<char> expected(
          PlainLayout::get(format, rows, columns).totalBytes);
      llvm::cantFail(quantizeRtn(view, format, expected));
      GptqReport report;
      EXPECT_TRUE(quantize(input, hessian, format, options, &report) ==
                  expected)
          << text;
      EXPECT_NEAR(report.nearest, report.compensated, 1e-9) << text;
    }
}

// The algorithm as the paper states it: the inverse, its Cholesky factor, and
// updates of all later columns, in f64.
// SparseGPT chooses two of every four columns when it reaches the first one, or
// of 128 as many as would be chosen of the row before it starts.
static Matrix getPublished(Matrix w, const Matrix &h, const PackedView &grids,
                           const char *payload) {
  Matrix u = Matrix(h.inverse()).llt().matrixU();
  Matrix q(w.rows(), w.cols());
  const Format &format = grids.format();
  auto round = [&](int64_t row, int64_t j) -> float {
    if (format.isCodebook()) {
      std::vector<float> table;
      for (int64_t i = 0; i < format.scalesPerBlock(); ++i)
        table.push_back(loadScale(
            payload + grids.layout().scalesOffset,
            grids.layout().scaleIndex(row, j) * format.scalesPerBlock() + i,
            format.scale));
      return table[findNearest(table, float(w(row, j)))];
    }
    double scale = grids.scale(row, j), zero = grids.zeroPoint(row, j);
    float min = grids.min(row, j);
    double code =
        std::nearbyint((float(w(row, j)) + min) / float(scale)) + zero;
    code = std::min(std::max(code, double(format.minCode())),
                    double(format.maxCode()));
    return float(code - zero) * float(scale) - min;
  };
  Matrix keep = Matrix::Ones(w.rows(), w.cols());
  auto drop = [&](int64_t row, int64_t begin, int64_t end, int64_t kept) {
    auto cost = [&](int64_t k) { return std::pow(w(row, k) / u(k, k), 2); };
    keep.row(row).segment(begin, end - begin).setOnes();
    for (int64_t left = end - begin; left > kept; --left) {
      int64_t least = -1;
      for (int64_t k = begin; k < end; ++k)
        if (keep(row, k) != 0.0 && (least < 0 || cost(k) < cost(least)))
          least = k;
      keep(row, least) = 0.0;
    }
  };
  for (int64_t row = 0; format.prunedPercent && row < w.rows(); ++row)
    drop(row, 0, w.cols(), grids.layout().stored);
  for (int64_t j = 0; j < w.cols(); ++j)
    for (int64_t row = 0; row < w.rows(); ++row) {
      int64_t size = format.isTwoOfFour() ? 4 : 128,
              end = std::min(j + size, w.cols());
      if (format.sparse && j % size == 0)
        drop(row, j, end,
             format.isTwoOfFour()
                 ? 2
                 : int64_t(keep.row(row).segment(j, end - j).sum()));
      q(row, j) = keep(row, j) != 0.0 ? round(row, j) : 0.0f;
      double error = (w(row, j) - q(row, j)) / u(j, j);
      for (int64_t k = j; k < w.cols(); ++k)
        w(row, k) -= error * u(j, k);
    }
  return q;
}

TEST(Gptq, GivesTheCodesOfThePublishedAlgorithm) {
  constexpr int64_t rows = 37, columns = 150;
  Layer layer(rows, columns, 5);
  Matrix h = layer.gram();
  h.diagonal().array() += 0.01 * layer.gram().diagonal().mean();
  for (const char *text :
       {"int4:group=32", "int3:group=16,zero-point", "int4:channel",
        "int8:tensor", "int2:group=7", "int4:group=30,min",
        "codebook2:group=32", "codebook3:channel", "codebook2:tensor",
        "int8:channel,sparse=2:4", "int4:group=32,sparse=2:4",
        "int8:channel,sparse=50%", "int4:group=32,sparse=25%"}) {
    std::vector<char> payload = quantize(layer, text);
    Matrix actual = decode(payload, text, rows, columns);
    Matrix expected = getPublished(
        layer.matrix(), h,
        PackedView(payload.data(), parse(text), rows, columns), payload.data());
    // A value on the middle of two codes may take either, and all that follow
    // it in its row with it.
    int64_t differing = 0;
    for (int64_t row = 0; row < rows; ++row)
      differing += actual.row(row) != expected.row(row);
    EXPECT_LE(differing, 1) << text;
  }
}

TEST(Gptq, ReportsWhatItLeaves) {
  Layer layer(24, 64, 9);
  Matrix h = layer.gram();
  h.diagonal().array() += 0.01 * layer.gram().diagonal().mean();
  GptqReport report;
  GptqOptions options;
  options.descentPasses = 2;
  for (bool actOrder : {false, true}) {
    std::vector<char> payload =
        quantize(layer, "int3:group=16", options, &report, {0.01, actOrder});
    Matrix missing = layer.matrix() - decode(payload, "int3:group=16", 24, 64);
    double error = (missing * h * missing.transpose()).trace();
    double energy = (layer.matrix() * h * layer.matrix().transpose()).trace();
    EXPECT_NEAR(report.descended, error, 1e-9 * energy);
    EXPECT_NEAR(report.energy, energy, 1e-9 * energy);
    EXPECT_LT(report.compensated, 0.7 * report.nearest);
    EXPECT_LT(report.descended, 0.97 * report.compensated);
  }
}

TEST(Gptq, DoesNotDependOnTheBlockSize) {
  Layer layer(19, 131, 3);
  for (const char *text : {"int4:group=32", "int3:group=50,zero-point"})
    for (bool staticGroups : {true, false}) {
      GptqOptions options;
      options.staticGroups = staticGroups;
      std::vector<char> expected = quantize(layer, text, options);
      for (int64_t blockSize : {1, 4, 12, 32, 100, 1000}) {
        options.blockSize = blockSize;
        EXPECT_TRUE(quantize(layer, text, options) == expected) << blockSize;
      }
    }
}

TEST(Gptq, GivesTheSameBytesForAnyCountOfThreads) {
  Layer layer(203, 64, 4);
  Matrix gram = layer.gram(), shift = randomMatrix(64, 64, 5);
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), 64, {0.01, true}));
  GptqLayer input;
  input.weight = layer.weight;
  input.inputShift = ref(shift);
  GptqOptions options;
  options.descentPasses = 1;
  Format format = parse("int4:group=16");
  GptqReport expectedReport, report;
  std::vector<char> expected =
      quantize(input, hessian, format, options, &expectedReport);
  for (unsigned threads : {1, 2, 5}) {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
    EXPECT_EQ(quantize(input, hessian, format, options, &report, &pool),
              expected);
    EXPECT_EQ(report.descended, expectedReport.descended);
  }
}

// Every pass lowers the error, and no code alone could lower it further at the
// end of one over codes.
TEST(Gptq, NeverRaisesTheErrorInDescent) {
  Layer layer(24, 70, 6);
  for (const char *text : kFormats)
    for (bool actOrder : {false, true}) {
      GptqReport report;
      GptqOptions options;
      double last = INFINITY;
      for (int passes = 0; passes < 5; ++passes) {
        options.descentPasses = passes;
        quantize(layer, text, options, &report, {0.01, actOrder});
        EXPECT_LE(report.descended, last * (1.0 + 1e-6)) << text << passes;
        last = report.descended;
      }
      EXPECT_LT(last, report.compensated) << text;
    }
}

TEST(Gptq, SearchesRangesForLessError) {
  Layer layer(64, 96, 8);
  for (const char *text : kFormats) {
    GptqReport whole, searched;
    GptqOptions options;
    quantize(layer, text, options, &searched);
    options.range = RangeRule::MinMax;
    quantize(layer, text, options, &whole);
    // Groups of many codes have little to gain.
    double bound = parse(text).bits() >= 6 ? 1.05 : 1.0;
    EXPECT_LT(searched.compensated, bound * whole.compensated) << text;
  }
}

TEST(Gptq, AsksForWhatTheFloatModelGives) {
  constexpr int64_t rows = 43, columns = 66, tokens = 300;
  Layer layer(rows, columns, 10, tokens);
  Matrix drift = 0.1 * randomMatrix(tokens, columns, 11);
  Matrix residual = randomMatrix(tokens, rows, 12);
  Matrix gram = layer.gram(), inputShift = drift.transpose() * layer.x,
         residualShift = residual.transpose() * layer.x;
  Matrix h = gram;
  h.diagonal().array() += 0.01 * gram.diagonal().mean();

  // A token at a time: (W xf + r) - W* x, its squares with those of W* - W
  // damped, is least for this W*.
  Matrix wanted =
      layer.matrix() +
      (0.5 * layer.matrix() * inputShift + 0.25 * residualShift) * h.inverse();
  Layer shifted = layer;
  for (int64_t i = 0; i < rows * columns; ++i)
    shifted.weight[i] = float(wanted.data()[i]);

  for (bool actOrder : {false, true}) {
    HessianOptions options{0.01, actOrder};
    Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), columns, options));
    GptqLayer input;
    input.weight = layer.weight;
    input.inputShift = ref(inputShift);
    input.residualShift = ref(residualShift);
    input.residualShare = 0.25;
    std::vector<float> targets = getTargets(input, hessian);
    for (size_t i = 0; i < targets.size(); ++i)
      ASSERT_NEAR(targets[i], shifted.weight[i], 1e-5);
    auto actual =
        decode(quantize(input, hessian, parse("int5:group=32,scale=f32")),
               "int5:group=32,scale=f32", rows, columns);
    auto expected = decode(
        quantize(shifted, "int5:group=32,scale=f32", {}, nullptr, options),
        "int5:group=32,scale=f32", rows, columns);
    EXPECT_LT((actual - expected).norm(), 1e-3 * expected.norm());

    // Nothing asked for is nothing changed.
    input.inputShare = input.residualShare = 0.0;
    GptqLayer plain;
    plain.weight = layer.weight;
    EXPECT_EQ(quantize(input, hessian, parse("int4:group=32")),
              quantize(plain, hessian, parse("int4:group=32")));
  }
}

TEST(Gptq, LeavesDeadColumnsOut) {
  constexpr int64_t rows = 11, columns = 40;
  Layer layer(rows, columns, 13);
  layer.x.col(3).setZero();
  layer.x.col(17).setZero();
  Matrix gram = layer.gram();
  for (bool actOrder : {false, true}) {
    Hessian hessian =
        llvm::cantFail(Hessian::get(ref(gram), columns, {0.01, actOrder}));
    EXPECT_EQ(hessian.countDead(), 2);
    EXPECT_TRUE(hessian.isDead(3) && hessian.isDead(17));
    EXPECT_EQ(hessian.damping(), 0.01);
    GptqLayer input;
    input.weight = layer.weight;
    Matrix values = decode(quantize(input, hessian, parse("int4:group=16")),
                           "int4:group=16", rows, columns);
    EXPECT_TRUE(values.col(3).isZero() && values.col(17).isZero());
    // Their weights do not matter to anything.
    Layer other = layer;
    for (int64_t row = 0; row < rows; ++row)
      other.weight[row * columns + 17] = 100.0f;
    input.weight = other.weight;
    EXPECT_EQ(decode(quantize(input, hessian, parse("int4:group=16")),
                     "int4:group=16", rows, columns),
              values);
  }
}

// An expert that no token reached.
TEST(Gptq, RoundsToNearestWhereNothingIsKnown) {
  Layer layer(5, 32, 14);
  Matrix gram = Matrix::Zero(32, 32);
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), 32));
  EXPECT_EQ(hessian.countDead(), 32);
  GptqLayer input;
  input.weight = layer.weight;
  GptqOptions options;
  options.range = RangeRule::MinMax;
  Format format = parse("int4:group=16");
  std::vector<char> expected(PlainLayout::get(format, 5, 32).totalBytes);
  llvm::cantFail(
      quantizeRtn(TensorView(reinterpret_cast<char *>(layer.weight.data()),
                             FloatType::F32, {5, 32}),
                  format, expected));
  EXPECT_EQ(quantize(input, hessian, format, options), expected);
}

// Fewer tokens than columns.
TEST(Gptq, RaisesTheDampingUntilItHelps) {
  Layer layer(8, 64, 15, 20);
  Matrix gram = layer.gram();
  EXPECT_EQ(llvm::cantFail(Hessian::get(ref(gram), 64)).damping(), 0.01);
  Hessian hessian = llvm::cantFail(Hessian::get(ref(gram), 64, {0.0, false}));
  EXPECT_GT(hessian.damping(), 0.0);
  EXPECT_LE(hessian.damping(), 0.01);
  // Not second moments of anything.
  gram(0, 0) = 1.0;
  gram(1, 0) = -1e30;
  std::string message = llvm::toString(Hessian::get(ref(gram), 64).takeError());
  EXPECT_EQ(message.find("expected second moments of inputs to be positive "
                         "definite once damped"),
            0u)
      << message;
  gram(7, 5) = std::nan("");
  EXPECT_EQ(llvm::toString(Hessian::get(ref(gram), 64).takeError()),
            "expected finite second moments of inputs, got nan for columns 7 "
            "and 5");
}

static std::string quantizeError(const Layer &layer, llvm::StringRef format,
                                 const GptqOptions &options = {},
                                 bool actOrder = false) {
  Matrix gram = layer.gram();
  Hessian hessian =
      llvm::cantFail(Hessian::get(ref(gram), layer.columns, {0.01, actOrder}));
  GptqLayer input;
  input.weight = layer.weight;
  Format parsed = parse(format);
  std::vector<char> payload(
      PlainLayout::get(parsed, layer.rows, layer.columns).totalBytes);
  return llvm::toString(quantizeGptq(input, hessian, parsed, options, payload));
}

TEST(Gptq, RefusesWhatItCannotDo) {
  Layer layer(70, 24, 16);
  GptqOptions dynamic;
  dynamic.staticGroups = false;
  EXPECT_EQ(quantizeError(layer, "int4:group=8", dynamic), "");
  EXPECT_EQ(quantizeError(layer, "int4:group=8", dynamic, true),
            "expected static groups where columns are taken in another order "
            "than their own");
  EXPECT_EQ(quantizeError(layer, "int4:channel", dynamic, true), "");
  EXPECT_EQ(quantizeError(layer, "f16"),
            "expected a format with scales, got f16");
  layer.weight[24 * 50 + 9] = 1e30f;
  EXPECT_EQ(quantizeError(layer, "int4:group=8")
                .find("expected a scale within "
                      "f16, got values from"),
            0u);
  layer.weight[24 * 60 + 2] = -INFINITY;
  EXPECT_EQ(quantizeError(layer, "int4:group=8"),
            "expected finite values, got -inf at element 1442");
}
