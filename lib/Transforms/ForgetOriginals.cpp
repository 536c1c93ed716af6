//===- ForgetOriginals.cpp - let go of the float weights --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_FORGETORIGINALS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct ForgetOriginals : squint::impl::ForgetOriginalsBase<ForgetOriginals> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](Operation *op) -> WalkResult {
      numForgotten += op->removeAttr(kOriginalAttr) != nullptr;
      for (StringRef name : {kReasonAttr, kRoleAttr, kKeptFloatAttr,
                             kQuantizedByAttr, kOutputErrorAttr, kSecondsAttr})
        op->removeAttr(name);
      if (op->hasAttr(kWeightFormatAttr))
        return op->emitError()
               << "expected a pass before that quantizes by "
               << (op->hasAttr(kMethodAttr) ? op->getAttr(kMethodAttr)
                                            : StringAttr());
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
        getOperation());
  }
};
} // namespace
