//===- FuseEpilogues.cpp - elementwise consumers of a product ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"
#include "squint/Dialect/Kernel/Kernel.h"

namespace squint {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Whether an operator computes a sum of products and then an epilogue of it.
bool isProduct(Operation *op) {
  return isa_and_present<GemmOp, DepthwiseOp>(op);
}

Region &getEpilogue(Operation *product) { return product->getRegion(0); }

OperandRange getExtras(Operation *product) {
  if (auto gemm = dyn_cast<GemmOp>(product))
    return gemm.getExtras();
  return cast<DepthwiseOp>(product).getExtras();
}

OperandRange getOutputs(Operation *product) {
  return cast<DestinationStyleOpInterface>(product)
      .getDpsInitsMutable()
      .getAsOperandRange();
}

/// The product with other extras and outputs, and the epilogue of the old one.
Operation *rebuild(OpBuilder &b, Location loc, Operation *product,
                   ValueRange extras, ValueRange outputs) {
  Operation *result;
  if (auto op = dyn_cast<GemmOp>(product))
    result = GemmOp::create(
        b, loc, outputs.getTypes(), op.getInput(), op.getScales(), op.getSums(),
        op.getZeroPoint(), op.getWeights(), extras, outputs,
        op.getWeightTypeAttr(), op.getActivationFormatAttr(),
        op.getActivationScaleAttr(), op.getActivationZeroPointAttr(),
        op.getTileAttr(), op.getWindowAttr());
  else {
    auto depthwise = cast<DepthwiseOp>(product);
    result = DepthwiseOp::create(b, loc, outputs.getTypes(),
                                 depthwise.getInput(), depthwise.getWeights(),
                                 extras, outputs, depthwise.getWindowAttr(),
                                 depthwise.getActivationZeroPointAttr());
  }
  getEpilogue(result).takeBody(getEpilogue(product));
  return result;
}

/// The product that a value is, seen through reshapes; null where `isOnlyUser`
/// and something else reads it.
Operation *findProduct(Value value, bool isOnlyUser) {
  while (!isOnlyUser || value.hasOneUse()) {
    Operation *definition = value.getDefiningOp();
    if (isProduct(definition))
      return definition;
    if (!isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            definition))
      return nullptr;
    value = definition->getOperand(0);
  }
  return nullptr;
}

/// One result, computed element by element in the order of the inputs' memory
/// from nothing but their elements.
RankedTensorType getElementwiseType(linalg::GenericOp op) {
  auto result = op.getNumResults() == 1
                    ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                    : RankedTensorType();
  if (!result || result.getRank() < 2 ||
      op.getNumParallelLoops() != result.getRank() ||
      op.getNumReductionLoops() ||
      !op.getIndexingMapsArray().back().isIdentity() ||
      !op.getBody()->getArguments().back().use_empty() ||
      op.hasIndexSemantics() ||
      !op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
    return {};
  for (Operation &inner : op.getBody()->without_terminator())
    if (inner.getNumRegions() || !isMemoryEffectFree(&inner) ||
        inner.getNumResults() != 1)
      return {};
  return result;
}

/// Appends the operator's body to an epilogue; `arguments` are what its inputs
/// stand for.
Value cloneBody(OpBuilder &b, linalg::GenericOp op, ValueRange arguments) {
  IRMapping mapping;
  Block *body = op.getBody();
  mapping.map(body->getArguments().drop_back(), arguments);
  for (Operation &inner : body->without_terminator())
    b.clone(inner, mapping);
  return mapping.lookupOrDefault(
      cast<linalg::YieldOp>(body->getTerminator()).getOperand(0));
}

/// Outputs of a product as tensors of the shape that its reader has.
Value expand(OpBuilder &b, Location loc, Value matrix, linalg::GenericOp op) {
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  if (cast<RankedTensorType>(matrix.getType()).getRank() == type.getRank())
    return matrix;
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i + 1 < type.getRank(); ++i)
    groups[0].push_back(i);
  groups[1].push_back(type.getRank() - 1);
  auto empty = op.getOutputs()[0].getDefiningOp<tensor::EmptyOp>();
  return tensor::ExpandShapeOp::create(b, loc, type, matrix, groups,
                                       empty.getMixedSizes());
}

/// Another output of the shape of the product's first one.
Value createOutput(OpBuilder &b, Location loc, Operation *product,
                   Type element) {
  auto empty = getOutputs(product)[0].getDefiningOp<tensor::EmptyOp>();
  return tensor::EmptyOp::create(b, loc, empty.getMixedSizes(), element);
}

/// How an operand of the elementwise operator is read by an epilogue: element
/// by element, by output, or as one number.
enum class Access { Full, Row, Scalar, None };

