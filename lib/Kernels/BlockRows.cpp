//===- BlockRows.cpp - rows of elements in blocks -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The bits of a block are taken from where squint/Numerics/Blocks.h says that
// they are, so that a type's layout is written down once.
//===----------------------------------------------------------------------===//

#include "BlockRows.h"
#include "Codes.h"
#include "squint/Numerics/Blocks.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {
class BlockReader {
public:
  BlockReader(KernelBuilder &b, const Format &format, Value payload)
      : b(b), format(format), blocks(*format.blocks()), payload(payload),
        decoder(b, format) {}

  /// The scale or the minimum of a group, 16 times.
  Value loadFactor(Value block, int64_t group, bool isMin);
  /// The levels of 16 codes from `i` on, a multiple of 16.
  Value loadLevels(Value block, int64_t i);

private:
  Value loadHalf(Value block, int64_t at);
  Value loadCodes(Value block, int64_t i);
  Value loadTernary(Value block, int64_t i);
  Value loadBytes(Value block, int64_t at, int64_t count) {
    return b.load(b.vec(b.getI8Type(), count), payload, b.add(block, at));
  }
  /// Bits [shift, shift + bits) of each lane, `low` bits up.
  Value takeBits(Value words, int64_t shift, unsigned bits, unsigned low);

  KernelBuilder &b;
  const Format &format;
  const BlockCodec &blocks;
  Value payload;
  CodeDecoder decoder;
};
} // namespace

Value BlockReader::takeBits(Value words, int64_t shift, unsigned bits,
                            unsigned low) {
  Type type = words.getType();
  if (shift)
    words = arith::ShRUIOp::create(b, words, b.intConstant(type, shift));
  words = arith::AndIOp::create(b, words, b.intConstant(type, (1 << bits) - 1));
  if (low)
    words = arith::ShLIOp::create(b, words, b.intConstant(type, low));
  return words;
}

Value BlockReader::loadHalf(Value block, int64_t at) {
  Value raw = loadBytes(block, at, 2);
  Value half = vector::ExtractOp::create(
      b, b.bitcast(b.vec(b.getF16Type(), 1), raw), ArrayRef<int64_t>{0});
  return b.toF32(b.splat(half));
}

Value BlockReader::loadFactor(Value block, int64_t group, bool isMin) {
  Value factor = loadHalf(block, isMin ? blocks.minAt : blocks.scaleAt);
  if (!(isMin ? blocks.minBits : blocks.scaleBits))
    return isMin ? arith::NegFOp::create(b, factor).getResult() : factor;
  BitField fields[2] = {};
  blocks.getFields(group, isMin, fields);
  Value code;
  unsigned low = 0;
  for (BitField field : fields) {
    if (!field.bits)
      continue;
    Value byte = arith::ExtUIOp::create(
        b, b.getI32Type(),
        memref::LoadOp::create(b, payload,
                               ValueRange{b.add(block, field.byte)}));
    Value part = takeBits(byte, field.shift, field.bits, low);
    code = code ? arith::OrIOp::create(b, code, part).getResult() : part;
    low += field.bits;
  }
  if (!isMin && blocks.scaleFlip)
    code = arith::XOrIOp::create(b, code, b.i32(blocks.scaleFlip));
  if (!isMin && blocks.scaleBias)
    code = arith::SubIOp::create(b, code, b.i32(blocks.scaleBias));
  Value number = arith::SIToFPOp::create(b, b.getF32Type(), code);
  return arith::MulFOp::create(b, factor, b.splat(number));
}

