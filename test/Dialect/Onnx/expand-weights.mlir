// RUN: squint-opt %s --squint-infer-shapes --squint-expand-functions --squint-infer-shapes --store=%t.safetensors | FileCheck %s

// 16 codes of a block, 8 less for what has no zero point.
// CHECK-LABEL: func.func @nbits
// CHECK: %[[W:.*]] = squint.dequantize %{{.*}} : <2x16, "int4:group=16,scale=f32"> -> tensor<2x16xf32>
// CHECK: squint.linear %arg0, %[[W]] {squint.activation_format = "int8:group=16,scale=f32", squint.dims = {{\[\[}}"n", "2"]]}
func.func @nbits(%x: tensor<?x16xf32> {squint.dims = ["n", "16"]}) -> tensor<*xf32> {
  %b = squint.constant dense<16> : tensor<2x1x8xui8>
  %s = squint.constant dense<0.5> : tensor<2x1xf32>
  %0 = msft.MatMulNBits(%x, %b, %s) {K = 16 : i64, N = 2 : i64, bits = 4 : i64, block_size = 16 : i64, accuracy_level = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<?x16xf32>, tensor<2x1x8xui8>, tensor<2x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// Symmetric bytes lack -128, which the code 0 is.
// CHECK-LABEL: func.func @bytes
// CHECK: squint.dequantize %{{.*}} : <1x16, "int8:group=16,zero-point,scale=f32">
func.func @bytes(%x: tensor<3x16xf32>) -> tensor<*xf32> {
  %b = squint.constant dense<0> : tensor<1x1x16xui8>
  %s = squint.constant dense<0.5> : tensor<1x1xf32>
  %0 = msft.MatMulNBits(%x, %b, %s) {K = 16 : i64, N = 1 : i64, bits = 8 : i64, block_size = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<3x16xf32>, tensor<1x1x16xui8>, tensor<1x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// Blocks that end within a row have a scale for each part of them.
// CHECK-LABEL: func.func @bnb4
// CHECK: squint.dequantize %{{.*}} : <2x24, "nf4:group=8,scale=f32">
func.func @bnb4(%x: tensor<3x24xf32>) -> tensor<*xf32> {
  %b = squint.constant dense<18> : tensor<24xui8>
  %s = squint.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = msft.MatMulBnb4(%x, %b, %s) {K = 24 : i64, N = 2 : i64, block_size = 16 : i64, quant_type = 1 : i64} : (tensor<3x24xf32>, tensor<24xui8>, tensor<3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// What is outside of the table is zero.
// CHECK-LABEL: func.func @rows
// CHECK: %[[T:.*]] = squint.dequantize %{{.*}} : <4x16, "int4:group=16,scale=f32"> -> tensor<4x16xf32>
// CHECK: %[[Y:.*]] = squint.embedding %[[T]], %{{.*}} {squint.dims = {{\[\[}}"n", "16"]]}
// CHECK: onnx.Where(%{{.*}}, %[[Y]],
func.func @rows(%ids: tensor<?xi64> {squint.dims = ["n"]}) -> tensor<*xf32> {
  %d = squint.constant dense<18> : tensor<4x8xui8>
  %s = squint.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %0 = msft.GatherBlockQuantized(%d, %ids, %s) {bits = 4 : i64, block_size = 16 : i64, gather_axis = 0 : i64, quantize_axis = 1 : i64} : (tensor<4x8xui8>, tensor<?xi64>, tensor<4x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// Each expert computes every token; a token's share of most is 0.
// CHECK-LABEL: func.func @experts
// CHECK: onnx.TopK(
// CHECK: %[[SHARES:.*]] = onnx.Div(
// CHECK: %[[FIRST:.*]] = squint.linear %arg0, %{{.*}}
// CHECK: %[[ACTIVE:.*]] = onnx.Relu(%[[FIRST]])
// CHECK: %[[SECOND:.*]] = squint.linear %[[ACTIVE]], %{{.*}}
// CHECK: %[[SHARE:.*]] = onnx.Slice(%[[SHARES]],
// CHECK: %[[PART:.*]] = onnx.Mul(%[[SECOND]], %[[SHARE]])
// CHECK: onnx.Where(%{{.*}}, %{{.*}}, %[[PART]])
func.func @experts(%x: tensor<?x16xf32> {squint.dims = ["n", "16"]}, %r: tensor<?x2xf32> {squint.dims = ["n", "2"]}) -> tensor<*xf32> {
  %w = squint.constant dense<18> : tensor<2x16x8xui8>
  %s = squint.constant dense<0.5> : tensor<2x16xf32>
  %0 = msft.QMoE(%x, %r, %w, %s, %w, %s) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>} : (tensor<?x16xf32>, tensor<?x2xf32>, tensor<2x16x8xui8>, tensor<2x16xf32>, tensor<2x16x8xui8>, tensor<2x16xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
