/*===- Device.c - the GPU, through NVIDIA's driver -----------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The driver's library is opened when a model is created, so that a library  *|
|* with kernels for GPUs loads on every machine. Types and numbers are those  *|
|* of cuda.h, which is not needed.                                            *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum {
  CU_OUT_OF_MEMORY = 2,
  CU_NO_BINARY_FOR_GPU = 209,
  CU_CAPABILITY_MAJOR = 75, /* CU_DEVICE_ATTRIBUTE_COMPUTE_... */
  CU_CAPABILITY_MINOR = 76,
  CU_MAX_DYNAMIC_SHARED = 8, /* CU_FUNC_ATTRIBUTE_..._SIZE_BYTES */
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_SIZE = 6,
  CU_STREAM_NON_BLOCKING = 1,
  CU_CAPTURE_THREAD_LOCAL = 1,
  LOG_SIZE = 256
};
/* CU_LAUNCH_PARAM_END, _BUFFER_POINTER and _BUFFER_SIZE. */
#define CU_PARAMETERS_END ((void *)0)
#define CU_PARAMETERS ((void *)1)
#define CU_PARAMETERS_SIZE ((void *)2)

typedef int cu_result;

/* name, symbol, parameters */
#define CU_FUNCTIONS(F)                                                        \
  F(init, cuInit, (unsigned))                                                  \
  F(error_name, cuGetErrorName, (cu_result, const char **))                    \
  F(error_text, cuGetErrorString, (cu_result, const char **))                  \
  F(device_count, cuDeviceGetCount, (int *))                                   \
  F(device_get, cuDeviceGet, (int *, int))                                     \
  F(device_attribute, cuDeviceGetAttribute, (int *, int, int))                 \
  F(retain, cuDevicePrimaryCtxRetain, (void **, int))                          \
  F(release, cuDevicePrimaryCtxRelease_v2, (int))                              \
  F(push, cuCtxPushCurrent_v2, (void *))                                       \
  F(pop, cuCtxPopCurrent_v2, (void **))                                        \
  F(module_load, cuModuleLoadDataEx,                                           \
    (void **, const void *, unsigned, int *, void **))                         \
  F(module_unload, cuModuleUnload, (void *))                                   \
  F(module_function, cuModuleGetFunction, (void **, void *, const char *))     \
  F(function_set, cuFuncSetAttribute, (void *, int, int))                      \
  F(memory_get, cuMemAlloc_v2, (uint64_t *, size_t))                           \
  F(memory_free, cuMemFree_v2, (uint64_t))                                     \
  F(fill, cuMemsetD8Async, (uint64_t, unsigned char, size_t, void *))          \
  F(to_device, cuMemcpyHtoDAsync_v2, (uint64_t, const void *, size_t, void *)) \
  F(from_device, cuMemcpyDtoHAsync_v2, (void *, uint64_t, size_t, void *))     \
  F(on_device, cuMemcpyDtoDAsync_v2, (uint64_t, uint64_t, size_t, void *))     \
  F(stream_create, cuStreamCreate, (void **, unsigned))                        \
  F(stream_destroy, cuStreamDestroy_v2, (void *))                              \
  F(stream_wait, cuStreamSynchronize, (void *))                                \
  F(capture_begin, cuStreamBeginCapture_v2, (void *, int))                     \
  F(capture_end, cuStreamEndCapture, (void *, void **))                        \
  F(graph_instantiate, cuGraphInstantiateWithFlags,                            \
    (void **, void *, unsigned long long))                                     \
  F(graph_launch, cuGraphLaunch, (void *, void *))                             \
  F(graph_free, cuGraphDestroy, (void *))                                      \
  F(graph_exec_free, cuGraphExecDestroy, (void *))                             \
  F(launch, cuLaunchKernel,                                                    \
    (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,       \
     unsigned, void *, void **, void **))

struct squint_gpu {
  squint_allocator allocator;
  size_t size;
  void *library;
#define CU_FIELD(name, symbol, parameters) cu_result(*name) parameters;
  CU_FUNCTIONS(CU_FIELD)
#undef CU_FIELD
  int device;
  int32_t number; /* of the machine's */
  void *context, *module;
  int32_t target;
  bool lost; /* an error after which the driver refuses everything */
  char error[LOG_SIZE];
  void *functions[]; /* [num_kernels] */
};

