//===- OpsReduction.td - operators of the family reduction ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_ArgMaxOp : Onnx_Op<"ArgMax", [Pure]> {
  let summary = "Computes the indices of the max elements of the input tensor's element ...";
  let description = [{
    Computes the indices of the max elements of the input tensor's element along the provided axis. Version 13.

    * `data`: An input tensor
    * `reduced`: Reduced output tensor with integer data type
    * `axis`: The axis in which to compute the arg indices
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `select_last_index`: Whether to select the last index or the first index if the {name} appears in multiple indices, ...
  }];
  let arguments = (ins Onnx_Types0:$data, DefaultValuedAttr<Onnx_IntAttr, "0">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims, DefaultValuedAttr<Onnx_IntAttr, "0">:$select_last_index);
  let results = (outs Onnx_int64:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ArgMinOp : Onnx_Op<"ArgMin", [Pure]> {
  let summary = "Computes the indices of the min elements of the input tensor's element ...";
  let description = [{
    Computes the indices of the min elements of the input tensor's element along the provided axis. Version 13.

    * `data`: An input tensor
    * `reduced`: Reduced output tensor with integer data type
    * `axis`: The axis in which to compute the arg indices
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `select_last_index`: Whether to select the last index or the first index if the {name} appears in multiple indices, ...
  }];
  let arguments = (ins Onnx_Types0:$data, DefaultValuedAttr<Onnx_IntAttr, "0">:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims, DefaultValuedAttr<Onnx_IntAttr, "0">:$select_last_index);
  let results = (outs Onnx_int64:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceL1Op : Onnx_Op<"ReduceL1", [Pure]> {
  let summary = "Computes the L1 norm of the input tensor's elements along the provided ...";
  let description = [{
    Computes the L1 norm of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceL2Op : Onnx_Op<"ReduceL2", [Pure]> {
  let summary = "Computes the L2 norm of the input tensor's elements along the provided ...";
  let description = [{
    Computes the L2 norm of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceLogSumOp : Onnx_Op<"ReduceLogSum", [Pure]> {
  let summary = "Computes the log sum of the input tensor's elements along the provided ...";
  let description = [{
    Computes the log sum of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceLogSumExpOp : Onnx_Op<"ReduceLogSumExp", [Pure]> {
  let summary = "Computes the log sum exponent of the input tensor's elements along the ...";
  let description = [{
    Computes the log sum exponent of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceMaxOp : Onnx_Op<"ReduceMax", [Pure]> {
  let summary = "Computes the max of the input tensor's elements along the provided axes";
  let description = [{
    Computes the max of the input tensor's elements along the provided axes. Version 20.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types18:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types18:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceMeanOp : Onnx_Op<"ReduceMean", [Pure]> {
  let summary = "Computes the mean of the input tensor's elements along the provided axes";
  let description = [{
    Computes the mean of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceMinOp : Onnx_Op<"ReduceMin", [Pure]> {
  let summary = "Computes the min of the input tensor's elements along the provided axes";
  let description = [{
    Computes the min of the input tensor's elements along the provided axes. Version 20.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types18:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types18:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceProdOp : Onnx_Op<"ReduceProd", [Pure]> {
  let summary = "Computes the product of the input tensor's elements along the provided ...";
  let description = [{
    Computes the product of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceSumOp : Onnx_Op<"ReduceSum", [Pure]> {
  let summary = "Computes the sum of the input tensor's elements along the provided axes";
  let description = [{
    Computes the sum of the input tensor's elements along the provided axes. Version 13.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ReduceSumSquareOp : Onnx_Op<"ReduceSumSquare", [Pure]> {
  let summary = "Computes the sum square of the input tensor's elements along the ...";
  let description = [{
    Computes the sum square of the input tensor's elements along the provided axes. Version 18.

    * `data`: An input tensor
    * `axes`: Optional input list of integers, along which to reduce
    * `reduced`: Reduced output tensor
    * `keepdims`: Keep the reduced dimension or not, default 1 means keep reduced dimension
    * `noop_with_empty_axes`: Defines behavior when axes is not provided or is empty
  }];
  let arguments = (ins Onnx_Types4:$data, Optional<Onnx_int64>:$axes, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$noop_with_empty_axes);
  let results = (outs Onnx_Types4:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}