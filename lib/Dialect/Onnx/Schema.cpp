//===- Schema.cpp - what the standard says of an operator ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Onnx/Schema.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;

namespace squint {
namespace {
namespace standard {
#include "OnnxSchemas.inc"
} // namespace standard
namespace contributed {
#include "../Msft/MsftSchemas.inc"
} // namespace contributed

/// Where group `index` of a list of operands or results starts, and how many it
/// has.
std::pair<unsigned, unsigned> findGroup(Operation *op,
                                        ArrayRef<ParameterSchema> groups,
                                        unsigned index, StringRef segments,
                                        unsigned total) {
  if (auto sizes = op->getAttrOfType<DenseI32ArrayAttr>(segments)) {
    unsigned start = 0;
    for (int32_t size : sizes.asArrayRef().take_front(index))
      start += size;
    return {start, sizes[index]};
  }
  // At most one group has other than one member; it takes what the others
  // leave.
  unsigned start = 0;
  for (unsigned i = 0;; ++i) {
    unsigned size = groups[i].option == ParameterSchema::Single
                        ? 1
                        : total - (groups.size() - 1);
    if (i == index)
      return {start, size};
    start += size;
  }
}

struct DataTypeInfo {
  const char *name;
  Type (*get)(MLIRContext *);
};

template <unsigned width,
          IntegerType::SignednessSemantics sign = IntegerType::Signless>
Type integer(MLIRContext *context) {
  return IntegerType::get(context, width, sign);
}
template <typename FloatT> Type floating(MLIRContext *context) {
  return FloatT::get(context);
}
template <typename FloatT> Type complexOf(MLIRContext *context) {
  return ComplexType::get(FloatT::get(context));
}

// In the order of onnx.TensorProto.DataType.
const DataTypeInfo kDataTypes[] = {
    {"undefined", [](MLIRContext *) { return Type(); }},
    {"float", floating<Float32Type>},
    {"uint8", integer<8, IntegerType::Unsigned>},
    {"int8", integer<8>},
    {"uint16", integer<16, IntegerType::Unsigned>},
    {"int16", integer<16>},
    {"int32", integer<32>},
    {"int64", integer<64>},
    {"string",
     [](MLIRContext *context) -> Type {
       return onnx::StringElementType::get(context);
     }},
    {"bool", integer<1>},
    {"float16", floating<Float16Type>},
    {"double", floating<Float64Type>},
    {"uint32", integer<32, IntegerType::Unsigned>},
    {"uint64", integer<64, IntegerType::Unsigned>},
    {"complex64", complexOf<Float32Type>},
    {"complex128", complexOf<Float64Type>},
    {"bfloat16", floating<BFloat16Type>},
    {"float8e4m3fn", floating<Float8E4M3FNType>},
    {"float8e4m3fnuz", floating<Float8E4M3FNUZType>},
    {"float8e5m2", floating<Float8E5M2Type>},
    {"float8e5m2fnuz", floating<Float8E5M2FNUZType>},
    {"uint4", integer<4, IntegerType::Unsigned>},
    {"int4", integer<4>},
    {"float4e2m1", floating<Float4E2M1FNType>},
    {"float8e8m0", floating<Float8E8M0FNUType>},
    {"uint2", integer<2, IntegerType::Unsigned>},
    {"int2", integer<2>},
};

template <typename Range>
LogicalResult verifyGroups(Operation *op, ArrayRef<ParameterSchema> groups,
                           Range values, StringRef segments,
                           SmallVectorImpl<Type> &variables) {
  for (auto [index, group] : llvm::enumerate(groups)) {
    if (!group.homogeneous)
      continue;
    auto [start, size] = findGroup(op, groups, index, segments, values.size());
    for (Value value : values.slice(start, size)) {
      auto type = dyn_cast<ShapedType>(value.getType());
      if (!type)
        continue;
      Type &expected = variables[group.typeVariable];
      if (!expected)
        expected = type.getElementType();
      else if (expected != type.getElementType())
        return op->emitOpError()
               << "expected element type " << expected << " for '" << group.name
               << "', got " << type.getElementType();
    }
  }
  return success();
}
} // namespace

ArrayRef<OpSchema> getSchemas(StringRef dialect) {
  if (dialect == "onnx")
    return standard::kOnnxSchemas;
  if (dialect == "msft")
    return contributed::kMsftSchemas;
  return {};
}

const OpSchema *lookupSchema(StringRef dialect, StringRef name) {
  ArrayRef<OpSchema> table = getSchemas(dialect);
  const OpSchema *it = llvm::lower_bound(
      table, name, [](const OpSchema &s, StringRef n) { return s.name < n; });
  return it != table.end() && it->name == name ? it : nullptr;
}

const OpSchema *lookupSchema(Operation *op) {
  return lookupSchema(op->getName().getDialectNamespace(),
                      op->getName().stripDialect());
}

OperandRange getOperandGroup(Operation *op, const OpSchema &schema,
                             unsigned index) {
  auto [start, size] = findGroup(op, schema.inputs, index,
                                 "operandSegmentSizes", op->getNumOperands());
  return op->getOperands().slice(start, size);
}

ResultRange getResultGroup(Operation *op, const OpSchema &schema,
                           unsigned index) {
  auto [start, size] = findGroup(op, schema.outputs, index,
                                 "resultSegmentSizes", op->getNumResults());
  return op->getResults().slice(start, size);
}

Type getElementType(MLIRContext *context, int64_t dataType) {
  if (dataType < 0 || dataType >= int64_t(std::size(kDataTypes)))
    return {};
  return kDataTypes[dataType].get(context);
}

int getDataType(Type elementType) {
  for (int i = 1; i < int(std::size(kDataTypes)); ++i)
    if (kDataTypes[i].get(elementType.getContext()) == elementType)
      return i;
  return 0;
}

StringRef getDataTypeName(int64_t dataType) {
  return dataType < 0 || dataType >= int64_t(std::size(kDataTypes))
             ? "unknown"
             : kDataTypes[dataType].name;
}

LogicalResult verifyElementTypes(Operation *op) {
  const OpSchema *schema = lookupSchema(op);
  if (!schema)
    return success();
  SmallVector<Type> variables(256);
  if (failed(verifyGroups(op, schema->inputs, op->getOperands(),
                          "operandSegmentSizes", variables)))
    return failure();
  return verifyGroups(op, schema->outputs, op->getResults(),
                      "resultSegmentSizes", variables);
}

} // namespace squint
