//===- PeakMemory.h - what the process has taken so far -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUN_PEAKMEMORY_H
#define SQUINT_RUN_PEAKMEMORY_H

#include <cstdint>
#include <sys/resource.h>

namespace squint {

/// The most bytes that this process had in memory.
inline int64_t getPeakBytes() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return int64_t(usage.ru_maxrss) * 1024;
}

} // namespace squint

#endif // SQUINT_RUN_PEAKMEMORY_H
