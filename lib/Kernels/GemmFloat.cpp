//===- GemmFloat.cpp - floats times floats ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A lane is an output and its sum runs over ascending k, one multiply-add each:
// the same bits in every tile.
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "Gemm.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Floats that are multiplied at a time.
constexpr int64_t kStep = 4;

class FloatGemm final : public GemmBuilder {
public:
  using GemmBuilder::GemmBuilder;

private:
  LogicalResult prepare() override;
  Type getSumType() const override { return b.getF32Type(); }
  Values buildTile(int64_t rows, Value row, ArrayRef<Value> panels) override;
  void buildMatrixTiles(Value row, Value rows, ArrayRef<Value> panels,
                        Value sums) override {
    buildBf16Products(b, op, layout, row, rows, panels, sums);
  }
  int64_t getInputStep() const override { return kStep; }

  /// One k of a view of the tile's rows: `weights` holds 16 outputs of each
  /// panel.
  void multiply(Values &sums, Value view, int64_t rows, ArrayRef<Value> weights,
                int64_t k);
};

} // namespace

LogicalResult FloatGemm::prepare() {
  if (!cast<MemRefType>(input.getType()).getElementType().isF32())
    return op->emitError()
           << "expected an input of f32 without an activation format, got "
           << input.getType();
  plan = planFloatGemm(b.target, layout, b.allowBf16);
  // Matrix tiles read rows that are apart.
  if (patches)
    plan.tileRows = 0;
  return success();
}

void FloatGemm::multiply(Values &sums, Value view, int64_t rows,
                         ArrayRef<Value> weights, int64_t k) {
  int64_t panels = weights.size();
  for (int64_t r = 0; r < rows; ++r) {
    Value x = b.splat(
        memref::LoadOp::create(b, view, ValueRange{b.index(r), b.index(k)}));
    for (int64_t p = 0; p < panels; ++p)
      sums[r * panels + p] = b.fma(x, weights[p], sums[r * panels + p]);
  }
}

KernelBuilder::Values FloatGemm::buildTile(int64_t rows, Value row,
                                           ArrayRef<Value> panels) {
  Values sums(rows * panels.size(), b.constant(b.f32s(), 0.0));
  Type type = getFloatType(b, *layout.format.element);
  int64_t bytes = kLanes * type.getIntOrFloatBitWidth() / 8;
  auto step = [&](Value k, ValueRange current, int64_t count) {
    Values next(current);
    Value view = viewRows(row, rows, k, count);
    for (Value panel : panels)
      prefetch(b.add(panel, b.mul(k, bytes)), count * bytes, rows);
    for (int64_t i = 0; i < count; ++i) {
      Values loaded;
      for (Value panel : panels) {
        Value raw = b.load(b.vec(b.getI8Type(), bytes), weights,
                           b.add(panel, b.mul(b.add(k, i), bytes)), bytes);
        loaded.push_back(b.toF32(b.bitcast(b.vec(type), raw)));
      }
      multiply(next, view, rows, loaded, i);
    }
    return next;
  };
  int64_t full = layout.columns / kStep * kStep;
  sums = b.loop(
      b.index(0), b.index(full), kStep, sums,
      [&](Value k, ValueRange current) { return step(k, current, kStep); });
  return full < layout.columns
             ? step(b.index(full), sums, layout.columns - full)
             : sums;
}

std::unique_ptr<GemmBuilder>
squint::kernel::createFloatGemm(KernelBuilder &b, GemmOp op,
                                const PanelLayout &layout) {
  return std::make_unique<FloatGemm>(b, op, layout);
}
