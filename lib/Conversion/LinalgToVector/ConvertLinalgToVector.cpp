//===- ConvertLinalgToVector.cpp - linalg to vector loops ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Conversion/Passes.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/Builder.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTLINALGTOVECTOR
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

/// Writes the loops of one operator. Offsets are spelled out at every access;
/// hoisting them is LLVM's work, hoisting loads is done here, because LLVM does
/// not know which buffers overlap.
class Emitter {
public:
  Emitter(LoopNest &nest, Value begin, Value end)
      : nest(nest), op(nest.op), b(op.getLoc(), op.getOperation()),
        begin(begin), end(end) {}
  void run();

private:
  // Values of the operands' block arguments, and of the body's operations so
  // far. A scalar stands for a vector of equal elements.
  using Values = IRMapping;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value add(Value lhs, Value rhs) {
    return b.createOrFold<arith::AddIOp>(lhs, rhs);
  }
  Value sub(Value lhs, Value rhs) {
    return b.createOrFold<arith::SubIOp>(lhs, rhs);
  }
  Value mul(Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(lhs, rhs);
  }
  Value min(Value lhs, Value rhs) {
    return b.createOrFold<arith::MinUIOp>(lhs, rhs);
  }
  Value roundDown(Value value, int64_t multiple) {
    return sub(value, b.createOrFold<arith::RemUIOp>(value, index(multiple)));
  }
  void loop(Value from, Value to, int64_t step, function_ref<void(Value)> body);
  /// Loops with values carried from one round to the next.
  SmallVector<Value>
  loop(Value from, Value to, int64_t step, ValueRange inits,
       function_ref<SmallVector<Value>(Value, ValueRange)> body);
  SmallVector<Value> loops(ArrayRef<unsigned> numbers, ValueRange inits,
                           function_ref<SmallVector<Value>(ValueRange)> body);

  void flatten(Access &access);
  Value offset(const Access &access);
  Value load(const Access &access, int64_t lanes, unsigned along);
  void store(const Access &access, Value value, int64_t lanes);
  Value broadcast(Value value, int64_t lanes);
  void evaluate(Values &values, int64_t lanes, unsigned along,
                bool uniformOnly = false);
  /// Loads what the body reads from inputs and sees as scalar (stride 0 along a
  /// loop), or the rest of it.
  void loadInputs(Values &values, int64_t lanes, unsigned along, bool uniform);

  void unit();
  void innerRange(Value from, Value to);
  void point(const Values &uniform, int64_t lanes);
  void transposeUnit();
  void transposeBlock(Value p, Value q);
  void reduceUnit();
  void yieldedTo(ArrayRef<Value> results, int64_t lanes);

  bool isScalarAlong(const Access &access, unsigned loop) {
    return !access.type || nest.stride(access, loop).isZero();
  }
  MutableArrayRef<Access> inputs() {
    return MutableArrayRef<Access>(nest.accesses)
        .take_front(op.getNumDpsInputs());
  }
  MutableArrayRef<Access> outputs() {
    return MutableArrayRef<Access>(nest.accesses)
        .drop_front(op.getNumDpsInputs());
  }
  BlockArgument argument(const Access &access) {
    return op.getMatchingBlockArgument(access.operand);
  }

