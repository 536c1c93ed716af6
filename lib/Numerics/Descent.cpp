//===- Descent.cpp - codes and scales, one after the other ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowTile.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace squint;

// Each position in turn takes the level that is best with all others as they
// are. The error is a parabola in it, whose vertex lies
// (missing H)_j / H_jj above what it holds now.
static void descendCodes(RowTile &tile) {
  for (int64_t panel = 0; panel < tile.h.full.count(); ++panel) {
    const double *columns = tile.h.full.get(panel);
    int64_t first = panel * kPanelWidth;
    double slopes[kPanelWidth][kRowLanes] = {};
    addProducts(columns, tile.missing.data(), 0, tile.columns, slopes);
    for (int64_t j = 0; j < std::min(kPanelWidth, tile.columns - first); ++j) {
      int64_t position = first + j;
      double *missing = &tile.missing[position * kRowLanes];
      const double *target = &tile.target[position * kRowLanes];
      double before[kRowLanes], best[kRowLanes];
      for (int64_t lane = 0; lane < kRowLanes; ++lane) {
        before[lane] = missing[lane];
        best[lane] = target[lane] - missing[lane] +
                     slopes[j][lane] / tile.h.diagonal[position];
      }
      tile.round(position, best);
      // The rest of the panel learns of it at once.
      for (int64_t k = j + 1; k < kPanelWidth; ++k)
        for (int64_t lane = 0; lane < kRowLanes; ++lane)
          slopes[k][lane] += (missing[lane] - before[lane]) *
                             columns[position * kPanelWidth + k];
    }
  }
}

namespace {
/// Least squares over the scales of a row. With l the levels and s the scale of
/// each group, and the target already raised by the groups' minima, the error
/// is s^T A s - 2 b^T s + a constant, where
///
///   A_gh = l_g^T H_gh l_h,   b_g = l_g^T (H target)_g
class ScaleFit {
public:
  explicit ScaleFit(RowTile &tile)
      : tile(tile), groups(int64_t(tile.grids.size()) / kRowLanes),
        products(groups * groups * kRowLanes), wanted(groups * kRowLanes),
        pulled(tile.target.size()), members(tile.columns), begins(groups + 1) {
    std::iota(members.begin(), members.end(), 0);
    llvm::sort(members, [&](int64_t i, int64_t j) {
      return std::make_pair(tile.groupAt[i], i) <
             std::make_pair(tile.groupAt[j], j);
    });
    for (int64_t group : tile.groupAt)
      ++begins[group + 1];
    std::partial_sum(begins.begin(), begins.end(), begins.begin());
    std::vector<double> raised = tile.target;
    for (int64_t position = 0; position < tile.columns; ++position)
      for (int64_t lane = 0; lane < kRowLanes; ++lane)
        raised[position * kRowLanes + lane] +=
            double(tile.grid(tile.groupAt[position], lane).min);
    for (int64_t panel = 0; panel < tile.h.full.count(); ++panel) {
      double sums[kPanelWidth][kRowLanes] = {};
      addProducts(tile.h.full.get(panel), raised.data(), 0, tile.columns, sums);
      std::memcpy(&pulled[panel * kPanelWidth * kRowLanes], sums, sizeof(sums));
    }
  }

  void run();

private:
  void addUp();
  void solve(int64_t lane);

  RowTile &tile;
  int64_t groups;
  std::vector<double> products; // A[group][group][8]
  std::vector<double> wanted;   // b[group][8]
  std::vector<double> pulled;   // raised target H
  std::vector<int64_t> members; // positions, sorted by group
  std::vector<int64_t> begins;  // of each group in `members`
};
} // namespace

