//===- SampleStream.h - samples through slice after slice -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CALIBRATION_SAMPLESTREAM_H
#define SQUINT_LIB_CALIBRATION_SAMPLESTREAM_H

#include "SpilledValue.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Squint/Squint.h"

namespace squint {

/// A value sample after sample: an input of the model, or what waits in a
/// temporary file.
class SampleReader {
public:
  /// `spilled` is for values that are no inputs.
  static llvm::Expected<SampleReader> open(mlir::Value value, Samples &samples,
                                           SpilledValue *spilled);
  /// The next sample goes to `array`.
  llvm::Error next();
  Array array;

private:
  std::optional<Samples::Reader> input;
  SpilledValue *spilled = nullptr;
  int64_t sample = 0;
};

/// Runs a slice on `count` samples of its inputs; `take` gets its results.
/// Errors are diagnostics at `loc`.
mlir::LogicalResult
runSamples(mlir::Location loc, CompiledSlice &compiled,
           llvm::MutableArrayRef<SampleReader> inputs, int64_t count,
           llvm::function_ref<mlir::LogicalResult(int64_t sample,
                                                  llvm::ArrayRef<Array>)>
               take);

/// Writes a sample to the file of a value, which is made for the first one.
llvm::Error spillSample(std::unique_ptr<SpilledValue> &spilled, int64_t sample,
                        const Array &array);

/// Runs a function on samples, one slice after the other. What is in a slice is
/// looked up when its turn comes, so that operators behind the last cut may be
/// changed until then (an activation's value must stay). What later slices
/// read waits in temporary files, so that memory holds one slice and one
/// sample. Errors are diagnostics.
class SampleStream {
public:
  /// The first `limit` samples (all for 0), on as many threads as given or, for
  /// 0, as passes may use. Values of `kept` (inputs too) can be read from when
  /// they are computed until they are released.
  SampleStream(mlir::func::FuncOp function, Samples &samples, int64_t limit,
               int threads, mlir::ArrayRef<mlir::Value> cuts,
               mlir::ArrayRef<mlir::Value> kept);
  ~SampleStream();

  int64_t sampleCount() const { return count; }
  size_t sliceCount() const { return slices; }
  size_t nextSlice() const { return next; }
  /// The slice that computes a cut or kept value.
  size_t getSlice(mlir::Value value) const { return madeBy.lookup(value); }

  /// Computes the next slice for all samples; `sink` takes its results.
  mlir::LogicalResult advance(SliceSink sink);

  /// Reads a kept value from the first sample on.
  llvm::Expected<SampleReader> read(mlir::Value value);
  void release(mlir::Value value);

  mlir::LogicalResult refuse(llvm::Error error) {
    return mlir::emitError(function.getLoc())
           << llvm::toString(std::move(error));
  }

private:
  mlir::LogicalResult runSlice(const Slice &slice, CompiledSlice &compiled,
                               SliceSink sink);
  mlir::LogicalResult spill(mlir::Value value, int64_t sample,
                            const Array &array);

  mlir::func::FuncOp function;
  Samples &samples;
  int64_t count;
  int threads;
  llvm::SetVector<mlir::Value> cuts, kept;
  size_t slices = 0, next = 0;
  llvm::DenseMap<mlir::Value, size_t> madeBy;
  /// The last slice that reads a value which is not an input.
  llvm::DenseMap<mlir::Value, size_t> lastUse;
  llvm::DenseMap<mlir::Value, std::unique_ptr<SpilledValue>> spilled;
  /// Compiling a slice frees what the slice does not need.
  DataStores &stores;
  std::unique_ptr<SliceCompiler> compiler;
};

} // namespace squint

#endif // SQUINT_LIB_CALIBRATION_SAMPLESTREAM_H
