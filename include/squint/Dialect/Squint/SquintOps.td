//===- SquintOps.td - the quantization dialect -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_OPS
#define SQUINT_DIALECT_SQUINT_OPS

include "squint/Dialect/Squint/SquintTypes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

def Squint_WeightedOpInterface : OpInterface<"WeightedOpInterface"> {
  let cppNamespace = "::squint";
  let description = [{
    An operator whose result is a contraction of an activation with a weight.
    Passes that choose formats, calibrate, quantize or pack find their work through this interface and never list
    operator names. The weight's first dimension is the output channel; all others together, in order, are the
    contraction. The activation's last dimension is its channel.
  }];
  let methods = [
    InterfaceMethod<"The weight, [outputs, contraction...].", "::mlir::OpOperand &", "getWeightOperand">,
    InterfaceMethod<"The activation that the weight is contracted with; integers where they choose rows of it.",
                    "::mlir::OpOperand &",
                    "getActivationOperand">,
    InterfaceMethod<"The operator's kind as recipes spell it, e.g. `linear`.", "::llvm::StringRef", "getKind">,
    InterfaceMethod<"Whether each row of the activation is a token, so that `token` and `group` scales make sense.",
                    "bool", "hasTokenRows">,
  ];
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

def Squint_ConstantOp : Squint_Op<"constant", [Pure, ConstantLike,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "A constant of the model, by reference";
  let description = [{
    Holds a weight as `#squint.data` (a range of a mapped file or of a store in memory), or inline as a dense attribute
    of at most 1 KB. The result's type is the attribute's, or after bufferization `as` its memref.

    ```mlir
    %0 = squint.constant #squint.data<"model.safetensors", 11432, 1536> : tensor<384xf32>
    %1 = squint.constant dense<[0, 2]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$value attr-dict custom<ConstantType>(type($result), ref($value))";
  let extraClassDeclaration = [{
    /// The constant as a reference, or null when it is inline.
    ::squint::DataAttr getData() { return ::llvm::dyn_cast<::squint::DataAttr>(getValue()); }
  }];
  let builders = [OpBuilder<(ins "::mlir::TypedAttr":$value), [{
    build($_builder, $_state, value.getType(), value);
  }]>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Squint_DimOp : Squint_Op<"dim", [Pure]> {
  let summary = "The run-time size of a symbolic dimension";
  let description = [{
    The only source of a symbolic size. The symbol is one of the names in `squint.dims` of the entry's arguments, or a late one that a
    `squint.bind_dim` before has bound.

    ```mlir
    %batch = squint.dim "batch"
    ```
  }];
  let arguments = (ins StrAttr:$symbol);
  let results = (outs Index:$result);
  let assemblyFormat = "$symbol attr-dict";
}

def Squint_BindDimOp : Squint_Op<"bind_dim"> {
  let summary = "What a late symbol is from here on";
  let description = [{
    Gives a late symbol (see DimExpr.h) its number. Every `squint.dim` of it that belongs to this run stands behind, in the same
    block or deeper; in a loop the symbol gets a number each time.

    ```mlir
    squint.bind_dim "late.nonzero.0" = %count
    ```
  }];
  let arguments = (ins StrAttr:$symbol, Index:$value);
  let assemblyFormat = "$symbol `=` $value attr-dict";
}

def Squint_KeepOp : Squint_Op<"keep"> {
  let summary = "A use of an operator that binds late symbols";
  let description = [{
    Keeps an operator whose result nobody reads but whose late symbols somebody may: `Shape(NonZero(x))` is such a case. Goes when
    the operator is lowered, and with it the binding becomes a `squint.bind_dim`.

    ```mlir
    squint.keep %positions : tensor<2x?xi64>
    ```
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Quantization
//===----------------------------------------------------------------------===//

def Squint_QuantizeOp : Squint_Op<"quantize", [Pure]> {
  let summary = "Quantize an activation";
  let description = [{
    `code = clamp(roundeven(x * (1 / scale)) + zero_point, lo, hi)`, with the scale of the element's block.

    * `int8:token`: one scale a row of the last dimension, `scale = max|x| / 127`, codes -127..127; a row of zeros has
      scale 0 and codes 0. `int8:group=N` does so for every N elements of a row; the last group may be shorter.
      With `image` the token is an image: one scale for all but the first dimension.
    * `int4:token` (and 2 to 7 bits `b` likewise): `scale = max|x| / (2^(b-1) - 1)`, codes -2^(b-1)..2^(b-1)-1. With `clip=R` the
      scale is `max|x| * R / (2^(b-1) - 1)` and what lies beyond is clamped. Codes travel as bytes: kernels that
      read them are those of int8.
    * `int8:tensor`: static; `scale` and `zero_point` are attributes and codes are -128..127 (a one-sided range uses
      all of them through the zero point).

    ```mlir
    %q = squint.quantize %x : tensor<?x384xf32> -> !squint.packed<?x384, "int8:token,scale=f32">
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, OptionalAttr<F32Attr>:$scale, OptionalAttr<I32Attr>:$zero_point,
                       UnitAttr:$image);
  let results = (outs Squint_PackedType:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Squint_CodesOp : Squint_Op<"codes", [Pure]> {
  let summary = "Codes that the model computes, as a packed activation";
  let description = [{
    Stands for `float(code - zero_point)`, a zero point of 0 where there is none: the scale is 1, and what the model scales with comes
    after the product. Codes and zero point are i8 or ui8; the zero point has one element, which need not be constant.

    ```mlir
    %q = squint.codes %c zero_point(%z) : tensor<?x384xui8>, tensor<ui8> -> !squint.packed<?x384, "int8:tensor,scale=f32">
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$zero_point);
  let results = (outs Squint_PackedType:$result);
  let assemblyFormat = [{
    $input (`zero_point` `(` $zero_point^ `)`)? attr-dict `:` type($input) (`,` type($zero_point)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_DequantizeOp : Squint_Op<"dequantize", [Pure]> {
  let summary = "The float tensor that a packed tensor stands for";
  let description = [{
    `w = float(code - zero_point) * scale`, both factors exact in f32, the product rounded once. A static activation's
    scale and zero point are those of the `squint.quantize` or `squint.codes` that made it.

    ```mlir
    %w = squint.dequantize %p : !squint.packed<1536x384, "int8:channel,scale=f32"> -> tensor<1536x384xf32>
    ```
  }];
  let arguments = (ins Squint_PackedType:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

def Squint_ObserveOp : Squint_Op<"observe"> {
  let summary = "Ask calibration for the range of an activation";
  let description = [{
    Computes nothing. When the model is calibrated, every sample's value of `input` goes to an observer, whose result is a
    `squint.statistics` of that name. Observers, `x` being all values seen:

    * `min-max`: the least and the largest `x`;
    * `moving-average=C`: `lo += C * (min - lo)` and `hi += C * (max - hi)` sample after sample, starting with the
      first sample's; `C` is 0.01 by default;
    * `percentile=P`: the (100 - P)th and the Pth percentile of `x`; `P` is 99.99 by default;
    * `mse`: the range, among 128 fractions of the full one, with the least squared error of `x` quantized to `format`;
    * `entropy`: the range, among 113 fractions of the full one, with the least Kullback-Leibler divergence of the
      clipped distribution from the quantized one.

    ```mlir
    squint.observe %x named "/layer1/Relu" by "percentile=99.9" for <"int8:tensor,scale=f32"> : tensor<?x32x32x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$value_name, StrAttr:$observer, Squint_FormatAttr:$format);
  let assemblyFormat = "$input `named` $value_name `by` $observer `for` $format attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Squint_StatisticsOp : Squint_Op<"statistics", [HasParent<"::mlir::ModuleOp">]> {
  let summary = "What calibration learned about a value";
  let description = [{
    The range that an observer chose for the value of that name, and how many samples it saw. A value's name is that of the
    node that makes it, with `:1` for its second result and so on; an input's is the input's. Where several values would
    have one name, those after the first get `#1`, `#2`. Static quantization takes its scales from here:
    `squint.quantize` says how.

    ```mlir
    squint.statistics "/layer1/Relu" min = 0.0 max = 5.3125 by "min-max" samples = 256
    ```
  }];
  let arguments = (ins StrAttr:$value_name, F32Attr:$min, F32Attr:$max, StrAttr:$observer, I64Attr:$samples);
  let assemblyFormat = "$value_name `min` `=` $min `max` `=` $max `by` $observer `samples` `=` $samples attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Operators with a weight
//===----------------------------------------------------------------------===//

def Squint_LinearOp : Squint_Op<"linear", [Pure, DeclareOpInterfaceMethods<Squint_WeightedOpInterface>]> {
  let summary = "A fully connected layer";
  let description = [{
    `y[..., o] = sum_k x[..., k] * w[o, k] + b[o]`. All leading dimensions of `x` are rows (tokens).

    ```mlir
    %y = squint.linear %x, %w bias(%b) : tensor<?x384xf32>, tensor<1536x384xf32>, tensor<1536xf32> -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Optional<AnyRankedTensor>:$bias);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` type($input) `,` type($weight) (`,` type($bias)^)?
    `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_ConvOp : Squint_Op<"conv", [Pure, DeclareOpInterfaceMethods<Squint_WeightedOpInterface>]> {
  let summary = "A convolution, channels last";
  let description = [{
    `x` is [N, spatial..., C], `w` is [O, kernel..., C / groups], `y` is [N, out..., O]. `pads` are the begins of all
    spatial dimensions, then the ends; padding reads as 0.

    ```mlir
    %y = squint.conv %x, %w bias(%b) strides = [1, 1] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
        : tensor<?x32x32x16xf32>, tensor<16x3x3x16xf32>, tensor<16xf32> -> tensor<?x32x32x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Optional<AnyRankedTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
                       I64Attr:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `)`)? `strides` `=` $strides `dilations` `=` $dilations
    `pads` `=` $pads `groups` `=` $groups attr-dict
    `:` type($input) `,` type($weight) (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_PoolKind : I32EnumAttr<"PoolKind", "what a pooling window computes", [
    I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Average", 1, "average">]> {
  let cppNamespace = "::squint";
}

def Squint_PoolOp : Squint_Op<"pool", [Pure]> {
  let summary = "Pooling over windows, channels last";
  let description = [{
    `x` is [N, spatial..., C], `y` is [N, out..., C]. The window of output `o` holds the inputs
    `x[o * stride - pad_begin + i * dilation]` for `i` in `[0, kernel)`, each spatial dimension apart. `y` is the maximum
    (`max`) or the mean (`average`) of those that lie inside `x`; with `count_include_pad` a mean also counts positions
    inside the pads, as 0. A maximum over none is the lowest value of its type. `pads` are the begins of all spatial dimensions, then
    the ends. The result's size may be that of ONNX's `ceil_mode`: a last window may then reach beyond the end pads, and
    what lies there never counts.

    ```mlir
    %y = squint.pool max %x kernel = [2, 2] strides = [2, 2] dilations = [1, 1] pads = [0, 0, 0, 0]
        : tensor<?x28x28x8xf32> -> tensor<?x14x14x8xf32>
    ```
  }];
  let arguments = (ins Squint_PoolKind:$kind, AnyRankedTensor:$input, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
                       UnitAttr:$count_include_pad);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $kind $input `kernel` `=` $kernel `strides` `=` $strides `dilations` `=` $dilations `pads` `=` $pads
    (`count_include_pad` $count_include_pad^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_EmbeddingOp : Squint_Op<"embedding", [Pure, DeclareOpInterfaceMethods<Squint_WeightedOpInterface>]> {
  let summary = "Rows of a table";
  let description = [{
    `y[i..., :] = table[ids[i...], :]`; a negative id counts from the end. An id outside the table is a run-time error.

    ```mlir
    %y = squint.embedding %table, %ids : tensor<512x64xf32>, tensor<?x?xi64> -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$table, AnyRankedTensor:$ids);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$table `,` $ids attr-dict `:` type($table) `,` type($ids) `->` type($result)";
  let hasVerifier = 1;
}

def Squint_NormOp : Squint_Op<"norm", [Pure]> {
  let summary = "Layer or RMS normalization of the last dimension";
  let description = [{
    With `n` the last dimension and `m = centered ? mean(x) : 0`:
    `y = (x - m) / sqrt(mean((x - m)^2) + epsilon) * scale + bias`. Sums run over 16 interleaved partial sums and one
    fixed tree, so that every target gives the same bits.

    ```mlir
    %y = squint.norm %x scale(%g) bias(%b) centered epsilon = 1.0e-12
        : tensor<?x384xf32>, tensor<384xf32>, tensor<384xf32> -> tensor<?x384xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$bias,
                       UnitAttr:$centered, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `scale` `(` $scale `)` (`bias` `(` $bias^ `)`)? (`centered` $centered^)? `epsilon` `=` $epsilon attr-dict
    `:` type($input) `,` type($scale) (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_HadamardOp : Squint_Op<"hadamard", [Pure]> {
  let summary = "Rotate the last dimension by a Hadamard matrix";
  let description = [{
    Each block of `size` elements of the last dimension becomes `y = (signs x S) x / sqrt(size)`, with S Sylvester's matrix of the power
    of two `p = size / K`, K being the number of rows of `signs` (1 where there are none), all of them 1 or -1. As an online rotation it undoes what has
    been folded into the weight behind it (QuaRot's R3 and R4, arXiv:2404.00456). In f32, in this order, element (a, b) of a
    block being `x[a * p + b]`:

    * `t[i, b] = fma(signs[i, a], x[a, b], t[i, b])`, a ascending, starting at 0;
    * for h = 1, 2, 4, ..., p / 2 and every b without that bit: `(t[i, b], t[i, b + h])` becomes
      `(t[i, b] + t[i, b + h], t[i, b] - t[i, b + h])`;
    * `y[i, b] = t[i, b] * (1 / sqrt(size))`, the factor rounded to f32.

    ```mlir
    %y = squint.hadamard %x signs(%h) size = 1536 : tensor<?x1536xf32>, tensor<12x12xf32> -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$signs, I64Attr:$size);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`signs` `(` $signs^ `)`)? `size` `=` $size attr-dict `:` type($input) (`,` type($signs)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Squint_PositionsOp : Squint_Op<"positions", [Pure]> {
  let summary = "Where the tokens of a run stand in their sequence";
  let description = [{
    `y[b, s] = lengths[b] + s`, or `s` without lengths, as many as `squint.dims` says. The only source of positions in an imported
    language model: `squint-add-caches` makes them start where the state ends.

    ```mlir
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    ```
  }];
  let arguments = (ins Optional<1DTensorOf<[I64]>>:$lengths);
  let results = (outs 2DTensorOf<[I64]>:$result);
  let assemblyFormat = "(`from` $lengths^ `:` type($lengths))? attr-dict `:` type($result)";
}

def Squint_RotaryOp : Squint_Op<"rotary", [Pure, AllTypesMatch<["input", "result"]>,
    AllTypesMatch<["cos", "sin"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    Turns pairs of elements of every head by the angle of their token (Su et al., arXiv:2104.09864). `x` is [B, S, H, D], `cos` and `sin` are
    [B, S, P] with 2 P <= D. Pair i is (a, b) = (x[i], x[P + i]) or with `interleaved` (x[2 i], x[2 i + 1]):

    `a' = a * cos[b, s, i] - b * sin[b, s, i]`, `b' = b * cos[b, s, i] + a * sin[b, s, i]`, in f32, each product and sum rounded.

    Elements past the last pair stay as they are.

    ```mlir
    %y = squint.rotary %x, %cos, %sin interleaved : tensor<?x?x9x64xf32>, tensor<?x?x32xf32>
    ```
  }];
  let arguments = (ins 4DTensorOf<[F32, F16, BF16]>:$input, 3DTensorOf<[F32]>:$cos, 3DTensorOf<[F32]>:$sin, UnitAttr:$interleaved);
  let results = (outs 4DTensorOf<[F32, F16, BF16]>:$result);
  let assemblyFormat = [{
    $input `,` $cos `,` $sin (`interleaved` $interleaved^)? attr-dict `:` type($input) `,` type($cos)
  }];
  let hasVerifier = 1;
}

def Squint_AttentionOp : Squint_Op<"attention", [Pure]> {
  let summary = "Scaled dot-product attention";
  let description = [{
    `query` is [B, S, H, D], `key` [B, T, G, D], `value` [B, T, G, E] and the result [B, S, H, E]. With `g = h / (H / G)`, so that
    H / G neighbouring heads share keys and values:

    `p[b, h, s, :] = softmax_t(scale * sum_d query[b, s, h, d] * key[b, t, g, d] + mask[b, h, s, t])`,
    `result[b, s, h, e] = sum_t p[b, h, s, t] * value[b, t, g, e]`.

    The mask has rank 4 or less and broadcasts to [B, H, S, T] from the right; its last dimension is T. A row whose scores are all
    -inf is NaN, as ONNX's Softmax makes it. Computed in f32. `heads_first` says of query, key, value and result which lie as [B, H, S, D]
    instead; left out, none does.

    With `causal` the queries are the last S of T tokens: query s stands at position `p = T - S + s` and sees keys t <= p, with `window = W` only
    those with t > p - W. Scores of other keys are -inf.

    ```mlir
    %y = squint.attention %q, %k, %v mask(%m) scale = 0.176776692 heads_first = [false, true, false, false]
        : tensor<?x?x12x32xf32>, tensor<?x12x?x32xf32>, tensor<?x?x12x32xf32>, tensor<?x1x1x?xf32> -> tensor<?x?x12x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query, AnyRankedTensor:$key, AnyRankedTensor:$value,
                       Optional<AnyRankedTensor>:$mask, F32Attr:$scale, OptionalAttr<DenseBoolArrayAttr>:$heads_first,
                       UnitAttr:$causal, OptionalAttr<I64Attr>:$window);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` `(` $mask^ `)`)? `scale` `=` $scale (`heads_first` `=` $heads_first^)?
    (`causal` $causal^)? (`window` `=` $window^)? attr-dict
    `:` type($query) `,` type($key) `,` type($value) (`,` type($mask)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif
