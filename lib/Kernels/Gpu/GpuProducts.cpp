//===- GpuProducts.cpp - parts of products on tensor cores ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GpuGemm.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

using Values = KernelBuilder::Values;

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

Value GpuGemm::groupOf(Value k) {
  if (!layout.isGrouped())
    return b.index(0);
  // Behind the last group there are zeros only.
  return b.min(b.div(k, layout.groupSize), b.index(layout.groups - 1));
}

std::array<Value, 2> GpuGemm::loadRowNumbers(Value tile, Value group,
                                             int64_t base, Type type) {
  int64_t bytes = type.getIntOrFloatBitWidth() / 8;
  Value first = b.mul(b.add(b.mul(tile, layout.groups), group),
                      FragmentLayout::rowsPerTile);
  Value at = b.add(b.mul(b.add(first, b.div(b.lane(), 4)), bytes), base);
  return {b.loadNumber(type, weights, at),
          b.loadNumber(type, weights, b.add(at, 8 * bytes))};
}

std::array<Value, 2> GpuGemm::loadScales(Value tile, Value group) {
  auto scales = loadRowNumbers(tile, group, layout.scalesOffset,
                               b.scaleType(layout.scale));
  return {b.toF32(scales[0]), b.toF32(scales[1])};
}

std::array<Value, 2> GpuGemm::loadMinima(Value tile, Value group) {
  auto minima = loadRowNumbers(tile, group, layout.zeroPointsOffset,
                               b.scaleType(layout.minimum));
  return {b.toF32(minima[0]), b.toF32(minima[1])};
}

std::array<Value, 2> GpuGemm::loadZeroPoints(Value tile, Value group) {
  auto zeros =
      loadRowNumbers(tile, group, layout.zeroPointsOffset, b.getI8Type());
  for (Value &zero : zeros)
    zero = arith::ExtUIOp::create(b, b.getI32Type(), zero);
  return zeros;
}

std::array<Value, 2> GpuGemm::loadOffsets(Value tile, Value group) {
  if (!layout.format.zeroPoint || layout.areBytes)
    return decoder.getOffsets({});
  return decoder.getOffsets(loadZeroPoints(tile, group));
}

