//===- WriteImportance.h - importance matrices from samples -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_WRITEIMPORTANCE_H
#define SQUINT_CALIBRATION_WRITEIMPORTANCE_H

#include "mlir/IR/BuiltinOps.h"

namespace squint {

/// Runs the samples through a module of stage `squint` and writes how large the
/// inputs of every linear and convolution are, as an importance matrix of
/// llama.cpp's: in its older form if `path` ends in `.dat`. Errors are
/// diagnostics.
mlir::LogicalResult writeImportance(mlir::ModuleOp module,
                                    llvm::StringRef calibration,
                                    llvm::StringRef path, int64_t jobs);

} // namespace squint

#endif
