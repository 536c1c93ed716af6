// RUN: squint-opt %s --squint-forget-past --split-input-file --verify-diagnostics | FileCheck %s

// The concatenation is a result, perhaps under another name; the mask is for the new tokens.
// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"}
// CHECK-SAME: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "attention_mask"}
// CHECK-SAME: %[[PAST:[a-z0-9]+]]: tensor<?x2x0x8xf32> {squint.dims = ["batch", "2", "0", "8"], squint.name = "past"}
// CHECK-SAME: %[[NEW:[a-z0-9]+]]: tensor<?x2x?x8xf32>
// CHECK-SAME: -> (tensor<?x2x?x8xf32> {squint.name = "y"})
// CHECK-NEXT: onnx.Shape(%[[PAST]])
// CHECK-NEXT: %[[Y:.*]] = onnx.Neg(%[[NEW]])
// CHECK: return %[[Y]] :
func.func @main(%ids: tensor<?x?xi64> {squint.dims = ["batch", "tokens"], squint.name = "input_ids"},
    %mask: tensor<?x?xi64> {squint.dims = ["batch", "past_plus_tokens"], squint.name = "attention_mask"},
    %past: tensor<?x2x?x8xf32> {squint.dims = ["batch", "2", "past", "8"], squint.name = "past"},
    %new: tensor<?x2x?x8xf32> {squint.dims = ["batch", "2", "tokens", "8"], squint.name = "new"})
    -> (tensor<?x2x?x8xf32> {squint.name = "y"}, tensor<?x2x?x8xf32> {squint.name = "present"}) {
  %s = onnx.Shape(%past) : (tensor<?x2x?x8xf32>) -> tensor<4xi64>
  %0 = onnx.Concat(%past, %new) {axis = -2 : i64} : (tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  %1 = onnx.Neg(%0) : (tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  %2 = onnx.Identity(%0) : (tensor<?x2x?x8xf32>) -> tensor<?x2x?x8xf32>
  return %1, %2 : tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>
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