Values GpuGemm::loadChunk(Value tile, Value chunk) {
  Value number = b.add(b.mul(tile, layout.chunks), chunk);
  Value at = b.mul(number, layout.chunkBytes());
  auto part = [&](int64_t start, int64_t bytes) {
    return b.loadWords(weights, b.add(b.add(at, start), b.mul(b.lane(), bytes)),
                       bytes / 4);
  };
  Values words = part(0, FragmentLayout::laneBytes);
  if (layout.hasHighBits())
    llvm::append_range(words,
                       part(FragmentLayout::lanes * FragmentLayout::laneBytes,
                            FragmentLayout::laneHighBytes));
  return words;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Value GpuGemm::element(Value row, Value k, bool guarded) {
  Type type = cast<MemRefType>(input.getType()).getElementType();
  auto load = [&]() -> Value {
    return memref::LoadOp::create(b, input, ValueRange{row, k});
  };
  if (!guarded)
    return load();
  auto check = scf::IfOp::create(b, type, b.less(k, b.index(layout.columns)),
                                 /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(check.thenBlock());
  scf::YieldOp::create(b, load());
  b.setInsertionPointToStart(check.elseBlock());
  scf::YieldOp::create(b, ValueRange(arith::ConstantOp::create(
                              b, cast<TypedAttr>(b.getZeroAttr(type)))));
  return check.getResult(0);
}

/// Two floats as halves.
Value GpuGemm::pair(Value row, Value k, bool guarded) {
  if (guarded || !hasAlignedRows(2))
    return b.packHalves(element(row, k, guarded),
                        element(row, b.add(k, 1), guarded));
  Value two = b.load(b.vec(b.getF32Type(), 2), input, {row, k}, 8);
  return b.packHalves(vector::ExtractOp::create(b, two, ArrayRef<int64_t>{0}),
                      vector::ExtractOp::create(b, two, ArrayRef<int64_t>{1}));
}

/// Four codes.
Value GpuGemm::quad(Value row, Value k, bool guarded) {
  if (!guarded && hasAlignedRows(4)) {
    Value four = b.load(b.vec(b.getI8Type(), 4), input, {row, k}, 4);
    return b.cast(b.getI32Type(), four);
  }
  Value word = b.i32(0);
  for (unsigned i = 0; i < 4; ++i) {
    Value code = arith::ExtUIOp::create(b, b.getI32Type(),
                                        element(row, b.add(k, i), guarded));
    word = b.ori(word, b.shl(code, 8 * i));
  }
  return word;
}

Values GpuGemm::block(Value row, Value k, int64_t stageK) {
  bool guarded = layout.columns % stageK != 0;
  auto load = [&](bool guarded) {
    Values registers;
    if (!layout.areBytes && !guarded && hasAlignedRows(4)) {
      for (int64_t i = 0; i < 8; i += 4) {
        Value four =
            b.load(b.vec(b.getF32Type(), 4), input, {row, b.add(k, i)}, 16);
        auto part = [&](int64_t j) {
          return vector::ExtractOp::create(b, four, ArrayRef<int64_t>{j});
        };
        registers.push_back(b.packHalves(part(0), part(1)));
        registers.push_back(b.packHalves(part(2), part(3)));
      }
      return registers;
    }
    for (int64_t i = 0; i < 4; ++i)
      registers.push_back(layout.areBytes
                              ? quad(row, b.add(k, 4 * i), guarded)
                              : pair(row, b.add(k, 2 * i), guarded));
    return registers;
  };
  if (!guarded)
    return load(false);
  int64_t count = layout.areBytes ? 16 : 8;
  auto isWhole = arith::CmpIOp::create(
      b, arith::CmpIPredicate::sle, b.add(k, count), b.index(layout.columns));
  auto check = scf::IfOp::create(b, SmallVector<Type>(4, b.getI32Type()),
                                 isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(check.thenBlock());
  scf::YieldOp::create(b, load(false));
  b.setInsertionPointToStart(check.elseBlock());
  scf::YieldOp::create(b, load(true));
  return Values(check.getResults());
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value GpuGemm::inputGroupOf(Value k) {
  // As with the weight's groups.
  return b.min(b.div(k, inputGroup),
               b.index(llvm::divideCeil(layout.columns, inputGroup) - 1));
}

Value GpuGemm::loadInputScale(int64_t row, const Segment &segment) {
  Value first = b.mul(b.rem(b.lane(), 4), 2);
  if (staged.memory) {
    int64_t at = (staged.k + segment.inChunk) / inputGroup * staged.rows + row;
    return b.loadShared(b.getF32Type(),
                        b.offset(staged.memory, b.mul(b.add(first, at), 4)), 4);
  }
  Value m = b.min(b.add(b.add(firstRow, first), row), lastRow);
  return memref::LoadOp::create(b, op.getScales(),
                                ValueRange{m, inputGroupOf(segment.k)});
}

GpuGemm::Segment GpuGemm::loadSegment(Value tile, Value k, int64_t inChunk) {
  Value group = groupOf(k);
  Segment segment{k, inChunk, loadScales(tile, group), {}, {}};
  if (layout.format.hasMins())
    segment.minima = loadMinima(tile, group);
  if (addsUp && layout.areBytes)
    // Unsigned codes are stored less half of what they count.
    segment.zeros.fill(b.i32(layout.bias()));
  if (addsUp && layout.areBytes && layout.format.zeroPoint) {
    auto stored = loadZeroPoints(tile, group);
    for (int i : {0, 1})
      segment.zeros[i] = arith::AddIOp::create(b, segment.zeros[i], stored[i]);
  }
  return segment;
}

void GpuGemm::scaleSegment(const Segment &segment, size_t at, ValueRange part,
                           ValueRange ones, Values &sums) {
  SmallVector<Value, 2> inputScales(2);
  for (size_t i = 0; i < part.size(); ++i) {
    // Rows g, g, g + 8 and g + 8, in fours.
    size_t row = i / 2 % 2;
    if (inputGroup && row == 0)
      inputScales[i % 2] = loadInputScale((at + i) / 4 * 8 + i % 2, segment);
    Value total = part[i];
    if (Value zero = segment.zeros[row]) {
      // Codes are the high bits of bytes.
      Value less = arith::MulIOp::create(b, zero, ones[i]);
      less = b.shl(less, 8 - layout.codeBits());
      total = arith::SubIOp::create(b, total, less);
    }
    auto scaled = [&](Value value) {
      return inputGroup ? arith::MulFOp::create(b, value, inputScales[i % 2])
                              .getResult()
                        : value;
    };
    Value &sum = sums[at + i];
    sum = b.fma(scaled(toFloat(total)), segment.scales[row], sum);
    if (!segment.minima[row])
      continue;
    // Scales are without the factor that codes are off by.
    Value all = scaled(toFloat(ones[i]));
    if (layout.factor() != 1.0f)
      all = arith::MulFOp::create(b, all, b.f32(1.0f / layout.factor()));
    sum = b.fma(arith::NegFOp::create(b, segment.minima[row]), all, sum);
  }
}

Values GpuGemm::multiply(Value tile, Value chunk, ValueRange words, Values sums,
                         size_t width, Products products) {
  int64_t steps = segmentSteps();
  Value start = b.mul(chunk, layout.chunk());
  Values none(width, zeroSum(factors.areIntegers()));
  for (int64_t first = 0; first < layout.stepsPerChunk(); first += steps) {
    int64_t inChunk = first * layout.step();
    Value k = b.add(start, inChunk);
    auto offsets = loadOffsets(tile, groupOf(k));
    SmallVector<Values> operands;
    for (int64_t step = first; step < first + steps; ++step)
      operands.push_back(decoder.decode(words, step, offsets));
    Segment segment;
    if (isScaledWithin)
      segment = loadSegment(tile, k, inChunk);
    for (size_t at = 0; at < sums.size(); at += width) {
      Values part = none, ones = none;
      if (!isScaledWithin)
        part = Values(ValueRange(sums).slice(at, width));
      products(first, at, operands, part, ones);
      if (isScaledWithin)
        scaleSegment(segment, at, part, ones, sums);
      else
        llvm::copy(part, sums.begin() + at);
      // Or the assembler loads for all that follows at once, and runs out of
      // registers.
      if (staged.memory && (at + width) % 16 == 0)
        b.warpBarrier();
    }
  }
  return sums;
}

Values GpuGemm::multiplyByWarp(Value tile, Value chunk, ValueRange words,
                               Values sums, size_t width, Operand operand) {
  auto mma = [&](ValueRange a, ValueRange registers, Values &sums, size_t j) {
    ValueRange c = ValueRange(sums).slice(4 * j, 4);
    llvm::copy(b.mma(factors, a, registers, c), sums.begin() + 4 * j);
  };
  return multiply(tile, chunk, words, sums, width,
                  [&](int64_t first, size_t at, ArrayRef<Values> as,
                      Values &part, Values &ones) {
                    for (auto [i, a] : llvm::enumerate(as))
                      for (auto [j, registers] :
                           llvm::enumerate(operand(first + i, at))) {
                        mma(a, registers, part, j);
                        if (addsUp)
                          mma(makeOnes(), registers, ones, j);
                      }
                  });
}

Values GpuGemm::multiplyByGroup(Value tile, Value chunk, ValueRange words,
                                Values sums, Value buffer, int64_t rows) {
  auto add = [&](int64_t first, size_t, ArrayRef<Values> as, Values &part,
                 Values &ones) {
    // Two blocks of 16 bytes a step.
    auto at = [&](size_t i) {
      return b.offset(buffer, b.index((first + i) * 2 * rows * 16));
    };
    for (auto [i, a] : llvm::enumerate(as))
      part = b.wgmma(factors, a, at(i), rows, part);
    b.wgmmaWait();
    if (!addsUp)
      return;
    // One chain at a time: the assembler would wait between two.
    for (size_t i = 0; i < as.size(); ++i)
      ones = b.wgmma(factors, makeOnes(), at(i), rows, ones);
    b.wgmmaWait();
  };
  return multiply(tile, chunk, words, sums, sums.size(), add);
}

Values GpuGemm::addRun(Values sums, llvm::function_ref<Values(Values)> build) {
  if (!addsRuns())
    return build(sums);
  Values run = build(Values(sums.size(), b.f32(0)));
  for (auto [sum, part] : llvm::zip(sums, run))
    sum = arith::AddFOp::create(b, sum, part);
  return sums;
}

//===----------------------------------------------------------------------===//
// What becomes of the sums
//===----------------------------------------------------------------------===//

void GpuGemm::finish(Value m, Value n, Value sum) {
  Value tokens = b.dim(op.getOutputs()[0], 0);
  Value inside = arith::AndIOp::create(b, b.less(m, tokens),
                                       b.less(n, b.index(layout.rows)));
  b.ifElse(inside, [&] {
    Value value = toFloat(sum);
    auto scaleBy = [&](Value factor) {
      value = arith::MulFOp::create(b, value, factor);
    };
    if (layout.areBytes && !inputGroup) {
      if (op.getScales())
        scaleBy(memref::LoadOp::create(b, op.getScales(),
                                       ValueRange{m, b.index(0)}));
      else
        scaleBy(b.f32(op.getActivationScale()->convertToFloat()));
    }
    if (!isScaledWithin) {
      Value bytes = b.index(layout.scaleBytes());
      scaleBy(
          b.toF32(b.loadNumber(b.scaleType(layout.scale), weights,
                               b.add(b.mul(n, bytes), layout.scalesOffset))));
    }
    if (layout.hasTensorScale())
      scaleBy(b.loadNumber(b.getF32Type(), weights,
                           b.index(layout.tensorScaleOffset)));
    if (layout.factor() != 1.0f)
      scaleBy(b.f32(layout.factor()));

    Block &epilogue = op.getEpilogue().front();
    IRMapping map;
    map.map(epilogue.getArgument(0), value);
    for (auto [argument, extra] :
         llvm::zip(epilogue.getArguments().drop_front(), op.getExtras())) {
      auto type = cast<MemRefType>(extra.getType());
      Value zero = b.index(0);
      SmallVector<Value> at{n};
      if (type.getRank() == 2)
        at = {m, type.getDimSize(1) == 1 ? zero : n};
      else if (type.getDimSize(0) == 1)
        at = {zero};
      map.map(argument,
              memref::LoadOp::create(b, extra, ValueRange(at)).getResult());
    }
    for (Operation &inner : epilogue.without_terminator())
      b.clone(inner, map);
    auto yield = cast<YieldOp>(epilogue.getTerminator());
    for (auto [result, output] : llvm::zip(yield.getValues(), op.getOutputs()))
      memref::StoreOp::create(b, map.lookupOrDefault(result), output,
                              ValueRange{m, n});
  });
}
