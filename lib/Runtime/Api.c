/*===- Api.c - the functions an emitted library exports ------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The emitter renames squint_api_* to <prefix>_* and makes everything else   *|
|* internal. Nothing here is global but constants.                            *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WORKSPACE_ALIGNMENT = 64, ERROR_SIZE = 512 };
/* More would only be a way to overflow the plan. */
#define MAX_EXTENT ((int64_t)1 << 40)

struct squint_context {
  squint_model *model;
  squint_allocator allocator;
  size_t size;
  squint_parallel_for parallel_for;
  void *parallel_for_user;
  squint_pool *pool;
  int32_t threads;
  int32_t failed_launch;
  bool prepared;
  bool ran; /* for what was prepared last */
  bool profiling;

  void *workspace;
  uint64_t workspace_size;

  int64_t *dims;              /* [num_symbols] of the prepared shapes, then
                                 [num_late] of the run */
  int64_t *candidate;         /* [num_symbols] of the shapes being looked at */
  uint32_t *binder;           /* [num_symbols] input that bound the candidate */
  int64_t *plan;              /* [1 + num_output_dims] */
  int64_t *shapes;            /* [num_output_dims] of the last run */
  void **inputs;              /* [num_inputs] */
  void **outputs;             /* [num_outputs] */
  squint_profile_v1 *profile; /* [num_launches] */

  char error[ERROR_SIZE];
};

static const squint_library *table(void) { return &squint_library_v1; }

__attribute__((format(printf, 3, 4))) static int32_t
refuse(squint_context *context, int32_t status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(context->error, ERROR_SIZE, format, arguments);
  va_end(arguments);
  return status;
}

/*===----------------------------------------------------------------------===*\
|* Model                                                                      *|
\*===----------------------------------------------------------------------===*/

static int32_t find_weights(squint_model *model,
                            const squint_options *options) {
  uint64_t expected = table()->weights_size;
  if (options->weights) {
    if (options->weights_size != expected)
      return squint_refuse_create(options, SQUINT_INVALID_ARGUMENT,
                                  "expected %llu bytes of weights, got %llu",
                                  (unsigned long long)expected,
                                  (unsigned long long)options->weights_size);
    if ((uintptr_t)options->weights % 64)
      return squint_refuse_create(options, SQUINT_INVALID_ARGUMENT,
                                  "expected weights at a multiple of 64 bytes");
    model->weights = options->weights;
    return SQUINT_OK;
  }
  model->weights = squint_embedded_v1.weights;
  if (model->weights || !expected)
    return SQUINT_OK;
  char error[ERROR_SIZE] = "";
  int32_t status = squint_weights_map(options->weights_path, &model->mapping,
                                      &model->weights, error, sizeof(error));
  return status ? squint_refuse_create(options, status, "%s", error)
                : SQUINT_OK;
}

/* The first target that the machine runs, being the best; or the one asked
   for. */
static int32_t choose_target(const squint_options *options, int32_t *result) {
  int32_t count = (int32_t)table()->num_targets, last = -1;
  uint64_t missing = 0;
  for (int32_t i = 0; i < count; ++i) {
    if (options->target && strcmp(options->target, table()->targets[i].cpu))
      continue;
    last = i;
    missing = squint_cpu_missing(squint_embedded_v1.required[i]);
    if (missing)
      continue;
    *result = i;
    return SQUINT_OK;
  }
  if (last < 0)
    return squint_refuse_create(
        options, SQUINT_INVALID_ARGUMENT,
        "expected a target of the library (%s), got '%s'", table()->cpu,
        options->target);
  char names[ERROR_SIZE / 2];
  squint_cpu_names(missing, names, sizeof(names));
  return squint_refuse_create(
      options, SQUINT_UNSUPPORTED,
      "expected a processor with the features of %s, got one "
      "without %s",
      table()->targets[last].cpu, names);
}

API int32_t squint_api_model_create(const squint_options *given,
                                    squint_model **result) {
  squint_options options;
  if (!result)
    return SQUINT_INVALID_ARGUMENT;
  *result = NULL;
  if (!squint_read_options(given, &options))
    return squint_refuse_create(&options, SQUINT_INVALID_ARGUMENT, "%s",
                                squint_options_rule);
  int32_t target;
  int32_t status = choose_target(&options, &target);
  if (status)
    return status;
  squint_allocator allocator = squint_allocator_of(&options);
  squint_model *model =
      squint_memory_get(&allocator, sizeof(*model), sizeof(void *) * 2);
  if (!model)
    return squint_refuse_create(&options, SQUINT_OUT_OF_MEMORY,
                                "out of memory");
  memset(model, 0, sizeof(*model));
  model->allocator = allocator;
  model->target = target;
  status = find_weights(model, &options);
  if (status) {
    squint_memory_free(&allocator, model, sizeof(*model));
    return status;
  }
  *result = model;
  return SQUINT_OK;
}

