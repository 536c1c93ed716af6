//===- AttentionTile.cpp - scores, weights and values -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Rows.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

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

Values AttentionBuilder::multiplyKeys(int64_t rows, Value row, Value column) {
  int64_t panels = panelsOf(rows);
  Values sums(rows * panels, b.constant(b.f32s(), 0.0));
  return b.loop(
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
}

/// Scores of the keys from `column` on, as many panels as a tile has, and the
/// largest so far in each lane. Lanes past the last key are -inf.
Values AttentionBuilder::buildScores(int64_t rows, Value row, Value column,
                                     bool partial, ValueRange peaks) {
  int64_t panels = panelsOf(rows);
  Values sums = codeFormat ? multiplyKeyCodes(rows, row, column)
                           : multiplyKeys(rows, row, column);
  Values rowFactors(rows, b.constant(b.f32s(), scale));
  for (int64_t r = 0; codeFormat && r < rows; ++r)
    rowFactors[r] = b.splat(arith::MulFOp::create(
        b, loadScalar(queryScales, b.add(row, r)), b.f32(scale)));
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  Values result(peaks);
  for (int64_t p = 0; p < panels; ++p) {
    Value at = b.add(column, p * kLanes);
    Value lanes = partial ? b.mask(b.sub(numKeys, at)) : Value();
    Value keyScales = cachedKeys && cachedKeys->scales
                          ? b.load(b.f32s(), cachedKeys->scales, at)
                          : Value();
    for (int64_t r = 0; r < rows; ++r) {
      Value score = sums[r * panels + p], factor = rowFactors[r];
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
      result[r] = selectLarger(b, score, result[r]);
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
        b,
        b.reduce(peaks[r],
                 [&](Value a, Value c) { return selectLarger(b, a, c); }),
        peaksOf, ValueRange{b.index(r)});
  Value before = b.load(b.f32s(), state, row);
  Value now = selectLarger(b, b.load(b.f32s(), peaksOf, b.index(0)), before);
  storeState(now, row, rows);
  // Where no score is above -inf so far all weights are to be 0.
  Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, now, least);
  Value shift = arith::SelectOp::create(b, none, zero, now);
  Value factor =
      math::ExpOp::create(b, arith::SubFOp::create(b, before, shift));
  b.store(shift, shifts, b.index(0));
  b.store(factor, factors, b.index(0));

  // A row's sum and shift stay in registers, beside an exponential's constants.
  constexpr int64_t constants = 12;
  int64_t together = rows, each = kLanes * 32 / b.target.vectorBits;
  if (!b.target.isDevice())
    together = std::clamp<int64_t>(
        (b.target.numVectorRegisters - constants) / (each + 1), 1, rows);
  Value padded = b.mul(b.ceilDiv(numKeys, kLanes), kLanes);
  Values sums;
  for (int64_t first = 0; first < rows; first += together) {
    int64_t count = std::min(together, rows - first);
    Values splats;
    for (int64_t r = 0; r < count; ++r)
      splats.push_back(b.splat(loadScalar(shifts, b.index(first + r))));
    sums.append(
        b.loop(b.index(0), padded, kLanes, Values(count, zero),
               [&](Value column, ValueRange current) {
                 Values next;
                 for (int64_t r = 0; r < count; ++r) {
                   Value at = b.add(column, (first + r) * kKeys);
                   Value weight = math::ExpOp::create(
                       b, arith::SubFOp::create(
                              b, b.load(b.f32s(), weights, at), splats[r]));
                   b.store(weight, weights, at);
                   next.push_back(arith::AddFOp::create(b, current[r], weight));
                 }
                 return next;
               }));
  }
  if (codeFormat)
    packWeights(rows);
  for (int64_t r = 0; r < rows; ++r)
    memref::StoreOp::create(b, b.reduceAdd(sums[r]), peaksOf,
                            ValueRange{b.index(r)});
  Value total = b.fma(b.load(b.f32s(), state, sumsAt(row)), factor,
                      b.load(b.f32s(), peaksOf, b.index(0)));
  storeState(total, sumsAt(row), rows);
}

void AttentionBuilder::buildValues(int64_t rows, Value row) {
  if (codeFormat)
    return buildCodedValues(rows, row);
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
