//===- Gptq.cpp - rounding that compensates its own errors ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Gptq.h"
#include "Failures.h"
#include "Parallel.h"
#include "RowTile.h"
#include "squint/Numerics/Codebook.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Sparse.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <cstring>
#include <optional>
#include <string>

using namespace squint;

/// Rows that one thread takes at once: a panel is read once for all of them.
static constexpr int64_t kTilesAtOnce = 4;
static constexpr int64_t kRowsAtOnce = kTilesAtOnce * kRowLanes;
/// Columns that are chosen together where a row keeps a part of its own.
static constexpr int64_t kPruneBlock = 128;

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static bool isFinite(llvm::ArrayRef<float> table) {
  return std::isfinite(table.front()) && std::isfinite(table.back());
}

namespace {
/// What a layer should give instead of its own outputs.
class Targets {
public:
  Targets(const GptqLayer &layer, const Hessian &hessian)
      : layer(layer), hessian(hessian), columns(hessian.columns()),
        knowsInputs(hessian.countDead() != columns) {
    if (!layer.inputShift.empty() && layer.inputShare != 0.0)
      inputShift = Panels(columns, /*upper=*/false, [&](int64_t i, int64_t j) {
        return layer.inputShift[i * columns + j];
      });
  }
  std::vector<double> get(int64_t first, int64_t count) const;

private:
  void addShift(int64_t first, int64_t count,
                std::vector<double> &target) const;

  const GptqLayer &layer;
  const Hessian &hessian;
  int64_t columns;
  bool knowsInputs;
  Panels inputShift;
};
} // namespace

// row-major [count][columns], in the columns' own order
std::vector<double> Targets::get(int64_t first, int64_t count) const {
  const float *weight = &layer.weight[first * columns];
  std::vector<double> target(weight, weight + count * columns);
  if (!inputShift.empty() || !layer.residualShift.empty())
    addShift(first, count, target);
  if (knowsInputs)
    for (int64_t column = 0; column < columns; ++column)
      if (hessian.isDead(column))
        for (int64_t row = 0; row < count; ++row)
          target[row * columns + column] = 0.0;
  return target;
}

void Targets::addShift(int64_t first, int64_t count,
                       std::vector<double> &target) const {
  Eigen::MatrixXd shift = Eigen::MatrixXd::Zero(columns, count);
  llvm::ArrayRef<int64_t> order = hessian.getOrder();
  std::vector<int64_t> positions(columns);
  for (int64_t position = 0; position < columns; ++position)
    positions[order[position]] = position;

  std::vector<double> lanes(columns * kRowLanes);
  for (int64_t tile = 0; tile < count && !inputShift.empty();
       tile += kRowLanes) {
    int64_t lanesUsed = std::min(kRowLanes, count - tile);
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t lane = 0; lane < lanesUsed; ++lane)
        lanes[column * kRowLanes + lane] =
            target[(tile + lane) * columns + column];
    for (int64_t panel = 0; panel < inputShift.count(); ++panel) {
      double sums[kPanelWidth][kRowLanes] = {};
      addProducts(inputShift.get(panel), lanes.data(), 0, columns, sums);
      int64_t column = panel * kPanelWidth;
      for (int64_t j = 0; j < std::min(kPanelWidth, columns - column); ++j)
        for (int64_t lane = 0; lane < lanesUsed; ++lane)
          shift(positions[column + j], tile + lane) =
              layer.inputShare * sums[j][lane];
    }
  }
  if (!layer.residualShift.empty())
    for (int64_t row = 0; row < count; ++row)
      for (int64_t column = 0; column < columns; ++column)
        shift(positions[column], row) +=
            layer.residualShare *
            layer.residualShift[(first + row) * columns + column];

  hessian.matrices().solve(shift);
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < columns; ++column)
      target[row * columns + column] += shift(positions[column], row);
}

std::vector<float> squint::getTargets(const GptqLayer &layer,
                                      const Hessian &hessian,
                                      llvm::ThreadPoolInterface *pool) {
  Targets targets(layer, hessian);
  int64_t columns = std::max<int64_t>(hessian.columns(), 1),
          rows = int64_t(layer.weight.size()) / columns;
  std::vector<float> all(layer.weight.size());
  parallelFor(pool, llvm::divideCeil(rows, kRowsAtOnce), [&](int64_t index) {
    int64_t first = index * kRowsAtOnce;
    std::vector<double> own =
        targets.get(first, std::min(kRowsAtOnce, rows - first));
    std::copy(own.begin(), own.end(), all.begin() + first * columns);
  });
  return all;
}

