// RUN: squint-opt %s --convert-kernel-to-vector | FileCheck %s

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]} {

// The largest magnitude as an integer, so that NaN is the largest; codes are clamped, then rounded by adding 1.5 * 2^23.
// CHECK-LABEL: func.func @quantize_rows
//       CHECK:   scf.for
//       CHECK:     arith.maxsi %{{.*}} : vector<16xi32>
//       CHECK:     %[[SCALE:.*]] = arith.divf %{{.*}} : f32
//       CHECK:     memref.store %[[SCALE]]
//       CHECK:     arith.maxnumf
//       CHECK:     arith.minnumf
//       CHECK:     arith.addf
//       CHECK:     arith.trunci %{{.*}} : vector<16xi32> to vector<16xi8>
//       CHECK:     memref.store %{{.*}} : memref<?x1xi32>
func.func @quantize_rows(%x: memref<?x384xf32>, %q: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %begin: index,
                         %end: index) attributes {kernel.body} {
  kernel.quantize_rows ins(%x : memref<?x384xf32>) outs(%q, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>)
      {format = #squint.format<"int8:token,scale=f32">}
  return
}

// 16 lanes and the tree 8, 4, 2, 1.
// CHECK-LABEL: func.func @norm
//       CHECK:   scf.for
//       CHECK:     scf.for {{.*}} iter_args(%{{.*}}) -> (vector<16xf32>)
//       CHECK:     vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
//       CHECK:     arith.addf %{{.*}} : vector<8xf32>
//       CHECK:     arith.addf %{{.*}} : vector<4xf32>
//       CHECK:     arith.addf %{{.*}} : vector<2xf32>
//       CHECK:     arith.addf %{{.*}} : vector<1xf32>
//       CHECK:     math.fma
//       CHECK:     math.sqrt
//       CHECK:     arith.divf
//       CHECK:     vector.store
func.func @norm(%x: memref<?x384xf32>, %s: memref<384xf32>, %b: memref<384xf32>, %y: memref<?x384xf32>, %begin: index,
                %end: index) attributes {kernel.body} {
  kernel.norm ins(%x, %s, %b : memref<?x384xf32>, memref<384xf32>, memref<384xf32>) outs(%y : memref<?x384xf32>)
      {centered, epsilon = 1.0e-12 : f64}
  return
}

// A row of any length: what remains at the end is masked, and counts as 0.
// CHECK-LABEL: func.func @softmax
//       CHECK:   arith.maximumf
//       CHECK:   scf.if
//       CHECK:     vector.maskedload
//       CHECK:   math.exp %{{.*}} : vector<16xf32>
func.func @softmax(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.softmax ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
  return
}

// The function returns the status of the lowest index.
// CHECK-LABEL: func.func @gather_rows
//       CHECK:   %[[STATUS:.*]] = scf.for {{.*}} -> (i32)
//       CHECK:     arith.cmpi ult
//       CHECK:   return %[[STATUS]] : i32
func.func @gather_rows(%t: memref<9x48xf32>, %i: memref<?xi64>, %y: memref<?x48xf32>, %begin: index, %end: index) -> i32
    attributes {kernel.body} {
  %ok = arith.constant 0 : i32
  kernel.gather_rows ins(%t, %i : memref<9x48xf32>, memref<?xi64>) outs(%y : memref<?x48xf32>)
  return %ok : i32
}

// CHECK-LABEL: func.func @dequantize
//       CHECK:   vector.interleave %{{.*}} : vector<8xi8> -> vector<16xi8>
//       CHECK:   arith.sitofp
//       CHECK:   arith.mulf
func.func @dequantize(%w: memref<?xi8>, %y: memref<64x128xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.dequantize ins(%w : memref<?xi8>) outs(%y : memref<64x128xf32>)
      {weight_type = !squint.packed<64x128, "int4:group=32,scale=f16">}
  return
}

// CHECK-LABEL: func.func @batch_matmul
//       CHECK:   scf.index_switch
//       CHECK:     scf.for {{.*}} iter_args
//       CHECK:       math.fma
func.func @batch_matmul(%x: memref<?x?x32xf32>, %w: memref<?x32x?xf32>, %y: memref<?x?x?xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  linalg.batch_matmul ins(%x, %w : memref<?x?x32xf32>, memref<?x32x?xf32>) outs(%y : memref<?x?x?xf32>)
  return
}
}
