//===- Codes.cpp - from packed codes to numbers -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Codes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/PanelRows.h"
#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/DynamicScale.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

Type squint::kernel::getFloatType(KernelBuilder &b, const Element &element) {
  return element.name == "f32"   ? Type(b.getF32Type())
         : element.name == "f16" ? Type(b.getF16Type())
                                 : Type(b.getBF16Type());
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value CodeDecoder::shiftRight(Value words, int64_t count) {
  if (!count)
    return words;
  return arith::ShRUIOp::create(b, words, b.intConstant(b.i32s(), count));
}

Value CodeDecoder::shiftLeft(Value words, int64_t count) {
  if (!count)
    return words;
  return arith::ShLIOp::create(b, words, b.intConstant(b.i32s(), count));
}

Value CodeDecoder::lookup(Value words) {
  SmallVector<float> table;
  uint32_t mask = (1u << format.bits()) - 1;
  for (uint32_t code = 0; code < 16; ++code)
    table.push_back(format.isInteger()
                        ? float(int32_t(code & mask) - storedZero())
                        : format.element->decode(code));
  return LookupOp::create(b, b.f32s(), words, table);
}

/// Exponent and mantissa move to where f32 has them, below the exponents that
/// the narrow format lacks, and a product with a power of two makes up for the
/// difference of the biases. Subnormals come out right: they are subnormals of
/// f32 before the product.
Value CodeDecoder::decodeMiniFloat(Value words, const MiniFloat &mini) {
  int64_t shift = 8 - mini.exponentBits;
  Value moved =
      arith::ShRSIOp::create(b, words, b.intConstant(b.i32s(), shift));
  uint32_t magnitude = (1u << (mini.exponentBits + mini.mantissaBits)) - 1;
  uint32_t kept =
      0x80000000u |
      magnitude << (31 - mini.exponentBits - mini.mantissaBits) >> shift;
  moved = arith::AndIOp::create(
      b, moved, b.intConstant(b.i32s(), static_cast<int32_t>(kept)));
  // The exponent ends below the sign: `shift` down leaves it at bit 23 and
  // above.
  double factor = std::ldexp(1.0, 128 - (1 << (mini.exponentBits - 1)));
  return arith::MulFOp::create(b, b.bitcast(b.f32s(), moved),
                               b.constant(b.f32s(), factor));
}

/// Codes lie where a float has its mantissa, below an exponent that gives their
/// lowest bit the weight of one: 2^p + code, from which 2^p + zero is
/// subtracted. No shift where they lie so already.
Value CodeDecoder::decodeInteger(Value words, int64_t shift, Value zero) {
  constexpr int64_t mantissa = 23, half = 16;
  int64_t bits = format.bits();
  if (shift + bits > mantissa) {
    words = shiftRight(words, half);
    shift -= half;
  }
  // A permutation does the same; half of the codes each keep all ports of a
  // processor busy.
  if (!zero && bits <= 4 && shift / bits % 2 == 0 && b.target.avx512)
    return lookup(shiftRight(words, shift));
  int64_t power = mantissa - shift;
  Value kept = arith::AndIOp::create(
      b, words, b.intConstant(b.i32s(), ((1 << bits) - 1) << shift));
  Value code = b.bitcast(
      b.f32s(),
      arith::OrIOp::create(b, kept,
                           b.intConstant(b.i32s(), (127 + power) << mantissa)));
  double base = std::ldexp(1.0, power);
  Value less = zero ? arith::AddFOp::create(b, zero, b.constant(b.f32s(), base))
                          .getResult()
                    : b.constant(b.f32s(), base + storedZero());
  return arith::SubFOp::create(b, code, less);
}

/// Half of the entries by each bit, the lowest one first.
Value CodeDecoder::choose(Value words, int64_t shift, ArrayRef<Value> entries) {
  SmallVector<Value> left(entries);
  for (int64_t bit = shift; left.size() > 1; ++bit) {
    Value isSet = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne,
        arith::AndIOp::create(b, words,
                              b.intConstant(b.i32s(), int64_t(1) << bit)),
        b.intConstant(b.i32s(), 0));
    for (size_t i = 0; i < left.size() / 2; ++i)
      left[i] = arith::SelectOp::create(b, isSet, left[2 * i + 1], left[2 * i]);
    left.truncate(left.size() / 2);
  }
  return left[0];
}

