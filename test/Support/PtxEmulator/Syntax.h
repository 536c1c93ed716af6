//===- Syntax.h - a PTX module as it is written -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the parser makes of the text. Names are not resolved: a function's body
// is a flat list of items, with the braces in it, that the builder walks once
// for the kernel and once more for every call.
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_SYNTAX_H
#define PTX_EMULATOR_SYNTAX_H

#include "Types.h"

#include <string>
#include <string_view>
#include <vector>

namespace ptx {

struct Argument {
  enum Kind { Name, Integer, Float, Vector, Address, Group };
  Kind kind = Name;
  std::string name;         // Name; Address: its base, or empty
  uint64_t value = 0;       // Integer; Float: bits
  int64_t displacement = 0; // Address
  bool isSingle = false;    // Float: bits of an f32
  bool negated = false;     // !%p
  // Vector and Group (the parentheses of a call): the parts. Name: what follows
  // a bar, as in %p|%q. Address: what follows a comma, as in [%rd, {%r1, %r2}].
  std::vector<Argument> parts;
};

struct Statement {
  std::string opcode;                 // mul
  std::vector<std::string> modifiers; // wide, u32
  std::vector<Argument> arguments;
  std::string guard; // @%p
  bool guardNegated = false;
};

struct Variable {
  Space space = Space::Generic;
  Type type = Type::None;
  std::string name;
  uint64_t align = 1, bytes = 0;
  bool isArray = false, isExtern = false, isVisible = false;
  std::vector<uint8_t> initial;
};

struct Item {
  enum Kind { Enter, Leave, Register, Declare, Label, Execute, Branches };
  Kind kind = Execute;
  unsigned line = 0;
  std::string_view text;            // of a statement, for messages
  std::string name;                 // Register, Label, Branches
  Type type = Type::None;           // Register
  unsigned count = 0;               // Register: %r<count>, or 0 for one
  std::vector<std::string> targets; // Branches
  Variable variable;                // Declare
  Statement statement;              // Execute
};

struct Function {
  std::string name;
  unsigned line = 0;
  bool isEntry = false, hasBody = false;
  std::vector<Variable> parameters, results;
  std::vector<Item> items;
  unsigned maxThreads[3] = {0, 0, 0}, requiredThreads[3] = {0, 0, 0};
};

struct ModuleSyntax {
  std::string version, target;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

/// Reads `source`, which must outlive the result. On failure `error` names the
/// line and what stands there.
bool parse(std::string_view source, ModuleSyntax &module, std::string &error);

} // namespace ptx
#endif
