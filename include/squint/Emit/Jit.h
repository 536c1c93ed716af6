//===- Jit.h - the library in this process ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EMIT_JIT_H
#define SQUINT_EMIT_JIT_H

#include "squint/Runtime/Array.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <memory>

namespace squint {

/// The weights of a module in the llvm stage. Those in one piece of a mapped
/// file stay there, so the module's context must outlive this.
struct WeightsInMemory {
  const char *data = nullptr; // at a multiple of 64 bytes
  uint64_t size = 0;
  Array copy; // unless they are mapped

  /// Errors are diagnostics.
  static mlir::FailureOr<WeightsInMemory> get(mlir::ModuleOp module);
};

/// The very object that emitLibrary would write, loaded into this process; its
/// table is that of a shared library. The module's context must outlive it.
class JitLibrary {
public:
  ~JitLibrary();
  JitLibrary(const JitLibrary &) = delete;

  /// Of a module in the llvm stage. Without weights, each session brings its
  /// own: modules that differ in nothing else share the code. Errors are
  /// diagnostics.
  static mlir::FailureOr<std::unique_ptr<JitLibrary>>
  create(mlir::ModuleOp module, unsigned optLevel = 2, bool withWeights = true);

  const squint_library &table() const { return *description; }

private:
  struct Impl;
  JitLibrary();

  std::unique_ptr<Impl> impl;
  const squint_library *description = nullptr;
};

} // namespace squint

#endif // SQUINT_EMIT_JIT_H
