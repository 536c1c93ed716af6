//===- DimExpr.h - symbolic sizes of dimensions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A size is a polynomial with integer coefficients over the named dimensions of
// the model's inputs, and over floored quotients, minima and maxima of such
// polynomials. The canonical form is a sum of distinct products in a fixed
// order, so that two sizes that are equal as polynomials print alike and
// compare equal.
//
//   batch    2*sequence+1    batch*sequence    floordiv(sequence+1,2)
//   max(batch,4)
//
// Where the content of an input decides a size (the operand `shape` of a
// Reshape), its elements are symbols too: `value.shape.0`. These are the only
// ones that may be negative.
//
// What only data that is computed decides (how many elements are not zero, the
// number of a loop's iteration) is a late symbol, `late.nonzero.0`: it is bound
// while the model runs, and has a bound in terms of earlier symbols.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_DIMEXPR_H
#define SQUINT_DIALECT_SQUINT_DIMEXPR_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace squint {

class DimExpr {
public:
  DimExpr() = default; // zero
  DimExpr(int64_t constant);
  /// A named dimension; `name` must satisfy `isSymbol`.
  static DimExpr symbol(llvm::StringRef name);
  /// Reads what `str` prints, and `mod(a,b)`, `ceildiv(a,b)`, parentheses and
  /// spaces besides. Nothing on bad input.
  static std::optional<DimExpr> parse(llvm::StringRef text);
  /// Letters, digits, `_` and `.`, not starting with a digit or a dot, and not
  /// the name of a function.
  static bool isSymbol(llvm::StringRef name);

  /// `value.<name>.<index>`: an element of an input.
  static std::string valueSymbol(llvm::StringRef name, int64_t index);
  static bool isValueSymbol(llvm::StringRef name);
  /// Whether the content of an input is part of it.
  bool hasValues() const;
  /// `late.<name>.<index>`: known when the operator of that name has run.
  static std::string lateSymbol(llvm::StringRef name, int64_t index);
  static bool isLateSymbol(llvm::StringRef name);
  bool hasLate() const;
  /// At least the expression for all late symbols from 0 up to what `largest`
  /// gives for them; nothing where that cannot be said.
  std::optional<DimExpr> upperBound(
      llvm::function_ref<std::optional<DimExpr>(llvm::StringRef)> largest)
      const {
    return bound(largest, /*isUpper=*/true);
  }
  /// 1 where both are equal, else 0.
  static DimExpr isEqual(const DimExpr &a, const DimExpr &b);

  std::string str() const;

  /// Whether every coefficient fits 64 bits; arithmetic on an expression that
  /// is not valid stays so.
  bool isValid() const { return valid; }
  std::optional<int64_t> getConstant() const;
  bool isConstant(int64_t value) const { return getConstant() == value; }
  /// Proofs from the form alone, for symbols of dimensions being 0 or more.
  /// False means unknown.
  bool isNonNegative() const;
  bool isPositive() const;

  friend bool operator==(const DimExpr &a, const DimExpr &b);
  friend bool operator!=(const DimExpr &a, const DimExpr &b) {
    return !(a == b);
  }
  friend DimExpr operator+(const DimExpr &a, const DimExpr &b);
  friend DimExpr operator-(const DimExpr &a, const DimExpr &b) {
    return a + b * DimExpr(-1);
  }
  friend DimExpr operator*(const DimExpr &a, const DimExpr &b);
  DimExpr operator-() const { return *this * DimExpr(-1); }

  /// Quotients rounded down and up, and the rest of the first; the divisor must
  /// not be the constant 0.
  static DimExpr floordiv(const DimExpr &a, const DimExpr &b);
  static DimExpr ceildiv(const DimExpr &a, const DimExpr &b);
  static DimExpr mod(const DimExpr &a, const DimExpr &b);
  static DimExpr min(const DimExpr &a, const DimExpr &b);
  static DimExpr max(const DimExpr &a, const DimExpr &b);
  /// The polynomial q with q * divisor == *this, if there is one.
  std::optional<DimExpr> divideExactly(const DimExpr &divisor) const;

