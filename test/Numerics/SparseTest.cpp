//===- SparseTest.cpp - which weights are kept ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Sparse.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Rtn.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"
#include <random>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Weight));
}

static std::vector<char> quantize(const std::vector<float> &values,
                                  int64_t rows, const Format &format) {
  int64_t columns = int64_t(values.size()) / rows;
  std::vector<char> payload(PlainLayout::get(format, rows, columns).totalBytes);
  TensorView view(reinterpret_cast<const char *>(values.data()), FloatType::F32,
                  {rows, columns});
  llvm::cantFail(quantizeRtn(view, format, payload));
  return payload;
}

static std::vector<float> prune(llvm::StringRef text, std::vector<float> row,
                                llvm::ArrayRef<float> importance = {}) {
  squint::prune(parse(text), row, importance);
  return row;
}

// Of largest magnitude, and of equals the first.
TEST(Sparse, KeepsTwoOfFour) {
  using Row = std::vector<float>;
  EXPECT_EQ(prune("int8,sparse=2:4", {1, -3, 2, 0.5, 2, 2, -2, 2, 4, -5, 6}),
            (Row{0, -3, 2, 0, 2, 2, 0, 0, 0, -5, 6}));
  EXPECT_EQ(prune("int8,sparse=2:4", {3, 2, 1, 1}, {1, 1, 16, 5}),
            (Row{3, 0, 1, 0}));
}

TEST(Sparse, KeepsAPartOfARow) {
  using Row = std::vector<float>;
  EXPECT_EQ(prune("int8,sparse=50%", {1, -3, 2, 0.5, 2, 2, -2}),
            (Row{0, -3, 2, 0, 2, 2, 0}));
  EXPECT_EQ(prune("int8,sparse=99%", {1, -3, 2}), (Row{0, -3, 0}));
  EXPECT_EQ(prune("int8,sparse=1%", {0, -3, 2}), (Row{0, -3, 2}));
  EXPECT_EQ(prune("int4,sparse=75%", {4, 1, 1, 3}, {1, 20, 1, 1}),
            (Row{0, 1, 0, 0}));
}

// The codes are those of the values that are kept, in as many bytes as they
// take and a bit for each column.
TEST(Sparse, StoresWhatIsKept) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (int64_t columns : {1, 2, 3, 5, 31, 64, 71, 200})
    for (auto [dense, option, bytes] :
         {std::tuple("int8:channel", ",sparse=2:4", 40),
          std::tuple("int4:group=32", ",sparse=2:4", 24),
          std::tuple("int3:tensor", ",sparse=2:4", 20),
          std::tuple("int8:channel", ",sparse=50%", 40),
          std::tuple("int4:group=12", ",sparse=75%", 16),
          std::tuple("int4:tensor", ",sparse=1%", 40)}) {
      Format format = parse(std::string(dense) + option), whole = parse(dense);
      SCOPED_TRACE(format.str() + " " + std::to_string(columns));
      EXPECT_EQ(PlainLayout::get(format, 1, 64).rowBytes, bytes);
      std::vector<float> values(3 * columns);
      for (float &value : values)
        value = random() % 5 ? normal(random) : 0.0f;
      std::vector<float> kept(values);
      for (int64_t row = 0; row < 3; ++row)
        squint::prune(format, {kept.data() + row * columns, size_t(columns)});
      std::vector<char> want = quantize(kept, 3, whole),
                        got = quantize(values, 3, format);
      PackedView wanted(want.data(), whole, 3, columns),
          view(got.data(), format, 3, columns);
      std::vector<float> decoded(columns);
      for (int64_t row = 0; row < 3; ++row) {
        view.dequantizeRows(row, row + 1, decoded.data());
        for (int64_t k = 0; k < columns; ++k) {
          ASSERT_EQ(view.code(row, k), wanted.code(row, k)) << k;
          ASSERT_EQ(view.value(row, k), wanted.value(row, k));
          ASSERT_EQ(decoded[k], wanted.value(row, k));
        }
      }
    }
}

// A mask with more bits than there are codes, or with none, names no others.
TEST(Sparse, ReadsAnyMask) {
  Format format = parse("int8:channel,sparse=50%");
  for (char fill : {0, -1, 0x55}) {
    std::vector<char> payload(PlainLayout::get(format, 2, 21).totalBytes, fill);
    PackedView view(payload.data(), format, 2, 21);
    int64_t count = 0, last = -1;
    view.forKept(1, [&](int64_t column, uint32_t) {
      EXPECT_LT(last, column);
      EXPECT_LT(column, 21);
      last = column;
      ++count;
    });
    EXPECT_EQ(count, fill == 0 ? 0 : 11);
  }
}
