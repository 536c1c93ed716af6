//===- Rtn.cpp - round to nearest -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Rtn.h"
#include "Failures.h"
#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/Codebook.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/RangeSearch.h"
#include "squint/Numerics/Sparse.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/ThreadPool.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

using namespace squint;

float squint::chooseTensorScale(const Format &format, float min, float max) {
  if (!hasTensorScale(format))
    return 1.0f;
  float largest = std::max(-min, max);
  float scale = largest / (format.element->largest * kFloat8E4M3.largest);
  return scale == 0.0f ? 1.0f : scale;
}

/// Of blocks whose scales are powers of two. What is left over rounding takes
/// away: a scale of type E8M0 is the power of two at or below it.
static float chooseSharedScale(const Format &format, float largest) {
  const Element &element = *format.element;
  double shared = std::ldexp(double(largest), -std::ilogb(element.largest));
  // The power of two at or above a number.
  auto raise = [](double value) {
    int exponent;
    return std::frexp(value, &exponent) == 0.5 ? value
                                               : std::ldexp(1.0, exponent);
  };
  if (largest == 0.0f || !std::isfinite(largest))
    return float(shared);
  switch (format.rounding) {
  case ScaleRounding::Floor:
    break;
  case ScaleRounding::Even: {
    // Of mxint8, whose codes are 64ths, a mantissa has 6 bits.
    int mantissa = element.mini ? int(element.mini->mantissaBits) : 6;
    shared += std::ldexp(1.0, std::ilogb(shared) - mantissa - 1);
    break;
  }
  case ScaleRounding::Ceil:
    shared = raise(shared);
    break;
  case ScaleRounding::RCeil:
    shared = raise(double(largest) / double(element.largest));
    break;
  }
  return float(shared);
}

Grid squint::chooseGrid(const Format &format, float min, float max,
                        float tensorScale) {
  Grid grid;
  float scale;
  if (format.zeroPoint) {
    min = std::min(min, 0.0f);
    max = std::max(max, 0.0f);
    scale = (max - min) / float(format.maxCode());
  } else if (format.hasMins()) {
    // Halved, as the difference of two finite values may not be.
    scale = (max / 2 - min / 2) / (float(format.maxCode()) / 2);
    grid.min = roundScale(-min, ScaleType::F16);
  } else if (format.isInteger() && format.bits() < 8) {
    float extreme = -min >= max ? min : max;
    scale = extreme / float(format.minCode());
  } else if (format.scale == ScaleType::E8M0) {
    scale = chooseSharedScale(format, std::max(-min, max));
  } else {
    scale = std::max(-min, max) / (format.element->largest * tensorScale);
  }
  // A zero divided by the negative end of the codes.
  if (scale == 0.0f)
    scale = 0.0f;
  grid.stored = roundScale(scale, format.scale);
  if (hasTensorScale(format) && grid.stored == 0.0f)
    grid.stored = 1.0f;
  grid.scale = grid.stored * tensorScale;
  // There is one place to say that a block does not fit.
  if (!std::isfinite(grid.min))
    grid.scale = INFINITY;
  if (format.zeroPoint && grid.scale != 0.0f && std::isfinite(grid.scale)) {
    float zero = std::nearbyint(-min / grid.scale);
    grid.zeroPoint = int32_t(std::min(zero, float(format.maxCode())));
  }
  return grid;
}

// Integers are clamped before they are rounded, which gives the same code as
// the bounds are integers, and lets the rounding be two additions instead of a
// call: 1.5 * 2^23 has an ulp of 1.
static uint32_t encodeSteps(float steps, float low, float high,
                            int32_t zeroPoint, uint32_t mask) {
  constexpr float magic = 12582912.0f;
  float clamped = std::min(std::max(steps, low), high);
  float rounded = (clamped + magic) - magic;
  return uint32_t(int32_t(rounded) + zeroPoint) & mask;
}

