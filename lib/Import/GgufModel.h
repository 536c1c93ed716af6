//===- GgufModel.h - what a GGUF file says of a model -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_GGUFMODEL_H
#define SQUINT_LIB_IMPORT_GGUFMODEL_H

#include "LanguageModel.h"
#include "mlir/IR/Diagnostics.h"
#include "squint/Import/Gguf.h"
#include "llvm/ADT/StringSet.h"

namespace squint {

/// The numbers of a language model, from a file's metadata. Errors name the
/// metadata or the tensor and the rule.
class GgufModel {
public:
  GgufModel(const GgufFile &file, mlir::Location loc) : file(file), loc(loc) {}

  /// Everything that is said of the architecture.
  mlir::LogicalResult read();

  bool has(llvm::StringRef name) const { return file.find(name) != nullptr; }
  /// Null after an error.
  const GgufTensor *find(llvm::StringRef name, llvm::ArrayRef<int64_t> shape);
  mlir::InFlightDiagnostic tensorError(llvm::StringRef name) {
    return error() << "tensor '" << name << "': ";
  }
  /// Whether `find` has found all tensors.
  mlir::LogicalResult checkTensors();

  LanguageModel model;
  /// Names of tensors that have been read.
  llvm::StringSet<> used;

private:
  mlir::InFlightDiagnostic error() { return mlir::emitError(loc); }
  mlir::InFlightDiagnostic keyError(llvm::StringRef key) {
    return error() << "metadata '" << spell(key) << "': ";
  }
  mlir::LogicalResult fail(llvm::Error failure) {
    return error() << llvm::toString(std::move(failure));
  }

  // Metadata of the architecture, by the rest of their names.
  std::string spell(llvm::StringRef key) {
    seen.insert(key);
    return (model.architecture->name + "." + key).str();
  }
  /// A count from 1 to `most`; `otherwise` where it is left out, an error where
  /// that is 0.
  mlir::LogicalResult readSize(llvm::StringRef key, int64_t &size, int64_t most,
                               int64_t otherwise = 0);
  /// A finite number above 0.
  mlir::LogicalResult readNumber(llvm::StringRef key, double &number,
                                 double otherwise = 0);
  mlir::LogicalResult readArchitecture();
  mlir::LogicalResult readSizes();
  mlir::LogicalResult readScaling();
  mlir::LogicalResult readYarn(double factor, int64_t original);
  mlir::LogicalResult readFactors(llvm::StringRef tensor,
                                  std::vector<float> &factors);
  mlir::LogicalResult readWindows();
  mlir::LogicalResult checkMetadata();

  const GgufFile &file;
  mlir::Location loc;
  /// Names of metadata that have been read.
  llvm::StringSet<> seen;
};

} // namespace squint

#endif
