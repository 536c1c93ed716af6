//===- Compiler.cpp - from a model's file to a library ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Driver/Compiler.h"

#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "squint/Calibration/MakeSamples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/WriteImportance.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Emit/Emit.h"
#include "squint/Export/Gguf.h"
#include "squint/Export/Onnx.h"
#include "squint/Export/Safetensors.h"
#include "squint/Import/Diagnostics.h"
#include "squint/Import/LoraAdapter.h"
#include "squint/Import/Models.h"
#include "squint/Kernels/Targets.h"
#include "squint/Numerics/Budget.h"
#include "squint/Pipelines/Operators.h"
#include "squint/Pipelines/Pipelines.h"
#include "squint/Pipelines/Register.h"
#include "squint/Pipelines/Report.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ThreadPool.h"
#include <chrono>
#include <map>
#include <set>

using namespace mlir;
using namespace squint;
namespace path = llvm::sys::path;

/// Activations beside the quantized weights of a language model where nothing
/// else is asked for: groups as long as those of most of GGUF's formats.
static constexpr llvm::StringLiteral kDefaultActivations =
    "int8:group=32,scale=f32";

static bool isOneOf(StringRef text, ArrayRef<StringRef> known) {
  return llvm::is_contained(known, text);
}

namespace {

class Compiler {
public:
  Compiler(MLIRContext &context, const CompileOptions &options,
           const CompileStreams &streams)
      : context(context), options(options), streams(streams) {}
  ~Compiler() {
    if (streams.progress)
      setCalibrationProgress({});
  }
  LogicalResult run();

private:
  LogicalResult readOptions();
  OwningOpRef<ModuleOp> load();
  LogicalResult afterStage(Stage stage, ModuleOp module);
  LogicalResult writeIR(ModuleOp module, StringRef file);
  LogicalResult writeDepfile();
  LogicalResult writeReports(ModuleOp module);
  LogicalResult writeSamples(ModuleOp module);
  LogicalResult writeOutput(ModuleOp module);
  llvm::Expected<std::vector<TargetInfo>> getTargets();
  /// A mistake in the options or in the surroundings, in one line.
  LogicalResult fail(const llvm::Twine &message) {
    streams.errors << streams.program << "error: " << message << "\n";
    return failure();
  }
  void tell(StringRef what);
  double getSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         started)
        .count();
  }
  void showCalibration();

  MLIRContext &context;
  const CompileOptions &options;
  const CompileStreams &streams;
  PipelineOptions pipeline;
  ImportOptions import;
  std::optional<Stage> from;
  Stage to = Stage::Llvm;
  bool isGguf = false;
  /// A GGUF file or a folder.
  bool isLanguage = false;
  bool isModel = false; // to be written as ONNX or GGUF
  bool isImportance = false;
  // Of symbolic dimensions, for samples.
  std::map<std::string, int64_t> sizes;
  std::set<std::string> files;
  std::chrono::steady_clock::time_point started =
      std::chrono::steady_clock::now();
};

} // namespace

void Compiler::tell(StringRef what) {
  if (streams.progress)
    *streams.progress << llvm::format("[%6.2f s] ", getSeconds()) << what
                      << "\n";
}

/// One line, written over ten times a second.
void Compiler::showCalibration() {
  if (!streams.progress)
    return;
  setCalibrationProgress(
      [this, last = -1.0](StringRef what, int64_t done, int64_t total) mutable {
        double seconds = getSeconds();
        if (done < total && seconds < last + 0.1)
          return;
        last = seconds;
        *streams.progress << llvm::format("\r[%6.2f s] ", seconds) << what
                          << " " << 100 * done / std::max<int64_t>(total, 1)
                          << " %" << (done == total ? "\n" : "");
      });
}

