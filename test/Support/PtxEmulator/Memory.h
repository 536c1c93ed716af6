//===- Memory.h - global and shared memory that find faults -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_MEMORY_H
#define PTX_EMULATOR_MEMORY_H

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ptx {

// Addresses that no process of an x86-64 or AArch64 host has, so that a host's
// pointer given to a kernel, or a device's followed on the host, is a fault.
constexpr uint64_t GlobalWindow = 0x0000d00000000000;
constexpr uint64_t SharedWindow = 0x0000e00000000000; // generic addresses
constexpr uint64_t LocalWindow = 0x0000e10000000000;
constexpr uint64_t ParamWindow = 0x0000e20000000000;
constexpr uint64_t WindowBytes = 1ull << 32;
// What the driver keeps of shared memory; null is no shared address here.
constexpr uint32_t SharedBase = 1024;

/// Global memory: a table of allocations. An address is never used again.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t limit, uint64_t base = GlobalWindow)
      : limit(limit), next(base + (1 << 20)) {}

  struct Allocation {
    uint64_t address = 0, bytes = 0;
    uint8_t *host = nullptr; // null once freed
    std::unique_ptr<uint8_t[]> storage;
    bool isConstant = false;
  };

  /// 0 when there is no room. What is allocated holds bytes 0xff (NaN).
  uint64_t allocate(uint64_t bytes, uint64_t align = 256);
  bool release(uint64_t address); // false: nothing starts there
  /// The live allocation that holds all of [address, address + bytes), or null.
  const Allocation *find(uint64_t address, uint64_t bytes) const;
  uint8_t *host(uint64_t address, uint64_t bytes) const;
  /// What is at an address where nothing was found, for messages.
  std::string describe(uint64_t address) const;
  uint64_t free() const { return limit - used; }
  uint64_t total() const { return limit; }

private:
  mutable std::mutex mutex;
  std::map<uint64_t, Allocation> allocations; // freed ones too
  uint64_t limit, used = 0, next;
};

//===----------------------------------------------------------------------===//
// Order between warps
//===----------------------------------------------------------------------===//

constexpr unsigned MaxWarps = 32;
constexpr unsigned AsyncAgent = MaxWarps; // bulk copies write on their own
/// What of every warp's past is known to have happened: clocks by warp.
struct Clocks {
  uint32_t at[MaxWarps + 1] = {};
  void join(const Clocks &other) {
    for (unsigned i = 0; i <= MaxWarps; ++i)
      at[i] = at[i] < other.at[i] ? other.at[i] : at[i];
  }
};

/// A block's shared memory. Each byte knows whether it was written, whether an
/// asynchronous copy into it is under way, and who wrote and read it last: a
/// conflicting access that no barrier orders is a race.
class SharedMemory {
public:
  void reset(uint32_t bytes); // SharedBase included
  uint32_t size() const { return data.size(); }
  uint8_t *bytes(uint32_t offset) { return data.data() + offset; }

  /// Each answers null or what is wrong with the access. The bytes are within
  /// the memory.
  const char *read(uint32_t offset, uint32_t bytes, unsigned warp,
                   const Clocks &clocks);
  const char *write(uint32_t offset, uint32_t bytes, unsigned agent,
                    const Clocks &clocks);
  /// A copy that will write there: from now on, only its end makes it readable.
  const char *beginCopy(uint32_t offset, uint32_t bytes, const Clocks &clocks);
  /// The copy's bytes arrive, as written by `agent` at its clock.
  void endCopy(uint32_t offset, uint32_t bytes, const uint8_t *from,
               unsigned agent, const Clocks &clocks);
  /// Whether what warps wrote there was passed on to the asynchronous proxy:
  /// `until(warp)` is the warp's clock at its fence.
  template <typename F>
  bool isFenced(uint32_t offset, uint32_t bytes, F until, unsigned &writer) {
    for (uint32_t i = offset; i < offset + bytes; ++i) {
      writer = writes[i] & ((1 << WarpBits) - 1);
      if (writer != AsyncAgent && writes[i] >> WarpBits > until(writer))
        return false;
    }
    return true;
  }
  /// The other party of the race that was found last.
  unsigned otherWarp() const { return other; }

private:
  enum : uint8_t { Written = 1, Pending = 2 };
  // An epoch is a clock with its warp, 0 for none; or, of reads by several
  // warps at once, the index of their clocks.
  static constexpr uint32_t WarpBits = 6, Several = 1u << 31;
  static uint32_t epoch(unsigned agent, const Clocks &clocks) {
    return clocks.at[agent] << WarpBits | agent;
  }
  bool isOrdered(uint32_t epoch, const Clocks &clocks) {
    unsigned agent = epoch & ((1 << WarpBits) - 1);
    if (epoch >> WarpBits <= clocks.at[agent])
      return true;
    other = agent;
    return false;
  }
  bool readsAreOrdered(uint32_t reads, const Clocks &clocks);
  void noteRead(uint32_t &reads, unsigned warp, const Clocks &clocks);
  void forgetReads(uint32_t &reads);

  std::vector<uint8_t> data, state;
  std::vector<uint32_t> writes, reads;
  std::vector<Clocks> several;
  std::vector<uint32_t> unused; // of `several`
  unsigned other = 0;
};

} // namespace ptx
#endif
