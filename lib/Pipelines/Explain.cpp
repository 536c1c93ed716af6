//===- Explain.cpp - what each layer would get and why --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Plan.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Numerics/Format.h"
#include "squint/Pipelines/Pipelines.h"
#include "squint/Transforms/Methods.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "squint/Transforms/Recipe.h"
#include "llvm/Support/FormatVariadic.h"
#include <array>
#include <set>

using namespace mlir;
using namespace squint;

namespace {
constexpr size_t kColumns = 9;
using Row = std::array<std::string, kColumns>;

/// Bytes of all weights, as floats and as they would be stored, those that
/// operators share counted once.
struct Sizes {
  int64_t floats = 0, stored = 0;
  std::set<std::pair<void *, std::string>> seen;
};
} // namespace

static std::string getText(Operation *op, StringRef name, StringRef otherwise) {
  auto text = op->getAttrOfType<StringAttr>(name);
  return (text ? text.getValue() : otherwise).str();
}

/// A method with its options, as recipes spell them.
static std::string spellMethod(Operation *op, bool isQuantized) {
  auto method = op->getAttrOfType<DictionaryAttr>(kMethodAttr);
  if (!method)
    return isQuantized ? "rtn" : "";
  std::string text = MethodOptions(method).name().str();
  for (NamedAttribute option : method) {
    if (option.getName() == "name")
      continue;
    text += " " + option.getName().str() + "=";
    llvm::raw_string_ostream os(text);
    if (auto number = dyn_cast<FloatAttr>(option.getValue()))
      os << llvm::format("%g", number.getValueAsDouble());
    else if (auto word = dyn_cast<StringAttr>(option.getValue()))
      os << word.getValue();
    else
      option.getValue().print(os, /*elideType=*/true);
  }
  return text;
}

static FailureOr<Row> explainRow(WeightedOpInterface op, Sizes &sizes) {
  auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
  int64_t count = type.getNumElements(), outputs = type.getDimSize(0);
  int64_t columns = outputs ? count / outputs : 0;
  // That of a weight that comes quantized, unless it takes another.
  auto given = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  std::string spelling =
      getText(op, kWeightFormatAttr,
              given ? given.getInput().getType().getFormat().str() : "f32");
  int64_t bytes = count * type.getElementTypeBitWidth() / 8;
  Value weight = op.getWeightOperand().get();
  if (sizes.seen.insert({weight.getAsOpaquePointer(), ""}).second)
    sizes.floats += bytes;
  bool isQuantized = op->hasAttr(kWeightFormatAttr);
  if (isQuantized || given) {
    Format format = llvm::cantFail(Format::parse(spelling, FormatRole::Any));
    if (llvm::Error error = format.checkColumns(columns))
      return op.emitError() << "weight of node '" << getNodeName(op)
                            << "': " << llvm::toString(std::move(error));
    bytes = PlainLayout::get(format, outputs, columns).totalBytes;
  }
  if (sizes.seen.insert({weight.getAsOpaquePointer(), spelling}).second)
    sizes.stored += bytes;
  return Row{getNodeName(op).str(),
             getText(op, kRoleAttr, op.getKind()),
             std::to_string(outputs) + "x" + std::to_string(columns),
             spelling,
             getText(op, kActivationFormatAttr, "f32"),
             spellMethod(op, isQuantized),
             llvm::formatv("{0:f2}", count ? 8.0 * bytes / count : 0.0),
             std::to_string(bytes),
             getText(op, kReasonAttr, "no rule")};
}

/// How an attention keeps its keys and values.
static void explainCache(AttentionOp op, llvm::raw_ostream &os) {
  auto entries = op->getAttrOfType<DictionaryAttr>(kCacheFormatAttr);
  if (!entries)
    return;
  os << "kv-cache of " << getNodeName(op) << ": keys "
     << entries.getAs<StringAttr>("keys").getValue()
     << (entries.contains("keys_along") ? " along tokens" : "") << ", values "
     << entries.getAs<StringAttr>("values").getValue();
  if (auto recent = entries.getAs<IntegerAttr>("recent"))
    os << ", the last " << recent.getInt() << " tokens f16";
  os << "\n";
}

