//===- Floats.cpp - the values of an array --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Floats.h"
#include "squint/Numerics/FloatBits.h"

using namespace squint;

llvm::ArrayRef<float> squint::getFloats(const Array &array,
                                        std::vector<float> &scratch) {
  llvm::ArrayRef<char> bytes = array.bytes();
  if (array.dtype().code == SQUINT_DTYPE_FLOAT && array.dtype().bits == 32)
    return {reinterpret_cast<const float *>(bytes.data()),
            size_t(array.size())};
  scratch.resize(array.size());
  auto convert = [&](auto *values, auto &&toFloat) {
    for (size_t i = 0; i < scratch.size(); ++i)
      scratch[i] = toFloat(values[i]);
  };
  if (array.dtype().code == SQUINT_DTYPE_BFLOAT)
    convert(reinterpret_cast<const uint16_t *>(bytes.data()), bfloatToFloat);
  else if (array.dtype().bits == 16)
    convert(reinterpret_cast<const uint16_t *>(bytes.data()), halfToFloat);
  else
    convert(reinterpret_cast<const double *>(bytes.data()),
            [](double value) { return float(value); });
  return scratch;
}
