//===- PositionForms.h - elements as functions of their place -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Positions and causal masks are computed from sizes alone, in many ways. What
// they come to is found by computing with functions of an element's indices.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_POSITIONFORMS_H
#define SQUINT_LIB_TRANSFORMS_POSITIONFORMS_H

#include "mlir/IR/Value.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace squint {

/// What the element at `i` of a tensor is: with `a = constant + sum_d
/// factors[d] * i[d]`, `a` itself, or for a choice `a >= 0 ? yes : no`. The
/// first factor of a choice that is not 0 is positive; factors of dimensions
/// of size 1 are 0. Truth is 1.
struct PositionForm {
  double constant = 0;
  llvm::SmallVector<int64_t, 4> factors;
  bool isChoice = false;
  double yes = 0, no = 0;

  bool isNumber() const;
};

class PositionForms {
public:
  /// Takes a value for this number everywhere.
  void assume(mlir::Value value, double number);
  /// Nothing for a value that is not such a function, or not known to be.
  std::optional<PositionForm> get(mlir::Value value);

private:
  std::optional<PositionForm> compute(mlir::Value value);
  std::optional<PositionForm> computeElementwise(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, std::optional<PositionForm>> known;
};

/// The keys that masks hide from a query: those of later tokens, and those
/// `window` and more before its own.
struct HiddenTokens {
  bool later = false;
  std::optional<int64_t> window;
};

/// Adds what a mask hides, which is added to scores or says what a query sees,
/// [..., tokens, tokens]; whether that is known.
bool findHidden(mlir::Value mask, const DimExpr &tokens, PositionForms &forms,
                HiddenTokens &hidden);

} // namespace squint

#endif
