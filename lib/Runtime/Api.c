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

enum { WORKSPACE_ALIGNMENT = 64 };
/* More would only be a way to overflow the plan. */
#define MAX_EXTENT ((int64_t)1 << 40)

static const squint_library *table(void) { return &squint_library_v1; }

int32_t squint_refuse(squint_context *context, int32_t status,
                      const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(context->error, SQUINT_ERROR_SIZE, format, arguments);
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
  char error[SQUINT_ERROR_SIZE] = "";
  int32_t status = squint_weights_map(options->weights_path, &model->mapping,
                                      &model->weights, error, sizeof(error));
  return status ? squint_refuse_create(options, status, "%s", error)
                : SQUINT_OK;
}

/* The first target that the machine runs, being the best; or the one asked
   for. */
static int32_t choose_target(const squint_options *options, int32_t *result) {
  *result = 0;
  if (squint_embedded_v1.num_images)
    return SQUINT_OK; /* the GPU decides */
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
  char names[SQUINT_ERROR_SIZE / 2];
  squint_cpu_names(missing, names, sizeof(names));
  return squint_refuse_create(
      options, SQUINT_UNSUPPORTED,
      "expected a processor with the features of %s, got one "
      "without %s",
      table()->targets[last].cpu, names);
}

/* Weights are copied; the file is not needed any more. */
static int32_t open_gpu(squint_model *model, const squint_options *options) {
  int32_t status = squint_gpu_open(options, &model->gpu);
  if (status)
    return status;
  model->target = squint_gpu_target(squint_gpu_of(model));
  const void *host = model->weights;
  uint64_t size = table()->weights_size;
  void *weights = NULL;
  model->weights = NULL;
  if (size) {
    status = squint_gpu_get(squint_gpu_of(model), size, &weights);
    model->weights = weights;
    if (!status)
      status = squint_gpu_copy(squint_gpu_of(model), NULL, SQUINT_TO_GPU,
                               weights, host, size);
    if (!status)
      status = squint_gpu_wait(squint_gpu_of(model), NULL);
  }
  squint_weights_unmap(&model->mapping);
  return status ? squint_refuse_create(options, status, "%s",
                                       squint_gpu_error(squint_gpu_of(model)))
                : SQUINT_OK;
}

API void squint_api_model_destroy(squint_model *model) {
  if (!model)
    return;
  if (squint_gpu_of(model)) {
    squint_gpu_free(squint_gpu_of(model), (void *)model->weights);
    squint_gpu_close(squint_gpu_of(model));
  }
  squint_weights_unmap(&model->mapping);
  squint_allocator allocator = model->allocator;
  squint_memory_free(&allocator, model, sizeof(*model));
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
  if (!status && squint_embedded_v1.num_images)
    status = open_gpu(model, &options);
  if (status) {
    squint_api_model_destroy(model);
    return status;
  }
  *result = model;
  return SQUINT_OK;
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
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "expected 0 to %d threads, got %d", SQUINT_MAX_THREADS,
                         threads);
  if (squint_gpu_of(context->model))
    threads = 1;
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
      return squint_refuse(context, status, "cannot start %d threads", threads);
  }
  context->threads = threads;
  return SQUINT_OK;
}

static size_t round_up(size_t size) { return (size + 15) & ~(size_t)15; }

/* Launches of other runs are other launches. */
static void forget_graph(squint_context *context) {
  squint_gpu *gpu = squint_gpu_of(context->model);
  if (gpu)
    squint_gpu_graph_free(gpu, context->graph);
  context->graph = NULL;
  context->has_run_alike = false;
}

/* Memory that kernels use. */
static void free_memory(squint_context *context, void **memory,
                        uint64_t *size) {
  if (squint_gpu_of(context->model))
    squint_gpu_free(squint_gpu_of(context->model), *memory);
  else
    squint_memory_free(&context->allocator, *memory, *size);
  *memory = NULL;
  *size = 0;
}

