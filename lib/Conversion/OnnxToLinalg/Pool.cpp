//===- Pool.cpp - pooling over windows --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Window.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

FailureOr<Window> lowering::readWindow(Node &node, ArrayRef<int64_t> kernel,
                                       ArrayRef<DimExpr> in,
                                       ArrayRef<DimExpr> out) {
  unsigned count = kernel.size();
  SmallVector<int64_t> ones(count, 1), zeros(2 * count, 0);
  Window window;
  window.kernel = llvm::to_vector(kernel);
  window.strides = node.integers("strides", ones);
  window.dilations = node.integers("dilations", ones);
  SmallVector<int64_t> pads = node.integers("pads", zeros);
  if (in.size() != count || window.strides.size() != count ||
      window.dilations.size() != count || pads.size() != 2 * count)
    return node.error() << "expected strides, dilations and pads for "
                        << in.size() << " spatial dimensions",
           failure();
  StringRef automatic = node.string("auto_pad", "NOTSET");
  for (unsigned i = 0; i < count; ++i) {
    window.low.push_back(automatic == "VALID" ? 0 : pads[i]);
    window.high.push_back(automatic == "VALID" ? 0 : pads[i + count]);
    if (automatic != "SAME_UPPER" && automatic != "SAME_LOWER")
      continue;
    DimExpr needed = (out[i] - 1) * window.strides[i] + window.reach(i) - in[i];
    if (!needed.getConstant())
      return node.error()
                 << "expected static spatial dimensions with auto_pad, got "
                 << in[i].str(),
             failure();
    int64_t total = std::max<int64_t>(*needed.getConstant(), 0);
    int64_t less = total / 2, more = total - less;
    window.low[i] = automatic == "SAME_UPPER" ? less : more;
    window.high[i] = automatic == "SAME_UPPER" ? more : less;
  }
  return window;
}

