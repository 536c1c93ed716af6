//===- GpuGemm.cpp - products on tensor cores -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The product is computed transposed: weights are the first operand of `mma`,
// whose rows are outputs, and activations the second one, so that few rows of
// activations waste little.
//
//   few rows    a block has one tile of 16 outputs; its warps take turns with
//               the chunks of k, read weights straight into registers, and add
//               up their sums at the end, in the order of their numbers.
//   many rows   a block has 64 outputs and 64 rows. Activations go through
//               shared memory, two buffers in turn; a warp has 16 outputs. With
//               `wgmma` the four warps are one group.
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

static constexpr int64_t kFewWarps = 8, kFewUnroll = 4, kManyWarps = 4,
                         kManyTiles = 4;

static std::optional<FragmentLayout> getFragments(GemmOp op) {
  PackedType type = op.getPackedType();
  auto fragments = dyn_cast_if_present<FragmentsAttr>(type.getLayout());
  if (!fragments)
    return std::nullopt;
  return FragmentLayout::get(type.getFormat(), type.getRows(),
                             type.getColumns(), fragments.areBytes());
}

bool squint::kernel::isFragmentGemm(Operation *op) {
  auto gemm = dyn_cast<GemmOp>(op);
  return gemm && getFragments(gemm);
}

int64_t squint::kernel::getGpuTileRows(GemmOp op) {
  auto rows =
      op.getTile() ? op.getTile()->getAs<IntegerAttr>("rows") : IntegerAttr();
  return rows && getFragments(op) ? rows.getInt() : 0;
}

bool squint::kernel::haveFloat8Products(ModuleOp module) {
  auto all =
      module ? module->getAttrOfType<ArrayAttr>(kTargetsAttr) : ArrayAttr();
  if (!all || all.empty())
    return false;
  return llvm::all_of(all.getAsRange<TargetAttr>(), [](TargetAttr target) {
    auto info = TargetInfo::get(target.getTriple(), target.getCpu(),
                                target.getFeatures());
    if (!info) {
      llvm::consumeError(info.takeError());
      return false;
    }
    return info->capability >= 89;
  });
}

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

Work squint::kernel::materializeGpuGemmWork(OpBuilder &builder, Location loc,
                                            GemmOp op, int64_t rows) {
  TargetInfo none;
  KernelBuilder b(builder, loc, none);
  int64_t tiles = llvm::divideCeil(op.getPackedType().getRows(),
                                   FragmentLayout::rowsPerTile);
  Value one = b.index(1);
  if (rows == kGpuFewRows)
    return {b.index(tiles), one};
  Value blocks = b.ceilDiv(b.dim(op.getOutputs()[0], 0), rows);
  return {b.mul(blocks, llvm::divideCeil(tiles, kManyTiles)), one};
}

int64_t squint::kernel::getGpuGemmThreads(int64_t rows) {
  return GpuBuilder::warpSize * (rows == kGpuFewRows ? kFewWarps : kManyWarps);
}

//===----------------------------------------------------------------------===//
// Few rows
//===----------------------------------------------------------------------===//

