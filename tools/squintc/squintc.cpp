//===- squintc.cpp - the ahead-of-time compiler -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "squint/Calibration/MakeSamples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Emit/Emit.h"
#include "squint/Export/Onnx.h"
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
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <map>
#include <set>

using namespace mlir;
using namespace squint;
namespace cl = llvm::cl;
namespace path = llvm::sys::path;

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

static cl::OptionCategory general("Input and output");
static cl::OptionCategory formats("Quantization");
static cl::OptionCategory targets("Target");
static cl::OptionCategory seeing("Seeing what happens");

static cl::opt<std::string> input(cl::Positional, cl::Required,
                                  cl::desc("MODEL(.onnx|.gguf|.mlir)"),
                                  cl::cat(general));
static cl::opt<std::string> output(
    "o", cl::value_desc("file"), cl::cat(general),
    cl::desc("Output: .so, .a, .o, .s, .ll, or .mlir and .onnx (with --emit); "
             "- prints IR"));
static cl::opt<std::string>
    emit("emit", cl::value_desc("stage"), cl::cat(general),
         cl::desc("Stop after a stage and write IR: onnx, squint, quantized, "
                  "fused, kernel, llvm; or write the quantized model as ONNX: "
                  "onnx-quantized, or onnx-qat to train it elsewhere (float "
                  "weights behind QuantizeLinear and DequantizeLinear)"));
static cl::opt<std::string> compileFrom(
    "compile-from", cl::value_desc("stage"), cl::cat(general),
    cl::desc("The stage that a .mlir input is at the end of (default: onnx)"));
static cl::opt<std::string> weightsFile(
    "weights-file", cl::value_desc("file"), cl::cat(general),
    cl::desc("Write the weights to a file beside the output: safetensors "
             "for a library, ONNX's external data for a .onnx output"));
static cl::opt<std::string> prefix(
    "prefix", cl::value_desc("name"), cl::cat(general),
    cl::desc("Start of every exported name (default: the output's stem)"));
static cl::opt<std::string> depfile(
    "depfile", cl::value_desc("file"), cl::cat(general),
    cl::desc("Write the files that the output depends on, as make reads them"));
static cl::list<std::string> allowExternal(
    "allow-external", cl::value_desc("dir"), cl::cat(general),
    cl::desc("Also read the model's weights from this folder (repeatable)"));
static cl::opt<std::string> store(
    "store", cl::value_desc("file"), cl::cat(general),
    cl::desc(
        "Safetensors file for rewritten weights of printed IR (default: the "
        "output's name with the extension .weights)"));
static cl::list<std::string>
    dims("dim", cl::value_desc("name=n"), cl::cat(general),
         cl::desc("Pin a symbolic dimension (repeatable)"));
static cl::list<std::string> elements(
    "elements", cl::value_desc("name=shapes"), cl::cat(general),
    cl::desc(
        "What an input holds that is a sequence or an optional: the shapes "
        "of its elements, e.g. x=2x3,4x3, or x=none (repeatable)"));

static cl::opt<std::string>
    weights("weights", cl::value_desc("format"), cl::cat(formats),
            cl::desc("Format of all weights, e.g. int8:channel, "
                     "int4:group=32,zero-point; f32 is "
                     "the default"));
static cl::opt<std::string> activations(
    "activations", cl::value_desc("format"), cl::cat(formats),
    cl::desc(
        "Format of all activations, e.g. int8:token (dynamic), int8:tensor "
        "(static, needs --calibration)"));
static cl::opt<std::string>
    recipe("recipe", cl::value_desc("file.yaml"), cl::cat(formats),
           cl::desc("Rules that choose formats by operator kind and name"));
static cl::opt<std::string> budget(
    "budget", cl::value_desc("size:N|bits:B|error:D"), cl::cat(formats),
    cl::desc("Choose formats by measured sensitivity (needs --calibration): "
             "size of the library in bytes or as a fraction of the float "
             "weights, bits a weight, or divergence from the float model"));
