//===- ScaleAwq.cpp - make important columns larger -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "ScaleFolds.h"
#include "WeightedOps.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Awq.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_SCALEAWQ
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct ScaleAwq : squint::impl::ScaleAwqBase<ScaleAwq> {
  using ScaleAwqBase::ScaleAwqBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  FailureOr<std::vector<double>> chooseFactors(const ScaleFold &fold,
                                               const LayerInputs &inputs);
};
} // namespace

/// Whether scales can help: codes of 8 bits are fine enough without.
static bool gains(LinearOp op) {
  FailureOr<std::optional<Format>> format = getFormat(op, kWeightFormatAttr);
  return succeeded(format) && *format && (*format)->hasScale() &&
         (*format)->bits() < 8;
}

FailureOr<std::vector<double>>
ScaleAwq::chooseFactors(const ScaleFold &fold, const LayerInputs &inputs) {
  std::vector<std::vector<float>> weights;
  std::vector<Format> formats;
  for (LinearOp linear : fold.readers) {
    FailureOr<std::optional<Format>> format =
        getFormat(linear, kWeightFormatAttr);
    if (failed(format))
      return failure();
    if (!*format || !(*format)->hasScale())
      continue;
    FailureOr<std::vector<float>> weight =
        readMatrix(linear, getConstant(linear.getWeight()).getValue());
    if (failed(weight))
      return failure();
    weights.push_back(std::move(*weight));
    formats.push_back(**format);
  }
  SmallVector<AwqWeight> quantized;
  for (auto [weight, format] : llvm::zip_equal(weights, formats))
    quantized.push_back({weight, format});
  std::vector<double> absmean(inputs.absolute);
  for (double &value : absmean)
    value /= double(inputs.rows);

  LinearOp first = fold.readers.front();
  auto fail = [&](llvm::Error error) {
    return first.emitError() << llvm::toString(std::move(error));
  };
  llvm::Expected<Hessian> hessian = Hessian::get(inputs.gram, inputs.columns);
  if (!hessian)
    return fail(hessian.takeError());
  llvm::Expected<AwqScales> found =
      searchAwqScales(quantized, *hessian, absmean, fold.factorOf,
                      getThreadPool(&getContext()));
  if (!found)
    return fail(found.takeError());
  if (found->exponent == 0.0)
    return std::vector<double>();
  std::vector<double> factors(fold.factors, 1.0);
  for (auto [factor, scale] : llvm::zip_equal(fold.factorOf, found->scales))
    factors[factor] = double(scale);
  return factors;
}

void ScaleAwq::runOnOperation() {
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(getOperation(), calibration, samples, jobs);
  if (failed(opened))
    return signalPassFailure();
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  std::vector<ScaleFold> folds =
      collectScaleFolds(main, {norms, values, products});
  if (folds.empty()) {
    emitError(UnknownLoc::get(&getContext()))
        << "scaling touched nothing: expected norms, values of attention or "
           "products that linears with float weights read";
    return signalPassFailure();
  }
  llvm::erase_if(folds, [](const ScaleFold &fold) {
    return llvm::none_of(fold.readers, gains);
  });
  llvm::DenseMap<Value, size_t> byInput;
  for (auto [i, fold] : llvm::enumerate(folds))
    byInput[fold.getInput()] = i;
  std::vector<Layer> layers = collectLayers(main, [&](WeightedOpInterface op) {
    return byInput.contains(op.getActivationOperand().get());
  });

  // The float function stays as it is, so all may wait until the end.
  std::vector<std::vector<double>> factors(folds.size());
  LayerInputsOptions options;
  options.limit = samples;
  options.threads = jobs;
  options.what = "awq";
  auto visit = [&](const Layer &layer, const LayerInputs &inputs) {
    size_t index = byInput.lookup(layer.input);
    FailureOr<std::vector<double>> chosen = chooseFactors(folds[index], inputs);
    if (succeeded(chosen))
      factors[index] = std::move(*chosen);
    return LogicalResult(chosen);
  };
  if (failed(visitLayers(main, **opened, layers, options, visit)))
    return signalPassFailure();
  for (auto [fold, chosen] : llvm::zip_equal(folds, factors)) {
    if (chosen.empty())
      continue;
    if (failed(applyFactors(fold, chosen)))
      return signalPassFailure();
    ++numFolds;
  }
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
