//===- Gemm.cpp - units, tiles and epilogues --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Gemm.h"
#include "Epilogue.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

void GemmBuilder::buildEpilogue(Value row, Value rows, Value panel,
                                int64_t slot, int64_t slots, Value from,
                                Value mask) {
  Value column = b.mul(panel, PanelLayout::width);
  Values columns = loadColumns(panel);
  // Extras along the outputs, or of one number, are the same for every row.
  Values extras;
  for (Value extra : op.getExtras()) {
    auto type = cast<MemRefType>(extra.getType());
    if (type.getRank() != 1)
      extras.push_back({});
    else if (type.getDimSize(0) == 1 && layout.rows != 1)
      extras.push_back(
          b.splat(memref::LoadOp::create(b, extra, ValueRange(b.index(0)))));
    else
      extras.push_back(
          b.load(b.vec(type.getElementType()), extra, column, mask));
  }
  b.loop(b.index(0), rows, 1, [&](Value r) {
    Value m = b.add(row, r);
    Value at =
        b.mul(b.add(b.mul(b.add(from, r), slots), slot), PanelLayout::width);
    Values arguments{
        finish(b.load(b.vec(getSumType()), scratch, at, 64), m, columns)};
    for (auto [extra, loaded] : llvm::zip(op.getExtras(), extras)) {
      auto type = cast<MemRefType>(extra.getType());
      if (loaded)
        arguments.push_back(loaded);
      else if (type.getDimSize(1) == 1 && layout.rows != 1)
        arguments.push_back(b.splat(
            memref::LoadOp::create(b, extra, ValueRange{m, b.index(0)})));
      else
        arguments.push_back(
            b.load(b.vec(type.getElementType()), extra, {m, column}, mask));
    }
    Values results = buildEpilogueRegion(b, op.getEpilogue(), arguments);
    for (auto [result, output] : llvm::zip(results, op.getOutputs()))
      b.store(result, output, {m, column}, mask);
  });
}

KernelBuilder::Values GemmBuilder::getPanelOffsets(Value panel,
                                                   int64_t panels) {
  Values offsets;
  for (int64_t p = 0; p < panels; ++p)
    offsets.push_back(b.mul(b.add(panel, p), layout.panelBytes));
  return offsets;
}

void GemmBuilder::cutRows(Value rows, int64_t maxRows,
                          llvm::function_ref<void(Value, Value)> body) {
  Value tiles = b.ceilDiv(rows, maxRows);
  b.loop(b.index(0), tiles, 1, [&](Value t) {
    // Even tiles: no short one at the end.
    Value first = b.div(b.mul(rows, t), tiles),
          last = b.div(b.mul(rows, b.add(t, 1)), tiles);
    body(first, b.sub(last, first));
  });
}

void GemmBuilder::forTiles(Value rows, ArrayRef<int64_t> sizes, int64_t maxRows,
                           llvm::function_ref<void(Value, int64_t)> body) {
  cutRows(rows, maxRows, [&](Value first, Value size) {
    b.switchOn(size, sizes, [&](int64_t count) { body(first, count); });
  });
}

void GemmBuilder::buildTiles(Value row, Value rows, Value panel, int64_t panels,
                             ArrayRef<int64_t> sizes, int64_t maxRows) {
  cutRows(rows, maxRows, [&](Value first, Value size) {
    Value start = b.add(row, first);
    Values bases = getPanelOffsets(panel, panels);
    bool deferred = pendingMemory && maxRows == plan.rows;
    if (deferred)
      pending = loadPending();
    b.switchOn(size, sizes, [&](int64_t count) {
      Values sums = buildTile(count, start, bases);
      for (auto [i, sum] : llvm::enumerate(sums))
        b.store(sum, scratch, b.index(i * PanelLayout::width));
    });
    pending.reset();
    if (deferred)
      storePending({b.mul(size, panels), start, panel});
    else
      buildEpilogues(start, size, panel, panels, b.index(0));
  });
}

GemmBuilder::Pending GemmBuilder::loadPending() {
  auto load = [&](int64_t i) -> Value {
    return memref::LoadOp::create(b, pendingMemory, ValueRange{b.index(i)});
  };
  return {load(0), load(1), load(2)};
}

