//===- Pipelines.cpp - the way of a model, as pass pipelines ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Pipelines/Pipelines.h"
#include "Plan.h"
#include "squint/Pipelines/VerifyRewrites.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Targets.h"
#include "squint/Transforms/Methods.h"
#include "squint/Transforms/Recipe.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace squint;

static constexpr std::pair<Stage, StringLiteral> stageNames[] = {
    {Stage::Onnx, "onnx"},           {Stage::Squint, "squint"},
    {Stage::Quantized, "quantized"}, {Stage::Fused, "fused"},
    {Stage::Kernel, "kernel"},       {Stage::Llvm, "llvm"},
};

StringRef squint::getStageName(Stage stage) {
  return stageNames[static_cast<int>(stage)].second;
}

std::optional<Stage> squint::parseStage(StringRef name) {
  for (auto [stage, known] : stageNames)
    if (known == name)
      return stage;
  return std::nullopt;
}

/// `pass{key=value ...}` with the options that are set.
static std::string
withOptions(StringRef pass,
            ArrayRef<std::pair<StringRef, std::string>> options) {
  std::string text;
  for (const auto &[key, value] : options)
    if (!value.empty())
      text += (text.empty() ? "" : " ") + key.str() + "=" +
              (StringRef(value).contains(' ') ? "'" + value + "'" : value);
  return text.empty() ? pass.str() : (pass + "{" + text + "}").str();
}

/// A pass that reads the samples.
static std::string withSamples(StringRef pass, StringRef text,
                               const PipelineOptions &options) {
  std::string samples =
      options.samples ? std::to_string(options.samples) : std::string();
  std::string all = withOptions(
      pass, {{"calibration", options.calibration}, {"samples", samples}});
  if (!text.empty())
    all.insert(all.size() - 1, " " + text.str());
  return all;
}

/// The option of a pass that keeps what it has worked out.
static std::string spellCheckpoint(const PipelineOptions &options) {
  if (options.checkpoint.empty())
    return "";
  return "checkpoint='" + options.checkpoint + "'";
}

std::string squint::withPlan(const PipelineOptions &options, bool explain) {
  std::string text = "budget=" + options.budget;
  if (options.budget.empty())
    text = "frontier=true";
  if (options.isSymmetric)
    text += " symmetric=true";
  if (explain)
    text += " explain=true";
  if (std::string kept = spellCheckpoint(options); !kept.empty())
    text += " " + kept;
  return withSamples("squint-plan-formats", text, options);
}

/// What a recipe says of samples and of a budget.
static void takeOver(const Recipe &recipe, PipelineOptions &options) {
  options.samples = recipe.samples;
  options.observer = recipe.observer;
  if (recipe.budget.empty())
    return;
  options.budget = recipe.budget;
  options.isSymmetric |= recipe.isSymmetric;
}

LogicalResult squint::readRecipeBudget(MLIRContext *context,
                                       PipelineOptions &options) {
  if (options.recipe.empty())
    return success();
  FailureOr<Recipe> recipe = readRecipe(context, options.recipe);
  if (failed(recipe))
    return failure();
  takeOver(*recipe, options);
  return success();
}

LogicalResult squint::readRecipeOptions(MLIRContext *context,
                                        PipelineOptions &options) {
  FailureOr<Recipe> recipe = Recipe();
  if (!options.recipe.empty()) {
    recipe = readRecipe(context, options.recipe);
    if (failed(recipe))
      return failure();
    takeOver(*recipe, options);
  }
  if (!options.budget.empty()) {
    if (options.calibration.empty())
      return emitError(UnknownLoc::get(context))
             << "expected samples (--calibration) for a budget";
    options.methods.push_back(
        withSamples("squint-quantize-gptq", spellCheckpoint(options), options));
  }
  if (options.recipe.empty())
    return success();
  auto add = [&](Location loc, StringRef pass, StringRef text,
                 bool needsSamples,
                 std::vector<std::string> &passes) -> LogicalResult {
    if (needsSamples && options.calibration.empty())
      return emitError(loc) << "expected samples (--calibration) for " << pass;
    std::string spelled = needsSamples   ? withSamples(pass, text, options)
                          : text.empty() ? pass.str()
                                         : (pass + "{" + text + "}").str();
    if (!llvm::is_contained(passes, spelled))
      passes.push_back(spelled);
    return success();
  };
  for (auto [from, to] :
       {std::pair(&recipe->rewrites, &options.rewrites),
        std::pair(&recipe->corrections, &options.corrections)})
    for (const RecipePass &pass : *from)
      if (failed(
              add(pass.loc, pass.pass, pass.options, pass.needsSamples, *to)))
        return failure();
  bool isImatrixUsed = options.imatrix.empty();
  for (const MethodInfo &info : getMethods())
    for (const RecipeRule &rule : recipe->rules) {
      if (info.name == "rtn" || MethodOptions(rule.method).name() != info.name)
        continue;
      bool isGiven = info.name == "imatrix" && !options.imatrix.empty();
      bool needsSamples = info.needsSamples && !isGiven;
      std::string text = isGiven        ? "imatrix='" + options.imatrix + "'"
                         : needsSamples ? spellCheckpoint(options)
                                        : "";
      if (failed(add(rule.loc, info.pass, text, needsSamples, options.methods)))
        return failure();
      isImatrixUsed |= isGiven;
    }
  if (!isImatrixUsed)
    return emitError(UnknownLoc::get(context))
           << "expected a rule with the method 'imatrix' in the recipe for "
              "--imatrix";
  return success();
}

