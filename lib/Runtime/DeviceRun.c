/*===- DeviceRun.c - runs on a GPU --------------------------------*- C -*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>

static int32_t gpu_error(squint_context *context, int32_t status) {
  return status ? squint_refuse(context, status, "%s",
                                squint_gpu_error(squint_gpu_of(context->model)))
                : SQUINT_OK;
}

static uint64_t value_bytes(const squint_value_v1 *value,
                            const int64_t *shape) {
  uint64_t elements = 1;
  for (int32_t i = 0; i < value->ndim; ++i)
    elements *= (uint64_t)shape[i];
  return elements * ((value->dtype.bits + 7u) / 8u);
}

/* A place in the exchange: parts are at multiples of 256 bytes. */
static uint64_t take_place(uint64_t *end, uint64_t size) {
  uint64_t place = *end;
  *end = place + ((size + 255) & ~(uint64_t)255);
  return place;
}

enum { STATUS_SIZE = 4 };

/* Whether the caller has a tensor on the GPU already. It is copied all the
   same: a graph of launches knows where its inputs are. */
static bool is_there(const squint_tensor *tensor) {
  return tensor->device.device_type == SQUINT_DEVICE_CUDA;
}

/* Inputs, lengths and a status of no error go to the GPU; inputs and outputs
   become what is there. */
static int32_t send(squint_context *context, const squint_tensor *inputs,
                    const squint_state *state, const int64_t **lengths) {
  squint_gpu *gpu = squint_gpu_of(context->model);
  const squint_library *library = table();
  uint64_t sequences = state ? (uint64_t)state->sequences : 0, end = 0;
  take_place(&end, STATUS_SIZE);
  uint64_t at = take_place(&end, sequences * sizeof(int64_t));
  uint64_t first = end;
  for (uint32_t i = 0; i < library->num_inputs; ++i)
    take_place(&end, value_bytes(&library->inputs[i], inputs[i].shape));
  const int64_t *shape = context->plan + 1;
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    take_place(&end, value_bytes(&library->outputs[i], shape));
    shape += library->outputs[i].ndim;
  }
  int32_t status = squint_reserve_memory(
      context, &context->exchange, &context->exchange_size, end, "memory");
  if (status)
    return status;
  char *memory = context->exchange;
  status = squint_gpu_fill(gpu, context->stream, memory, 255, STATUS_SIZE);
  if (!status && sequences)
    status = squint_gpu_copy(gpu, context->stream, SQUINT_TO_GPU, memory + at,
                             state->lengths, sequences * sizeof(int64_t));
  *lengths = (const int64_t *)(memory + at);
  end = first;
  for (uint32_t i = 0; !status && i < library->num_inputs; ++i) {
    uint64_t size = value_bytes(&library->inputs[i], inputs[i].shape);
    char *there = memory + take_place(&end, size);
    status =
        squint_gpu_copy(gpu, context->stream,
                        is_there(&inputs[i]) ? SQUINT_ON_GPU : SQUINT_TO_GPU,
                        there, context->inputs[i], size);
    context->inputs[i] = there;
  }
  shape = context->plan + 1;
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    context->outputs[i] =
        memory + take_place(&end, value_bytes(&library->outputs[i], shape));
    shape += library->outputs[i].ndim;
  }
  return gpu_error(context, status);
}

/* A run after one like it is recorded, and those after that are one launch:
   what differs between them is in memory of the GPU. */
static int32_t launch_all(squint_context *context, const squint_state *state,
                          const int64_t *lengths) {
  squint_gpu *gpu = squint_gpu_of(context->model);
  void *memory = state ? state->memory : NULL;
  if (memory != context->graph_memory)
    squint_forget_graph(context);
  context->graph_memory = memory;
  if (context->profiling || !context->has_run_alike) {
    context->has_run_alike = true;
    return squint_run_entry(context, state, lengths);
  }
  int32_t status = SQUINT_OK;
  if (!context->graph) {
    status = gpu_error(context, squint_gpu_record(gpu, context->stream));
    if (status)
      return status;
    status = squint_run_entry(context, state, lengths);
    int32_t recorded =
        squint_gpu_recorded(gpu, context->stream, &context->graph);
    if (!status)
      status = gpu_error(context, recorded);
    if (status)
      squint_forget_graph(context);
  }
  return status ? status
                : gpu_error(context, squint_gpu_replay(gpu, context->stream,
                                                       context->graph));
}

/* Waits; outputs go to the caller if nothing failed. */
static int32_t receive(squint_context *context, const squint_tensor *outputs,
                       int32_t status) {
  squint_gpu *gpu = squint_gpu_of(context->model);
  const int64_t *shape = context->plan + 1;
  uint32_t found = ~0u;
  if (!status)
    status = gpu_error(context,
                       squint_gpu_copy(gpu, context->stream, SQUINT_FROM_GPU,
                                       &found, context->exchange, STATUS_SIZE));
  for (uint32_t i = 0; !status && i < table()->num_outputs; ++i) {
    const squint_value_v1 *value = &table()->outputs[i];
    void *to;
    status = squint_take_data(context, "output", value, &outputs[i], &to);
    if (!status)
      status = gpu_error(
          context, squint_gpu_copy(
                       gpu, context->stream,
                       is_there(&outputs[i]) ? SQUINT_ON_GPU : SQUINT_FROM_GPU,
                       to, context->outputs[i], value_bytes(value, shape)));
    shape += value->ndim;
  }
  /* What has been asked for may still write to the caller's memory. */
  int32_t waited = squint_gpu_wait(gpu, context->stream);
  if (!status)
    status = gpu_error(context, waited);
  if (status || found == ~0u)
    return status;
  context->failed_launch = (int32_t)(found >> 8);
  return (int32_t)(found & 255);
}

__attribute__((noinline, minsize)) int32_t
squint_launch_device(squint_context *context, int32_t launch, int32_t kernel,
                     void *args, int64_t size, int64_t n, int64_t grain) {
  if (n <= 0)
    return SQUINT_OK;
  squint_gpu *gpu = squint_gpu_of(context->model);
  uint64_t start = context->profiling ? squint_now() : 0;
  memcpy((char *)args + size - sizeof(void *), &context->exchange,
         sizeof(void *));
  int32_t status = squint_gpu_launch(gpu, context->stream, kernel, args,
                                     (uint64_t)size, (n + grain - 1) / grain);
  if (!status && context->profiling) {
    status = squint_gpu_wait(gpu, context->stream);
    context->profile[launch].calls += 1;
    context->profile[launch].nanoseconds += squint_now() - start;
  }
  return gpu_error(context, status);
}

int32_t squint_run_device(squint_context *context, const squint_state *state,
                          const squint_tensor *inputs,
                          const squint_tensor *outputs) {
  const int64_t *lengths;
  int32_t status = send(context, inputs, state, &lengths);
  if (!status)
    status = launch_all(context, state, lengths);
  return receive(context, outputs, status);
}