LogicalResult Compiler::readOptions() {
  isGguf = isGgufFile(options.input);
  isLanguage = isGguf || llvm::sys::fs::is_directory(options.input);
  StringRef extension = path::extension(options.input);
  if (!isLanguage && !isOneOf(extension, {".onnx", ".mlir"}))
    return fail("expected a GGUF file, a folder, or a model with the extension "
                ".onnx or .mlir, got '" +
                options.input + "'");
  bool isText = !isLanguage && extension == ".mlir";
  if (!isText && !options.compileFrom.empty())
    return fail("--compile-from takes a .mlir file, got '" + options.input +
                "'");
  if (isText)
    from = Stage::Onnx;
  if (!options.compileFrom.empty() && !(from = parseStage(options.compileFrom)))
    return fail("expected a stage (onnx, squint, quantized, fused, kernel, "
                "llvm), got '" +
                options.compileFrom + "'");

  bool isOnnx = isOneOf(options.emit, {"onnx-quantized", "onnx-qat"});
  bool isFolder = options.emit == "safetensors";
  isModel = isOnnx || isFolder || options.emit == "gguf";
  bool isPrinted = options.output == "-" || (options.output.empty() &&
                                             !options.emit.empty() && !isModel);
  if (options.output.empty() && !isPrinted && !options.explain &&
      !options.pareto)
    return fail("expected an output: -o FILE");
  bool areSamples = options.makeSamples.has_value();
  if (areSamples != (path::extension(options.output) == ".npz"))
    return fail("expected --make-samples with a .npz output and the other way "
                "round, got '" +
                options.output + "'");
  if (areSamples && *options.makeSamples < 1)
    return fail("expected at least one sample for --make-samples");
  if (isOnnx != (path::extension(options.output) == ".onnx"))
    return fail("expected --emit=onnx-quantized or onnx-qat with a .onnx "
                "output and the other way round, got '" +
                options.output + "'");
  bool isPtx = options.emit == "ptx";
  if (isPtx != (path::extension(options.output) == ".ptx"))
    return fail("expected --emit=ptx with a .ptx output and the other way "
                "round, got '" +
                options.output + "'");
  isImportance = options.emit == "imatrix";
  bool isGgufOutput = path::extension(options.output) == ".gguf";
  if (isImportance) {
    if (!isGgufOutput && path::extension(options.output) != ".dat")
      return fail("expected --emit=imatrix with a .gguf or .dat output, got '" +
                  options.output + "'");
    if (options.calibration.empty())
      return fail("expected samples (--calibration) for --emit=imatrix");
  } else if ((options.emit == "gguf") != isGgufOutput) {
    return fail("expected --emit=gguf or imatrix with a .gguf output and the "
                "other way round, got '" +
                options.output + "'");
  }
  if (isFolder && !llvm::sys::fs::is_directory(options.output) &&
      llvm::sys::fs::exists(options.output))
    return fail("expected a folder for --emit=safetensors, got the file '" +
                options.output + "'");
  if (options.exportFloats && options.emit != "onnx-quantized")
    return fail("--export-floats is for --emit=onnx-quantized");
  StringRef kind = isPrinted                ? ".mlir"
                   : options.output.empty() ? ".so"
                                            : path::extension(options.output);
  if (!isModel && !areSamples && !isImportance && !isPtx &&
      !isOneOf(kind, {".so", ".a", ".o", ".s", ".ll", ".mlir"}))
    return fail(
        "expected an output ending in .so, .a, .o, .s, .ll, .ptx, .mlir or "
        ".onnx, got '" +
        options.output + "'");
  if (kind == ".mlir" && options.emit.empty())
    return fail("expected --emit=STAGE with a .mlir output");
  if (kind != ".mlir" && !options.emit.empty() && !isModel && !isImportance &&
      !isPtx)
    return fail("expected a .mlir output with --emit, got '" + options.output +
                "'");
  if (isModel) {
    to = Stage::Quantized;
  } else if (isImportance) {
    to = Stage::Squint;
  } else if (!options.emit.empty() && !isPtx) {
    std::optional<Stage> stage = parseStage(options.emit);
    if (!stage)
      return fail("expected a stage (onnx, squint, quantized, fused, kernel, "
                  "llvm), got '" +
                  options.emit + "'");
    to = *stage;
  }
  if (!options.lora.empty() &&
      (to < Stage::Quantized || (from && *from >= Stage::Quantized)))
    return fail("expected --lora with the stage 'quantized' among those that "
                "are run");
  if (!options.imatrix.empty() && options.recipe.empty())
    return fail("--imatrix is for the method imatrix of a --recipe");
  if (options.mergeLora && options.lora.empty())
    return fail("--merge-lora is for --lora");
  if (from && *from > to)
    return fail("expected a stage to emit that comes after '" +
                getStageName(*from) + "', got '" + options.emit + "'");

  if (!options.budget.empty() &&
      (!options.recipe.empty() || !options.weights.empty() ||
       !options.activations.empty()))
    return fail("--budget and --recipe, --weights or --activations contradict "
                "each other");
  if (options.pareto &&
      !(options.budget.empty() && options.recipe.empty() &&
        options.weights.empty() && options.activations.empty()))
    return fail(
        "--pareto finds the plans of all budgets: expected no --budget, "
        "--recipe, --weights or --activations");
  if (options.pareto && options.calibration.empty())
    return fail("expected samples (--calibration) for --pareto");
  for (StringRef file : options.report)
    if (!isOneOf(path::extension(file), {".json", ".html"}))
      return fail("expected a report ending in .json or .html, got '" + file +
                  "'");
  if (!options.recipe.empty() &&
      (!options.weights.empty() || !options.activations.empty()))
    return fail(
        "--recipe and --weights or --activations contradict each other");
  for (auto [text, role] :
       {std::pair(StringRef(options.weights), FormatRole::Weight),
        std::pair(StringRef(options.activations), FormatRole::Activation)})
    if (!text.empty())
      if (llvm::Expected<Format> format = Format::parse(text, role); !format)
        return fail(
            (role == FormatRole::Weight ? "--weights=" : "--activations=") +
            text + ": " + llvm::toString(format.takeError()));
  for (StringRef file :
       {StringRef(options.recipe), StringRef(options.calibration),
        StringRef(options.imatrix)})
    if (!file.empty() && !llvm::sys::fs::exists(file))
      return fail("cannot open '" + file + "': no such file");
  bool isFloat = (options.weights.empty() || options.weights == "f32") &&
                 (options.activations.empty() || options.activations == "f32");
  pipeline.weights = isFloat ? "" : options.weights;
  pipeline.activations = isFloat ? "" : options.activations;
  pipeline.cache = options.cache.empty() && isLanguage ? "f16" : options.cache;
  if (pipeline.cache == "none")
    pipeline.cache = "";
  if (options.context && (pipeline.cache.empty() || *options.context < 1))
    return fail("expected --context=N with N of at least 1 beside --cache");
  if (options.context)
    pipeline.context = std::to_string(*options.context);
  // Weights that come quantized are for products of integers.
  if (isLanguage && !isModel && options.weights.empty() &&
      options.activations.empty() && options.recipe.empty() &&
      options.budget.empty() && !options.pareto) {
    pipeline.activations = kDefaultActivations.str();
    pipeline.integerOnly = true;
  }
  pipeline.requantize = isLanguage;
  pipeline.recipe = options.recipe;
  pipeline.budget = options.budget;
  pipeline.isSymmetric = options.symmetric;
  pipeline.calibration = options.calibration;
  pipeline.imatrix = options.imatrix;
  pipeline.checkpoint = options.checkpoint;
  pipeline.reference = options.unfused;
  pipeline.unsafeIndices = options.unsafeIndices;
  pipeline.gpuTiles = options.gpuTiles;
  pipeline.verifyRewrites = options.verifyRewrites;
  pipeline.summarize = !options.report.empty();
  pipeline.lora = options.lora;
  pipeline.mergeLora = options.mergeLora;
  pipeline.fakeQuantize = options.emit == "onnx-qat";

  for (StringRef dim : options.dims) {
    auto [name, value] = dim.split('=');
    int64_t size;
    if (name.empty() || value.getAsInteger(10, size) || size < 1)
      return fail("expected --dim NAME=N with N of at least 1, got '" + dim +
                  "'");
    if (!import.dims.try_emplace(name.str(), size).second)
      return fail("expected one --dim for '" + name + "', got several");
  }
  auto readByName = [&](ArrayRef<std::string> texts, StringRef option,
                        auto parse, auto &into) -> LogicalResult {
    for (StringRef text : texts) {
      auto parsed = parse(text);
      if (!parsed)
        return fail("--" + option + ": " + llvm::toString(parsed.takeError()));
      if (!into.insert(*parsed).second)
        return fail("expected one --" + option + " for '" + parsed->first +
                    "', got several");
    }
    return success();
  };
  if (failed(readByName(options.elements, "elements", parseInputElements,
                        import.elements)) ||
      failed(
          readByName(options.values, "value", parseInputValue, import.values)))
    return failure();
  bool hasInputs = !import.elements.empty() || !import.values.empty();
  if ((!import.dims.empty() || hasInputs) && from)
    return fail("--dim, --elements and --value take an .onnx file, got '" +
                options.input + "'");
  if (hasInputs && isLanguage)
    return fail("--elements and --value take an .onnx file, got '" +
                options.input + "'");
  // A model for any size speaks in parts of it.
  if (areSamples)
    sizes = std::exchange(import.dims, {});
  if (options.mcpu.size() > 1 && !options.mattr.empty())
    return fail("--mattr and a list of CPUs contradict each other");
  import.allowExternal = options.allowExternal;
  import.files = &files;
  import.isSupported = isSupportedOperator;
  return success();
}

