//===- Budget.h - one option for each of many, within a budget --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_BUDGET_H
#define SQUINT_NUMERICS_BUDGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace squint {

/// `size:BYTES` or `size:FRACTION` of the float weights, `bits:B` a weight,
/// `error:D` of divergence.
struct Budget {
  enum class Kind { Bytes, Fraction, Bits, Error } kind = Kind::Bytes;
  double value = 0.0;

  static llvm::Expected<Budget> parse(llvm::StringRef text);
};

struct PlanOption {
  int64_t bytes;
  double loss;
};

/// Sums over all items of one choice.
struct PlanPoint {
  int64_t bytes;
  double loss;
};

struct PlanResult {
  /// By item.
  std::vector<size_t> choice;
  int64_t bytes = 0;
  double loss = 0.0;
  /// No choice within the budget has a smaller loss; for a budget of error,
  /// none of so small a loss has fewer bytes than `byteBound`.
  double bound = 0.0;
  int64_t byteBound = 0;
};

/// A multiple-choice knapsack: an option for each item so that the sum of
/// losses is small and the sum of bytes within the budget, or the other way
/// round. Options that no mixture of two others beats are taken in the order of
/// what a byte more gains, which is the optimum of the relaxed problem but for
/// the one step that does not fit; what fits behind it is taken as well. The
/// relaxed optimum is the bound.
struct Plan {
  std::vector<std::vector<PlanOption>> items;

  /// `weights` is their count, `floatBytes` their size as floats, `otherBytes`
  /// what is stored besides. Fails if the smallest choice is beyond the budget
  /// or no choice has so small a loss.
  llvm::Expected<PlanResult> solve(const Budget &budget, int64_t weights,
                                   int64_t floatBytes,
                                   int64_t otherBytes) const;

  /// What budgets reach: from the smallest choice to the one with the least
  /// loss, by bytes.
  std::vector<PlanPoint> getFrontier() const;
};

/// Bytes of a library whose weights have a plan's.
int64_t getLibraryBytes(int64_t weights, int64_t otherBytes);

} // namespace squint

#endif // SQUINT_NUMERICS_BUDGET_H
