//===- SquintOps.cpp - verifiers and folders --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

/// The result's type is the value's unless it is spelled out: `as
/// memref<4xf32>`.
static ParseResult parseConstantType(OpAsmParser &parser, Type &type,
                                     Attribute value) {
  type = cast<TypedAttr>(value).getType();
  if (succeeded(parser.parseOptionalKeyword("as")))
    return parser.parseType(type);
  return success();
}

static void printConstantType(OpAsmPrinter &printer, Operation *, Type type,
                              Attribute value) {
  if (type != cast<TypedAttr>(value).getType())
    printer << " as " << type;
}

#include "squint/Dialect/Squint/SquintEnums.cpp.inc"
#include "squint/Dialect/Squint/SquintInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintOps.cpp.inc"

/// Whether two dimensions can be the same at run time.
static bool compatible(int64_t a, int64_t b) {
  return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
}

static bool compatible(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() &&
         llvm::all_of_zip(
             a, b, [](int64_t x, int64_t y) { return compatible(x, y); });
}

//===----------------------------------------------------------------------===//
// squint.constant
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

void ConstantOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), isa<PackedType>(getType()) ? "w" : "cst");
}

LogicalResult ConstantOp::verify() {
  auto typed = cast<TypedAttr>(getValue());
  if (getData())
    return success(typed.getType() == getType() || isa<MemRefType>(getType()));
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense)
    return emitOpError() << "expected #squint.data or a dense attribute, got "
                         << getValue();
  if (!dense.isSplat() &&
      static_cast<int64_t>(dense.getRawData().size()) > 1024)
    return emitOpError() << "expected at most 1024 bytes inline, got "
                         << dense.getRawData().size();
  return success();
}

//===----------------------------------------------------------------------===//
// Quantization
//===----------------------------------------------------------------------===//

LogicalResult QuantizeOp::verify() {
  PackedType type = getResult().getType();
  if (!compatible(cast<RankedTensorType>(getInput().getType()).getShape(),
                  type.getShape()))
    return emitOpError() << "expected a result of the input's shape, got "
                         << type;
  Format format = type.getFormat();
  bool isStatic = format.granularity == Granularity::Tensor;
  if (isStatic != getScale().has_value())
    return emitOpError()
           << "expected a scale attribute exactly for tensor granularity, got '"
           << format.str() << "'";
  if (isStatic ? format.element->name != "int8"
               : format.isInteger() && format.zeroPoint)
    return emitOpError() << "expected int8 codes with a static scale, and none "
                            "with a zero point otherwise, got '"
                         << format.str() << "'";
  if (getScale() && !(getScale()->isFinite() && !getScale()->isNegative()))
    return emitOpError() << "expected a finite scale that is not negative";
  if (getImage() &&
      (format.granularity != Granularity::Token || type.getShape().size() < 2))
    return emitOpError() << "expected images of 2 or more dimensions with a "
                            "scale a token, got "
                         << type;
  return success();
}

LogicalResult CodesOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  PackedType type = getResult().getType();
  auto element = dyn_cast<IntegerType>(input.getElementType());
  if (!element || element.getWidth() != 8)
    return emitOpError() << "expected codes of 8 bits, got " << input;
  if (!compatible(input.getShape(), type.getShape()))
    return emitOpError() << "expected a result of the input's shape, got "
                         << type;
  if (Format format = type.getFormat();
      format.element->name != "int8" || !format.isSymmetric() ||
      format.granularity != Granularity::Tensor)
    return emitOpError() << "expected the format 'int8:tensor', got '"
                         << format.str() << "'";
  if (!getZeroPoint())
    return success();
  auto zero = cast<RankedTensorType>(getZeroPoint().getType());
  if (zero.getElementType() != element || !zero.hasStaticShape() ||
      zero.getNumElements() != 1)
    return emitOpError() << "expected one zero point of type " << element
                         << ", got " << zero;
  return success();
}

LogicalResult DequantizeOp::verify() {
  if (!compatible(cast<RankedTensorType>(getResult().getType()).getShape(),
                  getInput().getType().getShape()))
    return emitOpError() << "expected a result of the input's shape, got "
                         << getResult().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

LogicalResult ObserveOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (!isa<mlir::FloatType>(type.getElementType()))
    return emitOpError() << "expected a tensor of floats, got " << type;
  if (getValueName().empty())
    return emitOpError() << "expected a name";
  if (Format format = getFormat().getFormat();
      format.granularity != Granularity::Tensor)
    return emitOpError() << "expected a format with one scale a tensor, got '"
                         << format.str() << "'";
  return success();
}

