//===- Gather.cpp - rows of tables, packed weights as floats ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BlockRows.h"
#include "Codes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/PanelRows.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/Packed.h"
#include "squint/Runtime/Abi.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

Value squint::kernel::loadScalar(KernelBuilder &b, Type type, Value payload,
                                 Value offset) {
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  Value raw = b.load(b.vec(b.getI8Type(), bytes), payload, offset);
  return vector::ExtractOp::create(b, b.bitcast(b.vec(type, 1), raw),
                                   ArrayRef<int64_t>{0});
}

/// Code `number` of a stream of bits, with others above it.
static Value loadCode(KernelBuilder &b, int64_t bits, Value payload,
                      Value stream, Value number) {
  Value bit = b.mul(number, bits);
  Value at = b.add(stream, b.div(bit, 8));
  auto loadByte = [&](Value offset) -> Value {
    return arith::ExtUIOp::create(
        b, b.getI32Type(),
        memref::LoadOp::create(b, payload, ValueRange{offset}));
  };
  // Scales follow, so that there is a next byte.
  Value word = arith::OrIOp::create(
      b, loadByte(at),
      arith::ShLIOp::create(b, loadByte(b.add(at, 1)), b.i32(8)));
  Value shift = arith::IndexCastOp::create(b, b.getI32Type(), b.rem(bit, 8));
  return arith::ShRUIOp::create(b, word, shift);
}

/// How many bits of a mask are set before number `k`.
static Value countKept(KernelBuilder &b, Value payload, Value mask, Value k) {
  auto count = [&](Value at, Value kept) {
    Value bits = loadScalar(b, b.getI8Type(), payload, b.add(mask, at));
    if (kept)
      bits = arith::AndIOp::create(b, bits, kept);
    return arith::IndexCastUIOp::create(b, b.getIndexType(),
                                        math::CtPopOp::create(b, bits));
  };
  Value whole = b.loop(b.index(0), b.div(k, 8), 1, b.index(0),
                       [&](Value i, ValueRange sum) -> Values {
                         return {b.add(sum[0], count(i, {}))};
                       })[0];
  Value one = b.intConstant(b.getI8Type(), 1);
  Value rest =
      arith::IndexCastOp::create(b, b.getI8Type(), b.rem(k, b.index(8)));
  Value below =
      arith::SubIOp::create(b, arith::ShLIOp::create(b, one, rest), one);
  return b.add(whole, count(b.div(k, 8), below));
}

/// 16 codes of a sparse row from element `k` on, as i32: of those that are kept
/// the ones that are stored, 0 for the others. Nothing beyond the row is read,
/// whatever the mask says.
static Value gatherKept(KernelBuilder &b, const Format &format,
                        const PlainLayout &plain, Value payload, Value row,
                        Value k) {
  Value mask = b.add(row, plain.rowBytes - plain.maskBytes);
  Value stored =
      format.isTwoOfFour() ? b.div(k, 2) : countKept(b, payload, mask, k);
  Value codes = b.intConstant(b.i32s(), 0);
  for (int64_t i = 0; i < kLanes; ++i) {
    Value at = b.min(b.add(k, i), b.index(plain.columns - 1));
    Value isKept =
        arith::AndIOp::create(b, loadCode(b, 1, payload, mask, at), b.i32(1));
    Value code = loadCode(b, format.bits(), payload, row,
                          b.min(stored, b.index(plain.stored - 1)));
    code = arith::MulIOp::create(b, code, isKept);
    codes = vector::InsertOp::create(b, code, codes, ArrayRef<int64_t>{i});
    stored = b.add(stored,
                   arith::IndexCastUIOp::create(b, b.getIndexType(), isKept));
  }
  return codes;
}