void squint::encodeValues(const Format &format, const Grid &grid,
                          const float *values, int64_t count, uint32_t *codes) {
  if (grid.scale == 0.0f && format.hasScale()) {
    std::fill_n(codes, count,
                format.zeroPoint ? uint32_t(grid.zeroPoint)
                                 : format.element->encode(0.0f));
    return;
  }
  if (format.element->kind == ElementKind::Table) {
    // Infinite where the scale is subnormal.
    float inverse = 1.0f / grid.scale;
    bool divides = std::isinf(inverse);
    for (int64_t i = 0; i < count; ++i)
      codes[i] = format.element->encode(divides ? values[i] / grid.scale
                                                : values[i] * inverse);
    return;
  }
  if (!format.isInteger()) {
    for (int64_t i = 0; i < count; ++i)
      codes[i] = format.element->encode(
          format.hasScale() ? values[i] / grid.scale : values[i]);
    return;
  }
  float low = float(format.minCode() - grid.zeroPoint);
  float high = float(format.maxCode() - grid.zeroPoint);
  uint32_t mask = (1u << format.bits()) - 1;
  for (int64_t i = 0; i < count; ++i)
    codes[i] = encodeSteps((values[i] + grid.min) / grid.scale, low, high,
                           grid.zeroPoint, mask);
}

void squint::storeGrid(const Format &format, const PlainLayout &layout,
                       const Grid &grid, int64_t index, char *payload) {
  storeScale(grid.stored, format.scale, payload + layout.scalesOffset, index);
  if (format.zeroPoint)
    payload[layout.zeroPointsOffset + index] = char(grid.zeroPoint);
  if (format.minimum)
    storeScale(grid.min, ScaleType::F16, payload + layout.zeroPointsOffset,
               index);
}

namespace {
/// What went wrong first, in the order of the elements.
struct Failure {
  int64_t index;
  std::string message;
};

struct Range {
  float min = 0.0f, max = 0.0f;
};

/// Rows read at a time: enough for a transposed weight to use whole cache
/// lines.
constexpr int64_t kRowsAtOnce = 32;

class Quantizer {
public:
  Quantizer(const TensorView &weight, const Format &format, char *payload,
            llvm::ThreadPoolInterface *pool, const RangeOptions &options)
      : weight(weight), format(format), payload(payload), pool(pool),
        options(options),
        layout(PlainLayout::get(format, weight.rows(), weight.columns())) {}

  llvm::Error run();

private:
  using BlockFn = llvm::function_ref<std::optional<Failure>(
      int64_t firstRow, int64_t rows, const float *values)>;

  /// Runs `fn` over blocks of rows, on all threads, and reports the failure of
  /// the lowest index.
  std::optional<Failure> forEachBlock(BlockFn fn) const;

  std::optional<Failure> findRange(const float *values, int64_t count,
                                   int64_t firstIndex, Range &range) const;
  /// Of values in `range`.
  std::optional<Failure> chooseCheckedGrid(llvm::ArrayRef<float> values,
                                           const Range &range,
                                           int64_t firstIndex,
                                           Grid &grid) const;
  std::optional<Failure> chooseTensorGrid(const Range &range, Grid &grid) const;
  std::optional<Failure> quantizeRow(int64_t row, const float *values,
                                     const Grid *tensorGrid,
                                     std::vector<uint32_t> &codes);
  std::optional<Failure> quantizeBlocks(int64_t row, const float *values) const;
  std::optional<Failure> storeFloatRow(int64_t row, const float *values,
                                       std::vector<uint32_t> &codes) const;
  std::optional<Failure> findTensorRange(Range &range) const;
  /// Of a block with codebook, whose values lie in `range`.
  std::optional<Failure> chooseTable(llvm::ArrayRef<float> values,
                                     const Range &range, int64_t firstIndex,
                                     int64_t block,
                                     std::vector<float> &table) const;
  std::optional<Failure> chooseTensorTable(const Range &range);

  const TensorView &weight;
  const Format &format;
  char *payload;
  llvm::ThreadPoolInterface *pool;
  const RangeOptions &options;
  PlainLayout layout;
  float tensorScale = 1.0f;
  /// Of all groups, until all are known.
  std::vector<float> dynamicScales;
  std::vector<float> tensorTable;
};
} // namespace

