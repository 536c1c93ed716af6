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
  // A line's part of a patch is contiguous, or a tap's where there are gaps.
  int64_t taps = window.getKernel()[1];
  pieceTaps = window.getDilations()[1] == 1 ? taps : 1;
  pieces = columns / (pieceTaps * channels);
  input = flatten(b, op, op.getInput());
  if (!input)
    return failure();
  bool codes = !isa<FloatType>(element);
  if (codes)
    part = sumGroup ? std::min(sumGroup, columns) : columns;
  int64_t code =
      window.getPadValue() ^ (kind == PatchCodes::Unsigned ? -128 : 0);
  padding = codes ? b.intConstant(element, code)
                  : b.constant(element, window.getPadValue());

  int64_t most = kPatchBytes * 8 / element.getIntOrFloatBitWidth();
  int64_t inLine = std::min(maxRows, window.getOut()[1]);
  viewsLines = hasLines(step) && getLinesSize(inLine) <= most;
  rows = viewsLines ? inLine : std::clamp<int64_t>(most / columns, 1, maxRows);
  // Pixels that are far apart have much between them.
  inLine = std::min(inLine, rows);
  while (inLine > 1 && getLinesSize(inLine) > std::max(most, columns))
    rows = inLine /= 2;
  linePixels = getLinePixels(inLine);
  lines = b.scratch(getLinesSize(inLine) + kSlack, element);
  rowStride = codes ? llvm::alignTo(columns, 4) : columns;
  if (viewsLines) {
    scratch = lines;
    if (codes && kind == PatchCodes::Summed)
      quads = b.scratch(linePixels * channels / 4 + kSlack, b.getI32Type());
  } else {
    scratch = b.scratch(rows * rowStride + kSlack, element);
  }
  if (codes && kind == PatchCodes::Summed)
    sums = b.scratch(rows * getNumSums(), b.getI32Type());
  return success();
}

