//===- Program.h - a kernel, decoded ----------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every register, constant and special register of a kernel is a slot of its
// warps' register files: 32 lanes of 4 or 8 bytes (a predicate: one word with a
// bit a lane). An operand is the offset of a slot, so that a handler is one
// loop over lanes. Calls are inlined: the code is flat.
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_PROGRAM_H
#define PTX_EMULATOR_PROGRAM_H

#include "Memory.h"
#include "Types.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ptx {

struct Warp;
struct Instruction;
using Handler = void (*)(Warp &, const Instruction &);

struct Operand {
  uint32_t offset = 0;  // in the register file, bytes
  uint32_t slot = 0;    // index of the slot
  uint8_t bytes = 4;    // a lane in the register file: 4, 8, or 0 (predicate)
  bool negated = false; // a predicate's complement
  bool isAddress = false;
  int64_t displacement = 0; // of an address
};

struct Instruction {
  Handler run = nullptr;
  Operand *operands = nullptr; // destinations first
  uint16_t destinations = 0, count = 0;
  Operand guard;
  bool hasGuard = false;
  // Operands must be defined in every active lane; otherwise what is undefined
  // passes on to the destinations.
  bool strict = false;
  // Leaves pc alone; otherwise the interpreter goes on to the next one.
  bool isControl = false;
  // The guard is the handler's own business (branches).
  bool ownGuard = false;
  // Changes memory or a barrier, so that a block that executes it goes on.
  bool progresses = false;

  Space space = Space::Generic;
  Type type = Type::None, source = Type::None;
  uint8_t vector = 1; // registers of a load or store
  uint8_t mode = 0;   // what the handler wants
  uint8_t flags = 0;
  int64_t immediate = 0;
  uint32_t target = UINT32_MAX;  // of a branch
  uint32_t join = 0;             // of a branch: where its lanes meet again
  std::vector<uint32_t> targets; // of brx.idx

  uint32_t line = 0;
  std::string_view text;
};

enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NwarpId,
  SmId,
  NsmId,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  DynamicShared,
  TotalShared,
  GridId,
  Clock,
  Clock64,
  ClockHi,
  GlobalTimer, // read by mov alone
  One,         // the block's place in a cluster: there are no larger ones
  Zero,
};

struct Slot {
  enum Kind : uint8_t { Register, Constant, SpecialRegister };
  Kind kind = Register;
  uint8_t bytes = 4;
  Special special = Special::Zero;
  uint64_t value = 0; // of a constant
  uint32_t offset = 0;
  std::string name;
};

struct Parameter {
  std::string name;
  uint32_t offset = 0, bytes = 0;
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  std::vector<Instruction> code;
  std::deque<std::vector<Operand>> operands; // of `code`
  std::vector<Slot> slots;
  uint32_t registerBytes = 0;
  std::vector<uint8_t> image;     // of the register file: the constants
  std::vector<uint32_t> defined;  // lanes of each slot that are, at the start
  uint32_t staticSharedBytes = 0; // the first SharedBase are not used
  uint32_t dynamicSharedOffset = 0;
  uint32_t localBytes = 0; // a lane
  uint32_t maxThreads = 0;
  unsigned requiredThreads[3] = {0, 0, 0};
  // Set by cuFuncSetAttribute.
  uint32_t maxDynamicShared = 48 * 1024;
  bool usesWgmma = false;
};

struct Global {
  uint64_t address = 0, bytes = 0;
};

struct Module {
  std::string text; // the names and messages of kernels point into it
  std::string target;
  std::map<std::string, Global> globals;
  std::map<std::string, std::unique_ptr<Kernel>> kernels;
};

/// Parses and decodes `text` and allocates its variables in `memory`. Null,
/// with `error` set, where something is not known.
std::unique_ptr<Module> load(std::string text, DeviceMemory &memory,
                             std::string &error);

} // namespace ptx
#endif
