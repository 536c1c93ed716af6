//===- GemmAmx.cpp - byte products in matrix tiles --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A tile register holds 16 rows of 64 bytes. Activations are one as they lie in
// memory: A[row][k]. So are 8-bit codes in panels, whose quads are rows:
// B[k / 4][output][k % 4]. Codes of fewer bits are unpacked to that form, once
// for all rows of a unit. C[row][output] is 32 bits, exact.
//===----------------------------------------------------------------------===//

#include "Gemm.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Rows of a tile, and k that one multiplication covers.
constexpr int64_t kHeight = 16, kDepth = 64;
constexpr int64_t kTileBytes = kHeight * kDepth;
/// Unpacked codes of two panels stay in the first level of cache.
constexpr int64_t kMaxUnpacked = 512;

class TileProducts {
public:
  using Values = KernelBuilder::Values;

  TileProducts(KernelBuilder &b, GemmOp op, const PanelLayout &layout,
               int64_t blockSize, bool inBlocks, bool signedCodes,
               const TileHooks &hooks, ArrayRef<Value> bases, Value sums)
      : b(b), weights(op.getWeights()), layout(layout), blockSize(blockSize),
        inBlocks(inBlocks), signedCodes(signedCodes),
        unpacked(!layout.hasByteCodes()), hooks(hooks), bases(bases),
        sums(sums), panels(bases.size()) {}

  void build(Value firstRow, Value rowCount);

private:
  /// Where the tiles of a panel's block lie.
  struct Codes {
    Value memref;
    Values offsets; // by panel
  };

  amx::TileType bytes() {
    return amx::TileType::get({kHeight, kDepth}, b.getI8Type());
  }
  amx::TileType products() {
    return amx::TileType::get({kHeight, kHeight}, b.getI32Type());
  }
  void addBlock(Value number, int64_t length);
  Codes unpack(const CodeBlock &block, int64_t begin, int64_t end);
  void copyRest(Value k, int64_t length);
  void multiply(const CodeBlock &block, const Codes &codes, const Codes &rest,
                Value tile, int64_t tiles);
  Values step(Values current, Value memref, ValueRange offsets, Value stride,
              ValueRange rows, Value column);
  void addProducts(const CodeBlock &block, Value tile, int64_t tiles);

  /// The first row of a tile: the last one ends with the rows.
  Value startOf(Value tile) {
    return b.add(row,
                 b.min(b.mul(tile, kHeight), b.sub(rows, b.index(kHeight))));
  }
  /// The place of a tile's row and panel in `sums` or `dots`.
  Value slot(Value tileRow, int64_t panel) {
    return b.mul(b.add(b.mul(tileRow, panels), panel), PanelLayout::width);
  }

  KernelBuilder &b;
  Value weights;
  const PanelLayout &layout;
  int64_t blockSize;
  bool inBlocks, signedCodes, unpacked;
  const TileHooks &hooks;
  ArrayRef<Value> bases;
  Value sums;
  int64_t panels;
  Value row, rows;
  /// Unpacked codes[panel][k / 4][16][4]; the products of two tiles of rows
  /// [row][panel][16]; what of the activations fills no tile, [row][64].
  Value codesScratch, dots, restScratch;
  bool direct = false; // the products are the sums
};

} // namespace

/// The quads of k in [begin, end) of a block, zeros up to a whole tile, in
/// scratch memory.
TileProducts::Codes TileProducts::unpack(const CodeBlock &block, int64_t begin,
                                         int64_t end) {
  auto zeros = b.intConstant(b.vec(b.getI8Type(), 64), 0);
  int64_t piece = PanelLayout::piece, pieceQuads = piece / 4;
  int64_t size = llvm::alignTo(end - begin, kDepth) * PanelLayout::width;
  Codes result{codesScratch, {}};
  for (int64_t p = 0; p < panels; ++p) {
    Value from = b.add(block.codes[p], layout.codesBytes(begin));
    int64_t to = p * size;
    auto copy = [&](Value i, int64_t quads) {
      Value source = b.add(from, b.mul(i, layout.codesBytes(piece)));
      Value target = b.add(b.mul(i, piece * PanelLayout::width), to);
      for (auto [q, quad] : llvm::enumerate(hooks.loadQuads(source, quads)))
        b.store(quad, codesScratch, b.add(target, q * 64));
    };
    int64_t full = (end - begin) / piece,
            tail = llvm::divideCeil((end - begin) % piece, 4);
    b.loop(b.index(0), b.index(full), 1, [&](Value i) { copy(i, pieceQuads); });
    if (tail)
      copy(b.index(full), tail);
    for (int64_t at = (full * pieceQuads + tail) * 64; at < size; at += 64)
      b.store(zeros, codesScratch, b.index(to + at));
    result.offsets.push_back(b.index(to));
  }
  return result;
}