Tensor lowering::padWindow(ImplicitLocOpBuilder &b, const Tensor &input,
                           const Window &window, unsigned first,
                           ArrayRef<DimExpr> out, Value scalar) {
  Dims low(input.rank(), 0), dims = input.dims;
  bool pads = false;
  for (unsigned i = 0; i < window.kernel.size(); ++i) {
    low[first + i] = window.low[i];
    // A last window of ceil_mode may reach further than the pads.
    DimExpr reached = (out[i] - 1) * window.strides[i] + window.reach(i);
    DimExpr padded = input.dims[first + i] + window.low[i] + window.high[i];
    if (!(padded - reached).isNonNegative())
      padded = DimExpr::max(padded, reached);
    dims[first + i] = padded;
    pads |= padded != input.dims[first + i];
  }
  return pads ? pad(b, input, low, dims, scalar) : input;
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

namespace {

enum class PoolMode { Max, Average, Lp };

struct Pool {
  PoolMode mode;
  Window window;
  unsigned first; // spatial dimension
  bool countPads = false;
  int64_t p = 2;
};

} // namespace

/// How many positions of a window count for a mean: those inside the input, or
/// inside the pads too.
static Value countPositions(ImplicitLocOpBuilder &b, const Pool &pool,
                            ArrayRef<Value> extents) {
  Value count = indexConstant(b, 1);
  const Window &w = pool.window;
  for (size_t i = 0; i < extents.size(); ++i) {
    Value out = linalg::IndexOp::create(b, pool.first + i);
    Value start = arith::SubIOp::create(
        b, arith::MulIOp::create(b, out, indexConstant(b, w.strides[i])),
        indexConstant(b, w.low[i]));
    int64_t begin = pool.countPads ? -w.low[i] : 0;
    Value end = arith::AddIOp::create(
        b, extents[i], indexConstant(b, pool.countPads ? w.high[i] : 0));
    // Positions start + j * dilation in [begin, end): ceil((end - start) / d)
    // of them, less those before begin.
    auto upTo = [&](Value limit) -> Value {
      Value distance = arith::SubIOp::create(b, limit, start);
      distance = arith::AddIOp::create(b, distance,
                                       indexConstant(b, w.dilations[i] - 1));
      distance = arith::MaxSIOp::create(b, distance, indexConstant(b, 0));
      Value number =
          arith::DivUIOp::create(b, distance, indexConstant(b, w.dilations[i]));
      return arith::MinSIOp::create(b, number, indexConstant(b, w.kernel[i]));
    };
    Value inside =
        arith::SubIOp::create(b, upTo(end), upTo(indexConstant(b, begin)));
    count = arith::MulIOp::create(b, count, inside);
  }
  return arith::MaxSIOp::create(b, count, indexConstant(b, 1));
}

static Tensor lowerPool(ImplicitLocOpBuilder &b, const Tensor &input,
                        const Pool &pool, ArrayRef<DimExpr> dims) {
  const Window &window = pool.window;
  unsigned spatial = window.kernel.size(), rank = dims.size();
  Type storage = storageElement(input.element);
  bool isFloat = isa<FloatType>(storage),
       isUnsigned = input.element.isUnsignedInteger();
  TypedAttr outside = b.getZeroAttr(storage);
  if (pool.mode == PoolMode::Max) {
    if (isFloat)
      outside =
          b.getFloatAttr(storage, -std::numeric_limits<double>::infinity());
    else if (!isUnsigned)
      outside = b.getIntegerAttr(
          storage, APInt::getSignedMinValue(storage.getIntOrFloatBitWidth()));
  }
  ArrayRef<DimExpr> out = dims.slice(pool.first, spatial);
  Value first = arith::ConstantOp::create(b, outside);
  Tensor padded = padWindow(b, input, window, pool.first, out, first);

  // The window's size comes from an operand that is never read.
  Dims kernelDims;
  SmallVector<AffineExpr> inputExprs, kernelExprs;
  for (unsigned i = 0; i < rank; ++i)
    inputExprs.push_back(b.getAffineDimExpr(i));
  for (unsigned i = 0; i < spatial; ++i) {
    AffineExpr position = b.getAffineDimExpr(rank + i);
    kernelDims.push_back(window.kernel[i]);
    kernelExprs.push_back(position);
    AffineExpr &expr = inputExprs[pool.first + i];
    expr = expr * window.strides[i] + position * window.dilations[i];
  }
  unsigned loops = rank + spatial;
  SmallVector<AffineMap> maps = {
      AffineMap::get(loops, 0, inputExprs, b.getContext()),
      AffineMap::get(loops, 0, kernelExprs, b.getContext()),
      AffineMap::getMultiDimIdentityMap(loops, b.getContext())
          .getMajorSubMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.append(spatial, utils::IteratorType::reduction);
  Type element = isFloat && pool.mode != PoolMode::Max
                     ? computeElement(input.element)
                     : input.element;
  Value init =
      element == input.element
          ? first
          : arith::ConstantOp::create(b, b.getZeroAttr(element)).getResult();
  Tensor kernel = empty(b, kernelDims, b.getI8Type());
  Tensor result =
      generic(
          b, {padded, kernel}, fill(b, init, dims, element), maps, iterators,
          [&](ImplicitLocOpBuilder &inner, ValueRange v) -> SmallVector<Value> {
            Value x = v[0], accumulator = v[2];
            if (pool.mode == PoolMode::Max) {
              if (isFloat)
                return {arith::MaximumFOp::create(inner, accumulator, x)};
              if (isUnsigned)
                return {arith::MaxUIOp::create(inner, accumulator, x)};
              return {arith::MaxSIOp::create(inner, accumulator, x)};
            }
            if (pool.mode == PoolMode::Lp) {
              x = math::AbsFOp::create(inner, x);
              Value exponent = scalarConstant(inner, x.getType(), pool.p);
              x = pool.p == 1 ? x
                  : pool.p == 2
                      ? arith::MulFOp::create(inner, x, x).getResult()
                      : math::PowFOp::create(inner, x, exponent).getResult();
            }
            return {arith::AddFOp::create(inner, accumulator, x)};
          })
          .front();
  if (pool.mode == PoolMode::Max)
    return result;
  if (pool.mode == PoolMode::Lp)
    return map(b, result, dims, input.element,
               [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                 Value root =
                     scalarConstant(inner, v[0].getType(), 1.0 / pool.p);
                 Value x =
                     pool.p == 1 ? v[0]
                     : pool.p == 2
                         ? math::SqrtOp::create(inner, v[0]).getResult()
                         : math::PowFOp::create(inner, v[0], root).getResult();
                 return castScalar(inner, x, element, input.element);
               });
  int64_t full = 1;
  bool always = padded.dims == input.dims;
  for (int64_t size : window.kernel)
    full *= size;
  SmallVector<Value> extents;
  if (!always)
    for (unsigned i = 0; i < spatial; ++i)
      extents.push_back(sizeValue(b, input.dims[pool.first + i]));
  return map(
      b, result, dims, input.element,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Type type = v[0].getType();
        Value count;
        if (always) {
          count = scalarConstant(inner, type, full);
        } else {
          Value positions = arith::IndexCastOp::create(
              inner, b.getI64Type(), countPositions(inner, pool, extents));
          count = castScalar(inner, positions, b.getI64Type(), type);
        }
        return castScalar(inner, arith::DivFOp::create(inner, v[0], count),
                          element, input.element);
      });
}

static LogicalResult lowerOnnxPool(Node &node) {
  if (node.op->getNumResults() > 1 && !node.op->getResult(1).use_empty())
    return lowerMaxPoolWithIndices(node);
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  StringRef name = node.name();
  Pool pool;
  pool.mode = name == "MaxPool"  ? PoolMode::Max
              : name == "LpPool" ? PoolMode::Lp
                                 : PoolMode::Average;
  pool.first = 2;
  pool.countPads = node.integer("count_include_pad", 0);
  pool.p = node.integer("p", 2);
  FailureOr<Window> window =
      readWindow(node, node.integers("kernel_shape"),
                 ArrayRef<DimExpr>(input.dims).drop_front(2),
                 ArrayRef<DimExpr>(dims).drop_front(2));
  if (failed(window))
    return failure();
  pool.window = *window;
  return node.replace(lowerPool(node.b, input, pool, dims).value);
}

static LogicalResult lowerSquintPool(Node &node) {
  auto op = cast<PoolOp>(node.op);
  Pool pool;
  pool.mode = op.getKind() == PoolKind::Max ? PoolMode::Max : PoolMode::Average;
  pool.first = 1;
  pool.countPads = op.getCountIncludePad();
  ArrayRef<int64_t> pads = op.getPads();
  pool.window = {llvm::to_vector(op.getKernel()),
                 llvm::to_vector(op.getStrides()),
                 llvm::to_vector(op.getDilations()),
                 llvm::to_vector(pads.take_front(pads.size() / 2)),
                 llvm::to_vector(pads.drop_front(pads.size() / 2))};
  return node.replace(
      lowerPool(node.b, node.in(0), pool, node.resultDims()).value);
}

/// Regions [image, x0, y0, x1, y1], whose corners are rounded to elements and
/// belong to them, in as many parts as the result has; 0 for a part without
/// elements.
static LogicalResult lowerMaxRoiPool(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  double scale = node.number("spatial_scale", 1);
  Type type = computeElement(x.element);
  Dims dims = node.resultDims();
  Tensor result = programMap(
      b, {x, node.in(1)}, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        auto read = [&](int64_t i, double factor) {
          Num v = in[1].load({at[0], code.index(i)}) * factor;
          return clamp(v, v.constant(-1e9), v.constant(1e9));
        };
        // Halves are rounded away from zero.
        auto corner = [&](int64_t i) {
          Num v = read(i, scale), whole = floor(abs(v) + 0.5);
          return select(v < 0.0, -whole, whole);
        };
        Num images = in[0].dim(0);
        // The elements from the first on, and their count.
        auto cut = [&](int64_t low, int64_t high, int64_t axis) {
          Num first = corner(low);
          Num length = max(corner(high) - first + 1.0, first.constant(1));
          Num part = length / convert({b, sizeValue(b, dims[axis])}, type);
          Num p = convert(at[axis], type), size = in[0].dim(axis);
          auto inside = [&](Num position) {
            return clamp(toIndex(position + first), code.index(0), size);
          };
          Num start = inside(floor(p * part)),
              end = inside(ceil((p + 1.0) * part));
          return std::make_pair(start, max(end - start, code.index(0)));
        };
        auto [top, rows] = cut(2, 4, 2);
        auto [left, columns] = cut(1, 3, 3);
        rows = select(images == 0.0, code.index(0), rows);
        Num image = clamp(toIndex(read(0, 1)), code.index(0), images - 1.0);
        Num count = rows * columns;
        Num best =
            code.loop(count, code.number(type, -INFINITY),
                      [&, top = top, left = left,
                       columns = columns](Num i, ArrayRef<Num> inner) -> Nums {
                        Num value = in[0].load({image, at[1], top + i / columns,
                                                left + i % columns});
                        return max(inner[0], value);
                      })[0];
        return select(count == 0.0, best.constant(0), best);
      });
  return node.replace(result.value);
}

ArrayRef<TableEntry> lowering::poolTable() {
  static const TableEntry table[] = {
      {"MaxPool", lowerOnnxPool},       {"MaxRoiPool", lowerMaxRoiPool},
      {"AveragePool", lowerOnnxPool},   {"LpPool", lowerOnnxPool},
      {"squint.pool", lowerSquintPool},
  };
  return table;
}