LogicalResult StatisticsOp::verify() {
  if (getValueName().empty())
    return emitOpError() << "expected a name";
  if (!getMin().isFinite() || !getMax().isFinite() || getMin() > getMax())
    return emitOpError() << "expected a finite range, got " << getMinAttr()
                         << " to " << getMaxAttr();
  if (static_cast<int64_t>(getSamples()) < 1)
    return emitOpError() << "expected at least one sample, got "
                         << static_cast<int64_t>(getSamples());
  return success();
}

//===----------------------------------------------------------------------===//
// Operators with a weight
//===----------------------------------------------------------------------===//

OpOperand &LinearOp::getWeightOperand() {
  return getOperation()->getOpOperand(1);
}
OpOperand &LinearOp::getActivationOperand() {
  return getOperation()->getOpOperand(0);
}
StringRef LinearOp::getKind() { return "linear"; }
bool LinearOp::hasTokenRows() { return true; }

LogicalResult LinearOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (weight.getRank() != 2)
    return emitOpError() << "expected a weight [outputs, inputs], got "
                         << weight;
  if (input.getRank() < 1 ||
      !compatible(input.getShape().back(), weight.getShape()[1]))
    return emitOpError() << "expected the input's last dimension to be "
                         << weight.getShape()[1] << ", got " << input;
  SmallVector<int64_t> expected(input.getShape());
  expected.back() = weight.getShape()[0];
  if (!compatible(result.getShape(), expected))
    return emitOpError() << "expected a result of shape [" << expected
                         << "], got " << result;
  if (getBias() &&
      !compatible(cast<RankedTensorType>(getBias().getType()).getShape(),
                  weight.getShape()[0]))
    return emitOpError() << "expected a bias of " << weight.getShape()[0]
                         << " elements, got " << getBias().getType();
  return success();
}

OpOperand &ConvOp::getWeightOperand() {
  return getOperation()->getOpOperand(1);
}
OpOperand &ConvOp::getActivationOperand() {
  return getOperation()->getOpOperand(0);
}
StringRef ConvOp::getKind() { return "conv"; }
bool ConvOp::hasTokenRows() { return false; }

LogicalResult ConvOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto weight = cast<RankedTensorType>(getWeight().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  int64_t rank = input.getRank(), spatial = rank - 2;
  if (spatial < 1 || weight.getRank() != rank || result.getRank() != rank)
    return emitOpError()
           << "expected input, weight and result of one rank of at least 3";
  if (getGroups() < 1 || weight.getShape()[0] % getGroups() != 0)
    return emitOpError() << "expected groups to divide the "
                         << weight.getShape()[0] << " outputs, got "
                         << getGroups();
  if (!compatible(input.getShape().back(),
                  weight.getShape().back() * static_cast<int64_t>(getGroups())))
    return emitOpError() << "expected "
                         << weight.getShape().back() * getGroups()
                         << " input channels, got " << input;
  if (!compatible(result.getShape().back(), weight.getShape()[0]))
    return emitOpError() << "expected " << weight.getShape()[0]
                         << " output channels, got " << result;
  if (static_cast<int64_t>(getStrides().size()) != spatial ||
      static_cast<int64_t>(getDilations().size()) != spatial ||
      static_cast<int64_t>(getPads().size()) != 2 * spatial)
    return emitOpError()
           << "expected a stride, a dilation and two pads for each of "
           << spatial << " dimensions";
  for (int64_t i = 0; i < spatial; ++i) {
    if (getStrides()[i] < 1 || getDilations()[i] < 1 || getPads()[i] < 0 ||
        getPads()[i + spatial] < 0)
      return emitOpError()
             << "expected positive strides and dilations and no negative pads";
    if (ShapedType::isDynamic(input.getShape()[i + 1]))
      continue;
    int64_t extent = input.getShape()[i + 1] + getPads()[i] +
                     getPads()[i + spatial] -
                     getDilations()[i] * (weight.getShape()[i + 1] - 1) - 1;
    if (extent < 0 ||
        !compatible(result.getShape()[i + 1], extent / getStrides()[i] + 1))
      return emitOpError() << "expected a result of size "
                           << extent / getStrides()[i] + 1 << " in dimension "
                           << i + 1 << ", got " << result;
  }
  return success();
}

