//===- DriverModule.cpp - modules, functions, launches --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace ptx;

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

namespace {
/// The logs that a caller of cuModuleLoadDataEx may ask for.
struct Logs {
  char *error = nullptr;
  size_t errorBytes = 0;
  void **errorSize = nullptr;

  Logs(unsigned count, const int *options, void **values) {
    constexpr int infoSize = 4, errorBuffer = 5, errorBufferSize = 6;
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == errorBuffer)
        error = static_cast<char *>(values[i]);
      if (options[i] == errorBufferSize) {
        errorBytes = reinterpret_cast<size_t>(values[i]);
        errorSize = &values[i];
      }
      if (options[i] == infoSize)
        values[i] = nullptr; // nothing is written there
    }
  }
  void write(const std::string &text) {
    size_t written = 0;
    if (error && errorBytes) {
      written = std::min(text.size(), errorBytes - 1);
      memcpy(error, text.data(), written);
      error[written] = '\0';
    }
    if (errorSize)
      *errorSize = reinterpret_cast<void *>(written);
  }
};

/// Text of PTX runs on what is at least its target; "a" on that alone.
bool runsOn(const std::string &target, unsigned architecture) {
  unsigned number = 0;
  char suffix = 0;
  if (sscanf(target.c_str(), "sm_%u%c", &number, &suffix) < 1)
    return false;
  if (suffix == 'a')
    return number == architecture;
  if (suffix == 'f')
    return number / 10 == architecture / 10 && number <= architecture;
  return number <= architecture;
}

std::string findTarget(const std::string &text) {
  size_t at = text.find(".target");
  if (at == std::string::npos)
    return "";
  at = text.find_first_not_of(" \t", at + 7);
  return text.substr(at, text.find_first_of(" \t\r\n,/", at) - at);
}
} // namespace

PTX_API int cuModuleLoadDataEx(LoadedModule **module, const void *image,
                               unsigned count, int *options, void **values) {
  Call call;
  if (call.result)
    return call.result;
  if (!module || !image)
    return InvalidValue;
  Logs logs(count, options, values);
  const char *text = static_cast<const char *>(image);
  constexpr uint32_t elf = 0x464c457f, fatbin = 0xba55ed50,
                     wrapper = 0x466243b1;
  uint32_t magic = 0;
  memcpy(&magic, image, text[0] && text[1] && text[2] ? 4 : 1);
  if (magic == elf || magic == fatbin || magic == wrapper) {
    logs.write("ptx-emulator: only text of PTX can be loaded");
    return NoBinaryForGpu;
  }
  std::string source = text, target = findTarget(source), error;
  if (target.empty()) {
    logs.write("ptx-emulator: the image is no text of PTX");
    return InvalidImage;
  }
  if (!runsOn(target, call.driver.architecture)) {
    logs.write("ptx-emulator: PTX for " + target + " does not run on sm_" +
               std::to_string(call.driver.architecture));
    return NoBinaryForGpu;
  }
  auto loaded = std::make_unique<LoadedModule>();
  loaded->device = call.device;
  loaded->module = load(std::move(source), call.device->memory, error);
  if (!loaded->module) {
    logs.write("ptx-emulator: " + error);
    if (call.driver.trace)
      fprintf(stderr, "ptx-emulator: %s\n", error.c_str());
    return InvalidPtx;
  }
  logs.write("");
  *module = loaded.release();
  return Success;
}

