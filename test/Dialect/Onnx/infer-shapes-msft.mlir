// RUN: squint-opt %s --squint-infer-shapes --split-input-file | FileCheck %s

// Outputs and inputs of a packed weight are attributes.
// CHECK: msft.MatMulNBits({{.*}}squint.dims = {{\[\[}}"batch", "seq", "96"]]
func.func @main(%x: tensor<?x?x64xf32> {squint.dims = ["batch", "seq", "64"]}, %w: tensor<96x2x16xui8>, %s: tensor<96x2xf32>) -> tensor<*xf32> {
  %0 = msft.MatMulNBits(%x, %w, %s) {K = 64 : i64, N = 96 : i64, bits = 4 : i64, block_size = 32 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<?x?x64xf32>, tensor<96x2x16xui8>, tensor<96x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The residual sum is the last of four results.
// CHECK: msft.SkipLayerNormalization({{.*}}resultSegmentSizes = array<i32: 1, 0, 0, 1>{{.*}} -> (tensor<?x8xf32>, tensor<?x8xf32>)
func.func @main(%x: tensor<?x8xf32> {squint.dims = ["n", "8"]}, %g: tensor<8xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  %0:2 = msft.SkipLayerNormalization(%x, %x, %g) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 1>} : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<8xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0#0, %0#1 : tensor<*xf32>, tensor<*xf32>
}

// -----

// CHECK: msft.GroupQueryAttention({{.*}} -> (tensor<?x?x64xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>)
func.func @main(%q: tensor<?x?x64xf32> {squint.dims = ["b", "s", "64"]}, %k: tensor<?x?x32xf32> {squint.dims = ["b", "s", "32"]},
                %past: tensor<?x2x?x16xf32> {squint.dims = ["b", "2", "past", "16"]}, %n: tensor<?xi32> {squint.dims = ["b"]}, %t: tensor<i32>)
    -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) {
  %0:3 = msft.GroupQueryAttention(%q, %k, %k, %past, %past, %n, %t) {kv_num_heads = 2 : i64, num_heads = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<?x?x64xf32>, tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?xi32>, tensor<i32>) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %0#0, %0#1, %0#2 : tensor<*xf32>, tensor<*xf32>, tensor<*xf32>
}
