//===- ExpandWindows.cpp - patches of images, written out -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Targets.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_EXPANDWINDOWS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
/// What a product with a window reads, as tensors.
class Patches {
public:
  explicit Patches(kernel::GemmOp op)
      : op(op), window(op.getWindowAttr()), b(op.getLoc(), op),
        input(op.getInput()), type(cast<RankedTensorType>(input.getType())),
        columns(op.getPackedType().getColumns()) {}

  /// [N * OH * OW, kh * kw * C].
  Value write();
  /// [rows, columns / group] of codes, i32; `group` divides the columns, or is
  /// 0 for all of them.
  Value addUp(Value patches, int64_t group);

private:
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  /// A position in the image on one axis, and whether it is inside; null where
  /// it always is.
  std::pair<Value, Value> locate(int64_t axis);

  kernel::GemmOp op;
  kernel::WindowAttr window;
  ImplicitLocOpBuilder b;
  Value input;
  RankedTensorType type;
  int64_t columns;
};

struct ExpandWindows : squint::impl::ExpandWindowsBase<ExpandWindows> {
  void runOnOperation() override;
};
} // namespace

std::pair<Value, Value> Patches::locate(int64_t axis) {
  Value at = arith::AddIOp::create(
      b,
      arith::MulIOp::create(b, linalg::IndexOp::create(b, 1 + axis),
                            index(window.getStrides()[axis])),
      arith::MulIOp::create(b, linalg::IndexOp::create(b, 3 + axis),
                            index(window.getDilations()[axis])));
  if (window.getPads()[axis] == 0 && window.getPads()[2 + axis] == 0)
    return {at, Value()};
  at = arith::SubIOp::create(b, at, index(window.getPads()[axis]));
  int64_t last = type.getDimSize(1 + axis) - 1;
  // One comparison: what is negative is large without a sign.
  Value isInside =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ule, at, index(last));
  at = arith::MaxSIOp::create(b, at, index(0));
  return {arith::MinSIOp::create(b, at, index(last)), isInside};
}

Value Patches::write() {
  Type element = type.getElementType();
  ArrayRef<int64_t> out = window.getOut(), kernel = window.getKernel();
  SmallVector<OpFoldResult> sizes{
      tensor::getMixedSize(b, op.getLoc(), input, 0)};
  for (int64_t size :
       {out[0], out[1], kernel[0], kernel[1], type.getDimSize(3)})
    sizes.push_back(b.getIndexAttr(size));
  Value init = tensor::EmptyOp::create(b, sizes, element);
  auto identity = b.getMultiDimIdentityMap(6);
  SmallVector<utils::IteratorType> parallel(6, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, init.getType(), ValueRange(), init, identity, parallel,
      [&](OpBuilder &nested, Location, ValueRange) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPoint(nested.getInsertionBlock(),
                            nested.getInsertionPoint());
        auto [y, isRow] = locate(0);
        auto [x, isColumn] = locate(1);
        Value value = tensor::ExtractOp::create(
            b, input,
            ValueRange{linalg::IndexOp::create(b, 0), y, x,
                       linalg::IndexOp::create(b, 5)});
        TypedAttr outside = b.getZeroAttr(element);
        if (isa<IntegerType>(element))
          outside = b.getIntegerAttr(element, window.getPadValue());
        for (Value isInside : {isRow, isColumn})
          if (isInside)
            value = arith::SelectOp::create(
                b, isInside, value, arith::ConstantOp::create(b, outside));
        linalg::YieldOp::create(b, value);
      });
  return tensor::CollapseShapeOp::create(
      b, generic.getResult(0),
      ArrayRef<ReassociationIndices>{{0, 1, 2}, {3, 4, 5}});
}

Value Patches::addUp(Value patches, int64_t group) {
  group = group ? group : columns;
  auto matrix = cast<RankedTensorType>(patches.getType());
  OpFoldResult rows = tensor::getMixedSize(b, op.getLoc(), patches, 0);
  SmallVector<OpFoldResult> sizes{rows, b.getIndexAttr(columns / group),
                                  b.getIndexAttr(group)};
  Value groups = tensor::ExpandShapeOp::create(
      b,
      RankedTensorType::get({matrix.getDimSize(0), columns / group, group},
                            matrix.getElementType()),
      patches, ArrayRef<ReassociationIndices>{{0}, {1, 2}}, sizes);
  Type i32 = b.getI32Type();
  sizes.pop_back();
  Value init = tensor::EmptyOp::create(b, sizes, i32);
  Value zero = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  init = linalg::FillOp::create(b, zero, init).getResult(0);
  AffineMap all = b.getMultiDimIdentityMap(3);
  utils::IteratorType kinds[] = {utils::IteratorType::parallel,
                                 utils::IteratorType::parallel,
                                 utils::IteratorType::reduction};
  return linalg::GenericOp::create(
             b, init.getType(), groups, init,
             ArrayRef<AffineMap>{all, all.dropResult(2)}, kinds,
             [&](OpBuilder &nested, Location loc, ValueRange values) {
               Value code = arith::ExtSIOp::create(nested, loc, i32, values[0]);
               linalg::YieldOp::create(
                   nested, loc,
                   arith::AddIOp::create(nested, loc, code, values[1])
                       .getResult());
             })
      .getResult(0);
}

void ExpandWindows::runOnOperation() {
  ModuleOp module = getOperation();
  if (!isForDevice(module))
    return;
  module.walk([&](kernel::GemmOp op) {
    auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
    if (!op.getWindow() || !type)
      return;
    int64_t group = 0, columns = op.getPackedType().getColumns();
    if (auto format = op.getActivationFormat()) {
      llvm::Expected<int64_t> size = kernel::getSumGroup(
          op.getPackedType().getFormat(), format->getFormat());
      if (!size || (*size && columns % *size != 0)) {
        llvm::consumeError(size.takeError());
        return;
      }
      group = *size;
    }
    Patches patches(op);
    Value matrix = patches.write();
    op.getInputMutable().assign(matrix);
    if (op.getActivationFormat())
      op.getSumsMutable().assign(patches.addUp(matrix, group));
    op.removeWindowAttr();
    ++numExpanded;
  });
}
