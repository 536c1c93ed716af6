//===- Adapt.cpp - older operators in their newest form -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Versions that only widened types, or that added attributes and operands with
// a default that means the old behaviour, need nothing. The table at the end
// lists all others.
//===----------------------------------------------------------------------===//

#include "Node.h"
#include <limits>

using namespace mlir;

namespace squint {
namespace {

using Results = SmallVectorImpl<Value>;

/// Removes an attribute of the expected kind. One of another kind stays, and is
/// refused with the node.
template <typename AttrT> AttrT take(Node &node, StringRef name) {
  auto value = dyn_cast_or_null<AttrT>(node.attributes.get(name));
  if (value)
    node.attributes.erase(name);
  return value;
}

/// An attribute that became an operand. Keeps positions: operands between are
/// left out.
void moveInts(Node &node, NodeBuilder &b, StringRef attribute,
              unsigned position) {
  auto values = take<DenseI64ArrayAttr>(node, attribute);
  if (!values)
    return;
  node.operands.resize(std::max<size_t>(node.operands.size(), position + 1));
  node.operands[position] = b.createInts(values.asArrayRef());
}

llvm::Error expectAttribute(const Node &node, StringRef name) {
  if (node.attributes.get(name))
    return llvm::Error::success();
  return llvm::createStringError("expected the attribute '%s', got none",
                                 name.data());
}

llvm::Error adaptAxes(Node &node, NodeBuilder &b, Results &) {
  moveInts(node, b, "axes", 1);
  return llvm::Error::success();
}

llvm::Error adaptClip(Node &node, NodeBuilder &b, Results &) {
  // The old defaults are the ends of float's range: no bound.
  const std::pair<const char *, float> bounds[] = {
      {"min", std::numeric_limits<float>::lowest()},
      {"max", std::numeric_limits<float>::max()}};
  node.operands.resize(3);
  for (auto [i, bound] : llvm::enumerate(bounds)) {
    auto value = take<FloatAttr>(node, bound.first);
    if (!value || value.getValueAsDouble() == bound.second)
      continue;
    llvm::Expected<Value> scalar =
        b.createScalar(node.operands[0], value.getValueAsDouble());
    if (!scalar)
      return scalar.takeError();
    node.operands[1 + i] = *scalar;
  }
  return llvm::Error::success();
}

llvm::Error adaptSlice(Node &node, NodeBuilder &b, Results &) {
  for (StringRef name : {"starts", "ends"})
    if (llvm::Error error = expectAttribute(node, name))
      return error;
  moveInts(node, b, "starts", 1);
  moveInts(node, b, "ends", 2);
  moveInts(node, b, "axes", 3);
  return llvm::Error::success();
}

llvm::Error adaptPad(Node &node, NodeBuilder &b, Results &) {
  if (auto pads = take<DenseI64ArrayAttr>(node, "paddings")) // of version 1
    node.attributes.set("pads", pads);
  if (llvm::Error error = expectAttribute(node, "pads"))
    return error;
  moveInts(node, b, "pads", 1);
  if (auto value = take<FloatAttr>(node, "value")) {
    llvm::Expected<Value> scalar =
        b.createScalar(node.operands[0], value.getValueAsDouble());
    if (!scalar)
      return scalar.takeError();
    node.operands.push_back(*scalar);
  }
  return llvm::Error::success();
}

/// Split without sizes says how many parts it makes.
llvm::Error adaptSplit(Node &node, NodeBuilder &b, Results &) {
  moveInts(node, b, "split", 1);
  if (node.operands.size() < 2 || !node.operands[1])
    node.attributes.set("num_outputs",
                        b.builder.getI64IntegerAttr(node.outputs.size()));
  return llvm::Error::success();
}

/// The first version scans a batch of sequences: a Scan over the batch whose
/// body is the Scan.
llvm::Error adaptScan(Node &node, NodeBuilder &b, Results &results) {
  if (node.operands.size() < 2)
    return llvm::createStringError("expected operands, got none");
  if (node.operands[0])
    return llvm::createStringError(
        std::errc::not_supported,
        "expected a Scan of opset 8 without sequence_lens");
  node.operands.erase(node.operands.begin());
  if (auto directions = take<DenseI64ArrayAttr>(node, "directions"))
    node.attributes.set("scan_input_directions", directions);
  if (node.regions.size() != 1 || llvm::is_contained(node.operands, Value()))
    return llvm::createStringError("expected a body and all operands");
  Node batch;
  batch.dialect = node.dialect;
  batch.name = node.name;
  batch.opset = node.opset;
  batch.operands = node.operands;
  batch.outputs = node.outputs;
  batch.attributes.set("num_scan_inputs", b.builder.getI64IntegerAttr(
                                              int64_t(node.operands.size())));
  auto region = std::make_unique<Region>();
  Block &block = region->emplaceBlock();
  for (Value &operand : node.operands)
    operand = block.addArgument(
        UnrankedTensorType::get(
            cast<ShapedType>(operand.getType()).getElementType()),
        b.loc);
  {
    OpBuilder::InsertionGuard guard(b.builder);
    b.builder.setInsertionPointToEnd(&block);
    llvm::Expected<SmallVector<Value>> inner = b.create(node);
    if (!inner)
      return inner.takeError();
    if (llvm::is_contained(*inner, Value()))
      return llvm::createStringError("expected a name for each result");
    onnx::YieldOp::create(b.builder, b.loc, *inner);
  }
  batch.regions.emplace_back("body", std::move(region));
  llvm::Expected<SmallVector<Value>> outer = b.create(batch);
  if (!outer)
    return outer.takeError();
  results.assign(outer->begin(), outer->end());
  return llvm::Error::success();
}

llvm::Error adaptTopK(Node &node, NodeBuilder &b, Results &) {
  auto k = take<IntegerAttr>(node, "k");
  if (!k)
    return llvm::createStringError("expected the attribute 'k', got none");
  node.operands.push_back(b.createInts(k.getInt()));
  return llvm::Error::success();
}

/// Until version 12, the dimensions from `axis` on were one:
/// Reshape(Softmax(Flatten(x, axis), -1), Shape(x)).
llvm::Error adaptSoftmax(Node &node, NodeBuilder &b, Results &results) {
  auto given = dyn_cast_or_null<IntegerAttr>(node.attributes.get("axis"));
  int64_t axis = given ? given.getInt() : 1;
  auto type = dyn_cast<RankedTensorType>(node.operands[0].getType());
  NamedAttribute last(b.builder.getStringAttr("axis"),
                      b.builder.getI64IntegerAttr(-1));
  if (axis == -1 || (type && axis == type.getRank() - 1)) {
    node.attributes.set("axis", last.getValue());
    return llvm::Error::success();
  }
  NamedAttribute first(b.builder.getStringAttr("axis"),
                       b.builder.getI64IntegerAttr(axis));
  llvm::Expected<Value> flat = b.create("Flatten", node.operands[0], first);
  if (!flat)
    return flat.takeError();
  llvm::Expected<Value> softmax = b.create(node.name, *flat, last);
  if (!softmax)
    return softmax.takeError();
  llvm::Expected<Value> shape = b.create("Shape", node.operands[0]);
  if (!shape)
    return shape.takeError();
  llvm::Expected<Value> result = b.create("Reshape", {*softmax, *shape});
  if (!result)
    return result.takeError();
  results.push_back(*result);
  return llvm::Error::success();
}

/// Before opset 7 an operand was repeated only where `broadcast` said so, from
/// dimension `axis` of the other one on; without it, as numpy does.
llvm::Error alignAt(Node &node, NodeBuilder &b, int64_t axis) {
  auto whole = dyn_cast<RankedTensorType>(node.operands[0].getType());
  auto part = dyn_cast<RankedTensorType>(node.operands[1].getType());
  if (!whole || !part)
    return llvm::createStringError(
        std::errc::not_supported,
        "expected operands of a known rank for a broadcast from an axis on");
  axis += axis < 0 ? whole.getRank() : 0;
  int64_t missing = whole.getRank() - axis - part.getRank();
  if (axis < 0 || missing < 0)
    return llvm::createStringError("expected an axis of the first operand that "
                                   "leaves room for the second, got %lld",
                                   (long long)axis);
  if (!missing)
    return llvm::Error::success();
  llvm::Expected<Value> aligned =
      b.create("Unsqueeze", {node.operands[1],
                             b.createInts(llvm::to_vector(llvm::seq<int64_t>(
                                 part.getRank(), part.getRank() + missing)))});
  if (!aligned)
    return aligned.takeError();
  node.operands[1] = *aligned;
  return llvm::Error::success();
}

llvm::Error adaptBroadcast(Node &node, NodeBuilder &b, Results &) {
  take<IntegerAttr>(node, "broadcast");
  auto axis = take<IntegerAttr>(node, "axis");
  if (!axis || node.operands.size() != 2 || !node.operands[1])
    return llvm::Error::success();
  return alignAt(node, b, axis.getInt());
}

/// A slope of one dimension was one a channel.
llvm::Error adaptPRelu(Node &node, NodeBuilder &b, Results &) {
  if (node.operands.size() != 2 || !node.operands[1])
    return llvm::Error::success();
  auto slope = dyn_cast<RankedTensorType>(node.operands[1].getType());
  if (slope && (slope.getRank() != 1 || slope.getDimSize(0) == 1))
    return llvm::Error::success();
  return alignAt(node, b, 1);
}

llvm::Error adaptGemm(Node &node, NodeBuilder &, Results &) {
  take<IntegerAttr>(node, "broadcast");
  return llvm::Error::success();
}

llvm::Error adaptReshape(Node &node, NodeBuilder &b, Results &) {
  moveInts(node, b, "shape", 1);
  return llvm::Error::success();
}

llvm::Error adaptConcat(Node &node, NodeBuilder &b, Results &) {
  if (!node.attributes.get("axis"))
    node.attributes.set("axis", b.builder.getI64IntegerAttr(1));
  return llvm::Error::success();
}

llvm::Error adaptSelu(Node &node, NodeBuilder &b, Results &) {
  if (!node.attributes.get("alpha"))
    node.attributes.set("alpha", b.builder.getF32FloatAttr(1.6732f));
  if (!node.attributes.get("gamma"))
    node.attributes.set("gamma", b.builder.getF32FloatAttr(1.0507f));
  return llvm::Error::success();
}

/// Until version 6 a model said of each node whether it is for inference.
llvm::Error expectInference(Node &node) {
  auto isTest = take<IntegerAttr>(node, "is_test");
  if (node.opset < 7 && (!isTest || !isTest.getInt()))
    return llvm::createStringError(
        std::errc::not_supported,
        "expected is_test = 1 (training is not supported), got 0");
  return llvm::Error::success();
}

llvm::Error adaptBatchNormalization(Node &node, NodeBuilder &, Results &) {
  if (llvm::Error error = expectInference(node))
    return error;
  auto spatial = take<IntegerAttr>(node, "spatial");
  if (spatial && spatial.getInt() != 1)
    return llvm::createStringError(std::errc::not_supported,
                                   "expected spatial = 1, got %lld",
                                   (long long)spatial.getInt());
  // The other results only had a meaning in training.
  node.outputs.truncate(1);
  return llvm::Error::success();
}

/// Inference keeps everything, so the ratio says nothing; the mask was not
/// boolean before version 10.
llvm::Error adaptDropout(Node &node, NodeBuilder &, Results &) {
  if (llvm::Error error = expectInference(node))
    return error;
  node.attributes.erase("ratio");
  if (node.opset < 10)
    node.outputs.truncate(1);
  return llvm::Error::success();
}

/// Both came from Caffe2: coordinates are divided by the scale and rounded
/// down.
llvm::Error adaptResize(Node &node, NodeBuilder &b, Results &) {
  if (auto scales = take<DenseF32ArrayAttr>(node, "scales")) {
    auto type = RankedTensorType::get(scales.size(), b.builder.getF32Type());
    auto data = reinterpret_cast<const char *>(scales.asArrayRef().data());
    node.operands.push_back(b.createConstant(
        b.tensors.make(type, ArrayRef<char>(data, 4 * scales.size()))));
  }
  if (node.operands.size() != 2)
    return llvm::createStringError("expected the scales, got none");
  node.name = "Resize";
  node.operands.insert(node.operands.begin() + 1, Value());
  auto mode = dyn_cast_or_null<StringAttr>(node.attributes.get("mode"));
  if (mode && mode.getValue() == "bilinear")
    node.attributes.set("mode", b.builder.getStringAttr("linear"));
  node.attributes.set("coordinate_transformation_mode",
                      b.builder.getStringAttr("asymmetric"));
  node.attributes.set("nearest_mode", b.builder.getStringAttr("floor"));
  return llvm::Error::success();
}

llvm::Error adaptScatter(Node &node, NodeBuilder &, Results &) {
  node.name = "ScatterElements";
  return llvm::Error::success();
}

llvm::Error adaptGridSample(Node &node, NodeBuilder &b, Results &) {
  auto mode = dyn_cast_or_null<StringAttr>(node.attributes.get("mode"));
  if (mode && (mode.getValue() == "bilinear" || mode.getValue() == "bicubic"))
    node.attributes.set(
        "mode", b.builder.getStringAttr(
                    mode.getValue() == "bilinear" ? "linear" : "cubic"));
  return llvm::Error::success();
}

llvm::Error adaptRoiAlign(Node &node, NodeBuilder &b, Results &) {
  node.attributes.set("coordinate_transformation_mode",
                      b.builder.getStringAttr("output_half_pixel"));
  return llvm::Error::success();
}

llvm::Error adaptDft(Node &node, NodeBuilder &b, Results &) {
  auto axis = take<IntegerAttr>(node, "axis");
  auto type = RankedTensorType::get({}, b.builder.getI64Type());
  node.operands.resize(3);
  node.operands[2] = b.createConstant(
      DenseElementsAttr::get(type, axis ? axis.getInt() : int64_t(1)));
  return llvm::Error::success();
}

/// Scale and bias were one a group; now they are one a channel: [G] -> [G, 1]
/// -> [G, C / G] -> [C].
llvm::Error adaptGroupNormalization(Node &node, NodeBuilder &b, Results &) {
  auto groups =
      dyn_cast_or_null<IntegerAttr>(node.attributes.get("num_groups"));
  if (!groups || node.operands.size() != 3)
    return llvm::createStringError(
        "expected a scale, a bias and the attribute 'num_groups'");
  OpBuilder &builder = b.builder;
  auto attribute = [&](StringRef name, int64_t value) {
    return NamedAttribute(builder.getStringAttr(name),
                          builder.getI64IntegerAttr(value));
  };
  llvm::Expected<Value> channels = b.create(
      "Shape", node.operands[0], {attribute("start", 1), attribute("end", 2)});
  if (!channels)
    return channels.takeError();
  llvm::Expected<Value> each =
      b.create("Div", {*channels, b.createInts(groups.getInt())});
  if (!each)
    return each.takeError();
  llvm::Expected<Value> shape = b.create(
      "Concat", {b.createInts(groups.getInt()), *each}, attribute("axis", 0));
  if (!shape)
    return shape.takeError();
  for (Value &operand : MutableArrayRef<Value>(node.operands).drop_front()) {
    llvm::Expected<Value> column =
        b.create("Unsqueeze", {operand, b.createInts(1)});
    if (!column)
      return column.takeError();
    llvm::Expected<Value> wide = b.create("Expand", {*column, *shape});
    if (!wide)
      return wide.takeError();
    llvm::Expected<Value> flat = b.create("Reshape", {*wide, b.createInts(-1)});
    if (!flat)
      return flat.takeError();
    operand = *flat;
  }
  return llvm::Error::success();
}

llvm::Error refuse(Node &node, NodeBuilder &, Results &) {
  return llvm::createStringError(
      std::errc::not_supported,
      "expected a newer form of %s, got that of opset %d", node.name.c_str(),
      node.opset);
}

struct Adapter {
  StringLiteral op;
  /// The versions (since_version) whose form the function reads.
  int from, to;
  llvm::Error (*adapt)(Node &, NodeBuilder &, Results &);
};

const Adapter kAdapters[] = {
    {"Add", 1, 6, adaptBroadcast},
    {"And", 1, 6, adaptBroadcast},
    {"Cast", 1, 1, refuse},
    {"Concat", 1, 3, adaptConcat},
    {"Div", 1, 6, adaptBroadcast},
    {"Equal", 1, 6, adaptBroadcast},
    {"GRU", 1, 3, refuse},
    {"Gemm", 1, 6, adaptGemm},
    {"GlobalLpPool", 1, 1, refuse},
    {"Greater", 1, 6, adaptBroadcast},
    {"LSTM", 1, 1, refuse},
    {"Less", 1, 6, adaptBroadcast},
    {"LpPool", 1, 1, refuse},
    {"Mul", 1, 6, adaptBroadcast},
    {"Or", 1, 6, adaptBroadcast},
    {"PRelu", 1, 6, adaptPRelu},
    {"Pow", 1, 6, adaptBroadcast},
    {"RNN", 1, 1, refuse},
    {"Reshape", 1, 4, adaptReshape},
    {"Selu", 1, 5, adaptSelu},
    {"Sub", 1, 6, adaptBroadcast},
    {"Tile", 1, 5, refuse},
    {"Xor", 1, 6, adaptBroadcast},
    {"BatchNormalization", 1, 13, adaptBatchNormalization},
    {"Clip", 1, 6, adaptClip},
    {"DFT", 17, 17, adaptDft},
    {"Dropout", 1, 10, adaptDropout},
    {"GridSample", 16, 16, adaptGridSample},
    {"GroupNormalization", 18, 18, adaptGroupNormalization},
    {"Hardmax", 1, 11, adaptSoftmax},
    {"LogSoftmax", 1, 11, adaptSoftmax},
    {"Pad", 1, 2, adaptPad},
    {"ReduceL1", 1, 13, adaptAxes},
    {"ReduceL2", 1, 13, adaptAxes},
    {"ReduceLogSum", 1, 13, adaptAxes},
    {"ReduceLogSumExp", 1, 13, adaptAxes},
    {"ReduceMax", 1, 13, adaptAxes},
    {"ReduceMean", 1, 13, adaptAxes},
    {"ReduceMin", 1, 13, adaptAxes},
    {"ReduceProd", 1, 13, adaptAxes},
    {"ReduceSum", 1, 11, adaptAxes},
    {"ReduceSumSquare", 1, 13, adaptAxes},
    {"Resize", 10, 10, adaptResize},
    {"RoiAlign", 10, 10, adaptRoiAlign},
    {"Scan", 8, 8, adaptScan},
    {"Scatter", 9, 11, adaptScatter},
    {"Slice", 1, 1, adaptSlice},
    {"Softmax", 1, 11, adaptSoftmax},
    {"Split", 1, 13, adaptSplit},
    {"Squeeze", 1, 11, adaptAxes},
    {"TopK", 1, 1, adaptTopK},
    {"Unsqueeze", 1, 11, adaptAxes},
    {"Upsample", 1, 1, refuse},
    {"Upsample", 7, 9, adaptResize},
};
} // namespace

llvm::Error adaptNode(Node &node, int version, NodeBuilder &builder,
                      Results &results) {
  if (node.dialect != "onnx")
    return llvm::Error::success();
  // A hint of the first opsets to work in place.
  if (version < 6)
    take<DenseI64ArrayAttr>(node, "consumed_inputs");
  for (const Adapter &adapter : kAdapters) {
    if (adapter.op != node.name || version < adapter.from ||
        version > adapter.to)
      continue;
    if (adapter.adapt != refuse && adapter.adapt != adaptScan &&
        (node.operands.empty() || !node.operands[0]))
      return llvm::createStringError("expected a first operand, got none");
    return adapter.adapt(node, builder, results);
  }
  return llvm::Error::success();
}

} // namespace squint