/* Remembers what the driver says; the status for it. */
static int32_t check(squint_gpu *gpu, cu_result result, const char *what) {
  if (!result)
    return SQUINT_OK;
  const char *name = NULL, *text = NULL;
  if (gpu->error_name(result, &name) || !name)
    name = "unknown error";
  if (gpu->error_text(result, &text) || !text)
    text = "";
  /* Errors of kernels (700 and on) end the driver's context. */
  if (result >= 700 && result < 800)
    gpu->lost = true;
  snprintf(gpu->error, LOG_SIZE, "%s: %s (%s)%s", what, name, text,
           gpu->lost ? "; the model cannot be used any more" : "");
  return result == CU_OUT_OF_MEMORY ? SQUINT_OUT_OF_MEMORY
                                    : SQUINT_INTERNAL_ERROR;
}

const char *squint_gpu_error(const squint_gpu *gpu) { return gpu->error; }
int32_t squint_gpu_target(const squint_gpu *gpu) { return gpu->target; }
int32_t squint_gpu_number(const squint_gpu *gpu) { return gpu->number; }

/* The caller's own context of the driver is not disturbed. */
static int32_t enter(squint_gpu *gpu) {
  if (gpu->lost)
    return SQUINT_INTERNAL_ERROR;
  return check(gpu, gpu->push(gpu->context), "cannot use the GPU");
}
static void leave(squint_gpu *gpu) {
  void *context;
  gpu->pop(&context);
}

void squint_gpu_close(squint_gpu *gpu) {
  if (!gpu)
    return;
  if (gpu->module && !enter(gpu)) {
    gpu->module_unload(gpu->module);
    leave(gpu);
  }
  if (gpu->context)
    gpu->release(gpu->device);
  if (gpu->library)
    dlclose(gpu->library);
  squint_allocator allocator = gpu->allocator;
  squint_memory_free(&allocator, gpu, gpu->size);
}

/* Whether an image runs on a GPU of ten times that capability. Machine code
   runs on the same generation from its own capability on, PTX on all later
   ones, and what is exact on its own only. */
static bool fits(const squint_device_image *image, int capability) {
  int own = (int)(image->requirement / 2);
  if (image->requirement % 2)
    return own == capability;
  return image->is_text ? own <= capability
                        : own / 10 == capability / 10 && own <= capability;
}

static int32_t load_image(squint_gpu *gpu, const squint_device_image *image) {
  char log[LOG_SIZE] = "";
  int names[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_SIZE};
  void *values[] = {log, (void *)(uintptr_t)sizeof(log)};
  cu_result result =
      gpu->module_load(&gpu->module, image->data, 2, names, values);
  int32_t status = check(gpu, result, "cannot load the kernels");
  if (status && log[0]) {
    size_t used = strlen(gpu->error);
    snprintf(gpu->error + used, LOG_SIZE - used, ": %.*s",
             (int)strcspn(log, "\n"), log);
  }
  return status;
}

static int32_t load_kernels(squint_gpu *gpu, const squint_options *options) {
  int major = 0, minor = 0;
  int32_t status = check(
      gpu, gpu->device_attribute(&major, CU_CAPABILITY_MAJOR, gpu->device),
      "cannot look at the GPU");
  if (!status)
    status = check(
        gpu, gpu->device_attribute(&minor, CU_CAPABILITY_MINOR, gpu->device),
        "cannot look at the GPU");
  if (status)
    return status;
  bool found = false;
  for (uint32_t i = 0; i < squint_embedded_v1.num_images; ++i) {
    const squint_device_image *image = &squint_embedded_v1.images[i];
    const char *cpu = squint_library_v1.targets[image->target].cpu;
    if (!fits(image, 10 * major + minor) ||
        (options->target && strcmp(options->target, cpu)))
      continue;
    found = true;
    gpu->target = (int32_t)image->target;
    status = load_image(gpu, image);
    if (!status)
      break;
  }
  if (!found) {
    snprintf(gpu->error, LOG_SIZE,
             "expected a GPU that runs %s, got one of compute capability %d.%d",
             options->target ? options->target : squint_library_v1.cpu, major,
             minor);
    return SQUINT_UNSUPPORTED;
  }
  for (uint32_t i = 0; !status && i < squint_embedded_v1.num_kernels; ++i) {
    const squint_device_kernel *info = &squint_embedded_v1.kernels[i];
    status = check(
        gpu, gpu->module_function(&gpu->functions[i], gpu->module, info->name),
        info->name);
    if (!status && info->shared)
      status = check(gpu,
                     gpu->function_set(gpu->functions[i], CU_MAX_DYNAMIC_SHARED,
                                       (int)info->shared),
                     info->name);
  }
  return status;
}

