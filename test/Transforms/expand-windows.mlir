// RUN: squint-opt %s --squint-expand-windows --split-input-file | FileCheck %s

// On a GPU, patches are a matrix; where they leave the image they have the padding.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func @codes
  // CHECK: %[[N:.*]] = tensor.dim %arg0, %c0
  // CHECK: %[[INIT:.*]] = tensor.empty(%[[N]]) : tensor<?x4x4x3x3x2xi8>
  // CHECK: %[[ALL:.*]] = linalg.generic {{.*}} outs(%[[INIT]]
  // CHECK-DAG: %[[OY:.*]] = linalg.index 1
  // CHECK-DAG: %[[I:.*]] = linalg.index 3
  // CHECK: %[[ROW:.*]] = arith.cmpi ule, %{{.*}}, %{{.*}} : index
  // CHECK: arith.maxsi
  // CHECK: arith.minsi
  // CHECK: %[[CODE:.*]] = tensor.extract %arg0
  // CHECK: arith.select %[[ROW]], %[[CODE]], %c-3_i8
  // CHECK: %[[PATCHES:.*]] = tensor.collapse_shape %[[ALL]] {{\[\[}}0, 1, 2], [3, 4, 5]] : tensor<?x4x4x3x3x2xi8> into tensor<?x18xi8>
  // CHECK: %[[GROUPS:.*]] = tensor.expand_shape %[[PATCHES]]
  // CHECK-SAME: into tensor<?x1x18xi8>
  // CHECK: %[[SUMS:.*]] = linalg.generic {{.*}}"reduction"]} ins(%[[GROUPS]]
  // CHECK: kernel.gemm ins(%[[PATCHES]], %arg1, %[[SUMS]] : tensor<?x18xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
  // CHECK-NOT: window
  // CHECK-SAME: outs
  func.func @codes(%x: tensor<?x8x8x2xi8>, %scales: tensor<?x1xf32>, %w: !squint.packed<4x3x3x2, "int8:channel,scale=f32">, %init: tensor<?x4xf32>) -> tensor<?x4xf32> {
    %y = kernel.gemm ins(%x, %scales : tensor<?x8x8x2xi8>, tensor<?x1xf32>) weights(%w : !squint.packed<4x3x3x2, "int8:channel,scale=f32">)
        outs(%init : tensor<?x4xf32>) attributes {activation_format = #squint.format<"int8:token,scale=f32">,
        window = #kernel.window<kernel = [3, 3], strides = [2, 2], dilations = [1, 1], pads = [1, 1, 0, 0], out = [4, 4], pad_value = -3>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    } -> tensor<?x4xf32>
    return %y : tensor<?x4xf32>
  }
}

// -----

// Without padding every position is inside; floats have no sums.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func @floats
  // CHECK-NOT: arith.cmpi
  // CHECK: %[[PATCHES:.*]] = tensor.collapse_shape
  // CHECK: kernel.gemm ins(%[[PATCHES]] : tensor<18x8xf32>)
  func.func @floats(%x: tensor<2x4x4x2xf32>, %w: !squint.packed<4x2x2x2, "int8:channel,scale=f32">, %init: tensor<18x4xf32>) -> tensor<18x4xf32> {
    %y = kernel.gemm ins(%x : tensor<2x4x4x2xf32>) weights(%w : !squint.packed<4x2x2x2, "int8:channel,scale=f32">)
        outs(%init : tensor<18x4xf32>) attributes {
        window = #kernel.window<kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], out = [3, 3], pad_value = 0>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    } -> tensor<18x4xf32>
    return %y : tensor<18x4xf32>
  }
}

// -----

// Processors write patches out next to the product.

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v4", "">]} {
  // CHECK-LABEL: func.func @processor
  // CHECK: kernel.gemm ins(%arg0 : tensor<2x4x4x2xf32>)
  // CHECK-SAME: window
  func.func @processor(%x: tensor<2x4x4x2xf32>, %w: !squint.packed<4x2x2x2, "int8:channel,scale=f32">, %init: tensor<18x4xf32>) -> tensor<18x4xf32> {
    %y = kernel.gemm ins(%x : tensor<2x4x4x2xf32>) weights(%w : !squint.packed<4x2x2x2, "int8:channel,scale=f32">)
        outs(%init : tensor<18x4xf32>) attributes {
        window = #kernel.window<kernel = [2, 2], strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], out = [3, 3], pad_value = 0>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    } -> tensor<18x4xf32>
    return %y : tensor<18x4xf32>
  }
}
