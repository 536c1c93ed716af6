//===- Layout.cpp - weights as the kernels read them ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Layout.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include <array>
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace squint;
using namespace squint::kernel;

static constexpr unsigned kPlanes[][3] = {{2},    {2, 1},    {4}, {4, 1},
                                          {4, 2}, {4, 2, 1}, {8}};

ArrayRef<unsigned> squint::kernel::getPlanes(unsigned bits) {
  ArrayRef<unsigned> all = kPlanes[bits - 2];
  return all.take_while([](unsigned plane) { return plane != 0; });
}

/// Vectors of a plane for `quads` quads.
static int64_t planeVectors(int64_t quads, unsigned plane) {
  return divideCeil(quads * plane, 8);
}

int64_t PanelLayout::codesBytes(int64_t length) const {
  if (isFloat())
    return length * width * format.bits() / 8;
  if (hasStreams())
    return divideCeil(length, piece) * 64;
  if (format.isAdditive())
    return divideCeil(length, piece) * 64 * format.bits();
  auto pieceBytes = [&](int64_t length) {
    int64_t bytes = format.sparse && length ? 64 : 0;
    for (unsigned plane : getPlanes(format.bits()))
      bytes += planeVectors(divideCeil(storedCodes(length), 4), plane) * 64;
    return bytes;
  };
  return length / piece * pieceBytes(piece) + pieceBytes(length % piece);
}

IntegerLevels squint::kernel::getIntegerLevels(const Element &element) {
  if ((element.kind != ElementKind::Float &&
       element.kind != ElementKind::Table) ||
      element.bits > 4)
    return {};
  for (int32_t factor : {1, 2, 4, 8}) {
    int32_t low = 0, high = 0;
    bool areIntegers = true;
    for (uint32_t code = 0; code < 1u << element.bits; ++code) {
      float value = static_cast<float>(factor) * element.decode(code);
      areIntegers &= std::fabs(value) < 256.0f && value == std::trunc(value);
      if (!areIntegers)
        break;
      low = std::min(low, static_cast<int32_t>(value));
      high = std::max(high, static_cast<int32_t>(value));
    }
    if (areIntegers && high - low < 256)
      return {factor, -low, high - low};
  }
  return {};
}

bool PanelLayout::hasScaleCodes() const {
  return format.blocks() && format.blocks()->hasScaleCodes();
}

unsigned PanelLayout::scaleCodeBits() const {
  return format.blocks()->scaleBits + format.blocks()->minBits;
}

/// Planes of 8, 4 and 2 bits that make up an even number of bits.
ArrayRef<unsigned> squint::kernel::getScalePlanes(unsigned bits) {
  static constexpr unsigned kLow[] = {4, 2}, kHigh[] = {8, 4};
  return bits == 8   ? ArrayRef(kHigh).take_front()
         : bits == 4 ? ArrayRef(kLow).take_front()
         : bits == 6 ? ArrayRef(kLow)
                     : ArrayRef(kHigh);
}

int64_t PanelLayout::scalePlaneOffset(unsigned p) const {
  int64_t offset = width * (format.hasMins() ? 4 : 2);
  for (unsigned bits : getScalePlanes(scaleCodeBits()).take_front(p))
    offset += superGroups * bits / 8 * width;
  return offset;
}

