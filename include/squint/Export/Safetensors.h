//===- Safetensors.h - quantized language models as folders -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EXPORT_SAFETENSORS_H
#define SQUINT_EXPORT_SAFETENSORS_H

#include "mlir/IR/BuiltinOps.h"

namespace squint {

/// Writes the weights of a module of stage `quantized` as a Hugging Face folder
/// `folder`, which is made if it is not there: model.safetensors, config.json
/// and what the folder `source`, which the module was imported from, has of a
/// tokenizer. Linears of int4 and int8 by tensor, channel or groups that
/// divide the columns, with zero points or without, are packed as
/// compressed-tensors' pack-quantized, those of f8e4m3 by tensor or channel as
/// its float-quantized. Other weights are floats: f32 what their codes stand
/// for. Formats of activations are not written. Fails after diagnostics; then
/// no file is left behind.
mlir::LogicalResult exportSafetensors(mlir::ModuleOp module,
                                      llvm::StringRef folder,
                                      llvm::StringRef source);

} // namespace squint

#endif
