//===- OpsRnn.td - operators of the family rnn ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_GRUOp : Onnx_Op<"GRU", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Computes an one-layer GRU. This operator is usually supported via some ...";
  let description = [{
    Computes an one-layer GRU. This operator is usually supported via some custom implementation such as CuDNN. Version 22.

    * `X`: The input sequences packed (and potentially padded) into one 3-D tensor with the shape of ...
    * `W`: The weight tensor for the gates
    * `R`: The recurrence weight tensor
    * `B`: The bias tensor for the gates
    * `sequence_lens`: Optional tensor specifying lengths of the sequences in a batch
    * `initial_h`: Optional initial value of the hidden
    * `Y`: A tensor that concats all the intermediate output values of the hidden
    * `Y_h`: The last output value of the hidden
    * `activation_alpha`: Optional scaling values used by some activation functions
    * `activation_beta`: Optional scaling values used by some activation functions
    * `activations`: A list of 2 (or 4 if bidirectional) activation functions for update, reset, and hidden gates
    * `clip`: Cell clip threshold
    * `direction`: Specify if the RNN is forward, reverse, or bidirectional
    * `hidden_size`: Number of neurons in the hidden layer
    * `layout`: The shape format of inputs X, initial_h and outputs Y, Y_h
    * `linear_before_reset`: When computing the output of the hidden gate, apply the linear transformation before ...
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Onnx_float_float16_double_bfloat16:$R, Optional<Onnx_float_float16_double_bfloat16>:$B,
      Optional<Onnx_int32>:$sequence_lens, Optional<Onnx_float_float16_double_bfloat16>:$initial_h,
      OptionalAttr<DenseF32ArrayAttr>:$activation_alpha, OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
      OptionalAttr<StrArrayAttr>:$activations, OptionalAttr<Onnx_FloatAttr>:$clip,
      DefaultValuedStrAttr<StrAttr, "forward">:$direction, OptionalAttr<Onnx_IntAttr>:$hidden_size,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$layout, DefaultValuedAttr<Onnx_IntAttr, "0">:$linear_before_reset);
  let results = (outs Optional<Onnx_float_float16_double_bfloat16>:$Y,
      Optional<Onnx_float_float16_double_bfloat16>:$Y_h);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LSTMOp : Onnx_Op<"LSTM", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Computes an one-layer LSTM. This operator is usually supported via some ...";
  let description = [{
    Computes an one-layer LSTM. This operator is usually supported via some custom implementation such as CuDNN. Version 22.

    * `X`: The input sequences packed (and potentially padded) into one 3-D tensor with the shape of ...
    * `W`: The weight tensor for the gates
    * `R`: The recurrence weight tensor
    * `B`: The bias tensor for input gate
    * `sequence_lens`: Optional tensor specifying lengths of the sequences in a batch
    * `initial_h`: Optional initial value of the hidden
    * `initial_c`: Optional initial value of the cell
    * `P`: The weight tensor for peepholes
    * `Y`: A tensor that concats all the intermediate output values of the hidden
    * `Y_h`: The last output value of the hidden
    * `Y_c`: The last output value of the cell
    * `activation_alpha`: Optional scaling values used by some activation functions
    * `activation_beta`: Optional scaling values used by some activation functions
    * `activations`: A list of 3 (or 6 if bidirectional) activation functions for input, output, forget, cell, and ...
    * `clip`: Cell clip threshold
    * `direction`: Specify if the RNN is forward, reverse, or bidirectional
    * `hidden_size`: Number of neurons in the hidden layer
    * `input_forget`: Couple the input and forget gates if 1
    * `layout`: The shape format of inputs X, initial_h, initial_c and outputs Y, Y_h, Y_c
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Onnx_float_float16_double_bfloat16:$R, Optional<Onnx_float_float16_double_bfloat16>:$B,
      Optional<Onnx_int32>:$sequence_lens, Optional<Onnx_float_float16_double_bfloat16>:$initial_h,
      Optional<Onnx_float_float16_double_bfloat16>:$initial_c, Optional<Onnx_float_float16_double_bfloat16>:$P,
      OptionalAttr<DenseF32ArrayAttr>:$activation_alpha, OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
      OptionalAttr<StrArrayAttr>:$activations, OptionalAttr<Onnx_FloatAttr>:$clip,
      DefaultValuedStrAttr<StrAttr, "forward">:$direction, OptionalAttr<Onnx_IntAttr>:$hidden_size,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$input_forget, DefaultValuedAttr<Onnx_IntAttr, "0">:$layout);
  let results = (outs Optional<Onnx_float_float16_double_bfloat16>:$Y,
      Optional<Onnx_float_float16_double_bfloat16>:$Y_h, Optional<Onnx_float_float16_double_bfloat16>:$Y_c);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Onnx_RNNOp : Onnx_Op<"RNN", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Computes an one-layer simple RNN. This operator is usually supported ...";
  let description = [{
    Computes an one-layer simple RNN. This operator is usually supported via some custom implementation such as CuDNN. Version 22.

    * `X`: The input sequences packed (and potentially padded) into one 3-D tensor with the shape of ...
    * `W`: The weight tensor for input gate
    * `R`: The recurrence weight tensor
    * `B`: The bias tensor for input gate
    * `sequence_lens`: Optional tensor specifying lengths of the sequences in a batch
    * `initial_h`: Optional initial value of the hidden
    * `Y`: A tensor that concats all the intermediate output values of the hidden
    * `Y_h`: The last output value of the hidden
    * `activation_alpha`: Optional scaling values used by some activation functions
    * `activation_beta`: Optional scaling values used by some activation functions
    * `activations`: One (or two if bidirectional) activation function for input gate
    * `clip`: Cell clip threshold
    * `direction`: Specify if the RNN is forward, reverse, or bidirectional
    * `hidden_size`: Number of neurons in the hidden layer
    * `layout`: The shape format of inputs X, initial_h and outputs Y, Y_h
  }];
  let arguments = (ins Onnx_float_float16_double_bfloat16:$X, Onnx_float_float16_double_bfloat16:$W,
      Onnx_float_float16_double_bfloat16:$R, Optional<Onnx_float_float16_double_bfloat16>:$B,
      Optional<Onnx_int32>:$sequence_lens, Optional<Onnx_float_float16_double_bfloat16>:$initial_h,
      OptionalAttr<DenseF32ArrayAttr>:$activation_alpha, OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
      OptionalAttr<StrArrayAttr>:$activations, OptionalAttr<Onnx_FloatAttr>:$clip,
      DefaultValuedStrAttr<StrAttr, "forward">:$direction, OptionalAttr<Onnx_IntAttr>:$hidden_size,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$layout);
  let results = (outs Optional<Onnx_float_float16_double_bfloat16>:$Y,
      Optional<Onnx_float_float16_double_bfloat16>:$Y_h);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}