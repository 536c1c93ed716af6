//===- Gemm.h - what the matrix products share --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GEMM_H
#define SQUINT_LIB_KERNELS_GEMM_H

#include "Codes.h"
#include "Patches.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Planner.h"
#include "squint/Kernels/Work.h"
#include <functional>

namespace squint::kernel {

/// A block of the contraction: scales do not change within it.
struct CodeBlock {
  mlir::Value number;
  // By panel.
  llvm::SmallVector<mlir::Value> codes; // byte offsets
  llvm::SmallVector<PanelGroup> groups;
  int64_t length;
};

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
  /// Vectors of 16 sums that are in scratch memory at once.
  virtual int64_t getSlots() const {
    return std::max({plan.rows * plan.panels, plan.fewRows * plan.fewPanels,
                     plan.tileRows ? 2 * kUnitRows : 0});
  }
  /// The sums of `rows` rows from `row` on and of the panels that start at the
  /// byte offsets `panels`: [row][panel].
  virtual Values buildTile(int64_t rows, Value row,
                           llvm::ArrayRef<Value> panels) = 0;
  /// More rows than `plan.fewRows`, all in a unit, and `panels` panels, from
  /// the product to the epilogue; `sizes` are the heights of tiles.
  virtual void buildManyRows(Value row, Value rows, Value panel, int64_t panels,
                             llvm::ArrayRef<int64_t> sizes) {
    buildTiles(row, rows, panel, panels, sizes, plan.rows);
  }
  /// The same for any number of rows of a unit and its panels [first, last);
  /// false where they are cut into tiles.
  virtual bool buildUnit(Value row, Value rows, Value first, Value last) {
    return false;
  }
  /// What the epilogue needs of a panel, loaded once.
  virtual Values loadColumns(Value panel) { return {}; }
  /// Whether tiles of many rows call `overlap` in a loop. Epilogues and
  /// products ask for different parts of a processor: rows of a tile then get
  /// theirs while the next tile's products are computed.
  virtual bool overlapsEpilogues() const { return false; }
  /// What comes beside step `i` of `steps` of a tile's products.
  void overlap(Value i, int64_t steps);
  /// From a sum as the tile left it to the accumulator of the operator's
  /// formula.
  virtual Value finish(Value sum, Value row, llvm::ArrayRef<Value> columns) {
    return sum;
  }
  /// With `plan.tileRows`: leaves the sums of `rows` rows, of which there are
  /// that many at least, and of the panels in `sums`[tile][row][panel][16]. The
  /// last tile ends with the rows, so that it may overlap the one before it.
  virtual void buildMatrixTiles(Value row, Value rows,
                                llvm::ArrayRef<Value> panels, Value sums) {}

  /// Byte offsets of `panels` panels from `panel` on.
  Values getPanelOffsets(Value panel, int64_t panels);
  /// `rows` rows in even tiles of at most `maxRows`, which `sizes` has all
  /// heights of: the body gets a tile's first row, counted from 0, and its
  /// height.
  void forTiles(Value rows, llvm::ArrayRef<int64_t> sizes, int64_t maxRows,
                llvm::function_ref<void(Value, int64_t)> body);

  Value rowAt(Value row, int64_t r) { return b.add(row, r); }
  /// Elements of a row that are read at a time, at multiples of that; 0 where
  /// they are read in another way.
  virtual int64_t getInputStep() const { return 0; }
  virtual PatchCodes getPatchCodes() const { return PatchCodes::Summed; }
  /// What is multiplied: `columns` elements from `k` on of a tile's rows.
  Value viewRows(Value row, int64_t rows, Value k, int64_t columns) {
    return patches ? patches->view(row, rows, k, columns)
                   : b.view(input, row, k, rows, columns);
  }
  Value loadSum(Value row, Value number);
  /// Asks for weights that a tile of `rows` rows reads after these bytes.
  void prefetch(Value offset, int64_t bytes, int64_t rows);
  /// The epilogues of panels whose sums, [row][panel], start at row `from` of
  /// the scratch memory.
  void buildEpilogues(Value row, Value rows, Value panel, int64_t panels,
                      Value from);

