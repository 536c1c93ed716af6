//===- ActivationsTest.cpp - quantized activations --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Activations.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Reference.h"
#include "squint/Numerics/Rtn.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Any));
}

TEST(Activations, RoundHalfToEvenAndReachBothEnds) {
  std::vector<float> values = {127.0f, -127.0f, 0.5f, 1.5f, 2.5f, -0.5f};
  int8_t codes[6];
  EXPECT_EQ(quantizeDynamic(values, parse("int8:token,scale=f32"), codes),
            1.0f);
  int8_t expected[] = {127, -127, 0, 2, 2, 0};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(codes[i], expected[i]);
}

TEST(Activations, RoundTheScaleFirst) {
  std::vector<float> values = {1.0f, 0.3f};
  int8_t codes[2];
  float scale = quantizeDynamic(values, parse("int8:token,scale=f16"), codes);
  EXPECT_EQ(scale, halfToFloat(floatToHalf(1.0f / 127.0f)));
  EXPECT_EQ(codes[0], 127);
  // Rounded down, the largest value is clamped; rounded up, it is not 127.
  values[0] = 127.0f * 1.0004f;
  EXPECT_EQ(quantizeDynamic(values, parse("int8:token,scale=f16"), codes),
            1.0f);
  EXPECT_EQ(codes[0], 127);
  values[0] = 127.0f * 1.003f;
  EXPECT_EQ(quantizeDynamic(values, parse("int8:token,scale=bf16"), codes),
            1.0f);
  EXPECT_EQ(codes[0], 127);
  values[0] = 127.0f * 1.0045f;
  EXPECT_EQ(quantizeDynamic(values, parse("int8:token,scale=bf16"), codes),
            1.0078125f);
  EXPECT_EQ(codes[0], 127);
}

// Symmetric codes of fewer bits: the lower end is only reached by what is
// clipped.
TEST(Activations, FewerBitsAndClipping) {
  std::vector<float> values = {7.0f, -7.0f, 0.5f, 1.5f, -2.5f, 0.0f};
  int8_t codes[6];
  EXPECT_EQ(quantizeDynamic(values, parse("int4:token,scale=f32"), codes),
            1.0f);
  int8_t expected[] = {7, -7, 0, 2, -2, 0};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(codes[i], expected[i]);
  float scale =
      quantizeDynamic(values, parse("int4:token,clip=0.5,scale=f32"), codes);
  EXPECT_EQ(scale, 3.5f / 7.0f);
  int8_t clipped[] = {7, -8, 1, 3, -5, 0};
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(codes[i], clipped[i]);
  EXPECT_EQ(quantizeDynamic({1.0f, -1.0f},
                            parse("int8:token,clip=0.9,scale=f32"), codes),
            1.0f * 0.9f / 127.0f);
  EXPECT_EQ(codes[1], -127);
  EXPECT_EQ(
      quantizeDynamic({1.0f, -1.0f}, parse("int2:token,scale=f32"), codes),
      1.0f);
  EXPECT_EQ(codes[0], 1);
}

// What a narrow scale cannot hold is 0 below and NaN, once decoded, above.
TEST(Activations, DefineScalesOutOfRange) {
  int8_t codes[2] = {1, 1};
  EXPECT_EQ(quantizeDynamic({3.7e-6f, -3.7e-6f}, parse("int8:token,scale=f16"),
                            codes),
            0.0f);
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 0);
  EXPECT_EQ(
      quantizeDynamic({3.9e-6f, 0.0f}, parse("int8:token,scale=f16"), codes),
      0x1p-24f);
  EXPECT_EQ(codes[0], 65);
  EXPECT_EQ(
      quantizeDynamic({8.3e6f, 0.0f}, parse("int8:token,scale=f16"), codes),
      65344.0f);
  EXPECT_TRUE(std::isinf(
      quantizeDynamic({8.4e6f, 3.0f}, parse("int8:token,scale=f16"), codes)));
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 0);
}

TEST(Activations, KeepZeroRowsZeroAndSpreadNaN) {
  int8_t codes[2] = {1, 1};
  EXPECT_EQ(
      quantizeDynamic({0.0f, -0.0f}, parse("int8:token,scale=f32"), codes),
      0.0f);
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 0);
  EXPECT_TRUE(std::isnan(quantizeDynamic(
      {std::nanf(""), 3.0f}, parse("int8:token,scale=f32"), codes)));
  EXPECT_EQ(codes[0], 0);
  EXPECT_EQ(codes[1], 0);
  // 0 * inf is NaN again once decoded.
  EXPECT_TRUE(std::isinf(
      quantizeDynamic({INFINITY, 3.0f}, parse("int8:token,scale=f32"), codes)));
  EXPECT_EQ(codes[0], 0);
}

