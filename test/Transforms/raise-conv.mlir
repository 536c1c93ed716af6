// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @conv
// CHECK: %[[X:.*]] = onnx.Transpose(%arg0) {perm = array<i64: 0, 2, 3, 1>, squint.dims = {{\[\[}}"n", "8", "8", "3"]]} : (tensor<?x3x8x8xf32>) -> tensor<?x8x8x3xf32>
// CHECK: %[[W:.*]] = squint.constant #squint.data<"m.safetensors", 0, 432, [0, 2, 3, 1]> : tensor<4x3x3x3xf32>
// CHECK: %[[Y:.*]] = squint.conv %[[X]], %[[W]] bias(%{{.*}}) strides = [2, 2] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1 {squint.dims = {{\[\[}}"n", "4", "4", "4"]]} : tensor<?x8x8x3xf32>, tensor<4x3x3x3xf32>, tensor<4xf32> -> tensor<?x4x4x4xf32>
// CHECK: onnx.Transpose(%[[Y]]) {perm = array<i64: 0, 3, 1, 2>
func.func @conv(%x: tensor<?x3x8x8xf32> {squint.dims = ["n", "3", "8", "8"]}) -> tensor<?x4x4x4xf32> {
  %w = squint.constant #squint.data<"m.safetensors", 0, 432> : tensor<4x3x3x3xf32>
  %b = squint.constant dense<1.0> : tensor<4xf32>
  %0 = onnx.Conv(%x, %w, %b) {kernel_shape = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, squint.dims = [["n", "4", "4", "4"]]}
      : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<?x4x4x4xf32>
  return %0 : tensor<?x4x4x4xf32>
}

// -----

// One spatial dimension, groups; padding as the standard's SAME_UPPER and SAME_LOWER have it.
// CHECK-LABEL: func.func @groups
// CHECK: #squint.data<"m.safetensors", 0, 64, [0, 2, 1]> : tensor<4x2x2xf32>
// CHECK: squint.conv {{.*}} strides = [1] dilations = [1] pads = [0, 1] groups = 2
// CHECK: squint.conv {{.*}} strides = [2] dilations = [3] pads = [2, 1] groups = 2
func.func @groups(%x: tensor<1x4x9xf32>) -> (tensor<1x4x9xf32>, tensor<1x4x5xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 64> : tensor<4x2x2xf32>
  %0 = onnx.Conv(%x, %w) {group = 2 : i64, auto_pad = "SAME_UPPER"} : (tensor<1x4x9xf32>, tensor<4x2x2xf32>) -> tensor<1x4x9xf32>
  %1 = onnx.Conv(%x, %w) {group = 2 : i64, auto_pad = "SAME_LOWER", strides = array<i64: 2>, dilations = array<i64: 3>} : (tensor<1x4x9xf32>, tensor<4x2x2xf32>) -> tensor<1x4x5xf32>
  return %0, %1 : tensor<1x4x9xf32>, tensor<1x4x5xf32>
}

// -----

// Groups of several channels are convolutions of parts of the channels; no bytes of the weight move.
// CHECK-LABEL: func.func @split
// CHECK: %[[X:.*]] = onnx.Transpose(%arg0)
// CHECK: %[[W0:.*]] = squint.constant #squint.data<"m.safetensors", 64, 96, [0, 2, 1]> : tensor<3x2x4xf32>
// CHECK: %[[X0:.*]] = onnx.Slice(%[[X]]
// CHECK-SAME: -> tensor<?x9x4xf32>
// CHECK: %[[B0:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]>
// CHECK: %[[Y0:.*]] = squint.conv %[[X0]], %[[W0]] bias(%[[B0]]) {{.*}} groups = 1 {squint.dims = {{\[\[}}"n", "8", "3"]]}
// CHECK: %[[W1:.*]] = squint.constant #squint.data<"m.safetensors", 160, 96, [0, 2, 1]> : tensor<3x2x4xf32>
// CHECK: %[[Y1:.*]] = squint.conv %{{.*}}, %[[W1]]
// CHECK: %[[Y:.*]] = onnx.Concat(%[[Y0]], %[[Y1]]) {axis = 2 : i64, squint.dims = {{\[\[}}"n", "8", "6"]]}
// CHECK: onnx.Transpose(%[[Y]])
func.func @split(%x: tensor<?x8x9xf32> {squint.dims = ["n", "8", "9"]}) -> tensor<?x6x8xf32> {
  %w = squint.constant #squint.data<"m.safetensors", 64, 192> : tensor<6x4x2xf32>
  %b = squint.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  %0 = onnx.Conv(%x, %w, %b) {group = 2 : i64, squint.dims = [["n", "6", "8"]]} : (tensor<?x8x9xf32>, tensor<6x4x2xf32>, tensor<6xf32>) -> tensor<?x6x8xf32>
  return %0 : tensor<?x6x8xf32>
}

