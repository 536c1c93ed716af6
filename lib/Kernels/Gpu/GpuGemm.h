//===- GpuGemm.h - what products on tensor cores have -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GPU_GPUGEMM_H
#define SQUINT_LIB_KERNELS_GPU_GPUGEMM_H

#include "GpuCodes.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Numerics/FloatBits.h"

namespace squint::kernel {

/// How the operator's weight is laid out; nothing where not in fragments.
std::optional<FragmentLayout> getFragments(GemmOp op);

/// Blocks of 16 bytes of k that a stage of the kernel for many rows has of a
/// row: whole chunks.
int64_t getStageBlocks(const FragmentLayout &layout);

/// Whether activations go into shared memory without threads' registers, so
/// that they can be buffered further ahead.
bool copiesInput(GemmOp op, const FragmentLayout &layout);
int64_t getBuffers(GemmOp op, const FragmentLayout &layout,
                   const GpuTile &tile);

/// Whether activations are added up for zero points or minima.
bool addsUpInput(const FragmentLayout &layout);

/// A product for few rows of activations, or for many; GpuGemm.cpp says how.
class GpuGemm {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = KernelBuilder::Values;

  GpuGemm(GpuBuilder &b, GemmOp op, const FragmentLayout &layout,
          const GpuTile &shape)
      : b(b), op(op), layout(layout), shape(shape), decoder(b, layout),
        weights(op.getWeights()), input(op.getInput()) {
    const Format &format = layout.format;
    if (layout.areBytes) {
      Format activation = op.getActivationFormat()->getFormat();
      if (activation.granularity == Granularity::Group &&
          activation.groupSize < layout.columns)
        inputGroup = activation.groupSize;
      factors = {getFactor(format), getFactor(activation)};
    }
    addsUp = addsUpInput(layout);
    isScaledWithin = layout.isGrouped() || inputGroup || addsUp;
  }

  void buildFew(Value unit);
  void buildMany(Value unit);

private:
  /// PTX's name of what codes of a format are multiplied as.
  static llvm::StringRef getFactor(const Format &format) {
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
               : mlir::arith::SIToFPOp::create(b, b.getF32Type(), sum)
                     .getResult();
  }

  /// Of the group of k, for the rows g and g + 8 of a tile.
  std::array<Value, 2> loadRowNumbers(Value tile, Value group, int64_t base,
                                      mlir::Type type);
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
    return llvm::cast<mlir::MemRefType>(input.getType())
               .getLayout()
               .isIdentity() &&
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
  using Products =
      llvm::function_ref<void(int64_t first, size_t at, llvm::ArrayRef<Values>,
                              Values &part, Values &ones)>;
  Values multiply(Value tile, Value chunk, ValueRange words, Values sums,
                  size_t width, Products products);
  /// By one warp; `operand` gives the second operand's registers of a step for
  /// `width` sums from number `at` on.
  using Operand =
      llvm::function_ref<llvm::SmallVector<Values>(int64_t step, size_t at)>;
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
  void finish(Value m, Value n, Value sum);

  GpuBuilder &b;
  GemmOp op;
  const FragmentLayout &layout;
  const GpuTile &shape;
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

} // namespace squint::kernel

#endif
