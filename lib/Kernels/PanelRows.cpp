//===- PanelRows.cpp - rows of weights in panels ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A row is one lane of a panel: four consecutive k are a word, 64 bytes from
// that of the next four. What comes out has the bits that the plain payload
// decodes to.
//===----------------------------------------------------------------------===//

#include "squint/Kernels/PanelRows.h"
#include "Codes.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Numerics/Blocks.h"
#include <array>
#include <numeric>

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

bool squint::kernel::hasPanelRows(const Format &format) {
  // What else a format may say is not read here.
  Format known;
  known.element = format.element;
  known.granularity = format.granularity;
  known.groupSize = format.groupSize;
  known.scale = format.scale;
  known.zeroPoint = format.zeroPoint;
  known.minimum = format.minimum;
  known.rounding = format.rounding;
  if (known != format)
    return false;
  switch (format.scale) {
  case ScaleType::F32:
  case ScaleType::F16:
  case ScaleType::BF16:
  case ScaleType::E8M0:
  case ScaleType::F8E4M3:
    break;
  case ScaleType::Dynamic8:
  case ScaleType::Bilevel3:
    return false;
  }
  switch (format.element->kind) {
  case ElementKind::Integer:
  case ElementKind::Float:
  case ElementKind::Table:
    return true;
  case ElementKind::Codebook:
  case ElementKind::Additive:
    return false;
  }
  llvm_unreachable("unknown kind of element");
}

bool squint::kernel::hasPlainRows(const Format &format) {
  return !format.blocks() || !format.blocks()->unpackWhole;
}

namespace {

/// One row of a payload in panels.
class PanelRow {
public:
  using Store = llvm::function_ref<void(Value, Value, Value)>;

  PanelRow(KernelBuilder &b, const PanelLayout &layout, Value payload,
           Value row, Store store)
      : b(b), layout(layout), payload(payload), store(store),
        panel(b.mul(b.div(row, PanelLayout::width), layout.panelBytes)),
        lane(b.rem(row, PanelLayout::width)), reader(b, layout, payload),
        decoder(b, layout.format) {}

  void decode();

private:
  /// Bytes of a quad of one output.
  static constexpr int64_t wordBytes = 4;
  /// Quads of a piece.
  static constexpr int64_t pieceQuads = PanelLayout::piece / 4;

  /// In all lanes: the scale as f32, what integers are stored plus as i32, and
  /// the minimum as f32, null for formats without.
  struct Factors {
    Value scale, zero, min;
  };

  void decodeFloats();
  void decodeGroup(Value group, int64_t length);
  void decodePair(Value pair);
  /// `length` k, those of a piece or less, to columns from `k` on; `factors` of
  /// either half of a piece.
  void decodePiece(Value codes, Value k, int64_t length,
                   const std::array<Factors, 2> &factors);
  /// A piece of `quads` quads: 32 codes as bytes, zeros behind the last quad.
  Value loadPiece(Value codes, int64_t quads);

  /// This row's number of 16 of a type at `offset`.
  Value loadLane(Type type, Value offset) {
    int64_t bytes = type.getIntOrFloatBitWidth() / 8;
    return loadScalar(b, type, payload, b.add(offset, b.mul(lane, bytes)));
  }
  /// This row's of 16 floats.
  Value takeLane(Value vector) {
    return b.splat(vector::ExtractOp::create(b, vector, lane));
  }
  Factors loadFactors(const PanelGroup &group);
  Value loadScale(Value header);
  Value loadZero(Value header);

  KernelBuilder &b;
  const PanelLayout &layout;
  Value payload;
  Store store;
  Value panel, lane;
  PanelReader reader;
  CodeDecoder decoder;
};

} // namespace

void PanelRow::decodeFloats() {
  Type element = getFloatType(b, *layout.format.element);
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  b.lanes(b.index(layout.columns), {},
          [&](Value k, Value mask, ValueRange) -> Values {
            Value values =
                arith::ConstantOp::create(b, b.getZeroAttr(b.vec(element)));
            for (int64_t i = 0; i < kLanes; ++i) {
              Value column = b.min(b.add(k, i), b.index(layout.columns - 1));
              Value at =
                  b.add(panel, b.mul(column, PanelLayout::width * bytes));
              values = vector::InsertOp::create(b, loadLane(element, at),
                                                values, ArrayRef<int64_t>{i});
            }
            store(k, b.toF32(values), mask);
            return {};
          });
}

Value PanelRow::loadScale(Value header) {
  ScaleType type = layout.grouped ? layout.format.scale : ScaleType::F32;
  int64_t bytes = getScaleBytes(type);
  Value raw = b.splat(loadLane(b.getIntegerType(8 * bytes), header));
  Value scale = decoder.decodeScales(
      b.bitcast(b.vec(b.getI8Type(), kLanes * bytes), raw), type);
  if (!layout.prefixBytes)
    return scale;
  return arith::MulFOp::create(b, scale,
                               b.splat(loadLane(b.getF32Type(), panel)));
}

Value PanelRow::loadZero(Value header) {
  if (!layout.format.zeroPoint)
    return b.intConstant(b.i32s(), layout.storedZero());
  if (!layout.grouped)
    return b.splat(
        loadLane(b.getI32Type(), b.add(header, PanelLayout::zeroPointsOffset)));
  int64_t scales = PanelLayout::width * getScaleBytes(layout.format.scale);
  Value zero = loadLane(b.getI8Type(), b.add(header, scales));
  return b.splat(arith::ExtUIOp::create(b, b.getI32Type(), zero));
}

