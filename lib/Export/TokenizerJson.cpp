//===- TokenizerJson.cpp - the vocabulary of tokenizer.json -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What Hugging Face's tokenizers write is a pipeline: normalizer,
// pre_tokenizer, model, post_processor. GGUF has names for whole pipelines, so
// those that models of our architectures have are recognized by their parts.
//===----------------------------------------------------------------------===//

#include "Vocabulary.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;
using namespace squint;

static constexpr int64_t kNone = -1;

static Error refuse(const Twine &rule) {
  return createStringError(inconvertibleErrorCode(), rule);
}

StringRef squint::getTokenText(const json::Object &config, StringRef key) {
  const json::Value *value = config.get(key);
  if (!value)
    return "";
  if (const json::Object *object = value->getAsObject())
    return object->getString("content").value_or("");
  return value->getAsString().value_or("");
}

namespace {

/// Splits by an expression that comes before the bytes' letters, with the name
/// that llama.cpp has for it.
struct KnownSplit {
  StringLiteral expression, name;
  /// Whether a piece that is a token is one, whatever the pairs say. Another
  /// name is for models where it is not, if there is one.
  bool ignoresMerges;
};

class Reader {
public:
  Reader(const json::Object &tokenizer, const json::Object &config,
         int64_t count)
      : tokenizer(tokenizer), config(config), count(count) {}

  Expected<std::optional<Vocabulary>> read();

private:
  Error readTokens(const json::Object &words);
  Error readAdded();
  Error readPairs();
  Error readPair(const json::Value &value, StringRef &left, StringRef &right);
  void readTemplate();
  void scoreTokens();
  StringLiteral findPreTokenizer() const;
  /// The parts of a stage: itself, or those that it has in a row.
  std::vector<const json::Object *> getParts(StringRef stage,
                                             StringRef list) const;
  bool hasPart(StringRef stage, StringRef list, StringRef type) const;
  bool addsSpaceInFront() const;

  const json::Object &tokenizer, &config;
  const json::Object *model = nullptr;
  int64_t count;
  Vocabulary result;
  /// Tokens of the model, by their texts.
  StringMap<int64_t> numbers;
  /// What pairs make, in order: the halves' lengths and the whole.
  struct Pair {
    size_t left;
    int64_t whole;
  };
  std::vector<Pair> pairs;
};

} // namespace

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

Error Reader::readTokens(const json::Object &words) {
  result.tokens.resize(std::min<size_t>(count, words.size()));
  for (const auto &[key, value] : words) {
    StringRef text = key;
    std::optional<int64_t> number = value.getAsInteger();
    if (!number || *number < 0 || *number >= count)
      return refuse("token '" + text + "': expected a number below " +
                    Twine(count) + ", one for each row of the table");
    if (*number >= int64_t(result.tokens.size()))
      result.tokens.resize(*number + 1);
    Vocabulary::Token &token = result.tokens[*number];
    if (!token.isUnnamed())
      return refuse("token '" + text + "': expected a number of its own, got " +
                    Twine(*number) + ", as '" + token.text + "' has");
    token = {text.str(), 0.0f, Vocabulary::Normal};
    numbers[text] = *number;
    unsigned byte;
    StringRef digits = text;
    if (result.isScored() && text.size() == 6 && digits.consume_front("<0x") &&
        digits.consume_back(">") && !digits.getAsInteger(16, byte))
      token.type = Vocabulary::Byte;
  }
  auto unknown = numbers.find(model->getString("unk_token").value_or(""));
  if (unknown != numbers.end()) {
    result.special[Vocabulary::UnknownToken] = unknown->second;
    result.tokens[unknown->second].type = Vocabulary::Unknown;
  }
  return Error::success();
}

/// Tokens that texts are searched for before anything else.
Error Reader::readAdded() {
  const json::Array *added = tokenizer.getArray("added_tokens");
  if (!added)
    return Error::success();
  for (const json::Value &value : *added) {
    const json::Object *token = value.getAsObject();
    std::optional<int64_t> number =
        token ? token->getInteger("id") : std::nullopt;
    std::optional<StringRef> text =
        token ? token->getString("content") : std::nullopt;
    if (!number || *number < 0 || !text)
      return refuse("added_tokens: expected objects with 'id' and 'content'");
    // The table has no row for it: not a token of this model.
    if (*number >= count)
      continue;
    if (*number >= int64_t(result.tokens.size()))
      result.tokens.resize(*number + 1);
    Vocabulary::Token &own = result.tokens[*number];
    if (!own.isUnnamed() && own.text != *text)
      return refuse("added_tokens: expected '" + own.text + "' for number " +
                    Twine(*number) + ", got '" + *text + "'");
    if (own.type != Vocabulary::Unknown)
      own = {text->str(), Vocabulary::kAddedScore,
             token->getBoolean("special").value_or(false)
                 ? Vocabulary::Control
                 : Vocabulary::UserDefined};
  }
  return Error::success();
}

