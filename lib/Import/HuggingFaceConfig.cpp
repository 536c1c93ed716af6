//===- HuggingFaceConfig.cpp - what config.json says ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "HuggingFaceConfig.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Regex.h"
#include <cmath>

using namespace llvm;
using namespace squint;

namespace {
struct ModelType {
  StringLiteral name, architecture;
};

/// Settings by name. The first that is wrong is remembered, and reading goes
/// on.
class Settings {
public:
  struct Problem {
    std::string text;
    bool isRefusal = false;
  };

  Settings(const json::Object &json, Problem &problem, const Twine &prefix = "")
      : json(&json), problem(&problem), prefix(prefix.str()) {}

  /// Whether it is there and not null.
  bool has(StringRef key) const {
    const json::Value *value = json->get(key);
    return value && !value->getAsNull();
  }
  /// A count from `least` to `most`; an error where it is left out and
  /// `otherwise` is 0.
  int64_t getSize(StringRef key, int64_t most, int64_t otherwise = 0,
                  int64_t least = 1);
  /// A finite number above 0.
  double getNumber(StringRef key, double otherwise = 0);
  std::vector<float> getNumbers(StringRef key, int64_t count);
  bool getFlag(StringRef key, bool otherwise);
  StringRef getText(StringRef key, StringRef otherwise);
  /// Null where it is left out.
  const json::Array *getList(StringRef key);
  std::optional<Settings> getGroup(StringRef key);
  void forGroups(function_ref<void(Settings group)> visit);

  void fail(StringRef key, const Twine &rule, bool isRefusal = false) {
    if (problem->text.empty())
      *problem = {("setting '" + prefix + key + "': " + rule).str(), isRefusal};
  }
  void refuse(StringRef key, const Twine &rule) { fail(key, rule, true); }
  void expect(StringRef key, StringRef wanted, StringRef got) {
    if (wanted != got)
      refuse(key, "expected " + wanted + ", got '" + got + "'");
  }

private:
  const json::Object *json;
  Problem *problem;
  std::string prefix;
};
} // namespace

static constexpr size_t kLongestExpression = 1024;

static constexpr ModelType kModelTypes[] = {
    {"llama", "llama"}, {"mistral", "llama"},      {"qwen2", "qwen2"},
    {"qwen3", "qwen3"}, {"gemma3_text", "gemma3"}, {"phi3", "phi3"},
};

int64_t Settings::getSize(StringRef key, int64_t most, int64_t otherwise,
                          int64_t least) {
  if (!has(key)) {
    if (!otherwise)
      fail(key, "expected it to be there");
    return std::max<int64_t>(otherwise, 1);
  }
  std::optional<int64_t> number = json->getInteger(key);
  if (!number || *number < least || *number > most) {
    fail(key,
         "expected a whole number from " + Twine(least) + " to " + Twine(most));
    return 1;
  }
  return *number;
}

double Settings::getNumber(StringRef key, double otherwise) {
  if (!has(key)) {
    if (otherwise == 0)
      fail(key, "expected it to be there");
    return otherwise == 0 ? 1 : otherwise;
  }
  std::optional<double> number = json->getNumber(key);
  if (!number || !std::isfinite(*number) || *number <= 0) {
    fail(key, "expected a finite number above 0");
    return 1;
  }
  return *number;
}

std::vector<float> Settings::getNumbers(StringRef key, int64_t count) {
  std::vector<float> result;
  const json::Array *list = getList(key);
  if (list)
    for (const json::Value &value : *list) {
      auto number = float(value.getAsNumber().value_or(0));
      if (std::isfinite(number) && number > 0)
        result.push_back(number);
    }
  if (!list || int64_t(list->size()) != count ||
      int64_t(result.size()) != count)
    fail(key, "expected " + Twine(count) + " finite numbers above 0");
  result.resize(count, 1.0f);
  return result;
}

bool Settings::getFlag(StringRef key, bool otherwise) {
  if (!has(key))
    return otherwise;
  std::optional<bool> flag = json->getBoolean(key);
  if (!flag)
    fail(key, "expected true or false");
  return flag.value_or(otherwise);
}

StringRef Settings::getText(StringRef key, StringRef otherwise) {
  if (!has(key))
    return otherwise;
  std::optional<StringRef> text = json->getString(key);
  if (!text)
    fail(key, "expected a text");
  return text.value_or(otherwise);
}