  LoopNest &nest;
  linalg::LinalgOp op;
  ImplicitLocOpBuilder b;
  Value begin, end;
  SmallVector<Value> flat; // by operand: its memory as memref<?xT>
  SmallVector<SmallVector<Value>>
      strides;                     // by operand and loop, null where zero
  SmallVector<Value> extents, ivs; // by loop; null while outside of it
};

} // namespace

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void Emitter::loop(Value from, Value to, int64_t step,
                   function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, from, to, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

SmallVector<Value>
Emitter::loop(Value from, Value to, int64_t step, ValueRange inits,
              function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, from, to, index(step), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!inits.empty())
    scf::YieldOp::create(b, results);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value>
Emitter::loops(ArrayRef<unsigned> numbers, ValueRange inits,
               function_ref<SmallVector<Value>(ValueRange)> body) {
  if (numbers.empty())
    return body(inits);
  return loop(index(0), extents[numbers.front()], 1, inits,
              [&](Value iv, ValueRange carried) {
                ivs[numbers.front()] = iv;
                return loops(numbers.drop_front(), carried, body);
              });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

void Emitter::flatten(Access &access) {
  SmallVector<Value> &byLoop = strides.emplace_back(nest.loops.size());
  if (!access.type) {
    flat.push_back(access.operand->get());
    return;
  }
  MemRefType type = access.type;
  SmallVector<int64_t> staticStrides;
  int64_t staticOffset;
  (void)type.getStridesAndOffset(staticStrides, staticOffset);
  auto metadata =
      memref::ExtractStridedMetadataOp::create(b, access.operand->get());
  auto strideOf = [&](const StrideTerm &term) {
    int64_t known = staticStrides[term.operandDim];
    return known == ShapedType::kDynamic
               ? mul(metadata.getStrides()[term.operandDim], index(term.factor))
               : index(known * term.factor);
  };
  for (auto [number, loop] : llvm::enumerate(nest.loops))
    for (const StrideTerm &term : access.terms[loop.dims.back()])
      byLoop[number] =
          byLoop[number] ? add(byLoop[number], strideOf(term)) : strideOf(term);
  // One dimension over all of it. The size is a formality: nothing checks it.
  Value size = index(1);
  for (int64_t i = 0, e = type.getRank(); i < e; ++i)
    size = mul(size, type.isDynamicDim(i) ? metadata.getSizes()[i]
                                          : index(type.getDimSize(i)));
  Value start = staticOffset == ShapedType::kDynamic ? metadata.getOffset()
                                                     : index(staticOffset);
  for (const StrideTerm &term : access.constant)
    start = add(start, strideOf(term));
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {1});
  auto flatType = MemRefType::get({ShapedType::kDynamic}, type.getElementType(),
                                  layout, type.getMemorySpace());
  flat.push_back(memref::ReinterpretCastOp::create(
      b, flatType, metadata.getBaseBuffer(), OpFoldResult(start),
      ArrayRef<OpFoldResult>{size}, ArrayRef<OpFoldResult>{b.getIndexAttr(1)}));
}

Value Emitter::offset(const Access &access) {
  Value sum;
  for (auto [stride, iv] :
       llvm::zip_equal(strides[access.operand->getOperandNumber()], ivs)) {
    if (!stride || !iv)
      continue;
    Value term = mul(iv, stride);
    sum = sum ? add(sum, term) : term;
  }
  return sum ? sum : index(0);
}

/// `lanes` elements along a loop, or one.
Value Emitter::load(const Access &access, int64_t lanes, unsigned along) {
  Value memory = flat[access.operand->getOperandNumber()];
  if (!access.type)
    return memory;
  Value start = offset(access);
  if (lanes == 1)
    return memref::LoadOp::create(b, memory, start);
  auto type = VectorType::get({lanes}, access.type.getElementType());
  if (nest.stride(access, along).isOne())
    return vector::LoadOp::create(b, type, memory, start);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < lanes; ++i) {
    elements.push_back(memref::LoadOp::create(b, memory, start));
    start = add(start, strides[access.operand->getOperandNumber()][along]);
  }
  return vector::FromElementsOp::create(b, type, elements);
}

void Emitter::store(const Access &access, Value value, int64_t lanes) {
  Value memory = flat[access.operand->getOperandNumber()],
        start = offset(access);
  if (lanes == 1)
    memref::StoreOp::create(b, value, memory, start);
  else
    vector::StoreOp::create(b, broadcast(value, lanes), memory, start);
}

//===----------------------------------------------------------------------===//
// Body
//===----------------------------------------------------------------------===//

Value Emitter::broadcast(Value value, int64_t lanes) {
  if (lanes == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      b, VectorType::get({lanes}, value.getType()), value);
}

/// Computes the body's operations that have no value yet; with `uniformOnly`
/// those that are the same for all lanes.
void Emitter::evaluate(Values &values, int64_t lanes, unsigned along,
                       bool uniformOnly) {
  Block *body = op.getBlock();
  auto isReady = [&](Value operand) {
    return operand.getParentBlock() != body || values.contains(operand);
  };
  for (Operation &inner : body->without_terminator()) {
    if (inner.getNumResults() > 0 && values.contains(inner.getResult(0)))
      continue;
    if (auto indexOp = dyn_cast<linalg::IndexOp>(inner)) {
      const Loop *found = llvm::find_if(nest.loops, [&](const Loop &l) {
        return l.dims.back() == indexOp.getDim();
      });
      unsigned number = found - nest.loops.begin();
      if (found == nest.loops.end()) {
        values.map(indexOp.getResult(), index(0)); // a loop of one round
      } else if (ivs[number] && !(uniformOnly && number == along)) {
        Value iv = ivs[number];
        if (lanes > 1 && number == along)
          iv = arith::AddIOp::create(
              b, broadcast(iv, lanes),
              vector::StepOp::create(
                  b, VectorType::get({lanes}, b.getIndexType())));
        values.map(indexOp.getResult(), iv);
      }
      continue;
    }
    if (uniformOnly && (inner.getNumRegions() || !isPure(&inner) ||
                        !llvm::all_of(inner.getOperands(), isReady)))
      continue;
    bool isVector = llvm::any_of(inner.getOperands(), [&](Value operand) {
      return isa<VectorType>(values.lookupOrDefault(operand).getType());
    });
    if (!isVector) {
      b.clone(inner, values);
      continue;
    }
    SmallVector<Value> operands;
    SmallVector<Type> types;
    for (Value operand : inner.getOperands())
      operands.push_back(broadcast(values.lookupOrDefault(operand), lanes));
    for (Type type : inner.getResultTypes())
      types.push_back(VectorType::get({lanes}, type));
    Operation *copy = mlir::clone(b, &inner, types, operands);
    values.map(inner.getResults(), copy->getResults());
  }
}

