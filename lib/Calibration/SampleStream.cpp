//===- SampleStream.cpp - samples through slice after slice ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "SampleStream.h"

using namespace mlir;
using namespace squint;

llvm::Expected<SampleReader> SampleReader::open(Value value, Samples &samples,
                                                SpilledValue *spilled) {
  SampleReader reader;
  llvm::Expected<Array> array = Array();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    llvm::Expected<Samples::Reader> input =
        samples.read(argument.getArgNumber());
    if (!input)
      return input.takeError();
    reader.input = std::move(*input);
    array = samples.makeArray(argument.getArgNumber());
  } else {
    reader.spilled = spilled;
    array = spilled->makeArray();
  }
  if (!array)
    return array.takeError();
  reader.array = std::move(*array);
  return std::move(reader);
}

llvm::Error SampleReader::next() {
  return input ? input->next(array) : spilled->read(sample++, array);
}

LogicalResult squint::runSamples(
    Location loc, CompiledSlice &compiled,
    llvm::MutableArrayRef<SampleReader> inputs, int64_t count,
    llvm::function_ref<LogicalResult(int64_t, ArrayRef<Array>)> take) {
  auto refuse = [&](llvm::Error error) -> LogicalResult {
    return emitError(loc) << llvm::toString(std::move(error));
  };
  SmallVector<const Array *> arrays;
  for (SampleReader &input : inputs)
    arrays.push_back(&input.array);
  std::vector<Array> outputs;
  for (int64_t i = 0; i < count; ++i) {
    for (SampleReader &input : inputs)
      if (llvm::Error error = input.next())
        return refuse(std::move(error));
    if (outputs.empty()) {
      llvm::Expected<std::vector<Array>> made =
          compiled.session().makeOutputs(arrays);
      if (!made)
        return refuse(made.takeError());
      outputs = std::move(*made);
    }
    if (llvm::Error error = compiled.session().run(arrays, outputs))
      return emitError(loc)
             << "sample " << i << ": " << llvm::toString(std::move(error));
    if (failed(take(i, outputs)))
      return failure();
  }
  return success();
}

llvm::Error squint::spillSample(std::unique_ptr<SpilledValue> &spilled,
                                int64_t sample, const Array &array) {
  if (!spilled) {
    auto made = SpilledValue::create(array.dtype(), array.shape());
    if (!made)
      return made.takeError();
    spilled = std::move(*made);
  }
  return spilled->write(sample, array);
}

SampleStream::SampleStream(func::FuncOp function, Samples &samples,
                           int64_t limit, int threads, ArrayRef<Value> cuts,
                           ArrayRef<Value> kept)
    : function(function), samples(samples),
      count(limit ? std::min(limit, samples.size()) : samples.size()),
      threads(threads ? threads : int(function.getContext()->getNumThreads())),
      stores(function.getContext()
                 ->getLoadedDialect<SquintDialect>()
                 ->getStores()) {
  // Inputs are computed by nobody.
  for (auto [from, to] :
       {std::pair(cuts, &this->cuts), std::pair(kept, &this->kept)})
    for (Value value : from)
      if (value.getDefiningOp())
        to->insert(value);
  std::vector<Slice> all = cutIntoSlices(function, this->cuts.getArrayRef(),
                                         this->kept.getArrayRef());
  slices = all.size();
  for (auto [i, slice] : llvm::enumerate(all)) {
    for (Value input : slice.inputs)
      if (input.getDefiningOp())
        lastUse[input] = i;
    for (Value result : slice.results)
      madeBy[result] = i;
  }
}

SampleStream::~SampleStream() = default;

LogicalResult SampleStream::spill(Value value, int64_t sample,
                                  const Array &array) {
  if (!lastUse.contains(value) && !kept.contains(value))
    return success();
  if (llvm::Error error = spillSample(spilled[value], sample, array))
    return refuse(std::move(error));
  return success();
}

llvm::Expected<SampleReader> SampleStream::read(Value value) {
  auto place = spilled.find(value);
  return SampleReader::open(
      value, samples, place == spilled.end() ? nullptr : place->second.get());
}

void SampleStream::release(Value value) {
  kept.remove(value);
  auto use = lastUse.find(value);
  if (use == lastUse.end() || use->second < next)
    spilled.erase(value);
}

LogicalResult SampleStream::runSlice(const Slice &slice,
                                     CompiledSlice &compiled, SliceSink sink) {
  std::vector<SampleReader> inputs;
  for (Value value : slice.inputs) {
    llvm::Expected<SampleReader> reader = read(value);
    if (!reader)
      return refuse(reader.takeError());
    inputs.push_back(std::move(*reader));
  }
  return runSamples(function.getLoc(), compiled, inputs, count,
                    [&](int64_t sample, ArrayRef<Array> outputs) {
                      for (auto [value, array] :
                           llvm::zip(slice.results, outputs))
                        if (failed(sink(value, sample, array)) ||
                            failed(spill(value, sample, array)))
                          return failure();
                      return success();
                    });
}

LogicalResult SampleStream::advance(SliceSink sink) {
  if (!getSliceCompilation().create)
    return emitError(function.getLoc())
           << "expected a compiler for slices: this program has none";
  if (!compiler)
    compiler = getSliceCompilation().create();
  Slice slice =
      cutIntoSlices(function, cuts.getArrayRef(), kept.getArrayRef())[next];
  auto getSize = [&](StringRef symbol) { return samples.getSize(symbol); };
  DataStores::Hold hold(stores);
  FailureOr<OwningOpRef<ModuleOp>> module = buildSlice(slice, getSize);
  if (failed(module))
    return failure();
  FailureOr<std::unique_ptr<CompiledSlice>> compiled =
      compiler->compile(**module, threads);
  if (failed(compiled) || failed(runSlice(slice, **compiled, sink)))
    return failure();
  for (Value input : slice.inputs)
    if (auto use = lastUse.find(input);
        use != lastUse.end() && use->second == next && !kept.contains(input))
      spilled.erase(input);
  ++next;
  return success();
}
