//===- GemmBf16.cpp - products of bfloat16 ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Where the user allows it, activations are rounded to bfloat16 and multiplied
// with weights of that type by the processor's own instruction: numbers that no
// other kernel has. Both are laid out in scratch memory, a piece of the
// contraction at a time: activations[row][k], weights[panel][k / 2][16][2].
//===----------------------------------------------------------------------===//

#include "Gemm.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Rows of a tile, and k that a row of it holds.
constexpr int64_t kHeight = 16, kDepth = 32;
/// k of a piece: the activations of a unit and the weights of two panels stay
/// in the caches that are near.
constexpr int64_t kPiece = 256;

class Bf16Products {
public:
  using Values = KernelBuilder::Values;

  Bf16Products(KernelBuilder &b, GemmOp op, const PanelLayout &layout,
               Value row, Value rows, ArrayRef<Value> bases, Value sums)
      : b(b), weights(op.getWeights()), input(op.getInput()), layout(layout),
        row(row), rows(rows), bases(bases), sums(sums), panels(bases.size()),
        piece(
            std::min(kPiece, int64_t(llvm::alignTo(layout.columns, kDepth)))) {}

  void build();

private:
  void addPiece(Value begin, int64_t length);
  void copyInput(Value begin, int64_t length);
  void copyWeights(Value begin, int64_t length);
  void multiplyTiles(Value tile, int64_t tiles, int64_t depth);
  void multiplyVectors(Value tile, int64_t panel, int64_t pairs);
  Value loadWeights(Value base, Value k);

  /// A tile's first row among the unit's: the last tile ends with the rows.
  Value startOf(Value tile) {
    return b.min(b.mul(tile, kHeight), b.sub(rows, b.index(kHeight)));
  }
  Value slot(Value tileRow, int64_t panel) {
    return b.mul(b.add(b.mul(tileRow, panels), panel), PanelLayout::width);
  }
  VectorType pairs() { return b.vec(b.getBF16Type(), 2 * kLanes); }

  KernelBuilder &b;
  Value weights, input;
  const PanelLayout &layout;
  Value row, rows;
  ArrayRef<Value> bases;
  Value sums;
  int64_t panels, piece;
  Value left, right; // scratch
};

} // namespace

/// Rounded to nearest even by the instruction; zeros up to a whole tile.
void Bf16Products::copyInput(Value begin, int64_t length) {
  int64_t padded = llvm::alignTo(length, kDepth);
  auto type = b.vec(b.getBF16Type());
  b.loop(b.index(0), rows, 1, [&](Value r) {
    Value to = b.mul(r, piece), from = b.add(row, r);
    auto copy = [&](Value k, Value mask) {
      Value loaded = b.load(b.f32s(), input, {from, b.add(begin, k)}, mask);
      b.store(x86vector::CvtPackedF32ToBF16Op::create(b, type, loaded), left,
              b.add(to, k));
    };
    int64_t full = length / kLanes * kLanes;
    b.loop(b.index(0), b.index(full), kLanes, [&](Value k) { copy(k, {}); });
    if (length % kLanes)
      copy(b.index(full), b.mask(length % kLanes));
    for (int64_t k = llvm::alignTo(length, kLanes); k < padded; k += kLanes)
      b.store(b.constant(type, 0.0), left, b.add(to, k));
  });
}

/// The 16 outputs of one k.
Value Bf16Products::loadWeights(Value base, Value k) {
  constexpr int64_t bytes = 2 * kLanes;
  Value raw = b.load(b.vec(b.getI8Type(), bytes), weights,
                     b.add(base, b.mul(k, bytes)), bytes);
  return b.bitcast(b.vec(b.getBF16Type()), raw);
}

/// Two neighbouring k of an output side by side.
void Bf16Products::copyWeights(Value begin, int64_t length) {
  int64_t padded = llvm::alignTo(length, kDepth);
  for (int64_t p = 0; p < panels; ++p) {
    int64_t to = p * piece * kLanes;
    auto copy = [&](Value pair, bool both) {
      Value k = b.add(begin, b.mul(pair, 2));
      Value first = loadWeights(bases[p], k);
      Value second = both ? loadWeights(bases[p], b.add(k, 1))
                          : b.constant(first.getType(), 0.0);
      b.store(vector::InterleaveOp::create(b, first, second), right,
              b.add(b.mul(pair, 2 * kLanes), to));
    };
    b.loop(b.index(0), b.index(length / 2), 1,
           [&](Value pair) { copy(pair, true); });
    if (length % 2)
      copy(b.index(length / 2), false);
    for (int64_t k = llvm::alignTo(length, 2); k < padded; k += 2)
      b.store(b.constant(pairs(), 0.0), right, b.index(to + k * kLanes));
  }
}

