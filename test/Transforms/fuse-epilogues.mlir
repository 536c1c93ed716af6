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

// What is computed from a product that is read elsewhere too is another output of it.
// CHECK-LABEL: func.func @shared
func.func @shared(%x: tensor<6x4xf32>) -> (tensor<6x8xf32>, tensor<6x8xi8>) {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  %init = tensor.empty() : tensor<6x8xf32>
  %codes = tensor.empty() : tensor<6x8xi8>
  // CHECK: %[[Y:.*]]:2 = kernel.gemm {{.*}} outs(%{{.*}}, %{{.*}} : tensor<6x8xf32>, tensor<6x8xi8>)
  // CHECK: ^bb0(%[[ACC:.*]]: f32):
  // CHECK: %[[C:.*]] = arith.fptosi %[[ACC]]
  // CHECK: kernel.yield %[[ACC]], %[[C]] : f32, i8
  // CHECK-NOT: linalg.generic
  // CHECK: return %[[Y]]#0, %[[Y]]#1
  %y = kernel.gemm ins(%x : tensor<6x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%init : tensor<6x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<6x8xf32>
  %s = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<6x8xf32>) outs(%codes : tensor<6x8xi8>) {
  ^bb0(%a: f32, %out: i8):
    %0 = arith.fptosi %a : f32 to i8
    linalg.yield %0 : i8
  } -> tensor<6x8xi8>
  return %y, %s : tensor<6x8xf32>, tensor<6x8xi8>
}

// -----

#map = affine_map<(d0, d1) -> (d0, d1)>

// A product with two readers stays where one of them reads something else besides.
// CHECK-LABEL: func.func @two
func.func @two(%x: tensor<6x4xf32>, %r: tensor<6x8xf32>) -> (tensor<6x8xf32>, tensor<6x8xf32>) {
  %w = squint.constant #squint.data<"w.bin", 0, 128> : !squint.packed<8x4, "f32">
  %init = tensor.empty() : tensor<6x8xf32>
  %y = kernel.gemm ins(%x : tensor<6x4xf32>) weights(%w : !squint.packed<8x4, "f32">) outs(%init : tensor<6x8xf32>) {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<6x8xf32>
  // CHECK: linalg.generic
  %s = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y, %r : tensor<6x8xf32>, tensor<6x8xf32>) outs(%init : tensor<6x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<6x8xf32>
  return %y, %s : tensor<6x8xf32>, tensor<6x8xf32>
}

// -----

#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Depthwise convolutions have epilogues too.
// CHECK-LABEL: func.func @depthwise
// CHECK:         kernel.depthwise {{.*}} extras(%{{.*}} : tensor<1x4x4x8xf32>) outs(%{{.*}} : tensor<1x4x4x8xi8>)
// CHECK:         arith.addf
// CHECK:         arith.fptosi
// CHECK-NOT:   linalg.generic
func.func @depthwise(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>, %r: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xi8> {
  %init = tensor.empty() : tensor<1x4x4x8xf32>
  %codes = tensor.empty() : tensor<1x4x4x8xi8>
  %y = kernel.depthwise ins(%x, %w : tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) outs(%init : tensor<1x4x4x8xf32>)
      attributes {window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1], pads = [1, 1, 1, 1], out = [4, 4], pad_value = 0>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  } -> tensor<1x4x4x8xf32>
  %s = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y, %r : tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) outs(%codes : tensor<1x4x4x8xi8>) {
  ^bb0(%a: f32, %b: f32, %out: i8):
    %0 = arith.addf %a, %b : f32
    %1 = arith.fptosi %0 : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<1x4x4x8xi8>
  return %s : tensor<1x4x4x8xi8>
}

// -----

// Rows that a norm makes are quantized there, and written only where something else reads them.
// CHECK-LABEL: func.func @norm
// CHECK:         %[[N:.*]]:4 = kernel.norm {{.*}} outs({{.*}} : tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<?x8xf32>)
// CHECK-SAME:      activation_format = #squint.format<"int8:token,scale=f32">
// CHECK:         %[[M:.*]]:3 = kernel.norm ins(%[[N]]#3{{.*}} outs({{.*}} : tensor<?x8xi8>, tensor<?x2xf32>, tensor<?x2xi32>)
// CHECK-SAME:      sum_group = 4
// CHECK:         return %[[N]]#0, %[[N]]#1, %[[N]]#2, %[[M]]#0
func.func @norm(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %n: index) -> (tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<?x8xi8>) {
  %0 = tensor.empty(%n) : tensor<?x8xf32>
  %codes = tensor.empty(%n) : tensor<?x8xi8>
  %scale = tensor.empty(%n) : tensor<?x1xf32>
  %sum = tensor.empty(%n) : tensor<?x1xi32>
  %scales = tensor.empty(%n) : tensor<?x2xf32>
  %sums = tensor.empty(%n) : tensor<?x2xi32>
  %y = kernel.norm ins(%x, %g : tensor<?x8xf32>, tensor<8xf32>) outs(%0 : tensor<?x8xf32>) {epsilon = 1.0e-5 : f64} -> tensor<?x8xf32>
  %q:3 = kernel.quantize_rows ins(%y : tensor<?x8xf32>) outs(%codes, %scale, %sum : tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>)
      {format = #squint.format<"int8:token,scale=f32">} -> tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>
  %z = kernel.norm ins(%y, %g : tensor<?x8xf32>, tensor<8xf32>) outs(%0 : tensor<?x8xf32>) {epsilon = 1.0e-5 : f64} -> tensor<?x8xf32>
  %p:3 = kernel.quantize_rows ins(%z : tensor<?x8xf32>) outs(%codes, %scales, %sums : tensor<?x8xi8>, tensor<?x2xf32>, tensor<?x2xi32>)
      {format = #squint.format<"int8:group=4,scale=f32">, sum_group = 4 : i64} -> tensor<?x8xi8>, tensor<?x2xf32>, tensor<?x2xi32>
  return %q#0, %q#1, %q#2, %p#0 : tensor<?x8xi8>, tensor<?x1xf32>, tensor<?x1xi32>, tensor<?x8xi8>
}
