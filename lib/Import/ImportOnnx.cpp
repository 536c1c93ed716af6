//===- ImportOnnx.cpp - ONNX models as IR ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "squint/Dialect/Msft/Msft.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace squint {

std::string functionKey(StringRef domain, StringRef name, StringRef overload) {
  return (canonicalDomain(domain) + "::" + name + "::" + overload).str();
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

LogicalResult Importer::importMain(ModuleOp module) {
  const ::onnx::GraphProto &graph = model.graph();
  builder.setInsertionPointToEnd(module.getBody());
  Scope scope;
  if (failed(addInitializers(graph, scope)))
    return failure();

  SmallVector<Type> types;
  SmallVector<DictionaryAttr> argAttrs, resultAttrs;
  SmallVector<std::pair<const ::onnx::ValueInfoProto *, unsigned>> inputs;
  SmallVector<std::pair<const ::onnx::ValueInfoProto *, TypedAttr>> fixed;
  llvm::StringSet<> names;
  auto describe = [&](StringRef name, ArrayRef<DimExpr> dims) {
    return builder.getDictionaryAttr(
        {{builder.getStringAttr(kNameAttr), builder.getStringAttr(name)},
         {builder.getStringAttr(kDimsAttr), getDimsAttr(&context, dims)}});
  };
  for (const auto &input : graph.input()) {
    if (scope.initializers.contains(input.name()) ||
        scope.sparseInitializers.contains(input.name()))
      continue; // a constant; callers cannot override it
    if (auto value = options.values.find(input.name());
        value != options.values.end()) {
      FailureOr<TypedAttr> constant = readFixedInput(input, value->second);
      if (failed(constant))
        return failure();
      fixed.emplace_back(&input, *constant);
      continue;
    }
    FailureOr<SmallVector<Argument>> arguments = readInput(input);
    if (failed(arguments))
      return failure();
    for (const Argument &argument : *arguments) {
      if (!names.insert(argument.name).second)
        return error() << "input '" << argument.name
                       << "': expected distinct names";
      types.push_back(argument.type);
      argAttrs.push_back(describe(argument.name, argument.dims));
    }
    inputs.emplace_back(&input, arguments->size());
  }
  for (const auto &entry : options.elements)
    if (llvm::none_of(inputs, [&](const auto &input) {
          return input.first->name() == entry.first &&
                 !input.first->type().has_tensor_type();
        }))
      return error() << "expected an input that is a sequence or an optional, "
                        "got '"
                     << entry.first << "'";
  for (const auto &entry : options.values)
    if (llvm::none_of(fixed, [&](const auto &input) {
          return input.first->name() == entry.first;
        }))
      return error() << "expected an input that is no constant, got '"
                     << entry.first << "'";
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
  ArrayRef<BlockArgument> left = block->getArguments();
  for (auto [input, count] : inputs) {
    const std::string &name = input->name();
    ArrayRef<BlockArgument> own = left.take_front(count);
    left = left.drop_front(count);
    for (BlockArgument argument : own)
      argument.setLoc(getLocation(name));
    auto given = options.elements.find(name);
    bool isTensor =
        own.size() == 1 &&
        (given == options.elements.end() ||
         (input->type().has_optional_type() &&
          !input->type().optional_type().elem_type().has_sequence_type()));
    Item item;
    if (isTensor)
      item.tensor = own.front();
    else
      item.list = List{SmallVector<Value>(own.begin(), own.end()),
                       given->second.isAbsent};
    if (failed(defineItem(scope, name, item, [&] {
          return error() << "input '" << name << "': ";
        })))
      return failure();
  }
  builder.setInsertionPointToEnd(block);
  for (auto [input, value] : fixed) {
    const std::string &name = input->name();
    Value constant =
        ConstantOp::create(builder, getLocation(name), value.getType(), value);
    if (failed(define(scope, name, constant,
                      [&] { return error() << "input '" << name << "': "; })))
      return failure();
  }
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
