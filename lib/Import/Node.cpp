//===- Node.cpp - operators from schemas --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint {
namespace {

/// Sorts values into the groups of a schema: sizes of groups, or what is wrong.
llvm::Error sizeGroups(ArrayRef<ParameterSchema> groups, ArrayRef<bool> present,
                       const char *what, SmallVectorImpl<int32_t> &sizes) {
  bool variadic =
      !groups.empty() && groups.back().option == ParameterSchema::Variadic;
  if (present.size() > groups.size() && !variadic)
    return llvm::createStringError("expected at most %zu %ss, got %zu",
                                   groups.size(), what, present.size());
  for (auto [i, group] : llvm::enumerate(groups)) {
    if (group.option == ParameterSchema::Variadic) {
      sizes.push_back(present.size() > i ? present.size() - i : 0);
      for (bool there : present.drop_front(std::min(i, present.size())))
        if (!there)
          return llvm::createStringError(
              "expected all of the %ss '%s', got an empty name", what,
              group.name.data());
      continue;
    }
    sizes.push_back(i < present.size() && present[i]);
    if (group.option == ParameterSchema::Single && !sizes.back() &&
        StringRef(what) == "operand")
      return llvm::createStringError("expected the %s '%s', got none", what,
                                     group.name.data());
  }
  return llvm::Error::success();
}

bool needsSegments(ArrayRef<ParameterSchema> groups) {
  return llvm::count_if(groups, [](const ParameterSchema &g) {
           return g.option != ParameterSchema::Single;
         }) > 1;
}

Type getElement(Value value) {
  auto shaped = dyn_cast<ShapedType>(value.getType());
  return shaped ? shaped.getElementType() : Type();
}

/// The element type of a result, by the rule of its schema; null when a rule
/// says nothing.
Type inferElementType(const Node &node, const OpSchema &schema,
                      const ResultRule &rule, MLIRContext *context) {
  auto fromOperand = [&]() -> Type {
    for (unsigned i = rule.operand;
         rule.operand >= 0 && i < node.operands.size(); ++i) {
      // Of the operands with the same type variable, the first that is there.
      unsigned group = std::min<unsigned>(i, schema.inputs.size() - 1);
      if (schema.inputs[group].typeVariable ==
              schema.inputs[rule.operand].typeVariable &&
          node.operands[i])
        return getElement(node.operands[i]);
    }
    if (rule.dataType)
      return getElementType(context, rule.dataType);
    // The optional operand that would say is absent.
    bool first = rule.kind == ResultRule::Operand && !node.operands.empty() &&
                 node.operands[0];
    return first ? getElement(node.operands[0]) : Type();
  };
  switch (rule.kind) {
  case ResultRule::Fixed:
    return getElementType(context, rule.dataType);
  case ResultRule::Operand:
    return fromOperand();
  case ResultRule::Attribute:
    if (Attribute attribute = node.attributes.get(rule.attribute)) {
      if (auto tensor = dyn_cast<ElementsAttr>(attribute))
        return tensor.getShapedType().getElementType();
      if (auto number = dyn_cast<IntegerAttr>(attribute);
          number && number.getInt() != 0)
        return getElementType(context, number.getInt());
    }
    return fromOperand();
  case ResultRule::Unknown:
    return {};
  }
  return {};
}

bool hasKind(Attribute value, AttributeSchema::Kind kind) {
  switch (kind) {
  case AttributeSchema::Int:
    return isa<IntegerAttr>(value);
  case AttributeSchema::Float:
    return isa<FloatAttr>(value);
  case AttributeSchema::String:
    return isa<StringAttr>(value);
  case AttributeSchema::Ints:
    return isa<DenseI64ArrayAttr>(value);
  case AttributeSchema::Floats:
    return isa<DenseF32ArrayAttr>(value);
  case AttributeSchema::Strings:
    return isa<ArrayAttr>(value);
  case AttributeSchema::Tensor:
    return isa<ElementsAttr>(value);
  case AttributeSchema::TypeProto:
    return isa<TypeAttr>(value);
  default:
    return false;
  }
}

/// Every attribute of the node is one of its operator's, of the kind that the
/// schema says.
llvm::Error checkAttributes(const Node &node, const OpSchema &schema) {
  for (NamedAttribute attribute : node.attributes) {
    const auto *it =
        llvm::find_if(schema.attributes, [&](const AttributeSchema &a) {
          return a.name == attribute.getName().getValue();
        });
    if (it == schema.attributes.end())
      return llvm::createStringError(
          "expected an attribute of the operator, got '%s'",
          attribute.getName().getValue().str().c_str());
    if (!hasKind(attribute.getValue(), it->kind))
      return llvm::createStringError(
          "expected another kind of value for the attribute '%s'",
          it->name.data());
  }
  return llvm::Error::success();
}

/// Types of the results of a control flow operator: those of the values that
/// its body yields.
void inferFromBody(const Node &node, unsigned count,
                   SmallVectorImpl<Type> &types) {
  Operation *end = node.regions.front().second->front().getTerminator();
  unsigned skipped = node.name == "Loop" ? 1 : 0; // the condition to go on
  for (Value value :
       end->getOperands().drop_front(std::min(skipped, end->getNumOperands())))
    if (types.size() < count)
      types.push_back(UnrankedTensorType::get(getElement(value)));
}
} // namespace

