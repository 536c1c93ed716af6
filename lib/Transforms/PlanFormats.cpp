//===- PlanFormats.cpp - the formats that a budget allows -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "mlir/IR/IRMapping.h"
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
    registry.insert<SquintDialect>();
    if (auto add = getSliceCompilation().addDialects)
      add(registry);
  }
  void runOnOperation() override;

private:
  LogicalResult plan();
  void collectWeights();
  std::vector<Format> getCandidates(const Weight &weight) const;
  LogicalResult measureTable(Weight &weight);
  LogicalResult measureLayer(const Layer &layer, const LayerInputs &inputs);
  LogicalResult measure(Weight &weight, const Hessian &hessian);
  FailureOr<std::vector<double>> measureSensitivities(Samples &samples);
  Value createProbe(Weight &weight, DataAttr codes);
  int64_t getBytes(const Weight &weight, const Format &format) const;
  int64_t getOtherBytes();
  void choose(const Weight &weight, const Format &format, double loss,
              const Roles &roles);

  func::FuncOp main;
  std::vector<Weight> weights;
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

Value PlanFormats::createProbe(Weight &weight, DataAttr codes) {
  OpBuilder builder(weight.constant);
  return createQuantizedWeight(builder, weight.constant, codes);
}

LogicalResult PlanFormats::measureTable(Weight &weight) {
  WeightedOpInterface op = weight.operators.front();
  for (size_t i = 0; i < weight.formats.size(); ++i) {
    const Format &format = weight.formats[i];
    double noise = 0.0, signal = 0.0;
    auto fill = [&](const TensorView &view,
                    MutableArrayRef<char> payload) -> llvm::Error {
      if (llvm::Error error =
              quantizeRtn(view, format, payload, getThreadPool(&getContext())))
        return error;
      PackedView packed(payload.data(), format, view.rows(), view.columns());
      std::vector<float> values(view.columns()), decoded(view.columns());
      for (int64_t row = 0; row < view.rows(); ++row) {
        view.readRows(row, row + 1, values.data());
        packed.dequantizeRows(row, row + 1, decoded.data());
        for (auto [a, b] : llvm::zip_equal(values, decoded)) {
          noise += (double(a) - b) * (double(a) - b);
          signal += double(a) * a;
        }
      }
      return llvm::Error::success();
    };
    FailureOr<DataAttr> codes = packWeight(op, weight.constant, format, fill);
    if (failed(codes))
      return failure();
    weight.errors[i] = signal > 0.0 ? noise / signal : 0.0;
    if (!weight.probe)
      weight.probe = createProbe(weight, *codes);
  }
  return success();
}

LogicalResult PlanFormats::measure(Weight &weight, const Hessian &hessian) {
  WeightedOpInterface op = weight.operators.front();
  for (size_t i = 0; i < weight.formats.size(); ++i) {
    const Format &format = weight.formats[i];
    GptqReport report;
    auto fill = [&](const TensorView &view, MutableArrayRef<char> payload) {
      std::vector<float> values(view.rows() * view.columns());
      view.readRows(0, view.rows(), values.data());
      GptqLayer layer;
      layer.weight = values;
      return quantizeGptq(layer, hessian, format, {}, payload, &report,
                          getThreadPool(&getContext()));
    };
    FailureOr<DataAttr> codes = packWeight(op, weight.constant, format, fill);
    if (failed(codes))
      return failure();
    weight.errors[i] =
        report.energy > 0.0 ? report.compensated / report.energy : 0.0;
    if (!weight.probe)
      weight.probe = createProbe(weight, *codes);
  }
  return success();
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
  for (WeightedOpInterface op : layer.operators) {
    Weight &weight = weights[byOperator.lookup(op)];
    if (!weight.probe && failed(measure(weight, *hessian)))
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
  DenseSet<Attribute> planned;
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

LogicalResult PlanFormats::plan() {
  Location loc = UnknownLoc::get(&getContext());
  llvm::Expected<Budget> wanted = Budget::parse(budget);
  if (!wanted)
    return emitError(loc) << llvm::toString(wanted.takeError());
  FailureOr<std::unique_ptr<Samples>> opened =
      openSamples(getOperation(), calibration, samples, jobs);
  if (failed(opened))
    return failure();
  main = getOperation().lookupSymbol<func::FuncOp>("main");
  collectWeights();
  if (weights.empty())
    return emitError(loc) << "expected weights for the budget '" << budget
                          << "', got none that may take a format";

  layers = collectLayers(main, [&](WeightedOpInterface op) {
    auto place = byOperator.find(op);
    return place != byOperator.end() && !weights[place->second].isTable;
  });
  LayerInputsOptions options;
  options.limit = samples;
  options.threads = jobs;
  options.what = "plan";
  if (failed(visitLayers(main, **opened, layers, options,
                         [&](const Layer &layer, const LayerInputs &inputs) {
                           return measureLayer(layer, inputs);
                         })))
    return failure();
  // Tables, and what has no layer of its own, such as grouped convolutions.
  for (Weight &weight : weights)
    if (!weight.probe && failed(measureTable(weight)))
      return failure();
  FailureOr<std::vector<double>> divergences = measureSensitivities(**opened);
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
                        weights.size(),
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
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
