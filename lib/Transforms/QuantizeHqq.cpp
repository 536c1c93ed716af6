//===- QuantizeHqq.cpp - minima by half-quadratic splitting -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEHQQ
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeHqq : squint::impl::QuantizeHqqBase<QuantizeHqq> {
  void runOnOperation() override;
};
} // namespace

void QuantizeHqq::runOnOperation() {
  auto fill = [&](const MethodOptions &, const Format &format,
                  const TensorView &view,
                  MutableArrayRef<char> payload) -> llvm::Error {
    if (!format.minimum)
      return llvm::createStringError(
          "expected a format with minima (min), which the method hqq fits, "
          "got " +
          format.str());
    RangeOptions options;
    options.rule = RangeRule::HalfQuadratic;
    return quantizeRtn(view, format, payload, getThreadPool(&getContext()),
                       options);
  };
  FailureOr<int64_t> count = quantizeWeights(getOperation(), "hqq", fill);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
