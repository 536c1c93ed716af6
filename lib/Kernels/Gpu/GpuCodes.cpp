//===- GpuCodes.cpp - codes to the operands of products ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Integers: the bits of a code under those of 1024.0 are 1024 + code, from
// which one subtraction takes 1024 and the zero point; both are exact. Small
// floats: sign, exponent and mantissa move to where a half has them, without a
// change of bias, so that values are too small by a power of two that the
// scale takes up; subnormal ones stay right. Tables: `prmt` picks the bytes of
// four entries at once. Codes of 3 bits: their low bits and their high ones are
// put together.
//===----------------------------------------------------------------------===//

#include "GpuCodes.h"
#include "squint/Numerics/FloatBits.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

/// 1024.0 twice.
static constexpr uint32_t kMagic = 0x64006400;

static bool isTable(const FragmentLayout &layout) {
  return !layout.areBytes && layout.format.element->kind == ElementKind::Table;
}

static bool isFloat(const FragmentLayout &layout) {
  return layout.format.element->kind == ElementKind::Float;
}

FragmentDecoder::FragmentDecoder(GpuBuilder &b, const FragmentLayout &layout)
    : b(b), layout(layout) {
  if (!isTable(layout))
    return;
  for (unsigned shift : {0u, 8u})
    for (uint32_t first = 0; first < 16; first += 4) {
      uint32_t bytes = 0;
      for (uint32_t i = 0; i < 4; ++i) {
        uint16_t half = floatToHalf(layout.format.element->decode(first + i));
        bytes |= uint32_t(half >> shift & 255) << (8 * i);
      }
      (shift ? high : low).push_back(b.word(bytes));
    }
}

std::array<Value, 2> FragmentDecoder::getOffsets(ArrayRef<Value> zero) {
  if (layout.areBytes || !layout.format.isInteger())
    return {};
  std::array<Value, 2> offsets;
  for (int i : {0, 1}) {
    if (zero.empty()) {
      uint32_t half = floatToHalf(1024.0f + layout.bias());
      offsets[i] = b.word(half << 16 | half);
      continue;
    }
    // Twice in a word, under the magic bits: 1024 + zero point.
    Value twice =
        arith::MulIOp::create(b, zero[i], b.word(0x00010001)).getResult();
    offsets[i] = b.ori(twice, b.word(kMagic));
  }
  return offsets;
}

std::array<Value, 2> FragmentDecoder::decodeEight(Value codes) {
  // Bytes 0 and 1, then 2 and 3, each a half's low or high byte.
  std::array<Value, 2> halves;
  for (uint32_t i : {0u, 1u}) {
    uint32_t first = 2 * i, second = 2 * i + 1;
    if (layout.format.isInteger()) {
      halves[i] = b.permute(codes, b.word(kMagic),
                            b.word(0x7050 | second << 8 | first));
      continue;
    }
    Value raised = b.permute(codes, b.word(0),
                             b.word(second << 12 | 4 << 8 | first << 4 | 4));
    unsigned shift = 5 - layout.format.element->mini->exponentBits;
    uint32_t mask = 0x7fffu & ~((1u << shift) - 1);
    halves[i] =
        shift == 0
            ? raised
            : b.ori(b.andi(raised, b.word(0x80008000)),
                    b.shr(b.andi(raised, b.word(mask << 16 | mask)), shift));
  }
  return halves;
}

