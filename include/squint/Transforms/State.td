//===- State.td - passes that make a model remember ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_STATE
#define SQUINT_TRANSFORMS_STATE

include "mlir/Pass/PassBase.td"

def ForgetPast : Pass<"squint-forget-past", "::mlir::ModuleOp"> {
  let summary = "A model whose keys and values are inputs and results forgets them";
  let description = [{
    Language models are exported with the keys and values of earlier tokens as inputs, and with those of all tokens as results. Where an input's
    Concat with what is new is a result, the new alone takes its place, the result goes, and the inputs' dimension of earlier tokens is 0; an
    `attention_mask` is for as many tokens as `input_ids` has. Likewise a TensorScatter of what is new into an input, and attention that takes and gives
    its keys and values itself (Attention, com.microsoft's GroupQueryAttention) loses them, with the operands that say how many of a
    cache's tokens there are. Inputs that only such operands needed go. What is left takes whole sequences; `squint-find-positions` drops the inputs that
    nothing reads any more, and `squint-add-caches` makes a state. Leaves models without such inputs alone. Works before shapes are inferred.

    ```mlir
    %all = onnx.Concat(%past, %new) {axis = 2} : ...   // %all is a result of main
    // becomes
    %new
    ```
  }];
  let statistics = [Statistic<"numForgotten", "forgotten", "Inputs of earlier keys or values">];
  let dependentDialects = ["::squint::SquintDialect"];
}

def FindPositions : Pass<"squint-find-positions", "::mlir::func::FuncOp"> {
  let summary = "Find causal attention and what counts tokens";
  let description = [{
    For models that are to remember their tokens and say neither `causal` nor `squint.positions`, as those from ONNX. What a tensor made of
    sizes alone holds is worked out as a function of an element's indices: `a = c + sum_d f_d i_d`, or one of two numbers by the sign of such an `a`
    (Range, CumSum, Trilu, comparisons, Where, arithmetic, tables in the model, and what moves them; an `attention_mask` is all 1).

    * A mask that is 0 for keys up to the query's token and -10000 or less behind it goes, and its attention becomes `causal`; if it hides
      keys some way before, too, that is the attention's `window`. It may be a sum of such masks, or made of what both of two conditions show.
    * Values that count the tokens, the input `position_ids`, and the first rows of a table become `squint.positions` and rows by
      number. What all sequences shared is computed for every token of each then.
    * Attention gets its tokens before its heads.

    Everything else has to compute each token alone: an operator that does not, or is not known to, is an error that names it. Models
    that have `squint.positions` are left alone.

    ```mlir
    %m = onnx.Trilu(%least, %one) : (tensor<?x?xf32>, tensor<i64>) -> tensor<?x?xf32>
    %y = squint.attention %q, %k, %v mask(%m) scale = 0.125 : ...
    // becomes
    %y = squint.attention %q, %k, %v scale = 0.125 causal : ...
    ```
  }];
  let statistics = [Statistic<"numCausal", "causal", "Attentions whose masks hide later tokens">,
                    Statistic<"numPositions", "positions", "Values that count tokens">];
  let dependentDialects = ["::squint::SquintDialect", "::squint::onnx::OnnxDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def AddCaches : Pass<"squint-add-caches", "::mlir::ModuleOp"> {
  let summary = "A language model keeps the keys and values of its tokens";
  let description = [{
    Makes of a model that takes whole sequences one that takes the next tokens of each: `main` gets the lengths of the sequences so far and
    the bytes of a state, both provided by the caller's state object, `squint.positions` counts on from the lengths, and every causal
    `squint.attention` becomes a `squint.append_cache` and a `squint.cached_attention`. The state goes from layer to layer as one
    tensor and is returned; buffers make the writes happen in place. One more input, `logits_to_keep`, says for how many of the last
    tokens the head is computed.

    With integers in groups (`int4` is `int4:group=32,min`) keys are grouped along tokens, blocks are packed when they are full, and a second
    `squint.append_cache` keeps the tokens of the last one as they are.

    Integers by token and head (`int8`) have one scale for a whole key. Where norms make queries and keys (Qwen 3, Gemma 3), whose factors for
    some elements are often ten times those of others, the factors move from the keys' norm to the queries', one for each turned pair,
    so that no element takes all of the scale. Scores stay what they are, up to rounding.

    The format of keys and values is `format`, or what `squint.kv_format` says of an attention (the section `kv-cache` of a recipe).

    ```mlir
    %y = squint.attention %q, %k, %v scale = 0.125 causal : ...
    // becomes
    %c = squint.append_cache %k, %v, %state at %lengths layout <...> : ...
    %y = squint.cached_attention %q, %c at %lengths layout <...> scale = 0.125 : ...
    ```
  }];
  let options = [
    Option<"format", "format", "std::string", /*default=*/"\"f16\"", "f32, f16, bf16, int8, int4, int2, f8e4m3 or f8e5m2, or one in groups with minima">,
    Option<"context", "context", "int64_t", /*default=*/"0", "The longest sequence; 0: what the model says">,
  ];
  let statistics = [Statistic<"numCaches", "caches", "Attentions that keep keys and values">,
                    Statistic<"numBalanced", "balanced", "Attentions whose keys' norm gave factors to the queries'">];
  let dependentDialects = ["::squint::SquintDialect"];
}

#endif
