//===- InsertObservers.cpp - observe static activations ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Calibration/Observer.h"
#include "squint/Calibration/Passes.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Dialect/Squint/ValueNames.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_INSERTOBSERVERS
#include "squint/Calibration/Passes.h.inc"
} // namespace squint

namespace {
struct InsertObservers : squint::impl::InsertObserversBase<InsertObservers> {
  using InsertObserversBase::InsertObserversBase;

  void runOnOperation() override;

private:
  LogicalResult insert(WeightedOpInterface op);
  LogicalResult observe(WeightedOpInterface op, Value value,
                        const Format &format);

  llvm::StringSet<> known;
  llvm::DenseMap<Value, ObserveOp> observed;
  const ValueNames *names = nullptr;
};
} // namespace

LogicalResult InsertObservers::observe(WeightedOpInterface op, Value value,
                                       const Format &format) {
  StringRef name = names->lookup(value);
  if (known.contains(name))
    return success();
  FormatAttr attribute = FormatAttr::get(&getContext(), format);
  ObserveOp &there = observed[value];
  if (there) {
    if (there.getFormat() == attribute)
      return success();
    InFlightDiagnostic diagnostic =
        op.emitError() << "expected one format of the value '" << name
                       << "', got '" << format.str() << "' and '"
                       << there.getFormat().getSpelling() << "'";
    diagnostic.attachNote(there.getLoc()) << "observed here";
    return diagnostic;
  }
  llvm::Expected<std::unique_ptr<Observer>> made =
      Observer::create(observer, format);
  if (!made)
    return emitError(UnknownLoc::get(&getContext()))
           << llvm::toString(made.takeError());
  if (name.empty())
    return op.emitError() << "expected an activation that is computed, got a "
                             "constant: a static format needs no calibration";
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(value);
  there = ObserveOp::create(builder, value.getLoc(), value, name, observer,
                            attribute);
  ++numObservers;
  return success();
}

LogicalResult InsertObservers::insert(WeightedOpInterface op) {
  auto spelling = op->getAttrOfType<StringAttr>(kActivationFormatAttr);
  if (!spelling)
    return success();
  llvm::Expected<Format> format =
      Format::parse(spelling.getValue(), FormatRole::Activation);
  if (!format)
    return op.emitError() << "expected a format for " << kActivationFormatAttr
                          << ", got " << spelling << ": "
                          << llvm::toString(format.takeError());
  if (format->granularity != Granularity::Tensor)
    return success();
  return observe(op, op.getActivationOperand().get(), *format);
}

void InsertObservers::runOnOperation() {
  known.clear();
  observed.clear();
  for (StatisticsOp op : getOperation().getOps<StatisticsOp>())
    known.insert(op.getValueName());
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    ValueNames functionNames(function);
    names = &functionNames;
    WalkResult result = function.walk([&](WeightedOpInterface op) {
      return failed(insert(op)) ? WalkResult::interrupt()
                                : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
  }
}
