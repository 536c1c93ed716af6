//===- Async.cpp - cp.async, mbarrier, bulk copies ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a copy brings is not there before its end: a group's wait, or a look at
// the mbarrier that the copy reports to. Until then the bytes are pending, and
// touching them is a fault.
//===----------------------------------------------------------------------===//
#include "Async.h"

#include "Decoder.h"

using namespace ptx;

//===----------------------------------------------------------------------===//
// cp.async
//===----------------------------------------------------------------------===//

void ptx::finishCopies(Warp &w, uint32_t lanes,
                       const std::array<uint32_t, 32> &groups) {
  size_t kept = 0;
  for (AsyncCopy &copy : w.copies) {
    if ((lanes >> copy.lane & 1) && copy.group < groups[copy.lane])
      w.block->shared.endCopy(copy.shared, copy.bytes, copy.data, w.index,
                              w.clocks);
    else
      w.copies[kept++] = copy;
  }
  w.copies.resize(kept);
}

void ptx::settle(Block &block, MemoryBarrier &barrier) {
  for (const MemoryBarrier::Arrival &arrival : barrier.arrivals) {
    std::array<uint32_t, 32> all;
    all.fill(UINT32_MAX);
    finishCopies(*arrival.warp, arrival.lanes, all);
    barrier.clocks.join(arrival.warp->clocks);
    arrival.warp->release();
    barrier.pending -= __builtin_popcount(arrival.lanes);
  }
  barrier.arrivals.clear();
  for (const BulkCopy &copy : barrier.copies) {
    Clocks clocks;
    clocks.at[AsyncAgent] = ++block.asyncClock;
    block.shared.endCopy(copy.shared, copy.data.size(), copy.data.data(),
                         AsyncAgent, clocks);
    barrier.clocks.join(clocks);
    barrier.bytes -= copy.data.size();
  }
  barrier.copies.clear();
  if (barrier.pending == 0 && barrier.bytes == 0) {
    ++barrier.phase;
    barrier.pending = barrier.expected;
    barrier.last = barrier.clocks;
  }
}

namespace {
void copyAsync(Warp &w, const Instruction &in) {
  unsigned bytes = in.immediate;
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint32_t size = bytes;
    if (in.mode == 1) // src-size
      size = w.value(in.operands[2], lane);
    else if (in.mode == 2) // ignore-src
      size = w.predicate(in.operands[2]) >> lane & 1 ? 0 : bytes;
    if (size > bytes)
      return w.fault(Fault::Failed, lane,
                     "source size " + std::to_string(size) +
                         " is larger than the copy");
    AsyncCopy copy;
    copy.lane = lane, copy.bytes = bytes;
    copy.group = w.copyGroups[lane];
    if (!w.sharedOffset(Space::Shared, w.address(in.operands[0], lane), bytes,
                        bytes, lane, copy.shared))
      return;
    uint64_t from = w.address(in.operands[1], lane);
    if (from % bytes)
      return w.fault(Fault::Misaligned, lane,
                     "the source is not aligned to the copy's size");
    // Only what is read must be there.
    for (uint32_t i = 0; i < size;) {
      uint32_t part = size == bytes ? bytes : size - i >= 4 ? 4 : 1;
      const uint8_t *host =
          w.resolve(Space::Global, from + i, part, lane, Access::Read);
      if (!host)
        return;
      memcpy(copy.data + i, host, part);
      i += part;
    }
    if (const char *wrong =
            w.block->shared.beginCopy(copy.shared, bytes, w.clocks))
      return w.sharedFault(wrong, lane);
    w.copies.push_back(copy);
  }
}

void commitGroup(Warp &w, const Instruction &) {
  forLanes(w.mask, [&](unsigned lane) { ++w.copyGroups[lane]; });
}

void waitGroup(Warp &w, const Instruction &in) {
  std::array<uint32_t, 32> groups = w.copyGroups;
  for (uint32_t &group : groups)
    group = in.mode                ? UINT32_MAX
            : group > in.immediate ? group - uint32_t(in.immediate)
                                   : 0;
  finishCopies(w, w.mask, groups);
}

bool decodeBulk(Decoder &d);
void barrierArriveOfCopies(Warp &w, const Instruction &in);

