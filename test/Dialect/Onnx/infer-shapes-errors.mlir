// RUN: squint-opt %s --squint-infer-shapes --split-input-file --verify-diagnostics

func.func @main(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for dimensions that broadcast, got 3 and 4}}
  %0 = onnx.Add(%x, %y) : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// One more than itself is never equal.
func.func @main(%x: tensor<?xf32> {squint.dims = ["n"]}, %y: tensor<1xf32>) -> tensor<*xf32> {
  %0 = onnx.Concat(%x, %y) {axis = 0 : i64} : (tensor<?xf32>, tensor<1xf32>) -> tensor<*xf32>
  // expected-error @+1 {{expected equal sizes for dimensions that broadcast, got n+1 and n}}
  %1 = onnx.Add(%0, %x) : (tensor<*xf32>, tensor<?xf32>) -> tensor<*xf32>
  return %1 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<?x3xf32> {squint.dims = ["n", "3"]}, %w: tensor<4x5xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the contraction, got 3 and 4}}
  %0 = onnx.MatMul(%x, %w) : (tensor<?x3xf32>, tensor<4x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x3x2x2xf32>, %w: tensor<8x3x5x5xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a kernel that fits 2 elements, got 5}}
  %0 = onnx.Conv(%x, %w) : (tensor<1x3x2x2xf32>, tensor<8x3x5x5xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x4xf32>, %c: tensor<i1>, %axis: tensor<1xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected both branches to give one count of dimensions, got 3 and 2 (dynamic rank is not supported)}}
  %0 = onnx.If(%c) {
    %one = squint.constant dense<1> : tensor<1xi64>
    %1 = onnx.Unsqueeze(%x, %one) : (tensor<1x4xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.yield %1 : tensor<*xf32>
  }, {
    onnx.yield %x : tensor<1x4xf32>
  } : (tensor<i1>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<?xf32> {squint.dims = ["n"]}, %m: tensor<i64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a body that keeps the shapes of carried values}}
  %0 = onnx.Loop(%m, %x) {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %v: tensor<*xf32>):
    %1 = onnx.Concat(%v, %v, %v) {axis = 0 : i64} : (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
    %2 = onnx.Unsqueeze(%1, %i) : (tensor<*xf32>, tensor<i64>) -> tensor<*xf32>
    onnx.yield %go, %2 : tensor<i1>, tensor<*xf32>
  } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<?xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<6xf32>, %to: tensor<?xi64> {squint.dims = ["n"]}) -> tensor<*xf32> {
  // expected-error @+1 {{expected sizes that follow from shapes, got ones that depend on data}}
  %0 = onnx.Reshape(%x, %to) : (tensor<6xf32>, tensor<?xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<6xf32>) -> tensor<*xf32> {
  %to = squint.constant dense<[4, -1]> : tensor<2xi64>
  // expected-error @+1 {{expected a multiple of 4 for the elements of a size of -1, got 6}}
  %0 = onnx.Reshape(%x, %to) : (tensor<6xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<6xf32>) -> tensor<*xf32> {
  %to = squint.constant dense<[4, 2]> : tensor<2xi64>
  // expected-error @+1 {{expected equal sizes for elements before and after, got 6 and 8}}
  %0 = onnx.Reshape(%x, %to) : (tensor<6xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected an axis of a tensor with 2 dimensions, got 2}}
  %0 = onnx.Concat(%x, %x) {axis = 2 : i64} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<4294967296xf32>) -> tensor<*xf32> {
  %to = squint.constant dense<[4294967296, 4294967296]> : tensor<2xi64>
  // expected-error @+1 {{expected a result of less than 2^53 elements}}
  %0 = onnx.Expand(%x, %to) : (tensor<4294967296xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// The model says another size than the one that follows.
// expected-error @+1 {{result 'y': expected a size of 5 for dimension 1, got 4}}
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> (tensor<*xf32> {squint.dims = ["n", "5"], squint.name = "y"}) {
  %0 = onnx.Relu(%x) : (tensor<?x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// expected-error @+1 {{expected squint.dims for argument 0}}
func.func @main(%x: tensor<?x4xf32>) -> tensor<*xf32> {
  %0 = onnx.Relu(%x) : (tensor<?x4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected an axis of a tensor with 2 dimensions, got 7}}
  %0 = onnx.Softmax(%x) {axis = 7 : i64} : (tensor<2x3xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x8xf32>, %scale: tensor<2x8xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected scale or bias of at most 1 dimensions, got 2}}
  %0 = onnx.RMSNormalization(%x, %scale) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3x4xf32>, %scale: tensor<3xf32>, %bias: tensor<2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the channels, got 2 and 3}}
  %0 = onnx.InstanceNormalization(%x, %scale, %bias) : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3xf32>, %i: tensor<3x3xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected at most 2 indices in dimension 0, got 3}}
  %0 = onnx.GatherElements(%x, %i) {axis = 1 : i64} : (tensor<2x3xf32>, tensor<3x3xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

// Numbers that may be real or complex.
func.func @main(%x: tensor<1x10x?xf32> {squint.dims = ["1", "10", "n"]}) -> tensor<*xf32> {
  // expected-error @+1 {{expected a last dimension that is known to be 1 (real) or 2 (complex), got n}}
  %0 = onnx.DFT(%x) {operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<1x10x?xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x10x3xf32>, %step: tensor<i64>, %w: tensor<4xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected a last dimension of 1 (real) or 2 (complex), got 3}}
  %0 = onnx.STFT(%x, %step, %w) {operandSegmentSizes = array<i32: 1, 1, 1, 0>} : (tensor<1x10x3xf32>, tensor<i64>, tensor<4xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x3xf32>, %t: tensor<2xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected reduction none, mean or sum, got all}}
  %0, %1 = onnx.SoftmaxCrossEntropyLoss(%x, %t) {reduction = "all", operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<2x3xf32>, tensor<2xi64>) -> (tensor<*xf32>, tensor<*xf32>)
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<2x1x4x4xf32>, %g: tensor<1x3x3x2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for images and grids, got 1 and 2}}
  %0 = onnx.GridSample(%x, %g) : (tensor<2x1x4x4xf32>, tensor<1x3x3x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x1x4x0xf32>, %g: tensor<1x3x3x2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected an image with pixels}}
  %0 = onnx.GridSample(%x, %g) : (tensor<1x1x4x0xf32>, tensor<1x3x3x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x1x4x4xf32>, %r: tensor<3x4xf32>, %i: tensor<2xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the regions' images, got 2 and 3}}
  %0 = onnx.RoiAlign(%x, %r, %i) : (tensor<1x1x4x4xf32>, tensor<3x4xf32>, tensor<2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x1x2x2xf32>, %i: tensor<1x1x1x2xi64>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the input and its indices, got 1 and 2}}
  %0 = onnx.MaxUnpool(%x, %i) {kernel_shape = array<i64: 2, 2>, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<1x1x2x2xf32>, tensor<1x1x1x2xi64>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}

// -----

func.func @main(%x: tensor<1x1x3x3xf32>, %w: tensor<1x1x2x2xf32>, %o: tensor<1x4x2x2xf32>) -> tensor<*xf32> {
  // expected-error @+1 {{expected equal sizes for the offsets, got 4 and 8}}
  %0 = onnx.DeformConv(%x, %w, %o) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 0>} : (tensor<1x1x3x3xf32>, tensor<1x1x2x2xf32>, tensor<1x4x2x2xf32>) -> tensor<*xf32>
  return %0 : tensor<*xf32>
}
