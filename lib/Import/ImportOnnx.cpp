//===- ImportOnnx.cpp - ONNX models as IR -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FlexAttention.h"
#include "MachineLearning.h"
#include "ModelFile.h"
#include "Node.h"
#include "Sequences.h"
#include "Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "squint/Dialect/Msft/Msft.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Import/Onnx.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace squint {
namespace {

constexpr int kOldestOpset = 1, kNewestOpset = 27;
// Functions that call functions several times multiply; beyond this no real
// model goes.
constexpr int kMostInlined = 1 << 18;
constexpr int kDeepest = 32; // subgraphs in subgraphs, functions in functions

StringRef canonicalDomain(StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

/// Names and opsets that hold within a graph or a function's body.
struct Scope {
  Scope *parent = nullptr;
  llvm::StringMap<Value> values;
  llvm::StringMap<List> lists;
  llvm::StringMap<const ::onnx::TensorProto *> initializers;
  llvm::StringMap<const ::onnx::SparseTensorProto *> sparseInitializers;
  /// Where constants go: the start of the function or of the region.
  Block *block = nullptr;
};

/// The only operator with graphs beside control flow.
bool isFlexAttention(const ::onnx::NodeProto &node) {
  return node.domain() == "ai.onnx.preview" &&
         node.op_type() == "FlexAttention";
}

/// Taken apart when they are imported.
bool isMachineLearning(const ::onnx::NodeProto &node) {
  return node.domain() == "ai.onnx.ml" &&
         isMachineLearningOperator(node.op_type());
}

/// What a function's body gets from its call.
struct Call {
  std::string prefix;
  llvm::StringMap<const ::onnx::AttributeProto *> attributes;
  llvm::StringMap<int> opsets;
  int depth = 0;
  /// That of the node that calls, for attributes that refer on.
  const Call *parent = nullptr;
};

/// The nodes that cannot be compiled, by operator and reason.
using UnsupportedNodes = std::map<std::string, std::vector<std::string>>;
constexpr size_t kMostListed = 16;

class Importer {
public:
  Importer(StringRef path, MLIRContext &context, const ImportOptions &options)
      : path(path), context(context), options(options), builder(&context),
        stores(context.getOrLoadDialect<SquintDialect>()->getStores()) {}

  OwningOpRef<ModuleOp> run();

private:
  InFlightDiagnostic error(const Twine &what = "") {
    return emitError(FileLineColLoc::get(&context, path, 0, 0)) << what;
  }
  InFlightDiagnostic nodeError(const ::onnx::NodeProto &node,
                               const Call &call) {
    return error() << "node '" << getName(node, call) << "' (" << node.op_type()
                   << "): ";
  }
  LogicalResult nodeError(const ::onnx::NodeProto &node, const Call &call,
                          llvm::Error failure) {
    std::string message;
    bool refused = false;
    llvm::handleAllErrors(std::move(failure), [&](const llvm::StringError &e) {
      message = e.getMessage();
      refused = e.convertToErrorCode() == std::errc::not_supported;
    });
    InFlightDiagnostic diagnostic = nodeError(node, call);
    return (refused ? refusal(std::move(diagnostic)) : std::move(diagnostic))
           << message;
  }
  Location getLocation(StringRef name) {
    return NameLoc::get(StringAttr::get(&context, name),
                        FileLineColLoc::get(&context, path, 0, 0));
  }
  std::string getName(const ::onnx::NodeProto &node, const Call &call);

  LogicalResult readOpsets(
      const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
          &imports,
      llvm::StringMap<int> &opsets);
  LogicalResult readFunctions();
  void findUnsupported(
      const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
      const Call &call, UnsupportedNodes &unsupported, int depth);
  const OpSchema *findSchema(const ::onnx::NodeProto &node,
                             const llvm::StringMap<int> &opsets,
                             std::string &dialect, int &version,
                             std::string &reason);

  FailureOr<RankedTensorType> readInputType(const ::onnx::ValueInfoProto &input,
                                            SmallVectorImpl<DimExpr> &dims);
  std::string makeSymbol(StringRef name);

  LogicalResult importMain(ModuleOp module);
  LogicalResult addInitializers(const ::onnx::GraphProto &graph, Scope &scope);
  LogicalResult importNodes(
      const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
      Scope &scope, const Call &call);
  LogicalResult importNode(const ::onnx::NodeProto &node, Scope &scope,
                           const Call &call);
  LogicalResult importConstant(const ::onnx::NodeProto &node, Scope &scope,
                               const Call &call);
  LogicalResult importCall(const ::onnx::NodeProto &node,
                           const ::onnx::FunctionProto &function, Scope &scope,
                           const Call &call);
  /// A node of ai.onnx.preview.
  LogicalResult importFlexAttention(const ::onnx::NodeProto &node, Scope &scope,
                                    const Call &call);
  LogicalResult importMachineLearning(const ::onnx::NodeProto &node,
                                      Scope &scope, const Call &call);
  /// What a graph of one input makes of a value, where its node stands.
  FailureOr<Value> inlineGraph(const ::onnx::NodeProto &node,
                               const ::onnx::GraphProto &graph, Value input,
                               Scope &scope, const Call &call);
  LogicalResult importRegion(const ::onnx::NodeProto &node,
                             const ::onnx::GraphProto &graph, Region &region,
                             Scope &scope, const Call &call,
                             ArrayRef<Value> operands,
                             SmallVectorImpl<int> &lengths);
  LogicalResult importSequence(const ::onnx::NodeProto &node, Scope &scope,
                               const Call &call);
  LogicalResult importSequenceMap(const ::onnx::NodeProto &node, Scope &scope,
                                  const Call &call);
  LogicalResult unrollLoop(const ::onnx::NodeProto &node, Scope &scope,
                           const Call &call);
  /// The results of a body with the inputs given.
  FailureOr<SmallVector<Item>> importBody(const ::onnx::NodeProto &node,
                                          const ::onnx::GraphProto &graph,
                                          Scope &scope, const Call &call,
                                          ArrayRef<Item> inputs,
                                          int64_t iteration);
  FailureOr<SmallVector<Item>> findItems(const ::onnx::NodeProto &node,
                                         Scope &scope, const Call &call);
  LogicalResult defineItem(Scope &scope, StringRef name, const Item &item,
                           llvm::function_ref<InFlightDiagnostic()> fail);
  const List *findList(Scope &scope, StringRef name) {
    for (Scope *s = &scope; s; s = s->parent) {
      if (auto it = s->lists.find(name); it != s->lists.end())
        return &it->second;
      if (s->values.contains(name) || s->initializers.contains(name))
        return nullptr;
    }
    return nullptr;
  }
  LogicalResult define(Scope &scope, StringRef name, Value value,
                       llvm::function_ref<InFlightDiagnostic()> fail);
  /// A null value with success is an absent operand.
  FailureOr<Value> findValue(Scope &scope, StringRef name,
                             llvm::function_ref<InFlightDiagnostic()> fail);

  const ::onnx::AttributeProto *resolve(const ::onnx::AttributeProto &attribute,
                                        const Call &call);
  llvm::Expected<Attribute>
  readAttribute(const ::onnx::AttributeProto &attribute);

  std::string path;
  MLIRContext &context;
  const ImportOptions &options;
  OpBuilder builder;
  DataStores &stores;
  std::unique_ptr<TensorReader> tensors;
  ::onnx::ModelProto model;
  llvm::StringMap<int> opsets;
  llvm::StringMap<const ::onnx::FunctionProto *> functions;
  int inlined = 0;
  llvm::StringMap<int> unnamed;
  llvm::DenseMap<const ::onnx::NodeProto *, std::string> madeNames;
  /// The model's names of dimensions and the symbols that they became.
  llvm::StringMap<std::string> symbols;
  llvm::StringSet<> usedSymbols;
  std::set<std::string> pinned;
};

std::string functionKey(StringRef domain, StringRef name, StringRef overload) {
  return (canonicalDomain(domain) + "::" + name + "::" + overload).str();
}

std::string Importer::getName(const ::onnx::NodeProto &node, const Call &call) {
  std::string &made = madeNames[&node];
  if (!node.name().empty())
    return call.prefix + node.name();
  if (made.empty())
    made = node.op_type() + "_" + std::to_string(unnamed[node.op_type()]++);
  return call.prefix + made;
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

LogicalResult Importer::readOpsets(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>
        &imports,
    llvm::StringMap<int> &opsets) {
  for (const auto &import : imports) {
    StringRef domain = canonicalDomain(import.domain());
    if (domain.empty() &&
        (import.version() < kOldestOpset || import.version() > kNewestOpset))
      return refusal(error()) << "expected opset " << kOldestOpset << " to "
                              << kNewestOpset << ", got " << import.version();
    if (domain == "com.microsoft" && import.version() != 1)
      return error() << "expected version 1 of the domain com.microsoft, got "
                     << import.version();
    opsets[domain] = static_cast<int>(import.version());
  }
  return success();
}

LogicalResult Importer::readFunctions() {
  for (const auto &function : model.functions())
    if (!functions
             .try_emplace(functionKey(function.domain(), function.name(),
                                      function.overload()),
                          &function)
             .second)
      return error() << "function '" << function.name()
                     << "': expected one definition, got several";
  return success();
}

const OpSchema *Importer::findSchema(const ::onnx::NodeProto &node,
                                     const llvm::StringMap<int> &opsets,
                                     std::string &dialect, int &version,
                                     std::string &reason) {
  StringRef domain = canonicalDomain(node.domain());
  auto opset = opsets.find(domain);
  const OpSchema *schema = nullptr;
  if (domain.empty() || domain == "com.microsoft") {
    dialect = domain.empty() ? "onnx" : "msft";
    schema = lookupSchema(dialect, node.op_type());
    // onnxruntime keeps some of its own in the default domain.
    if (!schema && domain.empty()) {
      dialect = "msft";
      schema = lookupSchema(dialect, node.op_type());
    }
  }
  if (!schema)
    return nullptr;
  if (opset == opsets.end()) {
    reason = "the model does not import its domain";
    return nullptr;
  }
  version = schema->versions.front();
  if (dialect == "onnx") {
    if (opset->second < version) {
      reason = "not in opset " + std::to_string(opset->second);
      return nullptr;
    }
    for (int candidate : schema->versions)
      version = candidate <= opset->second ? candidate : version;
  }
  auto onlyLists = [](const ParameterSchema &p) {
    return p.option != ParameterSchema::Optional &&
           (p.types & ((1u << 30) - 1)) == 0;
  };
  bool isMap = dialect == "onnx" && node.op_type() == "SequenceMap";
  if (!isSequenceOperator(node.op_type()) && !isMap &&
      (llvm::any_of(schema->inputs, onlyLists) ||
       llvm::any_of(schema->outputs, onlyLists))) {
    reason = "sequences of this operator are not supported";
    return nullptr;
  }
  bool controlFlow = node.op_type() == "If" || node.op_type() == "Loop" ||
                     node.op_type() == "Scan" || isMap;
  if (!controlFlow &&
      llvm::any_of(schema->attributes, [](const AttributeSchema &a) {
        return a.kind == AttributeSchema::Graph;
      })) {
    reason = "subgraphs of this operator are not supported yet";
    return nullptr;
  }
  return schema;
}

void Importer::findUnsupported(
    const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
    const Call &call, UnsupportedNodes &unsupported, int depth) {
  if (depth > kDeepest)
    return;
  for (const auto &node : nodes) {
    if (auto it = functions.find(
            functionKey(node.domain(), node.op_type(), node.overload()));
        it != functions.end())
      continue;
    std::string dialect, reason;
    int version;
    const OpSchema *schema =
        findSchema(node, call.opsets, dialect, version, reason);
    if (isFlexAttention(node) || isMachineLearning(node)) {
      // Taken apart.
    } else if (!schema || (options.isSupported &&
                           !options.isSupported(dialect, node.op_type()))) {
      std::string name = node.domain().empty()
                             ? node.op_type()
                             : node.domain() + "." + node.op_type();
      unsupported[reason.empty() ? name : name + " (" + reason + ")"].push_back(
          getName(node, call));
    }
    for (const auto &attribute : node.attribute())
      if (attribute.has_g())
        findUnsupported(attribute.g().node(), call, unsupported, depth + 1);
  }
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

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// A name for a dimension that `squint.dims` can hold; distinct for distinct
/// names.
std::string Importer::makeSymbol(StringRef name) {
  std::string &symbol = symbols[name];
  if (!symbol.empty())
    return symbol;
  std::string base = name.str();
  for (char &c : base)
    if (!llvm::isAlnum(c) && c != '_' && c != '.')
      c = '_';
  if (!DimExpr::isSymbol(base) || DimExpr::isValueSymbol(base) ||
      DimExpr::isLateSymbol(base))
    base = "_" + base;
  symbol = base;
  for (int i = 2; !usedSymbols.insert(symbol).second; ++i)
    symbol = base + "_" + std::to_string(i);
  return symbol;
}

FailureOr<RankedTensorType>
Importer::readInputType(const ::onnx::ValueInfoProto &input,
                        SmallVectorImpl<DimExpr> &dims) {
  auto fail = [&] { return error() << "input '" << input.name() << "': "; };
  if (!input.type().has_tensor_type())
    return refusal(fail())
           << "expected a tensor (other types of inputs are not supported yet)";
  const auto &tensor = input.type().tensor_type();
  Type element = getElementType(&context, tensor.elem_type());
  if (!element)
    return fail() << "expected a data type of the standard, got "
                  << tensor.elem_type();
  if (!tensor.has_shape())
    return fail() << "expected a shape, got none";
  SmallVector<int64_t> shape;
  for (auto [i, dim] : llvm::enumerate(tensor.shape().dim())) {
    if (dim.value_case() == std::decay_t<decltype(dim)>::kDimValue &&
        dim.dim_value() < -1)
      return fail() << "expected dimensions of 0 or more, got "
                    << dim.dim_value();
    if (dim.value_case() == std::decay_t<decltype(dim)>::kDimValue &&
        dim.dim_value() > 0) {
      shape.push_back(dim.dim_value());
      dims.push_back(dim.dim_value());
      continue;
    }
    // 0, -1, an empty name and nothing all say that the size is known at run
    // time only.
    std::string name = dim.dim_param().empty()
                           ? input.name() + "_d" + std::to_string(i)
                           : dim.dim_param();
    auto pin = options.dims.find(name);
    std::string symbol = makeSymbol(name);
    if (pin == options.dims.end())
      pin = options.dims.find(symbol);
    if (pin != options.dims.end()) {
      pinned.insert(pin->first);
      shape.push_back(pin->second);
      dims.push_back(pin->second);
      continue;
    }
    shape.push_back(ShapedType::kDynamic);
    dims.push_back(DimExpr::symbol(symbol));
  }
  int64_t elements = 1;
  for (int64_t size : shape)
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(elements, size, elements) ||
         elements > INT64_MAX / 128))
      return fail() << "expected a tensor of less than 2^56 elements";
  return RankedTensorType::get(shape, element);
}

LogicalResult Importer::importMain(ModuleOp module) {
  const ::onnx::GraphProto &graph = model.graph();
  builder.setInsertionPointToEnd(module.getBody());
  Scope scope;
  if (failed(addInitializers(graph, scope)))
    return failure();

  SmallVector<Type> types;
  SmallVector<DictionaryAttr> argAttrs, resultAttrs;
  SmallVector<const ::onnx::ValueInfoProto *> inputs;
  auto describe = [&](StringRef name, ArrayRef<DimExpr> dims) {
    return builder.getDictionaryAttr(
        {{builder.getStringAttr(kNameAttr), builder.getStringAttr(name)},
         {builder.getStringAttr(kDimsAttr), getDimsAttr(&context, dims)}});
  };
  for (const auto &input : graph.input()) {
    if (scope.initializers.contains(input.name()) ||
        scope.sparseInitializers.contains(input.name()))
      continue; // a constant; callers cannot override it
    SmallVector<DimExpr> dims;
    FailureOr<RankedTensorType> type = readInputType(input, dims);
    if (failed(type))
      return failure();
    types.push_back(*type);
    argAttrs.push_back(describe(input.name(), dims));
    inputs.push_back(&input);
  }
  for (const auto &[name, size] : options.dims)
    if (!pinned.count(name)) {
      InFlightDiagnostic diagnostic =
          error() << "expected a symbolic dimension of an input, got '" << name
                  << "'";
      SmallVector<std::string> known;
      for (auto &entry : symbols)
        known.push_back(entry.first().str());
      llvm::sort(known);
      diagnostic << (known.empty()
                         ? " (the model has none)"
                         : " (the model has " + llvm::join(known, ", ") + ")");
      return failure();
    }

  auto main = func::FuncOp::create(builder, module.getLoc(), "main",
                                   builder.getFunctionType(types, {}));
  Block *block = main.addEntryBlock();
  scope.block = block;
  for (BlockArgument argument : block->getArguments()) {
    const std::string &name = inputs[argument.getArgNumber()]->name();
    argument.setLoc(getLocation(name));
    if (failed(define(scope, name, argument,
                      [&] { return error() << "input '" << name << "': "; })))
      return failure();
  }
  builder.setInsertionPointToEnd(block);
  Call call;
  call.opsets = opsets;
  if (failed(importNodes(graph.node(), scope, call)))
    return failure();

  if (graph.output_size() == 0)
    return error() << "expected at least one output, got none";
  SmallVector<Value> results;
  llvm::StringSet<> outputNames;
  for (const auto &output : graph.output()) {
    auto fail = [&] { return error() << "output '" << output.name() << "': "; };
    if (output.name().empty() || !outputNames.insert(output.name()).second)
      return fail() << "expected distinct names";
    // A sequence of known length is as many results.
    if (const List *list = findList(scope, output.name())) {
      if (list->isAbsent)
        return refusal(fail()) << "expected a tensor or a sequence, got an "
                                  "optional without a value";
      for (auto [i, element] : llvm::enumerate(list->values)) {
        std::string name = output.name() + "." + std::to_string(i);
        if (!outputNames.insert(name).second)
          return fail() << "expected distinct names";
        NamedAttrList attributes;
        attributes.set(kNameAttr, builder.getStringAttr(name));
        resultAttrs.push_back(attributes.getDictionary(&context));
        results.push_back(element);
      }
      continue;
    }
    FailureOr<Value> value = findValue(scope, output.name(), fail);
    if (failed(value))
      return failure();
    results.push_back(*value);
    const auto &tensor = output.type().tensor_type();
    Type element = getElementType(&context, tensor.elem_type());
    Type got = cast<ShapedType>(value->getType()).getElementType();
    if (element && element != got)
      return fail() << "expected elements of type " << element << ", got "
                    << got;
    // What the model says of the shape; names that no input has say nothing.
    SmallVector<Attribute> dims;
    for (const auto &dim : tensor.shape().dim())
      dims.push_back(builder.getStringAttr(
          dim.dim_value() > 0 ? std::to_string(dim.dim_value()) : "?"));
    NamedAttrList attributes;
    attributes.set(kNameAttr, builder.getStringAttr(output.name()));
    if (tensor.has_shape())
      attributes.set(kDimsAttr, builder.getArrayAttr(dims));
    resultAttrs.push_back(attributes.getDictionary(&context));
  }
  if (results.empty())
    return refusal(error()) << "expected an output with elements, got empty "
                               "sequences only";
  builder.setInsertionPointToEnd(block);
  func::ReturnOp::create(builder, module.getLoc(), results);
  main.setFunctionType(
      builder.getFunctionType(types, ValueRange(results).getTypes()));
  main.setAllArgAttrs(argAttrs);
  main.setAllResultAttrs(resultAttrs);
  return success();
}

OwningOpRef<ModuleOp> Importer::run() {
  stores.setBase(llvm::sys::path::parent_path(path));
  for (const std::string &folder : options.allowExternal)
    stores.allow(folder);
  llvm::Expected<std::string> store = stores.addFile(path);
  if (!store) {
    error() << llvm::toString(store.takeError());
    return nullptr;
  }
  llvm::Expected<const DataStore *> file = stores.lookup(*store);
  if (!file) {
    error() << llvm::toString(file.takeError());
    return nullptr;
  }
  llvm::Expected<::onnx::ModelProto> parsed = parseModel((*file)->bytes());
  if (!parsed) {
    error() << llvm::toString(parsed.takeError());
    return nullptr;
  }
  model = std::move(*parsed);
  if (!model.has_graph() || model.opset_import_size() == 0) {
    error() << "expected an ONNX model with a graph and an opset, got none";
    return nullptr;
  }
  tensors =
      std::make_unique<TensorReader>(context, stores, *store, (*file)->bytes(),
                                     !options.allowExternal.empty());
  if (failed(readOpsets(model.opset_import(), opsets)) ||
      failed(readFunctions()))
    return nullptr;

  UnsupportedNodes unsupported;
  Call call;
  call.opsets = opsets;
  findUnsupported(model.graph().node(), call, unsupported, 0);
  for (const auto &function : model.functions()) {
    Call body;
    body.prefix = function.name() + "/";
    body.opsets = opsets;
    if (function.opset_import_size()) {
      body.opsets.clear();
      if (failed(readOpsets(function.opset_import(), body.opsets)))
        return nullptr;
    }
    findUnsupported(function.node(), body, unsupported, 0);
  }
  if (!unsupported.empty()) {
    InFlightDiagnostic diagnostic = refusal(error());
    diagnostic << "expected supported operators, got";
    const char *separator = " ";
    for (auto &[name, nodes] : unsupported) {
      diagnostic << separator << name << " x" << nodes.size();
      separator = ", ";
    }
    for (auto &[name, nodes] : unsupported) {
      ArrayRef<std::string> listed = ArrayRef(nodes).take_front(kMostListed);
      Diagnostic &note = diagnostic.attachNote();
      note << name << ": node '" << llvm::join(listed, "', '") << "'";
      if (listed.size() < nodes.size())
        note << " and " << nodes.size() - listed.size() << " more";
    }
    return nullptr;
  }

  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    c = llvm::isAlnum(c) || c == '_' ? c : '_';
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(FileLineColLoc::get(&context, path, 0, 0),
                       name.empty() ? StringRef("model") : StringRef(name));
  if (failed(importMain(*module)) || failed(verify(*module)))
    return nullptr;
  if (options.files) {
    options.files->insert((*file)->path().str());
    options.files->insert(tensors->getExternalStores().begin(),
                          tensors->getExternalStores().end());
  }
  return module;
}
} // namespace

void registerImportDialects(DialectRegistry &registry) {
  registry
      .insert<onnx::OnnxDialect, msft::MsftDialect, SquintDialect,
              func::FuncDialect, arith::ArithDialect, tensor::TensorDialect>();
}

OwningOpRef<ModuleOp> importOnnx(StringRef path, MLIRContext &context,
                                 const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<onnx::OnnxDialect, msft::MsftDialect, SquintDialect,
                      func::FuncDialect, arith::ArithDialect,
                      tensor::TensorDialect>();
  return Importer(path, context, options).run();
}

} // namespace squint
