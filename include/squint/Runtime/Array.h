//===- Array.h - a tensor with memory of its own ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUNTIME_ARRAY_H
#define SQUINT_RUNTIME_ARRAY_H

#include "squint/Runtime/Abi.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

// Where argument-dependent lookup finds them: C's types have no namespace.
inline bool operator==(const squint_dtype &a, const squint_dtype &b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}
inline bool operator!=(const squint_dtype &a, const squint_dtype &b) {
  return !(a == b);
}

namespace squint {

/// Bytes of one element; elements of less than a byte take one.
inline uint64_t getByteSize(squint_dtype dtype) { return (dtype.bits + 7) / 8; }

/// numpy's name where it has one, else the usual one: "float32", "bfloat16".
std::string toString(squint_dtype dtype);

/// "float32[2, 384]"; -1 prints as `?`.
std::string toString(squint_dtype dtype, llvm::ArrayRef<int64_t> shape);

/// The type that carries the bits of `dtype` in an npz file: itself where
/// numpy has it, else an unsigned integer.
squint_dtype getNpzType(squint_dtype dtype);

/// A contiguous tensor on the CPU, at a multiple of 64 bytes.
class Array {
public:
  Array() = default;
  /// Zero-filled. Fails on negative extents and sizes beyond memory.
  static llvm::Expected<Array> create(squint_dtype dtype,
                                      llvm::ArrayRef<int64_t> shape);

  squint_dtype dtype() const { return type; }
  llvm::ArrayRef<int64_t> shape() const { return extents; }
  int64_t size() const { return elements; }
  llvm::MutableArrayRef<char> bytes() {
    return {memory.get(), size_t(elements) * getByteSize(type)};
  }
  llvm::ArrayRef<char> bytes() const {
    return {memory.get(), size_t(elements) * getByteSize(type)};
  }
  /// A shape of no more elements: the first ones stay.
  void shrink(llvm::ArrayRef<int64_t> shape);
  /// The same bits under another type of the same size.
  void reinterpret(squint_dtype dtype) { type = dtype; }

  /// Refers to this array, which must outlive it.
  squint_tensor tensor() const {
    return {memory.get(),
            {SQUINT_DEVICE_CPU, 0},
            int32_t(extents.size()),
            type,
            extents.data(),
            nullptr,
            0};
  }

private:
  struct Free {
    void operator()(char *pointer) const { std::free(pointer); }
  };
  squint_dtype type = {SQUINT_DTYPE_FLOAT, 32, 1};
  // DLPack's shape pointer is not const.
  mutable std::vector<int64_t> extents;
  int64_t elements = 0;
  std::unique_ptr<char, Free> memory;
};

} // namespace squint

#endif // SQUINT_RUNTIME_ARRAY_H
