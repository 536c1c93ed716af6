//===- SummarizeQuantization.cpp - what became of each weight -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Calibration/Divergence.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Numerics/Hessian.h"
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
/// Outputs of a layer whose errors are measured, evenly spaced.
static constexpr int64_t kOutputs = 256;

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
  using Labels = std::vector<std::vector<int64_t>>;

  int64_t sampleCount(const Samples &all) const {
    int64_t count = std::min(kSamples, all.size());
    return samples ? std::min<int64_t>(samples, count) : count;
  }
  LogicalResult measureOutputs();
  LogicalResult measureOutput(WeightedOpInterface op, const Hessian &hessian);
  FailureOr<Labels> readLabels(func::FuncOp main, Samples &all, bool hasLogits);
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
  if (auto seconds = dequantize->getAttrOfType<FloatAttr>(kSecondsAttr))
    entry.set("seconds", seconds);
  entry.set("clipped",
            builder.getF64FloatAttr(double(sums.clipped) /
                                    std::max<int64_t>(sums.count, 1)));
  return entry.getDictionary(&getContext());
}

/// Whether an operator's weight was made codes here.
static bool isQuantizedHere(WeightedOpInterface op) {
  auto dequantize = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  return dequantize && dequantize->hasAttr(kOriginalAttr) &&
         dequantize.getInput().getDefiningOp<ConstantOp>();
}

LogicalResult SummarizeQuantization::measureOutput(WeightedOpInterface op,
                                                   const Hessian &hessian) {
  auto dequantize = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  PackedType type = dequantize.getInput().getType();
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  llvm::Expected<ArrayRef<char>> payload =
      stores.get(dequantize.getInput().getDefiningOp<ConstantOp>().getData());
  if (!payload)
    return op.emitError() << llvm::toString(payload.takeError());
  PackedView view(payload->data(), type.getFormat(), type.getRows(),
                  type.getColumns());
  OpBuilder builder(dequantize);
  auto constant =
      ConstantOp::create(builder, dequantize.getLoc(),
                         dequantize->getAttrOfType<TypedAttr>(kOriginalAttr));
  LogicalResult read = readWeight(op, constant, [&](const TensorView &weight) {
    int64_t columns = weight.columns(),
            step = std::max<int64_t>(weight.rows() / kOutputs, 1),
            rows = llvm::divideCeil(weight.rows(), step);
    std::vector<float> values(rows * columns), change(rows * columns);
    for (int64_t i = 0; i < rows; ++i) {
      weight.readRows(i * step, i * step + 1, &values[i * columns]);
      view.dequantizeRows(i * step, i * step + 1, &change[i * columns]);
    }
    for (auto [error, value] : llvm::zip_equal(change, values))
      error -= value;
    llvm::ThreadPoolInterface *pool = getThreadPool(&getContext());
    if (double energy = hessian.getError(values, pool); energy > 0.0)
      dequantize->setAttr(
          kOutputErrorAttr,
          builder.getF64FloatAttr(hessian.getError(change, pool) / energy));
    return llvm::Error::success();
  });
  constant.erase();
  return read;
}

// What methods say that see the inputs, for those that do not.
LogicalResult SummarizeQuantization::measureOutputs() {
  ModuleOp module = getOperation();
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(module, calibration, samples, jobs);
  if (failed(opened))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  std::vector<Layer> layers = collectLayers(main, [](WeightedOpInterface op) {
    return isQuantizedHere(op) &&
           !op.getWeightOperand().get().getDefiningOp()->hasAttr(
               kOutputErrorAttr);
  });
  if (layers.empty())
    return success();
  LayerInputsOptions options;
  options.limit = sampleCount(**opened);
  options.threads = jobs;
  options.what = "report";
  auto visit = [&](const Layer &layer,
                   const LayerInputs &inputs) -> LogicalResult {
    // As little as makes a factor of few samples' inputs.
    llvm::Expected<Hessian> hessian =
        Hessian::get(inputs.gram, inputs.columns, {/*damping=*/1e-6});
    if (!hessian)
      return emitError(layer.input.getLoc())
             << llvm::toString(hessian.takeError());
    for (WeightedOpInterface op : layer.operators)
      if (failed(measureOutput(op, *hessian)))
        return failure();
    return success();
  };
  return visitLayers(main, **opened, layers, options, visit);
}

/// Whether attentions are causal, or have masks that let each query see other
/// keys, as they have where the model was exported so.
static bool hasQueryMasks(func::FuncOp main) {
  bool all = true, some = false;
  main.walk([&](AttentionOp op) {
    auto mask = op.getMask()
                    ? dyn_cast<RankedTensorType>(op.getMask().getType())
                    : RankedTensorType();
    some = true;
    all &=
        mask && mask.getRank() >= 2 && mask.getDimSize(mask.getRank() - 2) != 1;
  });
  return some && all;
}

