//===- ConvertKernelToVector.cpp - kernels to vector loops ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "squint/Conversion/Passes.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Targets.h"
#include "squint/Kernels/Work.h"
#include "llvm/ADT/TypeSwitch.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOVECTOR
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

struct ConvertKernelToVector
    : squint::impl::ConvertKernelToVectorBase<ConvertKernelToVector> {
  using ConvertKernelToVectorBase::ConvertKernelToVectorBase;

  LogicalResult initialize(MLIRContext *context) override {
    llvm::Expected<Tuning> parsed = Tuning::parse(tuning);
    if (!parsed)
      return emitError(UnknownLoc::get(context))
             << "tuning: " << llvm::toString(parsed.takeError());
    sizes = *parsed;
    return success();
  }

  void runOnOperation() override {
    FunctionTargets targets;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kBodyAttr) || function.isExternal())
        continue;
      for (Operation &op :
           llvm::make_early_inc_range(function.getBody().front())) {
        if (auto program = dyn_cast<ProgramOp>(op)) {
          convertProgram(function, program);
          continue;
        }
        if (!isKernel(&op))
          continue;
        const TargetInfo *target = targets.get(function);
        if (!target || failed(convert(function, &op, *target)))
          return signalPassFailure();
      }
    }
  }

  /// One round of a loop for each unit; the first error stays.
  void convertProgram(func::FuncOp function, ProgramOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    auto end = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    Block &block = op.getBody().front();
    SmallVector<Value> views;
    for (auto [operand, argument] : llvm::zip_equal(
             op->getOperands().drop_front(), block.getArguments().drop_front()))
      views.push_back(
          operand.getType() == argument.getType()
              ? operand
              : memref::CastOp::create(b, argument.getType(), operand)
                    .getResult());
    unsigned count = function.getNumArguments();
    Value ok = arith::ConstantIntOp::create(b, 0, 32);
    auto loop = scf::ForOp::create(b, function.getArgument(count - 2),
                                   function.getArgument(count - 1),
                                   arith::ConstantIndexOp::create(b, 1), ok);
    views.insert(views.begin(), loop.getInductionVar());
    auto yield = cast<kernel::YieldOp>(block.getTerminator());
    Value status = yield.getOperand(0);
    IRRewriter rewriter(op.getContext());
    rewriter.inlineBlockBefore(&block, loop.getBody(), loop.getBody()->end(),
                               views);
    b.setInsertionPoint(yield);
    Value before = loop.getRegionIterArgs()[0];
    Value failed =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, before, ok);
    Value first = arith::SelectOp::create(b, failed, before, status);
    scf::YieldOp::create(b, first);
    yield.erase();
    end.setOperand(0, loop.getResult(0));
    op.erase();
  }

  LogicalResult convert(func::FuncOp function, Operation *op,
                        TargetInfo target) {
    for (Tuning &loop : target.tuning)
      loop.update(sizes);
    unsigned count = function.getNumArguments();
    if (count < 2 || !function.getArgument(count - 1).getType().isIndex() ||
        !function.getArgument(count - 2).getType().isIndex())
      return function.emitError() << "expected a range of units as the last "
                                     "two arguments of a kernel's function";
    for (Value operand : op->getOperands())
      if (!isa<MemRefType>(operand.getType()))
        return op->emitError() << "expected memrefs, got " << operand.getType();
    Units units{function.getArgument(count - 2),
                function.getArgument(count - 1)};
    OpBuilder builder(op);
    KernelBuilder b(builder, op->getLoc(), target);
    b.allowBf16 = getOperation()->hasAttr(kAllowBf16Attr);
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(op)
            .Case([&](GemmOp op) { return buildGemm(b, op, units); })
            .Case([&](QuantizeRowsOp op) {
              return buildQuantizeRows(b, op, units);
            })
            .Case([&](DepthwiseOp op) { return buildDepthwise(b, op, units); })
            .Case([&](kernel::NormOp op) { return buildNorm(b, op, units); })
            .Case([&](kernel::HadamardOp op) {
              return buildHadamard(b, op, units);
            })
            .Case(
                [&](kernel::RotaryOp op) { return buildRotary(b, op, units); })
            .Case([&](kernel::AttentionOp op) {
              return buildAttention(b, op, units);
            })
            .Case([&](kernel::AppendCacheOp op) {
              return buildAppendCache(b, op, units);
            })
            .Case([&](kernel::CachedAttentionOp op) {
              return buildCachedAttention(b, op, units);
            })
            .Case([&](SoftmaxOp op) { return buildSoftmax(b, op, units); })
            .Case([&](kernel::DequantizeOp op) {
              return buildDequantize(b, op, units);
            })
            .Case([&](linalg::BatchMatmulOp op) {
              return buildBatchMatmul(b, op, units);
            })
            .Case([&](GatherRowsOp op) -> LogicalResult {
              FailureOr<Value> status = buildGatherRows(b, op, units);
              if (failed(status))
                return failure();
              auto end = cast<func::ReturnOp>(
                  function.getBody().front().getTerminator());
              if (end.getNumOperands() != 1 ||
                  !end.getOperand(0).getType().isInteger(32))
                return function.emitError()
                       << "expected a function that returns a status";
              end.setOperand(0, *status);
              return success();
            });
    if (failed(result))
      return failure();
    op->erase();
    return success();
  }

  Tuning sizes; // in place of those chosen
};

} // namespace
