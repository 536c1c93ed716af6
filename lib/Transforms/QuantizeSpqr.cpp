//===- QuantizeSpqr.cpp - coarse scales, few outliers -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Spqr.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZESPQR
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeSpqr : squint::impl::QuantizeSpqrBase<QuantizeSpqr> {
  using QuantizeSpqrBase::QuantizeSpqrBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  FailureOr<LayerCodes> quantize(const LayerWeight &weight);
};
} // namespace

FailureOr<LayerCodes> QuantizeSpqr::quantize(const LayerWeight &weight) {
  FailureOr<const Hessian *> hessian = weight.getHessian(1.0, true);
  if (failed(hessian))
    return failure();
  llvm::ThreadPoolInterface *pool = getThreadPool(&getContext());
  SpqrOptions options;
  options.threshold = weight.options.number("threshold", options.threshold);
  // 0 is how an option says that there is none.
  if (options.threshold == 0.0)
    options.threshold = std::numeric_limits<double>::infinity();
  SpqrWeight made;
  LayerCodes codes;
  auto take = [&](const TensorView &view) -> llvm::Error {
    std::vector<float> values = readTargets(weight, **hessian, view);
    llvm::Expected<SpqrWeight> result =
        quantizeSpqr(values, **hessian, weight.format, options, pool);
    if (!result)
      return result.takeError();
    made = std::move(*result);
    std::vector<float> change(values.size());
    PackedView(made.payload.data(), made.format, view.rows(), view.columns())
        .dequantizeRows(0, view.rows(), change.data());
    for (auto [decoded, value] : llvm::zip_equal(change, values))
      decoded -= value;
    if (double energy = (*hessian)->getError(values, pool); energy > 0.0)
      codes.error = (*hessian)->getError(change, pool) / energy;
    return llvm::Error::success();
  };
  if (failed(readWeight(weight.op, weight.constant, take)))
    return failure();
  // Only now it is known for how many outliers there must be room.
  ConstantOp constant = weight.constant;
  codes.data = storeCodes(cast<RankedTensorType>(constant.getType()),
                          made.format, made.payload);
  numOutliers += made.outliers;
  return codes;
}

void QuantizeSpqr::runOnOperation() {
  FailureOr<int64_t> count = quantizeLayers(
      getOperation(), "spqr", {calibration, samples, jobs, checkpoint},
      [&](const LayerWeight &weight) { return quantize(weight); });
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