static cl::opt<bool>
    symmetric("symmetric", cl::cat(formats),
              cl::desc("Keep the plan of --budget from zero points"));
static cl::opt<bool>
    pareto("pareto", cl::cat(formats),
           cl::desc("Print what sizes of a library allow what divergence, as a "
                    "table (needs --calibration), and compile nothing"));
static cl::opt<std::string> calibration(
    "calibration", cl::value_desc("file.npz"), cl::cat(formats),
    cl::desc("Samples: arrays named as the inputs, one sample a row; integers "
             "called labels beside them are for the report"));
static cl::opt<int64_t> makeSamplesCount(
    "make-samples", cl::value_desc("n"), cl::init(0), cl::cat(formats),
    cl::desc("Write samples to the output (.npz) where there are no data: a "
             "language model speaks, other inputs are random; sizes by --dim"));
static cl::opt<uint32_t>
    seed("seed", cl::value_desc("n"), cl::init(1), cl::cat(formats),
         cl::desc("What the samples of --make-samples are drawn with"));
static cl::opt<int64_t> firstToken(
    "first-token", cl::value_desc("id"), cl::init(-1), cl::cat(formats),
    cl::desc("What every sample of --make-samples starts with where a language "
             "model speaks (default: any token)"));
static cl::opt<std::string> checkpoint(
    "checkpoint", cl::value_desc("dir"), cl::cat(formats),
    cl::desc("Keep what long steps have worked out in this folder, and go on "
             "from there when the same work is done again"));
static cl::opt<bool> verifyRewrites(
    "verify-rewrites", cl::cat(formats),
    cl::desc("Compare the float function before and after every rewrite, on "
             "the samples or on random inputs"));
static cl::opt<bool> allowBf16(
    "allow-bf16", cl::cat(formats),
    cl::desc("Multiply bf16 weights with activations rounded to bf16 where the "
             "processor has products of them: faster, other numbers"));
static cl::opt<bool>
    explain("explain", cl::cat(formats),
            cl::desc("Print what each layer would get and why, as a table, and "
                     "compile nothing"));
static cl::list<std::string> lora(
    "lora", cl::value_desc("dir|file.safetensors"), cl::cat(formats),
    cl::desc("Put an adapter in PEFT's layout beside the layers that it is "
             "for, whatever the format of their weights (repeatable)"));
static cl::opt<bool>
    mergeLora("merge-lora", cl::cat(formats),
              cl::desc("Add the adapters of --lora to the weights instead, "
                       "before these are quantized"));
static cl::opt<bool> exportFloats(
    "export-floats", cl::cat(formats),
    cl::desc("With --emit=onnx-quantized: write weights whose format ONNX "
             "cannot say as floats instead of refusing them"));
static cl::opt<bool> unfused(
    "unfused", cl::cat(formats),
    cl::desc("Dequantize into memory instead of fusing: the reference, slow"));

static cl::opt<bool> unsafeIndices(
    "unsafe-indices", cl::cat(targets),
    cl::desc("Trust the indices that data holds (Gather, Scatter): one outside "
             "of its tensor then reads or writes anywhere"));

static cl::opt<std::string> mtriple(
    "mtriple", cl::value_desc("triple"), cl::cat(targets),
    cl::desc("Target triple, e.g. aarch64-linux-gnu (default: this machine)"));
static cl::list<std::string>
    mcpu("mcpu", cl::value_desc("cpu"), cl::CommaSeparated, cl::cat(targets),
         cl::desc("Target CPU as LLVM spells it (default: native); of several "
                  "the library runs the best that the machine has"));
static cl::opt<std::string>
    mattr("mattr", cl::value_desc("+a,-b"), cl::cat(targets),
          cl::desc("Target features as LLVM spells them"));
static cl::opt<std::string>
    sysroot("sysroot", cl::value_desc("dir"), cl::cat(targets),
            cl::desc("Where the target's libc and libm are, to link a .so"));
static cl::opt<std::string>
    linker("linker", cl::value_desc("program"), cl::cat(targets),
           cl::desc("Linker of a .so (default: LLVM's ld.lld)"));

