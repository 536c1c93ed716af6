//===- ControlFlow.cpp - branches and loops ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What a branch yields is put into a tensor from outside, which becomes the one
// buffer of the result; what a loop carries is kept in one by
// squint-carry-in-place. So no buffer that is made in a region lives on behind
// it.
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "squint/Runtime/Abi.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// The one element of a tensor.
static Value extractOne(ImplicitLocOpBuilder &b, const Tensor &input) {
  SmallVector<Value> zeros(input.rank(), indexConstant(b, 0));
  return tensor::ExtractOp::create(b, input.value, zeros);
}

static Value truth(ImplicitLocOpBuilder &b, const Tensor &flag) {
  return toCompute(b, extractOne(b, flag), flag.element);
}

static Value indexOf(ImplicitLocOpBuilder &b, const Tensor &number) {
  return arith::IndexCastOp::create(b, b.getIndexType(), extractOne(b, number));
}

/// The type that a value is carried in.
static Tensor as(ImplicitLocOpBuilder &b, const Tensor &input,
                 ArrayRef<DimExpr> dims) {
  auto type = tensorType(dims, storageElement(input.element));
  Value value = input.value;
  if (value.getType() != type)
    value = tensor::CastOp::create(b, type, value);
  return {value, input.element, Dims(dims)};
}

/// `whole` with all of its elements replaced.
static Value put(ImplicitLocOpBuilder &b, const Tensor &value,
                 const Tensor &whole) {
  Value same = as(b, value, whole.dims).value;
  if (same == whole.value)
    return same;
  return bufferization::MaterializeInDestinationOp::create(
             b, whole.value.getType(), same, whole.value)
      .getResult();
}

/// The largest that a size can be, for a buffer that is made before its late
/// symbols are known.
static std::optional<DimExpr> largest(Operation *op, const DimExpr &dim) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  std::map<std::string, DimExpr> bounds =
      readLateBounds(function ? function->getAttr(kLateAttr) : Attribute());
  return dim.upperBound([&](StringRef name) -> std::optional<DimExpr> {
    auto known = bounds.find(name.str());
    return known == bounds.end() ? std::nullopt
                                 : std::optional<DimExpr>(known->second);
  });
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

namespace {
/// A result of an If, with the tensor that both branches write.
struct Destination {
  Dims dims;
  /// All of it, or, where the branches' sizes differ, a row of as many elements
  /// as there can be.
  Tensor tensor;
  /// The dimensions that the branch decides.
  SmallVector<unsigned> late;
};
} // namespace

static LogicalResult makeDestination(Node &node, unsigned result,
                                     const std::set<std::string> &own,
                                     Destination &destination) {
  destination.dims = node.resultDims(result);
  for (auto [i, dim] : llvm::enumerate(destination.dims))
    if (own.count(dim.str()))
      destination.late.push_back(i);
  Dims dims = destination.dims;
  if (!destination.late.empty()) {
    std::optional<DimExpr> all = largest(node.op, product(dims));
    if (!all)
      return node.error() << "expected a result whose size has a bound";
    dims = {*all};
  }
  // Of all uses one buffer: tensor.empty could become one for each branch.
  SmallVector<Value> dynamic;
  for (OpFoldResult extent : sizes(node.b, dims))
    if (auto value = dyn_cast<Value>(extent))
      dynamic.push_back(value);
  Type element = node.resultElement(result);
  destination.tensor = {
      bufferization::AllocTensorOp::create(
          node.b, tensorType(dims, storageElement(element)), dynamic),
      element, dims};
  return success();
}

/// Builds a branch: the results, then the sizes that it decides.
static LogicalResult buildBranch(Node &node, Region &region, Region &into,
                                 ArrayRef<Destination> destinations) {
  OpBuilder::InsertionGuard guard(node.b);
  ImplicitLocOpBuilder &b = node.b;
  b.setInsertionPointToEnd(&into.emplaceBlock());
  SmallVector<Value> results, sizes;
  if (region.front().getTerminator()->getNumOperands() == 0 &&
      !destinations.empty()) {
    Value never = arith::ConstantIntOp::create(b, 0, 1);
    kernel::RequireOp::create(b, never, SQUINT_SHAPE_MISMATCH);
    for (const Destination &destination : destinations) {
      results.push_back(destination.tensor.value);
      sizes.append(destination.late.size(), indexConstant(b, 0));
    }
  } else {
    FailureOr<SmallVector<Tensor>> yielded =
        node.lowerer.inlineRegion(b, region, {});
    if (failed(yielded))
      return failure();
    for (auto [value, destination] : llvm::zip_equal(*yielded, destinations)) {
      for (unsigned i : destination.late)
        sizes.push_back(sizeValue(b, value.dims[i]));
      if (destination.late.empty()) {
        results.push_back(put(b, value, destination.tensor));
        continue;
      }
      Tensor flat = flatten(b, value);
      OpFoldResult start = b.getIndexAttr(0);
      results.push_back(insert(b, flat, destination.tensor.value, start));
    }
  }
  llvm::append_range(results, sizes);
  scf::YieldOp::create(b, results);
  return success();
}

