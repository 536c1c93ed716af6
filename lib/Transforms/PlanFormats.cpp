//===- PlanFormats.cpp - the formats that a budget allows -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "squint/Calibration/Checkpoint.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/Sensitivity.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Kernels/Layout.h"
#include "squint/Numerics/Budget.h"
#include "squint/Numerics/Gptq.h"
#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "squint/Transforms/Roles.h"
#include "squint/Transforms/Selectable.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_PLANFORMATS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
/// Operators that read one weight, and what each format would cost.
struct Weight {
  ConstantOp constant;
  SmallVector<WeightedOpInterface> operators;
  int64_t rows = 0, columns = 0;
  bool isTable = false;
  std::vector<Format> formats;
  /// By format: the relative squared error of the outputs on the samples, of
  /// the values themselves for a table.
  std::vector<double> errors;
  /// With the codes of the first format.
  Value probe;
};

struct PlanFormats : squint::impl::PlanFormatsBase<PlanFormats> {
  using PlanFormatsBase::PlanFormatsBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  LogicalResult plan();
  void collectWeights();
  /// What the budget holds for, too, but a rule has decided.
  LogicalResult collectGiven();
  std::vector<Format> getCandidates(const Weight &weight) const;
  LogicalResult measureTable(Weight &weight);
  LogicalResult measureLayer(const Layer &layer, const LayerInputs &inputs);
  /// Writes codes of a format, returns their relative squared error.
  using Quantizer = llvm::function_ref<llvm::Expected<double>(
      const TensorView &view, ArrayRef<float> values, const Format &format,
      MutableArrayRef<char> codes)>;
  LogicalResult measure(Weight &weight, Quantizer quantize);
  void restore();
  std::string getFile(const Weight &weight) const {
    return "weight-" + std::to_string(&weight - weights.data());
  }
  DataStores &getStores() {
    return getContext().getLoadedDialect<SquintDialect>()->getStores();
  }
  FailureOr<std::vector<double>> measureSensitivities(Samples &samples);
  FailureOr<std::vector<double>> getSensitivities(Samples &samples);
  int64_t getBytes(const Weight &weight, const Format &format) const;
  int64_t getOtherBytes();
  void choose(const Weight &weight, const Format &format, double loss,
              const Roles &roles);
  void setFrontier(const Plan &plan, int64_t count);

  func::FuncOp main;
  Checkpoint checkpoint;
  std::vector<Weight> weights;
  /// Of weights that rules have decided about.
  std::vector<PlanOption> given;
  int64_t givenCount = 0, givenFloats = 0;
  DenseSet<Attribute> givenConstants;
  DenseMap<Operation *, size_t> byOperator;
  std::vector<Layer> layers;
};
} // namespace

// The first one is what sensitivities are measured with: coarse enough for its
// effect to stand out.
std::vector<Format> PlanFormats::getCandidates(const Weight &weight) const {
  SmallVector<StringRef> names;
  if (weight.isTable)
    names = {"int4:group=32", "int5:group=64", "int6:group=64", "int8:channel"};
  else
    names = {"int3:group=64", "int4:group=64", "int4:group=32",
             "int5:group=64", "int6:group=64", "int8:channel"};
  if (!symmetric && !weight.isTable)
    names.append({"int3:group=32,zero-point", "int4:group=32,zero-point"});
  std::vector<Format> formats;
  for (StringRef name : names)
    formats.push_back(llvm::cantFail(Format::parse(name, FormatRole::Weight)));
  return formats;
}

