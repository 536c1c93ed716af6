//===- OpsQuantization.td - operators of the family quantization ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_DequantizeLinearOp : Onnx_Op<"DequantizeLinear", [Pure]> {
  let summary = "The linear dequantization operator";
  let description = [{
    The linear dequantization operator. Version 25.

    * `x`: N-D quantized input tensor to be de-quantized
    * `x_scale`: Scale for input `x`
    * `x_zero_point`: Zero point for input `x`
    * `y`: N-D full precision output tensor
    * `axis`: (Optional) The axis of the dequantizing dimension of the input tensor
    * `block_size`: (Optional) The size of the quantization block (number of times every scale is replicated)
    * `output_dtype`: (Optional) The output data type
  }];
  let arguments = (ins Onnx_Types31:$x, Onnx_float_float16_bfloat16_float8e8m0:$x_scale,
      Optional<Onnx_Types31>:$x_zero_point, DefaultValuedAttr<Onnx_IntAttr, "1">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$block_size, DefaultValuedAttr<Onnx_IntAttr, "0">:$output_dtype);
  let results = (outs Onnx_float_float16_bfloat16:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DynamicQuantizeLinearOp : Onnx_Op<"DynamicQuantizeLinear", [Pure]> {
  let summary = "A Function to fuse calculation for Scale, Zero Point and FP32->8Bit ...";
  let description = [{
    A Function to fuse calculation for Scale, Zero Point and FP32->8Bit conversion of FP32 Input data. Version 11.

    * `x`: Input tensor
    * `y`: Quantized output tensor
    * `y_scale`: Output scale
    * `y_zero_point`: Output zero point
  }];
  let arguments = (ins Onnx_float:$x);
  let results = (outs Onnx_uint8:$y, Onnx_float:$y_scale, Onnx_uint8:$y_zero_point);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_QuantizeLinearOp : Onnx_Op<"QuantizeLinear", [Pure]> {
  let summary = "The linear quantization operator consumes a high-precision tensor, a ...";
  let description = [{
    The linear quantization operator consumes a high-precision tensor, a scale, and a zero point to compute the low-precision/quantized tensor. Version 25.

    * `x`: N-D full precision Input tensor to be quantized
    * `y_scale`: Scale for doing quantization to get `y`
    * `y_zero_point`: Zero point for doing quantization to get `y`
    * `y`: N-D quantized output tensor
    * `axis`: (Optional) The axis of the dequantizing dimension of the input tensor
    * `block_size`: (Optional) The size of the quantization block (number of times every scale is replicated)
    * `output_dtype`: (Optional) The output data type
    * `precision`: (Optional) The precision of the division operation between `x` and `y_scale`
    * `saturate`: The parameter defines how the conversion behaves if an input value is out of range of the ...
  }];
  let arguments = (ins Onnx_float_int32_float16_bfloat16:$x, Onnx_Types35:$y_scale,
      Optional<Onnx_Types36>:$y_zero_point, DefaultValuedAttr<Onnx_IntAttr, "1">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$block_size, DefaultValuedAttr<Onnx_IntAttr, "0">:$output_dtype,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$precision, DefaultValuedAttr<Onnx_IntAttr, "1">:$saturate);
  let results = (outs Onnx_Types36:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}