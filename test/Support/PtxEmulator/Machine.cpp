//===- Machine.cpp - warps: lanes, splits and what they may touch ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include "Async.h"

#include <algorithm>

using namespace ptx;

Warp::Warp() = default;
Warp::~Warp() = default;
Warp::Warp(Warp &&) = default;

static uint64_t specialValue(Special special, const Block &block,
                             const Warp &warp, unsigned lane) {
  const Launch &launch = *block.launch;
  uint64_t thread = warp.index * 32 + lane;
  const unsigned *threads = launch.block;
  switch (special) {
  case Special::TidX:
    return thread % threads[0];
  case Special::TidY:
    return thread / threads[0] % threads[1];
  case Special::TidZ:
    return thread / threads[0] / threads[1];
  case Special::NtidX:
  case Special::NtidY:
  case Special::NtidZ:
    return threads[unsigned(special) - unsigned(Special::NtidX)];
  case Special::CtaidX:
  case Special::CtaidY:
  case Special::CtaidZ:
    return block.ctaid[unsigned(special) - unsigned(Special::CtaidX)];
  case Special::NctaidX:
  case Special::NctaidY:
  case Special::NctaidZ:
    return launch.grid[unsigned(special) - unsigned(Special::NctaidX)];
  case Special::LaneId:
    return lane;
  case Special::WarpId:
    return warp.index;
  case Special::NwarpId:
    return (threads[0] * threads[1] * threads[2] + 31) / 32;
  case Special::SmId:
    return (block.ctaid[0] + block.ctaid[1] + block.ctaid[2]) %
           launch.multiprocessors;
  case Special::NsmId:
    return launch.multiprocessors;
  case Special::LaneMaskEq:
    return 1u << lane;
  case Special::LaneMaskLe:
    return 2ull * (1u << lane) - 1;
  case Special::LaneMaskLt:
    return (1u << lane) - 1;
  case Special::LaneMaskGe:
    return ~((1u << lane) - 1);
  case Special::LaneMaskGt:
    return ~static_cast<uint32_t>(2ull * (1u << lane) - 1);
  case Special::DynamicShared:
    return launch.dynamicShared;
  case Special::TotalShared:
    return launch.dynamicShared + launch.kernel->dynamicSharedOffset;
  case Special::GridId:
    return 1;
  case Special::One:
    return 1;
  default: // clocks are read by mov
    return 0;
  }
}

void Warp::start(Block &owner, unsigned warpIndex) {
  block = &owner;
  const Launch &launch = *owner.launch;
  kernel = launch.kernel;
  index = warpIndex;
  // Aligned to a cache line, for loops over lanes.
  storage.resize(kernel->registerBytes / 8 + 8);
  uint64_t host = reinterpret_cast<uint64_t>(storage.data());
  registers = reinterpret_cast<uint8_t *>((host + 63) / 64 * 64);
  std::copy(kernel->image.begin(), kernel->image.end(), registers);
  defined = kernel->defined;
  local.assign(kernel->localBytes * 32, 0xff);
  localWritten.assign(kernel->localBytes * 32, 0);

  unsigned threads = launch.block[0] * launch.block[1] * launch.block[2];
  unsigned count = std::min(32u, threads - 32 * index);
  started = live = count == 32 ? UINT32_MAX : (1u << count) - 1;
  for (const Slot &slot : kernel->slots)
    if (slot.kind == Slot::SpecialRegister) {
      Operand operand;
      operand.offset = slot.offset;
      operand.bytes = slot.bytes;
      for (unsigned lane = 0; lane < 32; ++lane)
        set(operand, lane, specialValue(slot.special, owner, *this, lane));
    }

  splits.assign(1, Split());
  splits[0].state = Split::Ready;
  splits[0].mask = active = live;
  current = 0, pc = 0, join = UINT32_MAX;
  pause = Go, waits = false;
  clocks = Clocks();
  clocks.at[index] = 1;
  copies.clear();
  copyGroups.fill(0);
  bulkStores = 0;
  wgmmas.clear();
  wgmmaGroups = 0;
  inFlight.assign(kernel->slots.size(), 0);
  inFlightCount = 0;
  unfenced.assign(kernel->slots.size(), 0);
  proxied = Clocks();
  cacheBegin = 1, cacheEnd = 0;
}

