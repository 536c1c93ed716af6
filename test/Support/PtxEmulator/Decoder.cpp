//===- Decoder.cpp - modifiers and operands of a statement ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"

#include "Builder.h"
#include "Numbers.h"

#include <algorithm>

using namespace ptx;

bool Decoder::fail(const std::string &message) {
  return builder.fail(item.line, message + ": " + std::string(item.text));
}

bool Decoder::take(std::string_view modifier) {
  auto found = std::find(modifiers.begin(), modifiers.end(), modifier);
  if (found == modifiers.end())
    return false;
  modifiers.erase(found);
  return true;
}

int Decoder::takeOne(std::initializer_list<std::string_view> names) {
  int i = 0;
  for (std::string_view name : names) {
    if (take(name))
      return i;
    ++i;
  }
  return -1;
}

bool Decoder::takeAny(std::initializer_list<std::string_view> list) {
  bool any = false;
  for (std::string_view name : list)
    any |= take(name);
  return any;
}

bool Decoder::takePrefixed(std::string_view prefix, std::string &rest) {
  for (auto i = modifiers.begin(); i != modifiers.end(); ++i)
    if (i->compare(0, prefix.size(), prefix) == 0) {
      rest = i->substr(prefix.size());
      modifiers.erase(i);
      return true;
    }
  return false;
}

Type Decoder::takeType() {
  Type type = modifiers.empty() ? Type::None : typeNamed(modifiers.back());
  if (type == Type::None)
    fail("expected a type as the last modifier");
  else
    modifiers.pop_back();
  return type;
}

void Decoder::takeMemoryOrder() {
  takeAny({"weak", "relaxed", "acquire", "release", "acq_rel", "volatile", "sc",
           "mmio"});
  takeAny({"cta", "cluster", "gpu", "sys"});
}

void Decoder::takeCacheOperators() {
  takeAny({"ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc"});
  takeAny({"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first",
           "L1::evict_last", "L1::no_allocate", "L2::evict_first",
           "L2::evict_last", "L2::evict_normal", "L2::64B", "L2::128B",
           "L2::256B"});
}

Space Decoder::takeSpace() {
  if (takeAny({"shared", "shared::cta", "shared::cluster"}))
    return Space::Shared;
  if (take("global"))
    return Space::Global;
  if (takeAny({"param", "param::entry", "param::func"}))
    return Space::Param;
  if (take("local"))
    return Space::Local;
  return take("const") ? Space::Const : Space::Generic;
}

