//===- ConvertKernelToGpu.cpp - kernels to blocks of threads ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "squint/Conversion/LinalgThreads.h"
#include "squint/Conversion/Passes.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOGPU
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

struct ConvertKernelToGpu
    : squint::impl::ConvertKernelToGpuBase<ConvertKernelToGpu> {
  void runOnOperation() override {
    FunctionTargets targets;
    for (auto function :
         llvm::to_vector(getOperation().getOps<func::FuncOp>())) {
      if (!function->hasAttr(kBodyAttr) || function.isExternal())
        continue;
      const TargetInfo *target = targets.get(function);
      if (!target)
        return signalPassFailure();
      if (target->isDevice() && failed(convert(function, *target)))
        return signalPassFailure();
    }
  }

  /// What is neither is left for `convert-kernel-to-vector`, whose units are a
  /// thread's.
  LogicalResult convert(func::FuncOp function, const TargetInfo &target) {
    unsigned count = function.getNumArguments();
    Value begin = function.getArgument(count - 2),
          end = function.getArgument(count - 1);
    for (Operation &op :
         llvm::make_early_inc_range(function.getBody().front())) {
      if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
        buildThreads(linalg, begin, end);
        op.erase();
      } else if (isFragmentGemm(&op)) {
        auto gemm = cast<GemmOp>(op);
        std::optional<GpuTile> tile = getGpuTile(gemm);
        if (!tile)
          return op.emitError() << "expected a tile";
        OpBuilder builder(&op);
        function->setAttr(kBlockAttr,
                          builder.getI64IntegerAttr(tile->threads()));
        // Two blocks of eight warps leave a thread half of its registers.
        bool isLarge = tile->threads() > 128 && tile->rows > 8;
        function->setAttr(kResidentBlocksAttr,
                          builder.getI64IntegerAttr(isLarge ? 1 : 2));
        KernelBuilder b(builder, op.getLoc(), target);
        if (failed(buildGpuGemm(b, gemm, begin, *tile)))
          return failure();
        op.erase();
      }
    }
    return success();
  }
};

} // namespace
