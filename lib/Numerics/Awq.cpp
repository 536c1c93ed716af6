//===- Awq.cpp - scales and ranges by what inputs are like ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Awq.h"
#include "Failures.h"
#include "Levels.h"
#include "Panels.h"
#include "Parallel.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <map>

using namespace squint;

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

static constexpr int kExponents = 20;

// Zero where no input ever had a value.
static std::vector<double> averageClasses(llvm::ArrayRef<double> absmean,
                                          llvm::ArrayRef<int64_t> classes) {
  std::vector<double> result(absmean);
  if (classes.empty())
    return result;
  std::map<int64_t, std::pair<double, int64_t>> sums;
  for (auto [value, key] : llvm::zip_equal(absmean, classes)) {
    sums[key].first += value;
    ++sums[key].second;
  }
  for (auto [value, key] : llvm::zip_equal(result, classes))
    value = sums[key].first / double(sums[key].second);
  return result;
}

static std::vector<float> getScales(llvm::ArrayRef<double> sizes,
                                    double exponent) {
  std::vector<double> scales(sizes.size(), 1.0);
  double least = INFINITY, most = 0.0;
  for (auto [scale, size] : llvm::zip_equal(scales, sizes)) {
    if (!(size > 0.0))
      continue;
    scale = std::max(std::pow(size, exponent), 1e-4);
    least = std::min(least, scale);
    most = std::max(most, scale);
  }
  std::vector<float> result(sizes.size(), 1.0f);
  for (auto [i, size] : llvm::enumerate(sizes))
    if (size > 0.0)
      result[i] = float(scales[i] / std::sqrt(least * most));
  return result;
}

// The error of the nearest codes of a weight whose columns are scaled.
static llvm::Expected<double> getScaledError(const AwqWeight &weight,
                                             llvm::ArrayRef<float> scales,
                                             const Hessian &hessian,
                                             llvm::ThreadPoolInterface *pool) {
  int64_t columns = hessian.columns();
  int64_t rows = int64_t(weight.weight.size()) / columns;
  std::vector<float> values(weight.weight), decoded(weight.weight.size());
  parallelFor(pool, rows, [&](int64_t row) {
    for (int64_t i = 0; i < columns; ++i)
      values[row * columns + i] *= scales[i];
  });
  std::vector<char> payload(
      PlainLayout::get(weight.format, rows, columns).totalBytes);
  TensorView view(reinterpret_cast<const char *>(values.data()), FloatType::F32,
                  {rows, columns});
  if (llvm::Error error = quantizeRtn(view, weight.format, payload, pool))
    return std::move(error);
  PackedView packed(payload.data(), weight.format, rows, columns);
  parallelFor(pool, rows, [&](int64_t row) {
    float *out = &decoded[row * columns];
    packed.dequantizeRows(row, row + 1, out);
    for (int64_t i = 0; i < columns; ++i)
      out[i] = weight.weight[row * columns + i] - out[i] / scales[i];
  });
  return hessian.getError(decoded, pool);
}

