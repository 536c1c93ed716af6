//===- OpsTensor.td - operators of the family tensor ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_AffineGridOp : Onnx_Op<"AffineGrid", [Pure]> {
  let summary = "Generates a 2D or 3D flow field (sampling grid), given a batch of ...";
  let description = [{
    Generates a 2D or 3D flow field (sampling grid), given a batch of affine matrices theta (https://pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html). Version 20.

    * `theta`: input batch of affine matrices with shape (N, 2, 3) for 2D or (N, 3, 4) for 3D
    * `size`: the target output image size (N, C, H, W) for 2D or (N, C, D, H, W) for 3D
    * `grid`: output tensor of shape (N, H, W, 2) of 2D sample coordinates or (N, D, H, W, 3) of 3D sample ...
    * `align_corners`: if align_corners=1, consider -1 and 1 to refer to the centers of the corner pixels
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$theta, Onnx_int64:$size,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$align_corners);
  let results = (outs Onnx_float_float16_double_bfloat16:$grid);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitCastOp : Onnx_Op<"BitCast", [Pure]> {
  let summary = "Reinterprets the binary representation of a tensor as a different data ...";
  let description = [{
    Reinterprets the binary representation of a tensor as a different data type, specified by the 'to' attribute. Version 26.

    * `input`: Input tensor to be bitcast
    * `output`: Output tensor with the same shape as the input
    * `to`: The data type to which the input tensor is bitwise reinterpreted
  }];
  let arguments = (ins Onnx_Types19:$input, Onnx_IntAttr:$to);
  let results = (outs Onnx_Types19:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CastOp : Onnx_Op<"Cast", [Pure]> {
  let summary = "The operator casts the elements of a given input tensor to a data type ...";
  let description = [{
    The operator casts the elements of a given input tensor to a data type specified by the 'to' argument and returns an output tensor of the same size in the converted type. Version 25.

    * `input`: Input tensor to be cast
    * `output`: Output tensor with the same shape as input with type specified by the 'to' argument
    * `round_mode`: Rounding mode for conversion to float8e8m0
    * `saturate`: The parameter defines how the conversion behaves if an input value is out of range of the ...
    * `to`: The data type to which the elements of the input tensor are cast
  }];
  let arguments = (ins Onnx_Types20:$input, DefaultValuedStrAttr<StrAttr, "up">:$round_mode,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$saturate, Onnx_IntAttr:$to);
  let results = (outs Onnx_Types20:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CastLikeOp : Onnx_Op<"CastLike", [Pure]> {
  let summary = "The operator casts the elements of a given input tensor (the first ...";
  let description = [{
    The operator casts the elements of a given input tensor (the first input) to the same data type as the elements of the second input tensor. Version 25.

    * `input`: Input tensor to be cast
    * `target_type`: The (first) input tensor will be cast to produce a tensor of the same type as this (second ...
    * `output`: Output tensor produced by casting the first input tensor to have the same type as the second ...
    * `round_mode`: Rounding mode for conversion to float8e8m0
    * `saturate`: The parameter defines how the conversion behaves if an input value is out of range of the ...
  }];
  let arguments = (ins Onnx_Types20:$input, Onnx_Types20:$target_type,
      DefaultValuedStrAttr<StrAttr, "up">:$round_mode, DefaultValuedAttr<Onnx_IntAttr, "1">:$saturate);
  let results = (outs Onnx_Types20:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CenterCropPadOp : Onnx_Op<"CenterCropPad", [Pure]> {
  let summary = "Center crop or pad an input to given dimensions";
  let description = [{
    Center crop or pad an input to given dimensions. Version 18.

    * `input_data`: Input to extract the centered crop from
    * `shape`: 1-D tensor representing the cropping window dimensions
    * `output_data`: Output data
    * `axes`: If provided, it specifies a subset of axes that 'shape' refer to
  }];
  let arguments = (ins Onnx_Types7:$input_data, Onnx_int32_int64:$shape, OptionalAttr<DenseI64ArrayAttr>:$axes);
  let results = (outs Onnx_Types7:$output_data);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_CompressOp : Onnx_Op<"Compress", [Pure]> {
  let summary = "Selects slices from an input tensor along a given axis where condition ...";
  let description = [{
    Selects slices from an input tensor along a given axis where condition evaluates to True for each axis index. Version 11.

    * `input`: Tensor of rank r >= 1
    * `condition`: Rank 1 tensor of booleans to indicate which slices or data elements to be selected
    * `output`: Tensor of rank r if axis is specified
    * `axis`: (Optional) Axis along which to take slices
  }];
  let arguments = (ins Onnx_Types21:$input, Onnx_bool:$condition, OptionalAttr<Onnx_IntAttr>:$axis);
  let results = (outs Onnx_Types21:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ConcatOp : Onnx_Op<"Concat", [Pure]> {
  let summary = "Concatenate a list of tensors into a single tensor";
  let description = [{
    Concatenate a list of tensors into a single tensor. Version 13.

    * `inputs`: List of tensors for concatenation
    * `concat_result`: Concatenated tensor
    * `axis`: Which axis to concat on
  }];
  let arguments = (ins Variadic<Onnx_Types7>:$inputs, Onnx_IntAttr:$axis);
  let results = (outs Onnx_Types7:$concat_result);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_DepthToSpaceOp : Onnx_Op<"DepthToSpace", [Pure]> {
  let summary = "DepthToSpace rearranges (permutes) data from depth into blocks of ...";
  let description = [{
    DepthToSpace rearranges (permutes) data from depth into blocks of spatial data. Version 13.

    * `input`: Input tensor of [N,C,H,W], where N is the batch axis, C is the channel or depth, H is the ...
    * `output`: Output tensor of [N, C/(blocksize * blocksize), H * blocksize, W * blocksize]
    * `blocksize`: Blocks of [blocksize, blocksize] are moved
    * `mode`: DCR (default) for depth-column-row order re-arrangement
  }];
  let arguments = (ins Onnx_Types7:$input, Onnx_IntAttr:$blocksize, DefaultValuedStrAttr<StrAttr, "DCR">:$mode);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GatherOp : Onnx_Op<"Gather", [Pure]> {
  let summary = "Given `data` tensor of rank r >= 1, and `indices` tensor of rank q, ...";
  let description = [{
    Given `data` tensor of rank r >= 1, and `indices` tensor of rank q, gather entries of the axis dimension of `data` (by default outer-most one as axis=0) indexed by `indices`, and concatenates them in an output tensor of rank q + (r - 1). Version 13.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of int32/int64 indices, of any rank q
    * `output`: Tensor of rank q + (r - 1)
    * `axis`: Which axis to gather on
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int32_int64:$indices, DefaultValuedAttr<Onnx_IntAttr, "0">:$axis);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GatherElementsOp : Onnx_Op<"GatherElements", [Pure]> {
  let summary = "The operator GatherElements";
  let description = [{
    Version 13.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of int32/int64 indices, with the same rank r as the input
    * `output`: Tensor of the same shape as indices
    * `axis`: Which axis to gather on
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int32_int64:$indices, DefaultValuedAttr<Onnx_IntAttr, "0">:$axis);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GatherNDOp : Onnx_Op<"GatherND", [Pure]> {
  let summary = "Given `data` tensor of rank `r` >= 1, `indices` tensor of rank `q` >= ...";
  let description = [{
    Given `data` tensor of rank `r` >= 1, `indices` tensor of rank `q` >= 1, and `batch_dims` integer `b`, this operator gathers slices of `data` into an output tensor of rank `q + r - indices_shape[-1] - 1 - b`. Version 13.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of rank q >= 1
    * `output`: Tensor of rank q + r - indices_shape[-1] - 1
    * `batch_dims`: The number of batch dimensions
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int64:$indices, DefaultValuedAttr<Onnx_IntAttr, "0">:$batch_dims);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GridSampleOp : Onnx_Op<"GridSample", [Pure]> {
  let summary = "Given an input `X` and a flow-field `grid`, computes the output `Y` ...";
  let description = [{
    Given an input `X` and a flow-field `grid`, computes the output `Y` using `X` values and pixel locations from the `grid`. Version 22.

    * `X`: Input tensor of rank r+2 that has shape (N, C, D1, D2, ..., Dr), where N is the batch size, C ...
    * `grid`: Input offset of shape (N, D1_out, D2_out, ..., Dr_out, r), where D1_out, D2_out, ..., Dr_out ...
    * `Y`: Output tensor of rank r+2 that has shape (N, C, D1_out, D2_out, ..., Dr_out) of the sampled ...
    * `align_corners`: If align_corners=1, the extrema (-1 and 1) are considered as referring to the center points of ...
    * `mode`: Three interpolation modes: linear (default), nearest and cubic
    * `padding_mode`: Support padding modes for outside grid values: `zeros`(default), `border`, `reflection`
  }];
  let arguments = (ins Onnx_Types7:$X, Onnx_float_float16_double_bfloat16:$grid,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$align_corners, DefaultValuedStrAttr<StrAttr, "linear">:$mode,
      DefaultValuedStrAttr<StrAttr, "zeros">:$padding_mode);
  let results = (outs Onnx_Types7:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_IdentityOp : Onnx_Op<"Identity", [Pure]> {
  let summary = "Identity operator";
  let description = [{
    Identity operator. Version 25.

    * `input`: Input tensor
    * `output`: Tensor to copy input into
  }];
  let arguments = (ins Onnx_Types22:$input);
  let results = (outs Onnx_Types22:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_IsInfOp : Onnx_Op<"IsInf", [Pure]> {
  let summary = "Map infinity to true and other values to false";
  let description = [{
    Map infinity to true and other values to false. Version 20.

    * `X`: input
    * `Y`: output
    * `detect_negative`: (Optional) Whether map negative infinity to true
    * `detect_positive`: (Optional) Whether map positive infinity to true
  }];
  let arguments = (ins Onnx_Types23:$X, DefaultValuedAttr<Onnx_IntAttr, "1">:$detect_negative,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$detect_positive);
  let results = (outs Onnx_bool:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_IsNaNOp : Onnx_Op<"IsNaN", [Pure]> {
  let summary = "Returns which elements of the input are NaN";
  let description = [{
    Returns which elements of the input are NaN. Version 20.

    * `X`: input
    * `Y`: output
  }];
  let arguments = (ins Onnx_Types23:$X);
  let results = (outs Onnx_bool:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_NonZeroOp : Onnx_Op<"NonZero", [Pure]> {
  let summary = "Returns the indices of the elements that are non-zero (in row-major ...";
  let description = [{
    Returns the indices of the elements that are non-zero (in row-major order - by dimension). Version 13.

    * `X`: input
    * `Y`: output
  }];
  let arguments = (ins Onnx_Types7:$X);
  let results = (outs Onnx_int64:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_OneHotOp : Onnx_Op<"OneHot", [Pure]> {
  let summary = "Produces a one-hot tensor based on inputs";
  let description = [{
    Produces a one-hot tensor based on inputs. Version 11.

    * `indices`: Input tensor containing indices
    * `depth`: Scalar or Rank 1 tensor containing exactly one element, specifying the number of classes in ...
    * `values`: Rank 1 tensor containing exactly two elements, in the format [off_value, on_value], where ...
    * `output`: Tensor of rank one greater than input tensor 'indices', i.e
    * `axis`: (Optional) Axis along which one-hot representation in added
  }];
  let arguments = (ins Onnx_Types6:$indices, Onnx_Types6:$depth, Onnx_Types21:$values,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis);
  let results = (outs Onnx_Types21:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_PadOp : Onnx_Op<"Pad", [Pure, AttrSizedOperandSegments]> {
  let summary = "Given a tensor containing the data to be padded (`data`), a tensor ...";
  let description = [{
    Given a tensor containing the data to be padded (`data`), a tensor containing the number of start and end pad values for axis (`pads`), (optionally) a `mode`, and (optionally) `constant_value`, a padded tensor (`output`) is generated. Version 25.

    * `data`: Input tensor
    * `pads`: Tensor of integers indicating the number of padding elements to add or remove (if negative) at ...
    * `constant_value`: (Optional) A scalar value to be used if the mode chosen is `constant` (by default it is 0, ...
    * `axes`: 1-D tensor of axes that `pads` apply to
    * `output`: Tensor after padding
    * `mode`: Supported modes: `constant`(default), `reflect`, `edge`, `wrap`
  }];
  let arguments = (ins Onnx_Types24:$data, Onnx_int64:$pads, Optional<Onnx_Types24>:$constant_value,
      Optional<Onnx_int32_int64>:$axes, DefaultValuedStrAttr<StrAttr, "constant">:$mode);
  let results = (outs Onnx_Types24:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReshapeOp : Onnx_Op<"Reshape", [Pure]> {
  let summary = "Reshape the input tensor similar to numpy.reshape";
  let description = [{
    Reshape the input tensor similar to numpy.reshape. Version 25.

    * `data`: An input tensor
    * `shape`: Specified shape for output
    * `reshaped`: Reshaped data
    * `allowzero`: (Optional) By default, when any value in the 'shape' input is equal to zero the corresponding ...
  }];
  let arguments = (ins Onnx_Types24:$data, Onnx_int64:$shape, DefaultValuedAttr<Onnx_IntAttr, "0">:$allowzero);
  let results = (outs Onnx_Types24:$reshaped);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ResizeOp : Onnx_Op<"Resize", [Pure, AttrSizedOperandSegments]> {
  let summary = "Resize the input tensor";
  let description = [{
    Resize the input tensor. Version 19.

    * `X`: N-D tensor
    * `roi`: 1-D tensor given as [start1, ..., startN, end1, ..., endN], where N is the rank of X or the ...
    * `scales`: The scale array along each dimension
    * `sizes`: Target size of the output tensor
    * `Y`: N-D tensor after resizing
    * `antialias`: If set to 1, "linear" and "cubic" interpolation modes will use an antialiasing filter when ...
    * `axes`: If provided, it specifies a subset of axes that 'roi', 'scales' and 'sizes' refer to
    * `coordinate_transformation_mode`: This attribute describes how to transform the coordinate in the resized tensor to the ...
    * `cubic_coeff_a`: The coefficient 'a' used in cubic interpolation
    * `exclude_outside`: If set to 1, the weight of sampling locations outside the tensor will be set to 0 and the ...
    * `extrapolation_value`: When coordinate_transformation_mode is "tf_crop_and_resize" and x_original is outside the range ...
    * `keep_aspect_ratio_policy`: This attribute describes how to interpret the `sizes` input with regard to keeping the original ...
    * `mode`: Three interpolation modes: "nearest" (default), "linear" and "cubic". The "linear" mode ...
    * `nearest_mode`: Four modes: "round_prefer_floor" (default, as known as round half down), "round_prefer_ceil" ...
  }];
  let arguments = (ins Onnx_Types7:$X, Optional<Onnx_float_float16_double>:$roi, Optional<Onnx_float>:$scales,
      Optional<Onnx_int64>:$sizes, DefaultValuedAttr<Onnx_IntAttr, "0">:$antialias,
      OptionalAttr<DenseI64ArrayAttr>:$axes,
      DefaultValuedStrAttr<StrAttr, "half_pixel">:$coordinate_transformation_mode,
      DefaultValuedAttr<Onnx_FloatAttr, "-0.75f">:$cubic_coeff_a,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$exclude_outside,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$extrapolation_value,
      DefaultValuedStrAttr<StrAttr, "stretch">:$keep_aspect_ratio_policy,
      DefaultValuedStrAttr<StrAttr, "nearest">:$mode,
      DefaultValuedStrAttr<StrAttr, "round_prefer_floor">:$nearest_mode);
  let results = (outs Onnx_Types7:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReverseSequenceOp : Onnx_Op<"ReverseSequence", [Pure]> {
  let summary = "Reverse batch of sequences having different lengths specified by ...";
  let description = [{
    Reverse batch of sequences having different lengths specified by `sequence_lens`. Version 10.

    * `input`: Tensor of rank r >= 2
    * `sequence_lens`: Tensor specifying lengths of the sequences in a batch
    * `Y`: Tensor with same shape of input
    * `batch_axis`: (Optional) Specify which axis is batch axis
    * `time_axis`: (Optional) Specify which axis is time axis
  }];
  let arguments = (ins Onnx_Types21:$input, Onnx_int64:$sequence_lens,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$batch_axis, DefaultValuedAttr<Onnx_IntAttr, "0">:$time_axis);
  let results = (outs Onnx_Types21:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ScatterOp : Onnx_Op<"Scatter", [Pure]> {
  let summary = "This operator is deprecated";
  let description = [{
    This operator is deprecated. Version 11.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of int32/int64 indices, of r >= 1 (same rank as input)
    * `updates`: Tensor of rank r >=1 (same rank and shape as indices)
    * `output`: Tensor of rank r >= 1 (same rank as input)
    * `axis`: Which axis to scatter on
  }];
  let arguments = (ins Onnx_Types21:$data, Onnx_int32_int64:$indices, Onnx_Types21:$updates,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$axis);
  let results = (outs Onnx_Types21:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ScatterElementsOp : Onnx_Op<"ScatterElements", [Pure]> {
  let summary = "ScatterElements takes three inputs `data`, `updates`, and `indices` of ...";
  let description = [{
    ScatterElements takes three inputs `data`, `updates`, and `indices` of the same rank r >= 1 and an optional attribute axis that identifies an axis of `data` (by default, the outer-most axis, that is axis 0). Version 18.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of int32/int64 indices, of r >= 1 (same rank as input)
    * `updates`: Tensor of rank r >=1 (same rank and shape as indices)
    * `output`: Tensor of rank r >= 1 (same rank as input)
    * `axis`: Which axis to scatter on
    * `reduction`: Type of reduction to apply: none (default), add, mul, max, min
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int32_int64:$indices, Onnx_Types7:$updates,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$axis, DefaultValuedStrAttr<StrAttr, "none">:$reduction);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ScatterNDOp : Onnx_Op<"ScatterND", [Pure]> {
  let summary = "ScatterND takes three inputs `data` tensor of rank r >= 1, `indices` ...";
  let description = [{
    ScatterND takes three inputs `data` tensor of rank r >= 1, `indices` tensor of rank q >= 1, and `updates` tensor of rank q + r - indices.shape[-1] - 1. Version 18.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of rank q >= 1
    * `updates`: Tensor of rank q + r - indices_shape[-1] - 1
    * `output`: Tensor of rank r >= 1
    * `reduction`: Type of reduction to apply: none (default), add, mul, max, min
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int64:$indices, Onnx_Types7:$updates,
      DefaultValuedStrAttr<StrAttr, "none">:$reduction);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ShapeOp : Onnx_Op<"Shape", [Pure]> {
  let summary = "Takes a tensor as input and outputs an 1D int64 tensor containing the ...";
  let description = [{
    Takes a tensor as input and outputs an 1D int64 tensor containing the shape of the input tensor. Version 25.

    * `data`: An input tensor
    * `shape`: Shape of the input tensor
    * `end`: (Optional) Ending axis for slicing the shape
    * `start`: (Optional) Starting axis for slicing the shape
  }];
  let arguments = (ins Onnx_Types24:$data, OptionalAttr<Onnx_IntAttr>:$end,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$start);
  let results = (outs Onnx_int64:$shape);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SizeOp : Onnx_Op<"Size", [Pure]> {
  let summary = "Takes a tensor as input and outputs a int64 scalar that equals to the ...";
  let description = [{
    Takes a tensor as input and outputs a int64 scalar that equals to the total number of elements of the input tensor. Version 25.

    * `data`: An input tensor
    * `size`: Total number of elements of the input tensor
  }];
  let arguments = (ins Onnx_Types24:$data);
  let results = (outs Onnx_int64:$size);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SliceOp : Onnx_Op<"Slice", [Pure, AttrSizedOperandSegments]> {
  let summary = "Produces a slice of the input tensor along multiple axes";
  let description = [{
    Produces a slice of the input tensor along multiple axes. Version 13.

    * `data`: Tensor of data to extract slices from
    * `starts`: 1-D tensor of starting indices of corresponding axis in `axes`
    * `ends`: 1-D tensor of ending indices (exclusive) of corresponding axis in `axes`
    * `axes`: 1-D tensor of axes that `starts` and `ends` apply to
    * `steps`: 1-D tensor of slice step of corresponding axis in `axes`
    * `output`: Sliced data tensor
  }];
  let arguments = (ins Onnx_Types7:$data, Onnx_int32_int64:$starts, Onnx_int32_int64:$ends,
      Optional<Onnx_int32_int64>:$axes, Optional<Onnx_int32_int64>:$steps);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SpaceToDepthOp : Onnx_Op<"SpaceToDepth", [Pure]> {
  let summary = "SpaceToDepth rearranges blocks of spatial data into depth";
  let description = [{
    SpaceToDepth rearranges blocks of spatial data into depth. Version 13.

    * `input`: Input tensor of [N,C,H,W], where N is the batch axis, C is the channel or depth, H is the ...
    * `output`: Output tensor of [N, C * blocksize * blocksize, H/blocksize, W/blocksize]
    * `blocksize`: Blocks of [blocksize, blocksize] are moved
  }];
  let arguments = (ins Onnx_Types7:$input, Onnx_IntAttr:$blocksize);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SplitOp : Onnx_Op<"Split", [Pure]> {
  let summary = "Split a tensor into a list of tensors, along the specified 'axis'";
  let description = [{
    Split a tensor into a list of tensors, along the specified 'axis'. Version 18.

    * `input`: The tensor to split
    * `split`: Optional length of each output
    * `outputs`: One or more outputs forming list of tensors after splitting
    * `axis`: Which axis to split on
    * `num_outputs`: Number of outputs to split parts of the tensor into
  }];
  let arguments = (ins Onnx_Types7:$input, Optional<Onnx_int64>:$split, DefaultValuedAttr<Onnx_IntAttr, "0">:$axis,
      OptionalAttr<Onnx_IntAttr>:$num_outputs);
  let results = (outs Variadic<Onnx_Types7>:$outputs);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SqueezeOp : Onnx_Op<"Squeeze", [Pure]> {
  let summary = "Remove single-dimensional entries from the shape of a tensor";
  let description = [{
    Remove single-dimensional entries from the shape of a tensor. Version 25.

    * `data`: Tensors with at least max(dims) dimensions
    * `axes`: 1D tensor of integers indicating the dimensions to squeeze
    * `squeezed`: Reshaped tensor with same data as input
  }];
  let arguments = (ins Onnx_Types24:$data, Optional<Onnx_int64>:$axes);
  let results = (outs Onnx_Types24:$squeezed);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TensorScatterOp : Onnx_Op<"TensorScatter", [Pure]> {
  let summary = "TensorScatter is a generic tensor update operation, motivated by the ...";
  let description = [{
    TensorScatter is a generic tensor update operation, motivated by the requirements for KV cache updates for Attention ops commonly found in LLMs. Version 24.

    * `past_cache`: Past state cache for key or value with shape `(batch_size, D1, D2, ..., max_sequence_length, ...
    * `update`: New update tensor with shape `(batch_size, D1, D2, ..., sequence_length, ..., Dn)`
    * `write_indices`: Write indices for the incoming update tensor in the cache
    * `present_cache`: Updated cache
    * `axis`: Sequence dimension of the `past_cache` and `update` tensors
    * `mode`: Write mode of cache update
  }];
  let arguments = (ins Onnx_Types26:$past_cache, Onnx_Types26:$update, Optional<Onnx_int64>:$write_indices,
      DefaultValuedAttr<Onnx_IntAttr, "-2">:$axis, DefaultValuedStrAttr<StrAttr, "linear">:$mode);
  let results = (outs Onnx_Types26:$present_cache);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TileOp : Onnx_Op<"Tile", [Pure]> {
  let summary = "Constructs a tensor by tiling a given tensor";
  let description = [{
    Constructs a tensor by tiling a given tensor. Version 13.

    * `input`: Input tensor of any shape
    * `repeats`: 1D int64 tensor of the same length as input's dimension number, includes numbers of repeated ...
    * `output`: Output tensor of the same dimensions and type as tensor input
  }];
  let arguments = (ins Onnx_Types7:$input, Onnx_int64:$repeats);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TransposeOp : Onnx_Op<"Transpose", [Pure]> {
  let summary = "Returns a transpose of the input tensor";
  let description = [{
    Returns a transpose of the input tensor. Version 25.

    * `data`: An input tensor
    * `transposed`: Transposed output
    * `perm`: A list of integers
  }];
  let arguments = (ins Onnx_Types24:$data, OptionalAttr<DenseI64ArrayAttr>:$perm);
  let results = (outs Onnx_Types24:$transposed);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_TriluOp : Onnx_Op<"Trilu", [Pure]> {
  let summary = "Given a 2-D matrix or batches of 2-D matrices, returns the upper or ...";
  let description = [{
    Given a 2-D matrix or batches of 2-D matrices, returns the upper or lower triangular part of the tensor(s). Version 14.

    * `input`: Input tensor of rank 2 or higher
    * `k`: A 0-D tensor containing a single value corresponding to the number diagonals above or below the ...
    * `output`: Output tensor of the same type and shape as the input tensor
    * `upper`: Boolean
  }];
  let arguments = (ins Onnx_Types7:$input, Optional<Onnx_int64>:$k, DefaultValuedAttr<Onnx_IntAttr, "1">:$upper);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_UniqueOp : Onnx_Op<"Unique", [Pure, AttrSizedResultSegments]> {
  let summary = "Find the unique elements of a tensor";
  let description = [{
    Find the unique elements of a tensor. Version 11.

    * `X`: A N-D input tensor that is to be processed
    * `Y`: A tensor of the same type as 'X' containing all the unique values or subtensors sliced along a ...
    * `indices`: A 1-D INT64 tensor containing indices of 'Y' elements' first occurrence in 'X'
    * `inverse_indices`: A 1-D INT64 tensor containing, for elements of 'X', its corresponding indices in 'Y'
    * `counts`: A 1-D INT64 tensor containing the count of each element of 'Y' in input 'X'
    * `axis`: (Optional) The dimension to apply unique
    * `sorted`: (Optional) Whether to sort the unique elements in ascending order before returning as output
  }];
  let arguments = (ins Onnx_Types21:$X, OptionalAttr<Onnx_IntAttr>:$axis, DefaultValuedAttr<Onnx_IntAttr, "1">:$sorted);
  let results = (outs Onnx_Types21:$Y, Optional<Onnx_int64>:$indices, Optional<Onnx_int64>:$inverse_indices,
      Optional<Onnx_int64>:$counts);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_UnsqueezeOp : Onnx_Op<"Unsqueeze", [Pure]> {
  let summary = "Insert single-dimensional entries to the shape of an input tensor ...";
  let description = [{
    Insert single-dimensional entries to the shape of an input tensor (`data`). Version 25.

    * `data`: Original tensor
    * `axes`: 1D tensor of integers indicating the dimensions to be inserted
    * `expanded`: Reshaped tensor with same data as input
  }];
  let arguments = (ins Onnx_Types24:$data, Onnx_int64:$axes);
  let results = (outs Onnx_Types24:$expanded);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_UpsampleOp : Onnx_Op<"Upsample", [Pure]> {
  let summary = "Upsample the input tensor";
  let description = [{
    Upsample the input tensor. Version 10.

    * `X`: N-D tensor
    * `scales`: The scale array along each dimension
    * `Y`: N-D tensor after resizing
    * `mode`: Two interpolation modes: nearest (default), and linear (including bilinear, trilinear, etc)
  }];
  let arguments = (ins Onnx_Types21:$X, Onnx_float:$scales, DefaultValuedStrAttr<StrAttr, "nearest">:$mode);
  let results = (outs Onnx_Types21:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_WhereOp : Onnx_Op<"Where", [Pure]> {
  let summary = "Return elements, either from X or Y, depending on condition";
  let description = [{
    Return elements, either from X or Y, depending on condition. Version 16.

    * `condition`: When True (nonzero), yield X, otherwise yield Y
    * `X`: values selected at indices where condition is True
    * `Y`: values selected at indices where condition is False
    * `output`: Tensor of shape equal to the broadcasted shape of condition, X, and Y
  }];
  let arguments = (ins Onnx_bool:$condition, Onnx_Types7:$X, Onnx_Types7:$Y);
  let results = (outs Onnx_Types7:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}