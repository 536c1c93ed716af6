//===- GpuTiles.cpp - what a block computes of a product --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GpuGemm.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {
struct TileLine {
  unsigned capability;
  bool areBytes;
  GpuTileChoice choice;
};
} // namespace

static constexpr bool Halves = false, Bytes = true;
static constexpr TileLine kTileLines[] = {
#define SQUINT_GPU_TILE(capability, operands, mostRows, rows, outputs, split,  \
                        stages)                                                \
  {capability, operands, {mostRows, {rows, outputs, split, stages}}},
#include "Tiles.def"
#undef SQUINT_GPU_TILE
};

std::optional<FragmentLayout> squint::kernel::getFragments(GemmOp op) {
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

int64_t squint::kernel::getStageBlocks(const FragmentLayout &layout) {
  return std::max<int64_t>(8, layout.stepsPerChunk() * 2);
}

bool squint::kernel::copiesInput(GemmOp op, const FragmentLayout &layout) {
  auto type = cast<MemRefType>(op.getInput().getType());
  return layout.areBytes && type.getLayout().isIdentity() &&
         layout.columns % 16 == 0;
}

int64_t squint::kernel::getBuffers(GemmOp op, const FragmentLayout &layout,
                                   const GpuTile &tile) {
  return copiesInput(op, layout) ? tile.stages : 2;
}

bool squint::kernel::addsUpInput(const FragmentLayout &layout) {
  return layout.format.hasMins() ||
         (layout.areBytes && layout.format.zeroPoint);
}

bool GpuTile::isKnown() const {
  auto isOneOf = [](int64_t value, ArrayRef<int64_t> known) {
    return llvm::is_contained(known, value);
  };
  if (sharesK())
    return isOneOf(rows, {8, 16, 32}) && isOneOf(outputs, {16, 32, 64}) &&
           isOneOf(split, {4, 8}) && stages >= 1 && stages <= 8 &&
           split * outputs * rows * 4 <= kNamedShared;
  return split == 1 && isOneOf(rows, {32, 64, 128}) &&
         isOneOf(outputs, {64, 128}) && stages >= 2 && stages <= 8;
}

std::string GpuTile::getName() const {
  std::string name = std::to_string(rows) + "x" + std::to_string(outputs);
  return sharesK() ? name + "k" + std::to_string(split) : name;
}

static llvm::Error checkChoices(ArrayRef<GpuTileChoice> choices) {
  auto refuse = [](const Twine &what) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), what);
  };
  int64_t last = 0;
  for (const GpuTileChoice &choice : choices) {
    const GpuTile &tile = choice.tile;
    if (!tile.isKnown())
      return refuse("expected tiles of 8, 16 or 32 rows and 16, 32 or 64 "
                    "outputs whose k 4 or 8 warps share, or of 32, 64 or 128 "
                    "rows and 64 or 128 outputs, in at most 8 stages, got " +
                    tile.getName() + " in " + Twine(tile.stages));
    bool isLast = &choice == &choices.back();
    if (isLast ? choice.mostRows != 0 : choice.mostRows <= last)
      return refuse("expected ascending numbers of rows, the last one 0, got " +
                    Twine(choice.mostRows));
    if (tile.sharesK() && (isLast || choice.mostRows > tile.rows))
      return refuse("expected at most " + Twine(tile.rows) +
                    " rows for the tile " + tile.getName());
    last = choice.mostRows;
  }
  return choices.empty() ? refuse("expected a tile") : llvm::Error::success();
}

llvm::Expected<SmallVector<GpuTileChoice>>
squint::kernel::parseGpuTiles(StringRef text) {
  SmallVector<GpuTileChoice> choices;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    GpuTileChoice choice{0, {0, 0, 1, 0}};
    auto &[rows, outputs, split, stages] = choice.tile;
    StringRef rest = part;
    if (rest.consumeInteger(10, choice.mostRows) || !rest.consume_front(":") ||
        rest.consumeInteger(10, rows) || !rest.consume_front("x") ||
        rest.consumeInteger(10, outputs) ||
        (rest.consume_front("k") && rest.consumeInteger(10, split)) ||
        !rest.consume_front("/") || rest.consumeInteger(10, stages) ||
        !rest.empty())
      return llvm::createStringError(
          llvm::inconvertibleErrorCode(),
          "expected tiles as MOST-ROWS:ROWSxOUTPUTS[kWARPS]/STAGES, got '" +
              part + "'");
    choices.push_back(choice);
  }
  if (llvm::Error error = checkChoices(choices))
    return std::move(error);
  return choices;
}

