//===- StoredRows.cpp - the rows of a tensor as safetensors -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "StoredRows.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace squint;

std::optional<Format> squint::getStoredFormat(ConstantOp constant) {
  if (auto packed = dyn_cast<PackedType>(constant.getType()))
    return packed.getLayout() ? std::nullopt
                              : std::optional<Format>(packed.getFormat());
  Type element = cast<RankedTensorType>(constant.getType()).getElementType();
  Format format;
  format.element = lookupElement(element.isF32()    ? "f32"
                                 : element.isF16()  ? "f16"
                                 : element.isBF16() ? "bf16"
                                                    : "");
  return format.element ? std::optional(format) : std::nullopt;
}

StringRef squint::getFloatType(const Format &format) {
  return llvm::StringSwitch<StringRef>(format.element->name)
      .Case("f16", "F16")
      .Case("bf16", "BF16")
      .Default("F32");
}

llvm::Expected<StoredRows> StoredRows::read(const LanguageWeights::Parts &parts,
                                            int64_t turnedHead) {
  StoredRows result;
  result.turnedHead = turnedHead;
  result.scratch.resize(parts.size());
  for (auto [part, scratch] : llvm::zip(parts, result.scratch)) {
    ConstantOp constant = part.constant;
    llvm::Expected<ArrayRef<char>> bytes =
        LanguageWeights::read(constant, scratch);
    if (!bytes)
      return bytes.takeError();
    ArrayRef<int64_t> shape = LanguageWeights::getShape(constant);
    result.bytes.push_back(*bytes);
    result.views.emplace_back(bytes->data(), *getStoredFormat(constant),
                              shape.front(),
                              shape.size() == 1 ? 1 : shape.back());
    result.allRows += shape.front();
  }
  return result;
}

int64_t StoredRows::turn(int64_t row) const {
  if (!turnedHead)
    return row;
  int64_t inHead = row % turnedHead, half = turnedHead / 2;
  return row - inHead + inHead % half * 2 + inHead / half;
}

void StoredRows::writePieces(raw_ostream &os, ArrayRef<char> pieces,
                             int64_t rows) const {
  size_t size = pieces.size() / rows;
  for (int64_t r = 0; r < rows; ++r)
    os.write(pieces.data() + turn(r) * size, size);
}

std::pair<const PackedView *, int64_t> StoredRows::find(int64_t row) const {
  for (const PackedView &view : views) {
    if (row < view.layout().rows)
      return {&view, turn(row)};
    row -= view.layout().rows;
  }
  llvm_unreachable("a row of no part");
}

static void writeWord(raw_ostream &os, uint32_t word) {
  for (unsigned byte = 0; byte < 4; ++byte)
    os << static_cast<char>(word >> (8 * byte));
}

void StoredRows::writeWords(raw_ostream &os) const {
  unsigned bits = format().bits();
  int32_t middle = format().zeroPoint ? 0 : 1 << (bits - 1);
  for (const PackedView &view : views)
    for (int64_t r = 0; r < view.layout().rows; ++r)
      for (int64_t c = 0; c < columns(); c += 32 / bits) {
        uint32_t word = 0;
        int64_t count = std::min<int64_t>(32 / bits, columns() - c);
        for (int64_t i = 0; i < count; ++i)
          word |= static_cast<uint32_t>(view.code(turn(r), c + i) + middle)
                  << (bits * i);
        writeWord(os, word);
      }
}

void StoredRows::writeBytes(raw_ostream &os) const {
  for (auto [part, view] : llvm::zip(bytes, views))
    writePieces(os,
                part.take_front(view.layout().rows * view.layout().rowBytes),
                view.layout().rows);
}

void StoredRows::writeScales(raw_ostream &os) const {
  for (auto [part, view] : llvm::zip(bytes, views)) {
    int64_t count = view.layout().scaleCount();
    writePieces(os,
                part.slice(view.layout().scalesOffset,
                           count * getScaleBytes(format().scale)),
                count == 1 ? 1 : view.layout().rows);
  }
}

void StoredRows::writeZeroPoints(raw_ostream &os) const {
  unsigned bits = format().bits();
  int64_t groupSize = views.front().layout().groupSize;
  if (format().granularity == Granularity::Tensor) {
    os << static_cast<char>(views.front().zeroPoint(0, 0) - (1 << (bits - 1)));
    return;
  }
  for (int64_t r = 0; r < rows(); r += 32 / bits)
    for (int64_t g = 0; g < groups(); ++g) {
      uint32_t word = 0;
      int64_t count = std::min<int64_t>(32 / bits, rows() - r);
      for (int64_t i = 0; i < count; ++i) {
        auto [view, row] = find(r + i);
        word |= static_cast<uint32_t>(view->zeroPoint(row, g * groupSize))
                << (bits * i);
      }
      writeWord(os, word);
    }
}

void StoredRows::writeFloats(raw_ostream &os, StringRef type,
                             float less) const {
  std::vector<float> row(columns());
  for (auto [part, view] : llvm::zip(bytes, views)) {
    const PlainLayout &layout = view.layout();
    if (!less && !view.format().hasScale() &&
        getFloatType(view.format()) == type) {
      writePieces(os, part.take_front(layout.rows * layout.rowBytes),
                  layout.rows);
      continue;
    }
    for (int64_t r = 0; r < layout.rows; ++r) {
      view.dequantizeRows(turn(r), turn(r) + 1, row.data());
      for (float &x : row)
        x -= less;
      os.write(reinterpret_cast<const char *>(row.data()),
               row.size() * sizeof(float));
    }
  }
}
