//===- ExportGguf.cpp - quantized language models as GGUF -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "../Emit/Files.h"
#include "../Import/HuggingFaceConfig.h"
#include "GgufTypes.h"
#include "GgufVocabulary.h"
#include "LanguageWeights.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Export/Gguf.h"
#include "squint/Import/GgufWriter.h"
#include "squint/Import/Models.h"
#include "squint/Import/Safetensors.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;
namespace path = llvm::sys::path;

/// What `general.file_type` says of a file whose matrices are mostly of a type.
static constexpr std::pair<llvm::StringLiteral, uint32_t> kFileTypes[] = {
    {"f32", 0},    {"f16", 1},    {"q4_0", 2},    {"q4_1", 3},    {"q8_0", 7},
    {"q5_0", 8},   {"q5_1", 9},   {"q2_k", 10},   {"q3_k", 12},   {"q4_k", 15},
    {"q5_k", 17},  {"q6_k", 18},  {"iq4_nl", 25}, {"iq4_xs", 30}, {"bf16", 32},
    {"tq1_0", 36}, {"tq2_0", 37}, {"mxfp4", 38},
};
static constexpr uint32_t kQuantizationVersion = 2;

namespace {

class GgufExporter {
public:
  GgufExporter(ModuleOp module, StringRef source)
      : module(module), source(source), weights(module, "GGUF") {}

  LogicalResult write(StringRef output);

private:
  using Part = LanguageWeights::Part;

  LogicalResult addTensor(StringAttr name);
  LogicalResult addFile();
  LogicalResult addFolder();
  void describe(const LanguageModel &model);
  /// Where the row of a tensor that goes to `row` is.
  int64_t findRow(StringRef node, int64_t row) const;
  void setTypes();

  ModuleOp module;
  StringRef source;
  const Architecture *architecture = nullptr;
  /// Of queries and keys whose halves of heads are to alternate; 0: of none.
  int64_t turnedHead = 0;
  LanguageWeights weights;
  llvm::StringSet<> written;
  /// Elements by type, of matrices.
  std::map<std::string, int64_t> counts;
  GgufWriter writer;
  std::unique_ptr<llvm::MemoryBuffer> sourceFile;
  std::vector<float> factors, otherFactors;
};

} // namespace

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

int64_t GgufExporter::findRow(StringRef node, int64_t row) const {
  if (!turnedHead || !(node.ends_with(".attn_q") || node.ends_with(".attn_k")))
    return row;
  int64_t inHead = row % turnedHead;
  return row - inHead + inHead % 2 * (turnedHead / 2) + inHead / 2;
}

LogicalResult GgufExporter::addTensor(StringAttr name) {
  auto found = weights.tensors.find(name);
  if (found == weights.tensors.end())
    return module.emitError() << "tensor '" << name.getValue()
                              << "': expected an operator of that name";
  written.insert(name.getValue());
  const LanguageWeights::Parts &parts = found->second;
  GgufWriter::Tensor tensor;
  tensor.name = name.str();
  for (Part part : parts) {
    Type type = part.constant.getType();
    auto packed = dyn_cast<PackedType>(type);
    ArrayRef<int64_t> shape = LanguageWeights::getShape(part.constant);
    const GgufType *chosen = chooseGgufType(type);
    if (!chosen || shape.back() % int64_t(chosen->block)) {
      std::string format;
      llvm::raw_string_ostream os(format);
      if (packed)
        os << packed.getFormat().str();
      else
        os << type;
      return refusal(part.constant.emitOpError())
             << "tensor '" << name.getValue()
             << "': expected a format that GGML has a type for (one of its "
                "own, "
                "f32, f16, bf16, mxfp4, or symmetric integers in groups of a "
                "multiple of 32 with scales of f16), got "
             << format;
    }
    if (tensor.shape.empty()) {
      tensor.type = chosen;
      tensor.shape = shape.vec();
      continue;
    }
    if (chosen != tensor.type)
      return refusal(part.constant.emitOpError())
             << "tensor '" << name.getValue() << "': expected one format for '"
             << parts.front().node << "' and '" << part.node
             << "', which are rows of it, got " << tensor.type->name << " and "
             << chosen->name;
    tensor.shape.front() += shape.front();
  }
  if (tensor.shape.size() > 1)
    counts[tensor.type->name.str()] += tensor.shape[0] * tensor.shape[1];
  tensor.write = [this, &parts](llvm::raw_ostream &os) -> llvm::Error {
    for (Part part : parts) {
      std::vector<char> scratch, row;
      llvm::Expected<ArrayRef<char>> bytes =
          LanguageWeights::read(part.constant, scratch);
      if (!bytes)
        return bytes.takeError();
      Type type = part.constant.getType();
      int64_t rows = LanguageWeights::getShape(part.constant).front();
      for (int64_t r = 0; r < rows; ++r) {
        ArrayRef<char> encoded =
            getGgufRow(type, *bytes, findRow(part.node, r), row);
        os.write(encoded.data(), encoded.size());
      }
    }
    return llvm::Error::success();
  };
  writer.add(std::move(tensor));
  return success();
}

