//===- TransformerParts.h - pairs of linears that belong together -*- C++ -*-=//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Pairs of linears between which a factor of each channel, or a rotation of
// some, can be moved: what is between them lets it through.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_TRANSFORMERPARTS_H
#define SQUINT_LIB_TRANSFORMS_TRANSFORMERPARTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/Squint.h"
#include <optional>

namespace squint {

/// The linear that makes an attention's values and the one that reads its
/// result, with nothing else reading either. Head h of the result is made of
/// value head h / (heads / valueHeads); channels are heads, then `headSize`.
struct ValueFold {
  LinearOp writer, reader;
  int64_t heads, valueHeads, headSize;

  /// The weight and, if there is one, the bias of the writer.
  llvm::SmallVector<mlir::OpOperand *> getWriterOperands() const;
};
std::optional<ValueFold> findValueFold(AttentionOp attention);

/// Linears with float weights that read what elementwise operators make of
/// nothing but other linears' results of the same width (the `down` of a
/// gated or plain feed-forward block).
std::vector<LinearOp> findDownLinears(mlir::func::FuncOp function);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_TRANSFORMERPARTS_H
