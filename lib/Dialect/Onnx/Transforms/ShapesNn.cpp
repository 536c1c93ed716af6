//===- ShapesNn.cpp - products, convolutions, recurrent nets -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {

FailureOr<Dims> inferMatMulShape(ArrayRef<DimExpr> a, ArrayRef<DimExpr> b,
                                 ShapeContext &s) {
  if (a.empty() || b.empty())
    return s.fail()
           << "expected operands of at least 1 dimension, got a scalar";
  // A vector is a row on the left and a column on the right, and its other
  // dimension goes again.
  Dims left(a), right(b);
  if (a.size() == 1)
    left.insert(left.begin(), DimExpr(1));
  if (b.size() == 1)
    right.push_back(1);
  if (failed(s.unify(left.back(), right[right.size() - 2], "the contraction")))
    return failure();
  FailureOr<Dims> dims = s.broadcast(ArrayRef<DimExpr>(left).drop_back(2),
                                     ArrayRef<DimExpr>(right).drop_back(2));
  if (failed(dims))
    return failure();
  if (a.size() > 1)
    dims->push_back(left[left.size() - 2]);
  if (b.size() > 1)
    dims->push_back(right.back());
  return dims;
}

FailureOr<Dims> inferGemmShape(Value a, Value b, bool transposeA,
                               bool transposeB, ShapeContext &s) {
  if (failed(s.expectRank(a, 2, 2, "A")) || failed(s.expectRank(b, 2, 2, "B")))
    return failure();
  ArrayRef<DimExpr> left = s.shape(a), right = s.shape(b);
  if (failed(s.unify(left[transposeA ? 0 : 1], right[transposeB ? 1 : 0],
                     "the contraction")))
    return failure();
  return Dims{left[transposeA ? 1 : 0], right[transposeB ? 0 : 1]};
}

LogicalResult inferLayerNorm(Operation *op, int64_t axis, ShapeContext &s) {
  Dims dims(s.shape(op->getOperand(0)));
  FailureOr<int64_t> first = s.axis(axis, dims.size());
  if (failed(first) || failed(s.set(op->getResult(0), dims)))
    return failure();
  for (Value operand : op->getOperands().drop_front())
    if (failed(s.expectBroadcast(operand, ArrayRef(dims).drop_front(*first),
                                 "scale or bias")))
      return failure();
  std::fill(dims.begin() + *first, dims.end(), DimExpr(1));
  for (Value result : op->getResults().drop_front())
    if (failed(s.set(result, dims)))
      return failure();
  return success();
}

FailureOr<Dims> inferWindows(ArrayRef<DimExpr> input, ArrayRef<DimExpr> kernel,
                             const Window &window, ShapeContext &s) {
  size_t spatial = input.size();
  auto check = [&](ArrayRef<int64_t> numbers, size_t count, int64_t least,
                   StringRef what) -> LogicalResult {
    if (!numbers.empty() && numbers.size() != count)
      return s.fail() << "expected " << count << " " << what << ", got "
                      << numbers.size();
    for (int64_t number : numbers)
      if (number < least || number > (int64_t(1) << 31))
        return s.fail() << "expected " << what << " of " << least
                        << " or more, got " << number;
    return success();
  };
  if (failed(check(window.strides, spatial, 1, "strides")) ||
      failed(check(window.dilations, spatial, 1, "dilations")) ||
      failed(check(window.pads, 2 * spatial, 0, "pads")))
    return failure();
  if (kernel.size() != spatial)
    return s.fail() << "expected a kernel of " << spatial << " dimensions, got "
                    << kernel.size();
  for (const DimExpr &size : kernel)
    if (size.getConstant() && *size.getConstant() < 1)
      return s.fail() << "expected a kernel of 1 or more, got " << size.str();
  bool same = window.autoPad == "SAME_UPPER" || window.autoPad == "SAME_LOWER";
  if (!same && window.autoPad != "NOTSET" && window.autoPad != "VALID" &&
      !window.autoPad.empty())
    return s.fail() << "expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got '"
                    << window.autoPad << "'";
  Dims dims;
  for (size_t i = 0; i < spatial; ++i) {
    DimExpr stride = window.strides.empty() ? 1 : window.strides[i];
    if (same) {
      dims.push_back(DimExpr::ceildiv(input[i], stride));
      continue;
    }
    bool padded = window.autoPad != "VALID" && !window.pads.empty();
    DimExpr before = padded ? window.pads[i] : 0,
            after = padded ? window.pads[i + spatial] : 0;
    DimExpr extent =
        DimExpr(window.dilations.empty() ? 1 : window.dilations[i]) *
            (kernel[i] - DimExpr(1)) +
        DimExpr(1);
    DimExpr room = input[i] + before + after - extent;
    if (std::optional<int64_t> number = room.getConstant();
        number && *number < 0)
      return s.fail() << "expected a kernel that fits "
                      << (input[i] + before + after).str() << " elements, got "
                      << extent.str();
    s.assumeAtMost(0, room);
    DimExpr size = DimExpr::floordiv(room, stride) + DimExpr(1);
    // The last window starts in the input or in the padding before it.
    if (window.ceilMode)
      size = DimExpr::min(DimExpr::ceildiv(room, stride) + DimExpr(1),
                          DimExpr::ceildiv(input[i] + before, stride));
    dims.push_back(size);
  }
  return dims;
}

