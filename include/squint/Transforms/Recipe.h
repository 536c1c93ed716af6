//===- Recipe.h - rules, rewrites and samples of a recipe -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_RECIPE_H
#define SQUINT_TRANSFORMS_RECIPE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "squint/Numerics/Format.h"
#include "llvm/Support/GlobPattern.h"
#include <vector>

namespace squint {

/// What rules choose operators by.
struct OperatorFacts {
  /// As `WeightedOpInterface` spells it, or "attention".
  llvm::StringRef kind;
  llvm::StringRef name;
  /// As Roles.h has them; empty where there is none.
  llvm::StringRef role;
  /// Which of the operators of its role, or of its kind without one, and how
  /// many there are.
  int64_t depth = 0, depths = 1;
  /// Among all but embeddings.
  bool isFirst = false, isLast = false;
  /// "576x1536": output channels, then the contraction.
  std::string shape;
  int64_t columns = 0; // the contraction
};

/// A bound of a range of depths: `numerator * n / denominator + offset`,
/// rounded down, where n is their number; `offset` alone counts from the end if
/// it is negative.
struct DepthBound {
  int64_t numerator = 0, denominator = 1, offset = 0;
  int64_t evaluate(int64_t count) const;
};

/// From `begin` to before `end`, every `step`th.
struct DepthRange {
  DepthBound begin, end;
  int64_t step = 1;
  bool contains(int64_t depth, int64_t count) const;
};

/// A glob and where it stands in its file.
struct LocatedGlob {
  llvm::GlobPattern pattern;
  mlir::Location loc;
};

/// Formats for the operators that fit all of its selectors; an empty one fits
/// everything.
struct RecipeRule {
  explicit RecipeRule(mlir::Location loc) : loc(loc) {}

  /// Where the rule stands in its file.
  mlir::Location loc;
  /// Kinds; empty for all but `embedding`, which is only taken by kind or role,
  /// and `attention`, only by kind.
  std::vector<std::string> operators;
  /// Globs over node names, `*` crossing slashes.
  std::vector<LocatedGlob> names;
  std::vector<std::string> roles;
  std::vector<DepthRange> depths;
  /// Globs over shapes.
  std::vector<LocatedGlob> shapes;
  /// `first`, `last`.
  std::vector<std::string> layers;
  /// Whether nothing need match.
  bool isOptional = false;
  Format weights, activations;
  /// What weights take, the first that can, whose rows are no whole blocks of
  /// those before it.
  std::vector<Format> fallbacks;
  /// As `squint.method` has it; null for round to nearest without options.
  mlir::DictionaryAttr method;

  bool matches(const OperatorFacts &facts) const;
  /// For rows of that many values; the last one if none can.
  const Format &getWeights(int64_t columns) const;
};

/// Formats for the keys and values that attentions keep from one token to the
/// next.
struct CacheRule {
  explicit CacheRule(mlir::Location loc) : loc(loc) {}

  mlir::Location loc;
  std::vector<LocatedGlob> names;
  /// Among all attentions.
  std::vector<DepthRange> depths;
  bool isOptional = false;
  Format keys, values;
  /// Groups of keys run along tokens, so that each channel has its own scales,
  /// and not along channels.
  bool keysAlongTokens = false;
  /// The last tokens, which stay f16.
  int64_t recent = 0;

  bool matches(llvm::StringRef name, int64_t depth, int64_t count) const;
};

/// A rewrite before weights are quantized or a correction afterwards.
struct RecipePass {
  mlir::Location loc;
  /// The pass that does it and its options as a pipeline spells them.
  std::string pass, options;
  bool needsSamples = false;
};

struct Recipe {
  std::vector<RecipeRule> rules;
  std::vector<CacheRule> cache;
  /// In the order in which they run.
  std::vector<RecipePass> rewrites, corrections;
  /// How many samples are read, 0 for all, and how static ranges are observed.
  int64_t samples = 0;
  std::string observer = "min-max";
  /// What weights that no rule takes are planned within, as `Budget::parse`
  /// reads it; empty for none. And whether that plan may not use zero points.
  std::string budget;
  bool isSymmetric = false;
};

/// Reads a recipe (its form is described with `squint-select-formats`). Errors
/// carry the file, line and column.
mlir::FailureOr<Recipe> readRecipe(mlir::MLIRContext *context,
                                   llvm::StringRef file);

} // namespace squint

#endif // SQUINT_TRANSFORMS_RECIPE_H
