//===- FoldConstants.cpp - fold operators on constants ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

namespace squint {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {
/// A constant's bytes in row-major order.
struct Source {
  RankedTensorType type;
  ArrayRef<char> bytes;
  std::vector<char> scratch;
};
} // namespace

static RankedTensorType getType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The bytes of a constant of at most 64 KB, whatever whole-byte elements it
/// has.
static bool read(Value value, Source &source) {
  ConstantOp constant = getConstant(value);
  std::optional<int64_t> size =
      constant ? getByteSize(constant.getType()) : std::nullopt;
  if (!size || *size > kMaxFoldedBytes)
    return false;
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(constant.getValue(), source.scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return false;
  }
  source.type = getType(value);
  source.bytes = *bytes;
  return true;
}

/// The result type when it is small enough and has the given shape and the
/// source's elements.
static RankedTensorType checkResult(Value result, const Source &source,
                                    ArrayRef<int64_t> shape) {
  RankedTensorType type = source.type.clone(shape);
  std::optional<int64_t> size = getByteSize(type);
  return type == result.getType() && size && *size <= kMaxFoldedBytes
             ? type
             : RankedTensorType();
}

/// The elements at `offset + sum(index * strides)` of the source for each index
/// of `type`; strides in elements, any sign.
static TypedAttr gatherStrided(const Source &source, RankedTensorType type,
                               int64_t offset, ArrayRef<int64_t> strides) {
  int64_t step = getElementBytes(type.getElementType());
  SmallVector<int64_t> resultStrides = computeStrides(type.getShape());
  std::vector<char> bytes;
  for (int64_t i = 0, count = type.getNumElements(); i < count; ++i) {
    int64_t at = offset + linearize(delinearize(i, resultStrides), strides);
    bytes.insert(bytes.end(), source.bytes.begin() + at * step,
                 source.bytes.begin() + (at + 1) * step);
  }
  return makeConstant(type, bytes);
}

//===----------------------------------------------------------------------===//
// Views: no bytes move where that is possible
//===----------------------------------------------------------------------===//

/// Reshape, Squeeze, Unsqueeze, Flatten and Identity: the result's type says it
/// all.
static TypedAttr foldReshape(Operation *op) {
  ConstantOp constant = getConstant(op->getOperand(0));
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!constant || !result ||
      result.getElementType() != getType(constant).getElementType())
    return {};
  if (TypedAttr value = reshapeConstant(constant.getValue(), result.getShape()))
    return value;
  Source source;
  if (!read(constant, source) || !result.hasStaticShape() ||
      result.getNumElements() != getType(constant).getNumElements())
    return {};
  return makeConstant(result, source.bytes);
}

static TypedAttr foldTranspose(onnx::TransposeOp op) {
  ConstantOp constant = getConstant(op.getData());
  if (!constant)
    return {};
  auto reversed = llvm::to_vector(
      llvm::reverse(llvm::seq<int64_t>(0, getType(constant).getRank())));
  TypedAttr value =
      transposeConstant(constant.getValue(), op.getPerm().value_or(reversed));
  return value && value.getType() == op.getType() ? value : TypedAttr();
}

/// A range of each dimension; `starts` are clamped already.
static TypedAttr slice(Value data, Value result, ArrayRef<int64_t> starts,
                       ArrayRef<int64_t> sizes, ArrayRef<int64_t> steps) {
  ConstantOp constant = getConstant(data);
  if (!constant)
    return {};
  RankedTensorType type = getType(data);
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  int64_t offset = linearize(starts, strides);
  Source source;
  if (read(data, source)) {
    RankedTensorType sliced = checkResult(result, source, sizes);
    SmallVector<int64_t> stepped;
    for (auto [stride, step] : llvm::zip_equal(strides, steps))
      stepped.push_back(stride * step);
    return sliced ? gatherStrided(source, sliced, offset, stepped)
                  : TypedAttr();
  }
  // A range of rows of a large constant is a range of its bytes.
  int64_t step = getElementBytes(type.getElementType());
  DataAttr bytes = constant.getData();
  RankedTensorType sliced = type.clone(sizes);
  if (!bytes || !bytes.getPermutation().empty() || !step ||
      sliced != result.getType())
    return {};
  bool partial = false;
  for (auto [size, whole, stepOf] :
       llvm::zip_equal(sizes, type.getShape(), steps)) {
    if ((partial && size != whole) || stepOf != 1)
      return {};
    partial |= whole != 1;
  }
  return DataAttr::get(constant.getContext(), sliced, bytes.getStore(),
                       bytes.getOffset() + offset * step,
                       sliced.getNumElements() * step, {});
}

