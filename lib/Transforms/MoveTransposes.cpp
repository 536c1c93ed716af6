//===- MoveTransposes.cpp - move transposes until they cancel *- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A Transpose with permutation p makes y.shape[i] = x.shape[p[i]]. An operator on y that treats dimension i becomes one on
// x that treats p[i], followed by the Transpose.
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "squint/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace squint {
#define GEN_PASS_DEF_MOVETRANSPOSES
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

using Permutation = SmallVector<int64_t>;

static RankedTensorType getType(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The Transpose behind a value when it brings channels from last to second place: the only ones that are worth sinking.
static onnx::TransposeOp getChannelsFirstTranspose(Value value) {
  auto op = value.getDefiningOp<onnx::TransposeOp>();
  int64_t rank = op ? getType(op.getData()).getRank() : 0;
  return rank >= 3 && getPermutation(op) == getChannelsFirst(rank) ? op : onnx::TransposeOp();
}

//===----------------------------------------------------------------------===//
// Rewriting one operator
//===----------------------------------------------------------------------===//

/// Operators that treat each element alone and broadcast their operands.
static bool isElementwise(Operation *op) {
  static const llvm::StringSet<> names = {
      "Abs",      "Add",     "And",        "Cast",    "Ceil",        "Celu",           "Clip",    "Cos",     "Div",
      "Elu",      "Equal",   "Erf",        "Exp",     "Floor",       "Gelu",           "Greater", "GreaterOrEqual",
      "Identity", "HardSigmoid", "HardSwish", "LeakyRelu", "Less",   "LessOrEqual",    "Log",     "Max",     "Min",
      "Mish",     "Mod",     "Mul",        "Neg",     "Not",         "Or",             "PRelu",   "Pow",     "Reciprocal",
      "Relu",     "Round",   "Selu",       "Sigmoid", "Sign",        "Sin",            "Softplus", "Softsign", "Sqrt",
      "Sub",      "Sum",     "Swish",      "Tanh",    "ThresholdedRelu", "Where",      "Xor"};
  return op->getName().getDialectNamespace() == onnx::OnnxDialect::getDialectNamespace() &&
         names.contains(op->getName().stripDialect());
}

/// A value in the order that its dimensions have before the Transpose with permutation p, at no cost: what is behind such a
/// Transpose, a scalar as it is, or another constant. A constant of lower rank has leading dimensions of 1. Null otherwise.
static Value undo(OpBuilder &builder, Value value, const Permutation &p) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>(); transpose && getPermutation(transpose) == p)
    return transpose.getData();
  int64_t rank = getType(value).getRank(), lead = static_cast<int64_t>(p.size()) - rank;
  if (rank == 0)
    return value;
  ConstantOp constant = getConstant(value);
  if (!constant || lead < 0)
    return {};
  SmallVector<int64_t> shape(lead, 1);
  llvm::append_range(shape, getType(value).getShape());
  TypedAttr moved = reshapeConstant(constant.getValue(), shape);
  moved = moved ? transposeConstant(moved, invertPermutationVector(p)) : moved;
  if (moved && lead > 0) {
    ArrayRef<int64_t> sizes = cast<RankedTensorType>(moved.getType()).getShape();
    moved = reshapeConstant(moved, sizes.drop_while([](int64_t size) { return size == 1; }));
  }
  return moved ? ConstantOp::create(builder, constant.getLoc(), moved) : Value();
}

/// Whether `undo` has an answer.
static bool canUndo(Value value, const Permutation &p) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>(); transpose && getPermutation(transpose) == p)
    return true;
  int64_t rank = getType(value).getRank();
  if (rank == 0)
    return true;
  ConstantOp constant = getConstant(value);
  if (!constant || rank > static_cast<int64_t>(p.size()))
    return false;
  // A permutation in the way of added dimensions, or elements that are not whole bytes.
  SmallVector<int64_t> shape(p.size() - rank, 1);
  llvm::append_range(shape, getType(value).getShape());
  return getElementBytes(getType(value).getElementType()) && reshapeConstant(constant.getValue(), shape);
}

/// The axes of an operator on a transposed value, for the value before it. Nothing when one is out of range.
static std::optional<SmallVector<int64_t>> mapAxes(ArrayRef<int64_t> axes, const Permutation &p) {
  SmallVector<int64_t> mapped;
  for (int64_t axis : axes) {
    axis += axis < 0 ? p.size() : 0;
    if (axis < 0 || axis >= static_cast<int64_t>(p.size()))
      return std::nullopt;
    mapped.push_back(p[axis]);
  }
  return mapped;
}

