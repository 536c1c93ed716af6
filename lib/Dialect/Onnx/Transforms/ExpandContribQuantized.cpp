//===- ExpandContribQuantized.cpp - codes in and out --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Operators of com.microsoft on codes, as DequantizeLinear, the operator on
// floats, and QuantizeLinear: the form that all quantized models are brought
// to.
//===----------------------------------------------------------------------===//

#include "Expand.h"

using namespace mlir;

namespace squint::onnx {

/// A scale or zero point of the whole tensor may have one dimension.
static Value asScalar(Body &body, Value value) {
  return value && Body::rank(value) == 1 && Body::dims(value)[0].isConstant(1)
             ? body.make("Squeeze", {value, body.ints(0)})
             : value;
}

/// Codes along `axis` where scales are more than one.
static Value dequantize(Body &body, Value codes, Value scale, Value zero,
                        int64_t axis = 1) {
  return body.make("DequantizeLinear",
                   {codes, asScalar(body, scale), asScalar(body, zero)},
                   body.attribute("axis", axis), Body::element(scale));
}

/// As codes of the result's type; without a zero point around 0.
static Value quantize(Body &body, Value x, Value scale, Value zero) {
  Type codes = Body::element(body.output(0));
  zero = zero ? asScalar(body, zero) : body.scalar(codes, 0);
  return body.make("QuantizeLinear", {x, asScalar(body, scale), zero}, {},
                   codes);
}

Value multiplyCodes(Body &body, Value a, Value aScale, Value aZero, Value b,
                    Value bScale, Value bZero) {
  Value sums = body.make("MatMulInteger", {a, b, asScalar(body, aZero), bZero},
                         {}, body.b.getI32Type());
  Type element = Body::element(bScale);
  Value scale = body.mul(asScalar(body, aScale), asScalar(body, bScale));
  return body.mul(body.cast(sums, element), scale);
}

namespace {

/// a, scale, zero, b, scale, zero, and those of the result.
LogicalResult expandBinary(Body &body, StringRef name) {
  Value a = dequantize(body, body.in(0), body.in(1), body.in(2)),
        b = dequantize(body, body.in(3), body.in(4), body.in(5));
  body.replace(0,
               quantize(body, body.make(name, {a, b}), body.in(6), body.in(7)));
  return success();
}
LogicalResult expandQLinearAdd(Body &body) { return expandBinary(body, "Add"); }
LogicalResult expandQLinearMul(Body &body) { return expandBinary(body, "Mul"); }

/// x, scale, zero, scale and zero of the result.
template <typename Function>
LogicalResult expandUnary(Body &body, Function function) {
  Value x = dequantize(body, body.in(0), body.in(1), body.in(2));
  body.replace(0, quantize(body, function(x), body.in(3), body.in(4)));
  return success();
}

LogicalResult expandQLinearSigmoid(Body &body) {
  return expandUnary(body, [&](Value x) { return body.make("Sigmoid", x); });
}

LogicalResult expandQLinearLeakyRelu(Body &body) {
  return expandUnary(body, [&](Value x) {
    return body.make("LeakyRelu", x,
                     body.real("alpha", body.number("alpha", 0.01f)));
  });
}

/// Until version 13 of Softmax all dimensions from the axis on were one.
LogicalResult expandQLinearSoftmax(Body &body) {
  NamedAttribute axis = body.attribute("axis", body.integer("axis", -1));
  return expandUnary(body, [&](Value x) {
    if (body.integer("opset", 13) >= 13)
      return body.make("Softmax", x, axis);
    Value rows = body.make("Softmax", body.make("Flatten", x, axis),
                           body.attribute("axis", int64_t(-1)));
    return body.reshapeLike(rows, x);
  });
}

/// With the channels where the operator of the standard has them.
Value withChannelsFirst(Body &body, Value x,
                        llvm::function_ref<Value(Value)> function) {
  if (!body.integer("channels_last", 0))
    return function(x);
  int64_t rank = Body::rank(body.in(0));
  SmallVector<int64_t> first{0, rank - 1}, last{0};
  for (int64_t i = 1; i + 1 < rank; ++i) {
    first.push_back(i);
    last.push_back(i + 1);
  }
  last.push_back(1);
  return body.transpose(function(body.transpose(x, first)), last);
}

/// With padding counted, ONNX Runtime counts what ceil_mode reaches behind it,
/// too, which the standard does not: then that is padding as well. Nothing
/// where it could be a window of its own.
static std::optional<SmallVector<int64_t>> padForCeil(Body &body) {
  ArrayRef<int64_t> kernel = body.integers("kernel_shape"),
                    strides = body.integers("strides"),
                    given = body.integers("pads");
  StringRef automatic = body.string("auto_pad", "NOTSET");
  size_t rank = kernel.size();
  SmallVector<int64_t> pads(given);
  pads.resize(2 * rank, 0);
  if (!body.integer("ceil_mode", 0) || !body.integer("count_include_pad", 0) ||
      (automatic != "NOTSET" && automatic != "VALID") ||
      (!strides.empty() && strides.size() != rank))
    return std::nullopt;
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = strides.empty() ? 1 : strides[i];
    if (stride < 1 || pads[rank + i] < 0 || pads[rank + i] > kernel[i] - stride)
      return std::nullopt;
    pads[rank + i] += stride - 1;
  }
  return pads;
}

LogicalResult expandQLinearAveragePool(Body &body) {
  SmallVector<NamedAttribute> attributes =
      body.copyAttributes({"count_include_pad", "kernel_shape", "strides"});
  if (std::optional<SmallVector<int64_t>> pads = padForCeil(body))
    attributes.push_back(body.attribute("pads", *pads));
  else
    llvm::append_range(attributes,
                       body.copyAttributes({"auto_pad", "ceil_mode", "pads"}));
  return expandUnary(body, [&](Value x) {
    return withChannelsFirst(body, x, [&](Value y) {
      return body.make("AveragePool", y, attributes);
    });
  });
}

LogicalResult expandQLinearGlobalAveragePool(Body &body) {
  return expandUnary(body, [&](Value x) {
    return withChannelsFirst(
        body, x, [&](Value y) { return body.make("GlobalAveragePool", y); });
  });
}

/// Scale and zero of the result, then of each tensor behind it.
LogicalResult expandQLinearConcat(Body &body) {
  OperandRange inputs = body.all(2);
  SmallVector<Value> floats;
  for (size_t i = 0; i + 2 < inputs.size(); i += 3)
    floats.push_back(dequantize(body, inputs[i], inputs[i + 1], inputs[i + 2]));
  body.replace(0, quantize(body, body.concat(floats, body.integer("axis", 0)),
                           body.in(0), body.in(1)));
  return success();
}

/// a, scale, zero, b, scale, zero, c, scale and zero of the result;
/// c has the scale of the products.
LogicalResult expandQGemm(Body &body) {
  bool transB = body.integer("transB", 0);
  Value aScale = asScalar(body, body.in(1)),
        bScale = asScalar(body, body.in(4)), c = body.in(6);
  Value a = dequantize(body, body.in(0), body.in(1), body.in(2)),
        b = dequantize(body, body.in(3), body.in(4), body.in(5), !transB);
  if (c) {
    int64_t rank = Body::rank(c);
    bool isWide = rank && Body::dims(c).back() == Body::dims(body.output(0))[1];
    Value scale = body.mul(aScale, bScale);
    c = isWide
            ? body.make("DequantizeLinear", {c, scale},
                        body.attribute("axis", rank - 1), body.b.getF32Type())
            : body.mul(body.cast(c, body.b.getF32Type()), scale);
  }
  Value y =
      body.make("Gemm", {a, b, c}, body.copyAttributes({"transA", "transB"}));
  if (double alpha = body.number("alpha", 1); alpha != 1)
    y = body.mul(y, alpha);
  if (Value scale = body.in(7))
    y = quantize(body, y, scale, body.in(8));
  body.replace(0, y);
  return success();
}

/// a, b, scales, zeros, bias.
LogicalResult expandMatMulIntegerToFloat(Body &body) {
  Value aScale = body.in(2);
  if (Body::rank(aScale) > 1 ||
      (Body::rank(aScale) == 1 && !Body::dims(aScale)[0].isConstant(1)))
    return body.refuse("expected one number as 'a_scale'");
  Value y = multiplyCodes(body, body.in(0), aScale, body.in(4), body.in(1),
                          body.in(3), body.in(5));
  if (Value bias = body.in(6))
    y = body.add(y, bias);
  body.replace(0, y);
  return success();
}

/// a, b, scale and zero of b, bias.
LogicalResult expandDynamicQuantizeMatMul(Body &body) {
  Type f32 = body.b.getF32Type(),
       bytes = IntegerType::get(body.b.getContext(), 8, IntegerType::Unsigned);
  SmallVector<Value> a = body.makeAll("DynamicQuantizeLinear", body.in(0), {},
                                      {bytes, f32, bytes});
  Value bScale = asScalar(body, body.in(2));
  Value sums = body.make("MatMulInteger", {a[0], body.in(1), a[2], body.in(3)},
                         {}, body.b.getI32Type());
  Value y = body.mul(body.cast(sums, f32), body.mul(a[1], bScale));
  if (Value bias = body.in(4))
    y = body.add(y, bias);
  body.replace(0, y);
  return success();
}

/// Those of com.microsoft had axes and 16 bits before the standard.
LogicalResult expandQuantize(Body &body) {
  Value zero = body.in(2);
  body.replace(0, body.make("QuantizeLinear",
                            {body.in(0), asScalar(body, body.in(1)),
                             zero ? asScalar(body, zero) : Value()},
                            body.copyAttributes({"axis"}),
                            Body::element(body.output(0))));
  return success();
}
LogicalResult expandDequantize(Body &body) {
  body.replace(0, dequantize(body, body.in(0), body.in(1), body.in(2),
                             body.integer("axis", 1)));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> contribQuantizedExpansions() {
  static const ExpansionEntry table[] = {
      {"msft.DequantizeLinear", expandDequantize},
      {"msft.DynamicQuantizeMatMul", expandDynamicQuantizeMatMul},
      {"msft.MatMulIntegerToFloat", expandMatMulIntegerToFloat},
      {"msft.QGemm", expandQGemm},
      {"msft.QLinearAdd", expandQLinearAdd},
      {"msft.QLinearAveragePool", expandQLinearAveragePool},
      {"msft.QLinearConcat", expandQLinearConcat},
      {"msft.QLinearGlobalAveragePool", expandQLinearGlobalAveragePool},
      {"msft.QLinearLeakyRelu", expandQLinearLeakyRelu},
      {"msft.QLinearMul", expandQLinearMul},
      {"msft.QLinearSigmoid", expandQLinearSigmoid},
      {"msft.QLinearSoftmax", expandQLinearSoftmax},
      {"msft.QuantizeLinear", expandQuantize},
  };
  return table;
}

} // namespace squint::onnx