Value CodeDecoder::decode(Value words, int64_t shift, const CodeGrid &grid) {
  if (format.isBilevel())
    return arith::SubFOp::create(b, decodeInteger(words, shift, {}),
                                 grid.offset);
  if (format.isInteger())
    return decodeInteger(words, shift, grid.zero);
  if (format.isCodebook())
    return choose(words, shift, grid.entries);
  if (format.bits() <= 4)
    return lookup(shiftRight(words, shift));
  return decodeMiniFloat(shiftLeft(words, 32 - format.bits() - shift),
                         *format.element->mini);
}

Value CodeDecoder::decodeScales(Value raw, ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return b.bitcast(b.f32s(), raw);
  case ScaleType::F16:
    return b.toF32(b.bitcast(b.vec(b.getF16Type()), raw));
  case ScaleType::BF16:
    return b.toF32(b.bitcast(b.vec(b.getBF16Type()), raw));
  case ScaleType::E8M0: {
    // 0 is 2^-127, a subnormal; 255 is NaN.
    Value code = arith::ExtUIOp::create(b, b.i32s(), raw);
    Value exponent = arith::MaxSIOp::create(
        b, shiftLeft(code, 23), b.intConstant(b.i32s(), 0x00400000));
    Value nan = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, code,
                                      b.intConstant(b.i32s(), 255));
    exponent = arith::SelectOp::create(
        b, nan, b.intConstant(b.i32s(), 0x7FC00000), exponent);
    return b.bitcast(b.f32s(), exponent);
  }
  case ScaleType::F8E4M3:
    return decodeMiniFloat(
        shiftLeft(arith::ExtUIOp::create(b, b.i32s(), raw), 24), kFloat8E4M3);
  case ScaleType::Bilevel3:
  case ScaleType::Dynamic8:
    break;
  }
  llvm_unreachable("unknown scale type");
}

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

PanelGroup PanelReader::locate(Value panel, Value group) {
  if (!layout.grouped)
    return {panel, group, panel, b.add(panel, layout.headerBytes)};
  Value super =
      b.add(b.add(panel, layout.prefixBytes),
            b.mul(b.div(group, layout.superGroups), layout.superBytes));
  Value member = b.rem(group, layout.superGroups);
  Value codes = b.add(super, layout.superHeaderBytes);
  if (layout.sharesPieces())
    codes = b.add(b.add(codes, b.mul(b.div(member, 2), layout.groupCodesBytes)),
                  b.rem(member, 2));
  else
    codes = b.add(codes, b.mul(member, layout.groupCodesBytes));
  return {panel, group, b.add(super, b.mul(member, layout.headerBytes)), codes};
}

Value PanelReader::loadBytes(Value offset, int64_t count) {
  // Headers of groups have all multiples of 16 bytes.
  return b.load(b.vec(b.getI8Type(), count), weights, offset, 16);
}

/// (code - zero) * step, step and zero those of all 16.
Value PanelReader::loadBilevel(Value header, bool isZero) {
  Value numbers =
      b.toF32(b.bitcast(b.vec(b.getF16Type(), 4),
                        b.load(b.vec(b.getI8Type(), 8), weights, header, 8)));
  auto number = [&](int64_t i) {
    return b.splat(vector::ExtractOp::create(b, numbers, ArrayRef<int64_t>{i}));
  };
  Value codes = arith::ExtUIOp::create(
      b, b.i32s(), b.load(b.vec(b.getI8Type()), weights, b.add(header, 8), 8));
  if (isZero)
    codes = arith::ShRUIOp::create(b, codes, b.intConstant(b.i32s(), 3));
  codes = arith::AndIOp::create(b, codes, b.intConstant(b.i32s(), 7));
  Value code = arith::SIToFPOp::create(b, b.f32s(), codes);
  code = arith::SubFOp::create(b, code, number(isZero ? 3 : 1));
  return arith::MulFOp::create(b, code, number(isZero ? 2 : 0));
}