namespace {
/// How an operator changes when a Transpose moves from its operands to its results.
struct Change {
  /// The operands that are transposed; the others stay or are replaced.
  SmallVector<unsigned> data;
  SmallVector<std::pair<unsigned, SmallVector<int64_t>>> integers;
  SmallVector<NamedAttribute> attributes;
  /// The permutation behind each result.
  Permutation result;
};
} // namespace

static std::optional<Change> changeAxis(Operation *op, ArrayRef<unsigned> data, const Permutation &p) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  std::optional<SmallVector<int64_t>> mapped = mapAxes(axis ? axis.getInt() : -1, p);
  if (!mapped)
    return std::nullopt;
  Builder builder(op->getContext());
  return Change{SmallVector<unsigned>(data), {}, {builder.getNamedAttr("axis", builder.getI64IntegerAttr(mapped->front()))}, p};
}

/// An operator with lists for each axis: `lists` are operands, each with one entry (or two, begins then ends) for each axis.
static std::optional<Change> changeLists(ArrayRef<Value> lists, ArrayRef<unsigned> indices, Value axes, unsigned axesIndex,
                                         const Permutation &p) {
  if (axes) {
    FailureOr<SmallVector<int64_t>> given = readIntegers(axes);
    std::optional<SmallVector<int64_t>> mapped = succeeded(given) ? mapAxes(*given, p) : std::nullopt;
    if (!mapped)
      return std::nullopt;
    return Change{{0}, {{axesIndex, *mapped}}, {}, p};
  }
  Change change{{0}, {}, {}, p};
  for (auto [list, index] : llvm::zip_equal(lists, indices)) {
    FailureOr<SmallVector<int64_t>> given = readIntegers(list);
    if (failed(given) || given->size() % p.size() || given->empty())
      return std::nullopt;
    SmallVector<int64_t> moved(*given);
    for (auto [i, value] : llvm::enumerate(*given))
      moved[i / p.size() * p.size() + p[i % p.size()]] = value;
    change.integers.push_back({index, moved});
  }
  return change;
}

static std::optional<Change> changeReduction(Operation *op, const Permutation &p) {
  FailureOr<SmallVector<int64_t>> axes = failure();
  if (op->getNumOperands() == 2)
    axes = readIntegers(op->getOperand(1));
  std::optional<SmallVector<int64_t>> mapped = succeeded(axes) ? mapAxes(*axes, p) : std::nullopt;
  if (!mapped || mapped->empty())
    return std::nullopt;
  Change change{{0}, {{1, *mapped}}, {}, p};
  auto keepdims = op->getAttrOfType<IntegerAttr>("keepdims");
  if (keepdims && keepdims.getInt() == 0) {
    // The dimensions that are left keep their order on either side.
    Permutation left;
    for (int64_t dim : p)
      if (!llvm::is_contained(*mapped, dim))
        left.push_back(dim - llvm::count_if(*mapped, [&](int64_t axis) { return axis < dim; }));
    change.result = left;
  }
  return change;
}