FragmentDecoder::Values FragmentDecoder::decodeTable(Value codes) {
  // Codes of registers i and i + 2 (elements 0), then the same of elements 1,
  // are the nibbles of a selector: the word itself, 16 bits at a time.
  std::array<Value, 2> bytes[2];
  for (unsigned half : {0u, 1u}) {
    Value selector = b.shr(codes, 16 * half);
    Value within = b.andi(selector, b.word(0x7777));
    // All bits of a byte where the code is in the upper half of the table.
    Value upper = b.permute(b.word(0x0000ff00), b.word(0),
                            b.andi(b.shr(selector, 3), b.word(0x1111)));
    auto pick = [&](ArrayRef<Value> table) {
      Value below = b.permute(table[0], table[1], within),
            above = b.permute(table[2], table[3], within);
      // (below ^ above) & upper ^ below.
      Value changed = b.andi(arith::XOrIOp::create(b, below, above), upper);
      return arith::XOrIOp::create(b, changed, below).getResult();
    };
    bytes[half] = {pick(low), pick(high)};
  }
  // Register i has element i of either half of the word.
  Values registers;
  for (uint32_t i = 0; i < 4; ++i) {
    Value low = b.permute(bytes[0][0], bytes[0][1], b.word((4 + i) << 4 | i)),
          high = b.permute(bytes[1][0], bytes[1][1], b.word((4 + i) << 4 | i));
    registers.push_back(b.permute(low, high, b.word(0x5410)));
  }
  return registers;
}

FragmentDecoder::Values FragmentDecoder::decodePlanes(ValueRange words,
                                                      int64_t step) {
  // Of register i, the lowest bit of the low ones and of the high one, and
  // where they go.
  bool areBytes = layout.areBytes;
  int64_t high = areBytes ? step / 2 : step / 4;
  int low = areBytes ? 8 - static_cast<int>(layout.codeBits()) : 0;
  uint32_t every = areBytes ? 0x01010101 : 0x00010001;
  auto shifted = [&](Value word, int from, int to) {
    return from >= to ? b.shr(word, from - to) : b.shl(word, to - from);
  };
  Values registers;
  for (int i = 0; i < 4; ++i) {
    int pair = areBytes ? i : step % 2 * 4 + i;
    Value value = shifted(words[areBytes ? step : step / 2], 2 * pair, low);
    uint32_t mask = (3 * every) << low;
    value = areBytes ? b.andi(value, b.word(mask))
                     : b.maskOr(value, mask, b.word(kMagic));
    if (layout.hasHighBits()) {
      int bit = areBytes ? step % 2 * 4 + i : step % 4 * 4 + i;
      value = b.maskOr(
          shifted(words[FragmentLayout::laneWords + high], bit, low + 2),
          every << (low + 2), value);
    }
    registers.push_back(value);
  }
  return registers;
}

FragmentDecoder::Values FragmentDecoder::decodeBytes(ValueRange words,
                                                     int64_t step) {
  if (layout.codeBits() == 8)
    return Values(words);
  if (layout.lowBits() == 2)
    return decodePlanes(words, step);
  Values registers;
  for (int64_t w = 0; w < 2; ++w) {
    Value word = words[2 * step + w];
    registers.push_back(b.andi(word, b.word(0xf0f0f0f0)));
    registers.push_back(b.andi(b.shl(word, 4), b.word(0xf0f0f0f0)));
  }
  return registers;
}

FragmentDecoder::Values
FragmentDecoder::decode(ValueRange words, int64_t step,
                        const std::array<Value, 2> &offsets) {
  if (layout.areBytes)
    return decodeBytes(words, step);
  Values registers;
  if (layout.codeBits() == 8) {
    for (int64_t w = 0; w < 2; ++w)
      llvm::append_range(registers, decodeEight(words[2 * step + w]));
  } else if (layout.lowBits() == 2) {
    registers = decodePlanes(words, step);
  } else if (isTable(layout)) {
    return decodeTable(words[step]);
  } else {
    Value word = words[step];
    for (unsigned i = 0; i < 4; ++i) {
      Value shifted = b.shr(word, 4 * i);
      if (isFloat(layout))
        // e2m1: bits 0 to 2 to the lowest ones of the exponent and the highest
        // one of the mantissa.
        registers.push_back(
            b.ori(b.shl(b.andi(shifted, b.word(0x00070007)), 9),
                  b.shl(b.andi(shifted, b.word(0x00080008)), 12)));
      else
        registers.push_back(b.maskOr(shifted, 0x000f000f, b.word(kMagic)));
    }
  }
  if (!offsets[0])
    return registers;
  // Rows g and g + 8 take turns.
  for (auto [i, value] : llvm::enumerate(registers))
    value = b.subHalves(value, offsets[i % 2]);
  return registers;
}
