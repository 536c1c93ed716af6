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

#include "squint/Kernels/GpuKernels.h"

#include "GpuCodes.h"
#include "mlir/IR/IRMapping.h"
#include "squint/Kernels/Layout.h"
#include "squint/Numerics/FloatBits.h"

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

namespace {

class GpuGemm {
public:
  GpuGemm(GpuBuilder &b, GemmOp op, const FragmentLayout &layout)
      : b(b), op(op), layout(layout), decoder(b, layout),
        weights(op.getWeights()), input(op.getInput()) {
    const Format &format = layout.format;
    if (layout.areBytes) {
      Format activation = op.getActivationFormat()->getFormat();
      if (activation.granularity == Granularity::Group &&
          activation.groupSize < layout.columns)
        inputGroup = activation.groupSize;
      factors = {getFactor(format), getFactor(activation)};
    }
    addsUp = format.hasMins() || (layout.areBytes && format.zeroPoint);
    isScaledWithin = layout.isGrouped() || inputGroup || addsUp;
  }

  void buildFew(Value unit);
  void buildMany(Value unit, int64_t rows);

private:
  /// PTX's name of what codes of a format are multiplied as.
  static StringRef getFactor(const Format &format) {
    return format.isInteger()                        ? "s8"
           : format.element->mini->exponentBits == 5 ? "e5m2"
                                                     : "e4m3";
  }
  /// Sums of products of 8-bit floats have fewer bits than f32 in the tensor
  /// cores: they are added up in registers, a run of chunks at a time.
  bool addsRuns() const {
    return layout.areBytes && !factors.areIntegers() && !isScaledWithin;
  }
  /// Adds what `build` adds to sums of its own, of one run.
  Values addRun(Values sums, llvm::function_ref<Values(Values)> build);

  /// Steps of a chunk whose sums have one scale. One group size divides the
  /// other.
  int64_t segmentSteps() const {
    int64_t size = layout.isGrouped() ? layout.groupSize : layout.columns;
    if (inputGroup)
      size = std::min(size, inputGroup);
    if (size >= layout.columns || size % layout.chunk() == 0)
      return layout.stepsPerChunk();
    return layout.chunk() % size == 0 ? size / layout.step() : 1;
  }
  /// Sums stay integers to the end.
  bool isInteger() const { return factors.areIntegers() && !isScaledWithin; }
  Value zeroSum(bool integer) { return integer ? b.i32(0) : b.f32(0); }
  Value toFloat(Value sum) {
    return sum.getType().isF32()
               ? sum
               : arith::SIToFPOp::create(b, b.getF32Type(), sum).getResult();
  }

  /// Of the group of k, for the rows g and g + 8 of a tile.
  std::array<Value, 2> loadRowNumbers(Value tile, Value group, int64_t base,
                                      Type type);
  std::array<Value, 2> loadScales(Value tile, Value group);
  std::array<Value, 2> loadMinima(Value tile, Value group);
  std::array<Value, 2> loadZeroPoints(Value tile, Value group);
  std::array<Value, 2> loadOffsets(Value tile, Value group);
  Value groupOf(Value k);

  /// A lane's words of a chunk.
  Values loadChunk(Value tile, Value chunk);

  // Activations. `guarded` where k may be beyond the columns.
  Value element(Value row, Value k, bool guarded);
  Value pair(Value row, Value k, bool guarded);
  Value quad(Value row, Value k, bool guarded);
  bool hasAlignedRows(int64_t multiple) {
    return cast<MemRefType>(input.getType()).getLayout().isIdentity() &&
           layout.columns % multiple == 0;
  }
  /// 16 bytes of activations as registers, k being that of the first, in stages
  /// of `stageK`.
  Values block(Value row, Value k, int64_t stageK);

  /// What a segment's sums are scaled with, rows g and g + 8; null where they
  /// are not.
  struct Segment {
    Value k;
    int64_t inChunk; // where k is in its chunk
    std::array<Value, 2> scales, zeros, minima;
  };
  Segment loadSegment(Value tile, Value k, int64_t inChunk);
  /// Adds sums without scales, and those of the activations alone, to those
  /// from number `at` on.
  void scaleSegment(const Segment &segment, size_t at, ValueRange part,
                    ValueRange ones, Values &sums);
  Value inputGroupOf(Value k);
  /// The scale of a row of activations, the sums' first being row 0.
  Value loadInputScale(int64_t row, const Segment &segment);

  /// Adds a chunk's products to `sums`, four for each eight columns, `width` at
  /// a time, so that few are without their scale at once. `products` adds those
  /// of some steps, the first of them named, to the sums from number `at` on,
  /// for first operands that are decoded, and where activations are added up
  /// those of ones.
  using Products = llvm::function_ref<void(
      int64_t first, size_t at, ArrayRef<Values>, Values &part, Values &ones)>;
  Values multiply(Value tile, Value chunk, ValueRange words, Values sums,
                  size_t width, Products products);
  /// By one warp; `operand` gives the second operand's registers of a step for
  /// `width` sums from number `at` on.
  using Operand =
      llvm::function_ref<SmallVector<Values>(int64_t step, size_t at)>;
  Values multiplyByWarp(Value tile, Value chunk, ValueRange words, Values sums,
                        size_t width, Operand operand);
  /// By four, `buffer` being the chunk's activations.
  Values multiplyByGroup(Value tile, Value chunk, ValueRange words, Values sums,
                         Value buffer, int64_t rows);
  /// The first operand that adds up.
  Values makeOnes() {
    return Values(4, b.word(layout.areBytes ? 0x01010101 : 0x3c003c00));
  }

  /// Stores what the epilogue makes of the sum for row m and output n, unless
  /// they lie outside.
  void finish(Value m, Value n, Value sum, Value isMine);

  GpuBuilder &b;
  GemmOp op;
  const FragmentLayout &layout;
  FragmentDecoder decoder;
  Factors factors;
  Value weights, input;
  int64_t inputGroup = 0; // k of the activations' scales; 0: all
  bool addsUp, isScaledWithin;
  /// Of the rows that the sums are for.
  Value firstRow, lastRow;
  /// The scales of a stage's activations in shared memory, [group][row] f32;
  /// null where they are read from where they are. `k` is where the chunk that
  /// is being multiplied begins in the stage.
  struct {
    Value memory;
    int64_t rows = 0, k = 0;
  } staged;
};

} // namespace

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

void GpuGemm::finish(Value m, Value n, Value sum, Value isMine) {
  Value tokens = b.dim(op.getOutputs()[0], 0);
  Value inside = arith::AndIOp::create(b, b.less(m, tokens),
                                       b.less(n, b.index(layout.rows)));
  if (isMine)
    inside = arith::AndIOp::create(b, inside, isMine);
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
