//===- MakeSamples.cpp - samples where there are no data ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/MakeSamples.h"
#include "Floats.h"
#include "squint/Calibration/Npz.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Numerics/FloatBits.h"
#include <cmath>
#include <map>
#include <random>

using namespace mlir;
using namespace squint;

/// A language model is compiled for lengths that are multiples of this many
/// parts of the longest one.
static constexpr int64_t kLengths = 8;

namespace {
struct Input {
  std::string name;
  SmallVector<DimExpr> dims;
  /// Rows of the table that it chooses from; 0 for none.
  int64_t rows = 0;
  Array array;
};

/// A model that scores the next token after each one.
struct Speaker {
  size_t tokens;
  /// Of the length of its tokens.
  std::string symbol;
  int64_t vocabulary;
};

class SampleMaker {
public:
  SampleMaker(func::FuncOp main, const MakeSamplesOptions &options)
      : main(main), options(options), random(options.seed) {}
  LogicalResult run(StringRef path);

private:
  LogicalResult addInput(BlockArgument argument);
  LogicalResult fill(Input &input);
  std::optional<Speaker> findSpeaker();
  LogicalResult speak(const Speaker &speaker);
  FailureOr<Session *> getSession(const Speaker &speaker, int64_t length);
  FailureOr<Array> score(const Speaker &speaker, int64_t sample,
                         int64_t length);
  FailureOr<bool> isCausal(const Speaker &speaker);
  /// Between 0 and 1; the library's distributions differ between libraries.
  double draw() { return (random() + 0.5) * 0x1p-32; }
  double drawNormal() {
    double radius = std::sqrt(-2.0 * std::log(draw()));
    return radius * std::cos(2.0 * M_PI * draw());
  }
  LogicalResult refuse(llvm::Error error) {
    return emitError(main.getLoc()) << llvm::toString(std::move(error));
  }

  func::FuncOp main;
  const MakeSamplesOptions &options;
  std::mt19937 random;
  std::vector<Input> inputs;
  std::unique_ptr<SliceCompiler> compiler;
  std::map<int64_t, std::unique_ptr<CompiledSlice>> compiled;
};
} // namespace

/// Through conversions of integers.
static int64_t findTableRows(Value value) {
  for (OpOperand &use : value.getUses()) {
    if (auto table = dyn_cast<EmbeddingOp>(use.getOwner()))
      return cast<RankedTensorType>(table.getTable().getType()).getDimSize(0);
    if (auto cast = dyn_cast<onnx::CastOp>(use.getOwner()))
      if (int64_t rows = findTableRows(cast->getResult(0)))
        return rows;
  }
  return 0;
}

LogicalResult SampleMaker::addInput(BlockArgument argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  std::optional<squint_dtype> dtype =
      type ? getElementDtype(type.getElementType()) : std::nullopt;
  FailureOr<SmallVector<DimExpr>> dims =
      type ? getDims(argument) : FailureOr<SmallVector<DimExpr>>();
  auto name =
      main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr);
  if (!dtype || failed(dims) || !name || type.getRank() == 0 ||
      dtype->code == SQUINT_DTYPE_BFLOAT)
    return emitError(argument.getLoc())
           << "cannot make samples for an input of type " << argument.getType()
           << ": expected integers, f16, f32 or f64";
  Input input{name.str(), *dims, findTableRows(argument), {}};
  SmallVector<int64_t> shape;
  for (auto [i, dim] : llvm::enumerate(*dims)) {
    std::optional<int64_t> size = dim.evaluate(options.getSize);
    if (i == 0)
      size = dim.getConstant() ? *dim.getConstant() * options.count
                               : options.count;
    if (!size)
      return emitError(argument.getLoc())
             << "expected a size for the dimension '" << dim.str()
             << "' of input '" << input.name << "'";
    shape.push_back(*size);
  }
  llvm::Expected<Array> array = Array::create(*dtype, shape);
  if (!array)
    return refuse(array.takeError());
  input.array = std::move(*array);
  inputs.push_back(std::move(input));
  return fill(inputs.back());
}

static void writeInteger(Array &array, int64_t index, uint64_t value) {
  uint64_t size = getByteSize(array.dtype());
  // Little-endian, as all targets are.
  std::memcpy(array.bytes().data() + index * size, &value, size);
}

