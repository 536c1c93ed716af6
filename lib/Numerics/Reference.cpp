//===- Reference.cpp - matrix products to compare with ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Reference.h"
#include "squint/Numerics/Activations.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace squint;

QuantizedActivations QuantizedActivations::get(const float *x, int64_t tokens,
                                               int64_t columns,
                                               const Format &format) {
  QuantizedActivations result;
  result.tokens = tokens;
  result.columns = columns;
  result.groupSize =
      format.granularity == Granularity::Group ? format.groupSize : columns;
  result.codes.resize(tokens * columns);
  for (int64_t token = 0; token < tokens; ++token)
    for (int64_t begin = 0; begin < columns; begin += result.groupSize) {
      int64_t size = std::min(result.groupSize, columns - begin);
      int64_t first = token * columns + begin;
      result.scales.push_back(quantizeDynamic(llvm::ArrayRef(x + first, size),
                                              format,
                                              result.codes.data() + first));
    }
  return result;
}

double QuantizedActivations::value(int64_t token, int64_t column) const {
  int64_t groups = llvm::divideCeil(columns, groupSize);
  int64_t scale = perTensor ? 0 : token * groups + column / groupSize;
  return double(codes[token * columns + column] - zeroPoint) *
         double(scales[scale]);
}

// Exact products of codes and scales; only the sum rounds.
static double decode(const PackedView &w, int64_t row, int64_t column) {
  const Format &format = w.format();
  int32_t code = w.code(row, column);
  double level = format.isInteger()
                     ? double(code - w.zeroPoint(row, column))
                     : double(format.element->decode(uint32_t(code)));
  return level * double(w.scale(row, column)) - double(w.min(row, column));
}

static std::vector<double>
multiply(int64_t tokens, const PackedView &w,
         llvm::function_ref<double(int64_t, int64_t)> value) {
  int64_t rows = w.layout().rows, columns = w.layout().columns;
  std::vector<double> y(tokens * rows, 0.0);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double weight = decode(w, row, column);
      for (int64_t token = 0; token < tokens; ++token)
        y[token * rows + row] += value(token, column) * weight;
    }
  return y;
}

std::vector<double> squint::multiplyReference(const QuantizedActivations &x,
                                              const PackedView &w) {
  return multiply(x.tokens, w, [&](int64_t token, int64_t column) {
    return x.value(token, column);
  });
}

std::vector<double> squint::multiplyReference(const float *x, int64_t tokens,
                                              const PackedView &w) {
  int64_t columns = w.layout().columns;
  return multiply(tokens, w, [=](int64_t token, int64_t column) {
    return double(x[token * columns + column]);
  });
}
