//===- LayerInputs.cpp - what operators with a weight read ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/LayerInputs.h"
#include "Floats.h"
#include "SampleStream.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include <cmath>
#include <map>

using namespace mlir;
using namespace squint;

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static bool hasColumns(WeightedOpInterface op) {
  if (!isa<mlir::FloatType>(
          getElementTypeOrSelf(op.getActivationOperand().get().getType())))
    return false;
  auto conv = dyn_cast<ConvOp>(op.getOperation());
  return !conv || conv.getGroups() == 1;
}

std::vector<Layer>
squint::collectLayers(func::FuncOp main,
                      llvm::function_ref<bool(WeightedOpInterface)> wanted) {
  std::vector<Layer> layers;
  DenseMap<Value, size_t> byInput;
  for (auto op : main.front().getOps<WeightedOpInterface>()) {
    if (!hasColumns(op) || !wanted(op))
      continue;
    Value input = op.getActivationOperand().get();
    if (isa<ConvOp>(op.getOperation())) {
      layers.push_back({input, {op}});
      continue;
    }
    auto [place, isNew] = byInput.try_emplace(input, layers.size());
    if (isNew)
      layers.push_back({input, {}});
    layers[place->second].operators.push_back(op);
  }
  // An operator may stand behind one whose input is made later.
  DenseMap<Operation *, size_t> positions;
  for (Operation &op : main.front())
    positions.try_emplace(&op, positions.size() + 1);
  llvm::sort(layers, [&](const Layer &a, const Layer &b) {
    auto key = [&](const Layer &layer) {
      return std::pair(positions.lookup(layer.input.getDefiningOp()),
                       positions.lookup(layer.operators.front()));
    };
    return key(a) < key(b);
  });
  return layers;
}

/// The value that the result of `op` is added to, if it is there before the
/// layer's input.
static Value findResidual(WeightedOpInterface op, Value input) {
  Value result = op->getResult(0);
  if (!result.hasOneUse() || !input.getDefiningOp())
    return {};
  auto add = dyn_cast<onnx::AddOp>(*result.user_begin());
  if (!add)
    return {};
  Value other = add->getOperand(add->getOperand(0) == result ? 1 : 0);
  if (other.getType() != result.getType() || other.getDefiningOp<ConstantOp>())
    return {};
  Operation *maker = other.getDefiningOp();
  return !maker || (maker->getBlock() == op->getBlock() &&
                    maker->isBeforeInBlock(input.getDefiningOp()))
             ? other
             : Value();
}

