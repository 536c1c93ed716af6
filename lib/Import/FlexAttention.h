//===- FlexAttention.h - attention with parts of a model ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_FLEXATTENTION_H
#define SQUINT_LIB_IMPORT_FLEXATTENTION_H

#include "Node.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace squint {

/// FlexAttention of ai.onnx.preview, whose attributes `score_mod` and
/// `prob_mod` are graphs: Y = prob_mod(Softmax(score_mod(scale * Q K^T))) V, Q
/// [B, H, L, D], K [B, G, S, D], V [B, G, S, E], H / G neighbouring heads share
/// keys and values. It is taken apart when it is imported, so that what the
/// graphs read of the model needs no capture.
///
/// `modify` puts the operators of one of the graphs behind a value. `node` has
/// the operands and the other attributes.
llvm::Expected<mlir::Value> buildFlexAttention(
    const Node &node, NodeBuilder &builder,
    llvm::function_ref<llvm::Expected<mlir::Value>(llvm::StringRef graph,
                                                   mlir::Value value)>
        modify);

} // namespace squint

#endif