bool decodeCp(Decoder &d) {
  Instruction &in = d.in;
  if (!d.take("async"))
    return d.fail("unknown copy");
  if (d.take("bulk"))
    return decodeBulk(d);
  if (d.take("commit_group"))
    return d.expectArguments(0, 0) && d.finish(commitGroup);
  if (d.take("wait_all")) {
    in.mode = 1;
    return d.expectArguments(0, 0) && d.finish(waitGroup);
  }
  if (d.take("wait_group"))
    return d.expectArguments(1, 1) && d.immediate(0, in.immediate) &&
           d.finish(waitGroup);
  if (d.take("mbarrier")) {
    in.flags = d.take("noinc");
    if (!d.take("arrive"))
      return d.fail("expected .mbarrier.arrive");
    in.space = d.takeSpace();
    in.progresses = true;
    return d.take("b64") && d.expectArguments(1, 1) && d.address(0) &&
           d.finish(barrierArriveOfCopies);
  }
  bool isGlobalLevel = d.take("cg");
  if (!isGlobalLevel && !d.take("ca"))
    return d.fail("expected .ca or .cg");
  bool toShared = d.takeAny({"shared", "shared::cta"}),
       fromGlobal = d.take("global");
  bool hint = d.take("L2::cache_hint");
  d.takeAny({"L2::64B", "L2::128B", "L2::256B"});
  if (!toShared || !fromGlobal)
    return d.fail("expected .shared.global");
  size_t most = 4 + hint;
  if (!d.expectArguments(3 + hint, most) || !d.address(0) || !d.address(1) ||
      !d.immediate(2, in.immediate))
    return false;
  if (in.immediate != 16 &&
      (isGlobalLevel || (in.immediate != 4 && in.immediate != 8)))
    return d.fail("expected 16 bytes, or 4 or 8 with .ca");
  if (d.arguments() == most) {
    const Argument &extra = d.statement.arguments[3];
    bool isPredicate =
        extra.kind == Argument::Name && d.isPredicate(extra.name);
    in.mode = isPredicate ? 2 : 1;
    if (!d.source(extra, isPredicate ? Type::Pred : Type::U32))
      return false;
  }
  if (hint && !d.source(d.arguments() - 1, Type::B64))
    return false;
  return d.finish(copyAsync);
}

//===----------------------------------------------------------------------===//
// mbarrier
//===----------------------------------------------------------------------===//

bool barrierOffset(Warp &w, const Instruction &in, const Operand &operand,
                   unsigned lane, uint32_t &offset) {
  return w.sharedOffset(in.space, w.address(operand, lane), 8, 8, lane, offset);
}

MemoryBarrier *findBarrier(Warp &w, const Instruction &in,
                           const Operand &operand, unsigned lane) {
  uint32_t offset;
  if (!barrierOffset(w, in, operand, lane, offset))
    return nullptr;
  auto found = w.block->memoryBarriers.find(offset);
  if (found != w.block->memoryBarriers.end())
    return &found->second;
  w.fault(Fault::Failed, lane, "uses an mbarrier that was not initialized");
  return nullptr;
}

void barrierInit(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint32_t offset;
    if (!barrierOffset(w, in, in.operands[0], lane, offset))
      return;
    uint32_t count = w.value(in.operands[1], lane);
    if (!count || count >= 1 << 20)
      return w.fault(Fault::Failed, lane,
                     "an mbarrier of " + std::to_string(count) + " arrivals");
    MemoryBarrier barrier;
    barrier.expected = count;
    barrier.pending = count;
    w.block->memoryBarriers[offset] = barrier;
  }
}

void barrierInvalidate(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint32_t offset;
    if (!findBarrier(w, in, in.operands[0], lane) ||
        !barrierOffset(w, in, in.operands[0], lane, offset))
      return;
    w.block->memoryBarriers.erase(offset);
  }
}

enum ArriveFlag : uint8_t { ExpectsBytes = 1, Arrives = 2, HasCount = 4 };