static TypedAttr foldSlice(onnx::SliceOp op) {
  auto type = dyn_cast<RankedTensorType>(op.getData().getType());
  FailureOr<SmallVector<int64_t>> starts = readIntegers(op.getStarts()),
                                  ends = readIntegers(op.getEnds());
  if (!type || !type.hasStaticShape() || failed(starts) || failed(ends) ||
      starts->size() != ends->size())
    return {};
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  SmallVector<int64_t> steps(starts->size(), 1);
  for (auto [operand, list] : {std::make_pair(op.getAxes(), &axes),
                               std::make_pair(op.getSteps(), &steps)})
    if (operand) {
      FailureOr<SmallVector<int64_t>> given = readIntegers(operand);
      if (failed(given) || given->size() != starts->size())
        return {};
      *list = *given;
    }
  SmallVector<int64_t> from(type.getRank(), 0), sizes(type.getShape()),
      by(type.getRank(), 1);
  for (auto [start, end, axis, step] :
       llvm::zip_equal(*starts, *ends, axes, steps)) {
    axis += axis < 0 ? type.getRank() : 0;
    if (axis < 0 || axis >= type.getRank() || step == 0 ||
        std::abs(step) > INT32_MAX)
      return {};
    int64_t size = type.getShape()[axis];
    start = std::clamp<int64_t>(start < 0 ? start + size : start, 0,
                                step > 0 ? size : size - 1);
    end = std::clamp<int64_t>(end < 0 ? end + size : end, step > 0 ? 0 : -1,
                              step > 0 ? size : size - 1);
    int64_t distance = step > 0 ? end - start : start - end;
    sizes[axis] = size == 0 ? 0
                            : llvm::divideCeil(std::max<int64_t>(distance, 0),
                                               std::abs(step));
    from[axis] = sizes[axis] ? start : 0;
    by[axis] = step;
  }
  return slice(op.getData(), op.getOutput(), from, sizes, by);
}

//===----------------------------------------------------------------------===//
// Data that moves
//===----------------------------------------------------------------------===//

static TypedAttr foldGather(onnx::GatherOp op) {
  Source source;
  FailureOr<SmallVector<int64_t>> indices = readIntegers(op.getIndices());
  if (failed(indices) || !read(op.getData(), source))
    return {};
  ArrayRef<int64_t> shape = source.type.getShape();
  int64_t axis = op.getAxis() + (op.getAxis() < 0 ? shape.size() : 0);
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size()))
    return {};
  SmallVector<int64_t> expected(shape.take_front(axis));
  llvm::append_range(expected, getType(op.getIndices()).getShape());
  llvm::append_range(expected, shape.drop_front(axis + 1));
  RankedTensorType type = checkResult(op.getOutput(), source, expected);
  if (!type)
    return {};
  int64_t outer = computeProduct(shape.take_front(axis));
  int64_t inner = computeProduct(shape.drop_front(axis + 1)) *
                  getElementBytes(type.getElementType());
  std::vector<char> bytes;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t index : *indices) {
      index += index < 0 ? shape[axis] : 0;
      if (index < 0 || index >= shape[axis])
        return {};
      const char *from =
          source.bytes.data() + (o * shape[axis] + index) * inner;
      bytes.insert(bytes.end(), from, from + inner);
    }
  return makeConstant(type, bytes);
}

