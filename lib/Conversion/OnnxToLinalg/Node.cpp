//===- Node.cpp - reading operators and building tensors --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type lowering::storageElement(Type element) {
  if (element.isF16() || element.isBF16() || element.isF32() || element.isF64())
    return element;
  if (isSmallFloat(element))
    return IntegerType::get(element.getContext(), 8);
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return {};
  switch (integer.getWidth()) {
  case 1:
  case 2:
  case 4:
  case 8:
    return IntegerType::get(element.getContext(), 8);
  case 16:
  case 32:
  case 64:
    return IntegerType::get(element.getContext(), integer.getWidth());
  default:
    return {};
  }
}

Type lowering::computeElement(Type element) {
  if (element.isF16() || element.isBF16() || isSmallFloat(element))
    return Float32Type::get(element.getContext());
  return element.isInteger(1) ? element : storageElement(element);
}

RankedTensorType lowering::tensorType(ArrayRef<DimExpr> dims, Type element) {
  SmallVector<int64_t> shape;
  for (const DimExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value lowering::toCompute(ImplicitLocOpBuilder &b, Value stored, Type element) {
  Type type = computeElement(element);
  if (isSmallFloat(element) || isSmallInteger(element))
    return decodeSmall(b, stored, element);
  if (stored.getType() == type)
    return stored;
  if (isa<FloatType>(type))
    return arith::ExtFOp::create(b, type, stored);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(stored.getType()));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, stored, zero);
}

Value lowering::toStorage(ImplicitLocOpBuilder &b, Value computed,
                          Type element) {
  Type type = storageElement(element);
  if (isSmallFloat(element) || isSmallInteger(element))
    return encodeSmall(b, computed, element);
  if (computed.getType() == type)
    return computed;
  if (isa<FloatType>(type))
    return arith::TruncFOp::create(b, type, computed);
  return arith::ExtUIOp::create(b, type, computed);
}

Value lowering::scalarConstant(ImplicitLocOpBuilder &b, Type type,
                               double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

/// The numbers of an integer type, as the nearest floats inside its range, so
/// that a conversion is always defined.
static Value saturate(ImplicitLocOpBuilder &b, Value value, unsigned bits,
                      bool isUnsigned) {
  Type type = value.getType();
  unsigned mantissa = type.isF64() ? 53 : 24;
  double low = isUnsigned ? 0 : -std::ldexp(1.0, bits - 1);
  double high = std::ldexp(1.0, isUnsigned ? bits : bits - 1);
  high = (isUnsigned ? bits : bits - 1) <= mantissa
             ? high - 1
             : high - std::ldexp(high, -static_cast<int>(mantissa));
  auto clamp = [&](arith::CmpFPredicate predicate, double limit) {
    Value bound = scalarConstant(b, type, limit);
    Value beyond = arith::CmpFOp::create(b, predicate, value, bound);
    value = arith::SelectOp::create(b, beyond, bound, value);
  };
  Value isNan =
      arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
  value = arith::SelectOp::create(b, isNan, scalarConstant(b, type, 0), value);
  clamp(arith::CmpFPredicate::OLT, low);
  clamp(arith::CmpFPredicate::OGT, high);
  return value;
}

Value lowering::castScalar(ImplicitLocOpBuilder &b, Value value, Type from,
                           Type to) {
  Type source = computeElement(from), target = computeElement(to);
  bool fromFloat = isa<FloatType>(source), toFloat = isa<FloatType>(target);
  bool fromUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (target.isInteger(1) && !source.isInteger(1)) {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(source));
    if (fromFloat)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, zero);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
  }
  if (source == target)
    return value;
  if (fromFloat && toFloat) {
    if (source.getIntOrFloatBitWidth() < target.getIntOrFloatBitWidth())
      return arith::ExtFOp::create(b, target, value);
    return arith::TruncFOp::create(b, target, value);
  }
  if (fromFloat) {
    if (isSmallInteger(to)) { // the lowest bits of the number
      value = saturate(b, value, 32, /*isUnsigned=*/false);
      value = arith::FPToSIOp::create(b, b.getI32Type(), value);
      return arith::TruncIOp::create(b, target, value);
    }
    value = saturate(b, value, target.getIntOrFloatBitWidth(),
                     to.isUnsignedInteger());
    if (to.isUnsignedInteger())
      return arith::FPToUIOp::create(b, target, value);
    return arith::FPToSIOp::create(b, target, value);
  }
  if (toFloat) {
    if (fromUnsigned)
      return arith::UIToFPOp::create(b, target, value);
    return arith::SIToFPOp::create(b, target, value);
  }
  if (source.getIntOrFloatBitWidth() > target.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(b, target, value);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, target, value);
  return arith::ExtSIOp::create(b, target, value);
}

