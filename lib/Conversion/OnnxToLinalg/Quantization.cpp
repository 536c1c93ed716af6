//===- Quantization.cpp - codes and what they stand for ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "squint/Dialect/Squint/Training.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// Scales or zero points beside a tensor: one for all, one an index of `axis`,
/// or one a block of `axis` (the last may be shorter). As a tensor of the
/// tensor's rank, its blocks repeated, and where each element reads it.
static FailureOr<std::pair<Tensor, AffineMap>>
placeScales(Node &node, const Tensor &scales, const Tensor &x, int64_t axis) {
  ImplicitLocOpBuilder &b = node.b;
  int64_t rank = x.rank(), block = node.integer("block_size", 0);
  MLIRContext *context = b.getContext();
  if (scales.rank() == 0)
    return std::make_pair(scales, AffineMap::get(rank, 0, {}, context));
  if (scales.rank() == 1 && scales.dims[0].isConstant(1) &&
      !(rank == 1 && block))
    return std::make_pair(
        scales, AffineMap::get(rank, 0, b.getAffineConstantExpr(0), context));
  if (axis < 0 || axis >= rank)
    return node.error() << "expected an axis of " << rank << " dimensions",
           failure();
  auto mismatch = [&](int64_t at, const DimExpr &wanted) {
    return node.error() << "expected " << wanted.str()
                        << " scales and zero points along axis " << at
                        << ", got " << tensorType(scales.dims, scales.element);
  };
  if (scales.rank() == 1 && rank != 1) {
    if (scales.dims[0] != x.dims[axis])
      return mismatch(axis, x.dims[axis]), failure();
    return std::make_pair(
        scales, AffineMap::get(rank, 0, b.getAffineDimExpr(axis), context));
  }
  if (scales.rank() != rank)
    return node.error() << "expected scales of one dimension or of " << rank
                        << ", got " << scales.rank(),
           failure();
  if (block < 0)
    return node.error() << "expected a block size of 1 or more", failure();
  for (int64_t i = 0; i < rank; ++i) {
    DimExpr wanted = x.dims[i];
    if (block && i == axis) {
      if (!wanted.getConstant())
        continue; // where they are read, they are cut to what there is
      wanted = DimExpr(llvm::divideCeilSigned(*wanted.getConstant(), block));
    }
    if (scales.dims[i] != wanted)
      return mismatch(i, wanted), failure();
  }
  if (!block)
    return std::make_pair(scales, b.getMultiDimIdentityMap(rank));
  // A map must be a permutation of loops: blocks are repeated in memory.
  Value last;
  if (!x.dims[axis].getConstant())
    last = arith::SubIOp::create(b, sizeValue(b, scales.dims[axis]),
                                 indexConstant(b, 1));
  Tensor wide =
      map(b, {}, x.dims, scales.element,
          [&](ImplicitLocOpBuilder &inner, ValueRange) -> Value {
            SmallVector<Value> at;
            for (int64_t i = 0; i < rank; ++i) {
              Value index = linalg::IndexOp::create(inner, i);
              if (i == axis)
                index = arith::DivUIOp::create(inner, index,
                                               indexConstant(inner, block));
              if (i == axis && last)
                index = arith::MinUIOp::create(inner, index, last);
              at.push_back(index);
            }
            return toCompute(inner,
                             tensor::ExtractOp::create(inner, scales.value, at),
                             scales.element);
          });
  return std::make_pair(wide, b.getMultiDimIdentityMap(rank));
}

/// The number that a constant holds for all its elements.
static std::optional<float> getSplat(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto dense =
      constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!dense || !dense.isSplat() || !dense.getElementType().isF32())
    return std::nullopt;
  return dense.getSplatValue<float>();
}

namespace {
/// Codes of up to 16 bits of f32, in f32 and i32: the bounds are integers, so
/// that clamping first gives the same codes, and adding 1.5 * 2^23, whose last
/// bit is worth 1, rounds. NaN gives the lowest code.
struct FastQuantizer {
  ImplicitLocOpBuilder &b;
  float low, high;
  Value zero; // as i32, null for none

