//===- Lexer.cpp - the words of PTX ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Lexer.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace ptx;

namespace {
bool isWordStart(char c) {
  return isalpha(c) || c == '_' || c == '$' || c == '%';
}
bool isWordPart(char c) { return isalnum(c) || c == '_' || c == '$'; }

class Lexer {
public:
  Lexer(std::string_view source, std::vector<Token> &tokens)
      : at(source.data()), end(source.data() + source.size()), tokens(tokens) {}

  bool run(std::string &error) {
    for (;;) {
      bool space = skipSpace();
      Token token;
      token.line = line;
      token.afterSpace = space;
      if (at == end) {
        tokens.push_back(token);
        return true;
      }
      const char *begin = at;
      if (!scan(token)) {
        char code[8];
        snprintf(code, sizeof(code),
                 isprint(uint8_t(*begin)) ? "'%c'" : "0x%02x", uint8_t(*begin));
        error =
            "line " + std::to_string(line) + ": unexpected character " + code;
        return false;
      }
      token.text = std::string_view(begin, at - begin);
      tokens.push_back(token);
    }
  }

private:
  char peek(unsigned ahead = 0) const {
    return at + ahead < end ? at[ahead] : '\0';
  }

  bool skipSpace() {
    const char *begin = at;
    while (at < end) {
      if (*at == '\n') {
        ++line, ++at;
      } else if (isspace(static_cast<unsigned char>(*at)) || *at == '\0') {
        ++at;
      } else if (*at == '/' && peek(1) == '/') {
        while (at < end && *at != '\n')
          ++at;
      } else if (*at == '/' && peek(1) == '*') {
        for (at += 2; at < end && !(*at == '*' && peek(1) == '/'); ++at)
          line += *at == '\n';
        at = at + 2 < end ? at + 2 : end;
      } else {
        break;
      }
    }
    return at != begin;
  }

  bool scan(Token &token) {
    if (isWordStart(*at)) {
      token.kind = Token::Word;
      for (++at; at < end && isWordPart(*at);)
        ++at;
      return true;
    }
    if (*at == '.' && isWordPart(peek(1))) {
      token.kind = Token::Dotted;
      for (++at; isWordPart(peek()) || (peek() == ':' && peek(1) == ':');)
        at += peek() == ':' ? 2 : 1;
      return true;
    }
    if (isdigit(*at))
      return scanNumber(token);
    if (*at == '"') {
      token.kind = Token::String;
      for (++at; at < end && *at != '"'; ++at)
        line += *at == '\n';
      at += at < end;
      return true;
    }
    if (!strchr("{}[]()<>,;:@!+-|=*&", *at))
      return false;
    token.kind = Token::Punctuation;
    ++at;
    return true;
  }

  /// 0f and 0d are followed by the digits of the bits.
  bool scanNumber(Token &token) {
    std::string digits;
    if (*at == '0' && strchr("fFdD", peek(1)) && peek(1)) {
      token.kind = Token::Float;
      token.isSingle = tolower(peek(1)) == 'f';
      for (at += 2; isxdigit(peek());)
        digits += *at++;
      token.value = strtoull(digits.c_str(), nullptr, 16);
      return digits.size() == (token.isSingle ? 8 : 16);
    }
    const char *begin = at;
    bool isHex = *at == '0' && tolower(peek(1)) == 'x';
    for (at += isHex ? 2 : 0; isHex ? isxdigit(peek()) : isdigit(peek());)
      ++at;
    if (!isHex && peek() == '.' && isdigit(peek(1))) {
      for (++at; isdigit(peek()) || tolower(peek()) == 'e' ||
                 (strchr("+-", peek()) && tolower(at[-1]) == 'e');)
        ++at;
      token.kind = Token::Float;
      double number = strtod(std::string(begin, at).c_str(), nullptr);
      memcpy(&token.value, &number, sizeof(number));
      return true;
    }
    token.kind = Token::Integer;
    token.value = strtoull(std::string(begin, at).c_str(), nullptr, 0);
    if (peek() == 'U')
      ++at;
    return true;
  }

  const char *at, *end;
  unsigned line = 1;
  std::vector<Token> &tokens;
};
} // namespace

bool ptx::lex(std::string_view source, std::vector<Token> &tokens,
              std::string &error) {
  return Lexer(source, tokens).run(error);
}
