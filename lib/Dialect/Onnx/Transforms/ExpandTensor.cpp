//===- ExpandTensor.cpp - tensors from numbers and by parts -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include <cmath>

using namespace mlir;

namespace squint::onnx {
namespace {

/// Each axis is cut to its middle, or padded with zeros on both sides; of an
/// odd number the smaller half comes first.
LogicalResult expandCenterCropPad(Body &body) {
  Value x = body.in(0), wanted = body.in(1);
  int64_t rank = Body::rank(x);
  SmallVector<int64_t> axes(body.integers("axes"));
  if (!body.has("axes"))
    for (int64_t i = 0; i < rank; ++i)
      axes.push_back(i);
  Type i64 = body.b.getI64Type();
  Value sizes =
      body.make("Gather", {body.make("Shape", x, {}, i64), body.ints(axes)});
  wanted = body.cast(wanted, i64);
  Value zero = body.scalar(i64, 0), two = body.scalar(i64, 2);
  auto half = [&](Value more, Value less) {
    Value both = body.make("Max", {body.sub(more, less), zero});
    return std::make_pair(both, body.div(both, two));
  };
  Value start = half(sizes, wanted).second;
  Value kept = body.make("Min", {sizes, wanted});
  x = body.make("Slice", {x, start, body.add(start, kept), body.ints(axes)});
  auto [pads, low] = half(wanted, sizes);
  body.replace(
      0, body.make("Pad", {x, body.concat({low, body.sub(pads, low)}, 0),
                           body.scalar(Body::element(x), 0), body.ints(axes)}));
  return success();
}

/// Sums of cosines over `size` points: sum of weights[k] cos(2 pi k n / N).
LogicalResult expandWindow(Body &body, ArrayRef<double> weights) {
  Value size = body.in(0), result = body.out(0);
  Type f32 = body.b.getF32Type();
  Value count = body.cast(size, body.b.getI64Type());
  if (Body::rank(size) == 1)
    count = body.make("Squeeze", {count, body.ints(0)});
  Value period = body.integer("periodic", 1) ? count : body.add(count, -1.0);
  Value angle = body.div(body.mul(body.cast(body.range(count), f32), 2 * M_PI),
                         body.cast(period, f32));
  Value sum;
  for (auto [k, weight] : llvm::enumerate(weights)) {
    Value term = body.scalar(f32, weight);
    if (k)
      term = body.mul(body.make("Cos", body.mul(angle, double(k))), weight);
    sum = sum ? body.add(sum, term) : term;
  }
  body.replace(0, body.cast(sum, Body::element(result)));
  return success();
}
LogicalResult expandHann(Body &body) { return expandWindow(body, {0.5, -0.5}); }
LogicalResult expandHamming(Body &body) {
  return expandWindow(body, {25.0 / 46, -(1 - 25.0 / 46)});
}
LogicalResult expandBlackman(Body &body) {
  return expandWindow(body, {0.42, -0.5, 0.08});
}

/// theta [N, d, d + 1] times the coordinates of each point of a grid in
/// [-1, 1]: of corners, or of the middles of pixels.
LogicalResult expandAffineGrid(Body &body) {
  Value theta = body.in(0), sizes = body.in(1);
  Type element = Body::element(theta);
  std::optional<int64_t> spatial = Body::dims(theta)[1].getConstant();
  if (!spatial || *spatial < 2 || *spatial > 3)
    return body.refuse("expected theta for two or three dimensions");
  bool corners = body.integer("align_corners", 0);
  int64_t d = *spatial;
  // x is the last dimension.
  SmallVector<Value> axes;
  for (int64_t k = 0; k < d; ++k) {
    Value count = body.make(
        "Squeeze", {body.slice(sizes, 0, 1 + d - k, 2 + d - k), body.ints(0)});
    Value index = body.cast(body.range(count), element),
          number = body.cast(count, element), x;
    if (corners) {
      Value steps =
          body.make("Max", {body.add(number, -1.0), body.scalar(element, 1)});
      x = body.add(body.div(body.mul(index, 2.0), steps), -1.0);
    } else {
      x = body.add(body.div(body.add(body.mul(index, 2.0), 1.0), number), -1.0);
    }
    SmallVector<int64_t> others;
    for (int64_t i = 0; i <= d; ++i)
      if (i != d - k)
        others.push_back(i);
    axes.push_back(body.unsqueeze(x, others));
  }
  SmallVector<Value> coordinates;
  for (int64_t row = 0; row < d; ++row) {
    Value sum;
    for (int64_t column = 0; column <= d; ++column) {
      Value factor =
          body.slice(body.slice(theta, 1, row, row + 1), 2, column, column + 1);
      if (d == 3)
        factor = body.unsqueeze(factor, 3);
      Value term = column < d ? body.mul(axes[column], factor) : factor;
      sum = sum ? body.add(sum, term) : term;
    }
    coordinates.push_back(body.unsqueeze(sum, d + 1));
  }
  body.replace(0, body.concat(coordinates, d + 1));
  return success();
}

/// The mean of |x|^p over the spatial dimensions' sum.
LogicalResult expandGlobalLpPool(Body &body) {
  Value x = body.in(0);
  SmallVector<int64_t> axes;
  for (int64_t i = 2; i < Body::rank(x); ++i)
    axes.push_back(i);
  int64_t p = body.integer("p", 2);
  if (p == 1 || p == 2) {
    body.replace(0, body.reduce(p == 1 ? "ReduceL1" : "ReduceL2", x, axes));
    return success();
  }
  Type element = Body::element(x);
  Value powers =
      body.make("Pow", {body.make("Abs", x), body.scalar(element, double(p))});
  body.replace(0, body.make("Pow", {body.reduce("ReduceSum", powers, axes),
                                    body.scalar(element, 1.0 / double(p))}));
  return success();
}
/// Triangles over the bins of a spectrum: each rises from the point before its
/// own to 1 and falls to the point after it. The points are as far apart on the
/// mel scale, 2595 log10(1 + f / 700), and cut to bins.
LogicalResult expandMelWeightMatrix(Body &body) {
  Type f64 = body.b.getF64Type(), i64 = body.b.getI64Type();
  Value bins = body.cast(body.in(0), i64), length = body.cast(body.in(1), i64);
  auto mel = [&](Value hertz) {
    Value ratio = body.add(body.mul(body.cast(hertz, f64), 1.0 / 700), 1.0);
    return body.mul(body.make("Log", ratio), 2595 / std::log(10.0));
  };
  Value low = mel(body.in(3)), high = mel(body.in(4));
  Value count = body.add(bins, 2.0);
  Value step = body.div(body.sub(high, low), body.cast(count, f64));
  Value mels = body.add(body.mul(body.cast(body.range(count), f64), step), low);
  Value hertz = body.mul(
      body.add(body.make("Exp", body.mul(mels, std::log(10.0) / 2595)), -1.0),
      700.0);
  Value points = body.make(
      "Floor", body.div(body.mul(body.cast(body.add(length, 1.0), f64), hertz),
                        body.cast(body.in(2), f64)));
  Value before = body.slice(points, 0, 0, -2),
        own = body.slice(points, 0, 1, -1),
        after = body.slice(points, 0, 2, Body::toEnd);
  Value half =
      body.make("Div", {body.make("Max", {length, body.scalar(i64, 0)}),
                        body.scalar(i64, 2)});
  Value bin =
      body.unsqueeze(body.cast(body.range(body.add(half, 1.0)), f64), 1);
  Value zero = body.scalar(f64, 0), one = body.scalar(f64, 1);
  auto both = [&](Value x, Value y) {
    return body.make("And", {x, y}, {}, body.b.getI1Type());
  };
  auto ramp = [&](Value from, Value to) {
    return body.div(from, body.make("Max", {to, one}));
  };
  Value rises = both(body.compare("GreaterOrEqual", bin, before),
                     body.compare("LessOrEqual", bin, own));
  Value falls = both(body.compare("GreaterOrEqual", bin, own),
                     body.compare("Less", bin, after));
  Value rising = ramp(body.sub(bin, before), body.sub(own, before));
  // A triangle that has no width before its point.
  rising = body.where(body.compare("Equal", own, before), one, rising);
  Value falling = ramp(body.sub(after, bin), body.sub(after, own));
  Value weights = body.where(falls, falling, body.where(rises, rising, zero));
  body.replace(0, body.cast(weights, Body::element(body.output(0))));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> tensorExpansions() {
  static const ExpansionEntry table[] = {
      {"AffineGrid", expandAffineGrid},
      {"BlackmanWindow", expandBlackman},
      {"CenterCropPad", expandCenterCropPad},
      {"GlobalLpPool", expandGlobalLpPool},
      {"HammingWindow", expandHamming},
      {"HannWindow", expandHann},
      {"MelWeightMatrix", expandMelWeightMatrix},
  };
  return table;
}

} // namespace squint::onnx
