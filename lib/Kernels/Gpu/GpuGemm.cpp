//===- GpuGemm.cpp - products on tensor cores -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The product is computed transposed: weights are the first operand of `mma`,
// whose rows are outputs, and activations the second one, so that few rows of
// activations waste little.
//
//   few rows    warps share k: they take turns with its chunks, read weights
//               straight into registers, and add up their sums at the end, in
//               the order of their numbers.
//   many rows   a warp has 16 outputs. Activations go through shared memory,
//               buffers in turn. With `wgmma` four warps are a group.
//
// Within a group of k a sum has no scale; it is multiplied with it when the
// group ends. Where codes have a zero point or a minimum, the activations of
// the group are added up beside, as a product with a weight of ones.
//===----------------------------------------------------------------------===//

#include "GpuGemm.h"
#include "squint/Kernels/Layout.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

using Values = KernelBuilder::Values;

/// Rows whose sums are written through shared memory at once.
static constexpr int64_t kOutRows = 64;

static bool haveByteProducts(PackedType weight, const Format &activation) {
  bool isGrouped = activation.granularity == Granularity::Group &&
                   activation.groupSize < weight.getColumns();
  return weight.getFormat().isInteger() == activation.isInteger() &&
         (!isGrouped || activation.groupSize % 32 == 0) &&
         FragmentLayout::isKnown(weight.getFormat(), weight.getColumns(),
                                 /*areBytes=*/true);
}

bool squint::kernel::canHaveFragments(GemmOp op) {
  PackedType type = op.getPackedType();
  Format weight = type.getFormat();
  if (op.getWindow() || op.getZeroPoint() ||
      op.getActivationZeroPoint().value_or(0) != 0)
    return false;
  if (!op.hasIntegerInput())
    return cast<ShapedType>(op.getInput().getType()).getElementType().isF32() &&
           FragmentLayout::isKnown(weight, type.getColumns(), false);
  return haveByteProducts(type, op.getActivationFormat()->getFormat());
}

bool squint::kernel::hasFloat8Products(PackedType weight,
                                       const Format &activation) {
  auto isFloat8 = [](const Format &format) {
    return format.element->kind == ElementKind::Float && format.bits() == 8;
  };
  llvm::Expected<int64_t> group = getSumGroup(weight.getFormat(), activation);
  if (!group)
    llvm::consumeError(group.takeError());
  return group && isFloat8(weight.getFormat()) && isFloat8(activation) &&
         haveByteProducts(weight, activation);
}

//===----------------------------------------------------------------------===//
// Few rows
//===----------------------------------------------------------------------===//

