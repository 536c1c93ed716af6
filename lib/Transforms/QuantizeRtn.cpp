//===- QuantizeRtn.cpp - quantize to the nearest code -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZERTN
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

static RangeRule parseRange(StringRef text) {
  return llvm::StringSwitch<RangeRule>(text)
      .Case("percentile", RangeRule::Percentile)
      .Case("mse", RangeRule::Mse)
      .Case("entropy", RangeRule::Entropy)
      .Default(RangeRule::MinMax);
}

namespace {
struct QuantizeRtn : squint::impl::QuantizeRtnBase<QuantizeRtn> {
  void runOnOperation() override;
};
} // namespace

void QuantizeRtn::runOnOperation() {
  auto fill = [&](const MethodOptions &method, const Format &format,
                  const TensorView &view,
                  MutableArrayRef<char> payload) -> llvm::Error {
    RangeOptions options;
    options.rule = parseRange(method.text("range", "min-max"));
    options.percentile = method.number("percentile", options.percentile);
    if (options.rule != RangeRule::MinMax &&
        (!format.hasFreeScales() || format.isCodebook()))
      return llvm::createStringError(
          "expected a format with free scales to search ranges for, got " +
          format.str());
    if (options.rule == RangeRule::Entropy &&
        format.granularity == Granularity::Group)
      return llvm::createStringError(
          "expected scales by tensor or channel for ranges of least "
          "divergence, which need many values, got " +
          format.str());
    return quantizeRtn(view, format, payload, getThreadPool(&getContext()),
                       options);
  };
  FailureOr<int64_t> count = quantizeWeights(getOperation(), "rtn", fill);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
