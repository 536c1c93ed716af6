//===- OpsContrib.td - operators of the family msft ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnxruntime 1.31.1; do not edit.
//===----------------------------------------------------------------------===//

def Msft_AttentionOp : Msft_Op<"Attention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Multi-Head Attention that can be either unidirectional (like GPT-2) or ...";
  let description = [{
    Multi-Head Attention that can be either unidirectional (like GPT-2) or bidirectional (like BERT).

    * `input`: Input tensor with shape (batch_size, sequence_length, input_hidden_size)
    * `weights`: Merged Q/K/V weights with shape (input_hidden_size, hidden_size + hidden_size + v_hidden_size)
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) for input projection
    * `mask_index`: Attention mask with shape (batch_size, 1, max_sequence_length, max_sequence_length), ...
    * `past`: past state for key and value with shape (2, batch_size, num_heads, past_sequence_length, ...
    * `attention_bias`: additional add to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `past_sequence_length`: When past_present_share_buffer is used, it is required to specify past_sequence_length (could ...
    * `output`: 3D output tensor with shape (batch_size, sequence_length, v_hidden_size)
    * `present`: past state for key and value with shape (2, batch_size, num_heads, total_sequence_length, ...
    * `do_rotary`: Whether to use rotary position embedding
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `past_present_share_buffer`: Corresponding past and present are same tensor, its size is (2, batch_size, num_heads, ...
    * `qkv_hidden_sizes`: Hidden dimension of Q, K, V: hidden_size, hidden_size and v_hidden_size
    * `rotary_embedding_dim`: Dimension of rotary embedding
    * `scale`: Custom scale will be used if specified
    * `unidirectional`: Whether every token can only attend to previous tokens
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$weights,
      Optional<Msft_float_float16_bfloat16>:$bias, Optional<Msft_int32>:$mask_index,
      Optional<Msft_float_float16_bfloat16>:$past, Optional<Msft_float_float16_bfloat16>:$attention_bias,
      Optional<Msft_int32>:$past_sequence_length, OptionalAttr<Onnx_IntAttr>:$do_rotary,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads,
      OptionalAttr<Onnx_IntAttr>:$past_present_share_buffer, OptionalAttr<DenseI64ArrayAttr>:$qkv_hidden_sizes,
      OptionalAttr<Onnx_IntAttr>:$rotary_embedding_dim, OptionalAttr<Onnx_FloatAttr>:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$unidirectional);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float_float16_bfloat16>:$present);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_AttnLSTMOp : Msft_Op<"AttnLSTM", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Computes an one-layer RNN where its RNN Cell is an AttentionWrapper ...";
  let description = [{
    Computes an one-layer RNN where its RNN Cell is an AttentionWrapper wrapped a LSTM Cell.

    * `X`: The input sequences packed (and potentially padded) into one 3-D tensor with the shape of ...
    * `W`: The weight tensor for the gates
    * `R`: The recurrence weight tensor
    * `B`: The bias tensor for input gate
    * `sequence_lens`: Optional tensor specifying lengths of the sequences in a batch
    * `initial_h`: Optional initial value of the hidden
    * `initial_c`: Optional initial value of the cell
    * `P`: The weight tensor for peepholes
    * `QW`: The weight tensor of the query layer in the attention mechanism
    * `MW`: The weight tensor of the memory layer in the attention mechanism
    * `V`: The attention_v tensor in the attention mechanism
    * `M`: The sequence of the memory (input) for attention mechanism
    * `memory_seq_lens`: The sequence length of the input memory for the attention mechanism
    * `AW`: The weights of attention layer in the attention wrapper
    * `Y`: A tensor that concats all the intermediate output values of the hidden
    * `Y_h`: The last output value of the hidden
    * `Y_c`: The last output value of the cell
    * `activation_alpha`: Optional scaling values used by some activation functions
    * `activation_beta`: Optional scaling values used by some activation functions
    * `activations`: A list of 3 (or 6 if bidirectional) activation functions for input, output, forget, cell, and ...
    * `clip`: Cell clip threshold
    * `direction`: Specify if the RNN is forward, reverse, or bidirectional
    * `hidden_size`: Number of neurons in the hidden layer
    * `input_forget`: Couple the input and forget gates if 1, default 0
  }];
  let arguments = (ins Msft_float_double:$X, Msft_float_double:$W, Msft_float_double:$R,
      Optional<Msft_float_double>:$B, Optional<Msft_int32>:$sequence_lens, Optional<Msft_float_double>:$initial_h,
      Optional<Msft_float_double>:$initial_c, Optional<Msft_float_double>:$P, Optional<Msft_float_double>:$QW,
      Optional<Msft_float_double>:$MW, Optional<Msft_float_double>:$V, Optional<Msft_float_double>:$M,
      Optional<Msft_int32>:$memory_seq_lens, Optional<Msft_float_double>:$AW,
      OptionalAttr<DenseF32ArrayAttr>:$activation_alpha, OptionalAttr<DenseF32ArrayAttr>:$activation_beta,
      OptionalAttr<StrArrayAttr>:$activations, OptionalAttr<Onnx_FloatAttr>:$clip,
      DefaultValuedStrAttr<StrAttr, "forward">:$direction, OptionalAttr<Onnx_IntAttr>:$hidden_size,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$input_forget);
  let results = (outs Optional<Msft_float_double>:$Y, Optional<Msft_float_double>:$Y_h,
      Optional<Msft_float_double>:$Y_c);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BeamSearchOp : Msft_Op<"BeamSearch", [RecursiveMemoryEffects, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Beam Search for text generation";
  let description = [{
    Beam Search for text generation.

    * `input_ids`: The sequence used as a prompt for the generation in the encoder subgraph
    * `max_length`: The maximum length of the sequence to be generated
    * `min_length`: The minimum length below which the score of eos_token_id is set to -Inf
    * `num_beams`: Number of beams for beam search
    * `num_return_sequences`: The number of returned sequences in the batch
    * `length_penalty`: Exponential penalty to the length
    * `repetition_penalty`: The parameter for repetition penalty
    * `vocab_mask`: Mask of vocabulary
    * `prefix_vocab_mask`: Mask of vocabulary for first step
    * `attention_mask`: Custom attention mask
    * `decoder_input_ids`: The forced input id sequence for the decoder subgraph
    * `logits_processor`: Specific logits processor for different types of beamsearch models
    * `sequences`: Word IDs of generated sequences
    * `sequences_scores`: Final beam score of the generated sequences
    * `scores`: Processed beam scores for each vocabulary token at each generation step.Beam scores consisting ...
    * `decoder`: Decoder subgraph to execute in a loop
    * `decoder_start_token_id`: The id of the token that indicates decoding starts
    * `early_stopping`: early stop or not
    * `encoder`: The subgraph for initialization of encoder and decoder
    * `eos_token_id`: The id of the end-of-sequence token
    * `init_decoder`: The subgraph for the first decoding run
    * `model_type`: model type: 0 for GPT-2; 1 for encoder decoder like T5
    * `no_repeat_ngram_size`: no repeat ngrams size
    * `pad_token_id`: The id of the padding token
    * `vocab_size`: Size of the vocabulary
  }];
  let arguments = (ins Msft_float_int32_float16:$input_ids, Msft_int32:$max_length, Optional<Msft_int32>:$min_length,
      Msft_int32:$num_beams, Msft_int32:$num_return_sequences, Optional<Msft_float_float16>:$length_penalty,
      Optional<Msft_float_float16>:$repetition_penalty, Optional<Msft_int32>:$vocab_mask,
      Optional<Msft_int32>:$prefix_vocab_mask, Optional<Msft_int32>:$attention_mask,
      Optional<Msft_int32>:$decoder_input_ids, Optional<Msft_int32>:$logits_processor,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$decoder_start_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$early_stopping, Onnx_IntAttr:$eos_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$model_type, DefaultValuedAttr<Onnx_IntAttr, "0">:$no_repeat_ngram_size,
      Onnx_IntAttr:$pad_token_id, DefaultValuedAttr<Onnx_IntAttr, "-1">:$vocab_size);
  let results = (outs Msft_int32:$sequences, Optional<Msft_float_float16>:$sequences_scores,
      Optional<Msft_float_float16>:$scores);
  let regions = (region AnyRegion:$decoder, AnyRegion:$encoder, AnyRegion:$init_decoder);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Msft_BiasAddOp : Msft_Op<"BiasAdd", [Pure]> {
  let summary = "Add input with bias, then add residual inputs";
  let description = [{
    Add input with bias, then add residual inputs.

    * `X`: Input tensor
    * `bias`: Bias tensor
    * `skip`: Residual tensor
    * `Y`: The output tensor with dimensions (N, S, C)
  }];
  let arguments = (ins Msft_float_float16:$X, Msft_float_float16:$bias, Msft_float_float16:$skip);
  let results = (outs Msft_float_float16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BiasDropoutOp : Msft_Op<"BiasDropout", [Pure, AttrSizedOperandSegments]> {
  let summary = "output, dropout_mask = Dropout(data + bias, ratio) + residual, Intended ...";
  let description = [{
    output, dropout_mask = Dropout(data + bias, ratio) + residual, Intended to specialize the dropout pattern commonly found in transformer models.

    * `data`: The input data as Tensor
    * `bias`: The bias input, a vector with the same shape as last dim of data OR same shape with data
    * `residual`: The residual input, must have the same shape as data
    * `ratio`: The ratio of random dropout, with value in [0, 1)
    * `training_mode`: If set to true then it indicates dropout is being used for training
    * `output`: The output
    * `mask`: The output mask of dropout
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$data, Msft_float_float16_double_bfloat16:$bias,
      Optional<Msft_float_float16_double_bfloat16>:$residual, Optional<Msft_float_float16_double_bfloat16>:$ratio,
      Optional<Msft_bool>:$training_mode, OptionalAttr<Onnx_IntAttr>:$seed);
  let results = (outs Msft_float_float16_double_bfloat16:$output, Optional<Msft_bool>:$mask);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BiasGeluOp : Msft_Op<"BiasGelu", [Pure]> {
  let summary = "Bias Gelu";
  let description = [{
    Bias Gelu.

    * `A`: The normal input data
    * `B`: The bias input data that is a 1D tensor
    * `C`: The output
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$A, Msft_float_float16_double_bfloat16:$B);
  let results = (outs Msft_float_float16_double_bfloat16:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BiasSoftmaxOp : Msft_Op<"BiasSoftmax", [Pure]> {
  let summary = "Y = softmax(scores + bias)) with simple broadcast on bias";
  let description = [{
    Y = softmax(scores + bias)) with simple broadcast on bias.

    * `data`: The input data as Tensor
    * `bias`: The bias (or mask) as Tensor
    * `output`: The output
    * `axis`: apply softmax to elements for dimensions axis or higher
    * `is_inner_broadcast`: true if broadcast bias across input for dimensions broadcast_axis to axis-1, otherwise ...
  }];
  let arguments = (ins Msft_float_float16_double:$data, Msft_float_float16_double:$bias,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$axis, Onnx_IntAttr:$is_inner_broadcast);
  let results = (outs Msft_float_float16_double:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BiasSplitGeluOp : Msft_Op<"BiasSplitGelu", [Pure]> {
  let summary = "A fusion used in diffusion model that after adding bias, hidden state ...";
  let description = [{
    A fusion used in diffusion model that after adding bias, hidden state is sliced into two tensors of same size, then left tensor multiplies the Gelu activation result of right tensor.

    * `X`: Input tensor
    * `bias`: Bias tensor
    * `Y`: The output tensor with dimensions (N, S, D/2)
  }];
  let arguments = (ins Msft_float_float16:$X, Msft_float_float16:$bias);
  let results = (outs Msft_float_float16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BifurcationDetectorOp : Msft_Op<"BifurcationDetector", [Pure]> {
  let summary = "Component for aggressive decoding";
  let description = [{
    Component for aggressive decoding.

    * `src_tokens`: Encoder input ids
    * `cur_tokens`: Decoder input ids
    * `prev_suffix_match_idx`: Previous suffix match index
    * `pred_tokens`: Predicted token ids from aggressive decoding
    * `tokens`: Decoder input ids after merging predicted tokens
    * `suffix_match_idx`: new suffix match index
    * `max_ngram_size`: The maximum NGram size for suffix matching
    * `min_ngram_size`: The minimum NGram size for suffix matching
  }];
  let arguments = (ins Msft_int64:$src_tokens, Msft_int64:$cur_tokens, Msft_int64:$prev_suffix_match_idx,
      Optional<Msft_int64>:$pred_tokens, DefaultValuedAttr<Onnx_IntAttr, "3">:$max_ngram_size,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$min_ngram_size);
  let results = (outs Msft_int64:$tokens, Msft_int64:$suffix_match_idx);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BitmaskBiasDropoutOp : Msft_Op<"BitmaskBiasDropout", [Pure, AttrSizedOperandSegments]> {
  let summary = "output, dropout_bitmask = Dropout(data + bias, ratio) + residual, ...";
  let description = [{
    output, dropout_bitmask = Dropout(data + bias, ratio) + residual, Intended to specialize the dropout pattern commonly found in transformer models.

    * `data`: The input data as Tensor
    * `bias`: The bias input, a vector with the same shape as last dim of data OR same shape with data
    * `residual`: The residual input, must have the same shape as data
    * `ratio`: The ratio of random dropout, with value in [0, 1)
    * `training_mode`: If set to true then it indicates dropout is being used for training
    * `output`: The output
    * `mask`: The output mask of dropout
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$data, Msft_float_float16_double_bfloat16:$bias,
      Optional<Msft_float_float16_double_bfloat16>:$residual, Optional<Msft_float_float16_double_bfloat16>:$ratio,
      Optional<Msft_bool>:$training_mode, OptionalAttr<Onnx_IntAttr>:$seed);
  let results = (outs Msft_float_float16_double_bfloat16:$output, Optional<Msft_uint32>:$mask);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BitmaskDropoutOp : Msft_Op<"BitmaskDropout", [Pure, AttrSizedOperandSegments]> {
  let summary = "BitmaskDropout takes an input floating-point tensor, an optional input ...";
  let description = [{
    BitmaskDropout takes an input floating-point tensor, an optional input ratio (floating-point scalar) and an optional input training_mode (boolean scalar).

    * `data`: The input data as Tensor
    * `ratio`: The ratio of random dropout, with value in [0, 1)
    * `training_mode`: If set to true then it indicates dropout is being used for training
    * `output`: The output
    * `mask`: The bit-packed output mask
    * `seed`: (Optional) Seed to the random generator, if not specified we will auto generate one
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$data, Optional<Msft_float_float16_double_bfloat16>:$ratio,
      Optional<Msft_bool>:$training_mode, OptionalAttr<Onnx_IntAttr>:$seed);
  let results = (outs Msft_float_float16_double_bfloat16:$output, Optional<Msft_uint32>:$mask);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_BranchwiseRMSNormOp : Msft_Op<"BranchwiseRMSNorm", [Pure]> {
  let summary = "Applies RMS normalization independently to each branch";
  let description = [{
    Applies RMS normalization independently to each branch.

    * `X`: Grouped (..., C, H) or flattened (..., C * H) input
    * `scale`: Optional scale with shape (C * H), (C, H), or (H)
    * `Y`: RMS-normalized output with the same shape as X
    * `epsilon`: Epsilon added before reciprocal square root
    * `num_branches`: Number of branches for flattened input
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$X, Optional<Msft_float_float16_bfloat16>:$scale,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon, DefaultValuedAttr<Onnx_IntAttr, "0">:$num_branches);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_CDistOp : Msft_Op<"CDist", [Pure]> {
  let summary = "The operator CDist";
  let description = [{


    * `A`: 2D matrix with shape (M,N)
    * `B`: 2D matrix with shape (K,N)
    * `C`: A 2D Matrix that represents the distance between each pair of the two collections of inputs
    * `metric`: The distance metric to use
  }];
  let arguments = (ins Msft_float_double:$A, Msft_float_double:$B,
      DefaultValuedStrAttr<StrAttr, "sqeuclidean">:$metric);
  let results = (outs Msft_float_double:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_CausalConvWithStateOp : Msft_Op<"CausalConvWithState", [Pure, AttrSizedOperandSegments]> {
  let summary = "Stateful causal depthwise convolution, generalized to N spatial ...";
  let description = [{
    Stateful causal depthwise convolution, generalized to N spatial dimensions.

    * `input`: Input tensor with shape (batch_size, channels, ...) in the default channels-first layout
    * `weight`: Depthwise convolution kernel with shape (channels, 1, k_1, ...)
    * `bias`: Optional per-channel bias with shape (channels)
    * `past_state`: Carry state from previous step
    * `output`: Convolution output with same shape as input
    * `present_state`: Updated carry state
    * `activation`: Fused activation function
    * `channels_last`: When 1, input, output, past_state and present_state use a sequence-major, channels-last layout: ...
    * `dilation`: Spacing between kernel taps along the causal (last spatial) axis
    * `ndim`: Spatial dimensionality: 1, 2, or 3
    * `state_window`: Number of trailing per-position carry states held by past_state and present_state
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$weight,
      Optional<Msft_float_float16_bfloat16>:$bias, Optional<Msft_float_float16_bfloat16>:$past_state,
      DefaultValuedStrAttr<StrAttr, "none">:$activation, DefaultValuedAttr<Onnx_IntAttr, "0">:$channels_last,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$dilation, DefaultValuedAttr<Onnx_IntAttr, "1">:$ndim,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$state_window);
  let results = (outs Msft_float_float16_bfloat16:$output, Msft_float_float16_bfloat16:$present_state);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_ComplexMulOp : Msft_Op<"ComplexMul", [Pure]> {
  let summary = "The operator ComplexMul";
  let description = [{


    * `A`: input_0
    * `B`: input_1
    * `C`: output tensor
  }];
  let arguments = (ins Msft_float_float16_double:$A, Msft_float_float16_double:$B);
  let results = (outs Msft_float_float16_double:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_ComplexMulConjOp : Msft_Op<"ComplexMulConj", [Pure]> {
  let summary = "The operator ComplexMulConj";
  let description = [{


    * `A`: input_0
    * `B`: input_1
    * `C`: output tensor
  }];
  let arguments = (ins Msft_float_float16_double:$A, Msft_float_float16_double:$B);
  let results = (outs Msft_float_float16_double:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_ConvTransposeWithDynamicPadsOp : Msft_Op<"ConvTransposeWithDynamicPads", [Pure, AttrSizedOperandSegments]> {
  let summary = "The operator ConvTransposeWithDynamicPads";
  let description = [{


    * `X`:
    * `W`:
    * `Pads`:
    * `B`:
    * `Y`:
    * `auto_pad`:
    * `dilations`:
    * `group`:
    * `kernel_shape`:
    * `output_padding`:
    * `strides`:
  }];
  let arguments = (ins Msft_float_float16_double:$X, Msft_float_float16_double:$W, Optional<Msft_int64>:$Pads,
      Optional<Msft_float_float16_double>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$output_padding,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_CropAndResizeOp : Msft_Op<"CropAndResize", [Pure]> {
  let summary = "Extracts crops from the input image tensor and resizes them using ...";
  let description = [{
    Extracts crops from the input image tensor and resizes them using bilinear sampling or nearest neighbor sampling (possibly with aspect ratio change) to a common output size specified by crop_height and crop_width.

    * `X`: Input data tensor from the previous operator; 4-D feature map of shape (N, C, H, W), where N is ...
    * `rois`: RoIs (Regions of Interest) to pool over; rois is 2-D input of shape (num_rois, 4) given as ...
    * `batch_indices`: 1-D tensor of shape (num_rois,) with each element denoting the index of the corresponding image ...
    * `crop_size`: 1-D tensor of 2 elements: [crop_height, crop_width]
    * `Y`: RoI pooled output, 4-D tensor of shape (num_rois, C, crop_height, crop_width)
    * `extrapolation_value`: Value used for extrapolation, when applicable
    * `mode`: The pooling method
  }];
  let arguments = (ins Msft_float_float16_double:$X, Msft_float_float16_double:$rois, Msft_int32:$batch_indices,
      Msft_int32:$crop_size, DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$extrapolation_value,
      DefaultValuedStrAttr<StrAttr, "bilinear">:$mode);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DecoderAttentionOp : Msft_Op<"DecoderAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "This DecoderAttention supports self attention and cross attention, key ...";
  let description = [{
    This DecoderAttention supports self attention and cross attention, key and value cache, and key_padding_mask.

    * `query`: 3D input tensor with shape (sequence_length, batch_size, hidden_size), hidden_size = num_heads ...
    * `key`: 3D input tensor with shape (total_sequence_length, batch_size, hidden_size)
    * `q_weight`: 2D input tensor with shape (hidden_size, hidden_size)
    * `kv_weight`: 2D input tensor with shape (hidden_size, 2 * hidden_size)
    * `bias`: 1D input tensor with shape (3 * hidden_size)
    * `key_padding_mask`: 2D input tensor with shape (batch_size, total_sequence_length)
    * `key_cache`: input tensor with shape (batch_size, num_heads, sequence_length or total_sequence_length, ...
    * `value_cache`: input tensor with shape (batch_size, num_heads, sequence_length or total_sequence_length, ...
    * `static_kv`: If static_kv = true, cross-attention; else self-attention
    * `use_past`: If use_past = true, use cache; else no cache
    * `has_layer_state`: If has_layer_state = true, layer_state = {} or [a,b]; else layer_state = None
    * `has_key_padding_mask`: has_key_padding_mask or not
    * `output`: 3D output tensor with shape (sequence_length, batch_size, hidden_size)
    * `new_key_cache`: output tensor with shape (batch_size, num_heads, new sequence_length, head_size)
    * `new_value_cache`: output tensor with shape (batch_size, num_heads, new sequence_length, head_size)
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
  }];
  let arguments = (ins Msft_float_float16:$query, Msft_float_float16:$key, Msft_float_float16:$q_weight,
      Msft_float_float16:$kv_weight, Msft_float_float16:$bias, Optional<Msft_bool>:$key_padding_mask,
      Optional<Msft_float_float16>:$key_cache, Optional<Msft_float_float16>:$value_cache, Msft_bool:$static_kv,
      Msft_bool:$use_past, Msft_bool:$has_layer_state, Msft_bool:$has_key_padding_mask,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads);
  let results = (outs Msft_float_float16:$output, Optional<Msft_float_float16>:$new_key_cache,
      Optional<Msft_float_float16>:$new_value_cache);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DecoderMaskedMultiHeadAttentionOp : Msft_Op<"DecoderMaskedMultiHeadAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Multihead attention that supports input sequence length of 1";
  let description = [{
    Multihead attention that supports input sequence length of 1.

    * `query`: Query with shape (batch_size, 1, hidden_size) or packed QKV with shape (batch_size, 1, 2 * ...
    * `key`: Key with shape (batch_size, 1, hidden_size) for self attention or past_key with shape ...
    * `value`: Value with shape (batch_size, 1, v_hidden_size) for self attention or past_value with shape ...
    * `mask_index`: Mask values of shape (batch_size, total_sequence_length) or (batch_size, kv_sequence_length)
    * `attention_bias`: additional add to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `past_key`: past state for key with shape (batch_size, num_heads, past_sequence_length, head_size) for self ...
    * `past_value`: past state for value with shape (batch_size, num_heads, past_sequence_length, head_size) for ...
    * `past_sequence_length`: When past_present_share_buffer is used, it is required to specify past_sequence_length (could ...
    * `beam_width`: The beam width that is being used while decoding
    * `cache_indirection`: A buffer of shape [batch_size, beam_width, max_output_length] where an `[i, j, k]` entry ...
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) from input projection
    * `output`: 3D output tensor with shape (batch_size, sequence_length, v_hidden_size)
    * `present_key`: present state for key with shape (batch_size, num_heads, total_sequence_length, head_size)
    * `present_value`: present state for value with shape (batch_size, num_heads, total_sequence_length, head_size)
    * `qk`: normalized Q * K, of shape (batch_size, num_heads, 1, total_sequence_length)
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `output_qk`: Need output the cross attention MatMul(Q, K)
    * `past_present_share_buffer`: Corresponding past and present are same tensor, its size is (batch_size, num_heads, ...
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16:$query, Optional<Msft_float_float16>:$key,
      Optional<Msft_float_float16>:$value, Optional<Msft_int32>:$mask_index,
      Optional<Msft_float_float16>:$attention_bias, Optional<Msft_float_float16>:$past_key,
      Optional<Msft_float_float16>:$past_value, Optional<Msft_int32>:$past_sequence_length,
      Optional<Msft_int32>:$beam_width, Optional<Msft_int32>:$cache_indirection, Optional<Msft_float_float16>:$bias,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads, OptionalAttr<Onnx_IntAttr>:$output_qk,
      OptionalAttr<Onnx_IntAttr>:$past_present_share_buffer, OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16:$output, Optional<Msft_float_float16>:$present_key,
      Optional<Msft_float_float16>:$present_value, Optional<Msft_float_float16>:$qk);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DecoderMaskedSelfAttentionOp : Msft_Op<"DecoderMaskedSelfAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Self attention that supports input sequence length of 1";
  let description = [{
    Self attention that supports input sequence length of 1.

    * `input`: Input tensor with shape (batch_size, 1, input_hidden_size)
    * `weights`: Merged Q/K/V weights with shape (input_hidden_size, hidden_size + hidden_size + v_hidden_size)
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) for input projection
    * `mask_index`: Mask values of shape (batch_size, total_sequence_length)
    * `past`: past state for key and value with shape (2, batch_size, num_heads, past_sequence_length, ...
    * `attention_bias`: additional add to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `past_sequence_length`: When past_present_share_buffer is used, it is required to specify past_sequence_length (could ...
    * `beam_width`: The beam width that is being used while decoding
    * `cache_indirection`: A buffer of shape [batch_size, beam_width, max_output_length] where an `[i, j, k]` entry ...
    * `output`: 3D output tensor with shape (batch_size, sequence_length, v_hidden_size)
    * `present`: past state for key and value with shape (2, batch_size, num_heads, total_sequence_length, ...
    * `do_rotary`: Whether to use rotary position embedding
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `past_present_share_buffer`: Corresponding past and present are same tensor, its size is (2, batch_size, num_heads, ...
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_float_float16:$weights, Msft_float_float16:$bias,
      Optional<Msft_int32>:$mask_index, Msft_float_float16:$past, Optional<Msft_float_float16>:$attention_bias,
      Msft_int32:$past_sequence_length, Optional<Msft_int32>:$beam_width, Optional<Msft_int32>:$cache_indirection,
      OptionalAttr<Onnx_IntAttr>:$do_rotary, OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads,
      OptionalAttr<Onnx_IntAttr>:$past_present_share_buffer, OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16:$output, Msft_float_float16:$present);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DequantizeBFPOp : Msft_Op<"DequantizeBFP", [Pure]> {
  let summary = "The BFP dequantization operator";
  let description = [{
    The BFP dequantization operator.

    * `x`: 1-D, contiguous, raw, BFP data to be de-quantized
    * `shape`: shape of the original tensor
    * `strides`: strides of the original tensor
    * `y`: de-quantized tensor
    * `bfp_type`: The type of BFP - must match with the BFPType enum
    * `block_dim`: Each bounding box spans this dimension.Typically, the block dimension corresponds to the ...
    * `dtype`: The datatype to dequantize to
  }];
  let arguments = (ins Msft_uint8:$x, Msft_int64:$shape, Msft_int64:$strides, Onnx_IntAttr:$bfp_type,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$block_dim, DefaultValuedAttr<Onnx_IntAttr, "1">:$dtype);
  let results = (outs Msft_float_float16_bfloat16:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DequantizeLinearOp : Msft_Op<"DequantizeLinear", [Pure]> {
  let summary = "The linear dequantization operator";
  let description = [{
    The linear dequantization operator.

    * `x`: N-D quantized Input tensor to be de-quantized
    * `x_scale`: Scale for input 'x'
    * `x_zero_point`: Zero point for input 'x'
    * `y`: N-D full precision output tensor
    * `axis`: The axis along which same quantization parameters are applied
  }];
  let arguments = (ins Msft_Types11:$x, Msft_float_float16:$x_scale, Optional<Msft_Types11>:$x_zero_point,
      OptionalAttr<Onnx_IntAttr>:$axis);
  let results = (outs Msft_float_float16:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DequantizeWithOrderOp : Msft_Op<"DequantizeWithOrder", [Pure]> {
  let summary = "Dequantize input matrix to specific layout used in cublaslt";
  let description = [{
    Dequantize input matrix to specific layout used in cublaslt.

    * `input`: TODO: input tensor of (ROWS, COLS)
    * `scale_input`: scale of the input
    * `output`: output tensor
    * `order_input`: cublasLt order of input matrix
    * `order_output`: cublasLt order of output matrix
    * `to`: The output data type, only support TensorProto_DataType_FLOAT (1) and ...
  }];
  let arguments = (ins Msft_int8:$input, Msft_float:$scale_input, Onnx_IntAttr:$order_input,
      Onnx_IntAttr:$order_output, Onnx_IntAttr:$to);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DynamicQuantizeLSTMOp : Msft_Op<"DynamicQuantizeLSTM", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "The operator DynamicQuantizeLSTM";
  let description = [{


    * `X`: The input sequences packed (and potentially padded) into one 3-D tensor with the shape of ...
    * `W`: The weight tensor for the gates
    * `R`: The recurrence weight tensor
    * `B`: The bias tensor for input gate
    * `sequence_lens`: Optional tensor specifying lengths of the sequences in a batch
    * `initial_h`: Optional initial value of the hidden
    * `initial_c`: Optional initial value of the cell
    * `P`: The weight tensor for peepholes
    * `W_scale`: W's scale
    * `W_zero_point`: W's zero point
    * `R_scale`: R's scale
    * `R_zero_point`: R's zero point
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
  }];
  let arguments = (ins Msft_float:$X, Msft_uint8_int8:$W, Msft_uint8_int8:$R, Optional<Msft_float>:$B,
      Optional<Msft_int32>:$sequence_lens, Optional<Msft_float>:$initial_h, Optional<Msft_float>:$initial_c,
      Optional<Msft_float>:$P, Msft_float:$W_scale, Msft_uint8_int8:$W_zero_point, Msft_float:$R_scale,
      Msft_uint8_int8:$R_zero_point, OptionalAttr<DenseF32ArrayAttr>:$activation_alpha,
      OptionalAttr<DenseF32ArrayAttr>:$activation_beta, OptionalAttr<StrArrayAttr>:$activations,
      OptionalAttr<Onnx_FloatAttr>:$clip, DefaultValuedStrAttr<StrAttr, "forward">:$direction,
      OptionalAttr<Onnx_IntAttr>:$hidden_size, DefaultValuedAttr<Onnx_IntAttr, "0">:$input_forget);
  let results = (outs Optional<Msft_float>:$Y, Optional<Msft_float>:$Y_h, Optional<Msft_float>:$Y_c);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DynamicQuantizeMatMulOp : Msft_Op<"DynamicQuantizeMatMul", [Pure, AttrSizedOperandSegments]> {
  let summary = "The operator DynamicQuantizeMatMul";
  let description = [{


    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `b_scale`: Scale of quantized input 'B'
    * `b_zero_point`: Zero point tensor for input 'B'
    * `bias`: 1D input tensor, whose dimension is same as B's last dimension
    * `Y`: Matrix multiply results from A * B
  }];
  let arguments = (ins Msft_float:$A, Msft_uint8_int8:$B, Msft_float:$b_scale,
      Optional<Msft_uint8_int8>:$b_zero_point, Optional<Msft_float>:$bias);
  let results = (outs Msft_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DynamicSparseAttentionOp : Msft_Op<"DynamicSparseAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Model-neutral sparse grouped-query attention with a contiguous main KV ...";
  let description = [{
    Model-neutral sparse grouped-query attention with a contiguous main KV cache.

    * `query`: Query [batch, sequence, num_heads * head_size]
    * `key`: Current main key [batch, sequence, kv_num_heads * head_size]
    * `value`: Current main value [batch, sequence, kv_num_heads * head_size]
    * `past_key`: Main key cache in BNSH layout
    * `past_value`: Main value cache in BNSH layout
    * `auxiliary_key`: Read-only auxiliary key sequence in BNSH layout
    * `auxiliary_value`: Read-only auxiliary value sequence in BNSH layout
    * `selected_indices`: Selected request-local source positions [batch * sequence, max_selected]
    * `selected_counts`: Number of valid entries per selected-index row [batch * sequence]
    * `seqlens_k`: Total logical main sequence length minus one for each batch entry
    * `total_sequence_length`: Maximum total main sequence length, as a scalar or one-element tensor
    * `cos_cache`: Rotary cosine cache [max_sequence_length, rotary_dim / 2]
    * `sin_cache`: Rotary sine cache [max_sequence_length, rotary_dim / 2]
    * `position_ids`: Optional rotary positions [batch, sequence]
    * `q_norm_weight`: Optional Q RMSNorm weight [head_size]
    * `k_norm_weight`: Optional K RMSNorm weight [head_size]
    * `head_sink`: Optional sink logit [num_heads]
    * `output`: Attention output [batch, sequence, num_heads * head_size]
    * `present_key`: Updated main key cache in BNSH layout
    * `present_value`: Updated main value cache in BNSH layout
    * `attention_mode`: One of 'selected_only' or 'local_plus_selected'
    * `auxiliary_kv_shared`: Use auxiliary_key as both key and value when auxiliary_value is omitted
    * `do_rotary`: Whether to apply rotary embedding to Q and newly appended K
    * `is_causal`: Must be 1
    * `kv_num_heads`: Number of main and auxiliary KV heads
    * `local_window_size`: Number of causally visible main-cache entries in local_plus_selected mode
    * `num_heads`: Number of query heads
    * `qk_norm_epsilon`: Epsilon for optional per-head Q/K RMS normalization
    * `rotary_interleaved`: Whether rotary pairs use interleaved layout
    * `rotary_offset`: First head channel covered by rotary embedding
    * `scale`: Scaling factor applied to QK. Defaults to 1/sqrt(head_size)
    * `selected_kv_source`: Source addressed by selected indices: 'main' or 'auxiliary'
    * `smooth_softmax`: Add a zero-valued sink logit when no explicit head_sink is supplied
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Optional<Msft_float_float16_bfloat16>:$value, Optional<Msft_float_float16_bfloat16>:$past_key,
      Optional<Msft_float_float16_bfloat16>:$past_value, Optional<Msft_float_float16_bfloat16>:$auxiliary_key,
      Optional<Msft_float_float16_bfloat16>:$auxiliary_value, Msft_int32:$selected_indices,
      Msft_int32:$selected_counts, Msft_int32:$seqlens_k, Msft_int32:$total_sequence_length,
      Optional<Msft_float_float16_bfloat16>:$cos_cache, Optional<Msft_float_float16_bfloat16>:$sin_cache,
      Optional<Msft_int64>:$position_ids, Optional<Msft_float_float16_bfloat16>:$q_norm_weight,
      Optional<Msft_float_float16_bfloat16>:$k_norm_weight, Optional<Msft_float_float16_bfloat16>:$head_sink,
      DefaultValuedStrAttr<StrAttr, "selected_only">:$attention_mode,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$auxiliary_kv_shared, DefaultValuedAttr<Onnx_IntAttr, "0">:$do_rotary,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$is_causal, Onnx_IntAttr:$kv_num_heads,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$local_window_size, Onnx_IntAttr:$num_heads,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$qk_norm_epsilon,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$rotary_interleaved, DefaultValuedAttr<Onnx_IntAttr, "0">:$rotary_offset,
      OptionalAttr<Onnx_FloatAttr>:$scale, DefaultValuedStrAttr<StrAttr, "main">:$selected_kv_source,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$smooth_softmax);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float_float16_bfloat16>:$present_key,
      Optional<Msft_float_float16_bfloat16>:$present_value);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_DynamicTimeWarpingOp : Msft_Op<"DynamicTimeWarping", [Pure]> {
  let summary = "Input is cost matrix where each value in input[r][c] is the cost for ...";
  let description = [{
    Input is cost matrix where each value in input[r][c] is the cost for pass the point (r, c).

    * `input`: Input cost tensor, it must be 2D tensor of shape M x N, or 1 x M x N
    * `output`: Output tensor
  }];
  let arguments = (ins Msft_float:$input);
  let results = (outs Msft_int32:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_EPContextOp : Msft_Op<"EPContext", []> {
  let summary = "Onnx node container for EP context";
  let description = [{
    Onnx node container for EP context.

    * `inputs`: List of tensors for inputs
    * `outputs`: One or more outputs, list of tensors for outputs
    * `embed_mode`: 1: indicate ep_cache_context is the context content
    * `ep_cache_context`: payload of the execution provider context if embed_mode=1, or path to the context file if ...
    * `ep_sdk_version`: (Optional) SDK version used to convert the model
    * `hardware_architecture`: (Optional) Hardware architecture
    * `main_context`: Usually each single EPContext associate with a graph partition.But for some case like QNN, it ...
    * `max_size`: max size in the context
    * `notes`: (Optional) Some notes for the model
    * `onnx_model_filename`: (Optional) Filename of the original ONNX model
    * `partition_name`: (Optional) partitioned graph name
    * `source`: (Optional) the source used to generate the engine/context cache file
  }];
  let arguments = (ins Variadic<Msft_Types15>:$inputs, DefaultValuedAttr<Onnx_IntAttr, "1">:$embed_mode,
      OptionalAttr<StrAttr>:$ep_cache_context, OptionalAttr<StrAttr>:$ep_sdk_version,
      OptionalAttr<StrAttr>:$hardware_architecture, DefaultValuedAttr<Onnx_IntAttr, "1">:$main_context,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$max_size, OptionalAttr<StrAttr>:$notes,
      OptionalAttr<StrAttr>:$onnx_model_filename, OptionalAttr<StrAttr>:$partition_name, OptionalAttr<StrAttr>:$source);
  let results = (outs Variadic<Msft_Types15>:$outputs);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_EmbedLayerNormalizationOp : Msft_Op<"EmbedLayerNormalization", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "EmbedLayerNormalization is the fusion of embedding layer in BERT model, ...";
  let description = [{
    EmbedLayerNormalization is the fusion of embedding layer in BERT model, with optional mask processing.

    * `input_ids`: 2D words IDs with shape (batch_size, sequence_length)
    * `segment_ids`: 2D segment IDs with shape (batch_size, sequence_length)
    * `word_embedding`: 2D with shape (,hidden_size)
    * `position_embedding`: 2D with shape (, hidden_size)
    * `segment_embedding`: 2D with shape (, hidden_size)
    * `gamma`: 1D gamma tensor for layer normalization with shape (hidden_size)
    * `beta`: 1D beta tensor for layer normalization with shape (hidden_size)
    * `mask`: 2D attention mask with shape (batch_size, sequence_length)
    * `position_ids`: 2D position ids with shape (batch_size, sequence_length) or (1, sequence_length)
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `mask_index`: 1D mask_index tensor with shape (batch_size)
    * `embedding_sum`: sum of word_embedding and position_embedding without layer normalization
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `mask_index_type`: The mask index tensor type for shape inference (0: None, 1: 1D mask_index)
  }];
  let arguments = (ins Msft_int32:$input_ids, Optional<Msft_int32>:$segment_ids, Msft_float_float16:$word_embedding,
      Msft_float_float16:$position_embedding, Optional<Msft_float_float16>:$segment_embedding,
      Msft_float_float16:$gamma, Msft_float_float16:$beta, Optional<Msft_int32>:$mask,
      Optional<Msft_int32>:$position_ids, DefaultValuedAttr<Onnx_FloatAttr, "1e-12f">:$epsilon,
      OptionalAttr<Onnx_IntAttr>:$mask_index_type);
  let results = (outs Msft_float_float16:$output, Optional<Msft_int32>:$mask_index,
      Optional<Msft_float_float16>:$embedding_sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_EngramGateOp : Msft_Op<"EngramGate", [Pure]> {
  let summary = "Fuses the Engram gate";
  let description = [{
    Fuses the Engram gate.

    * `key`: Projected Engram keys with shape (batch_size, sequence_length, hc_mult, hidden_size)
    * `query`: Hidden-state queries with shape (batch_size, sequence_length, hc_mult, hidden_size)
    * `value`: Projected Engram value shared by every hyper-connection, with shape (batch_size, ...
    * `key_norm_scale`: RMSNorm scale for keys with shape (hc_mult, hidden_size)
    * `query_norm_scale`: RMSNorm scale for queries with shape (hc_mult, hidden_size)
    * `conv_norm_scale`: Optional RMSNorm scale for the gated value, with shape (hc_mult, hidden_size)
    * `output`: Gated value tensor with shape (batch_size, sequence_length, hc_mult, hidden_size)
    * `gated_value_normed`: Optional RMS-normalized gated value tensor with shape (batch_size, sequence_length, hc_mult, ...
    * `epsilon`: Epsilon used by both RMS normalization steps
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$key, Msft_float_float16_bfloat16:$query,
      Msft_float_float16_bfloat16:$value, Msft_float_float16_bfloat16:$key_norm_scale,
      Msft_float_float16_bfloat16:$query_norm_scale, Optional<Msft_float_float16_bfloat16>:$conv_norm_scale,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float_float16_bfloat16>:$gated_value_normed);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_ExpandDimsOp : Msft_Op<"ExpandDims", [Pure]> {
  let summary = "ExpandDims echo operator";
  let description = [{
    ExpandDims echo operator.

    * `X`: input
    * `axis`: Specified axis to insert a dimension
    * `Y`: output
  }];
  let arguments = (ins Msft_Types16:$X, Msft_int32:$axis);
  let results = (outs Msft_Types16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_FastGeluOp : Msft_Op<"FastGelu", [Pure]> {
  let summary = "GELU (Gaussian Error Linear Unit) approximation: ...";
  let description = [{
    GELU (Gaussian Error Linear Unit) approximation: Y=0.5*X*(1+tanh(0.797885*X+0.035677*X*X*X)) with an optional input of bias that will be added to X before GELU.

    * `X`: input tensor
    * `bias`: bias tensor
    * `Y`: output tensor
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$X, Optional<Msft_float_float16_double_bfloat16>:$bias);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_FusedConvOp : Msft_Op<"FusedConv", [Pure, AttrSizedOperandSegments]> {
  let summary = "The fused convolution operator schema is the same as Conv besides it ...";
  let description = [{
    The fused convolution operator schema is the same as Conv besides it includes an attribute activation.

    * `X`:
    * `W`:
    * `B`:
    * `Z`:
    * `Y`:
    * `activation`:
    * `activation_params`:
    * `auto_pad`:
    * `dilations`:
    * `group`:
    * `kernel_shape`:
    * `pads`:
    * `strides`:
  }];
  let arguments = (ins Msft_float_float16_double:$X, Msft_float_float16_double:$W,
      Optional<Msft_float_float16_double>:$B, Optional<Msft_float_float16_double>:$Z,
      OptionalAttr<StrAttr>:$activation, OptionalAttr<DenseF32ArrayAttr>:$activation_params,
      DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$group, OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
      OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_FusedGemmOp : Msft_Op<"FusedGemm", [Pure]> {
  let summary = "The FusedGemm operator schema is the same as Gemm besides it includes ...";
  let description = [{
    The FusedGemm operator schema is the same as Gemm besides it includes attributes activation and leaky_relu_alpha.

    * `A`: Input tensor A. The shape of A should be (M, K) if transA is 0, or (K, M) if transA is non-zero
    * `B`: Input tensor B. The shape of B should be (K, N) if transB is 0, or (N, K) if transB is non-zero
    * `C`: Input tensor C. The shape of C should be unidirectional broadcastable to (M, N)
    * `Y`: Output tensor of shape (M, N)
    * `activation`:
    * `activation_alpha`:
    * `activation_beta`:
    * `activation_gamma`:
    * `alpha`: Scalar multiplier for the product of input tensors A * B
    * `beta`: Scalar multiplier for input tensor C
    * `transA`: Whether A should be transposed
    * `transB`: Whether B should be transposed
  }];
  let arguments = (ins Msft_Types17:$A, Msft_Types17:$B, Optional<Msft_Types17>:$C, OptionalAttr<StrAttr>:$activation,
      OptionalAttr<Onnx_FloatAttr>:$activation_alpha, OptionalAttr<Onnx_FloatAttr>:$activation_beta,
      OptionalAttr<Onnx_FloatAttr>:$activation_gamma, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$beta, DefaultValuedAttr<Onnx_IntAttr, "0">:$transA,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Msft_Types17:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_FusedMatMulOp : Msft_Op<"FusedMatMul", [Pure]> {
  let summary = "Matrix product that behaves like numpy.matmul: ...";
  let description = [{
    Matrix product that behaves like numpy.matmul: https://docs.scipy.org/doc/numpy-1.13.0/reference/generated/numpy.matmul.html.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `Y`: Matrix multiply results
    * `alpha`: Scalar multiplier for the product of the input tensors
    * `transA`: Whether A should be transposed on the last two dimensions before doing multiplication
    * `transB`: Whether B should be transposed on the last two dimensions before doing multiplication
    * `transBatchA`: Whether A should be transposed on the 1st dimension and batch dimensions (dim-1 to dim-rank-2) ...
    * `transBatchB`: Whether B should be transposed on the 1st dimension and batch dimensions (dim-1 to dim-rank-2) ...
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$A, Msft_float_float16_double_bfloat16:$B,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha, DefaultValuedAttr<Onnx_IntAttr, "0">:$transA,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transB, DefaultValuedAttr<Onnx_IntAttr, "0">:$transBatchA,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transBatchB);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_FusedMatMulActivationOp : Msft_Op<"FusedMatMulActivation", [Pure]> {
  let summary = "Executes the same operation as FusedMatMul, but also has an activation ...";
  let description = [{
    Executes the same operation as FusedMatMul, but also has an activation function fused to its output.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `Y`: Matrix multiply results
    * `activation`:
    * `activation_alpha`:
    * `activation_axis`:
    * `activation_beta`:
    * `activation_gamma`:
    * `alpha`: Scalar multiplier for the product of the input tensors
    * `transA`: Whether A should be transposed on the last two dimensions before doing multiplication
    * `transB`: Whether B should be transposed on the last two dimensions before doing multiplication
    * `transBatchA`: Whether A should be transposed on the 1st dimension and batch dimensions (dim-1 to dim-rank-2) ...
    * `transBatchB`: Whether B should be transposed on the 1st dimension and batch dimensions (dim-1 to dim-rank-2) ...
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$A, Msft_float_float16_double_bfloat16:$B,
      StrAttr:$activation, OptionalAttr<Onnx_FloatAttr>:$activation_alpha,
      OptionalAttr<Onnx_IntAttr>:$activation_axis, OptionalAttr<Onnx_FloatAttr>:$activation_beta,
      OptionalAttr<Onnx_FloatAttr>:$activation_gamma, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transB,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transBatchA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transBatchB);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatedAddOp : Msft_Op<"GatedAdd", [Pure]> {
  let summary = "Adds one tensor to another tensor scaled by a per-row gate:";
  let description = [{
    Adds one tensor to another tensor scaled by a per-row gate:.

    * `X`: Unscaled input with shape (..., C)
    * `Y`: Input scaled by gate, with the same shape as X
    * `gate`: Per-row gate with shape (..., 1)
    * `output`: Gated sum with the same shape as X
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$X, Msft_float_float16_bfloat16:$Y,
      Msft_float_float16_bfloat16:$gate);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatedDeltaNetOp : Msft_Op<"GatedDeltaNet", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Packed (token-major) gated delta network / linear attention with an ...";
  let description = [{
    Packed (token-major) gated delta network / linear attention with an explicit recurrent state.

    * `query`: Query or packed QKV, shaped as described above
    * `key`: Key, shape (total_tokens, num_heads_k, head_size_qk)
    * `value`: Value, shape (total_tokens, num_heads_v, head_size_v)
    * `cu_seqlens`: Exclusive prefix sums of the per-request token counts, shape (batch_size + 1)
    * `decay`: Log-space decay, shape (total_tokens, num_heads_v) for a scalar per-head decay or ...
    * `beta`: Update rate, shape (total_tokens, num_heads_v)
    * `initial_state`: Recurrent state, shape (batch_size, num_heads_v, head_size_v, head_size_qk), V-major
    * `a_log`: Per-head A_log, shape (num_heads_v)
    * `dt_bias`: Per-head gate bias, shape (num_heads_v)
    * `capture_count`: Number of leading local token transitions to capture for each request, shape (batch_size)
    * `state_update_active`: CPU int32 control with shape (1)
    * `output`: Output, shape (total_tokens, max(num_heads_q, num_heads_v), head_size_v)
    * `final_state`: State after the last token of each request, shape (batch_size, num_heads_v, head_size_v, ...
    * `state_update`: Struct-of-arrays compact transition factors, shape (batch_size, state_update_capacity * ...
    * `beta_activation`: 'none' (default) treats `beta` as the effective update rate
    * `chunk_size`: Tuning hint for the chunk-parallel prefill algorithm
    * `gate_activation`: 'none' (default) treats `decay` as the effective log-space decay
    * `qk_l2_norm`: When 1, L2-normalize each query and key head vector before the recurrence
    * `scale`: Output scaling factor
    * `state_update_capacity`: Capacity C for compact contiguous-prefix transition capture, in [0, 8]
    * `update_rule`: One of: 'linear', 'gated', 'delta', 'gated_delta'
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Optional<Msft_float_float16_bfloat16>:$value, Optional<Msft_int32>:$cu_seqlens, Optional<Msft_float>:$decay,
      Optional<Msft_float>:$beta, Optional<Msft_float>:$initial_state, Optional<Msft_float>:$a_log,
      Optional<Msft_float>:$dt_bias, Optional<Msft_int32>:$capture_count, Optional<Msft_int32>:$state_update_active,
      DefaultValuedStrAttr<StrAttr, "none">:$beta_activation, DefaultValuedAttr<Onnx_IntAttr, "64">:$chunk_size,
      DefaultValuedStrAttr<StrAttr, "none">:$gate_activation, DefaultValuedAttr<Onnx_IntAttr, "0">:$qk_l2_norm,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$scale, DefaultValuedAttr<Onnx_IntAttr, "0">:$state_update_capacity,
      DefaultValuedStrAttr<StrAttr, "gated_delta">:$update_rule);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float>:$final_state,
      Optional<Msft_float>:$state_update);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatedRMSNormOp : Msft_Op<"GatedRMSNorm", [Pure]> {
  let summary = "Gated RMS normalization as used by Mamba2 / gated DeltaNet attention ...";
  let description = [{
    Gated RMS normalization as used by Mamba2 / gated DeltaNet attention outputs:.

    * `X`: Input tensor with shape (..., H * C)
    * `scale`: Normalization weight with shape (C)
    * `gate`: Gate tensor with the same shape as X
    * `Y`: Output tensor with the same shape as X
    * `activation`: Fused gate activation
    * `epsilon`: Epsilon added to the mean of squares before the reciprocal square root
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$X, Msft_float_float16_bfloat16:$scale,
      Msft_float_float16_bfloat16:$gate, DefaultValuedStrAttr<StrAttr, "silu">:$activation,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatedRelativePositionBiasOp : Msft_Op<"GatedRelativePositionBias", [Pure]> {
  let summary = "query_layer = (query_layer + query_bias).reshape(batch_size, seq_len, ...";
  let description = [{
    query_layer = (query_layer + query_bias).reshape(batch_size, seq_len, num_heads, head_size).transpose(1, 2) gate_u, gate_r = torch.sigmoid( self.gate_ur_linear(query_layer).view(batch_size, num_head, seq_len, 2, D/2).sum(-1, keepdim=False) ).chunk(2, dim=-1) gate_u_1 = gate_u * (gate_r * self.eco_a ....

    * `query_layer`: tensor with shape (batch_size, seq_len, num_heads x head_size) or (token_count, num_heads x ...
    * `query_bias`: 1-d tensor with shape (num_heads x head_size)
    * `rel_pos`: tensor with shape (1, num_head, seq_len, seq_len)
    * `weight`: gemm weight for the gated_ur_linear, shape (head_size, D), D is divisible by 2
    * `bias`: bias for the gated_ur_linear, shape (D)
    * `eco_a`: tensor of shape (1, num_heads, 1, 1)
    * `token_offset`: offset of each token with shape (batch_size, seq_len)
    * `output`: output tensor with shape (batch_size, num_heads, seq_len, seq_len)
    * `num_heads`: Number of attention heads
  }];
  let arguments = (ins Msft_float_float16:$query_layer, Msft_float_float16:$query_bias, Msft_float_float16:$rel_pos,
      Msft_float_float16:$weight, Msft_float_float16:$bias, Msft_float_float16:$eco_a,
      Optional<Msft_int32>:$token_offset, Onnx_IntAttr:$num_heads);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatherBlockQuantizedOp : Msft_Op<"GatherBlockQuantized", [Pure]> {
  let summary = "GatherBlockQuantized is a Gather with data quantized";
  let description = [{
    GatherBlockQuantized is a Gather with data quantized.

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of int32/int64 indices, of any rank q
    * `scales`: quantization scale
    * `zero_points`: quantization zero points
    * `output`: Dequantized output tensor of rank q + (r - 1)
    * `bits`: Number of bits used for weight quantization
    * `block_size`: (Optional) block size used for weight quantization
    * `gather_axis`: (Optional) Which axis to gather on
    * `quantize_axis`: (Optional) Which axis to block-wise quantize
  }];
  let arguments = (ins Msft_Types18:$data, Msft_int32_int64:$indices, Msft_float_float16_bfloat16:$scales,
      Optional<Msft_Types18>:$zero_points, DefaultValuedAttr<Onnx_IntAttr, "4">:$bits,
      DefaultValuedAttr<Onnx_IntAttr, "128">:$block_size, DefaultValuedAttr<Onnx_IntAttr, "0">:$gather_axis,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$quantize_axis);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GatherNDOp : Msft_Op<"GatherND", [Pure]> {
  let summary = "Given `data` tensor of rank r >= 1, and `indices` tensor of rank q >= ...";
  let description = [{
    Given `data` tensor of rank r >= 1, and `indices` tensor of rank q >= 1, gather slices of `data` into an output tensor of rank q - 1 + r - indices[-1].

    * `data`: Tensor of rank r >= 1
    * `indices`: Tensor of rank q >= 1
    * `output`: Tensor of rank q-1+r-indices[-1]
  }];
  let arguments = (ins Msft_Types16:$data, Msft_int32_int64:$indices);
  let results = (outs Msft_Types16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GeluOp : Msft_Op<"Gelu", [Pure]> {
  let summary = "Gaussian Error Linear Unit";
  let description = [{
    Gaussian Error Linear Unit.

    * `X`: The input data as Tensor
    * `Y`: The output
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$X);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GemmFastGeluOp : Msft_Op<"GemmFastGelu", [Pure]> {
  let summary = "It's a fusion of MatMul and FastGelu";
  let description = [{
    It's a fusion of MatMul and FastGelu.

    * `X`: input tensor
    * `W`: input tensor
    * `bias`: bias tensor
    * `Y`: output tensor
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$X, Msft_float_float16_bfloat16:$W,
      Optional<Msft_float_float16_bfloat16>:$bias);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GemmFloat8Op : Msft_Op<"GemmFloat8", [Pure, AttrSizedOperandSegments]> {
  let summary = "Generic Gemm for float and float 8";
  let description = [{
    Generic Gemm for float and float 8.

    * `A`: Input tensor A. The shape of A should be (M, K) if transA is 0, or (K, M) if transA is non-zero
    * `B`: Input tensor B. The shape of B should be (K, N) if transB is 0, or (N, K) if transB is non-zero
    * `C`: Input tensor C
    * `scaleA`: Scale of tensor A if A is float 8 tensor
    * `scaleB`: Scale of tensor B if B is float 8 tensor
    * `scaleY`: Scale of the output tensor if A or B is float 8
    * `Y`: Output tensor of shape (M, N)
    * `activation`: Activation function, RELU or GELU or NONE (default)
    * `alpha`: Scalar multiplier for the product of input tensors A * B
    * `beta`: Scalar multiplier for the product of input bias C
    * `dtype`: Output Type
    * `transA`: Whether A should be transposed
    * `transB`: Whether B should be transposed
  }];
  let arguments = (ins Msft_Types20:$A, Msft_Types20:$B, Optional<Msft_float_float16_bfloat16>:$C,
      Optional<Msft_float>:$scaleA, Optional<Msft_float>:$scaleB, Optional<Msft_float>:$scaleY,
      OptionalAttr<StrAttr>:$activation, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$beta, DefaultValuedAttr<Onnx_IntAttr, "1">:$dtype,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Msft_Types20:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GemmaRotaryEmbeddingOp : Msft_Op<"GemmaRotaryEmbedding", [Pure]> {
  let summary = "GemmaRotaryEmbedding is the implementation of below part of rotary ...";
  let description = [{
    GemmaRotaryEmbedding is the implementation of below part of rotary positional embeddings (RoPE).

    * `emb`: embedding - 3D tensor with shape (batch_size, seq_len, dim)
    * `q`: q state - 4D tensor with shape (batch_size, num_heads, seq_len, dim)
    * `q_rot`: half rotated q state - 4D tensor with shape (batch_size, num_heads, seq_len, dim)
    * `k`: k state - 4D tensor with shape (batch_size, num_heads, seq_len, dim)
    * `k_rot`: k state - 4D tensor with shape (batch_size, num_heads, seq_len, dim)
    * `output1`: 4D tensor with shape (batch_size, num_heads, seq_len, dim)
    * `output2`: 4D tensor with shape (batch_size, num_heads, seq_len, dim)
  }];
  let arguments = (ins Msft_float:$emb, Msft_float16:$q, Msft_float16:$q_rot, Msft_float16:$k, Msft_float16:$k_rot);
  let results = (outs Msft_float16:$output1, Msft_float16:$output2);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GreedySearchOp : Msft_Op<"GreedySearch", [RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "Greedy Search for text generation";
  let description = [{
    Greedy Search for text generation.

    * `input_ids`: The sequence used as a prompt for the generation
    * `max_length`: The maximum length of the sequence to be generated
    * `min_length`: The minimum length below which the score of eos_token_id is set to -Inf
    * `repetition_penalty`: The parameter for repetition penalty
    * `vocab_mask`: Mask of vocabulary
    * `prefix_vocab_mask`: Mask of vocabulary for first step
    * `attention_mask`: Custom attention mask
    * `sequences`: Word IDs of generated sequences
    * `decoder`: Decoder subgraph to execute in a loop
    * `decoder_start_token_id`: The id of the token that indicates decoding starts
    * `encoder`: The subgraph for initialization of encoder and decoder
    * `eos_token_id`: The id of the end-of-sequence token
    * `init_decoder`: The subgraph for the first decoding run
    * `model_type`: model type: 0 for decoder only like GPT-2; 1 for encoder decoder like Bart
    * `no_repeat_ngram_size`: no repeat ngrams size
    * `pad_token_id`: The id of the padding token
    * `vocab_size`: Size of the vocabulary
  }];
  let arguments = (ins Msft_int32:$input_ids, Msft_int32:$max_length, Optional<Msft_int32>:$min_length,
      Optional<Msft_float>:$repetition_penalty, Optional<Msft_int32>:$vocab_mask,
      Optional<Msft_int32>:$prefix_vocab_mask, Optional<Msft_int32>:$attention_mask,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$decoder_start_token_id, Onnx_IntAttr:$eos_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$model_type, DefaultValuedAttr<Onnx_IntAttr, "0">:$no_repeat_ngram_size,
      Onnx_IntAttr:$pad_token_id, DefaultValuedAttr<Onnx_IntAttr, "-1">:$vocab_size);
  let results = (outs Msft_int32:$sequences);
  let regions = (region AnyRegion:$decoder, AnyRegion:$encoder, AnyRegion:$init_decoder);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Msft_GridSampleOp : Msft_Op<"GridSample", [Pure]> {
  let summary = "Given an `input` and a flow-field `grid`, computes the `output` using ...";
  let description = [{
    Given an `input` and a flow-field `grid`, computes the `output` using `input` values and pixel locations from `grid`.

    * `X`: 4-D tensor of shape (N, C, H, W), where N is the batch size, C is the numbers of channels, H ...
    * `Grid`: Input offset, 4-D tensor of shape (N, H_out, W_out, 2), where H_out and W_out are the height ...
    * `Y`: 4-D tensor of shape (N, C, H_out, W_out)
    * `align_corners`: If align_corners=1, the extrema (-1 and 1) are considered as referring to the center points of ...
    * `mode`: Three interpolation modes: bilinear (default), nearest and bicubic
    * `padding_mode`: Support padding modes for outside grid values: `zeros`(default), `border`, `reflection`
  }];
  let arguments = (ins Msft_Types16:$X, Msft_Types16:$Grid, DefaultValuedAttr<Onnx_IntAttr, "0">:$align_corners,
      DefaultValuedStrAttr<StrAttr, "bilinear">:$mode, DefaultValuedStrAttr<StrAttr, "zeros">:$padding_mode);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GroupNormOp : Msft_Op<"GroupNorm", [Pure]> {
  let summary = "Applies Group Normalization over a mini-batch of inputs as described in ...";
  let description = [{
    Applies Group Normalization over a mini-batch of inputs as described in the paper Group Normalization (https://arxiv.org/abs/1803.08494).

    * `X`: Input data tensor
    * `gamma`: 1D gamma tensor for normalization with shape (C), where C is number of channels
    * `beta`: 1D beta tensor for normalization with shape (C), where C is number of channels
    * `Y`: The output tensor of the same shape as X
    * `activation`: Activation after group normalization: 0 for None, 1 for SiLU
    * `channels_last`: 1 if the input and output are in the NHWC layout, 0 if it is in the NCHW layout
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `groups`: The number of groups of channels
  }];
  let arguments = (ins Msft_float_float16:$X, Msft_float_float16:$gamma, Msft_float_float16:$beta,
      Onnx_IntAttr:$activation, DefaultValuedAttr<Onnx_IntAttr, "1">:$channels_last,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon, Onnx_IntAttr:$groups);
  let results = (outs Msft_float_float16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_GroupQueryAttentionOp : Msft_Op<"GroupQueryAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Group Query Self/Cross Attention with KV Cache Quantization Support";
  let description = [{
    Group Query Self/Cross Attention with KV Cache Quantization Support.

    * `query`: Query with shape (batch_size, sequence_length, hidden_size), or packed QKV with ...
    * `key`: Key with shape (batch_size, kv_sequence_length, kv_hidden_size)
    * `value`: Value with shape (batch_size, kv_sequence_length, kv_hidden_size)
    * `past_key`: past state key with support for format BNSH. When past_key uses same tensor as present_key(k-v ...
    * `past_value`: past state value with support for format BNSH. When past_value uses same tensor as ...
    * `seqlens_k`: 1D Tensor of shape (batch_size)
    * `total_sequence_length`: Scalar tensor equivalent to the maximum total sequence length (past + new) of the batch
    * `cos_cache`: 2D tensor with shape (max_sequence_length, head_size / 2)
    * `sin_cache`: 2D tensor with shape (max_sequence_length, head_size / 2)
    * `position_ids`: 2D tensor with shape (batch_size, sequence_length)
    * `attention_bias`: additional add to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `head_sink`: 1D tensor with shape (num_heads)
    * `k_scale`: Scale tensor for past_key
    * `v_scale`: Scale tensor for past_value
    * `q_norm_weight`: Optional 1D tensor of shape (head_size)
    * `k_norm_weight`: Optional 1D tensor of shape (head_size)
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `present_key`: present state key with support for format BNSH. When past_key uses same tensor as ...
    * `present_value`: present state value with support for format BNSH. When past_value uses same tensor as ...
    * `output_qk`: Values of QK matrix multiplication, either before or after softmax normalization
    * `causal`: Whether to apply a causal mask
    * `do_rotary`: Whether to use rotary position embedding
    * `k_quant_type`: Quantization type for K cache
    * `kv_cache_bit_width`: Bit width of quantized KV cache
    * `kv_num_heads`: Number of attention heads for k and v
    * `local_window_size`: left_window_size for causal local attention (like Mistral)
    * `num_heads`: Number of attention heads for q
    * `qk_norm_epsilon`: Epsilon used by the per-head RMS norm applied to Q and K when q_norm_weight and k_norm_weight ...
    * `qk_output`: Output values of QK matrix multiplication before (1) or after (2) softmax normalization
    * `rotary_interleaved`: Rotate using interleaved pattern
    * `scale`: Custom scale will be used if specified
    * `sliding_window_cache`: Set to 1 when the past/present KV buffers are window-sized instead of holding the whole sequence
    * `smooth_softmax`: Use a smooth factor in softmax
    * `softcap`: Softcap value for attention weights
    * `v_quant_type`: Quantization type for V cache
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Optional<Msft_float_float16_bfloat16>:$value, Optional<Msft_Types22>:$past_key,
      Optional<Msft_Types22>:$past_value, Msft_int32:$seqlens_k, Msft_int32:$total_sequence_length,
      Optional<Msft_float_float16_bfloat16>:$cos_cache, Optional<Msft_float_float16_bfloat16>:$sin_cache,
      Optional<Msft_int64>:$position_ids, Optional<Msft_float_float16_bfloat16>:$attention_bias,
      Optional<Msft_float_float16_bfloat16>:$head_sink, Optional<Msft_float>:$k_scale, Optional<Msft_float>:$v_scale,
      Optional<Msft_float_float16_bfloat16>:$q_norm_weight, Optional<Msft_float_float16_bfloat16>:$k_norm_weight,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$causal, OptionalAttr<Onnx_IntAttr>:$do_rotary,
      DefaultValuedStrAttr<StrAttr, "NONE">:$k_quant_type, OptionalAttr<Onnx_IntAttr>:$kv_cache_bit_width,
      Onnx_IntAttr:$kv_num_heads, DefaultValuedAttr<Onnx_IntAttr, "-1">:$local_window_size, Onnx_IntAttr:$num_heads,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$qk_norm_epsilon, DefaultValuedAttr<Onnx_IntAttr, "0">:$qk_output,
      OptionalAttr<Onnx_IntAttr>:$rotary_interleaved, OptionalAttr<Onnx_FloatAttr>:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$sliding_window_cache,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$smooth_softmax, OptionalAttr<Onnx_FloatAttr>:$softcap,
      DefaultValuedStrAttr<StrAttr, "NONE">:$v_quant_type);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_Types22>:$present_key,
      Optional<Msft_Types22>:$present_value, Optional<Msft_float_float16_bfloat16>:$output_qk);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_HyperConnectionPostMixOp : Msft_Op<"HyperConnectionPostMix", [Pure]> {
  let summary = "Mixes existing streams and injects one branch output: Y[..., k, h] = ...";
  let description = [{
    Mixes existing streams and injects one branch output: Y[..., k, h] = sum_c(stream_mix[..., c, k] * streams[..., c, h]) + post_mix[..., k, h] * block_output[..., h].

    * `streams`: Grouped (..., C, H) or flattened (..., C * H) streams
    * `block_output`: Feature tensor with shape (..., H)
    * `post_mix`: Branch or feature injection gates
    * `stream_mix`: Optional stream matrix with shape (..., C, C)
    * `output`: Mixed streams with the same shape as streams
    * `num_branches`: Number of branches for flattened streams
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$streams, Msft_float_float16_bfloat16:$block_output,
      Msft_float_float16_bfloat16:$post_mix, Optional<Msft_float_float16_bfloat16>:$stream_mix,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$num_branches);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_HyperConnectionPreMixOp : Msft_Op<"HyperConnectionPreMix", [Pure]> {
  let summary = "Reduces C streams to one feature tensor without applying an activation: ...";
  let description = [{
    Reduces C streams to one feature tensor without applying an activation: Y[..., h] = reduction_scale * sum_c(X[..., c, h] * pre_mix[..., c, h]).

    * `streams`: Grouped (..., C, H) or flattened (..., C * H) streams
    * `pre_mix`: Branch or feature gates with shape (..., C), (..., C, 1), (..., C, H), or (..., C * H) for ...
    * `output`: Reduced feature tensor with shape (..., H)
    * `num_branches`: Number of branches for flattened streams
    * `reduction_scale`: Multiplier applied to the branch reduction
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$streams, Msft_float_float16_bfloat16:$pre_mix,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$num_branches, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$reduction_scale);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_InverseOp : Msft_Op<"Inverse", [Pure]> {
  let summary = "The operator Inverse";
  let description = [{


    * `X`: Input tensor
    * `Y`: Output tensor of the same type and shape as the input tensor
  }];
  let arguments = (ins Msft_float_float16_double:$X);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_IrfftOp : Msft_Op<"Irfft", [Pure]> {
  let summary = "This function computes the inverse of the one-dimensional n-point RFFT ...";
  let description = [{
    This function computes the inverse of the one-dimensional n-point RFFT computed in 'com.microsoft.rfft'.

    * `X`: input tensor with size (n//2 + 1) in the signal dim and 2 in the last dimension for the real ...
    * `Y`: output tensor with size n in the signal dim
    * `normalized`: must be 0, normalization currently not supported
    * `onesided`: must be 1, only one sided FFTs supported
    * `signal_ndim`: number of dimensions comprising the signal
  }];
  let arguments = (ins Msft_float_float16_double:$X, DefaultValuedAttr<Onnx_IntAttr, "0">:$normalized,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$onesided, Onnx_IntAttr:$signal_ndim);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_IsAllFiniteOp : Msft_Op<"IsAllFinite", [Pure]> {
  let summary = "IsAllFinite";
  let description = [{
    IsAllFinite.

    * `input`: Input tensors to check
    * `output`: The output scalar
    * `isinf_only`: If true, check only for Inf, -Inf
    * `isnan_only`: If true, check only for NaN
  }];
  let arguments = (ins Variadic<Msft_float_float16_double_bfloat16>:$input,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$isinf_only, DefaultValuedAttr<Onnx_IntAttr, "0">:$isnan_only);
  let results = (outs Msft_bool:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_LinearAttentionOp : Msft_Op<"LinearAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Unified linear attention operator for autoregressive decoding (T=1) and ...";
  let description = [{
    Unified linear attention operator for autoregressive decoding (T=1) and prefill (T>1).

    * `query`: Query vectors with 3D packed shape (B, T, H_q * d_k)
    * `key`: Key vectors with 3D packed shape (B, T, H_kv * d_k)
    * `value`: Value vectors with 3D packed shape (B, T, H_kv * d_v)
    * `past_state`: Recurrent state from previous step with shape (B, H_kv, d_k, d_v), or (W, B, H_kv, d_k, d_v) ...
    * `decay`: Exponential decay gate in log-space
    * `beta`: Update rate (sigmoid output)
    * `output`: Attention output with 3D packed shape (B, T, max(H_q, H_kv) * d_v)
    * `present_state`: Updated recurrent state with shape (B, H_kv, d_k, d_v), or (W, B, H_kv, d_k, d_v) when ...
    * `chunk_size`: Chunk size for the chunk-parallel WY decomposition during prefill (T>1)
    * `kv_num_heads`: Number of key/value heads
    * `q_num_heads`: Number of query heads
    * `scale`: Output scaling factor
    * `state_window`: Number of trailing per-token recurrent states held by past_state and present_state
    * `update_rule`: The update rule for the linear attention recurrence
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Msft_float_float16_bfloat16:$key,
      Msft_float_float16_bfloat16:$value, Optional<Msft_float_float16_bfloat16>:$past_state,
      Optional<Msft_float_float16_bfloat16>:$decay, Optional<Msft_float_float16_bfloat16>:$beta,
      DefaultValuedAttr<Onnx_IntAttr, "64">:$chunk_size, Onnx_IntAttr:$kv_num_heads, Onnx_IntAttr:$q_num_heads,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$scale, DefaultValuedAttr<Onnx_IntAttr, "0">:$state_window,
      DefaultValuedStrAttr<StrAttr, "gated_delta">:$update_rule);
  let results = (outs Msft_float_float16_bfloat16:$output, Msft_float_float16_bfloat16:$present_state);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_LinearAttentionGateOp : Msft_Op<"LinearAttentionGate", [Pure]> {
  let summary = "Fuses the gate projections that feed LinearAttention's gated-delta ...";
  let description = [{
    Fuses the gate projections that feed LinearAttention's gated-delta recurrence:.

    * `a`: Decay gate projection with shape (B, T, H)
    * `dt_bias`: Per-head float32 bias added to a, with shape (H)
    * `decay_scale`: Per-head float32 multiplier applied to Softplus(a + dt_bias), with shape (H)
    * `b`: Update-rate projection with shape (B, T, H)
    * `decay`: decay_scale * Softplus(a + dt_bias) with shape (B, T, H)
    * `beta`: Sigmoid(b) with shape (B, T, H)
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$a, Msft_float:$dt_bias, Msft_float:$decay_scale,
      Optional<Msft_float_float16_bfloat16>:$b);
  let results = (outs Msft_float_float16_bfloat16:$decay, Optional<Msft_float_float16_bfloat16>:$beta);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_LongformerAttentionOp : Msft_Op<"LongformerAttention", [Pure]> {
  let summary = "Longformer Self Attention with a local context and a global context";
  let description = [{
    Longformer Self Attention with a local context and a global context.

    * `input`: 3D input tensor with shape (batch_size, sequence_length, hidden_size), hidden_size = num_heads ...
    * `weight`: 2D input tensor with shape (hidden_size, 3 * hidden_size)
    * `bias`: 1D input tensor with shape (3 * hidden_size)
    * `mask`: Attention mask with shape (batch_size, sequence_length)
    * `global_weight`: 2D input tensor with shape (hidden_size, 3 * hidden_size)
    * `global_bias`: 1D input tensor with shape (3 * hidden_size)
    * `global`: Global attention flags with shape (batch_size, sequence_length)
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `num_heads`: Number of attention heads
    * `window`: One sided attention windows length W, or half of total window length
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_float_float16:$weight, Msft_float_float16:$bias,
      Msft_float_float16:$mask, Msft_float_float16:$global_weight, Msft_float_float16:$global_bias,
      Msft_int32:$global, Onnx_IntAttr:$num_heads, Onnx_IntAttr:$window);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MRotaryEmbeddingOp : Msft_Op<"MRotaryEmbedding", [Pure]> {
  let summary = "MRotaryEmbedding is the fused implementation of Multimodal Rotary ...";
  let description = [{
    MRotaryEmbedding is the fused implementation of Multimodal Rotary Positional Embeddings (M-RoPE) used by the Qwen family of vision-language models (Qwen2-VL, Qwen2.5-VL, Qwen3-VL, Qwen3-VL-MoE, Qwen3.5, Qwen3.5-MoE).

    * `input`: 3D tensor with shape (batch_size, sequence_length, hidden_size) or 4D with shape (batch_size, ...
    * `position_ids`: 3D tensor with shape (3, batch_size, sequence_length) containing the temporal, height, and ...
    * `cos_cache`: 2D tensor with shape (max_sequence_length, head_size / 2) or (max_sequence_length, ...
    * `sin_cache`: 2D tensor with shape (max_sequence_length, head_size / 2) or (max_sequence_length, ...
    * `output`: tensor with same shape as input
    * `interleaved`: Indicates whether the input has real and imaginary parts interleaved along the last (head_size) ...
    * `is_packed_batching`: ragged batch inputs or not
    * `mrope_layout`: How the 3 sections are combined to form the per-token cos/sin vector: 0 (default) for ...
    * `mrope_section`: 3 non-negative integers [section_t, section_h, section_w] describing how the ...
    * `num_heads`: Number of attention heads
    * `rotary_embedding_dim`: Rotary embedding dimension
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_int64:$position_ids,
      Msft_float_float16_bfloat16:$cos_cache, Msft_float_float16_bfloat16:$sin_cache,
      OptionalAttr<Onnx_IntAttr>:$interleaved, OptionalAttr<Onnx_IntAttr>:$is_packed_batching,
      OptionalAttr<Onnx_IntAttr>:$mrope_layout, DenseI64ArrayAttr:$mrope_section,
      OptionalAttr<Onnx_IntAttr>:$num_heads, OptionalAttr<Onnx_IntAttr>:$rotary_embedding_dim,
      OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulBlockQuantizedFp4WeightOp : Msft_Op<"MatMulBlockQuantizedFp4Weight", [Pure, AttrSizedOperandSegments]> {
  let summary = "Weight-only NVFP4 (E2M1) matrix multiplication";
  let description = [{
    Weight-only NVFP4 (E2M1) matrix multiplication.

    * `A`: Row-major FP16/BF16 activation of shape [..., K]
    * `B`: Packed NVFP4 weight of shape [N, K/2] stored as uint8 (two E2M1 values per byte, low nibble ...
    * `weight_scale`: Per-block E4M3 weight scales of shape [N, ceil(K / block_size)] stored as raw uint8 bytes
    * `weight_scale_2`: Global fp32 weight scale (scalar)
    * `input_scale`: Optional global fp32 activation scale (scalar)
    * `bias`: Optional bias of shape [N]
    * `Y`: Output of shape [..., N] in the activation type
    * `block_size`: Number of consecutive K values that share one E4M3 weight scale
  }];
  let arguments = (ins Msft_float16_bfloat16:$A, Msft_uint8:$B, Msft_uint8:$weight_scale, Msft_float:$weight_scale_2,
      Optional<Msft_float>:$input_scale, Optional<Msft_float16_bfloat16>:$bias,
      DefaultValuedAttr<Onnx_IntAttr, "16">:$block_size);
  let results = (outs Msft_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulBlockQuantizedFp8WeightOp : Msft_Op<"MatMulBlockQuantizedFp8Weight", [Pure, AttrSizedOperandSegments]> {
  let summary = "Block-scaled FP8 (E4M3) matrix multiplication with optional FP8 ...";
  let description = [{
    Block-scaled FP8 (E4M3) matrix multiplication with optional FP8 activation quantization.

    * `A`: Row-major FP16/BF16 activation of shape [..., K]
    * `B`: Row-major FP8 E4M3 weight of shape [N, K]
    * `b_scale`: Per-block FP32 weight scales of shape [N, ceil(K / block_size)]
    * `a_scale`: Optional global fp32 activation scale (scalar)
    * `bias`: Optional bias of shape [N]
    * `Y`: Output of shape [..., N] in the activation type
    * `block_size`: Number of consecutive K values that share one weight scale
  }];
  let arguments = (ins Msft_float16_bfloat16:$A, Msft_float8e4m3fn:$B, Msft_float:$b_scale,
      Optional<Msft_float>:$a_scale, Optional<Msft_float16_bfloat16>:$bias,
      DefaultValuedAttr<Onnx_IntAttr, "128">:$block_size);
  let results = (outs Msft_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulBnb4Op : Msft_Op<"MatMulBnb4", [Pure]> {
  let summary = "MatMulBnb4 is a MatMul with weight quantized with 4 bits using either ...";
  let description = [{
    MatMulBnb4 is a MatMul with weight quantized with 4 bits using either FP4 or NF4 data type (https://arxiv.org/pdf/2305.14314.pdf).

    * `A`: The input tensor, not quantized
    * `B`: 1-dimensional quantized data for weight
    * `absmax`: quantization constants
    * `Y`: tensor
    * `K`: size of each input feature
    * `N`: size of each output feature
    * `block_size`: number of groupsize used for weight quantization
    * `quant_type`: quantization data type
    * `training_mode`: Indicate if the ops run in training_mode, by default, False
    * `transB`: Whether B should be transposed on the last two dimensions before doing multiplication
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$A, Msft_uint8:$B, Msft_float_float16_bfloat16:$absmax,
      Onnx_IntAttr:$K, Onnx_IntAttr:$N, Onnx_IntAttr:$block_size, Onnx_IntAttr:$quant_type,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$training_mode, DefaultValuedAttr<Onnx_IntAttr, "1">:$transB);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulFpQ4Op : Msft_Op<"MatMulFpQ4", [Pure]> {
  let summary = "Matrix product with right hand matrix being pre-packed and quantized ...";
  let description = [{
    Matrix product with right hand matrix being pre-packed and quantized int4 data blob.

    * `A`: N-dimensional matrix A
    * `B`: 1-dimensional data blob
    * `B_shape`: Shape information of B
    * `Y`: Matrix multiply results from A * B
    * `blk_quant_type`: Quantization type
  }];
  let arguments = (ins Msft_float:$A, Msft_uint8:$B, Msft_int64:$B_shape,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$blk_quant_type);
  let results = (outs Msft_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulInteger16Op : Msft_Op<"MatMulInteger16", [Pure]> {
  let summary = "Matrix product that behaves like numpy.matmul: ...";
  let description = [{
    Matrix product that behaves like numpy.matmul: https://docs.scipy.org/doc/numpy-1.13.0/reference/generated/numpy.matmul.html.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `Y`: Matrix multiply results from A * B
  }];
  let arguments = (ins Msft_uint16_int16:$A, Msft_uint16_int16:$B);
  let results = (outs Msft_int32_uint32:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulIntegerToFloatOp : Msft_Op<"MatMulIntegerToFloat", [Pure, AttrSizedOperandSegments]> {
  let summary = "The operator MatMulIntegerToFloat";
  let description = [{


    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `a_scale`: Scale of quantized input 'A'
    * `b_scale`: Scale of quantized input 'B'
    * `a_zero_point`: Zero point tensor for input 'A'
    * `b_zero_point`: Zero point tensor for input 'B'
    * `bias`: 1D input tensor, whose dimension is same as B's last dimension
    * `Y`: Matrix multiply results from A * B
  }];
  let arguments = (ins Msft_uint8_int8:$A, Msft_uint8_int8:$B, Msft_float_float16:$a_scale,
      Msft_float_float16:$b_scale, Optional<Msft_uint8_int8>:$a_zero_point, Optional<Msft_uint8_int8>:$b_zero_point,
      Optional<Msft_float_float16>:$bias);
  let results = (outs Msft_float_float16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulNBitsOp : Msft_Op<"MatMulNBits", [Pure, AttrSizedOperandSegments]> {
  let summary = "MatMulNBits performs a matrix multiplication where the right-hand-side ...";
  let description = [{
    MatMulNBits performs a matrix multiplication where the right-hand-side matrix (weights) is quantized to N bits.

    * `A`: The input tensor, not quantized
    * `B`: Packed uint8 tensor of shape (N, k_blocks, blob_size), where k_blocks = ceil(K / block_size) ...
    * `scales`: Per-block scaling factors for dequantization with shape (N, k_blocks) and same data type as ...
    * `zero_points`: Per-block zero point for dequantization
    * `g_idx`: group_idx
    * `bias`: Bias to add to result
    * `Y`: tensor
    * `K`: Input feature dimension of the weight matrix
    * `N`: Output feature dimension of the weight matrix
    * `accuracy_level`: The minimum accuracy level of input A, can be: 0(unset), 1(fp32), 2(fp16), 3(bf16), or 4(int8) ...
    * `bits`: Bit-width used to quantize the weights (supported values: 2, 4, 8)
    * `block_size`: Size of each quantization block along the K (input feature) dimension
    * `weight_prepacked`: If set, input B is already prepacked into an EP-specific layout and the EP skips runtime weight ...
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$A, Msft_uint8:$B, Msft_float_float16_bfloat16:$scales,
      Optional<Msft_float_uint8_float16_bfloat16>:$zero_points, Optional<Msft_int32>:$g_idx,
      Optional<Msft_float_float16_bfloat16>:$bias, Onnx_IntAttr:$K, Onnx_IntAttr:$N,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$accuracy_level, DefaultValuedAttr<Onnx_IntAttr, "4">:$bits,
      Onnx_IntAttr:$block_size, DefaultValuedAttr<Onnx_IntAttr, "0">:$weight_prepacked);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulNBitsMlpOp : Msft_Op<"MatMulNBitsMlp", [Pure, AttrSizedOperandSegments]> {
  let summary = "MatMulNBitsMlp fuses two MatMulNBits projections that share the same ...";
  let description = [{
    MatMulNBitsMlp fuses two MatMulNBits projections that share the same input and computes.

    * `A`: The shared input tensor
    * `skip`: Optional skip input used by SkipSimplifiedLayerNormalization
    * `norm_scale`: Optional RMSNorm scale with shape [K] used by SimplifiedLayerNormalization or ...
    * `gate_B`: Packed uint8 tensor for the gate projection weights
    * `gate_scales`: Per-block scaling factors for the gate projection
    * `gate_bias`: Optional bias for the gate projection with shape [N]
    * `up_B`: Packed uint8 tensor for the up projection weights
    * `up_scales`: Per-block scaling factors for the up projection
    * `up_bias`: Optional bias for the up projection with shape [N]
    * `Y`: The fused gated MLP output tensor
    * `input_skip_bias_sum`: Optional residual-sum output for SkipSimplifiedLayerNormalization
    * `K`: Input feature dimension shared by both quantized weight matrices
    * `N`: Output feature dimension shared by both quantized weight matrices
    * `accuracy_level`: The minimum accuracy level of input A. It follows the same semantics as MatMulNBits
    * `activation`: Activation applied to the gate projection
    * `bits`: Bit-width used to quantize both weight matrices
    * `block_size`: Size of each quantization block along the K dimension
    * `epsilon`: Epsilon used by the optional fused (Skip)SimplifiedLayerNormalization
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$A, Optional<Msft_float_float16_bfloat16>:$skip,
      Optional<Msft_float_float16_bfloat16>:$norm_scale, Msft_uint8:$gate_B, Msft_float_float16_bfloat16:$gate_scales,
      Optional<Msft_float_float16_bfloat16>:$gate_bias, Msft_uint8:$up_B, Msft_float_float16_bfloat16:$up_scales,
      Optional<Msft_float_float16_bfloat16>:$up_bias, Onnx_IntAttr:$K, Onnx_IntAttr:$N,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$accuracy_level, StrAttr:$activation,
      DefaultValuedAttr<Onnx_IntAttr, "4">:$bits, Onnx_IntAttr:$block_size,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$Y, Optional<Msft_float_float16_bfloat16>:$input_skip_bias_sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MatMulNBitsQkvOp : Msft_Op<"MatMulNBitsQkv", [Pure, AttrSizedOperandSegments]> {
  let summary = "MatMulNBitsQkv fuses either SimplifiedLayerNormalization (RMSNorm) or ...";
  let description = [{
    MatMulNBitsQkv fuses either SimplifiedLayerNormalization (RMSNorm) or SkipSimplifiedLayerNormalization with three MatMulNBits projections that share the same normalized activation.

    * `A`: The shared input tensor
    * `skip`: Optional residual input for SkipSimplifiedLayerNormalization
    * `norm_scale`: Scale input for the simplified layer norm with shape [K]
    * `q_B`: Packed uint8 tensor for the Q projection weights
    * `q_scales`: Per-block scaling factors for the Q projection
    * `q_bias`: Optional bias for the Q projection with shape [Nq]
    * `k_B`: Packed uint8 tensor for the K projection weights
    * `k_scales`: Per-block scaling factors for the K projection
    * `k_bias`: Optional bias for the K projection with shape [Nkv]
    * `v_B`: Packed uint8 tensor for the V projection weights
    * `v_scales`: Per-block scaling factors for the V projection
    * `v_bias`: Optional bias for the V projection with shape [Nkv]
    * `Q`: The Q projection output tensor
    * `K`: The K projection output tensor
    * `V`: The V projection output tensor
    * `input_skip_bias_sum`: Optional residual-sum output for SkipSimplifiedLayerNormalization
    * `K`: Input feature dimension shared by the normalized input and all projection weights
    * `Nkv`: Output feature dimension shared by the K and V projections
    * `Nq`: Output feature dimension of the Q projection
    * `accuracy_level`: The minimum accuracy level of input A. It follows the same semantics as MatMulNBits
    * `bits`: Bit-width used to quantize all weight matrices
    * `block_size`: Size of each quantization block along the K dimension
    * `epsilon`: Epsilon used by the simplified layer norm reduction
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$A, Optional<Msft_float_float16_bfloat16>:$skip,
      Msft_float_float16_bfloat16:$norm_scale, Msft_uint8:$q_B, Msft_float_float16_bfloat16:$q_scales,
      Optional<Msft_float_float16_bfloat16>:$q_bias, Msft_uint8:$k_B, Msft_float_float16_bfloat16:$k_scales,
      Optional<Msft_float_float16_bfloat16>:$k_bias, Msft_uint8:$v_B, Msft_float_float16_bfloat16:$v_scales,
      Optional<Msft_float_float16_bfloat16>:$v_bias, Onnx_IntAttr:$K, Onnx_IntAttr:$Nkv, Onnx_IntAttr:$Nq,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$accuracy_level, DefaultValuedAttr<Onnx_IntAttr, "4">:$bits,
      Onnx_IntAttr:$block_size, DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$Q, Msft_float_float16_bfloat16:$key,
      Msft_float_float16_bfloat16:$V, Optional<Msft_float_float16_bfloat16>:$input_skip_bias_sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MaxpoolWithMaskOp : Msft_Op<"MaxpoolWithMask", [Pure]> {
  let summary = "For internal use";
  let description = [{
    For internal use.

    * `X`:
    * `M`: mask
    * `Y`:
    * `auto_pad`:
    * `kernel_shape`:
    * `pads`:
    * `storage_order`:
    * `strides`:
  }];
  let arguments = (ins Msft_float:$X, Msft_int32:$M, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$storage_order, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MoEOp : Msft_Op<"MoE", [Pure, AttrSizedOperandSegments]> {
  let summary = "Mixture of experts";
  let description = [{
    Mixture of experts.

    * `input`: 2D packed token tensor with shape (total_tokens, hidden_size), where tokens from ragged ...
    * `router_probs`: 2D input tensor with shape (total_tokens, num_experts), where total_tokens must match the ...
    * `fc1_experts_weights`: 3D input tensor with shape (num_experts, fusion_size * inter_size, hidden_size), where ...
    * `fc1_experts_bias`: 2D optional input tensor with shape (num_experts, fusion_size * inter_size)
    * `fc2_experts_weights`: 3D input tensor with shape (num_experts, hidden_size, inter_size)
    * `fc2_experts_bias`: 2D optional input tensor with shape (num_experts, hidden_size)
    * `fc3_experts_weights`: 3D optional input tensor with shape (num_experts, inter_size, hidden_size)
    * `fc3_experts_bias`: 2D optional input tensor with shape (num_experts, inter_size)
    * `output`: Same shape as input: packed (total_tokens, hidden_size) or padded (batch_size, sequence_length, ...
    * `activation_alpha`: Alpha parameter used in activation function
    * `activation_beta`: Beta parameter used in activation function
    * `activation_type`: Activation function to use
    * `k`: Number of top experts to select from expert pool
    * `normalize_routing_weights`: Whether to normalize routing weights
    * `swiglu_fusion`: 0: not fused, 1: fused and interleaved
    * `swiglu_limit`: The limit used to clamp in SwiGLU. No clamp when limit is not provided
    * `use_sparse_mixer`: Whether to use sparse mixer
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$router_probs,
      Msft_float_float16_bfloat16:$fc1_experts_weights, Optional<Msft_float_float16_bfloat16>:$fc1_experts_bias,
      Msft_float_float16_bfloat16:$fc2_experts_weights, Optional<Msft_float_float16_bfloat16>:$fc2_experts_bias,
      Optional<Msft_float_float16_bfloat16>:$fc3_experts_weights,
      Optional<Msft_float_float16_bfloat16>:$fc3_experts_bias,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$activation_alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$activation_beta,
      DefaultValuedStrAttr<StrAttr, "relu">:$activation_type, DefaultValuedAttr<Onnx_IntAttr, "1">:$k,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$normalize_routing_weights,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$swiglu_fusion, OptionalAttr<Onnx_FloatAttr>:$swiglu_limit,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$use_sparse_mixer);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MulIntegerOp : Msft_Op<"MulInteger", [Pure, AttrSizedOperandSegments]> {
  let summary = "Performs element-wise binary quantized multiplication (with Numpy-style ...";
  let description = [{
    Performs element-wise binary quantized multiplication (with Numpy-style broadcasting support).

    * `A`: First operand
    * `A_zero_point`: Input A zero point
    * `B`: Second operand
    * `B_zero_point`: Input B zero point
    * `C`: Constrain output to 32 bit tensor
  }];
  let arguments = (ins Msft_uint8_int8:$A, Optional<Msft_uint8_int8>:$A_zero_point, Msft_uint8_int8:$B,
      Optional<Msft_uint8_int8>:$B_zero_point);
  let results = (outs Msft_int32:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MultiHeadAttentionOp : Msft_Op<"MultiHeadAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Multi-Head Self/Cross Attention";
  let description = [{
    Multi-Head Self/Cross Attention.

    * `query`: Query with shape (batch_size, sequence_length, hidden_size), or packed QKV with shape ...
    * `key`: Key with shape (batch_size, kv_sequence_length, hidden_size), or packed KV with shape ...
    * `value`: Value with shape (batch_size, kv_sequence_length, v_hidden_size), or past_value with shape ...
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) from input projection
    * `key_padding_mask`: Key padding mask with shape (batch_size), (3 * batch_size + 2), (batch_size, ...
    * `attention_bias`: bias added to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `past_key`: past state for key with shape (batch_size, num_heads, past_sequence_length, head_size) or ...
    * `past_value`: past state for value with shape (batch_size, num_heads, past_sequence_length, head_size) or ...
    * `past_sequence_length`: The past_sequence_length buffer sharing is used with
    * `cache_indirection`: A buffer of shape [batch_size, beam_width, max_sequence_length] where an [i, j, k] entry ...
    * `output`: 3D output tensor with shape (batch_size, sequence_length, v_hidden_size)
    * `present_key`: present state for key with shape (batch_size, num_heads, total_sequence_length, head_size) or ...
    * `present_value`: present state for value with shape (batch_size, num_heads, total_sequence_length, head_size) or ...
    * `qk`: normalized Q * K, of shape (batch_size, num_heads, sequence_length, total_sequence_length)
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `scale`: Custom scale will be used if specified
    * `unidirectional`: Whether every token can only attend to previous tokens
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Optional<Msft_float_float16_bfloat16>:$value, Optional<Msft_float_float16_bfloat16>:$bias,
      Optional<Msft_int32>:$key_padding_mask, Optional<Msft_float_float16_bfloat16>:$attention_bias,
      Optional<Msft_float_float16_bfloat16>:$past_key, Optional<Msft_float_float16_bfloat16>:$past_value,
      Optional<Msft_int32>:$past_sequence_length, Optional<Msft_int32>:$cache_indirection,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads, OptionalAttr<Onnx_FloatAttr>:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$unidirectional);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float_float16_bfloat16>:$present_key,
      Optional<Msft_float_float16_bfloat16>:$present_value, Optional<Msft_float_float16_bfloat16>:$qk);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_MurmurHash3Op : Msft_Op<"MurmurHash3", [Pure]> {
  let summary = "The underlying implementation is MurmurHash3_x86_32 generating low ...";
  let description = [{
    The underlying implementation is MurmurHash3_x86_32 generating low latency 32bits hash suitable for implementing lookup tables, Bloom filters, count min sketch or feature hashing.

    * `X`: An input tensor to hash
    * `Y`: 32-bit hash value
    * `positive`: If value is 1, output type is uint32_t, else int32_t
    * `seed`: Seed for the hashing algorithm, unsigned 32-bit integer, default to 0
  }];
  let arguments = (ins Msft_Types28:$X, DefaultValuedAttr<Onnx_IntAttr, "1">:$positive,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$seed);
  let results = (outs Msft_int32_uint32:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_NGramHashMappingOp : Msft_Op<"NGramHashMapping", [Pure, AttrSizedOperandSegments]> {
  let summary = "Computes Engram n-gram hash ids from pre-compressed tokenizer ids";
  let description = [{
    Computes Engram n-gram hash ids from pre-compressed tokenizer ids.

    * `input_ids`: Compressed tokenizer ids with shape (batch_size, sequence_length)
    * `multipliers`: Per-shift hash multipliers with shape at least (max_ngram_size)
    * `vocab_sizes`: Per-output-head vocabulary sizes, conventionally prime, with shape ((max_ngram_size - 1) * ...
    * `past_ids`: Optional compressed tokenizer ids for the max_ngram_size - 1 positions that precede this call, ...
    * `head_offsets`: Optional per-output-head additive offset with shape ((max_ngram_size - 1) * n_head_per_ngram), ...
    * `eos_token_id`: Optional scalar end-of-sequence token id, same type as input_ids
    * `segment_ids`: Optional per-token segment id with shape (batch_size, sequence_length), used to reset causal ...
    * `hash_ids`: Hash ids with shape (batch_size, sequence_length, (max_ngram_size - 1) * n_head_per_ngram)
    * `present_ids`: Trailing max_ngram_size - 1 ids of past_ids followed by input_ids, with shape (batch_size, ...
    * `max_ngram_size`: Maximum n-gram order
    * `n_head_per_ngram`: Number of hash heads emitted for each n-gram order
    * `pad_id`: Compressed tokenizer id used to pad causal shifts before the beginning of a sequence
    * `reset_on_eos`: When non-zero and the eos_token_id input is provided, reset causal n-gram history at EOS ...
  }];
  let arguments = (ins Msft_int32_int64:$input_ids, Msft_int32_int64:$multipliers, Msft_int32_int64:$vocab_sizes,
      Optional<Msft_int32_int64>:$past_ids, Optional<Msft_int32_int64>:$head_offsets,
      Optional<Msft_int32_int64>:$eos_token_id, Optional<Msft_int32>:$segment_ids, Onnx_IntAttr:$max_ngram_size,
      Onnx_IntAttr:$n_head_per_ngram, Onnx_IntAttr:$pad_id, DefaultValuedAttr<Onnx_IntAttr, "0">:$reset_on_eos);
  let results = (outs Msft_int32_int64:$hash_ids, Optional<Msft_int32_int64>:$present_ids);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_NGramRepeatBlockOp : Msft_Op<"NGramRepeatBlock", [Pure]> {
  let summary = "Enforce no repetition of n-grams";
  let description = [{
    Enforce no repetition of n-grams.

    * `input_ids`: 2D input tensor with shape (batch_size, sequence_length)
    * `scores`: 2D input tensor with shape (batch_size, vocab_size)
    * `scores_out`: 2D output tensor with shape (batch_size, vocab_size)
    * `ngram_size`: The NGram size
  }];
  let arguments = (ins Msft_int64:$input_ids, Msft_float:$scores, Onnx_IntAttr:$ngram_size);
  let results = (outs Msft_float:$scores_out);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_NhwcConvOp : Msft_Op<"NhwcConv", [Pure]> {
  let summary = "The operator NhwcConv";
  let description = [{


    * `X`: Input data tensor from previous layer; has size (N x C x H x W), where N is the batch size, C ...
    * `W`: The weight tensor that will be used in the convolutions; has size (M x C/group x kH x kW), ...
    * `B`: Optional 1D bias to be added to the convolution, has size of M
    * `Y`: Output data tensor that contains the result of the convolution
    * `auto_pad`:
    * `dilations`: dilation value along each spatial axis of the filter
    * `group`: number of groups input channels and output channels are divided into
    * `kernel_shape`: The shape of the convolution kernel
    * `pads`:
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Msft_float_float16_double:$X, Msft_float_float16_double:$W,
      Optional<Msft_float_float16_double>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_NhwcFusedConvOp : Msft_Op<"NhwcFusedConv", [Pure, AttrSizedOperandSegments]> {
  let summary = "NhwcFusedConv is a Conv operator with optional activation and add ...";
  let description = [{
    NhwcFusedConv is a Conv operator with optional activation and add operators fused in.

    * `X`: Input activation tensor in channels-last layout
    * `W`: Convolution weight tensor in the standard ONNX Conv filter layout [M, C/group, kH, kW], where M ...
    * `B`: Optional 1D bias tensor of shape [M]
    * `Z`: Optional residual/add tensor in the same channels-last layout and shape as the output tensor Y. ...
    * `Y`: Output tensor in channels-last layout
    * `activation`:
    * `activation_params`:
    * `auto_pad`:
    * `dilations`:
    * `group`:
    * `kernel_shape`:
    * `pads`:
    * `strides`:
  }];
  let arguments = (ins Msft_float_float16:$X, Msft_float_float16:$W, Optional<Msft_float_float16>:$B,
      Optional<Msft_float_float16>:$Z, OptionalAttr<StrAttr>:$activation,
      OptionalAttr<DenseF32ArrayAttr>:$activation_params, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      OptionalAttr<DenseI64ArrayAttr>:$dilations, DefaultValuedAttr<Onnx_IntAttr, "1">:$group,
      OptionalAttr<DenseI64ArrayAttr>:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads,
      OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_float_float16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_NhwcMaxPoolOp : Msft_Op<"NhwcMaxPool", [Pure]> {
  let summary = "The operator NhwcMaxPool";
  let description = [{


    * `x`:
    * `y`:
    * `auto_pad`:
    * `ceil_mode`:
    * `dilations`:
    * `kernel_shape`:
    * `pads`:
    * `strides`:
  }];
  let arguments = (ins Msft_uint8_int8:$x, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$ceil_mode, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DenseI64ArrayAttr:$kernel_shape, OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_uint8_int8:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_PackedAttentionOp : Msft_Op<"PackedAttention", [Pure]> {
  let summary = "This is the packed version of Attention";
  let description = [{
    This is the packed version of Attention.

    * `input`: Input tensor with shape (token_count, input_hidden_size)
    * `weights`: Merged Q/K/V weights with shape (input_hidden_size, hidden_size + hidden_size + v_hidden_size)
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) for input projection
    * `token_offset`: In packing mode, it specifies the offset of each token(batch_size, sequence_length)
    * `cumulative_sequence_length`: A tensor with shape (batch_size + 1)
    * `attention_bias`: A tensor with shape (batch_size or 1, num_heads or 1, sequence_length, sequence_length).It ...
    * `output`: 2D output tensor with shape (token_count, v_hidden_size)
    * `num_heads`: Number of attention heads
    * `qkv_hidden_sizes`: Hidden dimension of Q, K, V: hidden_size, hidden_size and v_hidden_size
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_float_float16:$weights, Msft_float_float16:$bias,
      Msft_int32:$token_offset, Msft_int32:$cumulative_sequence_length, Optional<Msft_float_float16>:$attention_bias,
      Onnx_IntAttr:$num_heads, OptionalAttr<DenseI64ArrayAttr>:$qkv_hidden_sizes, OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_PackedMultiHeadAttentionOp : Msft_Op<"PackedMultiHeadAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "This is the packed version of MultiHeadAttention";
  let description = [{
    This is the packed version of MultiHeadAttention.

    * `query`: Query with shape (token_count, hidden_size) or packed qkv with shape (token_count, num_heads, ...
    * `key`: Key with shape (token_count, hidden_size)
    * `value`: Value with shape (token_count, v_hidden_size)
    * `bias`: Bias tensor with shape (hidden_size + hidden_size + v_hidden_size) from input projection
    * `token_offset`: Offset of each token before packing, with shape (batch_size, sequence_length)
    * `cumulative_sequence_length`: A tensor with shape (batch_size + 1)
    * `attention_bias`: It specifies the additional bias to QxK'
    * `output`: output tensor with shape (token_count, v_hidden_size)
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16:$query, Optional<Msft_float_float16>:$key,
      Optional<Msft_float_float16>:$value, Optional<Msft_float_float16>:$bias, Msft_int32:$token_offset,
      Msft_int32:$cumulative_sequence_length, Optional<Msft_float_float16>:$attention_bias,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads, OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_PackedSparseAttentionIndexerOp : Msft_Op<"PackedSparseAttentionIndexer", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Packed/variable-length counterpart of SparseAttentionIndexer, for ...";
  let description = [{
    Packed/variable-length counterpart of SparseAttentionIndexer, for continuous-batching engines (such as an OgaEngine-style PagedAttention model) that flatten every request's tokens into one [total_tokens, ...] axis instead of a dense [batch_size, sequence_length, ...] axis.

    * `query`: Packed indexer queries with shape (total_tokens, num_heads * head_size), before normalization, ...
    * `key`: Packed indexer key projection of the new tokens
    * `query_norm_weight`: Effective RMSNorm multiplier of the queries, with shape (head_size)
    * `key_norm_weight`: Effective RMSNorm multiplier of the compressed keys, with shape (head_size)
    * `cos_cache`: Cosine rotary table indexed by absolute key position, shared across the batch with shape ...
    * `sin_cache`: Sine rotary table with the same shape as cos_cache
    * `cumulative_sequence_lengths`: Device-resident packed request boundaries with shape (batch_size + 1); ...
    * `past_sequence_lengths`: Device-resident number of tokens already processed for each request before this call, with ...
    * `gate`: Only for policy_mode 'csa': gate projection of the new tokens with shape (total_tokens, 2 * ...
    * `position_bias`: Only for policy_mode 'csa': per-slot gate bias with shape (compress_ratio, 2 * head_size)
    * `head_weights`: Only for policy_mode 'csa': per-head score weights with shape (total_tokens, num_heads)
    * `position_ids`: Only for policy_mode 'csa': absolute position of every packed query, with shape (total_tokens)
    * `past_key_state`: Generic fixed-capacity state: policy_mode 'qsa' stores prepared complete-block keys; ...
    * `past_kv_buffer`: Generic fixed-capacity pending-token buffer
    * `past_gate_buffer`: Only for policy_mode 'csa': buffered gate projections with the same shape as past_kv_buffer
    * `past_state_lengths`: Generic per-request state length with shape (batch_size, 2)
    * `state_update_capture_count`: Only for policy_mode 'qsa': number of leading token transitions to capture for each request, ...
    * `state_update_active`: Only for policy_mode 'qsa': optional capture gate with shape (1)
    * `selected_indices`: Selected entries with shape (total_tokens, capacity)
    * `selected_counts`: Exact number of used (non -1) entries of selected_indices for every query, with shape ...
    * `present_key_state`: Updated generic key state, with the same fixed shape as past_key_state
    * `present_kv_buffer`: Updated generic pending-token buffer, with the same fixed shape as past_kv_buffer
    * `present_gate_buffer`: Only for policy_mode 'csa': updated gate buffer with the same fixed shape as past_gate_buffer
    * `present_state_lengths`: Updated generic per-request state length, with the same fixed shape as past_state_lengths
    * `state_update`: Only for policy_mode 'qsa': compact transition payloads with shape (batch_size, ...
    * `compress_ratio`: Number of consecutive tokens folded into one compressed/pooled entry
    * `epsilon`: Epsilon of the RMS normalization applied to queries and compressed keys
    * `head_weight_scale`: Only for policy_mode 'csa': scale applied to head_weights
    * `index_topk`: Only for policy_mode 'csa': number of compressed entries selected per query
    * `policy_mode`: Indexer policy
    * `scale`: Scale applied to the per-head ReLU scores
    * `state_capacity`: Fixed capacity (number of entries) of past_key_state / present_key_state
    * `state_update_capacity`: Only for policy_mode 'qsa': maximum number of leading token transitions captured per request
    * `token_budget`: Only for policy_mode 'qsa': maximum number of tokens selected from complete blocks
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Msft_float_float16_bfloat16:$query_norm_weight, Msft_float_float16_bfloat16:$key_norm_weight,
      Msft_float_float16_bfloat16:$cos_cache, Msft_float_float16_bfloat16:$sin_cache,
      Msft_int32:$cumulative_sequence_lengths, Msft_int32:$past_sequence_lengths,
      Optional<Msft_float_float16_bfloat16>:$gate, Optional<Msft_float_float16_bfloat16>:$position_bias,
      Optional<Msft_float_float16_bfloat16>:$head_weights, Optional<Msft_int64>:$position_ids,
      Msft_float_float16_bfloat16:$past_key_state, Msft_float_float16_bfloat16:$past_kv_buffer,
      Optional<Msft_float_float16_bfloat16>:$past_gate_buffer, Msft_int32:$past_state_lengths,
      Optional<Msft_int32>:$state_update_capture_count, Optional<Msft_int32>:$state_update_active,
      Onnx_IntAttr:$compress_ratio, DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$epsilon,
      OptionalAttr<Onnx_FloatAttr>:$head_weight_scale, OptionalAttr<Onnx_IntAttr>:$index_topk, StrAttr:$policy_mode,
      OptionalAttr<Onnx_FloatAttr>:$scale, Onnx_IntAttr:$state_capacity,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$state_update_capacity, OptionalAttr<Onnx_IntAttr>:$token_budget);
  let results = (outs Msft_int32:$selected_indices, Msft_int32:$selected_counts,
      Msft_float_float16_bfloat16:$present_key_state, Msft_float_float16_bfloat16:$present_kv_buffer,
      Optional<Msft_float_float16_bfloat16>:$present_gate_buffer, Msft_int32:$present_state_lengths,
      Optional<Msft_float_float16_bfloat16>:$state_update);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_PadOp : Msft_Op<"Pad", [Pure]> {
  let summary = "Given `data` tensor, pads, mode, and value";
  let description = [{
    Given `data` tensor, pads, mode, and value.

    * `data`: Input tensor
    * `pads`: Tensor of integers indicating the number of padding elements to add or remove (if negative) at ...
    * `value`: (Optional) A scalar or rank 1 tensor containing a single value to be filled if the mode chosen ...
    * `output`: Tensor after padding
    * `mode`: Three modes: `constant`(default) - pads with a given constant value, `reflect` - pads with the ...
  }];
  let arguments = (ins Msft_float_float16_double:$data, Msft_int64:$pads, Optional<Msft_float_float16_double>:$value,
      DefaultValuedStrAttr<StrAttr, "constant">:$mode);
  let results = (outs Msft_float_float16_double:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_PagedAttentionOp : Msft_Op<"PagedAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Paged Attention";
  let description = [{
    Paged Attention.

    * `query`: Query with shape (num_tokens, hidden_size), or packed QKV with shape (num_tokens, d) where d is ...
    * `key`: Key with shape (num_tokens, kv_hidden_size)
    * `value`: Value with shape (num_tokens, kv_hidden_size)
    * `key_cache`: Block-based key cache with shape (num_blocks, block_size, kv_num_heads, cache_head_size), where ...
    * `value_cache`: Block-based value cache with shape (num_blocks, block_size, kv_num_heads, cache_head_size), ...
    * `cumulative_sequence_length`: A tensor with shape (batch_size + 1)
    * `past_seqlens`: A tensor with shape (batch_size)
    * `block_table`: 2D tensor with shape (batch_size, max_blocks_per_sequence) that maps each sequence in the batch ...
    * `cos_cache`: 2D tensor with shape (max total seqlen, head_size / 2)
    * `sin_cache`: 2D tensor with shape (max total seqlen, head_size / 2)
    * `slot_mapping`: 1D tensor with shape (num_tokens)
    * `head_sink`: 1D tensor with shape (num_heads)
    * `q_norm_weight`: 1D tensor with shape (head_size)
    * `k_norm_weight`: 1D tensor with shape (head_size)
    * `k_scale`: Dequantization scale of the key cache
    * `v_scale`: Dequantization scale of the value cache
    * `attention_metadata`: 1D tensor with shape (2) or (3) holding [max_query_len_bound, max_kv_len_bound, optional ...
    * `output`: 2D output tensor with shape (num_tokens, num_heads * v_head_size), which is (num_tokens, ...
    * `key_cache_out`: Aliases key_cache with the same shape and element type, including its packed dimension for INT4
    * `value_cache_out`: Aliases value_cache with the same shape and element type, including its packed dimension for ...
    * `do_rotary`: Whether to use rotary position embedding
    * `is_causal`: Whether the attention mask is causal (bottom-right aligned)
    * `k_cache_dtype`: Logical element type stored in 'key_cache', named after the ONNX element type it denotes: '' ...
    * `k_quant_type`: Quantization granularity of the key cache: 'NONE', 'PER_TENSOR' or 'PER_CHANNEL'
    * `kv_cache_layout`: Physical layout of the KV cache: 'SEPARATE' or 'LATENT'
    * `kv_num_heads`: Number of attention heads for k and v
    * `local_window_size`: left_window_size for local attention (like Mistral)
    * `num_heads`: Number of attention heads for q
    * `qk_norm_epsilon`: Epsilon used by the Q/K RMSNorm when 'q_norm_weight' and 'k_norm_weight' are provided
    * `rotary_interleaved`: Rotate using interleaved pattern
    * `rotary_offset`: First channel within head_size covered by rotary embedding, so RoPE is applied to ...
    * `scale`: Custom scale will be used if specified
    * `softcap`: Softcap value for attention weights
    * `v_cache_dtype`: Logical element type stored in 'value_cache', with the same values and packing rule as ...
    * `v_head_size`: Width of the value head, which may be narrower than head_size
    * `v_quant_type`: Quantization granularity of the value cache: 'NONE', 'PER_TENSOR' or 'PER_CHANNEL'
  }];
  let arguments = (ins Msft_float16_bfloat16:$query, Optional<Msft_float16_bfloat16>:$key,
      Optional<Msft_float16_bfloat16>:$value, Msft_Types29:$key_cache, Optional<Msft_Types29>:$value_cache,
      Msft_int32:$cumulative_sequence_length, Msft_int32:$past_seqlens, Msft_int32:$block_table,
      Optional<Msft_float16_bfloat16>:$cos_cache, Optional<Msft_float16_bfloat16>:$sin_cache,
      Optional<Msft_int32>:$slot_mapping, Optional<Msft_float16_bfloat16>:$head_sink,
      Optional<Msft_float16_bfloat16>:$q_norm_weight, Optional<Msft_float16_bfloat16>:$k_norm_weight,
      Optional<Msft_float>:$k_scale, Optional<Msft_float>:$v_scale, Optional<Msft_int32>:$attention_metadata,
      OptionalAttr<Onnx_IntAttr>:$do_rotary, DefaultValuedAttr<Onnx_IntAttr, "1">:$is_causal,
      DefaultValuedStrAttr<StrAttr, "">:$k_cache_dtype, DefaultValuedStrAttr<StrAttr, "NONE">:$k_quant_type,
      DefaultValuedStrAttr<StrAttr, "SEPARATE">:$kv_cache_layout, Onnx_IntAttr:$kv_num_heads,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$local_window_size, Onnx_IntAttr:$num_heads,
      OptionalAttr<Onnx_FloatAttr>:$qk_norm_epsilon, OptionalAttr<Onnx_IntAttr>:$rotary_interleaved,
      OptionalAttr<Onnx_IntAttr>:$rotary_offset, OptionalAttr<Onnx_FloatAttr>:$scale,
      OptionalAttr<Onnx_FloatAttr>:$softcap, DefaultValuedStrAttr<StrAttr, "">:$v_cache_dtype,
      OptionalAttr<Onnx_IntAttr>:$v_head_size, DefaultValuedStrAttr<StrAttr, "NONE">:$v_quant_type);
  let results = (outs Msft_float16_bfloat16:$output, Optional<Msft_Types29>:$key_cache_out,
      Optional<Msft_Types29>:$value_cache_out);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QAttentionOp : Msft_Op<"QAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Quantization of Multi-Head Self Attention";
  let description = [{
    Quantization of Multi-Head Self Attention.

    * `input`: 3D input tensor with shape (batch_size, sequence_length, input_hidden_size)
    * `weight`: 2D input tensor with shape (input_hidden_size, 3 * hidden_size), hidden_size = num_heads * ...
    * `bias`: 1D input tensor with shape (3 * hidden_size)
    * `input_scale`: scale of quantized input tensor
    * `weight_scale`: scale of weight scale
    * `mask_index`: Attention mask index with shape (batch_size)
    * `input_zero_point`: zero point of quantized input tensor.It's a scalar, which means a per-tensor/layer quantization
    * `weight_zero_point`: zero point of quantized weight tensor
    * `past`: past state for key and value with shape (2, batch_size, num_heads, past_sequence_length, ...
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `present`: present state for key and value with shape (2, batch_size, num_heads, past_sequence_length + ...
    * `do_rotary`: Whether to use rotary position embedding
    * `mask_filter_value`: The value to be filled in the attention mask
    * `num_heads`: Number of attention heads
    * `past_present_share_buffer`: Corresponding past and present are same tensor, its shape is (2, batch_size, num_heads, ...
    * `scale`: Custom scale will be used if specified
    * `unidirectional`: Whether every token can only attend to previous tokens
  }];
  let arguments = (ins Msft_uint8_int8:$input, Msft_uint8_int8:$weight, Msft_float_float16:$bias,
      Msft_float_float16:$input_scale, Msft_float_float16:$weight_scale, Optional<Msft_int32>:$mask_index,
      Optional<Msft_uint8_int8>:$input_zero_point, Optional<Msft_uint8_int8>:$weight_zero_point,
      Optional<Msft_float_float16>:$past, OptionalAttr<Onnx_IntAttr>:$do_rotary,
      OptionalAttr<Onnx_FloatAttr>:$mask_filter_value, Onnx_IntAttr:$num_heads,
      OptionalAttr<Onnx_IntAttr>:$past_present_share_buffer, OptionalAttr<Onnx_FloatAttr>:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$unidirectional);
  let results = (outs Msft_float_float16:$output, Optional<Msft_float_float16>:$present);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QEmbedLayerNormalizationOp : Msft_Op<"QEmbedLayerNormalization", [Pure, AttrSizedOperandSegments]> {
  let summary = "QEmbedLayerNormalization is the quantized fusion of embedding layer in ...";
  let description = [{
    QEmbedLayerNormalization is the quantized fusion of embedding layer in BERT model, with optional mask processing.

    * `input_ids`: 2D words IDs with shape (batch_size, sequence_length)
    * `segment_ids`: 2D segment IDs with shape (batch_size, sequence_length)
    * `word_embedding_quant`: 2D with shape (,hidden_size)
    * `position_embedding_quant`: 2D with shape (, hidden_size)
    * `segment_embedding`: 2D with shape (, hidden_size)
    * `gamma_quant`: 1D gamma tensor for layer normalization with shape (hidden_size)
    * `beta_quant`: 1D beta tensor for layer normalization with shape (hidden_size)
    * `mask`: Mask
    * `word_embedding_scale`: Scale for word embeddings
    * `position_embedding_scale`: Scale for position embeddings
    * `segment_embedding_scale`: Scale for segment embeddings
    * `gamma_scale`: Scale for 1D gamma tensor
    * `beta_scale`: Scale for 1D beta tensor
    * `word_embedding_zero_point`: Zero point for word embeddings
    * `position_embedding_zero_point`: Zero point for position embeddings
    * `segment_embedding_zero_point`: Zero Point for segment embeddings
    * `gamma_zero_point`: Zero Point for 1D gamma tensor
    * `beta_zero_point`: Zero Point for 1D beta tensor
    * `layernorm_out`: LayerNorm Output
    * `mask_index_out`: Mask Index Output
    * `epsilon`: The epsilon value to use to avoid division by zero
  }];
  let arguments = (ins Msft_int32:$input_ids, Optional<Msft_int32>:$segment_ids,
      Msft_uint8_int8:$word_embedding_quant, Msft_uint8_int8:$position_embedding_quant,
      Optional<Msft_uint8_int8>:$segment_embedding, Msft_uint8_int8:$gamma_quant, Msft_uint8_int8:$beta_quant,
      Optional<Msft_int32>:$mask, Msft_float:$word_embedding_scale, Msft_float:$position_embedding_scale,
      Optional<Msft_float>:$segment_embedding_scale, Msft_float:$gamma_scale, Msft_float:$beta_scale,
      Msft_uint8_int8:$word_embedding_zero_point, Msft_uint8_int8:$position_embedding_zero_point,
      Optional<Msft_uint8_int8>:$segment_embedding_zero_point, Msft_uint8_int8:$gamma_zero_point,
      Msft_uint8_int8:$beta_zero_point, DefaultValuedAttr<Onnx_FloatAttr, "1e-12f">:$epsilon);
  let results = (outs Msft_float:$layernorm_out, Msft_int32:$mask_index_out);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QGemmOp : Msft_Op<"QGemm", [Pure, AttrSizedOperandSegments]> {
  let summary = "Quantized Gemm";
  let description = [{
    Quantized Gemm.

    * `A`: Input tensor A. The shape of A should be (M, K) if transA is 0, or (K, M) if transA is non-zero
    * `a_scale`: Scale of quantized input 'A'
    * `a_zero_point`: Zero point tensor for input 'A'
    * `B`: Input tensor B. The shape of B should be (K, N) if transB is 0, or (N, K) if transB is non-zero
    * `b_scale`: Scale of quantized input 'B'
    * `b_zero_point`: Zero point tensor for input 'B'
    * `C`: Optional input tensor C. If not specified, the computation is done as if C is a scalar 0
    * `y_scale`: Scale of output 'Y'
    * `y_zero_point`: Zero point tensor for output 'Y'
    * `Y`: Output tensor of shape (M, N)
    * `alpha`: Scalar multiplier for the product of input tensors A * B
    * `transA`: Whether A should be transposed
    * `transB`: Whether B should be transposed
  }];
  let arguments = (ins Msft_uint8_int8:$A, Msft_float:$a_scale, Msft_uint8_int8:$a_zero_point, Msft_uint8_int8:$B,
      Msft_float:$b_scale, Msft_uint8_int8:$b_zero_point, Optional<Msft_int32>:$C, Optional<Msft_float>:$y_scale,
      Optional<Msft_uint8_int8>:$y_zero_point, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Msft_float_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearAddOp : Msft_Op<"QLinearAdd", [Pure, AttrSizedOperandSegments]> {
  let summary = "Performs element-wise binary addition on 8 bit data types (with ...";
  let description = [{
    Performs element-wise binary addition on 8 bit data types (with Numpy-style broadcasting support).

    * `A`: First operand
    * `A_scale`: Input A's scale
    * `A_zero_point`: Input A zero point
    * `B`: Second operand
    * `B_scale`: Input B's scale
    * `B_zero_point`: Input B zero point
    * `C_scale`: Output scale
    * `C_zero_point`: Output zero point
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Msft_uint8_int8:$A, Msft_float:$A_scale, Optional<Msft_uint8_int8>:$A_zero_point,
      Msft_uint8_int8:$B, Msft_float:$B_scale, Optional<Msft_uint8_int8>:$B_zero_point, Msft_float:$C_scale,
      Optional<Msft_uint8_int8>:$C_zero_point);
  let results = (outs Msft_uint8_int8:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearAveragePoolOp : Msft_Op<"QLinearAveragePool", [Pure, AttrSizedOperandSegments]> {
  let summary = "QLinearAveragePool consumes an input tensor X and applies average ...";
  let description = [{
    QLinearAveragePool consumes an input tensor X and applies average pooling across the tensor according to kernel sizes, stride sizes, and pad lengths.

    * `X`: Input data tensor from the previous operator; dimensions for image case are (N x C x H x W), ...
    * `x_scale`: Input scale
    * `x_zero_point`: Input zero point
    * `y_scale`: Output scale
    * `y_zero_point`: Output zero point
    * `Y`: Output data tensor from average or max pooling across the input tensor
    * `auto_pad`: auto_pad must be either NOTSET, SAME_UPPER, SAME_LOWER or VALID. Where default value is NOTSET, ...
    * `ceil_mode`: Whether to use ceil or floor (default) to compute the output shape
    * `channels_last`: Works on NHWC layout or not? Default not
    * `count_include_pad`: Whether include pad pixels when calculating values for the edges
    * `kernel_shape`: The size of the kernel along each axis
    * `pads`: Padding for the beginning and ending along each spatial axis, it can take any value greater ...
    * `strides`: Stride along each spatial axis
  }];
  let arguments = (ins Msft_uint8_int8:$X, Msft_float:$x_scale, Optional<Msft_uint8_int8>:$x_zero_point,
      Msft_float:$y_scale, Optional<Msft_uint8_int8>:$y_zero_point, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$ceil_mode, DefaultValuedAttr<Onnx_IntAttr, "0">:$channels_last,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$count_include_pad, DenseI64ArrayAttr:$kernel_shape,
      OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearConcatOp : Msft_Op<"QLinearConcat", [Pure]> {
  let summary = "Concatenate a list of tensors into a single tensor.All input tensors ...";
  let description = [{
    Concatenate a list of tensors into a single tensor.All input tensors must have the same shape, except for the dimension size of the axis to concatenate on.

    * `Y_scale`: Y's scale
    * `Y_zero_point`: Y's zero point
    * `inputs`: List of tensors/scale/zero_point for concatenation
    * `Y`: Concatenated tensor
    * `axis`: Which axis to concat on
  }];
  let arguments = (ins Msft_float:$Y_scale, Msft_uint8_int8:$Y_zero_point, Variadic<Msft_float_uint8_int8>:$inputs,
      Onnx_IntAttr:$axis);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearConvOp : Msft_Op<"QLinearConv", [Pure]> {
  let summary = "The operator QLinearConv";
  let description = [{


    * `x`:
    * `x_scale`:
    * `x_zero_point`:
    * `w`:
    * `w_scale`:
    * `w_zero_point`:
    * `y_scale`:
    * `y_zero_point`:
    * `B`:
    * `y`:
    * `auto_pad`:
    * `channels_last`:
    * `dilations`:
    * `group`:
    * `kernel_shape`:
    * `pads`:
    * `strides`:
  }];
  let arguments = (ins Msft_uint8_int8:$x, Msft_float:$x_scale, Msft_uint8_int8:$x_zero_point, Msft_uint8_int8:$w,
      Msft_float:$w_scale, Msft_uint8_int8:$w_zero_point, Msft_float:$y_scale, Msft_uint8_int8:$y_zero_point,
      Optional<Msft_int32>:$B, DefaultValuedStrAttr<StrAttr, "NOTSET">:$auto_pad,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$channels_last, OptionalAttr<DenseI64ArrayAttr>:$dilations,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$group, OptionalAttr<DenseI64ArrayAttr>:$kernel_shape,
      OptionalAttr<DenseI64ArrayAttr>:$pads, OptionalAttr<DenseI64ArrayAttr>:$strides);
  let results = (outs Msft_uint8_int8:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearGlobalAveragePoolOp : Msft_Op<"QLinearGlobalAveragePool", [Pure]> {
  let summary = "QLinearGlobalAveragePool consumes an input tensor X and applies Average ...";
  let description = [{
    QLinearGlobalAveragePool consumes an input tensor X and applies Average pooling across the values in the same channel.

    * `X`: Input data tensor from the previous operator; According to channels_last, dimensions for image ...
    * `x_scale`: Scale of quantized input 'X'
    * `x_zero_point`: Zero point tensor for input 'X'
    * `y_scale`: Scale of quantized output 'Y'
    * `y_zero_point`: Zero point tensor for output 'Y'
    * `Y`: Output data tensor from pooling across the input tensor
    * `channels_last`:
  }];
  let arguments = (ins Msft_uint8_int8:$X, Msft_float:$x_scale, Msft_uint8_int8:$x_zero_point, Msft_float:$y_scale,
      Msft_uint8_int8:$y_zero_point, DefaultValuedAttr<Onnx_IntAttr, "0">:$channels_last);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearLeakyReluOp : Msft_Op<"QLinearLeakyRelu", [Pure, AttrSizedOperandSegments]> {
  let summary = "QLinearLeakyRelu takes quantized input data (Tensor), an argument ...";
  let description = [{
    QLinearLeakyRelu takes quantized input data (Tensor), an argument alpha, and quantize parameter for output, and produces one output data (Tensor) where the function `f(x) = quantize(alpha * dequantize(x)) for dequantize(x) = 0`, is applied to the data tensor elementwise.

    * `X`: Input tensor
    * `X_scale`: Input X's scale
    * `X_zero_point`: Input X's zero point
    * `Y_scale`: Output Y's scale
    * `Y_zero_point`: Output Y's zero point
    * `Y`: Output tensor
    * `alpha`: Coefficient of leakage
  }];
  let arguments = (ins Msft_uint8_int8:$X, Msft_float:$X_scale, Optional<Msft_uint8_int8>:$X_zero_point,
      Msft_float:$Y_scale, Optional<Msft_uint8_int8>:$Y_zero_point, DefaultValuedAttr<Onnx_FloatAttr, "0.01f">:$alpha);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearMulOp : Msft_Op<"QLinearMul", [Pure, AttrSizedOperandSegments]> {
  let summary = "Performs element-wise binary multiplication on 8 bit data types (with ...";
  let description = [{
    Performs element-wise binary multiplication on 8 bit data types (with Numpy-style broadcasting support).

    * `A`: First operand
    * `A_scale`: Input A's scale
    * `A_zero_point`: Input A zero point
    * `B`: Second operand
    * `B_scale`: Input B's scale
    * `B_zero_point`: Input B zero point
    * `C_scale`: Output scale
    * `C_zero_point`: Output zero point
    * `C`: Result, has same element type as two inputs
  }];
  let arguments = (ins Msft_uint8_int8:$A, Msft_float:$A_scale, Optional<Msft_uint8_int8>:$A_zero_point,
      Msft_uint8_int8:$B, Msft_float:$B_scale, Optional<Msft_uint8_int8>:$B_zero_point, Msft_float:$C_scale,
      Optional<Msft_uint8_int8>:$C_zero_point);
  let results = (outs Msft_uint8_int8:$C);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearReduceMeanOp : Msft_Op<"QLinearReduceMean", [Pure, AttrSizedOperandSegments]> {
  let summary = "Computes the mean of the low-precision input tensor's element along the ...";
  let description = [{
    Computes the mean of the low-precision input tensor's element along the provided axes.

    * `data`: An input tensor
    * `data_scale`: Input scale
    * `data_zero_point`: Input zero point
    * `reduced_scale`: Output scale
    * `reduced_zero_point`: Output zero point
    * `reduced`: Reduced output tensor
    * `axes`: A list of integers, along which to reduce
    * `keepdims`: Keep the reduced dimension or not, default 1 mean keep reduced dimension
  }];
  let arguments = (ins Msft_uint8_int8:$data, Msft_float:$data_scale, Optional<Msft_uint8_int8>:$data_zero_point,
      Msft_float:$reduced_scale, Optional<Msft_uint8_int8>:$reduced_zero_point, DenseI64ArrayAttr:$axes,
      Onnx_IntAttr:$keepdims);
  let results = (outs Msft_uint8_int8:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearSigmoidOp : Msft_Op<"QLinearSigmoid", [Pure, AttrSizedOperandSegments]> {
  let summary = "QLinearSigmoid takes quantized input data (Tensor), and quantize ...";
  let description = [{
    QLinearSigmoid takes quantized input data (Tensor), and quantize parameter for output, and produces one output data (Tensor) where the function `f(x) = quantize(Sigmoid(dequantize(x)))`, is applied to the data tensor elementwise.

    * `X`: Input tensor
    * `X_scale`: Input X's scale
    * `X_zero_point`: Input X's zero point
    * `Y_scale`: Output Y's scale
    * `Y_zero_point`: Output Y's zero point
    * `Y`: Output tensor
  }];
  let arguments = (ins Msft_uint8_int8:$X, Msft_float:$X_scale, Optional<Msft_uint8_int8>:$X_zero_point,
      Msft_float:$Y_scale, Optional<Msft_uint8_int8>:$Y_zero_point);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearSoftmaxOp : Msft_Op<"QLinearSoftmax", [Pure]> {
  let summary = "QLinearSoftmax computes the normalized exponential values for the given ...";
  let description = [{
    QLinearSoftmax computes the normalized exponential values for the given input: Softmax(input, axis) = Exp(input) / ReduceSum(Exp(input), axis=axis, keepdims=1) The input does not need to explicitly be a 2D vector.

    * `X`: The input tensor
    * `X_scale`: Scale of quantized input 'X'
    * `x_zero_point`: Zero point tensor for input 'X'.It must be a scalar
    * `y_scale`: Scale of quantized output 'Y'
    * `y_zero_point`: Zero point tensor for output 'Y'
    * `Y`: Output data tensor from pooling across the input tensor
    * `axis`: apply softmax to elements for dimensions axis,or all dims along with axis according to ...
    * `opset`: opset version of corresponding SoftMax
  }];
  let arguments = (ins Msft_uint8_int8:$X, Msft_float:$X_scale, Optional<Msft_uint8_int8>:$x_zero_point,
      Msft_float:$y_scale, Msft_uint8_int8:$y_zero_point, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis,
      Onnx_IntAttr:$opset);
  let results = (outs Msft_uint8_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QLinearWhereOp : Msft_Op<"QLinearWhere", [Pure]> {
  let summary = "Return elements, either from X or Y, depending on condition";
  let description = [{
    Return elements, either from X or Y, depending on condition.

    * `condition`: When True (nonzero), yield x, otherwise yield y
    * `X`: Y's zero point
    * `x_scale`: X's scale
    * `x_zero_point`: X's zero point
    * `Y`: Y's zero point
    * `y_scale`: Y's scale
    * `y_zero_point`: Y's zero point
    * `z_scale`: Z's scale
    * `z_zero_point`: Z's zero point
    * `Z`: Tensor of shape equal to the broadcasted shape of condition, X, and Y
  }];
  let arguments = (ins Msft_bool:$condition, Msft_uint8_int8:$X, Msft_float:$x_scale, Msft_uint8_int8:$x_zero_point,
      Msft_uint8_int8:$Y, Msft_float:$y_scale, Msft_uint8_int8:$y_zero_point, Msft_float:$z_scale,
      Msft_uint8_int8:$z_zero_point);
  let results = (outs Msft_uint8_int8:$Z);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QMoEOp : Msft_Op<"QMoE", [Pure, AttrSizedOperandSegments]> {
  let summary = "Quantized mixture of experts (MoE)";
  let description = [{
    Quantized mixture of experts (MoE).

    * `input`: 2D packed token tensor with shape (total_tokens, hidden_size), where tokens from ragged ...
    * `router_probs`: 2D tensor with shape (total_tokens, num_experts), where total_tokens must match the flattened ...
    * `fc1_experts_weights`: 3D tensor with shape (num_experts, fusion_size * inter_size, hidden_size * effective_fc1_bits / ...
    * `fc1_scales`: Optional weight scales
    * `fc1_experts_bias`: 2D optional tensor with shape (num_experts, fusion_size * inter_size)
    * `fc2_experts_weights`: 3D tensor with shape (num_experts, hidden_size, inter_size * effective_fc2_bits / 8)
    * `fc2_scales`: Optional weight scales
    * `fc2_experts_bias`: 2D optional tensor with shape (num_experts, hidden_size)
    * `fc3_experts_weights`: 3D optional tensor with shape (num_experts, inter_size, hidden_size * effective_fc3_bits / 8)
    * `fc3_scales`: Optional weight scales
    * `fc3_experts_bias`: 2D optional tensor with shape (num_experts, inter_size)
    * `fc1_zero_points`: 2D tensor with shape (num_experts, ceil(fusion_size * inter_size * effective_fc1_bits / 8)), or ...
    * `fc2_zero_points`: 2D tensor with shape (num_experts, ceil(hidden_size * effective_fc2_bits / 8)), or 3D tensor ...
    * `fc3_zero_points`: 2D optional tensor with shape (num_experts, ceil(inter_size * effective_fc3_bits / 8)), or 3D ...
    * `router_weights`: 2D optional tensor with shape (num_tokens, num_experts)
    * `fc1_global_scale`: 1D optional tensor with shape (num_experts,)
    * `fc2_global_scale`: 1D optional tensor with shape (num_experts,)
    * `fc1_act_scale`: 1D optional tensor with shape (1,) or (num_experts,)
    * `fc2_act_scale`: 1D optional tensor with shape (1,) or (num_experts,)
    * `fc1_act_block_scale`: 3D optional float8e8m0 MXFP activation block-scale tensor for FC1 FP8 activation modes
    * `fc2_act_block_scale`: 3D optional float8e8m0 MXFP activation block-scale tensor for FC2 FP8 activation modes
    * `output`: output tensor with same shape of input
    * `accuracy_level`: Minimum accuracy level of the expert GEMMs on CPU, with the MatMulNBits meaning
    * `activation_alpha`: Alpha parameter used in activation function
    * `activation_beta`: Beta parameter used in activation function
    * `activation_type`: Activation function to use
    * `block_size`: For integer quantization, size of each quantization block along the K (input feature) dimension
    * `expert_weight_bits`: Number of bits used in quantized weights
    * `fc1_expert_weight_bits`: Optional FC1 override for expert_weight_bits
    * `fc2_expert_weight_bits`: Optional FC2 override for expert_weight_bits
    * `fc3_expert_weight_bits`: Optional FC3 override for expert_weight_bits
    * `k`: Number of top experts to select from expert pool
    * `normalize_routing_weights`: Whether to normalize routing weights
    * `quant_type`: Quantization type: 'int' for integer quantization (default), 'fp4' for MXFP4 quantization, ...
    * `swiglu_fusion`: 0: not fused, 1: fused and interleaved
    * `swiglu_limit`: The limit used to clamp inputs in SwiGLU. It is infinite when limit is not provided
    * `use_sparse_mixer`: Whether to use sparse mixer
    * `weights_prepacked`: Only meaningful when quant_type='int'
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$router_probs,
      Msft_uint8_float8e4m3fn:$fc1_experts_weights, Optional<Msft_Types32>:$fc1_scales,
      Optional<Msft_float_float16_bfloat16>:$fc1_experts_bias, Msft_uint8_float8e4m3fn:$fc2_experts_weights,
      Optional<Msft_Types32>:$fc2_scales, Optional<Msft_float_float16_bfloat16>:$fc2_experts_bias,
      Optional<Msft_uint8_float8e4m3fn>:$fc3_experts_weights, Optional<Msft_Types32>:$fc3_scales,
      Optional<Msft_float_float16_bfloat16>:$fc3_experts_bias, Optional<Msft_uint8_float8e4m3fn>:$fc1_zero_points,
      Optional<Msft_uint8_float8e4m3fn>:$fc2_zero_points, Optional<Msft_uint8_float8e4m3fn>:$fc3_zero_points,
      Optional<Msft_float_float16_bfloat16>:$router_weights, Optional<Msft_float>:$fc1_global_scale,
      Optional<Msft_float>:$fc2_global_scale, Optional<Msft_float>:$fc1_act_scale,
      Optional<Msft_float>:$fc2_act_scale, Optional<Msft_Types32>:$fc1_act_block_scale,
      Optional<Msft_Types32>:$fc2_act_block_scale, DefaultValuedAttr<Onnx_IntAttr, "0">:$accuracy_level,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$activation_alpha,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$activation_beta,
      DefaultValuedStrAttr<StrAttr, "relu">:$activation_type, OptionalAttr<Onnx_IntAttr>:$block_size,
      DefaultValuedAttr<Onnx_IntAttr, "4">:$expert_weight_bits, OptionalAttr<Onnx_IntAttr>:$fc1_expert_weight_bits,
      OptionalAttr<Onnx_IntAttr>:$fc2_expert_weight_bits, OptionalAttr<Onnx_IntAttr>:$fc3_expert_weight_bits,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$k, DefaultValuedAttr<Onnx_IntAttr, "0">:$normalize_routing_weights,
      DefaultValuedStrAttr<StrAttr, "int">:$quant_type, DefaultValuedAttr<Onnx_IntAttr, "0">:$swiglu_fusion,
      OptionalAttr<Onnx_FloatAttr>:$swiglu_limit, DefaultValuedAttr<Onnx_IntAttr, "0">:$use_sparse_mixer,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$weights_prepacked);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QOrderedAttentionOp : Msft_Op<"QOrderedAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Quantized version of simplified Multi-Head Self Attention(using int8 ...";
  let description = [{
    Quantized version of simplified Multi-Head Self Attention(using int8 with specific matrix Layout).

    * `input`: 3D input tensor with shape (batch_size, sequence_length, input_hidden_size)
    * `scale_input`: scale of the input, scalar value (per tensor) currently
    * `scale_Q_gemm`: scale of the gemm - scalar (per-tensor quantization)
    * `scale_K_gemm`: scale of the gemm - scalar (per-tensor quantization)
    * `scale_V_gemm`: scale of the gemm - scalar (per-tensor quantization)
    * `Q_weight`: 2D input tensor with shape (input_hidden_size, hidden_size), where hidden_size = num_heads * ...
    * `K_weight`: 2D input tensor with shape (input_hidden_size, hidden_size), where hidden_size = num_heads * ...
    * `V_weight`: 2D input tensor with shape (input_hidden_size, hidden_size), where hidden_size = num_heads * ...
    * `scale_Q_weight`: scale of the weight (scalar for per-tensor quantization or 1-D of dims [hidden_size] for ...
    * `scale_K_weight`: scale of the weight (scalar for per-tensor quantization or 1-D of dims [hidden_size] for ...
    * `scale_V_weight`: scale of the weight (scalar for per-tensor quantization or 1-D of dims [hidden_size] for ...
    * `Q_bias`: 1D input tensor with shape (hidden_size)
    * `K_bias`: 1D input tensor with shape (hidden_size)
    * `V_bias`: 1D input tensor with shape (hidden_size)
    * `scale_QKT_gemm`: scale of the gemm - scalar (per-tensor quantization)
    * `scale_QKT_softmax`: scale of the softmax result - scalar (per-tensor quantization)
    * `scale_values_gemm`: scale of the gemm - scalar (per-tensor quantization)
    * `mask_index`: Attention mask with shape (batch_size, 1, max_sequence_length, max_sequence_length), ...
    * `past`: past state for key and value with shape (2, batch_size, num_heads, past_sequence_length, ...
    * `attention_bias`: additional add to QxK' with shape (batch_size or 1, num_heads or 1, sequence_length, ...
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `num_heads`: Number of attention heads
    * `order_input`: cublasLt order of input matrix
    * `order_output`: cublasLt order of global bias
    * `order_weight`: cublasLt order of weight matrix
    * `qkv_hidden_sizes`: Hidden layer sizes of Q, K, V paths in Attention
    * `unidirectional`: Whether every token can only attend to previous tokens
  }];
  let arguments = (ins Msft_int8:$input, Msft_float:$scale_input, Msft_float:$scale_Q_gemm, Msft_float:$scale_K_gemm,
      Msft_float:$scale_V_gemm, Msft_int8:$Q_weight, Msft_int8:$K_weight, Msft_int8:$V_weight,
      Msft_float:$scale_Q_weight, Msft_float:$scale_K_weight, Msft_float:$scale_V_weight, Msft_float:$Q_bias,
      Msft_float:$K_bias, Msft_float:$V_bias, Optional<Msft_float>:$scale_QKT_gemm,
      Optional<Msft_float>:$scale_QKT_softmax, Msft_float:$scale_values_gemm, Optional<Msft_int32>:$mask_index,
      Optional<Msft_int8>:$past, Optional<Msft_float>:$attention_bias, Onnx_IntAttr:$num_heads,
      Onnx_IntAttr:$order_input, Onnx_IntAttr:$order_output, Onnx_IntAttr:$order_weight,
      OptionalAttr<DenseI64ArrayAttr>:$qkv_hidden_sizes, DefaultValuedAttr<Onnx_IntAttr, "0">:$unidirectional);
  let results = (outs Msft_int8:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QOrderedGeluOp : Msft_Op<"QOrderedGelu", [Pure]> {
  let summary = "Ordered Quantize Gelu";
  let description = [{
    Ordered Quantize Gelu.

    * `X`: N-dimensional input A
    * `scale_X`: scale of the input A
    * `scale_Y`: scale of the output Y
    * `Y`: Output of the Gelu
    * `order_X`: cublasLt order of input X. Optional
    * `order_Y`: cublasLt order of matrix Y, must be same as order_X if specified together
  }];
  let arguments = (ins Msft_int8:$X, Msft_float:$scale_X, Msft_float:$scale_Y, OptionalAttr<Onnx_IntAttr>:$order_X,
      OptionalAttr<Onnx_IntAttr>:$order_Y);
  let results = (outs Msft_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QOrderedLayerNormalizationOp : Msft_Op<"QOrderedLayerNormalization", [Pure]> {
  let summary = "QOrderedLayerNormalization";
  let description = [{
    QOrderedLayerNormalization.

    * `X`: Input data tensor from the previous layer
    * `scale_X`: scale of the quantized X
    * `scale`: Scale tensor, i.e., gamma vector
    * `B`: Bias tensor
    * `scale_Y`: scale of the quantized X
    * `Y`: Output data tensor
    * `axis`: The first normalization dimension: normalization will be performed along dimensions axis : ...
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `order_X`: cublasLt order of input X. Default is ROW MAJOR. See the schema of QuantizeWithOrder for order ...
    * `order_Y`: cublasLt order of matrix Y, must be same as order_X. Default is ROW MAJOR
  }];
  let arguments = (ins Msft_int8:$X, Msft_float:$scale_X, Msft_float_float16:$scale, Optional<Msft_float_float16>:$B,
      Msft_float:$scale_Y, DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon, DefaultValuedAttr<Onnx_IntAttr, "1">:$order_X,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$order_Y);
  let results = (outs Msft_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QOrderedLongformerAttentionOp : Msft_Op<"QOrderedLongformerAttention", [Pure]> {
  let summary = "Quantized version of Longformer Self Attention (using int8 with ...";
  let description = [{
    Quantized version of Longformer Self Attention (using int8 with specific matrix Layout).

    * `input`: 3D input tensor with shape (batch_size, sequence_length, hidden_size), hidden_size = num_heads ...
    * `scale_input`: scale of the input
    * `weight`: 2D input tensor with shape (hidden_size, 3 * hidden_size)
    * `scale_weight`: scale of the weight
    * `bias`: 1D input tensor with shape (3 * hidden_size), fp32 only currently
    * `scale_bias`: reserved
    * `scale_qkv_gemm`: scale of the output for fused kqv gemm
    * `mask`: Attention mask with shape (batch_size, sequence_length)
    * `global_weight`: 2D input tensor with shape (hidden_size, 3 * hidden_size)
    * `scale_global_weight`: scale of the global_weight
    * `global_bias`: 1D input tensor with shape (3 * hidden_size)
    * `scale_global_gemm`: scale of the global_qkv_gemm
    * `global`: Global attention flags with shape (batch_size, sequence_length)
    * `scale_output`: scale of the output
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `num_heads`: Number of attention heads
    * `order_global_weight`: cublasLt order of weight matrix
    * `order_input`: cublasLt order of input matrix
    * `order_output`: cublasLt order of global bias
    * `order_weight`: cublasLt order of weight matrix
    * `window`: One sided attention windows length W, or half of total window length
  }];
  let arguments = (ins Msft_int8:$input, Msft_float:$scale_input, Msft_int8:$weight, Msft_float:$scale_weight,
      Msft_float:$bias, Msft_float:$scale_bias, Msft_float:$scale_qkv_gemm, Msft_float16:$mask,
      Msft_int8:$global_weight, Msft_float:$scale_global_weight, Msft_float:$global_bias,
      Msft_float:$scale_global_gemm, Msft_int32:$global, Msft_float:$scale_output, Onnx_IntAttr:$num_heads,
      Onnx_IntAttr:$order_global_weight, Onnx_IntAttr:$order_input, Onnx_IntAttr:$order_output,
      Onnx_IntAttr:$order_weight, Onnx_IntAttr:$window);
  let results = (outs Msft_int8:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QOrderedMatMulOp : Msft_Op<"QOrderedMatMul", [Pure, AttrSizedOperandSegments]> {
  let summary = "Quantize (Int8) MatMul with order";
  let description = [{
    Quantize (Int8) MatMul with order.

    * `A`: 3-dimensional matrix A
    * `scale_A`: scale of the input A
    * `B`: 2-dimensional matrix B. Transposed if order_B is ORDER_COL
    * `scale_B`: scale of the input B. Scalar or 1-D float32
    * `scale_Y`: scale of the output Y
    * `bias`: 1d bias, not scaled with scale_Y
    * `C`: 3d or 2d matrix C. if 2d expand to 3d first
    * `scale_C`: scale of the input A
    * `Y`: Matrix multiply results from A * B
    * `order_A`: cublasLt order of matrix A. See the schema of QuantizeWithOrder for order definition
    * `order_B`: cublasLt order of matrix B
    * `order_Y`: cublasLt order of matrix Y and optional matrix C
  }];
  let arguments = (ins Msft_int8:$A, Msft_float:$scale_A, Msft_int8:$B, Msft_float:$scale_B, Msft_float:$scale_Y,
      Optional<Msft_float>:$bias, Optional<Msft_int8>:$C, Optional<Msft_float>:$scale_C, Onnx_IntAttr:$order_A,
      Onnx_IntAttr:$order_B, Onnx_IntAttr:$order_Y);
  let results = (outs Msft_int8:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QuantizeBFPOp : Msft_Op<"QuantizeBFP", [Pure]> {
  let summary = "The BFP quantization operator";
  let description = [{
    The BFP quantization operator.

    * `x`: N-D full precision input tensor to be quantized
    * `y`: 1-D, contiguous BFP data
    * `shape`: Shape of x
    * `strides`: Strides of x
    * `bfp_type`: The type of BFP - must match with the BFPType enum
    * `block_dim`: Each bounding box spans this dimension.Typically, the block dimension corresponds to the ...
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$x, Onnx_IntAttr:$bfp_type,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$block_dim);
  let results = (outs Msft_uint8:$y, Msft_int64:$shape, Msft_int64:$strides);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QuantizeLinearOp : Msft_Op<"QuantizeLinear", [Pure]> {
  let summary = "The linear quantization operator";
  let description = [{
    The linear quantization operator.

    * `x`: N-D full precision Input tensor to be quantized
    * `y_scale`: Scale for doing quantization to get 'y'
    * `y_zero_point`: Zero point for doing quantization to get 'y'
    * `y`: N-D quantized output tensor
    * `axis`: The axis along which same quantization parameters are applied
  }];
  let arguments = (ins Msft_float_float16:$x, Msft_float_float16:$y_scale, Optional<Msft_Types33>:$y_zero_point,
      OptionalAttr<Onnx_IntAttr>:$axis);
  let results = (outs Msft_Types33:$y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QuantizeWithOrderOp : Msft_Op<"QuantizeWithOrder", [Pure]> {
  let summary = "Quantize input matrix to specific layout used in cublaslt";
  let description = [{
    Quantize input matrix to specific layout used in cublaslt.

    * `input`: TODO: input tensor of (ROWS, COLS)
    * `scale_input`: scale of the input
    * `output`: output tensor
    * `order_input`: cublasLt order of input matrix
    * `order_output`: cublasLt order of output matrix
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_float:$scale_input, Onnx_IntAttr:$order_input,
      Onnx_IntAttr:$order_output);
  let results = (outs Msft_int8:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_QuickGeluOp : Msft_Op<"QuickGelu", [Pure]> {
  let summary = "Compute x * Sigmoid(alpha * x)";
  let description = [{
    Compute x * Sigmoid(alpha * x).

    * `X`: The input data as Tensor
    * `Y`: The output
    * `alpha`: Alpha value
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$X, DefaultValuedAttr<Onnx_FloatAttr, "1.702f">:$alpha);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RangeOp : Msft_Op<"Range", [Pure]> {
  let summary = "Creates a sequence of numbers that begins at `start` and extends by ...";
  let description = [{
    Creates a sequence of numbers that begins at `start` and extends by increments of `delta` up to but not including `limit`.

    * `start`: Tensor(scalar, or dims=[1])
    * `limit`: Tensor(scalar, or dims=[1])
    * `delta`: Tensor(scalar, or dims=[1])
    * `Y`: 1-D Tensor of the range
  }];
  let arguments = (ins Msft_Types34:$start, Msft_Types34:$limit, Optional<Msft_Types34>:$delta);
  let results = (outs Msft_Types34:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_ReduceSumIntegerOp : Msft_Op<"ReduceSumInteger", [Pure]> {
  let summary = "Computes the sum of the low-precision input tensor's element along the ...";
  let description = [{
    Computes the sum of the low-precision input tensor's element along the provided axes.

    * `data`: An input tensor
    * `reduced`: Reduced output tensor
    * `axes`: A list of integers, along which to reduce
    * `keepdims`: Keep the reduced dimension or not, default 1 mean keep reduced dimension
  }];
  let arguments = (ins Msft_uint8_int8:$data, DenseI64ArrayAttr:$axes, Onnx_IntAttr:$keepdims);
  let results = (outs Msft_int32_uint32:$reduced);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RelativePositionBiasOp : Msft_Op<"RelativePositionBias", [Pure]> {
  let summary = "Compute binned relative position bias for T5 model";
  let description = [{
    Compute binned relative position bias for T5 model.

    * `bias_table`: 2D input tensor with shape (num_buckets, num_heads), COL-major(See UT for example)
    * `query_length`: The length of query
    * `key_length`: The length of key
    * `output`: 4D output tensor with shape (1, num_heads, sequence_length, sequence_length)
    * `is_bidirectional`: Default value is 0
    * `max_distance`: Max distance
  }];
  let arguments = (ins Msft_float_float16:$bias_table, Msft_int64:$query_length, Msft_int64:$key_length,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$is_bidirectional, Onnx_IntAttr:$max_distance);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RemovePaddingOp : Msft_Op<"RemovePadding", [Pure]> {
  let summary = "Compress transformer input by removing paddings";
  let description = [{
    Compress transformer input by removing paddings.

    * `input`: Input tensor with shape (batch_size, sequence_length, hidden_size)
    * `sequence_token_count`: Number of non-padding tokens in each sequence with shape (batch_size)
    * `output`: output tensor with shape (total_tokens, hidden_size)
    * `token_offset`: Offset of non-padding tokens, and those of padding tokens
    * `cumulated_seq_len`: Cumulated sequence lengths
    * `max_seq_len`: Max sequence length without padding
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_int32:$sequence_token_count);
  let results = (outs Msft_float_float16:$output, Msft_int32:$token_offset, Msft_int32:$cumulated_seq_len,
      Msft_int32:$max_seq_len);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RestorePaddingOp : Msft_Op<"RestorePadding", [Pure]> {
  let summary = "Restore paddings and fill padding with zeros";
  let description = [{
    Restore paddings and fill padding with zeros.

    * `input`: Input tensor with shape (total_tokens, hidden_size)
    * `token_offset`: Offset of non-padding tokens and paddings
    * `output`: output tensor with shape (batch_size, sequence_length, hidden_size)
  }];
  let arguments = (ins Msft_float_float16:$input, Msft_int32:$token_offset);
  let results = (outs Msft_float_float16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RfftOp : Msft_Op<"Rfft", [Pure]> {
  let summary = "This function computes the n-point one dimensional Fourier transform ...";
  let description = [{
    This function computes the n-point one dimensional Fourier transform for a real-valued input where n is an even number.

    * `X`: input tensor of size n in the signal dim
    * `Y`: output tensor of size (n//2 + 1) in the signal dim and 2 in the last dimension for the real and ...
    * `normalized`: must be 0, normalization currently not supported
    * `onesided`: must be 1, only one sided FFTs supported
    * `signal_ndim`: number of dimensions comprising the signal, collected in reverse order (e.g
  }];
  let arguments = (ins Msft_float_float16_double:$X, DefaultValuedAttr<Onnx_IntAttr, "0">:$normalized,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$onesided, DefaultValuedAttr<Onnx_IntAttr, "1">:$signal_ndim);
  let results = (outs Msft_float_float16_double:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_RotaryEmbeddingOp : Msft_Op<"RotaryEmbedding", [Pure]> {
  let summary = "RotaryEmbedding is the implementation of rotary positional embeddings ...";
  let description = [{
    RotaryEmbedding is the implementation of rotary positional embeddings (RoPE).

    * `input`: 3D tensor with shape (batch_size, sequence_length, hidden_size) or 4D with shape (batch_size, ...
    * `position_ids`: 1D tensor with shape (1) or 2D tensor with shape (batch_size, sequence_length)
    * `cos_cache`: 2D tensor with shape (max_sequence_length, head_size / 2) or (max_sequence_length, ...
    * `sin_cache`: 2D tensor with shape (max_sequence_length, head_size / 2) or (max_sequence_length, ...
    * `output`: tensor with same shape as input
    * `interleaved`: Indicates whether the input has real and imaginary parts interleaved
    * `is_packed_batching`: ragged batch inputs or not
    * `num_heads`: Number of attention heads
    * `rotary_embedding_dim`: Rotary embedding dimension
    * `scale`: Custom scale will be used if specified
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_int64:$position_ids,
      Msft_float_float16_bfloat16:$cos_cache, Msft_float_float16_bfloat16:$sin_cache,
      OptionalAttr<Onnx_IntAttr>:$interleaved, OptionalAttr<Onnx_IntAttr>:$is_packed_batching,
      OptionalAttr<Onnx_IntAttr>:$num_heads, OptionalAttr<Onnx_IntAttr>:$rotary_embedding_dim,
      OptionalAttr<Onnx_FloatAttr>:$scale);
  let results = (outs Msft_float_float16_bfloat16:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SampleOpOp : Msft_Op<"SampleOp", []> {
  let summary = "Sample echo operator";
  let description = [{
    Sample echo operator.

    * `X`: input
    * `Y`: output
  }];
  let arguments = (ins Msft_Types17:$X);
  let results = (outs Msft_Types17:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SamplingOp : Msft_Op<"Sampling", [RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "Greedy Sampling for text generation";
  let description = [{
    Greedy Sampling for text generation.

    * `input_ids`: The sequence used as a prompt for the generation
    * `max_length`: The maximum length of the sequence to be generated
    * `min_length`: The minimum length below which the score of eos_token_id is set to -Inf
    * `repetition_penalty`: The parameter for repetition penalty
    * `vocab_mask`: Mask of vocabulary
    * `prefix_vocab_mask`: Mask of vocabulary for first step
    * `attention_mask`: Custom attention mask
    * `presence_mask`: Presence penalty mask
    * `seed`: Seed for random number generator
    * `sequences`: Word IDs of generated sequences
    * `filtered_logits`: Filtered logits as input to the mutinomial function for debug purpose
    * `custom`: If 1 custom sampling logic
    * `decoder`: Decoder subgraph to execute in a loop
    * `decoder_start_token_id`: The id of the token that indicates decoding starts
    * `encoder`: The subgraph for initialization of encoder and decoder
    * `eos_token_id`: The id of the end-of-sequence token
    * `filter_value`: All filtered values will be set to this float value
    * `init_decoder`: The subgraph for the first decoding run
    * `min_tokens_to_keep`: Minimumber of tokens we keep per batch example in the output
    * `model_type`: Model type: 0 for decoder only like GPT-2; 1 for encoder decoder like Bart
    * `no_repeat_ngram_size`: no repeat ngrams size
    * `pad_token_id`: The id of the padding token
    * `presence_penalty`: Presence penalty for custom sampling
    * `temperature`: The value used to module the next token probabilities
    * `top_p`: If set to float < 1, only the smallest set of most probable tokens with probabilities that add ...
    * `vocab_size`: Size of the vocabulary
  }];
  let arguments = (ins Msft_int32:$input_ids, Msft_int32:$max_length, Optional<Msft_int32>:$min_length,
      Optional<Msft_float>:$repetition_penalty, Optional<Msft_int32>:$vocab_mask,
      Optional<Msft_int32>:$prefix_vocab_mask, Optional<Msft_int32>:$attention_mask,
      Optional<Msft_int32>:$presence_mask, Optional<Msft_int32>:$seed, DefaultValuedAttr<Onnx_IntAttr, "0">:$custom,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$decoder_start_token_id, Onnx_IntAttr:$eos_token_id,
      DefaultValuedAttr<Onnx_FloatAttr, "-1e+20f">:$filter_value,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$min_tokens_to_keep, DefaultValuedAttr<Onnx_IntAttr, "0">:$model_type,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$no_repeat_ngram_size, Onnx_IntAttr:$pad_token_id,
      DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$presence_penalty,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$temperature, DefaultValuedAttr<Onnx_FloatAttr, "0.0f">:$top_p,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$vocab_size);
  let results = (outs Msft_int32:$sequences, Optional<Msft_float>:$filtered_logits);
  let regions = (region AnyRegion:$decoder, AnyRegion:$encoder, AnyRegion:$init_decoder);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Msft_ScaledSiLUOp : Msft_Op<"ScaledSiLU", [Pure]> {
  let summary = "Computes SiLU after scaling, with explicit T rounding: Z_T = ...";
  let description = [{
    Computes SiLU after scaling, with explicit T rounding: Z_T = cast_T(effective_scale * X), S_T = cast_T(sigmoid(Z_T)), and Y = cast_T(Z_T * S_T).

    * `X`: Input tensor
    * `scale`: Optional scalar scale that overrides alpha
    * `Y`: Output with the same shape as X
    * `alpha`: Scale used when the optional scale input is absent
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$X, Optional<Msft_float_float16_bfloat16>:$scale,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha);
  let results = (outs Msft_float_float16_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SimplifiedLayerNormalizationOp : Msft_Op<"SimplifiedLayerNormalization", [Pure]> {
  let summary = "SimplifiedLayerNormalization";
  let description = [{
    SimplifiedLayerNormalization.

    * `X`: Input data tensor from the previous layer
    * `scale`: Scale tensor
    * `Y`: Output data tensor
    * `inv_std_var`: Saved inverse standard variance used during training to speed up gradient computation
    * `axis`: The first normalization dimension: normalization will be performed along dimensions axis : ...
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `stash_type`: type used for stash mean/inv_std_var
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$X, Msft_float_float16_double_bfloat16:$scale,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$axis, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$stash_type);
  let results = (outs Msft_float_float16_double_bfloat16:$Y, Optional<Msft_float_double>:$inv_std_var);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SkipGroupNormOp : Msft_Op<"SkipGroupNorm", [Pure]> {
  let summary = "This operator element-wise adds x, skip and bias, then apply group ...";
  let description = [{
    This operator element-wise adds x, skip and bias, then apply group normalization and optional activation.

    * `X`: Input data tensor
    * `gamma`: 1D gamma tensor for normalization with shape (C), where C is number of channels
    * `beta`: 1D beta tensor for normalization with shape (C), where C is number of channels
    * `skip`: 4D or 2D skip tensor
    * `bias`: 1D bias tensor
    * `Y`: The output tensor of the same shape as X
    * `S`: The element-wise sum of input x, skip and bias tensors
    * `activation`: Activation after group normalization: 0 for None, 1 for SiLU
    * `channels_last`: 1 if the input and output are in the NHWC layout, 0 if it is in the NCHW layout
    * `epsilon`: The epsilon value to use to avoid division by zero
    * `groups`: The number of groups of channels
  }];
  let arguments = (ins Msft_float_float16:$X, Msft_float_float16:$gamma, Msft_float_float16:$beta,
      Msft_float_float16:$skip, Optional<Msft_float_float16>:$bias, Onnx_IntAttr:$activation,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$channels_last, DefaultValuedAttr<Onnx_FloatAttr, "1e-05f">:$epsilon,
      Onnx_IntAttr:$groups);
  let results = (outs Msft_float_float16:$Y, Optional<Msft_float_float16>:$S);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SkipLayerNormalizationOp : Msft_Op<"SkipLayerNormalization", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Skip and Layer Normalization Fusion";
  let description = [{
    Skip and Layer Normalization Fusion.

    * `input`: 3D input tensor with shape (batch_size, sequence_length, hidden_size)
    * `skip`: 3D skip tensor with shape (batch_size, sequence_length, hidden_size) or (1, sequence_length, ...
    * `gamma`: 1D input tensor with shape (hidden_size)
    * `beta`: 1D skip tensor with shape (hidden_size
    * `bias`: 1D bias tensor with shape (hidden_size
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)
    * `mean`: Saved mean used during training to speed up gradient computation
    * `inv_std_var`: Saved inverse standard variance used during training to speed up gradient computation
    * `input_skip_bias_sum`: Sum of the input and skip inputs (and bias if it exists) with shape (batch_size, ...
    * `epsilon`: The epsilon value to use to avoid division by zero
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$skip,
      Msft_float_float16_bfloat16:$gamma, Optional<Msft_float_float16_bfloat16>:$beta,
      Optional<Msft_float_float16_bfloat16>:$bias, DefaultValuedAttr<Onnx_FloatAttr, "1e-12f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float>:$mean,
      Optional<Msft_float>:$inv_std_var, Optional<Msft_float_float16_bfloat16>:$input_skip_bias_sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SkipSimplifiedLayerNormalizationOp : Msft_Op<"SkipSimplifiedLayerNormalization", [Pure, AttrSizedResultSegments]> {
  let summary = "Skip and Root Mean Square Layer Normalization";
  let description = [{
    Skip and Root Mean Square Layer Normalization.

    * `input`: 3D input tensor with shape (batch_size, sequence_length, hidden_size)Or 2D input tensor with ...
    * `skip`: 3D input tensor with shape (batch_size, sequence_length, hidden_size)Or 2D input tensor with ...
    * `gamma`: 1D input tensor with shape (hidden_size)
    * `bias`: 1D bias tensor with shape (hidden_size
    * `output`: 3D output tensor with shape (batch_size, sequence_length, hidden_size)Or 2D output tensor with ...
    * `mean`: Saved mean used during training to speed up gradient computation
    * `inv_std_var`: Saved inverse standard variance used during training to speed up gradient computation
    * `input_skip_bias_sum`: Sum of the input and skip inputs (and bias if it exists)with shape (batch_size, ...
    * `epsilon`: The epsilon value to use to avoid division by zero
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$skip,
      Msft_float_float16_bfloat16:$gamma, Optional<Msft_float_float16_bfloat16>:$bias,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-12f">:$epsilon);
  let results = (outs Msft_float_float16_bfloat16:$output, Optional<Msft_float>:$mean,
      Optional<Msft_float>:$inv_std_var, Optional<Msft_float_float16_bfloat16>:$input_skip_bias_sum);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SnpeOp : Msft_Op<"Snpe", []> {
  let summary = "Onnx node for SNPE";
  let description = [{
    Onnx node for SNPE.

    * `inputs`: List of tensors for SNPE DLC input
    * `outputs`: One or more outputs, list of tensors for DLC output
    * `DLC`: payload of the SNPE DLC file
    * `notes`: (Optional) Some notes for the model
    * `snpe_version`: (Optional) SNPE version used to convert the model
    * `target_device`: (Optional) Target device like CPU, DSP, etc
  }];
  let arguments = (ins Variadic<Msft_float_uint8_uint16>:$inputs, StrAttr:$DLC, OptionalAttr<StrAttr>:$notes,
      OptionalAttr<StrAttr>:$snpe_version, OptionalAttr<StrAttr>:$target_device);
  let results = (outs Variadic<Msft_float_uint8_uint16>:$outputs);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SparseAttentionOp : Msft_Op<"SparseAttention", [Pure, AttrSizedOperandSegments]> {
  let summary = "Block Sparse Attention used in Phi-3-small ...";
  let description = [{
    Block Sparse Attention used in Phi-3-small (https://arxiv.org/pdf/2404.14219).

    * `query`: Query with shape (batch_size, sequence_length, num_heads * head_size), or packed QKV with shape ...
    * `key`: Key with shape (batch_size, sequence_length, kv_num_heads * head_size)
    * `value`: Value with shape (batch_size, sequence_length, kv_num_heads * head_size)
    * `past_key`: Key cache with shape (batch_size, kv_num_heads, max_cache_sequence_length, head_size)
    * `past_value`: Value cache with shape (batch_size, kv_num_heads, max_cache_sequence_length, head_size)
    * `block_row_indices`: The row indices of CSR format of block mask with shape (num_layout, max_blocks + 1).The ...
    * `block_col_indices`: The col indices of CSR format of block mask with shape (num_layout, max_nnz_blocks).The ...
    * `total_sequence_length`: Scalar tensor of maximum total sequence length (past_sequence_length + sequence_length) among ...
    * `key_total_sequence_lengths`: 1D tensor with shape (batch_size) where each value is total sequence length of key excluding ...
    * `cos_cache`: Cos cache of rotary with shape (max_rotary_sequence_length, head_size / 2)
    * `sin_cache`: Sin cache of rotary with shape (max_rotary_sequence_length, head_size / 2)
    * `output`: 3D output tensor with shape (batch_size, sequence_length, num_heads * head_size)
    * `present_key`: Updated key cache with shape (batch_size, kv_num_heads, max_cache_sequence_length, head_size)
    * `present_value`: Updated value cache with shape (batch_size, kv_num_heads, max_cache_sequence_length, head_size)
    * `do_rotary`: Whether to use rotary position embedding
    * `kv_num_heads`: Number of attention heads for key and value
    * `num_heads`: Number of attention heads for query
    * `rotary_interleaved`: Rotary use interleaved pattern or not
    * `scale`: Scaling factor applied prior to softmax
    * `sparse_block_size`: Number of tokens per sparse block
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Optional<Msft_float_float16_bfloat16>:$value, Msft_float_float16_bfloat16:$past_key,
      Msft_float_float16_bfloat16:$past_value, Msft_int32:$block_row_indices, Msft_int32:$block_col_indices,
      Msft_int32:$total_sequence_length, Msft_int32:$key_total_sequence_lengths,
      Optional<Msft_float_float16_bfloat16>:$cos_cache, Optional<Msft_float_float16_bfloat16>:$sin_cache,
      OptionalAttr<Onnx_IntAttr>:$do_rotary, Onnx_IntAttr:$kv_num_heads, Onnx_IntAttr:$num_heads,
      OptionalAttr<Onnx_IntAttr>:$rotary_interleaved, OptionalAttr<Onnx_FloatAttr>:$scale,
      Onnx_IntAttr:$sparse_block_size);
  let results = (outs Msft_float_float16_bfloat16:$output, Msft_float_float16_bfloat16:$present_key,
      Msft_float_float16_bfloat16:$present_value);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SparseAttentionIndexerOp : Msft_Op<"SparseAttentionIndexer", [Pure, AttrSizedOperandSegments]> {
  let summary = "Selects, for every query token, the sparse-attention candidates that ...";
  let description = [{
    Selects, for every query token, the sparse-attention candidates that the following attention operator is allowed to read.

    * `query`: Indexer queries with shape (batch_size, sequence_length, num_heads * head_size), before ...
    * `key`: Indexer key projection of the new tokens
    * `query_norm_weight`: Effective RMSNorm multiplier of the queries, with shape (head_size)
    * `key_norm_weight`: Effective RMSNorm multiplier of the compressed keys, with shape (head_size)
    * `cos_cache`: Cosine rotary table indexed by absolute key position, shared across the batch with shape ...
    * `sin_cache`: Sine rotary table with the same shape as cos_cache
    * `mask`: Only for policy_mode 'qsa': INT64 padding mask with shape (batch_size, total_sequence_length)
    * `past_key`: Cached indexer keys
    * `gate`: Only for policy_mode 'csa': gate projection of the new tokens with shape (batch_size, ...
    * `position_bias`: Only for policy_mode 'csa': per-slot gate bias with shape (compress_ratio, 2 * head_size)
    * `head_weights`: Only for policy_mode 'csa': per-head score weights with shape (batch_size, sequence_length, ...
    * `position_ids`: Only for policy_mode 'csa': absolute position of every query with shape (batch_size, ...
    * `past_sequence_length`: Optional one-element CPU tensor containing the number of valid rows in past_key
    * `past_proj_buffer`: Only for policy_mode 'csa': buffered key and gate projections packed along dimension 0, with ...
    * `selected_indices`: Selected entries with shape (batch_size, sequence_length, capacity)
    * `present_key`: Updated raw key cache for policy_mode 'qsa' or compressed-key cache for 'csa'
    * `present_proj_buffer`: Only for policy_mode 'csa': updated packed key/gate projection buffer with shape (2, ...
    * `compress_ratio`: Number of consecutive tokens folded into one compressed block
    * `epsilon`: Epsilon of the RMS normalization applied to queries and compressed keys
    * `head_weight_scale`: Only for policy_mode 'csa': scale applied to head_weights
    * `index_topk`: Only for policy_mode 'csa': number of compressed entries selected per query
    * `policy_mode`: Indexer policy
    * `scale`: Scale applied to the per-head ReLU scores
    * `token_budget`: Only for policy_mode 'qsa': maximum number of tokens selected from complete blocks
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$query, Optional<Msft_float_float16_bfloat16>:$key,
      Msft_float_float16_bfloat16:$query_norm_weight, Msft_float_float16_bfloat16:$key_norm_weight,
      Msft_float_float16_bfloat16:$cos_cache, Msft_float_float16_bfloat16:$sin_cache, Optional<Msft_int64>:$mask,
      Msft_float_float16_bfloat16:$past_key, Optional<Msft_float_float16_bfloat16>:$gate,
      Optional<Msft_float_float16_bfloat16>:$position_bias, Optional<Msft_float_float16_bfloat16>:$head_weights,
      Optional<Msft_int64>:$position_ids, Optional<Msft_int32>:$past_sequence_length,
      Optional<Msft_float_float16_bfloat16>:$past_proj_buffer, Onnx_IntAttr:$compress_ratio,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$epsilon, OptionalAttr<Onnx_FloatAttr>:$head_weight_scale,
      OptionalAttr<Onnx_IntAttr>:$index_topk, StrAttr:$policy_mode, OptionalAttr<Onnx_FloatAttr>:$scale,
      OptionalAttr<Onnx_IntAttr>:$token_budget);
  let results = (outs Msft_int32:$selected_indices, Msft_float_float16_bfloat16:$present_key,
      Optional<Msft_float_float16_bfloat16>:$present_proj_buffer);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SparsePagedAttentionOp : Msft_Op<"SparsePagedAttention", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Selected-index attention over the PagedAttention main K/V cache";
  let description = [{
    Selected-index attention over the PagedAttention main K/V cache.

    * `query`: Query or packed QKV, shaped as for PagedAttention
    * `key`: Current key
    * `value`: Current value
    * `key_cache`: Paged main key cache
    * `value_cache`: Paged main value cache
    * `cumulative_sequence_length`: Packed query offsets
    * `past_seqlens`: Past main-cache lengths
    * `block_table`: Logical-to-physical main-cache block table
    * `slot_mapping`: Optional main-cache write slots; -1 suppresses a write
    * `selected_indices`: Request-local positions, shape (token_count, max_selected_entries); unused entries are -1
    * `selected_counts`: Selected entry count per query token
    * `auxiliary_key`: Shape (batch_size, capacity, kv_num_heads_or_one, head_size)
    * `auxiliary_value`: Same shape as auxiliary_key
    * `auxiliary_lengths`: Valid auxiliary length per request
    * `cos_cache`: Rotary cosine cache
    * `sin_cache`: Rotary sine cache
    * `head_sink`: Optional softmax sink logit per query head
    * `q_norm_weight`: QK-Norm query weight
    * `k_norm_weight`: QK-Norm key weight
    * `k_scale`: Main key-cache quantization scale
    * `v_scale`: Main value-cache quantization scale
    * `attention_metadata`: CPU tensor [max_query_len, max_local_main_len, max_selected_entries, max_auxiliary_len, ...
    * `output`: Shape (token_count, num_heads * head_size)
    * `key_cache_out`: In-place alias of key_cache
    * `value_cache_out`: In-place alias of value_cache
    * `attention_mode`: 'selected_only' or 'local_plus_selected'
    * `auxiliary_cache_layout`: Version 1 supports only 'contiguous'
    * `auxiliary_kv_shared`: When 1, auxiliary_key supplies both K and V
    * `do_rotary`: Apply rotary embedding to current Q/K
    * `is_causal`: Apply causal filtering to main-cache reads
    * `k_quant_type`: Main key-cache quantization: NONE, PER_TENSOR, or PER_CHANNEL
    * `kv_num_heads`: Number of main K/V heads
    * `local_window_size`: Left main-cache window size; -1 means all visible tokens
    * `num_heads`: Number of query heads
    * `qk_norm_epsilon`: QK RMSNorm epsilon
    * `rotary_interleaved`: Use interleaved rotary embedding
    * `rotary_offset`: First head channel covered by rotary embedding
    * `scale`: Attention scale; defaults to 1/sqrt(head_size)
    * `selected_kv_source`: 'main' or 'auxiliary'
    * `softcap`: Optional tanh softcap for attention logits
    * `v_quant_type`: Main value-cache quantization: NONE, PER_TENSOR, or PER_CHANNEL
  }];
  let arguments = (ins Msft_float16_bfloat16:$query, Optional<Msft_float16_bfloat16>:$key,
      Optional<Msft_float16_bfloat16>:$value, Msft_int8_float16_bfloat16:$key_cache,
      Msft_int8_float16_bfloat16:$value_cache, Msft_int32:$cumulative_sequence_length, Msft_int32:$past_seqlens,
      Msft_int32:$block_table, Optional<Msft_int32>:$slot_mapping, Msft_int32:$selected_indices,
      Msft_int32:$selected_counts, Optional<Msft_float16_bfloat16>:$auxiliary_key,
      Optional<Msft_float16_bfloat16>:$auxiliary_value, Optional<Msft_int32>:$auxiliary_lengths,
      Optional<Msft_float16_bfloat16>:$cos_cache, Optional<Msft_float16_bfloat16>:$sin_cache,
      Optional<Msft_float16_bfloat16>:$head_sink, Optional<Msft_float16_bfloat16>:$q_norm_weight,
      Optional<Msft_float16_bfloat16>:$k_norm_weight, Optional<Msft_float>:$k_scale, Optional<Msft_float>:$v_scale,
      Optional<Msft_int32>:$attention_metadata, DefaultValuedStrAttr<StrAttr, "selected_only">:$attention_mode,
      DefaultValuedStrAttr<StrAttr, "contiguous">:$auxiliary_cache_layout,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$auxiliary_kv_shared, DefaultValuedAttr<Onnx_IntAttr, "0">:$do_rotary,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$is_causal, DefaultValuedStrAttr<StrAttr, "NONE">:$k_quant_type,
      Onnx_IntAttr:$kv_num_heads, DefaultValuedAttr<Onnx_IntAttr, "-1">:$local_window_size, Onnx_IntAttr:$num_heads,
      DefaultValuedAttr<Onnx_FloatAttr, "1e-06f">:$qk_norm_epsilon,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$rotary_interleaved, DefaultValuedAttr<Onnx_IntAttr, "0">:$rotary_offset,
      OptionalAttr<Onnx_FloatAttr>:$scale, DefaultValuedStrAttr<StrAttr, "main">:$selected_kv_source,
      OptionalAttr<Onnx_FloatAttr>:$softcap, DefaultValuedStrAttr<StrAttr, "NONE">:$v_quant_type);
  let results = (outs Msft_float16_bfloat16:$output, Optional<Msft_int8_float16_bfloat16>:$key_cache_out,
      Optional<Msft_int8_float16_bfloat16>:$value_cache_out);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_SparseToDenseMatMulOp : Msft_Op<"SparseToDenseMatMul", [Pure]> {
  let summary = "The operator SparseToDenseMatMul";
  let description = [{


    * `A`: 2-dimensional sparse matrix A. Either COO or CSR format
    * `B`: N-dimensional dense matrix B
    * `Y`: Matrix multiply results
    * `alpha`: Scalar multiplier for the product of the input tensors
    * `transA`: Whether A should be transposed on the last two dimensions before doing multiplication
    * `transB`: Whether B should be transposed on the last two dimensions before doing multiplication
  }];
  let arguments = (ins Msft_Types37:$A, Msft_Types38:$B, DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transA, DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Msft_Types38:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_TokenizerOp : Msft_Op<"Tokenizer", [Pure]> {
  let summary = "Tokenizer divides each string in X into a vector of strings along the ...";
  let description = [{
    Tokenizer divides each string in X into a vector of strings along the last axis.

    * `X`: Strings to tokenize
    * `Y`: Tokenized strings
    * `mark`: Boolean whether to mark the beginning/end character with start of text character (0x02)/end of ...
    * `mincharnum`: Minimum number of characters allowed in the output
    * `pad_value`: The string used to pad output tensors when the tokens extracted doesn't match the maximum ...
    * `separators`: an optional list of strings attribute that contains a list of separators - RE2 regular ...
    * `tokenexp`: An optional string
  }];
  let arguments = (ins Msft_string:$X, Onnx_IntAttr:$mark, Onnx_IntAttr:$mincharnum, StrAttr:$pad_value,
      OptionalAttr<StrArrayAttr>:$separators, OptionalAttr<StrAttr>:$tokenexp);
  let results = (outs Msft_string:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_TorchEmbeddingOp : Msft_Op<"TorchEmbedding", [Pure, AttrSizedOperandSegments]> {
  let summary = "Based on Torch operator Embedding, creates a lookup table of embedding ...";
  let description = [{
    Based on Torch operator Embedding, creates a lookup table of embedding vectors of fixed size, for a dictionary of fixed size.

    * `weight`: The embedding matrix of size N x M. 'N' is equal to the maximum possible index + 1, and 'M' is ...
    * `indices`: Long tensor containing the indices to extract from embedding matrix
    * `padding_idx`: A 0-D scalar tensor
    * `scale_grad_by_freq`: A 0-D bool tensor
    * `Y`: Output tensor of the same type as the input tensor
  }];
  let arguments = (ins Msft_Types40:$weight, Msft_int64:$indices, Optional<Msft_int64>:$padding_idx,
      Optional<Msft_bool>:$scale_grad_by_freq);
  let results = (outs Msft_Types40:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_TransposeMatMulOp : Msft_Op<"TransposeMatMul", [Pure]> {
  let summary = "Duplicate of FusedMatMul";
  let description = [{
    Duplicate of FusedMatMul.

    * `A`: N-dimensional matrix A
    * `B`: N-dimensional matrix B
    * `Y`: Matrix multiply results
    * `alpha`: Scalar multiplier for the product of the input tensors
    * `transA`: Whether A should be transposed on the last two dimensions before doing multiplication
    * `transB`: Whether B should be transposed on the last two dimensions before doing multiplication
  }];
  let arguments = (ins Msft_float_float16_double_bfloat16:$A, Msft_float_float16_double_bfloat16:$B,
      DefaultValuedAttr<Onnx_FloatAttr, "1.0f">:$alpha, DefaultValuedAttr<Onnx_IntAttr, "0">:$transA,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$transB);
  let results = (outs Msft_float_float16_double_bfloat16:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_TriluOp : Msft_Op<"Trilu", [Pure]> {
  let summary = "Returns the upper or lower triangular part of a 2-D matrix, or batches ...";
  let description = [{
    Returns the upper or lower triangular part of a 2-D matrix, or batches of 2-D matrices.

    * `X`: Input tensor of rank 2 or higher
    * `k`: A 0-D tensor containing a single value corresponding to the number diagonals above or the main ...
    * `Y`: Output tensor of the same type and shape as the input tensor
    * `upper`: Boolean
  }];
  let arguments = (ins Msft_Types15:$X, Optional<Msft_int64>:$k, DefaultValuedAttr<Onnx_IntAttr, "1">:$upper);
  let results = (outs Msft_Types15:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_UnfoldTensorOp : Msft_Op<"UnfoldTensor", [Pure]> {
  let summary = "Returns a tensor which contains all slices of size `size` from input ...";
  let description = [{
    Returns a tensor which contains all slices of size `size` from input tensor in the dimension `dim`.

    * `input`: input tensor
    * `output`: Output tensor
    * `dim`: specify the dimension to unfold
    * `size`: specify the size
    * `step`: specify the step
  }];
  let arguments = (ins Msft_Types41:$input, DefaultValuedAttr<Onnx_IntAttr, "-1">:$dim, Onnx_IntAttr:$size,
      DefaultValuedAttr<Onnx_IntAttr, "1">:$step);
  let results = (outs Msft_Types41:$output);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_UniqueOp : Msft_Op<"Unique", [Pure]> {
  let summary = "Finds all the unique values (deduped list) present in the given input ...";
  let description = [{
    Finds all the unique values (deduped list) present in the given input tensor.

    * `x`: A 1-D input tensor that is to be processed
    * `y`: A 1-D tensor of the same type as 'x' containing all the unique values in 'x' sorted in the same ...
    * `idx`: A 1-D INT64 tensor of the same size as 'x' containing the indices for each value in 'x' in the ...
    * `counts`: A 1-D INT64 tensor containing the the count of each element of 'uniques' in the input 'x'
  }];
  let arguments = (ins Msft_Types16:$x);
  let results = (outs Msft_Types16:$y, Msft_int64:$idx, Msft_int64:$counts);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_VarlenCausalConvWithStateOp : Msft_Op<"VarlenCausalConvWithState", [Pure, AttrSizedOperandSegments]> {
  let summary = "Stateful causal depthwise convolution over a packed, token-major batch ...";
  let description = [{
    Stateful causal depthwise convolution over a packed, token-major batch of variable-length sequences (CUDA and WebGPU).

    * `input`: Token-major packed input with shape (total_tokens, channels)
    * `weight`: Depthwise convolution kernel with shape (channels, 1, kernel_size)
    * `cumulative_sequence_length`: Device tensor with shape (batch_size + 1) giving the half-open packed token range of each ...
    * `bias`: Optional per-channel bias with shape (channels)
    * `initial_state`: Required committed carry state with shape (batch_size, channels, (kernel_size - 1) * dilation)
    * `capture_count`: Optional device int32 tensor with shape (batch_size)
    * `output`: Token-major convolution output with the same shape as input
    * `final_state`: Fully written state after each sequence's final token, with shape (batch_size, channels, ...
    * `state_update`: Optional compact transition values with shape (batch_size, state_update_capacity, channels)
    * `activation`: Fused activation function
    * `dilation`: Spacing between kernel taps along the sequence axis
    * `state_update_capacity`: Static number of compact contiguous-prefix transition values to expose per request
  }];
  let arguments = (ins Msft_float_float16_bfloat16:$input, Msft_float_float16_bfloat16:$weight,
      Msft_int32:$cumulative_sequence_length, Optional<Msft_float_float16_bfloat16>:$bias,
      Msft_float_float16_bfloat16:$initial_state, Optional<Msft_int32>:$capture_count,
      DefaultValuedStrAttr<StrAttr, "none">:$activation, DefaultValuedAttr<Onnx_IntAttr, "1">:$dilation,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$state_update_capacity);
  let results = (outs Msft_float_float16_bfloat16:$output, Msft_float_float16_bfloat16:$final_state,
      Optional<Msft_float_float16_bfloat16>:$state_update);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_VarlenNGramHashMappingOp : Msft_Op<"VarlenNGramHashMapping", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Computes Engram n-gram hash ids from pre-compressed tokenizer ids over ...";
  let description = [{
    Computes Engram n-gram hash ids from pre-compressed tokenizer ids over a packed, token-major batch of variable-length sequences.

    * `input_ids`: Token-major packed compressed tokenizer ids with shape (total_tokens)
    * `multipliers`: Per-shift hash multipliers with at least max_ngram_size elements
    * `vocab_sizes`: Per-output-head vocabulary sizes, conventionally prime, with shape ((max_ngram_size - 1) * ...
    * `cumulative_sequence_length`: Device tensor with shape (batch_size + 1) giving the half-open packed token range of each ...
    * `past_ids`: Optional compressed tokenizer ids for the max_ngram_size - 1 positions that precede this call, ...
    * `head_offsets`: Optional per-output-head additive offset with shape ((max_ngram_size - 1) * n_head_per_ngram), ...
    * `eos_token_id`: Optional scalar end-of-sequence token id
    * `segment_ids`: Optional token-major segment ids with shape (total_tokens), used to reset causal history at ...
    * `past_segment_ids`: Optional segment ids corresponding to past_ids, with shape (batch_size, max_ngram_size - 1)
    * `capture_count`: Optional device int32 tensor with shape (batch_size)
    * `hash_ids`: Token-major packed hash ids with shape (total_tokens, (max_ngram_size - 1) * n_head_per_ngram)
    * `present_ids`: Trailing max_ngram_size - 1 ids of past_ids followed by each request's own tokens, with shape ...
    * `present_segment_ids`: Trailing max_ngram_size - 1 segment ids corresponding to present_ids, with shape (batch_size, ...
    * `state_update`: Optional trailing id states after each captured prefix token, with shape (batch_size, ...
    * `max_ngram_size`: Maximum n-gram order
    * `n_head_per_ngram`: Number of hash heads emitted for each n-gram order
    * `pad_id`: Compressed tokenizer id used to pad causal shifts before the beginning of a request's sequence
    * `reset_on_eos`: When non-zero and eos_token_id is provided, reset causal n-gram history at EOS boundaries
    * `state_update_capacity`: Static number of compact contiguous-prefix states to expose per request
  }];
  let arguments = (ins Msft_int32_int64:$input_ids, Msft_int32_int64:$multipliers, Msft_int32_int64:$vocab_sizes,
      Msft_int32:$cumulative_sequence_length, Optional<Msft_int32_int64>:$past_ids,
      Optional<Msft_int32_int64>:$head_offsets, Optional<Msft_int32_int64>:$eos_token_id,
      Optional<Msft_int32>:$segment_ids, Optional<Msft_int32>:$past_segment_ids, Optional<Msft_int32>:$capture_count,
      Onnx_IntAttr:$max_ngram_size, Onnx_IntAttr:$n_head_per_ngram, Onnx_IntAttr:$pad_id,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$reset_on_eos, DefaultValuedAttr<Onnx_IntAttr, "0">:$state_update_capacity);
  let results = (outs Msft_int32_int64:$hash_ids, Optional<Msft_int32_int64>:$present_ids,
      Optional<Msft_int32>:$present_segment_ids, Optional<Msft_int32_int64>:$state_update);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}
def Msft_WhisperBeamSearchOp : Msft_Op<"WhisperBeamSearch", [RecursiveMemoryEffects, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "Beam Search for whisper model, especially with cross_qk features etc";
  let description = [{
    Beam Search for whisper model, especially with cross_qk features etc.

    * `input_ids`: The sequence used as a prompt for the generation in the encoder subgraph
    * `max_length`: The maximum length of the sequence to be generated
    * `min_length`: The minimum length below which the score of eos_token_id is set to -Inf
    * `num_beams`: Number of beams for beam search
    * `num_return_sequences`: The number of returned sequences in the batch
    * `length_penalty`: Exponential penalty to the length
    * `repetition_penalty`: The parameter for repetition penalty
    * `vocab_mask`: Mask of vocabulary
    * `prefix_vocab_mask`: Mask of vocabulary for first step
    * `attention_mask`: Custom attention mask
    * `decoder_input_ids`: The forced input id sequence for the decoder subgraph
    * `logits_processor`: Specific logits processor for different types of beamsearch models
    * `cross_qk_layer_head`: Only keep this list of (layer, head) of QK in the final cross_qk output when use_cross_qk is set
    * `extra_decoding_ids`: Part of the decoder_input_ids that we need cross qk for it
    * `temperature`: Temperature value to apply to logits processing during this execution's decoding
    * `sequences`: Word IDs of generated sequences
    * `sequences_scores`: Final beam score of the generated sequences
    * `scores`: Processed beam scores for each vocabulary token at each generation step
    * `cross_qk`: Output the accumulated stacked Q*K in cross attentions
    * `non_speech_probs`: For whisper model, output the probabilities from logits after encoder and context decoding for ...
    * `beginning_timestamp_token_id`: The id of the first timestamp
    * `decoder`: Decoder subgraph to execute in a loop
    * `decoder_output_cross_qk`: If nozero, decoder subgraph contains output Q*K from cross attentions
    * `decoder_start_token_id`: The id of the token that indicates decoding starts (i.e
    * `early_stopping`: early stop or not
    * `encoder`: The subgraph for initialization of encoder and decoder
    * `eos_token_id`: The id of the end-of-sequence token
    * `init_decoder`: The subgraph for the first decoding run
    * `model_type`: Must be 2 for whisper
    * `no_repeat_ngram_size`: no repeat ngrams size
    * `no_speech_token_id`: The token in whisper model that marks all sequence empty
    * `no_timestamps_token_id`: The id of the token that indicates no timestamps
    * `pad_token_id`: The id of the padding token
    * `start_of_lm_token_id`: The id of the token that indicates LM starts
    * `transcribe_token_id`: The id of the transcribe task
    * `translate_token_id`: The id of the translate task
    * `vocab_size`: Size of the vocabulary
  }];
  let arguments = (ins Msft_float_int32_float16:$input_ids, Msft_int32:$max_length, Optional<Msft_int32>:$min_length,
      Msft_int32:$num_beams, Msft_int32:$num_return_sequences, Optional<Msft_float_float16>:$length_penalty,
      Optional<Msft_float_float16>:$repetition_penalty, Optional<Msft_int32>:$vocab_mask,
      Optional<Msft_int32>:$prefix_vocab_mask, Optional<Msft_int32>:$attention_mask,
      Optional<Msft_int32>:$decoder_input_ids, Optional<Msft_int32>:$logits_processor,
      Optional<Msft_int32>:$cross_qk_layer_head, Optional<Msft_int32>:$extra_decoding_ids,
      Optional<Msft_float_float16>:$temperature, OptionalAttr<Onnx_IntAttr>:$beginning_timestamp_token_id,
      OptionalAttr<Onnx_IntAttr>:$decoder_output_cross_qk,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$decoder_start_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "0">:$early_stopping, Onnx_IntAttr:$eos_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "2">:$model_type, DefaultValuedAttr<Onnx_IntAttr, "0">:$no_repeat_ngram_size,
      OptionalAttr<Onnx_IntAttr>:$no_speech_token_id, OptionalAttr<Onnx_IntAttr>:$no_timestamps_token_id,
      Onnx_IntAttr:$pad_token_id, OptionalAttr<Onnx_IntAttr>:$start_of_lm_token_id,
      OptionalAttr<Onnx_IntAttr>:$transcribe_token_id, OptionalAttr<Onnx_IntAttr>:$translate_token_id,
      DefaultValuedAttr<Onnx_IntAttr, "-1">:$vocab_size);
  let results = (outs Msft_int32:$sequences, Optional<Msft_float_float16>:$sequences_scores,
      Optional<Msft_float_float16>:$scores, Optional<Msft_float>:$cross_qk,
      Optional<Msft_float_float16>:$non_speech_probs);
  let regions = (region AnyRegion:$decoder, AnyRegion:$encoder, AnyRegion:$init_decoder);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Msft_WordConvEmbeddingOp : Msft_Op<"WordConvEmbedding", [Pure]> {
  let summary = "The WordConvEmbedding takes in a batch of sequence words and embed each ...";
  let description = [{
    The WordConvEmbedding takes in a batch of sequence words and embed each word to a vector.

    * `Sequence`: Specify batchs of sequence words to embedding
    * `W`: Specify weights of conv
    * `B`: Specify bias of conv
    * `C`: Specify embedding vector of char
    * `Y`: output
    * `char_embedding_size`: Integer representing the embedding vector size for each char.If not provide, use the char ...
    * `conv_window_size`: This operator applies convolution to word from left to right with window equal to ...
    * `embedding_size`: Integer representing the embedding vector size for each word.If not provide, use the filter ...
  }];
  let arguments = (ins Msft_int32:$Sequence, Msft_float:$W, Msft_float:$B, Msft_float:$C,
      OptionalAttr<Onnx_IntAttr>:$char_embedding_size, OptionalAttr<Onnx_IntAttr>:$conv_window_size,
      OptionalAttr<Onnx_IntAttr>:$embedding_size);
  let results = (outs Msft_float:$Y);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}