std::optional<Failure> Quantizer::forEachBlock(BlockFn fn) const {
  int64_t blocks = llvm::divideCeil(layout.rows, kRowsAtOnce);
  int64_t workers = 1;
  if (pool && blocks > 1)
    workers = std::min<int64_t>(pool->getMaxConcurrency(), blocks);
  std::vector<std::optional<Failure>> failures(workers);

  auto work = [&](int64_t worker) {
    std::vector<float> values(kRowsAtOnce * layout.columns);
    int64_t end = blocks * (worker + 1) / workers;
    for (int64_t block = blocks * worker / workers; block < end; ++block) {
      int64_t firstRow = block * kRowsAtOnce;
      int64_t rows = std::min(kRowsAtOnce, layout.rows - firstRow);
      weight.readRows(firstRow, firstRow + rows, values.data());
      for (int64_t row = 0; row < rows && format.sparse; ++row)
        prune(format,
              {values.data() + row * layout.columns, size_t(layout.columns)},
              options.importance);
      failures[worker] = fn(firstRow, rows, values.data());
      if (failures[worker])
        return;
    }
  };
  if (workers == 1) {
    work(0);
  } else {
    llvm::ThreadPoolTaskGroup group(*pool);
    for (int64_t worker = 0; worker < workers; ++worker)
      group.async([&work, worker] { work(worker); });
    group.wait();
  }
  // Workers hold ascending rows, so the first failure has the lowest index.
  for (std::optional<Failure> &failure : failures)
    if (failure)
      return std::move(failure);
  return std::nullopt;
}

std::optional<Failure> Quantizer::findRange(const float *values, int64_t count,
                                            int64_t firstIndex,
                                            Range &range) const {
  // Lanes that do not wait for one another.
  constexpr int64_t lanes = 16;
  std::array<float, lanes> min, max, finite{};
  min.fill(values[0]);
  max.fill(values[0]);
  auto add = [&](int64_t lane, float value) {
    min[lane] = value < min[lane] ? value : min[lane];
    max[lane] = value > max[lane] ? value : max[lane];
    finite[lane] += value * 0.0f; // NaN once one value is not finite
  };
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane)
      add(lane, values[i + lane]);
  for (; i < count; ++i)
    add(i % lanes, values[i]);
  if (std::accumulate(finite.begin(), finite.end(), 0.0f) == 0.0f) {
    range = {*std::min_element(min.begin(), min.end()),
             *std::max_element(max.begin(), max.end())};
    return std::nullopt;
  }
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(values[i]))
      return Failure{firstIndex + i,
                     describeNonFinite(values[i], firstIndex + i)};
  return std::nullopt;
}

std::optional<Failure>
Quantizer::chooseCheckedGrid(llvm::ArrayRef<float> values, const Range &range,
                             int64_t firstIndex, Grid &grid) const {
  if (options.rule == RangeRule::MinMax) {
    grid = chooseGrid(format, range.min, range.max, tensorScale);
  } else {
    RangeOptions block = options;
    if (!block.importance.empty())
      block.importance =
          block.importance.slice(firstIndex % layout.columns, values.size());
    grid = searchGrid(format, values, block, tensorScale);
  }
  if (std::isfinite(grid.scale))
    return std::nullopt;
  return Failure{firstIndex,
                 describeScale(format, range.min, range.max, firstIndex)};
}

// A search looks at all values at once.
std::optional<Failure> Quantizer::chooseTensorGrid(const Range &range,
                                                   Grid &grid) const {
  if (options.rule == RangeRule::MinMax)
    return chooseCheckedGrid({}, range, 0, grid);
  std::vector<float> values(layout.rows * layout.columns), importance;
  weight.readRows(0, layout.rows, values.data());
  RangeOptions all = options;
  if (!options.importance.empty())
    for (int64_t row = 0; row < layout.rows; ++row)
      llvm::append_range(importance, options.importance);
  all.importance = importance;
  grid = searchGrid(format, values, all, tensorScale);
  if (std::isfinite(grid.scale))
    return std::nullopt;
  return Failure{0, describeScale(format, range.min, range.max, 0)};
}

