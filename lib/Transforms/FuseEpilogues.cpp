//===- FuseEpilogues.cpp - elementwise consumers of a product ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "squint/Dialect/Kernel/Kernel.h"

namespace squint {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// The product that a value is, seen through reshapes that only split its rows.
GemmOp findProduct(Value value) {
  while (value.hasOneUse()) {
    if (auto gemm = value.getDefiningOp<GemmOp>())
      return gemm;
    auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
    auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>();
    if (expand)
      value = expand.getSrc();
    else if (collapse)
      value = collapse.getSrc();
    else
      return {};
  }
  return {};
}

/// How an operand of the elementwise operator is read by an epilogue: element
/// by element, or by output.
enum class Access { Full, Row, None };

Access classify(AffineMap map, RankedTensorType type, RankedTensorType result) {
  if (map.isIdentity())
    return Access::Full;
  unsigned last = result.getRank() - 1;
  if (map.getNumResults() == 1 &&
      map.getResult(0) == getAffineDimExpr(last, map.getContext()))
    return Access::Row;
  // Leading dimensions of size one, read at 0.
  if (map.getNumResults() > 1 &&
      map.getResults().back() == getAffineDimExpr(last, map.getContext()) &&
      llvm::all_of(map.getResults().drop_back(),
                   [](AffineExpr e) { return isa<AffineConstantExpr>(e); }) &&
      llvm::all_of(type.getShape().drop_back(),
                   [](int64_t size) { return size == 1; }))
    return Access::Row;
  return Access::None;
}

/// [rows..., columns] as a matrix; one dimension gets a leading one.
Value asMatrix(OpBuilder &builder, Location loc, Value value, int64_t rows) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 2)
    return value;
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i + 1 < type.getRank(); ++i)
    groups[0].push_back(i);
  groups[1].push_back(type.getRank() - 1);
  auto matrix = RankedTensorType::get({rows, type.getShape().back()},
                                      type.getElementType());
  return tensor::CollapseShapeOp::create(builder, loc, matrix, value, groups);
}

struct FuseEpilogue : OpRewritePattern<linalg::GenericOp> {
  FuseEpilogue(MLIRContext *context, llvm::function_ref<void()> count)
      : OpRewritePattern(context), count(count) {}

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    auto result = op.getNumResults() == 1
                      ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                      : RankedTensorType();
    if (!result || result.getRank() < 2 ||
        op.getNumParallelLoops() != result.getRank() ||
        op.getNumReductionLoops() ||
        !op.getIndexingMapsArray().back().isIdentity())
      return rewriter.notifyMatchFailure(op, "not elementwise");
    Block *body = op.getBody();
    if (!body->getArguments().back().use_empty() || op.hasIndexSemantics())
      return rewriter.notifyMatchFailure(op, "reads its output or its indices");
    for (Operation &inner : body->without_terminator())
      if (inner.getNumRegions() || !isMemoryEffectFree(&inner) ||
          inner.getNumResults() != 1)
        return rewriter.notifyMatchFailure(op, "does more than arithmetic");

    GemmOp gemm;
    OpOperand *fused = nullptr;
    SmallVector<Access> accesses;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto type = dyn_cast<RankedTensorType>(input->get().getType());
      if (!type)
        return rewriter.notifyMatchFailure(op, "scalar operand");
      accesses.push_back(
          classify(op.getMatchingIndexingMap(input), type, result));
      if (accesses.back() == Access::None)
        return rewriter.notifyMatchFailure(
            op, "an operand is broadcast in another way");
      if (fused || accesses.back() != Access::Full)
        continue;
      if (GemmOp product = findProduct(input->get());
          product && product->getBlock() == op->getBlock()) {
        auto matrix = cast<RankedTensorType>(product.getResult(0).getType());
        if (matrix.getShape().back() == result.getShape().back())
          gemm = product, fused = input;
      }
    }
    if (!fused || !gemm.getOutputs()[0].getDefiningOp<tensor::EmptyOp>() ||
        !op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(
          op, "no operand is a product that is read only here");

    Location loc = rewriter.getFusedLoc({gemm.getLoc(), op.getLoc()});
    auto matrix = cast<RankedTensorType>(gemm.getResult(0).getType());
    int64_t rows = matrix.getShape().front();
    rewriter.setInsertionPoint(op);
    SmallVector<Value> extras(gemm.getExtras());
    for (auto [input, access] : llvm::zip(op.getDpsInputOperands(), accesses)) {
      if (input == fused)
        continue;
      Value value = input->get();
      auto type = cast<RankedTensorType>(value.getType());
      if (access == Access::Full) {
        value = asMatrix(rewriter, loc, value, rows);
      } else if (type.getRank() > 1) {
        ReassociationIndices all =
            llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
        value = tensor::CollapseShapeOp::create(
            rewriter, loc, value, ArrayRef<ReassociationIndices>{all});
      }
      extras.push_back(value);
    }
    auto newMatrix =
        RankedTensorType::get(matrix.getShape(), result.getElementType());
    SmallVector<Value> sizes =
        cast<tensor::EmptyOp>(gemm.getOutputs()[0].getDefiningOp())
            .getDynamicSizes();
    Value init = tensor::EmptyOp::create(rewriter, loc, newMatrix, sizes);

    auto product = GemmOp::create(
        rewriter, loc, TypeRange(newMatrix), gemm.getInput(), gemm.getScales(),
        gemm.getSums(), gemm.getWeights(), extras, ValueRange(init),
        gemm.getWeightTypeAttr(), gemm.getActivationFormatAttr(),
        gemm.getActivationScaleAttr(), gemm.getActivationZeroPointAttr(),
        gemm.getTileAttr(), gemm.getWindowAttr());
    // The old epilogue, then the operator's body on its value.
    product.getEpilogue().takeBody(gemm.getEpilogue());
    Block &epilogue = product.getEpilogue().front();
    auto yield = cast<YieldOp>(epilogue.getTerminator());
    IRMapping mapping;
    for (auto [input, argument] :
         llvm::zip(op.getDpsInputOperands(), body->getArguments()))
      mapping.map(argument, input == fused ? yield.getValues()[0]
                                           : epilogue.addArgument(
                                                 argument.getType(), loc));
    rewriter.setInsertionPoint(yield);
    for (Operation &inner : body->without_terminator())
      rewriter.clone(inner, mapping);
    Value value = mapping.lookupOrDefault(
        cast<linalg::YieldOp>(body->getTerminator()).getOperand(0));
    YieldOp::create(rewriter, loc, value);
    rewriter.eraseOp(yield);

    rewriter.setInsertionPoint(op);
    Value replacement = product.getResult(0);
    if (result.getRank() > 2) {
      SmallVector<ReassociationIndices> groups(2);
      for (int64_t i = 0; i + 1 < result.getRank(); ++i)
        groups[0].push_back(i);
      groups[1].push_back(result.getRank() - 1);
      auto empty = op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
      replacement = tensor::ExpandShapeOp::create(
          rewriter, loc, result, replacement, groups, empty.getMixedSizes());
    }
    // The old product loses its region here, so it goes with its reshapes.
    Value chain = fused->get();
    rewriter.replaceOp(op, replacement);
    while (Operation *definition = chain.getDefiningOp()) {
      if (definition == gemm) {
        rewriter.eraseOp(gemm);
        break;
      }
      chain = definition->getOperand(0);
      rewriter.eraseOp(definition);
    }
    count();
    return success();
  }

  llvm::function_ref<void()> count;
};

struct FuseEpilogues : squint::impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    auto count = [&] { ++numFused; };
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseEpilogue>(&getContext(), count);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
