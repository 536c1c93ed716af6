// RUN: squint-opt %s --squint-expand-functions --squint-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[BEST:.*]] = onnx.ArgMax(%arg0) {axis = 1 : i64, keepdims = 0 : i64}
// CHECK: onnx.OneHot(%[[BEST]],
// CHECK-NOT: onnx.Hardmax
func.func @main(%x: tensor<2x3xf32> {squint.dims = ["2", "3"]}) -> tensor<2x3xf32> {
  %0 = onnx.Hardmax(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// What is expanded reads shapes of what another expansion will make.
// CHECK-LABEL: func.func @chain
// CHECK-NOT: onnx.CenterCropPad
// CHECK: onnx.Pad
func.func @chain(%x: tensor<2x8xf32> {squint.dims = ["2", "8"]}) -> tensor<2x8xui8> {
  %a, %s, %z = onnx.DynamicQuantizeLinear(%x) {squint.dims = [["2", "8"], [], []]} : (tensor<2x8xf32>) -> (tensor<2x8xui8>, tensor<f32>, tensor<ui8>)
  %c = squint.constant dense<[2, 8]> : tensor<2xi64>
  %y = onnx.CenterCropPad(%a, %c) : (tensor<2x8xui8>, tensor<2xi64>) -> tensor<2x8xui8>
  return %y : tensor<2x8xui8>
}