Value PanelReader::addOutliers(Value panel,
                               llvm::function_ref<Value(Value)> loadInput,
                               Value lanes) {
  Value list = b.add(panel, layout.outliersOffset);
  auto loadIndex = [&](Type type, Value offset) -> Value {
    return arith::IndexCastUIOp::create(b, b.getIndexType(),
                                        loadScalar(b, type, weights, offset));
  };
  b.loop(b.index(0), b.index(PanelLayout::width), 1, [&](Value lane) {
    Value at = b.add(list, b.mul(lane, 4));
    Value begin = loadIndex(b.getI32Type(), at),
          end = loadIndex(b.getI32Type(), b.add(at, 4));
    Value sum =
        b.loop(begin, end, 1, b.f32(0.0f), [&](Value i, ValueRange current) {
          Value k = loadIndex(
              b.getI16Type(),
              b.add(b.add(list, layout.outlierColumnsOffset), b.mul(i, 2)));
          Value value = loadScalar(
              b, b.getF32Type(), weights,
              b.add(b.add(list, layout.outlierValuesOffset()), b.mul(i, 4)));
          return Values{b.fma(loadInput(k), value, current[0])};
        })[0];
    memref::StoreOp::create(b, sum, lanes, ValueRange{lane});
  });
  return b.load(b.f32s(), lanes, b.index(0), 64);
}

Value PanelReader::loadHalves(Value offset) {
  return decoder.decodeScales(loadBytes(offset, 2 * PanelLayout::width),
                              ScaleType::F16);
}

Value PanelReader::loadScaleCodes(const PanelGroup &group) {
  Value member = b.rem(group.number, b.index(layout.superGroups)), code;
  int64_t low = 0;
  for (auto [p, bits] :
       llvm::enumerate(getScalePlanes(layout.scaleCodeBits()))) {
    int64_t inByte = 8 / bits;
    Value at = b.add(b.add(group.header, layout.scalePlaneOffset(p)),
                     b.mul(b.div(member, inByte), PanelLayout::width));
    Value part =
        arith::ExtUIOp::create(b, b.i32s(), loadBytes(at, PanelLayout::width));
    if (inByte > 1) {
      Value shift = arith::IndexCastOp::create(
          b, b.getI32Type(), b.mul(b.rem(member, b.index(inByte)), bits));
      part = arith::ShRUIOp::create(b, part, b.splat(shift));
      part = arith::AndIOp::create(b, part,
                                   b.intConstant(b.i32s(), (1 << bits) - 1));
    }
    if (low)
      part = arith::ShLIOp::create(b, part, b.intConstant(b.i32s(), low));
    code = code ? arith::OrIOp::create(b, code, part).getResult() : part;
    low += bits;
  }
  return code;
}

Value PanelReader::gather(Value offset, int64_t count, Value indices) {
  Value table =
      memref::ViewOp::create(b, MemRefType::get({count}, b.getF32Type()),
                             weights, offset, ValueRange());
  return vector::GatherOp::create(b, b.f32s(), table, ValueRange{b.index(0)},
                                  indices, b.mask(kLanes),
                                  b.constant(b.f32s(), 0.0));
}

Value PanelReader::loadDynamicScales(const PanelGroup &group) {
  Value codes = arith::ExtUIOp::create(
      b, b.i32s(), loadBytes(group.header, PanelLayout::width));
  Value level = gather(b.index(layout.levelsOffset()), 256, codes);
  // The numbers before the groups: mean, phase, scales of blocks.
  auto loadOne = [&](Type type, int64_t at) {
    Value raw =
        b.load(b.vec(b.getI8Type(), 4), weights, b.add(group.panel, at), 4);
    return b.splat(vector::ExtractOp::create(b, b.bitcast(b.vec(type, 1), raw),
                                             ArrayRef<int64_t>{0}));
  };
  SmallVector<int32_t> starts;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    starts.push_back(static_cast<int32_t>(lane * layout.groups));
  Value number = arith::ConstantOp::create(
      b, DenseElementsAttr::get(b.i32s(), ArrayRef<int32_t>(starts)));
  number = arith::AddIOp::create(b, number, loadOne(b.getI32Type(), 4));
  number = arith::AddIOp::create(
      b, number,
      b.splat(arith::IndexCastOp::create(b, b.getI32Type(), group.number)));
  static_assert(DynamicScale::block == 256);
  number = arith::ShRUIOp::create(b, number, b.intConstant(b.i32s(), 8));
  Value scale =
      gather(b.add(group.panel, 8), layout.prefixBytes / 4 - 2, number);
  return arith::AddFOp::create(b, arith::MulFOp::create(b, level, scale),
                               loadOne(b.getF32Type(), 0));
}

