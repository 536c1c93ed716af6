//===- Attention.cpp - units and blocks of attention ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Rows.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

/// Keys that are transposed at a time.
static constexpr int64_t kTransposed = 8;

static Tokens get(kernel::AttentionOp op, Value memref, unsigned number) {
  return {memref, op.getHeadsFirst() && (*op.getHeadsFirst())[number]};
}

AttentionBuilder::AttentionBuilder(KernelBuilder &b, kernel::AttentionOp op)
    : b(b), query(get(op, op.getQuery(), 0)), key(get(op, op.getKey(), 1)),
      value(get(op, op.getValue(), 2)), result(get(op, op.getOutputs()[0], 3)),
      mask(op.getMask()), keySize(key.size()), valueSize(value.size()),
      scale(op.getScale().convertToFloat()), causal(op.getCausal()),
      window(op.getWindow() ? static_cast<int64_t>(*op.getWindow()) : 0) {
  findFormat(op);
}

AttentionBuilder::AttentionBuilder(KernelBuilder &b,
                                   kernel::CachedAttentionOp op)
    : b(b), query{op.getQuery(), false}, result{op.getOutputs()[0], false},
      lengths(op.getLengths()),
      group(query.staticHeads() / op.getLayout().getHeads()),
      keySize(op.getLayout().getKeySize()),
      valueSize(op.getLayout().getValueSize()),
      scale(op.getScale().convertToFloat()), causal(true),
      window(op.getWindow() ? static_cast<int64_t>(*op.getWindow()) : 0) {
  findFormat(op);
  if (op.getOwn().empty())
    cached.emplace(b, op.getLayout(), op.getCache());
  else
    grouped.emplace(b, op.getLayout(), op.getCache(), op.getFront(),
                    GroupedCache::Run{op.getOwn()[0], op.getOwn()[1]});
}

void AttentionBuilder::forTiles(Value row, Value end,
                                llvm::function_ref<void(int64_t, Value)> body) {
  Value full = b.add(row, b.mul(b.div(b.sub(end, row), maxRows), maxRows));
  b.loop(row, full, maxRows, [&](Value row) { body(maxRows, row); });
  row = full;
  for (int64_t size = maxRows - 1; size >= 1; --size) {
    if (size != group && !llvm::isPowerOf2_64(size))
      continue;
    Value rest = b.sub(end, row);
    Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rest,
                                       b.index(size));
    b.ifElse(fits, [&] { body(size, row); });
    row =
        b.add(row, arith::SelectOp::create(b, fits, b.index(size), b.index(0)));
  }
}

/// keys[d][j] = key firstKey + j. Past the last key that one is repeated, up to
/// a whole tile. A cache has them so.
void AttentionBuilder::packKeys() {
  if (cached) {
    cached->moveTo(b.div(firstKey, kKeys), b.dim(query.memref, 0), batch,
                   keyHead);
    cachedKeys = cached->keys();
    cachedValues = cached->values();
    return;
  }
  if (codeFormat)
    return packKeyCodes();
  int64_t size = keySize, whole = size / kTransposed * kTransposed;
  Value last = b.sub(tokens, b.index(1));
  int64_t step = panelsOf(1) * kLanes;
  Value padded = b.mul(b.ceilDiv(numKeys, step), step);
  auto type = b.vec(b.getF32Type(), kTransposed);
  b.loop(b.index(0), padded, kTransposed, [&](Value j) {
    Values tokens;
    for (int64_t i = 0; i < kTransposed; ++i)
      tokens.push_back(b.min(b.add(firstKey, b.add(j, i)), last));
    b.loop(b.index(0), b.index(whole), kTransposed, [&](Value d) {
      Values rows;
      for (Value token : tokens)
        rows.push_back(
            b.load(type, key.memref, key.at(batch, token, keyHead, d)));
      for (auto [i, column] : llvm::enumerate(transpose8(b, rows)))
        b.store(column, keys, b.add(b.mul(b.add(d, i), kKeys), j));
    });
    for (int64_t d = whole; d < size; ++d)
      for (auto [i, token] : llvm::enumerate(tokens)) {
        Value element = memref::LoadOp::create(
            b, key.memref, key.at(batch, token, keyHead, b.index(d)));
        memref::StoreOp::create(b, element, keys,
                                ValueRange{b.add(j, d * kKeys + i)});
      }
  });
}

