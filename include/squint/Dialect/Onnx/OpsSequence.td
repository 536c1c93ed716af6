//===- OpsSequence.td - operators of the family sequence ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_ConcatFromSequenceOp : Onnx_Op<"ConcatFromSequence", [Pure]> {
  let summary = "Concatenate a sequence of tensors into a single tensor";
  let description = [{
    Concatenate a sequence of tensors into a single tensor. Version 11.

    * `input_sequence`: Sequence of tensors for concatenation
    * `concat_result`: Concatenated tensor
    * `axis`: Which axis to concat on
    * `new_axis`: Insert and concatenate on a new axis or not, default 0 means do not insert new axis
  }];
  let arguments = (ins Onnx_Types40:$input_sequence, Onnx_IntAttr:$axis,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$new_axis);
  let results = (outs Onnx_Types21:$concat_result);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceAtOp : Onnx_Op<"SequenceAt", [Pure]> {
  let summary = "Outputs a tensor copy from the tensor at 'position' in 'input_sequence'";
  let description = [{
    Outputs a tensor copy from the tensor at 'position' in 'input_sequence'. Version 11.

    * `input_sequence`: Input sequence
    * `position`: Position of the tensor in the sequence
    * `tensor`: Output tensor at the specified position in the input sequence
  }];
  let arguments = (ins Onnx_Types40:$input_sequence, Onnx_int32_int64:$position);
  let results = (outs Onnx_Types21:$tensor);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceConstructOp : Onnx_Op<"SequenceConstruct", [Pure]> {
  let summary = "Construct a tensor sequence containing 'inputs' tensors";
  let description = [{
    Construct a tensor sequence containing 'inputs' tensors. Version 11.

    * `inputs`: Tensors
    * `output_sequence`: Sequence enclosing the input tensors
  }];
  let arguments = (ins Variadic<Onnx_Types21>:$inputs);
  let results = (outs Onnx_Types40:$output_sequence);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceEmptyOp : Onnx_Op<"SequenceEmpty", [Pure]> {
  let summary = "Construct an empty tensor sequence, with given data type";
  let description = [{
    Construct an empty tensor sequence, with given data type. Version 11.

    * `output`: Empty sequence
    * `dtype`: (Optional) The data type of the tensors in the output sequence
  }];
  let arguments = (ins OptionalAttr<Onnx_IntAttr>:$dtype);
  let results = (outs Onnx_Types40:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceEraseOp : Onnx_Op<"SequenceErase", [Pure]> {
  let summary = "Outputs a tensor sequence that removes the tensor at 'position' from ...";
  let description = [{
    Outputs a tensor sequence that removes the tensor at 'position' from 'input_sequence'. Version 11.

    * `input_sequence`: Input sequence
    * `position`: Position of the tensor in the sequence
    * `output_sequence`: Output sequence that has the tensor at the specified position removed
  }];
  let arguments = (ins Onnx_Types40:$input_sequence, Optional<Onnx_int32_int64>:$position);
  let results = (outs Onnx_Types40:$output_sequence);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceInsertOp : Onnx_Op<"SequenceInsert", [Pure]> {
  let summary = "Outputs a tensor sequence that inserts 'tensor' into 'input_sequence' ...";
  let description = [{
    Outputs a tensor sequence that inserts 'tensor' into 'input_sequence' at 'position'. Version 11.

    * `input_sequence`: Input sequence
    * `tensor`: Input tensor to be inserted into the input sequence
    * `position`: Position in the sequence where the new tensor is inserted
    * `output_sequence`: Output sequence that contains the inserted tensor at given position
  }];
  let arguments = (ins Onnx_Types40:$input_sequence, Onnx_Types21:$tensor, Optional<Onnx_int32_int64>:$position);
  let results = (outs Onnx_Types40:$output_sequence);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceLengthOp : Onnx_Op<"SequenceLength", [Pure]> {
  let summary = "Produces a scalar(tensor of empty shape) containing the number of ...";
  let description = [{
    Produces a scalar(tensor of empty shape) containing the number of tensors in 'input_sequence'. Version 11.

    * `input_sequence`: Input sequence
    * `length`: Length of input sequence
  }];
  let arguments = (ins Onnx_Types40:$input_sequence);
  let results = (outs Onnx_int64:$length);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SequenceMapOp : Onnx_Op<"SequenceMap", [RecursiveMemoryEffects]> {
  let summary = "Applies a sub-graph to each sample in the input sequence(s)";
  let description = [{
    Applies a sub-graph to each sample in the input sequence(s). Version 17.

    * `input_sequence`: Input sequence
    * `additional_inputs`: Additional inputs to the graph
    * `out_sequence`: Output sequence(s)
    * `body`: The graph to be run for each sample in the sequence(s)
  }];
  let arguments = (ins Onnx_Types40:$input_sequence, Variadic<Onnx_Types41>:$additional_inputs);
  let results = (outs Variadic<Onnx_Types40>:$out_sequence);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Onnx_SplitToSequenceOp : Onnx_Op<"SplitToSequence", [Pure]> {
  let summary = "Split a tensor into a sequence of tensors, along the specified 'axis'";
  let description = [{
    Split a tensor into a sequence of tensors, along the specified 'axis'. Version 24.

    * `input`: The tensor to split
    * `split`: Length of each output
    * `output_sequence`: One or more outputs forming a sequence of tensors after splitting
    * `axis`: Which axis to split on
    * `keepdims`: Keep the split dimension or not
  }];
  let arguments = (ins Onnx_Types7:$input, Optional<Onnx_int32_int64>:$split,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$axis, DefaultValuedAttr<Onnx_IntAttr, "1">:$keepdims);
  let results = (outs Onnx_Types42:$output_sequence);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}