// -----

// y = ((2 x + 1) - 3) / sqrt(3 + 1) * 4 + 5 = 4 x + 1
// CHECK-LABEL: func.func @batch_norm
// CHECK-DAG: squint.constant dense<4.000000e+00> : tensor<1x1x1x1xf32>
// CHECK-DAG: squint.constant dense<1.000000e+00> : tensor<1xf32>
// CHECK: squint.conv
// CHECK-NOT: onnx.BatchNormalization
func.func @batch_norm(%x: tensor<1x1x8x8xf32>) -> tensor<1x1x8x8xf32> {
  %w = squint.constant dense<2.0> : tensor<1x1x1x1xf32>
  %b = squint.constant dense<1.0> : tensor<1xf32>
  %scale = squint.constant dense<4.0> : tensor<1xf32>
  %shift = squint.constant dense<5.0> : tensor<1xf32>
  %mean = squint.constant dense<3.0> : tensor<1xf32>
  %var = squint.constant dense<3.0> : tensor<1xf32>
  %0 = onnx.Conv(%x, %w, %b) : (tensor<1x1x8x8xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x1x8x8xf32>
  %1 = onnx.BatchNormalization(%0, %scale, %shift, %mean, %var) {epsilon = 1.0 : f32, resultSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<1x1x8x8xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x8x8xf32>
  return %1 : tensor<1x1x8x8xf32>
}

// -----

// After a linear it folds as well; alone, or where the conv has another use, it is a Mul and an Add.
// CHECK-LABEL: func.func @batch_norm_elsewhere
// CHECK-DAG: %[[W:.*]] = squint.constant dense<{{\[\[}}2.000000e+00, 2.000000e+00], [4.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK-DAG: %[[B:.*]] = squint.constant dense<[0.000000e+00, -1.000000e+00]> : tensor<2xf32>
// CHECK: squint.linear %arg0, %[[W]] bias(%[[B]])
// CHECK-DAG: %[[S:.*]] = squint.constant dense<{{\[\[\[}}2.000000e+00]], {{\[\[}}4.000000e+00]]]> : tensor<2x1x1xf32>
// CHECK-DAG: %[[T:.*]] = squint.constant dense<{{\[\[\[}}0.000000e+00]], {{\[\[}}-1.000000e+00]]]> : tensor<2x1x1xf32>
// CHECK: %[[M:.*]] = onnx.Mul(%arg1, %[[S]])
// CHECK: onnx.Add(%[[M]], %[[T]])
// CHECK-NOT: onnx.BatchNormalization
func.func @batch_norm_elsewhere(%x: tensor<3x2xf32>, %y: tensor<1x2x4x4xf32>) -> (tensor<3x2xf32>, tensor<1x2x4x4xf32>) {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  %scale = squint.constant dense<[4.0, 8.0]> : tensor<2xf32>
  %shift = squint.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %mean = squint.constant dense<1.0> : tensor<2xf32>
  %var = squint.constant dense<3.0> : tensor<2xf32>
  %0 = onnx.MatMul(%x, %w) : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %1 = onnx.BatchNormalization(%0, %scale, %shift, %mean, %var) {epsilon = 1.0 : f32, resultSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<3x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %2 = onnx.BatchNormalization(%y, %scale, %shift, %mean, %var) {epsilon = 1.0 : f32, resultSegmentSizes = array<i32: 1, 0, 0>}
      : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %1, %2 : tensor<3x2xf32>, tensor<1x2x4x4xf32>
}

// -----

// A Pad with zeros and an Add along the channels are part of the convolution; one that pads channels is not.
// CHECK-LABEL: func.func @merged
// CHECK-NOT: onnx.Pad
// CHECK: squint.conv {{.*}} bias({{.*}} pads = [1, 2, 0, 0]
// CHECK: onnx.Pad
// CHECK: squint.conv
func.func @merged(%x: tensor<1x2x8x8xf32>, %y: tensor<1x1x8x8xf32>) -> (tensor<1x2x9x10xf32>, tensor<1x2x8x8xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 16> : tensor<2x2x1x1xf32>
  %c = squint.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %pads = squint.constant dense<[0, 0, 1, 2, 0, 0, 0, 0]> : tensor<8xi64>
  %zero = squint.constant dense<0.0> : tensor<f32>
  %0 = onnx.Pad(%x, %pads, %zero) {operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<1x2x8x8xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x2x9x10xf32>
  %1 = onnx.Conv(%0, %w) : (tensor<1x2x9x10xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x9x10xf32>
  %2 = onnx.Add(%1, %c) : (tensor<1x2x9x10xf32>, tensor<2x1x1xf32>) -> tensor<1x2x9x10xf32>
  %channels = squint.constant dense<[0, 1, 0, 0, 0, 0, 0, 0]> : tensor<8xi64>
  %3 = onnx.Pad(%y, %channels) {operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x1x8x8xf32>, tensor<8xi64>) -> tensor<1x2x8x8xf32>
  %4 = onnx.Conv(%3, %w) : (tensor<1x2x8x8xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x8x8xf32>
  return %2, %4 : tensor<1x2x9x10xf32>, tensor<1x2x8x8xf32>
}

// -----

// The padding of a strided SAME depends on a size that is only known at run time; the weight is no constant.
// CHECK-LABEL: func.func @not_conv
// CHECK-NOT: squint.conv
func.func @not_conv(%x: tensor<1x2x?xf32> {squint.dims = ["1", "2", "n"]}, %v: tensor<2x2x2xf32>) -> (tensor<1x2x?xf32>, tensor<1x2x?xf32>) {
  %w = squint.constant #squint.data<"m.safetensors", 0, 32> : tensor<2x2x2xf32>
  %0 = onnx.Conv(%x, %w) {auto_pad = "SAME_UPPER", strides = array<i64: 2>, squint.dims = [["1", "2", "floordiv(n+1,2)"]]}
      : (tensor<1x2x?xf32>, tensor<2x2x2xf32>) -> tensor<1x2x?xf32>
  %1 = onnx.Conv(%x, %v) {squint.dims = [["1", "2", "n-1"]]} : (tensor<1x2x?xf32>, tensor<2x2x2xf32>) -> tensor<1x2x?xf32>
  return %0, %1 : tensor<1x2x?xf32>, tensor<1x2x?xf32>
}

// -----

// CHECK-LABEL: func.func @pool
// CHECK: squint.pool max %{{.*}} kernel = [2, 2] strides = [2, 2] dilations = [1, 1] pads = [0, 0, 0, 0] : tensor<1x8x8x3xf32> -> tensor<1x4x4x3xf32>
// CHECK: squint.pool average %{{.*}} kernel = [3, 3] strides = [1, 1] dilations = [1, 1] pads = [1, 1, 1, 1] count_include_pad : tensor<1x8x8x3xf32> -> tensor<1x8x8x3xf32>
// CHECK: onnx.ReduceMean(%arg0, %{{.*}}) : (tensor<1x3x8x8xf32>, tensor<2xi64>) -> tensor<1x3x1x1xf32>
// CHECK: onnx.ReduceMax(%arg0
// CHECK: onnx.ReduceMean(%arg0
func.func @pool(%x: tensor<1x3x8x8xf32>) -> (tensor<1x3x4x4xf32>, tensor<1x3x8x8xf32>, tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>) {
  %0 = onnx.MaxPool(%x) {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
  %1 = onnx.AveragePool(%x) {kernel_shape = array<i64: 3, 3>, auto_pad = "SAME_UPPER", count_include_pad = 1 : i64} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  %2 = onnx.AveragePool(%x) {kernel_shape = array<i64: 8, 8>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x1x1xf32>
  %3 = onnx.GlobalMaxPool(%x) : (tensor<1x3x8x8xf32>) -> tensor<1x3x1x1xf32>
  %4 = onnx.GlobalAveragePool(%x) : (tensor<1x3x8x8xf32>) -> tensor<1x3x1x1xf32>
  return %0, %1, %2, %3, %4 : tensor<1x3x4x4xf32>, tensor<1x3x8x8xf32>, tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>, tensor<1x3x1x1xf32>
}
