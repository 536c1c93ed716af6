/* The generated header and squint/Runtime/Abi.h describe the same structs. */
#include "squint/Runtime/Abi.h"

#include "scale.h"

#ifdef __cplusplus
#define SAME(A, B, FIELD)                                                      \
  static_assert(offsetof(A, FIELD) == offsetof(B, FIELD), #FIELD);
#define SAME_SIZE(A, B) static_assert(sizeof(A) == sizeof(B), #A);
#else
#define SAME(A, B, FIELD)                                                      \
  _Static_assert(offsetof(A, FIELD) == offsetof(B, FIELD), #FIELD);
#define SAME_SIZE(A, B) _Static_assert(sizeof(A) == sizeof(B), #A);
#endif

SAME_SIZE(squint_options, scale_options)
SAME(squint_options, scale_options, threads)
SAME(squint_options, scale_options, parallel_for)
SAME(squint_options, scale_options, parallel_for_user)
SAME(squint_options, scale_options, allocate)
SAME(squint_options, scale_options, deallocate)
SAME(squint_options, scale_options, allocator_user)
SAME(squint_options, scale_options, weights_path)
SAME(squint_options, scale_options, weights)
SAME(squint_options, scale_options, weights_size)
SAME(squint_options, scale_options, error_buffer)
SAME(squint_options, scale_options, error_buffer_size)
SAME_SIZE(squint_value_v1, scale_value_info)
SAME(squint_value_v1, scale_value_info, dtype)
SAME(squint_value_v1, scale_value_info, ndim)
SAME(squint_value_v1, scale_value_info, dims)
SAME(squint_value_v1, scale_value_info, dim_names)
SAME(squint_value_v1, scale_value_info, dim_symbols)
SAME_SIZE(squint_launch_v1, scale_launch_info)
SAME_SIZE(squint_profile_v1, scale_profile_entry)
#ifndef __cplusplus
_Static_assert((int)SCALE_INTERNAL_ERROR == (int)SQUINT_INTERNAL_ERROR, "");
_Static_assert((int)SCALE_INVALID_DATA == (int)SQUINT_INVALID_DATA, "");
_Static_assert((int)SCALE_IO_ERROR == (int)SQUINT_IO_ERROR, "");
#endif

int main(void) { return 0; }
