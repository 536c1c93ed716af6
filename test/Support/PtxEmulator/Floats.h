//===- Floats.h - floating-point instructions -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_FLOATS_H
#define PTX_EMULATOR_FLOATS_H

#include "Decoder.h"

namespace ptx {

/// The type of a product of two `type`s that loses nothing, or None.
Type wideOf(Type type);

enum class FloatUnary : uint8_t {
  Neg,
  Abs,
  Rcp,
  Sqrt,
  Rsqrt,
  Ex2,
  Lg2,
  Sin,
  Cos,
  Tanh
};

// The instructions that integers have as well.
bool isFloatStatement(const Decoder &decoder); // by the last modifier
bool decodeFloatSum(Decoder &decoder, bool subtracts);
bool decodeFloatMul(Decoder &decoder);
bool decodeFloatFma(Decoder &decoder);
bool decodeFloatDiv(Decoder &decoder);
bool decodeFloatExtreme(Decoder &decoder, bool isMax);
bool decodeFloatUnary(Decoder &decoder, FloatUnary function);

} // namespace ptx
#endif