static TypedAttr foldConcat(onnx::ConcatOp op) {
  std::vector<Source> sources(op.getInputs().size());
  for (auto [operand, source] : llvm::zip_equal(op.getInputs(), sources))
    if (!read(operand, source) ||
        source.type.getElementType() != sources.front().type.getElementType() ||
        source.type.getRank() != sources.front().type.getRank())
      return {};
  int64_t rank = sources.front().type.getRank(),
          axis = op.getAxis() + (op.getAxis() < 0 ? rank : 0);
  if (axis < 0 || axis >= rank)
    return {};
  SmallVector<int64_t> shape(sources.front().type.getShape());
  shape[axis] = 0;
  for (const Source &source : sources) {
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis && source.type.getShape()[i] != shape[i])
        return {};
    shape[axis] += source.type.getShape()[axis];
  }
  RankedTensorType type =
      checkResult(op.getConcatResult(), sources.front(), shape);
  if (!type)
    return {};
  std::vector<char> bytes;
  int64_t outer = computeProduct(ArrayRef<int64_t>(shape).take_front(axis));
  for (int64_t o = 0; o < outer; ++o)
    for (const Source &source : sources) {
      int64_t run = source.bytes.size() / outer;
      bytes.insert(bytes.end(), source.bytes.begin() + o * run,
                   source.bytes.begin() + (o + 1) * run);
    }
  return makeConstant(type, bytes);
}

static TypedAttr foldExpand(onnx::ExpandOp op) {
  Source source;
  auto result = dyn_cast<RankedTensorType>(op.getType());
  if (!result || !read(op.getInput(), source) ||
      !checkResult(op.getOutput(), source, result.getShape()))
    return {};
  std::optional<SmallVector<int64_t>> strides =
      getBroadcastStrides(source.type.getShape(), result.getShape());
  return strides ? gatherStrided(source, result, 0, *strides) : TypedAttr();
}

static TypedAttr foldWhere(onnx::WhereOp op) {
  auto result = dyn_cast<RankedTensorType>(op.getType());
  std::array<Source, 3> sources;
  SmallVector<SmallVector<int64_t>> strides;
  for (auto [operand, source] : llvm::zip_equal(op.getOperands(), sources)) {
    if (!result || !read(operand, source))
      return {};
    std::optional<SmallVector<int64_t>> own =
        getBroadcastStrides(source.type.getShape(), result.getShape());
    if (!own)
      return {};
    strides.push_back(*own);
  }
  if (!checkResult(op.getOutput(), sources[1], result.getShape()) ||
      !sources[0].type.getElementType().isInteger(1) ||
      sources[1].type.getElementType() != sources[2].type.getElementType())
    return {};
  int64_t step = getElementBytes(result.getElementType());
  SmallVector<int64_t> resultStrides = computeStrides(result.getShape());
  std::vector<char> bytes;
  for (int64_t i = 0; i < result.getNumElements(); ++i) {
    SmallVector<int64_t> index = delinearize(i, resultStrides);
    int chosen = sources[0].bytes[linearize(index, strides[0])] ? 1 : 2;
    const char *from =
        sources[chosen].bytes.data() + linearize(index, strides[chosen]) * step;
    bytes.insert(bytes.end(), from, from + step);
  }
  return makeConstant(result, bytes);
}

/// A value of the result's type that does not depend on the bytes of the
/// operand.
static TypedAttr foldConstantOfShape(onnx::ConstantOfShapeOp op) {
  auto result = dyn_cast<RankedTensorType>(op.getType());
  std::optional<int64_t> size = getByteSize(op.getType());
  if (!size || *size > kMaxFoldedBytes)
    return {};
  if (!op.getValue())
    return result.getElementType().isF32()
               ? DenseElementsAttr::get(result, 0.0f)
               : DenseElementsAttr();
  auto value = dyn_cast<DenseElementsAttr>(*op.getValue());
  if (!value || value.getNumElements() != 1 ||
      value.getElementType() != result.getElementType())
    return {};
  return DenseElementsAttr::get(result, value.getSplatValue<Attribute>());
}

static TypedAttr foldRange(onnx::RangeOp op) {
  std::optional<double> start = readScalar(op.getStart()),
                        limit = readScalar(op.getLimit()),
                        delta = readScalar(op.getDelta());
  auto result = dyn_cast<RankedTensorType>(op.getType());
  std::optional<int64_t> size = getByteSize(op.getType());
  // Floats accumulate roundings that are the lowering's to choose.
  if (!start || !limit || !delta || *delta == 0 || !size ||
      *size > kMaxFoldedBytes || !isa<IntegerType>(result.getElementType()) ||
      result.getRank() != 1)
    return {};
  if (result.getNumElements() !=
      std::max(std::ceil((*limit - *start) / *delta), 0.0))
    return {};
  SmallVector<int64_t> values;
  for (int64_t i = 0; i < result.getNumElements(); ++i)
    values.push_back(static_cast<int64_t>(*start) +
                     i * static_cast<int64_t>(*delta));
  return makeConstant(result, encodeIntegers(result.getElementType(), values));
}

