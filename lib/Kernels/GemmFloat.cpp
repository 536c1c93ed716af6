//===- GemmFloat.cpp - floats times floats or decoded codes -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A lane is an output and its sum runs over ascending k, one multiply-add each:
// the same bits in every tile.
//===----------------------------------------------------------------------===//

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
  int64_t getInputStep() const override { return layout.isFloat() ? kStep : 0; }

  /// One k of a view of the tile's rows: `weights` holds 16 outputs of each
  /// panel.
  void multiply(Values &sums, Value view, int64_t rows, ArrayRef<Value> weights,
                int64_t k);
  Values buildFloats(Values sums, Value row, int64_t rows,
                     ArrayRef<Value> panels);

  /// Scale and zero point of a group, by panel.
  struct Header {
    Value scale, zero;
  };
  Header loadHeader(Value offset);
  Values buildGroup(Values sums, Value row, int64_t rows,
                    ArrayRef<Value> panels, Value group, int64_t length);
  Values buildPiece(Values sums, Value row, int64_t rows, ArrayRef<Value> codes,
                    ArrayRef<Header> headers, Value k, int64_t length);
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

KernelBuilder::Values FloatGemm::buildFloats(Values sums, Value row,
                                             int64_t rows,
                                             ArrayRef<Value> panels) {
  StringRef name = layout.format.element->name;
  Type type = name == "f32"   ? Type(b.getF32Type())
              : name == "f16" ? Type(b.getF16Type())
                              : Type(b.getBF16Type());
  int64_t bytes = kLanes * type.getIntOrFloatBitWidth() / 8;
  auto step = [&](Value k, ValueRange current, int64_t count) {
    Values next(current);
    Value view = viewRows(row, rows, k, count);
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

FloatGemm::Header FloatGemm::loadHeader(Value offset) {
  Header header;
  ScaleType scale = layout.grouped ? layout.format.scale : ScaleType::F32;
  int64_t bytes = kLanes * getScaleBytes(scale);
  Value raw = b.load(b.vec(b.getI8Type(), bytes), weights, offset,
                     std::min(bytes, layout.headerAlignment()));
  header.scale = b.toF32(b.bitcast(b.vec(b.scaleType(scale)), raw));
  if (!layout.format.zeroPoint)
    header.zero = b.intConstant(b.i32s(), layout.storedZero());
  else if (layout.grouped)
    header.zero = arith::ExtUIOp::create(
        b, b.i32s(),
        b.load(b.vec(b.getI8Type()), weights, b.add(offset, bytes)));
  else
    header.zero = b.bitcast(
        b.i32s(), b.load(b.vec(b.getI8Type(), 64), weights,
                         b.add(offset, PanelLayout::zeroPointsOffset), 64));
  return header;
}

KernelBuilder::Values FloatGemm::buildPiece(Values sums, Value row,
                                            int64_t rows, ArrayRef<Value> codes,
                                            ArrayRef<Header> headers, Value k,
                                            int64_t length) {
  int64_t quads = llvm::divideCeil(length, 4), bits = layout.format.bits();
  int64_t vectors = bits == 4 ? llvm::divideCeil(quads, 2) : quads;
  for (int64_t q = 0; q < quads; ++q) {
    Values words;
    for (Value offset : codes) {
      Value raw = b.load(b.vec(b.getI8Type(), 64), weights,
                         b.add(offset, 64 * (q % vectors)), 64);
      words.push_back(b.bitcast(b.i32s(), raw));
    }
    for (int64_t i = 0; i < std::min<int64_t>(4, length - 4 * q); ++i) {
      Values values;
      for (auto [word, header] : llvm::zip(words, headers)) {
        int64_t shift = 8 * i + (q >= vectors ? 4 : 0);
        Value code = word;
        if (shift)
          code =
              arith::ShRUIOp::create(b, code, b.intConstant(b.i32s(), shift));
        if (shift + bits < 32)
          code = arith::AndIOp::create(
              b, code, b.intConstant(b.i32s(), (1 << bits) - 1));
        code = arith::SubIOp::create(b, code, header.zero);
        Value value = arith::SIToFPOp::create(b, b.f32s(), code);
        values.push_back(arith::MulFOp::create(b, value, header.scale));
      }
      multiply(sums, viewRows(row, rows, b.add(k, 4 * q + i), 1), rows, values,
               0);
    }
  }
  return sums;
}

KernelBuilder::Values FloatGemm::buildGroup(Values sums, Value row,
                                            int64_t rows,
                                            ArrayRef<Value> panels, Value group,
                                            int64_t length) {
  SmallVector<Header> headers;
  Values codes;
  for (Value panel : panels) {
    Value super = b.add(
        panel, b.mul(b.div(group, layout.superGroups), layout.superBytes));
    Value member = b.rem(group, layout.superGroups);
    headers.push_back(
        loadHeader(b.add(super, b.mul(member, layout.headerBytes))));
    codes.push_back(b.add(b.add(super, layout.superGroups * layout.headerBytes),
                          b.mul(member, layout.groupCodesBytes)));
  }
  int64_t step = layout.format.bits() == 4 ? PanelLayout::piece : 8;
  int64_t full = length / step, stepBytes = layout.codesBytes(step);
  Value start = b.mul(group, layout.groupSize);
  auto piece = [&](Value i, Values current, int64_t count) {
    Values offsets;
    for (Value offset : codes)
      offsets.push_back(b.add(offset, b.mul(i, stepBytes)));
    return buildPiece(current, row, rows, offsets, headers,
                      b.add(start, b.mul(i, step)), count);
  };
  if (full > 1)
    sums = b.loop(b.index(0), b.index(full), 1, sums,
                  [&](Value i, ValueRange current) {
                    return piece(i, Values(current), step);
                  });
  else if (full)
    sums = piece(b.index(0), sums, step);
  if (length % step)
    sums = piece(b.index(full), sums, length % step);
  return sums;
}

KernelBuilder::Values FloatGemm::buildTile(int64_t rows, Value row,
                                           ArrayRef<Value> panels) {
  Values sums(rows * panels.size(), b.constant(b.f32s(), 0.0));
  if (layout.isFloat())
    return buildFloats(sums, row, rows, panels);
  if (!layout.grouped)
    return buildGroup(sums, row, rows, panels, b.index(0), layout.columns);
  int64_t full = layout.columns / layout.groupSize,
          tail = layout.columns % layout.groupSize;
  sums = b.loop(b.index(0), b.index(full), 1, sums,
                [&](Value g, ValueRange current) {
                  return buildGroup(Values(current), row, rows, panels, g,
                                    layout.groupSize);
                });
  if (tail)
    sums = buildGroup(sums, row, rows, panels, b.index(full), tail);
  return sums;
}

std::unique_ptr<GemmBuilder>
squint::kernel::createFloatGemm(KernelBuilder &b, GemmOp op,
                                const PanelLayout &layout) {
  return std::make_unique<FloatGemm>(b, op, layout);
}
