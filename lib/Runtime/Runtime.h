/*===- Runtime.h - inside the runtime of emitted libraries --------*- C -*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#ifndef SQUINT_LIB_RUNTIME_H
#define SQUINT_LIB_RUNTIME_H

#include "squint/Runtime/Abi.h"

#include <stdbool.h>

#define API __attribute__((visibility("default")))

enum { SQUINT_MAX_THREADS = 4096, SQUINT_ERROR_SIZE = 512 };

/* A symbol whose value is an element of an input. */
typedef struct squint_element {
  uint32_t symbol, input, index;
} squint_element;

/* Code of a GPU's kernels: PTX, which ends with a zero, or a cubin. */
typedef struct squint_device_image {
  const void *data;
  uint32_t requirement; /* 20 x compute capability, plus 1: it and no other */
  uint32_t target;      /* of the library's */
  uint32_t is_text;
} squint_device_image;

typedef struct squint_device_kernel {
  const char *name;
  uint32_t threads; /* of a block */
  uint32_t shared;  /* bytes of shared memory that its code does not name */
} squint_device_kernel;

/* The emitter defines these: the table, what only the runtime needs to know,
   and the two entry points of the compiled model. */
typedef struct squint_embedded {
  const void *weights;        /* NULL: none, or in a file */
  const char *weights_header; /* what the file must start with */
  uint64_t weights_header_size;
  const uint64_t *required; /* [num_targets] of features, best first */
  uint32_t num_output_dims;
  uint32_t num_elements;
  const squint_element *elements; /* [num_elements] */
  uint32_t num_late; /* symbols that a run binds, behind those of the inputs */
  uint32_t num_images, num_kernels;    /* 0: kernels are for this processor */
  const squint_device_image *images;   /* best first */
  const squint_device_kernel *kernels; /* [num_kernels] */
} squint_embedded;

extern const squint_library squint_library_v1;
extern const squint_embedded squint_embedded_v1;

static inline const squint_library *table(void) { return &squint_library_v1; }

/* out[0]: bytes of workspace; then every extent of every result, in order. */
int32_t squint_plan(const int64_t *dims, int64_t threads, int64_t *out);
/* After a run that bound late symbols: every extent of every result, of which
   the plan says the largest. */
void squint_shapes(const int64_t *dims, int64_t *out);
int32_t squint_run(squint_context *context, int64_t *dims, void *const *inputs,
                   void *const *outputs, void *workspace, const void *weights,
                   int64_t threads, int32_t target, const int64_t *lengths,
                   void *state);

/* Called by squint_run. */
int32_t squint_launch(squint_context *context, int32_t launch, squint_body body,
                      void *args, int64_t n, int64_t grain);

/* The same for a kernel of a GPU: `args` holds its parameters, whose last
   eight bytes are for the address of the run's status. */
int32_t squint_launch_device(squint_context *context, int32_t launch,
                             int32_t kernel, void *args, int64_t size,
                             int64_t n, int64_t grain);

/* The whole of a run behind its checks; `lengths` are those of the state, where
   kernels can read them. */
int32_t squint_run_entry(squint_context *context, const squint_state *state,
                         const int64_t *lengths);
int32_t squint_run_device(squint_context *context, const squint_state *state,
                          const squint_tensor *inputs,
                          const squint_tensor *outputs);

/* Of a clock that only goes on, in nanoseconds. */
uint64_t squint_now(void);

API int32_t squint_api_prepare(squint_context *context,
                               const squint_tensor *inputs);
API const char *squint_api_status_text(int32_t status);

/* Whether an argument of a run is what the model has there. */
int32_t squint_check_tensor(squint_context *context, const char *kind,
                            const squint_value_v1 *value,
                            const squint_tensor *tensor);
/* Where its data begins. */
int32_t squint_take_data(squint_context *context, const char *kind,
                         const squint_value_v1 *value,
                         const squint_tensor *tensor, void **data);

/* Memory that kernels use: grows it where it has to; what it held is lost. */
int32_t squint_reserve_memory(squint_context *context, void **memory,
                              uint64_t *size, uint64_t needed,
                              const char *what);
/* Launches of other runs are other launches. */
void squint_forget_graph(squint_context *context);

/* Memory through the caller's allocator, or the C library's. */
typedef struct squint_allocator {
  squint_allocate allocate;
  squint_deallocate deallocate;
  void *user;
} squint_allocator;

void *squint_memory_get(const squint_allocator *allocator, size_t size,
                        size_t alignment);
void squint_memory_free(const squint_allocator *allocator, void *pointer,
                        size_t size);

/* Older callers know fewer fields; what they do not know is zero. False where
   the options break the rule. */
bool squint_read_options(const squint_options *from, squint_options *to);
extern const char squint_options_rule[];
squint_allocator squint_allocator_of(const squint_options *options);
/* For what is created beside a model, whose allocator it takes unless the
   options have one. Refuses, with a text, what breaks the rule. */
int32_t squint_read_options_beside(const squint_model *model,
                                   const squint_options *from,
                                   squint_options *to,
                                   squint_allocator *allocator);
/* Puts a text into the options' buffer. */
__attribute__((format(printf, 3, 4))) int32_t squint_refuse_create(
    const squint_options *options, int32_t status, const char *format, ...);

