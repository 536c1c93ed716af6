//===- Pipelines.h - the way of a model, as pass pipelines ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PIPELINES_PIPELINES_H
#define SQUINT_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "squint/Target/TargetInfo.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace squint {

/// Where a module is on its way. Each prints IR that parses again.
enum class Stage { Onnx, Squint, Quantized, Fused, Kernel, Llvm };

llvm::StringRef getStageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);

/// What a pipeline depends on besides the module.
struct PipelineOptions {
  /// Formats as the command line spells them; empty keeps floats.
  std::string weights, activations;
  /// A recipe's file instead of the two.
  std::string recipe;
  /// Samples for static activations.
  std::string calibration;
  /// Quantized operands are dequantized into memory: the reference for the
  /// fused kernels.
  bool reference = false;
  /// Indices from data are not checked.
  bool unsafeIndices = false;
};

/// The passes that bring a module from one stage's end to another's, as
/// `squint-opt --pass-pipeline` takes them. With `from` empty it starts right
/// after import.
std::string getPipeline(std::optional<Stage> from, Stage to,
                        const PipelineOptions &options);

/// Runs the pipeline stage by stage; `afterStage` sees the module at every
/// boundary.
mlir::LogicalResult
runPipeline(mlir::ModuleOp module, std::optional<Stage> from, Stage to,
            const PipelineOptions &options, bool timing = false,
            llvm::function_ref<mlir::LogicalResult(Stage, mlir::ModuleOp)>
                afterStage = {});

/// Records what the module is compiled for, the best target first (as
/// `TargetInfo::sort` leaves them).
void setTargets(mlir::ModuleOp module, llvm::ArrayRef<TargetInfo> targets);

} // namespace squint

#endif // SQUINT_PIPELINES_PIPELINES_H