Value PanelReader::loadPanelScales(Value panel) {
  return decoder.decodeScales(loadBytes(panel, 4 * PanelLayout::width),
                              ScaleType::F32);
}

Value PanelReader::loadScales(const PanelGroup &group) {
  if (!layout.grouped)
    return {};
  if (layout.format.isBilevel())
    return loadBilevel(group.header, /*isZero=*/false);
  if (layout.format.isCodebook())
    return b.constant(b.f32s(), 1.0);
  if (layout.hasDynamicScales())
    return loadDynamicScales(group);
  if (!layout.hasScaleCodes()) {
    ScaleType type = layout.format.scale;
    return decoder.decodeScales(
        loadBytes(group.header, PanelLayout::width * getScaleBytes(type)),
        type);
  }
  const BlockCodec &blocks = *layout.format.blocks();
  Value code = arith::AndIOp::create(
      b, loadScaleCodes(group),
      b.intConstant(b.i32s(), (1 << blocks.scaleBits) - 1));
  if (blocks.scaleStep != 1)
    code = arith::MulIOp::create(b, code,
                                 b.intConstant(b.i32s(), blocks.scaleStep));
  if (blocks.scaleBias)
    code = arith::SubIOp::create(b, code,
                                 b.intConstant(b.i32s(), blocks.scaleBias));
  return arith::MulFOp::create(b, loadHalves(group.header),
                               arith::SIToFPOp::create(b, b.f32s(), code));
}

Value PanelReader::loadMins(const PanelGroup &group) {
  if (!layout.format.hasMins())
    return {};
  // After the scales, which are f16 where they are codes.
  Value min = loadHalves(b.add(
      group.header, getScaleBytes(layout.format.scale) * PanelLayout::width));
  if (!layout.hasScaleCodes())
    return min;
  Value code = arith::ShRUIOp::create(
      b, loadScaleCodes(group),
      b.intConstant(b.i32s(), layout.format.blocks()->scaleBits));
  return arith::MulFOp::create(b, min,
                               arith::SIToFPOp::create(b, b.f32s(), code));
}

Value PanelReader::loadZeros(Value header) {
  if (!layout.format.zeroPoint)
    return {};
  if (!layout.grouped)
    return b.bitcast(
        b.i32s(), loadBytes(b.add(header, PanelLayout::zeroPointsOffset), 64));
  Value at =
      b.add(header, PanelLayout::width * getScaleBytes(layout.format.scale));
  return arith::ExtUIOp::create(b, b.i32s(), loadBytes(at, 16));
}

CodeGrid PanelReader::loadGrid(Value header) {
  CodeGrid grid;
  if (Value zeros = loadZeros(header))
    grid.zero = arith::SIToFPOp::create(b, b.f32s(), zeros);
  if (layout.format.isBilevel())
    grid.offset = loadBilevel(header, /*isZero=*/true);
  if (!layout.format.isCodebook())
    return grid;
  ScaleType type = layout.format.scale;
  int64_t bytes = PanelLayout::width * getScaleBytes(type);
  for (int64_t i = 0; i < layout.format.scalesPerBlock(); ++i)
    grid.entries.push_back(
        decoder.decodeScales(loadBytes(b.add(header, i * bytes), bytes), type));
  return grid;
}

Value PanelReader::loadTensorScale(Value panel) {
  if (!layout.prefixBytes || layout.hasDynamicScales())
    return {};
  return b.bitcast(b.f32s(), loadBytes(panel, 64));
}

Value PanelReader::loadVector(Value codes, int64_t vector) {
  auto type = b.vec(b.getI8Type(), 64);
  if (!layout.sharesPieces())
    return b.load(type, weights, b.add(codes, 64 * vector), 64);
  // The odd group's bits of any plane are the upper four of each byte; what
  // comes in from the next byte is masked off.
  Value odd = b.rem(codes, b.index(2));
  Value both = b.load(type, weights, b.add(b.sub(codes, odd), 64 * vector), 64);
  Value shift = arith::IndexCastOp::create(b, b.getI32Type(), b.mul(odd, 4));
  return b.bitcast(type, arith::ShRUIOp::create(b, b.bitcast(b.i32s(), both),
                                                b.splat(shift)));
}

