//===- FakeQuantize.cpp - quantized values as rounded floats ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Numerics/Packed.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_FAKEQUANTIZE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct FakeQuantize : squint::impl::FakeQuantizeBase<FakeQuantize> {
  void runOnOperation() override;

private:
  LogicalResult replaceWeight(DequantizeOp op, ConstantOp packed);
  LogicalResult replaceActivation(DequantizeOp op, QuantizeOp quantize);
};
} // namespace

static Value createScales(OpBuilder &builder, Location loc,
                          ArrayRef<int64_t> shape, ArrayRef<double> scales) {
  Type f32 = builder.getF32Type();
  return ConstantOp::create(builder, loc,
                            makeConstant(RankedTensorType::get(shape, f32),
                                         encodeNumbers(f32, scales)));
}

static Value createZeroPoints(OpBuilder &builder, Location loc, Type element,
                              ArrayRef<int64_t> shape,
                              ArrayRef<int64_t> zeros) {
  auto type = RankedTensorType::get(shape, element);
  std::vector<char> codes(zeros.begin(), zeros.end());
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 8)
    return ConstantOp::create(builder, loc, makeConstant(type, codes));
  // Inline an element has a byte, in a store its bits.
  if (llvm::all_equal(zeros))
    return ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, APInt(width, codes.front() & 15)));
  if (codes.size() <= 1024)
    return ConstantOp::create(
        builder, loc,
        cast<TypedAttr>(DenseElementsAttr::getFromRawBuffer(type, codes)));
  std::vector<uint32_t> bits(zeros.begin(), zeros.end());
  DataAttr data =
      builder.getContext()
          ->getLoadedDialect<SquintDialect>()
          ->getStores()
          .create(type, (bits.size() + 1) / 2, [&](MutableArrayRef<char> out) {
            packCodes(bits.data(), bits.size(), width, out.data());
          });
  return ConstantOp::create(builder, loc, cast<TypedAttr>(data));
}

/// Whether every value is a code less a zero point, times a scale.
static bool isGrid(const Format &format) {
  return format.isInteger() && format.hasScale() && !format.blocks() &&
         !format.hasMins() && !format.isBilevel() && !format.sparse &&
         !format.outliers;
}

LogicalResult FakeQuantize::replaceWeight(DequantizeOp op, ConstantOp packed) {
  auto type = cast<RankedTensorType>(op.getType());
  PackedType packedType = op.getInput().getType();
  Format format = packedType.getFormat();
  bool isGrouped = format.granularity == Granularity::Group;
  if (!isGrid(format) || !type.getElementType().isF32() ||
      (isGrouped && type.getRank() != 2))
    return refusal(op.emitError())
           << "expected a weight of f32 in integers with scales (of groups "
              "only for matrices) to train, got "
           << type << " as " << format.str();
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(packed.getValue(), scratch);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());
  PackedView view(bytes->data(), format, packedType.getRows(),
                  packedType.getColumns());
  const PlainLayout &layout = view.layout();
  SmallVector<int64_t> shape;
  if (isGrouped)
    shape = {layout.scaleRows, layout.groups};
  else if (format.granularity == Granularity::Channel)
    shape = {layout.scaleRows};
  SmallVector<double> scales;
  SmallVector<int64_t> zeros;
  for (int64_t row = 0; row < layout.scaleRows; ++row)
    for (int64_t group = 0; group < layout.groups; ++group) {
      int64_t column = group * layout.groupSize;
      double scale = view.scale(row, column);
      // Zeros are zeros on any grid, and nothing is divided by 0.
      scales.push_back(scale == 0 ? 1 : scale);
      zeros.push_back(view.zeroPoint(row, column));
    }
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value floats;
  if (auto original = op->getAttrOfType<TypedAttr>(kOriginalAttr)) {
    floats = ConstantOp::create(builder, packed.getLoc(), original);
  } else {
    std::vector<float> values(layout.rows * layout.columns);
    view.dequantizeRows(0, layout.rows, values.data());
    floats = ConstantOp::create(
        builder, packed.getLoc(),
        makeConstant(type,
                     ArrayRef(reinterpret_cast<const char *>(values.data()),
                              values.size() * sizeof(float))));
  }
  Type element = builder.getIntegerType(format.bits() == 4 ? 4 : 8);
  if (format.zeroPoint)
    element = IntegerType::get(&getContext(), element.getIntOrFloatBitWidth(),
                               IntegerType::Unsigned);
  auto fake = FakeQuantizeOp::create(
      builder, loc, type, floats, createScales(builder, loc, shape, scales),
      createZeroPoints(builder, loc, element, shape, zeros), format.minCode(),
      format.maxCode(), int64_t(isGrouped), isGrouped ? layout.groupSize : 0);
  op.replaceAllUsesWith(fake.getResult());
  ++numWeights;
  return success();
}

LogicalResult FakeQuantize::replaceActivation(DequantizeOp op,
                                              QuantizeOp quantize) {
  auto type = cast<RankedTensorType>(op.getType());
  Format format = quantize.getResult().getType().getFormat();
  if (!quantize.getScale() || !isGrid(format) ||
      !type.getElementType().isF32() || quantize.getInput().getType() != type)
    return refusal(op.emitError())
           << "expected an activation of f32 with one static scale to train "
              "with, got "
           << type << " as " << format.str();
  OpBuilder builder(op);
  Location loc = op.getLoc();
  double scale = quantize.getScale()->convertToFloat();
  auto zero = static_cast<int32_t>(quantize.getZeroPoint().value_or(0));
  auto fake = FakeQuantizeOp::create(
      builder, loc, type, quantize.getInput(),
      createScales(builder, loc, {}, {scale == 0 ? 1 : scale}),
      createZeroPoints(builder, loc, builder.getI8Type(), {}, {zero}),
      /*low=*/-128, /*high=*/127, /*axis=*/0, /*block_size=*/0);
  if (FailureOr<SmallVector<DimExpr>> dims = getDims(op.getResult());
      succeeded(dims))
    setDims(fake, {*dims});
  op.replaceAllUsesWith(fake.getResult());
  ++numActivations;
  return success();
}

void FakeQuantize::runOnOperation() {
  SmallVector<DequantizeOp> decoded;
  getOperation().walk([&](DequantizeOp op) { decoded.push_back(op); });
  for (DequantizeOp op : decoded) {
    Operation *source = op.getInput().getDefiningOp();
    LogicalResult replaced = failure();
    if (auto packed = dyn_cast_if_present<ConstantOp>(source))
      replaced = replaceWeight(op, packed);
    else if (auto quantize = dyn_cast_if_present<QuantizeOp>(source))
      replaced = replaceActivation(op, quantize);
    else
      replaced = refusal(op.emitError())
                 << "expected codes that are made from floats to train with";
    if (failed(replaced))
      return signalPassFailure();
    op.erase();
    if (source->use_empty())
      source->erase();
  }
}
