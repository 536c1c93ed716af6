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

static Error refuse(const Format &format) {
  return createStringError(
      inconvertibleErrorCode(),
      "expected a weight format that kernels read (f32, f16, bf16, int8 or "
      "int4), got '" +
          format.str() + "'");
}

int64_t PanelLayout::codesBytes(int64_t length) const {
  if (isFloat())
    return length * width * format.bits() / 8;
  if (format.bits() == 8)
    return divideCeil(length, 4) * 64;
  int64_t tail = length % piece;
  return length / piece * (piece * width / 2) +
         divideCeil(divideCeil(tail, 4), 2) * 64;
}

Expected<PanelLayout> PanelLayout::get(const Format &format, int64_t rows,
                                       int64_t columns) {
  PanelLayout layout;
  layout.format = format;
  layout.rows = rows;
  layout.columns = columns;
  layout.panels = divideCeil(rows, width);
  layout.groupSize = columns;
  StringRef name = format.element->name;
  if (name == "f32" || name == "f16" || name == "bf16") {
    layout.groupCodesBytes = layout.superBytes = layout.codesBytes(columns);
    layout.panelBytes = alignTo(layout.superBytes, 64);
    return layout;
  }
  bool wide = format.scale == ScaleType::F32 ||
              format.scale == ScaleType::F16 || format.scale == ScaleType::BF16;
  if (!format.isInteger() || (format.bits() != 8 && format.bits() != 4) ||
      !wide)
    return refuse(format);
  layout.grouped =
      format.granularity == Granularity::Group && format.groupSize < columns;
  if (!layout.grouped) {
    layout.headerBytes = format.zeroPoint ? 192 : 128;
  } else {
    layout.groupSize = format.groupSize;
    layout.groups = divideCeil(columns, format.groupSize);
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

  void write(int64_t output, int64_t k, uint8_t code) {
    int64_t quad = k / 4;
    if (bits == 8) {
      out[quad * 64 + output * 4 + k % 4] = code;
      return;
    }
    int64_t start = k / PanelLayout::piece * PanelLayout::piece;
    int64_t quads = divideCeil(std::min(length - start, PanelLayout::piece), 4),
            vectors = divideCeil(quads, 2);
    int64_t q = (k - start) / 4;
    char &byte = out[start * PanelLayout::width / 2 + q % vectors * 64 +
                     output * 4 + k % 4];
    byte |= q < vectors ? code : code << 4;
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
    int32_t sum = 0;
    for (int64_t g = 0; g < groups; ++g) {
      int64_t start = g * groupSize, length = groupLength(g);
      char *header = panel + headerOffset(g);
      float scale = view.scale(n, start);
      int32_t zero = view.zeroPoint(n, start);
      if (grouped) {
        storeScale(scale, format.scale, header, lane);
        if (format.zeroPoint)
          header[width * getScaleBytes(format.scale) + lane] = zero;
      } else {
        storeScale(scale, ScaleType::F32, header + scalesOffset, lane);
        if (format.zeroPoint)
          std::memcpy(header + zeroPointsOffset + lane * 4, &zero, 4);
      }
      CodeWriter writer{panel + codesOffset(g), format.bits(), length};
      for (int64_t k = 0; k < length; ++k) {
        int32_t code = view.code(n, start + k);
        sum += code - zero;
        writer.write(lane, k, static_cast<uint8_t>(code + storedZero()));
      }
    }
    if (!grouped)
      std::memcpy(panel + sumsOffset + lane * 4, &sum, 4);
  }
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
