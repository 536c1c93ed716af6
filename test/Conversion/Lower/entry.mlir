// RUN: squint-opt %s --squint-prepare-entry | FileCheck %s --check-prefix=PREPARE
// RUN: squint-opt %s -o %t.outline.mlir --squint-prepare-entry --eliminate-empty-tensors --one-shot-bufferize \
// RUN:   --canonicalize --cse --squint-place-weights --squint-outline-kernels --canonicalize --cse
// RUN: FileCheck %s --check-prefix=OUTLINE < %t.outline.mlir
// RUN: squint-opt %t.outline.mlir -o %t.plan.mlir --squint-plan-memory
// RUN: FileCheck %s --check-prefix=PLAN < %t.plan.mlir
// RUN: squint-opt %t.plan.mlir -o %t.entry.mlir --squint-lower-entry
// RUN: FileCheck %s --check-prefix=ENTRY < %t.entry.mlir

// Names, types and symbols move to the module; results become destinations.
// PREPARE: module attributes {squint.inputs = [{dims = ["n", "4"], name = "x", type = f32}]
// PREPARE-SAME: squint.outputs = [{dims = ["n", "4"], name = "y", type = f32}], squint.symbols = ["n"]}
// PREPARE: func.func @main(%{{.*}}: memref<?x4xf32>, %{{.*}}: memref<?x4xf32>)
// PREPARE: bufferization.to_tensor %{{.*}} restrict : memref<?x4xf32>
// PREPARE: bufferization.materialize_in_destination %{{.*}} in restrict writable

// Two equal kernels are one function; the constant is a view of the weights.
// OUTLINE: squint.weights = {{\[}}[0, #squint.data<{{.*}}>]], squint.weights_size = 64
// OUTLINE: func.func @main(%{{.*}}: memref<?x4xf32>, %{{.*}}: memref<?x4xf32>, %[[W:.*]]: memref<?xi8>)
// OUTLINE: memref.view %[[W]]
// OUTLINE: kernel.launch @[[NORM:norm_f32_Dx4]](
// OUTLINE: kernel.launch @softmax_f32_Dx4(
// OUTLINE: kernel.launch @[[NORM]](
// OUTLINE: func.func private @norm_f32_Dx4({{.*}}: index, {{.*}}: index) attributes {kernel.body}
// OUTLINE-NOT: func.func private @norm

// Three values, of which two are live at a time: two slots.
// PLAN: func.func @main({{.*}}, %[[S:.*]]: memref<?xi8>)
// PLAN-COUNT-2: memref.view %[[S]]
// PLAN-NOT: memref.alloc
// PLAN: func.func @squint_plan(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: !llvm.ptr) -> i32
// PLAN: llvm.store

// ENTRY: squint.launches = [{kernel = "norm_f32_Dx4", node = {{.*}}}, {kernel = "softmax_f32_Dx4", {{.*}}}, {kernel = "norm_f32_Dx4", {{.*}}}]
// ENTRY: llvm.func @squint_launch(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
// ENTRY: func.func @squint_run(
// ENTRY-COUNT-3: llvm.call @squint_launch
// ENTRY: llvm.func internal @norm_f32_Dx4_task(
module {
  func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]})
      -> (tensor<?x4xf32> {squint.name = "y", squint.dims = ["n", "4"]}) {
    %g = squint.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %n = squint.dim "n"
    %0 = tensor.empty(%n) : tensor<?x4xf32>
    %1 = kernel.norm ins(%x, %g : tensor<?x4xf32>, tensor<4xf32>) outs(%0 : tensor<?x4xf32>) {epsilon = 1.0e-5 : f64} -> tensor<?x4xf32>
    %2 = tensor.empty(%n) : tensor<?x4xf32>
    %3 = kernel.softmax ins(%1 : tensor<?x4xf32>) outs(%2 : tensor<?x4xf32>) -> tensor<?x4xf32>
    %4 = tensor.empty(%n) : tensor<?x4xf32>
    %5 = kernel.norm ins(%3, %g : tensor<?x4xf32>, tensor<4xf32>) outs(%4 : tensor<?x4xf32>) {epsilon = 1.0e-5 : f64} -> tensor<?x4xf32>
    return %5 : tensor<?x4xf32>
  }
}
