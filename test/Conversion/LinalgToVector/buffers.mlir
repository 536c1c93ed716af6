// RUN: squint-opt %s --squint-split-inits --squint-copy-strided-operands --squint-expand-reshapes | FileCheck %s

// Two dynamic sizes in one group.
// CHECK-LABEL: func.func @expand
// CHECK-SAME: %[[X:.*]]: memref<?xf32>, %[[B:.*]]: index, %[[S:.*]]: index
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [%[[B]], %[[S]]], strides: [%{{.*}}, 1] : memref<f32> to memref<?x?xf32>
func.func @expand(%x: memref<?xf32>, %b: index, %s: index) -> memref<?x?xf32> {
  %0 = memref.expand_shape %x [[0, 1]] output_shape [%b, %s] : memref<?xf32> into memref<?x?xf32>
  return %0 : memref<?x?xf32>
}

// A kernel reads rows without gaps.
// CHECK-LABEL: func.func @strided
// CHECK: %[[BUFFER:.*]] = memref.alloc() {alignment = 64 : i64} : memref<8x16xf32>
// CHECK: memref.copy %{{.*}}, %[[BUFFER]]
// CHECK: kernel.softmax ins(%[[BUFFER]] :
func.func @strided(%x: memref<8x16xf32, strided<[64, 2]>>, %y: memref<8x16xf32>) {
  kernel.softmax ins(%x : memref<8x16xf32, strided<[64, 2]>>) outs(%y : memref<8x16xf32>)
  return
}

// CHECK-LABEL: func.func @shared
// CHECK-COUNT-2: linalg.fill
func.func @shared(%x: tensor<1x4x4xf32>) -> (tensor<1x4x4xf32>, tensor<1x4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %0 = linalg.batch_matmul ins(%x, %x : tensor<1x4x4xf32>, tensor<1x4x4xf32>) outs(%f : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %1 = linalg.batch_matmul ins(%0, %x : tensor<1x4x4xf32>, tensor<1x4x4xf32>) outs(%f : tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  return %0, %1 : tensor<1x4x4xf32>, tensor<1x4x4xf32>
}
