// RUN: squint-opt %s --squint-fold-constants --split-input-file | FileCheck %s

// A transpose moves no bytes: permutations compose, and vanish when they cancel.
// CHECK-LABEL: func.func @transpose
// CHECK-DAG: #squint.data<"m.safetensors", 64, 589824, [1, 0]> : tensor<384x384xf32>
// CHECK-DAG: #squint.data<"m.safetensors", 64, 589824> : tensor<384x384xf32>
// CHECK-NOT: onnx.Transpose
func.func @transpose() -> (tensor<384x384xf32>, tensor<384x384xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 64, 589824> : tensor<384x384xf32>
  %0 = onnx.Transpose(%w) {perm = array<i64: 1, 0>} : (tensor<384x384xf32>) -> tensor<384x384xf32>
  %1 = onnx.Transpose(%0) : (tensor<384x384xf32>) -> tensor<384x384xf32>
  return %0, %1 : tensor<384x384xf32>, tensor<384x384xf32>
}

// -----

// CHECK-LABEL: func.func @three
// CHECK: #squint.data<"m.safetensors", 0, 96, [2, 0, 1]> : tensor<4x2x3xf32>
// CHECK: #squint.data<"m.safetensors", 0, 96, [1, 2, 0]> : tensor<3x4x2xf32>
func.func @three() -> (tensor<4x2x3xf32>, tensor<3x4x2xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 96> : tensor<2x3x4xf32>
  %0 = onnx.Transpose(%w) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %1 = onnx.Transpose(%0) {perm = array<i64: 2, 0, 1>} : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  return %0, %1 : tensor<4x2x3xf32>, tensor<3x4x2xf32>
}

// -----

// A reshape changes the type. Under a permutation only dimensions of 1 may come and go.
// CHECK-LABEL: func.func @reshape
// CHECK: #squint.data<"m.safetensors", 0, 1048576> : tensor<512x512xf32>
// CHECK: #squint.data<"m.safetensors", 0, 1048576, [1, 2, 0]> : tensor<1024x1x256xf32>
// CHECK: onnx.Reshape
func.func @reshape() -> (tensor<512x512xf32>, tensor<1024x1x256xf32>, tensor<262144xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 1048576> : tensor<256x1024xf32>
  %s = squint.constant dense<512> : tensor<2xi64>
  %flat = squint.constant dense<-1> : tensor<1xi64>
  %one = squint.constant dense<1> : tensor<1xi64>
  %0 = onnx.Reshape(%w, %s) : (tensor<256x1024xf32>, tensor<2xi64>) -> tensor<512x512xf32>
  %1 = onnx.Transpose(%w) : (tensor<256x1024xf32>) -> tensor<1024x256xf32>
  %2 = onnx.Unsqueeze(%1, %one) : (tensor<1024x256xf32>, tensor<1xi64>) -> tensor<1024x1x256xf32>
  %3 = onnx.Reshape(%1, %flat) : (tensor<1024x256xf32>, tensor<1xi64>) -> tensor<262144xf32>
  return %0, %2, %3 : tensor<512x512xf32>, tensor<1024x1x256xf32>, tensor<262144xf32>
}

// -----

