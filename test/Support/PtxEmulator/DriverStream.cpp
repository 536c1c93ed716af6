//===- DriverStream.cpp - streams, events, graphs, entry points -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Driver.h"

#include <dlfcn.h>

using namespace ptx;

// The streams that exist without being created: null, legacy and per thread.
static Stream *streamOf(void *handle) {
  return reinterpret_cast<uint64_t>(handle) <= 2
             ? nullptr
             : static_cast<Stream *>(handle);
}

Result ptx::submit(void *handle, std::function<Result()> call) {
  Stream *stream = streamOf(handle);
  if (!stream || !stream->capture)
    return call();
  if (stream->invalidated)
    return StreamCaptureInvalidated;
  stream->capture->calls.push_back(std::move(call));
  return Success;
}

/// What cannot be part of a graph ends the capture.
static Result refuseInCapture(void *handle) {
  Stream *stream = streamOf(handle);
  if (!stream || !stream->capture)
    return Success;
  stream->invalidated = true;
  return StreamCaptureUnsupported;
}

PTX_API int cuStreamCreate(Stream **stream, unsigned) {
  Call call;
  if (call.result)
    return call.result;
  *stream = new Stream();
  return Success;
}
PTX_API int cuStreamCreateWithPriority(Stream **stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}
PTX_API int cuStreamDestroy_v2(Stream *stream) {
  if (!streamOf(stream))
    return InvalidHandle;
  delete stream->capture;
  delete stream;
  return Success;
}
PTX_API int cuStreamSynchronize(void *stream) {
  if (Result result = refuseInCapture(stream))
    return result;
  return Call().result;
}
PTX_API int cuStreamQuery(void *stream) { return cuStreamSynchronize(stream); }
PTX_API int cuStreamWaitEvent(void *, Event *event, unsigned) {
  return event ? Call().result : InvalidHandle;
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

PTX_API int cuEventCreate(Event **event, unsigned) {
  Call call;
  if (call.result)
    return call.result;
  *event = new Event();
  return Success;
}
PTX_API int cuEventDestroy_v2(Event *event) {
  delete event;
  return event ? Success : InvalidHandle;
}
PTX_API int cuEventRecord(Event *event, void *stream) {
  Call call;
  if (call.result)
    return call.result;
  if (!event)
    return InvalidHandle;
  return submit(stream, [=] {
    event->time = std::chrono::steady_clock::now();
    event->isRecorded = true;
    return Success;
  });
}
PTX_API int cuEventSynchronize(Event *event) {
  return event ? Call().result : InvalidHandle;
}
PTX_API int cuEventQuery(Event *event) { return cuEventSynchronize(event); }
PTX_API int cuEventElapsedTime(float *milliseconds, Event *begin, Event *end) {
  if (!begin || !end || !begin->isRecorded || !end->isRecorded)
    return InvalidHandle;
  *milliseconds =
      std::chrono::duration<float, std::milli>(end->time - begin->time).count();
  return Call().result;
}
PTX_API int cuEventElapsedTime_v2(float *milliseconds, Event *begin,
                                  Event *end) {
  return cuEventElapsedTime(milliseconds, begin, end);
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

PTX_API int cuStreamBeginCapture_v2(void *handle, int) {
  Call call;
  if (call.result)
    return call.result;
  Stream *stream = streamOf(handle);
  if (!stream)
    return StreamCaptureUnsupported;
  if (stream->capture)
    return 401; // CUDA_ERROR_ILLEGAL_STATE
  stream->capture = new Graph();
  stream->invalidated = false;
  return Success;
}

PTX_API int cuStreamEndCapture(void *handle, Graph **graph) {
  Call call;
  if (call.result)
    return call.result;
  Stream *stream = streamOf(handle);
  if (!stream || !stream->capture || !graph)
    return 401;
  *graph = stream->capture;
  stream->capture = nullptr;
  if (!stream->invalidated)
    return Success;
  delete *graph;
  *graph = nullptr;
  return StreamCaptureInvalidated;
}

PTX_API int cuStreamIsCapturing(void *handle, int *status) {
  Stream *stream = streamOf(handle);
  *status = !stream || !stream->capture ? 0 : stream->invalidated ? 2 : 1;
  return Success;
}

PTX_API int cuGraphInstantiateWithFlags(Graph **executable, Graph *graph,
                                        unsigned long long) {
  Call call;
  if (call.result)
    return call.result;
  if (!executable || !graph)
    return InvalidValue;
  *executable = new Graph(*graph);
  return Success;
}
PTX_API int cuGraphLaunch(Graph *executable, void *stream) {
  Call call;
  if (call.result)
    return call.result;
  if (!executable)
    return InvalidHandle;
  for (const std::function<Result()> &each : executable->calls)
    if (Result result = submit(stream, each))
      return result;
  return Success;
}
PTX_API int cuGraphExecDestroy(Graph *executable) {
  delete executable;
  return executable ? Success : InvalidHandle;
}
PTX_API int cuGraphDestroy(Graph *graph) {
  delete graph;
  return graph ? Success : InvalidHandle;
}

namespace {
struct UpdateResult { // CUgraphExecUpdateResultInfo
  int result;
  void *node, *from;
};
} // namespace

/// Only a graph of as many calls can be taken over, as with the driver a graph
/// of the same shape.
PTX_API int cuGraphExecUpdate_v2(Graph *executable, Graph *graph,
                                 UpdateResult *result) {
  Call call;
  if (call.result)
    return call.result;
  if (!executable || !graph)
    return InvalidValue;
  bool fits = executable->calls.size() == graph->calls.size();
  if (result)
    *result = {fits ? 0 : 2, nullptr, nullptr}; // 2: the shape has changed
  if (!fits)
    return GraphExecUpdateFailure;
  executable->calls = graph->calls;
  return Success;
}

//===----------------------------------------------------------------------===//
// Entry points by name
//===----------------------------------------------------------------------===//

/// A name without its version is that of the newest here.
PTX_API int cuGetProcAddress_v2(const char *name, void **function, int,
                                uint64_t, int *status) {
  if (!name || !function)
    return InvalidValue;
  Dl_info self;
  void *library = nullptr;
  if (dladdr(reinterpret_cast<void *>(&cuGetProcAddress_v2), &self))
    library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  *function = nullptr;
  for (const char *suffix : {"_v2", ""})
    if (library && !*function)
      *function = dlsym(library, (std::string(name) + suffix).c_str());
  if (library)
    dlclose(library);
  if (status)
    *status = *function ? 0 : 1; // 1: no such symbol
  return *function ? Success : NotFound;
}
PTX_API int cuGetProcAddress(const char *name, void **function, int version,
                             uint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
