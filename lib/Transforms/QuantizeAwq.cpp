//===- QuantizeAwq.cpp - ranges by the error of outputs ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Awq.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEAWQ
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeAwq : squint::impl::QuantizeAwqBase<QuantizeAwq> {
  using QuantizeAwqBase::QuantizeAwqBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<SquintDialect>();
    if (auto add = getSliceCompilation().addDialects)
      add(registry);
  }
  void runOnOperation() override;

private:
  LogicalResult quantize(WeightedOpInterface op, const LayerInputs &inputs);
};
} // namespace

LogicalResult QuantizeAwq::quantize(WeightedOpInterface op,
                                    const LayerInputs &inputs) {
  bool clips = getMethodOptions(op).flag("clip", true);
  FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
  if (failed(format))
    return failure();
  FailureOr<ConstantOp> constant = getFloatWeight(op, *format);
  if (failed(constant))
    return failure();
  FailureOr<DataAttr> codes =
      packWeight(op, *constant, *format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   llvm::ThreadPoolInterface *pool =
                       getThreadPool(&getContext());
                   if (!clips)
                     return quantizeRtn(view, *format, payload, pool);
                   std::vector<float> weight(view.rows() * view.columns());
                   view.readRows(0, view.rows(), weight.data());
                   return quantizeClipped(weight, view.columns(), inputs.gram,
                                          *format, payload, pool);
                 });
  if (failed(codes))
    return failure();
  OpBuilder builder(*constant);
  op.getWeightOperand().set(createQuantizedWeight(builder, *constant, *codes));
  if (constant->use_empty())
    constant->erase();
  op->removeAttr(kMethodAttr);
  ++numWeights;
  return success();
}

void QuantizeAwq::runOnOperation() {
  auto visit = [&](const Layer &layer, const LayerInputs &inputs) {
    return failure(llvm::any_of(layer.operators, [&](WeightedOpInterface op) {
      return failed(quantize(op, inputs));
    }));
  };
  if (failed(visitMethodLayers(
          getOperation(), "awq", {calibration, samples, jobs},
          [](const MethodOptions &) { return false; }, visit)))
    return signalPassFailure();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
