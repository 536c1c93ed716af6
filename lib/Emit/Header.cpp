//===- Header.cpp - the C header of an emitted library ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The declarations are those of squint/Runtime/Abi.h with the model's prefix;
// a test compiles both into one file and compares the layouts.
//===----------------------------------------------------------------------===//

#include "Header.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace squint;

// @p@ is the prefix, @P@ the same in capitals, the others are made below.
static constexpr char text[] =
    R"header(/* @p@.h - a model compiled by Squint. Generated; do not edit.
 *
@tensors@ *
 * A model holds the weights and is shared by any number of contexts. A context
 * holds the workspace and the threads of one run at a time; a state holds what
 * a model remembers between runs and may be NULL for one that does not. Every
 * call returns a status, @P@_OK being zero; the text of a context's last error
 * is @p@_error_text. Contexts may be used at the same time, one context not.
 *
 * Example, without the checks of the statuses that a program wants:
 *
@example@ *
 * Link with the library, libc and libm.
 */

#ifndef @P@_H_SQUINT
#define @P@_H_SQUINT

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* DLPack's DLTensor, field by field (and the same type, if dlpack.h came
 * first). Strides count elements; NULL means contiguous, row after row, which
 * is what this library takes. */
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
  uint8_t code; /* 0 int, 1 uint, 2 float, 4 bfloat, 6 bool; see dlpack.h */
  uint8_t bits;
  uint16_t lanes; /* 1 */
} squint_dtype;
typedef struct squint_tensor {
  void *data;
  squint_device device;
  int32_t ndim;
  squint_dtype dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
} squint_tensor;
#endif
#endif

typedef enum @p@_status {
  @P@_OK = 0,
  @P@_INVALID_ARGUMENT = 1,   /* a null pointer, a number out of range */
  @P@_TYPE_MISMATCH = 2,      /* a tensor's dtype is not the declared one */
  @P@_SHAPE_MISMATCH = 3,     /* rank, static extent or symbol disagrees */
  @P@_OUT_OF_MEMORY = 4,
  @P@_UNSUPPORTED = 5,        /* strides, a device, this processor */
  @P@_IO_ERROR = 6,           /* the weights file */
  @P@_INDEX_OUT_OF_RANGE = 7, /* an index in the data beyond its axis */
  @P@_INVALID_DATA = 8,       /* another value in the data without a result */
  @P@_INTERNAL_ERROR = 9
} @p@_status;

@enums@
/* One range of a kernel's iterations. */
typedef int32_t (*@p@_body)(void *args, int64_t begin, int64_t end,
                            int32_t worker);

/* Runs body over [0, n) in disjoint ranges that start at multiples of grain
 * and returns when all are done, with the first non-zero result in the order
 * of the ranges. Worker numbers lie below the context's threads, and no two
 * ranges run at once under one number. */
typedef int32_t (*@p@_parallel_for)(void *user, @p@_body body, void *args,
                                    int64_t n, int64_t grain);

typedef void *(*@p@_allocate)(void *user, size_t size, size_t alignment);
typedef void (*@p@_deallocate)(void *user, void *pointer, size_t size);

/* Zero everywhere but in struct_size is the default. */
typedef struct @p@_options {
  size_t struct_size; /* sizeof(@p@_options) */
  int32_t threads;    /* of a context; 0: all that the process may use */
  @p@_parallel_for parallel_for; /* NULL: a small pool in each context */
  void *parallel_for_user;
  @p@_allocate allocate; /* both or none */
  @p@_deallocate deallocate;
  void *allocator_user;
  const char *weights_path; /* @weights@ */
  const void *weights;      /* in memory, at a multiple of 64 bytes */
  uint64_t weights_size;
  char *error_buffer; /* gets the text when a create fails */
  size_t error_buffer_size;
  const char *target; /* one of @targets@; NULL: the best that runs here */
  int64_t sequences;  /* side by side in a state; 0: 1 */
  int64_t capacity;   /* tokens of each; 0: all that the model was made for */
  int32_t device;     /* of the GPUs, where kernels are for one */
} @p@_options;

typedef struct @p@_model @p@_model;
typedef struct @p@_context @p@_context;
typedef struct @p@_state @p@_state;

/* What the model takes and gives. */
typedef struct @p@_value_info {
  const char *name;
  squint_dtype dtype;
  int32_t ndim;
  const int64_t *dims;          /* extent, or -1 where it is not fixed */
  const char *const *dim_names; /* "batch", "384", "2*sequence+1" */
  const int32_t *dim_symbols;   /* number of the symbol that a dim is, or -1 */
} @p@_value_info;

/* A kernel that the model launches, and the nodes that it computes. */
typedef struct @p@_launch_info {
  const char *kernel;
  const char *node;
} @p@_launch_info;

