//===- Planner.h - tiles from what a target has -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_KERNELS_PLANNER_H
#define SQUINT_KERNELS_PLANNER_H

#include "squint/Kernels/Layout.h"
#include "squint/Target/TargetInfo.h"

namespace squint::kernel {

/// Register tiles of a matrix product. Up to `fewRows` rows are bound by memory
/// and read `fewPanels` panels at once, the target's count of streams; more
/// rows are cut evenly into tiles of up to `rows` rows and `panels` panels.
/// What the target's table does not say comes from a model of what a step of
/// the inner loop costs.
struct GemmPlan {
  int64_t fewRows = 1, fewPanels = 1;
  int64_t rows = 4, panels = 1;
  /// Weights are asked for so far ahead of their use by tiles of so many rows;
  /// 0 bytes: never.
  int64_t prefetchBytes = 0, prefetchRows = 1;
  /// Bytes of 8-bit weights are made signed (xor 0x80) because the target's dot
  /// product wants them so.
  bool signedWeights = false;
  /// 4-bit weights go through 16-bit sums.
  bool pairs = false;
  /// Many rows: codes are unpacked to bytes once for all of a unit, as
  /// unpacking takes a share of what products do.
  bool unpack = false;
  /// Rows from which on a unit is computed in matrix tiles of this many rows;
  /// 0 without such.
  int64_t tileRows = 0;
};

/// Codes times codes. Scales change every `blockSize` k: where that is less
/// than a row, float sums live beside the integer ones. `wholeRange`:
/// activations may be -128, which has no negative.
GemmPlan planIntegerGemm(const TargetInfo &target, const PanelLayout &layout,
                         int64_t blockSize, bool wholeRange = false);
/// Floats times floats; `allowBf16`: bfloat16 weights may be multiplied with
/// rounded activations.
GemmPlan planFloatGemm(const TargetInfo &target, const PanelLayout &layout,
                       bool allowBf16 = false);
/// Floats times codes that are decoded, in four sums each.
GemmPlan planDecodedGemm(const TargetInfo &target, const PanelLayout &layout);

} // namespace squint::kernel

#endif
