// RUN: squint-opt %s --squint-prepare-entry --one-shot-bufferize --canonicalize --cse --squint-place-weights --squint-outline-kernels --squint-plan-memory | FileCheck %s
// RUN: squint-opt %s --squint-prepare-entry --one-shot-bufferize --canonicalize --cse --squint-place-weights --squint-outline-kernels --squint-plan-memory --squint-clone-targets --squint-lower-entry | FileCheck %s --check-prefix=ENTRY

// A buffer is planned for the largest size and used at the true one; an output of a late size is a row until its shape is known.
// CHECK: squint.late = {{\[\[}}"late.count.0", "2*n"]]
// CHECK-LABEL: @main(%arg0: memref<?xf32>, %arg1: memref<i64>, %arg2: memref<?xf32>, %arg3: memref<?xi8>, %arg4: memref<?xi8>)
// CHECK: squint.bind_dim "late.count.0" = %[[COUNT:.*]]
// CHECK: %[[SIZE:.*]] = squint.dim "late.count.0"
// CHECK: memref.view %arg4{{.*}}[%[[SIZE]]]
// CHECK-LABEL: @squint_plan
// CHECK-NOT: late.count
// CHECK: squint.dim "n"
// CHECK-LABEL: @squint_shapes
// CHECK: squint.dim "late.count.0"

// The late symbol is behind those of the inputs.
// ENTRY: func.func @squint_run(%{{[a-z0-9]+}}: !llvm.ptr, %[[DIMS:[a-z0-9]+]]: !llvm.ptr,
// ENTRY: cf.cond_br
// ENTRY: %[[SLOT:.*]] = llvm.getelementptr %[[DIMS]][1]
// ENTRY: llvm.store %{{.*}}, %[[SLOT]]
func.func @main(%x: tensor<?xf32> {squint.name = "x", squint.dims = ["n"]}, %k: tensor<i64> {squint.name = "k"})
    -> (tensor<?xf32> {squint.name = "y", squint.dims = ["late.count.0"]}) attributes {squint.late = [["late.count.0", "2*n"]]} {
  %element = tensor.extract %k[] : tensor<i64>
  %count = arith.index_cast %element : i64 to index
  %zero = arith.constant 0 : index
  %fine = arith.cmpi sge, %count, %zero : index
  kernel.require %fine, 7
  squint.bind_dim "late.count.0" = %count
  %size = squint.dim "late.count.0"
  %0 = tensor.empty(%size) : tensor<?xf32>
  %one = arith.constant 1.0 : f32
  %1 = linalg.fill ins(%one : f32) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}
