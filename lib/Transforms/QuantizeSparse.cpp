//===- QuantizeSparse.cpp - some of the weights -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZESPARSE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeSparse : squint::impl::QuantizeSparseBase<QuantizeSparse> {
  using QuantizeSparseBase::QuantizeSparseBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  WeightedOpInterface op = weight.op;
  if (!weight.format.sparse)
    return op->emitError() << "expected a sparse format, got '"
                           << weight.format.str() << "'";
  // What is kept is chosen among neighbours.
  FailureOr<const Hessian *> hessian = weight.getHessian(0.01, false);
  if (failed(hessian))
    return failure();
  GptqOptions options;
  options.blockSize = weight.options.integer("block-size", options.blockSize);
  return quantizeByGptq(weight, **hessian, options, /*descent=*/0);
}

void QuantizeSparse::runOnOperation() {
  FailureOr<int64_t> count =
      quantizeLayers(getOperation(), "sparse",
                     {calibration, samples, jobs, checkpoint}, quantize);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
