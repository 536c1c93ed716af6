// Rewrites that leave the function as it was pass, a wrong one is named, with the output and the error.
// RUN: squint-opt %s --squint-rotate --verify-rewrites --store=%t.weights -o /dev/null
// RUN: not squint-opt %s --squint-rotate --squint-test-rewrite --verify-rewrites --store=%t.weights 2>&1 | FileCheck %s
// CHECK: error: rewrite 'squint-test-rewrite' changes the output 'y': relative error {{.*}} on random input 0, expected at most 1.0e-04
// CHECK-NOT: squint-rotate

func.func @main(%ids: tensor<?x?xi64> {squint.dims = ["batch", "sequence"], squint.name = "ids"})
    -> (tensor<?x?x8xf32> {squint.dims = ["batch", "sequence", "8"], squint.name = "y"}) {
  %t = squint.constant dense<[[1.0, 2.0, 3.0, -4.0, 5.0, 6.0, -7.0, 8.0], [8.0, 7.0, -6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
                              [0.5, -2.0, 0.25, 4.0, 1.0, 0.0, 7.0, 3.0]]> : tensor<3x8xf32>
  %g = squint.constant dense<[1.0, 2.0, 0.5, 1.0, 1.5, 1.0, 3.0, 1.0]> : tensor<8xf32>
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
                              [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0],
                              [1.0, 0.5, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, -1.0],
                              [1.0, 0.0, 0.5, 0.0, 0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0, -1.0]]> : tensor<8x8xf32>
  %b = squint.constant dense<0.5> : tensor<8xf32>
  %0 = squint.embedding %t, %ids {squint.dims = [["batch", "sequence", "8"]]} : tensor<3x8xf32>, tensor<?x?xi64> -> tensor<?x?x8xf32>
  %1 = squint.norm %0 scale(%g) epsilon = 1.0e-5 {squint.dims = [["batch", "sequence", "8"]]}
      : tensor<?x?x8xf32>, tensor<8xf32> -> tensor<?x?x8xf32>
  %2 = squint.linear %1, %w bias(%b) {squint.dims = [["batch", "sequence", "8"]]}
      : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> -> tensor<?x?x8xf32>
  return %2 : tensor<?x?x8xf32>
}
