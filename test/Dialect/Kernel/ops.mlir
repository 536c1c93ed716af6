// RUN: squint-opt %s | squint-opt | FileCheck %s

// CHECK-LABEL: func.func @floats
func.func @floats(%x: tensor<?x4xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  // CHECK: kernel.gemm ins(%{{.*}} : tensor<?x4xf32>) weights(%{{.*}} : !squint.packed<8x4, "f32">)
  // CHECK-SAME: outs(%{{.*}} : tensor<?x8xf32>) {
  %0 = kernel.gemm ins(%x : tensor<?x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%y : tensor<?x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @codes
func.func @codes(%x: tensor<?x4xf32>, %q: tensor<?x4xi8>, %s: tensor<?x1xf32>, %z: tensor<?x1xi32>,
                 %b: tensor<8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant #squint.data<"w.bin", 0, 96> : !squint.packed<8x4, "int8:channel,scale=f32">
  // CHECK: kernel.quantize_rows
  %c:3 = kernel.quantize_rows ins(%x : tensor<?x4xf32>) outs(%q, %s, %z : tensor<?x4xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
      {format = #squint.format<"int8:token,scale=f32">} -> tensor<?x4xi8>, tensor<?x1xf32>, tensor<?x1xi32>
  // CHECK: attributes {activation_format = #squint.format<"int8:token,scale=f32">}
  %0 = kernel.gemm ins(%c#0, %c#1, %c#2 : tensor<?x4xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
      weights(%w : !squint.packed<8x4, "int8:channel,scale=f32">) extras(%b : tensor<8xf32>) outs(%y : tensor<?x8xf32>)
      attributes {activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32, %bias: f32):
    %1 = arith.addf %acc, %bias : f32
    kernel.yield %1 : f32
  } -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @rotary
func.func @rotary(%x: tensor<?x?x4x16xf32>, %c: tensor<?x?x8xf32>, %y: tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32> {
  // CHECK: kernel.rotary ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) outs(%{{.*}} : tensor<?x?x4x16xf32>) ->
  %0 = kernel.rotary ins(%x, %c, %c : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) outs(%y : tensor<?x?x4x16xf32>) -> tensor<?x?x4x16xf32>
  // CHECK: kernel.rotary {{.*}} interleaved ->
  %1 = kernel.rotary ins(%0, %c, %c : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) outs(%y : tensor<?x?x4x16xf32>) interleaved -> tensor<?x?x4x16xf32>
  return %1 : tensor<?x?x4x16xf32>
}
