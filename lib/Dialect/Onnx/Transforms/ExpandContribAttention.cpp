//===- ExpandContribAttention.cpp - attention of com.microsoft -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include "squint/Dialect/Onnx/Passes.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// Attributes and operands that no kernel has an answer to; 0 and absent are
/// what they mean when they ask for nothing.
LogicalResult refuseUsed(Body &body, ArrayRef<StringRef> attributes) {
  for (StringRef name : attributes)
    if (body.integer(name, 0))
      return body.refuse("expected " + name + " to be 0");
  return success();
}

/// What the operators of BERT and GPT share: masks by keys.
class Projected {
public:
  explicit Projected(Body &body)
      : body(body), filter(body.number("mask_filter_value", -10000)) {}

  /// The heads of [batch, tokens, heads * size], to which a part of a bias is
  /// added.
  Value heads(Value x, Value bias, int64_t offset, int64_t width) {
    if (bias)
      x = body.add(x, body.slice(bias, 0, offset, offset + width));
    return splitHeads(body, x, count);
  }

  /// A mask of integers: [batch] or [2 * batch] with where keys end, and begin;
  /// [3 * batch + 2] with where they end, and cumulated lengths, which kernels
  /// for packed rows read; [batch, keys] or [batch, tokens, keys] with 0 for
  /// what is hidden.
  LogicalResult addMask(AttentionBias &bias, Value mask, Value k) {
    Type element = Body::element(k), i32 = body.b.getI32Type();
    Value isSeen;
    SmallVector<DimExpr> dims = Body::dims(mask);
    if (dims.size() == 1) {
      Value column = body.cast(body.range(body.size(k, 2)), i32);
      bool isLong = dims[0] == batch * DimExpr(3) + DimExpr(2);
      if (isLong)
        mask = body.make("Slice",
                         {mask, body.ints(0), body.size(body.in(0), 0, false)});
      if (!isLong && dims[0] != batch && dims[0] != batch * DimExpr(2))
        return body.refuse("expected a mask of " + batch.str() +
                           " lengths, twice or three times as many, got " +
                           dims[0].str());
      auto row = [&](Value ends) { return body.unsqueeze(ends, {1, 2, 3}); };
      if (isLong || dims[0] == batch) {
        isSeen = body.compare("Less", column, row(mask));
      } else {
        Value parts = body.reshape(mask, {2, -1});
        auto part = [&](int64_t i) {
          return row(body.reshape(body.slice(parts, 0, i, i + 1), -1));
        };
        isSeen =
            body.make("And", {body.compare("Less", column, part(0)),
                              body.compare("GreaterOrEqual", column, part(1))});
      }
    } else if (dims.size() <= 3) {
      isSeen = body.compare("Greater", mask, body.scalar(i32, 0));
      isSeen = body.unsqueeze(isSeen, dims.size() == 2 ? ArrayRef<int64_t>{1, 2}
                                                       : ArrayRef<int64_t>{1});
    } else {
      return body.refuse("expected a mask of at most 3 dimensions, got " +
                         Twine(dims.size()));
    }
    bias.add(body, body.where(isSeen, body.scalar(element, 0),
                              body.scalar(element, filter)));
    return success();
  }

  /// Query i stands behind the keys of the past.
  void addCausal(AttentionBias &bias, Value q, Value k, Value past) {
    Value row = body.range(body.size(q, 2)), place = row;
    if (past)
      place = body.add(row, body.size(past, 2));
    Value column = body.range(body.size(k, 2));
    Value isSeen =
        body.compare("LessOrEqual", column, body.unsqueeze(place, 1));
    if (lastSeesAll) {
      Value last = body.add(body.size(q, 2), -1.0);
      isSeen = body.make(
          "Or", {isSeen, body.unsqueeze(body.compare("Equal", row, last), 1)});
    }
    bias.add(body, hideUnless(body, isSeen, Body::element(q)));
  }

