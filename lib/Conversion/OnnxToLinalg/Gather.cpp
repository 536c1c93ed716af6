//===- Gather.cpp - operators that read by index ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Indices from data are untrusted: rows of a table are read by
// kernel.gather_rows, which ends the run for one outside; everything else reads
// positions that a program has made of the indices, which ends the run too.
//===----------------------------------------------------------------------===//

#include "Program.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// Constant indices that are all inside of a dimension.
static bool areInside(Node &node, unsigned operand, const DimExpr &extent) {
  std::optional<SmallVector<int64_t>> known = node.constantIntegers(operand);
  std::optional<int64_t> size = extent.getConstant();
  return known && size && llvm::all_of(*known, [&](int64_t number) {
           return number >= -*size && number < *size;
         });
}

/// Indices as positions, negative ones counted from the end. `extents` are
/// those that the indices count in, the last dimension's elements in turn. One
/// that is outside ends the run.
static Tensor toPositions(Node &node, const Tensor &ids,
                          ArrayRef<DimExpr> extents) {
  constexpr int64_t kUnit = 4096; // indices that one unit looks at
  ImplicitLocOpBuilder &b = node.b;
  DimExpr count = product(ids.dims);
  SmallVector<Num> sizes;
  for (const DimExpr &extent : extents)
    sizes.push_back({b, sizeValue(b, extent)});
  Num all(b, sizeValue(b, count));
  bool isChecked = !node.lowerer.unsafeIndices;
  Tensor flat =
      program(b, DimExpr::ceildiv(count, kUnit), reshape(b, ids, {count}),
              empty(b, {count}, b.getI64Type()),
              [&](Code &code, Num unit, ArrayRef<Memory> in,
                  ArrayRef<Memory> out) -> Num {
                Num start = unit * double(kUnit),
                    length = min(all - start, code.index(kUnit)),
                    yes = code.index(0) == code.index(0);
                Num fine = code.loop(
                    length, yes, [&](Num i, ArrayRef<Num> before) -> Nums {
                      Num at = start + i, extent = sizes.front(),
                          turn = at % double(sizes.size());
                      for (size_t k = 1; k < sizes.size(); ++k)
                        extent = select(turn == double(k), sizes[k], extent);
                      Num index = toIndex(in[0].load(at));
                      index = select(index < 0, index + extent, index);
                      out[0].store(convert(index, b.getI64Type()), at);
                      Num isInside(
                          b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                                   index, extent));
                      return before[0] & isInside;
                    })[0];
                if (!isChecked)
                  return {};
                return select(
                    fine, code.number(b.getI32Type(), SQUINT_OK),
                    code.number(b.getI32Type(), SQUINT_INDEX_OUT_OF_RANGE));
              })
          .front();
  return reshape(b, flat, ids.dims);
}

/// A position from `toPositions`, or a constant index.
static Value position(ImplicitLocOpBuilder &b, Value index, Type element,
                      Value extent, bool isPosition) {
  Value number = castScalar(b, index, element, b.getI64Type());
  number = arith::IndexCastOp::create(b, b.getIndexType(), number);
  if (isPosition)
    return number;
  Value negative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number,
                                         indexConstant(b, 0));
  return arith::SelectOp::create(
      b, negative, arith::AddIOp::create(b, number, extent), number);
}

/// Constant indices outside of a dimension are an error now.
static LogicalResult checkConstants(Node &node, unsigned operand,
                                    const DimExpr &extent) {
  std::optional<SmallVector<int64_t>> known = node.constantIntegers(operand);
  std::optional<int64_t> size = extent.getConstant();
  for (int64_t number : known &&size ? *known : SmallVector<int64_t>())
    if (number < -*size || number >= *size)
      return node.error() << "expected indices in [" << -*size << ", " << *size
                          << "), got " << number;
  return success();
}

/// Rows of a table [R, C] at ids [...].
static Tensor gatherRows(ImplicitLocOpBuilder &b, Value table,
                         const Tensor &ids, const DimExpr &columns,
                         Type element) {
  Tensor flat = flatten(b, ids);
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
  if (failed(checkConstants(node, 1, extent)))
    return failure();
  // One known index is a slice.
  if (auto constant = node.constantIntegers(1);
      constant && constant->size() == 1) {
    int64_t number = constant->front();
    DimExpr at = number < 0 ? extent + number : DimExpr(number);
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
  bool isKnown = areInside(node, 1, extent);
  if (!isKnown)
    ids = toPositions(node, ids, extent);
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
            indices.push_back(
                position(inner, v[0], ids.element, size, !isKnown));
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
  if (failed(checkConstants(node, 1, data.dims[axis])))
    return failure();
  Value size = sizeValue(b, data.dims[axis]);
  bool isKnown = areInside(node, 1, data.dims[axis]);
  if (!isKnown)
    ids = toPositions(node, ids, data.dims[axis]);
  Tensor result =
      map(b, ids, ids.dims, data.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
            SmallVector<Value> indices;
            for (int64_t i = 0; i < data.rank(); ++i)
              indices.push_back(
                  i == axis ? position(inner, v[0], ids.element, size, !isKnown)
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
  if (*depth > 0)
    ids = toPositions(node, ids, ArrayRef(data.dims).slice(batch, *depth));
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
              indices.push_back(position(inner, stored, ids.element, Value(),
                                         /*isPosition=*/true));
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
