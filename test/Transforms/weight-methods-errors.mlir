// RUN: not squint-opt %s --split-input-file --squint-quantize-codebook --squint-quantize-sparse --squint-quantize-spqr --squint-quantize-imatrix 2>&1 | FileCheck %s

// CHECK: error: expected
// CHECK-SAME: samples
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %w = squint.constant dense<1.0> : tensor<3x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "codebook2:channel,scale=f16", squint.method = {name = "codebook"}}
      : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK: error: expected
// CHECK-SAME: samples
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %w = squint.constant dense<1.0> : tensor<3x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32,sparse=2:4", squint.method = {name = "sparse"}}
      : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK: error: expected
// CHECK-SAME: samples
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %w = squint.constant dense<1.0> : tensor<3x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int3:group=16,scale=bilevel3", squint.method = {name = "spqr"}}
      : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK: error: expected
// CHECK-SAME: samples
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x3xf32> {
  %w = squint.constant dense<1.0> : tensor<3x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=4,scale=f16", squint.method = {name = "imatrix"}}
      : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
