//===- WeightMethods.td - methods that look at samples -----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_WEIGHTMETHODS
#define SQUINT_TRANSFORMS_WEIGHTMETHODS

include "mlir/Pass/PassBase.td"

// Layer after layer in the order of data, each sees the inputs that the layers quantized so far give.
class LayerMethod<string name, list<Option> more = []> : Pass<name, "::mlir::ModuleOp"> {
  let options = !listconcat([
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
    Option<"checkpoint", "checkpoint", "std::string", /*default=*/"", "Folder to keep layers in as they are done, and to go on from">,
  ], more);
  let statistics = [Statistic<"numWeights", "weights", "Number of weights quantized">];
}

def QuantizeGptq : LayerMethod<"squint-quantize-gptq"> {
  let summary = "Compensate each column's rounding error in the columns that follow";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `gptq` (Frantar et al., GPTQ: Accurate Post-Training
    Quantization for Generative Pre-trained Transformers, 2022), layer after layer in the order of data, each seeing the inputs X
    that the layers quantized so far give. With `H = X^T X` over all samples, damped, and `U` the upper Cholesky factor of its inverse,
    column after column is rounded to its grid and its error goes to the columns that are still to come:

    `e = (w_i - q_i) / U_ii`, `w_j -= e * U_ij` for j > i.

    Options of the method, beside those of GPTQ itself (`damping`, `act-order`, `static-groups`, `block-size`):

    * `search-scales`: scales by the least error in which column j counts `1 / U_jj^2`, what rounding there costs once
      the columns that follow have made up for what they can;
    * `targets` (a): the layer is asked for what the float model's inputs Xf give, `W + a W (Xf - X)^T X H^-1` (Arai and Ichikawa,
      Quantization Error Propagation, 2025);
    * `residual` (r): a layer whose result is added to a value R is asked for the same share of the error that R has already,
      `+ r (Rf - R)^T X H^-1`;
    * `descent`: rounds of coordinate descent, `q_j <- round(q_j + (W - Q) H_j / (H_jj s))`, and of scales by least squares over all
      groups of a row (Behdin et al., QuantEase, 2023).

    Damping that is too small for a factorization is raised, and a remark says so. Convolutions are matrices over their windows; grouped
    ones are refused.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int4:group=32,scale=f16", squint.method = {name = "gptq", act-order = true}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 9216> : !squint.packed<128x128, "int4:group=32,scale=f16">
    %1 = squint.dequantize %0 {squint.original = #squint.data<"model.onnx", 0, 65536> : tensor<128x128xf32>} : ...
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeAwq : LayerMethod<"squint-quantize-awq"> {
  let summary = "Quantize to the nearest code on ranges that outputs choose";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `awq`: the second half of AWQ (Lin et al., Activation-aware
    Weight Quantization, 2023, arXiv 2306.00978), whose first is the rewrite `squint-scale-awq`. Layer after layer is visited in the order of
    data. Each block of a weight is tried with ranges of 1, 0.95, ... 0.55 times its own, symmetric integers narrower than 8 bits with both
    signs of the scale, and takes the one with the least error of its part of the outputs, `d G d^T`: d is the block's error, `G = X^T X` the
    Gram matrix of the inputs X that the layers quantized so far give, of the block's columns. Codes are the nearest ones.

    `clip = false` keeps the whole range, as round to nearest does.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int4:group=128,scale=f16", squint.method = {name = "awq"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 8448> : !squint.packed<128x128, "int4:group=128,scale=f16">
    %1 = squint.dequantize %0 {squint.original = #squint.data<"model.onnx", 0, 65536> : tensor<128x128xf32>} : ...
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeImatrix : LayerMethod<"squint-quantize-imatrix", [
    Option<"imatrix", "imatrix", "std::string", /*default=*/"", "File of an importance matrix, instead of samples">,
  ]> {
  let summary = "Quantize to the nearest code on scales that large inputs choose";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `imatrix`: the importance matrix of llama.cpp (Kawrakow,
    pull request 4861, 2024). An error in column j counts what the layer's inputs X make of it, their mean square over all samples,

    `m_j = mean over tokens of x_j^2`,

    which is the diagonal of `X^T X`. GGML's types (`q4_k` and the like) are searched as its reference code searches them under an
    importance matrix, byte for byte: an error of weight w then counts `m_j sqrt(s + w^2)`, s being a multiple of the mean of `w^2`. Blocks
    of all other formats take the range with the least `sum_j m_j (w_j - q_j)^2`, as `range: mse` of `squint-quantize-rtn` does with
    `m_j = 1`, codebooks the tables. Codes are the nearest ones; columns do not make up for one another.

    Layer after layer is visited in the order of data, each seeing the inputs that the layers quantized so far give; nothing but sums by
    column is computed, so that this is the cheapest method which looks at samples.

    With the option `imatrix` the means are those of a file of llama.cpp's, in GGUF or its older form, and there are no samples. An operator
    takes the entry that is called as its node and `.weight`, or that of another operator with the same input.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "q4_k", squint.method = {name = "imatrix"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 9216> : !squint.packed<64x256, "q4_k">
    %1 = squint.dequantize %0 {squint.original = #squint.data<"model.onnx", 0, 65536> : tensor<64x256xf32>} : ...
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeCodebook : LayerMethod<"squint-quantize-codebook"> {
  let summary = "Fit a table of values to each block of weights";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `codebook`; the format is `codebook2`, `codebook3` or
    `codebook4` by tensor, channel or group. With `H = X^T X` over all samples, damped, a block's table holds the values that minimise

    `sum_i H_ii (w_i - nearest entry)^2`

    over all tables (Kim et al., SqueezeLLM: Dense-and-Sparse Quantization, 2023): clusters on a line are intervals, which
    dynamic programming cuts at the best places (Wang and Song, Ckmeans.1d.dp, 2011), so that the result depends on no start.
    Columns then take their entries one after the other, and those that follow make up for the errors, as in `squint-quantize-gptq`;
    `H_ii` is then what they leave of an error.

    Options of the method: `damping` (0.01), `act-order` (true), `compensate` (true; without, every weight takes the nearest entry),
    `descent` (2): rounds of coordinate descent over the codes, and `targets` and `residual` (0) as of `squint-quantize-gptq`. Without samples `squint-quantize-rtn` fits tables that minimise the
    plain squared error.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "codebook2:group=64,scale=f16", squint.method = {name = "codebook"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 3072> : !squint.packed<64x128, "codebook2:group=64,scale=f16">
    %1 = squint.dequantize %0 {squint.original = ...} : !squint.packed<64x128, "codebook2:group=64,scale=f16"> -> tensor<64x128xf32>
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeAdditive : LayerMethod<"squint-quantize-additive"> {
  let summary = "Make weights sums of vectors of a few tables";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `additive`; the format is `additive2` or `additive3`. Four
    weights that follow one another in a row are their block's scale times a sum of 2 or 3 vectors, one of 16 of each table, and all
    rows of the weight share the tables (additive quantization: Babenko and Lempitsky, 2014; Egiazarian et al., AQLM, 2024). With
    `H = X^T X` over all samples, damped, what is made small is `tr((W - Q) H (W - Q)^T)`:

    1. tables by k-means, weighted by what each column's error costs, the first one of the weights over their scales and each other one of
       the residual;
    2. codes vector after vector, the errors being made up for in the columns that follow, as in `squint-quantize-gptq`; a vector's
       codes are found by a search of the residual that keeps the 16 best sums of each table;
    3. rounds of: all tables by least squares, each scale by least squares, each vector's codes again with all others as they are, twice.

    Options of the method: `damping` (0.01), `descent` (4): such rounds, and `targets` and `residual` (0) as of `squint-quantize-gptq`.
    Columns keep their order. There is no form without samples.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "additive2:channel,scale=f16", squint.method = {name = "additive"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 2432> : !squint.packed<64x128, "additive2:channel,scale=f16">
    %1 = squint.dequantize %0 {squint.original = ...} : !squint.packed<64x128, "additive2:channel,scale=f16"> -> tensor<64x128xf32>
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeSparse : LayerMethod<"squint-quantize-sparse"> {
  let summary = "Keep some of the weights and quantize them";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `sparse`; the format is one with `sparse=2:4` or `sparse=P%`. SparseGPT
    (Frantar and Alistarh, 2023): columns are quantized in their own order, and those that follow make up for the errors
    (`squint-quantize-gptq`). A row drops the weights whose loss costs least,

    `w_j^2 / U_jj^2` with U the upper Cholesky factor of `H^-1`,

    w being what the weights are by then; a dropped weight's error is made up for like that of a code. Of two of four these are
    chosen at every fourth column. Of a percentage they are chosen at every 128th, and how many of the row's are among the 128 is what
    the same costs of the whole row say before the first column is quantized.

    Options of the method: `damping` (0.01), `block-size` (128, for speed alone), `descent` (0): rounds of coordinate descent over the
    codes that are kept, and of scales by least squares, and `targets` and `residual` (0) as of `squint-quantize-gptq`. Without samples `squint-quantize-rtn` keeps the larger ones.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32,sparse=2:4", squint.method = {name = "sparse"}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 5376> : !squint.packed<64x128, "int8:channel,scale=f32,sparse=2:4">
    %1 = squint.dequantize %0 {squint.original = ...} : ... -> tensor<64x128xf32>
    %y = squint.linear %x, %1 : ...
    ```
  }];
}

def QuantizeSpqr : LayerMethod<"squint-quantize-spqr"> {
  let summary = "Small groups with coarse scales, and outliers in half precision";
  let description = [{
    Carries out `squint.weight_format` of operators whose `squint.method` is `spqr`; the format is an integer in small groups with
    `scale=bilevel3`. SpQR (Dettmers et al., SpQR: A Sparse-Quantized Representation for Near-Lossless LLM Weight Compression, 2023):
    scales and zero points are codes of 3 bits on grids that 16 rows share, and weights whose rounding would cost more than

    `T = tau * mean_j var(W_j) / U_jj^2`

    in `(w_j - q_j)^2 / U_jj^2` stay as f16; the packed type says for how many of them every 16 rows have room. All else is as in
    `squint-quantize-gptq`; include/squint/Numerics/Spqr.h has the formulas.

    Options of the method: `threshold` (tau, 0.2; 0 for no outliers), `damping` (1.0), `act-order` (true), `targets` and `residual` (0) as of
    `squint-quantize-gptq`: grids, outliers and codes are then those of the weight that gives what the float model would.

    ```mlir
    %y = squint.linear %x, %w {squint.weight_format = "int3:group=16,scale=bilevel3", squint.method = {name = "spqr", threshold = 0.2}} : ...
    // becomes
    %0 = squint.constant #squint.data<"#0", 0, 4688> : !squint.packed<64x128, "int3:group=16,scale=bilevel3,outliers=27">
    %1 = squint.dequantize %0 {squint.original = ...} : ... -> tensor<64x128xf32>
    %y = squint.linear %x, %1 : ...
    ```
  }];
  let statistics = [
    Statistic<"numWeights", "weights", "Number of weights quantized">,
    Statistic<"numOutliers", "outliers", "Number of values stored in half precision">,
  ];
}

#endif