//===----------------------------------------------------------------------===//
// Node
//===----------------------------------------------------------------------===//

Value Node::operand(unsigned position) const {
  auto segments = op->getAttrOfType<DenseI32ArrayAttr>("operandSegmentSizes");
  if (!segments)
    return position < op->getNumOperands() ? op->getOperand(position) : Value();
  unsigned start = 0;
  for (int32_t size : segments.asArrayRef().take_front(position))
    start += size;
  return position < segments.size() && segments[position]
             ? op->getOperand(start)
             : Value();
}

Tensor Node::tensor(Value original) {
  Tensor result = values.lookup(original);
  if (!result.value) {
    result.value = original;
    result.element = getElementTypeOrSelf(original.getType());
  }
  if (FailureOr<Dims> dims = getDims(original); succeeded(dims))
    result.dims = std::move(*dims);
  return result;
}

SmallVector<Tensor> Node::inputs() {
  SmallVector<Tensor> all;
  for (Value operand : op->getOperands())
    all.push_back(tensor(operand));
  return all;
}

Type Node::resultElement(unsigned result) const {
  return getElementTypeOrSelf(op->getResult(result).getType());
}

Dims Node::resultDims(unsigned result) const {
  FailureOr<Dims> dims = getDims(op->getResult(result));
  return succeeded(dims) ? std::move(*dims) : Dims();
}

int64_t Node::integer(StringRef attribute, int64_t otherwise) const {
  auto attr = op->getAttrOfType<IntegerAttr>(attribute);
  return attr ? attr.getValue().getSExtValue() : otherwise;
}

double Node::number(StringRef attribute, double otherwise) const {
  auto attr = op->getAttrOfType<FloatAttr>(attribute);
  return attr ? attr.getValueAsDouble() : otherwise;
}

StringRef Node::string(StringRef attribute, StringRef otherwise) const {
  auto attr = op->getAttrOfType<StringAttr>(attribute);
  return attr ? attr.getValue() : otherwise;
}

SmallVector<int64_t> Node::integers(StringRef attribute,
                                    ArrayRef<int64_t> otherwise) const {
  if (auto attr = op->getAttrOfType<DenseI64ArrayAttr>(attribute))
    return SmallVector<int64_t>(attr.asArrayRef());
  if (auto attr = op->getAttrOfType<ArrayAttr>(attribute)) {
    SmallVector<int64_t> numbers;
    for (Attribute one : attr)
      numbers.push_back(cast<IntegerAttr>(one).getValue().getSExtValue());
    return numbers;
  }
  return SmallVector<int64_t>(otherwise);
}