  Value real(float value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  Value clamp(Value x, Value least, Value most) {
    x = arith::MaxNumFOp::create(b, x, least);
    return arith::MinNumFOp::create(b, x, most);
  }

  /// x / scale, clamped. With a scale that is known the quotient is a product
  /// and a correction, which rounds as the division does.
  Value divide(Value x, Value scale, std::optional<float> known) {
    Value offset =
        zero ? arith::SIToFPOp::create(b, b.getF32Type(), zero).getResult()
             : real(0);
    auto bound = [&](float value) -> Value {
      return arith::SubFOp::create(b, real(value), offset);
    };
    if (!known || !(*known > 1e-30f && *known < 1e30f))
      return clamp(arith::DivFOp::create(b, x, scale), bound(low), bound(high));
    // Bounds of x give quotients that round to those of codes.
    Value factor = real(*known);
    auto scaled = [&](float value) -> Value {
      return arith::MulFOp::create(b, bound(value), factor);
    };
    x = clamp(x, scaled(low), scaled(high));
    if (*known == 1.0f)
      return x;
    Value inverse = real(1.0f / *known);
    Value quotient = arith::MulFOp::create(b, x, inverse);
    int exponent;
    if (std::frexp(*known, &exponent) == 0.5f)
      return quotient;
    Value rest =
        math::FmaOp::create(b, arith::NegFOp::create(b, quotient), factor, x);
    return math::FmaOp::create(b, rest, inverse, quotient);
  }

  Value operator()(Value x, Value scale, std::optional<float> known) {
    Value shifted =
        arith::AddFOp::create(b, divide(x, scale, known), real(12582912.0f));
    Value code = arith::BitcastOp::create(b, b.getI32Type(), shifted);
    code = arith::SubIOp::create(
        b, code, arith::ConstantIntOp::create(b, 0x4B400000, 32));
    return zero ? arith::AddIOp::create(b, code, zero).getResult() : code;
  }
};
} // namespace

namespace {
/// What goes between numbers and codes, and where each element reads it: the
/// first operand, its scales and perhaps its zero points.
struct Operands {
  SmallVector<Tensor> tensors;
  SmallVector<AffineMap> maps;
};
} // namespace

static FailureOr<Operands> placeOperands(Node &node, bool hasZero,
                                         int64_t defaultAxis = 1) {
  Tensor x = node.in(0);
  int64_t axis = node.axis("axis", defaultAxis, x.rank());
  Operands operands{{x}, {node.b.getMultiDimIdentityMap(x.rank())}};
  for (unsigned i = 1; i <= (hasZero ? 2u : 1u); ++i) {
    auto placed = placeScales(node, node.in(i), x, axis);
    if (failed(placed))
      return failure();
    operands.tensors.push_back(placed->first);
    operands.maps.push_back(placed->second);
  }
  return operands;
}

/// y = saturate(round(x / scale) + zero)
static LogicalResult lowerQuantizeLinear(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Type codes = node.resultElement(), f32 = b.getF32Type(), i32 = b.getI32Type();
  bool hasZero = node.has(2) && isa<IntegerType>(codes);
  FailureOr<Operands> operands = placeOperands(node, hasZero);
  if (failed(operands))
    return failure();
  // The type that is divided in, of the widest that is there.
  Type type = computeElement(x.element).isF64() ? b.getF64Type() : f32;
  Type rounded = x.element.isF16() || x.element.isBF16() ? x.element : type;
  bool saturates = node.integer("saturate", 1);
  std::optional<float> known = getSplat(node.operand(1));
  Tensor result = mapWith(
      b, operands->tensors, operands->maps, x.dims, codes,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value value = castScalar(inner, v[0], x.element, type),
              by = castScalar(inner, v[1], operands->tensors[1].element, type);
        auto divide = [&]() -> Value {
          Value quotient = arith::DivFOp::create(inner, value, by);
          if (rounded != type && node.in(1).element == x.element)
            quotient =
                toCompute(inner, toStorage(inner, quotient, rounded), rounded);
          return quotient;
        };
        if (!isa<IntegerType>(codes)) {
          Value quotient = divide();
          quotient = castScalar(inner, quotient, type, codes);
          if (isa<Float4E2M1FNType>(codes) && node.has(2)) // -0 becomes 0
            quotient = arith::AddFOp::create(inner, quotient,
                                             scalarConstant(inner, f32, 0));
          if (saturates && isSmallFloat(codes)) {
            double largest = getLargest(codes);
            auto cut = [&](arith::CmpFPredicate p, double limit) {
              Value bound = scalarConstant(inner, f32, limit);
              Value beyond = arith::CmpFOp::create(inner, p, quotient, bound);
              quotient =
                  arith::SelectOp::create(inner, beyond, bound, quotient);
            };
            cut(arith::CmpFPredicate::OGT, largest);
            cut(arith::CmpFPredicate::OLT, -largest);
          }
          return quotient;
        }
        auto integer = cast<IntegerType>(codes);
        unsigned width = integer.getWidth();
        if (rounded == f32 && x.element.isF32() && width <= 16) {
          Value zero = hasZero ? castScalar(inner, v[2], codes, i32) : Value();
          float low = integer.isUnsigned() ? 0.0f : -float(1 << (width - 1));
          float high = low + float((1 << width) - 1);
          return castScalar(
              inner, FastQuantizer{inner, low, high, zero}(value, by, known),
              i32, codes);
        }
        Value quotient = divide();
        // Cut to i32 first: a sum with a zero point of 16 bits then fits i64.
        Value whole = castScalar(
            inner, math::RoundEvenOp::create(inner, quotient), type, i32);
        Type i64 = inner.getI64Type();
        whole = arith::ExtSIOp::create(inner, i64, whole);
        if (hasZero)
          whole = arith::AddIOp::create(inner, whole,
                                        castScalar(inner, v[2], codes, i64));
        int64_t low = integer.isUnsigned() ? 0 : -(int64_t(1) << (width - 1)),
                high =
                    (int64_t(1) << (integer.isUnsigned() ? width : width - 1)) -
                    1;
        whole = arith::MaxSIOp::create(
            inner, whole, arith::ConstantIntOp::create(inner, low, 64));
        whole = arith::MinSIOp::create(
            inner, whole, arith::ConstantIntOp::create(inner, high, 64));
        return castScalar(inner, whole, i64, codes);
      });
  return node.replace(result.value);
}

