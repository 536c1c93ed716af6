//===- ExpandExperts.cpp - mixtures of experts --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Which experts a token goes to is known when the model runs, so each expert
// computes all tokens, and tokens that were not sent to it have a share of 0.
//===----------------------------------------------------------------------===//

#include "ExpandWeights.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// The layers of one expert.
using Layer = llvm::function_ref<FailureOr<Value>(Value x, int64_t expert)>;

class Experts {
public:
  explicit Experts(Body &body) : body(body) {}

  /// `mixing` takes the place of the router's numbers once experts are chosen.
  LogicalResult expand(Value mixing, bool normalizes, bool hasThird,
                       Layer first, Layer second, Layer third);

private:
  /// The share [tokens, experts] of each expert.
  FailureOr<Value> route(Value mixing, bool normalizes);
  FailureOr<Value> activate(Value x, Value third);

  Body &body;
  int64_t count = 0;
};

FailureOr<Value> Experts::route(Value mixing, bool normalizes) {
  Value router = body.in(1);
  Type element = Body::element(router), f32 = body.b.getF32Type();
  int64_t k = body.integer("k", 1);
  if (k < 1 || k > count) {
    (void)body.fail("expected k from 1 to " + Twine(count) + ", got " +
                    Twine(k));
    return failure();
  }
  Value shares = body.make("Softmax", body.cast(router, f32),
                           body.attribute("axis", int64_t(-1)));
  SmallVector<Value> best = body.makeAll(
      "TopK", {mixing ? body.cast(router, f32) : shares, body.ints(k)}, {},
      {f32, body.b.getI64Type()});
  Value values = body.concat({body.unsqueeze(body.scalar(f32, 0), 0),
                              body.unsqueeze(body.scalar(f32, 1), 0)},
                             0);
  // [tokens, k, experts] -> [tokens, experts]
  Value chosen = body.make(
      "OneHot", {best[1], body.scalar(body.b.getI64Type(), count), values},
      body.attribute("axis", int64_t(-1)), f32);
  chosen = body.reduce("ReduceSum", chosen, 1, /*keepDims=*/false);
  shares = body.mul(mixing ? body.cast(mixing, f32) : shares, chosen);
  if (normalizes)
    shares = body.div(shares, body.reduce("ReduceSum", shares, -1));
  return body.cast(shares, element);
}

/// Of a gate and what it lets through; `third` when they are two products.
FailureOr<Value> Experts::activate(Value x, Value third) {
  StringRef kind = body.string("activation_type", "relu");
  if (kind == "relu")
    return body.make("Relu", x);
  if (kind == "gelu")
    return body.make("Gelu", x, body.attribute("approximate", "tanh"));
  if (kind == "silu")
    return body.mul(x, body.make("Sigmoid", x));
  if (kind == "identity")
    return x;
  if (kind != "swiglu") {
    (void)body.fail("expected activation_type to be relu, gelu, silu, swiglu "
                    "or identity, got '" +
                    kind + "'");
    return failure();
  }
  Value gate = x, linear = third;
  switch (body.integer("swiglu_fusion", 0)) {
  case 0:
    break;
  case 1:
    gate = body.slice(x, 1, 0, Body::toEnd, 2);
    linear = body.slice(x, 1, 1, Body::toEnd, 2);
    break;
  case 2: {
    Value end = body.size(x, 1, /*isScalar=*/false),
          half = body.div(end, body.ints(2));
    gate = body.make("Slice", {x, body.ints(0), half, body.ints(1)});
    linear = body.make("Slice", {x, half, end, body.ints(1)});
    break;
  }
  default:
    (void)body.fail("expected swiglu_fusion to be 0, 1 or 2");
    return failure();
  }
  if (!linear) {
    (void)body.fail("expected fc3_experts_weights beside swiglu_fusion = 0");
    return failure();
  }
  Type element = Body::element(x);
  if (body.has("swiglu_limit")) {
    double limit = body.number("swiglu_limit", 0);
    gate = body.make("Min", {gate, body.scalar(element, limit)});
    linear = body.make("Clip", {linear, body.scalar(element, -limit),
                                body.scalar(element, limit)});
  }
  Value open = body.mul(
      gate,
      body.make("Sigmoid", body.mul(gate, body.number("activation_alpha", 1))));
  return body.mul(open, body.add(linear, body.number("activation_beta", 0)));
}

