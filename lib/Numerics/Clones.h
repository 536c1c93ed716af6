//===- Clones.h - one function for every width of vectors -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_CLONES_H
#define SQUINT_LIB_NUMERICS_CLONES_H

/// Compiles an inner loop once for each width of vectors; the processor chooses
/// when the program starts. The bits are the same for all: what such a loop
/// adds up, it adds up in lanes of its own, and this library is compiled
/// without contraction to fused multiply-adds.
#if defined(__x86_64__) && defined(__linux__)
#define SQUINT_CLONES                                                          \
  __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SQUINT_CLONES
#endif

#endif // SQUINT_LIB_NUMERICS_CLONES_H
