//===- Cache.cpp - keys and values of earlier tokens ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// kernel.append_cache: a unit is a token, whose heads follow one another. Keys
// lie with tokens in the lanes, as products with queries want them.
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "Codes.h"
#include "GroupedCache.h"
#include "Rows.h"
#include "squint/Kernels/Kernels.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

/// What a code is in memory.
static Type getStoredType(KernelBuilder &b, const Format &format) {
  return format.bits() == 8 ? b.getI8Type() : getFloatType(b, *format.element);
}

Value CachedPart::load(KernelBuilder &b, Value at, Value mask) const {
  Type stored = getStoredType(b, *format);
  Value raw = mask ? b.load(b.vec(stored), codes, {at}, mask)
                   : b.load(b.vec(stored), codes, {at});
  if (format->isInteger())
    return arith::SIToFPOp::create(b, b.f32s(),
                                   arith::ExtSIOp::create(b, b.i32s(), raw));
  if (isa<FloatType>(stored))
    return b.toF32(raw);
  return CodeDecoder(b, *format)
      .decode(arith::ExtUIOp::create(b, b.i32s(), raw), 0, {});
}

void CachedPart::prefetch(KernelBuilder &b, Value at, int64_t count) const {
  int64_t ahead = b.target.getTuning(InnerLoop::Decoded).prefetchBytes;
  if (!ahead)
    return;
  int64_t line = 64 * 8 / format->bits();
  for (int64_t i = 0; i < count; i += line)
    memref::PrefetchOp::create(b, codes, b.add(at, ahead / 64 * line + i),
                               /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
}

void CachedHead::moveTo(Value block, Value sequences, Value sequence,
                        Value head) {
  Value number = b.add(b.mul(block, sequences), sequence);
  start =
      b.add(b.add(b.mul(sequences, cache.getFront()),
                  b.add(b.mul(number, cache.getStride()), cache.getOffset())),
            b.mul(head, layout.headBytes));
}

CachedPart CachedHead::part(const Format &format, int64_t codes, int64_t size,
                            int64_t scales) const {
  auto view = [&](int64_t offset, int64_t elements, Type type) -> Value {
    return memref::ViewOp::create(b, MemRefType::get({elements}, type), state,
                                  b.add(start, offset), ValueRange());
  };
  constexpr int64_t tokens = CacheLayout::kBlockTokens;
  CachedPart part{&format, view(codes, size * tokens, getStoredType(b, format)),
                  Value()};
  if (format.hasScale())
    part.scales = view(scales, tokens, b.getF32Type());
  return part;
}

CachedPart CachedHead::keys() const {
  return part(layout.keys, 0, layout.keySize, layout.keyScales);
}

CachedPart CachedHead::values() const {
  return part(layout.values, layout.valueCodes, layout.valueSize,
              layout.valueScales);
}

Value HeadEncoder::encodeLanes(Value values, Value inverse) {
  auto bytes = b.vec(b.getI8Type());
  if (format.isInteger()) {
    Rounder round{b, format.minCode(), format.maxCode(), 0, false};
    return arith::TruncIOp::create(b, bytes, round(values, inverse));
  }
  const MiniFloat &mini = *format.element->mini;
  Value rounded =
      roundToFloat(b, arith::MulFOp::create(b, values, inverse), mini);
  // The exponent's bias becomes that of the narrow float, subnormals included,
  // before its bits are moved to the lowest.
  double factor = std::ldexp(1.0, (1 << (mini.exponentBits - 1)) - 128);
  Value bits =
      b.bitcast(b.i32s(), arith::MulFOp::create(b, rounded,
                                                b.constant(b.f32s(), factor)));
  Value magnitude = arith::ShRUIOp::create(
      b, arith::AndIOp::create(b, bits, b.intConstant(b.i32s(), 0x7FFFFFFF)),
      b.intConstant(b.i32s(), 23 - mini.mantissaBits));
  Value sign = arith::ShLIOp::create(
      b, arith::ShRUIOp::create(b, bits, b.intConstant(b.i32s(), 31)),
      b.intConstant(b.i32s(), mini.exponentBits + mini.mantissaBits));
  return arith::TruncIOp::create(b, bytes,
                                 arith::OrIOp::create(b, magnitude, sign));
}

Value HeadEncoder::load(Value at, Value mask) const {
  Values all(indices);
  all.push_back(at);
  return b.load(b.f32s(), row, all, mask);
}

Value HeadEncoder::storeScale(int64_t size, Value scales, Value slot) {
  Values largest =
      b.lanes(b.index(size), {b.intConstant(b.i32s(), 0)},
              [&](Value at, Value mask, ValueRange current) -> Values {
                return {maxMagnitude(b, current[0], load(at, mask))};
              });
  Value scale = arith::DivFOp::create(b, reduceMagnitude(b, largest[0]),
                                      b.f32(format.element->largest));
  memref::StoreOp::create(b, scale, scales, ValueRange{slot});
  return b.splat(invertScale(b, scale));
}

void HeadEncoder::encode(int64_t size, Value scales, Value slot,
                         function_ref<void(Value, Value, Value)> store) {
  Value inverse = format.hasScale() ? storeScale(size, scales, slot) : Value();
  b.lanes(b.index(size), {}, [&](Value at, Value mask, ValueRange) -> Values {
    Value values = load(at, mask);
    Type stored = getStoredType(b, format);
    if (inverse)
      values = encodeLanes(values, inverse);
    else if (!stored.isF32())
      values = arith::TruncFOp::create(b, b.vec(stored), values);
    store(at, values, mask);
    return {};
  });
}

/// Element `at + i` of key `slot` is byte i % 4 of word i / 4.
void squint::kernel::storeKeyQuads(KernelBuilder &b, Value codes, Value slot,
                                   Value at, Value bytes) {
  constexpr int64_t quad = 4, tokens = CacheLayout::kBlockTokens;
  for (int64_t i = 0; i < kLanes; i += quad)
    b.store(vector::ExtractStridedSliceOp::create(
                b, bytes, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{quad},
                ArrayRef<int64_t>{1}),
            codes, {b.add(b.mul(b.add(at, i), tokens), b.mul(slot, quad))});
}

/// A unit is a head of a sequence.
static void buildAppendGrouped(KernelBuilder &b, kernel::AppendCacheOp op,
                               Units units) {
  GroupedCache cached(b, op.getLayout(), op.getOutputs()[0], op.getFront(),
                      {op.getKey(), op.getValue()});
  Value heads = b.index(op.getLayout().getHeads());
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    Value sequence = b.div(unit, heads);
    Value length =
        memref::LoadOp::create(b, op.getLengths(), ValueRange{sequence});
    cached.moveTo(sequence, b.rem(unit, heads),
                  arith::IndexCastOp::create(b, b.getIndexType(), length));
    if (op.getRecent())
      return cached.keepRecent();
    cached.restoreRecent();
    cached.keepFirst();
    b.loop(cached.firstBlock(), b.div(cached.end(), GroupedCache::kTokens), 1,
           [&](Value block) {
             cached.loadExact(block);
             cached.storePacked(block);
           });
  });
}

