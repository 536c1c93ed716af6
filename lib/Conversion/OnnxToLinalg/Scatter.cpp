//===- Scatter.cpp - operators that write by index, orders ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An index outside its dimension ends the run with an error and writes nothing.
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// Row-major strides.
static SmallVector<Num> stridesOf(ImplicitLocOpBuilder &b,
                                  ArrayRef<DimExpr> dims) {
  SmallVector<Num> strides(dims.size());
  DimExpr stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = {b, sizeValue(b, stride)};
    stride = stride * dims[i];
  }
  return strides;
}

static Num statusOf(Code &code, Num inside) {
  return select(inside, code.number(code.b.getI32Type(), SQUINT_OK),
                code.number(code.b.getI32Type(), SQUINT_INDEX_OUT_OF_RANGE));
}

/// A loaded index, counted from the end when negative.
static Num toPosition(Num index, Num extent) {
  index = toIndex(index);
  return select(index < 0, index + extent, index);
}

static Num isInside(Num position, Num extent) {
  ImplicitLocOpBuilder &b = position.builder();
  return {
      b, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, position, extent)};
}

/// What an update does to the element that it meets.
static Num combine(StringRef reduction, Num old, Num update, Type element) {
  ImplicitLocOpBuilder &b = old.builder();
  if (reduction == "add")
    return element.isInteger(1) ? old | update : old + update;
  if (reduction == "mul")
    return element.isInteger(1) ? old & update : old * update;
  if (reduction != "max" && reduction != "min")
    return update;
  bool isMax = reduction == "max";
  if (element.isInteger(1))
    return isMax ? old | update : old & update;
  if (element.isUnsignedInteger())
    return {b, isMax ? arith::MaxUIOp::create(b, old, update).getResult()
                     : arith::MinUIOp::create(b, old, update).getResult()};
  return isMax ? max(update, old) : min(update, old);
}

static void copyAll(Code &code, const Memory &from, const Memory &to) {
  code.loop(to.dim(0), [&](Num i) { to.store(from.load(i), i); });
}

/// Replaces the node by what `start` fills and `update` then writes to, one
/// call for each of `count` updates in ascending order. `update` returns
/// whether the place lies inside the tensor; one outside is not written to, and
/// its status is that of the library.
static LogicalResult replaceByUpdates(
    Node &node, ArrayRef<Tensor> inputs, Num count, ArrayRef<DimExpr> dims,
    Type element,
    function_ref<void(Code &, ArrayRef<Memory>, const Memory &)> start,
    function_ref<Num(Code &, Num, ArrayRef<Memory>, const Memory &)> update) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor result =
      program(b, 1, inputs, empty(b, {product(dims)}, element),
              [&](Code &code, Num, ArrayRef<Memory> in, ArrayRef<Memory> out) {
                start(code, in, out[0]);
                Num ok = code.number(b.getI32Type(), SQUINT_OK);
                return code.loop(
                    count, ok, [&](Num i, ArrayRef<Num> status) -> Nums {
                      Num inside = update(code, i, in, out[0]);
                      return select(inside, status[0], statusOf(code, inside));
                    })[0];
              })
          .front();
  return node.replace(reshape(b, result, dims).value);
}

/// Starts with a copy of the first input.
static void copyFirst(Code &code, ArrayRef<Memory> in, const Memory &out) {
  copyAll(code, in[0], out);
}

