//===- Block.cpp - turns of warps, blocks and launches --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Async.h"

#include <algorithm>
#include <cstdio>

using namespace ptx;

// A warp's turn. Long, for the cache's sake; a warp that waits ends it.
static constexpr uint64_t WarpQuantum = 4096;
// A block that has not ended after so many instructions may wait for another
// one (through global memory): others begin.
static constexpr uint64_t BlockQuantum = 1 << 20, IdleBlockQuantum = 1 << 14;
static constexpr unsigned ResidentBlocks = 132 * 8;
// Rounds in which warps only looked at mbarriers, until that is a deadlock. A
// program's own loop may give up after some tries.
static constexpr unsigned IdleRounds = 10000, IdleBlockRounds = 200;

void Block::start(Launch &owner, uint64_t index) {
  launch = &owner;
  ctaid[0] = index % owner.grid[0];
  ctaid[1] = index / owner.grid[0] % owner.grid[1];
  ctaid[2] = index / owner.grid[0] / owner.grid[1];
  const Kernel &kernel = *owner.kernel;
  shared.reset(std::max(kernel.dynamicSharedOffset, SharedBase) +
               owner.dynamicShared);
  unsigned threads = owner.block[0] * owner.block[1] * owner.block[2];
  warps.resize((threads + 31) / 32);
  for (unsigned i = 0; i < warps.size(); ++i)
    warps[i].start(*this, i);
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  memoryBarriers.clear();
  atomics = Clocks();
  asyncClock = 0;
  progress = 0, idleRounds = 0, idle = false;
}

unsigned Block::liveThreads() const {
  unsigned count = 0;
  for (const Warp &warp : warps)
    count += __builtin_popcount(warp.live);
  return count;
}

bool Block::run(uint64_t quantum) {
  uint64_t end = launch->instructions + quantum;
  while (launch->instructions < end) {
    bool anyLive = false, anyReady = false;
    uint64_t before = progress;
    bool allWait = true;
    for (Warp &warp : warps) {
      if (!warp.live)
        continue;
      anyLive = true;
      if (!warp.isReady())
        continue;
      anyReady = true;
      warp.run(WarpQuantum);
      if (launch->fault.kind != Fault::None)
        return true;
      if (!warp.live) {
        ++progress;
        checkBarriers();
      }
      allWait &= warp.waits || !warp.isReady();
    }
    if (!anyLive)
      return true;
    idleRounds = progress == before && allWait ? idleRounds + 1 : 0;
    if (!anyReady || idleRounds == IdleRounds) {
      reportDeadlock();
      return true;
    }
  }
  return false;
}

void Block::reportDeadlock() {
  std::string text = "deadlock:";
  for (unsigned i = 0; i < 16; ++i) {
    const Barrier &barrier = barriers[i];
    if (barrier.waiting.empty() && !barrier.arrived)
      continue;
    unsigned expected = barrier.all ? liveThreads() : barrier.expected;
    text += " barrier " + std::to_string(i) + " has " +
            std::to_string(barrier.arrived) + " of " +
            std::to_string(expected) + " threads;";
  }
  for (auto &[offset, barrier] : memoryBarriers)
    if (barrier.pending != barrier.expected || barrier.bytes)
      text += " the mbarrier at shared byte " +
              std::to_string(offset - SharedBase) + " waits for " +
              std::to_string(barrier.pending) + " arrivals and " +
              std::to_string(barrier.bytes) + " bytes;";
  text += " no warp can go on";
  for (Warp &warp : warps) {
    if (!warp.live)
      continue;
    for (const Split &split : warp.splits)
      if (split.state == Split::AtBarrier || split.state == Split::Ready) {
        warp.pc = split.pc - (split.state == Split::AtBarrier);
        warp.fault(Fault::Failed, __builtin_ctz(split.mask), text);
        return;
      }
  }
}

void Launch::run() {
  uint64_t count = uint64_t(grid[0]) * grid[1] * grid[2], next = 0;
  std::vector<std::unique_ptr<Block>> running;
  // Blocks keep their memory for what runs next on this thread.
  static thread_local std::vector<std::unique_ptr<Block>> unused;
  unsigned idle = 0;
  while (fault.kind == Fault::None && (next < count || !running.empty())) {
    if (next < count && running.size() < ResidentBlocks) {
      if (unused.empty())
        unused.push_back(std::make_unique<Block>());
      running.push_back(std::move(unused.back()));
      unused.pop_back();
      running.back()->start(*this, next++);
    }
    bool progressed = false;
    for (size_t i = 0; i < running.size() && fault.kind == Fault::None;) {
      Block &block = *running[i];
      uint64_t before = block.progress;
      bool done = block.run(block.idle ? IdleBlockQuantum : BlockQuantum);
      block.idle = block.progress == before;
      progressed |= done || !block.idle;
      if (done) {
        unused.push_back(std::move(running[i]));
        running.erase(running.begin() + i);
      } else {
        ++i;
      }
    }
    // A full house in which nobody writes anything will stay so.
    idle = progressed || next < count ? 0 : idle + 1;
    if (idle == IdleBlockRounds && !running.empty()) {
      Warp *stuck = nullptr;
      for (Warp &warp : running[0]->warps)
        if (!stuck && warp.live)
          stuck = &warp;
      stuck->fault(Fault::Failed, __builtin_ctz(stuck->active),
                   "deadlock: no block writes anything any more");
    }
  }
  for (std::unique_ptr<Block> &block : running)
    unused.push_back(std::move(block));
  unused.resize(std::min<size_t>(unused.size(), 4));
}

void ptx::printLaunch(const Launch &launch) {
  fprintf(stderr,
          "ptx-emulator: launch %s grid (%u, %u, %u) block (%u, %u, %u) shared "
          "%u+%u instructions %llu lanes %llu\n",
          launch.kernel->name.c_str(), launch.grid[0], launch.grid[1],
          launch.grid[2], launch.block[0], launch.block[1], launch.block[2],
          launch.kernel->staticSharedBytes, launch.dynamicShared,
          static_cast<unsigned long long>(launch.instructions),
          static_cast<unsigned long long>(launch.laneInstructions));
  std::map<std::string, uint64_t> byName;
  for (size_t i = 0; i < launch.counts.size(); ++i) {
    std::string_view text = launch.kernel->code[i].text;
    if (!text.empty() && text[0] == '@')
      text.remove_prefix(std::min(text.find_first_of(" \t") + 1, text.size()));
    byName[std::string(text.substr(0, text.find_first_of(" \t\n")))] +=
        launch.counts[i];
  }
  for (auto &[name, count] : byName)
    if (count)
      fprintf(stderr, "ptx-emulator: %12llu %s\n",
              static_cast<unsigned long long>(count), name.c_str());
}