LogicalResult Experts::expand(Value mixing, bool normalizes, bool hasThird,
                              Layer first, Layer second, Layer third) {
  if (body.integer("use_sparse_mixer", 0))
    return body.refuse("expected use_sparse_mixer to be 0");
  bool isSwiGlu = body.string("activation_type", "relu") == "swiglu",
       isFused = body.integer("swiglu_fusion", 0) != 0,
       isGated = isSwiGlu && !isFused;
  // ONNX Runtime would read past the rows of such a product.
  if (isFused && !isSwiGlu)
    return body.refuse("expected swiglu_fusion to be 0 but for swiglu");
  if (hasThird && !isGated)
    return body.refuse("expected no fc3_experts_weights but for swiglu that is "
                       "not fused");
  std::optional<int64_t> experts = Body::dims(body.in(1))[1].getConstant();
  if (!experts)
    return body.refuse("expected a static count of experts");
  // Each is written out.
  constexpr int64_t most = 1024;
  count = *experts;
  if (count < 1 || count > most)
    return body.refuse("expected 1 to " + Twine(most) + " experts, got " +
                       Twine(count));
  FailureOr<Value> shares = route(mixing, normalizes);
  if (failed(shares))
    return failure();
  SmallVector<DimExpr> dims = Body::dims(body.in(0));
  Type element = Body::element(body.in(0));
  Value x = body.in(0);
  if (dims.size() == 3) {
    x = body.make("Flatten", x, body.attribute("axis", int64_t(2)));
    SmallVector<DimExpr> rows{dims[0] * dims[1], dims[2]};
    x.setType(typeOf(rows, element));
    setDims(x.getDefiningOp(), {rows});
  }
  Value sum, zero = body.scalar(element, 0);
  for (int64_t e = 0; e < count; ++e) {
    FailureOr<Value> hidden = first(x, e), gated = Value();
    if (hasThird)
      gated = third(x, e);
    if (failed(hidden) || failed(gated))
      return failure();
    FailureOr<Value> active = activate(*hidden, *gated);
    if (failed(active))
      return failure();
    FailureOr<Value> y = second(*active, e);
    if (failed(y))
      return failure();
    Value share = body.slice(*shares, 1, e, e + 1);
    // What goes nowhere may be infinite.
    Value part = body.where(body.compare("Equal", share, zero), zero,
                            body.mul(*y, share));
    sum = sum ? body.add(sum, part) : part;
  }
  body.replace(0, dims.size() == 3 ? body.reshapeLike(sum, body.in(0)) : sum);
  return success();
}

/// Row `expert` of what has one for each; of a constant by reference.
Value ofExpert(Body &body, Value all, int64_t expert) {
  SmallVector<DimExpr> dims = Body::dims(all);
  auto constant = all.getDefiningOp<squint::ConstantOp>();
  DataAttr data = constant ? constant.getData() : DataAttr();
  auto type = dyn_cast<RankedTensorType>(all.getType());
  if (data && data.getPermutation().empty() && type &&
      type.getElementTypeBitWidth() % 8 == 0) {
    auto part = RankedTensorType::get(type.getShape().drop_front(),
                                      type.getElementType());
    int64_t bytes = part.getNumElements() * (type.getElementTypeBitWidth() / 8);
    return squint::ConstantOp::create(
        body.b, DataAttr::get(body.b.getContext(), part, data.getStore(),
                              data.getOffset() + expert * bytes, bytes, {}));
  }
  return body.make("Squeeze",
                   {body.slice(all, 0, expert, expert + 1), body.ints(0)});
}

/// input, router, then weight [experts, outputs, inputs] and bias
/// [experts, outputs] of three layers.
LogicalResult expandMoE(Body &body) {
  auto layer = [&](unsigned position) {
    return [&body, position](Value x, int64_t e) -> FailureOr<Value> {
      Value weight = ofExpert(body, body.in(position), e);
      Value y = body.make("MatMul", {x, body.transpose(weight, {1, 0})});
      Value bias = body.in(position + 1);
      return bias ? body.add(y, ofExpert(body, bias, e)) : y;
    };
  };
  return Experts(body).expand(/*mixing=*/Value(),
                              body.integer("normalize_routing_weights", 0),
                              bool(body.in(6)), layer(2), layer(4), layer(6));
}

/// Codes [experts, outputs, bytes of a row]; scales [experts, outputs] or by
/// blocks of inputs.
struct PackedLayer {
  Elements codes, scales, zeroPoints;
  Value bias;
  int64_t outputs, inputs, block, blocks;
  unsigned bits;
  bool isBlocked;

  FailureOr<Value> apply(Body &body, Value x, int64_t expert) const;
};