  Body &body;
  double filter;
  int64_t count = 0;
  DimExpr batch;
  /// What ONNX Runtime does for the last query where keys are not as many as
  /// queries.
  bool lastSeesAll = false;
};

/// The mask, the bias of the scores, and what is hidden from the future.
FailureOr<Value> finish(Projected &p, Attention &attention, Value mask,
                        Value scores, Value pastKey, unsigned shown) {
  Body &body = p.body;
  if (double scale = body.number("scale", 0))
    attention.scale = scale;
  if (mask && failed(p.addMask(attention.bias, mask, attention.k)))
    return failure();
  if (scores)
    attention.bias.add(body, scores);
  if (body.integer("unidirectional", 0))
    p.addCausal(attention.bias, attention.q, attention.k, pastKey);
  AttentionScores stages;
  Value y = attend(body, attention, &stages);
  if (shown)
    body.replace(shown, stages[2]);
  return mergeHeads(body, y);
}

/// query, key, value, bias, mask of keys, bias of scores, past key and value.
LogicalResult expandMultiHead(Body &body) {
  if (body.in(8))
    return body.refuse("expected no past_sequence_length");
  if (body.in(9))
    return body.refuse("expected no cache_indirection");
  Projected p(body);
  p.count = body.integer("num_heads", 0);
  Value query = body.in(0), key = body.in(1), value = body.in(2),
        bias = body.in(3), pastKey = body.in(6), pastValue = body.in(7);
  SmallVector<DimExpr> dims = Body::dims(query);
  p.batch = dims[0];
  Value q, k, v;
  std::optional<int64_t> size, vSize;
  // [batch, tokens, heads, parts, size] -> [batch, heads, tokens, size]
  auto part = [&](Value packed, int64_t i) {
    Value x =
        body.make("Squeeze", {body.slice(packed, 3, i, i + 1), body.ints(3)});
    return body.transpose(x, {0, 2, 1, 3});
  };
  if (dims.size() == 5) {
    size = vSize = dims[4].getConstant();
    q = part(query, 0), k = part(query, 1), v = part(query, 2);
  } else {
    std::optional<int64_t> width = dims[2].getConstant();
    if (width)
      size = *width / p.count;
    bool isPacked = Body::rank(key) == 5, isCache = Body::rank(key) == 4;
    p.lastSeesAll = Body::dims(key)[isCache ? 2 : 1] != dims[1];
    if (isPacked)
      vSize = Body::dims(key)[4].getConstant();
    else if (isCache)
      vSize = Body::dims(value)[3].getConstant();
    else if (std::optional<int64_t> all = Body::dims(value)[2].getConstant())
      vSize = *all / p.count;
    if (!size || !vSize)
      return body.refuse("expected heads of a static size");
    int64_t hidden = *width;
    q = p.heads(query, bias, 0, hidden);
    if (isPacked) {
      k = part(key, 0), v = part(key, 1);
    } else if (isCache) {
      // What is cached has its bias.
      k = key, v = value;
    } else {
      k = p.heads(key, bias, hidden, hidden);
      v = p.heads(value, bias, 2 * hidden, *vSize * p.count);
    }
    if (bias && isPacked)
      return body.refuse("expected no bias beside a key of 5 dimensions");
  }
  if (dims.size() == 5 && bias)
    return body.refuse("expected no bias beside a query of 5 dimensions");
  if (!size || !vSize)
    return body.refuse("expected heads of a static size");
  if (pastKey) {
    k = body.concat({pastKey, k}, 2);
    v = body.concat({pastValue, v}, 2);
  }
  body.replace(1, k);
  body.replace(2, v);
  Attention attention(q, k, v, p.count, p.count, *size, *vSize);
  FailureOr<Value> y =
      finish(p, attention, body.in(4), body.in(5), pastKey, /*shown=*/3);
  if (failed(y))
    return failure();
  body.replace(0, *y);
  return success();
}

