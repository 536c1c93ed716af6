//===- Microscaling.cpp - mxfp4, mxfp8, nvfp4 -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Elements that come with their block and scale: OCP microscaling (MX 1.0,
// blocks of 32, power-of-two scales) and NVFP4 (blocks of 16, E4M3 scales).
// mxfp8 holds E4M3 codes. mxint8 is with the integers.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/FloatBits.h"

using namespace squint;

llvm::ArrayRef<Element> squint::getMicroscalingElements() {
  constexpr unsigned block = 32;
  static const Element elements[] = {
      makeMiniFloat<kFloat4E2M1>("mxfp4", block, ScaleType::E8M0),
      makeMiniFloat<kFloat6E2M3>("mxfp6e2m3", block, ScaleType::E8M0),
      makeMiniFloat<kFloat6E3M2>("mxfp6e3m2", block, ScaleType::E8M0),
      makeMiniFloat<kFloat8E4M3>("mxfp8", block, ScaleType::E8M0),
      makeMiniFloat<kFloat8E5M2>("mxfp8e5m2", block, ScaleType::E8M0),
      makeMiniFloat<kFloat4E2M1>("nvfp4", 16, ScaleType::F8E4M3),
  };
  return elements;
}
