/* A program that uses the library of scale.mlir through its header: C11, and
 * C++17 when compiled as such. */
#include "scale.h"

#include <stdio.h>
#include <string.h>

static int32_t in_order(void *user, scale_body body, void *args, int64_t n,
                        int64_t grain) {
  int64_t i;
  ++*(int *)user;
  for (i = 0; i < n; i += grain) {
    int32_t status = body(args, i, i + grain < n ? i + grain : n, 0);
    if (status)
      return status;
  }
  return 0;
}

int main(void) {
  float x[12], y[12];
  int64_t shape[2] = {3, 4}, planned[2] = {0, 0};
  int launches = 0, i;
  char error[256] = "";
  scale_model *model = NULL;
  scale_context *context = NULL;
  scale_state *state = NULL;
  scale_options options;
  squint_tensor inputs[SCALE_NUM_INPUTS], outputs[SCALE_NUM_OUTPUTS];
  scale_profile_entry entry;

  memset(&options, 0, sizeof(options));
  options.struct_size = sizeof(options);
  options.threads = 2;
  options.parallel_for = in_order;
  options.parallel_for_user = &launches;
  options.error_buffer = error;
  options.error_buffer_size = sizeof(error);
  if (scale_model_create(&options, &model) != SCALE_OK ||
      scale_context_create(model, &options, &context) != SCALE_OK ||
      scale_state_create(model, &options, &state) != SCALE_OK) {
    printf("create: %s\n", error);
    return 1;
  }
  printf("%s[%s, %s]: code %d, %d bits\n", scale_input(0)->name,
         scale_input(0)->dim_names[0], scale_input(0)->dim_names[1],
         scale_input(0)->dtype.code, scale_input(0)->dtype.bits);
  printf("launch %s of %s\n", scale_launch(0)->kernel, scale_launch(0)->node);

  memset(inputs, 0, sizeof(inputs));
  inputs[SCALE_INPUT_X].data = x;
  inputs[SCALE_INPUT_X].device.device_type = 1;
  inputs[SCALE_INPUT_X].ndim = 2;
  inputs[SCALE_INPUT_X].dtype = scale_input(SCALE_INPUT_X)->dtype;
  inputs[SCALE_INPUT_X].shape = shape;
  outputs[SCALE_OUTPUT_Y] = inputs[SCALE_INPUT_X];
  outputs[SCALE_OUTPUT_Y].data = y;
  for (i = 0; i < 12; ++i)
    x[i] = (float)i;

  scale_prepare(context, inputs);
  scale_output_shape(context, SCALE_OUTPUT_Y, planned);
  printf("%d x %d, %d bytes, %d threads\n", (int)planned[0], (int)planned[1],
         (int)scale_workspace_bytes(context), (int)scale_threads(context));
  scale_profile(context, 1);
  if (scale_run(context, state, inputs, outputs) != SCALE_OK) {
    printf("run: %s\n", scale_error_text(context));
    return 1;
  }
  for (i = 0; i < 12; ++i)
    printf("%g%c", (double)y[i], i == 11 ? '\n' : ' ');
  scale_profile_read(context, 0, &entry);
  printf("%d calls, %d launches\n", (int)entry.calls, launches);

  shape[1] = 5;
  i = scale_run(context, NULL, inputs, outputs);
  printf("%s: %s\n", scale_status_text(i), scale_error_text(context));
  scale_state_destroy(state);
  scale_context_destroy(context);
  scale_model_destroy(model);
  return 0;
}
