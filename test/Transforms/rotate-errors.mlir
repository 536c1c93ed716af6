// RUN: squint-opt %s --squint-rotate --split-input-file --verify-diagnostics

// expected-error @+1 {{rotation touched nothing: expected a residual stream, attention or linears behind an activation function}}
module {
  func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
    return %x : tensor<?x8xf32>
  }
}

// -----

// A model that normalizes after the addition.
func.func @main(%ids: tensor<?xi64>) -> tensor<?x8xf32> {
  %t = squint.constant dense<1.0> : tensor<4x8xf32>
  %g = squint.constant dense<1.0> : tensor<8xf32>
  %w = squint.constant dense<1.0> : tensor<8x8xf32>
  %0 = squint.embedding %t, %ids : tensor<4x8xf32>, tensor<?xi64> -> tensor<?x8xf32>
  // expected-error @unknown {{residual stream cannot be rotated: expected norms beside the stream, not within it (a model that normalizes after the addition), got node '/norm' (squint.norm)}}
  %1 = squint.norm %0 scale(%g) centered epsilon = 1.0e-5 : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32> loc("/norm")
  %2 = squint.linear %1, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %3 = onnx.Add(%1, %2) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %3 : tensor<?x8xf32>
}

// -----

// Something else reads the stream.
func.func @main(%ids: tensor<?xi64>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %t = squint.constant dense<1.0> : tensor<4x8xf32>
  %g = squint.constant dense<1.0> : tensor<8xf32>
  %w = squint.constant dense<1.0> : tensor<8x8xf32>
  %0 = squint.embedding %t, %ids : tensor<4x8xf32>, tensor<?xi64> -> tensor<?x8xf32>
  %1 = squint.norm %0 scale(%g) epsilon = 1.0e-5 : tensor<?x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  %2 = squint.linear %1, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // expected-error @unknown {{residual stream cannot be rotated: expected float linears, norms and additions to read it, got node '/abs' (onnx.Abs)}}
  %3 = onnx.Abs(%0) : (tensor<?x8xf32>) -> tensor<?x8xf32> loc("/abs")
  return %2, %3 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// No Hadamard matrix has this width, nor blocks of it.
func.func @main(%ids: tensor<?xi64>) -> tensor<?x7xf32> {
  %t = squint.constant dense<1.0> : tensor<4x7xf32>
  %g = squint.constant dense<1.0> : tensor<7xf32>
  %w = squint.constant dense<1.0> : tensor<7x7xf32>
  %0 = squint.embedding %t, %ids : tensor<4x7xf32>, tensor<?xi64> -> tensor<?x7xf32>
  // expected-error @+1 {{expected a width that a Hadamard matrix or blocks of them have, got 7}}
  %1 = squint.norm %0 scale(%g) epsilon = 1.0e-5 : tensor<?x7xf32>, tensor<7xf32> -> tensor<?x7xf32>
  %2 = squint.linear %1, %w : tensor<?x7xf32>, tensor<7x7xf32> -> tensor<?x7xf32>
  return %2 : tensor<?x7xf32>
}
