//===- TransformerParts.cpp - linears that belong together ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TransformerParts.h"
#include "MapWeights.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace squint;

static bool hasFloatConstants(LinearOp linear) {
  return isFloatConstant(linear.getWeight()) &&
         (!linear.getBias() || isFloatConstant(linear.getBias()));
}

static int64_t getWidth(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 ? type.getShape().back()
                                    : ShapedType::kDynamic;
}

SmallVector<OpOperand *> ValueFold::getWriterOperands() const {
  LinearOp linear = writer;
  SmallVector<OpOperand *> operands{&linear.getWeightMutable()};
  if (linear.getBias())
    operands.push_back(&linear.getBiasMutable()[0]);
  return operands;
}

/// The permutation of a transpose that keeps the last dimension, else nothing.
static ArrayRef<int64_t> getPermutation(Operation *op) {
  auto perm = isa_and_present<onnx::TransposeOp>(op)
                  ? op->getAttrOfType<DenseI64ArrayAttr>("perm")
                  : DenseI64ArrayAttr();
  if (!perm || perm.empty() || perm.asArrayRef().back() != perm.size() - 1)
    return {};
  return perm;
}

static bool isSecondToLast(Value value, int64_t dim) {
  return cast<RankedTensorType>(value.getType()).getRank() - 2 == dim;
}

/// Back from values to what a reshape splits into heads: of the dimension
/// `heads`, channels lie side by side.
static Value findJoined(Value value, int64_t heads) {
  while (value.hasOneUse()) {
    Operation *op = value.getDefiningOp();
    if (ArrayRef<int64_t> perm = getPermutation(op); !perm.empty())
      heads = perm[heads];
    else if (isa_and_present<onnx::ReshapeOp>(op) &&
             isSecondToLast(value, heads))
      return op->getOperand(0);
    else
      break;
    value = op->getOperand(0);
  }
  return {};
}

/// On from heads to what a reshape joins them to.
static Value findSplit(Value value, int64_t heads) {
  while (value.hasOneUse()) {
    Operation *op = *value.getUsers().begin();
    if (ArrayRef<int64_t> perm = getPermutation(op); !perm.empty())
      heads = llvm::find(perm, heads) - perm.begin();
    else if (isa<onnx::ReshapeOp>(op) && op->getOperand(0) == value &&
             isSecondToLast(value, heads))
      return op->getResult(0);
    else
      break;
    value = op->getResult(0);
  }
  return {};
}

std::optional<ValueFold> squint::findValueFold(AttentionOp attention) {
  ValueFold fold;
  // [batch, tokens, heads, size], or heads first.
  auto findHeads = [&](unsigned which) {
    std::optional<ArrayRef<bool>> first = attention.getHeadsFirst();
    return first && (*first)[which] ? 1 : 2;
  };
  auto getSize = [](Value value, int64_t dim) {
    return cast<RankedTensorType>(value.getType()).getShape()[dim];
  };
  Value value = attention.getValue(), result = attention.getResult();
  fold.headSize = getWidth(value);
  fold.valueHeads = getSize(value, findHeads(2));
  fold.heads = getSize(result, findHeads(3));
  if (fold.headSize < 1 || fold.valueHeads < 1 || fold.heads < 1 ||
      fold.heads % fold.valueHeads || getWidth(result) != fold.headSize)
    return std::nullopt;

  value = findJoined(value, findHeads(2));
  fold.writer = value ? value.getDefiningOp<LinearOp>() : LinearOp();
  if (!fold.writer || !value.hasOneUse() || !hasFloatConstants(fold.writer) ||
      getWidth(value) != fold.valueHeads * fold.headSize)
    return std::nullopt;

  result = findSplit(result, findHeads(3));
  fold.reader = result && result.hasOneUse()
                    ? dyn_cast<LinearOp>(*result.getUsers().begin())
                    : LinearOp();
  if (!fold.reader || fold.reader.getInput() != result ||
      !isFloatConstant(fold.reader.getWeight()) ||
      getWidth(result) != fold.heads * fold.headSize)
    return std::nullopt;
  return fold;
}

/// Operators that compute each element from those at its place.
static bool isElementwise(Operation *op) {
  return isa<onnx::MulOp, onnx::AddOp, onnx::SubOp, onnx::DivOp,
             onnx::SigmoidOp, onnx::TanhOp, onnx::ErfOp, onnx::ReluOp,
             onnx::GeluOp, onnx::SwishOp, onnx::LeakyReluOp, onnx::HardSwishOp,
             onnx::PowOp, onnx::SoftplusOp, onnx::MishOp>(op);
}

std::vector<LinearOp> squint::findDownLinears(func::FuncOp function) {
  std::vector<LinearOp> result;
  function.walk([&](LinearOp linear) {
    if (!isFloatConstant(linear.getWeight()))
      return;
    int64_t width = getWidth(linear.getInput());
    llvm::SetVector<Value> work;
    work.insert(linear.getInput());
    bool isDown = !linear.getInput().getDefiningOp<LinearOp>();
    for (size_t i = 0; isDown && i < work.size(); ++i) {
      Operation *op = work[i].getDefiningOp();
      if (isa_and_present<ConstantOp>(op))
        continue;
      isDown = op && getWidth(work[i]) == width;
      if (!isDown || isa<LinearOp>(op))
        continue;
      isDown = isElementwise(op);
      work.insert(op->operand_begin(), op->operand_end());
    }
    if (isDown)
      result.push_back(linear);
  });
  return result;
}
