//===- Report.h - what became of a model ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PIPELINES_REPORT_H
#define SQUINT_PIPELINES_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace squint {

/// Writes a JSON object about a module at any stage: its targets, inputs and
/// outputs as far as known, what `squint-summarize-quantization` found of its
/// layers, and either the packed weights by node (format, shape, bytes) or, at
/// the last stage, the launches (node, kernel) and the bytes of all weights.
/// With the extension .html it is a page of tables and plots instead, which
/// needs nothing besides itself.
llvm::Error writeReport(mlir::ModuleOp module, llvm::StringRef file);

} // namespace squint

#endif // SQUINT_PIPELINES_REPORT_H