PTX_API int cuModuleLoadData(LoadedModule **module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

PTX_API int cuModuleLoadFatBinary(LoadedModule **, const void *) {
  return NoBinaryForGpu;
}

PTX_API int cuModuleUnload(LoadedModule *module) {
  Call call(true);
  if (call.result)
    return call.result;
  if (!module)
    return InvalidHandle;
  auto &functions = call.driver.functions;
  for (auto &[name, kernel] : module->module->kernels)
    functions.erase(std::remove_if(functions.begin(), functions.end(),
                                   [&, k = kernel.get()](auto &f) {
                                     return f->kernel == k;
                                   }),
                    functions.end());
  for (auto &[name, global] : module->module->globals)
    module->device->memory.release(global.address);
  delete module;
  return Success;
}

PTX_API int cuModuleGetFunction(Function_ **function, LoadedModule *module,
                                const char *name) {
  Call call;
  if (call.result)
    return call.result;
  if (!function || !module || !name)
    return InvalidValue;
  auto found = module->module->kernels.find(name);
  if (found == module->module->kernels.end())
    return NotFound;
  for (auto &known : call.driver.functions)
    if (known->kernel == found->second.get()) {
      *function = known.get();
      return Success;
    }
  call.driver.functions.push_back(std::make_unique<Function_>());
  *call.driver.functions.back() = {module->device, found->second.get()};
  *function = call.driver.functions.back().get();
  return Success;
}

PTX_API int cuModuleGetGlobal_v2(uint64_t *address, size_t *bytes,
                                 LoadedModule *module, const char *name) {
  Call call;
  if (call.result)
    return call.result;
  if (!module || !name)
    return InvalidValue;
  auto found = module->module->globals.find(name);
  if (found == module->module->globals.end())
    return NotFound;
  if (address)
    *address = found->second.address;
  if (bytes)
    *bytes = found->second.bytes;
  return Success;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static uint32_t maxThreads(const Kernel &kernel) {
  return kernel.maxThreads ? std::min(kernel.maxThreads, 1024u) : 1024;
}

PTX_API int cuFuncGetAttribute(int *value, int attribute, Function_ *function) {
  if (!function || !value)
    return InvalidValue;
  const Kernel &kernel = *function->kernel;
  int architecture = Driver::get().architecture;
  switch (attribute) {
  case 0:
    *value = maxThreads(kernel);
    return Success;
  case 1:
    *value = kernel.staticSharedBytes;
    return Success;
  case 3:
    *value = kernel.localBytes;
    return Success;
  case 4: // registers, which only ptxas knows
    *value = 64;
    return Success;
  case 5:
  case 6:
    *value = architecture;
    return Success;
  case 8:
    *value = kernel.maxDynamicShared;
    return Success;
  default:
    *value = 0;
    return attribute >= 0 && attribute < 32 ? Success : InvalidValue;
  }
}

PTX_API int cuFuncSetAttribute(Function_ *function, int attribute, int value) {
  Call call;
  if (call.result)
    return call.result;
  if (!function)
    return InvalidValue;
  if (attribute != 8)
    return attribute >= 0 && attribute < 32 ? Success : InvalidValue;
  Kernel &kernel = *function->kernel;
  if (value < 0 ||
      uint64_t(value) + kernel.staticSharedBytes > call.driver.sharedLimit())
    return InvalidValue;
  kernel.maxDynamicShared = value;
  return Success;
}

PTX_API int cuFuncSetCacheConfig(Function_ *, int) { return Success; }

PTX_API int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                        Function_ *function,
                                                        int threads,
                                                        size_t dynamicShared) {
  Call call;
  if (call.result)
    return call.result;
  if (!function || threads < 1)
    return InvalidValue;
  uint64_t shared =
      function->kernel->staticSharedBytes + dynamicShared + SharedBase;
  uint64_t byShared = (call.driver.sharedLimit() + SharedBase) / shared;
  uint64_t byThreads = 2048 / ((threads + 31) / 32 * 32);
  *blocks = std::min({byShared, byThreads, uint64_t(32)});
  if (threads > int(maxThreads(*function->kernel)))
    *blocks = 0;
  return Success;
}

PTX_API int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, Function_ *function, int threads, size_t dynamicShared,
    unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads,
                                                     dynamicShared);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Result ptx::launchKernel(Device &device, Launch &launch) {
  Driver &driver = Driver::get();
  if (device.fault)
    return device.fault;
  launch.memory = &device.memory;
  if (driver.trace > 1)
    launch.counts.assign(launch.kernel->code.size(), 0);
  if (++driver.launches == driver.failingLaunch) {
    launch.fault.kind = Fault::Failed;
    launch.fault.message = "kernel " + launch.kernel->name +
                           ": fails because of PTX_EMULATOR_FAIL_LAUNCH";
  } else {
    launch.run();
  }
  if (driver.trace)
    printLaunch(launch);
  if (launch.fault.kind == Fault::None)
    return Success;
  fprintf(stderr, "ptx-emulator: %s\n", launch.fault.message.c_str());
  device.fault = launch.fault.kind == Fault::IllegalAddress ? IllegalAddress
                 : launch.fault.kind == Fault::Misaligned   ? MisalignedAddress
                 : launch.fault.kind == Fault::IllegalInstruction
                     ? IllegalInstruction
                     : LaunchFailed;
  return driver.lateErrors ? Success : device.fault;
}

