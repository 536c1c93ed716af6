//===- Wgmma.cpp - wgmma ---------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of the 64 rows of a warp group, each of its four warps has 16 to itself, so
// that warps need not be brought together. The product is computed when
// wgmma.wait_group says that it is there; until then its registers and what is
// in shared memory must be left alone, and what changes is found.
//
// With g = lane / 4 and t = lane % 4, register i of D holds row
// 16 warp + g + 8 (i / 2 % 2), column 8 (i / 4) + 2t + i % 2.
//===----------------------------------------------------------------------===//
#include "Async.h"
#include "Decoder.h"
#include "Elements.h"

#include <cstdlib>

using namespace ptx;

namespace {
enum Flag : uint8_t {
  RegistersA = 1,
  TransposedA = 2,
  TransposedB = 4,
  NegatedA = 8,
  NegatedB = 16,
  HalfSum = 32,
  Saturates = 64,
};

/// A matrix descriptor. `rows` are what A has of M and B of N.
struct Descriptor {
  uint32_t start, leading, stride;
  unsigned swizzleBytes; // 16: none

  explicit Descriptor(uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4),
        stride((bits >> 32 & 0x3fff) << 4) {
    constexpr unsigned bytes[] = {16, 128, 64, 32};
    swizzleBytes = bytes[bits >> 62];
  }

