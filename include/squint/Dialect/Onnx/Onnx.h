//===- Onnx.h - the operators of the ONNX standard ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_ONNX_H
#define SQUINT_DIALECT_ONNX_ONNX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Onnx/Schema.h"

namespace squint::onnx::OpTrait {
/// Operands and results that share a type variable of the operator's schema
/// have one element type.
template <typename ConcreteOp>
class SharedElementTypes
    : public mlir::OpTrait::TraitBase<ConcreteOp, SharedElementTypes> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    return squint::verifyElementTypes(op);
  }
};
} // namespace squint::onnx::OpTrait

#include "squint/Dialect/Onnx/OnnxDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "squint/Dialect/Onnx/OnnxTypes.h.inc"

#define GET_OP_CLASSES
#include "squint/Dialect/Onnx/OnnxOps.h.inc"

#endif