OwningOpRef<ModuleOp> Compiler::load() {
  tell("import");
  if (isLanguage) {
    // What an ONNX model is once its shapes are known.
    from = Stage::Onnx;
    return isGguf ? importGguf(options.input, context, import)
                  : importHuggingFace(options.input, context, import);
  }
  if (!from)
    return importOnnx(options.input, context, import);
  llvm::SourceMgr sources;
  std::string error;
  auto file = llvm::MemoryBuffer::getFile(options.input);
  if (!file) {
    (void)fail("cannot open '" + options.input +
               "': " + file.getError().message());
    return {};
  }
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  files.insert(options.input);
  return parseSourceFile<ModuleOp>(sources, &context);
}

LogicalResult Compiler::writeIR(ModuleOp module, StringRef file) {
  SmallString<128> data(
      options.store.empty() && file != "-" ? file : StringRef(options.store));
  if (options.store.empty() && file != "-")
    path::replace_extension(data, "weights");
  ExternalizeDataOptions weights;
  weights.path = data.str().str();
  PassManager manager(&context);
  manager.addPass(createExternalizeData(weights));
  if (failed(manager.run(module)))
    return failure();
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  if (file == "-") {
    module.print(streams.out, flags);
    return success();
  }
  llvm::Error error = llvm::writeToOutput(file, [&](raw_ostream &os) {
    module.print(os, flags);
    return llvm::Error::success();
  });
  return error ? fail("cannot write '" + file +
                      "': " + llvm::toString(std::move(error)))
               : success();
}