  /// Replaces symbols; an empty answer keeps one.
  DimExpr substitute(llvm::function_ref<std::optional<DimExpr>(llvm::StringRef)>
                         replacement) const;
  /// The number for given symbols; nothing when one is missing, a divisor is 0,
  /// or 64 bits overflow.
  std::optional<int64_t> evaluate(
      llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> values) const;
  void collectSymbols(std::set<std::string> &symbols) const;

  /// The value as arith operations over `squint.dim`, of type index.
  mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc) const;

private:
  enum class Function { FloorDiv, Min, Max };
  /// A symbol, or a function of two expressions. `text` is canonical and orders
  /// atoms.
  struct Atom {
    std::string text;
    std::optional<Function> function;
    std::shared_ptr<const std::pair<DimExpr, DimExpr>> arguments;
  };
  /// coefficient * product of factors; factors are ordered and may repeat.
  struct Term {
    int64_t coefficient;
    std::vector<Atom> factors;
  };
  class Parser;

  static DimExpr function(Function f, const DimExpr &a, const DimExpr &b);
  std::optional<DimExpr>
  bound(llvm::function_ref<std::optional<DimExpr>(llvm::StringRef)> largest,
        bool isUpper) const;
  static int compare(const std::vector<Atom> &a, const std::vector<Atom> &b);
  static DimExpr fromTerms(std::vector<Term> terms, bool valid);

  /// Ordered by `compare`, no coefficient 0.
  std::vector<Term> terms;
  bool valid = true;
};

/// The dimensions of a value: from its type and, where that is dynamic, from
/// `squint.dims` of the operation or function that makes it. Failure when a
/// dynamic dimension has no expression.
llvm::FailureOr<llvm::SmallVector<DimExpr>> getDims(mlir::Value value);

/// Writes `squint.dims` on an operation, one list a result, or removes it when
/// no result has a dynamic dimension.
void setDims(mlir::Operation *op,
             llvm::ArrayRef<llvm::SmallVector<DimExpr>> dims);

/// `squint.dims` of one value: ["batch", "384"].
mlir::ArrayAttr getDimsAttr(mlir::MLIRContext *context,
                            llvm::ArrayRef<DimExpr> dims);
llvm::FailureOr<llvm::SmallVector<DimExpr>>
parseDimsAttr(mlir::Attribute attribute);

/// What shape inference takes for granted of a function's symbols and has to be
/// checked at run time: an array of [left, "==" or "<=", right]. On an operator
/// with branches, one such array for each.
inline constexpr llvm::StringLiteral kAssumeAttr = "squint.assume";
/// The late symbols that an operator binds, with their bounds: [[symbol,
/// bound], ...]. On a function, and on a module without one, all of them in the
/// order in which they are bound.
inline constexpr llvm::StringLiteral kLateAttr = "squint.late";
/// The dimensions of the arguments of an operator's region, one list each.
inline constexpr llvm::StringLiteral kBodyDimsAttr = "squint.body_dims";

/// Whether all `facts` hold that `selected` says yes to, as an i1; null where
/// there is none. Failure, after a diagnostic at `op`, for facts of another
/// form than `squint.assume` of a function.
llvm::FailureOr<mlir::Value> materializeAssumptions(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Operation *op,
    mlir::Attribute facts,
    llvm::function_ref<bool(const DimExpr &left, const DimExpr &right)>
        selected);

/// The bounds of a `squint.late`, in terms of symbols that are not late.
std::map<std::string, DimExpr> readLateBounds(mlir::Attribute late);

mlir::Value materializeDim(mlir::OpBuilder &builder, mlir::Location loc,
                           const DimExpr &dim);

/// The expression that a scalar of index or integer type computes from
/// `squint.dim`; nothing for one that computes from something else.
std::optional<DimExpr> readDimExpr(mlir::Value scalar);

/// All dimensions of a result, static ones as attributes. Failure as in
/// `getDims`.
llvm::FailureOr<llvm::SmallVector<mlir::OpFoldResult>>
materializeDims(mlir::OpBuilder &builder, mlir::Operation *op,
                unsigned resultIndex = 0);
llvm::FailureOr<llvm::SmallVector<mlir::OpFoldResult>>
materializeDims(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::Value value);

} // namespace squint

#endif
