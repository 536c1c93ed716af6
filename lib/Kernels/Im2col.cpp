//===- Im2col.cpp - patches of an image as rows -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Kernels.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {

class Im2colBuilder {
public:
  Im2colBuilder(KernelBuilder &b, Im2colOp op) : b(b), op(op) {}

  LogicalResult build(Units units) {
    auto type = cast<MemRefType>(op.getInput().getType());
    auto patchesType = cast<MemRefType>(op.getOutputs()[0].getType());
    if (type.getRank() != 4 || !type.hasStaticShape()
            ? type.getRank() != 4 || anyDynamic(type.getShape().drop_front())
            : false)
      return op->emitError()
             << "expected an image [N, H, W, C] of static size, got " << type;
    height = type.getDimSize(1);
    width = type.getDimSize(2);
    channels = type.getDimSize(3);
    element = type.getElementType();
    columns = op.getKernel()[0] * op.getKernel()[1] * channels;
    if (patchesType.getRank() != 2 || patchesType.getDimSize(1) != columns)
      return op->emitError() << "expected patches of " << columns
                             << " columns, got " << patchesType;
    input = flatten(b, op, op.getInput());
    patches = flatten(b, op, op.getOutputs()[0]);
    if (!input || !patches)
      return failure();
    if (isa<FloatType>(element))
      padding = b.constant(element, op.getPadValue());
    else
      padding = b.intConstant(element, op.getPadValue());
    b.loop(units.begin, units.end, 1, [&](Value row) {
      buildRow(row);
      if (op.getOutputs().size() > 1)
        buildSums(row);
    });
    return success();
  }

private:
  static bool anyDynamic(ArrayRef<int64_t> shape) {
    return llvm::any_of(shape, ShapedType::isDynamic);
  }

  Value clamp(Value value, int64_t low, int64_t high) {
    return b.min(b.max(value, b.index(low)), b.index(high));
  }

  /// Calls with vectors of 16 while they fit, then one by one.
  void forElements(Value count, llvm::function_ref<void(Value, bool)> body) {
    Value full = b.mul(b.div(count, kLanes), kLanes);
    b.loop(b.index(0), full, kLanes, [&](Value i) { body(i, true); });
    std::optional<int64_t> known = getConstantIntValue(count);
    if (!known || *known % kLanes)
      b.loop(full, count, 1, [&](Value i) { body(i, false); });
  }

  void fill(Value to, Value count) {
    forElements(count, [&](Value i, bool wide) {
      if (wide)
        b.store(b.splat(padding), patches, b.add(to, i));
      else
        memref::StoreOp::create(b, padding, patches, ValueRange{b.add(to, i)});
    });
  }

  void copy(Value from, Value to, Value count) {
    forElements(count, [&](Value i, bool wide) {
      if (wide)
        b.store(b.load(b.vec(element), input, b.add(from, i)), patches,
                b.add(to, i));
      else
        memref::StoreOp::create(
            b, memref::LoadOp::create(b, input, ValueRange{b.add(from, i)}),
            patches, ValueRange{b.add(to, i)});
    });
  }

  void buildRow(Value row) {
    int64_t outHeight = op.getOut()[0], outWidth = op.getOut()[1];
    int64_t kernelHeight = op.getKernel()[0], kernelWidth = op.getKernel()[1];
    Value image = b.div(row, outHeight * outWidth),
          pixel = b.rem(row, outHeight * outWidth);
    // In index arithmetic a position above or left of the image is negative.
    Value top = b.sub(b.mul(b.div(pixel, outWidth), op.getStrides()[0]),
                      b.index(op.getPads()[0]));
    Value left = b.sub(b.mul(b.rem(pixel, outWidth), op.getStrides()[1]),
                       b.index(op.getPads()[1]));
    Value start = b.mul(row, columns);
    b.loop(b.index(0), b.index(kernelHeight), 1, [&](Value i) {
      Value y = b.add(top, b.mul(i, op.getDilations()[0]));
      Value to = b.add(start, b.mul(i, kernelWidth * channels));
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, y,
                                           b.index(height));
      Value line = b.mul(b.add(b.mul(image, height), y), width);
      auto outside = [&] { fill(to, b.index(kernelWidth * channels)); };
      b.ifElse(
          inside,
          [&] {
            if (op.getDilations()[1] == 1)
              buildLine(line, left, to, kernelWidth);
            else
              buildTaps(line, left, to, kernelWidth);
          },
          outside);
    });
  }

  /// Neighbouring taps are contiguous: padding, one copy, padding.
  void buildLine(Value line, Value left, Value to, int64_t kernelWidth) {
    Value begin = clamp(b.sub(b.index(0), left), 0, kernelWidth);
    Value end =
        b.max(clamp(b.sub(b.index(width), left), 0, kernelWidth), begin);
    bool padded = op.getPads()[1] || op.getPads()[3];
    if (!padded) {
      copy(b.mul(b.add(line, left), channels), to,
           b.index(kernelWidth * channels));
      return;
    }
    Value whole = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, b.sub(end, begin), b.index(kernelWidth));
    b.ifElse(
        whole,
        [&] {
          copy(b.mul(b.add(line, left), channels), to,
               b.index(kernelWidth * channels));
        },
        [&] {
          fill(to, b.mul(begin, channels));
          Value middle = b.add(to, b.mul(begin, channels));
          copy(b.mul(b.add(b.add(line, left), begin), channels), middle,
               b.mul(b.sub(end, begin), channels));
          fill(b.add(to, b.mul(end, channels)),
               b.mul(b.sub(b.index(kernelWidth), end), channels));
        });
  }

  void buildTaps(Value line, Value left, Value to, int64_t kernelWidth) {
    b.loop(b.index(0), b.index(kernelWidth), 1, [&](Value j) {
      Value x = b.add(left, b.mul(j, op.getDilations()[1]));
      Value at = b.add(to, b.mul(j, channels));
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, x,
                                           b.index(width));
      b.ifElse(
          inside,
          [&] { copy(b.mul(b.add(line, x), channels), at, b.index(channels)); },
          [&] { fill(at, b.index(channels)); });
    });
  }

  void buildSums(Value row) {
    Value sums = op.getOutputs()[1], start = b.mul(row, columns);
    int64_t part = op.getSumGroup()
                       ? std::min<int64_t>(op.getSumGroup(), columns)
                       : columns;
    auto sum = [&](Value number, int64_t length) {
      Value none = b.intConstant(b.i32s(), 0);
      Values total = b.lanes(
          b.index(length), none,
          [&](Value k, Value mask, ValueRange current) -> Values {
            Value at = b.add(b.add(start, b.mul(number, part)), k);
            Value codes = b.load(b.vec(b.getI8Type()), patches, at, mask);
            return {arith::AddIOp::create(
                b, current[0], arith::ExtSIOp::create(b, b.i32s(), codes))};
          });
      memref::StoreOp::create(b, b.reduceAdd(total[0]), sums,
                              ValueRange{row, number});
    };
    int64_t full = columns / part;
    if (full == 1)
      sum(b.index(0), part);
    else
      b.loop(b.index(0), b.index(full), 1, [&](Value i) { sum(i, part); });
    if (columns % part)
      sum(b.index(full), columns % part);
  }

  KernelBuilder &b;
  Im2colOp op;
  int64_t height = 0, width = 0, channels = 0, columns = 0;
  Type element;
  Value input, patches, padding;
};

} // namespace

LogicalResult squint::kernel::buildIm2col(KernelBuilder &b, Im2colOp op,
                                          Units units) {
  return Im2colBuilder(b, op).build(units);
}
