// RUN: squint-opt %s --squint-forget-past --split-input-file --verify-diagnostics | FileCheck %s

// The concatenation is a result, perhaps under another name; the mask is for the new tokens.
// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"}
// CHECK-SAME: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "attention_mask"}
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: tensor<?x2x0x8xf32> {squint.dims = ["batch", "2", "0", "8"], squint.name = "past"}
// CHECK-SAME: %[[NEW:[a-z0-9]+]]: tensor<?x2x?x8xf32>
// CHECK-SAME: -> (tensor<?x2x?x8xf32> {squint.name = "y"}, tensor<4xi64>)
// CHECK-NEXT: %[[S:.*]] = onnx.Shape(%[[PAST]])
// CHECK-NEXT: %[[Y:.*]] = onnx.Neg(%[[NEW]])
// CHECK-NEXT: return %[[Y]], %[[S]] :
func.func @main(%ids: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"},
    %mask: tensor<?x?xi64> {squint.dims = ["batch", "past_plus_tokens"], squint.name = "attention_mask"},
    %past: tensor<?x2x?x8xf32> {squint.dims = ["batch", "2", "past", "8"], squint.name = "past"},
    %new: tensor<?x2x?x8xf32> {squint.dims = ["batch", "2", "tokens", "8"], squint.name = "new"})
    -> (tensor<?x2x?x8xf32> {squint.name = "y"}, tensor<?x2x?x8xf32> {squint.name = "present"}, tensor<4xi64>) {
  %s = onnx.Shape(%past) : (tensor<?x2x?x8xf32>) -> tensor<4xi64>
  %0 = onnx.Concat(%past, %new) {axis = -2 : i64} : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  %1 = onnx.Neg(%0) : (tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  %2 = onnx.Identity(%0) : (tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  return %1, %2, %s : tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>, tensor<4xi64>
}

// -----

// What is no result is no cache.
// CHECK-LABEL: func.func @main
// CHECK: onnx.Concat
func.func @main(%past: tensor<?x4xf32> {squint.dims = ["past", "4"]}, %new: tensor<?x4xf32> {squint.dims = ["tokens", "4"]}) -> tensor<?x4xf32> {
  %0 = onnx.Concat(%past, %new) {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Neg(%0) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// -----

func.func @main(%past: tensor<7x4xf32>, %new: tensor<?x4xf32> {squint.dims = ["tokens", "4"]}) -> tensor<?x4xf32> {
  // expected-error @+1 {{expected past keys and values of any number of tokens, the concatenation's dimension, got 'tensor<7x4xf32>'}}
  %0 = onnx.Concat(%past, %new) {axis = 0 : i64} : (tensor<7x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @main(%a: tensor<?x4xf32> {squint.dims = ["past", "4"]}, %b: tensor<?x4xf32> {squint.dims = ["other", "4"]},
    %new: tensor<?x4xf32> {squint.dims = ["tokens", "4"]}) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %0 = onnx.Concat(%a, %new) {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // expected-error @+1 {{expected as many past tokens as elsewhere, 'past', got 'other'}}
  %1 = onnx.Concat(%b, %new) {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0, %1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// Attention that keeps its caches itself. What said how long sequences are goes, and the inputs that were there for it.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[IDS:[a-z0-9]+]]: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"},
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x?x32xf32> {squint.dims = ["batch", "tokens", "32"]}) -> (tensor<?x?x32xf32> {squint.name = "y"})
// CHECK: %[[N:.*]] = squint.constant dense<0> : tensor<1xi32>
// CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = msft.GroupQueryAttention(%[[X]], %[[X]], %[[X]], %[[N]], %[[N]])
// CHECK-SAME: operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>
// CHECK-SAME: squint.whole
// CHECK-NEXT: return %[[Y]] :
func.func @main(%ids: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"},
    %mask: tensor<?x?xi64> {squint.dims = ["batch", "total"], squint.name = "attention_mask"},
    %x: tensor<?x?x32xf32> {squint.dims = ["batch", "tokens", "32"]},
    %k: tensor<?x2x?x16xf32> {squint.dims = ["batch", "2", "past", "16"]}, %v: tensor<?x2x?x16xf32> {squint.dims = ["batch", "2", "past", "16"]})
    -> (tensor<?x?x32xf32> {squint.name = "y"}, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>) {
  %axis = squint.constant dense<1> : tensor<1xi64>
  %0 = onnx.ReduceSum(%mask, %axis) {keepdims = 0 : i64} : (tensor<?x?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %1 = onnx.Sub(%0, %axis) : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
  %2 = onnx.Cast(%1) {to = 6 : i64} : (tensor<?xi64>) -> tensor<?xi32>
  %3 = onnx.Shape(%mask) {start = 1 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %4 = onnx.Cast(%3) {to = 6 : i64} : (tensor<1xi64>) -> tensor<1xi32>
  %y:3 = msft.GroupQueryAttention(%x, %x, %x, %k, %v, %2, %4) {kv_num_heads = 2 : i64, num_heads = 2 : i64,
      operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0>, resultSegmentSizes = array<i32: 1, 1, 1, 0>}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>, tensor<?xi32>, tensor<1xi32>)
      -> (tensor<?x?x32xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>)
  return %y#0, %y#1, %y#2 : tensor<?x?x32xf32>, tensor<?x2x?x16xf32>, tensor<?x2x?x16xf32>
}

// -----

// A cache with room for 64 tokens, of which an attention is told how many there are.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x2x?x16xf32> {squint.dims = ["batch", "2", "tokens", "16"]}) -> tensor<?x2x?x16xf32>
// CHECK: onnx.Attention(%[[X]], %[[X]], %[[X]])
// CHECK-SAME: operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>
func.func @main(%x: tensor<?x2x?x16xf32> {squint.dims = ["batch", "2", "tokens", "16"]},
    %k: tensor<?x2x64x16xf32> {squint.dims = ["batch", "2", "64", "16"]}, %v: tensor<?x2x64x16xf32> {squint.dims = ["batch", "2", "64", "16"]},
    %at: tensor<?xi64> {squint.dims = ["batch"]}, %count: tensor<?xi64> {squint.dims = ["batch"]})
    -> (tensor<?x2x?x16xf32>, tensor<?x2x64x16xf32>, tensor<?x2x64x16xf32>) {
  %0 = onnx.TensorScatter(%k, %x, %at) : (tensor<?x2x64x16xf32>, tensor<?x2x?x16xf32>, tensor<?xi64>) -> tensor<?x2x64x16xf32>
  %1 = onnx.TensorScatter(%v, %x, %at) : (tensor<?x2x64x16xf32>, tensor<?x2x?x16xf32>, tensor<?xi64>) -> tensor<?x2x64x16xf32>
  %2 = onnx.Attention(%x, %0, %1, %count) {is_causal = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 1>, resultSegmentSizes = array<i32: 1, 0, 0, 0>}
      : (tensor<?x2x?x16xf32>, tensor<?x2x64x16xf32>, tensor<?x2x64x16xf32>, tensor<?xi64>) -> tensor<?x2x?x16xf32>
  return %2, %0, %1 : tensor<?x2x?x16xf32>, tensor<?x2x64x16xf32>, tensor<?x2x64x16xf32>
}

// -----

func.func @main(%x: tensor<?x2x?x16xf32> {squint.dims = ["batch", "2", "tokens", "16"]}, %k: tensor<?x2x64x16xf32> {squint.dims = ["batch", "2", "64", "16"]})
    -> tensor<?x2x64x16xf32> {
  // expected-error @+1 {{expected a cache that is written to its end, mode linear, got circular}}
  %0 = onnx.TensorScatter(%k, %x) {mode = "circular"} : (tensor<?x2x64x16xf32>, tensor<?x2x?x16xf32>) -> tensor<?x2x64x16xf32>
  return %0 : tensor<?x2x64x16xf32>
}
