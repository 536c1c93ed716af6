//===- KernelTest.h - what tests of kernels share -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TEST_KERNELS_KERNELTEST_H
#define SQUINT_TEST_KERNELS_KERNELTEST_H

#include "KernelJit.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

namespace squint::test {

template <typename T> struct Buffer {
  // 64-byte aligned, with a guard behind that is checked.
  explicit Buffer(int64_t count) : count(count) {
    int64_t bytes = llvm::alignTo(count * sizeof(T) + 64, 64);
    data = static_cast<T *>(std::aligned_alloc(64, bytes));
    std::memset(static_cast<void *>(data), 0x5A, bytes);
  }
  ~Buffer() {
    const auto *bytes = reinterpret_cast<const uint8_t *>(data + count);
    for (int i = 0; i < 32; ++i)
      EXPECT_EQ(bytes[i], 0x5A) << "written beyond the end";
    std::free(data);
  }
  Buffer(const Buffer &) = delete;
  T &operator[](int64_t i) { return data[i]; }
  T *data;
  int64_t count;
};

/// An instruction set to test, and whether its own byte products or the generic
/// ones are used.
struct TestTarget {
  const char *cpu, *features;
  KernelJit::Products products;

  TargetInfo get() const {
    return llvm::cantFail(TargetInfo::get("", cpu, features));
  }
  /// Whether this machine has what the target asks for.
  bool runs() const {
    TargetInfo target = get(), host = llvm::cantFail(TargetInfo::get());
    return target.arch == host.arch && (!target.avx2 || host.avx2) &&
           (!target.avx512 || host.avx512) &&
           (!target.avx512Vnni || host.avx512Vnni) &&
           (!target.avxVnni || host.avxVnni);
  }
};

/// All of them have FMA, and give the same bits.
inline constexpr TestTarget targets[] = {
    {"x86-64-v3", "", KernelJit::Products::Generic},
    {"x86-64-v3", "", KernelJit::Products::Native},
    {"x86-64-v3", "+avxvnni", KernelJit::Products::Native},
    {"x86-64-v4", "", KernelJit::Products::Native},
    {"x86-64-v4", "+avx512vnni", KernelJit::Products::Native},
};

} // namespace squint::test

#endif
