//===- Epilogue.cpp - scalar regions on vectors -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

/// A scalar operator on vectors of 16.
static void cloneOnVectors(KernelBuilder &b, Operation &scalar,
                           IRMapping &map) {
  if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
    auto type = b.vec(constant.getType());
    auto value = DenseElementsAttr::get(type, Attribute(constant.getValue()));
    map.map(constant.getResult(),
            arith::ConstantOp::create(b, value).getResult());
    return;
  }
  SmallVector<Value> operands;
  for (Value operand : scalar.getOperands())
    operands.push_back(map.contains(operand) ? map.lookup(operand)
                                             : b.splat(operand));
  SmallVector<Type> types;
  for (Type type : scalar.getResultTypes())
    types.push_back(b.vec(type));
  OperationState state(scalar.getLoc(), scalar.getName(), operands, types,
                       scalar.getAttrs());
  state.propertiesAttr = scalar.getPropertiesAsAttribute();
  map.map(scalar.getResults(), b.create(state)->getResults());
}

KernelBuilder::Values
squint::kernel::buildEpilogueRegion(KernelBuilder &b, Region &epilogue,
                                    ArrayRef<Value> arguments) {
  Block &block = epilogue.front();
  IRMapping map;
  for (auto [argument, value] : llvm::zip(block.getArguments(), arguments))
    map.map(argument, value);
  for (Operation &inner : block.without_terminator())
    cloneOnVectors(b, inner, map);
  KernelBuilder::Values results;
  for (Value value : cast<YieldOp>(block.getTerminator()).getValues())
    results.push_back(map.contains(value) ? map.lookup(value) : b.splat(value));
  return results;
}
