//===- GroupedCache.cpp - keys and values in few bits -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GroupedCache.h"
#include "Rows.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

GroupedCache::GroupedCache(KernelBuilder &b, CacheAttr cache, Value state,
                           Value front, Run run)
    : paddedSize(llvm::alignTo(cache.getValueSize(), kLanes)), b(b),
      cache(cache), layout(CacheLayout::get(cache)), state(state),
      front(front ? front : state), run(run), sequences(b.dim(run.key, 0)),
      tokens(b.dim(run.key, 1)) {
  Type f32 = b.getF32Type();
  keys = b.scratch(layout.keySize * kTokens, f32);
  values = b.scratch(kTokens * paddedSize, f32);
}

void GroupedCache::moveTo(Value sequence, Value head, Value length) {
  this->sequence = sequence;
  this->head = head;
  this->length = length;
  frontStart =
      b.add(b.add(b.mul(sequence, cache.getFront()), cache.getFrontOffset()),
            b.mul(head, layout.frontBytes));
}

//===----------------------------------------------------------------------===//
// Where things lie
//===----------------------------------------------------------------------===//

Value GroupedCache::view(Value bytes, Value start, int64_t offset,
                         int64_t elements, Type type) {
  return memref::ViewOp::create(b, MemRefType::get({elements}, type), bytes,
                                b.add(start, offset), ValueRange());
}

Value GroupedCache::startOf(Value block) {
  Value number = b.add(b.mul(block, sequences), sequence);
  return b.add(
      b.add(b.mul(sequences, cache.getFront()),
            b.add(b.mul(number, cache.getStride()), cache.getOffset())),
      b.mul(head, layout.headBytes));
}

Value GroupedCache::recentKeys() {
  return view(front, frontStart, 0, layout.keySize * kTokens, b.getF16Type());
}

Value GroupedCache::recentValues() {
  return view(front, frontStart, layout.recentValues,
              kTokens * layout.valueSize, b.getF16Type());
}

Value GroupedCache::firstKeys() {
  return view(front, frontStart, layout.firstKeys,
              layout.keySize * cache.getFirst(), b.getF16Type());
}

Value GroupedCache::firstValues() {
  return view(front, frontStart, layout.firstValues,
              cache.getFirst() * layout.valueSize, b.getF16Type());
}

Value GroupedCache::recentBlock() {
  return view(front, frontStart, layout.recentBlock, 1, b.getI64Type());
}

Value GroupedCache::toHalf(Value floats) {
  Type halves = b.like(floats.getType(), b.getF16Type());
  return arith::TruncFOp::create(b, halves, floats);
}

//===----------------------------------------------------------------------===//
// Packed blocks
//===----------------------------------------------------------------------===//

GroupedCache::Parts GroupedCache::partsOf(const GroupedMatrix &matrix,
                                          Value block) {
  Value start = startOf(block);
  int64_t groups = matrix.rows * matrix.groups;
  return {view(state, start, matrix.codes, matrix.rows * matrix.rowBytes,
               b.getI8Type()),
          view(state, start, matrix.scales, groups, b.getF16Type()),
          view(state, start, matrix.minima, groups, b.getF16Type())};
}