static std::optional<Change> getChange(Operation *op, const Permutation &p) {
  auto all = llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  if (isElementwise(op))
    return Change{all, {}, {}, p};
  return TypeSwitch<Operation *, std::optional<Change>>(op)
      .Case<onnx::QuantizeLinearOp, onnx::DequantizeLinearOp>([&](Operation *op) -> std::optional<Change> {
        for (Value parameter : op->getOperands().drop_front())
          if (getType(parameter).getRank() != 0)
            return std::nullopt;
        return Change{{0}, {}, {}, p};
      })
      .Case([&](onnx::ConcatOp op) { return changeAxis(op, all, p); })
      .Case<onnx::SoftmaxOp, onnx::LogSoftmaxOp>([&](Operation *op) { return changeAxis(op, {0}, p); })
      .Case([&](onnx::SplitOp op) -> std::optional<Change> {
        // Unlike for the others the axis is 0 when it is not given.
        std::optional<SmallVector<int64_t>> mapped = mapAxes(op.getAxis(), p);
        Builder builder(op.getContext());
        if (!mapped)
          return std::nullopt;
        return Change{{0}, {}, {builder.getNamedAttr("axis", builder.getI64IntegerAttr(mapped->front()))}, p};
      })
      .Case([&](onnx::PadOp op) {
        return changeLists({op.getPads()}, {1}, op.getAxes(), op->getNumOperands() - 1, p);
      })
      .Case([&](onnx::SliceOp op) {
        SmallVector<Value> lists = {op.getStarts(), op.getEnds()};
        SmallVector<unsigned> indices = {1, 2};
        if (op.getSteps() && !op.getAxes()) {
          lists.push_back(op.getSteps());
          indices.push_back(3);
        }
        return changeLists(lists, indices, op.getAxes(), 3, p);
      })
      .Case<onnx::ReduceMeanOp, onnx::ReduceMaxOp, onnx::ReduceMinOp, onnx::ReduceSumOp, onnx::ReduceProdOp,
            onnx::ReduceL1Op, onnx::ReduceL2Op, onnx::ReduceSumSquareOp, onnx::ReduceLogSumOp,
            onnx::ReduceLogSumExpOp>([&](Operation *op) { return changeReduction(op, p); })
      .Default([](Operation *) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

static bool isReshape(Operation *op) {
  return isa_and_nonnull<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp, onnx::UnsqueezeOp>(op);
}

/// An onnx.Reshape to known sizes; the shape has one -1 or is made of `squint.dim`.
static Value createReshape(OpBuilder &builder, Location loc, Value value, ArrayRef<DimExpr> dims) {
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
      elements.push_back(arith::IndexCastOp::create(builder, loc, builder.getI64Type(), dim.materialize(builder, loc)));
    shape = tensor::FromElementsOp::create(builder, loc, elements);
  }
  auto op = onnx::ReshapeOp::create(builder, loc, getType(value).clone(sizes), value, shape, /*allowzero=*/1);
  setDims(op, {SmallVector<DimExpr>(dims)});
  return op;
}

/// Groups of dimensions that a reshape turns into each other, without those of size 1: `in` dimensions of the operand become
/// `out` dimensions of the result, with equal products.
namespace {
struct Group {
  SmallVector<int64_t> in, out;
};
} // namespace

static std::optional<SmallVector<Group>> getGroups(ArrayRef<DimExpr> in, ArrayRef<DimExpr> out) {
  SmallVector<Group> groups;
  size_t i = 0, o = 0;
  auto next = [](ArrayRef<DimExpr> dims, size_t &at, SmallVector<int64_t> &group) -> DimExpr {
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
    if (a.isConstant(0) && b.isConstant(0) && group.in.empty() && group.out.empty())
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
/// `reshape(transpose(x))` where the Transpose moves whole groups: the reshape of x, then a Transpose of the result.
struct SinkBelowReshape : RewritePattern {
  SinkBelowReshape(MLIRContext *context, Pass::Statistic &moved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), moved(moved) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto transpose = isReshape(op) ? getChannelsFirstTranspose(op->getOperand(0)) : onnx::TransposeOp();
    if (!transpose || transpose->getBlock() != op->getBlock())
      return failure();
    FailureOr<SmallVector<DimExpr>> in = getDims(transpose), out = getDims(op->getResult(0));
    std::optional<SmallVector<Group>> groups;
    if (succeeded(in) && succeeded(out))
      groups = getGroups(*in, *out);
    if (!groups || groups->empty())
      return rewriter.notifyMatchFailure(op, "expected a reshape of groups of dimensions");
    // In the order of the source, the dimensions of a group must follow each other.
    Permutation p = getPermutation(transpose);
    SmallVector<int64_t> sources;
    llvm::sort(*groups, [&](const Group &a, const Group &b) { return p[a.in.front()] < p[b.in.front()]; });
    for (Group &group : *groups)
      for (int64_t dim : group.in)
        sources.push_back(p[dim]);
    if (!llvm::is_sorted(sources))
      return rewriter.notifyMatchFailure(op, "expected the transpose to move whole groups");
    // Dimensions of size 1 go with the next group, the last ones with the last.
    SmallVector<int64_t> order;
    for (Group &group : *groups) {
      bool isLast = group.out.back() == lastOf(*groups);
      for (int64_t dim = previousOf(*groups, group.out.front()) + 1;
           dim < (isLast ? static_cast<int64_t>(out->size()) : group.out.back() + 1); ++dim)
        order.push_back(dim);
    }
    SmallVector<DimExpr> dims = applyPermutation(ArrayRef<DimExpr>(*out), order);
    Value reshaped = createReshape(rewriter, op->getLoc(), transpose.getData(), dims);
    if (!isIdentity(order))
      reshaped = createTranspose(rewriter, transpose.getLoc(), reshaped, invertPermutationVector(order));
    rewriter.replaceOp(op, reshaped);
    ++moved;
    return success();
  }

  static bool isIdentity(ArrayRef<int64_t> order) { return llvm::is_sorted(order); }
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

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// `op(transpose(x))` becomes `transpose(op'(x))`.
struct Sink : RewritePattern {
  Sink(MLIRContext *context, Pass::Statistic &moved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), moved(moved) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    onnx::TransposeOp transpose;
    for (Value operand : op->getOperands())
      if (!transpose && isa<RankedTensorType>(operand.getType()))
        transpose = getChannelsFirstTranspose(operand);
    if (!transpose || transpose->getBlock() != op->getBlock())
      return failure();
    Permutation p = getPermutation(transpose);
    std::optional<Change> change = getChange(op, p);
    if (!change || !llvm::all_of(change->data, [&](unsigned i) { return canUndo(op->getOperand(i), p); }))
      return rewriter.notifyMatchFailure(op, "the operator or an operand keeps the transpose above it");
    for (Value result : op->getResults())
      if (!hasDims(result) || getType(result).getRank() != static_cast<int64_t>(change->result.size()))
        return rewriter.notifyMatchFailure(op, "expected results of known sizes and of the operand's rank");

    Operation *sunk = cloneWith(rewriter, op, *change, p);
    SmallVector<Value> results;
    for (Value result : sunk->getResults())
      results.push_back(llvm::is_sorted(change->result)
                            ? result
                            : createTranspose(rewriter, transpose.getLoc(), result, change->result));
    rewriter.replaceOp(op, results);
    ++moved;
    return success();
  }

  static Operation *cloneWith(PatternRewriter &rewriter, Operation *op, const Change &change, const Permutation &p) {
    SmallVector<Value> operands(op->getOperands());
    for (unsigned i : change.data)
      operands[i] = undo(rewriter, operands[i], p);
    for (auto &[i, values] : change.integers) {
      Type element = getType(operands[i]).getElementType();
      auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
      operands[i] = ConstantOp::create(rewriter, operands[i].getLoc(), makeConstant(type, encodeIntegers(element, values)));
    }
    Permutation inverse = invertPermutationVector(change.result);
    Operation *sunk = rewriter.clone(*op);
    sunk->setOperands(operands);
    for (NamedAttribute attribute : change.attributes)
      sunk->setAttr(attribute.getName(), attribute.getValue());
    SmallVector<SmallVector<DimExpr>> dims;
    for (auto [from, to] : llvm::zip_equal(op->getResults(), sunk->getResults())) {
      to.setType(getType(from).clone(applyPermutation(getType(from).getShape(), inverse)));
      dims.push_back(applyPermutation(ArrayRef<DimExpr>(*getDims(from)), inverse));
    }
    setDims(sunk, dims);
    return sunk;
  }
  Pass::Statistic &moved;
};

/// `transpose(op(transpose(x), y))`, the two cancelling: `op(x, transpose(y))`.
struct Hoist : OpRewritePattern<onnx::TransposeOp> {
  Hoist(MLIRContext *context, Pass::Statistic &moved) : OpRewritePattern(context), moved(moved) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    Operation *producer = op.getData().getDefiningOp();
    Permutation q = getPermutation(op), p = invertPermutationVector(q);
    if (!producer || !isElementwise(producer) || !isOnlyForUser(producer, op) || producer->getNumResults() != 1 ||
        q != getChannelsLast(q.size()) || !hasDims(op.getResult()))
      return rewriter.notifyMatchFailure(op, "expected an elementwise operator that nothing else uses");
    bool cancels = false;
    for (Value operand : producer->getOperands()) {
      auto transpose = operand.getDefiningOp<onnx::TransposeOp>();
      cancels |= transpose && getPermutation(transpose) == p;
      if (!canUndo(operand, p) && (getConstant(operand) || getType(operand).getRank() != getType(op).getRank()))
        return rewriter.notifyMatchFailure(op, "an operand cannot be transposed");
    }
    if (!cancels)
      return rewriter.notifyMatchFailure(op, "nothing to cancel");
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands())
      operands.push_back(canUndo(operand, p) ? undo(rewriter, operand, p)
                                             : createTranspose(rewriter, op.getLoc(), operand, q));
    Operation *hoisted = rewriter.clone(*producer);
    hoisted->setOperands(operands);
    hoisted->getResult(0).setType(op.getType());
    setDims(hoisted, {*getDims(op.getResult())});
    rewriter.replaceOp(op, hoisted);
    ++moved;
    return success();
  }
  Pass::Statistic &moved;
};

