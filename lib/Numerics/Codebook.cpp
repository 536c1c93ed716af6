//===- Codebook.cpp - tables that fit their blocks --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Codebook.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>
#include <numeric>

using namespace squint;

// What a code stands for is in its block's table, never here.
static uint32_t encodeNothing(float) { return 0; }
static float decodeNothing(uint32_t) { return 0.0f; }

llvm::ArrayRef<Element> squint::getCodebookElements() {
  static const Element elements[] = {
      {"codebook2", ElementKind::Codebook, 2, 1.0f, encodeNothing,
       decodeNothing},
      {"codebook3", ElementKind::Codebook, 3, 1.0f, encodeNothing,
       decodeNothing},
      {"codebook4", ElementKind::Codebook, 4, 1.0f, encodeNothing,
       decodeNothing},
  };
  return elements;
}

namespace {
/// Points on a line in ascending order, and the best ways to cut them.
class Clusters {
public:
  Clusters(llvm::ArrayRef<float> values, llvm::ArrayRef<float> importance);
  /// The means of at most `count` intervals.
  std::vector<double> find(int64_t count);

private:
  /// The error of [begin, end) about its mean.
  double cost(int64_t begin, int64_t end) const {
    double mass = masses[end] - masses[begin],
           moment = moments[end] - moments[begin];
    return std::max(0.0,
                    squares[end] - squares[begin] - moment * moment / mass);
  }
  /// best[end] for end in [low, high], one interval more than `previous` has;
  /// the last one starts in [first, last]. Starts ascend with ends, so halves
  /// search only their part.
  void extend(llvm::ArrayRef<double> previous, std::vector<double> &best,
              std::vector<int32_t> &starts, int64_t low, int64_t high,
              int64_t first, int64_t last) const;

  double middle;
  /// Of the first i points: sums of their importance, and of that times the
  /// distance from `middle` and its square.
  std::vector<double> masses, moments, squares;
};
} // namespace

Clusters::Clusters(llvm::ArrayRef<float> values,
                   llvm::ArrayRef<float> importance) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int32_t a, int32_t b) {
    return std::make_pair(values[a], a) < std::make_pair(values[b], b);
  });
  // Sums about the middle lose no digits to a common offset.
  middle = values[order[order.size() / 2]];
  masses.push_back(0.0);
  moments.push_back(0.0);
  squares.push_back(0.0);
  for (int32_t i : order) {
    double mass = importance.empty() ? 1.0 : importance[i];
    double distance = values[i] - middle;
    masses.push_back(masses.back() + mass);
    moments.push_back(moments.back() + mass * distance);
    squares.push_back(squares.back() + mass * distance * distance);
  }
}

void Clusters::extend(llvm::ArrayRef<double> previous,
                      std::vector<double> &best, std::vector<int32_t> &starts,
                      int64_t low, int64_t high, int64_t first,
                      int64_t last) const {
  if (low > high)
    return;
  int64_t end = (low + high) / 2, chosen = first;
  best[end] = std::numeric_limits<double>::infinity();
  for (int64_t start = first; start <= std::min(last, end - 1); ++start) {
    double error = previous[start] + cost(start, end);
    if (error < best[end]) {
      best[end] = error;
      chosen = start;
    }
  }
  starts[end] = int32_t(chosen);
  extend(previous, best, starts, low, end - 1, first, chosen);
  extend(previous, best, starts, end + 1, high, chosen, last);
}

std::vector<double> Clusters::find(int64_t count) {
  int64_t points = int64_t(masses.size()) - 1;
  count = std::min(count, points);
  std::vector<double> best(points + 1), previous;
  std::vector<std::vector<int32_t>> starts;
  for (int64_t end = 1; end <= points; ++end)
    best[end] = cost(0, end);
  for (int64_t clusters = 2; clusters <= count; ++clusters) {
    previous = best;
    starts.emplace_back(points + 1);
    // Each interval before the last one has a point.
    extend(previous, best, starts.back(), clusters, points, clusters - 1,
           points - 1);
  }
  std::vector<double> means;
  int64_t end = points;
  for (int64_t clusters = count; clusters >= 1; --clusters) {
    int64_t start = clusters > 1 ? starts[clusters - 2][end] : 0;
    means.push_back(middle + (moments[end] - moments[start]) /
                                 (masses[end] - masses[start]));
    end = start;
  }
  std::reverse(means.begin(), means.end());
  return means;
}

std::vector<float> squint::fitTable(const Format &format,
                                    llvm::ArrayRef<float> values,
                                    llvm::ArrayRef<float> importance) {
  std::vector<float> table;
  for (double mean : Clusters(values, importance).find(format.scalesPerBlock()))
    table.push_back(roundScale(float(mean), format.scale));
  table.resize(format.scalesPerBlock(), table.back());
  return table;
}

uint32_t squint::findNearest(llvm::ArrayRef<float> table, float value) {
  auto above = std::lower_bound(table.begin(), table.end(), value);
  if (above == table.begin())
    return 0;
  auto below = above - 1;
  if (above != table.end() && double(*above) - value < double(value) - *below)
    below = above;
  // Equal entries have one code.
  return uint32_t(std::lower_bound(table.begin(), table.end(), *below) -
                  table.begin());
}

void squint::storeTable(const Format &format, const PlainLayout &layout,
                        llvm::ArrayRef<float> table, int64_t index,
                        char *payload) {
  for (auto [code, entry] : llvm::enumerate(table))
    storeScale(entry, format.scale, payload + layout.scalesOffset,
               index * format.scalesPerBlock() + int64_t(code));
}