/// 16 codes of a row times their scale, less their minimum.
void GroupedCache::decode(const GroupedMatrix &matrix, Value block,
                          Value floats, int64_t width) {
  Parts parts = partsOf(matrix, block);
  auto splatOf = [&](Value numbers, Value row, int64_t group) {
    return b.splat(b.toF32(memref::LoadOp::create(
        b, numbers, ValueRange{b.add(b.mul(row, matrix.groups), group)})));
  };
  Value mask = b.intConstant(b.i32s(), (1 << matrix.bits) - 1);
  b.loop(b.index(0), b.index(matrix.rows), 1, [&](Value row) {
    Value raw, scale, minimum;
    for (int64_t at = 0, last = -1; at < width; at += kLanes) {
      int64_t part = at / kLanes % matrix.perByte;
      int64_t bytes = at / kLanes / matrix.perByte * kLanes;
      if (!part)
        raw = arith::ExtUIOp::create(
            b, b.i32s(),
            b.load(b.vec(b.getI8Type()), parts.codes,
                   {b.add(b.mul(row, matrix.rowBytes), bytes)}));
      if (int64_t group = at / matrix.groupSize; group != last) {
        last = group;
        scale = splatOf(parts.scales, row, group);
        minimum = arith::NegFOp::create(b, splatOf(parts.minima, row, group));
      }
      Value code = arith::AndIOp::create(
          b,
          arith::ShRUIOp::create(b, raw,
                                 b.intConstant(b.i32s(), part * matrix.bits)),
          mask);
      b.store(b.fma(arith::SIToFPOp::create(b, b.f32s(), code), scale, minimum),
              floats, {b.add(b.mul(row, width), at)});
    }
  });
}

/// s = f16((largest - least) / largest code), m = f16(-least), codes of
/// (x + m) * (1 / s).
void GroupedCache::encode(const GroupedMatrix &matrix, Value block,
                          Value floats, int64_t width) {
  Parts parts = partsOf(matrix, block);
  int32_t largestCode = (1 << matrix.bits) - 1;
  Rounder round{b, 0, largestCode, 0, /*isStatic=*/false};
  auto larger = [&](Value a, Value c) { return selectLarger(b, a, c); };
  b.loop(b.index(0), b.index(matrix.rows), 1, [&](Value row) {
    Value byte;
    for (int64_t first = 0; first < matrix.columns; first += matrix.groupSize) {
      int64_t end = std::min(first + matrix.groupSize, matrix.columns);
      Values loaded;
      Value infinity =
          b.constant(b.f32s(), std::numeric_limits<double>::infinity());
      Value least = infinity, largest = arith::NegFOp::create(b, infinity);
      for (int64_t at = first; at < end; at += kLanes) {
        Value floatsAt =
            b.load(b.f32s(), floats, {b.add(b.mul(row, width), at)});
        loaded.push_back(floatsAt);
        auto within = [&](Value other) -> Value {
          return end - at >= kLanes ? floatsAt
                                    : arith::SelectOp::create(
                                          b, b.mask(end - at), floatsAt, other);
        };
        largest = larger(within(largest), largest);
        Value low = within(least);
        least = arith::SelectOp::create(
            b, arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, low, least),
            low, least);
      }
      Value high = b.reduce(largest, larger);
      Value negated = b.reduce(arith::NegFOp::create(b, least), larger);
      Value scale = toHalf(
          arith::DivFOp::create(b, arith::AddFOp::create(b, high, negated),
                                b.f32(static_cast<float>(largestCode))));
      Value minimum = toHalf(negated);
      Value at = b.add(b.mul(row, matrix.groups), first / matrix.groupSize);
      memref::StoreOp::create(b, scale, parts.scales, ValueRange{at});
      memref::StoreOp::create(b, minimum, parts.minima, ValueRange{at});
      Value inverse = b.splat(invertScale(b, b.toF32(scale)));
      Value shift = b.splat(b.toF32(minimum));
      for (auto [i, floatsAt] : llvm::enumerate(loaded)) {
        int64_t lane = first + i * kLanes,
                part = lane / kLanes % matrix.perByte;
        Value code = arith::ShLIOp::create(
            b, round(arith::AddFOp::create(b, floatsAt, shift), inverse),
            b.intConstant(b.i32s(), part * matrix.bits));
        byte = part ? arith::OrIOp::create(b, byte, code).getResult() : code;
        bool isLast = lane + kLanes >= matrix.columns;
        if (part + 1 == matrix.perByte || isLast)
          b.store(arith::TruncIOp::create(b, b.vec(b.getI8Type()), byte),
                  parts.codes,
                  {b.add(b.mul(row, matrix.rowBytes),
                         lane / kLanes / matrix.perByte * kLanes)});
      }
    }
  });
}

