// RUN: squint-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s
// RUN: squint-opt %s --convert-onnx-to-linalg --canonicalize --squint-carry-in-place --split-input-file | FileCheck %s --check-prefix=CARRY

// One buffer for the results of both branches, a row of the largest size where they differ.
// CHECK-LABEL: @sizes
// CHECK: %[[N:.*]] = squint.dim "n"
// CHECK: %[[ROW:.*]] = bufferization.alloc_tensor(%{{.*}}) : tensor<?xf32>
// CHECK: %[[IF:.*]]:2 = scf.if %{{.*}} -> (tensor<?xf32>, index) {
// CHECK: tensor.insert_slice %{{.*}} into %[[ROW]][0]
// CHECK: } else {
// CHECK: tensor.insert_slice %{{.*}} into %[[ROW]][0]
// CHECK: squint.bind_dim "late.If.0" = %[[IF]]#1
// CHECK: %[[SIZE:.*]] = squint.dim "late.If.0"
// CHECK: tensor.extract_slice %[[IF]]#0[0] [%[[SIZE]]] [1]
func.func @sizes(%x: tensor<?xf32> {squint.dims = ["n"]}, %c: tensor<i1>)
    -> (tensor<?xf32> {squint.dims = ["late.If.0"]}) attributes {squint.late = [["late.If.0", "2*n"]]} {
  %0 = onnx.If(%c) {
    %1 = onnx.Concat(%x, %x) {axis = 0 : i64, squint.dims = [["2*n"]]} : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
    onnx.yield %1 : tensor<?xf32>
  }, {
    onnx.yield %x : tensor<?xf32>
  } {squint.dims = [["late.If.0"]], squint.late = [["late.If.0", "2*n"]]} : (tensor<i1>) -> tensor<?xf32>
  squint.keep %0 : tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Facts of a branch are checked in it; one without a result ends the run.
// CHECK-LABEL: @facts
// CHECK: scf.if
// CHECK: %[[TWO:.*]] = arith.constant 2
// CHECK: %[[HOLDS:.*]] = arith.cmpi eq
// CHECK: kernel.require %[[HOLDS]], 3
// CHECK: bufferization.materialize_in_destination
// CHECK: } else {
// CHECK: %[[NEVER:.*]] = arith.constant false
// CHECK: kernel.require %[[NEVER]], 3
// CHECK: scf.yield
func.func @facts(%x: tensor<?xf32> {squint.dims = ["n"]}, %y: tensor<2xf32>, %c: tensor<i1>) -> tensor<2xf32> {
  %0 = onnx.If(%c) {
    %1 = onnx.Add(%x, %y) : (tensor<?xf32>, tensor<2xf32>) -> tensor<2xf32>
    onnx.yield %1 : tensor<2xf32>
  }, {
    onnx.yield
  } {squint.assume = [[["n", "==", "2"]], []]} : (tensor<i1>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// A loop of a known count, with what it collects; the number of the iteration is a symbol.
// CHECK-LABEL: @loop
// CHECK: %[[ALL:.*]] = tensor.empty() : tensor<5x3xf32>
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[V:.*]] = %arg0, %[[ROWS:.*]] = %[[ALL]])
// CHECK: squint.bind_dim "late.Loop.0" = %[[I]]
// CHECK: %[[NEXT:.*]] = linalg.generic
// CHECK: tensor.insert_slice %[[NEXT]] into %[[ROWS]][%[[I]], 0] [1, 3] [1, 1]
// CARRY-LABEL: @loop
// CARRY: iter_args(%[[V:.*]] = %arg0, %{{.*}} = %{{.*}})
// CARRY: %[[NEXT:.*]] = linalg.generic
// CARRY: %[[ROWS:.*]] = tensor.insert_slice
// CARRY: %[[SAME:.*]] = bufferization.materialize_in_destination %[[NEXT]] in %[[V]]
// CARRY: scf.yield %[[SAME]], %[[ROWS]]
func.func @loop(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>) attributes {squint.late = [["late.Loop.0", "5"]]} {
  %m = squint.constant dense<5> : tensor<i64>
  %yes = squint.constant dense<true> : tensor<i1>
  %0:2 = onnx.Loop(%m, %x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<3xf32>):
    %1 = onnx.Neg(%v) : (tensor<3xf32>) -> tensor<3xf32>
    onnx.yield %yes, %1, %1 : tensor<i1>, tensor<3xf32>, tensor<3xf32>
  } {operandSegmentSizes = array<i32: 1, 0, 1>, squint.late = [["late.Loop.0", "5"]]}
    : (tensor<i64>, tensor<3xf32>) -> (tensor<3xf32>, tensor<5x3xf32>)
  squint.keep %0#0 : tensor<3xf32>
  return %0#0, %0#1 : tensor<3xf32>, tensor<5x3xf32>
}

// -----

// A loop that data ends carries the flag and the number last.
// CHECK-LABEL: @while
// CHECK: scf.while (%{{.*}} = %arg0, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) : (tensor<3xf32>, index, i1)
// CHECK: scf.condition
// CARRY-LABEL: @while
// CARRY: bufferization.materialize_in_destination %{{.*}} in %{{.*}} : (tensor<3xf32>, tensor<3xf32>)
func.func @while(%x: tensor<3xf32>, %most: tensor<f32>) -> tensor<3xf32> attributes {squint.late = [["late.Loop.0", ""]]} {
  %0 = onnx.Loop(%x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<3xf32>):
    %1 = onnx.Add(%v, %v) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    %2 = onnx.ReduceMax(%1) {keepdims = 0 : i64} : (tensor<3xf32>) -> tensor<f32>
    %3 = onnx.Less(%2, %most) : (tensor<f32>, tensor<f32>) -> tensor<i1>
    onnx.yield %3, %1 : tensor<i1>, tensor<3xf32>
  } {operandSegmentSizes = array<i32: 0, 0, 1>, squint.late = [["late.Loop.0", ""]]} : (tensor<3xf32>) -> tensor<3xf32>
  squint.keep %0 : tensor<3xf32>
  return %0 : tensor<3xf32>
}
