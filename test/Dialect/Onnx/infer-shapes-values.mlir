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
