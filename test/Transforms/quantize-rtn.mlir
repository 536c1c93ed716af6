// RUN: squint-opt %s --squint-quantize-rtn --store=%t.weights | FileCheck %s

// CHECK-LABEL: func.func @linear
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
func.func @linear(%x: tensor<?x4xf32> {squint.dims = ["tokens", "4"]})
    -> (tensor<?x3xf32> {squint.dims = ["tokens", "3"]}, tensor<?x3xf32> {squint.dims = ["tokens", "3"]}) {
  // The activation is quantized once, next to where it is made, and so is the weight.
  // CHECK: %[[XC:.*]] = squint.quantize %[[X]] {squint.dims = {{.}}["tokens", "4"]]}
  // CHECK-SAME: -> <?x4, "int8:token,scale=f32">
  // CHECK: %[[XF:.*]] = squint.dequantize %[[XC]] {squint.dims
  // CHECK-SAME: -> tensor<?x4xf32>
  // CHECK: %[[WC:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 76> : !squint.packed<3x4, "int8:channel,scale=f32">
  // CHECK: %[[WF:.*]] = squint.dequantize %[[WC]] : {{.*}} -> tensor<3x4xf32>
  // CHECK-NOT: dense
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<3x4xf32>
  // CHECK: squint.linear %[[XF]], %[[WF]] :
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32", squint.activation_format = "int8:token,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  // CHECK-NEXT: squint.linear %[[XF]], %[[WF]] :
  %1 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32", squint.activation_format = "int8:token,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}

// A constant keeps what else reads it; another constant of the same bytes shares the packed ones.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<?x8xf32>, %ids: tensor<?xi64>)
    -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x8xf32>) {
  // CHECK: squint.constant #squint.data<"[[STORE:.*]]", [[OFFSET:[0-9]+]], 80> : !squint.packed<4x8, "int4:group=4,scale=f16">
  // CHECK: squint.constant dense<1.500000e+00> : tensor<4x8xf32>
  %w = squint.constant dense<1.5> : tensor<4x8xf32>
  // CHECK: squint.constant #squint.data<"[[STORE]]", [[OFFSET]], 80>
  %again = squint.constant dense<1.5> : tensor<4x8xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=4,scale=f16"} : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  %1 = squint.linear %x, %again {squint.weight_format = "int4:group=4,scale=f16"} : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  %2 = squint.embedding %w, %ids : tensor<4x8xf32>, tensor<?xi64> -> tensor<?x8xf32>
  return %0, %1, %2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x8xf32>
}

// The contraction of a conv is all that follows the output channel. Half precision stays the type of what is decoded.
// CHECK-LABEL: func.func @conv
func.func @conv(%x: tensor<1x6x6x2xf16>) -> tensor<1x4x4x3xf16> {
  // codes 3 x 18, padded to 64; 3 x 1 scales to 128; 3 zero points
  // CHECK: squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 131> : !squint.packed<3x3x3x2, "int8:channel,zero-point,scale=f32">
  // CHECK: squint.dequantize {{.*}} -> tensor<3x3x3x2xf16>
  %w = squint.constant dense<0.5> : tensor<3x3x3x2xf16>
  %0 = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1
      {squint.weight_format = "int8:channel,zero-point,scale=f32"} : tensor<1x6x6x2xf16>, tensor<3x3x3x2xf16> -> tensor<1x4x4x3xf16>
  return %0 : tensor<1x4x4x3xf16>
}

// A token of a linear is a row, that of a conv an image, and a table is a weight.
// CHECK-LABEL: func.func @tokens
func.func @tokens(%x: tensor<1x6x6x4xf32>, %ids: tensor<3xi64>)
    -> (tensor<1x6x6x3xf32>, tensor<1x6x6x3xf32>, tensor<3x4xf32>) {
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  %k = squint.constant dense<0.5> : tensor<3x1x1x4xf32>
  // CHECK-DAG: %[[ROWS:.*]] = squint.quantize %{{[^ ]*}} : tensor<1x6x6x4xf32>
  // CHECK-DAG: %[[IMAGE:.*]] = squint.quantize %{{[^ ]*}} {image} : tensor<1x6x6x4xf32>
  // CHECK-DAG: %[[ROWSF:.*]] = squint.dequantize %[[ROWS]]
  // CHECK-DAG: %[[IMAGEF:.*]] = squint.dequantize %[[IMAGE]]
  // CHECK-DAG: %[[TABLE:.*]] = squint.dequantize %{{.*}} -> tensor<3x4xf32>
  // CHECK: squint.linear %[[ROWSF]]
  %0 = squint.linear %x, %w {squint.weight_format = "int8", squint.activation_format = "int8:token"}
      : tensor<1x6x6x4xf32>, tensor<3x4xf32> -> tensor<1x6x6x3xf32>
  // CHECK: squint.conv %[[IMAGEF]]
  %1 = squint.conv %x, %k strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1
      {squint.weight_format = "int8", squint.activation_format = "int8:token"}
      : tensor<1x6x6x4xf32>, tensor<3x1x1x4xf32> -> tensor<1x6x6x3xf32>
  // CHECK: squint.embedding %{{.*}}, %{{.*}} : tensor<3x4xf32>
  %2 = squint.embedding %w, %ids {squint.weight_format = "int8"} : tensor<3x4xf32>, tensor<3xi64> -> tensor<3x4xf32>
  return %0, %1, %2 : tensor<1x6x6x3xf32>, tensor<1x6x6x3xf32>, tensor<3x4xf32>
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
  %0 = squint.linear %x, %w {squint.weight_format = "int8", squint.activation_format = "int8:tensor"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  // CHECK-DAG: squint.quantize %{{.*}} {scale = 2.000000e+00 : f32, zero_point = 0 : i32}
  %1 = squint.linear %y, %w {squint.weight_format = "int8", squint.activation_format = "int8:tensor"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  // CHECK-DAG: squint.quantize %{{.*}} {scale = 1.00392163 : f32, zero_point = -126 : i32}
  %2 = squint.linear %y, %w {squint.weight_format = "int8", squint.activation_format = "int8:tensor,zero-point"}
      : tensor<1x2xf32>, tensor<2x2xf32> -> tensor<1x2xf32>
  return %0, %1, %2 : tensor<1x2xf32>, tensor<1x2xf32>, tensor<1x2xf32>
}
