// RUN: squint-opt %s --squint-infer-shapes --squint-expand-functions --squint-infer-shapes --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @gelu
// CHECK: %[[SUM:.*]] = onnx.Add(%arg0, %arg1)
// CHECK: onnx.Gelu(%[[SUM]]) {approximate = "tanh"}
func.func @gelu(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<*xf32> {
  %0 = msft.FastGelu(%x, %b) : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The batch goes behind the other dimensions, then the last two are exchanged.
// CHECK-LABEL: func.func @matmul
// CHECK: %[[B:.*]] = onnx.Transpose(%arg1) {perm = array<i64: 1, 2, 0>}
// CHECK: %[[Y:.*]] = onnx.MatMul(%arg0, %[[B]])
// CHECK: onnx.Mul(%[[Y]],
func.func @matmul(%a: tensor<2x5x7xf32>, %b: tensor<3x2x7xf32>) -> tensor<*xf32> {
  %0 = msft.FusedMatMul(%a, %b) {alpha = 0.5 : f32, transBatchB = 1 : i64, transB = 1 : i64} : (tensor<2x5x7xf32>, tensor<3x2x7xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The sum is a result as well.
// CHECK-LABEL: func.func @skip
// CHECK: %[[SUM:.*]] = onnx.Add(%arg0, %arg1)
// CHECK: %[[Y:.*]] = onnx.RMSNormalization(%[[SUM]], %arg2)
// CHECK: return %[[Y]], %[[SUM]]
func.func @skip(%x: tensor<2x8xf32>, %s: tensor<2x8xf32>, %g: tensor<8xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  %0:2 = msft.SkipSimplifiedLayerNormalization(%x, %s, %g) {resultSegmentSizes = array<i32: 1, 0, 0, 1>} : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0#0, %0#1 : tensor<*xf32>, tensor<*xf32>
}

// -----

// A mask of keys is added: nothing is hidden for good.
// CHECK-LABEL: func.func @heads
// CHECK: %[[MASK:.*]] = onnx.Where(%{{.*}}) {{.*}} -> tensor<2x1x1x5xf32>
// CHECK: %[[SCORES:.*]] = onnx.MatMul(
// CHECK: %[[MASKED:.*]] = onnx.Add(%[[SCORES]], %[[MASK]])
// CHECK: %[[WEIGHTS:.*]] = onnx.Softmax(%[[MASKED]])
// CHECK-NEXT: onnx.MatMul(%[[WEIGHTS]],
func.func @heads(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %m: tensor<2x5xi32>) -> tensor<*xf32> {
  %0 = msft.MultiHeadAttention(%q, %k, %k, %m) {num_heads = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x5xi32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// CHECK-LABEL: func.func @qadd
// CHECK: %[[A:.*]] = onnx.DequantizeLinear(%arg0,
// CHECK: %[[B:.*]] = onnx.DequantizeLinear(%arg1,
// CHECK: %[[SUM:.*]] = onnx.Add(%[[A]], %[[B]])
// CHECK: onnx.QuantizeLinear(%[[SUM]],
func.func @qadd(%a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<*xui8> {
  %s = squint.constant dense<0.5> : tensor<f32>
  %z = squint.constant dense<3> : tensor<ui8>
  %0 = msft.QLinearAdd(%a, %s, %z, %b, %s, %z, %s, %z) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 1>} : (tensor<4xui8>, tensor<f32>, tensor<ui8>, tensor<4xui8>, tensor<f32>, tensor<ui8>, tensor<f32>, tensor<ui8>) -> tensor<*xui8>
  return %0 : tensor<*xui8>
}
