//===- QuantizeCodebook.cpp - tables that fit their blocks ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZECODEBOOK
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeCodebook : squint::impl::QuantizeCodebookBase<QuantizeCodebook> {
  using QuantizeCodebookBase::QuantizeCodebookBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  WeightedOpInterface op = weight.op;
  if (!weight.format.isCodebook())
    return op->emitError() << "expected a codebook, got '"
                           << weight.format.str() << "'";
  FailureOr<const Hessian *> hessian = weight.getHessian(0.01, true);
  if (failed(hessian))
    return failure();
  if (weight.options.flag("compensate", true))
    return quantizeByGptq(weight, **hessian, GptqOptions(), /*descent=*/2);
  RangeOptions range;
  range.importance = (*hessian)->getImportance();
  FailureOr<DataAttr> data =
      packWeight(op, weight.constant, weight.format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   return quantizeRtn(view, weight.format, payload,
                                      getThreadPool(op->getContext()), range);
                 });
  if (failed(data))
    return failure();
  return LayerCodes{*data};
}

void QuantizeCodebook::runOnOperation() {
  FailureOr<int64_t> count =
      quantizeLayers(getOperation(), "codebook",
                     {calibration, samples, jobs, checkpoint}, quantize);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
