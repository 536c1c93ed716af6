//===- Passes.h - decide and rewrite ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_PASSES_H
#define SQUINT_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::func {
class FuncOp;
} // namespace mlir::func

namespace squint {

#define GEN_PASS_DECL
#include "squint/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "squint/Transforms/Passes.h.inc"

} // namespace squint

#endif