static LogicalResult checkReduction(Node &node) {
  StringRef reduction = node.string("reduction", "none");
  if (llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return success();
  return node.error() << "expected reduction none, add, mul, max or min, got "
                      << reduction;
}

static LogicalResult lowerScatterElements(Node &node) {
  if (failed(checkReduction(node)))
    return failure();
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = node.in(0), ids = node.in(1), updates = node.in(2);
  int64_t axis = node.axis("axis", 0, data.rank());
  StringRef reduction = node.string("reduction", "none");
  SmallVector<Num> strides = stridesOf(b, data.dims),
                   extents = extentsOf(b, ids.dims);
  Num size(b, sizeValue(b, data.dims[axis])),
      count(b, sizeValue(b, product(ids.dims)));
  return replaceByUpdates(
      node, {flatten(b, data), flatten(b, ids), flatten(b, updates)}, count,
      data.dims, data.element, copyFirst,
      [&](Code &code, Num i, ArrayRef<Memory> in, const Memory &out) {
        SmallVector<Num> at = code.delinearize(i, extents);
        at[axis] = toPosition(in[1].load(i), size);
        Num inside = isInside(at[axis], size);
        Num offset = code.index(0);
        for (auto [position, stride] : llvm::zip(at, strides))
          offset = offset + position * stride;
        code.ifThen(inside, [&] {
          out.store(
              combine(reduction, out.load(offset), in[2].load(i), data.element),
              offset);
        });
        return inside;
      });
}

static LogicalResult lowerScatterND(Node &node) {
  if (failed(checkReduction(node)))
    return failure();
  ImplicitLocOpBuilder &b = node.b;
  Tensor data = node.in(0), ids = node.in(1), updates = node.in(2);
  std::optional<int64_t> depth = ids.dims.back().getConstant();
  if (!depth || *depth > data.rank())
    return node.error() << "expected indices of static depth, got "
                        << ids.dims.back().str();
  StringRef reduction = node.string("reduction", "none");
  ArrayRef<DimExpr> rest = ArrayRef<DimExpr>(data.dims).drop_front(*depth);
  Num count(b, sizeValue(b, product(ArrayRef<DimExpr>(ids.dims).drop_back()))),
      width(b, sizeValue(b, product(rest)));
  SmallVector<Num> strides = stridesOf(b, data.dims),
                   extents = extentsOf(b, data.dims);
  return replaceByUpdates(
      node, {flatten(b, data), flatten(b, ids), flatten(b, updates)}, count,
      data.dims, data.element, copyFirst,
      [&](Code &code, Num i, ArrayRef<Memory> in, const Memory &out) {
        Num offset = code.index(0);
        Num inside = code.index(0) == code.index(0);
        for (int64_t k = 0; k < *depth; ++k) {
          Num position = toPosition(in[1].load(i * double(*depth) + double(k)),
                                    extents[k]);
          inside = inside & isInside(position, extents[k]);
          offset = offset + position * strides[k];
        }
        code.ifThen(inside, [&] {
          code.loop(width, [&](Num j) {
            Num to = offset + j;
            out.store(combine(reduction, out.load(to),
                              in[2].load(i * width + j), data.element),
                      to);
          });
        });
        return inside;
      });
}

/// A cache whose rows from a position on are the update's; "circular" goes on
/// at the start.
static LogicalResult lowerTensorScatter(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor cache = node.in(0), update = node.in(1);
  int64_t rank = cache.rank(), axis = node.axis("axis", -2, rank);
  bool circular = node.string("mode", "linear") == "circular";
  SmallVector<Num> strides = stridesOf(b, cache.dims),
                   extents = extentsOf(b, update.dims);
  Num size(b, sizeValue(b, cache.dims[axis])),
      count(b, sizeValue(b, product(update.dims)));
  SmallVector<Tensor> inputs{flatten(b, cache), flatten(b, update)};
  bool hasStart = node.has(2);
  if (hasStart)
    inputs.push_back(node.in(2));
  return replaceByUpdates(
      node, inputs, count, cache.dims, cache.element, copyFirst,
      [&](Code &code, Num i, ArrayRef<Memory> in, const Memory &out) {
        SmallVector<Num> at = code.delinearize(i, extents);
        if (hasStart)
          at[axis] = at[axis] + toIndex(in[2].load(at[0]));
        if (circular)
          at[axis] = at[axis] % max(size, code.index(1));
        Num inside = isInside(at[axis], size);
        Num offset = code.index(0);
        for (auto [position, stride] : llvm::zip(at, strides))
          offset = offset + position * stride;
        code.ifThen(inside, [&] { out.store(in[1].load(i), offset); });
        return inside;
      });
}

/// Zeros but for the elements that a pool has kept, at their positions in the
/// whole tensor that was pooled.
static LogicalResult lowerMaxUnpool(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), ids = node.in(1);
  Dims dims = node.resultDims();
  // Indices count in the tensor that the attributes describe, which the result
  // may be larger than.
  SmallVector<int64_t> kernel = node.integers("kernel_shape"),
                       ones(kernel.size(), 1), zeros(2 * kernel.size(), 0),
                       strides = node.integers("strides", ones),
                       pads = node.integers("pads", zeros);
  Dims pooled{x.dims[0], x.dims[1]};
  for (size_t i = 0; i < kernel.size(); ++i)
    pooled.push_back((x.dims[i + 2] - DimExpr(1)) * DimExpr(strides[i]) +
                     DimExpr(kernel[i] - pads[i] - pads[i + kernel.size()]));
  SmallVector<Num> to = stridesOf(b, dims), from = extentsOf(b, pooled),
                   limits = extentsOf(b, dims);
  Num count(b, sizeValue(b, product(x.dims)));
  auto clear = [&](Code &code, ArrayRef<Memory>, const Memory &out) {
    Num zero = code.number(computeElement(x.element), 0);
    code.loop(out.dim(0), [&](Num i) { out.store(zero, i); });
  };
  return replaceByUpdates(
      node, {flatten(b, x), flatten(b, ids)}, count, dims, x.element, clear,
      [&](Code &code, Num i, ArrayRef<Memory> in, const Memory &out) {
        SmallVector<Num> at = code.delinearize(toIndex(in[1].load(i)), from);
        Num offset = code.index(0);
        Num inside = code.index(0) == code.index(0);
        for (auto [position, stride, limit] : llvm::zip(at, to, limits)) {
          inside = inside & isInside(position, limit);
          offset = offset + position * stride;
        }
        code.ifThen(inside, [&] { out.store(in[0].load(i), offset); });
        return inside;
      });
}

