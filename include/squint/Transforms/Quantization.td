//===- Quantization.td - formats, codes and layouts --------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_QUANTIZATION
#define SQUINT_TRANSFORMS_QUANTIZATION

include "mlir/Pass/PassBase.td"

def SelectFormats : Pass<"squint-select-formats", "::mlir::ModuleOp"> {
  let summary = "Choose a format for every weight and activation";
  let description = [{
    Gives every operator with a weight (`WeightedOpInterface`) whose weight is a float constant the attributes
    `squint.weight_format` and `squint.activation_format`, which a later pass carries out. `f32` means that a tensor stays as it
    is and leaves no attribute. Left alone are weights that are computed, f64 operators, weights that are quantized already
    (their activations still take a format, if they have none), and operators that carry one of the attributes already.

    Left alone as well are operators whose activation is a function of sizes alone, such as the angles of a rotary embedding.

    `weights` and `activations` hold for all operators that no rule of the recipe matches. A recipe is a YAML file:

    ```yaml
    calibration:
      samples: 32                    # of the file given with --calibration; left out: all
      observer: percentile=99.99     # how static ranges are found; left out: min-max
    rewrites:                        # in this order, before weights are quantized
      - smooth: {alpha: 0.5}
    corrections:                     # in this order, when weights are quantized
      - correct-bias
    rules:
      - operators: linear            # linear, conv or embedding; left out: linear and conv
        roles: [q, k, v]             # q, k, v, qkv, o, gate, up, gate-up, down, embedding, head
        names: ["*/query/*", head]   # globs over node names
        shapes: "*x576"              # globs over output channels x contraction
        depths: [0..n/8, -1]         # which of its role (or kind), n being their number
        layers: [first, last]        # of the model, embeddings aside
        weights: int8:channel        # left out: f32
        activations: int8:token
        method: gptq                 # left out: rtn
        options: {damping: 0.05}
      - roles: head
        optional: true               # need not match
        weights: [q6_k, int8:channel] # the first whose blocks the rows fill
      - weights: int4:group=32
      - operators: attention         # products of queries, keys and values in integers
        activations: int8:token
    kv-cache:                        # how attentions keep keys and values
      - depths: [0, -1]              # among all attentions; names and optional as in rules
        keys: int8:token
        values: int8:token
      - keys: int4:group=32,zero-point
        keys-along: tokens           # groups of 32 tokens, each channel its own scale; left out: channels
        values: int4:group=32,zero-point
        recent: 128                  # the last tokens stay f16; left out: 0
    budget: bits:4.25                # formats for what no rule takes, as of --budget; left out: these stay f32
    symmetric: true                  # these without zero points; left out: false
    ```

    A selector that is left out fits everything, but embeddings are only taken by `operators` or `roles`, attentions only by `operators`. A depth is a number from 0
    on, negative from the end, or a range `begin..end`, `begin..` or `begin..end by step` without its end, whose bounds may be fractions of n
    (`7n/8`, `n/8+2`, rounded down). The first rule that fits an operator decides both of its formats. A rule that fits nothing is an
    error unless it is optional, whether nothing has that name or earlier rules took all of it, and so are one of several globs that
    fits nothing and a format that no operator takes. Formats without kernels are refused by name. A method goes to `squint.method`, for the pass that carries it out.

    With a `budget`, `squint-plan-formats` follows: it holds for all weights that are selected from, and what rules say of some is taken for
    given. Weights that a rule keeps as they are then carry `squint.kept_float`.

    The first rule of `kv-cache` that fits an attention becomes its `squint.kv_format`, a dictionary of the same entries. Keys by channel over
    tokens and values by token over channels is KIVI (Liu et al., KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache, 2024).
    It is for `squint-add-caches`; other kernels take no notice, and a warning says so.

    With `requantize` weights that are quantized already count as the floats that they stand for, and become those where they take a format.

    With `integer-only` an activation takes its format only beside a weight that kernels multiply with it in integers, and no format has to be
    taken: what comes in the formats of another tool keeps floats where it has them.

    With `explain` operators are told which rule took them (`squint.reason`) and their role (`squint.role`).

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32", squint.activation_format = "int8:token,scale=f32"}
        : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
    ```
  }];
  let options = [
    Option<"weights", "weights", "std::string", /*default=*/"\"f32\"", "Format of weights that no rule matches">,
    Option<"activations", "activations", "std::string", /*default=*/"\"f32\"",
           "Format of activations that no rule matches">,
    Option<"recipe", "recipe", "std::string", /*default=*/"", "YAML file of rules">,
    Option<"integerOnly", "integer-only", "bool", /*default=*/"false",
           "Activations take formats beside weights with products of integers only">,
    Option<"requantize", "requantize", "bool", /*default=*/"false",
           "Weights that are quantized already may take another format, as the floats that they stand for">,
    Option<"explain", "explain", "bool", /*default=*/"false", "Say on each operator why it takes its formats">,
  ];
  let statistics = [
    Statistic<"numWeights", "weights", "Number of operators whose weight took a format">,
    Statistic<"numActivations", "activations", "Number of operators whose activation took a format">,
    Statistic<"numCaches", "caches", "Number of attentions whose keys and values took formats">,
  ];
}

def PlanFormats : Pass<"squint-plan-formats", "::mlir::ModuleOp"> {
  let summary = "Choose the formats that a budget allows by what they cost in accuracy";
  let description = [{
    Gives every operator with a weight that `squint-select-formats` would take the format, among some of 3 to 8 bits, that serves the model
    best within a budget, and the method `gptq` where it has inputs to compensate with.

    * How much a format loses in a layer is measured after compensation: the squared error of its outputs on the samples over the squared
      outputs, `tr(dW H dW^T) / tr(W H W^T)` (of the values, for a table).
    * How much a layer matters is measured on the model: its coarsest format alone is put in the float model, and the mean
      Kullback-Leibler divergence of the result's softmax from the float model's, over the layer's loss, is the price of a unit of loss
      (the relative squared error of the result for models without a head).
    * What a format costs are the bytes that the library stores.

    The sum of losses times prices is made small by a multiple-choice knapsack: options on each layer's convex hull in the order of
    what a byte gains. No plan within the budget can be better than the optimum of the relaxed problem, which is printed beside it in
    `squint.plan`. Formats of a plan have no zero points with `symmetric`.

    `budget` is `size:BYTES` of a library, `size:FRACTION` of the float weights, `bits:B` a weight, or `error:D`, the divergence that the sum may reach
    with as few bytes as possible. `frontier` chooses none: the module takes `squint.frontier`, what such plans reach: bytes of a
    library, bits a weight and divergence, the smallest first.

    Weights that have a `squint.weight_format` keep it, and those whose operators have `squint.kept_float` stay as they are: their bytes count,
    what they lose does not.

    What has been measured is kept in the folder `checkpoint`, if there is one: the same work on the same module, samples and build of the
    program goes on from there, whatever the budget.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int5:group=64,scale=f16", squint.method = {name = "gptq", ...}} : ...
    ```
  }];
  let options = [
    Option<"budget", "budget", "std::string", /*default=*/"", "size:BYTES, size:FRACTION, bits:B or error:D">,
    Option<"symmetric", "symmetric", "bool", /*default=*/"false", "Keep the plan from zero points">,
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"probeSamples", "probe-samples", "int64_t", /*default=*/"0", "Samples that the model's divergence is measured on; 0 for as many as have 64 rows">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
    Option<"explain", "explain", "bool", /*default=*/"false", "Say on each operator why it takes its format">,
    Option<"frontier", "frontier", "bool", /*default=*/"false", "Find the plans of all budgets instead, as `squint.frontier`">,
    Option<"checkpointFolder", "checkpoint", "std::string", /*default=*/"", "Folder to keep what is measured in, and to go on from">,
  ];
  let statistics = [Statistic<"numWeights", "weights", "Number of weights that took a format">];
}