namespace {
class Compensator {
public:
  Compensator(const GptqLayer &layer, const Hessian &hessian,
              const Format &format, const GptqOptions &options, char *payload,
              bool wantsReport)
      : layer(layer), hessian(hessian), format(format), options(options),
        payload(payload), wantsReport(wantsReport), columns(hessian.columns()),
        rows(int64_t(layer.weight.size()) / std::max<int64_t>(columns, 1)),
        layout(PlainLayout::get(format, rows, columns)),
        targets(layer, hessian) {}

  llvm::Error run(GptqReport *report, llvm::ThreadPoolInterface *pool);

private:
  /// Rows [first, first + count) and what becomes of them.
  struct Chunk {
    int64_t first, count;
    std::vector<float> target; // [count][columns]
    std::vector<RowTile> tiles;
    GptqReport report;
    std::string error;
  };

  llvm::Error checkWeight() const;
  bool chooseTensorGrid();
  void processChunk(Chunk &chunk) const;
  bool chooseGrid(Chunk &chunk, RowTile &tile, int64_t group, int64_t lane,
                  int64_t row, llvm::ArrayRef<float> values) const;
  bool chooseStaticGrids(Chunk &chunk) const;
  std::vector<double> forecast(RowTile &tile, int64_t begin, int64_t end) const;
  bool chooseGroupGrids(Chunk &chunk, RowTile &tile, int64_t tileRow,
                        int64_t group) const;
  void pruneFour(RowTile &tile, int64_t first,
                 const double (&sums)[kPanelWidth][kRowLanes]) const;
  void pruneRows(RowTile &tile) const;
  void pruneBlock(RowTile &tile, int64_t first) const;
  bool compensate(Chunk &chunk) const;
  void store(Chunk &chunk) const;

  bool hasStaticGroups() const {
    return options.staticGroups || format.granularity != Granularity::Group;
  }

  const GptqLayer &layer;
  const Hessian &hessian;
  const Format &format;
  const GptqOptions &options;
  char *payload;
  bool wantsReport;
  int64_t columns, rows;
  PlainLayout layout;
  Targets targets;
  std::optional<Grid> tensorGrid;
  std::vector<float> tensorTable;
  float tensorScale = 1.0f;
};
} // namespace

llvm::Error Compensator::checkWeight() const {
  for (auto [index, value] : llvm::enumerate(layer.weight))
    if (!std::isfinite(value))
      return fail(describeNonFinite(value, index));
  return llvm::Error::success();
}

// What all rows share: the grid of a tensor, or the part of the scales that is
// the tensor's.
bool Compensator::chooseTensorGrid() {
  auto [min, max] =
      std::minmax_element(layer.weight.begin(), layer.weight.end());
  tensorScale = chooseTensorScale(format, *min, *max);
  if (hasTensorScale(format))
    storeScale(tensorScale, ScaleType::F32,
               payload + getTensorScaleOffset(layout), 0);
  if (format.granularity != Granularity::Tensor)
    return true;
  std::vector<float> importance;
  if (options.range != RangeRule::MinMax)
    for (int64_t row = 0; row < rows; ++row)
      llvm::append_range(importance, hessian.getCompensatedImportance());
  if (format.isCodebook()) {
    tensorGrid.emplace().scale = 1.0f;
    tensorTable = fitTable(format, layer.weight, importance);
    return isFinite(tensorTable);
  }
  tensorGrid =
      searchGrid(format, layer.weight,
                 {options.range, options.percentile, importance}, tensorScale);
  return std::isfinite(tensorGrid->scale);
}

bool Compensator::chooseGrid(Chunk &chunk, RowTile &tile, int64_t group,
                             int64_t lane, int64_t row,
                             llvm::ArrayRef<float> values) const {
  Grid &grid = tile.grid(group, lane);
  if (tensorGrid) {
    grid = *tensorGrid;
    if (format.isCodebook())
      llvm::copy(tensorTable, tile.table(group, lane).begin());
    return true;
  }
  int64_t begin = group * layout.groupSize;
  llvm::ArrayRef<float> importance =
      hessian.getCompensatedImportance().slice(begin, values.size());
  bool isValid;
  if (format.isCodebook()) {
    std::vector<float> table = fitTable(format, values, importance);
    llvm::copy(table, tile.table(group, lane).begin());
    grid.scale = 1.0f;
    isValid = isFinite(table);
  } else {
    // What stays zero has no say in the grid of the rest.
    std::vector<float> kept;
    if (format.sparse) {
      kept = values.vec();
      values = kept;
    }
    if (format.isTwoOfFour())
      prune(format, kept);
    for (size_t i = 0; i < kept.size() && !format.isTwoOfFour(); ++i)
      if (tile.pruned[(begin + i) * kRowLanes + lane])
        kept[i] = 0.0f;
    grid = searchGrid(format, values,
                      {options.range, options.percentile, importance},
                      tensorScale);
    isValid = std::isfinite(grid.scale);
  }
  if (isValid)
    return true;
  auto [min, max] = std::minmax_element(values.begin(), values.end());
  chunk.error = describeScale(format, *min, *max, row * columns + begin);
  return false;
}

