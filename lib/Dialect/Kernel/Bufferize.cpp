//===- Bufferize.cpp - one-shot bufferization of kernels --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "squint/Dialect/Kernel/Kernel.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace squint;

namespace {

/// Reads its inputs, writes its destinations, which only what goes into a cache
/// reads, and is the same operator on memrefs.
template <typename OpTy>
struct KernelInterface
    : DstBufferizableOpInterfaceExternalModel<KernelInterface<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
           isa<kernel::AppendCacheOp>(op);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto dps = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands, inits;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<TensorType>(operand.get().getType())) {
        operands.push_back(operand.get());
        continue;
      }
      FailureOr<Value> buffer =
          getBuffer(rewriter, operand.get(), options, state);
      if (failed(buffer))
        return failure();
      if (dps.isDpsInit(&operand))
        inits.push_back(*buffer);
      operands.push_back(*buffer);
    }
    OperationState newState(op->getLoc(), op->getName(), operands, TypeRange(),
                            op->getAttrs());
    newState.propertiesAttr = op->getPropertiesAsAttribute();
    for (Region &region : op->getRegions())
      newState.addRegion()->takeBody(region);
    rewriter.create(newState);
    replaceOpWithBufferizedValues(rewriter, op, inits);
    return success();
  }
};

/// A constant of the model lives in the weights: nobody may write to it.
struct ConstantInterface
    : BufferizableOpInterface::ExternalModel<ConstantInterface, ConstantOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const {
    return false;
  }
  AliasingOpOperandList getAliasingOpOperands(Operation *, Value,
                                              const AnalysisState &) const {
    return {};
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return success();
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    OperationState newState(op->getLoc(), op->getName(), ValueRange(), memref,
                            op->getAttrs());
    newState.propertiesAttr = op->getPropertiesAsAttribute();
    Operation *constant = rewriter.create(newState);
    replaceOpWithBufferizedValues(rewriter, op, constant->getResults());
    return success();
  }

  FailureOr<BufferLikeType> getBufferType(Operation *, Value value,
                                          const BufferizationOptions &,
                                          const BufferizationState &,
                                          SmallVector<Value> &) const {
    auto type = cast<RankedTensorType>(value.getType());
    return cast<BufferLikeType>(
        MemRefType::get(type.getShape(), type.getElementType()));
  }
};

} // namespace

void kernel::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    GemmOp::attachInterface<KernelInterface<GemmOp>>(*context);
    QuantizeRowsOp::attachInterface<KernelInterface<QuantizeRowsOp>>(*context);
    DepthwiseOp::attachInterface<KernelInterface<DepthwiseOp>>(*context);
    NormOp::attachInterface<KernelInterface<NormOp>>(*context);
    kernel::HadamardOp::attachInterface<KernelInterface<kernel::HadamardOp>>(
        *context);
    kernel::RotaryOp::attachInterface<KernelInterface<kernel::RotaryOp>>(
        *context);
    AttentionOp::attachInterface<KernelInterface<AttentionOp>>(*context);
    kernel::AppendCacheOp::attachInterface<
        KernelInterface<kernel::AppendCacheOp>>(*context);
    kernel::CachedAttentionOp::attachInterface<
        KernelInterface<kernel::CachedAttentionOp>>(*context);
    SoftmaxOp::attachInterface<KernelInterface<SoftmaxOp>>(*context);
    GatherRowsOp::attachInterface<KernelInterface<GatherRowsOp>>(*context);
    ProgramOp::attachInterface<KernelInterface<ProgramOp>>(*context);
    DequantizeOp::attachInterface<KernelInterface<DequantizeOp>>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, SquintDialect *) {
    ConstantOp::attachInterface<ConstantInterface>(*context);
  });
}
