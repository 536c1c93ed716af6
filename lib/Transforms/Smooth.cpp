//===- Smooth.cpp - move ranges from activations to weights -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "TransformerParts.h"
#include "mlir/IR/Threading.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Numerics/Smoothing.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

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

/// A place where factors can go from an activation to the weights behind it.
struct Fold {
  /// What is divided by the factors: rows of a weight and elements of vectors,
  /// each with its factor.
  SmallVector<OpOperand *> divided;
  /// Multiplied by them, column by column: all that reads the activation.
  SmallVector<LinearOp> readers;
  /// By row divided and by column multiplied, the factor.
  std::vector<int64_t> rows;
  Smoothing smoothing;

  Value getInput() { return readers.front().getInput(); }
};

struct Smooth : squint::impl::SmoothBase<Smooth> {
  using SmoothBase::SmoothBase;

  LogicalResult initialize(MLIRContext *context) override;
  void getDependentDialects(DialectRegistry &registry) const override {
    SmoothBase::getDependentDialects(registry);
    if (auto add = getSliceCompilation().addDialects)
      add(registry);
  }
  void runOnOperation() override;

private:
  std::vector<Fold> collectFolds(func::FuncOp main);
  LogicalResult readSamples(func::FuncOp main, MutableArrayRef<Fold> folds);
  LogicalResult readWeights(Fold &fold);
  std::vector<double> chooseFactors(const Smoothing &smoothing);
  LogicalResult apply(Fold &fold, ArrayRef<double> factors);
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

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

/// The linears that read a value, if nothing else does; in the order of the
/// block.
static SmallVector<LinearOp> getReaders(Value value) {
  SmallVector<LinearOp> readers;
  for (OpOperand &use : value.getUses()) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    if (isa<ObserveOp>(use.getOwner()))
      continue;
    if (!linear || use.getOperandNumber() != 0 ||
        !isFloatConstant(linear.getWeight()) ||
        linear->getBlock() != value.getParentBlock())
      return {};
    readers.push_back(linear);
  }
  llvm::sort(readers,
             [](LinearOp a, LinearOp b) { return a->isBeforeInBlock(b); });
  return readers;
}

