//===- GemmDecoded.cpp - floats times decoded codes -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A lane is an output. Within a group it has four sums, of every fourth k,
// ascending, one multiply-add each of an activation and a code's value: four
// chains hide what one would wait for, and panels are read one after the other,
// as a memory likes best. Groups ascending, one multiply-add each of the
// group's sum and its scale. The same bits in every tile.
//
// A few rows decode codes in registers. For more, a stretch of panels is
// decoded once, as floats, into scratch memory that a near cache holds, and all
// rows of the unit are multiplied with it: chain after chain, so that a tile
// has the registers for one chain of many rows.
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "Gemm.h"
#include "squint/Kernels/Work.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

class DecodedGemm final : public GemmBuilder {
public:
  DecodedGemm(KernelBuilder &b, GemmOp op, const PanelLayout &layout)
      : GemmBuilder(b, op, layout), reader(b, layout, weights) {}

private:
  LogicalResult prepare() override;
  Type getSumType() const override { return b.getF32Type(); }
  int64_t getSlots() const override { return kUnitRows * plan.panels; }
  Values buildTile(int64_t rows, Value row, ArrayRef<Value> panels) override;
  void buildManyRows(Value row, Value rows, Value panel, int64_t panels,
                     ArrayRef<int64_t> sizes) override;
  Values loadColumns(Value panel) override;
  Value finish(Value sum, Value row, ArrayRef<Value> columns) override;

  /// Of the k of a group or of the part of it seen so far: [row][k mod 4].
  static constexpr int64_t chains = 4;
  Values noParts(int64_t rows) {
    return Values(rows * chains, b.constant(b.f32s(), 0.0));
  }
  Value addParts(ArrayRef<Value> parts) {
    Value even = arith::AddFOp::create(b, parts[0], parts[2]),
          odd = arith::AddFOp::create(b, parts[1], parts[3]);
    return arith::AddFOp::create(b, even, odd);
  }
  /// Adds up to four k from a multiple of four on: `view` holds the rows'
  /// activations.
  void multiply(Values &parts, Value view, int64_t rows, int64_t k,
                ArrayRef<Value> values);

  // A few rows.
  Values addGroup(Values sums, Value row, int64_t rows, Value panel,
                  Value group, int64_t length);

  // Many rows.
  /// Some rows of a unit and the panels that they are multiplied with.
  struct Tile {
    Value row;
    int64_t rows, panels;
  };
  /// Decodes [first, first + length) of a group to `decoded`, from its row
  /// `target` on; `first` is a multiple of a piece.
  void decode(Value panel, Value group, Value first, Value length,
              Value target);
  /// The products of `length` columns from `column` on with what is decoded
  /// from row `source` on, chain by chain. Their sums start with 0 or, to
  /// `resume`, with those in `inner`, [chain][row][panel] from `at` on, and end
  /// there.
  void multiplyChains(const Tile &tile, Value column, Value source,
                      Value length, Value at, bool resume);
  Values multiplyOne(const Tile &tile, Value column, Value source,
                     Values parts);
  /// From the chains of a group, in `inner` from `at` on, to the sums of rows
  /// from `first` on in `scratch`.
  void addChains(const Tile &tile, Value at, Value first,
                 ArrayRef<Value> panels, Value group);
  void buildShortGroups(Value row, Value rows, ArrayRef<Value> panels,
                        ArrayRef<int64_t> sizes);
  void buildLongGroups(Value row, Value rows, ArrayRef<Value> panels,
                       ArrayRef<int64_t> sizes);
  Value groupLength(Value group) {
    return b.min(
        b.index(layout.groupSize),
        b.sub(b.index(layout.columns), b.mul(group, layout.groupSize)));
  }
  /// Lengths of full groups and of the last one, modulo `step`, if not 0.
  SmallVector<int64_t> getEnds(int64_t step) {
    llvm::SmallSetVector<int64_t, 2> ends;
    for (int64_t length : {layout.groupSize, layout.columns % layout.groupSize})
      if (length % step)
        ends.insert(length % step);
    return ends.takeVector();
  }
  /// The sum of a group of a tile's row `r`: 16 lanes and their tree.
  Value addInputs(Value row, int64_t rows, int64_t r, Value group,
                  Value length) {
    Value start = b.mul(group, layout.groupSize);
    Values sums =
        b.lanes(length, b.constant(b.f32s(), 0.0),
                [&](Value k, Value mask, ValueRange current) -> Values {
                  Value view = viewRows(row, rows, b.add(start, k), kLanes);
                  Value part =
                      b.load(b.f32s(), view, {b.index(r), b.index(0)}, mask);
                  return {arith::AddFOp::create(b, current[0], part)};
                });
    return b.splat(b.reduceAdd(sums[0]));
  }
  /// A sum with that of a group's products added, and of its minima.
  Value addGroupSum(Value sum, Value whole, Value scale, Value negativeMin,
                    Value inputs) {
    sum = b.fma(whole, scale, sum);
    return negativeMin ? b.fma(inputs, negativeMin, sum) : sum;
  }
  Value loadNegativeMins(const PanelGroup &group) {
    Value mins = reader.loadMins(group);
    return mins ? arith::NegFOp::create(b, mins).getResult() : Value();
  }

