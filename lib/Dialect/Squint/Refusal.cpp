//===- Refusal.cpp - errors about what is not built -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

static constexpr llvm::StringLiteral mark = "refusal";

InFlightDiagnostic squint::refusal(InFlightDiagnostic diagnostic) {
  if (Diagnostic *error = diagnostic.getUnderlyingDiagnostic())
    error->getMetadata().push_back(DiagnosticArgument(mark));
  return diagnostic;
}

bool squint::isRefusal(Diagnostic &diagnostic) {
  return llvm::any_of(diagnostic.getMetadata(), [](DiagnosticArgument &note) {
    return note.getKind() ==
               DiagnosticArgument::DiagnosticArgumentKind::String &&
           note.getAsString() == mark;
  });
}