std::optional<Failure> Quantizer::chooseTable(llvm::ArrayRef<float> values,
                                              const Range &range,
                                              int64_t firstIndex, int64_t block,
                                              std::vector<float> &table) const {
  llvm::ArrayRef<float> importance = options.importance;
  std::vector<float> repeated;
  if (!importance.empty() && values.size() <= importance.size()) {
    importance = importance.slice(firstIndex % layout.columns, values.size());
  } else if (!importance.empty()) {
    for (int64_t row = 0; row < layout.rows; ++row)
      llvm::append_range(repeated, importance);
    importance = repeated;
  }
  table = fitTable(format, values, importance);
  storeTable(format, layout, table, block, payload);
  if (std::isfinite(table.front()) && std::isfinite(table.back()))
    return std::nullopt;
  return Failure{firstIndex,
                 describeScale(format, range.min, range.max, firstIndex)};
}

std::optional<Failure> Quantizer::chooseTensorTable(const Range &range) {
  std::vector<float> values(layout.rows * layout.columns);
  weight.readRows(0, layout.rows, values.data());
  return chooseTable(values, range, 0, 0, tensorTable);
}

std::optional<Failure> Quantizer::quantizeRow(int64_t row, const float *values,
                                              const Grid *tensorGrid,
                                              std::vector<uint32_t> &codes) {
  for (int64_t group = 0; group < layout.groups; ++group) {
    int64_t begin = group * layout.groupSize;
    int64_t end = std::min(begin + layout.groupSize, layout.columns);
    Grid grid;
    if (tensorGrid) {
      grid = *tensorGrid;
    } else if (!tensorTable.empty()) {
      for (int64_t i = begin; i < end; ++i)
        codes[i] = findNearest(tensorTable, values[i]);
      continue;
    } else {
      int64_t firstIndex = row * layout.columns + begin;
      Range range;
      if (auto failure =
              findRange(values + begin, end - begin, firstIndex, range))
        return failure;
      if (format.isCodebook()) {
        std::vector<float> table;
        if (auto failure =
                chooseTable(llvm::ArrayRef(values + begin, end - begin), range,
                            firstIndex, row * layout.groups + group, table))
          return failure;
        for (int64_t i = begin; i < end; ++i)
          codes[i] = findNearest(table, values[i]);
        continue;
      }
      if (auto failure =
              chooseCheckedGrid(llvm::ArrayRef(values + begin, end - begin),
                                range, firstIndex, grid))
        return failure;
      int64_t index = row * layout.groups + group;
      if (format.scale == ScaleType::Dynamic8)
        dynamicScales[index] = grid.stored;
      else
        storeGrid(format, layout, grid, index, payload);
    }
    encodeValues(format, grid, values + begin, end - begin, &codes[begin]);
  }
  packRow(format, codes.data(), layout.columns,
          payload + row * layout.rowBytes);
  return std::nullopt;
}

std::optional<Failure> Quantizer::quantizeBlocks(int64_t row,
                                                 const float *values) const {
  const BlockCodec &blocks = *format.blocks();
  int64_t firstIndex = row * layout.columns;
  Range range;
  if (auto failure = findRange(values, layout.columns, firstIndex, range))
    return failure;
  char *out = payload + row * layout.rowBytes;
  // Beyond the largest f16 times the largest codes; the cubes in the searches
  // are finite below.
  constexpr float huge = 0x1p29f;
  bool isHuge = std::max(-range.min, range.max) > huge;
  if (!isHuge)
    blocks.quantize(values,
                    options.importance.empty() ? nullptr
                                               : options.importance.data(),
                    layout.columns, out);
  for (int64_t at = 0; at < layout.columns;
       at += blocks.size, out += blocks.bytes) {
    BlockParts parts;
    blocks.unpack(out, parts);
    (void)findRange(values + at, blocks.size, firstIndex + at, range);
    if (isHuge ? std::max(-range.min, range.max) <= huge
               : std::isfinite(halfToFloat(parts.scale)) &&
                     std::isfinite(halfToFloat(parts.min)))
      continue;
    return Failure{firstIndex + at, describeScale(format, range.min, range.max,
                                                  firstIndex + at)};
  }
  return std::nullopt;
}

