//===- Async.h - work that is under way -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_ASYNC_H
#define PTX_EMULATOR_ASYNC_H

#include "Machine.h"

namespace ptx {

// Instruction::mode of wgmma.mma_async, which may name accumulators in flight.
constexpr uint8_t WgmmaMode = 0xff;

/// A wgmma.mma_async whose result nobody may read yet.
struct PendingWgmma {
  const Instruction *instruction = nullptr;
  uint32_t group = 0;
  bool accumulates = false;        // scale-d
  uint64_t a = 0, b = 0;           // descriptors
  std::vector<uint32_t> fragments; // A from registers: [register][lane]
};

/// Copies of `warp` by cp.async arrive: those of `lanes` whose group is before
/// `groups[lane]`.
void finishCopies(Warp &warp, uint32_t lanes,
                  const std::array<uint32_t, 32> &groups);

/// What is under way for a barrier arrives, as somebody looks at it.
void settle(Block &block, MemoryBarrier &barrier);

} // namespace ptx
#endif