  PanelReader reader;
  /// Columns that are decoded at a time.
  static constexpr int64_t stretch = 256;
  static_assert(stretch % PanelLayout::piece == 0);
  Value decoded, inner, outlierSums; // scratch memory
};

} // namespace

LogicalResult DecodedGemm::prepare() {
  if (!cast<MemRefType>(input.getType()).getElementType().isF32())
    return op->emitError()
           << "expected an input of f32 without an activation format, got "
           << input.getType();
  plan = planDecodedGemm(b.target, layout);
  if (layout.format.outliers)
    outlierSums = b.scratch(kLanes, b.getF32Type());
  return success();
}

KernelBuilder::Values DecodedGemm::loadColumns(Value panel) {
  Value base = b.mul(panel, layout.panelBytes);
  return {layout.grouped ? reader.loadTensorScale(base)
                         : reader.loadPanelScales(base),
          base};
}

Value DecodedGemm::finish(Value sum, Value row, ArrayRef<Value> columns) {
  if (columns[0])
    sum = arith::MulFOp::create(b, sum, columns[0]);
  if (!layout.format.outliers)
    return sum;
  auto loadInput = [&](Value k) -> Value {
    return memref::LoadOp::create(b, viewRows(row, 1, k, 1),
                                  ValueRange{b.index(0), b.index(0)});
  };
  return arith::AddFOp::create(
      b, sum, reader.addOutliers(columns[1], loadInput, outlierSums));
}

void DecodedGemm::multiply(Values &parts, Value view, int64_t rows, int64_t k,
                           ArrayRef<Value> values) {
  for (int64_t r = 0; r < rows; ++r)
    for (auto [i, value] : llvm::enumerate(values)) {
      int64_t at = k + i;
      Value x = b.splat(
          memref::LoadOp::create(b, view, ValueRange{b.index(r), b.index(at)}));
      Value &part = parts[r * chains + i];
      part = b.fma(x, value, part);
    }
}

//===----------------------------------------------------------------------===//
// A few rows
//===----------------------------------------------------------------------===//

KernelBuilder::Values DecodedGemm::addGroup(Values sums, Value row,
                                            int64_t rows, Value panel,
                                            Value group, int64_t length) {
  PanelGroup at = reader.locate(panel, group);
  CodeGrid grid = reader.loadGrid(at.header);
  Value scale = reader.loadScales(at), negativeMin = loadNegativeMins(at);
  if (layout.grouped)
    prefetch(at.header, layout.headerBytes, rows);
  constexpr int64_t step = PanelLayout::piece;
  int64_t full = length / step, stepBytes = layout.codesBytes(step);
  Value start = b.mul(group, layout.groupSize);
  auto piece = [&](Value i, Values parts, int64_t count) {
    Value codes = b.add(at.codes, b.mul(i, stepBytes));
    prefetch(codes, layout.codesBytes(count), rows);
    Value view = viewRows(row, rows, b.add(start, b.mul(i, step)), count);
    int64_t quads = llvm::divideCeil(count, 4);
    for (int64_t q = 0; q < quads; ++q) {
      Values values = reader.loadValues(codes, q, quads, grid);
      values.truncate(std::min<int64_t>(4, count - 4 * q));
      multiply(parts, view, rows, 4 * q, values);
    }
    return parts;
  };
  Values parts = noParts(rows);
  if (full > 1)
    parts = b.loop(b.index(0), b.index(full), 1, parts,
                   [&](Value i, ValueRange current) {
                     return piece(i, Values(current), step);
                   });
  else if (full)
    parts = piece(b.index(0), parts, step);
  if (length % step)
    parts = piece(b.index(full), parts, length % step);
  for (auto [r, sum] : llvm::enumerate(sums)) {
    Value whole = addParts(ArrayRef(parts).slice(r * chains, chains));
    Value inputs = negativeMin ? addInputs(row, rows, static_cast<int64_t>(r),
                                           group, b.index(length))
                               : Value();
    sum = scale ? addGroupSum(sum, whole, scale, negativeMin, inputs) : whole;
  }
  return sums;
}

