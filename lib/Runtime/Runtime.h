/*===- Runtime.h - inside the runtime of emitted libraries ---------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#ifndef SQUINT_LIB_RUNTIME_H
#define SQUINT_LIB_RUNTIME_H

#include "squint/Runtime/Abi.h"

#include <stdbool.h>

#define API __attribute__((visibility("default")))

enum { SQUINT_MAX_THREADS = 4096 };

/* A symbol whose value is an element of an input. */
typedef struct squint_element {
  uint32_t symbol, input, index;
} squint_element;

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
} squint_embedded;

extern const squint_library squint_library_v1;
extern const squint_embedded squint_embedded_v1;

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
void squint_weights_unmap(squint_mapping *mapping);

struct squint_model {
  squint_allocator allocator;
  const void *weights;
  squint_mapping mapping;
  int32_t target; /* whose kernels run */
};

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
