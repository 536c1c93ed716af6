//===- ConvertKernelToGeneric.cpp - byte products anywhere ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Passes.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOGENERIC
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

/// Byte `i` of every 32-bit lane (or of one number), sign- or zero-extended in place.
static Value extendByte(KernelBuilder &b, Value words, int64_t i, bool isSigned) {
  Type type = words.getType();
  if (i < 3)
    words = arith::ShLIOp::create(b, words, b.intConstant(type, 24 - 8 * i));
  Value shift = b.intConstant(type, 24);
  return isSigned ? arith::ShRSIOp::create(b, words, shift).getResult()
                  : arith::ShRUIOp::create(b, words, shift).getResult();
}

static void convertDot(KernelBuilder &b, DotOp op) {
  Value words = b.bitcast(b.i32s(), op.getWeights());
  Value sum = op.getAccumulator();
  for (int64_t i = 0; i < 4; ++i) {
    Value weight = extendByte(b, words, i, int32_t(op.getWeightMin()) < 0);
    Value input = b.splat(extendByte(b, op.getInput(), i, true));
    sum = arith::AddIOp::create(b, sum, arith::MulIOp::create(b, weight, input));
  }
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
}

namespace {
struct ConvertKernelToGeneric : squint::impl::ConvertKernelToGenericBase<ConvertKernelToGeneric> {
  void runOnOperation() override {
    TargetInfo any;
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (isa<DotPairsOp, AddPairsOp>(op)) {
        op->emitError() << "expected 16-bit sums on x86 only";
        return WalkResult::interrupt();
      }
      auto dot = dyn_cast<DotOp>(op);
      if (!dot)
        return WalkResult::advance();
      OpBuilder builder(dot);
      KernelBuilder b(builder, dot.getLoc(), any);
      convertDot(b, dot);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