/// Projections in one product, and the past of keys and values in one tensor.
LogicalResult attendProjected(Body &body, Value projected, Value bias,
                              Value mask, Value past, Value scores,
                              int64_t hidden, int64_t vHidden) {
  Projected p(body);
  p.count = body.integer("num_heads", 0);
  p.batch = Body::dims(body.in(0))[0];
  auto columns = [&](int64_t from, int64_t count) {
    return p.heads(body.slice(projected, 2, from, from + count), bias, from,
                   count);
  };
  Value q = columns(0, hidden), k = columns(hidden, hidden),
        v = columns(2 * hidden, vHidden), pastKey;
  if (past) {
    auto half = [&](int64_t i) {
      return body.make("Squeeze",
                       {body.slice(past, 0, i, i + 1), body.ints(0)});
    };
    pastKey = half(0);
    k = body.concat({pastKey, k}, 2);
    v = body.concat({half(1), v}, 2);
  }
  if (body.out(1))
    body.replace(1,
                 body.concat({body.unsqueeze(k, 0), body.unsqueeze(v, 0)}, 0));
  Attention attention(q, k, v, p.count, p.count, hidden / p.count,
                      vHidden / p.count);
  FailureOr<Value> y = finish(p, attention, mask, scores, pastKey, /*shown=*/0);
  if (failed(y))
    return failure();
  body.replace(0, *y);
  return success();
}

/// input, weights, bias, mask, past, bias of scores.
LogicalResult expandMicrosoftAttention(Body &body) {
  if (failed(refuseUsed(body, {"do_rotary", "past_present_share_buffer"})))
    return failure();
  if (body.in(6))
    return body.refuse("expected no past_sequence_length");
  std::optional<int64_t> width = Body::dims(body.in(1))[1].getConstant();
  if (!width)
    return body.refuse("expected weights of a static width");
  ArrayRef<int64_t> sizes = body.integers("qkv_hidden_sizes");
  return attendProjected(body, body.make("MatMul", {body.in(0), body.in(1)}),
                         body.in(2), body.in(3), body.in(4), body.in(5),
                         sizes.empty() ? *width / 3 : sizes[0],
                         sizes.empty() ? *width / 3 : sizes[2]);
}

