//===- Hadamard.cpp - kernels that rotate rows ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is a row. Butterflies run in registers: first those between the lanes
// of a vector and among eight neighbours, then among eight vectors further
// apart, so that a row is read once for every three stages. Each output is
// a sum in one order, whatever is side by side.
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "squint/Kernels/Kernels.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

/// Vectors that are held at a time.
static constexpr int64_t kRadix = 8;

namespace {

class Rotation {
public:
  Rotation(KernelBuilder &b, kernel::HadamardOp op)
      : b(b), signs(op.getSigns()), size(op.getSize()),
        columns(cast<MemRefType>(op.getInput().getType()).getDimSize(1)) {
    if (signs)
      order = cast<MemRefType>(signs.getType()).getDimSize(0);
    power = size / order;
    factor = float(1.0 / std::sqrt(double(size)));
  }

  /// Row `from` of `x` to row `to` of `y`.
  void build(Value x, Value from, Value y, Value to);

private:
  /// Where rows are read or written.
  struct Row {
    Value matrix, row;
  };
  void multiplySigns(Row x, Row y, Value start);
  void combineLanes(Value &vector);
  void combineVectors(Row x, Row y, Value start, int64_t count, int64_t stride,
                      bool isFirst, bool isLast);
  void rotateBlock(Row x, Row y, Value start);
  Value scale(Value vector) {
    return arith::MulFOp::create(b, vector, b.constant(b.f32s(), factor));
  }

  KernelBuilder &b;
  Value signs;
  int64_t size, columns, order = 1, power;
  float factor;
};

} // namespace

/// t[i, b] = sum of signs[i, a] * x[a, b] over a, ascending, four i at a time.
void Rotation::multiplySigns(Row x, Row y, Value start) {
  int64_t together = order % 4 == 0 ? 4 : 1;
  Value none = b.constant(b.f32s(), 0.0);
  b.lanes(b.index(power), {}, [&](Value k, Value mask, ValueRange) -> Values {
    Value first = b.add(start, k);
    b.loop(b.index(0), b.index(order), together, [&](Value i) {
      Values sums = b.loop(
          b.index(0), b.index(order), 1, Values(together, none),
          [&](Value a, ValueRange current) -> Values {
            Value value = b.load(b.f32s(), x.matrix,
                                 {x.row, b.add(first, b.mul(a, power))}, mask);
            Values next;
            for (int64_t j = 0; j < together; ++j) {
              Value sign =
                  memref::LoadOp::create(b, signs, ValueRange{b.add(i, j), a});
              next.push_back(b.fma(b.splat(sign), value, current[j]));
            }
            return next;
          });
      for (int64_t j = 0; j < together; ++j)
        b.store(power == 1 ? scale(sums[j]) : sums[j], y.matrix,
                {y.row, b.add(first, b.mul(b.add(i, j), power))}, mask);
    });
    return {};
  });
}

/// The first butterflies of 16 neighbours: with lane i goes lane i ^ h, and
/// where i has that bit the own lane is taken off.
void Rotation::combineLanes(Value &vector) {
  for (int64_t h = 1; h < std::min(power, kLanes); h *= 2) {
    SmallVector<int64_t> partner;
    SmallVector<float> sign;
    for (int64_t i = 0; i < kLanes; ++i) {
      partner.push_back(i ^ h);
      sign.push_back(i & h ? -1.0f : 1.0f);
    }
    Value other = vector::ShuffleOp::create(b, vector, vector, partner);
    Value factors = arith::ConstantOp::create(
        b, DenseElementsAttr::get(b.f32s(), ArrayRef<float>(sign)));
    vector = b.fma(vector, factors, other);
  }
}

