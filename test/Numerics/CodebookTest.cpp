//===- CodebookTest.cpp - tables that fit their blocks ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Codebook.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Rtn.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Weight));
}

static double getError(llvm::ArrayRef<float> table,
                       llvm::ArrayRef<float> values,
                       llvm::ArrayRef<float> importance) {
  double sum = 0.0;
  for (auto [value, mass] : llvm::zip(values, importance)) {
    double distance = value - table[findNearest(table, value)];
    sum += mass * distance * distance;
  }
  return sum;
}

/// The least error of all ways to cut `values` (ascending) into intervals about
/// their means, tried one after the other.
static double tryAll(llvm::ArrayRef<float> values,
                     llvm::ArrayRef<float> importance, int count) {
  double best = std::numeric_limits<double>::infinity();
  for (size_t first = 1; first <= values.size(); ++first) {
    double mass = 0.0, moment = 0.0, error = 0.0;
    for (size_t i = 0; i < first; ++i) {
      mass += importance[i];
      moment += double(importance[i]) * values[i];
    }
    for (size_t i = 0; i < first; ++i)
      error += importance[i] * std::pow(values[i] - moment / mass, 2);
    if (first < values.size())
      error += count == 1 ? best
                          : tryAll(values.drop_front(first),
                                   importance.drop_front(first), count - 1);
    best = std::min(best, error);
  }
  return best;
}

// No table is better than the one found: not that of any other cuts.
TEST(Codebook, IsTheBestTable) {
  Format format = parse("codebook2:channel,scale=f32");
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (int trial = 0; trial < 40; ++trial) {
    int count = 3 + trial % 9;
    std::vector<float> values, importance;
    for (int i = 0; i < count; ++i) {
      values.push_back(normal(random) + (trial % 2 ? 100.0f : 0.0f));
      importance.push_back(std::exp(2 * normal(random)));
    }
    std::vector<float> sorted(values), masses;
    llvm::sort(sorted);
    for (float value : sorted)
      masses.push_back(importance[llvm::find(values, value) - values.begin()]);
    std::vector<float> table = fitTable(format, values, importance);
    ASSERT_EQ(table.size(), 4u);
    ASSERT_TRUE(llvm::is_sorted(table));
    // Entries are rounded to f32.
    double best = tryAll(sorted, masses, 4);
    EXPECT_NEAR(getError(table, values, importance), best,
                1e-6 * best + (trial % 2 ? 1e-6 : 1e-12))
        << count << " values";
  }
}

TEST(Codebook, HoldsFewValuesAsTheyAre) {
  Format format = parse("codebook2:group=8");
  std::vector<float> values = {0.5f, -2.0f, 0.5f, 0.25f, -2.0f};
  std::vector<float> table = fitTable(format, values);
  for (float value : values)
    EXPECT_EQ(table[findNearest(table, value)], value);
  std::vector<float> same(7, 3.0f);
  EXPECT_EQ(fitTable(format, same), std::vector<float>(4, 3.0f));
}

TEST(Codebook, FindsTheNearestEntry) {
  std::vector<float> table = {-1.0f, 0.0f, 0.5f, 0.5f};
  EXPECT_EQ(findNearest(table, -7.0f), 0u);
  EXPECT_EQ(findNearest(table, -0.5f), 0u); // the middle goes to the lower one
  EXPECT_EQ(findNearest(table, -0.4f), 1u);
  EXPECT_EQ(findNearest(table, 0.25f), 1u);
  EXPECT_EQ(findNearest(table, 0.3f), 2u);
  EXPECT_EQ(findNearest(table, 9.0f), 2u); // one code for equal entries
}

static std::vector<char> quantize(const std::vector<float> &values,
                                  int64_t rows, const Format &format) {
  int64_t columns = int64_t(values.size()) / rows;
  std::vector<char> payload(PlainLayout::get(format, rows, columns).totalBytes);
  llvm::cantFail(
      quantizeRtn(TensorView(reinterpret_cast<const char *>(values.data()),
                             FloatType::F32, {rows, columns}),
                  format, payload));
  return payload;
}

// Each block's codes are of its own table, with a tail, and of one table for
// all.
TEST(Codebook, TakesTheNearestEntries) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> values(9 * 75);
  for (float &value : values)
    value = normal(random);
  for (llvm::StringRef text :
       {"codebook2:group=32", "codebook3:channel,scale=f32",
        "codebook4:tensor,scale=bf16", "codebook2:tensor"}) {
    Format format = parse(text);
    std::vector<char> payload = quantize(values, 9, format);
    PackedView view(payload.data(), format, 9, 75);
    int64_t block = format.granularity == Granularity::Tensor  ? 9 * 75
                    : format.granularity == Granularity::Group ? 32
                                                               : 75;
    std::vector<float> decoded(values.size());
    view.dequantizeRows(0, 9, decoded.data());
    int64_t length;
    for (int64_t start = 0; start < 9 * 75; start += length) {
      length = block == 32 ? std::min<int64_t>(32, 75 - start % 75) : block;
      std::vector<float> table =
          fitTable(format, llvm::ArrayRef(values).slice(start, length));
      for (int64_t i = start; i < start + length; ++i) {
        float want = table[findNearest(table, values[i])];
        ASSERT_EQ(decoded[i], want) << text.str() << " " << i;
        ASSERT_EQ(view.value(i / 75, i % 75), want);
      }
    }
  }
}
