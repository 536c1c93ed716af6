// RUN: squint-opt %s --squint-split-outliers=threshold=5 --store=%t.weights | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["tokens", "4"]})
    -> (tensor<?x3xf32> {squint.dims = ["tokens", "3"]}, tensor<?x3xf32> {squint.dims = ["tokens", "3"]},
        tensor<?x3xf32> {squint.dims = ["tokens", "3"]}) {
  // Elements are told apart once for all that read them.
  // CHECK: %[[SIZE:.*]] = onnx.Abs(%[[X]]) {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK: %[[LIMIT:.*]] = squint.constant dense<5.0
  // CHECK: %[[FEW:.*]] = onnx.Less(%[[SIZE]], %[[LIMIT]]) {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK: %[[REST:.*]] = onnx.Where(%[[FEW]], %[[X]], %{{.*}}) {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK: %[[LARGE:.*]] = onnx.Where(%[[FEW]], %{{.*}}, %[[X]]) {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK-NOT: onnx.Abs
  // CHECK: %[[W:.*]] = squint.constant dense
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<3x4xf32>
  // CHECK: %[[B:.*]] = squint.constant dense
  %b = squint.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  // CHECK: %[[S0:.*]] = squint.linear %[[REST]], %[[W]] bias(%[[B]])
  // CHECK-SAME: squint.activation_format = "int8:token,scale=f32", squint.dims = {{.}}["tokens", "3"]], squint.weight_format = "int8:channel,scale=f32"}
  // CHECK: %[[S1:.*]] = squint.linear %[[LARGE]], %[[W]] {squint.dims = {{.}}["tokens", "3"]], squint.sparse_input, squint.weight_format = "int8:channel,scale=f32"}
  // CHECK: %[[Y:.*]] = onnx.Add(%[[S0]], %[[S1]]) {squint.dims = {{.}}["tokens", "3"]]}
  %0 = squint.linear %x, %w bias(%b) {squint.dims = [["tokens", "3"]], squint.weight_format = "int8:channel,scale=f32",
      squint.activation_format = "int8:token,scale=f32"} : tensor<?x4xf32>, tensor<3x4xf32>, tensor<3xf32> -> tensor<?x3xf32>
  // CHECK: squint.linear %[[REST]], %[[W]] {
  // CHECK: squint.linear %[[LARGE]], %[[W]] {
  %1 = squint.linear %x, %w {squint.dims = [["tokens", "3"]], squint.weight_format = "int8:channel,scale=f32",
      squint.activation_format = "int8:token,scale=f32"} : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  // Float activations are as large as they are.
  // CHECK: squint.linear %[[X]], %[[W]]
  %2 = squint.linear %x, %w {squint.dims = [["tokens", "3"]], squint.weight_format = "int8:channel,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  // CHECK: return %[[Y]]
  return %0, %1, %2 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}