int64_t Node::axis(StringRef attribute, int64_t otherwise, int64_t rank) const {
  int64_t axis = integer(attribute, otherwise);
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> Node::constantIntegers(unsigned position) {
  Value value = operand(position);
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  if (!constant)
    return std::nullopt;
  auto type = dyn_cast<ShapedType>(constant.getType());
  auto element =
      type ? dyn_cast<IntegerType>(type.getElementType()) : IntegerType();
  if (!element || element.getWidth() < 8)
    return std::nullopt;
  std::vector<char> scratch;
  auto bytes = getConstantBytes(constant.getValue(), scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  unsigned size = element.getWidth() / 8;
  SmallVector<int64_t> numbers;
  for (size_t i = 0; i + size <= bytes->size(); i += size) {
    uint64_t bits = 0;
    memcpy(&bits, bytes->data() + i,
           size); // little-endian hosts only, as the stores are
    numbers.push_back(element.isUnsigned() || size == 8
                          ? bits
                          : llvm::SignExtend64(bits, size * 8));
  }
  return numbers;
}

std::optional<SmallVector<DimExpr>> Node::symbolicIntegers(unsigned position) {
  SmallVector<DimExpr> numbers;
  if (auto constant = constantIntegers(position)) {
    numbers.append(constant->begin(), constant->end());
    return numbers;
  }
  Value value = operand(position);
  auto elements =
      value ? value.getDefiningOp<tensor::FromElementsOp>() : nullptr;
  if (!elements)
    return std::nullopt;
  for (Value scalar : elements.getElements()) {
    std::optional<DimExpr> number = readDimExpr(scalar);
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

SmallVector<OpFoldResult> Node::runtimeIntegers(unsigned position) {
  SmallVector<OpFoldResult> numbers;
  if (auto constant = constantIntegers(position)) {
    for (int64_t number : *constant)
      numbers.push_back(b.getIndexAttr(number));
    return numbers;
  }
  Tensor input = in(position);
  int64_t count = input.rank() ? input.dims[0].getConstant().value_or(0) : 1;
  for (int64_t i = 0; i < count; ++i) {
    Value element;
    if (auto elements = input.value.getDefiningOp<tensor::FromElementsOp>())
      element = elements.getElements()[i];
    else
      element = tensor::ExtractOp::create(
          b, input.value,
          input.rank() ? ValueRange(indexConstant(b, i)) : ValueRange());
    numbers.push_back(
        b.createOrFold<arith::IndexCastOp>(b.getIndexType(), element));
  }
  return numbers;
}

LogicalResult Node::replace(Value value, unsigned result) {
  Type element = resultElement(result);
  Type wanted = cast<ShapedType>(op->getResult(result).getType())
                    .clone(storageElement(element));
  if (value.getType() != wanted) {
    if (!tensor::CastOp::areCastCompatible(value.getType(), wanted))
      return error() << "expected to become a " << wanted << ", got "
                     << value.getType();
    value = tensor::CastOp::create(b, wanted, value);
  }
  values[op->getResult(result)] = {value, element, {}};
  return success();
}

//===----------------------------------------------------------------------===//
// Building tensors
//===----------------------------------------------------------------------===//

OpFoldResult lowering::size(ImplicitLocOpBuilder &b, const DimExpr &dim) {
  if (auto constant = dim.getConstant())
    return b.getIndexAttr(*constant);
  return materializeDim(b, b.getLoc(), dim);
}

SmallVector<OpFoldResult> lowering::sizes(ImplicitLocOpBuilder &b,
                                          ArrayRef<DimExpr> dims) {
  return llvm::map_to_vector(dims,
                             [&](const DimExpr &dim) { return size(b, dim); });
}

Value lowering::sizeValue(ImplicitLocOpBuilder &b, const DimExpr &dim) {
  return materializeDim(b, b.getLoc(), dim);
}

DimExpr lowering::product(ArrayRef<DimExpr> dims) {
  DimExpr result = 1;
  for (const DimExpr &dim : dims)
    result = result * dim;
  return result;
}

Tensor lowering::empty(ImplicitLocOpBuilder &b, ArrayRef<DimExpr> dims,
                       Type element) {
  return {tensor::EmptyOp::create(b, sizes(b, dims), storageElement(element)),
          element, Dims(dims)};
}

Tensor lowering::fill(ImplicitLocOpBuilder &b, Value scalar,
                      ArrayRef<DimExpr> dims, Type element) {
  Tensor result = empty(b, dims, element);
  result.value = linalg::FillOp::create(b, scalar, result.value).getResult(0);
  return result;
}

/// The one value of an inline constant, to be repeated inside a body.
static TypedAttr uniformConstant(const Tensor &input) {
  DenseElementsAttr elements;
  if (auto constant = input.value.getDefiningOp<ConstantOp>())
    elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  return elements && elements.isSplat() ? elements.getSplatValue<TypedAttr>()
                                        : TypedAttr();
}

SmallVector<Tensor>
lowering::generic(ImplicitLocOpBuilder &b, ArrayRef<Tensor> inputs,
                  ArrayRef<Tensor> outputs, ArrayRef<AffineMap> maps,
                  ArrayRef<utils::IteratorType> iterators, Body body) {
  SmallVector<Value> inputValues, outputValues;
  SmallVector<Type> types;
  SmallVector<AffineMap> used;
  SmallVector<TypedAttr> constants;
  // A reduction may have its bounds from nothing else.
  bool isMap = llvm::all_of(iterators, [](auto kind) {
    return kind == utils::IteratorType::parallel;
  });
  for (auto [input, map] : llvm::zip(inputs, maps)) {
    constants.push_back(isMap ? uniformConstant(input) : TypedAttr());
    if (constants.back())
      continue;
    inputValues.push_back(input.value);
    used.push_back(map);
  }
  llvm::append_range(used, maps.drop_front(inputs.size()));
  for (const Tensor &output : outputs) {
    outputValues.push_back(output.value);
    types.push_back(output.value.getType());
  }
  auto op = linalg::GenericOp::create(
      b, types, inputValues, outputValues, used, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Value> scalars;
        unsigned next = 0;
        for (auto [input, constant] : llvm::zip(inputs, constants)) {
          Value stored =
              constant ? arith::ConstantOp::create(inner, constant).getResult()
                       : arguments[next++];
          scalars.push_back(toCompute(inner, stored, input.element));
        }
        for (const Tensor &output : outputs)
          scalars.push_back(
              toCompute(inner, arguments[next++], output.element));
        SmallVector<Value> results = body(inner, scalars);
        for (auto [result, output] : llvm::zip(results, outputs))
          result = toStorage(inner, result, output.element);
        linalg::YieldOp::create(inner, results);
      });
  SmallVector<Tensor> results;
  for (auto [value, output] : llvm::zip(op.getResults(), outputs))
    results.push_back({value, output.element, output.dims});
  return results;
}

Tensor lowering::mapWith(ImplicitLocOpBuilder &b, ArrayRef<Tensor> inputs,
                         ArrayRef<AffineMap> maps, ArrayRef<DimExpr> dims,
                         Type element, ScalarBody body) {
  SmallVector<AffineMap> all(maps);
  all.push_back(b.getMultiDimIdentityMap(dims.size()));
  SmallVector<utils::IteratorType> iterators(dims.size(),
                                             utils::IteratorType::parallel);
  return generic(b, inputs, empty(b, dims, element), all, iterators,
                 [&](ImplicitLocOpBuilder &inner,
                     ValueRange scalars) -> SmallVector<Value> {
                   return {body(inner, scalars.drop_back())};
                 })
      .front();
}

/// Where numpy's broadcasting reads a tensor of `dims` for a result of
/// `resultDims`.
static AffineMap broadcastMap(ImplicitLocOpBuilder &b, ArrayRef<DimExpr> dims,
                              ArrayRef<DimExpr> resultDims) {
  unsigned shift = resultDims.size() - dims.size();
  SmallVector<AffineExpr> exprs;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    bool repeats = dim.isConstant(1) && !resultDims[i + shift].isConstant(1);
    exprs.push_back(repeats ? b.getAffineConstantExpr(0)
                            : b.getAffineDimExpr(i + shift));
  }
  return AffineMap::get(resultDims.size(), 0, exprs, b.getContext());
}

Tensor lowering::map(ImplicitLocOpBuilder &b, ArrayRef<Tensor> inputs,
                     ArrayRef<DimExpr> dims, Type element, ScalarBody body) {
  SmallVector<AffineMap> maps;
  for (const Tensor &input : inputs)
    maps.push_back(broadcastMap(b, input.dims, dims));
  return mapWith(b, inputs, maps, dims, element, body);
}

Tensor lowering::broadcast(ImplicitLocOpBuilder &b, const Tensor &input,
                           ArrayRef<DimExpr> dims) {
  if (input.dims == Dims(dims))
    return input;
  return map(b, input, dims, input.element,
             [](ImplicitLocOpBuilder &, ValueRange x) { return x[0]; });
}

Tensor lowering::castTo(ImplicitLocOpBuilder &b, const Tensor &input,
                        Type element) {
  if (input.element == element)
    return input;
  return map(b, input, input.dims, element,
             [&](ImplicitLocOpBuilder &inner, ValueRange x) {
               return castScalar(inner, x[0], input.element, element);
             });
}

Tensor lowering::reduce(
    ImplicitLocOpBuilder &b, const Tensor &input, ArrayRef<int64_t> axes,
    Type element, TypedAttr init,
    function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine) {
  Dims kept;
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t i = 0; i < input.rank(); ++i) {
    bool reduced = llvm::is_contained(axes, i);
    iterators.push_back(reduced ? utils::IteratorType::reduction
                                : utils::IteratorType::parallel);
    if (reduced)
      continue;
    kept.push_back(input.dims[i]);
    exprs.push_back(b.getAffineDimExpr(i));
  }
  Tensor output = fill(b, arith::ConstantOp::create(b, init), kept, element);
  AffineMap outputMap = AffineMap::get(input.rank(), 0, exprs, b.getContext());
  return generic(b, input, output,
                 {b.getMultiDimIdentityMap(input.rank()), outputMap}, iterators,
                 [&](ImplicitLocOpBuilder &inner,
                     ValueRange scalars) -> SmallVector<Value> {
                   return {combine(inner, scalars[0], scalars[1])};
                 })
      .front();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Cuts both shapes into as many groups of equal products as the expressions
/// prove. Failure when they prove none.
static LogicalResult
groupDims(ArrayRef<DimExpr> from, ArrayRef<DimExpr> to,
          SmallVectorImpl<ReassociationIndices> &fromGroups,
          SmallVectorImpl<ReassociationIndices> &toGroups) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices fromGroup{static_cast<int64_t>(i)},
        toGroup{static_cast<int64_t>(j)};
    DimExpr p = from[i++], q = to[j++];
    while (p != q) {
      auto pc = p.getConstant(), qc = q.getConstant();
      bool growFrom = pc && qc ? *pc < *qc : q.divideExactly(p).has_value();
      bool growTo = pc && qc ? *qc < *pc : p.divideExactly(q).has_value();
      if (growFrom == growTo)
        growFrom = growTo = true; // neither divides the other
      if ((growFrom && i == from.size()) || (growTo && j == to.size()))
        return failure();
      if (growFrom) {
        fromGroup.push_back(i);
        p = p * from[i++];
      }
      if (growTo) {
        toGroup.push_back(j);
        q = q * to[j++];
      }
    }
    fromGroups.push_back(fromGroup);
    toGroups.push_back(toGroup);
  }
  auto takeOnes = [](size_t next, ArrayRef<DimExpr> dims,
                     SmallVectorImpl<ReassociationIndices> &groups) {
    for (; next < dims.size(); ++next) {
      if (groups.empty() || !dims[next].isConstant(1))
        return failure();
      groups.back().push_back(next);
    }
    return success();
  };
  return success(succeeded(takeOnes(i, from, fromGroups)) &&
                 succeeded(takeOnes(j, to, toGroups)));
}

