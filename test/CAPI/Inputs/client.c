/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 * client MODEL FOLDER: compiles, loads and runs a classifier through the C API.
 */
#include "squint-c/Squint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Text {
  char data[1 << 16];
  size_t size;
} Text;

static void append(void *user, const char *text, size_t size) {
  Text *to = user;
  if (size > sizeof(to->data) - 1 - to->size)
    size = sizeof(to->data) - 1 - to->size;
  memcpy(to->data + to->size, text, size);
  to->size += size;
  to->data[to->size] = 0;
}

static SquintStream stream(Text *text) {
  text->size = 0;
  text->data[0] = 0;
  SquintStream to = {append, text};
  return to;
}

static Text out, diagnostics;

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  const SquintStream nowhere = {NULL, NULL};
  char library[4096];
  snprintf(library, sizeof(library), "%s/model.so", argv[2]);

  SquintOptionInfo info;
  size_t count = 0;
  int known = 0;
  for (; squintGetOption(count, &info); ++count)
    known += !strcmp(info.name, "weights") && !strcmp(info.value, "format") &&
             info.kind == SQUINT_OPTION_TEXT;
  printf("version %s, weights %d\n", squintGetVersion(), known);

  /* What cannot be, with and without somebody to tell. */
  SquintOption bad = {"weights", "int9"};
  printf("bad: %d", squintCompile(argv[1], library, &bad, 1, nowhere, nowhere));
  int32_t status = squintCompile(argv[1], library, &bad, 1, stream(&out),
                                 stream(&diagnostics));
  printf(" %d %s", status, diagnostics.data);
  status = squintRunPipeline("?", 1, "cse", NULL, NULL, nowhere,
                             stream(&diagnostics));
  printf("bad: %d %s", status, diagnostics.data);
  status = squintCheckRecipe("none.yaml", stream(&diagnostics));
  printf("bad: %d %s", status, diagnostics.data);
  SquintLibrary *opened = NULL;
  status = squintOpenLibrary("none.so", &opened, stream(&diagnostics));
  printf("bad: %d %s", status, diagnostics.data);

  /* IR on the stream, and a library. */
  SquintOption emit = {"emit", "squint"};
  status = squintCompile(argv[1], NULL, &emit, 1, stream(&out), nowhere);
  printf("ir: %d %d\n", status, strstr(out.data, "squint.linear") != NULL);
  SquintOption options[] = {{"weights", "int8:channel"},
                            {"activations", "int8:token"},
                            {"jobs", "1"}};
  status = squintCompile(argv[1], library, options, 3, stream(&out),
                         stream(&diagnostics));
  printf("library: %d '%s' '%s'\n", status, out.data, diagnostics.data);

  if (squintOpenLibrary(library, &opened, nowhere))
    return 1;
  const squint_library *table = squintGetTable(opened);
  squint_model *model;
  squint_context *context;
  if (squintIsLanguageModel(table) || table->model_create(NULL, &model) ||
      table->context_create(model, NULL, &context))
    return 1;
  float x[64] = {0}, y[4];
  for (int i = 16; i < 32; ++i)
    x[i] = 1;
  int64_t in[] = {1, 64}, to[] = {1, 4};
  const squint_dtype f32 = {SQUINT_DTYPE_FLOAT, 32, 1};
  squint_tensor input = {x, {SQUINT_DEVICE_CPU, 0}, 2, f32, in, NULL, 0};
  squint_tensor output = {y, {SQUINT_DEVICE_CPU, 0}, 2, f32, to, NULL, 0};
  status = table->run(context, NULL, &input, &output);
  printf("run: %d, the second of four: %d\n", status,
         y[1] > 0.9f && y[1] <= 1.0f);
  table->context_destroy(context);
  table->model_destroy(model);
  squintCloseLibrary(opened);

  const float logits[] = {1, 3, 2};
  SquintSampler *sampler = squintCreateSampler(0, 0, 1, 0, 0);
  printf("token %d\n", (int)squintPickToken(sampler, logits, 3));
  squintDestroySampler(sampler);
  return 0;
}