Value PanelReader::extractQuad(ArrayRef<Value> vectors, int64_t q,
                               int64_t quads) {
  auto type = b.vec(b.getI8Type(), 64);
  Value code;
  int64_t first = 0, low = 0;
  for (unsigned plane : getPlanes(layout.format.bits())) {
    int64_t count = llvm::divideCeil(quads * plane, 8);
    Value part = vectors[first + q % count];
    int64_t from = q / count * plane;
    if (plane != 8) {
      // To where the code has these bits.
      if (from > low)
        part = arith::ShRUIOp::create(b, part, b.intConstant(type, from - low));
      else if (from < low)
        part = arith::ShLIOp::create(b, part, b.intConstant(type, low - from));
      part = arith::AndIOp::create(
          b, part,
          b.intConstant(type, static_cast<int8_t>(((1 << plane) - 1) << low)));
    }
    code = code ? arith::OrIOp::create(b, code, part).getResult() : part;
    first += count;
    low += plane;
  }
  return code;
}

/// Vectors of the planes of a piece.
static int64_t countVectors(const PanelLayout &layout, int64_t quads) {
  int64_t vectors = 0;
  for (unsigned plane : getPlanes(layout.format.bits()))
    vectors += llvm::divideCeil(quads * plane, 8);
  return vectors;
}

/// Each code moves to its byte; what none moves to is the code of zero.
Value PanelReader::expandQuad(Value stored, Value positions, int64_t q) {
  auto constant = [&](int64_t value) { return b.intConstant(b.i32s(), value); };
  auto shiftRight = [&](Value value, int64_t count) -> Value {
    if (!count)
      return value;
    return arith::ShRUIOp::create(b, value, constant(count));
  };
  Value words = b.bitcast(b.i32s(), stored);
  Value places = b.bitcast(b.i32s(), positions);
  Value quad;
  for (int64_t i = 0; i < 2; ++i) {
    Value code = arith::AndIOp::create(
        b, shiftRight(words, 16 * (q % 2) + 8 * i), constant(255));
    Value place = arith::AndIOp::create(b, shiftRight(places, 4 * q + 2 * i),
                                        constant(3));
    Value moved = arith::ShLIOp::create(
        b, code, arith::ShLIOp::create(b, place, constant(3)));
    quad = quad ? arith::OrIOp::create(b, quad, moved).getResult() : moved;
  }
  return flipSign(b.bitcast(b.vec(b.getI8Type(), 64), quad));
}

Value PanelReader::flipSign(Value quad) {
  return arith::XOrIOp::create(
      b, quad,
      b.intConstant(quad.getType(), static_cast<int8_t>(layout.storedZero())));
}

Value PanelReader::loadEights(Value start, Value skipped, Value mask) {
  Type i64 = b.getI64Type();
  bool areBytes = layout.format.bits() == 8;
  auto constant = [&](int64_t value) { return b.intConstant(i64, value); };
  Value eights = b.intConstant(b.vec(i64, 8), 0);
  for (int64_t i = 0; i < 8; ++i) {
    Value before =
        arith::AndIOp::create(b, mask, constant((int64_t(1) << (8 * i)) - 1));
    Value code =
        arith::AddIOp::create(b, skipped, math::CtPopOp::create(b, before));
    Value byte = code;
    if (!areBytes)
      byte = arith::ShRUIOp::create(b, code, constant(1));
    Value at = arith::IndexCastUIOp::create(b, b.getIndexType(), byte);
    Value codes = loadScalar(b, i64, weights, b.add(start, at));
    if (!areBytes) {
      Value odd = arith::AndIOp::create(b, code, constant(1));
      codes = arith::ShRUIOp::create(
          b, codes, arith::ShLIOp::create(b, odd, constant(2)));
    }
    eights = vector::InsertOp::create(b, codes, eights, ArrayRef<int64_t>{i});
  }
  if (areBytes)
    return eights;
  // Four bits to a byte each: the upper half of 8, 4, then 2 codes moves up.
  auto splat = [&](int64_t value) {
    return b.intConstant(b.vec(i64, 8), value);
  };
  constexpr std::pair<int64_t, int64_t> steps[] = {{0, 0x00000000ffffffff},
                                                   {16, 0x0000ffff0000ffff},
                                                   {8, 0x00ff00ff00ff00ff},
                                                   {4, 0x0f0f0f0f0f0f0f0f}};
  for (auto [shift, kept] : steps) {
    if (shift)
      eights = arith::OrIOp::create(
          b, eights, arith::ShLIOp::create(b, eights, splat(shift)));
    eights = arith::AndIOp::create(b, eights, splat(kept));
  }
  return eights;
}

