//===- squint-run.cpp - runs an emitted library -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Compile.h"
#include "Language.h"
#include "Options.h"
#include "PeakMemory.h"

#include "squint/Calibration/Npz.h"
#include "squint/Driver/OpenModel.h"
#include "squint/Runtime/Library.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/WithColor.h"

#include <chrono>
#include <cstring>
#include <random>

using namespace llvm;
using namespace squint;

namespace {

template <typename... Args>
Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

class Runner {
public:
  Runner(const squint_library &library, const Options &options,
         std::map<std::string, int64_t> extents, ModelValues values = {})
      : library(library), options(options), extents(std::move(extents)),
        values(std::move(values)) {}
  Expected<int> run();

private:
  void describeModel();
  Error readInputs();
  Error makeRandomInputs();
  Error measure(std::vector<const Array *> &inputs,
                std::vector<Array> &outputs);
  void readProfile();
  void printProfile(raw_ostream &out);
  Error writeOutputs(ArrayRef<Array> outputs);
  /// What only a language model's library can be asked for.
  bool isAboutLanguage() const {
    return !options.perplexity.empty() || !options.promptTokens.empty() ||
           options.generate.getNumOccurrences() ||
           (options.benchmark.getNumOccurrences() && options.inputs.empty() &&
            Conversation::isSupportedBy(library));
  }
  Error runLanguage();

  const squint_library &library;
  const Options &options;
  std::map<std::string, int64_t> extents; // of symbols, for random data
  ModelValues values;                     // of a model, for a check
  std::vector<Array> inputs;
  std::unique_ptr<Session> session;
  std::vector<squint_profile_v1> times; // of every launch in its best run
};

} // namespace

void Runner::describeModel() {
  outs() << library.name << ": " << library.triple << ", " << library.cpu
         << ", weights " << library.weights_size << " bytes"
         << (library.weights_file ? " in " : "")
         << (library.weights_file ? library.weights_file : "") << "\n";
  for (const squint_value_v1 &value : getInputs(library))
    outs() << "  in   " << value.name << ": " << describe(value) << "\n";
  for (const squint_value_v1 &value : getOutputs(library))
    outs() << "  out  " << value.name << ": " << describe(value) << "\n";
}

Error Runner::readInputs() {
  Expected<std::unique_ptr<NpzReader>> reader = NpzReader::open(options.inputs);
  if (!reader)
    return reader.takeError();
  std::string missing;
  for (const squint_value_v1 &value : getInputs(library))
    if (!(*reader)->find(value.name))
      missing += std::string(missing.empty() ? "" : ", ") + "'" + value.name +
                 "' " + describe(value);
  if (!missing.empty())
    return refuse("%s: expected the inputs %s", options.inputs.c_str(),
                  missing.c_str());
  for (const NpzEntry &entry : (*reader)->entries())
    if (none_of(getInputs(library), [&](const squint_value_v1 &value) {
          return entry.name == value.name;
        }))
      return refuse("%s: the model has no input '%s'", options.inputs.c_str(),
                    entry.name.c_str());

  for (const squint_value_v1 &value : getInputs(library)) {
    const NpzEntry &entry = *(*reader)->find(value.name);
    if (entry.dtype != getNpzType(value.dtype))
      return refuse("%s: '%s': expected %s, got %s", options.inputs.c_str(),
                    value.name, describe(value).c_str(),
                    toString(entry.dtype, entry.shape).c_str());
    Expected<Array> array = (*reader)->read(entry);
    if (!array)
      return array.takeError();
    array->reinterpret(value.dtype);
    inputs.push_back(std::move(*array));
  }
  return Error::success();
}

/// Floats in [-1, 1); integers 0 and 1, which are tokens and masks of every
/// model.
static void fill(Array &array, std::mt19937 &random) {
  auto uniform = [&] { return float(random() >> 8) * 0x1p-23f - 1.0f; };
  squint_dtype dtype = array.dtype();
  uint64_t size = getByteSize(dtype);
  for (int64_t i = 0; i < array.size(); ++i) {
    char *element = array.bytes().data() + i * size;
    float value = uniform();
    if (dtype.code == SQUINT_DTYPE_FLOAT && dtype.bits == 64) {
      double wide = value;
      std::memcpy(element, &wide, sizeof(wide));
    } else if (dtype.code == SQUINT_DTYPE_FLOAT && dtype.bits == 32) {
      std::memcpy(element, &value, sizeof(value));
    } else if (dtype.code == SQUINT_DTYPE_BFLOAT) {
      std::memcpy(element, reinterpret_cast<char *>(&value) + 2, 2);
    } else if (dtype.code == SQUINT_DTYPE_FLOAT) {
      // 1 to 2 in float16.
      uint16_t half = 0x3c00 | (random() & 0x3ff);
      std::memcpy(element, &half, sizeof(half));
    } else {
      *element = char(random() >> 31);
    }
  }
}

