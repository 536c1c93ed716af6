//===- Microscaling.cpp - mxfp4, mxfp8, nvfp4 -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Elements that come with their block and scale: OCP microscaling (MX 1.0,
// blocks of 32, power-of-two scales) and NVFP4 (blocks of 16, E4M3 scales).
// mxfp8 holds E4M3 codes.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Element.h"
#include "squint/Numerics/FloatBits.h"

using namespace squint;

static uint32_t encodeE2M1(float value) { return kFloat4E2M1.encode(value); }
static float decodeE2M1(uint32_t code) { return kFloat4E2M1.decode(code); }
static uint32_t encodeE4M3(float value) { return kFloat8E4M3.encode(value); }
static float decodeE4M3(uint32_t code) { return kFloat8E4M3.decode(code); }

llvm::ArrayRef<Element> squint::getMicroscalingElements() {
  static const Element elements[] = {
      {"mxfp4", ElementKind::Float, 4, 6.0f, encodeE2M1, decodeE2M1, 32,
       ScaleType::E8M0},
      {"mxfp8", ElementKind::Float, 8, 448.0f, encodeE4M3, decodeE4M3, 32,
       ScaleType::E8M0},
      {"nvfp4", ElementKind::Float, 4, 6.0f, encodeE2M1, decodeE2M1, 16,
       ScaleType::F8E4M3},
  };
  return elements;
}