KernelBuilder::Values DecodedGemm::buildTile(int64_t rows, Value row,
                                             ArrayRef<Value> panels) {
  assert(panels.size() == 1 && "panels are read one by one");
  Values sums(rows, b.constant(b.f32s(), 0.0));
  if (!layout.grouped)
    return addGroup(sums, row, rows, panels[0], b.index(0), layout.columns);
  int64_t full = layout.columns / layout.groupSize,
          tail = layout.columns % layout.groupSize;
  sums = b.loop(b.index(0), b.index(full), 1, sums,
                [&](Value g, ValueRange current) {
                  return addGroup(Values(current), row, rows, panels[0], g,
                                  layout.groupSize);
                });
  if (tail)
    sums = addGroup(sums, row, rows, panels[0], b.index(full), tail);
  return sums;
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

void DecodedGemm::decode(Value panel, Value group, Value first, Value length,
                         Value target) {
  PanelGroup at = reader.locate(panel, group);
  CodeGrid grid = reader.loadGrid(at.header);
  constexpr int64_t step = PanelLayout::piece;
  auto piece = [&](Value i, int64_t count) {
    Value codes = b.add(
        at.codes, b.mul(b.add(b.div(first, step), i), layout.codesBytes(step)));
    prefetch(codes, layout.codesBytes(count), kUnitRows);
    int64_t quads = llvm::divideCeil(count, 4);
    for (int64_t q = 0; q < quads; ++q) {
      Values values = reader.loadValues(codes, q, quads, grid);
      for (int64_t j = 0; j < std::min<int64_t>(4, count - 4 * q); ++j)
        b.store(values[j], decoded,
                b.mul(b.add(b.add(target, b.mul(i, step)), 4 * q + j), kLanes));
    }
  };
  Value full = b.div(length, step), rest = b.rem(length, step);
  if (layout.groupSize >= step)
    b.loop(b.index(0), full, 1, [&](Value i) { piece(i, step); });
  for (int64_t end : getEnds(step))
    b.ifElse(
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, b.index(end)),
        [&] { piece(full, end); });
}

void DecodedGemm::multiplyChains(const Tile &tile, Value column, Value source,
                                 Value length, Value at, bool resume) {
  int64_t count = tile.rows * tile.panels;
  b.loop(b.index(0), b.index(chains), 1, [&](Value chain) {
    Value base = b.add(at, b.mul(chain, count * kLanes));
    Values parts(count, b.constant(b.f32s(), 0.0));
    for (int64_t i = 0; resume && i < count; ++i)
      parts[i] = b.load(b.f32s(), inner, b.add(base, i * kLanes), 64);
    parts =
        b.loop(chain, length, chains, parts, [&](Value k, ValueRange current) {
          return multiplyOne(tile, b.add(column, k), b.add(source, k),
                             Values(current));
        });
    for (auto [i, part] : llvm::enumerate(parts))
      b.store(part, inner, b.add(base, int64_t(i) * kLanes));
  });
}

KernelBuilder::Values DecodedGemm::multiplyOne(const Tile &tile, Value column,
                                               Value source, Values parts) {
  Value view = viewRows(tile.row, tile.rows, column, 1);
  Values values;
  for (int64_t p = 0; p < tile.panels; ++p)
    values.push_back(b.load(b.f32s(), decoded,
                            b.mul(b.add(source, p * stretch), kLanes), 64));
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value x = b.splat(
        memref::LoadOp::create(b, view, ValueRange{b.index(r), b.index(0)}));
    for (int64_t p = 0; p < tile.panels; ++p) {
      Value &part = parts[r * tile.panels + p];
      part = b.fma(x, values[p], part);
    }
  }
  return parts;
}

void DecodedGemm::addChains(const Tile &tile, Value at, Value first,
                            ArrayRef<Value> panels, Value group) {
  Values inputs(tile.rows);
  for (int64_t r = 0; r < tile.rows && layout.format.hasMins(); ++r)
    inputs[r] = addInputs(tile.row, tile.rows, r, group, groupLength(group));
  for (auto [p, panel] : llvm::enumerate(panels)) {
    PanelGroup from = reader.locate(panel, group);
    Value scale = reader.loadScales(from), negativeMin = loadNegativeMins(from);
    for (int64_t r = 0; r < tile.rows; ++r) {
      Values parts;
      for (int64_t c = 0; c < chains; ++c) {
        int64_t slot = (c * tile.rows + r) * tile.panels + int64_t(p);
        parts.push_back(b.load(b.f32s(), inner, b.add(at, slot * kLanes), 64));
      }
      Value to =
          b.mul(b.add(b.mul(b.add(first, r), tile.panels), int64_t(p)), kLanes);
      Value whole = addParts(parts);
      if (scale)
        whole = addGroupSum(b.load(b.f32s(), scratch, to, 64), whole, scale,
                            negativeMin, inputs[r]);
      b.store(whole, scratch, to);
    }
  }
}