  /// Where 16 bytes are that begin at byte `at` of line `line`: a line is a row
  /// of bytes along k, or, transposed, one k with bytes along the rows.
  uint32_t chunk(unsigned line, unsigned at, bool isTransposed) const {
    uint32_t offset = start;
    unsigned unit = at / 16, units = swizzleBytes / 16;
    if (units == 1) {
      uint32_t alongLines = isTransposed ? leading : stride;
      uint32_t alongBytes = isTransposed ? stride : leading;
      offset += line / 8 * alongLines + line % 8 * 16 + unit * alongBytes;
    } else {
      offset += line / 8 * stride + line % 8 * swizzleBytes;
      // Along k, all bytes of an instruction are in one row of the pattern.
      offset +=
          isTransposed ? unit / units * leading + unit % units * 16 : unit * 16;
      // Bits 4.. are crossed with bits 7..
      offset ^= (offset >> 7 & (units - 1)) << 4;
    }
    return offset;
  }
};

/// Rows `first` to `first + count` of the matrix of a descriptor, as
/// to[(row - first) * rowStep + k * depthStep]; false after a fault.
bool readMatrix(Warp &w, uint64_t bits, Type type, unsigned first,
                unsigned count, unsigned k, bool isTransposed, double *to,
                unsigned rowStep, unsigned depthStep) {
  Descriptor descriptor(bits);
  unsigned bytes = elementBytes(type), each = 16 / bytes;
  unsigned lines = isTransposed ? k : count;
  unsigned along = isTransposed ? count : k;
  if (bits >> 49 & 7) {
    w.fault(Fault::Failed, 0,
            "a descriptor with a base offset is not supported");
    return false;
  }
  bool ok = true;
  auto readLine = [&](unsigned line, auto value) {
    for (unsigned at = 0; at < along && ok; at += each) {
      unsigned row = isTransposed ? first + at : first + line;
      uint32_t offset = isTransposed ? descriptor.chunk(line, row * bytes, true)
                                     : descriptor.chunk(row, at * bytes, false);
      const uint8_t *host = w.readForMatrix(offset);
      if (!host) {
        ok = false;
        return;
      }
      for (unsigned i = 0; i < each; ++i) {
        uint32_t element = 0;
        memcpy(&element, host + i * bytes, bytes);
        unsigned r = isTransposed ? at + i : line,
                 c = isTransposed ? line : at + i;
        to[r * rowStep + c * depthStep] = value(element);
      }
    }
  };
  withElement(type, [&](auto value) {
    for (unsigned line = 0; line < lines && ok; ++line)
      readLine(line, value);
  });
  return ok;
}

unsigned columnsOf(const Instruction &in) { return in.immediate; }
unsigned depthOf(const Instruction &in) { return 32 / elementBytes(in.type); }

/// The fragment of A that registers held when the instruction began.
void readFragment(const Instruction &in, const std::vector<uint32_t> &fragments,
                  unsigned k, double *a) {
  unsigned bits = 8 * elementBytes(in.type), each = 32 / bits;
  withElement(in.type, [&](auto value) {
    for (unsigned i = 0; i < 4; ++i)
      for (unsigned lane = 0; lane < 32; ++lane) {
        unsigned row = lane / 4 + 8 * (i % 2);
        unsigned column = 4 * each * (i / 2) + each * (lane % 4);
        for (unsigned j = 0; j < each; ++j)
          a[row * k + column + j] = value(fragments[i * 32 + lane] >> bits * j);
      }
  });
}

/// sum[row][column] += A[row][k] * B[column][k], into D.
void finish(Warp &w, const PendingWgmma &pending) {
  const Instruction &in = *pending.instruction;
  unsigned n = columnsOf(in), k = depthOf(in);
  std::vector<double> a(16 * k), b(n * k);
  if (in.flags & RegistersA)
    readFragment(in, pending.fragments, k, a.data());
  else if (!readMatrix(w, pending.a, in.type, 16 * (w.index % 4), 16, k,
                       in.flags & TransposedA, a.data(), k, 1))
    return;
  if (!readMatrix(w, pending.b, in.source, 0, n, k, in.flags & TransposedB,
                  b.data(), 1, n))
    return;
  bool negative = !(in.flags & NegatedA) != !(in.flags & NegatedB);
  std::vector<double> products(16 * n);
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned i = 0; i < k; ++i) {
      double factor = negative ? -a[row * k + i] : a[row * k + i];
      for (unsigned column = 0; column < n; ++column)
        products[row * n + column] += factor * b[i * n + column];
    }
  auto product = [&](unsigned row, unsigned column) {
    return products[row * n + column];
  };
  bool isInteger = isIntegerElement(in.type), isHalf = in.flags & HalfSum;
  for (unsigned i = 0; i < in.destinations; ++i) {
    uint32_t *to = w.lanes<uint32_t>(in.operands[i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, t = 2 * (lane % 4);
      if (isHalf) {
        unsigned row = g + 8 * (i % 2), column = 8 * (i / 2) + t;
        uint32_t old = pending.accumulates ? to[lane] : 0;
        auto half = [&](uint16_t before, unsigned at) -> uint32_t {
          return floatToHalf(
              toFloatOdd(halfToFloat(before) + product(row, at)));
        };
        to[lane] = half(old, column) | half(old >> 16, column + 1) << 16;
        continue;
      }
      unsigned row = g + 8 * (i / 2 % 2), column = 8 * (i / 4) + t + i % 2;
      if (!isInteger) {
        double before = pending.accumulates ? fromLane<float>(to[lane]) : 0;
        to[lane] = toLane(static_cast<float>(before + product(row, column)));
        continue;
      }
      int64_t sum = (pending.accumulates ? int32_t(to[lane]) : 0) +
                    static_cast<int64_t>(product(row, column));
      if (in.flags & Saturates)
        sum = std::min<int64_t>(std::max<int64_t>(sum, INT32_MIN), INT32_MAX);
      to[lane] = static_cast<uint32_t>(sum);
    }
  }
}

void count(Warp &w, const Instruction &in, int by) {
  unsigned last = in.destinations + (in.flags & RegistersA ? 4 : 0);
  for (unsigned i = 0; i < last; ++i)
    w.inFlight[in.operands[i].slot] += by;
  w.inFlightCount += by;
}

void start(Warp &w, const Instruction &in) {
  if (w.mask != UINT32_MAX)
    return w.fault(Fault::Failed, w.mask ? __builtin_ctz(w.mask) : 0,
                   "needs all lanes of the warp");
  unsigned at = in.destinations, registers = in.flags & RegistersA ? 4 : 0;
  PendingWgmma pending;
  pending.instruction = &in;
  pending.group = w.wgmmaGroups;
  for (unsigned i = 0; i < at + registers; ++i)
    if (w.unfenced[in.operands[i].slot])
      return w.fault(Fault::Failed, 0,
                     "register " + w.kernel->slots[in.operands[i].slot].name +
                         " was written after the last wgmma.fence");
  for (unsigned i = 0; i < registers; ++i) {
    const uint32_t *from = w.lanes<uint32_t>(in.operands[at + i]);
    pending.fragments.insert(pending.fragments.end(), from, from + 32);
  }
  if (!registers)
    pending.a = w.value(in.operands[at], 0);
  at += registers ? registers : 1;
  pending.b = w.value(in.operands[at], 0);
  const Operand &scale = in.operands[at + 1];
  pending.accumulates =
      (w.predicate(scale) ^ (scale.negated ? UINT32_MAX : 0)) & 1;
  // Sums that begin here read what D held.
  uint32_t known = UINT32_MAX;
  for (unsigned i = 0; i < in.destinations && pending.accumulates; ++i)
    known &= w.defined[in.operands[i].slot];
  if (~known)
    return w.fault(Fault::Failed, __builtin_ctz(~known),
                   "adds to registers that have no defined value");
  for (unsigned i = 0; i < in.destinations; ++i)
    w.defined[in.operands[i].slot] = UINT32_MAX;
  count(w, in, 1);
  w.wgmmas.push_back(std::move(pending));
}

void fence(Warp &w, const Instruction &) {
  std::fill(w.unfenced.begin(), w.unfenced.end(), 0);
}
void commit(Warp &w, const Instruction &) { ++w.wgmmaGroups; }

void wait(Warp &w, const Instruction &in) {
  size_t done = 0;
  while (done < w.wgmmas.size() &&
         w.wgmmas[done].group + in.immediate < w.wgmmaGroups)
    ++done;
  for (size_t i = 0; i < done; ++i) {
    finish(w, w.wgmmas[i]);
    count(w, *w.wgmmas[i].instruction, -1);
  }
  w.wgmmas.erase(w.wgmmas.begin(), w.wgmmas.begin() + done);
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

bool takeSign(Decoder &d, size_t &at, uint8_t flag) {
  int64_t value;
  if (!d.immediate(at++, value) || (value != 1 && value != -1))
    return d.fail("expected 1 or -1");
  d.in.flags |= value < 0 ? flag : 0;
  return true;
}

bool takeTransposition(Decoder &d, size_t &at, uint8_t flag) {
  int64_t value;
  if (!d.immediate(at++, value) || (value != 0 && value != 1))
    return d.fail("expected 0 or 1");
  d.in.flags |= value ? flag : 0;
  return true;
}

bool decodeMultiply(Decoder &d) {
  Instruction &in = d.in;
  std::string shape;
  if (!d.take("mma_async") || !d.takePrefixed("m64n", shape))
    return d.fail("expected wgmma.mma_async.sync.aligned.m64n*k*");
  in.flags = d.take("satfinite") ? Saturates : 0;
  Type b = in.source = d.takeType(), a = in.type = d.takeType(),
       sum = d.takeType();
  if (sum == Type::None)
    return false;
  bool isInteger = isIntegerElement(a);
  bool isFloat8 = a == Type::E4M3 || a == Type::E5M2;
  bool is16 = a == Type::F16 || a == Type::BF16;
  bool known = isInteger  ? isIntegerElement(b) && sum == Type::S32
               : isFloat8 ? (b == Type::E4M3 || b == Type::E5M2) &&
                                (sum == Type::F32 || sum == Type::F16)
               : a == Type::F16
                   ? b == a && (sum == Type::F32 || sum == Type::F16)
                   : (is16 || a == Type::TF32) && b == a && sum == Type::F32;
  char *end = nullptr;
  unsigned n = in.immediate = strtoul(shape.c_str(), &end, 10);
  unsigned k = *end == 'k' ? atoi(end + 1) : 0;
  if (!known || k != depthOf(in) || n % 8 || n < 8 || n > 256)
    return d.fail("these types or this shape are not supported");
  if (sum == Type::F16)
    in.flags |= HalfSum;
  Type type = isInteger ? Type::S32 : sum == Type::F16 ? Type::B32 : Type::F32;
  in.mode = WgmmaMode;
  in.strict = in.progresses = true;
  if (d.arguments() < 4 ||
      !d.destinations(0, type, n / (sum == Type::F16 ? 4 : 2)))
    return d.fail("expected D, A, B and scale-d");
  bool registers = d.statement.arguments[1].kind == Argument::Vector;
  in.flags |= registers ? RegistersA : 0;
  if (!(registers ? d.sources(1, Type::B32, 4) : d.source(1, Type::B64)) ||
      !d.source(2, Type::B64) || !d.source(3, Type::Pred))
    return false;
  size_t at = 4;
  if (!isInteger && (!takeSign(d, at, NegatedA) || !takeSign(d, at, NegatedB)))
    return false;
  if (is16 && ((!registers && !takeTransposition(d, at, TransposedA)) ||
               !takeTransposition(d, at, TransposedB)))
    return false;
  return d.expectArguments(at, at) && d.finish(start);
}

bool decodeWgmma(Decoder &d) {
  if (!d.take("sync") || !d.take("aligned"))
    return d.fail("expected .sync.aligned");
  if (d.take("fence"))
    return d.expectArguments(0, 0) && d.finish(fence);
  if (d.take("commit_group"))
    return d.expectArguments(0, 0) && d.finish(commit);
  if (d.take("wait_group"))
    return d.expectArguments(1, 1) && d.immediate(0, d.in.immediate) &&
           d.finish(wait);
  return decodeMultiply(d);
}
} // namespace

const uint8_t *Warp::readForMatrix(uint32_t offset) {
  uint32_t at;
  if (!sharedOffset(Space::Shared, offset, 16, 16, 0, at))
    return nullptr;
  const char *wrong = block->shared.read(at, 16, index, clocks);
  unsigned writer = 0;
  if (!wrong && !block->shared.isFenced(
                    at, 16,
                    [&](unsigned agent) {
                      return std::max(proxied.at[agent],
                                      block->warps[agent].proxied.at[agent]);
                    },
                    writer)) {
    fault(Fault::Failed, 0,
          "reads what warp " + std::to_string(writer) +
              " wrote without fence.proxy.async between");
    return nullptr;
  }
  if (!wrong)
    return block->shared.bytes(at);
  sharedFault(wrong, 0);
  return nullptr;
}

void ptx::addWgmma(DecodeTable &table) { table["wgmma"] = decodeWgmma; }
