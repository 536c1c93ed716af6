//===- QuantizeRtn.cpp - quantize to the nearest code -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZERTN
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeRtn : squint::impl::QuantizeRtnBase<QuantizeRtn> {
  void runOnOperation() override;

private:
  LogicalResult quantizeWeight(WeightedOpInterface op, const Format &format);

  using Key = std::pair<void *, Attribute>;
  /// Packed bytes by float constant and format, so that constants that say the
  /// same are packed once.
  llvm::DenseMap<Key, DataAttr> packed;
  /// Decoded weights by float constant and format.
  llvm::DenseMap<Key, Value> decoded;
  /// Float constants that may have lost their last use. They are erased last,
  /// as the maps are keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

LogicalResult QuantizeRtn::quantizeWeight(WeightedOpInterface op,
                                          const Format &format) {
  FailureOr<ConstantOp> found = getFloatWeight(op, format);
  if (failed(found))
    return failure();
  ConstantOp constant = *found;

  Attribute formatAttr = FormatAttr::get(&getContext(), format);
  Value &weight =
      decoded[{constant.getResult().getAsOpaquePointer(), formatAttr}];
  if (!weight) {
    DataAttr &data =
        packed[{const_cast<void *>(constant.getValue().getAsOpaquePointer()),
                formatAttr}];
    if (!data) {
      FailureOr<DataAttr> made = packWeight(
          op, constant, format,
          [&](const TensorView &view, MutableArrayRef<char> payload) {
            return quantizeRtn(view, format, payload,
                               getThreadPool(&getContext()));
          });
      if (failed(made))
        return failure();
      data = *made;
      ++numWeights;
    }
    OpBuilder builder(constant);
    weight = createQuantizedWeight(builder, constant, data);
  }
  op.getWeightOperand().set(weight);
  replaced.insert(constant);
  return success();
}

void QuantizeRtn::runOnOperation() {
  packed.clear();
  decoded.clear();
  replaced.clear();
  WalkResult result = getOperation().walk([&](WeightedOpInterface op) {
    if (!hasMethod(op, "rtn"))
      return WalkResult::advance();
    op->removeAttr(kMethodAttr);
    FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
    return failed(format) || failed(quantizeWeight(op, *format))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
