//===- SplitInits.cpp - an initial value of its own for each op -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Conversion/Passes.h"

namespace squint {
#define GEN_PASS_DEF_SPLITINITS
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;

namespace {

struct SplitInits : squint::impl::SplitInitsBase<SplitInits> {
  void runOnOperation() override {
    SmallVector<Operation *> inits;
    getOperation().walk([&](Operation *op) {
      if (isa<tensor::EmptyOp, linalg::FillOp>(op))
        inits.push_back(op);
    });
    // Fills before the empty tensors that they, and now their copies, fill.
    for (Operation *op : llvm::reverse(inits)) {
      while (!op->use_empty() && !op->hasOneUse()) {
        OpOperand &use = *op->use_begin();
        OpBuilder builder(use.getOwner());
        use.set(builder.clone(*op)->getResult(0));
        ++numSplit;
      }
    }
  }
};

} // namespace
