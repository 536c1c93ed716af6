//===- Passes.h - passes over the onnx dialect --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_PASSES_H
#define SQUINT_DIALECT_ONNX_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace squint::onnx {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "squint/Dialect/Onnx/Passes.h.inc"
} // namespace squint::onnx

#endif
