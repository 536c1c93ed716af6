//===- Types.h - types and state spaces of PTX ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_TYPES_H
#define PTX_EMULATOR_TYPES_H

#include <cstdint>
#include <string_view>

namespace ptx {

enum class Type : uint8_t {
  None,
  Pred,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  B8,
  B16,
  B32,
  B64,
  B128,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F64,
  TF32,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
};

enum class Space : uint8_t { Generic, Global, Shared, Local, Param, Const };

/// The type that `name` (without its dot) spells, or None.
Type typeNamed(std::string_view name);
unsigned bytesOf(Type type); // a predicate has none
bool isSigned(Type type);
bool isFloat(Type type); // the arithmetic ones, packed or not

} // namespace ptx
#endif