/* Grows it where it has to; what it held is lost. */
static int32_t reserve_memory(squint_context *context, void **memory,
                              uint64_t *size, uint64_t needed,
                              const char *what) {
  if (needed <= *size)
    return SQUINT_OK;
  forget_graph(context);
  free_memory(context, memory, size);
  if (squint_gpu_of(context->model)) {
    int32_t status =
        squint_gpu_get(squint_gpu_of(context->model), needed, memory);
    if (status)
      return squint_refuse(context, status, "%s",
                           squint_gpu_error(squint_gpu_of(context->model)));
  } else {
    *memory =
        squint_memory_get(&context->allocator, needed, WORKSPACE_ALIGNMENT);
    if (!*memory)
      return squint_refuse(context, SQUINT_OUT_OF_MEMORY,
                           "cannot allocate %s of %llu bytes", what,
                           (unsigned long long)needed);
  }
  *size = needed;
  return SQUINT_OK;
}

API void squint_api_context_destroy(squint_context *context) {
  if (!context)
    return;
  squint_allocator allocator = context->allocator;
  squint_pool_destroy(context->pool);
  forget_graph(context);
  free_memory(context, &context->workspace, &context->workspace_size);
  if (squint_gpu_of(context->model)) {
    free_memory(context, &context->exchange, &context->exchange_size);
    squint_gpu_stream_free(squint_gpu_of(context->model), context->stream);
  }
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
  if (!status && squint_gpu_of(model)) {
    status = squint_gpu_stream(squint_gpu_of(model), &context->stream);
    if (status)
      squint_refuse(context, status, "%s",
                    squint_gpu_error(squint_gpu_of(model)));
  }
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
    return squint_refuse(context, SQUINT_SHAPE_MISMATCH,
                         "%s \"%s\": expected rank %d, got %d", kind,
                         value->name, value->ndim, tensor->ndim);
  if (tensor->dtype.code != value->dtype.code ||
      tensor->dtype.bits != value->dtype.bits || tensor->dtype.lanes != 1)
    return squint_refuse(
        context, SQUINT_TYPE_MISMATCH,
        "%s \"%s\": expected DLPack type code %d with %d bits, got "
        "code %d with %d bits and %d lanes",
        kind, value->name, value->dtype.code, value->dtype.bits,
        tensor->dtype.code, tensor->dtype.bits, tensor->dtype.lanes);
  if (tensor->device.device_type != SQUINT_DEVICE_CPU)
    return squint_refuse(
        context, SQUINT_UNSUPPORTED,
        "%s \"%s\": expected a tensor of the CPU (device type 1), "
        "got device type %d",
        kind, value->name, tensor->device.device_type);
  if (tensor->ndim && !tensor->shape)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "%s \"%s\": expected a shape, got a null pointer",
                         kind, value->name);
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
    return squint_refuse(context, SQUINT_UNSUPPORTED,
                         "%s \"%s\": expected contiguous elements, got strides",
                         kind, value->name);
  bool empty = false;
  for (int32_t i = 0; i < tensor->ndim; ++i)
    empty |= !tensor->shape[i];
  if (!tensor->data && !empty)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "%s \"%s\": expected data, got a null pointer", kind,
                         value->name);
  char *pointer = (char *)tensor->data + tensor->byte_offset;
  uint64_t bytes = (value->dtype.bits + 7u) / 8u;
  if (!empty && (uintptr_t)pointer % bytes)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "%s \"%s\": expected data at a multiple of %d bytes",
                         kind, value->name, (int)bytes);
  *data = pointer;
  return SQUINT_OK;
}

