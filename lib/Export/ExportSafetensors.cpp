//===- ExportSafetensors.cpp - language models as folders -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A module's codes are tensors beside one another, as compressed-tensors has
// them (see StoredRows.h), and floats of 8 bits a `weight` with a weight_scale.
//===----------------------------------------------------------------------===//

#include "../Emit/Files.h"
#include "../Import/GgufModel.h"
#include "FolderConfig.h"
#include "StoredRows.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Export/Safetensors.h"
#include "squint/Import/Models.h"
#include "squint/Import/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;
namespace path = llvm::sys::path;
namespace json = llvm::json;

/// What other tools want beside the weights, none of it changed.
static constexpr llvm::StringLiteral kOtherFiles[] = {"tokenizer.json",
                                                      "tokenizer.model",
                                                      "tokenizer_config.json",
                                                      "vocab.json",
                                                      "merges.txt",
                                                      "added_tokens.json",
                                                      "special_tokens_map.json",
                                                      "generation_config.json",
                                                      "chat_template.jinja"};

namespace {

/// How compressed-tensors says that matrices are packed.
struct Packing {
  llvm::StringLiteral format;
  StringRef strategy;
  unsigned bits;
  bool isSymmetric;
  int64_t groupSize;

  bool operator==(const Packing &other) const {
    return format == other.format && strategy == other.strategy &&
           bits == other.bits && isSymmetric == other.isSymmetric &&
           groupSize == other.groupSize;
  }
  bool isFloat() const { return format == "float-quantized"; }
  json::Object describe(ArrayRef<std::string> targets, bool isMixed) const;
};

using Parts = LanguageWeights::Parts;
using Write = std::function<llvm::Error(raw_ostream &)>;

class FolderExporter {
public:
  FolderExporter(ModuleOp module, StringRef source)
      : module(module), source(source),
        weights(module, "a folder of safetensors") {}

  LogicalResult write(StringRef folder);

private:
  struct Tensor {
    std::string name;
    StringRef type;
    std::vector<int64_t> shape;
    uint64_t bytes;
    Write write;
  };

  LogicalResult readConfig();
  /// The same of a GGUF file.
  LogicalResult makeConfig();
  LogicalResult addTensor(StringRef name, const Parts &parts);
  LogicalResult addFloats(StringRef name, const Parts &parts);
  void addPacked(StringRef module, const Packing &packing, const Parts &parts);
  /// Rows of a head, where those of a tensor are to be moved; else 0.
  int64_t getTurnedHead(const Parts &parts) const {
    StringRef node = parts.front().node;
    return node.ends_with(".attn_q") || node.ends_with(".attn_k") ? turnedHead
                                                                  : 0;
  }
  void add(std::string name, StringRef type, std::vector<int64_t> shape,
           Write write);
  /// Whether config.json says that a module may have a bias.
  bool mayHaveBias(StringRef name) const;
  void addMissingBiases();
  void describe();
  llvm::Error writeTensors(raw_ostream &os) const;
  llvm::Error writeFiles(StringRef folder);

  ModuleOp module;
  StringRef source;
  LanguageWeights weights;
  json::Object settings;
  HuggingFaceConfig config;
  /// Of queries and keys whose pairs that turn are beside each other; 0: of
  /// none.
  int64_t turnedHead = 0;
  std::vector<Tensor> tensors;
  /// Modules by how they are packed; those that are floats apart.
  std::vector<std::pair<Packing, std::vector<std::string>>> packings;
  std::vector<std::string> floats;
};

} // namespace

static uint64_t getElementBytes(StringRef type) {
  return llvm::StringSwitch<uint64_t>(type)
      .Case("I64", 8)
      .Cases({"I32", "F32"}, 4)
      .Cases({"F16", "BF16"}, 2)
      .Default(1);
}

//===----------------------------------------------------------------------===//
// Packed matrices
//===----------------------------------------------------------------------===//

/// Nothing for what compressed-tensors has no way to say.
static std::optional<Packing> choosePacking(const Parts &parts) {
  auto type = dyn_cast<PackedType>(parts.front().type());
  if (!type || type.getLayout())
    return std::nullopt;
  Format format = type.getFormat();
  bool isByTensor = format.granularity == Granularity::Tensor,
       isByGroup = format.granularity == Granularity::Group;
  for (const LanguageWeights::Part &part : parts) {
    auto other = dyn_cast<PackedType>(part.type());
    if (!other || other.getFormat() != format)
      return std::nullopt;
  }
  bool hasScales = format.scale == ScaleType::F32 ||
                   format.scale == ScaleType::F16 ||
                   format.scale == ScaleType::BF16;
  if (format.blocks() || format.minimum || format.sparse || format.outliers ||
      format.element->fixedGroup || !hasScales ||
      (isByTensor && parts.size() > 1) ||
      (isByGroup && type.getColumns() % format.groupSize))
    return std::nullopt;
  StringRef strategy = isByTensor ? "tensor" : isByGroup ? "group" : "channel";
  bool isByte = format.element->name == "f8e4m3";
  if (isByte ? !isByGroup
             : format.isInteger() && (format.bits() == 4 || format.bits() == 8))
    return Packing{isByte ? llvm::StringLiteral("float-quantized")
                          : llvm::StringLiteral("pack-quantized"),
                   strategy, format.bits(), !format.zeroPoint,
                   isByGroup ? format.groupSize : 0};
  return std::nullopt;
}

