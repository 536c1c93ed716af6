//===- ExportOnnx.cpp - quantized models as ONNX ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "../Emit/Files.h"
#include "Exporter.h"
#include "squint/Dialect/Msft/Msft.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Onnx/Schema.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace squint {

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// The bytes of a constant as raw_data has them.
static llvm::Expected<std::vector<char>> readRaw(TypedAttr value) {
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes)
    return bytes.takeError();
  auto type = cast<ShapedType>(value.getType());
  unsigned bits = type.getElementType().isInteger(1)
                      ? 8
                      : type.getElementType().getIntOrFloatBitWidth();
  if (bits >= 8 || isa<DataAttr>(value))
    return std::vector<char>(bytes->begin(), bytes->end());
  std::vector<uint32_t> codes;
  for (char code : *bytes)
    codes.push_back(uint8_t(code) & ((1u << bits) - 1));
  std::vector<char> packed((codes.size() * bits + 7) / 8);
  packCodes(codes.data(), codes.size(), bits, packed.data());
  return packed;
}

FailureOr<std::vector<char>> Exporter::readConstant(ConstantOp constant) {
  llvm::Expected<std::vector<char>> bytes = readRaw(constant.getValue());
  if (!bytes)
    return constant.emitOpError() << llvm::toString(bytes.takeError());
  return std::move(*bytes);
}

LogicalResult Exporter::fillTensor(Operation *op, ::onnx::TensorProto &tensor,
                                   TypedAttr value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  int dataType = type ? getDataType(type.getElementType()) : 0;
  llvm::Expected<std::vector<char>> bytes =
      dataType ? readRaw(value)
               : llvm::createStringError("expected a tensor of numbers");
  if (!bytes)
    return op->emitOpError() << llvm::toString(bytes.takeError());
  w.fillTensor(tensor, dataType, type.getShape(), *bytes);
  return success();
}

FailureOr<Name> Exporter::get(Value value) {
  if (!value)
    return Name();
  if (Name name = w.find(value); !name.empty())
    return name;
  if (ConstantOp packed = getPacked(value))
    return dequantizeWhole(packed);
  auto constant = value.getDefiningOp<ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!constant || !type)
    return LogicalResult(emitError(value.getLoc())
                         << "expected a tensor to export, got "
                         << value.getType());
  Name &name = constants[constant];
  if (!name.empty())
    return name;
  FailureOr<std::vector<char>> bytes = readConstant(constant);
  if (failed(bytes))
    return failure();
  StringRef base = getNodeName(constant);
  return name = w.addTensor(base.empty() ? "constant" : base,
                            getDataType(type.getElementType()), type.getShape(),
                            *bytes);
}

