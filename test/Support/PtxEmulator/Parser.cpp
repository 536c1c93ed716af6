//===- Parser.cpp - from the text of PTX to its syntax --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Lexer.h"
#include "Syntax.h"

#include <algorithm>
#include <cstring>

using namespace ptx;

namespace {
/// Every function answers false once there is an error.
class Parser {
public:
  Parser(std::string_view source, std::vector<Token> &tokens,
         ModuleSyntax &module, std::string &error)
      : source(source), tokens(tokens), module(module), error(error) {}

  bool run() {
    while (peek().kind != Token::End)
      if (!parseTopLevel())
        return false;
    if (module.target.empty())
      return fail("expected a .target");
    return true;
  }

private:
  const Token &peek(unsigned ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }
  const Token &next() {
    const Token &token = peek();
    at += at + 1 < tokens.size();
    return token;
  }
  template <typename T> bool take(T what) {
    if (!peek().is(what))
      return false;
    next();
    return true;
  }
  bool fail(const std::string &message) {
    if (error.empty())
      error = "line " + std::to_string(peek().line) + ": " + message +
              ", got '" + std::string(peek().text) + "'";
    return false;
  }
  bool expect(char c) {
    return take(c) || fail(std::string("expected '") + c + "'");
  }
  bool expectName(std::string &name) {
    if (peek().kind != Token::Word)
      return fail("expected a name");
    name = next().text;
    return true;
  }
  bool expectInteger(uint64_t &value) {
    if (peek().kind != Token::Integer)
      return fail("expected an integer");
    value = next().value;
    return true;
  }
  bool skipTo(char c) {
    while (peek().kind != Token::End && !peek().is(c))
      next();
    return expect(c);
  }

  bool parseTopLevel() {
    if (take(".version")) {
      module.version = next().text;
      return true;
    }
    if (take(".target")) {
      module.target = next().text;
      while (take(','))
        next(); // texmode_independent, debug
      return true;
    }
    if (take(".address_size")) {
      uint64_t size = 0;
      if (!expectInteger(size))
        return false;
      return size == 64 || fail("expected addresses of 64 bits");
    }
    if (take(".file")) {
      unsigned line = peek().line;
      while (peek().kind != Token::End && peek().line == line)
        next();
      return true;
    }
    if (take(".section")) {
      next();
      return expect('{') && skipTo('}');
    }
    if (take(".pragma"))
      return skipTo(';');
    bool isExtern = false, isVisible = false;
    while (peek().is(".visible") || peek().is(".extern") ||
           peek().is(".weak") || peek().is(".common")) {
      isExtern |= peek().is(".extern");
      isVisible |= !peek().is(".extern");
      next();
    }
    if (peek().is(".entry") || peek().is(".func"))
      return parseFunction();
    Variable variable;
    variable.isExtern = isExtern;
    variable.isVisible = isVisible;
    if (!parseVariable(variable) || !expect(';'))
      return false;
    module.variables.push_back(std::move(variable));
    return true;
  }

  bool parseSpace(Space &space) {
    static constexpr std::pair<std::string_view, Space> spaces[] = {
        {".global", Space::Global},
        {".shared", Space::Shared},
        {".local", Space::Local},
        {".param", Space::Param},
        {".const", Space::Const}};
    for (auto &[name, value] : spaces)
      if (take(name)) {
        space = value;
        return true;
      }
    return fail("expected a declaration");
  }

  /// .shared .align 16 .b8 name[64] and, of a parameter, .u64 .ptr .align 1
  /// name
  bool parseVariable(Variable &variable) {
    if (!parseSpace(variable.space))
      return false;
    uint64_t lanes = 1;
    while (peek().kind == Token::Dotted) {
      std::string_view word = next().text.substr(1);
      if (word == "align") {
        uint64_t align;
        if (!expectInteger(align))
          return false;
        // The alignment of what a pointer points to is a promise, not a layout.
        if (!align || align > MaxAlign || (align & (align - 1)))
          return fail("expected a power of two as alignment before this");
        if (!isPointer)
          variable.align = std::max(variable.align, align);
      } else if (word == "ptr") {
        isPointer = true;
      } else if (word == "v2" || word == "v4") {
        lanes = word[1] - '0';
      } else if (Type type = typeNamed(word); type != Type::None) {
        variable.type = type;
      } else if (!isPointer && word != "attribute") {
        return fail("unknown property of a variable before this");
      }
    }
    isPointer = false;
    if (!expectName(variable.name))
      return false;
    uint64_t count = lanes, size = bytesOf(variable.type);
    variable.align = std::max<uint64_t>(variable.align, size * lanes);
    while (take('[')) {
      variable.isArray = true;
      uint64_t extent = 0;
      if (!peek().is(']') && !expectInteger(extent))
        return false;
      if (extent > MaxBytes || count * extent > MaxBytes)
        return fail("too large a variable before this");
      count *= extent;
      if (!expect(']'))
        return false;
    }
    variable.bytes = count * size;
    if (take('=') && !parseInitial(variable, size))
      return false;
    if (variable.bytes < variable.initial.size())
      variable.bytes = variable.initial.size();
    return true;
  }

