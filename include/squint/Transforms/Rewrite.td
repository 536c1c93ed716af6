//===- Rewrite.td - other models of the same function ------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_REWRITE
#define SQUINT_TRANSFORMS_REWRITE

include "mlir/Pass/PassBase.td"

def Rotate : Pass<"squint-rotate", "::mlir::ModuleOp"> {
  let summary = "Rotate values so that outliers are spread over all channels";
  let description = [{
    QuaRot (Ashkboos et al., arXiv:2404.00456). The float function stays as it is; activations and weights are rotated by orthogonal
    matrices whose effects cancel, and have no channels left that stand out:

    * `residual` (R1): the residual stream is rotated by `R = H D`, a Hadamard matrix times random signs. The scales and biases
      of norms go into the linears that read them; `W' = W diag(scale) R^T` for those, `W' = R W`, `b' = R b` for linears that write to
      the stream, and rows of embeddings become `R e`. Where norms centre (layer normalization), writers are centred first and the norms
      no longer do. A table that embeds and is the head's weight too stays one constant as
      it is: its rows are rotated after the lookup, and the head's input is rotated back (not where norms centre: it becomes two).
    * `values` (R2): heads of the values are rotated by `H` in the linear that makes them and back in the one that reads the
      result of attention.
    * `keys` (R3): queries and keys are rotated online before attention, which pays for caches of few bits only.
    * `down` (R4): linears that read what an activation function made get an online `squint.hadamard` before them, `W' = W H^T`.

    Sizes that have no Hadamard matrix are rotated in blocks of the largest divisor that has one. Weights are computed in double and
    rounded once for each rotation, one weight at a time. A residual stream that cannot be rotated is an error that names the operator in
    the way: whatever else reads or writes it, or norms within the stream (post-norm models, for which `residual=false`).

    ```mlir
    %0 = squint.norm %x scale(%g) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %w : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    // becomes, %x being rotated,
    %0 = squint.norm %x scale(%ones) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %rotated : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let options = [
    Option<"residual", "residual", "bool", /*default=*/"true", "Rotate the residual stream (R1)">,
    Option<"values", "values", "bool", /*default=*/"true", "Rotate the heads of values (R2)">,
    Option<"keys", "keys", "bool", /*default=*/"false", "Rotate queries and keys online (R3)">,
    Option<"down", "down", "bool", /*default=*/"true", "Rotate online what activation functions make (R4)">,
    Option<"seed", "seed", "int64_t", /*default=*/"0", "Chooses the signs of R1">,
  ];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [
    Statistic<"numStreams", "streams", "Number of residual streams rotated">,
    Statistic<"numHeads", "attentions", "Number of attentions whose values are rotated">,
    Statistic<"numOnline", "online", "Number of online rotations">,
    Statistic<"numWeights", "weights", "Number of constants rotated">,
  ];
}

def Smooth : Pass<"squint-smooth", "::mlir::ModuleOp"> {
  let summary = "Move ranges of activations to the weights that read them";
  let description = [{
    SmoothQuant (Xiao et al., arXiv:2211.10438). Where linears read an activation `X`, its channels are divided by factors and the columns of
    their weights multiplied: the float function stays as it is, and what few channels have of range is shared out. With
    the largest magnitudes on the samples in `calibration`, over all linears that read `X`,
    `s_j = max|X_j|^alpha / max|W_j|^(1 - alpha)`, divided by the geometric mean of all `s`. Factors go

    * `norms`: into the scale and bias of the norm that makes `X`; what else reads it, the residual of a model that normalizes
      after the addition, gets it multiplied back;
    * `values`: into the linear that makes the values of attention, from the one that reads its result. Query heads that
      share a value head share its factors;
    * `products`: into a linear whose result is multiplied with something (`up` of gated blocks), or whose positive part is taken,
      from the one that reads this.

    A negative `alpha` is searched for each fold: of 0.3 to 0.9 the one that changes the results of the linears least when their
    operands are quantized in the formats that have been selected, on `tokens` rows of the samples and 256 rows of each
    weight. A fold stays as it is where none is better than nothing, or where no linear takes integer activations.
    Weights are computed in double and rounded once, one at a time.

    ```mlir
    %0 = squint.norm %x scale(%g) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %w : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    // becomes, %h being g / s and %v being w * s,
    %0 = squint.norm %x scale(%h) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %v : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"alpha", "alpha", "double", /*default=*/"-1.0", "How much of the range moves, 0 to 1; negative: searched">,
    Option<"norms", "norms", "bool", /*default=*/"true", "Fold through norms">,
    Option<"values", "values", "bool", /*default=*/"true", "Fold through attention, from its output to its values">,
    Option<"products", "products", "bool", /*default=*/"true", "Fold through products and positive parts">,
    Option<"tokens", "tokens", "int64_t", /*default=*/"128", "Rows of activations to search alpha on">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads that samples run on; 0 takes as many as passes may use">,
  ];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numFolds", "folds", "Number of activations smoothed">];
}

def ScaleAwq : Pass<"squint-scale-awq", "::mlir::ModuleOp"> {
  let summary = "Make columns larger whose inputs are large before they are quantized";
  let description = [{
    The first half of AWQ (Lin et al., Activation-aware Weight Quantization, 2023, arXiv 2306.00978). Where linears read an activation X, its
    channels are divided by factors and the columns of their weights multiplied: the float function stays as it is, and the columns that
    matter most lose least when they are rounded. With `a_j` the mean of `|X_j|` on the samples in `calibration`, those tried are

    `s_j = max(a_j^(i/20), 1e-4) / sqrt(max s * min s)`, i = 0 .. 19,

    and the first is taken that has the least sum of `tr(dW X^T X dW^T)` over the linears, `dW = Q(W s) / s - W` being what rounding to
    nearest in their `squint.weight_format` changes. Factors go into the scale and bias of a norm (`norms`), through attention into the linear
    that makes its values (`values`; query heads that share a value head share its factors), or into a linear whose result is multiplied with
    something or whose positive part is taken (`products`); see `squint-smooth`. Activations that only weights of 8 bits and more read are
    left alone. Runs between `squint-select-formats` and the passes that carry formats out; weights are computed in double and rounded once.

    ```mlir
    %0 = squint.norm %x scale(%g) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %w {squint.weight_format = "int4:group=32,scale=f16"} : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    // becomes, %h being g / s and %v being w * s,
    %0 = squint.norm %x scale(%h) epsilon = 1.0e-5 : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
    %y = squint.linear %0, %v {squint.weight_format = "int4:group=32,scale=f16"} : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"norms", "norms", "bool", /*default=*/"true", "Fold through norms">,
    Option<"values", "values", "bool", /*default=*/"true", "Fold through attention, from its output to its values">,
    Option<"products", "products", "bool", /*default=*/"true", "Fold through products and positive parts">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
  ];
  let statistics = [Statistic<"numFolds", "folds", "Number of activations divided">];
}

def Equalize : Pass<"squint-equalize", "::mlir::ModuleOp"> {
  let summary = "Give consecutive layers equal ranges, channel by channel";
  let description = [{
    Cross-layer equalization (Nagel et al., arXiv:1906.04721). Between two linears or convs with nothing but ReLU, LeakyReLU or pooling in
    between, each read once, a channel's weights and bias before are divided by `s` and the weights behind multiplied: the
    float function stays as it is, since `f(s x) = s f(x)` for `s > 0`. With the channel's largest magnitudes before and behind,
    `s = sqrt(max|W1| / max|W2|)`, so that both become equal; over all pairs again and again until nothing changes. Bounded functions
    (ReLU6) are left alone.

    ```mlir
    %0 = squint.linear %x, %w1 bias(%b1) : tensor<?x8xf32>, tensor<16x8xf32>, tensor<16xf32> -> tensor<?x16xf32>
    %1 = onnx.Relu(%0) : (tensor<?x16xf32>) -> tensor<?x16xf32>
    %2 = squint.linear %1, %w2 : tensor<?x16xf32>, tensor<4x16xf32> -> tensor<?x4xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numPairs", "pairs", "Number of pairs of layers equalized">];
}

def CorrectBias : Pass<"squint-correct-bias", "::mlir::ModuleOp"> {
  let summary = "Take off the biases what quantized weights add on average";
  let description = [{
    Quantized weights `W'` change the mean of a layer's results by `(W' - W) E[x]` (Nagel et al., arXiv:1906.04721, section 4.2). This is
    taken off the bias, which a layer gets where it has none, `E[x]` being the mean input over the samples in `calibration`, of the model as
    quantized so far. Runs when weights are quantized and still know what they were (`squint.original`).

    ```mlir
    %y = squint.linear %x, %w bias(%b) : tensor<?x64xf32>, tensor<32x64xf32>, tensor<32xf32> -> tensor<?x32xf32>
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", /*default=*/"", "File of samples, .npz">,
    Option<"samples", "samples", "int64_t", /*default=*/"0", "Read only that many; 0 reads all">,
    Option<"jobs", "jobs", "int32_t", /*default=*/"0", "Threads; 0 takes as many as passes may use">,
  ];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numCorrected", "corrected", "Number of layers with a corrected bias">];
}

#endif
