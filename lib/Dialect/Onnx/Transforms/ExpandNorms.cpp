//===- ExpandNorms.cpp - normalizations and losses ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// With the mean or the deviation in use, which the kernel does not store.
LogicalResult expandLayerNorm(Body &body) {
  Value x = body.in(0);
  Type element = Body::element(x), f32 = body.b.getF32Type();
  int64_t rank = Body::rank(x), axis = body.integer("axis", -1);
  axis += axis < 0 ? rank : 0;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq(axis, rank));
  Type stash = element.isF64() ? element : f32;
  Value wide = body.cast(x, stash);
  Value mean = body.reduce("ReduceMean", wide, axes);
  Value centered = body.sub(wide, mean);
  Value variance =
      body.reduce("ReduceMean", body.mul(centered, centered), axes);
  Value root =
      body.make("Sqrt", body.add(variance, body.number("epsilon", 1e-5)));
  Value inverse = body.make("Reciprocal", root);
  Value y =
      body.mul(body.cast(body.mul(centered, inverse), element), body.in(1));
  if (Value bias = body.in(2))
    y = body.add(y, bias);
  body.replace(0, y);
  for (auto [i, value] : {std::pair<unsigned, Value>{1, mean}, {2, inverse}})
    if (Value result = body.out(i))
      body.replace(i, body.cast(value, Body::element(result)));
  return success();
}

/// With the statistics of the batch itself.
LogicalResult expandBatchNorm(Body &body) {
  Value x = body.in(0);
  int64_t rank = Body::rank(x);
  SmallVector<int64_t> axes, others;
  for (int64_t i = 0; i < rank; ++i)
    if (i != 1)
      axes.push_back(i);
  for (int64_t i = 1; i + 1 < rank; ++i)
    others.push_back(i);
  auto channel = [&](Value value) { return body.unsqueeze(value, others); };
  Value mean = body.reduce("ReduceMean", x, axes);
  Value centered = body.sub(x, mean);
  Value variance =
      body.reduce("ReduceMean", body.mul(centered, centered), axes);
  Value root =
      body.make("Sqrt", body.add(variance, body.number("epsilon", 1e-5)));
  Value normal = body.div(centered, root);
  body.replace(
      0, body.add(body.mul(normal, channel(body.in(1))), channel(body.in(2))));
  double momentum = body.number("momentum", 0.9);
  auto running = [&](unsigned position, Value old, Value now) {
    if (!body.out(position))
      return;
    now = body.make("Squeeze", {now, body.ints(axes)});
    body.replace(position, body.add(body.mul(old, momentum),
                                    body.mul(now, 1 - momentum)));
  };
  running(1, body.in(3), mean);
  running(2, body.in(4), variance);
  return success();
}

LogicalResult expandMeanVariance(Body &body) {
  Value x = body.in(0);
  SmallVector<int64_t> axes(body.integers("axes"));
  if (!body.has("axes"))
    axes = {0, 2, 3};
  Value centered = body.sub(x, body.reduce("ReduceMean", x, axes));
  Value variance =
      body.reduce("ReduceMean", body.mul(centered, centered), axes);
  body.replace(0,
               body.div(centered, body.add(body.make("Sqrt", variance), 1e-9)));
  return success();
}

/// A norm of 0 divides nothing.
LogicalResult expandLpNorm(Body &body) {
  Value x = body.in(0);
  int64_t p = body.integer("p", 2);
  if (p != 1 && p != 2)
    return body.refuse("expected p to be 1 or 2");
  Value norm = body.reduce(p == 1 ? "ReduceL1" : "ReduceL2", x,
                           body.integer("axis", -1));
  Type element = Body::element(x);
  Value isZero = body.compare("Equal", norm, body.scalar(element, 0));
  body.replace(0,
               body.div(x, body.where(isZero, body.scalar(element, 1), norm)));
  return success();
}

