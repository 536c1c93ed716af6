//===- DriverDevice.cpp - devices and contexts ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Driver.h"

#include <cstdio>
#include <cstdlib>

using namespace ptx;

static uint64_t numberFrom(const char *variable, uint64_t otherwise) {
  const char *text = getenv(variable);
  return text && *text ? strtoull(text, nullptr, 0) : otherwise;
}

Driver &Driver::get() {
  // Never destroyed: callers may let go of things when the process ends.
  static Driver *driver = new Driver();
  return *driver;
}

uint64_t Driver::sharedLimit() const {
  return architecture == 80   ? 163 << 10
         : architecture == 89 ? 99 << 10
                              : 227 << 10;
}

unsigned Driver::multiprocessors() const {
  return architecture == 80 ? 108 : architecture == 89 ? 142 : 132;
}

std::vector<Context *> &ptx::contextStack() {
  static thread_local std::vector<Context *> stack;
  return stack;
}

Call::Call(bool evenAfterFault) : driver(Driver::get()), lock(driver.mutex) {
  if (!driver.isInitialized) {
    result = NotInitialized;
  } else if (contextStack().empty() || !contextStack().back()) {
    result = InvalidContext;
  } else {
    device = contextStack().back()->device;
    if (!evenAfterFault)
      result = device->fault;
  }
}

PTX_API int cuInit(unsigned flags) {
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  if (flags)
    return InvalidValue;
  if (driver.isInitialized)
    return Success;
  if (const char *name = getenv("PTX_EMULATOR_ARCH"); name && *name) {
    unsigned value = 0;
    if (sscanf(name, "sm_%u", &value) != 1 || value < 70 || value > 129) {
      fprintf(stderr,
              "ptx-emulator: PTX_EMULATOR_ARCH: expected sm_80, sm_89, "
              "sm_90 or sm_100, got %s\n",
              name);
      return NoDevice;
    }
    driver.architecture = value;
  }
  driver.memoryBytes = numberFrom("PTX_EMULATOR_MEMORY", driver.memoryBytes);
  driver.failingLaunch = numberFrom("PTX_EMULATOR_FAIL_LAUNCH", 0);
  driver.trace = numberFrom("PTX_EMULATOR_TRACE", 0);
  driver.lateErrors = numberFrom("PTX_EMULATOR_LATE_ERRORS", 0);
  uint64_t count = numberFrom("PTX_EMULATOR_DEVICES", 1);
  if (!count)
    return NoDevice;
  for (uint64_t i = 0; i < std::min<uint64_t>(count, 16); ++i) {
    // No two devices have an address in common.
    driver.devices.push_back(
        std::make_unique<Device>(driver.memoryBytes, GlobalWindow + (i << 40)));
    driver.primary.push_back(std::make_unique<Context>());
    *driver.primary.back() = {driver.devices.back().get(), true};
  }
  driver.isInitialized = true;
  return Success;
}

PTX_API int cuDriverGetVersion(int *version) {
  if (!version)
    return InvalidValue;
  *version = 13000;
  return Success;
}

