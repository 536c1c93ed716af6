//===- FolderConfig.cpp - config.json of a GGUF model -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FolderConfig.h"
#include <cmath>

using namespace squint;
namespace json = llvm::json;

namespace {
struct ModelClass {
  llvm::StringLiteral type, name;
};
} // namespace

static constexpr ModelClass kClasses[] = {
    {"llama", "LlamaForCausalLM"},        {"mistral", "MistralForCausalLM"},
    {"qwen2", "Qwen2ForCausalLM"},        {"qwen3", "Qwen3ForCausalLM"},
    {"gemma3_text", "Gemma3ForCausalLM"}, {"phi3", "Phi3ForCausalLM"},
};

static llvm::StringRef getModelType(const LanguageModel &model) {
  llvm::StringRef name = model.architecture->name;
  if (name == "llama" && llvm::is_contained(model.hasWindow, true))
    return "mistral";
  return name == "gemma3" ? "gemma3_text" : name;
}

static json::Array makeList(llvm::ArrayRef<float> numbers) {
  json::Array list;
  for (float number : numbers)
    list.push_back(double(number));
  return list;
}

/// GGUF has Llama 3's factors, not what they are made of: the slowest pairs
/// have the factor itself, and one between says the original context. Models
/// begin and end at 4 turns and at 1.
static json::Object findLlama3(const LanguageModel &model) {
  constexpr double low = 1, high = 4;
  double factor = model.factors.back(), original = 0;
  for (size_t i = 0; i < model.factors.size() && !original; ++i) {
    double smooth =
               (1 / double(model.factors[i]) - 1 / factor) / (1 - 1 / factor),
           turns = low + smooth * (high - low);
    if (smooth > 0.001 && smooth < 0.999)
      original = std::round(
          2 * M_PI * turns *
          std::pow(model.base, 2 * double(i) / double(model.rotated)));
  }
  if (!(original >= 1 && original <= double(kLongestContext)))
    return {};
  return json::Object{{"rope_type", "llama3"},
                      {"factor", factor},
                      {"low_freq_factor", low},
                      {"high_freq_factor", high},
                      {"original_max_position_embeddings", int64_t(original)}};
}

static json::Object makeScaling(const LanguageModel &model) {
  if (const std::optional<YarnScaling> &yarn = model.yarn)
    return json::Object{
        {"rope_type", "yarn"},
        {"factor", yarn->factor},
        {"original_max_position_embeddings", yarn->originalContext},
        {"beta_fast", yarn->fastTurns},
        {"beta_slow", yarn->slowTurns},
        {"attention_factor", model.magnitude}};
  if (model.shortContext) {
    bool isLong = model.context > model.shortContext;
    return json::Object{
        {"type", "longrope"},
        {"long_factor", makeList(isLong ? model.factors : model.otherFactors)},
        {"short_factor", makeList(isLong ? model.otherFactors : model.factors)},
        {"attention_factor", model.magnitude}};
  }
  if (!model.factors.empty())
    return findLlama3(model);
  if (model.positionScale != 1)
    return json::Object{{"rope_type", "linear"},
                        {"factor", model.positionScale}};
  return {};
}

static void addWindows(const LanguageModel &model, llvm::StringRef type,
                       json::Object &settings) {
  if (!llvm::is_contained(model.hasWindow, true))
    return;
  settings["sliding_window"] = model.window;
  if (type.starts_with("qwen"))
    settings["use_sliding_window"] = true;
  json::Array kinds;
  for (bool own : model.hasWindow)
    kinds.push_back(own ? "sliding_attention" : "full_attention");
  settings["layer_types"] = std::move(kinds);
}

/// Whether settings are read as the model that they were made of.
static bool isSame(const LanguageModel &a, const LanguageModel &b) {
  auto isNear = [](double x, double y) {
    return std::abs(x - y) <= 1e-6 * std::abs(y);
  };
  if (a.factors.size() != b.factors.size())
    return false;
  for (auto [x, y] : llvm::zip_equal(a.factors, b.factors))
    if (!isNear(x, y))
      return false;
  return a.rotated == b.rotated && a.headSize == b.headSize &&
         a.valueSize == b.valueSize && a.hasWindow == b.hasWindow &&
         (a.window == b.window) && isNear(a.base, b.base) &&
         isNear(a.windowBase, b.windowBase) && isNear(a.epsilon, b.epsilon) &&
         isNear(a.positionScale, b.positionScale) &&
         isNear(a.magnitude, b.magnitude) &&
         isNear(a.attentionScale, b.attentionScale);
}

llvm::Expected<json::Object>
squint::makeFolderConfig(const LanguageModel &model, const GgufFile &file) {
  llvm::StringRef type = getModelType(model);
  json::Object settings{
      {"model_type", type},
      {"hidden_size", model.width},
      {"intermediate_size", model.hidden},
      {"num_hidden_layers", model.layers},
      {"num_attention_heads", model.heads},
      {"num_key_value_heads", model.keyHeads},
      {"head_dim", model.headSize},
      {"vocab_size", model.vocabulary},
      {"max_position_embeddings", model.context},
      {"rms_norm_eps", model.epsilon},
      {"rope_theta", model.base},
      {"hidden_act", model.architecture->activation == Architecture::Silu
                         ? "silu"
                         : "gelu_pytorch_tanh"},
      {"tie_word_embeddings", !file.find("output.weight")}};
  for (const ModelClass &known : kClasses)
    if (known.type == type)
      settings["architectures"] = json::Array{known.name};
  if (model.architecture->scaledEmbedding) {
    settings["hidden_activation"] = "gelu_pytorch_tanh";
    settings["query_pre_attn_scalar"] =
        std::round(1 / (model.attentionScale * model.attentionScale));
    settings["rope_local_base_freq"] = model.windowBase;
  }
  if (model.architecture->joinedWeights) {
    settings["partial_rotary_factor"] =
        double(model.rotated) / double(model.headSize);
    settings["pad_token_id"] = nullptr;
  }
  if (model.shortContext)
    settings["original_max_position_embeddings"] = model.shortContext;
  if (json::Object scaling = makeScaling(model); !scaling.empty())
    settings["rope_scaling"] = std::move(scaling);
  addWindows(model, type, settings);
  if (file.find("blk.0.attn_q.bias") && type != "qwen2")
    settings["attention_bias"] = true;
  if (file.find("blk.0.ffn_up.bias"))
    settings["mlp_bias"] = true;
  for (llvm::StringRef name : {"bos", "eos", "padding"}) {
    auto number =
        file.getUnsigned(("tokenizer.ggml." + name + "_token_id").str());
    if (!number)
      return number.takeError();
    if (*number)
      settings[(name == "padding" ? "pad" : name).str() + "_token_id"] =
          int64_t(**number);
  }

  bool refused = false;
  llvm::Expected<HuggingFaceConfig> again =
      HuggingFaceConfig::read(settings, refused);
  if (!again)
    return again.takeError();
  if (!isSame(again->model, model))
    return llvm::createStringError(
        "expected a model whose angles, windows and sizes of heads the "
        "settings of '" +
        type + "' can say");
  return std::move(settings);
}
