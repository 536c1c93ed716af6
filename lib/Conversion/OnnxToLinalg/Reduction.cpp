//===- Reduction.cpp - operators that reduce dimensions ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "squint/Dialect/Onnx/Rounding.h"
#include "llvm/ADT/StringSwitch.h"
#include <limits>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

namespace {

enum class Combine { Add, Mul, Max, Min };

/// What a reduction starts with, as the storage type holds it.
TypedAttr neutralElement(Combine kind, Type element) {
  Type storage = storageElement(element);
  Builder b(element.getContext());
  bool lowest = kind == Combine::Max;
  if (isa<FloatType>(storage)) {
    double infinity = std::numeric_limits<double>::infinity();
    double number = kind == Combine::Add   ? 0
                    : kind == Combine::Mul ? 1
                    : lowest               ? -infinity
                                           : infinity;
    return b.getFloatAttr(storage, number);
  }
  unsigned width = storage.getIntOrFloatBitWidth();
  if (kind == Combine::Add || kind == Combine::Mul)
    return b.getIntegerAttr(storage, kind == Combine::Mul);
  if (element.isUnsignedInteger())
    return b.getIntegerAttr(storage, lowest ? APInt::getMinValue(width)
                                            : APInt::getMaxValue(width));
  return b.getIntegerAttr(storage, lowest ? APInt::getSignedMinValue(width)
                                          : APInt::getSignedMaxValue(width));
}

Value combineScalars(ImplicitLocOpBuilder &b, Combine kind, bool isUnsigned,
                     Value value, Value accumulator) {
  bool isFloat = isa<FloatType>(value.getType());
  auto make = [&](auto floatOp, auto signedOp, auto unsignedOp) -> Value {
    if (isFloat)
      return decltype(floatOp)::create(b, accumulator, value);
    if (isUnsigned)
      return decltype(unsignedOp)::create(b, accumulator, value);
    return decltype(signedOp)::create(b, accumulator, value);
  };
  switch (kind) {
  case Combine::Add:
    return make(arith::AddFOp(), arith::AddIOp(), arith::AddIOp());
  case Combine::Mul:
    return make(arith::MulFOp(), arith::MulIOp(), arith::MulIOp());
  case Combine::Max:
    return make(arith::MaximumFOp(), arith::MaxSIOp(), arith::MaxUIOp());
  case Combine::Min:
    return make(arith::MinimumFOp(), arith::MinSIOp(), arith::MinUIOp());
  }
  llvm_unreachable("all kinds are handled");
}

/// The type that sums are kept in: booleans as bytes, half types as f32.
Type accumulatorElement(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8, IntegerType::Unsigned);
  return isa<FloatType>(element) ? computeElement(element) : element;
}

Tensor reduceWith(
    ImplicitLocOpBuilder &b, const Tensor &input, ArrayRef<int64_t> axes,
    Combine kind,
    function_ref<Value(ImplicitLocOpBuilder &, Value)> before = nullptr) {
  Type element = accumulatorElement(input.element);
  bool isUnsigned = element.isUnsignedInteger();
  auto body = [&](ImplicitLocOpBuilder &inner, Value value, Value accumulator) {
    value = castScalar(inner, value, input.element, element);
    return combineScalars(inner, kind, isUnsigned,
                          before ? before(inner, value) : value, accumulator);
  };
  return reduce(b, input, axes, element, neutralElement(kind, element), body);
}

/// The axes of a Reduce operator: operand 1 or all.
FailureOr<SmallVector<int64_t>> readAxes(Node &node, int64_t rank) {
  SmallVector<int64_t> axes = node.integers("axes");
  if (node.has(1)) {
    auto constant = node.constantIntegers(1);
    bool isEmpty = node.in(1).rank() == 1 && node.in(1).dims[0].isConstant(0);
    if (!constant && !isEmpty)
      return node.error() << "expected constant axes", failure();
    if (constant)
      axes = *constant;
  }
  if (axes.empty() && !node.integer("noop_with_empty_axes", 0))
    axes = llvm::to_vector(llvm::seq<int64_t>(rank));
  for (int64_t &axis : axes)
    axis += axis < 0 ? rank : 0;
  llvm::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  return axes;
}

