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

/// Whether the shapes of an operation's results can be inferred, and whether
/// `squint-expand-functions` replaces it; `operation` is its full name.
bool hasShapeRule(llvm::StringRef operation);
bool isExpanded(llvm::StringRef operation);

/// On attention of whole sequences: no query is hidden from its own token,
/// which squint-find-positions makes sure of, and the operands of a
/// GroupQueryAttention that say how long sequences are mean nothing.
inline constexpr llvm::StringLiteral kWholeAttr = "squint.whole";
} // namespace squint::onnx

#endif
