//===- QuantizeActivations.cpp - codes for activations ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "WeightedOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Dialect/Squint/ValueNames.h"
#include "squint/Numerics/Activations.h"
#include "squint/Transforms/Passes.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeActivations
    : squint::impl::QuantizeActivationsBase<QuantizeActivations> {
  void runOnOperation() override;

private:
  void findRanges();
  LogicalResult quantize(WeightedOpInterface op, const Format &format);

  /// What calibration learned about the activations.
  llvm::DenseMap<Value, StatisticsOp> ranges;
  /// Decoded values by value and format.
  using Key = std::pair<void *, Attribute>;
  llvm::DenseMap<Key, Value> decoded, decodedImages;
};
} // namespace

void QuantizeActivations::findRanges() {
  ranges.clear();
  llvm::StringMap<StatisticsOp> byName;
  for (StatisticsOp op : getOperation().getOps<StatisticsOp>())
    byName[op.getValueName()] = op;
  getOperation().walk([&](FunctionOpInterface function) {
    ValueNames names(function);
    function.walk([&](WeightedOpInterface op) {
      Value input = op.getActivationOperand().get();
      if (StatisticsOp found = byName.lookup(names.lookup(input)))
        ranges[input] = found;
    });
  });
}

/// The grid of codes of 8 bits that a value has been rounded to before, seen
/// through what moves elements and chooses among them.
static std::optional<StaticGrid> findGrid(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    auto pool = dyn_cast<PoolOp>(op);
    if (!isa<onnx::TransposeOp, onnx::ReshapeOp, onnx::FlattenOp,
             onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::MaxPoolOp>(op) &&
        !(pool && pool.getKind() == PoolKind::Max))
      break;
    value = pool ? pool.getInput() : op->getOperand(0);
  }
  auto fake = value.getDefiningOp<FakeQuantizeOp>();
  if (!fake)
    return std::nullopt;
  std::optional<double> scale = readScalar(fake.getScale());
  FailureOr<SmallVector<int64_t>> zero = SmallVector<int64_t>{0};
  if (fake.getZeroPoint())
    zero = readIntegers(fake.getZeroPoint());
  if (!scale || !(*scale > 0) || std::isinf(*scale) || failed(zero) ||
      zero->size() != 1)
    return std::nullopt;
  // Codes without a sign become signed ones.
  int64_t point = zero->front();
  if (static_cast<int64_t>(fake.getHigh()) > 127)
    point -= 128;
  if (point < -128 || point > 127)
    return std::nullopt;
  return StaticGrid{static_cast<float>(*scale), static_cast<int32_t>(point)};
}

LogicalResult QuantizeActivations::quantize(WeightedOpInterface op,
                                            const Format &format) {
  OpOperand &operand = op.getActivationOperand();
  Value input = operand.get();
  auto type = cast<RankedTensorType>(input.getType());
  FloatAttr scale;
  IntegerAttr zeroPoint;
  if (format.granularity == Granularity::Tensor) {
    std::optional<StaticGrid> grid;
    if (format.scale == ScaleType::F32)
      grid = findGrid(input);
    StatisticsOp range = ranges.lookup(input);
    if (!grid && !range)
      return op.emitError()
             << "no calibration statistics for the input of " << describe(op);
    if (!grid)
      grid = chooseStaticGrid(format, range.getMin().convertToFloat(),
                              range.getMax().convertToFloat());
    if (grid->scale == 0.0f || std::isinf(grid->scale))
      return op.emitError()
             << "expected a range that scales of type "
             << stringifyScaleType(format.scale) << " hold for the input of "
             << describe(op) << ", got " << range.getMinAttr() << " to "
             << range.getMaxAttr();
    Builder builder(&getContext());
    scale = builder.getF32FloatAttr(grid->scale);
    zeroPoint = builder.getI32IntegerAttr(grid->zeroPoint);
  }
  Attribute formatAttr = FormatAttr::get(&getContext(), format);
  // A token of a linear is a row, that of a conv an image.
  bool isImage = format.granularity == Granularity::Token && !op.hasTokenRows();
  auto &values = isImage ? decodedImages : decoded;
  Value &value = values[{input.getAsOpaquePointer(), formatAttr}];
  if (!value) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(input);
    auto codesType =
        PackedType::get(type.getShape(), cast<FormatAttr>(formatAttr));
    auto quantize = QuantizeOp::create(builder, op.getLoc(), codesType, input,
                                       scale, zeroPoint, isImage);
    auto dequantize =
        DequantizeOp::create(builder, op.getLoc(), type, quantize);
    if (FailureOr<SmallVector<DimExpr>> dims = getDims(input);
        succeeded(dims)) {
      setDims(quantize, *dims);
      setDims(dequantize, *dims);
    }
    value = dequantize;
    ++numActivations;
  }
  operand.set(value);
  return success();
}

void QuantizeActivations::runOnOperation() {
  decoded.clear();
  decodedImages.clear();
  findRanges();
  WalkResult result = getOperation().walk([&](WeightedOpInterface op) {
    if (!op->hasAttr(kActivationFormatAttr))
      return WalkResult::advance();
    FailureOr<Format> format = takeFormat(op, kActivationFormatAttr);
    return failed(format) || failed(quantize(op, *format))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  // Carried out; no later stage knows them.
  getOperation().walk([](Operation *op) {
    if (isa<StatisticsOp, ObserveOp>(op))
      op->erase();
  });
}
