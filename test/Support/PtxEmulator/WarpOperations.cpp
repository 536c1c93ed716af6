//===- WarpOperations.cpp - what lanes of a warp do together --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"

using namespace ptx;

namespace {
/// Every lane that executes must name itself, and lanes that live, are here and
/// name the same ones: halves of a warp may each name their own.
bool checkMembers(Warp &w, const Operand &members) {
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint32_t named = w.value(members, lane);
    if (!(named >> lane & 1)) {
      w.fault(Fault::Failed, lane, "its member mask does not name the lane");
      return false;
    }
    for (uint32_t others = named & w.live; others; others &= others - 1) {
      unsigned other = __builtin_ctz(others);
      bool isHere = w.mask >> other & 1;
      if (isHere && uint32_t(w.value(members, other)) == named)
        continue;
      w.fault(
          Fault::Failed, lane,
          "waits for lane " + std::to_string(other) +
              (isHere ? ", which names others" : ", which takes another way"));
      return false;
    }
  }
  return true;
}

void writePredicate(Warp &w, const Operand &operand, uint32_t value) {
  uint32_t &to = w.predicate(operand);
  to = (to & ~w.mask) | (value & w.mask);
}

//===----------------------------------------------------------------------===//
// shfl
//===----------------------------------------------------------------------===//

enum Shuffle : uint8_t { Up, Down, Butterfly, Index };

void shuffle(Warp &w, const Instruction &in) {
  unsigned at = in.destinations;
  if (!checkMembers(w, in.operands[at + 3]))
    return;
  const Operand &from = in.operands[at], &to = in.operands[0];
  uint32_t values[32], inRange = 0, defined = 0;
  uint32_t known = w.defined[from.slot] & w.mask;
  forLanes(UINT32_MAX,
           [&](unsigned lane) { values[lane] = w.value(from, lane); });
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t b = w.value(in.operands[at + 1], lane) & 31;
    uint32_t c = w.value(in.operands[at + 2], lane);
    uint32_t clamp = c & 31, segment = c >> 8 & 31;
    uint32_t most = (lane & segment) | (clamp & ~segment);
    int source = in.mode == Up     ? int(lane) - int(b)
                 : in.mode == Down ? int(lane + b)
                 : in.mode == Butterfly
                     ? int(lane ^ b)
                     : int((lane & segment) | (b & ~segment));
    bool ok = in.mode == Up ? source >= int(most) : source <= int(most);
    if (!ok)
      source = lane;
    inRange |= uint32_t(ok) << lane;
    defined |= (known >> source & 1) << lane;
    w.set(to, lane, values[source]);
  });
  uint32_t &state = w.defined[to.slot];
  state = (state & ~w.mask) | defined;
  if (at == 2) {
    writePredicate(w, in.operands[1], inRange);
    w.defined[in.operands[1].slot] |= w.mask;
  }
}

bool decodeShfl(Decoder &d) {
  int mode = d.takeOne({"up", "down", "bfly", "idx"});
  if (!d.take("sync") || mode < 0 || !d.take("b32") || !d.expectArguments(5, 5))
    return d.fail("expected shfl.sync.mode.b32 d|p, a, b, c, members");
  d.in.mode = mode;
  Argument to = d.statement.arguments[0];
  std::vector<Argument> predicate = std::move(to.parts);
  to.parts.clear();
  return d.destination(to, Type::B32) &&
         (predicate.empty() || d.destination(predicate[0], Type::Pred)) &&
         d.source(1, Type::B32) && d.source(2, Type::B32) &&
         d.source(3, Type::B32) && d.source(4, Type::B32) && d.finish(shuffle);
}

//===----------------------------------------------------------------------===//
// vote, match, redux
//===----------------------------------------------------------------------===//

enum Vote : uint8_t { All, Any, Uniform, Ballot };

void vote(Warp &w, const Instruction &in) {
  if (!checkMembers(w, in.operands[2]))
    return;
  const Operand &from = in.operands[1];
  uint32_t votes =
      (w.predicate(from) ^ (from.negated ? UINT32_MAX : 0)) & w.mask;
  if (in.mode == Ballot) {
    forLanes(w.mask,
             [&](unsigned lane) { w.set(in.operands[0], lane, votes); });
    return;
  }
  bool result = in.mode == All   ? votes == w.mask
                : in.mode == Any ? votes != 0
                                 : votes == w.mask || votes == 0;
  writePredicate(w, in.operands[0], result ? UINT32_MAX : 0);
}
bool decodeVote(Decoder &d) {
  int mode = d.takeOne({"all", "any", "uni", "ballot"});
  Type type = mode == Ballot ? Type::B32 : Type::Pred;
  if (!d.take("sync") || mode < 0 || !d.takeAny({"pred", "b32"}))
    return d.fail("expected vote.sync.mode");
  d.in.mode = mode;
  d.in.strict = true;
  return d.expectArguments(3, 3) && d.destination(size_t(0), type) &&
         d.source(1, Type::Pred) && d.source(2, Type::B32) && d.finish(vote);
}