bool Compensator::chooseStaticGrids(Chunk &chunk) const {
  for (int64_t row = 0; row < chunk.count; ++row)
    for (int64_t group = 0; group < layout.groups; ++group) {
      int64_t begin = group * layout.groupSize;
      int64_t size = std::min(layout.groupSize, columns - begin);
      if (!chooseGrid(
              chunk, chunk.tiles[row / kRowLanes], group, row % kRowLanes,
              chunk.first + row,
              llvm::ArrayRef(&chunk.target[row * columns + begin], size)))
        return false;
    }
  return true;
}

// What position i carries over to column j of a panel.
static void addOne(const RowTile &tile, const double *factor, int64_t i,
                   int64_t j, double (&sums)[kRowLanes]) {
  for (int64_t lane = 0; lane < kRowLanes; ++lane)
    sums[lane] +=
        tile.missing[i * kRowLanes + lane] * factor[i * kPanelWidth + j];
}

// What the columns [begin, end) are once all before them are codes: each takes
// over their errors, and leaves none of its own. [column][8]
std::vector<double> Compensator::forecast(RowTile &tile, int64_t begin,
                                          int64_t end) const {
  std::vector<double> values((end - begin) * kRowLanes);
  for (int64_t panel = begin / kPanelWidth; panel * kPanelWidth < end;
       ++panel) {
    int64_t first = panel * kPanelWidth;
    double sums[kPanelWidth][kRowLanes];
    std::memcpy(sums, &tile.target[first * kRowLanes], sizeof(sums));
    addProducts(tile.h.factor.get(panel), tile.missing.data(), 0, first, sums);
    for (int64_t j = 0; j < kPanelWidth && first + j < end; ++j) {
      if (first + j < begin)
        continue;
      for (int64_t i = first; i < first + j; ++i)
        addOne(tile, tile.h.factor.get(panel), i, j, sums[j]);
      for (int64_t lane = 0; lane < kRowLanes; ++lane) {
        int64_t at = (first + j) * kRowLanes + lane;
        tile.missing[at] = tile.target[at] - sums[j][lane];
        values[at - begin * kRowLanes] = sums[j][lane];
      }
    }
  }
  return values;
}

bool Compensator::chooseGroupGrids(Chunk &chunk, RowTile &tile, int64_t tileRow,
                                   int64_t group) const {
  int64_t begin = group * layout.groupSize;
  int64_t end = std::min(begin + layout.groupSize, columns);
  std::vector<double> values = forecast(tile, begin, end);
  std::vector<float> own(end - begin);
  for (int64_t lane = 0; lane < std::min(kRowLanes, chunk.count - tileRow);
       ++lane) {
    for (int64_t i = 0; i < end - begin; ++i)
      own[i] = float(values[i * kRowLanes + lane]);
    if (!chooseGrid(chunk, tile, group, lane, chunk.first + tileRow + lane,
                    own))
      return false;
  }
  return true;
}

// A panel is four columns, in their own order. `sums` are what those before
// them carry over; what the first ones of the four would then be, and carry
// over to the others in turn, is what all four are by now.
void Compensator::pruneFour(
    RowTile &tile, int64_t first,
    const double (&sums)[kPanelWidth][kRowLanes]) const {
  int64_t width = std::min(kPanelWidth, columns - first);
  const double *factor = tile.h.factor.get(first / kPanelWidth);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    double missing[kPanelWidth], scores[kPanelWidth];
    for (int64_t j = 0; j < width; ++j) {
      double value = sums[j][lane];
      for (int64_t i = 0; i < j; ++i)
        value += missing[i] * factor[(first + i) * kPanelWidth + j];
      missing[j] = tile.target[(first + j) * kRowLanes + lane] - value;
      double part = value * tile.h.pivots[first + j];
      scores[j] = part * part;
    }
    for (int64_t j :
         findPruned({scores, size_t(width)}, std::min<int64_t>(2, width)))
      tile.pruned[(first + j) * kRowLanes + lane] = 1;
  }
}