void PlanFormats::collectWeights() {
  weights.clear();
  byOperator.clear();
  DenseMap<Attribute, size_t> byConstant;
  for (WeightedOpInterface op : collectSelectable(main)) {
    auto constant = op.getWeightOperand().get().getDefiningOp<ConstantOp>();
    if (!constant || op->getBlock() != &main.front() ||
        op->hasAttr(kKeptFloatAttr) ||
        !cast<RankedTensorType>(constant.getType()).getNumElements())
      continue;
    auto [place, isNew] =
        byConstant.try_emplace(constant.getValue(), weights.size());
    if (isNew) {
      Weight &weight = weights.emplace_back();
      weight.constant = constant;
      auto type = cast<RankedTensorType>(constant.getType());
      weight.rows = type.getDimSize(0);
      weight.columns = weight.rows ? type.getNumElements() / weight.rows : 0;
    }
    Weight &weight = weights[place->second];
    weight.operators.push_back(op);
    // What stands behind everything else is measured by its values, too: the
    // inputs of a head are few against its outputs.
    weight.isTable |= op.getKind() == "embedding";
    byOperator[op] = place->second;
  }
  for (Weight &weight : weights) {
    weight.formats = getCandidates(weight);
    weight.errors.assign(weight.formats.size(), 0.0);
  }
}

LogicalResult PlanFormats::collectGiven() {
  given.clear();
  givenCount = givenFloats = 0;
  givenConstants.clear();
  DenseSet<std::pair<Attribute, Attribute>> seen;
  WalkResult walked = main.walk([&](WeightedOpInterface op) -> WalkResult {
    auto constant = op.getWeightOperand().get().getDefiningOp<ConstantOp>();
    auto spelling = op->getAttrOfType<StringAttr>(kWeightFormatAttr);
    if (!constant || (!spelling && !op->hasAttr(kKeptFloatAttr)) ||
        !seen.insert({constant.getValue(), spelling}).second)
      return WalkResult::advance();
    auto type = cast<RankedTensorType>(constant.getType());
    int64_t count = type.getNumElements(), rows = type.getDimSize(0);
    int64_t floats = count * type.getElementTypeBitWidth() / 8;
    Weight weight;
    weight.constant = constant;
    weight.operators.push_back(op);
    weight.rows = rows;
    weight.columns = rows ? count / rows : 0;
    given.push_back({floats, 0.0});
    if (spelling) {
      Format format =
          llvm::cantFail(Format::parse(spelling.getValue(), FormatRole::Any));
      if (llvm::Error error = format.checkColumns(weight.columns))
        return op.emitError() << "weight of node '" << getNodeName(op)
                              << "': " << llvm::toString(std::move(error));
      given.back().bytes = getBytes(weight, format);
    }
    givenConstants.insert(constant.getValue());
    givenCount += count;
    givenFloats += floats;
    return WalkResult::advance();
  });
  return failure(walked.wasInterrupted());
}

LogicalResult PlanFormats::measure(Weight &weight, Quantizer quantize) {
  WeightedOpInterface op = weight.operators.front();
  // Only what the probe is made of is kept.
  auto fill = [&](const TensorView &view,
                  MutableArrayRef<char> probe) -> llvm::Error {
    std::vector<float> values = readAll(view);
    std::vector<char> scratch;
    for (auto [i, format] : llvm::enumerate(weight.formats)) {
      MutableArrayRef<char> codes = probe;
      if (i) {
        scratch.resize(
            PlainLayout::get(format, view.rows(), view.columns()).totalBytes);
        codes = scratch;
      }
      llvm::Expected<double> error = quantize(view, values, format, codes);
      if (!error)
        return error.takeError();
      weight.errors[i] = *error;
    }
    return llvm::Error::success();
  };
  FailureOr<DataAttr> codes =
      packWeight(op, weight.constant, weight.formats.front(), fill);
  if (failed(codes))
    return failure();
  OpBuilder builder(weight.constant);
  weight.probe = createQuantizedWeight(builder, weight.constant, *codes);
  ArrayRef<char> probe = llvm::cantFail(getStores().get(*codes));
  StringRef errors(reinterpret_cast<const char *>(weight.errors.data()),
                   weight.errors.size() * sizeof(double));
  if (llvm::Error error = checkpoint.keep(
          getFile(weight), {errors, StringRef(probe.data(), probe.size())}))
    return emitError(UnknownLoc::get(&getContext()))
           << llvm::toString(std::move(error));
  return success();
}

