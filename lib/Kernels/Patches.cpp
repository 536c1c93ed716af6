//===- Patches.cpp - patches of images as rows of a matrix ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Rows ascend, and so do the pieces of a row: a vector may be written past the
// end of its piece where another one follows, and past the last row into slack.
//===----------------------------------------------------------------------===//

#include "Patches.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

namespace {
/// Scratch memory that stays in the second level of caches.
constexpr int64_t kPatchBytes = 256 << 10;
/// Elements that may be read or written past the last row.
constexpr int64_t kSlack = 64;
/// Lines of fewer pixels are tiles of too few rows.
constexpr int64_t kMinLine = 8;
/// Bytes whose sums are taken at a time.
constexpr int64_t kWide = 4 * kLanes;
} // namespace

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

bool PatchBuilder::hasLines(int64_t step) const {
  return step && channels % step == 0 && channels % kLanes == 0 &&
         window.getOut()[1] >= kMinLine && (!part || part == columns);
}

LogicalResult PatchBuilder::prepare(int64_t maxRows, int64_t sumGroup,
                                    int64_t step, PatchCodes kind) {
  this->kind = kind;
  window = *op.getWindow();
  auto type = cast<MemRefType>(op.getInput().getType());
  if (llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic))
    return op->emitError() << "expected an image [N, H, W, C] of static size, "
                              "got "
                           << type;
  height = type.getDimSize(1);
  width = type.getDimSize(2);
  channels = type.getDimSize(3);
  element = type.getElementType();
  columns = window.getKernel()[0] * window.getKernel()[1] * channels;
  input = flatten(b, op, op.getInput());
  if (!input)
    return failure();
  imageSize = b.dim(input, 0);
  bool codes = !isa<FloatType>(element);
  if (codes)
    part = sumGroup ? std::min(sumGroup, columns) : columns;
  int64_t code =
      window.getPadValue() ^ (kind == PatchCodes::Unsigned ? -128 : 0);
  padding = codes ? b.intConstant(element, code)
                  : b.constant(element, window.getPadValue());

  int64_t most = kPatchBytes * 8 / element.getIntOrFloatBitWidth();
  rows = std::clamp<int64_t>(most / columns, 1, maxRows);
  rowStride = codes ? llvm::alignTo(columns, 4) : columns;
  int64_t size = rows * rowStride;
  int64_t inLine = std::min(maxRows, window.getOut()[1]),
          pixels = (inLine - 1) * window.getStrides()[1] +
                   window.getDilations()[1] * (window.getKernel()[1] - 1) + 1,
          lines = window.getKernel()[0] * pixels * channels;
  if (hasLines(step) && lines <= most) {
    linePixels = pixels;
    rows = inLine;
    size = lines;
    if (codes && kind == PatchCodes::Summed)
      quads = b.scratch(pixels * channels / 4 + kSlack, b.getI32Type());
  }
  scratch = b.scratch(size + kSlack, element);
  if (codes && kind == PatchCodes::Summed)
    sums = b.scratch(rows * getNumSums(), b.getI32Type());
  return success();
}

Value PatchBuilder::view(Value row, int64_t rows, Value k, int64_t count) {
  Value local = b.sub(row, first);
  int64_t stride = rowStride;
  Value offset;
  if (linePixels) {
    // A line's part of a patch is contiguous, or a tap's where there are gaps.
    int64_t taps = window.getKernel()[1], gap = window.getDilations()[1];
    int64_t piece = gap == 1 ? taps * channels : channels;
    Value number = b.div(k, piece), within = b.rem(k, b.index(piece));
    Value line = gap == 1 ? number : b.div(number, taps);
    stride = window.getStrides()[1] * channels;
    offset = b.add(b.mul(line, linePixels * channels), within);
    if (gap != 1)
      offset =
          b.add(offset, b.mul(b.rem(number, b.index(taps)), gap * channels));
  } else {
    offset = k;
  }
  offset = b.add(b.mul(local, stride), offset);
  auto layout =
      StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {stride, 1});
  return memref::ReinterpretCastOp::create(
      b, MemRefType::get({rows, count}, element, layout), scratch,
      OpFoldResult(offset),
      ArrayRef<OpFoldResult>{b.getIndexAttr(rows), b.getIndexAttr(count)},
      ArrayRef<OpFoldResult>{b.getIndexAttr(stride), b.getIndexAttr(1)});
}

