//===- ShapesSignal.cpp - transforms of signals, text and state -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// A scalar that follows from shapes; `otherwise` when the operand is absent.
FailureOr<DimExpr> readScalar(Value operand, const DimExpr &otherwise,
                              StringRef what, ShapeContext &s) {
  if (!operand)
    return otherwise;
  std::optional<ArrayRef<DimExpr>> known = s.values(operand);
  if (!known || known->size() != 1)
    return s.refuse()
           << "expected " << what
           << " that follows from shapes, got one that depends on data";
  return known->front();
}

/// Real or complex numbers lie in the last dimension.
LogicalResult expectNumbers(const DimExpr &last, ShapeContext &s) {
  if (last.isConstant(1) || last.isConstant(2))
    return success();
  if (!last.getConstant())
    return s.refuse() << "expected a last dimension that is known to be 1 "
                         "(real) or 2 (complex), got "
                      << last.str();
  return s.fail() << "expected a last dimension of 1 (real) or 2 (complex), "
                     "got "
                  << last.str();
}

DimExpr halfPlusOne(const DimExpr &length) {
  return DimExpr::floordiv(length, 2) + DimExpr(1);
}

/// Along an axis that an input contains.
LogicalResult inferDftByValue(DFTOp op, const DimExpr &axis, ShapeContext &s) {
  Dims dims(s.shape(op.getInput()));
  FailureOr<Dims> here = markAxes(axis, dims.size(), s);
  if (failed(here))
    return failure();
  bool onesided = op.getOnesided(), inverse = op.getInverse();
  for (auto [dim, isAxis] : llvm::zip_equal(dims, *here)) {
    DimExpr whole = onesided && inverse ? (dim - 1) * DimExpr(2) : dim;
    FailureOr<DimExpr> length =
        readScalar(op.getDftLength(), whole, "a length", s);
    if (failed(length))
      return failure();
    dim = choose(isAxis, onesided && !inverse ? halfPlusOne(*length) : *length,
                 dim);
  }
  dims.back() = onesided && inverse ? 1 : 2;
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferDft(DFTOp op, ShapeContext &s) {
  Dims dims(s.shape(op.getInput()));
  if (failed(s.expectRank(op.getInput(), 2, 16, "the input")) ||
      failed(expectNumbers(dims.back(), s)))
    return failure();
  FailureOr<DimExpr> position = readScalar(op.getAxis(), -2, "an axis", s);
  if (failed(position))
    return failure();
  if (!position->getConstant())
    return inferDftByValue(op, *position, s);
  FailureOr<int64_t> axis = s.axis(*position->getConstant(), dims.size());
  if (failed(axis))
    return failure();
  bool onesided = op.getOnesided(), inverse = op.getInverse();
  DimExpr whole = onesided && inverse ? (dims[*axis] - DimExpr(1)) * DimExpr(2)
                                      : dims[*axis];
  FailureOr<DimExpr> length =
      readScalar(op.getDftLength(), whole, "a length", s);
  if (failed(length))
    return failure();
  dims[*axis] = onesided && !inverse ? halfPlusOne(*length) : *length;
  dims.back() = onesided && inverse ? 1 : 2;
  return s.set(op.getResult(), std::move(dims));
}

LogicalResult inferStft(STFTOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getSignal(), 2, 3, "the signal")) ||
      (op.getWindow() &&
       failed(s.expectRank(op.getWindow(), 1, 1, "the window"))))
    return failure();
  ArrayRef<DimExpr> signal = s.shape(op.getSignal());
  if (signal.size() == 3 && failed(expectNumbers(signal[2], s)))
    return failure();
  DimExpr otherwise = op.getWindow() ? s.shape(op.getWindow())[0] : signal[1];
  FailureOr<DimExpr> length =
      readScalar(op.getFrameLength(), otherwise, "a frame length", s);
  FailureOr<DimExpr> step = readScalar(op.getFrameStep(), 1, "a frame step", s);
  if (failed(length) || failed(step))
    return failure();
  if (std::optional<int64_t> number = step->getConstant();
      number && *number < 1)
    return s.fail() << "expected a frame step of 1 or more, got " << *number;
  s.assumeAtMost(1, *step);
  // The window has as many elements.
  if (op.getWindow()) {
    s.assumeAtMost(*length, otherwise);
    s.assumeAtMost(otherwise, *length);
  }
  DimExpr frames = DimExpr::floordiv(signal[1] - *length, *step) + DimExpr(1);
  return s.set(op.getResult(),
               {signal[0], frames,
                op.getOnesided() ? halfPlusOne(*length) : *length, DimExpr(2)});
}