/// What a file says of its types and the format of quantized ones.
void GgufExporter::setTypes() {
  std::string most;
  for (const auto &[name, count] : counts)
    if (most.empty() || count > counts[most])
      most = name;
  for (const auto &[name, number] : kFileTypes)
    if (name == most)
      writer.set("general.file_type", number);
  writer.set("general.quantization_version", kQuantizationVersion);
}

//===----------------------------------------------------------------------===//
// Where the model is from
//===----------------------------------------------------------------------===//

LogicalResult GgufExporter::addFile() {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> mapped = mapFile(source);
  if (!mapped)
    return module.emitError() << llvm::toString(mapped.takeError());
  sourceFile = std::move(*mapped);
  llvm::Expected<GgufFile> parsed = GgufFile::parse(
      {sourceFile->getBufferStart(), sourceFile->getBufferSize()});
  if (!parsed)
    return module.emitError() << llvm::toString(parsed.takeError());
  const GgufFile &file = *parsed;
  llvm::Expected<std::optional<StringRef>> name =
      file.getString("general.architecture");
  if (!name)
    return module.emitError() << llvm::toString(name.takeError());
  architecture = lookupArchitecture(name->value_or(""));
  if (!architecture)
    return module.emitError() << "expected an architecture that is known";
  for (StringRef key : file.keys())
    writer.set(key, *file.lookup(key));
  llvm::Expected<std::optional<uint64_t>> alignment =
      file.getUnsigned("general.alignment");
  if (!alignment)
    return module.emitError() << llvm::toString(alignment.takeError());
  writer.setAlignment(alignment->value_or(32));
  if (failed(weights.collect(*architecture)))
    return failure();
  if (file.find("output.weight"))
    weights.addHead();
  else if (failed(weights.addOwnHead()))
    return failure();

  bool isSame = true;
  for (const GgufTensor &tensor : file.tensors()) {
    // Factors of angles are no operator's.
    if (StringRef(tensor.name).starts_with("rope_")) {
      ArrayRef<char> bytes = file.bytes(tensor);
      writer.add({tensor.name, tensor.type, tensor.shape,
                  [bytes](llvm::raw_ostream &os) {
                    os.write(bytes.data(), bytes.size());
                    return llvm::Error::success();
                  }});
      continue;
    }
    if (failed(addTensor(weights.spell(tensor.name))))
      return failure();
    isSame &= writer.getLast().type == tensor.type;
  }
  // A head that took another format than the table has its own tensor.
  if (StringAttr name = weights.spell("output.weight");
      weights.tensors.contains(name) && !written.contains(name.getValue())) {
    isSame = false;
    if (failed(addTensor(name)))
      return failure();
  }
  if (!isSame)
    setTypes();
  return success();
}

/// Metadata that llama.cpp and our own import read.
void GgufExporter::describe(const LanguageModel &model) {
  auto own = [&](StringRef key) {
    return (architecture->name + "." + key).str();
  };
  auto setSize = [&](StringRef key, int64_t size) {
    writer.set(own(key), uint32_t(size));
  };
  auto setNumber = [&](StringRef key, double number) {
    writer.set(own(key), float(number));
  };
  writer.set("general.architecture", StringRef(architecture->name));
  setSize("block_count", model.layers);
  setSize("context_length", model.context);
  setSize("embedding_length", model.width);
  setSize("feed_forward_length", model.hidden);
  setSize("vocab_size", model.vocabulary);
  setSize("attention.head_count", model.heads);
  setSize("attention.head_count_kv", model.keyHeads);
  setSize("attention.key_length", model.headSize);
  setSize("attention.value_length", model.valueSize);
  setNumber("attention.layer_norm_rms_epsilon", model.epsilon);
  setSize("rope.dimension_count", model.rotated);
  setNumber("rope.freq_base", model.base);
  if (model.positionScale != 1) {
    writer.set(own("rope.scaling.type"), StringRef("linear"));
    setNumber("rope.scaling.factor", model.positionScale);
  }
  if (const std::optional<YarnScaling> &yarn = model.yarn) {
    writer.set(own("rope.scaling.type"), StringRef("yarn"));
    setNumber("rope.scaling.factor", yarn->factor);
    setSize("rope.scaling.original_context_length", yarn->originalContext);
    setNumber("rope.scaling.yarn_beta_fast", yarn->fastTurns);
    setNumber("rope.scaling.yarn_beta_slow", yarn->slowTurns);
    // Readers multiply with what follows from the factor.
    setNumber("rope.scaling.attn_factor",
              model.magnitude / getYarnMagnitude(yarn->factor));
  }
  if (model.shortContext) {
    setSize("rope.scaling.original_context_length", model.shortContext);
    setNumber("rope.scaling.attn_factor", model.magnitude);
  }
  if (llvm::is_contained(model.hasWindow, true)) {
    setSize("attention.sliding_window", model.window);
    if (architecture->windowBase)
      setNumber("rope.freq_base_swa", model.windowBase);
    int64_t period = architecture->period;
    bool isUsual = true;
    for (int64_t i = 0; i < model.layers; ++i)
      isUsual &= model.hasWindow[i] == (!period || (i + 1) % period != 0);
    if (!isUsual)
      writer.set(own("attention.sliding_window_pattern"), model.hasWindow);
  }
}

