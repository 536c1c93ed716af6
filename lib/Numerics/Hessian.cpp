//===- Hessian.cpp - what a layer's inputs say of its errors ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Hessian.h"
#include "Failures.h"
#include "HessianMatrices.h"
#include "Parallel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace squint;

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

// Eigen cuts products by the caches it finds, and with them the order of
// sums: the same sizes everywhere give the same bits.
static void fixCacheSizes() {
  static const bool once = [] {
    Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 4 << 20);
    return true;
  }();
  (void)once;
}

Hessian::Hessian() : held(std::make_unique<Matrices>()) {}
Hessian::Hessian(Hessian &&other) = default;
Hessian &Hessian::operator=(Hessian &&other) = default;
Hessian::~Hessian() = default;

int64_t Hessian::countDead() const { return llvm::count(dead, true); }

llvm::Expected<Hessian> Hessian::get(llvm::ArrayRef<double> gram,
                                     int64_t columns,
                                     const HessianOptions &options) {
  fixCacheSizes();
  for (int64_t i = 0; i < columns; ++i)
    for (int64_t j = 0; j <= i; ++j)
      if (!std::isfinite(gram[i * columns + j]))
        return fail(llvm::formatv("expected finite second moments of inputs, "
                                  "got {0} for columns {1} and {2}",
                                  spell(gram[i * columns + j]), i, j));

  Hessian hessian;
  auto at = [&](int64_t i, int64_t j) {
    return gram[std::max(i, j) * columns + std::min(i, j)];
  };
  double sum = 0.0;
  int64_t alive = 0;
  for (int64_t j = 0; j < columns; ++j) {
    bool isDead = !(at(j, j) > 0.0);
    hessian.dead.push_back(isDead);
    if (isDead)
      continue;
    sum += at(j, j);
    ++alive;
  }
  // Where nothing is known, every column counts the same.
  double mean = alive != 0 ? sum / double(alive) : 1.0;

  hessian.order.resize(columns);
  std::iota(hessian.order.begin(), hessian.order.end(), 0);
  if (options.actOrder)
    llvm::sort(hessian.order, [&](int64_t i, int64_t j) {
      return std::make_pair(-at(i, i), i) < std::make_pair(-at(j, j), j);
    });

  double damping = options.damping;
  auto get = [&](int64_t position, int64_t other) {
    int64_t i = hessian.order[position], j = hessian.order[other];
    if (hessian.dead[i] || hessian.dead[j])
      return i == j ? mean * (1.0 + damping) : 0.0;
    return at(i, j) + (i == j ? mean * damping : 0.0);
  };

  Matrices &held = *hessian.held;
  for (int attempt = 0;; ++attempt) {
    held.lower.resize(columns, columns);
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = j; i < columns; ++i)
        held.lower(i, j) = get(columns - 1 - i, columns - 1 - j);
    Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> llt(held.lower);
    if (llt.info() == Eigen::Success && held.lower.diagonal().allFinite())
      break;
    if (attempt == 12)
      return fail(llvm::formatv("expected second moments of inputs to be "
                                "positive definite once damped, got a matrix "
                                "that is not with a damping of {0}",
                                spell(damping)));
    damping = std::max(10.0 * damping, 1e-4);
  }
  hessian.usedDamping = damping;

  auto factor = [&](int64_t i, int64_t j) {
    return held.lower(columns - 1 - i, columns - 1 - j);
  };
  held.full = Panels(columns, /*upper=*/false, get);
  held.factor = Panels(columns, /*upper=*/true, [&](int64_t i, int64_t j) {
    return i < j ? factor(i, j) / factor(j, j) : 0.0;
  });
  hessian.importance.resize(columns);
  hessian.compensatedImportance.resize(columns);
  for (int64_t j = 0; j < columns; ++j) {
    held.pivots.push_back(factor(j, j));
    held.diagonal.push_back(get(j, j));
    hessian.importance[hessian.order[j]] = float(get(j, j) / mean);
    hessian.compensatedImportance[hessian.order[j]] =
        float(factor(j, j) * factor(j, j) / mean);
  }
  return std::move(hessian);
}

void Hessian::Matrices::solve(Eigen::MatrixXd &rows) const {
  rows.colwise().reverseInPlace();
  lower.triangularView<Eigen::Lower>().solveInPlace(rows);
  lower.triangularView<Eigen::Lower>().adjoint().solveInPlace(rows);
  rows.colwise().reverseInPlace();
}

double Hessian::Matrices::getError(const std::vector<double> &rows) const {
  int64_t columns = int64_t(pivots.size());
  double errors[kRowLanes] = {};
  for (int64_t panel = 0; panel < factor.count(); ++panel) {
    int64_t first = panel * kPanelWidth;
    double sums[kPanelWidth][kRowLanes];
    std::memcpy(sums, &rows[first * kRowLanes], sizeof(sums));
    // On the diagonal and below it a panel is zero.
    addProducts(factor.get(panel), rows.data(), 0,
                std::min(first + kPanelWidth, columns), sums);
    for (int64_t j = 0; j < std::min(kPanelWidth, columns - first); ++j)
      for (int64_t lane = 0; lane < kRowLanes; ++lane) {
        double part = sums[j][lane] * pivots[first + j];
        errors[lane] += part * part;
      }
  }
  return std::accumulate(errors, errors + kRowLanes, 0.0);
}

double Hessian::getError(llvm::ArrayRef<float> change,
                         llvm::ThreadPoolInterface *pool) const {
  if (columns() == 0)
    return 0.0;
  int64_t rows = int64_t(change.size()) / columns();
  int64_t tiles = llvm::divideCeil(rows, kRowLanes);
  std::vector<double> errors(tiles);
  parallelFor(pool, tiles, [&](int64_t tile) {
    int64_t first = tile * kRowLanes;
    std::vector<double> lanes(held->factor.count() * kPanelWidth * kRowLanes);
    for (int64_t lane = 0; lane < std::min(kRowLanes, rows - first); ++lane)
      for (int64_t position = 0; position < columns(); ++position)
        lanes[position * kRowLanes + lane] =
            double(change[(first + lane) * columns() + order[position]]);
    errors[tile] = held->getError(lanes);
  });
  return std::accumulate(errors.begin(), errors.end(), 0.0);
}