/// mbarrier.arrive{.expect_tx}, mbarrier.expect_tx. The state that it returns
/// is the phase.
void barrierArrive(Warp &w, const Instruction &in) {
  unsigned at = in.destinations;
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    MemoryBarrier *barrier = findBarrier(w, in, in.operands[at], lane);
    if (!barrier)
      return;
    if (at)
      w.set(in.operands[0], lane, barrier->phase);
    uint32_t number =
        in.count > at + 1 ? w.value(in.operands[at + 1], lane) : 1;
    if (in.flags & ExpectsBytes)
      barrier->bytes += number;
    if (in.flags & Arrives) {
      uint32_t arrivals = in.flags & HasCount ? number : 1;
      if (barrier->pending < arrivals)
        return w.fault(Fault::Failed, lane,
                       "more arrivals than the mbarrier's phase expects");
      barrier->pending -= arrivals;
      barrier->clocks.join(w.clocks);
      if (barrier->pending == 0 && barrier->bytes == 0)
        settle(*w.block, *barrier);
    }
  }
  w.release();
}

void barrierArriveOfCopies(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    MemoryBarrier *barrier = findBarrier(w, in, in.operands[0], lane);
    if (!barrier)
      return;
    // Without .noinc, the arrival is expected in addition.
    if (!in.flags)
      ++barrier->pending;
    barrier->arrivals.push_back({&w, 1u << lane, true});
  }
}

enum WaitMode : uint8_t { Parity = 1, Try = 2 };

void barrierWait(Warp &w, const Instruction &in) {
  uint32_t done = 0;
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    MemoryBarrier *barrier = findBarrier(w, in, in.operands[1], lane);
    if (!barrier)
      return;
    settle(*w.block, *barrier);
    uint64_t phase = w.value(in.operands[2], lane);
    // The phase of the parity asked for is the one before, or the one under
    // way.
    bool complete = in.mode & Parity ? (barrier->phase & 1) != (phase & 1)
                                     : barrier->phase != phase;
    if (complete) {
      done |= 1u << lane;
      w.clocks.join(barrier->last);
    }
  }
  uint32_t &to = w.predicate(in.operands[0]);
  to = (to & ~w.mask) | done;
  if (done == w.mask)
    return;
  w.pause = Warp::Yield;
  w.waits = true;
}

bool decodeMbarrier(Decoder &d) {
  Instruction &in = d.in;
  d.takeMemoryOrder();
  int what = d.takeOne(
      {"init", "inval", "arrive", "expect_tx", "test_wait", "try_wait"});
  bool isParity = d.take("parity"), expects = what == 2 && d.take("expect_tx");
  in.space = d.takeSpace();
  if (what < 0 || !d.take("b64"))
    return d.fail("unknown operation of an mbarrier");
  if (in.space == Space::Generic)
    in.space =
        Space::Shared; // generic addresses of shared memory are known as such
  in.progresses = in.strict = what < 4;
  size_t at = 0;
  switch (what) {
  case 0:
    return d.expectArguments(2, 2) && d.address(0) && d.source(1, Type::U32) &&
           d.finish(barrierInit);
  case 1:
    return d.expectArguments(1, 1) && d.address(0) &&
           d.finish(barrierInvalidate);
  case 2:
    in.flags = Arrives | (expects ? ExpectsBytes : 0);
    if (d.arguments() && d.statement.arguments[0].kind == Argument::Name) {
      if (d.statement.arguments[0].name != "_" &&
          !d.destination(size_t(0), Type::B64))
        return false;
      at = 1;
    }
    if (!d.address(at))
      return false;
    if (d.arguments() > at + 1) {
      in.flags |= expects ? 0 : HasCount;
      if (!d.source(at + 1, Type::U32))
        return false;
    }
    return d.expectArguments(at + 1 + expects, at + 2) &&
           d.finish(barrierArrive);
  case 3:
    in.flags = ExpectsBytes;
    return d.expectArguments(2, 2) && d.address(0) && d.source(1, Type::U32) &&
           d.finish(barrierArrive);
  default:
    in.mode = isParity ? Parity : 0;
    return d.expectArguments(3, 4) && d.destination(size_t(0), Type::Pred) &&
           d.address(1) && d.source(2, isParity ? Type::U32 : Type::B64) &&
           (d.arguments() == 3 || d.source(3, Type::U32)) &&
           d.finish(barrierWait);
  }
}