API void squint_api_model_destroy(squint_model *model) {
  if (!model)
    return;
  squint_weights_unmap(&model->mapping);
  squint_allocator allocator = model->allocator;
  squint_memory_free(&allocator, model, sizeof(*model));
}

API const char *squint_api_target(const squint_model *model) {
  return model ? table()->targets[model->target].cpu : NULL;
}

/*===----------------------------------------------------------------------===*\
|* Context                                                                    *|
\*===----------------------------------------------------------------------===*/

API int32_t squint_api_set_threads(squint_context *context, int32_t threads) {
  if (!context)
    return SQUINT_INVALID_ARGUMENT;
  if (threads < 0 || threads > SQUINT_MAX_THREADS)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected 0 to %d threads, got %d", SQUINT_MAX_THREADS,
                  threads);
  if (!threads)
    threads = squint_available_threads();
  if (threads == context->threads)
    return SQUINT_OK;
  /* The workspace holds something for every thread. */
  context->prepared = false;
  squint_pool_destroy(context->pool);
  context->pool = NULL;
  context->threads = 1;
  if (threads > 1 && !context->parallel_for) {
    int32_t status =
        squint_pool_create(&context->allocator, threads, &context->pool);
    if (status)
      return refuse(context, status, "cannot start %d threads", threads);
  }
  context->threads = threads;
  return SQUINT_OK;
}

static size_t round_up(size_t size) { return (size + 15) & ~(size_t)15; }

API void squint_api_context_destroy(squint_context *context) {
  if (!context)
    return;
  squint_allocator allocator = context->allocator;
  squint_pool_destroy(context->pool);
  squint_memory_free(&allocator, context->workspace, context->workspace_size);
  squint_memory_free(&allocator, context, context->size);
}

API int32_t squint_api_context_create(squint_model *model,
                                      const squint_options *given,
                                      squint_context **result) {
  squint_options options;
  squint_allocator allocator;
  if (!result)
    return SQUINT_INVALID_ARGUMENT;
  *result = NULL;
  int32_t status =
      squint_read_options_beside(model, given, &options, &allocator);
  if (status)
    return status;
  const squint_library *library = table();
  size_t sizes[] = {
      sizeof(squint_context),
      ((size_t)library->num_symbols + squint_embedded_v1.num_late) *
          sizeof(int64_t),
      library->num_symbols * sizeof(int64_t),
      library->num_symbols * sizeof(uint32_t),
      (1 + (size_t)squint_embedded_v1.num_output_dims) * sizeof(int64_t),
      squint_embedded_v1.num_output_dims * sizeof(int64_t),
      library->num_inputs * sizeof(void *),
      library->num_outputs * sizeof(void *),
      library->num_launches * sizeof(squint_profile_v1)};
  enum { PARTS = sizeof(sizes) / sizeof(sizes[0]) };
  size_t size = 0;
  for (int i = 0; i < PARTS; ++i)
    size += round_up(sizes[i]);

  char *memory = squint_memory_get(&allocator, size, 16);
  if (!memory)
    return squint_refuse_create(&options, SQUINT_OUT_OF_MEMORY,
                                "out of memory");
  memset(memory, 0, size);
  char *parts[PARTS];
  for (int i = 0; i < PARTS; ++i) {
    parts[i] = memory;
    memory += round_up(sizes[i]);
  }
  squint_context *context = (squint_context *)parts[0];
  context->model = model;
  context->allocator = allocator;
  context->size = size;
  context->parallel_for = options.parallel_for;
  context->parallel_for_user = options.parallel_for_user;
  context->dims = (int64_t *)parts[1];
  context->candidate = (int64_t *)parts[2];
  context->binder = (uint32_t *)parts[3];
  context->plan = (int64_t *)parts[4];
  context->shapes = (int64_t *)parts[5];
  context->inputs = (void **)parts[6];
  context->outputs = (void **)parts[7];
  context->profile = (squint_profile_v1 *)parts[8];
  context->failed_launch = -1;

  status = squint_api_set_threads(context, options.threads);
  if (status) {
    squint_refuse_create(&options, status, "%s", context->error);
    squint_api_context_destroy(context);
    return status;
  }
  *result = context;
  return SQUINT_OK;
}