void GemmBuilder::storePending(const Pending &next) {
  for (auto [i, value] :
       llvm::enumerate(Values{next.count, next.row, next.panel}))
    memref::StoreOp::create(b, value, pendingMemory, ValueRange{b.index(i)});
}

void GemmBuilder::finishPending(Value number) {
  buildEpilogue(b.add(pending->row, b.div(number, plan.panels)), b.index(1),
                b.add(pending->panel, b.rem(number, b.index(plan.panels))),
                /*slot=*/0, /*slots=*/1, /*from=*/number, /*mask=*/{});
}

void GemmBuilder::finishAllPending() {
  if (!pendingMemory)
    return;
  pending = loadPending();
  b.loop(b.index(0), pending->count, 1,
         [&](Value number) { finishPending(number); });
  pending.reset();
  storePending({b.index(0), b.index(0), b.index(0)});
}

void GemmBuilder::overlap(Value i, int64_t steps) {
  if (!pending)
    return;
  int64_t each = llvm::divideCeil(plan.rows * plan.panels, steps);
  for (int64_t j = 0; j < each; ++j) {
    Value number = b.add(b.mul(i, each), j);
    b.ifElse(b.less(number, pending->count), [&] { finishPending(number); });
  }
}

void GemmBuilder::buildEpilogues(Value row, Value rows, Value panel,
                                 int64_t panels, Value from) {
  for (int64_t p = 0; p < panels; ++p) {
    Value current = b.add(panel, p);
    int64_t tail = layout.rows % PanelLayout::width;
    auto full = [&] { buildEpilogue(row, rows, current, p, panels, from, {}); };
    auto partial = [&] {
      buildEpilogue(row, rows, current, p, panels, from, b.mask(tail));
    };
    if (!tail)
      full();
    else if (layout.panels == 1)
      partial();
    else
      b.ifElse(b.less(current, b.index(layout.panels - 1)), full, partial);
  }
}

void GemmBuilder::buildTilePanels(Value row, Value rows, Value first,
                                  Value last) {
  int64_t height = plan.tileRows;
  auto build = [&](Value panel, int64_t panels) {
    buildMatrixTiles(row, rows, getPanelOffsets(panel, panels), scratch);
    // Rows that two tiles have computed get their epilogue once: it may read
    // what it writes.
    b.loop(b.index(0), b.ceilDiv(rows, height), 1, [&](Value tile) {
      Value begin = b.mul(tile, height),
            end = b.min(b.add(begin, height), rows);
      Value overlap = b.sub(b.add(begin, height), end);
      buildEpilogues(b.add(row, begin), b.sub(end, begin), panel, panels,
                     b.add(begin, overlap));
    });
  };
  buildPanels(first, last, std::min<int64_t>(layout.panels, 2), build);
}

void GemmBuilder::buildPanels(Value first, Value last, int64_t panels,
                              llvm::function_ref<void(Value, int64_t)> body) {
  Value wide = b.add(first, b.mul(b.div(b.sub(last, first), panels), panels));
  b.loop(first, wide, panels, [&](Value panel) { body(panel, panels); });
  if (layout.panels % kUnitPanels % panels)
    b.loop(wide, last, 1, [&](Value panel) { body(panel, 1); });
}

LogicalResult GemmBuilder::preparePatches() {
  int64_t sumGroup = 0;
  if (op.hasIntegerInput()) {
    auto group =
        getSumGroup(layout.format, op.getActivationFormat()->getFormat());
    if (!group)
      return op->emitError() << llvm::toString(group.takeError());
    sumGroup = *group;
  }
  return patches->prepare(kUnitRows, sumGroup, getInputStep(), getPatchCodes());
}

Value GemmBuilder::loadSum(Value row, Value number) {
  if (patches)
    return patches->loadSum(row, number);
  return memref::LoadOp::create(b, op.getSums(), ValueRange{row, number});
}

