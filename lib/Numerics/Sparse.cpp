//===- Sparse.cpp - which weights are kept ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Sparse.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace squint;

void squint::forEachKeptBlock(
    const Format &format, int64_t columns,
    llvm::function_ref<void(int64_t, int64_t, int64_t)> fn) {
  if (!format.isTwoOfFour()) {
    fn(0, columns, PlainLayout::get(format, 1, columns).stored);
    return;
  }
  for (int64_t begin = 0; begin < columns; begin += 4) {
    int64_t end = std::min(begin + 4, columns);
    fn(begin, end, std::min<int64_t>(2, end - begin));
  }
}

std::vector<int64_t> squint::findPruned(llvm::ArrayRef<double> scores,
                                        int64_t count) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  auto kept = order.begin() + count;
  if (kept != order.end())
    std::nth_element(
        order.begin(), kept, order.end(), [&](int64_t a, int64_t b) {
          return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
        });
  order.erase(order.begin(), kept);
  std::sort(order.begin(), order.end());
  return order;
}

void squint::prune(const Format &format, llvm::MutableArrayRef<float> row,
                   llvm::ArrayRef<float> importance) {
  std::vector<double> scores;
  forEachKeptBlock(format, int64_t(row.size()),
                   [&](int64_t begin, int64_t end, int64_t count) {
                     scores.clear();
                     for (int64_t i = begin; i < end; ++i) {
                       double score =
                           double(row[i]) * double(row[i]) *
                           (importance.empty() ? 1.0 : double(importance[i]));
                       scores.push_back(std::isnan(score) ? INFINITY : score);
                     }
                     for (int64_t i : findPruned(scores, count))
                       row[begin + i] = 0.0f;
                   });
}
