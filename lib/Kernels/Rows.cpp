//===- Rows.cpp - kernels that reduce rows ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A unit is a row. Reductions run over 16 lanes, lane i taking the elements i,
// i + 16, ..., and end in one tree; lanes that a tail leaves out add nothing.
//===----------------------------------------------------------------------===//

#include "Rows.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Numerics/FloatBits.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

LogicalResult squint::kernel::checkFloatRows(Operation *op, Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || type.getRank() != 2 || !type.getElementType().isF32())
    return op->emitError() << "expected a matrix of f32, got "
                           << value.getType();
  return success();
}

LogicalResult squint::kernel::checkFloatHeads(Operation *op,
                                              ValueRange values) {
  for (Value value : values)
    if (auto type = cast<MemRefType>(value.getType());
        type.getRank() != 4 || !type.getElementType().isF32() ||
        type.isDynamicDim(3))
      return op->emitError()
             << "expected f32 of rank 4 and static size, got " << type;
  return checkRows(op, values);
}

Value squint::kernel::selectLarger(KernelBuilder &b, Value a, Value c) {
  return arith::SelectOp::create(
      b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, a, c), a, c);
}

/// Rows that are computed side by side.
static constexpr int64_t kMaxRows = 4;

/// Calls with some rows at a time, whose sums do not wait for one another, then
/// with one row at a time. `fewer` is for half the registers of half the size.
static void forRows(KernelBuilder &b, Units units,
                    llvm::function_ref<void(ArrayRef<Value>)> body,
                    int64_t fewer = 2) {
  // A GPU has other threads to wait with.
  int64_t count = b.target.isDevice()          ? 1
                  : b.target.vectorBits >= 512 ? kMaxRows
                                               : fewer;
  if (count == 1)
    return b.loop(units.begin, units.end, 1, [&](Value row) { body(row); });
  Value full = b.mul(b.div(b.sub(units.end, units.begin), count), count);
  Value rest = b.add(units.begin, full);
  b.loop(units.begin, rest, count, [&](Value row) {
    Values rows;
    for (int64_t i = 0; i < count; ++i)
      rows.push_back(b.add(row, i));
    body(rows);
  });
  b.loop(rest, units.end, 1, [&](Value row) { body(row); });
}

//===----------------------------------------------------------------------===//
// kernel.quantize_rows
//===----------------------------------------------------------------------===//

Value Rounder::operator()(Value values, Value inverse) const {
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

Value squint::kernel::maxMagnitude(KernelBuilder &b, Value largest,
                                   Value values) {
  Value bits = arith::AndIOp::create(b, b.bitcast(b.i32s(), values),
                                     b.intConstant(b.i32s(), 0x7FFFFFFF));
  return arith::MaxSIOp::create(b, largest, bits);
}

Value squint::kernel::reduceMagnitude(KernelBuilder &b, Value largest) {
  Value bits = b.reduce(largest, [&](Value a, Value c) -> Value {
    return arith::MaxSIOp::create(b, a, c);
  });
  return arith::BitcastOp::create(b, b.getF32Type(), bits);
}

static Values findLargest(KernelBuilder &b, Value x, ArrayRef<Value> rows,
                          Value start, Value length) {
  Values largest = b.lanes(
      length, Values(rows.size(), b.intConstant(b.i32s(), 0)),
      [&](Value k, Value mask, ValueRange current) -> Values {
        Values next;
        for (auto [row, most] : llvm::zip(rows, current))
          next.push_back(maxMagnitude(
              b, most, b.load(b.f32s(), x, {row, b.add(start, k)}, mask)));
        return next;
      });
  for (Value &most : largest)
    most = reduceMagnitude(b, most);
  return largest;
}

/// As a scale of that type would be stored.
static Value roundScale(KernelBuilder &b, Value scale, ScaleType stored) {
  Type type = b.scaleType(stored);
  if (type.isF32())
    return scale;
  return b.toF32(arith::TruncFOp::create(b, type, scale));
}

Value squint::kernel::invertScale(KernelBuilder &b, Value scale) {
  Value none =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale, b.f32(0.0f));
  Value inverse = arith::DivFOp::create(b, b.f32(1.0f), scale);
  return arith::SelectOp::create(b, none, b.f32(0.0f), inverse);
}