/// The passes that end at a stage, in order.
static SmallVector<std::string> passesOf(Stage stage,
                                         const PipelineOptions &options) {
  switch (stage) {
  case Stage::Onnx: {
    SmallVector<std::string> passes;
    if (!options.cache.empty())
      passes.push_back("squint-forget-past");
    passes.push_back("func.func(squint-infer-shapes,squint-expand-functions,"
                     "squint-infer-shapes)");
    return passes;
  }

  case Stage::Squint: {
    std::string positions =
        options.cache.empty() ? "" : "squint-find-positions,";
    return {"squint-fold-constants",
            "func.func(squint-raise," + positions + "squint-move-transposes)",
            "canonicalize", "cse", "symbol-dce"};
  }

  case Stage::Quantized: {
    SmallVector<std::string> passes;
    if (!options.weights.empty() || !options.activations.empty() ||
        !options.recipe.empty())
      passes.push_back(
          withOptions("squint-select-formats",
                      {{"weights", options.weights},
                       {"activations", options.activations},
                       {"integer-only", options.integerOnly ? "true" : ""},
                       {"requantize", options.requantize ? "true" : ""},
                       {"recipe", options.recipe}}));
    if (!options.budget.empty())
      passes.push_back(withPlan(options, /*explain=*/false));
    for (const std::string &adapter : options.lora)
      passes.push_back(withOptions(
          "squint-add-lora",
          {{"adapter", adapter}, {"merge", options.mergeLora ? "true" : ""}}));
    llvm::append_range(passes, options.rewrites);
    if (!options.calibration.empty()) {
      bool isShared = !options.methods.empty() || !options.rewrites.empty() ||
                      !options.corrections.empty();
      passes.push_back(withOptions("squint-insert-observers",
                                   {{"observer", options.observer}}));
      passes.push_back(withSamples("squint-calibrate",
                                   isShared ? "optional=true" : "", options));
    }
    // Formats may be in the module already.
    passes.push_back("squint-quantize-activations");
    llvm::append_range(passes, options.methods);
    passes.push_back("squint-quantize-rtn");
    llvm::append_range(passes, options.corrections);
    if (options.summarize)
      passes.push_back(
          options.calibration.empty()
              ? std::string("squint-summarize-quantization")
              : withSamples("squint-summarize-quantization", "", options));
    if (options.fakeQuantize)
      passes.push_back("squint-fake-quantize");
    passes.push_back("squint-forget-originals");
    passes.push_back("cse");
    return passes;
  }

  case Stage::Fused: {
    std::string reference = options.reference ? "true" : "";
    std::string unsafe = options.unsafeIndices ? "true" : "";
    SmallVector<std::string> passes;
    if (!options.cache.empty())
      passes.push_back(
          withOptions("squint-add-caches", {{"format", options.cache},
                                            {"context", options.context}}));
    passes.append(
        {"func.func(squint-expand-lora)",
         withOptions("convert-onnx-to-linalg",
                     {{"reference", reference}, {"unsafe-indices", unsafe}}),
         withOptions("func.func(squint-fuse-kernels",
                     {{"reference", reference}}) +
             ")",
         "canonicalize", "cse",
         "func.func(convert-elementwise-to-linalg,squint-fuse-elementwise)",
         "canonicalize", "cse", "func.func(squint-fuse-epilogues)",
         "canonicalize", "cse"});
    return passes;
  }

  case Stage::Kernel:
    return {"squint-expand-windows", "squint-pack-weights"};

  case Stage::Llvm:
    return {
        // Buffers: results are written where the caller wants them,
        // intermediates into one workspace.
        "squint-prepare-entry", "squint-split-inits", "eliminate-empty-tensors",
        "squint-carry-in-place", "one-shot-bufferize", "lower-affine",
        "squint-copy-strided-operands", "canonicalize", "cse",
        // Functions: one for each distinct kernel; the entry holds calls only.
        "squint-place-weights",
        withOptions("squint-outline-kernels", {{"tiles", options.gpuTiles}}),
        "canonicalize", "cse", "squint-plan-memory", "squint-clone-targets",
        // Kernels to vectors.
        "convert-kernel-to-gpu", "convert-linalg-to-vector",
        "convert-kernel-to-vector", "convert-kernel-to-x86",
        "convert-kernel-to-arm", "convert-kernel-to-generic",
        "squint-expand-math", "canonicalize", "cse",
        "convert-vector-to-threads",
        // Everything to LLVM.
        "convert-scf-to-cf", "squint-lower-device", "squint-lower-entry",
        "squint-expand-reshapes", "expand-strided-metadata", "lower-affine",
        "convert-vector-to-llvm", "finalize-memref-to-llvm",
        "convert-math-to-llvm", "convert-arith-to-llvm",
        "convert-index-to-llvm", "convert-cf-to-llvm", "convert-func-to-llvm",
        "convert-ub-to-llvm", "reconcile-unrealized-casts", "canonicalize",
        "cse"};
  }
  llvm_unreachable("a stage without passes");
}

