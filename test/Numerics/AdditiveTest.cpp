//===- AdditiveTest.cpp - sums of vectors -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Additive.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"
#include <Eigen/Dense>
#include <random>

using namespace squint;
using Matrix =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Weight));
}

static Matrix randomMatrix(int64_t rows, int64_t columns, unsigned seed) {
  std::mt19937 random(seed);
  Matrix matrix(rows, columns);
  // Sums of uniform numbers: most are small.
  for (double &value : matrix.reshaped())
    for (int i = 0; i < 4; ++i)
      value = (i ? value : 0.0) + double(random()) / 4294967296.0 - 0.5;
  return matrix;
}

namespace {
/// A weight whose rows differ in size, and inputs that depend on one another.
struct Layer {
  Layer(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), matrix(randomMatrix(rows, columns, 1)) {
    Matrix x = randomMatrix(400, columns, 2) +
               randomMatrix(400, 5, 3) * randomMatrix(5, columns, 4);
    gram = x.transpose() * x;
    for (int64_t row = 0; row < rows; ++row)
      matrix.row(row) *= 0.2 + double(row % 7);
    matrix = matrix.cast<float>().cast<double>();
    for (double value : matrix.reshaped<Eigen::RowMajor>())
      weight.push_back(float(value));
  }
  Hessian hessian() const {
    return llvm::cantFail(
        Hessian::get({gram.data(), size_t(gram.size())}, columns));
  }
  /// tr(dW H dW^T), as Hessian.h defines H.
  double getError(const Matrix &decoded) const {
    Matrix h = gram;
    h.diagonal().array() += 0.01 * gram.diagonal().mean();
    Matrix missing = matrix - decoded;
    return (missing * h * missing.transpose()).trace();
  }

  int64_t rows, columns;
  Matrix matrix, gram;
  std::vector<float> weight;
};
} // namespace

static std::vector<char> makePayload(const Format &format, const Layer &layer) {
  return std::vector<char>(
      PlainLayout::get(format, layer.rows, layer.columns).totalBytes,
      char(0xcc));
}

static Matrix decode(llvm::ArrayRef<char> payload, const Format &format,
                     const Layer &layer) {
  std::vector<float> values(layer.rows * layer.columns);
  PackedView(payload.data(), format, layer.rows, layer.columns)
      .dequantizeRows(0, layer.rows, values.data());
  return Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic,
                                  Eigen::RowMajor>>(values.data(), layer.rows,
                                                    layer.columns)
      .cast<double>();
}

static std::vector<char> quantize(llvm::StringRef text, const Layer &layer,
                                  int rounds, GptqReport *report = nullptr,
                                  llvm::ThreadPoolInterface *pool = nullptr) {
  Format format = parse(text);
  std::vector<char> payload = makePayload(format, layer);
  llvm::cantFail(quantizeAdditive(layer.weight, layer.hessian(), format, rounds,
                                  payload, report, pool));
  return payload;
}

// A value is the sum of its entries times its scale, read bit by bit.
TEST(Additive, ValuesAreSums) {
  for (const char *text :
       {"additive2", "additive3:group=12", "additive2:tensor,scale=f32"})
    for (int64_t columns : {1, 4, 37}) {
      Format format = parse(text);
      PlainLayout layout = PlainLayout::get(format, 3, columns);
      std::mt19937 random(5);
      std::vector<char> payload(layout.totalBytes);
      for (int64_t i = 0; i < layout.codesBytes; ++i)
        payload[i] = char(random());
      for (int64_t i = 0; i < layout.scaleCount(); ++i)
        storeScale(float(random() % 100) * 0.01f, format.scale,
                   payload.data() + layout.scalesOffset, i);
      for (int64_t i = 0; i < format.tableNumbers(); ++i)
        storeScale(float(random() % 100) * 0.1f - 5.0f, ScaleType::F16,
                   payload.data() + layout.numbersOffset, i);
      PackedView view(payload.data(), format, 3, columns);
      std::vector<float> decoded(3 * columns);
      view.dequantizeRows(0, 3, decoded.data());
      for (int64_t row = 0; row < 3; ++row)
        for (int64_t column = 0; column < columns; ++column) {
          float sum = 0.0f;
          for (int64_t table = 0; table < format.bits(); ++table) {
            int64_t nibble = column / 4 * format.bits() + table;
            int code = uint8_t(payload[row * layout.rowBytes + nibble / 2]) >>
                           nibble % 2 * 4 &
                       15;
            sum +=
                loadScale(payload.data() + layout.numbersOffset,
                          (table * 16 + code) * 4 + column % 4, ScaleType::F16);
          }
          float want =
              sum * loadScale(payload.data() + layout.scalesOffset,
                              layout.scaleIndex(row, column), format.scale);
          ASSERT_EQ(view.value(row, column), want) << text << column;
          ASSERT_EQ(decoded[row * columns + column], want);
        }
    }
}

