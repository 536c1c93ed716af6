//===- BalanceKeys.cpp - elements of keys of one size -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BalanceKeys.h"
#include "Constants.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace {
/// Queries or keys that a norm makes and a rotary embedding turns, for nothing
/// else.
struct Turned {
  NormOp norm;
  RotaryOp rotary;
};
} // namespace

static std::optional<Turned> findTurned(Value value) {
  auto rotary = value.getDefiningOp<RotaryOp>();
  auto norm = rotary ? rotary.getInput().getDefiningOp<NormOp>() : NormOp();
  if (!norm || !rotary->hasOneUse() || !norm->hasOneUse() || norm.getBias() ||
      !getConstant(norm.getScale()))
    return std::nullopt;
  return Turned{norm, rotary};
}

/// For each element of a key, its factor in the norm, or the larger one of its
/// pair's.
static std::vector<double> chooseFactors(ArrayRef<double> scales,
                                         RotaryOp rotary) {
  auto size = static_cast<int64_t>(scales.size());
  int64_t pairs =
      cast<RankedTensorType>(rotary.getCos().getType()).getDimSize(2);
  bool isInterleaved = rotary.getInterleaved();
  std::vector<double> factors(size, 1.0);
  for (int64_t i = 0; i < size; ++i) {
    int64_t other = i;
    if (i < 2 * pairs)
      other = isInterleaved ? i ^ 1 : (i + pairs) % (2 * pairs);
    double most = std::max(std::fabs(scales[i]), std::fabs(scales[other]));
    if (std::isfinite(most) && most > 0.0)
      factors[i] = most;
  }
  return factors;
}

static TypedAttr scaleBy(NormOp norm, ArrayRef<double> factors) {
  return scaleRows(getConstant(norm.getScale()).getValue(), factors);
}

static void setScale(NormOp norm, TypedAttr value) {
  OpBuilder builder(norm);
  norm.getScaleMutable().assign(
      ConstantOp::create(builder, norm.getScale().getLoc(), value));
}

bool squint::balanceKeys(AttentionOp op) {
  std::optional<Turned> query = findTurned(op.getQuery()),
                        key = findTurned(op.getKey());
  if (!query || !key ||
      query->rotary.getInterleaved() != key->rotary.getInterleaved() ||
      query->rotary.getCos().getType() != key->rotary.getCos().getType() ||
      ShapedType::isDynamic(
          cast<RankedTensorType>(key->rotary.getCos().getType()).getDimSize(2)))
    return false;
  auto scales = readNumbers(key->norm.getScale());
  if (failed(scales))
    return false;
  std::vector<double> factors = chooseFactors(*scales, key->rotary), inverse;
  if (llvm::all_equal(factors))
    return false;
  for (double factor : factors)
    inverse.push_back(1.0 / factor);
  TypedAttr smaller = scaleBy(key->norm, inverse),
            larger = scaleBy(query->norm, factors);
  if (!smaller || !larger)
    return false;
  setScale(key->norm, smaller);
  setScale(query->norm, larger);
  return true;
}
