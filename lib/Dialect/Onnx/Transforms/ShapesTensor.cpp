//===- ShapesTensor.cpp - tensors put together and reshaped -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// The product of sizes.
DimExpr multiply(ArrayRef<DimExpr> dims) {
  DimExpr product = 1;
  for (const DimExpr &dim : dims)
    product = product * dim;
  return product;
}

/// The same elements in another shape.
LogicalResult setReshaped(Value result, Value operand, Dims dims,
                          ShapeContext &s) {
  if (failed(s.set(result, std::move(dims))))
    return failure();
  if (std::optional<ArrayRef<DimExpr>> known = s.values(operand))
    s.setValues(result, Dims(*known));
  return success();
}

InFlightDiagnostic failUnknown(ShapeContext &s, StringRef what) {
  return s.refuse() << "expected " << what
                    << " that follow from shapes, got ones that depend on data";
}

LogicalResult inferShape(ShapeOp op, ShapeContext &s) {
  ArrayRef<DimExpr> dims = s.shape(op.getData());
  int64_t rank = dims.size();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(op.getStart()), end = clamp(op.getEnd().value_or(rank));
  Dims elements(dims.slice(start, std::max<int64_t>(0, end - start)));
  if (failed(s.set(op.getResult(), {DimExpr(int64_t(elements.size()))})))
    return failure();
  s.setValues(op.getResult(), std::move(elements));
  return success();
}

LogicalResult inferSize(SizeOp op, ShapeContext &s) {
  if (failed(s.set(op.getResult(), {})))
    return failure();
  s.setValues(op.getResult(), {multiply(s.shape(op.getData()))});
  return success();
}

LogicalResult inferConcat(ConcatOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getInputs().front()));
  FailureOr<int64_t> axis = s.axis(op.getAxis(), dims.size());
  if (failed(axis))
    return failure();
  for (Value input : op.getInputs().drop_front()) {
    ArrayRef<DimExpr> other = s.shape(input);
    if (failed(s.expectRank(input, dims.size(), dims.size(), "every operand")))
      return failure();
    for (auto [i, dim] : llvm::enumerate(dims)) {
      FailureOr<DimExpr> size =
          int64_t(i) == *axis
              ? FailureOr<DimExpr>(dim + other[i])
              : s.unify(dim, other[i], "dimensions beside the axis");
      if (failed(size))
        return failure();
      dim = *size;
    }
  }
  bool flat = dims.size() == 1;
  if (failed(s.set(op.getResult(), std::move(dims))))
    return failure();
  Dims elements;
  for (Value input : op.getInputs()) {
    std::optional<ArrayRef<DimExpr>> known = s.values(input);
    if (!known || !flat)
      return success();
    llvm::append_range(elements, *known);
  }
  s.setValues(op.getResult(), std::move(elements));
  return success();
}

LogicalResult inferTranspose(TransposeOp op, ShapeContext &s) {
  ArrayRef<DimExpr> dims = s.shape(op.getData());
  int64_t rank = dims.size();
  SmallVector<int64_t> perm;
  if (auto given = op.getPerm())
    perm.assign(given->begin(), given->end());
  else
    for (int64_t i = rank - 1; i >= 0; --i)
      perm.push_back(i);
  for (int64_t &p : perm)
    p = p < 0 ? p + rank : p;
  SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return s.fail() << "expected a permutation of " << rank << " dimensions";
  Dims result;
  for (int64_t p : perm)
    result.push_back(dims[p]);
  if (failed(s.set(op.getResult(), std::move(result))))
    return failure();

  std::optional<SmallVector<int64_t>> from = s.staticShape(op.getData()),
                                      to = s.staticShape(op.getResult());
  std::optional<ArrayRef<DimExpr>> known = s.values(op.getData());
  if (!known || !from || !to)
    return success();
  Dims elements;
  for (int64_t i = 0, count = known->size(); i < count; ++i) {
    SmallVector<int64_t> position(rank);
    for (int64_t rest = i, d = rank - 1; d >= 0; rest /= (*to)[d], --d)
      position[perm[d]] = rest % (*to)[d];
    int64_t source = 0;
    for (int64_t d = 0; d < rank; ++d)
      source = source * (*from)[d] + position[d];
    elements.push_back((*known)[source]);
  }
  s.setValues(op.getResult(), std::move(elements));
  return success();
}