/// y = (x - zero) * scale
static LogicalResult lowerDequantizeLinear(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Type element = node.resultElement(), type = computeElement(element);
  bool hasZero = node.has(2);
  FailureOr<Operands> operands = placeOperands(node, hasZero);
  if (failed(operands))
    return failure();
  std::optional<float> known = getSplat(node.operand(1));
  Tensor result =
      mapWith(b, operands->tensors, operands->maps, x.dims, element,
              [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                Value by =
                    castScalar(inner, v[1], operands->tensors[1].element, type);
                Value value;
                if (hasZero && isa<IntegerType>(x.element)) {
                  // Codes of 32 bits are apart by more than they hold.
                  bool isWide = x.element.getIntOrFloatBitWidth() == 32;
                  Type wide = isWide ? inner.getI64Type() : inner.getI32Type();
                  Value difference = arith::SubIOp::create(
                      inner, castScalar(inner, v[0], x.element, wide),
                      castScalar(inner, v[2], x.element, wide));
                  value = castScalar(inner, difference, wide, type);
                } else {
                  value = castScalar(inner, v[0], x.element, type);
                  if (hasZero)
                    value = arith::SubFOp::create(
                        inner, value, castScalar(inner, v[2], x.element, type));
                }
                if (known == 1.0f)
                  return value;
                return arith::MulFOp::create(inner, value, by);
              });
  return node.replace(result.value);
}

