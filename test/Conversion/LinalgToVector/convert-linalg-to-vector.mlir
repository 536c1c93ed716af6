// RUN: squint-opt %s --convert-linalg-to-vector | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>

// Two contiguous loops are one; a unit is 1024 elements.
// CHECK-LABEL: func.func private @collapsed
// CHECK: arith.constant 1024
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK: scf.for
// CHECK: memref.store
// CHECK-NOT: linalg
func.func private @collapsed(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// What is the same for a row is loaded, and computed, once outside of the vectors.
// CHECK-LABEL: func.func private @uniform
// CHECK: %[[S:.*]] = memref.load
// CHECK: math.sqrt %[[S]] : f32
// CHECK: scf.for
// CHECK: vector.broadcast
// CHECK: arith.divf {{.*}} : vector<16xf32>
func.func private @uniform(%x: memref<?x64xf32>, %s: memref<?xf32>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : memref<?x64xf32>, memref<?xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = math.sqrt %b : f32
    %1 = arith.divf %a, %0 : f32
    linalg.yield %1 : f32
  }
  return
}

// Blocks of 8 x 8 are transposed in registers.
// CHECK-LABEL: func.func private @transpose
// CHECK-COUNT-8: vector.load {{.*}} vector<8xf32>
// CHECK-COUNT-24: vector.shuffle
// CHECK-COUNT-8: vector.store {{.*}} vector<8xf32>
func.func private @transpose(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// 16 lanes, a masked remainder, one tree.
// CHECK-LABEL: func.func private @reduce
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: vector.maskedload
// CHECK: arith.select
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
func.func private @reduce(%x: memref<?x?xf32>, %y: memref<?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}

// A sum over rows runs down the columns of a vector, in order.
// CHECK-LABEL: func.func private @columns
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>)
func.func private @columns(%x: memref<?x?xf32>, %y: memref<?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %o, %a : f32
    linalg.yield %0 : f32
  }
  return
}
