//===- GgufVocabulary.cpp - a folder's vocabulary as GGUF -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// tokenizer.model is a message of sentencepiece, in protobuf's encoding:
//
//   1  pieces: 1 text, 2 score, 3 type, whose numbers are GGUF's
//   2  trainer: 3 kind (2 for pairs that are merged), 40 to 43 the numbers of
//      the unknown, first, last and padding tokens
//   3  normalizer: 3 whether a text gets a space in front
//===----------------------------------------------------------------------===//

#include "GgufVocabulary.h"
#include "squint/Import/Safetensors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cstring>
#include <optional>

using namespace llvm;
using namespace squint;

static constexpr unsigned kJsonDepth = 16;
/// The scores that llama.cpp's own converter gives.
static constexpr float kAddedScore = -1000.0f, kUnusedScore = -10000.0f;
enum TokenType : int32_t { Normal = 1, Control = 3, UserDefined = 4, Unused };

static Error refuse(const Twine &rule) {
  return createStringError(inconvertibleErrorCode(), rule);
}

namespace {

/// The fields of a message.
class Fields {
public:
  explicit Fields(StringRef bytes) : rest(bytes) {}

  /// Moves to the next field; false at the end, an error where there is none.
  Expected<bool> next();

  uint64_t number = 0; // of a field that is one
  StringRef bytes;     // of any other
  unsigned field = 0;

  float real() const {
    float value = 0;
    if (bytes.size() == sizeof(value))
      std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }

private:
  bool readVarint(uint64_t &value);

  StringRef rest;
};

struct Token {
  std::string text;
  float score = kUnusedScore;
  int32_t type = Unused;
};

struct Pieces {
  std::vector<Token> tokens;
  bool isMerged = false, hasSpaceInFront = true;
  // Unknown, first, last, padding; -1 for none.
  int64_t special[4] = {0, 1, 2, -1};

  static Expected<Pieces> read(StringRef bytes);
};

} // namespace

//===----------------------------------------------------------------------===//
// tokenizer.model
//===----------------------------------------------------------------------===//

bool Fields::readVarint(uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    uint8_t byte = rest.front();
    rest = rest.drop_front();
    value |= uint64_t(byte & 127) << shift;
    if (byte < 128)
      return true;
  }
  return false;
}

Expected<bool> Fields::next() {
  if (rest.empty())
    return false;
  uint64_t key, length = 0;
  bool isSound = readVarint(key);
  number = 0;
  bytes = {};
  field = unsigned(key >> 3);
  switch (isSound ? key & 7 : 7) {
  case 0:
    isSound = readVarint(number);
    break;
  case 1:
    length = 8;
    break;
  case 2:
    isSound = readVarint(length);
    break;
  case 5:
    length = 4;
    break;
  default:
    isSound = false;
  }
  if (!isSound || length > rest.size())
    return refuse("expected a message of sentencepiece");
  bytes = rest.take_front(length);
  rest = rest.drop_front(length);
  return true;
}

/// Calls `take` for each field of a message.
static Error forFields(StringRef bytes,
                       function_ref<Error(const Fields &)> take) {
  Fields fields(bytes);
  while (true) {
    Expected<bool> isThere = fields.next();
    if (!isThere)
      return isThere.takeError();
    if (!*isThere)
      return Error::success();
    if (Error error = take(fields))
      return error;
  }
}

