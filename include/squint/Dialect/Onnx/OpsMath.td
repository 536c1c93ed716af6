//===- OpsMath.td - operators of the family math ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_AbsOp : Onnx_Op<"Abs", [Pure]> {
  let summary = "Absolute takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Absolute takes one input data (Tensor) and produces one output data (Tensor) where absolute value, y = abs(x), is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_Types0:$X);
  let results = (outs Onnx_Types0:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AcosOp : Onnx_Op<"Acos", [Pure]> {
  let summary = "Calculates the arccosine (inverse of cosine) of the given input tensor, ...";
  let description = [{
    Calculates the arccosine (inverse of cosine) of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The arccosine of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AcoshOp : Onnx_Op<"Acosh", [Pure]> {
  let summary = "Calculates the hyperbolic arccosine of the given input tensor ...";
  let description = [{
    Calculates the hyperbolic arccosine of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The hyperbolic arccosine values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AddOp : Onnx_Op<"Add", [Pure]> {
  let summary = "Performs element-wise binary addition (with Numpy-style broadcasting ...";
  let description = [{
    Performs element-wise binary addition (with Numpy-style broadcasting support). Version 14.

    * `A`: First operand
    * `B`: Second operand
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_Types0:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AsinOp : Onnx_Op<"Asin", [Pure]> {
  let summary = "Calculates the arcsine (inverse of sine) of the given input tensor, ...";
  let description = [{
    Calculates the arcsine (inverse of sine) of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The arcsine of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AsinhOp : Onnx_Op<"Asinh", [Pure]> {
  let summary = "Calculates the hyperbolic arcsine of the given input tensor element-wise";
  let description = [{
    Calculates the hyperbolic arcsine of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The hyperbolic arcsine values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AtanOp : Onnx_Op<"Atan", [Pure]> {
  let summary = "Calculates the arctangent (inverse of tangent) of the given input ...";
  let description = [{
    Calculates the arctangent (inverse of tangent) of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The arctangent of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AtanhOp : Onnx_Op<"Atanh", [Pure]> {
  let summary = "Calculates the hyperbolic arctangent of the given input tensor ...";
  let description = [{
    Calculates the hyperbolic arctangent of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The hyperbolic arctangent values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BlackmanWindowOp : Onnx_Op<"BlackmanWindow", [Pure]> {
  let summary = "Generates a Blackman window as described in the paper ...";
  let description = [{
    Generates a Blackman window as described in the paper https://ieeexplore.ieee.org/document/1455106. Version 17.

    * `size`: A scalar value indicating the length of the window
    * `output`: A Blackman window with length: size
    * `output_datatype`: The data type of the output tensor
    * `periodic`: If 1, returns a window to be used as periodic function
  }];
  let arguments = (ins Onnx_int32_int64:$size, DefaultValuedAttr<Onnx_IntAttr, "1">:$output_datatype,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$periodic);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CeilOp : Onnx_Op<"Ceil", [Pure]> {
  let summary = "Ceil takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Ceil takes one input data (Tensor) and produces one output data (Tensor) where the ceil is, y = ceil(x), is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CeluOp : Onnx_Op<"Celu", [Pure]> {
  let summary = "Continuously Differentiable Exponential Linear Units: Perform the ...";
  let description = [{
    Continuously Differentiable Exponential Linear Units: Perform the linear unit element-wise on the input tensor X using formula:. Version 12.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: The Alpha value in Celu formula which control the shape of the unit
  }];
  let arguments = (ins Onnx_float:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha);
  let results = (outs Onnx_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ClipOp : Onnx_Op<"Clip", [Pure, AttrSizedOperandSegments]> {
  let summary = "Clip operator limits the given input within an interval";
  let description = [{
    Clip operator limits the given input within an interval. Version 13.

    * `input`: Input tensor whose elements to be clipped
    * `min`: Minimum value, under which element is replaced by min
    * `max`: Maximum value, above which element is replaced by max
    * `output`: Output tensor with clipped input elements
  }];
  let arguments = (ins Onnx_Types0:$input, Optional<Onnx_Types0>:$min, Optional<Onnx_Types0>:$max);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CosOp : Onnx_Op<"Cos", [Pure]> {
  let summary = "Calculates the cosine of the given input tensor, element-wise";
  let description = [{
    Calculates the cosine of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The cosine of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CoshOp : Onnx_Op<"Cosh", [Pure]> {
  let summary = "Calculates the hyperbolic cosine of the given input tensor element-wise";
  let description = [{
    Calculates the hyperbolic cosine of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The hyperbolic cosine values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CumProdOp : Onnx_Op<"CumProd", [Pure]> {
  let summary = "Performs cumulative product of the input elements along the given axis";
  let description = [{
    Performs cumulative product of the input elements along the given axis. Version 26.

    * `x`: An input tensor that is to be processed
    * `axis`: A 0-D tensor
    * `y`: Output tensor of the same type as 'x' with cumulative products of the x's elements
    * `exclusive`: If set to 1 will return exclusive product in which the top element is not included
    * `reverse`: If set to 1 will perform the products in reverse direction
  }];
  let arguments = (ins Onnx_Types4:$x, Onnx_int32_int64:$axis, DefaultValuedAttr<Onnx_IntAttr, "0">:$exclusive,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$reverse);
  let results = (outs Onnx_Types4:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CumSumOp : Onnx_Op<"CumSum", [Pure]> {
  let summary = "Performs cumulative sum of the input elements along the given axis";
  let description = [{
    Performs cumulative sum of the input elements along the given axis. Version 14.

    * `x`: An input tensor that is to be processed
    * `axis`: A 0-D tensor
    * `y`: Output tensor of the same type as 'x' with cumulative sums of the x's elements
    * `exclusive`: If set to 1 will return exclusive sum in which the top element is not included
    * `reverse`: If set to 1 will perform the sums in reverse direction
  }];
  let arguments = (ins Onnx_Types4:$x, Onnx_int32_int64:$axis, DefaultValuedAttr<Onnx_IntAttr, "0">:$exclusive,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$reverse);
  let results = (outs Onnx_Types4:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DFTOp : Onnx_Op<"DFT", [Pure, AttrSizedOperandSegments]> {
  let summary = "Computes the discrete Fourier Transform (DFT) of the input";
  let description = [{
    Computes the discrete Fourier Transform (DFT) of the input. Version 20.

    * `input`: For real input, the following shape is expected: ...
    * `dft_length`: The length of the signal as a scalar
    * `axis`: The axis as a scalar on which to perform the DFT. Default is `-2` (last signal axis)
    * `output`: The Fourier Transform of the input vector
    * `inverse`: Whether to perform the inverse discrete Fourier Transform
    * `onesided`: If `onesided` is `1`, only values for `k` in `[0, 1, 2, ..., floor(n_fft/2) + 1]` are used or ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, Optional<Onnx_int32_int64>:$dft_length,
      Optional<Onnx_int64>:$axis, DefaultValuedAttr<Onnx_IntAttr, "0">:$inverse,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$onesided);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DetOp : Onnx_Op<"Det", [Pure]> {
  let summary = "Det calculates determinant of a square matrix or batches of square ...";
  let description = [{
    Det calculates determinant of a square matrix or batches of square matrices. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DivOp : Onnx_Op<"Div", [Pure]> {
  let summary = "Performs element-wise binary division (with Numpy-style broadcasting ...";
  let description = [{
    Performs element-wise binary division (with Numpy-style broadcasting support). Version 14.

    * `A`: First operand
    * `B`: Second operand
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_Types0:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_EinsumOp : Onnx_Op<"Einsum", [Pure]> {
  let summary = "An einsum of the form `term1, term2 -> output-term` produces an output ...";
  let description = [{
    An einsum of the form `term1, term2 -> output-term` produces an output tensor using the following equation. Version 12.

    * `Inputs`: Operands
    * `Output`: Output tensor
    * `equation`: Einsum expression string
  }];
  let arguments = (ins Variadic<Onnx_Types6>:$Inputs, StrAttr:$equation);
  let results = (outs Onnx_Types6:$Output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_EluOp : Onnx_Op<"Elu", [Pure]> {
  let summary = "Elu takes one input data (Tensor) and produces one output data (Tensor) ...";
  let description = [{
    Elu takes one input data (Tensor) and produces one output data (Tensor) where the function `f(x) = alpha * (exp(x) - 1.) for x = 0`., is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Coefficient of ELU
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ErfOp : Onnx_Op<"Erf", [Pure]> {
  let summary = "Computes the error function of the given input tensor element-wise";
  let description = [{
    Computes the error function of the given input tensor element-wise. Version 13.

    * `input`: Input tensor
    * `output`: The error function of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ExpOp : Onnx_Op<"Exp", [Pure]> {
  let summary = "Calculates the exponential of the given input tensor, element-wise";
  let description = [{
    Calculates the exponential of the given input tensor, element-wise. Version 13.

    * `input`: Input tensor
    * `output`: The exponential of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ExpandOp : Onnx_Op<"Expand", [Pure]> {
  let summary = "Broadcast the input tensor following the given shape and the broadcast ...";
  let description = [{
    Broadcast the input tensor following the given shape and the broadcast rule. Version 13.

    * `input`: Input tensor
    * `shape`: A 1-D tensor indicates the shape you want to expand to, following the broadcast rule
    * `output`: Output tensor
  }];
  let arguments = (ins Onnx_Types7:$input, Onnx_int64:$shape);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_FloorOp : Onnx_Op<"Floor", [Pure]> {
  let summary = "Floor takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Floor takes one input data (Tensor) and produces one output data (Tensor) where the floor is, y = floor(x), is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GeluOp : Onnx_Op<"Gelu", [Pure]> {
  let summary = "Gelu takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Gelu takes one input data (Tensor) and produces one output data (Tensor) where the gaussian error linear units function, $y = 0.5 * x * (1 + erf(x/sqrt(2)))$ is applied to the tensor elementwise. Version 20.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `approximate`: Gelu approximation algorithm: `"tanh"`, `"none"`(default).`"none"`: do not use ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedStrAttr<StrAttr, "none">:$approximate);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GemmOp : Onnx_Op<"Gemm", [Pure]> {
  let summary = "General Matrix multiplication: ...";
  let description = [{
    General Matrix multiplication: https://en.wikipedia.org/wiki/Basic_Linear_Algebra_Subprograms#Level_3. Version 13.

    * `A`: Input tensor A. The shape of A should be (M, K) if transA is 0, or (K, M) if transA is non-zero
    * `B`: Input tensor B. The shape of B should be (K, N) if transB is 0, or (N, K) if transB is non-zero
    * `C`: Optional input tensor C. If not specified, the computation is done as if C is a scalar 0
    * `Y`: Output tensor of shape (M, N)
    * `alpha`: Scalar multiplier for the product of input tensors A * B
    * `beta`: Scalar multiplier for input tensor C
    * `transA`: Whether A should be transposed
    * `transB`: Whether B should be transposed
  }];
  let arguments = (ins Onnx_Types4:$A, Onnx_Types4:$B, Optional<Onnx_Types4>:$C,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$beta,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Onnx_Types4:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_HammingWindowOp : Onnx_Op<"HammingWindow", [Pure]> {
  let summary = "Generates a Hamming window as described in the paper ...";
  let description = [{
    Generates a Hamming window as described in the paper https://ieeexplore.ieee.org/document/1455106. Version 17.

    * `size`: A scalar value indicating the length of the window
    * `output`: A Hamming window with length: size
    * `output_datatype`: The data type of the output tensor
    * `periodic`: If 1, returns a window to be used as periodic function
  }];
  let arguments = (ins Onnx_int32_int64:$size, DefaultValuedAttr<Onnx_IntAttr, "1">:$output_datatype,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$periodic);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_HannWindowOp : Onnx_Op<"HannWindow", [Pure]> {
  let summary = "Generates a Hann window as described in the paper ...";
  let description = [{
    Generates a Hann window as described in the paper https://ieeexplore.ieee.org/document/1455106. Version 17.

    * `size`: A scalar value indicating the length of the window
    * `output`: A Hann window with length: size
    * `output_datatype`: The data type of the output tensor
    * `periodic`: If 1, returns a window to be used as periodic function
  }];
  let arguments = (ins Onnx_int32_int64:$size, DefaultValuedAttr<Onnx_IntAttr, "1">:$output_datatype,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$periodic);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_HardSigmoidOp : Onnx_Op<"HardSigmoid", [Pure]> {
  let summary = "HardSigmoid takes one input data (Tensor) and produces one output data ...";
  let description = [{
    HardSigmoid takes one input data (Tensor) and produces one output data (Tensor) where the HardSigmoid function, y = max(0, min(1, alpha * x + beta)), is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Value of alpha
    * `beta`: Value of beta
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "0.2f">:$alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "0.5f">:$beta);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_HardSwishOp : Onnx_Op<"HardSwish", [Pure]> {
  let summary = "HardSwish takes one input data (Tensor) and produces one output data ...";
  let description = [{
    HardSwish takes one input data (Tensor) and produces one output data (Tensor) where the HardSwish function, y = x * max(0, min(1, alpha * x + beta)) = x * HardSigmoid(x), where alpha = 1/6 and beta = 0.5, is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_HardmaxOp : Onnx_Op<"Hardmax", [Pure]> {
  let summary = "The operator computes the hardmax values for the given input:";
  let description = [{
    The operator computes the hardmax values for the given input:. Version 13.

    * `input`: The input tensor of rank >= axis
    * `output`: The output values with the same shape as the input tensor
    * `axis`: Describes the dimension Hardmax will be performed on
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LeakyReluOp : Onnx_Op<"LeakyRelu", [Pure]> {
  let summary = "LeakyRelu takes input data (Tensor) and an argument alpha, and produces ...";
  let description = [{
    LeakyRelu takes input data (Tensor) and an argument alpha, and produces one output data (Tensor) where the function `f(x) = alpha * x for x = 0`, is applied to the data tensor elementwise. Version 16.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Coefficient of leakage
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "0.01f">:$alpha);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LogOp : Onnx_Op<"Log", [Pure]> {
  let summary = "Calculates the natural log of the given input tensor, element-wise";
  let description = [{
    Calculates the natural log of the given input tensor, element-wise. Version 13.

    * `input`: Input tensor
    * `output`: The natural log of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LogSoftmaxOp : Onnx_Op<"LogSoftmax", [Pure]> {
  let summary = "The operator computes the log of softmax values for the given input:";
  let description = [{
    The operator computes the log of softmax values for the given input:. Version 13.

    * `input`: The input tensor of rank >= axis
    * `output`: The output values with the same shape as the input tensor
    * `axis`: Describes the dimension LogSoftmax will be performed on
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MatMulOp : Onnx_Op<"MatMul", [Pure]> {
  let summary = "Matrix product that behaves like numpy.matmul";
  let description = [{
    Matrix product that behaves like numpy.matmul. Version 13.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `Y`: Matrix multiply results from A * B
  }];
  let arguments = (ins Onnx_Types4:$A, Onnx_Types4:$B);
  let results = (outs Onnx_Types4:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MatMulIntegerOp : Onnx_Op<"MatMulInteger", [Pure, AttrSizedOperandSegments]> {
  let summary = "Matrix product that behaves like numpy.matmul";
  let description = [{
    Matrix product that behaves like numpy.matmul. Version 10.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `a_zero_point`: Zero point tensor for input 'A'
    * `b_zero_point`: Zero point tensor for input 'B'
    * `Y`: Matrix multiply results from A * B
  }];
  let arguments = (ins Onnx_uint8_int8:$A, Onnx_uint8_int8:$B, Optional<Onnx_uint8_int8>:$a_zero_point,
      Optional<Onnx_uint8_int8>:$b_zero_point);
  let results = (outs Onnx_int32:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MaxOp : Onnx_Op<"Max", [Pure]> {
  let summary = "Element-wise max of each of the input tensors (with Numpy-style ...";
  let description = [{
    Element-wise max of each of the input tensors (with Numpy-style broadcasting support). Version 13.

    * `data_0`: List of tensors for max
    * `max`: Output tensor
  }];
  let arguments = (ins Variadic<Onnx_Types0>:$data_0);
  let results = (outs Onnx_Types0:$max);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MeanOp : Onnx_Op<"Mean", [Pure]> {
  let summary = "Element-wise mean of each of the input tensors (with Numpy-style ...";
  let description = [{
    Element-wise mean of each of the input tensors (with Numpy-style broadcasting support). Version 13.

    * `data_0`: List of tensors for mean
    * `mean`: Output tensor
  }];
  let arguments = (ins Variadic<Onnx_float_float16_double_bfloat16>:$data_0);
  let results = (outs Onnx_float_float16_double_bfloat16:$mean);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MelWeightMatrixOp : Onnx_Op<"MelWeightMatrix", [Pure]> {
  let summary = "Generate a MelWeightMatrix that can be used to re-weight a Tensor ...";
  let description = [{
    Generate a MelWeightMatrix that can be used to re-weight a Tensor containing a linearly sampled frequency spectra (from DFT or STFT) into num_mel_bins frequency information based on the [lower_edge_hertz, upper_edge_hertz] range on the mel scale. Version 17.

    * `num_mel_bins`: The number of bands in the mel spectrum
    * `dft_length`: The size of the original DFT. The size of the original DFT is used to infer the size of the ...
    * `sample_rate`: Samples per second of the input signal used to create the spectrogram
    * `lower_edge_hertz`: Lower bound on the frequencies to be included in the mel spectrum
    * `upper_edge_hertz`: The desired top edge of the highest frequency band
    * `output`: The Mel Weight Matrix
    * `output_datatype`: The data type of the output tensor
  }];
  let arguments = (ins Onnx_int32_int64:$num_mel_bins, Onnx_int32_int64:$dft_length, Onnx_int32_int64:$sample_rate,
      Onnx_float_float16_double_bfloat16:$lower_edge_hertz, Onnx_float_float16_double_bfloat16:$upper_edge_hertz,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$output_datatype);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MinOp : Onnx_Op<"Min", [Pure]> {
  let summary = "Element-wise min of each of the input tensors (with Numpy-style ...";
  let description = [{
    Element-wise min of each of the input tensors (with Numpy-style broadcasting support). Version 13.

    * `data_0`: List of tensors for min
    * `min`: Output tensor
  }];
  let arguments = (ins Variadic<Onnx_Types0>:$data_0);
  let results = (outs Onnx_Types0:$min);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MishOp : Onnx_Op<"Mish", [Pure]> {
  let summary = "Mish: A Self Regularized Non-Monotonic Neural Activation Function";
  let description = [{
    Mish: A Self Regularized Non-Monotonic Neural Activation Function. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ModOp : Onnx_Op<"Mod", [Pure]> {
  let summary = "Performs an element-wise binary modulo operation";
  let description = [{
    Performs an element-wise binary modulo operation. Version 13.

    * `A`: Dividend tensor
    * `B`: Divisor tensor
    * `C`: Remainder tensor
    * `fmod`: Whether the operator should behave like fmod (default=0 meaning it will do integer mods); Set ...
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B, DefaultValuedAttr<Onnx_IntAttr, "0">:$fmod);
  let results = (outs Onnx_Types0:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MulOp : Onnx_Op<"Mul", [Pure]> {
  let summary = "Performs element-wise binary multiplication (with Numpy-style ...";
  let description = [{
    Performs element-wise binary multiplication (with Numpy-style broadcasting support). Version 14.

    * `A`: First operand
    * `B`: Second operand
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_Types0:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_NegOp : Onnx_Op<"Neg", [Pure]> {
  let summary = "Neg takes one input data (Tensor) and produces one output data (Tensor) ...";
  let description = [{
    Neg takes one input data (Tensor) and produces one output data (Tensor) where each element flipped sign, y = -x, is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_Types10:$X);
  let results = (outs Onnx_Types10:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_NegativeLogLikelihoodLossOp : Onnx_Op<"NegativeLogLikelihoodLoss", [Pure]> {
  let summary = "A NegativeLogLikelihoodLoss operator computes (weighted) negative log ...";
  let description = [{
    A NegativeLogLikelihoodLoss operator computes (weighted) negative log likelihood loss. Version 22.

    * `input`: Input tensor of shape (N, C) or (N, C, d1, d2, ..., dk)
    * `target`: Target tensor of shape (N) or (N, d1, d2, ..., dk)
    * `weight`: Optional rescaling weight tensor
    * `loss`: The negative log likelihood loss
    * `ignore_index`: Specifies a target value that is ignored and does not contribute to the input gradient
    * `reduction`: Type of reduction to apply to loss: none, sum, mean (default)
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, Onnx_int32_int64:$target,
      Optional<Onnx_float_float16_double_bfloat16>:$weight, OptionalAttr<Onnx_IntAttr>:$ignore_index,
      DefaultValuedStrAttr<StrAttr, "mean">:$reduction);
  let results = (outs Onnx_float_float16_double_bfloat16:$loss);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_PReluOp : Onnx_Op<"PRelu", [Pure]> {
  let summary = "PRelu takes input data (Tensor) and slope tensor as input, and produces ...";
  let description = [{
    PRelu takes input data (Tensor) and slope tensor as input, and produces one output data (Tensor) where the function `f(x) = slope * x for x = 0`., is applied to the data tensor elementwise. Version 16.

    * `X`: Input tensor
    * `slope`: Slope tensor
    * `Y`: Output tensor (same size as X)
  }];
  let arguments = (ins Onnx_Types4:$X, Onnx_Types4:$slope);
  let results = (outs Onnx_Types4:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_PowOp : Onnx_Op<"Pow", [Pure]> {
  let summary = "Pow takes input data (Tensor) and exponent Tensor, and produces one ...";
  let description = [{
    Pow takes input data (Tensor) and exponent Tensor, and produces one output data (Tensor) where the function `f(x) = x^exponent`, is applied to the data tensor elementwise. Version 15.

    * `X`: First operand, base of the exponent
    * `Y`: Second operand, power of the exponent
    * `Z`: Output tensor
  }];
  let arguments = (ins Onnx_Types11:$X, Onnx_Types0:$Y);
  let results = (outs Onnx_Types11:$Z);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_QLinearMatMulOp : Onnx_Op<"QLinearMatMul", [Pure]> {
  let summary = "Matrix product that behaves like numpy.matmul";
  let description = [{
    Matrix product that behaves like numpy.matmul. Version 21.

    * `a`: N-dimensional quantized matrix a
    * `a_scale`: scale of quantized input a
    * `a_zero_point`: zero point of quantized input a
    * `b`: N-dimensional quantized matrix b
    * `b_scale`: scale of quantized input b
    * `b_zero_point`: zero point of quantized input b
    * `y_scale`: scale of quantized output y
    * `y_zero_point`: zero point of quantized output y
    * `y`: Quantized matrix multiply results from a * b
  }];
  let arguments = (ins Onnx_Types12:$a, Onnx_float_float16_bfloat16:$a_scale, Onnx_Types12:$a_zero_point,
      Onnx_Types12:$b, Onnx_float_float16_bfloat16:$b_scale, Onnx_Types12:$b_zero_point,
      Onnx_float_float16_bfloat16:$y_scale, Onnx_Types12:$y_zero_point);
  let results = (outs Onnx_Types12:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReciprocalOp : Onnx_Op<"Reciprocal", [Pure]> {
  let summary = "Reciprocal takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Reciprocal takes one input data (Tensor) and produces one output data (Tensor) where the reciprocal is, y = 1/x, is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReluOp : Onnx_Op<"Relu", [Pure]> {
  let summary = "Relu takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Relu takes one input data (Tensor) and produces one output data (Tensor) where the rectified linear function, y = max(0, x), is applied to the tensor elementwise. Version 14.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_Types10:$X);
  let results = (outs Onnx_Types10:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RoundOp : Onnx_Op<"Round", [Pure]> {
  let summary = "Round takes one input Tensor and rounds the values, element-wise, ...";
  let description = [{
    Round takes one input Tensor and rounds the values, element-wise, meaning it finds the nearest integer for each value. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_STFTOp : Onnx_Op<"STFT", [Pure, AttrSizedOperandSegments]> {
  let summary = "Computes the Short-time Fourier Transform of the signal";
  let description = [{
    Computes the Short-time Fourier Transform of the signal. Version 17.

    * `signal`: Input tensor representing a real or complex valued signal
    * `frame_step`: A scalar representing the number of samples to step between successive DFTs
    * `window`: An optional 1-D tensor representing the window function to be applied to each frame of the ...
    * `frame_length`: An optional scalar representing the length of each frame (i.e., the DFT size)
    * `output`: The Short-time Fourier Transform of the signal
    * `onesided`: If onesided is 1, only values for w in [0, 1, 2, ..., floor(n_fft/2) + 1] are returned because ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$signal, Onnx_int32_int64:$frame_step,
      Optional<Onnx_float_float16_double_bfloat16>:$window, Optional<Onnx_int32_int64>:$frame_length,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$onesided);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SeluOp : Onnx_Op<"Selu", [Pure]> {
  let summary = "Selu takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Selu takes one input data (Tensor) and produces one output data (Tensor) where the scaled exponential linear unit function, `y = gamma * (alpha * e^x - alpha) for x 0`, is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Coefficient of SELU default to 1.67326319217681884765625 (i.e., float32 approximation of ...
    * `gamma`: Coefficient of SELU default to 1.05070102214813232421875 (i.e., float32 approximation of ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.6732632f">:$alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "1.050701f">:$gamma);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SigmoidOp : Onnx_Op<"Sigmoid", [Pure]> {
  let summary = "Sigmoid takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Sigmoid takes one input data (Tensor) and produces one output data (Tensor) where the sigmoid function, y = 1 / (1 + exp(-x)), is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SignOp : Onnx_Op<"Sign", [Pure]> {
  let summary = "Calculate the sign of the given input tensor element-wise";
  let description = [{
    Calculate the sign of the given input tensor element-wise. Version 13.

    * `input`: Input tensor
    * `output`: The sign of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_Types0:$input);
  let results = (outs Onnx_Types0:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SinOp : Onnx_Op<"Sin", [Pure]> {
  let summary = "Calculates the sine of the given input tensor, element-wise";
  let description = [{
    Calculates the sine of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The sine of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SinhOp : Onnx_Op<"Sinh", [Pure]> {
  let summary = "Calculates the hyperbolic sine of the given input tensor element-wise";
  let description = [{
    Calculates the hyperbolic sine of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The hyperbolic sine values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SoftmaxOp : Onnx_Op<"Softmax", [Pure]> {
  let summary = "The operator computes the normalized exponential values for the given ...";
  let description = [{
    The operator computes the normalized exponential values for the given input:. Version 13.

    * `input`: The input tensor of rank >= axis
    * `output`: The output values with the same shape as the input tensor
    * `axis`: Describes the dimension Softmax will be performed on
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SoftmaxCrossEntropyLossOp : Onnx_Op<"SoftmaxCrossEntropyLoss", [Pure]> {
  let summary = "Loss function that measures the softmax cross entropy between 'scores' ...";
  let description = [{
    Loss function that measures the softmax cross entropy between 'scores' and 'labels'. Version 13.

    * `scores`: The predicted outputs with shape [batch_size, class_size], or [batch_size, class_size, D1, D2 , ...
    * `labels`: The ground truth output tensor, with shape [batch_size], or [batch_size, D1, D2, ..., Dk], ...
    * `weights`: A manual rescaling weight given to each class
    * `output`: Weighted loss float Tensor
    * `log_prob`: Log probability tensor
    * `ignore_index`: Specifies a target value that is ignored and does not contribute to the input gradient
    * `reduction`: Type of reduction to apply to loss: none, sum, mean(default)
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$scores, Onnx_int32_int64:$labels,
      Optional<Onnx_float_float16_double_bfloat16>:$weights, OptionalAttr<Onnx_IntAttr>:$ignore_index,
      DefaultValuedStrAttr<StrAttr, "mean">:$reduction);
  let results = (outs Onnx_float_float16_double_bfloat16:$output,
      Optional<Onnx_float_float16_double_bfloat16>:$log_prob);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SoftplusOp : Onnx_Op<"Softplus", [Pure]> {
  let summary = "Softplus takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Softplus takes one input data (Tensor) and produces one output data (Tensor) where the softplus function, y = ln(exp(x) + 1), is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SoftsignOp : Onnx_Op<"Softsign", [Pure]> {
  let summary = "Calculates the softsign (x/(1+|x|)) of the given input tensor ...";
  let description = [{
    Calculates the softsign (x/(1+|x|)) of the given input tensor element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The softsign (x/(1+|x|)) values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SqrtOp : Onnx_Op<"Sqrt", [Pure]> {
  let summary = "Square root takes one input data (Tensor) and produces one output data ...";
  let description = [{
    Square root takes one input data (Tensor) and produces one output data (Tensor) where the square root is, y = x^0.5, is applied to the tensor elementwise. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SubOp : Onnx_Op<"Sub", [Pure]> {
  let summary = "Performs element-wise binary subtraction (with Numpy-style broadcasting ...";
  let description = [{
    Performs element-wise binary subtraction (with Numpy-style broadcasting support). Version 14.

    * `A`: First operand
    * `B`: Second operand
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_Types0:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SumOp : Onnx_Op<"Sum", [Pure]> {
  let summary = "Element-wise sum of each of the input tensors (with Numpy-style ...";
  let description = [{
    Element-wise sum of each of the input tensors (with Numpy-style broadcasting support). Version 13.

    * `data_0`: List of tensors for sum
    * `sum`: Output tensor
  }];
  let arguments = (ins Variadic<Onnx_float_float16_double_bfloat16>:$data_0);
  let results = (outs Onnx_float_float16_double_bfloat16:$sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SwishOp : Onnx_Op<"Swish", [Pure]> {
  let summary = "Swish function takes one input data (Tensor) and produces one output ...";
  let description = [{
    Swish function takes one input data (Tensor) and produces one output data (Tensor) of the same shape, where $Swish(x) = x * sigmoid(alpha * x)$. Version 24.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Coefficient to multiply with input before sigmoid
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TanOp : Onnx_Op<"Tan", [Pure]> {
  let summary = "Calculates the tangent of the given input tensor, element-wise";
  let description = [{
    Calculates the tangent of the given input tensor, element-wise. Version 22.

    * `input`: Input tensor
    * `output`: The tangent of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TanhOp : Onnx_Op<"Tanh", [Pure]> {
  let summary = "Calculates the hyperbolic tangent of the given input tensor element-wise";
  let description = [{
    Calculates the hyperbolic tangent of the given input tensor element-wise. Version 13.

    * `input`: Input tensor
    * `output`: The hyperbolic tangent values of the input tensor computed element-wise
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ThresholdedReluOp : Onnx_Op<"ThresholdedRelu", [Pure]> {
  let summary = "ThresholdedRelu takes one input data (Tensor) and produces one output ...";
  let description = [{
    ThresholdedRelu takes one input data (Tensor) and produces one output data (Tensor) where the rectified linear function, y = x for x > alpha, y = 0 otherwise, is applied to the tensor elementwise. Version 22.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `alpha`: Threshold value
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TopKOp : Onnx_Op<"TopK", [Pure]> {
  let summary = "Retrieve the top-K largest or smallest elements along a specified axis";
  let description = [{
    Retrieve the top-K largest or smallest elements along a specified axis. Version 24.

    * `X`: Tensor of shape [a_0, a_1, ..., a_{n-1} ]
    * `K`: A 1-D tensor containing a single positive value corresponding to the number of top elements to ...
    * `Values`: Tensor of shape [a_0, a_1, ..., a_{axis-1}, k, a_{axis+1}, ... a_{n-1} ] containing top K ...
    * `Indices`: Tensor of shape [a_0, a_1, ..., a_{axis-1}, k, a_{axis+1}, ... a_{n-1} ] containing the ...
    * `axis`: Dimension on which to do the sort
    * `largest`: Whether to return the top-K largest or smallest elements
    * `sorted`: Whether to return the elements in sorted order
  }];
  let arguments = (ins Onnx_Types0:$X, Onnx_int64:$K, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$largest, DefaultValuedAttr<Onnx_IntAttr, "1">:$sorted);
  let results = (outs Onnx_Types0:$Values, Onnx_int64:$Indices);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}