typedef struct @p@_profile_entry {
  uint64_t calls;
  uint64_t nanoseconds;
} @p@_profile_entry;

/* Options may be NULL. */
int32_t @p@_model_create(const @p@_options *options, @p@_model **model);
/* The processor whose kernels the model runs. */
const char *@p@_target(const @p@_model *model);
/* After the contexts and states that use it. */
void @p@_model_destroy(@p@_model *model);

int32_t @p@_context_create(@p@_model *model, const @p@_options *options,
                           @p@_context **context);
void @p@_context_destroy(@p@_context *context);

/* The memory of a state is touched as its sequences grow. */
int32_t @p@_state_create(@p@_model *model, const @p@_options *options,
                         @p@_state **state);
void @p@_state_destroy(@p@_state *state);

/* The tokens of a sequence so far; -1 for a sequence that is not there. */
int64_t @p@_state_length(const @p@_state *state, int64_t sequence);
/* Forgets the tokens from `length` on. */
int32_t @p@_state_rewind(@p@_state *state, int64_t sequence, int64_t length);
/* Between states of one model with as many sequences. */
int32_t @p@_state_copy(const @p@_state *from, @p@_state *to);
/* The size of what save writes and load takes, in this model's states only. */
uint64_t @p@_state_bytes(const @p@_state *state);
int32_t @p@_state_save(const @p@_state *state, void *data, uint64_t size);
int32_t @p@_state_load(@p@_state *state, const void *data, uint64_t size);

/* Plans and allocates for the shapes of the inputs. Their data is read only
 * where the content of an input decides sizes (the shape of a Reshape). run
 * does the same when these are new, and otherwise allocates nothing.
 * Elements of less than 8 bits take a byte each, the code in its low bits. */
int32_t @p@_prepare(@p@_context *context, const squint_tensor *inputs);

/* The shape of an output for the prepared inputs, ndim numbers. Where data
 * decides sizes, these are the largest until run has returned, and then those
 * of the result, which lies without gaps at the start of its memory. */
int32_t @p@_output_shape(@p@_context *context, uint32_t output,
                         int64_t *shape);

/* Reads @P@_NUM_INPUTS tensors and writes @P@_NUM_OUTPUTS tensors, whose memory is the
 * caller's and does not overlap. */
int32_t @p@_run(@p@_context *context, @p@_state *state,
                const squint_tensor *inputs, squint_tensor *outputs);

const char *@p@_error_text(const @p@_context *context);
const char *@p@_status_text(int32_t status);

int32_t @p@_set_threads(@p@_context *context, int32_t threads);
int32_t @p@_threads(const @p@_context *context);

/* Of the prepared shapes. */
uint64_t @p@_workspace_bytes(const @p@_context *context);

/* Switched on, a context counts calls and time of every launch from zero. */
int32_t @p@_profile(@p@_context *context, int32_t on);
int32_t @p@_profile_read(const @p@_context *context, uint32_t launch,
                         @p@_profile_entry *entry);

/* NULL beyond the last. */
const @p@_value_info *@p@_input(uint32_t index);
const @p@_value_info *@p@_output(uint32_t index);
const @p@_launch_info *@p@_launch(uint32_t index);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* @P@_H_SQUINT */
)header";

