//===- ExpandQuantized.cpp - products and sums of codes -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// With a constant weight, a product of dequantized codes, which squint-raise
// makes one of integers again. What becomes no kernel on codes keeps its sums
// exact here: in f32 where they are short, else in i32, and for convolutions in
// f64, which holds every sum of 2^21 products of bytes.
//===----------------------------------------------------------------------===//

#include "Expand.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// Codes less their zero point.
Value center(Body &body, Value codes, Value zero, Type type) {
  Value wide = body.cast(codes, type);
  return zero ? body.sub(wide, body.cast(zero, type)) : wide;
}

/// A zero point or scale of one element a row, as a column.
Value asColumn(Body &body, Value value, int64_t rank) {
  if (!value || Body::rank(value) != 1 || rank < 2 ||
      Body::dims(value)[0].isConstant(1))
    return value;
  return body.unsqueeze(value, -1);
}

/// The codes' product: in f32 where that holds every sum, else in i32.
Value multiply(Body &body, Value a, Value aZero, Value b, Value bZero) {
  constexpr int64_t kMaxExact = (1 << 24) / (255 * 255);
  SmallVector<DimExpr> dims = Body::dims(a);
  bool isExact = !dims.empty() &&
                 dims.back().getConstant().value_or(kMaxExact + 1) <= kMaxExact;
  Type type = isExact ? Type(body.b.getF32Type()) : Type(body.b.getI32Type());
  aZero = asColumn(body, aZero, Body::rank(a));
  return body.make(
      "MatMul", {center(body, a, aZero, type), center(body, b, bZero, type)});
}

bool isConstant(Value value) {
  return !value || value.getDefiningOp<squint::ConstantOp>();
}

/// One number, or with `axis` one for each of its indices.
bool isAlong(Value value, Value of, int64_t axis) {
  if (!value || Body::rank(value) == 0)
    return true;
  FailureOr<SmallVector<DimExpr>> own = getDims(value), all = getDims(of);
  if (failed(own) || failed(all) || own->size() != 1)
    return false;
  return (*own)[0] == DimExpr(1) || (axis >= 0 && (*own)[0] == (*all)[axis]);
}

/// Whether a weight and its parameters, of which there may be one for each
/// index of `axis`, and the activation's become a kernel on codes.
bool isKernel(Value x, Value xScale, Value xZero, Value w, Value wScale,
              Value wZero, int64_t axis) {
  auto isByte = [](Value value) { return Body::element(value).isInteger(8); };
  return isConstant(w) && isConstant(wScale) && isConstant(wZero) &&
         (!xScale || isConstant(xScale)) && !isConstant(x) && isByte(x) &&
         isByte(w) && isAlong(xScale, x, -1) && isAlong(xZero, x, -1) &&
         isAlong(wScale, w, axis) && isAlong(wZero, w, axis);
}

/// onnx.DequantizeLinear with scales of f32; of 1 where there are none.
Value dequantize(Body &body, Value codes, Value scale, Value zero,
                 int64_t axis) {
  Type f32 = body.b.getF32Type();
  if (!scale) {
    SmallVector<int64_t> shape;
    if (zero && Body::rank(zero))
      shape =
          llvm::to_vector(llvm::cast<ShapedType>(zero.getType()).getShape());
    auto type = RankedTensorType::get(shape, f32);
    scale = squint::ConstantOp::create(
        body.b, type,
        DenseElementsAttr::get(type, Attribute(body.b.getF32FloatAttr(1))));
  }
  return body.make("DequantizeLinear", {codes, scale, zero},
                   body.attribute("axis", axis), f32);
}

/// Replaces the casts of sums to f32, if those alone read them, by the sums of
/// dequantized codes.
bool becomesFloats(Body &body, int64_t axis,
                   function_ref<Value(Value, Value)> multiply) {
  Value x = body.in(0), w = body.in(1), xZero = body.in(2), wZero = body.in(3),
        sums = body.out(0);
  if (!sums || !isKernel(x, {}, xZero, w, {}, wZero, axis))
    return false;
  SmallVector<Operation *> casts(sums.getUsers());
  for (Operation *user : casts)
    if (user->getName().getStringRef() != "onnx.Cast" ||
        !Body::element(user->getResult(0)).isF32())
      return false;
  Value floats = multiply(dequantize(body, x, {}, xZero, axis),
                          dequantize(body, w, {}, wZero, axis));
  for (Operation *user : casts) {
    user->getResult(0).replaceAllUsesWith(floats);
    user->erase();
  }
  return true;
}