/// Sizes that an input contains: 0 and -1 have their meaning there too.
LogicalResult inferReshapeToValues(ReshapeOp op, ArrayRef<DimExpr> target,
                                   ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  Dims known, rest;
  for (auto [i, size] : llvm::enumerate(target)) {
    s.assumeAtMost(-1, size);
    DimExpr copied;
    if (!op.getAllowzero() && i < from.size())
      copied = from[i] * DimExpr::isEqual(size, 0);
    known.push_back(DimExpr::max(DimExpr::max(size, -size), copied)); // -1: 1
    rest.push_back(DimExpr::isEqual(size, -1));
  }
  DimExpr all = multiply(from),
          quotient = DimExpr::floordiv(all, multiply(known));
  for (auto [size, isRest] : llvm::zip_equal(known, rest))
    size = DimExpr::max(size - isRest, isRest * quotient);
  if (failed(s.unify(all, multiply(known), "elements before and after")))
    return failure();
  return setReshaped(op.getResult(), op.getData(), std::move(known), s);
}

LogicalResult inferReshape(ReshapeOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> target = s.values(op.getShape());
  if (!target)
    return failUnknown(s, "sizes");
  if (llvm::any_of(*target, [](const DimExpr &size) {
        return size.hasValues() && !size.isNonNegative();
      }))
    return inferReshapeToValues(op, *target, s);
  ArrayRef<DimExpr> from = s.shape(op.getData());
  Dims dims;
  std::optional<size_t> rest;
  // Sizes that stand on both sides cancel, which keeps quotients simple.
  SmallVector<DimExpr> dividend(from), divisor;
  for (auto [i, size] : llvm::enumerate(*target)) {
    DimExpr dim = size;
    if (dim.isConstant(0) && !op.getAllowzero()) {
      if (i >= from.size())
        return s.fail() << "expected a dimension " << i
                        << " to copy, got a tensor of " << from.size();
      dim = from[i];
    }
    dims.push_back(dim);
    if (dim.isConstant(-1)) {
      if (rest)
        return s.fail() << "expected at most one size of -1, got two";
      rest = i;
      continue;
    }
    if (auto *it = llvm::find(dividend, dim); it != dividend.end())
      dividend.erase(it);
    else
      divisor.push_back(dim);
  }
  DimExpr all = multiply(dividend), known = multiply(divisor);
  if (rest) {
    if (known.isConstant(0) || multiply(dims).isConstant(0))
      return s.fail() << "expected sizes other than 0 beside a size of -1";
    FailureOr<DimExpr> quotient =
        s.divide(all, known, "the elements of a size of -1");
    if (failed(quotient))
      return failure();
    dims[*rest] = *quotient;
  } else if (failed(s.unify(all, known, "elements before and after"))) {
    return failure();
  }
  return setReshaped(op.getResult(), op.getData(), std::move(dims), s);
}

LogicalResult inferExpand(ExpandOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> target = s.values(op.getShape());
  if (!target)
    return failUnknown(s, "sizes");
  // A size that an input contains repeats what is 1 already, or is 1, or says
  // what is known.
  SmallVector<DimExpr> sizes(*target);
  ArrayRef<DimExpr> from = s.shape(op.getInput());
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (!size.hasValues() || from.size() + i < sizes.size())
      continue;
    const DimExpr &dim = from[from.size() + i - sizes.size()];
    if (dim.isConstant(1))
      continue;
    s.assumeAtMost(1, DimExpr::isEqual(size, 1) + DimExpr::isEqual(size, dim));
    size = dim;
  }
  FailureOr<Dims> dims = s.broadcast(from, sizes);
  if (failed(dims) || failed(s.set(op.getResult(), std::move(*dims))))
    return failure();
  std::optional<ArrayRef<DimExpr>> known = s.values(op.getInput());
  std::optional<SmallVector<int64_t>> shape = s.staticShape(op.getResult());
  if (known && known->size() == 1 && shape) {
    DimExpr count = multiply(s.shape(op.getResult()));
    if (count.getConstant().value_or(INT64_MAX) <= ShapeContext::kMostElements)
      s.setValues(op.getResult(), Dims(*count.getConstant(), known->front()));
  } else if (known &&
             llvm::equal(s.shape(op.getInput()), s.shape(op.getResult()))) {
    s.setValues(op.getResult(), Dims(*known));
  }
  return success();
}

