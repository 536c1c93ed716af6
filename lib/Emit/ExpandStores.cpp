//===- ExpandStores.cpp - masked stores of one lane -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace squint;

/// The only lane that a constant mask has.
static std::optional<unsigned> findOnlyLane(Value *mask) {
  auto *constant = dyn_cast<Constant>(mask);
  auto *type = dyn_cast<FixedVectorType>(mask->getType());
  if (!constant || !type)
    return std::nullopt;
  std::optional<unsigned> only;
  for (unsigned i = 0; i < type->getNumElements(); ++i) {
    Constant *lane = constant->getAggregateElement(i);
    if (!lane || (!lane->isOneValue() && !lane->isNullValue()))
      return std::nullopt;
    if (lane->isNullValue())
      continue;
    if (only)
      return std::nullopt;
    only = i;
  }
  return only;
}

void squint::expandSingleLaneStores(Module &module) {
  for (Function &function : module) {
    for (Instruction &instruction :
         make_early_inc_range(instructions(function))) {
      auto *store = dyn_cast<IntrinsicInst>(&instruction);
      if (!store || store->getIntrinsicID() != Intrinsic::masked_store)
        continue;
      std::optional<unsigned> lane =
          findOnlyLane(store->getArgOperand(store->arg_size() - 1));
      if (!lane)
        continue;
      IRBuilder<> b(store);
      Value *element = b.CreateExtractElement(store->getArgOperand(0), *lane);
      Value *to = b.CreateConstInBoundsGEP1_64(element->getType(),
                                               store->getArgOperand(1), *lane);
      b.CreateAlignedStore(element, to, Align(1));
      store->eraseFromParent();
    }
  }
}