Tensor apply(ImplicitLocOpBuilder &b, const Tensor &input,
             function_ref<Value(ImplicitLocOpBuilder &, Value)> function) {
  return map(b, input, input.dims, input.element,
             [&](ImplicitLocOpBuilder &inner, ValueRange v) {
               return function(inner, v[0]);
             });
}

Value square(ImplicitLocOpBuilder &b, Value x) {
  return isa<FloatType>(x.getType())
             ? arith::MulFOp::create(b, x, x).getResult()
             : arith::MulIOp::create(b, x, x).getResult();
}
Value absolute(ImplicitLocOpBuilder &b, Value x) {
  return isa<FloatType>(x.getType()) ? math::AbsFOp::create(b, x).getResult()
                                     : math::AbsIOp::create(b, x).getResult();
}

/// x - max over axes, and the maximum, for exponentials that cannot overflow.
/// Infinite maxima are left out.
std::pair<Tensor, Tensor> shiftByMax(ImplicitLocOpBuilder &b,
                                     const Tensor &input,
                                     ArrayRef<int64_t> axes) {
  Tensor maximum = reduceWith(b, input, axes, Combine::Max);
  maximum =
      apply(b, maximum, [](ImplicitLocOpBuilder &inner, Value x) -> Value {
        Value infinite = arith::CmpFOp::create(
            inner, arith::CmpFPredicate::OEQ, math::AbsFOp::create(inner, x),
            scalarConstant(inner, x.getType(),
                           std::numeric_limits<double>::infinity()));
        return arith::SelectOp::create(
            inner, infinite, scalarConstant(inner, x.getType(), 0), x);
      });
  Dims kept = input.dims;
  for (int64_t axis : axes)
    kept[axis] = 1;
  Tensor wide = reshape(b, maximum, kept);
  Tensor shifted = map(b, {input, wide}, input.dims, maximum.element,
                       [](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                         return arith::SubFOp::create(inner, v[0], v[1]);
                       });
  return {shifted, maximum};
}

Value exponential(ImplicitLocOpBuilder &b, Value x) {
  return math::ExpOp::create(b, x);
}
Value logarithm(ImplicitLocOpBuilder &b, Value x) {
  return math::LogOp::create(b, x);
}

} // namespace

static LogicalResult finish(Node &node, Tensor result) {
  result = reshape(node.b, castTo(node.b, result, node.resultElement()),
                   node.resultDims());
  return node.replace(result.value);
}

/// Axes that an input contains: the same elements with two dimensions for each
/// one, [kept..., reduced...], one of which is 1. The last half is reduced.
static Tensor separate(Node &node, const Tensor &input,
                       ArrayRef<DimExpr> named) {
  ImplicitLocOpBuilder &b = node.b;
  int64_t rank = input.rank();
  Dims kept, reduced;
  SmallVector<AffineExpr> exprs;
  for (auto [i, dim] : llvm::enumerate(input.dims)) {
    DimExpr gone;
    for (const DimExpr &axis : named)
      gone = DimExpr::max(gone, DimExpr::isEqual(axis, int64_t(i)) +
                                    DimExpr::isEqual(axis, int64_t(i) - rank));
    DimExpr stays = DimExpr(1) - gone;
    kept.push_back(DimExpr::max(dim * stays + gone, 0));
    reduced.push_back(DimExpr::max(dim * gone + stays, 0));
    exprs.push_back(b.getAffineDimExpr(i) + b.getAffineDimExpr(i + rank));
  }
  Dims dims(kept);
  llvm::append_range(dims, reduced);
  return mapWith(b, input, AffineMap::get(2 * rank, 0, exprs, b.getContext()),
                 dims, input.element,
                 [](ImplicitLocOpBuilder &, ValueRange x) { return x[0]; });
}