void GroupedCache::storePacked(Value block) {
  encode(layout.keyMatrix, block, keys, kTokens);
  encode(layout.valueMatrix, block, values, paddedSize);
}

void GroupedCache::loadPacked(Value block) {
  decode(layout.keyMatrix, block, keys, kTokens);
  decode(layout.valueMatrix, block, values, paddedSize);
  int64_t first = cache.getFirst();
  if (!first)
    return;
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, block, b.index(0));
  b.ifElse(isFirst, [&] {
    Value fromKeys = firstKeys(), fromValues = firstValues();
    auto halves = b.vec(b.getF16Type());
    b.loop(b.index(0), b.index(layout.keySize), 1, [&](Value d) {
      for (int64_t at = 0; at < first; at += kLanes)
        b.store(b.toF32(b.load(halves, fromKeys, {b.add(b.mul(d, first), at)})),
                keys, {b.add(b.mul(d, kTokens), at)});
    });
    b.loop(b.index(0), b.index(first), 1, [&](Value j) {
      b.lanes(b.index(layout.valueSize), {},
              [&](Value at, Value mask, ValueRange) -> Values {
                Value from = b.add(b.mul(j, layout.valueSize), at);
                Value loaded = b.load(halves, fromValues, {from}, mask);
                b.store(b.toF32(loaded), values,
                        {b.add(b.mul(j, paddedSize), at)});
                return {};
              });
    });
  });
}

//===----------------------------------------------------------------------===//
// Tokens as f16
//===----------------------------------------------------------------------===//

Value GroupedCache::roundToHalf(Value floats) {
  return b.toF32(toHalf(floats));
}

/// Columns [begin, end) of keys, 8 at a time: those of tokens firstToken + j.
/// Where there is none the next or the last of the run is repeated.
void GroupedCache::transposeRun(Value firstToken, Value begin, Value end) {
  constexpr int64_t step = 8;
  int64_t whole = layout.keySize / step * step;
  Value last = b.sub(tokens, b.index(1));
  auto type = b.vec(b.getF32Type(), step);
  b.loop(b.mul(b.div(begin, step), step), end, step, [&](Value j) {
    Values rows;
    for (int64_t i = 0; i < step; ++i) {
      Value token = b.sub(b.add(firstToken, b.add(j, i)), length);
      rows.push_back(b.min(b.max(token, b.index(0)), last));
    }
    b.loop(b.index(0), b.index(whole), step, [&](Value d) {
      Values loaded;
      for (Value token : rows)
        loaded.push_back(
            roundToHalf(b.load(type, run.key, {sequence, token, head, d})));
      for (auto [i, column] : llvm::enumerate(transpose8(b, loaded)))
        b.store(column, keys, b.add(b.mul(b.add(d, i), kTokens), j));
    });
    for (int64_t d = whole; d < layout.keySize; ++d)
      for (auto [i, token] : llvm::enumerate(rows)) {
        Value element = memref::LoadOp::create(
            b, run.key, ValueRange{sequence, token, head, b.index(d)});
        memref::StoreOp::create(b, roundToHalf(element), keys,
                                ValueRange{b.add(j, d * kTokens + i)});
      }
  });
}

void GroupedCache::loadExact(Value block) {
  Value firstToken = b.mul(block, kTokens);
  Value before = b.max(b.sub(length, firstToken), b.index(0)),
        count = b.min(b.sub(end(), firstToken), b.index(kTokens));
  transposeRun(firstToken, before, count);
  auto halves = b.vec(b.getF16Type());
  auto load = [&](Value memref, Value at, Value mask) {
    return b.toF32(b.load(halves, memref, {at}, mask));
  };
  Value fromKeys = recentKeys(), fromValues = recentValues();
  b.loop(b.index(0), b.index(layout.keySize), 1, [&](Value d) {
    b.lanes(before, {}, [&](Value lane, Value mask, ValueRange) -> Values {
      Value at = b.add(b.mul(d, kTokens), lane);
      b.store(load(fromKeys, at, mask), keys, {at}, mask);
      return {};
    });
  });
  auto forRow = [&](Value j, llvm::function_ref<Value(Value, Value)> get) {
    b.lanes(b.index(layout.valueSize), {},
            [&](Value at, Value mask, ValueRange) -> Values {
              b.store(get(at, mask), values, {b.add(b.mul(j, paddedSize), at)});
              return {};
            });
  };
  b.loop(b.index(0), before, 1, [&](Value j) {
    forRow(j, [&](Value at, Value mask) {
      return load(fromValues, b.add(b.mul(j, layout.valueSize), at), mask);
    });
  });
  b.loop(before, count, 1, [&](Value j) {
    Value token = b.sub(b.add(firstToken, j), length);
    forRow(j, [&](Value at, Value mask) {
      return roundToHalf(
          b.load(b.f32s(), run.value, {sequence, token, head, at}, mask));
    });
  });
}

