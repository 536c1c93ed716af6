// RUN: squint-opt %s --squint-equalize | FileCheck %s

// Channel 0 has 8 before and 2 behind, channel 1 1 and 4: both become 4, and 2.
// CHECK-LABEL: func.func @pair
func.func @pair(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-DAG: squint.constant dense<{{\[\[}}4.000000e+00, -1.000000e+00], [0.000000e+00, 2.000000e+00]]>
  // CHECK-DAG: squint.constant dense<[1.500000e+00, 2.000000e+00]>
  // CHECK-DAG: squint.constant dense<{{\[\[}}4.000000e+00, 1.000000e+00], [0.000000e+00, -2.000000e+00]]>
  %w = squint.constant dense<[[8.0, -2.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %b = squint.constant dense<[3.0, 1.0]> : tensor<2xf32>
  %v = squint.constant dense<[[2.0, 2.0], [0.0, -4.0]]> : tensor<2x2xf32>
  %0 = squint.linear %x, %w bias(%b) : tensor<?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x2xf32>
  %1 = onnx.Relu(%0) : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = squint.linear %1, %v : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  // CHECK: return
  return %2 : tensor<?x2xf32>
}

// A value that something else reads, and one that a bounded function makes, stay as they are.
// CHECK-LABEL: func.func @alone
func.func @alone(%x: tensor<?x2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>) {
  // CHECK: squint.constant dense<{{\[\[}}8.000000e+00, -3.000000e+00]
  %w = squint.constant dense<[[8.0, -3.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %0 = squint.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %1 = squint.linear %0, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %2 = onnx.Sigmoid(%1) : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %3 = squint.linear %2, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0, %1, %3 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>
}
