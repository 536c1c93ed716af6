// Rows of a tile get their epilogue while the next tile's products are computed, where registers are left for that.
// RUN: sed -e s/CPU/znver4/ %s | squint-opt --convert-kernel-to-vector --canonicalize --cse | FileCheck %s
// RUN: sed -e s/CPU/x86-64-v3/ %s | squint-opt --convert-kernel-to-vector --canonicalize --cse | FileCheck %s --check-prefix=NARROW

// CHECK-LABEL: func.func @linear
// CHECK:         memref.alloca() {{.*}} : memref<3xindex>
// CHECK:         scf.index_switch
// CHECK:         scf.for %{{.*}} = %c0 to %c6 step %c1 iter_args(
// CHECK:           scf.if
// CHECK:             arith.sitofp
// CHECK:             arith.maximumf
// CHECK:             vector.store
// CHECK:           kernel.dot
// CHECK:           scf.yield
// What is left when all units are done.
// CHECK:         %[[LEFT:.*]] = memref.load %{{.*}}[%c0] : memref<3xindex>
// CHECK:         scf.for %{{.*}} = %c0 to %[[LEFT]] step %c1 {
// CHECK:           arith.maximumf
// CHECK:         memref.store %c0, %{{.*}}[%c0] : memref<3xindex>
// CHECK:         return

// The last panel has a mask.
// CHECK-LABEL: func.func @tail
// CHECK-NOT:     memref<3xindex>

// NARROW-NOT:  memref<3xindex>
module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {
func.func @linear(%x: memref<?x96xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x32xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x96xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x32xf32>)
      attributes {weight_type = !squint.packed<32x96, "int8:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.maximumf %acc, %zero : f32
    kernel.yield %0 : f32
  }
  return
}
func.func @tail(%x: memref<?x96xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x40xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x96xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x40xf32>)
      attributes {weight_type = !squint.packed<40x96, "int8:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
