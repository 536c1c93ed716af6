// RUN: squint-opt %s --squint-fuse-kernels | FileCheck %s
// RUN: squint-opt %s --squint-fuse-kernels=reference=true | FileCheck %s --check-prefix=REFERENCE

// A weight is read packed, the activation as codes; the bias is the epilogue. Rows are all leading dimensions.
// CHECK-LABEL: func.func @linear
// REFERENCE-LABEL: func.func @linear
func.func @linear(%x: tensor<?x3x4xf32>, %b: tensor<8xf32>) -> tensor<?x3x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 96> : !squint.packed<8x4, "int8:channel,scale=f32">
  %wf = squint.dequantize %w : <8x4, "int8:channel,scale=f32"> -> tensor<8x4xf32>
  %q = squint.quantize %x : tensor<?x3x4xf32> -> <?x3x4, "int8:token,scale=f32">
  %xf = squint.dequantize %q {squint.dims = [["n", "3", "4"]]} : <?x3x4, "int8:token,scale=f32"> -> tensor<?x3x4xf32>
  // CHECK: %[[X:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<?x3x4xf32> into tensor<?x4xf32>
  // CHECK: %[[Q:.*]]:3 = kernel.quantize_rows ins(%[[X]]
  // CHECK: kernel.gemm ins(%[[Q]]#0, %[[Q]]#1, %[[Q]]#2 : {{.*}}) weights(%{{.*}} : !squint.packed<8x4, "int8:channel,scale=f32">) extras(
  // CHECK: arith.addf
  // CHECK: tensor.expand_shape
  // CHECK-NOT: squint.dequantize
  // REFERENCE: kernel.dequantize
  // REFERENCE-NOT: kernel.gemm
  // REFERENCE: math.fma
  %y = squint.linear %xf, %wf bias(%b) {squint.dims = [["n", "3", "8"]]}
      : tensor<?x3x4xf32>, tensor<8x4xf32>, tensor<8xf32> -> tensor<?x3x8xf32>
  return %y : tensor<?x3x8xf32>
}

// Floats alone: the weight is the packed format of its element.
// CHECK-LABEL: func.func @floats
func.func @floats(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  // CHECK: squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  %w = squint.constant #squint.data<"w.bin", 0, 128> : tensor<8x4xf32>
  // CHECK: kernel.gemm ins(%{{.*}} : tensor<?x4xf32>) weights(
  %y = squint.linear %x, %w {squint.dims = [["n", "8"]]} : tensor<?x4xf32>, tensor<8x4xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A static activation is quantized element by element, its padding is the zero point.
// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x6xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 280> : !squint.packed<6x3x3x4, "int8:channel,scale=f32">
  %wf = squint.dequantize %w : <6x3x3x4, "int8:channel,scale=f32"> -> tensor<6x3x3x4xf32>
  %q = squint.quantize %x {scale = 0.5 : f32, zero_point = -3 : i32} : tensor<1x8x8x4xf32> -> <1x8x8x4, "int8:tensor,scale=f32">
  %xf = squint.dequantize %q : <1x8x8x4, "int8:tensor,scale=f32"> -> tensor<1x8x8x4xf32>
  // CHECK: linalg.generic
  // CHECK: arith.maxnumf
  // CHECK: arith.minnumf
  // CHECK: arith.addf
  // CHECK: arith.trunci
  // CHECK: kernel.gemm ins(%{{.*}} : tensor<1x8x8x4xi8>)
  // CHECK-SAME: activation_scale = 5.000000e-01 : f32, activation_zero_point = -3 : i32
  // CHECK-SAME: window = #kernel.window<kernel = [3, 3],{{.*}}out = [8, 8], pad_value = -3>
  %y = squint.conv %xf, %wf strides = [1, 1] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
      : tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32> -> tensor<1x8x8x6xf32>
  return %y : tensor<1x8x8x6xf32>
}

// The patches of single pixels are the image.
// CHECK-LABEL: func.func @pointwise
func.func @pointwise(%x: tensor<2x8x8x4xf32>) -> tensor<2x8x8x6xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 96> : tensor<6x1x1x4xf32>
  // CHECK: %[[X:.*]] = tensor.collapse_shape %arg0 {{\[\[}}0, 1, 2], [3]]
  // CHECK: kernel.gemm ins(%[[X]] : tensor<128x4xf32>)
  // CHECK-NOT: window
  %y = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1
      : tensor<2x8x8x4xf32>, tensor<6x1x1x4xf32> -> tensor<2x8x8x6xf32>
  return %y : tensor<2x8x8x6xf32>
}

// Groups stay loops over floats.
// CHECK-LABEL: func.func @grouped
func.func @grouped(%x: tensor<1x8x8x4xf32>, %w: tensor<4x3x3x1xf32>) -> tensor<1x6x6x4xf32> {
  // CHECK-NOT: kernel.gemm
  // CHECK: linalg.generic
  // CHECK: math.fma
  %y = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 4
      : tensor<1x8x8x4xf32>, tensor<4x3x3x1xf32> -> tensor<1x6x6x4xf32>
  return %y : tensor<1x6x6x4xf32>
}