void Emitter::loadInputs(Values &values, int64_t lanes, unsigned along,
                         bool uniform) {
  for (Access &access : inputs()) {
    bool scalar = isScalarAlong(access, along);
    if (argument(access).use_empty() || values.contains(argument(access)) ||
        (uniform && !scalar))
      continue;
    values.map(argument(access), load(access, scalar ? 1 : lanes, along));
  }
}

void Emitter::yieldedTo(ArrayRef<Value> results, int64_t lanes) {
  for (auto [access, value] : llvm::zip_equal(outputs(), results))
    store(access, value, lanes);
}

//===----------------------------------------------------------------------===//
// Parallel and scalar
//===----------------------------------------------------------------------===//

/// One element, or one vector of them, of every output.
void Emitter::point(const Values &uniform, int64_t lanes) {
  unsigned along = nest.inner.value_or(0);
  SmallVector<Value> inits;
  if (!nest.reductions.empty())
    for (Access &access : outputs())
      inits.push_back(load(access, lanes, along));
  SmallVector<Value> results =
      loops(nest.reductions, inits, [&](ValueRange carried) {
        Values values = uniform;
        for (auto [number, access] : llvm::enumerate(outputs()))
          if (!nest.reductions.empty())
            values.map(argument(access), carried[number]);
          else if (!argument(access).use_empty())
            values.map(argument(access), load(access, lanes, along));
        if (nest.inner)
          loadInputs(values, lanes, along, /*uniform=*/false);
        else
          for (Access &access : inputs())
            if (!argument(access).use_empty())
              values.map(argument(access), load(access, 1, 0));
        evaluate(values, lanes, along);
        SmallVector<Value> yielded;
        for (Value value : op.getBlock()->getTerminator()->getOperands())
          yielded.push_back(broadcast(values.lookupOrDefault(value), lanes));
        return yielded;
      });
  for (unsigned loop : nest.reductions)
    ivs[loop] = {};
  yieldedTo(results, lanes);
}

void Emitter::innerRange(Value from, Value to) {
  unsigned along = *nest.inner;
  Values uniform;
  if (nest.reductions.empty() && nest.strategy == Strategy::Parallel) {
    loadInputs(uniform, 1, along, /*uniform=*/true);
    evaluate(uniform, 1, along, /*uniformOnly=*/true);
  }
  Value middle = from;
  if (nest.lanes > 1) {
    middle = add(from, roundDown(sub(to, from), nest.lanes));
    loop(from, middle, nest.lanes, [&](Value iv) {
      ivs[along] = iv;
      point(uniform, nest.lanes);
    });
  }
  loop(middle, to, 1, [&](Value iv) {
    ivs[along] = iv;
    point(uniform, 1);
  });
  ivs[along] = {};
}

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

void Emitter::transposeBlock(Value p, Value q) {
  unsigned along = *nest.inner, across = *nest.block;
  constexpr int64_t size = LoopNest::kBlock;
  SmallVector<SmallVector<Value>> blocks(nest.accesses.size());
  ivs[across] = q;
  for (Access &access : inputs()) {
    const Monomial *stride =
        access.type ? &nest.stride(access, along) : nullptr;
    if (!stride || stride->isZero() || stride->isOne() ||
        argument(access).use_empty())
      continue;
    SmallVector<Value> rows;
    for (int64_t i = 0; i < size; ++i) {
      ivs[along] = add(p, index(i));
      rows.push_back(load(access, size, across));
    }
    blocks[access.operand->getOperandNumber()] = kernel::transpose8(b, rows);
  }
  ivs[along] = p;
  for (int64_t i = 0; i < size; ++i) {
    ivs[across] = add(q, index(i));
    Values values;
    for (Access &access : inputs())
      if (ArrayRef<Value> columns = blocks[access.operand->getOperandNumber()];
          !columns.empty())
        values.map(argument(access), columns[i]);
    point(values, size);
  }
}

