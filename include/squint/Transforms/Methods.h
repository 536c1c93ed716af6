//===- Methods.h - how weights are quantized and rewritten ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// One row for each method of choosing codes, each rewrite and each correction:
// its name in recipes, the pass that carries it out and its options. Recipes,
// the pipeline and the documentation read this table and nothing else.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_METHODS_H
#define SQUINT_TRANSFORMS_METHODS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace squint {

enum class OptionKind { Flag, Integer, Number, Text };

/// An option of a method; passes spell it as they spell their own, recipes too.
struct MethodOption {
  llvm::StringLiteral name;
  OptionKind kind;
  llvm::StringLiteral summary;
  /// Bounds of an integer or a number, both legal.
  double min = 0, max = 0;
  /// The words that a text may be, separated by `|`.
  llvm::StringLiteral words = "";
};

struct MethodInfo {
  llvm::StringLiteral name;
  llvm::StringLiteral pass;
  bool needsSamples;
  llvm::StringLiteral summary;
  llvm::ArrayRef<MethodOption> options;
  /// The option, as pipelines spell it, with which samples are needed too.
  llvm::StringLiteral samplesOption = "";

  const MethodOption *lookup(llvm::StringRef option) const;
};

/// How codes are chosen, in the order in which their passes run: those that
/// look at what the quantized model computes come first.
llvm::ArrayRef<MethodInfo> getMethods();
/// What changes a float model without changing its function.
llvm::ArrayRef<MethodInfo> getRewrites();
/// What follows when all weights are quantized.
llvm::ArrayRef<MethodInfo> getCorrections();
/// Null where there is none of that name.
const MethodInfo *lookupMethod(llvm::ArrayRef<MethodInfo> among,
                               llvm::StringRef name);

/// The method that an operator's `squint.method` names, `rtn` without one, and
/// its options with a default where it does not say.
class MethodOptions {
public:
  explicit MethodOptions(mlir::DictionaryAttr method) : method(method) {}
  llvm::StringRef name() const;
  bool flag(llvm::StringRef option, bool otherwise) const;
  int64_t integer(llvm::StringRef option, int64_t otherwise) const;
  double number(llvm::StringRef option, double otherwise) const;
  llvm::StringRef text(llvm::StringRef option, llvm::StringRef otherwise) const;

private:
  mlir::Attribute lookup(llvm::StringRef option) const;
  mlir::DictionaryAttr method;
};

} // namespace squint

#endif // SQUINT_TRANSFORMS_METHODS_H