/// Two in a row are one, and the identity is none.
struct Cancel : OpRewritePattern<onnx::TransposeOp> {
  Cancel(MLIRContext *context, Pass::Statistic &removed) : OpRewritePattern(context), removed(removed) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    Permutation permutation = getPermutation(op);
    if (llvm::is_sorted(permutation)) {
      rewriter.replaceOp(op, op.getData());
      ++removed;
      return success();
    }
    if (getConstant(op.getData())) {
      Value constant = createTranspose(rewriter, op.getLoc(), op.getData(), permutation);
      if (!constant)
        return rewriter.notifyMatchFailure(op, "the constant cannot be transposed in place");
      rewriter.replaceOp(op, constant);
      ++removed;
      return success();
    }
    auto first = op.getData().getDefiningOp<onnx::TransposeOp>();
    if (!first)
      return rewriter.notifyMatchFailure(op, "expected the transpose of a transpose");
    Permutation joint = applyPermutation(getPermutation(first), permutation);
    Value result = first.getData();
    if (!llvm::is_sorted(joint))
      result = createTranspose(rewriter, rewriter.getFusedLoc({first.getLoc(), op.getLoc()}), result, joint);
    rewriter.replaceOp(op, result);
    ++removed;
    return success();
  }
  Pass::Statistic &removed;
};

