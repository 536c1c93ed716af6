// RUN: squint-opt %s --convert-kernel-to-vector | FileCheck %s
// RUN: sed -e s/x86-64-v3/znver4/ %s | squint-opt --convert-kernel-to-vector | FileCheck %s --check-prefix=VNNI

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]} {

// Three lines of the image go to scratch memory, of which the rows of a line of the output are views: their distance is a pixel. There
// are no sums: symmetric weights are signed here, and where vpdpbusd multiplies the activations are unsigned.
// CHECK-LABEL: func.func @codes
//       CHECK:   memref.alloca() {alignment = 64 : i64} : memref<1696xi8>
//       CHECK:   vector.load %{{.*}} : memref<?xi8>, vector<64xi8>
//  VNNI-LABEL: func.func @codes
//        VNNI:   %[[CODES:.*]] = vector.load %{{.*}} : memref<?xi8>, vector<64xi8>
//        VNNI:   %[[BYTES:.*]] = arith.xori %[[CODES]]
//        VNNI:   vector.store %[[BYTES]], %{{.*}} : memref<1696xi8>, vector<64xi8>
//        VNNI:   kernel.dot {{.*}}input_max = 255 : i32, input_min = 0 : i32, weight_max = 127 : i32, weight_min = -128 : i32
//       CHECK:   vector.store %{{.*}} : memref<1696xi8>, vector<64xi8>
//   CHECK-NOT:   memref.store
//       CHECK:   memref.reinterpret_cast %{{.*}} strides: [16, 1]
//       CHECK:   kernel.dot {{.*}}input_max = 127
func.func @codes(%x: memref<?x32x32x16xi8>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x32x32x16xi8>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x144, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:tensor,scale=f32">, activation_scale = 0.5 : f32, activation_zero_point = -128 : i32,
                  window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1],
                                          pads = [1, 1, 1, 1], out = [32, 32], pad_value = -128>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// Four pixels at a time within the image; lanes are channels.
// CHECK-LABEL: func.func @depthwise
//       CHECK:   scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-12:  math.fma
//       CHECK:   vector.maskedload
func.func @depthwise(%x: memref<?x8x8x40xf32>, %w: memref<3x3x40xf32>, %y: memref<?x8x8x40xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.depthwise ins(%x, %w : memref<?x8x8x40xf32>, memref<3x3x40xf32>) outs(%y : memref<?x8x8x40xf32>)
      attributes {window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1],
                                          pads = [1, 1, 1, 1], out = [8, 8], pad_value = 0>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// Keys are transposed 8 by 8; scores never leave the tile's scratch memory.
// CHECK-LABEL: func.func @attention
//   CHECK-DAG:   memref.alloca() {alignment = 64 : i64} : memref<4096xf32>
//   CHECK-DAG:   memref.alloca() {alignment = 64 : i64} : memref<512xf32>
//       CHECK:   vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
//       CHECK:   math.fma
//       CHECK:   math.exp %{{.*}} : vector<16xf32>
//       CHECK:   math.fma
//       CHECK:   arith.divf
func.func @attention(%q: memref<?x?x12x32xf32>, %k: memref<?x?x12x32xf32>, %v: memref<?x?x12x32xf32>, %m: memref<?x1x1x?xf32>,
                     %y: memref<?x?x12x32xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.attention ins(%q, %k, %v mask(%m) : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x1x1x?xf32>)
      outs(%y : memref<?x?x12x32xf32>) scale = 0.176776692
  return
}

}
