//===- Depthwise.cpp - convolutions of each channel apart -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is a line of an output image; a lane is a channel. Pixels whose window
// lies within the image from side to side are computed several at a time.
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "squint/Kernels/Kernels.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {

class DepthwiseBuilder {
public:
  DepthwiseBuilder(KernelBuilder &b, DepthwiseOp op)
      : b(b), op(op), window(op.getWindow()), input(op.getInput()),
        weights(op.getWeights()) {
    auto type = cast<MemRefType>(input.getType());
    height = type.getDimSize(1);
    width = type.getDimSize(2);
    channels = type.getDimSize(3);
  }

  void build(Units units);

private:
  struct Range {
    Value begin, end;
  };
  Range getTaps(Value first, int64_t size, int64_t axis);
  void buildLine(Value channel, Value mask);
  void buildPixels(Value x, int64_t pixels, Range columns, bool whole,
                   Value channel, Value mask);
  Value column(Value x, int64_t pixel, Value j);
  Value load(ValueRange at, Value mask);
  void buildEpilogue(Value sum, ArrayRef<Value> extras, ValueRange at,
                     Value mask);

  KernelBuilder &b;
  DepthwiseOp op;
  WindowAttr window;
  Value input, weights;
  int64_t height = 0, width = 0, channels = 0;
  Value image, y, top;
  Range lines;
};

} // namespace

/// The taps of a window that starts at `first` which lie in [0, size).
DepthwiseBuilder::Range DepthwiseBuilder::getTaps(Value first, int64_t size,
                                                  int64_t axis) {
  int64_t dilation = window.getDilations()[axis],
          taps = window.getKernel()[axis];
  auto firstAtLeast = [&](Value position) {
    Value distance = b.max(b.sub(position, first), b.index(0));
    return b.min(b.ceilDiv(distance, dilation), b.index(taps));
  };
  Value begin = firstAtLeast(b.index(0));
  return {begin, b.max(begin, firstAtLeast(b.index(size)))};
}

Value DepthwiseBuilder::column(Value x, int64_t pixel, Value j) {
  Value left = b.mul(b.add(x, pixel), window.getStrides()[1]);
  return b.add(b.sub(left, b.index(window.getPads()[1])),
               b.mul(j, window.getDilations()[1]));
}

void DepthwiseBuilder::buildPixels(Value x, int64_t pixels, Range columns,
                                   bool whole, Value channel, Value mask) {
  Values sums(pixels, b.constant(b.f32s(), 0.0));
  auto tap = [&](Value i, Value j, ValueRange current) {
    Value factor = b.load(b.f32s(), weights, {i, j, channel}, mask);
    Value line = b.add(top, b.mul(i, window.getDilations()[0]));
    Values next;
    for (int64_t p = 0; p < pixels; ++p)
      next.push_back(b.fma(load({image, line, column(x, p, j), channel}, mask),
                           factor, current[p]));
    return next;
  };
  sums =
      b.loop(lines.begin, lines.end, 1, sums, [&](Value i, ValueRange current) {
        if (!whole)
          return b.loop(
              columns.begin, columns.end, 1, current,
              [&](Value j, ValueRange inner) { return tap(i, j, inner); });
        Values next(current);
        for (int64_t j = 0; j < window.getKernel()[1]; ++j)
          next = tap(i, b.index(j), next);
        return next;
      });
  // Extras along the channels are the same for every pixel.
  Values extras;
  for (Value extra : op.getExtras()) {
    auto type = cast<MemRefType>(extra.getType());
    extras.push_back(type.getRank() == 1 ? b.load(b.vec(type.getElementType()),
                                                  extra, channel, mask)
                                         : Value());
  }
  for (int64_t p = 0; p < pixels; ++p)
    buildEpilogue(sums[p], extras, {image, y, b.add(x, p), channel}, mask);
}

/// 16 channels of a pixel as f32.
Value DepthwiseBuilder::load(ValueRange at, Value mask) {
  std::optional<uint32_t> zero = op.getActivationZeroPoint();
  if (!zero)
    return b.load(b.f32s(), input, at, mask);
  Value codes = arith::ExtSIOp::create(
      b, b.i32s(), b.load(b.vec(b.getI8Type()), input, at, mask));
  codes = arith::SubIOp::create(
      b, codes, b.intConstant(b.i32s(), static_cast<int32_t>(*zero)));
  return arith::SIToFPOp::create(b, b.f32s(), codes);
}

void DepthwiseBuilder::buildEpilogue(Value sum, ArrayRef<Value> extras,
                                     ValueRange at, Value mask) {
  Values arguments{sum};
  for (auto [extra, loaded] : llvm::zip(op.getExtras(), extras)) {
    Type element = cast<MemRefType>(extra.getType()).getElementType();
    arguments.push_back(loaded ? loaded
                               : b.load(b.vec(element), extra, at, mask));
  }
  Values results = buildEpilogueRegion(b, op.getEpilogue(), arguments);
  for (auto [result, output] : llvm::zip(results, op.getOutputs()))
    b.store(result, output, at, mask);
}

void DepthwiseBuilder::buildLine(Value channel, Value mask) {
  int64_t outWidth = window.getOut()[1], stride = window.getStrides()[1],
          pad = window.getPads()[1];
  int64_t reach = window.getDilations()[1] * (window.getKernel()[1] - 1);
  // Pixels [low, high) read no padding left or right.
  int64_t low = std::min<int64_t>(llvm::divideCeil(pad, stride), outWidth);
  int64_t high =
      width - 1 - reach + pad < 0 ? 0 : (width - 1 - reach + pad) / stride + 1;
  high = std::clamp(high, low, outWidth);
  auto edge = [&](int64_t from, int64_t to) {
    if (from == to)
      return;
    b.loop(b.index(from), b.index(to), 1, [&](Value x) {
      Range columns = getTaps(column(x, 0, b.index(0)), width, 1);
      buildPixels(x, 1, columns, false, channel, mask);
    });
  };
  edge(0, low);
  constexpr int64_t pixels = 4;
  int64_t full = low + (high - low) / pixels * pixels;
  b.loop(b.index(low), b.index(full), pixels,
         [&](Value x) { buildPixels(x, pixels, {}, true, channel, mask); });
  b.loop(b.index(full), b.index(high), 1,
         [&](Value x) { buildPixels(x, 1, {}, true, channel, mask); });
  edge(high, outWidth);
}

void DepthwiseBuilder::build(Units units) {
  int64_t outHeight = window.getOut()[0];
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    image = b.div(unit, outHeight);
    y = b.rem(unit, b.index(outHeight));
    top = b.sub(b.mul(y, window.getStrides()[0]), b.index(window.getPads()[0]));
    lines = getTaps(top, height, 0);
    b.lanes(b.index(channels), {},
            [&](Value channel, Value mask, ValueRange) -> Values {
              buildLine(channel, mask);
              return {};
            });
  });
}

LogicalResult squint::kernel::buildDepthwise(KernelBuilder &b, DepthwiseOp op,
                                             Units units) {
  SmallVector<Value> memrefs{op.getInput(), op.getWeights()};
  llvm::append_range(memrefs, op.getExtras());
  llvm::append_range(memrefs, op.getOutputs());
  if (failed(checkRows(op, memrefs)))
    return failure();
  DepthwiseBuilder(b, op).build(units);
  return success();
}
