// RUN: squint-opt %s --squint-infer-shapes --split-input-file | FileCheck %s

// Sizes are polynomials of the inputs' names; a static one goes into the type.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: -> (tensor<?x4xf32> {squint.dims = ["2*batch", "4"], squint.name = "y"})
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["batch", "4"]}) -> (tensor<*xf32> {squint.name = "y"}) {
  // CHECK: onnx.Concat(%{{.*}}, %{{.*}}) {axis = 0 : i64, squint.dims = {{\[\[}}"2*batch", "4"]]} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %0 = onnx.Concat(%x, %x) {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Shape arithmetic: heads split off the last dimension, the way exporters write it.
// CHECK-LABEL: func.func @main(
// CHECK-DAG: %[[B:.*]] = squint.dim "batch"
// CHECK-DAG: %[[S:.*]] = squint.dim "sequence"
// CHECK-DAG: %[[B64:.*]] = arith.index_cast %[[B]] : index to i64
// CHECK-DAG: %[[S64:.*]] = arith.index_cast %[[S]] : index to i64
// CHECK: %[[SHAPE:.*]] = tensor.from_elements %[[B64]], %[[S64]], %{{.*}}, %{{.*}} : tensor<4xi64>
// CHECK-NOT: onnx.Shape
// CHECK-NOT: onnx.Gather
// CHECK: onnx.Reshape(%{{.*}}, %[[SHAPE]]) {squint.dims = {{\[\[}}"batch", "sequence", "12", "32"]]} {{.*}} -> tensor<?x?x12x32xf32>
func.func @main(%x: tensor<?x?x384xf32> {squint.dims = ["batch", "sequence", "384"]}) -> tensor<*xf32> {
  %zero = squint.constant dense<0> : tensor<i64>
  %one = squint.constant dense<1> : tensor<i64>
  %axis = squint.constant dense<0> : tensor<1xi64>
  %heads = squint.constant dense<12> : tensor<1xi64>
  %rest = squint.constant dense<-1> : tensor<1xi64>
  %shape = onnx.Shape(%x) : (tensor<?x?x384xf32>) -> tensor<*xi64>
  %b = onnx.Gather(%shape, %zero) : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %s = onnx.Gather(%shape, %one) : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %b1 = onnx.Unsqueeze(%b, %axis) : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %s1 = onnx.Unsqueeze(%s, %axis) : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %to = onnx.Concat(%b1, %s1, %heads, %rest) {axis = 0 : i64} : (tensor<*xi64>, tensor<*xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  %y = onnx.Reshape(%x, %to) : (tensor<?x?x384xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// torch.expand: a size of -1 keeps the dimension, and no symbolic size is -1.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: onnx.Where
// CHECK: onnx.Expand(%arg0, %{{.*}}) {squint.dims = {{\[\[}}"n", "7"]]}
func.func @main(%x: tensor<?x1xf32> {squint.dims = ["n", "1"]}) -> tensor<*xf32> {
  %seven = squint.constant dense<7> : tensor<1xi64>
  %zero = squint.constant dense<0> : tensor<1xi64>
  %one = squint.constant dense<1> : tensor<1xi64>
  %two = squint.constant dense<2> : tensor<1xi64>
  %minus = squint.constant dense<-1> : tensor<i64>
  %shape = onnx.Shape(%x) : (tensor<?x1xf32>) -> tensor<*xi64>
  %n = onnx.Slice(%shape, %zero, %one) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<*xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  %to = onnx.Concat(%n, %seven) {axis = 0 : i64} : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %ones = onnx.ConstantOfShape(%two) {value = dense<1> : tensor<1xi64>} : (tensor<1xi64>) -> tensor<*xi64>
  %minuses = onnx.Mul(%ones, %minus) : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %keep = onnx.Equal(%to, %minuses) : (tensor<*xi64>, tensor<*xi64>) -> tensor<*xi1>
  %sizes = onnx.Where(%keep, %ones, %to) : (tensor<*xi1>, tensor<*xi64>, tensor<*xi64>) -> tensor<*xi64>
  %y = onnx.Expand(%x, %sizes) : (tensor<?x1xf32>, tensor<*xi64>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// -----

// Windows round down; a symbolic input stays a quotient. What has to hold is written down.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: squint.assume
// CHECK: onnx.Conv({{.*}}) {{.*}}squint.dims = {{\[\[}}"n", "8", "14", "floordiv(w,2)"]]{{.*}} -> tensor<?x8x14x?xf32>
func.func @main(%x: tensor<?x3x28x?xf32> {squint.dims = ["n", "3", "28", "w"]}, %w: tensor<8x3x4x4xf32>) -> tensor<*xf32> {
  %0 = onnx.Conv(%x, %w) {strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 1, 1>} : (tensor<?x3x28x?xf32>, tensor<8x3x4x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The last window of a pool that rounds up starts inside.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.MaxPool({{.*}}) {{.*}} -> tensor<1x1x3x2xf32>
func.func @main(%x: tensor<1x1x6x4xf32>) -> tensor<*xf32> {
  %0 = onnx.MaxPool(%x) {ceil_mode = 1 : i64, kernel_shape = array<i64: 3, 1>, strides = array<i64: 2, 3>} : (tensor<1x1x6x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Different names that meet are taken to be equal, never broadcast; a number wins over a name.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: squint.assume
// CHECK: onnx.Add(%arg0, %arg1) {squint.dims = {{\[\[}}"a", "4"]]} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
func.func @main(%x: tensor<?x?xf32> {squint.dims = ["a", "n"]}, %y: tensor<?x4xf32> {squint.dims = ["b", "4"]}) -> tensor<*xf32> {
  %0 = onnx.Add(%x, %y) : (tensor<?x?xf32>, tensor<?x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// A symbolic bound lies in its dimension; negative ones count from the end.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: squint.assume
// CHECK: onnx.Slice({{.*}}) {{.*}}squint.dims = {{\[\[}}"1", "s"]]
// CHECK: onnx.Slice({{.*}}) {{.*}} -> tensor<1x510xi64>
func.func @main(%x: tensor<?xf32> {squint.dims = ["s"]}, %table: tensor<1x512xi64>) -> (tensor<*xi64>, tensor<*xi64>) {
  %zero = squint.constant dense<0> : tensor<1xi64>
  %one = squint.constant dense<1> : tensor<1xi64>
  %minus = squint.constant dense<-1> : tensor<1xi64>
  %s = onnx.Shape(%x) : (tensor<?xf32>) -> tensor<*xi64>
  %0 = onnx.Slice(%table, %zero, %s, %one) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>} : (tensor<1x512xi64>, tensor<1xi64>, tensor<*xi64>, tensor<1xi64>) -> tensor<*xi64>
  %1 = onnx.Slice(%table, %one, %minus, %one) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>} : (tensor<1x512xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<*xi64>
  return %0, %1 : tensor<*xi64>, tensor<*xi64>
}

// -----

// A branch that shapes decide is taken; what only names values goes.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: onnx.If
// CHECK-NOT: onnx.Identity
// CHECK-NOT: onnx.Dropout
// CHECK: %[[Y:.*]] = onnx.Relu(%arg0)
// CHECK: return %[[Y]]
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> tensor<*xf32> {
  %four = squint.constant dense<4> : tensor<i64>
  %one = squint.constant dense<1> : tensor<i64>
  %shape = onnx.Shape(%x) : (tensor<?x4xf32>) -> tensor<*xi64>
  %size = onnx.Gather(%shape, %one) : (tensor<*xi64>, tensor<i64>) -> tensor<*xi64>
  %is = onnx.Equal(%size, %four) : (tensor<*xi64>, tensor<i64>) -> tensor<*xi1>
  %0 = onnx.If(%is) {
    %a = onnx.Relu(%x) : (tensor<?x4xf32>) -> tensor<*xf32>
    onnx.yield %a : tensor<*xf32>
  }, {
    %b = onnx.Squeeze(%x) : (tensor<?x4xf32>) -> tensor<*xf32>
    onnx.yield %b : tensor<*xf32>
  } : (tensor<*xi1>) -> tensor<*xf32>
  %1 = onnx.Identity(%0) : (tensor<*xf32>) -> tensor<*xf32>
  %2 = onnx.Dropout(%1) {operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<*xf32>) -> tensor<*xf32>
  return %2 : tensor<*xf32>
}

// -----

// Of two results of one element the one with more dimensions is taken, and a size that asks for the scalar refused when it is known.
// CHECK-LABEL: func.func @main(
// CHECK-SAME: squint.assume
// CHECK-NOT: onnx.If
// CHECK: %[[Y:.*]] = onnx.Div
// CHECK: return %[[Y]]
func.func @main(%x: tensor<?xf32> {squint.dims = ["n"]}, %s: tensor<f32> {squint.dims = []}, %v: tensor<1xf32> {squint.dims = ["1"]}) -> tensor<*xf32> {
  %one = squint.constant dense<1> : tensor<1xi64>
  %shape = onnx.Shape(%x) : (tensor<?xf32>) -> tensor<*xi64>
  %is = onnx.Equal(%shape, %one) : (tensor<*xi64>, tensor<1xi64>) -> tensor<*xi1>
  %0 = onnx.If(%is) {
    %a = onnx.Identity(%s) : (tensor<f32>) -> tensor<*xf32>
    onnx.yield %a : tensor<*xf32>
  }, {
    %b = onnx.Div(%v, %v) : (tensor<1xf32>, tensor<1xf32>) -> tensor<*xf32>
    onnx.yield %b : tensor<*xf32>
  } : (tensor<*xi1>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// A second run reads what the first has made.
// CHECK-LABEL: func.func @main(
// CHECK: onnx.Reshape(%arg0, %{{.*}}) {squint.dims = {{\[\[}}"4*n"]]}
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> tensor<?xf32> {
  %n = squint.dim "n"
  %four = arith.constant 4 : index
  %size = arith.muli %n, %four : index
  %size64 = arith.index_cast %size : index to i64
  %to = tensor.from_elements %size64 : tensor<1xi64>
  %0 = onnx.Reshape(%x, %to) {squint.dims = [["4*n"]]} : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// A symbol that only one number can stand for is that number.
// CHECK-LABEL: func.func @pinned
// CHECK-SAME: %{{.*}}: tensor<?x17xf32> {squint.dims = ["n", "17"]}, %{{.*}}: tensor<17xf32> {squint.dims = ["17"]}
// CHECK-NOT: squint.assume
func.func @pinned(%x: tensor<?x?xf32> {squint.dims = ["n", "k"]}, %y: tensor<?xf32> {squint.dims = ["k"]})
    -> (tensor<*xf32> {squint.dims = ["?", "?"]}, tensor<*xf32> {squint.dims = ["?", "?"]}) {
  %w = squint.constant dense<1.0> : tensor<17x4xf32>
  // CHECK: onnx.MatMul(%{{.*}}) {squint.dims = {{.}}["n", "4"]]}
  %0 = onnx.MatMul(%x, %w) : (tensor<?x?xf32>, tensor<17x4xf32>) -> tensor<*xf32>
  // CHECK: onnx.Add(%{{.*}}) {squint.dims = {{.}}["n", "17"]]}
  %1 = onnx.Add(%x, %y) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<*xf32>
  return %0, %1 : tensor<*xf32>, tensor<*xf32>
}

// -----

// What an operand says of a symbolic size holds, and so does that elements divide.
// CHECK-LABEL: func.func @parameters
// CHECK-SAME: %{{.*}}: tensor<?x5xf32> {squint.dims = ["n", "5"]}
// CHECK-SAME: squint.assume
func.func @parameters(%x: tensor<?x?xf32> {squint.dims = ["n", "k"]}, %slope: tensor<5xf32>)
    -> (tensor<*xf32> {squint.dims = ["?", "?"]}) {
  %shape = squint.constant dense<[4, -1]> : tensor<2xi64>
  // CHECK: onnx.PRelu
  %0 = onnx.PRelu(%x, %slope) : (tensor<?x?xf32>, tensor<5xf32>) -> tensor<*xf32>
  // CHECK: onnx.Reshape{{.*}} {squint.dims = {{.}}["4", "floordiv(5*n,4)"]]}
  %1 = onnx.Reshape(%0, %shape) : (tensor<*xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}
