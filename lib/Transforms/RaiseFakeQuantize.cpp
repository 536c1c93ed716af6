//===- RaiseFakeQuantize.cpp - floats on a grid -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What ONNX writes as QuantizeLinear, Clip and DequantizeLinear is codes where
// products read it, and squint.fake_quantize where nothing does.
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Training.h"

using namespace mlir;
using namespace squint;

/// TensorProto.DataType of i8 and ui8.
static constexpr int64_t kInt8 = 3, kUint8 = 2;

/// The codes that a type has.
static std::pair<int64_t, int64_t> getCodes(IntegerType type) {
  int64_t low = type.isUnsigned() ? 0 : -(int64_t(1) << (type.getWidth() - 1));
  return {low, low + (int64_t(1) << type.getWidth()) - 1};
}

std::optional<MadeCodes> MadeCodes::match(Value codes) {
  auto element = dyn_cast<IntegerType>(getTensorElement(codes));
  if (!element || element.getWidth() > 8)
    return std::nullopt;
  MadeCodes made;
  std::tie(made.low, made.high) = getCodes(element);
  made.clip = codes.getDefiningOp<onnx::ClipOp>();
  if (made.clip) {
    codes = made.clip.getInput();
    auto bound = [](Value value, int64_t &to) {
      if (!value)
        return true;
      FailureOr<SmallVector<int64_t>> read = readIntegers(value);
      if (failed(read) || read->size() != 1)
        return false;
      to = read->front();
      return true;
    };
    if (!bound(made.clip.getMin(), made.low) ||
        !bound(made.clip.getMax(), made.high) || made.low >= made.high)
      return std::nullopt;
  }
  made.quantize = codes.getDefiningOp<onnx::QuantizeLinearOp>();
  if (!made.quantize || getTensorElement(codes) != element)
    return std::nullopt;
  return made;
}

/// Whether two values are the same, or constants that are.
static bool isSame(Value a, Value b) {
  if (!a || !b)
    return a == b;
  ConstantOp first = getConstant(a), second = getConstant(b);
  return a == b || (first && second && first.getValue() == second.getValue());
}

namespace {
struct RaiseFakeQuantize : OpRewritePattern<onnx::DequantizeLinearOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::DequantizeLinearOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getY().getType());
    std::optional<MadeCodes> made = MadeCodes::match(op.getX());
    // Codes that others read too are computed once.
    if (!made || !type || !op.getX().hasOneUse() ||
        !made->quantize->hasOneUse())
      return rewriter.notifyMatchFailure(op, "expected codes for it alone");
    onnx::QuantizeLinearOp quantize = made->quantize;
    Value scale = op.getXScale(), zero = op.getXZeroPoint();
    auto scaleType = dyn_cast<RankedTensorType>(scale.getType());
    if (quantize.getX().getType() != type || !type.getElementType().isF32() ||
        !scaleType || !scaleType.getElementType().isF32() ||
        getConstant(quantize.getX()) || !hasDims(quantize.getX()) ||
        !isSame(scale, quantize.getYScale()) ||
        !isSame(zero, quantize.getYZeroPoint()) ||
        op.getAxis() != quantize.getAxis() ||
        op.getBlockSize() != quantize.getBlockSize())
      return rewriter.notifyMatchFailure(op, "expected one grid of f32");
    int64_t axis = 0, block = op.getBlockSize();
    if (scaleType.getRank() && (!scaleType.hasStaticShape() ||
                                scaleType.getNumElements() != 1 || block))
      axis = op.getAxis() + (op.getAxis() < 0 ? type.getRank() : 0);
    if (!FakeQuantizeOp::isScaledBy(type, scaleType, axis, block))
      return rewriter.notifyMatchFailure(op, "expected scales that fit");
    auto fake =
        FakeQuantizeOp::create(rewriter, op.getLoc(), type, quantize.getX(),
                               scale, zero, made->low, made->high, axis, block);
    copyDims(op, fake);
    rewriter.replaceOp(op, fake);
    return success();
  }
};

struct ExpandFakeQuantize : OpRewritePattern<FakeQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FakeQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    int64_t low = static_cast<int64_t>(op.getLow()),
            high = static_cast<int64_t>(op.getHigh());
    Type element = op.getZeroPoint() ? getTensorElement(op.getZeroPoint())
                   : low < 0
                       ? Type(rewriter.getI8Type())
                       : Type(rewriter.getIntegerType(8, /*isSigned=*/false));
    RankedTensorType codesType = type.clone(element);
    // Without zero points ONNX asks for the type's number.
    int64_t number = op.getZeroPoint() ? 0 : low < 0 ? kInt8 : kUint8;
    auto quantize = onnx::QuantizeLinearOp::create(
        rewriter, loc, codesType, op.getInput(), op.getScale(),
        op.getZeroPoint(), op.getAxis(), op.getBlockSize(),
        /*output_dtype=*/number, /*precision=*/0, /*saturate=*/1);
    copyDims(op, quantize);
    Value codes = quantize;
    if (getCodes(cast<IntegerType>(element)) != std::pair(low, high)) {
      auto bound = [&](int64_t value) -> Value {
        return ConstantOp::create(
            rewriter, loc,
            makeConstant(RankedTensorType::get({}, element),
                         encodeIntegers(element, value)));
      };
      auto clip = onnx::ClipOp::create(rewriter, loc, codesType, codes,
                                       bound(low), bound(high));
      copyDims(op, clip);
      codes = clip;
    }
    auto floats = onnx::DequantizeLinearOp::create(
        rewriter, loc, type, codes, op.getScale(), op.getZeroPoint(),
        op.getAxis(), op.getBlockSize(), /*output_dtype=*/0);
    copyDims(op, floats);
    rewriter.replaceOp(op, floats);
    return success();
  }
};
} // namespace

void squint::populateRaiseFakeQuantizePatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseFakeQuantize>(patterns.getContext());
}

void squint::populateExpandFakeQuantizePatterns(RewritePatternSet &patterns) {
  patterns.add<ExpandFakeQuantize>(patterns.getContext());
}
