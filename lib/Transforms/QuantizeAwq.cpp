//===- QuantizeAwq.cpp - ranges by the error of outputs ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
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
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  llvm::ThreadPoolInterface *pool = getThreadPool(weight.op->getContext());
  FailureOr<DataAttr> data =
      packWeight(weight.op, weight.constant, weight.format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   if (!weight.options.flag("clip", true))
                     return quantizeRtn(view, weight.format, payload, pool);
                   return quantizeClipped(readAll(view), view.columns(),
                                          weight.inputs.gram, weight.format,
                                          payload, pool);
                 });
  if (failed(data))
    return failure();
  return LayerCodes{*data};
}

void QuantizeAwq::runOnOperation() {
  FailureOr<int64_t> count =
      quantizeLayers(getOperation(), "awq",
                     {calibration, samples, jobs, checkpoint}, quantize);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
