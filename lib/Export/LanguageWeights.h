//===- LanguageWeights.h - a language model's tensors -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the operators of a module of stage `quantized` hold, as the tensors that
// the model's file had: rewrites may have changed their numbers and formats,
// not the operators.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_LANGUAGEWEIGHTS_H
#define SQUINT_LIB_EXPORT_LANGUAGEWEIGHTS_H

#include "../Import/LanguageModel.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/MapVector.h"

namespace squint {

class LanguageWeights {
public:
  /// A constant, which is all of a tensor or some of its rows.
  struct Part {
    ConstantOp constant;
    std::string node;

    mlir::Type type() const { return ConstantOp(constant).getType(); }
  };
  using Parts = llvm::SmallVector<Part>;

  /// `target` is what errors call the files that are written.
  LanguageWeights(mlir::ModuleOp module, llvm::StringRef target)
      : module(module), target(target) {}

  mlir::LogicalResult collect(const Architecture &architecture);
  /// The head's weight becomes a tensor: always, or where it is not the table.
  void addHead();
  mlir::LogicalResult addOwnHead();

  /// By GGUF's names, in the order of the module.
  llvm::MapVector<mlir::StringAttr, Parts> tensors;

  mlir::StringAttr spell(const llvm::Twine &name) {
    return mlir::StringAttr::get(module.getContext(), name);
  }
  /// [rows, columns], or the size of a vector.
  static llvm::ArrayRef<int64_t> getShape(ConstantOp constant);
  static llvm::Expected<llvm::ArrayRef<char>> read(ConstantOp constant,
                                                   std::vector<char> &scratch) {
    return getConstantBytes(constant.getValue(), scratch);
  }

private:
  mlir::LogicalResult collectOp(mlir::Operation *op);
  void take(const llvm::Twine &name, ConstantOp weight, mlir::Operation *op) {
    tensors[spell(name)].push_back({weight, getNodeName(op).str()});
  }

  mlir::ModuleOp module;
  llvm::StringRef target;
  const Architecture *architecture = nullptr;
  ConstantOp table, head;
};

} // namespace squint

#endif
