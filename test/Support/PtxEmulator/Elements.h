//===- Elements.h - numbers of matrix instructions --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_ELEMENTS_H
#define PTX_EMULATOR_ELEMENTS_H

#include "Numbers.h"
#include "Types.h"

namespace ptx {

/// What mma and wgmma multiply. Sums are formed in double, which holds any
/// product of these and sums of them without error that matters, and rounded
/// once; sums of integers are exact.
inline double elementValue(Type type, uint32_t bits) {
  switch (type) {
  case Type::F16:
    return halfToFloat(bits);
  case Type::BF16:
    return brainToFloat(bits);
  case Type::E4M3:
    return decode(bits & 0xff, e4m3Format);
  case Type::E5M2:
    return decode(bits & 0xff, e5m2Format);
  case Type::S8:
    return int8_t(bits);
  case Type::U8:
    return uint8_t(bits);
  default: // tf32: the lower bits of the f32 do not count
    return decode(bits >> 13, tf32Format);
  }
}

inline unsigned elementBytes(Type type) {
  return type == Type::TF32 ? 4 : bytesOf(type);
}
inline bool isIntegerElement(Type type) {
  return type == Type::S8 || type == Type::U8;
}

} // namespace ptx
#endif
