//===- QuantizedConstant.cpp - a model's own codes --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "QuantizedConstant.h"
#include "Constants.h"
#include "Raise.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace squint;

static constexpr int64_t kAnySize = std::numeric_limits<int64_t>::max();

static bool isCode(Type type) {
  if (isa<Float8E4M3FNType, Float8E5M2Type>(type))
    return true;
  auto integer = dyn_cast<IntegerType>(type);
  return integer && llvm::is_contained({2, 4, 8}, integer.getWidth());
}

/// The codes of a constant, a byte each.
static std::optional<std::vector<uint8_t>> readCodes(Value value) {
  ConstantOp constant = getConstant(value);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!constant || !type || !isCode(type.getElementType()))
    return std::nullopt;
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(constant.getValue(), scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  unsigned bits = type.getElementTypeBitWidth();
  int64_t count = type.getNumElements();
  // Inline constants have a byte for each element, stores whole bytes of them.
  bool isPacked = bits < 8 && constant.getData();
  std::vector<uint8_t> codes(count);
  if (static_cast<int64_t>(bytes->size()) <
      (isPacked ? (count * int64_t(bits) + 7) / 8 : count))
    return std::nullopt;
  for (int64_t i = 0; i < count; ++i)
    codes[i] = isPacked ? unpackCode(bytes->data(), i, bits)
                        : uint8_t((*bytes)[i]) & ((1u << bits) - 1);
  return codes;
}

static int32_t extend(Type element, uint8_t code) {
  auto integer = cast<IntegerType>(element);
  unsigned unused = 32 - integer.getWidth();
  return integer.isUnsigned() ? int32_t(code)
                              : int32_t(uint32_t(code) << unused) >> unused;
}

/// Scales (and zero points) beside a tensor of `shape`.
template <typename OpTy>
static bool placeScales(OpTy op, ArrayRef<int64_t> shape, Value scale,
                        QuantizedConstant &result) {
  auto type = dyn_cast<RankedTensorType>(scale.getType());
  int64_t rank = shape.size(), block = op.getBlockSize(),
          axis = op.getAxis() + (op.getAxis() < 0 ? rank : 0);
  result.scaleStrides.assign(rank, 0);
  result.blocks.assign(rank, 1);
  if (!type || !type.hasStaticShape())
    return false;
  if (type.getRank() == 0 || (type.getNumElements() == 1 && !block))
    return true;
  if (axis < 0 || axis >= rank)
    return false;
  if (type.getRank() == 1 && !block) {
    result.scaleStrides[axis] = 1;
    return type.getDimSize(0) == shape[axis];
  }
  SmallVector<int64_t> expected(shape);
  if (block > 0)
    expected[axis] = llvm::divideCeil(shape[axis], block);
  if (type.getShape() != ArrayRef(expected))
    return false;
  result.scaleStrides = computeStrides(expected);
  result.blocks[axis] = std::max<int64_t>(block, 1);
  return true;
}

static bool readScales(Value scale, Value zero, QuantizedConstant &result) {
  FailureOr<SmallVector<double>> numbers = readNumbers(scale, kAnySize);
  auto type = cast<RankedTensorType>(scale.getType());
  if (failed(numbers) || !isa<mlir::FloatType>(type.getElementType()))
    return false;
  result.scales.assign(numbers->begin(), numbers->end());
  result.scaleType = type.getElementType().isF16()    ? ScaleType::F16
                     : type.getElementType().isBF16() ? ScaleType::BF16
                                                      : ScaleType::F32;
  if (!zero)
    return true;
  std::optional<std::vector<uint8_t>> codes = readCodes(zero);
  if (!codes || codes->size() != result.scales.size() ||
      cast<RankedTensorType>(zero.getType()).getElementType() != result.element)
    return false;
  if (llvm::any_of(*codes, [](uint8_t code) { return code != 0; }))
    result.zeroPoints = std::move(*codes);
  return result.zeroPoints.empty() || result.isInteger();
}

/// The codes that an onnx.QuantizeLinear makes of a constant.
static bool quantize(onnx::QuantizeLinearOp op, QuantizedConstant &result) {
  FailureOr<SmallVector<double>> numbers = readNumbers(op.getX(), kAnySize);
  auto type = dyn_cast<RankedTensorType>(op.getX().getType());
  if (failed(numbers) || !type || !type.getElementType().isF32() ||
      !isa<IntegerType>(result.element) ||
      !placeScales(op, type.getShape(), op.getYScale(), result) ||
      !readScales(op.getYScale(), op.getYZeroPoint(), result))
    return false;
  auto integer = cast<IntegerType>(result.element);
  unsigned width = integer.getWidth();
  float low = integer.isUnsigned() ? 0.0f : -float(1 << (width - 1)),
        high = float((1 << (integer.isUnsigned() ? width : width - 1)) - 1);
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  result.codes.resize(numbers->size());
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    SmallVector<int64_t> index = delinearize(i, strides);
    int64_t at = 0;
    for (auto [d, position] : llvm::enumerate(index))
      at += position / result.blocks[d] * result.scaleStrides[d];
    float zero = result.zeroPoints.empty()
                     ? 0.0f
                     : float(extend(result.element, result.zeroPoints[at]));
    float code = std::nearbyint(float(number) / result.scales[at]) + zero;
    // Not a number has no code.
    if (!(code == code))
      return false;
    code = std::min(std::max(code, low), high);
    result.codes[i] = uint8_t(int32_t(code)) & ((1u << width) - 1);
  }
  return true;
}