namespace {

template <typename OpT> LogicalResult inferMatMul(OpT op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferMatMulShape(s.shape(op.getA()), s.shape(op.getB()), s);
  return failed(dims) ? failure() : s.set(op.getResult(), std::move(*dims));
}

LogicalResult inferQLinearMatMul(QLinearMatMulOp op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferMatMulShape(s.shape(op.getA()), s.shape(op.getB()), s);
  return failed(dims) ? failure() : s.set(op.getResult(), std::move(*dims));
}

LogicalResult inferGemm(GemmOp op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferGemmShape(op.getA(), op.getB(), op.getTransA(), op.getTransB(), s);
  if (failed(dims) ||
      (op.getC() && failed(s.expectBroadcast(op.getC(), *dims, "C"))))
    return failure();
  return s.set(op.getResult(), std::move(*dims));
}

/// N, O, spatial...; weights are O, C / group, kernel...
template <typename OpT>
LogicalResult inferConvolution(OpT op, Value x, Value w, ShapeContext &s) {
  if (failed(s.expectRank(x, 3, 16, "the input")) ||
      failed(s.expectRank(w, s.rank(x), s.rank(x), "the weight")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(x), weight = s.shape(w);
  int64_t group = op.getGroup();
  if (group < 1)
    return s.fail() << "expected a group of 1 or more, got " << group;
  if (failed(s.unify(input[1], weight[1] * DimExpr(group),
                     "channels of the input and the weight")))
    return failure();
  if (std::optional<int64_t> outputs = weight[0].getConstant();
      outputs && *outputs % group)
    return s.fail() << "expected a multiple of " << group
                    << " output channels, got " << *outputs;
  if (auto given = op.getKernelShape()) {
    ArrayRef<DimExpr> kernel = weight.drop_front(2);
    if (given->size() != kernel.size() ||
        !llvm::all_of_zip(*given, kernel, [](int64_t a, const DimExpr &b) {
          return b.isConstant(a);
        }))
      return s.fail() << "expected the attribute 'kernel_shape' to be that of "
                         "the weight";
  }
  Window window{op.getStrides().value_or(ArrayRef<int64_t>()),
                op.getPads().value_or(ArrayRef<int64_t>()),
                op.getDilations().value_or(ArrayRef<int64_t>()),
                op.getAutoPad()};
  FailureOr<Dims> spatial =
      inferWindows(input.drop_front(2), weight.drop_front(2), window, s);
  if (failed(spatial))
    return failure();
  Dims dims{input[0], weight[0]};
  llvm::append_range(dims, *spatial);
  return s.set(op->getResult(0), std::move(dims));
}

LogicalResult inferConv(ConvOp op, ShapeContext &s) {
  if (op.getB() && failed(s.expectRank(op.getB(), 1, 1, "the bias")))
    return failure();
  if (op.getB() &&
      failed(s.unify(s.shape(op.getB())[0],
                     s.rank(op.getW()) ? s.shape(op.getW())[0] : DimExpr(0),
                     "the bias and the output channels")))
    return failure();
  return inferConvolution(op, op.getX(), op.getW(), s);
}
LogicalResult inferConvInteger(ConvIntegerOp op, ShapeContext &s) {
  return inferConvolution(op, op.getX(), op.getW(), s);
}
LogicalResult inferQLinearConv(QLinearConvOp op, ShapeContext &s) {
  return inferConvolution(op, op.getX(), op.getW(), s);
}

/// Between pixels can be read where there are some.
LogicalResult expectPixels(Value x, ShapeContext &s) {
  Dims dims(s.shape(x));
  for (const DimExpr &size : ArrayRef<DimExpr>(dims).drop_front(2)) {
    if (size.isConstant(0))
      return s.fail() << "expected an image with pixels";
    s.assumeAtMost(1, size);
  }
  return success();
}

LogicalResult inferDeformConv(DeformConvOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getX(), 4, 4, "the input")) ||
      failed(s.expectRank(op.getW(), 4, 4, "the weight")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(op.getX()), weight = s.shape(op.getW());
  Window window{op.getStrides().value_or(ArrayRef<int64_t>()),
                op.getPads().value_or(ArrayRef<int64_t>()),
                op.getDilations().value_or(ArrayRef<int64_t>())};
  FailureOr<Dims> spatial =
      inferWindows(input.drop_front(2), weight.drop_front(2), window, s);
  if (failed(spatial))
    return failure();
  Dims dims{input[0], weight[0], (*spatial)[0], (*spatial)[1]};
  DimExpr channels = input[1],
          read = weight[1] * DimExpr(int64_t(op.getGroup())),
          taps = weight[2] * weight[3] * DimExpr(int64_t(op.getOffsetGroup()));
  if (failed(s.unify(channels, read, "channels of the input and the weight")) ||
      failed(expectPixels(op.getX(), s)) ||
      failed(s.expectSizes(op.getOffset(),
                           {dims[0], taps * DimExpr(2), dims[2], dims[3]},
                           "the offsets")) ||
      failed(s.expectSizes(op.getB(), {dims[1]}, "the bias")) ||
      failed(s.expectSizes(op.getMask(), {dims[0], taps, dims[2], dims[3]},
                           "the mask")))
    return failure();
  return s.set(op.getResult(), std::move(dims));
}

/// Weights are C, O / group, kernel...
LogicalResult inferConvTranspose(ConvTransposeOp op, ShapeContext &s) {
  size_t rank = s.rank(op.getX());
  if (failed(s.expectRank(op.getX(), 3, 16, "the input")) ||
      failed(s.expectRank(op.getW(), rank, rank, "the weight")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(op.getX()), weight = s.shape(op.getW());
  if (failed(
          s.unify(input[1], weight[0], "channels of the input and the weight")))
    return failure();
  size_t spatial = rank - 2;
  auto read = [&](std::optional<ArrayRef<int64_t>> numbers, size_t count,
                  int64_t otherwise) {
    return numbers && numbers->size() == count
               ? SmallVector<int64_t>(*numbers)
               : SmallVector<int64_t>(count, otherwise);
  };
  SmallVector<int64_t> strides = read(op.getStrides(), spatial, 1),
                       dilations = read(op.getDilations(), spatial, 1),
                       extra = read(op.getOutputPadding(), spatial, 0),
                       pads = read(op.getPads(), 2 * spatial, 0);
  Dims dims{input[0], weight[1] * DimExpr(op.getGroup())};
  for (size_t i = 0; i < spatial; ++i) {
    if (auto shape = op.getOutputShape(); shape && shape->size() == spatial) {
      dims.push_back((*shape)[i]);
      continue;
    }
    DimExpr stride = strides[i];
    if (op.getAutoPad().starts_with("SAME"))
      dims.push_back(input[i + 2] * stride);
    else
      dims.push_back(stride * (input[i + 2] - DimExpr(1)) + DimExpr(extra[i]) +
                     DimExpr(dilations[i]) * (weight[i + 2] - DimExpr(1)) +
                     DimExpr(1) - DimExpr(pads[i]) -
                     DimExpr(pads[i + spatial]));
  }
  return s.set(op.getResult(), std::move(dims));
}

template <typename OpT> LogicalResult inferPool(OpT op, ShapeContext &s) {
  if (failed(s.expectRank(op.getX(), 3, 16, "the input")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(op.getX());
  Dims kernel(op.getKernelShape());
  if (llvm::any_of(op.getKernelShape(), [](int64_t size) { return size < 1; }))
    return s.fail() << "expected a kernel of 1 or more";
  Window window{op.getStrides().value_or(ArrayRef<int64_t>()),
                op.getPads().value_or(ArrayRef<int64_t>()),
                op.getDilations().value_or(ArrayRef<int64_t>()),
                op.getAutoPad(), op.getCeilMode() != 0};
  FailureOr<Dims> spatial =
      inferWindows(input.drop_front(2), kernel, window, s);
  if (failed(spatial))
    return failure();
  Dims dims{input[0], input[1]};
  llvm::append_range(dims, *spatial);
  for (Value result : op->getResults())
    if (failed(s.set(result, dims)))
      return failure();
  return success();
}

LogicalResult inferGlobalPool(Operation *op, ShapeContext &s) {
  Value x = op->getOperand(0);
  if (failed(s.expectRank(x, 3, 16, "the input")))
    return failure();
  Dims dims(s.rank(x), DimExpr(1));
  dims[0] = s.shape(x)[0];
  dims[1] = s.shape(x)[1];
  return s.set(op->getResult(0), std::move(dims));
}

LogicalResult inferRoiPool(Operation *op, Value x, Value rois,
                           ArrayRef<int64_t> size, ShapeContext &s) {
  if (failed(s.expectRank(x, 4, 4, "the input")) ||
      failed(s.expectRank(rois, 2, 2, "the regions")))
    return failure();
  Dims dims{s.shape(rois)[0], s.shape(x)[1]};
  for (int64_t n : size) {
    if (n < 1)
      return s.fail() << "expected parts of regions, got " << n;
    dims.push_back(n);
  }
  return s.set(op->getResult(0), std::move(dims));
}
LogicalResult inferRoiAlign(RoiAlignOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getRois(), 2, 2, "the regions")))
    return failure();
  DimExpr count = s.shape(op.getRois())[0];
  if (failed(s.expectSizes(op.getRois(), {count, 4}, "the regions")) ||
      failed(
          s.expectSizes(op.getBatchIndices(), {count}, "the regions' images")))
    return failure();
  return inferRoiPool(op, op.getX(), op.getRois(),
                      {op.getOutputHeight(), op.getOutputWidth()}, s);
}
LogicalResult inferMaxRoiPool(MaxRoiPoolOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getRois(), 2, 2, "the regions")) ||
      failed(s.unify(s.shape(op.getRois())[1], 5, "the regions")))
    return failure();
  if (op.getPooledShape().size() != 2)
    return s.fail() << "expected two sizes as pooled_shape, got "
                    << op.getPooledShape().size();
  return inferRoiPool(op, op.getX(), op.getRois(), op.getPooledShape(), s);
}