/// Whether an input chooses rows of a table of so many, perhaps after a
/// conversion of integers.
static bool isTokens(Value value, int64_t vocabulary) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (auto table = dyn_cast<EmbeddingOp>(user))
      return cast<RankedTensorType>(table.getTable().getType()).getDimSize(0) ==
             vocabulary;
    return isa<onnx::CastOp>(user) && isTokens(user->getResult(0), vocabulary);
  });
}

// Those of the file; for language models the token that comes next.
FailureOr<SummarizeQuantization::Labels>
SummarizeQuantization::readLabels(func::FuncOp main, Samples &all,
                                  bool hasLogits) {
  auto refuse = [&](llvm::Error error) -> LogicalResult {
    return emitError(main.getLoc()) << llvm::toString(std::move(error));
  };
  Labels labels;
  llvm::Expected<std::vector<int64_t>> given = all.readLabels();
  if (!given)
    return refuse(given.takeError());
  if (!given->empty()) {
    auto each = static_cast<int64_t>(given->size()) / all.size();
    for (int64_t i = 0; i < sampleCount(all); ++i)
      labels.emplace_back(given->begin() + i * each,
                          given->begin() + (i + 1) * each);
    return labels;
  }
  auto result = cast<RankedTensorType>(
      main.front().getTerminator()->getOperand(0).getType());
  if (!hasLogits || result.getRank() != 3 || !hasQueryMasks(main))
    return labels;
  for (BlockArgument argument : main.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() != 2 ||
        !isTokens(argument, result.getDimSize(2)))
      continue;
    unsigned input = argument.getArgNumber();
    llvm::Expected<Samples::Reader> reader = all.read(input);
    llvm::Expected<Array> tokens = all.makeArray(input);
    if (!reader || !tokens)
      return refuse(llvm::joinErrors(reader.takeError(), tokens.takeError()));
    for (int64_t i = 0; i < sampleCount(all); ++i) {
      if (llvm::Error error = reader->next(*tokens))
        return refuse(std::move(error));
      llvm::Expected<std::vector<int64_t>> own = getIntegers(*tokens);
      if (!own)
        return refuse(own.takeError());
      // The last one of each row is followed by nothing.
      int64_t length = tokens->shape().back();
      for (size_t at = 0; at < own->size(); ++at)
        (*own)[at] = int64_t(at + 1) % length ? (*own)[at + 1] : -1;
      labels.push_back(std::move(*own));
    }
    break;
  }
  return labels;
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
  FailureOr<Labels> labels = readLabels(main, **opened, hasLogits);
  if (failed(labels))
    return failure();
  IRMapping mapping;
  OwningOpRef<ModuleOp> floats = cloneFloatModel(main, mapping);
  FailureOr<ModelComparison> compared =
      compareModels(*floats->getOps<func::FuncOp>().begin(), main, **opened,
                    hasLogits ? Divergence::Kl : Divergence::SquaredError,
                    sampleCount(**opened), jobs, *labels);
  if (failed(compared))
    return failure();
  Builder builder(&getContext());
  NamedAttrList entry;
  entry.set("samples", builder.getI64IntegerAttr(compared->samples));
  entry.set(hasLogits ? "kl" : "squared_error",
            builder.getF64FloatAttr(compared->divergence));
  entry.set("same_top", builder.getF64FloatAttr(compared->agreement));
  auto addScore = [&](StringRef prefix, const LabelScore &score) {
    if (!score.rows)
      return;
    auto rows = static_cast<double>(score.rows);
    entry.set((prefix + "perplexity").str(),
              builder.getF64FloatAttr(std::exp(score.loss / rows)));
    entry.set((prefix + "top1").str(),
              builder.getF64FloatAttr(static_cast<double>(score.hits) / rows));
  };
  addScore("", compared->otherScore);
  addScore("float_", compared->score);
  module->setAttr("squint.accuracy", entry.getDictionary(&getContext()));
  return success();
}

void SummarizeQuantization::runOnOperation() {
  if (!calibration.empty() && failed(measureOutputs()))
    return signalPassFailure();
  SmallVector<Attribute> entries;
  for (auto function : getOperation().getOps<FunctionOpInterface>()) {
    if (function.isExternal())
      continue;
    Roles roles(function);
    WalkResult result =
        function.walk([&](WeightedOpInterface op) -> WalkResult {
          if (!isQuantizedHere(op))
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
  getOperation()->removeAttr(kTimesAttr);
  getOperation()->setAttr(kLayersAttr, ArrayAttr::get(&getContext(), entries));
}
