//===- Diagnostics.h - diagnostics that name file and node --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_DIAGNOSTICS_H
#define SQUINT_IMPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace squint {

/// Prints each diagnostic as one line, `FILE: error: node 'NAME': RULE`, with
/// the file and the node of its location. Locations in text (`x.mlir:3:5`) keep
/// line and column.
class DiagnosticPrinter : public mlir::ScopedDiagnosticHandler {
public:
  explicit DiagnosticPrinter(mlir::MLIRContext *context,
                             llvm::raw_ostream &os = llvm::errs());

  /// Whether every error so far was a refusal, and there was one.
  bool onlyRefused() const { return refusals && refusals == errors; }

private:
  int errors = 0, refusals = 0;
};

} // namespace squint

#endif