void GpuGemm::buildFew(Value unit) {
  int64_t rows = shape.rows, split = shape.split,
          tiles = shape.outputs / FragmentLayout::rowsPerTile,
          tileSums = rows / 2, width = std::min<int64_t>(tileSums, 8);
  Value firstTile = b.mul(unit, tiles), warp = b.warp(), lane = b.lane();
  Value g = b.div(lane, 4), t = b.rem(lane, 4);
  // What rows and outputs that are not there give is not stored.
  firstRow = b.index(0);
  lastRow = b.sub(b.dim(op.getOutputs()[0], 0), b.index(1));
  Values rowsOfLane, tilesOfBlock;
  for (int64_t row = 0; row < rows; row += 8)
    rowsOfLane.push_back(b.min(b.add(g, row), lastRow));
  for (int64_t i = 0; i < tiles; ++i)
    tilesOfBlock.push_back(
        b.min(b.add(firstTile, i), b.index(layout.tiles - 1)));
  auto load = [&](Value chunk) {
    SmallVector<Values> words;
    for (Value tile : tilesOfBlock)
      words.push_back(loadChunk(tile, chunk));
    return words;
  };
  auto compute = [&](Value chunk, ArrayRef<Values> words, Values sums,
                     bool guarded) {
    Value start = b.mul(chunk, layout.chunk());
    auto operand = [&](int64_t step, size_t at) {
      Value k = b.add(start, step * layout.step());
      SmallVector<Values> operands;
      for (size_t i = at; i < at + width; i += 4) {
        Value row = rowsOfLane[i / 4];
        Values registers;
        for (int64_t half = 0; half < 2; ++half)
          registers.push_back(
              layout.areBytes
                  ? quad(row, b.add(b.add(k, b.mul(t, 4)), 16 * half), guarded)
                  : pair(row, b.add(b.add(k, b.mul(t, 2)), 8 * half), guarded));
        operands.push_back(registers);
      }
      return operands;
    };
    for (auto [i, tile] : llvm::enumerate(tilesOfBlock)) {
      auto part = ValueRange(sums).slice(i * tileSums, tileSums);
      llvm::copy(
          multiplyByWarp(tile, chunk, words[i], Values(part), width, operand),
          sums.begin() + i * tileSums);
    }
    return sums;
  };

  int64_t whole = layout.columns / layout.chunk();
  Values carried(tiles * tileSums, zeroSum(isInteger()));
  carried.push_back(warp);
  // Some chunks at once, so that their loads are under way together.
  int64_t unroll = shape.stages, stride = split * unroll;
  carried =
      b.loop(warp, b.index(whole - split * (unroll - 1)), stride, carried,
             [&](Value chunk, ValueRange state) {
               Values chunks, sums(state.drop_back());
               SmallVector<SmallVector<Values>> words;
               for (int64_t i = 0; i < unroll; ++i) {
                 chunks.push_back(b.add(chunk, split * i));
                 words.push_back(load(chunks.back()));
               }
               sums = addRun(sums, [&](Values run) {
                 for (int64_t i = 0; i < unroll; ++i)
                   run = compute(chunks[i], words[i], run, /*guarded=*/false);
                 return run;
               });
               sums.push_back(b.add(chunk, stride));
               return sums;
             });
  Value next = carried.pop_back_val();
  carried = b.loop(next, b.index(whole), split, carried,
                   [&](Value chunk, ValueRange sums) {
                     return addRun(Values(sums), [&](Values run) {
                       return compute(chunk, load(chunk), run,
                                      /*guarded=*/false);
                     });
                   });
  if (whole < layout.chunks) {
    Value last = b.index(whole);
    Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warp,
                                         b.index(whole % split));
    auto check = scf::IfOp::create(b, ValueRange(carried).getTypes(), isMine,
                                   /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(check.thenBlock());
    scf::YieldOp::create(b, addRun(carried, [&](Values run) {
                           return compute(last, load(last), run,
                                          /*guarded=*/true);
                         }));
    b.setInsertionPointToStart(check.elseBlock());
    scf::YieldOp::create(b, carried);
    carried = Values(check.getResults());
  }

  // A thread has four sums of each 16 outputs and 8 rows.
  constexpr int64_t perPart = 4 * GpuBuilder::warpSize;
  int64_t sums = rows * shape.outputs;
  Value memory = b.shared(split * sums * 4);
  Type type = carried[0].getType();
  Value mine = b.add(b.mul(warp, sums), b.mul(lane, 4));
  for (int64_t i = 0; i < tiles * tileSums; i += 4)
    b.storeShared(vector::FromElementsOp::create(
                      b, b.vec(type, 4), ValueRange(carried).slice(i, 4)),
                  b.offset(memory, b.mul(b.add(mine, i / 4 * perPart), 4)), 16);
  b.barrier();
  b.loop(b.thread(), b.index(sums), shape.threads(), [&](Value number) {
    Value sum;
    for (int64_t w = 0; w < split; ++w) {
      Value part = b.loadShared(
          type, b.offset(memory, b.mul(b.add(number, w * sums), 4)), 4);
      sum = !sum          ? part
            : isInteger() ? arith::AddIOp::create(b, sum, part).getResult()
                          : arith::AddFOp::create(b, sum, part).getResult();
    }
    Value part = b.div(number, perPart), inPart = b.rem(number, perPart);
    Value from = b.div(inPart, 4), i = b.rem(inPart, 4);
    Value m = b.add(b.mul(b.rem(part, rows / 8), 8),
                    b.add(b.mul(b.rem(from, 4), 2), b.rem(i, 2)));
    Value n = b.add(b.mul(b.add(firstTile, b.div(part, rows / 8)),
                          FragmentLayout::rowsPerTile),
                    b.add(b.div(from, 4), b.mul(b.div(i, 2), 8)));
    finish(m, n, sum);
  });
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

void GpuGemm::buildMany(Value unit) {
  bool grouped = b.target.wgmma;
  int64_t rows = shape.rows,
          warps = shape.outputs / FragmentLayout::rowsPerTile,
          blocks = llvm::divideCeil(layout.tiles, warps);
  Value outputs = b.mul(b.rem(unit, blocks), warps);
  firstRow = b.mul(b.div(unit, blocks), rows);
  Value thread = b.thread(), lane = b.lane(), warp = b.warp();
  lastRow = b.sub(b.dim(op.getOutputs()[0], 0), b.index(1));
  // A tile that is not there is the last one again, and not stored.
  Value tile = b.min(b.add(outputs, warp), b.index(layout.tiles - 1));

  // A buffer is [16-byte block of k][row][16 bytes], so that eight rows of a
  // block are one run of 128 bytes.
  int64_t perBlock = layout.areBytes ? 16 : 8,
          stageBlocks = getStageBlocks(layout), stageK = stageBlocks * perBlock,
          stageChunks = stageK / layout.chunk(),
          stages = llvm::divideCeil(layout.columns, stageK),
          bufferBytes = stageBlocks * rows * 16, threads = shape.threads(),
          items = stageBlocks * rows / threads;
  bool isAsync = copiesInput(op, layout);
  int64_t buffers = getBuffers(op, layout, shape),
          outRows = std::min(rows, kOutRows), sumPitch = shape.outputs + 1;
  // Scales of activations lie beside them: read where they are, each of a
  // thread's rows would take registers for its address.
  bool hasScales =
      inputGroup && (stageK % inputGroup == 0 || inputGroup % stageK == 0);
  int64_t stageGroups = hasScales ? llvm::divideCeil(stageK, inputGroup) : 0,
          scaleItems = llvm::divideCeil(stageGroups * rows, threads),
          scaleBytes = scaleItems * threads * 4;
  Value memory = b.shared(
      std::max(buffers * bufferBytes + 2 * scaleBytes, outRows * sumPitch * 4));
  auto bufferOf = [&](Value stage) {
    return b.offset(memory, b.mul(b.rem(stage, buffers), bufferBytes));
  };
  auto itemOf = [&](int64_t i) { return b.add(thread, i * threads); };
  auto rowOf = [&](Value item) {
    return b.min(b.add(firstRow, b.rem(item, rows)), lastRow);
  };
  auto kOf = [&](Value stage, Value item) {
    return b.add(b.mul(stage, stageK), b.mul(b.div(item, rows), perBlock));
  };
  auto copy = [&](Value stage) {
    for (int64_t i = 0; i < items; ++i) {
      Value item = itemOf(i), k = kOf(stage, item);
      Value inside = b.min(k, b.index(layout.columns - 16));
      Value count = b.max(b.min(b.sub(b.index(layout.columns), k), b.index(16)),
                          b.index(0));
      b.copyAsync(b.offset(bufferOf(stage), b.mul(item, 16)), input,
                  {rowOf(item), inside}, count);
    }
  };
  auto fetch = [&](Value stage) {
    Values registers;
    for (int64_t i = 0; i < items; ++i) {
      Value item = itemOf(i);
      llvm::append_range(registers,
                         block(rowOf(item), kOf(stage, item), stageK));
    }
    return registers;
  };
  auto put = [&](Value stage, ValueRange registers) {
    for (int64_t i = 0; i < items; ++i)
      b.storeShared(vector::FromElementsOp::create(b, b.vec(b.getI32Type(), 4),
                                                   registers.slice(4 * i, 4)),
                    b.offset(bufferOf(stage), b.mul(itemOf(i), 16)), 16);
  };
  auto scalesOf = [&](Value stage) {
    return b.offset(memory, b.add(b.mul(b.rem(stage, 2), scaleBytes),
                                  buffers * bufferBytes));
  };
  auto fetchScales = [&](Value stage) {
    Values scales;
    for (int64_t i = 0; i < scaleItems; ++i) {
      Value item = itemOf(i);
      Value k =
          b.add(b.mul(stage, stageK), b.mul(b.div(item, rows), inputGroup));
      scales.push_back(memref::LoadOp::create(
          b, op.getScales(), ValueRange{rowOf(item), inputGroupOf(k)}));
    }
    return scales;
  };
  auto putScales = [&](Value stage, ValueRange scales) {
    for (auto [i, scale] : llvm::enumerate(scales))
      b.storeShared(scale, b.offset(scalesOf(stage), b.mul(itemOf(i), 4)), 4);
  };
  auto chunkOf = [&](Value stage, int64_t q) {
    return b.min(b.add(b.mul(stage, stageChunks), q),
                 b.index(layout.chunks - 1));
  };
  auto loadWeights = [&](Value stage) {
    Values words;
    for (int64_t q = 0; q < stageChunks; ++q)
      llvm::append_range(words, loadChunk(tile, chunkOf(stage, q)));
    return words;
  };
  // Lane l has the address of row l % 8 of matrix l / 8: blocks 0 and 1 of a
  // step for eight rows, then for the next eight.
  Value matrixAt =
      b.add(b.mul(b.rem(b.div(lane, 8), 2), rows * 16),
            b.add(b.mul(b.div(lane, 16), 8 * 16), b.mul(b.rem(lane, 8), 16)));

  auto computeChunk = [&](Value chunk, ValueRange words, Values sums,
                          Value buffer, int64_t firstBlock) {
    if (grouped)
      return multiplyByGroup(tile, chunk, words, sums,
                             b.offset(buffer, b.index(firstBlock * rows * 16)),
                             rows);
    // Eight sums of a thread are 16 rows.
    return multiplyByWarp(
        tile, chunk, words, sums, 8, [&](int64_t step, size_t at) {
          Value first = b.add(matrixAt, ((firstBlock + 2 * step) * rows +
                                         static_cast<int64_t>(2 * at)) *
                                            16);
          Values four = b.loadMatrices(b.offset(buffer, first));
          return SmallVector<Values>{{four[0], four[1]}, {four[2], four[3]}};
        });
  };

  Value zero = b.index(0);
  // Copies of a stage are a group, also where there is no such stage.
  for (int64_t i = 0; isAsync && i < buffers - 1; ++i) {
    if (i < stages)
      copy(b.index(i));
    b.commitCopies();
  }
  if (!isAsync)
    put(zero, fetch(zero));
  putScales(zero, fetchScales(zero));
  int64_t numSums = rows / 2;
  Values carried(numSums, zeroSum(isInteger()));
  llvm::append_range(carried, loadWeights(zero));
  carried = b.loop(
      zero, b.index(stages), 1, carried, [&](Value stage, ValueRange state) {
        Values sums(state.take_front(numSums)),
            words(state.drop_front(numSums));
        if (isAsync)
          b.waitCopies(buffers - 2);
        if (grouped)
          b.fenceShared();
        b.barrier();
        // The buffer that is filled has been read before the barrier.
        Value next = b.min(b.add(stage, 1), b.index(stages - 1));
        Values nextWords = loadWeights(next), fetched,
               fetchedScales = fetchScales(next);
        Value hasNext = b.less(b.add(stage, 1), b.index(stages));
        if (isAsync) {
          // With two buffers it is the next one, which takes fewer registers.
          Value ahead = buffers == 2 ? next : b.add(stage, buffers - 1),
                isThere =
                    buffers == 2 ? hasNext : b.less(ahead, b.index(stages));
          b.ifElse(isThere, [&] { copy(ahead); });
          b.commitCopies();
        } else {
          fetched = fetch(next);
        }
        Value buffer = bufferOf(stage);
        if (hasScales)
          staged = {scalesOf(stage), rows, 0};
        sums = addRun(sums, [&](Values run) {
          for (int64_t q = 0; q < stageChunks; ++q) {
            staged.k = q * layout.chunk();
            run = computeChunk(
                chunkOf(stage, q),
                ValueRange(words).slice(q * layout.words(), layout.words()),
                run, buffer, q * layout.stepsPerChunk() * 2);
          }
          return run;
        });
        if (!isAsync || hasScales)
          b.ifElse(hasNext, [&] {
            if (!isAsync)
              put(next, fetched);
            putScales(next, fetchedScales);
          });
        sums.append(nextWords);
        return sums;
      });

  // Through shared memory, so that neighbours store neighbours.
  Value g = b.div(lane, 4), t = b.rem(lane, 4);
  for (int64_t from = 0; from < rows; from += outRows) {
    b.barrier();
    for (int64_t i = from / 2; i < (from + outRows) / 2; ++i) {
      Value m = b.add(b.mul(t, 2), i / 4 * 8 + i % 2 - from),
            n = b.add(b.add(b.mul(warp, FragmentLayout::rowsPerTile), g),
                      i / 2 % 2 * 8);
      b.storeShared(carried[i],
                    b.offset(memory, b.mul(b.add(b.mul(m, sumPitch), n), 4)),
                    4);
    }
    b.barrier();
    b.loop(thread, b.index(outRows * shape.outputs), threads,
           [&](Value number) {
             Value m = b.div(number, shape.outputs),
                   n = b.rem(number, shape.outputs);
             Value sum = b.loadShared(
                 isInteger() ? Type(b.getI32Type()) : Type(b.getF32Type()),
                 b.offset(memory, b.mul(b.add(b.mul(m, sumPitch), n), 4)), 4);
             finish(b.add(b.add(firstRow, m), from),
                    b.add(b.mul(outputs, FragmentLayout::rowsPerTile), n), sum);
           });
  }
}

LogicalResult squint::kernel::buildGpuGemm(KernelBuilder &builder, GemmOp op,
                                           Value unit, const GpuTile &tile) {
  std::optional<FragmentLayout> layout = getFragments(op);
  if (!layout)
    return op->emitError() << "expected a weight in fragments, got "
                           << op.getPackedType();
  SmallVector<Value> memrefs{op.getInput(), op.getScales(), op.getWeights()};
  llvm::append_range(memrefs, op.getExtras());
  llvm::append_range(memrefs, op.getOutputs());
  if (!tile.isKnown())
    return op.emitError() << "expected a tile that there is a kernel for, got "
                          << tile.getName() << " in " << tile.stages
                          << " stages";
  if (failed(checkRows(op, memrefs)))
    return failure();
  GpuBuilder b(builder, op.getLoc(), builder.target);
  GpuGemm gemm(b, op, *layout, tile);
  if (tile.sharesK())
    gemm.buildFew(unit);
  else
    gemm.buildMany(unit);
  return success();
}
