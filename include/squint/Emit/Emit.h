//===- Emit.h - from the llvm stage to a library ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EMIT_EMIT_H
#define SQUINT_EMIT_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <cstdint>
#include <optional>
#include <string>

namespace squint {

struct EmitOptions {
  /// Where to write; the extension says what: `.so`, `.a`, `.o`, `.s`, `.ll`
  /// or, for a GPU, `.ptx`. It is written aside and renamed when complete.
  std::string output;

  /// Starts every exported name; empty means the output's stem with
  /// everything but letters, digits and `_` replaced by `_`.
  std::string prefix;

  /// The C header; unset means beside a `.so`, `.a` or `.o`, with `.h`; empty
  /// means none.
  std::optional<std::string> header;

  /// A safetensors file for the weights instead of a section of the object;
  /// empty embeds them, except beyond `maxEmbeddedBytes`, where the file is
  /// named after the output. The library looks for the file's name in its own
  /// folder.
  std::string weightsFile;
  uint64_t maxEmbeddedBytes = uint64_t(1) << 30;

  /// What the library and its file of weights may take together; more is an
  /// error. 0 for anything.
  uint64_t maxBytes = 0;

  /// The linker of a `.so` (empty: LLVM's ld.lld) and the root under which
  /// its libc and libm are looked for (empty: the system's, or Debian's
  /// cross folder of the target).
  std::string linker;
  std::string sysroot;

  /// The assembler of GPU code (empty: ptxas where it is found, and PTX alone
  /// where not).
  std::string assembler;

  /// LLVM's level of optimisation, 0 to 3.
  unsigned optLevel = 2;
};

/// The prefix that `EmitOptions` means.
std::string getPrefix(const EmitOptions &options);

/// Emits a module of the LLVM dialect, in a context that can translate it
/// (registerAllDialects does), that has the functions `squint_plan` and
/// `squint_run` and the attributes that describe them. Errors are diagnostics;
/// after one nothing is left behind.
mlir::LogicalResult emitLibrary(mlir::ModuleOp module,
                                const EmitOptions &options);

} // namespace squint

#endif // SQUINT_EMIT_EMIT_H
