//===- ExpandAttention.cpp - attention and what belongs to it -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include "squint/Dialect/Onnx/Passes.h"
#include <cmath>

using namespace mlir;

namespace squint::onnx {

Value splitHeads(Body &body, Value x, int64_t heads) {
  return body.transpose(body.reshape(x, {0, 0, heads, -1}), {0, 2, 1, 3});
}

Value mergeHeads(Body &body, Value x) {
  return body.reshape(body.transpose(x, {0, 2, 1, 3}), {0, 0, -1});
}

Value hideUnless(Body &body, Value allowed, Type element) {
  return body.where(allowed, body.scalar(element, 0),
                    body.scalar(element, -INFINITY));
}

/// Each head of [batch, heads, tokens, size] `times` times, one after another.
static Value repeatHeads(Body &body, Value x, int64_t heads, int64_t size,
                         int64_t times) {
  if (times == 1)
    return x;
  Value many = body.make(
      "Expand", {body.unsqueeze(x, 2), body.ints({1, 1, times, 1, 1})});
  return body.reshape(many, {0, heads * times, -1, size});
}

Value attend(Body &body, const Attention &a, AttentionScores *shown) {
  Type element = Body::element(a.q);
  int64_t times = a.qHeads / a.kvHeads;
  Value key = body.transpose(repeatHeads(body, a.k, a.kvHeads, a.size, times),
                             {0, 1, 3, 2});
  // The standard's way; of a negative scale there is no root.
  double half = a.scale > 0 ? std::sqrt(a.scale) : a.scale;
  Value scores = body.make(
      "MatMul", {body.mul(a.q, half), a.scale > 0 ? body.mul(key, half) : key});
  AttentionScores stages;
  stages[0] = scores;
  if (a.softcap > 0)
    scores = body.mul(
        body.make("Tanh", body.div(scores, body.scalar(element, a.softcap))),
        a.softcap);
  stages[1] = scores;
  if (a.bias.value)
    scores = body.add(scores, a.bias.value);
  stages[2] = scores;
  if (a.sink) {
    Value shape = body.make("Shape", scores, body.attribute("end", int64_t(3)),
                            body.b.getI64Type());
    shape = body.concat({shape, body.ints(1)}, 0);
    scores = body.concat({scores, body.make("Expand", {a.sink, shape})}, 3);
  }
  Value weights = body.make(
      "Softmax", body.cast(scores, a.precision ? a.precision : element),
      body.attribute("axis", int64_t(-1)));
  weights = body.cast(weights, element);
  if (a.sink)
    weights = body.slice(weights, 3, 0, -1);
  if (a.bias.mayHideAll) {
    Value best = body.reduce("ReduceMax", a.bias.value, -1);
    Value hidden = body.compare("Equal", best, body.scalar(element, -INFINITY));
    weights = body.where(hidden, body.scalar(element, 0), weights);
  }
  stages[3] = weights;
  if (shown)
    *shown = stages;
  return body.make(
      "MatMul", {weights, repeatHeads(body, a.v, a.kvHeads, a.vSize, times)});
}

namespace {
/// With `seesItself` every query stands at the place of a key.
FailureOr<AttentionBias> makeBias(Body &body, Value queries,
                                  const DimExpr &keys, Value keysOf,
                                  bool seesItself, Type element) {
  AttentionBias bias;
  Value mask = body.in(3), past = body.in(4), valid = body.in(6);
  if (mask) {
    DimExpr known = Body::dims(mask).back();
    if (known != keys && !known.isConstant(1)) {
      // Keys behind the mask's end are hidden.
      auto missing = (keys - known).getConstant();
      if (!missing || *missing < 0) {
        (void)body.refuse("expected a mask as long as the keys");
        return failure();
      }
      Type type = Body::element(mask);
      Value hidden = type.isInteger(1) ? body.scalar(type, 0)
                                       : body.scalar(type, -INFINITY);
      mask = body.make("Pad",
                       {mask, body.ints({0, *missing}), hidden, body.ints(-1)});
    }
    bias.add(body, Body::element(mask).isInteger(1)
                       ? hideUnless(body, mask, element)
                       : mask);
    bias.mayHideAll = !body.has(kWholeAttr);
  }
  int64_t left = body.integer("left_window_size", -1),
          right = body.integer("right_window_size", -1);
  if (body.integer("is_causal", 0) || left >= 0 || right >= 0) {
    // Query i stands at position i + offset.
    Value count = body.size(queries, 2);
    Value row = body.unsqueeze(body.range(count), 1), offset;
    if (past)
      offset = body.size(past, 2);
    else if (valid)
      offset = body.unsqueeze(body.sub(valid, count), {1, 2, 3});
    Value position = offset ? body.add(row, offset) : row;
    Value column = body.range(body.size(keysOf, 2));
    auto allow = [&](StringRef comparison, Value limit) {
      bias.add(body, hideUnless(body, body.compare(comparison, column, limit),
                                element));
    };
    if (body.integer("is_causal", 0))
      allow("LessOrEqual", position);
    if (left >= 0)
      allow("GreaterOrEqual", body.add(position, -double(left)));
    if (right >= 0)
      allow("LessOrEqual", body.add(position, double(right)));
    bias.mayHideAll |= valid || (!seesItself && (left >= 0 || right >= 0));
  }
  if (valid) {
    Value column = body.range(body.size(keysOf, 2));
    Value inside =
        body.compare("Less", column, body.unsqueeze(valid, {1, 2, 3}));
    bias.add(body, hideUnless(body, inside, element));
    bias.mayHideAll = true;
  }
  return bias;
}

LogicalResult expandAttention(Body &body) {
  Value q = body.in(0), k = body.in(1), v = body.in(2);
  bool isFlat = Body::rank(q) == 3;
  Type element = Body::element(q);
  std::optional<int64_t> qHeads, kvHeads;
  if (isFlat) {
    qHeads = body.integer("q_num_heads", 1);
    kvHeads = body.integer("kv_num_heads", 1);
  } else {
    qHeads = Body::dims(q)[1].getConstant();
    kvHeads = Body::dims(k)[1].getConstant();
  }
  std::optional<int64_t> qWidth = Body::dims(q).back().getConstant(),
                         vWidth = Body::dims(v).back().getConstant();
  if (!qHeads || !kvHeads || !qWidth || !vWidth)
    return body.refuse("expected a static count of heads and their size");
  if (*kvHeads < 1 || *qHeads < 1 || *qHeads % *kvHeads)
    return body.refuse("expected heads of the query that are a multiple of "
                       "those of the key");
  int64_t size = isFlat ? *qWidth / *qHeads : *qWidth,
          vSize = isFlat ? *vWidth / *kvHeads : *vWidth;
  DimExpr keys = Body::dims(k)[isFlat ? 1 : 2];
  bool seesItself = keys == Body::dims(q)[isFlat ? 1 : 2];
  if (isFlat) {
    q = splitHeads(body, q, *qHeads);
    k = splitHeads(body, k, *kvHeads);
    v = splitHeads(body, v, *kvHeads);
  }
  if (Value past = body.in(4)) {
    keys = keys + Body::dims(past)[2];
    k = body.concat({past, k}, 2);
    v = body.concat({body.in(5), v}, 2);
  }
  body.replace(1, k);
  body.replace(2, v);
  FailureOr<AttentionBias> bias =
      makeBias(body, q, keys, k, seesItself, element);
  if (failed(bias))
    return failure();
  Attention attention(q, k, v, *qHeads, *kvHeads, size, vSize);
  attention.scale = body.number("scale", attention.scale);
  attention.softcap = body.number("softcap", 0);
  attention.bias = *bias;
  if (int64_t type = body.integer("softmax_precision", 0)) {
    attention.precision = getElementType(element.getContext(), type);
    if (!isa_and_nonnull<FloatType>(attention.precision))
      return body.refuse("expected a float type as the softmax's precision");
  }
  int64_t shown = body.integer("qk_matmul_output_mode", 0);
  if (shown < 0 || shown > 3)
    return body.fail("expected qk_matmul_output_mode from 0 to 3");
  AttentionScores scores;
  Value y = attend(body, attention, &scores);
  body.replace(3, scores[shown]);
  body.replace(0, isFlat ? mergeHeads(body, y) : y);
  return success();
}

/// X [batch, heads, tokens, size] or [batch, tokens, heads * size]; pairs of a
/// head's first `rotary_embedding_dim` elements turn by the token's angle.
LogicalResult expandRotary(Body &body) {
  Value x = body.in(0), cos = body.in(1), sin = body.in(2),
        positions = body.in(3);
  bool isFlat = Body::rank(x) == 3;
  int64_t heads = body.integer("num_heads", 0);
  std::optional<int64_t> width = Body::dims(x).back().getConstant();
  if (!width || (isFlat && (heads < 1 || *width % heads)))
    return body.refuse("expected heads of a static size and their count");
  int64_t size = isFlat ? *width / heads : *width,
          turned = body.integer("rotary_embedding_dim", 0);
  if (turned == 0)
    turned = size;
  if (turned < 0 || turned > size || turned % 2)
    return body.refuse("expected an even number of elements to turn, at most "
                       "those of a head");
  Value y = isFlat ? body.reshape(x, {0, 0, heads, size})
                   : body.transpose(x, {0, 2, 1, 3});
  Value rest;
  if (turned < size) {
    rest = body.slice(y, 3, turned, Body::toEnd);
    y = body.slice(y, 3, 0, turned);
  }
  auto angle = [&](Value cache) {
    if (positions)
      cache = body.make("Gather", {cache, positions});
    return body.unsqueeze(cache, 2);
  };
  cos = angle(cos);
  sin = angle(sin);
  bool interleaved = body.integer("interleaved", 0);
  Value a = interleaved ? body.slice(y, 3, 0, Body::toEnd, 2)
                        : body.slice(y, 3, 0, turned / 2),
        c = interleaved ? body.slice(y, 3, 1, Body::toEnd, 2)
                        : body.slice(y, 3, turned / 2, turned);
  Value real = body.sub(body.mul(cos, a), body.mul(sin, c)),
        imaginary = body.add(body.mul(sin, a), body.mul(cos, c));
  if (interleaved)
    y = body.reshape(
        body.concat({body.unsqueeze(real, 4), body.unsqueeze(imaginary, 4)}, 4),
        {0, 0, 0, turned});
  else
    y = body.concat({real, imaginary}, 3);
  if (rest)
    y = body.concat({y, rest}, 3);
  body.replace(0, isFlat ? body.reshape(y, {0, 0, -1})
                         : body.transpose(y, {0, 2, 1, 3}));
  return success();
}

/// A depthwise convolution over what came before and the input.
LogicalResult expandCausalConv(Body &body) {
  Value x = body.in(0), weight = body.in(1), past = body.in(3);
  std::optional<int64_t> channels = Body::dims(x)[1].getConstant(),
                         width = Body::dims(weight)[2].getConstant();
  if (!channels || !width)
    return body.refuse("expected a static count of channels and kernel size");
  Value before = past;
  if (!before)
    before =
        body.make("Pad", {body.slice(x, 2, 0, 0), body.ints({*width - 1, 0}),
                          body.scalar(Body::element(x), 0), body.ints(2)});
  Value whole = body.concat({before, x}, 2);
  Value y = body.make("Conv", {whole, weight, body.in(2)},
                      {body.attribute("group", *channels)});
  StringRef activation = body.string("activation", "none");
  if (activation == "silu" || activation == "swish") {
    Type f32 = body.b.getF32Type();
    Value wide = body.cast(y, f32);
    y = body.cast(body.mul(wide, body.make("Sigmoid", wide)), Body::element(x));
  } else if (activation != "none") {
    return body.refuse("expected the activation none, silu or swish");
  }
  body.replace(0, y);
  if (body.out(1)) {
    Value length = body.size(whole, 2, /*isScalar=*/false);
    body.replace(
        1, body.make("Slice", {whole, body.sub(length, body.ints(*width - 1)),
                               length, body.ints(2)}));
  }
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> attentionExpansions() {
  static const ExpansionEntry table[] = {
      {"Attention", expandAttention},
      {"CausalConvWithState", expandCausalConv},
      {"RotaryEmbedding", expandRotary},
  };
  return table;
}

} // namespace squint::onnx