FailureOr<Name> Exporter::permuted(Value value, ArrayRef<int64_t> permutation) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto type = cast<RankedTensorType>(value.getType());
  unsigned bits = type.getElementTypeBitWidth();
  if (!constant || bits % 8) {
    FailureOr<Name> name = get(value);
    if (failed(name))
      return failure();
    return w.add("Transpose", *name,
                 {{"perm", std::vector<int64_t>(permutation.begin(),
                                                permutation.end())}});
  }
  FailureOr<std::vector<char>> bytes = readConstant(constant);
  if (failed(bytes))
    return failure();
  SmallVector<int64_t> strides(type.getRank(), 1), shape, from;
  for (int64_t i = type.getRank() - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * type.getDimSize(i + 1);
  for (int64_t p : permutation) {
    shape.push_back(type.getDimSize(p));
    from.push_back(strides[p]);
  }
  size_t size = bits / 8;
  std::vector<char> moved(bytes->size());
  SmallVector<int64_t> index(shape.size());
  for (int64_t i = 0, count = type.getNumElements(); i < count; ++i) {
    int64_t at = 0;
    for (auto [position, stride] : llvm::zip_equal(index, from))
      at += position * stride;
    std::memcpy(moved.data() + i * size, bytes->data() + at * size, size);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
  StringRef base = getNodeName(constant);
  return w.addTensor(base.empty() ? "constant" : base,
                     getDataType(type.getElementType()), shape, moved);
}

//===----------------------------------------------------------------------===//
// Operators of the standard
//===----------------------------------------------------------------------===//

LogicalResult Exporter::fillAttribute(Operation *op, ::onnx::AttributeProto &to,
                                      Attribute value) {
  using A = ::onnx::AttributeProto;
  return llvm::TypeSwitch<Attribute, LogicalResult>(value)
      .Case([&](IntegerAttr number) {
        to.set_type(A::INT);
        to.set_i(number.getInt());
        return success();
      })
      .Case([&](FloatAttr number) {
        to.set_type(A::FLOAT);
        to.set_f(float(number.getValueAsDouble()));
        return success();
      })
      .Case([&](StringAttr text) {
        to.set_type(A::STRING);
        to.set_s(text.str());
        return success();
      })
      .Case([&](DenseI64ArrayAttr list) {
        to.set_type(A::INTS);
        to.mutable_ints()->Assign(list.asArrayRef().begin(),
                                  list.asArrayRef().end());
        return success();
      })
      .Case([&](DenseF32ArrayAttr list) {
        to.set_type(A::FLOATS);
        to.mutable_floats()->Assign(list.asArrayRef().begin(),
                                    list.asArrayRef().end());
        return success();
      })
      .Case([&](ArrayAttr list) {
        to.set_type(A::STRINGS);
        for (Attribute element : list)
          to.add_strings(cast<StringAttr>(element).str());
        return success();
      })
      .Case([&](TypedAttr tensor) {
        to.set_type(A::TENSOR);
        return fillTensor(op, *to.mutable_t(), tensor);
      })
      .Default([&](Attribute) {
        return op->emitOpError()
               << "expected an attribute that ONNX has, got " << value;
      });
}

LogicalResult Exporter::exportRegion(Region &region, ::onnx::GraphProto &graph,
                                     StringRef name) {
  GraphWriter::Subgraph subgraph(w, graph);
  graph.set_name(name.str());
  Block &block = region.front();
  for (BlockArgument argument : block.getArguments()) {
    Name own = w.fresh("input");
    w.define(argument, own);
    describe(*graph.add_input(), own, argument.getType(), {});
  }
  ++depth;
  if (failed(exportBlock(block)))
    return failure();
  for (Value value : block.getTerminator()->getOperands()) {
    FailureOr<Name> from = get(value);
    if (failed(from))
      return failure();
    Name own = w.add("Identity", *from);
    describe(*graph.add_output(), own, value.getType(), {});
  }
  --depth;
  return success();
}

LogicalResult Exporter::exportStandard(Operation *op) {
  const OpSchema *schema = lookupSchema(op);
  if (!schema)
    return op->emitOpError() << "expected an operator of the standard";
  bool isMicrosoft = isa<msft::MsftDialect>(op->getDialect());
  SmallVector<Name> inputs;
  for (unsigned i = 0; i < schema->inputs.size(); ++i) {
    OperandRange operands = getOperandGroup(op, *schema, i);
    if (operands.empty() &&
        schema->inputs[i].option == ParameterSchema::Optional)
      inputs.emplace_back();
    for (Value operand : operands) {
      FailureOr<Name> name = get(operand);
      if (failed(name))
        return failure();
      inputs.push_back(*name);
    }
  }
  ::onnx::NodeProto &node =
      w.addNode(schema->name, inputs, isMicrosoft ? "com.microsoft" : "");
  if (!isMicrosoft)
    w.requireOpset(schema->versions.front());
  unsigned region = 0;
  for (const AttributeSchema &attribute : schema->attributes) {
    if (attribute.kind == AttributeSchema::Graph) {
      if (region == op->getNumRegions())
        continue;
      ::onnx::AttributeProto &to = *node.add_attribute();
      to.set_name(attribute.name.str());
      to.set_type(::onnx::AttributeProto::GRAPH);
      if (failed(exportRegion(op->getRegion(region++), *to.mutable_g(),
                              attribute.name)))
        return failure();
      continue;
    }
    Attribute value = op->getAttr(attribute.irName);
    if (!value)
      continue;
    ::onnx::AttributeProto &to = *node.add_attribute();
    to.set_name(attribute.name.str());
    if (failed(fillAttribute(op, to, value)))
      return failure();
  }
  SmallVector<Name> outputs;
  for (unsigned i = 0; i < schema->outputs.size(); ++i) {
    ResultRange results = getResultGroup(op, *schema, i);
    if (results.empty() &&
        schema->outputs[i].option == ParameterSchema::Optional)
      outputs.emplace_back();
    for (Value result : results) {
      outputs.push_back(w.fresh(node.name() + "_output"));
      w.define(result, outputs.back());
    }
  }
  while (!outputs.empty() && outputs.back().empty())
    outputs.pop_back();
  for (const Name &name : outputs)
    node.add_output(name);
  return success();
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

LogicalResult Exporter::exportOp(Operation *op) {
  w.setScope(getNodeName(op));
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      // Written when they are asked for, or not at all.
      .Case<ConstantOp, QuantizeOp, CodesOp, KeepOp, func::ReturnOp,
            onnx::YieldOp>([](auto) { return success(); })
      .Case([&](LinearOp linear) { return exportLinear(linear); })
      .Case([&](LoraOp lora) { return exportLora(lora); })
      .Case([&](ConvOp conv) { return exportConv(conv); })
      .Case([&](PoolOp pool) { return exportPool(pool); })
      .Case([&](NormOp norm) { return exportNorm(norm); })
      .Case([&](AttentionOp attention) { return exportAttention(attention); })
      .Case([&](EmbeddingOp table) { return exportEmbedding(table); })
      .Case([&](DequantizeOp quantized) { return exportDequantize(quantized); })
      .Case([&](FakeQuantizeOp fake) { return exportFakeQuantize(fake); })
      .Case([&](tensor::FromElementsOp elements) {
        return exportElements(elements);
      })
      .Default([&](Operation *other) -> LogicalResult {
        if (isa<onnx::OnnxDialect, msft::MsftDialect>(other->getDialect()))
          return exportStandard(other);
        if (isa<DimOp>(other) || isa<arith::ArithDialect>(other->getDialect()))
          return exportArith(other);
        return refusal(other->emitOpError())
               << "expected an operator that ONNX can say";
      });
}

LogicalResult Exporter::exportBlock(Block &block) {
  for (Operation &op : block)
    if (failed(exportOp(&op)))
      return failure();
  return success();
}

void Exporter::describe(::onnx::ValueInfoProto &info, StringRef name, Type type,
                        ArrayAttr dims) {
  info.set_name(name.str());
  auto &tensor = *info.mutable_type()->mutable_tensor_type();
  auto shaped = cast<ShapedType>(type);
  tensor.set_elem_type(getDataType(shaped.getElementType()));
  if (!shaped.hasRank())
    return;
  auto &shape = *tensor.mutable_shape();
  for (auto [i, size] : llvm::enumerate(shaped.getShape())) {
    auto &dim = *shape.add_dim();
    if (!ShapedType::isDynamic(size))
      dim.set_dim_value(size);
    else if (dims)
      dim.set_dim_param(cast<StringAttr>(dims[i]).str());
  }
}

LogicalResult Exporter::run() {
  model.set_ir_version(11);
  model.set_producer_name("squint");
  ::onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name("main");
  auto nameOf = [](DictionaryAttr attributes, StringRef otherwise) {
    auto name =
        attributes ? attributes.getAs<StringAttr>(kNameAttr) : StringAttr();
    return name ? name.str() : otherwise.str();
  };
  auto dimsOf = [](DictionaryAttr attributes) {
    return attributes ? attributes.getAs<ArrayAttr>(kDimsAttr) : ArrayAttr();
  };
  for (BlockArgument argument : main.getArguments()) {
    DictionaryAttr attributes = main.getArgAttrDict(argument.getArgNumber());
    Name name = w.fresh(nameOf(attributes, "input"));
    w.define(argument, name);
    describe(*graph.add_input(), name, argument.getType(), dimsOf(attributes));
  }
  auto end = cast<func::ReturnOp>(main.getBody().front().getTerminator());
  SmallVector<Name> results;
  for (auto [i, value] : llvm::enumerate(end.getOperands())) {
    DictionaryAttr attributes = main.getResultAttrDict(i);
    results.push_back(w.fresh(nameOf(attributes, "output")));
    describe(*graph.add_output(), results.back(), value.getType(),
             dimsOf(attributes));
  }
  if (failed(exportBlock(main.getBody().front())))
    return failure();
  for (auto [value, name] : llvm::zip_equal(end.getOperands(), results)) {
    FailureOr<Name> from = get(value);
    if (failed(from))
      return failure();
    w.setScope(name);
    w.addNode("Identity", *from).add_output(name);
  }
  auto import = [&](const char *domain, int version) {
    auto &opset = *model.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(version);
  };
  import("", w.getOpset());
  if (w.usesMicrosoft())
    import("com.microsoft", 1);
  return success();
}

LogicalResult exportOnnx(ModuleOp module, StringRef path,
                         const OnnxExportOptions &options) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !llvm::hasSingleElement(main.getBody()))
    return module.emitError() << "expected a function 'main' to export";
  constexpr int64_t kMostInside = int64_t(1) << 30;
  int64_t bytes = 0;
  main.walk([&](ConstantOp constant) {
    if (DataAttr data = constant.getData())
      bytes += data.getLength();
  });
  std::string dataPath = options.weightsFile;
  if (dataPath.empty() && bytes > kMostInside)
    dataPath = (path + ".data").str();
  if (!dataPath.empty() && llvm::sys::path::parent_path(dataPath) !=
                               llvm::sys::path::parent_path(path))
    return module.emitError() << "expected a weights file in the folder of '"
                              << path << "', got '" << dataPath << "'";

  OutputFiles files;
  auto fail = [&](llvm::Error error) -> LogicalResult {
    return module.emitError() << llvm::toString(std::move(error));
  };
  ::onnx::ModelProto model;
  LogicalResult exported = failure();
  auto write = [&](raw_ostream *data) {
    Exporter exporter(main, model, data, llvm::sys::path::filename(dataPath),
                      options);
    exported = exporter.run();
  };
  if (dataPath.empty()) {
    write(nullptr);
  } else if (llvm::Error error =
                 files.write(dataPath, [&](llvm::raw_fd_ostream &stream) {
                   write(&stream);
                   return llvm::Error::success();
                 })) {
    return fail(std::move(error));
  }
  if (failed(exported))
    return failure();
  if (llvm::Error error =
          files.write(path, [&](llvm::raw_fd_ostream &stream) -> llvm::Error {
            std::string text;
            if (!model.SerializeToString(&text))
              return llvm::createStringError(
                  "expected a model of less than 2 GB without its weights");
            stream << text;
            return llvm::Error::success();
          }))
    return fail(std::move(error));
  if (llvm::Error error = files.commit())
    return fail(std::move(error));
  return success();
}

} // namespace squint
