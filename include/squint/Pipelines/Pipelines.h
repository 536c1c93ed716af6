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
  /// Activations take their format beside weights only that kernels multiply
  /// with it in integers.
  bool integerOnly = false;
  /// Weights that are quantized already may take another format.
  bool requantize = false;
  /// How a language model keeps the keys and values of its tokens; empty: it
  /// takes whole sequences.
  std::string cache;
  /// The longest sequence, a number; empty: what the model says.
  std::string context;
  /// A recipe's file instead of the two.
  std::string recipe;
  /// A budget instead of formats of weights, and whether its plan may not use
  /// zero points.
  std::string budget;
  bool isSymmetric = false;
  /// The passes that the recipe's rewrites, methods and corrections are, as
  /// pipelines spell them; `readRecipeOptions` fills them in.
  std::vector<std::string> rewrites, methods, corrections;
  /// Samples for static activations and methods, how many of them, and how the
  /// ranges of static activations are found.
  std::string calibration;
  int64_t samples = 0;
  std::string observer;
  /// A file of importance for the method `imatrix`, instead of samples.
  std::string imatrix;
  /// Folder to keep results of long passes in, and to go on from.
  std::string checkpoint;
  /// Quantized weights are compared with what they were made from, for the
  /// report.
  bool summarize = false;
  /// Adapters that go beside the linears that they are for, folders or files,
  /// and whether they are added to the weights instead.
  std::vector<std::string> lora;
  bool mergeLora = false;
  /// The stage `quantized` ends with floats that are rounded, to be trained.
  bool fakeQuantize = false;
  /// Quantized operands are dequantized into memory: the reference for the
  /// fused kernels.
  bool reference = false;
  /// Indices from data are not checked.
  bool unsafeIndices = false;
  /// Of products on GPUs, instead of what the compiler's table says.
  std::string gpuTiles;
  /// Every rewrite that should leave the float function equal is followed by a
  /// comparison, on the samples if there are some.
  bool verifyRewrites = false;
};

/// Reads `options.recipe` for what the pipeline is to know of it; does nothing
/// without one. Errors are diagnostics: those of the file, and samples that are
/// missing.
mlir::LogicalResult readRecipeOptions(mlir::MLIRContext *context,
                                      PipelineOptions &options);

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

/// Chooses formats for a module in the stage `squint` and prints as a table
/// what each operator with a weight gets and why, rewrites before.
mlir::LogicalResult explainFormats(mlir::ModuleOp module,
                                   const PipelineOptions &options,
                                   llvm::raw_ostream &os);

/// Measures what formats cost a module in the stage `squint` and prints as a
/// table how little divergence each size of a library allows; the module takes
/// `squint.frontier`.
mlir::LogicalResult printFrontier(mlir::ModuleOp module,
                                  const PipelineOptions &options,
                                  llvm::raw_ostream &os);

/// Records what the module is compiled for, the best target first (as
/// `TargetInfo::sort` leaves them); of GPUs also the host's.
void setTargets(mlir::ModuleOp module, llvm::ArrayRef<TargetInfo> targets,
                const TargetInfo *host = nullptr);

} // namespace squint

#endif // SQUINT_PIPELINES_PIPELINES_H