// A range of rows of large data is a range of bytes; anything else of it stays.
// CHECK-LABEL: func.func @slice
// CHECK: #squint.data<"m.safetensors", 6144, 12288> : tensor<1x8x384xf32>
// CHECK: onnx.Slice
// CHECK: dense<[4, 2]> : tensor<2xi64>
func.func @slice() -> (tensor<1x8x384xf32>, tensor<1x512x8xf32>, tensor<2xi64>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 786432> : tensor<1x512x384xf32>
  %4 = squint.constant dense<4> : tensor<1xi64>
  %12 = squint.constant dense<12> : tensor<1xi64>
  %axis1 = squint.constant dense<1> : tensor<1xi64>
  %axis2 = squint.constant dense<-1> : tensor<1xi64>
  %0 = onnx.Slice(%w, %4, %12, %axis1) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
      : (tensor<1x512x384xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x8x384xf32>
  %1 = onnx.Slice(%w, %4, %12, %axis2) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
      : (tensor<1x512x384xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x512x8xf32>
  %c = squint.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
  %last = squint.constant dense<-1> : tensor<1xi64>
  %begin = squint.constant dense<-9223372036854775807> : tensor<1xi64>
  %zero = squint.constant dense<0> : tensor<1xi64>
  %back = squint.constant dense<-2> : tensor<1xi64>
  %2 = onnx.Slice(%c, %last, %begin, %zero, %back) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>}
      : (tensor<4xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  return %0, %1, %2 : tensor<1x8x384xf32>, tensor<1x512x8xf32>, tensor<2xi64>
}

// -----

// CHECK-LABEL: func.func @shapes
// CHECK: dense<[2, -1]> : tensor<2xi64>
// CHECK: dense<{{\[\[}}7, 5], [6, 7]]> : tensor<2x2xi64>
// CHECK: dense<[3, 5, 7]> : tensor<3xi64>
// CHECK: dense<{{\[\[}}1, 1, 1], [2, 2, 2]]> : tensor<2x3xi64>
// CHECK: dense<[1, 0]> : tensor<2xi64>
// CHECK: dense<5.000000e-01> : tensor<2x3xf32>
func.func @shapes() -> (tensor<2xi64>, tensor<2x2xi64>, tensor<3xi64>, tensor<2x3xi64>, tensor<2xi64>, tensor<2x3xf32>) {
  %2 = squint.constant dense<2> : tensor<1xi64>
  %m1 = squint.constant dense<-1> : tensor<1xi64>
  %0 = onnx.Concat(%2, %m1) {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %c = squint.constant dense<[5, 6, 7]> : tensor<3xi64>
  %i = squint.constant dense<[[2, -3], [1, 2]]> : tensor<2x2xi64>
  %1 = onnx.Gather(%c, %i) : (tensor<3xi64>, tensor<2x2xi64>) -> tensor<2x2xi64>
  %a = squint.constant dense<3> : tensor<i64>
  %b = squint.constant dense<9> : tensor<i64>
  %d = squint.constant dense<2> : tensor<i64>
  %3 = onnx.Range(%a, %b, %d) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %e = squint.constant dense<[[1], [2]]> : tensor<2x1xi64>
  %s = squint.constant dense<[2, 3]> : tensor<2xi64>
  %4 = onnx.Expand(%e, %s) : (tensor<2x1xi64>, tensor<2xi64>) -> tensor<2x3xi64>
  %t = squint.constant dense<[true, false]> : tensor<2xi1>
  %z = squint.constant dense<0> : tensor<1xi64>
  %one = squint.constant dense<1> : tensor<i64>
  %5 = onnx.Where(%t, %one, %z) : (tensor<2xi1>, tensor<i64>, tensor<1xi64>) -> tensor<2xi64>
  %6 = onnx.ConstantOfShape(%s) {value = dense<0.5> : tensor<1xf32>} : (tensor<2xi64>) -> tensor<2x3xf32>
  return %0, %1, %3, %4, %5, %6 : tensor<2xi64>, tensor<2x2xi64>, tensor<3xi64>, tensor<2x3xi64>, tensor<2xi64>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @arithmetic
// CHECK: dense<{{\[\[}}1.500000e+00, 2.500000e+00], [3.500000e+00, 4.500000e+00]]> : tensor<2x2xf32>
// CHECK: dense<2.500000e-01> : tensor<f32>
// CHECK: dense<[-4, 11]> : tensor<2xi64>
// CHECK: dense<[-3, 3]> : tensor<2xi64>
// CHECK: dense<[1, -3]> : tensor<2xi64>
// CHECK: dense<[true, false]> : tensor<2xi1>
// CHECK: dense<[-7, 7]> : tensor<2xi32>
// CHECK: dense<9.997550e-02> : tensor<f16>
func.func @arithmetic() -> (tensor<2x2xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi1>, tensor<2xi32>, tensor<f16>) {
  %x = squint.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %h = squint.constant dense<0.5> : tensor<f32>
  %two = squint.constant dense<2.0> : tensor<f32>
  %0 = onnx.Add(%x, %h) : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
  %1 = onnx.Pow(%h, %two) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %i = squint.constant dense<[-7, 7]> : tensor<2xi64>
  %j = squint.constant dense<[3, 4]> : tensor<2xi64>
  %k = squint.constant dense<[2, 2]> : tensor<2xi64>
  %2 = onnx.Add(%i, %j) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  // Quotients are cut off towards zero, the rest has the divisor's sign.
  %3 = onnx.Div(%i, %k) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %m = squint.constant dense<[2, -5]> : tensor<2xi64>
  %4 = onnx.Mod(%i, %m) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %5 = onnx.Less(%i, %m) : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi1>
  %6 = onnx.Cast(%i) {to = 6 : i64} : (tensor<2xi64>) -> tensor<2xi32>
  %t = squint.constant dense<0.1> : tensor<f32>
  %7 = onnx.Cast(%t) {to = 10 : i64} : (tensor<f32>) -> tensor<f16>
  return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<2x2xf32>, tensor<f32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi1>, tensor<2xi32>, tensor<f16>
}

// -----

// What has no value here, or is large, is left to run time.
// CHECK-LABEL: func.func @not_folded
// CHECK: onnx.Div
// CHECK: onnx.Sqrt
// CHECK: onnx.Div
// CHECK: onnx.Cast
// CHECK: onnx.Gather
// CHECK: onnx.Add
func.func @not_folded() -> (tensor<i64>, tensor<f32>, tensor<f32>, tensor<i8>, tensor<1xi64>, tensor<20000xf32>) {
  %0 = squint.constant dense<0> : tensor<i64>
  %1 = squint.constant dense<1> : tensor<i64>
  %2 = onnx.Div(%1, %0) : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %m = squint.constant dense<-1.0> : tensor<f32>
  %z = squint.constant dense<0.0> : tensor<f32>
  %3 = onnx.Sqrt(%m) : (tensor<f32>) -> tensor<f32>
  %4 = onnx.Div(%m, %z) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %big = squint.constant dense<300.0> : tensor<f32>
  %5 = onnx.Cast(%big) {to = 3 : i64} : (tensor<f32>) -> tensor<i8>
  %list = squint.constant dense<[1, 2]> : tensor<2xi64>
  %out = squint.constant dense<2> : tensor<1xi64>
  %6 = onnx.Gather(%list, %out) : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %l = squint.constant #squint.data<"m.safetensors", 0, 80000> : tensor<20000xf32>
  %7 = onnx.Add(%l, %m) : (tensor<20000xf32>, tensor<f32>) -> tensor<20000xf32>
  return %2, %3, %4, %5, %6, %7 : tensor<i64>, tensor<f32>, tensor<f32>, tensor<i8>, tensor<1xi64>, tensor<20000xf32>
}

// -----

// CHECK-LABEL: func.func @constants
// CHECK: dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: dense<7> : tensor<i64>
// CHECK: dense<[1, 2]> : tensor<2xi64>
// CHECK: dense<3> : tensor<1xi32>
func.func @constants() -> (tensor<2xf32>, tensor<i64>, tensor<2xi64>, tensor<1xi32>) {
  %0 = onnx.Constant() {value_floats = array<f32: 1.0, 2.0>} : () -> tensor<2xf32>
  %1 = onnx.Constant() {value_int = 7 : i64} : () -> tensor<i64>
  %2 = onnx.Constant() {value_ints = array<i64: 1, 2>} : () -> tensor<2xi64>
  %3 = onnx.Constant() {value = dense<3> : tensor<1xi32>} : () -> tensor<1xi32>
  return %0, %1, %2, %3 : tensor<2xf32>, tensor<i64>, tensor<2xi64>, tensor<1xi32>
}

// -----

// What is read twice goes once.
// CHECK-LABEL: func.func @square
// CHECK: %[[C:.*]] = squint.constant dense<9.000000e+00> : tensor<f32>
// CHECK-NEXT: return %[[C]]
func.func @square() -> tensor<f32> {
  %c = squint.constant dense<3.0> : tensor<f32>
  %0 = onnx.Mul(%c, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %0 : tensor<f32>
}
