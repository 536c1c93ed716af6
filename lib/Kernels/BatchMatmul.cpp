//===- BatchMatmul.cpp - products of activations ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// y[b, m, n] += sum_k x[b, m, k] * w[b, k, n], both read where they lie: a lane
// is an n, k ascending, one multiply-add each.
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {

class BatchMatmulBuilder {
public:
  BatchMatmulBuilder(KernelBuilder &b, linalg::BatchMatmulOp op)
      : b(b), left(op.getInputs()[0]), right(op.getInputs()[1]),
        output(op.getOutputs()[0]) {}

  void build(Units units) {
    int64_t registers = b.target.numVectorRegisters,
            each = kLanes * 32 / b.target.vectorBits;
    int64_t wide = each == 1 ? 2 : 1;
    int64_t maxRows = std::max<int64_t>(
        1, std::min<int64_t>(8, (registers - 6) / (each * wide)));
    SmallVector<int64_t> sizes;
    for (int64_t i = 1; i <= maxRows; ++i)
      sizes.push_back(i);
    depth = b.dim(right, 1);
    Value rows = b.dim(left, 1), columns = b.dim(right, 2);
    Value blocks = b.ceilDiv(rows, kUnitMatmulRows);
    Value stride = b.index(wide * kLanes);
    Value wideEnd = b.mul(b.div(columns, stride), stride);
    Value fullEnd = b.mul(b.div(columns, kLanes), kLanes);
    std::optional<int64_t> known = getConstantIntValue(columns);
    b.loop(units.begin, units.end, 1, [&](Value unit) {
      batch = b.div(unit, blocks);
      Value block = b.rem(unit, blocks);
      Value first = b.div(b.mul(rows, block), blocks),
            end = b.div(b.mul(rows, b.add(block, 1)), blocks);
      Value count = b.sub(end, first), tiles = b.ceilDiv(count, maxRows);
      b.loop(b.index(0), tiles, 1, [&](Value t) {
        Value row = b.add(first, b.div(b.mul(count, t), tiles));
        Value next = b.add(first, b.div(b.mul(count, b.add(t, 1)), tiles));
        b.switchOn(b.sub(next, row), sizes, [&](int64_t size) {
          b.loop(b.index(0), wideEnd, wide * kLanes,
                 [&](Value n) { buildTile(size, wide, row, n, {}); });
          if (wide > 1 && (!known || *known % (wide * kLanes) >= kLanes))
            b.loop(wideEnd, fullEnd, kLanes,
                   [&](Value n) { buildTile(size, 1, row, n, {}); });
          if (!known || *known % kLanes) {
            Value rest = b.sub(columns, fullEnd);
            b.ifElse(b.less(b.index(0), rest),
                     [&] { buildTile(size, 1, row, fullEnd, b.mask(rest)); });
          }
        });
      });
    });
  }

private:
  void buildTile(int64_t rows, int64_t panels, Value row, Value column,
                 Value mask) {
    Values sums;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t p = 0; p < panels; ++p)
        sums.push_back(b.load(b.f32s(), output,
                              {batch, b.add(row, r), b.add(column, p * kLanes)},
                              mask));
    sums = b.loop(b.index(0), depth, 1, sums, [&](Value k, ValueRange current) {
      Values values, next;
      for (int64_t p = 0; p < panels; ++p)
        values.push_back(b.load(b.f32s(), right,
                                {batch, k, b.add(column, p * kLanes)}, mask));
      for (int64_t r = 0; r < rows; ++r) {
        Value x = b.splat(memref::LoadOp::create(
            b, left, ValueRange{batch, b.add(row, r), k}));
        for (int64_t p = 0; p < panels; ++p)
          next.push_back(b.fma(x, values[p], current[r * panels + p]));
      }
      return next;
    });
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t p = 0; p < panels; ++p)
        b.store(sums[r * panels + p], output,
                {batch, b.add(row, r), b.add(column, p * kLanes)}, mask);
  }

  KernelBuilder &b;
  Value left, right, output, batch, depth;
};

} // namespace

LogicalResult squint::kernel::buildBatchMatmul(KernelBuilder &b,
                                               linalg::BatchMatmulOp op,
                                               Units units) {
  for (Value value : op->getOperands())
    if (!cast<ShapedType>(value.getType()).getElementType().isF32())
      return op->emitError()
             << "expected matrices of f32, got " << value.getType();
  if (op.hasUserDefinedMaps())
    return op->emitError() << "expected matrices that are not transposed";
  if (failed(checkRows(op, op->getOperands())))
    return failure();
  BatchMatmulBuilder(b, op).build(units);
  return success();
}