/// 16 numbers of sums of vectors from element `k` of a row on, a multiple of 4.
/// Beyond the row's end the last ones are repeated.
static Value gatherVectors(KernelBuilder &b, const Format &format,
                           const PlainLayout &plain, Value payload, Value row,
                           Value k) {
  constexpr int64_t size = Format::vectorSize;
  int64_t tables = format.bits();
  Value all = b.constant(b.f32s(), 0.0);
  for (int64_t i = 0; i < kLanes; i += size) {
    Value number =
        b.min(b.div(b.add(k, i), size), b.index(plain.stored / size - 1));
    Value sum;
    for (int64_t table = 0; table < tables; ++table) {
      Value code = arith::AndIOp::create(
          b, loadCode(b, 4, payload, row, b.add(b.mul(number, tables), table)),
          b.i32(15));
      Value at = b.mul(arith::IndexCastUIOp::create(b, b.getIndexType(), code),
                       2 * size);
      Value raw =
          b.load(b.vec(b.getI8Type(), 2 * size), payload,
                 b.add(at, plain.numbersOffset +
                               table * Format::tableEntries * 2 * size));
      Value entry = b.toF32(b.bitcast(b.vec(b.getF16Type(), size), raw));
      sum = table ? arith::AddFOp::create(b, sum, entry).getResult() : entry;
    }
    all = vector::InsertStridedSliceOp::create(
        b, sum, all, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{1});
  }
  return all;
}

/// 16 codes from element `k` of a row as i32, one by one: they may start at any
/// bit. Lanes beyond the row's end hold its last code.
static Value gatherCodes(KernelBuilder &b, const Format &format,
                         const PlainLayout &plain, Value payload, Value row,
                         Value k) {
  int64_t bits = format.bits();
  Value codes = b.intConstant(b.i32s(), 0);
  if (format.sparse)
    codes = gatherKept(b, format, plain, payload, row, k);
  for (int64_t i = 0; i < kLanes && !format.sparse; ++i) {
    Value at = b.min(b.add(k, i), b.index(plain.columns - 1));
    Value code = loadCode(b, bits, payload, row, at);
    codes = vector::InsertOp::create(b, code, codes, ArrayRef<int64_t>{i});
  }
  Value top = b.intConstant(b.i32s(), 32 - bits);
  codes = arith::ShLIOp::create(b, codes, top);
  if (format.isSymmetric())
    return arith::ShRSIOp::create(b, codes, top);
  return arith::ShRUIOp::create(b, codes, top);
}

/// 16 codes from element `k` of a row as i32, sign-extended for symmetric
/// integers. k is even for 4 bits.
static Value loadCodes(KernelBuilder &b, const Format &format, Value payload,
                       Value row, Value k, Value mask) {
  bool isSigned = format.isSymmetric();
  Value codes;
  if (format.bits() == 8) {
    codes = b.load(b.vec(b.getI8Type()), payload, b.add(row, k), mask);
  } else {
    // The last byte may hold one code only: it is read for either.
    Value bytesMask;
    if (mask)
      bytesMask = vector::ShuffleOp::create(
          b, mask, mask, ArrayRef<int64_t>{0, 2, 4, 6, 8, 10, 12, 14});
    Value bytes = b.load(b.vec(b.getI8Type(), 8), payload,
                         b.add(row, b.div(k, 2)), bytesMask);
    Value low =
        arith::ShLIOp::create(b, bytes, b.intConstant(bytes.getType(), 4));
    codes = vector::InterleaveOp::create(b, low, bytes);
    Value four = b.intConstant(codes.getType(), 4);
    if (isSigned)
      codes = arith::ShRSIOp::create(b, codes, four);
    else
      codes = arith::ShRUIOp::create(b, codes, four);
  }
  if (isSigned)
    return arith::ExtSIOp::create(b, b.i32s(), codes);
  return arith::ExtUIOp::create(b, b.i32s(), codes);
}