Value squint::kernel::roundToFloat(KernelBuilder &b, Value values,
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

/// The codes of floats that are rounded to a format, i8: of numbers with its
/// bias instead of 127, so that its subnormal ones are, too.
static Value encodeFloat(KernelBuilder &b, Value rounded,
                         const MiniFloat &format) {
  int bias = (1 << (format.exponentBits - 1)) - 1;
  Value small = arith::MulFOp::create(
      b, rounded, b.constant(b.f32s(), std::ldexp(1.0, bias - 127)));
  Value bits = arith::BitcastOp::create(b, b.i32s(), small);
  Value magnitude = arith::ShRUIOp::create(
      b, bits, b.intConstant(b.i32s(), 23 - format.mantissaBits));
  magnitude =
      arith::AndIOp::create(b, magnitude, b.intConstant(b.i32s(), 0x7f));
  Value sign = arith::ShRUIOp::create(b, bits, b.intConstant(b.i32s(), 24));
  sign = arith::AndIOp::create(b, sign, b.intConstant(b.i32s(), 0x80));
  return arith::TruncIOp::create(b, b.vec(b.getI8Type()),
                                 arith::OrIOp::create(b, magnitude, sign));
}

/// kernel.quantize_rows for floats: rounds, and encodes or scales back.
static LogicalResult buildRoundRows(KernelBuilder &b, QuantizeRowsOp op,
                                    int64_t columns, Units units) {
  Value x = op.getInput(), y = op.getOutputs()[0],
        scales = op.getOutputs().size() > 1 ? op.getOutputs()[1] : Value();
  Format format = op.getFormat().getFormat();
  const MiniFloat &element =
      format.element->name == "f8e5m2" ? kFloat8E5M2 : kFloat8E4M3;
  int64_t block = format.granularity == Granularity::Group
                      ? std::min(format.groupSize, columns)
                      : columns;
  auto roundBlock = [&](Value row, Value number, int64_t length) {
    Value start = b.mul(number, block);
    Value scale = arith::DivFOp::create(
        b, findLargest(b, x, row, start, b.index(length))[0],
        b.f32(format.element->largest));
    scale = roundScale(b, scale, format.scale);
    if (scales)
      memref::StoreOp::create(b, scale, scales, ValueRange{row, number});
    Value inverse = b.splat(invertScale(b, scale)), factor = b.splat(scale);
    b.lanes(
        b.index(length), {}, [&](Value k, Value mask, ValueRange) -> Values {
          Value at = b.add(start, k);
          Value value = arith::MulFOp::create(
              b, b.load(b.f32s(), x, {row, at}, mask), inverse);
          value = roundToFloat(b, value, element);
          value = scales ? encodeFloat(b, value, element)
                         : arith::MulFOp::create(b, value, factor).getResult();
          b.store(value, y, {row, at}, mask);
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

RowQuantizer::RowQuantizer(KernelBuilder &b, Operation *op,
                           const Format &format, int64_t sumGroup,
                           std::optional<APFloat> scale, int32_t zero,
                           int64_t columns, ValueRange outputs)
    : b(b), op(op), format(format), sumGroup(sumGroup), columns(columns),
      isStatic(scale.has_value()),
      scale(scale ? scale->convertToFloat() : 0.0f), zero(zero),
      codes(outputs[0]), scales(isStatic ? Value() : outputs[1]),
      sums(outputs[isStatic ? 1 : 2]) {
  // A symbolic number of columns is one block with one sum; as lengths, the
  // number that stands for it divides itself.
  block = format.granularity == Granularity::Group
              ? std::min(format.groupSize, columns)
              : columns;
  part = sumGroup ? std::min(sumGroup, columns) : columns;
}

LogicalResult RowQuantizer::check() {
  if (ShapedType::isDynamic(columns) &&
      (format.granularity == Granularity::Group || sumGroup))
    return op->emitError() << "expected a static number of columns for groups";
  if (block % part && block != columns)
    return op->emitError() << "expected sums of groups that divide " << block
                           << ", got " << part;
  return success();
}

/// Codes of [start, start + length) and their sums.
void RowQuantizer::buildPart(Value start, int64_t length,
                             ArrayRef<Value> inverses, Value sumIndex) {
  Rounder round{b, isStatic ? -128 : format.minCode(), format.maxCode(), zero,
                isStatic};
  Value none = b.intConstant(b.i32s(), 0);
  Values totals = b.lanes(
      width(x, length), Values(rows.size(), none),
      [&](Value k, Value mask, ValueRange current) -> Values {
        Value at = b.add(start, k);
        Values next;
        for (auto [r, row] : llvm::enumerate(rows)) {
          Value code =
              round(b.load(b.f32s(), x, {from[r], at}, mask), inverses[r]);
          b.store(arith::TruncIOp::create(b, b.vec(b.getI8Type()), code), codes,
                  {row, at}, mask);
          if (mask)
            code = arith::SelectOp::create(b, mask, code, none);
          next.push_back(arith::AddIOp::create(b, current[r], code));
        }
        return next;
      });
  for (auto [row, total] : llvm::zip(rows, totals))
    memref::StoreOp::create(b, b.reduceAdd(total), sums,
                            ValueRange{row, sumIndex});
}

void RowQuantizer::buildParts(Value start, int64_t length,
                              ArrayRef<Value> inverses) {
  int64_t full = length / part, rest = length % part;
  Value first = b.div(start, part);
  if (full == 1)
    buildPart(start, part, inverses, first);
  else
    b.loop(b.index(0), b.index(full), 1, [&](Value i) {
      buildPart(b.add(start, b.mul(i, part)), part, inverses, b.add(first, i));
    });
  if (rest)
    buildPart(b.add(start, full * part), rest, inverses, b.add(first, full));
}

void RowQuantizer::buildBlock(Value number, int64_t length,
                              ArrayRef<Value> largest) {
  Value start = b.mul(number, block);
  if (isStatic)
    return buildParts(start, length,
                      Values(rows.size(), b.constant(b.f32s(), 1.0f / scale)));
  Values found(largest), inverses;
  if (found.empty())
    found = findLargest(b, x, from, start, width(x, length));
  for (auto [row, most] : llvm::zip(rows, found)) {
    if (format.clip != 1.0f)
      most = arith::MulFOp::create(b, most, b.f32(format.clip));
    Value scale = roundScale(
        b, arith::DivFOp::create(b, most, b.f32(float(format.maxCode()))),
        format.scale);
    memref::StoreOp::create(b, scale, scales, ValueRange{row, number});
    inverses.push_back(b.splat(invertScale(b, scale)));
  }
  buildParts(start, length, inverses);
}

void RowQuantizer::build(Value x, ArrayRef<Value> from, ArrayRef<Value> rows,
                         ArrayRef<Value> largest) {
  this->x = x, this->from = from, this->rows = rows;
  int64_t full = columns / block;
  if (full == 1)
    buildBlock(b.index(0), block, largest);
  else
    b.loop(b.index(0), b.index(full), 1,
           [&](Value i) { buildBlock(i, block, {}); });
  if (columns % block)
    buildBlock(b.index(full), columns % block, {});
}

LogicalResult squint::kernel::buildQuantizeRows(KernelBuilder &b,
                                                QuantizeRowsOp op,
                                                Units units) {
  Value x = op.getInput();
  if (failed(checkFloatRows(op, x)) || failed(checkRows(op, op->getOperands())))
    return failure();
  int64_t columns = cast<MemRefType>(x.getType()).getDimSize(1);
  Format format = op.getFormat().getFormat();
  if (!format.isInteger()) {
    if (ShapedType::isDynamic(columns))
      return op->emitError() << "expected a static number of columns for '"
                             << format.str() << "', got " << x.getType();
    return buildRoundRows(b, op, columns, units);
  }
  RowQuantizer quantizer(b, op, format, op.getSumGroup(), op.getScale(),
                         op.getZeroPoint().value_or(0), columns,
                         op.getOutputs());
  if (failed(quantizer.check()))
    return failure();
  forRows(b, units,
          [&](ArrayRef<Value> rows) { quantizer.build(x, rows, rows); });
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.norm
//===----------------------------------------------------------------------===//

LogicalResult squint::kernel::buildNorm(KernelBuilder &b, NormOp op,
                                        Units units) {
  Value x = op.getInput(), y = op.getRows(), scale = op.getScale(),
        bias = op.getBias();
  if (failed(checkFloatRows(op, x)) || (y && failed(checkFloatRows(op, y))) ||
      failed(checkRows(op, {x, y, scale, bias})))
    return failure();
  Value columns = b.dim(x, 1);
  std::optional<Format> format;
  std::optional<RowQuantizer> quantizer;
  if (op.getActivationFormat()) {
    format = op.getActivationFormat()->getFormat();
    int64_t width = cast<MemRefType>(x.getType()).getDimSize(1);
    quantizer.emplace(b, op, *format, op.getSumGroup(), op.getActivationScale(),
                      op.getActivationZeroPoint().value_or(0), width,
                      op.getOutputs());
    if (failed(quantizer->check()))
      return failure();
    if (!y && (ShapedType::isDynamic(width) || width > kMaxScratchRow))
      return op->emitError()
             << "expected rows of at most " << kMaxScratchRow
             << " columns where only codes are written, got " << x.getType();
  }
  // Where nothing else reads them, rows are kept until they are quantized.
  Value kept;
  if (!y) {
    int64_t width = cast<MemRefType>(x.getType()).getDimSize(1);
    kept = memref::ExpandShapeOp::create(
        b, ArrayRef<int64_t>{kMaxRows, width},
        b.scratch(kMaxRows * width, b.getF32Type()),
        ArrayRef<ReassociationIndices>{{0, 1}});
  }
  Value count = arith::SIToFPOp::create(
      b, b.getF32Type(),
      arith::IndexCastOp::create(b, b.getI64Type(), columns));
  Value zero = b.constant(b.f32s(), 0.0);
  // One value for each row, of one for each row before.
  using EachRow = llvm::function_ref<Value(unsigned, Value)>;
  forRows(b, units, [&](ArrayRef<Value> rows) {
    auto each = [&](ValueRange values, EachRow compute) {
      Values results;
      for (auto [r, value] : llvm::enumerate(values))
        results.push_back(compute(r, value));
      return results;
    };
    Values means, zeros(rows.size(), zero);
    if (op.getCentered()) {
      Values totals = b.lanes(
          columns, zeros, [&](Value k, Value mask, ValueRange sums) -> Values {
            return each(sums, [&](unsigned r, Value sum) -> Value {
              return arith::AddFOp::create(
                  b, sum, b.load(b.f32s(), x, {rows[r], k}, mask));
            });
          });
      means = each(totals, [&](unsigned, Value total) {
        return b.splat(arith::DivFOp::create(b, b.reduceAdd(total), count));
      });
    }
    auto center = [&](unsigned r, Value k, Value mask) -> Value {
      Value value = b.load(b.f32s(), x, {rows[r], k}, mask);
      return means.empty()
                 ? value
                 : arith::SubFOp::create(b, value, means[r]).getResult();
    };
    Values squares = b.lanes(
        columns, zeros, [&](Value k, Value mask, ValueRange sums) -> Values {
          return each(sums, [&](unsigned r, Value sum) {
            Value value = center(r, k, mask);
            if (mask && !means.empty())
              value = arith::SelectOp::create(b, mask, value, zero);
            return b.fma(value, value, sum);
          });
        });
    Values inverses = each(squares, [&](unsigned, Value total) {
      Value variance = arith::DivFOp::create(b, b.reduceAdd(total), count);
      Value deviation = math::SqrtOp::create(
          b, arith::AddFOp::create(b, variance,
                                   b.f32(op.getEpsilon().convertToDouble())));
      return b.splat(arith::DivFOp::create(b, b.f32(1.0f), deviation));
    });
    bool findsLargest = quantizer && quantizer->isByRow();
    Value to = kept ? kept : y;
    Values from(rows);
    for (size_t r = 0; kept && r < rows.size(); ++r)
      from[r] = b.index(r);
    Values largest(findsLargest ? rows.size() : 0, b.intConstant(b.i32s(), 0));
    largest = b.lanes(
        columns, largest,
        [&](Value k, Value mask, ValueRange current) -> Values {
          Value factor = b.load(b.f32s(), scale, k, mask);
          Value addend = bias ? b.load(b.f32s(), bias, k, mask) : Value();
          Values next;
          for (size_t r = 0; r < rows.size(); ++r) {
            Value value =
                arith::MulFOp::create(b, center(r, k, mask), inverses[r]);
            value = bias ? b.fma(value, factor, addend)
                         : arith::MulFOp::create(b, value, factor).getResult();
            b.store(value, to, {from[r], k}, mask);
            if (!findsLargest)
              continue;
            if (mask)
              value = arith::SelectOp::create(b, mask, value, zero);
            next.push_back(maxMagnitude(b, current[r], value));
          }
          return next;
        });
    if (!quantizer)
      return;
    for (Value &most : largest)
      most = reduceMagnitude(b, most);
    quantizer->build(to, from, rows, largest);
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
  auto body = [&](ArrayRef<Value> rows) {
    Values shifts =
        b.lanes(columns, Values(rows.size(), least),
                [&](Value k, Value mask, ValueRange current) -> Values {
                  Values next;
                  for (auto [row, most] : llvm::zip(rows, current))
                    next.push_back(maximum(
                        most, b.load(b.f32s(), x, {row, k}, mask, least)));
                  return next;
                });
    for (Value &shift : shifts)
      shift = b.splat(b.reduce(shift, maximum));
    Values inverses =
        b.lanes(columns, Values(rows.size(), zero),
                [&](Value k, Value mask, ValueRange sums) -> Values {
                  Values next;
                  for (auto [row, shift, sum] : llvm::zip(rows, shifts, sums)) {
                    Value value = arith::SubFOp::create(
                        b, b.load(b.f32s(), x, {row, k}, mask), shift);
                    value = math::ExpOp::create(b, value);
                    if (mask)
                      value = arith::SelectOp::create(b, mask, value, zero);
                    b.store(value, y, {row, k}, mask);
                    next.push_back(arith::AddFOp::create(b, sum, value));
                  }
                  return next;
                });
    for (Value &inverse : inverses)
      inverse =
          b.splat(arith::DivFOp::create(b, b.f32(1.0f), b.reduceAdd(inverse)));
    b.lanes(columns, {}, [&](Value k, Value mask, ValueRange) -> Values {
      for (auto [row, inverse] : llvm::zip(rows, inverses))
        b.store(arith::MulFOp::create(b, b.load(b.f32s(), y, {row, k}, mask),
                                      inverse),
                y, {row, k}, mask);
      return {};
    });
  };
  // Exponentials keep their constants in registers.
  forRows(b, units, body, /*fewer=*/1);
  return success();
}
