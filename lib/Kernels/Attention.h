//===- Attention.h - the builder of attention kernels -----------*- C++ -*-===//
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

#ifndef SQUINT_LIB_KERNELS_ATTENTION_H
#define SQUINT_LIB_KERNELS_ATTENTION_H

#include "Cache.h"
#include "GroupedCache.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Work.h"

namespace squint::kernel {

/// Keys of a block: a multiple of every tile's.
inline constexpr int64_t kKeys = CacheLayout::kBlockTokens;
/// [B, tokens, heads, size], or with the middle two exchanged.
struct Tokens {
  using Value = mlir::Value;

  Value memref;
  bool headsFirst;

  llvm::SmallVector<Value> at(Value batch, Value token, Value head,
                              Value element) const {
    if (headsFirst)
      return {batch, head, token, element};
    return {batch, token, head, element};
  }
  int64_t size() const {
    return llvm::cast<mlir::MemRefType>(memref.getType()).getDimSize(3);
  }
  int64_t staticHeads() const {
    return llvm::cast<mlir::MemRefType>(memref.getType())
        .getDimSize(headsFirst ? 1 : 2);
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
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = KernelBuilder::Values;

  AttentionBuilder(KernelBuilder &b, kernel::AttentionOp op);
  AttentionBuilder(KernelBuilder &b, kernel::CachedAttentionOp op);

  void build(Units units);

private:
  /// Pieces of a row of values: where they start, their lanes, and the mask of
  /// those that are there, null for all.
  struct Piece {
    int64_t start, lanes;
    Value mask;
  };

  void buildUnit(Value first, Value count);
  void packKeys();
  /// 16 keys of one element, or a piece of the elements of one value.
  Value loadKeys(Value at);
  Value loadValue(Value token, const Piece &piece);
  void buildTile(int64_t rows, Value row);
  void buildVisibleTile(int64_t rows, Value row);
  Value hideKeys(Value score, Value token, Value at);
  /// Of queries and keys for each row and panel from `column` on.
  Values multiplyKeys(int64_t rows, Value row, Value column);
  Values buildScores(int64_t rows, Value row, Value column, bool partial,
                     ValueRange peaks);
  void buildWeights(int64_t rows, Value row, ValueRange peaks);
  void buildValues(int64_t rows, Value row);

  // Products of integers: the same of codes.
  void findFormat(mlir::Operation *op);
  void prepareCodes();
  void packQueryCodes(Value count);
  void packKeyCodes();
  Values multiplyKeyCodes(int64_t rows, Value row, Value column);
  void packWeights(int64_t rows);
  void buildCodedValues(int64_t rows, Value row);
  /// Four codes that are multiplied together, as one number.
  Value loadQuad(Value codes, Value at);
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
  llvm::SmallVector<Piece> getPieces();

  Value loadScalar(Value memref, Value at) {
    return mlir::memref::LoadOp::create(b, memref, ValueRange{at});
  }
  Value tokenAt(Value row, int64_t r) {
    return b.div(b.add(firstRow, b.add(row, r)), group);
  }
  llvm::SmallVector<Value> indicesAt(const Tokens &of, Value row, int64_t r,
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
  /// With products of integers their format, and scratch memory for codes and
  /// scales of queries [rows][size], of keys and values as a cache has them in
  /// quads, and of a tile's weights [maxRows][kKeys]. Where the machine's
  /// product takes one unsigned factor, keys are 128 more, and `querySums` are
  /// what makes up for it.
  std::optional<Format> codeFormat;
  bool unsignedKeys = false;
  Value queryCodes, queryScales, querySums, weightCodes, weightScales;
  // Of the unit, then of the block of keys.
  Value batch, firstHead, keyHead, firstRow, firstKey, numKeys;
  std::optional<CachedPart> cachedKeys, cachedValues;
  /// Of a causal attention: the keys that the first query of all sees besides
  /// its own.
  Value earlier;
  /// All keys of the sequence.
  Value tokens;
};

} // namespace squint::kernel

#endif // SQUINT_LIB_KERNELS_ATTENTION_H
