//===- SliceCompiler.h - who runs the slices --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Calibration runs parts of the model through the pipelines, which are built on
// top of it. So they hand in the compiler, once per process.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_SLICECOMPILER_H
#define SQUINT_CALIBRATION_SLICECOMPILER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "squint/Runtime/Library.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <memory>

namespace squint {

/// A slice that runs.
class CompiledSlice {
public:
  virtual ~CompiledSlice();
  virtual Session &session() = 0;
};

/// Compiles the slices of one model, one after the other.
class SliceCompiler {
public:
  virtual ~SliceCompiler();
  /// Of a module in the stage `squint`, with a function `main` of static
  /// shapes, which it lowers in place. Errors are diagnostics.
  virtual mlir::FailureOr<std::unique_ptr<CompiledSlice>>
  compile(mlir::ModuleOp module, int threads) = 0;
};

struct SliceCompilation {
  std::function<std::unique_ptr<SliceCompiler>()> create;
  /// The dialects that compiling needs; they must be loaded before passes run.
  void (*addDialects)(mlir::DialectRegistry &) = nullptr;
};

void setSliceCompilation(SliceCompilation compilation);
/// `create` is null where nobody set it.
const SliceCompilation &getSliceCompilation();
/// The dialects of passes that compile slices: ours, and those that compiling
/// needs.
void addSliceDialects(mlir::DialectRegistry &registry);

/// Is told how far calibration is: `done` of `total` samples through a slice.
using ProgressCallback =
    std::function<void(llvm::StringRef what, int64_t done, int64_t total)>;
void setCalibrationProgress(ProgressCallback progress);
const ProgressCallback &getCalibrationProgress();

} // namespace squint

#endif // SQUINT_CALIBRATION_SLICECOMPILER_H