/// What `measure` found before an interruption.
void PlanFormats::restore() {
  for (Weight &weight : weights) {
    const Format &format = weight.formats.front();
    size_t head = weight.errors.size() * sizeof(double);
    int64_t size =
        PlainLayout::get(format, weight.rows, weight.columns).totalBytes;
    std::optional<std::vector<char>> bytes =
        checkpoint.find(getFile(weight), head + size);
    if (!bytes)
      continue;
    std::memcpy(weight.errors.data(), bytes->data(), head);
    DataAttr codes =
        storeCodes(cast<RankedTensorType>(weight.constant.getType()), format,
                   ArrayRef(*bytes).drop_front(head));
    OpBuilder builder(weight.constant);
    weight.probe = createQuantizedWeight(builder, weight.constant, codes);
  }
}

LogicalResult PlanFormats::measureTable(Weight &weight) {
  auto quantize = [&](const TensorView &view, ArrayRef<float> values,
                      const Format &format,
                      MutableArrayRef<char> codes) -> llvm::Expected<double> {
    if (llvm::Error error =
            quantizeRtn(view, format, codes, getThreadPool(&getContext())))
      return error;
    PackedView packed(codes.data(), format, view.rows(), view.columns());
    std::vector<float> decoded(view.columns());
    double noise = 0.0, signal = 0.0;
    for (int64_t row = 0; row < view.rows(); ++row) {
      packed.dequantizeRows(row, row + 1, decoded.data());
      for (auto [a, b] : llvm::zip_equal(
               values.slice(row * view.columns(), view.columns()), decoded)) {
        noise += (double(a) - b) * (double(a) - b);
        signal += double(a) * a;
      }
    }
    return signal > 0.0 ? noise / signal : 0.0;
  };
  return measure(weight, quantize);
}

LogicalResult PlanFormats::measureLayer(const Layer &layer,
                                        const LayerInputs &inputs) {
  HessianOptions options;
  options.actOrder = true;
  llvm::Expected<Hessian> hessian =
      Hessian::get(inputs.gram, inputs.columns, options);
  if (!hessian)
    return layer.operators.front()->emitError()
           << llvm::toString(hessian.takeError());
  auto quantize = [&](const TensorView &, ArrayRef<float> values,
                      const Format &format,
                      MutableArrayRef<char> codes) -> llvm::Expected<double> {
    GptqLayer matrix;
    matrix.weight = values;
    GptqReport report;
    if (llvm::Error error = quantizeGptq(matrix, *hessian, format, {}, codes,
                                         &report, getThreadPool(&getContext())))
      return error;
    return report.energy > 0.0 ? report.compensated / report.energy : 0.0;
  };
  for (WeightedOpInterface op : layer.operators) {
    Weight &weight = weights[byOperator.lookup(op)];
    if (!weight.probe && failed(measure(weight, quantize)))
      return failure();
  }
  return success();
}

FailureOr<std::vector<double>>
PlanFormats::measureSensitivities(Samples &opened) {
  std::vector<Probe> probes;
  for (Weight &weight : weights)
    probes.push_back({weight.operators, weight.probe});
  SmallVector<Value> cuts;
  for (const Layer &layer : layers)
    cuts.push_back(layer.input);
  // Enough for 64 rows of the result.
  int64_t limit = probeSamples, rows = 1;
  Value result = main.front().getTerminator()->getOperand(0);
  if (auto dims = getDims(result); !limit && succeeded(dims) && !dims->empty())
    for (const DimExpr &dim : ArrayRef(*dims).drop_back())
      rows *=
          dim.evaluate([&](StringRef symbol) { return opened.getSize(symbol); })
              .value_or(1);
  if (!limit)
    limit = llvm::divideCeil(64, std::max<int64_t>(rows, 1));
  Roles roles(main);
  bool hasLogits = llvm::any_of(weights, [&](const Weight &weight) {
    return llvm::any_of(weight.operators, [&](WeightedOpInterface op) {
      return roles.lookup(op) == "head";
    });
  });
  return measureProbes(main, opened, probes, cuts,
                       hasLogits ? Divergence::Kl : Divergence::SquaredError,
                       limit, jobs);
}