bool Decoder::expectArguments(size_t least, size_t most) {
  if (arguments() >= least && arguments() <= most)
    return true;
  return fail("expected " + std::to_string(least) + " operands, got " +
              std::to_string(arguments()));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static uint64_t immediateBits(const Argument &argument, Type type) {
  uint64_t bits = argument.value;
  if (argument.kind == Argument::Float) {
    double number;
    float single;
    memcpy(&number, &bits, 8);
    memcpy(&single, &bits, 4);
    if (argument.isSingle && type == Type::F64) {
      number = single;
      memcpy(&bits, &number, 8);
    } else if (!argument.isSingle && type == Type::F32) {
      single = static_cast<float>(number);
      bits = 0;
      memcpy(&bits, &single, 4);
    }
  }
  unsigned bytes = bytesOf(type);
  return bytes >= 8 || !bytes ? bits : bits & ((1ull << 8 * bytes) - 1);
}

static bool findSpecial(const std::string &name, Special &special,
                        unsigned &bytes) {
  static const std::unordered_map<std::string_view,
                                  std::pair<Special, unsigned>>
      names = {{"%tid.x", {Special::TidX, 4}},
               {"%tid.y", {Special::TidY, 4}},
               {"%tid.z", {Special::TidZ, 4}},
               {"%ntid.x", {Special::NtidX, 4}},
               {"%ntid.y", {Special::NtidY, 4}},
               {"%ntid.z", {Special::NtidZ, 4}},
               {"%ctaid.x", {Special::CtaidX, 4}},
               {"%ctaid.y", {Special::CtaidY, 4}},
               {"%ctaid.z", {Special::CtaidZ, 4}},
               {"%nctaid.x", {Special::NctaidX, 4}},
               {"%nctaid.y", {Special::NctaidY, 4}},
               {"%nctaid.z", {Special::NctaidZ, 4}},
               {"%laneid", {Special::LaneId, 4}},
               {"%warpid", {Special::WarpId, 4}},
               {"%nwarpid", {Special::NwarpId, 4}},
               {"%smid", {Special::SmId, 4}},
               {"%nsmid", {Special::NsmId, 4}},
               {"%gridid", {Special::GridId, 8}},
               {"%lanemask_eq", {Special::LaneMaskEq, 4}},
               {"%lanemask_le", {Special::LaneMaskLe, 4}},
               {"%lanemask_lt", {Special::LaneMaskLt, 4}},
               {"%lanemask_ge", {Special::LaneMaskGe, 4}},
               {"%lanemask_gt", {Special::LaneMaskGt, 4}},
               {"%dynamic_smem_size", {Special::DynamicShared, 4}},
               {"%total_smem_size", {Special::TotalShared, 4}},
               {"%clock", {Special::Clock, 4}},
               {"%clock_hi", {Special::ClockHi, 4}},
               {"%clock64", {Special::Clock64, 8}},
               {"%globaltimer", {Special::GlobalTimer, 8}},
               {"%cluster_ctarank", {Special::Zero, 4}},
               {"%cluster_nctarank", {Special::One, 4}},
               {"%cluster_ctaid.x", {Special::Zero, 4}},
               {"%cluster_ctaid.y", {Special::Zero, 4}},
               {"%cluster_ctaid.z", {Special::Zero, 4}},
               {"%cluster_nctaid.x", {Special::One, 4}},
               {"%cluster_nctaid.y", {Special::One, 4}},
               {"%cluster_nctaid.z", {Special::One, 4}},
               {"%clusterid.x", {Special::CtaidX, 4}},
               {"%clusterid.y", {Special::CtaidY, 4}},
               {"%clusterid.z", {Special::CtaidZ, 4}},
               {"%nclusterid.x", {Special::NctaidX, 4}},
               {"%nclusterid.y", {Special::NctaidY, 4}},
               {"%nclusterid.z", {Special::NctaidZ, 4}}};
  auto found = names.find(name);
  if (found == names.end())
    return false;
  special = found->second.first;
  bytes = found->second.second;
  return true;
}

bool Decoder::destination(const Argument &argument, Type type, bool relaxed) {
  if (argument.kind == Argument::Name && argument.name == "_") {
    operands.push_back(scratch(type));
    ++in.destinations;
    return true;
  }
  Entity *entity = argument.kind == Argument::Name && !argument.negated
                       ? builder.find(argument.name)
                       : nullptr;
  if (!entity || entity->kind != Entity::Register)
    return fail("expected a register as the destination");
  if (!source(argument, type, relaxed))
    return false;
  ++in.destinations;
  return true;
}

bool Decoder::source(const Argument &argument, Type type, bool relaxed) {
  Operand operand;
  unsigned want = bytesOf(type), lane = type == Type::Pred ? 0
                                        : want == 8        ? 8
                                                           : 4;
  if (want == 16)
    return fail("operands of 128 bits are not supported");
  operand.bytes = lane;
  operand.negated = argument.negated;
  switch (argument.kind) {
  case Argument::Integer:
  case Argument::Float:
    operand.slot = builder.constant(immediateBits(argument, type), lane);
    break;
  case Argument::Name: {
    Special special;
    unsigned bytes;
    if (findSpecial(argument.name, special, bytes)) {
      if (bytes < want || (bytes != want && !relaxed))
        return fail("the type is not that of " + argument.name);
      operand.bytes = bytes;
      operand.slot = builder.special(special, bytes, argument.name);
      break;
    }
    Entity *entity = builder.find(argument.name);
    if (!entity && argument.name == "WARP_SZ") {
      operand.slot = builder.constant(32, lane);
      break;
    }
    if (!entity)
      return fail("unknown name " + argument.name);
    if (entity->kind == Entity::Register) {
      unsigned bytes = bytesOf(entity->type);
      bool isPredicate = entity->type == Type::Pred;
      if (isPredicate != (type == Type::Pred) ||
          (relaxed ? bytes < want : bytes != want))
        return fail("the type is not that of register " + argument.name);
      operand.slot = builder.slotOf(*entity, argument.name);
      operand.bytes = builder.kernel.slots[operand.slot].bytes;
    } else if (entity->kind == Entity::Address && want >= 4) {
      operand.slot =
          builder.constant(entity->value + argument.displacement, lane);
    } else if (entity->kind == Entity::DynamicShared && want >= 4 &&
               !argument.displacement) {
      operand.slot = builder.dynamicShared(lane);
    } else {
      return fail("cannot be an operand here: " + argument.name);
    }
    break;
  }
  default:
    return fail("expected a register or a constant");
  }
  operands.push_back(operand);
  return true;
}

Operand Decoder::scratch(Type type) {
  Slot slot;
  slot.name = "_";
  slot.bytes = type == Type::Pred ? 0 : bytesOf(type) == 8 ? 8 : 4;
  Operand operand;
  operand.bytes = slot.bytes;
  operand.slot = builder.addSlot(slot);
  return operand;
}

bool Decoder::destination(size_t i, Type type, bool relaxed) {
  return i < arguments() ? destination(statement.arguments[i], type, relaxed)
                         : fail("expected more operands");
}

bool Decoder::source(size_t i, Type type, bool relaxed) {
  return i < arguments() ? source(statement.arguments[i], type, relaxed)
                         : fail("expected more operands");
}

bool Decoder::destinations(size_t i, Type type, unsigned count, bool relaxed) {
  if (i >= arguments())
    return fail("expected more operands");
  const Argument &argument = statement.arguments[i];
  if (argument.kind != Argument::Vector)
    return count == 1 ? destination(argument, type, relaxed)
                      : fail("expected registers in braces");
  if (argument.parts.size() != count)
    return fail("expected " + std::to_string(count) + " registers in braces");
  for (const Argument &part : argument.parts)
    if (!destination(part, type, relaxed))
      return false;
  return true;
}

bool Decoder::sources(size_t i, Type type, unsigned count, bool relaxed) {
  if (i >= arguments())
    return fail("expected more operands");
  const Argument &argument = statement.arguments[i];
  if (argument.kind != Argument::Vector)
    return count == 1 ? source(argument, type, relaxed)
                      : fail("expected registers in braces");
  if (argument.parts.size() != count)
    return fail("expected " + std::to_string(count) + " registers in braces");
  for (const Argument &part : argument.parts)
    if (!source(part, type, relaxed))
      return false;
  return true;
}

bool Decoder::address(size_t i) {
  if (i >= arguments() || statement.arguments[i].kind != Argument::Address)
    return fail("expected an address in brackets");
  const Argument &argument = statement.arguments[i];
  Operand operand;
  operand.isAddress = true;
  operand.displacement = argument.displacement;
  operand.bytes = 8;
  Entity *entity =
      argument.name.empty() ? nullptr : builder.find(argument.name);
  if (argument.name.empty()) {
    operand.slot = builder.constant(0, 8);
  } else if (!entity) {
    return fail("unknown name " + argument.name);
  } else if (entity->kind == Entity::Register) {
    if (bytesOf(entity->type) < 4)
      return fail("an address needs a register of 32 or 64 bits");
    operand.slot = builder.slotOf(*entity, argument.name);
    operand.bytes = builder.kernel.slots[operand.slot].bytes;
  } else if (entity->kind == Entity::Address) {
    operand.slot = builder.constant(entity->value, 8);
    // The parameters of a call are in a lane's own memory.
    if (in.space == Space::Param && entity->space == Space::Local)
      in.space = Space::Local;
    if (in.space == Space::Generic && entity->space != Space::Global)
      in.space = entity->space;
  } else if (entity->kind == Entity::DynamicShared) {
    operand.slot = builder.dynamicShared(8);
    if (in.space == Space::Generic)
      in.space = Space::Shared;
  } else {
    return fail("not an address: " + argument.name);
  }
  operands.push_back(operand);
  return true;
}

bool Decoder::isPredicate(const std::string &name) {
  Entity *entity = builder.find(name);
  return entity && entity->kind == Entity::Register &&
         entity->type == Type::Pred;
}

bool Decoder::immediate(size_t i, int64_t &value) {
  if (i >= arguments() || statement.arguments[i].kind != Argument::Integer)
    return fail("expected a constant");
  value = static_cast<int64_t>(statement.arguments[i].value);
  return true;
}

bool Decoder::finish(Handler handler) {
  if (!handler)
    return fail("this type is not supported");
  if (!modifiers.empty())
    return fail("unknown modifier ." + modifiers[0]);
  in.run = handler;
  return true;
}
