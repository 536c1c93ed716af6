//===- SentencePiece.cpp - the vocabulary of tokenizer.model ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// tokenizer.model is a message of sentencepiece, in protobuf's encoding:
//
//   1  pieces: 1 text, 2 score, 3 type, whose numbers are GGUF's
//   2  trainer: 3 kind (2 for pairs that are merged), 40 to 43 the numbers of
//      the unknown, first, last and padding tokens
//   3  normalizer: 3 whether a text gets a space in front
//===----------------------------------------------------------------------===//

#include "Vocabulary.h"
#include "llvm/Support/JSON.h"
#include <cstring>

using namespace llvm;
using namespace squint;

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

} // namespace

//===----------------------------------------------------------------------===//
// The message
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

Expected<std::optional<Vocabulary>> squint::readSentencePiece(StringRef bytes) {
  Vocabulary result;
  bool isMerged = false;
  // Unless the trainer says otherwise.
  constexpr int64_t usual[] = {0, 1, 2, -1};
  llvm::copy(usual, result.special);
  auto readPiece = [&](StringRef message) -> Error {
    Vocabulary::Token token{"", 0.0f, Vocabulary::Normal};
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
        isMerged = f.number == 2;
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
  if (!isMerged)
    return std::nullopt;
  return std::optional(std::move(result));
}
