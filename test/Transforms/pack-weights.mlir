// RUN: squint-opt %s --squint-pack-weights --store=%t.weights | FileCheck %s
// RUN: squint-opt %s --squint-pack-weights --squint-pack-weights --store=%t.weights | FileCheck %s

// CHECK-LABEL: func.func @gemm
func.func @gemm(%x: tensor<?x8xi8>, %s: tensor<?x1xf32>, %z: tensor<?x1xi32>, %xf: tensor<?x8xf32>, %ids: tensor<?xi64>,
                %y: tensor<?x20xf32>, %rows: tensor<?x8xf32>, %all: tensor<20x8xf32>)
    -> (tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<20x8xf32>) {
  // Two panels of 128 bytes of scales and sums, and 2 quads of 16 outputs; what reads rows reads the same one.
  // CHECK-NOT: squint.constant
  // CHECK: %[[W:.*]] = squint.constant #squint.data<"[[W_BYTES:.*]]", {{[0-9]+}}, 512> : !squint.packed<20x8, "int8:channel,scale=f32", #kernel.panels<16>>
  %w = squint.constant #squint.data<"pack-weights.mlir", 0, 272> : !squint.packed<20x8, "int8:channel,scale=f32">
  // CHECK-NEXT: %[[F:.*]] = squint.constant #squint.data<"[[F_BYTES:.*]]", {{[0-9]+}}, 1024> : !squint.packed<20x8, "f32", #kernel.panels<16>>
  %f = squint.constant #squint.data<"pack-weights.mlir", 64, 640> : !squint.packed<20x8, "f32">
  // The bytes of a weight as a tensor.
  // CHECK-NEXT: %[[T:.*]] = squint.constant #squint.data<"[[F_BYTES]]", {{[0-9]+}}, 1024> : !squint.packed<20x8, "f32", #kernel.panels<16>>
  %t = squint.constant #squint.data<"pack-weights.mlir", 64, 640> : tensor<20x8xf32>
  // No product reads them.
  // CHECK-NEXT: %[[P:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 272> : !squint.packed<20x8, "int8:channel,scale=f32">
  %p = squint.constant #squint.data<"pack-weights.mlir", 128, 272> : !squint.packed<20x8, "int8:channel,scale=f32">
  // CHECK-NOT: squint.constant
  // CHECK: kernel.gemm {{.*}}weights(%[[W]] :
  %0 = kernel.gemm ins(%x, %s, %z : tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
      weights(%w : !squint.packed<20x8, "int8:channel,scale=f32">) outs(%y : tensor<?x20xf32>)
      attributes {activation_format = #squint.format<"int8:token,scale=f32">} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
  } -> tensor<?x20xf32>
  // CHECK: kernel.gemm {{.*}}weights(%[[F]] :
  %1 = kernel.gemm ins(%xf : tensor<?x8xf32>) weights(%f : !squint.packed<20x8, "f32">) outs(%y : tensor<?x20xf32>) {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
  } -> tensor<?x20xf32>
  // CHECK: kernel.gather_rows ins(%[[W]],
  %2 = kernel.gather_rows ins(%w, %ids : !squint.packed<20x8, "int8:channel,scale=f32">, tensor<?xi64>) outs(%rows : tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: kernel.gather_rows ins(%[[T]],
  %3 = kernel.gather_rows ins(%t, %ids : tensor<20x8xf32>, tensor<?xi64>) outs(%rows : tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: kernel.gather_rows ins(%[[P]],
  %4 = kernel.gather_rows ins(%p, %ids : !squint.packed<20x8, "int8:channel,scale=f32">, tensor<?xi64>) outs(%rows : tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: kernel.dequantize ins(%[[W]] :
  %5 = kernel.dequantize ins(%w : !squint.packed<20x8, "int8:channel,scale=f32">) outs(%all : tensor<20x8xf32>) -> tensor<20x8xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<20x8xf32>
}
