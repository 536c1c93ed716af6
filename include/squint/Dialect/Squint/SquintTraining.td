//===- SquintTraining.td - what training leaves and needs --*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_TRAINING
#define SQUINT_DIALECT_SQUINT_TRAINING

include "squint/Dialect/Squint/SquintTypes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Squint_FakeQuantizeOp : Squint_Op<"fake_quantize", [Pure]> {
  let summary = "Round floats onto a grid of integers";
  let description = [{
    `y = (clamp(roundeven(x / s) + z, low, high) - z) * s` in f32: what a value becomes that is stored in integers, still as a float, so
    that training can go on with it (Jacob et al., arXiv:1712.05877). Its gradient is that of a straight-through estimator (Bengio et al.,
    arXiv:1308.3432): 1 where `low <= roundeven(x / s) + z <= high`, else 0. As ONNX it is QuantizeLinear and DequantizeLinear, with a Clip between
    them where a type has more codes than `codes` says.

    `s` and `z` (0 where there is none) have one element for all of `x`, or one for each index of `axis`; with a `block_size` they have the
    shape of `x` with `axis` divided by it, rounded up, and each holds for that many indices.

    ```mlir
    %y = squint.fake_quantize %w scale(%s) zero_point(%z) codes = [-8, 7] {axis = 1, block_size = 32}
        : tensor<128x64xf32>, tensor<128x2xf32>, tensor<128x2xi4> -> tensor<128x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scale, Optional<AnyRankedTensor>:$zero_point, I64Attr:$low, I64Attr:$high,
                       DefaultValuedOptionalAttr<I64Attr, "0">:$axis, DefaultValuedOptionalAttr<I64Attr, "0">:$block_size);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `scale` `(` $scale `)` (`zero_point` `(` $zero_point^ `)`)? `codes` `=` `[` $low `,` $high `]` attr-dict
    `:` type($input) `,` type($scale) (`,` type($zero_point)^)? `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Whether scales of that shape can stand beside a tensor.
    static bool isScaledBy(::mlir::RankedTensorType input, ::mlir::RankedTensorType scale, int64_t axis,
                           int64_t blockSize);
  }];
  let hasVerifier = 1;
}

def Squint_LoraOp : Squint_Op<"lora", [Pure, AllTypesMatch<["base", "result"]>]> {
  let summary = "A low-rank product beside a layer";
  let description = [{
    `y[..., o] = base[..., o] + sum_j (scale * sum_k x[..., k] * a[j, k]) * b[o, j]`: an adapter (Hu et al., LoRA, arXiv:2106.09685) of rank j, whose
    matrices stay floats beside a weight that may be stored in few bits (Dettmers et al., QLoRA, arXiv:2305.14314). `base` is the layer's
    result and `x` its input. Sums are those of `squint.linear`, in f32; `a` and `b` are f32, f16 or bf16.

    ```mlir
    %0 = squint.linear %x, %w : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
    %y = squint.lora %x, %a, %b to(%0) scale = 2.0 : tensor<?x64xf32>, tensor<8x64xf16>, tensor<32x8xf16>, tensor<?x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$a, AnyRankedTensor:$b, AnyRankedTensor:$base, F32Attr:$scale);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $a `,` $b `to` `(` $base `)` `scale` `=` $scale attr-dict
    `:` type($input) `,` type($a) `,` type($b) `,` type($base)
  }];
  let hasVerifier = 1;
}

#endif
