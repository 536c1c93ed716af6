//===- Gemm.h - what the matrix products share --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GEMM_H
#define SQUINT_LIB_KERNELS_GEMM_H

#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Planner.h"

namespace squint::kernel {

/// A matrix product over units of rows and panels. A unit is cut into register
/// tiles of R rows x P panels; a tile leaves its sums in scratch memory, from
/// where the epilogue, which is emitted once, takes them. The order of a sum
/// never depends on the tile.
class GemmBuilder {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  GemmBuilder(KernelBuilder &b, GemmOp op, const PanelLayout &layout)
      : b(b), op(op), layout(layout), weights(op.getWeights()),
        input(op.getInput()), output(op.getOutputs()[0]) {}
  virtual ~GemmBuilder() = default;

  mlir::LogicalResult build(Units units);

protected:
  /// Checks what the operator asks for and chooses tiles.
  virtual mlir::LogicalResult prepare() = 0;
  virtual mlir::Type getSumType() const = 0;
  /// The sums of `rows` rows from `row` on and of the panels that start at the
  /// byte offsets `panels`: [row][panel].
  virtual Values buildTile(int64_t rows, Value row,
                           llvm::ArrayRef<Value> panels) = 0;
  /// What the epilogue needs of a panel, loaded once.
  virtual Values loadColumns(Value panel) { return {}; }
  /// From a sum as the tile left it to the accumulator of the operator's
  /// formula.
  virtual Value finish(Value sum, Value row, llvm::ArrayRef<Value> columns) {
    return sum;
  }

  Value rowAt(Value row, int64_t r) { return b.add(row, r); }

  KernelBuilder &b;
  GemmOp op;
  const PanelLayout &layout;
  Value weights, input, output;
  GemmPlan plan;

private:
  void buildPanels(Value row, Value rows, Value first, Value last,
                   int64_t panels, llvm::ArrayRef<int64_t> sizes,
                   int64_t maxRows);
  void buildTiles(Value row, Value rows, Value panel, int64_t panels,
                  llvm::ArrayRef<int64_t> sizes, int64_t maxRows);
  void buildEpilogue(Value row, Value rows, Value panel, int64_t slot,
                     int64_t slots, Value mask);
  Value buildRegion(llvm::ArrayRef<Value> arguments);

  Value scratch;
};

/// Codes times codes.
std::unique_ptr<GemmBuilder> createIntegerGemm(KernelBuilder &b, GemmOp op,
                                               const PanelLayout &layout);
/// Floats times floats, or times codes that are decoded in registers.
std::unique_ptr<GemmBuilder> createFloatGemm(KernelBuilder &b, GemmOp op,
                                             const PanelLayout &layout);

} // namespace squint::kernel

#endif
