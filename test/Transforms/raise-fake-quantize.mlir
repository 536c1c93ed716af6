// RUN: squint-opt %s --store=%t.weights --pass-pipeline='builtin.module(func.func(squint-raise),canonicalize)' --split-input-file | FileCheck %s

// Codes that no product reads are floats on a grid; the Clip is part of it.
// CHECK-LABEL: func.func @nothing_reads_codes
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
// CHECK: %[[Y:.*]] = squint.fake_quantize %[[X]] scale(%{{.*}}) zero_point(%{{.*}}) codes = [-127, 100]
// CHECK-NEXT: onnx.Sigmoid(%[[Y]])
func.func @nothing_reads_codes(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> tensor<?x4xf32> {
  %s = squint.constant dense<0.5> : tensor<f32>
  %z = squint.constant dense<3> : tensor<i8>
  %low = squint.constant dense<-127> : tensor<i8>
  %high = squint.constant dense<100> : tensor<i8>
  %0 = onnx.QuantizeLinear(%x, %s, %z) {squint.dims = [["n", "4"]]} : (tensor<?x4xf32>, tensor<f32>, tensor<i8>) -> tensor<?x4xi8>
  %1 = onnx.Clip(%0, %low, %high) {operandSegmentSizes = array<i32: 1, 1, 1>, squint.dims = [["n", "4"]]} : (tensor<?x4xi8>, tensor<i8>, tensor<i8>) -> tensor<?x4xi8>
  %2 = onnx.DequantizeLinear(%1, %s, %z) {squint.dims = [["n", "4"]]} : (tensor<?x4xi8>, tensor<f32>, tensor<i8>) -> tensor<?x4xf32>
  %3 = onnx.Sigmoid(%2) {squint.dims = [["n", "4"]]} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}

// -----

// One grid is not another, and codes that are used themselves are computed once.
// CHECK-LABEL: func.func @others
// CHECK-NOT: squint.fake_quantize
func.func @others(%x: tensor<3x4xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xui8>) {
  %s = squint.constant dense<0.5> : tensor<f32>
  %t = squint.constant dense<0.25> : tensor<f32>
  %0 = onnx.QuantizeLinear(%x, %s) : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xui8>
  %1 = onnx.DequantizeLinear(%0, %t) : (tensor<3x4xui8>, tensor<f32>) -> tensor<3x4xf32>
  %2 = onnx.QuantizeLinear(%x, %s) : (tensor<3x4xf32>, tensor<f32>) -> tensor<3x4xui8>
  %3 = onnx.DequantizeLinear(%2, %s) : (tensor<3x4xui8>, tensor<f32>) -> tensor<3x4xf32>
  return %1, %3, %2 : tensor<3x4xf32>, tensor<3x4xf32>, tensor<3x4xui8>
}

// -----

// Where a product reads it, the operator is codes: of the weight, whose Clip makes them 3 bits, and of the activation.
// CHECK-LABEL: func.func @product
// CHECK-NOT: squint.fake_quantize
// CHECK: !squint.packed<2x4, "int3:tensor,scale=f32">
// CHECK: squint.codes
// CHECK: squint.linear
func.func @product(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %s = squint.constant dense<0.5> : tensor<f32>
  %z = squint.constant dense<0> : tensor<i8>
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 9.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<2x4xf32>
  %0 = squint.fake_quantize %w scale(%s) zero_point(%z) codes = [-4, 3] : tensor<2x4xf32>, tensor<f32>, tensor<i8> -> tensor<2x4xf32>
  %1 = squint.fake_quantize %x scale(%s) codes = [0, 255] : tensor<3x4xf32>, tensor<f32> -> tensor<3x4xf32>
  %2 = onnx.Transpose(%0) {perm = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32>
  %3 = onnx.MatMul(%1, %2) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  return %3 : tensor<3x2xf32>
}
