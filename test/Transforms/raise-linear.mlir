// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file --mlir-print-debuginfo | FileCheck %s

// A weight [K, N] becomes [N, K] by a permutation; the Add becomes the bias; both names stay.
// CHECK-LABEL: func.func @matmul
// CHECK-DAG: %[[W:.*]] = squint.constant #squint.data<"m.safetensors", 0, 1024, [1, 0]> : tensor<32x8xf32>
// CHECK-DAG: %[[B:.*]] = squint.constant dense<5.000000e-01> : tensor<32xf32>
// CHECK: squint.linear %{{.*}}, %[[W]] bias(%[[B]]) {squint.dims = {{\[\[}}"batch", "4", "32"]]} : tensor<?x4x8xf32>, tensor<32x8xf32>, tensor<32xf32> -> tensor<?x4x32xf32> loc(#[[LOC:.*]])
// CHECK: #[[M:.*]] = loc("/dense/MatMul")
// CHECK: #[[A:.*]] = loc("/dense/Add")
// CHECK: #[[LOC]] = loc(fused[#[[M]], #[[A]]])
func.func @matmul(%x: tensor<?x4x8xf32> {squint.dims = ["batch", "4", "8"]}) -> tensor<?x4x32xf32> {
  %w = squint.constant #squint.data<"m.safetensors", 0, 1024> : tensor<8x32xf32>
  %b = squint.constant dense<0.5> : tensor<1x1x32xf32>
  %0 = onnx.MatMul(%x, %w) {squint.dims = [["batch", "4", "32"]]} : (tensor<?x4x8xf32>, tensor<8x32xf32>) -> tensor<?x4x32xf32> loc("/dense/MatMul")
  %1 = onnx.Add(%b, %0) {squint.dims = [["batch", "4", "32"]]} : (tensor<1x1x32xf32>, tensor<?x4x32xf32>) -> tensor<?x4x32xf32> loc("/dense/Add")
  return %1 : tensor<?x4x32xf32>
}

// -----

// A transposed weight is in place again.
// CHECK-LABEL: func.func @transposed
// CHECK: squint.constant #squint.data<"m.safetensors", 0, 1024> : tensor<32x8xf32>
// CHECK: squint.linear
func.func @transposed(%x: tensor<2x3x8xf32>) -> tensor<2x3x32xf32> {
  %w = squint.constant #squint.data<"m.safetensors", 0, 1024, [0, 2, 1]> : tensor<1x8x32xf32>
  %0 = onnx.MatMul(%x, %w) : (tensor<2x3x8xf32>, tensor<1x8x32xf32>) -> tensor<2x3x32xf32>
  return %0 : tensor<2x3x32xf32>
}

// -----

// CHECK-LABEL: func.func @not_linear
// CHECK-NOT: squint.linear
// CHECK: onnx.MatMul
// CHECK: onnx.MatMul
// CHECK: onnx.MatMul
// CHECK: onnx.MatMul
// CHECK-NOT: squint.linear
// CHECK: return
func.func @not_linear(%x: tensor<8x8xf32>, %d: tensor<4x8xf64>, %y: tensor<2x8x8xf32>)
    -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<4x8xf64>, tensor<2x8x8xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 256> : tensor<8x8xf32>
  // The constant is on the left; there is no constant; f64; one matrix a batch.
  %0 = onnx.MatMul(%w, %x) : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %1 = onnx.MatMul(%x, %x) : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %v = squint.constant #squint.data<"m.safetensors", 0, 512> : tensor<8x8xf64>
  %2 = onnx.MatMul(%d, %v) : (tensor<4x8xf64>, tensor<8x8xf64>) -> tensor<4x8xf64>
  %u = squint.constant #squint.data<"m.safetensors", 0, 512> : tensor<2x8x8xf32>
  %3 = onnx.MatMul(%y, %u) : (tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  return %0, %1, %2, %3 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<4x8xf64>, tensor<2x8x8xf32>
}

// -----

// An Add is no bias when something else uses the product, or when it is not constant along the rows.
// CHECK-LABEL: func.func @not_bias
// CHECK: squint.linear %{{.*}}, %{{[^ ]*}} :
// CHECK: onnx.Add
// CHECK: squint.linear %{{.*}}, %{{[^ ]*}} :
// CHECK: onnx.Add
func.func @not_bias(%x: tensor<2x8xf32>) -> (tensor<2x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 1024> : tensor<8x32xf32>
  %b = squint.constant dense<0.5> : tensor<32xf32>
  %c = squint.constant dense<0.5> : tensor<2x32xf32>
  %0 = onnx.MatMul(%x, %w) : (tensor<2x8xf32>, tensor<8x32xf32>) -> tensor<2x32xf32>
  %1 = onnx.Add(%0, %b) : (tensor<2x32xf32>, tensor<32xf32>) -> tensor<2x32xf32>
  %2 = onnx.MatMul(%x, %w) : (tensor<2x8xf32>, tensor<8x32xf32>) -> tensor<2x32xf32>
  %3 = onnx.Add(%2, %c) : (tensor<2x32xf32>, tensor<2x32xf32>) -> tensor<2x32xf32>
  return %0, %1, %3 : tensor<2x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>
}

