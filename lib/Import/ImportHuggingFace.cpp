//===- ImportHuggingFace.cpp - language models in folders -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodedMatrix.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Import/Models.h"
#include "squint/Import/Safetensors.h"
#include "squint/Numerics/FloatBits.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;
namespace path = llvm::sys::path;

static constexpr size_t kLargestConfig = 1 << 20, kLargestIndex = 16 << 20;

/// Tensors that say nothing of what a model of floats computes: a table that
/// follows from the settings, and scales of activations.
static constexpr llvm::StringLiteral kIgnoredEnds[] = {
    ".rotary_emb.inv_freq", ".input_scale", ".input_zero_point",
    ".output_scale",        ".k_scale",     ".v_scale",
    ".weight_shape"};

namespace {

class FolderImporter : public WeightSource {
public:
  FolderImporter(StringRef folder, MLIRContext &context,
                 const ImportOptions &options)
      : folder(folder), context(context), options(options),
        stores(context.getOrLoadDialect<SquintDialect>()->getStores()) {}

  OwningOpRef<ModuleOp> run();

  bool has(StringRef name) override;
  Value getMatrix(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t rows, int64_t total, int64_t columns) override;
  Value getVector(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t size, int64_t total) override;
  std::vector<int64_t> getInputOrder(StringRef name) override;

private:
  struct Shard {
    std::string name;
    std::unique_ptr<SafetensorsFile> file;
  };
  struct Tensor {
    const Shard *shard;
    const SafetensorsEntry *entry;
  };

  Location getLoc(StringRef file = "") {
    SmallString<128> name(folder);
    if (!file.empty())
      path::append(name, file);
    return FileLineColLoc::get(&context, name, 0, 0);
  }
  InFlightDiagnostic tensorError(StringRef name) {
    auto found = tensors.find(name);
    StringRef file =
        found == tensors.end()
            ? (index ? "model.safetensors.index.json" : "model.safetensors")
            : StringRef(found->second.shard->name);
    return emitError(getLoc(file)) << "tensor '" << name << "': ";
  }

  /// The bytes of a file of the folder.
  FailureOr<ArrayRef<char>> open(StringRef name);
  FailureOr<llvm::json::Object> readJson(StringRef name, size_t longest);
  LogicalResult readConfig();
  LogicalResult readShard(StringRef name);
  LogicalResult readShards();
  LogicalResult checkTensors();

  std::string spell(StringRef name) {
    return getHuggingFaceName(*config.model.architecture, name);
  }
  const Tensor *find(StringRef name, ArrayRef<int64_t> shape);
  /// The same, of f32, f16 or bf16.
  const Tensor *findFloats(StringRef name, ArrayRef<int64_t> shape);
  /// f32, f16 or bf16; null for other types.
  Type getFloatType(const Tensor &tensor);
  TypedAttr refer(const Tensor &tensor, Type type, int64_t first, int64_t rows);
  Value pack(OpBuilder &builder, StringRef name, int64_t first, int64_t rows,
             int64_t total, int64_t columns);

  StringRef folder;
  MLIRContext &context;
  const ImportOptions &options;
  DataStores &stores;
  HuggingFaceConfig config;
  /// Which file each tensor is in, if there are several.
  std::optional<llvm::json::Object> index;
  std::vector<std::unique_ptr<Shard>> shards;
  llvm::StringMap<Tensor> tensors;
  /// Inputs of the matrices whose columns are in another order.
  llvm::StringMap<std::vector<int64_t>> orders;
  /// Names of tensors that have been read.
  llvm::StringSet<> used;
};

} // namespace

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

FailureOr<ArrayRef<char>> FolderImporter::open(StringRef name) {
  llvm::Expected<const DataStore *> store = stores.lookup(name);
  if (!store)
    return emitError(getLoc(name)) << llvm::toString(store.takeError());
  if (options.files)
    options.files->insert((*store)->path().str());
  return (*store)->bytes();
}

