//===- Limits.cpp - what this machine can do at most -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Compiled for the machine at hand.
//===----------------------------------------------------------------------===//

#include "Limits.h"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

using namespace squint::bench;

namespace {

using Bits = uint64_t __attribute__((vector_size(64)));
using Floats = float __attribute__((vector_size(64)));

/// Keeps a value from being computed at compile time or dropped.
template <typename T> void opaque(T &value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// Reads `bytes` as `Streams` runs side by side, as a product with that many
/// rows of weights in flight does.
template <int Streams, int Ahead> void read(const char *data, size_t bytes) {
  // Not a power of two apart, or the streams share the cache's sets.
  size_t run = bytes / Streams / 64 * 64 - 576;
  Bits sums[Streams] = {};
  for (size_t i = 0; i + 64 <= run; i += 64)
    for (int s = 0; s < Streams; ++s) {
      if (Ahead)
        __builtin_prefetch(data + s * run + i + Ahead);
      sums[s] ^= *reinterpret_cast<const Bits *>(data + s * run + i);
    }
  for (Bits &sum : sums)
    opaque(sum);
}

/// More than any cache, touched once.
const char *getMemory(size_t bytes) {
  static char *memory = [=] {
    void *data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
      std::perror("expected memory to read");
      std::exit(1);
    }
    madvise(data, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i += 4096)
      static_cast<char *>(data)[i] = char(i);
    return static_cast<char *>(data);
  }();
  return memory;
}

template <int Streams, int Ahead = 0>
Limit::Sample readMemory(Workers &workers) {
  constexpr size_t bytes = size_t(512) << 20;
  const char *data = getMemory(bytes);
  size_t share = bytes / workers.size() / 4096 * 4096;
  double seconds = workers.run(
      [&](int id) { read<Streams, Ahead>(data + id * share, share); });
  return {double(share) * workers.size() / 1e9, seconds};
}

constexpr int64_t kSteps = 2'000'000;
/// Independent accumulators: enough to fill the pipelines, few enough for the
/// registers.
constexpr int kChains = 10;

void multiplyAdd() {
  Floats sums[kChains] = {}, a = {}, b = {};
  opaque(a), opaque(b);
  for (int64_t i = 0; i < kSteps; ++i)
    for (Floats &sum : sums)
      sum = __builtin_elementwise_fma(a, b, sum);
  for (Floats &sum : sums)
    opaque(sum);
}

#if defined(__AVX2__)
/// `vpmaddubsw` and what widens its sums.
void multiplyPairs() {
  __m256i sums[kChains] = {}, a = {}, b = {};
  opaque(a), opaque(b);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t i = 0; i < kSteps; ++i)
    for (__m256i &sum : sums) {
      __m256i pairs = _mm256_maddubs_epi16(a, b);
      asm volatile("" : "+x"(pairs));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
  for (__m256i &sum : sums)
    opaque(sum);
}
#endif

// Widening dot products of bytes with the machine's best instruction, and the
// multiplications and additions of one.
#if defined(__AVX512VNNI__)
constexpr int kDotOperations = 128;
void dotBytes() {
  __m512i sums[kChains] = {}, a = {}, b = {};
  opaque(a), opaque(b);
  for (int64_t i = 0; i < kSteps; ++i)
    for (__m512i &sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, a, b);
      asm("" : "+v"(sum));
    }
  for (__m512i &sum : sums)
    opaque(sum);
}
#elif defined(__AVX2__)
constexpr int kDotOperations = 64;
void dotBytes() { multiplyPairs(); }
#elif defined(__ARM_FEATURE_DOTPROD)
constexpr int kDotOperations = 32;
void dotBytes() {
  int32x4_t sums[kChains] = {};
  int8x16_t a = {}, b = {};
  opaque(a), opaque(b);
  for (int64_t i = 0; i < kSteps; ++i)
    for (int32x4_t &sum : sums) {
      sum = vdotq_s32(sum, a, b);
      asm("" : "+w"(sum));
    }
  for (int32x4_t &sum : sums)
    opaque(sum);
}
#else
constexpr int kDotOperations = 0;
void dotBytes() {}
#endif

template <void (*Body)(), int Operations>
Limit::Sample compute(Workers &workers) {
  double seconds = workers.run([](int) { Body(); });
  return {double(Operations) * kChains * kSteps * workers.size() / 1e9,
          seconds};
}

} // namespace

const std::vector<Limit> &squint::bench::getLimits() {
  static const std::vector<Limit> limits = {
      {"memory-read-1-stream", "GB/s", readMemory<1>},
      {"memory-read-2-streams", "GB/s", readMemory<2>},
      {"memory-read-4-streams", "GB/s", readMemory<4>},
      {"memory-read-8-streams", "GB/s", readMemory<8>},
      {"memory-read-prefetched", "GB/s", readMemory<1, 8192>},
      {"float-multiply-add", "GOP/s", compute<multiplyAdd, 32>},
      {"int8-dot", "GOP/s", compute<dotBytes, kDotOperations>},
#if defined(__AVX2__)
      // What AVX2 has for the same.
      {"int8-pairs", "GOP/s", compute<multiplyPairs, 64>},
#endif
  };
  return limits;
}
