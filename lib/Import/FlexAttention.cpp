//===- FlexAttention.cpp - attention with parts of a model --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FlexAttention.h"
#include "Chain.h"
#include <cmath>

using namespace mlir;

namespace squint {
llvm::Expected<Value> buildFlexAttention(
    const Node &node, NodeBuilder &builder,
    llvm::function_ref<llvm::Expected<Value>(StringRef, Value)> modify) {
  if (node.operands.size() != 3 || !llvm::all_of(node.operands, [](Value x) {
        return x && isa<FloatType>(getElementTypeOrSelf(x.getType()));
      }))
    return llvm::createStringError("expected floats as 'Q', 'K' and 'V'");
  Value q = node.operands[0], k = node.operands[1], v = node.operands[2];
  Type element = getElementTypeOrSelf(q.getType()),
       f32 = builder.builder.getF32Type();
  Type precision = element.isF64() ? element : f32;
  if (auto wanted = dyn_cast_or_null<IntegerAttr>(
          node.attributes.get("softmax_precision")))
    precision = getElementType(element.getContext(), wanted.getInt());
  if (!isa_and_nonnull<FloatType>(precision))
    return llvm::createStringError(
        "expected a float type as softmax_precision");

  Chain c(builder);
  // The root of the scale on either side.
  Value root;
  if (auto scale = dyn_cast_or_null<FloatAttr>(node.attributes.get("scale")))
    root = c.take(builder.createScalar(q, std::sqrt(scale.getValueAsDouble())));
  else
    root = c.cast(
        c.make("Sqrt", c.make("Reciprocal",
                              c.make("Sqrt", c.cast(c.sizes(q, 3, 4), f32)))),
        element);
  // Heads that share keys are rows of one: [B, G, H / G * L, D].
  Value heads = c.sizes(k, 1, 2), rows = c.sizes(q, 0, 3),
        last = builder.createInts(-1);
  Value grouped =
      c.concat({builder.createInts(0), heads, last, builder.createInts(0)});
  Value scores =
      c.make("MatMul", {c.make("Mul", {c.make("Reshape", {q, grouped}), root}),
                        c.transpose(c.make("Mul", {k, root}), {0, 1, 3, 2})});
  // A graph sees [B, H, L, S].
  Value whole = c.concat({rows, last});
  scores = c.cast(c.make("Reshape", {scores, whole}), precision);
  if (scores)
    scores = c.take(modify("score_mod", scores));
  Value shares = c.make("Softmax", scores, c.attribute("axis", -1));
  if (shares)
    shares = c.take(modify("prob_mod", shares));
  shares = c.make("Reshape", {c.cast(shares, element), grouped});
  Value y = c.make("Reshape", {c.make("MatMul", {shares, v}), whole});
  if (c.error)
    return std::move(c.error);
  return y;
}

} // namespace squint
