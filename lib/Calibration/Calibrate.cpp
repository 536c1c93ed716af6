//===- Calibrate.cpp - run the model on samples -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Floats.h"
#include "squint/Calibration/Observer.h"
#include "squint/Calibration/Passes.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Squint/Squint.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_CALIBRATE
#include "squint/Calibration/Passes.h.inc"
} // namespace squint

namespace {
struct Calibrate : squint::impl::CalibrateBase<Calibrate> {
  using CalibrateBase::CalibrateBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};

/// The values that a function's observers see.
class Observation {
public:
  Observation(func::FuncOp main, StringRef path) : main(main), path(path) {}
  /// Finds the observers.
  LogicalResult collect();
  bool empty() const { return entries.empty(); }
  LogicalResult run(Samples &samples, int64_t limit, int threads);
  /// Replaces the observers; returns how many there were.
  int64_t record();

private:
  struct Entry {
    ObserveOp op;
    std::unique_ptr<Observer> observer;
  };
  LogicalResult take(Value value, int64_t sample, const Array &array);

  func::FuncOp main;
  StringRef path;
  llvm::MapVector<Value, Entry> entries;
  std::vector<float> scratch;
};
} // namespace

LogicalResult Observation::collect() {
  WalkResult result = main.walk([&](ObserveOp op) -> WalkResult {
    Value value = op.getInput();
    if (op->getBlock() != &main.front() ||
        value.getParentBlock() != &main.front())
      return op.emitError() << "observers inside of regions are not built yet";
    llvm::Expected<std::unique_ptr<Observer>> observer =
        Observer::create(op.getObserver(), op.getFormat().getFormat());
    if (!observer)
      return op.emitError() << llvm::toString(observer.takeError());
    Entry &entry = entries[value];
    if (entry.observer)
      return op.emitError() << "expected one observer of a value, got another";
    entry = {op, std::move(*observer)};
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Observation::take(Value value, int64_t sample,
                                const Array &array) {
  Entry &entry = entries.find(value)->second;
  if (entry.observer->observe(getFloats(array, scratch)))
    return success();
  return emitError(value.getLoc())
         << "expected finite numbers in the value '" << entry.op.getValueName()
         << "', got NaN or infinity for sample " << sample << " of '" << path
         << "'";
}

LogicalResult Observation::run(Samples &samples, int64_t limit, int threads) {
  SmallVector<Value> wanted(llvm::make_first_range(entries));
  auto sink = [&](Value value, int64_t sample, const Array &array) {
    return take(value, sample, array);
  };
  if (failed(runSlices(main, samples, wanted, limit, threads, sink)))
    return failure();
  for (auto &[value, entry] : entries)
    if (!entry.observer->getSamples())
      return entry.op.emitError() << "expected values to observe, got an empty "
                                     "tensor for every sample";
  return success();
}

int64_t Observation::record() {
  OpBuilder builder(main);
  for (auto &[value, entry] : entries) {
    ObservedRange range = entry.observer->getRange();
    StatisticsOp::create(
        builder, entry.op.getLoc(), entry.op.getValueNameAttr(),
        builder.getF32FloatAttr(range.min), builder.getF32FloatAttr(range.max),
        entry.op.getObserverAttr(),
        builder.getI64IntegerAttr(entry.observer->getSamples()));
    entry.op.erase();
  }
  return entries.size();
}

void Calibrate::runOnOperation() {
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(getOperation(), calibration, samples, jobs);
  if (failed(opened))
    return signalPassFailure();
  Observation observation(getOperation().lookupSymbol<func::FuncOp>("main"),
                          calibration);
  if (failed(observation.collect()))
    return signalPassFailure();
  if (observation.empty()) {
    if (!optional)
      emitWarning(UnknownLoc::get(&getContext()))
          << calibration
          << ": calibration touched nothing: expected activations of a static "
             "format (int8:tensor)";
    return;
  }
  if (failed(observation.run(**opened, samples, jobs)))
    return signalPassFailure();
  numValues += observation.record();
}