LogicalResult PoolOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  int64_t spatial = input.getRank() - 2;
  if (spatial < 1 || result.getRank() != input.getRank() ||
      result.getElementType() != input.getElementType())
    return emitOpError() << "expected a result of the input's rank, at least "
                            "3, and element type, got "
                         << result;
  if (getKind() == PoolKind::Average && !isa<FloatType>(input.getElementType()))
    return emitOpError()
           << "expected elements of a float type for an average, got "
           << input.getElementType();
  if (getKind() == PoolKind::Max && getCountIncludePad())
    return emitOpError() << "expected count_include_pad only for an average";
  if (!compatible(input.getShape().front(), result.getShape().front()) ||
      !compatible(input.getShape().back(), result.getShape().back()))
    return emitOpError() << "expected the input's batch and channels, got "
                         << result;
  if (static_cast<int64_t>(getKernel().size()) != spatial ||
      static_cast<int64_t>(getStrides().size()) != spatial ||
      static_cast<int64_t>(getDilations().size()) != spatial ||
      static_cast<int64_t>(getPads().size()) != 2 * spatial)
    return emitOpError() << "expected a kernel size, a stride, a dilation and "
                            "two pads for each of "
                         << spatial << " dimensions";
  for (int64_t i = 0; i < spatial; ++i) {
    if (getKernel()[i] < 1 || getStrides()[i] < 1 || getDilations()[i] < 1 ||
        getPads()[i] < 0 || getPads()[i + spatial] < 0)
      return emitOpError() << "expected positive kernel sizes, strides and "
                              "dilations and no negative pads";
    if (ShapedType::isDynamic(input.getShape()[i + 1]))
      continue;
    int64_t extent = input.getShape()[i + 1] + getPads()[i] +
                     getPads()[i + spatial] -
                     getDilations()[i] * (getKernel()[i] - 1) - 1;
    int64_t least = extent / getStrides()[i] + 1,
            most = llvm::divideCeil(std::max<int64_t>(extent, 0),
                                    getStrides()[i]) +
                   1;
    int64_t size = result.getShape()[i + 1];
    if (extent < 0 ||
        (!ShapedType::isDynamic(size) && (size < least || size > most)))
      return emitOpError() << "expected a result of size " << least
                           << " in dimension " << i + 1 << ", got " << result;
  }
  return success();
}

OpOperand &EmbeddingOp::getWeightOperand() {
  return getOperation()->getOpOperand(0);
}
OpOperand &EmbeddingOp::getActivationOperand() {
  return getOperation()->getOpOperand(1);
}
StringRef EmbeddingOp::getKind() { return "embedding"; }
bool EmbeddingOp::hasTokenRows() { return false; }

LogicalResult EmbeddingOp::verify() {
  auto table = cast<RankedTensorType>(getTable().getType());
  auto ids = cast<RankedTensorType>(getIds().getType());
  if (table.getRank() != 2)
    return emitOpError() << "expected a table [rows, columns], got " << table;
  if (!ids.getElementType().isSignlessInteger(64) &&
      !ids.getElementType().isSignlessInteger(32))
    return emitOpError() << "expected ids of type i64 or i32, got " << ids;
  SmallVector<int64_t> expected(ids.getShape());
  expected.push_back(table.getShape()[1]);
  if (!compatible(cast<RankedTensorType>(getResult().getType()).getShape(),
                  expected))
    return emitOpError() << "expected a result of shape [" << expected
                         << "], got " << getResult().getType();
  return success();
}

LogicalResult NormOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (input.getRank() < 1 || getResult().getType() != input)
    return emitOpError() << "expected a result of the input's type, got "
                         << getResult().getType();
  if (!compatible(cast<RankedTensorType>(getScale().getType()).getShape(),
                  input.getShape().take_back(1)))
    return emitOpError() << "expected a scale of " << input.getShape().back()
                         << " elements, got " << getScale().getType();
  return success();
}

LogicalResult HadamardOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto size = static_cast<int64_t>(getSize());
  if (getResult().getType() != input || !isa<FloatType>(input.getElementType()))
    return emitOpError() << "expected floats and a result of their type, got "
                         << input << " and " << getResult().getType();
  if (size < 1 || input.getRank() < 1 ||
      ShapedType::isDynamic(input.getShape().back()) ||
      input.getShape().back() % size)
    return emitOpError() << "expected a static last dimension that the size "
                            "divides, got "
                         << input << " and " << size;
  int64_t order = 1;
  if (getSigns()) {
    auto signs = cast<RankedTensorType>(getSigns().getType());
    if (signs.getRank() != 2 || !signs.hasStaticShape() ||
        signs.getDimSize(0) != signs.getDimSize(1) ||
        !signs.getElementType().isF32())
      return emitOpError() << "expected a square matrix of signs in f32, got "
                           << signs;
    order = signs.getDimSize(0);
  }
  if (order < 1 || size % order || !llvm::isPowerOf2_64(size / order))
    return emitOpError() << "expected a size of " << order
                         << " times a power of two, got " << size;
  return success();
}