static LogicalResult lowerReduce(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  FailureOr<SmallVector<int64_t>> axes = SmallVector<int64_t>();
  auto named = node.has(1) ? node.symbolicIntegers(1) : std::nullopt;
  if (named && !node.constantIntegers(1)) {
    int64_t rank = input.rank();
    input = separate(node, input, *named);
    axes = llvm::to_vector(llvm::seq<int64_t>(rank, 2 * rank));
  } else {
    axes = readAxes(node, input.rank());
  }
  if (failed(axes))
    return failure();
  StringRef name = node.name().drop_front(strlen("Reduce"));
  // Roots and logarithms of integers are cut to integers at the end.
  auto toReal = [&](const Tensor &x) {
    return isa<FloatType>(x.element) ? x : castTo(b, x, b.getF64Type());
  };
  Tensor result;
  if (axes->empty() && (name == "Sum" || name == "Mean" || name == "Max" ||
                        name == "Min" || name == "Prod"))
    return node.replace(input.value);
  if (name == "Max" || name == "Min") {
    result = reduceWith(b, input, *axes,
                        name == "Max" ? Combine::Max : Combine::Min);
  } else if (name == "Prod") {
    result = reduceWith(b, input, *axes, Combine::Mul);
  } else if (name == "SumSquare" || name == "L2") {
    result = reduceWith(b, input, *axes, Combine::Add, square);
  } else if (name == "L1") {
    result = reduceWith(b, input, *axes, Combine::Add, absolute);
  } else if (name == "LogSumExp") {
    auto [shifted, maximum] = shiftByMax(b, toReal(input), *axes);
    Tensor sum = reduceWith(b, shifted, *axes, Combine::Add, exponential);
    result =
        map(b, {sum, maximum}, sum.dims, sum.element,
            [](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
              return arith::AddFOp::create(inner, logarithm(inner, v[0]), v[1]);
            });
  } else {
    result = reduceWith(b, input, *axes, Combine::Add);
  }
  if (name == "Mean") {
    DimExpr count = 1;
    for (int64_t axis : *axes)
      count = count * input.dims[axis];
    Value number =
        b.createOrFold<arith::IndexCastOp>(b.getI64Type(), sizeValue(b, count));
    result =
        apply(b, result, [&](ImplicitLocOpBuilder &inner, Value x) -> Value {
          Value divisor =
              count.getConstant()
                  ? scalarConstant(inner, x.getType(), *count.getConstant())
                  : castScalar(inner, number, b.getI64Type(), x.getType());
          if (isa<FloatType>(x.getType()))
            return arith::DivFOp::create(inner, x, divisor);
          if (input.element.isUnsignedInteger())
            return arith::DivUIOp::create(inner, x, divisor);
          return arith::DivSIOp::create(inner, x, divisor);
        });
  } else if (name == "L2") {
    result = apply(b, toReal(result),
                   [](ImplicitLocOpBuilder &inner, Value x) -> Value {
                     return math::SqrtOp::create(inner, x);
                   });
  } else if (name == "LogSum") {
    result = apply(b, toReal(result), logarithm);
  }
  return finish(node, result);
}

static LogicalResult lowerGlobalPool(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(2, input.rank()));
  if (node.name() == "GlobalMaxPool")
    return finish(node, reduceWith(b, input, axes, Combine::Max));
  DimExpr count = product(ArrayRef<DimExpr>(input.dims).drop_front(2));
  Value number =
      b.createOrFold<arith::IndexCastOp>(b.getI64Type(), sizeValue(b, count));
  Tensor sum = reduceWith(b, input, axes, Combine::Add);
  return finish(
      node, apply(b, sum, [&](ImplicitLocOpBuilder &inner, Value x) -> Value {
        Value divisor =
            count.getConstant()
                ? scalarConstant(inner, x.getType(), *count.getConstant())
                : castScalar(inner, number, b.getI64Type(), x.getType());
        return arith::DivFOp::create(inner, x, divisor);
      }));
}

