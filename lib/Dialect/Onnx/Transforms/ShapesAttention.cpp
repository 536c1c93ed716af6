//===- ShapesAttention.cpp - attention of com.microsoft -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "squint/Dialect/Onnx/Passes.h"

using namespace mlir;

namespace squint::onnx {
namespace {

LogicalResult expectHeads(int64_t heads, StringRef name, ShapeContext &s) {
  if (heads >= 1 && heads <= 1 << 16)
    return success();
  return s.fail() << "expected " << name << " from 1 to 65536, got " << heads;
}

/// A value of one dimension.
LogicalResult expectVector(Value value, const DimExpr &size, StringRef name,
                           ShapeContext &s) {
  if (!value)
    return success();
  if (failed(s.expectRank(value, 1, 1, name)))
    return failure();
  return success(succeeded(s.unify(s.shape(value)[0], size, name)));
}

/// A past [batch, heads, length, size]; its length.
FailureOr<DimExpr> inferPast(Value past, const DimExpr &batch,
                             const DimExpr &heads, const DimExpr &size,
                             ShapeContext &s) {
  if (failed(s.expectRank(past, 4, 4, "the past")))
    return failure();
  ArrayRef<DimExpr> dims = s.shape(past);
  if (failed(s.unify(dims[0], batch, "the past's batch")) ||
      failed(s.unify(dims[1], heads, "the past's heads")) ||
      failed(s.unify(dims[3], size, "the past's heads")))
    return failure();
  return dims[2];
}

/// What is added to scores [batch, heads, tokens, keys].
LogicalResult expectScores(Value bias, ArrayRef<DimExpr> scores,
                           ShapeContext &s) {
  if (!bias)
    return success();
  if (failed(s.expectRank(bias, 4, 4, "attention_bias")))
    return failure();
  return s.expectBroadcast(bias, scores, "attention_bias");
}

/// Masks of 2 and 3 dimensions are [batch, keys] and [batch, tokens, keys].
LogicalResult expectMask(Value mask, ArrayRef<DimExpr> scores,
                         ShapeContext &s) {
  if (!mask)
    return success();
  ArrayRef<DimExpr> dims = s.shape(mask);
  if (dims.size() != 2 && dims.size() != 3)
    return success();
  Dims wanted{scores[0], scores[2], scores[3]};
  if (dims.size() == 2)
    wanted.erase(wanted.begin() + 1);
  return s.expectBroadcast(mask, wanted, "the mask");
}

/// query [batch, tokens, heads * size], or all three in
/// [batch, tokens, heads, 3, size]; key and value as the query, or
/// [batch, heads, keys, size], or both in [batch, keys, heads, 2, size].
LogicalResult inferMultiHeadAttention(msft::MultiHeadAttentionOp op,
                                      ShapeContext &s) {
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  DimExpr heads = op.getNumHeads();
  if (failed(expectHeads(op.getNumHeads(), "num_heads", s)))
    return failure();
  Dims dims(s.shape(query));
  DimExpr batch, tokens, size, keys, vSize;
  if (dims.size() == 5) {
    if (key || value)
      return s.fail() << "expected no key and value beside a query that holds "
                         "them";
    if (failed(s.unify(dims[2], heads, "the heads")) ||
        failed(s.unify(dims[3], 3, "query, key and value")))
      return failure();
    batch = dims[0], tokens = keys = dims[1], size = vSize = dims[4];
  } else {
    if (failed(s.expectRank(query, 3, 3, "the query")))
      return failure();
    if (!key)
      return s.fail() << "expected a key beside a query of 3 dimensions";
    FailureOr<DimExpr> each = s.divide(dims[2], heads, "the query's width");
    if (failed(each))
      return failure();
    batch = dims[0], tokens = dims[1], size = *each;
    Dims k(s.shape(key));
    if (!value != (k.size() == 5))
      return s.fail() << "expected a value beside a key of 3 or 4 dimensions";
    Dims v(value ? s.shape(value) : ArrayRef<DimExpr>(k));
    if (k.size() < 3 || k.size() > 5 || v.size() != k.size())
      return s.fail() << "expected key and value of 3 or 4 dimensions, or one "
                         "of 5";
    FailureOr<DimExpr> same = s.unify(k[0], batch, "the batch");
    if (failed(same) || failed(s.unify(v[0], batch, "the batch")))
      return failure();
    if (k.size() == 3) {
      keys = k[1];
      FailureOr<DimExpr> width = s.divide(v[2], heads, "the value's width");
      if (failed(width) || failed(s.unify(k[2], dims[2], "query and key")) ||
          failed(s.unify(v[1], keys, "key and value")))
        return failure();
      vSize = *width;
    } else if (k.size() == 4) {
      keys = k[2], vSize = v[3];
      if (failed(s.unify(k[1], heads, "the heads")) ||
          failed(s.unify(v[1], heads, "the heads")) ||
          failed(s.unify(k[3], size, "query and key")) ||
          failed(s.unify(v[2], keys, "key and value")))
        return failure();
    } else {
      keys = k[1], vSize = k[4];
      if (failed(s.unify(k[2], heads, "the heads")) ||
          failed(s.unify(k[3], 2, "key and value")) ||
          failed(s.unify(k[4], size, "query and key")))
        return failure();
    }
  }
  if (!op.getPastKey() != !op.getPastValue())
    return s.fail() << "expected past_key and past_value together";
  for (auto [past, width] : {std::pair(op.getPastKey(), size),
                             std::pair(op.getPastValue(), vSize)}) {
    if (!past)
      continue;
    FailureOr<DimExpr> length = inferPast(past, batch, heads, width, s);
    if (failed(length))
      return failure();
    if (past == op.getPastKey())
      keys = keys + *length;
  }
  Dims scores{batch, heads, tokens, keys};
  if (failed(expectVector(op.getBias(), heads * (size * DimExpr(2) + vSize),
                          "the bias", s)) ||
      failed(expectMask(op.getKeyPaddingMask(), scores, s)) ||
      failed(expectScores(op.getAttentionBias(), scores, s)) ||
      failed(s.set(op.getOutput(), {batch, tokens, heads * vSize})))
    return failure();
  for (auto [present, width] : {std::pair(op.getPresentKey(), size),
                                std::pair(op.getPresentValue(), vSize)})
    if (present && failed(s.set(present, {batch, heads, keys, width})))
      return failure();
  return op.getQk() ? s.set(op.getQk(), std::move(scores)) : success();
}

/// x [batch, tokens, inputs] times a weight of the three projections; the past
/// is [2, batch, heads, length, size].
template <typename OpTy>
LogicalResult inferProjected(OpTy op, Value input, Value weight, Value scores,
                             std::optional<ArrayRef<int64_t>> sizes,
                             ShapeContext &s) {
  if (failed(expectHeads(op.getNumHeads(), "num_heads", s)) ||
      failed(s.expectRank(input, 3, 3, "the input")) ||
      failed(s.expectRank(weight, 2, 2, "the weights")))
    return failure();
  Dims dims(s.shape(input)), weights(s.shape(weight));
  DimExpr heads = op.getNumHeads(), hidden, vHidden;
  if (failed(s.unify(dims[2], weights[0], "the contraction")))
    return failure();
  if (sizes) {
    if (sizes->size() != 3 || (*sizes)[0] != (*sizes)[1] ||
        llvm::any_of(*sizes, [](int64_t size) { return size < 1; }))
      return s.fail() << "expected qkv_hidden_sizes to be three, of which the "
                         "first two are equal";
    hidden = (*sizes)[0], vHidden = (*sizes)[2];
  } else {
    FailureOr<DimExpr> third =
        s.divide(weights[1], 3, "the width of the weights");
    if (failed(third))
      return failure();
    hidden = vHidden = *third;
  }
  DimExpr all = hidden * DimExpr(2) + vHidden;
  FailureOr<DimExpr> size = s.divide(hidden, heads, "the width of the heads"),
                     vSize = s.divide(vHidden, heads, "the width of the heads");
  if (failed(size) || failed(vSize) ||
      failed(s.unify(weights[1], all, "the width of the weights")) ||
      failed(expectVector(op.getBias(), all, "the bias", s)))
    return failure();
  DimExpr keys = dims[1];
  if (Value past = op.getPast()) {
    if (failed(s.expectRank(past, 5, 5, "the past")))
      return failure();
    Dims before(s.shape(past));
    if (failed(s.unify(before[0], 2, "the past")) ||
        failed(s.unify(before[1], dims[0], "the past's batch")) ||
        failed(s.unify(before[2], heads, "the past's heads")) ||
        failed(s.unify(before[4], *size, "the past's heads")) ||
        failed(s.unify(*size, *vSize, "keys and values of a past")))
      return failure();
    keys = keys + before[3];
  }
  Dims shape{dims[0], heads, dims[1], keys};
  if (failed(expectMask(op.getMaskIndex(), shape, s)) ||
      failed(expectScores(scores, shape, s)) ||
      failed(s.set(op.getOutput(), {dims[0], dims[1], vHidden})))
    return failure();
  if (!op.getPresent())
    return success();
  if (failed(s.unify(*size, *vSize, "keys and values of a present")))
    return failure();
  return s.set(op.getPresent(), {2, dims[0], heads, keys, *size});
}

LogicalResult inferAttention(msft::AttentionOp op, ShapeContext &s) {
  return inferProjected(op, op.getInput(), op.getWeights(),
                        op.getAttentionBias(), op.getQkvHiddenSizes(), s);
}
LogicalResult inferQAttention(msft::QAttentionOp op, ShapeContext &s) {
  return inferProjected(op, op.getInput(), op.getWeight(), /*scores=*/Value(),
                        /*sizes=*/std::nullopt, s);
}

/// query is [batch, tokens, heads * size], or holds key and value as well;
/// caches are [batch, heads, length, size].
LogicalResult inferGroupQueryAttention(msft::GroupQueryAttentionOp op,
                                       ShapeContext &s) {
  int64_t heads = op.getNumHeads(), shared = op.getKvNumHeads();
  if (failed(s.expectRank(op.getQuery(), 3, 3, "the query")) ||
      failed(expectHeads(heads, "num_heads", s)) ||
      failed(expectHeads(shared, "kv_num_heads", s)))
    return failure();
  if (heads % shared)
    return s.fail() << "expected num_heads to be a multiple of kv_num_heads, "
                       "got "
                    << heads << " and " << shared;
  if (!op.getKey() != !op.getValue())
    return s.fail() << "expected key and value together";
  if (!op.getPastKey() != !op.getPastValue())
    return s.fail() << "expected past_key and past_value together";
  if (!op.getQNormWeight() != !op.getKNormWeight())
    return s.fail() << "expected q_norm_weight and k_norm_weight together";
  if (op.getDoRotary().value_or(0) && !(op.getCosCache() && op.getSinCache()))
    return s.fail() << "expected cos_cache and sin_cache beside do_rotary";
  if (op.getCausal() != 0 && op.getCausal() != 1)
    return s.fail() << "expected causal to be 0 or 1, got " << op.getCausal();
  if (!op.getCausal() && op.getLocalWindowSize() > 0)
    return s.fail() << "expected no local_window_size beside causal = 0";
  Dims dims(s.shape(op.getQuery()));
  FailureOr<DimExpr> size = s.divide(
      dims[2], op.getKey() ? heads : heads + 2 * shared, "the query's width");
  if (failed(size))
    return failure();
  DimExpr batch = dims[0], tokens = dims[1];
  for (Value x : {op.getKey(), op.getValue()})
    if (x && (failed(s.expectRank(x, 3, 3, "key and value")) ||
              failed(s.unify(s.shape(x)[0], batch, "the batch")) ||
              failed(s.unify(s.shape(x)[1], tokens, "the tokens")) ||
              failed(s.unify(s.shape(x)[2], *size * DimExpr(shared),
                             "the width of key and value"))))
      return failure();
  bool isWhole = op->hasAttr(kWholeAttr);
  if (isWhole) {
    // Nothing is said.
  } else if (s.rank(op.getSeqlensK()) == 2) {
    if (failed(s.unify(s.shape(op.getSeqlensK())[1], 1, "seqlens_k")))
      return failure();
  } else if (failed(expectVector(op.getSeqlensK(), batch, "seqlens_k", s))) {
    return failure();
  }
  std::optional<ArrayRef<DimExpr>> known =
      s.values(op.getTotalSequenceLength());
  if (!isWhole && (!known || known->size() != 1))
    return s.refuse() << "expected a total_sequence_length that is an input, "
                         "or follows from the shapes of inputs";
  DimExpr total = isWhole ? tokens : known->front();
  DimExpr length = DimExpr::max(total, 0);
  for (Value past : {op.getPastKey(), op.getPastValue()}) {
    if (!past)
      continue;
    FailureOr<DimExpr> before =
        inferPast(past, batch, DimExpr(shared), *size, s);
    if (failed(before))
      return failure();
    if (past == op.getPastKey())
      length = DimExpr::max(*before, total);
    else if (failed(s.unify(s.shape(op.getPastKey())[2], *before,
                            "past_key and past_value")))
      return failure();
  }
  if (op.getCosCache() &&
      (failed(s.expectRank(op.getCosCache(), 2, 2, "cos_cache")) ||
       failed(s.expectRank(op.getSinCache(), 2, 2, "sin_cache"))))
    return failure();
  for (auto [value, count, name] :
       {std::tuple<Value, DimExpr, StringRef>{op.getHeadSink(), heads,
                                              "head_sink"},
        {op.getQNormWeight(), *size, "q_norm_weight"},
        {op.getKNormWeight(), *size, "k_norm_weight"}})
    if (failed(expectVector(value, count, name, s)))
      return failure();
  if (Value positions = op.getPositionIds();
      positions &&
      (failed(s.expectRank(positions, 2, 2, "position_ids")) ||
       failed(s.unify(s.shape(positions)[0], batch, "the positions' batch")) ||
       failed(s.unify(s.shape(positions)[1], tokens, "the positions"))))
    return failure();
  if (failed(expectScores(op.getAttentionBias(), {batch, heads, tokens, total},
                          s)) ||
      failed(s.set(op->getResult(0), {batch, tokens, *size * DimExpr(heads)})))
    return failure();
  for (Value present : {op.getPresentKey(), op.getPresentValue()})
    if (present && failed(s.set(present, {batch, shared, length, *size})))
      return failure();
  return op.getOutputQk()
             ? s.set(op.getOutputQk(), {batch, heads, tokens, length})
             : success();
}
} // namespace

void addAttentionRules(ShapeRules &rules) {
  rules.add<msft::AttentionOp, inferAttention>();
  rules.add<msft::GroupQueryAttentionOp, inferGroupQueryAttention>();
  rules.add<msft::MultiHeadAttentionOp, inferMultiHeadAttention>();
  rules.add<msft::QAttentionOp, inferQAttention>();
}

} // namespace squint::onnx