FailureOr<SmallVector<GpuTileChoice>>
squint::kernel::getGpuTiles(GemmOp op, const TargetInfo &target) {
  FragmentLayout layout = *getFragments(op);
  unsigned known = 0;
  for (const TileLine &line : kTileLines)
    if (line.areBytes == layout.areBytes &&
        line.capability <= target.capability)
      known = std::max(known, line.capability);
  SmallVector<GpuTileChoice> choices;
  for (const TileLine &line : kTileLines)
    if (line.areBytes == layout.areBytes && line.capability == known)
      choices.push_back(line.choice);
  if (llvm::Error error = checkChoices(choices))
    return op.emitError() << "tiles of " << target.cpu << ": "
                          << llvm::toString(std::move(error));
  return choices;
}

GpuTile squint::kernel::fitGpuTile(GemmOp op, GpuTile tile) {
  FragmentLayout layout = *getFragments(op);
  // Of large tiles, sums that are scaled within k, and those of the activations
  // beside them, take too many registers; long stages take too much memory.
  bool isGrouped = layout.areBytes &&
                   op.getActivationFormat()->getFormat().granularity ==
                       Granularity::Group,
       addsUp = addsUpInput(layout);
  if (tile.sharesK()) {
    if (isGrouped || addsUp)
      tile.outputs = FragmentLayout::rowsPerTile;
    return tile;
  }
  bool isPlain = !isGrouped && !addsUp && !layout.isGrouped() &&
                 (!layout.areBytes || layout.format.isInteger());
  auto fits = [&] {
    int64_t blocks = getStageBlocks(layout) * tile.rows,
            scales = layout.areBytes ? 2 * blocks * 4 : 0;
    return blocks * 16 * getBuffers(op, layout, tile) + scales <= kNamedShared;
  };
  if (!isPlain)
    tile.outputs = std::min<int64_t>(tile.outputs, 64);
  if (isGrouped || addsUp)
    tile.stages = 2;
  while (tile.rows > 64 && (!isPlain || !fits()))
    tile.rows /= 2;
  while (tile.stages > 2 && !fits())
    --tile.stages;
  return tile;
}

std::optional<GpuTile> squint::kernel::getGpuTile(GemmOp op) {
  std::optional<DictionaryAttr> tile = op.getTile();
  if (!tile || !getFragments(op))
    return std::nullopt;
  auto get = [&](StringRef name) {
    auto number = tile->getAs<IntegerAttr>(name);
    return number ? number.getInt() : 0;
  };
  return GpuTile{get("rows"), get("outputs"), get("split"), get("stages")};
}

void squint::kernel::setGpuTile(GemmOp op, const GpuTile &tile) {
  Builder b(op.getContext());
  auto number = [&](StringRef name, int64_t value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(value));
  };
  op.setTileAttr(b.getDictionaryAttr(
      {number("rows", tile.rows), number("outputs", tile.outputs),
       number("split", tile.split), number("stages", tile.stages)}));
}

Work squint::kernel::materializeGpuGemmWork(OpBuilder &builder, Location loc,
                                            GemmOp op, const GpuTile &tile) {
  TargetInfo none;
  KernelBuilder b(builder, loc, none);
  int64_t across = llvm::divideCeil(op.getPackedType().getRows(), tile.outputs);
  Value one = b.index(1);
  if (tile.sharesK())
    return {b.index(across), one};
  Value blocks = b.ceilDiv(b.dim(op.getOutputs()[0], 0), tile.rows);
  return {b.mul(blocks, across), one};
}
