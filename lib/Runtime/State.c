/*===- State.c - what a model remembers between runs ---------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Blocks of tokens follow one another, so that the memory behind the longest *|
|* sequence is never touched, and what is in use is the front of it.          *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <string.h>

enum { STATE_ALIGNMENT = 64, MAX_SEQUENCES = 1 << 16 };
/* More would only be a way to overflow. */
#define MAX_CAPACITY ((int64_t)1 << 30)
#define MAX_MEMORY ((uint64_t)1 << 46)

/* Before a saved state: then the lengths, then the blocks. */
typedef struct {
  char magic[8];
  uint8_t digest[16];
  int64_t sequences;
  int64_t blocks; /* of each sequence */
} saved_state;

static const char saved_magic[8] = {'s', 'q', 'u', 'i', 'n', 't', '.', '1'};

/* What a model without a state has. */
static const squint_state_v1 nothing = {0, 1, 0, 0, 1, 1, {0}};

static const squint_state_v1 *kind(void) {
  return squint_library_v1.state ? squint_library_v1.state : &nothing;
}

/* Of so many blocks of each sequence, with what lies before them. */
static uint64_t bytes_of(int64_t sequences, int64_t blocks) {
  if (!blocks)
    return 0;
  return (uint64_t)sequences *
         (kind()->front_bytes + (uint64_t)blocks * kind()->block_bytes);
}

static int64_t blocks_of(int64_t tokens) {
  int64_t size = kind()->block_tokens;
  return tokens / size + (tokens % size != 0);
}

API int32_t squint_api_state_create(squint_model *model,
                                    const squint_options *given,
                                    squint_state **result) {
  squint_options options;
  squint_allocator allocator;
  if (!result)
    return SQUINT_INVALID_ARGUMENT;
  *result = NULL;
  int32_t status =
      squint_read_options_beside(model, given, &options, &allocator);
  if (status)
    return status;
  int64_t sequences = options.sequences ? options.sequences : 1;
  int64_t capacity = options.capacity ? options.capacity : kind()->context;
  if (sequences > MAX_SEQUENCES || capacity > kind()->context ||
      capacity > MAX_CAPACITY)
    return squint_refuse_create(
        &options, SQUINT_INVALID_ARGUMENT,
        "expected at most %d sequences of %lld tokens, got %lld of %lld",
        (int)MAX_SEQUENCES, (long long)kind()->context, (long long)sequences,
        (long long)capacity);
  uint64_t most = MAX_MEMORY / (uint64_t)sequences;
  if (kind()->front_bytes > most ||
      (kind()->block_bytes &&
       (uint64_t)blocks_of(capacity) >
           (most - kind()->front_bytes) / kind()->block_bytes))
    return squint_refuse_create(&options, SQUINT_OUT_OF_MEMORY,
                                "out of memory");

  size_t size = sizeof(squint_state) + (size_t)sequences * sizeof(int64_t);
  squint_state *state = squint_memory_get(&allocator, size, 16);
  if (!state)
    return squint_refuse_create(&options, SQUINT_OUT_OF_MEMORY,
                                "out of memory");
  memset(state, 0, size);
  state->model = model;
  state->allocator = allocator;
  state->size = size;
  state->sequences = sequences;
  state->capacity = capacity;
  state->memory_size = bytes_of(sequences, blocks_of(capacity));
  if (state->memory_size && squint_gpu_of(model))
    squint_gpu_get(squint_gpu_of(model), state->memory_size, &state->memory);
  else if (state->memory_size)
    state->memory =
        squint_memory_get(&allocator, state->memory_size, STATE_ALIGNMENT);
  if (state->memory_size && !state->memory) {
    squint_memory_free(&allocator, state, size);
    return squint_refuse_create(
        &options, SQUINT_OUT_OF_MEMORY, "cannot allocate a state of %llu bytes",
        (unsigned long long)bytes_of(sequences, blocks_of(capacity)));
  }
  *result = state;
  return SQUINT_OK;
}

API void squint_api_state_destroy(squint_state *state) {
  if (!state)
    return;
  squint_allocator allocator = state->allocator;
  if (squint_gpu_of(state->model))
    squint_gpu_free(squint_gpu_of(state->model), state->memory);
  else
    squint_memory_free(&allocator, state->memory, state->memory_size);
  squint_memory_free(&allocator, state, state->size);
}

API int64_t squint_api_state_length(const squint_state *state,
                                    int64_t sequence) {
  if (!state || sequence < 0 || sequence >= state->sequences)
    return -1;
  return state->lengths[sequence];
}