/// Any axis and type; softmax of rows of f32 is a kernel (see Rows.cpp).
LogicalResult lowering::lowerSoftmaxByParts(Node &node, int64_t axis,
                                            bool logarithmic) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  bool isRounded =
      !logarithmic &&
      onnx::isRoundedByStep(input.element, input.dims[axis].getConstant());
  auto store = [&](const Tensor &x) {
    return isRounded ? castTo(b, x, input.element) : x;
  };
  auto [shifted, maximum] = shiftByMax(b, input, axis);
  (void)maximum;
  shifted = store(shifted);
  Dims kept = input.dims;
  kept[axis] = 1;
  Tensor numerator =
      logarithmic ? shifted : store(apply(b, shifted, exponential));
  Tensor sum;
  if (isRounded && input.element.isBF16())
    sum = reduce(b, numerator, axis, input.element,
                 neutralElement(Combine::Add, input.element),
                 [](ImplicitLocOpBuilder &inner, Value x, Value total) {
                   return Value(arith::AddFOp::create(inner, x, total));
                 });
  else
    sum = store(logarithmic
                    ? reduceWith(b, shifted, axis, Combine::Add, exponential)
                    : reduceWith(b, numerator, axis, Combine::Add));
  Tensor result =
      map(b, {numerator, reshape(b, sum, kept)}, input.dims, numerator.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
            if (logarithmic)
              return arith::SubFOp::create(inner, v[0], logarithm(inner, v[1]));
            return arith::DivFOp::create(inner, v[0], v[1]);
          });
  return finish(node, result);
}

static LogicalResult lowerLogSoftmax(Node &node) {
  return lowerSoftmaxByParts(node, node.axis("axis", -1, node.in(0).rank()),
                             /*logarithmic=*/true);
}

/// The first index of the largest element (or the last, or of the smallest); a
/// NaN counts as larger than all.
static LogicalResult lowerArgMax(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  int64_t axis = node.axis("axis", 0, input.rank());
  bool isMax = node.name() == "ArgMax",
       last = node.integer("select_last_index", 0);
  Type element = accumulatorElement(input.element), i64 = b.getI64Type();
  Dims kept = input.dims;
  kept.erase(kept.begin() + axis);
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t i = 0; i < input.rank(); ++i) {
    iterators.push_back(i == axis ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    if (i != axis)
      exprs.push_back(b.getAffineDimExpr(i));
  }
  AffineMap outputMap = AffineMap::get(input.rank(), 0, exprs, b.getContext());
  // The value starts as anything: index -1 says that there is none yet.
  Tensor best = fill(
      b, arith::ConstantOp::create(b, b.getZeroAttr(storageElement(element))),
      kept, element);
  Tensor position = fill(b, arith::ConstantIntOp::create(b, -1, 64), kept, i64);
  auto body = [&](ImplicitLocOpBuilder &inner,
                  ValueRange v) -> SmallVector<Value> {
    Value value = castScalar(inner, v[0], input.element, element),
          current = v[1];
    Value better;
    if (isa<FloatType>(element)) {
      using P = arith::CmpFPredicate;
      better = arith::CmpFOp::create(
          inner, isMax ? (last ? P::UGE : P::UGT) : (last ? P::ULE : P::ULT),
          value, current);
      Value hasNan = arith::CmpFOp::create(inner, P::UNO, current, current);
      better = arith::AndIOp::create(
          inner, better,
          arith::XOrIOp::create(inner, hasNan,
                                arith::ConstantIntOp::create(inner, 1, 1)));
    } else {
      using P = arith::CmpIPredicate;
      P predicate =
          element.isUnsignedInteger()
              ? (isMax ? (last ? P::uge : P::ugt) : (last ? P::ule : P::ult))
              : (isMax ? (last ? P::sge : P::sgt) : (last ? P::sle : P::slt));
      better = arith::CmpIOp::create(inner, predicate, value, current);
    }
    Value isFirst =
        arith::CmpIOp::create(inner, arith::CmpIPredicate::slt, v[2],
                              arith::ConstantIntOp::create(inner, 0, 64));
    better = arith::OrIOp::create(inner, better, isFirst);
    Value index = arith::IndexCastOp::create(
        inner, i64, linalg::IndexOp::create(inner, axis));
    return {arith::SelectOp::create(inner, better, value, current),
            arith::SelectOp::create(inner, better, index, v[2])};
  };
  SmallVector<Tensor> results =
      generic(b, input, {best, position},
              {b.getMultiDimIdentityMap(input.rank()), outputMap, outputMap},
              iterators, body);
  return finish(node, results[1]);
}

