// RUN: squint-opt %s --squint-infer-shapes --split-input-file | FileCheck %s

// Sizes that an input contains: its elements have names, and a size is not
// negative.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %{{.*}}: tensor<2xi64> {squint.dims = ["2"], squint.name = "to", squint.values = ["value.to.0", "value.to.1"]}
// CHECK-SAME: squint.dims = ["max(0,value.to.0)", "max(0,value.to.1)"]
// CHECK-SAME: squint.assume = {{\[\[}}"0", "<=", "value.to.0"], ["0", "<=", "value.to.1"]]
// CHECK: %[[ROWS:.*]] = squint.dim "value.to.0"
// CHECK: onnx.ConstantOfShape
func.func @main(%to: tensor<2xi64> {squint.dims = ["2"], squint.name = "to"}) -> (tensor<*xf32> {squint.name = "y"}) {
  %0 = onnx.ConstantOfShape(%to) : (tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// What decides no size keeps its content to itself.
// CHECK-LABEL: func.func @main
// CHECK-NOT: squint.values
func.func @main(%ids: tensor<2xi64> {squint.dims = ["2"], squint.name = "ids"}) -> tensor<*xi64> {
  %0 = onnx.Neg(%ids) : (tensor<2xi64>) -> tensor<*xi64>
  return %0 : tensor<*xi64>
}

// -----

// Integers are divided towards zero, whatever their sign.
// CHECK-LABEL: func.func @main
// CHECK-SAME: squint.dims = ["max(-floordiv(max(-value.n.0,0),2)+floordiv(max(0,value.n.0),2),0)"]
func.func @main(%n: tensor<1xi64> {squint.dims = ["1"], squint.name = "n"}) -> (tensor<*xf32> {squint.name = "y"}) {
  %two = squint.constant dense<2> : tensor<1xi64>
  %0 = onnx.Div(%n, %two) : (tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  %1 = onnx.ConstantOfShape(%0) : (tensor<*xi64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

// A quotient of a size that is rounded in floats is a size, as long as f32 is exact.
// CHECK-LABEL: func.func @half
// CHECK-SAME: squint.dims = ["floordiv(n,2)"]
// CHECK-SAME: squint.assume = {{\[\[}}"n", "<=", "16777216"]]
func.func @half(%x: tensor<?xf32> {squint.dims = ["n"], squint.name = "x"}) -> (tensor<*xf32> {squint.name = "y"}) {
  %two = squint.constant dense<2.0> : tensor<f32>
  %0 = onnx.Shape(%x) : (tensor<?xf32>) -> tensor<*xi64>
  %1 = onnx.Cast(%0) {to = 1 : i64} : (tensor<*xi64>) -> tensor<*xf32>
  %2 = onnx.Div(%1, %two) : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
  %3 = onnx.Floor(%2) : (tensor<*xf32>) -> tensor<*xf32>
  %4 = onnx.Cast(%3) {to = 7 : i64} : (tensor<*xf32>) -> tensor<*xi64>
  %5 = onnx.ConstantOfShape(%4) : (tensor<*xi64>) -> tensor<*xf32>
  return %5 : tensor<*xf32>
}

// -----

// How often a loop goes round that is written for a Range of floats: at most once more than by numbers.
// CHECK-LABEL: func.func @count
// CHECK-SAME: squint.values = ["value.limit.0"]
// CHECK: onnx.Loop
// CHECK: squint.dims = {{\[\[}}], ["late.Loop.1"]]
// CHECK-SAME: ["late.Loop.1", "max(0,floordiv(value.limit.0+4294967295,4294967296)+1)"]
func.func @count(%limit: tensor<f32> {squint.dims = [], squint.name = "limit"}) -> (tensor<*xf32> {squint.name = "y"}) {
  %zero = squint.constant dense<0.0> : tensor<f32>
  %one = squint.constant dense<1.0> : tensor<f32>
  %go = squint.constant dense<true> : tensor<i1>
  %0 = onnx.Sub(%limit, %zero) : (tensor<f32>, tensor<f32>) -> tensor<*xf32>
  %1 = onnx.Div(%0, %one) : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
  %2 = onnx.Ceil(%1) : (tensor<*xf32>) -> tensor<*xf32>
  %m = onnx.Cast(%2) {to = 7 : i64} : (tensor<*xf32>) -> tensor<*xi64>
  %3:2 = onnx.Loop(%m, %go, %zero) {
  ^bb0(%i: tensor<*xi64>, %c: tensor<*xi1>, %v: tensor<*xf32>):
    %4 = onnx.Add(%v, %one) : (tensor<*xf32>, tensor<f32>) -> tensor<*xf32>
    onnx.yield %c, %4, %v : tensor<*xi1>, tensor<*xf32>, tensor<*xf32>
  } {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<*xi64>, tensor<i1>, tensor<f32>) -> (tensor<*xf32>, tensor<*xf32>)
  return %3#1 : tensor<*xf32>
}
