//===- PeakMemory.h - what the process has taken so far -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUN_PEAKMEMORY_H
#define SQUINT_RUN_PEAKMEMORY_H

#include <cstdint>
#include <fstream>
#include <string>
#include <sys/resource.h>

namespace squint {

/// The most bytes that this process had in memory. What getrusage says goes
/// back to before exec: it may be the caller's peak.
inline int64_t getPeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0)
      return std::stoll(line.substr(6)) * 1024;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return int64_t(usage.ru_maxrss) * 1024;
}

} // namespace squint

#endif // SQUINT_RUN_PEAKMEMORY_H
