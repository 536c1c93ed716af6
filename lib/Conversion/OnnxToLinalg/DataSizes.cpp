//===- DataSizes.cpp - results whose size data decides ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A first program finds what there is and counts it, in buffers that hold as
// much as there can be; the count is bound to the result's late symbol; what
// follows has the true size.
//===----------------------------------------------------------------------===//

#include "Program.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

static Tensor emptyIntegers(ImplicitLocOpBuilder &b, ArrayRef<DimExpr> dims) {
  return empty(b, dims, b.getI64Type());
}

static Value indexAt(ImplicitLocOpBuilder &b, const Tensor &numbers,
                     int64_t i) {
  Value element =
      tensor::ExtractOp::create(b, numbers.value, indexConstant(b, i));
  return arith::IndexCastOp::create(b, b.getIndexType(), element);
}

static Num toInteger(Num x) { return convert(x, x.builder().getI64Type()); }

/// The first elements of a row.
static Tensor firstOf(ImplicitLocOpBuilder &b, const Tensor &row,
                      ArrayRef<DimExpr> dims) {
  SmallVector<OpFoldResult> zeros(row.rank(), b.getIndexAttr(0)),
      ones(row.rank(), b.getIndexAttr(1));
  return slice(b, row, zeros, ones, dims);
}

/// Whether an element counts as true.
static Num isSet(Num x) {
  if (x.type().isInteger(1))
    return x;
  return x != x.constant(0);
}

static LogicalResult lowerNonZero(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0), flat = flatten(b, input);
  int64_t rank = input.rank();
  Tensor counted =
      program(b, 1, flat, emptyIntegers(b, DimExpr(1)),
              [&](Code &code, Num, ArrayRef<Memory> in,
                  ArrayRef<Memory> out) -> Num {
                Num none = code.index(0);
                Num all = code.loop(in[0].dim(0), none,
                                    [&](Num i, ArrayRef<Num> n) -> Nums {
                                      return n[0] + select(isSet(in[0].load(i)),
                                                           code.index(1), none);
                                    })[0];
                out[0].store(toInteger(all), none);
                return {};
              })
          .front();
  node.bindLate(0, indexAt(b, counted, 0));
  Dims dims = node.resultDims();
  if (rank == 0)
    return node.replace(emptyIntegers(b, dims).value);
  SmallVector<Num> extents = extentsOf(b, input.dims);
  Tensor result =
      program(b, 1, flat, emptyIntegers(b, dims),
              [&](Code &code, Num, ArrayRef<Memory> in,
                  ArrayRef<Memory> out) -> Num {
                code.loop(
                    in[0].dim(0), code.index(0),
                    [&](Num i, ArrayRef<Num> n) -> Nums {
                      Num isHere = isSet(in[0].load(i));
                      code.ifThen(isHere, [&] {
                        SmallVector<Num> at = code.delinearize(i, extents);
                        for (int64_t k = 0; k < rank; ++k)
                          out[0].store(toInteger(at[k]), {code.index(k), n[0]});
                      });
                      return n[0] +
                             select(isHere, code.index(1), code.index(0));
                    });
                return {};
              })
          .front();
  return node.replace(result.value);
}

/// The parts of `data` [outer, n, inner] along the middle at `positions`, in
/// the shape of a result.
static Tensor pick(ImplicitLocOpBuilder &b, const Tensor &data,
                   const Tensor &positions, ArrayRef<DimExpr> dims) {
  Dims parts = data.dims;
  parts[1] = positions.dims[0];
  Tensor picked = programMap(
      b, {data, positions}, parts, data.element,
      [&](Code &, ArrayRef<Num> at, ArrayRef<Memory> in) {
        return in[0].load({at[0], toIndex(in[1].load(at[1])), at[2]});
      });
  return reshape(b, picked, dims);
}

/// `input` as [outer, axis, inner]; all of it in the middle without an axis.
static Tensor aroundAxis(Node &node, const Tensor &input) {
  if (!node.op->hasAttr("axis"))
    return reshape(node.b, input, {1, product(input.dims), 1});
  int64_t axis = node.axis("axis", 0, input.rank());
  ArrayRef<DimExpr> all(input.dims);
  return reshape(node.b, input,
                 {product(all.take_front(axis)), all[axis],
                  product(all.drop_front(axis + 1))});
}

