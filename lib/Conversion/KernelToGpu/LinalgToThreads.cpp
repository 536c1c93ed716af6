//===- LinalgToThreads.cpp - linalg with a thread an element ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/LinalgThreads.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Kernels/GpuKernels.h"

using namespace mlir;
using namespace squint;
using linalg::LinalgOp;

/// The parallel loops, the one that walks along the rows of the first output
/// last, so that neighbours among the units are neighbours in memory.
static SmallVector<unsigned> getParallelLoops(LinalgOp op) {
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<unsigned> inRows, others;
  for (AffineExpr result : output.getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(result))
      if (kinds[dim.getPosition()] == utils::IteratorType::parallel &&
          !llvm::is_contained(inRows, dim.getPosition()))
        inRows.push_back(dim.getPosition());
  for (auto [i, kind] : llvm::enumerate(kinds))
    if (kind == utils::IteratorType::parallel && !llvm::is_contained(inRows, i))
      others.push_back(i);
  others.append(inRows);
  return others;
}

kernel::Work squint::materializeThreadWork(OpBuilder &builder, Location loc,
                                           LinalgOp op) {
  TargetInfo none;
  kernel::KernelBuilder b(builder, loc, none);
  SmallVector<Range> ranges = op.createLoopRanges(b, loc);
  Value units = b.index(1);
  for (unsigned i : getParallelLoops(op))
    units =
        b.mul(units, getValueOrCreateConstantIndexOp(b, loc, ranges[i].size));
  return {units, b.index(kernel::kThreadsOfUnits)};
}

namespace {

/// One point of the loops.
class Point {
public:
  Point(kernel::KernelBuilder &b, LinalgOp op, SmallVector<Value> extents)
      : b(b), op(op), extents(std::move(extents)), ivs(this->extents.size()) {}

  void run(Value unit);

private:
  using Values = kernel::KernelBuilder::Values;
  SmallVector<Value> indices(OpOperand &operand);
  Value load(OpOperand &operand);
  Values reduce(ArrayRef<unsigned> loops, ValueRange carried);
  Values body(ValueRange carried);

  kernel::KernelBuilder &b;
  LinalgOp op;
  SmallVector<Value> extents, ivs; // by loop
};

} // namespace

SmallVector<Value> Point::indices(OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  // Outputs do not depend on loops that reduce.
  Value none = b.index(0);
  SmallVector<Value> ivs =
      llvm::map_to_vector(this->ivs, [&](Value iv) { return iv ? iv : none; });
  SmallVector<Value> values;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    values.push_back(affine::AffineApplyOp::create(b, map.getSubMap({i}), ivs));
  return values;
}

Value Point::load(OpOperand &operand) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  return memref::LoadOp::create(b, operand.get(), indices(operand));
}

Point::Values Point::body(ValueRange carried) {
  Block *block = op.getBlock();
  IRMapping map;
  for (OpOperand *input : op.getDpsInputOperands())
    if (BlockArgument argument = op.getMatchingBlockArgument(input);
        !argument.use_empty())
      map.map(argument, load(*input));
  for (auto [output, value] : llvm::zip(op.getDpsInitsMutable(), carried))
    map.map(op.getMatchingBlockArgument(&output), value);
  for (Operation &inner : block->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      map.map(index.getResult(), ivs[index.getDim()]);
    else
      b.clone(inner, map);
  }
  Values results;
  for (Value value : block->getTerminator()->getOperands())
    results.push_back(map.lookupOrDefault(value));
  return results;
}

Point::Values Point::reduce(ArrayRef<unsigned> loops, ValueRange carried) {
  if (loops.empty())
    return body(carried);
  return b.loop(b.index(0), extents[loops.front()], 1, carried,
                [&](Value iv, ValueRange inner) {
                  ivs[loops.front()] = iv;
                  Values results = reduce(loops.drop_front(), inner);
                  ivs[loops.front()] = {};
                  return results;
                });
}

void Point::run(Value unit) {
  SmallVector<unsigned> parallel = getParallelLoops(op), reductions;
  for (unsigned loop : llvm::reverse(parallel)) {
    // The outermost one is what remains.
    ivs[loop] = loop == parallel.front() ? unit : b.rem(unit, extents[loop]);
    unit = b.div(unit, extents[loop]);
  }
  op.getReductionDims(reductions);
  Values carried;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    bool isRead = !op.getMatchingBlockArgument(&output).use_empty();
    carried.push_back(isRead ? load(output) : Value());
  }
  // A result that nothing reads before is written alone.
  for (auto [output, value] : llvm::zip(op.getDpsInitsMutable(), carried))
    if (!value) {
      Type type = getElementTypeOrSelf(output.get().getType());
      value =
          arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
    }
  Values results = reduce(reductions, carried);
  for (auto [output, value] : llvm::zip(op.getDpsInitsMutable(), results))
    memref::StoreOp::create(b, value, output.get(), indices(output));
}

void squint::buildThreads(LinalgOp op, Value begin, Value end) {
  TargetInfo none;
  OpBuilder builder(op);
  kernel::KernelBuilder b(builder, op.getLoc(), none);
  SmallVector<Value> extents;
  for (const Range &range : op.createLoopRanges(b, op.getLoc()))
    extents.push_back(
        getValueOrCreateConstantIndexOp(b, op.getLoc(), range.size));
  b.loop(begin, end, 1, [&](Value unit) { Point(b, op, extents).run(unit); });
}
