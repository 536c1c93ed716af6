//===- PackWeights.cpp - weights in the order that kernels read -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/Threading.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Fragments.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/PanelRows.h"
#include "squint/Kernels/Targets.h"
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
  LogicalResult pack(Operation *op, OpOperand &weights);
  Attribute chooseLayout(Operation *op);
  FailureOr<DataAttr> repack(Operation *op, DataAttr plain, Attribute layout);
  LogicalResult packRows(OpOperand &operand);
  Value getPacked(ConstantOp constant, DataAttr data);

  /// Bytes by bytes and layout, so that constants that say the same are packed
  /// once.
  using Key = std::pair<Attribute, Attribute>;
  llvm::DenseMap<Key, DataAttr> repacked;
  llvm::DenseMap<std::pair<Operation *, Attribute>, Value> packed;
  Attribute panels;
  bool isDevice = false;
  /// Plain constants that may have lost their last use; erased last, as the
  /// map is keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

/// GPUs read fragments, and panels where there are no fragments of a format.
Attribute PackWeights::chooseLayout(Operation *op) {
  auto gemm = dyn_cast<kernel::GemmOp>(op);
  if (!isDevice || !gemm || !kernel::canHaveFragments(gemm))
    return panels;
  Type operand = gemm.hasIntegerInput()
                     ? Type(IntegerType::get(&getContext(), 8))
                     : Type(Float16Type::get(&getContext()));
  return kernel::FragmentsAttr::get(&getContext(), operand);
}

FailureOr<DataAttr> PackWeights::repack(Operation *op, DataAttr plain,
                                        Attribute layoutAttr) {
  auto type = cast<PackedType>(plain.getType());
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  llvm::Expected<ArrayRef<char>> bytes = stores.get(plain);
  if (!bytes)
    return op->emitError() << llvm::toString(bytes.takeError());
  auto packedType =
      PackedType::get(type.getShape(), type.getFormatAttr(), layoutAttr);
  auto lay = [&](const auto &layout, int64_t size, int64_t parts) {
    return stores.create(packedType, size, [&](MutableArrayRef<char> out) {
      parallelFor(&getContext(), 0, parts, [&](size_t part) {
        layout.pack(bytes->data(), out.data(), part, part + 1);
      });
    });
  };
  if (auto fragments = dyn_cast<kernel::FragmentsAttr>(layoutAttr)) {
    auto layout =
        kernel::FragmentLayout::get(type.getFormat(), type.getRows(),
                                    type.getColumns(), fragments.areBytes());
    return lay(layout, layout.totalBytes, layout.tiles);
  }
  auto layout = kernel::PanelLayout::get(type.getFormat(), type.getRows(),
                                         type.getColumns());
  return lay(layout, layout.totalBytes(), layout.panels);
}

LogicalResult PackWeights::pack(Operation *op, OpOperand &weights) {
  auto type = dyn_cast<PackedType>(weights.get().getType());
  if (!type || type.getLayout())
    return success();
  auto constant = weights.get().getDefiningOp<ConstantOp>();
  DataAttr plain = constant ? constant.getData() : DataAttr();
  if (!plain)
    return op->emitError() << "expected a constant weight, got " << type;
  Attribute layout = chooseLayout(op);
  DataAttr &data = repacked[{plain, layout}];
  if (!data) {
    FailureOr<DataAttr> made = repack(op, plain, layout);
    if (failed(made))
      return failure();
    data = *made;
    ++numPacked;
  }
  weights.set(getPacked(constant, data));
  return success();
}

Value PackWeights::getPacked(ConstantOp constant, DataAttr data) {
  Value &value =
      packed[{constant, cast<PackedType>(data.getType()).getLayout()}];
  if (!value) {
    OpBuilder builder(constant);
    value = ConstantOp::create(builder, constant.getLoc(), data);
    replaced.insert(constant);
  }
  return value;
}

/// Reads rows out of the panels that a product has of the same bytes, or that
/// no kernel reads otherwise.
LogicalResult PackWeights::packRows(OpOperand &operand) {
  if (auto type = dyn_cast<PackedType>(operand.get().getType());
      type && !kernel::hasPlainRows(type.getFormat()))
    return pack(operand.getOwner(), operand);
  auto constant = operand.get().getDefiningOp<ConstantOp>();
  DataAttr plain = constant ? constant.getData() : DataAttr();
  if (!plain)
    return success();
  // Products read a tensor of floats as packed ones.
  auto type = dyn_cast<RankedTensorType>(plain.getType());
  if (type && type.getElementType().isF32() && type.getRank() == 2 &&
      plain.getPermutation().empty())
    plain = DataAttr::get(
        &getContext(),
        PackedType::get(type.getShape(), FormatAttr::get(&getContext(), "f32")),
        plain.getStore(), plain.getOffset(), plain.getLength(), {});
  DataAttr data = repacked.lookup({plain, panels});
  if (data &&
      kernel::hasPanelRows(cast<PackedType>(data.getType()).getFormat()))
    operand.set(getPacked(constant, data));
  return success();
}

void PackWeights::runOnOperation() {
  repacked.clear();
  packed.clear();
  replaced.clear();
  panels = kernel::PanelsAttr::get(&getContext(), kernel::PanelLayout::width);
  isDevice = isForDevice(getOperation());
  WalkResult result = getOperation().walk([&](kernel::GemmOp op) {
    return WalkResult(pack(op, op.getWeightsMutable()));
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  result = getOperation().walk([&](Operation *op) {
    if (auto gather = dyn_cast<kernel::GatherRowsOp>(op))
      return WalkResult(packRows(gather.getTableMutable()));
    if (auto dequantize = dyn_cast<kernel::DequantizeOp>(op))
      return WalkResult(packRows(dequantize.getWeightsMutable()));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
