//===- ShapesIndexing.cpp - parts of tensors by position ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// One axis of a Slice: where it starts, and how many elements it takes.
struct Range {
  DimExpr start, size;
};

/// Bounds count from the end when negative and are clamped to the dimension.
/// Symbolic bounds are taken to lie in it.
Range sliceAxis(const DimExpr &dim, const DimExpr &start, const DimExpr &end,
                int64_t step, ShapeContext &s) {
  std::optional<int64_t> size = dim.getConstant();
  // A bound as a position: [0, dim] going up, [-1, dim - 1] going down.
  auto position = [&](DimExpr bound, bool isEnd) -> DimExpr {
    DimExpr low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - DimExpr(1);
    std::optional<int64_t> number = bound.getConstant();
    if (number && *number < 0) {
      if (*number <= INT32_MIN + 1 || (size && *number < -*size))
        return isEnd || step > 0 ? low : DimExpr(0);
      bound = bound + dim;
      if (!size)
        s.assumeAtMost((isEnd ? low : DimExpr(0)) - DimExpr(*number), dim);
      return bound;
    }
    if (!number && !bound.isNonNegative()) {
      if ((-bound).isNonNegative()) { // such as -sequence
        s.assumeAtMost(1, -bound);
        bound = bound + dim;
      }
      s.assumeAtMost(0, bound);
    }
    if ((bound - high).isNonNegative())
      return high;
    if (number && *number >= INT32_MAX) // exporters' "to the end"
      return high;
    if (!(high - bound).isNonNegative())
      s.assumeAtMost(bound, high);
    return bound;
  };
  DimExpr from = position(start, false), to = position(end, true);
  DimExpr span = step > 0 ? to - from : from - to;
  DimExpr count = DimExpr::ceildiv(span, step > 0 ? step : -step);
  // A span that may be negative is empty then; where nothing is known, it is
  // taken not to be.
  if (std::optional<int64_t> number = count.getConstant())
    count = std::max<int64_t>(0, *number);
  else
    s.assumeAtMost(0, span);
  return Range{from, count};
}

