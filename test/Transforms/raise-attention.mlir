// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file | FileCheck %s

// Transposes become part of it; the mask is added after the scores are divided.
// CHECK-LABEL: func.func @encoder
// CHECK-NEXT: squint.attention %arg0, %arg1, %arg2 mask(%arg3) scale = 2.500000e-01 {squint.dims = {{\[\[}}"b", "s", "4", "16"]]} :
// CHECK-NEXT: return
func.func @encoder(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}, %k: tensor<?x?x4x16xf32> {squint.dims = ["b", "t", "4", "16"]},
    %v: tensor<?x?x4x16xf32> {squint.dims = ["b", "t", "4", "16"]}, %m: tensor<?x1x1x?xf32> {squint.dims = ["b", "1", "1", "t"]}) -> tensor<?x?x4x16xf32> {
  %c = squint.constant dense<4.0> : tensor<f32>
  %0 = onnx.Transpose(%q) {perm = array<i64: 0, 2, 1, 3>, squint.dims = [["b", "4", "s", "16"]]} : (tensor<?x?x4x16xf32>) -> tensor<?x4x?x16xf32>
  %1 = onnx.Transpose(%k) {perm = array<i64: 0, 2, 3, 1>, squint.dims = [["b", "4", "16", "t"]]} : (tensor<?x?x4x16xf32>) -> tensor<?x4x16x?xf32>
  %2 = onnx.Transpose(%v) {perm = array<i64: 0, 2, 1, 3>, squint.dims = [["b", "4", "t", "16"]]} : (tensor<?x?x4x16xf32>) -> tensor<?x4x?x16xf32>
  %3 = onnx.MatMul(%0, %1) {squint.dims = [["b", "4", "s", "t"]]} : (tensor<?x4x?x16xf32>, tensor<?x4x16x?xf32>) -> tensor<?x4x?x?xf32>
  %4 = onnx.Div(%3, %c) {squint.dims = [["b", "4", "s", "t"]]} : (tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  %5 = onnx.Add(%4, %m) {squint.dims = [["b", "4", "s", "t"]]} : (tensor<?x4x?x?xf32>, tensor<?x1x1x?xf32>) -> tensor<?x4x?x?xf32>
  %6 = onnx.Softmax(%5) {axis = -1 : i64, squint.dims = [["b", "4", "s", "t"]]} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %7 = onnx.MatMul(%6, %2) {squint.dims = [["b", "4", "s", "16"]]} : (tensor<?x4x?x?xf32>, tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
  %8 = onnx.Transpose(%7) {perm = array<i64: 0, 2, 1, 3>, squint.dims = [["b", "s", "4", "16"]]} : (tensor<?x4x?x16xf32>) -> tensor<?x?x4x16xf32>
  return %8 : tensor<?x?x4x16xf32>
}

// -----

// Heads that share keys and values; scales before the product; a Where in the place of a mask.
// CHECK-LABEL: func.func @decoder
// CHECK: %[[MASK:.*]] = onnx.Where(%arg3, %{{.*}}, %{{.*}}) : (tensor<6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<6x6xf32>
// CHECK: squint.attention %arg0, %arg1, %arg2 mask(%[[MASK]]) scale = 5.000000e-01 heads_first = [true, true, true, true]
// CHECK-SAME: : tensor<1x4x6x8xf32>, tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>, tensor<6x6xf32> -> tensor<1x4x6x8xf32>
func.func @decoder(%q: tensor<1x4x6x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x8xf32>, %c: tensor<6x6xi1>) -> tensor<1x4x6x8xf32> {
  %two = squint.constant dense<2> : tensor<1xi64>
  %wide = squint.constant dense<[1, 2, 2, 6, 8]> : tensor<5xi64>
  %all = squint.constant dense<[1, 4, 6, 8]> : tensor<4xi64>
  %half = squint.constant dense<0.5> : tensor<f32>
  %least = squint.constant dense<-3.0e38> : tensor<f32>
  %0 = onnx.Unsqueeze(%k, %two) : (tensor<1x2x6x8xf32>, tensor<1xi64>) -> tensor<1x2x1x6x8xf32>
  %1 = onnx.Expand(%0, %wide) : (tensor<1x2x1x6x8xf32>, tensor<5xi64>) -> tensor<1x2x2x6x8xf32>
  %2 = onnx.Reshape(%1, %all) : (tensor<1x2x2x6x8xf32>, tensor<4xi64>) -> tensor<1x4x6x8xf32>
  %3 = onnx.Unsqueeze(%v, %two) : (tensor<1x2x6x8xf32>, tensor<1xi64>) -> tensor<1x2x1x6x8xf32>
  %4 = onnx.Expand(%3, %wide) : (tensor<1x2x1x6x8xf32>, tensor<5xi64>) -> tensor<1x2x2x6x8xf32>
  %5 = onnx.Reshape(%4, %all) : (tensor<1x2x2x6x8xf32>, tensor<4xi64>) -> tensor<1x4x6x8xf32>
  %6 = onnx.Mul(%q, %half) : (tensor<1x4x6x8xf32>, tensor<f32>) -> tensor<1x4x6x8xf32>
  %7 = onnx.Transpose(%2) {perm = array<i64: 0, 1, 3, 2>} : (tensor<1x4x6x8xf32>) -> tensor<1x4x8x6xf32>
  %8 = onnx.MatMul(%6, %7) : (tensor<1x4x6x8xf32>, tensor<1x4x8x6xf32>) -> tensor<1x4x6x6xf32>
  %9 = onnx.Where(%c, %8, %least) : (tensor<6x6xi1>, tensor<1x4x6x6xf32>, tensor<f32>) -> tensor<1x4x6x6xf32>
  %10 = onnx.Softmax(%9) {axis = 3 : i64} : (tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
  %11 = onnx.MatMul(%10, %5) : (tensor<1x4x6x6xf32>, tensor<1x4x6x8xf32>) -> tensor<1x4x6x8xf32>
  return %11 : tensor<1x4x6x8xf32>
}

// -----

// A mask before the scale, a softmax of another dimension, weights that are read twice.
// CHECK-LABEL: func.func @not_attention
// CHECK-NOT: squint.attention
func.func @not_attention(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x8x4xf32>, %v: tensor<1x2x4x8xf32>, %m: tensor<4x4xf32>)
    -> (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x4xf32>) {
  %half = squint.constant dense<0.5> : tensor<f32>
  %0 = onnx.MatMul(%q, %k) : (tensor<1x2x4x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = onnx.Add(%0, %m) : (tensor<1x2x4x4xf32>, tensor<4x4xf32>) -> tensor<1x2x4x4xf32>
  %2 = onnx.Mul(%1, %half) : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %3 = onnx.Softmax(%2) {axis = -1 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %4 = onnx.MatMul(%3, %v) : (tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %5 = onnx.MatMul(%q, %k) : (tensor<1x2x4x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x4x4xf32>
  %6 = onnx.Softmax(%5) {axis = 2 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %7 = onnx.MatMul(%6, %v) : (tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %8 = onnx.MatMul(%q, %k) : (tensor<1x2x4x8xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x4x4xf32>
  %9 = onnx.Softmax(%8) {axis = -1 : i64} : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %10 = onnx.MatMul(%9, %v) : (tensor<1x2x4x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  return %4, %7, %10, %9 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x4xf32>
}
