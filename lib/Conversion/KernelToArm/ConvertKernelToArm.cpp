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

static Value call(KernelBuilder &b, Type type, const char *name,
                  ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands)
      .getResult(0);
}

/// A quarter of the lanes is one register.
static void convertDot(KernelBuilder &b, DotOp op) {
  auto sums = b.vec(b.getI32Type(), 4), bytes = b.vec(b.getI8Type(), 16);
  Value x = b.bitcast(bytes, b.splat(op.getInput(), 4));
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(b.i32s()));
  for (int64_t i = 0; i < 4; ++i) {
    Value part = call(b, sums, "llvm.aarch64.neon.sdot",
                      {slice(b, op.getAccumulator(), 4 * i, 4),
                       slice(b, op.getWeights(), 16 * i, 16), x});
    result = vector::InsertStridedSliceOp::create(
        b, part, result, ArrayRef<int64_t>{4 * i}, ArrayRef<int64_t>{1});
  }
  op.getResult().replaceAllUsesWith(result);
  op.erase();
}

/// The table is four registers of bytes; every byte of a float has its index.
static void convertLookup(KernelBuilder &b, LookupOp op) {
  auto bytes = b.vec(b.getI8Type(), 16), words = b.vec(b.getI32Type(), 4);
  auto floats = b.vec(b.getF32Type(), 4);
  SmallVector<Value> operands;
  for (int64_t i = 0; i < 16; i += 4) {
    Value part = arith::ConstantOp::create(
        b, DenseElementsAttr::get(floats, op.getTable().slice(i, 4)));
    operands.push_back(b.bitcast(bytes, part));
  }
  operands.emplace_back();
  Value result = arith::ConstantOp::create(b, b.getZeroAttr(b.f32s()));
  for (int64_t i = 0; i < 4; ++i) {
    Value index = slice(b, op.getIndices(), 4 * i, 4);
    index = arith::AndIOp::create(b, index, b.intConstant(words, 15));
    // 4 * index + 0, 1, 2, 3 in the bytes of a lane.
    index = arith::MulIOp::create(b, index, b.intConstant(words, 0x04040404));
    index = arith::AddIOp::create(b, index, b.intConstant(words, 0x03020100));
    operands.back() = b.bitcast(bytes, index);
    Value part = call(b, bytes, "llvm.aarch64.neon.tbl4", operands);
    result = vector::InsertStridedSliceOp::create(
        b, b.bitcast(floats, part), result, ArrayRef<int64_t>{4 * i},
        ArrayRef<int64_t>{1});
  }
  op.getResult().replaceAllUsesWith(result);
  op.erase();
}

static void convertLookup(KernelBuilder &b, LookupBytesOp op) {
  auto bytes = b.vec(b.getI8Type(), 16);
  Value table = arith::ConstantOp::create(
      b, DenseElementsAttr::get(bytes, op.getTable()));
  Value result =
      arith::ConstantOp::create(b, b.getZeroAttr(op.getResult().getType()));
  for (int64_t i = 0; i < 4; ++i) {
    Value part = call(b, bytes, "llvm.aarch64.neon.tbl1",
                      {table, slice(b, op.getIndices(), 16 * i, 16)});
    result = vector::InsertStridedSliceOp::create(
        b, part, result, ArrayRef<int64_t>{16 * i}, ArrayRef<int64_t>{1});
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
      if (target->arch != TargetInfo::Arch::AArch64)
        return WalkResult::advance();
      function.walk([&](Operation *op) {
        OpBuilder builder(op);
        KernelBuilder b(builder, op->getLoc(), *target);
        if (auto lookup = dyn_cast<LookupOp>(op))
          return convertLookup(b, lookup);
        if (auto lookup = dyn_cast<LookupBytesOp>(op))
          return convertLookup(b, lookup);
        auto dot = dyn_cast<DotOp>(op);
        // Unsigned bytes beyond 127 are negative to sdot.
        bool isWide = dot && int32_t(dot.getWeightMin()) >= 0 &&
                      int32_t(dot.getWeightMax()) > 127;
        if (dot && target->dotProd && !isWide)
          convertDot(b, dot);
      });
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