static int32_t open_device(squint_gpu *gpu, const squint_options *options) {
  gpu->library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!gpu->library) {
    snprintf(gpu->error, LOG_SIZE,
             "expected a CUDA device, got a machine without NVIDIA's driver "
             "(libcuda.so.1)");
    return SQUINT_UNSUPPORTED;
  }
#define CU_FIND(name, symbol, parameters)                                      \
  *(void **)&gpu->name = dlsym(gpu->library, #symbol);                         \
  if (!gpu->name) {                                                            \
    snprintf(gpu->error, LOG_SIZE,                                             \
             "expected a newer CUDA driver, got one without %s", #symbol);     \
    return SQUINT_UNSUPPORTED;                                                 \
  }
  CU_FUNCTIONS(CU_FIND)
#undef CU_FIND
  int count = 0;
  cu_result result = gpu->init(0);
  if (!result)
    result = gpu->device_count(&count);
  if (result || count <= 0) {
    check(gpu, result, "expected a CUDA device, got none");
    if (!result)
      snprintf(gpu->error, LOG_SIZE, "expected a CUDA device, got none");
    return SQUINT_UNSUPPORTED;
  }
  if (options->device < 0 || options->device >= count) {
    snprintf(gpu->error, LOG_SIZE,
             "expected the number of one of %d CUDA devices, got %d", count,
             options->device);
    return SQUINT_INVALID_ARGUMENT;
  }
  gpu->number = options->device;
  int32_t status = check(gpu, gpu->device_get(&gpu->device, options->device),
                         "cannot open the GPU");
  if (!status)
    status = check(gpu, gpu->retain(&gpu->context, gpu->device),
                   "cannot open the GPU");
  if (!status)
    status = enter(gpu);
  if (status)
    return status;
  status = load_kernels(gpu, options);
  leave(gpu);
  return status;
}

int32_t squint_gpu_open(const squint_options *options, squint_gpu **result) {
  squint_allocator allocator = squint_allocator_of(options);
  size_t size =
      sizeof(squint_gpu) + squint_embedded_v1.num_kernels * sizeof(void *);
  squint_gpu *gpu = squint_memory_get(&allocator, size, 16);
  if (!gpu)
    return squint_refuse_create(options, SQUINT_OUT_OF_MEMORY, "out of memory");
  memset(gpu, 0, size);
  gpu->allocator = allocator;
  gpu->size = size;
  int32_t status = open_device(gpu, options);
  if (status) {
    squint_refuse_create(options, status, "%s", gpu->error);
    squint_gpu_close(gpu);
    return status;
  }
  *result = gpu;
  return SQUINT_OK;
}

/*===----------------------------------------------------------------------===*\
|* Memory                                                                     *|
\*===----------------------------------------------------------------------===*/

int32_t squint_gpu_get(squint_gpu *gpu, uint64_t size, void **memory) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  uint64_t address = 0;
  char what[64];
  snprintf(what, sizeof(what), "cannot allocate %llu bytes on the GPU",
           (unsigned long long)size);
  status = check(gpu, gpu->memory_get(&address, size), what);
  leave(gpu);
  *memory = status ? NULL : (void *)(uintptr_t)address;
  return status;
}

