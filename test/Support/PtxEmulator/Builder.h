//===- Builder.h - decodes a kernel -----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_BUILDER_H
#define PTX_EMULATOR_BUILDER_H

#include "Decoder.h"

#include <unordered_map>

namespace ptx {

/// What a name means.
struct Entity {
  enum Kind {
    None,
    Register,
    Address, // a constant of a space
    DynamicShared,
    Label,
    Branches,
  };
  Kind kind = None;
  Type type = Type::None;       // Register
  int slot = -1;                // Register, once used
  Space space = Space::Generic; // Address
  uint64_t value = 0;           // Address; Label: its number
  std::vector<uint64_t> labels; // Branches
};

class Builder {
public:
  Builder(const ModuleSyntax &syntax, Module &module, Kernel &kernel,
          std::string &error)
      : kernel(kernel), syntax(syntax), module(module), error(error) {}

  bool build(const Function &entry);

  Entity *find(const std::string &name);
  uint32_t slotOf(Entity &entity, const std::string &name);
  uint32_t constant(uint64_t value, unsigned bytes);
  uint32_t special(Special special, unsigned bytes, const std::string &name);
  uint32_t addSlot(Slot slot);
  /// The operand of a constant that becomes the dynamic shared memory's offset.
  uint32_t dynamicShared(unsigned bytes);
  bool fail(unsigned line, const std::string &message);
  /// Where the function that is walked goes on when it returns; -1: it exits.
  int returnLabel() const { return returns.back(); }

  Kernel &kernel;

private:
  using Scope = std::unordered_map<std::string, Entity>;

  bool walk(const Function &function);
  bool enter(const std::vector<Item> &items, size_t at);
  bool declare(const Variable &variable, unsigned line);
  bool execute(const Item &item);
  bool inlineCall(const Item &item);
  Entity *findShared(const std::string &name);
  uint32_t allocateShared(const Variable &variable);
  void resolveBranches();
  void layOut();

  const ModuleSyntax &syntax;
  Module &module;
  std::string &error;
  std::deque<Scope> scopes; // innermost last; the first is the module's
  // Calls begin where names of the caller are not seen.
  std::vector<size_t> firstScopes;
  std::vector<int> returns;
  std::vector<std::string> callees; // to find recursion
  std::vector<uint32_t> labels;     // positions
  std::map<std::pair<uint64_t, unsigned>, uint32_t> constants;
  std::map<std::pair<Special, unsigned>, uint32_t> specials;
  std::map<unsigned, uint32_t> dynamics; // slots to patch, by bytes
  uint32_t sharedEnd = SharedBase, dynamicAlign = 16;
};

/// Sets `join` of every branch: its immediate post-dominator.
void findJoins(Kernel &kernel);

} // namespace ptx
#endif
