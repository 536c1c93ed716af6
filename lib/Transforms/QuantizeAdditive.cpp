//===- QuantizeAdditive.cpp - sums of vectors -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Numerics/Additive.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEADDITIVE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeAdditive : squint::impl::QuantizeAdditiveBase<QuantizeAdditive> {
  using QuantizeAdditiveBase::QuantizeAdditiveBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  WeightedOpInterface op = weight.op;
  if (!weight.format.isAdditive())
    return op->emitError() << "expected an additive element, got '"
                           << weight.format.str() << "'";
  // A vector is of neighbours.
  FailureOr<const Hessian *> hessian = weight.getHessian(0.01, false);
  if (failed(hessian))
    return failure();
  GptqReport report;
  int rounds = int(weight.options.integer("descent", 4));
  FailureOr<DataAttr> data = packWeight(
      op, weight.constant, weight.format,
      [&](const TensorView &view, MutableArrayRef<char> payload) {
        return quantizeAdditive(readTargets(weight, **hessian, view), **hessian,
                                weight.format, rounds, payload, &report,
                                getThreadPool(op->getContext()));
      });
  if (failed(data))
    return failure();
  LayerCodes codes{*data};
  if (report.energy > 0.0)
    codes.error = report.descended / report.energy;
  return codes;
}

void QuantizeAdditive::runOnOperation() {
  FailureOr<int64_t> count =
      quantizeLayers(getOperation(), "additive",
                     {calibration, samples, jobs, checkpoint}, quantize);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
