//===- Attention.cpp - scores, softmax and values in one kernel -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is up to 64 query rows: tokens of one head, or, with a cache, of all
// heads that share its keys, head after head for each token. It goes through
// the keys in blocks of 128, whose transpose it keeps in scratch memory (or
// finds in a cache), and for each block through tiles of a few rows:
// scores[r][key] with keys in the lanes, then exp(score - largest), then values
// with their elements in the lanes. Between blocks a row keeps its largest
// score, its sum and its result so far.
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "GroupedCache.h"
#include "Rows.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Work.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {

/// Keys of a block: a multiple of every tile's.
constexpr int64_t kKeys = CacheLayout::kBlockTokens;
/// Keys that are transposed at a time.
constexpr int64_t kTransposed = 8;

/// [B, tokens, heads, size], or with the middle two exchanged.
struct Tokens {
  Value memref;
  bool headsFirst;

  SmallVector<Value> at(Value batch, Value token, Value head,
                        Value element) const {
    if (headsFirst)
      return {batch, head, token, element};
    return {batch, token, head, element};
  }
  int64_t size() const {
    return cast<MemRefType>(memref.getType()).getDimSize(3);
  }
  int64_t staticHeads() const {
    return cast<MemRefType>(memref.getType()).getDimSize(headsFirst ? 1 : 2);
  }
  Value tokens(KernelBuilder &b) const {
    return b.dim(memref, headsFirst ? 2 : 1);
  }
  Value heads(KernelBuilder &b) const {
    return b.dim(memref, headsFirst ? 1 : 2);
  }
};

class AttentionBuilder {
public:
  AttentionBuilder(KernelBuilder &b, kernel::AttentionOp op)
      : b(b), query(get(op, op.getQuery(), 0)), key(get(op, op.getKey(), 1)),
        value(get(op, op.getValue(), 2)),
        result(get(op, op.getOutputs()[0], 3)), mask(op.getMask()),
        keySize(key.size()), valueSize(value.size()),
        scale(op.getScale().convertToFloat()), causal(op.getCausal()),
        window(op.getWindow() ? static_cast<int64_t>(*op.getWindow()) : 0) {}

  AttentionBuilder(KernelBuilder &b, kernel::CachedAttentionOp op)
      : b(b), query{op.getQuery(), false}, result{op.getOutputs()[0], false},
        lengths(op.getLengths()),
        group(query.staticHeads() / op.getLayout().getHeads()),
        keySize(op.getLayout().getKeySize()),
        valueSize(op.getLayout().getValueSize()),
        scale(op.getScale().convertToFloat()), causal(true),
        window(op.getWindow() ? static_cast<int64_t>(*op.getWindow()) : 0) {
    if (op.getOwn().empty())
      cached.emplace(b, op.getLayout(), op.getCache());
    else
      grouped.emplace(b, op.getLayout(), op.getCache(), op.getFront(),
                      GroupedCache::Run{op.getOwn()[0], op.getOwn()[1]});
  }

  void build(Units units);

private:
  /// Pieces of a row of values: where they start, their lanes, and the mask of
  /// those that are there, null for all.
  struct Piece {
    int64_t start, lanes;
    Value mask;
  };

  static Tokens get(kernel::AttentionOp op, Value memref, unsigned number) {
    return {memref, op.getHeadsFirst() && (*op.getHeadsFirst())[number]};
  }

  void buildUnit(Value first, Value count);
  void packKeys();
  /// 16 keys of one element, or a piece of the elements of one value.
  Value loadKeys(Value at);
  Value loadValue(Value token, const Piece &piece);
  void buildTile(int64_t rows, Value row);
  void buildVisibleTile(int64_t rows, Value row);
  Value hideKeys(Value score, Value token, Value at);
  Values buildScores(int64_t rows, Value row, Value column, bool partial,
                     ValueRange peaks);
  void buildWeights(int64_t rows, Value row, ValueRange peaks);
  void buildValues(int64_t rows, Value row);
  void buildResult(int64_t rows, Value row);

  /// Panels of 16 lanes that a tile works on at a time.
  int64_t panelsOf(int64_t rows) const {
    return llvm::bit_floor<uint64_t>(std::min(maxSums / rows, kKeys / kLanes));
  }
  /// Of rows [row, end): tiles of `maxRows` rows, then the rest in a group's
  /// size and powers of two.
  void forTiles(Value row, Value end,
                llvm::function_ref<void(int64_t, Value)> body);
  void buildBlock(Value row, Value end);
  void buildGroupedBlock(Value count);
  SmallVector<Piece> getPieces();

