// RUN: squint-opt %s --store=%t.weights --pass-pipeline='builtin.module(squint-quantize-activations,squint-quantize-rtn,squint-fake-quantize)' | FileCheck %s
// RUN: squint-opt %s --store=%t.back.weights --pass-pipeline='builtin.module(squint-quantize-activations,squint-quantize-rtn,squint-fake-quantize,func.func(squint-raise),canonicalize)' | FileCheck %s --check-prefix=BACK

// The float weight, rounded on the grid of its codes; a row of zeros is divided by 1. Raised again it is codes.
// CHECK-LABEL: func.func @linear
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
// BACK-LABEL: func.func @linear
func.func @linear(%x: tensor<?x4xf32> {squint.dims = ["tokens", "4"]}) -> tensor<?x3xf32> {
  // CHECK-DAG: %[[W:.*]] = squint.constant dense<{{\[\[}}1.000000e+00, {{.*}}> : tensor<3x4xf32>
  // CHECK-DAG: %[[S:.*]] = squint.constant dense<[0.0314960629, 1.000000e+00, 0.0629921257]> : tensor<3xf32>
  // CHECK-DAG: %[[Z:.*]] = squint.constant dense<0> : tensor<3xi8>
  // CHECK: %[[F:.*]] = squint.fake_quantize %[[W]] scale(%[[S]]) zero_point(%[[Z]]) codes = [-127, 127] : tensor<3x4xf32>, tensor<3xf32>, tensor<3xi8>
  // CHECK: squint.linear %[[X]], %[[F]] :
  // BACK: squint.constant #squint.data<{{.*}}> : !squint.packed<3x4, "int8:channel,scale=f32">
  // BACK-NOT: onnx
  // BACK: return
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<3x4xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32"} : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// Groups have blocks of scales, zero points the types without a sign; codes of 3 bits are some of those of 8.
// CHECK-LABEL: func.func @groups
func.func @groups(%x: tensor<2x4xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<2x4xf32>
  // CHECK: squint.fake_quantize %{{.*}} codes = [0, 15] {axis = 1 : i64, block_size = 2 : i64} : tensor<2x4xf32>, tensor<2x2xf32>, tensor<2x2xui4>
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=2,zero-point,scale=f32"} : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x2xf32>
  // CHECK: squint.fake_quantize %{{.*}} codes = [-4, 3] : tensor<2x4xf32>, tensor<f32>, tensor<i8>
  %1 = squint.linear %x, %w {squint.weight_format = "int3:tensor,scale=f32"} : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// CHECK-LABEL: func.func @activation
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
// BACK-LABEL: func.func @activation
func.func @activation(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["tokens", "4"]}) -> tensor<?x3xf32> {
  // CHECK-DAG: %[[S:.*]] = squint.constant dense<5.000000e-01> : tensor<f32>
  // CHECK-DAG: %[[Z:.*]] = squint.constant dense<3> : tensor<i8>
  // CHECK: squint.fake_quantize %[[X]] scale(%[[S]]) zero_point(%[[Z]]) codes = [-128, 127] {squint.dims = {{.}}["tokens", "4"]]}
  // BACK: squint.fake_quantize %{{.*}} codes = [-128, 127]
  %0 = squint.quantize %x {scale = 0.5 : f32, zero_point = 3 : i32, squint.dims = [["tokens", "4"]]} : tensor<?x4xf32> -> <?x4, "int8:tensor">
  %1 = squint.dequantize %0 {squint.dims = [["tokens", "4"]]} : <?x4, "int8:tensor"> -> tensor<?x4xf32>
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  %2 = squint.linear %1, %w : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %2 : tensor<?x3xf32>
}