/// input, weights, bias, their scales, mask, their zero points, past.
LogicalResult expandQAttention(Body &body) {
  if (failed(refuseUsed(body, {"do_rotary", "past_present_share_buffer"})))
    return failure();
  std::optional<int64_t> width = Body::dims(body.in(1))[1].getConstant();
  if (!width)
    return body.refuse("expected weights of a static width");
  Value projected = multiplyCodes(body, body.in(0), body.in(3), body.in(6),
                                  body.in(1), body.in(4), body.in(7));
  return attendProjected(body, projected, body.in(2), body.in(5), body.in(8),
                         /*scores=*/Value(), *width / 3, *width / 3);
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

/// Pairs of elements turn by the angles of [batch, tokens] positions.
FailureOr<std::pair<Value, Value>> rotateHeads(Body &body, Value q, Value k,
                                               Value positions) {
  std::optional<int64_t> half = Body::dims(body.in(7))[1].getConstant();
  if (!half) {
    (void)body.refuse("expected a cos_cache of a static width");
    return failure();
  }
  auto rotate = [&](Value x) {
    return body.make(
        "RotaryEmbedding", {x, body.in(7), body.in(8), positions},
        {body.attribute("interleaved", body.integer("rotary_interleaved", 0)),
         body.attribute("rotary_embedding_dim", 2 * *half)});
  };
  return std::pair(rotate(q), rotate(k));
}

/// What else changes the scores, and the result.
LogicalResult finishGroupQuery(Body &body, Attention &attention) {
  if (double scale = body.number("scale", 0))
    attention.scale = scale;
  attention.softcap = body.number("softcap", 0);
  if (Value sink = body.in(11))
    attention.sink = body.unsqueeze(sink, {1, 2});
  else if (body.integer("smooth_softmax", 0) > 0)
    attention.sink = body.scalar(Body::element(attention.q), 0);
  body.replace(0, mergeHeads(body, attend(body, attention)));
  return success();
}

/// Of sequences that begin with the tokens.
LogicalResult attendWhole(Body &body, Attention attention) {
  Value row = body.range(body.size(attention.q, 2));
  if (body.integer("do_rotary", 0)) {
    Value positions = body.in(9), query = body.in(0);
    if (!positions)
      positions =
          body.make("Expand", {row, body.concat({body.size(query, 0, false),
                                                 body.size(query, 1, false)},
                                                0)});
    auto turned = rotateHeads(body, attention.q, attention.k, positions);
    if (failed(turned))
      return failure();
    std::tie(attention.q, attention.k) = *turned;
  }
  body.replace(1, attention.k);
  body.replace(2, attention.v);
  Value column = body.range(body.size(attention.k, 2));
  Value place = body.unsqueeze(row, 1);
  auto see = [&](StringRef comparison, Value limit) {
    attention.bias.add(body,
                       hideUnless(body, body.compare(comparison, column, limit),
                                  Body::element(attention.q)));
  };
  if (body.integer("causal", 1))
    see("LessOrEqual", place);
  if (int64_t window = body.integer("local_window_size", -1); window > 0)
    see("Greater", body.add(place, -double(window)));
  if (Value bias = body.in(10))
    attention.bias.add(body, bias);
  return finishGroupQuery(body, attention);
}

/// Sequences of a batch have lengths of their own: `seqlens_k` + 1 with what is
/// new. New keys go behind a sequence's past ones, in a cache as long as the
/// longest, and queries stand where their keys do.
LogicalResult expandGroupQuery(Body &body) {
  if (failed(refuseUsed(
          body, {"kv_cache_bit_width", "qk_output", "sliding_window_cache"})))
    return failure();
  for (StringRef name : {"k_quant_type", "v_quant_type"})
    if (body.string(name, "NONE") != "NONE")
      return body.refuse("expected " + name + " to be NONE");
  if (body.in(12) || body.in(13))
    return body.refuse("expected no k_scale and v_scale");
  // In ONNX Runtime a window of 0 keys gives zeros, in others all keys.
  if (body.integer("local_window_size", -1) == 0)
    return body.refuse("expected local_window_size to be -1 or positive");
  int64_t heads = body.integer("num_heads", 0),
          shared = body.integer("kv_num_heads", 0);
  Value query = body.in(0), key = body.in(1), value = body.in(2);
  Type element = Body::element(query), i64 = body.b.getI64Type();
  std::optional<int64_t> width = Body::dims(query)[2].getConstant();
  if (!width)
    return body.refuse("expected heads of a static size");
  int64_t size = *width / (key ? heads : heads + 2 * shared);
  if (!key) {
    auto columns = [&](int64_t from, int64_t count) {
      return body.slice(query, 2, from * size, (from + count) * size);
    };
    key = columns(heads, shared);
    value = columns(heads + shared, shared);
    query = columns(0, heads);
  }
  Value q = splitHeads(body, query, heads), k = splitHeads(body, key, shared),
        v = splitHeads(body, value, shared);
  if (Value weight = body.in(14)) {
    NamedAttribute attributes[] = {
        body.attribute("axis", int64_t(-1)),
        body.real("epsilon", body.number("qk_norm_epsilon", 1e-6f))};
    q = body.make("RMSNormalization", {q, weight}, attributes);
    k = body.make("RMSNormalization", {k, body.in(15)}, attributes);
  }
  if (body.has(kWholeAttr))
    return attendWhole(body, Attention(q, k, v, heads, shared, size, size));

  // Of each sequence.
  Value zero = body.scalar(i64, 0), tokens = body.size(q, 2);
  Value total = body.add(body.cast(body.in(5), i64), 1.0);
  Value before = body.make("Max", {body.sub(total, tokens), zero});
  // [batch, tokens]
  Value places = body.add(body.unsqueeze(before, 1), body.range(tokens));
  if (body.integer("do_rotary", 0)) {
    Value positions = body.in(9);
    if (!positions) {
      // What a sequence is padded with is at 1.
      Value isToken = body.compare("Less", places, body.unsqueeze(total, 1));
      positions = body.where(isToken, places, body.scalar(i64, 1));
    } else {
      // Of a first prompt only the first one counts.
      Value first = body.slice(body.reshape(positions, -1), 0, 0, 1);
      Value isFirst = body.compare("Equal", body.cast(body.in(6), i64), tokens);
      positions =
          body.where(isFirst, body.add(first, body.range(tokens)), positions);
    }
    auto turned = rotateHeads(body, q, k, positions);
    if (failed(turned))
      return failure();
    std::tie(q, k) = *turned;
  }

  // The cache, as long as the present one is; without a past it holds what is
  // new.
  if (body.in(3) && !body.output(1))
    return body.refuse("expected present_key beside past_key");
  DimExpr tokenCount = Body::dims(body.in(0))[1],
          length = body.output(1) ? Body::dims(body.output(1))[2] : tokenCount;
  auto store = [&](Value past, Value x) {
    Value cache = past ? past : x;
    if (length != (past ? Body::dims(past)[2] : tokenCount)) {
      Value longest =
          body.make("Reshape", {body.cast(body.in(6), i64), body.ints(1)});
      Value more = body.make(
          "Max", {body.sub(longest, body.size(cache, 2, false)), body.ints(0)});
      cache = body.make("Pad", {cache, body.concat({body.ints(0), more}, 0),
                                body.scalar(element, 0), body.ints(2)});
    }
    if (!past)
      return cache;
    // What was behind a sequence's end is gone.
    cache = body.make("TensorScatter", {cache, x, before},
                      body.attribute("axis", int64_t(2)));
    Value end = body.unsqueeze(body.add(before, tokens), {1, 2, 3});
    Value row = body.unsqueeze(body.range(body.size(cache, 2)), 1);
    return body.where(body.compare("Less", row, end), cache,
                      body.scalar(element, 0));
  };
  k = store(body.in(3), k);
  v = store(body.in(4), v);
  body.replace(1, k);
  body.replace(2, v);

  // Keys behind a sequence's end are no more seen than those of the future.
  Attention attention(q, k, v, heads, shared, size, size);
  Value column = body.range(body.size(k, 2));
  Value place = body.unsqueeze(places, {1, 3});
  Value isSeen = body.compare("Less", column, body.unsqueeze(total, {1, 2, 3}));
  auto alsoSee = [&](Value condition) {
    isSeen = body.make("And", {isSeen, condition});
  };
  if (body.integer("causal", 1))
    alsoSee(body.compare("LessOrEqual", column, place));
  if (int64_t window = body.integer("local_window_size", -1); window > 0)
    alsoSee(body.compare("Greater", column, body.add(place, -double(window))));
  if (Value bias = body.in(10)) {
    // As long as the longest sequence; what the cache has behind it is hidden.
    if (Body::dims(bias)[3] != length) {
      Value more = body.sub(body.size(k, 2, /*isScalar=*/false),
                            body.size(bias, 3, false));
      bias = body.make("Pad", {bias, body.concat({body.ints(0), more}, 0),
                               body.scalar(element, 0), body.ints(3)});
    }
    attention.bias.add(body, bias);
  }
  attention.bias.add(body, hideUnless(body, isSeen, element));
  return finishGroupQuery(body, attention);
}
} // namespace

ArrayRef<ExpansionEntry> contribAttentionExpansions() {
  static const ExpansionEntry table[] = {
      {"msft.Attention", expandMicrosoftAttention},
      {"msft.GroupQueryAttention", expandGroupQuery},
      {"msft.MultiHeadAttention", expandMultiHead},
      {"msft.QAttention", expandQAttention},
  };
  return table;
}

} // namespace squint::onnx