FailureOr<llvm::json::Object> FolderImporter::readJson(StringRef name,
                                                       size_t longest) {
  FailureOr<ArrayRef<char>> bytes = open(name);
  if (failed(bytes))
    return failure();
  if (bytes->size() > longest)
    return emitError(getLoc(name))
           << "expected at most " << longest << " bytes, got " << bytes->size();
  llvm::Expected<llvm::json::Object> parsed =
      parseJsonObject({bytes->data(), bytes->size()}, /*depth=*/16);
  if (!parsed)
    return emitError(getLoc(name)) << llvm::toString(parsed.takeError());
  return std::move(*parsed);
}

LogicalResult FolderImporter::readConfig() {
  FailureOr<llvm::json::Object> json = readJson("config.json", kLargestConfig);
  if (failed(json))
    return failure();
  bool refused = false;
  llvm::Expected<HuggingFaceConfig> read =
      HuggingFaceConfig::read(*json, refused);
  if (!read) {
    InFlightDiagnostic error = emitError(getLoc("config.json"));
    error << llvm::toString(read.takeError());
    return refused ? refusal(std::move(error)) : std::move(error);
  }
  config = std::move(*read);
  return success();
}

LogicalResult FolderImporter::readShard(StringRef name) {
  FailureOr<ArrayRef<char>> bytes = open(name);
  if (failed(bytes))
    return failure();
  llvm::Expected<std::unique_ptr<SafetensorsFile>> file =
      SafetensorsFile::parse(*bytes);
  if (!file)
    return emitError(getLoc(name)) << llvm::toString(file.takeError());
  shards.push_back(
      std::make_unique<Shard>(Shard{name.str(), std::move(*file)}));
  const Shard &shard = *shards.back();
  for (const SafetensorsEntry &entry : shard.file->entries()) {
    auto [place, isNew] =
        tensors.try_emplace(entry.name, Tensor{&shard, &entry});
    if (!isNew)
      return emitError(getLoc(name))
             << "tensor '" << entry.name << "': expected it in one file, got '"
             << place->second.shard->name << "' too";
  }
  return success();
}

LogicalResult FolderImporter::readShards() {
  StringRef indexName = "model.safetensors.index.json";
  SmallString<128> single(folder);
  path::append(single, "model.safetensors");
  if (llvm::sys::fs::exists(single))
    return readShard("model.safetensors");
  FailureOr<llvm::json::Object> json = readJson(indexName, kLargestIndex);
  if (failed(json))
    return failure();
  index = std::move(*json);
  const llvm::json::Object *map = index->getObject("weight_map");
  if (!map)
    return emitError(getLoc(indexName)) << "expected an object 'weight_map'";
  std::set<std::string> files;
  for (const auto &[name, value] : *map) {
    StringRef file = value.getAsString().value_or("");
    if (!file.ends_with(".safetensors") || path::filename(file) != file)
      return emitError(getLoc(indexName))
             << "tensor '" << StringRef(name)
             << "': expected a .safetensors file of the folder, got '" << file
             << "'";
    files.insert(file.str());
  }
  for (const std::string &file : files)
    if (failed(readShard(file)))
      return failure();
  for (const auto &[name, value] : *map) {
    auto found = tensors.find(StringRef(name));
    if (found == tensors.end() ||
        found->second.shard->name != value.getAsString())
      return emitError(getLoc(indexName))
             << "tensor '" << StringRef(name) << "': expected it in '"
             << *value.getAsString() << "'";
  }
  return success();
}

