// What round to nearest makes of formats that are no plain grid, and what it leaves to a method.
// RUN: squint-opt %s --squint-quantize-rtn --split-input-file --store=%t.weights --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @codebook
func.func @codebook(%x: tensor<2x6xf32>) -> tensor<2x2xf32> {
  // Two rows of 6 codes of 2 bits, then at 64 two tables of four f16 numbers.
  // CHECK: squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 80> : !squint.packed<2x6, "codebook2:channel,scale=f16">
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0, 1.0, 2.0], [0.0, 0.5, 0.5, 0.0, 0.25, 0.0]]> : tensor<2x6xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "codebook2:channel,scale=f16"} : tensor<2x6xf32>, tensor<2x6xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @sparse
func.func @sparse(%x: tensor<2x6xf32>) -> tensor<2x2xf32> {
  // Two rows of 4 codes of a byte and 2 masks of 4 bits, then at 64 two scales.
  // CHECK: squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 72> : !squint.packed<2x6, "int8:channel,scale=f32,sparse=2:4">
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0, 1.0, 2.0], [0.0, 0.5, 0.5, 0.0, 0.25, 0.0]]> : tensor<2x6xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32,sparse=2:4"} : tensor<2x6xf32>, tensor<2x6xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @sparse_part
func.func @sparse_part(%x: tensor<2x6xf32>) -> tensor<2x2xf32> {
  // Two rows of 3 codes of 4 bits and 6 bits of mask, then at 64 two scales.
  // CHECK: squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 72> : !squint.packed<2x6, "int4:channel,scale=f32,sparse=50%">
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0, 1.0, 2.0], [0.0, 0.5, 0.5, 0.0, 0.25, 0.0]]> : tensor<2x6xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int4:channel,scale=f32,sparse=50%"} : tensor<2x6xf32>, tensor<2x6xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @spqr(%x: tensor<2x6xf32>) -> tensor<2x2xf32> {
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0, 1.0, 2.0], [0.0, 0.5, 0.5, 0.0, 0.25, 0.0]]> : tensor<2x6xf32>
  // expected-error @below {{weight of a linear: expected the method spqr for 'int3:group=16,scale=bilevel3'}}
  %0 = squint.linear %x, %w {squint.weight_format = "int3:group=16,scale=bilevel3"} : tensor<2x6xf32>, tensor<2x6xf32> -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}
