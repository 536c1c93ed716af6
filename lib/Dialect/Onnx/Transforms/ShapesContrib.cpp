//===- ShapesContrib.cpp - operators of com.microsoft -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

LogicalResult inferFusedMatMul(msft::FusedMatMulOp op, ShapeContext &s) {
  Dims a(s.shape(op.getA())), b(s.shape(op.getB()));
  // With a batch transposition, the first dimension goes to the place of the
  // second last.
  auto orient = [&](Dims &dims, bool batch, bool trans) {
    if (dims.size() < 2)
      return;
    if (batch)
      std::rotate(dims.begin(), dims.begin() + 1, dims.end() - 1);
    if (trans)
      std::swap(dims[dims.size() - 2], dims.back());
  };
  orient(a, op.getTransBatchA(), op.getTransA());
  orient(b, op.getTransBatchB(), op.getTransB());
  FailureOr<Dims> dims = inferMatMulShape(a, b, s);
  return failed(dims) ? failure() : s.set(op.getY(), std::move(*dims));
}

LogicalResult inferFirstTwo(Operation *op, ShapeContext &s) {
  FailureOr<Dims> dims = inferMatMulShape(s.shape(op->getOperand(0)),
                                          s.shape(op->getOperand(1)), s);
  return failed(dims) ? failure() : s.set(op->getResult(0), std::move(*dims));
}

/// The normalized tensor and the residual sum have the input's shape;
/// statistics one value a row.
LogicalResult inferSkipNormalization(Operation *op, ShapeContext &s) {
  const OpSchema &schema = *lookupSchema(op);
  if (failed(s.expectBroadcast(op->getOperand(1), s.shape(op->getOperand(0)),
                               "the skipped input")))
    return failure();
  for (auto [i, group] : llvm::enumerate(schema.outputs)) {
    ResultRange results = getResultGroup(op, schema, i);
    if (results.empty())
      continue;
    Dims dims(s.shape(op->getOperand(0)));
    if ((i == 1 || i == 2) && !dims.empty())
      dims.back() = 1;
    if (failed(s.set(results.front(), std::move(dims))))
      return failure();
  }
  return success();
}

LogicalResult inferSimplified(msft::SimplifiedLayerNormalizationOp op,
                              ShapeContext &s) {
  return inferLayerNorm(op, op.getAxis(), s);
}

LogicalResult inferQLinearBinary(Operation *op, ShapeContext &s) {
  // A, its scale and zero point, B, ...
  FailureOr<Dims> dims =
      s.broadcast(s.shape(op->getOperand(0)), s.shape(op->getOperand(3)));
  return failed(dims) ? failure() : s.set(op->getResult(0), std::move(*dims));
}

LogicalResult inferFusedGemm(msft::FusedGemmOp op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferGemmShape(op.getA(), op.getB(), op.getTransA(), op.getTransB(), s);
  if (failed(dims) ||
      (op.getC() && failed(s.expectBroadcast(op.getC(), *dims, "C"))))
    return failure();
  return s.set(op.getY(), std::move(*dims));
}

LogicalResult inferQGemm(msft::QGemmOp op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferGemmShape(op.getA(), op.getB(), op.getTransA(), op.getTransB(), s);
  return failed(dims) ? failure() : s.set(op.getY(), std::move(*dims));
}

LogicalResult inferFusedConv(msft::FusedConvOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getX(), 3, 16, "the input")) ||
      failed(s.expectRank(op.getW(), s.rank(op.getX()), s.rank(op.getX()),
                          "the weight")))
    return failure();
  ArrayRef<DimExpr> input = s.shape(op.getX()), weight = s.shape(op.getW());
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
  return s.set(op.getY(), std::move(dims));
}

/// x [batch, tokens, heads * size] or [batch, heads, tokens, size]; a position
/// for each token, or the first one's.
LogicalResult inferRotary(msft::RotaryEmbeddingOp op, ShapeContext &s) {
  Value x = op.getInput(), positions = op.getPositionIds();
  if (failed(s.expectRank(x, 3, 4, "the input")) ||
      failed(s.expectRank(positions, 0, 2, "the positions")) ||
      failed(s.expectRank(op.getCosCache(), 2, 2, "the cosines")) ||
      failed(s.expectRank(op.getSinCache(), 2, 2, "the sines")))
    return failure();
  Dims dims(s.shape(x));
  ArrayRef<DimExpr> ids = s.shape(positions);
  if (ids.size() < 2) {
    if (!ids.empty() && failed(s.unify(ids[0], 1, "the positions")))
      return failure();
  } else if (failed(s.unify(ids[0], dims[0], "the batch")) ||
             failed(s.unify(ids[1], dims[dims.size() - 2], "the tokens"))) {
    return failure();
  }
  for (unsigned i : {0, 1})
    if (failed(s.unify(s.shape(op.getCosCache())[i],
                       s.shape(op.getSinCache())[i], "cosines and sines")))
      return failure();
  return s.set(op.getOutput(), std::move(dims));
}

/// Windows over all but the batch and the channels.
template <typename OpTy>
LogicalResult inferPool(OpTy op, const Window &window, bool isLast,
                        ShapeContext &s) {
  Value x = op->getOperand(0);
  if (failed(s.expectRank(x, 3, 16, "the input")))
    return failure();
  Dims dims(s.shape(x));
  Dims kernel(op.getKernelShape().begin(), op.getKernelShape().end());
  ArrayRef<DimExpr> input =
      ArrayRef<DimExpr>(dims).drop_front(isLast ? 1 : 2).drop_back(isLast);
  FailureOr<Dims> spatial = inferWindows(input, kernel, window, s);
  if (failed(spatial))
    return failure();
  llvm::copy(*spatial, dims.begin() + (isLast ? 1 : 2));
  return s.set(op->getResult(0), std::move(dims));
}