/// Measured, or found where an earlier run has left them.
FailureOr<std::vector<double>> PlanFormats::getSensitivities(Samples &opened) {
  std::vector<double> values(weights.size());
  auto bytes = [&] {
    return MutableArrayRef(reinterpret_cast<char *>(values.data()),
                           values.size() * sizeof(double));
  };
  if (auto known = checkpoint.find("sensitivities", bytes().size())) {
    llvm::copy(*known, bytes().begin());
    return values;
  }
  FailureOr<std::vector<double>> measured = measureSensitivities(opened);
  if (failed(measured))
    return failure();
  values = std::move(*measured);
  if (llvm::Error error = checkpoint.keep(
          "sensitivities", StringRef(bytes().data(), bytes().size())))
    return emitError(UnknownLoc::get(&getContext()))
           << llvm::toString(std::move(error));
  return values;
}

/// As the library stores it: panels where a product reads it.
int64_t PlanFormats::getBytes(const Weight &weight,
                              const Format &format) const {
  bool isMultiplied =
      llvm::any_of(weight.operators, [](WeightedOpInterface op) {
        return op.getKind() != "embedding";
      });
  if (!isMultiplied)
    return PlainLayout::get(format, weight.rows, weight.columns).totalBytes;
  return kernel::PanelLayout::get(format, weight.rows, weight.columns)
      .totalBytes();
}

/// Constants that take no format.
int64_t PlanFormats::getOtherBytes() {
  int64_t bytes = 0;
  DenseSet<Attribute> planned = givenConstants;
  for (Weight &weight : weights)
    planned.insert(weight.constant.getValue());
  main.walk([&](ConstantOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (type && type.hasStaticShape() && !planned.contains(op.getValue()) &&
        op.getData())
      bytes += op.getData().getLength() + 64;
  });
  return bytes;
}

void PlanFormats::choose(const Weight &weight, const Format &format,
                         double loss, const Roles &roles) {
  Builder builder(&getContext());
  for (WeightedOpInterface op : weight.operators) {
    op->setAttr(kWeightFormatAttr, builder.getStringAttr(format.str()));
    if (!weight.isTable) {
      NamedAttrList method;
      method.set("name", builder.getStringAttr("gptq"));
      method.set("targets", builder.getF64FloatAttr(0.5));
      method.set("residual", builder.getF64FloatAttr(0.5));
      method.set("descent", builder.getI64IntegerAttr(2));
      op->setAttr(kMethodAttr, method.getDictionary(&getContext()));
    }
    if (!explain)
      continue;
    std::string reason = llvm::formatv("costs {0}", llvm::format("%.2e", loss));
    op->setAttr(kReasonAttr, builder.getStringAttr(reason));
    if (StringRef role = roles.lookup(op); !role.empty())
      op->setAttr(kRoleAttr, builder.getStringAttr(role));
  }
  ++numWeights;
}

void PlanFormats::setFrontier(const Plan &plan, int64_t count) {
  Builder builder(&getContext());
  int64_t otherBytes = getOtherBytes();
  SmallVector<Attribute> points;
  for (const PlanPoint &point : plan.getFrontier())
    points.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("bytes",
                              builder.getI64IntegerAttr(
                                  getLibraryBytes(point.bytes, otherBytes))),
         builder.getNamedAttr("bits",
                              builder.getF64FloatAttr(
                                  8.0 * double(point.bytes) / double(count))),
         builder.getNamedAttr("divergence",
                              builder.getF64FloatAttr(point.loss))}));
  getOperation()->setAttr("squint.frontier", builder.getArrayAttr(points));
}

