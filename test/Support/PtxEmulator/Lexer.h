//===- Lexer.h - the words of PTX -------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_LEXER_H
#define PTX_EMULATOR_LEXER_H

#include <string>
#include <string_view>
#include <vector>

namespace ptx {

struct Token {
  enum Kind {
    Word,   // add, %r1, $L__BB0_1, _
    Dotted, // .u32, .shared::cta
    Integer,
    Float, // value holds the bits: of an f32 (0f...), else of an f64
    String,
    Punctuation, // one character
    End
  };
  Kind kind = End;
  std::string_view text;
  unsigned line = 0;
  uint64_t value = 0;
  bool isSingle = false; // Float: 0f...
  bool afterSpace = false;

  bool is(char c) const { return kind == Punctuation && text[0] == c; }
  bool is(std::string_view word) const {
    return (kind == Word || kind == Dotted) && text == word;
  }
};

/// The tokens of `source`, which must outlive them, and one of kind End.
/// False, with `error` set, for a character that PTX does not have.
bool lex(std::string_view source, std::vector<Token> &tokens,
         std::string &error);

} // namespace ptx
#endif