Value PatchBuilder::loadSum(Value row, Value number) {
  Value at = b.add(b.mul(b.sub(row, first), getNumSums()), number);
  return memref::LoadOp::create(b, sums, ValueRange{at});
}

void PatchBuilder::forRows(Value row, Value count,
                           llvm::function_ref<void(Value, Value)> body) {
  if (!linePixels) {
    b.loop(b.index(0), count, rows, [&](Value start) {
      Value some = b.min(b.sub(count, start), b.index(rows));
      first = b.add(row, start);
      b.loop(b.index(0), some, 1,
             [&](Value i) { writeRow(b.add(first, i), b.mul(i, rowStride)); });
      // Not at once: what was just stored is slow to read in other pieces.
      if (sums)
        b.loop(b.index(0), some, 1, [&](Value i) { sumRow(i); });
      body(first, some);
    });
    return;
  }
  // Parts of lines of the output.
  int64_t outWidth = window.getOut()[1];
  Value end = b.add(row, count);
  b.loop(b.div(row, outWidth), b.ceilDiv(end, outWidth), 1, [&](Value line) {
    first = b.max(row, b.mul(line, outWidth));
    Value some = b.sub(b.min(end, b.mul(b.add(line, 1), outWidth)), first);
    writeLines(first, some);
    if (sums)
      sumLines(some);
    body(first, some);
  });
}

Value PatchBuilder::keep(Value codes) {
  if (kind != PatchCodes::Unsigned)
    return codes;
  return arith::XOrIOp::create(b, codes, b.intConstant(codes.getType(), -128));
}

void PatchBuilder::fill(Value to, Value count) {
  Value full = b.mul(b.div(count, kLanes), kLanes);
  b.loop(b.index(0), full, kLanes,
         [&](Value i) { b.store(b.splat(padding), scratch, b.add(to, i)); });
  if (linePixels)
    return; // whole pixels
  b.loop(full, count, 1, [&](Value i) {
    memref::StoreOp::create(b, padding, scratch, ValueRange{b.add(to, i)});
  });
}

/// Whole vectors while the image has them: the last one may reach past the
/// piece.
void PatchBuilder::copy(Value from, Value to, int64_t count) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8, done = 0;
  auto move = [&](Value at, int64_t lanes) {
    b.store(keep(b.load(b.vec(element, lanes), input, b.add(from, at))),
            scratch, b.add(to, at));
  };
  constexpr int64_t unrolled = 8;
  for (int64_t lanes : {64 / bytes, kLanes}) {
    int64_t end = done + (count - done) / lanes * lanes;
    if ((end - done) / lanes > unrolled)
      b.loop(b.index(done), b.index(end), lanes,
             [&](Value at) { move(at, lanes); });
    else
      for (int64_t at = done; at < end; at += lanes)
        move(b.index(at), lanes);
    done = end;
  }
  if (done == count)
    return;
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                     b.add(from, done + kLanes), imageSize);
  b.ifElse(
      fits, [&] { move(b.index(done), kLanes); },
      [&] {
        b.loop(b.index(done), b.index(count), 1, [&](Value i) {
          Value one =
              memref::LoadOp::create(b, input, ValueRange{b.add(from, i)});
          memref::StoreOp::create(b, keep(one), scratch,
                                  ValueRange{b.add(to, i)});
        });
      });
}

/// Any number of elements, none past the last one.
void PatchBuilder::copy(Value from, Value to, Value count) {
  Value start = b.index(0);
  for (int64_t lanes : {4 * kLanes, kLanes, int64_t(1)}) {
    if (lanes == 1 && linePixels)
      break; // whole pixels
    Value end = b.mul(b.div(count, lanes), lanes);
    b.loop(start, end, lanes, [&](Value i) {
      b.store(keep(b.load(b.vec(element, lanes), input, b.add(from, i))),
              scratch, b.add(to, i));
    });
    start = end;
  }
}

