//===- RuntimeBitcode.cpp - the runtime's bitcode as bytes -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Runtime/RuntimeBitcode.h"

// clang-format off
#define SQUINT_EMBED(ARCH)                                                     \
  __asm__(".section .rodata.squint_runtime,\"a\",@progbits\n"                  \
          ".balign 16\n"                                                       \
          ".hidden squint_runtime_" ARCH "_begin\n"                            \
          ".globl squint_runtime_" ARCH "_begin\n"                             \
          "squint_runtime_" ARCH "_begin:\n"                                   \
          ".incbin \"" SQUINT_RUNTIME_FOLDER "/runtime-" ARCH ".bc\"\n"        \
          ".hidden squint_runtime_" ARCH "_end\n"                              \
          ".globl squint_runtime_" ARCH "_end\n"                               \
          "squint_runtime_" ARCH "_end:\n"                                     \
          ".previous\n")
// clang-format on

SQUINT_EMBED("x86_64");
SQUINT_EMBED("aarch64");

extern "C" {
extern const char squint_runtime_x86_64_begin[];
extern const char squint_runtime_x86_64_end[];
extern const char squint_runtime_aarch64_begin[];
extern const char squint_runtime_aarch64_end[];
}

llvm::StringRef squint::getRuntimeBitcode(llvm::Triple::ArchType arch) {
  switch (arch) {
  case llvm::Triple::x86_64:
    return {squint_runtime_x86_64_begin,
            size_t(squint_runtime_x86_64_end - squint_runtime_x86_64_begin)};
  case llvm::Triple::aarch64:
    return {squint_runtime_aarch64_begin,
            size_t(squint_runtime_aarch64_end - squint_runtime_aarch64_begin)};
  default:
    return {};
  }
}
