// RUN: squint-opt %s --squint-fuse-epilogues --split-input-file | FileCheck %s

#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#last = affine_map<(d0, d1, d2) -> (d2)>

// Residual and activation move into the epilogue, through the split of the rows.
// CHECK-LABEL: func.func @fused
func.func @fused(%x: tensor<6x4xf32>, %r: tensor<2x3x8xf32>, %g: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %zero = arith.constant 0.0 : f32
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  %init = tensor.empty() : tensor<6x8xf32>
  %y = kernel.gemm ins(%x : tensor<6x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%init : tensor<6x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<6x8xf32>
  %z = tensor.expand_shape %y [[0, 1], [2]] output_shape [2, 3, 8] : tensor<6x8xf32> into tensor<2x3x8xf32>
  %e = tensor.empty() : tensor<2x3x8xf32>
  // CHECK: %[[R:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  // CHECK: kernel.gemm {{.*}}extras(%[[R]], %{{.*}} : tensor<6x8xf32>, tensor<8xf32>)
  // CHECK: ^bb0(%[[ACC:.*]]: f32, %[[RES:.*]]: f32, %[[G:.*]]: f32):
  // CHECK: %[[A:.*]] = arith.addf %[[ACC]], %[[RES]]
  // CHECK: %[[B:.*]] = arith.mulf %[[A]], %[[G]]
  // CHECK: %[[C:.*]] = arith.maximumf %[[B]]
  // CHECK: kernel.yield %[[C]]
  // CHECK-NOT: linalg.generic
  %s = linalg.generic {indexing_maps = [#map, #map, #last, #map], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%z, %r, %g : tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<8xf32>) outs(%e : tensor<2x3x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    %1 = arith.mulf %0, %c : f32
    %2 = arith.maximumf %1, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x8xf32>
  return %s : tensor<2x3x8xf32>
}

// -----

#map = affine_map<(d0, d1) -> (d0, d1)>

// A product with two readers stays.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<6x4xf32>) -> (tensor<6x8xf32>, tensor<6x8xf32>) {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  %init = tensor.empty() : tensor<6x8xf32>
  %y = kernel.gemm ins(%x : tensor<6x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%init : tensor<6x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<6x8xf32>
  // CHECK: linalg.generic
  %s = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<6x8xf32>) outs(%init : tensor<6x8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  } -> tensor<6x8xf32>
  return %y, %s : tensor<6x8xf32>, tensor<6x8xf32>
}
