// RUN: squint-opt %s --split-input-file --verify-diagnostics

func.func @types(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error @+1 {{expected element type 'f32' for 'B', got 'f64'}}
  %0 = onnx.Add(%x, %y) : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

func.func @result(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected element type 'f32' for 'Y', got 'f16'}}
  %0 = onnx.Relu(%x) : (tensor<4xf32>) -> tensor<4xf16>
  return
}

// -----

func.func @set(%x: tensor<4xi1>) {
  // expected-error @+1 {{operand #0 must be tensor of}}
  %0 = onnx.Exp(%x) : (tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @missing(%x: tensor<4xf32>) {
  // expected-error @+1 {{requires attribute 'axis'}}
  %0 = onnx.Concat(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return
}
