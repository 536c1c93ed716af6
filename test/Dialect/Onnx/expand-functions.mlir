// RUN: squint-opt %s --squint-expand-functions --squint-infer-shapes | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[BEST:.*]] = onnx.ArgMax(%arg0) {axis = 1 : i64, keepdims = 0 : i64}
// CHECK: onnx.OneHot(%[[BEST]],
// CHECK-NOT: onnx.Hardmax
func.func @main(%x: tensor<2x3xf32> {squint.dims = ["2", "3"]}) -> tensor<2x3xf32> {
  %0 = onnx.Hardmax(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
