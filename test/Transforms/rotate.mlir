// RUN: squint-opt %s --squint-rotate --store=%t.weights | FileCheck %s

// The norm's scale is in the linears that read it, a table that is the head's weight too stays as it is between rotations that
// run, and what a product makes is rotated before the linear that reads it.
// CHECK-LABEL: func.func @block
func.func @block(%ids: tensor<?xi64> {squint.dims = ["n"]}) -> (tensor<?x4xf32> {squint.dims = ["n", "4"]}) {
  // CHECK: %[[SIGNS:.*]] = squint.constant dense<{{.*}}> : tensor<12x12xf32>
  %t = squint.constant dense<1.0> : tensor<4x8xf32>
  %g = squint.constant dense<3.0> : tensor<8xf32>
  %u = squint.constant dense<0.5> : tensor<24x8xf32>
  %d = squint.constant dense<0.25> : tensor<8x24xf32>
  // CHECK: %[[TABLE:.*]] = squint.constant dense<1.000000e+00> : tensor<4x8xf32>
  // CHECK: %[[ROWS:.*]] = squint.embedding %[[TABLE]], %{{.*}} {squint.dims
  // CHECK: %[[SIGNED:.*]] = onnx.Mul(%[[ROWS]], %{{.*}}) {squint.dims = {{.}}["n", "8"]]}
  // CHECK: %[[X:.*]] = squint.hadamard %[[SIGNED]] size = 8 {squint.dims = {{.}}["n", "8"]]}
  %0 = squint.embedding %t, %ids {squint.dims = [["n", "8"]]} : tensor<4x8xf32>, tensor<?xi64> -> tensor<?x8xf32>
  // CHECK: %[[ONES:.*]] = squint.constant dense<1.000000e+00> : tensor<8xf32>
  // CHECK: squint.norm %[[X]] scale(%[[ONES]]) epsilon = 1.000000e-05 {squint.dims
  %1 = squint.norm %0 scale(%g) epsilon = 1.0e-5 {squint.dims = [["n", "8"]]} : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  %2 = squint.linear %1, %u {squint.dims = [["n", "24"]]} : tensor<?x8xf32>, tensor<24x8xf32> -> tensor<?x24xf32>
  %3 = onnx.Relu(%2) {squint.dims = [["n", "24"]]} : (tensor<?x24xf32>) -> tensor<?x24xf32>
  // CHECK: %[[R:.*]] = onnx.Relu
  // CHECK: %[[H:.*]] = squint.hadamard %[[R]] signs(%[[SIGNS]]) size = 24 {squint.dims = {{.}}["n", "24"]]}
  // CHECK: squint.linear %[[H]],
  %4 = squint.linear %3, %d {squint.dims = [["n", "8"]]} : tensor<?x24xf32>, tensor<8x24xf32> -> tensor<?x8xf32>
  %5 = onnx.Add(%0, %4) {squint.dims = [["n", "8"]]} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %6 = squint.norm %5 scale(%g) epsilon = 1.0e-5 {squint.dims = [["n", "8"]]} : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  // CHECK: %[[LAST:.*]] = squint.norm
  // CHECK: %[[BACK:.*]] = squint.hadamard %[[LAST]] size = 8
  // CHECK: %[[SCALE:.*]] = squint.constant dense<{{.*}}-3.0{{.*}}> : tensor<8xf32>
  // CHECK: %[[SCALED:.*]] = onnx.Mul(%[[BACK]], %[[SCALE]])
  // CHECK: squint.linear %[[SCALED]], %[[TABLE]]
  %7 = squint.linear %6, %t {squint.dims = [["n", "4"]]} : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %7 : tensor<?x4xf32>
}

// Values are rotated by heads where they are made and back where their mixture is read: no operator is added.
// CHECK-LABEL: func.func @heads
// CHECK-NOT: squint.hadamard
func.func @heads(%x: tensor<1x5x8xf32>, %q: tensor<1x5x4x4xf32>, %k: tensor<1x5x2x4xf32>) -> tensor<1x5x8xf32> {
  // CHECK-NOT: dense<1.000000e+00> : tensor<8x8xf32>
  %w = squint.constant dense<1.0> : tensor<8x8xf32>
  %o = squint.constant dense<2.0> : tensor<8x16xf32>
  %s = squint.constant dense<[1, 5, 2, 4]> : tensor<4xi64>
  %r = squint.constant dense<[1, 5, 16]> : tensor<3xi64>
  %0 = squint.linear %x, %w : tensor<1x5x8xf32>, tensor<8x8xf32> -> tensor<1x5x8xf32>
  %1 = onnx.Reshape(%0, %s) : (tensor<1x5x8xf32>, tensor<4xi64>) -> tensor<1x5x2x4xf32>
  %2 = squint.attention %q, %k, %1 scale = 0.5 : tensor<1x5x4x4xf32>, tensor<1x5x2x4xf32>, tensor<1x5x2x4xf32> -> tensor<1x5x4x4xf32>
  %3 = onnx.Reshape(%2, %r) : (tensor<1x5x4x4xf32>, tensor<3xi64>) -> tensor<1x5x16xf32>
  // CHECK: squint.attention
  %4 = squint.linear %3, %o : tensor<1x5x16xf32>, tensor<8x16xf32> -> tensor<1x5x8xf32>
  return %4 : tensor<1x5x8xf32>
}
