//===- ShapesContrib.cpp - operators of com.microsoft -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// x [..., K] times a packed weight of N outputs and K inputs, both attributes.
LogicalResult inferMatMulNBits(msft::MatMulNBitsOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getA(), 1, 16, "A")))
    return failure();
  Dims dims(s.shape(op.getA()));
  if (failed(s.unify(dims.back(), op.getK(), "the contraction")))
    return failure();
  dims.back() = op.getN();
  return s.set(op.getY(), std::move(dims));
}

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

LogicalResult inferQGemm(msft::QGemmOp op, ShapeContext &s) {
  FailureOr<Dims> dims =
      inferGemmShape(op.getA(), op.getB(), op.getTransA(), op.getTransB(), s);
  return failed(dims) ? failure() : s.set(op.getY(), std::move(*dims));
}

/// query is [batch, tokens, heads * size], or holds key and value as well;
/// caches are [batch, heads, total, size].
LogicalResult inferGroupQueryAttention(msft::GroupQueryAttentionOp op,
                                       ShapeContext &s) {
  if (failed(s.expectRank(op.getQuery(), 3, 3, "the query")))
    return failure();
  Dims dims(s.shape(op.getQuery()));
  int64_t heads = op.getNumHeads(), kvHeads = op.getKvNumHeads();
  if (heads < 1 || kvHeads < 1)
    return s.fail() << "expected 1 head or more";
  bool packed = !op.getKey();
  DimExpr size =
      DimExpr::floordiv(dims[2], packed ? heads + 2 * kvHeads : heads);
  DimExpr tokens = dims[1];
  dims[2] = size * DimExpr(heads);
  Dims batchOnly{dims[0]};
  if (failed(s.set(op->getResult(0), dims)))
    return failure();
  for (auto [past, present] :
       {std::pair<Value, Value>{op.getPastKey(), op.getPresentKey()},
        {op.getPastValue(), op.getPresentValue()}}) {
    if (!present)
      continue;
    DimExpr total =
        past && s.rank(past) == 4 ? s.shape(past)[2] + tokens : tokens;
    if (failed(s.set(present, {batchOnly[0], DimExpr(kvHeads), total, size})))
      return failure();
  }
  for (Value result : op->getResults())
    if (!s.isKnown(result))
      return s.refuse() << "expected no further results (not supported yet)";
  return success();
}

LogicalResult inferGatherBlockQuantized(msft::GatherBlockQuantizedOp op,
                                        ShapeContext &s) {
  Dims data(s.shape(op.getData())), indices(s.shape(op.getIndices()));
  FailureOr<int64_t> axis = s.axis(op.getGatherAxis(), data.size());
  if (failed(axis))
    return failure();
  // uint8 data packs 8 / bits elements a byte along the last axis.
  Type element = cast<ShapedType>(op.getData().getType()).getElementType();
  if (element.isInteger(8) && op.getBits() > 0 && op.getBits() <= 8 &&
      !data.empty())
    data.back() = data.back() * DimExpr(8 / op.getBits());
  Dims dims(ArrayRef<DimExpr>(data).take_front(*axis));
  llvm::append_range(dims, indices);
  llvm::append_range(dims, ArrayRef<DimExpr>(data).drop_front(*axis + 1));
  return s.set(op.getOutput(), std::move(dims));
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
  Dims dims{ids[0], ids[1], s.shape(op.getWordEmbedding())[1]};
  if (failed(s.set(op.getOutput(), dims)))
    return failure();
  if (op.getMaskIndex() && failed(s.set(op.getMaskIndex(), {ids[0]})))
    return failure();
  return op.getEmbeddingSum() ? s.set(op.getEmbeddingSum(), std::move(dims))
                              : success();
}

/// x [batch, tokens, inputs] times a weight of the three projections.
LogicalResult inferAttention(msft::AttentionOp op, ShapeContext &s) {
  if (failed(s.expectRank(op.getInput(), 3, 3, "the input")) ||
      failed(s.expectRank(op.getWeights(), 2, 2, "the weights")))
    return failure();
  if (op->getNumResults() != 1)
    return s.refuse() << "expected no cache (not supported yet)";
  Dims dims(s.shape(op.getInput()));
  auto sizes = op.getQkvHiddenSizes();
  dims[2] = sizes && sizes->size() == 3
                ? DimExpr((*sizes)[2])
                : DimExpr::floordiv(s.shape(op.getWeights())[1], 3);
  return s.set(op->getResult(0), std::move(dims));
}

/// query, key and value are [batch, tokens, heads * size].
LogicalResult inferMultiHeadAttention(msft::MultiHeadAttentionOp op,
                                      ShapeContext &s) {
  if (op->getNumResults() != 1 || !op.getValue() ||
      s.rank(op.getQuery()) != 3 || s.rank(op.getValue()) != 3)
    return s.refuse()
           << "expected query, key and value of 3 dimensions, without "
              "a cache (other forms are not supported yet)";
  Dims dims(s.shape(op.getQuery()));
  dims[2] = s.shape(op.getValue())[2];
  return s.set(op->getResult(0), std::move(dims));
}
} // namespace

void addContribRules(ShapeRules &rules) {
  rules.add<msft::QLinearConcatOp, inferQLinearConcat>();
  rules.add<msft::QLinearGlobalAveragePoolOp, inferQLinearGlobalAveragePool>();
  rules.add<msft::EmbedLayerNormalizationOp, inferEmbedLayerNormalization>();
  rules.add<msft::AttentionOp, inferAttention>();
  rules.add<msft::MultiHeadAttentionOp, inferMultiHeadAttention>();
  rules.add<msft::MatMulNBitsOp, inferMatMulNBits>();
  rules.add<msft::FusedMatMulOp, inferFusedMatMul>();
  rules.add<msft::FusedConvOp, inferFusedConv>();
  rules.add<msft::QGemmOp, inferQGemm>();
  rules.add<msft::GroupQueryAttentionOp, inferGroupQueryAttention>();
  rules.add<msft::GatherBlockQuantizedOp, inferGatherBlockQuantized>();
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
           msft::RotaryEmbeddingOp, msft::TriluOp>(inferSameAsFirst);
}

} // namespace squint::onnx
