//===- HadamardTest.cpp - rotations are rotations ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Hadamard.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace squint;

// H H^T = n I, in integers; of every order that is known, fields of 9, 25, 27,
// 49, 125 and 343 elements among them.
TEST(Hadamard, RowsAreOrthogonal) {
  int64_t known = 0;
  for (int64_t order = 4; order <= 364; order += 4) {
    std::vector<float> h = getHadamardSigns(order);
    if (h.empty())
      continue;
    ++known;
    ASSERT_EQ(int64_t(h.size()), order * order);
    for (float sign : h)
      ASSERT_EQ(std::abs(sign), 1.0f);
    for (int64_t i = 0; i < order; ++i)
      for (int64_t j = 0; j <= i; ++j) {
        int64_t product = 0;
        for (int64_t k = 0; k < order; ++k)
          product += int64_t(h[i * order + k] * h[j * order + k]);
        ASSERT_EQ(product, i == j ? order : 0) << order;
      }
  }
  EXPECT_EQ(known, 54);
}

TEST(Hadamard, SizesOfModels) {
  const std::pair<int64_t, int64_t> orders[] = {
      {1, 1},       {2, 1},      {64, 1},      {4096, 1},   {576, 36},
      {1536, 12},   {384, 12},   {3072, 12},   {14336, 28}, {13824, 108},
      {18944, 148}, {8960, 140}, {11008, 344}, {5120, 20},  {9, 0},
      {18, 0},      {92, 0},     {0, 0},       {-4, 0}};
  for (auto [size, order] : orders)
    EXPECT_EQ(getHadamardOrder(size), order) << size;
  const std::pair<int64_t, int64_t> blocks[] = {
      {172, 4}, {576, 576}, {7, 1}, {192, 192}, {23 * 64, 1472}};
  for (auto [columns, block] : blocks)
    EXPECT_EQ(getHadamardBlock(columns), block) << columns;
}

TEST(Hadamard, KeepsLengthsAndAngles) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (int64_t size : {1, 2, 8, 64, 12, 20, 56, 576, 1536, 344}) {
    std::vector<float> signs = getHadamardSigns(getHadamardOrder(size));
    std::vector<double> x(size), y(size);
    for (int64_t i = 0; i < size; ++i)
      x[i] = normal(random), y[i] = normal(random);
    double before[3] = {}, after[3] = {};
    auto measure = [&](double *sums) {
      for (int64_t i = 0; i < size; ++i) {
        sums[0] += x[i] * x[i];
        sums[1] += y[i] * y[i];
        sums[2] += x[i] * y[i];
      }
    };
    measure(before);
    rotate(llvm::MutableArrayRef(x), signs);
    rotate(llvm::MutableArrayRef(y), signs);
    measure(after);
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(before[i], after[i], 1e-12 * size) << size;
  }
}

// The matrix is the Kronecker product of the signs and Sylvester's matrix,
// whose entry (i, j) is 1 where i & j has an even number of bits.
TEST(Hadamard, EqualsTheMatrix) {
  for (int64_t size : {16, 48, 40, 28}) {
    int64_t order = getHadamardOrder(size), p = size / order;
    std::vector<float> signs = getHadamardSigns(order);
    for (int64_t column = 0; column < size; ++column) {
      std::vector<float> x(size, 0.0f);
      x[column] = 1.0f;
      rotate(llvm::MutableArrayRef(x), signs);
      for (int64_t row = 0; row < size; ++row) {
        float sylvester =
            __builtin_popcountll((row % p) & (column % p)) % 2 ? -1.0f : 1.0f;
        EXPECT_EQ(x[row], signs[row / p * order + column / p] * sylvester *
                              float(1.0 / std::sqrt(double(size))));
      }
    }
  }
}
