//===- Memory.cpp - global and shared memory that find faults -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Memory.h"

#include <cstdio>
#include <cstring>
#include <new>

using namespace ptx;

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

uint64_t DeviceMemory::allocate(uint64_t bytes, uint64_t align) {
  std::lock_guard<std::mutex> lock(mutex);
  if (bytes > limit - used)
    return 0;
  Allocation allocation;
  allocation.storage.reset(new (std::nothrow) uint8_t[bytes + align]);
  if (!allocation.storage)
    return 0;
  memset(allocation.storage.get(), 0xff, bytes + align);
  uint64_t host = reinterpret_cast<uint64_t>(allocation.storage.get());
  allocation.host =
      reinterpret_cast<uint8_t *>((host + align - 1) / align * align);
  allocation.address = (next + align - 1) / align * align;
  allocation.bytes = bytes;
  used += bytes;
  // What runs over one allocation does not reach the next.
  next = allocation.address + bytes + (1 << 16);
  uint64_t address = allocation.address;
  allocations.emplace(address, std::move(allocation));
  return address;
}

bool DeviceMemory::release(uint64_t address) {
  std::lock_guard<std::mutex> lock(mutex);
  auto found = allocations.find(address);
  if (found == allocations.end() || !found->second.host)
    return false;
  used -= found->second.bytes;
  found->second.host = nullptr;
  found->second.storage.reset();
  return true;
}

const DeviceMemory::Allocation *DeviceMemory::find(uint64_t address,
                                                   uint64_t bytes) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return nullptr;
  const Allocation &allocation = std::prev(after)->second;
  uint64_t offset = address - allocation.address;
  if (!allocation.host || offset > allocation.bytes ||
      bytes > allocation.bytes - offset)
    return nullptr;
  return &allocation;
}

uint8_t *DeviceMemory::host(uint64_t address, uint64_t bytes) const {
  const Allocation *allocation = find(address, bytes);
  return allocation ? allocation->host + (address - allocation->address)
                    : nullptr;
}

std::string DeviceMemory::describe(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex);
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin())
    return address < GlobalWindow ? "no address of the device"
                                  : "no allocation";
  const Allocation &allocation = std::prev(after)->second;
  char text[128];
  snprintf(text, sizeof(text), "at byte %lld of %s of %lld bytes",
           static_cast<long long>(address - allocation.address),
           allocation.host ? "an allocation" : "a freed allocation",
           static_cast<long long>(allocation.bytes));
  return text;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

void SharedMemory::reset(uint32_t bytes) {
  data.assign(bytes, 0xff);
  state.assign(bytes, 0);
  writes.assign(bytes, 0);
  reads.assign(bytes, 0);
  several.clear();
  unused.clear();
}

bool SharedMemory::readsAreOrdered(uint32_t reads, const Clocks &clocks) {
  if (!(reads & Several))
    return isOrdered(reads, clocks);
  const Clocks &all = several[reads & ~Several];
  for (unsigned i = 0; i < MaxWarps; ++i)
    if (all.at[i] > clocks.at[i]) {
      other = i;
      return false;
    }
  return true;
}

void SharedMemory::noteRead(uint32_t &reads, unsigned warp,
                            const Clocks &clocks) {
  uint32_t now = epoch(warp, clocks);
  if (!(reads & Several)) {
    if ((reads ^ now) % (1 << WarpBits) == 0 || isOrdered(reads, clocks)) {
      reads = now; // later than what was read before, for whoever writes next
      return;
    }
    uint32_t index = several.size();
    if (unused.empty()) {
      several.emplace_back();
    } else {
      index = unused.back();
      unused.pop_back();
      several[index] = Clocks();
    }
    several[index].at[reads % (1 << WarpBits)] = reads >> WarpBits;
    reads = index | Several;
  }
  several[reads & ~Several].at[warp] = clocks.at[warp];
}

void SharedMemory::forgetReads(uint32_t &reads) {
  if (reads & Several)
    unused.push_back(reads & ~Several);
  reads = 0;
}

const char *SharedMemory::read(uint32_t offset, uint32_t bytes, unsigned warp,
                               const Clocks &clocks) {
  for (uint32_t i = offset; i < offset + bytes; ++i) {
    if (state[i] != Written)
      return state[i] & Pending
                 ? "reads shared memory that an asynchronous copy is still "
                   "writing"
                 : "reads shared memory that was never written";
    if (!isOrdered(writes[i], clocks))
      return "reads what another warp wrote without a barrier between";
    noteRead(reads[i], warp, clocks);
  }
  return nullptr;
}

const char *SharedMemory::write(uint32_t offset, uint32_t bytes, unsigned agent,
                                const Clocks &clocks) {
  uint32_t now = epoch(agent, clocks);
  for (uint32_t i = offset; i < offset + bytes; ++i) {
    if (state[i] & Pending)
      return "writes shared memory that an asynchronous copy is still writing";
    if (!isOrdered(writes[i], clocks))
      return "overwrites what another warp wrote without a barrier between";
    if (!readsAreOrdered(reads[i], clocks))
      return "overwrites what another warp reads without a barrier between";
    forgetReads(reads[i]);
    writes[i] = now;
    state[i] = Written;
  }
  return nullptr;
}

const char *SharedMemory::beginCopy(uint32_t offset, uint32_t bytes,
                                    const Clocks &clocks) {
  for (uint32_t i = offset; i < offset + bytes; ++i) {
    if (state[i] & Pending)
      return "copies to shared memory that another copy is still writing";
    if (!isOrdered(writes[i], clocks))
      return "copies over what another warp wrote without a barrier between";
    if (!readsAreOrdered(reads[i], clocks))
      return "copies over what another warp reads without a barrier between";
    forgetReads(reads[i]);
    state[i] |= Pending;
  }
  return nullptr;
}

void SharedMemory::endCopy(uint32_t offset, uint32_t bytes, const uint8_t *from,
                           unsigned agent, const Clocks &clocks) {
  memcpy(data.data() + offset, from, bytes);
  uint32_t now = epoch(agent, clocks);
  for (uint32_t i = offset; i < offset + bytes; ++i) {
    writes[i] = now;
    state[i] = Written;
  }
}