static LogicalResult lowerCompress(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = aroundAxis(node, node.in(0)), condition = node.in(1);
  Num extent(b, sizeValue(b, data.dims[1]));
  SmallVector<Tensor> found = program(
      b, 1, condition,
      {emptyIntegers(b, DimExpr::min(data.dims[1], condition.dims[0])),
       emptyIntegers(b, DimExpr(1))},
      [&](Code &code, Num, ArrayRef<Memory> in, ArrayRef<Memory> out) {
        Num ok = code.number(b.getI32Type(), SQUINT_OK),
            bad = code.number(b.getI32Type(), SQUINT_INDEX_OUT_OF_RANGE);
        Nums state =
            code.loop(in[0].dim(0), {code.index(0), ok},
                      [&](Num i, ArrayRef<Num> n) -> Nums {
                        Num isHere = in[0].load(i), isInside = i < extent;
                        code.ifThen(isHere & isInside,
                                    [&] { out[0].store(toInteger(i), n[0]); });
                        return {n[0] + select(isHere & isInside, code.index(1),
                                              code.index(0)),
                                select(isHere & !isInside, bad, n[1])};
                      });
        out[1].store(toInteger(state[0]), code.index(0));
        return state[1];
      });
  node.bindLate(0, indexAt(b, found[1], 0));
  Dims dims = node.resultDims();
  int64_t axis =
      node.op->hasAttr("axis") ? node.axis("axis", 0, dims.size()) : 0;
  Tensor positions = firstOf(b, found[0], dims[axis]);
  return node.replace(pick(b, data, positions, dims).value);
}

//===----------------------------------------------------------------------===//
// Sorting
//===----------------------------------------------------------------------===//

/// Sorts the first `count` numbers of a row of indices by merging: stable, n
/// log n comparisons. `isAfter(x, y)`: x must stand behind y.
static void sortIndices(Code &code, Num count, const Memory &row,
                        const Memory &scratch,
                        llvm::function_ref<Num(Num, Num)> isAfter) {
  Num one = code.index(1), last = max(count - 1.0, code.index(0));
  // 40 levels are more elements than there can be.
  code.loop(code.index(40), one, [&](Num, ArrayRef<Num> state) -> Nums {
    Num width = state[0];
    code.ifThen(width < count, [&] {
      code.loop(count, {code.index(0), code.index(0)},
                [&](Num p, ArrayRef<Num> from) -> Nums {
                  Num start = p / (width * 2.0) * (width * 2.0);
                  Num middle = min(start + width, count),
                      end = min(start + width * 2.0, count);
                  Num isFirst = p == start;
                  Num i = select(isFirst, start, from[0]),
                      j = select(isFirst, middle, from[1]);
                  Num x = toIndex(row.load(min(i, last))),
                      y = toIndex(row.load(min(j, last)));
                  Num fromRight = (j < end) & ((i >= middle) | isAfter(x, y));
                  scratch.store(toInteger(select(fromRight, y, x)), p);
                  return {select(fromRight, i, i + one),
                          select(fromRight, j + one, j)};
                });
      code.loop(count, [&](Num p) { row.store(scratch.load(p), p); });
    });
    return width * 2.0;
  });
}