/// What is there but has not been asked for might change what the model
/// computes.
LogicalResult FolderImporter::checkTensors() {
  std::vector<StringRef> unknown;
  for (const auto &entry : tensors) {
    StringRef name = entry.first();
    if (!used.contains(name) && llvm::none_of(kIgnoredEnds, [&](StringRef end) {
          return name.ends_with(end);
        }))
      unknown.push_back(name);
  }
  llvm::sort(unknown);
  if (unknown.empty())
    return success();
  return refusal(tensorError(unknown.front()))
         << "expected a tensor of the architecture '"
         << config.model.architecture->name << "'";
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool FolderImporter::has(StringRef name) {
  std::string spelled = spell(name);
  if (name == "output.weight" && config.isTied) {
    used.insert(spelled);
    return false;
  }
  auto found = tensors.find(spelled);
  if (found == tensors.end())
    // A head that is missing is an error where it is asked for.
    return name == "output.weight";
  if (!name.ends_with(".bias"))
    return true;
  // Packers write biases of zeros where there are none.
  if (llvm::all_of(found->second.shard->file->bytes(*found->second.entry),
                   [](char byte) { return byte == 0; })) {
    used.insert(spelled);
    return false;
  }
  return name.contains(".attn_output") ? config.hasOutputBiases
         : name.contains(".attn_")     ? config.hasInputBiases
                                       : config.hasFeedForwardBiases;
}

const FolderImporter::Tensor *FolderImporter::find(StringRef name,
                                                   ArrayRef<int64_t> shape) {
  auto found = tensors.find(name);
  if (found == tensors.end()) {
    tensorError(name) << "expected it to be there";
    return nullptr;
  }
  used.insert(name);
  if (ArrayRef(found->second.entry->shape) != shape) {
    auto spell = [](ArrayRef<int64_t> sizes) {
      return llvm::join(
          llvm::map_range(sizes, [](int64_t n) { return std::to_string(n); }),
          "x");
    };
    tensorError(name) << "expected the shape " << spell(shape) << ", got "
                      << spell(found->second.entry->shape);
    return nullptr;
  }
  return &found->second;
}

Type FolderImporter::getFloatType(const Tensor &tensor) {
  Builder b(&context);
  StringRef name = tensor.entry->type;
  return name == "F32"    ? Type(b.getF32Type())
         : name == "F16"  ? Type(b.getF16Type())
         : name == "BF16" ? Type(b.getBF16Type())
                          : Type();
}

/// Some of the rows of a tensor, where they lie.
TypedAttr FolderImporter::refer(const Tensor &tensor, Type type, int64_t first,
                                int64_t rows) {
  const SafetensorsEntry &entry = *tensor.entry;
  uint64_t rowBytes = (entry.end - entry.begin) / uint64_t(entry.shape[0]);
  uint64_t begin =
      tensor.shard->file->getOffset(entry) + uint64_t(first) * rowBytes;
  return DataAttr::get(&context, type, tensor.shard->name, int64_t(begin),
                       int64_t(uint64_t(rows) * rowBytes), {});
}

Value FolderImporter::pack(OpBuilder &builder, StringRef name, int64_t first,
                           int64_t rows, int64_t total, int64_t columns) {
  StringRef module = name;
  module.consume_back(".weight");
  const WeightPacking *packing = config.findPacking(module);
  if (!packing) {
    tensorError(name) << "expected it to be there";
    return {};
  }
  auto spell = [&](StringRef rest) { return (module + "." + rest).str(); };
  // An error with a tensor of its own has been said already.
  bool isSaid = false;
  auto lookup = [&](StringRef rest, ArrayRef<StringRef> types,
                    ArrayRef<int64_t> shape) -> llvm::Expected<StoredTensor> {
    isSaid = true;
    std::string full = spell(rest);
    const Tensor *tensor = find(full, shape);
    if (!tensor)
      return llvm::createStringError("");
    StringRef type = tensor->entry->type;
    if (!llvm::is_contained(types, type)) {
      tensorError(full) << "expected " << llvm::join(types, ", ") << ", got "
                        << type;
      return llvm::createStringError("");
    }
    isSaid = false;
    return StoredTensor{type, tensor->shard->file->bytes(*tensor->entry)};
  };
  llvm::Expected<CodedMatrix> matrix = CodedMatrix::read(
      *packing, total, columns,
      [&](StringRef rest, ArrayRef<int64_t> shape) {
        auto found = tensors.find(spell(rest));
        return found != tensors.end() &&
               (shape.empty() || ArrayRef(found->second.entry->shape) == shape);
      },
      lookup);
  if (!matrix) {
    std::string text = llvm::toString(matrix.takeError());
    if (!isSaid)
      emitError(getLoc("config.json")) << "module '" << module << "': " << text;
    return {};
  }
  orders[name] = matrix->getOrder().vec();
  DataAttr data = matrix->pack(&context, first, rows);
  Location loc = NameLoc::get(builder.getStringAttr(name), getLoc());
  Value packed =
      squint::ConstantOp::create(builder, loc, cast<TypedAttr>(data));
  return squint::DequantizeOp::create(
      builder, loc,
      RankedTensorType::get({rows, columns}, builder.getF32Type()), packed);
}

std::vector<int64_t> FolderImporter::getInputOrder(StringRef name) {
  return orders.lookup(spell(name));
}

const FolderImporter::Tensor *
FolderImporter::findFloats(StringRef name, ArrayRef<int64_t> shape) {
  const Tensor *tensor = find(name, shape);
  if (!tensor || getFloatType(*tensor))
    return tensor;
  tensorError(name) << "expected F32, F16 or BF16, got " << tensor->entry->type;
  return nullptr;
}

Value FolderImporter::getMatrix(OpBuilder &builder, StringRef ours,
                                int64_t first, int64_t rows, int64_t total,
                                int64_t columns) {
  std::string name = spell(ours);
  auto found = tensors.find(name);
  bool isFloat = found != tensors.end() && getFloatType(found->second);
  if (!isFloat && !config.packings.empty())
    return pack(builder, name, first, rows, total, columns);
  const Tensor *tensor = findFloats(name, {total, columns});
  if (!tensor)
    return {};
  Type element = getFloatType(*tensor);
  Location loc =
      NameLoc::get(builder.getStringAttr(name), getLoc(tensor->shard->name));
  return squint::ConstantOp::create(
      builder, loc,
      refer(*tensor, RankedTensorType::get({rows, columns}, element), first,
            rows));
}

Value FolderImporter::getVector(OpBuilder &builder, StringRef ours,
                                int64_t first, int64_t size, int64_t total) {
  std::string name = spell(ours);
  const Tensor *tensor = findFloats(name, {total});
  if (!tensor)
    return {};
  Type element = getFloatType(*tensor);
  Location loc =
      NameLoc::get(builder.getStringAttr(name), getLoc(tensor->shard->name));
  auto type = RankedTensorType::get({size}, builder.getF32Type());
  float offset = config.model.architecture->scaledEmbedding ? 1.0f : 0.0f;
  if (element.isF32() && offset == 0)
    return squint::ConstantOp::create(builder, loc,
                                      refer(*tensor, type, first, size));
  ArrayRef<char> bytes = tensor->shard->file->bytes(*tensor->entry);
  StringRef stored = tensor->entry->type;
  const Element *code = lookupElement(stored.lower());
  unsigned width = code->bits / 8;
  DataAttr data = stores.create(type, size * 4, [&](MutableArrayRef<char> out) {
    for (int64_t i = 0; i < size; ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, bytes.data() + (first + i) * width, width);
      float value = code->decode(bits) + offset;
      std::memcpy(out.data() + 4 * i, &value, 4);
    }
  });
  return squint::ConstantOp::create(builder, loc, cast<TypedAttr>(data));
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> FolderImporter::run() {
  stores.setBase(folder);
  for (const std::string &allowed : options.allowExternal)
    stores.allow(allowed);
  // A folder of the hub's cache has links to where it keeps the files.
  SmallString<256> real;
  if (!llvm::sys::fs::real_path(folder, real) &&
      path::filename(path::parent_path(real)) == "snapshots") {
    SmallString<256> blobs(path::parent_path(path::parent_path(real)));
    path::append(blobs, "blobs");
    stores.allow(blobs);
  }
  if (failed(readConfig()) || failed(readShards()))
    return nullptr;
  std::string name = path::filename(real).str();
  for (char &c : name)
    c = llvm::isAlnum(c) || c == '_' ? c : '_';
  OwningOpRef<ModuleOp> module = ModuleOp::create(
      getLoc(), name.empty() ? StringRef("model") : StringRef(name));
  if (failed(buildLanguageModel(*module, config.model, *this, options.dims)) ||
      failed(checkTensors()) || failed(verify(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> squint::importHuggingFace(StringRef folder,
                                                MLIRContext &context,
                                                const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<onnx::OnnxDialect, SquintDialect, func::FuncDialect>();
  return FolderImporter(folder, context, options).run();
}
