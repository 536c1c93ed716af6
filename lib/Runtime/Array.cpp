//===- Array.cpp - a tensor with memory of its own ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Runtime/Array.h"

#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llvm;
using namespace squint;

std::string squint::toString(squint_dtype dtype) {
  std::string bits = std::to_string(dtype.bits);
  switch (dtype.code) {
  case SQUINT_DTYPE_INT:
    return "int" + bits;
  case SQUINT_DTYPE_UINT:
    return "uint" + bits;
  case SQUINT_DTYPE_FLOAT:
    return "float" + bits;
  case SQUINT_DTYPE_BFLOAT:
    return "bfloat" + bits;
  case SQUINT_DTYPE_COMPLEX:
    return "complex" + bits;
  case SQUINT_DTYPE_BOOL:
    return "bool";
  case SQUINT_DTYPE_FLOAT8_E4M3FN:
    return "float8_e4m3fn";
  case SQUINT_DTYPE_FLOAT8_E4M3FNUZ:
    return "float8_e4m3fnuz";
  case SQUINT_DTYPE_FLOAT8_E5M2:
    return "float8_e5m2";
  case SQUINT_DTYPE_FLOAT8_E5M2FNUZ:
    return "float8_e5m2fnuz";
  case SQUINT_DTYPE_FLOAT8_E8M0FNU:
    return "float8_e8m0fnu";
  case SQUINT_DTYPE_FLOAT4_E2M1FN:
    return "float4_e2m1fn";
  default:
    return "DLPack type " + std::to_string(dtype.code) + " of " + bits +
           " bits";
  }
}

std::string squint::toString(squint_dtype dtype, ArrayRef<int64_t> shape) {
  std::string out = toString(dtype) + "[";
  for (size_t i = 0; i < shape.size(); ++i)
    out += (i ? ", " : "") + (shape[i] < 0 ? "?" : std::to_string(shape[i]));
  return out + "]";
}

squint_dtype squint::getNpzType(squint_dtype dtype) {
  switch (dtype.code) {
  case SQUINT_DTYPE_INT:
  case SQUINT_DTYPE_UINT:
    return dtype.bits >= 8 ? dtype : squint_dtype{dtype.code, 8, 1};
  case SQUINT_DTYPE_FLOAT:
  case SQUINT_DTYPE_BOOL:
  case SQUINT_DTYPE_COMPLEX:
    return dtype;
  default:
    return {SQUINT_DTYPE_UINT, uint8_t(dtype.bits <= 8 ? 8 : 16), 1};
  }
}

void Array::shrink(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  assert(count <= elements && "arrays do not grow");
  extents = shape.vec();
  elements = count;
}

Expected<Array> Array::create(squint_dtype dtype, ArrayRef<int64_t> shape) {
  Array array;
  array.type = dtype;
  array.extents.assign(shape.begin(), shape.end());
  array.elements = 1;
  bool overflow = false;
  for (int64_t extent : shape)
    overflow |=
        extent < 0 || MulOverflow(array.elements, extent, array.elements);
  int64_t bytes;
  overflow |= MulOverflow(array.elements, int64_t(getByteSize(dtype)), bytes);
  void *memory = nullptr;
  if (overflow ||
      posix_memalign(&memory, 64, size_t(std::max<int64_t>(bytes, 1))))
    return createStringError(inconvertibleErrorCode(),
                             "cannot allocate a tensor of %s",
                             toString(dtype, shape).c_str());
  std::memset(memory, 0, size_t(bytes));
  array.memory.reset(static_cast<char *>(memory));
  return array;
}
