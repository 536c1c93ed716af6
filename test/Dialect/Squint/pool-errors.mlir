// RUN: squint-opt %s --split-input-file --verify-diagnostics

// What ONNX's ceil_mode adds is accepted.
func.func @ceil(%x: tensor<1x4x6xf32>) -> tensor<1x2x6xf32> {
  %0 = squint.pool max %x kernel = [3] strides = [2] dilations = [1] pads = [0, 0] : tensor<1x4x6xf32> -> tensor<1x2x6xf32>
  return %0 : tensor<1x2x6xf32>
}

// -----

func.func @size(%x: tensor<1x4x6xf32>) -> tensor<1x3x6xf32> {
  // expected-error @below {{expected a result of size 1 in dimension 1, got 'tensor<1x3x6xf32>'}}
  %0 = squint.pool max %x kernel = [3] strides = [2] dilations = [1] pads = [0, 0] : tensor<1x4x6xf32> -> tensor<1x3x6xf32>
  return %0 : tensor<1x3x6xf32>
}

// -----

func.func @channels(%x: tensor<1x4x6xf32>) -> tensor<1x1x5xf32> {
  // expected-error @below {{expected the input's batch and channels}}
  %0 = squint.pool max %x kernel = [3] strides = [2] dilations = [1] pads = [0, 0] : tensor<1x4x6xf32> -> tensor<1x1x5xf32>
  return %0 : tensor<1x1x5xf32>
}

// -----

func.func @lists(%x: tensor<1x4x6xf32>) -> tensor<1x1x6xf32> {
  // expected-error @below {{expected a kernel size, a stride, a dilation and two pads for each of 1 dimensions}}
  %0 = squint.pool max %x kernel = [3] strides = [2] dilations = [1] pads = [0] : tensor<1x4x6xf32> -> tensor<1x1x6xf32>
  return %0 : tensor<1x1x6xf32>
}

// -----

func.func @integers(%x: tensor<1x4x6xi8>) -> tensor<1x1x6xi8> {
  // expected-error @below {{expected elements of a float type for an average, got 'i8'}}
  %0 = squint.pool average %x kernel = [3] strides = [2] dilations = [1] pads = [0, 0] : tensor<1x4x6xi8> -> tensor<1x1x6xi8>
  return %0 : tensor<1x1x6xi8>
}
