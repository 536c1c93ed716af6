//===- ConvertKernelToArm.cpp - byte products for Arm -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "squint/Conversion/Passes.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOARM
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

static Value slice(KernelBuilder &b, Value vector, int64_t start,
                   int64_t size) {
  return vector::ExtractStridedSliceOp::create(
      b, vector, ArrayRef<int64_t>{start}, ArrayRef<int64_t>{size},
      ArrayRef<int64_t>{1});
}

/// A quarter of the lanes is one register.
static void convertDot(KernelBuilder &b, DotOp op) {
  auto sums = b.vec(b.getI32Type(), 4), bytes = b.vec(b.getI8Type(), 16);
  Value x = b.bitcast(bytes, b.splat(op.getInput(), 4));
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(b.i32s()));
  for (int64_t i = 0; i < 4; ++i) {
    Value part = LLVM::CallIntrinsicOp::create(
                     b, sums, b.getStringAttr("llvm.aarch64.neon.sdot"),
                     ValueRange{slice(b, op.getAccumulator(), 4 * i, 4),
                                slice(b, op.getWeights(), 16 * i, 16), x})
                     .getResult(0);
    result = vector::InsertStridedSliceOp::create(
        b, part, result, ArrayRef<int64_t>{4 * i}, ArrayRef<int64_t>{1});
  }
  op.getResult().replaceAllUsesWith(result);
  op.erase();
}

namespace {
struct ConvertKernelToArm
    : squint::impl::ConvertKernelToArmBase<ConvertKernelToArm> {
  void runOnOperation() override {
    FunctionTargets targets;
    auto result = getOperation().walk([&](func::FuncOp function) {
      if (!function->hasAttr(kBodyAttr))
        return WalkResult::advance();
      const TargetInfo *target = targets.get(function);
      if (!target)
        return WalkResult::interrupt();
      if (target->arch != TargetInfo::Arch::AArch64 || !target->dotProd)
        return WalkResult::advance();
      function.walk([&](DotOp op) {
        // Unsigned bytes beyond 127 are negative to sdot.
        if (int32_t(op.getWeightMin()) >= 0 && int32_t(op.getWeightMax()) > 127)
          return;
        OpBuilder builder(op);
        KernelBuilder b(builder, op.getLoc(), *target);
        convertDot(b, op);
      });
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