/// The bytes of the parameters, from pointers to each or from a buffer.
static Result gather(const Kernel &kernel, void **parameters, void **extra,
                     std::vector<uint8_t> &bytes) {
  bytes.assign(kernel.parameterBytes, 0);
  if (parameters) {
    for (size_t i = 0; i < kernel.parameters.size(); ++i) {
      if (!parameters[i])
        return InvalidValue;
      memcpy(bytes.data() + kernel.parameters[i].offset, parameters[i],
             kernel.parameters[i].bytes);
    }
    return Success;
  }
  const void *buffer = nullptr;
  size_t size = 0;
  for (; extra && *extra; extra += 2) {
    if (reinterpret_cast<uint64_t>(extra[0]) == 1)
      buffer = extra[1];
    else if (reinterpret_cast<uint64_t>(extra[0]) == 2)
      size = *static_cast<size_t *>(extra[1]);
  }
  if (size < bytes.size() || (!buffer && !bytes.empty()))
    return bytes.empty() ? Success : InvalidValue;
  memcpy(bytes.data(), buffer, bytes.size());
  return Success;
}

PTX_API int cuLaunchKernel(Function_ *function, unsigned gridX, unsigned gridY,
                           unsigned gridZ, unsigned blockX, unsigned blockY,
                           unsigned blockZ, unsigned dynamicShared,
                           void *stream, void **parameters, void **extra) {
  Call call;
  if (call.result)
    return call.result;
  if (!function)
    return InvalidHandle;
  const Kernel &kernel = *function->kernel;
  uint64_t threads = uint64_t(blockX) * blockY * blockZ;
  if (!gridX || !gridY || !gridZ || !threads || gridX > INT32_MAX ||
      gridY > 65535 || gridZ > 65535 || blockZ > 64 ||
      threads > maxThreads(kernel) || dynamicShared > kernel.maxDynamicShared ||
      kernel.staticSharedBytes + dynamicShared > call.driver.sharedLimit())
    return InvalidValue;
  const unsigned block[3] = {blockX, blockY, blockZ},
                 grid[3] = {gridX, gridY, gridZ};
  Launch launch;
  launch.kernel = &kernel;
  launch.dynamicShared = dynamicShared;
  for (unsigned i = 0; i < 3; ++i) {
    launch.grid[i] = grid[i];
    launch.block[i] = block[i];
    if (kernel.requiredThreads[0] &&
        std::max(kernel.requiredThreads[i], 1u) != block[i])
      return InvalidValue;
  }
  if (Result result = gather(kernel, parameters, extra, launch.parameters))
    return result;
  launch.multiprocessors = call.driver.multiprocessors();
  Device *device = function->device;
  return submit(stream, [device, launch]() mutable {
    Launch run = launch; // a graph launches it more than once
    return launchKernel(*device, run);
  });
}

namespace {
struct LaunchConfiguration { // CUlaunchConfig
  unsigned grid[3], block[3], dynamicShared;
  void *stream;
  void *attributes;
  unsigned attributeCount;
};
} // namespace

/// Attributes (clusters apart) only say when a kernel may begin.
PTX_API int cuLaunchKernelEx(const LaunchConfiguration *configuration,
                             Function_ *function, void **parameters,
                             void **extra) {
  if (!configuration)
    return InvalidValue;
  const LaunchConfiguration &c = *configuration;
  for (unsigned i = 0; i < c.attributeCount; ++i) {
    // Each is a number, padding and a union of 64 bytes.
    const unsigned *attribute = reinterpret_cast<const unsigned *>(
        static_cast<const char *>(c.attributes) + 72 * i);
    constexpr unsigned clusterDimension = 4;
    if (attribute[0] == clusterDimension &&
        uint64_t(attribute[2]) * attribute[3] * attribute[4] > 1)
      return NotSupported;
  }
  return cuLaunchKernel(function, c.grid[0], c.grid[1], c.grid[2], c.block[0],
                        c.block[1], c.block[2], c.dynamicShared, c.stream,
                        parameters, extra);
}
