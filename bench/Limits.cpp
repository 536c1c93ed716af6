//===- Limits.cpp - what this machine can do at most -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// squint-limits [THREADS]: prints one line a limit, `name value unit`. Reading
// memory bounds a product with one token, dot products bound one with many.
// Each figure is the best of several rounds.
//
//===----------------------------------------------------------------------===//

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <sys/mman.h>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

using Bits = uint64_t __attribute__((vector_size(64)));
using Floats = float __attribute__((vector_size(64)));

/// Keeps a value from being computed at compile time or dropped.
template <typename T> void opaque(T &value) {
  asm volatile("" : : "r"(&value) : "memory");
}

/// Seconds that `body(thread)` takes on all threads together, from a common
/// start to the last end.
double measure(int threads, const std::function<void(int)> &body) {
  std::mutex mutex;
  std::condition_variable ready;
  int waiting = 0;
  std::chrono::steady_clock::time_point start;
  std::vector<std::thread> pool;
  for (int id = 0; id < threads; ++id)
    pool.emplace_back([&, id] {
      {
        std::unique_lock<std::mutex> lock(mutex);
        if (++waiting == threads) {
          start = std::chrono::steady_clock::now();
          ready.notify_all();
        }
        ready.wait(lock, [&] { return waiting == threads; });
      }
      body(id);
    });
  for (std::thread &thread : pool)
    thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Reads `bytes` as `Streams` runs side by side, as a product with that many
/// rows of weights in flight does.
template <int Streams> void read(const char *data, size_t bytes) {
  // Not a power of two apart, or the streams share the cache's sets.
  size_t run = bytes / Streams / 64 * 64 - 576;
  Bits sums[Streams] = {};
  for (size_t i = 0; i + 64 <= run; i += 64)
    for (int s = 0; s < Streams; ++s)
      sums[s] ^= *reinterpret_cast<const Bits *>(data + s * run + i);
  for (Bits &sum : sums)
    opaque(sum);
}

double bandwidth(int threads) {
  const size_t bytes = size_t(512) << 20, share = bytes / threads / 4096 * 4096;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("squint-limits: memory");
    std::exit(1);
  }
  madvise(memory, bytes, MADV_HUGEPAGE);
  char *data = static_cast<char *>(memory);
  for (size_t i = 0; i < bytes; i += 4096)
    data[i] = char(i);
  double best = 0;
  for (int round = 0; round < 4; ++round)
    for (auto kernel : {read<1>, read<2>, read<3>, read<4>, read<8>}) {
      double seconds =
          measure(threads, [&](int id) { kernel(data + id * share, share); });
      best = std::max(best, double(share) * threads / seconds);
    }
  munmap(memory, bytes);
  return best;
}

constexpr int64_t kSteps = 20'000'000;
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

/// One widening dot product of bytes with the machine's best instruction, in
/// `kChains` chains; returns the multiplications and additions of one step.
int dotBytes() {
#if defined(__AVX512VNNI__)
  __m512i sums[kChains] = {}, a = {}, b = {};
  opaque(a), opaque(b);
  for (int64_t i = 0; i < kSteps; ++i)
    for (__m512i &sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, a, b);
      asm("" : "+v"(sum));
    }
  const int operations = 128;
#elif defined(__AVX2__)
  __m256i sums[kChains] = {}, a = {}, b = {};
  opaque(a), opaque(b);
  const __m256i ones = _mm256_set1_epi16(1);
  for (int64_t i = 0; i < kSteps; ++i)
    for (__m256i &sum : sums) {
      __m256i pairs = _mm256_maddubs_epi16(a, b);
      asm("" : "+x"(pairs));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
  const int operations = 64;
#elif defined(__ARM_FEATURE_DOTPROD)
  int32x4_t sums[kChains] = {};
  int8x16_t a = {}, b = {};
  opaque(a), opaque(b);
  for (int64_t i = 0; i < kSteps; ++i)
    for (int32x4_t &sum : sums) {
      sum = vdotq_s32(sum, a, b);
      asm("" : "+w"(sum));
    }
  const int operations = 32;
#else
  int sums[1] = {};
  const int operations = 0;
#endif
  for (auto &sum : sums)
    opaque(sum);
  return operations * kChains;
}

} // namespace

int main(int argc, char **argv) {
  int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  if (threads < 1 || threads > 1024) {
    std::fprintf(stderr,
                 "squint-limits: expected a count of threads, got '%s'\n",
                 argv[1]);
    return 1;
  }
  double floats = 0, bytes = 0;
  for (int round = 0; round < 3; ++round) {
    double seconds = measure(threads, [](int) { multiplyAdd(); });
    floats = std::max(floats, 2.0 * 16 * kChains * kSteps * threads / seconds);
    std::vector<int> operations(threads);
    seconds = measure(threads, [&](int id) { operations[id] = dotBytes(); });
    bytes = std::max(bytes, double(operations[0]) * kSteps * threads / seconds);
  }
  std::printf("memory-read %.1f GB/s\n", bandwidth(threads) / 1e9);
  std::printf("float-multiply-add %.0f GFLOP/s\n", floats / 1e9);
  std::printf("int8-dot %.0f GOP/s\n", bytes / 1e9);
}
