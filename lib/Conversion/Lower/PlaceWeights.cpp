//===- PlaceWeights.cpp - lay the constants out in one blob -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/State.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

namespace squint {
#define GEN_PASS_DEF_PLACEWEIGHTS
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {
struct PlaceWeights : squint::impl::PlaceWeightsBase<PlaceWeights> {
  void runOnOperation() override;
};
} // namespace

/// The value as bytes in the order of its type: inline constants and transposed
/// references become buffers.
static FailureOr<DataAttr> asData(ConstantOp op, DataStores &stores) {
  DataAttr data = op.getData();
  if (data && data.getPermutation().empty())
    return data;
  std::vector<char> scratch;
  auto value = cast<TypedAttr>(op.getValue());
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());
  auto flat = RankedTensorType::get({static_cast<int64_t>(bytes->size())},
                                    IntegerType::get(op.getContext(), 8));
  return stores.create(flat, bytes->size(), [&](MutableArrayRef<char> to) {
    llvm::copy(*bytes, to.begin());
  });
}

/// Kernels remember what the bytes they read mean.
static void keepType(ConstantOp op) {
  auto type = TypeAttr::get(op.getType());
  for (Operation *user : op->getUsers()) {
    if (auto gather = dyn_cast<kernel::GatherRowsOp>(user))
      gather.setTableTypeAttr(type);
    else if (auto gemm = dyn_cast<kernel::GemmOp>(user))
      gemm.setWeightTypeAttr(type);
    else if (auto dequantize = dyn_cast<kernel::DequantizeOp>(user))
      dequantize.setWeightTypeAttr(type);
  }
}

/// Layers' parts of a state become views of it, so that one kernel serves all
/// layers of a kind.
template <typename OpTy> static void viewCache(OpTy op, OpOperand &state) {
  CacheAttr layout = op.getLayout();
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto view = [&](Value bytes, int64_t offset) -> Value {
    if (!offset)
      return bytes;
    Value at = arith::ConstantIndexOp::create(builder, loc, offset),
          // Never asked for.
        size = arith::ConstantIndexOp::create(
            builder, loc, std::numeric_limits<int64_t>::max());
    return memref::ViewOp::create(
        builder, loc, cast<MemRefType>(bytes.getType()), bytes, at, size);
  };
  Value bytes = state.get();
  state.set(view(bytes, layout.getOffset()));
  // One operand more: where the others are may change.
  if (CacheLayout::get(layout).isGrouped)
    op.getFrontMutable().assign(view(bytes, layout.getFrontOffset()));
  op.setLayoutAttr(CacheAttr::get(
      op.getContext(), layout.getKeys(), layout.getValues(), layout.getHeads(),
      layout.getKeySize(), layout.getValueSize(), 0, layout.getStride(),
      layout.getFirst(), layout.getFront(), 0));
}

void PlaceWeights::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  OpBuilder builder(&getContext());
  SmallVector<ConstantOp> constants;
  main.walk([&](ConstantOp op) { constants.push_back(op); });

  Block &block = main.getBody().front();
  auto bytesType = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  Value weights = block.addArgument(bytesType, main.getLoc());
  main.setType(FunctionType::get(&getContext(), block.getArgumentTypes(), {}));

  llvm::MapVector<Attribute, int64_t> offsets;
  SmallVector<Attribute> pieces;
  int64_t size = 0;
  for (ConstantOp op : constants) {
    auto [it, isNew] = offsets.try_emplace(op.getValue(), size);
    if (isNew) {
      FailureOr<DataAttr> data = asData(op, stores);
      if (failed(data))
        return signalPassFailure();
      pieces.push_back(
          builder.getArrayAttr({builder.getI64IntegerAttr(size), *data}));
      size = llvm::alignTo(size + data->getLength(), 64);
    }
    builder.setInsertionPoint(op);
    Value offset =
        arith::ConstantIndexOp::create(builder, op.getLoc(), it->second);
    MemRefType type = dyn_cast<MemRefType>(op.getType());
    if (!type)
      type = MemRefType::get({cast<DataAttr>(op.getValue()).getLength()},
                             builder.getI8Type());
    Value view = memref::ViewOp::create(builder, op.getLoc(), type, weights,
                                        offset, ValueRange());
    if (isa<PackedType>(op.getType()))
      keepType(op);
    op.replaceAllUsesWith(view);
    op.erase();
  }
  main.walk([](kernel::AppendCacheOp op) {
    viewCache(op, op.getOutputsMutable()[0]);
  });
  main.walk([](kernel::CachedAttentionOp op) {
    viewCache(op, op.getCacheMutable());
  });
  module->setAttr("squint.weights", builder.getArrayAttr(pieces));
  module->setAttr("squint.weights_size", builder.getI64IntegerAttr(size));
}