Expected<Pieces> Pieces::read(StringRef bytes) {
  Pieces result;
  auto readPiece = [&](StringRef message) -> Error {
    Token token{"", 0.0f, Normal};
    if (Error error = forFields(message, [&](const Fields &f) -> Error {
          if (f.field == 1)
            token.text = f.bytes.str();
          else if (f.field == 2)
            token.score = f.real();
          else if (f.field == 3)
            token.type = static_cast<int32_t>(f.number);
          return Error::success();
        }))
      return error;
    if (!json::isUTF8(token.text) || token.type < 1 || token.type > 6)
      return refuse("expected pieces of text, of a known type");
    result.tokens.push_back(std::move(token));
    return Error::success();
  };
  auto readTrainer = [&](StringRef message) {
    return forFields(message, [&](const Fields &f) -> Error {
      if (f.field == 3)
        result.isMerged = f.number == 2;
      else if (f.field >= 40 && f.field <= 43)
        result.special[f.field - 40] = static_cast<int64_t>(f.number);
      return Error::success();
    });
  };
  auto readNormalizer = [&](StringRef message) {
    return forFields(message, [&](const Fields &f) -> Error {
      if (f.field == 3)
        result.hasSpaceInFront = f.number != 0;
      return Error::success();
    });
  };
  if (Error error = forFields(bytes, [&](const Fields &f) -> Error {
        return f.field == 1   ? readPiece(f.bytes)
               : f.field == 2 ? readTrainer(f.bytes)
               : f.field == 3 ? readNormalizer(f.bytes)
                              : Error::success();
      }))
    return std::move(error);
  return result;
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

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

/// Tokens behind those of tokenizer.model.
static Error nameAdded(StringRef folder, const json::Object &config,
                       size_t known, std::vector<Token> &tokens) {
  auto add = [&](int64_t number, StringRef text, bool isControl) {
    if (number < int64_t(known) || number >= int64_t(tokens.size()))
      return;
    tokens[number] = {text.str(), kAddedScore,
                      isControl ? Control : UserDefined};
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

Error squint::addGgufVocabulary(StringRef folder, const json::Object &settings,
                                int64_t count, GgufWriter &writer) {
  auto set = [&](StringRef key, const auto &value) {
    writer.set(("tokenizer.ggml." + key).str(), value);
  };
  std::string path = spell(folder, "tokenizer.model");
  Pieces pieces;
  if (sys::fs::exists(path)) {
    Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
    if (!file)
      return file.takeError();
    Expected<Pieces> read = Pieces::read((*file)->getBuffer());
    if (!read)
      return refuse("tokenizer.model: " + toString(read.takeError()));
    pieces = std::move(*read);
  }
  // Which vocabulary it is, tokenizer.json does not say in GGUF's terms.
  if (!pieces.isMerged) {
    set("model", StringRef("none"));
    return Error::success();
  }
  std::vector<Token> &tokens = pieces.tokens;
  size_t known = tokens.size();
  if (known > size_t(count))
    return refuse("tokenizer.model: expected at most " + Twine(count) +
                  " pieces, one for each row of the table, got " +
                  Twine(known));
  for (size_t i = known; i < size_t(count); ++i)
    tokens.push_back({"[PAD" + std::to_string(i) + "]", kUnusedScore, Unused});
  Expected<std::optional<json::Object>> config =
      readJson(folder, "tokenizer_config.json");
  if (!config)
    return config.takeError();
  json::Object nothing;
  const json::Object &own = *config ? **config : nothing;
  if (Error error = nameAdded(folder, own, known, tokens))
    return error;

  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<int32_t> types;
  for (const Token &token : tokens) {
    texts.push_back(token.text);
    scores.push_back(token.score);
    types.push_back(token.type);
  }
  auto setArray = [&](StringRef key, GgufKind element, ArrayRef<char> bytes) {
    GgufValue value;
    value.kind = GgufKind::Array;
    value.element = element;
    value.count = tokens.size();
    value.bytes = bytes;
    set(key, value);
  };
  auto setFlag = [&](StringRef key, bool flag) {
    char byte = flag ? 1 : 0;
    GgufValue value;
    value.kind = GgufKind::Bool;
    value.bytes = byte;
    set(key, value);
  };
  set("model", StringRef("llama"));
  set("pre", StringRef("default"));
  set("tokens", texts);
  setArray("scores", GgufKind::F32, bytesOf(ArrayRef(scores)));
  setArray("token_type", GgufKind::I32, bytesOf(ArrayRef(types)));
  StringRef names[] = {"unknown", "bos", "eos", "padding"},
            keys[] = {"unk_token_id", "bos_token_id", "eos_token_id",
                      "pad_token_id"};
  for (auto [name, key, otherwise] : zip_equal(names, keys, pieces.special)) {
    int64_t number = readToken(settings, key).value_or(otherwise);
    if (number >= 0 && number < count)
      set((name + "_token_id").str(), uint32_t(number));
  }
  for (StringRef key : {"add_bos_token", "add_eos_token"})
    if (std::optional<bool> flag = own.getBoolean(key))
      setFlag(key, *flag);
  if (!pieces.hasSpaceInFront)
    setFlag("add_space_prefix", false);
  if (std::optional<StringRef> text = own.getString("chat_template"))
    writer.set("tokenizer.chat_template", *text);
  return Error::success();
}