  bool parseInitial(Variable &variable, uint64_t size) {
    if (take('{')) {
      do
        if (!parseInitial(variable, size))
          return false;
      while (take(','));
      return expect('}');
    }
    bool negative = take('-');
    if (peek().kind != Token::Integer && peek().kind != Token::Float)
      return fail("expected a number (addresses in initial values are not "
                  "supported)");
    const Token &token = next();
    uint64_t value = token.value;
    if (token.kind == Token::Float && !token.isSingle && size == 4) {
      double number;
      memcpy(&number, &value, 8);
      float single = static_cast<float>(number);
      memcpy(&value, &single, 4);
    }
    if (negative)
      value = token.kind == Token::Float ? value ^ 1ull << (8 * size - 1)
                                         : 0 - value;
    for (uint64_t i = 0; i < size; ++i)
      variable.initial.push_back(value >> 8 * i & 0xff);
    return true;
  }

  bool parseParameters(std::vector<Variable> &parameters) {
    if (!expect('('))
      return false;
    while (!peek().is(')')) {
      Variable parameter;
      if (!parseVariable(parameter))
        return false;
      parameters.push_back(std::move(parameter));
      if (!take(','))
        break;
    }
    return expect(')');
  }

  bool parseThreads(unsigned (&threads)[3]) {
    for (unsigned i = 0; i < 3; ++i) {
      uint64_t value = 1;
      if ((i == 0 || take(',')) && !expectInteger(value))
        return false;
      threads[i] = value;
    }
    return true;
  }

  bool parseFunction() {
    Function function;
    function.line = peek().line;
    function.isEntry = next().is(".entry");
    if (!function.isEntry && peek().is('(') &&
        !parseParameters(function.results))
      return false;
    if (!expectName(function.name))
      return false;
    if (peek().is('(') && !parseParameters(function.parameters))
      return false;
    while (!peek().is('{') && !peek().is(';')) {
      uint64_t value;
      if (take(".maxntid")) {
        if (!parseThreads(function.maxThreads))
          return false;
      } else if (take(".reqntid")) {
        if (!parseThreads(function.requiredThreads))
          return false;
      } else if (take(".minnctapersm") || take(".maxnreg") ||
                 take(".maxclusterrank")) {
        if (!expectInteger(value))
          return false;
      } else if (!take(".noreturn") && !take(".explicitcluster")) {
        return fail("expected a function's body");
      }
    }
    if (peek().is('{')) {
      function.hasBody = true;
      if (!parseBlock(function.items))
        return false;
    } else {
      next();
    }
    module.functions.push_back(std::move(function));
    return true;
  }

  Item &add(std::vector<Item> &items, Item::Kind kind, unsigned line) {
    items.emplace_back();
    items.back().kind = kind;
    items.back().line = line;
    return items.back();
  }

  bool parseBlock(std::vector<Item> &items) {
    add(items, Item::Enter, peek().line);
    if (!expect('{'))
      return false;
    while (!peek().is('}'))
      if (!parseItem(items))
        return false;
    add(items, Item::Leave, next().line);
    return true;
  }

  bool parseItem(std::vector<Item> &items) {
    const Token &first = peek();
    if (first.kind == Token::End)
      return fail("expected '}'");
    if (first.is('{'))
      return parseBlock(items);
    if (take(';'))
      return true;
    if (take(".loc")) {
      while (peek().line == first.line && peek().kind != Token::End)
        next();
      return true;
    }
    if (take(".pragma"))
      return skipTo(';');
    if (take(".reg"))
      return parseRegisters(items, first.line);
    if (first.kind == Token::Dotted) {
      Item &item = add(items, Item::Declare, first.line);
      return parseVariable(item.variable) && expect(';');
    }
    if (first.kind == Token::Word && peek(1).is(':'))
      return parseLabel(items);
    return parseStatement(items);
  }

  bool parseRegisters(std::vector<Item> &items, unsigned line) {
    Type type = typeNamed(next().text.substr(1));
    if (type == Type::None)
      return fail("unknown type of a register before this");
    do {
      Item &item = add(items, Item::Register, line);
      item.type = type;
      if (!expectName(item.name))
        return false;
      uint64_t count;
      if (take('<')) {
        if (!expectInteger(count) || !expect('>'))
          return false;
        if (count > MaxRegisters || (registers += count) > MaxRegisters)
          return fail("too many registers before this");
        item.count = count;
      }
    } while (take(','));
    return expect(';');
  }