LogicalResult squint::explainFormats(ModuleOp module,
                                     const PipelineOptions &given,
                                     llvm::raw_ostream &os) {
  PipelineOptions options = given;
  if (failed(readRecipeBudget(module.getContext(), options)))
    return failure();
  PassManager manager(module.getContext());
  if (options.budget.empty() || !options.recipe.empty()) {
    SelectFormatsOptions select;
    if (!options.weights.empty())
      select.weights = options.weights;
    if (!options.activations.empty())
      select.activations = options.activations;
    select.recipe = options.recipe;
    select.integerOnly = options.integerOnly;
    select.requantize = options.requantize;
    select.explain = true;
    manager.addPass(createSelectFormats(select));
  }
  if (!options.budget.empty() &&
      failed(parsePassPipeline(withPlan(options, /*explain=*/true), manager)))
    return failure();
  if (failed(manager.run(module)))
    return failure();

  if (!options.recipe.empty()) {
    FailureOr<Recipe> recipe = readRecipe(module.getContext(), options.recipe);
    if (failed(recipe))
      return failure();
    for (const auto &[what, passes] :
         {std::pair("rewrite: ", recipe->rewrites),
          std::pair("correction: ", recipe->corrections)})
      for (const RecipePass &pass : passes)
        os << what << pass.pass
           << (pass.options.empty() ? "" : " " + pass.options) << "\n";
  }
  std::vector<Row> rows = {{"node", "role", "shape", "weights", "activations",
                            "method", "bits", "bytes", "why"}};
  Sizes sizes;
  WalkResult walked = module.walk([&](WeightedOpInterface op) -> WalkResult {
    auto type =
        dyn_cast<RankedTensorType>(op.getWeightOperand().get().getType());
    if (!type || !type.hasStaticShape() || !type.getRank())
      return WalkResult::advance();
    FailureOr<Row> row = explainRow(op, sizes);
    if (failed(row))
      return WalkResult::interrupt();
    rows.push_back(std::move(*row));
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  std::array<size_t, kColumns> widths = {};
  for (const Row &row : rows)
    for (size_t i = 0; i < kColumns; ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const Row &row : rows) {
    std::string line;
    for (size_t i = 0; i < kColumns; ++i) {
      bool isNumber = i == 6 || i == 7;
      size_t gap = widths[i] - row[i].size();
      line += std::string(isNumber ? gap : 0, ' ') + row[i] +
              std::string(isNumber ? 2 : gap + 2, ' ');
    }
    os << StringRef(line).rtrim() << "\n";
  }
  module.walk([&](AttentionOp op) { explainCache(op, os); });
  os << llvm::formatv("{0} weights, {1:f2} MB of {2:f2} MB in floats\n",
                      rows.size() - 1, sizes.stored / 1e6, sizes.floats / 1e6);
  if (auto plan = module->getAttrOfType<StringAttr>("squint.plan"))
    os << "plan: " << plan.getValue() << "\n";
  return success();
}

LogicalResult squint::printFrontier(ModuleOp module,
                                    const PipelineOptions &options,
                                    llvm::raw_ostream &os) {
  PassManager manager(module.getContext());
  if (failed(
          parsePassPipeline(withPlan(options, /*explain=*/false), manager)) ||
      failed(manager.run(module)))
    return failure();
  auto points = module->getAttrOfType<ArrayAttr>("squint.frontier");
  auto get = [](Attribute point, StringRef name) {
    return cast<DictionaryAttr>(point).get(name);
  };
  auto getBytes = [&](Attribute point) {
    return cast<IntegerAttr>(get(point, "bytes")).getInt();
  };
  auto getNumber = [&](Attribute point, StringRef name) {
    return cast<FloatAttr>(get(point, name)).getValueAsDouble();
  };
  // Evenly over the sizes.
  constexpr int64_t lines = 24;
  int64_t first = getBytes(points[0]),
          range =
              std::max<int64_t>(getBytes(points[points.size() - 1]) - first, 1);
  int64_t next = 0;
  os << llvm::formatv("{0,14}  {1,6}  {2,12}\n", "bytes", "bits", "divergence");
  for (auto [i, point] : llvm::enumerate(points)) {
    if (getBytes(point) - first < next * range / lines && i + 1 < points.size())
      continue;
    next = (getBytes(point) - first) * lines / range + 1;
    os << llvm::formatv(
        "{0,14}  {1,6}  {2,12}\n", getBytes(point),
        llvm::formatv("{0:f3}", getNumber(point, "bits")).str(),
        llvm::formatv("{0}",
                      llvm::format("%.4g", getNumber(point, "divergence")))
            .str());
  }
  os << "a library of one of these sizes: --budget=size:BYTES\n";
  return success();
}