LogicalResult Compiler::afterStage(Stage stage, ModuleOp module) {
  tell(getStageName(stage));
  if (auto plan = module->getAttrOfType<StringAttr>("squint.plan");
      plan && stage == Stage::Quantized)
    tell(("plan: " + plan.getValue()).str());
  if (options.dumpDir.empty())
    return success();
  if (std::error_code error =
          llvm::sys::fs::create_directories(options.dumpDir))
    return fail("cannot write to '" + options.dumpDir +
                "': " + error.message());
  // A copy, so that the references of what goes on are not changed.
  OwningOpRef<ModuleOp> copy = module.clone();
  SmallString<128> file(options.dumpDir);
  path::append(file, getStageName(stage) + ".mlir");
  std::string folder =
      context.getLoadedDialect<SquintDialect>()->getStores().getBase().str();
  LogicalResult result = writeIR(*copy, file);
  context.getLoadedDialect<SquintDialect>()->getStores().setBase(folder);
  return result;
}

LogicalResult Compiler::writeDepfile() {
  for (StringRef file :
       {StringRef(options.recipe), StringRef(options.calibration),
        StringRef(options.imatrix)})
    if (!file.empty())
      files.insert(file.str());
  for (StringRef adapter : options.lora) {
    auto [config, tensors] = LoraAdapter::getFiles(adapter);
    files.insert({config, tensors});
  }
  llvm::Error error =
      llvm::writeToOutput(options.depfile, [&](raw_ostream &os) {
        auto name = [&](StringRef file) {
          for (char c : file) {
            if (c == ' ' || c == '#' || c == '\\')
              os << '\\';
            os << c;
            if (c == '$')
              os << c;
          }
        };
        name(options.output);
        os << ":";
        for (const std::string &file : files) {
          os << " \\\n  ";
          name(file);
        }
        os << "\n";
        return llvm::Error::success();
      });
  return error ? fail("cannot write '" + options.depfile +
                      "': " + llvm::toString(std::move(error)))
               : success();
}