/// Several groups at a time.
void DecodedGemm::buildShortGroups(Value row, Value rows,
                                   ArrayRef<Value> panels,
                                   ArrayRef<int64_t> sizes) {
  int64_t together = stretch / layout.groupSize, count = panels.size();
  if (!inner)
    inner =
        b.scratch(plan.rows * plan.panels * chains * kLanes, b.getF32Type());
  Value groups = b.index(layout.groups);
  b.loop(b.index(0), groups, together, [&](Value begin) {
    Value some = b.min(b.index(together), b.sub(groups, begin));
    b.loop(b.index(0), some, 1, [&](Value g) {
      Value group = b.add(begin, g);
      for (int64_t p = 0; p < count; ++p)
        decode(panels[p], group, b.index(0), groupLength(group),
               b.add(b.mul(g, layout.groupSize), p * stretch));
    });
    forTiles(rows, sizes, plan.rows, [&](Value first, int64_t height) {
      Tile tile{b.add(row, first), height, count};
      b.loop(b.index(0), some, 1, [&](Value g) {
        Value group = b.add(begin, g);
        multiplyChains(tile, b.mul(group, layout.groupSize),
                       b.mul(g, layout.groupSize), groupLength(group),
                       b.index(0), /*resume=*/false);
        addChains(tile, b.index(0), first, panels, group);
      });
    });
  });
}

/// A group is longer than what is decoded at a time, or there is just one.
void DecodedGemm::buildLongGroups(Value row, Value rows, ArrayRef<Value> panels,
                                  ArrayRef<int64_t> sizes) {
  int64_t count = panels.size(), slots = count * chains * kLanes;
  Value zero = b.constant(b.f32s(), 0.0);
  if (!inner)
    inner =
        b.scratch(kUnitRows * plan.panels * chains * kLanes, b.getF32Type());
  auto eachTile = [&](llvm::function_ref<void(Tile, Value, Value)> body) {
    forTiles(rows, sizes, plan.rows, [&](Value first, int64_t height) {
      body({b.add(row, first), height, count}, first, b.mul(first, slots));
    });
  };
  b.loop(b.index(0), b.index(layout.groups), 1, [&](Value group) {
    Value total = groupLength(group);
    b.loop(b.index(0), b.mul(rows, slots), kLanes,
           [&](Value at) { b.store(zero, inner, at); });
    b.loop(b.index(0), total, stretch, [&](Value begin) {
      Value length = b.min(b.index(stretch), b.sub(total, begin));
      for (auto [p, panel] : llvm::enumerate(panels))
        decode(panel, group, begin, length, b.index(int64_t(p) * stretch));
      eachTile([&](Tile tile, Value, Value at) {
        multiplyChains(tile, b.add(b.mul(group, layout.groupSize), begin),
                       b.index(0), length, at, /*resume=*/true);
      });
    });
    eachTile([&](Tile tile, Value first, Value at) {
      addChains(tile, at, first, panels, group);
    });
  });
}

void DecodedGemm::buildManyRows(Value row, Value rows, Value panel,
                                int64_t panels, ArrayRef<int64_t> sizes) {
  if (!decoded)
    decoded = b.scratch(stretch * plan.panels * kLanes, b.getF32Type());
  Value zero = b.constant(b.f32s(), 0.0);
  b.loop(b.index(0), b.mul(rows, panels * kLanes), kLanes,
         [&](Value at) { b.store(zero, scratch, at); });
  Values bases = getPanelOffsets(panel, panels);
  if (layout.grouped && layout.groupSize <= stretch)
    buildShortGroups(row, rows, bases, sizes);
  else
    buildLongGroups(row, rows, bases, sizes);
  buildEpilogues(row, rows, panel, panels, b.index(0));
}

std::unique_ptr<GemmBuilder>
squint::kernel::createDecodedGemm(KernelBuilder &b, GemmOp op,
                                  const PanelLayout &layout) {
  return std::make_unique<DecodedGemm>(b, op, layout);
}
