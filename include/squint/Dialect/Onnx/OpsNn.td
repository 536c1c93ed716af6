//===- OpsNn.td - operators of the family nn ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_AttentionOp : Onnx_Op<"Attention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "The operator Attention";
  let description = [{
    Version 25.

    * `Q`: Query tensor
    * `K`: Key tensor
    * `V`: Value tensor
    * `attn_mask`: Attention mask
    * `past_key`: Past state for key with shape `(batch_size, kv_num_heads, past_sequence_length, head_size)`
    * `past_value`: Past state for value with shape `(batch_size, kv_num_heads, past_sequence_length, v_head_size)`
    * `nonpad_kv_seqlen`: A vector of integers of shape `(batch_size,)` that indicates the number of valid (i.e., ...
    * `Y`: The output tensor
    * `present_key`: Updated key cache with shape `(batch_size, kv_num_heads, total_sequence_length, head_size)` ...
    * `present_value`: Updated value cache with shape `(batch_size, kv_num_heads, total_sequence_length, v_head_size)` ...
    * `qk_matmul_output`: The output of QK matmul
    * `is_causal`: If set to `1`, causal masking is applied
    * `kv_num_heads`: Number of heads of key and value
    * `left_window_size`: Maximum number of positions to the left of the current absolute query position that may be ...
    * `q_num_heads`: Number of heads of query
    * `qk_matmul_output_mode`: Determines what the optional 4th output contains: `0` (default): raw QK matmul result; `1`: ...
    * `right_window_size`: Maximum number of positions to the right of the current absolute query position that may be ...
    * `scale`: Scaling factor applied to $Q*K^T$. Default value is `1/sqrt(head_size)`
    * `softcap`: Soft cap for attention logits, applied as `softcap * tanh(logits / softcap)`
    * `softmax_precision`: Specifies the precision for softmax computation
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$Q, Onnx_float_float16_double_bfloat16:$K,
      Onnx_float_float16_double_bfloat16:$V, Optional<Onnx_Types27>:$attn_mask,
      Optional<Onnx_float_float16_double_bfloat16>:$past_key,
      Optional<Onnx_float_float16_double_bfloat16>:$past_value, Optional<Onnx_int64>:$nonpad_kv_seqlen,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$is_causal, OptionalAttr<Onnx_IntAttr>:$kv_num_heads,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$left_window_size, OptionalAttr<Onnx_IntAttr>:$q_num_heads,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$qk_matmul_output_mode,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$right_window_size, OptionalAttr<Onnx_FloatAttr>:$scale,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$softcap, OptionalAttr<Onnx_IntAttr>:$softmax_precision);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y,
      Optional<Onnx_float_float16_double_bfloat16>:$present_key,
      Optional<Onnx_float_float16_double_bfloat16>:$present_value,
      Optional<Onnx_float_float16_double_bfloat16>:$qk_matmul_output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_AveragePoolOp : Onnx_Op<"AveragePool", [Pure]> {
  let summary = "AveragePool consumes an input tensor X and applies average pooling ...";
  let description = [{
    AveragePool consumes an input tensor X and applies average pooling across the tensor according to kernel sizes, stride sizes, and pad lengths. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from average or max pooling across the input tensor
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `ceil_mode`: Whether to use ceil or floor (default) to compute the output shape
    * `count_include_pad`: Whether include pad pixels when calculating values for the edges
    * `dilations`: Dilation value along each spatial axis of filter
    * `kernel_shape`: The size of the kernel along each axis
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$ceil_mode, DefaultValuedAttr<Onnx_IntAttr, "0">:$count_include_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DenseI64ArrayAttr:$kernel_shape,
      OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BatchNormalizationOp : Onnx_Op<"BatchNormalization", [Pure, AttrSizedResultSegments]> {
  let summary = "Carries out batch normalization as described in the paper ...";
  let description = [{
    Carries out batch normalization as described in the paper https://arxiv.org/abs/1502.03167. Version 15.

    * `X`: Input data tensor from the previous operator; dimensions are in the form of (N x C x D1 x D2 ...
    * `scale`: Scale tensor of shape (C)
    * `B`: Bias tensor of shape (C)
    * `input_mean`: running (training) or estimated (testing) mean tensor of shape (C)
    * `input_var`: running (training) or estimated (testing) variance tensor of shape (C)
    * `Y`: The output tensor of the same shape as X
    * `running_mean`: The running mean after the BatchNormalization operator
    * `running_var`: The running variance after the BatchNormalization operator
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `momentum`: Factor used in computing the running mean and variance.e.g., running_mean = running_mean * ...
    * `training_mode`: If set to true, it indicates BatchNormalization is being used for training, and outputs 1 and 2 ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$scale,
      Onnx_float_float16_double_bfloat16:$B, Onnx_float_float16_double_bfloat16:$input_mean,
      Onnx_float_float16_double_bfloat16:$input_var, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon,
      DefaultValuedAttr<Onnx_FloatAttr, "0.9f">:$momentum, DefaultValuedAttr<Onnx_IntAttr, "0">:$training_mode);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y,
      Optional<Onnx_float_float16_double_bfloat16>:$running_mean,
      Optional<Onnx_float_float16_double_bfloat16>:$running_var);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CausalConvWithStateOp : Onnx_Op<"CausalConvWithState", [Pure, AttrSizedOperandSegments]> {
  let summary = "The operator CausalConvWithState";
  let description = [{
    Version 27.

    * `input`: Input tensor with shape (batch_size, channels, length)
    * `weight`: Depthwise convolution kernel with shape (channels, 1, k) where k is the kernel size
    * `bias`: Optional per-channel bias with shape (channels)
    * `past_state`: Carry state from previous step with shape (batch_size, channels, k - 1)
    * `output`: Convolution output with same shape as input
    * `present_state`: Updated carry state with shape (batch_size, channels, k - 1)
    * `activation`: Fused activation function
  }];
  let arguments = (ins Onnx_float_float16_bfloat16:$input, Onnx_float_float16_bfloat16:$weight,
      Optional<Onnx_float_float16_bfloat16>:$bias, Optional<Onnx_float_float16_bfloat16>:$past_state,
      DefaultValuedStrAttr<StrAttr, "none">:$activation);
  let results = (outs Onnx_float_float16_bfloat16:$output, Onnx_float_float16_bfloat16:$present_state);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_Col2ImOp : Onnx_Op<"Col2Im", [Pure]> {
  let summary = "The operator rearranges column blocks back into a multidimensional image";
  let description = [{
    The operator rearranges column blocks back into a multidimensional image. Version 18.

    * `input`: Input data tensor to be rearranged from column blocks back into an image
    * `image_shape`: The shape of the spatial dimensions of the image after rearranging the column blocks.This is a ...
    * `block_shape`: The shape of the block to apply on the input.This is a 1-dimensional tensor of size of at least ...
    * `output`: Output tensor produced by rearranging blocks into an image
    * `dilations`: 1-dimensional tensor with dilation value along each spatial axis of the image
    * `pads`: 1-dimensional tensor with padding value for the beginning and ending along each spatial axis, ...
    * `strides`: 1-dimensional tensor with stride value along each spatial axis
  }];
  let arguments = (ins Onnx_Types7:$input, Onnx_int64:$image_shape, Onnx_int64:$block_shape,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConvOp : Onnx_Op<"Conv", [Pure]> {
  let summary = "The convolution operator consumes an input tensor and a filter, and ...";
  let description = [{
    The convolution operator consumes an input tensor and a filter, and computes the output. Version 22.

    * `X`: Input data tensor from previous layer; has size (N x C x H x W), where N is the batch size, C ...
    * `W`: The weight tensor that will be used in the convolutions; has size (M x C/group x kH x kW), ...
    * `B`: Optional 1D bias to be added to the convolution, has size of M
    * `Y`: Output data tensor that contains the result of the convolution
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `dilations`: dilation value along each spatial axis of the filter
    * `group`: number of groups input channels and output channels are divided into
    * `kernel_shape`: The shape of the convolution kernel
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Optional<Onnx_float_float16_double_bfloat16>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConvIntegerOp : Onnx_Op<"ConvInteger", [Pure, AttrSizedOperandSegments]> {
  let summary = "The integer convolution operator consumes an input tensor, its ...";
  let description = [{
    The integer convolution operator consumes an input tensor, its zero-point, a filter, and its zero-point, and computes the output. Version 10.

    * `x`: Input data tensor from previous layer; has size (N x C x H x W), where N is the batch size, C ...
    * `w`: The weight tensor that will be used in the convolutions; has size (M x C/group x kH x kW), ...
    * `x_zero_point`: Zero point tensor for input 'x'
    * `w_zero_point`: Zero point tensor for input 'w'
    * `y`: Output data tensor that contains the result of the convolution
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `dilations`: dilation value along each spatial axis of the filter
    * `group`: number of groups input channels and output channels are divided into
    * `kernel_shape`: The shape of the convolution kernel
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_uint8_int8:$x, Onnx_uint8_int8:$w, Optional<Onnx_uint8_int8>:$x_zero_point,
      Optional<Onnx_uint8_int8>:$w_zero_point, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_int32:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConvTransposeOp : Onnx_Op<"ConvTranspose", [Pure]> {
  let summary = "The convolution transpose operator consumes an input tensor and a ...";
  let description = [{
    The convolution transpose operator consumes an input tensor and a filter, and computes the output. Version 22.

    * `X`: Input data tensor from previous layer; has size (N x C x H x W), where N is the batch size, C ...
    * `W`: The weight tensor that will be used in the convolutions; has size (C x M/group x kH x kW), ...
    * `B`: Optional 1D bias to be added to the convolution, has size of M
    * `Y`: Output data tensor that contains the result of the convolution
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `dilations`: dilation value along each spatial axis of the filter
    * `group`: number of groups input channels and output channels are divided into
    * `kernel_shape`: The shape of the convolution kernel
    * `output_padding`: Additional elements added to the side with higher coordinate indices in the output
    * `output_shape`: The shape of the output can be explicitly set which will cause pads values to be auto generated
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Optional<Onnx_float_float16_double_bfloat16>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$output_padding,
      OptionalAttr<DenseI64ArrayAttr>:$output_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DeformConvOp : Onnx_Op<"DeformConv", [Pure, AttrSizedOperandSegments]> {
  let summary = "Performs deformable convolution as described in ...";
  let description = [{
    Performs deformable convolution as described in https://arxiv.org/abs/1703.06211 and https://arxiv.org/abs/1811.11168. Version 22.

    * `X`: Input data tensor
    * `W`: Weight tensor that will be used in the convolutions
    * `offset`: Offset tensor denoting the offset for the sampling locations in the convolution kernel
    * `B`: Optional 1D bias of length oC to be added to the convolution
    * `mask`: The mask tensor to be applied to each position in the convolution kernel
    * `Y`: Output data tensor that contains the result of convolution
    * `dilations`: Dilation value along each spatial axis of the kernel
    * `group`: Number of groups the input and output channels, C and oC, are divided into
    * `kernel_shape`: Shape of the convolution kernel
    * `offset_group`: Number of groups of offset
    * `pads`: Padding for the beginning and end along each spatial axis
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Onnx_float_float16_double_bfloat16:$offset, Optional<Onnx_float_float16_double_bfloat16>:$B,
      Optional<Onnx_float_float16_double_bfloat16>:$mask, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$group, OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$offset_group, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DropoutOp : Onnx_Op<"Dropout", [Pure, AttrSizedOperandSegments]> {
  let summary = "Dropout takes an input floating-point tensor, an optional input ratio ...";
  let description = [{
    Dropout takes an input floating-point tensor, an optional input ratio (floating-point scalar) and an optional input training_mode (boolean scalar). Version 22.

    * `data`: The input data as Tensor
    * `ratio`: The ratio of random dropout, with value in [0, 1)
    * `training_mode`: If set to true then it indicates dropout is being used for training
    * `output`: The output
    * `mask`: The output mask
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Onnx_Types23:$data, Optional<Onnx_Types23>:$ratio, Optional<Onnx_bool>:$training_mode,
      OptionalAttr<Onnx_IntAttr>:$seed);
  let results = (outs Onnx_Types23:$output, Optional<Onnx_bool>:$mask);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_FlattenOp : Onnx_Op<"Flatten", [Pure]> {
  let summary = "Flattens the input tensor into a 2D matrix";
  let description = [{
    Flattens the input tensor into a 2D matrix. Version 25.

    * `input`: A tensor of rank >= axis
    * `output`: A 2D tensor with the contents of the input tensor, with input dimensions up to axis flattened ...
    * `axis`: Indicate up to which input dimensions (exclusive) should be flattened to the outer dimension of ...
  }];
  let arguments = (ins Onnx_Types24:$input, DefaultValuedAttr<Onnx_IntAttr, "1">:$axis);
  let results = (outs Onnx_Types24:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GlobalAveragePoolOp : Onnx_Op<"GlobalAveragePool", [Pure]> {
  let summary = "GlobalAveragePool consumes an input tensor X and applies average ...";
  let description = [{
    GlobalAveragePool consumes an input tensor X and applies average pooling across the values in the same channel. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from pooling across the input tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GlobalLpPoolOp : Onnx_Op<"GlobalLpPool", [Pure]> {
  let summary = "GlobalLpPool consumes an input tensor X and applies lp pool pooling ...";
  let description = [{
    GlobalLpPool consumes an input tensor X and applies lp pool pooling across the values in the same channel. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from pooling across the input tensor
    * `p`: p value of the Lp norm used to pool over the input data
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_IntAttr, "2">:$p);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GlobalMaxPoolOp : Onnx_Op<"GlobalMaxPool", [Pure]> {
  let summary = "GlobalMaxPool consumes an input tensor X and applies max pooling across ...";
  let description = [{
    GlobalMaxPool consumes an input tensor X and applies max pooling across the values in the same channel. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from pooling across the input tensor
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GroupNormalizationOp : Onnx_Op<"GroupNormalization", [Pure]> {
  let summary = "A GroupNormalization function";
  let description = [{
    A GroupNormalization function. Version 21.

    * `X`: Input data tensor
    * `scale`: Scale tensor of shape `(C)`
    * `bias`: Bias tensor of shape `(C)`
    * `Y`: The output tensor of the same shape as `X`
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `num_groups`: The number of groups of channels
    * `stash_type`: The floating-point precision used in stage one of the computation
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$scale,
      Onnx_float_float16_double_bfloat16:$bias, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon,
      Onnx_IntAttr:$num_groups, DefaultValuedAttr<Onnx_IntAttr, "1">:$stash_type);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_InstanceNormalizationOp : Onnx_Op<"InstanceNormalization", [Pure]> {
  let summary = "Carries out instance normalization as described in the paper ...";
  let description = [{
    Carries out instance normalization as described in the paper https://arxiv.org/abs/1607.08022. Version 22.

    * `input`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `scale`: The input 1-dimensional scale tensor of size C
    * `B`: The input 1-dimensional bias tensor of size C
    * `output`: The output tensor of the same shape as input
    * `epsilon`: The epsilon value to use to avoid division by zero
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, Onnx_float_float16_double_bfloat16:$scale,
      Onnx_float_float16_double_bfloat16:$B, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LRNOp : Onnx_Op<"LRN", [Pure]> {
  let summary = "Local Response Normalization proposed in the AlexNet paper";
  let description = [{
    Local Response Normalization proposed in the AlexNet paper. Version 13.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output tensor, which has the shape and type as input tensor
    * `alpha`: Scaling parameter
    * `beta`: The exponent
    * `bias`:
    * `size`: The number of channels to sum over
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1e-04f">:$alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "0.75f">:$beta, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$bias,
      Onnx_IntAttr:$size);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LayerNormalizationOp : Onnx_Op<"LayerNormalization", [Pure, AttrSizedResultSegments]> {
  let summary = "This is layer normalization defined in ONNX as function";
  let description = [{
    This is layer normalization defined in ONNX as function. Version 17.

    * `X`: Tensor to be normalized
    * `Scale`: Scale tensor
    * `B`: Bias tensor
    * `Y`: Normalized tensor
    * `Mean`: Saved mean used during training to speed up gradient computation
    * `InvStdDev`: Saved inverse standard deviation used during training to speed up gradient computation
    * `axis`: The first normalization dimension
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `stash_type`: Type of Mean and InvStdDev
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$Scale,
      Optional<Onnx_float_float16_double_bfloat16>:$B, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon, DefaultValuedAttr<Onnx_IntAttr, "1">:$stash_type);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y, Optional<Onnx_float_bfloat16>:$Mean,
      Optional<Onnx_float_bfloat16>:$InvStdDev);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LinearAttentionOp : Onnx_Op<"LinearAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Unified linear attention operator for autoregressive decoding (T=1) and ...";
  let description = [{
    Unified linear attention operator for autoregressive decoding (T=1) and prefill (T>1). Version 27.

    * `query`: Query vectors with 3D packed shape (B, T, H_q * d_k)
    * `key`: Key vectors with 3D packed shape (B, T, H_kv * d_k)
    * `value`: Value vectors with 3D packed shape (B, T, H_kv * d_v)
    * `past_state`: Recurrent state from previous step with shape (B, H_kv, d_k, d_v)
    * `decay`: Exponential decay gate in log-space
    * `beta`: Update rate (sigmoid output)
    * `output`: Attention output with 3D packed shape (B, T, H_q * d_v)
    * `present_state`: Updated recurrent state with shape (B, H_kv, d_k, d_v)
    * `chunk_size`: Chunk size for the chunk-parallel WY decomposition during prefill (T>1)
    * `kv_num_heads`: Number of key/value heads
    * `q_num_heads`: Number of query heads
    * `scale`: Output scaling factor
    * `update_rule`: The update rule for the linear attention recurrence
  }];
  let arguments = (ins Onnx_float_float16_bfloat16:$query, Onnx_float_float16_bfloat16:$key,
      Onnx_float_float16_bfloat16:$value, Optional<Onnx_float_float16_bfloat16>:$past_state,
      Optional<Onnx_float_float16_bfloat16>:$decay, Optional<Onnx_float_float16_bfloat16>:$beta,
      DefaultValuedAttr<Onnx_IntAttr, "64">:$chunk_size, Onnx_IntAttr:$kv_num_heads, Onnx_IntAttr:$q_num_heads,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$scale, DefaultValuedStrAttr<StrAttr, "gated_delta">:$update_rule);
  let results = (outs Onnx_float_float16_bfloat16:$output, Onnx_float_float16_bfloat16:$present_state);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LpNormalizationOp : Onnx_Op<"LpNormalization", [Pure]> {
  let summary = "Given a matrix, apply Lp-normalization along the provided axis";
  let description = [{
    Given a matrix, apply Lp-normalization along the provided axis. Version 22.

    * `input`: Input matrix
    * `output`: Matrix after normalization
    * `axis`: The axis on which to apply normalization, -1 mean last axis
    * `p`: The order of the normalization, only 1 or 2 are supported
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$input, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "2">:$p);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LpPoolOp : Onnx_Op<"LpPool", [Pure]> {
  let summary = "LpPool consumes an input tensor X and applies Lp pooling across the ...";
  let description = [{
    LpPool consumes an input tensor X and applies Lp pooling across the tensor according to kernel sizes, stride sizes, and pad lengths. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from Lp pooling across the input tensor
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `ceil_mode`: Whether to use ceil or floor (default) to compute the output shape
    * `dilations`: dilation value along each spatial axis of the filter
    * `kernel_shape`: The size of the kernel along each axis
    * `p`: p value of the Lp norm used to pool over the input data
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$ceil_mode, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DenseI64ArrayAttr:$kernel_shape, DefaultValuedAttr<Onnx_IntAttr, "2">:$p, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MaxPoolOp : Onnx_Op<"MaxPool", [Pure]> {
  let summary = "MaxPool consumes an input tensor X and applies max pooling across the ...";
  let description = [{
    MaxPool consumes an input tensor X and applies max pooling across the tensor according to kernel sizes, stride sizes, and pad lengths. Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `Y`: Output data tensor from average or max pooling across the input tensor
    * `Indices`: Indices tensor from max pooling across the input tensor
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `ceil_mode`: Whether to use ceil or floor (default) to compute the output shape
    * `dilations`: Dilation value along each spatial axis of filter
    * `kernel_shape`: The size of the kernel along each axis
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `storage_order`: The storage order of the tensor
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_Types29:$X, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$ceil_mode, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DenseI64ArrayAttr:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$storage_order, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_Types29:$Y, Optional<Onnx_int64>:$Indices);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MaxRoiPoolOp : Onnx_Op<"MaxRoiPool", [Pure]> {
  let summary = "ROI max pool consumes an input tensor X and region of interests (RoIs) ...";
  let description = [{
    ROI max pool consumes an input tensor X and region of interests (RoIs) to apply max pooling across each RoI, to produce output 4-D tensor of shape (num_rois, channels, pooled_shape[0], pooled_shape[1]). Version 22.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `rois`: RoIs (Regions of Interest) to pool over
    * `Y`: RoI pooled output 4-D tensor of shape (num_rois, channels, pooled_shape[0], pooled_shape[1])
    * `pooled_shape`: ROI pool output shape (height, width)
    * `spatial_scale`: Multiplicative spatial scale factor to translate ROI coordinates from their input scale to the ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$rois,
      DenseI64ArrayAttr:$pooled_shape, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$spatial_scale);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MaxUnpoolOp : Onnx_Op<"MaxUnpool", [Pure]> {
  let summary = "MaxUnpool essentially computes the partial inverse of the MaxPool op";
  let description = [{
    MaxUnpool essentially computes the partial inverse of the MaxPool op. Version 22.

    * `X`: Input data tensor that has to be unpooled
    * `I`: Input data tensor containing the indices corresponding to elements in the first input tensor ...
    * `output_shape`: The shape of the output can be explicitly set which will cause pads values to be auto generated
    * `output`: Output data tensor that contains the result of the unpooling
    * `kernel_shape`: The size of the kernel along each axis
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_int64:$I, Optional<Onnx_int64>:$output_shape,
      DenseI64ArrayAttr:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_float_float16_double_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_MeanVarianceNormalizationOp : Onnx_Op<"MeanVarianceNormalization", [Pure]> {
  let summary = "A MeanVarianceNormalization Function: Perform mean variance ...";
  let description = [{
    A MeanVarianceNormalization Function: Perform mean variance normalization on the input tensor X using formula: `(X-EX)/sqrt(E(X-EX)^2)`. Version 13.

    * `X`: Input tensor
    * `Y`: Output tensor
    * `axes`: A list of integers, along which to reduce
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, DefaultValuedAttr<DenseI64ArrayAttr, "{0, 2, 3}">:$axes);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_QLinearConvOp : Onnx_Op<"QLinearConv", [Pure]> {
  let summary = "The convolution operator consumes a quantized input tensor, its scale ...";
  let description = [{
    The convolution operator consumes a quantized input tensor, its scale and zero point, a quantized filter, its scale and zero point, and output's scale and zero point, and computes the quantized output. Version 10.

    * `x`: Input data tensor from previous layer; has size (N x C x H x W), where N is the batch size, C ...
    * `x_scale`: Scale tensor for input 'x'
    * `x_zero_point`: Zero point tensor for input 'x'
    * `w`: The weight tensor that will be used in the convolutions; has size (M x C/group x kH x kW), ...
    * `w_scale`: Scale tensor for input 'w'
    * `w_zero_point`: Zero point tensor for input 'w'
    * `y_scale`: Scale tensor for output 'y'
    * `y_zero_point`: Zero point tensor for output 'y'
    * `B`: Optional 1D bias to be added to the convolution, has size of M. Bias must be quantized using ...
    * `y`: Output data tensor that contains the result of the convolution
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `dilations`: dilation value along each spatial axis of the filter
    * `group`: number of groups input channels and output channels are divided into
    * `kernel_shape`: The shape of the convolution kernel
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Onnx_uint8_int8:$x, Onnx_float:$x_scale, Onnx_uint8_int8:$x_zero_point, Onnx_uint8_int8:$w,
      Onnx_float:$w_scale, Onnx_uint8_int8:$w_zero_point, Onnx_float:$y_scale, Onnx_uint8_int8:$y_zero_point,
      Optional<Onnx_int32>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Onnx_uint8_int8:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RMSNormalizationOp : Onnx_Op<"RMSNormalization", [Pure]> {
  let summary = "This is RMS normalization defined in ONNX as function as described in ...";
  let description = [{
    This is RMS normalization defined in ONNX as function as described in the paper https://arxiv.org/pdf/1910.07467. Version 23.

    * `X`: The input tensor to be normalized
    * `scale`: Scale tensor
    * `Y`: Output data tensor
    * `axis`: The first normalization dimension
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `stash_type`: The floating-point precision used in stage one of the computation
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$stash_type);
  let results = (outs Onnx_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RotaryEmbeddingOp : Onnx_Op<"RotaryEmbedding", [Pure]> {
  let summary = "RotaryEmbedding is the implementation of rotary positional embeddings ...";
  let description = [{
    RotaryEmbedding is the implementation of rotary positional embeddings (RoPE) based on the paper https://arxiv.org/pdf/2104.09864. Version 23.

    * `X`: The input tensor representing the token embeddings
    * `cos_cache`: The cosine values for the rotation
    * `sin_cache`: The sine values for the rotation
    * `position_ids`: The position indices for the tokens
    * `Y`: Tensor with same shape as input
    * `interleaved`: Rotate using interleaved pattern
    * `num_heads`: Number of attention heads
    * `rotary_embedding_dim`: Rotary embedding dimension used to apply partial rotary embeddings
  }];
  let arguments = (ins Onnx_float_float16_bfloat16:$X, Onnx_float_float16_bfloat16:$cos_cache,
      Onnx_float_float16_bfloat16:$sin_cache, Optional<Onnx_int64>:$position_ids,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$interleaved, OptionalAttr<Onnx_IntAttr>:$num_heads,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$rotary_embedding_dim);
  let results = (outs Onnx_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ShrinkOp : Onnx_Op<"Shrink", [Pure]> {
  let summary = "Shrink takes one input data (Tensor) and produces one Tensor output, ...";
  let description = [{
    Shrink takes one input data (Tensor) and produces one Tensor output, having same datatype and shape with input. Version 9.

    * `input`: The input data as Tensor
    * `output`: The output
    * `bias`: The bias value added to output
    * `lambd`: The lambd value for the Shrink formulation
  }];
  let arguments = (ins Onnx_Types6:$input, DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$bias,
      DefaultValuedAttr<Onnx_FloatAttr, "0.5f">:$lambd);
  let results = (outs Onnx_Types6:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TfIdfVectorizerOp : Onnx_Op<"TfIdfVectorizer", [Pure]> {
  let summary = "This transform extracts n-grams from the input sequence and save them ...";
  let description = [{
    This transform extracts n-grams from the input sequence and save them as a vector. Version 9.

    * `X`: Input for n-gram extraction
    * `Y`: Ngram results
    * `max_gram_length`: Maximum n-gram length
    * `max_skip_count`: Maximum number of items (integers/strings) to be skipped when constructing an n-gram from X. If ...
    * `min_gram_length`: Minimum n-gram length
    * `mode`: The weighting criteria
    * `ngram_counts`: The starting indexes of 1-grams, 2-grams, and so on in pool
    * `ngram_indexes`: list of int64s (type: AttributeProto::INTS)
    * `pool_int64s`: List of int64 n-grams learned from the training set
    * `pool_strings`: List of strings n-grams learned from the training set
    * `weights`: list of floats
  }];
  let arguments = (ins Onnx_int32_int64_string:$X, Onnx_IntAttr:$max_gram_length, Onnx_IntAttr:$max_skip_count,
      Onnx_IntAttr:$min_gram_length, StrAttr:$mode, DenseI64ArrayAttr:$ngram_counts, DenseI64ArrayAttr:$ngram_indexes,
      OptionalAttr<DenseI64ArrayAttr>:$pool_int64s, OptionalAttr<StrArrayAttr>:$pool_strings,
      OptionalAttr<DenseF32ArrayAttr>:$weights);
  let results = (outs Onnx_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}