//===- QuantizeGptq.cpp - compensate rounding errors ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Gptq.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEGPTQ
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeGptq : squint::impl::QuantizeGptqBase<QuantizeGptq> {
  using QuantizeGptqBase::QuantizeGptqBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<SquintDialect>();
    if (auto add = getSliceCompilation().addDialects)
      add(registry);
  }
  void runOnOperation() override;

private:
  LogicalResult quantizeLayer(const Layer &layer, const LayerInputs &inputs);
  LogicalResult quantize(WeightedOpInterface op, const LayerInputs &inputs,
                         ArrayRef<double> residual, const Hessian &hessian,
                         const MethodOptions &options);
};
} // namespace

LogicalResult QuantizeGptq::quantize(WeightedOpInterface op,
                                     const LayerInputs &inputs,
                                     ArrayRef<double> residual,
                                     const Hessian &hessian,
                                     const MethodOptions &options) {
  FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
  if (failed(format))
    return failure();
  FailureOr<ConstantOp> constant = getFloatWeight(op, *format);
  if (failed(constant))
    return failure();
  GptqOptions gptq;
  gptq.staticGroups =
      options.flag("static-groups", true) || options.flag("act-order", true);
  gptq.blockSize = options.integer("block-size", gptq.blockSize);
  gptq.range =
      options.flag("search-scales", true) ? RangeRule::Mse : RangeRule::MinMax;
  gptq.descentPasses = options.integer("descent", 0);
  GptqReport report;
  FailureOr<DataAttr> codes =
      packWeight(op, *constant, *format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   std::vector<float> weight(view.rows() * view.columns());
                   view.readRows(0, view.rows(), weight.data());
                   GptqLayer layer;
                   layer.weight = weight;
                   layer.inputShare = options.number("targets", 0.0);
                   layer.residualShare = options.number("residual", 0.0);
                   if (layer.inputShare != 0.0)
                     layer.inputShift = inputs.cross;
                   if (layer.residualShare != 0.0)
                     layer.residualShift = residual;
                   return quantizeGptq(layer, hessian, *format, gptq, payload,
                                       &report, getThreadPool(&getContext()));
                 });
  if (failed(codes))
    return failure();
  OpBuilder builder(*constant);
  Value weight = createQuantizedWeight(builder, *constant, *codes);
  weight.getDefiningOp()->setAttr(kQuantizedByAttr,
                                  builder.getStringAttr("gptq"));
  double error = gptq.descentPasses ? report.descended : report.compensated;
  if (report.energy > 0.0)
    weight.getDefiningOp()->setAttr(
        kOutputErrorAttr, builder.getF64FloatAttr(error / report.energy));
  op.getWeightOperand().set(weight);
  if (constant->use_empty())
    constant->erase();
  ++numWeights;
  return success();
}

LogicalResult QuantizeGptq::quantizeLayer(const Layer &layer,
                                          const LayerInputs &inputs) {
  // Operators of a layer may differ in their options.
  using Key = std::pair<double, bool>;
  std::map<Key, Hessian> hessians;
  for (auto [op, residual] :
       llvm::zip_equal(layer.operators, inputs.residuals)) {
    MethodOptions options = getMethodOptions(op);
    Key key(options.number("damping", 0.01), options.flag("act-order", true));
    auto found = hessians.find(key);
    if (found == hessians.end()) {
      HessianOptions wanted;
      wanted.damping = key.first;
      wanted.actOrder = key.second;
      llvm::Expected<Hessian> made =
          Hessian::get(inputs.gram, inputs.columns, wanted);
      if (!made)
        return op->emitError()
               << describe(op) << ": " << llvm::toString(made.takeError());
      if (made->damping() > key.first)
        op->emitRemark() << describe(op) << ": damping raised from "
                         << key.first << " to " << made->damping()
                         << ", with which the Hessian has a factorization";
      found = hessians.emplace(key, std::move(*made)).first;
    }
    if (failed(quantize(op, inputs, residual, found->second, options)))
      return failure();
    op->removeAttr(kMethodAttr);
  }
  return success();
}

void QuantizeGptq::runOnOperation() {
  auto needsFloatModel = [](const MethodOptions &options) {
    return options.number("targets", 0.0) != 0.0 ||
           options.number("residual", 0.0) != 0.0;
  };
  if (failed(visitMethodLayers(
          getOperation(), "gptq", {calibration, samples, jobs}, needsFloatModel,
          [&](const Layer &layer, const LayerInputs &inputs) {
            return quantizeLayer(layer, inputs);
          })))
    return signalPassFailure();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
