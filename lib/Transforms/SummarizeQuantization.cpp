//===- SummarizeQuantization.cpp - what became of each weight -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Calibration/Divergence.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Packed.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/Roles.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_SUMMARIZEQUANTIZATION
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

/// Samples that the whole model is compared with its float self on.
static constexpr int64_t kSamples = 8;

namespace {
/// Sums over a weight's elements.
struct Comparison {
  double signal = 0.0, noise = 0.0;
  int64_t clipped = 0, count = 0;
};

struct SummarizeQuantization
    : squint::impl::SummarizeQuantizationBase<SummarizeQuantization> {
  using SummarizeQuantizationBase::SummarizeQuantizationBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  FailureOr<DictionaryAttr> summarize(WeightedOpInterface op, StringRef role);
  LogicalResult compareWithFloats();
};
} // namespace

// A value is clipped if it lies farther from its decoded one than half of the
// largest step that decoding takes around it, for integers the scale.
static void compare(const PackedView &view, int64_t row, const float *values,
                    const float *decoded, Comparison &sums) {
  int64_t columns = view.layout().columns;
  bool isInteger = view.format().isInteger() && view.format().hasScale();
  for (int64_t column = 0; column < columns; ++column) {
    double value = values[column], error = value - decoded[column];
    sums.signal += value * value;
    sums.noise += error * error;
    ++sums.count;
    if (isInteger && error != 0.0 &&
        std::fabs(error) > 0.5000001 * std::fabs(view.scale(row, column)) &&
        std::fabs(decoded[column]) < std::fabs(value))
      ++sums.clipped;
  }
}

/// Ten times the logarithm of signal over noise, in dB.
static Attribute toDecibel(Builder &builder, double signal, double noise) {
  double ratio = noise > 0.0 ? 10.0 * std::log10(signal / noise) : 999.0;
  return builder.getF64FloatAttr(std::isfinite(ratio) ? ratio : 0.0);
}

FailureOr<DictionaryAttr>
SummarizeQuantization::summarize(WeightedOpInterface op, StringRef role) {
  auto dequantize = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  auto original = dequantize->getAttrOfType<TypedAttr>(kOriginalAttr);
  PackedType type = dequantize.getInput().getType();
  Format format = type.getFormat();
  DataAttr codes = dequantize.getInput().getDefiningOp<ConstantOp>().getData();
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  llvm::Expected<ArrayRef<char>> payload = stores.get(codes);
  if (!payload)
    return op.emitError() << llvm::toString(payload.takeError());

  Comparison sums;
  PackedView view(payload->data(), format, type.getRows(), type.getColumns());
  OpBuilder builder(dequantize);
  auto constant = ConstantOp::create(builder, dequantize.getLoc(), original);
  LogicalResult read = readWeight(op, constant, [&](const TensorView &weight) {
    constexpr int64_t kRows = 32;
    std::vector<float> values(kRows * weight.columns()), decoded(values.size());
    for (int64_t row = 0; row < weight.rows(); row += kRows) {
      int64_t end = std::min(row + kRows, weight.rows());
      weight.readRows(row, end, values.data());
      view.dequantizeRows(row, end, decoded.data());
      for (int64_t i = row; i < end; ++i)
        compare(view, i, &values[(i - row) * weight.columns()],
                &decoded[(i - row) * weight.columns()], sums);
    }
    return llvm::Error::success();
  });
  constant.erase();
  if (failed(read))
    return failure();

  NamedAttrList entry;
  entry.set("node", builder.getStringAttr(getNodeName(op)));
  entry.set("role", builder.getStringAttr(role.empty() ? op.getKind() : role));
  SmallVector<int64_t> shape = {type.getRows(), type.getColumns()};
  entry.set("shape", builder.getI64ArrayAttr(shape));
  entry.set("weights", builder.getStringAttr(format.str()));
  auto input = op.getActivationOperand().get().getDefiningOp<DequantizeOp>();
  entry.set("activations",
            builder.getStringAttr(
                input ? input.getInput().getType().getFormat().str() : "f32"));
  auto method = dequantize->getAttrOfType<StringAttr>(kQuantizedByAttr);
  entry.set("method", method ? method : builder.getStringAttr("rtn"));
  entry.set("bytes", builder.getI64IntegerAttr(codes.getLength()));
  entry.set("bits", builder.getF64FloatAttr(8.0 * codes.getLength() /
                                            std::max<int64_t>(sums.count, 1)));
  entry.set("weights_snr_db", toDecibel(builder, sums.signal, sums.noise));
  if (auto error = dequantize->getAttrOfType<FloatAttr>(kOutputErrorAttr))
    entry.set("outputs_snr_db",
              toDecibel(builder, 1.0, error.getValueAsDouble()));
  entry.set("clipped",
            builder.getF64FloatAttr(double(sums.clipped) /
                                    std::max<int64_t>(sums.count, 1)));
  return entry.getDictionary(&getContext());
}

LogicalResult SummarizeQuantization::compareWithFloats() {
  ModuleOp module = getOperation();
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(module, calibration, samples, jobs);
  if (failed(opened))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  Value result = main.front().getTerminator()->getOperand(0);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!result.getDefiningOp() || !type ||
      !isa<mlir::FloatType>(type.getElementType()))
    return success();
  Roles roles(main);
  bool hasLogits = main.walk([&](WeightedOpInterface op) {
                         return roles.lookup(op) == "head"
                                    ? WalkResult::interrupt()
                                    : WalkResult::advance();
                       })
                       .wasInterrupted();
  IRMapping mapping;
  OwningOpRef<ModuleOp> floats = cloneFloatModel(main, mapping);
  FailureOr<ModelComparison> compared = compareModels(
      *floats->getOps<func::FuncOp>().begin(), main, **opened,
      hasLogits ? Divergence::Kl : Divergence::SquaredError,
      samples ? std::min<int64_t>(samples, kSamples) : kSamples, jobs);
  if (failed(compared))
    return failure();
  Builder builder(&getContext());
  NamedAttrList entry;
  entry.set("samples", builder.getI64IntegerAttr(compared->samples));
  entry.set(hasLogits ? "kl" : "squared_error",
            builder.getF64FloatAttr(compared->divergence));
  entry.set("same_top", builder.getF64FloatAttr(compared->agreement));
  module->setAttr("squint.accuracy", entry.getDictionary(&getContext()));
  return success();
}

void SummarizeQuantization::runOnOperation() {
  SmallVector<Attribute> entries;
  for (auto function : getOperation().getOps<FunctionOpInterface>()) {
    if (function.isExternal())
      continue;
    Roles roles(function);
    WalkResult result =
        function.walk([&](WeightedOpInterface op) -> WalkResult {
          auto dequantize =
              op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
          if (!dequantize || !dequantize->hasAttr(kOriginalAttr) ||
              !dequantize.getInput().getDefiningOp<ConstantOp>())
            return WalkResult::advance();
          FailureOr<DictionaryAttr> entry = summarize(op, roles.lookup(op));
          if (failed(entry))
            return WalkResult::interrupt();
          entries.push_back(*entry);
          return WalkResult::advance();
        });
    if (result.wasInterrupted())
      return signalPassFailure();
  }
  numWeights += entries.size();
  if (!calibration.empty() && !entries.empty() && failed(compareWithFloats()))
    return signalPassFailure();
  getOperation()->setAttr(kLayersAttr, ArrayAttr::get(&getContext(), entries));
}
