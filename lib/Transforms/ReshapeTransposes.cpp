//===- ReshapeTransposes.cpp - transposes beside reshapes ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MoveTransposes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

static bool isReshape(Operation *op) {
  return isa_and_nonnull<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp,
                         onnx::UnsqueezeOp>(op);
}

/// An onnx.Reshape to known sizes; the shape has one -1 or is made of
/// `squint.dim`.
static Value createReshape(OpBuilder &builder, Location loc, Value value,
                           ArrayRef<DimExpr> dims) {
  SmallVector<int64_t> sizes, wanted;
  for (const DimExpr &dim : dims) {
    sizes.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    wanted.push_back(dim.getConstant().value_or(-1));
  }
  Value shape;
  if (llvm::count(wanted, -1) <= 1 && !llvm::is_contained(wanted, 0)) {
    shape = createIntegers(builder, loc, wanted);
  } else {
    SmallVector<Value> elements;
    for (const DimExpr &dim : dims)
      elements.push_back(arith::IndexCastOp::create(
          builder, loc, builder.getI64Type(), dim.materialize(builder, loc)));
    shape = tensor::FromElementsOp::create(builder, loc, elements);
  }
  auto op =
      onnx::ReshapeOp::create(builder, loc, getTensorType(value).clone(sizes),
                              value, shape, /*allowzero=*/1);
  setDims(op, {SmallVector<DimExpr>(dims)});
  return op;
}

/// Groups of dimensions that a reshape turns into each other, without those of
/// size 1: `in` dimensions of the operand become `out` dimensions of the
/// result, with equal products.
namespace {
struct Group {
  SmallVector<int64_t> in, out;
};
} // namespace

static std::optional<SmallVector<Group>> getGroups(ArrayRef<DimExpr> in,
                                                   ArrayRef<DimExpr> out) {
  SmallVector<Group> groups;
  size_t i = 0, o = 0;
  auto next = [](ArrayRef<DimExpr> dims, size_t &at,
                 SmallVector<int64_t> &group) -> DimExpr {
    while (at < dims.size() && dims[at].isConstant(1))
      ++at;
    if (at == dims.size())
      return 0;
    group.push_back(at);
    return dims[at++];
  };
  while (true) {
    Group group;
    DimExpr a = next(in, i, group.in), b = next(out, o, group.out);
    if (a.isConstant(0) && b.isConstant(0) && group.in.empty() &&
        group.out.empty())
      return groups;
    while (a != b) {
      if (a.isConstant(0) || b.isConstant(0))
        return std::nullopt;
      if (b.divideExactly(a))
        a = a * next(in, i, group.in);
      else if (a.divideExactly(b))
        b = b * next(out, o, group.out);
      else
        return std::nullopt;
    }
    groups.push_back(group);
  }
}

namespace {
/// `reshape(transpose(x))` where the Transpose moves whole groups: the reshape
/// of x, then a Transpose of the result.
struct SinkBelowReshape : RewritePattern {
  SinkBelowReshape(MLIRContext *context, Pass::Statistic &moved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), moved(moved) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    auto transpose = isReshape(op)
                         ? getChannelsFirstTranspose(op->getOperand(0))
                         : onnx::TransposeOp();
    if (!transpose || transpose->getBlock() != op->getBlock())
      return failure();
    FailureOr<SmallVector<DimExpr>> in = getDims(transpose),
                                    out = getDims(op->getResult(0));
    std::optional<SmallVector<Group>> groups;
    if (succeeded(in) && succeeded(out))
      groups = getGroups(*in, *out);
    if (!groups || groups->empty())
      return rewriter.notifyMatchFailure(
          op, "expected a reshape of groups of dimensions");
    // In the order of the source, the dimensions of a group must follow each
    // other.
    Permutation p = getPermutation(transpose);
    SmallVector<int64_t> sources;
    llvm::sort(*groups, [&](const Group &a, const Group &b) {
      return p[a.in.front()] < p[b.in.front()];
    });
    for (Group &group : *groups)
      for (int64_t dim : group.in)
        sources.push_back(p[dim]);
    if (!llvm::is_sorted(sources))
      return rewriter.notifyMatchFailure(
          op, "expected the transpose to move whole groups");
    // Dimensions of size 1 go with the next group, the last ones with the last.
    SmallVector<int64_t> order;
    for (Group &group : *groups) {
      bool isLast = group.out.back() == lastOf(*groups);
      for (int64_t dim = previousOf(*groups, group.out.front()) + 1;
           dim <
           (isLast ? static_cast<int64_t>(out->size()) : group.out.back() + 1);
           ++dim)
        order.push_back(dim);
    }
    SmallVector<DimExpr> dims =
        applyPermutation(ArrayRef<DimExpr>(*out), order);
    Value reshaped =
        createReshape(rewriter, op->getLoc(), transpose.getData(), dims);
    if (!isIdentity(order))
      reshaped = createTranspose(rewriter, transpose.getLoc(), reshaped,
                                 invertPermutationVector(order));
    rewriter.replaceOp(op, reshaped);
    ++moved;
    return success();
  }