/// Bounds, axes and steps that inputs contain: clamped as ONNX says.
LogicalResult inferSliceByValues(SliceOp op, ArrayRef<DimExpr> starts,
                                 ArrayRef<DimExpr> ends, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  int64_t rank = from.size();
  Dims axes, steps(starts.size(), DimExpr(1));
  for (size_t i = 0; i < starts.size(); ++i)
    axes.push_back(int64_t(i));
  for (std::pair<Value, Dims *> given :
       {std::pair<Value, Dims *>{op.getAxes(), &axes}, {op.getSteps(), &steps}})
    if (given.first) {
      std::optional<ArrayRef<DimExpr>> known = s.values(given.first);
      if (!known || known->size() != starts.size())
        return s.refuse() << "expected as many axes and steps as starts";
      given.second->assign(known->begin(), known->end());
    }
  if (failed(markAxes(axes, rank, s)))
    return failure();
  Dims dims(from);
  for (auto [i, dim] : llvm::enumerate(dims)) {
    DimExpr start, end, step, isCut;
    for (auto [j, axis] : llvm::enumerate(axes)) {
      DimExpr here = DimExpr::max(DimExpr::isEqual(axis, int64_t(i)),
                                  DimExpr::isEqual(axis, int64_t(i) - rank));
      start = start + here * starts[j];
      end = end + here * ends[j];
      step = step + here * steps[j];
      isCut = isCut + here;
    }
    if (isCut.isConstant(0))
      continue;
    step = step + (DimExpr(1) - isCut); // 1 where not cut
    end = end + (DimExpr(1) - isCut) * dim;
    DimExpr up = DimExpr::max(DimExpr::min(step, 1), 0), high = dim - 1 + up;
    auto clamp = [&, dim = dim](const DimExpr &bound, const DimExpr &low) {
      DimExpr isNegative = DimExpr::max(DimExpr::min(-bound, 1), 0);
      return DimExpr::min(DimExpr::max(bound + isNegative * dim, low), high);
    };
    DimExpr span = clamp(end, up - 1) - clamp(start, 0),
            size = DimExpr::max(step, -step);
    s.assumeAtMost(1, size);
    span = (up + up - 1) * span;
    dim = DimExpr::max(DimExpr::ceildiv(span, size), 0);
  }
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferSlice(SliceOp op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  std::optional<ArrayRef<DimExpr>> starts = s.values(op.getStarts()),
                                   ends = s.values(op.getEnds());
  if (!starts || !ends)
    return s.refuse()
           << "expected bounds that follow from shapes, got ones that "
              "depend on data";
  if (starts->size() != ends->size())
    return s.fail() << "expected as many ends as starts, got " << ends->size()
                    << " and " << starts->size();
  bool byValues = false;
  for (Value operand : op->getOperands().drop_front())
    if (std::optional<ArrayRef<DimExpr>> known = s.values(operand))
      byValues |= llvm::any_of(*known, [](const DimExpr &number) {
        return number.hasLate() ||
               (number.hasValues() && !number.isNonNegative());
      });
  if (byValues)
    return inferSliceByValues(op, *starts, *ends, s);
  SmallVector<int64_t> axes = llvm::to_vector(
                           llvm::seq<int64_t>(0, starts->size())),
                       steps(starts->size(), 1);
  for (auto [operand, numbers, what] :
       {std::tuple<Value, SmallVector<int64_t> *, const char *>{op.getAxes(),
                                                                &axes, "axes"},
        {op.getSteps(), &steps, "steps"}}) {
    if (!operand)
      continue;
    std::optional<SmallVector<int64_t>> given = s.constants(operand);
    if (!given)
      return s.refuse() << "expected constant " << what;
    if (given->size() != starts->size())
      return s.fail() << "expected " << starts->size() << " " << what
                      << ", got " << given->size();
    *numbers = std::move(*given);
  }
  SmallVector<Range> ranges;
  SmallVector<int64_t> strides(from.size(), 1), sliced;
  for (const DimExpr &dim : from)
    ranges.push_back({0, dim});
  for (auto [i, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> normal = s.axis(axis, from.size());
    if (failed(normal))
      return failure();
    if (llvm::is_contained(sliced, *normal))
      return s.fail() << "expected distinct axes, got " << *normal << " twice";
    sliced.push_back(*normal);
    if (steps[i] == 0 || steps[i] == INT64_MIN)
      return s.fail() << "expected a step other than 0, got " << steps[i];
    ranges[*normal] =
        sliceAxis(from[*normal], (*starts)[i], (*ends)[i], steps[i], s);
    strides[*normal] = steps[i];
  }
  Dims dims;
  for (const Range &range : ranges)
    dims.push_back(range.size);
  if (failed(s.set(op.getResult(), std::move(dims))))
    return failure();

  std::optional<ArrayRef<DimExpr>> known = s.values(op.getData());
  std::optional<SmallVector<int64_t>> shape = s.staticShape(op.getData()),
                                      result = s.staticShape(op.getResult());
  if (!known || !shape || !result ||
      llvm::any_of(ranges, [](const Range &range) {
        return !range.start.getConstant();
      }))
    return success();
  int64_t count = 1;
  for (int64_t size : *result)
    count *= size;
  Dims elements;
  for (int64_t i = 0; i < count; ++i) {
    int64_t source = 0, stride = 1;
    for (int64_t rest = i, d = shape->size() - 1; d >= 0;
         rest /= (*result)[d], stride *= (*shape)[d], --d)
      source +=
          (*ranges[d].start.getConstant() + rest % (*result)[d] * strides[d]) *
          stride;
    elements.push_back((*known)[source]);
  }
  s.setValues(op.getResult(), std::move(elements));
  return success();
}

LogicalResult inferGather(GatherOp op, ShapeContext &s) {
  ArrayRef<DimExpr> data = s.shape(op.getData()),
                    indices = s.shape(op.getIndices());
  FailureOr<int64_t> axis = s.axis(op.getAxis(), data.size());
  if (failed(axis))
    return failure();
  Dims dims(data.take_front(*axis));
  llvm::append_range(dims, indices);
  llvm::append_range(dims, data.drop_front(*axis + 1));
  if (failed(s.set(op.getResult(), std::move(dims))))
    return failure();
  std::optional<ArrayRef<DimExpr>> known = s.values(op.getData());
  std::optional<SmallVector<int64_t>> positions = s.constants(op.getIndices());
  // Numbers are checked where the size is one, and at run time where it is not.
  if (positions && !data[*axis].getConstant())
    for (int64_t position : *positions)
      s.assumeAtMost(position < 0 ? -DimExpr(position)
                                  : DimExpr(position) + DimExpr(1),
                     data[*axis]);
  if (!known || !positions || data.size() != 1)
    return success();
  Dims elements;
  int64_t size = known->size();
  for (int64_t position : *positions) {
    if (position < -size || position >= size)
      return s.fail() << "expected an index below " << size << ", got "
                      << position;
    elements.push_back((*known)[position < 0 ? position + size : position]);
  }
  s.setValues(op.getResult(), std::move(elements));
  return success();
}

LogicalResult inferGatherElements(GatherElementsOp op, ShapeContext &s) {
  size_t rank = s.rank(op.getData());
  FailureOr<int64_t> axis = s.axis(op.getAxis(), rank);
  if (failed(axis) ||
      failed(s.expectRank(op.getIndices(), rank, rank, "the indices")))
    return failure();
  ArrayRef<DimExpr> data = s.shape(op.getData()),
                    indices = s.shape(op.getIndices());
  for (int64_t i = 0; i < static_cast<int64_t>(rank); ++i) {
    if (i == *axis)
      continue;
    if ((indices[i] - data[i]).isPositive())
      return s.fail() << "expected at most " << data[i].str()
                      << " indices in dimension " << i << ", got "
                      << indices[i].str();
    s.assumeAtMost(indices[i], data[i]);
  }
  return s.set(op.getResult(), Dims(indices));
}

LogicalResult inferGatherND(GatherNDOp op, ShapeContext &s) {
  ArrayRef<DimExpr> data = s.shape(op.getData()),
                    indices = s.shape(op.getIndices());
  int64_t batch = op.getBatchDims();
  std::optional<int64_t> depth =
      indices.empty() ? std::nullopt : indices.back().getConstant();
  if (!depth || *depth < 0 || batch < 0 || batch >= int64_t(indices.size()) ||
      batch + *depth > int64_t(data.size()))
    return s.fail() << "expected indices whose last dimension counts "
                       "dimensions of the data";
  for (int64_t i = 0; i < batch; ++i)
    if (failed(s.unify(indices[i], data[i], "the batch")))
      return failure();
  Dims dims(indices.drop_back());
  llvm::append_range(dims, data.drop_front(batch + *depth));
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferOneHot(OneHotOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getIndices()));
  FailureOr<int64_t> axis = s.axis(op.getAxis(), dims.size() + 1);
  if (failed(axis) ||
      failed(s.expectRank(op.getValues(), 1, 1, "the two values")) ||
      failed(s.unify(s.shape(op.getValues())[0], 2, "the two values")))
    return failure();
  std::optional<ArrayRef<DimExpr>> depth = s.values(op.getDepth());
  std::optional<SmallVector<double>> number =
      depth ? std::nullopt : s.floats(op.getDepth());
  if (number && number->size() == 1 && number->front() >= 0 &&
      number->front() < 1e9)
    dims.insert(dims.begin() + *axis, DimExpr(int64_t(number->front())));
  else if (depth && depth->size() == 1)
    dims.insert(dims.begin() + *axis, depth->front());
  else if (std::optional<Dims> fixed = s.fixed(op.getDepth());
           fixed && fixed->size() == 1)
    dims.insert(dims.begin() + *axis,
                DimExpr::floordiv(fixed->front(), ShapeContext::kFixedOne));
  else
    return s.refuse() << "expected a depth that follows from shapes, got one "
                         "that depends on data";
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferTopK(TopKOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getX()));
  FailureOr<int64_t> axis = s.axis(op.getAxis(), dims.size());
  if (failed(axis))
    return failure();
  std::optional<ArrayRef<DimExpr>> count = s.values(op.getK());
  if (count && count->size() == 1) {
    if ((count->front() - dims[*axis]).isPositive())
      return s.fail() << "expected at most " << dims[*axis].str()
                      << " elements, got " << count->front().str();
    s.assumeAtMost(count->front(), dims[*axis]);
    dims[*axis] = count->front();
  } else {
    dims[*axis] = s.makeLate(0, dims[*axis]);
  }
  if (failed(s.set(op.getValues(), dims)))
    return failure();
  return s.set(op.getIndices(), std::move(dims));
}

