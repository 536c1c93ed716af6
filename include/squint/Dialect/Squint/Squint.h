//===- Squint.h - the quantization dialect ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_SQUINT_H
#define SQUINT_DIALECT_SQUINT_SQUINT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Squint/DataStore.h"
#include "squint/Numerics/Format.h"

#include "squint/Dialect/Squint/SquintDialect.h.inc"
#include "squint/Dialect/Squint/SquintEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "squint/Dialect/Squint/SquintAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "squint/Dialect/Squint/SquintTypes.h.inc"

#include "squint/Dialect/Squint/SquintInterfaces.h.inc"

#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintOps.h.inc"

namespace squint {

/// Names of the attributes that travel with a module; see docs/Overview.md.
inline constexpr llvm::StringLiteral kDimsAttr = "squint.dims";
/// On an argument of the entry whose content decides sizes: the symbols of its
/// elements, ["value.shape.0", "value.shape.1"].
inline constexpr llvm::StringLiteral kValuesAttr = "squint.values";
inline constexpr llvm::StringLiteral kNameAttr = "squint.name";
inline constexpr llvm::StringLiteral kTargetsAttr = "squint.targets";

/// The name of an operator's node: the innermost NameLoc of its location, or ""
/// when it has none.
llvm::StringRef getNodeName(mlir::Operation *op);
llvm::StringRef getNodeName(mlir::Location loc);

} // namespace squint

#endif
