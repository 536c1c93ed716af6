//===- RowTile.cpp - eight rows on their way to codes -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "RowTile.h"
#include "Levels.h"
#include "squint/Numerics/Codebook.h"

using namespace squint;

RowTile::RowTile(const Format &format, const Hessian &hessian,
                 int64_t groupSize, int64_t groups)
    : format(format), h(hessian.matrices()), columns(hessian.columns()) {
  for (int64_t column : hessian.getOrder())
    groupAt.push_back(column / groupSize);
  int64_t room = h.factor.count() * kPanelWidth * kRowLanes;
  target.resize(room);
  missing.resize(room);
  levels.resize(room);
  grids.resize(groups * kRowLanes);
  if (format.isCodebook())
    tables.resize(groups * kRowLanes * format.scalesPerBlock());
  if (format.sparse)
    pruned.resize(room);
}

// The loop over lanes has no branches, so that it becomes vectors. Clamping
// before rounding gives the same code, see encodeValues.
static void getNearestSteps(const Format &format, const Grid *grids,
                            const double (&values)[kRowLanes],
                            float (&nearest)[kRowLanes]) {
  constexpr float magic = 12582912.0f;
  float low[kRowLanes], high[kRowLanes], scale[kRowLanes];
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    const Grid &grid = grids[lane];
    bool isZero = grid.scale == 0.0f;
    scale[lane] = isZero ? 1.0f : grid.scale;
    low[lane] = isZero ? 0.0f : float(format.minCode() - grid.zeroPoint);
    high[lane] = isZero ? 0.0f : float(format.maxCode() - grid.zeroPoint);
  }
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    float steps = (float(values[lane]) + grids[lane].min) / scale[lane];
    steps = steps > low[lane] ? steps : low[lane];
    steps = steps < high[lane] ? steps : high[lane];
    nearest[lane] = (steps + magic) - magic;
  }
}

void RowTile::getNearest(int64_t position, const double (&values)[kRowLanes],
                         float (&nearest)[kRowLanes]) const {
  const Grid *grid = &grids[groupAt[position] * kRowLanes];
  if (format.isInteger()) {
    getNearestSteps(format, grid, values, nearest);
    for (int64_t lane = 0; lane < kRowLanes && format.sparse; ++lane)
      if (pruned[position * kRowLanes + lane])
        nearest[lane] = 0.0f;
    return;
  }
  if (format.isCodebook()) {
    int64_t size = format.scalesPerBlock();
    const float *entries = &tables[groupAt[position] * kRowLanes * size];
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      llvm::ArrayRef<float> table(entries + lane * size, size);
      nearest[lane] = table[findNearest(table, float(values[lane]))];
    }
    return;
  }
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    float value = float(values[lane]);
    uint32_t code;
    encodeValues(format, grid[lane], &value, 1, &code);
    nearest[lane] = decodeLevel(format, code, 0);
  }
}

void RowTile::round(int64_t position, const double (&values)[kRowLanes]) {
  float nearest[kRowLanes];
  getNearest(position, values, nearest);
  const Grid *grid = &grids[groupAt[position] * kRowLanes];
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    int64_t i = position * kRowLanes + lane;
    levels[i] = nearest[lane];
    missing[i] =
        target[i] - double(nearest[lane] * grid[lane].scale - grid[lane].min);
  }
}
