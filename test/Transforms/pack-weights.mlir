// RUN: squint-opt %s --squint-pack-weights --store=%t.weights | FileCheck %s
// RUN: squint-opt %s --squint-pack-weights --squint-pack-weights --store=%t.weights | FileCheck %s

// CHECK-LABEL: func.func @gemm
func.func @gemm(%x: tensor<?x8xi8>, %s: tensor<?x1xf32>, %z: tensor<?x1xi32>, %xf: tensor<?x8xf32>, %ids: tensor<?xi64>,
                %y: tensor<?x20xf32>, %rows: tensor<?x8xf32>) -> (tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x8xf32>) {
  // Two panels of 128 bytes of scales and sums, and 2 quads of 16 outputs; both products read the same one.
  // CHECK: %[[W:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 512> : !squint.packed<20x8, "int8:channel,scale=f32", #kernel.panels<16>>
  %w = squint.constant #squint.data<"pack-weights.mlir", 0, 272> : !squint.packed<20x8, "int8:channel,scale=f32">
  // CHECK: %[[F:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 1024> : !squint.packed<20x8, "f32", #kernel.panels<16>>
  // The table stays plain for its other reader.
  // CHECK: %[[T:.*]] = squint.constant #squint.data<"{{.*}}", {{[0-9]+}}, 640> : !squint.packed<20x8, "f32">
  %f = squint.constant #squint.data<"pack-weights.mlir", 64, 640> : !squint.packed<20x8, "f32">
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
  // CHECK: kernel.gather_rows ins(%[[T]],
  %2 = kernel.gather_rows ins(%f, %ids : !squint.packed<20x8, "f32">, tensor<?xi64>) outs(%rows : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0, %1, %2 : tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x8xf32>
}
