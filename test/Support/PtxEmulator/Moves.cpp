//===- Moves.cpp - mov, comparisons, selections, addresses ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Builder.h"
#include "Numbers.h"

#include <chrono>

using namespace ptx;

namespace {
uint32_t readPredicate(const Warp &w, const Operand &operand) {
  return w.predicate(operand) ^ (operand.negated ? UINT32_MAX : 0);
}
void writePredicate(Warp &w, const Operand &operand, uint32_t value) {
  uint32_t &to = w.predicate(operand);
  to = (to & ~w.mask) | (value & w.mask);
}

//===----------------------------------------------------------------------===//
// mov
//===----------------------------------------------------------------------===//

template <typename T> T same(T value) { return value; }

void movePredicate(Warp &w, const Instruction &in) {
  writePredicate(w, in.operands[0], readPredicate(w, in.operands[1]));
}

/// {a, b} in one register: a is lowest.
void pack(Warp &w, const Instruction &in) {
  unsigned parts = in.count - 1, bits = 8 * bytesOf(in.type) / parts;
  uint64_t field = (1ull << bits) - 1;
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t result = 0;
    for (unsigned i = 0; i < parts; ++i)
      result |= (w.value(in.operands[i + 1], lane) & field) << bits * i;
    w.set(in.operands[0], lane, result);
  });
}

void unpack(Warp &w, const Instruction &in) {
  unsigned parts = in.destinations, bits = 8 * bytesOf(in.type) / parts;
  uint64_t field = (1ull << bits) - 1;
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t value = w.value(in.operands[parts], lane);
    for (unsigned i = 0; i < parts; ++i)
      w.set(in.operands[i], lane, value >> bits * i & field);
  });
}

/// Time goes by the instruction, so that every run is the same.
void readClock(Warp &w, const Instruction &in) {
  uint64_t now = w.block->launch->instructions;
  forLanes(w.mask, [&](unsigned lane) {
    w.set(in.operands[0], lane, in.mode ? now >> 32 : now);
  });
}

Type partType(Type type, size_t parts) {
  unsigned bytes = parts ? bytesOf(type) / parts : 0;
  return bytes == 4   ? Type::B32
         : bytes == 2 ? Type::B16
         : bytes == 1 ? Type::B8
                      : Type::None;
}

bool decodeMov(Decoder &d) {
  Type type = d.in.type = d.takeType();
  if (type == Type::None || !d.expectArguments(2, 2))
    return false;
  const Argument &to = d.statement.arguments[0],
                 &from = d.statement.arguments[1];
  if (type == Type::B128)
    return d.fail("moves of 128 bits are not supported");
  for (const Argument *list : {&to, &from})
    if (list->kind == Argument::Vector &&
        (list->parts.size() < 2 || bytesOf(type) % list->parts.size()))
      return d.fail("expected two, four or eight registers in braces");
  if (to.kind == Argument::Vector)
    return d.destinations(0, partType(type, to.parts.size()), to.parts.size(),
                          true) &&
           d.source(1, type) && d.finish(unpack);
  if (from.kind == Argument::Vector)
    return d.destination(to, type) &&
           d.sources(1, partType(type, from.parts.size()), from.parts.size(),
                     true) &&
           d.finish(pack);
  if (!d.destination(to, type))
    return false;
  if (from.name == "%clock" || from.name == "%clock64" ||
      from.name == "%clock_hi" || from.name == "%globaltimer") {
    d.in.mode = from.name == "%clock_hi";
    return d.finish(readClock);
  }
  return d.source(from, type) &&
         d.finish(type == Type::Pred   ? movePredicate
                  : bytesOf(type) == 8 ? Lanewise<&same<uint64_t>>::run
                                       : Lanewise<&same<uint32_t>>::run);
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// Generic addresses of shared memory are its offsets in a window.
void toGeneric(Warp &w, const Instruction &in) {
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t address = w.value(in.operands[1], lane);
    if (in.immediate && address - in.immediate >= WindowBytes)
      address += in.immediate;
    w.set(in.operands[0], lane, address);
  });
}
void toSpace(Warp &w, const Instruction &in) {
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t address = w.value(in.operands[1], lane);
    if (in.immediate && address - in.immediate < WindowBytes)
      address -= in.immediate;
    w.set(in.operands[0], lane, address);
  });
}

int64_t windowOf(Space space) {
  return space == Space::Shared  ? SharedWindow
         : space == Space::Local ? LocalWindow
         : space == Space::Param ? ParamWindow
                                 : 0;
}

bool decodeCvta(Decoder &d) {
  bool to = d.take("to");
  Space space = d.takeSpace();
  Type type = d.takeType();
  if (space == Space::Generic || bytesOf(type) != 8)
    return d.fail("expected a state space and .u64");
  d.in.immediate = windowOf(space);
  return d.expectArguments(2, 2) && d.destination(size_t(0), type) &&
         d.source(1, type) && d.finish(to ? toSpace : toGeneric);
}

