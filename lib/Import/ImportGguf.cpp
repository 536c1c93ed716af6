//===- ImportGguf.cpp - language models in GGUF files -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LanguageModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Import/Gguf.h"
#include "squint/Import/Models.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace mlir;
using namespace squint;

/// Metadata of an architecture that says nothing of what it computes, or what
/// tensors say again.
static constexpr llvm::StringLiteral kIgnoredKeys[] = {
    "vocab_size",      "tensor_data_layout",
    "expert_count",    "expert_used_count",
    "rope.type",       "attention.layer_norm_epsilon",
    "pooling_type",    "rope.scaling.finetuned",
    "attention.causal"};

namespace {

class GgufImporter : public WeightSource {
public:
  GgufImporter(StringRef path, MLIRContext &context,
               const ImportOptions &options)
      : path(path), context(context), options(options),
        stores(context.getOrLoadDialect<SquintDialect>()->getStores()) {}

  OwningOpRef<ModuleOp> run();

  bool has(StringRef name) override { return file->find(name) != nullptr; }
  Value getMatrix(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t rows, int64_t total, int64_t columns) override;
  Value getVector(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t size, int64_t total) override;

private:
  Location getLoc() { return FileLineColLoc::get(&context, path, 0, 0); }
  InFlightDiagnostic error() { return emitError(getLoc()); }
  InFlightDiagnostic keyError(StringRef key) {
    return error() << "metadata '" << spell(key) << "': ";
  }
  InFlightDiagnostic tensorError(StringRef name) {
    return error() << "tensor '" << name << "': ";
  }
  LogicalResult fail(llvm::Error failure) {
    return error() << llvm::toString(std::move(failure));
  }

  // Metadata of the architecture, by the rest of their names.
  std::string spell(StringRef key) {
    seen.insert(key);
    return (architecture->name + "." + key).str();
  }
  /// A count from 1 to `most`; `otherwise` where it is left out, an error where
  /// that is 0.
  LogicalResult readSize(StringRef key, int64_t &size, int64_t most,
                         int64_t otherwise = 0);
  /// A finite number above 0.
  LogicalResult readNumber(StringRef key, double &number, double otherwise = 0);
  LogicalResult readSizes();
  LogicalResult readScaling();
  LogicalResult readYarn(double factor, int64_t original);
  LogicalResult readFactors(StringRef tensor);
  LogicalResult readWindows();
  LogicalResult checkMetadata();
  LogicalResult checkTensors();

  const GgufTensor *find(StringRef name, ArrayRef<int64_t> shape);
  TypedAttr refer(const GgufTensor &tensor, Type type, int64_t first,
                  int64_t rows);
  /// mxfp4, whose scales lie apart here.
  TypedAttr splitBlocks(const GgufTensor &tensor, PackedType type,
                        int64_t first);

  StringRef path;
  MLIRContext &context;
  const ImportOptions &options;
  DataStores &stores;
  std::string store;
  std::optional<GgufFile> file;
  const Architecture *architecture = nullptr;
  LanguageModel model;
  /// Names of metadata and tensors that have been read.
  llvm::StringSet<> seen, used;
};

} // namespace

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

LogicalResult GgufImporter::readSize(StringRef key, int64_t &size, int64_t most,
                                     int64_t otherwise) {
  llvm::Expected<std::optional<uint64_t>> given = file->getUnsigned(spell(key));
  if (!given)
    return fail(given.takeError());
  if (!*given && !otherwise)
    return keyError(key) << "expected it to be there";
  uint64_t number = given->value_or(uint64_t(otherwise));
  if (number < 1 || number > uint64_t(most))
    return keyError(key) << "expected a number from 1 to " << most << ", got "
                         << number;
  size = int64_t(number);
  return success();
}

LogicalResult GgufImporter::readNumber(StringRef key, double &number,
                                       double otherwise) {
  llvm::Expected<std::optional<double>> given = file->getNumber(spell(key));
  if (!given)
    return fail(given.takeError());
  if (!*given && otherwise == 0)
    return keyError(key) << "expected it to be there";
  number = given->value_or(otherwise);
  if (!std::isfinite(number) || number <= 0)
    return keyError(key) << "expected a finite number above 0";
  return success();
}