Value PatchBuilder::inside(Value position, int64_t size) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, position,
                               b.index(size));
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// What `count` rows read, which are in one line of the output.
void PatchBuilder::writeLines(Value row, Value count) {
  int64_t outHeight = window.getOut()[0], outWidth = window.getOut()[1];
  Value line = b.div(row, outWidth), image = b.div(line, outHeight);
  Value top =
      b.sub(b.mul(b.rem(line, b.index(outHeight)), window.getStrides()[0]),
            b.index(window.getPads()[0]));
  Value left =
      b.sub(b.mul(b.rem(row, b.index(outWidth)), window.getStrides()[1]),
            b.index(window.getPads()[1]));
  int64_t reach = window.getDilations()[1] * (window.getKernel()[1] - 1) + 1;
  Value span =
      b.add(b.mul(b.sub(count, b.index(1)), window.getStrides()[1]), reach);
  b.loop(b.index(0), b.index(window.getKernel()[0]), 1, [&](Value i) {
    Value y = b.add(top, b.mul(i, window.getDilations()[0]));
    Value to = b.mul(i, linePixels * channels);
    b.ifElse(
        inside(y, height),
        [&] {
          writeLine(b.mul(b.add(b.mul(image, height), y), width), left, span,
                    to);
        },
        [&] { fill(to, b.mul(span, channels)); });
  });
}