/// Within each eight the i-th code moves up by the number of bits that are not
/// set below its own: by 4, 2 and 1, of whose sum the number is one. Which of
/// them a place takes from below is found backwards, from where codes end.
Value PanelReader::expand(Value start, Value skipped, Value mask) {
  auto bytes = b.vec(b.getI8Type(), 64), eights = b.vec(b.getI64Type(), 8);
  Value kept = b.bitcast(b.vec(b.getI1Type(), 64), b.splat(mask, 1));
  if (layout.format.bits() == 8 && b.target.hasFeature("avx512vbmi2")) {
    Value at = b.add(
        start, arith::IndexCastUIOp::create(b, b.getIndexType(), skipped));
    return vector::ExpandLoadOp::create(b, bytes, weights, ValueRange{at}, kept,
                                        b.intConstant(bytes, 0));
  }
  auto shift = [&](Value value, int64_t places, bool up) -> Value {
    Value wide = b.bitcast(eights, value),
          count = b.intConstant(eights, 8 * places);
    wide = up ? arith::ShLIOp::create(b, wide, count).getResult()
              : arith::ShRUIOp::create(b, wide, count).getResult();
    return b.bitcast(bytes, wide);
  };
  Value distance = arith::SelectOp::create(b, kept, b.intConstant(bytes, 0),
                                           b.intConstant(bytes, 1));
  for (int64_t places : {1, 2, 4})
    distance =
        arith::AddIOp::create(b, distance, shift(distance, places, true));
  SmallVector<Value> moves;
  for (int64_t places : {1, 2, 4}) {
    Value isMoved = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne,
        arith::AndIOp::create(b, distance, b.intConstant(bytes, places)),
        b.intConstant(bytes, 0));
    moves.push_back(isMoved);
    distance = arith::SelectOp::create(
        b, isMoved, shift(distance, places, false), distance);
  }
  Value codes = b.bitcast(bytes, loadEights(start, skipped, mask));
  for (int64_t i = 2; i >= 0; --i)
    codes = arith::SelectOp::create(b, moves[i],
                                    shift(codes, int64_t(1) << i, true), codes);
  return arith::SelectOp::create(b, kept, codes, b.intConstant(bytes, 0));
}

void PanelReader::expandPiece(Value masks, int64_t quads) {
  if (!expanded)
    expanded =
        b.scratch(PanelLayout::piece * PanelLayout::width, b.getI8Type());
  expandedFrom = masks;
  Value inPanel = b.rem(masks, b.index(layout.panelBytes)),
        panel = b.sub(masks, inPanel);
  // One start for each 64 bytes.
  Value start =
      loadScalar(b, b.getI32Type(), weights,
                 b.add(b.add(panel, layout.startsOffset), b.div(inPanel, 16)));
  start =
      b.add(panel, arith::IndexCastUIOp::create(b, b.getIndexType(), start));
  b.loop(b.index(0), b.index(quads), 1, b.intConstant(b.getI64Type(), 0),
         [&](Value q, ValueRange skipped) -> Values {
           Value mask = loadScalar(b, b.getI64Type(), weights,
                                   b.add(masks, b.mul(q, 8)));
           b.store(flipSign(expand(start, skipped[0], mask)), expanded,
                   b.mul(q, 64));
           return {arith::AddIOp::create(b, skipped[0],
                                         math::CtPopOp::create(b, mask))};
         });
}