void isSpace(Warp &w, const Instruction &in) {
  uint32_t result = 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t address = w.value(in.operands[1], lane);
    bool inWindow = false;
    for (uint64_t window : {SharedWindow, LocalWindow, ParamWindow})
      inWindow |= address - window < WindowBytes;
    bool is = in.immediate ? address - in.immediate < WindowBytes : !inWindow;
    result |= uint32_t(is) << lane;
  });
  writePredicate(w, in.operands[0], result);
}
bool decodeIsspacep(Decoder &d) {
  d.in.immediate = windowOf(d.takeSpace());
  return d.expectArguments(2, 2) && d.destination(size_t(0), Type::Pred) &&
         d.source(1, Type::U64) && d.finish(isSpace);
}

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

enum Comparison : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu,
  Num,
  Nan
};
enum Combination : uint8_t { Alone, WithAnd, WithOr, WithXor };
constexpr std::initializer_list<std::string_view> comparisonNames = {
    "eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
    "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <typename T> bool compareOrdered(unsigned how, T a, T b) {
  switch (how) {
  case Eq:
    return a == b;
  case Ne:
    return a != b;
  case Lt:
    return a < b;
  case Le:
    return a <= b;
  case Gt:
    return a > b;
  default:
    return a >= b;
  }
}
bool compareFloat(unsigned how, double a, double b) {
  bool unordered = a != a || b != b;
  if (how >= Num)
    return (how == Nan) == unordered;
  if (unordered)
    return how >= Equ;
  return compareOrdered(how % 6, a, b);
}

template <typename T>
uint32_t compareLanes(Warp &w, const Instruction &in, unsigned at) {
  const Lane<T> *a = w.lanes<Lane<T>>(in.operands[at]);
  const Lane<T> *b = w.lanes<Lane<T>>(in.operands[at + 1]);
  uint32_t result = 0;
  forLanes(w.mask, [&](unsigned lane) {
    result |= uint32_t(compareOrdered(in.mode, fromLane<T>(a[lane]),
                                      fromLane<T>(b[lane])))
              << lane;
  });
  return result;
}

double asDouble(Type type, uint64_t bits) {
  return type == Type::F64   ? fromLane<double>(bits)
         : type == Type::F32 ? fromLane<float>(bits)
         : type == Type::F16 ? halfToFloat(bits)
                             : brainToFloat(bits);
}

uint32_t compare(Warp &w, const Instruction &in, unsigned at) {
  switch (in.type) {
  case Type::U16:
  case Type::B16:
    return compareLanes<uint16_t>(w, in, at);
  case Type::S16:
    return compareLanes<int16_t>(w, in, at);
  case Type::U32:
  case Type::B32:
    return compareLanes<uint32_t>(w, in, at);
  case Type::S32:
    return compareLanes<int32_t>(w, in, at);
  case Type::U64:
  case Type::B64:
    return compareLanes<uint64_t>(w, in, at);
  case Type::S64:
    return compareLanes<int64_t>(w, in, at);
  default:
    break;
  }
  uint32_t result = 0;
  forLanes(w.mask, [&](unsigned lane) {
    double a = asDouble(in.type, w.value(in.operands[at], lane));
    double b = asDouble(in.type, w.value(in.operands[at + 1], lane));
    if (in.flags && in.type == Type::F32)
      a = flushed(a), b = flushed(b);
    result |= uint32_t(compareFloat(in.mode, a, b)) << lane;
  });
  return result;
}

uint32_t combine(const Instruction &in, uint32_t result, uint32_t with) {
  switch (in.immediate) {
  case WithAnd:
    return result & with;
  case WithOr:
    return result | with;
  case WithXor:
    return result ^ with;
  default:
    return result;
  }
}

void setp(Warp &w, const Instruction &in) {
  unsigned at = in.destinations;
  uint32_t result = compare(w, in, at);
  uint32_t with = in.immediate ? readPredicate(w, in.operands[at + 2]) : 0;
  writePredicate(w, in.operands[0], combine(in, result, with));
  if (at == 2)
    writePredicate(w, in.operands[1], combine(in, ~result, with));
}

/// Both halves of a packed pair at once: setp.eq.f16x2 p|q, a, b.
void setpPair(Warp &w, const Instruction &in) {
  uint32_t low = 0, high = 0;
  forLanes(w.mask, [&](unsigned lane) {
    uint32_t a = w.value(in.operands[2], lane),
             b = w.value(in.operands[3], lane);
    Type type = in.type == Type::F16x2 ? Type::F16 : Type::BF16;
    low |= uint32_t(compareFloat(in.mode, asDouble(type, a & 0xffff),
                                 asDouble(type, b & 0xffff)))
           << lane;
    high |= uint32_t(compareFloat(in.mode, asDouble(type, a >> 16),
                                  asDouble(type, b >> 16)))
            << lane;
  });
  writePredicate(w, in.operands[0], low);
  writePredicate(w, in.operands[1], high);
}