static const struct {
  int code;
  const char *name, *text;
} errors[] = {
    {Success, "CUDA_SUCCESS", "no error"},
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {InvalidImage, "CUDA_ERROR_INVALID_IMAGE",
     "device kernel image is invalid"},
    {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {InvalidPtx, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"},
    {LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {IllegalInstruction, "CUDA_ERROR_ILLEGAL_INSTRUCTION",
     "an illegal instruction was encountered"},
    {MisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {StreamCaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {StreamCaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"},
    {GraphExecUpdateFailure, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE",
     "the graph update was not performed"},
};

PTX_API int cuGetErrorName(int code, const char **name) {
  for (auto &error : errors)
    if (error.code == code) {
      *name = error.name;
      return Success;
    }
  *name = nullptr;
  return InvalidValue;
}

PTX_API int cuGetErrorString(int code, const char **text) {
  for (auto &error : errors)
    if (error.code == code) {
      *text = error.text;
      return Success;
    }
  *text = nullptr;
  return InvalidValue;
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

static Result checkDevice(int device) {
  Driver &driver = Driver::get();
  if (!driver.isInitialized)
    return NotInitialized;
  return device >= 0 && device < int(driver.devices.size()) ? Success
                                                            : InvalidDevice;
}

PTX_API int cuDeviceGetCount(int *count) {
  Driver &driver = Driver::get();
  if (!driver.isInitialized)
    return NotInitialized;
  *count = driver.devices.size();
  return Success;
}

PTX_API int cuDeviceGet(int *device, int ordinal) {
  if (Result result = checkDevice(ordinal))
    return result;
  *device = ordinal;
  return Success;
}

PTX_API int cuDeviceGetName(char *name, int bytes, int device) {
  if (Result result = checkDevice(device))
    return result;
  snprintf(name, bytes, "PTX emulator (sm_%u)", Driver::get().architecture);
  return Success;
}

PTX_API int cuDeviceGetUuid(char *uuid, int device) {
  if (Result result = checkDevice(device))
    return result;
  memset(uuid, 0, 16);
  uuid[15] = device + 1;
  return Success;
}

PTX_API int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  if (Result result = checkDevice(device))
    return result;
  *bytes = Driver::get().memoryBytes;
  return Success;
}

PTX_API int cuDeviceGetAttribute(int *value, int attribute, int device) {
  if (Result result = checkDevice(device))
    return result;
  Driver &driver = Driver::get();
  bool isLarge = driver.architecture == 80 || driver.architecture >= 90;
  static const struct {
    int attribute, value;
  } fixed[] = {
      {1, 1024},      {2, 1024},         {3, 1024},       {4, 64},
      {5, INT32_MAX}, {6, 65535},        {7, 65535},      {8, 48 << 10},
      {9, 64 << 10},  {10, 32},          {11, INT32_MAX}, {12, 65536},
      {13, 1500000},  {14, 512},         {31, 1},         {35, 1},
      {36, 1500000},  {37, 4096},        {40, 1},         {41, 1},
      {82, 65536},    {111, SharedBase}, {115, 1}};
  switch (attribute) {
  case 16: // multiprocessors
    *value = driver.multiprocessors();
    return Success;
  case 38: // the second-level cache
    *value = 50 << 20;
    return Success;
  case 39: // threads of a multiprocessor
    *value = isLarge ? 2048 : 1536;
    return Success;
  case 75:
    *value = driver.architecture / 10;
    return Success;
  case 76:
    *value = driver.architecture % 10;
    return Success;
  case 81: // shared memory of a multiprocessor
    *value = driver.sharedLimit() + SharedBase;
    return Success;
  case 97:
    *value = driver.sharedLimit();
    return Success;
  default:
    break;
  }
  if (attribute < 1 || attribute > 200)
    return InvalidValue;
  *value = 0;
  for (auto &row : fixed)
    if (row.attribute == attribute)
      *value = row.value;
  return Success;
}

PTX_API int cuDeviceGetPCIBusId(char *text, int bytes, int device) {
  if (Result result = checkDevice(device))
    return result;
  snprintf(text, bytes, "0000:%02x:00.0", device);
  return Success;
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

PTX_API int cuDevicePrimaryCtxRetain(Context **context, int device) {
  if (Result result = checkDevice(device))
    return result;
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  ++driver.devices[device]->retained;
  *context = driver.primary[device].get();
  return Success;
}

PTX_API int cuDevicePrimaryCtxRelease_v2(int device) {
  if (Result result = checkDevice(device))
    return result;
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  Device &which = *driver.devices[device];
  if (!which.retained)
    return InvalidContext;
  if (!--which.retained)
    which.fault = Success;
  return Success;
}

PTX_API int cuDevicePrimaryCtxReset_v2(int device) {
  if (Result result = checkDevice(device))
    return result;
  Driver::get().devices[device]->fault = Success;
  return Success;
}

PTX_API int cuDevicePrimaryCtxGetState(int device, unsigned *flags,
                                       int *active) {
  if (Result result = checkDevice(device))
    return result;
  *flags = 0;
  *active = Driver::get().devices[device]->retained != 0;
  return Success;
}

PTX_API int cuCtxCreate_v2(Context **context, unsigned, int device) {
  if (Result result = checkDevice(device))
    return result;
  *context = new Context{Driver::get().devices[device].get(), false};
  contextStack().push_back(*context);
  return Success;
}

PTX_API int cuCtxDestroy_v2(Context *context) {
  if (!context || context->isPrimary)
    return InvalidContext;
  auto &stack = contextStack();
  if (!stack.empty() && stack.back() == context)
    stack.pop_back();
  delete context;
  return Success;
}

PTX_API int cuCtxSetCurrent(Context *context) {
  if (!Driver::get().isInitialized)
    return NotInitialized;
  auto &stack = contextStack();
  if (!stack.empty())
    stack.pop_back();
  if (context)
    stack.push_back(context);
  return Success;
}

PTX_API int cuCtxGetCurrent(Context **context) {
  if (!Driver::get().isInitialized)
    return NotInitialized;
  *context = contextStack().empty() ? nullptr : contextStack().back();
  return Success;
}

PTX_API int cuCtxPushCurrent_v2(Context *context) {
  if (!context)
    return InvalidContext;
  contextStack().push_back(context);
  return Success;
}

PTX_API int cuCtxPopCurrent_v2(Context **context) {
  auto &stack = contextStack();
  if (stack.empty())
    return InvalidContext;
  if (context)
    *context = stack.back();
  stack.pop_back();
  return Success;
}

PTX_API int cuCtxGetDevice(int *device) {
  Call call(true);
  if (call.result)
    return call.result;
  for (size_t i = 0; i < call.driver.devices.size(); ++i)
    if (call.driver.devices[i].get() == call.device)
      *device = i;
  return Success;
}

PTX_API int cuCtxSynchronize() { return Call().result; }
PTX_API int cuCtxGetLimit(size_t *value, int) {
  *value = 0;
  return Call().result;
}
PTX_API int cuCtxSetLimit(int, size_t) { return Call().result; }
