//===- Gather.cpp - operators that read by index ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Indices from the model's inputs are untrusted: rows of a table are read by
// kernel.gather_rows, which ends the run for one outside; everything else cuts
// indices to the range, so that no read leaves the tensor.
//===----------------------------------------------------------------------===//

#include "Node.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// A stored index as a position in [0, extent); negative ones count from the
/// end.
static Value position(ImplicitLocOpBuilder &b, Value index, Type element,
                      Value extent) {
  Value zero = indexConstant(b, 0);
  Value number = castScalar(b, index, element, b.getI64Type());
  number = arith::IndexCastOp::create(b, b.getIndexType(), number);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, zero);
  number = arith::SelectOp::create(
      b, negative, arith::AddIOp::create(b, number, extent), number);
  Value last = arith::SubIOp::create(b, extent, indexConstant(b, 1));
  return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, number, last),
                                zero);
}

/// Rows of a table [R, C] at ids [...].
static Tensor gatherRows(ImplicitLocOpBuilder &b, Value table,
                         const Tensor &ids, const DimExpr &columns,
                         Type element) {
  Tensor flat = reshape(b, ids, {product(ids.dims)});
  if (!flat.element.isInteger(32) && !flat.element.isInteger(64))
    flat = castTo(b, flat, b.getI64Type());
  Tensor result = empty(b, {flat.dims[0], columns}, element);
  auto op = kernel::GatherRowsOp::create(b, TypeRange(result.value.getType()),
                                         table, flat.value,
                                         ValueRange(result.value), TypeAttr());
  result.value = op.getResult(0);
  return result;
}

static LogicalResult lowerEmbedding(Node &node) {
  auto op = cast<EmbeddingOp>(node.op);
  Dims dims = node.resultDims();
  // A packed table is read row by row: squint.dequantize of it is never stored.
  Value table = op.getTable();
  if (auto dequantize = table.getDefiningOp<DequantizeOp>())
    table = dequantize.getInput();
  else
    table = node.in(0).value;
  Tensor rows = gatherRows(node.b, table, node.tensor(op.getIds()), dims.back(),
                           node.resultElement());
  return node.replace(reshape(node.b, rows, dims).value);
}

static LogicalResult lowerGather(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = node.in(0), ids = node.in(1);
  Dims dims = node.resultDims();
  int64_t axis = node.axis("axis", 0, data.rank());
  DimExpr extent = data.dims[axis];
  // One known index is a slice.
  if (auto constant = node.constantIntegers(1);
      constant && constant->size() == 1) {
    int64_t number = constant->front();
    DimExpr at = number < 0 ? extent + number : DimExpr(number);
    if (auto size = extent.getConstant();
        size && (number < -*size || number >= *size))
      return node.error() << "expected an index in [" << -*size << ", " << *size
                          << "), got " << number;
    SmallVector<OpFoldResult> offsets(data.rank(), b.getIndexAttr(0)),
        ones(data.rank(), b.getIndexAttr(1));
    offsets[axis] = size(b, at);
    Dims part = data.dims;
    part[axis] = 1;
    return node.replace(
        reshape(b, slice(b, data, offsets, ones, part), dims).value);
  }
  ArrayRef<DimExpr> all = data.dims;
  if (product(all.take_front(axis)) == DimExpr(1) && data.element.isF32() &&
      !all.drop_front(axis + 1).empty()) {
    DimExpr columns = product(all.drop_front(axis + 1));
    Tensor table = reshape(b, data, {extent, columns});
    return node.replace(
        reshape(b, gatherRows(b, table.value, ids, columns, data.element), dims)
            .value);
  }
  Value size = sizeValue(b, extent);
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < ids.rank(); ++i)
    exprs.push_back(b.getAffineDimExpr(axis + i));
  AffineMap idsMap = AffineMap::get(dims.size(), 0, exprs, b.getContext());
  Tensor result = mapWith(
      b, ids, idsMap, dims, data.element,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        SmallVector<Value> indices;
        for (int64_t i = 0; i < data.rank(); ++i) {
          if (i == axis)
            indices.push_back(position(inner, v[0], ids.element, size));
          else
            indices.push_back(linalg::IndexOp::create(
                inner, i < axis ? i : i + ids.rank() - 1));
        }
        return toCompute(inner,
                         tensor::ExtractOp::create(inner, data.value, indices),
                         data.element);
      });
  return node.replace(result.value);
}

