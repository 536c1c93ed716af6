//===- Machine.h - blocks and warps that run a kernel -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A warp runs in lockstep. Where a branch divides its lanes, each part is a
// split that runs until the branch's immediate post-dominator, where the parts
// become one again; a part that waits lets the others go on. Warps of a block
// run in turns, in a fixed order, until they wait. Results do not depend on
// the host.
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_MACHINE_H
#define PTX_EMULATOR_MACHINE_H

#include "Program.h"

#include <array>
#include <cstring>
#include <deque>

namespace ptx {

struct Block;

struct Fault {
  enum Kind { None, IllegalAddress, Misaligned, Failed, IllegalInstruction };
  Kind kind = None;
  std::string message;
};

struct Launch {
  const Kernel *kernel = nullptr;
  DeviceMemory *memory = nullptr;
  unsigned grid[3] = {1, 1, 1}, block[3] = {1, 1, 1};
  uint32_t dynamicShared = 0;
  std::vector<uint8_t> parameters;
  unsigned multiprocessors = 132;

  // What running it leaves.
  Fault fault;
  uint64_t instructions = 0, laneInstructions = 0;
  std::vector<uint64_t> counts; // by instruction, where it is not empty

  void run();
};

/// What ran, to standard error, and how often each instruction, where counted.
void printLaunch(const Launch &launch);

enum class Access : uint8_t { Read, Write, Atomic };

struct Split {
  enum State : uint8_t { Dead, Ready, Joining, AtBarrier };
  State state = Dead;
  uint32_t pc = 0;
  uint32_t join = UINT32_MAX; // ends there
  uint32_t mask = 0;
  uint32_t waiting = 0; // Joining: lanes that are still on their way
  int parent = -1;
};

/// A copy by cp.async: its lane's groups complete in order.
struct AsyncCopy {
  uint8_t lane = 0, bytes = 0;
  uint32_t group = 0;
  uint32_t shared = 0;
  uint8_t data[16] = {};
};

struct PendingWgmma;

struct Warp {
  Block *block = nullptr;
  const Kernel *kernel = nullptr;
  unsigned index = 0;
  std::vector<uint64_t> storage; // of `registers`
  uint8_t *registers = nullptr;
  std::vector<uint32_t> defined; // by slot
  std::vector<uint8_t> local, localWritten;

  uint32_t pc = 0;
  uint32_t active = 0; // lanes of the split that runs
  uint32_t mask = 0;   // those whose guard is true
  uint32_t join = UINT32_MAX;
  uint32_t live = 0;    // not exited
  uint32_t started = 0; // a last warp may not be full
  std::vector<Split> splits;
  int current = 0;
  enum Pause : uint8_t { Go, Yield, Switch } pause = Go;
  bool waits = false; // the last slice ended at a barrier that is not complete

  Clocks clocks;
  std::vector<AsyncCopy> copies;
  std::array<uint32_t, 32> copyGroups = {}; // committed, by lane
  // Bulk copies from shared memory: their source may not change before a wait.
  uint32_t bulkStores = 0;

  std::vector<PendingWgmma> wgmmas;
  uint32_t wgmmaGroups = 0;
  std::vector<uint8_t> inFlight; // by slot: wgmma writes it
  unsigned inFlightCount = 0;
  std::vector<uint8_t> unfenced; // by slot: written since wgmma.fence
  Clocks proxied;                // of the last fence.proxy.async

  uint64_t cacheBegin = 1, cacheEnd = 0; // of the allocation used last
  uint8_t *cacheHost = nullptr;

  Warp();
  ~Warp();
  Warp(Warp &&);

  void start(Block &block, unsigned index);
  /// Runs until it waits, ends, faults or has taken `quantum` instructions.
  void run(uint64_t quantum);
  bool isReady() const;