PanelLayout PanelLayout::get(const Format &format, int64_t rows,
                             int64_t columns) {
  PanelLayout layout;
  layout.format = format;
  layout.levels = getIntegerLevels(*format.element);
  layout.rows = rows;
  layout.columns = columns;
  layout.panels = divideCeil(rows, width);
  layout.groupSize = columns;
  if (layout.isFloat()) {
    layout.groupCodesBytes = layout.superBytes = layout.codesBytes(columns);
    layout.panelBytes = alignTo(layout.superBytes, 64);
    return layout;
  }
  // Elements in blocks always; a minimum has no place in a panel's header.
  bool hasGroups = format.granularity == Granularity::Group;
  layout.grouped = format.isCodebook() || format.isBilevel() ||
                   (hasGroups && (format.groupSize < columns ||
                                  format.blocks() || format.hasMins()));
  if (!layout.grouped) {
    layout.headerBytes = format.zeroPoint ? 192 : 128;
  } else if (layout.hasScaleCodes()) {
    const BlockCodec &blocks = *format.blocks();
    layout.groupSize = blocks.group;
    layout.groups = columns / blocks.group;
    layout.superGroups = blocks.groups();
    layout.superHeaderBytes = alignTo(
        layout.scalePlaneOffset(getScalePlanes(layout.scaleCodeBits()).size()),
        64);
    layout.superBytes =
        layout.superHeaderBytes + layout.codesBytes(blocks.size);
    layout.groupCodesBytes = layout.codesBytes(std::max(blocks.group, piece));
    layout.panelBytes = columns / blocks.size * layout.superBytes;
    return layout;
  } else {
    if (hasGroups) {
      layout.groupSize = std::min(format.groupSize, columns);
      layout.groups = divideCeil(columns, format.groupSize);
    }
    layout.prefixBytes = hasTensorScale(format) ? 64 : 0;
    if (layout.hasDynamicScales())
      layout.prefixBytes = alignTo(
          8 + 4 * ((width * layout.groups - 1) / DynamicScale::block + 2), 64);
    layout.headerBytes =
        format.isBilevel()
            ? 8 + width
            : width * (format.scalesPerBlock() * getScaleBytes(format.scale) +
                       (format.hasMins()   ? 2
                        : format.zeroPoint ? 1
                                           : 0));
    while (layout.superGroups * layout.headerBytes % 64)
      ++layout.superGroups;
  }
  layout.groupCodesBytes = layout.codesBytes(layout.groupSize);
  layout.superHeaderBytes = layout.superGroups * layout.headerBytes;
  layout.superBytes =
      layout.superHeaderBytes + layout.superGroups * layout.groupCodesBytes;
  int64_t last = layout.groups - 1;
  int64_t end =
      layout.codesOffset(last) + layout.codesBytes(layout.groupLength(last));
  if (layout.hasStreams()) {
    layout.startsOffset = alignTo(end, 64);
    int64_t lines = layout.startsOffset / 64,
            stored = PlainLayout::get(format, width, columns).stored;
    layout.streamOffset = layout.startsOffset + alignTo(4 * lines, 64);
    // Each piece may leave a part of a byte, and kernels read 64 bytes.
    end = layout.streamOffset + divideCeil(width * stored * format.bits(), 8) +
          lines + 64;
  }
  if (format.outliers) {
    layout.outliersOffset = alignTo(end, 64);
    end = layout.outliersOffset + layout.outlierValuesOffset() +
          4 * format.outliers;
  }
  layout.panelBytes = alignTo(end, 64);
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

/// The codes of a piece as they are stored, a byte each; zeros beyond its end.
using Piece = std::array<uint64_t, PanelLayout::piece / 8>;

constexpr uint64_t kAllBytes = 0x0101010101010101;

/// Reads `count` codes of an output, at most those of a piece. `flip` turns
/// symmetric ones into unsigned ones.
template <unsigned Bits>
LLVM_ATTRIBUTE_ALWAYS_INLINE Piece readPiece(const char *row, int64_t start,
                                             int64_t count, uint64_t flip) {
  Piece codes{};
  int64_t i = 0;
  if (start % 8 == 0)
    for (; i + 8 <= count; i += 8)
      codes[i / 8] =
          readEight<Bits>(row + (start + i) / 8 * Bits) ^ flip * kAllBytes;
  for (; i < count; ++i)
    codes[i / 8] |= (unpackCode(row, start + i, Bits) ^ flip) << (i % 8 * 8);
  return codes;
}

/// Writes `quads` quads of one output, whose lane is at `out`; a quad's bytes
/// are shifted together. `quads` is known where this is inlined.
template <unsigned Bits>
LLVM_ATTRIBUTE_ALWAYS_INLINE void writePiece(const Piece &codes, int64_t quads,
                                             char *out) {
  std::array<uint32_t, PanelLayout::piece / 4> words;
  std::memcpy(words.data(), codes.data(), sizeof(words));
  unsigned shift = 0;
  for (unsigned plane : kPlanes[Bits - 2]) {
    if (plane == 0)
      break;
    int64_t vectors = planeVectors(quads, plane);
    uint32_t mask = ((1u << plane) - 1) * uint32_t(kAllBytes);
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

/// The sum of stored codes, or of levels that are integers times a factor.
int32_t addCodes(const PanelLayout &layout, const Piece &codes, int64_t count) {
  int32_t sum = 0;
  if (int32_t factor = layout.levels.factor) {
    for (int64_t i = 0; i < count; ++i)
      sum += static_cast<int32_t>(
          static_cast<float>(factor) *
          layout.format.element->decode(codes[i / 8] >> i % 8 * 8 & 255));
    return sum;
  }
  // Pairs of bytes, then all pairs by a product's top part.
  constexpr uint64_t even = 0x00ff00ff00ff00ff;
  uint64_t pairs = 0;
  for (uint64_t eight : codes)
    pairs += (eight & even) + (eight >> 8 & even);
  return static_cast<int32_t>(pairs * 0x0001000100010001 >> 48);
}

/// Lays out the codes [start, start + length) of `lanes` outputs from `out` on
/// and adds each output's to its sum if there are any.
template <unsigned Bits>
void packGroup(const PanelLayout &layout, const char *rows, int64_t rowBytes,
               int64_t lanes, int64_t start, int64_t length, int32_t *sums,
               char *out) {
  constexpr int64_t piece = PanelLayout::piece;
  for (int64_t k = 0; k < length; k += piece) {
    int64_t count = std::min(piece, length - k);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      auto pack = [&](int64_t count) __attribute__((always_inline)) {
        Piece codes = readPiece<Bits>(rows + lane * rowBytes, start + k, count,
                                      layout.storedZero());
        writePiece<Bits>(codes, divideCeil(count, 4), out + lane * 4);
        return codes;
      };
      // The loops over a whole piece are unrolled.
      Piece codes = count == piece ? pack(piece) : pack(count);
      if (sums)
        sums[lane] += addCodes(layout, codes, count);
    }
    out += layout.codesBytes(count);
  }
}

/// The same of two of four.
template <unsigned Bits>
void packFourGroup(const PanelLayout &layout, const char *rows,
                   int64_t rowBytes, int64_t lanes, int64_t start,
                   int64_t length, int32_t *sums, char *out) {
  constexpr int64_t piece = PanelLayout::piece;
  int64_t masks = rowBytes - divideCeil(layout.columns, 8);
  for (int64_t k = 0; k < length; k += piece) {
    int64_t count = std::min(piece, length - k), quads = divideCeil(count, 4),
            stored = layout.storedCodes(count), first = (start + k) / 4;
    int64_t bytes = layout.codesBytes(count);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const char *row = rows + lane * rowBytes;
      Piece codes = readPiece<Bits>(row, 2 * first, stored, /*flip=*/0);
      writePiece<Bits>(codes, divideCeil(stored, 4), out + lane * 4);
      uint32_t places = 0;
      for (int64_t q = 0; q < quads; ++q)
        if (uint32_t kept = unpackCode(row + masks, first + q, 4))
          places |= (uint32_t(countr_zero(kept)) | Log2_32(kept) << 2)
                    << (4 * q);
      std::memcpy(out + bytes - 64 + lane * 4, &places, 4);
      // That of the codes as others store them.
      for (int64_t i = 0; sums && i < stored; ++i)
        sums[lane] += SignExtend32<Bits>(codes[i / 8] >> i % 8 * 8 & 255);
      if (sums)
        sums[lane] += layout.storedZero() * static_cast<int32_t>(count);
    }
    out += bytes;
  }
}

using PackGroup = decltype(packGroup<8>) *;
constexpr PackGroup kPackGroup[] = {packGroup<2>, packGroup<3>, packGroup<4>,
                                    packGroup<5>, packGroup<6>, packGroup<7>,
                                    packGroup<8>};
constexpr PackGroup kPackFourGroup[] = {
    packFourGroup<2>, packFourGroup<3>, packFourGroup<4>, packFourGroup<5>,
    packFourGroup<6>, packFourGroup<7>, packFourGroup<8>};

} // namespace

