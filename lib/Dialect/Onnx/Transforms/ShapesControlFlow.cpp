//===- ShapesControlFlow.cpp - branches and loops -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// Both branches must give each result one shape, unless the condition is known.
LogicalResult inferIf(IfOp op, ShapeContext &s) {
  std::optional<SmallVector<int64_t>> condition = s.constants(op.getCond());
  auto visit = [&](Region &region) { return s.visitBlock(region.front()); };
  if (condition && condition->size() == 1) {
    Region &taken = condition->front() ? op.getThenBranch() : op.getElseBranch();
    if (failed(visit(taken)))
      return failure();
    s.op = op;
    for (auto [result, value] : llvm::zip_equal(op.getResults(), taken.front().getTerminator()->getOperands())) {
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
  Operation *yes = op.getThenBranch().front().getTerminator(), *no = op.getElseBranch().front().getTerminator();
  if (yes->getNumOperands() != op.getNumResults() || no->getNumOperands() != op.getNumResults())
    return s.fail() << "expected " << op.getNumResults() << " results from both branches";
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    ArrayRef<DimExpr> a = s.shape(yes->getOperand(i)), b = s.shape(no->getOperand(i));
    if (a.size() != b.size())
      return s.fail() << "expected both branches to give one count of dimensions, got " << a.size() << " and "
                      << b.size();
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
} // namespace

void addControlFlowRules(ShapeRules &rules) { rules.add<IfOp, inferIf>(); }

} // namespace squint::onnx
