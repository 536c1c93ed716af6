//===- GemmInteger.cpp - codes times codes ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// With stored codes u and their zero point z, activations x and theirs zx:
//   sum (x - zx)(u - z) = sum x u - z sum x - zx sum (u - z)
// all of it exact modulo 2^32. The sums of x come with the activations, those
// of u - z with the panel.
//
// Levels v of tables and 4-bit floats that are integers times a factor f:
// f v + z in place of u, by a table of bytes, and 1 / f at the end.
//===----------------------------------------------------------------------===//

#include "GemmInteger.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

/// Rows of a tile of patches and one panel.
static constexpr int64_t kPatchRows = 16;

LogicalResult IntegerGemm::prepare() {
  Format activation = op.getActivationFormat()->getFormat();
  const Format &weight = layout.format;
  if (!hasIntegerProducts(weight, activation))
    return op->emitError()
           << "expected activations and a weight of integers, got '"
           << activation.str() << "' of '" << weight.str() << "'";
  isStatic = activation.granularity == Granularity::Tensor;
  if (isStatic != op.getActivationScale().has_value() ||
      isStatic == bool(op.getScales()))
    return op->emitError() << "expected a scale as attribute for static "
                              "activations and as operand for others";
  zero = op.getActivationZeroPoint().value_or(0);
  inputLow = isStatic ? -128 : -127;
  if ((zero || op.getZeroPoint()) && !isStatic)
    return op->emitError()
           << "expected a zero point with static activations only";

  int64_t group = activation.granularity == Granularity::Group &&
                          activation.groupSize < layout.columns
                      ? activation.groupSize
                      : 0;
  blockSize = layout.columns;
  if (layout.grouped)
    blockSize = std::min(blockSize, layout.groupSize);
  if (group)
    blockSize = std::min(blockSize, group);
  if (layout.grouped)
    weightRatio = layout.groupSize / blockSize;
  if (group)
    inputRatio = group / blockSize;
  if ((layout.grouped && layout.groupSize % blockSize) ||
      (group && group % blockSize))
    return op->emitError()
           << "expected group sizes of which one divides the other, got "
           << layout.groupSize << " for weights and " << group
           << " for activations";
  int64_t step = layout.hasByteCodes() ? 4 : PanelLayout::piece;
  if (weightRatio != 1 && inBlocks() && blockSize % step)
    return op->emitError() << "expected groups of activations in multiples of "
                           << step << " with '" << weight.str() << "', got "
                           << group;
  if (inBlocks() && op.getZeroPoint())
    return op->emitError() << "expected a constant zero point with groups";
  int64_t blocks = llvm::divideCeil(layout.columns, blockSize);
  if (!patches) {
    auto sums = cast<MemRefType>(op.getSums().getType());
    if (sums.getRank() != 2 ||
        (!sums.isDynamicDim(1) && sums.getDimSize(1) != blocks))
      return op->emitError()
             << "expected the sums of every " << (inBlocks() ? blockSize : 0)
             << " activations (0 is all of a row), got " << sums;
  }
  plan = planIntegerGemm(b.target, layout, blockSize,
                         /*wholeRange=*/inputLow == INT8_MIN);
  // Matrix tiles have no place for the products of the activations' zero point
  // by block, nor for sums of patches by block.
  if (inBlocks() && (zero || patches))
    plan.tileRows = 0;
  if (patches && getPatchCodes() == PatchCodes::Unsigned) {
    plan.signedWeights = true;
    inputLow = 0;
    zero += 128;
  }
  // Rows of patches lie side by side in the nearest cache, and one panel leaves
  // registers for many.
  if (patches && !inBlocks() && plan.panels == 1 && b.target.avx512Vnni)
    plan.rows = kPatchRows;
  // What is unpacked has no place for blocks that are longer, nor for the
  // products of the activations' zero point by block.
  if (inBlocks() && (zero || blockSize > stretch))
    plan.unpack = false;
  return success();
}

Value IntegerGemm::loadZeros(Value header) {
  Value zeros = reader.loadZeros(header);
  if (!zeros)
    return {};
  if (storedZero())
    zeros =
        arith::AddIOp::create(b, zeros, b.intConstant(b.i32s(), storedZero()));
  return zeros;
}

Value IntegerGemm::viewInput(Value row, int64_t rows, Value k, int64_t length) {
  return row ? viewRows(row, rows, k, length) : Value();
}

