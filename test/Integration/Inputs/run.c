/*===- run.c - runs a library on raw files -------------------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* run LIB.so THREADS OUTPUT.bin {INPUT.bin dim,dim,...}...: a squint-run     *|
|* that needs libc only, so that it is built for every processor. Writes the  *|
|* outputs one after the other.                                               *|
\*===----------------------------------------------------------------------===*/

#include "squint/Runtime/Abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANK = 8, MAX_VALUES = 16 };

static void fail(const char *what, const char *why) {
  fprintf(stderr, "run: %s: %s\n", what, why);
  exit(1);
}

static void *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file)
    fail(path, "expected a readable file");
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  void *data = malloc(size + 1);
  if (!data || fread(data, 1, size, file) != (size_t)size)
    fail(path, "expected a readable file");
  fclose(file);
  return data;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc % 2)
    fail("arguments", "expected LIB THREADS OUTPUT {INPUT SHAPE}...");
  void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail(argv[1], dlerror());
  const squint_library *library = dlsym(handle, "squint_library_v1");
  if (!library)
    fail(argv[1], "expected the symbol squint_library_v1");
  if ((int)library->num_inputs != (argc - 4) / 2)
    fail(argv[1], "another number of inputs");

  static int64_t shapes[MAX_VALUES][MAX_RANK], out_shapes[MAX_VALUES][MAX_RANK];
  static squint_tensor inputs[MAX_VALUES], outputs[MAX_VALUES];
  for (uint32_t i = 0; i < library->num_inputs; ++i) {
    int32_t rank = 0;
    for (char *text = argv[5 + 2 * i]; *text; ++rank)
      shapes[i][rank] = strtoll(text, &text, 10), text += *text == ',';
    squint_tensor tensor = {read_file(argv[4 + 2 * i]),
                            {1, 0},
                            rank,
                            library->inputs[i].dtype,
                            shapes[i],
                            NULL,
                            0};
    inputs[i] = tensor;
  }

  squint_options options = {0};
  char error[512] = "";
  options.struct_size = sizeof(options);
  options.threads = atoi(argv[2]);
  options.error_buffer = error;
  options.error_buffer_size = sizeof(error);
  squint_model *model = NULL;
  squint_context *context = NULL;
  if (library->model_create(&options, &model) ||
      library->context_create(model, &options, &context))
    fail("create", error);
  if (library->prepare(context, inputs))
    fail("prepare", library->error_text(context));

  size_t sizes[MAX_VALUES];
  for (uint32_t i = 0; i < library->num_outputs; ++i) {
    const squint_value_v1 *value = &library->outputs[i];
    if (library->output_shape(context, i, out_shapes[i]))
      fail("output_shape", library->error_text(context));
    sizes[i] = (value->dtype.bits + 7) / 8;
    for (int32_t d = 0; d < value->ndim; ++d)
      sizes[i] *= out_shapes[i][d];
    squint_tensor tensor = {malloc(sizes[i] + 1),
                            {1, 0},
                            value->ndim,
                            value->dtype,
                            out_shapes[i],
                            NULL,
                            0};
    outputs[i] = tensor;
  }
  if (library->run(context, NULL, inputs, outputs))
    fail("run", library->error_text(context));

  FILE *file = fopen(argv[3], "wb");
  for (uint32_t i = 0; file && i < library->num_outputs; ++i)
    if (fwrite(outputs[i].data, 1, sizes[i], file) != sizes[i])
      fail(argv[3], "cannot be written");
  if (!file || fclose(file))
    fail(argv[3], "cannot be written");
  library->context_destroy(context);
  library->model_destroy(model);
  return 0;
}
