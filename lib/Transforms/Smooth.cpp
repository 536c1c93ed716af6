//===- Smooth.cpp - move ranges from activations to weights -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "ScaleFolds.h"
#include "WeightedOps.h"
#include "mlir/IR/Threading.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Numerics/Smoothing.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_SMOOTH
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

/// Rows of a weight that an error is measured on.
static constexpr int64_t kMaxOutputs = 256;

/// What alpha is searched among; no smoothing at all is tried too.
static constexpr double kAlphas[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};

namespace {

struct Fold {
  ScaleFold place;
  Smoothing smoothing;
};

struct Smooth : squint::impl::SmoothBase<Smooth> {
  using SmoothBase::SmoothBase;

  LogicalResult initialize(MLIRContext *context) override;
  void getDependentDialects(DialectRegistry &registry) const override {
    SmoothBase::getDependentDialects(registry);
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  std::vector<Fold> collectFolds(func::FuncOp main);
  LogicalResult readSamples(func::FuncOp main, MutableArrayRef<Fold> folds);
  LogicalResult readWeights(Fold &fold);
  std::vector<double> chooseFactors(const Smoothing &smoothing);

  /// Some operator has the format of its activations already.
  bool isSelected = false;
};

} // namespace

LogicalResult Smooth::initialize(MLIRContext *context) {
  Location loc = UnknownLoc::get(context);
  if (calibration.empty())
    return emitError(loc) << "expected a file of samples for smoothing";
  if (!(alpha <= 1.0))
    return emitError(loc) << "expected an alpha up to 1, or a negative one to "
                             "search it, got "
                          << llvm::formatv("{0}", alpha.getValue()).str();
  if (samples < 0 || jobs < 0 || tokens < 1)
    return emitError(loc) << "expected no negative numbers and a token at "
                             "least";
  return success();
}

std::vector<Fold> Smooth::collectFolds(func::FuncOp main) {
  std::vector<Fold> folds;
  for (ScaleFold &place : collectScaleFolds(main, {norms, values, products})) {
    Smoothing smoothing;
    smoothing.columns = place.columns();
    smoothing.factors = place.factors;
    smoothing.factorOf = place.factorOf;
    folds.push_back({std::move(place), std::move(smoothing)});
  }
  return folds;
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

LogicalResult Smooth::readSamples(func::FuncOp main,
                                  MutableArrayRef<Fold> folds) {
  llvm::Expected<std::unique_ptr<Samples>> file =
      Samples::open(calibration, main);
  if (!file)
    return emitError(UnknownLoc::get(&getContext()))
           << llvm::toString(file.takeError());
  int64_t count = (*file)->size();
  if (samples)
    count = std::min<int64_t>(count, samples);
  int64_t perSample =
      llvm::divideCeil(int64_t(tokens), std::max<int64_t>(count, 1));
  llvm::MapVector<Value, SmallVector<Smoothing *>> byValue;
  for (Fold &fold : folds) {
    fold.smoothing.absmax.assign(fold.smoothing.columns, 0.0f);
    byValue[fold.place.getInput()].push_back(&fold.smoothing);
  }
  auto sink = [&](Value value, int64_t sample,
                  const Array &array) -> LogicalResult {
    if (array.dtype().code != SQUINT_DTYPE_FLOAT || array.dtype().bits != 32)
      return emitError(value.getLoc())
             << "expected f32 activations to smooth, got " << value.getType();
    ArrayRef<float> x(reinterpret_cast<const float *>(array.bytes().data()),
                      array.size());
    for (Smoothing *smoothing : byValue[value]) {
      int64_t columns = smoothing->columns, rows = int64_t(x.size()) / columns;
      for (size_t i = 0; i < x.size(); ++i) {
        float magnitude = std::fabs(x[i]);
        if (!std::isfinite(magnitude))
          return emitError(value.getLoc())
                 << "expected finite activations, got NaN or infinity for "
                    "sample "
                 << sample << " of '" << calibration << "'";
        float &most = smoothing->absmax[i % columns];
        most = std::max(most, magnitude);
      }
      int64_t taken = std::min(rows, perSample);
      for (int64_t i = 0; i < taken; ++i) {
        // Evenly, and from the middle of each part.
        ArrayRef<float> row =
            x.slice((2 * i + 1) * rows / (2 * taken) * columns, columns);
        smoothing->rows.insert(smoothing->rows.end(), row.begin(), row.end());
      }
    }
    return success();
  };
  return runSlices(main, **file,
                   llvm::to_vector(llvm::make_first_range(byValue)), samples,
                   jobs, sink);
}

/// Rows of the readers' weights as they are now: all for the maxima, some where
/// errors are measured.
LogicalResult Smooth::readWeights(Fold &fold) {
  fold.smoothing.readers.clear();
  for (LinearOp linear : fold.place.readers) {
    SmoothingReader reader;
    FailureOr<std::vector<float>> weight =
        readMatrix(linear, getConstant(linear.getWeight()).getValue());
    FailureOr<std::optional<Format>> weightFormat =
                                         getFormat(linear, kWeightFormatAttr),
                                     activationFormat = getFormat(
                                         linear, kActivationFormatAttr);
    if (failed(weight) || failed(weightFormat) || failed(activationFormat))
      return failure();
    reader.weight = std::move(*weight);
    reader.weightFormat = *weightFormat;
    reader.activationFormat = *activationFormat;
    fold.smoothing.readers.push_back(std::move(reader));
  }
  return success();
}

/// The same with some of each reader's rows, evenly.
static Smoothing thin(const Smoothing &smoothing) {
  Smoothing result = smoothing;
  for (SmoothingReader &reader : result.readers) {
    int64_t columns = smoothing.columns,
            outputs = int64_t(reader.weight.size()) / columns;
    if (outputs <= kMaxOutputs)
      continue;
    std::vector<float> some;
    for (int64_t i = 0; i < kMaxOutputs; ++i) {
      const float *row =
          reader.weight.data() + i * outputs / kMaxOutputs * columns;
      some.insert(some.end(), row, row + columns);
    }
    reader.weight = std::move(some);
  }
  return result;
}

/// With alpha as given, or the one with the least error; none where nothing is
/// better than to leave things as they are, or activations stay floats.
std::vector<double> Smooth::chooseFactors(const Smoothing &smoothing) {
  bool isQuantized = llvm::any_of(smoothing.readers, [](const auto &reader) {
    return reader.activationFormat && reader.activationFormat->isInteger();
  });
  if (!isQuantized && (isSelected || alpha < 0.0))
    return {};
  if (alpha >= 0.0)
    return smoothing.getFactors(alpha);
  std::vector<std::vector<double>> candidates;
  candidates.push_back(std::vector<double>(smoothing.factors, 1.0));
  for (double candidate : kAlphas)
    candidates.push_back(smoothing.getFactors(candidate));
  Smoothing thinned = thin(smoothing);
  std::vector<double> errors(candidates.size());
  parallelFor(&getContext(), 0, candidates.size(),
              [&](size_t i) { errors[i] = thinned.getError(candidates[i]); });
  size_t best = llvm::min_element(errors) - errors.begin();
  return best ? candidates[best] : std::vector<double>();
}

void Smooth::runOnOperation() {
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  Location loc = UnknownLoc::get(&getContext());
  if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
    emitError(loc) << "expected a function 'main' with one block";
    return signalPassFailure();
  }
  isSelected = main.walk([](Operation *op) {
                     return op->hasAttr(kActivationFormatAttr)
                                ? WalkResult::interrupt()
                                : WalkResult::advance();
                   })
                   .wasInterrupted();
  std::vector<Fold> folds = collectFolds(main);
  if (folds.empty()) {
    emitError(loc) << "smoothing touched nothing: expected norms, values of "
                      "attention or products that linears with float weights "
                      "read";
    return signalPassFailure();
  }
  if (failed(readSamples(main, folds)))
    return signalPassFailure();
  for (Fold &fold : folds) {
    if (failed(readWeights(fold)))
      return signalPassFailure();
    std::vector<double> factors = chooseFactors(fold.smoothing);
    fold.smoothing.readers.clear();
    fold.smoothing.rows = {};
    if (factors.empty())
      continue;
    if (failed(applyFactors(fold.place, factors)))
      return signalPassFailure();
    ++numFolds;
  }
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