/// Butterflies of `count` vectors that are `stride` vectors apart, everywhere
/// in a block.
void Rotation::combineVectors(Row x, Row y, Value start, int64_t count,
                              int64_t stride, bool isFirst, bool isLast) {
  auto combine = [&](Value base) {
    Values vectors;
    for (int64_t i = 0; i < count; ++i)
      vectors.push_back(b.load(b.f32s(), x.matrix,
                               {x.row, b.add(base, i * stride * kLanes)}));
    if (isFirst)
      for (Value &vector : vectors)
        combineLanes(vector);
    for (int64_t h = 1; h < count; h *= 2)
      for (int64_t i = 0; i < count; ++i) {
        if (i & h)
          continue;
        Value low = vectors[i], high = vectors[i + h];
        vectors[i] = arith::AddFOp::create(b, low, high);
        vectors[i + h] = arith::SubFOp::create(b, low, high);
      }
    for (int64_t i = 0; i < count; ++i)
      b.store(isLast ? scale(vectors[i]) : vectors[i], y.matrix,
              {y.row, b.add(base, i * stride * kLanes)});
  };
  int64_t whole = count * stride * kLanes;
  b.loop(b.index(0), b.index(size / whole), 1, [&](Value i) {
    Value first = b.add(start, b.mul(i, whole));
    b.loop(b.index(0), b.index(stride), 1,
           [&](Value j) { combine(b.add(first, b.mul(j, kLanes))); });
  });
}

void Rotation::rotateBlock(Row x, Row y, Value start) {
  if (signs) {
    multiplySigns(x, y, start);
    x = y;
  }
  // Each step joins what the steps before have joined.
  int64_t joined = 0, vectors = power / kLanes;
  while (joined < vectors) {
    int64_t stride = std::max<int64_t>(joined, 1);
    int64_t count = std::min(kRadix, vectors / stride);
    combineVectors(x, y, start, count, stride, !joined,
                   stride * count == vectors);
    x = y;
    joined = stride * count;
  }
}

void Rotation::build(Value xMatrix, Value from, Value yMatrix, Value to) {
  Row x{xMatrix, from}, y{yMatrix, to};
  if (signs || power >= kLanes) {
    b.loop(b.index(0), b.index(columns / size), 1,
           [&](Value i) { rotateBlock(x, y, b.mul(i, size)); });
    x = y;
  }
  // Smaller ones lie within vectors, wherever blocks begin.
  if (power >= kLanes || (signs && power == 1))
    return;
  b.lanes(b.index(columns), {}, [&](Value k, Value mask, ValueRange) -> Values {
    Value vector = b.load(b.f32s(), x.matrix, {x.row, k}, mask);
    combineLanes(vector);
    b.store(scale(vector), y.matrix, {y.row, k}, mask);
    return {};
  });
}

LogicalResult squint::kernel::buildHadamard(KernelBuilder &b,
                                            kernel::HadamardOp op,
                                            Units units) {
  Value x = op.getInput(), y = op.getRows();
  if (failed(checkFloatRows(op, x)) || (y && failed(checkFloatRows(op, y))) ||
      failed(checkRows(op, y ? ValueRange{x, y} : ValueRange{x})))
    return failure();
  int64_t columns = cast<MemRefType>(x.getType()).getDimSize(1);
  std::optional<Format> format;
  std::optional<RowQuantizer> quantizer;
  if (op.getActivationFormat()) {
    format = op.getActivationFormat()->getFormat();
    quantizer.emplace(b, op, *format, op.getSumGroup(), op.getActivationScale(),
                      op.getActivationZeroPoint().value_or(0), columns,
                      op.getOutputs());
    if (failed(quantizer->check()))
      return failure();
    if (!y && columns > kMaxScratchRow)
      return op->emitError()
             << "expected rows of at most " << kMaxScratchRow
             << " columns where only codes are written, got " << x.getType();
  }
  // Where nothing else reads them, rows are kept until they are quantized.
  Value kept;
  if (!y)
    kept = memref::ExpandShapeOp::create(
        b, ArrayRef<int64_t>{1, columns}, b.scratch(columns, b.getF32Type()),
        ArrayRef<ReassociationIndices>{{0, 1}});
  Rotation rotation(b, op);
  b.loop(units.begin, units.end, 1, [&](Value row) {
    Value to = kept ? kept : y, at = kept ? b.index(0) : row;
    rotation.build(x, row, to, at);
    if (quantizer)
      quantizer->build(to, at, row);
  });
  return success();
}