/// The scale and the zero point of a row's group, in all lanes.
static std::pair<Value, Value> loadBilevel(KernelBuilder &b,
                                           const PlainLayout &plain,
                                           Value payload, Value row,
                                           Value group) {
  Value both = arith::ExtUIOp::create(
      b, b.getI32Type(),
      memref::LoadOp::create(
          b, payload,
          ValueRange{b.add(b.add(b.mul(row, plain.groups), group),
                           plain.scalesOffset)}));
  Value block =
      b.add(b.mul(b.div(row, PlainLayout::rowBlock), plain.groups), group);
  auto number = [&](int64_t i) {
    return b.toF32(
        loadScalar(b, b.getF16Type(), payload,
                   b.add(b.mul(block, 8), plain.numbersOffset + 2 * i)));
  };
  auto decode = [&](int64_t shift, int64_t first) {
    Value code = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, both, b.i32(shift)), b.i32(7));
    Value value = arith::SIToFPOp::create(b, b.getF32Type(), code);
    value = arith::SubFOp::create(b, value, number(first + 1));
    return b.splat(arith::MulFOp::create(b, value, number(first)));
  };
  return {decode(0, 0), decode(3, 2)};
}

/// Over what their codes stand for. Nothing outside of the row is written,
/// whatever the payload says.
static void storeOutliers(KernelBuilder &b, const PlainLayout &plain,
                          const Format &format, Value payload, Value row,
                          llvm::function_ref<void(Value, Value, Value)> store) {
  constexpr int64_t columnsOffset = PlainLayout::outlierColumnsOffset;
  Value list =
      b.add(b.mul(b.div(row, PlainLayout::rowBlock), plain.outlierBytes),
            plain.outliersOffset);
  auto loadIndex = [&](Value offset) -> Value {
    return arith::IndexCastUIOp::create(
        b, b.getIndexType(), loadScalar(b, b.getI16Type(), payload, offset));
  };
  Value start = b.add(list, b.mul(b.rem(row, PlainLayout::rowBlock), 2));
  Value end = b.min(loadIndex(b.add(start, 2)), b.index(format.outliers));
  b.loop(loadIndex(start), end, 1, [&](Value i) {
    Value at = b.add(list, b.add(b.mul(i, 2), columnsOffset));
    Value column = b.min(loadIndex(at), b.index(plain.columns - 1));
    Value value = b.toF32(
        loadScalar(b, b.getF16Type(), payload, b.add(at, 2 * format.outliers)));
    store(column, b.splat(value), b.mask(1));
  });
}

/// The scale of group `index` of all, where it is quantized itself. `levels` is
/// scratch memory that holds them.
static Value loadDynamicScale(KernelBuilder &b, const PlainLayout &plain,
                              Value payload, Value index, Value levels) {
  auto loadNumber = [&](Value number) {
    return loadScalar(b, b.getF32Type(), payload,
                      b.add(b.mul(number, 4), plain.numbersOffset));
  };
  Value code = arith::IndexCastUIOp::create(
      b, b.getIndexType(),
      memref::LoadOp::create(b, payload,
                             ValueRange{b.add(index, plain.scalesOffset)}));
  Value level = memref::LoadOp::create(b, levels, ValueRange{code});
  Value scale = loadNumber(b.div(index, DynamicScale::block));
  Value mean =
      loadNumber(b.index(DynamicScale::numbers(plain.scaleCount()) - 1));
  return b.splat(
      arith::AddFOp::create(b, arith::MulFOp::create(b, level, scale), mean));
}

static Value storeDynamicLevels(KernelBuilder &b) {
  ArrayRef<float> all = DynamicScale::levels();
  Value levels = b.scratch(all.size(), b.getF32Type());
  for (size_t i = 0; i < all.size(); i += kLanes)
    b.store(arith::ConstantOp::create(
                b, DenseElementsAttr::get(b.f32s(), all.slice(i, kLanes))),
            levels, b.index(i));
  return levels;
}

