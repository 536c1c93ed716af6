//===- MethodLayers.cpp - weights by what their inputs are like -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Calibration/Checkpoint.h"
#include "squint/Calibration/SliceCompiler.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace squint;

FailureOr<const Hessian *> LayerWeight::getHessian(double damping,
                                                   bool actOrder) const {
  HessianOptions wanted;
  wanted.damping = options.number("damping", damping);
  wanted.actOrder = options.flag("act-order", actOrder);
  auto key = std::make_pair(wanted.damping, wanted.actOrder);
  auto found = hessians.find(key);
  if (found == hessians.end()) {
    llvm::Expected<Hessian> made =
        Hessian::get(inputs.gram, inputs.columns, wanted);
    WeightedOpInterface layer = op;
    if (!made)
      return layer->emitError() << llvm::toString(made.takeError());
    if (made->damping() > wanted.damping)
      layer->emitRemark() << "damping raised from " << wanted.damping << " to "
                          << made->damping()
                          << ", with which the Hessian has a factorization";
    found = hessians.emplace(key, std::move(*made)).first;
  }
  return &found->second;
}

GptqLayer squint::getTargetLayer(const LayerWeight &weight,
                                 llvm::ArrayRef<float> values) {
  GptqLayer layer;
  layer.weight = values;
  layer.inputShare = weight.options.number("targets", 0.0);
  layer.residualShare = weight.options.number("residual", 0.0);
  if (layer.inputShare != 0.0)
    layer.inputShift = weight.inputs.cross;
  if (layer.residualShare != 0.0)
    layer.residualShift = weight.residual;
  return layer;
}

std::vector<float> squint::readTargets(const LayerWeight &weight,
                                       const Hessian &hessian,
                                       const TensorView &view) {
  std::vector<float> values = readAll(view);
  GptqLayer layer = getTargetLayer(weight, values);
  if (layer.inputShift.empty() && layer.residualShift.empty())
    return values;
  return getTargets(layer, hessian, getThreadPool(weight.op->getContext()));
}

FailureOr<LayerCodes> squint::quantizeByGptq(const LayerWeight &weight,
                                             const Hessian &hessian,
                                             GptqOptions options,
                                             int64_t descent) {
  options.descentPasses = weight.options.integer("descent", descent);
  GptqReport report;
  FailureOr<DataAttr> data =
      packWeight(weight.op, weight.constant, weight.format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   std::vector<float> values = readAll(view);
                   return quantizeGptq(getTargetLayer(weight, values), hessian,
                                       weight.format, options, payload, &report,
                                       getThreadPool(weight.op->getContext()));
                 });
  if (failed(data))
    return failure();
  LayerCodes codes{*data};
  if (report.energy > 0.0)
    codes.error =
        (options.descentPasses ? report.descended : report.compensated) /
        report.energy;
  return codes;
}

namespace {
class LayerQuantizer {
public:
  using Quantize =
      llvm::function_ref<FailureOr<LayerCodes>(const LayerWeight &)>;
  using Given = llvm::function_ref<FailureOr<LayerInputs>(const Layer &)>;
  LayerQuantizer(ModuleOp module, StringRef method, Quantize quantize,
                 bool withGram, Given given)
      : module(module), method(method), quantize(quantize), withGram(withGram),
        given(given) {}

  FailureOr<int64_t> run(const MethodSamples &samples);

private:
  /// The layers of all operators with the method, in the order of data.
  FailureOr<std::vector<Layer>> collect(func::FuncOp main,
                                        ArrayRef<WeightedOpInterface> wanted);
  LogicalResult visit(const Layer &layer, const LayerInputs &inputs);
  FailureOr<LayerCodes> getCodes(const LayerWeight &weight, size_t index);
  LogicalResult replace(size_t index, WeightedOpInterface op,
                        const LayerInputs &inputs, ArrayRef<double> residual,
                        LayerHessians &hessians);

