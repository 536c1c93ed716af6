//===- Attention.h - what lowerings of attention share ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H
#define SQUINT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H

#include "mlir/IR/Operation.h"

namespace squint::lowering {

/// Tells a kernel to multiply integers in attention where the operator is to.
void copyActivationFormat(mlir::Operation *from, mlir::Operation *to);

} // namespace squint::lowering

#endif // SQUINT_LIB_CONVERSION_ONNXTOLINALG_ATTENTION_H