LogicalResult squint::kernel::buildDequantizeRow(
    KernelBuilder &b, Operation *op, PackedType type, Value payload, Value row,
    llvm::function_ref<void(Value, Value, Value)> store) {
  Format format = type.getFormat();
  if (type.getLayout())
    return buildPanelRow(b, op, type, payload, row, store);
  int64_t columns = type.getColumns();
  PlainLayout plain = PlainLayout::get(format, type.getRows(), columns);
  if (!format.hasScale()) {
    Type element = getFloatType(b, *format.element);
    int64_t bytes = element.getIntOrFloatBitWidth() / 8;
    Value base = b.mul(row, plain.rowBytes);
    b.lanes(
        b.index(columns), {}, [&](Value k, Value mask, ValueRange) -> Values {
          Value byteMask =
              mask ? b.mask(columns % kLanes * bytes, bytes * kLanes) : Value();
          Value raw = b.load(b.vec(b.getI8Type(), bytes * kLanes), payload,
                             b.add(base, b.mul(k, bytes)), byteMask);
          store(k, b.toF32(b.bitcast(b.vec(element), raw)), mask);
          return {};
        });
    return success();
  }
  if (!hasPlainRows(format))
    return op->emitError() << "expected rows in panels, got " << type;
  if (format.blocks()) {
    buildBlockRow(b, format, payload, b.mul(row, plain.rowBytes), columns,
                  [&](Value k, Value values) { store(k, values, {}); });
    return success();
  }
  Value levels =
      format.scale == ScaleType::Dynamic8 ? storeDynamicLevels(b) : Value();
  bool inVectors =
      !format.sparse &&
      (format.bits() == 8 ||
       (format.bits() == 4 && (plain.groups == 1 || plain.groupSize % 2 == 0)));
  Value base = b.mul(row, plain.rowBytes);
  CodeDecoder decoder(b, format);
  auto decodeGroup = [&](Value group, int64_t length) {
    Value index = plain.scaleRows == 1 ? b.index(0)
                                       : b.add(b.mul(row, plain.groups), group);
    CodeGrid grid;
    Value scale;
    int64_t bytes = getScaleBytes(format.scale);
    auto loadScale = [&](Value number) {
      Value at = b.add(b.mul(number, bytes), plain.scalesOffset);
      Value raw =
          b.splat(loadScalar(b, b.getIntegerType(8 * bytes), payload, at));
      return decoder.decodeScales(
          b.bitcast(b.vec(b.getI8Type(), kLanes * bytes), raw), format.scale);
    };
    int64_t count = format.scalesPerBlock();
    if (levels)
      scale = loadDynamicScale(b, plain, payload, index, levels);
    else if (format.isBilevel())
      std::tie(scale, grid.offset) = loadBilevel(b, plain, payload, row, group);
    else if (!format.isCodebook())
      scale = loadScale(index);
    for (int64_t i = 0; format.isCodebook() && i < count; ++i)
      grid.entries.push_back(loadScale(b.add(b.mul(index, count), i)));
    if (hasTensorScale(format))
      scale = arith::MulFOp::create(
          b, scale,
          b.splat(loadScalar(b, b.getF32Type(), payload,
                             b.index(getTensorScaleOffset(plain)))));
    Value zero;
    if (format.zeroPoint) {
      Value point = memref::LoadOp::create(
          b, payload, ValueRange{b.add(index, plain.zeroPointsOffset)});
      zero = b.splat(arith::ExtUIOp::create(b, b.getI32Type(), point));
    }
    Value min;
    if (format.minimum)
      min = b.toF32(
          b.splat(loadScalar(b, b.getF16Type(), payload,
                             b.add(b.mul(index, 2), plain.zeroPointsOffset))));
    Value start = b.mul(group, plain.groupSize);
    b.lanes(b.index(length), {},
            [&](Value k, Value mask, ValueRange) -> Values {
              Value at = b.add(start, k);
              Value codes, value;
              if (!format.isAdditive())
                codes = inVectors
                            ? loadCodes(b, format, payload, base, at, mask)
                            : gatherCodes(b, format, plain, payload, base, at);
              if (format.isAdditive()) {
                value = gatherVectors(b, format, plain, payload, base, at);
              } else if (!format.isInteger()) {
                value = decoder.decode(codes, 0, grid);
              } else {
                if (zero)
                  codes = arith::SubIOp::create(b, codes, zero);
                value = arith::SIToFPOp::create(b, b.f32s(), codes);
                if (grid.offset)
                  value = arith::SubFOp::create(b, value, grid.offset);
              }
              if (scale)
                value = arith::MulFOp::create(b, value, scale);
              if (min)
                value = arith::SubFOp::create(b, value, min);
              store(at, value, mask);
              return {};
            });
  };
  int64_t full = columns / plain.groupSize, rest = columns % plain.groupSize;
  if (full == 1)
    decodeGroup(b.index(0), plain.groupSize);
  else
    b.loop(b.index(0), b.index(full), 1,
           [&](Value g) { decodeGroup(g, plain.groupSize); });
  if (rest)
    decodeGroup(b.index(full), rest);
  if (format.outliers)
    storeOutliers(b, plain, format, payload, row, store);
  return success();
}