llvm::Expected<SmallVector<Value>> NodeBuilder::create(Node &node) {
  const OpSchema &schema = *lookupSchema(node.dialect, node.name);
  OperationState state(loc, node.dialect + "." + node.name);
  while (!node.operands.empty() && !node.operands.back())
    node.operands.pop_back();

  SmallVector<bool> present = llvm::map_to_vector(
      node.operands, [](Value v) { return static_cast<bool>(v); });
  SmallVector<int32_t> sizes, resultSizes;
  if (llvm::Error error = sizeGroups(schema.inputs, present, "operand", sizes))
    return std::move(error);
  for (Value operand : node.operands)
    if (operand)
      state.operands.push_back(operand);
  if (needsSegments(schema.inputs))
    state.addAttribute("operandSegmentSizes",
                       builder.getDenseI32ArrayAttr(sizes));

  // A result that the schema always has is made even where the node does not
  // name it.
  SmallVector<bool> outputs(node.outputs);
  for (auto [i, group] : llvm::enumerate(schema.outputs))
    if (group.option == ParameterSchema::Single) {
      outputs.resize(std::max(outputs.size(), i + 1));
      outputs[i] = true;
    }
  bool variadicResults =
      !schema.outputs.empty() &&
      schema.outputs.back().option == ParameterSchema::Variadic;
  for (unsigned i = 0; variadicResults && i < outputs.size(); ++i)
    outputs[i] = outputs[i] || i + 1 >= schema.outputs.size();
  if (llvm::Error error =
          sizeGroups(schema.outputs, outputs, "result", resultSizes))
    return std::move(error);
  if (needsSegments(schema.outputs))
    state.addAttribute("resultSegmentSizes",
                       builder.getDenseI32ArrayAttr(resultSizes));

  if (llvm::Error error = checkAttributes(node, schema))
    return std::move(error);
  for (const AttributeSchema &attribute : schema.attributes) {
    if (attribute.kind == AttributeSchema::Graph) {
      auto it = llvm::find_if(node.regions, [&](auto &region) {
        return region.first == attribute.name;
      });
      if (it == node.regions.end())
        return llvm::createStringError("expected the attribute '%s', got none",
                                       attribute.name.data());
      continue;
    }
    if (Attribute value = node.attributes.get(attribute.name))
      state.addAttribute(attribute.irName, value);
    else if (attribute.required)
      return llvm::createStringError("expected the attribute '%s', got none",
                                     attribute.name.data());
  }

  if (!node.regions.empty()) {
    inferFromBody(node, outputs.size(), state.types);
    if (state.types.size() != outputs.size())
      return llvm::createStringError(
          "expected %zu results from the body, got %zu", outputs.size(),
          state.types.size());
  } else {
    for (auto [i, there] : llvm::enumerate(outputs)) {
      if (!there)
        continue;
      const ResultRule &rule =
          schema.rules[std::min(i, schema.rules.size() - 1)];
      Type element = inferElementType(node, schema, rule, builder.getContext());
      if (!element)
        return llvm::createStringError(
            "expected a known element type for result %zu", i);
      state.types.push_back(UnrankedTensorType::get(element));
    }
  }
  // Regions in the order of the schema's attributes.
  for (const AttributeSchema &attribute : schema.attributes)
    for (auto &[name, region] : node.regions)
      if (name == attribute.name)
        state.addRegion(std::move(region));

  Operation *op = builder.create(state);
  SmallVector<Value> results;
  unsigned next = 0;
  for (bool there : outputs)
    results.push_back(there ? op->getResult(next++) : Value());
  return results;
}

llvm::Expected<Value> NodeBuilder::create(StringRef name,
                                          ArrayRef<Value> operands,
                                          ArrayRef<NamedAttribute> attributes) {
  Node node;
  node.dialect = "onnx";
  node.name = name.str();
  node.operands.assign(operands.begin(), operands.end());
  node.attributes.append(attributes);
  node.outputs = {true};
  llvm::Expected<SmallVector<Value>> results = create(node);
  if (!results)
    return results.takeError();
  return results->front();
}

Value NodeBuilder::createConstant(TypedAttr value) {
  return ConstantOp::create(builder, loc, value.getType(), value);
}

Value NodeBuilder::createInts(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(values.size(), builder.getI64Type());
  return createConstant(tensors.make(
      type, ArrayRef<char>(reinterpret_cast<const char *>(values.data()),
                           8 * values.size())));
}

llvm::Expected<Value> NodeBuilder::createScalar(Value like, double value) {
  Type element = getElement(like);
  if (auto type = dyn_cast_or_null<FloatType>(element)) {
    APFloat number(value);
    bool lost;
    number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &lost);
    return createConstant(
        DenseElementsAttr::get(RankedTensorType::get({}, element), number));
  }
  if (auto type = dyn_cast_or_null<IntegerType>(element)) {
    APSInt number(type.getWidth(), type.isUnsigned());
    bool exact;
    APFloat(value).convertToInteger(number, APFloat::rmTowardZero, &exact);
    return createConstant(DenseElementsAttr::get(
        RankedTensorType::get({}, element), APInt(number)));
  }
  return llvm::createStringError("expected a tensor of numbers");
}

} // namespace squint