/// The first stage whose passes are still to run.
static int firstStage(std::optional<Stage> from) {
  return from ? static_cast<int>(*from) + 1 : 0;
}

std::string squint::getPipeline(std::optional<Stage> from, Stage to,
                                const PipelineOptions &options) {
  SmallVector<std::string> passes;
  for (int stage = firstStage(from); stage <= static_cast<int>(to); ++stage)
    llvm::append_range(passes, passesOf(static_cast<Stage>(stage), options));
  return "builtin.module(" + llvm::join(passes, ",") + ")";
}

LogicalResult squint::runPipeline(
    ModuleOp module, std::optional<Stage> from, Stage to,
    const PipelineOptions &options, bool timing,
    llvm::function_ref<LogicalResult(Stage, ModuleOp)> afterStage) {
  DefaultTimingManager timer;
  timer.setEnabled(timing);
  TimingScope root = timer.getRootScope();
  for (int i = firstStage(from); i <= static_cast<int>(to); ++i) {
    auto stage = static_cast<Stage>(i);
    SmallVector<std::string> passes = passesOf(stage, options);
    TimingScope scope = root.nest(getStageName(stage));
    if (!passes.empty()) {
      PassManager manager(module.getContext());
      std::string error;
      llvm::raw_string_ostream os(error);
      if (failed(parsePassPipeline(llvm::join(passes, ","), manager, os)))
        return module.emitError() << error;
      if (timing)
        manager.enableTiming(scope);
      bool hasWrongRewrite = false;
      if (options.verifyRewrites)
        verifyRewrites(manager, {options.calibration}, hasWrongRewrite);
      if (failed(manager.run(module)) || hasWrongRewrite)
        return failure();
      module.getContext()
          ->getLoadedDialect<SquintDialect>()
          ->getStores()
          .collect(module);
    }
    if (afterStage && failed(afterStage(stage, module)))
      return failure();
  }
  return success();
}

void squint::setTargets(ModuleOp module, ArrayRef<TargetInfo> targets,
                        const TargetInfo *host) {
  MLIRContext *context = module.getContext();
  auto spell = [&](const TargetInfo &target) {
    return TargetAttr::get(context, target.triple, target.cpu, target.features);
  };
  SmallVector<Attribute> attributes;
  for (const TargetInfo &target : targets)
    attributes.push_back(spell(target));
  module->setAttr(kTargetsAttr, ArrayAttr::get(context, attributes));
  if (host)
    module->setAttr(kHostAttr, spell(*host));
}