/// Digit n of a byte is the first one of 3^n times it.
Value BlockReader::loadTernary(Value block, int64_t i) {
  constexpr int32_t powers[] = {1, 3, 9, 27, 81};
  Value bytes, factor;
  if (i < 240) {
    int64_t run = i < 160 ? 32 : 16, first = i < 160 ? 0 : 160;
    bytes = loadBytes(block, first / 5 + (i - first) % run, kLanes);
    factor = b.intConstant(b.i32s(), powers[(i - first) / run]);
  } else {
    // Four digits of four bytes.
    SmallVector<int64_t> lanes;
    SmallVector<int32_t> factors;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      lanes.push_back(lane % 4);
      factors.push_back(powers[lane / 4]);
    }
    Value four = loadBytes(block, 48, 4);
    bytes = vector::ShuffleOp::create(b, four, four, lanes);
    factor = arith::ConstantOp::create(
        b, DenseElementsAttr::get(b.i32s(), ArrayRef<int32_t>(factors)));
  }
  Value fraction = arith::MulIOp::create(
      b, arith::ExtUIOp::create(b, b.i32s(), bytes), factor);
  fraction = takeBits(fraction, 0, 8, 0);
  return arith::ShRUIOp::create(
      b, arith::MulIOp::create(b, fraction, b.intConstant(b.i32s(), 3)),
      b.intConstant(b.i32s(), 8));
}

Value BlockReader::loadCodes(Value block, int64_t i) {
  if (blocks.isTernary)
    return loadTernary(block, i);
  Value codes;
  unsigned low = 0;
  for (const CodePlane &plane : blocks.planes) {
    if (!plane.bits)
      continue;
    Value part;
    if (plane.run >= kLanes) {
      Value bytes = loadBytes(block, plane.byteOf(i), kLanes);
      part = takeBits(arith::ExtUIOp::create(b, b.i32s(), bytes),
                      plane.shiftOf(i), plane.bits, low);
    } else {
      // One bit each of two bytes.
      Value raw = loadBytes(block, plane.byteOf(i), 2);
      Value word = vector::ExtractOp::create(
          b, b.bitcast(b.vec(b.getI16Type(), 1), raw), ArrayRef<int64_t>{0});
      SmallVector<int32_t> lanes = llvm::to_vector(llvm::seq(int32_t(kLanes)));
      part = arith::ShRUIOp::create(
          b, b.splat(arith::ExtUIOp::create(b, b.getI32Type(), word)),
          arith::ConstantOp::create(
              b, DenseElementsAttr::get(b.i32s(), ArrayRef<int32_t>(lanes))));
      part = takeBits(part, 0, plane.bits, low);
    }
    codes = codes ? arith::OrIOp::create(b, codes, part).getResult() : part;
    low += plane.bits;
  }
  return codes;
}

Value BlockReader::loadLevels(Value block, int64_t i) {
  Value codes = loadCodes(block, i);
  if (!format.isInteger())
    return decoder.decode(codes, 0, {});
  if (blocks.codeFlip)
    codes = arith::XOrIOp::create(b, codes,
                                  b.intConstant(b.i32s(), blocks.codeFlip));
  if (blocks.codeAdd) {
    codes = arith::AddIOp::create(b, codes,
                                  b.intConstant(b.i32s(), blocks.codeAdd));
    codes = takeBits(codes, 0, format.bits(), 0);
  }
  if (format.isSymmetric())
    codes = arith::SubIOp::create(
        b, codes, b.intConstant(b.i32s(), 1 << (format.bits() - 1)));
  return arith::SIToFPOp::create(b, b.f32s(), codes);
}

void squint::kernel::buildBlockRow(
    KernelBuilder &b, const Format &format, Value payload, Value row,
    int64_t columns, llvm::function_ref<void(Value, Value)> store) {
  const BlockCodec &blocks = *format.blocks();
  BlockReader reader(b, format, payload);
  b.loop(b.index(0), b.index(columns / blocks.size), 1, [&](Value number) {
    Value block = b.add(row, b.mul(number, blocks.bytes)),
          start = b.mul(number, blocks.size);
    for (int64_t i = 0; i < blocks.size; i += blocks.group) {
      int64_t group = i / blocks.group;
      Value scale = reader.loadFactor(block, group, /*isMin=*/false), min;
      if (blocks.hasMins)
        min = reader.loadFactor(block, group, /*isMin=*/true);
      for (int64_t at = i; at < i + blocks.group; at += kLanes) {
        Value value =
            arith::MulFOp::create(b, reader.loadLevels(block, at), scale);
        if (min)
          value = arith::SubFOp::create(b, value, min);
        store(b.add(start, at), value);
      }
    }
  });
}
