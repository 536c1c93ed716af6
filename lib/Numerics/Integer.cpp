//===- Integer.cpp - int2 to int8 -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Symmetric codes in two's complement. int8 uses -127..127, so that negation
// is closed and a product of two codes fits vpmaddubsw; narrower integers use
// every code, and the value of largest magnitude lands on the lower end.
//
// mxint8 (OCP MX 1.0) comes in blocks of 32 with a power of two as scale. Its
// codes are sixty-fourths in the specification and integers here: the scales
// are 2^-6 of those there.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Element.h"
#include <cmath>

using namespace squint;

template <int bits> static uint32_t encodeInteger(float value) {
  constexpr float highest = (1 << (bits - 1)) - 1;
  constexpr float lowest = bits == 8 ? -127.0f : -float(1 << (bits - 1));
  float rounded = std::nearbyint(value);
  // The comparisons are false for NaN, which becomes 0.
  int32_t code = rounded >= highest   ? int32_t(highest)
                 : rounded <= lowest  ? int32_t(lowest)
                 : rounded == rounded ? int32_t(rounded)
                                      : 0;
  return uint32_t(code) & ((1u << bits) - 1);
}

template <int bits> static float decodeInteger(uint32_t code) {
  return float(int32_t(code << (32 - bits)) >> (32 - bits));
}

template <int bits>
static Element makeInteger(const llvm::StringLiteral &name, unsigned group = 0,
                           std::optional<ScaleType> scale = std::nullopt) {
  float largest = bits == 8 ? 127.0f : float(1 << (bits - 1));
  return {name,
          ElementKind::Integer,
          bits,
          largest,
          encodeInteger<bits>,
          decodeInteger<bits>,
          group,
          scale};
}

llvm::ArrayRef<Element> squint::getIntegerElements() {
  static const Element elements[] = {
      makeInteger<2>("int2"), makeInteger<3>("int3"),
      makeInteger<4>("int4"), makeInteger<5>("int5"),
      makeInteger<6>("int6"), makeInteger<7>("int7"),
      makeInteger<8>("int8"), makeInteger<8>("mxint8", 32, ScaleType::E8M0),
  };
  return elements;
}
