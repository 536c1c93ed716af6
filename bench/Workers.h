//===- Workers.h - threads that start together --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_BENCH_WORKERS_H
#define SQUINT_BENCH_WORKERS_H

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace squint::bench {

/// Threads that wait for work in a loop, so that a few microseconds of it can
/// be measured; the caller is the first of them.
class Workers {
public:
  explicit Workers(int threads) {
    for (int id = 1; id < threads; ++id)
      pool.emplace_back([this, id] { serve(id); });
  }
  ~Workers() {
    stop = true;
    ++round;
    for (std::thread &thread : pool)
      thread.join();
  }
  Workers(const Workers &) = delete;

  int size() const { return static_cast<int>(pool.size()) + 1; }

  /// Seconds that `work(id)` takes on all threads, to the last one's end.
  double run(const std::function<void(int)> &work) {
    body = &work;
    left = static_cast<int>(pool.size());
    auto start = std::chrono::steady_clock::now();
    ++round;
    work(0);
    while (left)
      std::this_thread::yield();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  }

private:
  void serve(int id) {
    for (uint64_t seen = 0;;) {
      uint64_t current = round;
      if (current == seen) {
        // Where there are fewer processors than threads, others wait for it.
        std::this_thread::yield();
        continue;
      }
      seen = current;
      if (stop)
        return;
      (*body)(id);
      --left;
    }
  }

  std::vector<std::thread> pool;
  const std::function<void(int)> *body = nullptr;
  std::atomic<uint64_t> round{0};
  std::atomic<int> left{0};
  std::atomic<bool> stop{false};
};

} // namespace squint::bench

#endif
