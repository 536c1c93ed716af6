//===- Cache.h - keys and values of earlier tokens --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_CACHE_H
#define SQUINT_LIB_KERNELS_CACHE_H

#include "squint/Dialect/Squint/State.h"
#include "squint/Kernels/Builder.h"

namespace squint::kernel {

/// Keys or values that a head keeps of a block of tokens: memrefs of one
/// dimension, with scales where the format has them, one a token.
struct CachedPart {
  const Format *format;
  mlir::Value codes, scales;

  /// 16 codes from `at` on as f32, not yet scaled.
  mlir::Value load(KernelBuilder &b, mlir::Value at,
                   mlir::Value mask = {}) const;
  /// Asks for what will be read some way behind `count` codes from `at` on, if
  /// the target's own prefetcher needs that.
  void prefetch(KernelBuilder &b, mlir::Value at, int64_t count) const;
};

/// Rounds the elements of one head of one token, which begin at `indices` of
/// `row`.
class HeadEncoder {
public:
  HeadEncoder(KernelBuilder &b, const Format &format, mlir::Value row,
              mlir::ValueRange indices)
      : b(b), format(format), row(row), indices(indices) {}

  /// Hands 16 codes from element `at` on to `store(at, codes, mask)`; the scale
  /// goes to `scales[slot]` if there is one.
  void
  encode(int64_t size, mlir::Value scales, mlir::Value slot,
         llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> store);
  /// The parts of it: gives 1 / scale in 16 lanes, then 16 codes.
  mlir::Value storeScale(int64_t size, mlir::Value scales, mlir::Value slot);
  mlir::Value encodeLanes(mlir::Value values, mlir::Value inverse);
  mlir::Value load(mlir::Value at, mlir::Value mask) const;

private:
  KernelBuilder &b;
  const Format &format;
  mlir::Value row;
  KernelBuilder::Values indices;
};

/// Puts 16 codes of a key, from element `at` on, among those of other keys.
void storeKeyQuads(KernelBuilder &b, mlir::Value codes, mlir::Value slot,
                   mlir::Value at, mlir::Value bytes);

/// What one head keeps of a block, in the bytes of a state.
class CachedHead {
public:
  CachedHead(KernelBuilder &b, CacheAttr cache, mlir::Value state)
      : b(b), cache(cache), layout(CacheLayout::get(cache)), state(state) {}

  /// Goes to a head of a sequence, `sequences` side by side.
  void moveTo(mlir::Value block, mlir::Value sequences, mlir::Value sequence,
              mlir::Value head);
  /// Keys [key_size, 128], tokens fastest, and values [128, value_size].
  CachedPart keys() const;
  CachedPart values() const;

private:
  CachedPart part(const Format &format, int64_t codes, int64_t size,
                  int64_t scales) const;

  KernelBuilder &b;
  CacheAttr cache;
  CacheLayout layout;
  mlir::Value state, start;
};

} // namespace squint::kernel

#endif // SQUINT_LIB_KERNELS_CACHE_H
