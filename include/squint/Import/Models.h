//===- Models.h - model files of any kind as IR -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_MODELS_H
#define SQUINT_IMPORT_MODELS_H

#include "squint/Import/Onnx.h"

namespace squint {

/// Whether the file starts as GGUF does; false where it cannot be read.
bool isGgufFile(llvm::StringRef path);

/// Reads the language model of a GGUF file: one function `main`, input_ids
/// [batch, sequence] to logits [batch, sequence, vocabulary], all sizes known.
/// Weights are references to the mapped file in the formats that they have.
/// Null after diagnostics that name the file, and the tensor or the metadata.
mlir::OwningOpRef<mlir::ModuleOp> importGguf(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

/// The same of a folder in Hugging Face's layout: config.json, and
/// model.safetensors or the files that model.safetensors.index.json names.
/// Floats are references to the mapped files; the codes of AWQ, GPTQ and
/// compressed-tensors are packed anew.
mlir::OwningOpRef<mlir::ModuleOp>
importHuggingFace(llvm::StringRef folder, mlir::MLIRContext &context,
                  const ImportOptions &options = {});

} // namespace squint

#endif
