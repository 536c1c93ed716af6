//===- LoraAdapter.cpp - adapters in PEFT's layout --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/LoraAdapter.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <map>

using namespace llvm;
using namespace squint;
namespace path = llvm::sys::path;

template <typename... Args>
static Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

//===----------------------------------------------------------------------===//
// The configuration
//===----------------------------------------------------------------------===//

/// Whether a setting is left out, null, false, 0, or an empty text or list.
static bool isUnset(const json::Object &config, StringRef key) {
  const json::Value *value = config.get(key);
  if (!value || value->getAsNull())
    return true;
  if (std::optional<bool> flag = value->getAsBoolean())
    return !*flag;
  if (std::optional<double> number = value->getAsNumber())
    return *number == 0;
  if (std::optional<StringRef> text = value->getAsString())
    return text->empty();
  if (const json::Array *list = value->getAsArray())
    return list->empty();
  return value->getAsObject()->empty();
}

/// What would make the adapter another function than the sum of products.
static Error checkConfig(const json::Object &config) {
  if (config.getString("peft_type").value_or("") != "LORA")
    return refuse("expected peft_type LORA");
  std::optional<StringRef> bias = config.getString("bias");
  if (bias && *bias != "none")
    return refuse("expected bias none, got '%s'", bias->str().c_str());
  // These change the weights that the adapter goes with.
  std::optional<StringRef> init = config.getString("init_lora_weights");
  for (StringRef changing : {"pissa", "olora", "corda", "loftq"})
    if (init && init->starts_with_insensitive(changing))
      return refuse("expected an adapter of the model's own weights, got "
                    "init_lora_weights '%s'",
                    init->str().c_str());
  for (StringRef key :
       {"use_dora", "use_qalora", "lora_bias", "alora_invocation_tokens",
        "modules_to_save", "trainable_token_indices", "layer_replication",
        "target_parameters"})
    if (!isUnset(config, key))
      return refuse("%s is not built yet", key.str().c_str());
  return Error::success();
}

/// The number for a module: that of the pattern which is its name, or whose
/// name is the end of its own, or `otherwise`.
static Expected<double> lookup(const json::Object &config, StringRef patterns,
                               StringRef module, StringRef otherwise) {
  std::optional<double> found;
  if (const json::Object *all = config.getObject(patterns))
    for (const auto &[key, value] : *all) {
      StringRef name = key;
      bool isWhole = name.consume_front("^");
      if (!all_of(name, [](char c) {
            return isAlnum(c) || c == '_' || c == '.' || c == '-';
          }))
        return refuse("expected names in %s, got '%s'", patterns.str().c_str(),
                      StringRef(key).str().c_str());
      StringRef rest = module;
      if (!rest.consume_back(name) ||
          (!rest.empty() && (isWhole || !rest.ends_with("."))))
        continue;
      std::optional<double> number = value.getAsNumber();
      if (!number || (found && *found != *number))
        return refuse("expected one number for module '%s' in %s",
                      module.str().c_str(), patterns.str().c_str());
      found = number;
    }
  if (!found)
    found = config.getNumber(otherwise);
  if (!found || !std::isfinite(*found))
    return refuse("expected a number %s", otherwise.str().c_str());
  return *found;
}