void GpuGemm::buildFew(Value unit) {
  Value tile = unit, warp = b.warp(), lane = b.lane();
  Value g = b.div(lane, 4), t = b.rem(lane, 4);
  // What rows that are not there give is not stored.
  firstRow = b.index(0);
  lastRow = b.sub(b.dim(op.getOutputs()[0], 0), b.index(1));
  Value row = b.min(g, lastRow);
  auto load = [&](Value chunk) { return loadChunk(tile, chunk); };
  auto compute = [&](Value chunk, ValueRange words, Values sums, bool guarded) {
    Value start = b.mul(chunk, layout.chunk());
    return multiplyByWarp(
        tile, chunk, words, sums, sums.size(), [&](int64_t step, size_t) {
          Value k = b.add(start, step * layout.step());
          Values registers;
          for (int64_t half = 0; half < 2; ++half)
            registers.push_back(
                layout.areBytes
                    ? quad(row, b.add(b.add(k, b.mul(t, 4)), 16 * half),
                           guarded)
                    : pair(row, b.add(b.add(k, b.mul(t, 2)), 8 * half),
                           guarded));
          return SmallVector<Values>{registers};
        });
  };

  int64_t whole = layout.columns / layout.chunk();
  Values carried(4, zeroSum(isInteger()));
  carried.push_back(warp);
  // Some chunks at once, so that their loads are under way together.
  constexpr int64_t stride = kFewWarps * kFewUnroll;
  carried =
      b.loop(warp, b.index(whole - kFewWarps * (kFewUnroll - 1)), stride,
             carried, [&](Value chunk, ValueRange state) {
               Values chunks, sums(state.drop_back());
               SmallVector<Values> words;
               for (int64_t i = 0; i < kFewUnroll; ++i) {
                 chunks.push_back(b.add(chunk, kFewWarps * i));
                 words.push_back(load(chunks.back()));
               }
               sums = addRun(sums, [&](Values run) {
                 for (int64_t i = 0; i < kFewUnroll; ++i)
                   run = compute(chunks[i], words[i], run, /*guarded=*/false);
                 return run;
               });
               sums.push_back(b.add(chunk, stride));
               return sums;
             });
  Value next = carried.pop_back_val();
  carried = b.loop(next, b.index(whole), kFewWarps, carried,
                   [&](Value chunk, ValueRange sums) {
                     return addRun(Values(sums), [&](Values run) {
                       return compute(chunk, load(chunk), run,
                                      /*guarded=*/false);
                     });
                   });
  if (whole < layout.chunks) {
    Value last = b.index(whole);
    Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warp,
                                         b.index(whole % kFewWarps));
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

  // All sums of the tile, one thread for each.
  constexpr int64_t sums = 4 * GpuBuilder::warpSize;
  Value memory = b.shared(kFewWarps * sums * 4);
  Type type = carried[0].getType();
  Value mine = b.offset(memory, b.mul(b.thread(), 16));
  b.storeShared(vector::FromElementsOp::create(b, b.vec(type, 4), carried),
                mine, 16);
  b.barrier();
  Value thread = b.thread(), isFirst = b.less(thread, b.index(sums));
  Value number = b.rem(thread, sums), sum;
  for (int64_t w = 0; w < kFewWarps; ++w) {
    Value part = b.loadShared(
        type, b.offset(memory, b.mul(b.add(number, w * sums), 4)), 4);
    sum = !sum          ? part
          : isInteger() ? arith::AddIOp::create(b, sum, part).getResult()
                        : arith::AddFOp::create(b, sum, part).getResult();
  }
  Value from = b.div(number, 4), i = b.rem(number, 4);
  Value m = b.add(b.mul(b.rem(from, 4), 2), b.rem(i, 2));
  Value n = b.add(b.mul(tile, FragmentLayout::rowsPerTile),
                  b.add(b.div(from, 4), b.mul(b.div(i, 2), 8)));
  finish(m, n, sum, isFirst);
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

void GpuGemm::buildMany(Value unit, int64_t rows) {
  bool grouped = b.target.wgmma;
  int64_t blocks = llvm::divideCeil(layout.tiles, kManyTiles);
  Value outputs = b.mul(b.rem(unit, blocks), kManyTiles);
  firstRow = b.mul(b.div(unit, blocks), rows);
  Value thread = b.thread(), lane = b.lane(), warp = b.warp();
  lastRow = b.sub(b.dim(op.getOutputs()[0], 0), b.index(1));
  // A tile that is not there is the last one again, and not stored.
  Value tile = b.min(b.add(outputs, warp), b.index(layout.tiles - 1));

  // A buffer is [16-byte block of k][row][16 bytes], so that eight rows of a
  // block are one run of 128 bytes.
  int64_t perBlock = layout.areBytes ? 16 : 8,
          stageBlocks = std::max<int64_t>(8, layout.stepsPerChunk() * 2),
          stageK = stageBlocks * perBlock,
          stageChunks = stageK / layout.chunk(),
          stages = llvm::divideCeil(layout.columns, stageK),
          bufferBytes = stageBlocks * rows * 16, threads = 128,
          items = stageBlocks * rows / threads;
  bool isAsync = layout.areBytes && hasAlignedRows(16);
  int64_t sumPitch = kManyTiles * FragmentLayout::rowsPerTile + 1;
  // Scales of activations lie beside them: read where they are, each of a
  // thread's rows would take registers for its address.
  bool hasScales =
      inputGroup && (stageK % inputGroup == 0 || inputGroup % stageK == 0);
  int64_t stageGroups = hasScales ? llvm::divideCeil(stageK, inputGroup) : 0,
          scaleItems = llvm::divideCeil(stageGroups * rows, threads),
          scaleBytes = scaleItems * threads * 4;
  Value memory =
      b.shared(std::max(2 * (bufferBytes + scaleBytes), rows * sumPitch * 4));
  auto bufferOf = [&](Value stage) {
    return b.offset(memory, b.mul(b.rem(stage, 2), bufferBytes));
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
    b.commitCopies();
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
    return b.offset(memory,
                    b.add(b.mul(b.rem(stage, 2), scaleBytes), 2 * bufferBytes));
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
  if (isAsync)
    copy(zero);
  else
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
          b.waitCopies(0);
        if (grouped)
          b.fenceShared();
        b.barrier();
        // The other buffer has been read before the barrier.
        Value next = b.min(b.add(stage, 1), b.index(stages - 1));
        Values nextWords = loadWeights(next), fetched,
               fetchedScales = fetchScales(next);
        Value hasNext = b.less(b.add(stage, 1), b.index(stages));
        if (isAsync)
          b.ifElse(hasNext, [&] { copy(next); });
        else
          fetched = fetch(next);
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
  b.barrier();
  Value g = b.div(lane, 4), t = b.rem(lane, 4);
  for (int64_t i = 0; i < numSums; ++i) {
    Value m = b.add(b.mul(t, 2), i / 4 * 8 + i % 2),
          n = b.add(b.add(b.mul(warp, FragmentLayout::rowsPerTile), g),
                    i / 2 % 2 * 8);
    b.storeShared(carried[i],
                  b.offset(memory, b.mul(b.add(b.mul(m, sumPitch), n), 4)), 4);
  }
  b.barrier();
  constexpr int64_t width = kManyTiles * FragmentLayout::rowsPerTile;
  b.loop(thread, b.index(rows * width), threads, [&](Value number) {
    Value m = b.div(number, width), n = b.rem(number, width);
    Value sum = b.loadShared(
        isInteger() ? Type(b.getI32Type()) : Type(b.getF32Type()),
        b.offset(memory, b.mul(b.add(b.mul(m, sumPitch), n), 4)), 4);
    finish(b.add(firstRow, m),
           b.add(b.mul(outputs, FragmentLayout::rowsPerTile), n), sum, {});
  });
}

LogicalResult squint::kernel::buildGpuGemm(KernelBuilder &builder, GemmOp op,
                                           Value unit, int64_t rows) {
  std::optional<FragmentLayout> layout = getFragments(op);
  if (!layout)
    return op->emitError() << "expected a weight in fragments, got "
                           << op.getPackedType();
  SmallVector<Value> memrefs{op.getInput(), op.getScales(), op.getWeights()};
  llvm::append_range(memrefs, op.getExtras());
  llvm::append_range(memrefs, op.getOutputs());
  if (failed(checkRows(op, memrefs)))
    return failure();
  GpuBuilder b(builder, op.getLoc(), builder.target);
  GpuGemm gemm(b, op, *layout);
  if (rows == kGpuFewRows)
    gemm.buildFew(unit);
  else
    gemm.buildMany(unit, rows);
  return success();
}
