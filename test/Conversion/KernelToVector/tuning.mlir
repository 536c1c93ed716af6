// Sizes that stand in for those of the target's table and of the planner.
// RUN: squint-opt %s --convert-kernel-to-vector | FileCheck %s --check-prefix=MODEL
// RUN: squint-opt %s --convert-kernel-to-vector="tuning=streams=2,rows=3,panels=4,prefetch-bytes=1024,prefetch-rows=3" | FileCheck %s --check-prefix=TUNED
// RUN: not squint-opt %s --convert-kernel-to-vector=tuning=rows=3,columns=16 2>&1 | FileCheck %s --check-prefix=ERROR

// ERROR: tuning: expected streams, prefetch-bytes, prefetch-rows, rows or panels with a number of at least 1, got 'columns=16'
module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]} {

// Scratch memory holds the sums of a tile: rows x panels x 16.
// MODEL-LABEL: func.func @codes
//       MODEL:   memref.alloca() {{.*}} : memref<64xi32>
//   MODEL-NOT:   memref.prefetch
// TUNED-LABEL: func.func @codes
//       TUNED:   memref.alloca() {{.*}} : memref<192xi32>
//       TUNED:   case 3 {
//       TUNED:     memref.prefetch
//       TUNED:   case 1 {
//   TUNED-NOT:     memref.prefetch
func.func @codes(%x: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index,
                 %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