API const char *squint_api_error_text(const squint_context *context) {
  return context ? context->error : "expected a context, got a null pointer";
}

API const char *squint_api_status_text(int32_t status) {
  switch (status) {
  case SQUINT_OK:
    return "ok";
  case SQUINT_INVALID_ARGUMENT:
    return "invalid argument";
  case SQUINT_TYPE_MISMATCH:
    return "element type mismatch";
  case SQUINT_SHAPE_MISMATCH:
    return "shape mismatch";
  case SQUINT_OUT_OF_MEMORY:
    return "out of memory";
  case SQUINT_UNSUPPORTED:
    return "unsupported";
  case SQUINT_IO_ERROR:
    return "cannot read the weights file";
  case SQUINT_INDEX_OUT_OF_RANGE:
    return "index out of range";
  case SQUINT_INVALID_DATA:
    return "invalid data";
  default:
    return "internal error";
  }
}

API int32_t squint_api_threads(const squint_context *context) {
  return context ? context->threads : 0;
}

API uint64_t squint_api_workspace_bytes(const squint_context *context) {
  return context && context->prepared ? (uint64_t)context->plan[0] : 0;
}

/*===----------------------------------------------------------------------===*\
|* Shapes                                                                     *|
\*===----------------------------------------------------------------------===*/

static int32_t check_tensor(squint_context *context, const char *kind,
                            const squint_value_v1 *value,
                            const squint_tensor *tensor) {
  if (tensor->ndim != value->ndim)
    return refuse(context, SQUINT_SHAPE_MISMATCH,
                  "%s \"%s\": expected rank %d, got %d", kind, value->name,
                  value->ndim, tensor->ndim);
  if (tensor->dtype.code != value->dtype.code ||
      tensor->dtype.bits != value->dtype.bits || tensor->dtype.lanes != 1)
    return refuse(context, SQUINT_TYPE_MISMATCH,
                  "%s \"%s\": expected DLPack type code %d with %d bits, got "
                  "code %d with %d bits and %d lanes",
                  kind, value->name, value->dtype.code, value->dtype.bits,
                  tensor->dtype.code, tensor->dtype.bits, tensor->dtype.lanes);
  if (tensor->device.device_type != SQUINT_DEVICE_CPU)
    return refuse(context, SQUINT_UNSUPPORTED,
                  "%s \"%s\": expected a tensor of the CPU (device type 1), "
                  "got device type %d",
                  kind, value->name, tensor->device.device_type);
  if (tensor->ndim && !tensor->shape)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "%s \"%s\": expected a shape, got a null pointer", kind,
                  value->name);
  return SQUINT_OK;
}

/* Strides are in elements; those of axes with one element say nothing. */
static bool is_contiguous(const squint_tensor *tensor) {
  if (!tensor->strides)
    return true;
  for (int32_t i = 0; i < tensor->ndim; ++i)
    if (!tensor->shape[i])
      return true;
  int64_t expected = 1;
  for (int32_t i = tensor->ndim; i-- > 0;) {
    if (tensor->shape[i] != 1 && tensor->strides[i] != expected)
      return false;
    expected *= tensor->shape[i];
  }
  return true;
}

static int32_t take_data(squint_context *context, const char *kind,
                         const squint_value_v1 *value,
                         const squint_tensor *tensor, void **data) {
  if (!is_contiguous(tensor))
    return refuse(context, SQUINT_UNSUPPORTED,
                  "%s \"%s\": expected contiguous elements, got strides", kind,
                  value->name);
  bool empty = false;
  for (int32_t i = 0; i < tensor->ndim; ++i)
    empty |= !tensor->shape[i];
  if (!tensor->data && !empty)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "%s \"%s\": expected data, got a null pointer", kind,
                  value->name);
  char *pointer = (char *)tensor->data + tensor->byte_offset;
  uint64_t bytes = (value->dtype.bits + 7u) / 8u;
  if (!empty && (uintptr_t)pointer % bytes)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "%s \"%s\": expected data at a multiple of %d bytes", kind,
                  value->name, (int)bytes);
  *data = pointer;
  return SQUINT_OK;
}