/// A tensor attribute, or one of the shorthands for scalars and lists; strings
/// stay.
static TypedAttr foldConstant(onnx::ConstantOp op) {
  Builder builder(op.getContext());
  TypedAttr value;
  if (op.getValue()) {
    auto dense = dyn_cast<DenseElementsAttr>(*op.getValue());
    if (!dense || !getElementBytes(dense.getElementType()))
      return {};
    std::vector<char> scratch;
    value = makeConstant(cast<RankedTensorType>(dense.getType()),
                         llvm::cantFail(getConstantBytes(dense, scratch)));
  } else if (op.getValueFloat()) {
    value = DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getF32Type()), *op.getValueFloat());
  } else if (op.getValueInt()) {
    value = DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getI64Type()), *op.getValueInt());
  } else if (auto floats = op.getValueFloats()) {
    auto type = RankedTensorType::get({static_cast<int64_t>(floats->size())},
                                      builder.getF32Type());
    value = makeConstant(
        type, ArrayRef(reinterpret_cast<const char *>(floats->data()),
                       floats->size() * 4));
  } else if (auto ints = op.getValueInts()) {
    auto type = RankedTensorType::get({static_cast<int64_t>(ints->size())},
                                      builder.getI64Type());
    value = makeConstant(type, encodeIntegers(builder.getI64Type(), *ints));
  }
  return value && value.getType() == op.getType() ? value : TypedAttr();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static TypedAttr fold(Operation *op) {
  return TypeSwitch<Operation *, TypedAttr>(op)
      .Case([](onnx::ConstantOp op) { return foldConstant(op); })
      .Case<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp,
            onnx::FlattenOp, onnx::IdentityOp>(
          [](Operation *op) { return foldReshape(op); })
      .Case([](onnx::TransposeOp op) { return foldTranspose(op); })
      .Case([](onnx::SliceOp op) { return foldSlice(op); })
      .Case([](onnx::GatherOp op) { return foldGather(op); })
      .Case([](onnx::ConcatOp op) { return foldConcat(op); })
      .Case([](onnx::ExpandOp op) { return foldExpand(op); })
      .Case([](onnx::WhereOp op) { return foldWhere(op); })
      .Case([](onnx::ConstantOfShapeOp op) { return foldConstantOfShape(op); })
      .Case([](onnx::RangeOp op) { return foldRange(op); })
      .Default([](Operation *op) { return foldElementwise(op); });
}

/// What only looks at a constant in another way keeps the constant's name;
/// anything else is named after its own node first.
static Location getLocation(Operation *op) {
  SmallVector<Location> parts;
  for (Value operand : op->getOperands())
    if (ConstantOp constant = getConstant(operand))
      parts.push_back(constant.getLoc());
  bool view =
      isa<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::FlattenOp,
          onnx::IdentityOp, onnx::TransposeOp, onnx::SliceOp>(op);
  parts.insert(view && !parts.empty() ? std::next(parts.begin())
                                      : parts.begin(),
               op->getLoc());
  if (view)
    parts.truncate(2);
  return FusedLoc::get(op->getContext(), parts);
}

namespace {
struct FoldConstants : public squint::impl::FoldConstantsBase<FoldConstants> {
  void runOnOperation() override {
    // Operands come before their users, so that one walk folds chains.
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) ||
          op->getNumResults() != 1)
        return;
      TypedAttr value = fold(op);
      if (!value)
        return;
      OpBuilder builder(op);
      auto constant = ConstantOp::create(builder, getLocation(op), value);
      // One may be read twice.
      SetVector<Operation *> producers;
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          producers.insert(producer);
      op->getResult(0).replaceAllUsesWith(constant.getResult());
      op->erase();
      for (Operation *producer : producers)
        if (isOpTriviallyDead(producer))
          producer->erase();
      ++numFolded;
    });
  }
};
} // namespace