/// Elements of `bytes` bytes of some outputs' rows, those of one column
/// together.
static void packElements(const char *plain, int64_t rowBytes, int64_t lanes,
                         int64_t columns, int64_t bytes, char *out) {
  auto copy = [&](auto element) {
    for (int64_t k = 0; k < columns; ++k)
      for (int64_t lane = 0; lane < lanes; ++lane)
        std::memcpy(out + (k * PanelLayout::width + lane) * sizeof(element),
                    plain + lane * rowBytes + k * sizeof(element),
                    sizeof(element));
  };
  if (bytes == 1)
    return copy(uint8_t());
  return bytes == 2 ? copy(uint16_t()) : copy(uint32_t());
}

/// What stands before the codes of group `g` of some outputs.
static void packGroupHeader(const PanelLayout &layout, const PackedView &view,
                            const char *plain, int64_t first, int64_t lanes,
                            int64_t g, char *header) {
  const PlainLayout &source = view.layout();
  if (layout.format.isBilevel()) {
    static_assert(PanelLayout::width == PlainLayout::rowBlock);
    int64_t number = first / PanelLayout::width * source.groups + g;
    std::memcpy(header, plain + source.numbersOffset + number * 8, 8);
    packElements(plain + source.scalesOffset + first * source.groups + g,
                 source.groups, lanes, 1, 1, header + 8);
    return;
  }
  int64_t bytes = getScaleBytes(layout.format.scale);
  int64_t index = first * source.groups + g;
  int64_t count = layout.format.scalesPerBlock();
  // One block of all rows has one table, at index 0.
  bool isShared = source.scaleRows == 1;
  packElements(plain + source.scalesOffset +
                   (isShared ? 0 : index * count * bytes),
               isShared ? 0 : source.groups * count * bytes, lanes, count,
               bytes, header);
  if (int64_t size = layout.format.zeroPoint ? 1
                     : layout.format.minimum ? 2
                                             : 0)
    packElements(plain + source.zeroPointsOffset + index * size,
                 source.groups * size, lanes, 1, size,
                 header + PanelLayout::width * bytes);
}

