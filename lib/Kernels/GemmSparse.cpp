//===- GemmSparse.cpp - a few floats times decoded codes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Most activations are zero: those that an int8 row leaves out as too large.
// A row is looked through once for all panels of a unit, and each number found
// is multiplied with one k of the weights. Left out is nothing but products
// with zero, so sums are those of GemmDecoded.cpp: four, of every fourth k,
// ascending.
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "Gemm.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

class SparseGemm final : public GemmBuilder {
public:
  SparseGemm(KernelBuilder &b, GemmOp op, const PanelLayout &layout)
      : GemmBuilder(b, op, layout), reader(b, layout, weights) {}

private:
  LogicalResult prepare() override;
  Type getSumType() const override { return b.getF32Type(); }
  int64_t getSlots() const override { return kUnitPanels; }
  bool buildUnit(Value row, Value rows, Value first, Value last) override;
  Values buildTile(int64_t, Value, ArrayRef<Value>) override {
    llvm_unreachable("units are not cut into tiles");
  }
  Values loadColumns(Value panel) override;
  Value finish(Value sum, Value row, ArrayRef<Value> columns) override {
    return arith::MulFOp::create(b, sum, columns[0]);
  }

  static constexpr int64_t chains = 4;
  /// Adds the products of what is not zero in the row.
  void addRow(Value row, Value first, Value last);
  void addColumn(Value x, Value k, Value first, Value last);
  /// parts[panel - first][chain][16]
  Value partAt(Value panel, Value first, Value chain) {
    return b.mul(b.add(b.mul(b.sub(panel, first), chains), chain), kLanes);
  }
  Value isNonZero(Value x) {
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, x,
                                 b.constant(x.getType(), 0.0));
  }

  PanelReader reader;
  Value parts; // scratch memory
};

} // namespace

LogicalResult SparseGemm::prepare() {
  parts = b.scratch(kUnitPanels * chains * kLanes, b.getF32Type());
  return success();
}

KernelBuilder::Values SparseGemm::loadColumns(Value panel) {
  return {reader.loadPanelScales(b.mul(panel, layout.panelBytes))};
}

void SparseGemm::addColumn(Value x, Value k, Value first, Value last) {
  Value factor = b.splat(x), chain = b.rem(k, chains);
  b.loop(first, last, 1, [&](Value panel) {
    PanelGroup at = reader.locate(b.mul(panel, layout.panelBytes), b.index(0));
    Value value = reader.loadColumn(at.codes, k, reader.loadGrid(at.header));
    Value to = partAt(panel, first, chain);
    b.store(b.fma(factor, value, b.load(b.f32s(), parts, to, 64)), parts, to);
  });
}

void SparseGemm::addRow(Value row, Value first, Value last) {
  b.lanes(b.index(layout.columns), {},
          [&](Value k, Value mask, ValueRange) -> Values {
            Value some = vector::ReductionOp::create(
                b, vector::CombiningKind::OR,
                isNonZero(b.load(b.f32s(), input, {row, k}, mask)));
            int64_t count = mask ? layout.columns % kLanes : kLanes;
            b.ifElse(some, [&] {
              b.loop(b.index(0), b.index(count), 1, [&](Value i) {
                Value at = b.add(k, i);
                Value x = memref::LoadOp::create(b, input, ValueRange{row, at});
                b.ifElse(isNonZero(x), [&] { addColumn(x, at, first, last); });
              });
            });
            return {};
          });
}

bool SparseGemm::buildUnit(Value row, Value rows, Value first, Value last) {
  Value none = b.constant(b.f32s(), 0.0);
  b.loop(b.index(0), rows, 1, [&](Value r) {
    Value m = b.add(row, r);
    b.loop(b.index(0), b.index(kUnitPanels * chains * kLanes), kLanes,
           [&](Value at) { b.store(none, parts, at); });
    addRow(m, first, last);
    b.loop(first, last, 1, [&](Value panel) {
      Values sums;
      for (int64_t chain = 0; chain < chains; ++chain)
        sums.push_back(
            b.load(b.f32s(), parts, partAt(panel, first, b.index(chain)), 64));
      Value even = arith::AddFOp::create(b, sums[0], sums[2]),
            odd = arith::AddFOp::create(b, sums[1], sums[3]);
      Value slot = b.sub(panel, first);
      b.store(arith::AddFOp::create(b, even, odd), scratch,
              b.mul(slot, kLanes));
      buildEpilogues(m, b.index(1), panel, 1, slot);
    });
  });
  return true;
}

std::unique_ptr<GemmBuilder>
squint::kernel::createSparseGemm(KernelBuilder &b, GemmOp op,
                                 const PanelLayout &layout) {
  DictionaryAttr tile = op.getTileAttr();
  auto input = cast<MemRefType>(op.getInput().getType());
  if (!tile || !tile.contains("sparse_input") || op.hasIntegerInput() ||
      op.getWindow() || !input.getElementType().isF32() || layout.isFloat() ||
      layout.grouped || !layout.hasByteCodes())
    return nullptr;
  return std::make_unique<SparseGemm>(b, op, layout);
}