  Value larger(Value a, Value c) {
    return arith::SelectOp::create(
        b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, a, c), a, c);
  }
  Value loadScalar(Value memref, Value at) {
    return memref::LoadOp::create(b, memref, ValueRange{at});
  }
  Value tokenAt(Value row, int64_t r) {
    return b.div(b.add(firstRow, b.add(row, r)), group);
  }
  SmallVector<Value> indicesAt(const Tokens &of, Value row, int64_t r,
                               Value element) {
    Value number = b.add(firstRow, b.add(row, r));
    return of.at(batch, b.div(number, group),
                 b.add(firstHead, b.rem(number, group)), element);
  }
  /// Where a tile's sums are in the state: behind the largest scores of all
  /// rows and as many as a vector has more.
  Value sumsAt(Value row) { return b.add(row, kUnitAttentionRows + kLanes); }
  void storeState(Value lanes, Value at, int64_t rows) {
    b.store(lanes, state, {at}, b.mask(rows));
  }
  Value resultAt(Value row, int64_t r, int64_t element) {
    return b.add(b.mul(b.add(row, r), paddedSize), element);
  }

  KernelBuilder &b;
  Tokens query, key, value, result;
  Value mask;
  /// In place of key and value, with the tokens of each sequence that are in it
  /// besides those of this run.
  std::optional<CachedHead> cached;
  std::optional<GroupedCache> grouped;
  Value lengths;
  /// Heads whose rows are in one unit, and the sizes of a key and a value.
  int64_t group = 1, keySize, valueSize;
  float scale;
  bool causal;
  int64_t window; // 0 for none
  int64_t maxRows = 0, maxSums = 0, paddedSize = 0;
  /// Scratch memory: keys [size][kKeys], weights [maxRows][kKeys], state,
  /// results [rows][paddedSize] and a few numbers of each row of a tile.
  Value keys, weights, state, results, peaksOf, shifts, factors;
  // Of the unit, then of the block of keys.
  Value batch, firstHead, keyHead, firstRow, firstKey, numKeys;
  std::optional<CachedPart> cachedKeys, cachedValues;
  /// Of a causal attention: the keys that the first query of all sees besides
  /// its own.
  Value earlier;
  /// All keys of the sequence.
  Value tokens;
};

} // namespace

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

SmallVector<AttentionBuilder::Piece> AttentionBuilder::getPieces() {
  SmallVector<Piece> pieces;
  int64_t size = valueSize;
  for (int64_t start = 0; start < size; start += kLanes) {
    int64_t rest = size - start;
    if (rest >= kLanes)
      pieces.push_back({start, kLanes, {}});
    else if (rest == kLanes / 2 && !lengths)
      pieces.push_back({start, rest, {}});
    else
      pieces.push_back({start, kLanes, b.mask(rest)});
  }
  return pieces;
}

Value AttentionBuilder::loadKeys(Value at) {
  return cachedKeys ? cachedKeys->load(b, at) : b.load(b.f32s(), keys, at);
}

