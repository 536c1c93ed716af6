//===- ShapesControlFlow.cpp - branches and loops -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// Both branches must give each result one shape, unless the condition is
/// known.
LogicalResult inferIf(IfOp op, ShapeContext &s) {
  std::optional<SmallVector<int64_t>> condition = s.constants(op.getCond());
  auto visit = [&](Region &region) { return s.visitBlock(region.front()); };
  if (condition && condition->size() == 1) {
    Region &taken =
        condition->front() ? op.getThenBranch() : op.getElseBranch();
    if (failed(visit(taken)))
      return failure();
    s.op = op;
    for (auto [result, value] : llvm::zip_equal(
             op.getResults(), taken.front().getTerminator()->getOperands())) {
      if (failed(s.set(result, Dims(s.shape(value)))))
        return failure();
      if (std::optional<ArrayRef<DimExpr>> known = s.values(value))
        s.setValues(result, Dims(*known));
    }
    return success();
  }
  if (failed(visit(op.getThenBranch())) || failed(visit(op.getElseBranch())))
    return failure();
  s.op = op;
  Operation *yes = op.getThenBranch().front().getTerminator(),
            *no = op.getElseBranch().front().getTerminator();
  if (yes->getNumOperands() != op.getNumResults() ||
      no->getNumOperands() != op.getNumResults())
    return s.fail() << "expected " << op.getNumResults()
                    << " results from both branches";
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    ArrayRef<DimExpr> a = s.shape(yes->getOperand(i)),
                      b = s.shape(no->getOperand(i));
    if (a.size() != b.size())
      return s.fail()
             << "expected both branches to give one count of dimensions, got "
             << a.size() << " and " << b.size();
    Dims dims;
    for (auto [x, y] : llvm::zip_equal(a, b)) {
      FailureOr<DimExpr> both = s.unify(x, y, "the results of both branches");
      if (failed(both))
        return failure();
      dims.push_back(*both);
    }
    if (failed(s.set(result, std::move(dims))))
      return failure();
  }
  return success();
}

/// The shapes of a value before and after an iteration must be one; it is
/// carried at that shape.
LogicalResult carry(Value before, Value after, Value result, ShapeContext &s) {
  ArrayRef<DimExpr> a = s.shape(before), b = s.shape(after);
  if (a.size() != b.size() || !llvm::equal(a, b))
    return s.refuse() << "expected a body that keeps the shapes of carried "
                         "values (others are not supported yet)";
  return s.set(result, Dims(a));
}

/// The count of iterations must follow from shapes: a constant condition, and a
/// known trip count.
LogicalResult inferLoop(LoopOp op, ShapeContext &s) {
  Block &body = op.getBody().front();
  std::optional<ArrayRef<DimExpr>> trips =
      op.getM() ? s.values(op.getM()) : std::nullopt;
  std::optional<SmallVector<int64_t>> enter =
      op.getCond() ? s.constants(op.getCond())
                   : std::optional<SmallVector<int64_t>>({1});
  ValueRange initial = op.getVInitial();
  if (body.getNumArguments() != initial.size() + 2)
    return s.fail() << "expected a body of " << initial.size() + 2
                    << " inputs, got " << body.getNumArguments();
  if (failed(s.set(body.getArgument(0), {})) ||
      failed(s.set(body.getArgument(1), {})))
    return failure();
  for (auto [argument, value] :
       llvm::zip_equal(body.getArguments().drop_front(2), initial))
    if (failed(s.set(argument, Dims(s.shape(value)))))
      return failure();
  if (failed(s.visitBlock(body)))
    return failure();
  s.op = op;
  OperandRange yielded = body.getTerminator()->getOperands();
  if (yielded.size() != op.getNumResults() + 1)
    return s.fail() << "expected a body of " << op.getNumResults() + 1
                    << " results, got " << yielded.size();
  for (auto [i, value] : llvm::enumerate(initial))
    if (failed(carry(value, yielded[i + 1], op.getResult(i), s)))
      return failure();
  if (op.getNumResults() == initial.size())
    return success();
  std::optional<SmallVector<int64_t>> goOn = s.constants(yielded[0]);
  bool counted = trips && trips->size() == 1 && enter && enter->size() == 1 &&
                 enter->front() &&
                 ((goOn && goOn->size() == 1 && goOn->front()) ||
                  yielded[0] == body.getArgument(1));
  if (!counted)
    return s.refuse() << "expected a count of iterations that follows from "
                         "shapes, got one that depends on data";
  for (size_t i = initial.size(); i < op.getNumResults(); ++i) {
    Dims dims{trips->front()};
    llvm::append_range(dims, s.shape(yielded[i + 1]));
    if (failed(s.set(op.getResult(i), std::move(dims))))
      return failure();
  }
  return success();
}

/// State goes through; scanned operands lose their axis in the body, and
/// scanned results gain one.
LogicalResult inferScan(ScanOp op, ShapeContext &s) {
  Block &body = op.getBody().front();
  OperandRange operands = op.getInitialStateAndScanInputs();
  int64_t inputs = op.getNumScanInputs(),
          states = int64_t(operands.size()) - inputs;
  if (inputs < 1 || states < 0 || body.getNumArguments() != operands.size() ||
      int64_t(op.getNumResults()) < states ||
      body.getTerminator()->getNumOperands() != op.getNumResults())
    return s.fail() << "expected a body that fits the operands and results";
  auto readAxis = [&](std::optional<ArrayRef<int64_t>> axes, size_t i,
                      size_t rank) {
    return s.axis(axes && i < axes->size() ? (*axes)[i] : 0, rank);
  };
  DimExpr length = 0;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    Dims dims(s.shape(operand));
    if (int64_t(i) >= states) {
      FailureOr<int64_t> axis =
          readAxis(op.getScanInputAxes(), i - states, dims.size());
      if (failed(axis))
        return failure();
      FailureOr<DimExpr> both =
          int64_t(i) == states ? FailureOr<DimExpr>(dims[*axis])
                               : s.unify(length, dims[*axis], "scanned axes");
      if (failed(both))
        return failure();
      length = *both;
      dims.erase(dims.begin() + *axis);
    }
    if (failed(s.set(body.getArgument(i), std::move(dims))))
      return failure();
  }
  if (failed(s.visitBlock(body)))
    return failure();
  s.op = op;
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    if (int64_t(i) < states) {
      if (failed(carry(operands[i], value, op.getResult(i), s)))
        return failure();
      continue;
    }
    Dims dims(s.shape(value));
    FailureOr<int64_t> axis =
        readAxis(op.getScanOutputAxes(), i - states, dims.size() + 1);
    if (failed(axis))
      return failure();
    dims.insert(dims.begin() + *axis, length);
    if (failed(s.set(op.getResult(i), std::move(dims))))
      return failure();
  }
  return success();
}
} // namespace

void addControlFlowRules(ShapeRules &rules) {
  rules.add<IfOp, inferIf>();
  rules.add<LoopOp, inferLoop>();
  rules.add<ScanOp, inferScan>();
}

} // namespace squint::onnx
