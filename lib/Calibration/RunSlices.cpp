//===- RunSlices.cpp - samples through one slice after the other -*- C++
//-*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "SpilledValue.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Squint/Squint.h"

using namespace mlir;
using namespace squint;

namespace {
class Runner {
public:
  Runner(func::FuncOp function, Samples &samples, int64_t limit, int threads,
         SliceSink sink)
      : function(function), samples(samples),
        count(limit ? std::min(limit, samples.size()) : samples.size()),
        threads(threads ? threads
                        : int(function.getContext()->getNumThreads())),
        sink(sink) {}
  LogicalResult run(ArrayRef<Value> wanted);

private:
  LogicalResult observeInput(BlockArgument input);
  LogicalResult runSlice(const Slice &slice, CompiledSlice &compiled);
  LogicalResult finish(Value value, int64_t sample, const Array &array);
  LogicalResult refuse(llvm::Error error) {
    return emitError(function.getLoc()) << llvm::toString(std::move(error));
  }
  void report() {
    if (const ProgressCallback &progress = getCalibrationProgress())
      progress("calibrate", done, total);
  }

  func::FuncOp function;
  Samples &samples;
  int64_t count;
  int threads;
  SliceSink sink;
  llvm::SetVector<Value> wanted;
  /// The last slice that reads a value which is not an input.
  DenseMap<Value, size_t> lastUse;
  DenseMap<Value, std::unique_ptr<SpilledValue>> spilled;
  int64_t done = 0, total = 0;
};

/// Where a slice's input comes from.
struct Source {
  std::optional<Samples::Reader> reader;
  SpilledValue *spilled = nullptr;
  Array array;
};
} // namespace

LogicalResult Runner::observeInput(BlockArgument input) {
  llvm::Expected<Samples::Reader> reader = samples.read(input.getArgNumber());
  if (!reader)
    return refuse(reader.takeError());
  llvm::Expected<Array> array = samples.makeArray(input.getArgNumber());
  if (!array)
    return refuse(array.takeError());
  for (int64_t i = 0; i < count; ++i) {
    if (llvm::Error error = reader->next(*array))
      return refuse(std::move(error));
    if (failed(sink(input, i, *array)))
      return failure();
  }
  return success();
}

LogicalResult Runner::finish(Value value, int64_t sample, const Array &array) {
  if (wanted.contains(value) && failed(sink(value, sample, array)))
    return failure();
  if (!lastUse.contains(value))
    return success();
  std::unique_ptr<SpilledValue> &spill = spilled[value];
  if (!spill) {
    auto made = SpilledValue::create(array.dtype(), array.shape());
    if (!made)
      return refuse(made.takeError());
    spill = std::move(*made);
  }
  if (llvm::Error error = spill->write(sample, array))
    return refuse(std::move(error));
  return success();
}

LogicalResult Runner::runSlice(const Slice &slice, CompiledSlice &compiled) {
  std::vector<Source> sources(slice.inputs.size());
  SmallVector<const Array *> inputs;
  for (auto [source, value] : llvm::zip(sources, slice.inputs)) {
    llvm::Expected<Array> array = Array();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      llvm::Expected<Samples::Reader> reader =
          samples.read(argument.getArgNumber());
      if (!reader)
        return refuse(reader.takeError());
      source.reader = std::move(*reader);
      array = samples.makeArray(argument.getArgNumber());
    } else {
      source.spilled = spilled[value].get();
      array = source.spilled->makeArray();
    }
    if (!array)
      return refuse(array.takeError());
    source.array = std::move(*array);
    inputs.push_back(&source.array);
  }

  std::vector<Array> outputs;
  for (int64_t i = 0; i < count; ++i) {
    for (Source &source : sources)
      if (llvm::Error error = source.reader
                                  ? source.reader->next(source.array)
                                  : source.spilled->read(i, source.array))
        return refuse(std::move(error));
    if (outputs.empty()) {
      llvm::Expected<std::vector<Array>> made =
          compiled.session().makeOutputs(inputs);
      if (!made)
        return refuse(made.takeError());
      outputs = std::move(*made);
    }
    if (llvm::Error error = compiled.session().run(inputs, outputs))
      return emitError(function.getLoc())
             << "sample " << i << ": " << llvm::toString(std::move(error));
    for (auto [value, array] : llvm::zip(slice.results, outputs))
      if (failed(finish(value, i, array)))
        return failure();
    ++done;
    report();
  }
  return success();
}

LogicalResult Runner::run(ArrayRef<Value> values) {
  SmallVector<Value> computed;
  for (Value value : values) {
    if (!wanted.insert(value))
      continue;
    if (auto input = dyn_cast<BlockArgument>(value)) {
      if (failed(observeInput(input)))
        return failure();
    } else {
      computed.push_back(value);
    }
  }
  std::vector<Slice> slices = cutIntoSlices(function, computed);
  for (auto [i, slice] : llvm::enumerate(slices))
    for (Value input : slice.inputs)
      if (input.getDefiningOp())
        lastUse[input] = i;
  if (!slices.empty() && !getSliceCompilation().create)
    return emitError(function.getLoc())
           << "expected a compiler for slices: this program has none";
  total = int64_t(slices.size()) * count;
  report();

  // Compiling a slice frees what the slice does not need.
  DataStores::Hold hold(
      function.getContext()->getLoadedDialect<SquintDialect>()->getStores());
  std::unique_ptr<SliceCompiler> compiler =
      slices.empty() ? nullptr : getSliceCompilation().create();
  auto getSize = [&](StringRef symbol) { return samples.getSize(symbol); };
  for (auto [i, slice] : llvm::enumerate(slices)) {
    FailureOr<OwningOpRef<ModuleOp>> module = buildSlice(slice, getSize);
    if (failed(module))
      return failure();
    FailureOr<std::unique_ptr<CompiledSlice>> compiled =
        compiler->compile(**module, threads);
    if (failed(compiled) || failed(runSlice(slice, **compiled)))
      return failure();
    for (Value input : slice.inputs)
      if (auto use = lastUse.find(input);
          use != lastUse.end() && use->second == i)
        spilled.erase(input);
  }
  return success();
}

LogicalResult squint::runSlices(func::FuncOp function, Samples &samples,
                                ArrayRef<Value> wanted, int64_t limit,
                                int threads, SliceSink sink) {
  return Runner(function, samples, limit, threads, sink).run(wanted);
}