std::optional<Failure>
Quantizer::storeFloatRow(int64_t row, const float *values,
                         std::vector<uint32_t> &codes) const {
  encodeValues(format, Grid(), values, layout.columns, codes.data());
  for (int64_t column = 0; column < layout.columns; ++column) {
    if (std::isfinite(values[column]) &&
        std::isinf(format.element->decode(codes[column]))) {
      int64_t index = row * layout.columns + column;
      return Failure{index,
                     llvm::formatv("expected a value within {0}, got {1} at "
                                   "element {2}",
                                   format.element->name, spell(values[column]),
                                   index)};
    }
  }
  packCodes(codes.data(), layout.columns, format.bits(),
            payload + row * layout.rowBytes);
  return std::nullopt;
}

// Blocks may finish in any order; minimum and maximum do not depend on it.
std::optional<Failure> Quantizer::findTensorRange(Range &all) const {
  std::vector<Range> ranges(layout.rows);
  auto failure =
      forEachBlock([&](int64_t firstRow, int64_t rows,
                       const float *values) -> std::optional<Failure> {
        for (int64_t row = 0; row < rows; ++row)
          if (auto failure = findRange(
                  values + row * layout.columns, layout.columns,
                  (firstRow + row) * layout.columns, ranges[firstRow + row]))
            return failure;
        return std::nullopt;
      });
  if (failure)
    return failure;
  all = ranges[0];
  for (const Range &range : ranges) {
    all.min = std::min(all.min, range.min);
    all.max = std::max(all.max, range.max);
  }
  return std::nullopt;
}

llvm::Error Quantizer::run() {
  if (llvm::Error error = format.checkColumns(layout.columns))
    return error;
  if (format.isBilevel())
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "expected the method spqr for '" +
                                       format.str() + "'");
  if (format.blocks() && !format.blocks()->quantize)
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "expected a format that weights can be quantized to, got '" +
            format.str() + "', which is only read from GGUF files");
  if (format.isAdditive())
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "expected the method additive for '" +
                                       format.str() + "'");
  std::fill_n(payload, layout.totalBytes, 0);
  if (format.scale == ScaleType::Dynamic8)
    dynamicScales.resize(layout.scaleCount());
  if (layout.rows == 0 || layout.columns == 0)
    return llvm::Error::success();

  std::optional<Failure> failure;
  Grid tensorGrid;
  bool perTensor = format.granularity == Granularity::Tensor;
  if (perTensor || hasTensorScale(format)) {
    Range range;
    failure = findTensorRange(range);
    if (!failure && format.isCodebook()) {
      failure = chooseTensorTable(range);
    } else if (!failure && perTensor) {
      failure = chooseTensorGrid(range, tensorGrid);
      storeGrid(format, layout, tensorGrid, 0, payload);
    }
    tensorScale = chooseTensorScale(format, range.min, range.max);
  }
  if (hasTensorScale(format))
    storeScale(tensorScale, ScaleType::F32,
               payload + getTensorScaleOffset(layout), 0);
  if (!failure)
    failure = forEachBlock([&](int64_t firstRow, int64_t rows,
                               const float *values) -> std::optional<Failure> {
      std::vector<uint32_t> codes(layout.columns);
      for (int64_t row = 0; row < rows; ++row) {
        const float *rowValues = values + row * layout.columns;
        auto failure =
            format.blocks() ? quantizeBlocks(firstRow + row, rowValues)
            : format.hasScale()
                ? quantizeRow(firstRow + row, rowValues,
                              perTensor && !format.isCodebook() ? &tensorGrid
                                                                : nullptr,
                              codes)
                : storeFloatRow(firstRow + row, rowValues, codes);
        if (failure)
          return failure;
      }
      return std::nullopt;
    });
  if (!failure && !dynamicScales.empty())
    DynamicScale::store(dynamicScales, payload + layout.scalesOffset,
                        payload + layout.numbersOffset);
  if (!failure)
    return llvm::Error::success();
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 failure->message);
}

llvm::Error squint::quantizeRtn(const TensorView &weight, const Format &format,
                                llvm::MutableArrayRef<char> payload,
                                llvm::ThreadPoolInterface *pool,
                                const RangeOptions &options) {
  return Quantizer(weight, format, payload.data(), pool, options).run();
}
