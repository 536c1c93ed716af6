// RUN: squint-opt %s --squint-clone-targets -o %t.mlir
// RUN: FileCheck %s --check-prefix=CLONE < %t.mlir
// RUN: squint-opt %t.mlir --squint-lower-entry | FileCheck %s --check-prefix=ENTRY

// One function for each target, next to one another; the launch stays.
// CLONE: kernel.launch @softmax_f32_4x4(
// CLONE: func.func private @softmax_f32_4x4({{.*}}) attributes {kernel.body,
// CLONE-SAME: kernel.variants = [@softmax_f32_4x4, @softmax_f32_4x4_x86_64_v3, @softmax_f32_4x4_x86_64]
// CLONE-SAME: squint.target = #squint.target<{{.*}}, "x86-64-v4", "">
// CLONE: func.func private @softmax_f32_4x4_x86_64_v3({{.*}}) attributes {kernel.body, squint.target = #squint.target<{{.*}}, "x86-64-v3", "">
// CLONE: func.func private @softmax_f32_4x4_x86_64({{.*}}) attributes {kernel.body, squint.target = #squint.target<{{.*}}, "x86-64", "">
// CLONE-NOT: func.func private @softmax

// The entry takes the task whose number the runtime passes.
// ENTRY: func.func @squint_run({{.*}}, %[[TARGET:[a-z0-9]*]]: i32, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// ENTRY: %[[LIST:.*]] = llvm.mlir.addressof @[[TABLE:softmax_f32_4x4_tasks]]
// ENTRY: %[[SLOT:.*]] = llvm.getelementptr %[[LIST]][%[[TARGET]]]
// ENTRY: %[[TASK:.*]] = llvm.load %[[SLOT]]
// ENTRY: llvm.call @squint_launch(%{{.*}}, %{{.*}}, %[[TASK]],
// ENTRY: llvm.func internal @softmax_f32_4x4_task({{.*}} attributes {squint.target = #squint.target<{{.*}}, "x86-64-v4", "">
// ENTRY: llvm.mlir.global internal constant @[[TABLE]]()
// ENTRY: llvm.mlir.addressof @softmax_f32_4x4_task :
// ENTRY: llvm.mlir.addressof @softmax_f32_4x4_x86_64_v3_task :
// ENTRY: llvm.mlir.addressof @softmax_f32_4x4_x86_64_task :
// ENTRY: llvm.func internal @softmax_f32_4x4_x86_64_task({{.*}} attributes {squint.target = #squint.target<{{.*}}, "x86-64", "">
module attributes {
  squint.inputs = [{name = "x", type = f32, dims = ["4", "4"]}],
  squint.outputs = [{name = "y", type = f32, dims = ["4", "4"]}],
  squint.symbols = [],
  squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v4", "">,
                    #squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">,
                    #squint.target<"x86_64-unknown-linux-gnu", "x86-64", "">]
} {
  func.func @main(%x: memref<4x4xf32>, %y: memref<4x4xf32>, %weights: memref<?xi8>, %workspace: memref<?xi8>) {
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    kernel.launch @softmax_f32_4x4(%x, %y) units(%c4) grain(%c1) node = "probabilities" : memref<4x4xf32>, memref<4x4xf32>
    return
  }
  func.func private @softmax_f32_4x4(%x: memref<4x4xf32>, %y: memref<4x4xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.softmax ins(%x : memref<4x4xf32>) outs(%y : memref<4x4xf32>)
    return
  }
  func.func @squint_plan(%dims: !llvm.ptr, %threads: i64, %out: !llvm.ptr) -> i32 {
    %c0 = arith.constant 0 : i32
    return %c0 : i32
  }
}
