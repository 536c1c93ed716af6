// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-raise))' --split-input-file --verify-diagnostics
// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-move-transposes))' --split-input-file --verify-diagnostics

func.func @unranked(%x: tensor<*xf32>) -> tensor<*xf32> {
  // expected-error @below {{expected ranked tensors, got 'tensor<*xf32>'}}
  %0 = onnx.Relu(%x) : (tensor<*xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @permutation(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{expected a permutation of the dimensions of 'tensor<2x3xf32>', got [0, 2]}}
  %0 = onnx.Transpose(%x) {perm = array<i64: 0, 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
