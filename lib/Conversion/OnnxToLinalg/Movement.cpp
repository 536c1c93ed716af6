//===- Movement.cpp - operators that move elements --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

//===----------------------------------------------------------------------===//
// Shape changes
//===----------------------------------------------------------------------===//

static LogicalResult lowerReshape(Node &node) {
  return node.replace(reshape(node.b, node.in(0), node.resultDims()).value);
}

static LogicalResult lowerTranspose(Node &node) {
  Tensor input = node.in(0);
  SmallVector<int64_t> permutation = node.integers("perm");
  if (permutation.empty())
    permutation =
        llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(input.rank())));
  return node.replace(transpose(node.b, input, permutation).value);
}

/// Splits dimensions, transposes, and joins them: `split` and `join` are
/// dimensions of the result of each step.
static LogicalResult rearrange(Node &node, ArrayRef<DimExpr> split,
                               ArrayRef<int64_t> permutation) {
  Tensor parts = reshape(node.b, node.in(0), split);
  return node.replace(
      reshape(node.b, transpose(node.b, parts, permutation), node.resultDims())
          .value);
}

static LogicalResult lowerDepthToSpace(Node &node) {
  Dims in = node.in(0).dims, out = node.resultDims();
  DimExpr block = node.integer("blocksize", 1);
  if (node.string("mode", "DCR") == "DCR")
    return rearrange(node, {in[0], block, block, out[1], in[2], in[3]},
                     {0, 3, 4, 1, 5, 2});
  return rearrange(node, {in[0], out[1], block, block, in[2], in[3]},
                   {0, 1, 4, 2, 5, 3});
}

static LogicalResult lowerSpaceToDepth(Node &node) {
  Dims in = node.in(0).dims, out = node.resultDims();
  DimExpr block = node.integer("blocksize", 1);
  return rearrange(node, {in[0], in[1], out[2], block, out[3], block},
                   {0, 3, 5, 1, 2, 4});
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static SmallVector<OpFoldResult> repeated(Node &node, int64_t rank,
                                          int64_t value) {
  return SmallVector<OpFoldResult>(rank, node.b.getIndexAttr(value));
}

/// Bufferization compares every write of one tensor with every other.
constexpr size_t maxParts = 32;

/// \p parts one behind the other along \p axis, in groups where they are many.
static Tensor concatenate(Node &node, ArrayRef<Tensor> parts, int64_t axis) {
  if (parts.size() == 1)
    return parts[0];
  SmallVector<Tensor> groups(parts);
  while (groups.size() > maxParts) {
    SmallVector<Tensor> larger;
    for (size_t i = 0; i < groups.size(); i += maxParts)
      larger.push_back(concatenate(
          node, ArrayRef(groups).slice(i).take_front(maxParts), axis));
    groups = std::move(larger);
  }
  Dims dims = groups[0].dims;
  dims[axis] = 0;
  for (const Tensor &part : groups)
    dims[axis] = dims[axis] + part.dims[axis];
  Tensor whole = empty(node.b, dims, groups[0].element);
  DimExpr offset = 0;
  for (const Tensor &part : groups) {
    SmallVector<OpFoldResult> offsets = repeated(node, dims.size(), 0);
    offsets[axis] = size(node.b, offset);
    if (!part.dims[axis].isConstant(0))
      whole.value = insert(node.b, part, whole.value, offsets);
    offset = offset + part.dims[axis];
  }
  return whole;
}

static LogicalResult lowerConcat(Node &node) {
  int64_t axis = node.axis("axis", 0, node.resultDims().size());
  return node.replace(concatenate(node, node.inputs(), axis).value);
}

static LogicalResult lowerSplit(Node &node) {
  Tensor input = node.in(0);
  int64_t axis = node.axis("axis", 0, input.rank());
  DimExpr offset = 0;
  for (unsigned i = 0, e = node.op->getNumResults(); i < e; ++i) {
    Dims dims = node.resultDims(i);
    SmallVector<OpFoldResult> offsets = repeated(node, input.rank(), 0);
    offsets[axis] = size(node.b, offset);
    Tensor part =
        slice(node.b, input, offsets, repeated(node, input.rank(), 1), dims);
    if (failed(node.replace(part.value, i)))
      return failure();
    offset = offset + dims[axis];
  }
  return success();
}

/// A start as ONNX means it: counted from the end when negative, then cut to
/// [low, high].
static Value clampStart(ImplicitLocOpBuilder &b, Value start, Value extent,
                        Value low, Value high) {
  Value zero = indexConstant(b, 0);
  Value negative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, start, zero);
  start = arith::SelectOp::create(
      b, negative, arith::AddIOp::create(b, start, extent), start);
  start = b.createOrFold<arith::MaxSIOp>(start, low);
  return b.createOrFold<arith::MinSIOp>(start, high);
}