/// Activations that do not fill a tile, behind them zeros. Nothing is read
/// beyond a row's end.
void TileProducts::copyRest(Value k, int64_t length) {
  auto type = b.vec(b.getI8Type(), kDepth);
  b.loop(b.index(0), rows, 1, [&](Value r) {
    Value view = hooks.viewRows(b.add(row, r), 1, k, length);
    Value loaded =
        b.load(type, view, {b.index(0), b.index(0)}, b.mask(length, kDepth));
    b.store(loaded, restScratch, b.mul(r, kDepth));
  });
}

/// One multiplication of every tile of rows with every panel.
TileProducts::Values TileProducts::step(Values current, Value memref,
                                        ValueRange offsets, Value stride,
                                        ValueRange at, Value column) {
  Values right;
  for (Value offset : offsets)
    right.push_back(
        amx::TileLoadOp::create(b, bytes(), memref, offset, b.index(kDepth)));
  for (auto [r, first] : llvm::enumerate(at)) {
    Value left;
    if (stride)
      left = amx::TileLoadOp::create(b, bytes(), restScratch, first, stride);
    else
      left = amx::TileLoadOp::create(
          b, bytes(), hooks.viewRows(first, kHeight, column, kDepth),
          ValueRange{b.index(0), b.index(0)}, Value());
    for (int64_t p = 0; p < panels; ++p) {
      Value &sum = current[r * panels + p];
      sum = amx::TileMulIOp::create(b, products(), left, right[p], sum,
                                    /*isZextLhs=*/false,
                                    /*isZextRhs=*/!signedCodes);
    }
  }
  return current;
}

void TileProducts::multiply(const CodeBlock &block, const Codes &codes,
                            const Codes &rest, Value tile, int64_t tiles) {
  Value k = b.mul(block.number, blockSize);
  Values at, restAt, current;
  for (int64_t t = 0; t < tiles; ++t) {
    at.push_back(startOf(b.add(tile, t)));
    restAt.push_back(b.mul(b.sub(at.back(), row), kDepth));
    for (int64_t p = 0; p < panels; ++p)
      current.push_back(amx::TileZeroOp::create(b, products()));
  }
  if (int64_t full = block.length / kDepth)
    current = b.loop(b.index(0), b.index(full), 1, current,
                     [&](Value i, ValueRange carried) {
                       Values offsets;
                       for (Value offset : codes.offsets)
                         offsets.push_back(b.add(offset, b.mul(i, kTileBytes)));
                       return step(Values(carried), codes.memref, offsets, {},
                                   at, b.add(k, b.mul(i, kDepth)));
                     });
  if (block.length % kDepth)
    current =
        step(current, rest.memref, rest.offsets, b.index(kDepth), restAt, {});
  Value target = direct ? sums : dots;
  Value first = direct ? b.mul(tile, kHeight) : b.index(0);
  for (int64_t t = 0; t < tiles; ++t)
    for (int64_t p = 0; p < panels; ++p)
      amx::TileStoreOp::create(b, target, slot(b.add(first, t * kHeight), p),
                               current[t * panels + p],
                               b.index(panels * PanelLayout::width));
}

