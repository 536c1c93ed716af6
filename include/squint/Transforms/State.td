//===- State.td - passes that make a model remember ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_STATE
#define SQUINT_TRANSFORMS_STATE

include "mlir/Pass/PassBase.td"

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
  let statistics = [Statistic<"numCaches", "caches", "Attentions that keep keys and values">];
  let dependentDialects = ["::squint::SquintDialect"];
}

#endif
