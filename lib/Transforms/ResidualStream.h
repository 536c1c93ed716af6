//===- ResidualStream.h - what a transformer adds to ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The residual stream is the values that additions join: an embedding writes
// the first, linears add theirs, norms read them. Rewrites of its basis change
// all writers and all readers together.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_RESIDUALSTREAM_H
#define SQUINT_LIB_TRANSFORMS_RESIDUALSTREAM_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace squint {

struct ResidualStream {
  /// The last dimension of its values.
  int64_t width = 0;
  llvm::SetVector<mlir::Value> values;
  /// What makes values that are no sums: linears and embeddings with constant
  /// float weights, and constants that are added.
  llvm::SetVector<LinearOp> writers;
  llvm::SetVector<EmbeddingOp> tables;
  llvm::SetVector<mlir::OpOperand *> constants;
  /// Norms of values with constant scale and bias, and the linears that read
  /// them, by norm; linears that read values as they are.
  llvm::MapVector<NormOp, llvm::SmallVector<LinearOp>> norms;
  llvm::SetVector<LinearOp> readers;
};

/// The streams of a function, each with a norm at least. An operator that
/// keeps a stream from being rewritten is an error that names it: one that
/// makes or reads values in any other way, or norms whose results are added to
/// the stream again (models that normalize after the addition).
mlir::FailureOr<std::vector<ResidualStream>>
findResidualStreams(mlir::func::FuncOp function);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_RESIDUALSTREAM_H
