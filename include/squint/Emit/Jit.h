//===- Jit.h - the library in this process ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EMIT_JIT_H
#define SQUINT_EMIT_JIT_H

#include "squint/Runtime/Abi.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <memory>

namespace squint {

/// The very object that emitLibrary would write, loaded into this process; its
/// table is that of a shared library. Weights in a mapped file stay there, so
/// the module's context must outlive the library.
class JitLibrary {
public:
  ~JitLibrary();
  JitLibrary(const JitLibrary &) = delete;

  /// Of a module in the llvm stage. Errors are diagnostics.
  static mlir::FailureOr<std::unique_ptr<JitLibrary>>
  create(mlir::ModuleOp module, unsigned optLevel = 2);

  const squint_library &table() const { return *description; }

private:
  struct Impl;
  JitLibrary();

  std::unique_ptr<Impl> impl;
  const squint_library *description = nullptr;
};

} // namespace squint

#endif // SQUINT_EMIT_JIT_H
