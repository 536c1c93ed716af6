//===- OpsLogical.td - operators of the family logical ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_AndOp : Onnx_Op<"And", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `and` logical operation ...";
  let description = [{
    Returns the tensor resulted from performing the `and` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 7.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_bool:$A, Onnx_bool:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitShiftOp : Onnx_Op<"BitShift", [Pure]> {
  let summary = "Bitwise shift operator performs element-wise operation";
  let description = [{
    Bitwise shift operator performs element-wise operation. Version 11.

    * `X`: First operand, input to be shifted
    * `Y`: Second operand, amounts of shift
    * `Z`: Output tensor
    * `direction`: Direction of moving bits
  }];
  let arguments = (ins Onnx_uint8_uint16_uint32_uint64:$X, Onnx_uint8_uint16_uint32_uint64:$Y, StrAttr:$direction);
  let results = (outs Onnx_uint8_uint16_uint32_uint64:$Z);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitwiseAndOp : Onnx_Op<"BitwiseAnd", [Pure]> {
  let summary = "Returns the tensor resulting from performing the bitwise `and` ...";
  let description = [{
    Returns the tensor resulting from performing the bitwise `and` operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 18.

    * `A`: First input operand for the bitwise operator
    * `B`: Second input operand for the bitwise operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types16:$A, Onnx_Types16:$B);
  let results = (outs Onnx_Types16:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitwiseNotOp : Onnx_Op<"BitwiseNot", [Pure]> {
  let summary = "Returns the bitwise not of the input tensor element-wise";
  let description = [{
    Returns the bitwise not of the input tensor element-wise. Version 18.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_Types16:$X);
  let results = (outs Onnx_Types16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitwiseOrOp : Onnx_Op<"BitwiseOr", [Pure]> {
  let summary = "Returns the tensor resulting from performing the bitwise `or` operation ...";
  let description = [{
    Returns the tensor resulting from performing the bitwise `or` operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 18.

    * `A`: First input operand for the bitwise operator
    * `B`: Second input operand for the bitwise operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types16:$A, Onnx_Types16:$B);
  let results = (outs Onnx_Types16:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_BitwiseXorOp : Onnx_Op<"BitwiseXor", [Pure]> {
  let summary = "Returns the tensor resulting from performing the bitwise `xor` ...";
  let description = [{
    Returns the tensor resulting from performing the bitwise `xor` operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 18.

    * `A`: First input operand for the bitwise operator
    * `B`: Second input operand for the bitwise operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types16:$A, Onnx_Types16:$B);
  let results = (outs Onnx_Types16:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_EqualOp : Onnx_Op<"Equal", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `equal` logical ...";
  let description = [{
    Returns the tensor resulted from performing the `equal` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 19.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types17:$A, Onnx_Types17:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GreaterOp : Onnx_Op<"Greater", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `greater` logical ...";
  let description = [{
    Returns the tensor resulted from performing the `greater` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 13.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_GreaterOrEqualOp : Onnx_Op<"GreaterOrEqual", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `greater_equal` logical ...";
  let description = [{
    Returns the tensor resulted from performing the `greater_equal` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 16.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LessOp : Onnx_Op<"Less", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `less` logical ...";
  let description = [{
    Returns the tensor resulted from performing the `less` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 13.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LessOrEqualOp : Onnx_Op<"LessOrEqual", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `less_equal` logical ...";
  let description = [{
    Returns the tensor resulted from performing the `less_equal` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 16.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_Types0:$A, Onnx_Types0:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_NotOp : Onnx_Op<"Not", [Pure]> {
  let summary = "Returns the negation of the input tensor element-wise";
  let description = [{
    Returns the negation of the input tensor element-wise. Version 1.

    * `X`: Input tensor
    * `Y`: Output tensor
  }];
  let arguments = (ins Onnx_bool:$X);
  let results = (outs Onnx_bool:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_OrOp : Onnx_Op<"Or", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `or` logical operation ...";
  let description = [{
    Returns the tensor resulted from performing the `or` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 7.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_bool:$A, Onnx_bool:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_XorOp : Onnx_Op<"Xor", [Pure]> {
  let summary = "Returns the tensor resulted from performing the `xor` logical operation ...";
  let description = [{
    Returns the tensor resulted from performing the `xor` logical operation elementwise on the input tensors `A` and `B` (with Numpy-style broadcasting support). Version 7.

    * `A`: First input operand for the logical operator
    * `B`: Second input operand for the logical operator
    * `C`: Result tensor
  }];
  let arguments = (ins Onnx_bool:$A, Onnx_bool:$B);
  let results = (outs Onnx_bool:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}