/// The first operand is [N, C, ...], the others are [C].
LogicalResult inferChannelwise(Operation *op, ShapeContext &s) {
  Value x = op->getOperand(0);
  if (failed(s.expectRank(x, 2, 16, "the input")))
    return failure();
  for (Value operand : op->getOperands().drop_front())
    if (failed(s.expectRank(operand, 1, 1, "numbers by channel")) ||
        failed(s.unify(s.shape(operand)[0], s.shape(x)[1], "the channels")))
      return failure();
  return s.set(op->getResult(0), Dims(s.shape(x)));
}

LogicalResult inferBatchNormalization(BatchNormalizationOp op,
                                      ShapeContext &s) {
  if (failed(inferChannelwise(op, s)))
    return failure();
  for (Value result : op->getResults().drop_front())
    if (failed(s.set(result, Dims(s.shape(op.getInputMean())))))
      return failure();
  return success();
}

template <typename OpT>
LogicalResult inferNormalization(OpT op, ShapeContext &s) {
  return inferLayerNorm(op, op.getAxis(), s);
}

/// RNN, GRU and LSTM: X is [sequence, batch, inputs], or [batch, sequence,
/// inputs] with layout 1.
template <typename OpT> LogicalResult inferRecurrent(OpT op, ShapeContext &s) {
  if (failed(s.expectRank(op.getX(), 3, 3, "X")) ||
      failed(s.expectRank(op.getR(), 3, 3, "R")))
    return failure();
  ArrayRef<DimExpr> x = s.shape(op.getX());
  bool batchFirst = op.getLayout() == 1;
  DimExpr sequence = x[batchFirst ? 1 : 0], batch = x[batchFirst ? 0 : 1];
  DimExpr directions = s.shape(op.getR())[0], hidden = s.shape(op.getR())[2];
  Dims state = batchFirst ? Dims{batch, directions, hidden}
                          : Dims{directions, batch, hidden};
  if (op.getY() &&
      failed(s.set(op.getY(), batchFirst
                                  ? Dims{batch, sequence, directions, hidden}
                                  : Dims{sequence, directions, batch, hidden})))
    return failure();
  if (op.getYH() && failed(s.set(op.getYH(), state)))
    return failure();
  if constexpr (std::is_same_v<OpT, LSTMOp>)
    if (op.getYC() && failed(s.set(op.getYC(), state)))
      return failure();
  return success();
}