Value IntegerGemm::loadQuad(Value view, int64_t row, int64_t k, int64_t valid) {
  if (!view) {
    uint32_t bytes = 0;
    for (int64_t i = 0; i < valid; ++i)
      bytes |= uint32_t(uint8_t(zero)) << (8 * i);
    return b.i32(bytes);
  }
  auto type = b.vec(b.getI8Type(), 4);
  Values at{b.index(row), b.index(k)};
  Value bytes;
  // Rows of patches end with zeros.
  if (valid == 4 || (patches && !inBlocks())) {
    bytes = b.load(type, view, at);
  } else {
    // Nothing is read beyond the row's end.
    bytes = b.intConstant(type, 0);
    Value part = b.load(b.vec(b.getI8Type(), valid), view, at);
    bytes = vector::InsertStridedSliceOp::create(
        b, part, bytes, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
  }
  Value word = b.bitcast(b.vec(b.getI32Type(), 1), bytes);
  return vector::ExtractOp::create(b, word, ArrayRef<int64_t>{0});
}

KernelBuilder::Values IntegerGemm::loadWeights(Value offset, int64_t quads) {
  if (unpacked) {
    Values bytes;
    for (int64_t q = 0; q < quads; ++q)
      bytes.push_back(b.load(b.vec(b.getI8Type(), quadBytes), unpacked,
                             b.add(offset, q * quadBytes), quadBytes));
    return bytes;
  }
  Values result = reader.loadQuads(offset, quads);
  SmallVector<int8_t> table;
  for (uint32_t code = 0; layout.hasIntegerLevels() && code < 16; ++code)
    table.push_back(static_cast<int8_t>(
        static_cast<int32_t>(static_cast<float>(layout.levels.factor) *
                             layout.format.element->decode(code)) +
        storedZero()));
  for (Value &codes : result)
    if (layout.hasIntegerLevels())
      codes = LookupBytesOp::create(b, codes.getType(), codes, table);
    else if (plan.signedWeights)
      codes =
          arith::XOrIOp::create(b, codes, b.intConstant(codes.getType(), -128));
  return result;
}

KernelBuilder::Values IntegerGemm::buildPiece(Values sums, Value row,
                                              int64_t rows,
                                              ArrayRef<Value> codes, Value k,
                                              int64_t length) {
  int64_t quads = llvm::divideCeil(length, 4), panels = codes.size();
  // One row, panel by panel: the sums of the others take the registers.
  if (plan.pairs && rows == 1 && panels > 1) {
    for (int64_t p = 0; p < panels; ++p)
      sums[p] = buildPiece({sums[p]}, row, 1, codes[p], k, length)[0];
    return sums;
  }
  SmallVector<Values> weights;
  for (Value offset : codes) {
    weights.push_back(loadWeights(offset, quads));
    if (!unpacked)
      prefetch(offset, layout.codesBytes(length), rows);
  }
  Value view = viewInput(row, rows, k, length);
  if (plan.pairs)
    return buildPairs(sums, view, rows, weights, length);
  // One sum would wait for each of its products: two take turns.
  Values odd;
  if (sums.size() == 1 && quads > 1)
    odd = {b.intConstant(b.i32s(), 0)};
  for (int64_t q = 0; q < quads; ++q) {
    Values &turn = q % 2 && !odd.empty() ? odd : sums;
    for (int64_t r = 0; r < rows; ++r) {
      Value quad =
          loadQuad(view, r, 4 * q, std::min<int64_t>(4, length - 4 * q));
      for (int64_t p = 0; p < panels; ++p) {
        Value &sum = turn[r * panels + p];
        sum = product<DotOp>(sum, weights[p][q], quad);
      }
    }
  }
  if (!odd.empty())
    sums[0] = arith::AddIOp::create(b, sums[0], odd[0]);
  return sums;
}

KernelBuilder::Values IntegerGemm::buildPairs(Values sums, Value view,
                                              int64_t rows,
                                              ArrayRef<Values> weights,
                                              int64_t length) {
  int64_t quads = llvm::divideCeil(length, 4), panels = weights.size();
  // 8 steps of 2 products of at most 15 * 128 stay below 2^15.
  static_assert(PanelLayout::piece / 4 * 2 * 15 * 128 < 1 << 15);
  Values pairs(sums.size(), b.intConstant(b.vec(b.getI16Type(), 32), 0));
  for (int64_t q = 0; q < quads; ++q)
    for (int64_t r = 0; r < rows; ++r) {
      Value quad =
          loadQuad(view, r, 4 * q, std::min<int64_t>(4, length - 4 * q));
      for (int64_t p = 0; p < panels; ++p)
        pairs[r * panels + p] =
            product<DotPairsOp>(pairs[r * panels + p], weights[p][q], quad);
    }
  for (auto [sum, pair] : llvm::zip(sums, pairs))
    sum = AddPairsOp::create(b, sum.getType(), sum, pair);
  return sums;
}

KernelBuilder::Values IntegerGemm::buildDot(Values sums, Value row,
                                            int64_t rows, ArrayRef<Value> codes,
                                            Value k, int64_t length) {
  int64_t step = getStep();
  int64_t stepBytes = codesBytes(step), full = length / step;
  auto at = [&](Value i) {
    Values offsets;
    for (Value offset : codes)
      offsets.push_back(b.add(offset, b.mul(i, stepBytes)));
    return offsets;
  };
  auto piece = [&](Value i, Values current, int64_t count) {
    return buildPiece(current, row, rows, at(i), b.add(k, b.mul(i, step)),
                      count);
  };
  if (full > 2)
    sums = b.loop(b.index(0), b.index(full), 1, sums,
                  [&](Value i, ValueRange current) {
                    overlap(i, full);
                    return piece(i, Values(current), step);
                  });
  else
    for (int64_t i = 0; i < full; ++i)
      sums = piece(b.index(i), sums, step);
  if (length % step)
    sums = piece(b.index(full), sums, length % step);
  return sums;
}

IntegerGemm::Block IntegerGemm::getBlock(Value number, int64_t length,
                                         ArrayRef<Value> panels) {
  Block block{number, {}, {}, length};
  int64_t codesBytes = layout.codesBytes(blockSize);
  for (Value panel : panels) {
    if (!layout.grouped) {
      block.groups.push_back({panel, b.index(0), panel, {}});
      block.codes.push_back(
          b.add(b.add(panel, layout.headerBytes), b.mul(number, codesBytes)));
      continue;
    }
    block.groups.push_back(reader.locate(panel, b.div(number, weightRatio)));
    block.codes.push_back(b.add(block.groups.back().codes,
                                b.mul(b.rem(number, weightRatio), codesBytes)));
  }
  return block;
}

KernelBuilder::Values
IntegerGemm::addBlock(const Block &block, Value row, int64_t rows,
                      function_ref<Value(int64_t)> getSum) {
  int64_t panels = block.codes.size();
  Value k = b.mul(block.number, blockSize);
  Values zeros, scales, mins;
  for (const PanelGroup &group : block.groups) {
    zeros.push_back(loadZeros(group.header));
    scales.push_back(reader.loadScales(group));
    mins.push_back(reader.loadMins(group));
    if (layout.grouped && !unpacked)
      prefetch(group.header, layout.headerBytes, rows);
  }
  // The products of the activations' zero point are the same for every row.
  Values shared;
  if (zero) {
    shared = buildDot(Values(panels, b.intConstant(b.i32s(), 0)), {}, 1,
                      block.codes, k, block.length);
    for (int64_t p = 0; p < panels; ++p) {
      Value whole = zeros[p] ? zeros[p] : b.intConstant(b.i32s(), storedZero());
      whole = arith::MulIOp::create(
          b, whole, b.intConstant(b.i32s(), block.length * zero));
      shared[p] = arith::SubIOp::create(b, shared[p], whole);
    }
  }
  // A column of the tile's rows.
  auto viewColumn = [&](Value matrix, Value column) {
    return b.view(matrix, row, column, rows, 1);
  };
  auto loadRow = [&](Value column, int64_t r) -> Value {
    return memref::LoadOp::create(b, column,
                                  ValueRange{b.index(r), b.index(0)});
  };
  bool hasZeros = layout.format.zeroPoint || storedZero();
  bool hasMins = layout.format.hasMins();
  Value inputSums = (hasZeros || hasMins) && !patches
                        ? viewColumn(op.getSums(), block.number)
                        : Value();
  Values dots, sums(rows);
  for (int64_t r = 0; r < rows; ++r) {
    Value sum;
    if (hasZeros || hasMins)
      sum = patches ? loadSum(rowAt(row, r), block.number)
                    : loadRow(inputSums, r);
    if (hasMins)
      sums[r] = b.createOrFold<arith::SubIOp>(
          sum, b.i32(static_cast<int32_t>(block.length * zero)));
    for (int64_t p = 0; p < panels; ++p) {
      // Start at - z sum x (- zx sum (u - z)).
      Value start;
      if (zeros[p])
        start = arith::SubIOp::create(
            b, b.intConstant(b.i32s(), 0),
            arith::MulIOp::create(b, zeros[p], b.splat(sum)));
      else if (storedZero())
        start =
            b.splat(b.createOrFold<arith::MulIOp>(sum, b.i32(-storedZero())));
      else
        start = b.intConstant(b.i32s(), 0);
      dots.push_back(zero ? Value(arith::SubIOp::create(b, start, shared[p]))
                          : start);
    }
  }
  dots = buildDot(dots, row, rows, block.codes, k, block.length);
  Value inputScales =
      inputRatio ? viewColumn(op.getScales(), b.div(block.number, inputRatio))
                 : Value();
  Values result;
  for (int64_t r = 0; r < rows; ++r) {
    Value scale = inputRatio ? b.splat(loadRow(inputScales, r)) : Value();
    for (int64_t p = 0; p < panels; ++p) {
      Value sum = addScaled(getSum(r * panels + p), dots[r * panels + p], scale,
                            scales[p]);
      if (hasMins)
        sum = subtractMin(sum, b.splat(sums[r]), scale, mins[p]);
      result.push_back(sum);
    }
  }
  return result;
}

Value IntegerGemm::addScaled(Value sum, Value dot, Value inputScale,
                             Value weightScale) {
  Value value = arith::SIToFPOp::create(b, b.f32s(), dot);
  if (inputScale && weightScale)
    value = arith::MulFOp::create(b, value, inputScale);
  return b.fma(value, weightScale ? weightScale : inputScale, sum);
}

Value IntegerGemm::subtractMin(Value sum, Value inputs, Value inputScale,
                               Value min) {
  Value value = arith::SIToFPOp::create(b, b.f32s(), inputs);
  if (inputScale)
    value = arith::MulFOp::create(b, value, inputScale);
  return b.fma(value, arith::NegFOp::create(b, min), sum);
}

void IntegerGemm::buildMatrixTiles(Value row, Value rows,
                                   ArrayRef<Value> panels, Value sums) {
  // Symmetric codes of 4 bits are unpacked, and need no zero point when that
  // makes them signed.
  bool makeSigned = inBlocks() && layout.format.bits() == 4 && storedZero();
  TileHooks hooks;
  hooks.viewRows = [&](Value row, int64_t rows, Value k, int64_t columns) {
    return viewRows(row, rows, k, columns);
  };
  hooks.getBlock = [&](Value number, int64_t length, ArrayRef<Value> panels) {
    return getBlock(number, length, panels);
  };
  hooks.loadQuads = [&](Value offset, int64_t quads) {
    Values loaded = loadWeights(offset, quads);
    if (makeSigned)
      for (Value &quad : loaded)
        quad = arith::SubIOp::create(
            b, quad, b.intConstant(quad.getType(), storedZero()));
    return loaded;
  };
  hooks.loadColumns = [&](const CodeBlock &block) {
    TileHooks::Columns columns;
    for (const PanelGroup &group : block.groups) {
      columns.zeros.push_back(loadZeros(group.header));
      columns.scales.push_back(reader.loadScales(group));
      columns.mins.push_back(reader.loadMins(group));
    }
    return columns;
  };
  hooks.addDots = [&](const CodeBlock &block, const TileHooks::Columns &columns,
                      Value row, Values dots, Values sums) {
    bool correct = layout.format.zeroPoint || (storedZero() && !makeSigned);
    bool hasMins = layout.format.hasMins();
    Value inputs = correct || hasMins
                       ? b.splat(memref::LoadOp::create(
                             b, op.getSums(), ValueRange{row, block.number}))
                       : Value();
    Value scale;
    if (inputRatio)
      scale = b.splat(memref::LoadOp::create(
          b, op.getScales(), ValueRange{row, b.div(block.number, inputRatio)}));
    for (auto [p, dot] : llvm::enumerate(dots)) {
      if (correct) {
        Value zeros = columns.zeros[p] ? columns.zeros[p]
                                       : b.intConstant(b.i32s(), storedZero());
        dot = arith::SubIOp::create(b, dot,
                                    arith::MulIOp::create(b, zeros, inputs));
      }
      sums[p] = addScaled(sums[p], dot, scale, columns.scales[p]);
      if (hasMins)
        sums[p] = subtractMin(sums[p], inputs, scale, columns.mins[p]);
    }
    return sums;
  };
  buildTileProducts(b, op, layout, blockSize, inBlocks(), makeSigned, hooks,
                    row, rows, panels, sums);
}

KernelBuilder::Values IntegerGemm::buildTile(int64_t rows, Value row,
                                             ArrayRef<Value> panels) {
  int64_t panelCount = panels.size(), count = rows * panelCount;
  if (!inBlocks()) {
    Values codes;
    for (Value panel : panels)
      codes.push_back(b.add(panel, layout.headerBytes));
    return buildDot(Values(count, b.intConstant(b.i32s(), 0)), row, rows, codes,
                    b.index(0), layout.columns);
  }
  int64_t full = layout.columns / blockSize, tail = layout.columns % blockSize;
  auto add = [&](Value i, int64_t length, ValueRange sums) {
    return addBlock(getBlock(i, length, panels), row, rows,
                    [&](int64_t s) { return sums[s]; });
  };
  Values sums(count, b.constant(b.f32s(), 0.0));
  sums = b.loop(
      b.index(0), b.index(full), 1, sums,
      [&](Value i, ValueRange current) { return add(i, blockSize, current); });
  return tail ? add(b.index(full), tail, sums) : sums;
}

KernelBuilder::Values IntegerGemm::loadColumns(Value panel) {
  Value base = b.mul(panel, layout.panelBytes);
  Values columns;
  // Scales, zero points, zx times sums of u - z: null where they are not used.
  Value scales = layout.grouped ? reader.loadTensorScale(base)
                                : reader.loadPanelScales(base);
  if (int32_t factor = layout.levels.factor; factor > 1) {
    Value part = b.constant(b.f32s(), 1.0 / factor);
    scales = scales ? arith::MulFOp::create(b, scales, part).getResult() : part;
  }
  columns.push_back(scales);
  bool rest = !inBlocks();
  columns.push_back(rest ? loadZeros(base) : Value());
  Value sums;
  if (rest && (zero || op.getZeroPoint())) {
    Value at = b.add(base, PanelLayout::sumsOffset);
    sums =
        b.bitcast(b.i32s(), b.load(b.vec(b.getI8Type(), 64), weights, at, 64));
    Value factor = b.i32(zero);
    if (Value given = op.getZeroPoint())
      factor = arith::AddIOp::create(
          b, factor, memref::LoadOp::create(b, given, ValueRange(b.index(0))));
    sums = arith::MulIOp::create(b, sums, b.splat(factor));
  }
  columns.push_back(sums);
  return columns;
}

Value IntegerGemm::finish(Value sum, Value row, ArrayRef<Value> columns) {
  Value scales = columns[0], zeros = columns[1], zeroSums = columns[2];
  Value value = sum;
  if (!inBlocks()) {
    if (zeros || storedZero()) {
      Value inputs = loadSum(row, b.index(0));
      Value product;
      if (zeros)
        product = arith::MulIOp::create(b, zeros, b.splat(inputs));
      else
        product =
            b.splat(arith::MulIOp::create(b, inputs, b.i32(storedZero())));
      value = arith::SubIOp::create(b, value, product);
    }
    if (zeroSums)
      value = arith::SubIOp::create(b, value, zeroSums);
    value = arith::SIToFPOp::create(b, b.f32s(), value);
  }
  if (isStatic) {
    float scale = op.getActivationScale()->convertToFloat();
    if (scale != 1.0f)
      value = arith::MulFOp::create(b, value, b.constant(b.f32s(), scale));
  } else if (!inputRatio)
    value = arith::MulFOp::create(
        b, value,
        b.splat(memref::LoadOp::create(b, op.getScales(),
                                       ValueRange{row, b.index(0)})));
  if (scales)
    value = arith::MulFOp::create(b, value, scales);
  return value;
}

std::unique_ptr<GemmBuilder>
squint::kernel::createIntegerGemm(KernelBuilder &b, GemmOp op,
                                  const PanelLayout &layout) {
  return std::make_unique<IntegerGemm>(b, op, layout);
}
