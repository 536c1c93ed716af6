//===- GgufModel.cpp - what a GGUF file says of a model ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GgufModel.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
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

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

LogicalResult GgufModel::readSize(StringRef key, int64_t &size, int64_t most,
                                  int64_t otherwise) {
  llvm::Expected<std::optional<uint64_t>> given = file.getUnsigned(spell(key));
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

LogicalResult GgufModel::readNumber(StringRef key, double &number,
                                    double otherwise) {
  llvm::Expected<std::optional<double>> given = file.getNumber(spell(key));
  if (!given)
    return fail(given.takeError());
  if (!*given && otherwise == 0)
    return keyError(key) << "expected it to be there";
  number = given->value_or(otherwise);
  if (!std::isfinite(number) || number <= 0)
    return keyError(key) << "expected a finite number above 0";
  return success();
}

LogicalResult GgufModel::readSizes() {
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
  if (!file.lookup(spell("attention.key_length")) && model.width % model.heads)
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
      (model.architecture->interleavedRotary && model.headSize % 2))
    return keyError("rope.dimension_count")
           << "expected an even number, got " << model.rotated;
  model.attentionScale = getAttentionScale(model);
  const GgufTensor *table = file.find("token_embd.weight");
  if (!table || table->shape.size() != 2)
    return tensorError("token_embd.weight") << "expected a matrix";
  model.vocabulary = table->shape[0];
  return success();
}

/// One number for every pair of elements that turn together.
LogicalResult GgufModel::readFactors(StringRef name,
                                     std::vector<float> &factors) {
  const GgufTensor *tensor = find(name, {model.rotated / 2});
  if (!tensor)
    return failure();
  if (tensor->type->name != "f32")
    return tensorError(name) << "expected f32, got " << tensor->type->name;
  ArrayRef<char> bytes = file.bytes(*tensor);
  for (int64_t i = 0; i < model.rotated / 2; ++i) {
    auto factor = llvm::support::endian::read<float>(bytes.data() + 4 * i,
                                                     llvm::endianness::little);
    if (!std::isfinite(factor) || factor <= 0)
      return tensorError(name) << "expected finite numbers above 0";
    factors.push_back(factor);
  }
  return success();
}

LogicalResult GgufModel::readYarn(double factor, int64_t original) {
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
        file.getNumber(this->spell(key));
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
LogicalResult GgufModel::readScaling() {
  auto read = [&](StringRef key) { return file.getString(spell(key)); };
  llvm::Expected<std::optional<StringRef>> type = read("rope.scaling.type");
  if (!type)
    return fail(type.takeError());
  StringRef kind = type->value_or(
      file.lookup(spell("rope.scale_linear")) ? "linear" : "none");
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
  bool isYarn = kind == "yarn" && !model.architecture->windowBase;
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
  if (has("rope_freqs.weight") &&
      failed(readFactors("rope_freqs.weight", model.factors)))
    return failure();
  if (hasLong != hasShort || (hasLong && has("rope_freqs.weight")))
    return tensorError("rope_factors_long.weight")
           << "expected it and rope_factors_short.weight, and no "
              "rope_freqs.weight";
  if (!hasLong)
    return success();
  // A cache is of one kind, so the context decides and not the run.
  bool isLong = model.context > original;
  model.shortContext = original;
  return success(
      succeeded(readFactors("rope_factors_long.weight",
                            isLong ? model.factors : model.otherFactors)) &&
      succeeded(readFactors("rope_factors_short.weight",
                            isLong ? model.otherFactors : model.factors)));
}

LogicalResult GgufModel::readWindows() {
  model.hasWindow.assign(model.layers, false);
  model.windowBase = model.base;
  if (!file.lookup(spell("attention.sliding_window"))) {
    if (model.architecture->period)
      return keyError("attention.sliding_window") << "expected it to be there";
    return success();
  }
  if (failed(
          readSize("attention.sliding_window", model.window, kLongestContext)))
    return failure();
  if (model.architecture->windowBase &&
      failed(readNumber("rope.freq_base_swa", model.windowBase,
                        model.architecture->windowBase)))
    return failure();
  StringRef key = "attention.sliding_window_pattern";
  const GgufValue *pattern = file.lookup(spell(key));
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
                      std::max<int64_t>(model.architecture->period, 1))))
    return failure();
  for (int64_t i = 0; i < model.layers; ++i)
    model.hasWindow[i] = period == 1 || i % period < period - 1;
  return success();
}

/// What is there but has not been asked for might change what the model
/// computes.
LogicalResult GgufModel::checkMetadata() {
  llvm::Expected<std::optional<uint64_t>> experts =
      file.getUnsigned(spell("expert_count"));
  if (!experts)
    return fail(experts.takeError());
  if (experts->value_or(0))
    return refusal(keyError("expert_count"))
           << "expected 0, got " << experts->value_or(0);
  llvm::Expected<std::optional<bool>> causal =
      file.getBool(spell("attention.causal"));
  if (!causal)
    return fail(causal.takeError());
  if (!causal->value_or(true))
    return refusal(keyError("attention.causal")) << "expected true, got false";
  std::vector<StringRef> unknown;
  for (const auto &entry : file.metadata()) {
    StringRef key = entry.first();
    if (key.consume_front(model.architecture->name) && key.consume_front(".") &&
        !seen.contains(key) && !llvm::is_contained(kIgnoredKeys, key))
      unknown.push_back(key);
  }
  llvm::sort(unknown);
  if (!unknown.empty())
    return refusal(keyError(unknown.front()))
           << "expected metadata whose meaning is known";
  return success();
}

static std::string spellShape(ArrayRef<int64_t> shape) {
  return llvm::join(
      llvm::map_range(shape, [](int64_t size) { return std::to_string(size); }),
      "x");
}

const GgufTensor *GgufModel::find(StringRef name, ArrayRef<int64_t> shape) {
  const GgufTensor *tensor = file.find(name);
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

LogicalResult GgufModel::checkTensors() {
  for (const GgufTensor &tensor : file.tensors())
    if (!used.contains(tensor.name))
      return refusal(tensorError(tensor.name))
             << "expected a tensor of the architecture '"
             << model.architecture->name << "'";
  return success();
}

LogicalResult GgufModel::readArchitecture() {
  llvm::Expected<std::optional<StringRef>> given =
      file.getString("general.architecture");
  if (!given)
    return fail(given.takeError());
  StringRef wanted = given->value_or("");
  model.architecture = lookupArchitecture(wanted);
  if (!model.architecture)
    return refusal(error())
           << "metadata 'general.architecture': expected "
           << llvm::join(
                  llvm::map_range(getArchitectures(),
                                  [](const auto &known) { return known.name; }),
                  ", ")
           << ", got '" << wanted << "'";
  model.interleavedRotary = model.architecture->interleavedRotary;
  return success();
}

LogicalResult GgufModel::read() {
  return success(succeeded(readArchitecture()) && succeeded(readSizes()) &&
                 succeeded(readScaling()) && succeeded(readWindows()) &&
                 succeeded(checkMetadata()));
}