//===----------------------------------------------------------------------===//
// Along a line
//===----------------------------------------------------------------------===//

/// Sums or products of what comes before, in the order of the definition.
static LogicalResult lowerCumulative(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  auto axes = node.symbolicIntegers(1);
  if (!axes || axes->size() != 1)
    return node.error() << "expected an axis that follows from shapes";
  // The axis may be a number that an input contains.
  DimExpr size, inner = 1, isBefore;
  for (int64_t i = 0, rank = input.rank(); i < rank; ++i) {
    DimExpr here = DimExpr::isEqual(axes->front(), i) +
                   DimExpr::isEqual(axes->front(), i - rank);
    size = size + here * input.dims[i];
    inner = inner * (isBefore * (input.dims[i] - DimExpr(1)) + DimExpr(1));
    isBefore = isBefore + here;
  }
  bool exclusive = node.integer("exclusive", 0),
       reversed = node.integer("reverse", 0), isSum = node.name() == "CumSum";
  Type element = node.resultElement();
  Num length(b, sizeValue(b, size)), stride(b, sizeValue(b, inner));
  Tensor flat = flatten(b, input);
  Tensor result =
      program(b, DimExpr::floordiv(flat.dims[0], DimExpr::max(size, 1)), flat,
              empty(b, flat.dims, element),
              [&](Code &code, Num unit, ArrayRef<Memory> in,
                  ArrayRef<Memory> out) -> Num {
                Num step = max(stride, code.index(1));
                Num base = unit / step * length * step + unit % step;
                Num start = code.number(computeElement(element), isSum ? 0 : 1);
                code.loop(length, start, [&](Num i, ArrayRef<Num> sum) -> Nums {
                  Num at = base + (reversed ? length - i - 1.0 : i) * step;
                  Num next = in[0].load(at);
                  next = isSum ? sum[0] + next : sum[0] * next;
                  out[0].store(exclusive ? sum[0] : next, at);
                  return next;
                });
                return {};
              })
          .front();
  return node.replace(reshape(b, result, input.dims).value);
}