LogicalResult GgufImporter::readSizes() {
  if (failed(readSize("block_count", model.layers, kMostLayers)) ||
      failed(readSize("context_length", model.context, kLongestContext)) ||
      failed(readSize("embedding_length", model.width, kLargestSize)) ||
      failed(readSize("feed_forward_length", model.hidden, kLargestSize)) ||
      failed(readSize("attention.head_count", model.heads, kLargestSize)) ||
      failed(readSize("attention.head_count_kv", model.keyHeads, kLargestSize,
                      model.heads)) ||
      failed(readNumber("attention.layer_norm_rms_epsilon", model.epsilon)) ||
      failed(readNumber("rope.freq_base", model.base, 10000)))
    return failure();
  if (model.heads % model.keyHeads)
    return keyError("attention.head_count_kv")
           << "expected a divisor of " << model.heads << " heads, got "
           << model.keyHeads;
  if (!has("blk.0.attn_q.weight") && !has("blk.0.attn_qkv.weight"))
    return tensorError("blk.0.attn_q.weight") << "expected it to be there";
  int64_t size = model.width / model.heads;
  if (!file->lookup(spell("attention.key_length")) && model.width % model.heads)
    return keyError("attention.head_count")
           << "expected a divisor of the embedding length " << model.width
           << ", got " << model.heads;
  if (failed(readSize("attention.key_length", model.headSize, kLargestSize,
                      size)) ||
      failed(readSize("attention.value_length", model.valueSize, kLargestSize,
                      model.headSize)) ||
      failed(readSize("rope.dimension_count", model.rotated, model.headSize,
                      model.headSize)))
    return failure();
  if (model.rotated % 2 ||
      (architecture->interleavedRotary && model.headSize % 2))
    return keyError("rope.dimension_count")
           << "expected an even number, got " << model.rotated;
  model.attentionScale = getAttentionScale(model);
  const GgufTensor *table = file->find("token_embd.weight");
  if (!table || table->shape.size() != 2)
    return tensorError("token_embd.weight") << "expected a matrix";
  model.vocabulary = table->shape[0];
  return success();
}

/// One number for every pair of elements that turn together.
LogicalResult GgufImporter::readFactors(StringRef name) {
  const GgufTensor *tensor = find(name, {model.rotated / 2});
  if (!tensor)
    return failure();
  if (tensor->type->name != "f32")
    return tensorError(name) << "expected f32, got " << tensor->type->name;
  ArrayRef<char> bytes = file->bytes(*tensor);
  for (int64_t i = 0; i < model.rotated / 2; ++i) {
    auto factor = llvm::support::endian::read<float>(bytes.data() + 4 * i,
                                                     llvm::endianness::little);
    if (!std::isfinite(factor) || factor <= 0)
      return tensorError(name) << "expected finite numbers above 0";
    model.factors.push_back(factor);
  }
  return success();
}

LogicalResult GgufImporter::readYarn(double factor, int64_t original) {
  auto spell = [](StringRef name) {
    return ("rope.scaling.yarn_" + name).str();
  };
  if (model.base <= 1)
    return keyError("rope.freq_base") << "expected more than 1 with yarn";
  YarnScaling yarn;
  yarn.factor = factor;
  yarn.originalContext = original;
  if (failed(readNumber(spell("beta_fast"), yarn.fastTurns, yarn.fastTurns)) ||
      failed(readNumber(spell("beta_slow"), yarn.slowTurns, yarn.slowTurns)))
    return failure();
  if (yarn.fastTurns < yarn.slowTurns)
    return keyError(spell("beta_fast")) << "expected at least yarn_beta_slow";
  // Programs differ in what these do where they are not the usual ones.
  double magnitude = getYarnMagnitude(factor);
  struct {
    StringLiteral name;
    double usual;
  } others[] = {
      {"ext_factor", 1}, {"attn_factor", magnitude}, {"log_multiplier", 0}};
  for (const auto &[name, usual] : others) {
    std::string key = spell(name);
    llvm::Expected<std::optional<double>> given =
        file->getNumber(this->spell(key));
    if (!given)
      return fail(given.takeError());
    if (!(std::abs(given->value_or(usual) - usual) < 1e-5))
      return refusal(keyError(key)) << "expected " << std::to_string(usual)
                                    << ", got " << std::to_string(**given);
  }
  model.magnitude *= magnitude;
  scaleByYarn(model, yarn);
  return success();
}

