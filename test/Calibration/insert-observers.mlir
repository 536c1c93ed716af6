// RUN: squint-opt %s --squint-insert-observers --split-input-file | FileCheck %s
// RUN: squint-opt %s "--squint-insert-observers=observer=percentile=99.9" --split-input-file | FileCheck %s --check-prefix=PERCENTILE

// Names are those of nodes and inputs; what reads a value in one format twice is observed once, and values with dynamic
// scales not at all.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x4xf32>
// CHECK-NEXT: squint.observe %[[X]] named "tokens" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
// PERCENTILE: squint.observe %{{.*}} named "tokens" by "percentile=99.9"
func.func @main(%x: tensor<?x4xf32> {squint.name = "tokens", squint.dims = ["n", "4"]}, %w: tensor<4x4xf32>)
    -> tensor<?x4xf32> {
  // CHECK: %[[A:.*]] = squint.linear
  // CHECK-NEXT: squint.observe %[[A]] named "/first" by "min-max" for <"int8:tensor,zero-point,scale=f32">
  %0 = squint.linear %x, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/first")
  // CHECK-NEXT: squint.linear
  // CHECK-NOT: squint.observe
  %1 = squint.linear %x, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/second")
  // CHECK: %[[B:.*]] = squint.linear %[[A]]
  // CHECK-NEXT: squint.observe %[[B]] named "/first#1"
  %2 = squint.linear %0, %w {squint.activation_format = "int8:tensor,zero-point"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/first")
  // CHECK: %[[C:.*]] = squint.linear %[[B]]
  // CHECK-NEXT: squint.observe %[[C]] named "squint.linear"
  %3 = squint.linear %2, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  %4 = squint.linear %3, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  // CHECK-NOT: squint.observe
  %5 = squint.linear %4, %w {squint.activation_format = "int8:token"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  return %5 : tensor<?x4xf32>
}

// -----

// What has statistics is left alone.
// CHECK: squint.statistics "x" min = -1.000000e+00 max = 2.500000e+00 by "mse" samples = 3
squint.statistics "x" min = -1.0 max = 2.5 by "mse" samples = 3
// CHECK-NOT: squint.observe
func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]}, %w: tensor<4x4xf32>)
    -> tensor<?x4xf32> {
  %0 = squint.linear %x, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
