//===- Additive.cpp - sums of vectors ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Additive.h"
#include "Failures.h"
#include "HessianMatrices.h"
#include "Parallel.h"
#include "VectorSearch.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numeric>

using namespace squint;

// What codes stand for is in the tables of a tensor, never here.
static uint32_t encodeNothing(float) { return 0; }
static float decodeNothing(uint32_t) { return 0.0f; }

llvm::ArrayRef<Element> squint::getAdditiveElements() {
  static const Element elements[] = {
      {"additive2", ElementKind::Additive, 2, 1.0f, encodeNothing,
       decodeNothing},
      {"additive3", ElementKind::Additive, 3, 1.0f, encodeNothing,
       decodeNothing},
  };
  return elements;
}

static_assert(kVectorSize == kPanelWidth, "a vector is a panel of the Hessian");

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {
/// Eight rows side by side, by position: array[position][8].
struct Tile {
  std::vector<double> target, missing;
  std::vector<VectorCodes> codes; // [vector][8]
  std::vector<double> scales;     // [group][8]
};

class Fitter {
public:
  Fitter(llvm::ArrayRef<float> weight, const Hessian &hessian,
         const Format &format, llvm::MutableArrayRef<char> payload,
         llvm::ThreadPoolInterface *pool)
      : weight(weight), hessian(hessian), h(hessian.matrices()), format(format),
        payload(payload.data()), pool(pool), columns(hessian.columns()),
        rows(int64_t(weight.size()) / std::max<int64_t>(columns, 1)),
        vectors(llvm::divideCeil(columns, kVectorSize)),
        layout(PlainLayout::get(format, rows, columns)),
        tables(format.tableNumbers()) {}

  llvm::Error run(int rounds, GptqReport *report);

private:
  int64_t width(int64_t vector) const {
    return std::min(kVectorSize, columns - vector * kVectorSize);
  }
  double &scaleOf(Tile &tile, int64_t vector, int64_t lane) const {
    return tile
        .scales[vector * kVectorSize / layout.groupSize * kRowLanes + lane];
  }
  /// The sum that codes stand for, before it is scaled.
  Vector add(const VectorCodes &codes) const;
  void forEachTile(llvm::function_ref<void(Tile &)> fn);
  bool chooseScales();
  void findTables();
  /// Takes codes, and leaves in `missing` what they miss.
  void take(Tile &tile, int64_t vector, int64_t lane, const VectorCodes &codes);
  void compensate(Tile &tile);
  void descend(Tile &tile);
  void fitScales(Tile &tile);
  bool fitTables();
  void updateMissing(Tile &tile);
  double getError();
  void store();

  llvm::ArrayRef<float> weight;
  const Hessian &hessian;
  const Hessian::Matrices &h;
  const Format &format;
  char *payload;
  llvm::ThreadPoolInterface *pool;
  int64_t columns, rows, vectors;
  PlainLayout layout;
  std::vector<double> tables; // [table][code][4]
  std::vector<Tile> tiles;
};
} // namespace

Vector Fitter::add(const VectorCodes &codes) const {
  Vector sum = {};
  for (int64_t table = 0; table < int64_t(format.bits()); ++table)
    for (int64_t i = 0; i < kVectorSize; ++i)
      sum[i] +=
          tables[(table * kTableEntries + codes[table]) * kVectorSize + i];
  return sum;
}

void Fitter::forEachTile(llvm::function_ref<void(Tile &)> fn) {
  parallelFor(pool, int64_t(tiles.size()),
              [&](int64_t index) { fn(tiles[index]); });
}

