//===- GgufVocabulary.cpp - a folder's vocabulary as GGUF -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GgufVocabulary.h"
#include "Vocabulary.h"
#include "squint/Import/Safetensors.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace squint;

static constexpr unsigned kJsonDepth = 16;

static Error refuse(const Twine &rule) {
  return createStringError(inconvertibleErrorCode(), rule);
}

static std::string spell(StringRef folder, StringRef name) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  return std::string(path);
}

/// Nothing where there is no such file.
static Expected<std::optional<json::Object>> readJson(StringRef folder,
                                                      StringRef name) {
  std::string path = spell(folder, name);
  if (!sys::fs::exists(path))
    return std::nullopt;
  Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
  if (!file)
    return file.takeError();
  Expected<json::Object> parsed =
      parseJsonObject((*file)->getBuffer(), kJsonDepth);
  if (!parsed)
    return refuse(Twine(name) + ": " + toString(parsed.takeError()));
  return std::optional(std::move(*parsed));
}

/// Tokens that the vocabulary does not name.
static Error nameAdded(StringRef folder, const json::Object &config,
                       std::vector<Vocabulary::Token> &tokens) {
  auto add = [&](int64_t number, StringRef text, bool isControl) {
    if (number < 0 || number >= int64_t(tokens.size()) ||
        !tokens[number].isUnnamed())
      return;
    tokens[number] = {text.str(), Vocabulary::kAddedScore,
                      isControl ? Vocabulary::Control
                                : Vocabulary::UserDefined};
  };
  Expected<std::optional<json::Object>> added =
      readJson(folder, "added_tokens.json");
  if (!added)
    return added.takeError();
  if (*added)
    for (const auto &[text, number] : **added)
      add(number.getAsInteger().value_or(-1), text, /*isControl=*/false);
  if (const json::Object *decoder = config.getObject("added_tokens_decoder"))
    for (const auto &[text, value] : *decoder) {
      int64_t number;
      const json::Object *token = value.getAsObject();
      if (!token || StringRef(text).getAsInteger(10, number))
        continue;
      add(number, token->getString("content").value_or(""),
          token->getBoolean("special").value_or(false));
    }
  return Error::success();
}

template <typename T> static ArrayRef<char> bytesOf(ArrayRef<T> numbers) {
  return {reinterpret_cast<const char *>(numbers.data()),
          numbers.size() * sizeof(T)};
}

/// A number of a token, or of the first of several.
static std::optional<int64_t> readToken(const json::Object &settings,
                                        StringRef key) {
  const json::Value *value = settings.get(key);
  if (const json::Array *several = value ? value->getAsArray() : nullptr)
    value = several->empty() ? nullptr : &several->front();
  return value ? value->getAsInteger() : std::nullopt;
}

/// From tokenizer.model, or else from tokenizer.json.
static Expected<std::optional<Vocabulary>>
readVocabulary(StringRef folder, const json::Object &config, int64_t count) {
  std::optional<Vocabulary> none;
  std::string path = spell(folder, "tokenizer.model");
  if (sys::fs::exists(path)) {
    Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
    if (!file)
      return file.takeError();
    auto read = readSentencePiece((*file)->getBuffer());
    if (!read)
      return refuse("tokenizer.model: " + toString(read.takeError()));
    if (*read && (*read)->tokens.size() > size_t(count))
      return refuse("tokenizer.model: expected at most " + Twine(count) +
                    " pieces, one for each row of the table, got " +
                    Twine((*read)->tokens.size()));
    if (*read)
      return read;
  }
  Expected<std::optional<json::Object>> tokenizer =
      readJson(folder, "tokenizer.json");
  if (!tokenizer)
    return tokenizer.takeError();
  if (!*tokenizer)
    return none;
  auto read = readTokenizerJson(**tokenizer, config, count);
  if (!read)
    return refuse("tokenizer.json: " + toString(read.takeError()));
  return read;
}

/// A template of conversations: one, the default one of several, or a file.
static Expected<std::string> readTemplate(StringRef folder,
                                          const json::Object &config) {
  if (std::optional<StringRef> text = config.getString("chat_template"))
    return text->str();
  if (const json::Array *several = config.getArray("chat_template"))
    for (const json::Value &value : *several)
      if (const json::Object *each = value.getAsObject())
        if (each->getString("name").value_or("") == "default")
          return each->getString("template").value_or("").str();
  std::string path = spell(folder, "chat_template.jinja");
  if (!sys::fs::exists(path))
    return "";
  Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
  if (!file)
    return file.takeError();
  if (!json::isUTF8((*file)->getBuffer()))
    return refuse("chat_template.jinja: expected a text");
  return (*file)->getBuffer().str();
}