/// The dimensions that are not 1, in order.
static SmallVector<DimExpr> dropUnits(ArrayRef<DimExpr> dims) {
  return llvm::to_vector(llvm::make_filter_range(dims, [](const DimExpr &dim) { return !dim.isConstant(1); }));
}

/// A Transpose that leaves the order of the dimensions that are not 1.
struct TransposeToReshape : OpRewritePattern<onnx::TransposeOp> {
  TransposeToReshape(MLIRContext *context, Pass::Statistic &removed) : OpRewritePattern(context), removed(removed) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op, PatternRewriter &rewriter) const override {
    Permutation kept;
    for (int64_t dim : getPermutation(op))
      if (getType(op.getData()).getShape()[dim] != 1)
        kept.push_back(dim);
    FailureOr<SmallVector<DimExpr>> dims = getDims(op.getResult());
    if (!llvm::is_sorted(kept) || failed(dims))
      return rewriter.notifyMatchFailure(op, "moves data");
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), op.getData(), *dims));
    ++removed;
    return success();
  }
  Pass::Statistic &removed;
};

/// A Reshape that only moves dimensions of 1, then another one: the other alone.
struct MergeReshapes : RewritePattern {
  explicit MergeReshapes(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto first = isReshape(op) ? op->getOperand(0).getDefiningOp<onnx::ReshapeOp>() : onnx::ReshapeOp();
    if (!first)
      return failure();
    FailureOr<SmallVector<DimExpr>> source = getDims(first.getData()), between = getDims(first.getResult()),
                                    result = getDims(op->getResult(0));
    if (failed(source) || failed(between) || failed(result) || dropUnits(*source) != dropUnits(*between))
      return rewriter.notifyMatchFailure(op, "expected a reshape that only moves dimensions of 1");
    if (*source == *result)
      rewriter.replaceOp(op, first.getData());
    else
      rewriter.replaceOp(op, createReshape(rewriter, op->getLoc(), first.getData(), *result));
    return success();
  }
};

struct MoveTransposes : public squint::impl::MoveTransposesBase<MoveTransposes> {
  void runOnOperation() override {
    auto move = [&](RewritePatternSet &patterns) {
      patterns.add<Sink, SinkBelowReshape, Hoist>(&getContext(), numMoved);
      patterns.add<Cancel>(&getContext(), numRemoved);
    };
    // Only what is left at the end becomes a Reshape, which stays where it is.
    auto simplify = [&](RewritePatternSet &patterns) {
      patterns.add<TransposeToReshape>(&getContext(), numRemoved);
      patterns.add<MergeReshapes>(&getContext());
    };
    if (failed(checkInput(getOperation())) || failed(applyPatterns(getOperation(), move)) || failed(applyPatterns(getOperation(), simplify)))
      signalPassFailure();
  }
};
} // namespace