// The root of the mean square of a block, or of all.
bool Fitter::chooseScales() {
  auto choose = [&](double squares, double count) {
    return double(roundScale(float(std::sqrt(squares / count)), format.scale));
  };
  double total = 0.0;
  for (float value : weight)
    total += double(value) * double(value);
  bool isFinite = true;
  for (Tile &tile : tiles) {
    tile.scales.assign(layout.groups * kRowLanes, 0.0);
    for (int64_t group = 0; group < layout.groups; ++group)
      for (int64_t lane = 0; lane < kRowLanes; ++lane) {
        int64_t begin = group * layout.groupSize,
                end = std::min(begin + layout.groupSize, columns);
        double sum = 0.0;
        for (int64_t i = begin; i < end; ++i)
          sum += std::pow(tile.target[i * kRowLanes + lane], 2);
        double &scale = tile.scales[group * kRowLanes + lane];
        scale = layout.scaleRows == 1 ? choose(total, double(weight.size()))
                                      : choose(sum, double(end - begin));
        isFinite &= std::isfinite(scale);
      }
  }
  return isFinite;
}

void Fitter::findTables() {
  // Some of the vectors, evenly.
  constexpr int64_t most = 16384;
  int64_t count = rows * vectors, step = std::max<int64_t>(1, count / most) | 1;
  llvm::ArrayRef<float> importance = hessian.getCompensatedImportance();
  std::vector<VectorPoint> points;
  for (int64_t at = 0; at < count; at += step) {
    int64_t row = at / vectors, vector = at % vectors, lane = row % kRowLanes;
    Tile &tile = tiles[row / kRowLanes];
    double scale = scaleOf(tile, vector, lane);
    if (scale == 0.0)
      continue;
    VectorPoint &point = points.emplace_back();
    for (int64_t i = 0; i < kVectorSize; ++i) {
      int64_t column = vector * kVectorSize + i;
      bool isThere = column < columns;
      point.value[i] =
          isThere ? tile.target[column * kRowLanes + lane] / scale : 0.0;
      point.mass[i] =
          isThere ? double(importance[column]) * scale * scale : 0.0;
    }
  }
  for (int64_t table = 0; table < int64_t(format.bits()) && !points.empty();
       ++table) {
    std::vector<double> centers = cluster(points);
    for (auto [point, k] : llvm::zip_equal(points, assign(points, centers)))
      for (int64_t i = 0; i < kVectorSize; ++i)
        point.value[i] -= centers[k * kVectorSize + i];
    for (auto [i, number] : llvm::enumerate(centers))
      tables[table * kTableEntries * kVectorSize + int64_t(i)] =
          double(roundScale(float(number), ScaleType::F16));
  }
}

void Fitter::take(Tile &tile, int64_t vector, int64_t lane,
                  const VectorCodes &codes) {
  tile.codes[vector * kRowLanes + lane] = codes;
  Vector sum = add(codes);
  for (int64_t i = 0; i < width(vector); ++i) {
    int64_t at = (vector * kVectorSize + i) * kRowLanes + lane;
    tile.missing[at] = tile.target[at] - sum[i] * scaleOf(tile, vector, lane);
  }
}

// Column j is asked for w'_j = w_j + sum over i < j of missing_i f_ij, of which
// the columns of the vector itself are not known yet: with f_jj = 1 its error
// is that of a_j = w_j + sum over i before the vector + sum over its own i < j
// of w_i f_ij against sum over its own i <= j of q_i f_ij, times R_jj.
void Fitter::compensate(Tile &tile) {
  for (int64_t vector = 0; vector < vectors; ++vector) {
    int64_t first = vector * kVectorSize;
    const double *factor = h.factor.get(vector);
    double sums[kPanelWidth][kRowLanes] = {};
    addProducts(factor, tile.missing.data(), 0, first, sums);
    VectorImage image = {};
    for (int64_t j = 0; j < width(vector); ++j)
      for (int64_t i = 0; i <= j; ++i)
        image[j][i] = h.pivots[first + j] *
                      (i == j ? 1.0 : factor[(first + i) * kPanelWidth + j]);
    VectorSearch search(tables, image);
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      Vector wanted = {};
      for (int64_t j = 0; j < width(vector); ++j) {
        wanted[j] = h.pivots[first + j] * sums[j][lane];
        for (int64_t i = 0; i <= j; ++i)
          wanted[j] +=
              image[j][i] * tile.target[(first + i) * kRowLanes + lane];
      }
      take(tile, vector, lane,
           search.find(wanted, scaleOf(tile, vector, lane)));
    }
  }
}