Error Runner::makeRandomInputs() {
  std::mt19937 random(1);
  for (const squint_value_v1 &value : getInputs(library)) {
    std::vector<int64_t> shape(value.dims, value.dims + value.ndim);
    for (int32_t d = 0; d < value.ndim; ++d)
      if (shape[d] < 0) {
        auto found = extents.find(value.dim_names[d]);
        shape[d] = found == extents.end() ? 1 : found->second;
      }
    Expected<Array> array = Array::create(value.dtype, shape);
    if (!array)
      return array.takeError();
    fill(*array, random);
    inputs.push_back(std::move(*array));
  }
  return Error::success();
}

Error Runner::runLanguage() {
  if (!options.perplexity.empty())
    return measurePerplexity(*session, {options.perplexity, options.nllOutput,
                                        options.logitsOutput, options.klBase,
                                        options.positions, options.json});
  if (options.benchmark.getNumOccurrences()) {
    double seconds = 0;
    if (!options.benchmark.empty() &&
        StringRef(options.benchmark).getAsDouble(seconds))
      return refuse("expected --benchmark=SECONDS, got '%s'",
                    options.benchmark.c_str());
    int64_t count = options.generate.getNumOccurrences()
                        ? int64_t(options.generate)
                        : int64_t(64);
    return benchmarkLanguage(*session, options.prompt, count, seconds,
                             options.json);
  }
  SamplerOptions sampler{options.temperature, options.topK, options.topP,
                         options.minP, options.seed};
  return generate(*session, {std::vector<int64_t>(options.promptTokens.begin(),
                                                  options.promptTokens.end()),
                             options.generate, sampler, options.json});
}

Error Runner::measure(std::vector<const Array *> &pointers,
                      std::vector<Array> &outputs) {
  using Clock = std::chrono::steady_clock;
  double seconds = 2;
  if (!options.benchmark.empty() &&
      (StringRef(options.benchmark).getAsDouble(seconds) ||
       !(seconds > 0 && seconds < 1e6)))
    return refuse("expected --benchmark=SECONDS, got '%s'",
                  options.benchmark.c_str());
  for (int i = 0; i < 3; ++i) {
    if (Error error = session->rewind())
      return error;
    if (Error error = session->run(pointers, outputs))
      return error;
  }

  std::vector<double> latencies;
  auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    // A state would fill up.
    if (Error error = session->rewind())
      return error;
    if (options.profile)
      library.profile(session->context(), 1);
    auto start = Clock::now();
    if (Error error = session->run(pointers, outputs))
      return error;
    latencies.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - start)
            .count());
    if (options.profile)
      readProfile();
  } while (Clock::now() < end);
  size_t runs = latencies.size();
  llvm::sort(latencies);
  double median = runs % 2
                      ? latencies[runs / 2]
                      : (latencies[runs / 2 - 1] + latencies[runs / 2]) / 2;
  int64_t used = library.threads(session->context());
  int64_t workspace = library.workspace_bytes(session->context());
  if (options.json)
    outs() << json::Value(json::Object{
                  {"latency_us", json::Object{{"min", latencies.front()},
                                              {"median", median}}},
                  {"runs", int64_t(runs)},
                  {"threads", used},
                  {"workspace_bytes", workspace},
                  {"peak_rss_bytes", getPeakBytes()}})
           << "\n";
  else
    outs() << format("latency %.1f us at least, %.1f us median; %zu runs, %lld "
                     "threads; workspace %lld bytes, peak memory %llu bytes\n",
                     latencies.front(), median, runs, (long long)used,
                     (long long)workspace, (unsigned long long)getPeakBytes());
  if (options.profile)
    printProfile(options.json ? errs() : outs());
  return Error::success();
}

void Runner::readProfile() {
  bool first = times.empty();
  times.resize(library.num_launches);
  for (uint32_t i = 0; i < library.num_launches; ++i) {
    squint_profile_v1 time = {};
    library.profile_read(session->context(), i, &time);
    if (first || time.nanoseconds < times[i].nanoseconds)
      times[i] = time;
  }
}