  bool parseLabel(std::vector<Item> &items) {
    Item &item = add(items, Item::Label, peek().line);
    item.name = next().text;
    next(); // the colon
    if (!take(".branchtargets"))
      return true;
    item.kind = Item::Branches;
    do {
      item.targets.emplace_back();
      if (!expectName(item.targets.back()))
        return false;
    } while (take(','));
    return expect(';');
  }

  bool parseStatement(std::vector<Item> &items) {
    Item &item = add(items, Item::Execute, peek().line);
    Statement &statement = item.statement;
    const char *begin = peek().text.data();
    if (take('@')) {
      statement.guardNegated = take('!');
      if (!expectName(statement.guard))
        return false;
    }
    if (peek().kind != Token::Word)
      return fail("expected an instruction");
    statement.opcode = next().text;
    while (peek().kind == Token::Dotted && !peek().afterSpace)
      statement.modifiers.emplace_back(next().text.substr(1));
    while (!peek().is(';')) {
      statement.arguments.emplace_back();
      if (!parseArgument(statement.arguments.back()))
        return false;
      if (!take(','))
        break;
    }
    item.text = std::string_view(begin, peek().text.data() - begin);
    return expect(';');
  }

  bool parseArguments(std::vector<Argument> &arguments, char close) {
    while (!peek().is(close)) {
      arguments.emplace_back();
      if (!parseArgument(arguments.back()))
        return false;
      if (!take(','))
        break;
    }
    return expect(close);
  }

  bool parseArgument(Argument &argument) {
    if (take('{')) {
      argument.kind = Argument::Vector;
      return parseArguments(argument.parts, '}');
    }
    if (take('(')) {
      argument.kind = Argument::Group;
      return parseArguments(argument.parts, ')');
    }
    if (take('['))
      return parseAddress(argument);
    if (take('!')) {
      argument.negated = true;
      return expectName(argument.name);
    }
    if (peek().is('-') || peek().kind == Token::Integer ||
        peek().kind == Token::Float)
      return parseNumber(argument);
    if (!expectName(argument.name))
      return false;
    // The parts of special registers: %tid.x
    if (argument.name[0] == '%' && peek().kind == Token::Dotted &&
        !peek().afterSpace)
      argument.name += next().text;
    if (take('+') || peek().is('-')) { // mov.u64 %rd1, symbol+8
      Argument number;
      if (!parseNumber(number))
        return false;
      argument.displacement = static_cast<int64_t>(number.value);
    }
    if (!take('|'))
      return true;
    argument.parts.emplace_back();
    return expectName(argument.parts.back().name);
  }

  bool parseNumber(Argument &argument) {
    bool negative = take('-');
    if (peek().kind != Token::Integer && peek().kind != Token::Float)
      return fail("expected a number");
    const Token &token = next();
    argument.value = token.value;
    argument.isSingle = token.isSingle;
    argument.kind =
        token.kind == Token::Float ? Argument::Float : Argument::Integer;
    if (negative && token.kind == Token::Integer)
      argument.value = 0 - argument.value;
    else if (negative)
      argument.value ^= token.isSingle ? 1ull << 31 : 1ull << 63;
    return true;
  }

  bool parseAddress(Argument &argument) {
    argument.kind = Argument::Address;
    if (peek().kind == Token::Word)
      argument.name = next().text;
    while (take('+') || peek().is('-') || peek().kind == Token::Integer) {
      Argument number;
      if (!parseNumber(number))
        return false;
      argument.displacement += static_cast<int64_t>(number.value);
    }
    while (take(',')) {
      argument.parts.emplace_back();
      if (!parseArgument(argument.parts.back()))
        return false;
    }
    return expect(']');
  }

  // Far more than what means something, so that no text takes all memory.
  static constexpr uint64_t MaxAlign = 1 << 16, MaxBytes = 1ull << 36,
                            MaxRegisters = 1 << 20;

  std::string_view source;
  std::vector<Token> &tokens;
  size_t at = 0;
  uint64_t registers = 0; // declared in all
  bool isPointer = false;
  ModuleSyntax &module;
  std::string &error;
};
} // namespace

bool ptx::parse(std::string_view source, ModuleSyntax &module,
                std::string &error) {
  std::vector<Token> tokens;
  if (!lex(source, tokens, error))
    return false;
  return Parser(source, tokens, module, error).run();
}
