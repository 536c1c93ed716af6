//===- Planner.cpp - tiles from what a target has ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Planner.h"

using namespace squint;
using namespace squint::kernel;

/// Vector registers that the 16 sums of one row and panel take.
static int64_t registersPerPanel(const TargetInfo &target) {
  return PanelLayout::width * 32 / target.vectorBits;
}

/// Panels that a tile may span: as wide as asked while all panels divide into
/// such tiles.
static int64_t choosePanels(const PanelLayout &layout, int64_t wanted) {
  while (wanted > 1 && layout.panels < wanted)
    wanted /= 2;
  return wanted;
}

GemmPlan squint::kernel::planIntegerGemm(const TargetInfo &target,
                                         const PanelLayout &layout,
                                         int64_t blockSize) {
  GemmPlan plan;
  bool blocks = blockSize < layout.columns;
  bool unsignedDot = target.avx512Vnni || target.avxVnni;
  plan.signedWeights = layout.format.bits() == 8 && !unsignedDot;
  plan.pairs = layout.format.isInteger() && layout.format.bits() <= 4 &&
               target.hasFeature("ssse3") && !unsignedDot;
  int64_t each = registersPerPanel(target),
          registers = target.numVectorRegisters;
  plan.fewPanels = choosePanels(layout, target.streams);
  // A matrix tile is 16 rows of 64 bytes; shorter blocks would leave a part of
  // it empty.
  if (target.amxInt8 && target.avx512Vnni &&
      (blocks ? blockSize % 64 == 0 : layout.columns >= 64))
    plan.tileRows = 16;
  if (each == 1) {
    plan.fewRows = 1;
    plan.panels = choosePanels(layout, blocks ? 1 : 2);
    // Two sums a row with blocks. The rest holds weights and scales.
    plan.rows = blocks ? 8 : plan.panels == 2 ? 12 : 16;
    return plan;
  }
  plan.panels = 1;
  plan.rows =
      std::max<int64_t>(1, (registers - (registers > 16 ? 8 : 4)) / each);
  if (unsignedDot)
    plan.rows = 6;
  if (blocks)
    plan.rows = std::min<int64_t>(plan.rows, 4);
  plan.fewRows = 1;
  return plan;
}

GemmPlan squint::kernel::planFloatGemm(const TargetInfo &target,
                                       const PanelLayout &layout,
                                       bool allowBf16) {
  GemmPlan plan;
  if (allowBf16 && layout.format.element->name == "bf16" &&
      (target.avx512Bf16 || target.amxBf16))
    plan.tileRows = 16;
  int64_t each = registersPerPanel(target),
          registers = target.numVectorRegisters;
  // One chain of multiply-adds a panel: narrow weights come in faster than one
  // chain is.
  bool narrow = layout.format.bits() < 32;
  plan.fewRows = 1;
  plan.fewPanels = choosePanels(layout, narrow ? 4 : target.streams);
  if (each == 1) {
    plan.panels = choosePanels(layout, 2);
    plan.rows = 12;
    return plan;
  }
  plan.panels = 1;
  plan.rows =
      std::max<int64_t>(1, (registers - (registers > 16 ? 8 : 4)) / each);
  return plan;
}

GemmPlan squint::kernel::planDecodedGemm(const TargetInfo &target) {
  GemmPlan plan;
  int64_t each = registersPerPanel(target);
  plan.fewRows = each == 1 ? 4 : 1;
  // Eight registers for values, activations and addresses' sake.
  plan.rows =
      std::max<int64_t>(1, (int64_t(target.numVectorRegisters) - 8) / each / 4);
  return plan;
}
