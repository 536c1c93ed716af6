//===- Equalize.cpp - equal ranges of consecutive layers --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_EQUALIZE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

/// Rounds over all pairs; factors are within 1e-4 of 1 long before.
static constexpr int kMaxRounds = 100;

namespace {

/// A linear or a conv, as what it does to channels.
struct LayerRange {
  WeightedOpInterface op;
  int64_t outputs, inputs, groups;
  /// The largest magnitude that leads from an input channel of a group to an
  /// output, [outputs, inputs / groups].
  std::vector<double> most;
  /// What outputs are divided by and inputs multiplied with in the end.
  std::vector<double> divided, multiplied;

  int64_t perGroup() const { return inputs / groups; }
  /// The input channel of an output's column.
  int64_t inputOf(int64_t output, int64_t column) const {
    return output / (outputs / groups) * perGroup() + column;
  }
};

/// Two layers with nothing between them that tells a channel's factor.
struct Pair {
  LayerRange *first, *second;
};

struct Equalize : squint::impl::EqualizeBase<Equalize> {
  void runOnOperation() override;

private:
  LogicalResult collect();
  FailureOr<LayerRange *> read(WeightedOpInterface op);
  LogicalResult apply(LayerRange &layer);

  llvm::MapVector<Operation *, std::shared_ptr<LayerRange>> layers;
  std::vector<Pair> pairs;
};

} // namespace

/// The layer whose result a value is, or a function of it that is positively
/// homogeneous channel by channel, read once everywhere.
static WeightedOpInterface findFirst(Value value) {
  while (value.hasOneUse()) {
    Operation *op = value.getDefiningOp();
    if (isa_and_present<LinearOp, ConvOp>(op))
      return cast<WeightedOpInterface>(op);
    if (!isa_and_present<onnx::ReluOp, onnx::LeakyReluOp, onnx::IdentityOp,
                         PoolOp>(op))
      break;
    value = op->getOperand(0);
  }
  return {};
}

static OpOperand *getBias(Operation *op) {
  return op->getNumOperands() == 3 ? &op->getOpOperand(2) : nullptr;
}

static bool hasFloatConstants(WeightedOpInterface op) {
  OpOperand *bias = getBias(op);
  return isFloatConstant(op.getWeightOperand().get()) &&
         (!bias || isFloatConstant(bias->get()));
}

FailureOr<LayerRange *> Equalize::read(WeightedOpInterface op) {
  std::shared_ptr<LayerRange> &layer = layers[op];
  if (layer)
    return layer.get();
  Value weight = op.getWeightOperand().get();
  FailureOr<std::vector<float>> values =
      readMatrix(op, getConstant(weight).getValue());
  if (failed(values))
    return failure();
  ArrayRef<int64_t> shape = cast<RankedTensorType>(weight.getType()).getShape();
  auto conv = dyn_cast<ConvOp>(op.getOperation());
  layer = std::make_shared<LayerRange>();
  layer->op = op;
  layer->outputs = shape.front();
  layer->groups = conv ? conv.getGroups() : 1;
  layer->inputs = shape.back() * layer->groups;
  layer->most.assign(shape.front() * shape.back(), 0.0);
  int64_t columns = int64_t(values->size()) / shape.front();
  for (int64_t o = 0; o < shape.front(); ++o)
    for (int64_t c = 0; c < columns; ++c) {
      double &most = layer->most[o * shape.back() + c % shape.back()];
      most = std::max(most, std::fabs(double((*values)[o * columns + c])));
    }
  layer->divided.assign(layer->outputs, 1.0);
  layer->multiplied.assign(layer->inputs, 1.0);
  return layer.get();
}

LogicalResult Equalize::collect() {
  WalkResult result =
      getOperation().walk([&](WeightedOpInterface op) -> WalkResult {
        if (!isa<LinearOp, ConvOp>(op.getOperation()) || !hasFloatConstants(op))
          return WalkResult::advance();
        WeightedOpInterface first = findFirst(op.getActivationOperand().get());
        if (!first || !hasFloatConstants(first))
          return WalkResult::advance();
        FailureOr<LayerRange *> one = read(first), two = read(op);
        if (failed(one) || failed(two))
          return failure();
        if ((*one)->outputs == (*two)->inputs)
          pairs.push_back({*one, *two});
        return WalkResult::advance();
      });
  return failure(result.wasInterrupted());
}

/// Moves the ranges of all channels between two layers half way; returns the
/// largest |log factor|.
static double equalize(Pair pair) {
  LayerRange &first = *pair.first, &second = *pair.second;
  std::vector<double> before(first.outputs, 0.0), behind(first.outputs, 0.0);
  for (int64_t o = 0; o < first.outputs; ++o)
    for (int64_t c = 0; c < first.perGroup(); ++c)
      before[o] = std::max(before[o], first.most[o * first.perGroup() + c]);
  for (int64_t o = 0; o < second.outputs; ++o)
    for (int64_t c = 0; c < second.perGroup(); ++c) {
      double &most = behind[second.inputOf(o, c)];
      most = std::max(most, second.most[o * second.perGroup() + c]);
    }
  double change = 0.0;
  for (int64_t i = 0; i < first.outputs; ++i) {
    // A channel that is never made or never read stays as it is.
    if (before[i] == 0.0 || behind[i] == 0.0)
      continue;
    double factor = std::sqrt(before[i] / behind[i]);
    change = std::max(change, std::fabs(std::log(factor)));
    first.divided[i] *= factor;
    second.multiplied[i] *= factor;
    for (int64_t c = 0; c < first.perGroup(); ++c)
      first.most[i * first.perGroup() + c] /= factor;
    before[i] = factor;
  }
  for (int64_t o = 0; o < second.outputs; ++o)
    for (int64_t c = 0; c < second.perGroup(); ++c) {
      int64_t i = second.inputOf(o, c);
      if (before[i] != 0.0 && behind[i] != 0.0)
        second.most[o * second.perGroup() + c] *= before[i];
    }
  return change;
}

LogicalResult Equalize::apply(LayerRange &layer) {
  OpOperand &weight = layer.op.getWeightOperand();
  FailureOr<TypedAttr> mapped = mapRows(
      layer.op, getConstant(weight.get()).getValue(),
      [&](int64_t row, MutableArrayRef<double> values) {
        for (size_t i = 0; i < values.size(); ++i)
          values[i] *=
              layer.multiplied[layer.inputOf(row, i % layer.perGroup())] /
              layer.divided[row];
      });
  if (failed(mapped))
    return failure();
  replaceConstant(weight, *mapped);
  OpOperand *bias = getBias(layer.op);
  if (!bias)
    return success();
  mapped = mapRows(layer.op, getConstant(bias->get()).getValue(),
                   [&](int64_t row, MutableArrayRef<double> values) {
                     values.front() /= layer.divided[row];
                   });
  if (failed(mapped))
    return failure();
  replaceConstant(*bias, *mapped);
  return success();
}

void Equalize::runOnOperation() {
  layers.clear();
  pairs.clear();
  if (failed(collect()))
    return signalPassFailure();
  if (pairs.empty()) {
    getOperation().emitError()
        << "equalization touched nothing: expected float linears or convs with "
           "nothing but ReLU, LeakyReLU or pooling between them";
    return signalPassFailure();
  }
  for (int round = 0; round < kMaxRounds; ++round) {
    double change = 0.0;
    for (Pair pair : pairs)
      change = std::max(change, equalize(pair));
    if (change < 1e-4)
      break;
  }
  for (auto &[op, layer] : layers)
    if (failed(apply(*layer)))
      return signalPassFailure();
  numPairs += pairs.size();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