void GemmBuilder::prefetch(Value offset, int64_t bytes, int64_t rows) {
  // A convolution's weights stay in the caches from tile to tile.
  if (!plan.prefetchBytes || rows < plan.prefetchRows || patches)
    return;
  for (int64_t at = 0; at < bytes; at += 64)
    memref::PrefetchOp::create(b, weights,
                               b.add(offset, plan.prefetchBytes + at),
                               /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
}

LogicalResult GemmBuilder::build(Units units) {
  if (op.getWindow())
    patches.emplace(b, op);
  if (failed(prepare()) || (patches && failed(preparePatches())))
    return failure();
  scratch = b.scratch(getSlots() * PanelLayout::width, getSumType());
  // Masks of the last panel, and matrix tiles, have no place in other loops.
  if (overlapsEpilogues() && !plan.tileRows && plan.rows > plan.fewRows &&
      layout.rows % PanelLayout::width == 0 &&
      layout.panels % kUnitPanels % plan.panels == 0) {
    pendingMemory = b.scratch(3, b.getIndexType());
    storePending({b.index(0), b.index(0), b.index(0)});
  }

  SmallVector<int64_t> few, many;
  for (int64_t i = 1; i <= plan.fewRows; ++i)
    few.push_back(i);
  // Even tiles are at least half as high as the highest.
  for (int64_t i = std::min(plan.fewRows + 1, (plan.rows + 1) / 2);
       i <= plan.rows; ++i)
    many.push_back(i);

  Value total = b.dim(output, 0);
  Value blocks =
      getGemmRowBlocks(b, total, llvm::divideCeil(layout.panels, kUnitPanels));
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    Value group = b.div(unit, blocks), block = b.rem(unit, blocks);
    Value row = b.div(b.mul(total, block), blocks),
          next = b.div(b.mul(total, b.add(block, 1)), blocks);
    Value first = b.mul(group, kUnitPanels),
          last = b.min(b.add(first, kUnitPanels), b.index(layout.panels));
    auto compute = [&](Value row, Value rows) {
      if (buildUnit(row, rows, first, last))
        return;
      auto memoryBound = [&] {
        finishAllPending();
        buildPanels(first, last, plan.fewPanels,
                    [&](Value panel, int64_t panels) {
                      buildTiles(row, rows, panel, panels, few, plan.fewRows);
                    });
      };
      if (many.empty())
        return memoryBound();
      auto computeBound = [&] {
        buildPanels(first, last, plan.panels, [&](Value panel, int64_t panels) {
          buildManyRows(row, rows, panel, panels, many);
        });
      };
      auto inTiles = [&] { buildTilePanels(row, rows, first, last); };
      b.ifElse(
          b.less(b.index(plan.fewRows), rows),
          [&] {
            if (!plan.tileRows)
              return computeBound();
            b.ifElse(b.less(rows, b.index(plan.tileRows)), computeBound,
                     inTiles);
          },
          memoryBound);
    };
    Value rows = b.sub(next, row);
    if (patches)
      patches->forRows(row, rows, compute);
    else
      compute(row, rows);
  });
  finishAllPending();
  return success();
}

LogicalResult squint::kernel::buildGemm(KernelBuilder &b, GemmOp op,
                                        Units units) {
  PackedType type = op.getPackedType();
  if (!isa_and_present<PanelsAttr>(type.getLayout()))
    return op->emitError() << "expected a weight packed in panels, got "
                           << type;
  auto layout =
      PanelLayout::get(type.getFormat(), type.getRows(), type.getColumns());
  SmallVector<Value> memrefs{op.getInput(), op.getScales(), op.getSums(),
                             op.getWeights()};
  llvm::append_range(memrefs, op.getExtras());
  llvm::append_range(memrefs, op.getOutputs());
  if (failed(checkRows(op, memrefs)))
    return failure();
  std::unique_ptr<GemmBuilder> builder = createSparseGemm(b, op, layout);
  if (!builder)
    builder = op.hasIntegerInput() ? createIntegerGemm(b, op, layout)
              : layout.isFloat()   ? createFloatGemm(b, op, layout)
                                   : createDecodedGemm(b, op, layout);
  return builder->build(units);
}