/// Axes given as an operand; none when it is absent.
FailureOr<SmallVector<int64_t>> readAxes(Value operand, int64_t rank,
                                         ShapeContext &s) {
  SmallVector<int64_t> axes;
  if (!operand)
    return axes;
  std::optional<SmallVector<int64_t>> given = s.constants(operand);
  if (!given)
    return failUnknown(s, "axes"), failure();
  for (int64_t axis : *given) {
    FailureOr<int64_t> normal = s.axis(axis, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(axes, *normal))
      return s.fail() << "expected distinct axes, got " << *normal << " twice";
    axes.push_back(*normal);
  }
  llvm::sort(axes);
  return axes;
}

LogicalResult inferSqueeze(SqueezeOp op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  if (op.getAxes() && s.values(op.getAxes()) && !s.constants(op.getAxes())) {
    ArrayRef<DimExpr> named = *s.values(op.getAxes());
    FailureOr<Dims> gone = markAxes(named, from.size(), s);
    if (failed(gone))
      return failure();
    for (auto [dim, mark] : llvm::zip_equal(from, *gone))
      if (failed(s.unify(choose(mark, dim, 1), 1, "dimensions to squeeze")))
        return failure();
    return setReshaped(op.getResult(), op.getData(),
                       dropMarked(from, *gone, from.size() - named.size()), s);
  }
  FailureOr<SmallVector<int64_t>> axes = readAxes(op.getAxes(), from.size(), s);
  if (failed(axes))
    return failure();
  Dims dims;
  for (auto [i, dim] : llvm::enumerate(from)) {
    if (op.getAxes() ? !llvm::is_contained(*axes, int64_t(i))
                     : !dim.isConstant(1))
      dims.push_back(dim);
    else if (failed(s.unify(dim, 1, "a dimension that is squeezed")))
      return failure();
  }
  return setReshaped(op.getResult(), op.getData(), std::move(dims), s);
}

LogicalResult inferUnsqueeze(UnsqueezeOp op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  std::optional<SmallVector<int64_t>> given = s.constants(op.getAxes());
  if (std::optional<ArrayRef<DimExpr>> named = s.values(op.getAxes());
      named && !given) {
    int64_t count = named->size(), rank = from.size() + count;
    if (failed(markAxes(*named, rank, s)))
      return failure();
    // added[i] of the axes lie before dimension i.
    Dims added(rank + 1);
    for (const DimExpr &axis : *named) {
      DimExpr normal =
          axis +
          DimExpr(rank) * DimExpr::min(DimExpr::max(-axis, 0), DimExpr(1));
      for (auto [i, before] : llvm::enumerate(added))
        before = before + DimExpr::min(DimExpr::max(DimExpr(i) - normal, 0), 1);
    }
    // Dimension i is the operand's k if i - k axes lie before it and none is
    // i itself.
    Dims dims(rank, DimExpr(1));
    for (int64_t i = 0; i < rank; ++i)
      for (int64_t k = std::max<int64_t>(0, i - count);
           k <= std::min<int64_t>(i, from.size() - 1); ++k)
        dims[i] = dims[i] +
                  (from[k] - DimExpr(1)) *
                      DimExpr::isEqual(added[i] + added[i + 1], 2 * (i - k));
    return setReshaped(op.getResult(), op.getData(), std::move(dims), s);
  }
  int64_t rank = from.size() + (given ? given->size() : 0);
  FailureOr<SmallVector<int64_t>> axes = readAxes(op.getAxes(), rank, s);
  if (failed(axes))
    return failure();
  Dims dims(from);
  for (int64_t axis : *axes)
    dims.insert(dims.begin() + axis, DimExpr(1));
  return setReshaped(op.getResult(), op.getData(), std::move(dims), s);
}