// Which columns would stay if none made up for others.
void Compensator::pruneRows(RowTile &tile) const {
  std::vector<double> scores(columns);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    for (int64_t i = 0; i < columns; ++i) {
      double part = tile.target[i * kRowLanes + lane] * tile.h.pivots[i];
      scores[i] = part * part;
    }
    for (int64_t i : findPruned(scores, layout.stored))
      tile.pruned[i * kRowLanes + lane] = 1;
  }
}

// The columns of a block from what they are once those before it are codes: as
// many stay as would if none made up for others.
void Compensator::pruneBlock(RowTile &tile, int64_t first) const {
  int64_t end = std::min(first + kPruneBlock, columns);
  std::vector<double> values = forecast(tile, first, end), scores(end - first);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    int64_t kept = 0;
    for (int64_t i = first; i < end; ++i) {
      char &pruned = tile.pruned[i * kRowLanes + lane];
      kept += !pruned;
      pruned = 0;
      double part = values[(i - first) * kRowLanes + lane] * tile.h.pivots[i];
      scores[i - first] = part * part;
    }
    for (int64_t i : findPruned(scores, kept))
      tile.pruned[(first + i) * kRowLanes + lane] = 1;
  }
}

bool Compensator::compensate(Chunk &chunk) const {
  int64_t panels = hessian.matrices().factor.count();
  int64_t panelsAtOnce = std::max<int64_t>(1, options.blockSize / kPanelWidth);
  struct Sums {
    double at[kPanelWidth][kRowLanes];
  };
  std::vector<Sums> carried(panelsAtOnce * kTilesAtOnce);
  double errors[kRowLanes] = {};
  for (int64_t begin = 0; begin < panels; begin += panelsAtOnce) {
    int64_t end = std::min(begin + panelsAtOnce, panels);
    for (int64_t panel = begin; panel < end; ++panel)
      for (auto [index, tile] : llvm::enumerate(chunk.tiles)) {
        Sums &sums = carried[(panel - begin) * kTilesAtOnce + index];
        std::memcpy(&sums, &tile.target[panel * kPanelWidth * kRowLanes],
                    sizeof(sums));
        addProducts(tile.h.factor.get(panel), tile.missing.data(), 0,
                    begin * kPanelWidth, sums.at);
      }
    for (auto [index, tile] : llvm::enumerate(chunk.tiles))
      for (int64_t panel = begin; panel < end; ++panel) {
        int64_t first = panel * kPanelWidth;
        const double *factor = tile.h.factor.get(panel);
        Sums &sums = carried[(panel - begin) * kTilesAtOnce + index];
        addProducts(factor, tile.missing.data(), begin * kPanelWidth, first,
                    sums.at);
        if (format.isTwoOfFour())
          pruneFour(tile, first, sums.at);
        else if (format.sparse && first % kPruneBlock == 0)
          pruneBlock(tile, first);
        for (int64_t j = 0; j < std::min(kPanelWidth, columns - first); ++j) {
          int64_t position = first + j;
          if (!hasStaticGroups() && position % layout.groupSize == 0 &&
              !chooseGroupGrids(chunk, tile, index * kRowLanes,
                                position / layout.groupSize))
            return false;
          for (int64_t i = first; i < position; ++i)
            addOne(tile, factor, i, j, sums.at[j]);
          tile.round(position, sums.at[j]);
          for (int64_t lane = 0; lane < kRowLanes; ++lane) {
            int64_t at = position * kRowLanes + lane;
            double value = tile.target[at] - tile.missing[at];
            double part = (sums.at[j][lane] - value) * tile.h.pivots[position];
            errors[lane] += part * part;
          }
        }
      }
  }
  for (double error : errors)
    chunk.report.compensated += error;
  return true;
}

void Compensator::store(Chunk &chunk) const {
  llvm::ArrayRef<int64_t> order = hessian.getOrder();
  uint32_t mask = (1u << format.bits()) - 1;
  std::vector<uint32_t> codes(columns);
  for (int64_t i = 0; i < chunk.count; ++i) {
    RowTile &tile = chunk.tiles[i / kRowLanes];
    int64_t row = chunk.first + i, lane = i % kRowLanes;
    for (int64_t position = 0; position < columns; ++position) {
      float level = tile.levels[position * kRowLanes + lane];
      int64_t block = tile.groupAt[position];
      const Grid &grid = tile.grids[block * kRowLanes + lane];
      codes[order[position]] =
          format.isCodebook() ? findNearest(tile.table(block, lane), level)
          : format.isInteger()
              ? uint32_t(int32_t(level) + grid.zeroPoint) & mask
              : format.element->encode(level);
    }
    packRow(format, codes.data(), columns, payload + row * layout.rowBytes);
    if (layout.scaleRows == 1 && row != 0)
      continue;
    for (int64_t group = 0; group < layout.groups; ++group) {
      const Grid &grid = tile.grids[group * kRowLanes + lane];
      int64_t index = layout.scaleRows == 1 ? 0 : row * layout.groups + group;
      if (format.isCodebook())
        storeTable(format, layout, tile.table(group, lane), index, payload);
      else
        storeGrid(format, layout, grid, index, payload);
    }
  }
}

