//===- ImportNodes.cpp - nodes and what they refer to ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Onnx/Onnx.h"

using namespace mlir;

namespace squint {

std::string Importer::getName(const ::onnx::NodeProto &node, const Call &call) {
  std::string &made = madeNames[&node];
  if (!node.name().empty())
    return call.prefix + node.name();
  if (made.empty())
    made = node.op_type() + "_" + std::to_string(unnamed[node.op_type()]++);
  return call.prefix + made;
}
//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const ::onnx::AttributeProto *
Importer::resolve(const ::onnx::AttributeProto &attribute, const Call &call) {
  if (attribute.ref_attr_name().empty())
    return &attribute;
  auto it = call.attributes.find(attribute.ref_attr_name());
  return it == call.attributes.end() ? nullptr : it->second;
}

llvm::Expected<Attribute>
Importer::readAttribute(const ::onnx::AttributeProto &a) {
  using A = ::onnx::AttributeProto;
  int type = a.type();
  if (type == A::UNDEFINED) // IR version 1 did without
    type = a.has_f()          ? A::FLOAT
           : a.has_i()        ? A::INT
           : a.has_s()        ? A::STRING
           : a.has_t()        ? A::TENSOR
           : a.floats_size()  ? A::FLOATS
           : a.ints_size()    ? A::INTS
           : a.strings_size() ? A::STRINGS
                              : A::UNDEFINED;
  switch (type) {
  case A::FLOAT:
    return cast<Attribute>(builder.getF32FloatAttr(a.f()));
  case A::INT:
    return cast<Attribute>(builder.getI64IntegerAttr(a.i()));
  case A::STRING:
    return cast<Attribute>(builder.getStringAttr(a.s()));
  case A::FLOATS:
    return cast<Attribute>(builder.getDenseF32ArrayAttr(
        ArrayRef<float>(a.floats().data(), a.floats_size())));
  case A::INTS:
    return cast<Attribute>(builder.getDenseI64ArrayAttr(
        ArrayRef<int64_t>(a.ints().data(), a.ints_size())));
  case A::STRINGS: {
    SmallVector<Attribute> strings;
    for (const std::string &text : a.strings())
      strings.push_back(builder.getStringAttr(text));
    return cast<Attribute>(builder.getArrayAttr(strings));
  }
  case A::TENSOR: {
    llvm::Expected<TypedAttr> tensor = tensors->read(a.t());
    if (!tensor)
      return tensor.takeError();
    return cast<Attribute>(*tensor);
  }
  case A::TYPE_PROTO:
    if (Type element =
            getElementType(&context, a.tp().tensor_type().elem_type());
        element && a.tp().has_tensor_type())
      return cast<Attribute>(TypeAttr::get(UnrankedTensorType::get(element)));
    return llvm::createStringError(
        "expected a tensor type in the attribute '%s'", a.name().c_str());
  default:
    return llvm::createStringError("expected a kind of value that the standard "
                                   "has in the attribute '%s', got %d",
                                   a.name().c_str(), type);
  }
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

LogicalResult Importer::define(Scope &scope, StringRef name, Value value,
                               llvm::function_ref<InFlightDiagnostic()> fail) {
  if (scope.initializers.contains(name) ||
      scope.sparseInitializers.contains(name) || scope.lists.contains(name) ||
      !scope.values.try_emplace(name, value).second)
    return fail() << "expected one definition of '" << name << "', got several";
  return success();
}

FailureOr<Value>
Importer::findValue(Scope &scope, StringRef name,
                    llvm::function_ref<InFlightDiagnostic()> fail) {
  if (name.empty())
    return Value();
  for (Scope *s = &scope; s; s = s->parent) {
    if (auto it = s->values.find(name); it != s->values.end())
      return it->second;
    auto dense = s->initializers.find(name);
    auto sparse = s->sparseInitializers.find(name);
    if (dense == s->initializers.end() && sparse == s->sparseInitializers.end())
      continue;
    llvm::Expected<TypedAttr> value = dense != s->initializers.end()
                                          ? tensors->read(*dense->second)
                                          : tensors->read(*sparse->second);
    if (!value)
      return error() << "initializer '" << name
                     << "': " << llvm::toString(value.takeError());
    // Constants go to the start of their block, in the order of their first
    // use.
    OpBuilder::InsertionGuard guard(builder);
    Operation *last = nullptr;
    for (Operation &op : *s->block) {
      if (!isa<ConstantOp>(op))
        break;
      last = &op;
    }
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(s->block);
    Value constant = ConstantOp::create(builder, getLocation(name),
                                        value->getType(), *value);
    s->values[name] = constant;
    return constant;
  }
  return fail() << "expected '" << name << "' to be defined before its use";
}

LogicalResult Importer::addInitializers(const ::onnx::GraphProto &graph,
                                        Scope &scope) {
  for (const auto &tensor : graph.initializer()) {
    if (tensor.name().empty())
      return error() << "initializer: expected a name";
    if (!scope.initializers.try_emplace(tensor.name(), &tensor).second)
      return error() << "initializer '" << tensor.name()
                     << "': expected one definition, got several";
  }
  for (const auto &tensor : graph.sparse_initializer()) {
    const std::string &name = tensor.values().name();
    if (scope.initializers.contains(name) ||
        !scope.sparseInitializers.try_emplace(name, &tensor).second)
      return error() << "initializer '" << name
                     << "': expected one definition, got several";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult Importer::importNodes(
    const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
    Scope &scope, const Call &call) {
  for (const auto &node : nodes)
    if (failed(importNode(node, scope, call)))
      return failure();
  return success();
}

LogicalResult Importer::importConstant(const ::onnx::NodeProto &node,
                                       Scope &scope, const Call &call) {
  if (node.attribute_size() != 1 || node.output_size() != 1 ||
      node.input_size() != 0)
    return nodeError(node, call) << "expected one attribute and one result";
  const ::onnx::AttributeProto *a = resolve(node.attribute(0), call);
  if (!a)
    return nodeError(node, call) << "expected a value for the attribute '"
                                 << node.attribute(0).ref_attr_name() << "'";
  // A reference has the name of the function's attribute; what it stands for is
  // said by the node.
  StringRef name = node.attribute(0).name();
  auto make = [&](Type element, ArrayRef<int64_t> shape, const void *data,
                  size_t bytes) -> TypedAttr {
    return tensors->make(
        RankedTensorType::get(shape, element),
        ArrayRef<char>(static_cast<const char *>(data), bytes));
  };
  llvm::Expected<TypedAttr> value = TypedAttr();
  if (name == "value") {
    value = tensors->read(a->t());
  } else if (name == "sparse_value") {
    value = tensors->read(a->sparse_tensor());
  } else if (name == "value_int") {
    int64_t i = a->i();
    value = make(builder.getI64Type(), {}, &i, 8);
  } else if (name == "value_float") {
    float f = a->f();
    value = make(builder.getF32Type(), {}, &f, 4);
  } else if (name == "value_ints") {
    value = make(builder.getI64Type(), {a->ints_size()}, a->ints().data(),
                 8 * size_t(a->ints_size()));
  } else if (name == "value_floats") {
    value = make(builder.getF32Type(), {a->floats_size()}, a->floats().data(),
                 4 * size_t(a->floats_size()));
  } else if (name == "value_string" || name == "value_strings") {
    SmallVector<StringRef> strings(a->strings().begin(), a->strings().end());
    SmallVector<int64_t> shape;
    if (name == "value_string")
      strings = {a->s()};
    else
      shape = {a->strings_size()};
    auto type =
        RankedTensorType::get(shape, onnx::StringElementType::get(&context));
    value = cast<TypedAttr>(
        cast<Attribute>(DenseStringElementsAttr::get(type, strings)));
  } else {
    return nodeError(node, call)
           << "expected an attribute of the operator, got '" << name << "'";
  }
  if (!value)
    return nodeError(node, call, value.takeError());
  Value constant = ConstantOp::create(builder, getLocation(getName(node, call)),
                                      value->getType(), *value);
  return define(scope, node.output(0), constant,
                [&] { return nodeError(node, call); });
}

LogicalResult Importer::importFlexAttention(const ::onnx::NodeProto &proto,
                                            Scope &scope, const Call &call) {
  auto fail = [&] { return nodeError(proto, call); };
  Node node;
  node.name = proto.op_type();
  for (const std::string &name : proto.input()) {
    FailureOr<Value> value = findValue(scope, name, fail);
    if (failed(value))
      return failure();
    node.operands.push_back(*value);
  }
  llvm::StringMap<const ::onnx::GraphProto *> graphs;
  for (const auto &attribute : proto.attribute()) {
    const ::onnx::AttributeProto *value = resolve(attribute, call);
    if (!value)
      continue;
    StringRef name = attribute.name();
    if (name == "score_mod" || name == "prob_mod") {
      if (!value->has_g())
        return fail() << "expected a graph as '" << name << "'";
      graphs[name] = &value->g();
      continue;
    }
    if (name != "scale" && name != "softmax_precision")
      return fail() << "expected an attribute of the operator, got '" << name
                    << "'";
    llvm::Expected<Attribute> converted = readAttribute(*value);
    if (!converted)
      return nodeError(proto, call, converted.takeError());
    node.attributes.set(name, *converted);
  }
  NodeBuilder nodeBuilder(builder, getLocation(getName(proto, call)), *tensors);
  bool isReported = false;
  auto modify = [&](StringRef name, Value value) -> llvm::Expected<Value> {
    const ::onnx::GraphProto *graph = graphs.lookup(name);
    if (!graph)
      return value;
    FailureOr<Value> made = inlineGraph(proto, *graph, value, scope, call);
    if (succeeded(made))
      return *made;
    isReported = true;
    return llvm::createStringError("");
  };
  llvm::Expected<Value> result = buildFlexAttention(node, nodeBuilder, modify);
  if (!result) {
    if (!isReported)
      return nodeError(proto, call, result.takeError());
    llvm::consumeError(result.takeError());
    return failure();
  }
  if (proto.output_size() != 1)
    return fail() << "expected one result, got " << proto.output_size();
  return define(scope, proto.output(0), *result, fail);
}

LogicalResult Importer::importMachineLearning(const ::onnx::NodeProto &proto,
                                              Scope &scope, const Call &call) {
  auto fail = [&] { return nodeError(proto, call); };
  Node node;
  node.name = proto.op_type();
  node.opset = call.opsets.lookup(proto.domain());
  for (const std::string &name : proto.input()) {
    FailureOr<Value> value = findValue(scope, name, fail);
    if (failed(value))
      return failure();
    node.operands.push_back(*value);
  }
  for (const auto &attribute : proto.attribute()) {
    const ::onnx::AttributeProto *value = resolve(attribute, call);
    if (!value)
      continue;
    llvm::Expected<Attribute> converted = readAttribute(*value);
    if (!converted)
      return nodeError(proto, call, converted.takeError());
    node.attributes.set(attribute.name(), *converted);
  }
  if (proto.output_size() != 1)
    return fail() << "expected one result, got " << proto.output_size();
  NodeBuilder nodeBuilder(builder, getLocation(getName(proto, call)), *tensors);
  llvm::Expected<Value> result = buildMachineLearning(node, nodeBuilder);
  if (!result)
    return nodeError(proto, call, result.takeError());
  return define(scope, proto.output(0), *result, fail);
}

/// An attribute of the standard's operators that is 0 or 1.
static bool isFlag(StringRef name) {
  return llvm::is_contained({"align_corners",
                             "allowzero",
                             "antialias",
                             "ceil_mode",
                             "center_point_box",
                             "count_include_pad",
                             "exclude_outside",
                             "exclusive",
                             "fmod",
                             "interleaved",
                             "inverse",
                             "is_causal",
                             "keepdims",
                             "largest",
                             "layout",
                             "linear_before_reset",
                             "new_axis",
                             "noop_with_empty_axes",
                             "onesided",
                             "periodic",
                             "reverse",
                             "saturate",
                             "select_last_index",
                             "sorted",
                             "storage_order",
                             "training_mode",
                             "transA",
                             "transB",
                             "upper"},
                            name);
}

LogicalResult Importer::importNode(const ::onnx::NodeProto &proto, Scope &scope,
                                   const Call &call) {
  if (call.depth > 0 && ++inlined > kMostInlined)
    return nodeError(proto, call)
           << "expected at most " << kMostInlined
           << " nodes in all calls of functions and subgraphs";
  auto fail = [&] { return nodeError(proto, call); };
  if (auto it = functions.find(
          functionKey(proto.domain(), proto.op_type(), proto.overload()));
      it != functions.end())
    return importCall(proto, *it->second, scope, call);
  if (isFlexAttention(proto))
    return importFlexAttention(proto, scope, call);
  if (isMachineLearning(proto))
    return importMachineLearning(proto, scope, call);
  Node node;
  node.name = proto.op_type();
  int version;
  std::string reason;
  if (!findSchema(proto, call.opsets, node.dialect, version, reason))
    return refusal(fail()) << "expected a supported operator"
                           << (reason.empty() ? "" : ": ") << reason;
  if (node.dialect == "onnx" && node.name == "Constant")
    return importConstant(proto, scope, call);
  if (node.dialect == "onnx" && node.name == "SequenceMap")
    return importSequenceMap(proto, scope, call);
  bool hasLists = llvm::any_of(proto.input(), [&](const std::string &name) {
    return findList(scope, name);
  });
  if (node.dialect == "onnx" &&
      (isSequenceOperator(node.name) || (hasLists && node.name == "Identity")))
    return importSequence(proto, scope, call);
  if (hasLists && node.name == "Loop")
    return unrollLoop(proto, scope, call);
  if (hasLists)
    return refusal(fail()) << "expected tensors, got a sequence or an optional";
  node.opset = call.opsets.lookup(canonicalDomain(proto.domain()));

  for (const std::string &name : proto.input()) {
    FailureOr<Value> value = findValue(scope, name, fail);
    if (failed(value))
      return failure();
    node.operands.push_back(*value);
  }
  if (node.dialect == "onnx" && node.name == "If" &&
      node.operands.size() == 1 && node.operands[0] &&
      getElementTypeOrSelf(node.operands[0].getType()).isInteger(1))
    if (std::optional<int64_t> taken = readConstantInteger(node.operands[0]))
      return importBranch(proto, *taken, scope, call);
  for (const std::string &name : proto.output())
    node.outputs.push_back(!name.empty());
  /// Of each result of the regions: -1 for a tensor, or a sequence's length.
  std::optional<SmallVector<int>> lengths;
  for (const auto &attribute : proto.attribute()) {
    const ::onnx::AttributeProto *value = resolve(attribute, call);
    if (!value) // a reference to an attribute that the call leaves out: the
                // operator's default holds
      continue;
    if (node.attributes.get(attribute.name()))
      return fail() << "expected the attribute '" << attribute.name()
                    << "' once, got it twice";
    if (value->has_g()) {
      auto region = std::make_unique<Region>();
      SmallVector<int> own;
      if (failed(importRegion(proto, value->g(), *region, scope, call,
                              node.operands, own)))
        return failure();
      bool isTensors = llvm::all_of(own, [](int n) { return n == -1; });
      if (!isTensors && (node.name != "If" || llvm::is_contained(own, -2)))
        return refusal(fail())
               << "expected a body that gives tensors, got a sequence of which "
                  "the loop or a later run decides the length";
      if (lengths && *lengths != own)
        return refusal(fail())
               << "expected branches that give sequences of one length";
      lengths = std::move(own);
      node.regions.emplace_back(attribute.name(), std::move(region));
      continue;
    }
    llvm::Expected<Attribute> converted = readAttribute(*value);
    if (!converted)
      return nodeError(proto, call, converted.takeError());
    // Other numbers mean yes to some and no to others.
    auto number = dyn_cast<IntegerAttr>(*converted);
    if (number && node.dialect == "onnx" && isFlag(attribute.name()) &&
        number.getInt() != 0 && number.getInt() != 1)
      return fail() << "expected 0 or 1 as '" << attribute.name() << "', got "
                    << number.getInt();
    node.attributes.set(attribute.name(), *converted);
  }

  bool givesLists =
      lengths && llvm::any_of(*lengths, [](int n) { return n >= 0; });
  if (givesLists) {
    node.outputs.clear();
    for (int length : *lengths)
      node.outputs.append(length < 0 ? 1 : length, true);
  }
  NodeBuilder nodeBuilder(builder, getLocation(getName(proto, call)), *tensors);
  SmallVector<Value> results;
  if (llvm::Error problem = adaptNode(node, version, nodeBuilder, results))
    return nodeError(proto, call, std::move(problem));
  if (results.empty()) {
    const OpSchema *schema = lookupSchema(node.dialect, node.name);
    if (!schema || (schema->deprecated && version >= schema->versions.back()))
      return fail() << "expected an operator that is not deprecated in opset "
                    << node.opset;
    llvm::Expected<SmallVector<Value>> created = nodeBuilder.create(node);
    if (!created)
      return nodeError(proto, call, created.takeError());
    results = std::move(*created);
  }
  if (givesLists) {
    ArrayRef<Value> left = results;
    for (auto [name, length] : llvm::zip(proto.output(), *lengths)) {
      Item item;
      unsigned count = length < 0 ? 1 : length;
      if (length < 0)
        item.tensor = left.front();
      else
        item.list = List{SmallVector<Value>(left.take_front(count))};
      left = left.drop_front(count);
      if (failed(defineItem(scope, name, item, fail)))
        return failure();
    }
    return success();
  }
  for (auto [i, name] : llvm::enumerate(proto.output()))
    if (!name.empty() && i < results.size() && results[i] &&
        failed(define(scope, name, results[i], fail)))
      return failure();
  return success();
}

} // namespace squint