void match(Warp &w, const Instruction &in) {
  unsigned at = in.destinations;
  if (!checkMembers(w, in.operands[at + 1]))
    return;
  uint32_t first = __builtin_ctz(w.mask), all = 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t same = 0;
    forLanes(w.mask, [&](unsigned other) {
      bool equal =
          w.value(in.operands[at], lane) == w.value(in.operands[at], other);
      same |= uint32_t(equal) << other;
    });
    if (!in.mode)
      w.set(in.operands[0], lane, same);
    if (lane == first)
      all = same == w.mask ? w.mask : 0;
  });
  if (!in.mode)
    return;
  forLanes(w.mask, [&](unsigned lane) { w.set(in.operands[0], lane, all); });
  if (at == 2)
    writePredicate(w, in.operands[1], all ? UINT32_MAX : 0);
}
bool decodeMatch(Decoder &d) {
  int mode = d.takeOne({"any", "all"});
  if (mode < 0 || !d.take("sync") || !d.expectArguments(3, 3))
    return d.fail("expected match.any.sync or match.all.sync");
  d.in.mode = mode;
  d.in.strict = true;
  Type type = d.takeType();
  Argument to = d.statement.arguments[0];
  std::vector<Argument> predicate = std::move(to.parts);
  to.parts.clear();
  return d.destination(to, Type::B32) &&
         (predicate.empty() || d.destination(predicate[0], Type::Pred)) &&
         d.source(1, type) && d.source(2, Type::B32) && d.finish(match);
}

enum Reduction : uint8_t { Sum, Minimum, Maximum, And, Or, Xor };

void reduce(Warp &w, const Instruction &in) {
  if (!checkMembers(w, in.operands[2]))
    return;
  bool isFirst = true;
  uint32_t result = 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t value = w.value(in.operands[1], lane);
    auto less = [&](uint32_t a, uint32_t b) {
      return in.type == Type::S32 ? int32_t(a) < int32_t(b) : a < b;
    };
    if (isFirst)
      result = value;
    else if (in.mode == Sum)
      result += value;
    else if (in.mode == Minimum)
      result = less(value, result) ? value : result;
    else if (in.mode == Maximum)
      result = less(result, value) ? value : result;
    else
      result = in.mode == And  ? result & value
               : in.mode == Or ? result | value
                               : result ^ value;
    isFirst = false;
  });
  forLanes(w.mask, [&](unsigned lane) { w.set(in.operands[0], lane, result); });
}
bool decodeRedux(Decoder &d) {
  int mode = d.takeOne({"add", "min", "max", "and", "or", "xor"});
  if (mode < 0 || !d.take("sync"))
    return d.fail("expected redux.sync with an operation");
  Type type = d.in.type = d.takeType();
  if (bytesOf(type) != 4 || isFloat(type))
    return d.fail("this type is not supported");
  d.in.mode = mode;
  d.in.strict = true;
  return d.expectArguments(3, 3) && d.destination(size_t(0), type) &&
         d.source(1, type) && d.source(2, Type::B32) && d.finish(reduce);
}

void activeMask(Warp &w, const Instruction &in) {
  forLanes(w.mask, [&](unsigned lane) { w.set(in.operands[0], lane, w.mask); });
}
bool decodeActivemask(Decoder &d) {
  return d.take("b32") && d.expectArguments(1, 1) &&
         d.destination(size_t(0), Type::B32) && d.finish(activeMask);
}

void elect(Warp &w, const Instruction &in) {
  if (!checkMembers(w, in.operands[2]))
    return;
  uint32_t leader = __builtin_ctz(w.mask);
  forLanes(w.mask, [&](unsigned lane) { w.set(in.operands[0], lane, leader); });
  writePredicate(w, in.operands[1], 1u << leader);
}
bool decodeElect(Decoder &d) {
  if (!d.take("sync") || !d.expectArguments(2, 2) ||
      d.statement.arguments[0].parts.size() != 1)
    return d.fail("expected elect.sync d|p, members");
  Argument to = d.statement.arguments[0];
  Argument predicate = to.parts[0];
  to.parts.clear();
  return d.destination(to, Type::B32) && d.destination(predicate, Type::Pred) &&
         d.source(1, Type::B32) && d.finish(elect);
}
} // namespace

void ptx::addWarpOperations(DecodeTable &table) {
  table["shfl"] = decodeShfl;
  table["vote"] = decodeVote;
  table["match"] = decodeMatch;
  table["redux"] = decodeRedux;
  table["activemask"] = decodeActivemask;
  table["elect"] = decodeElect;
}