void squint_gpu_free(squint_gpu *gpu, void *memory) {
  if (!memory || enter(gpu))
    return;
  gpu->memory_free((uintptr_t)memory);
  leave(gpu);
}

int32_t squint_gpu_stream(squint_gpu *gpu, void **stream) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  status = check(gpu, gpu->stream_create(stream, CU_STREAM_NON_BLOCKING),
                 "cannot use the GPU");
  leave(gpu);
  return status;
}

void squint_gpu_stream_free(squint_gpu *gpu, void *stream) {
  if (!stream || enter(gpu))
    return;
  gpu->stream_destroy(stream);
  leave(gpu);
}

int32_t squint_gpu_copy(squint_gpu *gpu, void *stream, squint_gpu_way way,
                        void *to, const void *from, uint64_t size) {
  if (!size)
    return SQUINT_OK;
  int32_t status = enter(gpu);
  if (status)
    return status;
  uint64_t target = (uintptr_t)to, source = (uintptr_t)from;
  cu_result result =
      way == SQUINT_TO_GPU     ? gpu->to_device(target, from, size, stream)
      : way == SQUINT_FROM_GPU ? gpu->from_device(to, source, size, stream)
                               : gpu->on_device(target, source, size, stream);
  status = check(gpu, result, "cannot copy to or from the GPU");
  leave(gpu);
  return status;
}

int32_t squint_gpu_fill(squint_gpu *gpu, void *stream, void *memory, int value,
                        uint64_t size) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  status = check(
      gpu, gpu->fill((uintptr_t)memory, (unsigned char)value, size, stream),
      "cannot fill memory of the GPU");
  leave(gpu);
  return status;
}

int32_t squint_gpu_wait(squint_gpu *gpu, void *stream) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  status = check(gpu, gpu->stream_wait(stream), "a kernel failed");
  leave(gpu);
  return status;
}

/*===----------------------------------------------------------------------===*\
|* Kernels                                                                    *|
\*===----------------------------------------------------------------------===*/

int32_t squint_gpu_launch(squint_gpu *gpu, void *stream, int32_t kernel,
                          void *parameters, uint64_t size, int64_t blocks) {
  if (blocks > 0x7fffffff) {
    snprintf(gpu->error, LOG_SIZE, "expected at most 2147483647 blocks");
    return SQUINT_UNSUPPORTED;
  }
  int32_t status = enter(gpu);
  if (status)
    return status;
  size_t bytes = size;
  void *extra[] = {CU_PARAMETERS, parameters, CU_PARAMETERS_SIZE, &bytes,
                   CU_PARAMETERS_END};
  const squint_device_kernel *info = &squint_embedded_v1.kernels[kernel];
  status =
      check(gpu,
            gpu->launch(gpu->functions[kernel], (unsigned)blocks, 1, 1,
                        info->threads, 1, 1, info->shared, stream, NULL, extra),
            info->name);
  leave(gpu);
  return status;
}

int32_t squint_gpu_record(squint_gpu *gpu, void *stream) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  status = check(gpu, gpu->capture_begin(stream, CU_CAPTURE_THREAD_LOCAL),
                 "cannot record launches");
  leave(gpu);
  return status;
}

int32_t squint_gpu_recorded(squint_gpu *gpu, void *stream, void **graph) {
  *graph = NULL;
  int32_t status = enter(gpu);
  if (status)
    return status;
  void *recorded = NULL;
  status =
      check(gpu, gpu->capture_end(stream, &recorded), "cannot record launches");
  if (!status)
    status = check(gpu, gpu->graph_instantiate(graph, recorded, 0),
                   "cannot record launches");
  if (recorded)
    gpu->graph_free(recorded);
  leave(gpu);
  return status;
}

int32_t squint_gpu_replay(squint_gpu *gpu, void *stream, void *graph) {
  int32_t status = enter(gpu);
  if (status)
    return status;
  status =
      check(gpu, gpu->graph_launch(graph, stream), "cannot launch kernels");
  leave(gpu);
  return status;
}

void squint_gpu_graph_free(squint_gpu *gpu, void *graph) {
  if (!graph || enter(gpu))
    return;
  gpu->graph_exec_free(graph);
  leave(gpu);
}
