//===- Gguf.h - quantized language models as GGUF -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EXPORT_GGUF_H
#define SQUINT_EXPORT_GGUF_H

#include "mlir/IR/BuiltinOps.h"

namespace squint {

/// Writes the weights of a module of stage `quantized` as a GGUF file. `source`
/// is the GGUF file or the Hugging Face folder that the module was imported
/// from: metadata and the order of tensors are those of the file, or follow
/// from config.json (with the vocabulary of tokenizer.model, or none). Formats
/// are GGML's, f32, f16 and bf16; symmetric integers whose f16 scales are for
/// multiples of 32 columns become Q4_0, Q5_0 or Q8_0, which hold the same
/// numbers. Formats of activations are not written. Fails after diagnostics;
/// then no file is left behind.
mlir::LogicalResult exportGguf(mlir::ModuleOp module, llvm::StringRef path,
                               llvm::StringRef source);

} // namespace squint

#endif
