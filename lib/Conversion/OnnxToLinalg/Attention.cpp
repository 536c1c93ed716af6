//===- Attention.cpp - squint.attention and what is around it ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Node.h"
#include "squint/Transforms/QuantizationAttributes.h"

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

void lowering::copyActivationFormat(Operation *from, Operation *to) {
  if (auto format = from->getAttrOfType<StringAttr>(kActivationFormatAttr))
    to->setAttr("activation_format",
                FormatAttr::get(from->getContext(), format.getValue()));
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
  auto attention = kernel::AttentionOp::create(
      b, TypeRange(result.value.getType()), floats(op.getQuery()),
      floats(op.getKey()), floats(op.getValue()), mask ? mask->value : Value(),
      ValueRange(result.value), op.getScaleAttr(), op.getHeadsFirstAttr(),
      op.getCausalAttr(), op.getWindowAttr());
  copyActivationFormat(op, attention);
  result.value = attention.getResult(0);
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

/// The score at (b, h, s, t), or -inf where query s does not see key t.
static Value hideKeys(ImplicitLocOpBuilder &b, AttentionOp op, Value earlier,
                      Value score) {
  Value position =
            arith::AddIOp::create(b, linalg::IndexOp::create(b, 2), earlier),
        key = linalg::IndexOp::create(b, 3);
  Value seen =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sle, key, position);
  if (op.getWindow()) {
    Value end = arith::AddIOp::create(
        b, key, indexConstant(b, static_cast<int64_t>(*op.getWindow())));
    seen = arith::AndIOp::create(
        b, seen,
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, end, position));
  }
  Value hidden = scalarConstant(b, b.getF32Type(),
                                -std::numeric_limits<double>::infinity());
  return arith::SelectOp::create(b, seen, score, hidden);
}

LogicalResult lowering::lowerAttentionByParts(Node &node) {
  auto op = cast<AttentionOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  if (op->hasAttr(kActivationFormatAttr))
    return node.error() << "expected fused kernels of a CPU for attention in "
                           "integers";
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
  Value earlier = op.getCausal() ? sizeValue(b, keys - rows) : Value();
  scores =
      map(b, inputs, dims, f32,
          [&](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
            Value score = arith::MulFOp::create(
                inner, x[0],
                scalarConstant(inner, f32, op.getScale().convertToDouble()));
            if (x.size() == 2)
              score = arith::AddFOp::create(inner, score, x[1]);
            return earlier ? hideKeys(inner, op, earlier, score) : score;
          });
  Tensor weights = softmaxRows(b, reshape(b, scores, {count * rows, keys}));
  Tensor result =
      batchMatmul(b, reshape(b, weights, {count, rows, keys}), batched(v));
  result = reshape(b, result, {q.dims[0], heads, rows, v.dims[3]});
  if (!isHeadsFirst(op, 3))
    result = transpose(b, result, {0, 2, 1, 3});
  return node.replace(castTo(b, result, node.resultElement()).value);
}

LogicalResult lowering::lowerPositions(Node &node) {
  auto op = cast<PositionsOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  auto count = [](ImplicitLocOpBuilder &inner, ValueRange x) -> Value {
    Value token = arith::IndexCastOp::create(inner, inner.getI64Type(),
                                             linalg::IndexOp::create(inner, 1));
    return x.empty() ? token : Value(arith::AddIOp::create(inner, x[0], token));
  };
  Dims dims = node.resultDims();
  Type element = node.resultElement();
  if (!op.getLengths())
    return node.replace(map(b, {}, dims, element, count).value);
  AffineMap sequence =
      AffineMap::get(2, 0, b.getAffineDimExpr(0), b.getContext());
  return node.replace(
      mapWith(b, {node.in(0)}, {sequence}, dims, element, count).value);
}

LogicalResult lowering::lowerRotary(Node &node) {
  auto op = cast<RotaryOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = castTo(b, node.in(0), b.getF32Type());
  Tensor result = empty(b, node.resultDims(), b.getF32Type());
  result.value =
      kernel::RotaryOp::create(b, TypeRange(result.value.getType()), x.value,
                               node.in(1).value, node.in(2).value,
                               ValueRange(result.value), op.getInterleaved())
          .getResult(0);
  return node.replace(castTo(b, result, node.resultElement()).value);
}

/// Halves of pairs are slices: of [B, S, H, D], or of [B, S, H, D / 2, 2].
LogicalResult lowering::lowerRotaryByParts(Node &node) {
  auto op = cast<RotaryOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), cos = node.in(1), sin = node.in(2);
  int64_t pairs = *cos.dims[2].getConstant(), size = *x.dims[3].getConstant();
  Dims whole = x.dims, part = x.dims;
  part[3] = pairs;
  bool interleaved = op.getInterleaved();
  if (interleaved) {
    if (size % 2)
      return node.error() << "expected heads of an even size, got " << size;
    whole[3] = size / 2;
    whole.push_back(2);
    part.push_back(1);
  }
  Tensor source = reshape(b, x, whole);
  SmallVector<OpFoldResult> ones(whole.size(), b.getIndexAttr(1));
  auto offsets = [&](bool second) {
    SmallVector<OpFoldResult> at(whole.size(), b.getIndexAttr(0));
    if (second)
      at.back() = b.getIndexAttr(interleaved ? 1 : pairs);
    return at;
  };
  Tensor first = slice(b, source, offsets(false), ones, part),
         second = slice(b, source, offsets(true), ones, part);
  unsigned rank = whole.size();
  AffineMap identity = b.getMultiDimIdentityMap(rank),
            angle =
                AffineMap::get(rank, 0,
                               {b.getAffineDimExpr(0), b.getAffineDimExpr(1),
                                b.getAffineDimExpr(3)},
                               b.getContext());
  Type f32 = b.getF32Type();
  auto turn = [&](const Tensor &own, const Tensor &other, bool isSecond) {
    return mapWith(b, {own, other, cos, sin},
                   {identity, identity, angle, angle}, part, x.element,
                   [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                     Value p = castScalar(inner, v[0], x.element, f32),
                           q = castScalar(inner, v[1], x.element, f32);
                     p = arith::MulFOp::create(inner, p, v[2]);
                     q = arith::MulFOp::create(inner, q, v[3]);
                     Value y = isSecond
                                   ? Value(arith::AddFOp::create(inner, p, q))
                                   : Value(arith::SubFOp::create(inner, p, q));
                     return castScalar(inner, y, f32, x.element);
                   });
  };
  Tensor result = 2 * pairs == size ? empty(b, whole, x.element) : source;
  result.value =
      insert(b, turn(first, second, false), result.value, offsets(false));
  result.value =
      insert(b, turn(second, first, true), result.value, offsets(true));
  return node.replace(reshape(b, result, x.dims).value);
}