bool takeComparison(Decoder &d) {
  bool isUnsignedName = true; // lo, ls, hi, hs compare unsigned integers
  int how = d.takeOne(comparisonNames);
  if (how < 0) {
    constexpr uint8_t unsignedOnes[] = {Lt, Le, Gt, Ge};
    int which = d.takeOne({"lo", "ls", "hi", "hs"});
    if (which < 0)
      return d.fail("expected a comparison");
    how = unsignedOnes[which];
  } else {
    isUnsignedName = false;
  }
  d.in.mode = how;
  d.in.flags = d.take("ftz");
  d.in.immediate = d.takeOne({"and", "or", "xor"}) + 1;
  d.in.type = d.takeType();
  if (!isFloat(d.in.type) && how >= Equ)
    return d.fail("this comparison is of floats");
  return !isUnsignedName || !isFloat(d.in.type) ||
         d.fail("this comparison is of unsigned integers");
}

bool decodeSetp(Decoder &d) {
  if (!takeComparison(d))
    return false;
  bool combines = d.in.immediate;
  if (!d.expectArguments(3 + combines, 3 + combines))
    return false;
  const Argument &to = d.statement.arguments[0];
  Argument first = to;
  first.parts.clear();
  if (!d.destination(first, Type::Pred) ||
      (!to.parts.empty() && !d.destination(to.parts[0], Type::Pred)))
    return false;
  bool isPair = d.in.type == Type::F16x2 || d.in.type == Type::BF16x2;
  if (isPair && (d.in.destinations != 2 || combines))
    return d.fail("expected p|q, a, b");
  return d.source(1, d.in.type) && d.source(2, d.in.type) &&
         (!combines || d.source(3, Type::Pred)) &&
         d.finish(isPair ? setpPair : setp);
}

/// d = all ones, or 1.0, where the comparison holds, else 0.
void setValue(Warp &w, const Instruction &in) {
  uint32_t result = compare(w, in, 1);
  if (in.immediate)
    result = combine(in, result, readPredicate(w, in.operands[3]));
  uint64_t one = in.source == Type::F32   ? 0x3f800000
                 : in.source == Type::F16 ? 0x3c00
                                          : UINT32_MAX;
  forLanes(w.mask, [&](unsigned lane) {
    w.set(in.operands[0], lane, result >> lane & 1 ? one : 0);
  });
}
bool decodeSet(Decoder &d) {
  if (!takeComparison(d))
    return false;
  Type result = d.in.source = d.takeType();
  if (result != Type::U32 && result != Type::S32 && result != Type::F32)
    return d.fail("this type of the result is not supported");
  bool combines = d.in.immediate;
  return d.expectArguments(3 + combines, 3 + combines) &&
         d.destination(size_t(0), result) && d.source(1, d.in.type) &&
         d.source(2, d.in.type) && (!combines || d.source(3, Type::Pred)) &&
         d.finish(setValue);
}

//===----------------------------------------------------------------------===//
// Selections
//===----------------------------------------------------------------------===//

/// What is not chosen may be undefined.
template <typename T> void select(Warp &w, const Instruction &in) {
  T *to = w.lanes<T>(in.operands[0]);
  const T *a = w.lanes<T>(in.operands[1]), *b = w.lanes<T>(in.operands[2]);
  uint32_t chosen = readPredicate(w, in.operands[3]);
  forLanes(w.mask, [&](unsigned lane) {
    to[lane] = chosen >> lane & 1 ? a[lane] : b[lane];
  });
}
bool decodeSelp(Decoder &d) {
  Type type = d.takeType();
  return d.expectArguments(4, 4) && d.destination(size_t(0), type) &&
         d.source(1, type) && d.source(2, type) && d.source(3, Type::Pred) &&
         d.finish(bytesOf(type) == 8 ? select<uint64_t> : select<uint32_t>);
}

void selectBySign(Warp &w, const Instruction &in) {
  forLanes(w.mask, [&](unsigned lane) {
    uint64_t c = w.value(in.operands[3], lane);
    bool first =
        in.source == Type::F32 ? fromLane<float>(c) >= 0 : int32_t(c) >= 0;
    w.set(in.operands[0], lane, w.value(in.operands[first ? 1 : 2], lane));
  });
}
bool decodeSlct(Decoder &d) {
  d.take("ftz");
  d.in.source = d.takeType();
  Type type = d.takeType();
  if (d.in.source != Type::F32 && d.in.source != Type::S32)
    return d.fail("expected .s32 or .f32 as the last type");
  return d.expectArguments(4, 4) && d.destination(size_t(0), type) &&
         d.source(1, type) && d.source(2, type) && d.source(3, d.in.source) &&
         d.finish(selectBySign);
}
} // namespace

void ptx::addMoves(DecodeTable &table) {
  table["mov"] = decodeMov;
  table["cvta"] = decodeCvta;
  table["isspacep"] = decodeIsspacep;
  table["setp"] = decodeSetp;
  table["set"] = decodeSet;
  table["selp"] = decodeSelp;
  table["slct"] = decodeSlct;
}