Value PanelReader::loadQuad(Value codes, int64_t q, int64_t quads) {
  if (layout.hasStreams()) {
    if (q == 0 || expandedFrom != codes)
      expandPiece(codes, quads);
    return b.load(b.vec(b.getI8Type(), 64), expanded, b.index(64 * q), 64);
  }
  quads = laidOut(quads);
  bool sparse = layout.format.sparse;
  int64_t stored = sparse ? llvm::divideCeil(quads, 2) : quads,
          place = sparse ? q / 2 : q, all = countVectors(layout, stored);
  Values vectors(all);
  int64_t first = 0;
  for (unsigned plane : getPlanes(layout.format.bits())) {
    int64_t count = llvm::divideCeil(stored * plane, 8),
            at = first + place % count;
    vectors[at] = loadVector(codes, at);
    first += count;
  }
  Value quad = extractQuad(vectors, place, stored);
  return sparse ? expandQuad(quad, loadVector(codes, all), q) : quad;
}

KernelBuilder::Values PanelReader::loadQuads(Value codes, int64_t quads) {
  Values vectors, result;
  for (int64_t q = 0; q < quads && layout.hasStreams(); ++q)
    result.push_back(loadQuad(codes, q, quads));
  if (layout.hasStreams())
    return result;
  bool sparse = layout.format.sparse;
  int64_t laid = laidOut(quads),
          stored = sparse ? llvm::divideCeil(laid, 2) : laid,
          count = countVectors(layout, stored);
  for (int64_t i = 0; i < count + sparse; ++i)
    vectors.push_back(loadVector(codes, i));
  for (int64_t q = 0; q < quads; ++q) {
    Value quad = extractQuad(vectors, sparse ? q / 2 : q, stored);
    result.push_back(sparse ? expandQuad(quad, vectors[count], q) : quad);
  }
  return result;
}

KernelBuilder::Values PanelReader::addVectors(Value codes, int64_t q) {
  Values sums;
  for (int64_t table = 0; table < layout.format.bits(); ++table) {
    auto constant = [&](int64_t value) {
      return b.intConstant(b.i32s(), value);
    };
    Value words = b.bitcast(b.i32s(), loadBytes(b.add(codes, 64 * table), 64));
    Value code = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, words, constant(4 * q)), constant(15));
    Value entry = arith::AddIOp::create(
        b, arith::ShLIOp::create(b, code, constant(2)),
        constant(table * Format::tableEntries * Format::vectorSize));
    for (int64_t i = 0; i < Format::vectorSize; ++i) {
      Value number =
          gather(b.index(layout.levelsOffset()), layout.format.tableNumbers(),
                 arith::AddIOp::create(b, entry, constant(i)));
      if (table == 0)
        sums.push_back(number);
      else
        sums[i] = arith::AddFOp::create(b, sums[i], number);
    }
  }
  return sums;
}

KernelBuilder::Values PanelReader::loadValues(Value codes, int64_t q,
                                              int64_t quads,
                                              const CodeGrid &grid) {
  if (layout.format.isAdditive())
    return addVectors(codes, q);
  quads = laidOut(quads);
  ArrayRef<unsigned> planes = getPlanes(layout.format.bits());
  Value bytes;
  int64_t shift = 0;
  if (planes.size() == 1 && !layout.format.sparse) {
    // In place: what decodes a code takes it from any bits.
    int64_t count = llvm::divideCeil(quads * planes[0], 8);
    bytes = loadVector(codes, q % count);
    shift = q / count * planes[0];
  } else {
    bytes = loadQuad(codes, q, quads);
  }
  Value words = b.bitcast(b.i32s(), bytes);
  Values values;
  for (int64_t i = 0; i < 4; ++i)
    values.push_back(decoder.decode(words, shift + 8 * i, grid));
  return values;
}

Value PanelReader::loadColumn(Value codes, Value k, const CodeGrid &grid) {
  Value words =
      b.bitcast(b.i32s(), b.load(b.vec(b.getI8Type(), 64), weights,
                                 b.add(codes, b.mul(b.div(k, 4), 64)), 64));
  Value shift =
      arith::IndexCastOp::create(b, b.getI32Type(), b.mul(b.rem(k, 4), 8));
  words = arith::ShRUIOp::create(b, words, b.splat(shift));
  return decoder.decode(words, 0, grid);
}
