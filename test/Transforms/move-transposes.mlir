// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-move-transposes))' --split-input-file | FileCheck %s

// A residual block: both branches are transposed alike, so nothing is left of it.
// CHECK-LABEL: func.func @residual
// CHECK-NOT: onnx.Transpose
// CHECK: %[[R:.*]] = onnx.Relu(%arg0) {squint.dims = {{\[\[}}"n", "4", "4", "8"]]} : (tensor<?x4x4x8xf32>) -> tensor<?x4x4x8xf32>
// CHECK: onnx.Add(%[[R]], %arg1)
// CHECK-NOT: onnx.Transpose
// CHECK: return
func.func @residual(%x: tensor<?x4x4x8xf32> {squint.dims = ["n", "4", "4", "8"]}, %y: tensor<?x4x4x8xf32> {squint.dims = ["n", "4", "4", "8"]}) -> tensor<?x4x4x8xf32> {
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>, squint.dims = [["n", "8", "4", "4"]]} : (tensor<?x4x4x8xf32>) -> tensor<?x8x4x4xf32>
  %1 = onnx.Transpose(%y) {perm = array<i64: 0, 3, 1, 2>, squint.dims = [["n", "8", "4", "4"]]} : (tensor<?x4x4x8xf32>) -> tensor<?x8x4x4xf32>
  %2 = onnx.Relu(%0) {squint.dims = [["n", "8", "4", "4"]]} : (tensor<?x8x4x4xf32>) -> tensor<?x8x4x4xf32>
  %3 = onnx.Add(%2, %1) {squint.dims = [["n", "8", "4", "4"]]} : (tensor<?x8x4x4xf32>, tensor<?x8x4x4xf32>) -> tensor<?x8x4x4xf32>
  %4 = onnx.Transpose(%3) {perm = array<i64: 0, 2, 3, 1>, squint.dims = [["n", "4", "4", "8"]]} : (tensor<?x8x4x4xf32>) -> tensor<?x4x4x8xf32>
  return %4 : tensor<?x4x4x8xf32>
}

// -----