LogicalResult expandMatMulInteger(Body &body) {
  auto product = [&](Value x, Value w) { return body.make("MatMul", {x, w}); };
  if (Body::rank(body.in(1)) != 2 || !becomesFloats(body, 1, product))
    body.replace(0, body.cast(multiply(body, body.in(0), body.in(2), body.in(1),
                                       body.in(3)),
                              body.b.getI32Type()));
  return success();
}

/// saturate(round(x * scale) + zero) in a type of codes; x and scale are f32.
Value requantize(Body &body, Value x, Value scale, Value zero) {
  Type codes = Body::element(zero), f32 = body.b.getF32Type();
  Value scaled = body.make("Round", body.mul(x, scale));
  Value shifted = body.add(scaled, body.cast(zero, f32));
  auto integer = cast<IntegerType>(codes);
  unsigned width = integer.getWidth();
  double low = integer.isUnsigned() ? 0 : -double(1u << (width - 1)),
         high = double(1u << (integer.isUnsigned() ? width : width - 1)) - 1;
  Value cut = body.make(
      "Clip", {shifted, body.scalar(f32, low), body.scalar(f32, high)});
  return body.cast(cut, codes);
}

/// Whether an operator of x, scale, zero, w, scale, zero and the result's scale
/// and zero becomes a kernel on codes.
bool becomesKernel(Body &body, int64_t axis) {
  auto isFloat = [&](unsigned i) { return Body::element(body.in(i)).isF32(); };
  return isFloat(1) && isFloat(4) && isFloat(6) && isConstant(body.in(6)) &&
         isConstant(body.in(7)) && isAlong(body.in(6), body.in(0), -1) &&
         isAlong(body.in(7), body.in(0), -1) &&
         isKernel(body.in(0), body.in(1), body.in(2), body.in(3), body.in(4),
                  body.in(5), axis);
}

/// The codes of the result, whose scale and zero are the operands 6 and 7.
Value quantizeLike(Body &body, Value floats) {
  return body.make("QuantizeLinear", {floats, body.in(6), body.in(7)}, {},
                   Body::element(body.in(7)));
}

/// a, scale, zero, b, scale, zero, scale and zero of the result
LogicalResult expandQLinearMatMul(Body &body) {
  Type f32 = body.b.getF32Type();
  Value a = body.in(0), b = body.in(3);
  if (Body::rank(b) == 2 && becomesKernel(body, 1)) {
    Value floats =
        body.make("MatMul", {dequantize(body, a, body.in(1), body.in(2), 1),
                             dequantize(body, b, body.in(4), body.in(5), 1)});
    body.replace(0, quantizeLike(body, floats));
    return success();
  }
  Value sums = multiply(body, a, body.in(2), b, body.in(5));
  // A vector of one number has more dimensions than the product of vectors.
  auto number = [&](unsigned position) {
    Value x = body.in(position);
    return Body::rank(x) == 1 && Body::dims(x)[0].isConstant(1)
               ? body.make("Squeeze", {x, body.ints(0)})
               : x;
  };
  Value aScale = asColumn(body, body.cast(number(1), f32), Body::rank(a));
  Value scale =
      body.div(body.mul(aScale, body.cast(number(4), f32)),
               asColumn(body, body.cast(number(6), f32), Body::rank(a)));
  if (!isa<IntegerType>(Body::element(body.in(7))))
    return body.refuse("expected integers as codes");
  body.replace(0, requantize(body, body.cast(sums, f32), scale,
                             asColumn(body, number(7), Body::rank(a))));
  return success();
}

/// The attributes that all convolutions share.
SmallVector<NamedAttribute> convAttributes(Body &body) {
  SmallVector<NamedAttribute> attributes;
  for (StringRef name : {"dilations", "kernel_shape", "pads", "strides"})
    if (body.has(name))
      attributes.push_back(body.attribute(name, body.integers(name)));
  attributes.push_back(body.attribute("group", body.integer("group", 1)));
  attributes.push_back(
      body.attribute("auto_pad", body.string("auto_pad", "NOTSET")));
  return attributes;
}

/// One number an output channel, beside a weight or a result.
Value alongChannels(Body &body, Value value, int64_t rank, int64_t axis) {
  if (!value || Body::rank(value) == 0)
    return value;
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      others.push_back(i);
  return body.unsqueeze(value, others);
}