const json::Array *Settings::getList(StringRef key) {
  if (!has(key))
    return nullptr;
  const json::Array *list = json->getArray(key);
  if (!list)
    fail(key, "expected a list");
  return list;
}

std::optional<Settings> Settings::getGroup(StringRef key) {
  if (!has(key))
    return std::nullopt;
  const json::Object *object = json->getObject(key);
  if (!object) {
    fail(key, "expected an object");
    return std::nullopt;
  }
  return Settings(*object, *problem, prefix + key + ".");
}

void Settings::forGroups(function_ref<void(Settings)> visit) {
  std::vector<std::string> keys;
  for (const auto &entry : *json)
    keys.push_back(StringRef(entry.first).str());
  llvm::sort(keys);
  for (const std::string &key : keys)
    if (std::optional<Settings> group = getGroup(key))
      visit(*group);
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

static void readSizes(Settings &settings, StringRef type,
                      LanguageModel &model) {
  bool isGemma = model.architecture->scaledEmbedding;
  model.layers = settings.getSize("num_hidden_layers", kMostLayers);
  model.context = settings.getSize("max_position_embeddings", kLongestContext);
  model.width = settings.getSize("hidden_size", kLargestSize);
  model.hidden = settings.getSize("intermediate_size", kLargestSize);
  model.vocabulary = settings.getSize("vocab_size", kLargestSize);
  model.heads = settings.getSize("num_attention_heads", kLargestSize);
  model.keyHeads =
      settings.getSize("num_key_value_heads", kLargestSize, model.heads);
  model.epsilon = settings.getNumber("rms_norm_eps", 1e-6);
  if (model.heads % model.keyHeads)
    settings.fail("num_key_value_heads",
                  "expected a divisor of " + Twine(model.heads) +
                      " heads, got " + Twine(model.keyHeads));
  int64_t size = model.width / model.heads;
  // These have heads of their own size where nothing else is said.
  if (isGemma)
    size = 256;
  else if (type == "qwen3")
    size = 128;
  else if (!settings.has("head_dim") && model.width % model.heads)
    settings.fail("num_attention_heads", "expected a divisor of hidden_size " +
                                             Twine(model.width) + ", got " +
                                             Twine(model.heads));
  model.headSize = model.valueSize =
      settings.getSize("head_dim", kLargestSize, std::max<int64_t>(size, 1));
  double scalar = double(model.headSize);
  if (isGemma) {
    scalar = settings.getNumber("query_pre_attn_scalar", 256);
    for (StringRef key : {"attn_logit_softcapping", "final_logit_softcapping"})
      if (settings.has(key))
        settings.refuse(key, "expected null");
    if (settings.getFlag("use_bidirectional_attention", false))
      settings.refuse("use_bidirectional_attention", "expected false");
  }
  model.attentionScale = 1 / std::sqrt(scalar);
  StringRef key =
      settings.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  StringRef wanted = isGemma ? "gelu_pytorch_tanh" : "silu";
  settings.expect(key, wanted, settings.getText(key, wanted));
}

/// Pairs that turn slowly are slowed down further.
static void readLlama3(Settings &scaling, LanguageModel &model) {
  double factor = scaling.getNumber("factor"),
         low = scaling.getNumber("low_freq_factor"),
         high = scaling.getNumber("high_freq_factor");
  auto original = double(
      scaling.getSize("original_max_position_embeddings", kLongestContext));
  if (high <= low)
    scaling.fail("high_freq_factor", "expected more than low_freq_factor");
  model.factors = getLlama3Factors(model, factor, low, high, original);
}

/// The context that `scaling` goes out from, which phi3 says outside of it.
static int64_t readOriginalContext(Settings &settings, Settings &scaling,
                                   int64_t otherwise = 0) {
  StringRef key = "original_max_position_embeddings";
  Settings &owner = settings.has(key) ? settings : scaling;
  return owner.getSize(key, kLongestContext, otherwise);
}

static void readYarn(Settings &settings, Settings &scaling,
                     LanguageModel &model) {
  if (model.base <= 1)
    return settings.fail("rope_theta", "expected more than 1 with yarn");
  YarnScaling yarn;
  yarn.originalContext = readOriginalContext(settings, scaling, model.context);
  yarn.factor = scaling.getNumber("factor", double(model.context) /
                                                double(yarn.originalContext));
  yarn.fastTurns = scaling.getNumber("beta_fast", yarn.fastTurns);
  yarn.slowTurns = scaling.getNumber("beta_slow", yarn.slowTurns);
  yarn.isTruncated = scaling.getFlag("truncate", true);
  if (yarn.fastTurns < yarn.slowTurns)
    scaling.fail("beta_fast", "expected at least beta_slow");
  double magnitude = getYarnMagnitude(yarn.factor);
  if (scaling.has("mscale") && scaling.has("mscale_all_dim"))
    magnitude =
        getYarnMagnitude(yarn.factor, scaling.getNumber("mscale")) /
        getYarnMagnitude(yarn.factor, scaling.getNumber("mscale_all_dim"));
  model.magnitude = scaling.getNumber("attention_factor", magnitude);
  scaleByYarn(model, yarn);
  // Some say the context of training where others say what it grew to.
  model.context =
      std::max(model.context,
               int64_t(std::min(yarn.factor * double(yarn.originalContext),
                                double(kLongestContext))));
}

/// How angles grow with positions: `scaling` has the type of it, if any.
static void readScaling(Settings &settings, Settings &scaling,
                        LanguageModel &model) {
  StringRef key = scaling.has("rope_type") ? "rope_type" : "type";
  StringRef kind = scaling.getText(key, "default");
  if (kind == "default")
    return;
  bool isLong = kind == "longrope" || kind == "su";
  if (kind == "linear") {
    model.positionScale = scaling.getNumber("factor");
  } else if (kind == "llama3") {
    readLlama3(scaling, model);
  } else if (kind == "yarn") {
    readYarn(settings, scaling, model);
  } else if (kind == "dynamic") {
    // Only sequences beyond the model's context, which are refused, have other
    // angles.
    scaling.getNumber("factor");
  } else if (isLong && model.architecture->joinedWeights) {
    int64_t original = readOriginalContext(settings, scaling);
    std::vector<float> ofShort = scaling.getNumbers("short_factor",
                                                    model.rotated / 2),
                       ofLong =
                           scaling.getNumbers("long_factor", model.rotated / 2);
    // A cache is of one kind, so the context decides and not the run.
    double growth = double(model.context) / double(original);
    model.factors = growth > 1 ? ofLong : ofShort;
    model.otherFactors = growth > 1 ? ofShort : ofLong;
    model.shortContext = original;
    model.magnitude = scaling.getNumber(
        "attention_factor",
        growth > 1 ? std::sqrt(1 + std::log(growth) / std::log(original)) : 1);
  } else {
    scaling.refuse(key, "expected default, linear, dynamic, yarn, llama3 or, "
                        "for phi3, longrope, got '" +
                            kind + "'");
  }
}

static void readRotary(Settings &settings, LanguageModel &model) {
  bool hasLocal = model.architecture->windowBase != 0;
  // What newer files gather in one place, for each kind of layer where there
  // are two.
  std::optional<Settings> all = settings.getGroup("rope_parameters");
  std::optional<Settings> local;
  if (all && hasLocal) {
    local = all->getGroup("sliding_attention");
    if (std::optional<Settings> full = all->getGroup("full_attention"))
      all.emplace(std::move(*full));
  }
  double share = 1;
  if (model.architecture->joinedWeights) {
    Settings &owner =
        all && all->has("partial_rotary_factor") ? *all : settings;
    share = owner.getNumber("partial_rotary_factor", 1);
    if (share > 1)
      owner.fail("partial_rotary_factor", "expected at most 1");
  }
  model.rotated = int64_t(double(model.headSize) * share);
  if (model.rotated < 2 || model.rotated % 2)
    settings.fail("head_dim", "expected an even number of elements that are "
                              "turned, got " +
                                  Twine(model.rotated));
  Settings &owner = all && all->has("rope_theta") ? *all : settings;
  model.base = owner.getNumber("rope_theta", hasLocal ? 1e6 : 1e4);
  model.windowBase = model.base;
  if (hasLocal) {
    model.windowBase = local && local->has("rope_theta")
                           ? local->getNumber("rope_theta")
                           : settings.getNumber("rope_local_base_freq",
                                                model.architecture->windowBase);
    if (local)
      local->expect("rope_type", "default",
                    local->getText("rope_type", "default"));
  }
  if (all)
    readScaling(settings, *all, model);
  else if (std::optional<Settings> scaling = settings.getGroup("rope_scaling"))
    readScaling(settings, *scaling, model);
}

static void readWindows(Settings &settings, StringRef type,
                        LanguageModel &model) {
  model.hasWindow.assign(model.layers, false);
  bool isQwen = type == "qwen2" || type == "qwen3";
  int64_t period = model.architecture->period;
  if (type == "llama" ||
      (isQwen && !settings.getFlag("use_sliding_window", false)))
    return;
  // Where nothing is said, only Phi-3 and layers without windows have none.
  if (!settings.has("sliding_window")) {
    if (period)
      settings.fail("sliding_window", "expected it to be there");
    return;
  }
  model.window = settings.getSize("sliding_window", kLongestContext);
  if (const json::Array *types = settings.getList("layer_types")) {
    if (int64_t(types->size()) != model.layers)
      return settings.fail("layer_types", "expected one for each of " +
                                              Twine(model.layers) + " layers");
    for (auto [i, value] : enumerate(*types)) {
      StringRef kind = value.getAsString().value_or("");
      if (kind != "sliding_attention" && kind != "full_attention")
        return settings.refuse("layer_types", "expected full_attention or "
                                              "sliding_attention, got '" +
                                                  kind + "'");
      model.hasWindow[i] = kind == "sliding_attention";
    }
    return;
  }
  int64_t first = 0;
  if (isQwen && settings.has("max_window_layers"))
    first = settings.getSize("max_window_layers", kMostLayers, 1, 0);
  if (period)
    period = settings.getSize("sliding_window_pattern", kMostLayers, period);
  for (int64_t i = first; i < model.layers; ++i)
    model.hasWindow[i] = !period || (i + 1) % period;
}

//===----------------------------------------------------------------------===//
// Packed weights
//===----------------------------------------------------------------------===//

const WeightPacking *HuggingFaceConfig::findPacking(StringRef module) const {
  const WeightPacking *rest = nullptr;
  for (const WeightPacking &packing : packings) {
    if (packing.targets.empty())
      rest = &packing;
    for (StringRef target : packing.targets) {
      StringRef pattern = target;
      if (target == "Linear")
        rest = &packing;
      else if (target == module ||
               (pattern.consume_front("re:") &&
                Regex(("^(" + pattern + ")").str()).match(module)))
        return &packing;
    }
  }
  return rest;
}

/// Columns that share a scale: 0 for -1, which stands for all of a row.
static int64_t readGroupSize(Settings &settings) {
  int64_t size = settings.getSize("group_size", kLargestSize, 1, -1);
  if (size == 0)
    settings.fail("group_size", "expected -1 or a number from 1 on");
  return std::max<int64_t>(size, 0);
}

/// AWQ and GPTQ have one setting for all modules.
static WeightPacking readPlainPacking(Settings &settings, StringRef method) {
  WeightPacking packing;
  packing.kind = method == "awq" ? WeightPacking::Awq : WeightPacking::Gptq;
  packing.groupSize = readGroupSize(settings);
  int64_t bits = settings.getSize("bits", 8);
  packing.bits = unsigned(bits);
  if (packing.kind == WeightPacking::Awq) {
    StringRef version = settings.getText("version", "gemm");
    if (!version.equals_insensitive("gemm"))
      settings.refuse("version", "expected gemm, got '" + version + "'");
    if (bits != 4)
      settings.refuse("bits", "expected 4, got " + Twine(bits));
    return packing;
  }
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8)
    settings.refuse("bits", "expected 2, 3, 4 or 8, got " + Twine(bits));
  StringRef layout = settings.getText("checkpoint_format", "gptq");
  if (layout != "gptq" && layout != "gptq_v2")
    settings.refuse("checkpoint_format",
                    "expected gptq or gptq_v2, got '" + layout + "'");
  packing.storesZerosLessOne = layout == "gptq";
  if (std::optional<Settings> dynamic = settings.getGroup("dynamic"))
    dynamic->forGroups([&](Settings) {
      settings.refuse("dynamic", "expected the same settings for all modules");
    });
  return packing;
}