static cl::opt<unsigned> jobs("jobs", cl::value_desc("n"), cl::init(0),
                              cl::cat(seeing),
                              cl::desc("Threads to compile with (default: all "
                                       "cores); never changes the output"));
enum class Progress { Auto, Never };
static cl::opt<Progress>
    progress("progress", cl::init(Progress::Auto), cl::cat(seeing),
             cl::desc("Stages and their times on standard error"),
             cl::values(clEnumValN(Progress::Auto, "auto", "on a terminal"),
                        clEnumValN(Progress::Never, "never", "stay silent")));
static cl::opt<bool> timing("timing", cl::cat(seeing),
                            cl::desc("Print the time of every pass"));
static cl::opt<bool>
    printPipeline("print-pipeline", cl::cat(seeing),
                  cl::desc("Print the passes as squint-opt --pass-pipeline "
                           "takes them, and go on"));
static cl::opt<std::string>
    dumpDir("dump-dir", cl::value_desc("dir"), cl::cat(seeing),
            cl::desc("Write the IR after each stage to this folder"));
static cl::list<std::string>
    report("report", cl::value_desc("file"), cl::cat(seeing),
           cl::desc("Write what each layer became (format, method, bytes, "
                    "signal-to-noise, time), its kernel, and with samples "
                    "divergence and perplexity: .json, or .html with "
                    "plots; repeat with a comma for both"),
           cl::CommaSeparated);

static cl::opt<std::string> cache(
    "cache", cl::value_desc("FORMAT|none"), cl::cat(formats),
    cl::desc("A language model remembers its tokens: f32, f16, bf16, int8, "
             "f8e4m3 or f8e5m2 for keys and values; none: it takes whole "
             "sequences (default: f16 for GGUF files, none for others)"));

/// Activations beside the weights of a GGUF file where nothing else is asked
/// for: groups as long as those of most of its formats.
static constexpr llvm::StringLiteral kGgufActivations =
    "int8:group=32,scale=f32";

/// A mistake on the command line or in the surroundings, in one line.
static int fail(const llvm::Twine &message) {
  llvm::errs() << "squintc: error: " << message << "\n";
  return 1;
}

static bool isOneOf(StringRef text, ArrayRef<StringRef> known) {
  return llvm::is_contained(known, text);
}

//===----------------------------------------------------------------------===//
// The compiler
//===----------------------------------------------------------------------===//

namespace {

class Compiler {
public:
  explicit Compiler(MLIRContext &context) : context(context) {}
  int run();

private:
  LogicalResult readOptions();
  OwningOpRef<ModuleOp> load();
  LogicalResult afterStage(Stage stage, ModuleOp module);
  LogicalResult writeIR(ModuleOp module, StringRef file);
  LogicalResult writeDepfile();
  LogicalResult writeReports(ModuleOp module);
  LogicalResult writeSamples(ModuleOp module);
  LogicalResult writeOutput(ModuleOp module);
  LogicalResult fail(const llvm::Twine &message) {
    return LogicalResult::failure(::fail(message));
  }
  void tell(StringRef what);
  bool isProgressShown() const {
    return progress == Progress::Auto &&
           llvm::sys::Process::StandardErrIsDisplayed();
  }
  double getSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         started)
        .count();
  }
  void showCalibration();

  MLIRContext &context;
  PipelineOptions pipeline;
  ImportOptions import;
  std::optional<Stage> from;
  Stage to = Stage::Llvm;
  bool isGguf = false;
  bool isModel = false; // to be written as ONNX
  // Of symbolic dimensions, for samples.
  std::map<std::string, int64_t> sizes;
  std::set<std::string> files;
  std::chrono::steady_clock::time_point started =
      std::chrono::steady_clock::now();
};

} // namespace

void Compiler::tell(StringRef what) {
  if (isProgressShown())
    llvm::errs() << llvm::format("[%6.2f s] ", getSeconds()) << what << "\n";
}

