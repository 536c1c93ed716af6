//===- Parallel.h - independent pieces of work ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_PARALLEL_H
#define SQUINT_LIB_NUMERICS_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/ThreadPool.h"
#include <atomic>

namespace squint {

/// Calls `fn` for 0 to count - 1, on the threads of `pool` if there is one. A
/// piece must write to its own place only, so that the count of threads cannot
/// be seen.
inline void parallelFor(llvm::ThreadPoolInterface *pool, int64_t count,
                        llvm::function_ref<void(int64_t)> fn) {
  if (!pool || count < 2) {
    for (int64_t i = 0; i < count; ++i)
      fn(i);
    return;
  }
  std::atomic<int64_t> next = 0;
  llvm::ThreadPoolTaskGroup group(*pool);
  int64_t workers = std::min<int64_t>(pool->getMaxConcurrency(), count);
  for (int64_t worker = 0; worker < workers; ++worker)
    group.async([&] {
      for (int64_t i = next++; i < count; i = next++)
        fn(i);
    });
  group.wait();
}

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_PARALLEL_H
