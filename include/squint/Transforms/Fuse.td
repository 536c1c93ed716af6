//===- Fuse.td - passes that make kernels of operators ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_FUSE
#define SQUINT_TRANSFORMS_FUSE

include "mlir/Pass/PassBase.td"

def FuseKernels : Pass<"squint-fuse-kernels", "::mlir::func::FuncOp"> {
  let summary = "Dequantize and matrix product become one kernel";
  let description = [{
    `squint.linear` and `squint.conv` become `kernel.gemm`: a dequantized weight is read packed and never stored as
    floats, a dequantized activation is read as codes, quantized by `kernel.quantize_rows` where it is produced. A
    convolution is a product with a `window`, but for one of single pixels, whose patches are its image. The bias becomes the
    epilogue. Grouped convolutions stay float.

    With `reference`, quantized operands are dequantized into memory and multiplied as floats: the meaning that the fused
    form is compared with.

    ```mlir
    %wf = squint.dequantize %w : !squint.packed<8x4, "int8:channel,scale=f32"> -> tensor<8x4xf32>
    %y = squint.linear %x, %wf : tensor<2x4xf32>, tensor<8x4xf32> -> tensor<2x8xf32>
    // becomes
    %y = kernel.gemm ins(%x : tensor<2x4xf32>) weights(%w : !squint.packed<8x4, "int8:channel,scale=f32">)
        outs(%0 : tensor<2x8xf32>) {^bb0(%acc: f32): kernel.yield %acc : f32} -> tensor<2x8xf32>
    ```
  }];
  let options = [Option<"reference", "reference", "bool", "false", "Dequantize into memory instead of fusing">];
  let statistics = [Statistic<"numKernels", "kernels", "Matrix products that became kernels">];
  let dependentDialects = ["::squint::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def FuseEpilogues : Pass<"squint-fuse-epilogues", "::mlir::func::FuncOp"> {
  let summary = "Elementwise consumers of a product move into its epilogue";
  let description = [{
    An elementwise `linalg.generic` that is the only reader of a `kernel.gemm`, through reshapes of its rows, becomes part of
    the epilogue: activations, residual additions, and the static quantization of the next layer's input.

    ```mlir
    %y = kernel.gemm ... {^bb0(%acc: f32): kernel.yield %acc : f32} -> tensor<2x8xf32>
    %z = linalg.generic ... ins(%y) {^bb0(%in: f32, %out: f32): %m = arith.maxnumf %in, %zero : f32 linalg.yield %m : f32}
    // becomes
    %z = kernel.gemm ... {^bb0(%acc: f32): %m = arith.maxnumf %acc, %zero : f32 kernel.yield %m : f32} -> tensor<2x8xf32>
    ```
  }];
  let statistics = [Statistic<"numFused", "fused", "Elementwise operators that became epilogues">];
  let dependentDialects = ["::squint::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ExpandWindows : Pass<"squint-expand-windows", "::mlir::ModuleOp"> {
  let summary = "Write out the patches of convolutions for GPUs";
  let description = [{
    In a module whose target is a GPU the patches that a `kernel.gemm` with a `window` stands for become a tensor, and the product one
    of matrices, which tensor cores compute. Processors write patches out a few rows at a time, next to the product; that would take
    a GPU more shared memory than a block has. Where sums of codes would need a group that does not divide a patch the window stays.

    ```mlir
    %y = kernel.gemm ins(%x : tensor<?x8x8x16xf32>) weights(%w : !squint.packed<32x144, "int8:channel,scale=f32">) outs(%0 : tensor<?x32xf32>)
        attributes {window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1], out = [8, 8], pad_value = 0>} ...
    // becomes
    %p = linalg.generic ... outs(%1 : tensor<?x8x8x3x3x16xf32>) { ... tensor.extract %x[%n, %y, %x, %c] ... }
    %m = tensor.collapse_shape %p [[0, 1, 2], [3, 4, 5]] : tensor<?x8x8x3x3x16xf32> into tensor<?x144xf32>
    %y = kernel.gemm ins(%m : tensor<?x144xf32>) weights(%w : !squint.packed<32x144, "int8:channel,scale=f32">) outs(%0 : tensor<?x32xf32>) ...
    ```
  }];
  let statistics = [Statistic<"numExpanded", "expanded", "Convolutions whose patches are written out">];
  let dependentDialects = ["::squint::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def ExternalizeData : Pass<"squint-externalize-data", "::mlir::ModuleOp"> {
  let summary = "Write rewritten weights to a file";
  let description = [{
    `#squint.data` that lies in memory, or in a file outside the folder of `path`, is written to the safetensors file
    `path`, and the references are changed to it. Runs last in `squint-opt` and before `squintc` writes a `.mlir`.
  }];
  let options = [Option<"path", "path", "std::string", "\"\"", "The safetensors file">];
}

#endif
