//===- Onnx.h - ONNX models as IR ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_ONNX_H
#define SQUINT_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace squint {

/// What an input holds that is a sequence or an optional: the shapes of its
/// elements, one of an optional tensor.
struct InputElements {
  std::vector<std::vector<int64_t>> shapes;
  /// An optional without a value.
  bool isAbsent = false;
};

struct ImportOptions {
  /// Folders outside the model's own that external data may lie in.
  std::vector<std::string> allowExternal;
  /// Symbolic dimensions of the inputs, by the model's name for them, and the
  /// sizes they get.
  std::map<std::string, int64_t> dims;
  /// Inputs that are sequences or optionals, by name. Such an input becomes as
  /// many arguments, `name.0`, `name.1` and so on; that of an optional tensor
  /// keeps its name.
  std::map<std::string, InputElements> elements;
  /// Inputs of integers or booleans that are constants and no arguments, by
  /// name, with their elements: what decides the length of a sequence.
  std::map<std::string, std::vector<int64_t>> values;
  /// If given, receives the paths of all files that the module's weights lie
  /// in, the model first.
  std::set<std::string> *files = nullptr;
  /// Whether an operator of a dialect (`onnx`, `msft`) can be compiled; if
  /// given, a model with others is refused with a list of them.
  bool (*isSupported)(llvm::StringRef dialect, llvm::StringRef name) = nullptr;
};

/// What an input or output of a model is.
enum class ValueKind { Tensor, Sequence, OptionalTensor, OptionalSequence };
struct ModelValue {
  std::string name;
  ValueKind kind;
  /// An input that is no argument, for ImportOptions::values has it.
  bool isFixed = false;
};
/// The inputs that callers give, and the outputs, in order.
struct ModelValues {
  std::vector<ModelValue> inputs, outputs;
};
llvm::Expected<ModelValues> readModelValues(llvm::StringRef path);

/// Parses `name=2x3,4x3`: `()` is the shape of a scalar, nothing an empty
/// sequence, and `none` an optional without a value.
llvm::Expected<std::pair<std::string, InputElements>>
parseInputElements(llvm::StringRef text);

/// Parses `name=2,3,4`.
llvm::Expected<std::pair<std::string, std::vector<int64_t>>>
parseInputValue(llvm::StringRef text);

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