/// How positions beyond those of training are turned.
LogicalResult GgufImporter::readScaling() {
  auto read = [&](StringRef key) { return file->getString(spell(key)); };
  llvm::Expected<std::optional<StringRef>> type = read("rope.scaling.type");
  if (!type)
    return fail(type.takeError());
  StringRef kind = type->value_or(
      file->lookup(spell("rope.scale_linear")) ? "linear" : "none");
  int64_t original;
  double scale, magnitude;
  if (failed(readSize("rope.scaling.original_context_length", original,
                      kLongestContext, model.context)) ||
      failed(readNumber("rope.scale_linear", scale, 1)) ||
      failed(readNumber("rope.scaling.factor", scale, scale)) ||
      failed(readNumber("rope.scaling.attn_factor", magnitude, 1)))
    return failure();
  bool hasLong = has("rope_factors_long.weight"),
       hasShort = has("rope_factors_short.weight");
  model.magnitude = magnitude;
  bool isYarn = kind == "yarn" && !architecture->windowBase;
  if (kind == "linear") {
    model.positionScale = scale;
  } else if (isYarn) {
    if (hasLong || has("rope_freqs.weight"))
      return tensorError(hasLong ? "rope_factors_long.weight"
                                 : "rope_freqs.weight")
             << "expected none with rope.scaling.type yarn";
    return readYarn(scale, original);
  } else if (kind != "none" && kind != "longrope" &&
             !(kind == "llama3" && has("rope_freqs.weight"))) {
    return refusal(keyError("rope.scaling.type"))
           << "expected none, linear, longrope or, without layers of another "
              "base, yarn, got "
           << kind;
  }
  if (has("rope_freqs.weight") && failed(readFactors("rope_freqs.weight")))
    return failure();
  if (hasLong != hasShort || (hasLong && has("rope_freqs.weight")))
    return tensorError("rope_factors_long.weight")
           << "expected it and rope_factors_short.weight, and no "
              "rope_freqs.weight";
  if (!hasLong)
    return success();
  // A cache is of one kind, so the context decides and not the run.
  bool isLong = model.context > original;
  used.insert(isLong ? "rope_factors_short.weight"
                     : "rope_factors_long.weight");
  if (failed(readFactors(isLong ? "rope_factors_long.weight"
                                : "rope_factors_short.weight")))
    return failure();
  return success();
}

LogicalResult GgufImporter::readWindows() {
  model.hasWindow.assign(model.layers, false);
  model.windowBase = model.base;
  if (!file->lookup(spell("attention.sliding_window"))) {
    if (architecture->period)
      return keyError("attention.sliding_window") << "expected it to be there";
    return success();
  }
  if (failed(
          readSize("attention.sliding_window", model.window, kLongestContext)))
    return failure();
  if (architecture->windowBase &&
      failed(readNumber("rope.freq_base_swa", model.windowBase,
                        architecture->windowBase)))
    return failure();
  StringRef key = "attention.sliding_window_pattern";
  const GgufValue *pattern = file->lookup(spell(key));
  if (pattern && pattern->kind == GgufKind::Array) {
    if (pattern->element != GgufKind::Bool ||
        pattern->count != uint64_t(model.layers))
      return keyError(key) << "expected a bool for each of " << model.layers
                           << " layers";
    for (int64_t i = 0; i < model.layers; ++i)
      model.hasWindow[i] = pattern->bytes[i] != 0;
    return success();
  }
  int64_t period = 1;
  if (failed(readSize(key, period, kMostLayers,
                      std::max<int64_t>(architecture->period, 1))))
    return failure();
  for (int64_t i = 0; i < model.layers; ++i)
    model.hasWindow[i] = period == 1 || i % period < period - 1;
  return success();
}

