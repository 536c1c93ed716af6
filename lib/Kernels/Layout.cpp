//===- Layout.cpp - weights as the kernels read them ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Layout.h"
#include "squint/Numerics/Packed.h"
#include <array>
#include <cstring>

using namespace llvm;
using namespace squint;
using namespace squint::kernel;

ArrayRef<unsigned> squint::kernel::getPlanes(unsigned bits) {
  static constexpr unsigned planes[][3] = {{2},    {2, 1},    {4}, {4, 1},
                                           {4, 2}, {4, 2, 1}, {8}};
  ArrayRef<unsigned> all = planes[bits - 2];
  return all.take_while([](unsigned plane) { return plane != 0; });
}

/// Vectors of a plane for `quads` quads.
static int64_t planeVectors(int64_t quads, unsigned plane) {
  return divideCeil(quads * plane, 8);
}

int64_t PanelLayout::codesBytes(int64_t length) const {
  if (isFloat())
    return length * width * format.bits() / 8;
  int64_t quads = divideCeil(length % piece, 4);
  int64_t bytes = length / piece * (piece * width * format.bits() / 8);
  for (unsigned plane : getPlanes(format.bits()))
    bytes += planeVectors(quads, plane) * 64;
  return bytes;
}

PanelLayout PanelLayout::get(const Format &format, int64_t rows,
                             int64_t columns) {
  PanelLayout layout;
  layout.format = format;
  layout.rows = rows;
  layout.columns = columns;
  layout.panels = divideCeil(rows, width);
  layout.groupSize = columns;
  if (layout.isFloat()) {
    layout.groupCodesBytes = layout.superBytes = layout.codesBytes(columns);
    layout.panelBytes = alignTo(layout.superBytes, 64);
    return layout;
  }
  layout.grouped =
      format.granularity == Granularity::Group && format.groupSize < columns;
  if (!layout.grouped) {
    layout.headerBytes = format.zeroPoint ? 192 : 128;
  } else {
    layout.groupSize = format.groupSize;
    layout.groups = divideCeil(columns, format.groupSize);
    layout.prefixBytes = hasTensorScale(format) ? 64 : 0;
    layout.headerBytes =
        width * (getScaleBytes(format.scale) + (format.zeroPoint ? 1 : 0));
    while (layout.superGroups * layout.headerBytes % 64)
      ++layout.superGroups;
  }
  layout.groupCodesBytes = layout.codesBytes(layout.groupSize);
  layout.superBytes =
      layout.superGroups * (layout.headerBytes + layout.groupCodesBytes);
  int64_t last = layout.groups - 1;
  layout.panelBytes = alignTo(layout.codesOffset(last) +
                                  layout.codesBytes(layout.groupLength(last)),
                              64);
  return layout;
}

namespace {

/// Eight codes of a stream of bits, from one that starts with a byte on: a byte
/// each, the first one lowest.
template <unsigned Bits> uint64_t readEight(const char *stream) {
  uint64_t codes = 0;
  for (unsigned i = 0; i < Bits; ++i)
    codes |= uint64_t(uint8_t(stream[i])) << (8 * i);
  if (Bits == 8)
    return codes;
  // The upper 4 codes go to the upper half, then 2 of each 4, then 1 of each 2.
  auto move = [&](unsigned width, unsigned distance, uint64_t mask) {
    codes = (codes & mask) | (codes >> width & mask) << distance;
  };
  constexpr uint64_t one = 1;
  move(4 * Bits, 32, (one << 4 * Bits) - 1);
  move(2 * Bits, 16, ((one << 2 * Bits) - 1) * 0x0000000100000001);
  move(Bits, 8, ((one << Bits) - 1) * 0x0001000100010001);
  return codes;
}

/// The codes of one output as they are stored, plus 2^(bits - 1) where they
/// are symmetric.
class CodeReader {
public:
  CodeReader(const PanelLayout &layout, const char *row)
      : row(row), bits(layout.format.bits()), flip(layout.storedZero()) {}

  using Piece = std::array<uint8_t, PanelLayout::piece>;
  /// `count` codes, at most those of a piece, and zeros.
  void read(int64_t start, int64_t count, Piece &codes) const {
    switch (bits) {
    case 2:
      return read<2>(start, count, codes);
    case 3:
      return read<3>(start, count, codes);
    case 4:
      return read<4>(start, count, codes);
    case 5:
      return read<5>(start, count, codes);
    case 6:
      return read<6>(start, count, codes);
    case 7:
      return read<7>(start, count, codes);
    default:
      return read<8>(start, count, codes);
    }
  }

private:
  template <unsigned Bits>
  void read(int64_t start, int64_t count, Piece &codes) const {
    int64_t i = 0;
    if (start % 8 == 0)
      for (; i + 8 <= count; i += 8) {
        uint64_t eight = readEight<Bits>(row + (start + i) / 8 * Bits) ^
                         flip * 0x0101010101010101;
        for (int64_t j = 0; j < 8; ++j)
          codes[i + j] = uint8_t(eight >> (8 * j));
      }
    for (; i < count; ++i)
      codes[i] = unpackCode(row, start + i, Bits) ^ flip;
    for (; i < PanelLayout::piece; ++i)
      codes[i] = 0;
  }

  const char *row;
  unsigned bits;
  uint64_t flip;
};

} // namespace

