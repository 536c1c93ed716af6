//===- KernelOps.td - what a kernel is made of -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_KERNEL_OPS
#define SQUINT_DIALECT_KERNEL_OPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "squint/Dialect/Squint/SquintTypes.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::squint::kernel";
  let summary = "Kernels: operators that compute, with format, layout, tile and epilogue";
  let description = [{
    Destination-style operators, on tensors until bufferization and on memrefs after. Each is outlined into a function
    of its own whose last two arguments are the range of its units of work, and called through `kernel.launch`.
  }];
  let dependentDialects = ["::squint::SquintDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let useDefaultAttributePrinterParser = 1;
}

def Kernel_PanelsAttr : AttrDef<Kernel_Dialect, "Panels"> {
  let mnemonic = "panels";
  let summary = "Weights in panels of outputs";
  let description = [{
    The layout that every SIMD kernel reads, `#kernel.panels<16>`: see `include/squint/Kernels/Layout.h`.

    ```mlir
    !squint.packed<1536x384, "int4:group=32,scale=f16", #kernel.panels<16>>
    ```
  }];
  let parameters = (ins "int64_t":$width);
  let assemblyFormat = "`<` $width `>`";
}

def Kernel_FragmentsAttr : AttrDef<Kernel_Dialect, "Fragments"> {
  let mnemonic = "fragments";
  let summary = "Weights in fragments for tensor cores";
  let description = [{
    The layout that kernels of GPUs read, for products of `f16` or of `i8`: see `include/squint/Kernels/Fragments.h`.

    ```mlir
    !squint.packed<1536x384, "int4:group=32,scale=f16", #kernel.fragments<f16>>
    ```
  }];
  let parameters = (ins "::mlir::Type":$operand);
  let assemblyFormat = "`<` $operand `>`";
  let extraClassDeclaration = [{
    bool areBytes() const { return getOperand().isInteger(); }
  }];
}

def Kernel_WindowAttr : AttrDef<Kernel_Dialect, "Window"> {
  let mnemonic = "window";
  let summary = "The patches of an image as rows of a matrix";
  let description = [{
    Of an image [N, H, W, C] the rows of a matrix [N * OH * OW, kh * kw * C], c fastest: row (n, oy, ox) holds, for kernel position
    (i, j), the channels at `y = oy * stride + i * dilation - pad`, and x likewise; `pad_value` (0, or the zero point of codes) where
    that is outside of the image. `out` is [OH, OW]. One spatial dimension has H = 1.
  }];
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$kernel, "::mlir::DenseI64ArrayAttr":$strides,
                        "::mlir::DenseI64ArrayAttr":$dilations, "::mlir::DenseI64ArrayAttr":$pads,
                        "::mlir::DenseI64ArrayAttr":$out, "int64_t":$pad_value);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

// Destination-style: the last operands are the outputs.
class Kernel_DpsOp<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, traits # [
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  code dpsClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutputsMutable(); }
  }];
  let extraClassDeclaration = dpsClassDeclaration;
}

// Operators that make rows and may quantize them.
class Kernel_RowsOp<string mnemonic> : Kernel_DpsOp<mnemonic, [AttrSizedOperandSegments]> {
  let hasVerifier = 1;
  let extraClassDeclaration = dpsClassDeclaration # [{
    /// The outputs of the quantization, none without one.
    unsigned getNumQuantized() { return !getActivationFormat() ? 0 : getActivationScale() ? 2 : 3; }
    /// Where the rows go; null where only their codes are asked for.
    ::mlir::Value getRows() {
      return getOutputs().size() > getNumQuantized() ? getOutputs().back() : ::mlir::Value();
    }
  }];
}

def Kernel_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;
// A packed weight, or its bytes once weights have been placed (the packed type is then `weight_type`).
def Kernel_Weights : AnyTypeOf<[Squint_PackedType, AnyStridedMemRef]>;

