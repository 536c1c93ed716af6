// Where the module allows it, many rows of bfloat16 weights are products of that type: AMX tiles or vdpbf16ps; few rows stay exact.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-x86 --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: sed -e s/CPU/sapphirerapids/ %s | squint-opt --convert-kernel-to-vector -o %t.amx.mlir
// RUN: FileCheck %s --check-prefix=TILES < %t.amx.mlir
// RUN: %{lower} %t.amx.mlir | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids -mattr=-prefer-256-bit | llc -mcpu=sapphirerapids -mattr=-prefer-256-bit | FileCheck %s --check-prefix=AMX
// RUN: sed -e s/CPU/cooperlake/ %s | squint-opt --convert-kernel-to-vector | %{lower} | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=cooperlake -mattr=-prefer-256-bit | llc -mcpu=cooperlake -mattr=-prefer-256-bit | FileCheck %s --check-prefix=AVX512
// RUN: sed -e s/CPU/cooperlake/ -e s/squint.allow_bf16,// %s | squint-opt --convert-kernel-to-vector | FileCheck %s --check-prefix=EXACT
// RUN: sed -e s/CPU/x86-64-v4/ %s | squint-opt --convert-kernel-to-vector | FileCheck %s --check-prefix=EXACT

// TILES:         math.fma
// TILES:         x86vector.avx512.cvt.packed.f32_to_bf16
// TILES:         vector.interleave
// TILES-COUNT-4: amx.tile_load %{{.*}} : memref<2048xf32> into !amx.tile<16x16xf32>
// TILES:         scf.for {{.*}} -> (!amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>)
// TILES-COUNT-2:   amx.tile_load %{{.*}} : memref<8192xbf16> into !amx.tile<16x32xbf16>
// TILES:           amx.tile_load %{{.*}} : memref<16384xbf16> into !amx.tile<16x32xbf16>
// TILES-COUNT-2:   amx.tile_mulf
// TILES:           amx.tile_load %{{.*}} : memref<16384xbf16> into !amx.tile<16x32xbf16>
// TILES-COUNT-2:   amx.tile_mulf
// TILES-COUNT-4: amx.tile_store

// AMX:          vcvtneps2bf16
// AMX-COUNT-4:  tdpbf16ps
// AMX-NOT:      1024-byte
// AMX:          tilerelease

// AVX512:         vcvtneps2bf16
// AVX512-COUNT-16: vdpbf16ps {{-?[0-9]*}}(%{{.*}}){1to16}, %zmm{{[0-9]+}}, %zmm

// EXACT-NOT: bf16{{.*}} amx
// EXACT-NOT: x86vector
module attributes {squint.allow_bf16, squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {
func.func @product(%x: memref<?x384xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x384xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "bf16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