/* Reads the symbols' values off the shapes of the inputs into candidate. */
static int32_t bind(squint_context *context, const squint_tensor *inputs) {
  const squint_library *library = table();
  if (library->num_inputs && !inputs)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected inputs, got a null pointer");
  for (uint32_t s = 0; s < library->num_symbols; ++s)
    context->candidate[s] = -1;
  for (uint32_t i = 0; i < library->num_inputs; ++i) {
    const squint_value_v1 *value = &library->inputs[i];
    int32_t status = check_tensor(context, "input", value, &inputs[i]);
    if (status)
      return status;
    for (int32_t d = 0; d < value->ndim; ++d) {
      int64_t extent = inputs[i].shape[d], expected = value->dims[d];
      int32_t symbol = value->dim_symbols[d];
      if (extent < 0 || extent > MAX_EXTENT)
        return refuse(context, SQUINT_SHAPE_MISMATCH,
                      "input \"%s\": expected 0 to 2^40 as dimension %d, got "
                      "%lld",
                      value->name, d, (long long)extent);
      if (expected >= 0) {
        if (extent != expected)
          return refuse(context, SQUINT_SHAPE_MISMATCH,
                        "input \"%s\": expected %lld as dimension %d, got %lld",
                        value->name, (long long)expected, d, (long long)extent);
      } else if (symbol >= 0 && context->candidate[symbol] < 0) {
        context->candidate[symbol] = extent;
        context->binder[symbol] = i;
      } else if (symbol >= 0 && context->candidate[symbol] != extent) {
        return refuse(context, SQUINT_SHAPE_MISMATCH,
                      "input \"%s\": expected %lld as dimension %d (\"%s\" of "
                      "input \"%s\"), got %lld",
                      value->name, (long long)context->candidate[symbol], d,
                      library->symbols[symbol],
                      library->inputs[context->binder[symbol]].name,
                      (long long)extent);
      }
    }
  }
  return SQUINT_OK;
}

/* Reads the symbols' values that inputs contain into candidate. No size comes
   near the limits, which keep sums and differences of them from wrapping. */
static int32_t bind_elements(squint_context *context,
                             const squint_tensor *inputs) {
  for (uint32_t i = 0; i < squint_embedded_v1.num_elements; ++i) {
    const squint_element *element = &squint_embedded_v1.elements[i];
    const squint_value_v1 *value = &table()->inputs[element->input];
    void *data;
    int32_t status =
        take_data(context, "input", value, &inputs[element->input], &data);
    if (status)
      return status;
    int64_t number;
    if (value->dtype.code == SQUINT_DTYPE_FLOAT) { /* in units of 2^-32 */
      double scaled = ((const float *)data)[element->index] * 0x1p32;
      scaled += scaled < 0 ? -0.5 : 0.5;
      bool fits = scaled > -0x1p52 && scaled < 0x1p52;
      context->candidate[element->symbol] = fits ? (int64_t)scaled : 0;
      continue;
    }
    if (value->dtype.bits == 64)
      number = ((const int64_t *)data)[element->index];
    else
      number = ((const int32_t *)data)[element->index];
    if (number > MAX_EXTENT)
      number = MAX_EXTENT;
    if (number < -MAX_EXTENT)
      number = -MAX_EXTENT;
    context->candidate[element->symbol] = number;
  }
  return SQUINT_OK;
}

/* Plans and allocates for the candidate symbols. */
static int32_t plan(squint_context *context) {
  const squint_library *library = table();
  size_t bytes = library->num_symbols * sizeof(int64_t);
  if (context->prepared && !memcmp(context->dims, context->candidate, bytes))
    return SQUINT_OK;
  context->prepared = false;
  int32_t status =
      squint_plan(context->candidate, context->threads, context->plan);
  if (status)
    return refuse(context, status,
                  "the model has no result for these shapes: %s",
                  squint_api_status_text(status));
  for (uint32_t i = 0; i <= squint_embedded_v1.num_output_dims; ++i)
    if (context->plan[i] < 0)
      return refuse(context, SQUINT_SHAPE_MISMATCH,
                    "the model has no result for these shapes");
  uint64_t size = (uint64_t)context->plan[0];
  if (size > context->workspace_size) {
    squint_memory_free(&context->allocator, context->workspace,
                       context->workspace_size);
    context->workspace_size = 0;
    context->workspace =
        squint_memory_get(&context->allocator, size, WORKSPACE_ALIGNMENT);
    if (!context->workspace)
      return refuse(context, SQUINT_OUT_OF_MEMORY,
                    "cannot allocate a workspace of %llu bytes",
                    (unsigned long long)size);
    context->workspace_size = size;
  }
  if (bytes)
    memcpy(context->dims, context->candidate, bytes);
  context->prepared = true;
  return SQUINT_OK;
}

