//===- GroupedCache.h - keys and values in few bits -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What one head keeps with integers in groups: blocks that are full are packed,
// the tokens of the last one and the first ones of all are f16. All of it goes
// through one block of floats in scratch memory.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GROUPEDCACHE_H
#define SQUINT_LIB_KERNELS_GROUPEDCACHE_H

#include "squint/Dialect/Squint/State.h"
#include "squint/Kernels/Builder.h"

namespace squint::kernel {

class GroupedCache {
public:
  /// Keys and values that a run brings, [B, S, heads, size].
  struct Run {
    mlir::Value key, value;
  };

  /// `front` is the layer's part of what lies before the blocks; null where
  /// `state` begins there.
  GroupedCache(KernelBuilder &b, CacheAttr cache, mlir::Value state,
               mlir::Value front, Run run);

  /// Goes to a head of a sequence that has `length` tokens before the run.
  void moveTo(mlir::Value sequence, mlir::Value head, mlir::Value length);

  /// The block of floats: keys [key_size, 128] and values [128, paddedSize].
  mlir::Value keys, values;
  int64_t paddedSize;

  /// Fills it with a block that has been packed, the first tokens as they are.
  void loadPacked(mlir::Value block);
  /// Fills it with the tokens of a block as f16, up to the run's last: from
  /// the front what was there before, which is of that block.
  void loadExact(mlir::Value block);
  /// Packs it.
  void storePacked(mlir::Value block);

  /// Makes sure that the tokens before the run of the block that it begins in
  /// are in the front: a sequence may have gone back to where they are packed.
  void restoreRecent();
  /// The run's tokens of the last block go to the front.
  void keepRecent();
  /// The run's tokens that are among the first of all go there too.
  void keepFirst();

  /// Of the run: its first block, and its tokens' end.
  mlir::Value firstBlock() { return b.div(length, kTokens); }
  mlir::Value end() { return b.add(length, tokens); }

  static constexpr int64_t kTokens = CacheLayout::kBlockTokens;

private:
  mlir::Value view(mlir::Value bytes, mlir::Value start, int64_t offset,
                   int64_t elements, mlir::Type type);
  mlir::Value recentKeys(), recentValues(), firstKeys(), firstValues(),
      recentBlock();
  /// Of a matrix: codes, scales and minima.
  struct Parts {
    mlir::Value codes, scales, minima;
  };
  Parts partsOf(const GroupedMatrix &matrix, mlir::Value block);
  void decode(const GroupedMatrix &matrix, mlir::Value block,
              mlir::Value floats, int64_t width);
  void encode(const GroupedMatrix &matrix, mlir::Value block,
              mlir::Value floats, int64_t width);
  /// Writes a token of the run to column `slot` of keys [key_size, width] and
  /// to row `slot` of values, both f16.
  void storeToken(mlir::Value token, mlir::Value slot, mlir::Value toKeys,
                  int64_t width, mlir::Value toValues);
  void transposeRun(mlir::Value firstToken, mlir::Value begin, mlir::Value end);
  mlir::Value toHalf(mlir::Value floats);
  mlir::Value roundToHalf(mlir::Value floats);
  mlir::Value startOf(mlir::Value block);

  KernelBuilder &b;
  CacheAttr cache;
  CacheLayout layout;
  mlir::Value state, front;
  Run run;
  mlir::Value sequences, tokens;
  mlir::Value sequence, head, length, frontStart;
};

} // namespace squint::kernel

#endif // SQUINT_LIB_KERNELS_GROUPEDCACHE_H