Value AttentionBuilder::loadValue(Value token, const Piece &piece) {
  if (cachedValues)
    return cachedValues->load(b, b.add(b.mul(token, valueSize), piece.start),
                              piece.mask);
  if (grouped)
    return b.load(b.f32s(), grouped->values,
                  b.add(b.mul(token, paddedSize), piece.start));
  return b.load(
      b.vec(b.getF32Type(), piece.lanes), value.memref,
      value.at(batch, b.add(firstKey, token), keyHead, b.index(piece.start)),
      piece.mask);
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

/// -inf for those of 16 keys from `at` on that a query does not see.
Value AttentionBuilder::hideKeys(Value score, Value token, Value at) {
  Value seen = b.sub(b.add(b.add(token, earlier), 1), at);
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  score = arith::SelectOp::create(b, b.mask(seen), score, least);
  if (!window)
    return score;
  Value gone = b.mask(b.sub(seen, b.index(window)));
  return arith::SelectOp::create(b, gone, least, score);
}

/// Scores of the keys from `column` on, as many panels as a tile has, and the
/// largest so far in each lane. Lanes past the last key are -inf.
Values AttentionBuilder::buildScores(int64_t rows, Value row, Value column,
                                     bool partial, ValueRange peaks) {
  int64_t panels = panelsOf(rows);
  Values sums(rows * panels, b.constant(b.f32s(), 0.0));
  sums = b.loop(
      b.index(0), b.index(keySize), 1, sums, [&](Value d, ValueRange current) {
        Values loaded, next;
        Value at = b.add(b.mul(d, kKeys), column);
        for (int64_t p = 0; p < panels; ++p)
          loaded.push_back(loadKeys(b.add(at, p * kLanes)));
        if (cachedKeys)
          cachedKeys->prefetch(b, at, panels * kLanes);
        for (int64_t r = 0; r < rows; ++r) {
          Value x = b.splat(memref::LoadOp::create(
              b, query.memref, indicesAt(query, row, r, d)));
          for (int64_t p = 0; p < panels; ++p)
            next.push_back(b.fma(x, loaded[p], current[r * panels + p]));
        }
        return next;
      });
  Value factor = b.constant(b.f32s(), scale);
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  Values result(peaks);
  for (int64_t p = 0; p < panels; ++p) {
    Value at = b.add(column, p * kLanes);
    Value lanes = partial ? b.mask(b.sub(numKeys, at)) : Value();
    Value keyScales = cachedKeys && cachedKeys->scales
                          ? b.load(b.f32s(), cachedKeys->scales, at)
                          : Value();
    for (int64_t r = 0; r < rows; ++r) {
      Value score = sums[r * panels + p];
      if (keyScales)
        score = arith::MulFOp::create(b, score, keyScales);
      if (mask) {
        // A dimension of size 1 is read at 0.
        SmallVector<Value> indices{batch, firstHead, tokenAt(row, r),
                                   b.add(firstKey, at)};
        for (auto [size, index] :
             llvm::zip(cast<MemRefType>(mask.getType()).getShape(), indices))
          if (size == 1)
            index = b.index(0);
        score = b.fma(score, factor, b.load(b.f32s(), mask, indices, lanes));
      } else {
        score = arith::MulFOp::create(b, score, factor);
      }
      if (causal)
        score = hideKeys(score, tokenAt(row, r), b.add(firstKey, at));
      if (lanes)
        score = arith::SelectOp::create(b, lanes, score, least);
      b.store(score, weights, b.add(at, r * kKeys));
      result[r] = larger(score, result[r]);
    }
  }
  return result;
}

/// Scores become exp(score - largest), and the state of the rows goes on.
void AttentionBuilder::buildWeights(int64_t rows, Value row, ValueRange peaks) {
  Value zero = b.constant(b.f32s(), 0.0);
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  for (int64_t r = 0; r < rows; ++r)
    memref::StoreOp::create(
        b, b.reduce(peaks[r], [&](Value a, Value c) { return larger(a, c); }),
        peaksOf, ValueRange{b.index(r)});
  Value before = b.load(b.f32s(), state, row);
  Value now = larger(b.load(b.f32s(), peaksOf, b.index(0)), before);
  storeState(now, row, rows);
  // Where no score is above -inf so far all weights are to be 0.
  Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, now, least);
  Value shift = arith::SelectOp::create(b, none, zero, now);
  Value factor =
      math::ExpOp::create(b, arith::SubFOp::create(b, before, shift));
  b.store(shift, shifts, b.index(0));
  b.store(factor, factors, b.index(0));

  Values splats, sums(rows, zero);
  for (int64_t r = 0; r < rows; ++r)
    splats.push_back(b.splat(loadScalar(shifts, b.index(r))));
  Value padded = b.mul(b.ceilDiv(numKeys, kLanes), kLanes);
  sums = b.loop(
      b.index(0), padded, kLanes, sums, [&](Value column, ValueRange current) {
        Values next;
        for (int64_t r = 0; r < rows; ++r) {
          Value at = b.add(column, r * kKeys);
          Value weight = math::ExpOp::create(
              b, arith::SubFOp::create(b, b.load(b.f32s(), weights, at),
                                       splats[r]));
          b.store(weight, weights, at);
          next.push_back(arith::AddFOp::create(b, current[r], weight));
        }
        return next;
      });
  for (int64_t r = 0; r < rows; ++r)
    memref::StoreOp::create(b, b.reduceAdd(sums[r]), peaksOf,
                            ValueRange{b.index(r)});
  Value total = b.fma(b.load(b.f32s(), state, sumsAt(row)), factor,
                      b.load(b.f32s(), peaksOf, b.index(0)));
  storeState(total, sumsAt(row), rows);
}