/* Reads the symbols' values off the shapes of the inputs into candidate. */
static int32_t bind(squint_context *context, const squint_tensor *inputs) {
  const squint_library *library = table();
  if (library->num_inputs && !inputs)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
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
        return squint_refuse(
            context, SQUINT_SHAPE_MISMATCH,
            "input \"%s\": expected 0 to 2^40 as dimension %d, got "
            "%lld",
            value->name, d, (long long)extent);
      if (expected >= 0) {
        if (extent != expected)
          return squint_refuse(
              context, SQUINT_SHAPE_MISMATCH,
              "input \"%s\": expected %lld as dimension %d, got %lld",
              value->name, (long long)expected, d, (long long)extent);
      } else if (symbol >= 0 && context->candidate[symbol] < 0) {
        context->candidate[symbol] = extent;
        context->binder[symbol] = i;
      } else if (symbol >= 0 && context->candidate[symbol] != extent) {
        return squint_refuse(
            context, SQUINT_SHAPE_MISMATCH,
            "input \"%s\": expected %lld as dimension %d (\"%s\" of "
            "input \"%s\"), got %lld",
            value->name, (long long)context->candidate[symbol], d,
            library->symbols[symbol],
            library->inputs[context->binder[symbol]].name, (long long)extent);
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
  forget_graph(context);
  int32_t status =
      squint_plan(context->candidate, context->threads, context->plan);
  if (status)
    return squint_refuse(context, status,
                         "the model has no result for these shapes: %s",
                         squint_api_status_text(status));
  for (uint32_t i = 0; i <= squint_embedded_v1.num_output_dims; ++i)
    if (context->plan[i] < 0)
      return squint_refuse(context, SQUINT_SHAPE_MISMATCH,
                           "the model has no result for these shapes");
  uint64_t size = (uint64_t)context->plan[0];
  int32_t reserved =
      reserve_memory(context, &context->workspace, &context->workspace_size,
                     size, "a workspace");
  if (reserved)
    return reserved;
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
    return squint_refuse(
        context, SQUINT_INVALID_ARGUMENT,
        "expected an output below %u and where to put its shape",
        table()->num_outputs);
  if (!context->prepared)
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
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
    return squint_refuse(context, SQUINT_INVALID_ARGUMENT,
                         "expected outputs, got a null pointer");
  const int64_t *shape = context->plan + 1;
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    const squint_value_v1 *value = &library->outputs[i];
    int32_t status = check_tensor(context, "output", value, &outputs[i]);
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

static int32_t run_entry(squint_context *context, const squint_state *state,
                         const int64_t *lengths) {
  return squint_run(context, context->dims, context->inputs, context->outputs,
                    context->workspace, context->model->weights,
                    context->threads, context->model->target, lengths,
                    state ? state->memory : NULL);
}

/*===----------------------------------------------------------------------===*\
|* Running on a GPU                                                           *|
\*===----------------------------------------------------------------------===*/

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
  int32_t status = reserve_memory(context, &context->exchange,
                                  &context->exchange_size, end, "memory");
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
    status = squint_gpu_copy(gpu, context->stream, SQUINT_TO_GPU, there,
                             context->inputs[i], size);
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
    forget_graph(context);
  context->graph_memory = memory;
  if (context->profiling || !context->has_run_alike) {
    context->has_run_alike = true;
    return run_entry(context, state, lengths);
  }
  int32_t status = SQUINT_OK;
  if (!context->graph) {
    status = gpu_error(context, squint_gpu_record(gpu, context->stream));
    if (status)
      return status;
    status = run_entry(context, state, lengths);
    int32_t recorded =
        squint_gpu_recorded(gpu, context->stream, &context->graph);
    if (!status)
      status = gpu_error(context, recorded);
    if (status)
      forget_graph(context);
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
    status = take_data(context, "output", value, &outputs[i], &to);
    if (!status)
      status = gpu_error(context,
                         squint_gpu_copy(gpu, context->stream, SQUINT_FROM_GPU,
                                         to, context->outputs[i],
                                         value_bytes(value, shape)));
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
  uint64_t start = context->profiling ? now() : 0;
  memcpy((char *)args + size - sizeof(void *), &context->exchange,
         sizeof(void *));
  int32_t status = squint_gpu_launch(gpu, context->stream, kernel, args,
                                     (uint64_t)size, (n + grain - 1) / grain);
  if (!status && context->profiling) {
    status = squint_gpu_wait(gpu, context->stream);
    context->profile[launch].calls += 1;
    context->profile[launch].nanoseconds += now() - start;
  }
  return gpu_error(context, status);
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
  const int64_t *lengths = state ? state->lengths : NULL;
  if (squint_gpu_of(context->model)) {
    status = send(context, inputs, state, &lengths);
    if (!status)
      status = launch_all(context, state, lengths);
    status = receive(context, outputs, status);
  } else {
    status = run_entry(context, state, lengths);
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
