//===- Refusal.h - errors about what is not built -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An error says either that a model is broken or that a sound model asks for
// something that this compiler does not do. Until shapes are inferred both
// occur, and the second kind is marked; later stages only refuse.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_REFUSAL_H
#define SQUINT_DIALECT_SQUINT_REFUSAL_H

#include "mlir/IR/Diagnostics.h"

namespace squint {

/// Marks an error as a refusal.
mlir::InFlightDiagnostic refusal(mlir::InFlightDiagnostic diagnostic);
bool isRefusal(mlir::Diagnostic &diagnostic);

} // namespace squint

#endif // SQUINT_DIALECT_SQUINT_REFUSAL_H