static std::vector<int64_t> getIdentity(int64_t size) {
  std::vector<int64_t> result(size);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

static std::optional<Fold> foldNorm(NormOp norm) {
  Fold fold;
  if (!isFloatConstant(norm.getScale()) ||
      (norm.getBias() && !isFloatConstant(norm.getBias())))
    return std::nullopt;
  fold.readers = getReaders(norm.getResult());
  fold.divided.push_back(&norm.getScaleMutable());
  if (norm.getBias())
    fold.divided.push_back(&norm.getBiasMutable()[0]);
  return fold;
}

/// The weight and the bias of a linear whose results are divided.
static SmallVector<OpOperand *> getOutputs(LinearOp linear) {
  SmallVector<OpOperand *> operands{&linear.getWeightMutable()};
  if (linear.getBias())
    operands.push_back(&linear.getBiasMutable()[0]);
  return operands;
}

/// Between values and the linear behind attention: query heads of one value
/// head share its factors.
static std::optional<Fold> foldValues(squint::AttentionOp attention) {
  std::optional<ValueFold> pair = findValueFold(attention);
  if (!pair)
    return std::nullopt;
  Fold fold;
  fold.divided = getOutputs(pair->writer);
  fold.readers.push_back(pair->reader);
  int64_t share = pair->heads / pair->valueHeads, size = pair->headSize;
  for (int64_t head = 0; head < pair->heads; ++head)
    for (int64_t i = 0; i < size; ++i)
      fold.smoothing.factorOf.push_back(head / share * size + i);
  return fold;
}

/// Between a linear and the one that reads its product with something, or its
/// positive part.
static std::optional<Fold> foldUp(LinearOp down) {
  Operation *op = down.getInput().getDefiningOp();
  Fold fold;
  fold.readers = getReaders(down.getInput());
  if (fold.readers.empty() || fold.readers.front() != down)
    return std::nullopt;
  if (!isa_and_present<onnx::MulOp, onnx::ReluOp>(op))
    return std::nullopt;
  // The last linear that is a factor itself: a gate is inside a function.
  for (Value operand : llvm::reverse(op->getOperands())) {
    auto up = operand.getDefiningOp<LinearOp>();
    if (!up || !operand.hasOneUse() ||
        operand.getType() != down.getInput().getType() ||
        !isFloatConstant(up.getWeight()) ||
        (up.getBias() && !isFloatConstant(up.getBias())))
      continue;
    fold.divided = getOutputs(up);
    return fold;
  }
  return std::nullopt;
}

std::vector<Fold> Smooth::collectFolds(func::FuncOp main) {
  std::vector<Fold> folds;
  auto add = [&](std::optional<Fold> fold) {
    if (!fold || fold->readers.empty())
      return;
    Smoothing &smoothing = fold->smoothing;
    smoothing.columns =
        cast<RankedTensorType>(fold->readers.front().getWeight().getType())
            .getShape()[1];
    fold->rows = getIdentity(
        cast<RankedTensorType>(fold->divided.front()->get().getType())
            .getShape()[0]);
    if (smoothing.factorOf.empty())
      smoothing.factorOf = getIdentity(smoothing.columns);
    smoothing.factors = fold->rows.size();
    if (fold->getInput().getParentBlock() == &main.front())
      folds.push_back(std::move(*fold));
  };
  // Those that change rows of a weight first: the others then see them.
  main.walk([&](squint::AttentionOp op) {
    if (values)
      add(foldValues(op));
  });
  main.walk([&](LinearOp op) {
    if (products)
      add(foldUp(op));
  });
  main.walk([&](NormOp op) {
    if (norms)
      add(foldNorm(op));
  });
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
    byValue[fold.getInput()].push_back(&fold.smoothing);
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

static FailureOr<std::optional<Format>> getFormat(Operation *op,
                                                  StringRef name) {
  auto text = op->getAttrOfType<StringAttr>(name);
  if (!text)
    return std::optional<Format>();
  llvm::Expected<Format> format =
      Format::parse(text.getValue(), FormatRole::Any);
  if (!format)
    return op->emitError() << "expected a format for " << name << ", got "
                           << text << ": "
                           << llvm::toString(format.takeError());
  return std::optional<Format>(*format);
}

/// Rows of the readers' weights as they are now: all for the maxima, some where
/// errors are measured.
LogicalResult Smooth::readWeights(Fold &fold) {
  fold.smoothing.readers.clear();
  for (LinearOp linear : fold.readers) {
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
/// better than to leave things as they are.
std::vector<double> Smooth::chooseFactors(const Smoothing &smoothing) {
  if (alpha >= 0.0)
    return smoothing.getFactors(alpha);
  bool isQuantized = llvm::any_of(smoothing.readers, [](const auto &reader) {
    return reader.activationFormat && reader.activationFormat->isInteger();
  });
  if (!isQuantized)
    return {};
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

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

LogicalResult Smooth::apply(Fold &fold, ArrayRef<double> factors) {
  for (OpOperand *operand : fold.divided) {
    Operation *op = operand->getOwner();
    FailureOr<TypedAttr> mapped =
        mapRows(op, getConstant(operand->get()).getValue(),
                [&](int64_t row, MutableArrayRef<double> values) {
                  for (double &value : values)
                    value /= factors[fold.rows[row]];
                });
    if (failed(mapped))
      return failure();
    replaceConstant(*operand, *mapped);
  }
  for (LinearOp linear : fold.readers) {
    FailureOr<TypedAttr> mapped =
        mapRows(linear, getConstant(linear.getWeight()).getValue(),
                [&](int64_t, MutableArrayRef<double> values) {
                  for (auto [value, factor] :
                       llvm::zip(values, fold.smoothing.factorOf))
                    value *= factors[factor];
                });
    if (failed(mapped))
      return failure();
    replaceConstant(linear.getWeightMutable(), *mapped);
  }
  ++numFolds;
  return success();
}

void Smooth::runOnOperation() {
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  Location loc = UnknownLoc::get(&getContext());
  if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
    emitError(loc) << "expected a function 'main' with one block";
    return signalPassFailure();
  }
  std::vector<Fold> folds = collectFolds(main);
  if (folds.empty()) {
    emitError(loc) << "smoothing touched nothing: expected norms, values of "
                      "attention or products that only linears with float "
                      "weights read";
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
    if (!factors.empty() && failed(apply(fold, factors)))
      return signalPassFailure();
  }
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
