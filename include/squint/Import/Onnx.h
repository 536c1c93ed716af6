//===- Onnx.h - ONNX models as IR ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_ONNX_H
#define SQUINT_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace squint {

struct ImportOptions {
  /// Folders outside the model's own that external data may lie in.
  std::vector<std::string> allowExternal;
  /// Symbolic dimensions of the inputs, by the model's name for them, and the
  /// sizes they get.
  std::map<std::string, int64_t> dims;
  /// If given, receives the paths of all files that the module's weights lie
  /// in, the model first.
  std::set<std::string> *files = nullptr;
  /// Whether an operator of a dialect (`onnx`, `msft`) can be compiled; if
  /// given, a model with others is refused with a list of them.
  bool (*isSupported)(llvm::StringRef dialect, llvm::StringRef name) = nullptr;
};

/// Reads an ONNX model into the onnx and msft dialects: one function `main`,
/// weights by reference to the mapped files, older operators in their newest
/// form, results of unknown shape (`squint-infer-shapes` comes next). Null
/// after diagnostics at locations that name the file and the node.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

/// The dialects that an imported module uses.
void registerImportDialects(mlir::DialectRegistry &registry);

} // namespace squint

#endif
