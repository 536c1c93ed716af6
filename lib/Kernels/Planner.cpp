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

namespace {

/// One step of an inner loop, in which every sum gets one product: counts are
/// those of registers of 16 lanes, whatever the target's are.
struct Step {
  /// That live across steps for a row and a panel, and beside them for a panel.
  int64_t sums = 1, weights = 1;
  /// Of the target, that the tile takes besides.
  int64_t others = 0;
  /// Instructions for a product, and for the weights of a panel.
  double product = 1, unpack = 0;
  /// More of them take more address registers than there are.
  int64_t maxRows = 10;
};

struct Tile {
  int64_t rows = 1, panels = 1;
};

} // namespace

/// Instructions that start in a cycle, and cycles of a load over those at best:
/// rows often lie a power of two apart, where a cache serves fewer.
static constexpr double kIssueWidth = 4, kLoadFactor = 1.3;
static constexpr int64_t kMaxPanels = 4;

/// Cycles of a step for each product: products, loads (a broadcast activation
/// serves all panels) and all instructions have their units, and a sum waits
/// for its last product.
static double getCost(const TargetInfo &target, const Step &step, Tile tile) {
  int64_t each = registersPerPanel(target);
  double products = double(tile.rows * tile.panels * each),
         weights = double(tile.panels * each);
  double cycles = std::max(
      {products * step.product / target.productsPerCycle,
       (weights + double(tile.rows)) * kLoadFactor / target.loadsPerCycle,
       (products * step.product + weights * (1 + step.unpack)) / kIssueWidth,
       double(target.productLatency)});
  return cycles / products;
}

/// The cheapest tile whose registers there are.
static Tile chooseTile(const TargetInfo &target, const PanelLayout &layout,
                       const Step &step) {
  int64_t each = registersPerPanel(target);
  Tile best;
  double bestCost = getCost(target, step, best);
  for (int64_t panels = 1; panels <= choosePanels(layout, kMaxPanels);
       panels *= 2)
    for (int64_t rows = 1; rows <= step.maxRows; ++rows) {
      int64_t registers =
          panels * each * (rows * step.sums + step.weights) + step.others;
      if (registers > target.numVectorRegisters)
        break;
      double cost = getCost(target, step, {rows, panels});
      // A taller tile unpacks less often, at the same cost of a product.
      if (cost < bestCost * 0.999 ||
          (cost < bestCost * 1.001 && panels == best.panels)) {
        best = {rows, panels};
        bestCost = cost;
      }
    }
  return best;
}

/// What the target's table says, and `tile` where it says nothing.
static void complete(GemmPlan &plan, const TargetInfo &target,
                     const PanelLayout &layout, InnerLoop loop, Tile tile) {
  const Tuning &tuning = target.getTuning(loop);
  bool tuned = tuning.rows != Tuning::unknown;
  plan.fewPanels = choosePanels(layout, tuning.streams);
  plan.prefetchBytes = tuning.prefetchBytes;
  plan.prefetchRows = tuning.prefetchRows;
  plan.rows = tuned ? tuning.rows : tile.rows;
  plan.panels = tuning.panels != Tuning::unknown
                    ? choosePanels(layout, tuning.panels)
                    : tile.panels;
}

GemmPlan squint::kernel::planIntegerGemm(const TargetInfo &target,
                                         const PanelLayout &layout,
                                         int64_t blockSize, bool wholeRange) {
  GemmPlan plan;
  bool blocks = blockSize < layout.columns;
  bool unsignedDot = target.avx512Vnni || target.avxVnni;
  plan.signedWeights =
      (layout.format.bits() == 8 || layout.levels.highest > INT8_MAX) &&
      !unsignedDot;
  plan.pairs = layout.format.isInteger() && layout.format.bits() <= 4 &&
               target.hasFeature("ssse3") && !unsignedDot;
  // A matrix tile is 16 rows of 64 bytes; shorter blocks would leave a part of
  // it empty.
  if (target.amxInt8 && target.avx512Vnni &&
      (blocks ? blockSize % 64 == 0 : layout.columns >= 64))
    plan.tileRows = 16;
  plan.unpack = (registersPerPanel(target) > 1 && !layout.hasByteCodes()) ||
                layout.hasStreams();
  bool dot = unsignedDot || target.dotProd;
  Step step;
  // Float sums of blocks lie beside the others, and so do the quads of a piece
  // there and where codes have several planes; with few registers, in memory.
  bool inRegisters = target.numVectorRegisters > 16;
  if (inRegisters)
    step.sums = blocks ? 2 : 1 + plan.pairs;
  // Magnitudes and signs.
  bool split = plan.signedWeights && !dot;
  bool planes =
      getPlanes(layout.format.bits()).size() > 1 || layout.format.sparse;
  step.weights = (blocks || planes) && inRegisters ? 8 : split ? 2 : 1;
  // Bytes whose signs cannot be moved are words: even and odd ones of a row,
  // and their products.
  step.others = blocks && inRegisters ? 7 : split && wholeRange ? 5 : 3;
  // Rows of codes, scales and sums.
  if (blocks)
    step.maxRows = 8;
  step.product = dot ? 1 : plan.pairs ? 2 : 5;
  step.unpack = plan.unpack || layout.hasByteCodes() ? 0 : 2;
  Tile tile = chooseTile(target, layout, step);
  complete(plan, target, layout, blocks ? InnerLoop::Groups : InnerLoop::Bytes,
           tile);
  // Codes of one plane are measured; others take more registers.
  if (planes) {
    plan.rows = std::min(plan.rows, tile.rows);
    plan.panels = std::min(plan.panels, tile.panels);
  }
  if (plan.unpack)
    plan.panels = 1;
  return plan;
}

GemmPlan squint::kernel::planFloatGemm(const TargetInfo &target,
                                       const PanelLayout &layout,
                                       bool allowBf16) {
  GemmPlan plan;
  if (allowBf16 && layout.format.element->name == "bf16" &&
      (target.avx512Bf16 || target.amxBf16))
    plan.tileRows = 16;
  bool narrow = layout.format.bits() < 32;
  Step step;
  step.others = 1;
  step.unpack = narrow ? 1 : 0;
  complete(plan, target, layout, narrow ? InnerLoop::Halves : InnerLoop::Floats,
           chooseTile(target, layout, step));
  // One chain of multiply-adds a panel: narrow weights come in faster than one
  // chain is.
  if (narrow)
    plan.fewPanels = choosePanels(layout, std::max<int64_t>(plan.fewPanels, 4));
  return plan;
}

GemmPlan squint::kernel::planDecodedGemm(const TargetInfo &target,
                                         const PanelLayout &layout) {
  GemmPlan plan;
  // One chain at a time; what is multiplied is decoded.
  Step step;
  step.others = 1;
  complete(plan, target, layout, InnerLoop::Decoded,
           chooseTile(target, layout, step));
  plan.fewPanels = 1;
  // Four chains of each row.
  plan.fewRows = registersPerPanel(target) == 1 ? 4 : 1;
  return plan;
}
