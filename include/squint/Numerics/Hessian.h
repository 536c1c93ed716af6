//===- Hessian.h - what a layer's inputs say of its errors ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A change dW of a weight [rows, columns] changes the layer's outputs for
// inputs X [tokens, columns] by tr(dW G dW^T) in the sum of squares, where
// G = X^T X is the Gram matrix. Methods that compensate work on the damped
//
//   H = G + damping * mean(diag G) * I = R R^T,   R upper triangular
//
// with its columns in the order in which they are quantized. The inverse of R
// is the Cholesky factor of H^-1 that GPTQ is described with; the entries of
// R itself say the same and need no inverse.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_HESSIAN_H
#define SQUINT_NUMERICS_HESSIAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class ThreadPoolInterface;
} // namespace llvm

namespace squint {

struct HessianOptions {
  /// Added to the diagonal, as a share of its mean. Ten times as much is tried
  /// as long as the matrix is not positive definite.
  double damping = 0.01;
  /// Columns in the order of descending G_jj (stable) instead of their own.
  bool actOrder = false;
};

/// Shared by all weights that read the same inputs. Takes about 28 bytes for
/// each entry of G.
class Hessian {
public:
  /// `gram` is [columns][columns], of which the lower triangle is read. A
  /// column whose G_jj is not positive is dead: no input ever had a value
  /// there. Fails on NaN and infinity and if no damping helps.
  static llvm::Expected<Hessian> get(llvm::ArrayRef<double> gram,
                                     int64_t columns,
                                     const HessianOptions &options = {});

  Hessian(Hessian &&other);
  Hessian &operator=(Hessian &&other);
  ~Hessian();

  int64_t columns() const { return int64_t(order.size()); }
  /// The damping that was enough.
  double damping() const { return usedDamping; }
  /// column = order[position].
  llvm::ArrayRef<int64_t> getOrder() const { return order; }
  bool isDead(int64_t column) const { return dead[column]; }
  int64_t countDead() const;
  /// What a squared error in each column counts, in the columns' own order:
  /// H_jj where every weight takes the nearest code, R_jj^2 where the columns
  /// that follow make up for what they can. As a share of the mean of G_jj of
  /// the columns that are not dead.
  llvm::ArrayRef<float> getImportance() const { return importance; }
  llvm::ArrayRef<float> getCompensatedImportance() const {
    return compensatedImportance;
  }

  /// tr(dW H dW^T) of dW [rows][columns], in the columns' own order. The sum
  /// does not depend on the size of `pool`.
  double getError(llvm::ArrayRef<float> change,
                  llvm::ThreadPoolInterface *pool = nullptr) const;

  /// What the algorithms of this library read.
  struct Matrices;
  const Matrices &matrices() const { return *held; }

private:
  Hessian();

  double usedDamping = 0.0;
  std::vector<int64_t> order;
  std::vector<bool> dead;
  std::vector<float> importance, compensatedImportance;
  std::unique_ptr<Matrices> held;
};

} // namespace squint

#endif // SQUINT_NUMERICS_HESSIAN_H