  template <typename T> T *lanes(const Operand &operand) const {
    return reinterpret_cast<T *>(registers + operand.offset);
  }
  uint32_t &predicate(const Operand &operand) const {
    return *lanes<uint32_t>(operand);
  }
  uint64_t value(const Operand &operand, unsigned lane) const {
    return operand.bytes == 8 ? lanes<uint64_t>(operand)[lane]
                              : lanes<uint32_t>(operand)[lane];
  }
  void set(const Operand &operand, unsigned lane, uint64_t value) const {
    if (operand.bytes == 8)
      lanes<uint64_t>(operand)[lane] = value;
    else
      lanes<uint32_t>(operand)[lane] = value;
  }
  uint64_t address(const Operand &operand, unsigned lane) const {
    uint64_t sum = value(operand, lane) + operand.displacement;
    return operand.bytes == 8 ? sum : uint32_t(sum);
  }

  /// Where `bytes` at an address of `space` are on the host; null after a
  /// fault.
  uint8_t *resolve(Space space, uint64_t address, uint32_t bytes, unsigned lane,
                   Access access);
  /// A shared address, generic or not, as an offset; false after a fault.
  bool sharedOffset(Space space, uint64_t address, uint32_t bytes,
                    uint32_t align, unsigned lane, uint32_t &offset);
  void sharedFault(const char *what, unsigned lane);
  /// 16 bytes that the asynchronous proxy reads; null after a fault.
  const uint8_t *readForMatrix(uint32_t offset);

  void branch(const Instruction &in, uint32_t taken, uint32_t target);
  void exitLanes(uint32_t lanes);
  /// The current split stops until somebody makes it ready.
  void block_(Split::State state);
  void release(); // what was done is visible to whom it synchronizes with
  void fault(Fault::Kind kind, unsigned lane, const std::string &message);

private:
  bool arrive();
  bool pick(int after);
  void step(const Instruction &in);
  void leaveSplit();
  uint8_t *resolveGlobal(uint64_t address, uint32_t bytes, unsigned lane,
                         Access access);
  uint8_t *resolveLocal(uint64_t offset, uint32_t bytes, unsigned lane,
                        Access access);
};

/// One of a block's sixteen barriers.
struct Barrier {
  uint32_t expected = 0; // threads; 0: nobody has come
  uint32_t arrived = 0;
  bool all = false; // expected was not given: all that live
  Clocks clocks;
  uint32_t votes = 0, voters = 0; // barrier.red
  struct Waiter {
    Warp *warp;
    int split;
    const Instruction *reduction; // or null
    uint32_t mask;
  };
  std::vector<Waiter> waiting;
};

struct BulkCopy {
  uint32_t shared = 0;
  std::vector<uint8_t> data;
};

/// An mbarrier object, by its offset in shared memory.
struct MemoryBarrier {
  uint32_t expected = 0; // arrivals of a phase
  int64_t pending = 0;   // arrivals that are missing
  int64_t bytes = 0;     // that copies still have to bring
  uint64_t phase = 0;    // complete ones
  Clocks clocks, last;   // of the phase under way and the one before
  std::vector<BulkCopy> copies;
  struct Arrival {
    Warp *warp;
    uint32_t lanes;
    bool counts;
  };
  std::vector<Arrival> arrivals; // cp.async.mbarrier.arrive
};

struct Block {
  Launch *launch = nullptr;
  unsigned ctaid[3] = {0, 0, 0};
  SharedMemory shared;
  std::deque<Warp> warps;
  Barrier barriers[16];
  std::map<uint32_t, MemoryBarrier> memoryBarriers;
  Clocks atomics;
  uint32_t asyncClock = 0;
  uint64_t progress = 0;
  unsigned idleRounds = 0;
  bool idle = false; // nothing was written in its last turn

  void start(Launch &launch, uint64_t index);
  /// About `quantum` instructions of its warps; true when all have ended.
  bool run(uint64_t quantum);
  unsigned liveThreads() const;
  /// Complete barriers that only waited for lanes that have exited.
  void checkBarriers();

private:
  void reportDeadlock();
};

template <typename F> inline void forLanes(uint32_t mask, F f) {
  if (mask == UINT32_MAX) {
    for (unsigned lane = 0; lane < 32; ++lane)
      f(lane);
    return;
  }
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(__builtin_ctz(mask)));
}

} // namespace ptx
#endif