TEST(Activations, SurviveTinyAndHugeRows) {
  int8_t codes[2];
  for (float value : {1e-45f, 1e-40f, 1e-37f, 3.4e38f}) {
    float scale =
        quantizeDynamic({value, -value}, parse("int8:token,scale=f32"), codes);
    EXPECT_EQ(codes[0], -codes[1]);
    EXPECT_LE(std::fabs(float(codes[0]) * scale - value), value);
  }
}

TEST(Activations, HoldOneSidedRangesUnsigned) {
  StaticGrid grid = chooseStaticGrid(parse("int8:tensor"), 0.0f, 255.0f);
  EXPECT_EQ(grid.scale, 1.0f);
  EXPECT_EQ(grid.zeroPoint, -128);
  int8_t codes[4];
  quantizeStatic({0.0f, 255.0f, 300.0f, -5.0f}, grid, codes);
  EXPECT_EQ(codes[0], -128);
  EXPECT_EQ(codes[1], 127);
  EXPECT_EQ(codes[2], 127);
  EXPECT_EQ(codes[3], -128);
}

TEST(Activations, ChooseStaticGrids) {
  StaticGrid symmetric = chooseStaticGrid(parse("int8:tensor"), -2.0f, 1.0f);
  EXPECT_EQ(symmetric.scale, 2.0f / 127.0f);
  EXPECT_EQ(symmetric.zeroPoint, 0);
  StaticGrid shifted =
      chooseStaticGrid(parse("int8:tensor,zero-point"), -51.0f, 204.0f);
  EXPECT_EQ(shifted.scale, 1.0f);
  EXPECT_EQ(shifted.zeroPoint, 51 - 128);
  EXPECT_EQ(chooseStaticGrid(parse("int8:tensor"), 0.0f, 0.0f).scale, 1.0f);
  Format narrow = parse("int8:tensor,scale=f16");
  EXPECT_EQ(chooseStaticGrid(narrow, -127.04f, 1.0f).scale, 1.0f);
  EXPECT_EQ(chooseStaticGrid(narrow, 0.0f, 255.05f).scale, 1.0f);
  EXPECT_EQ(chooseStaticGrid(narrow, -1e-9f, 1e-9f).scale, 0.0f);
  int8_t codes[2];
  quantizeStatic({1e30f, -1e30f}, shifted, codes);
  EXPECT_EQ(codes[0], 127);
  EXPECT_EQ(codes[1], -128);
}

// The exact integer sum of a group, scaled, is what the f64 reference holds;
// all-extreme codes included.
TEST(Reference, EqualsExactSumsOfCodes) {
  constexpr int64_t tokens = 2, rows = 3, columns = 70;
  std::mt19937 random(7);
  std::vector<float> x(tokens * columns), w(rows * columns);
  for (float &value : x)
    value = random() % 2 ? 1.0f : -1.0f;
  for (float &value : w)
    value = float(int(random() % 255) - 127);
  Format format = parse("int8:channel");
  std::vector<char> payload(PlainLayout::get(format, rows, columns).totalBytes);
  llvm::cantFail(
      quantizeRtn(TensorView(reinterpret_cast<const char *>(w.data()),
                             FloatType::F32, {rows, columns}),
                  format, payload));
  PackedView packed(payload.data(), format, rows, columns);
  QuantizedActivations quantized =
      QuantizedActivations::get(x.data(), tokens, columns, parse("int8:token"));
  std::vector<double> y = multiplyReference(quantized, packed);
  std::vector<double> yFloat = multiplyReference(x.data(), tokens, packed);
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t row = 0; row < rows; ++row) {
      int64_t sum = 0;
      for (int64_t column = 0; column < columns; ++column) {
        int8_t code = quantized.codes[token * columns + column];
        EXPECT_EQ(std::abs(code), 127);
        sum += code * packed.code(row, column);
      }
      double expected = double(sum) * double(quantized.scales[token]) *
                        double(packed.scale(row, 0));
      EXPECT_NEAR(y[token * rows + row], expected, 1e-9 * std::fabs(expected));
      EXPECT_NEAR(yFloat[token * rows + row], expected,
                  1e-5 * (1 + std::fabs(expected)));
    }
}
