//===- LoopNest.h - how a linalg operator walks memory ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Every operand is seen as flat memory whose element number is linear in the
// loops: `offset = sum_l stride[l] * iv[l]`. Strides are products of constants
// and loop extents where that is known, which is what lets loops of dynamic
// size be collapsed and contiguous accesses be found.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_LINALGTOVECTOR_LOOPNEST_H
#define SQUINT_LIB_CONVERSION_LINALGTOVECTOR_LOOPNEST_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace squint {

/// `factor * product of the extents of dims`; unknown when not of that form.
struct Monomial {
  bool known = true;
  int64_t factor = 0;
  llvm::SmallVector<unsigned, 4> dims; // sorted, those of dynamic extent

  bool isZero() const { return known && factor == 0; }
  bool isOne() const { return known && factor == 1 && dims.empty(); }
  bool isConstant() const { return known && dims.empty(); }
  bool operator==(const Monomial &other) const;
  Monomial operator*(const Monomial &other) const;
};

/// One term `factor * stride(dim of the operand)` of an access's stride along a
/// loop.
struct StrideTerm {
  int64_t factor;
  unsigned operandDim;
};

struct Access {
  mlir::OpOperand *operand;
  mlir::MemRefType type; // null for a scalar operand
  /// Constant part of the element number: factor * stride(dim) each.
  llvm::SmallVector<StrideTerm, 1> constant;
  /// By dimension of the linalg operator.
  llvm::SmallVector<llvm::SmallVector<StrideTerm, 1>> terms;
  llvm::SmallVector<Monomial> strides;
};

/// Neighbouring dimensions of the operator that are walked as one; the last
/// one's strides are the loop's.
struct Loop {
  llvm::SmallVector<unsigned, 4> dims;
  bool reduction;
  Monomial extent;
};

enum class Strategy { Parallel, Transpose, Reduce, Scalar };

/// The analysis and the plan of `convert-linalg-to-vector`; see the pass for
/// the strategies.
struct LoopNest {
  static constexpr int64_t kLanes =
      16; // virtual lanes of a reduction, and elements of a vector
  static constexpr int64_t kBlock = 8; // a transpose's block
  static constexpr int64_t kPiece =
      1024; // elements of a unit where one loop is all there is
  static constexpr int64_t kGrainWork =
      1 << 15; // operations that are worth a thread

  static mlir::FailureOr<LoopNest> analyze(mlir::linalg::LinalgOp op);

  mlir::linalg::LinalgOp op;
  llvm::SmallVector<Access> accesses; // by operand number
  llvm::SmallVector<Loop> loops;
  Strategy strategy = Strategy::Scalar;
  /// Loops outside a unit, in order; their product is the number of units (with
  /// blocks or pieces, see below).
  llvm::SmallVector<unsigned> outer;
  llvm::SmallVector<unsigned> reductions;
  std::optional<unsigned>
      inner; // the loop that is vectorized, or innermost parallel one
  std::optional<unsigned>
      block; // Transpose: the loop along which inputs are contiguous
  int64_t lanes = 1;

  const Monomial &stride(const Access &access, unsigned loop) const {
    return access.strides[loops[loop].dims.back()];
  }
  /// Elements along `inner` of a unit, when there is no other parallel loop.
  int64_t piece() const { return reductions.empty() ? kPiece : kLanes; }
  bool hasPieces() const {
    return outer.empty() && inner && strategy != Strategy::Reduce &&
           strategy != Strategy::Transpose;
  }

  mlir::Value extent(mlir::OpBuilder &b, mlir::Location loc,
                     unsigned loop) const;
  /// Operand and dimension that a dimension of the operator takes its size
  /// from.
  llvm::SmallVector<std::pair<unsigned, unsigned>> sizeSources;
  llvm::SmallVector<int64_t> staticSizes;

private:
  mlir::LogicalResult readDims();
  mlir::LogicalResult readAccess(mlir::OpOperand &operand);
  /// Whether the body sees elements of an operand; an output is always written.
  bool isRead(const Access &access);
  void collapse();
  void plan();
  Monomial size(const mlir::AffineMap &map, mlir::MemRefType type,
                unsigned dim) const;
};

/// The operation that combines the result `number` of a reduction with one new
/// value, and the operand that is the new value. Null when the body is not of
/// that form.
mlir::Operation *getCombiner(mlir::linalg::LinalgOp op, unsigned number,
                             unsigned &valueOperand);

} // namespace squint

#endif