Num lowering::orderKey(Num x, Type element) {
  ImplicitLocOpBuilder &b = x.builder();
  Type i64 = b.getI64Type();
  if (auto type = dyn_cast<FloatType>(x.type())) {
    unsigned width = type.getWidth();
    Type bits = b.getIntegerType(width);
    Num clean = x + 0.0;
    Num raw(b, arith::BitcastOp::create(b, bits, clean));
    Num wide(b, width == 64 ? Value(raw)
                            : arith::ExtSIOp::create(b, i64, raw).getResult());
    Num magnitude(b, arith::AndIOp::create(
                         b, wide,
                         arith::ConstantIntOp::create(
                             b, width == 64 ? INT64_MAX : INT32_MAX, 64)));
    Num key = select(wide < 0, -magnitude, magnitude);
    Num above(b, arith::ConstantIntOp::create(b, INT64_MAX - 1, 64));
    return select(x != x, above, key);
  }
  if (element.isUnsignedInteger()) {
    if (x.type().isInteger(64)) // the order of the signs' flip
      return {b, arith::XOrIOp::create(
                     b, x, arith::ConstantIntOp::create(b, INT64_MIN, 64))};
    return {b, arith::ExtUIOp::create(b, i64, x)};
  }
  if (x.type().isInteger(64))
    return x;
  return {b, arith::ExtSIOp::create(b, i64, x)};
}

/// How many elements TopK gives, where data says so.
static void bindCount(Node &node, const DimExpr &size) {
  ImplicitLocOpBuilder &b = node.b;
  Num count(b, getValueOrCreateConstantIndexOp(
                   b, b.getLoc(), node.runtimeIntegers(1).front()));
  Num isInside = (count >= 0) & (count <= Num(b, sizeValue(b, size)));
  kernel::RequireOp::create(b, isInside, SQUINT_INDEX_OUT_OF_RANGE);
  node.bindLate(0, count);
}

/// The k first of each line in order; of equal elements the first one first.
static LogicalResult lowerTopK(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  int64_t axis = node.axis("axis", -1, input.rank());
  bool largest = node.integer("largest", 1);
  if (node.op->hasAttr(kLateAttr))
    bindCount(node, input.dims[axis]);
  ArrayRef<DimExpr> all(input.dims);
  DimExpr outer = product(all.take_front(axis)),
          inner = product(all.drop_front(axis + 1));
  Tensor x = reshape(b, input, {outer, all[axis], inner});
  Dims shape{outer, dims[axis], inner};
  Num width(b, sizeValue(b, inner));
  SmallVector<Tensor> results = program(
      b, outer * inner, x,
      {empty(b, shape, input.element), empty(b, shape, b.getI64Type())},
      [&](Code &code, Num unit, ArrayRef<Memory> in,
          ArrayRef<Memory> out) -> Num {
        Num row = unit / max(width, code.index(1)),
            column = unit % max(width, code.index(1));
        Num none = code.number(b.getI64Type(), -1), length = in[0].dim(1);
        // Behind the element before: what has a lower key, or the same one and
        // a higher index.
        Num firstKey(b, arith::ConstantIntOp::create(b, INT64_MAX, 64));
        code.loop(
            out[0].dim(1), {firstKey, none},
            [&](Num j, ArrayRef<Num> before) -> Nums {
              Num lowest(b, arith::ConstantIntOp::create(b, INT64_MIN, 64));
              SmallVector<Num> best = code.loop(
                  length, {lowest, none},
                  [&](Num i, ArrayRef<Num> best) -> Nums {
                    Num key =
                        orderKey(in[0].load({row, i, column}), input.element);
                    if (!largest)
                      key = key * -1.0 - 1.0; // complement: no overflow
                    Num at = convert(i, b.getI64Type());
                    Num isNext = (key < before[0]) |
                                 ((key == before[0]) & (at > before[1]));
                    Num isBetter = isNext & ((key > best[0]) | (best[1] < 0));
                    return {select(isBetter, key, best[0]),
                            select(isBetter, at, best[1])};
                  });
              Num at = max(toIndex(best[1]), code.index(0));
              out[0].store(in[0].load({row, at, column}), {row, j, column});
              out[1].store(best[1], {row, j, column});
              return best;
            });
        return {};
      });
  if (failed(node.replace(reshape(b, results[0], dims).value)))
    return failure();
  return node.replace(reshape(b, results[1], dims).value, 1);
}