/// In f64.
Value convolve(Body &body, Value x, Value xZero, Value w, Value wZero) {
  Type f64 = body.b.getF64Type();
  int64_t rank = Body::rank(x);
  if (xZero && Body::rank(xZero) == 1)
    xZero = body.make("Squeeze", {xZero, body.ints(0)});
  return body.make("Conv",
                   {center(body, x, xZero, f64),
                    center(body, w, alongChannels(body, wZero, rank, 0), f64)},
                   convAttributes(body));
}

LogicalResult expandConvInteger(Body &body) {
  auto product = [&](Value x, Value w) {
    return body.make("Conv", {x, w, Value()}, convAttributes(body));
  };
  if (becomesFloats(body, 0, product))
    return success();
  Value sums = convolve(body, body.in(0), body.in(2), body.in(1), body.in(3));
  body.replace(0, body.cast(sums, body.b.getI32Type()));
  return success();
}

/// x, scale, zero, w, scale, zero, scale and zero of the result, bias
LogicalResult expandQLinearConv(Body &body) {
  Type f32 = body.b.getF32Type();
  Value x = body.in(0);
  int64_t rank = Body::rank(x);
  if (becomesKernel(body, 0) && isConstant(body.in(8))) {
    Value bias = body.in(8);
    if (bias)
      bias = dequantize(body, bias, body.mul(body.in(1), body.in(4)), {}, 0);
    Value floats = body.make(
        "Conv",
        {dequantize(body, x, body.in(1), body.in(2), 0),
         dequantize(body, body.in(3), body.in(4), body.in(5), 0), bias},
        convAttributes(body));
    body.replace(0, quantizeLike(body, floats));
    return success();
  }
  Value sums = convolve(body, x, body.in(2), body.in(3), body.in(5));
  if (Value bias = body.in(8))
    sums =
        body.add(sums, alongChannels(body, body.cast(bias, body.b.getF64Type()),
                                     rank, 1));
  auto flat = [&](Value scale) {
    return body.make("Reshape", {scale, body.ints(-1)});
  };
  Value scale =
      body.div(body.mul(flat(body.in(1)), flat(body.in(4))), flat(body.in(6)));
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < rank; ++i)
    if (i != 1)
      others.push_back(i);
  scale = body.unsqueeze(scale, others);
  Value zero = body.in(7);
  if (Body::rank(zero) == 1)
    zero = body.make("Squeeze", {zero, body.ints(0)});
  body.replace(0, requantize(body, body.cast(sums, f32), scale, zero));
  return success();
}

/// scale = (max(0, max x) - min(0, min x)) / 255; all zeros have the scale 1.
LogicalResult expandDynamicQuantize(Body &body) {
  Value x = body.in(0);
  Type f32 = body.b.getF32Type();
  auto codes = IntegerType::get(body.b.getContext(), 8, IntegerType::Unsigned);
  Value zero = body.scalar(f32, 0);
  // Rows do not wait for one another.
  SmallVector<DimExpr> dims = Body::dims(x);
  bool hasRows = dims.size() > 1 && dims.back().getConstant().value_or(0) >= 64;
  auto extreme = [&](StringRef reduce, StringRef combine) {
    Value rows = hasRows ? body.reduce(reduce, x, -1, false) : x;
    return body.make(
        combine,
        {body.make(reduce, rows, body.attribute("keepdims", int64_t(0))),
         zero});
  };
  Value high = extreme("ReduceMax", "Max"), low = extreme("ReduceMin", "Min");
  Value range = body.div(body.sub(high, low), body.scalar(f32, 255));
  Value scale = body.where(body.compare("Equal", range, zero),
                           body.scalar(f32, 1), range);
  Value point = body.make("Round", body.div(body.sub(zero, low), scale));
  Value zeroPoint =
      body.cast(body.make("Clip", {point, zero, body.scalar(f32, 255)}), codes);
  body.replace(1, scale);
  body.replace(2, zeroPoint);
  body.replace(0,
               body.make("QuantizeLinear", {x, scale, zeroPoint}, {}, codes));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> quantizedExpansions() {
  static const ExpansionEntry table[] = {
      {"ConvInteger", expandConvInteger},
      {"DynamicQuantizeLinear", expandDynamicQuantize},
      {"MatMulInteger", expandMatMulInteger},
      {"QLinearConv", expandQLinearConv},
      {"QLinearMatMul", expandQLinearMatMul},
  };
  return table;
}

} // namespace squint::onnx
