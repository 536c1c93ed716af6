/*===- Abi.h - the binary interface of an emitted library ----------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* What squint-run, the JIT and language bindings share with every library    *|
|* that squintc emits: the tensor (DLPack's DLTensor), the options, the       *|
|* status codes and the versioned table `squint_library_v1`. Written in the   *|
|* common subset of C11 and C++17. Fields are only ever added at the end of   *|
|* a struct that starts with its size.                                        *|
\*===----------------------------------------------------------------------===*/

#ifndef SQUINT_RUNTIME_ABI_H
#define SQUINT_RUNTIME_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every call returns. Kernels return these too, 0 being success. */
enum squint_status {
  SQUINT_OK = 0,
  SQUINT_INVALID_ARGUMENT = 1,   /* a null pointer, an index out of range */
  SQUINT_TYPE_MISMATCH = 2,      /* a tensor's dtype is not the declared one */
  SQUINT_SHAPE_MISMATCH = 3,     /* rank, static extent or symbol disagrees */
  SQUINT_OUT_OF_MEMORY = 4,      /* the allocator or the system said no */
  SQUINT_UNSUPPORTED = 5,        /* strides, a device, a CPU without features */
  SQUINT_IO_ERROR = 6,           /* the weights file is missing or another's */
  SQUINT_INDEX_OUT_OF_RANGE = 7, /* data: an index beyond its axis */
  SQUINT_INVALID_DATA = 8,       /* data: any other value that has no result */
  SQUINT_INTERNAL_ERROR = 9
};

/* DLPack's codes of element types (dlpack.h, DLDataTypeCode). */
enum squint_dtype_code {
  SQUINT_DTYPE_INT = 0,
  SQUINT_DTYPE_UINT = 1,
  SQUINT_DTYPE_FLOAT = 2,
  SQUINT_DTYPE_BFLOAT = 4,
  SQUINT_DTYPE_COMPLEX = 5,
  SQUINT_DTYPE_BOOL = 6,
  SQUINT_DTYPE_FLOAT8_E4M3FN = 10,
  SQUINT_DTYPE_FLOAT8_E4M3FNUZ = 11,
  SQUINT_DTYPE_FLOAT8_E5M2 = 12,
  SQUINT_DTYPE_FLOAT8_E5M2FNUZ = 13,
  SQUINT_DTYPE_FLOAT8_E8M0FNU = 14,
  SQUINT_DTYPE_FLOAT4_E2M1FN = 17
};

enum { SQUINT_DEVICE_CPU = 1, SQUINT_DEVICE_CUDA = 2 };

/* The generated headers and this file agree on one guard for the tensor. */
#ifndef SQUINT_TENSOR_DEFINED
#define SQUINT_TENSOR_DEFINED
#ifdef DLPACK_DLPACK_H_
typedef DLDevice squint_device;
typedef DLDataType squint_dtype;
typedef DLTensor squint_tensor;
#else
typedef struct squint_device {
  int32_t device_type; /* 1: CPU; 2: CUDA, for a model on that GPU */
  int32_t device_id;
} squint_device;
typedef struct squint_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes; /* 1 */
} squint_dtype;
/* The layout of DLTensor, field by field. */
typedef struct squint_tensor {
  void *data;
  squint_device device;
  int32_t ndim;
  squint_dtype dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; NULL is contiguous, row after row */
  uint64_t byte_offset;
} squint_tensor;
#endif
#endif

/* A range of a kernel's iterations; worker is below the context's count of
   threads, and no two ranges run at once under one worker number. */
typedef int32_t (*squint_body)(void *args, int64_t begin, int64_t end,
                               int32_t worker);

/* Runs body over [0, n) in disjoint ranges that start at multiples of grain,
   returns when all are done with the first non-zero result in index order. */
typedef int32_t (*squint_parallel_for)(void *user, squint_body body, void *args,
                                       int64_t n, int64_t grain);

typedef void *(*squint_allocate)(void *user, size_t size, size_t alignment);
typedef void (*squint_deallocate)(void *user, void *pointer, size_t size);

/* Options of model_create (allocator, weights, error buffer), context_create
   (allocator, threads, parallel_for, error buffer) and state_create
   (allocator, sequences, capacity, error buffer). Zero means the default
   everywhere. */