/// Q, K and V are [batch, heads, tokens, size], or [batch, tokens, heads *
/// size] with the counts of heads given.
LogicalResult inferAttention(AttentionOp op, ShapeContext &s) {
  ArrayRef<DimExpr> q = s.shape(op.getQ()), k = s.shape(op.getK()),
                    v = s.shape(op.getV());
  bool flat = q.size() == 3;
  if ((!flat && q.size() != 4) || k.size() != q.size() || v.size() != q.size())
    return s.fail() << "expected operands of 3 or of 4 dimensions";
  if (flat && (!op.getQNumHeads() || !op.getKvNumHeads() ||
               *op.getQNumHeads() < 1 || *op.getKvNumHeads() < 1))
    return s.fail() << "expected the attributes 'q_num_heads' and "
                       "'kv_num_heads' for operands of 3 dimensions";
  DimExpr qHeads = flat ? DimExpr(*op.getQNumHeads()) : q[1],
          kvHeads = flat ? DimExpr(*op.getKvNumHeads()) : k[1];
  DimExpr tokens = flat ? q[1] : q[2], total = flat ? k[1] : k[2];
  DimExpr kSize = flat ? DimExpr::floordiv(k[2], kvHeads) : k[3],
          vSize = flat ? DimExpr::floordiv(v[2], kvHeads) : v[3];
  if (op.getPastKey() && s.rank(op.getPastKey()) == 4)
    total = total + s.shape(op.getPastKey())[2];
  if (failed(s.set(op.getY(), flat ? Dims{q[0], tokens, qHeads * vSize}
                                   : Dims{q[0], qHeads, tokens, vSize})))
    return failure();
  if (op.getPresentKey() &&
      failed(s.set(op.getPresentKey(), {q[0], kvHeads, total, kSize})))
    return failure();
  if (op.getPresentValue() &&
      failed(s.set(op.getPresentValue(), {q[0], kvHeads, total, vSize})))
    return failure();
  return op.getQkMatmulOutput()
             ? s.set(op.getQkMatmulOutput(), {q[0], qHeads, tokens, total})
             : success();
}

