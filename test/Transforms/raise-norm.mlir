// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @layer_norm
// CHECK-DAG: %[[G:.*]] = squint.constant dense<2.000000e+00> : tensor<8xf32>
// CHECK-DAG: %[[B:.*]] = squint.constant dense<3.000000e+00> : tensor<8xf32>
// CHECK: squint.norm %arg0 scale(%[[G]]) bias(%[[B]]) centered epsilon = 9.99{{.*}}E-6 {squint.dims = {{\[\[}}"n", "8"]]} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<?x8xf32>
func.func @layer_norm(%x: tensor<?x8xf32> {squint.dims = ["n", "8"]}) -> tensor<?x8xf32> {
  %g = squint.constant dense<2.0> : tensor<8xf32>
  %b = squint.constant dense<3.0> : tensor<8xf32>
  %0 = onnx.LayerNormalization(%x, %g, %b) {axis = 1 : i64, epsilon = 1.0e-5 : f32, squint.dims = [["n", "8"]], resultSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// Not the last dimension; the statistics are used.
// CHECK-LABEL: func.func @not_norm
// CHECK: onnx.LayerNormalization
// CHECK: onnx.LayerNormalization
func.func @not_norm(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>) {
  %g = squint.constant dense<2.0> : tensor<4x8xf32>
  %0 = onnx.LayerNormalization(%x, %g) {axis = 0 : i64, resultSegmentSizes = array<i32: 1, 0, 0>} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %h = squint.constant dense<2.0> : tensor<8xf32>
  %1, %2 = onnx.LayerNormalization(%x, %h) {resultSegmentSizes = array<i32: 1, 1, 0>} : (tensor<4x8xf32>, tensor<8xf32>) -> (tensor<4x8xf32>, tensor<4x1xf32>)
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>
}

// -----

// CHECK-LABEL: func.func @rms
// CHECK: squint.norm %arg0 scale(%{{.*}}) epsilon
func.func @rms(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %g = squint.constant dense<2.0> : tensor<8xf32>
  %0 = onnx.RMSNormalization(%x, %g) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// What torch makes of LayerNorm.
// CHECK-LABEL: func.func @decomposed
// CHECK-NOT: onnx.
// CHECK: %[[G:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-NOT: onnx.
// CHECK: %[[B:.*]] = squint.constant dense<[3.000000e+00, 4.000000e+00]> : tensor<2xf32>
// CHECK-NOT: onnx.
// CHECK: squint.norm %arg0 scale(%[[G]]) bias(%[[B]]) centered epsilon = 5.000000e-01 {squint.dims
// CHECK-NOT: onnx.
// CHECK: return
func.func @decomposed(%x: tensor<?x4x2xf32> {squint.dims = ["n", "4", "2"]}) -> tensor<?x4x2xf32> {
  %axes = squint.constant dense<-1> : tensor<1xi64>
  %two = squint.constant dense<2.0> : tensor<f32>
  %eps = squint.constant dense<0.5> : tensor<f32>
  %g = squint.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = squint.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %0 = onnx.ReduceMean(%x, %axes) {squint.dims = [["n", "4", "1"]]} : (tensor<?x4x2xf32>, tensor<1xi64>) -> tensor<?x4x1xf32>
  %1 = onnx.Sub(%x, %0) {squint.dims = [["n", "4", "2"]]} : (tensor<?x4x2xf32>, tensor<?x4x1xf32>) -> tensor<?x4x2xf32>
  %2 = onnx.Pow(%1, %two) {squint.dims = [["n", "4", "2"]]} : (tensor<?x4x2xf32>, tensor<f32>) -> tensor<?x4x2xf32>
  %3 = onnx.ReduceMean(%2, %axes) {squint.dims = [["n", "4", "1"]]} : (tensor<?x4x2xf32>, tensor<1xi64>) -> tensor<?x4x1xf32>
  %4 = onnx.Add(%3, %eps) {squint.dims = [["n", "4", "1"]]} : (tensor<?x4x1xf32>, tensor<f32>) -> tensor<?x4x1xf32>
  %5 = onnx.Sqrt(%4) {squint.dims = [["n", "4", "1"]]} : (tensor<?x4x1xf32>) -> tensor<?x4x1xf32>
  %6 = onnx.Div(%1, %5) {squint.dims = [["n", "4", "2"]]} : (tensor<?x4x2xf32>, tensor<?x4x1xf32>) -> tensor<?x4x2xf32>
  %7 = onnx.Mul(%6, %g) {squint.dims = [["n", "4", "2"]]} : (tensor<?x4x2xf32>, tensor<2xf32>) -> tensor<?x4x2xf32>
  %8 = onnx.Add(%7, %b) {squint.dims = [["n", "4", "2"]]} : (tensor<?x4x2xf32>, tensor<2xf32>) -> tensor<?x4x2xf32>
  return %8 : tensor<?x4x2xf32>
}

// -----

// RMS as language models write it: x * (1 / sqrt(...)), the scale first.
// CHECK-LABEL: func.func @decomposed_rms
// CHECK: %[[G:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: squint.norm %arg0 scale(%[[G]]) epsilon = 5.000000e-01 :
// CHECK: squint.norm %arg0 scale(%[[G]]) epsilon = 5.000000e-01 :
// CHECK-NOT: onnx.
func.func @decomposed_rms(%x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %axes = squint.constant dense<1> : tensor<1xi64>
  %eps = squint.constant dense<0.5> : tensor<f32>
  %one = squint.constant dense<1.0> : tensor<f32>
  %g = squint.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = onnx.Mul(%x, %x) : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %1 = onnx.ReduceMean(%0, %axes) : (tensor<4x2xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  %2 = onnx.Add(%eps, %1) : (tensor<f32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %3 = onnx.Sqrt(%2) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = onnx.Div(%one, %3) : (tensor<f32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %5 = onnx.Mul(%x, %4) : (tensor<4x2xf32>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %6 = onnx.Mul(%g, %5) : (tensor<2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %7 = onnx.Reciprocal(%3) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %8 = onnx.Mul(%7, %x) : (tensor<4x1xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %9 = onnx.Mul(%8, %g) : (tensor<4x2xf32>, tensor<2xf32>) -> tensor<4x2xf32>
  return %6, %9 : tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// The mean of other squares than those of what is divided; a mean over another dimension.
// CHECK-LABEL: func.func @look_alikes
// CHECK-NOT: squint.norm
func.func @look_alikes(%x: tensor<4x2xf32>, %y: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %last = squint.constant dense<1> : tensor<1xi64>
  %first = squint.constant dense<0> : tensor<1xi64>
  %eps = squint.constant dense<0.5> : tensor<f32>
  %0 = onnx.Mul(%x, %x) : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %1 = onnx.ReduceMean(%0, %last) : (tensor<4x2xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  %2 = onnx.Add(%1, %eps) : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %3 = onnx.Sqrt(%2) : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = onnx.Div(%y, %3) : (tensor<4x2xf32>, tensor<4x1xf32>) -> tensor<4x2xf32>
  %5 = onnx.ReduceMean(%0, %first) : (tensor<4x2xf32>, tensor<1xi64>) -> tensor<1x2xf32>
  %6 = onnx.Add(%5, %eps) : (tensor<1x2xf32>, tensor<f32>) -> tensor<1x2xf32>
  %7 = onnx.Sqrt(%6) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %8 = onnx.Div(%x, %7) : (tensor<4x2xf32>, tensor<1x2xf32>) -> tensor<4x2xf32>
  return %4, %8 : tensor<4x2xf32>, tensor<4x2xf32>
}