// Axes are renamed; a channel constant loses its dimensions of 1; scalars stay.
// CHECK-LABEL: func.func @operands
// CHECK-DAG: %[[C:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK-DAG: %[[S:.*]] = squint.constant dense<3.000000e+00> : tensor<f32>
// CHECK-DAG: %[[F:.*]] = squint.constant #squint.data<"m.safetensors", 0, 96, [0, 2, 3, 1]> : tensor<1x3x4x2xf32>
// CHECK-DAG: %[[A:.*]] = onnx.Mul(%arg0, %[[C]]) : (tensor<1x3x4x2xf32>, tensor<2xf32>) -> tensor<1x3x4x2xf32>
// CHECK-DAG: %[[B:.*]] = onnx.Add(%[[A]], %[[F]])
// CHECK: %[[D:.*]] = onnx.Min(%[[B]], %[[S]])
// CHECK: %[[E:.*]] = onnx.Softmax(%[[D]]) {axis = 3 : i64}
// CHECK: %[[G:.*]] = onnx.Concat(%[[E]], %arg0) {axis = 1 : i64} : (tensor<1x3x4x2xf32>, tensor<1x3x4x2xf32>) -> tensor<1x6x4x2xf32>
// CHECK: onnx.Transpose(%[[G]]) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x6x4x2xf32>) -> tensor<1x2x6x4xf32>
func.func @operands(%x: tensor<1x3x4x2xf32>) -> tensor<1x2x6x4xf32> {
  %c = squint.constant dense<[[[1.0]], [[2.0]]]> : tensor<2x1x1xf32>
  %s = squint.constant dense<3.0> : tensor<f32>
  %f = squint.constant #squint.data<"m.safetensors", 0, 96> : tensor<1x2x3x4xf32>
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x3x4x2xf32>) -> tensor<1x2x3x4xf32>
  %1 = onnx.Mul(%0, %c) : (tensor<1x2x3x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x3x4xf32>
  %2 = onnx.Add(%1, %f) : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %3 = onnx.Min(%2, %s) : (tensor<1x2x3x4xf32>, tensor<f32>) -> tensor<1x2x3x4xf32>
  %4 = onnx.Softmax(%3) {axis = 1 : i64} : (tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  %5 = onnx.Concat(%4, %0) {axis = 2 : i64} : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x6x4xf32>
  return %5 : tensor<1x2x6x4xf32>
}

// -----

// The shortcut of a ResNet without parameters: every other pixel, and more channels that are 0.
// CHECK-LABEL: func.func @shortcut
// CHECK-DAG: %[[AXES:.*]] = squint.constant dense<[1, 2]> : tensor<2xi64>
// CHECK-DAG: %[[PADS:.*]] = squint.constant dense<[0, 0, 0, 1, 0, 0, 0, 1]> : tensor<8xi64>
// CHECK-DAG: %[[S:.*]] = onnx.Slice(%arg0, %{{.*}}, %{{.*}}, %[[AXES]], %{{.*}} -> tensor<1x4x4x2xf32>
// CHECK: onnx.Pad(%[[S]], %[[PADS]]){{.*}} -> tensor<1x4x4x4xf32>
// CHECK-NOT: onnx.Transpose
// CHECK: return
func.func @shortcut(%x: tensor<1x8x8x2xf32>) -> tensor<1x4x4x4xf32> {
  %starts = squint.constant dense<0> : tensor<2xi64>
  %ends = squint.constant dense<9223372036854775807> : tensor<2xi64>
  %axes = squint.constant dense<[2, -1]> : tensor<2xi64>
  %steps = squint.constant dense<2> : tensor<2xi64>
  %pads = squint.constant dense<[0, 1, 0, 0, 0, 1, 0, 0]> : tensor<8xi64>
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x8x8x2xf32>) -> tensor<1x2x8x8xf32>
  %1 = onnx.Slice(%0, %starts, %ends, %axes, %steps) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>}
      : (tensor<1x2x8x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x2x4x4xf32>
  %2 = onnx.Pad(%1, %pads) {operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x2x4x4xf32>, tensor<8xi64>) -> tensor<1x4x4x4xf32>
  %3 = onnx.Transpose(%2) {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %3 : tensor<1x4x4x4xf32>
}

// -----

// The head of a classifier: the mean over the pixels, then a flat vector.
// CHECK-LABEL: func.func @head
// CHECK: %[[AXES:.*]] = squint.constant dense<[1, 2]> : tensor<2xi64>
// CHECK: %[[M:.*]] = onnx.ReduceMean(%arg0, %[[AXES]]) {squint.dims = {{\[\[}}"n", "1", "1", "3"]]} : (tensor<?x8x8x3xf32>, tensor<2xi64>) -> tensor<?x1x1x3xf32>
// CHECK: %[[S:.*]] = squint.constant dense<[-1, 3]> : tensor<2xi64>
// CHECK: onnx.Reshape(%[[M]], %[[S]]) {allowzero = 1 : i64, squint.dims = {{\[\[}}"n", "3"]]} : (tensor<?x1x1x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
// CHECK: onnx.ReduceMax(%arg0, %{{.*}}) {keepdims = 0 : i64, {{.*}}} : (tensor<?x8x8x3xf32>, tensor<2xi64>) -> tensor<?x3xf32>
// CHECK-NOT: onnx.Transpose
// CHECK: return
func.func @head(%x: tensor<?x8x8x3xf32> {squint.dims = ["n", "8", "8", "3"]}) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  %axes = squint.constant dense<[2, 3]> : tensor<2xi64>
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>, squint.dims = [["n", "3", "8", "8"]]} : (tensor<?x8x8x3xf32>) -> tensor<?x3x8x8xf32>
  %1 = onnx.ReduceMean(%0, %axes) {squint.dims = [["n", "3", "1", "1"]]} : (tensor<?x3x8x8xf32>, tensor<2xi64>) -> tensor<?x3x1x1xf32>
  %2 = onnx.Flatten(%1) {squint.dims = [["n", "3"]]} : (tensor<?x3x1x1xf32>) -> tensor<?x3xf32>
  %3 = onnx.ReduceMax(%0, %axes) {keepdims = 0 : i64, squint.dims = [["n", "3"]]} : (tensor<?x3x8x8xf32>, tensor<2xi64>) -> tensor<?x3xf32>
  return %2, %3 : tensor<?x3xf32>, tensor<?x3xf32>
}

// -----

// The patches of a vision transformer: the spatial dimensions are merged, and their transpose cancels.
// CHECK-LABEL: func.func @patches
// CHECK: onnx.Reshape(%arg0, {{.*}} -> tensor<?x16x64xf32>
// CHECK-NOT: onnx.Transpose
// CHECK: return
func.func @patches(%x: tensor<?x4x4x64xf32> {squint.dims = ["n", "4", "4", "64"]}) -> tensor<?x16x64xf32> {
  %s = squint.constant dense<[-1, 64, 16]> : tensor<3xi64>
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>, squint.dims = [["n", "64", "4", "4"]]} : (tensor<?x4x4x64xf32>) -> tensor<?x64x4x4xf32>
  %1 = onnx.Reshape(%0, %s) {squint.dims = [["n", "64", "16"]]} : (tensor<?x64x4x4xf32>, tensor<3xi64>) -> tensor<?x64x16xf32>
  %2 = onnx.Transpose(%1) {perm = array<i64: 0, 2, 1>, squint.dims = [["n", "16", "64"]]} : (tensor<?x64x16xf32>) -> tensor<?x16x64xf32>
  return %2 : tensor<?x16x64xf32>
}