/// Writes a piece of `quads` quads of one output, whose lane is at `out`; a
/// quad's bytes are shifted together.
static void writePiece(const CodeReader::Piece &codes, int64_t quads,
                       unsigned bits, char *out) {
  std::array<uint32_t, PanelLayout::piece / 4> words;
  std::memcpy(words.data(), codes.data(), sizeof(words));
  unsigned shift = 0;
  for (unsigned plane : getPlanes(bits)) {
    int64_t vectors = planeVectors(quads, plane);
    uint32_t mask = ((1u << plane) - 1) * 0x01010101;
    for (int64_t j = 0; j < vectors; ++j) {
      uint32_t word = 0;
      unsigned place = 0;
      for (int64_t q = j; q < quads; q += vectors, place += plane)
        word |= (words[q] >> shift & mask) << place;
      std::memcpy(out + j * 64, &word, 4);
    }
    out += vectors * 64;
    shift += plane;
  }
}

template <typename T>
static void packFloats(const char *plain, int64_t rowBytes, int64_t rows,
                       int64_t columns, char *panel) {
  for (int64_t k = 0; k < columns; ++k)
    for (int64_t lane = 0; lane < rows; ++lane)
      std::memcpy(panel + (k * PanelLayout::width + lane) * sizeof(T),
                  plain + lane * rowBytes + k * sizeof(T), sizeof(T));
}

/// The sum of stored codes; of 4-bit floats, twice that of their values.
static int32_t addCodes(const PanelLayout &layout,
                        const CodeReader::Piece &codes, int64_t count) {
  int32_t sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum +=
        layout.isDoubled()
            ? static_cast<int32_t>(2 * layout.format.element->decode(codes[i]))
            : codes[i];
  return sum;
}

void PanelLayout::pack(const char *plain, char *out, int64_t begin,
                       int64_t end) const {
  PackedView view(plain, format, rows, columns);
  const PlainLayout &source = view.layout();
  std::memset(out + begin * panelBytes, 0, (end - begin) * panelBytes);
  bool hasSums = !grouped && (format.isInteger() || isDoubled());
  int64_t scaleBytes = getScaleBytes(format.scale);
  for (int64_t p = begin; p < end; ++p) {
    char *panel = out + p * panelBytes;
    int64_t first = p * width, lanes = std::min(width, rows - first);
    const char *codeRows = plain + first * source.rowBytes;
    if (isFloat()) {
      if (format.bits() == 32)
        packFloats<uint32_t>(codeRows, source.rowBytes, lanes, columns, panel);
      else
        packFloats<uint16_t>(codeRows, source.rowBytes, lanes, columns, panel);
      continue;
    }
    for (int64_t lane = 0; lane < lanes; ++lane)
      if (prefixBytes)
        storeScale(view.tensorScale(), ScaleType::F32, panel, lane);
    std::array<int32_t, width> sums{};
    for (int64_t g = 0; g < groups; ++g) {
      int64_t start = g * groupSize, length = groupLength(g);
      char *header = panel + headerOffset(g);
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t n = first + lane;
        int32_t zero = view.zeroPoint(n, start);
        if (grouped) {
          std::memcpy(header + lane * scaleBytes,
                      plain + source.scalesOffset +
                          source.scaleIndex(n, start) * scaleBytes,
                      scaleBytes);
          if (format.zeroPoint)
            header[width * scaleBytes + lane] = zero;
        } else {
          storeScale(view.scale(n, start), ScaleType::F32,
                     header + scalesOffset, lane);
          if (format.zeroPoint)
            std::memcpy(header + zeroPointsOffset + lane * 4, &zero, 4);
          if (format.isInteger())
            sums[lane] = -(zero + storedZero()) * static_cast<int32_t>(length);
        }
      }
      char *at = panel + codesOffset(g);
      for (int64_t k = 0; k < length; k += piece) {
        int64_t count = std::min(piece, length - k);
        for (int64_t lane = 0; lane < lanes; ++lane) {
          CodeReader::Piece codes;
          CodeReader(*this, codeRows + lane * source.rowBytes)
              .read(start + k, count, codes);
          writePiece(codes, divideCeil(count, 4), format.bits(), at + lane * 4);
          if (hasSums)
            sums[lane] += addCodes(*this, codes, count);
        }
        at += codesBytes(count);
      }
    }
    if (hasSums)
      std::memcpy(panel + sumsOffset, sums.data(), sizeof(sums));
  }
}

bool squint::kernel::hasIntegerProducts(const Format &weight,
                                        const Format &activation) {
  PanelLayout layout;
  layout.format = weight;
  return activation.element->name == "int8" &&
         (weight.isInteger() || layout.isDoubled());
}

Expected<int64_t> squint::kernel::getSumGroup(const Format &weight,
                                              const Format &activation) {
  int64_t w = weight.granularity == Granularity::Group ? weight.groupSize : 0;
  int64_t a =
      activation.granularity == Granularity::Group ? activation.groupSize : 0;
  if (!w || !a)
    return w ? w : a;
  int64_t low = std::min(w, a), high = std::max(w, a);
  if (high % low)
    return createStringError(
        inconvertibleErrorCode(),
        "expected group sizes of which one divides the other, got " + Twine(w) +
            " for weights and " + Twine(a) + " for activations");
  return low;
}
