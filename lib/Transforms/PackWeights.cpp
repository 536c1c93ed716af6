//===- PackWeights.cpp - weights in the order that kernels read -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/Threading.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/PanelRows.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct PackWeights : squint::impl::PackWeightsBase<PackWeights> {
  void runOnOperation() override;

private:
  LogicalResult pack(kernel::GemmOp op);
  FailureOr<DataAttr> repack(kernel::GemmOp op, DataAttr plain);
  void share(OpOperand &operand);
  Value getPacked(ConstantOp constant, DataAttr data);

  /// Bytes by bytes, so that constants that say the same are packed once.
  llvm::DenseMap<Attribute, DataAttr> repacked;
  llvm::DenseMap<Operation *, Value> packed;
  /// Plain constants that may have lost their last use; erased last, as the
  /// map is keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

FailureOr<DataAttr> PackWeights::repack(kernel::GemmOp op, DataAttr plain) {
  auto type = cast<PackedType>(plain.getType());
  auto layout = kernel::PanelLayout::get(type.getFormat(), type.getRows(),
                                         type.getColumns());
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  llvm::Expected<ArrayRef<char>> bytes = stores.get(plain);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());
  auto panels =
      kernel::PanelsAttr::get(&getContext(), kernel::PanelLayout::width);
  auto panelType =
      PackedType::get(type.getShape(), type.getFormatAttr(), panels);
  return stores.create(
      panelType, layout.totalBytes(), [&](MutableArrayRef<char> out) {
        parallelFor(&getContext(), 0, layout.panels, [&](size_t panel) {
          layout.pack(bytes->data(), out.data(), panel, panel + 1);
        });
      });
}

LogicalResult PackWeights::pack(kernel::GemmOp op) {
  auto type = dyn_cast<PackedType>(op.getWeights().getType());
  if (!type || type.getLayout())
    return success();
  auto constant = op.getWeights().getDefiningOp<ConstantOp>();
  DataAttr plain = constant ? constant.getData() : DataAttr();
  if (!plain)
    return op.emitError() << "expected a constant weight, got " << type;
  DataAttr &data = repacked[plain];
  if (!data) {
    FailureOr<DataAttr> made = repack(op, plain);
    if (failed(made))
      return failure();
    data = *made;
    ++numPacked;
  }
  op.getWeightsMutable().assign(getPacked(constant, data));
  return success();
}

Value PackWeights::getPacked(ConstantOp constant, DataAttr data) {
  Value &value = packed[constant];
  if (!value) {
    OpBuilder builder(constant);
    value = ConstantOp::create(builder, constant.getLoc(), data);
    replaced.insert(constant);
  }
  return value;
}

/// Reads rows out of the panels that a product has of the same bytes.
void PackWeights::share(OpOperand &operand) {
  auto constant = operand.get().getDefiningOp<ConstantOp>();
  DataAttr plain = constant ? constant.getData() : DataAttr();
  if (!plain)
    return;
  // Products read a tensor of floats as packed ones.
  auto type = dyn_cast<RankedTensorType>(plain.getType());
  if (type && type.getElementType().isF32() && type.getRank() == 2 &&
      plain.getPermutation().empty())
    plain = DataAttr::get(
        &getContext(),
        PackedType::get(type.getShape(), FormatAttr::get(&getContext(), "f32")),
        plain.getStore(), plain.getOffset(), plain.getLength(), {});
  DataAttr data = repacked.lookup(plain);
  if (data &&
      kernel::hasPanelRows(cast<PackedType>(data.getType()).getFormat()))
    operand.set(getPacked(constant, data));
}

void PackWeights::runOnOperation() {
  repacked.clear();
  packed.clear();
  replaced.clear();
  WalkResult result = getOperation().walk([&](kernel::GemmOp op) {
    return failed(pack(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  getOperation().walk([&](Operation *op) {
    if (auto gather = dyn_cast<kernel::GatherRowsOp>(op))
      share(gather.getTableMutable());
    else if (auto dequantize = dyn_cast<kernel::DequantizeOp>(op))
      share(dequantize.getWeightsMutable());
  });
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
