//===- Sensitivity.cpp - how much a change of a weight matters ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Sensitivity.h"
#include "SampleStream.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace squint;

namespace {
/// Rows of a result that are compared.
using Rows = std::vector<std::vector<float>>;

class Probes {
public:
  Probes(func::FuncOp main, Samples &samples, ArrayRef<Probe> probes,
         ArrayRef<Value> cuts, Divergence divergence, int64_t limit,
         int threads);
  LogicalResult run();
  std::vector<double> getMeans() const;

private:
  /// The model of a probe, or -1 for the unchanged one.
  using Model = int64_t;

  FailureOr<std::unique_ptr<CompiledSlice>> compile(size_t index, Model model);
  bool isChanged(const Slice &slice, Model model) const;
  LogicalResult runSlice(const Slice &slice, Model model,
                         CompiledSlice &compiled);
  LogicalResult compare(Model model, int64_t sample, const Array &array);
  SpilledValue *find(Value value, Model model) const;
  LogicalResult refuse(llvm::Error error) {
    return emitError(main.getLoc()) << llvm::toString(std::move(error));
  }

  func::FuncOp main;
  Samples &samples;
  ArrayRef<Probe> probes;
  llvm::SetVector<Value> cuts;
  Value result;
  Divergence divergence;
  int64_t count;
  int threads;
  std::unique_ptr<SliceCompiler> compiler;
  std::map<std::pair<void *, Model>, std::unique_ptr<SpilledValue>> spilled;
  /// Of the unchanged model, by sample.
  std::vector<Rows> wanted;
  std::vector<double> sums;
  std::vector<int64_t> counts;
};
} // namespace

Probes::Probes(func::FuncOp main, Samples &samples, ArrayRef<Probe> probes,
               ArrayRef<Value> cuts, Divergence divergence, int64_t limit,
               int threads)
    : main(main), samples(samples), probes(probes), divergence(divergence),
      count(limit ? std::min(limit, samples.size()) : samples.size()),
      threads(threads ? threads : int(main.getContext()->getNumThreads())),
      wanted(count), sums(probes.size()), counts(probes.size()) {
  for (Value cut : cuts)
    if (cut.getDefiningOp())
      this->cuts.insert(cut);
}

SpilledValue *Probes::find(Value value, Model model) const {
  auto place = spilled.find({value.getAsOpaquePointer(), model});
  return place == spilled.end() ? nullptr : place->second.get();
}

bool Probes::isChanged(const Slice &slice, Model model) const {
  for (WeightedOpInterface op : probes[model].operators)
    if (llvm::is_contained(slice.operations, op.getOperation()))
      return true;
  return false;
}

FailureOr<std::unique_ptr<CompiledSlice>> Probes::compile(size_t index,
                                                          Model model) {
  SmallVector<Value> before;
  SmallVector<WeightedOpInterface> operators;
  if (model >= 0)
    operators = probes[model].operators;
  for (WeightedOpInterface op : operators) {
    before.push_back(op.getWeightOperand().get());
    op.getWeightOperand().set(probes[model].weight);
  }
  auto getSize = [&](StringRef symbol) { return samples.getSize(symbol); };
  FailureOr<OwningOpRef<ModuleOp>> module =
      buildSlice(cutIntoSlices(main, cuts.getArrayRef())[index], getSize);
  for (auto [i, weight] : llvm::enumerate(before))
    operators[i].getWeightOperand().set(weight);
  if (failed(module))
    return failure();
  DataStores::Hold hold(
      main.getContext()->getLoadedDialect<SquintDialect>()->getStores());
  return compiler->compile(**module, threads);
}

LogicalResult Probes::compare(Model model, int64_t sample, const Array &array) {
  if (model < 0) {
    wanted[sample] = takeRows(array);
    return success();
  }
  for (auto [p, q] : llvm::zip_equal(wanted[sample], takeRows(array))) {
    double value = diverge(divergence, p, q);
    if (!std::isfinite(value))
      return emitError(result.getLoc())
             << "expected finite results, got NaN or infinity for sample "
             << sample;
    sums[model] += value;
    ++counts[model];
  }
  return success();
}