llvm::Expected<std::vector<TargetInfo>> Compiler::getTargets() {
  std::vector<TargetInfo> targets;
  SmallVector<StringRef> names(options.mcpu.begin(), options.mcpu.end());
  if (names.empty())
    names.push_back("");
  for (StringRef name : names) {
    llvm::Expected<TargetInfo> target =
        TargetInfo::get(options.mtriple, name, options.mattr);
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  return TargetInfo::sort(std::move(targets));
}

LogicalResult Compiler::run() {
  if (failed(readOptions()))
    return failure();
  DiagnosticPrinter diagnostics(&context, streams.errors);
  showCalibration();
  llvm::Expected<std::vector<TargetInfo>> targets = getTargets();
  if (!targets)
    return fail(llvm::toString(targets.takeError()));

  OwningOpRef<ModuleOp> module = load();
  if (!module)
    return failure();
  // IR knows what it is for; the command line may say otherwise until layouts
  // have been chosen.
  bool named = !options.mtriple.empty() || !options.mcpu.empty() ||
               !options.mattr.empty();
  if (!(*module)->hasAttr(kTargetsAttr) ||
      (named && (!from || *from < Stage::Kernel))) {
    if (!targets->front().isDevice()) {
      setTargets(*module, *targets);
    } else {
      llvm::Expected<TargetInfo> host =
          TargetInfo::get(options.hostMtriple, options.hostMcpu);
      if (!host)
        return fail(llvm::toString(host.takeError()));
      if (host->isDevice())
        return fail("expected a processor as --host-mtriple, got '" +
                    host->triple + "'");
      setTargets(*module, *targets, &*host);
    }
  }
  if (options.allowBf16)
    (*module)->setAttr(kAllowBf16Attr, UnitAttr::get(&context));

  if (options.explain || options.pareto || options.makeSamples ||
      isImportance) {
    if (failed(runPipeline(*module, from, Stage::Squint, pipeline,
                           streams.timing)))
      return failure();
    if (options.makeSamples)
      return writeSamples(*module);
    if (isImportance)
      return writeImportance(*module, options.calibration, options.output,
                             options.jobs.value_or(0));
    if (options.explain)
      return explainFormats(*module, pipeline, streams.out);
    if (failed(printFrontier(*module, pipeline, streams.out)))
      return failure();
    return writeReports(*module);
  }
  if (failed(readRecipeOptions(&context, pipeline)))
    return failure();
  if (options.printPipeline)
    streams.out << getPipeline(from, to, pipeline) << "\n";
  if (pipeline.summarize)
    (*module)->setAttr(kTimesAttr, UnitAttr::get(&context));
  if (failed(runPipeline(*module, from, to, pipeline, streams.timing,
                         [&](Stage stage, ModuleOp module) {
                           return afterStage(stage, module);
                         })))
    return failure();
  if (failed(writeReports(*module)))
    return failure();

  // All outputs or none.
  if (!options.depfile.empty() && failed(writeDepfile()))
    return failure();
  if (succeeded(writeOutput(*module)))
    return success();
  if (!options.depfile.empty())
    llvm::sys::fs::remove(options.depfile);
  return failure();
}

LogicalResult Compiler::writeSamples(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    return fail("expected a function 'main' with one block in '" +
                options.input + "'");
  MakeSamplesOptions sampling;
  sampling.count = *options.makeSamples;
  sampling.seed = options.seed.value_or(1);
  sampling.threads = options.jobs.value_or(0);
  if (options.firstToken)
    sampling.firstToken = *options.firstToken;
  sampling.getSize = [&](StringRef symbol) -> std::optional<int64_t> {
    auto size = sizes.find(symbol.str());
    return size == sizes.end() ? std::optional<int64_t>() : size->second;
  };
  return makeSamples(main, options.output, sampling);
}

LogicalResult Compiler::writeReports(ModuleOp module) {
  for (StringRef file : options.report)
    if (llvm::Error error = writeReport(module, file))
      return fail(llvm::toString(std::move(error)));
  // Times are the report's alone: printed IR has none.
  module->removeAttr(kTimesAttr);
  module->removeAttr(kLayersAttr);
  return success();
}

LogicalResult Compiler::writeOutput(ModuleOp module) {
  if (options.emit == "gguf")
    return exportGguf(module, options.output, options.input);
  if (options.emit == "safetensors")
    return exportSafetensors(module, options.output, options.input);
  if (isModel)
    return exportOnnx(module, options.output,
                      {options.weightsFile, options.exportFloats});
  if (!options.emit.empty() && options.emit != "ptx")
    return writeIR(module, options.output.empty() ? "-" : options.output);
  EmitOptions emission;
  emission.output = options.output;
  emission.prefix = options.prefix;
  emission.weightsFile = options.weightsFile;
  emission.linker = options.linker;
  emission.sysroot = options.sysroot;
  emission.assembler = options.assembler;
  if (llvm::Expected<Budget> parsed = Budget::parse(pipeline.budget); !parsed)
    llvm::consumeError(parsed.takeError());
  else if (parsed->kind == Budget::Kind::Bytes)
    emission.maxBytes = uint64_t(parsed->value);
  if (failed(emitLibrary(module, emission)))
    return failure();
  tell("emit " + options.output);
  return success();
}

LogicalResult squint::compile(const CompileOptions &options,
                              const CompileStreams &streams) {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  StringRef folder = options.input;
  if (!llvm::sys::fs::is_directory(folder))
    folder = path::parent_path(folder);
  setDataFolder(registry, folder.empty() ? "." : folder, options.allowExternal);
  unsigned jobs = options.jobs.value_or(0);
  MLIRContext context(registry, jobs == 1 ? MLIRContext::Threading::DISABLED
                                          : MLIRContext::Threading::ENABLED);
  std::unique_ptr<llvm::DefaultThreadPool> pool;
  if (jobs > 1) {
    context.disableMultithreading();
    pool = std::make_unique<llvm::DefaultThreadPool>(
        llvm::hardware_concurrency(jobs));
    context.setThreadPool(*pool);
  }
  return Compiler(context, options, streams).run();
}