/// Elements first + i * factor along every axis; a factor may be negative.
static Tensor readStrided(ImplicitLocOpBuilder &b, Tensor input,
                          ArrayRef<Value> firsts, ArrayRef<Value> factors,
                          const Dims &dims) {
  return map(
      b, {}, dims, input.element,
      [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
        SmallVector<Value> indices;
        for (auto [i, first, factor] : llvm::enumerate(firsts, factors)) {
          Value index = linalg::IndexOp::create(inner, i);
          indices.push_back(arith::AddIOp::create(
              inner, first, arith::MulIOp::create(inner, index, factor)));
        }
        return toCompute(inner,
                         tensor::ExtractOp::create(inner, input.value, indices),
                         input.element);
      });
}

/// Axes and steps that are known at run time only.
static LogicalResult lowerSliceByValues(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  auto numbers = [&](unsigned position) {
    return llvm::map_to_vector(
        node.runtimeIntegers(position), [&](OpFoldResult number) {
          return getValueOrCreateConstantIndexOp(b, b.getLoc(), number);
        });
  };
  SmallVector<Value> starts = numbers(1), axes, steps;
  if (node.has(3))
    axes = numbers(3);
  if (node.has(4))
    steps = numbers(4);
  Value zero = indexConstant(b, 0), one = indexConstant(b, 1);
  SmallVector<Value> firsts, factors;
  for (auto [i, dim] : llvm::enumerate(input.dims)) {
    Value first = zero, step = one, extent = sizeValue(b, dim);
    for (auto [j, start] : llvm::enumerate(starts)) {
      auto equals = [&](Value axis, int64_t number) -> Value {
        return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, axis,
                                     indexConstant(b, number));
      };
      Value axis = axes.empty() ? indexConstant(b, j) : axes[j];
      Value here = arith::OrIOp::create(
          b, equals(axis, i), equals(axis, int64_t(i) - input.rank()));
      first = arith::SelectOp::create(b, here, start, first);
      if (!steps.empty())
        step = arith::SelectOp::create(b, here, steps[j], step);
    }
    Value goesUp =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, step, zero);
    Value last = arith::SelectOp::create(b, goesUp, extent,
                                         arith::SubIOp::create(b, extent, one));
    firsts.push_back(clampStart(b, first, extent, zero, last));
    factors.push_back(step);
  }
  return node.replace(readStrided(b, input, firsts, factors, dims).value);
}

static LogicalResult lowerSlice(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  SmallVector<OpFoldResult> starts = node.runtimeIntegers(1);
  SmallVector<int64_t> axes =
                           llvm::to_vector(llvm::seq<int64_t>(starts.size())),
                       steps(starts.size(), 1);
  if ((node.has(3) && !node.constantIntegers(3)) ||
      (node.has(4) && !node.constantIntegers(4)))
    return lowerSliceByValues(node);
  if (node.has(3))
    axes = *node.constantIntegers(3);
  if (node.has(4))
    steps = *node.constantIntegers(4);
  if (axes.size() != starts.size() || steps.size() != starts.size())
    return node.error() << "expected as many axes and steps as starts, got "
                        << axes.size() << " and " << steps.size();
  SmallVector<OpFoldResult> offsets = repeated(node, input.rank(), 0),
                            strides = repeated(node, input.rank(), 1);
  bool reversed = false, isWhole = input.dims == dims;
  for (auto [start, axis, step] : llvm::zip(starts, axes, steps)) {
    axis += axis < 0 ? input.rank() : 0;
    const DimExpr &extent = input.dims[axis];
    reversed |= step < 0;
    isWhole &= step == 1;
    strides[axis] = b.getIndexAttr(step);
    std::optional<int64_t> number = getConstantIntValue(start);
    // With a known start the size of the result settles the rest; an empty
    // result reads nowhere.
    if (number && extent.getConstant()) {
      int64_t high = *extent.getConstant(),
              first = *number < 0 ? *number + high : *number;
      offsets[axis] = b.getIndexAttr(std::clamp<int64_t>(
          first, 0, step < 0 ? std::max<int64_t>(high - 1, 0) : high));
    } else if (number && *number == 0 && step > 0) {
      offsets[axis] = b.getIndexAttr(0);
    } else {
      Value high = sizeValue(b, extent), last = high;
      if (step < 0)
        last = b.createOrFold<arith::SubIOp>(high, indexConstant(b, 1));
      offsets[axis] =
          clampStart(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), start),
                     high, indexConstant(b, 0), last);
    }
  }
  if (isWhole)
    return node.replace(input.value);
  if (!reversed)
    return node.replace(slice(b, input, offsets, strides, dims).value);
  SmallVector<Value> firsts, factors;
  for (auto [offset, stride] : llvm::zip(offsets, strides)) {
    firsts.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), offset));
    factors.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), stride));
  }
  return node.replace(readStrided(b, input, firsts, factors, dims).value);
}

