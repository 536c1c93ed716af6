//===- CopyStridedOperands.cpp - rows that kernels can read -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Conversion/Passes.h"
#include "squint/Dialect/Kernel/Kernel.h"

namespace squint {
#define GEN_PASS_DEF_COPYSTRIDEDOPERANDS
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

struct CopyStridedOperands
    : squint::impl::CopyStridedOperandsBase<CopyStridedOperands> {
  void runOnOperation() override {
    getOperation().walk([&](DestinationStyleOpInterface op) {
      if (!isa<kernel::KernelDialect>(op->getDialect()) &&
          !isa<linalg::BatchMatmulOp>(op.getOperation()))
        return;
      bool allFlat =
          isa<kernel::DequantizeOp, kernel::GatherRowsOp>(op.getOperation());
      auto gemm = dyn_cast<kernel::GemmOp>(op.getOperation());
      for (OpOperand &operand : op->getOpOperands()) {
        auto type = dyn_cast<MemRefType>(operand.get().getType());
        bool flat = allFlat || (gemm && gemm.getWindow() &&
                                operand.get() == gemm.getInput());
        if (type && !isReadable(type, flat))
          copy(op, operand);
      }
    });
  }

  static bool isReadable(MemRefType type, bool flat) {
    return type.getLayout().isIdentity() || type.getRank() == 0 ||
           (!flat && type.isLastDimUnitStride());
  }

  void copy(DestinationStyleOpInterface op, OpOperand &operand) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    Value view = operand.get();
    auto type = cast<MemRefType>(view.getType());
    SmallVector<Value> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(i))
        sizes.push_back(memref::DimOp::create(b, loc, view, i));
    auto contiguous = MemRefType::get(type.getShape(), type.getElementType());
    Value buffer = memref::AllocOp::create(b, loc, contiguous, sizes,
                                           b.getI64IntegerAttr(64));
    memref::CopyOp::create(b, loc, view, buffer);
    operand.set(buffer);
    ++numCopied;
    if (!op.isDpsInit(&operand))
      return;
    b.setInsertionPointAfter(op);
    memref::CopyOp::create(b, loc, buffer, view);
  }
};

} // namespace
