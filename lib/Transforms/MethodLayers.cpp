//===- MethodLayers.cpp - layers of a method, with their inputs -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Calibration/SliceCompiler.h"

using namespace mlir;
using namespace squint;

MethodOptions squint::getMethodOptions(WeightedOpInterface op) {
  return MethodOptions(op->getAttrOfType<DictionaryAttr>(kMethodAttr));
}

LogicalResult squint::visitMethodLayers(
    ModuleOp module, StringRef method, const MethodSamples &samples,
    llvm::function_ref<bool(const MethodOptions &)> needsFloatModel,
    llvm::function_ref<LogicalResult(const Layer &, const LayerInputs &)>
        visit) {
  SmallVector<WeightedOpInterface> wanted;
  LayerInputsOptions options;
  module.walk([&](WeightedOpInterface op) {
    if (!hasMethod(op, method))
      return;
    wanted.push_back(op);
    options.withFloatModel |= needsFloatModel(getMethodOptions(op));
  });
  if (wanted.empty())
    return success();
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(module, samples.calibration, samples.limit, samples.jobs);
  if (failed(opened))
    return failure();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  std::vector<Layer> layers = collectLayers(
      main, [&](WeightedOpInterface op) { return hasMethod(op, method); });
  DenseSet<Operation *> visited;
  for (const Layer &layer : layers)
    visited.insert_range(layer.operators);
  for (WeightedOpInterface op : wanted)
    if (!visited.contains(op))
      return op->emitError()
             << describe(op)
             << ": expected a linear or a convolution of one group outside of "
                "regions for the method "
             << method;
  options.limit = samples.limit;
  options.threads = samples.jobs;
  options.what = method;
  return visitLayers(main, **opened, layers, options, visit);
}