/// The products of a block, which are the same number from every kernel, to
/// the sums in the order that all kernels share.
void TileProducts::addProducts(const CodeBlock &block, Value tile,
                               int64_t tiles) {
  TileHooks::Columns columns;
  if (inBlocks)
    columns = hooks.loadColumns(block);
  for (int64_t t = 0; t < tiles; ++t) {
    Value current = b.add(tile, t), start = startOf(current);
    b.loop(b.index(0), b.index(kHeight), 1, [&](Value r) {
      Value to = b.add(b.mul(current, kHeight), r);
      Values before, add;
      for (int64_t p = 0; p < panels; ++p) {
        before.push_back(
            b.load(inBlocks ? b.f32s() : b.i32s(), sums, slot(to, p), 64));
        add.push_back(
            b.load(b.i32s(), dots, slot(b.add(r, t * kHeight), p), 64));
      }
      if (inBlocks)
        before = hooks.addDots(block, columns, b.add(start, r), add, before);
      else
        for (auto [sum, dot] : llvm::zip(before, add))
          sum = arith::AddIOp::create(b, sum, dot);
      for (int64_t p = 0; p < panels; ++p)
        b.store(before[p], sums, slot(to, p));
    });
  }
}

void TileProducts::addBlock(Value number, int64_t length) {
  CodeBlock block =
      hooks.getBlock(inBlocks ? number : b.index(0), length, bases);
  if (!inBlocks) {
    block.number = number;
    for (Value &offset : block.codes)
      offset = b.add(offset, b.mul(number, layout.codesBytes(blockSize)));
  }
  int64_t full = length / kDepth * kDepth;
  Codes codes{weights, block.codes}, rest;
  if (unpacked) {
    codes = rest = unpack(block, 0, length);
    for (Value &offset : rest.offsets)
      offset = b.add(offset, full * PanelLayout::width);
  } else if (length > full) {
    rest = unpack(block, full, length);
  }
  if (length > full)
    copyRest(b.add(b.mul(number, blockSize), full), length - full);

  auto compute = [&](Value tile, int64_t tiles) {
    multiply(block, codes, rest, tile, tiles);
    if (!direct)
      addProducts(block, tile, tiles);
  };
  Value tiles = b.ceilDiv(rows, kHeight), even = b.mul(b.div(tiles, 2), 2);
  b.loop(b.index(0), even, 2, [&](Value tile) { compute(tile, 2); });
  b.loop(even, tiles, 1, [&](Value tile) { compute(tile, 1); });
}

void TileProducts::build(Value firstRow, Value rowCount) {
  row = firstRow, rows = rowCount;
  // Integer sums may be cut anywhere.
  if (!inBlocks && unpacked)
    blockSize = std::min(blockSize, kMaxUnpacked);
  int64_t full = layout.columns / blockSize, tail = layout.columns % blockSize;
  direct = !inBlocks && full + (tail != 0) == 1;

  int64_t unpackedLength = unpacked ? llvm::alignTo(blockSize, kDepth) : kDepth;
  bool hasRest = blockSize % kDepth || tail % kDepth;
  if (unpacked || hasRest)
    codesScratch =
        b.scratch(panels * unpackedLength * PanelLayout::width, b.getI8Type());
  if (hasRest)
    restScratch = b.scratch(kUnitRows * kDepth, b.getI8Type());
  if (!direct) {
    dots = b.scratch(2 * kHeight * panels * PanelLayout::width, b.getI32Type());
    Value zeros =
        inBlocks ? b.constant(b.f32s(), 0.0) : b.intConstant(b.i32s(), 0);
    Value count = b.mul(b.ceilDiv(rows, kHeight), kHeight * panels);
    b.loop(b.index(0), count, 1, [&](Value i) {
      b.store(zeros, sums, b.mul(i, PanelLayout::width));
    });
  }
  b.loop(b.index(0), b.index(full), 1,
         [&](Value i) { addBlock(i, blockSize); });
  if (tail)
    addBlock(b.index(full), tail);
}

void squint::kernel::buildTileProducts(KernelBuilder &b, GemmOp op,
                                       const PanelLayout &layout,
                                       int64_t blockSize, bool inBlocks,
                                       bool signedCodes, const TileHooks &hooks,
                                       Value row, Value rows,
                                       ArrayRef<Value> panels, Value sums) {
  TileProducts(b, op, layout, blockSize, inBlocks, signedCodes, hooks, panels,
               sums)
      .build(row, rows);
}