LogicalResult inferQLinearAveragePool(msft::QLinearAveragePoolOp op,
                                      ShapeContext &s) {
  Window window{op.getStrides().value_or(ArrayRef<int64_t>()),
                op.getPads().value_or(ArrayRef<int64_t>()),
                {},
                op.getAutoPad(),
                op.getCeilMode() != 0};
  return inferPool(op, window, op.getChannelsLast() != 0, s);
}

LogicalResult inferNhwcMaxPool(msft::NhwcMaxPoolOp op, ShapeContext &s) {
  Window window{op.getStrides().value_or(ArrayRef<int64_t>()),
                op.getPads().value_or(ArrayRef<int64_t>()),
                op.getDilations().value_or(ArrayRef<int64_t>()),
                op.getAutoPad(), op.getCeilMode() != 0};
  return inferPool(op, window, /*isLast=*/true, s);
}

/// Y's scale and zero point, then tensor, scale and zero point of each operand.
LogicalResult inferQLinearConcat(msft::QLinearConcatOp op, ShapeContext &s) {
  OperandRange inputs = op.getInputs();
  if (inputs.empty() || inputs.size() % 3 != 0)
    return s.fail() << "expected a scale and a zero point for each tensor";
  Dims dims(s.shape(inputs.front()));
  FailureOr<int64_t> axis = s.axis(op.getAxis(), dims.size());
  if (failed(axis))
    return failure();
  for (size_t i = 3; i < inputs.size(); i += 3) {
    if (failed(
            s.expectRank(inputs[i], dims.size(), dims.size(), "every operand")))
      return failure();
    for (auto [j, dim] : llvm::enumerate(dims)) {
      const DimExpr &other = s.shape(inputs[i])[j];
      FailureOr<DimExpr> both =
          int64_t(j) == *axis
              ? FailureOr<DimExpr>(dim + other)
              : s.unify(dim, other, "dimensions beside the axis");
      if (failed(both))
        return failure();
      dim = *both;
    }
  }
  return s.set(op->getResult(0), std::move(dims));
}

LogicalResult inferQLinearGlobalAveragePool(msft::QLinearGlobalAveragePoolOp op,
                                            ShapeContext &s) {
  Value x = op->getOperand(0);
  if (failed(s.expectRank(x, 3, 16, "the input")))
    return failure();
  Dims dims(s.shape(x));
  bool last = op.getChannelsLast() != 0;
  for (size_t i = last ? 1 : 2; i + (last ? 1 : 0) < dims.size(); ++i)
    dims[i] = 1;
  return s.set(op->getResult(0), std::move(dims));
}

/// Token, position and segment embeddings, normalized: ids are
/// [batch, tokens].
LogicalResult inferEmbedLayerNormalization(msft::EmbedLayerNormalizationOp op,
                                           ShapeContext &s) {
  if (failed(s.expectRank(op.getInputIds(), 2, 2, "the ids")) ||
      failed(s.expectRank(op.getWordEmbedding(), 2, 2, "the table")))
    return failure();
  Dims ids(s.shape(op.getInputIds()));
  for (Value other : {op.getSegmentIds(), op.getMask(), op.getPositionIds()})
    if (other && failed(s.expectBroadcast(other, ids, "ids of the tokens")))
      return failure();
  Dims dims{ids[0], ids[1], s.shape(op.getWordEmbedding())[1]};
  if (failed(s.set(op.getOutput(), dims)))
    return failure();
  if (op.getMaskIndex() && failed(s.set(op.getMaskIndex(), {ids[0]})))
    return failure();
  return op.getEmbeddingSum() ? s.set(op.getEmbeddingSum(), std::move(dims))
                              : success();
}
} // namespace

void addContribRules(ShapeRules &rules) {
  rules.add<msft::QLinearConcatOp, inferQLinearConcat>();
  rules.add<msft::QLinearAveragePoolOp, inferQLinearAveragePool>();
  rules.add<msft::QLinearGlobalAveragePoolOp, inferQLinearGlobalAveragePool>();
  rules.add<msft::EmbedLayerNormalizationOp, inferEmbedLayerNormalization>();
  rules.add<msft::FusedMatMulOp, inferFusedMatMul>();
  rules.add<msft::FusedConvOp, inferFusedConv>();
  rules.add<msft::FusedGemmOp, inferFusedGemm>();
  rules.add<msft::RotaryEmbeddingOp, inferRotary>();
  rules.add<msft::NhwcMaxPoolOp, inferNhwcMaxPool>();
  rules.add<msft::QGemmOp, inferQGemm>();
  rules.add<msft::SimplifiedLayerNormalizationOp, inferSimplified>();
  rules.add<msft::DynamicQuantizeMatMulOp, msft::MatMulIntegerToFloatOp,
            msft::MatMulInteger16Op>(inferFirstTwo);
  rules.add<msft::SkipLayerNormalizationOp,
            msft::SkipSimplifiedLayerNormalizationOp>(inferSkipNormalization);
  rules.add<msft::QLinearAddOp, msft::QLinearMulOp>(inferQLinearBinary);
  rules
      .add<msft::BiasAddOp, msft::BiasGeluOp, msft::BiasSoftmaxOp,
           msft::ComplexMulOp, msft::ComplexMulConjOp, msft::DequantizeLinearOp,
           msft::FastGeluOp, msft::GeluOp, msft::GemmaRotaryEmbeddingOp,
           msft::InverseOp, msft::QLinearLeakyReluOp, msft::QLinearSigmoidOp,
           msft::QLinearSoftmaxOp, msft::QuantizeLinearOp, msft::QuickGeluOp,
           msft::TriluOp>(inferSameAsFirst);
}

} // namespace squint::onnx
