//===- GgufTypes.cpp - packed weights in GGML's types -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// GGML's blocks are the plain payload, and floats are as they are. Symmetric
// integers whose f16 scales are for multiples of 32 columns are the numbers of
//
//   Q4_0   up to 4 bits   f16 scale, 32 codes + 8: the low nibbles the first 16
//   Q5_0   5 bits         f16 scale, 32 fifth bits, codes + 16 as in Q4_0
//   Q8_0   up to 8 bits   f16 scale, 32 codes
//
// with a scale repeated where it is for more than one block; MXFP4 is a block's
// scale and its codes as in Q4_0.
//===----------------------------------------------------------------------===//

#include "GgufTypes.h"
#include "squint/Numerics/Packed.h"

using namespace mlir;
using namespace squint;

static constexpr int64_t kBlock = 32;

static StringRef chooseName(const Format &format, int64_t columns) {
  if (format.blocks() || !format.hasScale())
    return format.element->name;
  if (format.element->name == "mxfp4" && columns % kBlock == 0)
    return "mxfp4";
  if (!format.isSymmetric() || format.sparse || format.outliers ||
      format.scale != ScaleType::F16 || columns % kBlock ||
      (format.granularity == Granularity::Group && format.groupSize % kBlock))
    return "";
  return format.bits() <= 4 ? "q4_0" : format.bits() == 5 ? "q5_0" : "q8_0";
}

const GgufType *squint::chooseGgufType(Type type) {
  if (auto packed = dyn_cast<PackedType>(type))
    return packed.getLayout() ? nullptr
                              : lookupGgufType(chooseName(packed.getFormat(),
                                                          packed.getColumns()));
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return nullptr;
  Type element = tensor.getElementType();
  return element.isF32()    ? lookupGgufType("f32")
         : element.isF16()  ? lookupGgufType("f16")
         : element.isBF16() ? lookupGgufType("bf16")
                            : nullptr;
}

ArrayRef<char> squint::getGgufRow(Type type, ArrayRef<char> bytes, int64_t row,
                                  std::vector<char> &scratch) {
  auto packed = dyn_cast<PackedType>(type);
  if (!packed) {
    size_t rowBytes = bytes.size() / cast<RankedTensorType>(type).getDimSize(0);
    return bytes.slice(row * rowBytes, rowBytes);
  }
  Format format = packed.getFormat();
  int64_t rows = packed.getRows(), columns = packed.getColumns();
  PackedView view(bytes.data(), format, rows, columns);
  if (format.blocks() || !format.hasScale())
    return bytes.slice(row * view.layout().rowBytes, view.layout().rowBytes);
  StringRef name = chooseName(format, columns);
  scratch.clear();
  for (int64_t c = 0; c < columns; c += kBlock) {
    size_t at = scratch.size();
    scratch.resize(at + getScaleBytes(format.scale));
    storeScale(view.scale(row, c), format.scale, scratch.data() + at, 0);
    auto code = [&](int64_t i) { return view.code(row, c + i); };
    if (name == "q8_0") {
      for (int64_t i = 0; i < kBlock; ++i)
        scratch.push_back(static_cast<char>(code(i)));
      continue;
    }
    int32_t middle = name == "q5_0" ? 16 : name == "q4_0" ? 8 : 0;
    if (name == "q5_0") {
      uint32_t fifth = 0;
      for (int64_t i = 0; i < kBlock; ++i)
        fifth |= uint32_t((code(i) + middle) >> 4 & 1) << i;
      for (int byte = 0; byte < 4; ++byte)
        scratch.push_back(static_cast<char>(fifth >> (8 * byte)));
    }
    for (int64_t i = 0; i < kBlock / 2; ++i)
      scratch.push_back(
          static_cast<char>(((code(i) + middle) & 15) |
                            ((code(i + kBlock / 2) + middle) & 15) << 4));
  }
  return scratch;
}
