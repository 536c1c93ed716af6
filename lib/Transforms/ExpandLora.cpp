//===- ExpandLora.cpp - adapters as two products ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_EXPANDLORA
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct ExpandLora : squint::impl::ExpandLoraBase<ExpandLora> {
  void runOnOperation() override;
};
} // namespace

static void setDimsLike(Operation *op, Value value, int64_t last) {
  FailureOr<SmallVector<DimExpr>> dims = getDims(value);
  if (failed(dims))
    return;
  dims->back() = DimExpr(last);
  setDims(op, {*dims});
}

/// TensorProto.DataType of a float type.
static int64_t getNumber(Type element) {
  return element.isF16() ? 10 : element.isBF16() ? 16 : 1;
}

static Value cast(OpBuilder &builder, Location loc, Value x, Type element) {
  auto type = mlir::cast<RankedTensorType>(x.getType());
  if (type.getElementType() == element)
    return x;
  auto op = onnx::CastOp::create(builder, loc, type.clone(element), x,
                                 /*round_mode=*/"up", /*saturate=*/1,
                                 getNumber(element));
  setDimsLike(op, x, type.getShape().back());
  return op;
}

/// A matrix in f32: one that is stored in fewer bits as a packed constant.
static Value widen(OpBuilder &builder, Value matrix) {
  auto type = mlir::cast<RankedTensorType>(matrix.getType());
  Type element = type.getElementType(), f32 = builder.getF32Type();
  if (element.isF32())
    return matrix;
  Location loc = matrix.getLoc();
  ConstantOp constant = getConstant(matrix);
  DataAttr data = constant ? constant.getData() : DataAttr();
  if (!data || !data.getPermutation().empty())
    return cast(builder, loc, matrix, f32);
  auto packed = PackedType::get(
      type.getShape(),
      FormatAttr::get(builder.getContext(), element.isF16() ? "f16" : "bf16"));
  auto codes =
      ConstantOp::create(builder, loc,
                         mlir::cast<TypedAttr>(DataAttr::get(
                             builder.getContext(), packed, data.getStore(),
                             data.getOffset(), data.getLength(), {})));
  return squint::DequantizeOp::create(builder, loc, type.clone(f32), codes);
}

static LinearOp multiply(OpBuilder &builder, Location loc, Value x,
                         Value weight) {
  auto type = mlir::cast<RankedTensorType>(x.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = mlir::cast<RankedTensorType>(weight.getType()).getDimSize(0);
  auto linear = LinearOp::create(builder, loc, type.clone(shape), x, weight,
                                 /*bias=*/Value());
  setDimsLike(linear, x, shape.back());
  return linear;
}

void ExpandLora::runOnOperation() {
  SmallVector<LoraOp> adapters;
  getOperation().walk([&](LoraOp op) { adapters.push_back(op); });
  for (LoraOp op : adapters) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Type f32 = builder.getF32Type();
    Value x = cast(builder, loc, op.getInput(), f32);
    Value inner = multiply(builder, loc, x, widen(builder, op.getA()));
    Value scale = ConstantOp::create(
        builder, loc,
        makeConstant(RankedTensorType::get({}, f32),
                     encodeNumbers(f32, op.getScale().convertToFloat())));
    auto scaled =
        onnx::MulOp::create(builder, loc, inner.getType(), inner, scale);
    setDimsLike(
        scaled, inner,
        mlir::cast<RankedTensorType>(inner.getType()).getShape().back());
    Value outer = multiply(builder, loc, scaled, widen(builder, op.getB()));
    outer = cast(builder, loc, outer, getElementTypeOrSelf(op.getType()));
    auto sum =
        onnx::AddOp::create(builder, loc, op.getType(), op.getBase(), outer);
    setDimsLike(
        sum, outer,
        mlir::cast<RankedTensorType>(outer.getType()).getShape().back());
    op.getResult().replaceAllUsesWith(sum);
    op.erase();
    ++numExpanded;
  }
}