// With B = L L^T the part of H that is the vector's, and g = missing H there,
// its error is that of L^T q + L^-1 g, q what it is now, against L^T times what
// it will be.
void Fitter::descend(Tile &tile) {
  for (int64_t vector = 0; vector < vectors; ++vector) {
    int64_t first = vector * kVectorSize;
    const double *full = h.full.get(vector);
    double slopes[kPanelWidth][kRowLanes] = {};
    addProducts(full, tile.missing.data(), 0, columns, slopes);
    Eigen::Matrix4d block = Eigen::Matrix4d::Identity();
    for (int64_t i = 0; i < width(vector); ++i)
      for (int64_t j = 0; j < width(vector); ++j)
        block(i, j) = full[(first + i) * kPanelWidth + j];
    Eigen::Matrix4d lower = block.llt().matrixL();
    VectorImage image = {};
    for (int64_t i = 0; i < width(vector); ++i)
      for (int64_t j = i; j < width(vector); ++j)
        image[i][j] = lower(j, i);
    VectorSearch search(tables, image);
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      double scale = scaleOf(tile, vector, lane);
      Vector now = add(tile.codes[vector * kRowLanes + lane]), wanted = {};
      Eigen::Vector4d slope(slopes[0][lane], slopes[1][lane], slopes[2][lane],
                            slopes[3][lane]);
      lower.triangularView<Eigen::Lower>().solveInPlace(slope);
      for (int64_t i = 0; i < width(vector); ++i) {
        wanted[i] = slope(i);
        for (int64_t j = i; j < width(vector); ++j)
          wanted[i] += image[i][j] * now[j] * scale;
      }
      VectorCodes codes = search.find(wanted, scale);
      // A search by parts may miss what there is.
      auto error = [&](const VectorCodes &codes) {
        Vector sum = add(codes);
        double squares = 0.0;
        for (int64_t i = 0; i < width(vector); ++i) {
          double left = wanted[i];
          for (int64_t j = i; j < width(vector); ++j)
            left -= image[i][j] * sum[j] * scale;
          squares += left * left;
        }
        return squares;
      };
      if (error(codes) < error(tile.codes[vector * kRowLanes + lane]))
        take(tile, vector, lane, codes);
    }
  }
}

void Fitter::updateMissing(Tile &tile) {
  for (int64_t vector = 0; vector < vectors; ++vector)
    for (int64_t lane = 0; lane < kRowLanes; ++lane)
      take(tile, vector, lane, tile.codes[vector * kRowLanes + lane]);
}

// The scale of each group in turn, the others as they are: the error is a
// parabola in it.
void Fitter::fitScales(Tile &tile) {
  if (layout.scaleRows == 1)
    return;
  std::vector<double> sums(tile.target.size());
  for (int64_t group = 0; group < layout.groups; ++group) {
    int64_t begin = group * layout.groupSize,
            end = std::min(begin + layout.groupSize, columns);
    for (int64_t vector = begin / kVectorSize; vector * kVectorSize < end;
         ++vector)
      for (int64_t lane = 0; lane < kRowLanes; ++lane) {
        Vector sum = add(tile.codes[vector * kRowLanes + lane]);
        for (int64_t i = 0; i < width(vector); ++i)
          sums[(vector * kVectorSize + i) * kRowLanes + lane] = sum[i];
      }
    double slope[kRowLanes] = {}, curve[kRowLanes] = {};
    for (int64_t vector = begin / kVectorSize; vector * kVectorSize < end;
         ++vector) {
      double all[kPanelWidth][kRowLanes] = {}, own[kPanelWidth][kRowLanes] = {};
      const double *full = h.full.get(vector);
      addProducts(full, tile.missing.data(), 0, columns, all);
      addProducts(full, sums.data(), begin, end, own);
      for (int64_t i = 0; i < width(vector); ++i)
        for (int64_t lane = 0; lane < kRowLanes; ++lane) {
          double sum = sums[(vector * kVectorSize + i) * kRowLanes + lane];
          slope[lane] += sum * all[i][lane];
          curve[lane] += sum * own[i][lane];
        }
    }
    for (int64_t lane = 0; lane < kRowLanes; ++lane) {
      double &scale = tile.scales[group * kRowLanes + lane];
      if (!(curve[lane] > 0.0))
        continue;
      double fitted = double(
          roundScale(float(scale + slope[lane] / curve[lane]), format.scale));
      double step = fitted - scale;
      if (!(step * (step * curve[lane] - 2.0 * slope[lane]) < 0.0))
        continue;
      scale = fitted;
      for (int64_t i = begin; i < end; ++i)
        tile.missing[i * kRowLanes + lane] -= step * sums[i * kRowLanes + lane];
    }
  }
}