void GroupedCache::storeToken(Value token, Value slot, Value toKeys,
                              int64_t width, Value toValues) {
  b.loop(b.index(0), b.index(layout.keySize), 1, [&](Value d) {
    Value element = memref::LoadOp::create(
        b, run.key, ValueRange{sequence, token, head, d});
    memref::StoreOp::create(b, toHalf(element), toKeys,
                            ValueRange{b.add(b.mul(d, width), slot)});
  });
  b.lanes(b.index(layout.valueSize), {},
          [&](Value at, Value mask, ValueRange) -> Values {
            Value row =
                b.load(b.f32s(), run.value, {sequence, token, head, at}, mask);
            Value to = b.add(b.mul(slot, layout.valueSize), at);
            b.store(toHalf(row), toValues, {to}, mask);
            return {};
          });
}

static void storeBlock(KernelBuilder &b, Value block, Value memref) {
  memref::StoreOp::create(b,
                          arith::IndexCastOp::create(b, b.getI64Type(), block),
                          memref, ValueRange{b.index(0)});
}

void GroupedCache::keepRecent() {
  Value block = b.div(b.sub(end(), b.index(1)), kTokens);
  Value firstToken = b.mul(block, kTokens);
  Value toKeys = recentKeys(), toValues = recentValues();
  b.loop(b.max(length, firstToken), end(), 1, [&](Value position) {
    storeToken(b.sub(position, length), b.sub(position, firstToken), toKeys,
               kTokens, toValues);
  });
  storeBlock(b, block, recentBlock());
}

void GroupedCache::keepFirst() {
  int64_t first = cache.getFirst();
  if (!first)
    return;
  Value toKeys = firstKeys(), toValues = firstValues();
  b.loop(length, b.min(end(), b.index(first)), 1, [&](Value position) {
    storeToken(b.sub(position, length), position, toKeys, first, toValues);
  });
}

void GroupedCache::restoreRecent() {
  Value block = firstBlock(), kept = recentBlock();
  Value number = arith::IndexCastOp::create(
      b, b.getIndexType(),
      memref::LoadOp::create(b, kept, ValueRange{b.index(0)}));
  Value isOther =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ne, number, block);
  Value isWithin = b.less(b.index(0), b.rem(length, b.index(kTokens)));
  b.ifElse(arith::AndIOp::create(b, isOther, isWithin), [&] {
    loadPacked(block);
    auto copy = [&](Value from, int64_t width, int64_t rows, int64_t columns,
                    Value to) {
      b.loop(b.index(0), b.index(rows), 1, [&](Value row) {
        b.lanes(b.index(columns), {},
                [&](Value at, Value mask, ValueRange) -> Values {
                  Value halves = toHalf(
                      b.load(b.f32s(), from, {b.add(b.mul(row, width), at)}));
                  Value target = b.add(b.mul(row, columns), at);
                  b.store(halves, to, {target}, mask);
                  return {};
                });
      });
    };
    copy(keys, kTokens, layout.keySize, kTokens, recentKeys());
    copy(values, paddedSize, kTokens, layout.valueSize, recentValues());
    storeBlock(b, block, kept);
  });
}
