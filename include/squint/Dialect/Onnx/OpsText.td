//===- OpsText.td - operators of the family text ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_RegexFullMatchOp : Onnx_Op<"RegexFullMatch", [Pure]> {
  let summary = "RegexFullMatch performs a full regex match on each element of the input ...";
  let description = [{
    RegexFullMatch performs a full regex match on each element of the input tensor. Version 20.

    * `X`: Tensor with strings to match on
    * `Y`: Tensor of bools indicating if each input string fully matches the regex pattern specified
    * `pattern`: Regex pattern to match on
  }];
  let arguments = (ins Onnx_string:$X, OptionalAttr<StrAttr>:$pattern);
  let results = (outs Onnx_bool:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_StringConcatOp : Onnx_Op<"StringConcat", [Pure]> {
  let summary = "StringConcat concatenates string tensors elementwise (with NumPy-style ...";
  let description = [{
    StringConcat concatenates string tensors elementwise (with NumPy-style broadcasting support). Version 20.

    * `X`: Tensor to prepend in concatenation
    * `Y`: Tensor to append in concatenation
    * `Z`: Concatenated string tensor
  }];
  let arguments = (ins Onnx_string:$X, Onnx_string:$Y);
  let results = (outs Onnx_string:$Z);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_StringNormalizerOp : Onnx_Op<"StringNormalizer", [Pure]> {
  let summary = "StringNormalization performs string operations for basic cleaning";
  let description = [{
    StringNormalization performs string operations for basic cleaning. Version 10.

    * `X`: UTF-8 strings to normalize
    * `Y`: UTF-8 Normalized strings
    * `case_change_action`: string enum that cases output to be lowercased/uppercases/unchanged
    * `is_case_sensitive`: Boolean
    * `locale`: Environment dependent string that denotes the locale according to which output strings needs to ...
    * `stopwords`: List of stop words
  }];
  let arguments = (ins Onnx_string:$X, DefaultValuedStrAttr<StrAttr, "NONE">:$case_change_action,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$is_case_sensitive, OptionalAttr<StrAttr>:$locale,
      OptionalAttr<StrArrayAttr>:$stopwords);
  let results = (outs Onnx_string:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_StringSplitOp : Onnx_Op<"StringSplit", [Pure]> {
  let summary = "StringSplit splits a string tensor's elements into substrings based on ...";
  let description = [{
    StringSplit splits a string tensor's elements into substrings based on a delimiter attribute and a maxsplit attribute. Version 20.

    * `X`: Tensor of strings to split
    * `Y`: Tensor of substrings representing the outcome of splitting the strings in the input on the ...
    * `Z`: The number of substrings generated for each input element
    * `delimiter`: Delimiter to split on
    * `maxsplit`: Maximum number of splits (from left to right)
  }];
  let arguments = (ins Onnx_string:$X, OptionalAttr<StrAttr>:$delimiter, OptionalAttr<Onnx_IntAttr>:$maxsplit);
  let results = (outs Onnx_string:$Y, Onnx_int64:$Z);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}