// -----

// CHECK-LABEL: func.func @gemm
// CHECK-DAG: %[[W:.*]] = squint.constant #squint.data<"m.safetensors", 0, 1024> : tensor<32x8xf32>
// CHECK-DAG: %[[B:.*]] = squint.constant dense<1.000000e+00> : tensor<32xf32>
// CHECK: squint.linear %{{.*}}, %[[W]] bias(%[[B]])
func.func @gemm(%x: tensor<2x8xf32>) -> tensor<2x32xf32> {
  %w = squint.constant #squint.data<"m.safetensors", 0, 1024> : tensor<32x8xf32>
  %c = squint.constant dense<0.5> : tensor<1x32xf32>
  %0 = onnx.Gemm(%x, %w, %c) {beta = 2.0 : f32, transB = 1 : i64} : (tensor<2x8xf32>, tensor<32x8xf32>, tensor<1x32xf32>) -> tensor<2x32xf32>
  return %0 : tensor<2x32xf32>
}

// -----

// alpha scales a small weight, and the input of a large one; an activation C is added.
// CHECK-LABEL: func.func @gemm_scaled
// CHECK: %[[S:.*]] = squint.constant dense<1.500000e+00> : tensor<2x2xf32>
// CHECK: squint.linear %{{.*}}, %[[S]] :
// CHECK: onnx.Add
// CHECK: onnx.Transpose
// CHECK: %[[X:.*]] = onnx.Mul
// CHECK: squint.linear %[[X]], %{{.*}} : tensor<2x256xf32>, tensor<256x256xf32> -> tensor<2x256xf32>
func.func @gemm_scaled(%x: tensor<2x2xf32>, %y: tensor<256x2xf32>, %c: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x256xf32>) {
  %w = squint.constant dense<3.0> : tensor<2x2xf32>
  %0 = onnx.Gemm(%x, %w, %c) {alpha = 0.5 : f32} : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %v = squint.constant #squint.data<"m.safetensors", 0, 262144> : tensor<256x256xf32>
  %1 = onnx.Gemm(%y, %v) {alpha = 0.5 : f32, transA = 1 : i64} : (tensor<256x2xf32>, tensor<256x256xf32>) -> tensor<2x256xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x256xf32>
}

// -----

// CHECK-LABEL: func.func @embedding
// CHECK: squint.embedding %{{.*}}, %{{.*}} : tensor<512x64xf32>, tensor<2x3xi64> -> tensor<2x3x64xf32>
// CHECK: onnx.Gather
// CHECK: onnx.Gather
func.func @embedding(%ids: tensor<2x3xi64>) -> (tensor<2x3x64xf32>, tensor<512x2x3xf32>, tensor<2x3x64xi64>) {
  %t = squint.constant #squint.data<"m.safetensors", 0, 131072> : tensor<512x64xf32>
  %i = squint.constant #squint.data<"m.safetensors", 0, 262144> : tensor<512x64xi64>
  %0 = onnx.Gather(%t, %ids) : (tensor<512x64xf32>, tensor<2x3xi64>) -> tensor<2x3x64xf32>
  %1 = onnx.Gather(%t, %ids) {axis = 1 : i64} : (tensor<512x64xf32>, tensor<2x3xi64>) -> tensor<512x2x3xf32>
  %2 = onnx.Gather(%i, %ids) : (tensor<512x64xi64>, tensor<2x3xi64>) -> tensor<2x3x64xi64>
  return %0, %1, %2 : tensor<2x3x64xf32>, tensor<512x2x3xf32>, tensor<2x3x64xi64>
}

// -----

// A vector is a matrix of one row; a stack of one matrix would give it a second dimension.
// CHECK-LABEL: func.func @vector
// CHECK: squint.linear %{{.*}} : tensor<8xf32>, tensor<4x8xf32> -> tensor<4xf32>
// CHECK: onnx.MatMul
func.func @vector(%x: tensor<8xf32>) -> (tensor<4xf32>, tensor<1x4xf32>) {
  %w = squint.constant dense<0.5> : tensor<8x4xf32>
  %stack = squint.constant dense<0.5> : tensor<1x8x4xf32>
  %0 = onnx.MatMul(%x, %w) : (tensor<8xf32>, tensor<8x4xf32>) -> tensor<4xf32>
  %1 = onnx.MatMul(%x, %stack) : (tensor<8xf32>, tensor<1x8x4xf32>) -> tensor<1x4xf32>
  return %0, %1 : tensor<4xf32>, tensor<1x4xf32>
}