LogicalResult SampleMaker::fill(Input &input) {
  Array &array = input.array;
  squint_dtype type = array.dtype();
  bool isPosition = StringRef(input.name).contains_insensitive("position");
  int64_t length = std::max<int64_t>(array.shape().back(), 1);
  for (int64_t i = 0; i < array.size(); ++i) {
    char *to = array.bytes().data() + i * getByteSize(type);
    if (type.code != SQUINT_DTYPE_FLOAT) {
      uint64_t value = 1;
      if (isPosition)
        value = i % length;
      else if (input.rows)
        value = random() % uint64_t(input.rows);
      // What is narrower than the table wraps to no negative row.
      if (uint64_t bits = 8 * getByteSize(type); bits < 64)
        value &= (uint64_t(1) << (bits - 1)) - 1;
      writeInteger(array, i, value);
    } else if (type.bits == 64) {
      double value = drawNormal();
      std::memcpy(to, &value, sizeof value);
    } else if (type.bits == 32) {
      float value = float(drawNormal());
      std::memcpy(to, &value, sizeof value);
    } else {
      uint16_t value = floatToHalf(float(drawNormal()));
      std::memcpy(to, &value, sizeof value);
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Language models
//===----------------------------------------------------------------------===//

std::optional<Speaker> SampleMaker::findSpeaker() {
  Value result = main.front().getTerminator()->getOperand(0);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  FailureOr<SmallVector<DimExpr>> dims =
      type ? getDims(result) : FailureOr<SmallVector<DimExpr>>();
  if (failed(dims) || dims->size() != 3 || !type.getElementType().isF32() ||
      !result.getDefiningOp())
    return {};
  for (auto [i, input] : llvm::enumerate(inputs)) {
    // The batch runs one by one, the length is free.
    std::string symbol = input.dims.size() == 2 ? input.dims[1].str() : "";
    if (input.rows && input.rows == type.getDimSize(2) &&
        DimExpr::isSymbol(symbol) && DimExpr::isSymbol(input.dims[0].str()) &&
        (*dims)[1].str() == symbol && input.array.shape()[1] > 1)
      return Speaker{i, symbol, input.rows};
  }
  return {};
}

FailureOr<Session *> SampleMaker::getSession(const Speaker &speaker,
                                             int64_t length) {
  std::unique_ptr<CompiledSlice> &slice = compiled[length];
  if (slice)
    return &slice->session();
  Value result = main.front().getTerminator()->getOperand(0);
  std::string batch = inputs[speaker.tokens].dims[0].str();
  auto getSize = [&](StringRef symbol) -> std::optional<int64_t> {
    if (symbol == batch)
      return 1;
    return symbol == speaker.symbol ? length : options.getSize(symbol);
  };
  FailureOr<OwningOpRef<ModuleOp>> module =
      buildSlice(cutIntoSlices(main, result).front(), getSize);
  if (failed(module))
    return failure();
  DataStores::Hold hold(
      main.getContext()->getLoadedDialect<SquintDialect>()->getStores());
  FailureOr<std::unique_ptr<CompiledSlice>> made = compiler->compile(
      **module, options.threads ? options.threads
                                : int(main.getContext()->getNumThreads()));
  if (failed(made))
    return failure();
  slice = std::move(*made);
  return &slice->session();
}

/// The scores after each of the first `length` tokens of a sample.
FailureOr<Array> SampleMaker::score(const Speaker &speaker, int64_t sample,
                                    int64_t length) {
  FailureOr<Session *> session = getSession(speaker, length);
  if (failed(session))
    return failure();
  Value result = main.front().getTerminator()->getOperand(0);
  Slice slice = cutIntoSlices(main, result).front();
  std::vector<Array> cut;
  for (Value value : slice.inputs) {
    Input &input = inputs[cast<BlockArgument>(value).getArgNumber()];
    // A row of each, shorter where the model's length appears.
    SmallVector<int64_t> shape(input.array.shape());
    shape[0] = input.dims[0].getConstant().value_or(1);
    int64_t size = getByteSize(input.array.dtype());
    for (size_t i = 1; i < shape.size(); ++i)
      if (input.dims[i].str() == speaker.symbol)
        shape[i] = length;
    llvm::Expected<Array> array = Array::create(input.array.dtype(), shape);
    if (!array)
      return refuse(array.takeError());
    // The length is the last dimension of what has one.
    int64_t from = input.array.shape().back(), to = shape.back();
    int64_t rows = to ? array->size() / to : 0;
    for (int64_t row = 0; row < rows; ++row)
      std::memcpy(array->bytes().data() + row * to * size,
                  input.array.bytes().data() +
                      (sample * rows + row) * from * size,
                  to * size);
    cut.push_back(std::move(*array));
  }
  std::vector<const Array *> pointers;
  for (Array &array : cut)
    pointers.push_back(&array);
  llvm::Expected<std::vector<Array>> scores = (*session)->run(pointers);
  if (!scores)
    return refuse(scores.takeError());
  return std::move(scores->front());
}

/// Whether the scores do not depend on later tokens.
FailureOr<bool> SampleMaker::isCausal(const Speaker &speaker) {
  Array &tokens = inputs[speaker.tokens].array;
  int64_t length = std::min<int64_t>(tokens.shape()[1], 32);
  FailureOr<Array> before = score(speaker, 0, length);
  if (failed(before))
    return failure();
  uint64_t old = 0;
  std::memcpy(
      &old, tokens.bytes().data() + (length - 1) * getByteSize(tokens.dtype()),
      getByteSize(tokens.dtype()));
  writeInteger(tokens, length - 1, (old + 1) % uint64_t(speaker.vocabulary));
  FailureOr<Array> after = score(speaker, 0, length);
  if (failed(after))
    return failure();
  writeInteger(tokens, length - 1, old);
  size_t same = (length - 1) * speaker.vocabulary * sizeof(float);
  return before->bytes().take_front(same) == after->bytes().take_front(same);
}

/// One of the scores' softmax, `at` being between 0 and 1.
static int64_t choose(ArrayRef<float> scores, double at) {
  double top = *std::max_element(scores.begin(), scores.end()), sum = 0.0;
  for (float score : scores)
    sum += std::exp(score - top);
  double left = at * sum;
  for (auto [i, score] : llvm::enumerate(scores)) {
    left -= std::exp(score - top);
    if (left < 0.0)
      return i;
  }
  return int64_t(scores.size()) - 1;
}

LogicalResult SampleMaker::speak(const Speaker &speaker) {
  if (!getSliceCompilation().create)
    return emitError(main.getLoc())
           << "expected a compiler for slices: this program has none";
  compiler = getSliceCompilation().create();
  FailureOr<bool> causal = isCausal(speaker);
  if (failed(causal) || !*causal)
    return failure(failed(causal)); // What was drawn evenly stays.
  Array &tokens = inputs[speaker.tokens].array;
  int64_t count = tokens.shape()[0], length = tokens.shape()[1];
  if (std::optional<int64_t> first = options.firstToken) {
    if (*first < 0 || *first >= speaker.vocabulary)
      return emitError(main.getLoc())
             << "expected a first token of 0 to " << speaker.vocabulary - 1
             << ", got " << *first;
    for (int64_t sample = 0; sample < count; ++sample)
      writeInteger(tokens, sample * length, *first);
  }
  int64_t part = llvm::divideCeil(length, kLengths);
  for (int64_t sample = 0; sample < count; ++sample)
    for (int64_t at = 1; at < length; ++at) {
      if (const ProgressCallback &progress = getCalibrationProgress())
        progress("samples", sample * length + at, count * length);
      FailureOr<Array> scores = score(
          speaker, sample, std::min<int64_t>(llvm::alignTo(at, part), length));
      if (failed(scores))
        return failure();
      std::vector<float> scratch;
      ArrayRef<float> last =
          getFloats(*scores, scratch)
              .slice((at - 1) * speaker.vocabulary, speaker.vocabulary);
      if (!llvm::all_of(last, [](float x) { return std::isfinite(x); }))
        return emitError(main.getLoc())
               << "expected finite scores of tokens, got NaN or infinity in "
                  "sample "
               << sample;
      writeInteger(tokens, sample * length + at, choose(last, draw()));
    }
  if (const ProgressCallback &progress = getCalibrationProgress())
    progress("samples", count * length, count * length);
  return success();
}

LogicalResult SampleMaker::run(StringRef path) {
  for (BlockArgument argument : main.getArguments())
    if (failed(addInput(argument)))
      return failure();
  if (options.generate)
    if (std::optional<Speaker> speaker = findSpeaker())
      if (failed(speak(*speaker)))
        return failure();
  std::vector<NamedArray> named;
  for (Input &input : inputs) {
    input.array.reinterpret(getNpzType(input.array.dtype()));
    named.push_back({input.name, &input.array});
  }
  if (llvm::Error error = writeNpz(path, named))
    return refuse(std::move(error));
  return success();
}

LogicalResult squint::makeSamples(func::FuncOp main, StringRef path,
                                  const MakeSamplesOptions &options) {
  return SampleMaker(main, options).run(path);
}
