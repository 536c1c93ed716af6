//===- FloatBitsTest.cpp - narrow floats against APFloat --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/Element.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace squint;
using llvm::APFloat;

static uint32_t convert(float value, const llvm::fltSemantics &semantics) {
  APFloat number(value);
  bool lossy;
  number.convert(semantics, APFloat::rmNearestTiesToEven, &lossy);
  return uint32_t(number.bitcastToAPInt().getZExtValue());
}

static float widen(uint32_t bits, const llvm::fltSemantics &semantics) {
  unsigned width = APFloat::semanticsSizeInBits(semantics);
  return APFloat(semantics, llvm::APInt(width, bits & ((1u << width) - 1)))
      .convertToFloat();
}

// Every 16-bit value, and the f32 values just around each midpoint of two.
TEST(FloatBits, AgreesWithAPFloatOnHalf) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = halfToFloat(uint16_t(bits));
    float expected = widen(bits, APFloat::IEEEhalf());
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(halfToFloat(floatToHalf(value))));
      continue;
    }
    ASSERT_EQ(llvm::bit_cast<uint32_t>(value),
              llvm::bit_cast<uint32_t>(expected));
    float next = widen(bits + 1, APFloat::IEEEhalf());
    if (!std::isfinite(value) || !std::isfinite(next))
      continue;
    float middle = float((double(value) + double(next)) / 2);
    for (float probe : {value, std::nextafter(middle, -INFINITY), middle,
                        std::nextafter(middle, INFINITY)})
      ASSERT_EQ(floatToHalf(probe), convert(probe, APFloat::IEEEhalf()))
          << probe;
  }
}

TEST(FloatBits, AgreesWithAPFloatOnBfloat) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = bfloatToFloat(uint16_t(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(bfloatToFloat(floatToBfloat(value))));
      continue;
    }
    for (uint32_t low : {0x0000u, 0x7fffu, 0x8000u, 0x8001u}) {
      float probe = llvm::bit_cast<float>(bits << 16 | low);
      if (!std::isnan(probe)) {
        ASSERT_EQ(floatToBfloat(probe), convert(probe, APFloat::BFloat()))
            << probe;
      }
    }
  }
}

TEST(FloatBits, SaturatesHalfToInfinity) {
  EXPECT_EQ(floatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(floatToHalf(65520.0f), 0x7c00);
  EXPECT_EQ(floatToHalf(-1e30f), 0xfc00);
  EXPECT_EQ(floatToHalf(INFINITY), 0x7c00);
}

static void checkMiniFloat(const MiniFloat &format,
                           const llvm::fltSemantics &semantics) {
  uint32_t codes = 1u << (1 + format.exponentBits + format.mantissaBits);
  for (uint32_t code = 0; code < codes; ++code) {
    float expected = widen(code, semantics);
    if (!std::isfinite(expected))
      continue;
    ASSERT_EQ(format.decode(code), expected);
    ASSERT_EQ(format.encode(expected), code);
    float next = widen(code + 1, semantics);
    if (!std::isfinite(next) || std::fabs(next) < std::fabs(expected))
      continue;
    float middle = (expected + next) / 2;
    for (float probe : {std::nextafter(middle, -INFINITY), middle,
                        std::nextafter(middle, INFINITY)})
      ASSERT_EQ(format.encode(probe), convert(probe, semantics)) << probe;
  }
  uint32_t largest = convert(format.largest, semantics);
  EXPECT_EQ(format.encode(1e30f), largest);
  EXPECT_EQ(format.encode(INFINITY), largest);
  EXPECT_EQ(format.encode(-INFINITY), largest | codes / 2);
}

TEST(FloatBits, AgreesWithAPFloatOnFloat8) {
  checkMiniFloat(kFloat8E4M3, APFloat::Float8E4M3FN());
  checkMiniFloat(kFloat8E5M2, APFloat::Float8E5M2());
  checkMiniFloat(kFloat4E2M1, APFloat::Float4E2M1FN());
}

TEST(Element, RoundTripsEveryCode) {
  for (const Element *element : getElements()) {
    // What codes of tables stand for is not theirs to say.
    if (element->bits > 8 || element->isCodebook() ||
        element->kind == ElementKind::Additive)
      continue;
    // Types that are only read have codes of the same value.
    if (element->blocks && !element->blocks->quantize)
      continue;
    for (uint32_t code = 0; code < 1u << element->bits; ++code) {
      float value = element->decode(code);
      // -128, and the codes that 8-bit floats spend on infinity and NaN, are
      // never written.
      if (std::fabs(value) > element->largest)
        continue;
      EXPECT_EQ(element->encode(value), code) << element->name.str();
    }
  }
}

TEST(Element, TakesTheLowerNf4LevelOnAPivot) {
  const Element *nf4 = lookupElement("nf4");
  EXPECT_EQ(nf4->encode(0.03979014977812767f), 7u);
  EXPECT_EQ(nf4->encode(std::nextafter(0.03979014977812767f, 1.0f)), 8u);
  EXPECT_EQ(nf4->decode(15), 1.0f);
}

TEST(Element, NumbersFp4AsBitsandbytes) {
  const Element *fp4 = lookupElement("bnb-fp4");
  EXPECT_EQ(fp4->encode(1.0f), 3u);
  EXPECT_EQ(fp4->encode(-0.34f), 12u);
  EXPECT_EQ(fp4->encode(0.005f), 1u);
  EXPECT_EQ(fp4->decode(6), 0.16666667f);
}