Tensor lowering::reshape(ImplicitLocOpBuilder &b, const Tensor &input,
                         ArrayRef<DimExpr> dims) {
  if (input.dims == Dims(dims))
    return input;
  auto type = tensorType(dims, storageElement(input.element));
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  // Every size is 1 then, though it may be an expression.
  if (dims.empty()) {
    Value ones = b.createOrFold<tensor::CastOp>(
        tensorType(Dims(input.rank(), 1), type.getElementType()), input.value);
    return {tensor::CollapseShapeOp::create(b, type, ones, fromGroups),
            input.element,
            {}};
  }
  if (input.dims.empty()) {
    Value ones = tensor::ExpandShapeOp::create(
        b, tensorType(Dims(dims.size(), 1), type.getElementType()), input.value,
        toGroups);
    return {b.createOrFold<tensor::CastOp>(type, ones), input.element,
            Dims(dims)};
  }
  if (failed(groupDims(input.dims, dims, fromGroups, toGroups))) {
    fromGroups.assign(1, llvm::to_vector<2>(llvm::seq<int64_t>(input.rank())));
    toGroups.assign(1, llvm::to_vector<2>(llvm::seq<int64_t>(dims.size())));
  }
  auto collapsed = [&](ArrayRef<DimExpr> all,
                       ArrayRef<ReassociationIndices> groups) {
    Dims sizes;
    for (const ReassociationIndices &group : groups)
      sizes.push_back(product(all.slice(group.front(), group.size())));
    return tensorType(sizes, storageElement(input.element));
  };
  Value value = input.value;
  if (fromGroups.size() != input.dims.size())
    value = tensor::CollapseShapeOp::create(
        b, collapsed(input.dims, fromGroups), value, fromGroups);
  // A number on one side only: inference takes the other one to be it.
  if (auto middle = collapsed(dims, toGroups); middle != value.getType())
    value = tensor::CastOp::create(b, middle, value);
  if (toGroups.size() != dims.size())
    value =
        tensor::ExpandShapeOp::create(b, type, value, toGroups, sizes(b, dims));
  return {value, input.element, Dims(dims)};
}