static LogicalResult lowerGatherElements(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = node.in(0), ids = node.in(1);
  int64_t axis = node.axis("axis", 0, data.rank());
  Value size = sizeValue(b, data.dims[axis]);
  Tensor result =
      map(b, ids, ids.dims, data.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
            SmallVector<Value> indices;
            for (int64_t i = 0; i < data.rank(); ++i)
              indices.push_back(
                  i == axis ? position(inner, v[0], ids.element, size)
                            : linalg::IndexOp::create(inner, i).getResult());
            return toCompute(
                inner, tensor::ExtractOp::create(inner, data.value, indices),
                data.element);
          });
  return node.replace(result.value);
}

static LogicalResult lowerGatherND(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = node.in(0), ids = node.in(1);
  Dims dims = node.resultDims();
  int64_t batch = node.integer("batch_dims", 0), idsRank = ids.rank();
  std::optional<int64_t> depth = ids.dims.back().getConstant();
  if (!depth)
    return node.error() << "expected indices of static depth, got "
                        << ids.dims.back().str();
  SmallVector<Value> extents;
  for (const DimExpr &dim : data.dims)
    extents.push_back(sizeValue(b, dim));
  Tensor result =
      map(b, {}, dims, data.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
            SmallVector<Value> at, indices;
            for (int64_t i = 0; i < idsRank - 1; ++i)
              at.push_back(linalg::IndexOp::create(inner, i));
            for (int64_t i = 0; i < batch; ++i)
              indices.push_back(at[i]);
            for (int64_t i = 0; i < *depth; ++i) {
              at.push_back(indexConstant(inner, i));
              Value stored = tensor::ExtractOp::create(inner, ids.value, at);
              indices.push_back(
                  position(inner, stored, ids.element, extents[batch + i]));
              at.pop_back();
            }
            for (int64_t i = idsRank - 1; i < static_cast<int64_t>(dims.size());
                 ++i)
              indices.push_back(linalg::IndexOp::create(inner, i));
            return toCompute(
                inner, tensor::ExtractOp::create(inner, data.value, indices),
                data.element);
          });
  return node.replace(result.value);
}

static LogicalResult lowerOneHot(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor ids = node.in(0), values = node.in(2);
  Dims dims = node.resultDims();
  int64_t axis = node.axis("axis", -1, dims.size());
  Value depth = sizeValue(b, dims[axis]);
  auto value = [&](int64_t i) {
    return tensor::ExtractOp::create(b, values.value, indexConstant(b, i));
  };
  Value off = value(0), on = value(1);
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < static_cast<int64_t>(dims.size()); ++i)
    if (i != axis)
      exprs.push_back(b.getAffineDimExpr(i));
  Tensor result = mapWith(
      b, ids, AffineMap::get(dims.size(), 0, exprs, b.getContext()), dims,
      values.element, [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value id = castScalar(inner, v[0], ids.element, inner.getI64Type());
        id = arith::IndexCastOp::create(inner, inner.getIndexType(), id);
        Value negative = arith::CmpIOp::create(inner, arith::CmpIPredicate::slt,
                                               id, indexConstant(inner, 0));
        id = arith::SelectOp::create(
            inner, negative, arith::AddIOp::create(inner, id, depth), id);
        Value here = linalg::IndexOp::create(inner, axis);
        Value hit =
            arith::CmpIOp::create(inner, arith::CmpIPredicate::eq, id, here);
        return toCompute(inner, arith::SelectOp::create(inner, hit, on, off),
                         values.element);
      });
  return node.replace(result.value);
}

ArrayRef<TableEntry> lowering::gatherTable() {
  static const TableEntry table[] = {
      {"Gather", lowerGather},
      {"GatherElements", lowerGatherElements},
      {"GatherND", lowerGatherND},
      {"OneHot", lowerOneHot},
      {"squint.embedding", lowerEmbedding},
  };
  return table;
}