//===----------------------------------------------------------------------===//
// Bulk copies
//===----------------------------------------------------------------------===//

void copyBulkToShared(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint64_t from = w.address(in.operands[1], lane);
    uint32_t bytes = w.value(in.operands[2], lane), to;
    if (!bytes || bytes % 16 || from % 16)
      return w.fault(Fault::Misaligned, lane,
                     "a bulk copy's size and addresses are multiples of 16");
    if (!w.sharedOffset(Space::Shared, w.address(in.operands[0], lane), bytes,
                        16, lane, to))
      return;
    MemoryBarrier *barrier = findBarrier(w, in, in.operands[3], lane);
    if (!barrier)
      return;
    const uint8_t *host = w.block->launch->memory->host(from, bytes);
    if (!host)
      return w.fault(Fault::IllegalAddress, lane,
                     "the source of " + std::to_string(bytes) + " bytes is " +
                         w.block->launch->memory->describe(from));
    if (const char *wrong = w.block->shared.beginCopy(to, bytes, w.clocks))
      return w.sharedFault(wrong, lane);
    barrier->copies.push_back({to, std::vector<uint8_t>(host, host + bytes)});
  }
}

/// The bytes are read at once: what is written over them before the wait would
/// be a race here that is not found.
void copyBulkToGlobal(Warp &w, const Instruction &in) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint64_t to = w.address(in.operands[0], lane);
    uint32_t bytes = w.value(in.operands[2], lane), from;
    if (!bytes || bytes % 16 || to % 16)
      return w.fault(Fault::Misaligned, lane,
                     "a bulk copy's size and addresses are multiples of 16");
    if (!w.sharedOffset(Space::Shared, w.address(in.operands[1], lane), bytes,
                        16, lane, from))
      return;
    uint8_t *host = w.block->launch->memory->host(to, bytes);
    if (!host)
      return w.fault(Fault::IllegalAddress, lane,
                     "the destination of " + std::to_string(bytes) +
                         " bytes is " + w.block->launch->memory->describe(to));
    for (uint32_t i = 0; i < bytes; i += 16)
      if (!w.readForMatrix(from + i))
        return;
    memcpy(host, w.block->shared.bytes(from), bytes);
  }
}

void nothing(Warp &, const Instruction &) {}

bool decodeBulk(Decoder &d) {
  Instruction &in = d.in;
  if (d.take("commit_group"))
    return d.expectArguments(0, 0) && d.finish(nothing);
  if (d.take("wait_group")) {
    d.take("read");
    return d.expectArguments(1, 1) && d.immediate(0, in.immediate) &&
           d.finish(nothing);
  }
  if (d.take("prefetch"))
    return d.take("L2") && d.take("global") && d.address(0) &&
           d.source(1, Type::U32) && d.finish(nothing);
  bool hint = d.take("L2::cache_hint");
  in.strict = in.progresses = true;
  bool toShared = d.statement.modifiers.size() > 2 &&
                  d.statement.modifiers[2].compare(0, 6, "shared") == 0;
  in.space = Space::Shared;
  if (!d.take("global") ||
      !d.takeAny({"shared::cluster", "shared::cta", "shared"}))
    return d.fail("this bulk copy is not supported");
  if (toShared) {
    if (!d.take("mbarrier::complete_tx::bytes"))
      return d.fail("expected .mbarrier::complete_tx::bytes");
    return d.expectArguments(4 + hint, 4 + hint) && d.address(0) &&
           d.address(1) && d.source(2, Type::U32) && d.address(3) &&
           (!hint || d.source(4, Type::B64)) && d.finish(copyBulkToShared);
  }
  if (!d.take("bulk_group"))
    return d.fail("expected .bulk_group");
  return d.expectArguments(3 + hint, 3 + hint) && d.address(0) &&
         d.address(1) && d.source(2, Type::U32) &&
         (!hint || d.source(3, Type::B64)) && d.finish(copyBulkToGlobal);
}
} // namespace

void ptx::addAsync(DecodeTable &table) {
  table["cp"] = decodeCp;
  table["mbarrier"] = decodeMbarrier;
}
