//===- Sparse.cpp - two of every four weights -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Sparse.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <array>

using namespace squint;

// As bits, so that NaN is kept for whoever refuses it.
static uint32_t magnitude(float value) {
  return llvm::bit_cast<uint32_t>(value) & 0x7FFFFFFF;
}

void squint::keepTwoOfFour(llvm::MutableArrayRef<float> row) {
  for (; !row.empty(); row = row.drop_front(std::min<size_t>(4, row.size()))) {
    std::array<size_t, 4> order = {0, 1, 2, 3};
    auto end = order.begin() + std::min<size_t>(4, row.size());
    // The larger one first, and of equals the first.
    std::sort(order.begin(), end, [&](size_t a, size_t b) {
      uint32_t left = magnitude(row[a]), right = magnitude(row[b]);
      return left != right ? left > right : a < b;
    });
    for (auto i = order.begin() + 2; i < end; ++i)
      row[*i] = 0.0f;
  }
}