  /// Results are kept by their places: that of the layer and of the operator in
  /// it.
  std::string getFile(size_t index) const {
    return llvm::formatv("layer-{0}-{1}", layersDone, index);
  }
  LogicalResult keep(size_t index, const LayerCodes &codes);
  std::optional<LayerCodes> find(WeightedOpInterface op, size_t index);

  ModuleOp module;
  StringRef method;
  Quantize quantize;
  bool withGram;
  Given given;
  int64_t count = 0;
  Checkpoint checkpoint;
  /// From one layer's end to the next one's start its inputs are found.
  Stopwatch sinceLayer;
  double inputSeconds = 0.0;
  size_t layersDone = 0;
  /// Of the layer at hand, by operator, where they were kept.
  std::vector<LayerCodes> known;
};
} // namespace

LogicalResult LayerQuantizer::keep(size_t index, const LayerCodes &codes) {
  DataStores &stores =
      module.getContext()->getLoadedDialect<SquintDialect>()->getStores();
  StringRef format =
      cast<PackedType>(codes.data.getType()).getFormatAttr().getSpelling();
  ArrayRef<char> payload = llvm::cantFail(stores.get(codes.data));
  StringRef error(reinterpret_cast<const char *>(&codes.error),
                  sizeof codes.error);
  if (llvm::Error failed = checkpoint.keep(
          getFile(index),
          {error, format, "\n", StringRef(payload.data(), payload.size())}))
    return emitError(module.getLoc()) << llvm::toString(std::move(failed));
  return success();
}

std::optional<LayerCodes> LayerQuantizer::find(WeightedOpInterface op,
                                               size_t index) {
  std::optional<std::vector<char>> bytes = checkpoint.find(getFile(index));
  LayerCodes codes;
  if (!bytes || bytes->size() < sizeof codes.error)
    return {};
  std::memcpy(&codes.error, bytes->data(), sizeof codes.error);
  StringRef spelling, payload;
  std::tie(spelling, payload) = StringRef(bytes->data(), bytes->size())
                                    .drop_front(sizeof codes.error)
                                    .split('\n');
  llvm::Expected<Format> format = Format::parse(spelling, FormatRole::Weight);
  if (!format) {
    llvm::consumeError(format.takeError());
    return {};
  }
  auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  int64_t rows = type.getDimSize(0), columns = type.getNumElements() / rows;
  if (int64_t(payload.size()) !=
      PlainLayout::get(*format, rows, columns).totalBytes)
    return {};
  codes.data =
      storeCodes(type, *format, ArrayRef(payload.data(), payload.size()));
  return codes;
}

FailureOr<LayerCodes> LayerQuantizer::getCodes(const LayerWeight &weight,
                                               size_t index) {
  if (!known.empty())
    return known[index];
  FailureOr<LayerCodes> codes = quantize(weight);
  if (failed(codes) || failed(keep(index, *codes)))
    return failure();
  return codes;
}

LogicalResult LayerQuantizer::replace(size_t index, WeightedOpInterface op,
                                      const LayerInputs &inputs,
                                      ArrayRef<double> residual,
                                      LayerHessians &hessians) {
  MethodOptions options(op->getAttrOfType<DictionaryAttr>(kMethodAttr));
  FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
  if (failed(format))
    return failure();
  FailureOr<ConstantOp> constant = getFloatWeight(op, *format);
  if (failed(constant))
    return failure();
  Stopwatch watch;
  FailureOr<LayerCodes> codes = getCodes(
      {op, *constant, *format, options, inputs, residual, hessians}, index);
  if (failed(codes))
    return failure();
  OpBuilder builder(*constant);
  Value weight = createQuantizedWeight(builder, *constant, codes->data);
  Operation *dequantize = weight.getDefiningOp();
  dequantize->setAttr(kQuantizedByAttr, builder.getStringAttr(method));
  if (codes->error >= 0.0)
    dequantize->setAttr(kOutputErrorAttr,
                        builder.getF64FloatAttr(codes->error));
  setSeconds(weight, watch.seconds() + inputSeconds);
  op.getWeightOperand().set(weight);
  if (constant->use_empty())
    constant->erase();
  op->removeAttr(kMethodAttr);
  ++count;
  return success();
}