void Emitter::transposeUnit() {
  unsigned along = *nest.inner, across = *nest.block;
  constexpr int64_t size = LoopNest::kBlock;
  Value q = mul(ivs[across], index(size)); // the loop counts blocks
  Value qEnd = min(add(q, index(size)), extents[across]), pEnd = extents[along];
  auto scalars = [&](Value from) {
    loop(q, qEnd, 1, [&](Value qiv) {
      loop(from, pEnd, 1, [&](Value piv) {
        ivs[across] = qiv;
        ivs[along] = piv;
        point({}, 1);
      });
    });
  };
  Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                       sub(qEnd, q), index(size));
  Value pFull =
      arith::SelectOp::create(b, isFull, roundDown(pEnd, size), index(0));
  loop(index(0), pFull, size, [&](Value p) { transposeBlock(p, q); });
  scalars(pFull);
  ivs[along] = ivs[across] = {};
}

//===----------------------------------------------------------------------===//
// Reduce
//===----------------------------------------------------------------------===//

void Emitter::reduceUnit() {
  constexpr int64_t lanes = LoopNest::kLanes;
  unsigned along = *nest.inner, count = op.getNumDpsInits();
  SmallVector<Operation *> combiners;
  SmallVector<unsigned> operands(count);
  SmallVector<Value> neutral;
  for (unsigned i = 0; i < count; ++i) {
    combiners.push_back(getCombiner(op, i, operands[i]));
    TypedAttr value = *arith::getNeutralElement(combiners.back());
    neutral.push_back(broadcast(arith::ConstantOp::create(b, value), lanes));
  }
  auto combine = [&](unsigned i, Value accumulator, Value value) {
    SmallVector<Value> both = {accumulator, value};
    if (operands[i] == 0)
      std::swap(both[0], both[1]);
    return mlir::clone(b, combiners[i], {value.getType()}, both)->getResult(0);
  };
  // The new values of all results, with the accumulators left out.
  auto newValues = [&](Values &values) {
    // Combiners are skipped: they have a value already.
    for (Operation *combiner : combiners)
      values.map(combiner->getResult(0), neutral[0]);
    evaluate(values, lanes, along);
    SmallVector<Value> results;
    for (unsigned i = 0; i < count; ++i)
      results.push_back(broadcast(
          values.lookupOrDefault(combiners[i]->getOperand(operands[i])),
          lanes));
    return results;
  };
  SmallVector<Value> sums =
      loops(nest.reductions, neutral, [&](ValueRange carried) {
        Values uniform;
        loadInputs(uniform, 1, along, /*uniform=*/true);
        Value whole = roundDown(extents[along], lanes),
              rest = sub(extents[along], whole);
        SmallVector<Value> partial =
            loop(index(0), whole, lanes, carried,
                 [&](Value iv, ValueRange accumulators) {
                   ivs[along] = iv;
                   Values values = uniform;
                   loadInputs(values, lanes, along, /*uniform=*/false);
                   SmallVector<Value> results = newValues(values);
                   for (unsigned i = 0; i < count; ++i)
                     results[i] = combine(i, accumulators[i], results[i]);
                   return results;
                 });
        if (nest.loops[along].extent.isConstant() &&
            nest.loops[along].extent.factor % lanes == 0) {
          ivs[along] = {};
          return partial;
        }
        // Lanes past the end take the neutral element.
        ivs[along] = whole;
        Value mask = vector::CreateMaskOp::create(
            b, VectorType::get({lanes}, b.getI1Type()), rest);
        Values values = uniform;
        for (Access &access : inputs()) {
          if (values.contains(argument(access)) || argument(access).use_empty())
            continue;
          auto type = VectorType::get({lanes}, access.type.getElementType());
          Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
          values.map(argument(access),
                     vector::MaskedLoadOp::create(
                         b, type, flat[access.operand->getOperandNumber()],
                         offset(access), mask, zero));
        }
        SmallVector<Value> results = newValues(values);
        for (unsigned i = 0; i < count; ++i)
          results[i] =
              combine(i, partial[i],
                      arith::SelectOp::create(b, mask, results[i], neutral[i]));
        ivs[along] = {};
        return results;
      });
  for (unsigned loop : nest.reductions)
    ivs[loop] = {};
  for (auto [i, access] : llvm::enumerate(outputs())) {
    Value sum = sums[i];
    for (int64_t half = lanes / 2; half >= 1; half /= 2) {
      Value low = vector::ExtractStridedSliceOp::create(
          b, sum, ArrayRef<int64_t>{0}, {half}, {1});
      Value high = vector::ExtractStridedSliceOp::create(
          b, sum, ArrayRef<int64_t>{half}, {half}, {1});
      sum = combine(i, low, high);
    }
    Value scalar = vector::ExtractOp::create(b, sum, ArrayRef<int64_t>{0});
    store(access, combine(i, load(access, 1, along), scalar), 1);
  }
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

void Emitter::unit() {
  switch (nest.strategy) {
  case Strategy::Transpose:
    return transposeUnit();
  case Strategy::Reduce:
    return reduceUnit();
  case Strategy::Parallel:
  case Strategy::Scalar:
    return nest.inner ? innerRange(index(0), extents[*nest.inner])
                      : point({}, 1);
  }
}

void Emitter::run() {
  for (Access &access : nest.accesses)
    flatten(access);
  for (unsigned i = 0, e = nest.loops.size(); i < e; ++i)
    extents.push_back(nest.extent(b, b.getLoc(), i));
  ivs.resize(nest.loops.size());

  if (nest.hasPieces()) {
    Value piece = index(nest.piece());
    innerRange(mul(begin, piece), min(mul(end, piece), extents[*nest.inner]));
    return;
  }
  SmallVector<unsigned> counted = nest.outer;
  SmallVector<Value> counts;
  for (unsigned number : counted)
    counts.push_back(extents[number]);
  if (nest.block) {
    counted.push_back(*nest.block);
    Value rounded = add(extents[*nest.block], index(LoopNest::kBlock - 1));
    counts.push_back(
        b.createOrFold<arith::DivUIOp>(rounded, index(LoopNest::kBlock)));
  }
  // The loops outside of a unit count like an odometer: no division but for the
  // first unit.
  SmallVector<Value> first(counted.size());
  Value rest = begin;
  for (int i = counted.size() - 1; i > 0; --i) {
    Value divisor = b.createOrFold<arith::MaxUIOp>(
        counts[i], index(1)); // no units where a size is 0
    first[i] = arith::RemUIOp::create(b, rest, divisor);
    rest = arith::DivUIOp::create(b, rest, divisor);
  }
  if (!first.empty())
    first[0] = rest;
  loop(begin, end, 1, first, [&](Value, ValueRange current) {
    for (auto [number, value] : llvm::zip_equal(counted, current))
      ivs[number] = value;
    unit();
    SmallVector<Value> next(current);
    Value carry = index(1);
    for (int i = counted.size() - 1; i >= 0; --i) {
      next[i] = add(next[i], carry);
      if (i == 0)
        break;
      Value wraps = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next[i],
                                          counts[i]);
      next[i] = arith::SelectOp::create(b, wraps, index(0), next[i]);
      carry = arith::SelectOp::create(b, wraps, index(1), index(0));
    }
    return next;
  });
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertLinalgToVector
    : squint::impl::ConvertLinalgToVectorBase<ConvertLinalgToVector> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttr(kernel::kBodyAttr) && failed(convert(func)))
        signalPassFailure();
  }

  LogicalResult convert(func::FuncOp func) {
    auto ops = llvm::to_vector(func.getOps<linalg::LinalgOp>());
    if (ops.empty() || isa<linalg::BatchMatmulOp>(ops.front().getOperation()))
      return success();
    if (ops.size() != 1)
      return func.emitError(
                 "expected one linalg operator in a kernel's body, got ")
             << ops.size();
    linalg::LinalgOp op = ops.front();
    if (func.getNumArguments() < 2 ||
        !func.getArguments().back().getType().isIndex())
      return func.emitError(
          "expected a kernel's body to end with the arguments begin and end");
    if (!op.hasPureBufferSemantics())
      return op.emitError("expected an operator on memrefs");
    FailureOr<LoopNest> nest = LoopNest::analyze(op);
    if (failed(nest))
      return op.emitError("expected indexing maps that are linear in the loops "
                          "and give every loop its size");
    ArrayRef<BlockArgument> arguments = func.getArguments();
    Emitter(*nest, arguments[arguments.size() - 2], arguments.back()).run();
    op->erase();
    return success();
  }
};

} // namespace