LogicalResult inferGridSample(GridSampleOp op, ShapeContext &s) {
  Dims grid(s.shape(op.getGrid()));
  if (failed(s.expectRank(op.getX(), 3, 16, "the input")) ||
      failed(s.expectRank(op.getGrid(), s.rank(op.getX()), s.rank(op.getX()),
                          "the grid")))
    return failure();
  Dims dims{s.shape(op.getX())[0], s.shape(op.getX())[1]};
  if (failed(s.unify(grid[0], dims[0], "images and grids")) ||
      failed(s.unify(grid.back(), int64_t(grid.size()) - 2,
                     "coordinates of the grid")) ||
      failed(expectPixels(op.getX(), s)))
    return failure();
  llvm::append_range(dims, ArrayRef<DimExpr>(grid).drop_front().drop_back());
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferAffineGrid(AffineGridOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> size = s.values(op.getSize());
  if (!size)
    return s.refuse() << "expected a size that follows from shapes, got one "
                         "that depends on data";
  if (size->size() < 4)
    return s.fail() << "expected a size of 4 or 5 numbers, got "
                    << size->size();
  Dims dims{size->front()};
  llvm::append_range(dims, size->drop_front(2));
  dims.push_back(int64_t(size->size()) - 2);
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferCol2Im(Col2ImOp op, ShapeContext &s) {
  std::optional<ArrayRef<DimExpr>> image = s.values(op.getImageShape()),
                                   block = s.values(op.getBlockShape());
  if (!image || !block)
    return s.refuse() << "expected sizes of the image and the block that "
                         "follow from shapes, got ones that depend on data";
  if (failed(s.expectRank(op.getInput(), 3, 3, "the input")))
    return failure();
  DimExpr area = 1;
  for (const DimExpr &size : *block)
    area = area * size;
  if (area.isConstant(0))
    return s.fail() << "expected a block of 1 or more";
  Dims dims{s.shape(op.getInput())[0],
            DimExpr::floordiv(s.shape(op.getInput())[1], area)};
  llvm::append_range(dims, *image);
  return s.set(op.getResult(), std::move(dims));
}

/// Explicit and implicit form, with an ellipsis that stands for broadcast
/// dimensions.
LogicalResult inferEinsum(EinsumOp op, ShapeContext &s) {
  std::string equation;
  for (char c : op.getEquation())
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != op.getInputs().size())
    return s.fail() << "expected " << op.getInputs().size() << " terms in '"
                    << op.getEquation() << "', got " << terms.size();
  std::map<char, DimExpr> sizes;
  std::map<char, int> uses;
  Dims ellipsis;
  for (auto [term, input] : llvm::zip_equal(terms, op.getInputs())) {
    ArrayRef<DimExpr> dims = s.shape(input);
    size_t dots = term.find("...");
    size_t letters = dots == StringRef::npos ? term.size() : term.size() - 3;
    if (letters > dims.size() ||
        (dots == StringRef::npos && letters != dims.size()))
      return s.fail() << "expected " << letters << " dimensions for '" << term
                      << "', got " << dims.size();
    size_t skipped = dims.size() - letters;
    if (dots != StringRef::npos) {
      FailureOr<Dims> both = s.broadcast(ellipsis, dims.slice(dots, skipped));
      if (failed(both))
        return failure();
      ellipsis = std::move(*both);
    }
    for (size_t i = 0, d = 0; i < term.size(); ++i) {
      if (i == dots) {
        i += 2;
        d += skipped;
        continue;
      }
      ++uses[term[i]];
      auto [it, isNew] = sizes.try_emplace(term[i], dims[d]);
      FailureOr<DimExpr> both = isNew ? FailureOr<DimExpr>(dims[d])
                                      : s.broadcast(it->second, dims[d]);
      if (failed(both))
        return failure();
      it->second = *both;
      ++d;
    }
  }
  std::string output = right.str();
  if (!isExplicit) {
    output = "...";
    for (auto &[letter, count] : uses)
      if (count == 1)
        output += letter;
  }
  Dims dims;
  for (size_t i = 0; i < output.size(); ++i) {
    if (StringRef(output).substr(i).starts_with("...")) {
      llvm::append_range(dims, ellipsis);
      i += 2;
    } else if (sizes.count(output[i])) {
      dims.push_back(sizes[output[i]]);
    } else {
      return s.fail() << "expected a letter of an operand in the result of '"
                      << op.getEquation() << "', got '"
                      << std::string(1, output[i]) << "'";
    }
  }
  return s.set(op.getResult(), std::move(dims));
}
} // namespace

