//===- Driver.h - what the functions of libcuda share -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The driver's functions with the driver's names and numbers, in a library that
// runs kernels in the interpreter. Everything happens at once, in the order of
// the calls: streams only matter for capture. A fault stays: after it, every
// call of the context returns its error.
//
// Environment:
//   PTX_EMULATOR_ARCH=sm_80|sm_89|sm_90|sm_100   the device (sm_90)
//   PTX_EMULATOR_DEVICES=N      how many there are (1)
//   PTX_EMULATOR_MEMORY=BYTES   of each (4 GiB)
//   PTX_EMULATOR_FAIL_LAUNCH=N  the Nth launch of the process fails
//   PTX_EMULATOR_LATE_ERRORS=1  a launch that faults succeeds; what comes after
//                               it returns the error, as with a real device
//   PTX_EMULATOR_TRACE=1        a line for each launch; 2: with its
//   instructions
//===----------------------------------------------------------------------===//
#ifndef PTX_EMULATOR_DRIVER_H
#define PTX_EMULATOR_DRIVER_H

#include "Machine.h"

#include <chrono>
#include <functional>
#include <mutex>

#define PTX_API extern "C" __attribute__((visibility("default")))

namespace ptx {

enum Result : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  InvalidHandle = 400,
  NotFound = 500,
  NotReady = 600,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  IllegalInstruction = 715,
  MisalignedAddress = 716,
  LaunchFailed = 719,
  NotSupported = 801,
  StreamCaptureUnsupported = 900,
  StreamCaptureInvalidated = 901,
  GraphExecUpdateFailure = 910,
};

struct Device {
  Device(uint64_t bytes, uint64_t base) : memory(bytes, base) {}
  DeviceMemory memory;
  Result fault = Success; // stays until the primary context is let go of
  unsigned retained = 0;
};

struct Context {
  Device *device;
  bool isPrimary;
};

struct Graph {
  std::vector<std::function<Result()>> calls;
};

struct Stream {
  Graph *capture = nullptr; // what calls are recorded in
  bool invalidated = false;
};

struct Event {
  std::chrono::steady_clock::time_point time;
  bool isRecorded = false;
};

struct LoadedModule {
  Device *device;
  std::unique_ptr<Module> module;
};

/// A kernel with the device it is loaded on: what a CUfunction points to.
struct Function_ {
  Device *device;
  Kernel *kernel;
};

struct Driver {
  std::recursive_mutex mutex;
  bool isInitialized = false;
  unsigned architecture = 90; // 10 * major + minor
  uint64_t memoryBytes = 4ull << 30;
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<std::unique_ptr<Context>> primary;
  std::vector<std::unique_ptr<Function_>> functions;
  unsigned launches = 0, failingLaunch = 0, trace = 0;
  bool lateErrors = false;

  static Driver &get();
  uint64_t sharedLimit() const; // of a block that asks for it
  unsigned multiprocessors() const;
};

/// The current context's device, with the lock held; `result` says why not.
class Call {
public:
  explicit Call(bool evenAfterFault = false);
  Device *device = nullptr;
  Result result = Success;
  Driver &driver;

private:
  std::lock_guard<std::recursive_mutex> lock;
};

std::vector<Context *> &contextStack(); // of this thread

/// Now, or when the graph that `stream` captures is launched.
Result submit(void *stream, std::function<Result()> call);

/// Runs it and reports what it finds.
Result launchKernel(Device &device, Launch &launch);

} // namespace ptx
#endif
