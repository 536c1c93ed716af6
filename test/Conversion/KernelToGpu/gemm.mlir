// RUN: squint-opt %s --convert-kernel-to-gpu --split-input-file | FileCheck %s

// Few rows of activations: eight warps share the k of 16 outputs, weights go straight to registers, and a decoded pair of codes
// is one lop3 and one subtraction.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @few
  // CHECK-SAME: kernel.block = 256
  // CHECK: scf.for
  // CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<?xi8>, vector<16xi8>
  // CHECK: llvm.inline_asm {{.*}}"lop3.b32 $0, $1, $2, $3, 0xea;"
  // CHECK: arith.subf %{{.*}} : vector<2xf16>
  // CHECK: llvm.inline_asm {{.*}}"cvt.rn.f16x2.f32 $0, $1, $2;"
  // CHECK: nvvm.mma.sync A[{{.*}} shape = #nvvm.shape<m = 16, n = 8, k = 16>
  // CHECK: math.fma
  // CHECK: nvvm.barrier0
  // CHECK: memref.store
  func.func private @few(%x: memref<?x2048xf32>, %w: memref<?xi8>, %y: memref<?x32xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x : memref<?x2048xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x32xf32>)
        attributes {tile = {outputs = 16, rows = 8, split = 8, stages = 4}, weight_type = !squint.packed<32x2048, "int4:group=32,scale=f16", #kernel.fragments<f16>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// Three bits: 16 bytes of low bits for each lane, then 8 of high ones; a pair is two lop3.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @planes
  // CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<?xi8>, vector<16xi8>
  // CHECK: vector.load %{{.*}} {alignment = 8 : i64} : memref<?xi8>, vector<8xi8>
  // CHECK: %[[LOW:.*]] = llvm.inline_asm {{.*}}"lop3.b32 $0, $1, $2, $3, 0xea;"
  // CHECK: llvm.inline_asm {{.*}}"lop3.b32 $0, $1, $2, $3, 0xea;"{{.*}} %{{.*}}, %{{.*}}, %[[LOW]] :
  // CHECK: nvvm.mma.sync A[{{.*}} shape = #nvvm.shape<m = 16, n = 8, k = 16>
  func.func private @planes(%x: memref<?x2048xf32>, %w: memref<?xi8>, %y: memref<?x32xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x : memref<?x2048xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x32xf32>)
        attributes {tile = {outputs = 16, rows = 8, split = 8, stages = 4}, weight_type = !squint.packed<32x2048, "int3:group=32,scale=f16", #kernel.fragments<f16>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// Many rows: activations in shared memory, read as matrices.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @many
  // CHECK-SAME: kernel.block = 128
  // CHECK: scf.for
  // CHECK: nvvm.barrier0
  // CHECK: nvvm.ldmatrix
  // CHECK: nvvm.mma.sync
  // CHECK-NOT: wgmma
  func.func private @many(%x: memref<?x2048xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x : memref<?x2048xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
        attributes {tile = {outputs = 64, rows = 64, split = 1, stages = 2}, weight_type = !squint.packed<64x2048, "nf4:group=64,scale=f16", #kernel.fragments<f16>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// The same with products of four warps, whose sums wait for nothing but the end of a group.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_90a", "+ptx84">]} {
  // CHECK-LABEL: func.func private @grouped
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"fence.proxy.async.shared::cta;"
  // CHECK: llvm.inline_asm has_side_effects {{.*}}"wgmma.fence.sync.aligned;{{.*}}wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {
  // CHECK: nvvm.wgmma.commit.group.sync.aligned
  // CHECK: nvvm.wgmma.wait.group.sync.aligned 0
  func.func private @grouped(%x: memref<?x2048xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x : memref<?x2048xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
        attributes {tile = {outputs = 64, rows = 64, split = 1, stages = 2}, weight_type = !squint.packed<64x2048, "int4:group=128,scale=f16", #kernel.fragments<f16>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// Codes times codes: integer products, activations copied to shared memory behind the computation's back.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @bytes
  // CHECK: nvvm.cp.async.shared.global
  // CHECK: nvvm.cp.async.commit.group
  // CHECK: nvvm.cp.async.wait.group 0
  // CHECK: nvvm.ldmatrix
  // CHECK: nvvm.mma.sync A[{{.*}}intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>{{.*}} shape = #nvvm.shape<m = 16, n = 8, k = 32>
  func.func private @bytes(%x: memref<?x2048xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x, %s, %z : memref<?x2048xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
        attributes {activation_format = #squint.format<"int8:token,scale=f32">, tile = {outputs = 64, rows = 64, split = 1, stages = 2},
                    weight_type = !squint.packed<64x2048, "int4:group=32,scale=f16", #kernel.fragments<i8>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// Codes of 8-bit floats are operands as they are. The sums of four chunks are added up in f32.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_89", "+ptx84">]} {
  // CHECK-LABEL: func.func private @floats
  // CHECK-COUNT-4: llvm.call_intrinsic "llvm.nvvm.mma.m16n8k32.row.col.f32.e5m2.e4m3.f32"
  // CHECK-NOT: llvm.call_intrinsic
  // CHECK-COUNT-4: arith.addf
  func.func private @floats(%x: memref<?x2048xi8>, %s: memref<?x1xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x, %s : memref<?x2048xi8>, memref<?x1xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
        attributes {activation_format = #squint.format<"f8e4m3:token,scale=f32">, tile = {outputs = 16, rows = 8, split = 8, stages = 4},
                    weight_type = !squint.packed<64x2048, "f8e5m2:channel,scale=f32", #kernel.fragments<i8>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_90a", "+ptx84">]} {
  // CHECK-LABEL: func.func private @grouped_floats
  // CHECK-COUNT-4: "wgmma.fence.sync.aligned;{{.*}}wgmma.mma_async.sync.aligned.m64n64k32.f32.e5m2.e4m3 {{.*}}, 1, 1, 1;"
  // CHECK: arith.addf
  func.func private @grouped_floats(%x: memref<?x2048xi8>, %s: memref<?x1xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x, %s : memref<?x2048xi8>, memref<?x1xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
        attributes {activation_format = #squint.format<"f8e4m3:token,scale=f32">, tile = {outputs = 64, rows = 64, split = 1, stages = 2},
                    weight_type = !squint.packed<64x2048, "f8e5m2:channel,scale=f32", #kernel.fragments<i8>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// A tile of 128 by 128 takes eight warps: with wgmma, two groups of four that read the same activations, in three buffers.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_90a", "+ptx84">]} {
  // CHECK-LABEL: func.func private @large
  // CHECK-SAME: kernel.block = 256
  // CHECK-SAME: kernel.resident_blocks = 1
  // CHECK-COUNT-2: nvvm.cp.async.commit.group
  // CHECK: nvvm.cp.async.wait.group 1
  // CHECK: "wgmma.fence.sync.aligned;{{.*}}wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 {
  func.func private @large(%x: memref<?x2048xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x128xf32>, %begin: index, %end: index) attributes {kernel.body} {
    kernel.gemm ins(%x, %s, %z : memref<?x2048xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x128xf32>)
        attributes {activation_format = #squint.format<"int8:token,scale=f32">, tile = {outputs = 128, rows = 128, split = 1, stages = 3},
                    weight_type = !squint.packed<128x2048, "int8:channel,scale=f32", #kernel.fragments<i8>>} {
    ^bb0(%acc: f32):
      kernel.yield %acc : f32
    }
    return
  }
}

// -----

// Each thread has points of the parallel loops, the innermost dimension first.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @rows
  // CHECK: %[[UNIT:.*]] = %{{.*}} to %{{.*}} step
  // CHECK-DAG: %[[COLUMN:.*]] = arith.remui %[[UNIT]], %{{.*}} : index
  // CHECK-DAG: %[[ROW:.*]] = arith.divui %[[UNIT]], %{{.*}} : index
  // CHECK: scf.for
  // CHECK: arith.addf
  // CHECK: memref.store
  func.func private @rows(%x: memref<?x4x8xf32>, %y: memref<?x8xf32>, %begin: index, %end: index) attributes {kernel.body} {
    linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k, j)>, affine_map<(i, j, k) -> (i, j)>],
                    iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : memref<?x4x8xf32>) outs(%y : memref<?x8xf32>) {
    ^bb0(%a: f32, %sum: f32):
      %0 = arith.addf %a, %sum : f32
      linalg.yield %0 : f32
    }
    return
  }
}