LogicalResult inferResize(ResizeOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getX()));
  SmallVector<int64_t> axes(
      llvm::to_vector(llvm::seq<int64_t>(0, dims.size())));
  if (auto given = op.getAxes())
    axes.assign(given->begin(), given->end());
  for (int64_t &axis : axes) {
    FailureOr<int64_t> normal = s.axis(axis, dims.size());
    if (failed(normal))
      return failure();
    axis = *normal;
  }
  // Older models pass an empty tensor for the one that is not used.
  auto isGiven = [&](Value operand) {
    return operand &&
           !(s.rank(operand) == 1 && s.shape(operand)[0].isConstant(0));
  };
  for (Value list : {op.getSizes(), op.getScales()})
    if (list && failed(s.expectRank(list, 1, 1, "sizes or scales")))
      return failure();
  if (isGiven(op.getSizes())) {
    std::optional<ArrayRef<DimExpr>> sizes = s.values(op.getSizes());
    if (!sizes)
      return s.refuse() << "expected sizes that follow from shapes, got ones "
                           "that depend on data";
    if (sizes->size() != axes.size())
      return s.fail() << "expected " << axes.size() << " sizes, got "
                      << sizes->size();
    StringRef policy = op.getKeepAspectRatioPolicy();
    if (policy != "stretch" && policy != "not_larger" &&
        policy != "not_smaller")
      return s.fail() << "expected the policy stretch, not_larger or "
                         "not_smaller for the aspect ratio, got '"
                      << policy << "'";
    // One scale for all axes, the least (or largest) of theirs; half up.
    Dims from(dims);
    for (auto [axis, size] : llvm::zip_equal(axes, *sizes)) {
      dims[axis] = size;
      if (policy == "stretch")
        continue;
      std::optional<DimExpr> best;
      for (auto [other, wanted] : llvm::zip_equal(axes, *sizes)) {
        DimExpr scaled =
            DimExpr::floordiv(wanted * from[axis] * DimExpr(2) + from[other],
                              from[other] * DimExpr(2));
        best = !best                    ? scaled
               : policy == "not_larger" ? DimExpr::min(*best, scaled)
                                        : DimExpr::max(*best, scaled);
      }
      dims[axis] = *best;
    }
    return s.set(op.getResult(), std::move(dims));
  }
  std::optional<SmallVector<double>> scales =
      isGiven(op.getScales()) ? s.floats(op.getScales()) : std::nullopt;
  std::optional<Dims> fixed = !scales && isGiven(op.getScales())
                                  ? s.fixed(op.getScales())
                                  : std::nullopt;
  if (fixed && fixed->size() == axes.size()) {
    for (auto [axis, scale] : llvm::zip_equal(axes, *fixed)) {
      s.assumeAtMost(1, scale);
      dims[axis] =
          DimExpr::floordiv(dims[axis] * scale, ShapeContext::kFixedOne);
    }
    return s.set(op.getResult(), std::move(dims));
  }
  if (!scales)
    return s.refuse()
           << "expected constant scales or sizes that follow from shapes";
  if (scales->size() != axes.size())
    return s.fail() << "expected " << axes.size() << " scales, got "
                    << scales->size();
  for (auto [axis, scale] : llvm::zip_equal(axes, *scales)) {
    if (!(scale > 0) || scale > 65536)
      return s.fail() << "expected a scale above 0, got " << scale;
    std::optional<int64_t> size = dims[axis].getConstant();
    // A scale that is a fraction of powers of two is exact; floor(dim * scale).
    double whole = scale;
    int64_t divisor = 1;
    while (whole != std::floor(whole) && divisor < 65536) {
      whole *= 2;
      divisor *= 2;
    }
    if (size)
      dims[axis] = static_cast<int64_t>(
          std::floor(static_cast<float>(*size) * static_cast<float>(scale)));
    else if (whole == std::floor(whole))
      dims[axis] =
          DimExpr::floordiv(dims[axis] * DimExpr(int64_t(whole)), divisor);
    else
      return s.refuse() << "expected a scale of a few binary digits for a "
                           "symbolic size, got "
                        << scale;
  }
  return s.set(op.getResult(), std::move(dims));
}