LogicalResult Probes::runSlice(const Slice &slice, Model model,
                               CompiledSlice &compiled) {
  // Inputs of the model, values of this model, or what it has in common with
  // the unchanged one.
  std::vector<SampleReader> inputs;
  for (Value value : slice.inputs) {
    SpilledValue *own = find(value, model);
    llvm::Expected<SampleReader> reader =
        SampleReader::open(value, samples, own ? own : find(value, -1));
    if (!reader)
      return refuse(reader.takeError());
    inputs.push_back(std::move(*reader));
  }
  return runSamples(
      main.getLoc(), compiled, inputs, count,
      [&](int64_t sample, ArrayRef<Array> outputs) -> LogicalResult {
        for (auto [value, array] : llvm::zip(slice.results, outputs)) {
          if (value == result) {
            if (failed(compare(model, sample, array)))
              return failure();
          } else if (llvm::Error error = spillSample(
                         spilled[{value.getAsOpaquePointer(), model}], sample,
                         array)) {
            return refuse(std::move(error));
          }
        }
        return success();
      });
}

LogicalResult Probes::run() {
  if (!getSliceCompilation().create)
    return emitError(main.getLoc())
           << "expected a compiler for slices: this program has none";
  result = main.front().getTerminator()->getOperand(0);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!result.getDefiningOp() || !type ||
      !isa<mlir::FloatType>(type.getElementType()))
    return emitError(result.getLoc())
           << "expected a first result of computed floats, got "
           << result.getType();
  cuts.insert(result);
  compiler = getSliceCompilation().create();
  std::vector<Slice> slices = cutIntoSlices(main, cuts.getArrayRef());
  std::map<void *, size_t> lastUse;
  for (auto [i, slice] : llvm::enumerate(slices))
    for (Value input : slice.inputs)
      lastUse[input.getAsOpaquePointer()] = i;
  for (auto [i, slice] : llvm::enumerate(slices)) {
    if (const ProgressCallback &progress = getCalibrationProgress())
      progress("sensitivity", i, slices.size());
    FailureOr<std::unique_ptr<CompiledSlice>> base = compile(i, -1);
    if (failed(base) || failed(runSlice(slice, -1, **base)))
      return failure();
    for (Model model = 0; model < Model(probes.size()); ++model) {
      if (isChanged(slice, model)) {
        FailureOr<std::unique_ptr<CompiledSlice>> changed = compile(i, model);
        if (failed(changed) || failed(runSlice(slice, model, **changed)))
          return failure();
      } else if (llvm::any_of(slice.inputs, [&](Value input) {
                   return find(input, model) != nullptr;
                 })) {
        if (failed(runSlice(slice, model, **base)))
          return failure();
      }
    }
    for (auto place = spilled.begin(); place != spilled.end();) {
      auto use = lastUse.find(place->first.first);
      bool isDone = use == lastUse.end() || use->second <= i;
      place = isDone ? spilled.erase(place) : std::next(place);
    }
  }
  if (const ProgressCallback &progress = getCalibrationProgress())
    progress("sensitivity", slices.size(), slices.size());
  return success();
}

std::vector<double> Probes::getMeans() const {
  std::vector<double> means;
  for (auto [sum, count] : llvm::zip_equal(sums, counts))
    means.push_back(count ? sum / double(count) : 0.0);
  return means;
}

FailureOr<std::vector<double>>
squint::measureProbes(func::FuncOp main, Samples &samples,
                      ArrayRef<Probe> probes, ArrayRef<Value> cuts,
                      Divergence divergence, int64_t limit, int threads) {
  Probes runs(main, samples, probes, cuts, divergence, limit, threads);
  if (failed(runs.run()))
    return failure();
  return runs.getMeans();
}