LogicalResult inferMelWeightMatrix(MelWeightMatrixOp op, ShapeContext &s) {
  FailureOr<DimExpr> bins =
      readScalar(op.getNumMelBins(), 0, "a count of bins", s);
  FailureOr<DimExpr> length = readScalar(op.getDftLength(), 0, "a length", s);
  if (failed(bins) || failed(length))
    return failure();
  return s.set(op.getResult(), {halfPlusOne(*length), *bins});
}

LogicalResult inferMaxUnpool(MaxUnpoolOp op, ShapeContext &s) {
  int64_t rank = s.rank(op.getX());
  if (failed(s.expectRank(op.getX(), 3, 16, "the input")) ||
      failed(s.expectRank(op.getI(), rank, rank, "the indices")))
    return failure();
  for (int64_t i = 0; i < rank; ++i)
    if (failed(s.unify(s.shape(op.getI())[i], s.shape(op.getX())[i],
                       "the input and its indices")))
      return failure();
  if (Value shape = op.getOutputShape()) {
    std::optional<ArrayRef<DimExpr>> sizes = s.values(shape);
    return sizes ? s.set(op.getResult(), Dims(*sizes))
                 : LogicalResult(s.refuse()
                                 << "expected a shape that follows from "
                                    "shapes, got one that depends on data");
  }
  Dims dims(s.shape(op.getX()));
  size_t spatial = dims.size() - 2;
  ArrayRef<int64_t> kernel = op.getKernelShape(),
                    strides = op.getStrides().value_or(ArrayRef<int64_t>()),
                    pads = op.getPads().value_or(ArrayRef<int64_t>());
  if (kernel.size() != spatial ||
      (!strides.empty() && strides.size() != spatial) ||
      (!pads.empty() && pads.size() != 2 * spatial))
    return s.fail() << "expected a kernel, strides and pads for " << spatial
                    << " dimensions";
  for (size_t i = 0; i < spatial; ++i)
    dims[i + 2] =
        (dims[i + 2] - DimExpr(1)) * DimExpr(strides.empty() ? 1 : strides[i]) +
        DimExpr(kernel[i]) -
        DimExpr(pads.empty() ? 0 : pads[i] + pads[i + spatial]);
  return s.set(op.getResult(), std::move(dims));
}

/// The state holds what the kernel reaches back to: [batch, channels, k - 1].
LogicalResult inferCausalConv(CausalConvWithStateOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getInput(), 3, 3, "the input")) ||
      failed(s.expectRank(op.getWeight(), 3, 3, "the weight")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(op.getInput()),
                    weight = s.shape(op.getWeight());
  if (failed(s.set(op.getOutput(), Dims(input))))
    return failure();
  return s.set(op.getPresentState(),
               {input[0], input[1], weight[2] - DimExpr(1)});
}

/// Operands are [batch, tokens, heads * size]; the state is [batch, heads, key
/// size, value size].
LogicalResult inferLinearAttention(LinearAttentionOp op, ShapeContext &s) {
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue()})
    if (failed(s.expectRank(operand, 3, 3, "query, key and value")))
      return failure();
  int64_t qHeads = op.getQNumHeads(), kvHeads = op.getKvNumHeads();
  if (qHeads < 1 || kvHeads < 1)
    return s.fail() << "expected 1 head or more";
  ArrayRef<DimExpr> query = s.shape(op.getQuery());
  DimExpr keySize = DimExpr::floordiv(s.shape(op.getKey())[2], kvHeads),
          valueSize = DimExpr::floordiv(s.shape(op.getValue())[2], kvHeads);
  if (failed(s.set(op.getOutput(),
                   {query[0], query[1], valueSize * DimExpr(qHeads)})))
    return failure();
  return s.set(op.getPresentState(),
               {query[0], DimExpr(kvHeads), keySize, valueSize});
}
} // namespace

void addSignalRules(ShapeRules &rules) {
  rules.add<DFTOp, inferDft>();
  rules.add<STFTOp, inferStft>();
  rules.add<MelWeightMatrixOp, inferMelWeightMatrix>();
  rules.add<MaxUnpoolOp, inferMaxUnpool>();
  rules.add<CausalConvWithStateOp, inferCausalConv>();
  rules.add<LinearAttentionOp, inferLinearAttention>();
}

} // namespace squint::onnx