// The report says what the payload's values miss; rounds make that less, and it
// is less than a table for each block leaves, which takes more bytes.
TEST(Additive, LeavesLessThanOneCodebook) {
  for (int64_t columns : {64, 130}) {
    Layer layer(96, columns);
    GptqReport report, table;
    for (const char *text :
         {"additive2", "additive3:group=32", "additive2:tensor", "additive3"}) {
      SCOPED_TRACE(text);
      std::vector<char> payload = quantize(text, layer, 3, &report);
      double error = layer.getError(decode(payload, parse(text), layer));
      EXPECT_NEAR(report.energy, layer.getError(0.0 * layer.matrix),
                  1e-9 * report.energy);
      EXPECT_NEAR(report.descended, error, 1e-9 * report.energy);
      EXPECT_LT(report.descended, 0.95 * report.compensated);
      quantize(text, layer, 0, &table);
      EXPECT_EQ(table.descended, report.compensated);
    }
    Format codebook = parse("codebook2:group=64");
    std::vector<char> payload = makePayload(codebook, layer);
    GptqLayer input;
    input.weight = layer.weight;
    GptqOptions options;
    options.descentPasses = 2;
    llvm::cantFail(quantizeGptq(input, layer.hessian(), codebook, options,
                                payload, &table));
    EXPECT_LT(quantize("additive2", layer, 4, &report).size(), payload.size());
    EXPECT_LT(report.descended, table.descended);
  }
}

// Sixteen vectors are found again, all of them.
TEST(Additive, FindsAFewVectors) {
  Layer layer(64, 32);
  std::mt19937 random(9);
  for (int64_t row = 0; row < 64; ++row)
    for (int64_t vector = 0; vector < 8; ++vector) {
      int which = int(random() % 4);
      for (int64_t i = 0; i < 4; ++i)
        layer.weight[row * 32 + vector * 4 + i] =
            (which >> i & 1) ? 0.5f : -0.5f;
    }
  layer.matrix =
      Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic,
                               Eigen::RowMajor>>(layer.weight.data(), 64, 32)
          .cast<double>();
  GptqReport report;
  quantize("additive2", layer, 2, &report);
  EXPECT_LT(report.descended, 1e-6 * report.energy);
}

TEST(Additive, DoesNotDependOnThreads) {
  Layer layer(50, 70);
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(3));
  EXPECT_TRUE(quantize("additive2:group=20", layer, 2) ==
              quantize("additive2:group=20", layer, 2, nullptr, &pool));
}

TEST(Additive, RefusesWhatItIsNotFor) {
  Layer layer(8, 12);
  auto refuse = [&](llvm::StringRef text, const Hessian &hessian) {
    Format format = parse(text);
    std::vector<char> payload = makePayload(format, layer);
    return llvm::toString(
        quantizeAdditive(layer.weight, hessian, format, 1, payload));
  };
  EXPECT_EQ(refuse("int4", layer.hessian()),
            "expected an additive element, got int4:channel,scale=f32");
  layer.gram.diagonal()[7] *= 2;
  Hessian ordered = llvm::cantFail(Hessian::get(
      {layer.gram.data(), size_t(layer.gram.size())}, 12, {0.01, true}));
  EXPECT_EQ(refuse("additive2", ordered),
            "expected columns in their own order for "
            "additive2:channel,scale=f16");
  layer.weight[17] = INFINITY;
  EXPECT_NE(refuse("additive2", layer.hessian()), "");
}
