// RUN: squint-opt %s --squint-quantize-activations | FileCheck %s

// Statistics become scales and zero points, and are gone then.
// CHECK-NOT: squint.statistics
squint.statistics "x" min = -2.54 max = 1.0 by "min-max" samples = 3
squint.statistics "/relu" min = 0.0 max = 5.1 by "min-max" samples = 3
squint.statistics "/affine" min = -1.0 max = 4.1 by "min-max" samples = 3
squint.statistics "/dead" min = 0.0 max = 0.0 by "min-max" samples = 3

// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x4xf32>
func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]}) -> tensor<?x4xf32> {
  %w = squint.constant dense<1.0> : tensor<4x4xf32>
  // CHECK: squint.quantize %[[X]] {scale = 2.000000e-02 : f32, squint.dims = {{.*}}, zero_point = 0 : i32}
  // CHECK-SAME: -> <?x4, "int8:tensor,scale=f32">
  %0 = squint.linear %x, %w {squint.dims = [["n", "4"]], squint.activation_format = "int8:tensor"}
      : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/relu")
  // CHECK: %[[Q:.*]] = squint.quantize {{.*}} {scale = 2.000000e-02 : f32, squint.dims = {{.*}}, zero_point = -128 : i32}
  // CHECK-NEXT: %[[D:.*]] = squint.dequantize %[[Q]]
  // CHECK: squint.linear %[[D]]
  %1 = squint.linear %0, %w {squint.dims = [["n", "4"]], squint.activation_format = "int8:tensor"}
      : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/affine")
  // CHECK: squint.quantize {{.*}} {scale = 2.000000e-02 : f32, squint.dims = {{.*}}, zero_point = -78 : i32}
  // CHECK-SAME: -> <?x4, "int8:tensor,zero-point,scale=f32">
  %2 = squint.linear %1, %w {squint.dims = [["n", "4"]], squint.activation_format = "int8:tensor,zero-point"}
      : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("/dead")
  // CHECK: squint.quantize {{.*}} {scale = 1.000000e+00 : f32, squint.dims = {{.*}}, zero_point = -128 : i32}
  // CHECK-NOT: squint.observe
  squint.observe %2 named "/dead" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
  %3 = squint.linear %2, %w {squint.dims = [["n", "4"]], squint.activation_format = "int8:tensor"}
      : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}