typedef struct squint_options {
  size_t struct_size; /* sizeof(squint_options), set by the caller */
  int32_t threads;    /* 0: as many as this process may use */
  squint_parallel_for parallel_for; /* NULL: a small pool in each context */
  void *parallel_for_user;
  squint_allocate allocate; /* NULL, with deallocate: the C library's */
  squint_deallocate deallocate;
  void *allocator_user;
  const char *weights_path; /* NULL: beside the library, see weights_file */
  const void *weights;      /* NULL: embedded or weights_path; 64-aligned */
  uint64_t weights_size;
  char *error_buffer; /* NULL, or gets the text of a failed create */
  size_t error_buffer_size;
  const char *target;  /* one of the library's; NULL: the best that runs here */
  int64_t sequences;   /* side by side in a state; 0: 1 */
  int64_t capacity;    /* tokens of each; 0: the model's context */
  int32_t device;      /* of the machine's GPUs, where kernels are for one */
  int32_t large_pages; /* 0: large weights are copied into memory of large
                          pages, which is read faster, where the system has them
                          and twice the memory to spare; -1: they stay in the
                          file, whose memory processes share */
} squint_options;

typedef struct squint_value_v1 {
  const char *name;
  squint_dtype dtype;
  int32_t ndim;
  const int64_t *dims;          /* static extent, or -1 */
  const char *const *dim_names; /* "batch", "384", "2*sequence+1" */
  const int32_t *dim_symbols;   /* index into symbols if a dim is one, or -1 */
} squint_value_v1;

typedef struct squint_launch_v1 {
  const char *kernel; /* operation, format and shape class */
  const char *node;   /* names of the model's nodes it computes */
} squint_launch_v1;

typedef struct squint_profile_v1 {
  uint64_t calls;
  uint64_t nanoseconds;
} squint_profile_v1;

/* A processor that the library has kernels for. */
typedef struct squint_target_v1 {
  const char *cpu;      /* as LLVM spells it */
  const char *features; /* differences from what the cpu has */
} squint_target_v1;

/* What a state holds: `front_bytes` of each sequence, then blocks. A block is
   what `block_tokens` tokens of one sequence leave behind in all layers; block
   i of sequence s is at
   sequences * front_bytes + (i * sequences + s) * block_bytes. */
typedef struct squint_state_v1 {
  int64_t context; /* tokens that the model was made for */
  int64_t block_tokens;
  uint64_t block_bytes, front_bytes;
  int64_t sequences;  /* of a run; -1 - s: as many as symbol s says */
  int64_t tokens;     /* of each, likewise */
  uint8_t digest[16]; /* of the model that a saved state belongs to */
} squint_state_v1;

typedef struct squint_model squint_model;
typedef struct squint_context squint_context;
typedef struct squint_state squint_state;

/* Exported by a .so under the name squint_library_v1. */
typedef struct squint_library {
  uint32_t struct_size;
  uint32_t version; /* 1 */
  const char *name; /* the prefix of the exported functions */
  const char *compiler;
  const char *triple;
  const char *cpu;      /* of all targets, best first: "znver4,x86-64-v3" */
  const char *features; /* of the only target; empty where there are more */
  uint32_t num_inputs;
  uint32_t num_outputs;
  uint32_t num_symbols;
  uint32_t num_launches;
  const squint_value_v1 *inputs;
  const squint_value_v1 *outputs;
  const char *const *symbols;
  const squint_launch_v1 *launches;
  uint64_t weights_size;
  const char *weights_file; /* NULL: embedded; else the file's name */

  int32_t (*model_create)(const squint_options *, squint_model **);
  void (*model_destroy)(squint_model *);
  int32_t (*context_create)(squint_model *, const squint_options *,
                            squint_context **);
  void (*context_destroy)(squint_context *);
  int32_t (*state_create)(squint_model *, const squint_options *,
                          squint_state **);
  void (*state_destroy)(squint_state *);
  int32_t (*prepare)(squint_context *, const squint_tensor *inputs);
  int32_t (*output_shape)(squint_context *, uint32_t index, int64_t *shape);
  int32_t (*run)(squint_context *, squint_state *, const squint_tensor *inputs,
                 squint_tensor *outputs);
  const char *(*error_text)(const squint_context *);
  const char *(*status_text)(int32_t status);
  int32_t (*set_threads)(squint_context *, int32_t threads);
  int32_t (*threads)(const squint_context *);
  uint64_t (*workspace_bytes)(const squint_context *);
  int32_t (*profile)(squint_context *, int32_t on);
  int32_t (*profile_read)(const squint_context *, uint32_t launch,
                          squint_profile_v1 *);

  /* Best first. A model runs the first that the machine does, or the one that
     the options named. */
  uint32_t num_targets;
  const squint_target_v1 *targets;
  const char *(*target)(const squint_model *); /* its cpu */

  const squint_state_v1 *state; /* NULL: runs remember nothing */
  int64_t (*state_length)(const squint_state *, int64_t sequence);
  int32_t (*state_rewind)(squint_state *, int64_t sequence, int64_t length);
  int32_t (*state_copy)(const squint_state *, squint_state *);
  uint64_t (*state_bytes)(const squint_state *);
  int32_t (*state_save)(const squint_state *, void *, uint64_t);
  int32_t (*state_load)(squint_state *, const void *, uint64_t);
} squint_library;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SQUINT_RUNTIME_ABI_H */
