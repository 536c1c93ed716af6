//===- SelectFormats.cpp - choose a format for every tensor -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/Threading.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Layout.h"
#include "squint/Numerics/Packed.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "squint/Transforms/Recipe.h"
#include "squint/Transforms/Roles.h"
#include "squint/Transforms/Selectable.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_SELECTFORMATS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

/// Nothing but f32, which asks for nothing.
static bool isLeftAlone(const Format &format) {
  return format.element->name == "f32";
}

static bool isBuiltActivation(const Format &format) {
  if (!format.hasScale())
    return true;
  if (format.isInteger() && !format.element->fixedGroup)
    return !format.minimum && !format.sparse &&
           (format.granularity == Granularity::Tensor ? format.bits() == 8
                                                      : !format.zeroPoint);
  // Floats have no static scales.
  return format.bits() == 8 && format.element->kind == ElementKind::Float &&
         !format.element->fixedGroup &&
         format.granularity != Granularity::Tensor;
}

/// What products of integers take in attention.
static bool isAttentionFormat(const Format &format) {
  return format.isInteger() && format.bits() == 8 &&
         format.granularity == Granularity::Token && !format.zeroPoint &&
         format.scale == ScaleType::F32 && format.clip == 1.0f;
}

/// What a rule says, as `squint.kv_format` has it.
static DictionaryAttr spellCacheFormat(MLIRContext *context,
                                       const CacheRule &rule) {
  Builder builder(context);
  NamedAttrList entries;
  entries.set("keys", builder.getStringAttr(rule.keys.str()));
  entries.set("values", builder.getStringAttr(rule.values.str()));
  if (rule.keysAlongTokens)
    entries.set("keys_along", builder.getStringAttr("tokens"));
  if (rule.recent)
    entries.set("recent", builder.getI64IntegerAttr(rule.recent));
  return entries.getDictionary(context);
}

static LogicalResult checkBuilt(Location loc, const RecipeRule &rule) {
  if (!isBuiltActivation(rule.activations))
    return emitError(loc) << "activations of format '" << rule.activations.str()
                          << "' are not built yet";
  return success();
}

namespace {
/// A rule and what became of it.
struct TrackedRule {
  RecipeRule rule;
  /// What operators are told that took it.
  std::string reason;
  int64_t matched = 0, taken = 0, weights = 0, activations = 0;
  /// Where those of its globs stand that some operator fits.
  llvm::DenseSet<Location> fitted = {};
};

struct SelectFormats : squint::impl::SelectFormatsBase<SelectFormats> {
  using SelectFormatsBase::SelectFormatsBase;

  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  LogicalResult selectAll(FunctionOpInterface function);
  /// The first rule that fits, null for none.
  TrackedRule *choose(Operation *op, const OperatorFacts &facts);
  LogicalResult select(WeightedOpInterface op, const OperatorFacts &facts);
  LogicalResult selectAttentions(FunctionOpInterface function);
  LogicalResult decodeWeight(WeightedOpInterface op, DequantizeOp dequantize);
  LogicalResult selectActivation(WeightedOpInterface op, TrackedRule &tracked,
                                 const Format *weight);
  LogicalResult checkRules();
  /// How attentions keep their keys and values.
  LogicalResult selectCaches();

  /// Those of the recipe, then the one that the options spell.
  std::vector<TrackedRule> rules;
  std::vector<CacheRule> cache;
  /// Whether a plan follows, for what no rule takes.
  bool isPlanned = false;
  /// Floats that quantized weights have become.
  llvm::DenseMap<Attribute, Value> decoded;
};
} // namespace

LogicalResult SelectFormats::initialize(MLIRContext *context) {
  rules.clear();
  cache.clear();
  isPlanned = false;
  Location loc = UnknownLoc::get(context);
  if (!recipe.empty()) {
    FailureOr<Recipe> read = readRecipe(context, recipe);
    if (failed(read))
      return failure();
    cache = std::move(read->cache);
    isPlanned = !read->budget.empty();
    for (RecipeRule &rule : read->rules) {
      std::string reason = "rule " + std::to_string(rules.size() + 1);
      if (auto at = dyn_cast<FileLineColLoc>(rule.loc))
        reason += ", line " + std::to_string(at.getLine());
      rules.push_back({std::move(rule), std::move(reason)});
    }
  }
  auto parse = [&](StringRef option, StringRef text, FormatRole role,
                   Format &format) -> LogicalResult {
    llvm::Expected<Format> parsed = Format::parse(text, role);
    if (!parsed)
      return emitError(loc)
             << "expected a format for " << option << ", got '" << text
             << "': " << llvm::toString(parsed.takeError());
    format = *parsed;
    return success();
  };
  RecipeRule rest(loc);
  if (failed(parse("weights", weights, FormatRole::Weight, rest.weights)) ||
      failed(parse("activations", activations, FormatRole::Activation,
                   rest.activations)))
    return failure();
  rules.push_back({std::move(rest), recipe.empty() ? "options" : "no rule"});
  for (const TrackedRule &tracked : rules)
    if (failed(checkBuilt(tracked.rule.loc, tracked.rule)))
      return failure();
  return success();
}

