//===- RunSlices.cpp - values of a function for every sample --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "SampleStream.h"

using namespace mlir;
using namespace squint;

LogicalResult squint::runSlices(func::FuncOp function, Samples &samples,
                                ArrayRef<Value> wanted, int64_t limit,
                                int threads, SliceSink sink) {
  llvm::SetVector<Value> all(wanted.begin(), wanted.end());
  SampleStream stream(function, samples, limit, threads, all.getArrayRef(), {});
  for (Value value : all) {
    if (value.getDefiningOp())
      continue;
    llvm::Expected<SampleReader> reader = stream.read(value);
    if (!reader)
      return stream.refuse(reader.takeError());
    for (int64_t i = 0; i < stream.sampleCount(); ++i) {
      if (llvm::Error error = reader->next())
        return stream.refuse(std::move(error));
      if (failed(sink(value, i, reader->array)))
        return failure();
    }
  }
  int64_t total = int64_t(stream.sliceCount()) * stream.sampleCount(), done = 0;
  auto report = [&] {
    if (const ProgressCallback &progress = getCalibrationProgress())
      progress("calibrate", done, total);
  };
  report();
  while (stream.nextSlice() < stream.sliceCount()) {
    int64_t last = -1;
    auto take = [&](Value value, int64_t sample, const Array &array) {
      if (sample != last)
        ++done;
      last = sample;
      report();
      return success(!all.contains(value) ||
                     succeeded(sink(value, sample, array)));
    };
    if (failed(stream.advance(take)))
      return failure();
  }
  return success();
}
