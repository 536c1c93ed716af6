//===- LinalgToVector.td - linalg on memrefs to vectors ----*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_LINALGTOVECTOR
#define SQUINT_CONVERSION_LINALGTOVECTOR

include "mlir/Pass/PassBase.td"

def ConvertLinalgToVector : Pass<"convert-linalg-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower outlined linalg operators to loops over vectors";
  let description = [{
    In a function marked `kernel.body`, whose last two arguments are `begin` and `end`, the one linalg operator on memrefs becomes
    the loops that compute its units [begin, end). `materializeLinalgWork` counts the units for the caller.

    Neighbouring loops that walk memory contiguously are collapsed, unit loops dropped. Then one of:

    * **parallel**: the loop along which every output is contiguous runs over `vector<16xT>` with a scalar remainder; values that are
      constant along it are computed once, outside; reduction loops run inside, ascending.
    * **transpose**: an input is contiguous along another parallel loop: blocks of 8 x 8 are transposed in registers.
    * **reduce**: an input is contiguous along a reduction loop: 16 virtual lanes (lane `i` takes the elements `i mod 16`, a
      masked remainder), then the tree `x[i] + x[i + 8]`, `+ 4`, `+ 2`, `+ 1`, then the initial value `init + sum`: the same order on
      every target.
    * **scalar**: anything else, such as bodies that read memory by index.

    Units are the outer parallel loops together, blocks of 8 columns of a transpose, or pieces of 1024 elements of the only
    loop. `linalg.batch_matmul` is left for the kernels.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ExpandMath : Pass<"squint-expand-math", "::mlir::ModuleOp"> {
  let summary = "Expand transcendental functions into polynomials of our own";
  let description = [{
    `math.exp`, `log`, `tanh`, `erf`, `sin`, `pow` and the like, on f32 and vectors of f32, become arithmetic with explicit `math.fma`:
    the same bits on every target with FMA, and no call of libm. f16 and bf16 are computed in f32 and rounded; f64 is left to
    libm. Errors are at most 2 units in the last place (`pow` and trigonometry compute in f64); infinities, NaN, zeros and
    denormals give what C99 asks for.

    What a target of the module has no instruction for is expanded as well: `math.roundeven`, `floor`, `ceil` and `trunc` on x86 without
    SSE4.1, conversions of half where F16C is missing.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

def CarryInPlace : Pass<"squint-carry-in-place", "::mlir::ModuleOp"> {
  let summary = "Keep what a loop carries in one buffer";
  let description = [{
    What an iteration yields is put into the tensor that the iteration got, so that bufferization finds one buffer that all iterations
    write: memory is planned once, and nothing that an iteration makes may live on in the next. It comes after the elimination of
    empty tensors, which would have an operator that reads what is carried write it at the same time.

    ```mlir
    scf.for ... iter_args(%sum = %0) {
      %1 = linalg.generic ins(%sum, %x) outs(%empty)
      scf.yield %1      // now %2 = bufferization.materialize_in_destination %1 in %sum
    }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::scf::SCFDialect"];
}

def SplitInits : Pass<"squint-split-inits", "::mlir::ModuleOp"> {
  let summary = "Give each user of a filled or empty tensor one of its own";
  let description = [{
    Common subexpression elimination makes one of all equal `tensor.empty` and `linalg.fill`. What is filled once and then updated in
    place by several operators has to be copied for all but one, and the one buffer may be the destination of a result, which is
    then overwritten too early. With an initial value of its own every operator works in place, in its own destination.

    ```mlir
    %1 = linalg.fill ins(%zero) outs(%0)
    %2 = linalg.generic ... outs(%1)
    %3 = linalg.generic ... outs(%1)    // now outs(%4), with %4 another fill of another tensor.empty
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numSplit", "split", "Number of operators copied">];
}

def CopyStridedOperands : Pass<"squint-copy-strided-operands", "::mlir::ModuleOp"> {
  let summary = "Copy operands of kernels whose rows have gaps";
  let description = [{
    A slice is a view of what it was cut from. Elementwise operators walk it as it is; a kernel, and `linalg.batch_matmul`, reads rows
    of neighbouring elements, and some read all of it as one row. Where a buffer is not like that, the kernel works on a copy, which is
    copied back when it is an output.

    ```mlir
    kernel.softmax ins(%view : memref<8x16xf32, strided<[64, 2]>>) outs(%y : memref<8x16xf32>)
    // becomes
    memref.copy %view, %buffer
    kernel.softmax ins(%buffer : memref<8x16xf32>) outs(%y : memref<8x16xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numCopied", "copied", "Number of operands copied">];
}

def ExpandReshapes : Pass<"squint-expand-reshapes", "::mlir::ModuleOp"> {
  let summary = "Turn memref.expand_shape of contiguous memory into memref.reinterpret_cast";
  let description = [{
    `expand-strided-metadata` computes the sizes of a group of dimensions from the one that they come from, which works for one
    dynamic size in a group only. Here the operator's own output shape gives sizes and strides.

    ```mlir
    %1 = memref.expand_shape %0 [[0, 1]] output_shape [%b, %s] : memref<?xf32> into memref<?x?xf32>
    // becomes
    %1 = memref.reinterpret_cast %0 to offset: [0], sizes: [%b, %s], strides: [%s, 1] : memref<?xf32> to memref<?x?xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif
