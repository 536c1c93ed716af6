//===- Barriers.cpp - bar and barrier -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"

using namespace ptx;

namespace {
enum Kind : uint8_t { Sync, Arrive, Popc, All, Any };
enum Flag : uint8_t { Aligned = 1, HasCount = 2 };

void complete(Barrier &barrier) {
  for (const Barrier::Waiter &waiter : barrier.waiting) {
    Warp &w = *waiter.warp;
    w.clocks.join(barrier.clocks);
    w.splits[waiter.split].state = Split::Ready;
    if (!waiter.reduction)
      continue;
    const Instruction &in = *waiter.reduction;
    if (in.mode == Popc) {
      forLanes(waiter.mask, [&](unsigned lane) {
        w.set(in.operands[0], lane, barrier.votes);
      });
      continue;
    }
    bool result =
        in.mode == All ? barrier.votes == barrier.voters : barrier.votes != 0;
    uint32_t &to = w.predicate(in.operands[0]);
    to = result ? to | waiter.mask : to & ~waiter.mask;
  }
  barrier = Barrier();
}

void synchronize(Warp &w, const Instruction &in) {
  unsigned first = __builtin_ctz(w.mask), at = in.destinations;
  bool isReduction = in.mode >= Popc;
  if ((in.flags & Aligned) && w.mask != w.live)
    return w.fault(Fault::Failed, first,
                   "lanes of the warp that have not exited do not execute it");
  uint64_t index = w.value(in.operands[at], first);
  uint64_t count =
      in.flags & HasCount ? w.value(in.operands[at + 1], first) : 0;
  if (index >= 16 || count % 32 || ((in.flags & HasCount) && !count))
    return w.fault(Fault::IllegalInstruction, first,
                   "barrier " + std::to_string(index) + " of " +
                       std::to_string(count) + " threads");
  Barrier &barrier = w.block->barriers[index];
  bool all = !(in.flags & HasCount);
  if (barrier.arrived && (barrier.all != all || barrier.expected != count))
    return w.fault(Fault::Failed, first,
                   "others came to the barrier with another count");
  barrier.all = all;
  barrier.expected = count;
  // A whole warp counts as 32 threads.
  barrier.arrived += !all && w.mask == w.live ? 32 : __builtin_popcount(w.mask);
  barrier.clocks.join(w.clocks);
  w.release();
  if (isReduction) {
    const Operand &from = in.operands[in.count - 1];
    uint32_t votes = w.predicate(from) ^ (from.negated ? UINT32_MAX : 0);
    barrier.votes += __builtin_popcount(votes & w.mask);
    barrier.voters += __builtin_popcount(w.mask);
  }
  if (in.mode != Arrive) {
    ++w.pc;
    w.block_(Split::AtBarrier);
    --w.pc; // the interpreter goes on to the next one itself
    barrier.waiting.push_back(
        {&w, w.current, isReduction ? &in : nullptr, w.mask});
  }
  uint32_t expected = all ? w.block->liveThreads() : barrier.expected;
  if (barrier.arrived > expected)
    return w.fault(Fault::Failed, first,
                   std::to_string(barrier.arrived) +
                       " threads come to a barrier of " +
                       std::to_string(expected));
  if (barrier.arrived == expected)
    complete(barrier);
}

void warpSync(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint32_t named = w.value(in.operands[0], lane);
    if (!(named >> lane & 1))
      return w.fault(Fault::Failed, lane,
                     "its member mask does not name the lane");
    if (named & w.live & ~w.mask)
      return w.fault(Fault::Failed, lane,
                     "waits for lanes that take another way");
  }
}

bool decodeBarrier(Decoder &d) {
  Instruction &in = d.in;
  bool isBar = d.statement.opcode == "bar";
  if (d.take("warp"))
    return d.take("sync") && d.expectArguments(1, 1) &&
           d.source(size_t(0), Type::B32) && d.finish(warpSync);
  d.take("cta");
  if (d.take("cluster")) {
    // A cluster of one block: an arrival waits for nobody.
    return d.fail("clusters are not supported");
  }
  in.flags = d.take("aligned") || isBar ? Aligned : 0;
  in.progresses = true;
  in.strict = true;
  bool isReduction = d.take("red");
  int kind = isReduction ? Popc + d.takeOne({"popc", "and", "or"})
                         : d.takeOne({"sync", "arrive"});
  if (kind < 0 || (isReduction && kind < Popc))
    return d.fail("unknown kind of barrier");
  in.mode = kind;
  size_t first = isReduction, count = d.arguments() - first - isReduction;
  if (isReduction) {
    if (!d.takeAny({"u32", "pred"}) ||
        !d.destination(size_t(0), kind == Popc ? Type::U32 : Type::Pred))
      return d.fail("unknown kind of reduction");
  }
  if (count < 1 || count > 2 || (kind == Arrive && count != 2))
    return d.fail("expected a barrier and a count of threads");
  if (!d.source(first, Type::U32))
    return false;
  if (count == 2) {
    in.flags |= HasCount;
    if (!d.source(first + 1, Type::U32))
      return false;
  }
  return (!isReduction || d.source(first + count, Type::Pred)) &&
         d.finish(synchronize);
}
} // namespace

void Block::checkBarriers() {
  for (Barrier &barrier : barriers)
    if (barrier.all && barrier.arrived && barrier.arrived == liveThreads())
      complete(barrier);
}

void ptx::addBarriers(DecodeTable &table) {
  table["bar"] = decodeBarrier;
  table["barrier"] = decodeBarrier;
}
