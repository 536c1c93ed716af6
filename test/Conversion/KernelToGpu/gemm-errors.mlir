// RUN: not squint-opt %s --convert-kernel-to-gpu 2>&1 | FileCheck %s

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK: error: expected a tile that there is a kernel for, got 48x64 in 2 stages
  func.func private @tile(%x: memref<?x2048xf32>, %w: memref<?xi8>, %y: memref<?x32xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x : memref<?x2048xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x32xf32>)
        attributes {tile = {outputs = 64, rows = 48, split = 1, stages = 2}, weight_type = !squint.packed<32x2048, "int4:group=32,scale=f16", #kernel.fragments<f16>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}
