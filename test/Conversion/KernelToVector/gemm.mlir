// RUN: squint-opt %s --convert-kernel-to-vector --split-input-file | FileCheck %s

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v4", "+avx512vnni">]} {

// A unit is up to 64 rows and 4 panels. A single row is read panel by panel, more in even tiles of up to 10 rows x 2 panels;
// the sums go to the epilogue through scratch memory.
// CHECK-LABEL: func.func @codes
//  CHECK-SAME:   %[[BEGIN:[a-z0-9]+]]: index, %[[END:[a-z0-9]+]]: index)
//       CHECK:   %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<320xi32>
//       CHECK:   scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
//       CHECK:     scf.if
//       CHECK:       scf.index_switch
//       CHECK:       case 10 {
//       CHECK:         scf.for {{.*}} iter_args
//       CHECK:           vector.load %{{.*}} {alignment = 64 : i64} : memref<?xi8>, vector<64xi8>
//       CHECK:           vector.load %{{.*}} : memref<{{[0-9]+}}x16xi8, strided<[384, 1], offset: ?>>, vector<4xi8>
//       CHECK:           kernel.dot %{{.*}} {input_max = 127 : i32, input_min = -127 : i32, weight_max = 255 : i32, weight_min = 0 : i32}
// The epilogue, once for both panels of a tile: acc * sx * sw + bias, then relu.
//       CHECK:       %[[SUM:.*]] = vector.load %[[SUMS]]{{.*}} : memref<320xi32>, vector<16xi32>
//       CHECK:       arith.subi %[[SUM]]
//       CHECK:       arith.sitofp
//       CHECK:       arith.mulf
//       CHECK:       arith.mulf
//       CHECK:       arith.addf %{{.*}} : vector<16xf32>
//       CHECK:       arith.maximumf %{{.*}} : vector<16xf32>
//       CHECK:       vector.store
func.func @codes(%x: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %b: memref<1536xf32>,
                 %y: memref<?x1536xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>)
      extras(%b : memref<1536xf32>) outs(%y : memref<?x1536xf32>)
      attributes {weight_type = !squint.packed<1536x384, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32, %bias: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.addf %acc, %bias : f32
    %1 = arith.maximumf %0, %zero : f32
    kernel.yield %1 : f32
  }
  return
}
}

// -----

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]} {

// Groups: the integer sum starts at - 8 * (sum of the group's activations), 16-bit sums carry 32 products, then one multiply-add.
// CHECK-LABEL: func.func @groups
//       CHECK:   memref.alloca() {alignment = 64 : i64} : memref<{{.*}}xf32>
//       CHECK:   scf.for {{.*}} iter_args
//       CHECK:     %[[SCALES:.*]] = arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
//       CHECK:     kernel.dot_pairs %{{.*}} {input_max = 127 : i32, input_min = -127 : i32, weight_max = 15 : i32, weight_min = 0 : i32}
//       CHECK:     %[[SUM:.*]] = kernel.add_pairs
//       CHECK:     %[[FLOAT:.*]] = arith.sitofp
//       CHECK:     math.fma %[[FLOAT]], %[[SCALES]]
func.func @groups(%x: memref<?x128xi8>, %s: memref<?x1xf32>, %z: memref<?x4xi32>, %w: memref<?xi8>,
                  %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x128xi8>, memref<?x1xf32>, memref<?x4xi32>) weights(%w : memref<?xi8>)
      outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x128, "int4:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// CHECK-LABEL: func.func @floats
//       CHECK:   scf.for {{.*}} iter_args
//       CHECK:     %[[W:.*]] = vector.bitcast %{{.*}} : vector<64xi8> to vector<16xf32>
//       CHECK:     %[[X:.*]] = memref.load
//       CHECK:     %[[XS:.*]] = vector.broadcast %[[X]] : f32 to vector<16xf32>
//       CHECK:     math.fma %[[XS]], %[[W]]
// The last panel has 5 outputs.
//       CHECK:   vector.maskedstore
func.func @floats(%x: memref<?x128xf32>, %w: memref<?xi8>, %y: memref<?x21xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x128xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x21xf32>)
      attributes {weight_type = !squint.packed<21x128, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}

// -----

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64", "">]} {

// Without FMA a multiply-add is two roundings, and not a call of fmaf for each element.
// CHECK-LABEL: func.func @no_fma
//   CHECK-NOT:   math.fma
//       CHECK:   arith.mulf
//       CHECK:   arith.addf
func.func @no_fma(%x: memref<?x8xf32>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x8xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x8, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// A function's own target comes first.
// CHECK-LABEL: func.func @own_target
//       CHECK:   math.fma
func.func @own_target(%x: memref<?x8xf32>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index)
    attributes {kernel.body, squint.target = #squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">} {
  kernel.gemm ins(%x : memref<?x8xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x8, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
