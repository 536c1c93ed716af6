//===- DynamicScale.h - scales of 8 bits ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Double quantization (Dettmers et al., QLoRA, arXiv:2305.14314): the scales of
// all groups, row after row and less their mean, are codes of 8 bits in blocks
// of 256 with a scale each:
//
//   scale[i] = level(code[i]) * block[i / 256] + mean
//
// each operation rounded to f32. The 256 levels are bitsandbytes' dynamic map
// (Dettmers, arXiv:1511.04561): seven decades below 1, of which the k-th has
// 2^k levels of either sign, the middles of as many even parts of [0.1, 1].
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_DYNAMICSCALE_H
#define SQUINT_NUMERICS_DYNAMICSCALE_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace squint {

struct DynamicScale {
  /// Scales that share one of their own.
  static constexpr int64_t block = 256;

  /// The levels by code, ascending.
  static llvm::ArrayRef<float> levels();
  /// The nearest level's, the lower one in the middle of two.
  static uint8_t encode(float value);

  /// f32 numbers beside the codes of `count` scales: one a block, then the
  /// mean.
  static int64_t numbers(int64_t count) {
    return (count + block - 1) / block + 1;
  }
  /// Writes the codes and the numbers of all scales.
  static void store(llvm::ArrayRef<float> scales, char *codes, char *numbers);
  static float load(const char *codes, const char *numbers, int64_t count,
                    int64_t index);
};

} // namespace squint

#endif // SQUINT_NUMERICS_DYNAMICSCALE_H
