//===- TensorView.cpp - float tensors in mapped memory ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/TensorView.h"
#include "squint/Numerics/FloatBits.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cstring>

using namespace squint;

unsigned squint::getFloatBytes(FloatType type) {
  switch (type) {
  case FloatType::F32:
    return 4;
  case FloatType::F16:
  case FloatType::BF16:
    return 2;
  case FloatType::F64:
    return 8;
  }
  llvm_unreachable("unknown float type");
}

TensorView::TensorView(const char *data, FloatType type,
                       llvm::ArrayRef<int64_t> stored,
                       llvm::ArrayRef<int64_t> permutation)
    : data(data), type(type), columnCount(1) {
  llvm::SmallVector<int64_t, 4> storedStrides(stored.size(), 1);
  for (size_t i = stored.size(); i-- > 1;)
    storedStrides[i - 1] = storedStrides[i] * stored[i];
  for (size_t i = 0; i < stored.size(); ++i) {
    size_t from = permutation.empty() ? i : permutation[i];
    shape.push_back(stored[from]);
    strides.push_back(storedStrides[from]);
  }
  // A scalar is one row of one column.
  if (shape.empty()) {
    shape.push_back(1);
    strides.push_back(1);
  }
  for (int64_t dim : llvm::ArrayRef(shape).drop_front())
    columnCount *= dim;
}

int64_t TensorView::storedIndex(int64_t row, int64_t column) const {
  int64_t index = row * strides[0];
  for (size_t i = shape.size(); i-- > 1;) {
    index += column % shape[i] * strides[i];
    column /= shape[i];
  }
  return index;
}

namespace {
template <FloatType type> struct Load;
template <> struct Load<FloatType::F32> {
  using Bits = float;
  static float convert(float value) { return value; }
};
template <> struct Load<FloatType::F64> {
  using Bits = double;
  static float convert(double value) { return float(value); }
};
template <> struct Load<FloatType::F16> {
  using Bits = uint16_t;
  static float convert(uint16_t value) { return halfToFloat(value); }
};
template <> struct Load<FloatType::BF16> {
  using Bits = uint16_t;
  static float convert(uint16_t value) { return bfloatToFloat(value); }
};
} // namespace

// Weights in files have no alignment.
template <FloatType type> static float load(const char *data, int64_t index) {
  typename Load<type>::Bits bits;
  std::memcpy(&bits, data + index * int64_t(sizeof(bits)), sizeof(bits));
  return Load<type>::convert(bits);
}

// out[row][column] = data[row * rowStride + column * columnStride]. The loop
// whose stride is smaller runs inside, over tiles that keep both sides in
// cache.
template <FloatType type>
static void copyMatrix(const char *data, int64_t rows, int64_t rowStride,
                       int64_t columns, int64_t columnStride, float *out,
                       int64_t outRowStride) {
  if (columnStride <= rowStride || rows == 1) {
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        out[row * outRowStride + column] =
            load<type>(data, row * rowStride + column * columnStride);
    return;
  }
  // Rows of `out` often lie a power of two apart, where a cache holds only a
  // few of them: whole lines are gathered beside it.
  constexpr int64_t tile = 16;
  float lines[tile][tile];
  for (int64_t row = 0; row < rows; row += tile) {
    int64_t height = std::min(tile, rows - row);
    for (int64_t column = 0; column < columns; column += tile) {
      int64_t width = std::min(tile, columns - column);
      for (int64_t j = 0; j < width; ++j)
        for (int64_t i = 0; i < height; ++i)
          lines[i][j] = load<type>(data, (row + i) * rowStride +
                                             (column + j) * columnStride);
      for (int64_t i = 0; i < height; ++i)
        std::copy_n(lines[i], width, out + (row + i) * outRowStride + column);
    }
  }
}

template <FloatType type>
static void readRowsAs(const char *data, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> strides, int64_t begin,
                       int64_t end, float *out) {
  int64_t columns = 1;
  for (int64_t dim : shape.drop_front())
    columns *= dim;
  if (columns == 0)
    return;
  int64_t inner = shape.size() > 1 ? shape.back() : 1;
  int64_t innerStride = shape.size() > 1 ? strides.back() : 1;
  llvm::SmallVector<int64_t, 4> index(shape.size(), 0);
  for (int64_t column = 0; column < columns; column += inner) {
    int64_t offset = begin * strides[0];
    for (size_t i = 1; i + 1 < shape.size(); ++i)
      offset += index[i] * strides[i];
    copyMatrix<type>(data + offset * int64_t(sizeof(typename Load<type>::Bits)),
                     end - begin, strides[0], inner, innerStride, out + column,
                     columns);
    for (size_t i = shape.size() - 1; i-- > 1;) {
      if (++index[i] < shape[i])
        break;
      index[i] = 0;
    }
  }
}

void TensorView::readRows(int64_t begin, int64_t end, float *out) const {
  switch (type) {
  case FloatType::F32:
    return readRowsAs<FloatType::F32>(data, shape, strides, begin, end, out);
  case FloatType::F16:
    return readRowsAs<FloatType::F16>(data, shape, strides, begin, end, out);
  case FloatType::BF16:
    return readRowsAs<FloatType::BF16>(data, shape, strides, begin, end, out);
  case FloatType::F64:
    return readRowsAs<FloatType::F64>(data, shape, strides, begin, end, out);
  }
}
