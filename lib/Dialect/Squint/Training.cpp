//===- Training.cpp - verifiers of what training needs ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/Training.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintTraining.cpp.inc"

/// Whether two shapes can be the same at run time.
static bool compatible(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return succeeded(verifyCompatibleShape(a, b));
}

bool FakeQuantizeOp::isScaledBy(RankedTensorType input, RankedTensorType scale,
                                int64_t axis, int64_t blockSize) {
  int64_t rank = input.getRank();
  if (axis < 0 || axis >= std::max<int64_t>(rank, 1) || blockSize < 0)
    return false;
  if (!blockSize)
    return scale.getRank() == 0 ||
           (scale.getRank() == 1 &&
            (scale.getDimSize(0) == 1 ||
             (rank &&
              compatible(scale.getShape(), input.getShape().slice(axis, 1)))));
  SmallVector<int64_t> expected(input.getShape());
  if (rank && !ShapedType::isDynamic(expected[axis]))
    expected[axis] = llvm::divideCeil(expected[axis], blockSize);
  return rank && compatible(scale.getShape(), expected);
}

LogicalResult FakeQuantizeOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (getResult().getType() != input || !input.getElementType().isF32() ||
      !cast<RankedTensorType>(getScale().getType()).getElementType().isF32())
    return emitOpError() << "expected f32 and a result of the input's type, "
                            "got "
                         << input << ", " << getScale().getType() << " and "
                         << getResult().getType();
  if (!isScaledBy(input, cast<RankedTensorType>(getScale().getType()),
                  static_cast<int64_t>(getAxis()),
                  static_cast<int64_t>(getBlockSize())))
    return emitOpError() << "expected one scale, one for each index of an "
                            "axis, or one for each block of it, got "
                         << getScale().getType();
  int64_t low = static_cast<int64_t>(getLow()),
          high = static_cast<int64_t>(getHigh());
  unsigned width = 8;
  bool isUnsigned = low >= 0;
  if (getZeroPoint()) {
    auto zero = cast<RankedTensorType>(getZeroPoint().getType());
    auto element = dyn_cast<IntegerType>(zero.getElementType());
    if (!element || element.getWidth() > 8 ||
        !compatible(zero.getShape(),
                    cast<RankedTensorType>(getScale().getType()).getShape()))
      return emitOpError() << "expected zero points of at most 8 bits in the "
                              "shape of the scales, got "
                           << zero;
    width = element.getWidth();
    isUnsigned = element.isUnsigned();
  }
  int64_t least = isUnsigned ? 0 : -(int64_t(1) << (width - 1)),
          most = least + (int64_t(1) << width) - 1;
  if (low < least || high > most || low >= high)
    return emitOpError() << "expected codes from " << least << " to " << most
                         << ", got [" << low << ", " << high << "]";
  return success();
}

LogicalResult LoraOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto a = cast<RankedTensorType>(getA().getType());
  auto b = cast<RankedTensorType>(getB().getType());
  auto base = cast<RankedTensorType>(getBase().getType());
  for (RankedTensorType type : {a, b})
    if (Type element = type.getElementType();
        !element.isF32() && !element.isF16() && !element.isBF16())
      return emitOpError() << "expected matrices of f32, f16 or bf16, got "
                           << type;
  if (a.getRank() != 2 || b.getRank() != 2 || !a.hasStaticShape() ||
      !b.hasStaticShape() || a.getDimSize(0) != b.getDimSize(1))
    return emitOpError() << "expected matrices [rank, inputs] and [outputs, "
                            "rank], got "
                         << a << " and " << b;
  SmallVector<int64_t> expected(input.getShape());
  if (input.getRank() < 1 || !compatible(expected.back(), a.getDimSize(1)))
    return emitOpError() << "expected the input's last dimension to be "
                         << a.getDimSize(1) << ", got " << input;
  expected.back() = b.getDimSize(0);
  if (!compatible(base.getShape(), expected))
    return emitOpError() << "expected a base of shape [" << expected
                         << "], got " << base;
  return success();
}