/// What is there but has not been asked for might change what the model
/// computes.
LogicalResult GgufImporter::checkMetadata() {
  llvm::Expected<std::optional<uint64_t>> experts =
      file->getUnsigned(spell("expert_count"));
  if (!experts)
    return fail(experts.takeError());
  if (experts->value_or(0))
    return refusal(keyError("expert_count"))
           << "expected 0, got " << experts->value_or(0);
  llvm::Expected<std::optional<bool>> causal =
      file->getBool(spell("attention.causal"));
  if (!causal)
    return fail(causal.takeError());
  if (!causal->value_or(true))
    return refusal(keyError("attention.causal")) << "expected true, got false";
  std::vector<StringRef> unknown;
  for (const auto &entry : file->metadata()) {
    StringRef key = entry.first();
    if (key.consume_front(architecture->name) && key.consume_front(".") &&
        !seen.contains(key) && !llvm::is_contained(kIgnoredKeys, key))
      unknown.push_back(key);
  }
  llvm::sort(unknown);
  if (!unknown.empty())
    return refusal(keyError(unknown.front()))
           << "expected metadata whose meaning is known";
  return success();
}

LogicalResult GgufImporter::checkTensors() {
  for (const GgufTensor &tensor : file->tensors())
    if (!used.contains(tensor.name))
      return refusal(tensorError(tensor.name))
             << "expected a tensor of the architecture '" << architecture->name
             << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static std::string spellShape(ArrayRef<int64_t> shape) {
  return llvm::join(
      llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }),
      "x");
}

const GgufTensor *GgufImporter::find(StringRef name, ArrayRef<int64_t> shape) {
  const GgufTensor *tensor = file->find(name);
  if (!tensor) {
    tensorError(name) << "expected it to be there";
    return nullptr;
  }
  used.insert(name);
  if (ArrayRef(tensor->shape) != shape) {
    tensorError(name) << "expected the shape " << spellShape(shape) << ", got "
                      << spellShape(tensor->shape);
    return nullptr;
  }
  return tensor;
}

/// f32, f16 or bf16; null for other types.
static Type getFloatType(MLIRContext *context, const GgufTensor &tensor) {
  Builder b(context);
  StringRef name = tensor.type->name;
  return name == "f32"    ? Type(b.getF32Type())
         : name == "f16"  ? Type(b.getF16Type())
         : name == "bf16" ? Type(b.getBF16Type())
                          : Type();
}

/// Some of the rows of a tensor, where they lie.
TypedAttr GgufImporter::refer(const GgufTensor &tensor, Type type,
                              int64_t first, int64_t rows) {
  uint64_t rowBytes = (tensor.end - tensor.begin) / tensor.shape[0];
  return DataAttr::get(&context, type, store,
                       int64_t(tensor.begin + uint64_t(first) * rowBytes),
                       int64_t(uint64_t(rows) * rowBytes), {});
}

/// A block is a byte of scale and 32 codes, those of the first half low.
TypedAttr GgufImporter::splitBlocks(const GgufTensor &tensor, PackedType type,
                                    int64_t first) {
  int64_t size = int64_t(tensor.type->block), half = size / 2,
          blockBytes = int64_t(tensor.type->bytes), rows = type.getRows();
  PlainLayout layout =
      PlainLayout::get(type.getFormat(), rows, type.getColumns());
  const char *blocks =
      file->bytes(tensor).data() + first * layout.columns / size * blockBytes;
  // GGML reads the number that the standard has for NaN as 2^128.
  for (int64_t i = 0; i < rows * layout.columns / size; ++i)
    if (uint8_t(blocks[i * blockBytes]) == 255) {
      tensorError(tensor.name) << "expected scales of at most 254, got 255";
      return {};
    }
  return stores.create(
      type, layout.totalBytes, [&](MutableArrayRef<char> payload) {
        llvm::fill(payload, 0);
        for (int64_t i = 0; i < rows * layout.columns / size; ++i) {
          const char *block = blocks + i * blockBytes;
          payload[layout.scalesOffset + i] = block[0];
          uint32_t codes[32];
          for (int64_t j = 0; j < half; ++j) {
            codes[j] = block[1 + j] & 15;
            codes[half + j] = uint8_t(block[1 + j]) >> 4;
          }
          packCodes(codes, size, type.getFormat().bits(),
                    payload.data() + i * half);
        }
      });
}

