// RUN: squint-opt %s --squint-quantize-rtn --store=%t.weights | FileCheck %s
// RUN: squint-opt %s --squint-quantize-rtn --squint-forget-originals --store=%t.weights | FileCheck %s --check-prefix=FORGET
// FORGET-NOT: squint.original

// The weight is quantized once and knows what it was. What the activation becomes is another pass's decision.
// CHECK-LABEL: func.func @linear
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
func.func @linear(%x: tensor<?x4xf32>) -> (tensor<?x3xf32>, tensor<?x3xf32>) {
  // CHECK: %[[WC:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 76> : !squint.packed<3x4, "int8:channel,scale=f32">
  // CHECK: %[[WF:.*]] = squint.dequantize %[[WC]] {squint.original = dense<{{\[\[}}1.000000e+00, {{.*}}> : tensor<3x4xf32>}
  // CHECK-SAME: -> tensor<3x4xf32>
  // CHECK-NOT: dense
  %w = squint.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0], [-5.0, 6.0, -7.0, 8.0]]> : tensor<3x4xf32>
  // CHECK: squint.linear %[[X]], %[[WF]] {squint.activation_format = "int8:token,scale=f32"} :
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32", squint.activation_format = "int8:token,scale=f32"}
      : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
  // CHECK-NEXT: squint.linear %[[X]], %[[WF]] :
  %1 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32"}
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

// A table is a weight.
// CHECK-LABEL: func.func @table
func.func @table(%ids: tensor<3xi64>) -> tensor<3x4xf32> {
  %w = squint.constant dense<0.5> : tensor<3x4xf32>
  // CHECK: %[[TABLE:.*]] = squint.dequantize %{{.*}} -> tensor<3x4xf32>
  // CHECK: squint.embedding %[[TABLE]], %{{.*}} : tensor<3x4xf32>
  %0 = squint.embedding %w, %ids {squint.weight_format = "int8"} : tensor<3x4xf32>, tensor<3xi64> -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// The same weight by another rule is other bytes.
// CHECK-LABEL: func.func @ranges
func.func @ranges(%x: tensor<?x4xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  %w = squint.constant dense<[[0.6, -0.4, 1.1, 7.0]]> : tensor<1x4xf32>
  // CHECK: squint.constant #squint.data<"[[S:.*]]", [[A:[0-9]+]], 68>
  // CHECK: squint.constant #squint.data<"[[S]]", [[B:[0-9]+]], 68>
  // CHECK-NOT: squint.method
  %0 = squint.linear %x, %w {squint.weight_format = "int3", squint.method = {name = "rtn", range = "mse"}}
      : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32>
  %1 = squint.linear %x, %w {squint.weight_format = "int3", squint.method = {name = "rtn"}} : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32>
  return %0, %1 : tensor<?x1xf32>, tensor<?x1xf32>
}
