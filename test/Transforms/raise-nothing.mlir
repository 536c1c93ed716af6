// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @nothing
// CHECK-NOT: onnx.
// CHECK: return %arg0, %arg0, %arg0
func.func @nothing(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %shape = squint.constant dense<[-1, 4]> : tensor<2xi64>
  %pads = squint.constant dense<0> : tensor<4xi64>
  %0 = onnx.Identity(%x) {squint.dims = [["n", "4"]]} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Cast(%0) {to = 1 : i64, squint.dims = [["n", "4"]]} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.Reshape(%1, %shape) {squint.dims = [["n", "4"]]} : (tensor<?x4xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  %3 = onnx.Pad(%x, %pads) {operandSegmentSizes = array<i32: 1, 1, 0, 0>, squint.dims = [["n", "4"]]} : (tensor<?x4xf32>, tensor<4xi64>) -> tensor<?x4xf32>
  %4 = onnx.Dropout(%x) {operandSegmentSizes = array<i32: 1, 0, 0>, squint.dims = [["n", "4"]]} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %2, %3, %4 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The sizes differ at run time; the rows are reversed; dropout in training.
// CHECK-LABEL: func.func @something
// CHECK: onnx.Reshape
// CHECK: onnx.Slice
// CHECK: onnx.Dropout
func.func @something(%x: tensor<?x?xf32> {squint.dims = ["n", "m"]}, %y: tensor<4xf32>) -> (tensor<?x?xf32>, tensor<4xf32>, tensor<4xf32>) {
  %shape = squint.constant dense<[4, -1]> : tensor<2xi64>
  %0 = onnx.Reshape(%x, %shape) {squint.dims = [["m", "n"]]} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %last = squint.constant dense<-1> : tensor<1xi64>
  %begin = squint.constant dense<-9> : tensor<1xi64>
  %zero = squint.constant dense<0> : tensor<1xi64>
  %1 = onnx.Slice(%y, %last, %begin, %zero, %last) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 1>}
      : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  %ratio = squint.constant dense<0.5> : tensor<f32>
  %training = squint.constant dense<true> : tensor<i1>
  %2 = onnx.Dropout(%y, %ratio, %training) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<4xf32>, tensor<f32>, tensor<i1>) -> tensor<4xf32>
  return %0, %1, %2 : tensor<?x?xf32>, tensor<4xf32>, tensor<4xf32>
}
