// RUN: squint-opt %s --squint-quantize-hqq --split-input-file --verify-diagnostics --store=%t.weights | FileCheck %s

// Codes 2 x 4 bytes, scales to 64, minima from 128 on: 2 x 2 of 2 bytes each.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>
func.func @main(%x: tensor<?x8xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  // CHECK: %[[W:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 136> : !squint.packed<2x8, "int4:group=4,min,scale=f16">
  // CHECK: %[[D:.*]] = squint.dequantize %[[W]] {squint.original = dense<{{.*}}> : tensor<2x8xf32>, squint.quantized_by = "hqq"}
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 9.0, 0.0, 0.0, 0.0, 0.0], [-5.0, 6.0, -7.0, 8.0, 5.0, 5.0, 5.0, 5.0]]> : tensor<2x8xf32>
  // CHECK: squint.linear %[[X]], %[[D]] : tensor<?x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=4,min,scale=f16", squint.method = {name = "hqq"}}
      : tensor<?x8xf32>, tensor<2x8xf32> -> tensor<?x2xf32>
  // Another method is another pass's.
  // CHECK: squint.linear %[[X]], %{{.*}} {squint.weight_format = "int8:channel,scale=f32"}
  %1 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32"} : tensor<?x8xf32>, tensor<2x8xf32> -> tensor<?x2xf32>
  return %0, %1 : tensor<?x2xf32>, tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected a format with minima (min), which the method hqq fits, got int4:group=2,scale=f16}}
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=2", squint.method = {name = "hqq"}}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
