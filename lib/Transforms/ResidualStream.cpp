//===- ResidualStream.cpp - what a transformer adds to ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ResidualStream.h"
#include "Constants.h"
#include "MapWeights.h"
#include "squint/Dialect/Onnx/Onnx.h"

using namespace mlir;
using namespace squint;

/// "node 'NAME' (squint.linear)"
static std::string nameOf(Operation *op) {
  StringRef node = getNodeName(op), kind = op->getName().getStringRef();
  return node.empty() ? "'" + kind.str() + "'"
                      : ("node '" + node + "' (" + kind + ")").str();
}

static int64_t getWidth(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 ? type.getShape().back()
                                    : ShapedType::kDynamic;
}

namespace {
class StreamFinder {
public:
  FailureOr<ResidualStream> find(NormOp norm);

private:
  LogicalResult visitMaker(Value value);
  LogicalResult visitUse(Value value, OpOperand &use);
  LogicalResult visitNorm(NormOp norm);
  void add(Value value) {
    if (stream.values.insert(value))
      work.push_back(value);
  }
  LogicalResult refuse(Operation *op, const Twine &rule) {
    return op->emitError() << "residual stream cannot be rotated: " << rule
                           << ", got " << nameOf(op);
  }

  ResidualStream stream;
  SmallVector<Value> work;
};
} // namespace

LogicalResult StreamFinder::visitMaker(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return emitError(value.getLoc())
           << "residual stream cannot be rotated: expected linears and "
              "embeddings to write to it, got an input of the model";
  if (auto sum = dyn_cast<onnx::AddOp>(op)) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (getWidth(operand.get()) != stream.width)
        return refuse(op, "expected additions of values of " +
                              Twine(stream.width) + " channels");
      if (isFloatConstant(operand.get()))
        stream.constants.insert(&operand);
      else
        add(operand.get());
    }
    return success();
  }
  if (auto linear = dyn_cast<LinearOp>(op);
      linear && isFloatConstant(linear.getWeight()) &&
      (!linear.getBias() || isFloatConstant(linear.getBias()))) {
    stream.writers.insert(linear);
    return success();
  }
  if (auto table = dyn_cast<EmbeddingOp>(op);
      table && isFloatConstant(table.getTable())) {
    stream.tables.insert(table);
    return success();
  }
  if (isa<NormOp>(op))
    return refuse(op, "expected norms beside the stream, not within it (a "
                      "model that normalizes after the addition)");
  return refuse(op, "expected float linears, embeddings and additions to write "
                    "to it");
}

LogicalResult StreamFinder::visitNorm(NormOp norm) {
  if (stream.norms.count(norm))
    return success();
  if (!isFloatConstant(norm.getScale()) ||
      (norm.getBias() && !isFloatConstant(norm.getBias())))
    return refuse(norm, "expected norms with constant scales");
  SmallVector<LinearOp> linears;
  for (OpOperand &use : norm.getResult().getUses()) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    if (!linear || use.getOperandNumber() != 0) {
      bool isPost = isa<onnx::AddOp>(use.getOwner());
      return refuse(norm, isPost ? "expected norms beside the stream, not "
                                   "within it (a model that normalizes after "
                                   "the addition)"
                                 : "expected only linears to read a norm");
    }
    if (!isFloatConstant(linear.getWeight()) ||
        (linear.getBias() && !isFloatConstant(linear.getBias())))
      return refuse(linear, "expected float weights");
    linears.push_back(linear);
  }
  // Uses come in no order of their own.
  llvm::sort(linears, [](LinearOp a, LinearOp b) {
    return a->getBlock() == b->getBlock() && a->isBeforeInBlock(b);
  });
  stream.norms[norm] = std::move(linears);
  return success();
}

LogicalResult StreamFinder::visitUse(Value value, OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<onnx::AddOp>(op)) {
    if (getWidth(op->getResult(0)) != stream.width)
      return refuse(op, "expected additions of values of " +
                            Twine(stream.width) + " channels");
    add(op->getResult(0));
    return success();
  }
  if (auto norm = dyn_cast<NormOp>(op); norm && use.getOperandNumber() == 0)
    return visitNorm(norm);
  if (auto linear = dyn_cast<LinearOp>(op);
      linear && use.getOperandNumber() == 0 &&
      isFloatConstant(linear.getWeight())) {
    stream.readers.insert(linear);
    return success();
  }
  if (isa<ObserveOp, KeepOp>(op))
    return success();
  return refuse(op, "expected float linears, norms and additions to read it");
}

FailureOr<ResidualStream> StreamFinder::find(NormOp norm) {
  stream = {};
  stream.width = getWidth(norm.getInput());
  if (ShapedType::isDynamic(stream.width))
    return refuse(norm, "expected a static number of channels");
  add(norm.getInput());
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (failed(visitMaker(value)))
      return failure();
    for (OpOperand &use : value.getUses())
      if (failed(visitUse(value, use)))
        return failure();
  }
  return std::move(stream);
}

FailureOr<std::vector<ResidualStream>>
squint::findResidualStreams(func::FuncOp function) {
  std::vector<ResidualStream> streams;
  WalkResult result = function.walk([&](NormOp norm) -> WalkResult {
    // Others, such as those of queries and keys, read no stream.
    Operation *maker = norm.getInput().getDefiningOp();
    if (!isa_and_present<onnx::AddOp, EmbeddingOp>(maker))
      return WalkResult::advance();
    for (const ResidualStream &known : streams)
      if (known.values.contains(norm.getInput()))
        return WalkResult::advance();
    FailureOr<ResidualStream> stream = StreamFinder().find(norm);
    if (failed(stream))
      return failure();
    streams.push_back(std::move(*stream));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return streams;
}