llvm::Expected<AwqScales>
squint::searchAwqScales(llvm::ArrayRef<AwqWeight> weights,
                        const Hessian &hessian, llvm::ArrayRef<double> absmean,
                        llvm::ArrayRef<int64_t> classes,
                        llvm::ThreadPoolInterface *pool) {
  std::vector<double> sizes = averageClasses(absmean, classes);
  AwqScales best;
  for (int i = 0; i < kExponents; ++i) {
    double exponent = double(i) / kExponents, error = 0.0;
    std::vector<float> scales = getScales(sizes, exponent);
    for (const AwqWeight &weight : weights) {
      llvm::Expected<double> part =
          getScaledError(weight, scales, hessian, pool);
      if (!part)
        return part.takeError();
      error += *part;
    }
    if (i == 0)
      best.plainError = error;
    if (i == 0 || error < best.error) {
      best.scales = std::move(scales);
      best.exponent = exponent;
      best.error = error;
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

static constexpr int kRanges = 10;

namespace {
/// Eight rows of a block side by side: values[column][8].
class ClipSearch {
public:
  ClipSearch(const Format &format, const Panels &gram, int64_t size,
             float tensorScale)
      : format(format), gram(gram), size(size), tensorScale(tensorScale),
        missing(gram.count() * kPanelWidth * kRowLanes) {}

  /// Rows of `columns` values from `first` on, of which `count` are there.
  void run(const float *first, int64_t columns, int64_t count,
           Grid (&best)[kRowLanes]);

private:
  void tryGrids(const float *first, int64_t columns, int64_t count,
                const Grid (&grids)[kRowLanes], Grid (&best)[kRowLanes]);

  const Format &format;
  const Panels &gram;
  int64_t size;
  float tensorScale;
  std::vector<double> missing;
  double least[kRowLanes];
};
} // namespace

void ClipSearch::tryGrids(const float *first, int64_t columns, int64_t count,
                          const Grid (&grids)[kRowLanes],
                          Grid (&best)[kRowLanes]) {
  std::vector<uint32_t> codes(size);
  for (int64_t lane = 0; lane < count; ++lane) {
    const float *values = first + lane * columns;
    const Grid &grid = grids[lane];
    encodeValues(format, grid, values, size, codes.data());
    for (int64_t i = 0; i < size; ++i)
      missing[i * kRowLanes + lane] =
          double(values[i]) -
          double(decodeLevel(format, codes[i], grid.zeroPoint) * grid.scale -
                 grid.min);
  }
  double errors[kRowLanes] = {};
  for (int64_t panel = 0; panel < gram.count(); ++panel) {
    double sums[kPanelWidth][kRowLanes] = {};
    addProducts(gram.get(panel), missing.data(), 0, size, sums);
    for (int64_t j = 0; j < kPanelWidth; ++j)
      for (int64_t lane = 0; lane < kRowLanes; ++lane)
        errors[lane] += sums[j][lane] *
                        missing[(panel * kPanelWidth + j) * kRowLanes + lane];
  }
  for (int64_t lane = 0; lane < count; ++lane)
    if (errors[lane] < least[lane]) {
      least[lane] = errors[lane];
      best[lane] = grids[lane];
    }
}

void ClipSearch::run(const float *first, int64_t columns, int64_t count,
                     Grid (&best)[kRowLanes]) {
  std::fill_n(least, kRowLanes, INFINITY);
  for (int i = 0; i < kRanges; ++i) {
    float ratio = 1.0f - 0.05f * float(i);
    Grid grids[kRowLanes];
    for (int64_t lane = 0; lane < count; ++lane) {
      const float *values = first + lane * columns;
      auto [min, max] = std::minmax_element(values, values + size);
      grids[lane] = chooseGrid(format, *min * ratio, *max * ratio, tensorScale);
      if (i == 0)
        best[lane] = grids[lane];
    }
    tryGrids(first, columns, count, grids, best);
    if (!format.isSymmetric() || format.bits() == 8)
      continue;
    for (Grid &grid : grids)
      grid.scale = grid.stored = -grid.scale;
    tryGrids(first, columns, count, grids, best);
  }
}

llvm::Error squint::quantizeClipped(llvm::ArrayRef<float> weight,
                                    int64_t columns,
                                    llvm::ArrayRef<double> gram,
                                    const Format &format,
                                    llvm::MutableArrayRef<char> payload,
                                    llvm::ThreadPoolInterface *pool) {
  if (!format.hasFreeScales() || format.isCodebook() || format.sparse ||
      format.granularity == Granularity::Tensor)
    return fail("expected a format with free scales by channel or group, got " +
                format.str());
  int64_t rows = columns == 0 ? 0 : int64_t(weight.size()) / columns;
  PlainLayout layout = PlainLayout::get(format, rows, columns);
  std::fill_n(payload.data(), layout.totalBytes, 0);
  for (auto [index, value] : llvm::enumerate(weight))
    if (!std::isfinite(value))
      return fail(describeNonFinite(value, index));

  float tensorScale = 1.0f;
  if (hasTensorScale(format) && !weight.empty()) {
    auto [min, max] = std::minmax_element(weight.begin(), weight.end());
    tensorScale = chooseTensorScale(format, *min, *max);
    storeScale(tensorScale, ScaleType::F32,
               payload.data() + getTensorScaleOffset(layout), 0);
  }
  std::vector<Panels> blocks;
  for (int64_t group = 0; group < layout.groups; ++group) {
    int64_t begin = group * layout.groupSize;
    blocks.emplace_back(std::min(layout.groupSize, columns - begin),
                        /*upper=*/false, [&](int64_t i, int64_t j) {
                          return gram[(begin + i) * columns + begin + j];
                        });
  }

  int64_t tiles = llvm::divideCeil(rows, kRowLanes);
  std::vector<std::string> errors(tiles);
  parallelFor(pool, tiles, [&](int64_t tile) {
    int64_t first = tile * kRowLanes;
    int64_t count = std::min(kRowLanes, rows - first);
    std::vector<uint32_t> codes(count * columns);
    for (int64_t group = 0; group < layout.groups; ++group) {
      int64_t begin = group * layout.groupSize;
      int64_t size = std::min(layout.groupSize, columns - begin);
      const float *values = &weight[first * columns + begin];
      Grid grids[kRowLanes];
      ClipSearch(format, blocks[group], size, tensorScale)
          .run(values, columns, count, grids);
      for (int64_t lane = 0; lane < count; ++lane) {
        const float *row = values + lane * columns;
        if (!std::isfinite(grids[lane].scale)) {
          auto [min, max] = std::minmax_element(row, row + size);
          errors[tile] = describeScale(format, *min, *max,
                                       (first + lane) * columns + begin);
          return;
        }
        storeGrid(format, layout, grids[lane],
                  (first + lane) * layout.groups + group, payload.data());
        encodeValues(format, grids[lane], row, size,
                     &codes[lane * columns + begin]);
      }
    }
    for (int64_t lane = 0; lane < count; ++lane)
      packCodes(&codes[lane * columns], columns, format.bits(),
                payload.data() + (first + lane) * layout.rowBytes);
  });
  for (std::string &error : errors)
    if (!error.empty())
      return fail(error);
  return llvm::Error::success();
}
