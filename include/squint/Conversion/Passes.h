//===- Passes.h - conversions from one level to the next ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_PASSES_H
#define SQUINT_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace squint {

#define GEN_PASS_DECL
#include "squint/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "squint/Conversion/Passes.h.inc"

/// Whether `squint-convert-onnx-to-linalg` has a lowering of its own for an
/// operation; `operation` is its full name.
bool hasLowering(llvm::StringRef operation);

} // namespace squint

#endif