static LogicalResult lowerUnique(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = aroundAxis(node, node.in(0));
  DimExpr all = data.dims[1];
  bool isSorted = node.integer("sorted", 1);
  Type element = data.element;
  Num extent(b, sizeValue(b, all)), outer(b, sizeValue(b, data.dims[0])),
      inner(b, sizeValue(b, data.dims[2]));
  enum { Order, Scratch, Group, First, Counts, Count, NumRows };
  SmallVector<Tensor> rows(NumRows, emptyIntegers(b, all));
  for (Tensor &row : rows)
    row = emptyIntegers(b, &row == &rows[Count] ? DimExpr(1) : all);
  SmallVector<Tensor> found = program(
      b, 1, data, rows,
      [&](Code &code, Num, ArrayRef<Memory> in, ArrayRef<Memory> out) -> Num {
        Num zero = code.index(0), one = code.index(1);
        // -1, 0 or 1 for parts that are less, equal and greater.
        auto compare = [&](Num x, Num y) -> Num {
          return code.loop(outer, zero, [&](Num o, ArrayRef<Num> sign) -> Nums {
            return code.loop(inner, sign, [&](Num k, ArrayRef<Num> s) -> Nums {
              Num a = orderKey(in[0].load({o, x, k}), element),
                  c = orderKey(in[0].load({o, y, k}), element);
              Num here = select(a < c, zero - one, select(c < a, one, zero));
              return select(s[0] == zero, here, s[0]);
            });
          })[0];
        };
        code.loop(extent, [&](Num i) { out[Order].store(toInteger(i), i); });
        sortIndices(code, extent, out[Order], out[Scratch],
                    [&](Num x, Num y) { return compare(x, y) > zero; });
        // Runs of equal parts; the first of a run is the first in the input.
        Num groups =
            code.loop(extent, zero, [&](Num p, ArrayRef<Num> n) -> Nums {
              Num here = toIndex(out[Order].load(p));
              Num isNew = (p == zero) |
                          (compare(here, toIndex(out[Order].load(
                                             max(p - one, zero)))) != zero);
              Num group = n[0] + select(isNew, one, zero) - one;
              code.ifThen(isNew, [&] {
                out[First].store(toInteger(here), group);
                out[Counts].store(toInteger(zero), group);
              });
              out[Counts].store(out[Counts].load(group) + 1.0, group);
              out[Group].store(toInteger(group), here);
              return group + one;
            })[0];
        out[Count].store(toInteger(groups), zero);
        if (isSorted)
          return {};
        // In the order of the input: groups get new numbers, Scratch[old], and
        // what belongs to them moves.
        code.loop(extent, zero, [&](Num i, ArrayRef<Num> n) -> Nums {
          Num group = toIndex(out[Group].load(i));
          Num isFirst = toIndex(out[First].load(group)) == i;
          code.ifThen(isFirst, [&] {
            out[Scratch].store(toInteger(n[0]), group);
            out[Order].store(out[Counts].load(group), n[0]);
          });
          return n[0] + select(isFirst, one, zero);
        });
        code.loop(extent, [&](Num i) {
          out[Group].store(out[Scratch].load(toIndex(out[Group].load(i))), i);
        });
        code.loop(groups, [&](Num g) {
          out[Counts].store(out[Order].load(g), g);
          out[First].store(toInteger(extent), g);
        });
        code.loop(extent, [&](Num i) {
          Num group = toIndex(out[Group].load(i));
          out[First].store(min(out[First].load(group), toInteger(i)), group);
        });
        return {};
      });
  node.bindLate(0, indexAt(b, found[Count], 0));
  Dims dims = node.resultDims();
  int64_t axis =
      node.op->hasAttr("axis") ? node.axis("axis", 0, dims.size()) : 0;
  Dims few{dims[axis]};
  Tensor first = firstOf(b, found[First], few);
  Tensor results[] = {pick(b, data, first, dims), first, found[Group],
                      firstOf(b, found[Counts], few)};
  auto segments =
      node.op->getAttrOfType<DenseI32ArrayAttr>("resultSegmentSizes");
  unsigned next = 0;
  for (auto [i, result] : llvm::enumerate(results))
    if ((!segments || segments[i]) && next < node.op->getNumResults() &&
        failed(node.replace(result.value, next++)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

namespace {
struct Box {
  Num low[2], high[2], area;
};
} // namespace

static Box loadBox(const Memory &boxes, Num batch, Num number, bool isCenter) {
  Num at[4];
  for (int i = 0; i < 4; ++i)
    at[i] = boxes.load({batch, number, {*boxes.b, indexConstant(*boxes.b, i)}});
  Box box;
  for (int i = 0; i < 2; ++i) {
    Num a = at[i], c = at[i + 2];
    box.low[i] = isCenter ? a - c / 2.0 : min(a, c);
    box.high[i] = isCenter ? a + c / 2.0 : max(a, c);
  }
  box.area = (box.high[0] - box.low[0]) * (box.high[1] - box.low[1]);
  return box;
}

/// Whether two boxes share more than `threshold` of their union.
static Num overlap(const Box &a, const Box &c, Num threshold) {
  Num shared = a.area.constant(1), zero = a.area.constant(0);
  for (int i = 0; i < 2; ++i)
    shared =
        shared * max(min(a.high[i], c.high[i]) - max(a.low[i], c.low[i]), zero);
  Num whole = a.area + c.area - shared;
  return (shared > zero) & (a.area > zero) & (c.area > zero) & (whole > zero) &
         (shared / whole > threshold);
}

static LogicalResult lowerNonMaxSuppression(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor boxes = node.in(0), scores = node.in(1);
  bool isCenter = node.integer("center_point_box", 0);
  auto scalar = [&](unsigned position, Value otherwise) -> Value {
    if (!node.has(position))
      return otherwise;
    Tensor input = node.in(position);
    SmallVector<Value> zeros(input.rank(), indexConstant(b, 0));
    return tensor::ExtractOp::create(b, input.value, zeros);
  };
  Value limit = scalar(2, arith::ConstantIntOp::create(b, 0, 64)),
        overlaps = scalar(3, scalarConstant(b, b.getF32Type(), 0)),
        least = scalar(4, scalarConstant(b, b.getF32Type(), 0));
  bool hasLeast = node.has(4);
  DimExpr most = boxes.dims[1];
  if (auto number = node.constantIntegers(2); number && number->size() == 1)
    most = DimExpr::min(most, std::clamp<int64_t>(number->front(), 0, 1 << 30));
  else if (!node.has(2))
    most = 0;
  DimExpr all = scores.dims[0] * scores.dims[1] * most;
  SmallVector<Tensor> found = program(
      b, 1, {boxes, scores},
      {emptyIntegers(b, {all, 3}), emptyIntegers(b, DimExpr(1)),
       emptyIntegers(b, boxes.dims[1]), emptyIntegers(b, boxes.dims[1])},
      [&](Code &code, Num, ArrayRef<Memory> in, ArrayRef<Memory> out) -> Num {
        Num zero = code.index(0), one = code.index(1);
        Num threshold(b, overlaps), lowest(b, least),
            most = max(min(toIndex(Num(b, limit)), in[0].dim(1)), zero);
        Num total = code.loop(
            in[1].dim(0), zero, [&](Num batch, ArrayRef<Num> before) -> Nums {
              return code.loop(
                  in[1].dim(1), before,
                  [&](Num kind, ArrayRef<Num> start) -> Nums {
                    Num candidates = code.loop(
                        in[1].dim(2), zero,
                        [&](Num i, ArrayRef<Num> n) -> Nums {
                          Num score = in[1].load({batch, kind, i});
                          Num isIn = hasLeast ? score > lowest : score == score;
                          code.ifThen(
                              isIn, [&] { out[2].store(toInteger(i), n[0]); });
                          return n[0] + select(isIn, one, zero);
                        })[0];
                    sortIndices(code, candidates, out[2], out[3],
                                [&](Num x, Num y) {
                                  return in[1].load({batch, kind, x}) <
                                         in[1].load({batch, kind, y});
                                });
                    Num end = start[0] + most;
                    return code.loop(
                        candidates, start[0],
                        [&](Num p, ArrayRef<Num> n) -> Nums {
                          Num number = toIndex(out[2].load(p));
                          Box box = loadBox(in[0], batch, number, isCenter);
                          Num no(b, arith::ConstantIntOp::create(b, 0, 1));
                          // Nothing to compare with where it is full.
                          Num taken = select(n[0] < end, n[0] - start[0], zero);
                          Num isCovered = code.loop(
                              taken, no, [&](Num q, ArrayRef<Num> any) -> Nums {
                                Num other = toIndex(
                                    out[0].load({start[0] + q, code.index(2)}));
                                return any[0] |
                                       overlap(box,
                                               loadBox(in[0], batch, other,
                                                       isCenter),
                                               threshold);
                              })[0];
                          Num isTaken = (n[0] < end) & !isCovered;
                          code.ifThen(isTaken, [&] {
                            out[0].store(toInteger(batch), {n[0], zero});
                            out[0].store(toInteger(kind), {n[0], one});
                            out[0].store(toInteger(number),
                                         {n[0], code.index(2)});
                          });
                          return n[0] + select(isTaken, one, zero);
                        });
                  });
            })[0];
        out[1].store(toInteger(total), zero);
        return {};
      });
  node.bindLate(0, indexAt(b, found[1], 0));
  return node.replace(firstOf(b, found[0], node.resultDims()).value);
}

ArrayRef<TableEntry> lowering::dataSizesTable() {
  static const TableEntry table[] = {
      {"Compress", lowerCompress},
      {"NonMaxSuppression", lowerNonMaxSuppression},
      {"NonZero", lowerNonZero},
      {"Unique", lowerUnique},
  };
  return table;
}
