//===- MoveTransposes.cpp - move transposes until they cancel *- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A Transpose with permutation p makes y.shape[i] = x.shape[p[i]]. An operator
// on y that treats dimension i becomes one on x that treats p[i], followed by
// the Transpose.
//===----------------------------------------------------------------------===//

#include "MoveTransposes.h"
#include "Constants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace squint {
#define GEN_PASS_DEF_MOVETRANSPOSES
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

onnx::TransposeOp squint::getChannelsFirstTranspose(Value value) {
  auto op = value.getDefiningOp<onnx::TransposeOp>();
  int64_t rank = op ? getTensorType(op.getData()).getRank() : 0;
  return rank >= 3 && getPermutation(op) == getChannelsFirst(rank)
             ? op
             : onnx::TransposeOp();
}

//===----------------------------------------------------------------------===//
// Rewriting one operator
//===----------------------------------------------------------------------===//

bool squint::isElementwise(Operation *op) {
  static const llvm::StringSet<> names = {"Abs",
                                          "Add",
                                          "And",
                                          "Cast",
                                          "Ceil",
                                          "Celu",
                                          "Clip",
                                          "Cos",
                                          "Div",
                                          "Elu",
                                          "Equal",
                                          "Erf",
                                          "Exp",
                                          "Floor",
                                          "Gelu",
                                          "Greater",
                                          "GreaterOrEqual",
                                          "Identity",
                                          "HardSigmoid",
                                          "HardSwish",
                                          "LeakyRelu",
                                          "Less",
                                          "LessOrEqual",
                                          "Log",
                                          "Max",
                                          "Min",
                                          "Mish",
                                          "Mod",
                                          "Mul",
                                          "Neg",
                                          "Not",
                                          "Or",
                                          "PRelu",
                                          "Pow",
                                          "Reciprocal",
                                          "Relu",
                                          "Round",
                                          "Selu",
                                          "Sigmoid",
                                          "Sign",
                                          "Sin",
                                          "Softplus",
                                          "Softsign",
                                          "Sqrt",
                                          "Sub",
                                          "Sum",
                                          "Swish",
                                          "Tanh",
                                          "ThresholdedRelu",
                                          "Where",
                                          "Xor"};
  return op->getName().getDialectNamespace() ==
             onnx::OnnxDialect::getDialectNamespace() &&
         names.contains(op->getName().stripDialect());
}

/// A value in the order that its dimensions have before the Transpose with
/// permutation p, at no cost: what is behind such a Transpose, a scalar as it
/// is, or another constant. A constant of lower rank has leading dimensions
/// of 1. Null otherwise.
static Value undo(OpBuilder &builder, Value value, const Permutation &p) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>();
      transpose && getPermutation(transpose) == p)
    return transpose.getData();
  int64_t rank = getTensorType(value).getRank(),
          lead = static_cast<int64_t>(p.size()) - rank;
  if (rank == 0)
    return value;
  ConstantOp constant = getConstant(value);
  if (!constant || lead < 0)
    return {};
  SmallVector<int64_t> shape(lead, 1);
  llvm::append_range(shape, getTensorType(value).getShape());
  TypedAttr moved = reshapeConstant(constant.getValue(), shape);
  moved = moved ? transposeConstant(moved, invertPermutationVector(p)) : moved;
  if (moved && lead > 0) {
    ArrayRef<int64_t> sizes =
        cast<RankedTensorType>(moved.getType()).getShape();
    moved = reshapeConstant(
        moved, sizes.drop_while([](int64_t size) { return size == 1; }));
  }
  return moved ? ConstantOp::create(builder, constant.getLoc(), moved)
               : Value();
}