// `weight` is the format that the weight has or takes, null if it stays float.
LogicalResult SelectFormats::selectActivation(WeightedOpInterface op,
                                              TrackedRule &tracked,
                                              const Format *weight) {
  const Format &format = tracked.rule.activations;
  Value input = op.getActivationOperand().get();
  if (isLeftAlone(format) || input.getDefiningOp<DequantizeOp>() ||
      !isa<mlir::FloatType>(getElementTypeOrSelf(input.getType())))
    return success();
  if (integerOnly && (!weight || !kernel::hasIntegerProducts(*weight, format)))
    return success();
  if (format.isInteger() && (!weight || !weight->hasScale()))
    return op.emitError() << "expected quantized weights for activations of "
                             "format '"
                          << format.str() << "', got "
                          << (weight ? weight->str() : "f32");
  if (!op.hasTokenRows() && format.granularity == Granularity::Group)
    return op.emitError() << "expected activations by tensor or token for a "
                          << op.getKind() << ", got '" << format.str() << "'";
  ++tracked.activations;
  ++numActivations;
  op->setAttr(kActivationFormatAttr,
              StringAttr::get(op.getContext(), format.str()));
  return success();
}

/// The weight becomes a constant of floats.
LogicalResult SelectFormats::decodeWeight(WeightedOpInterface op,
                                          DequantizeOp dequantize) {
  auto constant = dequantize.getInput().getDefiningOp<ConstantOp>();
  DataAttr data = constant ? constant.getData() : DataAttr();
  auto type = cast<RankedTensorType>(dequantize.getType());
  if (!data || !type.getElementType().isF32())
    return op.emitError() << "expected a constant weight of f32, got " << type;
  Value &floats = decoded[data];
  if (!floats) {
    DataStores &stores =
        getContext().getLoadedDialect<SquintDialect>()->getStores();
    llvm::Expected<ArrayRef<char>> bytes = stores.get(data);
    if (!bytes)
      return op.emitError() << llvm::toString(bytes.takeError());
    auto packed = cast<PackedType>(data.getType());
    PackedView view(bytes->data(), packed.getFormat(), packed.getRows(),
                    packed.getColumns());
    DataAttr made = stores.create(
        type, type.getNumElements() * 4, [&](MutableArrayRef<char> out) {
          auto *values = reinterpret_cast<float *>(out.data());
          parallelFor(&getContext(), 0, packed.getRows(), [&](size_t row) {
            auto at = static_cast<int64_t>(row);
            view.dequantizeRows(at, at + 1, values + at * packed.getColumns());
          });
        });
    OpBuilder builder(constant);
    floats = ConstantOp::create(builder, constant.getLoc(), made);
  }
  op.getWeightOperand().set(floats);
  return success();
}

TrackedRule *SelectFormats::choose(Operation *op, const OperatorFacts &facts) {
  TrackedRule *chosen = nullptr;
  for (TrackedRule &tracked : rules) {
    for (auto [globs, text] :
         {std::pair(&tracked.rule.names, facts.name),
          std::pair(&tracked.rule.shapes, StringRef(facts.shape))})
      for (const LocatedGlob &glob : *globs)
        if (glob.pattern.match(text))
          tracked.fitted.insert(glob.loc);
    if (!tracked.rule.matches(facts))
      continue;
    ++tracked.matched;
    if (!chosen)
      chosen = &tracked;
  }
  if (!chosen)
    return nullptr;
  ++chosen->taken;
  if (explain)
    op->setAttr(kReasonAttr, StringAttr::get(&getContext(), chosen->reason));
  return chosen;
}

LogicalResult SelectFormats::select(WeightedOpInterface op,
                                    const OperatorFacts &facts) {
  TrackedRule *chosen = choose(op, facts);
  if (!chosen)
    return success();
  const Format &format = chosen->rule.getWeights(facts.columns);
  if (auto dequantize =
          op.getWeightOperand().get().getDefiningOp<DequantizeOp>()) {
    Format given = dequantize.getInput().getType().getFormat();
    if (!requantize || isLeftAlone(format))
      return selectActivation(op, *chosen, &given);
    if (failed(decodeWeight(op, dequantize)))
      return failure();
  }
  if (isLeftAlone(format)) {
    if (isPlanned && chosen != &rules.back())
      op->setAttr(kKeptFloatAttr, UnitAttr::get(&getContext()));
    return selectActivation(op, *chosen, nullptr);
  }
  ++chosen->weights;
  ++numWeights;
  op->setAttr(kWeightFormatAttr,
              StringAttr::get(op.getContext(), format.str()));
  if (chosen->rule.method)
    op->setAttr(kMethodAttr, chosen->rule.method);
  return selectActivation(op, *chosen, &format);
}