def Kernel_GemmOp : Kernel_DpsOp<"gemm", [AttrSizedOperandSegments, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Matrix product with a packed weight and an epilogue";
  let description = [{
    With `x` [M, K], `w` [N, K] and `y` [M, N]:

    * float `x`: within a block of k in which the weight's scale does not change, with `v` the value of a code before it is scaled
      (`code - zw`, or the entry of a table), `p_i = fma(x[m, k], v[n, k], p_i)` for every fourth k from the block's i-th on,
      ascending, starting at 0, and `p = (p_0 + p_2) + (p_1 + p_3)`. Blocks ascending: `acc = fma(p, sw[n, b], acc)`, starting at 0.
      Without groups there is one block and `acc = p * sw[n]`. A scale of the whole tensor on top of groups is multiplied last.
      Weights without scales: `acc = fma(x[m, k], w[n, k], acc)`, k ascending.
    * integer `x` (codes i8, with `activation_format`): within a block of k in which neither operand's scale changes the sum
      is exact: `t = sum_k (x - zx) * (w - zw)`. Blocks ascending:
      `acc = fma(float(t) * sx[m, b], sw[n, b], acc)`, starting at 0. A scale that is the same for the whole row is
      applied once, at the end: per token `acc * sx[m]`, per channel or tensor `acc * sw[n]`, in this order, and with
      neither in the loop `acc = float(t)`. When only the weight's scale is in the loop `acc = fma(float(t), sw, acc)`,
      when only the activation's `acc = fma(float(t), sx, acc)`.
      4-bit floats count as integers: `t` is twice the sum, and 0.5 is multiplied last.
      A static activation's scale is `activation_scale` and is treated as one per token; zx is `activation_zero_point`, plus the only
      element of `zero_point` where that is given.

    With `window`, `input` is images [N, H, W, C] and `x` the matrix of their patches; `sums` is left out.

    The epilogue then maps `acc` and one element of each extra to the values that are stored, one for each output (the floats that a
    residual needs, say, and their codes for the next product). An extra of shape [N] is read at [n], one of shape [M, N] at [m, n],
    one of shape [M, 1] at [m], one of shape [1] at [0].

    ```mlir
    %y = kernel.gemm ins(%q, %s, %z : tensor<?x384xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
        weights(%w : !squint.packed<1536x384, "int8:channel,scale=f32">) extras(%b : tensor<1536xf32>)
        outs(%init : tensor<?x1536xf32>) attributes {activation_format = #squint.format<"int8:token,scale=f32">} {
      ^bb0(%acc: f32, %bias: f32):
        %0 = arith.addf %acc, %bias : f32
        kernel.yield %0 : f32
    } -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Optional<Kernel_Shaped>:$scales, Optional<Kernel_Shaped>:$sums,
                       Optional<Kernel_Shaped>:$zero_point, Kernel_Weights:$weights, Variadic<Kernel_Shaped>:$extras,
                       Variadic<Kernel_Shaped>:$outputs,
                       OptionalAttr<TypeAttrOf<Squint_PackedType>>:$weight_type,
                       OptionalAttr<Squint_FormatAttr>:$activation_format,
                       OptionalAttr<F32Attr>:$activation_scale, OptionalAttr<I32Attr>:$activation_zero_point,
                       OptionalAttr<DictionaryAttr>:$tile, OptionalAttr<Kernel_WindowAttr>:$window);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = dpsClassDeclaration # [{
    /// The packed type of the weight, wherever it is kept.
    ::squint::PackedType getPackedType();
    bool hasIntegerInput() { return bool(getActivationFormat()); }
  }];
}

def Kernel_QuantizeRowsOp : Kernel_DpsOp<"quantize_rows"> {
  let summary = "Quantize the rows of a matrix";
  let description = [{
    `x` [M, K] to codes [M, K] i8, scales [M, G] f32 (G = 1 for `token`, ceil(K / N) for `group=N`) and sums [M, S] i32, the
    sums of the codes of every `sum_group` elements (S = 1 when it is 0). `scale = max|x| / 127`, `code =
    roundeven(x * (1 / scale))` clamped to -127..127; 1 / scale is 0 where the scale is 0. Fewer bits and clip ratios: see `squint.quantize`. With `scale` and `zero_point` given (static, format
    `int8:tensor`), `code = clamp(roundeven(x * (1 / scale)) + zero_point, -128, 127)` and the scales are not written.

    An 8-bit float format has one output, f32 [M, K]: what the codes stand for, `y = round(x * (1 / scale)) * scale` with `scale =
    max|x| / largest` of a row or group.

    ```mlir
    %q, %s, %z = kernel.quantize_rows ins(%x : tensor<?x384xf32>) outs(%a, %b, %c : tensor<?x384xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
        {format = #squint.format<"int8:token,scale=f32">} -> tensor<?x384xi8>, tensor<?x1xf32>, tensor<?x1xi32>
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Variadic<Kernel_Shaped>:$outputs, Squint_FormatAttr:$format,
                       DefaultValuedAttr<I64Attr, "0">:$sum_group, OptionalAttr<F32Attr>:$scale,
                       OptionalAttr<I32Attr>:$zero_point);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` `outs` `(` $outputs `:` type($outputs) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Kernel_DepthwiseOp : Kernel_DpsOp<"depthwise", [AttrSizedOperandSegments, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Depthwise convolution of images, with an epilogue";
  let description = [{
    Of `x` [N, H, W, C] and weights [kh, kw, C] in f32 the image [N, OH, OW, C]:
    `acc[n, oy, ox, c] = sum_{i, j} fma(x[n, oy * stride + i * dilation - pad, ..., c], w[i, j, c])`, i and then j ascending, leaving out
    what lies outside of the image. Codes (i8) are integers as floats, less `activation_zero_point`: with weights that are integers too
    the sum is exact.

    The epilogue maps `acc` and one element of each extra to the values that are stored, one for each output. An extra of shape [C] is
    read at [c], one of the output's shape as the output is.

    ```mlir
    kernel.depthwise ins(%x, %w : memref<?x8x8x32xf32>, memref<3x3x32xf32>) extras(%b : memref<32xf32>) outs(%y : memref<?x8x8x32xf32>)
        attributes {window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1], out = [8, 8], pad_value = 0>} {
      ^bb0(%acc: f32, %bias: f32):
        %0 = arith.addf %acc, %bias : f32
        kernel.yield %0 : f32
    }
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Kernel_Shaped:$weights, Variadic<Kernel_Shaped>:$extras,
                       Variadic<Kernel_Shaped>:$outputs, Kernel_WindowAttr:$window, OptionalAttr<I32Attr>:$activation_zero_point);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `ins` `(` $input `,` $weights `:` type($input) `,` type($weights) `)` (`extras` `(` $extras^ `:` type($extras) `)`)?
    `outs` `(` $outputs `:` type($outputs) `)` attr-dict-with-keyword $epilogue (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def Kernel_NormOp : Kernel_RowsOp<"norm"> {
  let summary = "Layer or RMS normalization of rows, and their quantization";
  let description = [{
    `squint.norm` on `x` [M, K], in one pass over a row that stays in cache.

    With `activation_format` the outputs are those of `kernel.quantize_rows` of the normalized rows, and last, where something else
    reads them, these rows.

    ```mlir
    %q, %s, %z, %y = kernel.norm ins(%x, %g : tensor<?x384xf32>, tensor<384xf32>)
        outs(%a, %b, %c, %d : tensor<?x384xi8>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<?x384xf32>)
        {activation_format = #squint.format<"int8:token,scale=f32">, epsilon = 1.0e-5 : f64}
        -> tensor<?x384xi8>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Kernel_Shaped:$scale, Optional<Kernel_Shaped>:$bias,
                       Variadic<Kernel_Shaped>:$outputs, UnitAttr:$centered, F64Attr:$epsilon,
                       OptionalAttr<Squint_FormatAttr>:$activation_format, DefaultValuedAttr<I64Attr, "0">:$sum_group,
                       OptionalAttr<F32Attr>:$activation_scale, OptionalAttr<I32Attr>:$activation_zero_point);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `,` $scale (`,` $bias^)? `:` type($input) `,` type($scale) (`,` type($bias)^)? `)`
    `outs` `(` $outputs `:` type($outputs) `)` attr-dict (`->` type($results)^)?
  }];
}

def Kernel_HadamardOp : Kernel_RowsOp<"hadamard"> {
  let summary = "Rotation of rows by a Hadamard matrix, and their quantization";
  let description = [{
    `squint.hadamard` on `x` [M, C], in blocks of `size` columns. With `activation_format` the outputs are those of `kernel.quantize_rows` of
    the rotated rows, and last, where something else reads them, these rows.

    ```mlir
    %q, %s, %z = kernel.hadamard ins(%x, %h : tensor<?x1536xf32>, tensor<12x12xf32>)
        outs(%a, %b, %c : tensor<?x1536xi8>, tensor<?x1xf32>, tensor<?x1xi32>) size = 1536
        {activation_format = #squint.format<"int4:token,scale=f32">} -> tensor<?x1536xi8>, tensor<?x1xf32>, tensor<?x1xi32>
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Optional<Kernel_Shaped>:$signs, Variadic<Kernel_Shaped>:$outputs, I64Attr:$size,
                       OptionalAttr<Squint_FormatAttr>:$activation_format, DefaultValuedAttr<I64Attr, "0">:$sum_group,
                       OptionalAttr<F32Attr>:$activation_scale, OptionalAttr<I32Attr>:$activation_zero_point);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input (`,` $signs^)? `:` type($input) (`,` type($signs)^)? `)`
    `outs` `(` $outputs `:` type($outputs) `)` `size` `=` $size attr-dict (`->` type($results)^)?
  }];
}

def Kernel_SoftmaxOp : Kernel_DpsOp<"softmax"> {
  let summary = "Softmax of rows";
  let description = [{
    `y = exp(x - max(x)) / sum(exp(x - max(x)))` over the last dimension of `x` [M, K]; the sum over 16 interleaved partial sums and one tree.
  }];
  let arguments = (ins Kernel_Shaped:$input, Variadic<Kernel_Shaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)` `outs` `(` $outputs `:` type($outputs) `)` attr-dict (`->` type($results)^)?
  }];
}

def Kernel_RotaryOp : Kernel_DpsOp<"rotary"> {
  let summary = "Rotary position embedding";
  let description = [{
    `squint.rotary` on f32: `x` [B, S, H, D], `cos` and `sin` [B, S, P], D and P static.

    ```mlir
    kernel.rotary ins(%x, %cos, %sin : memref<?x?x9x64xf32>, memref<?x?x32xf32>, memref<?x?x32xf32>) outs(%y : memref<?x?x9x64xf32>) interleaved
    ```
  }];
  let arguments = (ins Kernel_Shaped:$input, Kernel_Shaped:$cos, Kernel_Shaped:$sin, Variadic<Kernel_Shaped>:$outputs, UnitAttr:$interleaved);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $input `,` $cos `,` $sin `:` type($input) `,` type($cos) `,` type($sin) `)` `outs` `(` $outputs `:` type($outputs) `)`
    (`interleaved` $interleaved^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_AttentionOp : Kernel_DpsOp<"attention", [AttrSizedOperandSegments]> {
  let summary = "Attention without a matrix of scores in memory";
  let description = [{
    `squint.attention` on f32, D and E static. Keys come in blocks of 128, counted from key 0, whatever the target and the number of
    rows. A score is `fma(sum_d fma(q, k), scale, mask)`, d ascending (`sum * scale` without a mask). Per row, `m` being the
    largest score so far and `c = exp(m_before - m)`: `l = fma(l, c, sum of exp(score - m))`, the sum over 16 interleaved partial
    sums and one tree, and `y = y * c`, then `y = fma(exp(score - m), v, y)`, keys ascending. At last `y * (1 / l)`.
    With `causal` the keys that a query does not see have a score of -inf, and are left out where no query of a tile sees them.

    ```mlir
    kernel.attention ins(%q, %k, %v mask(%m) : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x1x1x?xf32>)
        outs(%y : memref<?x?x12x32xf32>) scale = 0.176776692
    ```
  }];
  let arguments = (ins Kernel_Shaped:$query, Kernel_Shaped:$key, Kernel_Shaped:$value, Optional<Kernel_Shaped>:$mask,
                       Variadic<Kernel_Shaped>:$outputs, F32Attr:$scale, OptionalAttr<DenseBoolArrayAttr>:$heads_first,
                       UnitAttr:$causal, OptionalAttr<I64Attr>:$window);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value (`mask` `(` $mask^ `)`)? `:` type($query) `,` type($key) `,` type($value)
    (`,` type($mask)^)? `)` `outs` `(` $outputs `:` type($outputs) `)` `scale` `=` $scale
    (`heads_first` `=` $heads_first^)? (`causal` $causal^)? (`window` `=` $window^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_AppendCacheOp : Kernel_DpsOp<"append_cache", [AttrSizedOperandSegments]> {
  let summary = "Keys and values behind those of earlier runs, in place";
  let description = [{
    `squint.append_cache` on f32. With a scale `s = largest magnitude / largest code` of a head's elements, a code is that of
    `x * (1 / s)`. In groups `s = f16((largest - least) / largest code)`, `m = f16(-least)` and a code is that of `(x + m) * (1 / s)`, x
    rounded to f16; it stands for `fma(code, s, -m)`. The bytes of the state that are not written stay as they are. `front` is the layer's part
    of what lies before the blocks, when the state does not begin there.

    ```mlir
    kernel.append_cache ins(%k, %v, %lengths : memref<?x?x3x64xf32>, memref<?x?x3x64xf32>, memref<?xi64>) outs(%state : memref<?xi8>)
        layout <"int8:token,scale=f32", "int8:token,scale=f32", heads = 3, key_size = 64, value_size = 64, offset = 0, stride = 52224>
    ```
  }];
  let arguments = (ins Kernel_Shaped:$key, Kernel_Shaped:$value, Kernel_Shaped:$lengths, Optional<Kernel_Shaped>:$front,
                       Variadic<Kernel_Shaped>:$outputs, Squint_CacheAttr:$layout, UnitAttr:$recent);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    (`recent` $recent^)? `ins` `(` $key `,` $value `,` $lengths (`front` `(` $front^ `)`)? `:` type($key) `,` type($value) `,` type($lengths)
    (`,` type($front)^)? `)` `outs` `(` $outputs `:` type($outputs) `)` `layout` $layout attr-dict (`->` type($results)^)?
  }];
}

def Kernel_CachedAttentionOp : Kernel_DpsOp<"cached_attention", [AttrSizedOperandSegments]> {
  let summary = "Attention over a packed cache";
  let description = [{
    `squint.cached_attention` on f32, computed as `kernel.attention` is. A cache's codes are converted where they are read; with scales a
    score is `(sum_d fma(q, code)) * scale_t * scale`, and a value is added as `fma(exp(score - m) * scale_t, code, y)`. A block with groups
    becomes floats as it is read; `own` are then the run's keys and values.

    ```mlir
    kernel.cached_attention ins(%q, %state, %lengths : memref<?x?x9x64xf32>, memref<?xi8>, memref<?xi64>) outs(%y : memref<?x?x9x64xf32>)
        layout <"f16", "f16", heads = 3, key_size = 64, value_size = 64, offset = 0, stride = 98304> scale = 0.125
    ```
  }];
  let arguments = (ins Kernel_Shaped:$query, Kernel_Shaped:$cache, Kernel_Shaped:$lengths, Variadic<Kernel_Shaped>:$own,
                       Optional<Kernel_Shaped>:$front, Variadic<Kernel_Shaped>:$outputs, Squint_CacheAttr:$layout, F32Attr:$scale, OptionalAttr<I64Attr>:$window);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $query `,` $cache `,` $lengths (`own` `(` $own^ `)`)? (`front` `(` $front^ `)`)? `:` type($query) `,` type($cache) `,`
    type($lengths) (`,` type($own)^)? (`,` type($front)^)? `)` `outs` `(` $outputs `:` type($outputs) `)` `layout` $layout `scale` `=` $scale (`window` `=` $window^)? attr-dict (`->` type($results)^)?
  }];
}

def Kernel_GatherRowsOp : Kernel_DpsOp<"gather_rows"> {
  let summary = "Rows of a table by index";
  let description = [{
    `y[i, :] = table[ids[i], :]`, ids i64 or i32, negative ones counted from the end. A row outside the table ends the run with an error.
  }];
  let arguments = (ins AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef, Squint_PackedType]>:$table, Kernel_Shaped:$ids,
                       Variadic<Kernel_Shaped>:$outputs, OptionalAttr<TypeAttrOf<Squint_PackedType>>:$table_type);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $table `,` $ids `:` type($table) `,` type($ids) `)` `outs` `(` $outputs `:` type($outputs) `)` attr-dict
    (`->` type($results)^)?
  }];
}

def Kernel_ProgramOp : Kernel_DpsOp<"program", [AttrSizedOperandSegments]> {
  let summary = "Loops that are no linalg operator";
  let description = [{
    Runs its region for each unit of work. The block has the unit's number, then a memref of any layout for each input and
    each output, from which the region loads and to which it stores; it may use indices and numbers from outside. Units run
    in any order, at the same time: none may read or write what another one writes. What an output holds at first is
    undefined. The region yields a status: 0, or an error that ends the run.

    ```mlir
    %0 = kernel.program units(%n) ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
    ^bb0(%i: index, %from: memref<?xf32, strided<[?], offset: ?>>, %to: memref<?xf32, strided<[?], offset: ?>>):
      %1 = memref.load %from[%i] : memref<?xf32, strided<[?], offset: ?>>
      memref.store %1, %to[%i] : memref<?xf32, strided<[?], offset: ?>>
      %ok = arith.constant 0 : i32
      kernel.yield %ok : i32
    } -> tensor<?xf32>
    ```
  }];
  let arguments = (ins Index:$units, Variadic<Kernel_Shaped>:$inputs, Variadic<Kernel_Shaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let assemblyFormat = [{
    `units` `(` $units `)` (`ins` `(` $inputs^ `:` type($inputs) `)`)? `outs` `(` $outputs `:` type($outputs) `)` attr-dict-with-keyword
    $body (`->` type($results)^)?
  }];
}

def Kernel_RequireOp : Kernel_Op<"require"> {
  let summary = "End the run where something does not hold";
  let description = [{
    Ends the run with `status` unless the condition is true. It stands before everything that relies on it.

    ```mlir
    kernel.require %fits, 3
    ```
  }];
  let arguments = (ins I1:$condition, I32Attr:$status);
  let assemblyFormat = "$condition `,` $status attr-dict";
}

def Kernel_DequantizeOp : Kernel_DpsOp<"dequantize"> {
  let summary = "A packed weight as floats";
  let description = [{
    The unfused meaning of a packed weight, plain or in panels whose rows can be read (`hasPanelRows`): the reference for
    `kernel.gemm`.
  }];
  let arguments = (ins Kernel_Weights:$weights, Variadic<Kernel_Shaped>:$outputs,
                       OptionalAttr<TypeAttrOf<Squint_PackedType>>:$weight_type);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $weights `:` type($weights) `)` `outs` `(` $outputs `:` type($outputs) `)` attr-dict (`->` type($results)^)?
  }];
}

class Kernel_Vector<int lanes, string element> : Type<
    CPred<"$_self == ::mlir::VectorType::get({" # lanes # "}, ::mlir::IntegerType::get($_self.getContext(), " # element # "))">,
    "vector<" # lanes # "xi" # element # ">", "::mlir::VectorType">,
  BuildableType<"::mlir::VectorType::get({" # lanes # "}, $_builder.getIntegerType(" # element # "))">;

class Kernel_ByteProductOp<string mnemonic, dag accumulator, dag result> : Kernel_Op<mnemonic, [Pure]> {
  // Bounds that hold for every byte: what a conversion may prove with.
  let arguments = !con(accumulator, (ins Kernel_Vector<64, "8">:$weights, I32:$input, I32Attr:$weight_min,
                                     I32Attr:$weight_max, I32Attr:$input_min, I32Attr:$input_max));
  let results = result;
  let assemblyFormat = "$accumulator `,` $weights `,` $input attr-dict";
}

def Kernel_DotOp : Kernel_ByteProductOp<"dot", (ins Kernel_Vector<16, "32">:$accumulator),
                                        (outs Kernel_Vector<16, "32">:$result)> {
  let summary = "Dot products of four bytes, accumulated in 16 lanes";
  let description = [{
    `result[i] = accumulator[i] + sum_{j < 4} weights[4 i + j] * byte_j(input)`, modulo 2^32. Bytes of the input are unsigned
    where `input_max` is more than 127 and signed otherwise; bytes of weights are signed where `weight_min` is negative and unsigned
    otherwise. Where `vpdpbusd` multiplies, one of the two is unsigned; elsewhere the input is signed.

    ```mlir
    %t = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 255 : i32, input_min = -127 : i32, input_max = 127 : i32}
    ```
  }];
}

def Kernel_DotPairsOp : Kernel_ByteProductOp<"dot_pairs", (ins Kernel_Vector<32, "16">:$accumulator),
                                             (outs Kernel_Vector<32, "16">:$result)> {
  let summary = "Dot products of two bytes, accumulated in 32 lanes of 16 bits";
  let description = [{
    `result[i] = accumulator[i] + weights[2 i] * byte_{2 (i mod 2)}(input) + weights[2 i + 1] * byte_{2 (i mod 2) + 1}(input)`: a step
    cheaper than `kernel.dot` where 16-bit multiply-adds are all there is. Weights are unsigned. Whoever builds it knows that no
    sum leaves 16 bits: 8 steps of 4-bit weights do not.
  }];
}

def Kernel_AddPairsOp : Kernel_Op<"add_pairs", [Pure]> {
  let summary = "Add pairs of 16-bit sums to 32-bit ones";
  let description = [{ `result[i] = accumulator[i] + pairs[2 i] + pairs[2 i + 1]`: what follows a chain of `kernel.dot_pairs`. }];
  let arguments = (ins Kernel_Vector<16, "32">:$accumulator, Kernel_Vector<32, "16">:$pairs);
  let results = (outs Kernel_Vector<16, "32">:$result);
  let assemblyFormat = "$accumulator `,` $pairs attr-dict";
}

def Kernel_Floats : Type<
    CPred<"$_self == ::mlir::VectorType::get({16}, ::mlir::Float32Type::get($_self.getContext()))">, "vector<16xf32>",
    "::mlir::VectorType">,
  BuildableType<"::mlir::VectorType::get({16}, $_builder.getF32Type())">;

def Kernel_LookupOp : Kernel_Op<"lookup", [Pure]> {
  let summary = "16 entries of a table of 16 floats";
  let description = [{
    `result[i] = table[indices[i] mod 16]`: what codes of four bits and fewer stand for. Other bits of an index do not count.

    ```mlir
    %w = kernel.lookup %codes {table = array<f32: -8.0, -7.0, ...>}
    ```
  }];
  let arguments = (ins Kernel_Vector<16, "32">:$indices, DenseF32ArrayAttr:$table);
  let results = (outs Kernel_Floats:$result);
  let assemblyFormat = "$indices attr-dict";
  let hasVerifier = 1;
}

def Kernel_LookupBytesOp : Kernel_Op<"lookup_bytes", [Pure]> {
  let summary = "64 entries of a table of 16 bytes";
  let description = [{
    `result[i] = table[indices[i]]`, indices from 0 to 15: codes of four bits as bytes for `kernel.dot`.

    ```mlir
    %u = kernel.lookup_bytes %codes {table = array<i8: 12, 13, ...>}
    ```
  }];
  let arguments = (ins Kernel_Vector<64, "8">:$indices, DenseI8ArrayAttr:$table);
  let results = (outs Kernel_Vector<64, "8">:$result);
  let assemblyFormat = "$indices attr-dict";
  let hasVerifier = 1;
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "The value that an epilogue stores";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{}]>];
}

def Kernel_LaunchOp : Kernel_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Run a kernel over its units of work";
  let description = [{
    Calls `@body(args..., begin, end)` so that the ranges cover [0, units), in chunks of at least `grain` units, on any number of threads.
    `node` is the model's node that the time is charged to.

    ```mlir
    kernel.launch @gemm_int8_f32_1536x384(%x, %y) units(%n) grain(%g) {node = "/encoder/dense"} : memref<?x384xi8>, memref<?x1536xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Variadic<AnyType>:$args, Index:$units, Index:$grain, StrAttr:$node);
  let assemblyFormat = [{
    $body `(` $args `)` `units` `(` $units `)` `grain` `(` $grain `)` `node` `=` $node attr-dict (`:` type($args)^)?
  }];
}

#endif