void Runner::printProfile(raw_ostream &out) {
  struct Line {
    squint_profile_v1 time;
    const squint_launch_v1 *launch;
  };
  std::vector<Line> lines;
  uint64_t total = 0;
  size_t width = 6;
  for (uint32_t i = 0; i < times.size(); ++i) {
    if (!times[i].calls)
      continue;
    lines.push_back({times[i], &library.launches[i]});
    total += times[i].nanoseconds;
    width = std::max(width, std::strlen(library.launches[i].kernel));
  }
  llvm::sort(lines, [](const Line &a, const Line &b) {
    return a.time.nanoseconds != b.time.nanoseconds
               ? a.time.nanoseconds > b.time.nanoseconds
               : a.launch < b.launch;
  });
  out << "target: " << session->target() << "\n";
  out << right_justify("us", 12) << right_justify("%", 7)
      << right_justify("calls", 7) << "  " << left_justify("kernel", width)
      << "  node\n";
  for (const Line &line : lines)
    out << format("%12.1f%7.1f%7llu  ", line.time.nanoseconds * 1e-3,
                  total ? line.time.nanoseconds * 100.0 / total : 0.0,
                  (unsigned long long)line.time.calls)
        << left_justify(line.launch->kernel, width) << "  " << line.launch->node
        << "\n";
}

Error Runner::writeOutputs(ArrayRef<Array> outputs) {
  std::vector<NamedArray> named;
  for (auto [value, array] : zip_equal(getOutputs(library), outputs))
    named.push_back({value.name, &array});
  return writeNpz(options.outputs, named);
}

Expected<int> Runner::run() {
  bool measuring = options.benchmark.getNumOccurrences();
  bool checking = !options.check.empty();
  bool language = isAboutLanguage();
  if (options.json && !measuring && !language)
    return refuse("--json needs --benchmark, --perplexity or --generate");
  if (checking && (measuring || !options.inputs.empty() || options.profile))
    return refuse("--check and --inputs, --benchmark or --profile contradict "
                  "each other");
  if (options.inputs.empty() && !measuring && !checking && !language &&
      library.num_inputs) {
    if (!options.outputs.empty() || options.profile)
      return refuse("expected --inputs=FILE.npz, or --benchmark for random "
                    "data");
    describeModel();
    return 0;
  }
  Expected<std::unique_ptr<Session>> created =
      Session::create(library, {options.threads,
                                options.weightsFile,
                                {},
                                options.target,
                                options.device,
                                /*sequences=*/0,
                                /*capacity=*/0,
                                options.largePages});
  if (!created)
    return created.takeError();
  session = std::move(*created);
  if (language) {
    if (options.profile)
      library.profile(session->context(), 1);
    if (Error error = runLanguage())
      return std::move(error);
    if (options.profile) {
      readProfile();
      printProfile(options.json ? errs() : outs());
    }
    return 0;
  }
  if (checking) {
    Expected<CheckResult> result = check(*session, values, options.check);
    if (!result)
      return result.takeError();
    return int(*result);
  }

  if (Error error = options.inputs.empty() ? makeRandomInputs() : readInputs())
    return error;
  std::vector<const Array *> pointers;
  for (const Array &input : inputs)
    pointers.push_back(&input);
  Expected<std::vector<Array>> outputs = session->makeOutputs(pointers);
  if (!outputs)
    return outputs.takeError();
  if (measuring) {
    if (Error error = measure(pointers, *outputs))
      return error;
  } else {
    if (options.profile)
      library.profile(session->context(), 1);
    if (Error error = session->run(pointers, *outputs))
      return error;
    if (options.profile) {
      readProfile();
      printProfile(outs());
    }
  }
  if (Error error = session->shrink(*outputs))
    return error;
  if (!options.outputs.empty())
    if (Error error = writeOutputs(*outputs))
      return error;
  return 0;
}

/// NAME=N of every --dim.
static Expected<std::map<std::string, int64_t>>
parseDims(const Options &options) {
  std::map<std::string, int64_t> extents;
  for (StringRef dim : options.dims) {
    auto [name, text] = dim.split('=');
    int64_t extent;
    if (name.empty() || text.getAsInteger(10, extent) || extent < 0)
      return refuse("expected --dim=NAME=N, got '%s'", dim.str().c_str());
    extents[name.str()] = extent;
  }
  return extents;
}

static int fail(Error error) {
  WithColor::error(errs(), "squint-run") << toString(std::move(error)) << "\n";
  return 1;
}

static int finish(Expected<int> result) {
  return result ? *result : fail(result.takeError());
}

