// RUN: squint-opt %s --squint-infer-shapes --squint-expand-functions --split-input-file --verify-diagnostics

func.func @main(%x: tensor<3x16xf32>, %b: tensor<1x1x8xui8>, %s: tensor<1x1xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected bits to be 2, 4 or 8, got 3}}
  %0 = msft.MatMulNBits(%x, %b, %s) {K = 16 : i64, N = 1 : i64, bits = 3 : i64, block_size = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<3x16xf32>, tensor<1x1x8xui8>, tensor<1x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<3x16xf32>, %b: tensor<1x1x8xui8>, %s: tensor<1x1xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a block_size that is a power of two and at least 16, got 24}}
  %0 = msft.MatMulNBits(%x, %b, %s) {K = 16 : i64, N = 1 : i64, bits = 4 : i64, block_size = 24 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<3x16xf32>, tensor<1x1x8xui8>, tensor<1x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<3x48xf32>, %b: tensor<2x3x8xui8>, %s: tensor<2x3xf32>, %z: tensor<2x1xui8>) -> tensor<*xf32> {
  // expected-error @+1 {{expected 'zero_points' of shape [2, 2] or [4], got [2, 1]}}
  %0 = msft.MatMulNBits(%x, %b, %s, %z) {K = 48 : i64, N = 2 : i64, bits = 4 : i64, block_size = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0>} : (tensor<3x48xf32>, tensor<2x3x8xui8>, tensor<2x3xf32>, tensor<2x1xui8>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<3x16xf32>, %b: tensor<1x1x8xui8>, %s: tensor<1x1xf32>) -> tensor<*xf32> {
  // expected-error @+2 {{expected a constant as 'B'}}
  // expected-error @+1 {{expected a constant as 'scales'}}
  %0 = msft.MatMulNBits(%x, %b, %s) {K = 16 : i64, N = 1 : i64, bits = 4 : i64, block_size = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<3x16xf32>, tensor<1x1x8xui8>, tensor<1x1xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// All that cannot be written otherwise is said at once.
func.func @main(%x: tensor<3x32xf32>) -> (tensor<*xf32>, tensor<*xf32>) {
  %b = squint.constant dense<0> : tensor<1x2x8xui8>
  %s = squint.constant dense<1.0> : tensor<1x2xf32>
  %g = squint.constant dense<1> : tensor<32xi32>
  // expected-error @+1 {{expected 16 columns of group 0 in g_idx, got 0}}
  %0 = msft.MatMulNBits(%x, %b, %s, %g) {K = 32 : i64, N = 1 : i64, bits = 4 : i64, block_size = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0>} : (tensor<3x32xf32>, tensor<1x2x8xui8>, tensor<1x2xf32>, tensor<32xi32>) -> tensor<*xf32>
  // expected-error @+1 {{expected weight_prepacked to be 0}}
  %1 = msft.MatMulNBits(%x, %b, %s) {K = 32 : i64, N = 1 : i64, bits = 4 : i64, block_size = 16 : i64, weight_prepacked = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0>} : (tensor<3x32xf32>, tensor<1x2x8xui8>, tensor<1x2xf32>) -> tensor<*xf32>
  return %0, %1 : tensor<*xf32>, tensor<*xf32>
}

// -----

func.func @main(%x: tensor<3x24xf32>, %b: tensor<24xui8>, %s: tensor<2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected 'absmax' of shape [3], got [2]}}
  %0 = msft.MatMulBnb4(%x, %b, %s) {K = 24 : i64, N = 2 : i64, block_size = 16 : i64, quant_type = 1 : i64} : (tensor<3x24xf32>, tensor<24xui8>, tensor<2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%d: tensor<4x8xui8>, %ids: tensor<2xi64>, %s: tensor<4x2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a scale for each block of the data}}
  %0 = msft.GatherBlockQuantized(%d, %ids, %s) {bits = 4 : i64, block_size = 16 : i64, gather_axis = 0 : i64, quantize_axis = 1 : i64} : (tensor<4x8xui8>, tensor<2xi64>, tensor<4x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3x8xf32>, %p: tensor<2x4xi64>, %c: tensor<9x4xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the tokens, got 4 and 3}}
  %0 = msft.RotaryEmbedding(%x, %p, %c, %c) : (tensor<2x3x8xf32>, tensor<2x4xi64>, tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x2x4x4xf32>, %w: tensor<3x2x3x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected an activation of one operand, got 'Mystery'}}
  %0 = msft.FusedConv(%x, %w) {activation = "Mystery", operandSegmentSizes = array<i32: 1, 1, 0, 0>} : (tensor<1x2x4x4xf32>, tensor<3x2x3x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%q: tensor<1x3x64xf32>, %k: tensor<1x3x32xf32>, %n: tensor<1xi32>) -> tensor<*xf32> {
  %t = squint.constant dense<3> : tensor<i32>
  // expected-error @+1 {{expected cos_cache and sin_cache beside do_rotary}}
  %0 = msft.GroupQueryAttention(%q, %k, %k, %n, %t) {kv_num_heads = 2 : i64, num_heads = 4 : i64, do_rotary = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x64xf32>, tensor<1x3x32xf32>, tensor<1x3x32xf32>, tensor<1xi32>, tensor<i32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%q: tensor<1x3x64xf32>, %k: tensor<1x3x32xf32>, %n: tensor<1xi32>) -> tensor<*xf32> {
  %t = squint.constant dense<3> : tensor<i32>
  // expected-error @+1 {{expected sliding_window_cache to be 0}}
  %0 = msft.GroupQueryAttention(%q, %k, %k, %n, %t) {kv_num_heads = 2 : i64, num_heads = 4 : i64, sliding_window_cache = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x64xf32>, tensor<1x3x32xf32>, tensor<1x3x32xf32>, tensor<1xi32>, tensor<i32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%q: tensor<1x3x64xf32>, %k: tensor<1x3x64xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a multiple of 5 for the query's width, got 64}}
  %0 = msft.MultiHeadAttention(%q, %k, %k) {num_heads = 5 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0, 0, 0>} : (tensor<1x3x64xf32>, tensor<1x3x64xf32>, tensor<1x3x64xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3x8xf32>, %w: tensor<8x24xf32>, %m: tensor<5xi32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a mask of 2 lengths, twice or three times as many, got 5}}
  %0 = msft.Attention(%x, %w, %m) {num_heads = 2 : i64, operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 0>} : (tensor<2x3x8xf32>, tensor<8x24xf32>, tensor<5xi32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%a: tensor<4x8xui8>, %b: tensor<8x3xui8>, %s: tensor<8xf32>, %t: tensor<f32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected one number as 'a_scale'}}
  %0 = msft.MatMulIntegerToFloat(%a, %b, %s, %t) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0>} : (tensor<4x8xui8>, tensor<8x3xui8>, tensor<8xf32>, tensor<f32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x32xf32>, %r: tensor<2x3xf32>, %w: tensor<3x16x32xf32>, %v: tensor<3x32x8xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for fc2_experts_weights, got 8 and 16}}
  %0 = msft.MoE(%x, %r, %w, %v) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0, 0>} : (tensor<2x32xf32>, tensor<2x3xf32>, tensor<3x16x32xf32>, tensor<3x32x8xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x32xf32>, %r: tensor<2x3xf32>, %w: tensor<3x16x32xf32>, %v: tensor<3x32x16xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected k from 1 to 3, got 4}}
  %0 = msft.MoE(%x, %r, %w, %v) {k = 4 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0, 0>} : (tensor<2x32xf32>, tensor<2x3xf32>, tensor<3x16x32xf32>, tensor<3x32x16xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x32xf32>, %r: tensor<2x3xf32>, %w: tensor<3x16x16xui8>, %v: tensor<3x32x8xui8>) -> tensor<*xf32> {
  // expected-error @+1 {{expected quant_type to be int, got 'fp4'}}
  %0 = msft.QMoE(%x, %r, %w, %v) {quant_type = "fp4", operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>} : (tensor<2x32xf32>, tensor<2x3xf32>, tensor<3x16x16xui8>, tensor<3x32x8xui8>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
