//===- Rotary.cpp - rotary position embeddings ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is a token: its angles serve all of its heads.
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "squint/Kernels/Kernels.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {
class RotaryBuilder {
public:
  RotaryBuilder(KernelBuilder &b, kernel::RotaryOp op)
      : b(b), x(op.getInput()), cos(op.getCos()), sin(op.getSin()),
        y(op.getOutputs()[0]) {
    pairs = cast<MemRefType>(cos.getType()).getDimSize(2);
    size = cast<MemRefType>(x.getType()).getDimSize(3);
  }

  void buildHalves(Value batch, Value token);
  void buildNeighbours(Value batch, Value token);

private:
  /// a * c - b * s and b * c + a * s, each product and sum rounded.
  std::pair<Value, Value> turn(Value first, Value second, Value c, Value s) {
    auto product = [&](Value p, Value q) -> Value {
      return arith::MulFOp::create(b, p, q);
    };
    return {arith::SubFOp::create(b, product(first, c), product(second, s)),
            arith::AddFOp::create(b, product(second, c), product(first, s))};
  }
  void forHeads(llvm::function_ref<void(Value)> body) {
    b.loop(b.index(0), b.dim(x, 2), 1, body);
  }

  KernelBuilder &b;
  Value x, cos, sin, y;
  int64_t pairs, size;
};
} // namespace

/// Pair i is (x[i], x[pairs + i]).
void RotaryBuilder::buildHalves(Value batch, Value token) {
  b.lanes(b.index(pairs), {}, [&](Value at, Value mask, ValueRange) -> Values {
    Value c = b.load(b.f32s(), cos, {batch, token, at}, mask),
          s = b.load(b.f32s(), sin, {batch, token, at}, mask);
    forHeads([&](Value head) {
      Value indices[] = {batch, token, head, at},
            behind[] = {batch, token, head, b.add(at, pairs)};
      auto [first, second] = turn(b.load(b.f32s(), x, indices, mask),
                                  b.load(b.f32s(), x, behind, mask), c, s);
      b.store(first, y, indices, mask);
      b.store(second, y, behind, mask);
    });
    return {};
  });
}

/// Pair i is (x[2 i], x[2 i + 1]).
void RotaryBuilder::buildNeighbours(Value batch, Value token) {
  int64_t whole = pairs / kLanes * kLanes;
  SmallVector<int64_t> even, odd, low, high;
  for (int64_t i = 0; i < kLanes; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
    low.push_back(i / 2 + (i % 2 ? kLanes : 0));
    high.push_back((i + kLanes) / 2 + (i % 2 ? kLanes : 0));
  }
  auto shuffle = [&](Value p, Value q, ArrayRef<int64_t> lanes) -> Value {
    return vector::ShuffleOp::create(b, p, q, lanes);
  };
  b.loop(b.index(0), b.index(whole), kLanes, [&](Value at) {
    Value c = b.load(b.f32s(), cos, {batch, token, at}),
          s = b.load(b.f32s(), sin, {batch, token, at});
    forHeads([&](Value head) {
      Value begin[] = {batch, token, head, b.mul(at, 2)},
            behind[] = {batch, token, head, b.add(b.mul(at, 2), kLanes)};
      Value p = b.load(b.f32s(), x, begin), q = b.load(b.f32s(), x, behind);
      auto [first, second] =
          turn(shuffle(p, q, even), shuffle(p, q, odd), c, s);
      b.store(shuffle(first, second, low), y, begin);
      b.store(shuffle(first, second, high), y, behind);
    });
  });
  b.loop(b.index(whole), b.index(pairs), 1, [&](Value i) {
    auto load = [&](Value memref, ValueRange indices) -> Value {
      return memref::LoadOp::create(b, memref, indices);
    };
    Value c = load(cos, {batch, token, i}), s = load(sin, {batch, token, i});
    forHeads([&](Value head) {
      Value begin[] = {batch, token, head, b.mul(i, 2)},
            behind[] = {batch, token, head, b.add(b.mul(i, 2), 1)};
      auto [first, second] = turn(load(x, begin), load(x, behind), c, s);
      memref::StoreOp::create(b, first, y, begin);
      memref::StoreOp::create(b, second, y, behind);
    });
  });
}

LogicalResult squint::kernel::buildRotary(KernelBuilder &b, kernel::RotaryOp op,
                                          Units units) {
  Value x = op.getInput(), y = op.getOutputs()[0];
  if (failed(checkFloatHeads(op, {x, y})) ||
      failed(checkRows(op, {op.getCos(), op.getSin()})))
    return failure();
  RotaryBuilder builder(b, op);
  int64_t turned = 2 * cast<MemRefType>(op.getCos().getType()).getDimSize(2),
          size = cast<MemRefType>(x.getType()).getDimSize(3);
  Value tokens = b.dim(x, 1);
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    Value batch = b.div(unit, tokens), token = b.rem(unit, tokens);
    if (op.getInterleaved())
      builder.buildNeighbours(batch, token);
    else
      builder.buildHalves(batch, token);
    if (turned == size)
      return;
    b.loop(b.index(0), b.dim(x, 2), 1, [&](Value head) {
      b.lanes(b.index(size - turned), {},
              [&](Value at, Value mask, ValueRange) -> Values {
                Value indices[] = {batch, token, head, b.add(at, turned)};
                b.store(b.load(b.f32s(), x, indices, mask), y, indices, mask);
                return {};
              });
    });
  });
  return success();
}
