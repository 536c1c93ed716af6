/* Runs a model of one input and one output on every target that the library
   has and this processor runs; prints the bits of the output. */
#include "client-data.h"
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const targets[] = {TARGETS};

int main(void) {
  for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); ++t) {
    char error[256] = "";
    model_options options = {sizeof(options)};
    options.threads = 1;
    options.target = targets[t];
    options.error_buffer = error;
    options.error_buffer_size = sizeof(error);
    model_model *model;
    model_context *context;
    if (model_model_create(&options, &model) ||
        model_context_create(model, &options, &context)) {
      printf("%s: %s\n", targets[t], error);
      continue;
    }
    int64_t shape[] = {SHAPE}, result[8];
    squint_tensor input = {(void *)data, {1, 0}, RANK, {2, 32, 1},
                           shape,        NULL,   0};
    squint_tensor output = input;
    output.shape = result;
    if (model_prepare(context, &input) ||
        model_output_shape(context, 0, result))
      return 1;
    output.ndim = model_output(0)->ndim;
    size_t size = 1;
    for (int32_t i = 0; i < output.ndim; ++i)
      size *= (size_t)result[i];
    uint32_t *out = malloc(size * 4);
    output.data = out;
    if (model_run(context, NULL, &input, &output)) {
      printf("%s: %s\n", targets[t], model_error_text(context));
      return 1;
    }
    printf("%s:", targets[t]);
    for (size_t i = 0; i < size; ++i)
      printf(" %08x", out[i]);
    printf("\n");
    free(out);
    model_context_destroy(context);
    model_model_destroy(model);
  }
  return 0;
}