API int32_t squint_api_state_rewind(squint_state *state, int64_t sequence,
                                    int64_t length) {
  if (!state || sequence < 0 || sequence >= state->sequences || length < 0 ||
      length > state->lengths[sequence])
    return SQUINT_INVALID_ARGUMENT;
  state->lengths[sequence] = length;
  return SQUINT_OK;
}

/* Blocks up to the end of the longest sequence. */
static int64_t used_blocks(const squint_state *state) {
  int64_t longest = 0;
  for (int64_t i = 0; i < state->sequences; ++i)
    if (state->lengths[i] > longest)
      longest = state->lengths[i];
  return blocks_of(longest);
}

/* Of the first bytes of a state's memory. */
static int32_t copy_memory(const squint_state *state, squint_gpu_way way,
                           void *to, const void *from, uint64_t size) {
  squint_gpu *gpu = squint_gpu_of(state->model);
  if (!gpu) {
    if (size)
      memcpy(to, from, size);
    return SQUINT_OK;
  }
  int32_t status = squint_gpu_copy(gpu, NULL, way, to, from, size);
  return status ? status : squint_gpu_wait(gpu, NULL);
}

API int32_t squint_api_state_copy(const squint_state *from, squint_state *to) {
  if (!from || !to || from->model != to->model ||
      from->sequences != to->sequences)
    return SQUINT_INVALID_ARGUMENT;
  int64_t blocks = used_blocks(from);
  for (int64_t i = 0; i < from->sequences; ++i)
    if (from->lengths[i] > to->capacity)
      return SQUINT_INVALID_ARGUMENT;
  if (from == to)
    return SQUINT_OK;
  memcpy(to->lengths, from->lengths, (size_t)from->sequences * sizeof(int64_t));
  return copy_memory(from, SQUINT_ON_GPU, to->memory, from->memory,
                     bytes_of(from->sequences, blocks));
}

API uint64_t squint_api_state_bytes(const squint_state *state) {
  if (!state)
    return 0;
  return sizeof(saved_state) + (uint64_t)state->sequences * sizeof(int64_t) +
         bytes_of(state->sequences, used_blocks(state));
}

API int32_t squint_api_state_save(const squint_state *state, void *data,
                                  uint64_t size) {
  if (!state || !data || size < squint_api_state_bytes(state))
    return SQUINT_INVALID_ARGUMENT;
  saved_state head;
  memset(&head, 0, sizeof(head));
  memcpy(head.magic, saved_magic, sizeof(head.magic));
  memcpy(head.digest, kind()->digest, sizeof(head.digest));
  head.sequences = state->sequences;
  head.blocks = used_blocks(state);
  char *at = data;
  memcpy(at, &head, sizeof(head));
  at += sizeof(head);
  memcpy(at, state->lengths, (size_t)state->sequences * sizeof(int64_t));
  at += (size_t)state->sequences * sizeof(int64_t);
  return copy_memory(state, SQUINT_FROM_GPU, at, state->memory,
                     bytes_of(state->sequences, head.blocks));
}

API int32_t squint_api_state_load(squint_state *state, const void *data,
                                  uint64_t size) {
  saved_state head;
  if (!state || !data || size < sizeof(head))
    return SQUINT_INVALID_ARGUMENT;
  memcpy(&head, data, sizeof(head));
  if (memcmp(head.magic, saved_magic, sizeof(head.magic)) ||
      memcmp(head.digest, kind()->digest, sizeof(head.digest)) ||
      head.sequences != state->sequences)
    return SQUINT_INVALID_DATA;
  size_t lengths_size = (size_t)state->sequences * sizeof(int64_t);
  int64_t most = blocks_of(state->capacity), longest = 0;
  if (head.blocks < 0 || head.blocks > most ||
      size !=
          sizeof(head) + lengths_size + bytes_of(state->sequences, head.blocks))
    return SQUINT_INVALID_DATA;
  const char *lengths = (const char *)data + sizeof(head);
  for (int64_t i = 0; i < state->sequences; ++i) {
    int64_t length;
    memcpy(&length, lengths + (size_t)i * sizeof(length), sizeof(length));
    if (length < 0 || length > state->capacity)
      return SQUINT_INVALID_DATA;
    if (length > longest)
      longest = length;
  }
  if (blocks_of(longest) != head.blocks)
    return SQUINT_INVALID_DATA;
  memcpy(state->lengths, lengths, lengths_size);
  return copy_memory(state, SQUINT_TO_GPU, state->memory,
                     lengths + lengths_size,
                     bytes_of(state->sequences, head.blocks));
}