static LogicalResult lowerIf(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  std::set<std::string> own;
  if (auto late = node.op->getAttrOfType<ArrayAttr>(kLateAttr))
    for (auto entry : late.getAsRange<ArrayAttr>())
      own.insert(cast<StringAttr>(entry[0]).str());
  SmallVector<Destination> destinations(node.op->getNumResults());
  SmallVector<Type> types;
  unsigned numSizes = 0;
  for (auto [i, destination] : llvm::enumerate(destinations)) {
    if (failed(makeDestination(node, i, own, destination)))
      return failure();
    types.push_back(destination.tensor.value.getType());
    numSizes += destination.late.size();
  }
  types.append(numSizes, b.getIndexType());
  auto op = scf::IfOp::create(b, types, truth(b, node.in(0)),
                              /*addThenBlock=*/false, /*addElseBlock=*/false);
  if (failed(buildBranch(node, node.op->getRegion(0), op.getThenRegion(),
                         destinations)) ||
      failed(buildBranch(node, node.op->getRegion(1), op.getElseRegion(),
                         destinations)))
    return failure();
  for (unsigned i = 0; i < numSizes; ++i)
    node.bindLate(i, op.getResult(destinations.size() + i));
  for (auto [i, destination] : llvm::enumerate(destinations)) {
    Tensor result{op.getResult(i), destination.tensor.element,
                  destination.tensor.dims};
    if (!destination.late.empty()) {
      OpFoldResult start = b.getIndexAttr(0), step = b.getIndexAttr(1);
      Tensor row = slice(b, result, start, step, {product(destination.dims)});
      result = reshape(b, row, destination.dims);
    }
    if (failed(node.replace(result.value, i)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

namespace {
/// One iteration: from its number, what is carried and what is collected, to
/// whether another one may follow and both of these.
struct Iteration {
  Value goOn;
  SmallVector<Value> carried;
};
using BuildIteration = llvm::function_ref<FailureOr<Iteration>(
    Value number, ArrayRef<Tensor> carried)>;
} // namespace

static SmallVector<Value> valuesOf(ArrayRef<Tensor> tensors) {
  return llvm::map_to_vector(tensors, [](const Tensor &t) { return t.value; });
}

static SmallVector<Tensor> withValues(ArrayRef<Tensor> like,
                                      ValueRange values) {
  SmallVector<Tensor> tensors(like);
  for (auto [tensor, value] : llvm::zip_equal(tensors, values))
    tensor.value = value;
  return tensors;
}

/// A loop of `count` iterations.
static FailureOr<SmallVector<Tensor>> buildFor(ImplicitLocOpBuilder &b,
                                               Value count,
                                               ArrayRef<Tensor> inits,
                                               BuildIteration build) {
  auto loop = scf::ForOp::create(b, indexConstant(b, 0), count,
                                 indexConstant(b, 1), valuesOf(inits));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  FailureOr<Iteration> iteration = build(
      loop.getInductionVar(), withValues(inits, loop.getRegionIterArgs()));
  if (failed(iteration))
    return failure();
  if (!inits.empty())
    scf::YieldOp::create(b, iteration->carried);
  return withValues(inits, loop.getResults());
}

/// A loop of at most `most` iterations that ends when one says so; `count` is
/// how many there were.
static FailureOr<SmallVector<Tensor>>
buildWhile(ImplicitLocOpBuilder &b, Value enter, Value most,
           ArrayRef<Tensor> inits, BuildIteration build, Value &count) {
  // The flag is last: it is not passed on, and what is carried keeps its place.
  unsigned number = inits.size();
  SmallVector<Value> all = valuesOf(inits);
  all.append({indexConstant(b, 0), enter});
  SmallVector<Type> types = llvm::to_vector(ValueRange(all).getTypes());
  SmallVector<Location> locations(types.size(), b.getLoc());
  auto loop = scf::WhileOp::create(b, types, all);
  OpBuilder::InsertionGuard guard(b);
  Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
  Value isLeft = arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                                       before->getArgument(number), most);
  Value goesOn =
      arith::AndIOp::create(b, isLeft, before->getArgument(number + 1));
  scf::ConditionOp::create(b, goesOn, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
  Value at = after->getArgument(number);
  FailureOr<Iteration> iteration =
      build(at, withValues(inits, after->getArguments().take_front(number)));
  if (failed(iteration))
    return failure();
  SmallVector<Value> next = iteration->carried;
  next.append(
      {arith::AddIOp::create(b, at, indexConstant(b, 1)), iteration->goOn});
  scf::YieldOp::create(b, next);
  count = loop.getResult(number);
  return withValues(inits, loop.getResults().take_front(number));
}

/// Puts what an iteration yields into row `at` of what is collected.
static Value collect(ImplicitLocOpBuilder &b, const Tensor &part,
                     const Tensor &whole, int64_t axis, Value at) {
  SmallVector<OpFoldResult> offsets(whole.rank(), b.getIndexAttr(0)),
      ones(whole.rank(), b.getIndexAttr(1)), extents;
  offsets[axis] = at;
  Dims dims = whole.dims;
  dims[axis] = 1;
  if (product(dims).isConstant(0))
    return whole.value;
  Dims rest = whole.dims;
  rest.erase(rest.begin() + axis);
  return tensor::InsertSliceOp::create(b, as(b, part, rest).value, whole.value,
                                       offsets, sizes(b, dims), ones);
}

/// The type of a constant operand's flag; nothing where data decides.
static std::optional<bool> constantFlag(Value value) {
  auto constant =
      value ? value.getDefiningOp<squint::ConstantOp>() : squint::ConstantOp();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                        : DenseElementsAttr();
  if (!dense || dense.getNumElements() != 1 ||
      !dense.getElementType().isInteger(1))
    return std::nullopt;
  return dense.getSplatValue<bool>();
}

static LogicalResult lowerLoop(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Operation *op = node.op;
  Region &region = op->getRegion(0);
  Operation *end = region.front().getTerminator();
  unsigned numCarried = region.front().getNumArguments() - 2,
           numResults = op->getNumResults();
  SmallVector<Tensor> inits;
  for (Value value : op->getOperands().take_back(numCarried)) {
    Tensor init = node.tensor(value);
    inits.push_back(as(b, init, init.dims));
  }
  // The first of a scanned result's dimensions is the count of iterations.
  bool collects = numResults > numCarried;
  DimExpr count = collects ? node.resultDims(numCarried)[0] : DimExpr();
  auto late = op->getAttrOfType<ArrayAttr>(kLateAttr);
  bool bindsCount = late && late.size() > 1;
  for (unsigned i = numCarried; i < numResults; ++i) {
    Dims dims = node.resultDims(i);
    std::optional<DimExpr> most = largest(op, dims[0]);
    if (!most)
      return node.error() << "expected a bound on the count of iterations";
    dims[0] = bindsCount ? *most : dims[0];
    inits.push_back(empty(b, dims, node.resultElement(i)));
  }
  Value trips = node.has(0)
                    ? indexOf(b, node.in(0))
                    : indexConstant(b, std::numeric_limits<int64_t>::max());
  // Where shapes say how many, they also say how much is collected; a count
  // that floats give has to stay within.
  if (collects) {
    Value most = sizeValue(b, inits.back().dims[0]);
    if (bindsCount && node.has(0))
      kernel::RequireOp::create(
          b, arith::CmpIOp::create(b, arith::CmpIPredicate::sle, trips, most),
          SQUINT_SHAPE_MISMATCH);
    trips = arith::MinSIOp::create(b, trips, most);
  }
  auto build = [&](Value number,
                   ArrayRef<Tensor> carried) -> FailureOr<Iteration> {
    node.bindLate(0, number);
    Type i64 = b.getI64Type();
    Value wide = arith::IndexCastOp::create(b, i64, number);
    Value yes = arith::ConstantIntOp::create(b, 1, 8);
    SmallVector<Tensor> arguments{
        {tensor::FromElementsOp::create(b, RankedTensorType::get({}, i64),
                                        wide),
         i64,
         {}},
        {tensor::FromElementsOp::create(
             b, RankedTensorType::get({}, b.getI8Type()), yes),
         b.getI1Type(),
         {}}};
    llvm::append_range(arguments, carried.take_front(numCarried));
    FailureOr<SmallVector<Tensor>> yielded =
        node.lowerer.inlineRegion(b, region, arguments);
    if (failed(yielded))
      return failure();
    Iteration iteration{truth(b, yielded->front()), {}};
    for (unsigned i = 0; i < numResults; ++i) {
      const Tensor &value = (*yielded)[i + 1];
      iteration.carried.push_back(
          i < numCarried ? as(b, value, carried[i].dims).value
                         : collect(b, value, carried[i], 0, number));
    }
    return iteration;
  };
  Value enter;
  if (node.has(1))
    enter = truth(b, node.in(1));
  FailureOr<SmallVector<Tensor>> results = failure();
  Value done;
  std::optional<bool> goOn = constantFlag(end->getOperand(0));
  if (end->getOperand(0) == region.front().getArgument(1))
    goOn = true;
  if (goOn.value_or(false) && node.has(0)) {
    done = arith::MaxSIOp::create(b, trips, indexConstant(b, 0));
    if (enter)
      done = arith::SelectOp::create(b, enter, done, indexConstant(b, 0));
    results = buildFor(b, done, inits, build);
  } else {
    if (!enter)
      enter = arith::ConstantIntOp::create(b, 1, 1);
    results = buildWhile(b, enter, trips, inits, build, done);
  }
  if (failed(results))
    return failure();
  if (bindsCount)
    node.bindLate(1, done);
  for (auto [i, result] : llvm::enumerate(*results)) {
    if (bindsCount && i >= numCarried) {
      SmallVector<OpFoldResult> zeros(result.rank(), b.getIndexAttr(0)),
          ones(result.rank(), b.getIndexAttr(1));
      result = slice(b, result, zeros, ones, node.resultDims(i));
    }
    if (failed(node.replace(result.value, i)))
      return failure();
  }
  return success();
}

static LogicalResult lowerScan(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Operation *op = node.op;
  unsigned numInputs = node.integer("num_scan_inputs", 1),
           numStates = op->getNumOperands() - numInputs;
  SmallVector<Tensor> inputs = node.inputs(), inits;
  auto axisOf = [&](StringRef name, unsigned i, int64_t rank) {
    SmallVector<int64_t> axes = node.integers(name);
    int64_t axis = i < axes.size() ? axes[i] : 0;
    return axis < 0 ? axis + rank : axis;
  };
  auto isBackward = [&](StringRef name, unsigned i) {
    SmallVector<int64_t> directions = node.integers(name);
    return i < directions.size() && directions[i] == 1;
  };
  for (const Tensor &state : ArrayRef(inputs).take_front(numStates))
    inits.push_back(as(b, state, state.dims));
  for (unsigned i = numStates; i < op->getNumResults(); ++i)
    inits.push_back(empty(b, node.resultDims(i), node.resultElement(i)));
  const Tensor &first = inputs[numStates];
  Value length =
      sizeValue(b, first.dims[axisOf("scan_input_axes", 0, first.rank())]);
  auto rowOf = [&](Value number, bool backward) -> Value {
    if (!backward)
      return number;
    Value last = arith::SubIOp::create(b, length, indexConstant(b, 1));
    return arith::SubIOp::create(b, last, number);
  };
  auto build = [&](Value number,
                   ArrayRef<Tensor> carried) -> FailureOr<Iteration> {
    SmallVector<Tensor> arguments(carried.take_front(numStates));
    for (unsigned i = 0; i < numInputs; ++i) {
      const Tensor &whole = inputs[numStates + i];
      int64_t axis = axisOf("scan_input_axes", i, whole.rank());
      SmallVector<OpFoldResult> offsets(whole.rank(), b.getIndexAttr(0)),
          ones(whole.rank(), b.getIndexAttr(1));
      offsets[axis] = rowOf(number, isBackward("scan_input_directions", i));
      Dims dims = whole.dims, rest = whole.dims;
      dims[axis] = 1;
      rest.erase(rest.begin() + axis);
      arguments.push_back(
          {tensor::ExtractSliceOp::create(
               b, tensorType(rest, storageElement(whole.element)), whole.value,
               offsets, sizes(b, dims), ones),
           whole.element, rest});
    }
    FailureOr<SmallVector<Tensor>> yielded =
        node.lowerer.inlineRegion(b, op->getRegion(0), arguments);
    if (failed(yielded))
      return failure();
    Iteration iteration;
    for (unsigned i = 0; i < op->getNumResults(); ++i) {
      const Tensor &value = (*yielded)[i];
      if (i < numStates) {
        iteration.carried.push_back(as(b, value, carried[i].dims).value);
        continue;
      }
      unsigned j = i - numStates;
      iteration.carried.push_back(
          collect(b, value, carried[i],
                  axisOf("scan_output_axes", j, carried[i].rank()),
                  rowOf(number, isBackward("scan_output_directions", j))));
    }
    return iteration;
  };
  FailureOr<SmallVector<Tensor>> results = buildFor(b, length, inits, build);
  if (failed(results))
    return failure();
  for (auto [i, result] : llvm::enumerate(*results))
    if (failed(node.replace(result.value, i)))
      return failure();
  return success();
}

ArrayRef<TableEntry> lowering::controlFlowTable() {
  static const TableEntry table[] = {
      {"If", lowerIf},
      {"Loop", lowerLoop},
      {"Scan", lowerScan},
  };
  return table;
}
