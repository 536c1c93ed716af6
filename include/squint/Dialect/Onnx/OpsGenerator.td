//===- OpsGenerator.td - operators of the family generator ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_BernoulliOp : Onnx_Op<"Bernoulli", []> {
  let summary = "Draws binary random numbers (0 or 1) from a Bernoulli distribution";
  let description = [{
    Draws binary random numbers (0 or 1) from a Bernoulli distribution. Version 22.

    * `input`: All values in input have to be in the range:[0, 1]
    * `output`: The returned output tensor only has values 0 or 1, same shape as input tensor
    * `dtype`: The data type for the elements of the output tensor
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, OptionalAttr<Onnx_IntAttr>:$dtype,
      OptionalAttr<Onnx_FloatAttr>:$seed);
  let results = (outs Onnx_Types27:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConstantOp : Onnx_Op<"Constant", [Pure]> {
  let summary = "This operator produces a constant tensor";
  let description = [{
    This operator produces a constant tensor. Version 25.

    * `output`: Output tensor containing the same value of the provided tensor
    * `sparse_value`: The value for the elements of the output tensor in sparse format
    * `value`: The value for the elements of the output tensor
    * `value_float`: The value for the sole element for the scalar, float32, output tensor
    * `value_floats`: The values for the elements for the 1D, float32, output tensor
    * `value_int`: The value for the sole element for the scalar, int64, output tensor
    * `value_ints`: The values for the elements for the 1D, int64, output tensor
    * `value_string`: The value for the sole element for the scalar, UTF-8 string, output tensor
    * `value_strings`: The values for the elements for the 1D, UTF-8 string, output tensor
  }];
  let arguments = (ins OptionalAttr<Onnx_TensorAttr>:$value, OptionalAttr<Onnx_FloatAttr>:$value_float,
      OptionalAttr<DenseF32ArrayAttr>:$value_floats, OptionalAttr<Onnx_IntAttr>:$value_int,
      OptionalAttr<DenseI64ArrayAttr>:$value_ints, OptionalAttr<StrAttr>:$value_string,
      OptionalAttr<StrArrayAttr>:$value_strings);
  let results = (outs Onnx_Types24:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConstantOfShapeOp : Onnx_Op<"ConstantOfShape", [Pure]> {
  let summary = "Generate a tensor with given value and shape";
  let description = [{
    Generate a tensor with given value and shape. Version 25.

    * `input`: 1D tensor
    * `output`: Output tensor of shape specified by 'input'.If attribute 'value' is specified, the value and ...
    * `value`: (Optional) The value of the output elements.Should be a one-element tensor
  }];
  let arguments = (ins Onnx_int64:$input, OptionalAttr<Onnx_TensorAttr>:$value);
  let results = (outs Onnx_Types37:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_EyeLikeOp : Onnx_Op<"EyeLike", [Pure]> {
  let summary = "Generate a 2D tensor (matrix) with ones on the diagonal and zeros ...";
  let description = [{
    Generate a 2D tensor (matrix) with ones on the diagonal and zeros everywhere else. Version 22.

    * `input`: 2D input tensor to copy shape, and optionally, type information from
    * `output`: Output tensor, same shape as input tensor T1
    * `dtype`: (Optional) The data type for the elements of the output tensor
    * `k`: (Optional) Index of the diagonal to be populated with ones
  }];
  let arguments = (ins Onnx_Types27:$input, OptionalAttr<Onnx_IntAttr>:$dtype, DefaultValuedAttr<Onnx_IntAttr, "0">:$k);
  let results = (outs Onnx_Types27:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MultinomialOp : Onnx_Op<"Multinomial", []> {
  let summary = "Generate a tensor of samples from a multinomial distribution according ...";
  let description = [{
    Generate a tensor of samples from a multinomial distribution according to the probabilities of each of the possible outcomes. Version 22.

    * `input`: Input tensor with shape [batch_size, class_size], where class_size is the number of all ...
    * `output`: Output tensor with shape [batch_size, sample_size], where sample_size is the number of times to ...
    * `dtype`: (Optional) The data type for the elements of the output tensor, if not specified, we will use ...
    * `sample_size`: Number of times to sample
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, DefaultValuedAttr<Onnx_IntAttr, "6">:$dtype,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$sample_size, OptionalAttr<Onnx_FloatAttr>:$seed);
  let results = (outs Onnx_int32_int64:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RandomNormalOp : Onnx_Op<"RandomNormal", []> {
  let summary = "Generate a tensor with random values drawn from a normal distribution";
  let description = [{
    Generate a tensor with random values drawn from a normal distribution. Version 22.

    * `output`: Output tensor of random values drawn from normal distribution
    * `dtype`: The data type for the elements of the output tensor
    * `mean`: The mean of the normal distribution
    * `scale`: The standard deviation of the normal distribution
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
    * `shape`: The shape of the output tensor
  }];
  let arguments = (ins DefaultValuedAttr<Onnx_IntAttr, "1">:$dtype, DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$mean,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$scale, OptionalAttr<Onnx_FloatAttr>:$seed, DenseI64ArrayAttr:$shape);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RandomNormalLikeOp : Onnx_Op<"RandomNormalLike", []> {
  let summary = "Generate a tensor with random values drawn from a normal distribution";
  let description = [{
    Generate a tensor with random values drawn from a normal distribution. Version 22.

    * `input`: Input tensor to copy shape and optionally type information from
    * `output`: Output tensor of random values drawn from normal distribution
    * `dtype`: (Optional) The data type for the elements of the output tensor, if not specified, we will use ...
    * `mean`: The mean of the normal distribution
    * `scale`: The standard deviation of the normal distribution
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Onnx_Types7:$input, OptionalAttr<Onnx_IntAttr>:$dtype,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$mean, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$scale,
      OptionalAttr<Onnx_FloatAttr>:$seed);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RandomUniformOp : Onnx_Op<"RandomUniform", []> {
  let summary = "Generate a tensor with random values drawn from a uniform distribution";
  let description = [{
    Generate a tensor with random values drawn from a uniform distribution. Version 22.

    * `output`: Output tensor of random values drawn from uniform distribution
    * `dtype`: The data type for the elements of the output tensor
    * `high`: Upper boundary of the output values
    * `low`: Lower boundary of the output values
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
    * `shape`: The shape of the output tensor
  }];
  let arguments = (ins DefaultValuedAttr<Onnx_IntAttr, "1">:$dtype, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$high,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$low, OptionalAttr<Onnx_FloatAttr>:$seed, DenseI64ArrayAttr:$shape);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RandomUniformLikeOp : Onnx_Op<"RandomUniformLike", []> {
  let summary = "Generate a tensor with random values drawn from a uniform distribution";
  let description = [{
    Generate a tensor with random values drawn from a uniform distribution. Version 22.

    * `input`: Input tensor to copy shape and optionally type information from
    * `output`: Output tensor of random values drawn from uniform distribution
    * `dtype`: (Optional) The data type for the elements of the output tensor, if not specified, we will use ...
    * `high`: Upper boundary of the output values
    * `low`: Lower boundary of the output values
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Onnx_Types7:$input, OptionalAttr<Onnx_IntAttr>:$dtype,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$high, DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$low,
      OptionalAttr<Onnx_FloatAttr>:$seed);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RangeOp : Onnx_Op<"Range", [Pure]> {
  let summary = "Generate a tensor containing a sequence of numbers that begin at ...";
  let description = [{
    Generate a tensor containing a sequence of numbers that begin at `start` and extends by increments of `delta` up to `limit` (exclusive). Version 27.

    * `start`: Scalar
    * `limit`: Scalar
    * `delta`: Scalar
    * `output`: A 1-D tensor with same type as the inputs containing generated range of values
    * `stash_type`: The data type used for intermediate computation when T is float16 or bfloat16
  }];
  let arguments = (ins Onnx_Types38:$start, Onnx_Types38:$limit, Onnx_Types38:$delta,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$stash_type);
  let results = (outs Onnx_Types38:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}