/// Whether Python and POSIX take an expression alike, and no match takes long.
static bool isExpression(StringRef text) {
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '{' ||
        (text[i] == '\\' && (++i == text.size() || isAlnum(text[i]))))
      return false;
  std::string error;
  return text.size() <= kLongestExpression &&
         Regex(("^(" + text + ")").str()).isValid(error);
}

/// One of compressed-tensors' groups of modules.
static WeightPacking readPackingGroup(Settings &group, StringRef format) {
  WeightPacking packing;
  if (const json::Array *targets = group.getList("targets"))
    for (const json::Value &target : *targets)
      packing.targets.push_back(target.getAsString().value_or("").str());
  for (StringRef target : packing.targets)
    if (target.empty() ||
        (target.consume_front("re:") && !isExpression(target)))
      group.fail("targets", "expected names of modules, or expressions without "
                            "counts and classes");
  std::optional<Settings> weights = group.getGroup("weights");
  if (!weights) {
    group.fail("weights", "expected it to be there");
    return packing;
  }
  format = group.getText("format", format);
  packing.isFloat = weights->getText("type", "int") == "float";
  int64_t bits = weights->getSize("num_bits", 8);
  packing.bits = unsigned(bits);
  packing.kind =
      format == "pack-quantized" ? WeightPacking::Packed : WeightPacking::Bytes;
  if (format != "pack-quantized" && format != "int-quantized" &&
      format != "float-quantized" && format != "naive-quantized")
    group.refuse("format", "expected pack-quantized, int-quantized or "
                           "float-quantized, got '" +
                               format + "'");
  if (bits < 2 ||
      (bits != 8 && (packing.isFloat || packing.kind == WeightPacking::Bytes)))
    weights->refuse("num_bits",
                    "expected 8, or with pack-quantized integers 2 to 8, got " +
                        Twine(bits));
  if (packing.isFloat && packing.kind == WeightPacking::Packed)
    weights->refuse("type", "expected int with pack-quantized");
  StringRef strategy = weights->getText("strategy", "tensor");
  if (strategy == "group")
    packing.groupSize = readGroupSize(*weights);
  else if (strategy == "tensor")
    packing.isByTensor = true;
  else
    weights->expect("strategy", "channel", strategy);
  return packing;
}