OwningOpRef<ModuleOp> squint::cloneFloatModel(func::FuncOp main,
                                              IRMapping &mapping) {
  OpBuilder builder(main.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(main.getLoc());
  builder.setInsertionPointToStart(module->getBody());
  builder.clone(*main, mapping);
  // The original's operations lead: the copy's are replaced under way.
  SmallVector<DequantizeOp> decoded(main.getOps<DequantizeOp>());
  for (DequantizeOp op : decoded) {
    auto copy = mapping.lookup(op.getResult()).getDefiningOp<DequantizeOp>();
    Value value;
    if (auto original = op->getAttrOfType<TypedAttr>(kOriginalAttr)) {
      builder.setInsertionPoint(copy);
      value = ConstantOp::create(builder, copy.getLoc(), original);
    } else if (auto quantize = op.getInput().getDefiningOp<QuantizeOp>()) {
      value = mapping.lookup(quantize.getInput());
    } else {
      continue;
    }
    copy.getResult().replaceAllUsesWith(value);
    mapping.map(op.getResult(), value);
    copy.erase();
  }
  return module;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Writes the windows of one array, a row for each output pixel.
static void unfold(ConvOp conv, ArrayRef<int64_t> shape, ArrayRef<float> image,
                   std::vector<float> &rows) {
  unsigned rank = shape.size() - 2;
  int64_t channels = shape.back();
  auto weight = cast<RankedTensorType>(conv.getWeight().getType());
  ArrayRef<int64_t> kernel = weight.getShape().slice(1, rank);
  ArrayRef<int64_t> strides = conv.getStrides(),
                    dilations = conv.getDilations(), pads = conv.getPads();
  SmallVector<int64_t> out(rank);
  for (unsigned i = 0; i < rank; ++i)
    out[i] = (shape[i + 1] + pads[i] + pads[rank + i] -
              dilations[i] * (kernel[i] - 1) - 1) /
                 strides[i] +
             1;
  auto forEach = [](ArrayRef<int64_t> extents, auto &&body) {
    SmallVector<int64_t> at(extents.size(), 0);
    int64_t total = 1;
    for (int64_t extent : extents)
      total *= extent;
    for (int64_t i = 0; i < total; ++i) {
      body(ArrayRef<int64_t>(at));
      for (unsigned d = extents.size(); d-- > 0;)
        if (++at[d] < extents[d])
          break;
        else
          at[d] = 0;
    }
  };
  rows.clear();
  for (int64_t n = 0; n < shape.front(); ++n)
    forEach(out, [&](ArrayRef<int64_t> pixel) {
      forEach(kernel, [&](ArrayRef<int64_t> tap) {
        int64_t offset = n;
        bool isInside = true;
        for (unsigned i = 0; i < rank; ++i) {
          int64_t at = pixel[i] * strides[i] - pads[i] + tap[i] * dilations[i];
          isInside &= at >= 0 && at < shape[i + 1];
          offset = offset * shape[i + 1] + at;
        }
        if (isInside)
          rows.insert(rows.end(), image.begin() + offset * channels,
                      image.begin() + (offset + 1) * channels);
        else
          rows.insert(rows.end(), channels, 0.0f);
      });
    });
}

namespace {
/// A^T B of two matrices with equal counts of rows, by a compiled kernel.
class Product {
public:
  Product(SliceCompiler &compiler, MLIRContext *context, int threads)
      : compiler(compiler), context(context), threads(threads) {}

  /// Adds A^T B to `sum`, [a, b] numbers.
  LogicalResult add(const Array &a, const Array &b, std::vector<double> &sum);

private:
  FailureOr<CompiledSlice *> get(int64_t rows, int64_t a, int64_t b);

  SliceCompiler &compiler;
  MLIRContext *context;
  int threads;
  std::map<std::array<int64_t, 3>, std::unique_ptr<CompiledSlice>> compiled;
};
} // namespace

FailureOr<CompiledSlice *> Product::get(int64_t rows, int64_t a, int64_t b) {
  std::unique_ptr<CompiledSlice> &slice = compiled[{rows, a, b}];
  if (slice)
    return slice.get();
  Location loc = UnknownLoc::get(context);
  OpBuilder builder(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());
  auto type = [&](int64_t rows, int64_t columns) {
    return RankedTensorType::get({rows, columns}, builder.getF32Type());
  };
  auto main = func::FuncOp::create(
      builder, loc, "main",
      builder.getFunctionType({type(rows, a), type(rows, b)}, {type(a, b)}));
  for (auto [i, name] : llvm::enumerate(ArrayRef<StringRef>{"a", "b"}))
    main.setArgAttr(i, kNameAttr, builder.getStringAttr(name));
  main.setResultAttr(0, kNameAttr, builder.getStringAttr("product"));
  builder.setInsertionPointToStart(main.addEntryBlock());
  auto transpose = onnx::TransposeOp::create(
      builder, loc, type(a, rows), main.getArgument(0),
      builder.getDenseI64ArrayAttr({1, 0}));
  auto matmul = onnx::MatMulOp::create(builder, loc, type(a, b), transpose,
                                       main.getArgument(1));
  func::ReturnOp::create(builder, loc, matmul->getResults());
  DataStores::Hold hold(
      context->getLoadedDialect<SquintDialect>()->getStores());
  FailureOr<std::unique_ptr<CompiledSlice>> made =
      compiler.compile(*module, threads);
  if (failed(made))
    return failure();
  slice = std::move(*made);
  return slice.get();
}

LogicalResult Product::add(const Array &a, const Array &b,
                           std::vector<double> &sum) {
  FailureOr<CompiledSlice *> slice =
      get(a.shape()[0], a.shape()[1], b.shape()[1]);
  if (failed(slice))
    return failure();
  llvm::Expected<std::vector<Array>> product =
      (*slice)->session().run({&a, &b});
  if (!product)
    return emitError(UnknownLoc::get(context))
           << llvm::toString(product.takeError());
  std::vector<float> scratch;
  ArrayRef<float> values = getFloats(product->front(), scratch);
  sum.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    sum[i] += values[i];
  return success();
}

//===----------------------------------------------------------------------===//
// Visits
//===----------------------------------------------------------------------===//

namespace {
class Visits {
public:
  Visits(func::FuncOp main, Samples &samples, ArrayRef<Layer> layers,
         const LayerInputsOptions &options);
  LogicalResult
  run(llvm::function_ref<LogicalResult(const Layer &, const LayerInputs &)>
          visit);

private:
  /// The rows of X that a sample has, as a matrix.
  LogicalResult readRows(SampleStream &stream, SampleReader &reader,
                         WeightedOpInterface op, Array &rows);
  LogicalResult sumUp(const Layer &layer, LayerInputs &inputs);
  LogicalResult advance(const Layer &layer);
  void release(size_t layer);

  func::FuncOp main;
  ArrayRef<Layer> layers;
  LayerInputsOptions options;
  IRMapping mapping;
  OwningOpRef<ModuleOp> floatModel;
  std::optional<SampleStream> stream, floats;
  std::unique_ptr<SliceCompiler> compiler;
  std::optional<Product> product;
  DenseMap<Operation *, Value> residuals;
  /// The last layer that reads a kept value. Two values of a quantized model
  /// may be one of the float model.
  DenseMap<Value, size_t> lastUse, lastFloatUse;
};
} // namespace

Visits::Visits(func::FuncOp main, Samples &samples, ArrayRef<Layer> layers,
               const LayerInputsOptions &options)
    : main(main), layers(layers), options(options) {
  llvm::SetVector<Value> cuts, kept;
  for (auto [i, layer] : llvm::enumerate(layers)) {
    cuts.insert(layer.input);
    kept.insert(layer.input);
    lastUse[layer.input] = i;
    if (!options.withFloatModel)
      continue;
    for (WeightedOpInterface op : layer.operators)
      if (Value residual = findResidual(op, layer.input)) {
        residuals[op] = residual;
        kept.insert(residual);
        lastUse[residual] = i;
      }
  }
  stream.emplace(main, samples, options.limit, options.threads,
                 cuts.getArrayRef(), kept.getArrayRef());
  if (!options.withFloatModel)
    return;
  floatModel = cloneFloatModel(main, mapping);
  for (auto [value, last] : lastUse) {
    size_t &use = lastFloatUse[mapping.lookup(value)];
    use = std::max(use, last);
  }
  auto map = [&](const llvm::SetVector<Value> &values) {
    SmallVector<Value> mapped;
    for (Value value : values)
      mapped.push_back(mapping.lookup(value));
    return mapped;
  };
  floats.emplace(*floatModel->getOps<func::FuncOp>().begin(), samples,
                 options.limit, options.threads, map(cuts), map(kept));
}

LogicalResult Visits::readRows(SampleStream &stream, SampleReader &reader,
                               WeightedOpInterface op, Array &rows) {
  if (llvm::Error error = reader.next())
    return stream.refuse(std::move(error));
  std::vector<float> scratch, windows;
  ArrayRef<float> values = getFloats(reader.array, scratch);
  int64_t columns = reader.array.shape().back();
  if (auto conv = dyn_cast<ConvOp>(op.getOperation())) {
    unfold(conv, reader.array.shape(), values, windows);
    auto weight = cast<RankedTensorType>(conv.getWeight().getType());
    columns = weight.getNumElements() / weight.getDimSize(0);
    values = windows;
  }
  if (!columns)
    return success();
  std::array<int64_t, 2> shape = {int64_t(values.size()) / columns, columns};
  if (rows.shape() != ArrayRef<int64_t>(shape)) {
    llvm::Expected<Array> made =
        Array::create({SQUINT_DTYPE_FLOAT, 32, 1}, shape);
    if (!made)
      return stream.refuse(made.takeError());
    rows = std::move(*made);
  }
  llvm::copy(values, reinterpret_cast<float *>(rows.bytes().data()));
  return success();
}

static MutableArrayRef<float> floatsOf(Array &array) {
  return {reinterpret_cast<float *>(array.bytes().data()),
          size_t(array.size())};
}

static bool addByColumn(Array &rows, LayerInputs &inputs) {
  int64_t columns = rows.shape().back();
  inputs.rows += rows.shape().front();
  inputs.columns = columns;
  for (std::vector<double> *sums :
       {&inputs.absmax, &inputs.absolute, &inputs.sum, &inputs.squares})
    sums->resize(columns);
  ArrayRef<float> values = floatsOf(rows);
  bool isFinite = true;
  for (size_t i = 0; i < values.size(); ++i) {
    size_t column = i % columns;
    double value = values[i], magnitude = std::fabs(value);
    isFinite &= std::isfinite(value);
    inputs.absmax[column] = std::max(inputs.absmax[column], magnitude);
    inputs.absolute[column] += magnitude;
    inputs.sum[column] += value;
    inputs.squares[column] += value * value;
  }
  return isFinite;
}

static void subtract(Array &from, Array &array) {
  for (auto [a, b] : llvm::zip_equal(floatsOf(from), floatsOf(array)))
    a -= b;
}

LogicalResult Visits::sumUp(const Layer &layer, LayerInputs &inputs) {
  WeightedOpInterface op = layer.operators.front();
  bool hasWindows = isa<ConvOp>(op.getOperation());
  struct Source {
    SampleStream *stream;
    SampleReader reader;
    Array rows;
  };
  std::vector<Source> sources;
  auto open = [&](SampleStream &stream, Value value) -> LogicalResult {
    llvm::Expected<SampleReader> reader = stream.read(value);
    if (!reader)
      return stream.refuse(reader.takeError());
    sources.push_back({&stream, std::move(*reader), {}});
    return success();
  };
  // X, then Xf, then R and Rf of each residual.
  SmallVector<size_t> writers;
  LogicalResult opened = open(*stream, layer.input);
  if (floats && succeeded(opened))
    opened = open(*floats, mapping.lookup(layer.input));
  if (floats && !hasWindows)
    for (auto [i, writer] : llvm::enumerate(layer.operators))
      if (Value residual = residuals.lookup(writer);
          residual && succeeded(opened)) {
        writers.push_back(i);
        opened = open(*stream, residual);
        if (succeeded(opened))
          opened = open(*floats, mapping.lookup(residual));
      }
  if (failed(opened))
    return failure();

  for (int64_t sample = 0; sample < stream->sampleCount(); ++sample) {
    for (auto [i, source] : llvm::enumerate(sources))
      if (failed(readRows(*source.stream, source.reader,
                          i < 2 ? op : WeightedOpInterface(), source.rows)))
        return failure();
    Array &rows = sources[0].rows;
    if (!rows.size())
      continue;
    if (!addByColumn(rows, inputs))
      return emitError(layer.input.getLoc())
             << "expected finite numbers in the input of node '"
             << getNodeName(op) << "', got NaN or infinity for sample "
             << sample;
    if (options.withGram && failed(product->add(rows, rows, inputs.gram)))
      return failure();
    if (!floats)
      continue;
    subtract(sources[1].rows, rows);
    if (failed(product->add(sources[1].rows, rows, inputs.cross)))
      return failure();
    for (auto [i, writer] : llvm::enumerate(writers)) {
      Array &difference = sources[3 + 2 * i].rows;
      subtract(difference, sources[2 + 2 * i].rows);
      if (failed(product->add(difference, rows, inputs.residuals[writer])))
        return failure();
    }
  }
  if (!inputs.rows)
    return emitError(layer.input.getLoc())
           << "expected samples with values for the input of node '"
           << getNodeName(op) << "', got none";
  return success();
}

LogicalResult Visits::advance(const Layer &layer) {
  auto until = [](SampleStream &stream, Value value) {
    while (value.getDefiningOp() &&
           stream.nextSlice() <= stream.getSlice(value))
      if (failed(stream.advance(
              [](Value, int64_t, const Array &) { return success(); })))
        return failure();
    return success();
  };
  return failure(
      failed(until(*stream, layer.input)) ||
      (floats && failed(until(*floats, mapping.lookup(layer.input)))));
}

void Visits::release(size_t layer) {
  for (auto [value, last] : lastUse)
    if (last == layer)
      stream->release(value);
  for (auto [value, last] : lastFloatUse)
    if (last == layer)
      floats->release(value);
}

LogicalResult Visits::run(
    llvm::function_ref<LogicalResult(const Layer &, const LayerInputs &)>
        visit) {
  if (!getSliceCompilation().create)
    return emitError(main.getLoc())
           << "expected a compiler for slices: this program has none";
  compiler = getSliceCompilation().create();
  product.emplace(*compiler, main.getContext(),
                  options.threads ? options.threads
                                  : int(main.getContext()->getNumThreads()));
  for (auto [i, layer] : llvm::enumerate(layers)) {
    if (const ProgressCallback &progress = getCalibrationProgress())
      progress(options.what, i, layers.size());
    LayerInputs inputs;
    inputs.residuals.resize(layer.operators.size());
    bool isKnown = options.isKnown && options.isKnown(layer);
    if (!isKnown && (failed(advance(layer)) || failed(sumUp(layer, inputs))))
      return failure();
    if (failed(visit(layer, inputs)))
      return failure();
    release(i);
  }
  if (const ProgressCallback &progress = getCalibrationProgress())
    progress(options.what, layers.size(), layers.size());
  return success();
}

LogicalResult squint::visitLayers(
    func::FuncOp main, Samples &samples, ArrayRef<Layer> layers,
    const LayerInputsOptions &options,
    llvm::function_ref<LogicalResult(const Layer &, const LayerInputs &)>
        visit) {
  return Visits(main, samples, layers, options).run(visit);
}
