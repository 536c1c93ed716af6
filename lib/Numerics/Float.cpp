//===- Float.cpp - float elements -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// f32, f16 and bf16 are stored without a scale. The 8-bit floats are scaled so
// that the largest magnitude of a block lands on their largest finite value.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Element.h"
#include "squint/Numerics/FloatBits.h"

using namespace squint;

static uint32_t encodeF32(float value) {
  return llvm::bit_cast<uint32_t>(value);
}
static float decodeF32(uint32_t code) { return llvm::bit_cast<float>(code); }
static uint32_t encodeF16(float value) { return floatToHalf(value); }
static float decodeF16(uint32_t code) { return halfToFloat(uint16_t(code)); }
static uint32_t encodeBF16(float value) { return floatToBfloat(value); }
static float decodeBF16(uint32_t code) { return bfloatToFloat(uint16_t(code)); }

llvm::ArrayRef<Element> squint::getFloatElements() {
  static const Element elements[] = {
      {"f32", ElementKind::Float, 32, 0.0f, encodeF32, decodeF32},
      {"f16", ElementKind::Float, 16, 0.0f, encodeF16, decodeF16},
      {"bf16", ElementKind::Float, 16, 0.0f, encodeBF16, decodeBF16},
      makeMiniFloat<kFloat8E4M3>("f8e4m3"),
      makeMiniFloat<kFloat8E5M2>("f8e5m2"),
  };
  return elements;
}