static void writeTokens(const Vocabulary &vocabulary, GgufWriter &writer) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<int32_t> types;
  for (auto [i, token] : enumerate(vocabulary.tokens)) {
    texts.push_back(token.isUnnamed() ? "[PAD" + std::to_string(i) + "]"
                                      : token.text);
    scores.push_back(token.score);
    types.push_back(token.type);
  }
  auto setArray = [&](StringRef key, GgufKind element, ArrayRef<char> bytes) {
    GgufValue value;
    value.kind = GgufKind::Array;
    value.element = element;
    value.count = texts.size();
    value.bytes = bytes;
    writer.set(key, value);
  };
  writer.set("tokenizer.ggml.tokens", texts);
  if (vocabulary.isScored())
    setArray("tokenizer.ggml.scores", GgufKind::F32, bytesOf(ArrayRef(scores)));
  setArray("tokenizer.ggml.token_type", GgufKind::I32,
           bytesOf(ArrayRef(types)));
  if (!vocabulary.isScored())
    writer.set("tokenizer.ggml.merges", vocabulary.merges);
}

/// The tokens with a meaning of their own: what tokenizer_config.json calls
/// them, what config.json numbers them, or what the vocabulary says.
static void writeSpecial(const Vocabulary &vocabulary,
                         const json::Object &config,
                         const json::Object &settings, GgufWriter &writer) {
  StringMap<int64_t> numbers;
  for (auto [i, token] : enumerate(vocabulary.tokens))
    numbers.try_emplace(token.text, int64_t(i));
  constexpr StringLiteral names[] = {"unknown", "bos", "eos", "padding"},
                          keys[] = {"unk", "bos", "eos", "pad"};
  for (auto [name, key, own] : zip_equal(names, keys, vocabulary.special)) {
    int64_t number =
        readToken(settings, (key + "_token_id").str()).value_or(own);
    auto named = numbers.find(getTokenText(config, (key + "_token").str()));
    if (named != numbers.end() && !named->first().empty())
      number = named->second;
    if (number >= 0 && number < int64_t(vocabulary.tokens.size()))
      writer.set(("tokenizer.ggml." + name + "_token_id").str(),
                 uint32_t(number));
  }
}

Error squint::addGgufVocabulary(StringRef folder, const json::Object &settings,
                                int64_t count, GgufWriter &writer,
                                function_ref<void(const Twine &)> warn) {
  Expected<std::optional<json::Object>> config =
      readJson(folder, "tokenizer_config.json");
  if (!config)
    return config.takeError();
  json::Object nothing;
  const json::Object &own = *config ? **config : nothing;
  Expected<std::optional<Vocabulary>> read = readVocabulary(folder, own, count);
  if (!read)
    return read.takeError();
  auto set = [&](StringRef key, const auto &value) {
    writer.set(("tokenizer.ggml." + key).str(), value);
  };
  if (!*read) {
    set("model", StringRef("none"));
    return Error::success();
  }
  Vocabulary &vocabulary = **read;
  if (!vocabulary.doubt.empty())
    warn(vocabulary.doubt);
  vocabulary.tokens.resize(size_t(count));
  if (Error error = nameAdded(folder, own, vocabulary.tokens))
    return error;
  set("model", StringRef(vocabulary.kind));
  set("pre", StringRef(vocabulary.preTokenizer));
  writeTokens(vocabulary, writer);
  writeSpecial(vocabulary, own, settings, writer);
  auto setFlag = [&](StringRef key, std::optional<bool> flag) {
    if (!flag)
      return;
    char byte = *flag ? 1 : 0;
    GgufValue value;
    value.kind = GgufKind::Bool;
    value.bytes = byte;
    set(key, value);
  };
  auto getFlag = [&](StringRef key, std::optional<bool> otherwise) {
    std::optional<bool> flag = own.getBoolean(key);
    return flag ? flag : otherwise;
  };
  setFlag("add_bos_token", getFlag("add_bos_token", vocabulary.addsFirst));
  setFlag("add_eos_token", getFlag("add_eos_token", vocabulary.addsLast));
  if (!vocabulary.hasSpaceInFront)
    setFlag("add_space_prefix", false);
  Expected<std::string> text = readTemplate(folder, own);
  if (!text)
    return text.takeError();
  if (!text->empty())
    writer.set("tokenizer.chat_template", StringRef(*text));
  return Error::success();
}
