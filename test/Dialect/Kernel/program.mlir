// RUN: squint-opt %s | squint-opt | FileCheck %s

// CHECK: kernel.program units(%{{.*}}) ins(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>)
// CHECK: kernel.yield %{{.*}} : i32
// CHECK: -> tensor<?xf32>
func.func @copy(%n: index, %x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = kernel.program units(%n) ins(%x : tensor<?xf32>) outs(%y : tensor<?xf32>) {
  ^bb0(%i: index, %from: memref<?xf32, strided<[?], offset: ?>>, %to: memref<?xf32, strided<[?], offset: ?>>):
    %1 = memref.load %from[%i] : memref<?xf32, strided<[?], offset: ?>>
    memref.store %1, %to[%i] : memref<?xf32, strided<[?], offset: ?>>
    %ok = arith.constant 0 : i32
    kernel.yield %ok : i32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
