/*===- stress.c - the runtime under load, for the sanitizers --------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The runtime around a model written in C: y[i] = 2 x[i], each element one   *|
|* unit of a launch; an x of 13 is an error. Contexts of several threads run  *|
|* at once, change their shapes and threads, and come and go.                 *|
\*===----------------------------------------------------------------------===*/

#include "../../../lib/Runtime/Runtime.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t squint_api_model_create(const squint_options *, squint_model **);
void squint_api_model_destroy(squint_model *);
int32_t squint_api_context_create(squint_model *, const squint_options *,
                                  squint_context **);
void squint_api_context_destroy(squint_context *);
int32_t squint_api_set_threads(squint_context *, int32_t);
int32_t squint_api_run(squint_context *, squint_state *, const squint_tensor *,
                       squint_tensor *);
const char *squint_api_error_text(const squint_context *);

static const int64_t dims[] = {-1};
static const char *const names[] = {"n"};
static const int32_t dim_symbols[] = {0};
static const squint_value_v1 input = {
    "x", {SQUINT_DTYPE_INT, 32, 1}, 1, dims, names, dim_symbols};
static const squint_value_v1 output = {
    "y", {SQUINT_DTYPE_INT, 32, 1}, 1, dims, names, dim_symbols};
static const squint_launch_v1 launches[] = {{"first", "/First"},
                                            {"second", "/Second"}};

static const squint_target_v1 target = {"any", ""};
static const uint64_t required = 0;

const squint_library squint_library_v1 = {.struct_size = sizeof(squint_library),
                                          .version = 1,
                                          .name = "stress",
                                          .num_inputs = 1,
                                          .num_outputs = 1,
                                          .num_symbols = 1,
                                          .num_launches = 2,
                                          .inputs = &input,
                                          .outputs = &output,
                                          .symbols = names,
                                          .launches = launches,
                                          .num_targets = 1,
                                          .targets = &target};
const squint_embedded squint_embedded_v1 = {.required = &required,
                                            .num_output_dims = 1};

int32_t squint_plan(const int64_t *symbols, int64_t threads, int64_t *out) {
  out[0] = symbols[0] * 4 + threads * 64;
  out[1] = symbols[0];
  return 0;
}

void squint_shapes(const int64_t *symbols, int64_t *out) {
  (void)symbols;
  (void)out;
}

struct arguments {
  const int32_t *x;
  int32_t *y;
};

static int32_t copy(void *args, int64_t begin, int64_t end, int32_t worker) {
  struct arguments *a = args;
  (void)worker;
  for (int64_t i = begin; i < end; ++i)
    a->y[i] = a->x[i];
  return 0;
}

static int32_t twice(void *args, int64_t begin, int64_t end, int32_t worker) {
  struct arguments *a = args;
  (void)worker;
  for (int64_t i = begin; i < end; ++i) {
    /* An error code of its own for each place, to see which one wins. */
    if (a->x[i] == 13)
      return 1000 + (int32_t)i;
    a->y[i] = 2 * a->x[i];
  }
  return 0;
}

int32_t squint_run(squint_context *context, int64_t *symbols,
                   void *const *inputs, void *const *outputs, void *workspace,
                   const void *weights, int64_t threads, int32_t target,
                   const int64_t *lengths, void *state) {
  (void)weights;
  (void)target;
  (void)threads;
  (void)lengths;
  (void)state;
  struct arguments first = {inputs[0], workspace};
  struct arguments second = {workspace, outputs[0]};
  int32_t status = squint_launch(context, 0, copy, &first, symbols[0], 1);
  return status ? status
                : squint_launch(context, 1, twice, &second, symbols[0], 1);
}

enum { SIZE = 300, ROUNDS = 300 };

static void require(int holds, const char *what) {
  if (!holds) {
    fprintf(stderr, "failed: %s\n", what);
    abort();
  }
}

static void *use(void *argument) {
  squint_model *model = argument;
  int32_t x[SIZE], y[SIZE];
  for (int round = 0; round < ROUNDS; ++round) {
    squint_options options = {.struct_size = sizeof(options)};
    options.threads = 1 + round % 4;
    squint_context *context;
    require(!squint_api_context_create(model, &options, &context), "create");
    for (int repeat = 0; repeat < 12; ++repeat) {
      int64_t n = (round * 37 + repeat * 11) % SIZE + 1;
      squint_tensor in = {x, {1, 0}, 1, {SQUINT_DTYPE_INT, 32, 1}, &n, NULL, 0};
      squint_tensor out = in;
      out.data = y;
      for (int64_t i = 0; i < n; ++i)
        x[i] = 100 + (int32_t)i;
      memset(y, 0, sizeof(y));
      if (repeat % 4 == 3) {
        /* The first of two errors, whoever meets it first. */
        x[n - 1] = x[n / 2] = 13;
        require(squint_api_run(context, NULL, &in, &out) == 1000 + n / 2,
                "the first error wins");
        require(!strncmp(squint_api_error_text(context), "/Second: ", 9),
                "the error names the node");
        continue;
      }
      require(!squint_api_run(context, NULL, &in, &out), "run");
      for (int64_t i = 0; i < n; ++i)
        require(y[i] == 2 * x[i], "the result");
      if (repeat == 5)
        require(!squint_api_set_threads(context, 2), "threads");
    }
    squint_api_context_destroy(context);
  }
  return NULL;
}

int main(void) {
  squint_model *model;
  require(!squint_api_model_create(NULL, &model), "model");
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i)
    pthread_create(&threads[i], NULL, use, model);
  for (int i = 0; i < 3; ++i)
    pthread_join(threads[i], NULL);
  squint_api_model_destroy(model);
  puts("done");
  return 0;
}
