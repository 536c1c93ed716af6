/*===- Options.c - what the functions that create something are told -*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char squint_options_rule[] =
    "expected options with struct_size set, threads between 0 and 4096, "
    "sequences and capacity of at least 0, large_pages of 0 or -1, and "
    "allocate and deallocate together";

bool squint_read_options(const squint_options *from, squint_options *to) {
  memset(to, 0, sizeof(*to));
  to->struct_size = sizeof(*to);
  if (!from)
    return true;
  if (from->struct_size < sizeof(size_t))
    return false;
  size_t size = from->struct_size;
  memcpy(to, from, size < sizeof(*to) ? size : sizeof(*to));
  return !to->allocate == !to->deallocate && to->threads >= 0 &&
         to->threads <= SQUINT_MAX_THREADS && to->sequences >= 0 &&
         to->capacity >= 0 && (to->large_pages == 0 || to->large_pages == -1);
}

squint_allocator squint_allocator_of(const squint_options *options) {
  squint_allocator allocator = {options->allocate, options->deallocate,
                                options->allocator_user};
  return allocator;
}

int32_t squint_refuse_create(const squint_options *options, int32_t status,
                             const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (options->error_buffer && options->error_buffer_size)
    vsnprintf(options->error_buffer, options->error_buffer_size, format,
              arguments);
  va_end(arguments);
  return status;
}

int32_t squint_read_options_beside(const squint_model *model,
                                   const squint_options *from,
                                   squint_options *to,
                                   squint_allocator *allocator) {
  if (!squint_read_options(from, to))
    return squint_refuse_create(to, SQUINT_INVALID_ARGUMENT, "%s",
                                squint_options_rule);
  if (!model)
    return squint_refuse_create(to, SQUINT_INVALID_ARGUMENT,
                                "expected a model, got a null pointer");
  *allocator = to->allocate || !model->allocator.allocate
                   ? squint_allocator_of(to)
                   : model->allocator;
  return SQUINT_OK;
}
