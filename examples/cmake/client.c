/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Classifies four inputs with the compiled model and prints the classes. */
#include "classifier.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 4, INPUTS = 64, CLASSES = 4 };

static void check(int32_t status, const classifier_context *context) {
  if (status == CLASSIFIER_OK)
    return;
  fprintf(stderr, "client: %s\n",
          context ? classifier_error_text(context)
                  : classifier_status_text(status));
  exit(1);
}

int main(void) {
  /* Input i lights up the i-th quarter. */
  static float x[BATCH][INPUTS], probabilities[BATCH][CLASSES];
  for (int i = 0; i < BATCH; ++i)
    for (int j = 0; j < INPUTS / CLASSES; ++j)
      x[i][i * INPUTS / CLASSES + j] = 0.25f;

  classifier_model *model = NULL;
  classifier_context *context = NULL;
  check(classifier_model_create(NULL, &model), NULL);
  check(classifier_context_create(model, NULL, &context), NULL);

  int64_t x_shape[] = {BATCH, INPUTS}, probabilities_shape[] = {BATCH, CLASSES};
  squint_tensor input = {x, {1, 0}, 2, {2, 32, 1}, x_shape, NULL, 0};
  squint_tensor output = {probabilities,       {1, 0}, 2, {2, 32, 1},
                          probabilities_shape, NULL,   0};
  check(classifier_run(context, NULL, &input, &output), context);

  for (int i = 0; i < BATCH; ++i) {
    int best = 0;
    for (int c = 1; c < CLASSES; ++c)
      if (probabilities[i][c] > probabilities[i][best])
        best = c;
    printf("input %d: class %d (%.3f)\n", i, best, probabilities[i][best]);
  }

  classifier_context_destroy(context);
  classifier_model_destroy(model);
  return 0;
}
