// RUN: squint-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<?x5xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  // expected-error@+1 {{expected an input of 4 columns, got 'tensor<?x5xf32>'}}
  %0 = kernel.gemm ins(%x : tensor<?x5xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%y : tensor<?x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @f(%x: tensor<?x4xi8>, %s: tensor<?x1xi32>, %z: tensor<2xi32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 68> : !squint.packed<8x4, "int8:tensor,scale=f32">
  // expected-error@+1 {{expected one zero point of type i32 with a static scale, got 'tensor<2xi32>'}}
  %0 = kernel.gemm ins(%x, %s : tensor<?x4xi8>, tensor<?x1xi32>) zero_point(%z : tensor<2xi32>)
      weights(%w : !squint.packed<8x4, "int8:tensor,scale=f32">) outs(%y : tensor<?x8xf32>)
      attributes {activation_format = #squint.format<"int8:tensor,scale=f32">, activation_scale = 1.0 : f32} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>, %b: tensor<8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  // expected-error@+1 {{expected an epilogue with 2 arguments, got 1}}
  %0 = kernel.gemm ins(%x : tensor<?x4xf32>) weights(%w : !squint.packed<8x4, "f32">) extras(%b : tensor<8xf32>)
      outs(%y : tensor<?x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  // expected-error@+1 {{expected elementwise operators in the epilogue, got 'func.call'}}
  %0 = kernel.gemm ins(%x : tensor<?x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%y : tensor<?x8xf32>) {
  ^bb0(%acc: f32):
    %1 = func.call @g(%acc) : (f32) -> f32
    kernel.yield %1 : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
func.func private @g(f32) -> f32

// -----

func.func @f(%x: tensor<?x4xf32>, %q: tensor<?x4xi8>, %z: tensor<?x1xi32>) -> tensor<?x4xi8> {
  // expected-error@+1 {{expected 3 outputs (codes, scales unless static, sums), got 2}}
  %0:2 = kernel.quantize_rows ins(%x : tensor<?x4xf32>) outs(%q, %z : tensor<?x4xi8>, tensor<?x1xi32>)
      {format = #squint.format<"int8:token,scale=f32">} -> tensor<?x4xi8>, tensor<?x1xi32>
  return %0#0 : tensor<?x4xi8>
}

// -----

func.func @f(%x: memref<4xf32>, %n: index) {
  // expected-error@+1 {{expected a function, got 'missing'}}
  kernel.launch @missing(%x) units(%n) grain(%n) node = "n" : memref<4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x12xf32>, %y: tensor<?x12xf32>) -> tensor<?x12xf32> {
  // expected-error@+1 {{expected a size of 1 times a power of two, got 12}}
  %0 = kernel.hadamard ins(%x : tensor<?x12xf32>) outs(%y : tensor<?x12xf32>) size = 12 -> tensor<?x12xf32>
  return %0 : tensor<?x12xf32>
}

// -----

func.func @f(%x: tensor<?x16xf32>, %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  // expected-error@+1 {{expected 3 outputs of the quantization and the rows, got 1}}
  %0 = kernel.hadamard ins(%x : tensor<?x16xf32>) outs(%y : tensor<?x16xf32>) size = 16
      {activation_format = #squint.format<"int4:token,scale=f32">} -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}