/// Cuts codes to bounds; those of a narrower type become codes of that.
static void clip(int64_t low, int64_t high, QuantizedConstant &constant) {
  auto element = cast<IntegerType>(constant.element);
  for (uint8_t &code : constant.codes)
    code = uint8_t(std::clamp<int64_t>(extend(element, code), low, high)) &
           ((1u << element.getWidth()) - 1);
  for (unsigned width = 2; width < element.getWidth(); ++width) {
    auto narrow =
        IntegerType::get(element.getContext(), width, element.getSignedness());
    int64_t least = narrow.isUnsigned() ? 0 : -(int64_t(1) << (width - 1)),
            most = least + (int64_t(1) << width) - 1;
    if (low < least || high > most ||
        llvm::any_of(constant.zeroPoints, [&](uint8_t zero) {
          return extend(element, zero) < least || extend(element, zero) > most;
        }))
      continue;
    // Zero points that are left out are 0 in any type.
    for (std::vector<uint8_t> *codes : {&constant.codes, &constant.zeroPoints})
      for (uint8_t &code : *codes)
        code &= (1u << width) - 1;
    constant.element = narrow;
    return;
  }
}

std::optional<QuantizedConstant> QuantizedConstant::match(Value value) {
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>()) {
    std::optional<QuantizedConstant> found = match(transpose.getData());
    if (found)
      found->transpose(getPermutation(transpose));
    return found;
  }
  auto op = value.getDefiningOp<onnx::DequantizeLinearOp>();
  auto type =
      op ? dyn_cast<RankedTensorType>(op.getX().getType()) : RankedTensorType();
  if (!type || !type.hasStaticShape() || type.getRank() < 1 ||
      !type.getNumElements() || !isCode(type.getElementType()))
    return std::nullopt;
  QuantizedConstant result{
      op.getX().getLoc(), type.getElementType(), {}, {}, {}, {}, {}, {}, {}};
  result.shape = llvm::to_vector(type.getShape());
  result.strides = computeStrides(type.getShape());
  std::optional<MadeCodes> made = MadeCodes::match(op.getX());
  if (made) {
    if (!quantize(made->quantize, result))
      return std::nullopt;
    result.zeroPoints.clear();
  } else if (std::optional<std::vector<uint8_t>> codes = readCodes(op.getX())) {
    result.codes = std::move(*codes);
  } else {
    return std::nullopt;
  }
  if (!placeScales(op, type.getShape(), op.getXScale(), result) ||
      !readScales(op.getXScale(), op.getXZeroPoint(), result))
    return std::nullopt;
  if (made && made->clip)
    clip(made->low, made->high, result);
  return result;
}

QuantizedConstant QuantizedConstant::take(unsigned d, int64_t begin,
                                          int64_t count) const {
  QuantizedConstant part = *this;
  part.shape[d] = count;
  part.codes.erase(part.codes.begin(), part.codes.begin() + begin * strides[d]);
  int64_t scale = begin / blocks[d] * scaleStrides[d];
  part.scales.erase(part.scales.begin(), part.scales.begin() + scale);
  if (!zeroPoints.empty())
    part.zeroPoints.erase(part.zeroPoints.begin(),
                          part.zeroPoints.begin() + scale);
  return part;
}

void QuantizedConstant::transpose(ArrayRef<int64_t> permutation) {
  for (SmallVector<int64_t> *list : {&shape, &strides, &scaleStrides, &blocks})
    *list = applyPermutation(*list, permutation);
}

bool QuantizedConstant::isInteger() const { return isa<IntegerType>(element); }

bool QuantizedConstant::isAlong(unsigned d) const {
  for (auto [i, stride] : llvm::enumerate(scaleStrides))
    if (i != d && stride && shape[i] > 1)
      return false;
  return true;
}

SmallVector<float> QuantizedConstant::getScales() const {
  SmallVector<float> result;
  SmallVector<int64_t> index(shape.size(), 0);
  int64_t count = scaleStrides[0] ? shape[0] : 1;
  for (index[0] = 0; index[0] < count; ++index[0])
    result.push_back(scales[scaleAt(index)]);
  return result;
}

int64_t QuantizedConstant::codeAt(ArrayRef<int64_t> index) const {
  int64_t at = 0;
  for (auto [position, stride] : llvm::zip_equal(index, strides))
    at += position * stride;
  return at;
}

int64_t QuantizedConstant::scaleAt(ArrayRef<int64_t> index) const {
  int64_t at = 0;
  for (auto [position, stride, block] :
       llvm::zip_equal(index, scaleStrides, blocks))
    at += position / block * stride;
  return at;
}