  KernelBuilder &b;
  GemmOp op;
  const PanelLayout &layout;
  Value weights, input, output;
  /// Of a convolution.
  std::optional<PatchBuilder> patches;
  GemmPlan plan;
  Value scratch;

private:
  /// Even tiles of at most `maxRows` rows, as `forTiles` has them: the body
  /// gets a tile's first row and its height.
  void cutRows(Value rows, int64_t maxRows,
               llvm::function_ref<void(Value, Value)> body);
  void buildPanels(Value first, Value last, int64_t panels,
                   llvm::function_ref<void(Value, int64_t)> body);
  void buildTiles(Value row, Value rows, Value panel, int64_t panels,
                  llvm::ArrayRef<int64_t> sizes, int64_t maxRows);
  void buildTilePanels(Value row, Value rows, Value first, Value last);
  void buildEpilogue(Value row, Value rows, Value panel, int64_t slot,
                     int64_t slots, Value from, Value mask);
  mlir::LogicalResult preparePatches();

  /// Sums in scratch memory whose epilogue is yet to come: of how many rows and
  /// panels, from which on.
  struct Pending {
    Value count, row, panel;
  };
  Pending loadPending();
  void storePending(const Pending &next);
  /// The epilogue of pending sum `number`.
  void finishPending(Value number);
  void finishAllPending();
  /// The three numbers, where epilogues overlap; those of the tile at hand.
  Value pendingMemory;
  std::optional<Pending> pending;
};

/// What products by matrix tiles ask of the format.
struct TileHooks {
  struct Columns {
    KernelBuilder::Values scales, zeros, mins; // by panel
  };
  /// The activations [rows][columns] from a row and a k on.
  std::function<mlir::Value(mlir::Value row, int64_t rows, mlir::Value k,
                            int64_t columns)>
      viewRows;
  std::function<CodeBlock(mlir::Value number, int64_t length,
                          llvm::ArrayRef<mlir::Value> panels)>
      getBlock;
  /// 64 bytes for each of the quads from a byte offset on.
  std::function<KernelBuilder::Values(mlir::Value offset, int64_t quads)>
      loadQuads;
  std::function<Columns(const CodeBlock &block)> loadColumns;
  /// The float sums of a row, by panel, with the products of a block added.
  std::function<KernelBuilder::Values(
      const CodeBlock &block, const Columns &columns, mlir::Value row,
      KernelBuilder::Values dots, KernelBuilder::Values sums)>
      addDots;
};

/// Byte products in AMX tiles of 16 rows x 16 outputs x 64 k, two by two; see
/// GemmBuilder::buildMatrixTiles. `signedCodes`: what `loadQuads` gives is
/// signed. Without `inBlocks` the sums are integers.
void buildTileProducts(KernelBuilder &b, GemmOp op, const PanelLayout &layout,
                       int64_t blockSize, bool inBlocks, bool signedCodes,
                       const TileHooks &hooks, mlir::Value row,
                       mlir::Value rows, llvm::ArrayRef<mlir::Value> panels,
                       mlir::Value sums);

/// The same of bfloat16 weights with activations rounded to that type, by AMX
/// or AVX-512 BF16; the order of the sums is the processor's.
void buildBf16Products(KernelBuilder &b, GemmOp op, const PanelLayout &layout,
                       mlir::Value row, mlir::Value rows,
                       llvm::ArrayRef<mlir::Value> panels, mlir::Value sums);

/// Codes times codes.
std::unique_ptr<GemmBuilder> createIntegerGemm(KernelBuilder &b, GemmOp op,
                                               const PanelLayout &layout);
/// Floats times codes that are decoded.
std::unique_ptr<GemmBuilder> createDecodedGemm(KernelBuilder &b, GemmOp op,
                                               const PanelLayout &layout);
/// The same where most of the floats are zero; null for what has no such
/// kernel.
std::unique_ptr<GemmBuilder> createSparseGemm(KernelBuilder &b, GemmOp op,
                                              const PanelLayout &layout);
/// Floats times floats.
std::unique_ptr<GemmBuilder> createFloatGemm(KernelBuilder &b, GemmOp op,
                                             const PanelLayout &layout);

} // namespace squint::kernel

#endif
