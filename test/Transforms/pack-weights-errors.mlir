// RUN: squint-opt %s --squint-pack-weights --split-input-file --verify-diagnostics

func.func @main(%x: tensor<?x8xf32>, %y: tensor<?x16xf32>, %w: !squint.packed<16x8, "f32">) -> tensor<?x16xf32> {
  // expected-error @+1 {{expected a constant weight, got '!squint.packed<16x8, "f32">'}}
  %0 = kernel.gemm ins(%x : tensor<?x8xf32>) weights(%w : !squint.packed<16x8, "f32">) outs(%y : tensor<?x16xf32>) {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
  } -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}

// -----

func.func @main(%x: tensor<?x8xf32>, %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %w = squint.constant #squint.data<"no-such-file", 0, 512> : !squint.packed<16x8, "f32">
  // expected-error @+1 {{cannot open 'no-such-file': no such file}}
  %0 = kernel.gemm ins(%x : tensor<?x8xf32>) weights(%w : !squint.packed<16x8, "f32">) outs(%y : tensor<?x16xf32>) {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
  } -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}