void AttentionBuilder::buildUnit(Value first, Value count) {
  firstRow = first;
  Value zero = b.constant(b.f32s(), 0.0);
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  b.loop(b.index(0), count, kLanes, [&](Value row) {
    b.store(least, state, row);
    b.store(zero, state, sumsAt(row));
  });
  b.loop(b.index(0), count, 1, [&](Value row) {
    for (int64_t e = 0; e < paddedSize; e += kLanes)
      b.store(zero, results, resultAt(row, 0, e));
  });
  if (codeFormat)
    packQueryCodes(count);
  Value begin = b.index(0), end = tokens;
  Value lastToken = b.div(b.sub(b.add(first, count), b.index(1)), group);
  if (causal)
    end = b.min(end, b.add(b.add(lastToken, 1), earlier));
  if (window) {
    Value gone =
        b.sub(b.add(b.add(b.div(first, group), earlier), 1), b.index(window));
    begin = b.mul(b.div(b.max(gone, b.index(0)), kKeys), kKeys);
  }
  b.loop(begin, end, kKeys, [&](Value block) {
    firstKey = block;
    numKeys = b.min(b.sub(end, block), b.index(kKeys));
    if (grouped)
      return buildGroupedBlock(count);
    packKeys();
    buildBlock(b.index(0), count);
  });
  forTiles(b.index(0), count,
           [&](int64_t rows, Value row) { buildResult(rows, row); });
}

void AttentionBuilder::buildBlock(Value row, Value end) {
  forTiles(row, end,
           [&](int64_t rows, Value row) { buildVisibleTile(rows, row); });
}

/// Rows see the block that they are in themselves as f16, and earlier ones
/// packed.
void AttentionBuilder::buildGroupedBlock(Value count) {
  auto rowOf = [&](Value token) {
    Value row = b.sub(b.mul(b.sub(token, earlier), group), firstRow);
    return b.min(b.max(row, b.index(0)), count);
  };
  Value block = b.div(firstKey, kKeys);
  Value own = rowOf(firstKey), later = rowOf(b.add(firstKey, kKeys));
  b.ifElse(b.less(own, later), [&] {
    grouped->loadExact(block);
    buildBlock(own, later);
  });
  b.ifElse(b.less(later, count), [&] {
    grouped->loadPacked(block);
    buildBlock(later, count);
  });
}

void AttentionBuilder::build(Units units) {
  bool wide = b.target.vectorBits >= kLanes * 32;
  maxRows = wide ? 8 : 4;
  maxSums = wide ? 24 : 4;
  paddedSize = llvm::alignTo(valueSize, kLanes);
  Type f32 = b.getF32Type();
  if (grouped)
    keys = grouped->keys;
  else if (!cached && !codeFormat)
    keys = b.scratch(keySize * kKeys, f32);
  weights = b.scratch(maxRows * kKeys, f32);
  state = b.scratch(2 * (kUnitAttentionRows + kLanes), f32);
  results = b.scratch(kUnitAttentionRows * paddedSize, f32);
  for (Value *numbers : {&peaksOf, &shifts, &factors})
    *numbers = b.scratch(kLanes, f32);
  if (codeFormat)
    prepareCodes();
  // A tile of few rows leaves the other lanes alone.
  b.store(b.constant(b.f32s(), 0.0), peaksOf, b.index(0));
  Value queries = query.tokens(b), rows = b.mul(queries, group);
  Value groups = b.div(query.heads(b), group);
  Value shared = lengths ? b.index(1) : b.div(groups, key.heads(b));
  if (!lengths) {
    tokens = key.tokens(b);
    earlier = b.sub(tokens, queries);
  }
  Value blocks = b.ceilDiv(rows, kUnitAttentionRows);
  b.loop(units.begin, units.end, 1, [&](Value unit) {
    Value block = b.rem(unit, blocks), number = b.div(unit, blocks);
    Value groupNumber = b.rem(number, groups);
    batch = b.div(number, groups);
    firstHead = b.mul(groupNumber, group);
    keyHead = b.div(groupNumber, shared);
    if (lengths) {
      Value length = memref::LoadOp::create(b, lengths, ValueRange{batch});
      earlier = arith::IndexCastOp::create(b, b.getIndexType(), length);
      tokens = b.add(earlier, queries);
    }
    if (grouped)
      grouped->moveTo(batch, keyHead, earlier);
    Value first = b.div(b.mul(rows, block), blocks),
          end = b.div(b.mul(rows, b.add(block, 1)), blocks);
    buildUnit(first, b.sub(end, first));
  });
}

LogicalResult squint::kernel::buildAttention(KernelBuilder &b,
                                             kernel::AttentionOp op,
                                             Units units) {
  if (failed(checkFloatHeads(
          op, {op.getQuery(), op.getKey(), op.getValue(), op.getOutputs()[0]})))
    return failure();
  if (Value mask = op.getMask()) {
    auto type = cast<MemRefType>(mask.getType());
    if (type.getRank() != 4 || !type.getElementType().isF32())
      return op->emitError()
             << "expected a mask of f32 of rank 4, got " << type;
    if (failed(checkRows(op, mask)))
      return failure();
  }
  AttentionBuilder(b, op).build(units);
  return success();
}

LogicalResult squint::kernel::buildCachedAttention(KernelBuilder &b,
                                                   kernel::CachedAttentionOp op,
                                                   Units units) {
  if (failed(checkFloatHeads(op, {op.getQuery(), op.getOutputs()[0]})))
    return failure();
  AttentionBuilder(b, op).build(units);
  return success();
}