LogicalResult squint::kernel::buildAppendCache(KernelBuilder &b,
                                               kernel::AppendCacheOp op,
                                               Units units) {
  Value key = op.getKey(), value = op.getValue();
  if (failed(checkFloatHeads(op, {key, value})))
    return failure();
  CacheAttr layout = op.getLayout();
  if (CacheLayout::get(layout).isGrouped) {
    buildAppendGrouped(b, op, units);
    return success();
  }
  int64_t keySize = layout.getKeySize(), valueSize = layout.getValueSize();
  CachedHead cached(b, layout, op.getOutputs()[0]);
  CacheLayout parts = CacheLayout::get(layout);
  Value column = b.scratch(llvm::alignTo(std::max(keySize, valueSize), kLanes),
                           getStoredType(b, parts.keys));
  constexpr int64_t tokens = CacheLayout::kBlockTokens;
  Value sequences = b.dim(key, 0), count = b.dim(key, 1);
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    Value sequence = b.div(unit, count), token = b.rem(unit, count);
    Value length =
        memref::LoadOp::create(b, op.getLengths(), ValueRange{sequence});
    Value position =
        b.add(arith::IndexCastOp::create(b, b.getIndexType(), length), token);
    Value block = b.div(position, tokens), slot = b.rem(position, tokens);
    b.loop(b.index(0), b.index(layout.getHeads()), 1, [&](Value head) {
      cached.moveTo(block, sequences, sequence, head);
      CachedPart keys = cached.keys(), values = cached.values();
      auto appendQuads = [&](HeadEncoder &fromKey, HeadEncoder &fromValue) {
        fromKey.encode(keySize, keys.scales, slot,
                       [&](Value at, Value codes, Value) {
                         storeKeyQuads(b, keys.codes, slot, at, codes);
                       });
        fromValue.encode(valueSize, values.scales, slot,
                         [&](Value at, Value codes, Value) {
                           b.store(codes, column, {at});
                         });
        Value first =
            b.add(b.mul(b.div(slot, 4), 4 * valueSize), b.rem(slot, 4));
        b.loop(b.index(0), b.index(valueSize), 1, [&](Value e) {
          Value code = memref::LoadOp::create(b, column, ValueRange{e});
          memref::StoreOp::create(b, code, values.codes,
                                  ValueRange{b.add(first, b.mul(e, 4))});
        });
      };
      Value indices[] = {sequence, token, head};
      HeadEncoder fromKey(b, *keys.format, key, indices),
          fromValue(b, *values.format, value, indices);
      if (op->hasAttr("activation_format"))
        return appendQuads(fromKey, fromValue);
      fromKey.encode(
          keySize, keys.scales, slot,
          [&](Value at, Value codes, Value) { b.store(codes, column, {at}); });
      b.loop(b.index(0), b.index(keySize), 1, [&](Value d) {
        Value code = memref::LoadOp::create(b, column, ValueRange{d});
        memref::StoreOp::create(b, code, keys.codes,
                                ValueRange{b.add(b.mul(d, tokens), slot)});
      });
      Value first = b.mul(slot, valueSize);
      fromValue.encode(valueSize, values.scales, slot,
                       [&](Value at, Value codes, Value mask) {
                         b.store(codes, values.codes, {b.add(first, at)}, mask);
                       });
    });
  });
  return success();
}
