//===- ExpandReshapes.cpp - reshapes as casts -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Conversion/Passes.h"

namespace squint {
#define GEN_PASS_DEF_EXPANDRESHAPES
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;

namespace {

struct ExpandReshapes : squint::impl::ExpandReshapesBase<ExpandReshapes> {
  void runOnOperation() override {
    getOperation().walk([&](memref::ExpandShapeOp op) { expand(op); });
  }

  void expand(memref::ExpandShapeOp op) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    auto value = [&](OpFoldResult number) {
      return getValueOrCreateConstantIndexOp(b, loc, number);
    };
    auto source = memref::ExtractStridedMetadataOp::create(b, loc, op.getSrc());
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(),
                              strides(sizes.size());
    SmallVector<OpFoldResult> sourceStrides =
        source.getConstifiedMixedStrides();
    for (auto [number, group] : llvm::enumerate(op.getReassociationIndices())) {
      OpFoldResult stride = sourceStrides[number];
      for (int64_t dim : llvm::reverse(group)) {
        strides[dim] = stride;
        auto x = getConstantIntValue(stride),
             y = getConstantIntValue(sizes[dim]);
        stride = x && y ? OpFoldResult(b.getIndexAttr(*x * *y))
                        : OpFoldResult(b.createOrFold<arith::MulIOp>(
                              loc, value(stride), value(sizes[dim])));
      }
    }
    // Dimensions of a scalar are all 1, whatever their strides.
    for (OpFoldResult &stride : strides)
      if (!stride)
        stride = b.getIndexAttr(1);
    // What the type says stands: it may know more than the operands, or less.
    SmallVector<int64_t> known;
    int64_t offset;
    (void)op.getResultType().getStridesAndOffset(known, offset);
    for (auto [stride, number] : llvm::zip_equal(strides, known))
      stride = ShapedType::isDynamic(number)
                   ? OpFoldResult(value(stride))
                   : OpFoldResult(b.getIndexAttr(number));
    OpFoldResult start = ShapedType::isDynamic(offset)
                             ? OpFoldResult(source.getOffset())
                             : OpFoldResult(b.getIndexAttr(offset));
    op.replaceAllUsesWith(memref::ReinterpretCastOp::create(
                              b, loc, op.getResultType(),
                              source.getBaseBuffer(), start, sizes, strides)
                              .getResult());
    op.erase();
  }
};

} // namespace