// With columns in another order than their own, those of a group are not
// neighbours: both sides are sorted by group first.
void ScaleFit::addUp() {
  std::fill(products.begin(), products.end(), 0.0);
  std::fill(wanted.begin(), wanted.end(), 0.0);
  std::vector<double> levels(tile.columns * kRowLanes);
  for (int64_t i = 0; i < tile.columns; ++i)
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      int64_t at = members[i] * kRowLanes + lane;
      double level = double(tile.levels[at]);
      levels[i * kRowLanes + lane] = level;
      wanted[tile.groupAt[members[i]] * kRowLanes + lane] += level * pulled[at];
    }

  std::vector<double> sorted(tile.columns * kPanelWidth);
  for (int64_t panel = 0; panel < tile.h.full.count(); ++panel) {
    const double *rows = tile.h.full.get(panel);
    for (int64_t i = 0; i < tile.columns; ++i)
      std::copy_n(rows + members[i] * kPanelWidth, kPanelWidth,
                  &sorted[i * kPanelWidth]);
    int64_t first = panel * kPanelWidth;
    int64_t width = std::min(kPanelWidth, tile.columns - first);
    // A is symmetric: the groups up to a column's own are enough.
    int64_t last =
        *std::max_element(&tile.groupAt[first], &tile.groupAt[first] + width);
    for (int64_t group = 0; group <= last; ++group) {
      double sums[kPanelWidth][kRowLanes] = {};
      addProducts(sorted.data(), levels.data(), begins[group],
                  begins[group + 1], sums);
      for (int64_t j = 0; j < width; ++j) {
        int64_t other = tile.groupAt[first + j];
        double *out = &products[(group * groups + other) * kRowLanes];
        const float *level = &tile.levels[(first + j) * kRowLanes];
        for (int64_t lane = 0; lane < kRowLanes; ++lane)
          out[lane] += sums[j][lane] * double(level[lane]);
      }
    }
  }
}

void ScaleFit::solve(int64_t lane) {
  Eigen::MatrixXd a(groups, groups);
  Eigen::VectorXd b(groups), old(groups), rounded(groups);
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t h = 0; h < groups; ++h)
      a(g, h) =
          products[(std::min(g, h) * groups + std::max(g, h)) * kRowLanes +
                   lane];
    b(g) = wanted[g * kRowLanes + lane];
    old(g) = double(tile.grid(g, lane).scale);
  }
  auto getError = [&](const Eigen::VectorXd &scales) {
    return scales.dot(a * scales) - 2.0 * b.dot(scales);
  };
  // The ridge pulls towards the old scales.
  Eigen::MatrixXd ridged = a;
  ridged.diagonal().array() += 1e-4 * a.diagonal().mean();
  Eigen::LDLT<Eigen::MatrixXd> ldlt(ridged);
  Eigen::VectorXd fitted = old + ldlt.solve(b - a * old);

  for (int64_t g = 0; g < groups; ++g) {
    float scale = roundScale(float(fitted(g)), tile.format.scale);
    rounded(g) = double(scale);
    double ratio = old(g) == 0.0 ? 1.0 : rounded(g) / old(g);
    if (!(ratio >= 0.5 && ratio <= 2.0))
      return;
  }
  if (!(getError(rounded) < getError(old)))
    return;
  for (int64_t g = 0; g < groups; ++g) {
    Grid &grid = tile.grid(g, lane);
    grid.scale = grid.stored = float(rounded(g));
  }
}

void ScaleFit::run() {
  addUp();
  for (int64_t lane = 0; lane < kRowLanes; ++lane)
    solve(lane);
  for (int64_t position = 0; position < tile.columns; ++position)
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      int64_t at = position * kRowLanes + lane;
      const Grid &grid = tile.grid(tile.groupAt[position], lane);
      tile.missing[at] =
          tile.target[at] - double(tile.levels[at] * grid.scale - grid.min);
    }
}

void squint::descend(RowTile &tile, int passes) {
  // The scale of a tensor is not one row's to change, and a coarse one would
  // not follow.
  bool fitsScales = tile.format.granularity != Granularity::Tensor &&
                    !tile.format.element->fixedScale &&
                    !tile.format.isCodebook();
  if (!fitsScales) {
    for (int pass = 0; pass < passes; ++pass)
      descendCodes(tile);
    return;
  }
  ScaleFit fit(tile);
  for (int pass = 0; pass < passes; ++pass) {
    descendCodes(tile);
    fit.run();
  }
}