LogicalResult inferFlatten(FlattenOp op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getInput());
  int64_t rank = from.size(), axis = op.getAxis();
  if (axis < -rank || axis > rank)
    return s.fail() << "expected an axis of a tensor with " << rank
                    << " dimensions, got " << axis;
  axis = axis < 0 ? axis + rank : axis;
  return setReshaped(
      op.getResult(), op.getInput(),
      {multiply(from.take_front(axis)), multiply(from.drop_front(axis))}, s);
}

LogicalResult inferSplit(SplitOp op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getInput());
  FailureOr<int64_t> axis = s.axis(op.getAxis(), from.size());
  if (failed(axis))
    return failure();
  int64_t count = op.getOutputs().size();
  Dims sizes;
  if (Value split = op.getSplit()) {
    std::optional<ArrayRef<DimExpr>> given = s.values(split);
    if (!given)
      return failUnknown(s, "sizes of parts");
    sizes.assign(given->begin(), given->end());
    DimExpr sum;
    for (const DimExpr &size : sizes)
      sum = sum + size;
    if (static_cast<int64_t>(sizes.size()) != count)
      return s.fail() << "expected " << count << " sizes, got " << sizes.size();
    if (failed(s.unify(from[*axis], sum, "the axis and its parts")))
      return failure();
  } else {
    DimExpr part = DimExpr::ceildiv(from[*axis], count);
    sizes.assign(count - 1, part);
    sizes.push_back(from[*axis] - part * DimExpr(count - 1));
  }
  std::optional<ArrayRef<DimExpr>> known = s.values(op.getInput());
  int64_t start = 0;
  for (auto [result, size] : llvm::zip_equal(op.getOutputs(), sizes)) {
    Dims dims(from);
    dims[*axis] = size;
    if (failed(s.set(result, std::move(dims))))
      return failure();
    std::optional<int64_t> number = size.getConstant();
    if (known && from.size() == 1 && number) {
      s.setValues(result, Dims(known->slice(start, *number)));
      start += *number;
    }
  }
  return success();
}

/// Axes that an input contains: each dimension grows by the pads of the axes
/// that name it.
LogicalResult inferPadAlongValues(PadOp op, ArrayRef<DimExpr> axes,
                                  ArrayRef<DimExpr> pads, ShapeContext &s) {
  Dims dims(s.shape(op.getData()));
  int64_t rank = dims.size();
  if (failed(markAxes(axes, rank, s)))
    return failure();
  if (pads.size() != 2 * axes.size())
    return s.fail() << "expected " << 2 * axes.size() << " pads, got "
                    << pads.size();
  for (auto [i, dim] : llvm::enumerate(dims))
    for (auto [j, axis] : llvm::enumerate(axes))
      dim = dim + (pads[j] + pads[j + axes.size()]) *
                      (DimExpr::isEqual(axis, int64_t(i)) +
                       DimExpr::isEqual(axis, int64_t(i) - rank));
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferPad(PadOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getData()));
  std::optional<ArrayRef<DimExpr>> pads = s.values(op.getPads());
  if (!pads)
    return failUnknown(s, "pads");
  FailureOr<SmallVector<int64_t>> axes =
      SmallVector<int64_t>(llvm::to_vector(llvm::seq<int64_t>(0, dims.size())));
  if (Value operand = op.getAxes()) {
    std::optional<ArrayRef<DimExpr>> named = s.values(operand);
    if (named && !s.constants(operand))
      return inferPadAlongValues(op, *named, *pads, s);
    // In the order given: the pads follow it.
    std::optional<SmallVector<int64_t>> given = s.constants(operand);
    if (!given)
      return failUnknown(s, "axes");
    axes->clear();
    for (int64_t axis : *given) {
      FailureOr<int64_t> normal = s.axis(axis, dims.size());
      if (failed(normal))
        return failure();
      axes->push_back(*normal);
    }
  }
  if (pads->size() != 2 * axes->size())
    return s.fail() << "expected " << 2 * axes->size() << " pads, got "
                    << pads->size();
  for (auto [i, axis] : llvm::enumerate(*axes))
    dims[axis] = dims[axis] + (*pads)[i] + (*pads)[i + axes->size()];
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferConstantOfShape(ConstantOfShapeOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> target = s.values(op.getInput());
  if (!target)
    return failUnknown(s, "sizes");
  if (failed(s.set(op.getResult(), Dims(*target))))
    return failure();
  std::optional<int64_t> count = multiply(*target).getConstant();
  auto value = dyn_cast_or_null<TypedAttr>(op.getValueAttr());
  std::optional<Dims> element =
      value ? readConstantValues(value) : std::nullopt;
  if (count && *count <= ShapeContext::kMostElements && element &&
      element->size() == 1)
    s.setValues(op.getResult(), Dims(*count, element->front()));
  return success();
}