/// Two texts: a list of them, or one with a space between.
Error Reader::readPair(const json::Value &value, StringRef &left,
                       StringRef &right) {
  if (const json::Array *both = value.getAsArray(); both && both->size() == 2) {
    left = (*both)[0].getAsString().value_or("");
    right = (*both)[1].getAsString().value_or("");
  } else if (std::optional<StringRef> text = value.getAsString()) {
    std::tie(left, right) = text->split(' ');
  }
  // One with a space in it has no place in GGUF's form.
  if (left.empty() || right.empty() ||
      (!result.isScored() && (left.contains(' ') || right.contains(' '))))
    return refuse("merges: expected pairs of tokens without spaces");
  return Error::success();
}

Error Reader::readPairs() {
  const json::Array *merges = model->getArray("merges");
  if (!merges)
    return refuse("expected an array 'model.merges'");
  for (const json::Value &value : *merges) {
    StringRef left, right;
    if (Error error = readPair(value, left, right))
      return error;
    auto whole = numbers.find((left + right).str());
    if (!numbers.contains(left) || !numbers.contains(right) ||
        whole == numbers.end())
      return refuse("merges: expected '" + left + "', '" + right +
                    "' and both together among the tokens");
    pairs.push_back({left.size(), whole->second});
    if (!result.isScored())
      result.merges.push_back((left + " " + right).str());
  }
  return Error::success();
}

/// A score for each token that pairs make: the earlier the first of its pairs,
/// the higher. Where texts are cut by scores any two tokens that make a third
/// are a pair, so those of each must be there, one behind the other.
void Reader::scoreTokens() {
  int64_t made = 0, last = kNone;
  std::vector<int64_t> own(result.tokens.size());
  bool isOrdered = true;
  for (const Pair &pair : pairs) {
    if (pair.whole != last && own[pair.whole])
      isOrdered = false;
    if (!own[pair.whole]++)
      result.tokens[pair.whole].score = -float(made++);
    last = pair.whole;
  }
  for (auto [token, known] : zip_equal(result.tokens, own)) {
    if (token.type != Vocabulary::Normal)
      continue;
    if (!known)
      token.score = -float(made);
    StringRef text = token.text;
    int64_t splits = 0;
    for (size_t at = 1; at < text.size(); ++at)
      if ((text[at] & 0xC0) != 0x80 && numbers.contains(text.take_front(at)) &&
          numbers.contains(text.drop_front(at)))
        ++splits;
    isOrdered &= splits == known;
  }
  if (!isOrdered)
    result.doubt =
        "tokenizer.json: expected every two tokens that make a third "
        "among the merges, in the order of what they make; GGUF has "
        "scores instead, and other programs may cut some texts "
        "otherwise";
}

//===----------------------------------------------------------------------===//
// What is around the model
//===----------------------------------------------------------------------===//

std::vector<const json::Object *> Reader::getParts(StringRef stage,
                                                   StringRef list) const {
  std::vector<const json::Object *> parts;
  const json::Object *whole = tokenizer.getObject(stage);
  if (!whole)
    return parts;
  if (whole->getString("type").value_or("") != "Sequence")
    return {whole};
  if (const json::Array *several = whole->getArray(list))
    for (const json::Value &value : *several)
      if (const json::Object *part = value.getAsObject())
        parts.push_back(part);
  return parts;
}

static StringRef getType(const json::Object &part) {
  return part.getString("type").value_or("");
}

bool Reader::hasPart(StringRef stage, StringRef list, StringRef type) const {
  return any_of(getParts(stage, list), [&](const json::Object *part) {
    return getType(*part) == type;
  });
}

