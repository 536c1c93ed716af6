//===- Recipe.h - rules that choose formats ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_RECIPE_H
#define SQUINT_LIB_TRANSFORMS_RECIPE_H

#include "mlir/IR/Location.h"
#include "squint/Numerics/Format.h"
#include "llvm/Support/GlobPattern.h"
#include <vector>

namespace squint {

/// Formats for the operators of some kinds and names.
struct RecipeRule {
  /// Where the rule stands in its file.
  mlir::Location loc;
  /// Kinds as `WeightedOpInterface` spells them; empty for all but
  /// `embedding`, which is only taken by name.
  std::vector<std::string> operators;
  /// Globs over node names, `*` crossing slashes; empty for all.
  std::vector<llvm::GlobPattern> names;
  Format weights, activations;

  bool matches(llvm::StringRef kind, llvm::StringRef name) const;
};

/// Reads a recipe (its form is described with the pass that uses it). Errors
/// carry the file, line and column.
mlir::FailureOr<std::vector<RecipeRule>> readRecipe(mlir::MLIRContext *context,
                                                    llvm::StringRef file);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_RECIPE_H