LogicalResult inferRange(RangeOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> start = s.values(op.getStart()),
                                   limit = s.values(op.getLimit()),
                                   delta = s.values(op.getDelta());
  if (!start || !limit || !delta) {
    std::optional<SmallVector<double>> a = s.floats(op.getStart()),
                                       b = s.floats(op.getLimit()),
                                       c = s.floats(op.getDelta());
    if (!a || !b || !c) {
      std::optional<Dims> from = s.fixed(op.getStart()),
                          to = s.fixed(op.getLimit()),
                          by = s.fixed(op.getDelta());
      if (!from || !to || !by)
        return failUnknown(s, "bounds");
      const DimExpr &step = by->front();
      DimExpr size = DimExpr::max(step, -step),
              sign = DimExpr::max(DimExpr::min(step, 1), -1);
      s.assumeAtMost(1, size);
      return s.set(
          op.getResult(),
          {DimExpr::max(
              DimExpr::ceildiv(sign * (to->front() - from->front()), size),
              0)});
    }
    if (c->front() == 0)
      return failUnknown(s, "bounds");
    double count = std::ceil((b->front() - a->front()) / c->front());
    if (!(count < double(int64_t(1) << 53)))
      return s.fail() << "expected a number of elements, got " << count;
    return s.set(op.getResult(), {DimExpr(std::max<int64_t>(0, count))});
  }
  std::optional<int64_t> step = delta->front().getConstant();
  if (!step) {
    // Its sign is that of the span, or there is nothing.
    const DimExpr &by = delta->front();
    DimExpr size = DimExpr::max(by, -by),
            sign = DimExpr::max(DimExpr::min(by, 1), -1),
            span = sign * (limit->front() - start->front());
    s.assumeAtMost(1, size);
    return s.set(op.getResult(),
                 {DimExpr::max(DimExpr::ceildiv(span, size), 0)});
  }
  if (*step == 0)
    return s.fail() << "expected a step other than 0";
  DimExpr span = *step > 0 ? limit->front() - start->front()
                           : start->front() - limit->front();
  if (*step == INT64_MIN)
    return s.fail() << "expected a step that can be negated";
  DimExpr count = DimExpr::max(DimExpr::ceildiv(span, std::abs(*step)), 0);
  if (failed(s.set(op.getResult(), {count})))
    return failure();
  if (std::optional<int64_t> number = count.getConstant();
      number && *number <= ShapeContext::kMostElements) {
    Dims elements;
    for (int64_t i = 0; i < *number; ++i)
      elements.push_back(start->front() + DimExpr(i) * DimExpr(*step));
    s.setValues(op.getResult(), std::move(elements));
  }
  return success();
}

LogicalResult inferTile(TileOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getInput()));
  std::optional<ArrayRef<DimExpr>> repeats = s.values(op.getRepeats());
  if (!repeats)
    return failUnknown(s, "repeats");
  if (repeats->size() != dims.size())
    return s.fail() << "expected " << dims.size() << " repeats, got "
                    << repeats->size();
  for (auto [dim, repeat] : llvm::zip_equal(dims, *repeats))
    dim = dim * repeat;
  bool flat = dims.size() == 1;
  if (failed(s.set(op.getResult(), std::move(dims))))
    return failure();
  std::optional<ArrayRef<DimExpr>> known = s.values(op.getInput());
  std::optional<int64_t> times =
      flat ? repeats->front().getConstant() : std::nullopt;
  if (known && times &&
      *times * int64_t(known->size()) <= ShapeContext::kMostElements) {
    Dims elements;
    for (int64_t i = 0; i < *times; ++i)
      llvm::append_range(elements, *known);
    s.setValues(op.getResult(), std::move(elements));
  }
  return success();
}

