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
template <Type T> struct ElementValue {
  double operator()(uint32_t bits) const;
};
template <Type T>
inline double ElementValue<T>::operator()(uint32_t bits) const {
  if constexpr (T == Type::F16)
    return halfToFloat(bits);
  else if constexpr (T == Type::BF16)
    return brainToFloat(bits);
  else if constexpr (T == Type::E4M3)
    return decode(bits & 0xff, e4m3Format);
  else if constexpr (T == Type::E5M2)
    return decode(bits & 0xff, e5m2Format);
  else if constexpr (T == Type::S8)
    return int8_t(bits);
  else if constexpr (T == Type::U8)
    return uint8_t(bits);
  else // tf32: the lower bits of the f32 do not count
    return decode(bits >> 13, tf32Format);
}

/// `f(value)`, with the function from bits to the value of an element.
template <typename F> inline void withElement(Type type, F f) {
  switch (type) {
  case Type::F16:
    return f(ElementValue<Type::F16>());
  case Type::BF16:
    return f(ElementValue<Type::BF16>());
  case Type::E4M3:
    return f(ElementValue<Type::E4M3>());
  case Type::E5M2:
    return f(ElementValue<Type::E5M2>());
  case Type::S8:
    return f(ElementValue<Type::S8>());
  case Type::U8:
    return f(ElementValue<Type::U8>());
  default:
    return f(ElementValue<Type::TF32>());
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
