//===- LoadStore.cpp - ld, st, atom, red, prefetch ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"
#include "Numbers.h"

using namespace ptx;

namespace {
uint64_t readBytes(const uint8_t *from, unsigned bytes) {
  uint64_t value = 0;
  memcpy(&value, from, bytes);
  return value;
}

void load(Warp &w, const Instruction &in) {
  unsigned bytes = bytesOf(in.type), count = in.vector;
  unsigned unused = 64 - 8 * bytes;
  bool extends = isSigned(in.type);
  const Operand &from = in.operands[count];
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    const uint8_t *host = w.resolve(in.space, w.address(from, lane),
                                    bytes * count, lane, Access::Read);
    if (!host)
      return;
    for (unsigned i = 0; i < count; ++i) {
      uint64_t value = readBytes(host + i * bytes, bytes);
      if (extends)
        value = uint64_t(int64_t(value << unused) >> unused);
      w.set(in.operands[i], lane, value);
    }
  }
}

void store(Warp &w, const Instruction &in) {
  unsigned bytes = bytesOf(in.type), count = in.vector;
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint8_t *host = w.resolve(in.space, w.address(in.operands[0], lane),
                              bytes * count, lane, Access::Write);
    if (!host)
      return;
    for (unsigned i = 0; i < count; ++i) {
      uint64_t value = w.value(in.operands[i + 1], lane);
      memcpy(host + i * bytes, &value, bytes);
    }
  }
}

bool takeVector(Decoder &d) {
  int which = d.takeOne({"v2", "v4", "v8"});
  d.in.vector = which < 0 ? 1 : 2 << which;
  return true;
}

/// What loads and stores say alike; whether a cache policy is the last
/// argument.
bool takeAccess(Decoder &d) {
  d.takeMemoryOrder();
  d.in.space = d.takeSpace();
  d.takeCacheOperators();
  bool hint = d.take("L2::cache_hint");
  takeVector(d);
  d.in.type = d.takeType();
  return hint;
}

bool decodeLoad(Decoder &d) {
  bool hint = takeAccess(d);
  Type type = d.in.type;
  return d.expectArguments(2 + hint, 2 + hint) &&
         d.destinations(0, type, d.in.vector, true) && d.address(1) &&
         (!hint || d.source(2, Type::B64)) && d.finish(load);
}

bool decodeStore(Decoder &d) {
  bool hint = takeAccess(d);
  Type type = d.in.type;
  d.in.progresses = true;
  return d.expectArguments(2 + hint, 2 + hint) && d.address(0) &&
         d.sources(1, type, d.in.vector, true) &&
         (!hint || d.source(2, Type::B64)) && d.finish(store);
}

void nothing(Warp &, const Instruction &) {}

bool decodePrefetch(Decoder &d) {
  d.in.space = d.takeSpace();
  d.takeAny({"L1", "L2", "L2::evict_last", "L2::evict_normal", "tensormap"});
  return d.expectArguments(1, 2) && d.address(0) && d.finish(nothing);
}

//===----------------------------------------------------------------------===//
// Atomic operations
//===----------------------------------------------------------------------===//

enum AtomicOperation : uint8_t {
  And,
  Or,
  Xor,
  Exchange,
  Sum,
  Increment,
  Decrement,
  Minimum,
  Maximum,
  Compare
};

template <typename T> T integerAtomic(uint8_t how, T old, T b, T c) {
  using U = std::make_unsigned_t<T>;
  switch (how) {
  case And:
    return old & b;
  case Or:
    return old | b;
  case Xor:
    return old ^ b;
  case Exchange:
    return b;
  case Sum:
    return T(U(old) + U(b));
  case Increment:
    return U(old) >= U(b) ? 0 : old + 1;
  case Decrement:
    return old == 0 || U(old) > U(b) ? b : old - 1;
  case Minimum:
    return std::min(old, b);
  case Maximum:
    return std::max(old, b);
  default:
    return old == b ? c : old;
  }
}

uint16_t addSmall(Type type, uint16_t a, uint16_t b) {
  bool isHalf = type == Type::F16 || type == Type::F16x2;
  return isHalf ? floatToHalf(halfToFloat(a) + halfToFloat(b))
                : floatToBrain(
                      toFloatOdd(addToOdd(brainToFloat(a), brainToFloat(b))));
}

uint64_t atomicResult(const Instruction &in, uint64_t old, uint64_t b,
                      uint64_t c) {
  switch (in.type) {
  case Type::F32:
    return toLane(fromLane<float>(old) + fromLane<float>(b));
  case Type::F64:
    return toLane(fromLane<double>(old) + fromLane<double>(b));
  case Type::F16:
  case Type::BF16:
    return addSmall(in.type, old, b);
  case Type::F16x2:
  case Type::BF16x2:
    return addSmall(in.type, old, b) |
           uint32_t(addSmall(in.type, old >> 16, b >> 16)) << 16;
  case Type::S32:
    return uint32_t(integerAtomic<int32_t>(in.mode, old, b, c));
  case Type::S64:
    return integerAtomic<int64_t>(in.mode, old, b, c);
  case Type::B16:
  case Type::U16:
    return integerAtomic<uint16_t>(in.mode, old, b, c);
  default:
    return bytesOf(in.type) == 8 ? integerAtomic<uint64_t>(in.mode, old, b, c)
                                 : integerAtomic<uint32_t>(in.mode, old, b, c);
  }
}

/// Lanes take their turns in ascending order.
void atomic(Warp &w, const Instruction &in) {
  unsigned bytes = bytesOf(in.type), at = in.destinations;
  for (uint32_t lanes = w.mask; lanes; lanes &= lanes - 1) {
    unsigned lane = __builtin_ctz(lanes);
    uint8_t *host = w.resolve(in.space, w.address(in.operands[at], lane), bytes,
                              lane, Access::Atomic);
    if (!host)
      return;
    uint64_t old = readBytes(host, bytes);
    uint64_t c = in.mode == Compare ? w.value(in.operands[at + 2], lane) : 0;
    uint64_t value =
        atomicResult(in, old, w.value(in.operands[at + 1], lane), c);
    memcpy(host, &value, bytes);
    if (at)
      w.set(in.operands[0], lane, old);
  }
}

template <bool Returns> bool decodeAtomic(Decoder &d) {
  d.takeMemoryOrder();
  d.in.space = d.takeSpace();
  bool hint = d.take("L2::cache_hint");
  d.take("noftz");
  int how = d.takeOne(
      {"and", "or", "xor", "exch", "add", "inc", "dec", "min", "max", "cas"});
  Type type = d.in.type = d.takeType();
  if (how < 0)
    return d.fail("unknown operation");
  if (isFloat(type) && how != Sum)
    return d.fail("floats can only be added");
  d.in.mode = how;
  d.in.progresses = true;
  bool compares = how == Compare;
  size_t count = Returns + 2 + compares + hint, at = Returns;
  return d.expectArguments(count, count) &&
         (!Returns || d.destination(size_t(0), type)) && d.address(at) &&
         d.source(at + 1, type) && (!compares || d.source(at + 2, type)) &&
         (!hint || d.source(count - 1, Type::B64)) && d.finish(atomic);
}
} // namespace

void ptx::addMemory(DecodeTable &table) {
  table["ld"] = decodeLoad;
  table["ldu"] = decodeLoad;
  table["st"] = decodeStore;
  table["prefetch"] = decodePrefetch;
  table["prefetchu"] = decodePrefetch;
}

void ptx::addAtomics(DecodeTable &table) {
  table["atom"] = decodeAtomic<true>;
  table["red"] = decodeAtomic<false>;
}
