/*===- Processor.c - what this machine runs ------------------------*- C
-*-===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
\*===----------------------------------------------------------------------===*/

#include "Runtime.h"

#include <stdio.h>

#if defined(__x86_64__)

#include <sys/syscall.h>
#include <unistd.h>

typedef enum { NONE, YMM, ZMM, TILES, APX } saved_state;

enum {
#define SQUINT_CPU_WORD(word) WORD_##word,
#include "squint/Runtime/CpuFeatures.def"
  NUM_WORDS
};

static const struct {
  char name[16];
  uint8_t word, bit, state;
} known[] = {
#define SQUINT_CPU_FEATURE(name, llvm, word, bit, state)                       \
  {llvm, WORD_##word, bit, state},
#include "squint/Runtime/CpuFeatures.def"
};

enum { NUM_KNOWN = sizeof(known) / sizeof(known[0]) };
_Static_assert(NUM_KNOWN <= 64, "a mask of features has 64 bits");

static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                   : "a"(leaf), "c"(subleaf));
}

static void read_words(uint32_t words[NUM_WORDS]) {
  enum { A, B, C, D };
  uint32_t zero[4], extended[4], out[4];
  cpuid(0, 0, zero);
  cpuid(1, 0, out);
  words[WORD_1_C] = out[C];
  if (zero[A] >= 7) {
    cpuid(7, 0, out);
    words[WORD_7_B] = out[B];
    words[WORD_7_C] = out[C];
    words[WORD_7_D] = out[D];
    if (out[A] >= 1) {
      cpuid(7, 1, out);
      words[WORD_7_1_A] = out[A];
      words[WORD_7_1_D] = out[D];
    }
  }
  if (zero[A] >= 0x24 && words[WORD_7_1_D] >> 19 & 1) {
    cpuid(0x24, 0, out);
    uint32_t version = out[B] & 0xff;
    words[WORD_AVX10] = (2u << (version < 30 ? version : 30)) - 1;
  }
  cpuid(0x80000000, 0, extended);
  if (extended[A] >= 0x80000001) {
    cpuid(0x80000001, 0, out);
    words[WORD_80000001_C] = out[C];
  }
}

/* The registers that the system saves; a feature counts only with its own. */
static uint32_t read_states(uint32_t leaf1c) {
  uint32_t states = 1u << NONE, low = 0, high = 0;
  if (leaf1c >> 27 & 1)
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  states |= (uint32_t)((low & 0x06) == 0x06) << YMM;
  states |= (uint32_t)((low & 0xe6) == 0xe6) << ZMM;
  states |= (low >> 19 & 1) << APX;
  return states;
}

/* Linux gives a process its tile registers when it asks. */
static bool ask_for_tiles(void) {
  enum { GET_PERMITTED = 0x1022, REQUEST = 0x1023, TILE_DATA = 18 };
  uint64_t permitted = 0, tiles = (uint64_t)3 << 17;
  return !syscall(SYS_arch_prctl, REQUEST, TILE_DATA) &&
         !syscall(SYS_arch_prctl, GET_PERMITTED, &permitted) &&
         (permitted & tiles) == tiles;
}

uint64_t squint_cpu_missing(uint64_t required) {
  uint32_t words[NUM_WORDS] = {0};
  read_words(words);
  uint32_t states = read_states(words[WORD_1_C]);
  uint64_t missing = 0;
  bool tiles = false;
  for (int i = 0; i < NUM_KNOWN; ++i) {
    if (!(required >> i & 1))
      continue;
    bool here = words[known[i].word] >> known[i].bit & 1;
    if (here && known[i].state == TILES)
      here = tiles = tiles || ask_for_tiles();
    else
      here = here && states >> known[i].state & 1;
    missing |= (uint64_t)!here << i;
  }
  return missing;
}

void squint_cpu_names(uint64_t features, char *out, size_t size) {
  size_t used = 0;
  for (int i = 0; i < NUM_KNOWN; ++i)
    if (features >> i & 1 && used < size)
      used += (size_t)snprintf(out + used, size - used, "%s%s",
                               used ? ", " : "", known[i].name);
}

#else

uint64_t squint_cpu_missing(uint64_t required) { return required; }

void squint_cpu_names(uint64_t features, char *out, size_t size) {
  (void)features;
  snprintf(out, size, "%s", "nothing");
}

#endif
