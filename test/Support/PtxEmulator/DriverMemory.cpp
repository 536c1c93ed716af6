//===- DriverMemory.cpp - memory of the device and of the host ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Driver.h"

#include <cstdlib>

using namespace ptx;

PTX_API int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  Call call;
  if (call.result)
    return call.result;
  if (!address || !bytes)
    return InvalidValue;
  *address = call.device->memory.allocate(bytes);
  return *address ? Success : OutOfMemory;
}

PTX_API int cuMemFree_v2(uint64_t address) {
  Call call(true);
  if (call.result)
    return call.result;
  return !address || call.device->memory.release(address) ? call.device->fault
                                                          : InvalidValue;
}

PTX_API int cuMemAllocAsync(uint64_t *address, size_t bytes, void *stream) {
  if (stream && static_cast<Stream *>(stream)->capture)
    return StreamCaptureUnsupported;
  return cuMemAlloc_v2(address, bytes);
}
PTX_API int cuMemFreeAsync(uint64_t address, void *stream) {
  if (stream && static_cast<Stream *>(stream)->capture)
    return StreamCaptureUnsupported;
  return cuMemFree_v2(address);
}

PTX_API int cuMemGetInfo_v2(size_t *free, size_t *total) {
  Call call;
  if (call.result)
    return call.result;
  *free = call.device->memory.free();
  *total = call.device->memory.total();
  return Success;
}

PTX_API int cuMemAllocHost_v2(void **pointer, size_t bytes) {
  Call call;
  if (call.result)
    return call.result;
  *pointer =
      bytes ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : nullptr;
  return *pointer ? Success : bytes ? OutOfMemory : InvalidValue;
}
PTX_API int cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  return cuMemAllocHost_v2(pointer, bytes);
}
PTX_API int cuMemFreeHost(void *pointer) {
  free(pointer);
  return Success;
}
PTX_API int cuMemHostRegister_v2(void *pointer, size_t bytes, unsigned) {
  return pointer && bytes ? Call().result : InvalidValue;
}
PTX_API int cuMemHostRegister(void *pointer, size_t bytes, unsigned flags) {
  return cuMemHostRegister_v2(pointer, bytes, flags);
}
PTX_API int cuMemHostUnregister(void *pointer) {
  return pointer ? Success : InvalidValue;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

static bool isDeviceAddress(uint64_t address) {
  return address >= GlobalWindow;
}

/// What is at `address`, on the host or on the current device.
static uint8_t *find(Device &device, uint64_t address, size_t bytes) {
  return isDeviceAddress(address) ? device.memory.host(address, bytes)
                                  : reinterpret_cast<uint8_t *>(address);
}

enum Side { Host, OnDevice, Either };
static bool isOn(Side side, uint64_t address) {
  return side == Either || (side == OnDevice) == isDeviceAddress(address);
}

static Result copy(uint64_t to, Side toSide, uint64_t from, Side fromSide,
                   size_t bytes, void *stream) {
  Call call;
  if (call.result)
    return call.result;
  if (!bytes)
    return Success;
  Device *device = call.device;
  if (!isOn(toSide, to) || !isOn(fromSide, from) || !find(*device, to, bytes) ||
      !find(*device, from, bytes))
    return InvalidValue;
  return submit(stream, [=] {
    uint8_t *target = find(*device, to, bytes),
            *source = find(*device, from, bytes);
    if (!target || !source)
      return InvalidValue;
    memmove(target, source, bytes);
    return Success;
  });
}

static uint64_t number(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

PTX_API int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  return copy(to, OnDevice, number(from), Host, bytes, nullptr);
}
PTX_API int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  return copy(number(to), Host, from, OnDevice, bytes, nullptr);
}
PTX_API int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) {
  return copy(to, OnDevice, from, OnDevice, bytes, nullptr);
}
PTX_API int cuMemcpy(uint64_t to, uint64_t from, size_t bytes) {
  return copy(to, Either, from, Either, bytes, nullptr);
}
PTX_API int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes,
                                 void *stream) {
  return copy(to, OnDevice, number(from), Host, bytes, stream);
}
PTX_API int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes,
                                 void *stream) {
  return copy(number(to), Host, from, OnDevice, bytes, stream);
}
PTX_API int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes,
                                 void *stream) {
  return copy(to, OnDevice, from, OnDevice, bytes, stream);
}
PTX_API int cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes,
                          void *stream) {
  return copy(to, Either, from, Either, bytes, stream);
}

template <typename T>
static Result fill(uint64_t address, T value, size_t count, void *stream) {
  Call call;
  if (call.result)
    return call.result;
  if (!count)
    return Success;
  Device *device = call.device;
  if (address % sizeof(T) || !device->memory.host(address, count * sizeof(T)))
    return InvalidValue;
  return submit(stream, [=] {
    uint8_t *host = device->memory.host(address, count * sizeof(T));
    if (!host)
      return InvalidValue;
    for (size_t i = 0; i < count; ++i)
      memcpy(host + i * sizeof(T), &value, sizeof(T));
    return Success;
  });
}

PTX_API int cuMemsetD8_v2(uint64_t address, unsigned char value, size_t count) {
  return fill(address, value, count, nullptr);
}
PTX_API int cuMemsetD16_v2(uint64_t address, unsigned short value,
                           size_t count) {
  return fill(address, value, count, nullptr);
}
PTX_API int cuMemsetD32_v2(uint64_t address, unsigned value, size_t count) {
  return fill(address, value, count, nullptr);
}
PTX_API int cuMemsetD8Async(uint64_t address, unsigned char value, size_t count,
                            void *stream) {
  return fill(address, value, count, stream);
}
PTX_API int cuMemsetD16Async(uint64_t address, unsigned short value,
                             size_t count, void *stream) {
  return fill(address, value, count, stream);
}
PTX_API int cuMemsetD32Async(uint64_t address, unsigned value, size_t count,
                             void *stream) {
  return fill(address, value, count, stream);
}

PTX_API int cuMemGetAddressRange_v2(uint64_t *base, size_t *bytes,
                                    uint64_t address) {
  Call call;
  if (call.result)
    return call.result;
  const DeviceMemory::Allocation *found = call.device->memory.find(address, 1);
  if (!found)
    return InvalidValue;
  if (base)
    *base = found->address;
  if (bytes)
    *bytes = found->bytes;
  return Success;
}
