// Codes times codes: the instructions of the innermost loops, and that nothing spills in them.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-vector --convert-kernel-to-x86 --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// DEFINE: %{loops} = %python %S/../../Support/innermost.py "vpdpbusd|vpmaddubsw|vpmaddwd|tdp[a-z]*"
// RUN: sed -e s/CPU/x86-64-v4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V4
// RUN: sed -e s/CPU/znver4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=znver4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=znver4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=ZEN
// RUN: sed -e s/CPU/sapphirerapids/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=sapphirerapids -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=AMX
// RUN: sed -e s/CPU/x86-64-v3/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v3 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V3

// V4:  int8_g32: {{.*}}: 0 vector spills
// V4:  int8_g128: {{.*}}: 0 vector spills
// V4:  int8_channel: {{.*}}: 0 vector spills
// V4:  int4_g32: {{.*}}: {{[0-2]}} vector spills
// V4:  int4_g128: {{.*}}: 0 vector spills
// V4:  int4_channel: {{.*}}: 0 vector spills
// V4:  int3_g32: {{.*}}: 0 vector spills
// V4:  int3_g128: {{.*}}: 0 vector spills
// V4:  int3_channel: {{.*}}: 0 vector spills
// V4:  int2_g32: {{.*}}: {{[0-2]}} vector spills
// V4:  int2_g128: {{.*}}: 0 vector spills
// V4:  int2_channel: {{.*}}: 0 vector spills
// ZEN: int8_g32: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int8_g128: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int8_channel: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int4_g32: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int4_g128: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int4_channel: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int3_g32: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int3_g128: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int3_channel: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int2_g32: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int2_g128: {{.*}} of vpdpbusd: 0 vector spills
// ZEN: int2_channel: {{.*}} of vpdpbusd: 0 vector spills
// AMX: int8_g32: {{.*}} of vpdpbusd: 0 vector spills
// AMX: int8_g128: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int8_channel: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int4_g32: {{.*}} of vpdpbusd: 0 vector spills
// AMX: int4_g128: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int4_channel: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int3_g32: {{.*}} of vpdpbusd: 0 vector spills
// AMX: int3_g128: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int3_channel: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int2_g32: {{.*}} of vpdpbusd: 0 vector spills
// AMX: int2_g128: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// AMX: int2_channel: {{.*}} of {{tdpb[us]*d}} vpdpbusd: 0 vector spills
// Of AVX2's sixteen registers, 16-bit sums of narrow codes take a half: the sums of four streams, and of a tile's rows, wait in memory.
// V3:  int8_g32: {{.*}} of vpmaddubsw vpmaddwd: {{[0-8]?[0-9]}} vector spills
// V3:  int8_g128: {{.*}} of vpmaddubsw vpmaddwd: {{[0-2]?[0-9]}} vector spills
// V3:  int8_channel: {{.*}} of vpmaddubsw vpmaddwd: {{1?[0-9]}} vector spills
// V3:  int4_g32: {{.*}} of vpmaddubsw vpmaddwd: {{[0-7]?[0-9]}} vector spills
// V3:  int4_g128: {{.*}} of vpmaddubsw vpmaddwd: {{[0-4]?[0-9]}} vector spills
// V3:  int4_channel: {{.*}} of vpmaddubsw vpmaddwd: {{[0-3]?[0-9]}} vector spills
// V3:  int3_g32: {{.*}} of vpmaddubsw vpmaddwd: {{(10|[0-9])?[0-9]}} vector spills
// V3:  int3_g128: {{.*}} of vpmaddubsw vpmaddwd: {{(10|[0-9])?[0-9]}} vector spills
// V3:  int3_channel: {{.*}} of vpmaddubsw vpmaddwd: {{(10|[0-9])?[0-9]}} vector spills
// V3:  int2_g32: {{.*}} of vpmaddubsw vpmaddwd: {{[0-5]?[0-9]}} vector spills
// V3:  int2_g128: {{.*}} of vpmaddubsw vpmaddwd: {{[0-3]?[0-9]}} vector spills
// V3:  int2_channel: {{.*}} of vpmaddubsw vpmaddwd: {{[0-2]?[0-9]}} vector spills
module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {
func.func @int8_g32(%x: memref<?x4096xi8>, %s: memref<?x128xf32>, %z: memref<?x128xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x128xf32>, memref<?x128xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int8:group=32,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int8_g128(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x32xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x32xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int8:group=128,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int8_channel(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int8:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int4_g32(%x: memref<?x4096xi8>, %s: memref<?x128xf32>, %z: memref<?x128xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x128xf32>, memref<?x128xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int4:group=32,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int4_g128(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x32xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x32xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int4:group=128,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int4_channel(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int4:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int3_g32(%x: memref<?x4096xi8>, %s: memref<?x128xf32>, %z: memref<?x128xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x128xf32>, memref<?x128xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int3:group=32,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int3_g128(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x32xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x32xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int3:group=128,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int3_channel(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int3:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int2_g32(%x: memref<?x4096xi8>, %s: memref<?x128xf32>, %z: memref<?x128xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x128xf32>, memref<?x128xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int2:group=32,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int2_g128(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x32xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x32xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int2:group=128,scale=f16", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int2_channel(%x: memref<?x4096xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x4096xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int2:channel,scale=f32", #kernel.panels<16>>, activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
