// RUN: squint-opt %s | squint-opt | FileCheck %s

// Defaults are not printed; absent operands leave a 0 in the sizes of the groups.
// CHECK-LABEL: func.func @operators
func.func @operators(%x: tensor<?x4xf32>, %min: tensor<f32>, %q: tensor<2xui8>, %n: tensor<!onnx.string>) {
  // CHECK: onnx.Softmax(%arg0) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %0 = onnx.Softmax(%x) {axis = -1 : i64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Clip(%arg0, %arg1) {operandSegmentSizes = array<i32: 1, 0, 1>}
  %1 = onnx.Clip(%x, %min) {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  // CHECK: onnx.Split(%arg0) {axis = 1 : i64, num_outputs = 2 : i64} : (tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  %2:2 = onnx.Split(%x) {axis = 1 : i64, num_outputs = 2 : i64} : (tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>)
  // CHECK: onnx.SequenceConstruct(%arg0) : (tensor<?x4xf32>) -> !onnx.seq<tensor<?x4xf32>>
  %3 = onnx.SequenceConstruct(%x) : (tensor<?x4xf32>) -> !onnx.seq<tensor<?x4xf32>>
  // CHECK: onnx.Identity(%arg3) : (tensor<!onnx.string>) -> tensor<!onnx.string>
  %4 = onnx.Identity(%n) : (tensor<!onnx.string>) -> tensor<!onnx.string>
  // CHECK: msft.QuickGelu(%arg0) {alpha = 1.000000e+00 : f32}
  %5 = msft.QuickGelu(%x) {alpha = 1.0 : f32} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}