/// One line, written over ten times a second.
void Compiler::showCalibration() {
  if (!isProgressShown())
    return;
  setCalibrationProgress(
      [this, last = -1.0](StringRef what, int64_t done, int64_t total) mutable {
        double seconds = getSeconds();
        if (done < total && seconds < last + 0.1)
          return;
        last = seconds;
        llvm::errs() << llvm::format("\r[%6.2f s] ", seconds) << what << " "
                     << 100 * done / std::max<int64_t>(total, 1) << " %"
                     << (done == total ? "\n" : "");
      });
}

LogicalResult Compiler::readOptions() {
  isGguf = isGgufFile(input);
  StringRef extension = path::extension(input);
  if (!isGguf && !isOneOf(extension, {".onnx", ".mlir"}))
    return fail("expected a GGUF file, or a model with the extension .onnx or "
                ".mlir, got '" +
                input + "'");
  bool isText = !isGguf && extension == ".mlir";
  if (!isText && !compileFrom.empty())
    return fail("--compile-from takes a .mlir file, got '" + input + "'");
  if (isText)
    from = Stage::Onnx;
  if (!compileFrom.empty() && !(from = parseStage(compileFrom)))
    return fail("expected a stage (onnx, squint, quantized, fused, kernel, "
                "llvm), got '" +
                compileFrom + "'");

  if (output.empty() && !explain && !pareto)
    return fail("expected an output: -o FILE");
  bool areSamples = makeSamplesCount.getNumOccurrences();
  if (areSamples != (path::extension(output) == ".npz"))
    return fail("expected --make-samples with a .npz output and the other way "
                "round, got '" +
                output + "'");
  if (areSamples && makeSamplesCount < 1)
    return fail("expected at least one sample for --make-samples");
  isModel = isOneOf(emit, {"onnx-quantized", "onnx-qat"});
  if (isModel != (path::extension(output) == ".onnx"))
    return fail("expected --emit=onnx-quantized or onnx-qat with a .onnx "
                "output and the other way round, got '" +
                output + "'");
  if (exportFloats && emit != "onnx-quantized")
    return fail("--export-floats is for --emit=onnx-quantized");
  StringRef kind = output == "-"    ? ".mlir"
                   : output.empty() ? ".so"
                                    : path::extension(output);
  if (!isModel && !areSamples &&
      !isOneOf(kind, {".so", ".a", ".o", ".s", ".ll", ".mlir"}))
    return fail("expected an output ending in .so, .a, .o, .s, .ll, .mlir or "
                ".onnx, got '" +
                output + "'");
  if (kind == ".mlir" && emit.empty())
    return fail("expected --emit=STAGE with a .mlir output");
  if (kind != ".mlir" && !emit.empty() && !isModel)
    return fail("expected a .mlir output with --emit, got '" + output + "'");
  if (isModel) {
    to = Stage::Quantized;
  } else if (!emit.empty()) {
    std::optional<Stage> stage = parseStage(emit);
    if (!stage)
      return fail("expected a stage (onnx, squint, quantized, fused, kernel, "
                  "llvm), got '" +
                  emit + "'");
    to = *stage;
  }
  if (!lora.empty() &&
      (to < Stage::Quantized || (from && *from >= Stage::Quantized)))
    return fail("expected --lora with the stage 'quantized' among those that "
                "are run");
  if (mergeLora && lora.empty())
    return fail("--merge-lora is for --lora");
  if (from && *from > to)
    return fail("expected a stage to emit that comes after '" +
                getStageName(*from) + "', got '" + emit + "'");

  if (!budget.empty() &&
      (!recipe.empty() || !weights.empty() || !activations.empty()))
    return fail("--budget and --recipe, --weights or --activations contradict "
                "each other");
  if (pareto && !(budget.empty() && recipe.empty() && weights.empty() &&
                  activations.empty()))
    return fail(
        "--pareto finds the plans of all budgets: expected no --budget, "
        "--recipe, --weights or --activations");
  if (pareto && calibration.empty())
    return fail("expected samples (--calibration) for --pareto");
  for (StringRef file : report)
    if (!isOneOf(path::extension(file), {".json", ".html"}))
      return fail("expected a report ending in .json or .html, got '" + file +
                  "'");
  if (!recipe.empty() && (!weights.empty() || !activations.empty()))
    return fail(
        "--recipe and --weights or --activations contradict each other");
  for (auto [text, role] :
       {std::pair(StringRef(weights), FormatRole::Weight),
        std::pair(StringRef(activations), FormatRole::Activation)})
    if (!text.empty())
      if (llvm::Expected<Format> format = Format::parse(text, role); !format)
        return fail(
            (role == FormatRole::Weight ? "--weights=" : "--activations=") +
            text + ": " + llvm::toString(format.takeError()));
  for (StringRef file : {StringRef(recipe), StringRef(calibration)})
    if (!file.empty() && !llvm::sys::fs::exists(file))
      return fail("cannot open '" + file + "': no such file");
  bool isFloat = (weights.empty() || weights == "f32") &&
                 (activations.empty() || activations == "f32");
  pipeline.weights = isFloat ? "" : std::string(weights);
  pipeline.activations = isFloat ? "" : std::string(activations);
  pipeline.cache = !cache.empty() ? std::string(cache) : isGguf ? "f16" : "";
  if (pipeline.cache == "none")
    pipeline.cache = "";
  // The weights of a GGUF file are quantized for products of integers.
  if (isGguf && weights.empty() && activations.empty() && recipe.empty() &&
      budget.empty() && !pareto) {
    pipeline.activations = kGgufActivations.str();
    pipeline.integerOnly = true;
  }
  pipeline.requantize = isGguf;
  pipeline.recipe = recipe;
  pipeline.budget = budget;
  pipeline.isSymmetric = symmetric;
  pipeline.calibration = calibration;
  pipeline.checkpoint = checkpoint;
  pipeline.reference = unfused;
  pipeline.unsafeIndices = unsafeIndices;
  pipeline.verifyRewrites = verifyRewrites;
  pipeline.summarize = !report.empty();
  pipeline.lora.assign(lora.begin(), lora.end());
  pipeline.mergeLora = mergeLora;
  pipeline.fakeQuantize = emit == "onnx-qat";

  for (StringRef dim : dims) {
    auto [name, value] = dim.split('=');
    int64_t size;
    if (name.empty() || value.getAsInteger(10, size) || size < 1)
      return fail("expected --dim NAME=N with N of at least 1, got '" + dim +
                  "'");
    if (!import.dims.try_emplace(name.str(), size).second)
      return fail("expected one --dim for '" + name + "', got several");
  }
  for (StringRef text : elements) {
    auto parsed = parseInputElements(text);
    if (!parsed)
      return fail("--elements: " + llvm::toString(parsed.takeError()));
    if (!import.elements.insert(*parsed).second)
      return fail("expected one --elements for '" + parsed->first +
                  "', got several");
  }
  if ((!import.dims.empty() || !import.elements.empty()) && from)
    return fail("--dim and --elements take an .onnx file, got '" + input + "'");
  if (!import.elements.empty() && isGguf)
    return fail("--elements takes an .onnx file, got '" + input + "'");
  // A model for any size speaks in parts of it.
  if (areSamples)
    sizes = std::exchange(import.dims, {});
  if (mcpu.size() > 1 && !mattr.empty())
    return fail("--mattr and a list of CPUs contradict each other");
  import.allowExternal.assign(allowExternal.begin(), allowExternal.end());
  import.files = &files;
  import.isSupported = isSupportedOperator;
  return success();
}