Access classify(AffineMap map, RankedTensorType type, RankedTensorType result) {
  if (map.isIdentity())
    return Access::Full;
  if (llvm::all_of(map.getResults(),
                   [](AffineExpr e) { return isa<AffineConstantExpr>(e); }) &&
      llvm::all_of(type.getShape(), [](int64_t size) { return size == 1; }))
    return Access::Scalar;
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

/// What reads a product, and nothing else does, moves into its epilogue.
struct FuseEpilogue : OpRewritePattern<linalg::GenericOp> {
  FuseEpilogue(MLIRContext *context, llvm::function_ref<void()> count)
      : OpRewritePattern(context), count(count) {}

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType result = getElementwiseType(op);
    if (!result)
      return rewriter.notifyMatchFailure(op, "not elementwise arithmetic");

    Operation *product = nullptr;
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
      Operation *found = findProduct(input->get(), /*isOnlyUser=*/true);
      if (found && found->getBlock() == op->getBlock() &&
          found->getNumResults() == 1 && isSameShape(found, result))
        product = found, fused = input;
    }
    if (!fused || !getOutputs(product)[0].getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(
          op, "no operand is a product that is read only here");
    if (!isa<GemmOp>(product) && llvm::is_contained(accesses, Access::Scalar))
      return rewriter.notifyMatchFailure(op, "expected no single numbers");

    Location loc = rewriter.getFusedLoc({product->getLoc(), op.getLoc()});
    auto matrix = cast<RankedTensorType>(product->getResult(0).getType());
    rewriter.setInsertionPoint(op);
    SmallVector<Value> extras(getExtras(product));
    for (auto [input, access] : llvm::zip(op.getDpsInputOperands(), accesses)) {
      if (input == fused)
        continue;
      Value value = input->get();
      auto type = cast<RankedTensorType>(value.getType());
      if (access == Access::Full && isa<GemmOp>(product)) {
        value = asMatrix(rewriter, loc, value, matrix.getShape().front());
      } else if (access == Access::Scalar && type.getRank() == 0) {
        value = tensor::ExpandShapeOp::create(
            rewriter, loc, RankedTensorType::get({1}, type.getElementType()),
            value, ArrayRef<ReassociationIndices>{});
      } else if (access != Access::Full && type.getRank() > 1) {
        ReassociationIndices all =
            llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
        value = tensor::CollapseShapeOp::create(
            rewriter, loc, value, ArrayRef<ReassociationIndices>{all});
      }
      extras.push_back(value);
    }
    Value init = createOutput(rewriter, loc, product, result.getElementType());
    Operation *larger = rebuild(rewriter, loc, product, extras, init);
    Block &epilogue = getEpilogue(larger).front();
    auto yield = cast<YieldOp>(epilogue.getTerminator());
    SmallVector<Value> arguments;
    for (auto [input, argument] :
         llvm::zip(op.getDpsInputOperands(), op.getBody()->getArguments()))
      arguments.push_back(input == fused
                              ? yield.getValues()[0]
                              : epilogue.addArgument(argument.getType(), loc));
    rewriter.setInsertionPoint(yield);
    rewriter.replaceOpWithNewOp<YieldOp>(yield,
                                         cloneBody(rewriter, op, arguments));

    rewriter.setInsertionPoint(op);
    Value chain = fused->get();
    rewriter.replaceOp(op, expand(rewriter, loc, larger->getResult(0), op));
    // The old product has lost its region, so it goes with its reshapes.
    while (Operation *definition = chain.getDefiningOp()) {
      chain = definition == product ? Value() : definition->getOperand(0);
      rewriter.eraseOp(definition);
      if (!chain)
        break;
    }
    count();
    return success();
  }

  static bool isSameShape(Operation *product, RankedTensorType result) {
    auto type = cast<RankedTensorType>(product->getResult(0).getType());
    return isa<GemmOp>(product)
               ? type.getShape().back() == result.getShape().back()
               : type.getShape() == result.getShape();
  }

  llvm::function_ref<void()> count;
};

/// What reads nothing but a product that others read too, such as the codes of
/// a residual, becomes another output of it.
struct FuseOutput : OpRewritePattern<linalg::GenericOp> {
  FuseOutput(MLIRContext *context, llvm::function_ref<void()> count)
      : OpRewritePattern(context), count(count) {}

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType result = getElementwiseType(op);
    if (!result || op.getNumDpsInputs() != 1 ||
        !op.getIndexingMapsArray()[0].isIdentity())
      return rewriter.notifyMatchFailure(op, "not arithmetic on one operand");
    Value source = op.getInputs()[0];
    Operation *product = findProduct(source, /*isOnlyUser=*/false);
    if (!product || findProduct(source, /*isOnlyUser=*/true) ||
        product->getBlock() != op->getBlock() ||
        !FuseEpilogue::isSameShape(product, result) ||
        !getOutputs(product)[0].getDefiningOp<tensor::EmptyOp>())
      return rewriter.notifyMatchFailure(
          op, "expected a product that is read elsewhere too");
    // The product stays where it is: what the body captures must be there.
    WalkResult captures = op.getBody()->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (operand.getParentBlock() != op.getBody() &&
            !matchPattern(operand, m_Constant()))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (captures.wasInterrupted())
      return rewriter.notifyMatchFailure(op, "expected constants only");