template <typename OpT> LogicalResult inferBlocks(OpT op, ShapeContext &s) {
  constexpr bool toSpace = std::is_same_v<OpT, DepthToSpaceOp>;
  if (failed(s.expectRank(op.getInput(), 4, 4, "the input")))
    return failure();
  ArrayRef<DimExpr> from = s.shape(op.getInput());
  int64_t block = op.getBlocksize();
  if (block <= 0 || block > 65536)
    return s.fail() << "expected a block size of 1 or more, got " << block;
  DimExpr b = block, area = block * block;
  auto divide = [&](const DimExpr &size, const DimExpr &by) {
    return s.divide(size, by, "a dimension of blocks");
  };
  if (toSpace) {
    FailureOr<DimExpr> channels = divide(from[1], area);
    return failed(channels) ? failure()
                            : s.set(op.getResult(), {from[0], *channels,
                                                     from[2] * b, from[3] * b});
  }
  FailureOr<DimExpr> height = divide(from[2], b), width = divide(from[3], b);
  if (failed(height) || failed(width))
    return failure();
  return s.set(op.getResult(), {from[0], from[1] * area, *height, *width});
}

LogicalResult inferCenterCropPad(CenterCropPadOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getInputData()));
  std::optional<ArrayRef<DimExpr>> sizes = s.values(op.getShape());
  if (!sizes)
    return failUnknown(s, "sizes");
  SmallVector<int64_t> axes(
      llvm::to_vector(llvm::seq<int64_t>(0, dims.size())));
  if (auto given = op.getAxes())
    axes.assign(given->begin(), given->end());
  if (axes.size() != sizes->size())
    return s.fail() << "expected " << axes.size() << " sizes, got "
                    << sizes->size();
  for (auto [axis, size] : llvm::zip_equal(axes, *sizes)) {
    FailureOr<int64_t> normal = s.axis(axis, dims.size());
    if (failed(normal))
      return failure();
    dims[*normal] = size;
  }
  return s.set(op.getResult(), std::move(dims));
}

/// The shape is an attribute.
template <typename OpT>
LogicalResult inferFromAttribute(OpT op, ShapeContext &s) {
  return s.set(op.getResult(), Dims(op.getShape()));
}

/// A vector whose length is an operand.
template <typename OpT>
LogicalResult inferWindowFunction(OpT op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> size = s.values(op.getSize());
  return size ? s.set(op.getResult(), Dims(*size))
              : LogicalResult(failUnknown(s, "sizes"));
}
} // namespace

void addTensorRules(ShapeRules &rules) {
  rules.add<ShapeOp, inferShape>();
  rules.add<SizeOp, inferSize>();
  rules.add<ConcatOp, inferConcat>();
  rules.add<TransposeOp, inferTranspose>();
  rules.add<ReshapeOp, inferReshape>();
  rules.add<ExpandOp, inferExpand>();
  rules.add<SqueezeOp, inferSqueeze>();
  rules.add<UnsqueezeOp, inferUnsqueeze>();
  rules.add<FlattenOp, inferFlatten>();
  rules.add<SplitOp, inferSplit>();
  rules.add<PadOp, inferPad>();
  rules.add<ConstantOfShapeOp, inferConstantOfShape>();
  rules.add<RangeOp, inferRange>();
  rules.add<TileOp, inferTile>();
  rules.add<DepthToSpaceOp, inferBlocks<DepthToSpaceOp>>();
  rules.add<SpaceToDepthOp, inferBlocks<SpaceToDepthOp>>();
  rules.add<CenterCropPadOp, inferCenterCropPad>();
  rules.add<RandomNormalOp, inferFromAttribute<RandomNormalOp>>();
  rules.add<RandomUniformOp, inferFromAttribute<RandomUniformOp>>();
  rules.add<BlackmanWindowOp, inferWindowFunction<BlackmanWindowOp>>();
  rules.add<HammingWindowOp, inferWindowFunction<HammingWindowOp>>();
  rules.add<HannWindowOp, inferWindowFunction<HannWindowOp>>();
}

} // namespace squint::onnx
