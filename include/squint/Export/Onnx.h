//===- Onnx.h - quantized models as ONNX --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_EXPORT_ONNX_H
#define SQUINT_EXPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace squint {

struct OnnxExportOptions {
  /// The file beside the model that weights go to; a model of more than 1 GB
  /// gets one in any case, `OUTPUT.data`.
  std::string weightsFile;
  /// Weights whose format ONNX cannot say are written as floats instead of
  /// being refused.
  bool allowFloats = false;
};

/// Writes a module of stage `squint` or `quantized` as an ONNX model that
/// computes the same: operators of the onnx and msft dialects as themselves,
/// those of the squint dialect in ONNX's, packed weights as integers behind a
/// DequantizeLinear or in a MatMulNBits, quantized activations between
/// QuantizeLinear and DequantizeLinear (static) or as the operators that their
/// rule consists of (by token and by group). Fails after diagnostics; then no
/// file is left behind.
mlir::LogicalResult exportOnnx(mlir::ModuleOp module, llvm::StringRef path,
                               const OnnxExportOptions &options = {});

} // namespace squint

#endif