OwningOpRef<ModuleOp> Compiler::load() {
  tell("import");
  if (isGguf) {
    // What an ONNX model is once its shapes are known.
    from = Stage::Onnx;
    return importGguf(input, context, import);
  }
  if (!from)
    return importOnnx(input, context, import);
  llvm::SourceMgr sources;
  std::string error;
  auto file = llvm::MemoryBuffer::getFile(input);
  if (!file) {
    ::fail("cannot open '" + input + "': " + file.getError().message());
    return {};
  }
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  files.insert(input);
  return parseSourceFile<ModuleOp>(sources, &context);
}

LogicalResult Compiler::writeIR(ModuleOp module, StringRef file) {
  SmallString<128> data(store.empty() && file != "-" ? file : StringRef(store));
  if (store.empty() && file != "-")
    path::replace_extension(data, "weights");
  ExternalizeDataOptions options;
  options.path = data.str().str();
  PassManager manager(&context);
  manager.addPass(createExternalizeData(options));
  if (failed(manager.run(module)))
    return failure();
  OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  if (file == "-") {
    module.print(llvm::outs(), flags);
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
  if (dumpDir.empty())
    return success();
  if (std::error_code error = llvm::sys::fs::create_directories(dumpDir))
    return fail("cannot write to '" + dumpDir + "': " + error.message());
  // A copy, so that the references of what goes on are not changed.
  OwningOpRef<ModuleOp> copy = module.clone();
  SmallString<128> file(dumpDir);
  path::append(file, getStageName(stage) + ".mlir");
  std::string folder =
      context.getLoadedDialect<SquintDialect>()->getStores().getBase().str();
  LogicalResult result = writeIR(*copy, file);
  context.getLoadedDialect<SquintDialect>()->getStores().setBase(folder);
  return result;
}

LogicalResult Compiler::writeDepfile() {
  for (StringRef file : {StringRef(recipe), StringRef(calibration)})
    if (!file.empty())
      files.insert(file.str());
  for (StringRef adapter : lora) {
    auto [config, tensors] = LoraAdapter::getFiles(adapter);
    files.insert({config, tensors});
  }
  llvm::Error error = llvm::writeToOutput(depfile, [&](raw_ostream &os) {
    auto name = [&](StringRef file) {
      for (char c : file) {
        if (c == ' ' || c == '#' || c == '\\')
          os << '\\';
        os << c;
        if (c == '$')
          os << c;
      }
    };
    name(output);
    os << ":";
    for (const std::string &file : files) {
      os << " \\\n  ";
      name(file);
    }
    os << "\n";
    return llvm::Error::success();
  });
  return error ? fail("cannot write '" + depfile +
                      "': " + llvm::toString(std::move(error)))
               : success();
}

static llvm::Expected<std::vector<TargetInfo>> getTargets() {
  std::vector<TargetInfo> targets;
  SmallVector<StringRef> names(mcpu.begin(), mcpu.end());
  if (names.empty())
    names.push_back("");
  for (StringRef name : names) {
    llvm::Expected<TargetInfo> target = TargetInfo::get(mtriple, name, mattr);
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  return TargetInfo::sort(std::move(targets));
}

int Compiler::run() {
  if (failed(readOptions()))
    return 1;
  DiagnosticPrinter diagnostics(&context);
  showCalibration();
  llvm::Expected<std::vector<TargetInfo>> targets = getTargets();
  if (!targets)
    return ::fail(llvm::toString(targets.takeError()));

  OwningOpRef<ModuleOp> module = load();
  if (!module)
    return 1;
  // IR knows what it is for; the command line may say otherwise until layouts
  // have been chosen.
  bool named = !mtriple.empty() || !mcpu.empty() || !mattr.empty();
  if (!(*module)->hasAttr(kTargetsAttr) ||
      (named && (!from || *from < Stage::Kernel)))
    setTargets(*module, *targets);
  if (allowBf16)
    (*module)->setAttr(kAllowBf16Attr, UnitAttr::get(&context));

  if (explain || pareto || makeSamplesCount) {
    if (failed(runPipeline(*module, from, Stage::Squint, pipeline, timing)))
      return 1;
    if (makeSamplesCount)
      return failed(writeSamples(*module));
    if (explain)
      return failed(explainFormats(*module, pipeline, llvm::outs()));
    return failed(printFrontier(*module, pipeline, llvm::outs())) ||
           failed(writeReports(*module));
  }
  if (failed(readRecipeOptions(&context, pipeline)))
    return 1;
  if (printPipeline)
    llvm::outs() << getPipeline(from, to, pipeline) << "\n";
  if (pipeline.summarize)
    (*module)->setAttr(kTimesAttr, UnitAttr::get(&context));
  if (failed(runPipeline(*module, from, to, pipeline, timing,
                         [&](Stage stage, ModuleOp module) {
                           return afterStage(stage, module);
                         })))
    return 1;
  if (failed(writeReports(*module)))
    return 1;

  // All outputs or none.
  if (!depfile.empty() && failed(writeDepfile()))
    return 1;
  if (succeeded(writeOutput(*module)))
    return 0;
  if (!depfile.empty())
    llvm::sys::fs::remove(depfile);
  return 1;
}

LogicalResult Compiler::writeSamples(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    return fail("expected a function 'main' with one block in '" + input + "'");
  MakeSamplesOptions options;
  options.count = makeSamplesCount;
  options.seed = seed;
  options.threads = jobs;
  if (firstToken.getNumOccurrences())
    options.firstToken = firstToken;
  options.getSize = [&](StringRef symbol) -> std::optional<int64_t> {
    auto size = sizes.find(symbol.str());
    return size == sizes.end() ? std::optional<int64_t>() : size->second;
  };
  return makeSamples(main, output, options);
}

LogicalResult Compiler::writeReports(ModuleOp module) {
  for (StringRef file : report)
    if (llvm::Error error = writeReport(module, file))
      return fail(llvm::toString(std::move(error)));
  // Times are the report's alone: printed IR has none.
  module->removeAttr(kTimesAttr);
  module->removeAttr(kLayersAttr);
  return success();
}

LogicalResult Compiler::writeOutput(ModuleOp module) {
  if (isModel)
    return exportOnnx(module, output, {weightsFile, exportFloats});
  if (!emit.empty())
    return writeIR(module, output);
  EmitOptions options;
  options.output = output;
  options.prefix = prefix;
  options.weightsFile = weightsFile;
  options.linker = linker;
  options.sysroot = sysroot;
  if (llvm::Expected<Budget> parsed = Budget::parse(budget); !parsed)
    llvm::consumeError(parsed.takeError());
  else if (parsed->kind == Budget::Kind::Bytes)
    options.maxBytes = uint64_t(parsed->value);
  if (failed(emitLibrary(module, options)))
    return failure();
  tell("emit " + output);
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions({&general, &formats, &targets, &seeing});
  cl::ParseCommandLineOptions(
      argc, argv,
      "squintc: compile a model to a native library whose matrix products read "
      "quantized weights\n\n"
      "  squintc model.onnx -o model.so                                        "
      "float\n"
      "  squintc model.onnx -o model.so --weights=int8 --activations=int8      "
      "8 bits: by channel, by token\n"
      "  squintc model.onnx -o model.so --weights=int4:group=32                "
      "4-bit weights, float activations\n"
      "  squintc model.gguf -o model.so                                        "
      "weights as they are, 8-bit activations\n"
      "  squintc model.onnx -o model.mlir --emit=fused                         "
      "IR of a stage\n\n"
      "  FORMAT: "
      "NAME[:tensor|channel|token|group=N][,zero-point][,scale=f16|bf16|f32|"
      "dynamic8]"
      "\n");

  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  SmallString<128> folder(path::parent_path(input));
  setDataFolder(registry, folder.empty() ? StringRef(".") : folder.str(),
                allowExternal);
  MLIRContext context(registry, jobs == 1 ? MLIRContext::Threading::DISABLED
                                          : MLIRContext::Threading::ENABLED);
  std::unique_ptr<llvm::DefaultThreadPool> pool;
  if (jobs > 1) {
    context.disableMultithreading();
    pool = std::make_unique<llvm::DefaultThreadPool>(
        llvm::hardware_concurrency(jobs));
    context.setThreadPool(*pool);
  }
  return Compiler(context).run();
}
