//===- Passes.td - from kernels on tensors to the library's functions ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_LOWER_PASSES
#define SQUINT_CONVERSION_LOWER_PASSES

include "mlir/Pass/PassBase.td"

def PrepareEntry : Pass<"squint-prepare-entry", "::mlir::ModuleOp"> {
  let summary = "Give the entry buffers for its arguments and results";
  let description = [{
    `@main` gets memrefs: arguments are read only, results become destination arguments. The names, types and symbolic
    dimensions of both move to the module (`squint.inputs`, `squint.outputs`, `squint.symbols`), where the emitter
    finds them.

    ```mlir
    func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]})
        -> (tensor<?x4xf32> {squint.name = "y", squint.dims = ["n", "4"]})
    // becomes
    func.func @main(%x: memref<?x4xf32>, %y: memref<?x4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"];
}

def OutlineKernels : Pass<"squint-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "One function for each distinct kernel";
  let description = [{
    Every operator of `@main` that computes moves into a function of its own (`kernel.body`), whose last two arguments
    are a range of its units of work, and is called by `kernel.launch`. Structurally equal operators share a function:
    weights, offsets and sizes are arguments. Functions are named after operator, format and shape class; the node's
    name stays with the launch. For a GPU a product is a function for each tile that lib/Kernels/Gpu/Tiles.def has for some
    number of rows of activations.

    ```mlir
    kernel.softmax ins(%x : memref<?x64xf32>) outs(%y : memref<?x64xf32>)
    // becomes
    kernel.launch @softmax_f32_Dx64(%x, %y) units(%n) grain(%g) node = "probabilities" : memref<?x64xf32>, memref<?x64xf32>
    ```
  }];
  let options = [Option<"tiles", "tiles", "std::string", "",
                        "On GPUs, instead of the table: MOST-ROWS:ROWSxOUTPUTS[kWARPS]/STAGES,..., the last for 0, any number">];
  let statistics = [Statistic<"outlined", "launches", "Operators that became launches">,
                    Statistic<"distinct", "functions", "Distinct functions">];
  let dependentDialects = ["::squint::kernel::KernelDialect", "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect"];
}

def PlaceWeights : Pass<"squint-place-weights", "::mlir::ModuleOp"> {
  let summary = "Lay the constants out in one blob";
  let description = [{
    Every `squint.constant` of `@main` becomes a view of the argument `%weights` at an offset that is a multiple of 64;
    equal constants share one. The pieces are recorded in the module's `squint.weights` = [[offset, #squint.data], ...] and
    `squint.weights_size`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def PlanMemory : Pass<"squint-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Place the intermediate buffers in one workspace";
  let description = [{
    Every `memref.alloc` of `@main` becomes a view of the argument `%workspace`. Buffers that are never live together
    share a slot, whose size is the largest of theirs: an expression of the symbolic dimensions. The function
    `squint_plan` evaluates it, with the sizes of the results.
  }];
  let statistics = [Statistic<"buffers", "buffers", "Buffers placed">,
                    Statistic<"slotsUsed", "slots", "Slots used">];
  let dependentDialects = ["::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def CloneTargets : Pass<"squint-clone-targets", "::mlir::ModuleOp"> {
  let summary = "Kernels for each of several targets";
  let description = [{
    In a module with more than one target, every function of a kernel becomes one for each: the function itself is for the first
    target, its clones are named after theirs. `squint.target` says which processor a function is for, `kernel.variants` lists them in
    the order of the module's targets. Weights, workspace and the entry are the same for all.

    ```mlir
    module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v4", "">,
                                         #squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]}
    func.func private @softmax_f32_Dx64(...) attributes {kernel.body}
    // becomes
    func.func private @softmax_f32_Dx64(...) attributes {kernel.body,
        kernel.variants = [@softmax_f32_Dx64, @softmax_f32_Dx64_x86_64_v3], squint.target = #squint.target<..., "x86-64-v4", "">}
    func.func private @softmax_f32_Dx64_x86_64_v3(...) attributes {kernel.body, squint.target = #squint.target<..., "x86-64-v3", "">}
    ```
  }];
  let statistics = [Statistic<"clones", "clones", "Functions added">];
}

def LowerDevice : Pass<"squint-lower-device", "::mlir::ModuleOp"> {
  let summary = "Kernels of a GPU into modules of their own";
  let description = [{
    In a module for GPUs every function of a kernel moves into the `gpu.module` of its target, beside a function `nvvm.kernel` that
    makes the body's arguments of its parameters and a range of units of the numbers of block and thread. The parameters are
    those of a task (see `squint-lower-entry`), the count of units, the number of the launch and where the status of the run
    is: an error becomes `launch * 256 + status` there, the smallest one staying. A declaration with the kernel's number is left for the
    launches; `squint.device_kernels` lists the kernels.

    A model whose entry reads memory, because shapes or control flow depend on data, is refused.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect"];
}

def LowerEntry : Pass<"squint-lower-entry", "::mlir::ModuleOp"> {
  let summary = "The functions that the run-time library calls";
  let description = [{
    `@main` becomes `squint_run(context, dims, inputs, outputs, workspace, weights, threads, target, lengths, state) -> status`, each
    `kernel.launch` a call of `squint_launch` with a task function that unpacks its arguments (of several variants, the one
    whose number `target` is), and each `squint.dim` a load.
    A launch on a GPU calls `squint_launch_device` with the kernel's number and its parameters.
    The names of the launches are recorded in the module's `squint.launches`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"];
}

#endif
