//===- ImportSequences.cpp - sequences and optionals -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;

namespace squint {

LogicalResult
Importer::defineItem(Scope &scope, StringRef name, const Item &item,
                     llvm::function_ref<InFlightDiagnostic()> fail) {
  if (name.empty())
    return success();
  if (!item.list)
    return define(scope, name, item.tensor, fail);
  if (scope.values.contains(name) || scope.initializers.contains(name) ||
      !scope.lists.try_emplace(name, *item.list).second)
    return fail() << "expected one definition of '" << name << "', got several";
  return success();
}

FailureOr<SmallVector<Item>> Importer::findItems(const ::onnx::NodeProto &node,
                                                 Scope &scope,
                                                 const Call &call) {
  SmallVector<Item> items;
  for (const std::string &name : node.input()) {
    Item item;
    if (const List *list = findList(scope, name)) {
      item.list = *list;
    } else {
      FailureOr<Value> value =
          findValue(scope, name, [&] { return nodeError(node, call); });
      if (failed(value))
        return failure();
      item.tensor = *value;
    }
    items.push_back(std::move(item));
  }
  return items;
}

LogicalResult Importer::importSequence(const ::onnx::NodeProto &node,
                                       Scope &scope, const Call &call) {
  FailureOr<SmallVector<Item>> operands = findItems(node, scope, call);
  if (failed(operands))
    return failure();
  auto fail = [&] { return nodeError(node, call); };
  if (node.output_size() != 1)
    return fail() << "expected one result, got " << node.output_size();
  NamedAttrList attributes;
  for (const auto &attribute : node.attribute()) {
    const ::onnx::AttributeProto *value = resolve(attribute, call);
    if (value && value->has_i())
      attributes.set(attribute.name(), builder.getI64IntegerAttr(value->i()));
  }
  if (node.op_type() == "Identity")
    return defineItem(scope, node.output(0), operands->front(), fail);
  NodeBuilder nodeBuilder(builder, getLocation(getName(node, call)), *tensors);
  llvm::Expected<Item> item =
      resolveSequence(node.op_type(), *operands, attributes, nodeBuilder);
  if (!item)
    return nodeError(node, call, item.takeError());
  return defineItem(scope, node.output(0), *item, fail);
}

static const ::onnx::GraphProto *findBody(const ::onnx::NodeProto &node) {
  for (const auto &attribute : node.attribute())
    if (attribute.name() == "body" && attribute.has_g())
      return &attribute.g();
  return nullptr;
}

/// The body for each element.
LogicalResult Importer::importSequenceMap(const ::onnx::NodeProto &node,
                                          Scope &scope, const Call &call) {
  auto fail = [&] { return nodeError(node, call); };
  FailureOr<SmallVector<Item>> operands = findItems(node, scope, call);
  if (failed(operands))
    return failure();
  const ::onnx::GraphProto *body = findBody(node);
  if (!body || operands->empty() || !operands->front().list ||
      body->output_size() < node.output_size())
    return fail() << "expected a sequence and a body with the results";
  SmallVector<List> results(node.output_size());
  int64_t size = operands->front().list->values.size();
  for (int64_t i = 0; i < size; ++i) {
    SmallVector<Item> inputs;
    for (const Item &operand : *operands) {
      if (!operand.list) {
        inputs.push_back(operand);
        continue;
      }
      if (int64_t(operand.list->values.size()) != size)
        return fail() << "expected sequences of one length";
      inputs.push_back({operand.list->values[i], {}});
    }
    FailureOr<SmallVector<Item>> yielded =
        importBody(node, *body, scope, call, inputs, i);
    if (failed(yielded))
      return failure();
    for (auto [list, item] : llvm::zip(results, *yielded)) {
      if (!item.tensor)
        return fail() << "expected tensors from the body";
      list.values.push_back(item.tensor);
    }
  }
  for (auto [name, list] : llvm::zip_equal(node.output(), results))
    if (failed(defineItem(scope, name, {{}, list}, fail)))
      return failure();
  return success();
}

LogicalResult Importer::importBranch(const ::onnx::NodeProto &node, bool taken,
                                     Scope &scope, const Call &call) {
  auto fail = [&] { return nodeError(node, call); };
  StringRef name = taken ? "then_branch" : "else_branch";
  for (const auto &attribute : node.attribute()) {
    if (attribute.name() != name || !attribute.has_g())
      continue;
    FailureOr<SmallVector<Item>> items =
        importBody(node, attribute.g(), scope, call, {}, 0);
    if (failed(items))
      return failure();
    if (int(items->size()) != node.output_size())
      return fail() << "expected a branch of " << node.output_size()
                    << " results, got " << items->size();
    for (auto [result, item] : llvm::zip_equal(node.output(), *items)) {
      if (!item.tensor && !item.list)
        return fail() << "expected a name for each result of the branch";
      if (failed(defineItem(scope, result, item, fail)))
        return failure();
    }
    return success();
  }
  return fail() << "expected a graph as '" << name << "'";
}

/// A loop that carries sequences: its iterations one after the other.
LogicalResult Importer::unrollLoop(const ::onnx::NodeProto &node, Scope &scope,
                                   const Call &call) {
  auto fail = [&] { return nodeError(node, call); };
  FailureOr<SmallVector<Item>> operands = findItems(node, scope, call);
  if (failed(operands))
    return failure();
  const ::onnx::GraphProto *body = findBody(node);
  unsigned numCarried =
      operands->size() - std::min<size_t>(2, operands->size());
  if (!body || operands->size() < 2 ||
      body->output_size() != node.output_size() + 1 ||
      node.output_size() < int(numCarried))
    return fail() << "expected a body that fits the operands and results";
  constexpr int64_t kMostIterations = 1 << 16;
  std::optional<int64_t> trips = kMostIterations, goOn = 1;
  if (Value value = (*operands)[0].tensor)
    trips = readConstantInteger(value);
  if (Value value = (*operands)[1].tensor)
    goOn = readConstantInteger(value);
  auto refuse = [&] {
    return refusal(fail()) << "expected a loop over sequences whose iterations "
                              "are known when the model is imported";
  };
  NodeBuilder nodeBuilder(builder, getLocation(getName(node, call)), *tensors);
  auto makeInteger = [&](int64_t number, Type element) {
    auto type = RankedTensorType::get({}, element);
    return Item{nodeBuilder.createConstant(DenseElementsAttr::get(
                    type, builder.getIntegerAttr(element, number))),
                {}};
  };
  SmallVector<Item> carried(ArrayRef(*operands).drop_front(2));
  SmallVector<SmallVector<Value>> collected(node.output_size() - numCarried);
  for (int64_t i = 0; trips && goOn && *goOn && i < *trips; ++i) {
    if (i == kMostIterations)
      return refuse();
    SmallVector<Item> inputs{makeInteger(i, builder.getI64Type()),
                             makeInteger(1, builder.getI1Type())};
    llvm::append_range(inputs, carried);
    FailureOr<SmallVector<Item>> yielded =
        importBody(node, *body, scope, call, inputs, i);
    if (failed(yielded))
      return failure();
    goOn = readConstantInteger(yielded->front().tensor);
    for (unsigned k = 0; k < numCarried; ++k)
      carried[k] = (*yielded)[k + 1];
    for (auto [k, rows] : llvm::enumerate(collected)) {
      Value row = (*yielded)[numCarried + k + 1].tensor;
      if (!row)
        return fail() << "expected tensors to collect";
      rows.push_back(row);
    }
  }
  if (!trips || !goOn)
    return refuse();
  for (ArrayRef<Value> rows : collected) {
    if (rows.empty())
      return refuse();
    llvm::Expected<Value> all = stack(rows, 0, nodeBuilder);
    if (!all)
      return nodeError(node, call, all.takeError());
    carried.push_back({*all, {}});
  }
  for (auto [name, item] : llvm::zip_equal(node.output(), carried))
    if (failed(defineItem(scope, name, item, fail)))
      return failure();
  return success();
}

} // namespace squint
