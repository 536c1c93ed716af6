// RUN: squint-opt %s --squint-quantize-activations --split-input-file --verify-diagnostics

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{no calibration statistics for the input of a linear}}
  %0 = squint.linear %x, %w {squint.weight_format = "int8", squint.activation_format = "int8:tensor"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected a format for squint.activation_format, got "int8:rows": unknown granularity 'rows'}}
  %0 = squint.linear %x, %w {squint.activation_format = "int8:rows"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
