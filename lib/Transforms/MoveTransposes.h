//===- MoveTransposes.h - the parts of squint-move-transposes -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_MOVETRANSPOSES_H
#define SQUINT_LIB_TRANSFORMS_MOVETRANSPOSES_H

#include "Raise.h"
#include "mlir/Pass/Pass.h"

namespace squint {

using Permutation = mlir::SmallVector<int64_t>;

inline mlir::RankedTensorType getTensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// The Transpose behind a value when it brings channels from last to second
/// place: the only ones that are worth sinking.
onnx::TransposeOp getChannelsFirstTranspose(mlir::Value value);

/// Operators that treat each element alone and broadcast their operands.
bool isElementwise(mlir::Operation *op);

/// Sinks a Transpose below a reshape of whole groups of dimensions.
void populateSinkBelowReshapePatterns(mlir::RewritePatternSet &patterns,
                                      mlir::Pass::Statistic &moved);

/// Turns a Transpose of dimensions of size 1 into a reshape, and merges that
/// with the next one.
void populateTransposeToReshapePatterns(mlir::RewritePatternSet &patterns,
                                        mlir::Pass::Statistic &removed);

} // namespace squint

#endif