void Bf16Products::multiplyTiles(Value tile, int64_t tiles, int64_t depth) {
  auto products = amx::TileType::get({kHeight, kHeight}, b.getF32Type());
  auto factors = amx::TileType::get({kHeight, kDepth}, b.getBF16Type());
  Value stride = b.index(panels * PanelLayout::width);
  Values current, at, starts;
  for (int64_t t = 0; t < tiles; ++t) {
    starts.push_back(b.mul(startOf(b.add(tile, t)), piece));
    for (int64_t p = 0; p < panels; ++p) {
      at.push_back(slot(b.mul(b.add(tile, t), kHeight), p));
      current.push_back(
          amx::TileLoadOp::create(b, products, sums, at.back(), stride));
    }
  }
  current = b.loop(b.index(0), b.index(depth / kDepth), 1, current,
                   [&](Value i, ValueRange carried) {
                     Values next(carried), columns;
                     for (int64_t p = 0; p < panels; ++p)
                       columns.push_back(amx::TileLoadOp::create(
                           b, factors, right,
                           b.add(b.mul(i, kDepth * kLanes), p * piece * kLanes),
                           b.index(2 * kLanes)));
                     for (int64_t t = 0; t < tiles; ++t) {
                       Value line = amx::TileLoadOp::create(
                           b, factors, left, b.add(starts[t], b.mul(i, kDepth)),
                           b.index(piece));
                       for (int64_t p = 0; p < panels; ++p) {
                         Value &sum = next[t * panels + p];
                         sum = amx::TileMulFOp::create(b, products, line,
                                                       columns[p], sum);
                       }
                     }
                     return next;
                   });
  for (auto [place, sum] : llvm::zip(at, current))
    amx::TileStoreOp::create(b, sums, place, sum, stride);
}

void Bf16Products::multiplyVectors(Value tile, int64_t panel, int64_t count) {
  Value start = b.mul(startOf(tile), piece);
  Values current, at;
  for (int64_t r = 0; r < kHeight; ++r) {
    at.push_back(slot(b.add(b.mul(tile, kHeight), r), panel));
    current.push_back(b.load(b.f32s(), sums, at.back(), 64));
  }
  current = b.loop(
      b.index(0), b.index(count), 1, current, [&](Value pair, ValueRange sum) {
        Value line =
            b.load(pairs(), right,
                   b.add(b.mul(pair, 2 * kLanes), panel * piece * kLanes), 64);
        Values next;
        for (int64_t r = 0; r < kHeight; ++r) {
          Value two = b.load(b.vec(b.getBF16Type(), 2), left,
                             b.add(b.add(start, r * piece), b.mul(pair, 2)));
          Value word = vector::ExtractOp::create(
              b, b.bitcast(b.vec(b.getI32Type(), 1), two),
              ArrayRef<int64_t>{0});
          next.push_back(x86vector::DotBF16Op::create(
              b, b.f32s(), sum[r], line, b.bitcast(pairs(), b.splat(word))));
        }
        return next;
      });
  for (auto [place, sum] : llvm::zip(at, current))
    b.store(sum, sums, place);
}

void Bf16Products::addPiece(Value begin, int64_t length) {
  copyInput(begin, length);
  copyWeights(begin, length);
  Value tiles = b.ceilDiv(rows, kHeight);
  if (!b.target.amxBf16) {
    b.loop(b.index(0), tiles, 1, [&](Value tile) {
      for (int64_t p = 0; p < panels; ++p)
        multiplyVectors(tile, p, llvm::divideCeil(length, 2));
    });
    return;
  }
  int64_t depth = llvm::alignTo(length, kDepth);
  Value even = b.mul(b.div(tiles, 2), 2);
  b.loop(b.index(0), even, 2,
         [&](Value tile) { multiplyTiles(tile, 2, depth); });
  b.loop(even, tiles, 1, [&](Value tile) { multiplyTiles(tile, 1, depth); });
}

void Bf16Products::build() {
  left = b.scratch(kUnitRows * piece, b.getBF16Type());
  right = b.scratch(panels * piece * PanelLayout::width, b.getBF16Type());
  Value count = b.mul(b.ceilDiv(rows, kHeight), kHeight * panels);
  Value zeros = b.constant(b.f32s(), 0.0);
  b.loop(b.index(0), count, 1,
         [&](Value i) { b.store(zeros, sums, b.mul(i, PanelLayout::width)); });
  int64_t full = layout.columns / piece, tail = layout.columns % piece;
  b.loop(b.index(0), b.index(full), 1,
         [&](Value i) { addPiece(b.mul(i, piece), piece); });
  if (tail)
    addPiece(b.index(full * piece), tail);
}

void squint::kernel::buildBf16Products(KernelBuilder &b, GemmOp op,
                                       const PanelLayout &layout, Value row,
                                       Value rows, ArrayRef<Value> panels,
                                       Value sums) {
  Bf16Products(b, op, layout, row, rows, panels, sums).build();
}