LogicalResult SelectFormats::selectAll(FunctionOpInterface function) {
  std::vector<WeightedOpInterface> operators = collectSelectable(function);
  Roles roles(function);
  std::vector<OperatorFacts> facts;
  llvm::StringMap<int64_t> counts;
  OperatorFacts *last = nullptr;
  facts.reserve(operators.size());
  for (WeightedOpInterface op : operators) {
    OperatorFacts &own = facts.emplace_back();
    own.kind = op.getKind();
    own.name = getNodeName(op);
    own.role = roles.lookup(op);
    own.depth = counts[own.role.empty() ? own.kind : own.role]++;
    auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
    int64_t outputs = type.getDimSize(0);
    own.columns = outputs ? type.getNumElements() / outputs : 0;
    own.shape = std::to_string(outputs) + "x" + std::to_string(own.columns);
    if (own.kind == "embedding")
      continue;
    own.isFirst = !last;
    last = &own;
  }
  if (last)
    last->isLast = true;
  for (auto [op, own] : llvm::zip_equal(operators, facts)) {
    own.depths = counts[own.role.empty() ? own.kind : own.role];
    if (failed(select(op, own)))
      return failure();
    if (explain && !own.role.empty())
      op->setAttr(kRoleAttr, StringAttr::get(op.getContext(), own.role));
  }
  return success();
}

LogicalResult SelectFormats::selectAttentions(FunctionOpInterface function) {
  SmallVector<AttentionOp> attentions;
  function.walk([&](AttentionOp op) { attentions.push_back(op); });
  for (auto [depth, op] : llvm::enumerate(attentions)) {
    OperatorFacts facts;
    facts.kind = "attention";
    facts.name = getNodeName(op);
    facts.depth = static_cast<int64_t>(depth);
    facts.depths = static_cast<int64_t>(attentions.size());
    TrackedRule *chosen = choose(op, facts);
    if (!chosen)
      continue;
    const Format &format = chosen->rule.activations;
    if (!isLeftAlone(chosen->rule.weights) ||
        (!isLeftAlone(format) && !isAttentionFormat(format)))
      return emitError(chosen->rule.loc)
             << "expected activations of int8 by token, and no weights, for "
                "attention";
    if (isLeftAlone(format))
      continue;
    ++chosen->activations;
    ++numActivations;
    op->setAttr(kActivationFormatAttr,
                StringAttr::get(&getContext(), format.str()));
  }
  return success();
}

LogicalResult SelectFormats::checkRules() {
  for (const auto &[index, tracked] : llvm::enumerate(rules)) {
    const RecipeRule &rule = tracked.rule;
    bool isRest = index + 1 == rules.size();
    if (!isRest && rule.isOptional && !tracked.taken)
      continue;
    if (!isRest && !tracked.matched)
      return emitError(rule.loc) << "rule matches no operator";
    for (const auto *globs : {&rule.names, &rule.shapes})
      for (const LocatedGlob &glob : *globs)
        if (!tracked.fitted.contains(glob.loc) && !rule.isOptional)
          return emitError(glob.loc) << "glob fits no operator";
    if (!isRest && !tracked.taken)
      return emitError(rule.loc)
             << "rule takes no operator: earlier rules match all of its";
    Location loc = isRest ? getOperation().getLoc() : rule.loc;
    if (!isLeftAlone(rule.weights) && !tracked.weights)
      return emitError(loc) << "weights of format '" << rule.weights.str()
                            << "' touched nothing: expected a linear or conv "
                               "with a constant float weight";
    if (!isLeftAlone(rule.activations) && !tracked.activations && !integerOnly)
      return emitError(loc)
             << "activations of format '" << rule.activations.str()
             << "' touched nothing: expected a linear or conv with a constant "
                "weight and a float input";
  }
  return success();
}

LogicalResult SelectFormats::selectCaches() {
  SmallVector<AttentionOp> attentions;
  getOperation().walk([&](AttentionOp op) { attentions.push_back(op); });
  auto count = static_cast<int64_t>(attentions.size());
  std::vector<int64_t> matched(cache.size()), taken(cache.size());
  for (auto [depth, op] : llvm::enumerate(attentions)) {
    bool isTaken = op->hasAttr(kCacheFormatAttr);
    for (auto [i, rule] : llvm::enumerate(cache)) {
      if (!rule.matches(getNodeName(op), static_cast<int64_t>(depth), count))
        continue;
      ++matched[i];
      if (isTaken)
        continue;
      op->setAttr(kCacheFormatAttr, spellCacheFormat(&getContext(), rule));
      ++taken[i];
      isTaken = true;
      ++numCaches;
    }
  }
  for (auto [i, rule] : llvm::enumerate(cache)) {
    if (taken[i])
      emitWarning(rule.loc) << "formats of keys and values go to " << taken[i]
                            << " attentions, which keep nothing unless the "
                               "model gets a state (--cache)";
    else if (!rule.isOptional)
      return emitError(rule.loc)
             << (matched[i] ? "rule takes no attention: earlier rules match "
                              "all of its"
                            : "rule matches no attention");
  }
  return success();
}

void SelectFormats::runOnOperation() {
  decoded.clear();
  for (auto function : getOperation().getOps<FunctionOpInterface>())
    if (!function.isExternal() &&
        (failed(selectAll(function)) || failed(selectAttentions(function))))
      return signalPassFailure();
  if (failed(checkRules()) || failed(selectCaches()))
    signalPassFailure();
}