Value PanelRow::loadPiece(Value codes, int64_t quads) {
  VectorType type = b.vec(b.getI32Type(), pieceQuads);
  Value words;
  int64_t low = 0;
  for (int64_t plane : getPlanes(layout.format.bits())) {
    int64_t count = llvm::divideCeil(quads * plane, 8);
    Value stored = b.intConstant(type, 0);
    for (int64_t i = 0; i < count; ++i)
      stored = vector::InsertOp::create(
          b,
          loadScalar(b, b.getI32Type(), payload,
                     b.add(codes, i * PanelLayout::width * wordBytes)),
          stored, ArrayRef<int64_t>{i});
    SmallVector<int64_t> from(pieceQuads, pieceQuads);
    SmallVector<int32_t> shifts(pieceQuads, 0);
    for (int64_t q = 0; q < quads; ++q) {
      from[q] = q % count;
      shifts[q] = q / count * plane;
    }
    Value part =
        vector::ShuffleOp::create(b, stored, b.intConstant(type, 0), from);
    if (plane != 8) {
      part = arith::ShRUIOp::create(
          b, part,
          arith::ConstantOp::create(
              b, DenseElementsAttr::get(type, ArrayRef<int32_t>(shifts))));
      part = arith::AndIOp::create(
          b, part, b.intConstant(type, ((1 << plane) - 1) * 0x01010101));
    }
    if (low)
      part = arith::ShLIOp::create(b, part, b.intConstant(type, low));
    words = words ? arith::OrIOp::create(b, words, part).getResult() : part;
    codes = b.add(codes, count * PanelLayout::width * wordBytes);
    low += plane;
  }
  return b.bitcast(b.vec(b.getI8Type(), PanelLayout::piece), words);
}

PanelRow::Factors PanelRow::loadFactors(const PanelGroup &group) {
  Factors factors;
  factors.scale = layout.hasScaleCodes() ? takeLane(reader.loadScales(group))
                                         : loadScale(group.header);
  factors.zero = loadZero(group.header);
  if (layout.format.hasMins())
    factors.min = takeLane(reader.loadMins(group));
  return factors;
}

void PanelRow::decodePiece(Value codes, Value k, int64_t length,
                           const std::array<Factors, 2> &factors) {
  Value bytes = loadPiece(codes, llvm::divideCeil(length, 4));
  for (int64_t first = 0; first < length; first += kLanes) {
    SmallVector<int64_t> from(kLanes);
    std::iota(from.begin(), from.end(), first);
    Value part = arith::ExtUIOp::create(
        b, b.i32s(), vector::ShuffleOp::create(b, bytes, bytes, from));
    const auto &[scale, zero, min] = factors[first / kLanes];
    Value value;
    if (layout.format.isInteger())
      value = arith::SIToFPOp::create(b, b.f32s(),
                                      arith::SubIOp::create(b, part, zero));
    else
      value = decoder.decode(part, 0, {});
    int64_t count = std::min(kLanes, length - first);
    value = arith::MulFOp::create(b, value, scale);
    if (min)
      value = arith::SubFOp::create(b, value, min);
    store(b.add(k, first), value, count < kLanes ? b.mask(count) : Value());
  }
}

void PanelRow::decodeGroup(Value group, int64_t length) {
  constexpr int64_t step = PanelLayout::piece;
  PanelGroup at = reader.locate(panel, group);
  Factors factors = loadFactors(at);
  Value codes = b.add(at.codes, b.mul(lane, wordBytes)),
        start = b.mul(group, layout.groupSize);
  int64_t full = length / step;
  auto piece = [&](Value i, int64_t count) {
    decodePiece(b.add(codes, b.mul(i, layout.codesBytes(step))),
                b.add(start, b.mul(i, step)), count, {factors, factors});
  };
  b.loop(b.index(0), b.index(full), 1, [&](Value i) { piece(i, step); });
  if (length % step)
    piece(b.index(full), length % step);
}

/// Two groups that share a piece.
void PanelRow::decodePair(Value pair) {
  PanelGroup low = reader.locate(panel, b.mul(pair, 2)),
             high = reader.locate(panel, b.add(b.mul(pair, 2), 1));
  decodePiece(b.add(low.codes, b.mul(lane, wordBytes)),
              b.mul(pair, PanelLayout::piece), PanelLayout::piece,
              {loadFactors(low), loadFactors(high)});
}

void PanelRow::decode() {
  if (layout.isFloat())
    return decodeFloats();
  if (layout.sharesPieces()) {
    b.loop(b.index(0), b.index(layout.groups / 2), 1,
           [&](Value pair) { decodePair(pair); });
    return;
  }
  int64_t full = layout.columns / layout.groupSize,
          rest = layout.columns % layout.groupSize;
  b.loop(b.index(0), b.index(full), 1,
         [&](Value group) { decodeGroup(group, layout.groupSize); });
  if (rest)
    decodeGroup(b.index(full), rest);
}

LogicalResult squint::kernel::buildPanelRow(
    KernelBuilder &b, Operation *op, PackedType type, Value payload, Value row,
    llvm::function_ref<void(Value, Value, Value)> store) {
  if (!isa<PanelsAttr>(type.getLayout()) || !hasPanelRows(type.getFormat()))
    return op->emitError()
           << "expected rows in plain layout or in panels of a format whose "
              "rows are read from them, got "
           << type;
  auto layout =
      PanelLayout::get(type.getFormat(), type.getRows(), type.getColumns());
  PanelRow(b, layout, payload, row, store).decode();
  return success();
}
