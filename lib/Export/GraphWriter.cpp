//===- GraphWriter.cpp - an ONNX graph that is written ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace squint {

Name GraphWriter::fresh(StringRef base) {
  Name name = base.str();
  while (!used.insert(name).second)
    name = (base + "_" + Twine(++counts[base])).str();
  return name;
}

void GraphWriter::setAttribute(::onnx::NodeProto &node, StringRef name,
                               const Value &value) {
  using A = ::onnx::AttributeProto;
  A &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  if (auto *number = std::get_if<int64_t>(&value)) {
    attribute.set_type(A::INT);
    attribute.set_i(*number);
  } else if (auto *number = std::get_if<float>(&value)) {
    attribute.set_type(A::FLOAT);
    attribute.set_f(*number);
  } else if (auto *text = std::get_if<std::string>(&value)) {
    attribute.set_type(A::STRING);
    attribute.set_s(*text);
  } else if (auto *list = std::get_if<std::vector<int64_t>>(&value)) {
    attribute.set_type(A::INTS);
    attribute.mutable_ints()->Assign(list->begin(), list->end());
  } else {
    const auto &floats = std::get<std::vector<float>>(value);
    attribute.set_type(A::FLOATS);
    attribute.mutable_floats()->Assign(floats.begin(), floats.end());
  }
}

::onnx::NodeProto &GraphWriter::addNode(StringRef op, ArrayRef<Name> inputs,
                                        StringRef domain) {
  ::onnx::NodeProto &node = *graph->add_node();
  node.set_name(fresh(scope + "/" + op.str()));
  node.set_op_type(op.str());
  if (!domain.empty())
    node.set_domain(domain.str());
  microsoft |= domain == "com.microsoft";
  // Those that are left out at the end need no place.
  while (!inputs.empty() && inputs.back().empty())
    inputs = inputs.drop_back();
  for (const Name &input : inputs)
    node.add_input(input);
  return node;
}

Name GraphWriter::add(StringRef op, ArrayRef<Name> inputs,
                      const Attributes &attributes, StringRef domain) {
  ::onnx::NodeProto &node = addNode(op, inputs, domain);
  for (const auto &[name, value] : attributes)
    setAttribute(node, name, value);
  Name result = fresh(node.name() + "_output");
  node.add_output(result);
  return result;
}

void GraphWriter::fillTensor(::onnx::TensorProto &tensor, int dataType,
                             ArrayRef<int64_t> shape, ArrayRef<char> bytes) {
  // Readers map the file.
  constexpr uint64_t kAlignment = 4096, kLeast = 1024;
  tensor.set_data_type(dataType);
  for (int64_t size : shape)
    tensor.add_dims(size);
  if (!data || bytes.size() < kLeast) {
    tensor.set_raw_data(bytes.data(), bytes.size());
    return;
  }
  uint64_t start = (written + kAlignment - 1) / kAlignment * kAlignment;
  data->write_zeros(start - written);
  data->write(bytes.data(), bytes.size());
  written = start + bytes.size();
  tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
  auto set = [&](const char *key, std::string value) {
    auto &entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(std::move(value));
  };
  set("location", dataName);
  set("offset", std::to_string(start));
  set("length", std::to_string(bytes.size()));
}

Name GraphWriter::addTensor(StringRef base, int dataType,
                            ArrayRef<int64_t> shape, ArrayRef<char> bytes) {
  ::onnx::TensorProto &tensor = *top->add_initializer();
  tensor.set_name(fresh(base));
  fillTensor(tensor, dataType, shape, bytes);
  return tensor.name();
}

Name GraphWriter::cached(StringRef base, int dataType, ArrayRef<int64_t> shape,
                         ArrayRef<char> bytes) {
  std::string key = std::to_string(dataType) + ":";
  for (int64_t size : shape)
    key += std::to_string(size) + ",";
  key.append(bytes.data(), bytes.size());
  Name &name = small[key];
  if (name.empty())
    name = addTensor(base, dataType, shape, bytes);
  return name;
}

template <typename T> static ArrayRef<char> bytesOf(ArrayRef<T> values) {
  return ArrayRef(reinterpret_cast<const char *>(values.data()),
                  sizeof(T) * values.size());
}

Name GraphWriter::ints(ArrayRef<int64_t> values) {
  return cached("ints", ::onnx::TensorProto::INT64, int64_t(values.size()),
                bytesOf(values));
}
Name GraphWriter::intScalar(int64_t value) {
  return cached("int", ::onnx::TensorProto::INT64, {},
                bytesOf(ArrayRef(value)));
}
Name GraphWriter::floatScalar(float value) {
  return cached("float", ::onnx::TensorProto::FLOAT, {},
                bytesOf(ArrayRef(value)));
}

} // namespace squint