void addNnRules(ShapeRules &rules) {
  rules.add<MatMulOp, inferMatMul<MatMulOp>>();
  rules.add<MatMulIntegerOp, inferMatMul<MatMulIntegerOp>>();
  rules.add<QLinearMatMulOp, inferQLinearMatMul>();
  rules.add<GemmOp, inferGemm>();
  rules.add<ConvOp, inferConv>();
  rules.add<ConvIntegerOp, inferConvInteger>();
  rules.add<QLinearConvOp, inferQLinearConv>();
  rules.add<DeformConvOp, inferDeformConv>();
  rules.add<ConvTransposeOp, inferConvTranspose>();
  rules.add<MaxPoolOp, inferPool<MaxPoolOp>>();
  rules.add<AveragePoolOp, inferPool<AveragePoolOp>>();
  rules.add<LpPoolOp, inferPool<LpPoolOp>>();
  rules.add<GlobalAveragePoolOp, GlobalLpPoolOp, GlobalMaxPoolOp>(
      inferGlobalPool);
  rules.add<RoiAlignOp, inferRoiAlign>();
  rules.add<MaxRoiPoolOp, inferMaxRoiPool>();
  rules.add<BatchNormalizationOp, inferBatchNormalization>();
  rules.add<LayerNormalizationOp, inferNormalization<LayerNormalizationOp>>();
  rules.add<RMSNormalizationOp, inferNormalization<RMSNormalizationOp>>();
  rules.add<GroupNormalizationOp, InstanceNormalizationOp>(inferChannelwise);
  rules.add<RNNOp, inferRecurrent<RNNOp>>();
  rules.add<GRUOp, inferRecurrent<GRUOp>>();
  rules.add<LSTMOp, inferRecurrent<LSTMOp>>();
  rules.add<AttentionOp, inferAttention>();
  rules.add<GridSampleOp, inferGridSample>();
  rules.add<AffineGridOp, inferAffineGrid>();
  rules.add<Col2ImOp, inferCol2Im>();
  rules.add<EinsumOp, inferEinsum>();
}

} // namespace squint::onnx
