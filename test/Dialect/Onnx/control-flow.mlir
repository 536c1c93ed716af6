// RUN: squint-opt %s --squint-infer-shapes --split-input-file | FileCheck %s

// The branch decides a size: a late symbol, bound by the larger one.
// CHECK-LABEL: @late
// CHECK-SAME: squint.late = {{\[\[}}"late.If.0", "2*n"]]
// CHECK: onnx.If
// CHECK: squint.dims = {{\[\[}}"late.If.0"]], squint.late = {{\[\[}}"late.If.0", "2*n"]]
// CHECK: squint.keep
func.func @late(%x: tensor<?xf32> {squint.dims = ["n"]}, %c: tensor<i1>) -> tensor<*xf32> {
  %0 = onnx.If(%c) {
    %1 = onnx.Concat(%x, %x) {axis = 0 : i64} : (tensor<?xf32>, tensor<?xf32>) -> tensor<*xf32>
    onnx.yield %1 : tensor<*xf32>
  }, {
    onnx.yield %x : tensor<?xf32>
  } : (tensor<i1>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Shapes choose between ranks: the branch that fits the rest is taken, and says so.
// CHECK-LABEL: @rank
// CHECK-SAME: squint.assume = {{\[\[}}"{{.*}}n{{.*}}", "==", "0"]
// CHECK-NOT: onnx.If
// CHECK: onnx.Transpose(%arg0)
func.func @rank(%x: tensor<3x?xf32> {squint.dims = ["3", "n"]}) -> tensor<*xf32> {
  %one = squint.constant dense<1> : tensor<1xi64>
  %0 = onnx.Shape(%x) {start = 1 : i64} : (tensor<3x?xf32>) -> tensor<*xi64>
  %1 = onnx.Equal(%0, %one) : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi1>
  %2 = onnx.If(%1) {
    %3 = onnx.Squeeze(%x, %one) : (tensor<3x?xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.yield %3 : tensor<*xf32>
  }, {
    onnx.yield %x : tensor<3x?xf32>
  } : (tensor<*xi1>) -> tensor<*xf32>
  %4 = onnx.Transpose(%2) {perm = array<i64: 1, 0>} : (tensor<*xf32>) -> tensor<*xf32>
  return %4 : tensor<*xf32>
}

// -----

// What is left of an operator may be its late symbol.
// CHECK-LABEL: @count
// CHECK: %[[P:.*]] = onnx.NonZero(%arg0) {squint.dims = {{\[\[}}"1", "late.NonZero.0"]], squint.late = {{\[\[}}"late.NonZero.0", "n"]]}
// CHECK: squint.keep %[[P]]
// CHECK: squint.dim "late.NonZero.0"
// CHECK: tensor.from_elements
func.func @count(%x: tensor<?xf32> {squint.dims = ["n"]}) -> tensor<*xi64> {
  %0 = onnx.NonZero(%x) : (tensor<?xf32>) -> tensor<*xi64>
  %1 = onnx.Shape(%0) {start = 1 : i64} : (tensor<*xi64>) -> tensor<*xi64>
  return %1 : tensor<*xi64>
}

// -----

// Results that a loop collects: as many as the condition lets it go round.
// CHECK-LABEL: @collect
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<i1>, %{{.*}}: tensor<?xf32>):
// CHECK: squint.body_dims = {{\[\[\], \[\], \[}}"n"]]
// CHECK-SAME: squint.dims = {{\[\[}}"n"], ["late.Loop.1", "n"]]
// CHECK-SAME: squint.late = {{\[\[}}"late.Loop.0", "9"], ["late.Loop.1", "9"]]
func.func @collect(%x: tensor<?xf32> {squint.dims = ["n"]}, %limit: tensor<f32>) -> (tensor<*xf32>, tensor<*xf32>) {
  %m = squint.constant dense<9> : tensor<i64>
  %0:2 = onnx.Loop(%m, %x) {
  ^bb0(%i: tensor<*xi64>, %go: tensor<*xi1>, %v: tensor<*xf32>):
    %1 = onnx.Add(%v, %v) : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
    %2 = onnx.ReduceMax(%1) {keepdims = 0 : i64} : (tensor<*xf32>) -> tensor<*xf32>
    %3 = onnx.Less(%2, %limit) : (tensor<*xf32>, tensor<f32>) -> tensor<*xi1>
    onnx.yield %3, %1, %1 : tensor<*xi1>, tensor<*xf32>, tensor<*xf32>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<?xf32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0#0, %0#1 : tensor<*xf32>, tensor<*xf32>
}
