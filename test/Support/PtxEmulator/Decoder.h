//===- Decoder.h - from a statement to an instruction -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group of instructions has a file with its handlers and the functions that
// decode them: those take the modifiers that they know one by one, and what is
// left over is an error.
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_DECODER_H
#define PTX_EMULATOR_DECODER_H

#include "Machine.h"
#include "Syntax.h"

#include <unordered_map>

namespace ptx {

class Builder;

class Decoder {
public:
  Decoder(Builder &builder, const Item &item, Instruction &in)
      : statement(item.statement), in(in), builder(builder), item(item),
        modifiers(item.statement.modifiers) {}

  const Statement &statement;
  Instruction &in;

  /// Takes a modifier away wherever it stands; false: it does not.
  bool take(std::string_view modifier);
  bool takeAny(std::initializer_list<std::string_view> list);
  /// The index of the first one of `names` that is there, or -1.
  int takeOne(std::initializer_list<std::string_view> names);
  /// The last modifier, a type; None, after an error, where it is none.
  Type takeType();
  /// A modifier that begins with `prefix`: what follows it.
  bool takePrefixed(std::string_view prefix, std::string &rest);
  /// .cta, .sem and .scope words, which do not change what one host thread does
  void takeMemoryOrder();
  void takeCacheOperators();
  Space takeSpace(); // Generic where none is named

  size_t arguments() const { return statement.arguments.size(); }
  bool expectArguments(size_t least, size_t most);

  // Operands, destinations first. `relaxed` allows a register wider than the
  // type, as loads, stores and conversions do.
  bool destination(const Argument &argument, Type type, bool relaxed = false);
  bool source(const Argument &argument, Type type, bool relaxed = false);
  bool destination(size_t i, Type type, bool relaxed = false);
  bool source(size_t i, Type type, bool relaxed = false);
  bool predicateDestination(const Argument &argument) {
    return destination(argument, Type::Pred);
  }
  /// {a, b} as registers; one register stands for itself.
  bool destinations(size_t i, Type type, unsigned count, bool relaxed = false);
  bool sources(size_t i, Type type, unsigned count, bool relaxed = false);
  bool address(size_t i);
  bool immediate(size_t i, int64_t &value);
  bool isPredicate(const std::string &name);
  /// A register of the decoder's own, which holds what the handler leaves.
  Operand scratch(Type type);

  bool fail(const std::string &message);
  /// Everything is decoded; complains of modifiers that nobody took.
  bool finish(Handler handler);

  Builder &builder;
  std::vector<Operand> operands;

private:
  const Item &item;
  std::vector<std::string> modifiers;
};

using DecodeFunction = bool (*)(Decoder &);
using DecodeTable = std::unordered_map<std::string_view, DecodeFunction>;
void addIntegers(DecodeTable &table);
void addFloats(DecodeTable &table);
void addConversions(DecodeTable &table);
void addMoves(DecodeTable &table);
void addMemory(DecodeTable &table);
void addAtomics(DecodeTable &table);
void addWarpOperations(DecodeTable &table);
void addControl(DecodeTable &table);
void addBarriers(DecodeTable &table);
void addMatrices(DecodeTable &table);
void addAsync(DecodeTable &table);
void addWgmma(DecodeTable &table);

//===----------------------------------------------------------------------===//
// Functions of one lane as handlers
//===----------------------------------------------------------------------===//

// The bits of small floats, in types of their own so that templates know them.
struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};
struct Half2 {
  Half low, high;
};
struct Brain2 {
  Brain low, high;
};

template <typename T>
using Lane = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;

template <typename T> inline T fromLane(Lane<T> bits) {
  T value;
  memcpy(&value, &bits, sizeof(T)); // little-endian hosts
  return value;
}
template <typename T> inline Lane<T> toLane(T value) {
  Lane<T> bits = 0;
  memcpy(&bits, &value, sizeof(T));
  return bits;
}

/// run is the handler that applies F to every lane.
template <auto F> struct Lanewise;
template <typename R, typename... A, R (*F)(A...)> struct Lanewise<F> {
  static void run(Warp &warp, const Instruction &in) {
    runAt(warp, in, std::index_sequence_for<A...>());
  }
  template <size_t... I>
  static void runAt(Warp &warp, const Instruction &in,
                    std::index_sequence<I...>) {
    Lane<R> *to = warp.lanes<Lane<R>>(in.operands[0]);
    std::tuple<Lane<A> *...> from(warp.lanes<Lane<A>>(in.operands[I + 1])...);
    forLanes(warp.mask, [&](unsigned lane) {
      to[lane] = toLane<R>(F(fromLane<A>(std::get<I>(from)[lane])...));
    });
  }
};

/// Op<T>::of for the integer type `type`, or null.
template <template <typename> class Op> Handler forInteger(Type type) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return Lanewise<&Op<uint16_t>::of>::run;
  case Type::U32:
  case Type::B32:
    return Lanewise<&Op<uint32_t>::of>::run;
  case Type::U64:
  case Type::B64:
    return Lanewise<&Op<uint64_t>::of>::run;
  case Type::S16:
    return Lanewise<&Op<int16_t>::of>::run;
  case Type::S32:
    return Lanewise<&Op<int32_t>::of>::run;
  case Type::S64:
    return Lanewise<&Op<int64_t>::of>::run;
  default:
    return nullptr;
  }
}

} // namespace ptx
#endif