/// y[i] = sum of x[j] for j <= i, one sum an element: the order is the
/// definition's.
static LogicalResult lowerCumSum(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  auto constant = node.constantIntegers(1);
  if (!constant || constant->size() != 1)
    return node.error() << "expected a constant axis";
  int64_t rank = input.rank(), axis = constant->front() < 0
                                          ? constant->front() + rank
                                          : constant->front();
  bool exclusive = node.integer("exclusive", 0),
       reversed = node.integer("reverse", 0);
  Type element = accumulatorElement(input.element);
  SmallVector<AffineExpr> source, target;
  for (int64_t i = 0; i < rank; ++i) {
    source.push_back(b.getAffineDimExpr(i == axis ? rank : i));
    target.push_back(b.getAffineDimExpr(i));
  }
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  Tensor zeros = fill(
      b, arith::ConstantOp::create(b, b.getZeroAttr(storageElement(element))),
      input.dims, element);
  auto body = [&](ImplicitLocOpBuilder &inner,
                  ValueRange v) -> SmallVector<Value> {
    using P = arith::CmpIPredicate;
    Value i = linalg::IndexOp::create(inner, axis),
          j = linalg::IndexOp::create(inner, rank);
    Value counts =
        arith::CmpIOp::create(inner,
                              reversed ? (exclusive ? P::ugt : P::uge)
                                       : (exclusive ? P::ult : P::ule),
                              j, i);
    Value value = castScalar(inner, v[0], input.element, element);
    Value sum = combineScalars(inner, Combine::Add, false, value, v[1]);
    return {arith::SelectOp::create(inner, counts, sum, v[1])};
  };
  Tensor result = generic(b, input, zeros,
                          {AffineMap::get(rank + 1, 0, source, b.getContext()),
                           AffineMap::get(rank + 1, 0, target, b.getContext())},
                          iterators, body)
                      .front();
  return finish(node, result);
}

ArrayRef<TableEntry> lowering::reductionTable() {
  static const TableEntry table[] = {
      {"ReduceSum", lowerReduce},
      {"ReduceMean", lowerReduce},
      {"ReduceMax", lowerReduce},
      {"ReduceMin", lowerReduce},
      {"ReduceProd", lowerReduce},
      {"ReduceSumSquare", lowerReduce},
      {"ReduceL1", lowerReduce},
      {"ReduceL2", lowerReduce},
      {"ReduceLogSum", lowerReduce},
      {"ReduceLogSumExp", lowerReduce},
      {"GlobalAveragePool", lowerGlobalPool},
      {"GlobalMaxPool", lowerGlobalPool},
      {"LogSoftmax", lowerLogSoftmax},
      {"ArgMax", lowerArgMax},
      {"ArgMin", lowerArgMax},
      {"CumSum", lowerCumSum},
  };
  return table;
}
