//===- Rows.cpp - normalizations and softmax --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "squint/Dialect/Onnx/Rounding.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

static Type f32(ImplicitLocOpBuilder &b) { return b.getF32Type(); }

/// The last dimensions, from `axis` on, as columns.
static Tensor toRows(ImplicitLocOpBuilder &b, const Tensor &input,
                     int64_t axis) {
  ArrayRef<DimExpr> dims = input.dims;
  return reshape(
      b, castTo(b, input, f32(b)),
      {product(dims.take_front(axis)), product(dims.drop_front(axis))});
}

static LogicalResult replaceRows(Node &node, Tensor rows) {
  Tensor shaped = reshape(node.b, rows, node.resultDims());
  return node.replace(castTo(node.b, shaped, node.resultElement()).value);
}

/// kernel.norm of rows; `scale` and `bias` have one element a column.
static Tensor normRows(ImplicitLocOpBuilder &b, const Tensor &rows,
                       const Tensor &scale, std::optional<Tensor> bias,
                       bool centered, double epsilon) {
  Tensor result = empty(b, rows.dims, rows.element);
  auto op = kernel::NormOp::create(
      b, TypeRange(result.value.getType()), rows.value, scale.value,
      bias ? bias->value : Value(), ValueRange(result.value),
      centered ? b.getUnitAttr() : UnitAttr(), b.getF64FloatAttr(epsilon),
      squint::FormatAttr(), /*sum_group=*/b.getI64IntegerAttr(0), FloatAttr(),
      IntegerAttr());
  result.value = op.getResult(0);
  return result;
}

static LogicalResult lowerSquintNorm(Node &node) {
  auto op = cast<NormOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  std::optional<Tensor> bias;
  if (op.getBias())
    bias = castTo(b, node.tensor(op.getBias()), f32(b));
  Tensor scale = castTo(b, node.tensor(op.getScale()), f32(b));
  Tensor rows = toRows(b, input, input.rank() - 1);
  return replaceRows(node, normRows(b, rows, scale, bias, op.getCentered(),
                                    op.getEpsilon().convertToDouble()));
}

static LogicalResult lowerHadamard(Node &node) {
  auto op = cast<HadamardOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0), rows = toRows(b, input, input.rank() - 1);
  Tensor result = empty(b, rows.dims, rows.element);
  auto rotated = kernel::HadamardOp::create(
      b, TypeRange(result.value.getType()), rows.value, op.getSigns(),
      ValueRange(result.value), op.getSizeAttr(), squint::FormatAttr(),
      /*sum_group=*/b.getI64IntegerAttr(0), FloatAttr(), IntegerAttr());
  result.value = rotated.getResult(0);
  return replaceRows(node, result);
}

static LogicalResult lowerLayerNormalization(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  for (Value result : node.op->getResults().drop_front())
    if (!result.use_empty())
      return node.error()
             << "expected one result in use, got the mean or deviation too";
  int64_t axis = node.axis("axis", -1, input.rank());
  ArrayRef<DimExpr> columns = ArrayRef<DimExpr>(input.dims).drop_front(axis);
  auto flat = [&](unsigned position) {
    Tensor full = broadcast(b, castTo(b, node.in(position), f32(b)), columns);
    return reshape(b, full, {product(columns)});
  };
  std::optional<Tensor> bias;
  bool centered = node.name() == "LayerNormalization";
  if (centered && node.has(2))
    bias = flat(2);
  Tensor rows = toRows(b, input, axis);
  return replaceRows(node, normRows(b, rows, flat(1), bias, centered,
                                    node.number("epsilon", 1e-5)));
}