FailureOr<Value> PackedLayer::apply(Body &body, Value x, int64_t expert) const {
  uint32_t half = 1u << (bits - 1), mask = (1u << bits) - 1;
  int64_t first = expert * outputs;
  // Symmetric bytes lack the lowest code.
  bool hasZeros = bool(zeroPoints);
  for (int64_t i = 0; bits == 8 && !hasZeros && i < outputs * inputs; ++i)
    hasZeros = codes.code(first * inputs + i, bits) == 0;
  Format format = makeFormat(("int" + Twine(bits)).str(), block,
                             scales.scaleType(), hasZeros);
  int64_t perRow = llvm::divideCeil(blocks * bits, 8) * (8 / bits),
          perExpert = llvm::divideCeil(outputs * bits, 8) * (8 / bits);
  SmallVector<DimExpr> dims{Body::dims(body.in(1))[0], inputs};
  Type element = Body::element(body.in(0));
  Value weight = makeMatrix(
      body, format, outputs, inputs, element, [&](int64_t row, Row out) {
        for (int64_t j = 0; j < inputs; ++j) {
          uint32_t code = codes.code((first + row) * inputs + j, bits);
          out.codes[j] = hasZeros ? code : (code - half) & mask;
        }
        for (int64_t g = 0; g < blocks; ++g) {
          out.scales[g] = scales.number((first + row) * blocks + g);
          if (hasZeros)
            out.zeroPoints[g] = char(
                !zeroPoints ? half
                : isBlocked ? zeroPoints.code((first + row) * perRow + g, bits)
                            : zeroPoints.code(expert * perExpert + row, bits));
        }
      });
  std::string activations;
  if (body.integer("accuracy_level", 0) == 4)
    activations = makeFormat("int8", block, ScaleType::F32, false).str();
  // The linear's operand needs a shape.
  if (!isa<RankedTensorType>(x.getType())) {
    x.setType(typeOf(dims, element));
    setDims(x.getDefiningOp(), {dims});
  }
  return makeLinear(body, x, dims, weight, outputs,
                    bias ? ofExpert(body, bias, expert) : Value(), activations);
}

/// input, router, then weight, scales and bias of three layers, their zero
/// points, and what experts are mixed with.
LogicalResult expandQMoE(Body &body) {
  if (body.string("quant_type", "int") != "int")
    return body.refuse("expected quant_type to be int");
  if (body.integer("weights_prepacked", -1) > 0)
    return body.refuse("expected weights_prepacked to be 0");
  for (unsigned position = 15; position <= 20; ++position)
    if (body.in(position))
      return body.refuse("expected no global, activation and block scales");
  auto layer = [&](int64_t number) -> FailureOr<PackedLayer> {
    unsigned position = 3 * number - 1;
    std::string name = ("fc" + Twine(number)).str();
    Value weight = body.in(position);
    if (!weight)
      return PackedLayer();
    FailureOr<Elements> codes =
        Elements::get(body, position, name + "_experts_weights");
    FailureOr<Elements> scales =
        Elements::get(body, position + 1, name + "_scales");
    FailureOr<Elements> zeros =
        Elements::get(body, 10 + number, name + "_zero_points");
    if (failed(codes) || failed(scales) || failed(zeros))
      return failure();
    if (!*scales)
      return LogicalResult(body.fail("expected '" + name + "_scales'"));
    PackedLayer made{*codes, *scales, *zeros, body.in(position + 2), 0, 0, 0,
                     0,      0,       false};
    made.bits = body.integer(name + "_expert_weight_bits",
                             body.integer("expert_weight_bits", 4));
    SmallVector<DimExpr> shape = Body::dims(weight);
    made.outputs = *shape[1].getConstant();
    made.inputs = *shape[2].getConstant() * (8 / made.bits);
    int64_t block = body.integer("block_size", 0);
    made.isBlocked = block > 0;
    made.block = made.isBlocked ? block : made.inputs;
    made.blocks = llvm::divideCeil(made.inputs, made.block);
    return made;
  };
  FailureOr<PackedLayer> first = layer(1), second = layer(2), third = layer(3);
  if (failed(first) || failed(second) || failed(third))
    return failure();
  auto apply = [&](const PackedLayer &packed) {
    return [&](Value x, int64_t e) { return packed.apply(body, x, e); };
  };
  // The softmax of ONNX Runtime is one of the chosen ones alone.
  bool normalizes =
      !body.in(14) || body.integer("normalize_routing_weights", 0);
  return Experts(body).expand(body.in(14), normalizes, bool(body.in(8)),
                              apply(*first), apply(*second), apply(*third));
}
} // namespace

ArrayRef<ExpansionEntry> expertExpansions() {
  static const ExpansionEntry table[] = {
      {"msft.MoE", expandMoE},
      {"msft.QMoE", expandQMoE},
  };
  return table;
}

} // namespace squint::onnx