// With z the rows' choices of entries times their scales, the error is
// t^T A t - 2 b^T t + a constant, A the sum of z^T H z over rows, t all tables.
// A pair of vectors adds H's part to the part of A of each pair of entries, as
// often as rows choose both.
bool Fitter::fitTables() {
  int64_t count = int64_t(format.bits()), size = int64_t(tables.size()),
          chosen = count * kTableEntries;
  constexpr int64_t pieces = 16;
  struct Sums {
    Eigen::MatrixXd a;
    Eigen::VectorXd slope;
  };
  std::vector<Sums> parts(pieces);
  parallelFor(pool, pieces, [&](int64_t piece) {
    Sums &sums = parts[piece];
    sums.a = Eigen::MatrixXd::Zero(size, size);
    sums.slope = Eigen::VectorXd::Zero(size);
    Eigen::MatrixXd masses(chosen, chosen);
    for (int64_t v = piece; v < vectors; v += pieces) {
      const double *full = h.full.get(v);
      for (Tile &tile : tiles) {
        double slopes[kPanelWidth][kRowLanes] = {};
        addProducts(full, tile.missing.data(), 0, columns, slopes);
        for (int64_t lane = 0; lane < kRowLanes; ++lane)
          for (int64_t table = 0; table < count; ++table)
            for (int64_t i = 0; i < width(v); ++i)
              sums.slope((table * kTableEntries +
                          tile.codes[v * kRowLanes + lane][table]) *
                             kVectorSize +
                         i) += scaleOf(tile, v, lane) * slopes[i][lane];
      }
      for (int64_t u = 0; u < vectors; ++u) {
        masses.setZero();
        for (Tile &tile : tiles)
          for (int64_t lane = 0; lane < kRowLanes; ++lane) {
            double mass = scaleOf(tile, u, lane) * scaleOf(tile, v, lane);
            const VectorCodes &left = tile.codes[u * kRowLanes + lane],
                              &right = tile.codes[v * kRowLanes + lane];
            for (int64_t m = 0; m < count; ++m)
              for (int64_t n = 0; n < count; ++n)
                masses(m * kTableEntries + left[m],
                       n * kTableEntries + right[n]) += mass;
          }
        for (int64_t right = 0; right < chosen; ++right)
          for (int64_t left = 0; left < chosen; ++left)
            if (double mass = masses(left, right); mass != 0.0)
              for (int64_t j = 0; j < width(v); ++j)
                for (int64_t i = 0; i < width(u); ++i)
                  sums.a(left * kVectorSize + i, right * kVectorSize + j) +=
                      mass * full[(u * kVectorSize + i) * kPanelWidth + j];
      }
    }
  });
  Eigen::MatrixXd a = Eigen::MatrixXd::Zero(size, size);
  Eigen::VectorXd slope = Eigen::VectorXd::Zero(size), step(size);
  for (const Sums &part : parts) {
    a += part.a;
    slope += part.slope;
  }
  // Adding to one table what another one lacks changes nothing: the ridge says
  // which of all such tables.
  Eigen::MatrixXd ridged = a;
  ridged.diagonal().array() += 1e-4 * a.diagonal().mean();
  Eigen::VectorXd fitted = ridged.ldlt().solve(slope);
  std::vector<double> before = tables;
  for (int64_t i = 0; i < size; ++i) {
    tables[i] =
        double(roundScale(float(before[i] + fitted(i)), ScaleType::F16));
    step(i) = tables[i] - before[i];
  }
  if (step.dot(a * step) - 2.0 * slope.dot(step) < 0.0)
    return true;
  tables = before;
  return false;
}