/// y = (clamp(round(x / scale) + zero) - zero) * scale
static LogicalResult lowerFakeQuantize(Node &node) {
  auto op = cast<FakeQuantizeOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Type f32 = b.getF32Type(), i32 = b.getI32Type();
  bool hasZero = node.has(2);
  FailureOr<Operands> operands =
      placeOperands(node, hasZero, /*defaultAxis=*/0);
  if (failed(operands))
    return failure();
  std::optional<float> known = getSplat(node.operand(1));
  Tensor result = mapWith(
      b, operands->tensors, operands->maps, node.in(0).dims, f32,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value zero;
        if (hasZero)
          zero = castScalar(inner, v[2], operands->tensors[2].element, i32);
        Value code = FastQuantizer{
            inner, float(static_cast<int64_t>(op.getLow())),
            float(static_cast<int64_t>(op.getHigh())), zero}(v[0], v[1], known);
        if (zero)
          code = arith::SubIOp::create(inner, code, zero);
        return arith::MulFOp::create(
            inner, arith::SIToFPOp::create(inner, f32, code), v[1]);
      });
  return node.replace(result.value);
}

/// Codes without a sign become signed ones, and their zero point with them.
static LogicalResult lowerCodes(Node &node) {
  auto op = cast<CodesOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor codes = node.in(0), zero;
  bool isUnsigned = codes.element.isUnsignedInteger();
  Type i8 = b.getI8Type();
  auto shift = [&](const Tensor &x) {
    return map(b, x, x.dims, i8,
               [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
                 return arith::XOrIOp::create(
                     inner, v[0], arith::ConstantIntOp::create(inner, -128, 8));
               });
  };
  Value zeroPoint;
  std::optional<SmallVector<int64_t>> constant = SmallVector<int64_t>{0};
  if (op.getZeroPoint()) {
    constant = node.constantIntegers(1);
    zero = node.in(1);
  }
  if (constant) {
    int64_t value = constant->front() - (isUnsigned ? 128 : 0);
    zeroPoint = ConstantOp::create(
        b, DenseElementsAttr::get(RankedTensorType::get({1}, i8),
                                  static_cast<int8_t>(value)));
  } else {
    zeroPoint = isUnsigned ? shift(zero).value : zero.value;
  }
  auto result =
      CodesOp::create(b, op.getType(),
                      isUnsigned ? shift(codes).value : codes.value, zeroPoint);
  op.replaceAllUsesWith(result.getResult());
  return success();
}

/// The same bits as another type of as many.
static LogicalResult lowerBitCast(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Type to = node.resultElement(), stored = storageElement(to);
  if (storageElement(x.element).getIntOrFloatBitWidth() !=
          stored.getIntOrFloatBitWidth() ||
      isSmallInteger(x.element) != isSmallInteger(to))
    return node.error() << "expected elements of as many bits, got "
                        << x.element << " and " << to;
  // The bodies of maps see numbers; their storage is what has the bits.
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(x.rank()));
  SmallVector<utils::IteratorType> iterators(x.rank(),
                                             utils::IteratorType::parallel);
  Value out = empty(b, x.dims, to).value;
  auto op = linalg::GenericOp::create(
      b, out.getType(), x.value, out, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        Value bits = v[0];
        if (bits.getType() != stored)
          bits = arith::BitcastOp::create(builder, loc, stored, bits);
        linalg::YieldOp::create(builder, loc, bits);
      });
  return node.replace(op.getResult(0));
}

ArrayRef<TableEntry> lowering::quantizationTable() {
  static const TableEntry table[] = {
      {"BitCast", lowerBitCast},
      {"DequantizeLinear", lowerDequantizeLinear},
      {"QuantizeLinear", lowerQuantizeLinear},
      {"squint.codes", lowerCodes},
      {"squint.fake_quantize", lowerFakeQuantize},
  };
  return table;
}