Value GgufImporter::getMatrix(OpBuilder &builder, StringRef name, int64_t first,
                              int64_t rows, int64_t total, int64_t columns) {
  const GgufTensor *tensor = find(name, {total, columns});
  if (!tensor)
    return {};
  Location loc = NameLoc::get(builder.getStringAttr(name), getLoc());
  if (Type element = getFloatType(&context, *tensor))
    return squint::ConstantOp::create(
        builder, loc,
        refer(*tensor, RankedTensorType::get({rows, columns}, element), first,
              rows));
  const Element *element = lookupElement(tensor->type->name);
  if (!element || (!element->blocks && element->name != "mxfp4")) {
    refusal(tensorError(name)) << "expected a type of weights that kernels "
                                  "read, got "
                               << tensor->type->name;
    return {};
  }
  auto type = PackedType::get({rows, columns},
                              FormatAttr::get(&context, element->name));
  TypedAttr data = element->blocks ? refer(*tensor, type, first, rows)
                                   : splitBlocks(*tensor, type, first);
  if (!data)
    return {};
  Value packed = squint::ConstantOp::create(builder, loc, data);
  return squint::DequantizeOp::create(
      builder, loc,
      RankedTensorType::get({rows, columns}, builder.getF32Type()), packed);
}

Value GgufImporter::getVector(OpBuilder &builder, StringRef name, int64_t first,
                              int64_t size, int64_t total) {
  const GgufTensor *tensor = find(name, {total});
  if (!tensor)
    return {};
  Type element = getFloatType(&context, *tensor);
  if (!element) {
    tensorError(name) << "expected f32, f16 or bf16, got "
                      << tensor->type->name;
    return {};
  }
  Location loc = NameLoc::get(builder.getStringAttr(name), getLoc());
  return squint::ConstantOp::create(
      builder, loc,
      refer(*tensor, RankedTensorType::get({size}, element), first, size));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> GgufImporter::run() {
  stores.setBase(llvm::sys::path::parent_path(path));
  auto none = [&](llvm::Error failure) {
    (void)fail(std::move(failure));
    return nullptr;
  };
  llvm::Expected<std::string> name = stores.addFile(path);
  if (!name)
    return none(name.takeError());
  store = *name;
  llvm::Expected<const DataStore *> mapped = stores.lookup(store);
  if (!mapped)
    return none(mapped.takeError());
  llvm::Expected<GgufFile> parsed = GgufFile::parse((*mapped)->bytes());
  if (!parsed)
    return none(parsed.takeError());
  file.emplace(std::move(*parsed));

  llvm::Expected<std::optional<StringRef>> given =
      file->getString("general.architecture");
  if (!given)
    return none(given.takeError());
  StringRef wanted = given->value_or("");
  architecture = lookupArchitecture(wanted);
  if (!architecture) {
    refusal(error()) << "metadata 'general.architecture': expected "
                     << llvm::join(llvm::map_range(getArchitectures(),
                                                   [](const auto &known) {
                                                     return known.name;
                                                   }),
                                   ", ")
                     << ", got '" << wanted << "'";
    return nullptr;
  }
  model.architecture = architecture;
  model.interleavedRotary = architecture->interleavedRotary;
  if (failed(readSizes()) || failed(readScaling()) || failed(readWindows()) ||
      failed(checkMetadata()))
    return nullptr;

  std::string stem = llvm::sys::path::stem(path).str();
  for (char &c : stem)
    c = llvm::isAlnum(c) || c == '_' ? c : '_';
  OwningOpRef<ModuleOp> module = ModuleOp::create(
      getLoc(), stem.empty() ? StringRef("model") : StringRef(stem));
  if (failed(buildLanguageModel(*module, model, *this, options.dims)) ||
      failed(checkTensors()) || failed(verify(*module)))
    return nullptr;
  if (options.files)
    options.files->insert((*mapped)->path().str());
  return module;
}

bool squint::isGgufFile(StringRef path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status) ||
      !llvm::sys::fs::is_regular_file(status))
    return false;
  auto start = llvm::MemoryBuffer::getFileSlice(
      path, std::min<uint64_t>(status.getSize(), 4), 0);
  return start &&
         isGguf({(*start)->getBufferStart(), (*start)->getBufferSize()});
}

OwningOpRef<ModuleOp> squint::importGguf(StringRef path, MLIRContext &context,
                                         const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<onnx::OnnxDialect, SquintDialect, func::FuncDialect>();
  return GgufImporter(path, context, options).run();
}