namespace {

/// Names come from the model: nothing in them may end a comment or a line.
std::string printable(StringRef name) {
  std::string out;
  for (char c : name)
    out += isPrint(c) && c != '\\' && c != '*' && c != '?' ? c : '_';
  return out;
}

std::string identifier(StringRef name) {
  std::string out;
  for (char c : name)
    out += isAlnum(c) ? toUpper(c) : '_';
  return out;
}

void replace(std::string &text, StringRef what, StringRef with) {
  for (size_t at = 0; (at = text.find(what.str(), at)) != std::string::npos;
       at += with.size())
    text.replace(at, what.size(), with.str());
}

std::string describe(const ValueInfo &value) {
  return printable(value.name) + ": " + value.elementType + "[" +
         printable(join(value.dimNames, ", ")) + "]";
}

/// enum { MINILM_INPUT_INPUT_IDS = 0, ..., MINILM_NUM_INPUTS = 3 };
std::string listPositions(ArrayRef<ValueInfo> values, StringRef prefix,
                          StringRef kind) {
  std::string out = "enum {\n";
  StringSet<> taken;
  for (auto [index, value] : enumerate(values)) {
    std::string name = identifier(value.name);
    while (!taken.insert(name).second)
      name += "_" + std::to_string(index);
    out +=
        ("  " + prefix + "_" + kind + "_" + name + " = " + Twine(index) + ",\n")
            .str();
  }
  return (out + "  " + prefix + "_NUM_" + kind + "S = " + Twine(values.size()) +
          "\n};\n")
      .str();
}

StringRef getCType(const ValueInfo &value) {
  bool isUnsigned = value.dtype.code == SQUINT_DTYPE_UINT;
  if (value.dtype.code == SQUINT_DTYPE_FLOAT && value.dtype.bits >= 32)
    return value.dtype.bits == 64 ? "double" : "float";
  if (value.dtype.bits <= 8)
    return value.dtype.code == SQUINT_DTYPE_INT ? "int8_t" : "uint8_t";
  if (value.dtype.code != SQUINT_DTYPE_INT && !isUnsigned)
    return "uint16_t";
  switch (value.dtype.bits) {
  case 16:
    return isUnsigned ? "uint16_t" : "int16_t";
  case 32:
    return isUnsigned ? "uint32_t" : "int32_t";
  default:
    return isUnsigned ? "uint64_t" : "int64_t";
  }
}

/// The line that declares a tensor's shape: of an input with 1 for what is not
/// fixed, of an output to be asked for.
std::string exampleShape(const ValueInfo &value, const std::string &name,
                         bool isInput) {
  std::string dims;
  for (int64_t dim : value.dims)
    if (isInput)
      dims += (dims.empty() ? "" : ", ") + std::to_string(dim < 0 ? 1 : dim);
  return " *   int64_t " + name + "_shape[" +
         std::to_string(std::max<size_t>(value.dims.size(), 1)) + "] = {" +
         (dims.empty() ? "0" : dims) + "};\n";
}

std::string exampleTensor(const ValueInfo &value, const std::string &name,
                          bool isInput) {
  return " *       {" + (isInput ? name + "_data" : "NULL") + ", {1, 0}, " +
         std::to_string(value.dims.size()) + ", {" +
         std::to_string(value.dtype.code) + ", " +
         std::to_string(value.dtype.bits) + ", 1}, " + name +
         "_shape, NULL, 0}, // " + describe(value) + "\n";
}

std::string example(const ModelInfo &info) {
  std::string out = " *   #include \"@p@.h\"\n"
                    " *\n"
                    " *   @p@_model *model;\n"
                    " *   @p@_context *context;\n"
                    " *   @p@_options options;\n"
                    " *   memset(&options, 0, sizeof(options));\n"
                    " *   options.struct_size = sizeof(options);\n"
                    " *   options.threads = 1;\n"
                    " *   @p@_model_create(&options, &model);\n"
                    " *   @p@_context_create(model, &options, &context);\n"
                    " *\n";
  auto tensors = [&](ArrayRef<ValueInfo> values, const std::string &kind) {
    bool isInput = kind == "input";
    for (auto [index, value] : enumerate(values))
      out += exampleShape(value, kind + std::to_string(index), isInput);
    out += " *   squint_tensor " + kind + "s[" +
           std::to_string(std::max<size_t>(values.size(), 1)) + "] = {\n";
    for (auto [index, value] : enumerate(values))
      out += exampleTensor(value, kind + std::to_string(index), isInput);
    out += " *   };\n";
  };
  tensors(info.inputs, "input");
  tensors(info.outputs, "output");
  out += " *   @p@_prepare(context, inputs);\n";
  for (auto [index, value] : enumerate(info.outputs)) {
    std::string i = std::to_string(index);
    out += " *   @p@_output_shape(context, " + i + ", output" + i +
           "_shape);\n *   outputs[" + i + "].data = malloc(";
    for (size_t d = 0; d < value.dims.size(); ++d)
      out += "output" + i + "_shape[" + std::to_string(d) + "] * ";
    out += "sizeof(" + getCType(value).str() + "));\n";
  }
  out += " *   @p@_run(context, NULL, inputs, outputs);\n"
         " *\n"
         " *   @p@_context_destroy(context);\n"
         " *   @p@_model_destroy(model);\n";
  return out;
}

} // namespace

std::string squint::generateHeader(const ModelInfo &info, StringRef prefix) {
  std::string upper = prefix.upper();
  std::string tensors;
  for (const ValueInfo &input : info.inputs)
    tensors += " *   in   " + describe(input) + "\n";
  for (const ValueInfo &output : info.outputs)
    tensors += " *   out  " + describe(output) + "\n";
  std::string header = text;
  replace(header, "@tensors@", tensors);
  replace(header, "@example@", example(info));
  replace(header, "@enums@",
          "/* The positions of the tensors. */\n" +
              listPositions(info.inputs, upper, "INPUT") +
              listPositions(info.outputs, upper, "OUTPUT"));
  std::string targets;
  for (const TargetInfo &target : info.targets)
    targets += (targets.empty() ? "\"" : ", \"") + target.cpu + "\"";
  replace(header, "@targets@", targets);
  replace(header, "@weights@", "NULL: beside the library, or embedded");
  replace(header, "@p@", prefix);
  replace(header, "@P@", upper);
  return header;
}