Tensor lowering::transpose(ImplicitLocOpBuilder &b, const Tensor &input,
                           ArrayRef<int64_t> permutation) {
  Dims dims;
  SmallVector<AffineExpr> exprs(permutation.size());
  SmallVector<int64_t>
      moved; // without unit dimensions, which are nowhere in memory
  for (auto [i, from] : llvm::enumerate(permutation)) {
    dims.push_back(input.dims[from]);
    exprs[from] = b.getAffineDimExpr(i);
    if (!input.dims[from].isConstant(1))
      moved.push_back(from);
  }
  if (llvm::is_sorted(moved))
    return reshape(b, input, dims);
  AffineMap map = AffineMap::get(permutation.size(), 0, exprs, b.getContext());
  return mapWith(b, input, map, dims, input.element,
                 [](ImplicitLocOpBuilder &, ValueRange x) { return x[0]; });
}

Tensor lowering::slice(ImplicitLocOpBuilder &b, const Tensor &input,
                       ArrayRef<OpFoldResult> offsets,
                       ArrayRef<OpFoldResult> steps, ArrayRef<DimExpr> dims) {
  // Nothing, which may start behind the end.
  if (product(dims).isConstant(0))
    return empty(b, dims, input.element);
  auto type = tensorType(dims, storageElement(input.element));
  return {tensor::ExtractSliceOp::create(b, type, input.value, offsets,
                                         sizes(b, dims), steps),
          input.element, Dims(dims)};
}

Value lowering::insert(ImplicitLocOpBuilder &b, const Tensor &part, Value whole,
                       ArrayRef<OpFoldResult> offsets) {
  if (product(part.dims).isConstant(0))
    return whole;
  SmallVector<OpFoldResult> ones(part.rank(), b.getIndexAttr(1));
  return tensor::InsertSliceOp::create(b, part.value, whole, offsets,
                                       sizes(b, part.dims), ones);
}

Tensor lowering::pad(ImplicitLocOpBuilder &b, const Tensor &input,
                     ArrayRef<DimExpr> low, ArrayRef<DimExpr> dims,
                     Value scalar) {
  if (input.dims == Dims(dims))
    return input;
  Tensor whole = fill(b, scalar, dims, input.element);
  whole.value = insert(b, input, whole.value, sizes(b, low));
  return whole;
}