// -----

// A reshape that takes elements out of their groups needs the transpose; one with a size of 1 needs a reshape only.
// CHECK-LABEL: func.func @reshapes
// CHECK: onnx.Transpose(%arg0)
// CHECK: onnx.Reshape(%arg1, %{{.*}}) {allowzero = 1 : i64, squint.dims = {{\[\[}}"n", "28", "28", "1"]]} : (tensor<?x1x28x28xf32>, tensor<4xi64>) -> tensor<?x28x28x1xf32>
// CHECK-NOT: onnx.Transpose
func.func @reshapes(%x: tensor<1x4x4x16xf32>, %y: tensor<?x1x28x28xf32> {squint.dims = ["n", "1", "28", "28"]}) -> (tensor<1x256xf32>, tensor<?x28x28x1xf32>) {
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x16xf32>) -> tensor<1x16x4x4xf32>
  %1 = onnx.Flatten(%0) : (tensor<1x16x4x4xf32>) -> tensor<1x256xf32>
  %2 = onnx.Transpose(%y) {perm = array<i64: 0, 2, 3, 1>, squint.dims = [["n", "28", "28", "1"]]} : (tensor<?x1x28x28xf32>) -> tensor<?x28x28x1xf32>
  return %1, %2 : tensor<1x256xf32>, tensor<?x28x28x1xf32>
}

// -----

// One operand is transposed, the result as well: one transpose is enough.
// CHECK-LABEL: func.func @hoist
// CHECK: %[[T:.*]] = onnx.Transpose(%arg1) {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
// CHECK: onnx.Add(%arg0, %[[T]])
// CHECK-NOT: onnx.Transpose
func.func @hoist(%x: tensor<1x4x4x8xf32>, %y: tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32> {
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = onnx.Add(%0, %y) : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %2 = onnx.Transpose(%1) {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  return %2 : tensor<1x4x4x8xf32>
}

// -----

// Not worth it: the other operand is in the standard's order; the heads of attention are no channels.
// CHECK-LABEL: func.func @stay
// CHECK: onnx.Transpose(%arg0)
// CHECK: onnx.Mul
// CHECK: onnx.Transpose(%arg2)
// CHECK: onnx.Relu
func.func @stay(%x: tensor<1x4x4x8xf32>, %y: tensor<1x8x4x4xf32>, %q: tensor<1x7x2x8xf32>) -> (tensor<1x8x4x4xf32>, tensor<1x2x7x8xf32>) {
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = onnx.Mul(%0, %y) : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  %2 = onnx.Transpose(%q) {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x7x2x8xf32>) -> tensor<1x2x7x8xf32>
  %3 = onnx.Relu(%2) : (tensor<1x2x7x8xf32>) -> tensor<1x2x7x8xf32>
  return %1, %3 : tensor<1x8x4x4xf32>, tensor<1x2x7x8xf32>
}

// -----

// CHECK-LABEL: func.func @compose
// CHECK: onnx.Transpose(%arg0) {perm = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NOT: onnx.Transpose
func.func @compose(%x: tensor<2x3x4xf32>) -> (tensor<4x2x3xf32>, tensor<2x3x4xf32>) {
  %0 = onnx.Transpose(%x) {perm = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = onnx.Transpose(%0) {perm = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  %2 = onnx.Transpose(%x) {perm = array<i64: 0, 1, 2>} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return %1, %2 : tensor<4x2x3xf32>, tensor<2x3x4xf32>
}

// -----

// A branch that is rarely taken does not take over what is done before it.
// CHECK-LABEL: func.func @branch
// CHECK: %[[T:.*]] = onnx.Transpose(%arg1)
// CHECK: onnx.If
// CHECK: onnx.Relu(%[[T]])
func.func @branch(%c: tensor<i1>, %x: tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32> {
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %1 = onnx.If(%c) {
    %2 = onnx.Relu(%0) : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
    onnx.yield %2 : tensor<1x8x4x4xf32>
  }, {
    onnx.yield %0 : tensor<1x8x4x4xf32>
  } : (tensor<i1>) -> tensor<1x8x4x4xf32>
  return %1 : tensor<1x8x4x4xf32>
}
