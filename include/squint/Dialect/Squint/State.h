//===- State.h - what a model remembers between runs --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_STATE_H
#define SQUINT_DIALECT_SQUINT_STATE_H

#include "squint/Dialect/Squint/Squint.h"

#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintState.h.inc"

namespace squint {

/// Of an argument of main: "lengths" of the sequences, or the "cache".
inline constexpr llvm::StringLiteral kStateAttr = "squint.state";

/// Bytes of what one head keeps of a block of tokens, from the head's start.
struct CacheLayout {
  static constexpr int64_t kBlockTokens = 128;

  Format keys, values;
  int64_t keySize, valueSize;
  int64_t keyScales, valueCodes, valueScales;
  int64_t headBytes; // a multiple of 64

  static CacheLayout get(CacheAttr cache);
  /// Nothing, or what is wrong with a format for keys or values.
  static llvm::Error check(const Format &format);
};

} // namespace squint

#endif
