//===- Constants.cpp - reading and making constants ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"

using namespace mlir;
using namespace squint;

/// Types whose elements are read as numbers.
static bool isNumber(Type type) {
  return type.isF64() || type.isF32() || type.isF16() || type.isBF16() ||
         type.isInteger(1) || type.isInteger(8) || type.isInteger(16) ||
         type.isInteger(32) || type.isInteger(64);
}

int64_t squint::getElementBytes(Type type) {
  if (type.isInteger(1))
    return 1;
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() % 8)
    return 0;
  return type.getIntOrFloatBitWidth() / 8;
}

ConstantOp squint::getConstant(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant && isa<RankedTensorType>(constant.getType()) ? constant
                                                               : ConstantOp();
}

std::optional<int64_t> squint::getByteSize(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() ||
      !getElementBytes(tensor.getElementType()))
    return std::nullopt;
  int64_t bytes = getElementBytes(tensor.getElementType());
  for (int64_t dim : tensor.getShape())
    if (llvm::MulOverflow(bytes, dim, bytes))
      return std::nullopt;
  return bytes;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static const llvm::fltSemantics &getSemantics(Type type) {
  return cast<FloatType>(type).getFloatSemantics();
}

static double decodeFloat(Type type, const char *data) {
  if (type.isF64())
    return llvm::bit_cast<double>(llvm::support::endian::read64le(data));
  if (type.isF32())
    return llvm::bit_cast<float>(llvm::support::endian::read32le(data));
  APFloat value(getSemantics(type),
                APInt(16, llvm::support::endian::read16le(data)));
  bool inexact;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

static void encodeFloat(Type type, double number, char *data) {
  if (type.isF64())
    return llvm::support::endian::write64le(data,
                                            llvm::bit_cast<uint64_t>(number));
  if (type.isF32())
    return llvm::support::endian::write32le(
        data, llvm::bit_cast<uint32_t>(static_cast<float>(number)));
  APFloat value(number);
  bool inexact;
  value.convert(getSemantics(type), APFloat::rmNearestTiesToEven, &inexact);
  llvm::support::endian::write16le(data, value.bitcastToAPInt().getZExtValue());
}

static int64_t decodeInteger(Type type, const char *data) {
  unsigned bytes = getElementBytes(type);
  uint64_t bits = 0;
  for (unsigned i = 0; i < bytes; ++i)
    bits |= uint64_t(static_cast<unsigned char>(data[i])) << (8 * i);
  if (type.isInteger(1) || type.isUnsignedInteger())
    return bits;
  return llvm::SignExtend64(bits, 8 * bytes);
}

static void encodeInteger(Type type, int64_t number, char *data) {
  for (unsigned i = 0, bytes = getElementBytes(type); i < bytes; ++i)
    data[i] = static_cast<char>(uint64_t(number) >> (8 * i));
}

/// The bytes of a constant of numbers in row-major order; nothing when it has
/// too many, or they cannot be read.
static std::optional<ArrayRef<char>> readBytes(Value value, int64_t maxBytes,
                                               std::vector<char> &scratch) {
  ConstantOp constant = getConstant(value);
  if (!constant ||
      !isNumber(cast<RankedTensorType>(constant.getType()).getElementType()))
    return std::nullopt;
  std::optional<int64_t> size = getByteSize(constant.getType());
  if (!size || *size > maxBytes)
    return std::nullopt;
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(constant.getValue(), scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  return *bytes;
}

FailureOr<SmallVector<double>> squint::readNumbers(Value value,
                                                   int64_t maxBytes) {
  std::vector<char> scratch;
  std::optional<ArrayRef<char>> bytes = readBytes(value, maxBytes, scratch);
  if (!bytes)
    return failure();
  Type type = cast<RankedTensorType>(value.getType()).getElementType();
  SmallVector<double> numbers;
  for (int64_t i = 0, size = bytes->size(), step = getElementBytes(type);
       i < size; i += step)
    numbers.push_back(
        isa<FloatType>(type) ? decodeFloat(type, bytes->data() + i)
        : type.isUnsignedInteger(64)
            ? double(uint64_t(decodeInteger(type, bytes->data() + i)))
            : double(decodeInteger(type, bytes->data() + i)));
  return numbers;
}

FailureOr<SmallVector<int64_t>> squint::readIntegers(Value value,
                                                     int64_t maxBytes) {
  std::vector<char> scratch;
  std::optional<ArrayRef<char>> bytes = readBytes(value, maxBytes, scratch);
  if (!bytes)
    return failure();
  Type type = cast<RankedTensorType>(value.getType()).getElementType();
  if (!isa<IntegerType>(type))
    return failure();
  SmallVector<int64_t> numbers;
  for (int64_t i = 0, size = bytes->size(), step = getElementBytes(type);
       i < size; i += step)
    numbers.push_back(decodeInteger(type, bytes->data() + i));
  return numbers;
}

std::optional<double> squint::readScalar(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != 1)
    return std::nullopt;
  FailureOr<SmallVector<double>> numbers = readNumbers(value);
  return succeeded(numbers) ? std::optional<double>(numbers->front())
                            : std::nullopt;
}

std::vector<char> squint::encodeNumbers(Type type, ArrayRef<double> values) {
  int64_t step = getElementBytes(type);
  std::vector<char> bytes(values.size() * step);
  for (auto [i, value] : llvm::enumerate(values))
    encodeFloat(type, value, bytes.data() + i * step);
  return bytes;
}

std::vector<char> squint::encodeIntegers(Type type, ArrayRef<int64_t> values) {
  int64_t step = getElementBytes(type);
  std::vector<char> bytes(values.size() * step);
  for (auto [i, value] : llvm::enumerate(values))
    encodeInteger(type, value, bytes.data() + i * step);
  return bytes;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

TypedAttr squint::makeConstant(RankedTensorType type, ArrayRef<char> bytes) {
  constexpr int64_t maxInlineBytes = 1024;
  int64_t step = getElementBytes(type.getElementType());
  bool splat =
      !bytes.empty() && bytes.drop_front(step) == bytes.drop_back(step);
  if (static_cast<int64_t>(bytes.size()) > maxInlineBytes && !splat) {
    DataStores &stores =
        type.getContext()->getLoadedDialect<SquintDialect>()->getStores();
    return stores.create(type, bytes.size(), [&](MutableArrayRef<char> out) {
      llvm::copy(bytes, out.begin());
    });
  }
  ArrayRef<char> held = splat ? bytes.take_front(step) : bytes;
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits(
        llvm::map_range(held, [](char bit) { return bit != 0; }));
    return DenseElementsAttr::get(type, bits);
  }
  return DenseElementsAttr::getFromRawBuffer(type, held);
}

/// A permutation of stored bytes in its simplest form: none when only
/// dimensions of size 1 change places.
static DataAttr withPermutation(DataAttr data, RankedTensorType type,
                                ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  bool moves = false;
  for (auto [i, p] : llvm::enumerate(permutation)) {
    if (type.getShape()[i] == 1)
      continue;
    moves |= p < last;
    last = p;
  }
  return DataAttr::get(data.getContext(), type, data.getStore(),
                       data.getOffset(), data.getLength(),
                       moves ? permutation : ArrayRef<int64_t>());
}

TypedAttr squint::transposeConstant(TypedAttr value,
                                    ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!isPermutationVector(permutation) ||
      static_cast<int64_t>(permutation.size()) != type.getRank() ||
      !getElementBytes(type.getElementType()))
    return {};
  RankedTensorType result =
      type.clone(applyPermutation(type.getShape(), permutation));
  if (auto data = dyn_cast<DataAttr>(value)) {
    SmallVector<int64_t> composed(permutation);
    if (!data.getPermutation().empty())
      composed = applyPermutation(data.getPermutation(), permutation);
    return withPermutation(data, result, composed);
  }
  auto dense = cast<DenseElementsAttr>(value);
  if (dense.isSplat())
    return dense.resizeSplat(result);
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  int64_t step = getElementBytes(type.getElementType());
  SmallVector<int64_t> strides =
      applyPermutation(computeStrides(type.getShape()), permutation);
  std::vector<char> moved;
  for (int64_t i = 0; i < result.getNumElements(); ++i) {
    SmallVector<int64_t> index =
        delinearize(i, computeStrides(result.getShape()));
    const char *from = bytes->data() + linearize(index, strides) * step;
    moved.insert(moved.end(), from, from + step);
  }
  return makeConstant(result, moved);
}