LogicalResult squint::kernel::buildDequantize(KernelBuilder &b,
                                              kernel::DequantizeOp op,
                                              Units units) {
  auto packed = op.getWeightType();
  if (!packed)
    return op->emitError() << "expected the weight as bytes with its type";
  PackedType type = cast<PackedType>(*packed);
  Value output = flatten(b, op, op.getOutputs()[0]);
  if (!output || failed(checkRows(op, {op.getWeights()})))
    return failure();
  LogicalResult result = success();
  b.loop(units.begin, units.end, 1, [&](Value row) {
    Value base = b.mul(row, type.getColumns());
    result = buildDequantizeRow(b, op, type, op.getWeights(), row,
                                [&](Value k, Value values, Value mask) {
                                  b.store(values, output, b.add(base, k), mask);
                                });
  });
  return result;
}

FailureOr<Value> squint::kernel::buildGatherRows(KernelBuilder &b,
                                                 GatherRowsOp op, Units units) {
  Value table = op.getTable(), ids = op.getIds(), output = op.getOutputs()[0];
  if (failed(checkRows(op, {table, ids, output})))
    return failure();
  auto outputType = cast<MemRefType>(output.getType());
  if (cast<MemRefType>(ids.getType()).getRank() != 1 ||
      outputType.getRank() != 2)
    return op->emitError()
           << "expected a vector of indices and a matrix of rows, got "
           << ids.getType() << " and " << outputType;
  PackedType packed =
      op.getTableType() ? cast<PackedType>(*op.getTableType()) : PackedType();
  auto tableType = cast<MemRefType>(table.getType());
  if (packed ? !outputType.getElementType().isF32()
             : tableType.getRank() != 2 ||
                   tableType.getElementType() != outputType.getElementType())
    return op->emitError() << "expected rows of the table's element type, got "
                           << outputType << " from " << tableType;
  Value count = packed ? b.index(packed.getRows()) : b.dim(table, 0);
  Value ok = b.i32(SQUINT_OK), bad = b.i32(SQUINT_INDEX_OUT_OF_RANGE);
  LogicalResult result = success();
  Values status = b.loop(
      units.begin, units.end, 1, ok,
      [&](Value i, ValueRange current) -> Values {
        Value id = arith::IndexCastOp::create(
            b, b.getIndexType(), memref::LoadOp::create(b, ids, ValueRange{i}));
        id = arith::SelectOp::create(b, b.less(id, b.index(0)),
                                     b.add(id, count), id);
        Value inside =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ult, id, count);
        b.ifElse(inside, [&] {
          if (packed) {
            result = buildDequantizeRow(b, op, packed, table, id,
                                        [&](Value k, Value values, Value mask) {
                                          b.store(values, output, {i, k}, mask);
                                        });
            return;
          }
          auto row = b.vec(outputType.getElementType());
          b.lanes(b.dim(output, 1), {},
                  [&](Value k, Value mask, ValueRange) -> Values {
                    b.store(b.load(row, table, {id, k}, mask), output, {i, k},
                            mask);
                    return {};
                  });
        });
        // The error of the lowest index stays.
        Value failed = arith::SelectOp::create(b, inside, ok, bad);
        Value earlier =
            arith::CmpIOp::create(b, arith::CmpIPredicate::ne, current[0], ok);
        return {arith::SelectOp::create(b, earlier, current[0], failed)};
      });
  if (failed(result))
    return failure();
  return status[0];
}
