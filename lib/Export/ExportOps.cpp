//===- ExportOps.cpp - the squint dialect in ONNX -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Exporter.h"
#include "squint/Dialect/Onnx/Schema.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"

using namespace mlir;

namespace squint {
namespace {

Type elementOf(Value value) {
  return cast<ShapedType>(value.getType()).getElementType();
}

int64_t rankOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

std::vector<int64_t> listOf(ArrayRef<int64_t> values) {
  return std::vector<int64_t>(values.begin(), values.end());
}

/// Channels from the end to the second place, and back.
std::vector<int64_t> channelsSecond(int64_t rank) {
  std::vector<int64_t> order{0, rank - 1};
  for (int64_t i = 1; i < rank - 1; ++i)
    order.push_back(i);
  return order;
}
std::vector<int64_t> channelsLast(int64_t rank) {
  std::vector<int64_t> order{0};
  for (int64_t i = 2; i < rank; ++i)
    order.push_back(i);
  order.push_back(1);
  return order;
}
} // namespace

Name Exporter::convert(Name x, Type from, Type to) {
  return from == to ? x : w.add("Cast", x, {{"to", int64_t(getDataType(to))}});
}

//===----------------------------------------------------------------------===//
// Quantized activations
//===----------------------------------------------------------------------===//

/// Numerics/Activations.h says the rule.
FailureOr<Name> Exporter::quantizeDynamic(QuantizeOp op) {
  Format format = cast<PackedType>(op.getType()).getFormat();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  FailureOr<Name> input = get(op.getInput());
  if (failed(input))
    return failure();
  if (!format.isInteger() || format.zeroPoint ||
      (format.scale != ScaleType::F32 && format.scale != ScaleType::F16 &&
       format.scale != ScaleType::BF16))
    return LogicalResult(refusal(op->emitOpError())
                         << "expected a format of activations that ONNX can "
                            "say, got "
                         << format.str());
  Type f32 = Float32Type::get(op.getContext());
  Name x = convert(*input, type.getElementType(), f32), leading;
  int64_t columns = type.getShape().back(), group = format.groupSize;
  bool isGrouped = format.granularity == Granularity::Group;
  int64_t groups = 0;
  if (isGrouped) {
    if (ShapedType::isDynamic(columns))
      return LogicalResult(refusal(op->emitOpError())
                           << "expected a static last dimension");
    groups = (columns + group - 1) / group;
    leading = w.add("Shape", x, {{"end", int64_t(-1)}});
    if (columns % group)
      x = w.add("Pad", {x, w.ints({0, groups * group - columns}), "",
                        w.ints(int64_t(-1))});
    x = w.add("Reshape", {x, w.add("Concat", {leading, w.ints({groups, group})},
                                   {{"axis", 0}})});
  }
  SmallVector<int64_t> axes{-1};
  if (op.getImage()) {
    axes.clear();
    for (int64_t i = 1; i < type.getRank(); ++i)
      axes.push_back(i);
  }
  float largest = float(format.maxCode());
  Name scale =
      w.add("Div", {w.add("ReduceMax", {w.add("Abs", x), w.ints(axes)}),
                    w.floatScalar(largest)});
  Type stored = format.scale == ScaleType::F16
                    ? Type(Float16Type::get(op.getContext()))
                : format.scale == ScaleType::BF16
                    ? Type(BFloat16Type::get(op.getContext()))
                    : f32;
  scale = convert(convert(scale, f32, stored), stored, f32);
  Name zero = w.floatScalar(0), one = w.floatScalar(1);
  Name isZero = w.add("Equal", {scale, zero});
  Name inverse = w.add(
      "Where", {isZero, zero,
                w.add("Div", {one, w.add("Where", {isZero, one, scale})})});
  Name code = w.add("Clip", {w.add("Round", w.add("Mul", {x, inverse})),
                             w.floatScalar(-largest), w.floatScalar(largest)});
  Name y = w.add("Mul", {code, scale});
  if (isGrouped) {
    y = w.add("Reshape", {y, w.add("Concat", {leading, w.ints(groups * group)},
                                   {{"axis", 0}})});
    if (columns % group)
      y = w.add("Slice",
                {y, w.ints(int64_t(0)), w.ints(columns), w.ints(int64_t(-1))});
  }
  return y;
}

LogicalResult Exporter::exportDequantize(DequantizeOp op) {
  // Weights are written where they are read.
  if (op.getInput().getDefiningOp<ConstantOp>())
    return success();
  Type f32 = Float32Type::get(op.getContext());
  FailureOr<Name> made = failure();
  if (auto codes = op.getInput().getDefiningOp<CodesOp>()) {
    FailureOr<Name> x = get(codes.getInput()), zero = get(codes.getZeroPoint());
    if (failed(x) || failed(zero))
      return failure();
    Type element = elementOf(codes.getInput());
    made = convert(*x, element, f32);
    if (!zero->empty())
      made = w.add("Sub", {*made, convert(*zero, element, f32)});
  } else if (auto quantize = op.getInput().getDefiningOp<QuantizeOp>()) {
    if (!quantize.getScale()) {
      made = quantizeDynamic(quantize);
    } else {
      FailureOr<Name> x = get(quantize.getInput());
      if (failed(x))
        return failure();
      float scale = quantize.getScale()->convertToFloat();
      char zero = char(quantize.getZeroPoint().value_or(0));
      Name factor = w.floatScalar(scale),
           point = w.addTensor("zero_point", ::onnx::TensorProto::INT8, {},
                               ArrayRef(zero));
      Name code = w.add(
          "QuantizeLinear",
          {convert(*x, elementOf(quantize.getInput()), f32), factor, point});
      made = w.add("DequantizeLinear", {code, factor, point});
    }
  } else {
    return refusal(op.emitOpError()) << "expected a quantized activation";
  }
  if (failed(made))
    return failure();
  w.define(op.getResult(), convert(*made, f32, elementOf(op.getResult())));
  return success();
}

LogicalResult Exporter::exportFakeQuantize(FakeQuantizeOp op) {
  FailureOr<Name> x = get(op.getInput()), scale = get(op.getScale()),
                  zero = get(op.getZeroPoint());
  if (failed(x) || failed(scale) || failed(zero))
    return failure();
  auto low = static_cast<int64_t>(op.getLow()),
       high = static_cast<int64_t>(op.getHigh());
  Type element = op.getZeroPoint() ? elementOf(op.getZeroPoint())
                                   : Type(IntegerType::get(op.getContext(), 8));
  unsigned width = element.getIntOrFloatBitWidth();
  bool isUnsigned = op.getZeroPoint() ? element.isUnsignedInteger() : low >= 0;
  int type = isUnsigned   ? width == 4 ? ::onnx::TensorProto::UINT4
                                       : ::onnx::TensorProto::UINT8
             : width == 4 ? ::onnx::TensorProto::INT4
                          : ::onnx::TensorProto::INT8;
  GraphWriter::Attributes attributes{
      {"axis", static_cast<int64_t>(op.getAxis())}};
  if (auto block = static_cast<int64_t>(op.getBlockSize()))
    attributes.push_back({"block_size", block});
  GraphWriter::Attributes typed = attributes;
  if (zero->empty())
    typed.push_back({"output_dtype", int64_t(type)});
  Name code = w.add("QuantizeLinear", {*x, *scale, *zero}, typed);
  int64_t least = isUnsigned ? 0 : -(int64_t(1) << (width - 1));
  if (low != least || high != least + (int64_t(1) << width) - 1) {
    if (width != 8)
      return refusal(op.emitOpError())
             << "expected codes of 8 bits to leave some out, got [" << low
             << ", " << high << "]";
    char bounds[] = {char(low), char(high)};
    code =
        w.add("Clip", {code, w.addTensor("low", type, {}, ArrayRef(bounds[0])),
                       w.addTensor("high", type, {}, ArrayRef(bounds[1]))});
  }
  w.define(op.getResult(),
           w.add("DequantizeLinear", {code, *scale, *zero}, attributes));
  return success();
}

//===----------------------------------------------------------------------===//
// Operators with a weight
//===----------------------------------------------------------------------===//

LogicalResult Exporter::exportLinear(LinearOp op) {
  FailureOr<Name> x = get(op.getInput()), bias = get(op.getBias());
  if (failed(x) || failed(bias))
    return failure();
  ConstantOp packed = getPacked(op.getWeight());
  if (packed) {
    FailureOr<Name> whole = multiplyBlocks(op, packed, *x, *bias);
    if (failed(whole))
      return failure();
    if (!whole->empty()) {
      w.define(op.getResult(), *whole);
      return success();
    }
  }
  FailureOr<Name> weight = packed ? dequantize(packed, /*transposed=*/true)
                                  : permuted(op.getWeight(), {1, 0});
  if (failed(weight))
    return failure();
  Type f32 = Float32Type::get(op.getContext());
  Name matrix =
      packed ? convert(*weight, f32, elementOf(op.getWeight())) : *weight;
  Name y = w.add("MatMul", {*x, matrix});
  w.define(op.getResult(), bias->empty() ? y : w.add("Add", {y, *bias}));
  return success();
}

LogicalResult Exporter::exportLora(LoraOp op) {
  FailureOr<Name> x = get(op.getInput()), base = get(op.getBase()),
                  a = permuted(op.getA(), {1, 0}),
                  b = permuted(op.getB(), {1, 0});
  if (failed(x) || failed(base) || failed(a) || failed(b))
    return failure();
  Type f32 = Float32Type::get(op.getContext());
  Name inner = w.add("MatMul", {convert(*x, elementOf(op.getInput()), f32),
                                convert(*a, elementOf(op.getA()), f32)});
  inner = w.add("Mul", {inner, w.floatScalar(op.getScale().convertToFloat())});
  Name outer = w.add("MatMul", {inner, convert(*b, elementOf(op.getB()), f32)});
  w.define(
      op.getResult(),
      w.add("Add", {*base, convert(outer, f32, elementOf(op.getResult()))}));
  return success();
}

LogicalResult Exporter::exportConv(ConvOp op) {
  FailureOr<Name> x = get(op.getInput()), bias = get(op.getBias());
  if (failed(x) || failed(bias))
    return failure();
  int64_t rank = rankOf(op.getInput());
  Name weight;
  if (ConstantOp packed = getPacked(op.getWeight())) {
    FailureOr<Name> whole = get(op.getWeight());
    if (failed(whole))
      return failure();
    weight =
        convert(w.add("Transpose", *whole, {{"perm", channelsSecond(rank)}}),
                Float32Type::get(op.getContext()), elementOf(op.getWeight()));
  } else {
    FailureOr<Name> moved = permuted(op.getWeight(), channelsSecond(rank));
    if (failed(moved))
      return failure();
    weight = *moved;
  }
  Name y = w.add(
      "Conv",
      {w.add("Transpose", *x, {{"perm", channelsSecond(rank)}}), weight, *bias},
      {{"strides", listOf(op.getStrides())},
       {"dilations", listOf(op.getDilations())},
       {"pads", listOf(op.getPads())},
       {"group", int64_t(op.getGroups())}});
  w.define(op.getResult(),
           w.add("Transpose", y, {{"perm", channelsLast(rank)}}));
  return success();
}

LogicalResult Exporter::exportEmbedding(EmbeddingOp op) {
  FailureOr<Name> table = get(op.getTable()), ids = get(op.getIds());
  if (failed(table) || failed(ids))
    return failure();
  Type from = getPacked(op.getTable()) ? Type(Float32Type::get(op.getContext()))
                                       : elementOf(op.getTable());
  w.define(op.getResult(), convert(w.add("Gather", {*table, *ids}), from,
                                   elementOf(op.getResult())));
  return success();
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

LogicalResult Exporter::exportPool(PoolOp op) {
  FailureOr<Name> x = get(op.getInput());
  if (failed(x))
    return failure();
  int64_t rank = rankOf(op.getInput()), spatial = rank - 2;
  FailureOr<SmallVector<DimExpr>> in = getDims(op.getInput()),
                                  out = getDims(op.getResult());
  if (failed(in) || failed(out))
    return op.emitOpError() << "expected known dimensions";
  // A last window that reaches beyond the end.
  int64_t ceilMode = 0;
  for (int64_t i = 0; i < spatial; ++i) {
    DimExpr span = (*in)[i + 1] + op.getPads()[i] + op.getPads()[i + spatial] -
                   op.getDilations()[i] * (op.getKernel()[i] - 1) - 1;
    DimExpr size = DimExpr::floordiv(span, op.getStrides()[i]) + 1;
    ceilMode |= size != (*out)[i + 1];
  }
  bool isMax = op.getKind() == PoolKind::Max;
  GraphWriter::Attributes attributes = {
      {"kernel_shape", listOf(op.getKernel())},
      {"strides", listOf(op.getStrides())},
      {"dilations", listOf(op.getDilations())},
      {"pads", listOf(op.getPads())},
      {"ceil_mode", ceilMode}};
  if (!isMax)
    attributes.push_back(
        {"count_include_pad", int64_t(op.getCountIncludePad())});
  Name y = w.add(isMax ? "MaxPool" : "AveragePool",
                 w.add("Transpose", *x, {{"perm", channelsSecond(rank)}}),
                 attributes);
  w.define(op.getResult(),
           w.add("Transpose", y, {{"perm", channelsLast(rank)}}));
  return success();
}

LogicalResult Exporter::exportNorm(NormOp op) {
  FailureOr<Name> x = get(op.getInput()), scale = get(op.getScale()),
                  bias = get(op.getBias());
  if (failed(x) || failed(scale) || failed(bias))
    return failure();
  float epsilon = float(op.getEpsilon().convertToDouble());
  Type f32 = Float32Type::get(op.getContext()),
       element = elementOf(op.getInput());
  if (op.getCentered()) {
    w.define(op.getResult(), w.add("LayerNormalization", {*x, *scale, *bias},
                                   {{"axis", -1}, {"epsilon", epsilon}}));
    return success();
  }
  Name wide = convert(*x, element, f32);
  Name mean =
      w.add("ReduceMean", {w.add("Mul", {wide, wide}), w.ints(int64_t(-1))});
  Name root = w.add("Sqrt", w.add("Add", {mean, w.floatScalar(epsilon)}));
  Name y = w.add("Mul", {w.add("Div", {wide, root}),
                         convert(*scale, elementOf(op.getScale()), f32)});
  if (!bias->empty())
    y = w.add("Add", {y, convert(*bias, elementOf(op.getBias()), f32)});
  w.define(op.getResult(), convert(y, f32, elementOf(op.getResult())));
  return success();
}

LogicalResult Exporter::exportAttention(AttentionOp op) {
  if (op.getCausal())
    return refusal(op.emitOpError()) << "expected a mask in place of 'causal'";
  FailureOr<Name> q = get(op.getQuery()), k = get(op.getKey()),
                  v = get(op.getValue()), mask = get(op.getMask());
  if (failed(q) || failed(k) || failed(v) || failed(mask))
    return failure();
  Type f32 = Float32Type::get(op.getContext());
  auto isFirst = [&](unsigned i) {
    return op.getHeadsFirst() && (*op.getHeadsFirst())[i];
  };
  auto headsOf = [&](Value value, unsigned i) {
    return cast<RankedTensorType>(value.getType())
        .getDimSize(isFirst(i) ? 1 : 2);
  };
  auto turn = [&](Name x, std::vector<int64_t> order) {
    return w.add("Transpose", x, {{"perm", std::move(order)}});
  };
  int64_t heads = headsOf(op.getQuery(), 0), groups = headsOf(op.getKey(), 1);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups))
    return refusal(op.emitOpError()) << "expected static counts of heads";
  // [B, H, S, D], [B, G, D, T] and [B, G, T, E]; heads that share keys are rows
  // of one: [B, G, H / G * S, D].
  Name query = convert(*q, elementOf(op.getQuery()), f32),
       key = convert(*k, elementOf(op.getKey()), f32),
       value = convert(*v, elementOf(op.getValue()), f32);
  if (!isFirst(0))
    query = turn(query, {0, 2, 1, 3});
  key = turn(key, isFirst(1) ? std::vector<int64_t>{0, 1, 3, 2}
                             : std::vector<int64_t>{0, 2, 3, 1});
  if (!isFirst(2))
    value = turn(value, {0, 2, 1, 3});
  Name sizes = w.add("Shape", query, {{"end", 3}}),
       minusOne = w.ints(int64_t(-1));
  Name apart = w.add("Concat", {sizes, minusOne}, {{"axis", 0}}), together;
  if (heads != groups) {
    Name batch = w.add("Shape", query, {{"end", 1}}),
         last = w.add("Shape", query, {{"start", 3}});
    query = w.add("Reshape",
                  {query, w.add("Concat", {batch, w.ints({groups, -1}), last},
                                {{"axis", 0}})});
  }
  Name scores = w.add("Mul", {w.add("MatMul", {query, key}),
                              w.floatScalar(op.getScale().convertToFloat())});
  if (heads != groups)
    scores = w.add("Reshape", {scores, apart});
  if (!mask->empty())
    scores =
        w.add("Add", {scores, convert(*mask, elementOf(op.getMask()), f32)});
  Name shares = w.add("Softmax", scores, {{"axis", -1}});
  if (heads != groups) {
    Name batch = w.add("Shape", value, {{"end", 1}}),
         keys = w.add("Shape", value, {{"start", 2}, {"end", 3}});
    shares = w.add("Reshape",
                   {shares, w.add("Concat", {batch, w.ints({groups, -1}), keys},
                                  {{"axis", 0}})});
  }
  Name y = w.add("MatMul", {shares, value});
  if (heads != groups)
    y = w.add("Reshape", {y, apart});
  y = convert(y, f32, elementOf(op.getResult()));
  w.define(op.getResult(), isFirst(3) ? y : turn(y, {0, 2, 1, 3}));
  return success();
}

} // namespace squint
