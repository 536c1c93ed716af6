//===- OpsOptional.td - operators of the family optional ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_OptionalOp : Onnx_Op<"Optional", [Pure]> {
  let summary = "Constructs an optional-type value containing either an empty optional ...";
  let description = [{
    Constructs an optional-type value containing either an empty optional of a certain type specified by the attribute, or a non-empty value containing the input element. Version 15.

    * `input`: The input element
    * `output`: The optional output enclosing the input element
    * `type`: Type of the element in the optional output
  }];
  let arguments = (ins Optional<Onnx_Types41>:$input, OptionalAttr<TypeAttr>:$value_type);
  let results = (outs Onnx_Types43:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_OptionalGetElementOp : Onnx_Op<"OptionalGetElement", [Pure]> {
  let summary = "If the input is a tensor or sequence type, it returns the input";
  let description = [{
    If the input is a tensor or sequence type, it returns the input. Version 18.

    * `input`: The optional input
    * `output`: Output element in the optional input
  }];
  let arguments = (ins Onnx_Types44:$input);
  let results = (outs Onnx_Types41:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_OptionalHasElementOp : Onnx_Op<"OptionalHasElement", [Pure]> {
  let summary = "Returns true if (1) the input is an optional-type and contains an ...";
  let description = [{
    Returns true if (1) the input is an optional-type and contains an element, or, (2) the input is a tensor or sequence type. Version 18.

    * `input`: The optional input
    * `output`: A scalar boolean tensor
  }];
  let arguments = (ins Optional<Onnx_Types44>:$input);
  let results = (outs Onnx_bool:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}