Error LoraAdapter::readConfig(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
  if (!file)
    return file.takeError();
  auto fail = [&](Error error) {
    return refuse("'%s': %s", path.str().c_str(),
                  toString(std::move(error)).c_str());
  };
  constexpr size_t kMaxBytes = 1 << 20;
  if ((*file)->getBufferSize() > kMaxBytes)
    return fail(refuse("expected at most 1 MB"));
  Expected<json::Object> parsed =
      parseJsonObject((*file)->getBuffer(), /*depth=*/16);
  if (!parsed)
    return fail(parsed.takeError());
  config = std::move(*parsed);
  if (Error error = checkConfig(config))
    return fail(std::move(error));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The tensors
//===----------------------------------------------------------------------===//

/// Whether target_modules, if it is a list, has the module. (As a text it is a
/// pattern, which the tensors bear out.)
static bool isTarget(const json::Object &config, StringRef module) {
  const json::Array *targets = config.getArray("target_modules");
  if (!targets)
    return true;
  return any_of(*targets, [&](const json::Value &target) {
    StringRef rest = module, name = target.getAsString().value_or("");
    return !name.empty() && rest.consume_back(name) &&
           (rest.empty() || rest.ends_with("."));
  });
}

Error LoraAdapter::readTensors() {
  std::map<std::string, LoraModule> byName;
  for (const SafetensorsEntry &entry : tensors->entries()) {
    auto fail = [&](Error error) {
      return refuse("tensor '%s': %s", entry.name.c_str(),
                    toString(std::move(error)).c_str());
    };
    StringRef name = entry.name;
    bool isA = false;
    if (!name.consume_front("base_model.model.") ||
        (!(isA = name.consume_back(".lora_A.weight")) &&
         !name.consume_back(".lora_B.weight")) ||
        name.empty())
      return fail(refuse("expected base_model.model.MODULE.lora_A.weight or "
                         ".lora_B.weight"));
    if (entry.type != "F32" && entry.type != "F16" && entry.type != "BF16")
      return fail(
          refuse("expected F32, F16 or BF16, got %s", entry.type.c_str()));
    if (entry.shape.size() != 2 || !entry.shape[0] || !entry.shape[1])
      return fail(refuse("expected a matrix"));
    if (!isTarget(config, name))
      return fail(refuse("expected a module of target_modules"));
    LoraModule &module =
        byName.try_emplace(name.str(), LoraModule{{}, nullptr, nullptr, 0})
            .first->second;
    (isA ? module.a : module.b) = &entry;
  }
  for (auto &[name, module] : byName) {
    auto fail = [&, name = name.c_str()](Error error) {
      return refuse("module '%s': %s", name,
                    toString(std::move(error)).c_str());
    };
    if (!module.a || !module.b)
      return fail(refuse("expected lora_A and lora_B, got one"));
    module.name = name;
    Expected<double> rank = lookup(config, "rank_pattern", name, "r");
    if (!rank)
      return fail(rank.takeError());
    Expected<double> alpha =
        lookup(config, "alpha_pattern", name, "lora_alpha");
    if (!alpha)
      return fail(alpha.takeError());
    if (double(module.a->shape[0]) != *rank ||
        double(module.b->shape[1]) != *rank)
      return fail(refuse("expected matrices [%g, inputs] and [outputs, %g], "
                         "got [%lld, %lld] and [%lld, %lld]",
                         *rank, *rank, (long long)module.a->shape[0],
                         (long long)module.a->shape[1],
                         (long long)module.b->shape[0],
                         (long long)module.b->shape[1]));
    module.scale =
        *alpha / (isUnset(config, "use_rslora") ? *rank : std::sqrt(*rank));
    all.push_back(module);
  }
  if (all.empty())
    return refuse("expected the matrices of at least one module");
  return Error::success();
}

std::pair<std::string, std::string> LoraAdapter::getFiles(StringRef given) {
  SmallString<256> config(given), model(given);
  if (sys::fs::is_directory(given))
    path::append(model, "adapter_model.safetensors");
  else
    path::remove_filename(config);
  path::append(config, "adapter_config.json");
  return {config.str().str(), model.str().str()};
}

Expected<std::unique_ptr<LoraAdapter>> LoraAdapter::open(StringRef given) {
  auto [config, model] = getFiles(given);
  auto adapter = std::make_unique<LoraAdapter>();
  if (Error error = adapter->readConfig(config))
    return std::move(error);
  Expected<std::unique_ptr<SafetensorsFile>> file =
      SafetensorsFile::open(model);
  if (!file)
    return file.takeError();
  adapter->tensors = std::move(*file);
  if (Error error = adapter->readTensors())
    return refuse("'%s': %s", model.c_str(),
                  toString(std::move(error)).c_str());
  return adapter;
}