//===----------------------------------------------------------------------===//
// Padding and repetition
//===----------------------------------------------------------------------===//

/// Reads `input` at an index computed from that of the result, one function for
/// each dimension.
static Tensor
readAt(Node &node, const Tensor &input, ArrayRef<DimExpr> dims,
       function_ref<Value(ImplicitLocOpBuilder &, unsigned, Value)> position) {
  return map(node.b, {}, dims, input.element,
             [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
               SmallVector<Value> indices;
               for (unsigned i = 0; i < dims.size(); ++i)
                 indices.push_back(
                     position(inner, i, linalg::IndexOp::create(inner, i)));
               return toCompute(
                   inner,
                   tensor::ExtractOp::create(inner, input.value, indices),
                   input.element);
             });
}

static LogicalResult lowerPad(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  StringRef mode = node.string("mode", "constant");
  int64_t rank = input.rank();
  Dims axes = llvm::map_to_vector(llvm::seq<int64_t>(rank),
                                  [](int64_t i) { return DimExpr(i); });
  if (node.has(3)) {
    auto given = node.symbolicIntegers(3);
    if (!given)
      return node.error() << "expected axes that follow from shapes";
    axes = *given;
  }
  SmallVector<OpFoldResult> pads = node.runtimeIntegers(1);
  if (pads.size() != 2 * axes.size())
    return node.error() << "expected two pads an axis, got " << pads.size()
                        << " for " << axes.size() << " axes";
  SmallVector<OpFoldResult> low = repeated(node, rank, 0);
  bool crops = false;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    for (OpFoldResult pad : {pads[i], pads[i + axes.size()]})
      crops |= getConstantIntValue(pad).value_or(-1) < 0; // may be negative
    if (std::optional<int64_t> number = axis.getConstant()) {
      low[*number < 0 ? *number + rank : *number] = pads[i];
      continue;
    }
    // An input says which dimension it is.
    Value own = getValueOrCreateConstantIndexOp(b, b.getLoc(), pads[i]);
    for (int64_t d = 0; d < rank; ++d) {
      Value here = sizeValue(b, DimExpr::isEqual(axis, d) +
                                    DimExpr::isEqual(axis, d - rank)),
            sum = getValueOrCreateConstantIndexOp(b, b.getLoc(), low[d]);
      low[d] =
          arith::AddIOp::create(b, sum, arith::MulIOp::create(b, own, here))
              .getResult();
    }
  }
  if (mode == "constant" && !crops) {
    Value scalar;
    if (node.has(2)) {
      Tensor value = node.in(2);
      scalar = tensor::ExtractOp::create(
          b, value.value,
          SmallVector<Value>(value.rank(), indexConstant(b, 0)));
    } else {
      scalar = arith::ConstantOp::create(
          b, b.getZeroAttr(storageElement(input.element)));
    }
    Tensor whole = fill(b, scalar, dims, input.element);
    return node.replace(insert(b, input, whole.value, low));
  }
  SmallVector<Value> lows, extents;
  for (auto [offset, dim] : llvm::zip(low, input.dims)) {
    lows.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), offset));
    extents.push_back(sizeValue(b, dim));
  }
  if (mode == "constant") {
    Value scalar = arith::ConstantOp::create(
        b, b.getZeroAttr(storageElement(input.element)));
    if (node.has(2))
      scalar = tensor::ExtractOp::create(
          b, node.in(2).value,
          SmallVector<Value>(node.in(2).rank(), indexConstant(b, 0)));
    Tensor result = map(
        b, {}, dims, input.element,
        [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
          Value inside;
          SmallVector<Value> indices;
          for (unsigned i = 0; i < dims.size(); ++i) {
            Value index = arith::SubIOp::create(
                inner, linalg::IndexOp::create(inner, i), lows[i]);
            Value within = arith::CmpIOp::create(
                inner, arith::CmpIPredicate::ult, index, extents[i]);
            indices.push_back(arith::SelectOp::create(inner, within, index,
                                                      indexConstant(inner, 0)));
            inside =
                inside
                    ? arith::AndIOp::create(inner, inside, within).getResult()
                    : within;
          }
          Value read = tensor::ExtractOp::create(inner, input.value, indices);
          return toCompute(inner,
                           arith::SelectOp::create(inner, inside, read, scalar),
                           input.element);
        });
    return node.replace(result.value);
  }
  if (mode != "edge" && mode != "reflect" && mode != "wrap")
    return node.error() << "expected mode constant, edge, reflect or wrap, got "
                        << mode;
  Tensor result = readAt(
      node, input, dims,
      [&](ImplicitLocOpBuilder &inner, unsigned i, Value index) -> Value {
        Value zero = indexConstant(inner, 0), one = indexConstant(inner, 1);
        index = arith::SubIOp::create(inner, index, lows[i]);
        Value last = arith::SubIOp::create(inner, extents[i], one);
        if (mode == "edge")
          return arith::MinSIOp::create(
              inner, arith::MaxSIOp::create(inner, index, zero), last);
        // Both repeat: every `extent` elements, or every 2 (extent - 1) there
        // and back.
        Value period =
            mode == "wrap"
                ? extents[i]
                : arith::MulIOp::create(inner, last, indexConstant(inner, 2))
                      .getResult();
        period = arith::MaxSIOp::create(inner, period, one);
        Value rest = arith::RemSIOp::create(inner, index, period);
        Value negative =
            arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, rest, zero);
        rest = arith::SelectOp::create(
            inner, negative, arith::AddIOp::create(inner, rest, period), rest);
        if (mode == "wrap")
          return rest;
        return arith::MinSIOp::create(
            inner, rest, arith::SubIOp::create(inner, period, rest));
      });
  return node.replace(result.value);
}

