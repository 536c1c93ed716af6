//===- Rows.cpp - kernels that reduce rows ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is a row. Reductions run over 16 lanes, lane i taking the elements i,
// i + 16, ..., and end in one tree; lanes that a tail leaves out add nothing.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Numerics/FloatBits.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

/// A matrix of f32 whose rows are contiguous.
static LogicalResult checkFloatRows(Operation *op, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || type.getRank() != 2 || !type.getElementType().isF32())
    return op->emitError() << "expected a matrix of f32, got "
                           << value.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.norm
//===----------------------------------------------------------------------===//

LogicalResult squint::kernel::buildNorm(KernelBuilder &b, NormOp op,
                                        Units units) {
  Value x = op.getInput(), y = op.getOutputs()[0], scale = op.getScale(),
        bias = op.getBias();
  if (failed(checkFloatRows(op, x)) || failed(checkFloatRows(op, y)) ||
      failed(checkRows(op, {x, y, scale, bias})))
    return failure();
  Value columns = b.dim(x, 1);
  Value count = arith::SIToFPOp::create(
      b, b.getF32Type(),
      arith::IndexCastOp::create(b, b.getI64Type(), columns));
  Value zero = b.constant(b.f32s(), 0.0);
  b.loop(units.begin, units.end, 1, [&](Value row) {
    Value mean;
    if (op.getCentered()) {
      Values sum = b.lanes(
          columns, zero, [&](Value k, Value mask, ValueRange sums) -> Values {
            return {arith::AddFOp::create(b, sums[0],
                                          b.load(b.f32s(), x, {row, k}, mask))};
          });
      mean = b.splat(arith::DivFOp::create(b, b.reduceAdd(sum[0]), count));
    }
    auto center = [&](Value k, Value mask) -> Value {
      Value value = b.load(b.f32s(), x, {row, k}, mask);
      return mean ? arith::SubFOp::create(b, value, mean).getResult() : value;
    };
    Values squares = b.lanes(
        columns, zero, [&](Value k, Value mask, ValueRange sums) -> Values {
          Value value = center(k, mask);
          if (mask && mean)
            value = arith::SelectOp::create(b, mask, value, zero);
          return {b.fma(value, value, sums[0])};
        });
    Value variance = arith::DivFOp::create(b, b.reduceAdd(squares[0]), count);
    Value deviation = math::SqrtOp::create(
        b, arith::AddFOp::create(b, variance,
                                 b.f32(op.getEpsilon().convertToDouble())));
    Value inverse = b.splat(arith::DivFOp::create(b, b.f32(1.0f), deviation));
    b.lanes(columns, {}, [&](Value k, Value mask, ValueRange) -> Values {
      Value value = arith::MulFOp::create(b, center(k, mask), inverse);
      Value factor = b.load(b.f32s(), scale, k, mask);
      value = bias ? b.fma(value, factor, b.load(b.f32s(), bias, k, mask))
                   : arith::MulFOp::create(b, value, factor).getResult();
      b.store(value, y, {row, k}, mask);
      return {};
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.softmax
//===----------------------------------------------------------------------===//

LogicalResult squint::kernel::buildSoftmax(KernelBuilder &b, SoftmaxOp op,
                                           Units units) {
  Value x = op.getInput(), y = op.getOutputs()[0];
  if (failed(checkFloatRows(op, x)) || failed(checkFloatRows(op, y)) ||
      failed(checkRows(op, {x, y})))
    return failure();
  Value columns = b.dim(x, 1);
  Value least = b.constant(b.f32s(), -std::numeric_limits<double>::infinity());
  Value zero = b.constant(b.f32s(), 0.0);
  auto maximum = [&](Value a, Value c) -> Value {
    return arith::MaximumFOp::create(b, a, c);
  };
  b.loop(units.begin, units.end, 1, [&](Value row) {
    Values highest = b.lanes(
        columns, least, [&](Value k, Value mask, ValueRange current) -> Values {
          return {
              maximum(current[0], b.load(b.f32s(), x, {row, k}, mask, least))};
        });
    Value shift = b.splat(b.reduce(highest[0], maximum));
    Values sum = b.lanes(
        columns, zero, [&](Value k, Value mask, ValueRange sums) -> Values {
          Value value = arith::SubFOp::create(
              b, b.load(b.f32s(), x, {row, k}, mask), shift);
          value = math::ExpOp::create(b, value);
          if (mask)
            value = arith::SelectOp::create(b, mask, value, zero);
          b.store(value, y, {row, k}, mask);
          return {arith::AddFOp::create(b, sums[0], value)};
        });
    Value inverse =
        b.splat(arith::DivFOp::create(b, b.f32(1.0f), b.reduceAdd(sum[0])));
    b.lanes(columns, {}, [&](Value k, Value mask, ValueRange) -> Values {
      b.store(arith::MulFOp::create(b, b.load(b.f32s(), y, {row, k}, mask),
                                    inverse),
              y, {row, k}, mask);
      return {};
    });
  });
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.quantize_rows
//===----------------------------------------------------------------------===//

namespace {
/// 16 values times `inverse` to codes as i32: clamped, then rounded by
/// adding 1.5 * 2^23, whose last bit is worth 1. Bounds are integers, so
/// clamping first gives the same codes. NaN gives 0 for dynamic codes and the
/// lowest for static ones.
struct Rounder {
  KernelBuilder &b;
  int32_t low, high, zero;
  bool isStatic;

  Value operator()(Value values, Value inverse) {
    Value scaled = arith::MulFOp::create(b, values, inverse);
    Value clamped =
        arith::MaxNumFOp::create(b, scaled, b.constant(b.f32s(), low - zero));
    clamped =
        arith::MinNumFOp::create(b, clamped, b.constant(b.f32s(), high - zero));
    Value shifted =
        arith::AddFOp::create(b, clamped, b.constant(b.f32s(), 12582912.0));
    Value bits = arith::BitcastOp::create(b, b.i32s(), shifted);
    Value code = arith::SubIOp::create(
        b, bits, b.intConstant(b.i32s(), 0x4B400000 - zero));
    if (isStatic)
      return code;
    Value nan =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, scaled, scaled);
    return arith::SelectOp::create(b, nan, b.intConstant(b.i32s(), 0), code);
  }
};
} // namespace

/// The largest magnitude as the bits of a float: NaN is larger than any number.
static Value findLargest(KernelBuilder &b, Value x, Value row, Value start,
                         Value length) {
  Values largest =
      b.lanes(length, b.intConstant(b.i32s(), 0),
              [&](Value k, Value mask, ValueRange current) -> Values {
                Value value = b.load(b.f32s(), x, {row, b.add(start, k)}, mask);
                Value bits = arith::AndIOp::create(
                    b, arith::BitcastOp::create(b, b.i32s(), value),
                    b.intConstant(b.i32s(), 0x7FFFFFFF));
                return {arith::MaxSIOp::create(b, current[0], bits)};
              });
  Value bits = b.reduce(largest[0], [&](Value a, Value c) -> Value {
    return arith::MaxSIOp::create(b, a, c);
  });
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

/// As a scale of that type would be stored.
static Value roundScale(KernelBuilder &b, Value scale, ScaleType stored) {
  Type type = b.scaleType(stored);
  if (type.isF32())
    return scale;
  return b.toF32(arith::TruncFOp::create(b, type, scale));
}

/// 1 / scale, 0 where the scale is.
static Value invertScale(KernelBuilder &b, Value scale) {
  Value none =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.f32(0.0f));
  Value inverse = arith::DivFOp::create(b, b.f32(1.0f), scale);
  return arith::SelectOp::create(b, none, b.f32(0.0f), inverse);
}

/// Rounds to a narrow float and back: MiniFloat::encode and decode.
static Value roundToFloat(KernelBuilder &b, Value values,
                          const MiniFloat &format) {
  auto bits = [&](Value floats) -> Value {
    return arith::BitcastOp::create(b, b.i32s(), floats);
  };
  Value sign = arith::AndIOp::create(b, bits(values),
                                     b.intConstant(b.i32s(), INT32_MIN));
  Value magnitude = arith::MinNumFOp::create(
      b, math::AbsFOp::create(b, values), b.constant(b.f32s(), format.largest));
  int32_t bias = (1 << (format.exponentBits - 1)) - 1;
  Value exponent = arith::MaxSIOp::create(
      b, bits(magnitude), b.intConstant(b.i32s(), (128 - bias) << 23));
  exponent =
      arith::AndIOp::create(b, exponent, b.intConstant(b.i32s(), 0x7F800000));
  // 1.5 * 2^23 spacings of the format at this exponent.
  int32_t shift =
      ((23 - static_cast<int32_t>(format.mantissaBits)) << 23) + 0x00400000;
  Value magic = arith::BitcastOp::create(
      b, b.f32s(),
      arith::AddIOp::create(b, exponent, b.intConstant(b.i32s(), shift)));
  Value rounded = arith::SubFOp::create(
      b, arith::AddFOp::create(b, magnitude, magic), magic);
  return arith::BitcastOp::create(b, b.f32s(),
                                  arith::OrIOp::create(b, bits(rounded), sign));
}

/// kernel.quantize_rows for floats: rounds and scales back.
static LogicalResult buildRoundRows(KernelBuilder &b, QuantizeRowsOp op,
                                    int64_t columns, Units units) {
  Value x = op.getInput(), y = op.getOutputs()[0];
  Format format = op.getFormat().getFormat();
  const MiniFloat &element =
      format.element->name == "f8e5m2" ? kFloat8E5M2 : kFloat8E4M3;
  int64_t block = format.granularity == Granularity::Group
                      ? std::min(format.groupSize, columns)
                      : columns;
  auto roundBlock = [&](Value row, Value number, int64_t length) {
    Value start = b.mul(number, block);
    Value scale =
        arith::DivFOp::create(b, findLargest(b, x, row, start, b.index(length)),
                              b.f32(format.element->largest));
    scale = roundScale(b, scale, format.scale);
    Value inverse = b.splat(invertScale(b, scale)), factor = b.splat(scale);
    b.lanes(
        b.index(length), {}, [&](Value k, Value mask, ValueRange) -> Values {
          Value at = b.add(start, k);
          Value value = arith::MulFOp::create(
              b, b.load(b.f32s(), x, {row, at}, mask), inverse);
          value = roundToFloat(b, value, element);
          b.store(arith::MulFOp::create(b, value, factor), y, {row, at}, mask);
          return {};
        });
  };
  b.loop(units.begin, units.end, 1, [&](Value row) {
    int64_t full = columns / block;
    b.loop(b.index(0), b.index(full), 1,
           [&](Value i) { roundBlock(row, i, block); });
    if (columns % block)
      roundBlock(row, b.index(full), columns % block);
  });
  return success();
}

LogicalResult squint::kernel::buildQuantizeRows(KernelBuilder &b,
                                                QuantizeRowsOp op,
                                                Units units) {
  Value x = op.getInput(), codes = op.getOutputs().front(),
        sums = op.getOutputs().back();
  bool isStatic = op.getScale().has_value();
  Value scales = isStatic ? Value() : op.getOutputs()[1];
  if (failed(checkFloatRows(op, x)) || failed(checkRows(op, op->getOperands())))
    return failure();
  int64_t columns = cast<MemRefType>(x.getType()).getDimSize(1);
  Format format = op.getFormat().getFormat();
  // A symbolic number of columns is one block with one sum; as lengths, the
  // number that stands for it divides itself.
  bool isWhole = ShapedType::isDynamic(columns);
  if (isWhole && (format.granularity == Granularity::Group || op.getSumGroup()))
    return op->emitError() << "expected a static number of columns for groups, "
                              "got "
                           << x.getType();
  if (!format.isInteger() && isWhole)
    return op->emitError() << "expected a static number of columns for '"
                           << format.str() << "', got " << x.getType();
  if (!format.isInteger())
    return buildRoundRows(b, op, columns, units);
  int64_t block = format.granularity == Granularity::Group
                      ? std::min(format.groupSize, columns)
                      : columns;
  int64_t part =
      op.getSumGroup() ? std::min<int64_t>(op.getSumGroup(), columns) : columns;
  if (block % part && block != columns)
    return op->emitError() << "expected sums of groups that divide " << block
                           << ", got " << part;

  int32_t zero = op.getZeroPoint().value_or(0);
  Rounder round{b, isStatic ? -128 : -127, 127, zero, isStatic};
  Value noBits = b.intConstant(b.i32s(), 0);

  auto width = [&](int64_t length) {
    return isWhole ? b.dim(x, 1) : b.index(length);
  };
  // Codes of [start, start + length) and their sum.
  auto quantize = [&](Value row, Value start, int64_t length, Value inverse,
                      Value sumIndex) {
    Values sum = b.lanes(
        width(length), noBits,
        [&](Value k, Value mask, ValueRange current) -> Values {
          Value at = b.add(start, k);
          Value code = round(b.load(b.f32s(), x, {row, at}, mask), inverse);
          b.store(arith::TruncIOp::create(b, b.vec(b.getI8Type()), code), codes,
                  {row, at}, mask);
          if (mask)
            code = arith::SelectOp::create(b, mask, code, noBits);
          return {arith::AddIOp::create(b, current[0], code)};
        });
    memref::StoreOp::create(b, b.reduceAdd(sum[0]), sums,
                            ValueRange{row, sumIndex});
  };
  auto quantizeParts = [&](Value row, Value start, int64_t length,
                           Value inverse) {
    int64_t full = length / part, rest = length % part;
    Value first = b.div(start, part);
    if (full == 1)
      quantize(row, start, part, inverse, first);
    else
      b.loop(b.index(0), b.index(full), 1, [&](Value i) {
        quantize(row, b.add(start, b.mul(i, part)), part, inverse,
                 b.add(first, i));
      });
    if (rest)
      quantize(row, b.add(start, full * part), rest, inverse,
               b.add(first, full));
  };
  auto quantizeBlock = [&](Value row, Value number, int64_t length) {
    Value start = b.mul(number, block);
    if (isStatic)
      return quantizeParts(
          row, start, length,
          b.constant(b.f32s(), 1.0f / op.getScale()->convertToFloat()));
    Value scale = arith::DivFOp::create(
        b, findLargest(b, x, row, start, width(length)), b.f32(127.0f));
    scale = roundScale(b, scale, format.scale);
    memref::StoreOp::create(b, scale, scales, ValueRange{row, number});
    Value inverse = invertScale(b, scale);
    quantizeParts(row, start, length, b.splat(inverse));
  };
  b.loop(units.begin, units.end, 1, [&](Value row) {
    int64_t full = columns / block;
    if (full == 1)
      quantizeBlock(row, b.index(0), block);
    else
      b.loop(b.index(0), b.index(full), 1,
             [&](Value i) { quantizeBlock(row, i, block); });
    if (columns % block)
      quantizeBlock(row, b.index(full), columns % block);
  });
  return success();
}
