//===- ImportGraphs.cpp - nodes with graphs, and functions *- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "squint/Dialect/Onnx/Onnx.h"

using namespace mlir;

namespace squint {

LogicalResult Importer::importRegion(const ::onnx::NodeProto &node,
                                     const ::onnx::GraphProto &graph,
                                     Region &region, Scope &scope,
                                     const Call &call, ArrayRef<Value> operands,
                                     SmallVectorImpl<int> &lengths) {
  Call inner = call;
  if (++inner.depth > kDeepest)
    return nodeError(node, call) << "expected at most " << kDeepest
                                 << " levels of subgraphs and functions";
  Scope own;
  own.parent = &scope;
  own.block = &region.emplaceBlock();
  if (failed(addInitializers(graph, own)))
    return failure();
  auto fail = [&] { return nodeError(node, call); };
  for (auto [i, input] : llvm::enumerate(graph.input())) {
    if (own.initializers.contains(input.name()))
      continue;
    // The body need not say its types: then they are those of the operands.
    Type element =
        getElementType(&context, input.type().tensor_type().elem_type());
    if (!element && i < operands.size() && operands[i])
      element = cast<ShapedType>(operands[i].getType()).getElementType();
    if (!element)
      return fail() << "expected a type for the body's input '" << input.name()
                    << "'";
    BlockArgument argument = own.block->addArgument(
        UnrankedTensorType::get(element), getLocation(input.name()));
    if (failed(define(own, input.name(), argument, fail)))
      return failure();
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(own.block);
  if (failed(importNodes(graph.node(), own, inner)))
    return failure();
  SmallVector<Value> results;
  lengths.clear();
  for (const auto &output : graph.output()) {
    const List *list = findList(own, output.name());
    lengths.push_back(!list ? -1 : list->isAbsent ? -2 : list->values.size());
    if (list) {
      llvm::append_range(results, list->values);
      continue;
    }
    FailureOr<Value> value = findValue(own, output.name(), fail);
    if (failed(value) || !*value)
      return failed(value)
                 ? failure()
                 : LogicalResult(
                       fail() << "expected a name for each result of the body");
    results.push_back(*value);
  }
  builder.setInsertionPointToEnd(own.block);
  onnx::YieldOp::create(builder, getLocation(getName(node, call)), results);
  return success();
}

FailureOr<Value> Importer::inlineGraph(const ::onnx::NodeProto &node,
                                       const ::onnx::GraphProto &graph,
                                       Value input, Scope &scope,
                                       const Call &call) {
  auto fail = [&] { return nodeError(node, call); };
  Call inner = call;
  inner.prefix = getName(node, call) + "/";
  if (++inner.depth > kDeepest)
    return LogicalResult(fail() << "expected at most " << kDeepest
                                << " levels of subgraphs and functions");
  if (graph.input_size() != 1 || graph.output_size() != 1)
    return LogicalResult(fail() << "expected a graph of one input and one "
                                   "output, got "
                                << graph.input_size() << " and "
                                << graph.output_size());
  Scope own;
  own.parent = &scope;
  own.block = scope.block;
  if (failed(addInitializers(graph, own)) ||
      failed(define(own, graph.input(0).name(), input, fail)) ||
      failed(importNodes(graph.node(), own, inner)))
    return failure();
  FailureOr<Value> result = findValue(own, graph.output(0).name(), fail);
  if (succeeded(result) && !*result)
    return LogicalResult(fail() << "expected a name for the graph's output");
  return result;
}

LogicalResult Importer::importCall(const ::onnx::NodeProto &node,
                                   const ::onnx::FunctionProto &function,
                                   Scope &scope, const Call &call) {
  Call inner;
  inner.prefix = getName(node, call) + "/";
  inner.depth = call.depth + 1;
  if (inner.depth > kDeepest)
    return nodeError(node, call) << "expected at most " << kDeepest
                                 << " levels of subgraphs and functions";
  if (function.opset_import_size() == 0)
    inner.opsets = opsets;
  else if (failed(readOpsets(function.opset_import(), inner.opsets)))
    return failure();
  for (const auto &attribute : function.attribute_proto())
    inner.attributes[attribute.name()] = &attribute;
  for (const auto &attribute : node.attribute()) {
    const ::onnx::AttributeProto *value = resolve(attribute, call);
    if (!value)
      continue;
    bool known = llvm::is_contained(function.attribute(), attribute.name()) ||
                 inner.attributes.contains(attribute.name());
    if (!known)
      return nodeError(node, call)
             << "expected an attribute of the function, got '"
             << attribute.name() << "'";
    inner.attributes[attribute.name()] = value;
  }
  if (node.input_size() > function.input_size() ||
      node.output_size() > function.output_size())
    return nodeError(node, call)
           << "expected at most " << function.input_size() << " operands and "
           << function.output_size() << " results, got " << node.input_size()
           << " and " << node.output_size();
  auto fail = [&] { return nodeError(node, call); };
  Scope own; // a function's body sees nothing of its caller
  own.block = scope.block;
  for (auto [i, name] : llvm::enumerate(function.input())) {
    std::string given = int(i) < node.input_size() ? node.input(i) : "";
    if (const List *list = findList(scope, given)) {
      if (failed(defineItem(own, name, {{}, *list}, fail)))
        return failure();
      continue;
    }
    FailureOr<Value> value = findValue(scope, given, fail);
    if (failed(value))
      return failure();
    if (failed(define(own, name, *value, fail)))
      return failure();
  }
  if (failed(importNodes(function.node(), own, inner)))
    return failure();
  for (auto [i, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    if (const List *list = findList(own, function.output(i))) {
      if (failed(defineItem(scope, name, {{}, *list}, fail)))
        return failure();
      continue;
    }
    FailureOr<Value> value = findValue(own, function.output(i), fail);
    if (failed(value) || failed(define(scope, name, *value, fail)))
      return failure();
  }
  return success();
}

FailureOr<SmallVector<Item>> Importer::importBody(
    const ::onnx::NodeProto &node, const ::onnx::GraphProto &graph,
    Scope &scope, const Call &call, ArrayRef<Item> inputs, int64_t iteration) {
  auto fail = [&] { return nodeError(node, call); };
  Call inner = call;
  inner.prefix = getName(node, call) + "." + std::to_string(iteration) + "/";
  if (++inner.depth > kDeepest)
    return fail() << "expected at most " << kDeepest
                  << " levels of subgraphs and functions";
  Scope own;
  own.parent = &scope;
  own.block = scope.block;
  if (failed(addInitializers(graph, own)))
    return failure();
  if (graph.input_size() != int(inputs.size()))
    return fail() << "expected a body of " << inputs.size() << " inputs, got "
                  << graph.input_size();
  for (auto [input, item] : llvm::zip_equal(graph.input(), inputs))
    if (failed(defineItem(own, input.name(), item, fail)))
      return failure();
  if (failed(importNodes(graph.node(), own, inner)))
    return failure();
  SmallVector<Item> results;
  for (const auto &output : graph.output()) {
    Item item;
    if (const List *list = findList(own, output.name())) {
      item.list = *list;
    } else {
      FailureOr<Value> value = findValue(own, output.name(), fail);
      if (failed(value))
        return failure();
      item.tensor = *value;
    }
    results.push_back(std::move(item));
  }
  return results;
}

} // namespace squint
