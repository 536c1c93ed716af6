//===- Schema.h - what the standard says of an operator -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Tables that lib/Dialect/Onnx/generate.py writes from the schemas of the
// standard (and of onnxruntime, for the domain com.microsoft). The importer
// builds every operator from them; verification checks types against them.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_SCHEMA_H
#define SQUINT_DIALECT_ONNX_SCHEMA_H

#include "mlir/IR/Types.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace mlir {
class MLIRContext;
class Operation;
} // namespace mlir

namespace squint {

/// An operand or a result of an operator.
struct ParameterSchema {
  enum Option : uint8_t { Single, Optional, Variadic };
  llvm::StringLiteral name;
  Option option;
  /// Whether all members of a variadic group have one type.
  bool homogeneous;
  /// Which of the operator's type variables it has; equal numbers mean equal
  /// element types.
  uint8_t typeVariable;
  /// Bit `1 << TensorProto.DataType` for each element type allowed; bit 30 for
  /// sequences, 31 for optionals.
  uint32_t types;
};

/// How the element type of a result follows from a node.
struct ResultRule {
  enum Kind : uint8_t {
    Fixed,     // `dataType`
    Operand,   // that of group `operand`; without it `dataType`
    Attribute, // the DataType in attribute `attribute`; without it as `Operand`
    Unknown    // the importer knows this operator by name
  };
  Kind kind;
  int8_t operand;
  uint8_t dataType;
  const char *attribute;
};

struct AttributeSchema {
  /// In the order of onnx.AttributeProto.AttributeType.
  enum Kind : uint8_t {
    Undefined,
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Tensors,
    Graphs,
    SparseTensor,
    SparseTensors,
    TypeProto,
    TypeProtos
  };
  /// The standard's name, and the name in the IR.
  llvm::StringLiteral name, irName;
  Kind kind;
  bool required;
};

struct OpSchema {
  llvm::StringLiteral name;
  llvm::ArrayRef<ParameterSchema> inputs, outputs;
  llvm::ArrayRef<ResultRule> rules;
  llvm::ArrayRef<AttributeSchema> attributes;
  /// All versions up to the newest that is known, ascending; the tables
  /// describe the last.
  llvm::ArrayRef<int> versions;
  /// Whether the newest version only says that the operator is gone.
  bool deprecated;
};

/// The schema of an operator: `dialect` is "onnx" or "msft". Null for an
/// unknown one.
const OpSchema *lookupSchema(llvm::StringRef dialect, llvm::StringRef name);
const OpSchema *lookupSchema(mlir::Operation *op);
/// All schemas of a dialect, by name.
llvm::ArrayRef<OpSchema> getSchemas(llvm::StringRef dialect);

/// The operands (results) that group `index` of the schema has in `op`: none
/// for an absent optional one.
mlir::OperandRange getOperandGroup(mlir::Operation *op, const OpSchema &schema,
                                   unsigned index);
mlir::ResultRange getResultGroup(mlir::Operation *op, const OpSchema &schema,
                                 unsigned index);

/// The element type for a TensorProto.DataType; null for an undefined one.
mlir::Type getElementType(mlir::MLIRContext *context, int64_t dataType);
/// The TensorProto.DataType of an element type; 0 for one that the standard
/// lacks.
int getDataType(mlir::Type elementType);
/// The standard's spelling, e.g. "float16".
llvm::StringRef getDataTypeName(int64_t dataType);

/// Operands and results that share a type variable have one element type.
llvm::LogicalResult verifyElementTypes(mlir::Operation *op);

} // namespace squint

#endif