static void readPackings(Settings &settings,
                         std::vector<WeightPacking> &packings) {
  StringRef method = settings.getText("quant_method", "");
  if (method == "awq" || method == "gptq") {
    packings.push_back(readPlainPacking(settings, method));
    return;
  }
  if (method != "compressed-tensors")
    return settings.refuse("quant_method",
                           "expected awq, gptq or compressed-tensors, got '" +
                               method + "'");
  if (std::optional<Settings> transform = settings.getGroup("transform_config"))
    transform->forGroups([&](Settings) {
      settings.refuse("transform_config", "expected none");
    });
  StringRef format = settings.getText("format", "pack-quantized");
  if (std::optional<Settings> groups = settings.getGroup("config_groups"))
    groups->forGroups([&](Settings group) {
      packings.push_back(readPackingGroup(group, format));
    });
}

Expected<HuggingFaceConfig> HuggingFaceConfig::read(const json::Object &json,
                                                    bool &refused) {
  Settings::Problem problem;
  Settings settings(json, problem);
  HuggingFaceConfig config;
  StringRef type = settings.getText("model_type", "");
  const ModelType *known = find_if(
      kModelTypes, [&](const ModelType &each) { return each.name == type; });
  if (known == std::end(kModelTypes)) {
    settings.refuse("model_type",
                    "expected " +
                        join(map_range(kModelTypes,
                                       [](const ModelType &each) {
                                         return StringRef(each.name);
                                       }),
                             ", ") +
                        ", got '" + type + "'");
  } else {
    config.model.architecture = lookupArchitecture(known->architecture);
    readSizes(settings, type, config.model);
    readRotary(settings, config.model);
    readWindows(settings, type, config.model);
    config.isTied = settings.getFlag(
        "tie_word_embeddings", config.model.architecture->scaledEmbedding);
    if (!is_contained({"mistral", "phi3"}, type))
      config.hasOutputBiases =
          type != "qwen2" && settings.getFlag("attention_bias", false);
    config.hasInputBiases = config.hasOutputBiases || type == "qwen2";
    config.hasFeedForwardBiases =
        type == "llama" && settings.getFlag("mlp_bias", false);
    if (std::optional<Settings> quantization =
            settings.getGroup("quantization_config"))
      readPackings(*quantization, config.packings);
  }
  if (problem.text.empty())
    return config;
  refused = problem.isRefusal;
  return createStringError(inconvertibleErrorCode(), problem.text);
}