void AttentionBuilder::buildValues(int64_t rows, Value row) {
  SmallVector<Piece> pieces = getPieces();
  int64_t wide = panelsOf(rows);
  for (size_t first = 0; first < pieces.size(); first += wide) {
    ArrayRef<Piece> some = ArrayRef(pieces).slice(
        first, std::min<size_t>(wide, pieces.size() - first));
    Values sums;
    for (int64_t r = 0; r < rows; ++r) {
      Value factor = loadScalar(factors, b.index(r));
      for (const Piece &piece : some)
        sums.push_back(arith::MulFOp::create(
            b,
            b.load(b.vec(b.getF32Type(), piece.lanes), results,
                   resultAt(row, r, piece.start)),
            b.splat(factor, piece.lanes)));
    }
    sums =
        b.loop(b.index(0), numKeys, 1, sums, [&](Value k, ValueRange current) {
          Values loaded, next;
          for (const Piece &piece : some)
            loaded.push_back(loadValue(k, piece));
          if (cachedValues)
            cachedValues->prefetch(b, b.mul(k, valueSize), valueSize);
          Value factor = cachedValues && cachedValues->scales
                             ? loadScalar(cachedValues->scales, k)
                             : Value();
          for (int64_t r = 0; r < rows; ++r) {
            Value weight = loadScalar(weights, b.add(k, r * kKeys));
            if (factor)
              weight = arith::MulFOp::create(b, weight, factor);
            for (auto [p, piece] : llvm::enumerate(some))
              next.push_back(b.fma(b.splat(weight, piece.lanes), loaded[p],
                                   current[r * some.size() + p]));
          }
          return next;
        });
    for (int64_t r = 0; r < rows; ++r)
      for (auto [p, piece] : llvm::enumerate(some))
        b.store(sums[r * some.size() + p], results,
                resultAt(row, r, piece.start));
  }
}

void AttentionBuilder::buildTile(int64_t rows, Value row) {
  Values peaks(rows,
               b.constant(b.f32s(), -std::numeric_limits<double>::infinity()));
  int64_t step = panelsOf(rows) * kLanes;
  Value whole = b.mul(b.div(numKeys, step), step);
  peaks = b.loop(b.index(0), whole, step, peaks,
                 [&](Value column, ValueRange current) {
                   return buildScores(rows, row, column, false, current);
                 });
  auto rest =
      scf::IfOp::create(b, ValueRange(peaks).getTypes(), b.less(whole, numKeys),
                        /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rest.thenBlock());
    scf::YieldOp::create(b, buildScores(rows, row, whole, true, peaks));
    b.setInsertionPointToStart(rest.elseBlock());
    scf::YieldOp::create(b, peaks);
  }
  buildWeights(rows, row, rest.getResults());
  buildValues(rows, row);
}

/// A tile of a causal attention ends with the last key that its last row sees,
/// and is left out where its first row sees none of the block.
void AttentionBuilder::buildVisibleTile(int64_t rows, Value row) {
  if (!causal)
    return buildTile(rows, row);
  Value all = numKeys;
  // Of the last row and the first.
  auto seenBy = [&](int64_t r) {
    return b.sub(b.add(b.add(tokenAt(row, r), 1), earlier), firstKey);
  };
  numKeys = b.min(numKeys, seenBy(rows - 1));
  Value any = b.less(b.index(0), numKeys);
  if (window) {
    Value gone = b.sub(seenBy(0), b.index(window));
    any = arith::AndIOp::create(b, any, b.less(gone, numKeys));
  }
  b.ifElse(any, [&] { buildTile(rows, row); });
  numKeys = all;
}

void AttentionBuilder::buildResult(int64_t rows, Value row) {
  Value sums = b.load(b.f32s(), state, sumsAt(row));
  b.store(arith::DivFOp::create(b, b.constant(b.f32s(), 1.0), sums), factors,
          b.index(0));
  for (int64_t r = 0; r < rows; ++r) {
    Value factor = loadScalar(factors, b.index(r));
    for (const Piece &piece : getPieces())
      b.store(
          arith::MulFOp::create(b,
                                b.load(b.vec(b.getF32Type(), piece.lanes),
                                       results, resultAt(row, r, piece.start)),
                                b.splat(factor, piece.lanes)),
          result.memref, indicesAt(result, row, r, b.index(piece.start)),
          piece.mask);
  }
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
  else if (!cached)
    keys = b.scratch(keySize * kKeys, f32);
  weights = b.scratch(maxRows * kKeys, f32);
  state = b.scratch(2 * (kUnitAttentionRows + kLanes), f32);
  results = b.scratch(kUnitAttentionRows * paddedSize, f32);
  for (Value *numbers : {&peaksOf, &shifts, &factors})
    *numbers = b.scratch(kLanes, f32);
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