LogicalResult LayerQuantizer::visit(const Layer &layer,
                                    const LayerInputs &inputs) {
  LayerHessians hessians;
  inputSeconds = sinceLayer.seconds() / double(layer.operators.size());
  for (auto [i, op] : llvm::enumerate(layer.operators))
    if (failed(replace(i, op, inputs, inputs.residuals[i], hessians)))
      return failure();
  ++layersDone;
  sinceLayer = Stopwatch();
  return success();
}

FailureOr<std::vector<Layer>>
LayerQuantizer::collect(func::FuncOp main,
                        ArrayRef<WeightedOpInterface> wanted) {
  std::vector<Layer> layers = collectLayers(
      main, [&](WeightedOpInterface op) { return hasMethod(op, method); });
  DenseSet<Operation *> visited;
  for (const Layer &layer : layers)
    visited.insert_range(layer.operators);
  for (WeightedOpInterface op : wanted)
    if (!visited.contains(op))
      return op->emitError()
             << "expected a linear or a convolution of one group outside of "
                "regions for the method "
             << method;
  return layers;
}

FailureOr<int64_t> LayerQuantizer::run(const MethodSamples &samples) {
  SmallVector<WeightedOpInterface> wanted;
  LayerInputsOptions options;
  module.walk([&](WeightedOpInterface op) {
    if (!hasMethod(op, method))
      return;
    wanted.push_back(op);
    MethodOptions own(op->getAttrOfType<DictionaryAttr>(kMethodAttr));
    options.withFloatModel |=
        own.number("targets", 0.0) != 0.0 || own.number("residual", 0.0) != 0.0;
  });
  if (!wanted.empty() && given) {
    FailureOr<std::vector<Layer>> layers =
        collect(module.lookupSymbol<func::FuncOp>("main"), wanted);
    if (failed(layers))
      return failure();
    for (const Layer &layer : *layers) {
      FailureOr<LayerInputs> inputs = given(layer);
      if (failed(inputs))
        return failure();
      inputs->residuals.resize(layer.operators.size());
      if (failed(visit(layer, *inputs)))
        return failure();
    }
  } else if (!wanted.empty()) {
    FailureOr<std::unique_ptr<Samples>> opened =
        openSamples(module, samples.calibration, samples.limit, samples.jobs);
    if (failed(opened))
      return failure();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    FailureOr<std::vector<Layer>> layers = collect(main, wanted);
    if (failed(layers))
      return failure();
    options.limit = samples.limit;
    options.threads = samples.jobs;
    options.what = method;
    options.withGram = withGram;
    std::string work = llvm::formatv("{0} samples {1}", method, samples.limit);
    FailureOr<Checkpoint> found =
        Checkpoint::open(samples.checkpoint, work, module, samples.calibration);
    if (failed(found))
      return failure();
    checkpoint = std::move(*found);
    options.isKnown = [&](const Layer &layer) {
      known.clear();
      for (auto [i, op] : llvm::enumerate(layer.operators))
        if (std::optional<LayerCodes> codes = find(op, i))
          known.push_back(*codes);
      if (known.size() != layer.operators.size())
        known.clear();
      return !known.empty();
    };
    if (failed(visitLayers(main, **opened, *layers, options,
                           [&](const Layer &layer, const LayerInputs &inputs) {
                             return visit(layer, inputs);
                           })))
      return failure();
  }
  module.getContext()->getLoadedDialect<SquintDialect>()->getStores().collect(
      module);
  return count;
}

FailureOr<int64_t> squint::quantizeLayers(ModuleOp module, StringRef method,
                                          const MethodSamples &samples,
                                          LayerQuantizer::Quantize quantize,
                                          bool withGram,
                                          LayerQuantizer::Given given) {
  return LayerQuantizer(module, method, quantize, withGram, given).run(samples);
}