/// MODEL.onnx. What the compiler refuses is what a check calls unsupported; a
/// broken model is an error.
static int runModel(const Options &options,
                    const std::map<std::string, int64_t> &dims) {
  PipelineOptions pipeline;
  pipeline.weights = options.weights;
  pipeline.activations = options.activations;
  pipeline.calibration = options.calibration;
  if (options.cache != "none")
    pipeline.cache = options.cache;
  pipeline.context = options.context;
  unsigned context;
  if (options.context.getNumOccurrences() &&
      (StringRef(options.context).getAsInteger(10, context) || context < 1 ||
       pipeline.cache.empty()))
    return fail(
        refuse("expected --context=N with N of at least 1 beside --cache"));
  // Floats throughout are no quantization at all.
  if ((pipeline.weights.empty() || pipeline.weights == "f32") &&
      (pipeline.activations.empty() || pipeline.activations == "f32"))
    pipeline.weights = pipeline.activations = "";
  ImportOptions import;
  import.dims = dims;
  ModelValues values;
  // A broken model is for the importer to refuse.
  if (Expected<ModelValues> read = readModelValues(options.model))
    values = std::move(*read);
  else
    consumeError(read.takeError());
  if (!options.check.empty()) {
    auto elements = readInputElements(values, options.check);
    if (!elements)
      return fail(elements.takeError());
    import.elements = std::move(*elements);
  }
  bool refused;
  std::unique_ptr<LoadedModel> model =
      compileModel(options.model, pipeline, import, refused);
  if (!model && refused && !options.check.empty()) {
    // How long a sequence is may depend on what is in an input.
    auto numbers = readInputValues(values, options.check);
    if (!numbers)
      return fail(numbers.takeError());
    import.values = std::move(*numbers);
    for (ModelValue &input : values.inputs)
      input.isFixed = import.values.count(input.name);
    if (!import.values.empty()) {
      llvm::errs() << "again, with inputs of integers as constants\n";
      bool ignored;
      model = compileModel(options.model, pipeline, import, ignored);
    }
  }
  if (model)
    return finish(
        Runner(model->library->table(), options, {}, std::move(values)).run());
  if (options.check.empty() || !refused)
    return 1;
  llvm::errs() << "unsupported: the compiler refuses the model\n";
  return int(CheckResult::Unsupported);
}

/// Those of a model.
static std::vector<const cl::opt<std::string> *>
getCompileOptions(const Options &options) {
  return {&options.weights, &options.activations, &options.cache,
          &options.context, &options.calibration};
}

static int runTable(const squint_library &table, const Options &options,
                    const std::map<std::string, int64_t> &dims) {
  for (const auto &dim : dims)
    if (none_of(ArrayRef(table.symbols, table.num_symbols),
                [&](const char *symbol) { return dim.first == symbol; }))
      return fail(
          refuse("--dim: the model has no dimension '%s'", dim.first.c_str()));
  return finish(Runner(table, options, dims).run());
}

static int runLibrary(const Options &options,
                      const std::map<std::string, int64_t> &dims) {
  for (const cl::opt<std::string> *option : getCompileOptions(options))
    if (option->getNumOccurrences())
      return fail(refuse("--%s is for a model, got the library '%s'",
                         option->ArgStr.str().c_str(), options.model.c_str()));
  Expected<std::unique_ptr<Library>> library = Library::open(options.model);
  if (!library)
    return fail(library.takeError());
  return runTable((*library)->table(), options, dims);
}

/// MODEL.gguf, or a folder.
static int runLanguageModel(const Options &options) {
  if (!options.check.empty())
    return fail(refuse("--check is for MODEL.onnx or a library"));
  if (!options.weightsFile.empty() || !options.target.empty())
    return fail(
        refuse("--weights-file and --target are for a library, got the model "
               "'%s'",
               options.model.c_str()));
  CompileOptions compile;
  compile.input = options.model;
  compile.dims.assign(options.dims.begin(), options.dims.end());
  for (const cl::opt<std::string> *option : getCompileOptions(options))
    if (option->getNumOccurrences())
      if (Error error = compile.set(option->ArgStr, *option))
        return fail(std::move(error));
  CompileStreams streams{outs(), errs()};
  streams.program = "squint-run: ";
  auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Library> library = openModel(compile, streams);
  if (!library)
    return 1;
  std::chrono::duration<double> taken =
      std::chrono::steady_clock::now() - start;
  errs() << format("compiled %s in %.1f s\n", options.model.c_str(),
                   taken.count());
  return runTable(library->table(), options, {});
}

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  cl::ResetCommandLineParser();
  Options options;
  cl::ParseCommandLineOptions(argc, argv, overview);
  auto dims = parseDims(options);
  if (!dims)
    return fail(dims.takeError());
  if (!dims->empty() && !options.inputs.empty() &&
      !StringRef(options.model).ends_with(".onnx"))
    return fail(refuse("--dim is for random data, not for --inputs"));
  if (StringRef(options.model).ends_with(".onnx"))
    return runModel(options, *dims);
  return isModelPath(options.model) ? runLanguageModel(options)
                                    : runLibrary(options, *dims);
}