/// The shape says nothing of the axis, but what computes needs it.
template <typename OpT> LogicalResult inferCumulative(OpT op, ShapeContext &s) {
  if (!s.values(op.getAxis()))
    return s.refuse() << "expected an axis that follows from shapes, got one "
                         "that depends on data";
  return inferSameAsFirst(op, s);
}

//===----------------------------------------------------------------------===//
// Sizes that data decides
//===----------------------------------------------------------------------===//

DimExpr count(ArrayRef<DimExpr> dims) {
  DimExpr all = 1;
  for (const DimExpr &dim : dims)
    all = all * dim;
  return all;
}

LogicalResult inferNonZero(NonZeroOp op, ShapeContext &s) {
  ArrayRef<DimExpr> dims = s.shape(op.getX());
  return s.set(op.getResult(),
               {int64_t(dims.size()), s.makeLate(0, count(dims))});
}

/// The axis that is given; without one that of all elements in a row, which
/// `dims` then are.
FailureOr<int64_t> axisOrFlat(std::optional<int64_t> given, Dims &dims,
                              ShapeContext &s) {
  if (given)
    return s.axis(*given, dims.size());
  dims = {count(dims)};
  return 0;
}

LogicalResult inferCompress(CompressOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getCondition(), 1, 1, "the condition")))
    return failure();
  Dims dims(s.shape(op.getInput()));
  FailureOr<int64_t> found = axisOrFlat(op.getAxis(), dims, s);
  if (failed(found))
    return failure();
  int64_t axis = *found;
  dims[axis] =
      s.makeLate(0, DimExpr::min(dims[axis], s.shape(op.getCondition())[0]));
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferUnique(UniqueOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getX()));
  FailureOr<int64_t> found = axisOrFlat(op.getAxis(), dims, s);
  if (failed(found))
    return failure();
  int64_t axis = *found;
  DimExpr all = dims[axis], different = s.makeLate(0, all);
  dims[axis] = different;
  if (failed(s.set(op.getY(), std::move(dims))))
    return failure();
  auto setRow = [&](Value result, const DimExpr &size) -> LogicalResult {
    return result ? s.set(result, {size}) : success();
  };
  return success(succeeded(setRow(op.getIndices(), different)) &&
                 succeeded(setRow(op.getInverseIndices(), all)) &&
                 succeeded(setRow(op.getCounts(), different)));
}

LogicalResult inferNonMaxSuppression(NonMaxSuppressionOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getBoxes(), 3, 3, "the boxes")) ||
      failed(s.expectRank(op.getScores(), 3, 3, "the scores")))
    return failure();
  ArrayRef<DimExpr> boxes = s.shape(op.getBoxes()),
                    scores = s.shape(op.getScores());
  if (failed(s.unify(boxes[0], scores[0], "batches")) ||
      failed(s.unify(boxes[1], scores[2], "boxes")) ||
      failed(s.unify(boxes[2], 4, "the numbers of a box")))
    return failure();
  DimExpr most = boxes[1];
  Value limit = op.getMaxOutputBoxesPerClass();
  std::optional<SmallVector<int64_t>> number =
      limit ? s.constants(limit) : std::optional<SmallVector<int64_t>>({0});
  if (number && number->size() == 1)
    most = DimExpr::min(most, std::clamp<int64_t>(number->front(), 0, 1 << 30));
  return s.set(op.getResult(), {s.makeLate(0, boxes[0] * scores[1] * most), 3});
}
} // namespace

void addIndexingRules(ShapeRules &rules) {
  rules.add<SliceOp, inferSlice>();
  rules.add<GatherOp, inferGather>();
  rules.add<GatherElementsOp, inferGatherElements>();
  rules.add<GatherNDOp, inferGatherND>();
  rules.add<OneHotOp, inferOneHot>();
  rules.add<TopKOp, inferTopK>();
  rules.add<ResizeOp, inferResize>();
  rules.add<CumSumOp, inferCumulative<CumSumOp>>();
  rules.add<CumProdOp, inferCumulative<CumProdOp>>();
  rules.add<NonZeroOp, inferNonZero>();
  rules.add<CompressOp, inferCompress>();
  rules.add<UniqueOp, inferUnique>();
  rules.add<NonMaxSuppressionOp, inferNonMaxSuppression>();
}

} // namespace squint::onnx
