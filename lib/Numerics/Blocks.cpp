//===- Blocks.cpp - elements that come in blocks of bytes -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Blocks.h"
#include "Ggml.h"
#include <cassert>

using namespace squint;
using namespace squint::ggml;

static uint8_t loadFields(const BlockCodec &codec, int64_t group, bool isMin,
                          const char *block) {
  BitField fields[2] = {};
  codec.getFields(group, isMin, fields);
  unsigned code = 0, low = 0;
  for (BitField field : fields) {
    unsigned bits = byteAt(block, field.byte) >> field.shift;
    code |= (bits & ((1u << field.bits) - 1)) << low;
    low += field.bits;
  }
  return static_cast<uint8_t>(code);
}

/// Adds bits to bytes that are zero.
static void storeFields(const BlockCodec &codec, int64_t group, bool isMin,
                        unsigned code, char *block) {
  BitField fields[2] = {};
  codec.getFields(group, isMin, fields);
  for (BitField field : fields) {
    unsigned bits = code & ((1u << field.bits) - 1);
    block[field.byte] |= static_cast<char>(bits << field.shift);
    code >>= field.bits;
  }
}

void BlockCodec::unpack(const char *block, BlockParts &parts) const {
  if (unpackWhole)
    return unpackWhole(block, parts);
  parts.scale = loadHalf(block + scaleAt);
  parts.min = hasMins ? loadHalf(block + minAt) ^ (minBits ? 0 : 0x8000) : 0;
  for (int64_t g = 0; hasScaleCodes() && g < groups(); ++g) {
    parts.scales[g] = loadFields(*this, g, /*isMin=*/false, block) ^ scaleFlip;
    if (minBits)
      parts.mins[g] = loadFields(*this, g, /*isMin=*/true, block);
  }
  if (isTernary) {
    unpackTernary(block, parts.codes);
  } else {
    unsigned low = 0;
    for (const CodePlane &plane : planes) {
      unsigned mask = (1u << plane.bits) - 1;
      for (int64_t i = 0; i < size && plane.bits; ++i) {
        unsigned bits =
            (byteAt(block, plane.byteOf(i)) >> plane.shiftOf(i) & mask) << low;
        parts.codes[i] =
            static_cast<uint8_t>(low ? parts.codes[i] | bits : bits);
      }
      low += plane.bits;
    }
  }
  // A code that its type has no use for wraps around.
  unsigned bits = isTernary ? 2 : planes[0].bits + planes[1].bits;
  for (int64_t i = 0; i < size; ++i)
    parts.codes[i] =
        ((parts.codes[i] ^ codeFlip) + codeAdd) & ((1u << bits) - 1);
}

void BlockCodec::pack(const BlockParts &parts, char *block) const {
  assert(!unpackWhole && "types on grids are only read");
  std::memset(block, 0, bytes);
  storeHalf(parts.scale, block + scaleAt);
  if (hasMins)
    storeHalf(parts.min ^ (minBits ? 0 : 0x8000), block + minAt);
  for (int64_t g = 0; hasScaleCodes() && g < groups(); ++g) {
    storeFields(*this, g, /*isMin=*/false, parts.scales[g] ^ scaleFlip, block);
    if (minBits)
      storeFields(*this, g, /*isMin=*/true, parts.mins[g], block);
  }
  uint8_t codes[BlockParts::maxSize];
  for (int64_t i = 0; i < size; ++i)
    codes[i] = (parts.codes[i] - codeAdd) ^ codeFlip;
  if (isTernary)
    return packTernary(codes, block);
  unsigned low = 0;
  for (const CodePlane &plane : planes) {
    unsigned mask = (1u << plane.bits) - 1;
    for (int64_t i = 0; i < size && plane.bits; ++i)
      block[plane.byteOf(i)] |=
          static_cast<char>((codes[i] >> low & mask) << plane.shiftOf(i));
    low += plane.bits;
  }
}
