//===- CarryInPlace.cpp - one buffer for what a loop carries ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Conversion/Passes.h"

namespace squint {
#define GEN_PASS_DEF_CARRYINPLACE
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;

namespace {

struct CarryInPlace : squint::impl::CarryInPlaceBase<CarryInPlace> {
  void runOnOperation() override {
    getOperation().walk([&](scf::YieldOp yield) {
      if (auto loop = dyn_cast<scf::ForOp>(yield->getParentOp()))
        carry(yield, llvm::to_vector(ValueRange(loop.getRegionIterArgs())));
      else if (auto loop = dyn_cast<scf::WhileOp>(yield->getParentOp()))
        carry(yield, getCarried(loop));
    });
  }

  /// What the iteration gets for each argument of the condition; null where
  /// nothing of it is passed on.
  static SmallVector<Value> getCarried(scf::WhileOp loop) {
    SmallVector<Value> carried(loop.getBeforeArguments().size());
    for (auto [passed, argument] : llvm::zip_equal(
             loop.getConditionOp().getArgs(), loop.getAfterArguments()))
      if (auto before = dyn_cast<BlockArgument>(passed);
          before && before.getOwner() == loop.getBeforeBody())
        carried[before.getArgNumber()] = argument;
    return carried;
  }

  /// Whether a value is `argument` with parts of it replaced.
  static bool isUpdated(Value value, Value argument) {
    while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>())
      value = insert.getDest();
    return value == argument;
  }

  static void carry(scf::YieldOp yield, ArrayRef<Value> arguments) {
    OpBuilder builder(yield);
    for (auto [operand, argument] :
         llvm::zip_equal(yield->getOpOperands(), arguments)) {
      Value value = operand.get();
      if (argument && isa<TensorType>(value.getType()) &&
          !isUpdated(value, argument))
        operand.set(
            bufferization::MaterializeInDestinationOp::create(
                builder, yield.getLoc(), argument.getType(), value, argument)
                .getResult());
    }
  }
};

} // namespace