/* A caller and threads - 1 persistent workers. */
typedef struct squint_pool squint_pool;
int32_t squint_pool_create(const squint_allocator *allocator, int32_t threads,
                           squint_pool **pool);
void squint_pool_destroy(squint_pool *pool);
int32_t squint_pool_run(squint_pool *pool, squint_body body, void *args,
                        int64_t n, int64_t grain);
int32_t squint_available_threads(void);

/* The weights file: mapped, compared with the expected header. */
typedef struct squint_mapping {
  void *base;
  size_t size;
} squint_mapping;
int32_t squint_weights_map(const char *path, squint_mapping *mapping,
                           const void **weights, char *error,
                           size_t error_size);
/* A copy in large pages, where the machine has them and memory for it. */
void squint_weights_enlarge(squint_mapping *mapping, const void **weights,
                            uint64_t size);
void squint_weights_unmap(squint_mapping *mapping);

/* A GPU with the library's kernels loaded. Texts of errors are in its last
   error; `squint_gpu_open` puts them where creates put theirs. */
typedef struct squint_gpu squint_gpu;
int32_t squint_gpu_open(const squint_options *options, squint_gpu **gpu);
void squint_gpu_close(squint_gpu *gpu);
const char *squint_gpu_error(const squint_gpu *gpu);
int32_t squint_gpu_target(const squint_gpu *gpu);
int32_t squint_gpu_number(const squint_gpu *gpu);
int32_t squint_gpu_get(squint_gpu *gpu, uint64_t size, void **memory);
void squint_gpu_free(squint_gpu *gpu, void *memory);
int32_t squint_gpu_stream(squint_gpu *gpu, void **stream);
void squint_gpu_stream_free(squint_gpu *gpu, void *stream);
typedef enum { SQUINT_TO_GPU, SQUINT_FROM_GPU, SQUINT_ON_GPU } squint_gpu_way;
int32_t squint_gpu_copy(squint_gpu *gpu, void *stream, squint_gpu_way way,
                        void *to, const void *from, uint64_t size);
int32_t squint_gpu_fill(squint_gpu *gpu, void *stream, void *memory, int value,
                        uint64_t size);
int32_t squint_gpu_wait(squint_gpu *gpu, void *stream);
int32_t squint_gpu_launch(squint_gpu *gpu, void *stream, int32_t kernel,
                          void *parameters, uint64_t size, int64_t blocks);
/* What is launched between these two is not run, but becomes a graph, which one
   call launches. */
int32_t squint_gpu_record(squint_gpu *gpu, void *stream);
int32_t squint_gpu_recorded(squint_gpu *gpu, void *stream, void **graph);
int32_t squint_gpu_replay(squint_gpu *gpu, void *stream, void *graph);
void squint_gpu_graph_free(squint_gpu *gpu, void *graph);

struct squint_model {
  squint_allocator allocator;
  const void *weights; /* on the GPU if there is one */
  squint_mapping mapping;
  squint_gpu *gpu; /* NULL: kernels run on this processor */
  int32_t target;  /* whose kernels run */
};

/* Known to the compiler for a library without kernels for GPUs, which then has
   none of the code for them. */
static inline squint_gpu *squint_gpu_of(const squint_model *model) {
  return squint_embedded_v1.num_images ? model->gpu : NULL;
}

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

  void *workspace; /* the GPU's, if there is one */
  uint64_t workspace_size;

  /* On the GPU: its status, lengths, inputs and outputs of a run. */
  void *stream, *exchange;
  uint64_t exchange_size;
  /* All launches of a run, for runs with the same shapes, memory and state; the
     first such run has none yet. */
  void *graph;
  void *graph_memory; /* of the state */
  bool has_run_alike;

  int64_t *dims;              /* [num_symbols] of the prepared shapes, then
                                 [num_late] of the run */
  int64_t *candidate;         /* [num_symbols] of the shapes being looked at */
  uint32_t *binder;           /* [num_symbols] input that bound the candidate */
  int64_t *plan;              /* [1 + num_output_dims] */
  int64_t *shapes;            /* [num_output_dims] of the last run */
  void **inputs;              /* [num_inputs] */
  void **outputs;             /* [num_outputs] */
  squint_profile_v1 *profile; /* [num_launches] */

  char error[SQUINT_ERROR_SIZE];
};

/* Puts a text into the context; returns the status. */
__attribute__((format(printf, 3, 4))) int32_t
squint_refuse(squint_context *context, int32_t status, const char *format, ...);

struct squint_state {
  squint_model *model;
  squint_allocator allocator;
  size_t size; /* of this struct with the lengths */
  int64_t sequences;
  int64_t capacity;
  void *memory; /* blocks, see squint_state_v1 */
  uint64_t memory_size;
  int64_t lengths[]; /* [sequences] */
};

/* Of a mask of CpuFeatures.def, which only x86-64 has: those that this machine
   lacks, and their names. */
uint64_t squint_cpu_missing(uint64_t required);
void squint_cpu_names(uint64_t features, char *out, size_t size);

#endif /* SQUINT_LIB_RUNTIME_H */
