//===- Spqr.cpp - small groups, coarse scales, few outliers -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Spqr.h"
#include "Failures.h"
#include "HessianMatrices.h"
#include "Parallel.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>

using namespace squint;

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// Codes of scales and zero points.
static constexpr int32_t kMaxSecond = 7;
static constexpr int64_t kRows = PlainLayout::rowBlock;

namespace {
/// value = (code - zero) * scale
struct FloatGrid {
  float scale = 0.0f, zero = 0.0f;

  int32_t encode(float value, int32_t maxCode) const {
    if (scale == 0.0f)
      return 0;
    float code = std::nearbyint(value / scale + zero);
    return int32_t(std::min(std::max(code, 0.0f), float(maxCode)));
  }
  float decode(int32_t code) const { return (float(code) - zero) * scale; }
  float round(float value, int32_t maxCode) const {
    return decode(encode(value, maxCode));
  }

  /// From `min` to `max`. One value is code 0 or 1 of it.
  static FloatGrid get(float min, float max, int32_t maxCode) {
    if (min == max)
      return {std::fabs(max), max < 0.0f ? 1.0f : 0.0f};
    float scale = max / float(maxCode) - min / float(maxCode);
    return {scale, scale == 0.0f ? 0.0f : -min / scale};
  }
};

struct Range {
  float min = std::numeric_limits<float>::infinity(), max = -min;
  void add(float value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

/// 16 rows of a weight and what becomes of them.
struct Block {
  int64_t first, count;
  std::vector<FloatGrid> grids;  // [group][16]
  std::vector<uint8_t> seconds;  // [group][16]: both codes
  std::vector<uint16_t> numbers; // [group][4]
  std::vector<uint32_t> codes;   // [16][columns]
  struct Outlier {
    uint16_t column, value;
  };
  std::vector<Outlier> outliers[kRows];
  int64_t outlierCount = 0;
  std::string error;
};

class Compressor {
public:
  Compressor(llvm::ArrayRef<float> weight, const Hessian &hessian,
             const Format &format, const SpqrOptions &options)
      : weight(weight), hessian(hessian), h(hessian.matrices()), format(format),
        columns(hessian.columns()),
        rows(int64_t(weight.size()) / std::max<int64_t>(columns, 1)),
        layout(PlainLayout::get(format, rows, columns)),
        tau(options.threshold) {}

  llvm::Expected<SpqrWeight> run(llvm::ThreadPoolInterface *pool);

private:
  void chooseThreshold();
  float at(int64_t row, int64_t column) const {
    return hessian.isDead(column) ? 0.0f : weight[row * columns + column];
  }
  /// The range of a group without its outliers.
  Range findRange(int64_t row, int64_t begin, int64_t end) const;
  bool chooseGrids(Block &block, int64_t group) const;
  bool quantizeSeconds(Block &block, int64_t group, bool isZero,
                       llvm::ArrayRef<float> wanted) const;
  void compensate(Block &block, int64_t firstLane) const;
  void store(const Block &block, const PlainLayout &layout,
             SpqrWeight &result) const;

  llvm::ArrayRef<float> weight;
  const Hessian &hessian;
  const Hessian::Matrices &h;
  const Format &format;
  int64_t columns, rows;
  PlainLayout layout;
  double tau, threshold = 0.0;
  /// R_jj^2 by column.
  std::vector<double> costs;
};
} // namespace

void Compressor::chooseThreshold() {
  costs.resize(columns);
  for (int64_t position = 0; position < columns; ++position) {
    double pivot = h.pivots[position];
    costs[hessian.getOrder()[position]] = pivot * pivot;
  }
  threshold = tau;
  if (std::isinf(tau))
    return;
  double sum = 0.0;
  for (int64_t column = 0; column < columns; ++column) {
    double mean = 0.0, squares = 0.0;
    for (int64_t row = 0; row < rows; ++row)
      mean += at(row, column);
    mean /= double(rows);
    for (int64_t row = 0; row < rows; ++row)
      squares += std::pow(at(row, column) - mean, 2);
    sum += squares / double(std::max<int64_t>(rows - 1, 1)) * costs[column];
  }
  threshold = tau * sum / double(columns);
}

Range Compressor::findRange(int64_t row, int64_t begin, int64_t end) const {
  Range all;
  for (int64_t column = begin; column < end; ++column)
    all.add(at(row, column));
  if (std::isinf(threshold))
    return all;
  int32_t maxCode = format.maxCode();
  auto getError = [&](const Range &range, int64_t without) {
    FloatGrid grid = FloatGrid::get(range.min, range.max, maxCode);
    double error = 0.0;
    for (int64_t column = begin; column < end; ++column)
      if (column != without) {
        float value = at(row, column);
        double missing = double(value) - grid.round(value, maxCode);
        error += missing * missing * costs[column];
      }
    return error;
  };
  double whole = getError(all, -1);
  Range kept;
  for (int64_t column = begin; column < end; ++column) {
    Range others;
    for (int64_t other = begin; other < end; ++other)
      if (other != column)
        others.add(at(row, other));
    if (end - begin == 1 || !(whole - getError(others, column) > threshold))
      kept.add(at(row, column));
  }
  return kept.min <= kept.max ? kept : all;
}

// The grid of 16 numbers, and their codes in it.
bool Compressor::quantizeSeconds(Block &block, int64_t group, bool isZero,
                                 llvm::ArrayRef<float> wanted) const {
  Range range;
  for (float value : wanted)
    range.add(value);
  FloatGrid grid = FloatGrid::get(range.min, range.max, kMaxSecond);
  uint16_t step = floatToHalf(grid.scale);
  grid.scale = halfToFloat(step);
  // Steps that f16 makes 0 leave one number, the middle, that it can hold.
  if (grid.scale == 0.0f) {
    grid = FloatGrid::get(range.max, range.max, kMaxSecond);
    step = floatToHalf(grid.scale);
    grid.scale = halfToFloat(step);
  } else if (range.min != range.max) {
    grid.zero = -range.min / grid.scale;
  }
  uint16_t zero = floatToHalf(grid.zero);
  grid.zero = halfToFloat(zero);
  if (!std::isfinite(grid.scale) || !std::isfinite(grid.zero)) {
    block.error = llvm::formatv(
        "expected {0} within f16, got {1} to {2} in rows {3} to {4}",
        isZero ? "zero points" : "scales", spell(range.min), spell(range.max),
        block.first, block.first + block.count - 1);
    return false;
  }
  block.numbers[group * 4 + (isZero ? 2 : 0)] = step;
  block.numbers[group * 4 + (isZero ? 3 : 1)] = zero;
  for (auto [lane, value] : llvm::enumerate(wanted)) {
    int32_t code = grid.encode(value, kMaxSecond);
    FloatGrid &own = block.grids[group * kRows + int64_t(lane)];
    (isZero ? own.zero : own.scale) = grid.decode(code);
    block.seconds[group * kRows + int64_t(lane)] |=
        uint8_t(isZero ? code << 3 : code);
  }
  return true;
}

bool Compressor::chooseGrids(Block &block, int64_t group) const {
  int64_t begin = group * layout.groupSize;
  int64_t end = std::min(begin + layout.groupSize, columns);
  std::vector<Range> ranges;
  std::vector<float> wanted;
  for (int64_t lane = 0; lane < block.count; ++lane) {
    ranges.push_back(findRange(block.first + lane, begin, end));
    const Range &range = ranges.back();
    wanted.push_back(
        FloatGrid::get(range.min, range.max, format.maxCode()).scale);
  }
  if (!quantizeSeconds(block, group, /*isZero=*/false, wanted))
    return false;
  // Zero points of the scales that there are.
  for (int64_t lane = 0; lane < block.count; ++lane) {
    float scale = block.grids[group * kRows + lane].scale;
    wanted[lane] = scale == 0.0f ? 0.0f : -ranges[lane].min / scale;
  }
  return quantizeSeconds(block, group, /*isZero=*/true, wanted);
}

/// Eight rows of a block.
void Compressor::compensate(Block &block, int64_t firstLane) const {
  llvm::ArrayRef<int64_t> order = hessian.getOrder();
  int64_t count = std::min(kRowLanes, block.count - firstLane);
  int64_t panels = h.factor.count();
  std::vector<double> missing(panels * kPanelWidth * kRowLanes);
  int32_t maxCode = format.maxCode();
  for (int64_t panel = 0; panel < panels; ++panel) {
    const double *factor = h.factor.get(panel);
    int64_t first = panel * kPanelWidth;
    double sums[kPanelWidth][kRowLanes] = {};
    addProducts(factor, missing.data(), 0, first, sums);
    for (int64_t j = 0; j < std::min(kPanelWidth, columns - first); ++j) {
      int64_t position = first + j, column = order[position];
      for (int64_t i = first; i < position; ++i)
        for (int64_t lane = 0; lane < kRowLanes; ++lane)
          sums[j][lane] +=
              missing[i * kRowLanes + lane] * factor[i * kPanelWidth + j];
      for (int64_t lane = 0; lane < count; ++lane) {
        int64_t local = firstLane + lane;
        double target = at(block.first + local, column);
        float value = float(target + sums[j][lane]);
        const FloatGrid &grid =
            block.grids[column / layout.groupSize * kRows + local];
        int32_t code = grid.encode(value, maxCode);
        float decoded = grid.decode(code);
        block.codes[local * columns + column] = uint32_t(code);
        double error = double(value) - decoded;
        uint16_t held = floatToHalf(value);
        if (error * error * costs[column] > threshold &&
            std::isfinite(halfToFloat(held))) {
          decoded = halfToFloat(held);
          block.outliers[local].push_back({uint16_t(column), held});
        }
        missing[position * kRowLanes + lane] = target - decoded;
      }
    }
  }
}

void Compressor::store(const Block &block, const PlainLayout &layout,
                       SpqrWeight &result) const {
  char *payload = result.payload.data();
  int64_t number = block.first / kRows;
  for (int64_t lane = 0; lane < block.count; ++lane) {
    int64_t row = block.first + lane;
    packRow(format, &block.codes[lane * columns], columns,
            payload + row * layout.rowBytes);
    for (int64_t group = 0; group < layout.groups; ++group)
      payload[layout.scalesOffset + row * layout.groups + group] =
          char(block.seconds[group * kRows + lane]);
  }
  std::memcpy(payload + layout.numbersOffset + number * layout.groups * 8,
              block.numbers.data(), layout.groups * 8);
  if (!result.format.outliers)
    return;
  char *list = payload + layout.outliersOffset + number * layout.outlierBytes;
  uint16_t index = 0;
  for (int64_t lane = 0; lane < kRows; ++lane) {
    std::memcpy(list + 2 * lane, &index, 2);
    for (const Block::Outlier &outlier : block.outliers[lane]) {
      char *column = list + PlainLayout::outlierColumnsOffset + 2 * index;
      std::memcpy(column, &outlier.column, 2);
      std::memcpy(column + 2 * result.format.outliers, &outlier.value, 2);
      ++index;
    }
  }
  std::memcpy(list + 2 * kRows, &index, 2);
}

llvm::Expected<SpqrWeight> Compressor::run(llvm::ThreadPoolInterface *pool) {
  if (!format.isBilevel() || format.outliers)
    return fail("expected a format with scale=bilevel3 and no outliers yet, "
                "got " +
                format.str());
  if (columns > int64_t(UINT16_MAX) + 1)
    return fail("expected at most 65536 columns, got " + llvm::Twine(columns));
  if (!(tau > 0.0))
    return fail("expected a threshold above 0, got " + spell(tau));
  for (auto [index, value] : llvm::enumerate(weight))
    if (!std::isfinite(value))
      return fail(describeNonFinite(value, int64_t(index)));
  if (rows != 0 && columns != 0)
    chooseThreshold();

  std::vector<Block> blocks(columns ? llvm::divideCeil(rows, kRows) : 0);
  parallelFor(pool, int64_t(blocks.size()), [&](int64_t index) {
    Block &block = blocks[index];
    block.first = index * kRows;
    block.count = std::min(kRows, rows - block.first);
    block.grids.resize(layout.groups * kRows);
    block.seconds.resize(layout.groups * kRows);
    block.numbers.resize(layout.groups * 4);
    block.codes.resize(kRows * columns);
    for (int64_t group = 0; group < layout.groups; ++group)
      if (!chooseGrids(block, group))
        return;
    for (int64_t lane = 0; lane < block.count; lane += kRowLanes)
      compensate(block, lane);
    for (auto &list : block.outliers) {
      llvm::sort(list, [](const Block::Outlier &a, const Block::Outlier &b) {
        return a.column < b.column;
      });
      block.outlierCount += int64_t(list.size());
    }
  });

  SpqrWeight result;
  result.format = format;
  for (const Block &block : blocks) {
    if (!block.error.empty())
      return fail(block.error);
    result.outliers += block.outlierCount;
    result.format.outliers =
        std::max(result.format.outliers, block.outlierCount);
  }
  if (result.format.outliers > UINT16_MAX)
    return fail("expected at most 65535 outliers in 16 rows, got " +
                llvm::Twine(result.format.outliers));
  PlainLayout stored = PlainLayout::get(result.format, rows, columns);
  result.payload.resize(stored.totalBytes);
  parallelFor(pool, int64_t(blocks.size()),
              [&](int64_t index) { store(blocks[index], stored, result); });
  return std::move(result);
}

llvm::Expected<SpqrWeight>
squint::quantizeSpqr(llvm::ArrayRef<float> weight, const Hessian &hessian,
                     const Format &format, const SpqrOptions &options,
                     llvm::ThreadPoolInterface *pool) {
  return Compressor(weight, hessian, format, options).run(pool);
}
