//===- FuseElementwise.cpp - elementwise chains as one loop -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "squint/Conversion/Passes.h"

namespace squint {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;

/// Operations that cost more than to read their operands again.
static bool isExpensive(linalg::GenericOp op) {
  return llvm::any_of(op.getBody()->without_terminator(), [](Operation &inner) {
    if (isa<arith::DivFOp, arith::RemFOp, arith::DivSIOp, arith::DivUIOp,
            arith::RemSIOp, arith::RemUIOp, tensor::ExtractOp>(inner))
      return true;
    return isa<math::MathDialect>(inner.getDialect()) &&
           !isa<math::FmaOp, math::AbsFOp, math::AbsIOp>(inner);
  });
}

/// Whether the last dimension of every tensor is read along the last loop, or
/// not at all: what vectors load and store.
static bool isContiguous(linalg::GenericOp op) {
  unsigned last = op.getNumLoops() - 1;
  return op.getNumLoops() == 0 ||
         llvm::all_of(op.getIndexingMapsArray(), [&](AffineMap map) {
           for (auto [i, expr] : llvm::enumerate(map.getResults()))
             if (expr.isFunctionOfDim(last) &&
                 (i + 1 != map.getNumResults() || !isa<AffineDimExpr>(expr)))
               return false;
           return true;
         });
}

/// Instructions of a body, in the main: functions become polynomials.
static unsigned getCost(linalg::GenericOp op) {
  unsigned cost = 0;
  for (Operation &inner : op.getBody()->without_terminator())
    cost += isa<math::MathDialect>(inner.getDialect()) ? 16 : 1;
  return cost;
}

/// What one loop may hold. Each fusion copies both bodies, and a processor has
/// few registers: without a limit a chain of N operations takes N^2 to compile.
constexpr unsigned maxCost = 256;

static bool mayFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || producer.getNumReductionLoops() ||
      producer->getNumResults() != 1 ||
      getCost(producer) + getCost(consumer) > maxCost)
    return false;
  bool moves = producer.getBody()->without_terminator().empty();
  // Each user would compute it again.
  if (!producer->getResult(0).hasOneUse() && !moves)
    return false;
  AffineMap read = consumer.getMatchingIndexingMap(operand);
  bool once = read.getNumResults() == consumer.getNumLoops() &&
              read.isProjectedPermutation();
  if (isExpensive(producer) && !once)
    return false;
  if (consumer.getNumReductionLoops()) {
    // A window reads elements several times; a transposed read is slow, and a
    // contraction best reads memory.
    if (!read.isProjectedPermutation() || !isContiguous(producer) ||
        consumer.getNumDpsInputs() > 1)
      return false;
  }
  return true;
}

namespace {

/// linalg's own patterns would also take a splat away from a loop that has its
/// bounds from nothing else.
struct FuseProducer : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!linalg::areElementwiseOpsFusable(&operand) || !mayFuse(&operand))
        continue;
      Operation *producer = operand.get().getDefiningOp();
      auto fused = linalg::fuseElementwiseOps(rewriter, &operand);
      if (failed(fused))
        return rewriter.notifyMatchFailure(op, "cannot be fused");
      // Other users of the producer may come before the fused loop.
      for (auto [old, replacement] : fused->replacements)
        if (old.getDefiningOp() != producer)
          rewriter.replaceAllUsesWith(old, replacement);
      rewriter.eraseOp(op);
      return success();
    }
    return failure();
  }
};

/// The element of a splat, or of a filled tensor, in the body; the operand goes
/// where nothing else needs it.
struct InlineSplat : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    for (OpOperand *input : op.getDpsInputOperands()) {
      BlockArgument element = op.getMatchingBlockArgument(input);
      if (element.use_empty())
        continue;
      DenseElementsAttr splat;
      Value scalar;
      if (matchPattern(input->get(), m_Constant(&splat)) && splat.isSplat()) {
        rewriter.setInsertionPoint(op);
        scalar = arith::ConstantOp::create(rewriter, op.getLoc(),
                                           splat.getSplatValue<TypedAttr>());
      } else if (auto fill = input->get().getDefiningOp<linalg::FillOp>()) {
        scalar = fill.getInputs().front();
      }
      if (!scalar || scalar.getType() != element.getType())
        continue;
      rewriter.replaceAllUsesWith(element, scalar);
      return success();
    }
    return failure();
  }
};

struct FuseElementwise : squint::impl::FuseElementwiseBase<FuseElementwise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseProducer, InlineSplat>(&getContext());
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
