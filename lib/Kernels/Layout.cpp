//===- Layout.cpp - weights as the kernels read them ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Layout.h"
#include "squint/Numerics/Packed.h"
#include <cstring>
#include <vector>

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
/// Writes codes into `codes(len)`.
struct CodeWriter {
  char *out;
  unsigned bits;
  int64_t length;

  void write(int64_t output, int64_t k, uint32_t code) {
    int64_t piece = PanelLayout::piece, start = k / piece * piece;
    int64_t quads = divideCeil(std::min(length - start, piece), 4),
            quad = (k - start) / 4;
    char *at = out + start * PanelLayout::width * bits / 8 + output * 4 + k % 4;
    for (unsigned plane : getPlanes(bits)) {
      int64_t vectors = planeVectors(quads, plane);
      at[quad % vectors * 64] |= (code & ((1u << plane) - 1))
                                 << (quad / vectors * plane);
      at += vectors * 64;
      code >>= plane;
    }
  }
};
} // namespace

void PanelLayout::pack(const char *plain, char *out, int64_t begin,
                       int64_t end) const {
  PackedView view(plain, format, rows, columns);
  int64_t rowBytes = view.layout().rowBytes;
  std::memset(out + begin * panelBytes, 0, (end - begin) * panelBytes);
  for (int64_t n = begin * width; n < std::min(end * width, rows); ++n) {
    char *panel = out + n / width * panelBytes;
    int64_t lane = n % width;
    const char *row = plain + n * rowBytes;
    if (isFloat()) {
      int64_t bytes = format.bits() / 8;
      for (int64_t k = 0; k < columns; ++k)
        std::memcpy(panel + (k * width + lane) * bytes, row + k * bytes, bytes);
      continue;
    }
    if (prefixBytes)
      storeScale(view.tensorScale(), ScaleType::F32, panel, lane);
    int32_t sum = 0;
    for (int64_t g = 0; g < groups; ++g) {
      int64_t start = g * groupSize, length = groupLength(g);
      char *header = panel + headerOffset(g);
      int32_t zero = view.zeroPoint(n, start);
      if (grouped) {
        storeScale(view.storedScale(n, start), format.scale, header, lane);
        if (format.zeroPoint)
          header[width * getScaleBytes(format.scale) + lane] = zero;
      } else {
        storeScale(view.scale(n, start), ScaleType::F32, header + scalesOffset,
                   lane);
        if (format.zeroPoint)
          std::memcpy(header + zeroPointsOffset + lane * 4, &zero, 4);
      }
      CodeWriter writer{panel + codesOffset(g), format.bits(), length};
      for (int64_t k = 0; k < length; ++k) {
        int32_t code = view.code(n, start + k);
        if (format.isInteger())
          sum += code - zero;
        else if (isDoubled())
          sum += static_cast<int32_t>(2 * format.element->decode(code));
        writer.write(lane, k, static_cast<uint32_t>(code + storedZero()));
      }
    }
    if (!grouped)
      std::memcpy(panel + sumsOffset + lane * 4, &sum, 4);
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
