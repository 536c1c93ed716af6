//===- Builder.cpp - names, scopes and calls of a kernel ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Builder.h"

#include "Async.h"

#include <algorithm>

using namespace ptx;

bool Builder::fail(unsigned line, const std::string &message) {
  if (error.empty())
    error = "line " + std::to_string(line) + ": " + message;
  return false;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

Entity *Builder::find(const std::string &name) {
  for (size_t i = scopes.size(); i-- > firstScopes.back();)
    if (auto found = scopes[i].find(name); found != scopes[i].end())
      return &found->second;
  if (auto found = scopes[0].find(name); found != scopes[0].end())
    return &found->second;
  return findShared(name);
}

/// Shared variables of the module take room in kernels that name them.
Entity *Builder::findShared(const std::string &name) {
  for (const Variable &variable : syntax.variables) {
    if (variable.name != name || variable.space != Space::Shared)
      continue;
    Entity &entity = scopes[0][name];
    entity.kind = Entity::Address;
    entity.space = Space::Shared;
    if (variable.isExtern && !variable.bytes) {
      entity.kind = Entity::DynamicShared;
      dynamicAlign = std::max<uint32_t>(dynamicAlign, variable.align);
    } else {
      entity.value = allocateShared(variable);
    }
    return &entity;
  }
  return nullptr;
}

uint32_t Builder::allocateShared(const Variable &variable) {
  uint32_t offset =
      (sharedEnd + variable.align - 1) / variable.align * variable.align;
  sharedEnd = offset + variable.bytes;
  return offset;
}

uint32_t Builder::addSlot(Slot slot) {
  kernel.slots.push_back(std::move(slot));
  return kernel.slots.size() - 1;
}

uint32_t Builder::slotOf(Entity &entity, const std::string &name) {
  if (entity.slot < 0) {
    Slot slot;
    slot.bytes = entity.type == Type::Pred   ? 0
                 : bytesOf(entity.type) == 8 ? 8
                                             : 4;
    slot.name = name;
    entity.slot = addSlot(slot);
  }
  return entity.slot;
}

uint32_t Builder::constant(uint64_t value, unsigned bytes) {
  auto [found, isNew] = constants.try_emplace({value, bytes}, 0);
  if (isNew) {
    Slot slot;
    slot.kind = Slot::Constant;
    slot.bytes = bytes;
    slot.value = value;
    found->second = addSlot(slot);
  }
  return found->second;
}

uint32_t Builder::special(Special special, unsigned bytes,
                          const std::string &name) {
  auto [found, isNew] = specials.try_emplace({special, bytes}, 0);
  if (isNew) {
    Slot slot;
    slot.kind = Slot::SpecialRegister;
    slot.bytes = bytes;
    slot.special = special;
    slot.name = name;
    found->second = addSlot(slot);
  }
  return found->second;
}

uint32_t Builder::dynamicShared(unsigned bytes) {
  auto [found, isNew] = dynamics.try_emplace(bytes, 0);
  if (isNew) {
    Slot slot;
    slot.kind = Slot::Constant;
    slot.bytes = bytes;
    found->second = addSlot(slot);
  }
  return found->second;
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

bool Builder::declare(const Variable &variable, unsigned line) {
  constexpr uint64_t most = 1 << 19; // of a lane's local memory, by the ISA
  if (variable.bytes > most || kernel.localBytes > most)
    return fail(line, "variable " + variable.name + " is too large");
  Entity &entity = scopes.back()[variable.name];
  entity.kind = Entity::Address;
  switch (variable.space) {
  case Space::Shared:
    entity.space = Space::Shared;
    if (variable.isExtern) {
      entity.kind = Entity::DynamicShared;
      dynamicAlign = std::max<uint32_t>(dynamicAlign, variable.align);
    } else {
      entity.value = allocateShared(variable);
    }
    return true;
  case Space::Local:
  case Space::Param: // of a call: it has a lane's memory, as locals do
    entity.space = Space::Local;
    entity.value = (kernel.localBytes + variable.align - 1) / variable.align *
                   variable.align;
    kernel.localBytes = entity.value + variable.bytes;
    return true;
  default:
    return fail(line, "variable " + variable.name +
                          " of this space in a function is not supported");
  }
}

/// A scope of its own for the items from `at`, an Enter, to its Leave. Labels
/// may be named before they stand.
bool Builder::enter(const std::vector<Item> &items, size_t at) {
  Scope &scope = scopes.emplace_back();
  unsigned depth = 0;
  for (size_t i = at; i < items.size(); ++i) {
    const Item &item = items[i];
    if (item.kind == Item::Enter)
      ++depth;
    else if (item.kind == Item::Leave && --depth == 0)
      break;
    if (depth != 1 || (item.kind != Item::Label && item.kind != Item::Branches))
      continue;
    Entity &entity = scope[item.name];
    if (entity.kind != Entity::None)
      return fail(item.line, "label " + item.name + " stands here twice");
    entity.kind = item.kind == Item::Label ? Entity::Label : Entity::Branches;
    entity.value = labels.size();
    if (item.kind == Item::Label)
      labels.push_back(0);
  }
  return true;
}

bool Builder::walk(const Function &function) {
  const std::vector<Item> &items = function.items;
  for (size_t at = 0; at < items.size(); ++at) {
    const Item &item = items[at];
    switch (item.kind) {
    case Item::Enter:
      if (!enter(items, at))
        return false;
      break;
    case Item::Leave:
      scopes.pop_back();
      break;
    case Item::Register:
      for (unsigned i = 0; i < std::max(item.count, 1u); ++i) {
        Entity entity;
        entity.kind = Entity::Register;
        entity.type = item.type;
        scopes.back()[item.count ? item.name + std::to_string(i) : item.name] =
            entity;
      }
      break;
    case Item::Declare:
      if (!declare(item.variable, item.line))
        return false;
      break;
    case Item::Label:
      labels[scopes.back()[item.name].value] = kernel.code.size();
      break;
    case Item::Branches: {
      Entity &branches = scopes.back()[item.name];
      for (const std::string &target : item.targets) {
        Entity *label = find(target);
        if (!label || label->kind != Entity::Label)
          return fail(item.line, "unknown label " + target);
        branches.labels.push_back(label->value);
      }
      break;
    }
    case Item::Execute:
      if (!(item.statement.opcode == "call" ? inlineCall(item) : execute(item)))
        return false;
      break;
    }
  }
  return true;
}

static const DecodeTable &decodeTable() {
  static const DecodeTable *table = [] {
    auto *table = new DecodeTable();
    for (auto add : {addIntegers, addFloats, addConversions, addMoves,
                     addMemory, addAtomics, addWarpOperations, addControl,
                     addBarriers, addMatrices, addAsync, addWgmma})
      add(*table);
    return table;
  }();
  return *table;
}

bool Builder::execute(const Item &item) {
  auto found = decodeTable().find(item.statement.opcode);
  if (found == decodeTable().end())
    return fail(item.line, "unknown instruction: " + std::string(item.text));
  Instruction in;
  in.line = item.line;
  in.text = item.text;
  Decoder decoder(*this, item, in);
  if (!item.statement.guard.empty()) {
    Argument guard;
    guard.name = item.statement.guard;
    if (!decoder.source(guard, Type::Pred))
      return false;
    in.hasGuard = true;
    in.guard = decoder.operands.back();
    in.guard.negated = item.statement.guardNegated;
    decoder.operands.clear();
  }
  if (!found->second(decoder))
    return false;
  // Addresses name slots that must be defined, whatever else.
  in.count = decoder.operands.size();
  for (const Operand &operand : decoder.operands)
    in.strict |= operand.isAddress;
  kernel.operands.push_back(std::move(decoder.operands));
  in.operands = kernel.operands.back().data();
  kernel.code.push_back(std::move(in));
  return true;
}

bool Builder::inlineCall(const Item &item) {
  const std::vector<Argument> &arguments = item.statement.arguments;
  size_t at = 0;
  const Argument *results = nullptr, *parameters = nullptr;
  if (at < arguments.size() && arguments[at].kind == Argument::Group)
    results = &arguments[at++];
  if (at == arguments.size() || arguments[at].kind != Argument::Name)
    return fail(item.line,
                "expected a function's name: " + std::string(item.text));
  const std::string &name = arguments[at++].name;
  if (at < arguments.size() && arguments[at].kind == Argument::Group)
    parameters = &arguments[at++];
  auto callee = std::find_if(
      syntax.functions.begin(), syntax.functions.end(),
      [&](const Function &f) { return f.name == name && f.hasBody; });
  if (at != arguments.size() || callee == syntax.functions.end())
    return fail(item.line, "call of " + name + ", which has no body here");
  if (!item.statement.guard.empty())
    return fail(item.line, "a guarded call is not supported");
  if (std::find(callees.begin(), callees.end(), name) != callees.end())
    return fail(item.line, "recursion is not supported: call of " + name);

  // The callee's parameters are the caller's variables.
  Scope bound;
  auto bind = [&](const std::vector<Variable> &formals,
                  const Argument *actuals) {
    if (formals.size() != (actuals ? actuals->parts.size() : 0))
      return fail(item.line,
                  "call of " + name + " with " +
                      std::to_string(actuals ? actuals->parts.size() : 0) +
                      " arguments of " + std::to_string(formals.size()));
    for (size_t i = 0; i < formals.size(); ++i) {
      Entity *entity = find(actuals->parts[i].name);
      if (!entity || entity->kind != Entity::Address)
        return fail(item.line, "unknown argument " + actuals->parts[i].name);
      bound[formals[i].name] = *entity;
    }
    return true;
  };
  if (!bind(callee->results, results) || !bind(callee->parameters, parameters))
    return false;
  size_t depth = scopes.size();
  scopes.push_back(std::move(bound));
  firstScopes.push_back(depth);
  returns.push_back(labels.size());
  labels.push_back(0);
  callees.push_back(name);
  bool ok = walk(*callee);
  callees.pop_back();
  labels[returns.back()] = kernel.code.size();
  returns.pop_back();
  firstScopes.pop_back();
  scopes.resize(depth);
  return ok;
}

bool Builder::build(const Function &entry) {
  kernel.name = entry.name;
  Scope &global = scopes.emplace_back();
  for (auto &[name, variable] : module.globals) {
    Entity &entity = global[name];
    entity.kind = Entity::Address;
    entity.space = Space::Global;
    entity.value = variable.address;
  }
  Scope &parameters = scopes.emplace_back();
  for (const Variable &variable : entry.parameters) {
    Parameter parameter;
    parameter.name = variable.name;
    parameter.bytes = variable.bytes;
    parameter.offset = (kernel.parameterBytes + variable.align - 1) /
                       variable.align * variable.align;
    kernel.parameterBytes = parameter.offset + parameter.bytes;
    if (variable.bytes > 32764 || kernel.parameterBytes > 32764)
      return fail(entry.line, "more than 32764 bytes of parameters");
    Entity &entity = parameters[variable.name];
    entity.kind = Entity::Address;
    entity.space = Space::Param;
    entity.value = parameter.offset;
    kernel.parameters.push_back(parameter);
  }
  for (unsigned i = 0; i < 3; ++i)
    kernel.requiredThreads[i] = entry.requiredThreads[i];
  kernel.maxThreads =
      entry.maxThreads[0] * entry.maxThreads[1] * entry.maxThreads[2];
  firstScopes.push_back(1);
  returns.push_back(-1);
  if (!walk(entry))
    return false;
  // A body may end with a label and without a ret.
  Item end;
  end.line = entry.line;
  end.statement.opcode = "exit";
  end.text = "exit";
  if (!execute(end))
    return false;
  resolveBranches();
  layOut();
  return true;
}

void Builder::resolveBranches() {
  for (Instruction &in : kernel.code) {
    if (!in.isControl)
      continue;
    if (in.target != UINT32_MAX)
      in.target = labels[in.target];
    for (uint32_t &target : in.targets)
      target = labels[target];
  }
  findJoins(kernel);
}

/// Offsets of slots, and the register file that a warp begins with.
void Builder::layOut() {
  kernel.staticSharedBytes = sharedEnd - SharedBase;
  kernel.dynamicSharedOffset =
      (sharedEnd + dynamicAlign - 1) / dynamicAlign * dynamicAlign;
  for (auto [bytes, slot] : dynamics)
    kernel.slots[slot].value = kernel.dynamicSharedOffset;
  kernel.localBytes = (kernel.localBytes + 15) / 16 * 16;
  uint32_t offset = 0;
  for (Slot &slot : kernel.slots) {
    slot.offset = offset;
    // Predicates keep to the alignment, too.
    offset += slot.bytes == 8 ? 256 : slot.bytes == 4 ? 128 : 64;
  }
  kernel.registerBytes = offset;
  kernel.image.assign(offset, 0);
  kernel.defined.assign(kernel.slots.size(), 0);
  for (size_t i = 0; i < kernel.slots.size(); ++i) {
    const Slot &slot = kernel.slots[i];
    if (slot.kind != Slot::Register)
      kernel.defined[i] = UINT32_MAX;
    if (slot.kind != Slot::Constant)
      continue;
    uint8_t *to = kernel.image.data() + slot.offset;
    if (!slot.bytes)
      memset(to, slot.value ? 0xff : 0, 4);
    for (unsigned lane = 0; lane < 32 && slot.bytes; ++lane)
      memcpy(to + lane * slot.bytes, &slot.value, slot.bytes);
  }
  for (std::vector<Operand> &list : kernel.operands)
    for (Operand &operand : list)
      operand.offset = kernel.slots[operand.slot].offset;
  for (Instruction &in : kernel.code) {
    in.guard.offset = in.hasGuard ? kernel.slots[in.guard.slot].offset : 0;
    kernel.usesWgmma |= in.mode == WgmmaMode;
  }
}