void Compensator::processChunk(Chunk &chunk) const {
  std::vector<double> target = targets.get(chunk.first, chunk.count);
  chunk.target.assign(target.begin(), target.end());
  llvm::ArrayRef<int64_t> order = hessian.getOrder();
  for (int64_t first = 0; first < chunk.count; first += kRowLanes) {
    RowTile &tile = chunk.tiles.emplace_back(format, hessian, layout.groupSize,
                                             layout.groups);
    for (int64_t position = 0; position < columns; ++position)
      for (int64_t lane = 0; lane < std::min(kRowLanes, chunk.count - first);
           ++lane)
        tile.target[position * kRowLanes + lane] =
            target[(first + lane) * columns + order[position]];
    if (format.sparse && !format.isTwoOfFour())
      pruneRows(tile);
  }
  if (!chooseStaticGrids(chunk))
    return;

  if (wantsReport) {
    for (RowTile &tile : chunk.tiles) {
      for (int64_t first = 0; first < columns && format.isTwoOfFour();
           first += kPanelWidth) {
        double values[kPanelWidth][kRowLanes];
        std::memcpy(values, &tile.target[first * kRowLanes], sizeof(values));
        pruneFour(tile, first, values);
      }
      for (int64_t position = 0; position < columns; ++position) {
        double values[kRowLanes];
        std::copy_n(&tile.target[position * kRowLanes], kRowLanes, values);
        tile.round(position, values);
      }
      chunk.report.energy += tile.h.getError(tile.target);
      chunk.report.nearest += tile.h.getError(tile.missing);
      if (format.isTwoOfFour())
        std::fill(tile.pruned.begin(), tile.pruned.end(), 0);
    }
  }
  if (!compensate(chunk))
    return;
  for (RowTile &tile : chunk.tiles) {
    if (options.descentPasses > 0)
      descend(tile, options.descentPasses);
    if (wantsReport)
      chunk.report.descended += tile.h.getError(tile.missing);
  }
  store(chunk);
}

llvm::Error Compensator::run(GptqReport *report,
                             llvm::ThreadPoolInterface *pool) {
  std::fill_n(payload, layout.totalBytes, 0);
  if (!format.hasFreeScales())
    return fail("expected a format with scales" +
                llvm::Twine(format.hasScale() ? " that are free" : "") +
                ", got " + format.str());
  if (!hasStaticGroups() && !llvm::is_sorted(hessian.getOrder()))
    return fail("expected static groups where columns are taken in another "
                "order than their own");
  if (format.sparse && !llvm::is_sorted(hessian.getOrder()))
    return fail("expected columns in their own order for " + format.str());
  if (rows == 0 || columns == 0)
    return llvm::Error::success();
  if (llvm::Error error = checkWeight())
    return error;
  if (!chooseTensorGrid()) {
    auto [min, max] =
        std::minmax_element(layer.weight.begin(), layer.weight.end());
    return fail(describeScale(format, *min, *max, 0));
  }

  int64_t count = llvm::divideCeil(rows, kRowsAtOnce);
  std::vector<GptqReport> reports(count);
  std::vector<std::string> errors(count);
  parallelFor(pool, count, [&](int64_t index) {
    Chunk chunk;
    chunk.first = index * kRowsAtOnce;
    chunk.count = std::min(kRowsAtOnce, rows - chunk.first);
    processChunk(chunk);
    reports[index] = chunk.report;
    errors[index] = std::move(chunk.error);
  });
  for (std::string &error : errors)
    if (!error.empty())
      return fail(error);
  if (report) {
    *report = {};
    for (const GptqReport &part : reports) {
      report->energy += part.energy;
      report->nearest += part.nearest;
      report->compensated += part.compensated;
      report->descended += part.descended;
    }
  }
  return llvm::Error::success();
}

llvm::Error squint::quantizeGptq(const GptqLayer &layer, const Hessian &hessian,
                                 const Format &format,
                                 const GptqOptions &options,
                                 llvm::MutableArrayRef<char> payload,
                                 GptqReport *report,
                                 llvm::ThreadPoolInterface *pool) {
  return Compensator(layer, hessian, format, options, payload.data(),
                     report != nullptr)
      .run(report, pool);
}
