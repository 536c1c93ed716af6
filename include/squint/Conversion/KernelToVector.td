//===- KernelToVector.td - kernels to loops over vectors ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_KERNELTOVECTOR
#define SQUINT_CONVERSION_KERNELTOVECTOR

include "mlir/Pass/PassBase.td"

def ConvertKernelToVector : Pass<"convert-kernel-to-vector", "::mlir::ModuleOp"> {
  let summary = "Lower outlined kernels to loops over vectors";
  let description = [{
    In a function marked `kernel.body`, whose last two arguments are `begin` and `end`, the one `kernel.*` operator (or
    `linalg.batch_matmul`) on memrefs becomes the loops that compute its units [begin, end); `materializeWork` counts the units for
    the caller. `kernel.gather_rows` makes its function return a status of type i32.

    Where the target has AMX, tiles of 16 rows and more are `amx` operators; in a module with `squint.allow_bf16`, so are products of bfloat16
    weights, which are `x86vector` operators with AVX-512 BF16. Tiles come from the planner and the function's target: the attribute `squint.target` of the function, else the first of the
    module's `squint.targets`. What is left of the kernel dialect are `kernel.dot`, `kernel.dot_pairs` and `kernel.add_pairs`, for the
    instruction sets.

    `tuning` (`streams=4,prefetch-bytes=0,prefetch-rows=1,rows=6,panels=2`, any of them) stands in for what the planner chooses, for
    measurements. No choice changes a result.
  }];
  let options = [
    Option<"tuning", "tuning", "std::string", /*default=*/"", "Sizes in place of those that the target's table or the planner has">
  ];
  let dependentDialects = [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"
  ];
}

def ConvertKernelToGpu : Pass<"convert-kernel-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower outlined kernels to blocks of threads";
  let description = [{
    In functions whose target is a GPU:

    * `kernel.gemm` with a weight in fragments becomes the code of a block of threads that computes one unit, `begin`: products on
      tensor cores (`mma.sync`, `wgmma` where the target has it). `kernel.block` says how many threads that takes. The attribute
      `tile = {rows = 8}` or `{rows = 64}` says whether it is for few rows of activations or many.
    * a linalg operator becomes a loop over points of its parallel loops, of which each thread takes its own.

    Other kernels are left for `convert-kernel-to-vector` and `convert-vector-to-threads`.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ConvertVectorToThreads : Pass<"convert-vector-to-threads", "::mlir::ModuleOp"> {
  let summary = "A thread for each lane of vectors";
  let description = [{
    In functions whose target is a GPU and that compute units with vectors: half a warp computes a unit, thread i having lane i of
    vectors of 16 (of longer ones, the i-th sixteenth). Loads and stores are of a thread's elements, shuffles are `nvvm.shfl.sync`, and a
    buffer of the function's own is shared memory. Sums come out in the same order as on processors. `kernel.groups` says
    how many units a block computes at once, `kernel.shared` how many bytes of shared memory a launch has to ask for where they are
    more than the 48 KB that code may name.

    A function with a vector that is not divided so, or with buffers of more than 99 KB, stays as it is: one thread computes a unit (`kernel.groups = 0`).
  }];
  let statistics = [Statistic<"left", "left", "Functions that stay vectors">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def ConvertKernelToX86 : Pass<"convert-kernel-to-x86", "::mlir::ModuleOp"> {
  let summary = "Byte products for x86";
  let description = [{
    In functions whose target is x86, with the widest registers there are:

    * AVX-512 VNNI and AVX-VNNI: `kernel.dot` of unsigned weights is `vpdpbusd`.
    * Otherwise products are 16-bit multiply-adds. Where the bounds prove that no pair of products leaves 16 bits,
      `vpmaddubsw` and `vpmaddwd` with ones: unsigned weights as they are, signed ones as magnitudes, with their signs moved to the
      inputs (above -128) by `vpsignb` or, in 512 bits, a subtraction under a mask. Where not, even and odd bytes are widened for
      `vpmaddwd`.
    * `kernel.dot_pairs` is `vpmaddubsw` and `vpaddw`, `kernel.add_pairs` `vpmaddwd` with ones.

    * `amx` and `x86vector` operators become LLVM's intrinsics, from which it derives the configuration of the tile registers; loops carry tiles
      as `x86_amx`, and a function that used them releases them when it returns.

    Exact on all of them. Before SSSE3 nothing is converted here; `convert-kernel-to-generic` takes it.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"
  ];
}

def ConvertKernelToArm : Pass<"convert-kernel-to-arm", "::mlir::ModuleOp"> {
  let summary = "Byte products for Arm";
  let description = [{
    In functions whose target is AArch64: with the dot product extension, `kernel.dot` is four `sdot` (weights of 7 bits and signed
    ones). Others are left for `convert-kernel-to-generic`.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"
  ];
}

def ConvertKernelToGeneric : Pass<"convert-kernel-to-generic", "::mlir::ModuleOp"> {
  let summary = "Byte products for any target";
  let description = [{
    What no instruction set has taken becomes multiplications of widened vectors, which every target of LLVM has: the reference
    for the others.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect"];
}

#endif
