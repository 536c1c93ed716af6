//===- ShapesReduction.cpp - dimensions that go away --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// The reduction of a vector of known numbers to one.
std::optional<DimExpr> reduce(StringRef name, ArrayRef<DimExpr> elements) {
  if (elements.empty() && name != "ReduceSum" && name != "ReduceProd")
    return std::nullopt;
  DimExpr result = name == "ReduceProd"  ? DimExpr(1)
                   : name == "ReduceSum" ? DimExpr(0)
                                         : elements.front();
  for (const DimExpr &element : elements) {
    if (name == "ReduceProd")
      result = result * element;
    else if (name == "ReduceSum")
      result = result + element;
    else if (name == "ReduceMax")
      result = DimExpr::max(result, element);
    else if (name == "ReduceMin")
      result = DimExpr::min(result, element);
    else
      return std::nullopt;
  }
  return result;
}

template <typename OpT> LogicalResult inferReduction(OpT op, ShapeContext &s) {
  ArrayRef<DimExpr> from = s.shape(op.getData());
  int64_t rank = from.size();
  SmallVector<bool> reduced(rank, false);
  bool none = true;
  if (Value operand = op.getAxes()) {
    std::optional<SmallVector<int64_t>> axes = s.constants(operand);
    std::optional<ArrayRef<DimExpr>> named = s.values(operand);
    if (!axes && named) {
      FailureOr<Dims> gone = markAxes(*named, rank, s);
      if (failed(gone))
        return failure();
      if (!op.getKeepdims())
        return s.set(op.getReduced(),
                     dropMarked(from, *gone, rank - named->size()));
      Dims dims(from);
      for (auto [dim, mark] : llvm::zip_equal(dims, *gone))
        dim = choose(mark, 1, dim);
      return s.set(op.getReduced(), std::move(dims));
    }
    // A list of axes that is not there yet counts none: what it would leave has
    // no rank otherwise.
    if (!axes && isa<BlockArgument>(operand) && s.rank(operand) == 1 &&
        !s.shape(operand)[0].getConstant()) {
      if (failed(s.unify(s.shape(operand)[0], 0, "a list of axes")))
        return failure();
      axes.emplace();
    }
    if (!axes)
      return s.refuse()
             << "expected axes that follow from shapes, got ones that "
                "depend on data";
    for (int64_t axis : *axes) {
      FailureOr<int64_t> normal = s.axis(axis, rank);
      if (failed(normal))
        return failure();
      reduced[*normal] = true;
      none = false;
    }
  }
  if (none && !op.getNoopWithEmptyAxes())
    reduced.assign(rank, true);
  Dims dims;
  for (auto [dim, gone] : llvm::zip_equal(from, reduced)) {
    if (!gone)
      dims.push_back(dim);
    else if (op.getKeepdims())
      dims.push_back(1);
  }
  if (failed(s.set(op.getReduced(), std::move(dims))))
    return failure();
  if (std::optional<ArrayRef<DimExpr>> known = s.values(op.getData());
      known && rank == 1 && reduced[0])
    if (std::optional<DimExpr> result =
            reduce(op->getName().stripDialect(), *known))
      s.setValues(op.getReduced(), {*result});
  return success();
}

template <typename OpT> LogicalResult inferArg(OpT op, ShapeContext &s) {
  Dims dims(s.shape(op.getData()));
  FailureOr<int64_t> axis = s.axis(op.getAxis(), dims.size());
  if (failed(axis))
    return failure();
  if (op.getKeepdims())
    dims[*axis] = 1;
  else
    dims.erase(dims.begin() + *axis);
  return s.set(op.getReduced(), std::move(dims));
}

/// The determinant of the last two dimensions.
LogicalResult inferDet(DetOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getX(), 2, 16, "the input")))
    return failure();
  ArrayRef<DimExpr> from = s.shape(op.getX());
  if (failed(s.unify(from.back(), from[from.size() - 2], "rows and columns")))
    return failure();
  return s.set(op.getResult(), Dims(from.drop_back(2)));
}

template <typename OpT>
LogicalResult inferLoss(OpT op, Value scores, Value target, ShapeContext &s) {
  StringRef reduction = op.getReduction();
  if (reduction != "none" && reduction != "mean" && reduction != "sum")
    return s.fail() << "expected reduction none, mean or sum, got "
                    << reduction;
  // [N, classes, ...] and [N, ...]
  int64_t rank = s.rank(target);
  if (failed(s.expectRank(scores, rank + 1, rank + 1, "the scores")))
    return failure();
  for (int64_t i = 0; i < rank; ++i)
    if (failed(s.unify(s.shape(scores)[i ? i + 1 : 0], s.shape(target)[i],
                       "the scores and the target")))
      return failure();
  Dims dims;
  if (reduction == "none")
    dims = Dims(s.shape(target));
  if (failed(s.set(op->getResult(0), std::move(dims))))
    return failure();
  for (Value result : op->getResults().drop_front())
    if (failed(s.set(result, Dims(s.shape(scores)))))
      return failure();
  return success();
}
LogicalResult inferNegativeLogLikelihoodLoss(NegativeLogLikelihoodLossOp op,
                                             ShapeContext &s) {
  return inferLoss(op, op.getInput(), op.getTarget(), s);
}
LogicalResult inferSoftmaxCrossEntropyLoss(SoftmaxCrossEntropyLossOp op,
                                           ShapeContext &s) {
  return inferLoss(op, op.getScores(), op.getLabels(), s);
}
} // namespace

void addReductionRules(ShapeRules &rules) {
  rules.add<ReduceL1Op, inferReduction<ReduceL1Op>>();
  rules.add<ReduceL2Op, inferReduction<ReduceL2Op>>();
  rules.add<ReduceLogSumOp, inferReduction<ReduceLogSumOp>>();
  rules.add<ReduceLogSumExpOp, inferReduction<ReduceLogSumExpOp>>();
  rules.add<ReduceMaxOp, inferReduction<ReduceMaxOp>>();
  rules.add<ReduceMeanOp, inferReduction<ReduceMeanOp>>();
  rules.add<ReduceMinOp, inferReduction<ReduceMinOp>>();
  rules.add<ReduceProdOp, inferReduction<ReduceProdOp>>();
  rules.add<ReduceSumOp, inferReduction<ReduceSumOp>>();
  rules.add<ReduceSumSquareOp, inferReduction<ReduceSumSquareOp>>();
  rules.add<ArgMaxOp, inferArg<ArgMaxOp>>();
  rules.add<ArgMinOp, inferArg<ArgMinOp>>();
  rules.add<DetOp, inferDet>();
  rules.add<NegativeLogLikelihoodLossOp, inferNegativeLogLikelihoodLoss>();
  rules.add<SoftmaxCrossEntropyLossOp, inferSoftmaxCrossEntropyLoss>();
}

} // namespace squint::onnx