/// Whether `undo` has an answer.
static bool canUndo(Value value, const Permutation &p) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>();
      transpose && getPermutation(transpose) == p)
    return true;
  int64_t rank = getTensorType(value).getRank();
  if (rank == 0)
    return true;
  ConstantOp constant = getConstant(value);
  if (!constant || rank > static_cast<int64_t>(p.size()))
    return false;
  // A permutation in the way of added dimensions, or elements that are not
  // whole bytes.
  SmallVector<int64_t> shape(p.size() - rank, 1);
  llvm::append_range(shape, getTensorType(value).getShape());
  return getElementBytes(getTensorType(value).getElementType()) &&
         reshapeConstant(constant.getValue(), shape);
}

/// The axes of an operator on a transposed value, for the value before it.
/// Nothing when one is out of range.
static std::optional<SmallVector<int64_t>> mapAxes(ArrayRef<int64_t> axes,
                                                   const Permutation &p) {
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
/// How an operator changes when a Transpose moves from its operands to its
/// results.
struct Change {
  /// The operands that are transposed; the others stay or are replaced.
  SmallVector<unsigned> data;
  SmallVector<std::pair<unsigned, SmallVector<int64_t>>> integers;
  SmallVector<NamedAttribute> attributes;
  /// The permutation behind each result.
  Permutation result;
};
} // namespace

static std::optional<Change> changeAxis(Operation *op, ArrayRef<unsigned> data,
                                        const Permutation &p) {
  auto axis = op->getAttrOfType<IntegerAttr>("axis");
  std::optional<SmallVector<int64_t>> mapped =
      mapAxes(axis ? axis.getInt() : -1, p);
  if (!mapped)
    return std::nullopt;
  Builder builder(op->getContext());
  return Change{SmallVector<unsigned>(data),
                {},
                {builder.getNamedAttr(
                    "axis", builder.getI64IntegerAttr(mapped->front()))},
                p};
}