/// Rows of elements with a scale and a bias for each row: normalized with
/// neither, then mapped.
static LogicalResult lowerNormOfGroups(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  bool grouped = node.name() == "GroupNormalization";
  DimExpr channels = input.dims[1],
          groups = grouped ? DimExpr(node.integer("num_groups", 1)) : channels;
  DimExpr columns = product(input.dims) * 1;
  std::optional<DimExpr> perGroup = channels.divideExactly(groups);
  if (!perGroup)
    return node.error() << "expected groups to divide " << channels.str()
                        << " channels, got " << groups.str();
  columns = *perGroup * product(ArrayRef<DimExpr>(input.dims).drop_front(2));
  Tensor rows =
      reshape(b, castTo(b, input, f32(b)), {input.dims[0] * groups, columns});
  Tensor ones = fill(b, arith::ConstantOp::create(b, b.getF32FloatAttr(1)),
                     {columns}, f32(b));
  Tensor normal = reshape(
      b,
      normRows(b, rows, ones, std::nullopt, true, node.number("epsilon", 1e-5)),
      input.dims);
  AffineMap identity = b.getMultiDimIdentityMap(input.rank());
  AffineMap channel =
      AffineMap::get(input.rank(), 0, b.getAffineDimExpr(1), b.getContext());
  Tensor result = mapWith(
      b, {normal, node.in(1), node.in(2)}, {identity, channel, channel},
      input.dims, node.resultElement(),
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value scaled = arith::MulFOp::create(
            inner, v[0], castScalar(inner, v[1], node.in(1).element, f32(b)));
        Value sum = arith::AddFOp::create(
            inner, scaled, castScalar(inner, v[2], node.in(2).element, f32(b)));
        return castScalar(inner, sum, f32(b), node.resultElement());
      });
  return node.replace(result.value);
}

/// y = (x - mean) / sqrt(var + epsilon) * scale + bias, by channel.
static LogicalResult lowerBatchNormalization(Node &node) {
  if (node.integer("training_mode", 0))
    return node.error() << "expected training_mode 0, got 1";
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  SmallVector<Tensor> inputs = node.inputs();
  SmallVector<AffineMap> maps = {b.getMultiDimIdentityMap(input.rank())};
  AffineMap channel = AffineMap::get(
      input.rank(), 0, b.getAffineDimExpr(input.rank() > 1 ? 1 : 0),
      b.getContext());
  maps.append(4, channel);
  Type type = computeElement(input.element);
  Tensor result =
      mapWith(b, inputs, maps, input.dims, node.resultElement(),
              [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                SmallVector<Value> x;
                for (auto [value, tensor] : llvm::zip(v, inputs))
                  x.push_back(castScalar(inner, value, tensor.element, type));
                Value variance = arith::AddFOp::create(
                    inner, x[4],
                    scalarConstant(inner, type, node.number("epsilon", 1e-5)));
                Value deviation = math::SqrtOp::create(inner, variance);
                Value normal = arith::DivFOp::create(
                    inner, arith::SubFOp::create(inner, x[0], x[3]), deviation);
                Value y = arith::AddFOp::create(
                    inner, arith::MulFOp::create(inner, normal, x[1]), x[2]);
                return castScalar(inner, y, type, node.resultElement());
              });
  return node.replace(result.value);
}

Tensor lowering::softmaxRows(ImplicitLocOpBuilder &b, const Tensor &rows) {
  Tensor result = empty(b, rows.dims, rows.element);
  result.value = kernel::SoftmaxOp::create(b, TypeRange(result.value.getType()),
                                           rows.value, ValueRange(result.value))
                     .getResult(0);
  return result;
}

static LogicalResult lowerSoftmax(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  int64_t axis = node.axis("axis", -1, input.rank());
  if (!computeElement(input.element).isF32() || input.rank() == 0 ||
      onnx::isRoundedByStep(input.element, input.dims[axis].getConstant()))
    return lowerSoftmaxByParts(node, axis, /*logarithmic=*/false);
  if (axis != input.rank() - 1 &&
      product(ArrayRef<DimExpr>(input.dims).drop_front(axis + 1)) != DimExpr(1))
    return lowerSoftmaxByParts(node, axis, /*logarithmic=*/false);
  return replaceRows(node, softmaxRows(b, toRows(b, input, axis)));
}

ArrayRef<TableEntry> lowering::rowsTable() {
  static const TableEntry table[] = {
      {"squint.attention", lowerAttention},
      {"squint.positions", lowerPositions},
      {"squint.rotary", lowerRotary},
      {"squint.norm", lowerSquintNorm},
      {"squint.hadamard", lowerHadamard},
      {"LayerNormalization", lowerLayerNormalization},
      {"RMSNormalization", lowerLayerNormalization},
      {"InstanceNormalization", lowerNormOfGroups},
      {"GroupNormalization", lowerNormOfGroups},
      {"BatchNormalization", lowerBatchNormalization},
      {"Softmax", lowerSoftmax},
  };
  return table;
}