double Fitter::getError() {
  std::vector<double> errors(tiles.size());
  parallelFor(pool, int64_t(tiles.size()), [&](int64_t index) {
    errors[index] = h.getError(tiles[index].missing);
  });
  return std::accumulate(errors.begin(), errors.end(), 0.0);
}

void Fitter::store() {
  std::vector<uint32_t> codes(vectors * format.bits());
  for (auto [i, number] : llvm::enumerate(tables))
    storeScale(float(number), ScaleType::F16, payload + layout.numbersOffset,
               int64_t(i));
  for (int64_t row = 0; row < rows; ++row) {
    Tile &tile = tiles[row / kRowLanes];
    int64_t lane = row % kRowLanes;
    for (int64_t vector = 0; vector < vectors; ++vector)
      for (int64_t table = 0; table < int64_t(format.bits()); ++table)
        codes[vector * format.bits() + table] =
            tile.codes[vector * kRowLanes + lane][table];
    packCodes(codes.data(), int64_t(codes.size()), 4,
              payload + row * layout.rowBytes);
    if (layout.scaleRows == 1 && row != 0)
      continue;
    for (int64_t group = 0; group < layout.groups; ++group)
      storeScale(float(tile.scales[group * kRowLanes + lane]), format.scale,
                 payload + layout.scalesOffset, row * layout.groups + group);
  }
}

llvm::Error Fitter::run(int rounds, GptqReport *report) {
  if (!format.isAdditive())
    return fail("expected an additive element, got " + format.str());
  if (!llvm::is_sorted(hessian.getOrder()))
    return fail("expected columns in their own order for " + format.str());
  for (auto [index, value] : llvm::enumerate(weight))
    if (!std::isfinite(value))
      return fail(describeNonFinite(value, int64_t(index)));
  std::fill_n(payload, layout.totalBytes, 0);
  if (rows == 0 || columns == 0)
    return llvm::Error::success();

  tiles.resize(llvm::divideCeil(rows, kRowLanes));
  for (auto [index, tile] : llvm::enumerate(tiles)) {
    tile.target.resize(vectors * kVectorSize * kRowLanes);
    tile.codes.resize(vectors * kRowLanes);
    for (int64_t lane = 0; lane < kRowLanes; ++lane)
      for (int64_t row = int64_t(index) * kRowLanes + lane, column = 0;
           row < rows && column < columns; ++column)
        tile.target[column * kRowLanes + lane] = weight[row * columns + column];
    tile.missing = tile.target;
  }
  if (!chooseScales()) {
    auto [min, max] = std::minmax_element(weight.begin(), weight.end());
    return fail(describeScale(format, *min, *max, 0));
  }
  GptqReport found;
  found.energy = getError();
  findTables();
  forEachTile([&](Tile &tile) { compensate(tile); });
  found.nearest = found.compensated = getError();
  for (int round = 0; round < rounds; ++round) {
    fitTables();
    forEachTile([&](Tile &tile) {
      updateMissing(tile);
      fitScales(tile);
      descend(tile);
      descend(tile);
    });
  }
  found.descended = getError();
  store();
  if (report)
    *report = found;
  return llvm::Error::success();
}

llvm::Error squint::quantizeAdditive(llvm::ArrayRef<float> weight,
                                     const Hessian &hessian,
                                     const Format &format, int rounds,
                                     llvm::MutableArrayRef<char> payload,
                                     GptqReport *report,
                                     llvm::ThreadPoolInterface *pool) {
  return Fitter(weight, hessian, format, payload, pool).run(rounds, report);
}
