// RUN: squint-opt %s --convert-onnx-to-linalg --split-input-file --verify-diagnostics

// All at once.
func.func @main(%x: tensor<4xf32>, %s: tensor<3x3xf32>) -> (tensor<4xf32>, tensor<3x3xf32>) {
  // expected-error @below {{'onnx.Hardmax' has no lowering yet}}
  %0 = onnx.Hardmax(%x) : (tensor<4xf32>) -> tensor<4xf32>
  // What uses it is not reported.
  %1 = onnx.Relu(%0) : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error @below {{'onnx.LpNormalization' has no lowering yet}}
  %2 = onnx.LpNormalization(%s) : (tensor<3x3xf32>) -> tensor<3x3xf32>
  return %1, %2 : tensor<4xf32>, tensor<3x3xf32>
}

// -----

func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{expected a shape that is known when the model is compiled}}
  %0 = onnx.Relu(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @main(%x: tensor<4xf32>, %train: tensor<i1>) -> tensor<4xf32> {
  %ratio = squint.constant dense<0.5> : tensor<f32>
  // expected-error @below {{expected training_mode to be the constant false}}
  %0 = onnx.Dropout(%x, %ratio, %train) {operandSegmentSizes = array<i32: 1, 1, 1>} : (tensor<4xf32>, tensor<f32>, tensor<i1>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