LogicalResult PlanFormats::plan() {
  Location loc = UnknownLoc::get(&getContext());
  llvm::Expected<Budget> wanted = Budget();
  if (!frontier)
    wanted = Budget::parse(budget);
  if (!wanted)
    return emitError(loc) << llvm::toString(wanted.takeError());
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(getOperation(), calibration, samples, jobs);
  if (failed(opened))
    return failure();
  main = getOperation().lookupSymbol<func::FuncOp>("main");
  collectWeights();
  if (failed(collectGiven()))
    return failure();
  if (weights.empty())
    return emitError(loc) << "expected weights to plan formats of, got none "
                             "that may take one"
                          << (given.empty() ? "" : " and no rule takes");

  std::string work = llvm::formatv("plan {0} samples {1} {2}", samples,
                                   probeSamples, symmetric);
  FailureOr<Checkpoint> found =
      Checkpoint::open(checkpointFolder, work, getOperation(), calibration);
  if (failed(found))
    return failure();
  checkpoint = std::move(*found);
  restore();

  layers = collectLayers(main, [&](WeightedOpInterface op) {
    auto place = byOperator.find(op);
    return place != byOperator.end() && !weights[place->second].isTable;
  });
  LayerInputsOptions options;
  options.limit = samples;
  options.threads = jobs;
  options.what = "plan";
  options.isKnown = [&](const Layer &layer) {
    return llvm::all_of(layer.operators, [&](WeightedOpInterface op) {
      return bool(weights[byOperator.lookup(op)].probe);
    });
  };
  if (failed(visitLayers(main, **opened, layers, options,
                         [&](const Layer &layer, const LayerInputs &inputs) {
                           return inputs.rows ? measureLayer(layer, inputs)
                                              : success();
                         })))
    return failure();
  // Tables, and what has no layer of its own, such as grouped convolutions.
  for (Weight &weight : weights)
    if (!weight.probe && failed(measureTable(weight)))
      return failure();
  FailureOr<std::vector<double>> divergences = getSensitivities(**opened);
  if (failed(divergences))
    return failure();

  Plan plan;
  int64_t count = 0, floats = 0;
  for (auto [weight, divergence] : llvm::zip_equal(weights, *divergences)) {
    std::vector<PlanOption> own;
    double unit = weight.errors.front() > 0.0
                      ? std::max(divergence, 0.0) / weight.errors.front()
                      : 0.0;
    for (auto [format, error] : llvm::zip_equal(weight.formats, weight.errors))
      own.push_back({getBytes(weight, format), unit * error});
    plan.items.push_back(std::move(own));
    count += weight.rows * weight.columns;
    floats += weight.constant.getData() ? weight.constant.getData().getLength()
                                        : weight.rows * weight.columns * 4;
  }
  for (const PlanOption &option : given)
    plan.items.push_back({option});
  count += givenCount;
  floats += givenFloats;
  if (frontier) {
    setFrontier(plan, count);
    return success();
  }
  llvm::Expected<PlanResult> solved =
      plan.solve(*wanted, count, floats, getOtherBytes());
  if (!solved)
    return emitError(loc) << "budget '" << budget
                          << "': " << llvm::toString(solved.takeError());
  Roles roles(main);
  for (auto [i, weight] : llvm::enumerate(weights)) {
    size_t option = solved->choice[i];
    choose(weight, weight.formats[option], plan.items[i][option].loss, roles);
  }
  getOperation()->setAttr(
      "squint.plan",
      StringAttr::get(
          &getContext(),
          llvm::formatv("{0} weights in {1} MB, {2} bits a weight; expected "
                        "divergence {3}, at least {4} for any such plan",
                        plan.items.size(),
                        llvm::format("%.2f", solved->bytes / 1e6),
                        llvm::format("%.3f", 8.0 * solved->bytes / count),
                        llvm::format("%.4g", solved->loss),
                        llvm::format("%.4g", solved->bound))
              .str()));
  return success();
}

void PlanFormats::runOnOperation() {
  LogicalResult result = plan();
  // The probes have done their work.
  for (Weight &weight : weights)
    if (weight.probe) {
      auto dequantize = weight.probe.getDefiningOp<DequantizeOp>();
      auto codes = dequantize.getInput().getDefiningOp<ConstantOp>();
      dequantize.erase();
      codes.erase();
    }
  weights.clear();
  layers.clear();
  if (failed(result))
    return signalPassFailure();
  getStores().collect(getOperation());
}
