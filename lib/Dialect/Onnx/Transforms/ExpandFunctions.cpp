//===- ExpandFunctions.cpp - operators in terms of others ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include "mlir/Pass/PassManager.h"
#include "squint/Dialect/Onnx/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace squint::onnx {
#define GEN_PASS_DEF_EXPANDFUNCTIONS
#include "squint/Dialect/Onnx/Passes.h.inc"

//===----------------------------------------------------------------------===//
// Body
//===----------------------------------------------------------------------===//

Value Body::in(unsigned position) const {
  if (position >= schema.inputs.size())
    return {};
  OperandRange group = getOperandGroup(op, schema, position);
  return group.empty() ? Value() : group.front();
}

OperandRange Body::all(unsigned position) const {
  return getOperandGroup(op, schema, position);
}

Value Body::output(unsigned position) const {
  if (position >= schema.outputs.size())
    return {};
  ResultRange group = getResultGroup(op, schema, position);
  return group.empty() ? Value() : group.front();
}

Value Body::out(unsigned position) const {
  Value result = output(position);
  return result && !result.use_empty() ? result : Value();
}

int64_t Body::integer(StringRef name, int64_t otherwise) const {
  auto attr = op->getAttrOfType<IntegerAttr>(name);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

double Body::number(StringRef name, double otherwise) const {
  auto attr = op->getAttrOfType<FloatAttr>(name);
  return attr ? attr.getValueAsDouble() : otherwise;
}

StringRef Body::string(StringRef name, StringRef otherwise) const {
  auto attr = op->getAttrOfType<StringAttr>(name);
  return attr ? attr.getValue() : otherwise;
}

ArrayRef<int64_t> Body::integers(StringRef name) const {
  auto attr = op->getAttrOfType<DenseI64ArrayAttr>(name);
  return attr ? attr.asArrayRef() : ArrayRef<int64_t>();
}

ArrayRef<float> Body::reals(StringRef name) const {
  auto attr = op->getAttrOfType<DenseF32ArrayAttr>(name);
  return attr ? attr.asArrayRef() : ArrayRef<float>();
}

void Body::replace(unsigned position, Value value) {
  if (Value result = out(position))
    result.replaceAllUsesWith(value);
}

SmallVector<DimExpr> Body::dims(Value value) {
  FailureOr<SmallVector<DimExpr>> dims = getDims(value);
  return succeeded(dims) ? std::move(*dims) : SmallVector<DimExpr>();
}

Value Body::make(StringRef name, ArrayRef<Value> operands,
                 ArrayRef<NamedAttribute> attributes, Type element) {
  if (!element)
    element = Body::element(operands.front());
  return makeAll(name, operands, attributes, element).front();
}

SmallVector<Value> Body::makeAll(StringRef name, ArrayRef<Value> operands,
                                 ArrayRef<NamedAttribute> attributes,
                                 ArrayRef<Type> elements) {
  const OpSchema &schema = *lookupSchema("onnx", name);
  OperationState state(b.getLoc(), ("onnx." + name).str());
  state.addAttributes(attributes);
  auto segments = [&](ArrayRef<ParameterSchema> groups, StringRef attribute,
                      function_ref<bool(unsigned)> isThere, size_t count) {
    if (llvm::count_if(groups, [](const ParameterSchema &g) {
          return g.option != ParameterSchema::Single;
        }) < 2)
      return;
    SmallVector<int32_t> sizes;
    for (auto [i, group] : llvm::enumerate(groups))
      sizes.push_back(group.option == ParameterSchema::Variadic && count > i
                          ? count - i
                          : i < count && isThere(i));
    state.addAttribute(attribute, b.getDenseI32ArrayAttr(sizes));
  };
  segments(
      schema.inputs, "operandSegmentSizes",
      [&](unsigned i) { return operands[i] != nullptr; }, operands.size());
  segments(
      schema.outputs, "resultSegmentSizes",
      [&](unsigned i) { return elements[i] != nullptr; }, elements.size());
  for (Value operand : operands)
    if (operand)
      state.operands.push_back(operand);
  for (Type element : elements)
    if (element)
      state.types.push_back(UnrankedTensorType::get(element));
  ResultRange made = b.create(state)->getResults();
  SmallVector<Value> results;
  unsigned next = 0;
  for (Type element : elements)
    results.push_back(element ? made[next++] : Value());
  return results;
}

NamedAttribute Body::attribute(StringRef name, int64_t value) {
  return {b.getStringAttr(name), b.getI64IntegerAttr(value)};
}

NamedAttribute Body::attribute(StringRef name, ArrayRef<int64_t> values) {
  return {b.getStringAttr(name), b.getDenseI64ArrayAttr(values)};
}

NamedAttribute Body::attribute(StringRef name, StringRef text) {
  return {b.getStringAttr(name), b.getStringAttr(text)};
}

NamedAttribute Body::real(StringRef name, double value) {
  return {b.getStringAttr(name), b.getF32FloatAttr(value)};
}

SmallVector<NamedAttribute> Body::copyAttributes(ArrayRef<StringRef> names) {
  SmallVector<NamedAttribute> copies;
  for (StringRef name : names)
    if (Attribute value = op->getAttr(name))
      copies.push_back({b.getStringAttr(name), value});
  return copies;
}

Value Body::ints(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(values.size(), b.getI64Type());
  return squint::ConstantOp::create(b, type,
                                    DenseElementsAttr::get(type, values));
}

Value Body::scalar(Type element, double value) {
  auto type = RankedTensorType::get({}, element);
  Attribute number;
  if (auto real = dyn_cast<FloatType>(element))
    number = b.getFloatAttr(real, value);
  else
    number = IntegerAttr::get(element, static_cast<int64_t>(value));
  return squint::ConstantOp::create(b, type,
                                    DenseElementsAttr::get(type, number));
}

Value Body::cast(Value x, Type to) {
  if (element(x) == to)
    return x;
  return make("Cast", x, attribute("to", int64_t(getDataType(to))), to);
}

Value Body::reduce(StringRef name, Value x, ArrayRef<int64_t> axes,
                   bool keepDims) {
  return make(name, {x, ints(axes)}, attribute("keepdims", int64_t(keepDims)));
}

Value Body::size(Value x, int64_t axis, bool isScalar) {
  Value sizes =
      make("Shape", x, {attribute("end", axis + 1), attribute("start", axis)},
           b.getI64Type());
  return isScalar ? make("Squeeze", {sizes, ints(0)}) : sizes;
}

Value Body::range(Value count) {
  return make("Range",
              {scalar(b.getI64Type(), 0), count, scalar(b.getI64Type(), 1)});
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static const llvm::StringMap<const ExpansionEntry *> &expansions() {
  static const llvm::StringMap<const ExpansionEntry *> map = [] {
    llvm::StringMap<const ExpansionEntry *> all;
    for (ArrayRef<ExpansionEntry> table :
         {attentionExpansions(), contribAttentionExpansions(),
          contribExpansions(), contribQuantizedExpansions(), convExpansions(),
          expertExpansions(), normExpansions(), quantizedExpansions(),
          tensorExpansions(), weightExpansions()})
      for (const ExpansionEntry &entry : table)
        all[entry.name] = &entry;
    return all;
  }();
  return map;
}

static const ExpansionEntry *lookupExpansion(StringRef operation) {
  operation.consume_front("onnx.");
  return expansions().lookup(operation);
}

bool isExpanded(StringRef operation) { return lookupExpansion(operation); }

namespace {
struct ExpandFunctions : impl::ExpandFunctionsBase<ExpandFunctions> {
  void runOnOperation() override {
    // Operators of com.microsoft are written in those of the standard.
    FailureOr<bool> hasExpanded = expandAll("msft");
    if (failed(hasExpanded))
      return signalPassFailure();
    OpPassManager shapes(func::FuncOp::getOperationName());
    shapes.addPass(createInferShapes());
    if (*hasExpanded && failed(runPipeline(shapes, getOperation())))
      return signalPassFailure();
    if (failed(expandAll("onnx")))
      return signalPassFailure();
  }

  /// The operators of a dialect; whether there were any.
  FailureOr<bool> expandAll(StringRef dialect) {
    SmallVector<Operation *> found;
    getOperation().walk([&](Operation *op) {
      if (op->getName().getDialectNamespace() == dialect &&
          isExpanded(op->getName().getStringRef()))
        found.push_back(op);
    });
    bool isRefused = false;
    // Users first: what an expansion makes has no shape yet.
    for (Operation *op : llvm::reverse(found)) {
      const ExpansionEntry *entry =
          lookupExpansion(op->getName().getStringRef());
      Body body(op);
      if (entry->applies && !entry->applies(body))
        continue;
      if (failed(entry->expand(body))) {
        isRefused = true;
        continue;
      }
      op->erase();
      ++numExpanded;
    }
    if (isRefused)
      return failure();
    // What is made has no shape yet, results of the function among it.
    func::FuncOp function = getOperation();
    if (!function.isExternal())
      function.setFunctionType(FunctionType::get(
          &getContext(), function.getArgumentTypes(),
          function.getBody().back().getTerminator()->getOperandTypes()));
    return !found.empty();
  }
};
} // namespace
} // namespace squint::onnx