  static bool isIdentity(ArrayRef<int64_t> order) {
    return llvm::is_sorted(order);
  }
  static int64_t lastOf(ArrayRef<Group> groups) {
    int64_t last = -1;
    for (const Group &group : groups)
      last = std::max(last, group.out.back());
    return last;
  }
  static int64_t previousOf(ArrayRef<Group> groups, int64_t first) {
    int64_t previous = -1;
    for (const Group &group : groups)
      if (group.out.back() < first)
        previous = std::max(previous, group.out.back());
    return previous;
  }
  Pass::Statistic &moved;
};
} // namespace

/// The dimensions that are not 1, in order.
static SmallVector<DimExpr> dropUnits(ArrayRef<DimExpr> dims) {
  return llvm::to_vector(llvm::make_filter_range(
      dims, [](const DimExpr &dim) { return !dim.isConstant(1); }));
}

namespace {
/// A Transpose that leaves the order of the dimensions that are not 1.
struct TransposeToReshape : OpRewritePattern<onnx::TransposeOp> {
  TransposeToReshape(MLIRContext *context, Pass::Statistic &removed)
      : OpRewritePattern(context), removed(removed) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Permutation kept;
    for (int64_t dim : getPermutation(op))
      if (getTensorType(op.getData()).getShape()[dim] != 1)
        kept.push_back(dim);
    FailureOr<SmallVector<DimExpr>> dims = getDims(op.getResult());
    if (!llvm::is_sorted(kept) || failed(dims))
      return rewriter.notifyMatchFailure(op, "moves data");
    rewriter.replaceOp(
        op, createReshape(rewriter, op.getLoc(), op.getData(), *dims));
    ++removed;
    return success();
  }
  Pass::Statistic &removed;
};

/// A Reshape that only moves dimensions of 1, then another one: the other
/// alone.
struct MergeReshapes : RewritePattern {
  explicit MergeReshapes(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    auto first = isReshape(op)
                     ? op->getOperand(0).getDefiningOp<onnx::ReshapeOp>()
                     : onnx::ReshapeOp();
    if (!first)
      return failure();
    FailureOr<SmallVector<DimExpr>> source = getDims(first.getData()),
                                    between = getDims(first.getResult()),
                                    result = getDims(op->getResult(0));
    if (failed(source) || failed(between) || failed(result) ||
        dropUnits(*source) != dropUnits(*between))
      return rewriter.notifyMatchFailure(
          op, "expected a reshape that only moves dimensions of 1");
    if (*source == *result)
      rewriter.replaceOp(op, first.getData());
    else
      rewriter.replaceOp(
          op, createReshape(rewriter, op->getLoc(), first.getData(), *result));
    return success();
  }
};
} // namespace

void squint::populateSinkBelowReshapePatterns(RewritePatternSet &patterns,
                                              Pass::Statistic &moved) {
  patterns.add<SinkBelowReshape>(patterns.getContext(), moved);
}

void squint::populateTransposeToReshapePatterns(RewritePatternSet &patterns,
                                                Pass::Statistic &removed) {
  patterns.add<TransposeToReshape>(patterns.getContext(), removed);
  patterns.add<MergeReshapes>(patterns.getContext());
}