/// `squint.kv_format`: formats of keys and values, which way groups of keys
/// run, and how many tokens stay f16.
static LogicalResult verifyCacheFormat(AttentionOp op, Attribute attribute) {
  auto entries = dyn_cast<DictionaryAttr>(attribute);
  if (!entries)
    return op.emitOpError()
           << "expected squint.kv_format to be a dictionary, got " << attribute;
  for (StringRef name : {"keys", "values"}) {
    auto text = entries.getAs<StringAttr>(name);
    if (!text)
      return op.emitOpError()
             << "expected a format of " << name << " in squint.kv_format";
    llvm::Expected<Format> format =
        Format::parse(text.getValue(), FormatRole::Any);
    if (!format)
      return op.emitOpError()
             << "expected a format of " << name << ", got " << text << ": "
             << llvm::toString(format.takeError());
  }
  for (NamedAttribute entry : entries) {
    StringRef name = entry.getName();
    auto along = dyn_cast<StringAttr>(entry.getValue());
    auto recent = dyn_cast<IntegerAttr>(entry.getValue());
    if (name != "keys" && name != "values" &&
        !(name == "keys_along" && along && along.getValue() == "tokens") &&
        !(name == "recent" && recent && recent.getInt() > 0))
      return op.emitOpError()
             << "expected keys, values, keys_along = \"tokens\" and recent > 0 "
                "in squint.kv_format, got "
             << name << " = " << entry.getValue();
  }
  return success();
}

LogicalResult RotaryOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto angles = cast<RankedTensorType>(getCos().getType());
  int64_t pairs = angles.getDimSize(2), size = input.getDimSize(3);
  if (!compatible(angles.getShape().drop_back(),
                  input.getShape().take_front(2)))
    return emitOpError() << "expected an angle for every token of " << input
                         << ", got " << angles;
  if (ShapedType::isDynamic(pairs) || ShapedType::isDynamic(size) ||
      pairs < 1 || 2 * pairs > size)
    return emitOpError() << "expected at most half as many angles as a head "
                            "has elements, both static, got "
                         << angles << " for " << input;
  return success();
}

LogicalResult AttentionOp::verify() {
  if (Attribute cache = (*this)->getDiscardableAttr("squint.kv_format"))
    if (failed(verifyCacheFormat(*this, cache)))
      return failure();
  if (getWindow() && (!getCausal() || static_cast<int64_t>(*getWindow()) < 1))
    return emitOpError() << "expected a window of at least 1 beside 'causal', "
                            "got "
                         << static_cast<int64_t>(*getWindow());
  if (getHeadsFirst() && getHeadsFirst()->size() != 4)
    return emitOpError() << "expected heads_first for four tensors, got "
                         << getHeadsFirst()->size();
  // All as [B, tokens, heads, size].
  SmallVector<SmallVector<int64_t>> shapes;
  Value tensors[] = {getQuery(), getKey(), getValue(), getResult()};
  for (auto [i, value] : llvm::enumerate(tensors)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != 4 || !isa<FloatType>(type.getElementType()))
      return emitOpError() << "expected floats of rank 4, got " << type;
    SmallVector<int64_t> shape(type.getShape());
    if (getHeadsFirst() && (*getHeadsFirst())[i])
      std::swap(shape[1], shape[2]);
    shapes.push_back(shape);
  }
  ArrayRef<int64_t> q = shapes[0], k = shapes[1], v = shapes[2];
  if (!compatible(k, {q[0], k[1], k[2], q[3]}) ||
      !compatible(v, {q[0], k[1], k[2], v[3]}))
    return emitOpError() << "expected keys and values of the query's batch, "
                            "as many of one as of the other, got "
                         << getKey().getType() << " and "
                         << getValue().getType();
  if (!ShapedType::isDynamic(q[2]) && !ShapedType::isDynamic(k[2]) &&
      (k[2] == 0 || q[2] % k[2]))
    return emitOpError() << "expected a divisor of " << q[2]
                         << " heads of keys, got " << k[2];
  if (!compatible(shapes[3], {q[0], q[1], q[2], v[3]}))
    return emitOpError() << "expected a result of the query's tokens and heads "
                            "and the value's size, got "
                         << getResult().getType();
  if (!getMask())
    return success();
  auto mask = cast<RankedTensorType>(getMask().getType());
  int64_t scores[] = {q[0], q[2], q[1], k[1]}, rank = mask.getRank();
  if (rank < 1 || rank > 4 || !isa<FloatType>(mask.getElementType()))
    return emitOpError() << "expected a mask of floats of rank 1 to 4, got "
                         << mask;
  for (int64_t i = 0; i < rank; ++i)
    if (!compatible(mask.getDimSize(i), scores[4 - rank + i]) &&
        (mask.getDimSize(i) != 1 || i + 1 == rank))
      return emitOpError() << "expected a mask that broadcasts to the scores, "
                              "got "
                           << mask;
  return success();
}
