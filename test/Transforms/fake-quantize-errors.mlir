// RUN: squint-opt %s --pass-pipeline='builtin.module(squint-quantize-activations,squint-quantize-rtn,squint-fake-quantize)' --split-input-file --verify-diagnostics

func.func @dynamic(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  // expected-error@+1 {{expected an activation of f32 with one static scale to train with, got 'tensor<?x4xf32>' as int8:token,scale=f32}}
  %0 = squint.linear %x, %w {squint.activation_format = "int8:token"} : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

func.func @table(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  // expected-error@+1 {{expected a weight of f32 in integers with scales (of groups only for matrices) to train, got 'tensor<3x4xf32>' as nf4:group=4,scale=f16}}
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "nf4:group=4"} : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

func.func @groups(%x: tensor<1x4x4x4xf32>) -> tensor<1x4x4x2xf32> {
  // expected-error@+1 {{(of groups only for matrices)}}
  %w = squint.constant dense<0.5> : tensor<2x1x1x4xf32>
  %0 = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1 {squint.weight_format = "int8:group=2"}
      : tensor<1x4x4x4xf32>, tensor<2x1x1x4xf32> -> tensor<1x4x4x2xf32>
  return %0 : tensor<1x4x4x2xf32>
}
