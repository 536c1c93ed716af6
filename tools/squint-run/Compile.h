//===- Compile.h - a model compiled in process --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TOOLS_RUN_COMPILE_H
#define SQUINT_TOOLS_RUN_COMPILE_H

#include "squint/Emit/Jit.h"
#include "squint/Import/Onnx.h"
#include "squint/Pipelines/Pipelines.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>

namespace squint {

/// What squintc would emit for this machine, loaded; the context goes last,
/// since weights stay in its mapped files.
struct LoadedModel {
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<JitLibrary> library;
};

/// Of an ONNX file. Null after diagnostics on standard error; `refused` says
/// whether the model is sound all the same: it was read, its shapes were
/// inferred or refused as such, and a later stage does not take it.
std::unique_ptr<LoadedModel> compileModel(llvm::StringRef path,
                                          const PipelineOptions &options,
                                          ImportOptions import, bool &refused);

} // namespace squint

#endif // SQUINT_TOOLS_RUN_COMPILE_H
