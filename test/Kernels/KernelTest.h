//===- KernelTest.h - what tests of kernels share -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TEST_KERNELS_KERNELTEST_H
#define SQUINT_TEST_KERNELS_KERNELTEST_H

#include "KernelJit.h"
#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Format.h"
#include "llvm/Support/MathExtras.h"
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

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

inline std::string str(int64_t value) { return std::to_string(value); }

class KernelTest : public testing::Test {
protected:
  /// Compiles a function `f` for every instruction set of this machine and
  /// calls `check` with each.
  void
  forTargets(const std::string &arguments, const std::string &body,
             const std::string &result,
             llvm::function_ref<void(KernelJit &, const TestTarget &)> check) {
    std::string text =
        "func.func @f(" + arguments + ", %begin: index, %end: index)" +
        (result.empty() ? "" : " -> i32") +
        " attributes {kernel.body, llvm.emit_c_interface} {\n" + body + "\n  " +
        (result.empty() ? "return" : result) + "\n}\n";
    forTargets(text, check);
  }
  /// The same for any functions.
  void
  forTargets(const std::string &text,
             llvm::function_ref<void(KernelJit &, const TestTarget &)> check) {
    for (const TestTarget &target : targets) {
      if (!target.runs())
        continue;
      auto jit =
          KernelJit::compile(*context, text, target.get(), target.products);
      ASSERT_TRUE(jit) << text;
      check(*jit, target);
    }
  }

  float uniform(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  }
  void fill(Buffer<float> &buffer, float low = -2, float high = 2) {
    for (int64_t i = 0; i < buffer.count; ++i)
      buffer[i] = uniform(low, high);
  }

  std::unique_ptr<mlir::MLIRContext> context = KernelJit::createContext();
  std::mt19937 random{3};
};

template <typename T>
void expectSame(const T *expected, const T *got, int64_t count,
                const char *what) {
  for (int64_t i = 0; i < count; ++i)
    if (std::memcmp(&expected[i], &got[i], sizeof(T)) != 0) {
      ADD_FAILURE() << what << " " << i << ": expected " << +expected[i]
                    << ", got " << +got[i];
      return;
    }
}

/// Fills a plain payload of an element in blocks: any codes, scales and minima
/// whose products stay small.
template <typename Random>
void fillBlocks(const Format &format, llvm::MutableArrayRef<char> payload,
                bool extreme, Random &random) {
  const BlockCodec &blocks = *format.blocks();
  for (char &byte : payload)
    byte = static_cast<char>(!extreme ? random() : random() % 8 ? 255 : 0);
  std::uniform_real_distribution<float> numbers(0.001f, 0.02f);
  for (size_t at = 0; at < payload.size(); at += blocks.bytes) {
    float size = blocks.hasScaleCodes() ? 1.0f / 64 : 1.0f;
    auto store = [&](float number, int64_t place) {
      uint16_t half = floatToHalf(number * size);
      if (format.element->name != "iq1_m") {
        std::memcpy(&payload[at + place], &half, 2);
        return;
      }
      // Four bits each at the top of the last four words.
      for (int64_t i = 0; i < 4; ++i) {
        char &byte = payload[at + blocks.bytes - 7 + 2 * i];
        byte = static_cast<char>((byte & 15) | (half >> (4 * i) & 15) << 4);
      }
    };
    store(numbers(random), blocks.scaleAt);
    if (blocks.hasMins)
      store(numbers(random), blocks.minAt);
  }
}

} // namespace squint::test

#endif