/// The lengths of sequences; one that is longer than there is room ends the
/// run.
static Tensor checkedLengths(Node &node, const Tensor &lengths,
                             const DimExpr &most) {
  ImplicitLocOpBuilder &b = node.b;
  Num limit(b, sizeValue(b, most));
  return program(b, 1, lengths, empty(b, lengths.dims, b.getI64Type()),
                 [&](Code &code, Num, ArrayRef<Memory> in,
                     ArrayRef<Memory> out) -> Num {
                   Num ok = code.number(b.getI32Type(), SQUINT_OK),
                       bad = code.number(b.getI32Type(), SQUINT_INVALID_DATA);
                   return code.loop(
                       in[0].dim(0), ok, [&](Num i, ArrayRef<Num> s) -> Nums {
                         Num length = toIndex(in[0].load(i));
                         out[0].store(convert(length, b.getI64Type()), i);
                         return select((length >= 0) & (length <= limit), s[0],
                                       bad);
                       })[0];
                 })
      .front();
}

static LogicalResult lowerReverseSequence(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  int64_t batch = node.integer("batch_axis", 1),
          time = node.integer("time_axis", 0);
  Tensor lengths = checkedLengths(node, node.in(1), input.dims[time]);
  Tensor result =
      programMap(b, {input, lengths}, input.dims, input.element,
                 [&](Code &, ArrayRef<Num> at, ArrayRef<Memory> in) {
                   SmallVector<Num> from(at);
                   Num length = toIndex(in[1].load(at[batch]));
                   from[time] = select(at[time] < length,
                                       length - at[time] - 1.0, at[time]);
                   return in[0].load(from);
                 });
  return node.replace(result.value);
}

/// By Gaussian elimination with the largest pivot of each column.
static LogicalResult lowerDet(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  ArrayRef<DimExpr> all(input.dims);
  DimExpr batch = product(all.drop_back(2)), size = all.back();
  Tensor x = reshape(b, input, {batch, size, size});
  Type type = computeElement(input.element);
  SmallVector<Tensor> results = program(
      b, batch, x, {empty(b, {batch}, input.element), empty(b, x.dims, type)},
      [&](Code &code, Num unit, ArrayRef<Memory> in,
          ArrayRef<Memory> out) -> Num {
        Num n = in[0].dim(1);
        const Memory &a = out[1];
        code.loop(n, [&](Num i) {
          code.loop(n, [&](Num j) {
            a.store(in[0].load({unit, i, j}), {unit, i, j});
          });
        });
        Num product = code.loop(
            n, code.number(type, 1), [&](Num k, ArrayRef<Num> product) -> Nums {
              Num pivot =
                  code.loop(n, k, [&](Num i, ArrayRef<Num> best) -> Nums {
                    Num isBetter = (i > k) & (abs(a.load({unit, i, k})) >
                                              abs(a.load({unit, best[0], k})));
                    return select(isBetter, i, best[0]);
                  })[0];
              code.loop(n, [&](Num j) {
                Num one = a.load({unit, k, j}),
                    other = a.load({unit, pivot, j});
                a.store(other, {unit, k, j});
                a.store(one, {unit, pivot, j});
              });
              Num diagonal = a.load({unit, k, k});
              Num next = product[0] * select(pivot == k, diagonal, -diagonal);
              code.loop(n, [&](Num i) {
                code.ifThen((i > k) & (diagonal != diagonal.constant(0)), [&] {
                  Num factor = a.load({unit, i, k}) / diagonal;
                  code.loop(n, [&](Num j) {
                    a.store(a.load({unit, i, j}) -
                                factor * a.load({unit, k, j}),
                            {unit, i, j});
                  });
                });
              });
              return next;
            })[0];
        out[0].store(product, unit);
        return {};
      });
  return node.replace(reshape(b, results[0], node.resultDims()).value);
}

ArrayRef<TableEntry> lowering::scatterTable() {
  static const TableEntry table[] = {
      {"CumProd", lowerCumulative},
      {"CumSum", lowerCumulative},
      {"Det", lowerDet},
      {"MaxUnpool", lowerMaxUnpool},
      {"ReverseSequence", lowerReverseSequence},
      {"ScatterElements", lowerScatterElements},
      {"ScatterND", lowerScatterND},
      {"TensorScatter", lowerTensorScatter},
      {"TopK", lowerTopK},
  };
  return table;
}
