//===- QuantizeRtn.cpp - quantize to the nearest code -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Dialect/Squint/ValueNames.h"
#include "squint/Numerics/Activations.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZERTN
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

static squint::FloatType toFloatType(Type element) {
  return element.isF16()    ? squint::FloatType::F16
         : element.isBF16() ? squint::FloatType::BF16
         : element.isF64()  ? squint::FloatType::F64
                            : squint::FloatType::F32;
}

static std::string describe(WeightedOpInterface op) {
  StringRef name = getNodeName(op);
  return name.empty() ? ("a " + op.getKind()).str()
                      : ("node '" + name + "'").str();
}

namespace {
struct QuantizeRtn : squint::impl::QuantizeRtnBase<QuantizeRtn> {
  void runOnOperation() override;

private:
  FailureOr<Format> takeFormat(WeightedOpInterface op, StringRef attribute);
  LogicalResult quantizeWeight(WeightedOpInterface op, const Format &format);
  FailureOr<DataAttr> packWeight(WeightedOpInterface op, ConstantOp constant,
                                 const Format &format);
  void findRanges();
  LogicalResult quantizeActivation(WeightedOpInterface op,
                                   const Format &format);

  /// What calibration learned about the activations.
  llvm::DenseMap<Value, StatisticsOp> ranges;
  using Key = std::pair<void *, Attribute>;
  /// Packed bytes by float constant and format, so that constants that say the
  /// same are packed once.
  llvm::DenseMap<Key, DataAttr> packed;
  /// Decoded values by value and format.
  llvm::DenseMap<Key, Value> decoded, decodedImages;
  /// Float constants that may have lost their last use. They are erased last,
  /// as the maps are keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

FailureOr<Format> QuantizeRtn::takeFormat(WeightedOpInterface op,
                                          StringRef attribute) {
  auto spelling = dyn_cast<StringAttr>(op->getAttr(attribute));
  if (!spelling)
    return op.emitError() << "expected " << attribute << " to be a string";
  llvm::Expected<Format> format =
      Format::parse(spelling.getValue(), FormatRole::Any);
  if (!format)
    return op.emitError() << "expected a format for " << attribute << ", got "
                          << spelling << ": "
                          << llvm::toString(format.takeError());
  op->removeAttr(attribute);
  return *format;
}

FailureOr<DataAttr> QuantizeRtn::packWeight(WeightedOpInterface op,
                                            ConstantOp constant,
                                            const Format &format) {
  auto type = cast<RankedTensorType>(constant.getType());
  auto packedType =
      PackedType::get(type.getShape(), FormatAttr::get(&getContext(), format));
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();

  std::vector<char> scratch;
  DataAttr data = constant.getData();
  llvm::Expected<ArrayRef<char>> bytes =
      data ? stores.get(data) : getConstantBytes(constant.getValue(), scratch);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());

  SmallVector<int64_t> stored(type.getShape());
  if (data)
    stored = data.getStoredShape();
  TensorView view(bytes->data(), toFloatType(type.getElementType()), stored,
                  data ? data.getPermutation() : ArrayRef<int64_t>());
  int64_t size =
      PlainLayout::get(format, view.rows(), view.columns()).totalBytes;
  llvm::ThreadPoolInterface *pool = getContext().isMultithreadingEnabled()
                                        ? &getContext().getThreadPool()
                                        : nullptr;
  std::string message;
  DataAttr result =
      stores.create(packedType, size, [&](MutableArrayRef<char> payload) {
        if (llvm::Error error = quantizeRtn(view, format, payload, pool))
          message = llvm::toString(std::move(error));
      });
  if (message.empty())
    return result;
  InFlightDiagnostic diagnostic = op.emitError();
  diagnostic << "weight of " << describe(op);
  if (data)
    diagnostic << " in '" << data.getStore() << "'";
  return diagnostic << ": " << message;
}

LogicalResult QuantizeRtn::quantizeWeight(WeightedOpInterface op,
                                          const Format &format) {
  OpOperand &operand = op.getWeightOperand();
  auto constant = operand.get().getDefiningOp<ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!constant || !type || !isa<mlir::FloatType>(type.getElementType()) ||
      type.getRank() == 0)
    return op.emitError() << "expected a constant float weight for format '"
                          << format.str() << "', got "
                          << operand.get().getType();

  Attribute formatAttr = FormatAttr::get(&getContext(), format);
  Value &weight =
      decoded[{constant.getResult().getAsOpaquePointer(), formatAttr}];
  if (!weight) {
    DataAttr &data =
        packed[{const_cast<void *>(constant.getValue().getAsOpaquePointer()),
                formatAttr}];
    if (!data) {
      FailureOr<DataAttr> made = packWeight(op, constant, format);
      if (failed(made))
        return failure();
      data = *made;
      ++numWeights;
    }
    OpBuilder builder(constant);
    auto codes = ConstantOp::create(builder, constant.getLoc(), data);
    weight = DequantizeOp::create(builder, constant.getLoc(), type, codes);
  }
  operand.set(weight);
  replaced.insert(constant);
  return success();
}

void QuantizeRtn::findRanges() {
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

LogicalResult QuantizeRtn::quantizeActivation(WeightedOpInterface op,
                                              const Format &format) {
  OpOperand &operand = op.getActivationOperand();
  Value input = operand.get();
  auto type = cast<RankedTensorType>(input.getType());
  FloatAttr scale;
  IntegerAttr zeroPoint;
  if (format.granularity == Granularity::Tensor) {
    StatisticsOp range = ranges.lookup(input);
    if (!range)
      return op.emitError()
             << "no calibration statistics for the input of " << describe(op);
    StaticGrid grid = chooseStaticGrid(format, range.getMin().convertToFloat(),
                                       range.getMax().convertToFloat());
    if (grid.scale == 0.0f || std::isinf(grid.scale))
      return op.emitError()
             << "expected a range that scales of type "
             << stringifyScaleType(format.scale) << " hold for the input of "
             << describe(op) << ", got " << range.getMinAttr() << " to "
             << range.getMaxAttr();
    Builder builder(&getContext());
    scale = builder.getF32FloatAttr(grid.scale);
    zeroPoint = builder.getI32IntegerAttr(grid.zeroPoint);
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

void QuantizeRtn::runOnOperation() {
  packed.clear();
  decoded.clear();
  decodedImages.clear();
  replaced.clear();
  findRanges();
  WalkResult result = getOperation().walk([&](WeightedOpInterface op) {
    if (op->hasAttr(kWeightFormatAttr)) {
      FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
      if (failed(format) || failed(quantizeWeight(op, *format)))
        return WalkResult::interrupt();
    }
    if (op->hasAttr(kActivationFormatAttr)) {
      FailureOr<Format> format = takeFormat(op, kActivationFormatAttr);
      if (failed(format) || failed(quantizeActivation(op, *format)))
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
  // Carried out; no later stage knows them.
  getOperation().walk([](Operation *op) {
    if (isa<StatisticsOp, ObserveOp>(op))
      op->erase();
  });
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