/// Counts that inputs contain.
static LogicalResult lowerTileByValues(Node &node) {
  Tensor input = node.in(0);
  SmallVector<Value> extents;
  for (const DimExpr &dim : input.dims)
    extents.push_back(sizeValue(node.b, dim));
  Tensor result = readAt(
      node, input, node.resultDims(),
      [&](ImplicitLocOpBuilder &inner, unsigned i, Value index) -> Value {
        return arith::RemUIOp::create(inner, index, extents[i]);
      });
  return node.replace(result.value);
}

static LogicalResult lowerTile(Node &node) {
  Tensor input = node.in(0);
  Dims dims = node.resultDims(), wide, narrow;
  // [n, d] copies: a new dimension in front of each that repeats.
  for (auto [from, to] : llvm::zip(input.dims, dims)) {
    std::optional<DimExpr> count = to.divideExactly(from);
    if (!count)
      return lowerTileByValues(node);
    if (!count->isConstant(1)) {
      wide.push_back(*count);
      narrow.push_back(1);
    }
    wide.push_back(from);
    narrow.push_back(from);
  }
  Tensor copies = broadcast(node.b, reshape(node.b, input, narrow), wide);
  return node.replace(reshape(node.b, copies, dims).value);
}

//===----------------------------------------------------------------------===//
// Tensors from numbers
//===----------------------------------------------------------------------===//

static LogicalResult lowerConstantOfShape(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Type element = node.resultElement(), storage = storageElement(element);
  TypedAttr scalar = b.getZeroAttr(storage);
  if (auto value = node.op->getAttrOfType<DenseElementsAttr>("value")) {
    auto one = value.getSplatValue<Attribute>();
    if (auto number = dyn_cast<IntegerAttr>(one))
      scalar = b.getIntegerAttr(storage, number.getValue().zextOrTrunc(
                                             storage.getIntOrFloatBitWidth()));
    else
      scalar = cast<TypedAttr>(one);
  }
  return node.replace(
      fill(b, arith::ConstantOp::create(b, scalar), node.resultDims(), element)
          .value);
}

static LogicalResult lowerRange(Node &node) {
  Type element = node.resultElement(), type = computeElement(element);
  Tensor result = map(
      node.b, {node.in(0), node.in(2)}, node.resultDims(), element,
      [&](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
        Type i64 = b.getI64Type();
        Value index =
            arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, 0));
        Value step = castScalar(b, index, i64, type);
        if (isa<FloatType>(type))
          return arith::AddFOp::create(b, v[0],
                                       arith::MulFOp::create(b, step, v[1]));
        return arith::AddIOp::create(b, v[0],
                                     arith::MulIOp::create(b, step, v[1]));
      });
  return node.replace(result.value);
}

