//===- ExpandContrib.cpp - fused operators of com.microsoft -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What ONNX Runtime's optimizer and exporters fuse, taken apart again: the
// passes that come after find the same kernels in whatever a model is written.
//===----------------------------------------------------------------------===//

#include "Expand.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace squint::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

LogicalResult expandGelu(Body &body) {
  body.replace(0, body.make("Gelu", body.in(0)));
  return success();
}

LogicalResult expandBiasGelu(Body &body) {
  body.replace(0, body.make("Gelu", body.add(body.in(0), body.in(1))));
  return success();
}

LogicalResult expandFastGelu(Body &body) {
  Value x = body.in(0);
  if (Value bias = body.in(1))
    x = body.add(x, bias);
  body.replace(0, body.make("Gelu", x, body.attribute("approximate", "tanh")));
  return success();
}

LogicalResult expandQuickGelu(Body &body) {
  Value x = body.in(0);
  Value scaled = body.mul(x, body.number("alpha", 1.702));
  body.replace(0, body.mul(x, body.make("Sigmoid", scaled)));
  return success();
}

/// An activation that another operator ends with; its parameters by the names
/// that the operator of the standard has for them.
FailureOr<Value> activate(Body &body, Value x, StringRef name,
                          ArrayRef<NamedAttribute> parameters) {
  static constexpr StringLiteral known[] = {
      "Celu",      "Elu",      "HardSigmoid", "HardSwish",
      "LeakyRelu", "Relu",     "Selu",        "Sigmoid",
      "Softplus",  "Softsign", "Tanh",        "ThresholdedRelu"};
  if (name.empty())
    return x;
  // alpha * f(beta * x)
  if (name == "ScaledTanh" || name == "ParametricSoftplus") {
    if (parameters.size() != 2) {
      (void)body.fail("expected alpha and beta of '" + name + "'");
      return failure();
    }
    auto number = [&](unsigned i) {
      return cast<FloatAttr>(parameters[i].getValue()).getValueAsDouble();
    };
    Value y = body.make(name == "ScaledTanh" ? "Tanh" : "Softplus",
                        body.mul(x, number(1)));
    return body.mul(y, number(0));
  }
  if (!llvm::is_contained(known, name)) {
    (void)body.refuse("expected an activation of one operand, got '" + name +
                      "'");
    return failure();
  }
  return body.make(name, x, parameters);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The first dimension moves to the place of the second last with `batch`, the
/// last two are exchanged with `trans`.
Value orient(Body &body, Value x, bool batch, bool trans) {
  int64_t rank = Body::rank(x);
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (rank < 2 || (!batch && !trans))
    return x;
  if (batch)
    std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
  if (trans)
    std::swap(order[rank - 2], order[rank - 1]);
  return body.transpose(x, order);
}

LogicalResult expandFusedMatMul(Body &body) {
  Value a = orient(body, body.in(0), body.integer("transBatchA", 0),
                   body.integer("transA", 0)),
        b = orient(body, body.in(1), body.integer("transBatchB", 0),
                   body.integer("transB", 0));
  Value y = body.make("MatMul", {a, b});
  if (double alpha = body.number("alpha", 1); alpha != 1)
    y = body.mul(y, alpha);
  body.replace(0, y);
  return success();
}

LogicalResult expandFusedGemm(Body &body) {
  Value y =
      body.make("Gemm", {body.in(0), body.in(1), body.in(2)},
                body.copyAttributes({"alpha", "beta", "transA", "transB"}));
  // A parameter that the activation lacks says nothing.
  StringRef name = body.string("activation", "");
  SmallVector<StringRef> names;
  if (llvm::is_contained({"Celu", "Elu", "LeakyRelu", "ThresholdedRelu"}, name))
    names = {"alpha"};
  else if (name == "Selu")
    names = {"alpha", "gamma"};
  else if (llvm::is_contained(
               {"HardSigmoid", "ParametricSoftplus", "ScaledTanh"}, name))
    names = {"alpha", "beta"};
  SmallVector<NamedAttribute> parameters;
  for (StringRef parameter : names)
    if (std::string given = ("activation_" + parameter).str(); body.has(given))
      parameters.push_back(body.real(parameter, body.number(given, 0)));
  FailureOr<Value> active = activate(body, y, name, parameters);
  if (failed(active))
    return failure();
  body.replace(0, *active);
  return success();
}

/// activation(Conv(x, w, b) + z)
LogicalResult expandFusedConv(Body &body) {
  Value y = body.make("Conv", {body.in(0), body.in(1), body.in(2)},
                      body.copyAttributes({"auto_pad", "dilations", "group",
                                           "kernel_shape", "pads", "strides"}));
  if (Value z = body.in(3))
    y = body.add(y, z);
  StringRef name = body.string("activation", "");
  ArrayRef<float> numbers = body.reals("activation_params");
  SmallVector<NamedAttribute> parameters;
  size_t expected = name == "LeakyRelu"                       ? 1
                    : name == "Clip" || name == "HardSigmoid" ? 2
                                                              : 0;
  if (numbers.size() != expected)
    return body.fail("expected " + Twine(expected) +
                     " activation_params for '" + name + "', got " +
                     Twine(numbers.size()));
  if (name == "Clip") {
    Type element = Body::element(y);
    body.replace(0, body.make("Clip", {y, body.scalar(element, numbers[0]),
                                       body.scalar(element, numbers[1])}));
    return success();
  }
  for (auto [parameter, number] :
       llvm::zip(ArrayRef<StringRef>{"alpha", "beta"}, numbers))
    parameters.push_back(body.real(parameter, number));
  FailureOr<Value> active = activate(body, y, name, parameters);
  if (failed(active))
    return failure();
  body.replace(0, *active);
  return success();
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// By the standard's operator; results beside the first are the statistics that
/// it has, as many as are in use.
void normalize(Body &body, Value x, Value scale, Value bias, bool centered) {
  Type element = Body::element(x), f32 = body.b.getF32Type();
  NamedAttribute attributes[] = {
      body.attribute("axis", int64_t(-1)),
      body.real("epsilon", body.number("epsilon", 1e-12f))};
  if (!centered) {
    body.replace(0, body.make("RMSNormalization", {x, scale}, attributes));
    return;
  }
  Type statistics = body.out(1) || body.out(2) ? f32 : Type();
  SmallVector<Value> results =
      body.makeAll("LayerNormalization", {x, scale, bias}, attributes,
                   {element, statistics, statistics});
  for (unsigned i = 0; i < 3; ++i)
    body.replace(i, results[i]);
}

/// input, skip, scale, then for a centered norm its bias, and a bias of the
/// sum.
LogicalResult expandSkipNorm(Body &body, bool centered) {
  if (!centered && (body.out(1) || body.out(2)))
    return body.refuse("expected no use of 'mean' and 'inv_std_var'");
  Value sum = body.add(body.in(0), body.in(1));
  if (Value bias = body.in(centered ? 4 : 3))
    sum = body.add(sum, bias);
  normalize(body, sum, body.in(2), centered ? body.in(3) : Value(), centered);
  body.replace(3, sum);
  return success();
}
LogicalResult expandSkipLayerNorm(Body &body) {
  return expandSkipNorm(body, /*centered=*/true);
}
LogicalResult expandSkipSimplified(Body &body) {
  return expandSkipNorm(body, /*centered=*/false);
}

/// The standard's operator rounds before it scales; the kernels round once.
LogicalResult expandSimplified(Body &body) {
  Value x = body.in(0), scale = body.in(1);
  Type element = Body::element(x), result = Body::element(body.output(0));
  if (!body.out(1) && element == result && Body::element(scale) == element) {
    body.replace(0, body.make("RMSNormalization", {x, scale},
                              body.copyAttributes({"axis", "epsilon"})));
    return success();
  }
  int64_t rank = Body::rank(x), axis = body.integer("axis", -1);
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq(axis + (axis < 0 ? rank : 0), rank));
  Type stash = element.isF64() ? element : Type(body.b.getF32Type());
  Value wide = body.cast(x, stash);
  Value mean = body.reduce("ReduceMean", body.mul(wide, wide), axes);
  Value inverse = body.make(
      "Reciprocal",
      body.make("Sqrt", body.add(mean, body.number("epsilon", 1e-5f))));
  Value y = body.mul(body.mul(wide, inverse), body.cast(scale, stash));
  body.replace(0, body.cast(y, result));
  if (Value statistics = body.out(1))
    body.replace(1, body.cast(inverse, Body::element(statistics)));
  return success();
}

/// ids, segments, three tables, scale, bias, mask, positions.
LogicalResult expandEmbedNorm(Body &body) {
  Value ids = body.in(0), segments = body.in(1), table = body.in(4),
        mask = body.in(7), positions = body.in(8);
  if (!segments != !table)
    return body.fail("expected segment_ids and segment_embedding together");
  if (!positions)
    positions = body.unsqueeze(body.range(body.size(ids, 1)), 0);
  Value sum = body.add(body.make("Gather", {body.in(2), ids}),
                       body.make("Gather", {body.in(3), positions}));
  if (table)
    sum = body.add(sum, body.make("Gather", {table, segments}));
  if (body.out(1)) {
    // The count of ones; without a mask it says nothing.
    Type i32 = body.b.getI32Type();
    Value ones =
        body.cast(mask ? body.compare("Equal", mask, body.scalar(i32, 1))
                       : body.compare("Less", ids, ids),
                  i32);
    body.replace(1, body.reduce("ReduceSum", ones, 1, /*keepDims=*/false));
  }
  SmallVector<NamedAttribute> attributes = body.copyAttributes({"epsilon"});
  if (attributes.empty())
    attributes.push_back(body.real("epsilon", 1e-12f));
  body.replace(0, body.make("LayerNormalization", {sum, body.in(5), body.in(6)},
                            attributes));
  body.replace(2, sum);
  return success();
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// Positions are one for each token, or the first one's.
LogicalResult expandRotary(Body &body) {
  Value x = body.in(0), positions = body.in(1);
  if (body.integer("is_packed_batching", 0))
    return body.refuse("expected is_packed_batching to be 0");
  if (body.number("scale", 1) != 1)
    return body.refuse("expected a scale of 1");
  bool isFlat = Body::rank(x) == 3;
  int64_t turned = body.integer("rotary_embedding_dim", 0),
          heads = body.integer("num_heads", 0);
  if (turned && !heads)
    return body.fail("expected num_heads beside rotary_embedding_dim");
  if (isFlat && !heads) {
    // Caches hold half a head.
    std::optional<int64_t> width = Body::dims(x)[2].getConstant(),
                           half = Body::dims(body.in(2))[1].getConstant();
    if (!width || !half || !*half)
      return body.refuse("expected heads of a static size");
    heads = *width / (2 * *half);
  }
  if (Body::rank(positions) < 2) {
    Value each = body.add(positions, body.range(body.size(x, isFlat ? 1 : 2)));
    Value shape = body.concat({body.size(x, 0, /*isScalar=*/false),
                               body.size(x, isFlat ? 1 : 2, false)},
                              0);
    positions = body.make("Expand", {each, shape});
  }
  body.replace(
      0,
      body.make("RotaryEmbedding", {x, body.in(2), body.in(3), positions},
                {body.attribute("interleaved", body.integer("interleaved", 0)),
                 body.attribute("num_heads", heads),
                 body.attribute("rotary_embedding_dim", turned)}));
  return success();
}

/// Channels last.
LogicalResult expandNhwcMaxPool(Body &body) {
  int64_t rank = Body::rank(body.in(0));
  SmallVector<int64_t> first{0, rank - 1}, last{0};
  for (int64_t i = 1; i + 1 < rank; ++i) {
    first.push_back(i);
    last.push_back(i + 1);
  }
  last.push_back(1);
  Value y = body.make("MaxPool", body.transpose(body.in(0), first),
                      body.copyAttributes({"auto_pad", "ceil_mode", "dilations",
                                           "kernel_shape", "pads", "strides"}));
  body.replace(0, body.transpose(y, last));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> contribExpansions() {
  static const ExpansionEntry table[] = {
      {"msft.BiasGelu", expandBiasGelu},
      {"msft.EmbedLayerNormalization", expandEmbedNorm},
      {"msft.FastGelu", expandFastGelu},
      {"msft.FusedConv", expandFusedConv},
      {"msft.FusedGemm", expandFusedGemm},
      {"msft.FusedMatMul", expandFusedMatMul},
      {"msft.Gelu", expandGelu},
      {"msft.NhwcMaxPool", expandNhwcMaxPool},
      {"msft.QuickGelu", expandQuickGelu},
      {"msft.RotaryEmbedding", expandRotary},
      {"msft.SimplifiedLayerNormalization", expandSimplified},
      {"msft.SkipLayerNormalization", expandSkipLayerNorm},
      {"msft.SkipSimplifiedLayerNormalization", expandSkipSimplified},
  };
  return table;
}

} // namespace squint::onnx
