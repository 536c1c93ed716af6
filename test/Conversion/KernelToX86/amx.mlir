// Products in AMX tiles, from the operators to the instructions of the innermost loops.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-x86 --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: squint-opt %s --convert-kernel-to-vector -o %t.mlir
// RUN: FileCheck %s --check-prefix=TILES < %t.mlir
// RUN: %{lower} %t.mlir | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids -mattr=-prefer-256-bit \
// RUN:   | llc -mcpu=sapphirerapids -mattr=-prefer-256-bit -o %t.s
// RUN: FileCheck %s --check-prefix=CODE < %t.s

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "sapphirerapids", "">]} {

// 8-bit codes are tiles as they lie in the panels. Two tiles of rows, two panels: four products from four loads. Fewer rows than a tile
// has use vpdpbusd.
// TILES-LABEL: func.func @bytes
// TILES:         kernel.dot
// TILES:         %[[FOUR:.*]]:4 = scf.for {{.*}} -> (!amx.tile<16x16xi32>, !amx.tile<16x16xi32>, !amx.tile<16x16xi32>, !amx.tile<16x16xi32>)
// TILES-COUNT-2:   amx.tile_load %{{.*}} : memref<?xi8> into !amx.tile<16x64xi8>
// TILES:           amx.tile_load %{{.*}} : memref<16x64xi8, strided<[384, 1], offset: ?>> into !amx.tile<16x64xi8>
// TILES-COUNT-2:   amx.tile_muli %{{.*}}, %{{.*}} zext, %{{.*}} : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
// TILES:           amx.tile_load %{{.*}} : memref<16x64xi8, strided<[384, 1], offset: ?>> into !amx.tile<16x64xi8>
// TILES-COUNT-2:   amx.tile_muli
// TILES:         amx.tile_store %{{.*}}, %[[FOUR]]#0

// CODE-LABEL: bytes:
// CODE:         ldtilecfg
// CODE:         vpdpbusd
// CODE-COUNT-3: tileloadd
// CODE-COUNT-2: tdpbsud
// CODE:         tileloadd
// CODE-COUNT-2: tdpbsud
// CODE-COUNT-4: tilestored
// No tile is spilled.
// CODE-NOT:     1024-byte
// CODE:         tilerelease
func.func @bytes(%x: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index,
                 %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// 4-bit codes are unpacked and made signed, so that a symmetric format has no zero point; scales follow every group.
// TILES-LABEL: func.func @nibbles
// TILES:         arith.subi %{{.*}} : vector<64xi8>
// TILES:         vector.store
// TILES:         amx.tile_muli %{{.*}}, %{{.*}}, %{{.*}} : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>

// CODE-LABEL: nibbles:
// CODE:         vpdpbusd
// CODE-COUNT-4: tdpbssd
// CODE-COUNT-4: tilestored
// CODE:         vcvtdq2ps
// CODE:         vfmadd
func.func @nibbles(%x: memref<?x256xi8>, %s: memref<?x1xf32>, %z: memref<?x4xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index,
                   %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x256xi8>, memref<?x1xf32>, memref<?x4xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x256, "int4:group=64,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// Groups of 32 would leave half of every tile empty.
// TILES-LABEL: func.func @short
// TILES-NOT:     amx.
// CODE-LABEL: short:
// CODE-NOT:     tdpb
func.func @short(%x: memref<?x64xi8>, %s: memref<?x2xf32>, %z: memref<?x2xi32>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index,
                 %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x64xi8>, memref<?x2xf32>, memref<?x2xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x64, "int4:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