API int32_t squint_api_prepare(squint_context *context,
                               const squint_tensor *inputs) {
  if (!context)
    return SQUINT_INVALID_ARGUMENT;
  context->ran = false;
  int32_t status = bind(context, inputs);
  if (!status)
    status = bind_elements(context, inputs);
  return status ? status : plan(context);
}

/* Of the buffer to pass; after a run, of what is in it. */
static const int64_t *planned_shape(squint_context *context, uint32_t index) {
  const int64_t *shape = context->ran ? context->shapes : context->plan + 1;
  for (uint32_t i = 0; i < index; ++i)
    shape += table()->outputs[i].ndim;
  return shape;
}

API int32_t squint_api_output_shape(squint_context *context, uint32_t index,
                                    int64_t *shape) {
  if (!context)
    return SQUINT_INVALID_ARGUMENT;
  if (index >= table()->num_outputs || !shape)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected an output below %u and where to put its shape",
                  table()->num_outputs);
  if (!context->prepared)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected a prepared context: call prepare first");
  memcpy(shape, planned_shape(context, index),
         (size_t)table()->outputs[index].ndim * sizeof(int64_t));
  return SQUINT_OK;
}

/*===----------------------------------------------------------------------===*\
|* Running                                                                    *|
\*===----------------------------------------------------------------------===*/

static uint64_t now(void) {
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
  uint64_t start = context->profiling ? now() : 0;
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
    context->profile[launch].nanoseconds += now() - start;
  }
  if (status && known)
    context->failed_launch = launch;
  return status;
}

static int32_t take_outputs(squint_context *context,
                            const squint_tensor *outputs) {
  const squint_library *library = table();
  if (library->num_outputs && !outputs)
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected outputs, got a null pointer");
  const int64_t *shape = context->plan + 1;
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    const squint_value_v1 *value = &library->outputs[i];
    int32_t status = check_tensor(context, "output", value, &outputs[i]);
    if (status)
      return status;
    for (int32_t d = 0; d < value->ndim; ++d)
      if (outputs[i].shape[d] != shape[d])
        return refuse(context, SQUINT_SHAPE_MISMATCH,
                      "output \"%s\": expected %lld as dimension %d, got %lld",
                      value->name, (long long)shape[d], d,
                      (long long)outputs[i].shape[d]);
    shape += value->ndim;
    status =
        take_data(context, "output", value, &outputs[i], &context->outputs[i]);
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
    return refuse(context, SQUINT_INVALID_ARGUMENT,
                  "expected a state of the context's model");
  if (!kind)
    return SQUINT_OK;
  int64_t sequences = count(context, kind->sequences),
          tokens = count(context, kind->tokens);
  if (sequences != state->sequences)
    return refuse(context, SQUINT_SHAPE_MISMATCH,
                  "expected %lld sequences as in the state, got %lld",
                  (long long)state->sequences, (long long)sequences);
  for (int64_t i = 0; i < sequences; ++i)
    if (tokens > state->capacity - state->lengths[i])
      return refuse(context, SQUINT_INVALID_ARGUMENT,
                    "expected at most %lld tokens in a sequence, got %lld "
                    "behind %lld",
                    (long long)state->capacity, (long long)tokens,
                    (long long)state->lengths[i]);
  return SQUINT_OK;
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
    status = take_data(context, "input", &table()->inputs[i], &inputs[i],
                       &context->inputs[i]);
  if (!status)
    status = take_outputs(context, outputs);
  if (status)
    return status;

  context->failed_launch = -1;
  status =
      squint_run(context, context->dims, context->inputs, context->outputs,
                 context->workspace, context->model->weights, context->threads,
                 context->model->target, state ? state->lengths : NULL,
                 state ? state->memory : NULL);
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
    return refuse(context, status, "%s", squint_api_status_text(status));
  const squint_launch_v1 *launch = &table()->launches[context->failed_launch];
  return refuse(context, status, "%s: %s", launch->node,
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

/*===----------------------------------------------------------------------===*\
|* Introspection                                                              *|
\*===----------------------------------------------------------------------===*/

API const squint_value_v1 *squint_api_input(uint32_t index) {
  return index < table()->num_inputs ? &table()->inputs[index] : NULL;
}

API const squint_value_v1 *squint_api_output(uint32_t index) {
  return index < table()->num_outputs ? &table()->outputs[index] : NULL;
}

API const squint_launch_v1 *squint_api_launch(uint32_t index) {
  return index < table()->num_launches ? &table()->launches[index] : NULL;
}
