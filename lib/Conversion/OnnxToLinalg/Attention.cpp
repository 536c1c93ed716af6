//===- Attention.cpp - squint.attention -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

static bool isHeadsFirst(AttentionOp op, unsigned number) {
  return op.getHeadsFirst() && (*op.getHeadsFirst())[number];
}

/// The mask in f32, of rank 4.
static std::optional<Tensor> getMask(Node &node) {
  auto op = cast<AttentionOp>(node.op);
  if (!op.getMask())
    return std::nullopt;
  Tensor mask = castTo(node.b, node.tensor(op.getMask()), node.b.getF32Type());
  Dims dims(4 - mask.rank(), DimExpr(1));
  dims.append(mask.dims);
  return reshape(node.b, mask, dims);
}

LogicalResult lowering::lowerAttention(Node &node) {
  auto op = cast<AttentionOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Type f32 = b.getF32Type();
  auto floats = [&](Value value) {
    return castTo(b, node.tensor(value), f32).value;
  };
  std::optional<Tensor> mask = getMask(node);
  Tensor result = empty(b, node.resultDims(), f32);
  result.value =
      kernel::AttentionOp::create(
          b, TypeRange(result.value.getType()), floats(op.getQuery()),
          floats(op.getKey()), floats(op.getValue()),
          mask ? mask->value : Value(), ValueRange(result.value),
          op.getScaleAttr(), op.getHeadsFirstAttr())
          .getResult(0);
  return node.replace(castTo(b, result, node.resultElement()).value);
}

/// [B, H, tokens, size] in f32, where `heads` may be more than there are.
static Tensor toHeads(Node &node, Value value, unsigned number,
                      const DimExpr &heads) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = castTo(b, node.tensor(value), b.getF32Type());
  if (!isHeadsFirst(cast<AttentionOp>(node.op), number))
    x = transpose(b, x, {0, 2, 1, 3});
  if (x.dims[1] == heads)
    return x;
  Dims dims = x.dims;
  dims.insert(dims.begin() + 2, DimExpr(1));
  Dims repeated = dims;
  repeated[2] = *heads.divideExactly(x.dims[1]);
  Tensor all = broadcast(b, reshape(b, x, dims), repeated);
  return reshape(b, all, {x.dims[0], heads, x.dims[2], x.dims[3]});
}

LogicalResult lowering::lowerAttentionByParts(Node &node) {
  auto op = cast<AttentionOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Type f32 = b.getF32Type();
  bool headsFirst = isHeadsFirst(op, 0);
  DimExpr heads = node.tensor(op.getQuery()).dims[headsFirst ? 1 : 2];
  DimExpr shared = node.tensor(op.getKey()).dims[isHeadsFirst(op, 1) ? 1 : 2];
  if (!heads.divideExactly(shared))
    return node.error() << "expected " << shared.str() << " to divide "
                        << heads.str() << " heads";
  Tensor q = toHeads(node, op.getQuery(), 0, heads),
         k = toHeads(node, op.getKey(), 1, heads),
         v = toHeads(node, op.getValue(), 2, heads);
  DimExpr count = q.dims[0] * heads, rows = q.dims[2], keys = k.dims[2];
  auto batched = [&](const Tensor &x) {
    return reshape(b, x, {count, x.dims[2], x.dims[3]});
  };
  Tensor scores =
      batchMatmul(b, batched(q), batched(transpose(b, k, {0, 1, 3, 2})));
  SmallVector<Tensor> inputs{
      reshape(b, scores, {q.dims[0], heads, rows, keys})};
  if (std::optional<Tensor> mask = getMask(node))
    inputs.push_back(*mask);
  Dims dims = inputs[0].dims;
  scores =
      map(b, inputs, dims, f32,
          [&](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
            Value score = arith::MulFOp::create(
                inner, x[0],
                scalarConstant(inner, f32, op.getScale().convertToDouble()));
            if (x.size() == 1)
              return score;
            return arith::AddFOp::create(inner, score, x[1]);
          });
  Tensor weights = softmaxRows(b, reshape(b, scores, {count * rows, keys}));
  Tensor result =
      batchMatmul(b, reshape(b, weights, {count, rows, keys}), batched(v));
  result = reshape(b, result, {q.dims[0], heads, rows, v.dims[3]});
  if (!isHeadsFirst(op, 3))
    result = transpose(b, result, {0, 2, 1, 3});
  return node.replace(castTo(b, result, node.resultElement()).value);
}