LogicalResult GgufExporter::addFolder() {
  SmallString<128> name(source);
  path::append(name, "config.json");
  bool refused = false;
  llvm::json::Object settings;
  auto read = [&]() -> llvm::Expected<HuggingFaceConfig> {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = mapFile(name);
    if (!file)
      return file.takeError();
    llvm::Expected<llvm::json::Object> json =
        parseJsonObject((*file)->getBuffer(), /*depth=*/16);
    if (!json)
      return json.takeError();
    settings = std::move(*json);
    return HuggingFaceConfig::read(settings, refused);
  };
  llvm::Expected<HuggingFaceConfig> config = read();
  if (!config)
    return module.emitError() << llvm::toString(config.takeError());
  const LanguageModel &model = config->model;
  architecture = model.architecture;
  if (model.attentionScale != getAttentionScale(model))
    return refusal(module.emitError())
           << "setting 'query_pre_attn_scalar': expected what GGUF takes it to "
              "be for models of "
           << model.layers << " layers";
  if (model.yarn && (!model.yarn->isTruncated || architecture->windowBase))
    return refusal(module.emitError())
           << "setting 'rope_scaling': expected YaRN as GGUF has it, with "
              "'truncate' and without layers of another base";
  if (architecture->interleavedRotary)
    turnedHead = model.headSize;
  if (failed(weights.collect(*architecture)) || failed(weights.addOwnHead()))
    return failure();
  describe(model);
  auto warn = [&](const Twine &text) { module.emitWarning() << text; };
  if (llvm::Error error =
          addGgufVocabulary(source, settings, model.vocabulary, writer, warn))
    return module.emitError() << llvm::toString(std::move(error));
  factors = model.factors;
  otherFactors = model.otherFactors;
  auto add = [&](StringRef name, ArrayRef<float> numbers) {
    writer.add(name, {int64_t(numbers.size())}, numbers);
  };
  bool isLong = model.context > model.shortContext;
  if (model.shortContext) {
    add("rope_factors_long.weight", isLong ? factors : otherFactors);
    add("rope_factors_short.weight", isLong ? otherFactors : factors);
  } else if (!factors.empty() && !model.yarn) {
    add("rope_freqs.weight", factors);
  }
  for (const auto &entry : weights.tensors)
    if (failed(addTensor(entry.first)))
      return failure();
  setTypes();
  return success();
}

LogicalResult GgufExporter::write(StringRef output) {
  bool isFolder = llvm::sys::fs::is_directory(source);
  if (!isFolder && !isGgufFile(source))
    return module.emitError() << "expected a model from a GGUF file or a "
                                 "folder to write it as GGUF, got '"
                              << source << "'";
  if (failed(isFolder ? addFolder() : addFile()))
    return failure();
  for (const auto &entry : weights.tensors)
    if (!written.contains(entry.first.getValue()))
      return refusal(module.emitError())
             << "tensor '" << entry.first.getValue()
             << "': expected a tensor that the model came with";
  OutputFiles files;
  llvm::Error error =
      files.write(output, [&](llvm::raw_fd_ostream &os) -> llvm::Error {
        return writer.write(os);
      });
  if (!error)
    error = files.commit();
  if (error)
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

LogicalResult squint::exportGguf(ModuleOp module, StringRef path,
                                 StringRef source) {
  return GgufExporter(module, source).write(path);
}