/// Those of Llama 3, Qwen 2, Mistral Nemo and Phi 4 mini.
static constexpr KnownSplit kKnownSplits[] = {
    {R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     "llama-bpe", true},
    {R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     "dbrx", false},
    {R"re((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     "qwen2", false},
    {R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     "tekken", true},
    {R"re([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)re",
     "gpt-4o", false},
};

/// `default` where the parts are none of a known pipeline.
StringLiteral Reader::findPreTokenizer() const {
  std::vector<const json::Object *> parts =
      getParts("pre_tokenizer", "pretokenizers");
  if (parts.empty() || getType(*parts.back()) != "ByteLevel" ||
      parts.back()->getBoolean("add_prefix_space").value_or(true))
    return "default";
  bool splitsWords = parts.back()->getBoolean("use_regex").value_or(true);
  if (parts.size() == 1)
    return splitsWords ? StringLiteral("gpt-2") : StringLiteral("default");
  const json::Object &first = *parts.front();
  if (parts.size() > 2)
    return "default";
  if (splitsWords)
    return getType(first) == "Digits" &&
                   first.getBoolean("individual_digits").value_or(false)
               ? StringLiteral("smollm")
               : StringLiteral("default");
  const json::Object *pattern = first.getObject("pattern");
  if (getType(first) != "Split" || !pattern ||
      first.getString("behavior").value_or("") != "Isolated" ||
      first.getBoolean("invert").value_or(false))
    return "default";
  // Ends of lines stand for themselves or are spelled.
  std::string expression;
  for (char c : pattern->getString("Regex").value_or(""))
    expression += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
  bool ignores = model->getBoolean("ignore_merges").value_or(false);
  for (const KnownSplit &known : kKnownSplits)
    if (known.expression == expression && known.ignoresMerges == ignores)
      return known.name;
  return "default";
}

/// Which tokens are put around a text.
void Reader::readTemplate() {
  result.addsFirst = result.addsLast = false;
  for (const json::Object *part : getParts("post_processor", "processors")) {
    const json::Array *single = part->getArray("single");
    if (getType(*part) != "TemplateProcessing" || !single || single->empty())
      continue;
    auto isToken = [&](const json::Value &value, StringRef key) {
      const json::Object *piece = value.getAsObject();
      const json::Object *token =
          piece ? piece->getObject("SpecialToken") : nullptr;
      StringRef text = getTokenText(config, key);
      return token && !text.empty() &&
             token->getString("id").value_or("") == text;
    };
    result.addsFirst = isToken(single->front(), "bos_token");
    result.addsLast = isToken(single->back(), "eos_token");
  }
}

bool Reader::addsSpaceInFront() const {
  for (const json::Object *part : getParts("pre_tokenizer", "pretokenizers"))
    if (getType(*part) == "Metaspace")
      return part->getString("prepend_scheme").value_or("always") != "never" &&
             part->getBoolean("add_prefix_space").value_or(true);
  return hasPart("normalizer", "normalizers", "Prepend");
}

Expected<std::optional<Vocabulary>> Reader::read() {
  model = tokenizer.getObject("model");
  const json::Object *words = model ? model->getObject("vocab") : nullptr;
  if (!model)
    return refuse("expected an object 'model'");
  // Older files name no type.
  if (model->getString("type").value_or(model->get("merges") ? "BPE" : "") !=
      "BPE")
    return std::nullopt;
  if (!words)
    return refuse("expected an object 'model.vocab'");
  bool hasLetters = hasPart("pre_tokenizer", "pretokenizers", "ByteLevel");
  if (!hasLetters && !model->getBoolean("byte_fallback").value_or(false))
    return std::nullopt;
  result.kind = hasLetters ? StringLiteral("gpt2") : StringLiteral("llama");
  if (Error error = readTokens(*words))
    return std::move(error);
  if (Error error = readPairs())
    return std::move(error);
  if (Error error = readAdded())
    return std::move(error);
  readTemplate();
  if (result.isScored()) {
    scoreTokens();
    result.hasSpaceInFront = addsSpaceInFront();
    return std::optional(std::move(result));
  }
  result.preTokenizer = findPreTokenizer();
  if (result.preTokenizer == "default")
    result.doubt = "tokenizer.json: expected a pre_tokenizer that GGUF has a "
                   "name for; with 'default' other programs may cut some texts "
                   "otherwise";
  return std::optional(std::move(result));
}

Expected<std::optional<Vocabulary>>
squint::readTokenizerJson(const json::Object &tokenizer,
                          const json::Object &config, int64_t count) {
  return Reader(tokenizer, config, count).read();
}