/// An operator with lists for each axis: `lists` are operands, each with one
/// entry (or two, begins then ends) for each axis.
static std::optional<Change> changeLists(ArrayRef<Value> lists,
                                         ArrayRef<unsigned> indices, Value axes,
                                         unsigned axesIndex,
                                         const Permutation &p) {
  if (axes) {
    FailureOr<SmallVector<int64_t>> given = readIntegers(axes);
    std::optional<SmallVector<int64_t>> mapped =
        succeeded(given) ? mapAxes(*given, p) : std::nullopt;
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

static std::optional<Change> changeReduction(Operation *op,
                                             const Permutation &p) {
  FailureOr<SmallVector<int64_t>> axes = failure();
  if (op->getNumOperands() == 2)
    axes = readIntegers(op->getOperand(1));
  std::optional<SmallVector<int64_t>> mapped =
      succeeded(axes) ? mapAxes(*axes, p) : std::nullopt;
  if (!mapped || mapped->empty())
    return std::nullopt;
  Change change{{0}, {{1, *mapped}}, {}, p};
  auto keepdims = op->getAttrOfType<IntegerAttr>("keepdims");
  if (keepdims && keepdims.getInt() == 0) {
    // The dimensions that are left keep their order on either side.
    Permutation left;
    for (int64_t dim : p)
      if (!llvm::is_contained(*mapped, dim))
        left.push_back(dim - llvm::count_if(*mapped, [&](int64_t axis) {
                         return axis < dim;
                       }));
    change.result = left;
  }
  return change;
}

static std::optional<Change> getChange(Operation *op, const Permutation &p) {
  auto all = llvm::to_vector(llvm::seq<unsigned>(0, op->getNumOperands()));
  if (isElementwise(op))
    return Change{all, {}, {}, p};
  return TypeSwitch<Operation *, std::optional<Change>>(op)
      .Case<onnx::QuantizeLinearOp, onnx::DequantizeLinearOp, FakeQuantizeOp>(
          [&](Operation *op) -> std::optional<Change> {
            for (Value parameter : op->getOperands().drop_front())
              if (getTensorType(parameter).getRank() != 0)
                return std::nullopt;
            return Change{{0}, {}, {}, p};
          })
      .Case([&](onnx::ConcatOp op) { return changeAxis(op, all, p); })
      .Case<onnx::SoftmaxOp, onnx::LogSoftmaxOp>(
          [&](Operation *op) { return changeAxis(op, {0}, p); })
      .Case([&](onnx::SplitOp op) -> std::optional<Change> {
        // Unlike for the others the axis is 0 when it is not given.
        std::optional<SmallVector<int64_t>> mapped = mapAxes(op.getAxis(), p);
        Builder builder(op.getContext());
        if (!mapped)
          return std::nullopt;
        return Change{{0},
                      {},
                      {builder.getNamedAttr(
                          "axis", builder.getI64IntegerAttr(mapped->front()))},
                      p};
      })
      .Case([&](onnx::PadOp op) {
        return changeLists({op.getPads()}, {1}, op.getAxes(),
                           op->getNumOperands() - 1, p);
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
      .Case<onnx::ReduceMeanOp, onnx::ReduceMaxOp, onnx::ReduceMinOp,
            onnx::ReduceSumOp, onnx::ReduceProdOp, onnx::ReduceL1Op,
            onnx::ReduceL2Op, onnx::ReduceSumSquareOp, onnx::ReduceLogSumOp,
            onnx::ReduceLogSumExpOp>(
          [&](Operation *op) { return changeReduction(op, p); })
      .Default([](Operation *) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
/// `op(transpose(x))` becomes `transpose(op'(x))`.
struct Sink : RewritePattern {
  Sink(MLIRContext *context, Pass::Statistic &moved)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), moved(moved) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    onnx::TransposeOp transpose;
    for (Value operand : op->getOperands())
      if (!transpose && isa<RankedTensorType>(operand.getType()))
        transpose = getChannelsFirstTranspose(operand);
    if (!transpose || transpose->getBlock() != op->getBlock())
      return failure();
    Permutation p = getPermutation(transpose);
    std::optional<Change> change = getChange(op, p);
    if (!change || !llvm::all_of(change->data, [&](unsigned i) {
          return canUndo(op->getOperand(i), p);
        }))
      return rewriter.notifyMatchFailure(
          op, "the operator or an operand keeps the transpose above it");
    for (Value result : op->getResults())
      if (!hasDims(result) || getTensorType(result).getRank() !=
                                  static_cast<int64_t>(change->result.size()))
        return rewriter.notifyMatchFailure(
            op, "expected results of known sizes and of the operand's rank");

    Operation *sunk = cloneWith(rewriter, op, *change, p);
    SmallVector<Value> results;
    for (Value result : sunk->getResults())
      results.push_back(llvm::is_sorted(change->result)
                            ? result
                            : createTranspose(rewriter, transpose.getLoc(),
                                              result, change->result));
    rewriter.replaceOp(op, results);
    ++moved;
    return success();
  }

  static Operation *cloneWith(PatternRewriter &rewriter, Operation *op,
                              const Change &change, const Permutation &p) {
    SmallVector<Value> operands(op->getOperands());
    for (unsigned i : change.data)
      operands[i] = undo(rewriter, operands[i], p);
    for (auto &[i, values] : change.integers) {
      Type element = getTensorType(operands[i]).getElementType();
      auto type =
          RankedTensorType::get({static_cast<int64_t>(values.size())}, element);
      operands[i] = ConstantOp::create(
          rewriter, operands[i].getLoc(),
          makeConstant(type, encodeIntegers(element, values)));
    }
    Permutation inverse = invertPermutationVector(change.result);
    Operation *sunk = rewriter.clone(*op);
    sunk->setOperands(operands);
    for (NamedAttribute attribute : change.attributes)
      sunk->setAttr(attribute.getName(), attribute.getValue());
    SmallVector<SmallVector<DimExpr>> dims;
    for (auto [from, to] :
         llvm::zip_equal(op->getResults(), sunk->getResults())) {
      to.setType(getTensorType(from).clone(
          applyPermutation(getTensorType(from).getShape(), inverse)));
      dims.push_back(
          applyPermutation(ArrayRef<DimExpr>(*getDims(from)), inverse));
    }
    setDims(sunk, dims);
    return sunk;
  }
  Pass::Statistic &moved;
};

/// `transpose(op(transpose(x), y))`, the two cancelling: `op(x, transpose(y))`.
struct Hoist : OpRewritePattern<onnx::TransposeOp> {
  Hoist(MLIRContext *context, Pass::Statistic &moved)
      : OpRewritePattern(context), moved(moved) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *producer = op.getData().getDefiningOp();
    Permutation q = getPermutation(op), p = invertPermutationVector(q);
    if (!producer || !isElementwise(producer) || !isOnlyForUser(producer, op) ||
        producer->getNumResults() != 1 || q != getChannelsLast(q.size()) ||
        !hasDims(op.getResult()))
      return rewriter.notifyMatchFailure(
          op, "expected an elementwise operator that nothing else uses");
    bool cancels = false;
    for (Value operand : producer->getOperands()) {
      auto transpose = operand.getDefiningOp<onnx::TransposeOp>();
      cancels |= transpose && getPermutation(transpose) == p;
      if (!canUndo(operand, p) &&
          (getConstant(operand) ||
           getTensorType(operand).getRank() != getTensorType(op).getRank()))
        return rewriter.notifyMatchFailure(op,
                                           "an operand cannot be transposed");
    }
    if (!cancels)
      return rewriter.notifyMatchFailure(op, "nothing to cancel");
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands())
      operands.push_back(
          canUndo(operand, p)
              ? undo(rewriter, operand, p)
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
  Cancel(MLIRContext *context, Pass::Statistic &removed)
      : OpRewritePattern(context), removed(removed) {}
  LogicalResult matchAndRewrite(onnx::TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Permutation permutation = getPermutation(op);
    if (llvm::is_sorted(permutation)) {
      rewriter.replaceOp(op, op.getData());
      ++removed;
      return success();
    }
    if (getConstant(op.getData())) {
      Value constant =
          createTranspose(rewriter, op.getLoc(), op.getData(), permutation);
      if (!constant)
        return rewriter.notifyMatchFailure(
            op, "the constant cannot be transposed in place");
      rewriter.replaceOp(op, constant);
      ++removed;
      return success();
    }
    auto first = op.getData().getDefiningOp<onnx::TransposeOp>();
    if (!first)
      return rewriter.notifyMatchFailure(
          op, "expected the transpose of a transpose");
    Permutation joint = applyPermutation(getPermutation(first), permutation);
    Value result = first.getData();
    if (!llvm::is_sorted(joint))
      result = createTranspose(
          rewriter, rewriter.getFusedLoc({first.getLoc(), op.getLoc()}), result,
          joint);
    rewriter.replaceOp(op, result);
    ++removed;
    return success();
  }
  Pass::Statistic &removed;
};

struct MoveTransposes
    : public squint::impl::MoveTransposesBase<MoveTransposes> {
  void runOnOperation() override {
    auto move = [&](RewritePatternSet &patterns) {
      patterns.add<Sink, Hoist>(&getContext(), numMoved);
      populateSinkBelowReshapePatterns(patterns, numMoved);
      patterns.add<Cancel>(&getContext(), numRemoved);
    };
    // Only what is left at the end becomes a Reshape, which stays where it is.
    auto simplify = [&](RewritePatternSet &patterns) {
      populateTransposeToReshapePatterns(patterns, numRemoved);
    };
    if (failed(checkInput(getOperation())) ||
        failed(applyPatterns(getOperation(), move)) ||
        failed(applyPatterns(getOperation(), simplify)))
      signalPassFailure();
  }
};
} // namespace