TypedAttr squint::reshapeConstant(TypedAttr value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  RankedTensorType result = type.clone(shape);
  if (ShapedType::isDynamicShape(shape) ||
      result.getNumElements() != type.getNumElements())
    return {};
  auto data = dyn_cast<DataAttr>(value);
  if (!data)
    return cast<DenseElementsAttr>(value).reshape(result);
  if (data.getPermutation().empty())
    return withPermutation(data, result, {});
  // Under a permutation only dimensions of size 1 can come and go: the others
  // keep their places in the store, and those of size 1 are put behind them.
  auto isUnit = [](int64_t size) { return size == 1; };
  SmallVector<int64_t> places, sizes, newSizes;
  for (auto [size, place] :
       llvm::zip_equal(type.getShape(), data.getPermutation()))
    if (!isUnit(size)) {
      places.push_back(place);
      sizes.push_back(size);
    }
  llvm::copy_if(shape, std::back_inserter(newSizes),
                [&](int64_t size) { return !isUnit(size); });
  if (sizes != newSizes)
    return {};
  SmallVector<int64_t> permutation;
  int64_t at = 0, unit = sizes.size();
  for (int64_t size : shape) {
    if (isUnit(size))
      permutation.push_back(unit++);
    else
      permutation.push_back(llvm::count_if(
          places, [&, at](int64_t place) { return place < places[at]; })),
          ++at;
  }
  return withPermutation(data, result, permutation);
}

TypedAttr squint::scaleRows(TypedAttr value, ArrayRef<double> factors) {
  auto type = cast<RankedTensorType>(value.getType());
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  Type element = type.getElementType();
  int64_t step = getElementBytes(element), row = bytes->size() / factors.size();
  std::vector<char> scaled(bytes->size());
  for (int64_t i = 0, size = bytes->size(); i < size; i += step)
    encodeFloat(element,
                decodeFloat(element, bytes->data() + i) * factors[i / row],
                scaled.data() + i);
  return makeConstant(type, scaled);
}

Value squint::createIntegers(OpBuilder &builder, Location loc,
                             ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return ConstantOp::create(
      builder, loc,
      makeConstant(type, encodeIntegers(builder.getI64Type(), values)));
}

std::optional<SmallVector<int64_t>>
squint::getBroadcastStrides(ArrayRef<int64_t> own, ArrayRef<int64_t> shape) {
  if (own.size() > shape.size())
    return std::nullopt;
  SmallVector<int64_t> strides(shape.size() - own.size(), 0);
  for (auto [size, wanted, stride] :
       llvm::zip_equal(own, shape.take_back(own.size()), computeStrides(own))) {
    if (size != 1 && size != wanted)
      return std::nullopt;
    strides.push_back(size == 1 ? 0 : stride);
  }
  return strides;
}
