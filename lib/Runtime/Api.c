/*===- Api.c - the functions an emitted library exports -----------*- C -*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The emitter renames squint_api_* to <prefix>_* and makes everything else   *|
|* internal. Nothing here is global but constants.                            *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORKSPACE_ALIGNMENT = 64 };
/* More would only be a way to overflow the plan. */
#define MAX_EXTENT ((int64_t)1 << 40)

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
  if (!status && !options.weights && !options.large_pages &&
      !squint_embedded_v1.num_images)
    squint_weights_enlarge(&model->mapping, &model->weights,
                           table()->weights_size);
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
void squint_forget_graph(squint_context *context) {
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
int32_t squint_reserve_memory(squint_context *context, void **memory,
                              uint64_t *size, uint64_t needed,
                              const char *what) {
  if (needed <= *size)
    return SQUINT_OK;
  squint_forget_graph(context);
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
  squint_forget_graph(context);
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

int32_t squint_check_tensor(squint_context *context, const char *kind,
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
  const squint_gpu *gpu = squint_gpu_of(context->model);
  squint_device device = tensor->device;
  if (!(device.device_type == SQUINT_DEVICE_CPU) &&
      !(gpu && device.device_type == SQUINT_DEVICE_CUDA &&
        device.device_id == squint_gpu_number(gpu)))
    return squint_refuse(
        context, SQUINT_UNSUPPORTED,
        "%s \"%s\": expected a tensor of the CPU (device type 1)%s, "
        "got device type %d, number %d",
        kind, value->name, gpu ? " or of the GPU that the model is on" : "",
        device.device_type, device.device_id);
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

int32_t squint_take_data(squint_context *context, const char *kind,
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
    int32_t status = squint_check_tensor(context, "input", value, &inputs[i]);
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

/* A float of 16 bits: the exponent is moved to where that of f32 is. */
static double read_half(uint16_t bits, bool is_bfloat) {
  uint32_t wide = (uint32_t)bits << 16;
  if (!is_bfloat)
    wide = (wide & 0x80000000) | ((uint32_t)(bits & 0x7fff) << 13);
  float number;
  memcpy(&number, &wide, sizeof(number));
  if (is_bfloat)
    return number;
  /* An exponent of all ones is infinite or no number. */
  return (bits & 0x7c00) == 0x7c00 ? 0x1p100 : (double)number * 0x1p112;
}

static double read_float(squint_dtype type, const void *data, int64_t index) {
  if (type.bits == 16)
    return read_half(((const uint16_t *)data)[index],
                     type.code == SQUINT_DTYPE_BFLOAT);
  return type.bits == 64 ? ((const double *)data)[index]
                         : ((const float *)data)[index];
}

static int64_t read_integer(squint_dtype type, const void *data,
                            int64_t index) {
  if (type.bits == 16)
    return ((const int16_t *)data)[index];
  return type.bits == 64 ? ((const int64_t *)data)[index]
                         : ((const int32_t *)data)[index];
}

/* Reads the symbols' values that inputs contain into candidate. No size comes
   near the limits, which keep sums and differences of them from wrapping. */
static int32_t bind_elements(squint_context *context,
                             const squint_tensor *inputs) {
  for (uint32_t i = 0; i < squint_embedded_v1.num_elements; ++i) {
    const squint_element *element = &squint_embedded_v1.elements[i];
    const squint_value_v1 *value = &table()->inputs[element->input];
    if (inputs[element->input].device.device_type != SQUINT_DEVICE_CPU)
      return squint_refuse(context, SQUINT_UNSUPPORTED,
                           "input \"%s\": expected a tensor of the CPU, since "
                           "shapes depend on what it holds",
                           value->name);
    void *data;
    int32_t status = squint_take_data(context, "input", value,
                                      &inputs[element->input], &data);
    if (status)
      return status;
    if (value->dtype.code != SQUINT_DTYPE_INT) { /* in units of 2^-32 */
      double number = read_float(value->dtype, data, element->index);
      if (!(number > -0x1p20 && number < 0x1p20))
        return squint_refuse(context, SQUINT_SHAPE_MISMATCH,
                             "input \"%s\": expected numbers of less than 2^20 "
                             "where they decide sizes, got %g",
                             value->name, number);
      number *= 0x1p32;
      number += number < 0 ? -0.5 : 0.5;
      context->candidate[element->symbol] = (int64_t)number;
      continue;
    }
    int64_t number = read_integer(value->dtype, data, element->index);
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
  squint_forget_graph(context);
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
      squint_reserve_memory(context, &context->workspace,
                            &context->workspace_size, size, "a workspace");
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
