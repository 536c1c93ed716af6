//===- Raise.cpp - recognise the operators of Squint --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Raise.h"
#include "Constants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"

namespace squint {
#define GEN_PASS_DEF_RAISE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

//===----------------------------------------------------------------------===//
// What the families share
//===----------------------------------------------------------------------===//

LogicalResult squint::checkInput(Operation *root) {
  WalkResult result = root->walk([](Operation *op) -> WalkResult {
    for (Type type :
         llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
      if (isa<UnrankedTensorType>(type))
        return op->emitOpError() << "expected ranked tensors, got " << type;
    if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
      SmallVector<int64_t> permutation = getPermutation(transpose);
      if (!isPermutationVector(permutation) ||
          static_cast<int64_t>(permutation.size()) !=
              cast<ShapedType>(transpose.getData().getType()).getRank())
        return op->emitOpError()
               << "expected a permutation of the dimensions of "
               << transpose.getData().getType() << ", got [" << permutation
               << "]";
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult
squint::applyPatterns(Operation *root,
                      llvm::function_ref<void(RewritePatternSet &)> populate) {
  RewritePatternSet patterns(root->getContext());
  populate(patterns);
  GreedyRewriteConfig config;
  config.enableFolding(false)
      .enableConstantCSE(false)
      .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return applyPatternsGreedily(root, std::move(patterns), config);
}

bool squint::isRaisedFloat(Type type) {
  return type.isF32() || type.isF16() || type.isBF16();
}

void squint::copyDims(Operation *from, Operation *to) {
  auto dims = from->getAttrOfType<ArrayAttr>(kDimsAttr);
  if (dims && !dims.empty() &&
      !cast<ShapedType>(to->getResult(0).getType()).hasStaticShape())
    to->setAttr(kDimsAttr, ArrayAttr::get(to->getContext(), dims[0]));
}

bool squint::isOnlyForUser(Operation *producer, Operation *op) {
  return producer->hasOneUse() && producer->getBlock() == op->getBlock();
}

bool squint::hasDims(Value value) { return succeeded(getDims(value)); }

SmallVector<int64_t> squint::getPermutation(onnx::TransposeOp op) {
  if (op.getPerm())
    return SmallVector<int64_t>(*op.getPerm());
  return llvm::to_vector(llvm::reverse(
      llvm::seq<int64_t>(0, cast<ShapedType>(op.getType()).getRank())));
}

SmallVector<int64_t> squint::getChannelsLast(int64_t rank) {
  SmallVector<int64_t> permutation = {0};
  llvm::append_range(permutation, llvm::seq<int64_t>(2, rank));
  permutation.push_back(1);
  return permutation;
}

SmallVector<int64_t> squint::getChannelsFirst(int64_t rank) {
  return invertPermutationVector(getChannelsLast(rank));
}

Value squint::createTranspose(OpBuilder &builder, Location loc, Value value,
                              ArrayRef<int64_t> permutation) {
  if (ConstantOp constant = getConstant(value)) {
    TypedAttr transposed = transposeConstant(constant.getValue(), permutation);
    return transposed
               ? ConstantOp::create(builder, constant.getLoc(), transposed)
               : Value();
  }
  auto type = cast<RankedTensorType>(value.getType());
  auto op = onnx::TransposeOp::create(
      builder, loc, type.clone(applyPermutation(type.getShape(), permutation)),
      value, builder.getDenseI64ArrayAttr(permutation));
  if (FailureOr<SmallVector<DimExpr>> dims = getDims(value); succeeded(dims))
    setDims(op, {applyPermutation(ArrayRef<DimExpr>(*dims), permutation)});
  return op;
}

TypedAttr squint::matchPerChannel(Value value, int64_t rank, int64_t axis,
                                  int64_t channels) {
  ConstantOp constant = getConstant(value);
  if (!constant)
    return {};
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(constant.getType()).getShape();
  int64_t lead = rank - static_cast<int64_t>(shape.size());
  if (lead < 0 || lead > axis)
    return {};
  for (auto [i, size] : llvm::enumerate(shape))
    if (size != (lead + static_cast<int64_t>(i) == axis ? channels : 1))
      return {};
  return reshapeConstant(constant.getValue(), channels);
}

std::optional<Window> Window::get(ArrayRef<int64_t> input,
                                  ArrayRef<int64_t> kernel,
                                  std::optional<ArrayRef<int64_t>> strides,
                                  std::optional<ArrayRef<int64_t>> dilations,
                                  std::optional<ArrayRef<int64_t>> pads,
                                  StringRef autoPad) {
  size_t rank = input.size();
  SmallVector<int64_t> ones(rank, 1), zeros(2 * rank, 0);
  Window window{SmallVector<int64_t>(kernel),
                SmallVector<int64_t>(strides.value_or(ones)),
                SmallVector<int64_t>(dilations.value_or(ones)), zeros};
  auto isPositive = [](int64_t value) {
    return value > 0 && value <= INT32_MAX;
  };
  if (window.kernel.size() != rank || window.strides.size() != rank ||
      window.dilations.size() != rank ||
      !llvm::all_of(llvm::concat<int64_t>(window.kernel, window.strides,
                                          window.dilations),
                    isPositive))
    return std::nullopt;
  if (autoPad == "NOTSET" && pads) {
    if (pads->size() != 2 * rank || !llvm::all_of(*pads, [&](int64_t pad) {
          return pad == 0 || isPositive(pad);
        }))
      return std::nullopt;
    window.pads.assign(pads->begin(), pads->end());
  }
  if (!autoPad.starts_with("SAME"))
    return window;
  for (size_t i = 0; i < rank; ++i) {
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1,
            total = reach - 1;
    if (window.strides[i] != 1) {
      if (ShapedType::isDynamic(input[i]))
        return std::nullopt;
      total = (llvm::divideCeil(input[i], window.strides[i]) - 1) *
                  window.strides[i] +
              reach - input[i];
      total = std::max<int64_t>(total, 0);
    }
    window.pads[i] = autoPad == "SAME_LOWER" ? total - total / 2 : total / 2;
    window.pads[i + rank] = total - window.pads[i];
  }
  return window;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
/// Operators that do nothing in inference hide what is around them.
template <typename OpTy> struct EraseNothing : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Value input = op->getOperand(0);
    if (input.getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "changes the type");
    for (Value unused : op->getResults().drop_front())
      if (!unused.use_empty())
        return rewriter.notifyMatchFailure(op, "another result is used");
    if (auto dropout = dyn_cast<onnx::DropoutOp>(op.getOperation()))
      if (Value training = dropout.getTrainingMode();
          training && readScalar(training) != 0)
        return rewriter.notifyMatchFailure(op, "may be in training mode");
    rewriter.replaceAllUsesWith(op->getResult(0), input);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Operators that move data, and here leave everything where it is.
template <typename OpTy> struct EraseMove : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Value input = op->getOperand(0);
    FailureOr<SmallVector<DimExpr>> before = getDims(input),
                                    after = getDims(op->getResult(0));
    if (input.getType() != op.getType() || failed(before) || failed(after) ||
        *before != *after)
      return rewriter.notifyMatchFailure(op, "changes the shape");
    if constexpr (std::is_same_v<OpTy, onnx::PadOp>)
      if (FailureOr<SmallVector<int64_t>> pads = readIntegers(op.getPads());
          failed(pads) ||
          !llvm::all_of(*pads, [](int64_t pad) { return pad == 0; }))
        return rewriter.notifyMatchFailure(op, "expected no padding");
    if constexpr (std::is_same_v<OpTy, onnx::SliceOp>)
      if (FailureOr<SmallVector<int64_t>> steps =
              op.getSteps() ? readIntegers(op.getSteps())
                            : SmallVector<int64_t>();
          failed(steps) ||
          !llvm::all_of(*steps, [](int64_t step) { return step == 1; }))
        return rewriter.notifyMatchFailure(op, "expected steps of 1");
    rewriter.replaceOp(op, input);
    return success();
  }
};

struct Raise : public squint::impl::RaiseBase<Raise> {
  void runOnOperation() override {
    if (failed(checkInput(getOperation())))
      return signalPassFailure();
    int64_t linear = count<LinearOp>(), conv = count<ConvOp>(),
            norm = count<NormOp>();
    int64_t embedding = count<EmbeddingOp>(), pool = count<PoolOp>(),
            attention = count<AttentionOp>();
    bool ok = run([](RewritePatternSet &patterns) {
      patterns.add<EraseNothing<onnx::CastOp>, EraseNothing<onnx::DropoutOp>,
                   EraseNothing<onnx::IdentityOp>, EraseMove<onnx::ExpandOp>,
                   EraseMove<onnx::PadOp>, EraseMove<onnx::ReshapeOp>,
                   EraseMove<onnx::SliceOp>, EraseMove<onnx::TileOp>>(
          patterns.getContext());
      populateExpandFakeQuantizePatterns(patterns);
      populateMergeConvPatterns(patterns);
      populateMergeBatchNormPatterns(patterns);
    });
    ok &= run([](RewritePatternSet &patterns) {
      populateRaiseAttentionPatterns(patterns);
      populateRaiseConvPatterns(patterns);
      populateRaiseEmbeddingPatterns(patterns);
      populateRaiseLinearPatterns(patterns);
      populateRaiseNormPatterns(patterns);
      populateRaisePoolPatterns(patterns);
      populateRaiseQuantizedPatterns(patterns);
      populateMergeBatchNormPatterns(patterns);
    });
    ok &= run([](RewritePatternSet &patterns) {
      populateRaiseFakeQuantizePatterns(patterns);
      populateSplitBatchNormPatterns(patterns);
    });
    if (!ok)
      return signalPassFailure();
    numLinear += count<LinearOp>() - linear;
    numConv += count<ConvOp>() - conv;
    numNorm += count<NormOp>() - norm;
    numEmbedding += count<EmbeddingOp>() - embedding;
    numPool += count<PoolOp>() - pool;
    numAttention += count<AttentionOp>() - attention;
  }

  template <typename OpTy> int64_t count() {
    int64_t total = 0;
    getOperation().walk([&](OpTy) { ++total; });
    return total;
  }

  bool run(llvm::function_ref<void(RewritePatternSet &)> populate) {
    return succeeded(applyPatterns(getOperation(), populate));
  }
};
} // namespace
