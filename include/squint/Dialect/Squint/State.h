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

/// A matrix of integers with a scale and a minimum, both f16, for every group
/// of a row: offsets of its codes [rows][rowBytes], scales [rows][groups] and
/// minima [rows][groups]. 16 bytes hold `16 * perByte` codes, the first 16 in
/// the lowest bits.
struct GroupedMatrix {
  int64_t rows, columns, bits, groupSize;
  int64_t perByte, rowBytes, groups;
  int64_t codes, scales, minima, end;

  static GroupedMatrix get(const Format &format, int64_t rows, int64_t columns,
                           int64_t start);
};

/// Bytes of what one head keeps of a block of tokens, from the head's start.
struct CacheLayout {
  static constexpr int64_t kBlockTokens = 128;

  Format keys, values;
  int64_t keySize, valueSize;
  int64_t keyScales, valueCodes, valueScales;
  int64_t headBytes; // a multiple of 64

  /// Of integers in groups: the matrices of a block, and what one head keeps
  /// before the blocks, from its start there.
  bool isGrouped;
  GroupedMatrix keyMatrix, valueMatrix;
  int64_t recentValues, firstKeys, firstValues, recentBlock;
  int64_t frontBytes; // a multiple of 64

  static CacheLayout get(CacheAttr cache);
  /// Nothing, or what is wrong with the formats of keys and values.
  static llvm::Error check(const Format &keys, const Format &values);
};

} // namespace squint

#endif