static LogicalResult lowerShape(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  int64_t rank = input.rank();
  auto cut = [&](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  SmallVector<Value> numbers;
  for (int64_t i = cut(node.integer("start", 0)),
               e = cut(node.integer("end", rank));
       i < e; ++i)
    numbers.push_back(b.createOrFold<arith::IndexCastOp>(
        b.getI64Type(), sizeValue(b, input.dims[i])));
  if (numbers.empty())
    return node.replace(empty(b, {DimExpr(0)}, b.getI64Type()).value);
  return node.replace(tensor::FromElementsOp::create(b, numbers));
}

static LogicalResult lowerSize(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Value count = b.createOrFold<arith::IndexCastOp>(
      b.getI64Type(), sizeValue(b, product(node.in(0).dims)));
  return node.replace(tensor::FromElementsOp::create(
      b, RankedTensorType::get({}, b.getI64Type()), count));
}

/// Row minus column of the last two dimensions.
static Value diagonal(ImplicitLocOpBuilder &b, int64_t rank) {
  Value row = linalg::IndexOp::create(b, rank - 2),
        column = linalg::IndexOp::create(b, rank - 1);
  return arith::SubIOp::create(b, column, row);
}

static LogicalResult lowerTrilu(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Value k = indexConstant(b, 0);
  if (node.has(1))
    k = getValueOrCreateConstantIndexOp(b, b.getLoc(),
                                        node.runtimeIntegers(1).front());
  auto keep = node.integer("upper", 1) ? arith::CmpIPredicate::sge
                                       : arith::CmpIPredicate::sle;
  Tensor result =
      map(b, input, input.dims, input.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
            Value kept = arith::CmpIOp::create(
                inner, keep, diagonal(inner, input.rank()), k);
            return arith::SelectOp::create(
                inner, kept, v[0], scalarConstant(inner, v[0].getType(), 0));
          });
  return node.replace(result.value);
}

static LogicalResult lowerEyeLike(Node &node) {
  int64_t k = node.integer("k", 0);
  Type element = node.resultElement(), type = computeElement(element);
  Tensor result =
      map(node.b, {}, node.resultDims(), element,
          [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
            Value kept =
                arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                      diagonal(b, 2), indexConstant(b, k));
            return arith::SelectOp::create(b, kept, scalarConstant(b, type, 1),
                                           scalarConstant(b, type, 0));
          });
  return node.replace(result.value);
}

/// Inference drops nothing; a mask is all true.
static LogicalResult lowerDropout(Node &node) {
  if (node.has(2)) {
    auto training = node.operand(2).getDefiningOp<ConstantOp>();
    auto value = training ? dyn_cast<DenseElementsAttr>(training.getValue())
                          : DenseElementsAttr();
    if (!value || !value.isSplat() || value.getSplatValue<bool>())
      return node.error() << "expected training_mode to be the constant false";
  }
  if (node.op->getNumResults() > 1) {
    Value kept = arith::ConstantOp::create(
        node.b,
        node.b.getIntegerAttr(storageElement(node.resultElement(1)), 1));
    if (failed(node.replace(
            fill(node.b, kept, node.resultDims(1), node.resultElement(1)).value,
            1)))
      return failure();
  }
  return node.replace(node.in(0).value);
}

ArrayRef<TableEntry> lowering::movementTable() {
  static const TableEntry table[] = {
      {"Reshape", lowerReshape},
      {"Flatten", lowerReshape},
      {"Squeeze", lowerReshape},
      {"Unsqueeze", lowerReshape},
      {"Transpose", lowerTranspose},
      {"DepthToSpace", lowerDepthToSpace},
      {"SpaceToDepth", lowerSpaceToDepth},
      {"Concat", lowerConcat},
      {"Split", lowerSplit},
      {"Slice", lowerSlice},
      {"Pad", lowerPad},
      {"Tile", lowerTile},
      {"ConstantOfShape", lowerConstantOfShape},
      {"Range", lowerRange},
      {"Shape", lowerShape},
      {"Size", lowerSize},
      {"Trilu", lowerTrilu},
      {"EyeLike", lowerEyeLike},
      {"Dropout", lowerDropout},
  };
  return table;
}