json::Object Packing::describe(ArrayRef<std::string> targets,
                               bool isMixed) const {
  json::Object weights{
      {"num_bits", int64_t(bits)},
      {"type", isFloat() ? "float" : "int"},
      {"symmetric", isSymmetric},
      {"strategy", strategy},
      {"group_size", groupSize ? json::Value(groupSize) : json::Value(nullptr)},
      {"dynamic", false}};
  json::Object group{{"targets", json::Array(targets)},
                     {"weights", std::move(weights)},
                     {"input_activations", nullptr},
                     {"output_activations", nullptr}};
  if (isMixed)
    group["format"] = StringRef(format);
  return group;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

void FolderExporter::add(std::string name, StringRef type,
                         std::vector<int64_t> shape, Write write) {
  uint64_t bytes = getElementBytes(type);
  for (int64_t size : shape)
    bytes *= static_cast<uint64_t>(size);
  tensors.push_back(
      {std::move(name), type, std::move(shape), bytes, std::move(write)});
}

/// Writes what `method` makes of the parts' rows, read anew.
static Write writeRows(const Parts &parts, int64_t turnedHead,
                       void (StoredRows::*method)(raw_ostream &) const) {
  return [&parts, turnedHead, method](raw_ostream &os) -> llvm::Error {
    llvm::Expected<StoredRows> rows = StoredRows::read(parts, turnedHead);
    if (!rows)
      return rows.takeError();
    ((*rows).*method)(os);
    return llvm::Error::success();
  };
}

static int64_t countRows(const Parts &parts) {
  int64_t rows = 0;
  for (const LanguageWeights::Part &part : parts)
    rows += LanguageWeights::getShape(part.constant).front();
  return rows;
}

void FolderExporter::addPacked(StringRef module, const Packing &packing,
                               const Parts &parts) {
  auto type = cast<PackedType>(parts.front().type());
  Format format = type.getFormat();
  int64_t rows = countRows(parts), columns = type.getColumns(),
          perWord = 32 / packing.bits;
  auto spell = [&](StringRef end) { return (module + "." + end).str(); };
  bool isByTensor = packing.strategy == "tensor";
  int64_t head = getTurnedHead(parts);
  int64_t groups = packing.groupSize ? columns / packing.groupSize : 1;
  StringRef scale = format.scale == ScaleType::F32   ? "F32"
                    : format.scale == ScaleType::F16 ? "F16"
                                                     : "BF16";
  add(spell("weight_scale"), scale,
      isByTensor ? std::vector<int64_t>{1} : std::vector<int64_t>{rows, groups},
      writeRows(parts, head, &StoredRows::writeScales));
  if (packing.isFloat()) {
    add(spell("weight"), "F8_E4M3", {rows, columns},
        writeRows(parts, head, &StoredRows::writeBytes));
    return;
  }
  add(spell("weight_packed"), "I32",
      {rows, int64_t(llvm::divideCeil(columns, perWord))},
      writeRows(parts, head, &StoredRows::writeWords));
  if (format.zeroPoint)
    add(spell("weight_zero_point"), isByTensor ? "I8" : "I32",
        isByTensor
            ? std::vector<int64_t>{1}
            : std::vector<int64_t>{int64_t(llvm::divideCeil(rows, perWord)),
                                   groups},
        writeRows(parts, head, &StoredRows::writeZeroPoints));
  add(spell("weight_shape"), "I64", {2},
      [rows, columns](raw_ostream &os) -> llvm::Error {
        for (int64_t size : {rows, columns}) {
          os.write(reinterpret_cast<const char *>(&size), sizeof(size));
        }
        return llvm::Error::success();
      });
}

/// Floats as they are stored, or f32 of what codes stand for.
LogicalResult FolderExporter::addFloats(StringRef name, const Parts &parts) {
  std::vector<int64_t> shape =
      LanguageWeights::getShape(parts.front().constant).vec();
  shape.front() = countRows(parts);
  StringRef type;
  for (const LanguageWeights::Part &part : parts) {
    ConstantOp constant = part.constant;
    std::optional<Format> format = getStoredFormat(constant);
    if (!format)
      return refusal(constant.emitOpError())
             << "tensor '" << name << "': expected floats, got "
             << constant.getType();
    StringRef own = getFloatType(*format);
    // Parts that differ are all f32.
    type = type.empty() || type == own ? own : "F32";
  }
  // The importer adds the one that Hugging Face's files leave out of these.
  bool isLessOne = config.model.architecture->scaledEmbedding &&
                   name.contains("norm") && shape.size() == 1;
  type = isLessOne ? "F32" : type;
  add(name.str(), type, std::move(shape),
      [&parts, type, isLessOne,
       head = getTurnedHead(parts)](raw_ostream &os) -> llvm::Error {
        llvm::Expected<StoredRows> rows = StoredRows::read(parts, head);
        if (!rows)
          return rows.takeError();
        rows->writeFloats(os, type, isLessOne ? 1.0f : 0.0f);
        return llvm::Error::success();
      });
  return success();
}

/// Where other tools expect biases, import left out zeros.
void FolderExporter::addMissingBiases() {
  for (const auto &[name, parts] : weights.tensors) {
    StringRef stem = name.getValue();
    if (!stem.starts_with("blk.") || !stem.consume_back(".weight") ||
        LanguageWeights::getShape(parts.front().constant).size() != 2)
      continue;
    std::string bias = (stem + ".bias").str();
    if (!mayHaveBias(bias) || weights.tensors.contains(weights.spell(bias)))
      continue;
    int64_t rows = countRows(parts);
    add(getHuggingFaceName(*config.model.architecture, bias), "F32", {rows},
        [rows](raw_ostream &os) -> llvm::Error {
          os.write_zeros(static_cast<unsigned>(rows * 4));
          return llvm::Error::success();
        });
  }
}

bool FolderExporter::mayHaveBias(StringRef name) const {
  return name.contains(".attn_output") ? config.hasOutputBiases
         : name.contains(".attn_")     ? config.hasInputBiases
                                       : config.hasFeedForwardBiases;
}

LogicalResult FolderExporter::addTensor(StringRef name, const Parts &parts) {
  std::string own = getHuggingFaceName(*config.model.architecture, name);
  if (own.empty() || (name.ends_with(".bias") && !mayHaveBias(name)))
    return refusal(module.emitError())
           << "tensor '" << name
           << "': expected a tensor that models of this config.json have";
  StringRef owner = own;
  bool isLinear = owner.consume_back(".weight") &&
                  name != "token_embd.weight" &&
                  LanguageWeights::getShape(parts.front().constant).size() == 2;
  std::optional<Packing> packing =
      isLinear ? choosePacking(parts) : std::nullopt;
  if (!packing) {
    if (isLinear)
      floats.push_back(owner.str());
    return addFloats(own, parts);
  }
  auto found = llvm::find_if(
      packings, [&](const auto &entry) { return entry.first == *packing; });
  if (found == packings.end()) {
    packings.push_back({*packing, {}});
    found = std::prev(packings.end());
  }
  found->second.push_back(owner.str());
  addPacked(owner, *packing, parts);
  return success();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

LogicalResult FolderExporter::readConfig() {
  SmallString<128> name(source);
  path::append(name, "config.json");
  bool refused = false;
  auto read = [&]() -> llvm::Error {
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = mapFile(name);
    if (!file)
      return file.takeError();
    llvm::Expected<json::Object> parsed =
        parseJsonObject((*file)->getBuffer(), /*depth=*/16);
    if (!parsed)
      return parsed.takeError();
    settings = std::move(*parsed);
    llvm::Expected<HuggingFaceConfig> known =
        HuggingFaceConfig::read(settings, refused);
    if (!known)
      return known.takeError();
    config = std::move(*known);
    return llvm::Error::success();
  };
  if (llvm::Error error = read())
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

LogicalResult FolderExporter::makeConfig() {
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> mapped = mapFile(source);
  if (!mapped)
    return module.emitError() << llvm::toString(mapped.takeError());
  llvm::Expected<GgufFile> file = GgufFile::parse(
      {(*mapped)->getBufferStart(), (*mapped)->getBufferSize()});
  if (!file)
    return module.emitError() << llvm::toString(file.takeError());
  GgufModel numbers(*file, module.getLoc());
  if (failed(numbers.read()))
    return failure();
  auto make = [&]() -> llvm::Error {
    llvm::Expected<json::Object> made = makeFolderConfig(numbers.model, *file);
    if (!made)
      return made.takeError();
    settings = std::move(*made);
    bool refused = false;
    llvm::Expected<HuggingFaceConfig> read =
        HuggingFaceConfig::read(settings, refused);
    if (!read)
      return read.takeError();
    config = std::move(*read);
    return llvm::Error::success();
  };
  if (llvm::Error error = make())
    return refusal(module.emitError()) << llvm::toString(std::move(error));
  if (numbers.model.interleavedRotary)
    turnedHead = numbers.model.headSize;
  return success();
}

/// One way of packing is for all linears but those that are named; of several
/// each has its modules.
void FolderExporter::describe() {
  settings.erase("quantization_config");
  if (weights.tensors.contains(weights.spell("output.weight")))
    settings["tie_word_embeddings"] = false;
  if (packings.empty())
    return;
  bool isMixed = llvm::any_of(packings, [&](const auto &entry) {
    return entry.first.format != packings.front().first.format;
  });
  json::Object groups;
  for (auto [i, entry] : llvm::enumerate(packings))
    groups["group_" + std::to_string(i)] = entry.first.describe(
        packings.size() == 1 ? std::vector<std::string>{"Linear"}
                             : entry.second,
        isMixed);
  settings["quantization_config"] = json::Object{
      {"quant_method", "compressed-tensors"},
      {"quantization_status", "compressed"},
      {"format", isMixed ? StringRef("mixed-precision")
                         : StringRef(packings.front().first.format)},
      {"config_groups", std::move(groups)},
      {"ignore", json::Array(floats)}};
}

llvm::Error FolderExporter::writeTensors(raw_ostream &os) const {
  json::Object header{{"__metadata__", json::Object{{"format", "pt"}}}};
  uint64_t at = 0;
  for (const Tensor &tensor : tensors) {
    header[tensor.name] = json::Object{
        {"dtype", tensor.type},
        {"shape", json::Array(tensor.shape)},
        {"data_offsets", json::Array{int64_t(at), int64_t(at + tensor.bytes)}}};
    at += tensor.bytes;
  }
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(header));
  text.append(llvm::offsetToAlignment(text.size(), llvm::Align(8)), ' ');
  uint64_t length = text.size();
  os.write(reinterpret_cast<const char *>(&length), 8) << text;
  for (const Tensor &tensor : tensors)
    if (llvm::Error error = tensor.write(os))
      return error;
  return llvm::Error::success();
}

llvm::Error FolderExporter::writeFiles(StringRef folder) {
  auto spell = [](StringRef in, StringRef name) {
    SmallString<128> file(in);
    path::append(file, name);
    return std::string(file);
  };
  OutputFiles files;
  if (llvm::Error error = files.write(
          spell(folder, "model.safetensors"),
          [&](llvm::raw_fd_ostream &os) { return writeTensors(os); }))
    return error;
  if (llvm::Error error = files.write(
          spell(folder, "config.json"),
          [&](llvm::raw_fd_ostream &os) -> llvm::Error {
            os << llvm::formatv("{0:2}\n", json::Value(std::move(settings)));
            return llvm::Error::success();
          }))
    return error;
  // A GGUF file has no others beside it.
  ArrayRef<llvm::StringLiteral> others = kOtherFiles;
  if (!llvm::sys::fs::is_directory(source))
    others = {};
  for (StringRef name : others) {
    std::string from = spell(source, name);
    if (!llvm::sys::fs::exists(from))
      continue;
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> file = mapFile(from);
    if (!file)
      return file.takeError();
    if (llvm::Error error = files.write(
            spell(folder, name), [&](llvm::raw_fd_ostream &os) -> llvm::Error {
              os << (*file)->getBuffer();
              return llvm::Error::success();
            }))
      return error;
  }
  return files.commit();
}

LogicalResult FolderExporter::write(StringRef folder) {
  bool isFolder = llvm::sys::fs::is_directory(source);
  if (!isFolder && !isGgufFile(source))
    return module.emitError() << "expected a model from a GGUF file or a "
                                 "folder to write it as a folder, got '"
                              << source << "'";
  if (isFolder && llvm::sys::fs::equivalent(source, folder))
    return module.emitError()
           << "expected another folder than the model's, got '" << folder
           << "'";
  if (failed(isFolder ? readConfig() : makeConfig()) ||
      failed(weights.collect(*config.model.architecture)))
    return failure();
  // A head that shares the table is not written, if config.json says so.
  if (!config.isTied)
    weights.addHead();
  else if (failed(weights.addOwnHead()))
    return failure();
  for (const auto &[name, parts] : weights.tensors)
    if (failed(addTensor(name.getValue(), parts)))
      return failure();
  addMissingBiases();
  // Each type at a multiple of its size.
  llvm::sort(tensors, [](const Tensor &a, const Tensor &b) {
    uint64_t left = getElementBytes(a.type), right = getElementBytes(b.type);
    return left != right ? left > right : a.name < b.name;
  });
  describe();
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return module.emitError() << folder << ": " << code.message();
  if (llvm::Error error = writeFiles(folder))
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}

LogicalResult squint::exportSafetensors(ModuleOp module, StringRef folder,
                                        StringRef source) {
  return FolderExporter(module, source).write(folder);
}