/// `span` pixels of a line of the image: padding, one copy, padding.
void PatchBuilder::writeLine(Value line, Value left, Value span, Value to) {
  auto clamp = [&](Value value) {
    return b.min(b.max(value, b.index(0)), span);
  };
  Value begin = clamp(b.sub(b.index(0), left));
  Value end = b.max(clamp(b.sub(b.index(width), left)), begin);
  fill(to, b.mul(begin, channels));
  copy(b.mul(b.add(b.add(line, left), begin), channels),
       b.add(to, b.mul(begin, channels)), b.mul(b.sub(end, begin), channels));
  fill(b.add(to, b.mul(end, channels)), b.mul(b.sub(span, end), channels));
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void PatchBuilder::writeRow(Value row, Value to) {
  int64_t outHeight = window.getOut()[0], outWidth = window.getOut()[1];
  int64_t taps = window.getKernel()[1];
  Value image = b.div(row, outHeight * outWidth),
        pixel = b.rem(row, b.index(outHeight * outWidth));
  // In index arithmetic a position above or left of the image is negative.
  Value top = b.sub(b.mul(b.div(pixel, outWidth), window.getStrides()[0]),
                    b.index(window.getPads()[0]));
  Value left =
      b.sub(b.mul(b.rem(pixel, b.index(outWidth)), window.getStrides()[1]),
            b.index(window.getPads()[1]));
  // Whether the window lies between the sides of the image.
  Value whole;
  if (window.getPads()[1] || window.getPads()[3])
    whole = taps > width ? b.intConstant(b.getI1Type(), 0)
                         : inside(left, width - taps + 1);
  for (int64_t i = 0; i < window.getKernel()[0]; ++i) {
    Value y = b.add(top, i * window.getDilations()[0]);
    Value at = b.add(to, i * taps * channels);
    Value line = b.mul(b.add(b.mul(image, height), y), width);
    auto copyAll = [&] {
      copy(b.mul(b.add(line, left), channels), at, taps * channels);
    };
    auto write = [&] {
      if (window.getDilations()[1] != 1)
        writeTaps(line, left, at);
      else if (whole)
        b.ifElse(whole, copyAll,
                 [&] { writeLine(line, left, b.index(taps), at); });
      else
        copyAll();
    };
    if (window.getPads()[0] || window.getPads()[2])
      b.ifElse(inside(y, height), write,
               [&] { fill(at, b.index(taps * channels)); });
    else
      write();
  }
  // The next row, or slack, follows.
  if (rowStride != columns)
    b.store(b.intConstant(b.vec(element), 0), scratch, b.add(to, columns));
}

void PatchBuilder::writeTaps(Value line, Value left, Value to) {
  b.loop(b.index(0), b.index(window.getKernel()[1]), 1, [&](Value j) {
    Value x = b.add(left, b.mul(j, window.getDilations()[1]));
    Value at = b.add(to, b.mul(j, channels));
    b.ifElse(
        inside(x, width),
        [&] { copy(b.mul(b.add(line, x), channels), at, channels); },
        [&] { fill(at, b.index(channels)); });
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Adds the codes of `count` bytes, at most 64, plus 128 each, four to a lane:
/// products with ones of the codes made unsigned.
Value PatchBuilder::sumBytes(Value total, Value at, int64_t count) {
  auto bytes = b.vec(b.getI8Type(), kWide);
  Value codes = arith::XOrIOp::create(b, b.load(bytes, scratch, at),
                                      b.intConstant(bytes, -128));
  if (count < kWide) {
    // Bytes past the piece, or past all rows, count nothing.
    SmallVector<int8_t> keep(kWide, 0);
    std::fill_n(keep.begin(), count, -1);
    codes = arith::AndIOp::create(
        b, codes,
        arith::ConstantOp::create(
            b, DenseElementsAttr::get(bytes, ArrayRef<int8_t>(keep))));
  }
  return DotOp::create(b, total.getType(), total, codes, b.i32(0x01010101),
                       /*weight_min=*/0, /*weight_max=*/255, /*input_min=*/1,
                       /*input_max=*/1);
}

void PatchBuilder::sumRow(Value number) {
  Value start = b.mul(number, rowStride);
  int64_t parts = getNumSums();
  for (int64_t i = 0; i < parts; ++i) {
    int64_t from = i * part, length = std::min(part, columns - from);
    Value total = b.intConstant(b.i32s(), 0);
    for (int64_t k = 0; k < length; k += kWide)
      total =
          sumBytes(total, b.add(start, from + k), std::min(kWide, length - k));
    Value sum = arith::SubIOp::create(b, b.reduceAdd(total),
                                      b.i32(128 * static_cast<int>(length)));
    memref::StoreOp::create(b, sum, sums,
                            ValueRange{b.add(b.mul(number, parts), i)});
  }
}

/// First the sums of four codes of all lines, then those of each row.
void PatchBuilder::sumLines(Value count) {
  int64_t size = linePixels * channels, lines = window.getKernel()[0],
          taps = window.getKernel()[1], gap = window.getDilations()[1];
  b.loop(b.index(0), b.index(llvm::alignTo(size, kWide)), kWide, [&](Value at) {
    Value total = b.intConstant(b.i32s(), 0);
    for (int64_t i = 0; i < lines; ++i)
      total = sumBytes(total, b.add(at, i * size), kWide);
    b.store(total, quads, b.div(at, 4));
  });
  int64_t pieces = gap == 1 ? 1 : taps, length = columns / lines / pieces / 4;
  b.loop(b.index(0), count, 1, [&](Value row) {
    Value start = b.mul(row, window.getStrides()[1] * channels / 4);
    Value total = b.intConstant(b.i32s(), 0);
    for (int64_t j = 0; j < pieces; ++j)
      for (int64_t k = 0; k < length; k += kLanes) {
        Value some =
            b.load(b.i32s(), quads, b.add(start, j * gap * channels / 4 + k));
        if (length - k < kLanes)
          some = arith::SelectOp::create(b, b.mask(length - k), some,
                                         b.intConstant(b.i32s(), 0));
        total = arith::AddIOp::create(b, total, some);
      }
    Value sum = arith::SubIOp::create(b, b.reduceAdd(total),
                                      b.i32(128 * static_cast<int>(columns)));
    memref::StoreOp::create(b, sum, sums, ValueRange{row});
  });
}
