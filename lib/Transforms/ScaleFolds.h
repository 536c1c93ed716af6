//===- ScaleFolds.h - where factors can leave an activation -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An activation that linears read can be divided by a factor for each channel
// where what makes it takes the division, and the columns of the linears'
// weights the product: the float function stays as it is.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_SCALEFOLDS_H
#define SQUINT_LIB_TRANSFORMS_SCALEFOLDS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/Squint.h"

namespace squint {

struct ScaleFold {
  /// What is divided: row r of a weight and element r of a vector by factor r.
  llvm::SmallVector<mlir::OpOperand *> divided;
  /// Multiplied, column c by factor factorOf[c]: the linears that read the
  /// activation, in the order of the block.
  llvm::SmallVector<LinearOp> readers;
  /// What else reads it, and gets it multiplied back.
  llvm::SmallVector<mlir::OpOperand *> others;
  std::vector<int64_t> factorOf;
  int64_t factors = 0;

  mlir::Value getInput() { return readers.front().getInput(); }
  int64_t columns() const { return int64_t(factorOf.size()); }
};

/// Which places count: the scale and bias of norms, the residual of a model
/// that normalizes after the addition getting its share back; the linears that
/// make an attention's values, from its result (query heads that share a value
/// head share its factors); linears whose result is multiplied with something
/// or whose positive part is taken, from what reads that.
struct ScaleFoldKinds {
  bool norms = true, values = true, products = true;
};

/// Those of `main`'s block, with float constants on both sides. Folds that
/// divide rows of a weight come before those that read it by column.
std::vector<ScaleFold> collectScaleFolds(mlir::func::FuncOp main,
                                         const ScaleFoldKinds &kinds);

/// Moves the factors. Weights are computed in double and rounded once.
mlir::LogicalResult applyFactors(ScaleFold &fold,
                                 llvm::ArrayRef<double> factors);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_SCALEFOLDS_H
