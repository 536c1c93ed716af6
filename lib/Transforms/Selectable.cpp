//===- Selectable.cpp - operators whose weight may take a format ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Selectable.h"
#include "squint/Transforms/QuantizationAttributes.h"

using namespace mlir;
using namespace squint;

/// The values that inputs of the model decide. Others, such as the angles of a
/// rotary embedding, are functions of sizes.
static DenseSet<Value> findDependent(FunctionOpInterface function) {
  DenseSet<Value> dependent;
  auto add = [&](auto &&values) { dependent.insert_range(values); };
  for (Block &block : function.getFunctionBody())
    add(block.getArguments());
  function.walk([&](Operation *op) {
    if (op == function.getOperation())
      return;
    bool isDependent = llvm::any_of(op->getOperands(), [&](Value operand) {
      return dependent.contains(operand);
    });
    // What is inside of regions is not looked into.
    if (isDependent || op->getNumRegions() || op->getParentOp() != function)
      add(op->getResults());
  });
  return dependent;
}

/// Whether an operator has a weight that may take a format.
static bool isSelectable(WeightedOpInterface op,
                         const DenseSet<Value> &dependent) {
  if (op->hasAttr(kWeightFormatAttr) || op->hasAttr(kActivationFormatAttr))
    return false;
  Value weight = op.getWeightOperand().get();
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (!type || !type.hasStaticShape() || type.getRank() == 0)
    return false;
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return false;
  if (!weight.getDefiningOp<DequantizeOp>() &&
      !weight.getDefiningOp<ConstantOp>())
    return false;
  return dependent.contains(op.getActivationOperand().get());
}

std::vector<WeightedOpInterface>
squint::collectSelectable(FunctionOpInterface function) {
  DenseSet<Value> dependent = findDependent(function);
  std::vector<WeightedOpInterface> operators;
  function.walk([&](WeightedOpInterface op) {
    if (isSelectable(op, dependent))
      operators.push_back(op);
  });
  return operators;
}