int32_t QuantizedConstant::getInteger(ArrayRef<int64_t> index) const {
  int32_t code = extend(element, codes[codeAt(index)]);
  return zeroPoints.empty()
             ? code
             : code - extend(element, zeroPoints[scaleAt(index)]);
}

std::optional<Format> QuantizedConstant::chooseFormat(bool isUnscaled) const {
  Format format;
  std::string name = "int" + std::to_string(element.getIntOrFloatBitWidth());
  if (isa<Float8E4M3FNType>(element))
    name = "f8e4m3";
  else if (isa<Float8E5M2Type>(element))
    name = "f8e5m2";
  format.element = lookupElement(name);
  if (!format.element)
    return std::nullopt;
  format.scale = isUnscaled ? ScaleType::F32 : scaleType;
  // A row without groups, or with groups of the last dimension.
  bool isGrouped = false;
  for (unsigned d = 1; d < shape.size(); ++d) {
    if (!scaleStrides[d] || shape[d] == 1)
      continue;
    isGrouped = true;
    if (shape.size() != 2 || blocks[d] < 2)
      return std::nullopt;
    format.groupSize = blocks[d];
  }
  if (isUnscaled && (isGrouped || !isInteger()))
    return std::nullopt;
  // Codes that are used: those without a sign and around the middle one are
  // signed ones, with no zero point.
  if (isInteger()) {
    bool isUnsigned = element.isUnsignedInteger();
    uint8_t middle = uint8_t(1u << (element.getIntOrFloatBitWidth() - 1));
    format.zeroPoint =
        isUnsigned ? zeroPoints.empty() ||
                         llvm::any_of(zeroPoints,
                                      [&](uint8_t z) { return z != middle; })
                   : !zeroPoints.empty();
  }
  bool variesByRow =
      scaleStrides[0] && shape[0] > 1 && (!isUnscaled || format.zeroPoint);
  format.granularity = isGrouped     ? Granularity::Group
                       : variesByRow ? Granularity::Channel
                                     : Granularity::Tensor;
  return format;
}

Value QuantizedConstant::pack(OpBuilder &builder, Type floats,
                              bool isUnscaled) const {
  std::optional<Format> chosen = chooseFormat(isUnscaled);
  if (!chosen)
    return {};
  Format format = *chosen;
  MLIRContext *context = builder.getContext();
  auto type = PackedType::get(shape, FormatAttr::get(context, format));
  int64_t rows = type.getRows(), columns = type.getColumns();
  PlainLayout layout = PlainLayout::get(format, rows, columns);
  unsigned bits = format.bits();
  // Between what the model stores and what the format does.
  uint8_t middle = uint8_t(1u << (bits - 1));
  uint8_t flip = isInteger() && element.isUnsignedInteger() != format.zeroPoint
                     ? middle
                     : 0;
  SmallVector<int64_t> inner = computeStrides(ArrayRef(shape).drop_front());
  auto indexOf = [&](int64_t row, int64_t column) {
    SmallVector<int64_t> index = delinearize(column, inner);
    index.insert(index.begin(), row);
    return index;
  };
  auto fill = [&](MutableArrayRef<char> payload) {
    llvm::fill(payload, 0);
    std::vector<int64_t> offsets(columns);
    for (int64_t c = 0; c < columns; ++c)
      offsets[c] = codeAt(indexOf(0, c));
    std::vector<uint32_t> row(columns);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c)
        row[c] = codes[offsets[c] + r * strides[0]] ^ flip;
      packCodes(row.data(), columns, bits,
                payload.data() + r * layout.rowBytes);
    }
    for (int64_t r = 0; r < layout.scaleRows; ++r)
      for (int64_t g = 0; g < layout.groups; ++g) {
        SmallVector<int64_t> index = indexOf(r, g * layout.groupSize);
        int64_t from = scaleAt(index), to = r * layout.groups + g;
        storeScale(isUnscaled ? 1.0f : scales[from], format.scale,
                   payload.data() + layout.scalesOffset, to);
        if (format.zeroPoint)
          payload[layout.zeroPointsOffset + to] = static_cast<char>(
              (zeroPoints.empty() ? 0 : zeroPoints[from]) ^ flip);
      }
  };
  DataAttr data =
      context->getLoadedDialect<SquintDialect>()->getStores().create(
          type, layout.totalBytes, fill);
  auto packed = ConstantOp::create(builder, loc, cast<TypedAttr>(data));
  return squint::DequantizeOp::create(
      builder, loc, RankedTensorType::get(shape, floats), packed);
}

Value QuantizedConstant::decode(OpBuilder &builder, Type floats,
                                bool isUnscaled) const {
  auto type = RankedTensorType::get(shape, floats);
  SmallVector<int64_t> inner = computeStrides(shape);
  SmallVector<double> numbers;
  for (int64_t i = 0, count = type.getNumElements(); i < count; ++i) {
    SmallVector<int64_t> index = delinearize(i, inner);
    float scale = isUnscaled ? 1.0f : scales[scaleAt(index)];
    numbers.push_back(float(getInteger(index)) * scale);
  }
  return ConstantOp::create(builder, loc,
                            makeConstant(type, encodeNumbers(floats, numbers)));
}
