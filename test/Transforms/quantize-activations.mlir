// RUN: squint-opt %s --squint-quantize-activations | FileCheck %s

// The activation is quantized once, next to where it is made; the weight is left alone.
// CHECK-LABEL: func.func @linear
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
func.func @linear(%x: tensor<?x4xf32> {squint.dims = ["tokens", "4"]})
    -> (tensor<?x3xf32> {squint.dims = ["tokens", "3"]}, tensor<?x3xf32> {squint.dims = ["tokens", "3"]}) {
  // CHECK: %[[XC:.*]] = squint.quantize %[[X]] {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK-SAME: -> <?x4, "int8:token,scale=f32">
  // CHECK: %[[XF:.*]] = squint.dequantize %[[XC]] {squint.dims
  // CHECK-SAME: -> tensor<?x4xf32>
  // CHECK: %[[W:.*]] = squint.constant dense
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  // CHECK: squint.linear %[[XF]], %[[W]] {squint.weight_format = "int8:channel,scale=f32"} :
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32", squint.activation_format = "int8:token,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  // CHECK-NEXT: squint.linear %[[XF]], %[[W]] :
  %1 = squint.linear %x, %w {squint.activation_format = "int8:token,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}

// A token of a linear is a row, that of a conv an image.
// CHECK-LABEL: func.func @tokens
func.func @tokens(%x: tensor<1x6x6x4xf32>) -> (tensor<1x6x6x3xf32>, tensor<1x6x6x3xf32>) {
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  %k = squint.constant dense<0.5> : tensor<3x1x1x4xf32>
  // CHECK-DAG: %[[ROWS:.*]] = squint.quantize %{{[^ ]*}} : tensor<1x6x6x4xf32>
  // CHECK-DAG: %[[IMAGE:.*]] = squint.quantize %{{[^ ]*}} {image} : tensor<1x6x6x4xf32>
  // CHECK-DAG: %[[ROWSF:.*]] = squint.dequantize %[[ROWS]]
  // CHECK-DAG: %[[IMAGEF:.*]] = squint.dequantize %[[IMAGE]]
  // CHECK: squint.linear %[[ROWSF]]
  %0 = squint.linear %x, %w {squint.activation_format = "int8:token"}
      : tensor<1x6x6x4xf32>, tensor<3x4xf32> -> tensor<1x6x6x3xf32>
  // CHECK: squint.conv %[[IMAGEF]]
  %1 = squint.conv %x, %k strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1
      {squint.activation_format = "int8:token"}
      : tensor<1x6x6x4xf32>, tensor<3x1x1x4xf32> -> tensor<1x6x6x3xf32>
  return %0, %1 : tensor<1x6x6x3xf32>, tensor<1x6x6x3xf32>
}

// Statistics give static scales and leave; a range without negative values uses all 256 codes.
// CHECK-NOT: squint.statistics
squint.statistics "positive" min = 0.0 max = 255.0 by "min-max" samples = 2
squint.statistics "signed" min = -2.0 max = 254.0 by "min-max" samples = 2
// CHECK-LABEL: func.func @static
func.func @static(%x: tensor<1x2xf32> {squint.name = "positive"}, %y: tensor<1x2xf32> {squint.name = "signed"})
    -> (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // CHECK-DAG: squint.quantize %{{.*}} {scale = 1.000000e+00 : f32, zero_point = -128 : i32} : tensor<1x2xf32> -> <1x2, "int8:tensor,scale=f32">
  %0 = squint.linear %x, %w {squint.activation_format = "int8:tensor"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  // CHECK-DAG: squint.quantize %{{.*}} {scale = 2.000000e+00 : f32, zero_point = 0 : i32}
  %1 = squint.linear %y, %w {squint.activation_format = "int8:tensor"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  // CHECK-DAG: squint.quantize %{{.*}} {scale = 1.00392163 : f32, zero_point = -126 : i32}
  %2 = squint.linear %y, %w {squint.activation_format = "int8:tensor,zero-point"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  return %0, %1, %2 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}

// What the model has rounded itself needs no samples: its grid is taken, with signed codes.
// CHECK-LABEL: func.func @rounded
func.func @rounded(%x: tensor<3x4xf32>) -> (tensor<4x3xf32>, tensor<3x3xf32>) {
  %s = squint.constant dense<0.5> : tensor<f32>
  %z = squint.constant dense<3> : tensor<ui8>
  %w = squint.constant dense<0.5> : tensor<3x3xf32>
  %v = squint.constant dense<0.5> : tensor<3x4xf32>
  // CHECK: %[[F:.*]] = squint.fake_quantize
  %0 = squint.fake_quantize %x scale(%s) zero_point(%z) codes = [0, 255] : tensor<3x4xf32>, tensor<f32>, tensor<ui8> -> tensor<3x4xf32>
  // CHECK: squint.quantize %[[F]] {scale = 5.000000e-01 : f32, zero_point = -125 : i32}
  // CHECK: %[[T:.*]] = onnx.Transpose
  %1 = onnx.Transpose(%0) {perm = array<i64: 1, 0>} : (tensor<3x4xf32>) -> tensor<4x3xf32>
  // CHECK: squint.quantize %[[T]] {scale = 5.000000e-01 : f32, zero_point = -125 : i32}
  %2 = squint.linear %1, %w {squint.activation_format = "int8:tensor"} : tensor<4x3xf32>, tensor<3x3xf32> -> tensor<4x3xf32>
  %3 = squint.linear %0, %v {squint.activation_format = "int8:tensor"} : tensor<3x4xf32>, tensor<3x4xf32> -> tensor<3x3xf32>
  return %2, %3 : tensor<4x3xf32>, tensor<3x3xf32>
}