/// What stands before the codes of a panel without groups, but for the sums:
/// those of the zero points, to which the codes' are added.
static std::array<int32_t, PanelLayout::width>
packPanelHeader(const PanelLayout &layout, const PackedView &view,
                int64_t first, int64_t lanes, char *panel) {
  std::array<int32_t, PanelLayout::width> sums{};
  for (int64_t lane = 0; lane < lanes; ++lane) {
    storeScale(view.scale(first + lane, 0), ScaleType::F32,
               panel + PanelLayout::scalesOffset, lane);
    int32_t zero = view.zeroPoint(first + lane, 0);
    if (layout.format.zeroPoint)
      std::memcpy(panel + PanelLayout::zeroPointsOffset + lane * 4, &zero, 4);
    if (layout.format.isInteger())
      sums[lane] =
          -(zero + layout.storedZero()) * static_cast<int32_t>(layout.columns);
  }
  return sums;
}

/// The outliers of some outputs: what their codes lack.
static void packOutliers(const PanelLayout &layout, const PackedView &view,
                         int64_t first, int64_t lanes, char *list) {
  int32_t index = 0;
  for (int64_t lane = 0; lane < PanelLayout::width; ++lane) {
    std::memcpy(list + 4 * lane, &index, 4);
    if (lane >= lanes)
      continue;
    int64_t row = first + lane;
    view.forOutliers(row, [&](int64_t k, float value) {
      if (index == layout.format.outliers)
        return;
      float decoded =
          (static_cast<float>(view.code(row, k)) - view.offset(row, k)) *
          view.scale(row, k);
      float missing = value - decoded;
      auto column = static_cast<uint16_t>(k);
      std::memcpy(list + PanelLayout::outlierColumnsOffset + 2 * index, &column,
                  2);
      std::memcpy(list + layout.outlierValuesOffset() + 4 * index, &missing, 4);
      ++index;
    });
  }
  std::memcpy(list + 4 * PanelLayout::width, &index, 4);
}

/// Masks and streams of a panel; adds each output's codes, as others store
/// them, to its sum.
static void packStreams(const PanelLayout &layout, const PackedView &view,
                        int64_t first, int64_t lanes,
                        MutableArrayRef<int32_t> sums, char *panel) {
  constexpr int64_t width = PanelLayout::width, piece = PanelLayout::piece;
  int64_t columns = layout.columns;
  unsigned bits = layout.format.bits();
  // A code for each k of each output, and one more bit where it is kept.
  std::vector<uint32_t> codes(width * columns), stream;
  uint32_t isKept = 1u << bits;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    sums[lane] += layout.storedZero() * static_cast<int32_t>(columns);
    view.forKept(first + lane, [&](int64_t k, uint32_t code) {
      codes[lane * columns + k] = code | isKept;
      sums[lane] += SignExtend32(code, bits);
    });
  }
  auto at = static_cast<int32_t>(layout.streamOffset);
  for (int64_t g = 0; g < layout.groups; ++g)
    for (int64_t k = 0; k < layout.groupLength(g); k += piece) {
      int64_t line = layout.codesOffset(g) + k / piece * 64,
              length = std::min(piece, layout.groupLength(g) - k);
      std::array<uint64_t, piece / 4> masks{};
      stream.clear();
      for (int64_t i = 0; i < piece * width; ++i) {
        int64_t q = i / 64, lane = i % 64 / 4, inPiece = 4 * q + i % 4;
        if (inPiece >= length)
          continue;
        uint32_t code =
            codes[lane * columns + g * layout.groupSize + k + inPiece];
        if (!(code & isKept))
          continue;
        masks[q] |= uint64_t(1) << i % 64;
        stream.push_back(code & (isKept - 1));
      }
      std::memcpy(panel + line, masks.data(), sizeof(masks));
      std::memcpy(panel + layout.startsOffset + line / 16, &at, 4);
      packCodes(stream.data(), stream.size(), bits, panel + at);
      at += static_cast<int32_t>(divideCeil(stream.size() * bits, 8));
    }
}

