// RUN: squint-opt %s --squint-insert-observers --split-input-file --verify-diagnostics
// RUN: not squint-opt %s "--squint-insert-observers=observer=median" --split-input-file 2>&1 | FileCheck %s
// CHECK: error: expected an observer (min-max, moving-average[=C], percentile[=P], mse or entropy), got 'median'

func.func @main(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  // expected-note @-1 {{observed here}}
  %0 = squint.linear %x, %w {squint.activation_format = "int8:tensor"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  // expected-error @+1 {{expected one format of the value 'arg0', got 'int8:tensor,zero-point,scale=f32' and 'int8:tensor,scale=f32'}}
  %1 = squint.linear %x, %w {squint.activation_format = "int8:tensor,zero-point"} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

func.func @main(%w: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %x = squint.constant dense<1.0> : tensor<4x4xf32>
  // expected-error @+1 {{expected an activation that is computed, got a constant}}
  %0 = squint.linear %x, %w {squint.activation_format = "int8:tensor"} : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

func.func @main(%x: tensor<?xi64>) {
  // expected-error @+1 {{expected a tensor of floats, got 'tensor<?xi64>'}}
  squint.observe %x named "x" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?xi64>
  return
}

// -----

func.func @main(%x: tensor<?xf32>) {
  // expected-error @+1 {{expected a format with one scale a tensor, got 'int8:token,scale=f32'}}
  squint.observe %x named "x" by "min-max" for <"int8:token,scale=f32"> : tensor<?xf32>
  return
}

// -----

// expected-error @+1 {{expected a finite range}}
squint.statistics "x" min = 1.0 max = -1.0 by "min-max" samples = 3