//===----------------------------------------------------------------------===//
// Splits
//===----------------------------------------------------------------------===//

bool Warp::isReady() const {
  for (const Split &split : splits)
    if (split.state == Split::Ready)
      return true;
  return false;
}

/// Makes the next ready split after `after` the current one.
bool Warp::pick(int after) {
  int count = splits.size();
  for (int i = 1; i <= count; ++i) {
    int candidate = (after + i) % count;
    if (splits[candidate].state != Split::Ready)
      continue;
    current = candidate;
    pc = splits[current].pc;
    join = splits[current].join;
    active = splits[current].mask;
    return true;
  }
  return false;
}

void Warp::leaveSplit() {
  splits[current].pc = pc;
  splits[current].mask = active;
}

/// The current split is at its join.
bool Warp::arrive() {
  int parent = splits[current].parent;
  splits[current].state = Split::Dead;
  Split &above = splits[parent];
  above.waiting &= ~active;
  if (!above.waiting) {
    above.state = Split::Ready;
    return pick(parent - 1 + splits.size());
  }
  return pick(current);
}

void Warp::branch(const Instruction &in, uint32_t taken, uint32_t target) {
  uint32_t rest = active & ~taken;
  if (!taken || !rest) {
    pc = taken ? target : pc + 1;
    return;
  }
  int parent = splits[current].parent;
  if (in.join != join) {
    // This split waits where its parts will meet.
    Split &split = splits[current];
    split.state = Split::Joining;
    split.pc = in.join;
    split.mask = split.waiting = active;
    parent = current;
  } else {
    splits[current].state = Split::Dead;
  }
  auto add = [&](uint32_t at, uint32_t mask) {
    unsigned i = 0;
    while (i < splits.size() && splits[i].state != Split::Dead)
      ++i;
    if (i == splits.size())
      splits.emplace_back();
    splits[i].state = Split::Ready;
    splits[i].pc = at;
    splits[i].join = in.join;
    splits[i].mask = mask;
    splits[i].waiting = 0;
    splits[i].parent = parent;
    return i;
  };
  add(pc + 1, rest);
  unsigned first = add(target, taken);
  pick(int(first + splits.size()) - 1);
}

void Warp::exitLanes(uint32_t lanes) {
  live &= ~lanes;
  for (int above = splits[current].parent; above >= 0;
       above = splits[above].parent) {
    Split &split = splits[above];
    split.mask &= ~lanes;
    if (split.waiting && !(split.waiting &= ~lanes))
      split.state = split.mask ? Split::Ready : Split::Dead;
  }
  active &= ~lanes;
  if (active) {
    ++pc;
    return;
  }
  splits[current].state = Split::Dead;
  pause = Switch;
}

void Warp::block_(Split::State state) {
  leaveSplit();
  splits[current].state = state;
  pause = Switch;
}

void Warp::release() { ++clocks.at[index]; }

//===----------------------------------------------------------------------===//
// The interpreter
//===----------------------------------------------------------------------===//