/// Codes of an additive element: of `length` k from `start` on.
static void packVectors(const PanelLayout &layout, const char *rows,
                        int64_t rowBytes, int64_t lanes, int64_t start,
                        int64_t length, char *out) {
  int64_t tables = layout.format.bits(), first = start / 4,
          quads = divideCeil(length, 4);
  for (int64_t q = 0; q < quads; ++q)
    for (int64_t table = 0; table < tables; ++table)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        uint32_t code =
            unpackCode(rows + lane * rowBytes, (first + q) * tables + table, 4);
        char &byte = out[(q / 8 * tables + table) * 64 + lane * 4 + q % 8 / 2];
        byte = char(byte | code << q % 2 * 4);
      }
}

namespace {
/// Panels of an element in blocks. The rows of a panel are taken apart block by
/// block: their codes, symmetric ones in two's complement, become streams of
/// bits as all others are.
class BlockPacker {
public:
  BlockPacker(const PanelLayout &layout, const PackedView &view)
      : layout(layout), blocks(*layout.format.blocks()), view(view),
        rowBytes(blocks.size * layout.format.bits() / 8),
        codes(PanelLayout::width * rowBytes) {}

  void pack(int64_t first, int64_t lanes, char *panel);

private:
  void unpack(int64_t row, int64_t block, char *codes);
  void packScaleCodes(char *header, int64_t lane) const;

  const PanelLayout &layout;
  const BlockCodec &blocks;
  const PackedView &view;
  int64_t rowBytes;
  std::vector<char> codes;
  BlockParts parts;
};
} // namespace

void BlockPacker::unpack(int64_t row, int64_t block, char *codes) {
  parts = view.unpack(row, block);
  uint32_t stored[BlockParts::maxSize];
  uint32_t mask = (1u << layout.format.bits()) - 1;
  for (int64_t i = 0; i < blocks.size; ++i)
    stored[i] = (parts.codes[i] ^ layout.storedZero()) & mask;
  packCodes(stored, blocks.size, layout.format.bits(), codes);
}

void BlockPacker::packScaleCodes(char *header, int64_t lane) const {
  std::memcpy(header + lane * 2, &parts.scale, 2);
  if (blocks.hasMins)
    std::memcpy(header + PanelLayout::width * 2 + lane * 2, &parts.min, 2);
  ArrayRef<unsigned> planes = getScalePlanes(layout.scaleCodeBits());
  for (int64_t g = 0; g < layout.superGroups; ++g) {
    unsigned code = parts.scales[g];
    if (blocks.minBits)
      code |= unsigned(parts.mins[g]) << blocks.scaleBits;
    for (unsigned p = 0; p < planes.size(); ++p) {
      int64_t inByte = 8 / planes[p];
      char &byte = header[layout.scalePlaneOffset(p) +
                          g / inByte * PanelLayout::width + lane];
      byte |= static_cast<char>((code & ((1u << planes[p]) - 1))
                                << g % inByte * planes[p]);
      code >>= planes[p];
    }
  }
}

void BlockPacker::pack(int64_t first, int64_t lanes, char *panel) {
  PackGroup packGroup = kPackGroup[layout.format.bits() - 2];
  for (int64_t block = 0; block < layout.columns / blocks.size; ++block) {
    int64_t g = block * blocks.groups();
    char *header = panel + layout.headerOffset(g);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      unpack(first + lane, block, &codes[lane * rowBytes]);
      if (blocks.hasScaleCodes()) {
        packScaleCodes(header, lane);
      } else {
        std::memcpy(header + lane * 2, &parts.scale, 2);
        if (blocks.hasMins)
          std::memcpy(header + (PanelLayout::width + lane) * 2, &parts.min, 2);
      }
    }
    packGroup(layout, codes.data(), rowBytes, lanes, 0, blocks.size, nullptr,
              panel + layout.codesOffset(g));
  }
}

