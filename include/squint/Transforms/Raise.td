//===- Raise.td - from the standard's operators to ours ----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_RAISE
#define SQUINT_TRANSFORMS_RAISE

include "mlir/Pass/PassBase.td"

def FoldConstants : Pass<"squint-fold-constants", "::mlir::ModuleOp"> {
  let summary = "Fold operators on constants";
  let description = [{
    Operators of the `onnx` dialect whose operands are all `squint.constant`, and that are cheap in memory:

    * Transpose of a constant becomes a permutation in `#squint.data`, composed with the one that is there; no bytes move,
      whatever the size. Reshape, Squeeze, Unsqueeze, Flatten and Identity of bytes in stored order only change the type.
      A Slice that is a range of the outermost dimension is a range of the bytes.
    * Cast, arithmetic, comparisons, Gather, Slice, Concat, Expand, Where, ConstantOfShape, Range of integers, and a reshape of
      permuted data, compute their result when all operands and the result have at most 64 KB. Floats are computed in double
      and rounded once; integers wrap.
    * Constant becomes `squint.constant`.

    Results of at most 1 KB are inline, larger ones are bytes in a store of the pass. A float result that is not finite while the
    operands are is left to run time, as are integer divisions by zero. Large data is never folded.

    ```mlir
    %w = squint.constant #squint.data<"m.safetensors", 0, 589824> : tensor<384x384xf32>
    %0 = onnx.Transpose(%w) {perm = array<i64: 1, 0>} : (tensor<384x384xf32>) -> tensor<384x384xf32>
    // becomes
    %0 = squint.constant #squint.data<"m.safetensors", 0, 589824, [1, 0]> : tensor<384x384xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect"];
  let statistics = [Statistic<"numFolded", "folded", "Number of operators folded">];
}

def Raise : Pass<"squint-raise", "::mlir::func::FuncOp"> {
  let summary = "Recognise linear, conv, norm, attention and embedding";
  let description = [{
    Rewrites what exporters write into the operators that the rest of the compiler knows. Weights stay where they are: a
    transposed one is a permutation in `#squint.data`.

    * **linear**: MatMul with a constant [K, N] on the right (leading dimensions of 1 allowed), and Gemm with `transA = 0`; a
      `beta`-scaled C that is constant along the rows, and an Add of a constant of shape [N] that alone uses the result, become
      the bias.
    * **conv**: Conv with a constant weight, between onnx.Transpose operators to channels-last and back, which
      `squint-move-transposes` then cancels; `auto_pad` is resolved, a preceding Pad with zeros, and a following Add of a
      constant [C, 1, 1], are merged.
    * **batch norm** in inference form: with `s = scale / sqrt(var + epsilon)`, after a conv or a linear that nothing else uses, `w' = w * s`
      and `b' = (b - mean) * s + B`, computed in double into new bytes; elsewhere a Mul and an Add.
    * **norm**: LayerNormalization and RMSNormalization over the last dimension, SimplifiedLayerNormalization, and their
      decomposed forms (ReduceMean, Sub, Pow or Mul, ReduceMean, Add, Sqrt, Div or Reciprocal and Mul, scale, bias).
    * **attention**: MatMul(Softmax(scores), V) on [B, H, tokens, size], the scores being MatMul(Q, K^T), scaled by a constant before or
      after, with a mask added or large negative constants put in its place by Where. Transposes between [B, tokens, H, size] and
      [B, H, tokens, size] become part of it, and keys and values that Expand repeats for groups of heads are read where they are.
    * **embedding**: Gather of axis 0 from a constant table [rows, columns] of floats.
    * **codes**: MatMul, Gemm, Conv and Gather of a DequantizeLinear of constants (or of a QuantizeLinear of some) take the weight as a
      packed constant: 2, 4 and 8 bits and 8-bit floats, zero points, a scale for the tensor, an output or a block of the contraction.
      Where the activation is a DequantizeLinear of 8-bit codes too (transposed or reshaped since), the product is of `squint.codes` and integers with the scale 1, and a
      Mul with the product of all scales follows it; a QuantizeLinear that alone reads it, behind a Relu or not, gives up its scale to that.
      A Clip to fewer codes may lie between QuantizeLinear and DequantizeLinear, which makes a weight of fewer bits.
    * **fake quantization**: QuantizeLinear and DequantizeLinear (and a Clip between them) of f32 that no product reads become
      `squint.fake_quantize`, which is taken apart again where it stands in the input.
    * **pool**: MaxPool, AveragePool (channels last, between transposes) and the global ones as reductions.

    Operators that do nothing in inference are erased on the way: Identity, Dropout, Cast to the same type, Pad with nothing,
    Expand, Reshape, Slice and Tile to the same shape.

    Left alone: MatMul of two activations or with the constant on the left, Conv with a weight that is not constant or with
    `SAME` padding of a strided dimension of unknown size, MaxPool whose indices are used, and element types other than f32,
    f16 and bf16. Locations of merged operators are fused.

    ```mlir
    %0 = onnx.MatMul(%x, %w) : (tensor<4x8xf32>, tensor<8x16xf32>) -> tensor<4x16xf32>
    %1 = onnx.Add(%0, %b) : (tensor<4x16xf32>, tensor<16xf32>) -> tensor<4x16xf32>
    // becomes
    %1 = squint.linear %x, %wt bias(%b) : tensor<4x8xf32>, tensor<16x8xf32>, tensor<16xf32> -> tensor<4x16xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect", "::squint::onnx::OnnxDialect"];
  let statistics = [
    Statistic<"numLinear", "linear", "Number of linear layers raised">,
    Statistic<"numConv", "conv", "Number of convolutions raised">,
    Statistic<"numNorm", "norm", "Number of normalizations raised">,
    Statistic<"numAttention", "attention", "Number of attentions raised">,
    Statistic<"numEmbedding", "embedding", "Number of embeddings raised">,
    Statistic<"numPool", "pool", "Number of poolings raised">,
  ];
}

def MoveTransposes : Pass<"squint-move-transposes", "::mlir::func::FuncOp"> {
  let summary = "Move transposes until they cancel";
  let description = [{
    A Transpose that brings channels from the last to the second place sinks below an operator that can as well work on the
    other order of dimensions: elementwise operators (when all operands are transposed alike, or are constants or scalars, which
    are transposed in turn), Concat, Pad, Slice, Split, reductions and Softmax, with their axes renamed, and reshapes that merge
    or split whole groups of neighbouring dimensions. Two in a row are one; the identity vanishes; one that only moves dimensions
    of size 1 is a Reshape. A Transpose to channels last is hoisted above an elementwise operator where it cancels one on an
    operand. No Transpose moves into or out of the body of a loop or a branch. Other permutations stay where they are, unless they
    cancel.

    After `squint-raise` all convolutions are channels last; what is left of the transposes around them is one at the entry and
    one at the exit of the convolutional part.

    ```mlir
    %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
    %1 = onnx.Relu(%0) : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
    // becomes
    %0 = onnx.Relu(%x) : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
    %1 = onnx.Transpose(%0) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
    ```
  }];
  let dependentDialects = ["::squint::SquintDialect", "::squint::onnx::OnnxDialect"];
  let statistics = [
    Statistic<"numMoved", "moved", "Number of transposes moved below an operator">,
    Statistic<"numRemoved", "removed", "Number of transposes removed">,
  ];
}

#endif
