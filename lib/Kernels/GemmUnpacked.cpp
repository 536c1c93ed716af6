//===- GemmUnpacked.cpp - many rows of codes times codes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Where vectors are narrow and registers few, unpacking codes for every tile of
// rows takes a fifth of the time. A stretch of a panel is unpacked to bytes
// once, in scratch memory that the nearest cache holds, and all rows of the
// unit are multiplied with it. A tile keeps the sums of a block in registers;
// those of the row stay in scratch memory.
//===----------------------------------------------------------------------===//

#include "GemmInteger.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

IntegerGemm::Block IntegerGemm::getUnpackedBlock(Value number, int64_t length,
                                                 Value panel) {
  if (inBlocks())
    return getBlock(number, length, panel);
  Value codes = b.add(b.add(panel, layout.headerBytes),
                      b.mul(number, layout.codesBytes(unpackedBlock())));
  return {number, {codes}, {{panel, b.index(0), panel, codes}}, length};
}

void IntegerGemm::unpack(const Block &block, Value target) {
  constexpr int64_t step = PanelLayout::piece;
  auto piece = [&](Value i, int64_t length) {
    Value codes = b.add(block.codes[0], b.mul(i, layout.codesBytes(step))),
          at = b.add(target, b.mul(i, unpackedBytes(step)));
    for (auto [q, quad] :
         llvm::enumerate(loadWeights(codes, llvm::divideCeil(length, 4))))
      b.store(quad, bytes, b.add(at, q * quadBytes));
  };
  int64_t full = block.length / step;
  b.loop(b.index(0), b.index(full), 1, [&](Value i) { piece(i, step); });
  if (block.length % step)
    piece(b.index(full), block.length % step);
}

void IntegerGemm::addUnpacked(const Block &block, Value row, Value first,
                              int64_t rows) {
  auto at = [&](int64_t r) { return b.mul(b.add(first, r), kLanes); };
  auto load = [&](int64_t r) {
    return b.load(b.vec(getSumType()), scratch, at(r), 64);
  };
  Values sums;
  if (inBlocks()) {
    sums = addBlock(block, b.add(row, first), rows, load);
  } else {
    for (int64_t r = 0; r < rows; ++r)
      sums.push_back(load(r));
    sums = buildDot(sums, b.add(row, first), rows, block.codes,
                    b.mul(block.number, unpackedBlock()), block.length);
  }
  for (int64_t r = 0; r < rows; ++r)
    b.store(sums[r], scratch, at(r));
}

void IntegerGemm::buildManyRows(Value row, Value rows, Value panel,
                                int64_t panels, ArrayRef<int64_t> sizes) {
  if (!plan.unpack)
    return GemmBuilder::buildManyRows(row, rows, panel, panels, sizes);
  assert(panels == 1 && "panels are unpacked one by one");
  if (!bytes)
    bytes = b.scratch(unpackedBytes(stretch), b.getI8Type());
  Value none =
      inBlocks() ? b.constant(b.f32s(), 0.0) : b.intConstant(b.i32s(), 0);
  b.loop(b.index(0), b.mul(rows, kLanes), kLanes,
         [&](Value at) { b.store(none, scratch, at); });

  // Blocks of a stretch; the last one of the row may be shorter.
  int64_t size = unpackedBlock(), together = stretch / size,
          full = layout.columns / size, tail = layout.columns % size;
  Value base = b.mul(panel, layout.panelBytes);
  auto forBlocks = [&](Value begin,
                       llvm::function_ref<void(const Block &, Value)> body) {
    Value count = b.min(b.index(together), b.sub(b.index(full), begin));
    b.loop(b.index(0), count, 1, [&](Value i) {
      body(getUnpackedBlock(b.add(begin, i), size, base),
           b.mul(i, unpackedBytes(size)));
    });
    if (tail)
      b.ifElse(b.less(count, b.index(together)), [&] {
        body(getUnpackedBlock(b.index(full), tail, base),
             b.mul(count, unpackedBytes(size)));
      });
  };
  b.loop(b.index(0), b.index(full + (tail != 0)), together, [&](Value begin) {
    forBlocks(begin, [&](const Block &block, Value at) { unpack(block, at); });
    unpacked = bytes;
    forTiles(rows, sizes, plan.rows, [&](Value first, int64_t height) {
      forBlocks(begin, [&](Block block, Value at) {
        block.codes = {at};
        addUnpacked(block, row, first, height);
      });
    });
    unpacked = {};
  });
  buildEpilogues(row, rows, panel, 1, b.index(0));
}
