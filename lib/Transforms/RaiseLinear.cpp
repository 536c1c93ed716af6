//===- RaiseLinear.cpp - MatMul and Gemm with a weight ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

/// A tensor with one number, broadcast to whatever it meets.
static Value createScalar(OpBuilder &builder, Location loc, Type elementType,
                          double number) {
  auto type = RankedTensorType::get({}, elementType);
  return ConstantOp::create(
      builder, loc, makeConstant(type, encodeNumbers(elementType, number)));
}

namespace {
struct RaiseMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    ConstantOp constant = getConstant(op.getB());
    auto input = cast<RankedTensorType>(op.getA().getType());
    if (!constant || !isRaisedFloat(input.getElementType()))
      return rewriter.notifyMatchFailure(
          op, "expected a constant float weight on the right");
    auto type = cast<RankedTensorType>(constant.getType());
    if (input.getRank() < 1 || type.getRank() < 2 ||
        type.getRank() > std::max<int64_t>(input.getRank(), 2) ||
        !llvm::all_of(type.getShape().drop_back(2),
                      [](int64_t size) { return size == 1; }))
      return rewriter.notifyMatchFailure(op,
                                         "expected one matrix for all rows");
    TypedAttr weight =
        reshapeConstant(constant.getValue(), type.getShape().take_back(2));
    if (weight)
      weight = transposeConstant(weight, {1, 0});
    if (!weight)
      return rewriter.notifyMatchFailure(
          op, "the weight cannot be transposed in place");
    Value w = ConstantOp::create(rewriter, constant.getLoc(), weight);
    auto linear = LinearOp::create(rewriter, op.getLoc(), op.getType(),
                                   op.getA(), w, Value());
    copyDims(op, linear);
    rewriter.replaceOp(op, linear);
    return success();
  }
};

/// `alpha * A * B + beta * C`: alpha scales a small weight, else the input; C
/// becomes the bias where it is one.
struct RaiseGemm : OpRewritePattern<onnx::GemmOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::GemmOp op,
                                PatternRewriter &rewriter) const override {
    ConstantOp constant = getConstant(op.getB());
    auto result = cast<RankedTensorType>(op.getType());
    Type element = result.getElementType();
    if (!constant || !isRaisedFloat(element) || result.getRank() != 2 ||
        cast<RankedTensorType>(constant.getType()).getRank() != 2)
      return rewriter.notifyMatchFailure(
          op, "expected a constant float weight of rank 2");
    if (!hasDims(op.getA()))
      return rewriter.notifyMatchFailure(op, "expected known sizes");
    TypedAttr weight = constant.getValue();
    if (!op.getTransB())
      weight = transposeConstant(weight, {1, 0});
    if (!weight || getConstant(op.getA()))
      return rewriter.notifyMatchFailure(
          op, "the weight cannot be transposed in place");
    TypedAttr bias =
        op.getC() ? matchPerChannel(op.getC(), 2, 1, result.getShape()[1])
                  : TypedAttr();
    if (bias && op.getBeta() != 1.0f)
      bias = scaled(bias, op.getBeta());
    Value input = op.getA();
    if (op.getTransA())
      input = createTranspose(rewriter, op.getLoc(), input, {1, 0});
    if (op.getAlpha() != 1.0f) {
      if (TypedAttr small = scaled(weight, op.getAlpha()))
        weight = small;
      else
        input = multiply(rewriter, op, input, op.getAlpha());
    }
    Value w = ConstantOp::create(rewriter, constant.getLoc(), weight), b;
    if (bias)
      b = ConstantOp::create(rewriter, op.getC().getLoc(), bias);
    Operation *last =
        LinearOp::create(rewriter, op.getLoc(), op.getType(), input, w, b);
    copyDims(op, last);
    if (op.getC() && !bias) {
      Value c = op.getBeta() == 1.0f
                    ? op.getC()
                    : multiply(rewriter, op, op.getC(), op.getBeta());
      last = onnx::AddOp::create(rewriter, op.getLoc(), op.getType(),
                                 last->getResult(0), c);
      copyDims(op, last);
    }
    rewriter.replaceOp(op, last);
    return success();
  }

  static TypedAttr scaled(TypedAttr value, double factor) {
    std::optional<int64_t> size =
        value ? getByteSize(value.getType()) : std::nullopt;
    if (!size || *size > kMaxFoldedBytes)
      return {};
    int64_t rows = cast<ShapedType>(value.getType()).getShape().front();
    return scaleRows(value, SmallVector<double>(rows, factor));
  }

  static Value multiply(OpBuilder &builder, onnx::GemmOp op, Value value,
                        double factor) {
    auto type = cast<RankedTensorType>(value.getType());
    Value scalar =
        createScalar(builder, op.getLoc(), type.getElementType(), factor);
    auto mul = onnx::MulOp::create(builder, op.getLoc(), type, value, scalar);
    if (FailureOr<SmallVector<DimExpr>> dims = getDims(value); succeeded(dims))
      setDims(mul, {*dims});
    return mul;
  }
};

/// `linear(x, w) + c` with c of shape [outputs].
struct MergeBias : OpRewritePattern<onnx::AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::AddOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [value, other] : {std::make_pair(op.getA(), op.getB()),
                                std::make_pair(op.getB(), op.getA())}) {
      auto linear = value.getDefiningOp<LinearOp>();
      if (!linear || linear.getBias() || !isOnlyForUser(linear, op) ||
          linear.getType() != op.getType())
        continue;
      ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getType()).getShape();
      TypedAttr bias =
          matchPerChannel(other, shape.size(), shape.size() - 1, shape.back());
      if (!bias)
        continue;
      Value b = ConstantOp::create(rewriter, other.getLoc(), bias);
      auto merged = LinearOp::create(
          rewriter, rewriter.getFusedLoc({linear.getLoc(), op.getLoc()}),
          op.getType(), linear.getInput(), linear.getWeight(), b);
      // The formats that are asked for among them.
      merged->setDiscardableAttrs(linear->getDiscardableAttrDictionary());
      copyDims(op, merged);
      rewriter.replaceOp(op, merged);
      return success();
    }
    return rewriter.notifyMatchFailure(op,
                                       "expected a linear that nothing else "
                                       "uses and a constant of its outputs");
  }
};
} // namespace

void squint::populateRaiseLinearPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseMatMul, RaiseGemm, MergeBias>(patterns.getContext());
}
