// RUN: squint-opt %s --store=%t.weights --pass-pipeline='builtin.module(func.func(squint-raise),canonicalize)' --split-input-file | FileCheck %s

// A product between codes: of integers, with one factor for each output, (0.5 * 0.25) / 0.125 and so on.
// CHECK-LABEL: func.func @linear
// CHECK-SAME: %[[X:.*]]: tensor<?x4xui8>
// CHECK-DAG: %[[ZERO:.*]] = squint.constant dense<3> : tensor<ui8>
// CHECK-DAG: %[[ONE:.*]] = squint.constant dense<1.000000e+00> : tensor<f32>
// CHECK-DAG: %[[FACTOR:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[P:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 68> : !squint.packed<2x4, "int8:tensor,scale=f32">
// CHECK-DAG: %[[W:.*]] = squint.dequantize %[[P]]
// CHECK-DAG: %[[C:.*]] = squint.codes %[[X]] zero_point(%[[ZERO]]) {{.*}}: tensor<?x4xui8>, tensor<ui8> -> <?x4, "int8:tensor,scale=f32">
// CHECK-DAG: %[[D:.*]] = squint.dequantize %[[C]]
// CHECK: %[[Y:.*]] = squint.linear %[[D]], %[[W]] {
// CHECK: %[[M:.*]] = onnx.Mul(%[[Y]], %[[FACTOR]])
// CHECK: onnx.QuantizeLinear(%[[M]], %[[ONE]], %[[ZERO]])
func.func @linear(%x: tensor<?x4xui8> {squint.dims = ["n", "4"]}) -> tensor<?x2xui8> {
  %z = squint.constant dense<3> : tensor<ui8>
  %sx = squint.constant dense<0.5> : tensor<f32>
  %w = squint.constant dense<[[1, -2], [3, 4], [5, 6], [7, -128]]> : tensor<4x2xi8>
  %sw = squint.constant dense<[0.25, 0.5]> : tensor<2xf32>
  %sy = squint.constant dense<0.125> : tensor<f32>
  %0 = onnx.DequantizeLinear(%x, %sx, %z) {axis = 1, squint.dims = [["n", "4"]]} : (tensor<?x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<?x4xf32>
  %1 = onnx.DequantizeLinear(%w, %sw) {axis = 1} : (tensor<4x2xi8>, tensor<2xf32>) -> tensor<4x2xf32>
  %2 = onnx.MatMul(%0, %1) {squint.dims = [["n", "2"]]} : (tensor<?x4xf32>, tensor<4x2xf32>) -> tensor<?x2xf32>
  %3 = onnx.QuantizeLinear(%2, %sy, %z) {squint.dims = [["n", "2"]]} : (tensor<?x2xf32>, tensor<f32>, tensor<ui8>) -> tensor<?x2xui8>
  return %3 : tensor<?x2xui8>
}

// -----

// Codes without a sign and with zero points of their own; a zero point that is computed.
// CHECK-LABEL: func.func @zero_points
// CHECK: !squint.packed<2x4, "int8:channel,zero-point,scale=f32">
// CHECK: squint.codes %{{.*}} zero_point(%arg1)
// CHECK: squint.linear
func.func @zero_points(%x: tensor<3x4xui8>, %z: tensor<ui8>) -> tensor<3x2xf32> {
  %one = squint.constant dense<1.0> : tensor<f32>
  %w = squint.constant dense<[[1, 2], [3, 4], [5, 6], [7, 8]]> : tensor<4x2xui8>
  %sw = squint.constant dense<1.0> : tensor<2xf32>
  %zw = squint.constant dense<[100, 200]> : tensor<2xui8>
  %0 = onnx.DequantizeLinear(%x, %one, %z) {axis = 1} : (tensor<3x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<3x4xf32>
  %1 = onnx.DequantizeLinear(%w, %sw, %zw) {axis = 1} : (tensor<4x2xui8>, tensor<2xf32>, tensor<2xui8>) -> tensor<4x2xf32>
  %2 = onnx.MatMul(%0, %1) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  return %2 : tensor<3x2xf32>
}

// -----

// Codes of a weight alone, in blocks of the contraction; zero points that are all 128 are none.
// CHECK-LABEL: func.func @blocks
// CHECK-DAG: !squint.packed<2x4, "int4:group=2,scale=f32">
// CHECK-DAG: !squint.packed<2x4, "int8:channel,scale=f32">
// CHECK: squint.linear
// CHECK: squint.linear
func.func @blocks(%x: tensor<3x4xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %w = squint.constant dense<[[1, 2], [3, 4], [5, 6], [7, -8]]> : tensor<4x2xi4>
  %s = squint.constant dense<[[0.25, 0.5], [0.5, 1.0]]> : tensor<2x2xf32>
  %0 = onnx.DequantizeLinear(%w, %s) {axis = 0, block_size = 2} : (tensor<4x2xi4>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %1 = onnx.MatMul(%x, %0) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %v = squint.constant dense<[[1, 2, 3, 4], [5, 6, 7, 255]]> : tensor<2x4xui8>
  %t = squint.constant dense<[0.25, 0.5]> : tensor<2xf32>
  %z = squint.constant dense<128> : tensor<2xui8>
  %2 = onnx.DequantizeLinear(%v, %t, %z) {axis = 0} : (tensor<2x4xui8>, tensor<2xf32>, tensor<2xui8>) -> tensor<2x4xf32>
  %3 = onnx.Gemm(%x, %2) {transB = 1} : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  return %1, %3 : tensor<3x2xf32>, tensor<3x2xf32>
}

// -----

// An integer bias is added to the sum; a Relu is seen through; the convolution's codes are transposed, not its floats.
// CHECK-LABEL: func.func @conv
// CHECK: onnx.Transpose(%{{.*}} -> tensor<1x4x4x2xi8>
// CHECK: squint.codes
// CHECK: squint.conv %{{.*}} bias(%{{.*}})
// CHECK: onnx.Mul
// CHECK: onnx.Relu
// CHECK: onnx.QuantizeLinear({{.*}} -> tensor<1x4x4x3xi8>
// CHECK: onnx.Transpose({{.*}} -> tensor<1x3x4x4xi8>
func.func @conv(%x: tensor<1x2x4x4xi8>) -> tensor<1x3x4x4xi8> {
  %z = squint.constant dense<-4> : tensor<i8>
  %sx = squint.constant dense<0.5> : tensor<f32>
  %w = squint.constant dense<3> : tensor<3x2x1x1xi8>
  %sw = squint.constant dense<[0.25, 0.5, 1.0]> : tensor<3xf32>
  %b = squint.constant dense<[10, 20, 30]> : tensor<3xi32>
  %sb = squint.constant dense<[0.125, 0.25, 0.5]> : tensor<3xf32>
  %sy = squint.constant dense<0.125> : tensor<f32>
  %0 = onnx.DequantizeLinear(%x, %sx, %z) {axis = 1} : (tensor<1x2x4x4xi8>, tensor<f32>, tensor<i8>) -> tensor<1x2x4x4xf32>
  %1 = onnx.DequantizeLinear(%w, %sw) {axis = 0} : (tensor<3x2x1x1xi8>, tensor<3xf32>) -> tensor<3x2x1x1xf32>
  %2 = onnx.DequantizeLinear(%b, %sb) {axis = 0} : (tensor<3xi32>, tensor<3xf32>) -> tensor<3xf32>
  %3 = onnx.Conv(%0, %1, %2) : (tensor<1x2x4x4xf32>, tensor<3x2x1x1xf32>, tensor<3xf32>) -> tensor<1x3x4x4xf32>
  %4 = onnx.Relu(%3) : (tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
  %5 = onnx.QuantizeLinear(%4, %sy, %z) : (tensor<1x3x4x4xf32>, tensor<f32>, tensor<i8>) -> tensor<1x3x4x4xi8>
  return %5 : tensor<1x3x4x4xi8>
}

// -----

// Scales along the contraction have no format, and stay.
// CHECK-LABEL: func.func @contraction
// CHECK: onnx.DequantizeLinear
// CHECK: onnx.MatMul
func.func @contraction(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %w = squint.constant dense<[[1, 2], [3, 4], [5, 6], [7, 8]]> : tensor<4x2xi8>
  %s = squint.constant dense<[0.25, 0.5, 0.5, 1.0]> : tensor<4xf32>
  %0 = onnx.DequantizeLinear(%w, %s) {axis = 0} : (tensor<4x2xi8>, tensor<4xf32>) -> tensor<4x2xf32>
  %1 = onnx.MatMul(%x, %0) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  return %1 : tensor<3x2xf32>
}

// -----

// What moves floats between their codes and a product moves the codes.
// CHECK-LABEL: func.func @moved
// CHECK-SAME: (%[[X:.*]]: tensor<2x2x2xui8>)
// CHECK: %[[T:.*]] = onnx.Transpose(%[[X]]) {perm = array<i64: 0, 2, 1>} : (tensor<2x2x2xui8>) -> tensor<2x2x2xui8>
// CHECK: %[[R:.*]] = onnx.Reshape(%[[T]], %{{.*}}) : (tensor<2x2x2xui8>, tensor<2xi64>) -> tensor<2x4xui8>
// CHECK: squint.codes %[[R]]
// CHECK: squint.linear
func.func @moved(%x: tensor<2x2x2xui8>) -> tensor<2x2xf32> {
  %z = squint.constant dense<3> : tensor<ui8>
  %sx = squint.constant dense<0.5> : tensor<f32>
  %w = squint.constant dense<[[1, -2], [3, 4], [5, 6], [7, -128]]> : tensor<4x2xi8>
  %shape = squint.constant dense<[2, 4]> : tensor<2xi64>
  %0 = onnx.DequantizeLinear(%x, %sx, %z) {axis = 1} : (tensor<2x2x2xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x2x2xf32>
  %1 = onnx.Transpose(%0) {perm = array<i64: 0, 2, 1>} : (tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  %2 = onnx.Reshape(%1, %shape) : (tensor<2x2x2xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  %3 = onnx.DequantizeLinear(%w, %sx) : (tensor<4x2xi8>, tensor<f32>) -> tensor<4x2xf32>
  %4 = onnx.MatMul(%2, %3) : (tensor<2x4xf32>, tensor<4x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}