Value PatchBuilder::view(Value row, int64_t rows, Value k, int64_t count) {
  Value local = b.sub(row, first);
  int64_t stride = rowStride;
  Value offset;
  if (viewsLines) {
    int64_t size = pieceTaps * channels;
    stride = window.getStrides()[1] * channels;
    offset = b.add(b.mul(b.div(k, size), linePixels * channels),
                   b.rem(k, b.index(size)));
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

/// Writes the lines of the image for one line of the output after another, and
/// calls with some of the rows and with what the first one is in memory.
void PatchBuilder::forLines(
    Value row, Value count,
    llvm::function_ref<void(Value, Value, Value)> body) {
  int64_t outWidth = window.getOut()[1];
  Value end = b.add(row, count);
  b.loop(b.div(row, outWidth), b.ceilDiv(end, outWidth), 1, [&](Value line) {
    Value start = b.mul(line, outWidth), begin = b.max(row, start);
    Value some = b.sub(b.min(end, b.add(start, outWidth)), begin);
    // Whole lines, whose size is known, where they fit.
    if (linePixels == getLinePixels(outWidth)) {
      writeLines(line, b.index(0), b.index(outWidth));
      return body(begin, some, b.sub(begin, start));
    }
    writeLines(line, b.sub(begin, start), some);
    body(begin, some, b.index(0));
  });
}

void PatchBuilder::forRows(Value row, Value count,
                           llvm::function_ref<void(Value, Value)> body) {
  if (viewsLines)
    return forLines(row, count, [&](Value begin, Value some, Value place) {
      first = b.sub(begin, place);
      if (sums)
        sumLines(place, some);
      body(begin, some);
    });
  b.loop(b.index(0), count, rows, [&](Value start) {
    Value some = b.min(b.sub(count, start), b.index(rows));
    first = b.add(row, start);
    forLines(first, some, [&](Value begin, Value part, Value place) {
      Value to = b.sub(begin, first);
      b.loop(b.index(0), part, 1, [&](Value i) {
        writeRow(b.add(place, i), b.mul(b.add(to, i), rowStride));
      });
    });
    // Not at once: what was just stored is slow to read in other pieces.
    if (sums)
      b.loop(b.index(0), some, 1, [&](Value i) { sumRow(i); });
    body(first, some);
  });
}

Value PatchBuilder::keep(Value codes) {
  if (kind != PatchCodes::Unsigned)
    return codes;
  return arith::XOrIOp::create(b, codes, b.intConstant(codes.getType(), -128));
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

int64_t PatchBuilder::getLinePixels(int64_t count) const {
  return (count - 1) * window.getStrides()[1] + pieceTaps;
}

int64_t PatchBuilder::getLinesSize(int64_t count) const {
  return pieces * getLinePixels(count) * channels;
}

/// Whole vectors: the last one may reach past the end.
void PatchBuilder::fill(Value to, Value count) {
  b.loop(b.index(0), count, kLanes,
         [&](Value i) { b.store(b.splat(padding), lines, b.add(to, i)); });
}

/// Any number of elements, none past the last one.
void PatchBuilder::copyToLine(Value from, Value to, Value count) {
  auto move = [&](Value at, int64_t lanes) {
    b.store(keep(b.load(b.vec(element, lanes), input, b.add(from, at))), lines,
            b.add(to, at));
  };
  Value start = b.index(0);
  for (int64_t lanes : {4 * kLanes, kLanes}) {
    Value end = b.mul(b.div(count, lanes), lanes);
    b.loop(start, end, lanes, [&](Value at) { move(at, lanes); });
    start = end;
  }
  if (channels % kLanes == 0)
    return;
  // The rest: once more the last elements of a vector where there are so many.
  b.ifElse(
      b.less(count, b.index(kLanes)),
      [&] {
        b.loop(start, count, 1, [&](Value at) {
          Value one =
              memref::LoadOp::create(b, input, ValueRange{b.add(from, at)});
          memref::StoreOp::create(b, keep(one), lines,
                                  ValueRange{b.add(to, at)});
        });
      },
      [&] { move(b.sub(count, b.index(kLanes)), kLanes); });
}

Value PatchBuilder::inside(Value position, int64_t size) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, position,
                               b.index(size));
}

/// What `count` pixels from `place` on of a line of the output read.
void PatchBuilder::writeLines(Value line, Value place, Value count) {
  int64_t outHeight = window.getOut()[0];
  Value image = b.div(line, outHeight);
  Value top =
      b.sub(b.mul(b.rem(line, b.index(outHeight)), window.getStrides()[0]),
            b.index(window.getPads()[0]));
  Value left =
      b.sub(b.mul(place, window.getStrides()[1]), b.index(window.getPads()[1]));
  Value span =
      b.add(b.mul(b.sub(count, b.index(1)), window.getStrides()[1]), pieceTaps);
  int64_t inLine = pieces / window.getKernel()[0];
  b.loop(b.index(0), b.index(pieces), 1, [&](Value i) {
    Value y = b.add(top, b.mul(b.div(i, inLine), window.getDilations()[0]));
    Value x =
        b.add(left, b.mul(b.rem(i, b.index(inLine)), window.getDilations()[1]));
    Value to = b.mul(i, linePixels * channels);
    b.ifElse(
        inside(y, height),
        [&] {
          writeLine(b.mul(b.add(b.mul(image, height), y), width), x, span, to);
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
  copyToLine(b.mul(b.add(b.add(line, left), begin), channels),
             b.add(to, b.mul(begin, channels)),
             b.mul(b.sub(end, begin), channels));
  fill(b.add(to, b.mul(end, channels)), b.mul(b.sub(span, end), channels));
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Whole vectors: the last one may reach past the end.
void PatchBuilder::copyToRow(Value from, Value to, int64_t count) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8, done = 0;
  auto move = [&](Value at, int64_t lanes) {
    b.store(b.load(b.vec(element, lanes), lines, b.add(from, at)), scratch,
            b.add(to, at));
  };
  constexpr int64_t unrolled = 8;
  for (int64_t lanes : {64 / bytes, kLanes}) {
    bool last = lanes == kLanes;
    int64_t end = done + (last ? llvm::alignTo(count - done, lanes)
                               : (count - done) / lanes * lanes);
    if ((end - done) / lanes > unrolled)
      b.loop(b.index(done), b.index(end), lanes,
             [&](Value at) { move(at, lanes); });
    else
      for (int64_t at = done; at < end; at += lanes)
        move(b.index(at), lanes);
    done = end;
  }
}

/// The patch of pixel `number` of the lines.
void PatchBuilder::writeRow(Value number, Value to) {
  int64_t size = pieceTaps * channels;
  Value left = b.mul(number, window.getStrides()[1] * channels);
  for (int64_t i = 0; i < pieces; ++i)
    copyToRow(b.add(left, i * linePixels * channels), b.add(to, i * size),
              size);
  // The next row, or slack, follows.
  if (rowStride != columns)
    b.store(b.intConstant(b.vec(element), 0), scratch, b.add(to, columns));
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
void PatchBuilder::sumLines(Value place, Value count) {
  int64_t size = linePixels * channels;
  b.loop(b.index(0), b.index(llvm::alignTo(size, kWide)), kWide, [&](Value at) {
    Value total = b.intConstant(b.i32s(), 0);
    for (int64_t i = 0; i < pieces; ++i)
      total = sumBytes(total, b.add(at, i * size), kWide);
    b.store(total, quads, b.div(at, 4));
  });
  int64_t length = pieceTaps * channels / 4;
  b.loop(place, b.add(place, count), 1, [&](Value row) {
    Value start = b.mul(row, window.getStrides()[1] * channels / 4);
    Value total = b.intConstant(b.i32s(), 0);
    for (int64_t k = 0; k < length; k += kLanes) {
      Value some = b.load(b.i32s(), quads, b.add(start, k));
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