void Warp::step(const Instruction &in) {
  uint32_t ok = UINT32_MAX;
  for (unsigned i = in.destinations; i < in.count; ++i)
    ok &= defined[in.operands[i].slot];
  if (in.strict && (mask & ~ok)) {
    unsigned lane = __builtin_ctz(mask & ~ok);
    for (unsigned i = in.destinations; i < in.count; ++i)
      if (!(defined[in.operands[i].slot] >> lane & 1))
        return fault(Fault::Failed, lane,
                     "reads register " +
                         kernel->slots[in.operands[i].slot].name +
                         ", which has no defined value");
  }
  if (inFlightCount)
    for (unsigned i = 0; i < in.count; ++i)
      if (inFlight[in.operands[i].slot] && in.mode != WgmmaMode)
        return fault(Fault::Failed, __builtin_ctz(mask),
                     "touches register " +
                         kernel->slots[in.operands[i].slot].name +
                         ", which wgmma.mma_async uses until wgmma.wait_group");
  // Before the handler, which may know better.
  for (unsigned i = 0; i < in.destinations; ++i) {
    uint32_t &lanes = defined[in.operands[i].slot];
    lanes = (lanes & ~mask) | (mask & ok);
    unfenced[in.operands[i].slot] = in.mode != WgmmaMode;
  }
  in.run(*this, in);
}

void Warp::run(uint64_t quantum) {
  Launch &launch = *block->launch;
  const Instruction *code = kernel->code.data();
  uint64_t *counts = launch.counts.empty() ? nullptr : launch.counts.data();
  waits = false;
  for (; quantum && launch.fault.kind == Fault::None; --quantum) {
    if (pc == join) {
      if (!arrive())
        return;
      continue;
    }
    const Instruction &in = code[pc];
    mask = active;
    if (in.hasGuard) {
      uint32_t undefined = active & ~defined[in.guard.slot];
      if (undefined)
        return fault(Fault::Failed, __builtin_ctz(undefined),
                     "its guard has no defined value");
      if (!in.ownGuard)
        mask &= predicate(in.guard) ^ (in.guard.negated ? UINT32_MAX : 0);
    }
    if (mask) {
      ++launch.instructions;
      launch.laneInstructions += __builtin_popcount(mask);
      if (counts)
        ++counts[pc];
      block->progress += in.progresses;
      step(in);
    }
    if (!in.isControl || !mask)
      ++pc;
    if (pause == Go)
      continue;
    if (pause == Yield) {
      pause = Go;
      leaveSplit();
      pick(current);
      return;
    }
    pause = Go;
    if (!pick(current))
      return;
  }
  leaveSplit();
}