/// x / (bias + alpha / size * sum of the squares of neighbouring channels)
/// ^ beta; the sum is a pool over channels.
LogicalResult expandLrn(Body &body) {
  Value x = body.in(0);
  int64_t size = body.integer("size", 1);
  if (size < 1)
    return body.refuse("expected a size of 1 or more");
  // [N, 1, C, rest]
  Value squares = body.unsqueeze(body.reshape(body.mul(x, x), {0, 0, -1}), 1);
  int64_t low = (size - 1) / 2, high = size - 1 - low;
  Value mean =
      body.make("AveragePool", squares,
                {body.attribute("count_include_pad", int64_t(1)),
                 body.attribute("kernel_shape", ArrayRef<int64_t>{size, 1}),
                 body.attribute("pads", ArrayRef<int64_t>{low, 0, high, 0})});
  Value base =
      body.add(body.mul(body.reshapeLike(mean, x), body.number("alpha", 1e-4)),
               body.number("bias", 1));
  Type element = Body::element(x);
  Value divisor =
      body.make("Pow", {base, body.scalar(element, body.number("beta", 0.75))});
  body.replace(0, body.div(x, divisor));
  return success();
}

LogicalResult expandHardmax(Body &body) {
  Value x = body.in(0);
  int64_t rank = Body::rank(x), axis = body.integer("axis", -1);
  axis += axis < 0 ? rank : 0;
  Value best = body.make(
      "ArgMax", x,
      {body.attribute("axis", axis), body.attribute("keepdims", int64_t(0))},
      body.b.getI64Type());
  Type element = Body::element(x);
  Value values = body.concat({body.unsqueeze(body.scalar(element, 0), 0),
                              body.unsqueeze(body.scalar(element, 1), 0)},
                             0);
  body.replace(0, body.make("OneHot", {best, body.size(x, axis, false), values},
                            body.attribute("axis", axis), element));
  return success();
}

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

/// -weight[t] * x[n, t, ...] for the target t of each position, 0 for the one
/// that is ignored; then the sum, or the mean by weight.
Value negativeLogLikelihood(Body &body, Value x, Value target, Value weight) {
  Type element = Body::element(x), index = Body::element(target);
  Value ignored, safe = target;
  if (body.has("ignore_index")) {
    ignored = body.compare(
        "Equal", target,
        body.scalar(index, double(body.integer("ignore_index", 0))));
    safe = body.where(ignored, body.scalar(index, 0), target);
  }
  Value picked = body.make("GatherElements", {x, body.unsqueeze(safe, 1)},
                           body.attribute("axis", int64_t(1)));
  Value loss = body.make("Neg", body.make("Squeeze", {picked, body.ints(1)}));
  Value share;
  if (weight)
    share = body.make("Gather", {weight, safe});
  if (ignored)
    share = body.where(ignored, body.scalar(element, 0),
                       share ? share : body.scalar(element, 1));
  // What is ignored may be infinite.
  if (share)
    loss = body.mul(loss, share);
  if (ignored)
    loss = body.where(ignored, body.scalar(element, 0), loss);
  StringRef reduction = body.string("reduction", "mean");
  auto all = [&](StringRef name, Value of) {
    return body.make(name, of, body.attribute("keepdims", int64_t(0)));
  };
  if (reduction == "none")
    return loss;
  if (reduction == "sum")
    return all("ReduceSum", loss);
  return share ? body.div(all("ReduceSum", loss), all("ReduceSum", share))
               : all("ReduceMean", loss);
}

LogicalResult expandNegativeLogLikelihood(Body &body) {
  body.replace(0,
               negativeLogLikelihood(body, body.in(0), body.in(1), body.in(2)));
  return success();
}

LogicalResult expandSoftmaxCrossEntropy(Body &body) {
  Value logs =
      body.make("LogSoftmax", body.in(0), body.attribute("axis", int64_t(1)));
  body.replace(1, logs);
  body.replace(0, negativeLogLikelihood(body, logs, body.in(1), body.in(2)));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> normExpansions() {
  static const ExpansionEntry table[] = {
      {"BatchNormalization", expandBatchNorm,
       [](Body &body) { return body.integer("training_mode", 0) != 0; }},
      {"Hardmax", expandHardmax},
      {"LRN", expandLrn},
      {"LayerNormalization", expandLayerNorm,
       [](Body &body) { return body.out(1) || body.out(2); }},
      {"LpNormalization", expandLpNorm},
      {"MeanVarianceNormalization", expandMeanVariance},
      {"NegativeLogLikelihoodLoss", expandNegativeLogLikelihood},
      {"SoftmaxCrossEntropyLoss", expandSoftmaxCrossEntropy},
  };
  return table;
}

} // namespace squint::onnx
