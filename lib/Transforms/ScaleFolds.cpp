//===- ScaleFolds.cpp - where factors can leave an activation -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ScaleFolds.h"
#include "Constants.h"
#include "MapWeights.h"
#include "TransformerParts.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include <numeric>

using namespace mlir;
using namespace squint;

/// The linears that read a value, and what else does.
static SmallVector<LinearOp> getReaders(Value value,
                                        SmallVectorImpl<OpOperand *> &others) {
  SmallVector<LinearOp> readers;
  for (OpOperand &use : value.getUses()) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    if (isa<ObserveOp>(use.getOwner()))
      continue;
    if (linear && use.getOperandNumber() == 0 &&
        isFloatConstant(linear.getWeight()) &&
        linear->getBlock() == value.getParentBlock())
      readers.push_back(linear);
    else
      others.push_back(&use);
  }
  llvm::sort(readers,
             [](LinearOp a, LinearOp b) { return a->isBeforeInBlock(b); });
  return readers;
}

static std::optional<ScaleFold> foldNorm(NormOp norm) {
  ScaleFold fold;
  if (!isFloatConstant(norm.getScale()) ||
      (norm.getBias() && !isFloatConstant(norm.getBias())))
    return std::nullopt;
  fold.readers = getReaders(norm.getResult(), fold.others);
  fold.divided.push_back(&norm.getScaleMutable());
  if (norm.getBias())
    fold.divided.push_back(&norm.getBiasMutable()[0]);
  return fold;
}

/// The weight and the bias of a linear whose results are divided.
static SmallVector<OpOperand *> getOutputs(LinearOp linear) {
  SmallVector<OpOperand *> operands{&linear.getWeightMutable()};
  if (linear.getBias())
    operands.push_back(&linear.getBiasMutable()[0]);
  return operands;
}

static std::optional<ScaleFold> foldValues(squint::AttentionOp attention) {
  std::optional<ValueFold> pair = findValueFold(attention);
  if (!pair)
    return std::nullopt;
  ScaleFold fold;
  fold.divided = getOutputs(pair->writer);
  fold.readers.push_back(pair->reader);
  int64_t share = pair->heads / pair->valueHeads, size = pair->headSize;
  for (int64_t head = 0; head < pair->heads; ++head)
    for (int64_t i = 0; i < size; ++i)
      fold.factorOf.push_back(head / share * size + i);
  return fold;
}

static std::optional<ScaleFold> foldUp(LinearOp down) {
  Operation *op = down.getInput().getDefiningOp();
  ScaleFold fold;
  fold.readers = getReaders(down.getInput(), fold.others);
  if (!fold.others.empty() || fold.readers.empty() ||
      fold.readers.front() != down)
    return std::nullopt;
  if (!isa_and_present<onnx::MulOp, onnx::ReluOp>(op))
    return std::nullopt;
  // The last linear that is a factor itself: a gate is inside a function.
  for (Value operand : llvm::reverse(op->getOperands())) {
    auto up = operand.getDefiningOp<LinearOp>();
    if (!up || !operand.hasOneUse() ||
        operand.getType() != down.getInput().getType() ||
        !isFloatConstant(up.getWeight()) ||
        (up.getBias() && !isFloatConstant(up.getBias())))
      continue;
    fold.divided = getOutputs(up);
    return fold;
  }
  return std::nullopt;
}

std::vector<ScaleFold> squint::collectScaleFolds(func::FuncOp main,
                                                 const ScaleFoldKinds &kinds) {
  std::vector<ScaleFold> folds;
  auto getDim = [](Value value, unsigned dim) {
    return cast<RankedTensorType>(value.getType()).getDimSize(dim);
  };
  auto add = [&](std::optional<ScaleFold> fold) {
    if (!fold || fold->readers.empty() ||
        fold->getInput().getParentBlock() != &main.front())
      return;
    fold->factors = getDim(fold->divided.front()->get(), 0);
    if (fold->factorOf.empty()) {
      fold->factorOf.resize(getDim(fold->readers.front().getWeight(), 1));
      std::iota(fold->factorOf.begin(), fold->factorOf.end(), 0);
    }
    folds.push_back(std::move(*fold));
  };
  main.walk([&](squint::AttentionOp op) {
    if (kinds.values)
      add(foldValues(op));
  });
  main.walk([&](LinearOp op) {
    if (kinds.products)
      add(foldUp(op));
  });
  main.walk([&](NormOp op) {
    if (kinds.norms)
      add(foldNorm(op));
  });
  return folds;
}

LogicalResult squint::applyFactors(ScaleFold &fold, ArrayRef<double> factors) {
  for (OpOperand *operand : fold.divided) {
    FailureOr<TypedAttr> mapped =
        mapRows(operand->getOwner(), getConstant(operand->get()).getValue(),
                [&](int64_t row, MutableArrayRef<double> values) {
                  for (double &value : values)
                    value /= factors[row];
                });
    if (failed(mapped))
      return failure();
    replaceConstant(*operand, *mapped);
  }
  for (LinearOp linear : fold.readers) {
    FailureOr<TypedAttr> mapped = mapRows(
        linear, getConstant(linear.getWeight()).getValue(),
        [&](int64_t, MutableArrayRef<double> values) {
          for (auto [value, factor] : llvm::zip_equal(values, fold.factorOf))
            value *= factors[factor];
        });
    if (failed(mapped))
      return failure();
    replaceConstant(linear.getWeightMutable(), *mapped);
  }
  if (fold.others.empty())
    return success();
  Value input = fold.getInput();
  SmallVector<double> values;
  for (int64_t factor : fold.factorOf)
    values.push_back(factors[factor]);
  OpBuilder builder(input.getContext());
  builder.setInsertionPointAfterValue(input);
  Value restored = scaleColumns(builder, input, values);
  for (OpOperand *other : fold.others)
    other->set(restored);
  return success();
}