void Warp::fault(Fault::Kind kind, unsigned lane, const std::string &message) {
  Launch &launch = *block->launch;
  if (launch.fault.kind != Fault::None)
    return;
  uint64_t thread = index * 32 + lane;
  const unsigned *threads = launch.block, *id = block->ctaid;
  const Instruction &in =
      kernel->code[std::min<size_t>(pc, kernel->code.size() - 1)];
  char where[192];
  snprintf(where, sizeof(where),
           "block (%u, %u, %u), thread (%u, %u, %u), line %u: ", id[0], id[1],
           id[2], unsigned(thread % threads[0]),
           unsigned(thread / threads[0] % threads[1]),
           unsigned(thread / threads[0] / threads[1]), in.line);
  std::string text;
  for (char c : in.text)
    if (!isspace(static_cast<unsigned char>(c)))
      text += c;
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  launch.fault.kind = kind;
  launch.fault.message =
      "kernel " + kernel->name + ", " + where + text + ": " + message;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static std::string hex(uint64_t value) {
  char text[32];
  snprintf(text, sizeof(text), "0x%llx",
           static_cast<unsigned long long>(value));
  return text;
}

uint8_t *Warp::resolve(Space space, uint64_t address, uint32_t bytes,
                       unsigned lane, Access access) {
  if (address % bytes) {
    fault(Fault::Misaligned, lane,
          "address " + hex(address) + " is not aligned to " +
              std::to_string(bytes) + " bytes");
    return nullptr;
  }
  if (space == Space::Generic) {
    if (address - SharedWindow < WindowBytes)
      space = Space::Shared;
    else if (address - LocalWindow < WindowBytes)
      space = Space::Local, address -= LocalWindow;
    else if (address - ParamWindow < WindowBytes)
      space = Space::Param, address -= ParamWindow;
  }
  switch (space) {
  case Space::Shared: {
    uint32_t offset;
    if (!sharedOffset(space, address, bytes, bytes, lane, offset))
      return nullptr;
    SharedMemory &shared = block->shared;
    if (access == Access::Atomic) {
      // Atomic accesses are ordered among themselves.
      clocks.join(block->atomics);
    }
    const char *wrong = nullptr;
    if (access != Access::Write)
      wrong = shared.read(offset, bytes, index, clocks);
    if (!wrong && access != Access::Read)
      wrong = shared.write(offset, bytes, index, clocks);
    if (access == Access::Atomic) {
      block->atomics.join(clocks);
      release();
    }
    if (wrong) {
      sharedFault(wrong, lane);
      return nullptr;
    }
    return shared.bytes(offset);
  }
  case Space::Local:
    return resolveLocal(address, bytes, lane, access);
  case Space::Param: {
    const std::vector<uint8_t> &parameters = block->launch->parameters;
    if (access == Access::Read && address + bytes <= parameters.size())
      return const_cast<uint8_t *>(parameters.data()) + address;
    fault(Fault::IllegalAddress, lane,
          "byte " + std::to_string(address) + " of " +
              std::to_string(parameters.size()) + " bytes of parameters");
    return nullptr;
  }
  default:
    return resolveGlobal(address, bytes, lane, access);
  }
}

bool Warp::sharedOffset(Space, uint64_t address, uint32_t bytes, uint32_t align,
                        unsigned lane, uint32_t &offset) {
  if (address - SharedWindow < WindowBytes)
    address -= SharedWindow;
  if (address < SharedBase || address + bytes > block->shared.size() ||
      address + bytes < address) {
    fault(Fault::IllegalAddress, lane,
          "shared address " + hex(address) + " is outside of the block's " +
              std::to_string(block->shared.size() - SharedBase) +
              " bytes, which begin at " + hex(SharedBase));
    return false;
  }
  if (address % align) {
    fault(Fault::Misaligned, lane,
          "shared address " + hex(address) + " is not aligned to " +
              std::to_string(align) + " bytes");
    return false;
  }
  offset = address;
  return true;
}

void Warp::sharedFault(const char *what, unsigned lane) {
  std::string message = what;
  if (message.find("another warp") != std::string::npos) {
    unsigned other = block->shared.otherWarp();
    message += other == AsyncAgent ? " (a bulk copy)"
                                   : " (warp " + std::to_string(other) + ")";
  }
  fault(Fault::Failed, lane, message);
}

uint8_t *Warp::resolveLocal(uint64_t offset, uint32_t bytes, unsigned lane,
                            Access access) {
  if (offset + bytes > kernel->localBytes || offset + bytes < offset) {
    fault(Fault::IllegalAddress, lane,
          "byte " + std::to_string(offset) + " of " +
              std::to_string(kernel->localBytes) + " bytes of local memory");
    return nullptr;
  }
  uint64_t at = uint64_t(lane) * kernel->localBytes + offset;
  if (access == Access::Write) {
    memset(localWritten.data() + at, 1, bytes);
  } else if (memchr(localWritten.data() + at, 0, bytes)) {
    fault(Fault::Failed, lane, "reads local memory that was never written");
    return nullptr;
  }
  return local.data() + at;
}

uint8_t *Warp::resolveGlobal(uint64_t address, uint32_t bytes, unsigned lane,
                             Access access) {
  if (address >= cacheBegin && address + bytes <= cacheEnd)
    return cacheHost + (address - cacheBegin);
  const DeviceMemory::Allocation *found =
      block->launch->memory->find(address, bytes);
  if (!found) {
    fault(Fault::IllegalAddress, lane,
          "address " + hex(address) + " is " +
              block->launch->memory->describe(address));
    return nullptr;
  }
  if (found->isConstant && access != Access::Read) {
    fault(Fault::IllegalAddress, lane, "writes constant memory");
    return nullptr;
  }
  if (!found->isConstant) {
    cacheBegin = found->address;
    cacheEnd = found->address + found->bytes;
    cacheHost = found->host;
  }
  return found->host + (address - found->address);
}