    unsigned number = 0;
    while (source.getDefiningOp() != product)
      source = source.getDefiningOp()->getOperand(0);
    number = cast<OpResult>(source).getResultNumber();
    Location loc = rewriter.getFusedLoc({product->getLoc(), op.getLoc()});
    rewriter.setInsertionPoint(product);
    SmallVector<Value> outputs(getOutputs(product));
    outputs.push_back(
        createOutput(rewriter, loc, product, result.getElementType()));
    Operation *larger =
        rebuild(rewriter, loc, product, getExtras(product), outputs);
    auto yield = cast<YieldOp>(getEpilogue(larger).front().getTerminator());
    SmallVector<Value> values(yield.getValues());
    rewriter.setInsertionPoint(yield);
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegion(), captured);
    for (Value constant : captured)
      rewriter.moveOpBefore(constant.getDefiningOp(), &op->getBlock()->front());
    values.push_back(cloneBody(rewriter, op, values[number]));
    rewriter.replaceOpWithNewOp<YieldOp>(yield, values);
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op,
                       expand(rewriter, loc, larger->getResults().back(), op));
    for (auto [old, replacement] :
         llvm::zip(product->getResults(), larger->getResults()))
      rewriter.replaceAllUsesWith(old, replacement);
    rewriter.eraseOp(product);
    count();
    return success();
  }

  llvm::function_ref<void()> count;
};

kernel::NormOp quantizeRows(OpBuilder &b, Location loc, kernel::NormOp op,
                            ValueRange outputs, QuantizeRowsOp quantize) {
  return kernel::NormOp::create(
      b, loc, outputs.getTypes(), op.getInput(), op.getScale(), op.getBias(),
      outputs, op.getCenteredAttr(), op.getEpsilonAttr(),
      quantize.getFormatAttr(), quantize.getSumGroupAttr(),
      quantize.getScaleAttr(), quantize.getZeroPointAttr());
}

kernel::HadamardOp quantizeRows(OpBuilder &b, Location loc,
                                kernel::HadamardOp op, ValueRange outputs,
                                QuantizeRowsOp quantize) {
  return kernel::HadamardOp::create(
      b, loc, outputs.getTypes(), op.getInput(), op.getSigns(), outputs,
      op.getSizeAttr(), quantize.getFormatAttr(), quantize.getSumGroupAttr(),
      quantize.getScaleAttr(), quantize.getZeroPointAttr());
}

/// The rows of a norm or a rotation are quantized where they are made.
template <typename RowsOp>
struct FuseQuantization : OpRewritePattern<QuantizeRowsOp> {
  FuseQuantization(MLIRContext *context, llvm::function_ref<void()> count)
      : OpRewritePattern(context), count(count) {}

  LogicalResult matchAndRewrite(QuantizeRowsOp op,
                                PatternRewriter &rewriter) const override {
    auto made = op.getInput().getDefiningOp<RowsOp>();
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (!made || made.getActivationFormat() ||
        made->getBlock() != op->getBlock() || type.getRank() != 2 ||
        type.isDynamicDim(1) || type.getDimSize(1) > kMaxColumns ||
        !op.getFormat().getFormat().isInteger())
      return rewriter.notifyMatchFailure(
          op, "expected integer codes of rows that such an operator makes");
    Value init = made.getOutputs()[0];
    auto empty = init.getDefiningOp<tensor::EmptyOp>();
    if (!empty || empty.getType() != type)
      return rewriter.notifyMatchFailure(op, "expected a new tensor");

    Location loc = rewriter.getFusedLoc({made.getLoc(), op.getLoc()});
    rewriter.setInsertionPoint(made);
    OpFoldResult rows = empty.getMixedSizes()[0];
    SmallVector<Value> outputs;
    for (Value output : op.getOutputs()) {
      auto matrix = cast<RankedTensorType>(output.getType());
      outputs.push_back(tensor::EmptyOp::create(
          rewriter, loc,
          ArrayRef<OpFoldResult>{rows,
                                 rewriter.getIndexAttr(matrix.getDimSize(1))},
          matrix.getElementType()));
    }
    bool isRead = !op.getInput().hasOneUse();
    if (isRead)
      outputs.push_back(made.getOutputs()[0]);
    auto both = quantizeRows(rewriter, loc, made, outputs, op);
    rewriter.replaceOp(op, both.getResults().take_front(op.getNumResults()));
    if (isRead)
      rewriter.replaceAllUsesWith(made.getResult(0), both.getResults().back());
    rewriter.eraseOp(made);
    count();
    return success();
  }

  /// Rows that nothing else reads lie on the stack meanwhile.
  static constexpr int64_t kMaxColumns = 1 << 13;

  llvm::function_ref<void()> count;
};

struct FuseEpilogues : squint::impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    auto count = [&] { ++numFused; };
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseEpilogue, FuseOutput, FuseQuantization<kernel::NormOp>,
                 FuseQuantization<kernel::HadamardOp>>(&getContext(), count);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
