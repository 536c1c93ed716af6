//===- Passes.h - from kernels on tensors to functions ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_LOWER_PASSES_H
#define SQUINT_CONVERSION_LOWER_PASSES_H

#include "mlir/Pass/Pass.h"

namespace squint {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "squint/Conversion/Lower/Passes.h.inc"

} // namespace squint

#endif // SQUINT_CONVERSION_LOWER_PASSES_H
