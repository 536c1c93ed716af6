//===- Vocabulary.h - what a model's tokens stand for -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_VOCABULARY_H
#define SQUINT_LIB_EXPORT_VOCABULARY_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squint {

/// Tokens and how texts are cut into them, in GGUF's terms.
struct Vocabulary {
  /// As GGUF numbers them.
  enum TokenType : int32_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6
  };
  /// The scores that llama.cpp's own converter gives.
  static constexpr float kAddedScore = -1000.0f, kUnusedScore = -10000.0f;

  struct Token {
    std::string text;
    float score = kUnusedScore;
    int32_t type = Unused;

    /// Whether no file has said what it is.
    bool isUnnamed() const { return text.empty() && type == Unused; }
  };

  /// The number of the unknown, first, last and padding token; -1 for none.
  enum Special { UnknownToken, FirstToken, LastToken, PaddingToken };

  /// `llama`: pairs are merged in the order of their scores; `gpt2`: in that of
  /// `merges`, bytes spelled as letters.
  llvm::StringLiteral kind = "llama";
  /// How a text is split before pairs are merged.
  llvm::StringLiteral preTokenizer = "default";
  std::vector<Token> tokens;
  std::vector<std::string> merges;
  int64_t special[4] = {-1, -1, -1, -1};
  /// Whether a text gets a first or last token, if anything says so.
  std::optional<bool> addsFirst, addsLast;
  bool hasSpaceInFront = true;
  bool isScored() const { return kind == "llama"; }
  /// What of the tokenizer these do not say, if anything.
  std::string doubt;
};

/// From the bytes of tokenizer.model; nothing for one of sentencepiece's other
/// kinds, whose pairs are not merged.
llvm::Expected<std::optional<Vocabulary>>
readSentencePiece(llvm::StringRef bytes);

/// From the objects of tokenizer.json and tokenizer_config.json; nothing for
/// kinds that GGUF has for other models. Tokens from `count` on, for which a
/// table has no rows, are left out.
llvm::Expected<std::optional<Vocabulary>>
readTokenizerJson(const llvm::json::Object &tokenizer,
                  const llvm::json::Object &config, int64_t count);

/// What tokenizer_config.json calls a token: a text, or an object with one.
/// Empty for none.
llvm::StringRef getTokenText(const llvm::json::Object &config,
                             llvm::StringRef key);

} // namespace squint

#endif
