//===- QuantizeGptq.cpp - compensate rounding errors ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
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
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  FailureOr<const Hessian *> hessian = weight.getHessian(0.01, true);
  if (failed(hessian))
    return failure();
  const MethodOptions &options = weight.options;
  GptqOptions gptq;
  gptq.staticGroups =
      options.flag("static-groups", true) || options.flag("act-order", true);
  gptq.blockSize = options.integer("block-size", gptq.blockSize);
  gptq.range =
      options.flag("search-scales", true) ? RangeRule::Mse : RangeRule::MinMax;
  return quantizeByGptq(weight, **hessian, gptq, /*descent=*/0);
}

void QuantizeGptq::runOnOperation() {
  FailureOr<int64_t> count =
      quantizeLayers(getOperation(), "gptq",
                     {calibration, samples, jobs, checkpoint}, quantize);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
