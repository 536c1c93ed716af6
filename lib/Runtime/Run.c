/*===- Run.c - runs of a compiled model ---------------------------*- C -*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>
#include <time.h>

uint64_t squint_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Whatever the caller's threads have set, kernels round to nearest even and
   keep subnormal numbers: the bits depend on it. */
#if defined(__x86_64__)
enum { FLOAT_DEFAULT = 0x1f80 };
static inline uint64_t get_float_mode(void) {
  return __builtin_ia32_stmxcsr() & ~0x3fu; /* without the sticky flags */
}
static inline void set_float_mode(uint64_t mode) {
  __builtin_ia32_ldmxcsr((uint32_t)mode);
}
#elif defined(__aarch64__)
enum { FLOAT_DEFAULT = 0 };
static inline uint64_t get_float_mode(void) {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static inline void set_float_mode(uint64_t mode) {
  __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
#endif

typedef struct {
  squint_body body;
  void *args;
} squint_task;

static int32_t run_task(void *argument, int64_t begin, int64_t end,
                        int32_t worker) {
  const squint_task *task = argument;
  uint64_t mode = get_float_mode();
  if (mode != FLOAT_DEFAULT)
    set_float_mode(FLOAT_DEFAULT);
  int32_t status = task->body(task->args, begin, end, worker);
  if (mode != FLOAT_DEFAULT)
    set_float_mode(mode);
  return status;
}

/* One copy, however many launches there are. */
__attribute__((noinline, minsize)) int32_t
squint_launch(squint_context *context, int32_t launch, squint_body body,
              void *args, int64_t n, int64_t grain) {
  if (n <= 0)
    return SQUINT_OK;
  if (grain < 1)
    grain = 1;
  uint64_t start = context->profiling ? squint_now() : 0;
  squint_task task = {body, args};
  int32_t status;
  if (context->threads == 1 || n <= grain)
    status = run_task(&task, 0, n, 0);
  else if (context->parallel_for)
    status = context->parallel_for(context->parallel_for_user, run_task, &task,
                                   n, grain);
  else
    status = squint_pool_run(context->pool, run_task, &task, n, grain);
  bool known = launch >= 0 && (uint32_t)launch < table()->num_launches;
  if (context->profiling && known) {
    context->profile[launch].calls += 1;
    context->profile[launch].nanoseconds += squint_now() - start;
  }
  if (status && known)
    context->failed_launch = launch;
  return status;
}

static int32_t take_outputs(squint_context *context,
                            const squint_tensor *outputs) {
  const squint_library *library = table();
  if (library->num_outputs && !outputs)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "expected outputs, got a null pointer");
  const int64_t *shape = context->plan + 1;
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    const squint_value_v1 *value = &library->outputs[i];
    int32_t status = squint_check_tensor(context, "output", value, &outputs[i]);
    if (status)
      return status;
    for (int32_t d = 0; d < value->ndim; ++d)
      if (outputs[i].shape[d] != shape[d])
        return squint_refuse(
            context, SQUINT_SHAPE_MISMATCH,
            "output \"%s\": expected %lld as dimension %d, got %lld",
            value->name, (long long)shape[d], d,
            (long long)outputs[i].shape[d]);
    shape += value->ndim;
    status = squint_take_data(context, "output", value, &outputs[i],
                              &context->outputs[i]);
    if (status)
      return status;
  }
  return SQUINT_OK;
}

/* A count of squint_state_v1 for the prepared shapes. */
static int64_t count(const squint_context *context, int64_t number) {
  return number < 0 ? context->dims[-1 - number] : number;
}

/* A run adds its tokens behind those that are in the state. */
static int32_t check_state(squint_context *context, const squint_state *state) {
  const squint_state_v1 *kind = table()->state;
  if (state ? state->model != context->model : kind != NULL)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "expected a state of the context's model");
  if (!kind)
    return SQUINT_OK;
  int64_t sequences = count(context, kind->sequences),
          tokens = count(context, kind->tokens);
  if (sequences != state->sequences)
    return squint_refuse(context, SQUINT_SHAPE_MISMATCH,
                         "expected %lld sequences as in the state, got %lld",
                         (long long)state->sequences, (long long)sequences);
  for (int64_t i = 0; i < sequences; ++i)
    if (tokens > state->capacity - state->lengths[i])
      return squint_refuse(
          context, SQUINT_INVALID_ARGUMENT,
          "expected at most %lld tokens in a sequence, got %lld "
          "behind %lld",
          (long long)state->capacity, (long long)tokens,
          (long long)state->lengths[i]);
  return SQUINT_OK;
}

int32_t squint_run_entry(squint_context *context, const squint_state *state,
                         const int64_t *lengths) {
  return squint_run(context, context->dims, context->inputs, context->outputs,
                    context->workspace, context->model->weights,
                    context->threads, context->model->target, lengths,
                    state ? state->memory : NULL);
}

API int32_t squint_api_run(squint_context *context, squint_state *state,
                           const squint_tensor *inputs,
                           squint_tensor *outputs) {
  if (!context)
    return SQUINT_INVALID_ARGUMENT;
  int32_t status = squint_api_prepare(context, inputs);
  if (!status)
    status = check_state(context, state);
  for (uint32_t i = 0; !status && i < table()->num_inputs; ++i)
    status = squint_take_data(context, "input", &table()->inputs[i], &inputs[i],
                              &context->inputs[i]);
  if (!status)
    status = take_outputs(context, outputs);
  if (status)
    return status;

  context->failed_launch = -1;
  if (squint_gpu_of(context->model)) {
    status = squint_run_device(context, state, inputs, outputs);
  } else {
    status = squint_run_entry(context, state, state ? state->lengths : NULL);
  }
  if (!status && table()->state)
    for (int64_t i = 0; i < state->sequences; ++i)
      state->lengths[i] += count(context, table()->state->tokens);
  if (!status && squint_embedded_v1.num_late) {
    squint_shapes(context->dims, context->shapes);
    context->ran = true;
  }
  if (!status)
    return SQUINT_OK;
  if (context->failed_launch < 0)
    return squint_gpu_of(context->model) && context->error[0]
               ? status
               : squint_refuse(context, status, "%s",
                               squint_api_status_text(status));
  const squint_launch_v1 *launch = &table()->launches[context->failed_launch];
  return squint_refuse(context, status, "%s: %s", launch->node,
                       squint_api_status_text(status));
}

API int32_t squint_api_profile(squint_context *context, int32_t on) {
  if (!context)
    return SQUINT_INVALID_ARGUMENT;
  context->profiling = on != 0;
  if (on && table()->num_launches)
    memset(context->profile, 0,
           table()->num_launches * sizeof(squint_profile_v1));
  return SQUINT_OK;
}

API int32_t squint_api_profile_read(const squint_context *context,
                                    uint32_t launch,
                                    squint_profile_v1 *profile) {
  if (!context || !profile || launch >= table()->num_launches)
    return SQUINT_INVALID_ARGUMENT;
  *profile = context->profile[launch];
  return SQUINT_OK;
}
