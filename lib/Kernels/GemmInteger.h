//===- GemmInteger.h - codes times codes ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GEMMINTEGER_H
#define SQUINT_LIB_KERNELS_GEMMINTEGER_H

#include "Codes.h"
#include "Gemm.h"

namespace squint::kernel {

/// 8-bit codes that are multiplied at a time, so that a loop's body stays
/// small.
constexpr int64_t kStep = 16;

class IntegerGemm final : public GemmBuilder {
public:
  IntegerGemm(KernelBuilder &b, GemmOp op, const PanelLayout &layout)
      : GemmBuilder(b, op, layout), reader(b, layout, weights) {}

private:
  mlir::LogicalResult prepare() override;
  mlir::Type getSumType() const override {
    return inBlocks() ? mlir::Type(b.getF32Type()) : mlir::Type(b.getI32Type());
  }
  int64_t getSlots() const override {
    return plan.unpack ? kUnitRows : GemmBuilder::getSlots();
  }
  Values buildTile(int64_t rows, Value row,
                   llvm::ArrayRef<Value> panels) override;
  void buildManyRows(Value row, Value rows, Value panel, int64_t panels,
                     llvm::ArrayRef<int64_t> sizes) override;
  void buildMatrixTiles(Value row, Value rows, llvm::ArrayRef<Value> panels,
                        Value sums) override;
  int64_t getInputStep() const override {
    // Matrix tiles read 64 codes of a row together.
    return layout.hasByteCodes() && !plan.tileRows ? kStep : 0;
  }
  /// Where registers are left; a stretch of patches takes its sums with it.
  bool overlapsEpilogues() const override {
    return b.target.avx512Vnni && !inBlocks() && !plan.unpack &&
           layout.columns / getStep() > 2 &&
           (!patches || getPatchCodes() != PatchCodes::Summed);
  }
  /// k that are multiplied at a time; codes lie in pieces of 32.
  int64_t getStep() const {
    return layout.hasByteCodes() ? kStep : PanelLayout::piece;
  }
  /// Symmetric weights that are made signed leave nothing to correct by row.
  PatchCodes getPatchCodes() const override {
    if (!layout.format.isInteger() || layout.format.bits() != 8 ||
        layout.format.zeroPoint || plan.tileRows)
      return PatchCodes::Summed;
    if (!b.target.avx512Vnni && !b.target.avxVnni)
      return PatchCodes::Signed;
    return layout.grouped ? PatchCodes::Summed : PatchCodes::Unsigned;
  }
  Values loadColumns(Value panel) override;
  Value finish(Value sum, Value row, llvm::ArrayRef<Value> columns) override;

  bool inBlocks() const { return layout.grouped || blockSize < layout.columns; }
  int32_t storedZero() const {
    return (layout.hasIntegerLevels() ? layout.levels.zero
                                      : layout.storedZero()) -
           (plan.signedWeights ? 128 : 0);
  }

  using Block = CodeBlock;
  Block getBlock(Value number, int64_t length, llvm::ArrayRef<Value> panels);
  /// `getSum(i)` are the sums so far, [row][panel].
  Values addBlock(const Block &block, Value row, int64_t rows,
                  llvm::function_ref<Value(int64_t)> getSum);
  /// A sum with the products of a block added, times the scales there are.
  Value addScaled(Value sum, Value dot, Value inputScale, Value weightScale);
  /// The same less the sum of a block's activations times a minimum, if any.
  Value subtractMin(Value sum, Value inputs, Value inputScale, Value min);
  /// Zero points of a group as i32, less what makes weights signed; null where
  /// they are one constant.
  Value loadZeros(Value header);

  /// Products of `length` k from `k` on: sums are [row][panel].
  Values buildDot(Values sums, Value row, int64_t rows,
                  llvm::ArrayRef<Value> codes, Value k, int64_t length);
  Values buildPiece(Values sums, Value row, int64_t rows,
                    llvm::ArrayRef<Value> codes, Value k, int64_t length);
  Values buildPairs(Values sums, Value view, int64_t rows,
                    llvm::ArrayRef<Values> weights, int64_t length);
  Values loadWeights(Value offset, int64_t quads);
  /// Bytes that the codes of `length` k take where they are read.
  int64_t codesBytes(int64_t length) const {
    return unpacked ? unpackedBytes(length) : layout.codesBytes(length);
  }

  // Many rows where unpacking is dear.
  static int64_t unpackedBytes(int64_t length) {
    return llvm::divideCeil(length, 4) * quadBytes;
  }
  /// k that are unpacked and multiplied at a time: what has one scale.
  int64_t unpackedBlock() const { return inBlocks() ? blockSize : 256; }
  Block getUnpackedBlock(Value number, int64_t length, Value panel);
  void unpack(const Block &block, Value target);
  void addUnpacked(const Block &block, Value row, Value first, int64_t rows);
  /// `length` activations of the tile's rows from `k` on; null, as the row is,
  /// for those that are all the zero point.
  Value viewInput(Value row, int64_t rows, Value k, int64_t length);
  /// Four activations of `view` from `k` on as one number; those beyond `valid`
  /// are zero.
  Value loadQuad(Value view, int64_t row, int64_t k, int64_t valid);

  template <typename OpTy> Value product(Value sum, Value weight, Value input) {
    int32_t low = plan.signedWeights ? -128 : 0,
            high = plan.signedWeights ? 127
                   : layout.hasIntegerLevels()
                       ? layout.levels.highest
                       : (1 << layout.format.bits()) - 1;
    return OpTy::create(b, sum.getType(), sum, weight, input, low, high,
                        inputLow, inputLow < 0 ? 127 : 255);
  }

  static constexpr int64_t quadBytes = 64;
  /// Columns that are unpacked at a time.
  static constexpr int64_t stretch = 1024;

  PanelReader reader;
  /// Scratch memory for codes as bytes, and the same while they are read from
  /// there and not from panels.
  Value bytes, unpacked;
  int64_t blockSize = 0;
  /// Blocks of a group of weights and of activations; 0 where the scale is one
  /// for the row.
  int64_t weightRatio = 0, inputRatio = 0;
  int32_t zero = 0, inputLow = -127;
  bool isStatic = false;
};

} // namespace squint::kernel

#endif