def QuantizeActivations : Pass<"squint-quantize-activations", "::mlir::ModuleOp"> {
  let summary = "Put codes before the operators that take quantized activations";
  let description = [{
    Carries out `squint.activation_format` and removes it. An activation becomes `squint.quantize` and `squint.dequantize` before
    the operator; operators that read the same value in the same format share them. Dynamic scales (`token`, `group`) are found
    when the model runs, as `squint.quantize` says. Static ones (`tensor`) take their range from the calibration's
    `squint.statistics`, which they use up:

    * zero point: `s = (max - min) / 255` with 0 in the range, `z = round(-min / s) - 128`;
    * without negative values: `s = max / 255`, `z = -128`;
    * otherwise: `s = max|x| / 127`, `z = 0`.

    What the model itself has rounded to a grid of 8 bits (`squint.fake_quantize` with one scale, transposed, reshaped or pooled by its
    maximum since) takes the scale and zero point of that, with or without statistics.

    Statistics and observers are erased. One scale an image (`token` on a conv) holds for all of its pixels.

    ```mlir
    %0 = squint.quantize %x : tensor<?x64xf32> -> !squint.packed<?x64, "int8:token,scale=f32">
    %1 = squint.dequantize %0 : !squint.packed<?x64, "int8:token,scale=f32"> -> tensor<?x64xf32>
    %y = squint.linear %1, %w : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numActivations", "activations", "Number of activations quantized">];
}

def QuantizeRtn : Pass<"squint-quantize-rtn", "::mlir::ModuleOp"> {
  let summary = "Quantize to the nearest code";
  let description = [{
    Carries out `squint.weight_format` where there is no `squint.method` or it is `rtn`, and removes them.

    A float constant becomes a `squint.constant` of a packed type in a store in memory, and a `squint.dequantize`, which keeps
    the float constant as `squint.original` until `squint-forget-originals`. Operators
    that share a weight and a format share the packed one. With `s` the scale of a block, rounded to its type before codes
    are computed, and rounding half to even:

    * symmetric int8: `s = max|w| / 127`, codes -127..127;
    * symmetric int2 to int7: `s = m / -2^(b-1)` with `m` the value of largest magnitude, codes -2^(b-1)..2^(b-1)-1;
    * zero point: `s = (max - min) / (2^b - 1)` with 0 in the range, `z = round(-min / s)`, codes 0..2^b-1;
    * `code = clamp(round(w / s) + z)`; a block of zeros has scale 0.

    That is the range `min-max`. Options of the method choose another:

    * `range`: `percentile`, which leaves `100 - percentile` (99.99) percent of a block's values out at either end; `mse`, the least sum of
      squared errors, the scale then being that of least squares, of either sign for symmetric integers narrower than 8 bits; or
      `entropy`, the least Kullback-Leibler divergence of the values from what they decode to, over a histogram, for scales by tensor or
      channel (Migacz, 8-bit Inference with TensorRT, 2017).

    NaN and infinity in a weight are errors, and so is a value or a scale that its type cannot hold.

    ```mlir
    %w = squint.constant #squint.data<"#0", 0, 2176> : !squint.packed<32x64, "int8:channel,scale=f32">
    %0 = squint.dequantize %w {squint.original = #squint.data<"model.onnx", 120, 8192> : tensor<32x64xf32>}
        : !squint.packed<32x64, "int8:channel,scale=f32"> -> tensor<32x64xf32>
    %y = squint.linear %x, %0 : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numWeights", "weights", "Number of weights quantized">];
}

def QuantizeHqq : Pass<"squint-quantize-hqq", "::mlir::ModuleOp"> {
  let summary = "Fit each group's minimum so that few weights are far off";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `hqq` (Badri and Shaji, Half-Quadratic Quantization of Large Machine
    Learning Models, 2023), without samples. Formats need minima (`int4:group=64,min`): the scale of a group is
    `s = (max - min) / (2^b - 1)`, and its zero `z`, a float, starts at `-min / s` and is improved up to 20 times, as long as the mean of
    `|w - decoded|` falls:

    * `q = clamp(round(w / s + z))`, `d = w - (q - z) * s`;
    * `e = sign(d) * max(|d| - |d|^(p - 1) / beta, 0)`, p = 0.7, beta = 10: the large errors, which a few weights may keep;
    * `z = mean(q - (w - e) / s)`.

    The group's minimum is `z * s` in f16. Groups stop on their own, so that none depends on another.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int4:group=64,min,scale=f16", squint.method = {name = "hqq"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 9216> : !squint.packed<128x128, "int4:group=64,min,scale=f16">
    %1 = squint.dequantize %0 {squint.original = #squint.data<"model.onnx", 0, 65536> : tensor<128x128xf32>} : ...
    %y = squint.linear %x, %1 : ...
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numWeights", "weights", "Number of weights quantized">];
}

def AddLora : Pass<"squint-add-lora", "::mlir::ModuleOp"> {
  let summary = "Put an adapter's low-rank products beside the linears that it is for";
  let description = [{
    Reads an adapter in the layout of Hugging Face's PEFT (`adapter_config.json` and `adapter_model.safetensors`) and adds `scale * B (A x)` to
    each linear that has a module in it, `scale` being `lora_alpha / r`, or `lora_alpha / sqrt(r)` with `use_rslora`, with `rank_pattern` and
    `alpha_pattern` by module. A and B stay as they are; the weight beside them may take any format. With `merge` the weight becomes
    `W + scale * B A` instead, computed in double and rounded once.

    A linear has up to three names: that of its weight's initializer without `.weight`; its node's without the last part, slashes being dots
    (`/model/layers.0/self_attn/q_proj/MatMul` is `model.layers.0.self_attn.q_proj`); its node's itself. A module is that of the linear of its
    own name. If no module has one, a prefix that ends with a dot and is the same for all modules may be left out of their names, or of those of
    the linears. Modules with no linear, with several, or that share one are errors, and so is whatever would make the adapter another function
    (DoRA, biases, modules that are saved whole, embeddings).

    Runs when formats have been selected and before rewrites, which then see the products.

    ```mlir
    %0 = squint.linear %x, %w : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
    %y = squint.lora %x, %a, %b to(%0) scale = 2.0 : tensor<?x64xf32>, tensor<8x64xf16>, tensor<32x8xf16>, tensor<?x32xf32>
    ```
  }];
  let options = [
    Option<"adapter", "adapter", "std::string", /*default=*/"", "Folder of the adapter, or its file of tensors">,
    Option<"merge", "merge", "bool", /*default=*/"false", "Add the products to the weights">,
  ];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numModules", "modules", "Number of linears with a product beside them, or merged">];
}

def ExpandLora : Pass<"squint-expand-lora", "::mlir::func::FuncOp"> {
  let summary = "Write adapters as two products and a sum";
  let description = [{
    `squint.lora` becomes a `squint.linear` with `a`, a Mul with the scale, a `squint.linear` with `b` and an Add, all in f32. Matrices of f16 and bf16
    are packed constants of these formats, which the products read as they are.

    ```mlir
    %1 = squint.linear %x, %a : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
    %2 = onnx.Mul(%1, %scale) : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
    %3 = squint.linear %2, %b : tensor<?x8xf32>, tensor<32x8xf32> -> tensor<?x32xf32>
    %y = onnx.Add(%0, %3) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect", "::squint::onnx::OnnxDialect"];
  let statistics = [Statistic<"numExpanded", "expanded", "Number of adapters expanded">];
}

def SummarizeQuantization : Pass<"squint-summarize-quantization", "::mlir::ModuleOp"> {
  let summary = "Compare quantized weights with what they were made from";
  let description = [{
    Writes an entry for each operator with a quantized weight that still has its `squint.original` to the module's `squint.layers`, for
    the report: node, role, shape, formats, method, bytes, bits a weight, the share of clipped weights (farther from their decoded value than half
    a step, and larger), and signal-to-noise ratios in dB, `10 log10(sum w^2 / sum (w - w')^2)` of the weight and, with samples, the same
    of the layer's outputs: as the method measured it, or else of up to 256 outputs on the first 8 samples. Where the module asks for
    times (`squint.times`, as `squintc --report` does), also how many seconds the method took, the search for the layer's inputs included.

    With samples in `calibration`, the first 8 of them run through the quantized model and the float model that it came from.
    `squint.accuracy` then holds the mean Kullback-Leibler divergence of the result's softmax (the relative squared error of the
    result for models without a head), over 64 rows of each sample, and the share of rows whose largest entry is the same. Where labels
    are known, integers called `labels` in the file of samples (one for each row of the result, below 0 for none) or for language models
    whose attentions are causal or have a mask for each query the token that follows, it also holds perplexity and the share of rows whose largest
    entry is the label's, of both models.

    ```mlir
    module attributes {squint.layers = [{node = "layer0.q_proj", role = "q", weights = "int4:group=32,scale=f16", weights_snr_db = 20.1 : f64, ...} ]}
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads that samples run on; 0 takes as many as passes may use">,
  ];
  let statistics = [Statistic<"numWeights", "weights", "Number of weights compared">];
}

def FakeQuantize : Pass<"squint-fake-quantize", "::mlir::ModuleOp"> {
  let summary = "Turn quantized values into floats that are rounded, to train them";
  let description = [{
    Every quantized weight becomes the float weight that it was made from (`squint.original`; where there is none, what its codes stand
    for) behind a `squint.fake_quantize` with its scales and zero points, and every static activation one of its grid. Codes are the nearest
    ones then, whichever method had chosen them. Scales that are 0 become 1. The module computes floats; as ONNX (`squintc --emit=onnx-qat`) it is trained
    elsewhere, and what comes back has its codes again by `squint-raise`.

    Formats that are no grid of integers, groups of convolutions, and activations by token or group, whose scales no training changes, are
    refused.

    ```mlir
    %0 = squint.dequantize %p {squint.original = #squint.data<"m.onnx", 0, 8192> : tensor<32x64xf32>}
        : !squint.packed<32x64, "int8:channel,scale=f32"> -> tensor<32x64xf32>
    // becomes
    %w = squint.constant #squint.data<"m.onnx", 0, 8192> : tensor<32x64xf32>
    %0 = squint.fake_quantize %w scale(%s) zero_point(%z) codes = [-127, 127]
        : tensor<32x64xf32>, tensor<32xf32>, tensor<32xi8> -> tensor<32x64xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [
    Statistic<"numWeights", "weights", "Number of weights replaced">,
    Statistic<"numActivations", "activations", "Number of activations replaced">,
  ];
}

def ForgetOriginals : Pass<"squint-forget-originals", "::mlir::ModuleOp"> {
  let summary = "Let go of the float weights behind quantized ones";
  let description = [{
    Removes `squint.original` from every `squint.dequantize`, and what `squint-select-formats` explained, and frees what nothing refers to
    any more. A `squint.weight_format` that no pass carried out is an error. Until then the float model can
    be rebuilt from the quantized one, which methods need that compare the two.

    ```mlir
    %0 = squint.dequantize %w {squint.original = #squint.data<"model.onnx", 120, 8192> : tensor<32x64xf32>} : ...
    // becomes
    %0 = squint.dequantize %w : ...
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numForgotten", "forgotten", "Number of weights without their original">];
}

def SplitOutliers : Pass<"squint-split-outliers", "::mlir::ModuleOp"> {
  let summary = "Keep activations of large magnitude out of int8 products";
  let description = [{
    LLM.int8() (Dettmers et al. 2022, arXiv 2208.07339): a few activations of large transformers are so large that a row's other codes
    would all be small beside them. Each linear that is to take int8 activations and whose weight is a float constant becomes two, whose
    sum is the same float function:

    * `dynamic`: of every token the elements with `|x| >= threshold` go to a product of floats with the same weight, which takes the
      same format; the others, with zeros in their place, to the product of codes, so that the row's scale is that of what stays.
      A token's result does not depend on its neighbours. Where nothing is that large the sum is the plain product of codes.
    * `static`: the columns in which any of the samples in `calibration` has `|x| >= threshold` go to a small linear of their own, whose
      weight takes the format f16; the others, with zeros in these columns of input and weight, to the product of codes.
      A linear without such columns stays as it is.

    Runs between `squint-select-formats` and the passes that carry formats out; linears of other formats are left alone.

    ```mlir
    %m = onnx.Abs(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
    %few = onnx.Less(%m, %threshold) : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xi1>
    %rest = onnx.Where(%few, %x, %zero) : (tensor<?x64xi1>, tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xf32>
    %large = onnx.Where(%few, %zero, %x) : (tensor<?x64xi1>, tensor<f32>, tensor<?x64xf32>) -> tensor<?x64xf32>
    %0 = squint.linear %rest, %w {squint.activation_format = "int8:token,scale=f32", squint.weight_format = "int8:channel,scale=f32"} : ...
    %1 = squint.linear %large, %w {squint.sparse_input, squint.weight_format = "int8:channel,scale=f32"} : ...
    %y = onnx.Add(%0, %1) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
    ```
  }];
  let options = [
    Option<"threshold", "threshold", "double", /*default=*/"6.0", "The least magnitude that counts as large">,
    Option<"mode", "mode", "std::string", /*default=*/"\"dynamic\"", "dynamic or static">,
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples for static, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
  ];
  let dependentDialects = ["::squint::SquintDialect", "::squint::onnx::OnnxDialect"];
  let statistics = [
    Statistic<"numSplit", "split", "Number of linears split">,
    Statistic<"numColumns", "columns", "Number of columns taken out of them (static)">,
  ];
}

def PackWeights : Pass<"squint-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Re-lay weights in the order that kernels read them";
  let description = [{
    The plain payload of a constant that `kernel.gemm` reads becomes panels of 16 outputs (`#kernel.panels<16>`; the equations are in
    `include/squint/Kernels/Layout.h`): one layout that all SIMD targets of the module share. No value changes. What reads rows of
    the same bytes, `kernel.gather_rows` of a table that the head of a language model shares and `kernel.dequantize`, reads them
    out of those panels, so that the bytes are there once; formats whose rows are not read so stay plain for it (`hasPanelRows`), as
    do constants that no product reads. GGML's types on grids become panels for all that reads them, which are what their points
    are taken apart for (`hasPlainRows`). Weights that are packed already stay as they are.

    ```mlir
    %w = squint.constant #squint.data<"#0", 0, 2176> : !squint.packed<32x64, "int8:channel,scale=f32">
    // becomes
    %w = squint.constant #squint.data<"#1", 0, 2304> : !squint.packed<32x64, "int8:channel,scale=f32", #kernel.panels<16>>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect", "::squint::kernel::KernelDialect"];
  let statistics = [Statistic<"numPacked", "packed", "Number of weights packed">];
}

#endif
