//===- Register.h - all dialects and passes ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PIPELINES_REGISTER_H
#define SQUINT_PIPELINES_REGISTER_H

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace squint {

/// Every dialect that a stage boundary can hold, with the interfaces that
/// lowering needs.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Squint's passes and pipelines, and those of MLIR that its pipelines are made
/// of.
void registerAllPasses();

/// Lets calibration run slices of a model as squintc would compile them;
/// `registerAllPasses` does it too.
void registerSliceCompilation();

/// Contexts made from the registry look for `#squint.data` files in `folder`,
/// and in those allowed.
void setDataFolder(mlir::DialectRegistry &registry, llvm::StringRef folder,
                   llvm::ArrayRef<std::string> allowed);

} // namespace squint

#endif // SQUINT_PIPELINES_REGISTER_H