/// The numbers before the groups of a panel with dynamic8 scales.
static void packDynamicPrefix(const PanelLayout &layout, const PackedView &view,
                              const char *plain, int64_t first, char *panel) {
  const PlainLayout &source = view.layout();
  const char *numbers = plain + source.numbersOffset;
  int64_t blocks = DynamicScale::numbers(source.scaleCount()) - 1,
          begin = first * layout.groups, block = begin / DynamicScale::block;
  auto phase = static_cast<int32_t>(begin % DynamicScale::block);
  std::memcpy(panel, numbers + blocks * 4, 4);
  std::memcpy(panel + 4, &phase, 4);
  int64_t room = (layout.prefixBytes - 8) / 4;
  std::memcpy(panel + 8, numbers + block * 4,
              std::min(room, blocks - block) * 4);
}

void PanelLayout::pack(const char *plain, char *out, int64_t begin,
                       int64_t end) const {
  PackedView view(plain, format, rows, columns);
  int64_t rowBytes = view.layout().rowBytes;
  for (int64_t i = 0; i < format.tableNumbers() && end == panels; ++i)
    storeScale(
        loadScale(plain + view.layout().numbersOffset, i, ScaleType::F16),
        ScaleType::F32, out + levelsOffset(), i);
  if (hasDynamicScales() && end == panels)
    std::memcpy(out + levelsOffset(), DynamicScale::levels().data(),
                levelsBytes());
  for (int64_t p = begin; p < end; ++p) {
    char *panel = out + p * panelBytes;
    std::memset(panel, 0, panelBytes);
    int64_t first = p * width, lanes = std::min(width, rows - first);
    const char *codes = plain + first * rowBytes;
    if (isFloat()) {
      packElements(codes, rowBytes, lanes, columns, format.bits() / 8, panel);
      continue;
    }
    if (grouped && format.blocks()) {
      BlockPacker(*this, view).pack(first, lanes, panel);
      continue;
    }
    PackGroup packGroup =
        (format.isTwoOfFour() ? kPackFourGroup : kPackGroup)[format.bits() - 2];
    if (!grouped) {
      auto sums = packPanelHeader(*this, view, first, lanes, panel);
      bool hasSums = format.isInteger() || hasIntegerLevels();
      if (hasStreams())
        packStreams(*this, view, first, lanes, sums, panel);
      else if (format.isAdditive())
        packVectors(*this, codes, rowBytes, lanes, 0, columns,
                    panel + codesOffset(0));
      else
        packGroup(*this, codes, rowBytes, lanes, 0, columns,
                  hasSums ? sums.data() : nullptr, panel + codesOffset(0));
      std::memcpy(panel + sumsOffset, sums.data(), sizeof(sums));
      continue;
    }
    if (hasDynamicScales())
      packDynamicPrefix(*this, view, plain, first, panel);
    for (int64_t lane = 0; lane < lanes && hasTensorScale(format); ++lane)
      storeScale(view.tensorScale(), ScaleType::F32, panel, lane);
    for (int64_t g = 0; g < groups; ++g) {
      packGroupHeader(*this, view, plain, first, lanes, g,
                      panel + headerOffset(g));
      if (format.isAdditive())
        packVectors(*this, codes, rowBytes, lanes, g * groupSize,
                    groupLength(g), panel + codesOffset(g));
      else if (!hasStreams())
        packGroup(*this, codes, rowBytes, lanes, g * groupSize, groupLength(g),
                  nullptr, panel + codesOffset(g));
    }
    if (hasStreams()) {
      std::array<int32_t, width> sums{};
      packStreams(*this, view, first, lanes, sums, panel);
    }
    if (format.outliers)
      packOutliers(*this, view, first, lanes, panel + outliersOffset);
  }
}

bool squint::kernel::hasIntegerProducts(const Format &weight,
                                        const Format &activation) {
  return activation.isInteger() && !activation.element->fixedGroup &&
         ((weight.isInteger() && !weight.isBilevel()) ||
          getIntegerLevels(*weight.element).factor != 0);
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
