//===- Types.cpp - types and state spaces of PTX --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Types.h"

#include <iterator>

using namespace ptx;

namespace {
struct Row {
  std::string_view name;
  unsigned bytes;
};
// In the order of the enumeration.
constexpr Row rows[] = {{"", 0},       {"pred", 0},  {"u8", 1},     {"u16", 2},
                        {"u32", 4},    {"u64", 8},   {"s8", 1},     {"s16", 2},
                        {"s32", 4},    {"s64", 8},   {"b8", 1},     {"b16", 2},
                        {"b32", 4},    {"b64", 8},   {"b128", 16},  {"f16", 2},
                        {"f16x2", 4},  {"bf16", 2},  {"bf16x2", 4}, {"f32", 4},
                        {"f64", 8},    {"tf32", 4},  {"e4m3", 1},   {"e5m2", 1},
                        {"e4m3x2", 2}, {"e5m2x2", 2}};
} // namespace

Type ptx::typeNamed(std::string_view name) {
  for (unsigned i = 1; i < std::size(rows); ++i)
    if (rows[i].name == name)
      return static_cast<Type>(i);
  return Type::None;
}

unsigned ptx::bytesOf(Type type) { return rows[unsigned(type)].bytes; }
bool ptx::isSigned(Type type) { return type >= Type::S8 && type <= Type::S64; }
bool ptx::isFloat(Type type) { return type >= Type::F16 && type <= Type::F64; }
